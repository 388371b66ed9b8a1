/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversions of scalars: formats, integers, fixed point (Arm C7.2). */
#include "modules/arm/fp.h"
#include "modules/arm/trans-fp.h"

static QhValue call(ArmDis *d, uint32_t helper, uint32_t word, QhValue value)
{
    const QhValue args[] = {arm_const32(d, word), value};

    return arm_call(d, QH_TYPE_I64, helper, 2, args);
}

gboolean arm_trans_fcvt(ArmDis *d, const ArmArgFpCvt *a)
{
    if (a->from == 2 || a->from == a->to) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (arm_fp_plain(d, a->from) && arm_fp_plain(d, a->to)) {
        uint32_t op = a->to == ARM_FMT_D ? QH_IR_f32to64 : QH_IR_f64to32;
        QhValue value = arm_fp_get(d, a->from, a->rn);
        uint32_t rounding = a->to == ARM_FMT_D ? 0 : arm_fp_round(d);
        arm_fp_set(d, a->to, a->rd, qh_ir(d->block, op, arm_fp_type(a->to), rounding, value, 0, 0));
    } else {
        arm_set_v64(
            d, a->rd,
            call(d, ARM_HELPER_ID(fp_convert), a->from | a->to << 8, arm_get_v64(d, a->rn)));
    }
    return TRUE;
}

gboolean arm_trans_bfcvt(ArmDis *d, const ArmArgFp2X *a)
{
    if (arm_fp_access(d)) {
        arm_set_v64(
            d, a->rd,
            call(d, ARM_HELPER_ID(fp_convert), ARM_FMT_S | ARM_FMT_BF << 8, arm_get_v64(d, a->rn)));
    }
    return TRUE;
}

gboolean arm_trans_fjcvtzs(ArmDis *d, const ArmArgFp2X *a)
{
    QhBlock *block = d->block;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    QhValue value = arm_get_v64(d, a->rn);
    QhValue both = arm_call(d, QH_TYPE_I64, ARM_HELPER_ID(fjcvtzs), 1, &value);
    arm_set_w(d, a->rd, qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, both));
    arm_put_nzcv(d, qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, both, 32, 4));
    return TRUE;
}

/* Bit 16 is 0 when the integer is signed; bits 20-19 round, but to the nearest with ties away where
 * bit 18 is 1 (Arm C4.1.96.32). */
static gboolean is_signed(const ArmDis *d)
{
    return !(d->insn >> 16 & 1u);
}

/* To a general register; @fbits: bits behind the point. */
static gboolean to_x(ArmDis *d, const ArmArgFpToX *a, uint32_t rounding, uint32_t fbits)
{
    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (fbits == 0 && a->ft != ARM_FMT_H && !(d->key & ARM_KEY_FZ)) {
        QhValue value = arm_fp_get(d, a->ft, a->rn);
        arm_set(d, a->sf, a->rd,
                qh_ir(d->block, is_signed(d) ? QH_IR_fto_s : QH_IR_fto_u, arm_type(a->sf),
                      rounding | QH_FTO_ZERO_NAN, value, 0, 0));
    } else {
        uint32_t word = a->ft << 8 | rounding << ARM_FW_ROUND_SHIFT |
                        (is_signed(d) ? ARM_FW_SIGNED : 0) | fbits << ARM_FW_FBITS_SHIFT |
                        (a->sf ? ARM_FW_WIDE : 0);
        arm_set_x(d, a->rd, call(d, ARM_HELPER_ID(fp_to_int), word, arm_get_v64(d, a->rn)));
    }
    return TRUE;
}

gboolean arm_trans_fcvt_to_x(ArmDis *d, const ArmArgFpToX *a)
{
    static const uint8_t modes[] = {QH_ROUND_NEAREST_EVEN, QH_ROUND_UP, QH_ROUND_DOWN,
                                    QH_ROUND_ZERO};

    return to_x(d, a, d->insn >> 18 & 1u ? QH_ROUND_NEAREST_AWAY : modes[d->insn >> 19 & 3u], 0);
}

/* 2^-@n as a constant. */
static QhValue power(ArmDis *d, uint32_t format, uint32_t n)
{
    return format == ARM_FMT_D ? qh_ir_const(d->block, QH_TYPE_F64, (uint64_t)(1023 - n) << 52)
                               : qh_ir_const(d->block, QH_TYPE_F32, (127 - n) << 23);
}

/* From a general register. Scaling a number that has been rounded is exact. */
static gboolean from_x(ArmDis *d, const ArmArgFpToX *a, uint32_t fbits)
{
    QhBlock *block = d->block;

    if (!arm_fp_exists(d, a->ft)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    if (a->ft != ARM_FMT_H) {
        uint32_t type = arm_fp_type(a->ft);
        QhValue value = qh_ir(block, is_signed(d) ? QH_IR_ffrom_s : QH_IR_ffrom_u, type,
                              arm_fp_round(d), arm_get(d, a->sf, a->rn), 0, 0);
        if (fbits != 0) {
            value = qh_ir_2(block, QH_IR_fmul, type, value, power(d, a->ft, fbits));
        }
        arm_fp_set(d, a->ft, a->rd, value);
    } else {
        uint32_t word = arm_fp_word(0, a->ft) | (is_signed(d) ? ARM_FW_SIGNED : 0) |
                        fbits << ARM_FW_FBITS_SHIFT | (a->sf ? ARM_FW_WIDE : 0);
        arm_set_v64(d, a->rd, call(d, ARM_HELPER_ID(fp_from_int), word, arm_get_x(d, a->rn)));
    }
    return TRUE;
}

gboolean arm_trans_fcvt_from_x(ArmDis *d, const ArmArgFpToX *a)
{
    return from_x(d, a, 0);
}

/* A word has no more than 32 bits behind its point. */
static gboolean plain_of(const ArmArgFpToXFixed *a, ArmArgFpToX *ret)
{
    *ret = (ArmArgFpToX){.sf = a->sf, .ft = a->ft, .rd = a->rd, .rn = a->rn};
    return a->sf || a->scale >= 32;
}

gboolean arm_trans_fcvt_to_x_fixed(ArmDis *d, const ArmArgFpToXFixed *a)
{
    ArmArgFpToX plain;

    return plain_of(a, &plain) && to_x(d, &plain, QH_ROUND_ZERO, 64 - a->scale);
}

gboolean arm_trans_fcvt_from_x_fixed(ArmDis *d, const ArmArgFpToXFixed *a)
{
    ArmArgFpToX plain;

    return plain_of(a, &plain) && from_x(d, &plain, 64 - a->scale);
}
