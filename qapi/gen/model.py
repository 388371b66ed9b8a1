# SPDX-License-Identifier: GPL-2.0-or-later
"""Expressions to a checked model: types, commands and events that refer to each other."""

import hashlib
import json
import re

from parse import Doc, SchemaError

# name: (C type, JSON type, bytes, signed)
BUILTINS = {
    'str': ('char *', 'str', 0, 0), 'number': ('double', 'number', 8, 1),
    'int': ('int64_t', 'int', 8, 1), 'int8': ('int8_t', 'int', 1, 1),
    'int16': ('int16_t', 'int', 2, 1), 'int32': ('int32_t', 'int', 4, 1),
    'int64': ('int64_t', 'int', 8, 1), 'uint8': ('uint8_t', 'int', 1, 0),
    'uint16': ('uint16_t', 'int', 2, 0), 'uint32': ('uint32_t', 'int', 4, 0),
    'uint64': ('uint64_t', 'int', 8, 0), 'size': ('uint64_t', 'int', 8, 0),
    'bool': ('gboolean', 'bool', 4, 0), 'any': ('QhJson *', 'any', 0, 0),
    'null': ('uint8_t', 'null', 1, 0),
}
KEYS = {
    'enum': {'data', 'features', 'prefix'},
    'struct': {'data', 'base', 'features'},
    'union': {'data', 'base', 'discriminator', 'features'},
    'alternate': {'data', 'features'},
    'command': {'data', 'returns', 'features', 'gen', 'open', 'allow-oob', 'allow-preconfig',
                'slot'},
    'event': {'data', 'features'},
}


class Type:
    """`kind`: builtin, enum, struct, union, alternate or list."""

    def __init__(self, name, kind, domain=None, place=None, doc=None):
        self.name, self.kind, self.domain, self.place, self.doc = name, kind, domain, place, doc
        self.features = []
        self.values = []    # enum: (name, features)
        self.members = []   # struct, union: Member; those of the base come first
        self.n_base = 0
        self.tag = None     # union: Member
        self.branches = []  # union, alternate: (name, Type or None)
        self.element = None


class Member:
    """A member of an object."""

    def __init__(self, name, type_, optional, features):
        self.name, self.type, self.optional, self.features = name, type_, optional, features


class Command:
    """A command, or with kind 'event' an event."""

    def __init__(self, name, kind, domain, place, doc):
        self.name, self.kind, self.domain, self.place, self.doc = name, kind, domain, place, doc
        self.arg = self.ret = self.slot = None
        self.own_arg = False  # the argument type was made for this command
        self.features = []
        self.gen = True
        self.open = False  # takes further arguments, too
        self.oob = self.preconfig = False


class Schema:
    """Everything the files define."""

    def __init__(self, files):
        self.files = [(domain, includes) for domain, includes, own in files if own]
        self.types = {name: Type(name, 'builtin') for name in BUILTINS}
        self.commands, self.events = [], []
        self.names = {}
        todo = []
        for domain, _, expressions in files:
            for expr, doc, place in expressions:
                todo.append(self.declare(domain, expr, doc, place))
        for item, expr in todo:
            self.define(item, expr)
        self.commands.sort(key=lambda c: c.name)
        self.events.sort(key=lambda e: e.name)

    def declare(self, domain, expr, doc, place):
        """Enter the name of a definition."""
        kinds = [kind for kind in KEYS if kind in expr]
        if len(kinds) != 1:
            raise SchemaError(place, 'a definition is one of ' + ', '.join(KEYS))
        kind, name = kinds[0], expr[kinds[0]]
        unknown = set(expr) - KEYS[kind] - {kind}
        if unknown:
            raise SchemaError(place, f"{kind} '{name}' has unknown key '{sorted(unknown)[0]}'")
        pattern = {'command': r'[a-z][a-z0-9_-]*', 'event': r'[A-Z][A-Z0-9_]*'}
        if not isinstance(name, str) or not re.fullmatch(pattern.get(kind, '[A-Z][A-Za-z0-9]*'),
                                                          name):
            raise SchemaError(place, f"'{name}' is no name for a {kind}")
        if name in self.names or name in BUILTINS:
            raise SchemaError(place, f"'{name}' is already defined at {self.names.get(name)}")
        self.names[name] = place
        if doc is None:
            raise SchemaError(place, f"{kind} '{name}' is not documented")
        if doc.symbol != name:
            raise SchemaError(doc.place, f"comment of '{doc.symbol}' stands before '{name}'")
        if kind in ('command', 'event'):
            item = Command(name, kind, domain, place, doc)
            (self.commands if kind == 'command' else self.events).append(item)
        else:
            item = self.types[name] = Type(name, kind, domain, place, doc)
        return item, expr

    def lookup(self, ref, place):
        """The type that 'X' or ['X'] refers to."""
        if isinstance(ref, list):
            if len(ref) != 1 or not isinstance(ref[0], str):
                raise SchemaError(place, 'a list type names one element type')
            element = self.lookup(ref[0], place)
            name = f'[{element.name}]'
            if name not in self.types:
                self.types[name] = Type(name, 'list', element.domain)
                self.types[name].element = element
            return self.types[name]
        if not isinstance(ref, str) or ref not in self.types:
            raise SchemaError(place, f"type '{ref}' is not defined")
        return self.types[ref]

    def features(self, expr, place):
        """The names in 'features'."""
        result = expr.get('features', [])
        if not isinstance(result, list) or not all(isinstance(f, str) for f in result):
            raise SchemaError(place, "'features' is a list of names")
        return result

    def members(self, data, place):
        """A dict of members."""
        result = []
        if not isinstance(data, dict):
            raise SchemaError(place, "'data' is a set of members")
        for key, value in data.items():
            name = key.lstrip('*')
            if not re.fullmatch(r'[A-Za-z][A-Za-z0-9_-]*', name):
                raise SchemaError(place, f"'{key}' is no name for a member")
            long = value if isinstance(value, dict) else {'type': value}
            if set(long) - {'type', 'features'} or 'type' not in long:
                raise SchemaError(place, f"member '{name}' has 'type' and 'features' only")
            result.append(Member(name, self.lookup(long['type'], place), key.startswith('*'),
                                 self.features(long, place)))
        return result

    def define(self, item, expr):
        """Resolve what a definition says."""
        item.features = self.features(expr, item.place)
        getattr(self, 'define_' + item.kind)(item, expr)
        self.check_doc(item)

    def define_enum(self, item, expr):
        """{'enum': NAME, 'data': [...]}"""
        for value in expr.get('data', []):
            long = value if isinstance(value, dict) else {'name': value}
            if not isinstance(long.get('name'), str):
                raise SchemaError(item.place, f"a value of enum '{item.name}' has no name")
            item.values.append((long['name'], self.features(long, item.place)))
        names = [name for name, _ in item.values]
        if not names or len(set(names)) != len(names):
            raise SchemaError(item.place, f"enum '{item.name}' is empty or has a value twice")

    def take_base(self, item, expr):
        """Members of the base come before the own ones."""
        base = expr.get('base', {})
        if isinstance(base, str):
            base = self.lookup(base, item.place)
            if base.kind != 'struct' or (not base.members and base.place > item.place):
                raise SchemaError(item.place, f"base of '{item.name}' is no struct defined before")
            item.members = list(base.members)
        else:
            item.members = self.members(base, item.place)
        item.n_base = len(item.members)

    def define_struct(self, item, expr):
        """{'struct': NAME, 'data': {...}, 'base': ...}"""
        self.take_base(item, expr)
        item.members += self.members(expr.get('data', {}), item.place)
        names = [m.name for m in item.members]
        if len(set(names)) != len(names):
            raise SchemaError(item.place, f"'{item.name}' has member names twice: {names}")

    def define_union(self, item, expr):
        """{'union': NAME, 'base': ..., 'discriminator': MEMBER, 'data': {VALUE: STRUCT}}"""
        self.take_base(item, expr)
        found = [m for m in item.members if m.name == expr.get('discriminator')]
        if not found or found[0].type.kind != 'enum' or found[0].optional:
            raise SchemaError(item.place, f"union '{item.name}' needs a mandatory enum member as "
                              "discriminator")
        item.tag = found[0]
        values = [name for name, _ in item.tag.type.values]
        for name, ref in expr.get('data', {}).items():
            branch = self.lookup(ref, item.place)
            if name not in values or branch.kind not in ('struct', 'union'):
                raise SchemaError(item.place, f"branch '{name}' of union '{item.name}' is no value "
                                  'of the discriminator, or no struct')
            item.branches.append((name, branch))

    def define_alternate(self, item, expr):
        """{'alternate': NAME, 'data': {...}}: branches told apart by their JSON type."""
        seen = set()
        for name, ref in expr.get('data', {}).items():
            branch = self.lookup(ref, item.place)
            json_type = {'struct': 'object', 'union': 'object', 'list': 'array',
                         'enum': 'str'}.get(branch.kind) or BUILTINS[branch.name][1]
            if json_type in seen or branch.kind == 'alternate':
                raise SchemaError(item.place, f"branch '{name}' of alternate '{item.name}' cannot "
                                  'be told from another')
            seen.add(json_type)
            item.branches.append((name, branch))

    def define_event(self, item, expr):
        """The data of an event or the arguments of a command: {'event': NAME, 'data': ...}"""
        data = expr.get('data', {})
        if isinstance(data, str):
            item.arg = self.lookup(data, item.place)
        elif data:
            item.arg = Type(f'q_obj_{item.name}-arg', 'struct', item.domain, item.place, item.doc)
            item.arg.members = self.members(data, item.place)
            item.own_arg = True
        if item.arg and item.arg.kind not in ('struct', 'union'):
            raise SchemaError(item.place, f"arguments of '{item.name}' are no object")

    def define_command(self, item, expr):
        """{'command': NAME, 'data': ..., 'returns': ...}"""
        self.define_event(item, expr)
        if 'returns' in expr:
            item.ret = self.lookup(expr['returns'], item.place)
        for key in ('gen', 'open', 'allow-oob', 'allow-preconfig'):
            if not isinstance(expr.get(key, True), bool):
                raise SchemaError(item.place, f"'{key}' is true or false")
        item.gen, item.open = expr.get('gen', True), expr.get('open', False)
        item.oob, item.preconfig = expr.get('allow-oob', False), expr.get('allow-preconfig', False)
        item.slot = expr.get('slot')
        if item.open and (item.ret or item.slot or not item.gen):
            raise SchemaError(item.place, f"'{item.name}' is open: it returns nothing and has its "
                              "body in the host")
        if item.slot is not None and item.slot != 'command/' + item.name:
            raise SchemaError(item.place, f"slot of '{item.name}' must be 'command/{item.name}'")

    def check_doc(self, item):
        """Every member has its sentence, and every sentence its member."""
        if not Doc.text(item.doc.body):
            raise SchemaError(item.place, f"'{item.name}' is not described")
        owner = item.arg if isinstance(item, Command) and item.own_arg else item
        own = owner.members[owner.n_base:] if isinstance(owner, Type) else []
        if isinstance(owner, Type) and owner.kind == 'union':
            own = owner.members
        names = [m.name for m in own] + [n for n, _ in getattr(owner, 'branches', [])]
        names += [name for name, _ in getattr(owner, 'values', [])]
        for name in item.doc.members:
            if name not in names:
                raise SchemaError(item.place, f"'{item.name}' has no member '{name}' to document")
        for member in own:
            if member.name not in item.doc.members and not (
                    item.kind == 'union' and member in owner.members[:owner.n_base]):
                raise SchemaError(item.place, f"member '{member.name}' of '{item.name}' is not "
                                  'documented')


def shape(type_, seen=()):
    """What a type looks like on the wire and in C, as plain data; for digests."""
    if type_ is None or type_.kind == 'builtin' or type_.name in seen:
        return type_.name if type_ else None
    seen = seen + (type_.name,)
    if type_.kind == 'list':
        return [shape(type_.element, seen)]
    if type_.kind == 'enum':
        return {'enum': [name for name, _ in type_.values]}
    return {'members': [[m.name, m.optional, shape(m.type, seen)] for m in type_.members],
            'tag': type_.tag.name if type_.tag else None,
            'branches': [[name, shape(branch, seen)] for name, branch in type_.branches]}


def command_digest(command):
    """SHA-256 over the argument and return types of a command."""
    text = json.dumps([command.name, shape(command.arg), shape(command.ret)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
