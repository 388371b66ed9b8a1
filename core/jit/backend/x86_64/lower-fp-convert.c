/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conversions. The host answers with 0x80...0 when a number does not fit, and has raised invalid
 * by then, as IEEE 754 wants it; C finds out what the guest gets instead. It must not have raised
 * inexact besides: so where the host's integer is wider than the guest's, the exponent is looked at
 * first.
 */
#include "core/jit/backend/x86_64/fp.h"

#include "core/jit/jit-cpu.h"

#include <stddef.h>

#define MXCSR_AT ((int32_t)offsetof(QhJitCpu, hot.mxcsr) - (int32_t)sizeof(QhJitCpu))

static const uint32_t clean_mxcsr = QH_T1_MXCSR;

/* The host's number of a rounding mode for ROUNDSD; 8 more: without raising inexact. */
static gboolean host_rounding(uint32_t flags, uint32_t *ret_mode)
{
    static const uint8_t modes[] = {0, 3, 1, 2};

    *ret_mode = flags & 7 ? modes[flags & 3] : 0;
    return (flags & 7) <= QH_ROUND_UP;
}

static void round_to_integral(QhT1 *t, uint32_t type, QhReg to, QhReg from, uint32_t mode)
{
    qh_x_i8(&t->a, type == QH_TYPE_F32 ? QH_X_ROUNDSS : QH_X_ROUNDSD, to, qh_rm_reg(from), mode);
}

static void fround(QhT1 *t, const QhIrRecord *record)
{
    uint32_t mode;
    QhT1Cold *cold;
    QhReg d;

    if (!host_rounding(record->flags, &mode) || !(t->features & QH_T1_HAS_SSE41)) {
        qh_t1_fp_cold_only(t, record);
        return;
    }
    cold = qh_t1_fp_cold(t, record);
    d = qh_t1_def(t);
    cold->d = d;
    round_to_integral(t, record->type, QH_XMM(15), cold->a, mode | (record->flags & 8 ? 0 : 8));
    qh_t1_fp_check_nan(t, cold, record->type, QH_XMM(15));
    qh_x(&t->a, QH_X_MOVAPS, d, qh_rm_reg(QH_XMM(15)));
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
}

/* --- From integers --- */

static void from_int(QhT1 *t, const QhIrRecord *record)
{
    gboolean narrow = t->records[record->a].type == QH_TYPE_I32;
    gboolean is_signed = record->op == QH_IR_ffrom_s;
    gboolean exact = narrow && record->type == QH_TYPE_F64;
    QhReg a, d;
    QhT1Cold *cold = NULL;

    if ((record->flags & 7) != QH_ROUND_NEAREST_EVEN && !exact) {
        qh_t1_fp_cold_only(t, record);
        return;
    }
    if (!is_signed && !narrow) {
        cold = qh_t1_fp_cold(t, record);
        a = cold->a;
    } else {
        a = qh_t1_use_gpr(t, record->a);
    }
    d = qh_t1_def(t);
    if (cold != NULL) { /* the upper half of the unsigned ones */
        cold->d = d;
        qh_x(&t->a, QH_X_TEST | QH_X_W, a, qh_rm_reg(a));
        qh_t1_cold_jcc(t, cold, QH_IF_S);
    } else if (!is_signed) {
        qh_x_mov(&t->a, 0, QH_RAX, a);
        a = QH_RAX;
    }
    /* the instruction keeps the rest of its destination, and so waits for it */
    qh_x(&t->a, QH_X_XORPS, d, qh_rm_reg(d));
    qh_x(&t->a, QH_X_CVTI2F | qh_t1_scalar(record->type) | (is_signed && narrow ? 0 : QH_X_W), d,
         qh_rm_reg(a));
    if (cold != NULL) {
        qh_t1_cold_again(t, cold);
        qh_t1_cold_resume(t, cold);
    }
}

/* --- To integers --- */

/* Only 0 and positive numbers below 2^@bits go on; what is negative has a large "exponent". */
static void check_exponent(QhT1 *t, QhT1Cold *cold, uint32_t type, uint32_t bits)
{
    gboolean wide = type == QH_TYPE_F64;

    qh_x(&t->a, QH_X_MOVD_ST | (wide ? QH_X_W : 0), cold->a, qh_rm_reg(QH_RCX));
    qh_x_i8(&t->a, QH_X_SHIFT_I | (wide ? QH_X_W : 0), 5, qh_rm_reg(QH_RCX), wide ? 52 : 23);
    qh_x_alu_i(&t->a, QH_X_CMP, qh_rm_reg(QH_RCX), (int32_t)((wide ? 1023 : 127) + bits - 1));
    qh_t1_cold_jcc(t, cold, QH_IF_A);
}

/* rax = the integer, by the mode; w: QH_X_W */
static void convert(QhT1 *t, const QhIrRecord *record, uint32_t type, QhReg from, uint32_t w)
{
    uint32_t rounding = record->flags & 7, mode;

    if (rounding == QH_ROUND_ZERO) {
        qh_x(&t->a, QH_X_CVTTF2I | qh_t1_scalar(type) | w, QH_RAX, qh_rm_reg(from));
    } else if (rounding == QH_ROUND_NEAREST_EVEN) {
        qh_x(&t->a, QH_X_CVTF2I | qh_t1_scalar(type) | w, QH_RAX, qh_rm_reg(from));
    } else {
        host_rounding(rounding, &mode);
        round_to_integral(t, type, QH_XMM(15), from, mode | 8);
        qh_x(&t->a, QH_X_CVTTF2I | qh_t1_scalar(type) | w, QH_RAX, qh_rm_reg(QH_XMM(15)));
    }
}

static void to_int(QhT1 *t, const QhIrRecord *record)
{
    uint32_t type = t->records[record->a].type, rounding = record->flags & 7;
    gboolean is_signed = record->op == QH_IR_fto_s, wide = record->type == QH_TYPE_I64;
    gboolean directed = rounding == QH_ROUND_DOWN || rounding == QH_ROUND_UP;
    uint32_t w = wide || !is_signed ? QH_X_W : 0;
    QhT1Cold *cold;
    QhReg d;

    if (rounding > QH_ROUND_UP || (directed && !(t->features & QH_T1_HAS_SSE41))) {
        qh_t1_fp_cold_only(t, record);
        return;
    }
    cold = qh_t1_fp_cold(t, record);
    d = qh_t1_def(t);
    cold->d = d;
    if (!is_signed) {
        check_exponent(t, cold, type, (wide ? 63 : 32) - (rounding != QH_ROUND_ZERO));
    }
    convert(t, record, type, cold->a, w);
    if (is_signed) { /* 0x80...0 is the only number that overflows when one is taken away */
        qh_x_alu_i(&t->a, QH_X_CMP | w, qh_rm_reg(QH_RAX), 1);
        qh_t1_cold_jcc(t, cold, QH_IF_O);
    }
    if (directed) { /* only for inexact, which was held back until now */
        qh_x(&t->a, QH_X_CVTTF2I | qh_t1_scalar(type) | w, QH_RCX, qh_rm_reg(cold->a));
    }
    qh_x_mov(&t->a, wide, d, QH_RAX);
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
}

/* --- Flags --- */

static void flags_get(QhT1 *t)
{
    QhReg d = qh_t1_def(t);

    qh_x(&t->a, QH_X_GRP_AE, 3, qh_rm_mem(QH_RBP, MXCSR_AT)); /* stmxcsr */
    qh_x(&t->a, QH_X_MOV, QH_RAX, qh_rm_mem(QH_RBP, MXCSR_AT));
    qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(QH_RAX), QH_T1_MXCSR_STATUS);
    qh_x_mov_i(&t->a, QH_RCX, (uintptr_t)qh_t1_fp_flag_map);
    qh_x(&t->a, QH_X_MOVZX8, d, qh_rm_sib(QH_RCX, QH_RAX, 0, 0));
    qh_x(&t->a, QH_X_OR, d, qh_rm_mem(QH_RBP, offsetof(QhCpu, fp_flags)));
    qh_x(&t->a, QH_X_MOV_ST, d, qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.kept_flags)));
}

static void flags_set(QhT1 *t, const QhIrRecord *record)
{
    QhReg value;

    if (qh_t1_flags_unchanged(t, t->i)) {
        return;
    }
    value = qh_t1_use_gpr(t, record->a);
    qh_x(&t->a, QH_X_MOV_ST, value, qh_rm_mem(QH_RBP, offsetof(QhCpu, fp_flags)));
    qh_x_mov_i(&t->a, QH_RCX, (uintptr_t)&clean_mxcsr);
    qh_x(&t->a, QH_X_GRP_AE, 2, qh_rm_mem(QH_RCX, 0)); /* ldmxcsr */
}

void qh_t1_lower_fp_convert(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_fround:
        fround(t, record);
        break;
    case QH_IR_f32to64:
        qh_t1_fp_unary(t, record, QH_X_CVTF | QH_X_F3, FALSE);
        break;
    case QH_IR_f64to32:
        if ((record->flags & 7) != QH_ROUND_NEAREST_EVEN) {
            qh_t1_fp_cold_only(t, record);
        } else {
            qh_t1_fp_unary(t, record, QH_X_CVTF | QH_X_F2, TRUE);
        }
        break;
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
        from_int(t, record);
        break;
    case QH_IR_fto_s:
    case QH_IR_fto_u:
        to_int(t, record);
        break;
    case QH_IR_bits2f:
    case QH_IR_f2bits:
        qh_t1_def_same(t, record->a);
        break;
    case QH_IR_fp_flags_get:
        flags_get(t);
        break;
    case QH_IR_fp_flags_set:
        flags_set(t, record);
        break;
    default:
        t->failed = TRUE;
        break;
    }
}
