/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating-point arithmetic with the host's scalar instructions, which round to nearest even and
 * leave their flags in MXCSR; other rounding modes go to C.
 *
 * The host's NaNs are right for a target that follows SSE's rule. Where every NaN is the default
 * one, a result that is a NaN is replaced: the flags are the same. For the other rules, and where
 * tiny is what is tiny before rounding (the host means after), the operation is done in xmm15, so
 * that C can do it once more with the operands.
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/backend/x86_64/nan.h"
#include "core/jit/jit-cpu.h"

#include "abi/target.h"

/* The sign and the other bits of an f32 and of an f64, and zeros above them. */
static const uint32_t sign_masks[2][4] __attribute__((aligned(16))) = {
    {0x80000000, 0,          0, 0},
    {0,          0x80000000, 0, 0}
};
static const uint32_t other_masks[2][4] __attribute__((aligned(16))) = {
    {0x7fffffff, 0,          0, 0},
    {0xffffffff, 0x7fffffff, 0, 0}
};

static gboolean has_avx(const QhT1 *t)
{
    return (t->features & QH_T1_HAS_AVX) != 0;
}

/* The type of what the record is made from. */
static uint32_t operand_type(const QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_f32to64:
        return QH_TYPE_F32;
    case QH_IR_f64to32:
        return QH_TYPE_F64;
    case QH_IR_ffrom_s:
    case QH_IR_ffrom_u:
    case QH_IR_fto_s:
    case QH_IR_fto_u:
        return t->records[record->a].type;
    default:
        return record->type;
    }
}

static QhT1Cold *new_cold(QhT1 *t, const QhIrRecord *record, QhT1ColdFn fn)
{
    QhT1Cold *cold = qh_t1_cold(t, fn);

    cold->x = QH_T1_FP_X(record->op, record->type, operand_type(t, record));
    cold->y = record->flags;
    return cold;
}

static uint32_t n_operands(const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_fadd:
    case QH_IR_fsub:
    case QH_IR_fmul:
    case QH_IR_fdiv:
    case QH_IR_fmin:
    case QH_IR_fmax:
        return 2;
    case QH_IR_ffma:
        return 3;
    default:
        return 1;
    }
}

QhT1Cold *qh_t1_fp_cold(QhT1 *t, const QhIrRecord *record)
{
    QhT1Cold *cold = new_cold(t, record, qh_t1_cold_fp);
    uint32_t n = n_operands(record);

    cold->a = qh_t1_use(t, record->a);
    cold->b = n > 1 ? qh_t1_use(t, record->b) : QH_NO_REG;
    cold->c = n > 2 ? qh_t1_use(t, record->c) : QH_NO_REG;
    return cold;
}

void qh_t1_fp_cold_only(QhT1 *t, const QhIrRecord *record)
{
    QhT1Cold *cold = qh_t1_fp_cold(t, record);

    cold->d = qh_t1_def_late(t);
    qh_t1_cold_again(t, cold);
    qh_t1_cold_jmp(t, cold);
    qh_t1_cold_resume(t, cold);
}

gboolean qh_t1_fp_keeps(const QhT1 *t)
{
    return t->source->tininess_before_rounding ||
           (t->source->nan_rule != QH_NAN_DEFAULT && t->source->nan_rule != QH_NAN_X86);
}

/* The result is in @at, @d or xmm15, the operands are still there. @clean: with zeros above it, if
 * they are wanted. */
static void finish_kept(QhT1 *t, QhT1Cold *cold, QhReg at, gboolean clean, gboolean may_be_tiny)
{
    uint32_t type = QH_T1_FP_TYPE(cold->x);

    if (may_be_tiny && t->source->tininess_before_rounding) {
        qh_t1_fp_check_tiny_or_nan(t, cold, type, at);
    } else if (t->source->nan_rule != QH_NAN_X86) {
        qh_t1_fp_check_nan(t, cold, type, at);
    }
    qh_t1_fp_place(t, type, cold->d, at, clean);
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
    if (may_be_tiny && t->source->tininess_before_rounding) {
        qh_t1_fp_product_done(t, cold);
    }
}

/* @d has the result; the operands may be gone. */
static void finish(QhT1 *t, const QhIrRecord *record, QhReg d, gboolean clean)
{
    QhT1Cold *cold;

    qh_t1_fp_place(t, record->type, d, d, clean);
    if (t->source->nan_rule == QH_NAN_X86 || qh_t1_nan_later(t, record)) {
        return;
    }
    cold = new_cold(t, record, qh_t1_cold_nan);
    cold->d = d;
    qh_t1_fp_check_nan(t, cold, record->type, d);
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
    qh_t1_nan_checked(t);
}

/* Where the operation is done, so that its operands survive it. */
static QhReg beside_operands(const QhT1Cold *cold)
{
    return cold->d == cold->a || cold->d == cold->b || cold->d == cold->c ? QH_XMM(15) : cold->d;
}

/* With AVX. The bits above the result come from the first operand: of those that commute either may
 * be that (a NaN goes to C, which minds the order), and what is not clean can be cleaned before. */
static void binary_kept_avx(QhT1 *t, const QhIrRecord *record, QhT1Cold *cold, uint32_t op)
{
    gboolean clean = qh_t1_fp_is_clean(t, record->a, record->type);
    gboolean commutes = record->op == QH_IR_fadd || record->op == QH_IR_fmul;
    gboolean safe = qh_t1_fp_is_sum_of_product(t, record, cold);
    QhReg first = cold->a, second = cold->b, at = safe ? cold->d : beside_operands(cold);

    if (!clean && commutes && qh_t1_fp_is_clean(t, record->b, record->type)) {
        first = cold->b;
        second = cold->a;
        clean = TRUE;
    }
    if (!clean && at == cold->d) {
        qh_t1_fp_clean(t, record->type, QH_XMM(15), first);
        first = QH_XMM(15);
        clean = TRUE;
    }
    qh_x_vex(&t->a, op, at, first, qh_rm_reg(second));
    if (safe) {
        qh_t1_fp_place(t, record->type, at, at, clean);
        qh_t1_fp_sum_done(t, cold);
        return;
    }
    finish_kept(t, cold, at, clean, record->op == QH_IR_fmul || record->op == QH_IR_fdiv);
}

static void binary_kept(QhT1 *t, const QhIrRecord *record, uint32_t op)
{
    QhT1Cold *cold = qh_t1_fp_cold(t, record);

    op |= qh_t1_scalar(record->type);
    cold->d = qh_t1_def_late(t);
    if (has_avx(t)) {
        binary_kept_avx(t, record, cold, op);
        return;
    }
    qh_x(&t->a, QH_X_MOVAPS, QH_XMM(15), qh_rm_reg(cold->a));
    qh_x(&t->a, op, QH_XMM(15), qh_rm_reg(cold->b));
    finish_kept(t, cold, QH_XMM(15), qh_t1_fp_is_clean(t, record->a, record->type),
                record->op == QH_IR_fmul || record->op == QH_IR_fdiv);
}

static void binary(QhT1 *t, const QhIrRecord *record, uint32_t op)
{
    uint32_t scalar = qh_t1_scalar(record->type);
    gboolean clean = qh_t1_fp_is_clean(t, record->a, record->type);
    QhReg a, d;
    QhRm b;

    if (record->flags != QH_ROUND_NEAREST_EVEN) {
        qh_t1_fp_cold_only(t, record);
        return;
    }
    if (qh_t1_fp_keeps(t)) {
        binary_kept(t, record, op);
        return;
    }
    if (has_avx(t)) {
        a = qh_t1_use_xmm(t, record->a);
        b = qh_t1_rm_xmm(t, record->b);
        d = qh_t1_def_late(t);
        qh_x_vex(&t->a, op | scalar, d, a, b);
    } else {
        b = qh_t1_rm_xmm(t, record->b);
        d = qh_t1_def_copy(t, record->a);
        qh_x(&t->a, op | scalar, d, b);
    }
    finish(t, record, d, clean);
}

/* d = OP a. The bits above the result come from @above or are cleared: those of the old d, which
 * the instruction would wait for, are of no use. Whether they are zeros now. */
static gboolean emit_unary(QhT1 *t, const QhIrRecord *record, uint32_t op, QhReg d, QhReg a)
{
    gboolean clean = qh_t1_fp_is_clean(t, record->a, record->type);

    if (has_avx(t) && clean && record->op != QH_IR_f64to32) {
        qh_x_vex(&t->a, op, d, a, qh_rm_reg(a));
    } else if (has_avx(t)) {
        qh_x_vex(&t->a, QH_X_XORPS, QH_XMM(15), QH_XMM(15), qh_rm_reg(QH_XMM(15)));
        qh_x_vex(&t->a, op, d, QH_XMM(15), qh_rm_reg(a));
    } else if (d != a) {
        qh_x(&t->a, QH_X_XORPS, d, qh_rm_reg(d));
        qh_x(&t->a, op, d, qh_rm_reg(a));
    } else {
        qh_x(&t->a, op, d, qh_rm_reg(a));
        return clean && record->op != QH_IR_f64to32;
    }
    return TRUE;
}

void qh_t1_fp_unary(QhT1 *t, const QhIrRecord *record, uint32_t op, gboolean may_be_tiny)
{
    QhReg a, d;

    if (qh_t1_fp_keeps(t)) {
        QhT1Cold *cold = qh_t1_fp_cold(t, record);
        QhReg at;
        cold->d = qh_t1_def_late(t);
        at = beside_operands(cold);
        finish_kept(t, cold, at, emit_unary(t, record, op, at, cold->a), may_be_tiny);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    d = qh_t1_def_late(t);
    finish(t, record, d, emit_unary(t, record, op, d, a));
}

static uint32_t fma_op(const QhIrRecord *record)
{
    static const uint32_t ops[] = {QH_X_FMADD231, QH_X_FNMADD231, QH_X_FMSUB231, QH_X_FNMSUB231};

    return ops[record->flags >> 3 & 3] | (record->type == QH_TYPE_F64 ? QH_X_W : 0);
}

static void multiply_add(QhT1 *t, const QhIrRecord *record)
{
    QhT1Cold *cold;
    QhReg a, b, d;

    if ((record->flags & 7) != QH_ROUND_NEAREST_EVEN || !(t->features & QH_T1_HAS_FMA)) {
        qh_t1_fp_cold_only(t, record);
        return;
    }
    if (qh_t1_fp_keeps(t) || t->source->nan_rule != QH_NAN_DEFAULT) {
        cold = qh_t1_fp_cold(t, record);
        cold->d = qh_t1_def_late(t);
        d = beside_operands(cold);
        qh_t1_fp_place(t, record->type, d, cold->c, qh_t1_fp_is_clean(t, record->c, record->type));
        qh_x_vex(&t->a, fma_op(record), d, cold->a, qh_rm_reg(cold->b));
        if (t->source->nan_rule == QH_NAN_X86) { /* its rule is another one here */
            qh_t1_fp_check_nan(t, cold, record->type, d);
        }
        finish_kept(t, cold, d, TRUE, TRUE);
        return;
    }
    a = qh_t1_use_xmm(t, record->a);
    b = qh_t1_use_xmm(t, record->b);
    cold = new_cold(t, record, qh_t1_cold_fma_nan);
    d = qh_t1_def_copy(t, record->c);
    cold->a = a;
    cold->b = b;
    cold->d = d;
    qh_x_vex(&t->a, fma_op(record), d, a, qh_rm_reg(b));
    qh_t1_fp_place(t, record->type, d, d, qh_t1_fp_is_clean(t, record->c, record->type));
    qh_t1_fp_check_nan(t, cold, record->type, d);
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
}

/*
 * Numbers only. The host's minimum of two zeros is the second one: of both orders, "or" keeps a
 * sign and "and" drops it; for other numbers both orders give the same.
 */
static void min_max(QhT1 *t, const QhIrRecord *record)
{
    gboolean is_min = record->op == QH_IR_fmin;
    uint32_t op = (is_min ? QH_X_FMIN : QH_X_FMAX) | qh_t1_scalar(record->type);
    uint32_t join = is_min ? QH_X_ORPS : QH_X_ANDPS;
    QhReg a, b, d;
    QhT1Cold *cold;

    if (record->flags == QH_FMINMAX_X86) {
        QhRm second = qh_t1_rm_xmm(t, record->b);
        qh_x(&t->a, op, qh_t1_def_copy(t, record->a), second);
        return;
    }
    cold = qh_t1_fp_cold(t, record);
    a = cold->a;
    b = cold->b;
    d = qh_t1_def_late(t);
    cold->d = d;
    qh_x(&t->a, QH_X_UCOMIS | qh_t1_packed(record->type), a, qh_rm_reg(b));
    qh_t1_cold_jcc(t, cold, QH_IF_PE);
    if (has_avx(t)) {
        qh_x_vex(&t->a, op, QH_XMM(15), a, qh_rm_reg(b));
        qh_x_vex(&t->a, op, d, b, qh_rm_reg(a));
        qh_x_vex(&t->a, join, d, d, qh_rm_reg(QH_XMM(15)));
    } else {
        QhReg other = qh_t1_temp_xmm(t);
        qh_x(&t->a, QH_X_MOVAPS, QH_XMM(15), qh_rm_reg(a));
        qh_x(&t->a, op, QH_XMM(15), qh_rm_reg(b));
        qh_x(&t->a, QH_X_MOVAPS, other, qh_rm_reg(b));
        qh_x(&t->a, op, other, qh_rm_reg(a));
        qh_x(&t->a, join, QH_XMM(15), qh_rm_reg(other));
        qh_x(&t->a, QH_X_MOVAPS, d, qh_rm_reg(QH_XMM(15)));
    }
    qh_t1_cold_again(t, cold);
    qh_t1_cold_resume(t, cold);
}

/* d = a OP constant */
static void with_mask(QhT1 *t, const QhIrRecord *record, uint32_t op, const uint32_t (*masks)[4])
{
    QhRm mask = qh_rm_mem(QH_RAX, 0);
    uintptr_t at = (uintptr_t)masks[record->type == QH_TYPE_F64];
    QhReg a, d;

    if (has_avx(t)) {
        a = qh_t1_use_xmm(t, record->a);
        d = qh_t1_def_late(t);
        qh_x_mov_i(&t->a, QH_RAX, at);
        qh_x_vex(&t->a, op, d, a, mask);
    } else {
        d = qh_t1_def_copy(t, record->a);
        qh_x_mov_i(&t->a, QH_RAX, at);
        qh_x(&t->a, op, d, mask);
    }
    qh_t1_fp_place(t, record->type, d, d,
                   op == QH_X_ANDPS || qh_t1_fp_is_clean(t, record->a, record->type));
}

static void copy_sign(QhT1 *t, const QhIrRecord *record)
{
    gboolean wide = record->type == QH_TYPE_F64;
    QhReg b = qh_t1_use_xmm(t, record->b), d;

    qh_x_mov_i(&t->a, QH_RAX, (uintptr_t)sign_masks[wide]);
    qh_x(&t->a, QH_X_MOVAPS, QH_XMM(15), qh_rm_mem(QH_RAX, 0));
    qh_x(&t->a, QH_X_ANDPS, QH_XMM(15), qh_rm_reg(b));
    d = qh_t1_def_copy(t, record->a);
    qh_x_mov_i(&t->a, QH_RAX, (uintptr_t)other_masks[wide]);
    qh_x(&t->a, QH_X_ANDPS, d, qh_rm_mem(QH_RAX, 0));
    qh_x(&t->a, QH_X_ORPS, d, qh_rm_reg(QH_XMM(15)));
}

/* --- Comparison --- */

/* eax = bit 0: whether they are equal (and more bits) */
static void equal_bits(QhT1 *t, const QhIrRecord *record)
{
    QhReg a = qh_t1_use_xmm(t, record->a), b = qh_t1_use_xmm(t, record->b);

    if (record->flags & QH_FCMP_SIGNALING) {
        qh_x(&t->a, QH_X_COMIS | qh_t1_packed(record->type), a, qh_rm_reg(b));
    }
    if (has_avx(t)) {
        qh_x_vex_i8(&t->a, QH_X_CMPS | qh_t1_scalar(record->type), QH_XMM(15), a, qh_rm_reg(b), 0);
    } else {
        qh_x(&t->a, QH_X_MOVAPS, QH_XMM(15), qh_rm_reg(a));
        qh_x_i8(&t->a, QH_X_CMPS | qh_t1_scalar(record->type), QH_XMM(15), qh_rm_reg(b), 0);
    }
    qh_x(&t->a, QH_X_MOVD_ST, QH_XMM(15), qh_rm_reg(QH_RAX));
}

/* All but equality; an unordered pair sets carry, zero and parity (SDM volume 2, UCOMISD). */
static uint32_t compare(QhT1 *t, const QhIrRecord *record)
{
    uint32_t op =
        (record->flags & QH_FCMP_SIGNALING ? QH_X_COMIS : QH_X_UCOMIS) | qh_t1_packed(record->type);
    uint32_t condition = record->flags & 7;
    gboolean turned = condition != QH_FCOND_UNORDERED;
    QhReg left = qh_t1_use_xmm(t, turned ? record->b : record->a);

    qh_x(&t->a, op, left, qh_rm_reg(qh_t1_use_xmm(t, turned ? record->a : record->b)));
    return condition == QH_FCOND_LT ? QH_IF_A : condition == QH_FCOND_LE ? QH_IF_AE : QH_IF_PE;
}

uint32_t qh_t1_fp_condition(QhT1 *t, uint32_t which)
{
    const QhIrRecord *record = &t->records[which];

    if ((record->flags & 7) == QH_FCOND_EQ) {
        equal_bits(t, record);
        qh_x(&t->a, QH_X_TEST, QH_RAX, qh_rm_reg(QH_RAX));
        return QH_IF_NE;
    }
    return compare(t, record);
}

static void fcmp(QhT1 *t, const QhIrRecord *record)
{
    QhReg d;

    if (qh_t1_quiet_compare(t, record)) {
        return;
    }
    if ((record->flags & 7) == QH_FCOND_EQ) {
        equal_bits(t, record);
        d = qh_t1_def(t);
        qh_x_mov(&t->a, 0, d, QH_RAX);
        qh_x_alu_i(&t->a, QH_X_AND, qh_rm_reg(d), 1);
        return;
    }
    uint32_t condition = compare(t, record);
    qh_x_setcc(&t->a, condition, QH_RAX);
    d = qh_t1_def(t);
    qh_x(&t->a, QH_X_MOVZX8, d, qh_rm_reg(QH_RAX));
}

/* The comparison leaves zero, parity and carry flag, and 0 in the others. All processors with AVX
 * have LAHF in 64-bit mode; others choose bits by moves. */
static void flags_to_bits(QhT1 *t, QhReg d)
{
    static const uint8_t lahf[] = {0x9f, 0x0f, 0xb6, 0xc4}; /* lahf; movzx eax, ah */
    static const struct {
        uint32_t condition;
        int32_t bits;
    } cases[] = {
        {QH_IF_B,  8},
        {QH_IF_E,  6},
        {QH_IF_PE, 3}
    };

    if (has_avx(t)) {
        qh_x_bytes(&t->a, lahf, sizeof(lahf));
        qh_x(&t->a, QH_X_MOVZX8, d, qh_rm_sib(QH_RBP, QH_RAX, 0, QH_JIT_CPU_AT(compared)));
        return;
    }
    qh_x_mov_i(&t->a, d, 2);
    for (uint32_t i = 0; i < G_N_ELEMENTS(cases); i++) { /* moves keep the host's flags */
        qh_x_mov_i(&t->a, QH_RAX, (uint64_t)cases[i].bits);
        qh_x(&t->a, QH_X_CMOV + cases[i].condition, d, qh_rm_reg(QH_RAX));
    }
}

static void fcmp_bits(QhT1 *t, const QhIrRecord *record)
{
    uint32_t type = t->records[record->a].type;
    uint32_t op =
        (record->flags & QH_FCMP_SIGNALING ? QH_X_COMIS : QH_X_UCOMIS) | qh_t1_packed(type);
    QhReg left = qh_t1_use_xmm(t, record->a), right = qh_t1_use_xmm(t, record->b);
    QhReg d = t->alloc->values[t->i].uses != 0 ? qh_t1_def(t) : QH_NO_REG;

    qh_x(&t->a, op, left, qh_rm_reg(right));
    if (d != QH_NO_REG) {
        flags_to_bits(t, d);
    }
}

void qh_t1_fp_forget(QhT1 *t)
{
    (void)t; /* MXCSR rounds to nearest everywhere */
}

void qh_t1_lower_fp(QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_fadd:
        binary(t, record, QH_X_FADD);
        break;
    case QH_IR_fsub:
        binary(t, record, QH_X_FSUB);
        break;
    case QH_IR_fmul:
        binary(t, record, QH_X_FMUL);
        break;
    case QH_IR_fdiv:
        binary(t, record, QH_X_FDIV);
        break;
    case QH_IR_fsqrt:
        if (record->flags != QH_ROUND_NEAREST_EVEN) {
            qh_t1_fp_cold_only(t, record);
        } else {
            qh_t1_fp_unary(t, record, QH_X_FSQRT | qh_t1_scalar(record->type), FALSE);
        }
        break;
    case QH_IR_ffma:
        multiply_add(t, record);
        break;
    case QH_IR_fneg:
        with_mask(t, record, QH_X_XORPS, sign_masks);
        break;
    case QH_IR_fabs:
        with_mask(t, record, QH_X_ANDPS, other_masks);
        break;
    case QH_IR_fcopysign:
        copy_sign(t, record);
        break;
    case QH_IR_fmin:
    case QH_IR_fmax:
        min_max(t, record);
        break;
    case QH_IR_fcmp:
        fcmp(t, record);
        break;
    case QH_IR_fcmp_bits:
        fcmp_bits(t, record);
        break;
    default:
        qh_t1_lower_fp_convert(t, record);
        break;
    }
}
