#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a program of one small function per instruction, operand choice and rounding mode.

generate.py [--xlen 32] [--seed N] [--user]

Assembly on standard output.

A function is fn(in, out): it loads its operands from in[0..2], and the initial fflags from in[3],
runs one instruction, and stores what came of it to out[0..3]. The driver
calls each with random and boundary operands. An instruction that the reference emulator does not
know yet has a second body, the model, made of instructions that it does know.

Mnemonics go through the assembler, which knows nothing of our decode tables; what the assembler
does not know is encoded here by hand.
"""
import argparse
import random
import re
import struct

INT = ['t0', 't1', 't2', 't3', 't4', 't5', 't6', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5']
SHORT = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5']  # registers that compressed instructions reach
FP = ['f%d' % i for i in range(32) if i not in (8, 9) and not 18 <= i <= 27]
MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm']
LETTER = {'s': 0, 'd': 1, 'h': 2}


class Program:
    """The functions and the table that names them."""

    def __init__(self, xlen, seed, user):
        self.xlen = xlen
        self.user = user
        self.is64 = xlen == 64
        self.rng = random.Random(seed)
        self.text = []
        self.table = []
        self.data = []

    def function(self, label, body):
        self.text.append(f'    .balign 4\n{label}:\n    mv a6, a0\n    mv a7, a1')
        if not self.is64:
            # Integer operands and results are written as if they had 64 bits.
            body = [re.sub(r'(^|: )(l|s)d ', r'\1\2w ', line) for line in body]
        self.text += ['    ' + line for line in body]
        self.text.append('    ret')

    def add(self, name, kinds, body, model=None, count=64):
        """@kinds: a letter for each operand: i integer, s d h floating point, - none."""
        number = len(self.table)
        self.function(f'fn{number}', body)
        if model is not None:
            self.function(f'model{number}', model)
        self.table.append((name, kinds.ljust(3, '-'), f'fn{number}',
                           f'model{number}' if model is not None else f'fn{number}', count))

    def load_constant(self, reg, value):
        """Lines that load the 64 bits @value into f register @reg; they clobber t0."""
        label = f'constant{len(self.data)}'
        self.data.append(f'{label}: .dword {value}')
        return [f'lla t0, {label}', f'fld {reg}, 0(t0)']

    def only(self, names, names64):
        """@names, and with XLEN 64 @names64, as a list."""
        return names.split() + (names64.split() if self.is64 else [])

    def shifts(self):
        return [0, self.xlen - 1] + list(range(1, self.xlen - 1))

    def pick(self, pool, n):
        """@n registers; now and then the same one twice."""
        regs = [self.rng.choice(pool) for _ in range(n)]
        return regs if self.rng.random() < 0.4 else self.rng.sample(pool, n)

    def write(self):
        print('    .option norelax\n    .text')
        print('\n'.join(self.text))
        print('    .data\n    .balign 8')
        print('\n'.join(self.data))
        word = '.dword' if self.is64 else '.word'
        print('    .globl tests, n_tests\ntests:')
        strings = []
        for number, (name, kinds, function, model, count) in enumerate(self.table):
            print(f'    {word} name{number}, {function}, {model}, {count}')
            strings.append(f'name{number}: .asciz "{kinds}{name}"')
        print(f'n_tests: {word} {len(self.table)}')
        print('\n'.join(strings))


# Integers

def integer(p, name, needs, encode=None, model=None, times=3):
    """An instruction on @needs registers (1 or 2), variants with different registers."""
    for _ in range(times):
        rd, rs1, rs2 = p.pick(INT, 3)
        sources = [rs1, rs2][:needs]

        def body(text):
            loads = [f'ld {rs1}, 0(a6)'] + ([f'ld {rs2}, 8(a6)'] if needs > 1 else [])
            return loads + text + [f'sd {rd}, 0(a7)'] + [f'sd {r}, {8 * (i + 1)}(a7)'
                                                        for i, r in enumerate(sources)]
        insn = encode(rd, *sources) if encode else f'{name} {rd}, {", ".join(sources)}'
        p.add(name, 'i' * needs, body([insn]),
              body(model(rd, *sources)) if model else None)


def immediate(p, name, values, times=6):
    for value in values[:2] + [p.rng.choice(values) for _ in range(times - 2)]:
        rd, rs1 = p.pick(INT, 2)
        p.add(name, 'i', [f'ld {rs1}, 0(a6)', f'{name} {rd}, {rs1}, {value}', f'sd {rd}, 0(a7)',
                          f'sd {rs1}, 8(a7)'], count=32)


def base(p):
    for name in p.only('add sub sll slt sltu xor srl sra or and mul mulh mulhsu mulhu div divu rem remu',
                       'addw subw sllw srlw sraw mulw divw divuw remw remuw'):
        integer(p, name, 2)
    signed12 = [-2048, 2047, 0, 1, -1] + [p.rng.randint(-2048, 2047) for _ in range(20)]
    for name in p.only('addi slti sltiu xori ori andi', 'addiw'):
        immediate(p, name, signed12)
    for name in 'slli srli srai'.split():
        immediate(p, name, p.shifts())
    for name in p.only('', 'slliw srliw sraiw'):
        immediate(p, name, [0, 31] + list(range(1, 31)))
    for value in (0, 1, 0x7ffff, 0x80000, 0xfffff, 0x12345):
        rd = p.rng.choice(INT)
        p.add('lui', 'i', [f'lui {rd}, {value}', f'sd {rd}, 0(a7)'], count=1)
        p.add('auipc', 'i', [f'auipc {rd}, {value}', 'auipc a2, 0' if rd != 'a2' else 'auipc a3, 0',
                             f'sub {rd}, {rd}, {"a2" if rd != "a2" else "a3"}', f'sd {rd}, 0(a7)'],
              count=1)


def control(p):
    for name in 'beq bne blt bge bltu bgeu'.split():
        for rs1, rs2 in (p.rng.sample(INT[:6], 2), p.rng.sample(INT[:6], 2), ('t0', 't0')):
            p.add(name, 'ii', [f'ld {rs1}, 0(a6)', f'ld {rs2}, 8(a6)', 'li a2, 1',
                               f'{name} {rs1}, {rs2}, 1f', 'li a2, 2', '1: sd a2, 0(a7)'])
        # A loop: a backward branch, ended by a counter.
        p.add(name, 'ii', ['ld t0, 0(a6)', 'ld t1, 8(a6)', 'li a2, 0', '1: addi a2, a2, 1',
                           'addi t0, t0, 3', 'li a3, 20', 'beq a2, a3, 2f',
                           f'{name} t0, t1, 1b', '2: sd a2, 0(a7)', 'sd t0, 8(a7)'], count=32)
    for rd in ('t0', 't1', 'a5'):
        p.add('jal', 'i', [f'jal {rd}, 2f', '1: nop', 'j 3f', f'2: lla a2, 1b',
                           f'sub {rd}, {rd}, a2', f'sd {rd}, 0(a7)', '3:'], count=2)
        p.add('jalr', 'i', ['lla t2, 2f + 6', f'jalr {rd}, -6(t2)', '1: nop', 'j 3f', '2: lla a2, 1b',
                            f'sub {rd}, {rd}, a2', f'sd {rd}, 0(a7)', '3:'], count=2)
    p.add('jalr same', 'i', ['lla t0, 2f + 1', 'jalr t0, (t0)', '1: nop', 'j 3f', '2: lla a2, 1b',
                             'sub t0, t0, a2', 'sd t0, 0(a7)', '3:'], count=2)


def memory(p):
    store_both = ['ld t0, 0(a6)', 'ld t1, 8(a6)', 'lla a2, scratch + 64', 'sd t0, 0(a2)',
                  'sd t1, 8(a2)']
    load_both = ['ld t3, 0(a2)', 'ld t4, 8(a2)', 'sd t3, 0(a7)', 'sd t4, 8(a7)']
    for name in p.only('lb lbu lh lhu lw', 'lwu ld'):
        for offset in (0, 1, 2, 3, 4, 6, 7, 8):
            p.add(name, 'ii', store_both + [f'{name} t2, {offset}(a2)', 'sd t2, 0(a7)'], count=12)
        p.add(name, 'ii', store_both + [f'addi a2, a2, 2047', f'{name} a2, -2047(a2)',
                                        'sd a2, 0(a7)'], count=12)
    for name in p.only('sb sh sw', 'sd'):
        for offset in (0, 1, 2, 3, 4, 5, 8):
            p.add(name, 'iii', store_both + ['ld t2, 16(a6)', f'{name} t2, {offset}(a2)'] +
                  load_both, count=12)
    for name in 'swap add xor and or min max minu maxu'.split():
        for width in p.only('w', 'd'):
            for order in ('', '.aq', '.rl', '.aqrl'):
                rd = p.rng.choice(['t2', 't5', 'zero', 'a3'])
                p.add(f'amo{name}.{width}', 'iii', store_both +
                      ['ld a3, 16(a6)', f'amo{name}.{width}{order} {rd}, a3, (a2)',
                       f'sd {rd}, 16(a7)'] + load_both, count=24)
    for width in p.only('w', 'd'):
        p.add(f'lr.{width} sc.{width}', 'iii', store_both +
              ['ld a3, 16(a6)', f'lr.{width} t5, (a2)', f'sc.{width} t6, a3, (a2)', 'sd t5, 16(a7)',
               'sd t6, 24(a7)'] + load_both, count=24)
        p.add(f'sc.{width} alone', 'iii', store_both +
              ['ld a3, 16(a6)', f'lr.{width} t5, (a2)', f'sc.{width} t6, a3, (a2)',
               f'sc.{width} t6, t5, (a2)', 'snez t6, t6', 'sd t6, 24(a7)'] + load_both, count=24)


def compare_and_swap(p):
    """Zacas, which the assembler does not know; the model is not atomic."""
    store_both = ['ld t0, 0(a6)', 'ld t1, 8(a6)', 'lla t5, scratch + 64', 'sd t0, 0(t5)',
                  'sd t1, 8(t5)']
    load_both = ['ld t3, 0(t5)', 'ld t4, 8(t5)', 'sd t3, 0(a7)', 'sd t4, 8(a7)', 'sd a2, 16(a7)']
    for width, funct3 in (('w', 2), ('d', 3))[:2 if p.is64 else 1]:
        for hit in (True, False):
            for order in range(4):
                start = store_both + ['ld a4, 16(a6)',
                                      f'l{width} a2, 0(t5)' if hit else 'ld a2, 16(a6)']
                p.add(f'amocas.{width}', 'iii',
                      start + [f'.insn r 0x2f, {funct3}, {0x14 | order}, a2, t5, a4'] + load_both,
                      start + [f'l{width} t6, 0(t5)'] +
                      (['sext.w a2, a2'] if width == 'w' and p.is64 else []) +
                      ['bne t6, a2, 1f', f's{width} a4, 0(t5)', '1: mv a2, t6'] + load_both,
                      count=24)
    # A pair of registers: twice XLEN.
    step = p.xlen // 8
    store_both = ['ld t0, 0(a6)', 'ld t1, 8(a6)', 'lla t5, scratch + 64', 'sd t0, 0(t5)',
                  f'sd t1, {step}(t5)']
    load_both = ['ld t3, 0(t5)', f'ld t4, {step}(t5)', 'sd t3, 0(a7)', 'sd t4, 8(a7)',
                 'sd a2, 16(a7)']
    name, funct3 = ('amocas.q', 4) if p.is64 else ('amocas.d', 3)
    for hit in (0, 1, 2):
        start = store_both + ['ld a4, 16(a6)', 'mv a5, t0', 'mv a2, t0', 'mv a3, t1',
                              ('mv a2, a4', 'mv a3, a4', 'nop')[hit]]
        p.add(name, 'iii', start + [f'.insn r 0x2f, {funct3}, 0x17, a2, t5, a4'] + load_both +
              ['sd a3, 24(a7)'],
              start + ['xor t6, a2, t0', 'xor t2, a3, t1', 'or t6, t6, t2', 'mv a2, t0', 'mv a3, t1',
                       'bnez t6, 1f', 'sd a4, 0(t5)', f'sd a5, {step}(t5)', '1:'] + load_both +
              ['sd a3, 24(a7)'], count=24)


def system(p):
    """What a user program may do with CSRs, fences and hints."""
    for csr, mask in (('fflags', 31), ('frm', 7), ('fcsr', 255)):
        for name in ('csrrw', 'csrrs', 'csrrc'):
            start = ['ld t0, 0(a6)', 'andi t0, t0, 255', 'csrw fcsr, t0', 'ld t1, 8(a6)']
            finish = ['sd t2, 0(a7)', 'csrrwi t2, fcsr, 0', 'sd t2, 8(a7)']
            for source, target in (('t1', 't2'), ('zero', 't2'), ('t1', 'zero')):
                p.add(name, 'ii', start + ['li t2, 77', f'{name} {target}, {csr}, {source}'] + finish)
            p.add(name, 'ii', start + ['mv t2, t1', f'{name} t2, {csr}, t2'] + finish)
            for value in (0, 1, 21, 31):
                p.add(name + 'i', 'ii', start + [f'{name}i t2, {csr}, {value}'] + finish, count=16)
    around = ['ld t0, 0(a6)', 'lla t1, scratch + 64', 'sd t0, 0(t1)'], ['ld t2, 0(t1)',
                                                                       'sd t2, 0(a7)']
    for line in ('fence', 'fence rw, w', 'fence.tso', 'fence.i', 'c.nop', 'nop'):
        p.add(line.split()[0], 'i', around[0] + [line] + around[1], count=2)
    for name, word in (('pause', 0x0100000f), ('ntl.p1', 0x00200033), ('ntl.pall', 0x00300033),
                       ('ntl.s1', 0x00400033), ('ntl.all', 0x00500033),
                       ('prefetch.i', 0x00036013), ('prefetch.r', 0x00136013),
                       ('prefetch.w', 0x00336013)):
        p.add(name, 'i', around[0] + [f'.word {word:#x}'] + around[1], around[0] + around[1],
              count=2)
    # Linux lets a program have cbo.zero only.
    for name, number in (('cbo.zero', 4), ('cbo.clean', 1), ('cbo.flush', 2))[:1 if p.user else 3]:
        # t1 is x6.
        model = [f'sw zero, {4 * i}(t1)' for i in range(16)] if name == 'cbo.zero' else []
        block = ['ld t0, 0(a6)', 'lla t1, scratch + 127', 'andi t1, t1, -64', 'addi t3, t1, 32']
        ends = (['sd t0, -8(t1)', 'sd t0, 0(t1)', 'sd t0, 56(t1)', 'sd t0, 64(t1)'],
                [line for i, offset in enumerate((-8, 0, 56, 64))
                 for line in (f'ld t2, {offset}(t1)', f'sd t2, {8 * i}(a7)')])
        word = number << 20 | 28 << 15 | 2 << 12 | 0x0f  # rs1 is t3: any address in the block
        p.add(name, 'i', block + ends[0] + [f'.word {word:#x}'] + ends[1],
              block + ends[0] + model + ends[1], count=4)


def bits(p):
    for name in p.only('sh1add sh2add sh3add andn orn xnor max maxu min minu rol ror clmul clmulh '
                       'clmulr bclr bext binv bset',
                       'add.uw sh1add.uw sh2add.uw sh3add.uw rolw rorw'):
        integer(p, name, 2)
    for name in p.only('clz ctz cpop sext.b sext.h zext.h orc.b rev8', 'clzw cpopw'):
        integer(p, name, 1)
    for name in p.only('rori bclri bexti binvi bseti', 'slli.uw'):
        immediate(p, name, p.shifts())
    for name in p.only('', 'roriw'):
        immediate(p, name, [0, 31] + list(range(1, 31)))
    if p.is64:
        # qemu-riscv64 7.2 counts into the upper half; the manual says 32 when the lower one is 0.
        integer(p, 'ctzw', 1, None, lambda rd, a: ['li s11, 1 << 32', f'or s11, s11, {a}',
                                                   f'ctz {rd}, s11'])
    # Zicond, which the assembler does not know.
    for name, funct3, skip in (('czero.eqz', 5, 'bnez'), ('czero.nez', 7, 'beqz')):
        integer(p, name, 2,
                lambda rd, a, b, f=funct3: f'.insn r 0x33, {f}, 7, {rd}, {a}, {b}',
                lambda rd, a, b, s=skip: [f'mv s11, {a}', f'{s} {b}, 1f', 'li s11, 0',
                                          f'1: mv {rd}, s11'], times=6)


def short_number(reg):
    return {'s0': 0, 's1': 1}.get(reg, 2 + SHORT.index(reg) if reg in SHORT else 0)


def compressed(p):
    for name in p.only('c.sub c.xor c.or c.and c.mv c.add', 'c.subw c.addw'):
        for _ in range(3):
            rd, rs2 = p.pick(SHORT, 2)
            p.add(name, 'ii', [f'ld {rs2}, 8(a6)', f'ld {rd}, 0(a6)', f'{name} {rd}, {rs2}',
                               f'sd {rd}, 0(a7)', f'sd {rs2}, 8(a7)'], count=32)
    last = p.xlen - 1
    for name, values in (('c.addi', [1, -1, 31, -32, 7]), ('c.addiw', [0, 1, -1, 31, -32]),
                         ('c.slli', [1, last // 2, last // 2 + 1, last, 7]),
                         ('c.srli', [1, last // 2, last // 2 + 1, last, 9]),
                         ('c.srai', [1, last // 2, last // 2 + 1, last, 11]),
                         ('c.andi', [0, -1, 31, -32, 5])):
        for value in values if p.is64 or name != 'c.addiw' else []:
            rd = p.rng.choice(SHORT)
            p.add(name, 'i', [f'ld {rd}, 0(a6)', f'{name} {rd}, {value}', f'sd {rd}, 0(a7)'],
                  count=24)
    for value in (0, 31, -32, 5):
        p.add('c.li', 'i', [f'c.li t2, {value}', 'sd t2, 0(a7)'], count=1)
    for value in (1, 31, 0xfffe0, 0xfffff):
        p.add('c.lui', 'i', [f'c.lui t2, {value}', 'sd t2, 0(a7)'], count=1)
    setup = ['ld t0, 0(a6)', 'ld t1, 8(a6)', 'lla a2, scratch + 64', 'sd t0, 0(a2)', 'sd t1, 8(a2)',
             'sd zero, 16(a2)']
    for name, offset in (('c.lw', 0), ('c.lw', 4), ('c.lw', 12), ('c.ld', 0),
                         ('c.ld', 8))[:5 if p.is64 else 3]:
        p.add(name, 'ii', setup + [f'{name} a3, {offset}(a2)', 'sd a3, 0(a7)'], count=12)
        p.add(name, 'ii', setup + ['addi a2, a2, -64', f'{name} a2, {offset + 64}(a2)',
                                   'sd a2, 0(a7)'], count=12)
    for name, offset in (('c.sw', 0), ('c.sw', 4), ('c.sd', 0), ('c.sd', 8))[:4 if p.is64 else 2]:
        p.add(name, 'iii', setup + ['ld a3, 16(a6)', f'{name} a3, {offset}(a2)', 'ld t3, 0(a2)',
                                    'ld t4, 8(a2)', 'sd t3, 0(a7)', 'sd t4, 8(a7)'], count=12)
    p.add('c.fld c.fsd', 'dd', setup + ['c.fld fa2, 8(a2)', 'c.fsd fa2, 0(a2)', 'ld t3, 0(a2)',
                                        'sd t3, 0(a7)'], count=12)
    p.add('c.addi16sp', 'i', ['mv t1, sp', 'c.addi16sp sp, -512', 'sub t2, t1, sp',
                              'c.addi16sp sp, 496', 'sub t3, t1, sp', 'mv sp, t1', 'sd t2, 0(a7)',
                              'sd t3, 8(a7)'], count=1)
    p.add('c.addi4spn', 'i', ['c.addi4spn a2, sp, 4', 'c.addi4spn a3, sp, 1020', 'sub a2, a2, sp',
                              'sub a3, a3, sp', 'sd a2, 0(a7)', 'sd a3, 8(a7)'], count=1)
    if not p.is64:
        p.add('c.flw c.fsw', 'dd', setup + ['c.flw fa2, 8(a2)', 'c.fsw fa2, 0(a2)', 'ld t3, 0(a2)',
                                            'sd t3, 0(a7)', 'fsd fa2, 8(a7)'], count=12)
        p.add('c.flwsp c.fswsp', 'd', ['fld fa4, 0(a6)', 'addi sp, sp, -256', 'c.fswsp fa4, 252(sp)',
                                       'c.flwsp ft2, 252(sp)', 'addi sp, sp, 256',
                                       'fsd ft2, 0(a7)'], count=12)
        p.add('c.jal', 'i', ['mv t2, ra', 'c.jal 2f', '1: j 3f', '2: lla t1, 1b', 'sub t1, ra, t1',
                             'sd t1, 0(a7)', '3: mv ra, t2'], count=2)
    word = 'sd' if p.is64 else 'sw'
    p.add('c stack', 'iii', ['ld a2, 0(a6)', 'ld a3, 8(a6)', 'fld fa4, 16(a6)',
                             'c.addi16sp sp, -512', 'c.swsp a2, 4(sp)', f'c.{word}sp a3, 8(sp)',
                             'c.fsdsp fa4, 504(sp)', 'c.lwsp t0, 4(sp)', f'c.l{word[1]}sp t1, 8(sp)',
                             'c.fldsp ft2, 504(sp)', 'addi sp, sp, 512', 'sd t0, 0(a7)',
                             'sd t1, 8(a7)', 'fsd ft2, 16(a7)'], count=24)
    for name in ('c.beqz', 'c.bnez'):
        p.add(name, 'i', ['ld a2, 0(a6)', 'li a3, 1', f'{name} a2, 1f', 'li a3, 2',
                          '1: sd a3, 0(a7)'], count=24)
    p.add('c.j c.jr c.jalr', 'i', ['mv t2, ra', 'c.j 1f', 'j 4f', '1: lla t0, 2f', 'c.jr t0', 'j 4f',
                                   '2: lla t0, 3f', 'c.jalr t0', 'j 4f',
                                   '3: lla t1, 2b', 'sub t1, ra, t1', 'sd t1, 0(a7)',
                                   '4: mv ra, t2'], count=2)
    zcb(p)


def zcb(p):
    setup = ['ld t0, 0(a6)', 'ld t1, 8(a6)', 'lla a2, scratch + 64', 'sd t0, 0(a2)', 'sd t1, 8(a2)']
    load_both = ['ld t3, 0(a2)', 'ld t4, 8(a2)', 'sd t3, 0(a7)', 'sd t4, 8(a7)']
    rs1, rd = short_number('a2') << 7, short_number('a3') << 2
    for offset in range(4):
        spread = (offset & 1) << 6 | (offset >> 1) << 5
        p.add('c.lbu', 'ii', setup + [f'.half {0x8000 | rs1 | spread | rd}', 'sd a3, 0(a7)'],
              setup + [f'lbu a3, {offset}(a2)', 'sd a3, 0(a7)'], count=12)
        p.add('c.sb', 'iii', setup + ['ld a3, 16(a6)', f'.half {0x8800 | rs1 | spread | rd}'] +
              load_both, setup + ['ld a3, 16(a6)', f'sb a3, {offset}(a2)'] + load_both, count=12)
    for offset in (0, 2):
        spread = (offset >> 1) << 5
        for name, bits16, model in (('c.lhu', 0x8400, 'lhu'), ('c.lh', 0x8440, 'lh')):
            p.add(name, 'ii', setup + [f'.half {bits16 | rs1 | spread | rd}', 'sd a3, 0(a7)'],
                  setup + [f'{model} a3, {offset}(a2)', 'sd a3, 0(a7)'], count=12)
        p.add('c.sh', 'iii', setup + ['ld a3, 16(a6)', f'.half {0x8c00 | rs1 | spread | rd}'] +
              load_both, setup + ['ld a3, 16(a6)', f'sh a3, {offset}(a2)'] + load_both, count=12)
    for number, (name, model) in enumerate((
            ('c.zext.b', 'andi {0}, {0}, 255'), ('c.sext.b', 'sext.b {0}, {0}'),
            ('c.zext.h', 'zext.h {0}, {0}'), ('c.sext.h', 'sext.h {0}, {0}'),
            ('c.zext.w', 'add.uw {0}, {0}, zero'), ('c.not', 'not {0}, {0}'))):
        for reg in ('a0', 'a5') if p.is64 or name != 'c.zext.w' else ():
            load, store = f'ld {reg}, 0(a6)', f'sd {reg}, 0(a7)'
            p.add(name, 'i', [load, f'.half {0x9c61 | short_number(reg) << 7 | number << 2}', store],
                  [load, model.format(reg), store])
    for left, right in (('a0', 'a1'), ('a4', 'a4')):
        ends = [f'ld {left}, 0(a6)', f'ld {right}, 8(a6)'], [f'sd {left}, 0(a7)']
        p.add('c.mul', 'ii',
              ends[0] + [f'.half {0x9c41 | short_number(left) << 7 | short_number(right) << 2}'] +
              ends[1], ends[0] + [f'mul {left}, {left}, {right}'] + ends[1])


# Floating point

def fp_case(p, name, kinds, lines, result, model=None, count=64, dynamic=None, rm=''):
    """@lines use {rm}; operands arrive in @kinds' registers as loaded by the caller of this."""
    def body(text):
        start = ['ld a2, 24(a6)', 'fsflags a2'] + ([f'fsrmi {dynamic}'] if dynamic is not None
                                                   else [])
        finish = ['frflags a2', 'sd a2, 8(a7)'] + (['fsrmi 0'] if dynamic is not None else [])
        return start + text + [result] + finish
    p.add(name, kinds, body(lines), body(model) if model else None, count)


def fp(p, name, kinds, to, encode=None, model=None, rounds=True, count=64):
    """@kinds: operands; @to: kind of the result; @encode(rd, regs, rm): the instruction."""
    modes = ([(m, i, None) for i, m in enumerate(MODES)] + [('dyn', 7, i) for i in range(5)]
             if rounds else [('', 0, None)] * 3)
    for mode, number, dynamic in modes:
        pools = [INT[7:] if k == 'i' else FP for k in kinds]
        while True:
            regs = [p.rng.choice(pool) for pool in pools]
            rd = p.rng.choice([r for r in INT if r not in regs + ['a2', 'a0']]
                              if to == 'i' else FP)
            if 'a2' not in regs:
                break
        loads = [f'{"ld" if k == "i" else "fld"} {r}, {8 * i}(a6)'
                 for i, (k, r) in enumerate(zip(kinds, regs))]
        suffix = f', {mode}' if mode else ''
        insn = (encode(rd, regs, number) if encode else f'{name} {rd}, {", ".join(regs)}{suffix}')
        result = f'{"sd" if to == "i" else "fsd"} {rd}, 0(a7)'
        # A model may use mode names, and the dynamic one through frm.
        text = loads + model(rd, regs, mode) if model else None
        fp_case(p, name, kinds, loads + [insn], result, text, count, dynamic)


def floating(p):
    for k in 'sdh':
        for name in 'fadd fsub fmul fdiv'.split():
            fp(p, f'{name}.{k}', k * 2, k, count=96)
        fp(p, f'fsqrt.{k}', k, k)
        for name in 'fmadd fmsub fnmadd fnmsub'.split():
            fp(p, f'{name}.{k}', k * 3, k)
        for name in 'fmin fmax fsgnj fsgnjn fsgnjx'.split():
            fp(p, f'{name}.{k}', k * 2, k, rounds=False, count=96)
        for name in 'feq flt fle'.split():
            fp(p, f'{name}.{k}', k * 2, 'i', rounds=False, count=96)
        fp(p, f'fclass.{k}', k, 'i', rounds=False, count=96)
        for w in p.only('w wu', 'l lu'):
            fp(p, f'fcvt.{w}.{k}', k, 'i', count=96)
            exact = k == 'd' and w in ('w', 'wu')
            fp(p, f'fcvt.{k}.{w}', 'i', k, rounds=not exact)
        move = {'s': 'w', 'd': 'd', 'h': 'h'}[k]
        if k != 'd' or p.is64:
            fp(p, f'fmv.x.{move}', k, 'i', rounds=False)
            fp(p, f'fmv.{move}.x', 'i', k, rounds=False)
        load = {'s': 'w', 'd': 'd', 'h': 'h'}[k]
        for offset in (0, 1, 4):
            fp_case(p, f'fl{load} fs{load}', 'ii',
                    ['ld t0, 0(a6)', 'ld t1, 8(a6)', 'lla a3, scratch + 64', 'sd t0, 0(a3)',
                     'sd t1, 8(a3)', f'fl{load} ft1, {offset}(a3)', f'fs{load} ft1, 16(a3)',
                     'ld t2, 16(a3)', 'sd t2, 16(a7)'], 'fsd ft1, 0(a7)', count=24)
    for to, source in ('sd', 'sh', 'ds', 'dh', 'hs', 'hd'):
        wider = 'hsd'.index(to) > 'hsd'.index(source)
        fp(p, f'fcvt.{to}.{source}', source, to, rounds=not wider, count=96)
    zfa(p)


def fli_bits(k, number):
    """The bits of immediate @number in format @k, boxed."""
    values = [-1.0, 0, 2.0**-16, 2.0**-15, 2.0**-8, 2.0**-7, 2.0**-4, 2.0**-3, .25, .3125, .375, .4375,
              .5, .625, .75, .875, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 8, 16, 128, 256, 2.0**15, 2.0**16,
              float('inf'), 0]
    smallest = {'s': 0x00800000, 'd': 1 << 52, 'h': 0x0400}
    nan = {'s': 0x7fc00000, 'd': 0x7ff8 << 48, 'h': 0x7e00}
    if number == 1:
        result = smallest[k]
    elif number == 31:
        result = nan[k]
    elif k == 'h' and number == 29:
        result = 0x7c00
    else:
        size, form = {'s': ('I', 'f'), 'd': ('Q', 'd'), 'h': ('H', 'e')}[k]
        result = struct.unpack('<' + size, struct.pack('<' + form, values[number]))[0]
    return result | {'s': 0xffffffff << 32, 'd': 0, 'h': 0xffffffffffff << 16}[k]


def zfa(p):
    nans = {'s': 0xffffffff7fc00000, 'd': 0x7ff8 << 48, 'h': 0xffffffffffff7e00}
    for k in 'sdh':
        low = LETTER[k]
        for number in range(32):
            rd = p.rng.choice(FP)
            fp_case(p, f'fli.{k}', 'i', [f'.insn r 0x53, 0, {0x78 | low}, {rd}, x{number}, x1'],
                    f'fsd {rd}, 0(a7)', p.load_constant(rd, fli_bits(k, number)),
                    count=1)
        for name, funct3, plain in (('fminm', 2, 'fmin'), ('fmaxm', 3, 'fmax')):
            fp(p, f'{name}.{k}', k * 2, k,
               lambda rd, r, _, f=funct3: f'.insn r 0x53, {f}, {0x14 | low}, {rd}, {r[0]}, {r[1]}',
               lambda rd, r, _, q=plain: [
                   f'feq.{k} t0, {r[0]}, {r[0]}', f'feq.{k} t1, {r[1]}, {r[1]}', 'and t0, t0, t1',
                   'bnez t0, 1f'] + p.load_constant(rd, nans[k]) + [
                   'j 2f', f'1: {q}.{k} {rd}, {r[0]}, {r[1]}', '2:'], rounds=False, count=96)
        for name, funct3, plain in (('fleq', 4, 'fle'), ('fltq', 5, 'flt')):
            fp(p, f'{name}.{k}', k * 2, 'i',
               lambda rd, r, _, f=funct3: f'.insn r 0x53, {f}, {0x50 | low}, {rd}, {r[0]}, {r[1]}',
               lambda rd, r, _, q=plain: [
                   'frflags s11', f'{q}.{k} {rd}, {r[0]}, {r[1]}', 'fsflags s11',
                   f'feq.{k} s11, {r[0]}, {r[1]}'], rounds=False, count=96)
        for name, rs2 in (('fround', 4), ('froundnx', 5)):
            fp(p, f'{name}.{k}', k, k,
               lambda rd, r, rm, n=rs2: f'.insn r 0x53, {rm}, {0x20 | low}, {rd}, {r[0]}, x{n}',
               lambda rd, r, mode, n=rs2: round_model(p, k, rd, r[0], mode, n == 5, nans[k]), count=96)
    if p.is64:
        fp(p, 'fcvtmod.w.d', 'd', 'i',
           lambda rd, r, _: f'.insn r 0x53, 1, 0x61, {rd}, {r[0]}, x8',
           lambda rd, r, _: modular_model(rd, r[0]), rounds=False, count=200)
        return
    for _ in range(3):
        fs, (x1, x2, xd) = p.rng.choice(FP), p.rng.sample(INT, 3)
        p.add('fmvh.x.d', 'd', [f'fld {fs}, 0(a6)', f'.insn r 0x53, 0, 0x71, {xd}, {fs}, x1',
                                f'sd {xd}, 0(a7)'], [f'ld {xd}, 4(a6)', f'sd {xd}, 0(a7)'])
        loads = [f'ld {x1}, 0(a6)', f'ld {x2}, 8(a6)']
        p.add('fmvp.d.x', 'ii', loads + [f'.insn r 0x53, 0, 0x59, {fs}, {x1}, {x2}',
                                         f'fsd {fs}, 0(a7)'],
              loads + [f'sd {x1}, 0(a7)', f'sd {x2}, 4(a7)'])


def round_model(p, k, rd, rs, mode, inexact, nan):
    """
    fround by adding 2^(precision - 1), with the sign of the operand, and subtracting it again: in
    between, the last place is one. From there on every number is integral.
    """
    limit = {'s': 0xffffffff4b000000, 'd': 0x4330 << 48, 'h': 0xffffffffffff6400}[k]
    lines = [f'feq.{k} t0, {rs}, {rs}', 'bnez t0, 1f'] + p.load_constant(rd, nan) + [
        'j 3f', f'1: fsgnj.{k} fs0, {rs}, {rs}', f'fsgnjx.{k} {rd}, fs0, fs0']
    lines += p.load_constant('fs1', limit) + [
        f'flt.{k} t0, {rd}, fs1', 'bnez t0, 2f', f'fsgnj.{k} {rd}, fs0, fs0', 'j 3f',
        '2: frflags t1', f'fsgnj.{k} fs1, fs1, fs0', f'fadd.{k} {rd}, fs0, fs1, {mode}']
    if not inexact:
        lines.append('fsflags t1')
    return lines + [f'fsub.{k} {rd}, {rd}, fs1, rne', f'fsgnj.{k} {rd}, {rd}, fs0', '3:']


def modular_model(rd, rs):
    """fcvtmod.w.d by integers; the flags are those of fcvt.w.d."""
    return [f'fcvt.w.d s11, {rs}, rtz', f'fmv.x.d s11, {rs}', 'slli a3, s11, 1', 'srli a3, a3, 53',
            'li a4, 1075', 'sub a3, a3, a4', 'slli a5, s11, 12', 'srli a5, a5, 12', 'li a4, 1',
            'slli a4, a4, 52', 'or a5, a5, a4', 'li a4, 32', 'bge a3, a4, 1f', 'bltz a3, 2f',
            'sll a5, a5, a3', 'j 3f', '1: li a5, 0', 'j 3f', '2: neg a3, a3', 'li a4, 63',
            'bgt a3, a4, 1b', 'srl a5, a5, a3', '3: bgez s11, 4f', 'neg a5, a5',
            f'4: sext.w {rd}, a5']


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--xlen', type=int, default=64, choices=(32, 64))
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--user', action='store_true', help='only what Linux lets a program use')
    options = parser.parse_args()
    program = Program(options.xlen, options.seed, options.user)
    base(program)
    control(program)
    memory(program)
    compare_and_swap(program)
    system(program)
    bits(program)
    compressed(program)
    floating(program)
    program.write()


if __name__ == '__main__':
    main()
