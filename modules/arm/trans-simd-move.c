/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advanced SIMD: shifts by an immediate, immediates, copies, permutations, tables (Arm C4.1.97). */
#include "modules/arm/trans-simd.h"

#define OPCODE(d) ((d)->insn >> 11 & 31u)

/* --- Shifts by an immediate --- */

/* immh:immb: the leading one is the width of elements, and the amount counts from there. */
typedef struct Amount {
    uint32_t lane, left, right;
} Amount;

static Amount amount(const ArmArgSimdShift *a)
{
    uint32_t value = a->immh << 3 | a->immb;
    uint32_t lane = a->immh >= 8 ? 3 : a->immh >= 4 ? 2 : a->immh >= 2 ? 1 : 0;

    return (Amount){
        .lane = lane, .left = value - SIMD_BITS(lane), .right = 2 * SIMD_BITS(lane) - value};
}

QhValue simd_rounded(ArmDis *d, uint32_t lane, uint32_t sign, QhValue n, uint32_t by)
{
    QhValue last =
        v_2(d, QH_IR_vand, 0, simd_shr(d, lane, sign, n, by - 1), simd_lanes_const(d, lane, 1));

    return v_2(d, QH_IR_vadd, lane, simd_shr(d, lane, sign, n, by), last);
}

/* SLI, SRI: the bits that the shift leaves free stay as they are in Rd. */
static QhValue inserted(ArmDis *d, const ArmArgSimdShift *a, const Amount *by, QhValue n)
{
    uint32_t width = SIMD_BITS(by->lane);
    uint64_t ones = UINT64_MAX >> (64 - width), kept;
    QhValue value;

    if (OPCODE(d) == 0x0a) {
        value = v_shl(d, by->lane, n, by->left);
        kept = ((uint64_t)1 << by->left) - 1;
    } else {
        value = simd_shr(d, by->lane, 0, n, by->right);
        kept = by->right >= width ? ones : ones & ~(ones >> by->right);
    }
    return v_blend(d, simd_lanes_const(d, by->lane, kept), arm_get_v(d, a->rd), value);
}

gboolean arm_trans_simd_shift(ArmDis *d, const ArmArgSimdShift *a)
{
    Amount by = amount(a);
    uint32_t lane = by.lane, sign = SIMD_SIGN(d), opcode = OPCODE(d);
    QhValue n, value;

    if (lane == QH_LANE_64 ? a->q == 0 : a->q == SIMD_SCALAR) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    n = arm_get_v(d, a->rn);
    switch (opcode) {
    case 0x00: /* SSHR, USHR */
    case 0x02: /* SSRA, USRA */
        value = simd_shr(d, lane, sign, n, by.right);
        break;
    case 0x04: /* SRSHR, URSHR */
    case 0x06: /* SRSRA, URSRA */
        value = simd_rounded(d, lane, sign, n, by.right);
        break;
    case 0x08: /* SRI */
        value = inserted(d, a, &by, n);
        break;
    default: /* SHL, SLI */
        value = SIMD_U(d) ? inserted(d, a, &by, n) : v_shl(d, lane, n, by.left);
        break;
    }
    if (opcode == 0x02 || opcode == 0x06) {
        value = v_2(d, QH_IR_vadd, lane, arm_get_v(d, a->rd), value);
    }
    simd_put(d, a->q, a->rd, value);
    return TRUE;
}

/* SHRN, RSHRN: bits that a rounding sum loses at the top are none of the result. */
gboolean arm_trans_simd_shift_narrow(ArmDis *d, const ArmArgSimdShift *a)
{
    Amount by = amount(a);
    uint32_t wide = by.lane + 1;
    QhValue value;

    if (by.lane == QH_LANE_64) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    value = arm_get_v(d, a->rn);
    if (OPCODE(d) & 1u) {
        value = v_2(d, QH_IR_vadd, wide, value,
                    simd_lanes_const(d, wide, (uint64_t)1 << (by.right - 1)));
    }
    if (by.right == SIMD_BITS(by.lane)) {
        value = v_2(d, QH_IR_vunzip_odd, by.lane, value, value);
    } else {
        value = simd_shr(d, wide, 0, value, by.right);
        value = v_2(d, QH_IR_vunzip_even, by.lane, value, value);
    }
    simd_put_half(d, a->q, a->rd, value);
    return TRUE;
}

/* SSHLL, USHLL; SXTL and UXTL when the amount is 0. */
gboolean arm_trans_simd_shift_long(ArmDis *d, const ArmArgSimdShift *a)
{
    Amount by = amount(a);
    QhValue value;

    if (by.lane == QH_LANE_64) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    value = v_widen(d, by.lane, SIMD_SIGN(d), arm_get_v(d, a->rn), a->q);
    arm_set_v(d, a->rd, v_shl(d, by.lane + 1, value, by.left));
    return TRUE;
}

/* --- Immediates --- */

/* AdvSIMDExpandImm (Arm, shared pseudocode). */
static uint64_t expand(uint32_t op, uint32_t cmode, uint64_t imm)
{
    uint64_t value = 0;

    if (cmode < 8) {
        value = imm << 8 * (cmode >> 1);
        return value | value << 32;
    }
    if (cmode < 12) {
        value = imm << 8 * (cmode >> 1 & 1);
        return value * UINT64_C(0x0001000100010001);
    }
    if (cmode < 14) {
        value = cmode & 1 ? imm << 16 | 0xffff : imm << 8 | 0xff;
        return value | value << 32;
    }
    if (!op) {
        return imm * UINT64_C(0x0101010101010101);
    }
    for (uint32_t i = 0; i < 8; i++) {
        value |= (imm >> i & 1u) ? UINT64_C(0xff) << 8 * i : 0;
    }
    return value;
}

/* MOVI, MVNI, and with an odd cmode below 12 ORR, BIC. */
gboolean arm_trans_simd_imm(ArmDis *d, const ArmArgSimdImm *a)
{
    uint64_t value = expand(SIMD_U(d), a->cmode, a->imm);
    QhValue old;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (SIMD_U(d) && a->cmode != 14) {
        value = ~value;
    }
    if (a->cmode < 12 && (a->cmode & 1)) {
        old = arm_get_v(d, a->rd);
        simd_put(d, a->q, a->rd,
                 v_2(d, SIMD_U(d) ? QH_IR_vand : QH_IR_vor, 0, old, v_const(d, value)));
    } else if (a->q == 1 || value == 0) {
        arm_set_v(d, a->rd, v_const(d, value));
    } else {
        arm_set_v64(d, a->rd, arm_const(d, value));
    }
    return TRUE;
}

/* --- Copies --- */

/* imm5: the lowest one says how wide the element is, what is above it which one. */
static gboolean element_of(uint32_t imm5, uint32_t *ret_lane, uint32_t *ret_index)
{
    uint32_t lane = imm5 & 1 ? 0 : imm5 & 2 ? 1 : imm5 & 4 ? 2 : 3;

    *ret_lane = lane;
    *ret_index = imm5 >> (lane + 1);
    return (imm5 & 15u) != 0;
}

static QhValue extract(ArmDis *d, uint32_t reg, uint32_t flags, uint32_t index)
{
    if (index == 0 && (flags & 3u) == QH_LANE_64) {
        return arm_get_v64(d, reg);
    }
    return qh_ir(d->block, QH_IR_vextract, QH_TYPE_I64, flags, arm_get_v(d, reg), index, 0);
}

gboolean arm_trans_simd_dup_e(ArmDis *d, const ArmArgSimdDup *a)
{
    uint32_t lane, index;

    if (!element_of(a->imm5, &lane, &index) || (lane == QH_LANE_64 && a->q == 0)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    simd_put(d, a->q, a->rd, v_2(d, QH_IR_vdup_lane, lane, arm_get_v(d, a->rn), index));
    return TRUE;
}

/* One element, the rest 0. */
gboolean arm_trans_simd_dup_x(ArmDis *d, const ArmArgSimdDup *a)
{
    uint32_t lane, index;
    QhValue n;

    if (!element_of(a->imm5, &lane, &index)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (lane == QH_LANE_64) {
        n = arm_get_v(d, a->rn);
        simd_put(d, SIMD_SCALAR, a->rd, index == 0 ? n : v_ext(d, n, n, 8));
    } else {
        arm_set_v64(d, a->rd, extract(d, a->rn, lane, index));
    }
    return TRUE;
}

gboolean arm_trans_simd_dup_g(ArmDis *d, const ArmArgSimdDup *a)
{
    uint32_t lane, index;

    if (!element_of(a->imm5, &lane, &index) || (lane == QH_LANE_64 && a->q == 0)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    simd_put(d, a->q, a->rd, v_1(d, QH_IR_vdup, lane, arm_get_x(d, a->rn)));
    return TRUE;
}

static void insert(ArmDis *d, uint32_t rd, uint32_t lane, QhValue value, uint32_t index)
{
    arm_set_v(d, rd,
              qh_ir(d->block, QH_IR_vinsert, QH_TYPE_V128, lane, arm_get_v(d, rd), value, index));
}

gboolean arm_trans_simd_ins_g(ArmDis *d, const ArmArgSimdDup *a)
{
    uint32_t lane, index;

    if (!element_of(a->imm5, &lane, &index)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    insert(d, a->rd, lane, arm_get_x(d, a->rn), index);
    return TRUE;
}

gboolean arm_trans_simd_ins_e(ArmDis *d, const ArmArgSimdIns *a)
{
    uint32_t lane, index;

    if (!element_of(a->imm5, &lane, &index)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    insert(d, a->rd, lane, extract(d, a->rn, lane, a->imm4 >> lane), index);
    return TRUE;
}

/* SMOV to w or x, of elements narrower than that; UMOV of words and less to w, of doublewords to
 * x. */
gboolean arm_trans_simd_mov_g(ArmDis *d, const ArmArgSimdDup *a)
{
    gboolean is_signed = (d->insn & (1u << 12)) == 0;
    uint32_t lane, index;
    QhValue value;

    if (!element_of(a->imm5, &lane, &index) ||
        (is_signed ? lane >= 2 + a->q : (lane == QH_LANE_64) != (a->q == 1))) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    value = extract(d, a->rn, lane | (is_signed ? QH_LANE_SIGNED : 0), index);
    if (is_signed && a->q == 0) {
        arm_set_w(d, a->rd, qh_ir_1(d->block, QH_IR_trunc, QH_TYPE_I32, value));
    } else {
        arm_set_x(d, a->rd, value);
    }
    return TRUE;
}

/* --- Permutations --- */

/* TRN1, TRN2: the even or the odd lanes of both, by shifts within pairs. */
static QhValue transpose(ArmDis *d, uint32_t lane, gboolean odd, QhValue n, QhValue m)
{
    uint32_t width = SIMD_BITS(lane);
    QhValue mask;

    if (lane == QH_LANE_64) {
        return v_2(d, odd ? QH_IR_vzip_hi : QH_IR_vzip_lo, lane, n, m);
    }
    mask = simd_lanes_const(d, lane + 1, UINT64_MAX >> (64 - width));
    return odd ? v_blend(d, mask, simd_shr(d, lane + 1, 0, n, width), m)
               : v_blend(d, mask, n, v_shl(d, lane + 1, m, width));
}

gboolean arm_trans_simd_permute(ArmDis *d, const ArmArgSimdPermute *a)
{
    gboolean second = (d->insn >> 14 & 1u) != 0;
    uint32_t kind = d->insn >> 12 & 3u, lane = a->size;
    QhValue n, m, value;

    if (lane == QH_LANE_64 && a->q == 0) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    n = arm_get_v(d, a->rn);
    m = arm_get_v(d, a->rm);
    switch (kind) {
    case 1: /* UZP1, UZP2 */
        if (a->q == 0) {
            n = m = v_2(d, QH_IR_vzip_lo, QH_LANE_64, n, m);
        }
        value = v_2(d, second ? QH_IR_vunzip_odd : QH_IR_vunzip_even, lane, n, m);
        break;
    case 2:
        value = transpose(d, lane, second, n, m);
        break;
    default: /* ZIP1, ZIP2; of 64 bits both are in what ZIP1 gives of 128 */
        value = v_2(d, second && a->q ? QH_IR_vzip_hi : QH_IR_vzip_lo, lane, n, m);
        if (second && a->q == 0) {
            value = v_ext(d, value, value, 8);
        }
        break;
    }
    simd_put(d, a->q, a->rd, value);
    return TRUE;
}

gboolean arm_trans_simd_ext(ArmDis *d, const ArmArgSimdExt *a)
{
    QhValue n, m;

    if (a->q == 0 && a->imm >= 8) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    n = arm_get_v(d, a->rn);
    m = arm_get_v(d, a->rm);
    if (a->q == 0) {
        n = m = v_2(d, QH_IR_vzip_lo, QH_LANE_64, n, m);
    }
    simd_put(d, a->q, a->rd, a->imm == 0 ? n : v_ext(d, n, m, a->imm));
    return TRUE;
}

/* TBL, TBX: each register of the table gives its bytes and 0 for all other numbers. */
gboolean arm_trans_simd_table(ArmDis *d, const ArmArgSimdTable *a)
{
    QhValue index, value = 0, part, outside;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    index = arm_get_v(d, a->rm);
    for (uint32_t i = 0; i <= a->len; i++) {
        if (i > 0) {
            index = v_2(d, QH_IR_vsub, QH_LANE_8, index, simd_lanes_const(d, QH_LANE_8, 16));
        }
        part = v_2(d, QH_IR_vshuffle, 0, arm_get_v(d, (a->rn + i) & 31u), index);
        value = i == 0 ? part : v_2(d, QH_IR_vor, 0, value, part);
    }
    if (a->x) {
        outside = v_2(d, QH_IR_vcmp_gt, QH_LANE_8, arm_get_v(d, a->rm),
                      simd_lanes_const(d, QH_LANE_8, 16 * a->len + 15));
        value = v_blend(d, outside, arm_get_v(d, a->rd), value);
    }
    simd_put(d, a->q, a->rd, value);
    return TRUE;
}
