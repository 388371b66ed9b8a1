/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One check for several accesses off one base (kept.c): for the lowering of accesses, and for
 * alloc.c, which owns the registers. */
#ifndef QH_CORE_JIT_X86_64_KEPT_H
#define QH_CORE_JIT_X86_64_KEPT_H

#include "core/jit/backend/x86_64/access.h"
#include "core/jit/backend/x86_64/alloc.h"

/* How an access relates to the pages that are known. */
typedef enum {
    QH_T1_KEPT_NONE,   /* it checks for itself alone */
    QH_T1_KEPT_FIRST,  /* its check is good for those that follow */
    QH_T1_KEPT_MEMBER, /* a check before is good for it */
} QhT1KeptRole;

/* What @access to the address @value is to do; its operands have been fetched, its destination has
 * no place yet. MEMBER: the register that it has to test is locked. */
QhT1KeptRole qh_t1_kept_find(QhT1 *t, const QhT1Access *access, uint32_t value, QhT1Kept *ret);
/* FIRST, when its destination has a place: takes a register, or memory. FALSE: too many. */
gboolean qh_t1_kept_begin(QhT1 *t, QhT1Kept *kept);
/* Take the access @record into the group, if it fits there, the base having @moved. @sure: it is
 * reached whenever the first one is. */
gboolean qh_t1_kept_join(
    const QhT1 *t, QhT1Kept *kept, const QhIrRecord *record, int64_t moved, gboolean sure);
/* All are forgotten; those that no later record uses; those off @var, which is about to change,
 * unless it does so by a constant. */
void qh_t1_kept_forget(QhT1 *t);
void qh_t1_kept_expire(QhT1 *t);
void qh_t1_kept_drop_var(QhT1 *t, uint32_t var);
/* One of the registers in @mask, as a mask, for another purpose; 0: none is to be had that way. */
uint32_t qh_t1_kept_yield(QhT1 *t, uint32_t mask);
/* Those in use, as a mask, with that of the turns (carried.c). */
uint32_t qh_t1_kept_mask(const QhT1 *t);

#endif
