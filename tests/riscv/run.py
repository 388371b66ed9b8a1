#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same program under qemu-riscv64, user mode, and on a bare board of the emulator under test.

run.py [--xlen 32] [--seed N] [--keep FOLDER] [--linux] [--backends A:B] -- EMULATOR ARGUMENT...

--backends runs it once for each `-accel tcg,backend=...`; `all` stands for those that there are.
With --linux it is a program under Debian's kernel instead, in user mode and paged memory.

One line of TAP for each instruction. For one that differs, the operands and both results of the
first differing case are shown. EMULATOR ARGUMENT... is a command that takes `-kernel FILE`, e.g.
  qemu-host -M virt -cpu max -bios none -nographic
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'boot'))
import guest  # pylint: disable=wrong-import-position

CC = 'riscv64-unknown-elf-gcc'
ABI = {32: 'ilp32', 64: 'lp64'}
EXTENSIONS = 'imafdc_zicsr_zifencei_zba_zbb_zbc_zbs_zfh'
FLAGS = ['-mcmodel=medany', '-nostdlib', '-static', '-ffreestanding', '-O1', '-fno-pic',
         '-fno-stack-protector', '-mno-relax', '-Wl,--build-id=none', '-ffixed-x26', '-ffixed-x27',
         '-Wl,--no-warn-rwx-segments']
PROPERTIES = 'zba=true,zbb=true,zbc=true,zbs=true,Zfh=true'
SHOWN = 5  # differences that are shown in full


class Programs:
    """Builds the variants of the program in one folder."""

    def __init__(self, folder, options):
        xlen = options.xlen
        self.folder = folder
        self.xlen = xlen
        self.linux = options.linux
        self.insns = os.path.join(folder, 'insns.o')
        source = os.path.join(folder, 'insns.S')
        with open(source, 'w', encoding='ascii') as f:
            subprocess.run([sys.executable, os.path.join(HERE, 'generate.py'), '--xlen', str(xlen),
                            '--seed', str(options.seed)] +
                           (['--user'] if options.linux else []), stdout=f, check=True)
        subprocess.run([CC, '-c', f'-march=rv{xlen}{EXTENSIONS}', '-mabi=' + ABI[xlen],
                        '-mno-relax', source, '-o', self.insns], check=True)

    def build(self, name, start, *options):
        out = os.path.join(self.folder, name)
        subprocess.run([CC, f'-march=rv{self.xlen}imac', '-mabi=' + ABI[self.xlen]] + FLAGS +
                       list(options) + [os.path.join(HERE, 'driver.c'), os.path.join(HERE, '..', 'bare', 'common.c'),
                                        os.path.join(HERE, start),
                                        self.insns, '-lgcc', '-o', out], check=True)
        return out

    def reference(self, *options):
        program = self.build('linux', 'start-linux.S', '-DMODEL', *options)
        return run([f'qemu-riscv{self.xlen}', '-cpu', f'rv{self.xlen},{PROPERTIES}', program])

    def tested(self, emulator, *options):
        if self.linux:
            program = self.build('native', 'start-linux.S', *options)
            result = guest.run_in_guest(emulator, '/insns', 280, files=[program + ':/insns'])
            return finish(emulator, result.output, result.errors, result.status)
        program = self.build('bare', 'start-bare.S', '-Wl,-T,' + os.path.join(HERE, 'bare.ld'),
                             *options)
        return run(emulator + ['-kernel', program])


def finish(command, text, errors, status):
    """The lines of @text; ends with a line that says so if @command did not end well."""
    for line in errors.splitlines():
        print('# ' + line)
    lines = text.replace('\r', '').splitlines()
    if status != 0 or not lines or lines[-1] != 'end':
        print(f'# {command[0]}: status {status}, last line "{lines[-1] if lines else ""}"')
        lines.append(f'ended: status {status}')
    return lines


def run(command):
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=300, check=False)
        text, errors, status = result.stdout, result.stderr, result.returncode
    except subprocess.TimeoutExpired as error:
        text, errors, status = error.stdout or b'', b'', 'none within 300 s'
    return finish(command, text.decode(errors='replace'), errors.decode(errors='replace'), status)


def show_difference(programs, emulator, number):
    option = f'-DDUMP={number}'
    expected = programs.reference(option)
    got = programs.tested(emulator, option)
    different = [(e, g) for e, g in zip(expected, got) if e != g]
    print(f'#   function {number}: {len(different)} of {len(expected) - 2} cases differ')
    for e, g in different[:3]:
        print(f'#   expected {e}\n#   got      {g}')


def compare(expected, got):
    """Function numbers by name; and those whose line is not what is expected."""
    names, bad = {}, {}
    got_lines = dict((line.split(' ')[0], line) for line in got if line.count(' ') >= 2)
    for line in expected:
        if line.count(' ') < 2 or line.startswith('ended'):
            continue
        number, _, name = line.split(' ', 2)
        names.setdefault(name, []).append(int(number, 16))
        if got_lines.get(number) != line:
            bad.setdefault(name, []).append(int(number, 16))
    return names, bad


class Tap:
    """Numbers go on from one backend to the next."""

    def __init__(self):
        self.number = self.bad = self.shown = 0

    def check(self, good, name):
        self.number += 1
        self.bad += not good
        print(f'{"ok" if good else "not ok"} {self.number} {name}', flush=True)


def one_program(tap, programs, options, backend, expected):
    emulator = options.emulator + (['-accel', 'tcg,backend=' + backend] if backend else [])
    label = ' under ' + backend if backend else ''
    got = programs.tested(emulator)
    names, bad = compare(expected, got)
    complete = expected[-1] == got[-1] == 'end'
    for name in names:
        tap.check(name not in bad, name + label)
        if name in bad and tap.shown < SHOWN and complete:
            tap.shown += 1
            print(f'# {name}, seed {options.seed}{label}')
            show_difference(programs, emulator, bad[name][0])
    tap.check(complete, 'both ran to the end' + label)


def backends_of(options):
    if options.backends == 'all':
        return guest.backends(options.emulator[0])
    return options.backends.split(':') if options.backends else [None]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--xlen', type=int, default=64, choices=(32, 64))
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--backends', help='interp:jit, or all')
    parser.add_argument('--linux', action='store_true', help='as a program under Linux')
    parser.add_argument('--keep', help='folder for the programs, instead of a temporary one')
    parser.add_argument('emulator', nargs='+')
    options = parser.parse_args()
    tap = Tap()
    print('TAP version 13')
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        os.makedirs(folder, exist_ok=True)
        programs = Programs(folder, options)
        expected = programs.reference()
        for backend in backends_of(options):
            one_program(tap, programs, options, backend, expected)
    print(f'1..{tap.number}')
    return 1 if tap.bad else 0


if __name__ == '__main__':
    sys.exit(main())
