/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of words: extensions, extract, deposit, conversions between i32, i64 and b1. */
#include "core/jit/backend/x86_64/lower-int.h"

/* d = the low @bits of rm, extended to the width; 8, 16 or 32 bits */
static void extend(QhT1 *t, uint32_t wide, uint32_t bits, gboolean is_signed, QhReg d, QhRm rm)
{
    if (bits == 32) {
        if (is_signed && wide) {
            qh_x(&t->a, QH_X_MOVSXD, d, rm);
        } else {
            qh_x(&t->a, QH_X_MOV, d, rm);
        }
    } else if (is_signed) {
        qh_x(&t->a, (bits == 8 ? QH_X_MOVSX8 : QH_X_MOVSX16) | wide, d, rm);
    } else {
        qh_x(&t->a, bits == 8 ? QH_X_MOVZX8 : QH_X_MOVZX16, d, rm);
    }
}

static void lower_extend(QhT1 *t, const QhIrRecord *record, uint32_t bits, gboolean is_signed)
{
    QhRm a;

    if (bits == qh_t1_width(record)) {
        qh_t1_def_same(t, record->a);
        return;
    }
    a = qh_t1_rm_gpr(t, record->a);
    extend(t, qh_t1_wide(record), bits, is_signed, qh_t1_def_late(t), a);
}

static gboolean is_unit(uint32_t bits)
{
    return bits == 8 || bits == 16 || bits == 32;
}

/*
 * Fields whose end is that of a byte, a half or a word: extend, then shift the low bits out. Those
 * whose start and length are such: load from memory, or shift and extend. Others: shift left, then
 * right; or shift and mask.
 */
static void lower_extract(QhT1 *t, const QhIrRecord *record, gboolean is_signed)
{
    uint32_t wide = qh_t1_wide(record), width = qh_t1_width(record);
    uint32_t at = record->b, length = record->c, end = at + length;
    uint32_t right = is_signed ? QH_T1_SAR : QH_T1_SHR;
    QhReg d;

    if (length == width) {
        qh_t1_def_same(t, record->a);
        return;
    }
    if (end == width) {
        qh_t1_shift_i(t, wide, right, qh_t1_def_copy(t, record->a), at);
        return;
    }
    QhRm a = qh_t1_rm_gpr(t, record->a);
    if (!a.is_reg && at % 8 == 0 && is_unit(length)) {
        a.disp += (int32_t)at / 8;
        extend(t, wide, length, is_signed, qh_t1_def_late(t), a);
        return;
    }
    d = qh_t1_def_late(t);
    if (is_unit(end)) {
        extend(t, wide, end, is_signed, d, a);
        qh_t1_shift_i(t, is_signed ? wide : 0, right, d, at);
    } else if (is_unit(length) || (!is_signed && length < 32)) {
        qh_t1_load(t, wide, d, a);
        qh_t1_shift_i(t, end <= 32 ? 0 : wide, QH_T1_SHR, d, at);
        if (is_unit(length)) {
            extend(t, wide, length, is_signed, d, qh_rm_reg(d));
        } else {
            qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(d), (int32_t)((1u << length) - 1));
        }
    } else {
        qh_t1_load(t, wide, d, a);
        qh_t1_shift_i(t, wide, QH_T1_SHL, d, width - end);
        qh_t1_shift_i(t, wide, right, d, width - length);
    }
}

/* rcx = the field, in its place, all else 0 */
static void place_field(QhT1 *t, uint32_t wide, QhRm from, uint32_t at, uint32_t length)
{
    uint32_t width = wide ? 64 : 32;

    if (is_unit(length) && length < width) {
        extend(t, wide, length, FALSE, QH_RCX, from);
    } else {
        qh_x(&t->a, QH_X_MOV | wide, QH_RCX, from);
        if (at + length < width && length < 32) {
            qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(QH_RCX), (int32_t)((1u << length) - 1));
        } else if (at + length < width) {
            qh_t1_shift_i(t, wide, QH_T1_SHL, QH_RCX, width - length);
            qh_t1_shift_i(t, wide, QH_T1_SHR, QH_RCX, width - length - at);
            return;
        }
    }
    qh_t1_shift_i(t, wide, QH_T1_SHL, QH_RCX, at);
}

static void lower_deposit(QhT1 *t, const QhIrRecord *record)
{
    uint32_t wide = qh_t1_wide(record), width = qh_t1_width(record);
    uint32_t at = record->c & 255, length = record->c >> 8;
    uint64_t hole;

    if (length == width) {
        qh_t1_def_same(t, record->b);
        return;
    }
    QhRm b = qh_t1_rm_gpr(t, record->b);
    if (at == 0 && length <= 16 && is_unit(length)) {
        QhReg d = qh_t1_def_copy(t, record->a);
        qh_x(&t->a, length == 8 ? QH_X_MOV_LD8 : QH_X_MOV_LD16, d, b);
        return;
    }
    place_field(t, wide, b, at, length);
    QhReg d = qh_t1_def_copy(t, record->a);
    hole = ~((((uint64_t)1 << length) - 1) << at);
    hole = wide ? hole : (uint64_t)(int64_t)(int32_t)(uint32_t)hole;
    if ((int64_t)hole == (int32_t)hole) {
        qh_x_alu_i(&t->a, QH_X_AND | wide, qh_rm_reg(d), (int32_t)hole);
    } else {
        qh_x_mov_i(&t->a, QH_RAX, hole);
        qh_x(&t->a, QH_X_AND | QH_X_W, d, qh_rm_reg(QH_RAX));
    }
    qh_x(&t->a, QH_X_OR | wide, d, qh_rm_reg(QH_RCX));
}

static gboolean lower_extensions(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_ext8s:
    case QH_IR_ext8u:
        lower_extend(t, record, 8, record->op == QH_IR_ext8s);
        return TRUE;
    case QH_IR_ext16s:
    case QH_IR_ext16u:
        lower_extend(t, record, 16, record->op == QH_IR_ext16s);
        return TRUE;
    case QH_IR_ext32s:
    case QH_IR_ext32u:
        lower_extend(t, record, 32, record->op == QH_IR_ext32s);
        return TRUE;
    case QH_IR_sext:
    case QH_IR_zext:
        lower_extend(t, record, 32, record->op == QH_IR_sext);
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean qh_t1_lower_field(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_extractu:
    case QH_IR_extracts:
        lower_extract(t, record, record->op == QH_IR_extracts);
        return TRUE;
    case QH_IR_deposit:
        lower_deposit(t, record);
        return TRUE;
    case QH_IR_trunc:
    case QH_IR_bool2int:
        qh_t1_def_same(t, record->a);
        return TRUE;
    default:
        return lower_extensions(t, record);
    }
}
