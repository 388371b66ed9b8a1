/* SPDX-License-Identifier: GPL-2.0-or-later */
/* select, halves of 128 bits, condition codes, and random programs, compiled against interpreted.
 */
#include "core/jit/backend/x86_64/pending.h"
#include "t1-pair.h"

#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))

/* As a setflags leaves it. */
static void settle_lazy(Toy *state)
{
    uint64_t mask = state->lazy_kind >> 8 == QH_TYPE_I32 ? UINT32_MAX : UINT64_MAX;
    uint32_t kind = state->lazy_kind & 0xff;

    if (kind <= QH_CC_SUB_NB) {
        state->lazy[2] =
            kind == QH_CC_ADD ? state->lazy[0] + state->lazy[1] : state->lazy[0] - state->lazy[1];
    }
    for (uint32_t i = 0; i < 3; i++) {
        state->lazy[i] &= mask;
    }
}

static void random_state(GRand *rand, Toy *state)
{
    uint32_t *words = (uint32_t *)state;

    memset(state, 0, sizeof(*state));
    for (size_t i = offsetof(Toy, x) / 4; i < offsetof(Toy, fault) / 4; i++) {
        words[i] = g_rand_int_range(rand, 0, 4) == 0 ? 0 : g_rand_int(rand);
    }
    for (uint32_t i = 0; i < 16; i++) {
        if (g_rand_int_range(rand, 0, 3) == 0) {
            state->x[i] = (uint64_t)(int64_t)g_rand_int_range(rand, -3, 4);
        }
    }
    state->lazy_kind = (uint32_t)g_rand_int_range(rand, 0, QH_CC_BITS + 1) |
                       (uint32_t)(g_rand_boolean(rand) ? QH_TYPE_I32 : QH_TYPE_I64) << 8;
    settle_lazy(state);
    state->zero = 0;
}

static void run_states(T1Pair *pair, GRand *rand, uint32_t n)
{
    Toy state;

    for (uint32_t i = 0; i < n; i++) {
        random_state(rand, &state);
        t1_pair_run(pair, &state);
    }
}

/* --- select --- */

typedef struct Select {
    uint32_t type, slot, form;
} Select;

static QhValue truth(QhBlock *block, uint32_t form)
{
    QhValue a = qh_ir_get(block, QH_TYPE_I64, TOY_X + 4), b;

    if (form & 1) {
        return qh_ir_1(block, QH_IR_int2bool, QH_TYPE_I64, a);
    }
    b = qh_ir_get(block, QH_TYPE_I64, TOY_X + 5);
    return qh_ir_cmp(block, form & 2 ? QH_COND_LTU : QH_COND_GE, QH_TYPE_I64, a, b);
}

/* Form bits: 0, 1 the condition; 2 result over an operand; 3, 4 constants; 5 the same twice; 6 the
 * condition is used again. */
static void emit_select(QhBlock *block, void *data)
{
    const Select *s = data;
    uint32_t form = s->form;
    gboolean constants = s->type == QH_TYPE_I32 || s->type == QH_TYPE_I64;
    QhValue condition = truth(block, form);
    QhValue yes = constants && (form & 8) ? qh_ir_const(block, s->type, 77)
                                          : qh_ir_get(block, s->type, s->slot);
    QhValue no = form & 32                  ? yes
                 : constants && (form & 16) ? qh_ir_const(block, s->type, 0)
                                            : qh_ir_get(block, s->type, s->slot + 1);

    qh_ir_set(block, s->type, s->slot + (form & 4 ? 1 : 0),
              qh_ir_select(block, s->type, condition, yes, no));
    if (form & 64) {
        qh_ir_set(block, QH_TYPE_I64, TOY_X + 6,
                  qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, condition));
    }
}

static void test_select(void)
{
    static const Select kinds[] = {
        {QH_TYPE_I64,  TOY_X, 0},
        {QH_TYPE_I32,  TOY_W, 0},
        {QH_TYPE_F32,  TOY_F, 0},
        {QH_TYPE_F64,  TOY_D, 0},
        {QH_TYPE_I128, TOY_Q, 0},
        {QH_TYPE_V128, TOY_V, 0},
        {QH_TYPE_V64,  TOY_S, 0},
    };
    T1Pair *pair = t1_pair_new("");
    GRand *rand = g_rand_new_with_seed(1);

    for (uint32_t i = 0; i < N(kinds) * 128; i++) {
        Select s = kinds[i / 128];
        s.form = i % 128;
        t1_pair_load(pair, emit_select, &s);
        run_states(pair, rand, 12);
    }
    g_rand_free(rand);
    t1_pair_free(pair);
}

/* --- 128 bits --- */

static void emit_halves(QhBlock *block, void *data)
{
    uint32_t form = *(uint32_t *)data, type = form & 1 ? QH_TYPE_V128 : QH_TYPE_I128;
    uint32_t from = form & 1 ? TOY_V : TOY_Q;
    QhValue low = qh_ir_get(block, QH_TYPE_I64, TOY_X), wide;
    QhValue high = form & 2 ? low : qh_ir_get(block, QH_TYPE_I64, TOY_X + 1);

    if (form & 4) {
        low = qh_ir_2(block, QH_IR_add, QH_TYPE_I64, low, high);
        high = qh_ir_const(block, QH_TYPE_I64, 0x1234567890);
    }
    wide =
        form & 8 ? qh_ir_get(block, type, from) : qh_ir_2(block, QH_IR_concat128, type, low, high);
    if (form & 16) {
        qh_ir_set(block, type, from + 1, wide);
    }
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 2, qh_ir_1(block, QH_IR_high64, QH_TYPE_I64, wide));
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 3, qh_ir_1(block, QH_IR_low64, QH_TYPE_I64, wide));
}

static void test_halves(void)
{
    static const char *const without[] = {"", "sse4.1"};
    GRand *rand = g_rand_new_with_seed(2);

    for (uint32_t i = 0; i < N(without); i++) {
        T1Pair *pair = t1_pair_new(without[i]);
        for (uint32_t form = 0; form < 32; form++) {
            t1_pair_load(pair, emit_halves, &form);
            run_states(pair, rand, 20);
        }
        t1_pair_free(pair);
    }
    g_rand_free(rand);
}

/* --- condition codes --- */

typedef struct Flags {
    uint32_t kind, flag, type, form;
} Flags;

/* Form bits: 0 the result is that of the operation; 1 no setflags before; 2 a branch; 3 another
 * setflags before; 4 a constant operand; 5 the flag is read twice. */
static void emit_flags(QhBlock *block, void *data)
{
    const Flags *f = data;
    uint32_t base = f->type == QH_TYPE_I32 ? TOY_W : TOY_X, form = f->form;
    QhValue a = qh_ir_get(block, f->type, base);
    QhValue b = form & 16 ? qh_ir_const(block, f->type, 5) : qh_ir_get(block, f->type, base + 1);
    QhValue result = qh_ir_get(block, f->type, base + 2), flag;

    if (form & 1 || f->kind <= QH_CC_SUB_NB) {
        gboolean adds = f->kind == QH_CC_ADD || f->kind == QH_CC_ADC;
        uint32_t op = f->kind == QH_CC_LOGIC ? QH_IR_and : adds ? QH_IR_add : QH_IR_sub;
        result = qh_ir_2(block, op, f->type, a, b);
    }
    if (form & 1 && f->kind == QH_CC_BITS) {
        b = result = a;
    }
    if (form & 8) {
        qh_ir(block, QH_IR_setflags, f->type, QH_CC_LOGIC, b, a, a);
    }
    if (!(form & 2)) {
        qh_ir(block, QH_IR_setflags, f->type, f->kind, a, b, result);
    }
    if (f->flag == QH_FLAG_CC2) {
        flag = qh_ir(block, QH_IR_cc2, QH_TYPE_I32, 0, 0, 0, 0);
        qh_ir_set(block, QH_TYPE_I32, TOY_W + 3, flag);
        return;
    }
    flag = qh_ir(block, QH_IR_flag, QH_TYPE_NONE, f->flag, 0, 0, 0);
    if (form & 32) {
        qh_ir_set(block, QH_TYPE_I64, TOY_X + 6, qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, flag));
    }
    if (form & 4) {
        QhValue branch = qh_ir_brc_forward(block, flag, FALSE);
        qh_ir_set(block, QH_TYPE_I64, TOY_X + 7, qh_ir_const(block, QH_TYPE_I64, 9));
        qh_ir_land(block, branch);
    } else {
        qh_ir_set(block, QH_TYPE_I64, TOY_X + 8, qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, flag));
    }
}

static void test_flags(void)
{
    static const uint8_t flags[] = {QH_FLAG_Z,
                                    QH_FLAG_N,
                                    QH_FLAG_C,
                                    QH_FLAG_V,
                                    QH_FLAG_P,
                                    QH_FLAG_A,
                                    QH_FLAG_CC2,
                                    QH_FLAG_HI,
                                    QH_FLAG_GE,
                                    QH_FLAG_GT,
                                    QH_FLAG_NOT | QH_FLAG_Z,
                                    QH_FLAG_NOT | QH_FLAG_N,
                                    QH_FLAG_NOT | QH_FLAG_C,
                                    QH_FLAG_NOT | QH_FLAG_V,
                                    QH_FLAG_NOT | QH_FLAG_HI,
                                    QH_FLAG_NOT | QH_FLAG_GE,
                                    QH_FLAG_NOT | QH_FLAG_GT};
    T1Pair *pair = t1_pair_new("");
    GRand *rand = g_rand_new_with_seed(3);

    for (uint32_t i = 0; i < (QH_CC_BITS + 1) * N(flags) * 128; i++) {
        Flags f = {.kind = i / 128 % (QH_CC_BITS + 1),
                   .flag = flags[i / 128 / (QH_CC_BITS + 1)],
                   .type = i & 64 ? QH_TYPE_I32 : QH_TYPE_I64,
                   .form = i & 63};
        t1_pair_load(pair, emit_flags, &f);
        run_states(pair, rand, 8);
    }
    g_rand_free(rand);
    t1_pair_free(pair);
}

/* The flags are those of another region, which has left out the result. */
static void test_derived(void)
{
    static const uint8_t kinds[] = {QH_CC_ADD, QH_CC_SUB, QH_CC_SUB_NB, QH_CC_LOGIC, QH_CC_BITS};
    const int32_t lazy[] = {offsetof(Toy, lazy_kind), offsetof(Toy, lazy[0]),
                            offsetof(Toy, lazy[1]), offsetof(Toy, lazy[2])};
    T1Pair *pair = t1_pair_new("");
    GRand *rand = g_rand_new_with_seed(4);
    Toy state, complete, first;

    for (uint32_t i = 0; i < N(kinds) * (QH_FLAG_GT + 1) * 64; i++) {
        uint32_t flag = i / N(kinds) / 64;
        flag = flag == 7 ? QH_FLAG_Z : flag; /* no flag has this number */
        Flags f = {.kind = QH_CC_SUB_NB, .flag = flag, .type = QH_TYPE_I64, .form = 2u | (i & 4)};
        t1_pair_load(pair, emit_flags, &f);
        random_state(rand, &state);
        state.lazy_kind =
            QH_T1_DERIVED | kinds[i % N(kinds)] | (i & 8 ? QH_TYPE_I32 : QH_TYPE_I64) << 8;
        for (uint32_t k = 0; k < 3 && i & 8; k++) {
            state.lazy[k] = (uint32_t)state.lazy[k];
        }
        complete = state;
        qh_t1_complete(&complete.cpu, lazy);
        g_assert_cmpuint(complete.lazy_kind, <, 0x10000);
        t1_pair_enter(pair, &complete, FALSE);
        first = *pair->toy->cpu[0];
        t1_pair_enter(pair, &state, TRUE);
        g_assert_cmpmem(&first.x, offsetof(Toy, fault) - offsetof(Toy, x), &pair->toy->cpu[0]->x,
                        offsetof(Toy, fault) - offsetof(Toy, x));
    }
    g_rand_free(rand);
    t1_pair_free(pair);
}

static void set_and_leave(QhBlock *block, void *data)
{
    const Flags *f = data;
    QhValue a = qh_ir_get(block, QH_TYPE_I64, TOY_X), b = qh_ir_get(block, QH_TYPE_I64, TOY_X + 1);
    QhValue result =
        qh_ir_2(block, f->kind == QH_CC_ADD ? QH_IR_add : QH_IR_sub, QH_TYPE_I64, a, b);

    qh_ir(block, QH_IR_setflags, QH_TYPE_I64, f->kind, a, b, result);
    qh_ir_set(block, QH_TYPE_I64, TOY_X, b);
}

/* Outside loops the operands are stored, and nothing else. */
static void test_stored(void)
{
    T1Pair *pair = t1_pair_new("");
    const Toy *left = pair->toy->cpu[0];
    Toy state = {
        .x = {7,  9},
          .lazy = { 1, 2, 3}
    };

    for (uint32_t i = 0; i < 2; i++) {
        Flags f = {.kind = i == 0 ? QH_CC_ADD : QH_CC_SUB_NB};
        t1_pair_load(pair, set_and_leave, &f);
        t1_pair_enter_raw(pair, &state);
        g_assert_cmphex(left->lazy_kind, ==, QH_T1_DERIVED | f.kind | QH_TYPE_I64 << 8);
        g_assert_cmpuint(left->lazy[0], ==, 7);
        g_assert_cmpuint(left->lazy[1], ==, 9);
        g_assert_cmpuint(left->lazy[2], ==, 3);
        t1_pair_run(pair, &state);
    }
    t1_pair_free(pair);
}

/* --- random programs --- */

typedef struct Random {
    GRand *rand;
    QhValue values[3][256]; /* i64, i32, b1 */
    uint32_t n[3];
} Random;

static uint32_t pick(Random *r, uint32_t n)
{
    return (uint32_t)g_rand_int_range(r->rand, 0, (int32_t)n);
}

static uint64_t constant(Random *r, uint32_t type)
{
    static const uint64_t some[] = {0,
                                    1,
                                    2,
                                    3,
                                    31,
                                    32,
                                    63,
                                    64,
                                    0xff,
                                    0xffff,
                                    0x7fff,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    0x8000000000000000,
                                    0xffffffff80000000,
                                    0xfffffffffffff800,
                                    UINT64_MAX};
    uint64_t value = some[pick(r, N(some))];

    return type == QH_TYPE_I32 ? (uint32_t)value : value;
}

static void keep(Random *r, uint32_t kind, QhValue value)
{
    r->values[kind][r->n[kind]++ % 256] = value;
}

/* A value of kind 0 i64, 1 i32, 2 b1. */
static QhValue value(Random *r, QhBlock *block, uint32_t kind)
{
    static const uint8_t types[] = {QH_TYPE_I64, QH_TYPE_I32, QH_TYPE_B1};
    uint32_t n = MIN(r->n[kind], 256);

    if (n > 0 && pick(r, 3) != 0) {
        return r
            ->values[kind][pick(r, 2) ? (r->n[kind] - 1 - pick(r, MIN(n, 3))) % 256 : pick(r, n)];
    }
    if (kind == 2) {
        return qh_ir_cmp(block, pick(r, 10), QH_TYPE_I64, value(r, block, 0), value(r, block, 0));
    }
    return pick(r, 2) ? qh_ir_const(block, types[kind], constant(r, types[kind]))
                      : qh_ir_get(block, types[kind],
                                  kind == 0 ? TOY_X + pick(r, 10) : TOY_W + pick(r, 4));
}

static void random_field(Random *r, QhIrRecord *record, uint32_t width)
{
    uint32_t at = pick(r, width), length = 1 + pick(r, width - at);

    if (pick(r, 2)) {
        at = at / 8 * 8;
        length = 8u << pick(r, 3);
        length = MIN(length, width - at);
    }
    if (record->op == QH_IR_deposit) {
        record->c = at | length << 8;
    } else {
        record->b = at;
        record->c = length;
    }
}

static void random_operation(Random *r, QhBlock *block)
{
    uint32_t op = QH_IR_add + pick(r, QH_IR_int2bool + 1 - QH_IR_add), kind = pick(r, 3) == 0;
    const QhIrOpInfo *info = qh_ir_op_info(op);
    QhIrRecord record = {.op = (uint16_t)op, .type = kind ? QH_TYPE_I32 : QH_TYPE_I64};
    QhValue got;

    if (info == NULL || (kind == 1 && (op == QH_IR_ext32s || op == QH_IR_ext32u ||
                                       op == QH_IR_sext || op == QH_IR_zext))) {
        return;
    }
    if (op == QH_IR_trunc) {
        record.type = QH_TYPE_I32;
        kind = 1;
    }
    record.a = value(r, block,
                     info->a[0] == 'B'   ? 2
                     : info->a[0] == 'N' ? 1
                     : info->a[0] == 'W' ? 0
                                         : kind);
    record.b = info->b[0] == 'V' ? value(r, block, kind) : 0;
    record.c = info->c[0] == 'B' ? value(r, block, 2) : 0;
    if (op >= QH_IR_extractu && op <= QH_IR_deposit) {
        random_field(r, &record, kind ? 32 : 64);
    }
    if (op == QH_IR_cmp) {
        record.flags = (uint8_t)pick(r, 10);
    } else if (op >= QH_IR_divu && op <= QH_IR_sar && (op <= QH_IR_rems || op >= QH_IR_shl)) {
        record.flags = (uint8_t)pick(r, 2);
    }
    got = qh_ir(block, op, record.type, record.flags, record.a, record.b, record.c);
    keep(r, info->attrs & QH_IR_A_BOOL ? 2 : kind, got);
}

static void random_record(Random *r, QhBlock *block)
{
    QhValue branch;

    switch (pick(r, 12)) {
    case 0:
        keep(r, 0,
             qh_ir_select(block, QH_TYPE_I64, value(r, block, 2), value(r, block, 0),
                          value(r, block, 0)));
        break;
    case 1:
        keep(r, 2,
             qh_ir_2(block, QH_IR_and + pick(r, 3), QH_TYPE_B1, value(r, block, 2),
                     value(r, block, 2)));
        keep(r, 2, qh_ir_1(block, QH_IR_not, QH_TYPE_B1, value(r, block, 2)));
        break;
    case 2:
    case 3:
    case 4:
        qh_ir_set(block, QH_TYPE_I64, TOY_X + pick(r, 10), value(r, block, 0));
        break;
    case 5:
        qh_ir_set(block, QH_TYPE_I32, TOY_W + pick(r, 4), value(r, block, 1));
        break;
    case 6:
        if (pick(r, 4) == 0) {
            branch = qh_ir_brc_forward(block, value(r, block, 2), pick(r, 2));
            qh_ir_set(block, QH_TYPE_I64, TOY_X + pick(r, 10), value(r, block, 0));
            qh_ir_land(block, branch);
            memset(r->n, 0, sizeof(r->n));
        }
        break;
    default:
        random_operation(r, block);
        break;
    }
}

static void emit_random(QhBlock *block, void *data)
{
    Random *r = data;
    uint32_t n = 3 + pick(r, 60);

    memset(r->n, 0, sizeof(r->n));
    for (uint32_t i = 0; i < n; i++) {
        random_record(r, block);
    }
}

static void run_random(const char *without, gboolean anywhere, uint32_t seed, uint32_t n)
{
    T1Pair *pair = t1_pair_new(without);
    Random r = {.rand = g_rand_new_with_seed(seed)};

    pair->anywhere = anywhere;
    for (uint32_t i = 0; i < n; i++) {
        t1_pair_load(pair, emit_random, &r);
        run_states(pair, r.rand, 6);
    }
    g_rand_free(r.rand);
    t1_pair_free(pair);
}

static void test_random(void)
{
    const char *more = g_getenv("QH_T1_PROGRAMS");
    uint32_t n = more != NULL ? (uint32_t)strtoul(more, NULL, 0) : 4000;

    run_random("", FALSE, n, n);
    run_random("bmi1,bmi2,lzcnt,popcnt,pclmul,sse4.1", FALSE, n + 1, n / 2);
    run_random("", TRUE, n + 2, n / 2);
}

/* Near and far, kept and thrown away. */
static void emit_addresses(QhBlock *block, void *data)
{
    static const uint64_t distances[] = {0,
                                         4,
                                         (uint64_t)-4,
                                         0x7ffff000,
                                         0x80000000,
                                         (uint64_t)INT32_MIN,
                                         (uint64_t)1 << 40,
                                         (uint64_t) - ((int64_t)1 << 62)};

    for (uint32_t i = 0; i < N(distances); i++) {
        QhValue near = qh_ir_const_pc(block, block->pc + distances[i]);
        if (i % 3 == 2) {
            near = qh_ir_2(block, QH_IR_add, QH_TYPE_I64, near,
                           qh_ir_const(block, QH_TYPE_I64, *(uint32_t *)data));
        }
        qh_ir_set(block, QH_TYPE_I64, TOY_X + i, near);
    }
}

static void test_addresses(void)
{
    T1Pair *pair = t1_pair_new("");
    GRand *rand = g_rand_new_with_seed(7);

    for (uint32_t i = 0; i < 8; i++) {
        pair->anywhere = i & 1;
        t1_pair_load(pair, emit_addresses, &i);
        run_states(pair, rand, 1);
        g_assert_cmphex(pair->toy->cpu[0]->x[0], ==, pair->toy->cpu[0]->x[1] - 4);
        g_assert_cmphex(pair->toy->cpu[0]->x[6], ==, pair->toy->cpu[0]->x[0] + ((uint64_t)1 << 40));
    }
    g_rand_free(rand);
    t1_pair_free(pair);
}

/* More values than there are registers, and the greater or smaller of two in place of one: the
 * comparison's operands are the select's own. */
static void emit_crowd(QhBlock *block, void *data)
{
    GRand *rand = data;
    uint32_t type = g_rand_int_range(rand, 0, 2) ? QH_TYPE_I64 : QH_TYPE_I32;
    uint32_t n = (uint32_t)g_rand_int_range(rand, 10, 20);
    QhValue values[20], sum;

    for (uint32_t i = 0; i < n; i++) {
        QhValue a = qh_ir_get(block, QH_TYPE_I64, TOY_X + i % 10);
        a = qh_ir_2(block, QH_IR_ror, QH_TYPE_I64, a, qh_ir_const(block, QH_TYPE_I64, 3 * i));
        values[i] = type == QH_TYPE_I64 ? a : qh_ir_1(block, QH_IR_trunc, type, a);
    }
    for (uint32_t i = 0; i < 30; i++) {
        uint32_t x = (uint32_t)g_rand_int_range(rand, 0, (int32_t)n);
        uint32_t y = (uint32_t)g_rand_int_range(rand, 0, (int32_t)n);
        uint32_t cond = (uint32_t)g_rand_int_range(rand, 0, QH_COND_GTU + 1);
        QhValue c = qh_ir_cmp(block, cond, type, values[x], values[y]);
        values[x] = qh_ir_select(block, type, c, values[i & 1 ? x : y], values[i & 1 ? y : x]);
    }
    sum = values[0];
    for (uint32_t i = 1; i < n; i++) {
        sum = qh_ir_2(block, i & 1 ? QH_IR_add : QH_IR_xor, type, sum, values[i]);
    }
    qh_ir_set(block, type, type == QH_TYPE_I64 ? TOY_X : TOY_W, sum);
}

static void test_crowd(void)
{
    T1Pair *pair = t1_pair_new("");
    GRand *rand = g_rand_new_with_seed(11);

    for (uint32_t i = 0; i < 300; i++) {
        t1_pair_load(pair, emit_crowd, rand);
        run_states(pair, rand, 4);
    }
    g_rand_free(rand);
    t1_pair_free(pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/other/select", test_select);
    g_test_add_func("/t1/other/halves", test_halves);
    g_test_add_func("/t1/other/flags", test_flags);
    g_test_add_func("/t1/other/derived", test_derived);
    g_test_add_func("/t1/other/stored", test_stored);
    g_test_add_func("/t1/other/addresses", test_addresses);
    g_test_add_func("/t1/other/crowd", test_crowd);
    g_test_add_func("/t1/other/random", test_random);
    return g_test_run();
}
