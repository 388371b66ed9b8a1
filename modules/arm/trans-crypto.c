/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cryptographic instructions (Arm C4.1.97): the bitwise ones as IR, rounds in helper-crypto.c. */
#include "modules/arm/trans-simd.h"

static QhValue rotate_left(ArmDis *d, QhValue a, uint32_t by)
{
    return by == 0 ? a
                   : v_2(d, QH_IR_vor, 0, v_shl(d, QH_LANE_64, a, by),
                         simd_shr(d, QH_LANE_64, 0, a, 64 - by));
}

gboolean arm_trans_crypto_eor3(ArmDis *d, const ArmArgCrypto2 *a)
{
    QhValue both;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    both = v_2(d, QH_IR_vxor, 0, arm_get_v(d, a->rn), arm_get_v(d, a->rm));
    arm_set_v(d, a->rd, v_2(d, QH_IR_vxor, 0, both, arm_get_v(d, a->ra)));
    return TRUE;
}

gboolean arm_trans_crypto_bcax(ArmDis *d, const ArmArgCrypto2 *a)
{
    QhValue cleared;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    cleared = v_2(d, QH_IR_vandn, 0, arm_get_v(d, a->rm), arm_get_v(d, a->ra));
    arm_set_v(d, a->rd, v_2(d, QH_IR_vxor, 0, arm_get_v(d, a->rn), cleared));
    return TRUE;
}

gboolean arm_trans_crypto_rax1(ArmDis *d, const ArmArgCrypto2 *a)
{
    QhValue rotated;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    rotated = rotate_left(d, arm_get_v(d, a->rm), 1);
    arm_set_v(d, a->rd, v_2(d, QH_IR_vxor, 0, arm_get_v(d, a->rn), rotated));
    return TRUE;
}

gboolean arm_trans_crypto_xar(ArmDis *d, const ArmArgCrypto2 *a)
{
    QhValue both;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    both = v_2(d, QH_IR_vxor, 0, arm_get_v(d, a->rn), arm_get_v(d, a->rm));
    arm_set_v(d, a->rd, rotate_left(d, both, (64 - a->imm) & 63u));
    return TRUE;
}

/* AESE 4, AESD 5 (bits 16-12). */
gboolean arm_trans_crypto_aes(ArmDis *d, const ArmArgCrypto2 *a)
{
    QhValue state;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    state = v_2(d, QH_IR_vxor, 0, arm_get_v(d, a->rd), arm_get_v(d, a->rn));
    arm_set_v(d, a->rd, v_1(d, QH_IR_vaes, d->insn >> 12 & 1 ? QH_AES_INV_SUB : QH_AES_SUB, state));
    return TRUE;
}

/* AESMC 6, AESIMC 7. Behind the AESE or AESD of the same register both are one step, and what that
 * has written is taken back: between them nothing can leave the block. */
gboolean arm_trans_crypto_aes_mix(ArmDis *d, const ArmArgCrypto2 *a)
{
    uint32_t kind = d->insn >> 12 & 1 ? QH_AES_INV_SUB : QH_AES_SUB;
    QhIrRecord *records = d->block->records, *step, *write;
    QhValue state;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    state = arm_get_v(d, a->rn);
    step = &records[state];
    write = &records[state + 1];
    if (a->rd == a->rn && step->op == QH_IR_vaes && step->flags == kind &&
        d->block->n_records == state + 3 && write->op == QH_IR_set_slot &&
        write[1].op == QH_IR_insn_start) {
        *write = (QhIrRecord){.op = QH_IR_nop};
        state =
            v_1(d, QH_IR_vaes, kind == QH_AES_SUB ? QH_AES_SUB_MIX : QH_AES_INV_SUB_MIX, step->a);
    } else {
        state = v_1(d, QH_IR_vaes, kind == QH_AES_SUB ? QH_AES_MIX : QH_AES_INV_MIX, state);
    }
    arm_set_v(d, a->rd, state);
    return TRUE;
}

gboolean arm_trans_crypto_sha1(ArmDis *d, const ArmArgCrypto2 *a)
{
    return simd_call(d, ARM_HELPER_ID(crypto_sha1), a->rd);
}

/* SHA256H has a b c d in Vd, SHA256H2 (bit 12) e f g h. */
gboolean arm_trans_crypto_sha256(ArmDis *d, const ArmArgCrypto2 *a)
{
    gboolean second = (d->insn >> 12 & 1u) != 0;
    QhValue x, y;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    x = arm_get_v(d, second ? a->rn : a->rd);
    y = arm_get_v(d, second ? a->rd : a->rn);
    arm_set_v(d, a->rd,
              qh_ir(d->block, QH_IR_vsha256, QH_TYPE_V128, second, x, y, arm_get_v(d, a->rm)));
    return TRUE;
}

/* SHA256SU0, and of three registers SHA256SU1, which adds the words that were seven before. */
gboolean arm_trans_crypto_sha256_msg(ArmDis *d, const ArmArgCrypto2 *a)
{
    gboolean second = (d->insn & (1u << 11)) == 0;
    QhValue n, m, sum;

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    sum = arm_get_v(d, a->rd);
    n = arm_get_v(d, a->rn);
    if (second) {
        m = arm_get_v(d, a->rm);
        sum = v_2(d, QH_IR_vadd, QH_LANE_32, sum, v_ext(d, n, m, 4));
        n = m;
    }
    arm_set_v(d, a->rd, v_2(d, QH_IR_vsha256_msg, second, sum, n));
    return TRUE;
}

gboolean arm_trans_crypto_sha512(ArmDis *d, const ArmArgCrypto2 *a)
{
    return simd_call(d, ARM_HELPER_ID(crypto_sha512), a->rd);
}

gboolean arm_trans_crypto_sm3(ArmDis *d, const ArmArgCrypto2 *a)
{
    return simd_call(d, ARM_HELPER_ID(crypto_sm3), a->rd);
}

gboolean arm_trans_crypto_sm4(ArmDis *d, const ArmArgCrypto2 *a)
{
    return simd_call(d, ARM_HELPER_ID(crypto_sm4), a->rd);
}
