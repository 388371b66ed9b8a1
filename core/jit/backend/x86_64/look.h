/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the addresses of accesses are made of, and a look at the records that come (look.c). */
#ifndef QH_CORE_JIT_X86_64_LOOK_H
#define QH_CORE_JIT_X86_64_LOOK_H

#include "core/jit/backend/x86_64/alloc.h"

/* A base that changes by a constant, at most this one, stays the same base. */
#define QH_T1_STEP_MAX 1024

/* One variable of a base, followed through the records behind t->i. */
typedef struct QhT1Track {
    uint32_t set, sum; /* the record that changed it last, and the sum that it took; 0: none */
} QhT1Track;

typedef struct QhT1Look {
    QhT1Base base;
    int64_t moved; /* by how much the base has changed */
    QhT1Track var, index;
} QhT1Look;

/* What the address @value of the present record is off. */
QhT1Base qh_t1_base_of(const QhT1 *t, uint32_t value);
/* The same for an address in a later record, by its form alone; var is QH_T1_NO_VAR: no base of
 * slots. */
QhT1Base qh_t1_base_form(const QhT1 *t, uint32_t value);
gboolean qh_t1_same_base(const QhT1Base *a, const QhT1Base *b);
/* The constant that is added to the base. */
int64_t qh_t1_disp_of(const QhT1 *t, uint32_t value);
/* Whether the address @value, used after t->i, is off the base. */
gboolean qh_t1_is_off(const QhT1 *t, uint32_t value, const QhT1Look *look);
/* Whether record @i is the end of what can be seen: another way leads there, or the base becomes
 * something else. A step is followed. */
gboolean qh_t1_look_ends(const QhT1 *t, uint32_t i, QhT1Look *look);
/* By how much the record being compiled, which sets @var or makes the value that it is set to,
 * changes it, if that is a constant. */
gboolean qh_t1_step_of(const QhT1 *t, uint32_t var, int64_t *ret_step);

#endif
