/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As a Linux program: characters are gathered in a line and written to standard output. */
#if __riscv_xlen == 32
#define LOAD lw
#define STORE sw
#else
#define LOAD ld
#define STORE sd
#endif

    .text
    .globl _start, put_char
_start:
    andi sp, sp, -16
    call run
    li a7, 93 /* exit */
    ecall

put_char:
    la t0, line
    la t1, length
    LOAD t2, 0(t1)
    add t3, t0, t2
    sb a0, 0(t3)
    addi t2, t2, 1
    STORE t2, 0(t1)
    li t3, 10
    beq a0, t3, 1f
    li t3, 250
    bltu t2, t3, 2f
1:  STORE zero, 0(t1)
    li a0, 1
    mv a1, t0
    mv a2, t2
    li a7, 64 /* write */
    ecall
2:  ret

    .bss
    .balign 8
length: .dword 0
line:   .space 256
