/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector floating point (Arm C7.2), lane by lane. What the IR has vector operations for becomes one
 * while FPCR asks neither for flushing nor for default NaNs; the rest goes through helpers that
 * work on registers by number (fp.h).
 */
#include "modules/arm/fp.h"
#include "modules/arm/trans-fp.h"

/* Fields of the rows: q is 2 for a scalar; z is 0 for singles, 1 for doubles, 2 for halves. */
#define SCALAR 2u

static uint32_t format_of(uint32_t z)
{
    return z == 2 ? ARM_FMT_H : z;
}

static gboolean exists(uint32_t q, uint32_t z)
{
    return q != 0 || z != 1;
}

static void call(ArmDis *d, uint32_t helper, uint32_t word, uint32_t regs)
{
    const QhValue args[] = {arm_const32(d, word), arm_const32(d, regs)};

    arm_call(d, QH_TYPE_NONE, helper, 2, args);
    arm_forget(d);
}

static uint32_t q_bit(uint32_t q)
{
    return q == 1 ? ARM_FR_Q : 0;
}

/* All lanes of @rd from those of @rn, @rm and @rd, by helper operation @word but for its format. */
static gboolean lanes(ArmDis *d, const ArmArgFv2 *a, uint32_t word)
{
    if (!exists(a->q, a->z)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    word |= format_of(a->z) << 8;
    if (a->q == SCALAR) {
        QhValue n = arm_get_v64(d, a->rn), m = arm_get_v64(d, a->rm), c = arm_get_v64(d, a->rd);
        arm_set_v64(d, a->rd, arm_fp_call(d, word, n, m, c));
    } else {
        call(d, ARM_HELPER_ID(fp_vector), word, arm_fp_regs(a->rd, a->rn, a->rm) | q_bit(a->q));
    }
    return TRUE;
}

static gboolean lanes1(ArmDis *d, const ArmArgFv1 *a, uint32_t word)
{
    const ArmArgFv2 both = {.q = a->q, .z = a->z, .rd = a->rd, .rn = a->rn, .rm = a->rn};

    return lanes(d, &both, word);
}

/* --- Two operands --- */

gboolean arm_trans_fadd_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_ADD, 0));
}

gboolean arm_trans_fsub_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_SUB, 0));
}

gboolean arm_trans_fmul_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MUL, 0));
}

gboolean arm_trans_fdiv_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_DIV, 0));
}

gboolean arm_trans_fmax_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MAX, 0));
}

gboolean arm_trans_fmin_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MIN, 0));
}

gboolean arm_trans_fmaxnm_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MAXNM, 0));
}

gboolean arm_trans_fminnm_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MINNM, 0));
}

gboolean arm_trans_fmulx_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MULX, 0));
}

gboolean arm_trans_fabd_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_ABD, 0));
}

gboolean arm_trans_frecps_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_RECPS, 0));
}

gboolean arm_trans_frsqrts_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_RSQRTS, 0));
}

gboolean arm_trans_fcmeq_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_CMEQ, 0));
}

gboolean arm_trans_fcmge_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_CMGE, 0));
}

gboolean arm_trans_fcmgt_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_CMGT, 0));
}

gboolean arm_trans_facge_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_ACGE, 0));
}

gboolean arm_trans_facgt_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_ACGT, 0));
}

gboolean arm_trans_fmla_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MLA, 0));
}

gboolean arm_trans_fmls_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MLS, 0));
}

/* --- Neighbours --- */

#define PAIRS  (ARM_SHAPE_PAIRS << ARM_FW_SHAPE_SHIFT)
#define PAIR   (ARM_SHAPE_PAIR << ARM_FW_SHAPE_SHIFT)
#define ACROSS (ARM_SHAPE_ACROSS << ARM_FW_SHAPE_SHIFT)

/* One element from all or two of @rn. */
static gboolean reduce(ArmDis *d, const ArmArgFv1 *a, uint32_t op, uint32_t shape)
{
    if (arm_fp_access(d)) {
        call(d, ARM_HELPER_ID(fp_vector), arm_fp_word(op, format_of(a->z)) | shape,
             arm_fp_regs(a->rd, a->rn, a->rn) | q_bit(a->q));
    }
    return TRUE;
}

gboolean arm_trans_faddp_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_ADD, 0) | PAIRS);
}

gboolean arm_trans_fmaxp_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MAX, 0) | PAIRS);
}

gboolean arm_trans_fminp_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MIN, 0) | PAIRS);
}

gboolean arm_trans_fmaxnmp_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MAXNM, 0) | PAIRS);
}

gboolean arm_trans_fminnmp_v(ArmDis *d, const ArmArgFv2 *a)
{
    return lanes(d, a, arm_fp_word(ARM_FOP_MINNM, 0) | PAIRS);
}

gboolean arm_trans_faddp_p(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_ADD, PAIR);
}

gboolean arm_trans_fmaxp_p(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_MAX, PAIR);
}

gboolean arm_trans_fminp_p(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_MIN, PAIR);
}

gboolean arm_trans_fmaxnmp_p(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_MAXNM, PAIR);
}

gboolean arm_trans_fminnmp_p(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_MINNM, PAIR);
}

gboolean arm_trans_fmaxv(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_MAX, ACROSS);
}

gboolean arm_trans_fminv(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_MIN, ACROSS);
}

gboolean arm_trans_fmaxnmv(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_MAXNM, ACROSS);
}

gboolean arm_trans_fminnmv(ArmDis *d, const ArmArgFv1 *a)
{
    return reduce(d, a, ARM_FOP_MINNM, ACROSS);
}

/* --- One operand --- */

gboolean arm_trans_fcmgt_v0(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_CMGT, 0) | ARM_FW_ZERO);
}

gboolean arm_trans_fcmge_v0(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_CMGE, 0) | ARM_FW_ZERO);
}

gboolean arm_trans_fcmeq_v0(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_CMEQ, 0) | ARM_FW_ZERO);
}

gboolean arm_trans_fcmle_v0(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_CMLE, 0) | ARM_FW_ZERO);
}

gboolean arm_trans_fcmlt_v0(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_CMLT, 0) | ARM_FW_ZERO);
}

gboolean arm_trans_fsqrt_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_SQRT, 0));
}

gboolean arm_trans_frecpe_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_RECPE, 0));
}

gboolean arm_trans_frsqrte_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_RSQRTE, 0));
}

gboolean arm_trans_frecpx(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_RECPX, 0));
}

gboolean arm_trans_urecpe(ArmDis *d, const ArmArgFv1 *a)
{
    return a->z == 0 && lanes1(d, a, arm_fp_word(ARM_FOP_URECPE, 0));
}

gboolean arm_trans_ursqrte(ArmDis *d, const ArmArgFv1 *a)
{
    return a->z == 0 && lanes1(d, a, arm_fp_word(ARM_FOP_URSQRTE, 0));
}

/* The signs of all lanes, turned or taken away. */
static gboolean signs(ArmDis *d, const ArmArgFv1 *a, uint32_t ir_op)
{
    static const uint64_t masks[] = {UINT64_C(0x8000000080000000), UINT64_C(1) << 63,
                                     UINT64_C(0x8000800080008000)};
    QhBlock *block = d->block;

    if (!exists(a->q, a->z)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (a->q == 0) {
        QhValue value = qh_ir_2(block, ir_op == QH_IR_vxor ? QH_IR_xor : QH_IR_andn, QH_TYPE_I64,
                                arm_get_v64(d, a->rn), arm_const(d, masks[a->z]));
        arm_set_v64(d, a->rd, value);
    } else {
        QhValue mask = qh_ir_const(block, QH_TYPE_V128, masks[a->z]);
        arm_set_v(d, a->rd, qh_ir_2(block, ir_op, QH_TYPE_V128, arm_get_v(d, a->rn), mask));
    }
    return TRUE;
}

gboolean arm_trans_fabs_v(ArmDis *d, const ArmArgFv1 *a)
{
    return signs(d, a, QH_IR_vandn);
}

gboolean arm_trans_fneg_v(ArmDis *d, const ArmArgFv1 *a)
{
    return signs(d, a, QH_IR_vxor);
}

static gboolean round_lanes(ArmDis *d, const ArmArgFv1 *a, uint32_t rounding, gboolean inexact)
{
    return lanes1(d, a,
                  ARM_FOP_RINT | rounding << ARM_FW_ROUND_SHIFT | (inexact ? ARM_FW_SIGNED : 0));
}

gboolean arm_trans_frintn_v(ArmDis *d, const ArmArgFv1 *a)
{
    return round_lanes(d, a, QH_ROUND_NEAREST_EVEN, FALSE);
}

gboolean arm_trans_frintp_v(ArmDis *d, const ArmArgFv1 *a)
{
    return round_lanes(d, a, QH_ROUND_UP, FALSE);
}

gboolean arm_trans_frintm_v(ArmDis *d, const ArmArgFv1 *a)
{
    return round_lanes(d, a, QH_ROUND_DOWN, FALSE);
}

gboolean arm_trans_frintz_v(ArmDis *d, const ArmArgFv1 *a)
{
    return round_lanes(d, a, QH_ROUND_ZERO, FALSE);
}

gboolean arm_trans_frinta_v(ArmDis *d, const ArmArgFv1 *a)
{
    return round_lanes(d, a, QH_ROUND_NEAREST_AWAY, FALSE);
}

gboolean arm_trans_frintx_v(ArmDis *d, const ArmArgFv1 *a)
{
    return round_lanes(d, a, ARM_FW_ROUND_FPCR, TRUE);
}

gboolean arm_trans_frinti_v(ArmDis *d, const ArmArgFv1 *a)
{
    return round_lanes(d, a, ARM_FW_ROUND_FPCR, FALSE);
}

gboolean arm_trans_frint32z_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, ARM_FOP_RINT_32 | QH_ROUND_ZERO << ARM_FW_ROUND_SHIFT);
}

gboolean arm_trans_frint32x_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, ARM_FOP_RINT_32 | ARM_FW_ROUND_FPCR << ARM_FW_ROUND_SHIFT);
}

gboolean arm_trans_frint64z_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, ARM_FOP_RINT_64 | QH_ROUND_ZERO << ARM_FW_ROUND_SHIFT);
}

gboolean arm_trans_frint64x_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, ARM_FOP_RINT_64 | ARM_FW_ROUND_FPCR << ARM_FW_ROUND_SHIFT);
}

/* --- Integers and fixed point as wide as the lanes --- */

static gboolean lanes_to_int(ArmDis *d, const ArmArgFv1 *a, uint32_t rounding, gboolean is_signed)
{
    return lanes1(
        d, a, ARM_FOP_TO_INT | rounding << ARM_FW_ROUND_SHIFT | (is_signed ? ARM_FW_SIGNED : 0));
}

gboolean arm_trans_fcvtns_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_NEAREST_EVEN, TRUE);
}

gboolean arm_trans_fcvtnu_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_NEAREST_EVEN, FALSE);
}

gboolean arm_trans_fcvtas_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_NEAREST_AWAY, TRUE);
}

gboolean arm_trans_fcvtau_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_NEAREST_AWAY, FALSE);
}

gboolean arm_trans_fcvtps_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_UP, TRUE);
}

gboolean arm_trans_fcvtpu_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_UP, FALSE);
}

gboolean arm_trans_fcvtms_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_DOWN, TRUE);
}

gboolean arm_trans_fcvtmu_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_DOWN, FALSE);
}

gboolean arm_trans_fcvtzs_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_ZERO, TRUE);
}

gboolean arm_trans_fcvtzu_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes_to_int(d, a, QH_ROUND_ZERO, FALSE);
}

gboolean arm_trans_scvtf_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_FROM_INT, 0) | ARM_FW_SIGNED);
}

gboolean arm_trans_ucvtf_v(ArmDis *d, const ArmArgFv1 *a)
{
    return lanes1(d, a, arm_fp_word(ARM_FOP_FROM_INT, 0));
}

static gboolean fixed(ArmDis *d, const ArmArgFvFixH *a, uint32_t word)
{
    static const uint8_t widths[] = {32, 64, 16};
    const ArmArgFv1 plain = {.q = a->q, .z = a->z, .rd = a->rd, .rn = a->rn};

    return lanes1(d, &plain, word | (widths[a->z] - a->imm) << ARM_FW_FBITS_SHIFT);
}

gboolean arm_trans_scvtf_fixed(ArmDis *d, const ArmArgFvFixH *a)
{
    return fixed(d, a, arm_fp_word(ARM_FOP_FROM_INT, 0) | ARM_FW_SIGNED);
}

gboolean arm_trans_ucvtf_fixed(ArmDis *d, const ArmArgFvFixH *a)
{
    return fixed(d, a, arm_fp_word(ARM_FOP_FROM_INT, 0));
}

#define TO_FIXED (ARM_FOP_TO_INT | QH_ROUND_ZERO << ARM_FW_ROUND_SHIFT)

gboolean arm_trans_fcvtzs_fixed(ArmDis *d, const ArmArgFvFixH *a)
{
    return fixed(d, a, TO_FIXED | ARM_FW_SIGNED);
}

gboolean arm_trans_fcvtzu_fixed(ArmDis *d, const ArmArgFvFixH *a)
{
    return fixed(d, a, TO_FIXED);
}
