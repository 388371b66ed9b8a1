/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Half precision against double precision: sums and products of halves are exact in a double, a
 * quotient is rounded to odd; scaling then makes the last place one. A sample of all pairs, or
 * every pair of numbers in every rounding mode, about two hours, with
 *
 *   build/tests/unit/unit-fp-half --all
 */
#include "core/fp/float.h"

#include <math.h>
#include <string.h>

#define STRIDE 9973u

static double value_of(uint32_t half)
{
    int exponent = (int)(half >> 10) & 31;
    double fraction = half & 1023;
    double magnitude;

    if (exponent == 31) {
        magnitude = fraction != 0 ? NAN : INFINITY;
    } else if (exponent != 0) {
        magnitude = ldexp(fraction + 1024, exponent - 25);
    } else {
        magnitude = ldexp(fraction, -24);
    }
    return half >> 15 ? -magnitude : magnitude;
}

/* @value, not zero, to an integer; it is far below 2^53. */
static double to_integer(double value, uint32_t rounding)
{
    switch (rounding) {
    case QH_ROUND_NEAREST_EVEN:
        return rint(value);
    case QH_ROUND_ZERO:
        return trunc(value);
    case QH_ROUND_DOWN:
        return floor(value);
    case QH_ROUND_UP:
        return ceil(value);
    default:
        return round(value);
    }
}

static double overflow(gboolean negative, uint32_t rounding, uint32_t *flags)
{
    gboolean to_infinity = rounding == QH_ROUND_NEAREST_EVEN || rounding == QH_ROUND_NEAREST_AWAY ||
                           rounding == (negative ? QH_ROUND_DOWN : QH_ROUND_UP);

    *flags |= QH_FP_OVERFLOW | QH_FP_INEXACT;
    return copysign(to_infinity ? INFINITY : 65504.0, negative ? -1.0 : 1.0);
}

static double round_half(double exact, uint32_t rounding, uint32_t *flags)
{
    if (exact == 0 || !isfinite(exact)) {
        return exact;
    }
    int exponent = ilogb(exact);
    gboolean tiny = FALSE;
    if (exponent < -14) {
        double unbounded = ldexp(to_integer(ldexp(exact, 10 - exponent), rounding), exponent - 10);
        tiny = fabs(unbounded) < 0x1p-14;
        exponent = -14;
    }
    double scaled = ldexp(exact, 10 - exponent);
    double rounded = to_integer(scaled, rounding);
    double result = ldexp(rounded, exponent - 10);
    if (fabs(result) > 65504.0) {
        return overflow(exact < 0, rounding, flags);
    }
    if (rounded != scaled) {
        *flags |= QH_FP_INEXACT | (tiny ? QH_FP_UNDERFLOW : 0);
    }
    return copysign(result, exact);
}

/* a / b with the last bit set if it is not exact. */
static double odd_quotient(double a, double b)
{
    double quotient = a / b;
    uint64_t bits;

    if (!isfinite(quotient) || quotient == 0) {
        return quotient;
    }
    double rest = fma(-quotient, b, a); /* what is missing, times b; exact */
    memcpy(&bits, &quotient, 8);
    if (rest != 0 && !(bits & 1)) {
        gboolean grow = (rest < 0) == (a < 0);
        bits += grow ? 1 : -UINT64_C(1);
    }
    memcpy(&quotient, &bits, 8);
    return quotient;
}

static double exact_result(uint32_t op, double a, double b, uint32_t rounding, uint32_t *flags)
{
    double result;

    switch (op) {
    case QH_FP_ADD:
    case QH_FP_SUB:
        b = op == QH_FP_SUB ? -b : b;
        result = a + b;
        if (result == 0 && signbit(a) != signbit(b)) {
            result = rounding == QH_ROUND_DOWN ? -0.0 : 0.0;
        }
        break;
    case QH_FP_MUL:
        result = a * b;
        break;
    default:
        *flags |= b == 0 && a != 0 && isfinite(a) ? QH_FP_DIVZERO : 0;
        result = odd_quotient(a, b);
        break;
    }
    *flags |= isnan(result) ? QH_FP_INVALID : 0;
    return result;
}

static void check(uint32_t op, uint32_t a, uint32_t b, uint32_t rounding)
{
    QhFpStatus status = {.rounding = (uint8_t)rounding};
    double x = value_of(a), y = value_of(b);
    uint32_t flags = 0;

    if (isnan(x) || isnan(y)) {
        return;
    }
    QhFpBits got = qh_fp_service.op2(QH_FP_F16, op, (QhFpBits){a, 0}, (QhFpBits){b, 0}, &status);
    double expected = round_half(exact_result(op, x, y, rounding, &flags), rounding, &flags);
    double result = value_of((uint32_t)got.lo);
    gboolean equal = isnan(expected) ? isnan(result)
                                     : result == expected && !signbit(result) == !signbit(expected);
    if (!equal || status.flags != flags) {
        g_error("op %u %04x %04x rounding %u: %04x flags %x, expected %a flags %x", op, a, b,
                rounding, (uint32_t)got.lo, status.flags, expected, flags);
    }
}

static void test_sample(gconstpointer data)
{
    uint32_t op = GPOINTER_TO_UINT(data);
    uint32_t rounding = 0;

    for (uint64_t pair = op; pair <= UINT32_MAX; pair += STRIDE) {
        check(op, (uint32_t)(pair >> 16), (uint32_t)pair & 0xffff, rounding);
        rounding = (rounding + 1) % 5;
    }
}

static void test_all(gconstpointer data)
{
    uint32_t op = GPOINTER_TO_UINT(data);

    for (uint32_t rounding = 0; rounding < 5; rounding++) {
        for (uint64_t pair = 0; pair <= UINT32_MAX; pair++) {
            check(op, (uint32_t)(pair >> 16), (uint32_t)pair & 0xffff, rounding);
        }
    }
}

int main(int argc, char **argv)
{
    gboolean all = argc == 2 && strcmp(argv[1], "--all") == 0;
    GTestDataFunc test = all ? test_all : test_sample;

    if (all) {
        argc = 1;
    }
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/fp/half/add", GUINT_TO_POINTER(QH_FP_ADD), test);
    g_test_add_data_func("/fp/half/sub", GUINT_TO_POINTER(QH_FP_SUB), test);
    g_test_add_data_func("/fp/half/mul", GUINT_TO_POINTER(QH_FP_MUL), test);
    g_test_add_data_func("/fp/half/div", GUINT_TO_POINTER(QH_FP_DIV), test);
    return g_test_run();
}
