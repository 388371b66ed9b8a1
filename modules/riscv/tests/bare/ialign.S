/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With misa.C off, jumps to odd halfwords take the exception themselves and write no register. */
    .option norvc
#include "bare.inc"

    .globl main
main:
    mv s1, ra
    li a5, 4
    csrc misa, a5
    csrr a4, misa
    and a4, a4, a5
    bnez a4, 9f
    la a1, 8f
    li a2, 0x123
    expect
    la s11, 1f
    addi a0, a1, 2
    jalr a2, a0
    .balign 4
1:  sub s10, s10, a1
    say "jalr"
    jal t5, report
    expect
    la s11, 1f
    .word 0x002005ef /* jal a1, .+2 */
    .balign 4
1:  say "jal"
    la a0, 1b - 4
    sub s10, s10, a0
    jal t5, report
    expect
    la s11, 1f
    .word 0x00000163 /* beq x0, x0, .+2 */
    .balign 4
1:  say "branch taken"
    la a0, 1b - 4
    sub s10, s10, a0
    jal t5, report
    expect
    la s11, 1f
    .word 0x00001163 /* bne x0, x0, .+2 */
    .balign 4
1:  say "branch not taken"
    jal t5, report
    expect
    la s11, 1f
    .word 0x00010001 /* two c.nop */
    .balign 4
1:  say "c.nop"
    andi s10, s10, 1
    jal t5, report
    say "link: "
    hex a2
    say "\n"
8:  li a5, 4
    csrs misa, a5
    mv ra, s1
    ret
9:  say "misa.C stays\n"
    mv ra, s1
    ret
