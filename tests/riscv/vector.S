/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vector instruction under a given state, and what its exceptions do: as a Linux program
 * (LINUX defined) signals, else traps in machine mode. Both go on behind the instruction and leave
 * the number of the cause behind; Linux's signals and the machine's causes are mapped to 1 for an
 * illegal instruction and 2 for an access that failed.
 */
#if __riscv_xlen == 32
#define LOAD lw
#define STORE sw
#define STEP 4
#define PC_IN_CONTEXT 160
#else
#define LOAD ld
#define STORE sd
#define STEP 8
#define PC_IN_CONTEXT 176
#endif

    .option norelax
    .text
    .globl run_case, setup, drop

/* Offsets into struct state of vector.c: f1 and f2 come first. */
#define F1 0
#define F2 8
#define WORD(n) (16 + (n) * STEP)
#define AVL WORD(0)
#define VTYPE WORD(1)
#define VSTART WORD(2)
#define VCSR WORD(3)
#define FCSR WORD(4)
#define X1 WORD(5)
#define X2 WORD(6)
#define X3 WORD(7)
#define TRAPPED WORD(8)
#define VL WORD(9)
#define VLENB WORD(10)

/* run_case(state, registers, function) */
run_case:
    addi sp, sp, -16
    STORE ra, 0(sp)
    STORE s1, STEP(sp)
    mv s1, a0
    la t0, trapped
    STORE zero, 0(t0)
    csrr a3, vlenb
    slli a3, a3, 3
    vsetvli zero, zero, e8, m1, ta, ma
    mv a4, a1
    vl8re8.v v0, (a4)
    add a4, a4, a3
    vl8re8.v v8, (a4)
    add a4, a4, a3
    vl8re8.v v16, (a4)
    add a4, a4, a3
    vl8re8.v v24, (a4)
    fld f1, F1(s1)
    fld f2, F2(s1)
    LOAD t1, X1(s1)
    LOAD t2, X2(s1)
    LOAD t3, X3(s1)
    LOAD t0, FCSR(s1)
    fscsr t0
    LOAD t0, VCSR(s1)
    csrw vcsr, t0
    LOAD t0, AVL(s1)
    LOAD t4, VTYPE(s1)
    vsetvl zero, t0, t4
    LOAD t0, VSTART(s1)
    csrw vstart, t0
    jalr a2
    csrr t0, vstart
    STORE t0, VSTART(s1)
    csrw vstart, zero
    csrr t0, vl
    STORE t0, VL(s1)
    csrr t0, vtype
    STORE t0, VTYPE(s1)
    csrr t0, vcsr
    STORE t0, VCSR(s1)
    frcsr t0
    STORE t0, FCSR(s1)
    STORE t1, X1(s1)
    STORE t2, X2(s1)
    STORE t3, X3(s1)
    fsd f2, F2(s1)
    vs8r.v v0, (a1)
    add a1, a1, a3
    vs8r.v v8, (a1)
    add a1, a1, a3
    vs8r.v v16, (a1)
    add a1, a1, a3
    vs8r.v v24, (a1)
    la t0, trapped
    LOAD t0, 0(t0)
    STORE t0, TRAPPED(s1)
    LOAD ra, 0(sp)
    LOAD s1, STEP(sp)
    addi sp, sp, 16
    ret

#ifdef LINUX
/* handler(signal, info, context): SIGILL is 4 */
handler:
    LOAD t0, PC_IN_CONTEXT(a2)
    addi t0, t0, 4
    STORE t0, PC_IN_CONTEXT(a2)
    li t0, 1
    li t1, 4
    beq a0, t1, 1f
    li t0, 2
1:  la t1, trapped
    STORE t0, 0(t1)
    ret

/* setup(bytes): returns the end of that many bytes behind which nothing is mapped */
setup:
    mv t3, a0
    li a0, 4
    la a1, action
    li a2, 0
    li a3, 8
    li a7, 134 /* rt_sigaction */
    ecall
    li a0, 11
    ecall
    li a0, 7
    ecall
    li a0, 0
    li t0, 0x20000
    add a1, t3, t0
    li a2, 3
    li a3, 0x22
    li a4, -1
    li a5, 0
    li a7, 222 /* mmap */
    ecall
    add t3, t3, a0
    mv a0, t3
    li a1, 0x20000
    li a2, 0
    li a7, 226 /* mprotect */
    ecall
    mv a0, t3
    ret

/* drop(start, bytes): whole pages become zero; under Linux they come back one fault at a time */
drop:
    li a2, 4
    li a7, 233 /* madvise, MADV_DONTNEED */
    ecall
    ret

    .data
    .balign 8
action:
#if __riscv_xlen == 32
    .word handler, 0x40000004, 0, 0
#else
    .dword handler, 0x40000004, 0
#endif
#else
/* Illegal instruction is cause 2. */
    .balign 4
handler:
    csrw mscratch, t0
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    la t0, saved
    STORE t1, 0(t0)
    csrr t1, mcause
    addi t1, t1, -2
    snez t1, t1
    addi t1, t1, 1
    STORE t1, STEP(t0) /* trapped */
    LOAD t1, 0(t0)
    csrr t0, mscratch
    mret

/* The end of the board's 128 MiB of RAM. */
setup:
    la t0, handler
    csrw mtvec, t0
    li t0, 0x2200
    csrs mstatus, t0
    li a0, 0x88000000
    ret

drop:
    add a1, a0, a1
1:  STORE zero, 0(a0)
    addi a0, a0, STEP
    bltu a0, a1, 1b
    ret

    .data
    .balign 8
saved:
#if __riscv_xlen == 32
    .word 0
#else
    .dword 0
#endif
#endif
trapped:
    .dword 0
