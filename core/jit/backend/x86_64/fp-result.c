/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is looked at when a scalar result is there, and zeros above it.
 *
 * Targets whose scalars live in vector registers clear the rest of the register with each result.
 * Such a scalar is "whole": it is made in an xmm register with zeros above it, so that the register
 * can be the variable's. AVX's scalar instructions copy the bits above the result from their first
 * operand; where that is whole there is nothing to do.
 *
 * Products, quotients and multiply-adds may have been tiny before they were rounded, if they are
 * the smallest normal number. One VPTEST of the exponent field without its lowest bit tells them
 * and all NaNs from the rest: the bits are all 0 (zero flag) or all 1 (carry). What it takes for
 * one of them, zero and infinity among them, is told apart behind the region.
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/jit-cpu.h"

gboolean qh_t1_fp_makes_whole(const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_fadd:
    case QH_IR_fsub:
    case QH_IR_fmul:
    case QH_IR_fdiv:
    case QH_IR_fsqrt:
    case QH_IR_ffma:
    case QH_IR_fneg:
    case QH_IR_fabs:
    case QH_IR_f32to64:
    case QH_IR_f64to32:
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
    case QH_IR_ld:
    case QH_IR_select:
        return record->type == QH_TYPE_F64 || record->type == QH_TYPE_F32;
    default:
        return FALSE;
    }
}

gboolean qh_t1_fp_is_whole(const QhT1 *t)
{
    return t->alloc->values[t->i].whole;
}

gboolean qh_t1_fp_is_clean(const QhT1 *t, uint32_t value, uint32_t type)
{
    uint32_t root = qh_t1_root(t, value);
    const QhIrRecord *record = &t->records[root];

    if (!qh_t1_fp_is_whole(t)) {
        return TRUE;
    }
    if (record->op == QH_IR_const) {
        return t->alloc->values[root].bytes == (type == QH_TYPE_F64 ? 8 : 4);
    }
    return t->alloc->values[root].whole && (record->type == type || record->type == QH_TYPE_F32);
}

void qh_t1_fp_clean(QhT1 *t, uint32_t type, QhReg d, QhReg from)
{
    if (type == QH_TYPE_F64) {
        qh_x(&t->a, QH_X_MOVQ, d, qh_rm_reg(from));
    } else if (t->features & QH_T1_HAS_SSE41) {
        qh_x_i8(&t->a, QH_X_INSERTPS, d, qh_rm_reg(from), 14);
    } else {
        qh_x(&t->a, QH_X_MOVD_ST, from, qh_rm_reg(QH_RAX));
        qh_x(&t->a, QH_X_MOVD, d, qh_rm_reg(QH_RAX));
    }
}

void qh_t1_fp_place(QhT1 *t, uint32_t type, QhReg d, QhReg from, gboolean clean)
{
    if (!clean) {
        qh_t1_fp_clean(t, type, d, from);
    } else if (d != from) {
        qh_x(&t->a, QH_X_MOVAPS, d, qh_rm_reg(from));
    }
}

void qh_t1_fp_check_nan(QhT1 *t, QhT1Cold *cold, uint32_t type, QhReg reg)
{
    qh_x(&t->a, QH_X_UCOMIS | qh_t1_packed(type), reg, qh_rm_reg(reg));
    qh_t1_cold_jcc(t, cold, QH_IF_PE);
}

/*
 * The exponent field of the smallest normal number is 1, that of a NaN -1: both are told from all
 * others, and from zero, by the sum of that with 1, which is 0 or 2. eax = 0 for those; infinities
 * and their neighbours at the other end go the long way, too.
 */
static void tell_exactly(QhT1 *t, uint32_t type, QhReg reg)
{
    gboolean wide = type == QH_TYPE_F64;
    uint32_t w = wide ? QH_X_W : 0;

    qh_x(&t->a, QH_X_MOVD_ST | w, reg, qh_rm_reg(QH_RAX));
    qh_x_i8(&t->a, QH_X_SHIFT_I | w, 5, qh_rm_reg(QH_RAX), wide ? 52 : 23); /* shr */
    qh_x_alu_i(&t->a, QH_X_ADD, qh_rm_reg(QH_RAX), 1);
    qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(QH_RAX), wide ? 0x7fd : 0xfd);
}

/* Behind the region: x of the stub has the type, word the register. */
static void emit_exactly(QhT1 *t, uint64_t word)
{
    QhT1ColdSite *site = (QhT1ColdSite *)(uintptr_t)word;

    tell_exactly(t, QH_T1_FP_TYPE(site->cold.x), (QhReg)site->cold.word);
    qh_t1_cold_jcc(t, &site->cold, QH_IF_E);
    qh_x_jmp(&t->a, &site->back);
}

void qh_t1_fp_check_tiny_or_nan(QhT1 *t, QhT1Cold *cold, uint32_t type, QhReg reg)
{
    QhT1ColdSite *site = (QhT1ColdSite *)cold; /* its first member */
    int32_t mask = type == QH_TYPE_F64 ? QH_JIT_CPU_AT(exponents[1]) : QH_JIT_CPU_AT(exponents[0]);

    if (!(t->features & QH_T1_HAS_AVX)) {
        tell_exactly(t, type, reg);
        qh_t1_cold_jcc(t, cold, QH_IF_E);
        return;
    }
    cold->word = reg;
    qh_x_vex(&t->a, QH_X_PTEST, reg, 0, qh_rm_mem(QH_RBP, mask));
    qh_x_jcc(&t->a, QH_IF_BE, qh_t1_later_here(t, emit_exactly, (uintptr_t)site));
    qh_x_bind(&t->a, &site->back);
}
