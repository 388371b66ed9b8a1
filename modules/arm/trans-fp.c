/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scalar floating point (Arm C7.2). Singles and doubles become IR operations, whose rules for NaNs
 * and tiny results are those of QhTargetOps. Halves, which the IR does not have, and everything
 * while FPCR asks for flushing or default NaNs, go through helpers (fp.h).
 *
 * A comparison leaves NZCV as bits for later blocks; in this one a condition compares once more,
 * which raises no flag that is not raised already.
 */
#include "modules/arm/trans-fp.h"
#include "modules/arm/fp.h"

gboolean arm_fp_exists(const ArmDis *d, uint32_t format)
{
    return format != 2 && (format != ARM_FMT_H || d->cpu->has_fp16);
}

gboolean arm_fp_plain(const ArmDis *d, uint32_t format)
{
    return format != ARM_FMT_H && (d->key & (ARM_KEY_FZ | ARM_KEY_DN)) == 0;
}

uint32_t arm_fp_round(const ArmDis *d)
{
    return arm_fp_rounding((uint32_t)(d->key >> ARM_KEY_RMODE_SHIFT));
}

QhValue arm_fp_get(ArmDis *d, uint32_t format, uint32_t reg)
{
    return format == ARM_FMT_D ? arm_get_f64(d, reg) : arm_get_f32(d, reg);
}

void arm_fp_set(ArmDis *d, uint32_t format, uint32_t reg, QhValue value)
{
    if (format == ARM_FMT_D) {
        arm_set_f64(d, reg, value);
    } else {
        arm_set_f32(d, reg, value);
    }
}

QhValue arm_fp_call(ArmDis *d, uint32_t word, QhValue a, QhValue b, QhValue c)
{
    const QhValue args[] = {arm_const32(d, word), a, b, c};

    return arm_call(d, QH_TYPE_I64, ARM_HELPER_ID(fp_scalar), 4, args);
}

static uint32_t type_of(uint32_t format)
{
    return arm_fp_type(format);
}

/* Moves. */

gboolean arm_trans_fmov_reg(ArmDis *d, const ArmArgFp1 *a)
{
    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (a->ft == ARM_FMT_H) {
        arm_set_v64(d, a->rd, qh_ir_1(d->block, QH_IR_ext16u, QH_TYPE_I64, arm_get_v64(d, a->rn)));
    } else {
        arm_fp_set(d, a->ft, a->rd, arm_fp_get(d, a->ft, a->rn));
    }
    return TRUE;
}

/* Arm J1.3, VFPExpandImm. */
uint64_t arm_fp_expand_imm(uint32_t format, uint32_t imm)
{
    static const struct {
        uint8_t exponent, fraction;
    } bits[] = {
        {8,  23},
        {11, 52},
        {0,  0 },
        {5,  10}
    };
    uint32_t e = bits[format].exponent, f = bits[format].fraction;
    uint64_t sign = imm >> 7, low = imm >> 4 & 3, top = imm >> 6 & 1;
    uint64_t middle = top ? (UINT64_C(1) << (e - 3)) - 1 : 0;
    uint64_t exponent = (top ^ 1) << (e - 1) | middle << 2 | low;

    return (sign << e | exponent) << f | (uint64_t)(imm & 15) << (f - 4);
}

gboolean arm_trans_fmov_imm(ArmDis *d, const ArmArgFpImm *a)
{
    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (arm_fp_access(d)) {
        arm_set_v64(d, a->rd, arm_const(d, arm_fp_expand_imm(a->ft, a->imm)));
    }
    return TRUE;
}

/* FMOV between registers of the same width, and of halves with both. */
static gboolean may_move(const ArmDis *d, const ArmArgFpToX *a)
{
    return a->ft == ARM_FMT_H ? d->cpu->has_fp16 : a->ft == a->sf;
}

gboolean arm_trans_fmov_to_x(ArmDis *d, const ArmArgFpToX *a)
{
    if (!may_move(d, a)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    QhValue bits = arm_get_v64(d, a->rn);
    if (a->ft == ARM_FMT_H) {
        arm_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_ext16u, QH_TYPE_I64, bits));
    } else if (a->sf) {
        arm_set_x(d, a->rd, bits);
    } else {
        arm_set_w(d, a->rd, qh_ir_1(d->block, QH_IR_trunc, QH_TYPE_I32, bits));
    }
    return TRUE;
}

gboolean arm_trans_fmov_from_x(ArmDis *d, const ArmArgFpToX *a)
{
    if (!may_move(d, a)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (a->ft == ARM_FMT_D) {
        arm_set_v64(d, a->rd, arm_get_x(d, a->rn));
    } else {
        uint32_t op = a->ft == ARM_FMT_H ? QH_IR_ext16u : QH_IR_ext32u;
        arm_set_v64(d, a->rd, qh_ir_1(d->block, op, QH_TYPE_I64, arm_get_x(d, a->rn)));
    }
    return TRUE;
}

gboolean arm_trans_fmov_to_high(ArmDis *d, const ArmArgFp2X *a)
{
    if (arm_fp_access(d)) {
        arm_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_high64, QH_TYPE_I64, arm_get_v(d, a->rn)));
    }
    return TRUE;
}

gboolean arm_trans_fmov_from_high(ArmDis *d, const ArmArgFp2X *a)
{
    if (arm_fp_access(d)) {
        arm_set_v(d, a->rd,
                  qh_ir_2(d->block, QH_IR_concat128, QH_TYPE_V128, arm_get_v64(d, a->rd),
                          arm_get_x(d, a->rn)));
    }
    return TRUE;
}

/* Only the sign. */
static gboolean sign_only(ArmDis *d, const ArmArgFp1 *a, uint32_t ir_op, uint32_t bits_op)
{
    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (a->ft == ARM_FMT_H) {
        QhValue bits = qh_ir_1(d->block, QH_IR_ext16u, QH_TYPE_I64, arm_get_v64(d, a->rn));
        arm_set_v64(d, a->rd, qh_ir_2(d->block, bits_op, QH_TYPE_I64, bits, arm_const(d, 0x8000)));
    } else {
        QhValue value = arm_fp_get(d, a->ft, a->rn);
        arm_fp_set(d, a->ft, a->rd, qh_ir_1(d->block, ir_op, type_of(a->ft), value));
    }
    return TRUE;
}

gboolean arm_trans_fabs(ArmDis *d, const ArmArgFp1 *a)
{
    return sign_only(d, a, QH_IR_fabs, QH_IR_andn);
}

gboolean arm_trans_fneg(ArmDis *d, const ArmArgFp1 *a)
{
    return sign_only(d, a, QH_IR_fneg, QH_IR_xor);
}

/* One operand: IR operation @ir_op with @flags, or helper operation @word. */
static gboolean unary(ArmDis *d, const ArmArgFp1 *a, uint32_t ir_op, uint32_t flags, uint32_t word)
{
    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (ir_op != 0 && arm_fp_plain(d, a->ft)) {
        QhValue value = arm_fp_get(d, a->ft, a->rn);
        arm_fp_set(d, a->ft, a->rd, qh_ir(d->block, ir_op, type_of(a->ft), flags, value, 0, 0));
    } else {
        QhValue bits = arm_get_v64(d, a->rn);
        arm_set_v64(d, a->rd, arm_fp_call(d, word | a->ft << 8, bits, bits, bits));
    }
    return TRUE;
}

gboolean arm_trans_fsqrt(ArmDis *d, const ArmArgFp1 *a)
{
    return unary(d, a, QH_IR_fsqrt, arm_fp_round(d), arm_fp_word(ARM_FOP_SQRT, 0));
}

/* @rounding: QH_ROUND_ or that of FPCR. */
static gboolean frint(ArmDis *d, const ArmArgFp1 *a, uint32_t rounding, gboolean inexact)
{
    uint32_t word = ARM_FOP_RINT | rounding << ARM_FW_ROUND_SHIFT | (inexact ? ARM_FW_SIGNED : 0);

    if (rounding == ARM_FW_ROUND_FPCR) {
        rounding = arm_fp_round(d);
    }
    return unary(d, a, QH_IR_fround, rounding | (inexact ? 8 : 0), word);
}

gboolean arm_trans_frintn(ArmDis *d, const ArmArgFp1 *a)
{
    return frint(d, a, QH_ROUND_NEAREST_EVEN, FALSE);
}

gboolean arm_trans_frintp(ArmDis *d, const ArmArgFp1 *a)
{
    return frint(d, a, QH_ROUND_UP, FALSE);
}

gboolean arm_trans_frintm(ArmDis *d, const ArmArgFp1 *a)
{
    return frint(d, a, QH_ROUND_DOWN, FALSE);
}

gboolean arm_trans_frintz(ArmDis *d, const ArmArgFp1 *a)
{
    return frint(d, a, QH_ROUND_ZERO, FALSE);
}

gboolean arm_trans_frinta(ArmDis *d, const ArmArgFp1 *a)
{
    return frint(d, a, QH_ROUND_NEAREST_AWAY, FALSE);
}

gboolean arm_trans_frintx(ArmDis *d, const ArmArgFp1 *a)
{
    return frint(d, a, ARM_FW_ROUND_FPCR, TRUE);
}

gboolean arm_trans_frinti(ArmDis *d, const ArmArgFp1 *a)
{
    return frint(d, a, ARM_FW_ROUND_FPCR, FALSE);
}

/* FEAT_FRINTTS: singles and doubles only. */
static gboolean frint_width(ArmDis *d, const ArmArgFp1 *a, uint32_t op, uint32_t rounding)
{
    return a->ft <= ARM_FMT_D && unary(d, a, 0, 0, op | rounding << ARM_FW_ROUND_SHIFT);
}

gboolean arm_trans_frint32z(ArmDis *d, const ArmArgFp1 *a)
{
    return frint_width(d, a, ARM_FOP_RINT_32, QH_ROUND_ZERO);
}

gboolean arm_trans_frint32x(ArmDis *d, const ArmArgFp1 *a)
{
    return frint_width(d, a, ARM_FOP_RINT_32, ARM_FW_ROUND_FPCR);
}

gboolean arm_trans_frint64z(ArmDis *d, const ArmArgFp1 *a)
{
    return frint_width(d, a, ARM_FOP_RINT_64, QH_ROUND_ZERO);
}

gboolean arm_trans_frint64x(ArmDis *d, const ArmArgFp1 *a)
{
    return frint_width(d, a, ARM_FOP_RINT_64, ARM_FW_ROUND_FPCR);
}

/* Arithmetic. */

static gboolean binary(ArmDis *d, const ArmArgFp2 *a, uint32_t op)
{
    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (arm_fp_plain(d, a->ft)) {
        QhValue left = arm_fp_get(d, a->ft, a->rn), right = arm_fp_get(d, a->ft, a->rm);
        arm_fp_set(d, a->ft, a->rd, arm_fp_ir2(d, a->ft, op, left, right));
    } else {
        QhValue left = arm_get_v64(d, a->rn), right = arm_get_v64(d, a->rm);
        arm_set_v64(d, a->rd, arm_fp_call(d, arm_fp_word(op, a->ft), left, right, left));
    }
    return TRUE;
}

QhValue arm_fp_ir2(ArmDis *d, uint32_t format, uint32_t op, QhValue a, QhValue b)
{
    static const struct {
        uint16_t op;
        uint8_t flags;
    } ops[] = {
        [ARM_FOP_ADD] = {QH_IR_fadd, 0             },
        [ARM_FOP_SUB] = {QH_IR_fsub, 0             },
        [ARM_FOP_MUL] = {QH_IR_fmul, 0             },
        [ARM_FOP_DIV] = {QH_IR_fdiv, 0             },
        [ARM_FOP_MAX] = {QH_IR_fmax, QH_FMINMAX_NAN},
        [ARM_FOP_MIN] = {QH_IR_fmin, QH_FMINMAX_NAN},
        [ARM_FOP_MAXNM] = {QH_IR_fmax, QH_FMINMAX_NUM},
        [ARM_FOP_MINNM] = {QH_IR_fmin, QH_FMINMAX_NUM},
        [ARM_FOP_NMUL] = {QH_IR_fmul, 0             },
    };
    gboolean picks = op >= ARM_FOP_MAX && op <= ARM_FOP_MINNM;
    QhValue result = qh_ir(d->block, ops[op].op, type_of(format),
                           picks ? ops[op].flags : arm_fp_round(d), a, b, 0);

    return op == ARM_FOP_NMUL ? qh_ir_1(d->block, QH_IR_fneg, type_of(format), result) : result;
}

gboolean arm_trans_fadd(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_ADD);
}

gboolean arm_trans_fsub(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_SUB);
}

gboolean arm_trans_fmul(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_MUL);
}

gboolean arm_trans_fdiv(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_DIV);
}

gboolean arm_trans_fmax(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_MAX);
}

gboolean arm_trans_fmin(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_MIN);
}

gboolean arm_trans_fmaxnm(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_MAXNM);
}

gboolean arm_trans_fminnm(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_MINNM);
}

gboolean arm_trans_fnmul(ArmDis *d, const ArmArgFp2 *a)
{
    return binary(d, a, ARM_FOP_NMUL);
}

QhValue arm_fp_ir3(ArmDis *d, uint32_t format, uint32_t op, QhValue a, QhValue b, QhValue addend)
{
    static const uint8_t negations[] = {0, QH_FMA_NEG_PRODUCT,
                                        QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND, QH_FMA_NEG_ADDEND};

    return qh_ir(d->block, QH_IR_ffma, type_of(format),
                 arm_fp_round(d) | negations[op - ARM_FOP_MLA], a, b, addend);
}

static gboolean multiply_add(ArmDis *d, const ArmArgFp3 *a, uint32_t op)
{
    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (arm_fp_plain(d, a->ft)) {
        QhValue left = arm_fp_get(d, a->ft, a->rn), right = arm_fp_get(d, a->ft, a->rm);
        QhValue addend = arm_fp_get(d, a->ft, a->ra);
        arm_fp_set(d, a->ft, a->rd, arm_fp_ir3(d, a->ft, op, left, right, addend));
    } else {
        QhValue left = arm_get_v64(d, a->rn), right = arm_get_v64(d, a->rm);
        QhValue addend = arm_get_v64(d, a->ra);
        arm_set_v64(d, a->rd, arm_fp_call(d, arm_fp_word(op, a->ft), left, right, addend));
    }
    return TRUE;
}

gboolean arm_trans_fmadd(ArmDis *d, const ArmArgFp3 *a)
{
    return multiply_add(d, a, ARM_FOP_MLA);
}

gboolean arm_trans_fmsub(ArmDis *d, const ArmArgFp3 *a)
{
    return multiply_add(d, a, ARM_FOP_MLS);
}

gboolean arm_trans_fnmadd(ArmDis *d, const ArmArgFp3 *a)
{
    return multiply_add(d, a, ARM_FOP_NMLA);
}

gboolean arm_trans_fnmsub(ArmDis *d, const ArmArgFp3 *a)
{
    return multiply_add(d, a, ARM_FOP_NMLS);
}

/* Comparison and choice. */

/* Registers @n and @m, or zero for @m = ARM_FP_ZERO, as the operands of a comparison. */
#define ARM_FP_ZERO 32u

static void compare(ArmDis *d, uint32_t ft, uint32_t n, uint32_t m, gboolean signaling)
{
    if (ft != ARM_FMT_H && !(d->key & ARM_KEY_FZ)) {
        QhValue left = arm_fp_get(d, ft, n);
        QhValue right =
            m == ARM_FP_ZERO ? qh_ir_const(d->block, type_of(ft), 0) : arm_fp_get(d, ft, m);
        arm_set_fp_flags(d, type_of(ft), left, right, signaling);
    } else {
        uint32_t word = arm_fp_word(ARM_FOP_COMPARE, ft) | (signaling ? ARM_FW_SIGNED : 0) |
                        (m == ARM_FP_ZERO ? ARM_FW_ZERO : 0);
        QhValue left = arm_get_v64(d, n);
        QhValue right = m == ARM_FP_ZERO ? left : arm_get_v64(d, m);
        arm_put_nzcv(d, arm_fp_call(d, word, left, right, left));
    }
}

static gboolean
compare_insn(ArmDis *d, const ArmArgFpCmp *a, gboolean with_zero, gboolean signaling)
{
    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (arm_fp_access(d)) {
        compare(d, a->ft, a->rn, with_zero ? ARM_FP_ZERO : a->rm, signaling);
    }
    return TRUE;
}

gboolean arm_trans_fcmp(ArmDis *d, const ArmArgFpCmp *a)
{
    return compare_insn(d, a, FALSE, FALSE);
}

gboolean arm_trans_fcmp_zero(ArmDis *d, const ArmArgFpCmp *a)
{
    return compare_insn(d, a, TRUE, FALSE);
}

gboolean arm_trans_fcmpe(ArmDis *d, const ArmArgFpCmp *a)
{
    return compare_insn(d, a, FALSE, TRUE);
}

gboolean arm_trans_fcmpe_zero(ArmDis *d, const ArmArgFpCmp *a)
{
    return compare_insn(d, a, TRUE, TRUE);
}

/* Where the condition fails zeros are compared, which raises nothing, and the result is dropped. */
static gboolean compare_if(ArmDis *d, const ArmArgFpCcmp *a, gboolean signaling)
{
    QhBlock *block = d->block;
    QhValue chosen, left, right, nzcv;

    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    chosen = arm_condition(d, a->cond);
    left = qh_ir_select(block, QH_TYPE_I64, chosen, arm_get_v64(d, a->rn), arm_const(d, 0));
    right = qh_ir_select(block, QH_TYPE_I64, chosen, arm_get_v64(d, a->rm), arm_const(d, 0));
    if (a->ft != ARM_FMT_H && !(d->key & ARM_KEY_FZ)) {
        if (a->ft == ARM_FMT_S) {
            left = qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, left);
            right = qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, right);
        }
        left = qh_ir_1(block, QH_IR_bits2f, type_of(a->ft), left);
        right = qh_ir_1(block, QH_IR_bits2f, type_of(a->ft), right);
        nzcv = qh_ir(block, QH_IR_fcmp_bits, QH_TYPE_I64, signaling ? QH_FCMP_SIGNALING : 0, left,
                     right, 0);
    } else {
        uint32_t word = arm_fp_word(ARM_FOP_COMPARE, a->ft) | (signaling ? ARM_FW_SIGNED : 0);
        nzcv = arm_fp_call(d, word, left, right, left);
    }
    arm_put_nzcv(d, qh_ir_select(block, QH_TYPE_I64, chosen, nzcv, arm_const(d, a->nzcv)));
    return TRUE;
}

gboolean arm_trans_fccmp(ArmDis *d, const ArmArgFpCcmp *a)
{
    return compare_if(d, a, FALSE);
}

gboolean arm_trans_fccmpe(ArmDis *d, const ArmArgFpCcmp *a)
{
    return compare_if(d, a, TRUE);
}

gboolean arm_trans_fcsel(ArmDis *d, const ArmArgFpSel *a)
{
    QhValue chosen, value;

    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    chosen = arm_condition(d, a->cond);
    if (a->ft == ARM_FMT_H) {
        value = qh_ir_select(d->block, QH_TYPE_I64, chosen, arm_get_v64(d, a->rn),
                             arm_get_v64(d, a->rm));
        arm_set_v64(d, a->rd, qh_ir_1(d->block, QH_IR_ext16u, QH_TYPE_I64, value));
    } else {
        arm_fp_set(d, a->ft, a->rd,
                   qh_ir_select(d->block, type_of(a->ft), chosen, arm_fp_get(d, a->ft, a->rn),
                                arm_fp_get(d, a->ft, a->rm)));
    }
    return TRUE;
}
