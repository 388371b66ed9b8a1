/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors of numbers with the host's packed instructions; as lower-fp.c does for scalars. A result
 * is made in xmm15 and looked at before it goes where it belongs: if a lane is a NaN or, where tiny
 * is what is tiny before rounding, the smallest normal number, C does all lanes once more. It needs
 * AVX; other hosts, and other rounding modes, go to C at once.
 */
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/backend/x86_64/lower-vector.h"

#include "abi/target.h"

#define XMM15 QH_XMM(15)

/* Second operands of VEX instructions may be unaligned. By lane size 32, 64. */
static const uint32_t magnitudes[2][4] = {
    {0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff},
    {0xffffffff, 0x7fffffff, 0xffffffff, 0x7fffffff}
};
static const uint32_t smallest[2][4] = {
    {0x00800000, 0x00800000, 0x00800000, 0x00800000},
    {0,          0x00100000, 0,          0x00100000}
};

/* Predicates of VCMPPS (SDM volume 2, CMPPD, table "Comparison Predicate") */
#define UNORD_Q 3u
#define EQ_UQ   8u

static gboolean is_wide(const QhIrRecord *record)
{
    return (record->flags & 3) == QH_LANE_64;
}

static uint32_t packed(const QhIrRecord *record)
{
    return is_wide(record) ? QH_X_66 : 0;
}

static uint32_t rounding(const QhIrRecord *record)
{
    return record->flags >> 2 & 7;
}

/* A v64 has rubbish above it, which would raise flags. */
static gboolean host_can(const QhT1 *t, const QhIrRecord *record)
{
    return (t->features & QH_T1_HAS_AVX) && record->type == QH_TYPE_V128;
}

static void constant(QhT1 *t, const uint32_t (*table)[4], const QhIrRecord *record)
{
    qh_x_mov_i(&t->a, QH_RAX, (uintptr_t)table[is_wide(record)]);
}

/* Goes to the stub if a lane of @reg has all ones or a sign. */
static void if_any(QhT1 *t, QhT1Cold *cold, uint32_t prefix, QhReg reg)
{
    qh_x(&t->a, QH_X_MOVMSKPS | prefix, QH_RAX, qh_rm_reg(reg));
    qh_x(&t->a, QH_X_TEST, QH_RAX, qh_rm_reg(QH_RAX));
    qh_t1_cold_jcc(t, cold, QH_IF_NE);
}

/* Lanes of xmm15 that C has to do. */
static void check(QhT1 *t, QhT1Cold *cold, const QhIrRecord *record, gboolean may_be_tiny)
{
    uint32_t prefix = packed(record);
    QhReg lanes = qh_t1_temp_xmm(t);

    if (may_be_tiny && t->source->tininess_before_rounding) {
        constant(t, magnitudes, record);
        qh_x_vex(&t->a, QH_X_ANDPS, lanes, XMM15, qh_rm_mem(QH_RAX, 0));
        constant(t, smallest, record);
        qh_x_vex_i8(&t->a, QH_X_CMPS | prefix, lanes, lanes, qh_rm_mem(QH_RAX, 0), EQ_UQ);
    } else {
        qh_x_vex_i8(&t->a, QH_X_CMPS | prefix, lanes, XMM15, qh_rm_reg(XMM15), UNORD_Q);
    }
    if_any(t, cold, prefix, lanes);
}

static void finish(QhT1 *t, QhT1Cold *cold, const QhIrRecord *record, gboolean may_be_tiny)
{
    QhReg d = qh_t1_def_late(t);

    cold->d = d;
    check(t, cold, record, may_be_tiny);
    qh_x(&t->a, QH_X_MOVAPS, d, qh_rm_reg(XMM15));
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
}

static void binary(QhT1 *t, const QhIrRecord *record, uint32_t op)
{
    QhT1Cold *cold;

    if (rounding(record) != QH_ROUND_NEAREST_EVEN) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    cold = qh_t1_vector_cold(t, record);
    qh_x_vex(&t->a, op | packed(record), XMM15, cold->a, qh_rm_reg(cold->b));
    finish(t, cold, record, record->op == QH_IR_vfmul || record->op == QH_IR_vfdiv);
}

static void multiply_add(QhT1 *t, const QhIrRecord *record)
{
    static const uint32_t ops[] = {QH_X_FMADD231, QH_X_FNMADD231, QH_X_FMSUB231, QH_X_FNMSUB231};
    QhT1Cold *cold;

    if (rounding(record) != QH_ROUND_NEAREST_EVEN || !(t->features & QH_T1_HAS_FMA)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    cold = qh_t1_vector_cold(t, record);
    qh_x(&t->a, QH_X_MOVAPS, XMM15, qh_rm_reg(cold->c));
    /* the packed forms are one below the scalar ones */
    qh_x_vex(&t->a, (ops[record->flags >> 5 & 3] - 1) | (is_wide(record) ? QH_X_W : 0), XMM15,
             cold->a, qh_rm_reg(cold->b));
    finish(t, cold, record, TRUE);
}

static void square_root(QhT1 *t, const QhIrRecord *record)
{
    QhT1Cold *cold;

    if (rounding(record) != QH_ROUND_NEAREST_EVEN) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    cold = qh_t1_vector_cold(t, record);
    qh_x(&t->a, QH_X_FSQRT | packed(record), XMM15, qh_rm_reg(cold->a));
    finish(t, cold, record, FALSE);
}

/* Numbers only, and both orders for the sake of zeros: lower-fp.c, min_max. */
static void min_max(QhT1 *t, const QhIrRecord *record)
{
    gboolean is_min = record->op == QH_IR_vfmin;
    uint32_t prefix = packed(record), op = (is_min ? QH_X_FMIN : QH_X_FMAX) | prefix;
    QhT1Cold *cold;
    QhReg other, d;

    if (record->flags >> 5 == QH_FMINMAX_X86) {
        QhReg a = qh_t1_use_xmm(t, record->a), b = qh_t1_use_xmm(t, record->b);
        qh_x_vex(&t->a, op, qh_t1_def_late(t), a, qh_rm_reg(b));
        return;
    }
    cold = qh_t1_vector_cold(t, record);
    other = qh_t1_temp_xmm(t);
    d = qh_t1_def(t);
    cold->d = d;
    qh_x_vex_i8(&t->a, QH_X_CMPS | prefix, XMM15, cold->a, qh_rm_reg(cold->b), UNORD_Q);
    if_any(t, cold, prefix, XMM15);
    qh_x_vex(&t->a, op, XMM15, cold->a, qh_rm_reg(cold->b));
    qh_x_vex(&t->a, op, other, cold->b, qh_rm_reg(cold->a));
    qh_x_vex(&t->a, is_min ? QH_X_ORPS : QH_X_ANDPS, d, XMM15, qh_rm_reg(other));
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
}

static void compare(QhT1 *t, const QhIrRecord *record)
{
    /* EQ_OQ, LT_OQ, LE_OQ, UNORD_Q, and with signaling */
    static const uint8_t predicates[] = {0x00, 0x11, 0x12, 0x03, 0x10, 0x01, 0x02, 0x13};
    QhReg a = qh_t1_use_xmm(t, record->a), b = qh_t1_use_xmm(t, record->b);
    QhReg d = qh_t1_def_late(t);

    qh_x_vex_i8(&t->a, QH_X_CMPS | packed(record), d, a, qh_rm_reg(b),
                predicates[record->flags >> 5]);
}

/* The host's number of a rounding mode for ROUNDPS; 8 more: without raising inexact. */
static void round_lanes(QhT1 *t, const QhIrRecord *record)
{
    static const uint8_t modes[] = {0, 3, 1, 2};
    QhT1Cold *cold;

    if (rounding(record) > QH_ROUND_UP) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    cold = qh_t1_vector_cold(t, record);
    qh_x_i8(&t->a, is_wide(record) ? QH_X_ROUNDPD : QH_X_ROUNDPS, XMM15, qh_rm_reg(cold->a),
            modes[rounding(record)] | (record->flags >> 5 & 1 ? 0 : 8));
    finish(t, cold, record, FALSE);
}

/* Integers of 32 bits; the host has no instruction for 64. */
static void from_int(QhT1 *t, const QhIrRecord *record)
{
    QhReg a;

    if (is_wide(record) || rounding(record) != QH_ROUND_NEAREST_EVEN) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    qh_x(&t->a, QH_X_CVTDQ2PS, qh_t1_def_late(t), qh_rm_reg(a));
}

/* What does not fit is 0x80000000, as the smallest integer is: C tells them apart. */
static void to_int(QhT1 *t, const QhIrRecord *record)
{
    QhT1Cold *cold;
    QhReg lanes, d;

    if (is_wide(record) || rounding(record) != QH_ROUND_ZERO) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    cold = qh_t1_vector_cold(t, record);
    lanes = qh_t1_temp_xmm(t);
    d = qh_t1_def_late(t);
    cold->d = d;
    qh_x(&t->a, QH_X_CVTTPS2DQ, XMM15, qh_rm_reg(cold->a));
    qh_x_vex(&t->a, QH_X_PCMPEQD, lanes, XMM15, qh_rm_reg(XMM15)); /* ones */
    qh_x_i8(&t->a, QH_X_PSLLD_I, 6, qh_rm_reg(lanes), 31);
    qh_x_vex(&t->a, QH_X_PCMPEQD, lanes, lanes, qh_rm_reg(XMM15));
    if_any(t, cold, 0, lanes);
    qh_x(&t->a, QH_X_MOVAPS, d, qh_rm_reg(XMM15));
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
}

/* Between the two: @result is looked at as what it is. */
static void convert(QhT1 *t, const QhIrRecord *record)
{
    gboolean widen = record->op == QH_IR_vfwiden;
    QhIrRecord result = *record;
    QhT1Cold *cold;

    if (!widen && rounding(record) != QH_ROUND_NEAREST_EVEN) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    result.flags = widen ? QH_LANE_64 : QH_LANE_32;
    cold = qh_t1_vector_cold(t, record);
    qh_x(&t->a, QH_X_CVTF | (widen ? 0 : QH_X_66), XMM15, qh_rm_reg(cold->a));
    finish(t, cold, &result, !widen);
}

void qh_t1_lower_vfp(QhT1 *t, const QhIrRecord *record)
{
    if (!host_can(t, record)) {
        qh_t1_vector_in_c(t, record);
        return;
    }
    switch (record->op) {
    case QH_IR_vfadd:
        binary(t, record, QH_X_FADD);
        break;
    case QH_IR_vfsub:
        binary(t, record, QH_X_FSUB);
        break;
    case QH_IR_vfmul:
        binary(t, record, QH_X_FMUL);
        break;
    case QH_IR_vfdiv:
        binary(t, record, QH_X_FDIV);
        break;
    case QH_IR_vfsqrt:
        square_root(t, record);
        break;
    case QH_IR_vffma:
        multiply_add(t, record);
        break;
    case QH_IR_vfmin:
    case QH_IR_vfmax:
        min_max(t, record);
        break;
    case QH_IR_vfcmp:
        compare(t, record);
        break;
    case QH_IR_vfround:
        round_lanes(t, record);
        break;
    case QH_IR_vffrom_s:
        from_int(t, record);
        break;
    case QH_IR_vfto_s:
        to_int(t, record);
        break;
    case QH_IR_vfwiden:
    case QH_IR_vfnarrow:
        convert(t, record);
        break;
    default:
        qh_t1_vector_in_c(t, record);
        break;
    }
}
