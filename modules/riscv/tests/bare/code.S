/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run: -icount shift=0 */
/* What translation depends on: fetch, code that changes, FP and rounding switched at run time. */
#include "bare.inc"

    .globl main
main:
    mv s0, ra
    jal encodings
    jal changing
    jal counting
    jal floating
    jal crossing
    mv ra, s0
    ret

    /* Reserved encodings: illegal, with the bits as tval. */
encodings:
    mv s1, ra
    try "c.addi4spn of 0", .half 0x0004
    try "c.addiw x0", .half 0x2001
    try "c.lui of 0", .half 0x6501
    try "c.addi16sp of 0", .half 0x6101
    try "c.lwsp x0", .half 0x4002
    try "c.jr x0", .half 0x8002
    try "lr with rs2", .word 0x1015252f
    try "branch 010", .word 0x00052063
    try "slliw by 32", .word 0x0205151b
    try "load 111", .word 0x00007003
    try "jalr 001", .word 0x00001067
    try "mul of unknown funct7", .word 0x06a50533
    try "c.nop with hint", .half 0x0005
    try "c.slli x0", .half 0x0006
    try "fence with reserved mode", .word 0x2330000f
    mv ra, s1
    ret

    /* Code that is written before it runs: with fence.i, and into a block that has run. */
changing:
    mv s1, ra
    la a0, patch
    li s2, 0
    li s3, 4
1:  li t0, 0x00100513 /* li a0, 1 */
    slli t1, s3, 20
    add t0, t0, t1
    la a1, patch
    sw t0, 0(a1)
    fence.i
    jal patch
    add s2, s2, a0
    addi s3, s3, -1
    bnez s3, 1b
    say "patched: "
    hex s2
    say "\n"
    mv ra, s1
    ret
    .balign 4
patch:
    .word 0
    ret

    /* instret over straight code, a loop, and both ways of a branch. */
counting:
    mv s1, ra
    csrr a0, minstret
    nop
    nop
    nop
    csrr a1, minstret
    sub s2, a1, a0
    li a2, 10
    csrr a0, minstret
1:  addi a2, a2, -1
    bnez a2, 1b
    csrr a1, minstret
    sub s3, a1, a0
    csrr a0, minstret
    beqz x0, 1f
    nop
1:  bnez x0, 1f
    nop
1:  csrr a1, minstret
    sub s4, a1, a0
    csrr a0, minstret
    la t0, 1f
    jr t0
1:  csrr a1, minstret
    sub s5, a1, a0
    say "counted: "
    hex s2
    say " "
    hex s3
    say " "
    hex s4
    say " "
    hex s5
    say "\n"
    mv ra, s1
    ret

floating:
    mv s1, ra
    li a5, 3 << 13
    csrc mstatus, a5
    try "FP off: fadd", fadd.d fa0, fa0, fa0
    try "FP off: flw", flw fa0, 0(sp)
    try "FP off: c.fsd", c.fsdsp fs0, 0(sp)
    try "FP off: frm", csrr a0, frm
    li a5, 1 << 13
    csrs mstatus, a5
    addi sp, sp, -16
    try "FP on: fsw", fsw fa0, 0(sp)
    csrr a4, mstatus
    srli a4, a4, 13
    andi a4, a4, 3
    say "FS after a store: "
    hex a4
    say "\n"
    li a0, -3
    fcvt.d.l fa1, a0
    csrr a4, mstatus
    srli a4, a4, 13
    andi a4, a4, 3
    say "FS after a conversion: "
    hex a4
    say "\n"
    /* -3 / 2 in each rounding mode, the mode changed behind the translator's back */
    li a1, 2
    fcvt.d.l fa2, a1
    fdiv.d fa1, fa1, fa2
    li s2, 0
    li s3, 0
1:  csrw frm, s3
    fcvt.w.d a0, fa1
    slli s2, s2, 4
    andi a0, a0, 15
    or s2, s2, a0
    addi s3, s3, 1
    li a0, 5
    bne s3, a0, 1b
    say "rounded: "
    hex s2
    say "\n"
    csrw frm, s3
    try "frm of 5", fadd.d fa0, fa0, fa0
    try "frm of 5, static", fadd.d fa0, fa0, fa0, rne
    try "rm of 5", .word 0x02a55553
    csrw fcsr, x0
    addi sp, sp, 16
    mv ra, s1
    ret

    /*
     * An instruction on two pages: Sv39 maps 1 GiB at 0x80000000 one to one, and page 0x40000 of a
     * 4 KiB table; the page behind it is not there.
     */
crossing:
    mv s1, ra
    la a0, root
    srli a1, a0, 12
    li a2, 8
    slli a2, a2, 60
    or a1, a1, a2
    li a2, 0x200000cf /* 0x80000000, D A X W R V */
    sd a2, 16(a0)
    la a3, middle
    srli a2, a3, 2
    ori a2, a2, 1
    sd a2, 0(a0)
    la a4, leaf
    srli a2, a4, 2
    ori a2, a2, 1
    sd a2, 0(a3)
    la a5, page
    srli a2, a5, 2
    ori a2, a2, 0xcb /* D A X R V */
    sd a2, 256(a4)
    csrw satp, a1
    sfence.vma
    li t0, 1 << 12 | 1 << 13
    csrw medeleg, t0
    try_in PRIV_S, "in one page", jal go_page
    try_in PRIV_S, "over the end", jal go_end
    try_in PRIV_S, "behind the end", jal go_next
    la a5, page
    la a4, leaf
    srli a2, a5, 2
    ori a2, a2, 0xcb
    sd a2, 264(a4)
    sfence.vma
    try_in PRIV_S, "over the end, mapped", jal go_end
    say "a0: "
    hex a0
    say "\n"
    csrw satp, x0
    csrw medeleg, x0
    mv ra, s1
    ret
go_page:
    li t0, 0x20ff8
    jr t0
go_end:
    li t0, 0x20ffe
    jr t0
go_next:
    li t0, 0x21000
    jr t0

    .balign 4096
page:
    .half 0x7ff0 /* upper half of the instruction at the end, when the page follows itself */
    ret
    .space 4096 - 8 - 4
    ret
    .balign 2
    .space 4
    .half 0x0513 /* lower half of li a0, 0x7ff */
root:
    .space 4096
middle:
    .space 4096
leaf:
    .space 4096
