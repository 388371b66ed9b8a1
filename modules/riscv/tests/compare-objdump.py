#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the disassembler with binutils' on encodings made from every row of the tables.

usage: compare-objdump.py GEN_DECODE DISAS_FILE OBJDUMP AS TABLE...

What a binutils of that age does not know is counted; the rows it may not know are listed below, so
that a row which is wrong cannot hide among them.
"""

import random
import re
import subprocess
import sys
import tempfile

import listing

# Ratified after binutils 2.40, or without a name there.
NEWER = re.compile(r'(ntl\.|c\.(lbu|lhu|lh|sb|sh|zext|sext|not|mul)|amocas|fli|fminm|fmaxm|fround|'
                   r'vandn|vbrev|vrev8|vclz|vctz|vcpop\.v|vro[lr]|vwsll|vclmul|fleq|fltq|fcvtmod|fmvh|fmvp|mop|c\.mop|czero|wrs|'
                   r'fcvt\.(bf16\.s|s\.bf16|d\.(wu?|s|h)|s\.h) )')
EXTENSIONS = ('imafdcvh_zicbom_zicbop_zicboz_zicsr_zifencei_zihintpause_zfh_zba_zbb_zbc_zbs_'
              'svinval')
ROUNDS = 40


def encodings(row, rng):
    """Random words of @row that its own conditions allow."""
    for _ in range(ROUNDS):
        word = row.match | rng.getrandbits(len(row.picture)) & ~row.mask
        for i, char in enumerate(row.picture):
            if char == '.':
                word &= ~(1 << (len(row.picture) - 1 - i))
        # Of two fields from one letter the one with a condition counts.
        letters = {f.letter: f for f in sorted(row.args.fields, key=lambda f: f.nonzero)
                   if f.letter}
        for letter, bits in row.letters.items():
            value = [word >> bit & 1 for bit in bits]
            field = letters[letter]
            if field.nonzero and not any(value):
                word |= 1 << bits[0]
            if field.printer == 'rm' and value[0]:  # 5 and 6 are reserved
                word |= sum(1 << bit for bit in bits)
        yield word


def objdump(program, assembler, words, width):
    """Through an ELF file, because its attributes tell objdump which extensions there are."""
    with tempfile.NamedTemporaryFile(suffix='.o') as elf:
        subprocess.run([assembler, f'-march=rv{width}{EXTENSIONS}', '-mno-arch-attr', '-o',
                        elf.name], input=f'.attribute arch, "rv{width}{EXTENSIONS}"\n' +
                       ''.join(f'.insn {len(row.picture) // 8}, {word:#x}\n'
                               for row, word in words),
                       check=True, text=True)
        return listing.objdump(program, '-d', '-z', '-M', 'no-aliases', elf.name)


def same(a, b):
    """Equal but for how numbers and CSRs are written. A shift by 0 has another name there, and
    c.nop has none."""
    b = 'c.nop' if b == 'c.addi zero,0' else b
    if a.startswith('csr'):
        a, b = (re.sub(r'^(\S+ \w+),\w+,', r'\1,', text) for text in (a, b))
    a, b = re.sub(r'^(c\.s\w+) (\w+),0x0$', r'\1 \2', a), re.sub(r'^(c\.s[lr][al]i)64 ', r'\1 ', b)

    def numbers(text):
        return re.sub(r'\b0x([0-9a-f]+)\b', lambda m: str(int(m[1], 16)), text)
    return numbers(a) == numbers(b)


def compare(table, width, programs, rng):
    rows = [row for decoder in table.decoders.values() for row in decoder.rows
            if any(f'rv{96 - width}' not in term for term in row.needs)]
    words = [(row, word) for row in rows for word in encodings(row, rng)]
    with tempfile.NamedTemporaryFile() as file:
        places = []
        at = 0
        for row, word in words:
            places.append(at)
            file.write(word.to_bytes(len(row.picture) // 8, 'little'))
            at += len(row.picture) // 8
        file.flush()
        theirs = objdump(programs[1], programs[2], words, width)
        mine = listing.ours(programs[0], str(width), file.name)
    wrong = unknown = 0
    for place, (row, word) in zip(places, words):
        a, b = mine.get(place, 'nothing'), theirs.get(place, 'nothing')
        if re.match(r'(\.|nothing|unimp|c\.unimp|0x)', b) or (NEWER.match(row.name + ' ') and
                                                      not b.startswith(row.name)):
            unknown += 1
            if not NEWER.match(row.name + ' '):
                print(f'rv{width} {row.name} {word:08x}: "{a}", objdump knows none: "{b}"')
                wrong += 1
        elif not same(a, b):
            print(f'rv{width} {row.name} {word:08x}: "{a}", objdump says "{b}"')
            wrong += 1
    print(f'rv{width}: {len(words)} encodings, {unknown} unknown to objdump, {wrong} differ')
    return wrong


def main():
    table = listing.read_tables(sys.argv[1], sys.argv[5:])
    rng = random.Random(1)
    sys.exit(1 if sum(compare(table, width, sys.argv[2:5], rng) for width in (32, 64)) else 0)


if __name__ == '__main__':
    main()
