/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rest of vector floating point (Arm C7.2): one element with all lanes, results wider or
 * narrower than the operands, complex numbers, bfloat16, constants.
 */
#include "modules/arm/fp.h"
#include "modules/arm/trans-fp.h"

#define SCALAR 2u

static void call(ArmDis *d, uint32_t helper, uint32_t word, uint32_t regs)
{
    const QhValue args[] = {arm_const32(d, word), arm_const32(d, regs)};

    arm_call(d, QH_TYPE_NONE, helper, 2, args);
    arm_forget(d);
}

static void call1(ArmDis *d, uint32_t helper, uint32_t regs)
{
    const QhValue arg = arm_const32(d, regs);

    arm_call(d, QH_TYPE_NONE, helper, 1, &arg);
    arm_forget(d);
}

static uint32_t q_bit(uint32_t q)
{
    return q == 1 ? ARM_FR_Q : 0;
}

/* --- By element --- */

/* The element's register and index, C4.1.96.20: halves have four bits for the register. */
static gboolean element(const ArmArgFvElt *a, uint32_t *ret_reg, uint32_t *ret_index)
{
    switch (a->z) {
    case 0:
        *ret_reg = a->rm;
        *ret_index = a->h << 1 | a->l;
        return TRUE;
    case 1:
        *ret_reg = a->rm;
        *ret_index = a->h;
        return a->l == 0 && a->q != 0;
    default:
        *ret_reg = a->rm & 15;
        *ret_index = a->h << 2 | a->l << 1 | a->rm >> 4;
        return TRUE;
    }
}

/* The scalar forms of singles and doubles. */
static void
scalar_by_element(ArmDis *d, const ArmArgFvElt *a, uint32_t op, uint32_t reg, uint32_t index)
{
    QhBlock *block = d->block;
    uint32_t lane = a->z == 1 ? QH_LANE_64 : QH_LANE_32;
    QhValue left = arm_fp_get(d, a->z, a->rn);
    QhValue right = qh_ir(block, QH_IR_vextract, QH_TYPE_I64, lane, arm_get_v(d, reg), index, 0);

    if (a->z == 0) {
        right = qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, right);
    }
    right = qh_ir_1(block, QH_IR_bits2f, arm_fp_type(a->z), right);
    arm_fp_set(d, a->z, a->rd,
               op == ARM_FOP_MUL
                   ? arm_fp_ir2(d, a->z, op, left, right)
                   : arm_fp_ir3(d, a->z, op, left, right, arm_fp_get(d, a->z, a->rd)));
}

/* The vector forms; half a vector has zeros above it, which may come out negative. */
static void
vector_by_element(ArmDis *d, const ArmArgFvElt *a, uint32_t op, uint32_t reg, uint32_t index)
{
    QhBlock *block = d->block;
    uint32_t lane = a->z == 1 ? QH_LANE_64 : QH_LANE_32;
    uint32_t flags = lane | QH_VF_ROUND(arm_fp_round(d));
    QhValue n = arm_get_v(d, a->rn), addend = op == ARM_FOP_MUL ? 0 : arm_get_v(d, a->rd), result;
    QhValue m = qh_ir(block, QH_IR_vdup_lane, QH_TYPE_V128, lane, arm_get_v(d, reg), index, 0);

    if (!a->q) {
        n = qh_ir_1(block, QH_IR_vlow, QH_TYPE_V128, n);
        m = qh_ir_1(block, QH_IR_vlow, QH_TYPE_V128, m);
        addend = addend ? qh_ir_1(block, QH_IR_vlow, QH_TYPE_V128, addend) : 0;
    }
    if (op == ARM_FOP_MUL) {
        result = qh_ir(block, QH_IR_vfmul, QH_TYPE_V128, flags, n, m, 0);
    } else {
        result = qh_ir(block, QH_IR_vffma, QH_TYPE_V128, flags | QH_VF_OTHER(op == ARM_FOP_MLS), n,
                       m, addend);
    }
    if (!a->q && arm_fp_round(d) == QH_ROUND_DOWN) {
        result = qh_ir_1(block, QH_IR_vlow, QH_TYPE_V128, result);
    }
    arm_set_v(d, a->rd, result);
}

static gboolean by_element(ArmDis *d, const ArmArgFvElt *a, uint32_t op)
{
    uint32_t reg, index, format = a->z == 2 ? ARM_FMT_H : a->z;
    uint32_t shape = a->q == SCALAR ? ARM_SHAPE_SCALAR_ELEMENT : ARM_SHAPE_ELEMENT;

    if (!element(a, &reg, &index)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (op != ARM_FOP_MULX && arm_fp_plain(d, format)) {
        if (a->q == SCALAR) {
            scalar_by_element(d, a, op, reg, index);
        } else {
            vector_by_element(d, a, op, reg, index);
        }
    } else {
        call(d, ARM_HELPER_ID(fp_vector), arm_fp_word(op, format) | shape << ARM_FW_SHAPE_SHIFT,
             arm_fp_regs(a->rd, a->rn, reg) | index << ARM_FR_INDEX_SHIFT | q_bit(a->q));
    }
    return TRUE;
}

gboolean arm_trans_fmla_e(ArmDis *d, const ArmArgFvElt *a)
{
    return by_element(d, a, ARM_FOP_MLA);
}

gboolean arm_trans_fmls_e(ArmDis *d, const ArmArgFvElt *a)
{
    return by_element(d, a, ARM_FOP_MLS);
}

gboolean arm_trans_fmul_e(ArmDis *d, const ArmArgFvElt *a)
{
    return by_element(d, a, ARM_FOP_MUL);
}

gboolean arm_trans_fmulx_e(ArmDis *d, const ArmArgFvElt *a)
{
    return by_element(d, a, ARM_FOP_MULX);
}

/* --- Wider and narrower --- */

/* Singles to doubles, from the half that Q says. */
static void lengthen(ArmDis *d, const ArmArgFv1 *a)
{
    QhValue n = arm_get_v(d, a->rn);

    if (a->q) {
        n = qh_ir(d->block, QH_IR_vext, QH_TYPE_V128, 0, n, n, 8);
    }
    arm_set_v(d, a->rd, qh_ir(d->block, QH_IR_vfwiden, QH_TYPE_V128, QH_LANE_32, n, 0, 0));
}

/* Doubles to singles, into the half that Q says. */
static void shorten(ArmDis *d, const ArmArgFv1 *a)
{
    QhValue result = qh_ir(d->block, QH_IR_vfnarrow, QH_TYPE_V128,
                           QH_LANE_64 | QH_VF_ROUND(arm_fp_round(d)), arm_get_v(d, a->rn), 0, 0);

    if (a->q) {
        result = qh_ir(d->block, QH_IR_vzip_lo, QH_TYPE_V128, QH_LANE_64, arm_get_v(d, a->rd),
                       result, 0);
    }
    arm_set_v(d, a->rd, result);
}

static gboolean convert(ArmDis *d, const ArmArgFv1 *a, uint32_t from, uint32_t to)
{
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (arm_fp_plain(d, ARM_FMT_S) && from == ARM_FMT_S && to == ARM_FMT_D) {
        lengthen(d, a);
    } else if (arm_fp_plain(d, ARM_FMT_S) && from == ARM_FMT_D && to == ARM_FMT_S) {
        shorten(d, a);
    } else {
        call(d, ARM_HELPER_ID(fp_long), from | to << 8,
             arm_fp_regs(a->rd, a->rn, 0) | (a->q == 1 ? ARM_FR_UPPER : 0));
    }
    return TRUE;
}

gboolean arm_trans_fcvtl(ArmDis *d, const ArmArgFv1 *a)
{
    return a->z ? convert(d, a, ARM_FMT_S, ARM_FMT_D) : convert(d, a, ARM_FMT_H, ARM_FMT_S);
}

gboolean arm_trans_fcvtn(ArmDis *d, const ArmArgFv1 *a)
{
    return a->z ? convert(d, a, ARM_FMT_D, ARM_FMT_S) : convert(d, a, ARM_FMT_S, ARM_FMT_H);
}

gboolean arm_trans_fcvtxn(ArmDis *d, const ArmArgFv1 *a)
{
    return a->z == 1 && convert(d, a, ARM_FMT_D, ARM_FMT_ODD);
}

gboolean arm_trans_bfcvtn(ArmDis *d, const ArmArgFv1 *a)
{
    return convert(d, a, ARM_FMT_S, ARM_FMT_BF);
}

gboolean arm_trans_fcvtxn_s(ArmDis *d, const ArmArgFv1 *a)
{
    if (a->z != 1) {
        return FALSE;
    }
    if (arm_fp_access(d)) {
        const QhValue args[] = {arm_const32(d, ARM_FMT_D | ARM_FMT_ODD << 8),
                                arm_get_v64(d, a->rn)};
        arm_set_v64(d, a->rd, arm_call(d, QH_TYPE_I64, ARM_HELPER_ID(fp_convert), 2, args));
    }
    return TRUE;
}

static gboolean multiply_long(ArmDis *d, const ArmArgFv2 *a, uint32_t bits)
{
    if (arm_fp_access(d)) {
        call1(d, ARM_HELPER_ID(fp_mlal), arm_fp_regs(a->rd, a->rn, a->rm) | q_bit(a->q) | bits);
    }
    return TRUE;
}

static gboolean multiply_long_element(ArmDis *d, const ArmArgFvElt *a, uint32_t bits)
{
    ArmArgFv2 plain = {.q = a->q, .rd = a->rd, .rn = a->rn};
    uint32_t index;

    element(a, &plain.rm, &index);
    return multiply_long(d, &plain, bits | ARM_FR_BY_ELEMENT | index << ARM_FR_INDEX_SHIFT);
}

gboolean arm_trans_fmlal_v(ArmDis *d, const ArmArgFv2 *a)
{
    return multiply_long(d, a, 0);
}

gboolean arm_trans_fmlal_e(ArmDis *d, const ArmArgFvElt *a)
{
    return multiply_long_element(d, a, 0);
}

gboolean arm_trans_fmlsl_v(ArmDis *d, const ArmArgFv2 *a)
{
    return multiply_long(d, a, ARM_FR_SUBTRACT);
}

gboolean arm_trans_fmlsl_e(ArmDis *d, const ArmArgFvElt *a)
{
    return multiply_long_element(d, a, ARM_FR_SUBTRACT);
}

gboolean arm_trans_fmlal2_v(ArmDis *d, const ArmArgFv2 *a)
{
    return multiply_long(d, a, ARM_FR_UPPER);
}

gboolean arm_trans_fmlal2_e(ArmDis *d, const ArmArgFvElt *a)
{
    return multiply_long_element(d, a, ARM_FR_UPPER);
}

gboolean arm_trans_fmlsl2_v(ArmDis *d, const ArmArgFv2 *a)
{
    return multiply_long(d, a, ARM_FR_UPPER | ARM_FR_SUBTRACT);
}

gboolean arm_trans_fmlsl2_e(ArmDis *d, const ArmArgFvElt *a)
{
    return multiply_long_element(d, a, ARM_FR_UPPER | ARM_FR_SUBTRACT);
}

/* --- Complex numbers --- */

/* The field `size`: 1 halves, 2 singles, 3 doubles. */
static gboolean complex_format(const ArmDis *d, uint32_t q, uint32_t size, uint32_t *ret_format)
{
    static const uint8_t formats[] = {0, ARM_FMT_H, ARM_FMT_S, ARM_FMT_D};

    *ret_format = formats[size];
    return size != 0 && (size != 3 || q == 1) && (size != 1 || d->cpu->has_fp16);
}

static gboolean complex_lanes(ArmDis *d, const ArmArgFvComplex *a, uint32_t helper, uint32_t op)
{
    uint32_t format;

    if (!complex_format(d, a->q, a->z, &format)) {
        return FALSE;
    }
    if (arm_fp_access(d)) {
        call(d, helper, arm_fp_word(op, format),
             arm_fp_regs(a->rd, a->rn, a->rm) | q_bit(a->q) | a->rot << ARM_FR_ROT_SHIFT);
    }
    return TRUE;
}

gboolean arm_trans_fcmla_v(ArmDis *d, const ArmArgFvComplex *a)
{
    return complex_lanes(d, a, ARM_HELPER_ID(fp_cmla), ARM_FOP_MLA);
}

gboolean arm_trans_fcadd_v(ArmDis *d, const ArmArgFvComplex *a)
{
    return complex_lanes(d, a, ARM_HELPER_ID(fp_cadd), ARM_FOP_ADD);
}

gboolean arm_trans_fcmla_e(ArmDis *d, const ArmArgFvComplexElt *a)
{
    uint32_t format, index = a->z == 1 ? a->h << 1 | a->l : a->h;

    if (a->z == 3 || !complex_format(d, a->q, a->z, &format) || (a->z == 1 && a->q == 0 && a->h) ||
        (a->z == 2 && (a->l || a->q == 0))) {
        return FALSE;
    }
    if (arm_fp_access(d)) {
        call(d, ARM_HELPER_ID(fp_cmla), arm_fp_word(ARM_FOP_MLA, format),
             arm_fp_regs(a->rd, a->rn, a->rm) | q_bit(a->q) | a->rot << ARM_FR_ROT_SHIFT |
                 index << ARM_FR_INDEX_SHIFT | ARM_FR_BY_ELEMENT);
    }
    return TRUE;
}

/* --- bfloat16 --- */

static gboolean bfloat(ArmDis *d, uint32_t helper, uint32_t regs)
{
    if (arm_fp_access(d)) {
        call1(d, helper, regs);
    }
    return TRUE;
}

gboolean arm_trans_bfdot_v(ArmDis *d, const ArmArgFv2 *a)
{
    return bfloat(d, ARM_HELPER_ID(bf_dot), arm_fp_regs(a->rd, a->rn, a->rm) | q_bit(a->q));
}

gboolean arm_trans_bfdot_e(ArmDis *d, const ArmArgFvElt *a)
{
    uint32_t index = a->h << 1 | a->l;

    return bfloat(d, ARM_HELPER_ID(bf_dot),
                  arm_fp_regs(a->rd, a->rn, a->rm) | q_bit(a->q) | ARM_FR_BY_ELEMENT |
                      index << ARM_FR_INDEX_SHIFT);
}

gboolean arm_trans_bfmmla(ArmDis *d, const ArmArgFv2 *a)
{
    return bfloat(d, ARM_HELPER_ID(bf_mmla), arm_fp_regs(a->rd, a->rn, a->rm));
}

/* Q says which of each pair: BFMLALT has the odd ones. */
gboolean arm_trans_bfmlal_v(ArmDis *d, const ArmArgFv2 *a)
{
    return bfloat(d, ARM_HELPER_ID(bf_mlal),
                  arm_fp_regs(a->rd, a->rn, a->rm) | (a->q ? ARM_FR_UPPER : 0));
}

gboolean arm_trans_bfmlal_e(ArmDis *d, const ArmArgFvElt *a)
{
    uint32_t reg, index;

    element(a, &reg, &index);
    return bfloat(d, ARM_HELPER_ID(bf_mlal),
                  arm_fp_regs(a->rd, a->rn, reg) | (a->q ? ARM_FR_UPPER : 0) | ARM_FR_BY_ELEMENT |
                      index << ARM_FR_INDEX_SHIFT);
}

/* --- Constants --- */

static gboolean constant(ArmDis *d, const ArmArgFvImm *a, uint32_t format)
{
    uint32_t width = arm_fp_bytes(format) * 8;
    uint64_t value = arm_fp_expand_imm(format, a->imm);

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    for (uint32_t bits = width; bits < 64; bits *= 2) {
        value |= value << bits;
    }
    if (a->q) {
        arm_set_v(d, a->rd, qh_ir_const(d->block, QH_TYPE_V128, value));
    } else {
        arm_set_v64(d, a->rd, arm_const(d, value));
    }
    return TRUE;
}

gboolean arm_trans_fmov_v(ArmDis *d, const ArmArgFvImm *a)
{
    return constant(d, a, ARM_FMT_S);
}

gboolean arm_trans_fmov_vd(ArmDis *d, const ArmArgFvImm *a)
{
    return constant(d, a, ARM_FMT_D);
}

gboolean arm_trans_fmov_vh(ArmDis *d, const ArmArgFvImm *a)
{
    return constant(d, a, ARM_FMT_H);
}
