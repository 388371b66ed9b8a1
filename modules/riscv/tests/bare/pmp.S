/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory protection as instructions meet it: granules below a page, order, locks. */
#include "bare.inc"

#define DATA 0x80100000

    .macro entries c0, a0_, c1, a1_, c2, a2_
    li t0, \a0_
    csrw pmpaddr0, t0
    li t0, \a1_
    csrw pmpaddr1, t0
    li t0, \a2_
    csrw pmpaddr2, t0
    li t0, \c0 | \c1 << 8 | \c2 << 16
    csrw pmpcfg0, t0
    .endm

#define R     1
#define W     2
#define X     4
#define TOR   8
#define NA4   16
#define NAPOT 24
#define LOCK  128
#define ALL   (NAPOT | R | W | X), -1

    .globl main
main:
    mv s0, ra
    li a0, DATA
    sd x0, 0(a0)
    sd x0, 8(a0)
    csrw pmpcfg0, x0
    entries (NA4 | R), (DATA >> 2), ALL, 0, 0
    try_in PRIV_S, "NA4: load", lw a1, 0(a0)
    try_in PRIV_S, "NA4: store", sw x0, 0(a0)
    try_in PRIV_S, "NA4: store behind", sw x0, 4(a0)
    try "NA4: store from M", sw x0, 0(a0)
    try_in PRIV_U, "NA4: amo", amoadd.w a1, x0, (a0)
    entries (NAPOT | R), ((DATA >> 2) | 0x1ff), ALL, 0, 0
    try_in PRIV_S, "page: load", ld a1, 8(a0)
    try_in PRIV_S, "page: store", sd x0, 8(a0)
    try_in PRIV_S, "page: fetch", jr a0
    entries 0, (DATA >> 2), (TOR | R | W), ((DATA + 8) >> 2), (NAPOT | X), -1
    try_in PRIV_S, "TOR: load", lw a1, 4(a0)
    try_in PRIV_S, "TOR: load behind", lw a1, 8(a0)
    try_in PRIV_S, "TOR: store", sw a1, 4(a0)
    entries (TOR | R | W | X), (DATA >> 2), 0, 0, 0, 0
    try_in PRIV_S, "from 0: load behind", lw a1, 0(a0)
    try_in PRIV_S, "from 0: load below", lw a1, -4(a0)
    entries 0, 0, ALL, 0, 0
    /* locked: for M, too */
    li t0, DATA >> 2 | 0x1ff
    csrw pmpaddr3, t0
    li t0, (LOCK | NAPOT | R) << 24
    csrs pmpcfg0, t0
    try "behind entry 1: store from M", sw x0, 0(a0)
    try_in PRIV_S, "behind entry 1: store from S", sw x0, 0(a0)
    csrw pmpaddr3, x0
    show "pmpaddr3 ", pmpaddr3
    li t0, 0x1f00
    csrc pmpcfg0, t0
    try "locked: load from M", lw a1, 0(a0)
    try "locked: store from M", sw a1, 0(a0)
    try "locked: fetch from M", jalr x0, 0(a0)
    entries ALL, 0, 0, 0, 0
    jr s0
