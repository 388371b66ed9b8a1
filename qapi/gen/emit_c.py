# SPDX-License-Identifier: GPL-2.0-or-later
"""C from the model: structs and prototypes for each domain, tables for all of them."""

import hashlib
import re

from introspect import introspection_bytes
from model import BUILTINS, command_digest
from parse import Doc, SchemaError

MIT = '/* SPDX-License-Identifier: MIT */\n'  # what modules compile against is MIT
KEYWORDS = {'auto', 'case', 'char', 'const', 'default', 'double', 'enum', 'errno', 'float', 'goto', 'inline',
            'int', 'linux', 'long', 'register', 'restrict', 'return', 'short', 'signed', 'static',
            'struct', 'switch', 'typedef', 'union', 'unix', 'volatile'}


def ident(name):
    """A member or function name in C."""
    name = re.sub(r'[^A-Za-z0-9_]', '_', name)
    return name + '_' if name in KEYWORDS or name[0].isdigit() else name


def camel(name):
    """query-status -> QueryStatus, POWERDOWN -> Powerdown"""
    if name.isupper() or '_' in name and name.upper() == name:
        name = name.lower()
    return ''.join(part[:1].upper() + part[1:] for part in re.split('[-_]', name))


def upper(name):
    """RunState -> RUN_STATE, guest-panicked -> GUEST_PANICKED"""
    name = re.sub(r'([a-z0-9])([A-Z])', r'\1_\2', name)
    return re.sub(r'[^A-Z0-9]', '_', name.upper())


def call_type(item):
    """C name of the argument struct of a command or event."""
    if item.arg is None:
        return None
    if item.own_arg:
        return 'QhQmp' + camel(item.name) + ('Args' if item.kind == 'command' else 'Data')
    return c_type(item.arg)


def c_type(type_):
    """C type of a value."""
    if type_.kind == 'builtin':
        return BUILTINS[type_.name][0]
    if type_.kind == 'enum':
        return 'uint32_t'
    if type_.kind == 'list':
        return f'QhQmp{camel(type_.element.name)}List'
    return f'QhQmp{type_.name}'


def is_compound(type_):
    """Whether it is a struct in C that is not a list."""
    return type_.kind in ('struct', 'union', 'alternate')


def has_flag(member):
    """Whether `has_NAME` tells if the member is there; others are NULL when absent."""
    return member.optional and not (is_compound(member.type) or member.type.name in ('str', 'any'))


def table(type_):
    """C name of a type's table."""
    if type_.kind == 'list':
        return 'qh_qapi_list_' + type_.element.name
    return 'qh_qapi_' + type_.name


def declare(c_name, name):
    """Declaration without the semicolon."""
    return f'{c_name}{name}' if c_name.endswith('*') else f'{c_name} {name}'


def comment(doc, symbol=None):
    """A one-sentence comment."""
    text = Doc.text(doc.members.get(symbol, []) if symbol else doc.body)
    text = re.sub(r'\s+', ' ', text).replace('*/', '* /')
    first = re.split(r'(?<=\.)\s', text)[0]
    return f'/* {first} */\n' if first else ''


class CWriter:
    """All C output; files() maps names to text."""

    def __init__(self, schema, source):
        self.schema, self.source = schema, source
        self.arg_types = {}
        for item in schema.commands + schema.events:
            if item.own_arg:
                item.arg.c_name = call_type(item)
                self.arg_types.setdefault(item.domain, []).append(item.arg)

    def name(self, type_):
        """C type name, also of an implicit argument type."""
        return getattr(type_, 'c_name', None) or c_type(type_)

    def head(self):
        """The first line of every file."""
        return f'/* Generated from {self.source} by qapi/gen. */\n'

    def header(self, guard, body, includes):
        """A header with guards."""
        lines = ''.join(f'#include {name}\n' for name in includes)
        return f'{self.head()}#ifndef {guard}\n#define {guard}\n\n{lines}\n{body}\n#endif\n'

    def list_struct(self, type_):
        """The struct of a list."""
        name = self.name(type_)
        return (f'typedef struct {name} {{\n    size_t n;\n'
                f'    {declare(self.name(type_.element), "*items")};\n}} {name};\n')

    def members(self, members, indent):
        """Struct members."""
        out = ''
        for m in members:
            if has_flag(m):
                out += f'{indent}gboolean has_{ident(m.name)};\n'
            c_name = self.name(m.type)
            if m.optional and is_compound(m.type):
                c_name += ' *'
            out += f'{indent}{declare(c_name, ident(m.name))};\n'
        return out

    def struct(self, type_):
        """The definition of one struct."""
        out = comment(type_.doc) + f'struct {self.name(type_)} {{\n'
        if type_.kind == 'alternate':
            out += '    uint32_t branch; /* position in the alternate */\n    union {\n'
            for name, branch in type_.branches:
                star = ' *' if is_compound(branch) else ''
                out += f'        {declare(self.name(branch) + star, ident(name))};\n'
            return out + '    } u;\n};\n\n'
        out += self.members(type_.members, '    ')
        if type_.branches:
            out += '    union {\n'
            for name, branch in type_.branches:
                out += f'        {self.name(branch)} {ident(name)};\n'
            out += '    } u;\n'
        elif not type_.members:
            out += '    uint8_t empty;\n'
        return out + '};\n\n'

    def enum(self, type_):
        """The constants of an enum."""
        out = comment(type_.doc) + 'enum {\n'
        for name, _ in type_.values:
            out += f'    QH_QMP_{upper(type_.name)}_{upper(name)},\n'
        return out + f'    QH_QMP_{upper(type_.name)}__MAX,\n}};\n\n'

    def in_order(self, types):
        """Structs so that one that lies inside another comes before it."""
        done, out = set(), []

        def visit(type_, path):
            if type_.name in done or type_ not in types:
                return
            if type_ in path:
                raise SchemaError(type_.place, f"'{type_.name}' contains itself")
            inline = [m.type for m in type_.members if not m.optional]
            inline += [b for _, b in type_.branches if type_.kind == 'union']
            for inner in inline:
                if is_compound(inner):
                    visit(inner, path + [type_])
            done.add(type_.name)
            out.append(type_)

        for type_ in types:
            visit(type_, [])
        return out

    def types_header(self, domain, includes):
        """qapi-types-DOMAIN.h: what a module's command may include, too."""
        types = [t for t in self.schema.types.values() if t.domain == domain]
        compound = [t for t in types if is_compound(t)] + self.arg_types.get(domain, [])
        body = ''.join(self.enum(t) for t in types if t.kind == 'enum')
        for t in compound:
            body += f'typedef struct {self.name(t)} {self.name(t)};\n'
        body += '\n'
        body += ''.join(self.list_struct(t) for t in types if t.kind == 'list')
        body += '\n' + ''.join(self.struct(t) for t in self.in_order(compound))
        for command in self.schema.commands:
            if command.domain == domain and command.slot:
                body += (f'#define QH_COMMAND_{upper(command.name)}_DIGEST \\\n'
                         f'    "{command_digest(command)}"\n')
        files = [f'"qapi/qapi-types-{name}.h"' for name in ['builtin'] + includes]
        return MIT + self.header(f'QAPI_TYPES_{upper(domain)}_H', body, files)

    def builtin_header(self):
        """qapi-types-builtin.h: lists of built-in types."""
        body = 'typedef struct QhJson QhJson;\n\n' + ''.join(
            self.list_struct(t) for t in self.schema.types.values()
            if t.kind == 'list' and t.domain is None)
        return MIT + self.header('QAPI_TYPES_BUILTIN_H', body, ['<glib.h>', '<stddef.h>', '<stdint.h>'])

    def prototype(self, command):
        """The body of a command: gboolean qh_qmp_NAME(host, args, ret, error)"""
        params = ['QhHost *host']
        if command.open:
            params.append('const QhJson *args')
        elif command.arg:
            params.append(f'const {call_type(command)} *args')
        if command.ret:
            params.append(declare(self.name(command.ret), '*ret'))
        params.append('GError **error')
        return f'gboolean qh_qmp_{ident(command.name)}({", ".join(params)})'

    def has_body(self, command):
        """Commands with a slot have their body in a module, those without code in the session."""
        return command.gen and not command.slot

    def commands_header(self, domain):
        """qapi-commands-DOMAIN.h: what core/qmp/commands-DOMAIN.c defines."""
        body = ''.join(comment(c.doc) + self.prototype(c) + ';\n\n' for c in self.schema.commands
                       if c.domain == domain and self.has_body(c))
        return self.header(f'QAPI_COMMANDS_{upper(domain)}_H', body,
                           ['"abi/base.h"', '"core/json/json.h"',
                            f'"qapi/qapi-types-{domain}.h"'])

    def commands_source(self):
        """qapi-commands.c: the command table."""
        domains = [domain for domain, _ in self.schema.files]
        out = self.head() + '#include "qapi/qapi-tables.h"\n'
        out += ''.join(f'#include "qapi/qapi-commands-{domain}.h"\n' for domain in domains) + '\n'
        for c in self.schema.commands:
            if self.has_body(c) and not c.open:
                args = ['host'] + (['args'] if c.arg else []) + (['ret'] if c.ret else [])
                unused = ''.join(f'    (void){n};\n' for n in ('args', 'ret') if n not in args)
                out += (f'static gboolean run_{ident(c.name)}(QhHost *host, const void *args, '
                        f'void *ret,\n    GError **error)\n{{\n{unused}'
                        f'    return qh_qmp_{ident(c.name)}({", ".join(args)}, error);\n}}\n\n')
        out += 'const QhQapiCommand qh_qapi_commands[] = {\n'
        for c in self.schema.commands:
            flags = ' | '.join(name for name, on in (('QH_QAPI_OOB', c.oob),
                                                     ('QH_QAPI_PRECONFIG', c.preconfig)) if on)
            out += (f'    {{\n        .name = "{c.name}",\n'
                    f'        .args = {self.ref(c.arg)},\n        .ret = {self.ref(c.ret)},\n'
                    f'        .flags = {flags or 0},\n')
            if c.slot:
                out += f'        .slot = "{c.name}",\n        .digest = "{command_digest(c)}",\n'
            if self.has_body(c):
                out += (f'        .open = qh_qmp_{ident(c.name)},\n' if c.open else
                        f'        .run = run_{ident(c.name)},\n')
            out += '    },\n'
        return out + ('};\nconst size_t qh_qapi_n_commands = G_N_ELEMENTS(qh_qapi_commands);\n')

    def ref(self, type_):
        """Reference to a table."""
        if type_ is None:
            return 'NULL'
        name = getattr(type_, 'c_name', None)
        return f'&qh_qapi_{name}' if name else '&' + table(type_)

    def member_rows(self, type_):
        """QhQapiMember rows."""
        c_name, out = self.name(type_), ''
        for m in type_.members:
            has = (f'offsetof({c_name}, has_{ident(m.name)})' if has_flag(m) else 'QH_QAPI_NO_HAS')
            flags = (['QH_QAPI_OPTIONAL'] if m.optional else [])
            flags += ['QH_QAPI_POINTER'] if m.optional and is_compound(m.type) else []
            out += (f'    {{"{m.name}", {self.ref(m.type)}, offsetof({c_name}, {ident(m.name)}), '
                    f'{has}, {" | ".join(flags) or 0}}},\n')
        return out

    def type_table(self, type_):
        """One QhQapiType."""
        ref, c_name = self.ref(type_)[1:], self.name(type_)
        shown = type_.doc.symbol if hasattr(type_, 'c_name') else type_.name
        rows, fields = '', [f'.name = "{shown}"', f'.size = sizeof({c_name})']
        if type_.kind == 'builtin':
            kind = BUILTINS[type_.name][1].upper()
            fields.append(f'.is_signed = {BUILTINS[type_.name][3]}')
        elif type_.kind == 'list':
            kind = 'LIST'
            fields.append(f'.element = {self.ref(type_.element)}')
        elif type_.kind == 'enum':
            kind = 'ENUM'
            rows = (f'static const char *const values_{ref}[] = {{\n'
                    + ''.join(f'    "{name}",\n' for name, _ in type_.values) + '};\n')
            fields += [f'.values = values_{ref}', f'.n_values = {len(type_.values)}']
        elif type_.kind == 'alternate':
            kind = 'ALTERNATE'
            rows = f'static const QhQapiType *const branches_{ref}[] = {{\n' + ''.join(
                f'    {self.ref(branch)},\n' for _, branch in type_.branches) + '};\n'
            fields += [f'.branches = branches_{ref}', f'.n_branches = {len(type_.branches)}',
                       f'.u_offset = offsetof({c_name}, u)']
        else:
            kind = 'OBJECT'
            if type_.members:
                rows = (f'static const QhQapiMember members_{ref}[] = {{\n'
                        + self.member_rows(type_) + '};\n')
                fields += [f'.members = members_{ref}', f'.n_members = {len(type_.members)}']
            if type_.tag:
                branches = dict(type_.branches)
                rows += f'static const QhQapiType *const branches_{ref}[] = {{\n' + ''.join(
                    f'    {self.ref(branches.get(name))},\n'
                    for name, _ in type_.tag.type.values) + '};\n'
                fields += [f'.branches = branches_{ref}',
                           f'.n_branches = {len(type_.tag.type.values)}',
                           f'.tag = {type_.members.index(type_.tag)}']
                if type_.branches:
                    fields.append(f'.u_offset = offsetof({c_name}, u)')
        fields.append(f'.kind = QH_QAPI_{kind}')
        return rows + f'const QhQapiType {ref} = {{\n' + ''.join(f'    {f},\n' for f in fields) \
            + '};\n\n'

    def all_types(self):
        """Every type with a table."""
        return list(self.schema.types.values()) + [t for ts in self.arg_types.values() for t in ts]

    def tables_header(self):
        """qapi-tables.h"""
        body = ''.join(f'extern const QhQapiType {self.ref(t)[1:]};\n' for t in self.all_types())
        return self.header('QAPI_TABLES_H', body, ['"core/qmp/qapi.h"'])

    def tables_source(self):
        """qapi-tables.c: types and events."""
        out = self.head() + '#include "qapi/qapi-tables.h"\n'
        out += ''.join(f'#include "qapi/qapi-types-{domain}.h"\n' for domain, _ in self.schema.files)
        out += '\n' + ''.join(self.type_table(t) for t in self.all_types())
        out += 'const QhQapiEvent qh_qapi_events[] = {\n'
        out += ''.join(f'    {{"{e.name}", {self.ref(e.arg)}}},\n' for e in self.schema.events)
        return out + '};\nconst size_t qh_qapi_n_events = G_N_ELEMENTS(qh_qapi_events);\n'

    def introspect_source(self):
        """qapi-introspect.c: the answer of query-qmp-schema, and its digest."""
        data = introspection_bytes(self.schema)
        out = self.head() + '#include "core/qmp/qapi.h"\n\n'
        out += f'const size_t qh_qapi_introspection_bytes = {len(data)};\n'
        out += f'const char qh_qapi_digest[] =\n    "{hashlib.sha256(data).hexdigest()}";\n'
        out += 'const char qh_qapi_introspection[] =\n'
        text = data.decode('ascii')
        for i in range(0, len(text), 80):
            chunk = text[i:i + 80].replace('\\', '\\\\').replace('"', '\\"')
            out += f'    "{chunk}"\n'
        return out[:-1] + ';\n'

    def files(self):
        """All C files."""
        result = {'qapi-types-builtin.h': self.builtin_header(),
                  'qapi-tables.h': self.tables_header(), 'qapi-tables.c': self.tables_source(),
                  'qapi-commands.c': self.commands_source(),
                  'qapi-introspect.c': self.introspect_source()}
        for domain, includes in self.schema.files:
            result[f'qapi-types-{domain}.h'] = self.types_header(domain, includes)
            result[f'qapi-commands-{domain}.h'] = self.commands_header(domain)
        return result
