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
 *
 * That pays in loops. Elsewhere the operands are stored at once, which is cheaper than to follow a
 * recipe later; there the recipe only tells who reads flags which kind to expect.
 *
 * Results that follow from the operands are not stored at all: a bit in the kind's slot says so
 * among compiled code. qh_t1_complete works them out before anybody else looks.
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
    uint8_t written; /* the operands are in their slots, as the kind's slot says */
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
    gboolean named;                        /* records get or set the slots as such: no recipes */
} QhT1Pending;

/* What the kind's slot holds while recipe @n is not followed: no QH_CC_... has these bits. */
#define QH_T1_PENDING(n) (0x40000000u | (n))
/* Likewise: the slot of the result has yet to be worked out, a + b, a - b or a & b by the kind; for
 * QH_CC_BITS, b and the result are a. */
#define QH_T1_DERIVED 0xd5c30000u

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
/* What the kind's slot holds if it is this recipe's turn. */
uint32_t qh_t1_pending_word(const QhT1 *t, const QhT1Recipe *recipe);
/* Whether the result of setflags @set follows from its operands as QH_T1_DERIVED has it. */
gboolean qh_t1_derives(const QhT1 *t, const QhIrRecord *set);
/* Whether the helper of call @record may see the condition codes, or enter an exception. */
gboolean qh_t1_call_looks(const QhT1 *t, const QhIrRecord *record);
/* Code before C that looks at the slots: the result is worked out if need be. */
void qh_t1_emit_complete(QhT1 *t);
/* Operand @k of it, not a constant and known: a register or memory. */
QhRm qh_t1_pending_rm(const QhT1 *t, const QhT1Recipe *recipe, uint32_t k);
/* How the missing one of a, b and result follows: operation QH_IR_... of two others. */
uint32_t qh_t1_pending_formula(const QhT1Recipe *recipe,
                               uint32_t missing,
                               uint32_t *ret_first,
                               uint32_t *ret_second);

/* The same from C, all variables being in memory. */
void qh_t1_follow(QhCpu *cpu, const QhT1Recipe *recipe, uint32_t number);
/* What is derived is worked out; @lazy: where the slots are, from the CPU state. */
void qh_t1_complete(QhCpu *cpu, const int32_t lazy[4]);
/* Where they are; all 0: the translator has none. */
void qh_t1_lazy_slots(const QhIrContext *context, int32_t ret_at[4]);
/* The same for operands that were read from there: the kind without the bit. */
uint32_t qh_t1_derive(uint32_t kind, uint64_t operands[3]);

#endif
