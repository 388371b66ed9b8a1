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

/* By z. */
static const uint64_t sign_masks[] = {UINT64_C(0x8000000080000000), UINT64_C(1) << 63,
                                      UINT64_C(0x8000800080008000)};

static gboolean lanes1(ArmDis *d, const ArmArgFv1 *a, uint32_t word);

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

static uint32_t lane_of(uint32_t z)
{
    return z == 1 ? QH_LANE_64 : QH_LANE_32;
}

/* Whether an IR operation does it: its flags for the rounding of FPCR, or that of @word. */
static gboolean plain(const ArmDis *d, uint32_t q, uint32_t z, uint32_t word, uint32_t *ret_flags)
{
    uint32_t rounding = word >> ARM_FW_ROUND_SHIFT & 7;

    *ret_flags =
        lane_of(z) | QH_VF_ROUND(rounding == ARM_FW_ROUND_FPCR ? arm_fp_round(d) : rounding);
    return q != SCALAR && arm_fp_plain(d, format_of(z));
}

/* The upper half of what is not there is zero, as operand and as result. */
static QhValue narrow(ArmDis *d, uint32_t q, QhValue value)
{
    return q ? value : qh_ir_1(d->block, QH_IR_vlow, QH_TYPE_V128, value);
}

static QhValue get(ArmDis *d, uint32_t q, uint32_t reg)
{
    return narrow(d, q, arm_get_v(d, reg));
}

/* Rounding down, zeros have the difference -0, in the half that is not there, too. */
static void set(ArmDis *d, uint32_t q, uint32_t reg, QhValue value, uint32_t flags)
{
    gboolean clean = (flags & QH_VF_ROUND(7)) == QH_VF_ROUND(QH_ROUND_DOWN);

    arm_set_v(d, reg, clean ? narrow(d, q, value) : value);
}

/* An operation of two operands in the IR; FALSE: there is none. */
static gboolean lanes_ir2(ArmDis *d, const ArmArgFv2 *a, uint32_t op, uint32_t flags)
{
    static const struct {
        uint16_t op;
        uint8_t other;
    } ops[] = {
        [ARM_FOP_ADD] = {QH_IR_vfadd, 0             },
        [ARM_FOP_SUB] = {QH_IR_vfsub, 0             },
        [ARM_FOP_MUL] = {QH_IR_vfmul, 0             },
        [ARM_FOP_DIV] = {QH_IR_vfdiv, 0             },
        [ARM_FOP_MAX] = {QH_IR_vfmax, QH_FMINMAX_NAN},
        [ARM_FOP_MIN] = {QH_IR_vfmin, QH_FMINMAX_NAN},
        [ARM_FOP_MAXNM] = {QH_IR_vfmax, QH_FMINMAX_NUM},
        [ARM_FOP_MINNM] = {QH_IR_vfmin, QH_FMINMAX_NUM},
    };

    if (op >= G_N_ELEMENTS(ops) || (op == ARM_FOP_DIV && !a->q)) { /* 0 / 0 raises a flag */
        return FALSE;
    }
    set(d, a->q, a->rd,
        qh_ir(d->block, ops[op].op, QH_TYPE_V128, flags | QH_VF_OTHER(ops[op].other),
              get(d, a->q, a->rn), get(d, a->q, a->rm), 0),
        flags);
    return TRUE;
}

/* Comparisons: a > b is b < a. */
static gboolean lanes_compare(ArmDis *d, const ArmArgFv2 *a, uint32_t word, uint32_t lane)
{
    static const struct {
        uint8_t condition, turned, magnitude;
    } ops[] = {
        {QH_FCOND_EQ,     FALSE, FALSE}, /* CMEQ */
        {QH_FCOND_LE | 4, TRUE,  FALSE},
        {QH_FCOND_LT | 4, TRUE,  FALSE}, /* CMGE, CMGT */
        {QH_FCOND_LE | 4, TRUE,  TRUE },
        {QH_FCOND_LT | 4, TRUE,  TRUE }, /* ACGE, ACGT */
        {QH_FCOND_LE | 4, FALSE, FALSE},
        {QH_FCOND_LT | 4, FALSE, FALSE}, /* CMLE, CMLT */
    };
    uint32_t op = (word & 0xff) - ARM_FOP_CMEQ;
    QhBlock *block = d->block;
    QhValue left, right;

    if (op >= G_N_ELEMENTS(ops)) {
        return FALSE;
    }
    left = get(d, a->q, a->rn);
    right = word & ARM_FW_ZERO ? qh_ir_const(block, QH_TYPE_V128, 0) : get(d, a->q, a->rm);
    if (ops[op].magnitude) {
        QhValue sign = qh_ir_const(block, QH_TYPE_V128, sign_masks[a->z]);
        left = qh_ir_2(block, QH_IR_vandn, QH_TYPE_V128, left, sign);
        right = qh_ir_2(block, QH_IR_vandn, QH_TYPE_V128, right, sign);
    }
    arm_set_v(d, a->rd,
              narrow(d, a->q,
                     qh_ir(block, QH_IR_vfcmp, QH_TYPE_V128, lane | QH_VF_OTHER(ops[op].condition),
                           ops[op].turned ? right : left, ops[op].turned ? left : right, 0)));
    return TRUE;
}

/* FMLA, FMLS, FABD, and sums of neighbours. */
static gboolean lanes_other(ArmDis *d, const ArmArgFv2 *a, uint32_t word, uint32_t flags)
{
    QhBlock *block = d->block;
    QhValue result, n, m;
    uint32_t shape = word >> ARM_FW_SHAPE_SHIFT & 7;

    if (shape == ARM_SHAPE_PAIRS) {
        ArmArgFv2 sum = *a;
        if ((word & 0xff) != ARM_FOP_ADD || a->q != 1) {
            return FALSE;
        }
        n = arm_get_v(d, sum.rn);
        m = arm_get_v(d, sum.rm);
        QhValue even = qh_ir(block, QH_IR_vunzip_even, QH_TYPE_V128, lane_of(a->z), n, m, 0);
        QhValue odd = qh_ir(block, QH_IR_vunzip_odd, QH_TYPE_V128, lane_of(a->z), n, m, 0);
        arm_set_v(d, a->rd, qh_ir(block, QH_IR_vfadd, QH_TYPE_V128, flags, even, odd, 0));
        return TRUE;
    }
    n = get(d, a->q, a->rn);
    m = get(d, a->q, a->rm);
    switch (word & 0xff) {
    case ARM_FOP_MLA:
    case ARM_FOP_MLS:
        result =
            qh_ir(block, QH_IR_vffma, QH_TYPE_V128,
                  flags | QH_VF_OTHER((word & 0xff) == ARM_FOP_MLS), n, m, get(d, a->q, a->rd));
        break;
    case ARM_FOP_ABD:
        result = qh_ir(block, QH_IR_vfsub, QH_TYPE_V128, flags, n, m, 0);
        result = qh_ir_2(block, QH_IR_vandn, QH_TYPE_V128, result,
                         qh_ir_const(block, QH_TYPE_V128, sign_masks[a->z]));
        break;
    default:
        return FALSE;
    }
    set(d, a->q, a->rd, result, flags);
    return TRUE;
}

/* FABD of scalars, which compilers make of fabs(a - b). */
static void one_difference(ArmDis *d, const ArmArgFv2 *a)
{
    uint32_t format = format_of(a->z);
    QhValue n = arm_fp_get(d, format, a->rn), m = arm_fp_get(d, format, a->rm);

    arm_fp_set(d, format, a->rd,
               qh_ir_1(d->block, QH_IR_fabs, arm_fp_type(format),
                       arm_fp_ir2(d, format, ARM_FOP_SUB, n, m)));
}

/* All lanes of @rd from those of @rn, @rm and @rd, by helper operation @word but for its format. */
static gboolean lanes(ArmDis *d, const ArmArgFv2 *a, uint32_t word)
{
    uint32_t shape = word >> ARM_FW_SHAPE_SHIFT & 7, flags;

    if (!exists(a->q, a->z)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (plain(d, a->q, a->z, word, &flags) &&
        ((shape == ARM_SHAPE_LANES && lanes_ir2(d, a, word & 0xff, flags)) ||
         (shape == ARM_SHAPE_LANES && lanes_compare(d, a, word, lane_of(a->z))) ||
         lanes_other(d, a, word, flags))) {
        return TRUE;
    }
    if (a->q == SCALAR && (word & 0xff) == ARM_FOP_ABD && arm_fp_plain(d, format_of(a->z))) {
        one_difference(d, a);
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

/* One operand: @ir_op with @other, where it is not 0, or the helper. */
static gboolean
lanes1_ir(ArmDis *d, const ArmArgFv1 *a, uint32_t ir_op, uint32_t other, uint32_t word)
{
    uint32_t flags;

    if (!plain(d, a->q, a->z, word, &flags) || !exists(a->q, a->z)) {
        return lanes1(d, a, word);
    }
    if (arm_fp_access(d)) {
        arm_set_v(d, a->rd,
                  qh_ir(d->block, ir_op, QH_TYPE_V128, flags | QH_VF_OTHER(other),
                        get(d, a->q, a->rn), 0, 0));
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
    return lanes1_ir(d, a, QH_IR_vfsqrt, 0, arm_fp_word(ARM_FOP_SQRT, 0));
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
    QhBlock *block = d->block;

    if (!exists(a->q, a->z)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (a->q == 0) {
        QhValue value = qh_ir_2(block, ir_op == QH_IR_vxor ? QH_IR_xor : QH_IR_andn, QH_TYPE_I64,
                                arm_get_v64(d, a->rn), arm_const(d, sign_masks[a->z]));
        arm_set_v64(d, a->rd, value);
    } else {
        QhValue mask = qh_ir_const(block, QH_TYPE_V128, sign_masks[a->z]);
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
    return lanes1_ir(d, a, QH_IR_vfround, inexact ? 1 : 0,
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

/* Whether a scalar conversion is one IR operation, and the instruction is allowed at all. */
static gboolean is_one(ArmDis *d, const ArmArgFv1 *a, gboolean to_int)
{
    return a->q == SCALAR && a->z < 2 &&
           (to_int ? !(d->key & ARM_KEY_FZ) : arm_fp_plain(d, format_of(a->z)));
}

static uint32_t int_type(const ArmArgFv1 *a)
{
    return arm_type(a->z);
}

static gboolean one_to_int(ArmDis *d, const ArmArgFv1 *a, uint32_t rounding, gboolean is_signed)
{
    QhBlock *block = d->block;

    if (arm_fp_access(d)) {
        QhValue value =
            qh_ir(block, is_signed ? QH_IR_fto_s : QH_IR_fto_u, int_type(a),
                  rounding | QH_FTO_ZERO_NAN, arm_fp_get(d, format_of(a->z), a->rn), 0, 0);
        arm_set_v64(d, a->rd, a->z ? value : qh_ir_1(block, QH_IR_zext, QH_TYPE_I64, value));
    }
    return TRUE;
}

static gboolean one_from_int(ArmDis *d, const ArmArgFv1 *a, gboolean is_signed)
{
    QhBlock *block = d->block;
    uint32_t format = format_of(a->z);

    if (arm_fp_access(d)) {
        QhValue value = arm_get_v64(d, a->rn);
        value = a->z ? value : qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, value);
        arm_fp_set(d, format, a->rd,
                   qh_ir(block, is_signed ? QH_IR_ffrom_s : QH_IR_ffrom_u, arm_fp_type(format),
                         arm_fp_round(d), value, 0, 0));
    }
    return TRUE;
}

static gboolean lanes_to_int(ArmDis *d, const ArmArgFv1 *a, uint32_t rounding, gboolean is_signed)
{
    if (is_one(d, a, TRUE)) {
        return one_to_int(d, a, rounding, is_signed);
    }
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
    return is_one(d, a, FALSE) ? one_from_int(d, a, TRUE)
                               : lanes1_ir(d, a, QH_IR_vffrom_s, 0,
                                           arm_fp_word(ARM_FOP_FROM_INT, 0) | ARM_FW_SIGNED);
}

gboolean arm_trans_ucvtf_v(ArmDis *d, const ArmArgFv1 *a)
{
    return is_one(d, a, FALSE)
               ? one_from_int(d, a, FALSE)
               : lanes1_ir(d, a, QH_IR_vffrom_u, 0, arm_fp_word(ARM_FOP_FROM_INT, 0));
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
