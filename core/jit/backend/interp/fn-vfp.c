/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors of numbers, a lane at a time by core/fp, which the compiler's cold paths use, too. */
#include "core/fp/float.h"
#include "core/jit/backend/interp/cells.h"
#include "core/jit/jit-cpu.h"

typedef struct Vector {
    uint32_t format; /* QH_FP_F32 or F64 */
    uint32_t width;  /* of a lane, in bits */
    uint32_t lanes;
    uint32_t other; /* what QH_VF_OTHER was made from */
    QhCell128 a, b, c;
    QhFpStatus status;
} Vector;

static QhCell128 get(QhCpu *cpu, const QhT0Op *op, int16_t at)
{
    return op[1].type == QH_TYPE_V64 ? qh_get64(cpu, at) : qh_get128(cpu, at);
}

static Vector begin(QhCpu *cpu, const QhT0Op *op, uint32_t operands)
{
    const QhJitCpu *jit = qh_jit_of(cpu);
    uint32_t bytes = op[1].type == QH_TYPE_V64 ? 8 : 16;
    gboolean wide = (op[1].flags & 3) == QH_LANE_64;

    return (Vector){
        .format = wide ? QH_FP_F64 : QH_FP_F32,
        .width = wide ? 64 : 32,
        .lanes = bytes / (wide ? 8 : 4),
        .other = op[1].flags >> 5,
        .a = get(cpu, op, op->a),
        .b = operands > 1 ? get(cpu, op, op->b) : 0,
        .c = operands > 2 ? get(cpu, op, op->c) : 0,
        .status = {.rounding = op[1].flags >> 2 & 7,
                   .nan_rule = (uint8_t)jit->fp_nan_rule,
                   .tininess_before_rounding = (uint8_t)jit->fp_tininess,
                   .flags = cpu->fp_flags},
    };
}

static void end(QhCpu *cpu, const QhT0Op *op, const Vector *v, QhCell128 result)
{
    cpu->fp_flags = v->status.flags;
    if (op[1].type == QH_TYPE_V64) {
        qh_put64(cpu, op->d, (uint64_t)result);
    } else {
        qh_put128(cpu, op->d, result);
    }
}

static QhFpBits lane(QhCell128 vector, uint32_t i, uint32_t width)
{
    uint64_t bits = (uint64_t)(vector >> (i * width));

    return (QhFpBits){width == 64 ? bits : (uint32_t)bits, 0};
}

static void apply2(QhCpu *cpu, const QhT0Op *op, uint32_t fp_op)
{
    Vector v = begin(cpu, op, 2);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < v.lanes; i++) {
        QhFpBits bits = qh_fp_service.op2(v.format, fp_op, lane(v.a, i, v.width),
                                          lane(v.b, i, v.width), &v.status);
        result |= (QhCell128)bits.lo << (i * v.width);
    }
    end(cpu, op, &v, result);
}

static void vfadd(QhCpu *cpu, const QhT0Op *op)
{
    apply2(cpu, op, QH_FP_ADD);
}

static void vfsub(QhCpu *cpu, const QhT0Op *op)
{
    apply2(cpu, op, QH_FP_SUB);
}

static void vfmul(QhCpu *cpu, const QhT0Op *op)
{
    apply2(cpu, op, QH_FP_MUL);
}

static void vfdiv(QhCpu *cpu, const QhT0Op *op)
{
    apply2(cpu, op, QH_FP_DIV);
}

static void vfmin(QhCpu *cpu, const QhT0Op *op)
{
    static const uint8_t ops[] = {QH_FP_MIN, QH_FP_MINIMUM, QH_FP_MIN_X86, QH_FP_MINNUM};

    apply2(cpu, op, ops[op[1].flags >> 5 & 3]);
}

static void vfmax(QhCpu *cpu, const QhT0Op *op)
{
    static const uint8_t ops[] = {QH_FP_MAX, QH_FP_MAXIMUM, QH_FP_MAX_X86, QH_FP_MAXNUM};

    apply2(cpu, op, ops[op[1].flags >> 5 & 3]);
}

static void vffma(QhCpu *cpu, const QhT0Op *op)
{
    Vector v = begin(cpu, op, 3);
    uint32_t negate =
        (v.other & 1 ? QH_FMA_NEG_PRODUCT : 0) | (v.other & 2 ? QH_FMA_NEG_ADDEND : 0);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < v.lanes; i++) {
        QhFpBits bits = qh_fp_service.fma(v.format, negate, lane(v.a, i, v.width),
                                          lane(v.b, i, v.width), lane(v.c, i, v.width), &v.status);
        result |= (QhCell128)bits.lo << (i * v.width);
    }
    end(cpu, op, &v, result);
}

static gboolean holds(uint32_t order, uint32_t condition)
{
    switch (condition) {
    case QH_FCOND_EQ:
        return order == QH_FP_EQUAL;
    case QH_FCOND_LT:
        return order == QH_FP_LESS;
    case QH_FCOND_LE:
        return order == QH_FP_LESS || order == QH_FP_EQUAL;
    default:
        return order == QH_FP_UNORDERED;
    }
}

static void vfcmp(QhCpu *cpu, const QhT0Op *op)
{
    Vector v = begin(cpu, op, 2);
    QhCell128 ones = v.width == 64 ? UINT64_MAX : UINT32_MAX, result = 0;

    for (uint32_t i = 0; i < v.lanes; i++) {
        uint32_t order = qh_fp_service.compare(
            v.format, lane(v.a, i, v.width), lane(v.b, i, v.width), (v.other & 4) != 0, &v.status);
        result |= holds(order, v.other & 3) ? ones << (i * v.width) : 0;
    }
    end(cpu, op, &v, result);
}

/* Operation @op of one operand on @value. */
static uint64_t apply1(uint32_t op, Vector *v, QhFpBits value)
{
    uint32_t rule = v->other << 3;
    gboolean is_signed = op == QH_IR_vffrom_s || op == QH_IR_vfto_s;

    switch (op) {
    case QH_IR_vfsqrt:
        return qh_fp_service.sqrt(v->format, value, &v->status).lo;
    case QH_IR_vfround:
        return qh_fp_service.round_to_int(v->format, value, (v->other & 1) != 0, &v->status).lo;
    case QH_IR_vffrom_s:
    case QH_IR_vffrom_u:
        if (is_signed && v->width == 32) {
            value.lo = (uint64_t)(int64_t)(int32_t)value.lo;
        }
        return qh_fp_service.from_int(v->format, value.lo, is_signed, &v->status).lo;
    default:
        return qh_fp_service.to_int(v->format, value, v->width, is_signed, rule, &v->status);
    }
}

static void each(QhCpu *cpu, const QhT0Op *op, uint32_t ir_op)
{
    Vector v = begin(cpu, op, 1);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < v.lanes; i++) {
        result |= (QhCell128)apply1(ir_op, &v, lane(v.a, i, v.width)) << (i * v.width);
    }
    end(cpu, op, &v, result);
}

static void vfsqrt(QhCpu *cpu, const QhT0Op *op)
{
    each(cpu, op, QH_IR_vfsqrt);
}

static void vfround(QhCpu *cpu, const QhT0Op *op)
{
    each(cpu, op, QH_IR_vfround);
}

static void vffrom_s(QhCpu *cpu, const QhT0Op *op)
{
    each(cpu, op, QH_IR_vffrom_s);
}

static void vffrom_u(QhCpu *cpu, const QhT0Op *op)
{
    each(cpu, op, QH_IR_vffrom_u);
}

static void vfto_s(QhCpu *cpu, const QhT0Op *op)
{
    each(cpu, op, QH_IR_vfto_s);
}

static void vfto_u(QhCpu *cpu, const QhT0Op *op)
{
    each(cpu, op, QH_IR_vfto_u);
}

static void vfwiden(QhCpu *cpu, const QhT0Op *op)
{
    Vector v = begin(cpu, op, 1);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < 2; i++) {
        result |= (QhCell128)qh_f32_to_f64((uint32_t)lane(v.a, i, 32).lo, &v.status) << (i * 64);
    }
    end(cpu, op, &v, result);
}

static void vfnarrow(QhCpu *cpu, const QhT0Op *op)
{
    Vector v = begin(cpu, op, 1);
    QhCell128 result = 0;

    for (uint32_t i = 0; i < 2; i++) {
        result |= (QhCell128)qh_f64_to_f32(lane(v.a, i, 64).lo, &v.status) << (i * 32);
    }
    end(cpu, op, &v, result);
}

QhT0Fn qh_t0_vfp_fn(uint32_t op)
{
    static const QhT0Fn fns[] = {
        vfadd, vfsub,   vfmul,    vfdiv,    vfsqrt, vffma,  vfmin,   vfmax,
        vfcmp, vfround, vffrom_s, vffrom_u, vfto_s, vfto_u, vfwiden, vfnarrow,
    };

    return fns[op - QH_IR_vfadd];
}
