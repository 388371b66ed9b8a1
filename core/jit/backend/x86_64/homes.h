/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Homes: who has one, who is in it. */
#ifndef QH_CORE_JIT_X86_64_HOMES_H
#define QH_CORE_JIT_X86_64_HOMES_H

#include "core/jit/backend/x86_64/alloc.h"

/* homes.c, before code is made: who has a home; what is in its home at the heads of loops. */
void qh_t1_give_homes(QhT1 *t);
void qh_t1_decide_loops(QhT1 *t);
/* Homes that the loop at @to does not touch stay as the first who comes there has them in @state.
 */
void qh_t1_close_state(QhT1 *t, uint32_t to, const QhT1State *state);
/* The state at record @to, where the code at t->i, with @state, comes to as the first. */
QhT1State qh_t1_choose_state(QhT1 *t, uint32_t to, QhT1State state);

/* alloc.c: the home that @var is in, or may enter at this record; QH_NO_REG: it is in memory. */
uint32_t qh_t1_home_now(const QhT1 *t, uint32_t var);
/* Others leave its register, for @home is about to get a value. Keeps the host's flags. */
void qh_t1_enter_home(QhT1 *t, uint32_t home);
void qh_t1_load_home(QhT1 *t, uint32_t home);
void qh_t1_store_home(QhT1 *t, uint32_t home);
/* From the state now to @to, at an edge. */
void qh_t1_fix_state(QhT1 *t, QhT1State to);

#endif
