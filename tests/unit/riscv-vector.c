/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector operations that qemu 7.2 does not know, against the manual's words bit by bit; and what is
 * reserved with vstart != 0. tests/riscv/vector.py compares the rest with qemu.
 */
#include <string.h>

#include "modules/riscv/csr.h"
#include "modules/riscv/helper.h"
#include "modules/riscv/vector.h"
#include "tests/unit/riscv-fake.h"

#define VD  8u
#define VS2 16u
#define VS1 24u

static uint64_t bit(uint64_t value, uint32_t i)
{
    return value >> i & 1;
}

/* Operation @id on elements of @n bits; the results have twice as many for vwsll. */
static uint64_t model(uint32_t id, uint64_t a, uint64_t b, uint32_t n)
{
    uint64_t result = 0;
    uint32_t shift = b & (n - 1), i = 0;

    switch (id) {
    case RV_V_ID(vandn):
        return a & ~b;
    case RV_V_ID(vclz):
        while (i < n && !bit(a, n - 1 - i)) {
            i++;
        }
        return i;
    case RV_V_ID(vctz):
        while (i < n && !bit(a, i)) {
            i++;
        }
        return i;
    case RV_V_ID(vwsll):
        return a << (b & (2 * n - 1));
    default:
        break;
    }
    for (i = 0; i < n; i++) {
        switch (id) {
        case RV_V_ID(vrol):
            result |= bit(a, i) << ((i + shift) % n);
            break;
        case RV_V_ID(vror):
            result |= bit(a, (i + shift) % n) << i;
            break;
        case RV_V_ID(vbrev8):
            result |= bit(a, i) << (i / 8 * 8 + 7 - i % 8);
            break;
        case RV_V_ID(vrev8):
            result |= bit(a, i) << (n - 8 - i / 8 * 8 + i % 8);
            break;
        case RV_V_ID(vbrev):
            result |= bit(a, i) << (n - 1 - i);
            break;
        case RV_V_ID(vcpop_v):
            result += bit(a, i);
            break;
        case RV_V_ID(vclmul):
            for (uint32_t k = 0; k <= i; k++) {
                result ^= (bit(a, k) & bit(b, i - k)) << i;
            }
            break;
        default: /* vclmulh: bit i + 64 of the product */
            for (uint32_t k = i + 1; k < 64; k++) {
                result ^= (bit(a, k) & bit(b, i + 64 - k)) << i;
            }
            break;
        }
    }
    return result;
}

static void fill(RvCpu *cpu)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(cpu->v); i++) {
        uint64_t bits = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
        cpu->v[i] = i % 5 == 0 ? 0 : i % 7 == 0 ? bits >> i % 64 : bits;
    }
}

/* One instruction: @form is OPIVV (0), OPMVV (2) or OPIVX (4), of the second operand. */
static void check_one(RvCpu *cpu, uint32_t id, uint32_t sew, uint32_t form, gboolean masked)
{
    const RvVOp *op = &rv_v_ops[id];
    uint32_t n = 8u << sew, width = sew + (uint32_t)op->d;
    uint32_t insn = VS2 << 20 | VS1 << 15 | form << 12 | VD << 7 | 0x57;
    uint64_t scalar = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
    g_autofree RvCpu *before = NULL;

    fill(cpu);
    cpu->vtype = sew << RV_VTYPE_SEW_SHIFT | 1; /* m2 */
    cpu->vl = 2 * cpu->vlen / n - 1;
    cpu->vstart = 1;
    before = g_memdup2(cpu, sizeof(*cpu));
    rv_helper_v_op(&cpu->base, id, insn | (masked ? 0 : 1u << 25), scalar);
    g_assert_cmpuint(cpu->vstart, ==, 0);
    for (uint32_t i = 0; i <= before->vl; i++) {
        uint64_t mask = n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
        uint64_t a = rv_v_get(rv_v_reg(before, VS2), i, sew);
        uint64_t b = form == 4 ? scalar & mask : rv_v_get(rv_v_reg(before, VS1), i, sew);
        uint64_t expected = rv_v_get(rv_v_reg(before, VD), i, width);
        if (i >= 1 && i < before->vl && (!masked || rv_v_bit((const uint8_t *)before->v, i))) {
            expected = model(id, a, b, n);
            expected &= width == 3 ? UINT64_MAX : (UINT64_C(1) << (8u << width)) - 1;
        }
        if (rv_v_get(rv_v_reg(cpu, VD), i, width) != expected) {
            g_error("operation %u, SEW %u, form %u, element %u: %" G_GINT64_MODIFIER "x", id, n,
                    form, i, rv_v_get(rv_v_reg(cpu, VD), i, width));
        }
    }
}

static void test_bits(void)
{
    static const uint32_t ids[] = {
        RV_V_ID(vandn), RV_V_ID(vbrev8),  RV_V_ID(vrev8),  RV_V_ID(vrol),
        RV_V_ID(vror),  RV_V_ID(vbrev),   RV_V_ID(vclz),   RV_V_ID(vctz),
        RV_V_ID(vwsll), RV_V_ID(vcpop_v), RV_V_ID(vclmul), RV_V_ID(vclmulh),
    };
    g_autoptr(RvFake) fake = rv_fake_ok(64, "max", "vlen=256");

    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        for (uint32_t sew = 0; sew < 4; sew++) {
            gboolean unary = (rv_v_ops[ids[i]].flags & RV_V_UNARY) != 0;
            for (uint32_t k = 0; k < 20 && rv_v_ops[ids[i]].kernels[sew] != NULL; k++) {
                check_one(fake->cpu, ids[i], sew, unary ? 2 : k & 4, k & 1);
            }
        }
    }
    /* carry-less products have 64-bit elements only (Unpriv. Zvbc) */
    g_assert_null(rv_v_ops[RV_V_ID(vclmul)].kernels[2]);
}

/* Unpriv. V, 31.14, 31.15 and 31.16.5 */
static void test_reserved_start(void)
{
    static void (*const helpers[])(QhCpu *, uint32_t) = {rv_helper_v_set_first, rv_helper_viota,
                                                         rv_helper_vcompress};
    g_autoptr(RvFake) fake = rv_fake_ok(64, "max", NULL);
    RvCpu *cpu = fake->cpu;
    uint32_t insn = 1u << 25 | VS2 << 20 | VS1 << 15 | VD << 7 | 0x57;

    for (guint i = 0; i < G_N_ELEMENTS(helpers) + 3; i++) {
        cpu->vtype = 0;
        cpu->vl = 4;
        cpu->vstart = 2;
        cpu->mcause = 0;
        cpu->base.unwind = 0;
        if (i < G_N_ELEMENTS(helpers)) {
            helpers[i](&cpu->base, insn);
        } else if (i == G_N_ELEMENTS(helpers)) {
            rv_helper_vcpop(&cpu->base, insn);
        } else if (i == G_N_ELEMENTS(helpers) + 1) {
            rv_helper_vfirst(&cpu->base, insn);
        } else {
            rv_helper_v_reduce(&cpu->base, RV_V_ID(vredsum), insn);
        }
        g_assert_cmpuint(cpu->mcause, ==, RV_CAUSE_ILLEGAL);
        g_assert_cmphex(cpu->mtval, ==, insn);
        g_assert_cmpuint(cpu->base.unwind, ==, 1);
        g_assert_cmpuint(cpu->vstart, ==, 2);
    }
}

/* A CSR that a write has no bits for keeps them 0; mstatus.VS is the key to all of them. */
static void test_csrs(void)
{
    g_autoptr(RvFake) fake = rv_fake_ok(64, "max", "vlen=256");
    RvCpu *cpu = fake->cpu;
    uint64_t value;

    g_assert_false(rv_csr_read(cpu, 0xc20, &value));
    g_assert_true(rv_csr_write(cpu, 0x300, UINT64_C(1) << 9, RV_MSTATUS_VS, NULL));
    g_assert_true(rv_csr_read(cpu, 0xc22, &value));
    g_assert_cmpuint(value, ==, 32);
    g_assert_true(rv_csr_read(cpu, 0xc21, &value));
    g_assert_cmphex(value, ==, UINT64_C(1) << 63);
    g_assert_true(rv_csr_write(cpu, 0x00f, 0xff, UINT64_MAX, NULL));
    g_assert_true(rv_csr_read(cpu, 0x00a, &value));
    g_assert_cmpuint(value, ==, 3);
    g_assert_true(rv_csr_read(cpu, 0x009, &value));
    g_assert_cmpuint(value, ==, 1);
    g_assert_true(rv_csr_write(cpu, 0x008, 0xffff, UINT64_MAX, NULL));
    g_assert_true(rv_csr_read(cpu, 0x008, &value));
    g_assert_cmpuint(value, ==, 255);
    g_assert_false(rv_csr_write(cpu, 0xc20, 1, UINT64_MAX, NULL));
    g_assert_cmphex(cpu->mstatus & RV_MSTATUS_VS, ==, RV_MSTATUS_VS); /* Dirty */
    g_assert_true((cpu->base.state_key & RV_KEY_VS_DIRTY) != 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/riscv/vector/bits", test_bits);
    g_test_add_func("/riscv/vector/reserved-start", test_reserved_start);
    g_test_add_func("/riscv/vector/csrs", test_csrs);
    return g_test_run();
}
