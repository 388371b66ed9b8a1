/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service "qh.fp". Binary32 and binary64 take the fast entries, the rest the integer code. */
#include "core/fp/float.h"

#include "core/fp/parts.h"

static QhFpBits
service_op2(uint32_t format, uint32_t op, QhFpBits a, QhFpBits b, QhFpStatus *status)
{
    switch (format) {
    case QH_FP_F32:
        return (QhFpBits){qh_f32_op2(op, (uint32_t)a.lo, (uint32_t)b.lo, status), 0};
    case QH_FP_F64:
        return (QhFpBits){qh_f64_op2(op, a.lo, b.lo, status), 0};
    default:
        return qh_fp_op2(format, op, a, b, status);
    }
}

static QhFpBits service_sqrt(uint32_t format, QhFpBits a, QhFpStatus *status)
{
    switch (format) {
    case QH_FP_F32:
        return (QhFpBits){qh_f32_sqrt((uint32_t)a.lo, status), 0};
    case QH_FP_F64:
        return (QhFpBits){qh_f64_sqrt(a.lo, status), 0};
    default:
        return qh_fp_sqrt(format, a, status);
    }
}

static QhFpBits service_fma(
    uint32_t format, uint32_t negate, QhFpBits a, QhFpBits b, QhFpBits c, QhFpStatus *status)
{
    switch (format) {
    case QH_FP_F32:
        return (QhFpBits){
            qh_f32_fma(negate, (uint32_t)a.lo, (uint32_t)b.lo, (uint32_t)c.lo, status), 0};
    case QH_FP_F64:
        return (QhFpBits){qh_f64_fma(negate, a.lo, b.lo, c.lo, status), 0};
    default:
        return qh_fp_fma(format, negate, a, b, c, status);
    }
}

static uint32_t
service_compare(uint32_t format, QhFpBits a, QhFpBits b, gboolean signaling, QhFpStatus *status)
{
    switch (format) {
    case QH_FP_F32:
        return qh_f32_compare((uint32_t)a.lo, (uint32_t)b.lo, signaling, status);
    case QH_FP_F64:
        return qh_f64_compare(a.lo, b.lo, signaling, status);
    default:
        return qh_fp_compare(format, a, b, signaling, status);
    }
}

static QhFpBits service_convert(uint32_t from, uint32_t to, QhFpBits a, QhFpStatus *status)
{
    if (from == QH_FP_F32 && to == QH_FP_F64) {
        return (QhFpBits){qh_f32_to_f64((uint32_t)a.lo, status), 0};
    }
    if (from == QH_FP_F64 && to == QH_FP_F32) {
        return (QhFpBits){qh_f64_to_f32(a.lo, status), 0};
    }
    return qh_fp_convert(from, to, a, status);
}

static QhFpBits
service_from_int(uint32_t format, uint64_t value, gboolean is_signed, QhFpStatus *status)
{
    switch (format) {
    case QH_FP_F32:
        return (QhFpBits){qh_f32_from_int(value, is_signed, status), 0};
    case QH_FP_F64:
        return (QhFpBits){qh_f64_from_int(value, is_signed, status), 0};
    default:
        return qh_fp_from_int(format, value, is_signed, status);
    }
}

static uint64_t service_to_int(uint32_t format,
                               QhFpBits a,
                               uint32_t bits,
                               gboolean is_signed,
                               uint32_t rule,
                               QhFpStatus *status)
{
    switch (format) {
    case QH_FP_F32:
        return qh_f32_to_int((uint32_t)a.lo, bits, is_signed, rule, status);
    case QH_FP_F64:
        return qh_f64_to_int(a.lo, bits, is_signed, rule, status);
    default:
        return qh_fp_to_int(format, a, bits, is_signed, rule, status);
    }
}

const QhFpService qh_fp_service = {
    .size = sizeof(QhFpService),
    .op2 = service_op2,
    .sqrt = service_sqrt,
    .fma = service_fma,
    .compare = service_compare,
    .convert = service_convert,
    .round_to_int = qh_fp_round_to_int,
    .from_int = service_from_int,
    .to_int = service_to_int,
};
