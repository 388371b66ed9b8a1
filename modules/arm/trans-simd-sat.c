/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advanced SIMD instructions that saturate and may set FPSR.QC (Arm C4.1.97). What media code uses
 * is IR: the bits in which a result differs from what it would be are gathered in a slot, and QC is
 * whether there is one. Scalars, 64-bit elements and the rest are done by helpers.
 */
#include "modules/arm/trans-simd.h"

/* A result of form @q; @off is not 0 in what has saturated. */
static void put_saturated(ArmDis *d, uint32_t q, uint32_t rd, QhValue value, QhValue off)
{
    QhValue before = qh_ir_get(d->block, QH_TYPE_V128, ARM_SLOT_SATURATED);

    if (q != 1) {
        off = v_1(d, QH_IR_vlow, 0, off);
    }
    qh_ir_set(d->block, QH_TYPE_V128, ARM_SLOT_SATURATED, v_2(d, QH_IR_vor, 0, before, off));
    simd_put(d, q, rd, value);
}

/* --- SQADD, UQADD, SQSUB, UQSUB --- */

/* Of words, signed: overflow changes the sign, and then the result has n's. */
static QhValue
words_signed(ArmDis *d, gboolean subtract, QhValue n, QhValue m, QhValue plain, QhValue *ret_off)
{
    QhValue changed = v_2(d, QH_IR_vxor, 0, plain, n), other = v_2(d, QH_IR_vxor, 0, n, m);
    QhValue limit = v_2(d, QH_IR_vxor, 0, simd_shr(d, QH_LANE_32, QH_LANE_SIGNED, n, 31),
                        simd_lanes_const(d, QH_LANE_32, INT32_MAX));

    changed = v_2(d, subtract ? QH_IR_vand : QH_IR_vandn, 0, changed, other);
    *ret_off = simd_shr(d, QH_LANE_32, QH_LANE_SIGNED, changed, 31);
    return v_blend(d, *ret_off, limit, plain);
}

static void sum(ArmDis *d, const ArmArgSimd3 *a)
{
    gboolean subtract = (d->insn >> 13 & 1u) != 0;
    uint32_t lane = a->size, sign = SIMD_SIGN(d);
    QhValue n = arm_get_v(d, a->rn), m = arm_get_v(d, a->rm);
    QhValue plain = v_2(d, subtract ? QH_IR_vsub : QH_IR_vadd, lane, n, m), value, off;

    if (lane < QH_LANE_32) {
        value = v_2(d, subtract ? QH_IR_vsatsub : QH_IR_vsatadd, lane | sign, n, m);
        off = v_2(d, QH_IR_vxor, 0, value, plain);
    } else if (sign) {
        value = words_signed(d, subtract, n, m, plain, &off);
    } else if (subtract) {
        off = v_2(d, QH_IR_vcmp_gt, lane, m, n);
        value = v_2(d, QH_IR_vandn, 0, plain, off);
    } else {
        off = v_2(d, QH_IR_vcmp_gt, lane, n, plain);
        value = v_2(d, QH_IR_vor, 0, plain, off);
    }
    put_saturated(d, a->q, a->rd, value, off);
}

/* --- SQDMULH, SQRDMULH --- */

/* (2nm) >> width, from the upper and the lower half of the product; rounded, the lower half adds
 * its upper bits rounded. Only the square of the smallest number does not fit, and nothing else
 * gives that number. */
static void double_high(ArmDis *d, uint32_t q, uint32_t lane, uint32_t rd, QhValue n, QhValue m)
{
    gboolean round = SIMD_U(d) || (d->insn >> 24 & 1u && d->insn >> 12 & 1u);
    uint32_t width = SIMD_BITS(lane);
    QhValue high = v_2(d, QH_IR_vmulh, lane | QH_LANE_SIGNED, n, m);
    QhValue low = v_2(d, QH_IR_vmul, lane, n, m), value, off;

    if (round) {
        low = v_2(d, QH_IR_vadd, lane, simd_shr(d, lane, 0, low, width - 2),
                  simd_lanes_const(d, lane, 1));
        low = simd_shr(d, lane, 0, low, 1);
    } else {
        low = simd_shr(d, lane, 0, low, width - 1);
    }
    value = v_2(d, QH_IR_vadd, lane, v_shl(d, lane, high, 1), low);
    off = v_2(d, QH_IR_vcmp_eq, lane, value, simd_lanes_const(d, lane, (uint64_t)1 << (width - 1)));
    put_saturated(d, q, rd, v_2(d, QH_IR_vxor, 0, value, off), off);
}

gboolean arm_trans_simd_three_qc(ArmDis *d, const ArmArgSimd3 *a)
{
    uint32_t opcode = d->insn >> 11 & 31u;

    if (!SIMD_KNOWN(a)) {
        return FALSE;
    }
    if (a->q == SIMD_SCALAR || a->size == QH_LANE_64 ||
        (opcode != 0x01 && opcode != 0x05 && opcode != 0x16)) {
        return simd_call(d, ARM_HELPER_ID(simd_three_qc), a->rd);
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (opcode == 0x16) {
        double_high(d, a->q, a->size, a->rd, arm_get_v(d, a->rn), arm_get_v(d, a->rm));
    } else {
        sum(d, a);
    }
    return TRUE;
}

gboolean arm_trans_simd_extra_qc(ArmDis *d, const ArmArgSimd3 *a)
{
    return SIMD_KNOWN(a) && simd_call(d, ARM_HELPER_ID(simd_extra_qc), a->rd);
}

gboolean arm_trans_simd_different_qc(ArmDis *d, const ArmArgSimd3 *a)
{
    return SIMD_KNOWN(a) && simd_call(d, ARM_HELPER_ID(simd_different_qc), a->rd);
}

/* 12 SQDMULH, 13 SQRDMULH; with U, or others, a helper's. */
gboolean arm_trans_simd_element_qc(ArmDis *d, const ArmArgSimdE *a)
{
    uint32_t opcode = d->insn >> 12 & 15u;

    if (a->q == SIMD_SCALAR || SIMD_U(d) || opcode < 12) {
        return simd_call(d, ARM_HELPER_ID(simd_element_qc), a->rd);
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    double_high(d, a->q, a->size, a->rd, arm_get_v(d, a->rn), simd_element(d, a));
    return TRUE;
}

/* --- Narrowing --- */

/* Elements of twice the width, put between the limits of the narrow ones. */
static void narrow(ArmDis *d,
                   uint32_t q,
                   uint32_t lane,
                   uint32_t rd,
                   QhValue wide,
                   gboolean from_signed,
                   gboolean to_signed)
{
    uint32_t flags = (lane + 1) | (from_signed ? QH_LANE_SIGNED : 0), width = SIMD_BITS(lane);
    uint64_t max = ((uint64_t)1 << (width - (to_signed ? 1 : 0))) - 1;
    QhValue value = v_2(d, QH_IR_vmin, flags, wide, simd_lanes_const(d, lane + 1, max)), off;
    QhValue before = qh_ir_get(d->block, QH_TYPE_V128, ARM_SLOT_SATURATED);

    if (from_signed) {
        uint64_t min = to_signed ? ~max & (((uint64_t)1 << 2 * width) - 1) : 0;
        value = v_2(d, QH_IR_vmax, flags, value, simd_lanes_const(d, lane + 1, min));
    }
    off = v_2(d, QH_IR_vxor, 0, value, wide);
    qh_ir_set(d->block, QH_TYPE_V128, ARM_SLOT_SATURATED, v_2(d, QH_IR_vor, 0, before, off));
    simd_put_half(d, q, rd, v_2(d, QH_IR_vunzip_even, lane, value, value));
}

/* SQXTUN 12, SQXTN and UQXTN 14. */
gboolean arm_trans_simd_two_qc(ArmDis *d, const ArmArgSimd2 *a)
{
    uint32_t opcode = d->insn >> 12 & 31u;
    gboolean from_signed = opcode == 0x12 || !SIMD_U(d);

    if (!SIMD_KNOWN(a)) {
        return FALSE;
    }
    if (opcode < 0x12 || a->q == SIMD_SCALAR || a->size == QH_LANE_32) {
        return simd_call(d, ARM_HELPER_ID(simd_two_qc), a->rd);
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    narrow(d, a->q, a->size, a->rd, arm_get_v(d, a->rn), from_signed,
           opcode == 0x14 && from_signed);
    return TRUE;
}

gboolean arm_trans_simd_shift_qc(ArmDis *d, const ArmArgSimdShift *a)
{
    return (a->immh < 8 || a->q != 0) && simd_call(d, ARM_HELPER_ID(simd_shift_qc), a->rd);
}

/* SQSHRUN 10, SQRSHRUN 11, SQSHRN and UQSHRN 12, SQRSHRN and UQRSHRN 13. */
gboolean arm_trans_simd_shift_narrow_qc(ArmDis *d, const ArmArgSimdShift *a)
{
    uint32_t opcode = d->insn >> 11 & 31u, lane = a->immh >= 4 ? 2 : a->immh >= 2 ? 1 : 0;
    uint32_t by = 2 * SIMD_BITS(lane) - (a->immh << 3 | a->immb);
    gboolean from_signed = opcode < 0x12 || !SIMD_U(d);
    uint32_t sign = from_signed ? QH_LANE_SIGNED : 0;
    QhValue n;

    if (a->immh >= 8) {
        return FALSE;
    }
    if (a->q == SIMD_SCALAR || lane == QH_LANE_32) {
        return simd_call(d, ARM_HELPER_ID(simd_shift_narrow_qc), a->rd);
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    n = arm_get_v(d, a->rn);
    n = opcode & 1u ? simd_rounded(d, lane + 1, sign, n, by) : simd_shr(d, lane + 1, sign, n, by);
    narrow(d, a->q, lane, a->rd, n, from_signed, opcode >= 0x12 && from_signed);
    return TRUE;
}
