/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floating-point helpers of the riscv module: boxing, classes, the modular conversion. */
#include "core/fp/float.h"
#include "modules/riscv/cpu.h"
#include "modules/riscv/helper.h"

#include <math.h>
#include <string.h>

static const RvTarget target = {.services = {.fp = &qh_fp_service}, .xlen = 64};

static RvCpu *cpu_new(void)
{
    RvCpu *cpu = g_new0(RvCpu, 1);

    cpu->base.ctx = (void *)&target;
    return cpu;
}

static void test_class(void)
{
    static const uint64_t rows[10][3] = {
        {0xfffffffffffffc00, 0xffffffffff800000, 0xfff0000000000000},
        {0xffffffffffff8400, 0xffffffff80800000, 0xffefffffffffffff},
        {0xffffffffffff83ff, 0xffffffff80000001, 0x800fffffffffffff},
        {0xffffffffffff8000, 0xffffffff80000000, 0x8000000000000000},
        {0xffffffffffff0000, 0xffffffff00000000, 0x0000000000000000},
        {0xffffffffffff0001, 0xffffffff007fffff, 0x0000000000000001},
        {0xffffffffffff7bff, 0xffffffff00800000, 0x0010000000000000},
        {0xffffffffffff7c00, 0xffffffff7f800000, 0x7ff0000000000000},
        {0xffffffffffff7c01, 0xffffffffffbfffff, 0xfff0000000000001},
        {0xfffffffffffffe00, 0xffffffff7fc00000, 0x7fffffffffffffff},
    };
    static const uint32_t formats[] = {QH_FP_F16, QH_FP_F32, QH_FP_F64};
    g_autofree RvCpu *cpu = cpu_new();

    for (uint32_t class = 0; class < 10; class ++) {
        for (uint32_t i = 0; i < 3; i++) {
            g_assert_cmphex(rv_helper_fclass(&cpu->base, formats[i], rows[class][i]), ==,
                            1u << class);
        }
    }
    /* Not boxed: the canonical NaN. */
    g_assert_cmphex(rv_helper_fclass(&cpu->base, QH_FP_F32, 0x3f800000), ==, 1u << 9);
    g_assert_cmphex(rv_helper_fclass(&cpu->base, QH_FP_F16, 0xffffffff00003c00), ==, 1u << 9);
    g_assert_cmpuint(cpu->base.fp_flags, ==, 0);
}

static void test_modular(void)
{
    static const struct {
        double value;
        uint64_t result;
        uint32_t flags;
    } rows[] = {
        {0.0,                  0,                  0            },
        {-1.5,                 UINT64_MAX,         QH_FP_INEXACT},
        {0x1p31,               0xffffffff80000000, QH_FP_INVALID},
        {-0x1p31,              0xffffffff80000000, 0            },
        {0x1p32,               0,                  QH_FP_INVALID},
        {0x1p32 + 5.0,         5,                  QH_FP_INVALID},
        {-(0x1p32 + 5.0),      UINT64_MAX - 4,     QH_FP_INVALID},
        {0x1.8p53 + 2.0,       2,                  QH_FP_INVALID},
        {0x1.0000000000001p83, 0xffffffff80000000, QH_FP_INVALID},
        {0x1.0000000000001p84, 0,                  QH_FP_INVALID},
        {0x1p1000,             0,                  QH_FP_INVALID},
        {0x1p-1060,            0,                  QH_FP_INEXACT},
        {INFINITY,             0,                  QH_FP_INVALID},
    };
    g_autofree RvCpu *cpu = cpu_new();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t bits;

        memcpy(&bits, &rows[i].value, 8);
        cpu->base.fp_flags = 0;
        g_test_message("%a", rows[i].value);
        g_assert_cmphex(rv_helper_fcvtmod(&cpu->base, bits), ==, rows[i].result);
        g_assert_cmpuint(cpu->base.fp_flags, ==, rows[i].flags);
    }
    g_assert_cmphex(rv_helper_fcvtmod(&cpu->base, 0x7ff8000000000001), ==, 0);
}

static void test_half(void)
{
    g_autofree RvCpu *cpu = cpu_new();
    const uint64_t box = 0xffffffffffff0000;
    const uint64_t one = box | 0x3c00, two = box | 0x4000, nan = box | 0x7e00;

    g_assert_cmphex(rv_helper_half_op2(&cpu->base, QH_FP_ADD << 8, one, one), ==, two);
    g_assert_cmphex(rv_helper_half_op2(&cpu->base, QH_FP_MIN << 8, one, two), ==, one);
    g_assert_cmphex(rv_helper_half_op2(&cpu->base, QH_FP_ADD << 8, one, 0x3c00), ==, nan);
    g_assert_cmphex(rv_helper_half_fma(&cpu->base, QH_FMA_NEG_PRODUCT, one, two, one), ==,
                    box | 0xbc00);
    g_assert_cmphex(rv_helper_half_sqrt(&cpu->base, 0, box | 0x4400), ==, two);
    g_assert_cmphex(rv_helper_half_compare(&cpu->base, QH_FCOND_LE, one, two), ==, 1);
    g_assert_cmphex(rv_helper_half_compare(&cpu->base, QH_FCOND_LT, two, one), ==, 0);
    g_assert_cmphex(rv_helper_half_compare(&cpu->base, QH_FCOND_EQ, nan, nan), ==, 0);
    g_assert_cmphex(rv_helper_half_convert(&cpu->base, QH_FP_F16 << 8 | QH_FP_F32 << 16, two), ==,
                    0xffffffff40000000);
    g_assert_cmphex(
        rv_helper_half_convert(&cpu->base, QH_FP_F64 << 8 | QH_FP_F16 << 16, 0x4000000000000000),
        ==, two);
    g_assert_cmphex(rv_helper_half_to_int(&cpu->base, 0 << 8, box | 0xc000), ==, UINT64_MAX - 1);
    g_assert_cmphex(rv_helper_half_from_int(&cpu->base, 0 << 8, 0x1234567800000001), ==, one);
    g_assert_cmphex(rv_helper_half_from_int(&cpu->base, 2 << 8, 2), ==, two);
    g_assert_cmpuint(cpu->base.fp_flags, ==, 0);
    g_assert_cmphex(rv_helper_half_to_int(&cpu->base, 1 << 8, nan), ==, UINT64_MAX);
    g_assert_cmpuint(cpu->base.fp_flags, ==, QH_FP_INVALID);
    cpu->base.fp_flags = 0;
    /* 1.5: inexact only when asked for; ties to even. */
    g_assert_cmphex(rv_helper_half_round(&cpu->base, 0, box | 0x3e00), ==, two);
    g_assert_cmpuint(cpu->base.fp_flags, ==, 0);
    g_assert_cmphex(rv_helper_half_round(&cpu->base, QH_ROUND_ZERO | 1u << 3, box | 0x3e00), ==,
                    one);
    g_assert_cmpuint(cpu->base.fp_flags, ==, QH_FP_INEXACT);
}

static uint64_t convert(RvCpu *cpu, uint32_t from, uint32_t to, uint32_t rounding, uint64_t value)
{
    cpu->base.fp_flags = 0;
    return rv_helper_half_convert(&cpu->base, rounding | from << 8 | to << 16, value);
}

static void test_bfloat16(void)
{
    g_autofree RvCpu *cpu = cpu_new();
    const uint64_t box16 = 0xffffffffffff0000, box32 = 0xffffffff00000000;

    g_assert_cmphex(convert(cpu, QH_FP_BF16, QH_FP_F32, 0, box16 | 0x3f81), ==, box32 | 0x3f810000);
    g_assert_cmpuint(cpu->base.fp_flags, ==, 0);
    g_assert_cmphex(convert(cpu, QH_FP_BF16, QH_FP_F32, 0, box16 | 0x7f81), ==, box32 | 0x7fc00000);
    g_assert_cmpuint(cpu->base.fp_flags, ==, QH_FP_INVALID);
    g_assert_cmphex(convert(cpu, QH_FP_BF16, QH_FP_F32, 0, 0x3f80), ==, box32 | 0x7fc00000);
    g_assert_cmphex(convert(cpu, QH_FP_F32, QH_FP_BF16, QH_ROUND_NEAREST_EVEN, box32 | 0x3f808000),
                    ==, box16 | 0x3f80);
    g_assert_cmpuint(cpu->base.fp_flags, ==, QH_FP_INEXACT);
    g_assert_cmphex(convert(cpu, QH_FP_F32, QH_FP_BF16, QH_ROUND_UP, box32 | 0x3f808000), ==,
                    box16 | 0x3f81);
    g_assert_cmphex(convert(cpu, QH_FP_F32, QH_FP_BF16, QH_ROUND_NEAREST_EVEN, box32 | 0x7f7fffff),
                    ==, box16 | 0x7f80);
    g_assert_cmpuint(cpu->base.fp_flags, ==, QH_FP_INEXACT | QH_FP_OVERFLOW);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/fp/class", test_class);
    g_test_add_func("/riscv/fp/modular", test_modular);
    g_test_add_func("/riscv/fp/half", test_half);
    g_test_add_func("/riscv/fp/bfloat16", test_bfloat16);
    return g_test_run();
}
