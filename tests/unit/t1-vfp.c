/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors of numbers compiled against the interpreter: lanes at the edges, by rules for NaNs. The
 * interpreter's against core/fp, lane by lane, is in the last test. */
#include "core/fp/float.h"
#include "t1-pair.h"

#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))

typedef struct Program {
    uint32_t op, flags, to; /* to: vector that takes the result; 0 is an operand, too */
} Program;

static const uint64_t numbers64[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff8000000000000,
    0x3fb999999999999a, 0x4008000000000000, 0x0010000000000000, 0x000fffffffffffff,
    0x0000000000000001, 0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000,
    0x7ff8000000000000, 0xfff8000000000123, 0x7ff0000000000001, 0x41dfffffffe00000,
    0xc1e0000000000000, 0x43e0000000000000, 0x3feffffffffffff8, 0x47effffff0000000,
    0x3810000000000000, 0x380fffffffffffff, 0x01a56e1fc2f8f359,
};

static const uint32_t numbers32[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbfc00000, 0x3dcccccd, 0x40400000, 0x00800000, 0x007fffff,
    0x00000001, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00123, 0x7f800001, 0x4effffff,
    0x4f000000, 0xcf000000, 0xcf000001, 0x5f000000, 0x3f7fffff, 0x1f3504f3, 0x20000000,
};

static void emit(QhBlock *block, void *data)
{
    const Program *p = data;
    const QhIrOpInfo *info = qh_ir_op_info(p->op);
    QhValue a = qh_ir_get(block, QH_TYPE_V128, TOY_V);
    QhValue b = info->b[0] == 'V' ? qh_ir_get(block, QH_TYPE_V128, TOY_V + 1) : 0;
    QhValue c = info->c[0] == 'V' ? qh_ir_get(block, QH_TYPE_V128, TOY_V + 2) : 0;

    qh_ir_set(block, QH_TYPE_V128, TOY_V + p->to,
              qh_ir(block, p->op, QH_TYPE_V128, p->flags, a, b, c));
}

static void fill(GRand *rand, Toy *state, gboolean wide)
{
    for (uint32_t i = 0; i < N(state->v); i++) {
        uint64_t wide_lanes[2];
        uint32_t lanes[4];
        for (uint32_t k = 0; k < 4; k++) {
            lanes[k] = g_rand_boolean(rand)
                           ? numbers32[g_rand_int_range(rand, 0, (int)N(numbers32))]
                           : 0x3f800000 + (uint32_t)g_rand_int_range(rand, 0, 1 << 24);
        }
        for (uint32_t k = 0; k < 2; k++) {
            wide_lanes[k] = g_rand_boolean(rand)
                                ? numbers64[g_rand_int_range(rand, 0, (int)N(numbers64))]
                                : G_GUINT64_CONSTANT(0x3ff) << 52 | g_rand_int(rand);
        }
        memcpy(&state->v[i], wide ? (void *)wide_lanes : (void *)lanes, 16);
    }
}

static void run_program(T1Pair *pair, const Program *p)
{
    GRand *rand = g_rand_new_with_seed(p->op * 256 + p->flags);
    Toy state;

    t1_pair_load(pair, emit, (void *)p);
    memset(&state, 0, sizeof(state));
    for (uint32_t i = 0; i < 150; i++) {
        fill(rand, &state, (p->flags & 3) == QH_LANE_64);
        t1_pair_run(pair, &state);
    }
    g_rand_free(rand);
}

static uint32_t n_others(uint32_t op)
{
    switch (op) {
    case QH_IR_vffma:
    case QH_IR_vfmin:
    case QH_IR_vfmax:
        return 4;
    case QH_IR_vfcmp:
        return 8;
    case QH_IR_vfround:
        return 2;
    case QH_IR_vfto_s:
    case QH_IR_vfto_u:
        return 3;
    default:
        return 1;
    }
}

static void run_lane(T1Pair *pair, uint32_t op, uint32_t lane)
{
    for (uint32_t rounding = 0; rounding <= QH_ROUND_ODD; rounding++) {
        for (uint32_t other = 0; other < n_others(op); other++) {
            Program p = {op, lane | QH_VF_ROUND(rounding) | QH_VF_OTHER(other), 0};
            run_program(pair, &p);
            p.to = 3;
            run_program(pair, &p);
        }
    }
}

static void run_all(const char *without, uint32_t nan_rule, gboolean tininess)
{
    T1Pair *pair = t1_pair_new(without);
    QhJitCpu *jit = qh_jit_of(&pair->toy->cpu[0]->cpu);

    jit->fp_nan_rule = nan_rule;
    jit->fp_tininess = tininess != FALSE;
    for (uint32_t op = QH_IR_vfadd; op <= QH_IR_vfnarrow; op++) {
        if (op != QH_IR_vfnarrow) {
            run_lane(pair, op, QH_LANE_32);
        }
        if (op != QH_IR_vfwiden) {
            run_lane(pair, op, QH_LANE_64);
        }
    }
    t1_pair_free(pair);
}

static void test_arm(void)
{
    run_all("", QH_NAN_ARM, TRUE);
}

static void test_default(void)
{
    run_all("", QH_NAN_DEFAULT, FALSE);
}

static void test_x86(void)
{
    run_all("fma", QH_NAN_X86, FALSE);
}

static void test_without_avx(void)
{
    run_all("avx,avx2,fma", QH_NAN_ARM, TRUE);
}

/* What the interpreter makes of the lanes of a quotient and of a multiply-add. */
static void test_lanes(void)
{
    T1Pair *pair = t1_pair_new("");
    Program divide = {QH_IR_vfdiv, QH_LANE_32, 3};
    Program multiply_add = {QH_IR_vffma, QH_LANE_64 | QH_VF_OTHER(1), 3};
    QhFpStatus status = {.rounding = QH_ROUND_NEAREST_EVEN};
    GRand *rand = g_rand_new_with_seed(1);
    Toy state;

    memset(&state, 0, sizeof(state));
    t1_pair_load(pair, emit, &divide);
    for (uint32_t i = 0; i < 100; i++) {
        fill(rand, &state, FALSE);
        t1_pair_enter(pair, &state, FALSE);
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t a = (uint32_t)(state.v[0] >> 32 * k), b = (uint32_t)(state.v[1] >> 32 * k);
            g_assert_cmphex((uint32_t)(pair->toy->cpu[0]->v[3] >> 32 * k), ==,
                            qh_f32_op2(QH_FP_DIV, a, b, &status));
        }
    }
    t1_pair_load(pair, emit, &multiply_add);
    for (uint32_t i = 0; i < 100; i++) {
        fill(rand, &state, TRUE);
        t1_pair_enter(pair, &state, FALSE);
        for (uint32_t k = 0; k < 2; k++) {
            g_assert_cmphex((uint64_t)(pair->toy->cpu[0]->v[3] >> 64 * k), ==,
                            qh_f64_fma(QH_FMA_NEG_PRODUCT, (uint64_t)(state.v[0] >> 64 * k),
                                       (uint64_t)(state.v[1] >> 64 * k),
                                       (uint64_t)(state.v[2] >> 64 * k), &status));
        }
    }
    g_rand_free(rand);
    t1_pair_free(pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/vfp/arm", test_arm);
    g_test_add_func("/t1/vfp/default", test_default);
    g_test_add_func("/t1/vfp/x86", test_x86);
    g_test_add_func("/t1/vfp/without-avx", test_without_avx);
    g_test_add_func("/t1/vfp/lanes", test_lanes);
    return g_test_run();
}
