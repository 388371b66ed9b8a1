#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the disassembler with binutils' on encodings made from every row of the tables.

usage: compare-objdump.py GEN_DECODE DISAS_FILE OBJDUMP TABLE...

binutils' text is taken without aliases, or with them where it has another name only then (hints,
barriers). Encodings that it calls undefined are counted; rows of which it knows none are an error.
"""

import collections
import random
import re
import sys
import tempfile

import listing

ROUNDS = 24


def encodings(row, rng):
    """Random words of @row that its own conditions allow; ignored bits are ones."""
    for _ in range(ROUNDS):
        word = row.match | rng.getrandbits(32) & ~row.mask
        for i, char in enumerate(row.picture):
            if char == '.':
                word |= 1 << (31 - i)
        for field in row.args.fields:
            if field.letter and field.nonzero:
                bits = row.letters[field.letter]
                if not any(word >> bit & 1 for bit in bits):
                    word |= 1 << bits[0]
        yield word


def normal(text):
    """Numbers in one form, and system registers by their numbers."""
    if text.startswith(('msr s', 'mrs ', 'msr ')) and not re.search(r', #', text):
        return re.sub(r'(?<![wx\d])\b(?![wx]\d+\b|[wx]zr\b|m[sr])[a-z]\w+', 'REG', text)
    text = re.sub(r'0x([0-9a-f]+)', lambda m: str(int(m[1], 16)), text)
    text = re.sub(r'#?-(\d+)', lambda m: str(-int(m[1]) & (1 << 64) - 1), text)
    return re.sub(r'\s+', ' ', text.replace('#', '')).strip()


def main():
    table = listing.read_tables(sys.argv[1], sys.argv[4:])
    rng = random.Random(1)
    words = [(row, word) for decoder in table.decoders.values() for row in decoder.rows
             for word in encodings(row, rng)]
    with tempfile.NamedTemporaryFile() as file:
        file.write(b''.join(word.to_bytes(4, 'little') for _, word in words))
        file.flush()
        command = [sys.argv[3], '-D', '-z', '-b', 'binary', '-m', 'aarch64', file.name]
        plain = listing.objdump(*command, '-M', 'no-aliases')
        alias = listing.objdump(*command)
        mine = listing.ours(sys.argv[2], file.name)
    wrong = unknown = 0
    known = collections.Counter()
    for i, (row, word) in enumerate(words):
        a, texts = mine.get(4 * i, 'nothing'), (plain.get(4 * i, ''), alias.get(4 * i, ''))
        known[row.name] += 0
        if re.match(r'(\.|nothing|undefined|$)', texts[0]):
            unknown += 1
            continue
        known[row.name] += 1
        if normal(a) not in [normal(text) for text in texts]:
            print(f'{row.name} {word:08x}: "{a}", objdump says "{texts[0]}" or "{texts[1]}"')
            wrong += 1
    for name, n in known.items():
        if n == 0:
            print(f'{name}: objdump knows no encoding of it')
            wrong += 1
    print(f'{len(words)} encodings, {unknown} undefined for objdump, {wrong} differ')
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
