/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advanced SIMD arithmetic on elements (Arm C4.1.97). What compilers make of loops is IR; the
 * rest is done by helpers that read the instruction (helper-simd*.c). U, bit 29, is mostly the
 * difference between signed and unsigned.
 */
#include "modules/arm/trans-simd.h"

/* Opcode fields, with U above them where it selects another operation. */
#define OPCODE3(d)  ((d)->insn >> 11 & 31u)
#define OPCODE2(d)  ((d)->insn >> 12 & 31u)
#define OPCODE_D(d) ((d)->insn >> 12 & 15u)

QhValue simd_lanes_const(ArmDis *d, uint32_t lane, uint64_t value)
{
    for (uint32_t width = SIMD_BITS(lane); width < 64; width *= 2) {
        value |= value << width;
    }
    return v_const(d, value);
}

QhValue simd_shr(ArmDis *d, uint32_t lane, uint32_t sign, QhValue a, uint32_t by)
{
    uint32_t width = SIMD_BITS(lane);

    if (by == 0) {
        return a;
    }
    if (by >= width) {
        if (!sign) {
            return v_const(d, 0);
        }
        by = width - 1;
    }
    return v_2(d, QH_IR_vshr, lane | sign, a, by);
}

QhValue simd_mull(ArmDis *d, uint32_t lane, uint32_t sign, QhValue a, QhValue b, uint32_t upper)
{
    uint32_t zip = upper ? QH_IR_vzip_hi : QH_IR_vzip_lo;

    if (lane == QH_LANE_32) {
        return v_2(d, QH_IR_vmul_even, lane | sign, v_2(d, zip, lane, a, a),
                   v_2(d, zip, lane, b, b));
    }
    return v_2(d, QH_IR_vmul, lane + 1, v_widen(d, lane, sign, a, upper),
               v_widen(d, lane, sign, b, upper));
}

void simd_put_half(ArmDis *d, uint32_t q, uint32_t rd, QhValue value)
{
    if (q == 1) {
        arm_set_v(d, rd, v_2(d, QH_IR_vzip_lo, QH_LANE_64, arm_get_v(d, rd), value));
    } else {
        simd_put(d, q, rd, value);
    }
}

gboolean simd_call(ArmDis *d, uint32_t helper, uint32_t rd)
{
    QhValue insn;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    insn = arm_const32(d, d->insn);
    arm_call(d, QH_TYPE_NONE, helper, 1, &insn);
    d->v[rd] = (ArmVValues){0};
    return TRUE;
}

/* What @make has of the operands goes to the destination. */
static gboolean three(ArmDis *d,
                      const ArmArgSimd3 *a,
                      QhValue (*make)(ArmDis *d, const ArmArgSimd3 *a, QhValue n, QhValue m))
{
    QhValue n;

    if (!SIMD_KNOWN(a)) {
        return FALSE;
    }
    if (arm_fp_access(d)) {
        n = arm_get_v(d, a->rn);
        simd_put(d, a->q, a->rd, make(d, a, n, arm_get_v(d, a->rm)));
    }
    return TRUE;
}

static gboolean
two(ArmDis *d, const ArmArgSimd2 *a, QhValue (*make)(ArmDis *d, const ArmArgSimd2 *a, QhValue n))
{
    if (!SIMD_KNOWN(a)) {
        return FALSE;
    }
    if (arm_fp_access(d)) {
        simd_put(d, a->q, a->rd, make(d, a, arm_get_v(d, a->rn)));
    }
    return TRUE;
}

/* --- Three registers, the same arrangement --- */

static QhValue abd(ArmDis *d, uint32_t lane, uint32_t sign, QhValue n, QhValue m)
{
    return v_2(d, QH_IR_vsub, lane, v_2(d, QH_IR_vmax, lane | sign, n, m),
               v_2(d, QH_IR_vmin, lane | sign, n, m));
}

static QhValue arith_of(ArmDis *d, const ArmArgSimd3 *a, QhValue n, QhValue m)
{
    uint32_t lane = a->size, sign = SIMD_SIGN(d);

    switch (OPCODE3(d)) {
    case 0x0c: /* SMAX, UMAX */
        return v_2(d, QH_IR_vmax, lane | sign, n, m);
    case 0x0d: /* SMIN, UMIN */
        return v_2(d, QH_IR_vmin, lane | sign, n, m);
    case 0x0e: /* SABD, UABD */
        return abd(d, lane, sign, n, m);
    case 0x0f: /* SABA, UABA */
        return v_2(d, QH_IR_vadd, lane, arm_get_v(d, a->rd), abd(d, lane, sign, n, m));
    case 0x10: /* ADD, SUB */
        return v_2(d, SIMD_U(d) ? QH_IR_vsub : QH_IR_vadd, lane, n, m);
    case 0x12: /* MLA, MLS */
        return v_2(d, SIMD_U(d) ? QH_IR_vsub : QH_IR_vadd, lane, arm_get_v(d, a->rd),
                   v_2(d, QH_IR_vmul, lane, n, m));
    default: /* MUL */
        return v_2(d, QH_IR_vmul, lane, n, m);
    }
}

gboolean arm_trans_simd_arith(ArmDis *d, const ArmArgSimd3 *a)
{
    return three(d, a, arith_of);
}

/* Half of the sum, rounded up: the bits that one has, less half of those that they differ in. */
static QhValue half_up(ArmDis *d, uint32_t lane, uint32_t sign, QhValue n, QhValue m)
{
    return v_2(d, QH_IR_vsub, lane, v_2(d, QH_IR_vor, 0, n, m),
               simd_shr(d, lane, sign, v_2(d, QH_IR_vxor, 0, n, m), 1));
}

/* SHADD, SRHADD, SHSUB and unsigned ones; half of a difference, rounded down, is n less half of the
 * sum, rounded up. */
static QhValue half_of(ArmDis *d, const ArmArgSimd3 *a, QhValue n, QhValue m)
{
    uint32_t lane = a->size, sign = SIMD_SIGN(d);

    switch (OPCODE3(d)) {
    case 0x00: /* SHADD, UHADD */
        return v_2(d, QH_IR_vadd, lane, v_2(d, QH_IR_vand, 0, n, m),
                   simd_shr(d, lane, sign, v_2(d, QH_IR_vxor, 0, n, m), 1));
    case 0x02: /* SRHADD, URHADD */
        return half_up(d, lane, sign, n, m);
    default: /* SHSUB, UHSUB */
        return v_2(d, QH_IR_vsub, lane, n, half_up(d, lane, sign, n, m));
    }
}

gboolean arm_trans_simd_half(ArmDis *d, const ArmArgSimd3 *a)
{
    return three(d, a, half_of);
}

/* n > m; hosts compare doublewords as signed ones only. */
static QhValue greater(ArmDis *d, uint32_t lane, uint32_t sign, QhValue n, QhValue m)
{
    if (lane == QH_LANE_64 && !sign) {
        QhValue top = v_const(d, (uint64_t)1 << 63);
        n = v_2(d, QH_IR_vxor, 0, n, top);
        m = v_2(d, QH_IR_vxor, 0, m, top);
        sign = QH_LANE_SIGNED;
    }
    return v_2(d, QH_IR_vcmp_gt, lane | sign, n, m);
}

/* n >= m: that the greater one is n, where the host has a maximum. */
static QhValue not_less(ArmDis *d, uint32_t lane, uint32_t sign, QhValue n, QhValue m)
{
    if (lane < QH_LANE_64) {
        return v_2(d, QH_IR_vcmp_eq, lane, v_2(d, QH_IR_vmax, lane | sign, n, m), n);
    }
    return v_1(d, QH_IR_vnot, 0, greater(d, lane, sign, m, n));
}

static QhValue compare_of(ArmDis *d, const ArmArgSimd3 *a, QhValue n, QhValue m)
{
    uint32_t lane = a->size, sign = SIMD_SIGN(d);
    QhValue value;

    switch (OPCODE3(d)) {
    case 0x06: /* CMGT, CMHI */
        return greater(d, lane, sign, n, m);
    case 0x07: /* CMGE, CMHS */
        return not_less(d, lane, sign, n, m);
    default:
        if (SIMD_U(d)) { /* CMEQ */
            value = v_2(d, QH_IR_vcmp_eq, lane, n, m);
        } else { /* CMTST */
            value = n == m ? n : v_2(d, QH_IR_vand, 0, n, m);
            value = v_1(d, QH_IR_vnot, 0, v_2(d, QH_IR_vcmp_eq, lane, value, v_const(d, 0)));
        }
        break;
    }
    return value;
}

gboolean arm_trans_simd_compare(ArmDis *d, const ArmArgSimd3 *a)
{
    return three(d, a, compare_of);
}

/* ADDP, SMAXP and their like: of n above m, the even lanes with the odd ones. */
static QhValue pair_of(ArmDis *d, const ArmArgSimd3 *a, QhValue n, QhValue m)
{
    uint32_t lane = a->size, sign = SIMD_SIGN(d), opcode = OPCODE3(d);
    uint32_t op = opcode == 0x17 ? QH_IR_vadd : opcode == 0x14 ? QH_IR_vmax : QH_IR_vmin;

    if (a->q == 0) {
        n = m = v_2(d, QH_IR_vzip_lo, QH_LANE_64, n, m);
    }
    return v_2(d, op, lane | (opcode == 0x17 ? 0 : sign), v_2(d, QH_IR_vunzip_even, lane, n, m),
               v_2(d, QH_IR_vunzip_odd, lane, n, m));
}

gboolean arm_trans_simd_pair(ArmDis *d, const ArmArgSimd3 *a)
{
    return three(d, a, pair_of);
}

/*
 * SSHL, USHL. Hosts shift words and doublewords by vectors. Narrow lanes are the upper halves of
 * wider ones, with zeros below: the even ones after a shift to the left. Of signed doublewords
 * those that go right are inverted while negative, so that zeros come in.
 */
static QhValue shift_by(ArmDis *d, uint32_t lane, uint32_t sign, QhValue n, QhValue m)
{
    uint32_t width = SIMD_BITS(lane);
    QhValue even, odd, upper, negative;

    if (lane < QH_LANE_32) {
        upper = simd_lanes_const(d, lane + 1, (UINT64_MAX >> (64 - width)) << width);
        odd = shift_by(d, lane + 1, sign, v_2(d, QH_IR_vand, 0, n, upper),
                       simd_shr(d, lane + 1, 0, m, width));
        even = shift_by(d, lane + 1, sign, v_shl(d, lane + 1, n, width), m);
        return v_blend(d, upper, odd, simd_shr(d, lane + 1, 0, even, width));
    }
    if (lane == QH_LANE_64 && sign) {
        negative = v_2(d, QH_IR_vand, 0, simd_shr(d, lane, sign, n, 63),
                       simd_shr(d, lane, sign, v_shl(d, lane, m, 56), 63));
        n = v_2(d, QH_IR_vshift, lane, v_2(d, QH_IR_vxor, 0, n, negative), m);
        return v_2(d, QH_IR_vxor, 0, n, negative);
    }
    return v_2(d, QH_IR_vshift, lane | sign, n, m);
}

static QhValue shift_by_of(ArmDis *d, const ArmArgSimd3 *a, QhValue n, QhValue m)
{
    return shift_by(d, a->size, SIMD_SIGN(d), n, m);
}

gboolean arm_trans_simd_shift_by(ArmDis *d, const ArmArgSimd3 *a)
{
    return three(d, a, shift_by_of);
}

gboolean arm_trans_simd_logic(ArmDis *d, const ArmArgSimdLogic *a)
{
    QhValue n, m, value;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    n = arm_get_v(d, a->rn);
    m = arm_get_v(d, a->rm);
    switch (SIMD_U(d) << 2 | (d->insn >> 22 & 3u)) {
    case 0:
        value = v_2(d, QH_IR_vand, 0, n, m);
        break;
    case 1: /* BIC */
        value = v_2(d, QH_IR_vandn, 0, n, m);
        break;
    case 2: /* ORR; MOV when both are one */
        value = a->rn == a->rm ? n : v_2(d, QH_IR_vor, 0, n, m);
        break;
    case 3: /* ORN */
        value = v_2(d, QH_IR_vor, 0, n, v_1(d, QH_IR_vnot, 0, m));
        break;
    case 4: /* EOR */
        value = a->rn == a->rm ? v_const(d, 0) : v_2(d, QH_IR_vxor, 0, n, m);
        break;
    case 5: /* BSL */
        value = v_blend(d, arm_get_v(d, a->rd), n, m);
        break;
    case 6: /* BIT: n where m */
        value = v_blend(d, m, n, arm_get_v(d, a->rd));
        break;
    default: /* BIF */
        value = v_blend(d, m, arm_get_v(d, a->rd), n);
        break;
    }
    simd_put(d, a->q, a->rd, value);
    return TRUE;
}

gboolean arm_trans_simd_three(ArmDis *d, const ArmArgSimd3 *a)
{
    return SIMD_KNOWN(a) && simd_call(d, ARM_HELPER_ID(simd_three), a->rd);
}

static QhValue dot(ArmDis *d, uint32_t signs, QhValue n, QhValue m, QhValue sum)
{
    return qh_ir(d->block, QH_IR_vdot, QH_TYPE_V128, signs, n, m, sum);
}

/* SDOT, UDOT, and with bit 11 USDOT. */
gboolean arm_trans_simd_dot(ArmDis *d, const ArmArgSimdLogic *a)
{
    uint32_t signs = d->insn >> 11 & 1u ? 2 : SIMD_U(d) ? 0 : 3;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    simd_put(d, a->q, a->rd,
             dot(d, signs, arm_get_v(d, a->rn), arm_get_v(d, a->rm), arm_get_v(d, a->rd)));
    return TRUE;
}

gboolean arm_trans_simd_matrix(ArmDis *d, const ArmArgSimdLogic *a)
{
    return simd_call(d, ARM_HELPER_ID(simd_matrix), a->rd);
}

/* --- Two registers --- */

/* REV64, REV32, REV16: by U and the lowest bit of the opcode. */
static QhValue rev_of(ArmDis *d, const ArmArgSimd2 *a, QhValue n)
{
    uint32_t group = OPCODE2(d) & 1u ? 1 : SIMD_U(d) ? 2 : 3;

    return v_2(d, QH_IR_vrev, a->size, n, group);
}

gboolean arm_trans_simd_rev(ArmDis *d, const ArmArgSimd2 *a)
{
    return two(d, a, rev_of);
}

gboolean arm_trans_simd_cnt(ArmDis *d, const ArmArgSimd2 *a)
{
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    simd_put(d, a->q, a->rd, v_1(d, QH_IR_vpopcnt, QH_LANE_8, arm_get_v(d, a->rn)));
    return TRUE;
}

gboolean arm_trans_simd_not(ArmDis *d, const ArmArgSimd2 *a)
{
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    simd_put(d, a->q, a->rd, v_1(d, QH_IR_vnot, 0, arm_get_v(d, a->rn)));
    return TRUE;
}

/* Sums of neighbours, in lanes of twice the width. */
static QhValue add_long(ArmDis *d, uint32_t lane, uint32_t sign, QhValue n)
{
    uint32_t wide = lane + 1, width = SIMD_BITS(lane);
    QhValue even =
        sign ? simd_shr(d, wide, sign, v_shl(d, wide, n, width), width)
             : v_2(d, QH_IR_vand, 0, n, simd_lanes_const(d, wide, UINT64_MAX >> (64 - width)));

    return v_2(d, QH_IR_vadd, wide, even, simd_shr(d, wide, sign, n, width));
}

static QhValue add_long_of(ArmDis *d, const ArmArgSimd2 *a, QhValue n)
{
    QhValue value = add_long(d, a->size, SIMD_SIGN(d), n);

    if (OPCODE2(d) & 4u) { /* SADALP, UADALP */
        value = v_2(d, QH_IR_vadd, a->size + 1, arm_get_v(d, a->rd), value);
    }
    return value;
}

gboolean arm_trans_simd_add_long(ArmDis *d, const ArmArgSimd2 *a)
{
    return two(d, a, add_long_of);
}

/* Compare with 0. */
static QhValue zero_of(ArmDis *d, const ArmArgSimd2 *a, QhValue n)
{
    uint32_t lane = a->size;
    QhValue zero, value;

    zero = v_const(d, 0);
    switch (SIMD_U(d) << 2 | (OPCODE2(d) & 3u)) {
    case 0: /* CMGT */
        return v_2(d, QH_IR_vcmp_gt, lane | QH_LANE_SIGNED, n, zero);
    case 1: /* CMEQ */
        return v_2(d, QH_IR_vcmp_eq, lane, n, zero);
    case 2: /* CMLT */
        return v_2(d, QH_IR_vcmp_gt, lane | QH_LANE_SIGNED, zero, n);
    case 4: /* CMGE */
        value = v_2(d, QH_IR_vcmp_gt, lane | QH_LANE_SIGNED, zero, n);
        value = v_1(d, QH_IR_vnot, 0, value);
        break;
    default: /* CMLE */
        value = v_2(d, QH_IR_vcmp_gt, lane | QH_LANE_SIGNED, n, zero);
        value = v_1(d, QH_IR_vnot, 0, value);
        break;
    }
    return value;
}

gboolean arm_trans_simd_zero(ArmDis *d, const ArmArgSimd2 *a)
{
    return two(d, a, zero_of);
}

static QhValue abs_neg_of(ArmDis *d, const ArmArgSimd2 *a, QhValue n)
{
    QhValue negative;

    if (SIMD_U(d)) {
        n = v_1(d, QH_IR_vneg, a->size, n);
    } else if (a->size == QH_LANE_64) {
        negative = simd_shr(d, QH_LANE_64, QH_LANE_SIGNED, n, 63);
        n = v_2(d, QH_IR_vsub, QH_LANE_64, v_2(d, QH_IR_vxor, 0, n, negative), negative);
    } else {
        n = v_1(d, QH_IR_vabs, a->size, n);
    }
    return n;
}

gboolean arm_trans_simd_abs_neg(ArmDis *d, const ArmArgSimd2 *a)
{
    return two(d, a, abs_neg_of);
}

gboolean arm_trans_simd_xtn(ArmDis *d, const ArmArgSimd2 *a)
{
    QhValue n;

    if (!SIMD_KNOWN(a)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    n = arm_get_v(d, a->rn);
    simd_put_half(d, a->q, a->rd, v_2(d, QH_IR_vunzip_even, a->size, n, n));
    return TRUE;
}

gboolean arm_trans_simd_shll(ArmDis *d, const ArmArgSimd2 *a)
{
    QhValue value;

    if (!SIMD_KNOWN(a)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    value = v_widen(d, a->size, 0, arm_get_v(d, a->rn), a->q);
    arm_set_v(d, a->rd, v_shl(d, a->size + 1, value, SIMD_BITS(a->size)));
    return TRUE;
}

/* ADDV, SADDLV, SMAXV and their like: fold the upper half onto the lower one until a lane is left.
 */
gboolean arm_trans_simd_across(ArmDis *d, const ArmArgSimd2 *a)
{
    uint32_t opcode = OPCODE2(d), sign = SIMD_SIGN(d), lane = a->size;
    uint32_t op = opcode == 0x0a ? QH_IR_vmax : QH_IR_vmin;
    QhValue value;

    if (!SIMD_KNOWN(a) || (lane == QH_LANE_32 && a->q == 0)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    value = arm_get_v(d, a->rn);
    if (opcode == 0x03) {
        value = add_long(d, lane++, sign, value);
    }
    if (opcode == 0x03 || opcode == 0x1b) {
        op = QH_IR_vadd;
        sign = 0;
    }
    for (uint32_t step = a->q ? 8 : 4; step >= 1u << lane; step /= 2) {
        value = v_2(d, op, lane | sign, value, v_ext(d, value, value, step));
    }
    arm_set_v64(d, a->rd, qh_ir(d->block, QH_IR_vextract, QH_TYPE_I64, lane, value, 0, 0));
    return TRUE;
}

gboolean arm_trans_simd_addp_d(ArmDis *d, const ArmArgSimd2 *a)
{
    QhValue n;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    n = arm_get_v(d, a->rn);
    simd_put(d, SIMD_SCALAR, a->rd, v_2(d, QH_IR_vadd, QH_LANE_64, n, v_ext(d, n, n, 8)));
    return TRUE;
}

gboolean arm_trans_simd_two(ArmDis *d, const ArmArgSimd2 *a)
{
    return SIMD_KNOWN(a) && simd_call(d, ARM_HELPER_ID(simd_two), a->rd);
}

/* --- Three registers of different width --- */

/* ADDL, ADDW, SUBL, SUBW, ABAL, ABDL, MLAL, MLSL, MULL (opcode as in three different). */
static QhValue long_value(ArmDis *d, uint32_t opcode, const ArmArgSimd3 *a, QhValue n, QhValue m)
{
    uint32_t lane = a->size, wide = lane + 1, sign = SIMD_SIGN(d);
    uint32_t add = opcode == 2 || opcode == 3 || opcode == 10 ? QH_IR_vsub : QH_IR_vadd;

    switch (opcode) {
    case 0: /* ADDL */
    case 2: /* SUBL */
        return v_2(d, add, wide, v_widen(d, lane, sign, n, a->q), v_widen(d, lane, sign, m, a->q));
    case 1: /* ADDW */
    case 3: /* SUBW */
        return v_2(d, add, wide, n, v_widen(d, lane, sign, m, a->q));
    case 5: /* ABAL */
        return v_2(d, add, wide, arm_get_v(d, a->rd),
                   v_widen(d, lane, 0, abd(d, lane, sign, n, m), a->q));
    case 7: /* ABDL */
        return v_widen(d, lane, 0, abd(d, lane, sign, n, m), a->q);
    case 8:  /* MLAL */
    case 10: /* MLSL */
        return v_2(d, add, wide, arm_get_v(d, a->rd), simd_mull(d, lane, sign, n, m, a->q));
    default: /* MULL */
        return simd_mull(d, lane, sign, n, m, a->q);
    }
}

gboolean arm_trans_simd_long(ArmDis *d, const ArmArgSimd3 *a)
{
    if (!SIMD_KNOWN(a)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    arm_set_v(d, a->rd, long_value(d, OPCODE_D(d), a, arm_get_v(d, a->rn), arm_get_v(d, a->rm)));
    return TRUE;
}

/* ADDHN, SUBHN, and with U rounded: the upper halves of sums. */
gboolean arm_trans_simd_high(ArmDis *d, const ArmArgSimd3 *a)
{
    uint32_t wide = a->size + 1, op = OPCODE_D(d) == 4 ? QH_IR_vadd : QH_IR_vsub;
    QhValue value;

    if (!SIMD_KNOWN(a)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    value = v_2(d, op, wide, arm_get_v(d, a->rn), arm_get_v(d, a->rm));
    if (SIMD_U(d)) {
        value = v_2(d, QH_IR_vadd, wide, value,
                    simd_lanes_const(d, wide, 1ull << (SIMD_BITS(a->size) - 1)));
    }
    simd_put_half(d, a->q, a->rd, v_2(d, QH_IR_vunzip_odd, a->size, value, value));
    return TRUE;
}

gboolean arm_trans_simd_pmull_8(ArmDis *d, const ArmArgSimd3 *a)
{
    return simd_call(d, ARM_HELPER_ID(simd_pmull), a->rd);
}

gboolean arm_trans_simd_pmull_64(ArmDis *d, const ArmArgSimd3 *a)
{
    QhValue n, m, low, high;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    n = qh_ir_1(d->block, a->q ? QH_IR_high64 : QH_IR_low64, QH_TYPE_I64, arm_get_v(d, a->rn));
    m = qh_ir_1(d->block, a->q ? QH_IR_high64 : QH_IR_low64, QH_TYPE_I64, arm_get_v(d, a->rm));
    low = qh_ir_2(d->block, QH_IR_clmul, QH_TYPE_I64, n, m);
    high = qh_ir_2(d->block, QH_IR_clmulh, QH_TYPE_I64, n, m);
    arm_set_v(d, a->rd, qh_ir_2(d->block, QH_IR_concat128, QH_TYPE_V128, low, high));
    return TRUE;
}

/* --- By element --- */

/* The element of Rm in all lanes: halfwords H:L:M of 16 registers, words H:L of 32. */
QhValue simd_element(ArmDis *d, const ArmArgSimdE *a)
{
    uint32_t hl = a->h << 1 | a->l, half = a->size == QH_LANE_16;

    return v_2(d, QH_IR_vdup_lane, a->size, arm_get_v(d, half ? a->rm : a->m << 4 | a->rm),
               half ? hl << 1 | a->m : hl);
}

gboolean arm_trans_simd_element(ArmDis *d, const ArmArgSimdE *a)
{
    QhValue value;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    value = v_2(d, QH_IR_vmul, a->size, arm_get_v(d, a->rn), simd_element(d, a));
    if (SIMD_U(d)) { /* MLA, MLS */
        value =
            v_2(d, OPCODE_D(d) == 0 ? QH_IR_vadd : QH_IR_vsub, a->size, arm_get_v(d, a->rd), value);
    }
    simd_put(d, a->q, a->rd, value);
    return TRUE;
}

gboolean arm_trans_simd_element_long(ArmDis *d, const ArmArgSimdE *a)
{
    ArmArgSimd3 three = {.q = a->q, .size = a->size, .rd = a->rd};
    uint32_t opcode = OPCODE_D(d) == 2 ? 8 : OPCODE_D(d) == 6 ? 10 : 12;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    arm_set_v(d, a->rd, long_value(d, opcode, &three, arm_get_v(d, a->rn), simd_element(d, a)));
    return TRUE;
}

/* SDOT, UDOT 14; USDOT 15, or with bit 23 clear SUDOT. */
gboolean arm_trans_simd_dot_e(ArmDis *d, const ArmArgSimdE *a)
{
    uint32_t mixed = d->insn >> 23 & 1u ? 2 : 1;
    uint32_t signs = OPCODE_D(d) == 15 ? mixed : SIMD_U(d) ? 0 : 3;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    simd_put(d, a->q, a->rd,
             dot(d, signs, arm_get_v(d, a->rn), simd_element(d, a), arm_get_v(d, a->rd)));
    return TRUE;
}
