#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that are hard on an emulator, under every backend; their checksums must be the same.

torture.py [--minutes N] [--rounds N] [--smp-rounds N] [--harts N] [--seed N] [--lockstep N]
           HOST [ARGUMENT...]
torture.py --long N [--seed N] HOST [ARGUMENT...]

single.c, one hart: self-modifying and page-crossing code, rights of pages that flip, address spaces,
big pages, accessed and dirty bits, arithmetic, under 10,000 timer interrupts a second. Also compared
with Debian's qemu-system-riscv64 when that is installed. smp.c: atomics, code and page tables changed
under other harts, litmus tests. With --minutes the programs run again with other seeds until the time
is up. With --long one guest runs single.c without an end under compiled code for N minutes and says
its checksum all the time; then another one runs as many rounds under the interpreter and must say the
same.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), 'boot'))
import guest  # pylint: disable=wrong-import-position

CC = ['riscv64-unknown-elf-gcc', '-march=rv64imafdc_zicsr_zifencei', '-mabi=lp64d',
      '-mcmodel=medany', '-nostdlib', '-static', '-ffreestanding', '-O2', '-fno-pic',
      '-ffp-contract=off', '-Wall', '-Wextra', '-Wl,--build-id=none',
      '-Wl,--no-warn-rwx-segments', '-Wl,-T,' + os.path.join(HERE, 'link.ld')]
MACHINE = ['-M', 'virt', '-bios', 'none', '-display', 'none', '-serial', 'stdio']


def build(folder, program, **defines):
    out = os.path.join(folder, program)
    subprocess.run(CC + ['-D%s=%d' % pair for pair in defines.items()] +
                   [os.path.join(HERE, name) for name in (program + '.c', 'common.c', 'start.S')] +
                   ['-lgcc', '-o', out], check=True)
    return out


def run(command, limit):
    """The lines that came; the last says how it ended when that was not well."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=limit, check=False)
        text, errors, status = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as error:
        text, errors, status = error.stdout or b'', error.stderr or b'', 'none after %d s' % limit
    lines = (text.decode(errors='replace') + errors.decode(errors='replace')).splitlines()
    if status != 0 or 'end' not in lines:
        lines.append('ended with status %s' % status)
    return lines


def run_for(command, seconds):
    """The whole lines that came in that time."""
    with tempfile.TemporaryFile() as out:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT) as process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        out.seek(0)
        return out.read().decode(errors='replace').rpartition('\n')[0].splitlines()


class Torture:
    def __init__(self, options):
        self.options = options
        self.number = self.bad = 0
        self.backends = guest.backends(options.host[0])
        if len(self.backends) > 1 and options.lockstep:
            self.backends.append('jit,jit-threshold=0,lockstep=%d' % options.lockstep)

    def check(self, good, name, lines=()):
        self.number += 1
        self.bad += not good
        print('%sok %d - %s' % ('' if good else 'not ', self.number, name), flush=True)
        for line in () if good else lines:
            print('# ' + line, flush=True)

    def command(self, backend, harts, program):
        return [*self.options.host, '--load-target=riscv64', '-accel', 'tcg,backend=' + backend,
                '-smp', str(harts), *MACHINE, '-kernel', program]

    def compare(self, name, runs):
        """@runs: (what, command). The first is what the others are compared with."""
        expected = None
        for what, command in runs:
            start = os.times()
            lines = run(command, self.options.limit)
            end = os.times()
            good = any(line.startswith('checksum') for line in lines) and 'ticks came' in lines \
                and lines[-1] == 'end' and (expected is None or lines == expected)
            expected = expected or lines
            self.check(good, '%s, %s' % (name, what), ['expected:'] + expected + ['got:'] + lines)
            print('# %.1f s of CPU' % (end.children_user + end.children_system -
                                       start.children_user - start.children_system), flush=True)

    def long(self, folder):
        """Compiled code for a time, then the interpreter for as many rounds."""
        options, start = self.options, os.times()
        program = build(folder, 'single', ROUNDS=1 << 40, EVERY=100, SEED=options.seed)
        lines = run_for(self.command('jit', 1, program), options.long * 60)
        middle = os.times()
        rounds = [line for line in lines if line.startswith('round ')]
        good = len(rounds) > 10 and rounds == lines
        last = int(rounds[-1].split()[1], 16) if rounds else 0
        self.check(good, 'one guest for %g minutes: %d rounds' % (options.long, last), lines[-20:])
        print('# %.1f s of CPU' % (middle.children_user - start.children_user), flush=True)
        program = build(folder, 'single', ROUNDS=last + 1, EVERY=100, SEED=options.seed)
        expected = run(self.command('interp', 1, program), None)
        print('# %.1f s of CPU' % (os.times().children_user - middle.children_user), flush=True)
        different = [pair for pair in zip(rounds, expected) if pair[0] != pair[1]]
        self.check(not different and expected[len(rounds):][:1] != [] and expected[-1] == 'end' and
                   expected[len(rounds)].startswith('checksum'),
                   '%d checksums as under the interpreter' % len(rounds),
                   ['%s, expected %s' % pair for pair in different[:3]] + expected[-5:])

    def round(self, folder, seed):
        options = self.options
        program = build(folder, 'single', ROUNDS=options.rounds, SEED=seed)
        runs = [(backend, self.command(backend, 1, program)) for backend in self.backends]
        runs += [('deterministic, ' + backend, [*self.command(backend, 1, program), '-icount', 'shift=2'])
                 for backend in self.backends if 'lockstep' not in backend]
        if shutil.which('qemu-system-riscv64'):
            runs.append(('qemu', ['qemu-system-riscv64', *MACHINE, '-kernel', program]))
        self.compare('single, seed %d' % seed, runs)
        program = build(folder, 'smp', ROUNDS=options.smp_rounds, HARTS=options.harts)
        self.compare('%d harts' % options.harts,
                     [(backend, self.command(backend, options.harts, program))
                      for backend in self.backends])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--minutes', type=float, default=0)
    parser.add_argument('--long', type=float, default=0, help='minutes')
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--smp-rounds', type=int, default=3)
    parser.add_argument('--harts', type=int, default=2)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--lockstep', type=int, default=16, help='0: no run in lockstep')
    parser.add_argument('--limit', type=int, default=100, help='seconds for one run')
    parser.add_argument('host', nargs='+')
    options = parser.parse_args()
    torture = Torture(options)
    end = time.monotonic() + options.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        if options.long:
            torture.long(folder)
        else:
            torture.round(folder, options.seed)
        while time.monotonic() < end and not torture.bad:
            options.seed += 1
            torture.round(folder, options.seed)
    print('1..%d' % torture.number)
    return 1 if torture.bad else 0


if __name__ == '__main__':
    sys.exit(main())
