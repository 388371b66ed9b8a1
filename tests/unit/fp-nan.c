/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What IEEE 754 leaves to the architecture: which NaN, minimum and maximum, flushing. By table. */
#include "abi/target.h"
#include "core/fp/float.h"

#define NAN_1    0x7fc00001u /* quiet */
#define NAN_2    0xffc00002u
#define SNAN_1   0x7f800001u
#define SNAN_2   0xff800002u
#define DNAN     0x7fc00000u
#define XNAN     0xffc00000u /* x86's default */
#define QUIET    0x00400000u
#define ONE      0x3f800000u
#define TWO      0x40000000u
#define ZERO     0x00000000u
#define NEGATIVE 0x80000000u
#define INF      0x7f800000u
#define TINY     0x00000001u
#define V        QH_FP_INVALID

typedef struct Row {
    uint32_t rule, op, a, b, result, flags;
} Row;

static const Row op2_rows[] = {
    {QH_NAN_DEFAULT, QH_FP_ADD,     NAN_2,    ONE,      DNAN,           0            },
    {QH_NAN_DEFAULT, QH_FP_MUL,     ONE,      SNAN_2,   DNAN,           V            },
    {QH_NAN_DEFAULT, QH_FP_SUB,     INF,      INF,      DNAN,           V            },
    {QH_NAN_DEFAULT, QH_FP_DIV,     ZERO,     NEGATIVE, DNAN,           V            },
    {QH_NAN_DEFAULT, QH_FP_REM,     ONE,      ZERO,     DNAN,           V            },
    {QH_NAN_DEFAULT, QH_FP_REM,     INF,      ONE,      DNAN,           V            },
    {QH_NAN_DEFAULT, QH_FP_DIV,     ONE,      NEGATIVE, INF | NEGATIVE, QH_FP_DIVZERO},
    {QH_NAN_ARM,     QH_FP_ADD,     NAN_2,    NAN_1,    NAN_2,          0            },
    {QH_NAN_ARM,     QH_FP_ADD,     NAN_1,    SNAN_2,   SNAN_2 | QUIET, V            },
    {QH_NAN_ARM,     QH_FP_ADD,     SNAN_1,   SNAN_2,   SNAN_1 | QUIET, V            },
    {QH_NAN_ARM,     QH_FP_MUL,     INF,      ZERO,     DNAN,           V            },
    {QH_NAN_S390,    QH_FP_ADD,     NAN_1,    SNAN_2,   SNAN_2 | QUIET, V            },
    {QH_NAN_S390,    QH_FP_DIV,     ONE,      NAN_2,    NAN_2,          0            },
    {QH_NAN_X86,     QH_FP_ADD,     NAN_1,    SNAN_2,   NAN_1,          V            },
    {QH_NAN_X86,     QH_FP_ADD,     ONE,      SNAN_2,   SNAN_2 | QUIET, V            },
    {QH_NAN_X86,     QH_FP_MUL,     INF,      ZERO,     XNAN,           V            },
 /* 2019: a number wins over any NaN; 2008: a signalling NaN makes a NaN; minimum: NaN wins. */
    {QH_NAN_DEFAULT, QH_FP_MIN,     SNAN_1,   ONE,      ONE,            V            },
    {QH_NAN_DEFAULT, QH_FP_MAX,     TWO,      NAN_1,    TWO,            0            },
    {QH_NAN_DEFAULT, QH_FP_MAX,     SNAN_1,   NAN_1,    DNAN,           V            },
    {QH_NAN_DEFAULT, QH_FP_MIN,     ZERO,     NEGATIVE, NEGATIVE,       0            },
    {QH_NAN_DEFAULT, QH_FP_MAX,     NEGATIVE, ZERO,     ZERO,           0            },
    {QH_NAN_DEFAULT, QH_FP_MIN,     TWO,      ONE,      ONE,            0            },
    {QH_NAN_DEFAULT, QH_FP_MAX,     TWO,      ONE,      TWO,            0            },
    {QH_NAN_DEFAULT, QH_FP_MINIMUM, ONE,      NAN_1,    DNAN,           0            },
    {QH_NAN_DEFAULT, QH_FP_MAXIMUM, SNAN_1,   ONE,      DNAN,           V            },
    {QH_NAN_DEFAULT, QH_FP_MAXIMUM, NEGATIVE, ZERO,     ZERO,           0            },
    {QH_NAN_ARM,     QH_FP_MINNUM,  NAN_1,    ONE,      ONE,            0            },
    {QH_NAN_ARM,     QH_FP_MAXNUM,  SNAN_1,   ONE,      SNAN_1 | QUIET, V            },
    {QH_NAN_X86,     QH_FP_MIN_X86, NAN_1,    ONE,      ONE,            V            },
    {QH_NAN_X86,     QH_FP_MIN_X86, ONE,      SNAN_1,   SNAN_1,         V            },
    {QH_NAN_X86,     QH_FP_MAX_X86, ZERO,     NEGATIVE, NEGATIVE,       0            },
    {QH_NAN_X86,     QH_FP_MAX_X86, TWO,      ONE,      TWO,            0            },
    {QH_NAN_X86,     QH_FP_MIN_X86, TWO,      ONE,      ONE,            0            },
};

static void test_op2(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(op2_rows); i++) {
        const Row *row = &op2_rows[i];
        QhFpStatus status = {.nan_rule = (uint8_t)row->rule};
        QhFpBits got = qh_fp_service.op2(QH_FP_F32, row->op, (QhFpBits){row->a, 0},
                                         (QhFpBits){row->b, 0}, &status);

        g_test_message("row %zu", i);
        g_assert_cmphex(got.lo, ==, row->result);
        g_assert_cmpuint(status.flags, ==, row->flags);
    }
}

typedef struct FmaRow {
    uint32_t rule, negate, a, b, c, result, flags;
} FmaRow;

static const FmaRow fma_rows[] = {
    {QH_NAN_DEFAULT, 0,                  INF,   ZERO, NAN_1,  DNAN,             V},
    {QH_NAN_DEFAULT, 0,                  INF,   ONE,  NAN_1,  DNAN,             0},
    {QH_NAN_ARM,     0,                  INF,   ZERO, NAN_1,  DNAN,             V},
    {QH_NAN_ARM,     0,                  INF,   ZERO, SNAN_1, SNAN_1 | QUIET,   V},
    {QH_NAN_ARM,     0,                  NAN_1, ONE,  NAN_2,  NAN_2,            0},
    {QH_NAN_ARM,     QH_FMA_NEG_PRODUCT, NAN_1, ONE,  ONE,    NAN_1 | NEGATIVE, 0},
    {QH_NAN_S390,    0,                  INF,   ZERO, NAN_1,  DNAN,             V},
    {QH_NAN_X86,     0,                  INF,   ZERO, NAN_1,  NAN_1,            0},
    {QH_NAN_X86,     0,                  NAN_1, ONE,  NAN_2,  NAN_1,            0},
    {QH_NAN_X86,     QH_FMA_NEG_ADDEND,  ONE,   ONE,  NAN_1,  NAN_1,            0},
    {QH_NAN_DEFAULT, QH_FMA_NEG_PRODUCT, INF,   ONE,  INF,    DNAN,             V},
    {QH_NAN_DEFAULT, QH_FMA_NEG_ADDEND,  ONE,   TWO,  ONE,    ONE,              0},
};

static void test_fma(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(fma_rows); i++) {
        const FmaRow *row = &fma_rows[i];
        QhFpStatus status = {.nan_rule = (uint8_t)row->rule};
        QhFpBits got = qh_fp_service.fma(QH_FP_F32, row->negate, (QhFpBits){row->a, 0},
                                         (QhFpBits){row->b, 0}, (QhFpBits){row->c, 0}, &status);

        g_test_message("row %zu", i);
        g_assert_cmphex(got.lo, ==, row->result);
        g_assert_cmpuint(status.flags, ==, row->flags);
    }
}

static void test_convert(void)
{
    QhFpStatus keep = {.nan_rule = QH_NAN_ARM};
    QhFpStatus drop = {.nan_rule = QH_NAN_DEFAULT};
    QhFpBits signaling = {SNAN_2, 0};

    /* The payload keeps its upper bits. */
    g_assert_cmphex(qh_fp_service.convert(QH_FP_F32, QH_FP_F64, signaling, &keep).lo, ==,
                    0xfff8000040000000);
    g_assert_cmpuint(keep.flags, ==, V);
    g_assert_cmphex(
        qh_fp_service.convert(QH_FP_F64, QH_FP_F16, (QhFpBits){0xfff8040000000000, 0}, &keep).lo,
        ==, 0xfe01);
    g_assert_cmphex(qh_fp_service.convert(QH_FP_F32, QH_FP_F64, signaling, &drop).lo, ==,
                    0x7ff8000000000000);
    g_assert_cmpuint(drop.flags, ==, V);
}

static void test_compare(void)
{
    QhFpStatus status = {0};
    QhFpBits one = {ONE, 0}, quiet = {NAN_1, 0}, signaling = {SNAN_1, 0};

    g_assert_cmpuint(qh_fp_service.compare(QH_FP_F32, one, quiet, FALSE, &status), ==,
                     QH_FP_UNORDERED);
    g_assert_cmpuint(status.flags, ==, 0);
    qh_fp_service.compare(QH_FP_F32, one, quiet, TRUE, &status);
    g_assert_cmpuint(status.flags, ==, V);
    status.flags = 0;
    qh_fp_service.compare(QH_FP_F32, signaling, one, FALSE, &status);
    g_assert_cmpuint(status.flags, ==, V);
    g_assert_cmpuint(qh_fp_service.compare(QH_FP_F32, (QhFpBits){ZERO, 0}, (QhFpBits){NEGATIVE, 0},
                                           FALSE, &status),
                     ==, QH_FP_EQUAL);
}

static void test_flush(void)
{
    QhFpStatus inputs = {.flush_inputs = 1};
    QhFpStatus x86 = {.flush_results = 1};
    QhFpStatus arm = {.flush_results = 1, .tininess_before_rounding = 1};
    QhFpBits tiny = {TINY | NEGATIVE, 0}, zero = {ZERO, 0}, normal = {0x80800000, 0};
    QhFpBits half = {0x3f000000, 0};

    g_assert_cmphex(qh_fp_service.op2(QH_FP_F32, QH_FP_MUL, tiny, (QhFpBits){INF, 0}, &inputs).lo,
                    ==, DNAN);
    g_assert_cmpuint(inputs.flags, ==, V | QH_FP_DENORMAL);
    g_assert_cmpuint(qh_fp_service.compare(QH_FP_F32, tiny, zero, TRUE, &inputs), ==, QH_FP_EQUAL);
    g_assert_cmphex(qh_fp_service.op2(QH_FP_F32, QH_FP_MUL, normal, half, &x86).lo, ==, NEGATIVE);
    g_assert_cmpuint(x86.flags, ==, QH_FP_UNDERFLOW | QH_FP_INEXACT);
    g_assert_cmphex(qh_fp_service.op2(QH_FP_F32, QH_FP_MUL, normal, half, &arm).lo, ==, NEGATIVE);
    g_assert_cmpuint(arm.flags, ==, QH_FP_UNDERFLOW);
}

/* Integers of 16 bits, as vectors of half precision convert to. */
static void test_narrow(void)
{
    QhFpStatus status = {.rounding = QH_ROUND_ZERO};
    QhFpBits largest = {0x7bff, 0}, negative = {0xc100, 0}; /* 65504, -2.5 */

    g_assert_cmphex(qh_fp_service.to_int(QH_FP_F16, largest, 16, FALSE, QH_FTO_ZERO_NAN, &status),
                    ==, 65504);
    g_assert_cmphex(qh_fp_service.to_int(QH_FP_F16, negative, 16, TRUE, QH_FTO_ZERO_NAN, &status),
                    ==, 0xfffe);
    g_assert_cmpuint(status.flags, ==, QH_FP_INEXACT);
    g_assert_cmphex(qh_fp_service.to_int(QH_FP_F16, largest, 16, TRUE, QH_FTO_ZERO_NAN, &status),
                    ==, 0x7fff);
    g_assert_cmphex(qh_fp_service.to_int(QH_FP_F16, negative, 16, FALSE, QH_FTO_ZERO_NAN, &status),
                    ==, 0);
    g_assert_cmpuint(status.flags, ==, V | QH_FP_INEXACT);
}

/* Numbers that are no format, operation or width must not lead anywhere bad. */
static void test_odd_arguments(void)
{
    QhFpStatus status = {.rounding = 7};
    QhFpBits one = {0x3ff0000000000000, 0};

    g_assert_cmphex(qh_fp_service.op2(99, QH_FP_ADD, one, one, &status).lo, ==, 0x4000000000000000);
    g_assert_cmphex(qh_fp_service.op2(QH_FP_F64, 99, one, one, &status).lo, ==, 0x7ff8000000000000);
    g_assert_cmpuint(qh_fp_service.to_int(QH_FP_F64, one, 0, TRUE, 77, &status), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fp/nan/op2", test_op2);
    g_test_add_func("/fp/nan/fma", test_fma);
    g_test_add_func("/fp/nan/convert", test_convert);
    g_test_add_func("/fp/nan/compare", test_compare);
    g_test_add_func("/fp/nan/flush", test_flush);
    g_test_add_func("/fp/nan/narrow", test_narrow);
    g_test_add_func("/fp/nan/odd-arguments", test_odd_arguments);
    return g_test_run();
}
