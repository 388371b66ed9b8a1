/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * riscv64. Asks the other CPU a thousand questions, counts together with it, writes code for it and
 * runs code that it has written. Ends the run with 0, or with the number of what went wrong.
 */
    .option norelax
    .option arch, +zicsr, +zifencei
    .globl _start
#define MAILBOX 0x10000000
#define ROUNDS 1000
#define COUNTS 20000
_start:
    li s0, MAILBOX
    li s1, 0x80000000
    li t0, 0x200 /* mie.SEIE: wfi waits for it */
    csrw mie, t0

    /* 1: questions */
    li s2, 1
1:  mv a0, s2
    call ask
    mul t0, s2, s2
    addi t0, t0, 3
    li a1, 1
    bne a0, t0, failed
    addi s2, s2, 1
    li t0, ROUNDS
    bleu s2, t0, 1b
    li a0, -1
    call ask
    li t0, 1
    li a1, 2
    bne a0, t0, failed

    /* 2: both count; the other one answers when it is done */
    li t0, 0x10000
    add s3, s1, t0
    li s2, COUNTS
    li t1, 1
    sd t1, 0(s0) /* start */
2:  amoadd.d x0, t1, (s3)
    addi s2, s2, -1
    bnez s2, 2b
    call answer
    ld t0, 0(s3)
    li t1, 2 * COUNTS
    li a1, 3
    bne t0, t1, failed

    /* 3: code for the other one: movz x0, #i; ret. It answers x0 + 1 */
    li t0, 0x20000
    add s3, s1, t0
    li t0, 0xd65f03c0
    sw t0, 4(s3)
    li s2, 1
3:  li t0, 0xd2800000
    slli t1, s2, 5
    or t0, t0, t1
    sw t0, 0(s3)
    fence
    mv a0, s2
    call ask
    addi t0, s2, 1
    li a1, 4
    bne a0, t0, failed
    addi s2, s2, 1
    li t0, 500
    bleu s2, t0, 3b
    li a0, -1
    call ask

    /* 4: its code for us: addi a0, x0, i; ret */
    li t0, 0x30000
    add s3, s1, t0
    li s2, 1
4:  mv a0, s2
    call ask
    fence.i
    jalr s3
    li a1, 5
    bne a0, s2, failed
    addi s2, s2, 1
    li t0, 500
    bleu s2, t0, 4b
    li a1, 0
failed:
    sd a1, 16(s0)
1:  wfi
    j 1b

/* a0 to the other CPU; its answer. */
ask:
    sd a0, 0(s0)
answer:
1:  ld a0, 8(s0)
    bnez a0, 2f
    wfi
    j 1b
2:  sd x0, 8(s0)
    ret
