/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit fields, shifts, multiplication, division, checksums, flag manipulation: Arm C3.4, C3.5. */
#include "modules/arm/translate.h"

static QhValue sized_const(ArmDis *d, uint32_t sf, uint64_t value)
{
    return sf ? arm_const(d, value) : arm_const32(d, (uint32_t)value);
}

/* N must be sf, and 32-bit forms have no upper half. */
static gboolean bad_field(const ArmArgBitfield *a)
{
    return a->n != a->sf || (!a->sf && (a->immr > 31 || a->imms > 31));
}

/*
 * imms >= immr: bits immr .. imms come out at bit 0; otherwise the low imms + 1 bits go to bit
 * width - immr. The rest is zeros, or copies of the top bit.
 */
static gboolean move_field(ArmDis *d, const ArmArgBitfield *a, uint32_t extract)
{
    uint32_t type = arm_type(a->sf), width = a->sf ? 64 : 32;

    if (bad_field(a)) {
        return FALSE;
    }
    QhValue x = arm_get(d, a->sf, a->rn);
    if (a->imms >= a->immr) {
        if (a->immr != 0 || a->imms != width - 1) {
            x = qh_ir_3(d->block, extract, type, x, a->immr, a->imms - a->immr + 1);
        }
    } else {
        if (a->imms + 1 != a->immr) { /* equal: a left shift */
            x = qh_ir_3(d->block, extract, type, x, 0, a->imms + 1);
        }
        x = qh_ir_2(d->block, QH_IR_shl, type, x, sized_const(d, a->sf, width - a->immr));
    }
    arm_set(d, a->sf, a->rd, x);
    return TRUE;
}

gboolean arm_trans_sbfm(ArmDis *d, const ArmArgBitfield *a)
{
    return move_field(d, a, QH_IR_extracts);
}

gboolean arm_trans_ubfm(ArmDis *d, const ArmArgBitfield *a)
{
    return move_field(d, a, QH_IR_extractu);
}

gboolean arm_trans_bfm(ArmDis *d, const ArmArgBitfield *a)
{
    uint32_t type = arm_type(a->sf), width = a->sf ? 64 : 32, at = 0, length = a->imms + 1;

    if (bad_field(a)) {
        return FALSE;
    }
    QhValue old = arm_get(d, a->sf, a->rd), x = arm_get(d, a->sf, a->rn);
    if (a->imms >= a->immr) {
        length -= a->immr;
        if (a->immr != 0) {
            x = qh_ir_3(d->block, QH_IR_extractu, type, x, a->immr, length);
        }
    } else {
        at = width - a->immr;
    }
    if (length != width) {
        x = qh_ir_3(d->block, QH_IR_deposit, type, old, x, at | length << 8);
    }
    arm_set(d, a->sf, a->rd, x);
    return TRUE;
}

gboolean arm_trans_extr(ArmDis *d, const ArmArgExtract *a)
{
    uint32_t type = arm_type(a->sf), width = a->sf ? 64 : 32;

    if (a->n != a->sf || a->lsb >= width) {
        return FALSE;
    }
    QhValue high = arm_get(d, a->sf, a->rn), low = arm_get(d, a->sf, a->rm);
    if (a->lsb != 0 && a->rn == a->rm) {
        low = qh_ir_2(d->block, QH_IR_ror, type, low, sized_const(d, a->sf, a->lsb));
    } else if (a->lsb != 0) {
        low = qh_ir_2(d->block, QH_IR_shr, type, low, sized_const(d, a->sf, a->lsb));
        high = qh_ir_2(d->block, QH_IR_shl, type, high, sized_const(d, a->sf, width - a->lsb));
        low = qh_ir_2(d->block, QH_IR_or, type, high, low);
    }
    arm_set(d, a->sf, a->rd, low);
    return TRUE;
}

static gboolean two_operands(ArmDis *d, const ArmArgThree *a, uint32_t op, uint32_t flags)
{
    QhValue x = arm_get(d, a->sf, a->rn), y = arm_get(d, a->sf, a->rm);

    arm_set(d, a->sf, a->rd, qh_ir(d->block, op, arm_type(a->sf), flags, x, y, 0));
    return TRUE;
}

gboolean arm_trans_udiv(ArmDis *d, const ArmArgThree *a)
{
    return two_operands(d, a, QH_IR_divu, QH_DIV_ARM);
}

gboolean arm_trans_sdiv(ArmDis *d, const ArmArgThree *a)
{
    return two_operands(d, a, QH_IR_divs, QH_DIV_ARM);
}

gboolean arm_trans_lslv(ArmDis *d, const ArmArgThree *a)
{
    return two_operands(d, a, QH_IR_shl, QH_SHIFT_MASK);
}

gboolean arm_trans_lsrv(ArmDis *d, const ArmArgThree *a)
{
    return two_operands(d, a, QH_IR_shr, QH_SHIFT_MASK);
}

gboolean arm_trans_asrv(ArmDis *d, const ArmArgThree *a)
{
    return two_operands(d, a, QH_IR_sar, QH_SHIFT_MASK);
}

gboolean arm_trans_rorv(ArmDis *d, const ArmArgThree *a)
{
    return two_operands(d, a, QH_IR_ror, 0);
}

/* Rd = Ra +- @product. */
static gboolean accumulate(ArmDis *d, const ArmArgFour *a, QhValue product, gboolean minus)
{
    uint32_t type = arm_type(a->sf);

    if (a->ra == 31) {
        product = minus ? qh_ir_1(d->block, QH_IR_neg, type, product) : product;
    } else {
        product = qh_ir_2(d->block, minus ? QH_IR_sub : QH_IR_add, type, arm_get(d, a->sf, a->ra),
                          product);
    }
    arm_set(d, a->sf, a->rd, product);
    return TRUE;
}

static gboolean multiply(ArmDis *d, const ArmArgFour *a, gboolean minus)
{
    QhValue x = arm_get(d, a->sf, a->rn), y = arm_get(d, a->sf, a->rm);

    return accumulate(d, a, qh_ir_2(d->block, QH_IR_mul, arm_type(a->sf), x, y), minus);
}

gboolean arm_trans_madd(ArmDis *d, const ArmArgFour *a)
{
    return multiply(d, a, FALSE);
}

gboolean arm_trans_msub(ArmDis *d, const ArmArgFour *a)
{
    return multiply(d, a, TRUE);
}

static gboolean multiply_long(ArmDis *d, const ArmArgFour *a, uint32_t extend, gboolean minus)
{
    QhValue x = qh_ir_1(d->block, extend, QH_TYPE_I64, arm_get_x(d, a->rn));
    QhValue y = qh_ir_1(d->block, extend, QH_TYPE_I64, arm_get_x(d, a->rm));

    return accumulate(d, a, qh_ir_2(d->block, QH_IR_mul, QH_TYPE_I64, x, y), minus);
}

gboolean arm_trans_smaddl(ArmDis *d, const ArmArgFour *a)
{
    return multiply_long(d, a, QH_IR_ext32s, FALSE);
}

gboolean arm_trans_smsubl(ArmDis *d, const ArmArgFour *a)
{
    return multiply_long(d, a, QH_IR_ext32s, TRUE);
}

gboolean arm_trans_umaddl(ArmDis *d, const ArmArgFour *a)
{
    return multiply_long(d, a, QH_IR_ext32u, FALSE);
}

gboolean arm_trans_umsubl(ArmDis *d, const ArmArgFour *a)
{
    return multiply_long(d, a, QH_IR_ext32u, TRUE);
}

static gboolean multiply_high(ArmDis *d, const ArmArgHigh *a, uint32_t op)
{
    QhValue x = arm_get_x(d, a->rn), y = arm_get_x(d, a->rm);

    arm_set_x(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I64, x, y));
    return TRUE;
}

gboolean arm_trans_smulh(ArmDis *d, const ArmArgHigh *a)
{
    return multiply_high(d, a, QH_IR_mulhs);
}

gboolean arm_trans_umulh(ArmDis *d, const ArmArgHigh *a)
{
    return multiply_high(d, a, QH_IR_mulhu);
}

static gboolean one_operand(ArmDis *d, const ArmArgTwo *a, uint32_t op)
{
    QhValue x = arm_get(d, a->sf, a->rn);

    arm_set(d, a->sf, a->rd, qh_ir_1(d->block, op, arm_type(a->sf), x));
    return TRUE;
}

gboolean arm_trans_rbit(ArmDis *d, const ArmArgTwo *a)
{
    return one_operand(d, a, QH_IR_bitrev);
}

gboolean arm_trans_rev_32(ArmDis *d, const ArmArgTwo *a)
{
    return one_operand(d, a, QH_IR_bswap);
}

gboolean arm_trans_rev_64(ArmDis *d, const ArmArgTwo *a)
{
    return one_operand(d, a, QH_IR_bswap);
}

gboolean arm_trans_clz(ArmDis *d, const ArmArgTwo *a)
{
    return one_operand(d, a, QH_IR_clz);
}

gboolean arm_trans_rev32(ArmDis *d, const ArmArgTwo *a)
{
    QhValue x = qh_ir_1(d->block, QH_IR_bswap, QH_TYPE_I64, arm_get_x(d, a->rn));

    arm_set_x(d, a->rd, qh_ir_2(d->block, QH_IR_ror, QH_TYPE_I64, x, arm_const(d, 32)));
    return TRUE;
}

gboolean arm_trans_rev16(ArmDis *d, const ArmArgTwo *a)
{
    uint32_t type = arm_type(a->sf);
    QhValue x = arm_get(d, a->sf, a->rn), eight = sized_const(d, a->sf, 8);
    QhValue odd = sized_const(d, a->sf, 0x00ff00ff00ff00ffull);
    QhValue high = qh_ir_2(d->block, QH_IR_shr, type, x, eight);
    QhValue low = qh_ir_2(d->block, QH_IR_and, type, x, odd);

    high = qh_ir_2(d->block, QH_IR_and, type, high, odd);
    low = qh_ir_2(d->block, QH_IR_shl, type, low, eight);
    arm_set(d, a->sf, a->rd, qh_ir_2(d->block, QH_IR_or, type, high, low));
    return TRUE;
}

/* Bits that are equal to their upper neighbour, from the top: one less than the zeros on top of
 * what differs. */
gboolean arm_trans_cls(ArmDis *d, const ArmArgTwo *a)
{
    uint32_t type = arm_type(a->sf);
    QhValue x = arm_get(d, a->sf, a->rn), one = sized_const(d, a->sf, 1);
    QhValue neighbour = qh_ir_2(d->block, QH_IR_sar, type, x, one);

    x = qh_ir_2(d->block, QH_IR_xor, type, x, neighbour);
    x = qh_ir_1(d->block, QH_IR_clz, type, x);
    arm_set(d, a->sf, a->rd, qh_ir_2(d->block, QH_IR_sub, type, x, one));
    return TRUE;
}

/* Bits 11-10: log2 of the bytes; bit 12: Castagnoli's polynomial. */
gboolean arm_trans_crc32(ArmDis *d, const ArmArgCrc *a)
{
    QhValue args[] = {arm_get_w(d, a->rn), arm_get_x(d, a->rm),
                      arm_const32(d, (d->insn >> 10) & 7u)};

    arm_set_w(d, a->rd, arm_call(d, QH_TYPE_I32, ARM_HELPER_ID(crc32), G_N_ELEMENTS(args), args));
    return TRUE;
}

/* Rotated bits 3-0 replace the flags that the mask names. */
gboolean arm_trans_rmif(ArmDis *d, const ArmArgRmif *a)
{
    QhBlock *block = d->block;
    QhValue x = arm_get_x(d, a->rn);

    x = qh_ir_2(block, QH_IR_ror, QH_TYPE_I64, x, arm_const(d, a->imm));
    x = qh_ir_2(block, QH_IR_and, QH_TYPE_I64, x, arm_const(d, a->mask));
    QhValue old =
        qh_ir_2(block, QH_IR_and, QH_TYPE_I64, arm_get_nzcv(d), arm_const(d, a->mask ^ 15u));
    arm_put_nzcv(d, qh_ir_2(block, QH_IR_or, QH_TYPE_I64, old, x));
    return TRUE;
}

/* N and Z of the low @width bits, V from the two bits at its top; C stays. */
static gboolean set_from_field(ArmDis *d, const ArmArgSetF *a, uint32_t width)
{
    QhBlock *block = d->block;
    QhValue x = arm_get_x(d, a->rn);
    QhValue n = qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, x, width - 1, 1);
    QhValue above = qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, x, width, 1);
    QhValue v = qh_ir_2(block, QH_IR_xor, QH_TYPE_I64, n, above);
    QhValue field = qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, x, 0, width);
    QhValue zero = qh_ir_cmp(block, QH_COND_EQ, QH_TYPE_I64, field, arm_const(d, 0));
    QhValue z = qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, zero);
    QhValue c = qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, arm_condition(d, 2));

    n = qh_ir_2(block, QH_IR_shl, QH_TYPE_I64, n, arm_const(d, 3));
    z = qh_ir_2(block, QH_IR_shl, QH_TYPE_I64, z, arm_const(d, 2));
    c = qh_ir_2(block, QH_IR_shl, QH_TYPE_I64, c, arm_const(d, 1));
    n = qh_ir_2(block, QH_IR_or, QH_TYPE_I64, n, z);
    c = qh_ir_2(block, QH_IR_or, QH_TYPE_I64, c, v);
    arm_put_nzcv(d, qh_ir_2(block, QH_IR_or, QH_TYPE_I64, n, c));
    return TRUE;
}

gboolean arm_trans_setf8(ArmDis *d, const ArmArgSetF *a)
{
    return set_from_field(d, a, 8);
}

gboolean arm_trans_setf16(ArmDis *d, const ArmArgSetF *a)
{
    return set_from_field(d, a, 16);
}
