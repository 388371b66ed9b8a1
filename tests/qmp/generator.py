# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema's generator: what it refuses, and what it makes of a small schema."""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(sys.argv[1], 'gen'))

from docs import manual  # noqa: E402
from emit_c import CWriter  # noqa: E402
from introspect import introspection_bytes  # noqa: E402
from model import Schema, command_digest  # noqa: E402
from parse import SchemaError, parse_tree  # noqa: E402
from qmp import run  # noqa: E402

DOC = '##\n# @%s:\n# Words.\n%s##\n'


def load(text, others=None):
    """The model of a schema text."""
    with tempfile.TemporaryDirectory() as folder:
        for name, other in dict(others or {}, **{'schema.json': text}).items():
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(other)
        return Schema(parse_tree(os.path.join(folder, 'schema.json')))


def doc(name, *members):
    """A documentation comment."""
    return DOC % (name, ''.join(f'# @{m}: words\n' for m in members))


GOOD = (doc('Color', 'red') + "{ 'enum': 'Color', 'data': [ 'red', { 'name': 'dark-blue', "
        "'features': [ 'deprecated' ] } ] }\n"
        + doc('Base', 'color') + "{ 'struct': 'Base', 'data': { 'color': 'Color' } }\n"
        + doc('Blue', 'depth') + "{ 'struct': 'Blue', 'data': { '*depth': 'uint8' } }\n"
        + doc('Thing') + "{ 'union': 'Thing', 'base': 'Base', 'discriminator': 'color', "
        "'data': { 'dark-blue': 'Blue' } }\n"
        + doc('Either') + "{ 'alternate': 'Either', 'data': { 'text': 'str', 'thing': 'Thing' } }\n"
        + doc('get-things', 'what') + "{ 'command': 'get-things', 'data': { '*what': 'Either' }, "
        "'returns': [ 'Thing' ], 'allow-oob': true }\n"
        + doc('fill-me') + "{ 'command': 'fill-me', 'slot': 'command/fill-me' }\n"
        + doc('THING_GONE', 'things') + "{ 'event': 'THING_GONE', 'data': { 'things': "
        "[ 'Thing' ] } }\n")

BAD = {
    "expected '{'": "[ 'x' ]",
    'stray': '{ % }',
    'is not documented': "{ 'enum': 'E', 'data': [ 'a' ] }",
    'stands before': doc('F') + "{ 'enum': 'E', 'data': [ 'a' ] }",
    'without a definition': doc('E'),
    'two documentation comments': doc('E') + doc('E') + "{ 'enum': 'E', 'data': [ 'a' ] }",
    "without '@NAME:'": "##\n# Words.\n##\n{ 'enum': 'E', 'data': [ 'a' ] }",
    'is empty or has a value twice': doc('E') + "{ 'enum': 'E', 'data': [ 'a', 'a' ] }",
    'already defined': (doc('E') + "{ 'enum': 'E', 'data': [ 'a' ] }") * 2,
    "type 'Nope' is not defined": doc('S', 'a') + "{ 'struct': 'S', 'data': { 'a': 'Nope' } }",
    "member 'a' of 'S' is not documented": doc('S') + "{ 'struct': 'S', 'data': { 'a': 'int' } }",
    "no member 'b' to document": doc('S', 'b') + "{ 'struct': 'S', 'data': {} }",
    'is documented twice': doc('S', 'a', 'a') + "{ 'struct': 'S', 'data': { 'a': 'int' } }",
    "unknown key 'if'": doc('S') + "{ 'struct': 'S', 'data': {}, 'if': 'CONFIG_X' }",
    "key 'data' comes twice": doc('S') + "{ 'struct': 'S', 'data': {}, 'data': {} }",
    'is no name for a command': doc('Bad') + "{ 'command': 'Bad' }",
    'is no name for a event': doc('bad') + "{ 'event': 'bad' }",
    'is no name for a struct': doc('bad') + "{ 'struct': 'bad', 'data': {} }",
    'is no name for a member': doc('S', 'a') + "{ 'struct': 'S', 'data': { '1a': 'int' } }",
    'names one element type': doc('S', 'a') + "{ 'struct': 'S', 'data': { 'a': [ 'int', 'int' ] } }",
    'needs a mandatory enum member': doc('U') + "{ 'union': 'U', 'base': { 'a': 'int' }, "
                                                "'discriminator': 'a', 'data': {} }",
    'cannot be told': doc('A') + "{ 'alternate': 'A', 'data': { 'a': 'int', 'b': 'uint8' } }",
    'are no object': doc('c') + "{ 'command': 'c', 'data': 'str' }",
    "must be 'command/c'": doc('c') + "{ 'command': 'c', 'slot': 'command/d' }",
    "'allow-oob' is true or false": doc('c') + "{ 'command': 'c', 'allow-oob': 'yes' }",
    'does not exist': "{ 'include': 'nope.json' }",
    'takes one file name': "{ 'include': [ 'x' ] }",
    'a definition is one of': "{ 'thing': 'x' }",
    'has member names twice': doc('B', 'a') + "{ 'struct': 'B', 'data': { 'a': 'int' } }" + doc('S', 'a')
                  + "{ 'struct': 'S', 'base': 'B', 'data': { 'a': 'int' } }",
    'contains itself': doc('S', 's') + "{ 'struct': 'S', 'data': { 's': 'S' } }",
    "',' before '}'": doc('S') + "{ 'struct': 'S', 'data': {}, }",
}


def test_refusals():
    """Each mistake is named, with its place."""
    for expect, text in BAD.items():
        try:
            CWriter(load(text), 'x').files()
        except SchemaError as error:
            assert expect in str(error), f'{expect!r}: {error}'
            assert 'schema.json:' in str(error), error
        else:
            raise AssertionError(f'{expect!r} was not refused')


def test_introspection():
    """The entries of a small schema, in full."""
    entries = json.loads(introspection_bytes(load(GOOD)))
    assert entries == [
        {'name': 'fill-me', 'meta-type': 'command', 'arg-type': '0', 'ret-type': '0'},
        {'name': 'get-things', 'meta-type': 'command', 'arg-type': '1', 'ret-type': '[2]',
         'allow-oob': True},
        {'name': 'THING_GONE', 'meta-type': 'event', 'arg-type': '3'},
        {'name': '0', 'meta-type': 'object', 'members': []},
        {'name': '1', 'meta-type': 'object', 'members': [
            {'name': 'what', 'type': '4', 'default': None}]},
        {'name': '2', 'meta-type': 'object', 'members': [{'name': 'color', 'type': '5'}],
         'tag': 'color', 'variants': [{'case': 'red', 'type': '0'},
                                      {'case': 'dark-blue', 'type': '6'}]},
        {'name': '[2]', 'meta-type': 'array', 'element-type': '2'},
        {'name': '3', 'meta-type': 'object', 'members': [{'name': 'things', 'type': '[2]'}]},
        {'name': '4', 'meta-type': 'alternate', 'members': [{'type': 'str'}, {'type': '2'}]},
        {'name': '5', 'meta-type': 'enum', 'members': [
            {'name': 'red'}, {'name': 'dark-blue', 'features': ['deprecated']}],
         'values': ['red', 'dark-blue']},
        {'name': '6', 'meta-type': 'object', 'members': [
            {'name': 'depth', 'type': 'int', 'default': None}]},
        {'name': 'str', 'meta-type': 'builtin', 'json-type': 'string'},
        {'name': 'int', 'meta-type': 'builtin', 'json-type': 'int'},
    ], json.dumps(entries)


def test_c():
    """Structs, prototypes and tables of a small schema."""
    files = CWriter(load(GOOD), 'x').files()
    types = files['qapi-types-schema.h']
    for line in ('QH_QMP_COLOR_DARK_BLUE,', '    gboolean has_depth;\n    uint8_t depth;\n',
                 '    union {\n        QhQmpBlue dark_blue;\n    } u;\n',
                 '    QhQmpEither *what;\n', 'typedef struct QhQmpThingList {',
                 '#define QH_COMMAND_FILL_ME_DIGEST'):
        assert line in types, f'{line!r} in\n{types}'
    assert types.index('struct QhQmpBlue {') < types.index('struct QhQmpThing {')
    commands = files['qapi-commands-schema.h']
    assert ('gboolean qh_qmp_get_things(QhHost *host, const QhQmpGetThingsArgs *args, '
            'QhQmpThingList *ret, GError **error);') in commands, commands
    assert 'fill_me' not in commands
    assert '.slot = "fill-me"' in files['qapi-commands.c']


def test_digest():
    """A command's digest changes with what it takes or returns, and with nothing else."""
    def digest(text):
        schema = load(text)
        return command_digest(next(c for c in schema.commands if c.name == 'get-things'))

    base = digest(GOOD)
    assert digest(GOOD.replace('Words.', 'Other words.')) == base
    assert digest(GOOD.replace("'allow-oob': true", "'allow-oob': false")) == base
    assert digest(GOOD.replace('uint8', 'uint16')) != base
    assert digest(GOOD.replace('*depth', 'depth')) != base
    assert digest(GOOD.replace("[ 'red',", "[ 'red', 'green',")) != base


def test_includes():
    """Files include others once; definitions keep their file."""
    schema = load("{ 'include': 'a.json' }\n{ 'include': 'b.json' }\n", {
        'a.json': "{ 'include': 'b.json' }\n" + doc('A', 'b')
                  + "{ 'struct': 'A', 'data': { 'b': 'B' } }",
        'b.json': "{ 'include': 'a.json' }\n" + doc('B') + "{ 'struct': 'B', 'data': {} }"})
    assert [domain for domain, _ in schema.files] == ['b', 'a'], schema.files
    assert '"qapi/qapi-types-b.h"' in CWriter(schema, 'x').files()['qapi-types-a.h']


def test_manual():
    """Everything is in the manual, with its words."""
    text = manual(load(GOOD))
    for part in ('### get-things', '### THING_GONE', '### Thing', '- `what`: [Either](#either)',
                 'Filled by a module: slot `command/fill-me`.', 'May be executed out of band.',
                 '- `dark-blue` (deprecated)'):
        assert part in text, part


if __name__ == '__main__':
    run(*[case for name, case in list(globals().items()) if name.startswith('test_')])
