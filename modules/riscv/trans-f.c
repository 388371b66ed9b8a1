/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * F, D, Zfh, Zfhmin, Zfa: one handler for an operation in all its formats, which the instruction
 * says in bits 26-25 (Unpriv. F, "fmt field encoding").
 *
 * Single and double become IR operations. Half goes through helpers, as the IR has no such type.
 * A register narrower than FLEN is NaN-boxed: a value whose upper bits are not all ones counts as
 * the canonical NaN, except where bits are only moved (Unpriv. D, "NaN Boxing").
 */
#include "modules/riscv/translate.h"

#define FMT_S 0u
#define FMT_D 1u
#define FMT_H 2u

#define BOX_S UINT64_C(0xffffffff00000000)
#define BOX_H UINT64_C(0xffffffffffff0000)

#define RM_DYNAMIC 7u

static uint32_t fmt(const RvDis *d)
{
    return (d->insn >> 25) & 3;
}

/* The field that is rs2 where it names no register but the kind of a conversion. */
static uint32_t kind(const RvDis *d)
{
    return (d->insn >> 20) & 31;
}

/* QH_FP_F32 ... for a FMT_. */
static uint32_t service_format(uint32_t format)
{
    static const uint8_t numbers[] = {
        [FMT_S] = QH_FP_F32, [FMT_D] = QH_FP_F64, [FMT_H] = QH_FP_F16};

    return numbers[format];
}

/* rm and frm are numbered as QH_ROUND_ is (Unpriv. F, "Rounding mode encoding"). */
static gboolean get_rounding(const RvDis *d, uint32_t rm, uint32_t *ret_rounding)
{
    *ret_rounding = rm == RM_DYNAMIC ? rv_frm(d) : rm;
    return rv_fp_on(d) && *ret_rounding <= QH_ROUND_NEAREST_AWAY;
}

/* The lower 32 bits of a boxed single, as an i32. */
static QhValue get_single_bits(RvDis *d, uint32_t reg)
{
    QhValue all = rv_get_f(d, reg);
    QhValue boxed = qh_ir_cmp(d->block, QH_COND_GEU, QH_TYPE_I64, all, rv_const(d, BOX_S));
    QhValue low = qh_ir_1(d->block, QH_IR_trunc, QH_TYPE_I32, all);

    return qh_ir_select(d->block, QH_TYPE_I32, boxed, low, rv_const32(d, 0x7fc00000));
}

static void set_single_bits(RvDis *d, uint32_t reg, QhValue bits)
{
    QhValue wide = qh_ir_1(d->block, QH_IR_zext, QH_TYPE_I64, bits);

    rv_set_f(d, reg, qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, wide, rv_const(d, BOX_S)));
}

/* An f32 or f64. */
static uint32_t ir_type(uint32_t format)
{
    return format == FMT_D ? QH_TYPE_F64 : QH_TYPE_F32;
}

static QhValue get(RvDis *d, uint32_t format, uint32_t reg)
{
    QhValue *known = format == FMT_D ? &d->f[reg].wide : &d->f[reg].single;

    if (*known == 0) {
        QhValue bits = format == FMT_D ? rv_get_f(d, reg) : get_single_bits(d, reg);
        *known = qh_ir_1(d->block, QH_IR_bits2f, ir_type(format), bits);
    }
    return *known;
}

static void set(RvDis *d, uint32_t format, uint32_t reg, QhValue value)
{
    if (format == FMT_D) {
        rv_set_f(d, reg, qh_ir_1(d->block, QH_IR_f2bits, QH_TYPE_I64, value));
        d->f[reg].wide = value;
    } else {
        set_single_bits(d, reg, qh_ir_1(d->block, QH_IR_f2bits, QH_TYPE_I32, value));
        d->f[reg].single = value;
    }
}

/* Helper @id(@word, f registers ...), a half-precision result into f register @rd. */
static void
call_half(RvDis *d, uint32_t id, uint32_t rd, uint32_t word, uint32_t n, const uint32_t *regs)
{
    QhValue args[4] = {rv_const32(d, word)};

    for (uint32_t i = 0; i < n; i++) {
        args[i + 1] = rv_get_f(d, regs[i]);
    }
    rv_set_f(d, rd, rv_call(d, QH_TYPE_I64, id, n + 1, args));
}

/* Loads and stores. */

gboolean rv_trans_flh(RvDis *d, const RvArgI *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    QhValue address = rv_address(d, a->rs1, a->imm);
    QhValue value = qh_ir_load(d->block, QH_TYPE_I64, address, d->mem | QH_MEM_16);
    rv_fp_write(d);
    rv_set_f(d, a->rd, qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, value, rv_const(d, BOX_H)));
    return TRUE;
}

gboolean rv_trans_flw(RvDis *d, const RvArgI *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    QhValue address = rv_address(d, a->rs1, a->imm);
    QhValue value = qh_ir_load(d->block, QH_TYPE_I32, address, d->mem | QH_MEM_32);
    rv_fp_write(d);
    set_single_bits(d, a->rd, value);
    return TRUE;
}

gboolean rv_trans_fld(RvDis *d, const RvArgI *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    QhValue address = rv_address(d, a->rs1, a->imm);
    QhValue value = qh_ir_load(d->block, QH_TYPE_F64, address, d->mem | QH_MEM_64);
    rv_fp_write(d);
    set(d, FMT_D, a->rd, value);
    return TRUE;
}

static gboolean store(RvDis *d, const RvArgS *a, uint32_t size)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    QhValue address = rv_address(d, a->rs1, a->imm);
    qh_ir_store(d->block, QH_TYPE_I64, address, d->mem | size, rv_get_f(d, a->rs2));
    return TRUE;
}

gboolean rv_trans_fsh(RvDis *d, const RvArgS *a)
{
    return store(d, a, QH_MEM_16);
}

gboolean rv_trans_fsw(RvDis *d, const RvArgS *a)
{
    return store(d, a, QH_MEM_32);
}

gboolean rv_trans_fsd(RvDis *d, const RvArgS *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    QhValue address = rv_address(d, a->rs1, a->imm);
    qh_ir_store(d->block, QH_TYPE_F64, address, d->mem | QH_MEM_64, get(d, FMT_D, a->rs2));
    return TRUE;
}

/* Arithmetic. */

static gboolean arithmetic(RvDis *d, const RvArgF2 *a, uint32_t ir_op, uint32_t service_op)
{
    uint32_t rounding;

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    rv_fp_write(d);
    if (fmt(d) == FMT_H) {
        const uint32_t regs[] = {a->rs1, a->rs2};
        call_half(d, RV_HELPER_ID(half_op2), a->rd, rounding | service_op << 8, 2, regs);
        return TRUE;
    }
    QhValue left = get(d, fmt(d), a->rs1);
    QhValue right = get(d, fmt(d), a->rs2);
    set(d, fmt(d), a->rd, qh_ir(d->block, ir_op, ir_type(fmt(d)), rounding, left, right, 0));
    return TRUE;
}

gboolean rv_trans_fadd(RvDis *d, const RvArgF2 *a)
{
    return arithmetic(d, a, QH_IR_fadd, QH_FP_ADD);
}

gboolean rv_trans_fsub(RvDis *d, const RvArgF2 *a)
{
    return arithmetic(d, a, QH_IR_fsub, QH_FP_SUB);
}

gboolean rv_trans_fmul(RvDis *d, const RvArgF2 *a)
{
    return arithmetic(d, a, QH_IR_fmul, QH_FP_MUL);
}

gboolean rv_trans_fdiv(RvDis *d, const RvArgF2 *a)
{
    return arithmetic(d, a, QH_IR_fdiv, QH_FP_DIV);
}

gboolean rv_trans_fsqrt(RvDis *d, const RvArgF1 *a)
{
    uint32_t rounding;

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    rv_fp_write(d);
    if (fmt(d) == FMT_H) {
        call_half(d, RV_HELPER_ID(half_sqrt), a->rd, rounding, 1, &a->rs1);
        return TRUE;
    }
    QhValue value = get(d, fmt(d), a->rs1);
    set(d, fmt(d), a->rd, qh_ir(d->block, QH_IR_fsqrt, ir_type(fmt(d)), rounding, value, 0, 0));
    return TRUE;
}

static gboolean multiply_add(RvDis *d, const RvArgF3 *a, uint32_t negate)
{
    uint32_t rounding;

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    rv_fp_write(d);
    if (fmt(d) == FMT_H) {
        const uint32_t regs[] = {a->rs1, a->rs2, a->rs3};
        call_half(d, RV_HELPER_ID(half_fma), a->rd, rounding | negate, 3, regs);
        return TRUE;
    }
    QhValue left = get(d, fmt(d), a->rs1);
    QhValue right = get(d, fmt(d), a->rs2);
    QhValue addend = get(d, fmt(d), a->rs3);
    set(d, fmt(d), a->rd,
        qh_ir(d->block, QH_IR_ffma, ir_type(fmt(d)), rounding | negate, left, right, addend));
    return TRUE;
}

gboolean rv_trans_fmadd(RvDis *d, const RvArgF3 *a)
{
    return multiply_add(d, a, 0);
}

gboolean rv_trans_fmsub(RvDis *d, const RvArgF3 *a)
{
    return multiply_add(d, a, QH_FMA_NEG_ADDEND);
}

gboolean rv_trans_fnmsub(RvDis *d, const RvArgF3 *a)
{
    return multiply_add(d, a, QH_FMA_NEG_PRODUCT);
}

gboolean rv_trans_fnmadd(RvDis *d, const RvArgF3 *a)
{
    return multiply_add(d, a, QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND);
}

static gboolean
min_max(RvDis *d, const RvArgR *a, uint32_t ir_op, uint32_t rule, uint32_t service_op)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    rv_fp_write(d);
    if (fmt(d) == FMT_H) {
        const uint32_t regs[] = {a->rs1, a->rs2};
        call_half(d, RV_HELPER_ID(half_op2), a->rd, service_op << 8, 2, regs);
        return TRUE;
    }
    QhValue left = get(d, fmt(d), a->rs1);
    QhValue right = get(d, fmt(d), a->rs2);
    set(d, fmt(d), a->rd, qh_ir(d->block, ir_op, ir_type(fmt(d)), rule, left, right, 0));
    return TRUE;
}

gboolean rv_trans_fmin(RvDis *d, const RvArgR *a)
{
    return min_max(d, a, QH_IR_fmin, QH_FMINMAX_NUMBER, QH_FP_MIN);
}

gboolean rv_trans_fmax(RvDis *d, const RvArgR *a)
{
    return min_max(d, a, QH_IR_fmax, QH_FMINMAX_NUMBER, QH_FP_MAX);
}

gboolean rv_trans_fminm(RvDis *d, const RvArgR *a)
{
    return min_max(d, a, QH_IR_fmin, QH_FMINMAX_NAN, QH_FP_MINIMUM);
}

gboolean rv_trans_fmaxm(RvDis *d, const RvArgR *a)
{
    return min_max(d, a, QH_IR_fmax, QH_FMINMAX_NAN, QH_FP_MAXIMUM);
}

static gboolean round_to_int(RvDis *d, const RvArgF1 *a, gboolean raise_inexact)
{
    uint32_t rounding;

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    uint32_t flags = rounding | (raise_inexact ? 1u << 3 : 0);
    rv_fp_write(d);
    if (fmt(d) == FMT_H) {
        call_half(d, RV_HELPER_ID(half_round), a->rd, flags, 1, &a->rs1);
        return TRUE;
    }
    QhValue value = get(d, fmt(d), a->rs1);
    set(d, fmt(d), a->rd, qh_ir(d->block, QH_IR_fround, ir_type(fmt(d)), flags, value, 0, 0));
    return TRUE;
}

gboolean rv_trans_fround(RvDis *d, const RvArgF1 *a)
{
    return round_to_int(d, a, FALSE);
}

gboolean rv_trans_froundnx(RvDis *d, const RvArgF1 *a)
{
    return round_to_int(d, a, TRUE);
}

/* Sign injection: on bits, but of an unboxed value. */

/* The value, a single or half, as an i64 with its format's sign bit at bit 63; what is below may be
 * anything. */
static QhValue sign_source(RvDis *d, uint32_t format, uint32_t reg)
{
    QhBlock *b = d->block;

    if (format == FMT_S) {
        QhValue wide = qh_ir_1(b, QH_IR_zext, QH_TYPE_I64, get_single_bits(d, reg));
        return qh_ir_2(b, QH_IR_shl, QH_TYPE_I64, wide, rv_const(d, 32));
    }
    QhValue raw = rv_get_f(d, reg);
    QhValue boxed = qh_ir_cmp(b, QH_COND_GEU, QH_TYPE_I64, raw, rv_const(d, BOX_H));
    QhValue all = qh_ir_select(b, QH_TYPE_I64, boxed, raw, rv_const(d, 0x7e00));
    return qh_ir_2(b, QH_IR_shl, QH_TYPE_I64, all, rv_const(d, 48));
}

/* fmv, fneg, fabs and what they are special cases of. */
static void sign_double(RvDis *d, const RvArgR *a, uint32_t ir_op)
{
    QhBlock *b = d->block;
    QhValue value = get(d, FMT_D, a->rs1);

    if (a->rs1 == a->rs2) {
        if (ir_op != QH_IR_or) {
            value = qh_ir_1(b, ir_op == QH_IR_not ? QH_IR_fneg : QH_IR_fabs, QH_TYPE_F64, value);
        }
    } else if (ir_op == QH_IR_xor) {
        QhValue top = rv_const(d, INT64_MIN);
        QhValue sign = qh_ir_2(b, QH_IR_and, QH_TYPE_I64, rv_get_f(d, a->rs2), top);
        rv_set_f(d, a->rd, qh_ir_2(b, QH_IR_xor, QH_TYPE_I64, rv_get_f(d, a->rs1), sign));
        return;
    } else {
        QhValue other = get(d, FMT_D, a->rs2);
        other = ir_op == QH_IR_not ? qh_ir_1(b, QH_IR_fneg, QH_TYPE_F64, other) : other;
        value = qh_ir_2(b, QH_IR_fcopysign, QH_TYPE_F64, value, other);
    }
    set(d, FMT_D, a->rd, value);
}

static gboolean sign_inject(RvDis *d, const RvArgR *a, uint32_t ir_op)
{
    QhBlock *b = d->block;
    uint32_t format = fmt(d);
    uint32_t lost = format == FMT_S ? 32 : 48;

    if (!rv_fp_on(d)) {
        return FALSE;
    }
    rv_fp_write(d);
    if (format == FMT_D) {
        sign_double(d, a, ir_op);
        return TRUE;
    }
    QhValue value = sign_source(d, format, a->rs1);
    if (a->rs1 != a->rs2 || ir_op != QH_IR_or) {
        QhValue other = a->rs1 == a->rs2 ? value : sign_source(d, format, a->rs2);
        QhValue top = rv_const(d, INT64_MIN);
        /* or: the sign of rs2; not: the opposite of it; xor: both signs. */
        QhValue rest = ir_op == QH_IR_xor ? value : qh_ir_2(b, QH_IR_andn, QH_TYPE_I64, value, top);
        QhValue sign = ir_op == QH_IR_not ? qh_ir_2(b, QH_IR_andn, QH_TYPE_I64, top, other)
                                          : qh_ir_2(b, QH_IR_and, QH_TYPE_I64, top, other);
        value = qh_ir_2(b, ir_op == QH_IR_xor ? QH_IR_xor : QH_IR_or, QH_TYPE_I64, rest, sign);
    }
    value = qh_ir_2(b, QH_IR_shr, QH_TYPE_I64, value, rv_const(d, lost));
    value = qh_ir_2(b, QH_IR_or, QH_TYPE_I64, value, rv_const(d, format == FMT_S ? BOX_S : BOX_H));
    rv_set_f(d, a->rd, value);
    return TRUE;
}

gboolean rv_trans_fsgnj(RvDis *d, const RvArgR *a)
{
    return sign_inject(d, a, QH_IR_or);
}

gboolean rv_trans_fsgnjn(RvDis *d, const RvArgR *a)
{
    return sign_inject(d, a, QH_IR_not);
}

gboolean rv_trans_fsgnjx(RvDis *d, const RvArgR *a)
{
    return sign_inject(d, a, QH_IR_xor);
}

/* Comparison and classification. */

static gboolean compare(RvDis *d, const RvArgR *a, uint32_t condition)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    rv_fp_write(d); /* fflags */
    if (fmt(d) == FMT_H) {
        QhValue args[] = {rv_const32(d, condition), rv_get_f(d, a->rs1), rv_get_f(d, a->rs2)};
        rv_set_x(d, a->rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(half_compare), 3, args));
        return TRUE;
    }
    QhValue left = get(d, fmt(d), a->rs1);
    QhValue right = get(d, fmt(d), a->rs2);
    QhValue yes = qh_ir(d->block, QH_IR_fcmp, ir_type(fmt(d)), condition, left, right, 0);
    rv_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_bool2int, QH_TYPE_I64, yes));
    return TRUE;
}

gboolean rv_trans_feq(RvDis *d, const RvArgR *a)
{
    return compare(d, a, QH_FCOND_EQ);
}

gboolean rv_trans_flt(RvDis *d, const RvArgR *a)
{
    return compare(d, a, QH_FCOND_LT | QH_FCMP_SIGNALING);
}

gboolean rv_trans_fle(RvDis *d, const RvArgR *a)
{
    return compare(d, a, QH_FCOND_LE | QH_FCMP_SIGNALING);
}

gboolean rv_trans_fltq(RvDis *d, const RvArgR *a)
{
    return compare(d, a, QH_FCOND_LT);
}

gboolean rv_trans_fleq(RvDis *d, const RvArgR *a)
{
    return compare(d, a, QH_FCOND_LE);
}

gboolean rv_trans_fclass(RvDis *d, const RvArgUnary *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    QhValue args[] = {rv_const32(d, service_format(fmt(d))), rv_get_f(d, a->rs1)};
    rv_set_x(d, a->rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(fclass), 2, args));
    return TRUE;
}

/* Conversion. The kinds of integer are 0 w, 1 wu, 2 l, 3 lu. */

gboolean rv_trans_fcvt_to_x(RvDis *d, const RvArgF1 *a)
{
    uint32_t rounding;
    uint32_t type = kind(d) < 2 ? QH_TYPE_I32 : QH_TYPE_I64;
    uint32_t op = kind(d) & 1 ? QH_IR_fto_u : QH_IR_fto_s;

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    rv_fp_write(d); /* fflags */
    if (fmt(d) == FMT_H) {
        QhValue args[] = {rv_const32(d, rounding | kind(d) << 8), rv_get_f(d, a->rs1)};
        rv_set_x(d, a->rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(half_to_int), 2, args));
        return TRUE;
    }
    QhValue value = get(d, fmt(d), a->rs1);
    QhValue result = qh_ir(d->block, op, type, rounding | QH_FTO_SATURATE, value, 0, 0);
    if (type == QH_TYPE_I32) {
        rv_set_x32(d, a->rd, result);
    } else {
        rv_set_x(d, a->rd, result);
    }
    return TRUE;
}

gboolean rv_trans_fcvt_from_x(RvDis *d, const RvArgF1 *a)
{
    uint32_t rounding;
    uint32_t op = kind(d) & 1 ? QH_IR_ffrom_u : QH_IR_ffrom_s;

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    rv_fp_write(d);
    if (fmt(d) == FMT_H) {
        QhValue args[] = {rv_const32(d, rounding | kind(d) << 8), rv_get_x(d, a->rs1)};
        rv_set_f(d, a->rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(half_from_int), 2, args));
        return TRUE;
    }
    QhValue value = kind(d) < 2 ? rv_get_x32(d, a->rs1) : rv_get_x(d, a->rs1);
    set(d, fmt(d), a->rd, qh_ir(d->block, op, ir_type(fmt(d)), rounding, value, 0, 0));
    return TRUE;
}

/* Between two formats of which one is 16 bits wide; QH_FP_F16 ... */
static void convert_half(RvDis *d, const RvArgF1 *a, uint32_t from, uint32_t to, uint32_t rounding)
{
    rv_fp_write(d);
    call_half(d, RV_HELPER_ID(half_convert), a->rd, rounding | from << 8 | to << 16, 1, &a->rs1);
}

/* To the format in fmt, from the one in rs2's place. */
gboolean rv_trans_fcvt(RvDis *d, const RvArgF1 *a)
{
    uint32_t rounding;
    uint32_t to = fmt(d), from = kind(d);

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    if (to == FMT_H || from == FMT_H) {
        convert_half(d, a, service_format(from), service_format(to), rounding);
        return TRUE;
    }
    rv_fp_write(d);
    uint32_t op = to == FMT_D ? QH_IR_f32to64 : QH_IR_f64to32;
    QhValue value = get(d, from, a->rs1);
    set(d, to, a->rd, qh_ir(d->block, op, ir_type(to), rounding, value, 0, 0));
    return TRUE;
}

gboolean rv_trans_fcvt_bf16_s(RvDis *d, const RvArgF1 *a)
{
    uint32_t rounding;

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    convert_half(d, a, QH_FP_F32, QH_FP_BF16, rounding);
    return TRUE;
}

gboolean rv_trans_fcvt_s_bf16(RvDis *d, const RvArgF1 *a)
{
    uint32_t rounding;

    if (!get_rounding(d, a->rm, &rounding)) {
        return FALSE;
    }
    convert_half(d, a, QH_FP_BF16, QH_FP_F32, rounding);
    return TRUE;
}

gboolean rv_trans_fcvtmod_w_d(RvDis *d, const RvArgUnary *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    rv_fp_write(d); /* fflags */
    QhValue value = rv_get_f(d, a->rs1);
    rv_set_x(d, a->rd, rv_call(d, QH_TYPE_I64, RV_HELPER_ID(fcvtmod), 1, &value));
    return TRUE;
}

/* Moves: bits as they are. */

gboolean rv_trans_fmv_to_x(RvDis *d, const RvArgUnary *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    QhValue value = rv_get_f(d, a->rs1);
    if (fmt(d) == FMT_S) {
        value = qh_ir_1(d->block, QH_IR_ext32s, QH_TYPE_I64, value);
    } else if (fmt(d) == FMT_H) {
        value = qh_ir_1(d->block, QH_IR_ext16s, QH_TYPE_I64, value);
    }
    rv_set_x(d, a->rd, value);
    return TRUE;
}

gboolean rv_trans_fmv_from_x(RvDis *d, const RvArgUnary *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    rv_fp_write(d);
    QhValue value = rv_get_x(d, a->rs1);
    if (fmt(d) != FMT_D) {
        value = qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, value,
                        rv_const(d, fmt(d) == FMT_S ? BOX_S : BOX_H));
    }
    rv_set_f(d, a->rd, value);
    return TRUE;
}

gboolean rv_trans_fmvh_x_d(RvDis *d, const RvArgUnary *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    QhValue value = rv_get_f(d, a->rs1);
    rv_set_x(d, a->rd, qh_ir_2(d->block, QH_IR_sar, QH_TYPE_I64, value, rv_const(d, 32)));
    return TRUE;
}

gboolean rv_trans_fmvp_d_x(RvDis *d, const RvArgR *a)
{
    if (!rv_fp_on(d)) {
        return FALSE;
    }
    rv_fp_write(d);
    QhValue low = rv_get_x(d, a->rs1);
    QhValue high = rv_get_x(d, a->rs2);
    rv_set_f(d, a->rd, qh_ir(d->block, QH_IR_deposit, QH_TYPE_I64, 0, low, high, 32 | 32 << 8));
    return TRUE;
}

/* The constants of fli as doubles (Unpriv. Zfa, table of immediates); 1, 30 and 31 are special. */
static const double immediates[32] = {
    -1.0,   0.0, 0x1p-16, 0x1p-15, 0x1p-8, 0x1p-7, 0.0625, 0.125,  0.25, 0.3125, 0.375,
    0.4375, 0.5, 0.625,   0.75,    0.875,  1.0,    1.25,   1.5,    1.75, 2.0,    2.5,
    3.0,    4.0, 8.0,     16.0,    128.0,  256.0,  0x1p15, 0x1p16, 0.0,  0.0,
};

static uint64_t immediate(RvDis *d, uint32_t number)
{
    static const uint64_t smallest[] = {0x00800000, 0x0010000000000000, 0x0400};
    static const uint64_t infinity[] = {0x7f800000, 0x7ff0000000000000, 0x7c00};
    static const uint64_t nan[] = {0x7fc00000, 0x7ff8000000000000, 0x7e00};
    const QhFpService *fp = rv_target(&d->cpu->base)->services.fp;
    QhFpStatus status = {.rounding = QH_ROUND_NEAREST_EVEN};
    union {
        double value;
        uint64_t bits;
    } number64 = {.value = immediates[number]};

    switch (number) {
    case 1:
        return smallest[fmt(d)];
    case 30:
        return infinity[fmt(d)];
    case 31:
        return nan[fmt(d)];
    default: /* all exact, but 2^16 is infinity in half precision */
        return fp->convert(QH_FP_F64, service_format(fmt(d)), (QhFpBits){number64.bits, 0}, &status)
            .lo;
    }
}

gboolean rv_trans_fli(RvDis *d, const RvArgUnary *a)
{
    static const uint64_t boxes[] = {BOX_S, 0, BOX_H};

    if (!rv_fp_on(d)) {
        return FALSE;
    }
    rv_fp_write(d);
    rv_set_f(d, a->rd, rv_const(d, immediate(d, a->rs1) | boxes[fmt(d)]));
    return TRUE;
}
