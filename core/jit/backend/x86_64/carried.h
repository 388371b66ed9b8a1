/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that hold for many turns of a loop (carried.c). */
#ifndef QH_CORE_JIT_X86_64_CARRIED_H
#define QH_CORE_JIT_X86_64_CARRIED_H

#include "core/jit/backend/x86_64/alloc.h"

/* What values and homes may be in; rax rcx rdx and xmm15 belong to each record, rsp and rbp to
 * everybody. */
#define QH_T1_GPR_TEMPS ((1u << QH_RBX | 1u << QH_RSI | 1u << QH_RDI | 0xff00u))

/* Before code is made, when homes and the states at loops' heads are decided: which blocks are such
 * loops, and the registers that they need. The states at their heads say so. */
void qh_t1_carried_plan(QhT1 *t);
/* At the head, behind its poll: the count of turns, and the pages that are known in them. */
void qh_t1_carried_begin(QhT1 *t);
/* At the end of each block: its registers are free for others. */
void qh_t1_carried_end(QhT1 *t);
/* What is known ends within the turn: the next one has to look again. */
void qh_t1_carried_lose(QhT1 *t);
/* At an edge to a place where @to has the turns that are left (QhT1State.turns). */
void qh_t1_carried_edge(QhT1 *t, QhReg to);

#endif
