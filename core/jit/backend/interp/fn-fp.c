/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating point: all of it is core/fp's, which uses the host's where that gives the same bits. */
#include "core/fp/float.h"
#include "core/jit/backend/interp/cells.h"
#include "core/jit/jit-cpu.h"

/*
 * Member by member and in place: a copy of the whole would have to wait until all these stores have
 * left the store buffer, which takes longer than the operation.
 */
static inline void begin(QhCpu *cpu, const QhT0Op *op, QhFpStatus *status)
{
    const QhJitCpu *jit = qh_jit_of(cpu);

    status->rounding = op[1].flags & 7;
    status->nan_rule = (uint8_t)jit->fp_nan_rule;
    status->tininess_before_rounding = (uint8_t)jit->fp_tininess;
    status->flush_inputs = 0;
    status->flush_results = 0;
    status->flags = cpu->fp_flags;
}

#define FP(name, expression32, expression64)                                                       \
    static void name##_32(QhCpu *cpu, const QhT0Op *op)                                            \
    {                                                                                              \
        QhFpStatus status;                                                                         \
        begin(cpu, op, &status);                                                                   \
        uint32_t a = qh_get32(cpu, op->a), b = qh_get32(cpu, op->b);                               \
        (void)b;                                                                                   \
        qh_put32(cpu, op->d, expression32);                                                        \
        cpu->fp_flags = status.flags;                                                              \
    }                                                                                              \
    static void name##_64(QhCpu *cpu, const QhT0Op *op)                                            \
    {                                                                                              \
        QhFpStatus status;                                                                         \
        begin(cpu, op, &status);                                                                   \
        uint64_t a = qh_get64(cpu, op->a), b = qh_get64(cpu, op->b);                               \
        (void)b;                                                                                   \
        qh_put64(cpu, op->d, expression64);                                                        \
        cpu->fp_flags = status.flags;                                                              \
    }

#define SIGN32 0x80000000u
#define SIGN64 G_GUINT64_CONSTANT(0x8000000000000000)
FP(fadd, qh_f32_op2(QH_FP_ADD, a, b, &status), qh_f64_op2(QH_FP_ADD, a, b, &status))
FP(fsub, qh_f32_op2(QH_FP_SUB, a, b, &status), qh_f64_op2(QH_FP_SUB, a, b, &status))
FP(fmul, qh_f32_op2(QH_FP_MUL, a, b, &status), qh_f64_op2(QH_FP_MUL, a, b, &status))
FP(fdiv, qh_f32_op2(QH_FP_DIV, a, b, &status), qh_f64_op2(QH_FP_DIV, a, b, &status))
FP(fsqrt, qh_f32_sqrt(a, &status), qh_f64_sqrt(a, &status))
FP(fneg, a ^ SIGN32, a ^ SIGN64)
FP(fabs_, a & ~SIGN32, a & ~SIGN64)
FP(fcopysign, (a & ~SIGN32) | (b & SIGN32), (a & ~SIGN64) | (b & SIGN64))

static void ffma_32(QhCpu *cpu, const QhT0Op *op)
{
    QhFpStatus status;

    begin(cpu, op, &status);
    qh_put32(cpu, op->d,
             qh_f32_fma(op[1].flags & (QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND),
                        qh_get32(cpu, op->a), qh_get32(cpu, op->b), qh_get32(cpu, op->c), &status));
    cpu->fp_flags = status.flags;
}

static void ffma_64(QhCpu *cpu, const QhT0Op *op)
{
    QhFpStatus status;

    begin(cpu, op, &status);
    qh_put64(cpu, op->d,
             qh_f64_fma(op[1].flags & (QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND),
                        qh_get64(cpu, op->a), qh_get64(cpu, op->b), qh_get64(cpu, op->c), &status));
    cpu->fp_flags = status.flags;
}

static QhFpBits bits(QhCpu *cpu, int16_t at, uint32_t format)
{
    return (QhFpBits){format == QH_FP_F32 ? qh_get32(cpu, at) : qh_get64(cpu, at), 0};
}

static void put(QhCpu *cpu, int16_t at, uint32_t format, uint64_t value)
{
    if (format == QH_FP_F32) {
        qh_put32(cpu, at, (uint32_t)value);
    } else {
        qh_put64(cpu, at, value);
    }
}

static uint32_t format_of(uint32_t type)
{
    return type == QH_TYPE_F32 ? QH_FP_F32 : QH_FP_F64;
}

/* SSE MINSD, MAXSD: the second operand unless the first is strictly less or greater; QNaN raises
 * invalid (Intel SDM vol. 2, "MINSD"). */
static uint64_t
minmax_x86(uint32_t format, gboolean is_min, QhFpBits a, QhFpBits b, QhFpStatus *status)
{
    uint32_t order = qh_fp_service.compare(format, a, b, TRUE, status);

    return order == (is_min ? QH_FP_LESS : QH_FP_GREATER) ? a.lo : b.lo;
}

/* QH_FP_MIN ... of the service by the record's flags. */
static uint32_t minmax_op(uint32_t flags, gboolean is_min)
{
    switch (flags) {
    case QH_FMINMAX_NAN:
        return is_min ? QH_FP_MINIMUM : QH_FP_MAXIMUM;
    case QH_FMINMAX_NUM:
        return is_min ? QH_FP_MINNUM : QH_FP_MAXNUM;
    default:
        return is_min ? QH_FP_MIN : QH_FP_MAX;
    }
}

static void fminmax(QhCpu *cpu, const QhT0Op *op, gboolean is_min)
{
    uint32_t format = format_of(op[1].type);
    QhFpBits a = bits(cpu, op->a, format), b = bits(cpu, op->b, format);
    QhFpStatus status;
    uint64_t result;

    begin(cpu, op, &status);
    status.rounding = QH_ROUND_NEAREST_EVEN;
    if (op[1].flags == QH_FMINMAX_X86) {
        result = minmax_x86(format, is_min, a, b, &status);
    } else {
        result = qh_fp_service.op2(format, minmax_op(op[1].flags, is_min), a, b, &status).lo;
    }
    put(cpu, op->d, format, result);
    cpu->fp_flags = status.flags;
}

static void fmin_(QhCpu *cpu, const QhT0Op *op)
{
    fminmax(cpu, op, TRUE);
}

static void fmax_(QhCpu *cpu, const QhT0Op *op)
{
    fminmax(cpu, op, FALSE);
}

static void fcmp(QhCpu *cpu, const QhT0Op *op)
{
    gboolean signaling = (op[1].flags & QH_FCMP_SIGNALING) != 0;
    QhFpStatus status;
    uint32_t order;
    gboolean holds;

    begin(cpu, op, &status);
    order = op[1].type == QH_TYPE_F32
                ? qh_f32_compare(qh_get32(cpu, op->a), qh_get32(cpu, op->b), signaling, &status)
                : qh_f64_compare(qh_get64(cpu, op->a), qh_get64(cpu, op->b), signaling, &status);
    switch (op[1].flags & 7) {
    case QH_FCOND_EQ:
        holds = order == QH_FP_EQUAL;
        break;
    case QH_FCOND_LT:
        holds = order == QH_FP_LESS;
        break;
    case QH_FCOND_LE:
        holds = order == QH_FP_LESS || order == QH_FP_EQUAL;
        break;
    default:
        holds = order == QH_FP_UNORDERED;
        break;
    }
    qh_put64(cpu, op->d, holds ? 1 : 0);
    cpu->fp_flags = status.flags;
}

static void compare_bits(QhCpu *cpu, const QhT0Op *op, uint32_t format)
{
    static const uint8_t results[] = {
        [QH_FP_LESS] = 8, [QH_FP_EQUAL] = 6, [QH_FP_GREATER] = 2, [QH_FP_UNORDERED] = 3};
    QhFpStatus status;

    begin(cpu, op, &status);
    uint32_t order =
        qh_fp_service.compare(format, bits(cpu, op->a, format), bits(cpu, op->b, format),
                              (op[1].flags & QH_FCMP_SIGNALING) != 0, &status);
    qh_put64(cpu, op->d, results[order]);
    cpu->fp_flags = status.flags;
}

static void fcmp_bits_32(QhCpu *cpu, const QhT0Op *op)
{
    compare_bits(cpu, op, QH_FP_F32);
}

static void fcmp_bits_64(QhCpu *cpu, const QhT0Op *op)
{
    compare_bits(cpu, op, QH_FP_F64);
}

static void fround(QhCpu *cpu, const QhT0Op *op)
{
    uint32_t format = format_of(op[1].type);
    QhFpStatus status;

    begin(cpu, op, &status);
    put(cpu, op->d, format,
        qh_fp_service
            .round_to_int(format, bits(cpu, op->a, format), (op[1].flags & 8) != 0, &status)
            .lo);
    cpu->fp_flags = status.flags;
}

static void f32to64(QhCpu *cpu, const QhT0Op *op)
{
    QhFpStatus status;

    begin(cpu, op, &status);
    qh_put64(cpu, op->d, qh_f32_to_f64(qh_get32(cpu, op->a), &status));
    cpu->fp_flags = status.flags;
}

static void f64to32(QhCpu *cpu, const QhT0Op *op)
{
    QhFpStatus status;

    begin(cpu, op, &status);
    qh_put32(cpu, op->d, qh_f64_to_f32(qh_get64(cpu, op->a), &status));
    cpu->fp_flags = status.flags;
}

static void from_int(QhCpu *cpu, const QhT0Op *op, uint64_t value, gboolean is_signed)
{
    QhFpStatus status;

    begin(cpu, op, &status);
    if (op[1].type == QH_TYPE_F32) {
        qh_put32(cpu, op->d, qh_f32_from_int(value, is_signed, &status));
    } else {
        qh_put64(cpu, op->d, qh_f64_from_int(value, is_signed, &status));
    }
    cpu->fp_flags = status.flags;
}

static void from_s64(QhCpu *cpu, const QhT0Op *op)
{
    from_int(cpu, op, qh_get64(cpu, op->a), TRUE);
}

static void from_u64(QhCpu *cpu, const QhT0Op *op)
{
    from_int(cpu, op, qh_get64(cpu, op->a), FALSE);
}

static void from_s32(QhCpu *cpu, const QhT0Op *op)
{
    from_int(cpu, op, (uint64_t)(int64_t)(int32_t)qh_get32(cpu, op->a), TRUE);
}

static void from_u32(QhCpu *cpu, const QhT0Op *op)
{
    from_int(cpu, op, qh_get32(cpu, op->a), FALSE);
}

static void to_int(QhCpu *cpu, const QhT0Op *op, gboolean is_f32, gboolean is_signed)
{
    uint32_t width = op[1].type == QH_TYPE_I32 ? 32 : 64, rule = op[1].flags & (3u << 3);
    QhFpStatus status;
    uint64_t value;

    begin(cpu, op, &status);
    value = is_f32 ? qh_f32_to_int(qh_get32(cpu, op->a), width, is_signed, rule, &status)
                   : qh_f64_to_int(qh_get64(cpu, op->a), width, is_signed, rule, &status);
    if (width == 32) {
        qh_put32(cpu, op->d, (uint32_t)value);
    } else {
        qh_put64(cpu, op->d, value);
    }
    cpu->fp_flags = status.flags;
}

static void f32_to_s(QhCpu *cpu, const QhT0Op *op)
{
    to_int(cpu, op, TRUE, TRUE);
}

static void f32_to_u(QhCpu *cpu, const QhT0Op *op)
{
    to_int(cpu, op, TRUE, FALSE);
}

static void f64_to_s(QhCpu *cpu, const QhT0Op *op)
{
    to_int(cpu, op, FALSE, TRUE);
}

static void f64_to_u(QhCpu *cpu, const QhT0Op *op)
{
    to_int(cpu, op, FALSE, FALSE);
}

#define PAIR(name, fn)                                                                             \
    case QH_IR_##name:                                                                             \
        return record->type == QH_TYPE_F32 ? fn##_32 : fn##_64

static QhT0Fn conversion_fn(const QhIrRecord *record, uint32_t from_type)
{
    switch (record->op) {
    case QH_IR_f32to64:
        return f32to64;
    case QH_IR_f64to32:
        return f64to32;
    case QH_IR_ffrom_s:
        return from_type == QH_TYPE_I32 ? from_s32 : from_s64;
    case QH_IR_ffrom_u:
        return from_type == QH_TYPE_I32 ? from_u32 : from_u64;
    case QH_IR_fto_s:
        return from_type == QH_TYPE_F32 ? f32_to_s : f64_to_s;
    case QH_IR_fto_u:
        return from_type == QH_TYPE_F32 ? f32_to_u : f64_to_u;
    case QH_IR_fcmp_bits:
        return from_type == QH_TYPE_F32 ? fcmp_bits_32 : fcmp_bits_64;
    default:
        return qh_t0_fp_flags_fn(record->op);
    }
}

QhT0Fn qh_t0_fp_fn(const QhIrRecord *record, uint32_t from_type)
{
    switch (record->op) {
        PAIR(fadd, fadd);
        PAIR(fsub, fsub);
        PAIR(fmul, fmul);
        PAIR(fdiv, fdiv);
        PAIR(fsqrt, fsqrt);
        PAIR(ffma, ffma);
        PAIR(fneg, fneg);
        PAIR(fabs, fabs_);
        PAIR(fcopysign, fcopysign);
    case QH_IR_fmin:
        return fmin_;
    case QH_IR_fmax:
        return fmax_;
    case QH_IR_fcmp:
        return fcmp;
    case QH_IR_fround:
        return fround;
    default:
        return conversion_fn(record, from_type);
    }
}
