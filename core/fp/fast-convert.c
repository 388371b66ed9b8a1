/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fast entries for comparison and conversion. Comparison needs no arithmetic at all: the bits of
 * two numbers order like integers. A conversion by the host is exact when converting back gives the
 * operand; that is the only flag in question for a number in range.
 */
#include "core/fp/float.h"

#include "core/fp/host-bits.h"
#include "core/fp/parts.h"

#include <float.h>

#define F64_INFINITY (UINT64_C(0x7ff) << 52)
#define F32_INFINITY 0x7f800000u

static gboolean rounds_to_even(const QhFpStatus *status)
{
    return FLT_EVAL_METHOD == 0 && status->rounding == QH_ROUND_NEAREST_EVEN;
}

/* Sign and magnitude to two's complement: both zeros become 0. */
static int64_t ordered(uint64_t bits)
{
    int64_t magnitude = (int64_t)(bits & INT64_MAX);

    return bits >> 63 ? -magnitude : magnitude;
}

static uint32_t order(int64_t a, int64_t b)
{
    if (a == b) {
        return QH_FP_EQUAL;
    }
    return a < b ? QH_FP_LESS : QH_FP_GREATER;
}

uint32_t qh_f64_compare(uint64_t a, uint64_t b, gboolean signaling, QhFpStatus *status)
{
    if ((a & INT64_MAX) <= F64_INFINITY && (b & INT64_MAX) <= F64_INFINITY &&
        !status->flush_inputs) {
        return order(ordered(a), ordered(b));
    }
    return qh_fp_compare(QH_FP_F64, (QhFpBits){a, 0}, (QhFpBits){b, 0}, signaling, status);
}

uint32_t qh_f32_compare(uint32_t a, uint32_t b, gboolean signaling, QhFpStatus *status)
{
    if ((a & INT32_MAX) <= F32_INFINITY && (b & INT32_MAX) <= F32_INFINITY &&
        !status->flush_inputs) {
        return order(ordered((uint64_t)a << 32), ordered((uint64_t)b << 32));
    }
    return qh_fp_compare(QH_FP_F32, (QhFpBits){a, 0}, (QhFpBits){b, 0}, signaling, status);
}

uint64_t qh_f32_to_f64(uint32_t a, QhFpStatus *status)
{
    uint32_t exponent = a & F32_INFINITY;

    if (exponent != 0 && exponent != F32_INFINITY) {
        return qh_f64_to_bits((double)qh_f32_of_bits(a));
    }
    return qh_fp_convert(QH_FP_F32, QH_FP_F64, (QhFpBits){a, 0}, status).lo;
}

uint32_t qh_f64_to_f32(uint64_t a, QhFpStatus *status)
{
    double value = qh_f64_of_bits(a);

    /* The normal range of binary32, its ends left out. */
    if (rounds_to_even(status) && __builtin_fabs(value) > (double)FLT_MIN &&
        __builtin_fabs(value) < (double)FLT_MAX) {
        float result = (float)value;

        status->flags |= (double)result != value ? QH_FP_INEXACT : 0;
        return qh_f32_to_bits(result);
    }
    return (uint32_t)qh_fp_convert(QH_FP_F64, QH_FP_F32, (QhFpBits){a, 0}, status).lo;
}

uint64_t qh_f64_from_int(uint64_t value, gboolean is_signed, QhFpStatus *status)
{
    int64_t number = (int64_t)value;

    /* 53 bits hold it: exact in any rounding. */
    if (FLT_EVAL_METHOD == 0 && (is_signed || number >= 0) && number >= -(INT64_C(1) << 53) &&
        number <= INT64_C(1) << 53) {
        return qh_f64_to_bits((double)number);
    }
    return qh_fp_from_int(QH_FP_F64, value, is_signed, status).lo;
}

uint32_t qh_f32_from_int(uint64_t value, gboolean is_signed, QhFpStatus *status)
{
    int64_t number = (int64_t)value;

    if (FLT_EVAL_METHOD == 0 && (is_signed || number >= 0) && number >= -(INT64_C(1) << 24) &&
        number <= INT64_C(1) << 24) {
        return qh_f32_to_bits((float)number);
    }
    return (uint32_t)qh_fp_from_int(QH_FP_F32, value, is_signed, status).lo;
}

uint64_t
qh_f64_to_int(uint64_t a, uint32_t bits, gboolean is_signed, uint32_t rule, QhFpStatus *status)
{
    double value = qh_f64_of_bits(a);
    double limit = bits == 32 ? 0x1p31 : 0x1p63;

    /* Positive for an unsigned result; a zero or subnormal input may have rules of its own. */
    if (status->rounding == QH_ROUND_ZERO && bits >= 32 && value < limit &&
        value > (is_signed ? -limit : 0.0) && __builtin_fabs(value) >= 1.0) {
        int64_t result = (int64_t)value;

        status->flags |= (double)result != value ? QH_FP_INEXACT : 0;
        return bits == 32 ? (uint32_t)result : (uint64_t)result;
    }
    return qh_fp_to_int(QH_FP_F64, (QhFpBits){a, 0}, bits, is_signed, rule, status);
}

uint64_t
qh_f32_to_int(uint32_t a, uint32_t bits, gboolean is_signed, uint32_t rule, QhFpStatus *status)
{
    uint32_t exponent = a & F32_INFINITY;

    if (exponent != 0 && exponent != F32_INFINITY) {
        return qh_f64_to_int(qh_f64_to_bits((double)qh_f32_of_bits(a)), bits, is_signed, rule,
                             status);
    }
    return qh_fp_to_int(QH_FP_F32, (QhFpBits){a, 0}, bits, is_signed, rule, status);
}
