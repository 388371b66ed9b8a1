/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts from software, timer and delegation; vectored mode; wfi. */
#include "bare.inc"

#define MSIP     0x2000000
#define MTIMECMP 0x2004000
#define MTIME    0x200bff8

    /* Wait in PRIV for a trap with interrupts of that mode as they are. */
    .macro spin_in priv, name, turns=200000
    expect
    la s11, 53f
    enter \priv, 52f
52: li a4, \turns
54: addi a4, a4, -1
    bnez a4, 54b
    li a7, CALL_DONE
    ecall
53: li a7, 0
    say "\name"
    jal t5, report
    .endm

    .macro msip value
    li t0, MSIP
    li t1, \value
    sw t1, 0(t0)
    .endm

    .macro timer_in ticks
    li t0, MTIME
    ld t1, 0(t0)
    li t2, \ticks
    add t1, t1, t2
    li t0, MTIMECMP
    sd t1, 0(t0)
    .endm

    .macro timer_off
    li t0, MTIMECMP
    li t1, -1
    sd t1, 0(t0)
    .endm

    .globl main
main:
    mv s0, ra
    timer_off
    show "mip ", mip
    msip 1
    show "mip with msip ", mip
    csrwi mie, 8
    spin_in PRIV_S, "msip in S"
    spin_in PRIV_U, "msip in U"
    /* in M it waits for MIE */
    expect
    la s11, 1f
    nop
    nop
    say "MIE is off\n"
    csrsi mstatus, 8
    nop
    nop
    nop
1:  csrci mstatus, 8
    say "msip in M"
    jal t5, report
    msip 0
    show "mip without msip ", mip

    /* timer */
    li t0, 0x80
    csrw mie, t0
    timer_in 1000
    spin_in PRIV_S, "timer in S", 100000000
    timer_off
    csrr a0, mip
    andi a0, a0, 0x80
    hex a0
    say "\n"
    timer_in 1000
2:  wfi
    csrr a0, mip
    andi a0, a0, 0x80
    beqz a0, 2b
    say "wfi ends\n"
    timer_off

    /* software's bits, delegated: to S unless in M */
    li t0, 0x222
    csrw mideleg, t0
    csrw mie, t0
    csrwi mip, 2
    csrsi sstatus, 2
    spin_in PRIV_S, "SSIP in S with SIE"
    csrci sstatus, 2
    spin_in PRIV_S, "SSIP in S without SIE"
    spin_in PRIV_U, "SSIP in U"
    li t0, 0x22
    csrw mip, t0
    spin_in PRIV_U, "SSIP before STIP"
    li t0, 0x222
    csrw mip, t0
    spin_in PRIV_U, "SEIP before both"
    csrw mip, x0
    spin_in PRIV_U, "nothing"

    /* M's come first, and those not delegated go to M */
    msip 1
    li t0, 0x22a
    csrw mie, t0
    csrwi mip, 2
    spin_in PRIV_U, "MSIP before SSIP"
    msip 0
    csrw mideleg, x0
    spin_in PRIV_U, "SSIP, not delegated"

    /* vectored: interrupts to base + 4 * cause, exceptions to base */
    la t0, table + 1
    csrw mtvec, t0
    spin_in PRIV_U, "vectored"
    hex s6
    say "\n"
    csrw mip, x0
    try "exception", .word 0
    hex s6
    say "\n"
    jr s0

    .align 8
    .option norvc
table:
    j 3f
    j 4f
    .fill 14, 4, 0
3:  li s6, 0xe
    j m_trap
4:  li s6, 1
    j m_trap
