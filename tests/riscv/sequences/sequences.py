#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random sequences of instructions under qemu-riscv64, user mode, and on a bare board of the
emulator under test.

sequences.py [--xlen 32] [--seed N] [--number N] [--chunk N] [--cases N] [--backends A:B] [--linux]
             [--keep FOLDER] -- EMULATOR ARGUMENT...

The program makes the sequences itself (sequences.c), --chunk of them in one run, each with registers
and memory of --cases kinds; the next run has the next seed. --backends runs it once for each `-accel
tcg,backend=...`; `all` stands for those that there are. With --linux it is a program under Debian's
kernel. A difference is narrowed down to one sequence, which is shown with what differs after it.
"""
import argparse
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), 'boot'))
import guest  # pylint: disable=wrong-import-position

CC = 'riscv64-unknown-elf-gcc'
OBJDUMP = 'riscv64-unknown-elf-objdump'
ABI = {32: 'ilp32', 64: 'lp64'}
TABLE = 'imafdc_zicsr_zifencei_zba_zbb_zbc_zbs_zfh'
FLAGS = ['-O2', '-mcmodel=medany', '-nostdlib', '-static', '-ffreestanding', '-fno-pic',
         '-fno-stack-protector', '-mno-relax', '-Wl,--build-id=none',
         '-Wl,--no-warn-rwx-segments', '-Wl,-T,' + os.path.join(HERE, 'link.ld')]
PROPERTIES = 'zba=true,zbb=true,zbc=true,zbs=true,Zfh=true'
MAGIC = struct.pack('<QQ', 0x5145534551554551, 0x53414d4150534e45)
EACH = 1000  # sequences for each line of output


class Programs:
    """The two programs, and copies of them with other parameters."""

    def __init__(self, folder, xlen):
        self.folder, self.xlen = folder, xlen
        self.table = os.path.join(folder, 'sequences.o')
        subprocess.run([CC, '-c', f'-march=rv{xlen}{TABLE}', '-mabi=' + ABI[xlen], '-mno-relax',
                        os.path.join(HERE, 'sequences.S'), '-o', self.table], check=True)
        self.images = {start: self.build(start) for start in ('linux', 'bare')}

    def build(self, start):
        out = os.path.join(self.folder, start)
        files = ['sequences.c', '../../bare/common.c', f'../start-{start}.S']
        subprocess.run([CC, f'-march=rv{self.xlen}imac', '-mabi=' + ABI[self.xlen], *FLAGS,
                        *(os.path.join(HERE, name) for name in files), self.table, '-lgcc',
                        '-o', out], check=True)
        with open(out, 'rb') as f:
            return f.read()

    def with_parameters(self, start, *words):
        """A program file; @words: seed, first, n, cases, each, dump."""
        image = self.images[start]
        at = image.index(MAGIC) + len(MAGIC)
        new = struct.pack('<6Q', *words)
        out = os.path.join(self.folder, start + '-ready')
        with open(out, 'wb') as f:
            f.write(image[:at] + new + image[at + len(new):])
        os.chmod(out, 0o755)
        return out


def run(command):
    """The lines that came; the last says how it ended when that was not well."""
    result = guest.run(command, 1500)
    return finish(result)


def finish(result):
    lines = result.output.splitlines()
    if result.status != 0 or not lines or lines[-1] != 'end':
        lines += result.errors.splitlines() + [f'ended with status {result.status}']
    return lines


class Sides:
    """The reference and the emulator under test, with the same parameters."""

    def __init__(self, programs, options):
        self.programs, self.options = programs, options

    def reference(self, *words):
        xlen = self.options.xlen
        return run([f'qemu-riscv{xlen}', '-cpu', f'rv{xlen},{PROPERTIES}',
                    self.programs.with_parameters('linux', *words)])

    def tested(self, backend, *words):
        emulator = list(self.options.emulator)
        if backend:
            emulator += ['-accel', 'tcg,backend=' + backend]
        if self.options.linux:
            program = self.programs.with_parameters('linux', *words)
            return finish(guest.run_in_guest(emulator, '/sequences', 900,
                                             files=[program + ':/sequences']))
        return run(emulator + ['-kernel', self.programs.with_parameters('bare', *words)])


def first_difference(expected, got):
    for number, line in enumerate(expected):
        if number >= len(got) or got[number] != line:
            return number
    return None if len(got) == len(expected) else len(expected)


def disassemble(lines, folder, xlen):
    """The sequence, from the dump's lines of it."""
    halves = [line.split() for line in lines if line.startswith(('leaf ', 'code '))]
    path = os.path.join(folder, 'sequence')
    with open(path, 'wb') as f:
        f.write(b''.join(struct.pack('<H', int(half[2], 16)) for half in halves))
    done = subprocess.run([OBJDUMP, '-D', '-b', 'binary', '-m', f'riscv:rv{xlen}', '-M', 'no-aliases',
                           path], stdout=subprocess.PIPE, text=True, check=True)
    begin = next((half[1].lstrip('0') or '0' for half in halves if half[0] == 'code'), '0')
    return [f'begins at {begin}'] + [line for line in done.stdout.splitlines() if '\t' in line]


def show_difference(sides, backend, seed, at, options):
    """Narrow it down: @at is the number of the first line that differs."""
    first, n = at * EACH, EACH
    words = (seed, first, n, options.cases, 1, 0)
    expected, got = sides.reference(*words), sides.tested(backend, *words)
    one = first_difference(expected, got)
    if one is None or one >= n:
        print(f'# sequences {first} to {first + n - 1} by themselves: '
              f'{"no difference" if one is None else got[-3:]}')
        return
    words = (seed, first + one, 1, options.cases, 1, 1)
    expected, got = sides.reference(*words), sides.tested(backend, *words)
    print(f'# seed {seed}, sequence {first + one}:')
    for line in disassemble(expected, sides.programs.folder, options.xlen):
        print('#   ' + line)
    at = first_difference(expected, got)
    if at is None:
        print('#   by itself it makes no difference')
    for number, line in enumerate(expected):
        other = got[number] if number < len(got) else 'nothing'
        if line != other:
            print(f'#   expected {line}\n#   got      {other}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--xlen', type=int, default=64, choices=(32, 64))
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--number', type=int, default=10000, help='sequences in all')
    parser.add_argument('--chunk', type=int, default=100000, help='sequences in one run')
    parser.add_argument('--cases', type=int, default=2, help='registers and memory for each')
    parser.add_argument('--backends', help='interp:jit, or all')
    parser.add_argument('--linux', action='store_true', help='as a program under Linux')
    parser.add_argument('--keep', help='folder for the programs, instead of a temporary one')
    parser.add_argument('emulator', nargs='+')
    options = parser.parse_args()
    backends = options.backends.split(':') if options.backends else [None]
    if options.backends == 'all':
        backends = guest.backends(options.emulator[0])
    tap = guest.Tap()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        os.makedirs(folder, exist_ok=True)
        sides = Sides(Programs(folder, options.xlen), options)
        left, seed = options.number, options.seed
        while left > 0:
            n = min(left, options.chunk)
            words = (seed, 0, n, options.cases, EACH, 0)
            expected = sides.reference(*words)
            for backend in backends:
                got = sides.tested(backend, *words)
                at = first_difference(expected, got)
                good = tap.check(at is None and expected[-1] == 'end', f'{n} sequences, seed {seed}' +
                                 (f', {backend}' if backend else ''))
                if not good and at is not None:
                    print(f'#   expected {expected[at] if at < len(expected) else "no more"}')
                    print(f'#   got      {got[at] if at < len(got) else "no more"}; {got[-1]}')
                    show_difference(sides, backend, seed, at, options)
            left, seed = left - n, seed + 1
        return tap.end()


if __name__ == '__main__':
    sys.exit(main())
