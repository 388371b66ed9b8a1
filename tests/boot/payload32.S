/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A supervisor-mode payload for riscv32 under OpenSBI: checks 32-bit arithmetic and the SBI timer,
 * prints through the SBI console, powers off through the SBI system reset extension.
 * SBI 1.0: legacy console putchar 5.2, timer 6, system reset 10.
 */
    .option norelax
    .section .text.start, "ax"
    .globl _start
_start:
    la sp, stack_top
    la a1, hello
    call print

    /* 0x7fffffff + 1 wraps to the smallest number on a 32-bit hart */
    li t0, 0x7fffffff
    addi t0, t0, 1
    bgez t0, bad
    /* a 32 x 32 product, high half */
    li t1, 0x12345678
    mulhu t2, t1, t1
    li t3, 0x14b66dc
    bne t2, t3, bad

    /* a timer interrupt arrives: sstatus.SIE off, wfi wakes on sip.STIP */
    li t0, 0x20
    csrs sie, t0
    rdtime a0
    li a1, 0
    li t0, 10000
    add a0, a0, t0
    sltu a1, a0, t0
    rdtimeh t1
    add a1, a1, t1
    li a7, 0x54494d45
    li a6, 0
    ecall
1:  wfi
    csrr t0, sip
    andi t0, t0, 0x20
    beqz t0, 1b

    la a1, fine
    call print
    li a0, 0
    j off
bad:
    la a1, wrong
    call print
    li a0, 0
off:
    li a1, 0
    li a6, 0
    li a7, 0x53525354
    ecall
2:  j 2b

print:
    lbu a0, 0(a1)
    beqz a0, 3f
    li a7, 1
    ecall
    addi a1, a1, 1
    j print
3:  ret

    .section .rodata
hello: .asciz "payload: hello from 32 bits\n"
fine:  .asciz "payload: fine\n"
wrong: .asciz "payload: wrong\n"
    .bss
    .align 4
    .space 4096
stack_top:
