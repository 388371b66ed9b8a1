/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition codes that are not written to the lazy slots yet.
 *
 * Most are overwritten before anybody looks, but on every path an access may fault, and then they
 * must be there. So a setflags whose operands are constants, or are in variables afterwards, only
 * writes the kind's slot: a number that stands for its recipe, which says where the operands are.
 * Operands that are nowhere else, or not long enough, go into their slots.
 * Who is about to look (an exit, a call, a cold stub that enters an exception) compares the slot
 * with that number and, when it is there, follows the recipe. What a path carries is decided before
 * code is made: at most one recipe at each place, and its variables do not change while it is
 * wanted.
 */
#ifndef QH_CORE_JIT_X86_64_PENDING_H
#define QH_CORE_JIT_X86_64_PENDING_H

#include "core/jit/backend/x86_64/t1.h"

typedef struct QhT1Alloc QhT1Alloc;

/* Where an operand of a setflags is. */
#define QH_T1_FROM_NONE  0u /* it follows from the other two */
#define QH_T1_FROM_CONST 1u
#define QH_T1_FROM_VAR   2u
#define QH_T1_FROM_SLOT  3u /* its lazy slot, where the setflags puts it */

typedef struct QhT1Recipe {
    uint32_t word;   /* the kind's slot as it shall be: QH_CC_... and the type */
    uint32_t record; /* the setflags; others of the same operands share it */
    uint32_t end;    /* last record of its instruction */
    uint16_t var[3]; /* of a, b, result, where from says so */
    uint8_t from[3]; /* QH_T1_FROM_... */
    uint8_t put[3];  /* the variable gets it behind the setflags, and had something else before */
    uint8_t pad;
    uint16_t op;     /* QH_IR_...: result = a op b, if one of them is not known */
    int32_t at[3];   /* the variable, from the CPU state */
    int32_t lazy[4]; /* kind, a, b, result */
    uint64_t imm[3];
} QhT1Recipe;
#define QH_T1_MAX_RECIPES 128u

/* Of a region; by record. */
typedef struct QhT1Pending {
    QhT1Recipe recipes[QH_T1_MAX_RECIPES];
    uint32_t n_recipes;
    uint16_t recipe_of[QH_T1_MAX_RECORDS]; /* of a setflags, + 1 */
    uint16_t carried[QH_T1_MAX_RECORDS];   /* by a target */
    uint8_t wanted[QH_T1_MAX_RECORDS];     /* somebody looks before the next setflags */
} QhT1Pending;

/* What the kind's slot holds while recipe @n is not followed: no QH_CC_... has these bits. */
#define QH_T1_PENDING(n) (0x40000000u | (n))

/* Analysis, between look_forward and look_backward (analyse.c). */
void qh_t1_pending_analyse(QhT1 *t);
/* Whether setflags @i has a recipe, so that its operands are not its own uses. */
gboolean qh_t1_is_pending(const QhT1 *t, uint32_t i);
/* Which values it uses nevertheless: those that go into slots. */
uint32_t qh_t1_pending_uses(const QhT1 *t, uint32_t i, uint32_t used[3]);

/* Whether the variable @var may get a new value before setflags @i instead of behind it. */
gboolean qh_t1_pending_allows(const QhT1 *t, uint32_t i, uint32_t var);

/* Compile setflags t->i if it has a recipe; FALSE: it has none. */
gboolean qh_t1_pending_set(QhT1 *t);
/* Code that follows the recipe that this path may carry. Changes rax and the host's flags. */
void qh_t1_pending_flush(QhT1 *t);
/* Ready for record @to, where the path is joined by others: flush unless that one carries the same,
 * or does not care. */
void qh_t1_pending_join(QhT1 *t, uint32_t to);
/* What a path carries there: QhT1State.flags. */
uint16_t qh_t1_pending_at(const QhT1 *t, uint32_t to);
/* Whether that would make no code. */
gboolean qh_t1_pending_fits(const QhT1 *t, uint32_t to);

/* The recipe that this path may carry; NULL: none. */
const QhT1Recipe *qh_t1_pending_now(const QhT1 *t);
/* Whether that is the one of setflags @i. */
gboolean qh_t1_pending_is_of(const QhT1 *t, uint32_t i);
/* Operand @k of it, not a constant and known: a register or memory. */
QhRm qh_t1_pending_rm(const QhT1 *t, const QhT1Recipe *recipe, uint32_t k);
/* How the missing one of a, b and result follows: operation QH_IR_... of two others. */
uint32_t qh_t1_pending_formula(const QhT1Recipe *recipe,
                               uint32_t missing,
                               uint32_t *ret_first,
                               uint32_t *ret_second);

/* The same from C, all variables being in memory. */
void qh_t1_follow(QhCpu *cpu, const QhT1Recipe *recipe, uint32_t number);

#endif
