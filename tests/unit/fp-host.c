/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core/fp against the host's own floating point: binary32 and binary64, the four rounding modes of
 * <fenv.h>, results and flags. NaNs are compared as NaNs; which one is in fp-nan.c.
 */
#include "core/fp/float.h"
#include "core/fp/parts.h"
#include "tests/unit/fp-vectors.h"

#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SQRT 100u
#define FMA  101u

static const int host_rounding[] = {
    [QH_ROUND_NEAREST_EVEN] = FE_TONEAREST,
    [QH_ROUND_ZERO] = FE_TOWARDZERO,
    [QH_ROUND_DOWN] = FE_DOWNWARD,
    [QH_ROUND_UP] = FE_UPWARD,
};

typedef struct Result {
    uint64_t bits;
    uint32_t flags;
} Result;

static void host_begin(uint32_t rounding)
{
    fesetround(host_rounding[rounding]);
    feclearexcept(FE_ALL_EXCEPT);
}

static uint32_t host_end(void)
{
    int host = fetestexcept(FE_ALL_EXCEPT);

    fesetround(FE_TONEAREST);
    return (host & FE_INEXACT ? QH_FP_INEXACT : 0) | (host & FE_UNDERFLOW ? QH_FP_UNDERFLOW : 0) |
           (host & FE_OVERFLOW ? QH_FP_OVERFLOW : 0) | (host & FE_DIVBYZERO ? QH_FP_DIVZERO : 0) |
           (host & FE_INVALID ? QH_FP_INVALID : 0);
}

/* Volatile keeps the operation between host_begin and host_end. */
static Result host64(uint32_t op, const QhFpBits *p, uint32_t rounding)
{
    volatile double x, y, z, r = 0;
    Result result;

    memcpy((void *)&x, &p[0].lo, 8);
    memcpy((void *)&y, &p[1].lo, 8);
    memcpy((void *)&z, &p[2].lo, 8);
    host_begin(rounding);
    switch (op) {
    case QH_FP_ADD:
        r = x + y;
        break;
    case QH_FP_SUB:
        r = x - y;
        break;
    case QH_FP_MUL:
        r = x * y;
        break;
    case QH_FP_DIV:
        r = x / y;
        break;
    case SQRT:
        r = sqrt(x);
        break;
    default:
        r = fma(x, y, z);
        break;
    }
    result.flags = host_end();
    memcpy(&result.bits, (void *)&r, 8);
    return result;
}

static Result host32(uint32_t op, const QhFpBits *p, uint32_t rounding)
{
    volatile float x, y, z, r = 0;
    Result result = {0};

    memcpy((void *)&x, &p[0].lo, 4);
    memcpy((void *)&y, &p[1].lo, 4);
    memcpy((void *)&z, &p[2].lo, 4);
    host_begin(rounding);
    switch (op) {
    case QH_FP_ADD:
        r = x + y;
        break;
    case QH_FP_SUB:
        r = x - y;
        break;
    case QH_FP_MUL:
        r = x * y;
        break;
    case QH_FP_DIV:
        r = x / y;
        break;
    case SQRT:
        r = sqrtf(x);
        break;
    default:
        r = fmaf(x, y, z);
        break;
    }
    result.flags = host_end();
    memcpy(&result.bits, (void *)&r, 4);
    return result;
}

static Result ours(uint32_t format, uint32_t op, const QhFpBits *p, QhFpStatus status)
{
    QhFpBits bits;

    if (op == SQRT) {
        bits = qh_fp_service.sqrt(format, p[0], &status);
    } else if (op == FMA) {
        bits = qh_fp_service.fma(format, 0, p[0], p[1], p[2], &status);
    } else {
        bits = qh_fp_service.op2(format, op, p[0], p[1], &status);
    }
    return (Result){bits.lo, status.flags};
}

static gboolean is_nan(uint32_t format, uint64_t bits)
{
    return format == QH_FP_F32 ? (bits & INT32_MAX) > 0x7f800000
                               : (bits & INT64_MAX) > UINT64_C(0x7ff) << 52;
}

static void
check(uint32_t format, uint32_t op, const QhFpBits *p, uint32_t rounding, Result host, Result mine)
{
    gboolean equal =
        host.bits == mine.bits || (is_nan(format, host.bits) && is_nan(format, mine.bits));

    if (!equal || host.flags != mine.flags) {
        g_error("format %u op %u rounding %u: %" PRIx64 " %" PRIx64 " %" PRIx64 " -> %" PRIx64
                " flags %x, the host says %" PRIx64 " flags %x",
                format, op, rounding, p[0].lo, p[1].lo, p[2].lo, mine.bits, mine.flags, host.bits,
                host.flags);
    }
}

/* Whether this host judges tininess before rounding, as Arm does. */
static gboolean host_tiny_before(void)
{
    /* (2 - 2^-22) * (1 + 2^-23) = 2 - 2^-45: rounded to 24 bits it is the smallest normal one. */
    const QhFpBits p[3] = {
        {0x1ffffffe, 0},
        {0x20000001, 0},
        {0,          0}
    };
    Result host = host32(QH_FP_MUL, p, QH_ROUND_NEAREST_EVEN);

    g_assert_cmphex(host.bits, ==, 0x00800000);
    return (host.flags & QH_FP_UNDERFLOW) != 0;
}

static void test_op(gconstpointer data)
{
    uint32_t op = GPOINTER_TO_UINT(data);
    FpRandom random = {op};
    gboolean tiny_before = host_tiny_before();

    for (uint32_t i = 0; i < 400000; i++) {
        uint32_t format = i / 4 % 2 ? QH_FP_F32 : QH_FP_F64;
        QhFpStatus status = {.rounding = (uint8_t)(i % 4),
                             .tininess_before_rounding = (uint8_t)tiny_before};
        QhFpBits p[3];

        p[0] = fp_random_operand(&random, format);
        p[1] = fp_random_partner(&random, format, p[0]);
        p[2] = fp_random_operand(&random, format);
        if (fp_random(&random) % 50 == 0) {
            /* A NaN, signalling or quiet. */
            p[fp_random(&random) % 3].lo |= format == QH_FP_F32 ? 0x7f800001 : 0x7ff0000000000001;
        }
        Result host =
            format == QH_FP_F32 ? host32(op, p, status.rounding) : host64(op, p, status.rounding);
        check(format, op, p, status.rounding, host, ours(format, op, p, status));
        /* With inexact set beforehand the fast entries may take another way. */
        status.flags = QH_FP_INEXACT;
        host.flags |= QH_FP_INEXACT;
        check(format, op, p, status.rounding, host, ours(format, op, p, status));
    }
}

static Result host_convert(uint32_t from, QhFpBits a, uint32_t rounding)
{
    volatile double wide;
    volatile float narrow;
    Result result = {0};

    if (from == QH_FP_F64) {
        memcpy((void *)&wide, &a.lo, 8);
        host_begin(rounding);
        narrow = (float)wide;
        result.flags = host_end();
        memcpy(&result.bits, (void *)&narrow, 4);
    } else {
        memcpy((void *)&narrow, &a.lo, 4);
        host_begin(rounding);
        wide = (double)narrow;
        result.flags = host_end();
        memcpy(&result.bits, (void *)&wide, 8);
    }
    return result;
}

static void test_convert(void)
{
    FpRandom random = {7};
    gboolean tiny_before = host_tiny_before();

    for (uint32_t i = 0; i < 400000; i++) {
        uint32_t from = i / 4 % 2 ? QH_FP_F32 : QH_FP_F64;
        uint32_t to = from == QH_FP_F32 ? QH_FP_F64 : QH_FP_F32;
        QhFpStatus status = {.rounding = (uint8_t)(i % 4),
                             .tininess_before_rounding = (uint8_t)tiny_before};
        QhFpBits p[3] = {fp_random_operand(&random, from), {0}, {0}};

        Result host = host_convert(from, p[0], status.rounding);
        QhFpBits bits = qh_fp_service.convert(from, to, p[0], &status);
        check(to, 200, p, status.rounding, host, (Result){bits.lo, status.flags});
    }
}

/* Against what C says about integers, where that is defined: in range, towards zero. */
static void test_integers(void)
{
    FpRandom random = {8};

    for (uint32_t i = 0; i < 400000; i++) {
        int64_t value = (int64_t)fp_random(&random) >> (fp_random(&random) % 64);
        QhFpStatus status = {.rounding = QH_ROUND_NEAREST_EVEN};
        volatile double wide = (double)value;
        volatile float narrow = (float)value;
        QhFpBits wide_bits = qh_fp_service.from_int(QH_FP_F64, (uint64_t)value, TRUE, &status);
        QhFpBits narrow_bits = qh_fp_service.from_int(QH_FP_F32, (uint64_t)value, TRUE, &status);

        g_assert_cmpmem(&wide_bits.lo, 8, (void *)&wide, 8);
        g_assert_cmpmem(&narrow_bits.lo, 4, (void *)&narrow, 4);
        status.rounding = QH_ROUND_ZERO;
        if (fabs(wide) < 0x1p63) {
            uint64_t back = qh_fp_service.to_int(QH_FP_F64, wide_bits, 64, TRUE, 0, &status);
            g_assert_cmpint((int64_t)back, ==, (int64_t)wide);
        }
        if (fabs(wide) < 0x1p31) {
            wide += 1.0 / (double)(1 + (value & 15));
            memcpy(&wide_bits.lo, (void *)&wide, 8);
            uint64_t back = qh_fp_service.to_int(QH_FP_F64, wide_bits, 32, TRUE, 0, &status);
            g_assert_cmpint((int32_t)back, ==, (int32_t)wide);
        }
    }
}

static void test_compare(void)
{
    FpRandom random = {9};

    for (uint32_t i = 0; i < 400000; i++) {
        uint32_t format = i % 2 ? QH_FP_F32 : QH_FP_F64;
        QhFpBits a = fp_random_operand(&random, format);
        QhFpBits b = fp_random_partner(&random, format, a);
        QhFpStatus status = {0};
        double x, y;

        if (format == QH_FP_F32) {
            float narrow[2];
            memcpy(&narrow[0], &a.lo, 4);
            memcpy(&narrow[1], &b.lo, 4);
            x = (double)narrow[0];
            y = (double)narrow[1];
        } else {
            memcpy(&x, &a.lo, 8);
            memcpy(&y, &b.lo, 8);
        }
        uint32_t expected = x < y ? QH_FP_LESS : x > y ? QH_FP_GREATER : QH_FP_EQUAL;
        g_assert_cmpuint(qh_fp_service.compare(format, a, b, TRUE, &status), ==, expected);
        g_assert_cmpuint(qh_fp_compare(format, a, b, FALSE, &status), ==, expected);
        for (uint32_t op = QH_FP_MIN; op <= QH_FP_MAXIMUM; op++) {
            gboolean is_max = op == QH_FP_MAX || op == QH_FP_MAXIMUM;
            gboolean a_first = x < y || (x == y && signbit(x));
            QhFpBits chosen = a_first != is_max ? a : b;
            g_assert_cmphex(qh_fp_service.op2(format, op, a, b, &status).lo, ==, chosen.lo);
            g_assert_cmphex(qh_fp_op2(format, op, a, b, &status).lo, ==, chosen.lo);
        }
        g_assert_cmpuint(status.flags, ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/fp/host/add", GUINT_TO_POINTER(QH_FP_ADD), test_op);
    g_test_add_data_func("/fp/host/sub", GUINT_TO_POINTER(QH_FP_SUB), test_op);
    g_test_add_data_func("/fp/host/mul", GUINT_TO_POINTER(QH_FP_MUL), test_op);
    g_test_add_data_func("/fp/host/div", GUINT_TO_POINTER(QH_FP_DIV), test_op);
    g_test_add_data_func("/fp/host/sqrt", GUINT_TO_POINTER(SQRT), test_op);
    g_test_add_data_func("/fp/host/fma", GUINT_TO_POINTER(FMA), test_op);
    g_test_add_func("/fp/host/convert", test_convert);
    g_test_add_func("/fp/host/integers", test_integers);
    g_test_add_func("/fp/host/compare", test_compare);
    return g_test_run();
}
