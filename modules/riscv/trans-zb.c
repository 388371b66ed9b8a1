/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zba, Zbb, Zbc, Zbs (Unpriv. B). */
#include "modules/riscv/translate.h"

/* rd = (rs1 << @count) + rs2; @low: of the low 32 bits of rs1. */
static gboolean shift_add(RvDis *d, const RvArgR *a, uint32_t count, gboolean low)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    if (low) {
        x = qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, x);
    }
    if (count != 0) {
        x = qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, x, rv_const(d, count));
    }
    if (a->rs2 != 0) { /* else zext.w */
        x = qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, x, y);
    }
    rv_set_x_xlen(d, a->rd, x);
    return TRUE;
}

gboolean rv_trans_sh1add(RvDis *d, const RvArgR *a)
{
    return shift_add(d, a, 1, FALSE);
}

gboolean rv_trans_sh2add(RvDis *d, const RvArgR *a)
{
    return shift_add(d, a, 2, FALSE);
}

gboolean rv_trans_sh3add(RvDis *d, const RvArgR *a)
{
    return shift_add(d, a, 3, FALSE);
}

gboolean rv_trans_add_uw(RvDis *d, const RvArgR *a)
{
    return shift_add(d, a, 0, TRUE);
}

gboolean rv_trans_sh1add_uw(RvDis *d, const RvArgR *a)
{
    return shift_add(d, a, 1, TRUE);
}

gboolean rv_trans_sh2add_uw(RvDis *d, const RvArgR *a)
{
    return shift_add(d, a, 2, TRUE);
}

gboolean rv_trans_sh3add_uw(RvDis *d, const RvArgR *a)
{
    return shift_add(d, a, 3, TRUE);
}

gboolean rv_trans_slli_uw(RvDis *d, const RvArgShift *a)
{
    QhValue x = qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, rv_get_x(d, a->rs1));

    rv_set_x(d, a->rd, qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, x, rv_const(d, a->shamt)));
    return TRUE;
}

/* Operations that keep sign-extended values sign-extended. */
static gboolean binary(RvDis *d, const RvArgR *a, uint32_t op)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    rv_set_x(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I64, x, y));
    return TRUE;
}

static gboolean binary32(RvDis *d, const RvArgR *a, uint32_t op)
{
    QhValue x = rv_get_x32(d, a->rs1), y = rv_get_x32(d, a->rs2);

    rv_set_x32(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I32, x, y));
    return TRUE;
}

static gboolean unary(RvDis *d, const RvArgUnary *a, uint32_t op)
{
    rv_set_x(d, a->rd, qh_ir_1(d->block, op, QH_TYPE_I64, rv_get_x(d, a->rs1)));
    return TRUE;
}

static gboolean unary32(RvDis *d, const RvArgUnary *a, uint32_t op)
{
    rv_set_x32(d, a->rd, qh_ir_1(d->block, op, QH_TYPE_I32, rv_get_x32(d, a->rs1)));
    return TRUE;
}

gboolean rv_trans_andn(RvDis *d, const RvArgR *a)
{
    return binary(d, a, QH_IR_andn);
}

gboolean rv_trans_orn(RvDis *d, const RvArgR *a)
{
    return binary(d, a, QH_IR_orn);
}

gboolean rv_trans_xnor(RvDis *d, const RvArgR *a)
{
    return binary(d, a, QH_IR_xnor);
}

gboolean rv_trans_min(RvDis *d, const RvArgR *a)
{
    return binary(d, a, QH_IR_mins);
}

gboolean rv_trans_minu(RvDis *d, const RvArgR *a)
{
    return binary(d, a, QH_IR_minu);
}

gboolean rv_trans_max(RvDis *d, const RvArgR *a)
{
    return binary(d, a, QH_IR_maxs);
}

gboolean rv_trans_maxu(RvDis *d, const RvArgR *a)
{
    return binary(d, a, QH_IR_maxu);
}

gboolean rv_trans_clz(RvDis *d, const RvArgUnary *a)
{
    return d->is64 ? unary(d, a, QH_IR_clz) : unary32(d, a, QH_IR_clz);
}

gboolean rv_trans_ctz(RvDis *d, const RvArgUnary *a)
{
    return d->is64 ? unary(d, a, QH_IR_ctz) : unary32(d, a, QH_IR_ctz);
}

gboolean rv_trans_cpop(RvDis *d, const RvArgUnary *a)
{
    return d->is64 ? unary(d, a, QH_IR_popcnt) : unary32(d, a, QH_IR_popcnt);
}

gboolean rv_trans_clzw(RvDis *d, const RvArgUnary *a)
{
    return unary32(d, a, QH_IR_clz);
}

gboolean rv_trans_ctzw(RvDis *d, const RvArgUnary *a)
{
    return unary32(d, a, QH_IR_ctz);
}

gboolean rv_trans_cpopw(RvDis *d, const RvArgUnary *a)
{
    return unary32(d, a, QH_IR_popcnt);
}

gboolean rv_trans_sext_b(RvDis *d, const RvArgUnary *a)
{
    return unary(d, a, QH_IR_ext8s);
}

gboolean rv_trans_sext_h(RvDis *d, const RvArgUnary *a)
{
    return unary(d, a, QH_IR_ext16s);
}

gboolean rv_trans_zext_h(RvDis *d, const RvArgUnary *a)
{
    return unary(d, a, QH_IR_ext16u);
}

gboolean rv_trans_rev8(RvDis *d, const RvArgUnary *a)
{
    return d->is64 ? unary(d, a, QH_IR_bswap) : unary32(d, a, QH_IR_bswap);
}

/*
 * Each byte becomes all ones unless it is 0. Adding 0x7f to the low seven bits of a byte carries
 * into its top bit unless they are 0; that bit, spread over the byte, is the answer.
 */
gboolean rv_trans_orc_b(RvDis *d, const RvArgUnary *a)
{
    QhBlock *block = d->block;
    QhValue x = rv_get_x(d, a->rs1);
    QhValue seven = rv_const(d, 0x7f7f7f7f7f7f7f7full);
    QhValue low = qh_ir_2(block, QH_IR_and, QH_TYPE_I64, x, seven);
    QhValue carried = qh_ir_2(block, QH_IR_add, QH_TYPE_I64, low, seven);
    QhValue any = qh_ir_2(block, QH_IR_or, QH_TYPE_I64, carried, x);
    QhValue tops = qh_ir_2(block, QH_IR_andn, QH_TYPE_I64, any, seven);
    QhValue next = qh_ir_2(block, QH_IR_shl, QH_TYPE_I64, tops, rv_const(d, 1));
    QhValue ones = qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, tops, 7, 57);

    rv_set_x_xlen(d, a->rd, qh_ir_2(block, QH_IR_sub, QH_TYPE_I64, next, ones));
    return TRUE;
}

gboolean rv_trans_rol(RvDis *d, const RvArgR *a)
{
    return d->is64 ? binary(d, a, QH_IR_rol) : binary32(d, a, QH_IR_rol);
}

gboolean rv_trans_ror(RvDis *d, const RvArgR *a)
{
    return d->is64 ? binary(d, a, QH_IR_ror) : binary32(d, a, QH_IR_ror);
}

gboolean rv_trans_rolw(RvDis *d, const RvArgR *a)
{
    return binary32(d, a, QH_IR_rol);
}

gboolean rv_trans_rorw(RvDis *d, const RvArgR *a)
{
    return binary32(d, a, QH_IR_ror);
}

gboolean rv_trans_roriw(RvDis *d, const RvArgShift *a)
{
    QhValue x = rv_get_x32(d, a->rs1), count = rv_const32(d, a->shamt);

    rv_set_x32(d, a->rd, qh_ir_2(d->block, QH_IR_ror, QH_TYPE_I32, x, count));
    return TRUE;
}

gboolean rv_trans_rori(RvDis *d, const RvArgShift *a)
{
    if (!d->is64) {
        return rv_trans_roriw(d, a);
    }
    QhValue x = rv_get_x(d, a->rs1);
    rv_set_x(d, a->rd, qh_ir_2(d->block, QH_IR_ror, QH_TYPE_I64, x, rv_const(d, a->shamt)));
    return TRUE;
}

/* With XLEN 32 the whole product fits into 64 bits; take the result out of it. */
static QhValue product32(RvDis *d, const RvArgR *a)
{
    QhValue x = qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, rv_get_x(d, a->rs1));
    QhValue y = qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, rv_get_x(d, a->rs2));

    return qh_ir_2(d->block, QH_IR_clmul, QH_TYPE_I64, x, y);
}

gboolean rv_trans_clmul(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    rv_set_x_xlen(d, a->rd, qh_ir_2(d->block, QH_IR_clmul, QH_TYPE_I64, x, y));
    return TRUE;
}

gboolean rv_trans_clmulh(RvDis *d, const RvArgR *a)
{
    if (d->is64) {
        return binary(d, a, QH_IR_clmulh);
    }
    rv_set_x(d, a->rd, qh_ir_3(d->block, QH_IR_extracts, QH_TYPE_I64, product32(d, a), 32, 32));
    return TRUE;
}

/* Bits 2 * XLEN - 2 .. XLEN - 1 of the product. */
gboolean rv_trans_clmulr(RvDis *d, const RvArgR *a)
{
    QhBlock *block = d->block;

    if (!d->is64) {
        rv_set_x(d, a->rd, qh_ir_3(block, QH_IR_extracts, QH_TYPE_I64, product32(d, a), 31, 32));
        return TRUE;
    }
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);
    QhValue high = qh_ir_2(block, QH_IR_clmulh, QH_TYPE_I64, x, y);
    QhValue low = qh_ir_2(block, QH_IR_clmul, QH_TYPE_I64, x, y);
    high = qh_ir_2(block, QH_IR_shl, QH_TYPE_I64, high, rv_const(d, 1));
    low = qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, low, 63, 1);
    rv_set_x(d, a->rd, qh_ir_2(block, QH_IR_or, QH_TYPE_I64, high, low));
    return TRUE;
}

/* 1 << rs2, the count modulo XLEN; with XLEN 32 sign-extended. */
static QhValue one_bit(RvDis *d, uint32_t reg)
{
    QhBlock *block = d->block;

    if (d->is64) {
        return qh_ir_2(block, QH_IR_shl, QH_TYPE_I64, rv_const(d, 1), rv_get_x(d, reg));
    }
    QhValue bit = qh_ir_2(block, QH_IR_shl, QH_TYPE_I32, rv_const32(d, 1), rv_get_x32(d, reg));
    return qh_ir_1(block, QH_IR_sext, QH_TYPE_I64, bit);
}

static gboolean change_bit(RvDis *d, const RvArgR *a, uint32_t op)
{
    QhValue x = rv_get_x(d, a->rs1);

    rv_set_x(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I64, x, one_bit(d, a->rs2)));
    return TRUE;
}

static gboolean change_bit_imm(RvDis *d, const RvArgShift *a, uint32_t op)
{
    uint64_t bit = 1ull << a->shamt;
    QhValue x = rv_get_x(d, a->rs1), y = rv_const(d, d->is64 ? bit : (uint64_t)(int32_t)bit);

    rv_set_x(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I64, x, y));
    return TRUE;
}

gboolean rv_trans_bclr(RvDis *d, const RvArgR *a)
{
    return change_bit(d, a, QH_IR_andn);
}

gboolean rv_trans_binv(RvDis *d, const RvArgR *a)
{
    return change_bit(d, a, QH_IR_xor);
}

gboolean rv_trans_bset(RvDis *d, const RvArgR *a)
{
    return change_bit(d, a, QH_IR_or);
}

gboolean rv_trans_bext(RvDis *d, const RvArgR *a)
{
    QhBlock *block = d->block;
    QhValue x = rv_get_x(d, a->rs1), count = rv_get_x(d, a->rs2);

    if (!d->is64) {
        count = qh_ir_2(block, QH_IR_and, QH_TYPE_I64, count, rv_const(d, 31));
    }
    x = qh_ir_2(block, QH_IR_shr, QH_TYPE_I64, x, count);
    rv_set_x(d, a->rd, qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, x, 0, 1));
    return TRUE;
}

gboolean rv_trans_bclri(RvDis *d, const RvArgShift *a)
{
    return change_bit_imm(d, a, QH_IR_andn);
}

gboolean rv_trans_binvi(RvDis *d, const RvArgShift *a)
{
    return change_bit_imm(d, a, QH_IR_xor);
}

gboolean rv_trans_bseti(RvDis *d, const RvArgShift *a)
{
    return change_bit_imm(d, a, QH_IR_or);
}

gboolean rv_trans_bexti(RvDis *d, const RvArgShift *a)
{
    QhValue x = rv_get_x(d, a->rs1);

    rv_set_x(d, a->rd, qh_ir_3(d->block, QH_IR_extractu, QH_TYPE_I64, x, a->shamt, 1));
    return TRUE;
}
