/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run: -icount shift=0 */
/* What sticks in the registers whose legal values the manual leaves no choice about. */
#include "bare.inc"

    .globl main
main:
    mv s0, ra
    probe "mscratch ", mscratch
    probe "sscratch ", sscratch
    probe "mepc ", mepc
    probe "sepc ", sepc
    probe "stval ", stval
    probe "mtval ", mtval
    probe "mideleg ", mideleg
    probe "sie without delegation ", sie
    li t0, 0x222
    csrw mideleg, t0
    probe "sie ", sie
    probe "sip ", sip
    show "mie ", mie
    csrw mideleg, x0
    li t0, 0x6000
    csrs mstatus, t0
    probe "frm ", frm
    probe "fflags ", fflags
    probe "fcsr ", fcsr
    probe "sstatus ", sstatus
    /* csrrs and csrrc */
    li a0, 0xf0
    csrw mscratch, a0
    li a1, 0x0f
    csrrs a2, mscratch, a1
    hex a2
    say " "
    csrrc a2, mscratch, a0
    hex a2
    say " "
    csrrwi a2, mscratch, 17
    hex a2
    say " "
    csrrsi a2, mscratch, 2
    hex a2
    say " "
    csrrci a2, mscratch, 1
    hex a2
    say "\n"
    show "mscratch ", mscratch
    /* MPP takes 0, 1 and 3 */
    li a0, 3 << 11
    csrc mstatus, a0
    li a1, 2 << 11
    csrs mstatus, a1
    csrr a2, mstatus
    and a2, a2, a0
    hex a2
    say "\n"
    csrs mstatus, a0
    /* tvec: modes 0 and 1 */
    csrr a4, mtvec
    li a0, 0x80001001
    csrw mtvec, a0
    show "mtvec ", mtvec
    csrw mtvec, a4
    /* satp: an unsupported mode drops the write */
    li a0, 1
    slli a0, a0, 60
    addi a0, a0, 5
    csrw satp, a0
    show "satp ", satp
    /* pmp */
    probe "pmpaddr1 ", pmpaddr1
    li a0, 0x1800
    csrs pmpcfg0, a0
    show "pmpcfg0 ", pmpcfg0
    li a0, 0x9800
    csrs pmpcfg0, a0
    csrw pmpaddr1, x0
    li a0, 0xff00
    csrc pmpcfg0, a0
    show "pmpcfg0 locked ", pmpcfg0
    try "pmpcfg1", csrr a0, 0x3a1
    /* instructions are counted: five from one read to the next, two from the write */
    csrr a0, minstret
    nop
    nop
    nop
    nop
    csrr a1, minstret
    sub a0, a1, a0
    hex a0
    say "\n"
    csrwi minstret, 0
    nop
    nop
    csrr a0, minstret
    hex a0
    say "\n"
    jr s0
