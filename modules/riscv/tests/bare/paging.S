/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sv39, Sv48 and Sv57: sizes of pages, rights, SUM, MXR, MPRV, fences. In each mode the program is
 * mapped one to one for S as a 1 GiB page, and at 0x40000000 less for U; test pages are at TEST.
 */
#include "bare.inc"

#define ROOT  0x80200000 /* then a table a page: 57, 48, 39, 1 GiB, 2 MiB */
#define DATA  0x80400000
#define TEST  0x10000000 /* virtual: 2 MiB page number 128, first page */
#define TOP   0x80204000 /* table of 4 KiB pages for TEST */
#define V 1
#define R 2
#define W 4
#define X 8
#define U 16
#define A 64
#define D 128
#define PTE(address, bits) (((address) >> 12 << 10) | (bits))

    .macro poke address, value
    li t0, \address
    li t1, \value
    sd t1, 0(t0)
    .endm

    /* Test page number n of TEST. */
    .macro page n, bits
    poke (TOP + 8 * \n), PTE(DATA, \bits)
    sfence.vma
    .endm

    .macro in_u name, insn:vararg
    expect
    la s11, 43f
    li t0, 3 << 11
    csrc mstatus, t0
    la t0, 42f
    li t1, 0x40000000
    sub t0, t0, t1
    csrw mepc, t0
    mret
42: \insn
    li a7, CALL_DONE
    ecall
43: li a7, 0
    say "\name"
    jal t5, report
    .endm

    .globl main
main:
    mv s0, ra
    li t0, DATA
    li t1, 0x600d0000
    sw t1, 0(t0)
    /* tables: level 4, 3, 2, 1, 0 from ROOT */
    poke 0x80200000, PTE(0x80201000, V)
    poke 0x80201000, PTE(0x80202000, V)
    poke 0x80202000, PTE(0x80203000, V)
    poke 0x80202008, PTE(0x80000000, V | R | W | X | U | A | D)
    poke 0x80202010, PTE(0x80000000, V | R | W | X | A | D)
    poke (0x80203000 + 8 * 128), PTE(TOP, V)
    li t0, 0xb1ff
    csrw medeleg, t0

    say "Sv39\n"
    li s1, 8
    li s2, 0x80202000
    jal s7, all
    say "Sv48\n"
    li s1, 9
    li s2, 0x80201000
    jal s7, all
    say "Sv57\n"
    li s1, 10
    li s2, 0x80200000
    jal s7, all
    csrw satp, x0
    jr s0

all:
    slli t0, s1, 60
    srli t1, s2, 12
    or t0, t0, t1
    csrw satp, t0
    csrr t1, satp
    beq t0, t1, 1f
    say "not there\n"
    jr s7
1:  sfence.vma
    li a0, TEST
    page 0, 0
    try_in PRIV_S, "unmapped load", lw a1, 0(a0)
    try_in PRIV_S, "unmapped store", sw a1, 8(a0)
    try_in PRIV_S, "unmapped amo", amoadd.w a1, x0, (a0)
    try_in PRIV_S, "unmapped lr", lr.w a1, (a0)
    try_in PRIV_S, "unmapped fetch", jr a0
    page 0, (V | R | A | D)
    try_in PRIV_S, "read-only load", lw a1, 0(a0)
    try_in PRIV_S, "read-only store", sw a1, 0(a0)
    try_in PRIV_S, "read-only amo", amoadd.w a1, x0, (a0)
    try_in PRIV_S, "read-only fetch", jr a0
    in_u "S page from U", lw a1, 0(a0)
    page 0, (V | R | W | A | D)
    try_in PRIV_S, "writable store", sw a1, 0(a0)
    page 0, (V | X | A | D)
    try_in PRIV_S, "execute-only load", lw a1, 0(a0)
    li t0, 1 << 19
    csrs mstatus, t0
    try_in PRIV_S, "execute-only load with MXR", lw a1, 0(a0)
    li t0, 1 << 19
    csrc mstatus, t0
    page 0, (V | W | A | D)
    try_in PRIV_S, "W without R", lw a1, 0(a0)
    page 0, (V | R | W | X | U | A | D)
    in_u "U page from U", lw a1, 0(a0)
    try_in PRIV_S, "U page from S", lw a1, 0(a0)
    li t0, 1 << 18
    csrs mstatus, t0
    try_in PRIV_S, "U page from S with SUM", lw a1, 0(a0)
    try_in PRIV_S, "U page fetch from S with SUM", jr a0
    li t0, 1 << 18
    csrc mstatus, t0
    /* not canonical */
    li a2, 1
    slli a2, a2, 60
    try_in PRIV_S, "not canonical", lw a1, 0(a2)
    /* a pointer at the last level, a leaf that is misaligned for its size */
    page 0, V
    try_in PRIV_S, "pointer as leaf", lw a1, 0(a0)
    poke (0x80203000 + 8 * 128), PTE(0x80401000, V | R | A | D)
    sfence.vma
    try_in PRIV_S, "misaligned superpage", lw a1, 0(a0)
    poke (0x80203000 + 8 * 128), PTE(0x80400000, V | R | A | D)
    sfence.vma
    try_in PRIV_S, "superpage load", lw a3, 0(a0)
    hex a3
    say "\n"
    try_in PRIV_S, "superpage store", sw a3, 0(a0)
    poke (0x80203000 + 8 * 128), PTE(0x18000000, V)
    sfence.vma
    try_in PRIV_S, "table in nothing", lw a1, 0(a0)
    poke (0x80203000 + 8 * 128), PTE(TOP, V)
    /* fences by address, by ASID, and both */
    page 0, (V | R | A | D)
    page 1, (V | R | A | D)
    try_in PRIV_S, "before", lw a1, 0(a0)
    poke TOP, 0
    sfence.vma a0
    try_in PRIV_S, "sfence.vma by address", lw a1, 0(a0)
    li a2, TEST + 0x1000
    try_in PRIV_S, "the other page", lw a1, 0(a2)
    poke (TOP + 8), 0
    sfence.vma x0, x0
    try_in PRIV_S, "sfence.vma of all", lw a1, 0(a2)
    page 0, (V | R | A | D)
    try_in PRIV_S, "before", lw a1, 0(a0)
    poke TOP, 0
    sfence.vma x0, zero
    sfence.vma a0, x0
    try_in PRIV_S, "again", lw a1, 0(a0)
    /* MPRV uses S's translation from M */
    page 0, (V | R | A | D)
    li t0, 3 << 11
    csrc mstatus, t0
    li t0, 1 << 17 | 1 << 11
    csrs mstatus, t0
    lw a3, 0(a0)
    csrc mstatus, t0
    hex a3
    say "\n"
    /* an access over the end of a page: the second page decides */
    page 0, (V | R | W | A | D)
    page 1, 0
    li a2, TEST + 0xffe
    try_in PRIV_S, "load across pages", lw a1, 0(a2)
    try_in PRIV_S, "store across pages", sw a1, 0(a2)
    jr s7
