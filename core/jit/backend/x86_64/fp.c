/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/backend/x86_64/fp.h"

#include "core/jit/jit-cpu.h"

#include <stddef.h>

/* Status bits from 0: invalid, denormal operand, divide by zero, overflow, underflow, precision. */
#define FLAGS(n)                                                                                   \
    (((n)&1 ? QH_FP_INVALID : 0u) | ((n)&4 ? QH_FP_DIVZERO : 0u) | ((n)&8 ? QH_FP_OVERFLOW : 0u) | \
     ((n)&16 ? QH_FP_UNDERFLOW : 0u) | ((n)&32 ? QH_FP_INEXACT : 0u))
#define FLAGS4(n)  FLAGS(n), FLAGS((n) + 1), FLAGS((n) + 2), FLAGS((n) + 3)
#define FLAGS16(n) FLAGS4(n), FLAGS4((n) + 4), FLAGS4((n) + 8), FLAGS4((n) + 12)
const uint8_t qh_t1_fp_flag_map[64] = {FLAGS16(0), FLAGS16(16), FLAGS16(32), FLAGS16(48)};

#define SAVED ((int32_t)offsetof(QhJitCpu, hot.mxcsr) - (int32_t)sizeof(QhJitCpu))

void qh_t1_emit_fp_before_call(QhT1 *t, uint32_t attrs)
{
    QhRm saved = qh_rm_mem(QH_RBP, SAVED);
    uint32_t none;

    qh_x(&t->a, QH_X_GRP_AE, 3, saved); /* stmxcsr */
    if (!(attrs & QH_HELPER_FP)) {
        return;
    }
    qh_x(&t->a, QH_X_MOV, QH_RAX, saved);
    qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(QH_RAX), QH_T1_MXCSR_STATUS);
    none = qh_x_jcc8(&t->a, QH_IF_E);
    qh_x_mov_i(&t->a, QH_RCX, (uintptr_t)qh_t1_fp_flag_map);
    qh_x(&t->a, QH_X_MOVZX8, QH_RAX, qh_rm_sib(QH_RCX, QH_RAX, 0, 0));
    qh_x(&t->a, QH_X_OR - QH_X_TO_RM, QH_RAX, qh_rm_mem(QH_RBP, offsetof(QhCpu, fp_flags)));
    qh_x_alu_i(&t->a, QH_X_AND, saved, ~(int32_t)QH_T1_MXCSR_STATUS);
    qh_x_here8(&t->a, none);
}

void qh_t1_emit_fp_after_call(QhT1 *t)
{
    qh_x(&t->a, QH_X_GRP_AE, 2, qh_rm_mem(QH_RBP, SAVED)); /* ldmxcsr */
}
