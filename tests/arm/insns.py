#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random A64 instructions under qemu-aarch64, user mode, and on a bare board of the emulator under test.

insns.py [--seed N] [--sequences N] [--rows REGEX] [--each N] [--states N] [--chunk N] [--exclude FILE]
         [--backends A:B] [--keep FOLDER] [--kinds A,B] -- EMULATOR ARGUMENT...

Without --sequences each row of the decode tables is tested by itself: a line of TAP for each row. With
it, N sequences of one to six instructions of all rows. The program (driver.c) makes the instructions
itself; both sides run the same file at the same addresses. A difference is narrowed down to one
sequence, which is shown with what differs after it. EMULATOR ARGUMENT... takes `-kernel FILE`.
"""
import argparse
import glob
import importlib.util
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'boot'))
import guest  # pylint: disable=wrong-import-position

CC = 'aarch64-linux-gnu-gcc'
OBJDUMP = 'aarch64-linux-gnu-objdump'
FLAGS = ['-O2', '-nostdlib', '-static', '-ffreestanding', '-fno-pic', '-fno-stack-protector',
         '-mno-outline-atomics', '-Wl,--build-id=none', '-Wl,--no-warn-rwx-segments',
         '-Wl,-T,' + os.path.join(HERE, 'bare.ld')]
MAGIC = struct.pack('<QQ', 0x51454d5541524d36, 0x53414d5045534551)
PLAIN, BASE, BASE_ALIGNED, LITERAL, SKIP, LINK, BY_REGISTER = range(7)
# Rows that say something else on purpose, or end the program: exceptions, hints that wait, system
# registers but the flags', pointer authentication (keys are secret), random numbers.
SYSTEM = re.compile(r'^(mrs|msr|sys|sysl|tlbi|at|dc|ic|hint|wf[ei]|wfit|wfet|sev|sevl|yield|esb|svc|hvc|smc|brk|hlt|udf|'
                    r'dcps\d|eret\w*|drps|isb|pac\w*|aut\w*|xpac\w*|reta\w|bra\w*|blra\w*|ldra\w|'
                    r'rndrr?s?|chkfeat|tcommit|tstart|cfp|dvp|cpp|blr|bl|dgh|csdb|clrbhb|bti)(\W|_|$)')

# What qemu-aarch64 7.2 does otherwise than the manual. FCVTZS of a scalar half to fixed point leaves
# the sign above the 16 bits (C1.2.1: a scalar write zeroes the rest of the register); FJCVTZS sets Z
# for a subnormal number that FPCR.FZ flushes (J1.3, FPToFixedJS: Z is 0 for 0 with a fraction).
OTHERWISE = re.compile(r'^(fcvtzs/sfh|fjcvtzs)$')


def load_tables():
    spec = importlib.util.spec_from_file_location(
        'gen_decode', os.path.join(ROOT, 'modules', 'support', 'gen-decode.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table = module.Table()
    folder = os.path.join(ROOT, 'modules', 'arm', 'decode')
    files = sorted(glob.glob(os.path.join(folder, '*.decode')))
    files.sort(key=lambda path: not path.endswith('common.decode'))
    for path in files:
        table.read(path)
    return [row for row in table.all_rows() if not row.absent]


def kind_of(row):
    """How the program must go about it, by the main encoding groups (Arm C4.1); None: not at all."""
    match, mask = row.match, row.mask
    if SYSTEM.match(row.name) and match & 0xff200400 == 0xf8200400:  # ldraa: as above, keys are secret
        return None
    if mask & 0x0a000000 == 0x0a000000 and match & 0x0a000000 == 0x08000000:  # loads and stores
        if match & 0x3b000000 == 0x18000000:
            return LITERAL
        exclusive = match & 0x3f000000 == 0x08000000
        atomic = match & 0x3b200c00 == 0x38200000 or match & 0x3f000000 == 0x19000000
        ordered = match & 0x3f200c00 == 0x38200000
        return BASE_ALIGNED if exclusive or atomic or ordered else BASE
    if SYSTEM.match(row.name) or OTHERWISE.match(row.name) or match & 0xffe00000 in (0xd4000000, 0xd4200000):
        return None
    if match & 0x1c000000 == 0x14000000:
        if match & 0xfe000000 == 0xd6000000:
            return BY_REGISTER
        if match & 0xffc00000 == 0xd5000000:  # system: what names no register is harmless
            return PLAIN if re.match(r'(cfinv|axflag|xaflag|nop|dmb|dsb|clrex)', row.name) else None
        return SKIP
    return PLAIN


class Program:
    def __init__(self, folder, rows):
        self.folder = folder
        self.rows = rows
        source = os.path.join(folder, 'rows.S')
        with open(source, 'w', encoding='ascii') as f:
            f.write('    .section .rodata\n    .globl rows, n_rows\n    .balign 8\nrows:\n')
            for row, kind in rows:
                weight = 8 if kind == PLAIN else 4
                f.write(f'    .word {row.match:#x}, {row.mask:#x}, {kind}, {weight}\n')
            f.write(f'    .balign 8\nn_rows: .quad {len(rows)}\n')
        out = os.path.join(folder, 'program')
        subprocess.run([CC, *FLAGS, os.path.join(HERE, 'driver.c'), os.path.join(HERE, 'start.S'),
                        os.path.join(ROOT, 'tests', 'bare', 'common.c'), source, '-o', out], check=True)
        with open(out, 'rb') as f:
            self.image = f.read()

    def ready(self, *words):
        """A copy with these in config: seed, first, n, each, states, single, dump, only."""
        at = self.image.index(MAGIC) + len(MAGIC)
        new = struct.pack(f'<{len(words)}Q', *words)
        out = os.path.join(self.folder, 'ready')
        with open(out, 'wb') as f:
            f.write(self.image[:at] + new + self.image[at + len(new):])
        os.chmod(out, 0o755)
        return out


def run(command):
    result = guest.run(command, 1500)
    lines = result.output.replace('\r', '').splitlines()
    if result.status != 0 or not lines or lines[-1] != 'end':
        lines += result.errors.splitlines() + [f'ended with status {result.status}']
    return lines


class Sides:
    def __init__(self, program, options):
        self.program, self.options = program, options

    def reference(self, *words):
        return run([self.options.reference, '-cpu', 'max', self.program.ready(*words)])

    def tested(self, backend, *words):
        emulator = list(self.options.emulator)
        if backend:
            emulator += ['-accel', 'tcg,backend=' + backend]
        return run(emulator + ['-kernel', self.program.ready(*words)])


def first_difference(expected, got):
    for number, line in enumerate(expected):
        if number >= len(got) or got[number] != line:
            return number
    return None if len(got) == len(expected) else len(expected)


def disassemble(lines, folder):
    path = os.path.join(folder, 'sequence')
    with open(path, 'wb') as f:
        for line in lines:
            if line.startswith('code '):
                f.write(struct.pack('<I', int(line.split()[1], 16)))
    done = subprocess.run([OBJDUMP, '-D', '-b', 'binary', '-m', 'aarch64', path],
                          stdout=subprocess.PIPE, text=True, check=True)
    return [line for line in done.stdout.splitlines() if '\t' in line]


def registers_of(lines):
    """Which registers a sequence names, so that only they are shown of the state before."""
    return set(re.findall(r'\b[a-z]+(\d+)\b', ' '.join(line.split('\t', 2)[-1] for line in lines)))


def show_difference(sides, backend, seed, group, options, single):
    words = (seed, group, 1, options.each, options.states, single)
    expected, got = sides.reference(*words, 1), sides.tested(backend, *words, 1)
    at = first_difference(expected, got)
    if at is None:
        print('#   by itself it makes no difference')
        return
    if at >= options.each * options.states:
        print(f'#   expected {expected[-2:]}\n#   got      {got[-2:]}')
        return
    expected, got = sides.reference(*words, 2 + at), sides.tested(backend, *words, 2 + at)
    insns = disassemble(expected, sides.program.folder)
    print(f'# seed {seed}, group {group}, case {at}{", " + backend if backend else ""}:')
    for line in insns:
        print('#   ' + line)
    named = registers_of(insns)
    for line in expected:
        found = re.match(r'before (?:[xv]0?(\d+)|(\w+)) ', line)
        if found and (found.group(2) or found.group(1) in named):
            print('#   ' + line)
    def named_lines(lines):
        return {line.rsplit(' ', 2 if 'v' in line[:8] else 1)[0]: line for line in lines}

    ours, theirs = named_lines(got), named_lines(expected)
    different = [name for name in sorted(set(ours) | set(theirs)) if ours.get(name) != theirs.get(name)]
    for name in different[:12]:
        print(f'#   expected {theirs.get(name)}\n#   got      {ours.get(name)}')


class Tap:
    """Numbers go on from one backend to the next."""

    def __init__(self, most):
        self.number = self.bad = self.shown = 0
        self.most = most

    def check(self, good, name):
        self.number += 1
        self.bad += not good
        print(f'{"ok" if good else "not ok"} {self.number} {name}', flush=True)

    def may_show(self):
        self.shown += 1
        return self.shown <= self.most


def by_row(tap, sides, backend, options):
    rows = sides.program.rows
    words = (options.seed, 0, len(rows), options.each, options.states, 1)
    expected, got = sides.reference(*words), sides.tested(backend, *words)
    label = ' under ' + backend if backend else ''
    for number, (row, _kind) in enumerate(rows):
        good = number < len(got) and number < len(expected) and got[number] == expected[number]
        tap.check(good, row.name + label)
        if not good and tap.may_show():
            show_difference(sides, backend, options.seed, number, options, 1)
    tap.check(expected[-1] == got[-1] == 'end', 'both ran to the end' + label)
    if got[-1] != 'end' or expected[-1] != 'end':
        print(f'#   expected {expected[-2:]}\n#   got      {got[-2:]}')


def by_sequence(tap, sides, backend, options):
    label = ' under ' + backend if backend else ''
    done, seed = 0, options.seed
    while done < options.sequences:
        n = max(1, min(options.chunk, options.sequences - done) // options.each)
        words = (seed, 0, n, options.each, options.states, 0)
        expected, got = sides.reference(*words), sides.tested(backend, *words)
        at = first_difference(expected, got)
        tap.check(at is None and expected[-1] == 'end',
                  f'{n * options.each} sequences, seed {seed}{label}')
        if at is not None:
            if tap.may_show():
                show_difference(sides, backend, seed, at, options, 0)
            if got[-1] != 'end':
                print(f'#   got      {got[-2:]}')
        done += n * options.each
        seed += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--sequences', type=int, default=0)
    parser.add_argument('--rows', default='', help='only rows that match, by name')
    parser.add_argument('--without', default='^$', help='not those that match')
    parser.add_argument('--each', type=int, default=0, help='sequences of a group')
    parser.add_argument('--states', type=int, default=0, help='register sets of each')
    parser.add_argument('--chunk', type=int, default=200000, help='sequences in one run')
    parser.add_argument('--shown', type=int, default=5, help='differences that are shown in full')
    parser.add_argument('--backends', help='interp:jit, or all')
    parser.add_argument('--reference', default='qemu-aarch64')
    parser.add_argument('--keep', help='folder for the program, instead of a temporary one')
    parser.add_argument('emulator', nargs='+')
    options = parser.parse_args()
    options.each = options.each or (64 if options.sequences else 16)
    options.states = options.states or (1 if options.sequences else 8)
    tap = Tap(options.shown)
    print('TAP version 13')
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        os.makedirs(folder, exist_ok=True)
        rows = [(row, kind_of(row)) for row in load_tables() if re.search(options.rows, row.name) and
                not re.search(options.without, row.name)]
        program = Program(folder, [(row, kind) for row, kind in rows if kind is not None])
        sides = Sides(program, options)
        backends = options.backends.split(':') if options.backends else [None]
        if options.backends == 'all':
            backends = guest.backends(options.emulator[0])
        for backend in backends:
            (by_sequence if options.sequences else by_row)(tap, sides, backend, options)
    print(f'1..{tap.number}')
    return 1 if tap.bad else 0


if __name__ == '__main__':
    sys.exit(main())
