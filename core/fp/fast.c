/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's floating point for the common case: finite operands, rounding to nearest even, and a
 * result in the normal range. Then the host's result is the result, and the only flag in question
 * is inexact. It is found without the host's flags, whose reading costs more than the operation:
 *
 * - if inexact is already set, it does not matter;
 * - a sum is exact when the error term of Knuth's two-sum is zero (the term itself is always exact,
 *   and a sum that is tiny is exact, too);
 * - binary32 products and sums of three are computed in binary64, where the product is exact;
 * - for a product, quotient or root of binary64, integers decide: how far the last nonzero bit
 *   reaches, or whether multiplying back gives the operand.
 *
 * All else goes to the integer code. This file assumes that the host evaluates in the declared type
 * (FLT_EVAL_METHOD 0), and does not use the host at all where that is not so.
 */
#include "core/fp/float.h"

#include "core/fp/host-bits.h"
#include "core/fp/parts.h"

#include <float.h>
#include <math.h>

#define F64_FRACTION ((UINT64_C(1) << 52) - 1)
#define F64_INFINITY (UINT64_C(0x7ff) << 52)
#define F64_SIGN     (UINT64_C(1) << 63)
#define F32_INFINITY 0x7f800000u
#define F32_SIGN     0x80000000u

static gboolean may_use_host(const QhFpStatus *status)
{
    return FLT_EVAL_METHOD == 0 && status->rounding == QH_ROUND_NEAREST_EVEN &&
           !(status->flush_inputs | status->flush_results);
}

static gboolean is_finite32(uint32_t bits)
{
    return (bits & F32_INFINITY) != F32_INFINITY;
}

static gboolean is_finite64(uint64_t bits)
{
    return (bits & F64_INFINITY) != F64_INFINITY;
}

static gboolean is_zero32(uint32_t bits)
{
    return (bits & ~F32_SIGN) == 0;
}

static gboolean is_zero64(uint64_t bits)
{
    return (bits & ~F64_SIGN) == 0;
}

/* Neither zero, subnormal, infinite nor NaN: the exponent field is between its ends. */
static gboolean is_normal32(uint32_t bits)
{
    return (((bits >> 23) + 1) & 0xff) >= 2;
}

static gboolean is_normal64(uint64_t bits)
{
    return (((bits >> 52) + 1) & 0x7ff) >= 2;
}

/* As above, and not the smallest normal number, which an even smaller one may have rounded to. */
static gboolean is_safe32(uint32_t bits)
{
    return is_normal32(bits) && (bits & 0x7fffffff) != 0x00800000;
}

static gboolean is_safe64(uint64_t bits)
{
    return is_normal64(bits) && (bits & INT64_MAX) != UINT64_C(1) << 52;
}

static uint64_t significand64(uint64_t bits)
{
    return (bits & F64_FRACTION) | (UINT64_C(1) << 52);
}

/* Weight of the last place of a normal number, as a power of two. */
static int32_t last_place64(uint64_t bits)
{
    return (int32_t)((bits >> 52) & 0x7ff) - 1075;
}

/* a * b == product: its last nonzero bit is that of a times that of b. */
static gboolean is_exact_product(uint64_t a, uint64_t b, uint64_t product)
{
    int32_t last = last_place64(a) + __builtin_ctzll(significand64(a)) + last_place64(b) +
                   __builtin_ctzll(significand64(b));

    return last >= last_place64(product);
}

/* quotient * b == a; for a root: root * root == a. */
static gboolean is_exact_quotient(uint64_t a, uint64_t b, uint64_t quotient)
{
    int32_t shift = last_place64(a) - last_place64(b) - last_place64(quotient);
    QhWide back = (QhWide)significand64(b) * significand64(quotient);

    return shift >= 0 && shift < 64 && back == (QhWide)significand64(a) << shift;
}

/* The error of sum = a + b; zero if and only if it is exact. */
static float two_sum32(float a, float b, float sum)
{
    float b_part = sum - a;
    float a_part = sum - b_part;

    return (a - a_part) + (b - b_part);
}

static double two_sum64(double a, double b, double sum)
{
    double b_part = sum - a;
    double a_part = sum - b_part;

    return (a - a_part) + (b - b_part);
}

/* An integer that orders as the numbers do, -0 below +0. */
static int64_t order_key(uint64_t bits)
{
    return (int64_t)(bits >> 63 ? bits ^ INT64_MAX : bits);
}

/* Whether min or max is to return the first of two numbers, as upper-aligned bits. */
static gboolean takes_first(uint32_t op, uint64_t a, uint64_t b)
{
    gboolean less = order_key(a) < order_key(b);

    return (op == QH_FP_MIN || op == QH_FP_MINIMUM) == less;
}

static gboolean is_min_max(uint32_t op, const QhFpStatus *status)
{
    return op >= QH_FP_MIN && op <= QH_FP_MAXIMUM &&
           !(status->flush_inputs | status->flush_results);
}

static uint32_t slow32(uint32_t op, uint32_t a, uint32_t b, QhFpStatus *status)
{
    if (is_min_max(op, status) && (a & ~F32_SIGN) <= F32_INFINITY &&
        (b & ~F32_SIGN) <= F32_INFINITY) {
        return takes_first(op, (uint64_t)a << 32, (uint64_t)b << 32) ? a : b;
    }
    return (uint32_t)qh_fp_op2(QH_FP_F32, op, (QhFpBits){a, 0}, (QhFpBits){b, 0}, status).lo;
}

static uint64_t slow64(uint32_t op, uint64_t a, uint64_t b, QhFpStatus *status)
{
    if (is_min_max(op, status) && (a & ~F64_SIGN) <= F64_INFINITY &&
        (b & ~F64_SIGN) <= F64_INFINITY) {
        return takes_first(op, a, b) ? a : b;
    }
    return qh_fp_op2(QH_FP_F64, op, (QhFpBits){a, 0}, (QhFpBits){b, 0}, status).lo;
}

/* Each of the following returns whether the host could do it. */

static gboolean add32(uint32_t a, uint32_t b, uint32_t *ret_sum, QhFpStatus *status)
{
    float x = qh_f32_of_bits(a), y = qh_f32_of_bits(b);
    float sum = x + y;

    if (!is_finite32(a) || !is_finite32(b) || !is_finite32(qh_f32_to_bits(sum))) {
        return FALSE;
    }
    *ret_sum = qh_f32_to_bits(sum);
    status->flags |= two_sum32(x, y, sum) != 0 ? QH_FP_INEXACT : 0;
    return TRUE;
}

static gboolean
scale32(uint32_t op, uint32_t a, uint32_t b, uint32_t *ret_result, QhFpStatus *status)
{
    float x = qh_f32_of_bits(a), y = qh_f32_of_bits(b), result;
    gboolean inexact;

    if (!is_finite32(a) || !is_finite32(b) || (op == QH_FP_DIV && is_zero32(b))) {
        return FALSE;
    }
    if (op == QH_FP_MUL) {
        double product = (double)x * (double)y;
        result = (float)product;
        inexact = (double)result != product;
    } else {
        result = x / y;
        inexact = (double)result * (double)y != (double)x;
    }
    *ret_result = qh_f32_to_bits(result);
    if (!is_safe32(*ret_result)) {
        return is_zero32(a) || (op == QH_FP_MUL && is_zero32(b)); /* zero, exactly */
    }
    status->flags |= inexact ? QH_FP_INEXACT : 0;
    return TRUE;
}

uint32_t qh_f32_op2(uint32_t op, uint32_t a, uint32_t b, QhFpStatus *status)
{
    uint32_t result;

    if (may_use_host(status)) {
        switch (op) {
        case QH_FP_ADD:
            if (add32(a, b, &result, status)) {
                return result;
            }
            break;
        case QH_FP_SUB:
            if (add32(a, b ^ F32_SIGN, &result, status)) {
                return result;
            }
            break;
        case QH_FP_MUL:
        case QH_FP_DIV:
            if (scale32(op, a, b, &result, status)) {
                return result;
            }
            break;
        default:
            break;
        }
    }
    return slow32(op, a, b, status);
}

static gboolean add64(uint64_t a, uint64_t b, uint64_t *ret_sum, QhFpStatus *status)
{
    double x = qh_f64_of_bits(a), y = qh_f64_of_bits(b);
    double sum = x + y;

    if (!is_finite64(a) || !is_finite64(b) || !is_finite64(qh_f64_to_bits(sum))) {
        return FALSE;
    }
    *ret_sum = qh_f64_to_bits(sum);
    status->flags |= two_sum64(x, y, sum) != 0 ? QH_FP_INEXACT : 0;
    return TRUE;
}

static gboolean
scale64(uint32_t op, uint64_t a, uint64_t b, uint64_t *ret_result, QhFpStatus *status)
{
    if (!is_normal64(b) || !is_normal64(a)) {
        gboolean zero =
            (is_zero64(a) && is_normal64(b)) || (op == QH_FP_MUL && is_zero64(b) && is_finite64(a));
        *ret_result = (a ^ b) & F64_SIGN;
        return zero;
    }
    double x = qh_f64_of_bits(a), y = qh_f64_of_bits(b);
    uint64_t result = qh_f64_to_bits(op == QH_FP_MUL ? x * y : x / y);
    if (!is_safe64(result)) {
        return FALSE;
    }
    *ret_result = result;
    if (!(status->flags & QH_FP_INEXACT)) {
        gboolean exact =
            op == QH_FP_MUL ? is_exact_product(a, b, result) : is_exact_quotient(a, b, result);
        status->flags |= exact ? 0 : QH_FP_INEXACT;
    }
    return TRUE;
}

uint64_t qh_f64_op2(uint32_t op, uint64_t a, uint64_t b, QhFpStatus *status)
{
    uint64_t result;

    if (may_use_host(status)) {
        switch (op) {
        case QH_FP_ADD:
            if (add64(a, b, &result, status)) {
                return result;
            }
            break;
        case QH_FP_SUB:
            if (add64(a, b ^ F64_SIGN, &result, status)) {
                return result;
            }
            break;
        case QH_FP_MUL:
        case QH_FP_DIV:
            if (scale64(op, a, b, &result, status)) {
                return result;
            }
            break;
        default:
            break;
        }
    }
    return slow64(op, a, b, status);
}

/*
 * The exact product plus c, in binary64 rounded to odd: twice the precision of binary32 and two
 * more bits, so that rounding that again rounds as rounding once would.
 */
static double odd_sum(double product, double c)
{
    double sum = product + c;
    double error = two_sum64(product, c, sum);
    uint64_t bits = qh_f64_to_bits(sum);

    if (error != 0 && !(bits & 1)) {
        /* One step towards the exact value: away from zero if the error has the sum's sign. */
        bits += (error < 0) == (sum < 0) ? 1 : -UINT64_C(1);
    }
    return qh_f64_of_bits(bits);
}

uint32_t qh_f32_fma(uint32_t negate, uint32_t a, uint32_t b, uint32_t c, QhFpStatus *status)
{
    if (may_use_host(status) && is_finite32(a) && is_finite32(b) && is_finite32(c)) {
        double product = (double)qh_f32_of_bits(a) * (double)qh_f32_of_bits(b);
        double addend = (double)qh_f32_of_bits(c);
        double sum = odd_sum(negate & QH_FMA_NEG_PRODUCT ? -product : product,
                             negate & QH_FMA_NEG_ADDEND ? -addend : addend);
        float result = (float)sum;

        if (is_safe32(qh_f32_to_bits(result)) || sum == 0) {
            status->flags |= (double)result != sum ? QH_FP_INEXACT : 0;
            return qh_f32_to_bits(result);
        }
    }
    return (uint32_t)qh_fp_fma(QH_FP_F32, negate, (QhFpBits){a, 0}, (QhFpBits){b, 0},
                               (QhFpBits){c, 0}, status)
        .lo;
}

uint64_t qh_f64_fma(uint32_t negate, uint64_t a, uint64_t b, uint64_t c, QhFpStatus *status)
{
    /* Whether it is exact cannot be told cheaply: only when that is known already. */
    if (may_use_host(status) && (status->flags & QH_FP_INEXACT) && is_finite64(a) &&
        is_finite64(b) && is_finite64(c)) {
        double x = negate & QH_FMA_NEG_PRODUCT ? -qh_f64_of_bits(a) : qh_f64_of_bits(a);
        double result = fma(x, qh_f64_of_bits(b),
                            negate & QH_FMA_NEG_ADDEND ? -qh_f64_of_bits(c) : qh_f64_of_bits(c));

        if (is_safe64(qh_f64_to_bits(result))) {
            return qh_f64_to_bits(result);
        }
    }
    return qh_fp_fma(QH_FP_F64, negate, (QhFpBits){a, 0}, (QhFpBits){b, 0}, (QhFpBits){c, 0},
                     status)
        .lo;
}

uint32_t qh_f32_sqrt(uint32_t a, QhFpStatus *status)
{
    if (may_use_host(status) && is_normal32(a) && a >> 31 == 0) {
        float result = sqrtf(qh_f32_of_bits(a));

        status->flags |=
            (double)result * (double)result != (double)qh_f32_of_bits(a) ? QH_FP_INEXACT : 0;
        return qh_f32_to_bits(result);
    }
    return (uint32_t)qh_fp_sqrt(QH_FP_F32, (QhFpBits){a, 0}, status).lo;
}

uint64_t qh_f64_sqrt(uint64_t a, QhFpStatus *status)
{
    if (may_use_host(status) && is_normal64(a) && a >> 63 == 0) {
        uint64_t result = qh_f64_to_bits(sqrt(qh_f64_of_bits(a)));

        if (!(status->flags & QH_FP_INEXACT) && !is_exact_quotient(a, result, result)) {
            status->flags |= QH_FP_INEXACT;
        }
        return result;
    }
    return qh_fp_sqrt(QH_FP_F64, (QhFpBits){a, 0}, status).lo;
}
