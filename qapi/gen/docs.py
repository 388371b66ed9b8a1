# SPDX-License-Identifier: GPL-2.0-or-later
"""The reference manual, in Markdown, from the documentation comments."""

from parse import Doc


def type_text(type_):
    """A type as a reader sees it."""
    if type_.kind == 'list':
        return 'array of ' + type_text(type_.element)
    if type_.kind == 'builtin':
        return {'str': 'string', 'bool': 'boolean'}.get(type_.name, type_.name)
    return f'[{type_.name}](#{type_.name.lower()})'


def member_lines(members, doc):
    """A list of members."""
    out = ''
    for m in members:
        text = Doc.text(doc.members.get(m.name, []))
        notes = ['optional'] if m.optional else []
        notes += m.features
        extra = f' ({", ".join(notes)})' if notes else ''
        out += f'- `{m.name}`: {type_text(m.type)}{extra}. {text}\n'
    return out + '\n' if out else ''


def definition(item):
    """One command, event or type."""
    doc = item.doc
    out = f'### {item.name}\n\n{Doc.text(doc.body)}\n\n'
    if item.kind in ('command', 'event'):
        if item.own_arg:
            out += ('Arguments:\n\n' if item.kind == 'command' else 'Members:\n\n')
            out += member_lines(item.arg.members, doc)
        elif item.arg:
            out += f'Arguments: the members of {type_text(item.arg)}.\n\n'
        if item.kind == 'command':
            if item.ret:
                text = Doc.text(doc.tags.get('Returns', []))
                out += f'Returns: {type_text(item.ret)}{". " + text if text else ""}\n\n'
            if item.slot:
                out += f'Filled by a module: slot `{item.slot}`.\n\n'
            if item.oob:
                out += 'May be executed out of band.\n\n'
    elif item.kind == 'enum':
        for name, features in item.values:
            text = Doc.text(doc.members.get(name, []))
            extra = f' ({", ".join(features)})' if features else ''
            out += f'- `{name}`{extra}' + (f': {text}' if text else '') + '\n'
        out += '\n'
    else:
        out += member_lines(item.members, doc)
        for name, branch in item.branches:
            out += f'- {"when `" + item.tag.name + "` is" if item.tag else "or"} `{name}`: ' \
                   f'{type_text(branch)}\n'
        out += '\n' if item.branches else ''
    for feature in item.features:
        text = Doc.text(doc.features.get(feature, []))
        out += f'Feature `{feature}`{": " + text if text else ""}\n\n'
    for tag in ('Errors', 'Note', 'Since'):
        if tag in doc.tags:
            out += f'{tag}: {Doc.text(doc.tags[tag])}\n\n'
    return out


def manual(schema):
    """The whole manual."""
    types = [t for t in schema.types.values() if t.doc]
    out = ('# QMP reference\n\nThe same whatever modules are installed: a command that a module '
           'fills answers with\nan error that names the module when it is not there.\n\n')
    for title, items in (('Commands', schema.commands), ('Events', schema.events),
                         ('Types', sorted(types, key=lambda t: t.name))):
        out += f'## {title}\n\n' + ''.join(definition(item) for item in items)
    return out
