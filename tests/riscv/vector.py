#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Vector instructions with random operands, under qemu-riscv64 and on a bare board.

vector.py [--vlen N] [--xlen 32] [--seed N] [--each N] [--cases N] [--sequences N] [--only REGEX]
          [--keep FOLDER] [--backends A:B] [--linux] -- EMULATOR ARGUMENT...

Each instruction is written --each times with random registers and vtype, and run --cases times with
random register contents, vl, vstart, mask, rounding and memory; compared are all vector registers,
the CSRs, the scalar results, the memory, and whether it was an illegal instruction or a fault. One
line of TAP for each mnemonic. EMULATOR ARGUMENT... is as for run.py; vlen is added to its -cpu.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import run as plain  # pylint: disable=wrong-import-position
from run import guest  # pylint: disable=wrong-import-position

FP, MEMORY, STORE, INDEX, STRIDE, NO_SKIP, SAFE, KEEP = 1, 2, 4, 8, 16, 32, 64, 128

# Always with vstart = 0: qemu 7.2 leaves vstart as it was (moves of element 0, vslideup beyond vl), or
# remembers from an earlier run of the code whether it was 0 (the others).
START_0 = re.compile(r'vf?mv\.\w\.[sxf]$|vmv\dr|vslideup|vf?w?red|vms[bio]f|viota|vcpop|vfirst|vcompress')


def forms(names, suffixes, **more):
    """[(mnemonic, operands, shape)] for each name and suffix; {} in a name is where it goes."""
    return [(name.format(s) if '{}' in name else f'{name}.{s}', s, more)
            for name in names.split() for s in suffixes.split()]


# d, a: how much wider than SEW, as log2, the elements of vd and vs2 are; bits: vd is a mask.
INTEGER = (
    forms('vadd vand vor vxor vsll vsrl vsra vmseq vmsne vmsleu vmsle vsaddu vsadd vssrl vssra '
          'vrgather', 'vv vx vi') +
    forms('vsub vminu vmin vmaxu vmax vmsltu vmslt vssubu vssub vsmul vmul vmulh vmulhu vmulhsu '
          'vdivu vdiv vremu vrem vaaddu vaadd vasubu vasub', 'vv vx') +
    forms('vrsub vmsgtu vmsgt vslideup vslidedown', 'vx vi') +
    forms('vwaddu vwadd vwsubu vwsub vwmul vwmulu vwmulsu', 'vv vx', d=1) +
    forms('vwaddu vwadd vwsubu vwsub', 'wv wx', d=1, a=1) +
    forms('vnsrl vnsra vnclipu vnclip', 'wv wx wi', a=1) +
    forms('vmacc vnmsac vmadd vnmsub', 'vv vx', acc=True) +
    forms('vwmaccu vwmacc vwmaccsu', 'vv vx', acc=True, d=1) +
    forms('vwmaccus', 'vx', acc=True, d=1) +
    forms('vadc vmerge vmadc', 'vvm vxm vim') + forms('vsbc vmsbc', 'vvm vxm') +
    forms('vmadc', 'vv vx vi', nomask=True) + forms('vmsbc', 'vv vx', nomask=True) +
    forms('vmv.v', 'v x i') + forms('vslide1up vslide1down', 'vx') +
    forms('vzext vsext', 'vf2', a=-1) + forms('vzext vsext', 'vf4', a=-2) +
    forms('vzext vsext', 'vf8', a=-3) +
    forms('vredsum vredmaxu vredmax vredminu vredmin vredand vredor vredxor vwredsumu vwredsum',
          'vs', reduce=True) +
    forms('vmand vmnand vmandn vmxor vmor vmnor vmorn vmxnor', 'mm') +
    forms('vmsbf vmsif vmsof viota vid vcpop vfirst', 'm') + forms('vmv', 'x.s s.x') +
    forms('vrgatherei16', 'vv') + forms('vcompress', 'vm') + forms('vmv1r vmv2r vmv4r vmv8r', 'v'))
FLOAT = (
    forms('vfadd vfsub vfmul vfdiv vfmin vfmax vfsgnj vfsgnjn vfsgnjx vmfeq vmfne vmflt vmfle',
          'vv vf') + forms('vfrsub vfrdiv vmfgt vmfge vfslide1up vfslide1down', 'vf') +
    forms('vfwadd vfwsub vfwmul', 'vv vf', d=1) + forms('vfwadd vfwsub', 'wv wf', d=1, a=1) +
    forms('vfmacc vfnmacc vfmsac vfnmsac vfmadd vfnmadd vfmsub vfnmsub', 'vv vf', acc=True) +
    forms('vfwmacc vfwnmacc vfwmsac vfwnmsac', 'vv vf', acc=True, d=1) +
    forms('vfsqrt vfrsqrt7 vfrec7 vfclass', 'v') + forms('vfmerge', 'vfm') +
    forms('vfmv.v', 'f') + forms('vfmv', 'f.s s.f') +
    forms('vfcvt.xu.f vfcvt.x.f vfcvt.rtz.xu.f vfcvt.rtz.x.f vfcvt.f.xu vfcvt.f.x', 'v') +
    forms('vfwcvt.xu.f vfwcvt.x.f vfwcvt.rtz.xu.f vfwcvt.rtz.x.f vfwcvt.f.xu vfwcvt.f.x '
          'vfwcvt.f.f', 'v', d=1) +
    forms('vfncvt.xu.f vfncvt.x.f vfncvt.rtz.xu.f vfncvt.rtz.x.f vfncvt.f.xu vfncvt.f.x '
          'vfncvt.f.f vfncvt.rod.f.f', 'w', a=1) +
    forms('vfredosum vfredusum vfredmax vfredmin vfwredosum vfwredusum', 'vs', reduce=True))


def memory_forms():
    out = []
    for eew in (8, 16, 32, 64):
        for fields in range(1, 9):
            seg = f'seg{fields}' if fields > 1 else ''
            common = {'eew': eew, 'fields': fields}
            out += [(f'vl{seg}e{eew}.v', 'unit', common), (f'vs{seg}e{eew}.v', 'unit', common),
                    (f'vl{seg}e{eew}ff.v', 'unit', common),
                    (f'vls{seg}e{eew}.v', 'stride', common), (f'vss{seg}e{eew}.v', 'stride', common)]
            out += [(f'v{way}{order}x{seg}ei{eew}.v', 'index', common) for way in 'ls' for order in 'uo']
        out += [(f'vl{n}re{eew}.v', 'whole', {'eew': eew, 'fields': n}) for n in (1, 2, 4, 8)]
    out += [(f'vs{n}r.v', 'whole', {'eew': 8, 'fields': n}) for n in (1, 2, 4, 8)]
    return out + [('vlm.v', 'whole', {'eew': 8, 'fields': 1}), ('vsm.v', 'whole', {'eew': 8, 'fields': 1})]


PLAIN_MEMORY = [row for row in memory_forms() if row[1] in ('unit', 'whole') and 'ff' not in row[0]]


class Generator:
    """Writes the program."""

    def __init__(self, options):
        self.rng = random.Random(options.seed)
        self.options = options
        self.text, self.table = [], []
        self.present = None  # in a sequence: what vtype returns

    def vtype(self):
        """(vtype, VLMAX, log2 of SEW / 8, log2 of LMUL); one in 40 is illegal."""
        return self.present or self.random_vtype()

    def random_vtype(self):
        sew, lmul = self.rng.randrange(4), self.rng.randint(-3, 3)
        vtype = lmul & 7 | sew << 3 | self.rng.randrange(4) << 6
        vlmax = self.options.vlen * 2**(lmul + 3) // 8 // (8 << sew)
        if lmul < 0 and 8 << sew > 64 >> -lmul:
            return (vtype, 0, sew, lmul) if self.rng.random() < .1 else self.random_vtype()
        if self.rng.random() < .01:
            return vtype | 4 << 3 * (self.rng.random() < .5), 0, sew, lmul
        return vtype, vlmax, sew, lmul

    def group(self, emul, wild):
        """A register where a group of 2^emul may begin, or with @wild any."""
        size = 1 << min(max(emul, 0), 3)
        if wild and self.rng.random() < .3:
            return f'v{self.rng.randrange(32)}'
        return f'v{self.rng.randrange(0, 32, size)}'

    def mask(self):
        return self.rng.choice(['', ', v0.t'])

    def arithmetic(self, name, form, shape):
        """Operands for @name, and what they ask of vtype."""
        vtype, vlmax, sew, lmul = self.vtype()
        wild = self.rng.random() < .4
        vd = self.group(0 if shape.get('reduce') else lmul + shape.get('d', 0), wild)
        vs2, vs1 = self.group(lmul + shape.get('a', 0), wild), self.group(lmul, wild)
        if self.rng.random() < .8 and not wild:  # mostly apart
            for _ in range(8):
                if len({vd, vs2, vs1}) == 3 and vd != 'v0':
                    break
                vd = self.group(lmul + shape.get('d', 0), False)
                vs2, vs1 = self.group(lmul + shape.get('a', 0), False), self.group(lmul, False)
        last = {'v': vs1, 'x': 't1', 'f': 'f1', 's': vs1}
        unsigned = re.match(r'vs[lr]|vss[rl]|vns|vnclip|vslide|vrgather', name)
        imm = self.rng.randint(0, 31) if unsigned else self.rng.randint(-16, 15)
        mask = '' if shape.get('nomask') else self.mask()
        base = name.split('.')[0]
        if form in ('vvm', 'vxm', 'vim', 'vfm'):
            operand = imm if form[1] == 'i' else last[form[1]]
            text = f'{vd}, {vs2}, {operand}, v0'
        elif base == 'vmv' and form in 'vxi' or base == 'vfmv' and form == 'f':
            text = f'{vd}, ' + (str(imm) if form == 'i' else last[form])
        elif form in ('x.s', 'f.s', 's.x', 's.f'):
            text = {'x.s': f't3, {vs2}', 'f.s': f'f2, {vs2}', 's.x': f'{vd}, t1',
                    's.f': f'{vd}, f1'}[form]
        elif base in ('vcpop', 'vfirst'):
            text = f't3, {vs2}{mask}'
        elif base == 'vid':
            return 'vid.v', f'{vd}{mask}', vtype, vlmax
        elif form in ('mm', 'vm'):
            text = f'{vd}, {vs2}, {vs1}'
        elif re.match(r'vmv\dr', base):
            size = int(base[3]).bit_length() - 1
            text = f'{self.group(size, wild)}, {self.group(size, wild)}'
        elif form in ('v', 'w', 'm', 'vf2', 'vf4', 'vf8'):
            text = f'{vd}, {vs2}{mask}'
        elif shape.get('acc'):
            text = f'{vd}, {last[form[1]]}, {vs2}{mask}'
        else:
            text = f'{vd}, {vs2}, {imm if form[1] == "i" else last[form[1]]}{mask}'
        return name, text, vtype, vlmax

    def memory(self, name, form, shape):
        vtype, vlmax, sew, lmul = self.vtype()
        width = {8: 0, 16: 1, 32: 2, 64: 3}[shape['eew']]
        wild = self.rng.random() < .3
        for _ in range(30):  # mostly something that exists
            emul = width - sew + lmul
            groups = lmul if form == 'index' else emul
            if wild or form == 'whole' or (-3 <= emul <= 3 and shape['fields'] << max(groups, 0) <= 8):
                break
            vtype, vlmax, sew, lmul = self.vtype()
        size = {1: 0, 2: 1, 4: 2, 8: 3}.get(shape['fields'], 0) if form == 'whole' else groups
        vd = self.group(size, wild)
        top = 32 - (shape['fields'] << min(max(size, 0), 3))
        if form != 'whole' and not wild and int(vd[1:]) > top:
            vd = f'v{max(top, 0)}'
        flags = MEMORY | (STORE if name.startswith('vs') else 0) | (KEEP if 'ff' in name else 0)
        if form == 'index':
            flags |= INDEX | width << 8
            index = self.group(emul, wild)
            while index == 'v0':  # the mask makes no good offsets
                index = self.group(emul, wild)
            operand = f', {index}'
        else:
            flags |= STRIDE if form == 'stride' else 0
            operand = ', t2' if form == 'stride' else ''
        mask = '' if form == 'whole' else self.mask()
        if form == 'whole':  # qemu 7.2 keeps a vstart that is beyond the last element
            vlmax = min(vlmax, self.options.vlen * shape['fields'] // shape['eew'])
            if name[:3] in ('vlm', 'vsm'):
                vlmax //= 8
        return f'{vd}, (t1){operand}{mask}', vtype, vlmax, flags

    def add(self, name, operands, vtype, vlmax, flags, lines=None):
        number = len(self.table)
        # qemu 7.2 aborts when an instruction sets the rounding mode first to dynamic and then to its
        # own; one before it that has done the former helps.
        before = 'fcvt.s.w f31, zero, dyn\n    ' if re.search('rtz|rod', name) else ''
        lines = lines or [f'{before}{name} {operands}']
        self.text += ['    .balign 4', f'fn{number}:'] + ['    ' + line for line in lines] + ['    ret']
        self.table.append((f'{name} {operands} {vtype:#x}', vtype, vlmax, flags))

    def all(self):
        only = re.compile(self.options.only or '')
        for _ in range(self.options.sequences if only.match('sequence') else 0):
            self.sequence()
        for _ in range(self.options.each):
            for name, form, shape in INTEGER + FLOAT:
                if not only.match(name):
                    continue
                skip = NO_SKIP if self.rng.random() < .7 else 0
                flags = FP if name.startswith(('vf', 'vmf')) else 0
                full, operands, vtype, vlmax = self.arithmetic(name, form, shape)
                if START_0.match(name):
                    skip = NO_SKIP
                if re.match(r'vmv\dr', name) and vlmax == 0:
                    continue  # and lets these through under vill (31.16.6)
                if self.options.xlen == 32 and '1' in name[5:8] and vtype >> 3 & 3 == 3:
                    continue  # qemu-riscv32 7.2 slides in half a scalar
                self.add(full, operands, vtype, vlmax, flags | skip)
            for name, form, shape in memory_forms():
                # The manual leaves indices wider than XLEN out (31.18.3).
                if only.match(name) and (self.options.xlen == 64 or 'ei64' not in name):
                    operands, vtype, vlmax, flags = self.memory(name, form, shape)
                    self.add(name, operands, vtype, vlmax,
                             flags | (NO_SKIP if self.rng.random() < .7 else 0))

    def configure(self):
        """A line that sets vl and, for the lines after it, vtype."""
        vtype, vlmax, sew, lmul = self.present = self.random_vtype()
        rd, rs1 = self.rng.choice(['t3', 'zero']), self.rng.choice(['t2', 'zero', 't2'])
        kind = self.rng.randrange(4)
        if kind == 0:
            return f'li t4, {vtype}\n    vsetvl {rd}, {rs1}, t4'
        if kind == 1:
            return f'vsetivli {rd}, {self.rng.randrange(32)}, {vtype}'
        return f'vsetvli {rd}, {rs1}, {vtype}'

    def sequence(self):
        """Many instructions in a row, which is what the translator's idea of vtype is for."""
        self.present = first = self.random_vtype()
        # The address is another one on each side: t1 is to be the same.
        lines, skip = ['mv t5, t1', f'li t1, {self.rng.getrandbits(self.options.xlen)}'], 0
        while len(lines) < 16:
            choice = self.rng.random()
            if choice < .3:
                lines.append(self.configure())
            elif choice < .4 and not skip:
                lines.append(f'{self.rng.choice(["bltu", "beq", "bne"])} t2, t3, 7f')
                skip = len(lines) + self.rng.randint(1, 4)
            elif choice < .55:
                name, form, shape = self.rng.choice(PLAIN_MEMORY)
                lines.append(f'{name} {self.memory(name, form, shape)[0]}'.replace('t1', 't5'))
            else:
                name, form, shape = self.rng.choice(INTEGER + FLOAT)
                if not re.search(r'rtz|rod|vmv\dr|slide1', name):
                    lines.append(' '.join(self.arithmetic(name, form, shape)[:2]))
            if skip and len(lines) >= skip:
                lines.append('7:')
                skip = 0
        if skip:
            lines.append('7:')
        self.present = None
        self.add('sequence', '', *first[:2], MEMORY | STORE | NO_SKIP | SAFE | FP, lines)

    def write(self, file):
        """The program's assembly."""
        word = '.dword' if self.options.xlen == 64 else '.word'
        print('    .option norelax\n    .option norvc\n    .text\n' + '\n'.join(self.text), file=file)
        print('    .data\n    .balign 8\n    .globl tests, n_tests\ntests:', file=file)
        for number, (_, vtype, vlmax, flags) in enumerate(self.table):
            print(f'    {word} name{number}, fn{number}, {vtype}, {vlmax}, {flags}, '
                  f'{self.options.cases}', file=file)
        print(f'n_tests: {word} {len(self.table)}', file=file)
        for number, row in enumerate(self.table):
            print(f'name{number}: .asciz "{row[0]}"', file=file)


class Programs:
    """The program for both sides."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.march = f'rv{options.xlen}imafdcv_zicsr_zfh'
        source = os.path.join(folder, 'insns.S')
        generator = Generator(options)
        generator.all()
        with open(source, 'w', encoding='ascii') as file:
            generator.write(file)
        self.insns = self.assemble(source, 'insns.o')

    def assemble(self, source, name, *more):
        out = os.path.join(self.folder, name)
        subprocess.run([plain.CC, '-c', '-march=' + self.march, '-mabi=' + plain.ABI[self.options.xlen],
                        '-mno-relax', *more, source, '-o', out], check=True)
        return out

    def build(self, name, start, *more):
        out = os.path.join(self.folder, name)
        runner = self.assemble(os.path.join(HERE, 'vector.S'), name + '-runner.o',
                               *(['-DLINUX'] if name == 'linux' else []))
        flags = [flag for flag in plain.FLAGS if not flag.startswith('-ffixed')]
        subprocess.run([plain.CC, f'-march=rv{self.options.xlen}imac',
                        '-mabi=' + plain.ABI[self.options.xlen]] + flags + list(more) +
                       [os.path.join(HERE, 'vector.c'), os.path.join(HERE, start), runner,
                        self.insns, '-lgcc', '-o', out], check=True)
        return out

    def reference(self, *more):
        cpu = (f'rv{self.options.xlen},v=true,vext_spec=v1.0,'
               f'vlen={self.options.vlen},elen=64,Zfh=true')
        return plain.run([f'qemu-riscv{self.options.xlen}', '-cpu', cpu,
                          self.build('linux', 'start-linux.S', *more)])

    def tested(self, emulator, *more):
        command = list(emulator)
        cpu = command.index('-cpu') + 1
        command[cpu] += f',vlen={self.options.vlen}'
        if self.options.linux:
            program = self.build('linux', 'start-linux.S', *more)
            result = guest.run_in_guest(command, '/insns', 280, files=[program + ':/insns'])
            return plain.finish(command, result.output, result.errors, result.status)
        program = self.build('bare', 'start-bare.S', '-Wl,-T,' + os.path.join(HERE, 'bare.ld'), *more)
        return plain.run(command + ['-m', '128M', '-kernel', program])


def show(programs, emulator, number):
    option = f'-DDUMP={number}'
    expected, got = programs.reference(option), programs.tested(emulator, option)
    case = ''
    print(f'#   function {number}: {expected[0]}')
    shown = 0
    for e, g in zip(expected, got):
        if e.startswith('case'):
            case = e
        elif e != g and shown < 4 and not e.startswith('hash'):
            shown += 1
            print(f'#   {case}\n#     expected {e}\n#     got      {g}')
            case = 'the same'


def one_backend(tap, programs, options, backend, expected):
    emulator = options.emulator + (['-accel', 'tcg,backend=' + backend] if backend else [])
    label = ' under ' + backend if backend else ''
    got = programs.tested(emulator)
    # Only the mnemonic of each line counts for the name.
    names, bad = plain.compare(*([re.sub(r'^(\w+ \w+) (\S+) .*', r'\1 \2', line) for line in lines]
                                 for lines in (expected, got)))
    complete = expected[-1] == got[-1] == 'end'
    for name in names:
        tap.check(name not in bad, name + label)
        if name in bad and tap.shown < options.shown and complete:
            tap.shown += 1
            print(f'# {len(bad[name])} of {len(names[name])}')
            show(programs, emulator, bad[name][0])
    tap.check(complete, 'both ran to the end' + label)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--xlen', type=int, default=64, choices=(32, 64))
    parser.add_argument('--vlen', type=int, default=128)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--each', type=int, default=2)
    parser.add_argument('--cases', type=int, default=3)
    parser.add_argument('--sequences', type=int, default=100)
    parser.add_argument('--shown', type=int, default=5)
    parser.add_argument('--only')
    parser.add_argument('--backends', help='interp:jit, or all')
    parser.add_argument('--linux', action='store_true', help='as a program under Linux')
    parser.add_argument('--keep')
    parser.add_argument('emulator', nargs='+')
    options = parser.parse_args()
    tap = plain.Tap()
    print('TAP version 13')
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        os.makedirs(folder, exist_ok=True)
        programs = Programs(folder, options)
        expected = programs.reference()
        for backend in plain.backends_of(options):
            one_backend(tap, programs, options, backend, expected)
    print(f'1..{tap.number}')
    return 1 if tap.bad else 0


if __name__ == '__main__':
    sys.exit(main())
