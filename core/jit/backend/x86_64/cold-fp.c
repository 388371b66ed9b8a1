/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating-point operations that the host's instructions do otherwise than the guest wants: NaNs,
 * other rounding modes, integers out of range. All go to core/fp, as the interpreter's do. */
#include "core/fp/float.h"
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/jit-cpu.h"

typedef struct Operands {
    uint64_t a, b, c;
} Operands;

static uint32_t op_of(const QhT1Cold *cold)
{
    return cold->x & 0xfff;
}

static uint32_t type_to(const QhT1Cold *cold)
{
    return cold->x >> 12 & 0xff;
}

static uint32_t type_from(const QhT1Cold *cold)
{
    return cold->x >> 20 & 0xff;
}

static uint32_t format_of(uint32_t type)
{
    return type == QH_TYPE_F32 ? QH_FP_F32 : QH_FP_F64;
}

static uint64_t get(const QhT1Regs *regs, QhReg reg, uint32_t type)
{
    uint64_t bits = reg == QH_NO_REG ? 0 : QH_IS_XMM(reg) ? regs->xmm[reg & 15][0] : regs->gpr[reg];

    return type == QH_TYPE_F32 || type == QH_TYPE_I32 ? (uint32_t)bits : bits;
}

static void put(QhT1Regs *regs, QhReg reg, uint64_t value)
{
    if (QH_IS_XMM(reg)) {
        regs->xmm[reg & 15][0] = value;
        regs->xmm[reg & 15][1] = 0;
    } else {
        regs->gpr[reg] = value;
    }
}

static uint64_t op2(const QhT1Cold *cold, uint32_t op, const Operands *operands, QhFpStatus *status)
{
    return type_to(cold) == QH_TYPE_F32
               ? qh_f32_op2(op, (uint32_t)operands->a, (uint32_t)operands->b, status)
               : qh_f64_op2(op, operands->a, operands->b, status);
}

static uint64_t min_max(const QhT1Cold *cold, const Operands *operands, QhFpStatus *status)
{
    gboolean is_min = op_of(cold) == QH_IR_fmin;

    status->rounding = QH_ROUND_NEAREST_EVEN;
    if (cold->y == QH_FMINMAX_X86) {
        return op2(cold, is_min ? QH_FP_MIN_X86 : QH_FP_MAX_X86, operands, status);
    }
    if (cold->y == QH_FMINMAX_NUM) {
        return op2(cold, is_min ? QH_FP_MINNUM : QH_FP_MAXNUM, operands, status);
    }
    if (cold->y == QH_FMINMAX_NAN) {
        return op2(cold, is_min ? QH_FP_MINIMUM : QH_FP_MAXIMUM, operands, status);
    }
    return op2(cold, is_min ? QH_FP_MIN : QH_FP_MAX, operands, status);
}

static uint64_t multiply_add(const QhT1Cold *cold, const Operands *operands, QhFpStatus *status)
{
    uint32_t negate = cold->y & (QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND);

    return type_to(cold) == QH_TYPE_F32
               ? qh_f32_fma(negate, (uint32_t)operands->a, (uint32_t)operands->b,
                            (uint32_t)operands->c, status)
               : qh_f64_fma(negate, operands->a, operands->b, operands->c, status);
}

static uint64_t
from_int(const QhT1Cold *cold, uint64_t value, gboolean is_signed, QhFpStatus *status)
{
    if (type_from(cold) == QH_TYPE_I32 && is_signed) {
        value = (uint64_t)(int64_t)(int32_t)value;
    }
    return type_to(cold) == QH_TYPE_F32 ? qh_f32_from_int(value, is_signed, status)
                                        : qh_f64_from_int(value, is_signed, status);
}

static uint64_t to_int(const QhT1Cold *cold, uint64_t value, gboolean is_signed, QhFpStatus *status)
{
    uint32_t width = type_to(cold) == QH_TYPE_I32 ? 32 : 64, rule = cold->y & (3u << 3);

    return type_from(cold) == QH_TYPE_F32
               ? qh_f32_to_int((uint32_t)value, width, is_signed, rule, status)
               : qh_f64_to_int(value, width, is_signed, rule, status);
}

static uint64_t convert(const QhT1Cold *cold, uint64_t a, QhFpStatus *status)
{
    switch (op_of(cold)) {
    case QH_IR_f32to64:
        return qh_f32_to_f64((uint32_t)a, status);
    case QH_IR_f64to32:
        return qh_f64_to_f32(a, status);
    case QH_IR_ffrom_s:
        return from_int(cold, a, TRUE, status);
    case QH_IR_ffrom_u:
        return from_int(cold, a, FALSE, status);
    case QH_IR_fto_s:
        return to_int(cold, a, TRUE, status);
    case QH_IR_fto_u:
        return to_int(cold, a, FALSE, status);
    default: /* fround */
        return qh_fp_service
            .round_to_int(format_of(type_to(cold)), (QhFpBits){a, 0}, (cold->y & 8) != 0, status)
            .lo;
    }
}

static uint64_t compute(const QhT1Cold *cold, const Operands *operands, QhFpStatus *status)
{
    switch (op_of(cold)) {
    case QH_IR_fadd:
        return op2(cold, QH_FP_ADD, operands, status);
    case QH_IR_fsub:
        return op2(cold, QH_FP_SUB, operands, status);
    case QH_IR_fmul:
        return op2(cold, QH_FP_MUL, operands, status);
    case QH_IR_fdiv:
        return op2(cold, QH_FP_DIV, operands, status);
    case QH_IR_fsqrt:
        return type_to(cold) == QH_TYPE_F32 ? qh_f32_sqrt((uint32_t)operands->a, status)
                                            : qh_f64_sqrt(operands->a, status);
    case QH_IR_ffma:
        return multiply_add(cold, operands, status);
    case QH_IR_fmin:
    case QH_IR_fmax:
        return min_max(cold, operands, status);
    default:
        return convert(cold, operands->a, status);
    }
}

uint32_t qh_t1_cold_fp(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    const QhJitCpu *jit = qh_jit_of(cpu);
    uint32_t type = type_from(cold);
    Operands operands = {get(regs, cold->a, type), get(regs, cold->b, type),
                         get(regs, cold->c, type)};
    QhFpStatus status = {.rounding = (uint8_t)(cold->y & 7),
                         .nan_rule = (uint8_t)jit->fp_nan_rule,
                         .tininess_before_rounding = (uint8_t)jit->fp_tininess,
                         .flags = cpu->fp_flags};

    put(regs, cold->d, compute(cold, &operands, &status));
    cpu->fp_flags = status.flags;
    return QH_T1_RESUME;
}

uint32_t qh_t1_cold_nan(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    (void)cpu;
    put(regs, cold->d,
        type_to(cold) == QH_TYPE_F32 ? 0x7fc00000u : G_GUINT64_CONSTANT(0x7ff8000000000000));
    return QH_T1_RESUME;
}

/* Infinity times zero is invalid even when a quiet NaN is added, of which the host says nothing. */
uint32_t qh_t1_cold_fma_nan(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    uint32_t type = type_from(cold);
    uint64_t a = get(regs, cold->a, type) << (type == QH_TYPE_F32 ? 33 : 1);
    uint64_t b = get(regs, cold->b, type) << (type == QH_TYPE_F32 ? 33 : 1);
    uint64_t infinity =
        type == QH_TYPE_F32 ? G_GUINT64_CONSTANT(0xff) << 56 : G_GUINT64_CONSTANT(0x7ff) << 53;

    if ((a == infinity && b == 0) || (b == infinity && a == 0)) {
        cpu->fp_flags |= QH_FP_INVALID;
    }
    return qh_t1_cold_nan(cpu, cold, regs);
}
