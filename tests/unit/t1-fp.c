/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every floating-point operation compiled against the interpreter: results and flags, for numbers
 * at the edges, all rounding modes, all rules for NaNs, with and without features of the processor.
 */
#include "t1-pair.h"

#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))
#define NONE     "bmi1,bmi2,lzcnt,popcnt,movbe,sse4.1,sse4.2,ssse3,avx,avx2,fma,pclmul"

#define F32 QH_TYPE_F32
#define F64 QH_TYPE_F64
#define I32 QH_TYPE_I32
#define I64 QH_TYPE_I64

enum {
    FORM_PLAIN,
    FORM_HOMES, /* the slots are in registers */
    FORM_TO_A,  /* the result goes where an operand came from */
    FORM_TO_B,
    FORM_TO_C,
    FORM_SAME,   /* all operands are one */
    FORM_CONST,  /* the first is a constant */
    FORM_BRANCH, /* a truth value is the condition of a branch */
    FORM_BRANCH_NOT,
    FORM_V, /* operands and result are in vector registers, the result with zeros above it */
    FORM_V_HOMES,
    FORM_V_TO_A,
    FORM_V_TO_B,
    FORM_V_TO_C,
    FORM_V_CLEAN_A, /* there are zeros above this operand, too */
    FORM_V_CLEAN_B,
    FORM_V_CLEAN_C,
    N_FORMS
};

typedef struct Program {
    uint32_t op, to, from, n, flags, form;
    uint64_t constant;
} Program;

static const uint64_t numbers64[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000,
    0x3ff8000000000000, 0x3fb999999999999a, 0x3fd5555555555555, 0x4008000000000000,
    0x0010000000000000, 0x8010000000000000, 0x000fffffffffffff, 0x0000000000000001,
    0x8000000000000001, 0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000,
    0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000000123, 0x7ff0000000000001,
    0xfff4000000000007, 0x41dfffffffc00000, 0x41dfffffffe00000, 0x41e0000000000000,
    0xc1e0000000000000, 0xc1e0000000100000, 0xc1e0000000200000, 0x41efffffffe00000,
    0x41effffffff00000, 0x41f0000000000000, 0x4340000000000000, 0x4340000000000001,
    0x43dfffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0xc3e0000000000001,
    0x43efffffffffffff, 0x43f0000000000000, 0x3fe0000000000000, 0x4004000000000000,
    0xbfe0000000000000, 0xbfe8000000000000, 0x01a56e1fc2f8f359, 0x7e37e43c8800759c,
    0x3ff0000000000001, 0x3feffffffffffff8, 0x47efffffe0000000, 0x47effffff0000000,
    0x3810000000000000, 0x380fffffffffffff, 0x36a0000000000000, 0x3690000000000000,
};

static const uint32_t numbers32[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x3fc00000, 0x3dcccccd, 0x3eaaaaab, 0x40400000,
    0x00800000, 0x80800000, 0x007fffff, 0x00000001, 0x80000001, 0x7f7fffff, 0xff7fffff, 0x7f800000,
    0xff800000, 0x7fc00000, 0xffc00123, 0x7f800001, 0xffa00007, 0x4effffff, 0x4f000000, 0xcf000000,
    0xcf000001, 0x4f7fffff, 0x4f800000, 0x4b800000, 0x4b7fffff, 0x5effffff, 0x5f000000, 0xdf000000,
    0xdf000001, 0x5f7fffff, 0x5f800000, 0x3f000000, 0x40200000, 0xbf000000, 0xbf400000, 0x0d000000,
    0x7d000000, 0x3f800001, 0x3f7fffff, 0x5f3504f3, 0x1f3504f3,
};

static const uint64_t integers[] = {
    0,
    1,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x01000001,
    0x01000003,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xffffffffffffffff,
    0x00200001,
    1ull << 53,
    (1ull << 53) + 1,
    (1ull << 54) + 3,
    0xfffffffffffffc00,
    0x123456789abcdef0,
    0x8000000000000401,
    0xffffff7fffffffff,
    0x8000008000000001,
};

static uint32_t slot(uint32_t type, uint32_t i)
{
    return i + (type == QH_TYPE_V128 ? TOY_V
                : type == F32        ? TOY_F
                : type == F64        ? TOY_D
                : type == I32        ? TOY_W
                                     : TOY_X);
}

static uint32_t n_numbers(uint32_t type)
{
    return type == F32 ? N(numbers32) : type == F64 ? N(numbers64) : N(integers);
}

static uint64_t number(uint32_t type, uint32_t i)
{
    return type == F32 ? numbers32[i] : type == F64 ? numbers64[i] : integers[i];
}

static void use_often(QhBlock *block, uint32_t type)
{
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t a = slot(type, i % 3), b = slot(type, (i + 1) % 3);
        QhValue left = qh_ir_get(block, type, a), right = qh_ir_get(block, type, b);
        qh_ir_set(block, type, a, right);
        qh_ir_set(block, type, b, left);
        qh_ir_set(block, type, a, left);
        qh_ir_set(block, type, b, right);
    }
}

static void branch_on(QhBlock *block, QhValue truth)
{
    QhValue branch = qh_ir_brc_forward(block, truth, FALSE), end;

    qh_ir_set(block, I64, TOY_X + 9, qh_ir_const(block, I64, 7));
    end = qh_ir_br_forward(block);
    qh_ir_land(block, branch);
    qh_ir_set(block, I64, TOY_X + 9, qh_ir_const(block, I64, 8));
    qh_ir_land(block, end);
}

static gboolean in_vectors(const Program *p)
{
    return p->form >= FORM_V && p->form <= FORM_V_CLEAN_C;
}

/* The low lane of vector register @i. */
static QhValue get_lane(QhBlock *block, uint32_t type, uint32_t i)
{
    QhValue whole = qh_ir_get(block, QH_TYPE_V128, TOY_V + i);
    QhValue bits = qh_ir_1(block, QH_IR_low64, I64, whole);

    if (type == F32 || type == I32) {
        bits = qh_ir_1(block, QH_IR_trunc, I32, bits);
    }
    return type == F32 || type == F64 ? qh_ir_1(block, QH_IR_bits2f, type, bits) : bits;
}

static void set_lane(QhBlock *block, uint32_t type, uint32_t i, QhValue value)
{
    QhValue bits = value;

    if (type == F32 || type == F64) {
        bits = qh_ir_1(block, QH_IR_f2bits, type == F32 ? I32 : I64, value);
    }
    if (type == F32 || type == I32) {
        bits = qh_ir_1(block, QH_IR_zext, I64, bits);
    }
    qh_ir_set(block, QH_TYPE_V128, TOY_V + i,
              qh_ir_2(block, QH_IR_concat128, QH_TYPE_V128, bits, qh_ir_const(block, I64, 0)));
}

static void emit_flags(QhBlock *block)
{
    qh_ir_set(block, I64, TOY_X + 10,
              qh_ir_1(block, QH_IR_zext, I64, qh_ir(block, QH_IR_fp_flags_get, I32, 0, 0, 0, 0)));
}

static void emit_in_vectors(QhBlock *block, const Program *p)
{
    gboolean is_bool = (qh_ir_op_info(p->op)->attrs & QH_IR_A_BOOL) != 0;
    uint32_t to = p->form >= FORM_V_TO_A && p->form <= FORM_V_TO_C ? p->form - FORM_V_TO_A : 3;
    QhValue args[3] = {0}, result;

    if (p->form == FORM_V_HOMES) {
        use_often(block, QH_TYPE_V128);
    }
    for (uint32_t i = 0; i < p->n; i++) {
        args[i] = get_lane(block, p->from, i);
        if (p->form == FORM_V_CLEAN_A + i && (p->from == F32 || p->from == F64)) {
            args[i] = qh_ir_1(block, QH_IR_fneg, p->from, args[i]);
            set_lane(block, p->from, i, args[i]);
        }
    }
    result = qh_ir(block, p->op, is_bool ? p->from : p->to, p->flags, args[0], args[1], args[2]);
    if (is_bool) {
        qh_ir_set(block, I64, TOY_X + 9, qh_ir_1(block, QH_IR_bool2int, I64, result));
    } else {
        set_lane(block, p->to, to, result);
    }
    emit_flags(block);
}

static void emit(QhBlock *block, void *data)
{
    const Program *p = data;
    gboolean is_bool = (qh_ir_op_info(p->op)->attrs & QH_IR_A_BOOL) != 0;
    uint32_t type = is_bool ? p->from : p->to, to = slot(p->to, 3);
    QhValue args[3] = {0}, result;

    qh_ir(block, QH_IR_fp_flags_set, I32, 0, qh_ir_const(block, I32, 0), 0, 0);
    if (in_vectors(p)) {
        emit_in_vectors(block, p);
        return;
    }
    if (p->form == FORM_HOMES) {
        use_often(block, p->from);
        use_often(block, p->to);
    }
    for (uint32_t i = 0; i < p->n; i++) {
        args[i] =
            p->form == FORM_SAME && i > 0 ? args[0] : qh_ir_get(block, p->from, slot(p->from, i));
    }
    if (p->form == FORM_CONST) {
        args[0] = qh_ir_const(block, p->from, p->constant);
    }
    result = qh_ir(block, p->op, type, p->flags, args[0], args[1], args[2]);
    if (is_bool && p->form == FORM_BRANCH) {
        branch_on(block, result);
    } else if (is_bool && p->form == FORM_BRANCH_NOT) {
        branch_on(block, qh_ir_1(block, QH_IR_not, QH_TYPE_B1, result));
    } else if (is_bool) {
        qh_ir_set(block, I64, TOY_X + 9, qh_ir_1(block, QH_IR_bool2int, I64, result));
    } else {
        if (p->form >= FORM_TO_A && p->form <= FORM_TO_C && p->to == p->from) {
            to = slot(p->to, p->form - FORM_TO_A);
        }
        qh_ir_set(block, p->to, to, result);
    }
    emit_flags(block);
}

static void put(Toy *state, uint32_t type, uint32_t i, uint64_t bits)
{
    uint64_t lanes[2] = {bits, 0x7ff4000000000001}; /* nobody shall look at the second */

    memcpy(&state->v[i], lanes, sizeof(lanes));
    switch (type) {
    case F32:
        memcpy(&state->f[i], &bits, 4);
        break;
    case F64:
        memcpy(&state->d[i], &bits, 8);
        break;
    case I32:
        state->w[i] = (uint32_t)bits;
        break;
    default:
        state->x[i] = bits;
        break;
    }
}

/* Every pair, or every @step-th of the triples. */
static void run_numbers(T1Pair *pair, const Program *p)
{
    uint32_t n = n_numbers(p->from), left = p->n, total = 1, step = p->n == 3 ? 23 : 1;
    Toy state;

    t1_pair_load(pair, emit, (void *)p);
    while (left-- > 0) {
        total *= n;
    }
    memset(&state, 0, sizeof(state));
    for (uint32_t i = 0; i < total; i += step) {
        put(&state, p->from, 0, number(p->from, i % n));
        put(&state, p->from, 1, number(p->from, i / n % n));
        put(&state, p->from, 2, number(p->from, i / n / n % n));
        t1_pair_run(pair, &state);
    }
}

static void run_forms(T1Pair *pair, Program p)
{
    for (p.form = 0; p.form < N_FORMS; p.form++) {
        if (p.form == FORM_CONST) {
            for (uint32_t i = 0; i < n_numbers(p.from); i += 3) {
                p.constant = p.from == I32 ? (uint32_t)number(p.from, i) : number(p.from, i);
                run_numbers(pair, &p);
            }
        } else {
            run_numbers(pair, &p);
        }
    }
}

static const uint32_t rules[] = {QH_FTO_SATURATE, QH_FTO_ZERO_NAN, QH_FTO_INDEFINITE};

static void run_arithmetic(T1Pair *pair, uint32_t type, uint32_t rounding)
{
    for (uint32_t op = QH_IR_fadd; op <= QH_IR_fdiv; op++) {
        run_forms(pair, (Program){.op = op, .to = type, .from = type, .n = 2, .flags = rounding});
    }
    run_forms(pair, (Program){QH_IR_fsqrt, type, type, 1, rounding, 0, 0});
    for (uint32_t negate = 0; negate < 4; negate++) {
        run_forms(pair, (Program){QH_IR_ffma, type, type, 3, rounding | negate << 3, 0, 0});
    }
    run_forms(pair, (Program){QH_IR_fround, type, type, 1, rounding, 0, 0});
    run_forms(pair, (Program){QH_IR_fround, type, type, 1, rounding | 8, 0, 0});
}

static void run_conversions(T1Pair *pair, uint32_t type, uint32_t rounding)
{
    uint32_t other = type == F32 ? F64 : F32;

    run_forms(pair, (Program){type == F32 ? QH_IR_f64to32 : QH_IR_f32to64, type, other, 1, rounding,
                              0, 0});
    for (uint32_t integer = I32; integer <= I64; integer++) {
        for (uint32_t u = 0; u < 2; u++) {
            run_forms(pair, (Program){QH_IR_ffrom_s + u, type, integer, 1, rounding, 0, 0});
            for (uint32_t r = 0; r < N(rules); r++) {
                run_forms(pair,
                          (Program){QH_IR_fto_s + u, integer, type, 1, rounding | rules[r], 0, 0});
            }
        }
    }
}

static void run_others(T1Pair *pair, uint32_t type)
{
    for (uint32_t rule = 0; rule <= QH_FMINMAX_NUM; rule++) {
        run_forms(pair, (Program){QH_IR_fmin, type, type, 2, rule, 0, 0});
        run_forms(pair, (Program){QH_IR_fmax, type, type, 2, rule, 0, 0});
    }
    for (uint32_t flags = 0; flags < 16; flags++) {
        if ((flags & 7) <= QH_FCOND_UNORDERED) {
            run_forms(pair, (Program){QH_IR_fcmp, type, type, 2, flags, 0, 0});
        }
    }
    run_forms(pair, (Program){QH_IR_fcmp_bits, I64, type, 2, 0, 0, 0});
    run_forms(pair, (Program){QH_IR_fcmp_bits, I64, type, 2, QH_FCMP_SIGNALING, 0, 0});
    run_forms(pair, (Program){QH_IR_fneg, type, type, 1, 0, 0, 0});
    run_forms(pair, (Program){QH_IR_fabs, type, type, 1, 0, 0, 0});
    run_forms(pair, (Program){QH_IR_fcopysign, type, type, 2, 0, 0, 0});
}

static void run_all(const char *without, uint32_t nan_rule, gboolean tininess, uint32_t roundings)
{
    T1Pair *pair = t1_pair_new(without);
    QhJitCpu *jit = qh_jit_of(&pair->toy->cpu[0]->cpu);

    jit->fp_nan_rule = nan_rule;
    jit->fp_tininess = tininess != FALSE;
    for (uint32_t type = F32; type <= F64; type++) {
        for (uint32_t rounding = 0; rounding < roundings; rounding++) {
            run_arithmetic(pair, type, rounding);
            run_conversions(pair, type, rounding);
        }
        run_others(pair, type);
    }
    t1_pair_free(pair);
}

/* A sum with the product just before it: of the third operand and the product, the product and the
 * third operand, or twice the product. */
typedef struct Sum {
    uint32_t product, sum, order, type, to;
} Sum;

static void emit_sum(QhBlock *block, void *data)
{
    const Sum *p = data;
    QhValue a, b, c, product;

    qh_ir(block, QH_IR_fp_flags_set, I32, 0, qh_ir_const(block, I32, 0), 0, 0);
    use_often(block, QH_TYPE_V128);
    a = get_lane(block, p->type, 0);
    b = get_lane(block, p->type, 1);
    c = get_lane(block, p->type, 2);
    product = qh_ir(block, p->product, p->type, 0, a, b, p->product == QH_IR_ffma ? c : 0);
    set_lane(block, p->type, p->to & 1 ? 0 : 3, product);
    set_lane(block, p->type, p->to & 2 ? 2 : 3,
             qh_ir(block, p->sum, p->type, 0, p->order == 0 ? c : product,
                   p->order == 1 ? c : product, 0));
    emit_flags(block);
}

static void run_sum(T1Pair *pair, Sum *p)
{
    uint32_t n = n_numbers(p->type);
    Toy state;

    t1_pair_load(pair, emit_sum, p);
    memset(&state, 0, sizeof(state));
    for (uint32_t i = 0; i < n * n * n; i += 29) {
        put(&state, p->type, 0, number(p->type, i % n));
        put(&state, p->type, 1, number(p->type, i / n % n));
        put(&state, p->type, 2, number(p->type, i / n / n % n));
        t1_pair_run(pair, &state);
    }
}

static void run_sums(const char *without, uint32_t nan_rule)
{
    static const uint16_t products[] = {QH_IR_fmul, QH_IR_fdiv, QH_IR_ffma};
    T1Pair *pair = t1_pair_new(without);
    QhJitCpu *jit = qh_jit_of(&pair->toy->cpu[0]->cpu);

    jit->fp_nan_rule = nan_rule;
    jit->fp_tininess = TRUE;
    for (uint32_t i = 0; i < 2 * 2 * 4 * 9; i++) {
        Sum p = {products[i / 16 % 3], i & 1 ? QH_IR_fadd : QH_IR_fsub, i / 48, i & 2 ? F32 : F64,
                 i >> 2 & 3};
        run_sum(pair, &p);
    }
    t1_pair_free(pair);
}

/* The choice of two scalars; @clean: bit n, whether there are zeros above the first and the second.
 */
typedef struct Choice {
    uint32_t type, clean, to;
} Choice;

static void emit_choice(QhBlock *block, void *data)
{
    const Choice *p = data;
    QhValue truth =
        qh_ir_cmp(block, QH_COND_NE, I64, qh_ir_get(block, I64, TOY_X), qh_ir_const(block, I64, 0));
    QhValue values[2];

    use_often(block, QH_TYPE_V128);
    for (uint32_t i = 0; i < 2; i++) {
        values[i] = get_lane(block, p->type, i);
        if (p->clean >> i & 1) {
            values[i] = qh_ir_1(block, QH_IR_fneg, p->type, values[i]);
            set_lane(block, p->type, i, values[i]);
        }
    }
    set_lane(block, p->type, p->to, qh_ir_select(block, p->type, truth, values[0], values[1]));
}

static void run_choices(const char *without)
{
    T1Pair *pair = t1_pair_new(without);
    Toy state;

    for (uint32_t i = 0; i < 2 * 4 * 3; i++) {
        Choice p = {i & 1 ? F32 : F64, i >> 1 & 3, i / 8};
        t1_pair_load(pair, emit_choice, &p);
        for (uint32_t k = 0; k < 2 * n_numbers(p.type); k++) {
            memset(&state, 0, sizeof(state));
            put(&state, p.type, 0, number(p.type, k / 2));
            put(&state, p.type, 1, number(p.type, (k / 2 + 5) % n_numbers(p.type)));
            state.x[0] = k & 1;
            t1_pair_run(pair, &state);
        }
    }
    t1_pair_free(pair);
}

static void test_choices(void)
{
    run_choices("");
    run_choices(NONE);
}

static void test_sums(void)
{
    run_sums("", QH_NAN_ARM);
    run_sums("", QH_NAN_DEFAULT);
    run_sums(NONE, QH_NAN_ARM);
}

static void test_all(void)
{
    run_all("", QH_NAN_DEFAULT, FALSE, QH_ROUND_ODD);
}

static void test_without_avx(void)
{
    run_all("avx,avx2,fma", QH_NAN_DEFAULT, FALSE, 1);
}

static void test_baseline(void)
{
    run_all(NONE, QH_NAN_DEFAULT, FALSE, QH_ROUND_NEAREST_AWAY);
}

static void test_x86(void)
{
    run_all("", QH_NAN_X86, FALSE, 1);
    run_all(NONE, QH_NAN_X86, FALSE, 1);
}

static void test_arm(void)
{
    run_all("", QH_NAN_ARM, TRUE, 1);
    run_all(NONE, QH_NAN_ARM, TRUE, 1);
}

static void test_tininess(void)
{
    run_all("", QH_NAN_DEFAULT, TRUE, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/fp/all", test_all);
    g_test_add_func("/t1/fp/without-avx", test_without_avx);
    g_test_add_func("/t1/fp/baseline", test_baseline);
    g_test_add_func("/t1/fp/nan-x86", test_x86);
    g_test_add_func("/t1/fp/nan-arm", test_arm);
    g_test_add_func("/t1/fp/tininess", test_tininess);
    g_test_add_func("/t1/fp/sums", test_sums);
    g_test_add_func("/t1/fp/choices", test_choices);
    return g_test_run();
}
