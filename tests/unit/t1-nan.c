/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains of floating-point operations whose NaNs are looked for late: random ones over slots that
 * have homes, with copies, bits and branches in between, compiled against the interpreter. And
 * comparisons whose flags are taken back.
 */
#include "t1-pair.h"

#include <string.h>

#define F64 QH_TYPE_F64
#define I64 QH_TYPE_I64

enum { SLOTS = 4, STEPS = 24, PROGRAMS = 1500, STATES = 24 };

static QhValue get(QhBlock *block, GRand *random)
{
    return qh_ir_get(block, F64, TOY_D + (uint32_t)g_rand_int_range(random, 0, SLOTS));
}

static void set(QhBlock *block, GRand *random, QhValue value)
{
    qh_ir_set(block, F64, TOY_D + (uint32_t)g_rand_int_range(random, 0, SLOTS), value);
}

static void arithmetic(QhBlock *block, GRand *random)
{
    static const uint16_t ops[] = {QH_IR_fadd, QH_IR_fsub, QH_IR_fmul, QH_IR_fdiv};
    QhValue a = get(block, random), b = get(block, random);

    if (g_rand_int_range(random, 0, 8) == 0) {
        set(block, random, qh_ir(block, QH_IR_fsqrt, F64, 0, a, 0, 0));
    } else if (g_rand_int_range(random, 0, 8) == 0) {
        QhValue c = get(block, random);
        set(block, random, qh_ir(block, QH_IR_ffma, F64, 0, a, b, c));
    } else {
        set(block, random, qh_ir(block, ops[g_rand_int_range(random, 0, 4)], F64, 0, a, b, 0));
    }
}

static void other(QhBlock *block, GRand *random)
{
    QhValue a = get(block, random), b = get(block, random), branch;
    uint32_t x = TOY_X + (uint32_t)g_rand_int_range(random, 0, 4);

    switch (g_rand_int_range(random, 0, 7)) {
    case 0:
        set(block, random, a);
        break;
    case 1:
        set(block, random, qh_ir(block, QH_IR_fcopysign, F64, 0, a, b, 0));
        break;
    case 2:
        qh_ir_set(block, I64, x, qh_ir_1(block, QH_IR_f2bits, I64, a));
        break;
    case 3:
        set(block, random, qh_ir(block, QH_IR_fmin, F64, 0, a, b, 0));
        break;
    case 4:
        qh_ir_set(block, QH_TYPE_F32, TOY_F, qh_ir_1(block, QH_IR_f64to32, QH_TYPE_F32, a));
        break;
    case 5: /* an addition in between, and two results that trade places */
        qh_ir_set(block, F64, TOY_D, b);
        qh_ir_set(block, F64, TOY_D + 1, a);
        break;
    default:
        branch =
            qh_ir_brc_forward(block, qh_ir(block, QH_IR_fcmp, F64, QH_FCOND_LT, a, b, 0), FALSE);
        arithmetic(block, random);
        qh_ir_land(block, branch);
        break;
    }
}

static void emit(QhBlock *block, void *data)
{
    GRand *random = data;

    qh_ir(block, QH_IR_fp_flags_set, QH_TYPE_I32, 0, qh_ir_const(block, QH_TYPE_I32, 0), 0, 0);
    for (uint32_t i = 0; i < STEPS; i++) {
        if (g_rand_int_range(random, 0, 5) == 0) {
            other(block, random);
        } else {
            arithmetic(block, random);
        }
    }
    qh_ir_set(
        block, I64, TOY_X + 10,
        qh_ir_1(block, QH_IR_zext, I64, qh_ir(block, QH_IR_fp_flags_get, QH_TYPE_I32, 0, 0, 0, 0)));
}

/* Numbers, infinities and zeros that soon make NaNs, and NaNs of all kinds. */
static void fill(Toy *state, GRand *random)
{
    static const uint64_t numbers[] = {
        0x3ff0000000000000, 0xbff8000000000000, 0x4008000000000000, 0x3fb999999999999a,
        0x0000000000000000, 0x8000000000000000, 0x7ff0000000000000, 0xfff0000000000000,
        0x7ff8000000000000, 0xfff8000000000123, 0x7ff0000000000001, 0x7fefffffffffffff,
    };

    for (uint32_t i = 0; i < SLOTS; i++) {
        uint64_t bits = numbers[g_rand_int_range(random, 0, g_rand_boolean(random) ? 12 : 4)];
        memcpy(&state->d[i], &bits, sizeof(bits));
    }
}

static void run(const char *without, uint32_t seed)
{
    T1Pair *pair = t1_pair_new(without);
    GRand *random = g_rand_new_with_seed(seed);
    Toy state;

    memset(&state, 0, sizeof(state));
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        t1_pair_load(pair, emit, random);
        for (uint32_t k = 0; k < STATES; k++) {
            fill(&state, random);
            t1_pair_run(pair, &state);
        }
    }
    g_rand_free(random);
    t1_pair_free(pair);
}

static void test_avx(void)
{
    run("", 1);
}

static void test_baseline(void)
{
    run("avx,avx2,fma,sse4.1", 2);
}

typedef struct Kept {
    uint32_t flags; /* of the comparison */
    uint32_t form;  /* what is written: the flags read; something else; the flags, but more has been
                      raised; what was there before */
} Kept;

static void emit_kept(QhBlock *block, void *data)
{
    const Kept *kept = data;
    QhValue a, b, mask = qh_ir_const(block, I64, 0x1f), flags;

    qh_ir(block, QH_IR_fp_flags_set, QH_TYPE_I32, 0, qh_ir_get(block, QH_TYPE_I32, TOY_W), 0, 0);
    a = qh_ir_get(block, F64, TOY_D);
    b = qh_ir_get(block, F64, TOY_D + 1);
    qh_ir_set(block, F64, TOY_D + 3,
              qh_ir(block, QH_IR_fdiv, F64, 0, qh_ir_get(block, F64, TOY_D + 2),
                    qh_ir_get(block, F64, TOY_D + 3), 0));
    flags = qh_ir(block, QH_IR_fp_flags_get, QH_TYPE_I32, 0, 0, 0, 0);
    flags = qh_ir_1(block, QH_IR_zext, I64, flags);
    qh_ir_set(block, I64, TOY_X, qh_ir_2(block, QH_IR_and, I64, flags, mask));
    if (kept->form == 2) {
        qh_ir_set(block, F64, TOY_D + 2, qh_ir(block, QH_IR_fsqrt, F64, 0, a, 0, 0));
    }
    a = qh_ir(block, QH_IR_fcmp, F64, kept->flags, a, b, 0);
    qh_ir_set(block, I64, TOY_X + 1, qh_ir_1(block, QH_IR_bool2int, I64, a));
    flags = qh_ir_get(block, I64,
                      kept->form == 1   ? TOY_X + 1
                      : kept->form == 3 ? TOY_X + 2
                                        : TOY_X);
    flags = qh_ir_2(block, QH_IR_and, I64, flags, mask);
    flags = qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, flags);
    qh_ir(block, QH_IR_fp_flags_set, QH_TYPE_I32, 0, flags, 0, 0);
    qh_ir_set(block, QH_TYPE_I32, TOY_W + 1,
              qh_ir(block, QH_IR_fp_flags_get, QH_TYPE_I32, 0, 0, 0, 0));
}

static void test_taken_back(void)
{
    static const uint64_t numbers[] = {
        0x3ff0000000000000, 0xbff8000000000000, 0x4008000000000000, 0x0000000000000000,
        0x7ff0000000000000, 0x7ff8000000000000, 0xfff8000000000123, 0x7ff0000000000001,
    };
    T1Pair *pair = t1_pair_new("");
    Toy state;

    memset(&state, 0, sizeof(state));
    state.d[2] = 1;
    state.d[3] = 3;
    for (uint32_t i = 0; i < 4 * 16; i++) {
        Kept kept = {.flags = i / 4, .form = i % 4};
        if ((kept.flags & 7) > QH_FCOND_UNORDERED) {
            continue;
        }
        t1_pair_load(pair, emit_kept, &kept);
        for (uint32_t k = 0; k < 3 * 64; k++) {
            memcpy(&state.d[0], &numbers[k % 8], 8);
            memcpy(&state.d[1], &numbers[k / 8 % 8], 8);
            state.w[0] = k / 64 * 8;
            t1_pair_run(pair, &state);
        }
    }
    t1_pair_free(pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/nan/avx", test_avx);
    g_test_add_func("/t1/nan/baseline", test_baseline);
    g_test_add_func("/t1/nan/taken-back", test_taken_back);
    return g_test_run();
}
