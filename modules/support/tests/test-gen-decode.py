#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the decode generator refuses, with which words, and what it makes of a small table.

usage: test-gen-decode.py GEN_DECODE GOLDEN_DIR
"""

import os
import subprocess
import sys
import tempfile

HEAD = '''prefix t TDis
feature one two
exclusive one two
decoder insn 16
args A x=a[3:0] y=b[3:0]:signed "{x},{y}"
args Z z=#3
section S
'''
BAD = [
    # (name, lines behind HEAD, part of the message)
    ('narrow picture', 'op A 0000 aaaa bbbb one', 'is not 16 bits wide'),
    ('wide picture', 'op A 0000 0000 aaaa bbbb 1 one', 'unknown feature "1"'),
    ('letter without field', 'op A 0000 cccc aaaa bbbb one', 'letter c is no field of A'),
    ('field without letter', 'op A 0000 0000 0000 aaaa one', 'field "y" is not in the picture'),
    ('field of wrong width', 'op A 0000 000 aaaaa bbbb one', 'has 4 bits, the picture 5'),
    ('unknown args', 'op B 0000 0000 aaaa bbbb one', 'no args "B"'),
    ('unknown feature', 'op A 0000 0000 aaaa bbbb three', 'unknown feature "three"'),
    ('no needs', 'op A 0000 0000 aaaa bbbb', 'does not say what it needs'),
    ('overlap', 'op A 0000 0000 aaaa bbbb one\nov A 0000 0000 aaaa bbbb one', 'ov overlaps op'),
    ('hidden row', 'ordered\nop A 0000 0000 aaaa bbbb one\nov Z 0000 0000 0000 0000 one\nend',
     'ov is hidden by op'),
    ('twice', 'op A 0000 0000 aaaa bbbb one\nop A 0000 0001 aaaa bbbb one', 'op is there twice'),
    ('ordered left open', 'ordered\nop A 0000 0000 aaaa bbbb one', '"ordered" without "end"'),
    ('end without ordered', 'end', '"end" without "ordered"'),
    ('operand that is no field', 'op A 0000 0000 aaaa bbbb one "{q}"', 'operand {q} is no field'),
    ('handler of two kinds', 'op A 0000 0000 aaaa bbbb one => h\noq Z 1000 0000 0000 0000 one => h',
     'handler h takes A, not Z'),
    ('bit named twice', 'args B x=a[3|3:1] ""', 'names a bit twice'),
    ('malformed field', 'args B x=a3 ""', 'malformed field "x=a3"'),
    ('base that is not there', 'args B as C x=a[3:0] ""', 'no args "C"'),
    ('field that does not fit', 'args B as A x=a[3:0]:signed ""', 'field "x" does not fit into A'),
    ('unused args',
     'args B x=a[3:0] ""\nop A 0000 0000 aaaa bbbb one\noz Z 1000 0000 0000 0000 one',
     'args "B" are not used'),
    ('no section', 'decoder other 32', None),
    ('decoder of two widths', 'decoder insn 32', 'decoder insn has 16 bits elsewhere'),
]
NONZERO = '''args N x=a[3:0]:nonzero y=b[3:0] ""
op A 0000 0000 aaaa bbbb one
ov N 0001 0000 aaaa bbbb one
oz Z 0001 0000 0000 0001 one
'''
SECTION_LESS = HEAD.replace('section S\n', 'op A 0000 0000 aaaa bbbb one\n')
GOOD = HEAD + '''
add    A 0000 0001 aaaa bbbb -
ordered
halt   Z 0000 0010 0000 0000 one
sub    A 0000 0010 aaaa bbbb one
end
mul    A 0000 0010 aaaa bbbb two => add "{y}\\t{x}"
absent div A 0000 0100 aaaa bbbb -
add/both A 0000 1000 aaaa bbbb - "{@both}, {x}"
'''


def run(program, table, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'table.decode')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(table)
        done = subprocess.run([sys.executable, program, *options, path], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stderr


def check(results, name, good, why=''):
    results.append(good)
    print(f'{"ok" if good else "not ok"} {len(results)} {name}')
    if not good:
        print(f'# {why}')


def golden(program, folder, results):
    """The header, the decoder and the coverage list of GOOD, byte for byte."""
    with tempfile.TemporaryDirectory() as out:
        names = ('table.h', 'table-insn.c', 'coverage.txt')
        paths = [os.path.join(out, name) for name in names]
        code, errors = run(program, GOOD, '--include', 'table.h', '--header', paths[0], '--source',
                           'insn', paths[1], '--coverage', paths[2])
        check(results, 'good table', code == 0, errors)
        for name, path in zip(names, paths):
            with open(path, encoding='utf-8') as file:
                got = file.read()
            with open(os.path.join(folder, name + '.golden'), encoding='utf-8') as file:
                check(results, f'golden {name}', file.read() == got, got.replace('\n', '\n# '))


def main():
    program, folder = sys.argv[1:3]
    results = []
    for name, lines, message in BAD:
        if message is None:
            lines += '\nop A 0000 0000 aaaa bbbb one'
            message = 'is not 32 bits wide'
        code, errors = run(program, HEAD + lines + '\n')
        check(results, name, code == 1 and message in errors, errors)
    code, errors = run(program, HEAD + NONZERO)
    check(results, 'a field that must not be 0 beside zeros', code == 0, errors)
    code, errors = run(program, SECTION_LESS)
    check(results, 'row without a section', code == 1 and 'without a section' in errors, errors)
    golden(program, folder, results)
    print(f'1..{len(results)}')
    sys.exit(0 if all(results) else 1)


if __name__ == '__main__':
    main()
