/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On the bare board, in machine mode: characters go to the serial port at 0x10000000, the end is a
 * word to the test device at 0x100000. A trap prints mcause and mepc and ends with a failure.
 */
    .option arch, +zicsr
    .section .start, "ax"
    .globl _start, put_char
_start:
    la sp, stack_top
    la t0, trap
    csrw mtvec, t0
    li t0, 0x2000 /* mstatus.FS = Initial */
    csrs mstatus, t0
    csrw fcsr, zero
    la t0, bss_start
    la t1, bss_end
1:  sw zero, 0(t0)
    addi t0, t0, 4
    bltu t0, t1, 1b
    call run
    li a0, 0x5555 /* pass */
power_off:
    li t0, 0x100000
    sw a0, 0(t0)
1:  j 1b

put_char:
    li t0, 0x10000000
1:  lbu t1, 5(t0) /* line status: room in the transmitter */
    andi t1, t1, 0x20
    beqz t1, 1b
    sb a0, 0(t0)
    ret

    .balign 4
trap:
    la sp, stack_top
    csrr s0, mcause
    li a0, 'T'
    call put_char
    call put_hex
    csrr s0, mepc
    call put_hex
    li a0, 10
    call put_char
    li a0, 0x13333 /* fail, status 1 */
    j power_off

/* A space and s0. */
put_hex:
    mv s3, ra
    li a0, ' '
    call put_char
    li s1, __riscv_xlen - 4
1:  srl a0, s0, s1
    andi a0, a0, 15
    li t0, 10
    addi a0, a0, '0'
    li t0, '9'
    ble a0, t0, 2f
    addi a0, a0, 'a' - '9' - 1
2:  call put_char
    addi s1, s1, -4
    bgez s1, 1b
    mv ra, s3
    ret
