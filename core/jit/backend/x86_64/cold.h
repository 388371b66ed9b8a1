/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of T1, and its cold stubs: what compiled code leaves to C functions. */
#ifndef QH_CORE_JIT_X86_64_COLD_H
#define QH_CORE_JIT_X86_64_COLD_H

#include "abi/cpu.h"
#include "core/jit/backend/x86_64/asm.h"

typedef struct QhT1Region QhT1Region;

/* A host register: 0..15 general, 16 + n for xmm n (the low four bits go into the encoding). */
typedef uint8_t QhReg;
#define QH_XMM(n)    ((QhReg)(16 + (n)))
#define QH_NO_REG    0xffu
#define QH_IS_XMM(r) ((r) >= 16)

/* What a cold function does next. */
#define QH_T1_RESUME 0u /* behind the operation */
#define QH_T1_AGAIN  1u /* try the operation once more */
#define QH_T1_LEAVE  2u /* cpu->unwind is set; dirty slots, pc and icount have been written */

/* The registers as they were at the stub. The function changes its destination in here. */
typedef struct QhT1Regs {
    uint64_t gpr[16];
    uint64_t xmm[16][2];
} QhT1Regs;

typedef struct QhT1Cold QhT1Cold;
/* [vcpu] */
typedef uint32_t (*QhT1ColdFn)(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs);

/* One cold stub. Stays with the region; the lowerer fills from fn on. */
struct QhT1Cold {
    const QhT1Region *region;
    uint32_t resume, again; /* offsets into the region's code */
    uint32_t dirty;         /* homes newer than memory */
    uint16_t insn;          /* number of the instruction in the region */
    uint16_t count;         /* instructions completed in its block before it */
    QhT1ColdFn fn;
    QhReg d, a, b, c; /* QH_NO_REG: none */
    uint32_t x, y;    /* the function's own: a memop, flags ... */
    uint16_t nans;    /* xmm registers: NaNs in them are to be the default one (nan.c) */
    uint16_t flags;   /* condition codes that may wait: number of the recipe + 1; 0: none */
    uint16_t kept;    /* registers that are 0 when it goes on behind the operation */
    int64_t imm;
    uint64_t word; /* likewise: a function, a constant operand ... */
};

/* Write dirty homes to the state, and pc (and icount, when counted) of the instruction: before
 * anything that may look at the CPU or enter an exception. (cold.c) */
void qh_t1_sync(QhCpu *cpu, const QhT1Cold *cold, const QhT1Regs *regs);

/* A home: register, where in the state, how wide (4, 8, 16). */
typedef struct QhT1Home {
    QhReg reg;
    uint8_t bytes;
    uint16_t pad;
    int32_t at; /* from the CPU state */
} QhT1Home;
#define QH_T1_MAX_HOMES 32u

#endif
