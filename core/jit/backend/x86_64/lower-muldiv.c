/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Products and quotients. Wide products and divisions work in rax and rdx, which are the record's
 * own. div and idiv trap on 0 and on the smallest number by -1; these are told apart before.
 */
#include "core/jit/backend/x86_64/lower-int.h"

enum { F7_MUL = 4, F7_IMUL = 5, F7_DIV = 6, F7_IDIV = 7 };

static void lower_mul(QhT1 *t, const QhIrRecord *record)
{
    uint32_t wide = qh_t1_wide(record), a = record->a, b = record->b;
    uint64_t bits;
    int32_t imm;

    if (qh_t1_const(t, a, &bits)) {
        a = record->b;
        b = record->a;
    }
    QhRm x = qh_t1_rm_gpr(t, a);
    if (qh_t1_imm(t, b, &imm)) {
        qh_x_i32(&t->a, QH_X_IMUL_I | wide, qh_t1_def_late(t), x, (uint32_t)imm);
        return;
    }
    QhRm y = qh_t1_rm_gpr(t, b);
    QhReg d = qh_t1_def_late(t);
    if (qh_t1_rm_is(y, d)) {
        qh_x(&t->a, QH_X_IMUL | wide, d, x);
    } else {
        qh_t1_load(t, wide, d, x);
        qh_x(&t->a, QH_X_IMUL | wide, d, y);
    }
}

static void high_unsigned(QhT1 *t, const QhIrRecord *record)
{
    uint32_t wide = qh_t1_wide(record);
    QhRm a = qh_t1_rm_gpr(t, record->a), b = qh_t1_rm_gpr(t, record->b);
    QhReg d = qh_t1_def_late(t);

    if (t->features & QH_T1_HAS_BMI2) {
        qh_x(&t->a, QH_X_MOV | wide, QH_RDX, a);
        qh_x_vex(&t->a, QH_X_MULX | wide, d, QH_RAX, b);
        return;
    }
    qh_x(&t->a, QH_X_MOV | wide, QH_RAX, a);
    qh_x(&t->a, QH_X_GRP_F7 | wide, F7_MUL, b);
    qh_x_mov(&t->a, wide, d, QH_RDX);
}

/* Signed a times unsigned b: the unsigned product, less b for a negative a. */
static void high_signed(QhT1 *t, const QhIrRecord *record, gboolean mixed)
{
    uint32_t wide = qh_t1_wide(record);
    QhRm a = qh_t1_rm_gpr(t, record->a), b = qh_t1_rm_gpr(t, record->b);

    qh_x(&t->a, QH_X_MOV | wide, QH_RAX, a);
    if (mixed) {
        qh_x_mov(&t->a, wide, QH_RCX, QH_RAX);
        qh_t1_shift_i(t, wide, QH_T1_SAR, QH_RCX, qh_t1_width(record) - 1);
        qh_x(&t->a, QH_X_AND | wide, QH_RCX, b);
    }
    qh_x(&t->a, QH_X_GRP_F7 | wide, mixed ? F7_MUL : F7_IMUL, b);
    if (mixed) {
        qh_x(&t->a, QH_X_SUB | wide, QH_RDX, qh_rm_reg(QH_RCX));
    }
    qh_x_mov(&t->a, wide, qh_t1_def_late(t), QH_RDX);
}

/* rax, rdx = rax / b, rax % b */
static void divide(QhT1 *t, uint32_t wide, gboolean is_signed, QhReg b)
{
    if (is_signed) {
        if (wide) {
            qh_x_byte(&t->a, 0x48);
        }
        qh_x_byte(&t->a, 0x99); /* cdq, cqo */
    } else {
        qh_t1_zero(t, QH_RDX);
    }
    qh_x(&t->a, QH_X_GRP_F7 | wide, is_signed ? F7_IDIV : F7_DIV, qh_rm_reg(b));
}

/* What a / 0 gives; the remainder is a. */
static void by_zero(QhT1 *t, uint32_t wide, const QhIrRecord *record, gboolean rest)
{
    if (rest) {
        qh_x_mov(&t->a, wide, QH_RDX, QH_RAX);
    } else if (record->flags == QH_DIV_ARM) {
        qh_t1_zero(t, QH_RAX);
    } else {
        qh_x_alu_i(&t->a, QH_X_OR | wide, qh_rm_reg(QH_RAX), -1);
    }
}

/* By 0 or -1; rcx is b + 1. -a and a mask of rcx make the quotient, a and a mask the remainder. */
static void by_zero_or_minus_one(QhT1 *t, uint32_t wide, const QhIrRecord *record, gboolean rest)
{
    QhRm rax = qh_rm_reg(QH_RAX), rcx = qh_rm_reg(QH_RCX), rdx = qh_rm_reg(QH_RDX);

    if (rest) {
        qh_x(&t->a, QH_X_GRP_F7 | wide, 3, rcx); /* all ones for 0, 0 for -1 */
        qh_x_mov(&t->a, wide, QH_RDX, QH_RAX);
        qh_x(&t->a, QH_X_AND | wide, rdx.base, rcx);
        return;
    }
    qh_x(&t->a, QH_X_GRP_F7 | wide, 3, rax);
    if (record->flags == QH_DIV_ARM) {
        qh_x_alu_i(&t->a, QH_X_SUB | wide, rcx, 1); /* 0 for 0, all ones for -1 */
        qh_x(&t->a, QH_X_AND | wide, rax.base, rcx);
    } else {
        qh_x(&t->a, QH_X_GRP_F7 | wide, 3, rcx);
        qh_x(&t->a, QH_X_OR | wide, rax.base, rcx);
    }
}

/* Whether @value is a constant that div and idiv take whatever they divide. */
static gboolean is_safe(const QhT1 *t, const QhIrRecord *record, gboolean is_signed)
{
    uint64_t bits, ones = record->type == QH_TYPE_I64 ? UINT64_MAX : UINT32_MAX;

    return qh_t1_const(t, record->b, &bits) && bits != 0 && (!is_signed || bits != ones);
}

static void lower_div(QhT1 *t, const QhIrRecord *record)
{
    gboolean is_signed = record->op == QH_IR_divs || record->op == QH_IR_rems;
    gboolean rest = record->op == QH_IR_remu || record->op == QH_IR_rems;
    uint32_t wide = qh_t1_wide(record), odd, done;
    QhReg b = qh_t1_use_gpr(t, record->b);
    QhRm a = qh_t1_rm_gpr(t, record->a);

    qh_x(&t->a, QH_X_MOV | wide, QH_RAX, a);
    if (is_safe(t, record, is_signed)) {
        divide(t, wide, is_signed, b);
    } else {
        if (is_signed) {
            qh_x(&t->a, QH_X_LEA | wide, QH_RCX, qh_rm_mem(b, 1));
            qh_x_alu_i(&t->a, QH_X_CMP | wide, qh_rm_reg(QH_RCX), 1);
        } else {
            qh_x(&t->a, QH_X_TEST | wide, b, qh_rm_reg(b));
        }
        odd = qh_x_jcc8(&t->a, is_signed ? QH_IF_BE : QH_IF_E);
        divide(t, wide, is_signed, b);
        done = qh_x_jmp8(&t->a);
        qh_x_here8(&t->a, odd);
        if (is_signed) {
            by_zero_or_minus_one(t, wide, record, rest);
        } else {
            by_zero(t, wide, record, rest);
        }
        qh_x_here8(&t->a, done);
    }
    qh_x_mov(&t->a, wide, qh_t1_def_late(t), rest ? QH_RDX : QH_RAX);
}

gboolean qh_t1_lower_muldiv(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_mul:
        lower_mul(t, record);
        return TRUE;
    case QH_IR_mulhu:
        high_unsigned(t, record);
        return TRUE;
    case QH_IR_mulhs:
    case QH_IR_mulhsu:
        high_signed(t, record, record->op == QH_IR_mulhsu);
        return TRUE;
    case QH_IR_divu:
    case QH_IR_divs:
    case QH_IR_remu:
    case QH_IR_rems:
        lower_div(t, record);
        return TRUE;
    default:
        return FALSE;
    }
}
