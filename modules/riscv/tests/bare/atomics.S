/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reservations and atomic memory operations. */
#include "bare.inc"

#define DATA 0x80100000

    .macro amo name, op, x, y
    li t0, \x
    sd t0, 0(a0)
    li a1, \y
    \op a2, a1, (a0)
    ld a3, 0(a0)
    say "\name"
    hex a2
    say " "
    hex a3
    say "\n"
    .endm

    .globl main
main:
    mv s0, ra
    li a0, DATA
    amo "amoadd.w ", amoadd.w, 0x17fffffff, 1
    amo "amoadd.d ", amoadd.d, 0x17fffffff, 1
    amo "amoswap.w ", amoswap.w, 0x1122334455667788, -1
    amo "amoswap.d ", amoswap.d, 0x1122334455667788, -1
    amo "amoxor.w ", amoxor.w, 0xf0f0f0f0f0f0f0f0, 0xff
    amo "amoand.d ", amoand.d, 0xf0f0f0f0f0f0f0f0, 0xff
    amo "amoor.w ", amoor.w, 0xf0f0f0f0f0f0f0f0, 0xff
    amo "amomin.w ", amomin.w, 0x80000000, 1
    amo "amomax.w ", amomax.w, 0x80000000, 1
    amo "amominu.w ", amominu.w, 0x80000000, 1
    amo "amomaxu.w ", amomaxu.w, 0x80000000, 1
    amo "amomin.d ", amomin.d, 0x8000000000000000, 1
    amo "amomaxu.d ", amomaxu.d, 0x8000000000000000, 1
    /* sc after lr, without lr, twice, elsewhere, after a trap */
    li a1, 42
    lr.d a2, (a0)
    sc.d a3, a1, (a0)
    ld a4, 0(a0)
    jal s7, three
    sc.d a3, a1, (a0)
    jal s7, three
    sd x0, 0(a0)
    li a1, 43
    lr.w a2, (a0)
    addi a5, a0, 8
    sd x0, 0(a5)
    sc.w a3, a1, (a5)
    ld a4, 0(a5)
    jal s7, three
    sc.w a3, a1, (a0)
    ld a4, 0(a0)
    jal s7, three
    lr.w a2, (a0)
    la s11, 1f
    ecall
1:  sc.w a3, a1, (a0)
    ld a4, 0(a0)
    jal s7, three
    /* sign */
    li t0, 0x80000000
    sw t0, 0(a0)
    lr.w a2, (a0)
    sc.w a3, x0, (a0)
    lw a4, 0(a0)
    jal s7, three
    jr s0

three:
    hex a2
    say " "
    hex a3
    say " "
    hex a4
    say "\n"
    jr s7
