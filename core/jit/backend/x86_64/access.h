/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest accesses in compiled code: what lower-memory.c, lower-atomic.c and cold-memory.c share. */
#ifndef QH_CORE_JIT_X86_64_ACCESS_H
#define QH_CORE_JIT_X86_64_ACCESS_H

#include "core/jit/backend/x86_64/t1.h"
#include "core/jit/softmmu.h"

/* A cold stub while its region is compiled. */
typedef struct QhT1ColdSite {
    QhT1Cold cold;
    QhXLabel label, back; /* back: behind the access */
    uint32_t at;          /* of the stub's distance word */
    uint32_t record;      /* the access that makes its check behind the region */
    gboolean first;       /* it was to find the addend for others, which is 0 now: */
    QhReg kept;           /* in this register; QH_NO_REG: in hot.addends[cell] */
    uint8_t cell;
    QhXLabel *next; /* the access right behind, which relies on the test of this one */
} QhT1ColdSite;

/* The newest access that has tested a kept addend, or relied on another's test. */
typedef struct QhT1Tested {
    QhT1ColdSite *site;
    uint32_t at, serial; /* where it ends; which addend */
} QhT1Tested;

/* An access being compiled. */
typedef struct QhT1Access {
    QhReg base; /* QH_NO_REG: the address is disp */
    int64_t disp;
    uint32_t memop;
    uint32_t bytes;
    uint32_t tag; /* QH_ACCESS_... that is asked for */
    QhT1Cold *cold;
} QhT1Access;

/* What addresses are off (look.c): @root, or var + (index << shift). */
typedef struct QhT1Base {
    uint32_t root;  /* the value, when no variables make it */
    uint16_t var;   /* QH_T1_NO_VAR: none */
    uint16_t index; /* likewise */
    uint8_t shift;
} QhT1Base;

/* A page that several accesses off one base share (kept.c). */
typedef struct QhT1Kept {
    QhT1Base base;
    uint8_t mmu;     /* its index */
    uint8_t needs;   /* bits 1 << QH_ACCESS_... */
    uint8_t carried; /* known for many turns of a loop (carried.c) */
    QhReg reg;       /* the page's addend, or 0; QH_NO_REG: it is in hot.addends[cell] */
    uint8_t cell;
    int32_t lo, hi;  /* from the base: the bytes that are known to be there */
    uint32_t last;   /* record that uses it last */
    uint32_t serial; /* of all in the region; QH_T1_NO_SERIAL: it was not begun */
} QhT1Kept;
#define QH_T1_NO_SERIAL UINT32_MAX
#define QH_T1_MAX_KEPT  8u
#define QH_T1_CELL      4u /* the first cell of groups that are not carried */

/* A block that is a loop, and the pages that are known for many turns of it (carried.c). */
#define QH_T1_MAX_CARRIED 4u
typedef struct QhT1Carried {
    uint32_t regs; /* its registers, as a mask */
    uint8_t n;
    QhReg turns;
    QhT1Kept kept[QH_T1_MAX_CARRIED]; /* at the head */
    int32_t step[QH_T1_MAX_CARRIED];  /* by how much each moves in a turn */
    QhXLabel go;                      /* behind the count */
} QhT1Carried;

/* The address of the present record @value and where it goes when it fails; cold->a, imm and x are
 * set. Registers are fetched, no code is made for the access yet. */
QhT1Access qh_t1_access(QhT1 *t, uint32_t value, uint32_t memop, uint32_t tag, QhT1ColdFn fn);
/*
 * The check: goes to the cold stub unless the bytes are plain RAM in one page. The operand of the
 * access; it uses rax and perhaps rdx. rcx is free. An access that needs alignment says so by
 * @aligned (or its memop).
 */
QhRm qh_t1_check(QhT1 *t, const QhT1Access *access, gboolean aligned);
/* @to = the addend of the page that all of @kept's bytes are in, which begin at @from + @lo; goes
 * to
 * @none if they are not, or may not be accessed so. Uses rax and rcx. */
void qh_t1_find_group(
    QhT1 *t, const QhT1Kept *kept, QhReg from, int32_t lo, QhReg to, QhXLabel *none);
void qh_t1_full_fence(QhT1 *t);

static inline gboolean qh_t1_swaps(uint32_t memop)
{
    return (memop & QH_MEM_BE) && (memop & QH_MEM_SIZE_MASK) != QH_MEM_8;
}

/* cold-memory.c: registers d the result, a the base (imm added), b the value (or word, if none) and
 * c the expected one; x the memop, y the record's type and, from bit 8, its flags. */
uint32_t qh_t1_cold_load(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs);
uint32_t qh_t1_cold_store(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs);
uint32_t qh_t1_cold_rmw(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs);
uint32_t qh_t1_cold_cas(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs);

void qh_t1_lower_rmw(QhT1 *t, const QhIrRecord *record);
void qh_t1_lower_cas(QhT1 *t, const QhIrRecord *record);

#endif
