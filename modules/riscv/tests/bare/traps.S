/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions of instructions in each mode, delegation, returns. */
#include "bare.inc"

    .globl main
main:
    mv s0, ra
    try "illegal", .word 0
    try "illegal, all ones", .word 0xffffffff
    try "csr that is not there", csrr a0, 0x5c0
    try "write of a read-only csr", csrw mhartid, x0
    try "read of a read-only csr", csrr a0, mhartid
    try "ecall from M", ecall
    li a0, 0x18000000
    try "load from nothing", lw a1, 0(a0)
    try "store to nothing", sw a1, 0(a0)
    la s11, 1f
    expect
    jr a0
1:  say "fetch from nothing"
    jal t5, report
    li a0, 0x80100001
    sw x0, 3(a0)
    try "misaligned load", lw a1, 0(a0)
    try "misaligned amo", amoadd.w a1, a2, (a0)
    try "misaligned lr", lr.w a1, (a0)
    try "misaligned sc", sc.w a1, a2, (a0)

    try_in PRIV_S, "S: ecall", ecall
    try_in PRIV_U, "U: ecall", ecall
    try_in PRIV_U, "U: csr of M", csrr a0, mscratch
    try_in PRIV_S, "S: csr of M", csrr a0, mscratch
    try_in PRIV_U, "U: csr of S", csrr a0, sscratch
    try_in PRIV_S, "S: csr of S", csrr a0, sscratch
    try_in PRIV_S, "S: mret", mret
    try_in PRIV_U, "U: sret", sret
    try_in PRIV_U, "U: sfence.vma", sfence.vma
    try_in PRIV_S, "S: sfence.vma", sfence.vma
    li t0, 1 << 20
    csrs mstatus, t0
    try_in PRIV_S, "S: sfence.vma with TVM", sfence.vma
    try_in PRIV_S, "S: satp with TVM", csrr a0, satp
    csrc mstatus, t0
    li t0, 1 << 20
    csrc mstatus, t0
    li t0, 1 << 21
    csrs mstatus, t0
    try_in PRIV_S, "S: wfi with TW", wfi
    li t0, 1 << 21
    csrc mstatus, t0
    li t0, 1 << 22
    csrs mstatus, t0
    try_in PRIV_S, "S: sret with TSR", sret
    li t0, 1 << 22
    csrc mstatus, t0

    /* counters open level by level */
    csrw mcounteren, x0
    csrw scounteren, x0
    try_in PRIV_S, "S: cycle closed", csrr a0, cycle
    csrwi mcounteren, 7
    try_in PRIV_S, "S: cycle open", csrr a0, cycle
    try_in PRIV_U, "U: cycle closed", csrr a0, cycle
    csrwi scounteren, 1
    try_in PRIV_U, "U: cycle open", csrr a0, cycle
    try_in PRIV_U, "U: time closed", csrr a0, time

    /* delegated to S */
    li t0, 0xb1ff
    csrw medeleg, t0
    try_in PRIV_U, "U: ecall, delegated", ecall
    try_in PRIV_U, "U: illegal, delegated", .word 0
    try_in PRIV_S, "S: illegal, delegated", .word 0
    li a0, 0x18000000
    try_in PRIV_S, "S: load, delegated", lw a1, 0(a0)
    try "M: illegal, delegated", .word 0
    show "sstatus after: ", sstatus
    csrw medeleg, x0

    /* floating point off, then on; a write makes it dirty */
    li t0, 0x6000
    csrc mstatus, t0
    try "FS off: fadd", fadd.d ft0, ft1, ft2
    try "FS off: fcsr", csrr a0, fcsr
    li t0, 0x2000
    csrs mstatus, t0
    try "FS initial: fld", fcvt.d.w ft0, x0
    show "mstatus: ", mstatus
    li t0, 0x6000
    csrc mstatus, t0
    li t0, 0x4000
    csrs mstatus, t0
    try "FS clean: fcsr", csrr a0, fcsr
    show "mstatus: ", mstatus
    csrwi fflags, 3
    show "mstatus: ", mstatus
    show "fcsr: ", fcsr
    csrwi frm, 5
    try "frm reserved, dynamic", fadd.d ft0, ft1, ft2
    try "frm reserved, static", fadd.d ft0, ft1, ft2, rne
    csrwi fcsr, 0

    /* MPRV: loads with the rights of MPP */
    csrw pmpcfg0, x0
    li t0, 3 << 11
    csrc mstatus, t0
    li a0, 0x80100000
    li t1, 1 << 17
    csrs mstatus, t1
    try "MPRV to U without PMP", lw a1, 0(a0)
    try "without MPRV", lw a1, 0(a0)
    li t0, 0x1f
    csrw pmpcfg0, t0
    jr s0
