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

const QhFpService qh_fp_service = {
    .size = sizeof(QhFpService),
    .op2 = service_op2,
    .sqrt = service_sqrt,
    .fma = service_fma,
    .compare = qh_fp_compare,
    .convert = qh_fp_convert,
    .round_to_int = qh_fp_round_to_int,
    .from_int = qh_fp_from_int,
    .to_int = qh_fp_to_int,
};
