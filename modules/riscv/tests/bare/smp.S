/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run: -smp 4 */
/*
 * Four harts at once: atomic counters, a lock of lr and sc, a lock of amoswap, message passing and
 * store buffering with fences, and inter-processor interrupts in a ring.
 */
#define HARTS 4
#define SMP
#include "bare.inc"

#define TURNS  20000
#define RING   200
#define SHARED 0x80100000
#define AMO    0   /* offsets in SHARED, a cache line each */
#define LRSC   64
#define LOCK   128
#define LOCKED 192
#define BEGIN  256
#define END    320
#define MP     384 /* data, flag at +64, errors at +128 */
#define SB     576 /* x, y at +64, r at +128 and +136, errors at +192, ready at +256 */
#define HOPS   896
#define MSIP   0x2000000

    /* All harts meet: @offset counts arrivals. */
    .macro meet offset
    addi t0, s1, \offset
    li t1, 1
    amoadd.w.aqrl x0, t1, (t0)
61: lw t1, 0(t0)
    li t2, HARTS
    bltu t1, t2, 61b
    fence
    .endm

    .globl main
main:
    mv s0, ra
    jal s7, work
    li s1, SHARED
    say "amoadd "
    ld a5, AMO(s1)
    hex a5
    say "\nlr and sc "
    ld a5, LRSC(s1)
    hex a5
    say "\nlocked "
    ld a5, LOCKED(s1)
    hex a5
    say "\nmessages out of order "
    ld a5, MP + 128(s1)
    hex a5
    say "\nboth stores unseen "
    ld a5, SB + 192(s1)
    hex a5
    say "\nhops "
    ld a5, HOPS(s1)
    hex a5
    say "\n"
    jr s0

    /* Where the other harts go. */
    .globl others
others:
    jal s7, work
62: wfi
    j 62b

work:
    li s1, SHARED
    csrr s2, mhartid
    meet BEGIN

    li s3, TURNS
    li a1, 1
63: addi a0, s1, AMO
    amoadd.d x0, a1, (a0)
    addi a0, s1, LRSC
64: lr.d a2, (a0)
    addi a2, a2, 1
    sc.d a3, a2, (a0)
    bnez a3, 64b
    addi a0, s1, LOCK
65: amoswap.w.aq a2, a1, (a0)
    bnez a2, 65b
    ld a2, LOCKED(s1)
    addi a2, a2, 1
    sd a2, LOCKED(s1)
    amoswap.w.rl x0, x0, (a0)
    addi s3, s3, -1
    bnez s3, 63b

    /* message passing: hart 0 writes data then flag, hart 1 reads flag then data */
    li s3, TURNS
    beqz s2, 66f
    li t0, 1
    bne s2, t0, 69f
67: ld a2, MP + 64(s1)
    fence r, r
    ld a3, MP(s1)
    bgeu a3, a2, 68f
    ld a4, MP + 128(s1)
    addi a4, a4, 1
    sd a4, MP + 128(s1)
68: bltu a2, s3, 67b
    j 69f
66: addi s3, s3, -1
    li a2, TURNS
    sub a2, a2, s3
    sd a2, MP(s1)
    fence w, w
    sd a2, MP + 64(s1)
    bnez s3, 66b

    /* store buffering: harts 2 and 3 write one variable and read the other */
69: li t0, 2
    bltu s2, t0, 75f
    andi s4, s2, 1
    slli s5, s4, 6
    addi s5, s5, SB
    add s5, s5, s1      /* mine */
    xori t0, s4, 1
    slli s6, t0, 6
    addi s6, s6, SB
    add s6, s6, s1      /* the other's */
    li s3, TURNS / 10
    li s4, 0            /* arrivals so far */
70: jal a5, pair
    li a2, 1
    sd a2, 0(s5)
    fence rw, rw
    ld a3, 0(s6)
    slli t0, s2, 3
    add t0, t0, s1
    sd a3, SB + 128 - 16(t0)
    jal a5, pair
    ld a2, SB + 128(s1)
    ld a3, SB + 136(s1)
    or a2, a2, a3
    bnez a2, 71f
    ld a3, SB + 192(s1)
    addi a3, a3, 1
    sd a3, SB + 192(s1)
71: jal a5, pair
    sd x0, 0(s5)
    addi s3, s3, -1
    bnez s3, 70b

    /* a ring of interrupts, each hart wakes the next */
75: meet END
    li s3, RING
    csrwi mie, 8
    li t0, MSIP
    slli t1, s2, 2
    add s4, t0, t1      /* my msip */
    addi t1, s2, 1
    andi t1, t1, HARTS - 1
    slli t1, t1, 2
    add s5, t0, t1      /* the next one's */
    li t2, 1
    bnez s2, 76f
    sw t2, 0(s4)
76: wfi
    csrr t1, mip
    andi t1, t1, 8
    beqz t1, 76b
    sw x0, 0(s4)
    ld t1, HOPS(s1)
    addi t1, t1, 1
    sd t1, HOPS(s1)
    fence
    addi s3, s3, -1
    bnez s3, 77f
    li t0, HARTS - 1
    beq s2, t0, 78f     /* the last hop of all wakes nobody */
77: sw t2, 0(s5)
    bnez s3, 76b
78: csrwi mie, 0
    meet END + 16
    jr s7

    /* Harts 2 and 3 meet; s4 counts. */
pair:
    addi s4, s4, 2
    addi t0, s1, SB + 256
    li t1, 1
    amoadd.w.aqrl x0, t1, (t0)
79: lw t1, 0(t0)
    bltu t1, s4, 79b
    fence
    jr a5
