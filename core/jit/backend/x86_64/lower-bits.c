/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting and reversing bits, carry-less products, halves of 128 bits. Where the host has no
 * instruction for it, a short sequence or, for what is rare on hosts that are old, C.
 */
#include "core/jit/backend/x86_64/lower-int.h"

typedef uint64_t (*Binary)(uint64_t a, uint64_t b);

static uint32_t cold_binary(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    Binary fn = (Binary)(uintptr_t)cold->word;
    uint64_t mask = cold->x == 32 ? UINT32_MAX : UINT64_MAX;

    (void)cpu;
    regs->gpr[cold->d] = fn(regs->gpr[cold->a] & mask, regs->gpr[cold->b] & mask);
    return QH_T1_RESUME;
}

/* The result is what @fn makes of the operands, zero-extended. */
static void call_c(QhT1 *t, const QhIrRecord *record, uint32_t b, Binary fn)
{
    QhReg x = qh_t1_use_gpr(t, record->a), y = qh_t1_use_gpr(t, b), d = qh_t1_def(t);
    QhT1Cold *cold = qh_t1_cold(t, cold_binary);

    cold->d = d;
    cold->a = x;
    cold->b = y;
    cold->x = qh_t1_width(record);
    cold->word = (uintptr_t)fn;
    qh_t1_cold_jmp(t, cold);
    qh_t1_cold_resume(t, cold);
}

static uint64_t c_popcnt(uint64_t a, uint64_t b)
{
    (void)b;
    return (uint64_t)__builtin_popcountll(a);
}

/* Bits 63..0 of the product, and those above. */
static uint64_t c_clmul(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;

    for (; b != 0; b &= b - 1) {
        sum ^= a << __builtin_ctzll(b);
    }
    return sum;
}

static uint64_t c_clmulh(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;

    for (b &= ~(uint64_t)1; b != 0; b &= b - 1) {
        sum ^= a >> (64 - __builtin_ctzll(b));
    }
    return sum;
}

static uint64_t c_clmulh32(uint64_t a, uint64_t b)
{
    return c_clmul(a, b) >> 32;
}

/* lzcnt and its like give the width for 0. On some hosts they wait for the old value of their
 * destination, so that is cleared. */
static void count(QhT1 *t, const QhIrRecord *record, uint32_t op)
{
    QhRm a = qh_t1_rm_gpr(t, record->a);
    QhReg d = qh_t1_def_late(t);

    if (!qh_t1_rm_is(a, d)) {
        qh_t1_zero(t, d);
    }
    qh_x(&t->a, op | qh_t1_wide(record), d, a);
}

/* bsr gives the number of the highest bit, and ZF for 0. */
static void count_leading(QhT1 *t, const QhIrRecord *record)
{
    uint32_t width = qh_t1_width(record), wide = qh_t1_wide(record);

    if (t->features & QH_T1_HAS_LZCNT) {
        count(t, record, QH_X_LZCNT);
        return;
    }
    QhRm a = qh_t1_rm_gpr(t, record->a);
    qh_x_mov_i(&t->a, QH_RCX, 2 * width - 1);
    qh_x(&t->a, QH_X_BSR | wide, QH_RAX, a);
    qh_x(&t->a, QH_X_CMOV + QH_IF_E, QH_RAX, qh_rm_reg(QH_RCX));
    qh_x_alu_i(&t->a, QH_X_XOR, qh_rm_reg(QH_RAX), (int32_t)width - 1);
    qh_x_mov(&t->a, 0, qh_t1_def_late(t), QH_RAX);
}

static void count_trailing(QhT1 *t, const QhIrRecord *record)
{
    if (t->features & QH_T1_HAS_BMI1) {
        count(t, record, QH_X_TZCNT);
        return;
    }
    QhRm a = qh_t1_rm_gpr(t, record->a);
    qh_x_mov_i(&t->a, QH_RCX, qh_t1_width(record));
    qh_x(&t->a, QH_X_BSF | qh_t1_wide(record), QH_RAX, a);
    qh_x(&t->a, QH_X_CMOV + QH_IF_E, QH_RAX, qh_rm_reg(QH_RCX));
    qh_x_mov(&t->a, 0, qh_t1_def_late(t), QH_RAX);
}

/* d = (d & mask) << by | (d >> by & mask) */
static void swap_groups(QhT1 *t, uint32_t wide, QhReg d, uint32_t by, uint64_t mask)
{
    QhRm rax = qh_rm_reg(QH_RAX);

    qh_x_mov_i(&t->a, QH_RCX, wide ? mask : (uint32_t)mask);
    qh_x_mov(&t->a, wide, QH_RAX, d);
    qh_t1_shift_i(t, wide, QH_T1_SHR, QH_RAX, by);
    qh_x(&t->a, QH_X_AND | wide, QH_RAX, qh_rm_reg(QH_RCX));
    qh_x(&t->a, QH_X_AND | wide, d, qh_rm_reg(QH_RCX));
    qh_t1_shift_i(t, wide, QH_T1_SHL, d, by);
    qh_x(&t->a, QH_X_OR | wide, d, rax);
}

static void reverse(QhT1 *t, const QhIrRecord *record, gboolean bits)
{
    uint32_t wide = qh_t1_wide(record);
    QhReg d = qh_t1_def_copy(t, record->a);

    qh_x_bswap(&t->a, wide, d);
    if (bits) {
        swap_groups(t, wide, d, 4, 0x0f0f0f0f0f0f0f0f);
        swap_groups(t, wide, d, 2, 0x3333333333333333);
        swap_groups(t, wide, d, 1, 0x5555555555555555);
    }
}

static void carryless(QhT1 *t, const QhIrRecord *record, gboolean high)
{
    uint32_t wide = qh_t1_wide(record);

    if (!(t->features & QH_T1_HAS_PCLMUL)) {
        call_c(t, record, record->b, !high ? c_clmul : wide ? c_clmulh : c_clmulh32);
        return;
    }
    QhRm a = qh_t1_rm_gpr(t, record->a), b = qh_t1_rm_gpr(t, record->b);
    QhReg x = QH_XMM(15), y = qh_t1_temp_xmm(t), d = qh_t1_def_late(t);
    qh_x(&t->a, QH_X_MOVD | wide, x, a);
    qh_x(&t->a, QH_X_MOVD | wide, y, b);
    qh_x_i8(&t->a, QH_X_PCLMUL, x, qh_rm_reg(y), 0);
    if (high) {
        qh_x_i8(&t->a, QH_X_PSRLDQ_I, 3, qh_rm_reg(x), wide ? 8 : 4);
    }
    qh_x(&t->a, QH_X_MOVD_ST | wide, x, qh_rm_reg(d));
}

/* @record: a low half, or an f32 (pass-fold.c), with nothing above it. */
static void widen(QhT1 *t, const QhIrRecord *record)
{
    QhReg from, d;
    uint64_t bits;

    if (record->flags) {
        from = qh_t1_use_xmm(t, record->a);
        d = qh_t1_def(t);
        if (t->features & QH_T1_HAS_SSE41) {
            qh_x_i8(&t->a, QH_X_INSERTPS, d, qh_rm_reg(from), 14);
        } else {
            qh_x(&t->a, QH_X_MOVD_ST, from, qh_rm_reg(QH_RAX));
            qh_x(&t->a, QH_X_MOVD, d, qh_rm_reg(QH_RAX));
        }
        return;
    }
    if (qh_t1_const(t, record->a, &bits)) {
        d = qh_t1_def(t);
        if (bits == 0) {
            qh_x(&t->a, QH_X_XORPS, d, qh_rm_reg(d));
        } else {
            qh_x_mov_i(&t->a, QH_RAX, bits);
            qh_x(&t->a, QH_X_MOVD | QH_X_W, d, qh_rm_reg(QH_RAX));
        }
        return;
    }
    from = qh_t1_use_any(t, record->a);
    d = qh_t1_def(t);
    qh_x(&t->a, QH_IS_XMM(from) ? QH_X_MOVQ : QH_X_MOVD | QH_X_W, d, qh_rm_reg(from));
}

static void concat(QhT1 *t, const QhIrRecord *record)
{
    uint64_t bits;

    if (qh_t1_const(t, record->b, &bits) && bits == 0) {
        widen(t, record);
        return;
    }
    QhRm low = qh_t1_rm_gpr(t, record->a), high = qh_t1_rm_gpr(t, record->b);
    QhReg d = qh_t1_def(t);

    qh_x(&t->a, QH_X_MOVD | QH_X_W, d, low);
    if (t->features & QH_T1_HAS_SSE41) {
        qh_x_i8(&t->a, QH_X_PINSRQ, d, high, 1);
    } else {
        qh_x(&t->a, QH_X_MOVD | QH_X_W, QH_XMM(15), high);
        qh_x(&t->a, QH_X_PUNPCKLQDQ, d, qh_rm_reg(QH_XMM(15)));
    }
}

static void high_half(QhT1 *t, const QhIrRecord *record)
{
    QhRm a = qh_t1_rm_xmm(t, record->a);
    QhReg d = qh_t1_def(t);

    if (!a.is_reg) {
        a.disp += 8;
        qh_x(&t->a, QH_X_MOV | QH_X_W, d, a);
    } else if (t->features & QH_T1_HAS_SSE41) {
        qh_x_i8(&t->a, QH_X_PEXTRQ, a.base, qh_rm_reg(d), 1);
    } else {
        qh_x(&t->a, QH_X_MOVHLPS, QH_XMM(15), a);
        qh_x(&t->a, QH_X_MOVD_ST | QH_X_W, QH_XMM(15), qh_rm_reg(d));
    }
}

static void low_half(QhT1 *t, const QhIrRecord *record)
{
    QhRm a = qh_t1_rm_xmm(t, record->a);
    QhReg d = qh_t1_def(t);

    if (a.is_reg) {
        qh_x(&t->a, QH_X_MOVD_ST | QH_X_W, a.base, qh_rm_reg(d));
    } else {
        qh_x(&t->a, QH_X_MOV | QH_X_W, d, a);
    }
}

gboolean qh_t1_lower_bits(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_clz:
        count_leading(t, record);
        return TRUE;
    case QH_IR_ctz:
        count_trailing(t, record);
        return TRUE;
    case QH_IR_popcnt:
        if (t->features & QH_T1_HAS_POPCNT) {
            count(t, record, QH_X_POPCNT);
        } else {
            call_c(t, record, record->a, c_popcnt);
        }
        return TRUE;
    case QH_IR_bswap:
    case QH_IR_bitrev:
        reverse(t, record, record->op == QH_IR_bitrev);
        return TRUE;
    case QH_IR_clmul:
    case QH_IR_clmulh:
        carryless(t, record, record->op == QH_IR_clmulh);
        return TRUE;
    case QH_IR_concat128:
        concat(t, record);
        return TRUE;
    case QH_IR_low64:
        low_half(t, record);
        return TRUE;
    case QH_IR_high64:
        high_half(t, record);
        return TRUE;
    default:
        return FALSE;
    }
}
