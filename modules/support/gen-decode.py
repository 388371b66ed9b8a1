#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Decoders, disassemblers and their tests from tables of instructions.

A table is one or more text files, read in order as one. `#` starts a comment. Lines:

  prefix rv RvDis               prefix of all names; C type of the handlers' context
  feature NAME ...              conditions that rows may need
  features FILE MACRO           the first argument of each row MACRO(NAME, ...) of FILE is a feature
  exclusive NAME NAME           two features that are never on together
  decoder NAME WIDTH            the rows below belong to this decoder of WIDTH-bit words
  args NAME [as BASE] FIELD ... "OPERANDS"
  section TEXT                  the place in the manual of the rows below
  NAME ARGS BITS NEEDS [=> HANDLER] ["OPERANDS"]
  absent NAME ARGS BITS NEEDS   known and counted, but not implemented: decodes to nothing
  ordered / end                 rows between them may overlap; the first that matches wins

FIELD is name=LETTER[RANGES]:MODIFIER..., e.g. imm=i[12|10:5|4:1|11]:signed:pc. The ranges are those
of the manual: which bits of the value the letters stand for, from the left of the picture to the
right; bits that are not named are zero. name=#N is a constant. Modifiers: signed; nonzero (the row
does not match when the value is 0); +N (added to the value); and one more word, the printer: a
function PREFIX_put_WORD of the disassembler, `dec` if none is given. `as BASE` fills the C struct
of another args line, so that a short instruction can use the handler of a long one.

BITS is the manual's picture: 0, 1, a letter for each bit of a field, and `.` for a bit that is
ignored; spaces do not count. NEEDS is `-`, or features joined by & and |. OPERANDS is printed
with {field} replaced, behind a tab; or, if it has a tab (\\t) in it, right behind the name. {@WORD}
is PREFIX_put_WORD of the whole instruction, for an operand that several fields say.

A NAME may end in /VARIANT, which is not printed: rows of one mnemonic, add/imm and add/shifted.

Refused: rows that overlap outside `ordered` unless their needs exclude each other, or a nonzero field
of one is 0 in the other; rows that can never match, letters without a field and fields without letters, pictures of a wrong width, values
with a bit named twice, rows without a section, handlers used with two kinds of args.
"""

import argparse
import re
import sys


class TableError(Exception):
    """A mistake in a table, with its place."""


class Field:
    """One member of an args line: where its bits come from and what is done to them."""

    def __init__(self, text):
        found = re.fullmatch(r'(\w+)=(?:#(-?\d+)|([a-zA-Z])\[([\d:|]+)\])((?::[\w+]+)*)', text)
        if not found:
            raise TableError(f'malformed field "{text}"')
        self.name, constant, self.letter, ranges, modifiers = found.groups()
        self.constant = int(constant) if constant is not None else None
        self.signed = self.nonzero = False
        self.plus = 0
        self.printer = 'dec'
        for word in modifiers.split(':')[1:]:
            if word == 'signed':
                self.signed = True
            elif word == 'nonzero':
                self.nonzero = True
            elif word.startswith('+'):
                self.plus = int(word[1:])
            else:
                self.printer = word
        self.bits = []  # bit of the value that each letter stands for, leftmost letter first
        for part in (ranges or '').split('|') if ranges else []:
            high, _, low = part.partition(':')
            low = low or high
            if int(high) < int(low) or int(high) > 31:
                raise TableError(f'range {part} of field "{self.name}"')
            self.bits += range(int(high), int(low) - 1, -1)
        if len(set(self.bits)) != len(self.bits):
            raise TableError(f'field "{self.name}" names a bit twice')

    def ctype(self):
        return 'int32_t' if self.signed else 'uint32_t'


class Args:
    """The fields of a kind of instruction and how they are printed."""

    def __init__(self, name, base, fields, operands):
        self.name, self.base, self.fields, self.operands = name, base, fields, operands

    def struct(self):
        return self.base.struct() if self.base else self.name

    def letters(self):
        return {field.letter: field for field in self.fields if field.letter}


class Row:
    """One instruction."""

    def __init__(self, place, name, args, picture, needs):
        self.place, self.name, self.args, self.picture, self.needs = (place, name, args, picture,
                                                                      needs)
        self.section = ''
        self.absent = False
        self.handler = None
        self.operands = args.operands
        self.group = None
        self.number = 0
        width = len(picture)
        self.mask = self.match = 0
        self.letters = {}  # letter -> bits of the word, leftmost first
        for i, char in enumerate(picture):
            bit = width - 1 - i
            if char in '01':
                self.mask |= 1 << bit
                self.match |= int(char) << bit
            elif char != '.':
                self.letters.setdefault(char, []).append(bit)
        self.check_letters()

    def check_letters(self):
        fields = self.args.letters()
        for letter, bits in self.letters.items():
            if letter not in fields:
                raise TableError(f'letter {letter} is no field of {self.args.name}')
            for field in self.args.fields:
                if field.letter == letter and len(field.bits) != len(bits):
                    raise TableError(f'field "{field.name}" has {len(field.bits)} bits, the '
                                     f'picture {len(bits)}')
        for field in self.args.fields:
            if field.letter and field.letter not in self.letters:
                raise TableError(f'field "{field.name}" is not in the picture')

    def wants_ones(self, other):
        """Whether a field that must not be 0 here is fixed to 0 in @other."""
        for field in self.args.fields:
            mask = sum(1 << bit for bit in self.letters[field.letter]) if field.nonzero else 0
            if mask & other.mask == mask and mask and not mask & other.match:
                return True
        return False

    def identifier(self):
        return re.sub(r'\W', '_', self.name)

    def mnemonic(self):
        return self.name.split('/')[0]

    def function(self):
        return re.sub(r'\W', '_', self.handler or self.name)

    def segments(self, field):
        """The field as runs of bits: (bit of the word, bit of the value, length)."""
        runs = []
        for source, target in zip(self.letters[field.letter], field.bits):
            if runs and runs[-1][0] == source + 1 and runs[-1][1] == target + 1:
                runs[-1] = (source, target, runs[-1][2] + 1)
            else:
                runs.append((source, target, 1))
        return runs


class Decoder:
    def __init__(self, name, width):
        self.name, self.width, self.rows = name, width, []


def needs_terms(text, features):
    """`a&b|c` as a list of sets, one of which must be on entirely."""
    if text == '-':
        return [frozenset()]
    terms = [frozenset(term.split('&')) for term in text.split('|')]
    for word in set().union(*terms):
        if word not in features:
            raise TableError(f'unknown feature "{word}"')
    return terms


class Table:
    """All that the input files say."""

    def __init__(self):
        self.prefix, self.context = '', ''
        self.features, self.exclusive = [], []
        self.idle = []  # features that no row needs; they get no bit
        self.decoders, self.args = {}, {}
        self.decoder = None
        self.section = ''
        self.group = None
        self.groups = 0
        self.sources = []

    def read(self, path):
        self.sources.append(path.rsplit('/', 1)[-1])
        self.decoder, self.section, self.group = None, '', None
        number = 0
        with open(path, encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                if line.startswith('#') or not line.strip():
                    continue
                try:
                    self.line(re.sub(r'\s#\s.*', '', line).strip(), (path, number))
                except TableError as error:
                    raise TableError(f'{path}:{number}: {error}') from None
        if self.group is not None:
            raise TableError(f'{path}:{number}: "ordered" without "end"')

    def line(self, line, place):
        words = line.split()
        verb = getattr(self, 'verb_' + words[0], None)
        if verb and (words[0] not in ('ordered', 'end') or len(words) == 1):
            verb(line, words, place)
        else:
            self.row(line, place, False)

    def verb_prefix(self, _line, words, _place):
        if len(words) != 3:
            raise TableError('prefix takes a word and a type')
        self.prefix, self.context = words[1:]

    def verb_feature(self, _line, words, _place):
        for word in words[1:]:
            if word in self.features:
                raise TableError(f'feature "{word}" twice')
            self.features.append(word)

    def verb_features(self, _line, words, place):
        if len(words) != 3:
            raise TableError('features takes a file and a macro')
        path = place[0].rsplit('/', 1)[0] + '/' + words[1] if '/' in place[0] else words[1]
        with open(path, encoding='utf-8') as file:
            names = re.findall(rf'^{words[2]}\((\w+)', file.read(), re.M)
        self.verb_feature('', ['feature'] + names, place)

    def verb_exclusive(self, _line, words, _place):
        if len(words) != 3 or not set(words[1:]) <= set(self.features):
            raise TableError('exclusive takes two features')
        self.exclusive.append(frozenset(words[1:]))

    def verb_decoder(self, _line, words, _place):
        if len(words) != 3 or words[2] not in ('16', '32'):
            raise TableError('decoder takes a name and a width of 16 or 32')
        self.decoder = self.decoders.setdefault(words[1], Decoder(words[1], int(words[2])))
        if self.decoder.width != int(words[2]):
            raise TableError(f'decoder {words[1]} has {self.decoder.width} bits elsewhere')

    def verb_args(self, line, _words, _place):
        line, operands = split_operands(line)
        words = line.split()[1:]
        base = None
        if len(words) > 2 and words[1] == 'as':
            base = self.args.get(words[2])
            if base is None:
                raise TableError(f'no args "{words[2]}"')
            del words[1:3]
        if words[0] in self.args:
            raise TableError(f'args "{words[0]}" twice')
        fields = [Field(word) for word in words[1:]]
        if base:
            known = {f.name: f for f in base.fields}
            for field in fields:
                if field.name not in known or field.signed and not known[field.name].signed:
                    raise TableError(f'field "{field.name}" does not fit into {base.name}')
        check_operands(operands or '', fields)
        self.args[words[0]] = Args(words[0], base, fields, operands or '')

    def verb_section(self, line, _words, _place):
        self.section = line.split(None, 1)[1]

    def verb_ordered(self, _line, _words, _place):
        if self.group is not None:
            raise TableError('"ordered" inside "ordered"')
        self.groups += 1
        self.group = self.groups

    def verb_end(self, _line, _words, _place):
        if self.group is None:
            raise TableError('"end" without "ordered"')
        self.group = None

    def verb_absent(self, line, _words, place):
        self.row(line.split(None, 1)[1], place, True)

    def row(self, line, place, absent):
        if self.decoder is None:
            raise TableError('a row before any decoder')
        if not self.section:
            raise TableError('a row without a section')
        line, operands = split_operands(line)
        words = line.split()
        if len(words) < 4:
            raise TableError('a row is NAME ARGS BITS NEEDS')
        args = self.args.get(words[1])
        if args is None:
            raise TableError(f'no args "{words[1]}"')
        picture, i = '', 2
        while i < len(words) and len(picture) < self.decoder.width:
            picture += words[i]
            i += 1
        if len(picture) != self.decoder.width or not re.fullmatch('[01.a-zA-Z]*', picture):
            raise TableError(f'the picture of {words[0]} is not {self.decoder.width} bits wide')
        rest = words[i:]
        if not rest:
            raise TableError(f'{words[0]} does not say what it needs')
        row = Row(place, words[0], args, picture, needs_terms(rest[0], self.features))
        row.section, row.absent, row.group = self.section, absent, self.group
        if len(rest) == 3 and rest[1] == '=>':
            row.handler = rest[2]
        elif len(rest) != 1:
            raise TableError(f'text after the needs of {words[0]}')
        if operands is not None:
            check_operands(operands, args.fields)
            row.operands = operands
        row.number = len(self.decoder.rows)
        self.decoder.rows.append(row)

    def disjoint(self, a, b):
        """Whether the needs of two rows are never met together."""
        return all(any(pair <= (x | y) for pair in self.exclusive)
                   for x in a.needs for y in b.needs)

    def check(self):
        """What can only be seen when everything has been read."""
        if not self.prefix:
            raise TableError('no prefix')
        for decoder in self.decoders.values():
            for i, b in enumerate(decoder.rows):
                for a in decoder.rows[:i]:
                    self.check_pair(a, b)
        needed = set().union(*self.exclusive, *(term for row in self.all_rows() for term in row.needs))
        self.idle = [word for word in self.features if word not in needed]
        self.features = [word for word in self.features if word in needed]
        if len(self.features) > 64:
            raise TableError('rows need more than 64 features')
        structs = {}
        for row in self.all_rows():
            other = structs.setdefault(row.function(), row)
            if other.args.struct() != row.args.struct():
                raise TableError(f'{where(row)}: handler {row.function()} takes '
                                 f'{other.args.struct()}, not {row.args.struct()}')
        used = {row.args.name for d in self.decoders.values() for row in d.rows}
        for args in self.args.values():
            derived = {a.base.name for a in self.args.values() if a.base}
            if args.name not in used and args.name not in derived:
                raise TableError(f'args "{args.name}" are not used')

    def check_pair(self, a, b):
        if a.name == b.name and a.needs == b.needs:
            raise TableError(f'{where(b)}: {b.name} is there twice ({where(a)})')
        if (a.match ^ b.match) & a.mask & b.mask or self.disjoint(a, b):
            return
        if a.wants_ones(b) or b.wants_ones(a):
            return
        if a.group is None or a.group != b.group:
            raise TableError(f'{where(b)}: {b.name} overlaps {a.name} ({where(a)})')
        hidden = not a.mask & ~b.mask and not any(f.nonzero for f in a.args.fields)
        if hidden and all(any(x <= y for x in a.needs) for y in b.needs):
            raise TableError(f'{where(b)}: {b.name} is hidden by {a.name} ({where(a)})')

    def all_rows(self):
        return [row for decoder in self.decoders.values() for row in decoder.rows
                if not row.absent]


def where(row):
    return f'{row.place[0]}:{row.place[1]}'


def split_operands(line):
    found = re.fullmatch(r'(.*?)\s*"([^"]*)"', line)
    return found.groups() if found else (line, None)


def check_operands(operands, fields):
    for name in re.findall(r'{(\w+)}', operands):
        if name not in {field.name for field in fields}:
            raise TableError(f'operand {{{name}}} is no field')


# What follows writes C.

def camel(word):
    return word[0].upper() + word[1:]


def banner(table, spdx='/* SPDX-License-Identifier: GPL-2.0-or-later */'):
    return f'{spdx}\n/* Made from {", ".join(table.sources)} by gen-decode.py. */\n'


def arg_type(table, args):
    return f'{camel(table.prefix)}Arg{args.struct()}'


def feature_bit(table, word):
    return f'{table.prefix.upper()}_HAVE_{word}'


def printers(table):
    names = set()
    for decoder in table.decoders.values():
        for row in decoder.rows:
            used = set(re.findall(r'{(\w+)}', row.operands))
            names |= {f.printer for f in row.args.fields if f.name in used}
            names |= set(re.findall(r'{@(\w+)}', row.operands))
    return sorted(names)


def write_header(table):
    """Features, args structs, prototypes of handlers, decoders and printers."""
    prefix = table.prefix
    guard = f'{prefix.upper()}_DECODE_GENERATED_H'
    out = [banner(table), f'#ifndef {guard}\n#define {guard}\n',
           '#include <glib.h>\n#include <stdint.h>\n',
           '/* What a CPU has, as the tables name it. */']
    for i, word in enumerate(table.features):
        out.append(f'#define {feature_bit(table, word)} (1ull << {i})')
    out += [f'#define {feature_bit(table, word)} 0ull' for word in table.idle]
    out.append(f'#define {prefix.upper()}_HAVE(feature) {prefix.upper()}_HAVE_##feature\n')
    for args in table.args.values():
        if args.base is None:
            out.append(f'typedef struct {arg_type(table, args)} {{')
            out += [f'    {field.ctype()} {field.name};' for field in args.fields]
            if not args.fields:
                out.append('    uint32_t none;')
            out.append(f'}} {arg_type(table, args)};\n')
    out.append(f'typedef struct {table.context} {table.context};\n')
    out.append('/* Handlers: one instruction each; FALSE: it does not exist after all. */')
    seen = set()
    for row in table.all_rows():
        if row.function() not in seen:
            seen.add(row.function())
            out.append(f'gboolean {prefix}_trans_{row.function()}({table.context} *d, '
                       f'const {arg_type(table, row.args)} *a);')
    for decoder in table.decoders.values():
        uint = f'uint{decoder.width}_t'
        out.append(f'''
/* Find @insn among the rows whose needs @have meets and call its handler; FALSE: no such row, or
 * the handler says so. */
gboolean {prefix}_decode_{decoder.name}({table.context} *d, {uint} insn, uint64_t have);
/* The text of @insn at @pc; FALSE, with nothing appended, when there is no such row. */
gboolean {prefix}_print_{decoder.name}(GString *text, uint64_t pc, {uint} insn, uint64_t have);
/* Number of the row of @insn in the table, -1 for none; and the name of a row. */
int {prefix}_find_{decoder.name}({uint} insn, uint64_t have);
const char *{prefix}_name_{decoder.name}(int row);''')
    out.append('\n/* Printers of operands, for the disassembler. */')
    out += [f'void {prefix}_put_{name}(GString *text, uint64_t pc, int64_t value);'
            for name in printers(table)]
    out.append(f'\n#endif\n')
    return '\n'.join(out)


def hexed(value, width):
    return f'0x{value:0{width // 4}x}u'


def run_expression(source, target, length):
    """Bits source.. of insn moved to bit target.."""
    mask = f'0x{((1 << length) - 1) << target:x}u'
    if source == target:
        return f'(insn & {mask})'
    shift = f'insn >> {source - target}' if source > target else f'insn << {target - source}'
    return f'(({shift}) & {mask})'


def field_expression(row, field):
    if field.constant is not None:
        return f'{field.constant}'
    parts = [run_expression(*run) for run in row.segments(field)]
    if len(row.picture) == 16:
        parts = [part.replace('insn', '(uint32_t)insn') for part in parts]
    value = ' | '.join(parts)
    if field.signed:
        top = max(field.bits)
        value = f'(int32_t)(({value}) ^ 0x{1 << top:x}u) - 0x{1 << top:x}' if top < 31 else \
            f'(int32_t)({value})'
    return f'{value} + {field.plus}' if field.plus and len(parts) == 1 else \
        f'({value}) + {field.plus}' if field.plus else value


def condition(table, row):
    """What a row demands besides the fixed bits that have been looked at: (C, or '')."""
    parts = []
    if frozenset() not in row.needs:
        terms = []
        for term in row.needs:
            bits = [feature_bit(table, word) for word in sorted(term, key=table.features.index)]
            if len(bits) == 1:
                terms.append(f'(have & {bits[0]}) != 0')
            else:
                joined = ' | '.join(bits)
                terms.append(f'(~have & ({joined})) == 0')
        parts.append(terms[0] if len(terms) == 1 else f'({" || ".join(terms)})')
    for field in row.args.fields:
        if field.nonzero:
            mask = sum(1 << bit for bit in row.letters[field.letter])
            parts.append(f'(insn & {hexed(mask, len(row.picture))}) != 0')
    return parts


def write_tree(table, rows, known, depth, width, out):
    """Code that picks one of @rows, of whose bits @known have been compared already."""
    pad = '    ' * depth
    common = (1 << width) - 1
    for row in rows:
        common &= row.mask
    common &= ~known
    if not common or len(rows) == 1:
        for row in rows:
            tests = []
            if row.mask & ~known:
                tests.append(f'(insn & {hexed(row.mask & ~known, width)}) == '
                             f'{hexed(row.match & ~known, width)}')
            tests += condition(table, row)
            if tests:
                joined = f' &&\n{pad}    '.join(tests)
                out.append(f'{pad}if ({joined}) {{')
                out.append(f'{pad}    return {row.number}; /* {row.name} */')
                out.append(f'{pad}}}')
            else:
                out.append(f'{pad}return {row.number}; /* {row.name} */')
        return
    groups = {}
    for row in rows:
        groups.setdefault(row.match & common, []).append(row)
    out.append(f'{pad}switch (insn & {hexed(common, width)}) {{')
    for value in sorted(groups):
        out.append(f'{pad}case {hexed(value, width)}:')
        write_tree(table, groups[value], known | common, depth + 1, width, out)
        if not out[-1].lstrip().startswith('return '):
            out.append(f'{pad}    break;')
    out.append(f'{pad}}}')


def write_extract(row, pad):
    lines = []
    for field in row.args.fields:
        lines.append(f'{pad}a.{field.name} = {field_expression(row, field)};')
    return lines


def write_print(table, row, pad):
    """Code that appends the operands of @row."""
    lines = []
    fields = {field.name: field for field in row.args.fields}
    for part in re.split(r'({@?\w+})', row.operands):
        if part.startswith('{@'):
            lines.append(f'{pad}{table.prefix}_put_{part[2:-1]}(text, pc, insn);')
        elif part.startswith('{'):
            field = fields[part[1:-1]]
            lines.append(f'{pad}{table.prefix}_put_{field.printer}(text, pc, '
                         f'{field_expression(row, field)});')
        elif part:
            lines.append(f'{pad}g_string_append(text, "{part}");')
    return lines


def write_source(table, decoder, header):
    """The functions of one decoder."""
    prefix, width = table.prefix, decoder.width
    uint = f'uint{width}_t'
    out = [banner(table), f'#include "{header}"\n']
    out.append(f'int {prefix}_find_{decoder.name}({uint} insn, uint64_t have)\n{{')
    out.append('    (void)have;')
    write_tree(table, decoder.rows, 0, 1, width, out)
    out.append('    return -1;\n}\n')
    out.append(f'const char *{prefix}_name_{decoder.name}(int row)\n{{')
    out.append('    static const char *const names[] = {')
    out += [f'        "{row.mnemonic()}", /* {row.section}{"; absent" if row.absent else ""} */'
            for row in decoder.rows]
    out.append('    };\n    return row >= 0 && row < (int)G_N_ELEMENTS(names) ? names[row] : '
               'NULL;\n}\n')
    out.append(f'gboolean {prefix}_decode_{decoder.name}({table.context} *d, {uint} insn, '
               f'uint64_t have)\n{{')
    out.append(f'    switch ({prefix}_find_{decoder.name}(insn, have)) {{')
    for row in decoder.rows:
        if row.absent:
            continue
        out.append(f'    case {row.number}: {{ /* {row.name}: {row.section} */')
        kind = arg_type(table, row.args)
        out.append(f'        {kind} a = {{0}};')
        out += write_extract(row, '        ')
        out.append(f'        return {prefix}_trans_{row.function()}(d, &a);\n    }}')
    out.append('    default:\n        return FALSE;\n    }\n}\n')
    out.append(f'gboolean {prefix}_print_{decoder.name}(GString *text, uint64_t pc, {uint} insn, '
               f'uint64_t have)\n{{')
    out.append(f'    int row = {prefix}_find_{decoder.name}(insn, have);\n')
    out.append('    (void)pc;\n    if (row < 0) {\n        return FALSE;\n    }')
    out.append(f'    g_string_append(text, {prefix}_name_{decoder.name}(row));')
    out.append('    switch (row) {')
    for row in decoder.rows:
        if row.operands:
            out.append(f'    case {row.number}: /* {row.name} */')
            if '\\t' not in row.operands:
                out.append("        g_string_append_c(text, '\\t');")
            out += write_print(table, row, '        ')
            out.append('        break;')
    out.append('    }\n    return TRUE;\n}\n')
    return '\n'.join(out)


def unrun_expression(row, field):
    """The inverse of field_expression: the word's bits from a.NAME."""
    value = f'(uint32_t)(a->{field.name} - {field.plus})' if field.plus else \
        f'(uint32_t)a->{field.name}'
    parts = []
    for source, target, length in row.segments(field):
        mask = f'0x{(1 << length) - 1:x}u'
        parts.append(f'((({value} >> {target}) & {mask}) << {source})')
    return ' | '.join(parts)


def write_test(table, header):
    """Handlers that put the word together again, and a run over every row."""
    prefix = table.prefix
    out = [banner(table), f'''/*
 * Round trip: each row's picture with its letters filled at random is decoded; the arguments that
 * the handler gets are put together again and must give the same word.
 */
#include "{header}"

struct {table.context} {{
    int row;          /* of the table, -1 until a handler ran */
    const char *name; /* of the handler that ran */
    uint32_t insn;
    gboolean bits_agree;
}};

typedef struct TestRow {{
    const char *path, *name;
    uint32_t mask, match, ignored;
    int number;
    gboolean absent;
    const char *handler;
}} TestRow;
''']
    names = sorted(printers(table))
    out += [f'void {prefix}_put_{name}(GString *text, uint64_t pc, int64_t value)\n{{\n'
            '    (void)pc;\n    g_string_append_printf(text, "%" G_GINT64_FORMAT, value);\n}\n'
            for name in names]
    for decoder in table.decoders.values():
        for row in decoder.rows:
            if row.absent:
                continue
            fields = [f for f in row.args.fields if f.letter]
            body = ' |\n           '.join(unrun_expression(row, field) for field in fields) or '0'
            out.append(f'static uint32_t encode_{decoder.name}_{row.number}('
                       f'const {arg_type(table, row.args)} *a)\n{{\n    (void)a;\n'
                       f'    return {body};\n}}\n')
    by_function = {}
    for decoder in table.decoders.values():
        for row in decoder.rows:
            if not row.absent:
                by_function.setdefault(row.function(), []).append((decoder, row))
    for function, uses in by_function.items():
        kind = arg_type(table, uses[0][1].args)
        out.append(f'gboolean {prefix}_trans_{function}({table.context} *d, const {kind} *a)\n{{')
        out.append(f'    d->name = "{function}";\n    switch (d->row) {{')
        for decoder, row in uses:
            key = row.number + (100000 if decoder.width == 16 else 0)
            fields = sum(1 << bit for bits in row.letters.values() for bit in bits)
            out.append(f'    case {key}:\n'
                       f'        d->bits_agree = encode_{decoder.name}_{row.number}(a) == ('
                       f'd->insn & 0x{fields:x}u);\n        break;')
        out.append('    }\n    return TRUE;\n}\n')
    out.append('static const TestRow rows[] = {')
    for decoder in table.decoders.values():
        for row in decoder.rows:
            ignored = sum(1 << (len(row.picture) - 1 - i) for i, c in enumerate(row.picture)
                          if c == '.')
            out.append(f'    {{"/{decoder.name}/{row.identifier()}_{row.number}", "{row.mnemonic()}", '
                       f'0x{row.mask:x}u, 0x{row.match:x}u, 0x{ignored:x}u, {row.number}, '
                       f'{"TRUE" if row.absent else "FALSE"}, "{row.function()}"}},')
    out.append('};\n')
    out.append(f'/* Every set of features that leaves no two exclusive ones on. */')
    out.append('static const uint64_t have_sets[] = {')
    for have in feature_sets(table):
        out.append(f'    0x{have:x}ull,')
    out.append('};\n')
    out.append(f'''static void test_row(gconstpointer data)
{{
    const TestRow *row = data;
    gboolean wide = g_str_has_prefix(row->path, "/{wide_name(table)}/");
    uint32_t width_mask = wide ? UINT32_MAX : UINT16_MAX;
    uint32_t hits = 0;

    for (uint32_t i = 0; i < 20 * G_N_ELEMENTS(have_sets); i++) {{
        uint64_t have = have_sets[i % G_N_ELEMENTS(have_sets)];
        uint32_t insn = (row->match | ((uint32_t)g_test_rand_int() & ~row->mask)) & width_mask;
        {table.context} d = {{wide ? row->number : 100000 + row->number, NULL, insn, FALSE}};
        int found = {find_call(table)};
        gboolean known = {decode_call(table)};

        if (found != row->number) {{
            continue; /* a row before this one in an ordered group, or a feature that is off */
        }}
        hits++;
        g_assert_cmpint(known, ==, !row->absent);
        if (known) {{
            g_assert_cmpstr(d.name, ==, row->handler);
            g_assert_true(d.bits_agree);
        }}
        g_autoptr(GString) text = g_string_new(NULL);
        g_assert_true({print_call(table)});
        g_assert_true(g_str_has_prefix(text->str, row->name));
    }}
    g_assert_cmpuint(hits, >, 0);
}}

int main(int argc, char **argv)
{{
    g_test_init(&argc, &argv, NULL);
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {{
        g_test_add_data_func(rows[i].path, &rows[i], test_row);
    }}
    return g_test_run();
}}
''')
    return '\n'.join(out)


def wide_name(table):
    return next((d.name for d in table.decoders.values() if d.width == 32), '')


def per_decoder(table, call32, call16):
    wide = next((d.name for d in table.decoders.values() if d.width == 32), None)
    narrow = next((d.name for d in table.decoders.values() if d.width == 16), None)
    if wide and narrow:
        return f'wide ? {call32.format(wide)}\n                           : {call16.format(narrow)}'
    return call32.format(wide) if wide else call16.format(narrow)


def find_call(table):
    name = table.prefix + '_find_{}'
    return per_decoder(table, name + '(insn, have)', name + '((uint16_t)insn, have)')


def decode_call(table):
    name = table.prefix + '_decode_{}'
    return per_decoder(table, name + '(&d, insn, have)', name + '(&d, (uint16_t)insn, have)')


def print_call(table):
    name = table.prefix + '_print_{}'
    return per_decoder(table, name + '(text, 0, insn, have)',
                       name + '(text, 0, (uint16_t)insn, have)')


def feature_sets(table):
    """All features, minus one of each exclusive pair, in all combinations; and single omissions."""
    sets = [set(table.features)]
    for pair in table.exclusive:
        sets = [s - {word} for s in sets for word in sorted(pair)]
    more = [s - {word} for s in sets for word in table.features if word in s]
    return sorted({sum(1 << table.features.index(w) for w in s) for s in sets + more}, reverse=True)


def write_coverage(table):
    """Which instructions there are, by section, and which are missing."""
    out = []
    total = absent = 0
    for decoder in table.decoders.values():
        section = None
        for row in decoder.rows:
            if row.section != section:
                section = row.section
                out.append(f'\n{section}')
            out.append(f'  {"absent " if row.absent else "       "}{row.name}')
            total += 1
            absent += row.absent
    return f'{total} rows, {absent} absent\n' + '\n'.join(out) + '\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--header', help='write features, structs and prototypes there')
    parser.add_argument('--include', default='decode.h', help='how sources include the header')
    parser.add_argument('--source', nargs=2, action='append', default=[], metavar=('NAME', 'FILE'),
                        help='write the functions of a decoder')
    parser.add_argument('--test', help='write the round-trip test')
    parser.add_argument('--coverage', help='write the list of instructions')
    parser.add_argument('tables', nargs='+')
    options = parser.parse_args()
    table = Table()
    try:
        for path in options.tables:
            table.read(path)
        table.check()
        outputs = []
        if options.header:
            outputs.append((options.header, write_header(table)))
        for name, path in options.source:
            if name not in table.decoders:
                raise TableError(f'no decoder "{name}"')
            outputs.append((path, write_source(table, table.decoders[name], options.include)))
        if options.test:
            outputs.append((options.test, write_test(table, options.include)))
        if options.coverage:
            outputs.append((options.coverage, write_coverage(table)))
    except TableError as error:
        sys.exit(f'gen-decode: {error}')
    for path, text in outputs:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)


if __name__ == '__main__':
    main()
