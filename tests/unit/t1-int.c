/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every integer operation compiled, in every form in which operands and results come, against the
 * interpreter: with all that the processor has, and with none of it.
 */
#include "t1-pair.h"

#include <string.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))

/* How operands come and where the result goes. */
enum {
    FORM_CONST_A = 1u << 0,
    FORM_CONST_B = 1u << 1,
    FORM_SAME_OPERAND = 1u << 2, /* b is a */
    FORM_TO_A = 1u << 3,         /* the result goes to the slot of a */
    FORM_TO_B = 1u << 4,
    FORM_HOMES = 1u << 5,   /* slots are used so often that they are in registers */
    FORM_BUSY = 1u << 6,    /* operands' slots change before they are used */
    FORM_ALIVE = 1u << 7,   /* operands and result are used again */
    FORM_CROWDED = 1u << 8, /* more values than registers */
    FORM_BRANCH = 1u << 9,  /* a truth value is the condition of a branch */
};

static const uint32_t form_list[] = {
    0,
    FORM_TO_A,
    FORM_TO_B,
    FORM_HOMES,
    FORM_HOMES | FORM_TO_A,
    FORM_HOMES | FORM_TO_B,
    FORM_HOMES | FORM_TO_B | FORM_ALIVE,
    FORM_HOMES | FORM_SAME_OPERAND | FORM_TO_A,
    FORM_SAME_OPERAND,
    FORM_SAME_OPERAND | FORM_BUSY,
    FORM_BUSY,
    FORM_ALIVE,
    FORM_BUSY | FORM_ALIVE | FORM_TO_A,
    FORM_CROWDED,
    FORM_CROWDED | FORM_HOMES | FORM_ALIVE,
    FORM_CONST_A | FORM_HOMES,
    FORM_CONST_B | FORM_HOMES,
    FORM_CONST_A | FORM_TO_B,
    FORM_CONST_B | FORM_TO_A,
    FORM_CONST_B | FORM_ALIVE | FORM_HOMES,
    FORM_CONST_A | FORM_CONST_B,
    FORM_BRANCH,
    FORM_BRANCH | FORM_HOMES,
    FORM_BRANCH | FORM_CONST_B,
    FORM_BRANCH | FORM_CONST_A | FORM_HOMES,
};

typedef struct Program {
    uint32_t op, type, flags;
    uint32_t imm_b, imm_c;
    uint32_t form;
    uint64_t a, b; /* constants */
} Program;

static const uint64_t values[] = {
    0,
    1,
    2,
    31,
    32,
    63,
    64,
    0x80,
    0xff,
    0x7fff,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x123456789abcdef0,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xffffffff80000000,
    0xfffffffffffffffe,
    0xffffffffffffffff,
};

static uint32_t slot(const Program *p, uint32_t i)
{
    return (p->type == QH_TYPE_I32 ? TOY_W : TOY_X) + i;
}

static QhValue get(QhBlock *block, const Program *p, uint32_t i)
{
    return qh_ir_get(block, p->type, slot(p, i));
}

static QhValue
operand(QhBlock *block, const Program *p, gboolean constant, uint64_t value, uint32_t i)
{
    return constant ? qh_ir_const(block, p->type, p->type == QH_TYPE_I32 ? (uint32_t)value : value)
                    : get(block, p, i);
}

/* Weight for slots 0 to 3: they become homes. */
static void use_often(QhBlock *block, const Program *p)
{
    for (uint32_t i = 0; i < 4; i++) {
        QhValue x = get(block, p, i);
        qh_ir_set(block, p->type, slot(p, i), qh_ir_2(block, QH_IR_xor, p->type, x, x));
        qh_ir_set(block, p->type, slot(p, i), qh_ir_2(block, QH_IR_or, p->type, x, x));
        qh_ir_set(block, p->type, slot(p, i), x);
    }
}

static void fill(QhBlock *block, QhValue *crowd, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        QhValue x = qh_ir_get(block, QH_TYPE_I64, TOY_X + 6 + i % 4);
        crowd[i] =
            qh_ir_2(block, QH_IR_mul, QH_TYPE_I64, x, qh_ir_const(block, QH_TYPE_I64, 2 * i + 3));
    }
}

static void empty(QhBlock *block, const QhValue *crowd, uint32_t n)
{
    QhValue sum = crowd[0];

    for (uint32_t i = 1; i < n; i++) {
        sum = qh_ir_2(block, QH_IR_xor, QH_TYPE_I64, sum, crowd[i]);
    }
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 10, sum);
}

/* 7 or 8 into x11, by a branch. */
static void branch_on(QhBlock *block, QhValue truth, gboolean invert)
{
    QhValue branch = qh_ir_brc_forward(block, truth, invert), end;

    qh_ir_set(block, QH_TYPE_I64, TOY_X + 11, qh_ir_const(block, QH_TYPE_I64, 7));
    end = qh_ir_br_forward(block);
    qh_ir_land(block, branch);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 11, qh_ir_const(block, QH_TYPE_I64, 8));
    qh_ir_land(block, end);
}

static QhValue make(QhBlock *block, const Program *p, QhValue a, QhValue b)
{
    const QhIrOpInfo *info = qh_ir_op_info(p->op);
    QhValue carry = 0;

    if (info->c[0] == 'B') {
        carry =
            qh_ir_1(block, QH_IR_int2bool, QH_TYPE_I64, qh_ir_get(block, QH_TYPE_I64, TOY_X + 5));
    }
    if (info->a[0] == 'N') {
        a = qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, a);
    } else if (info->a[0] == 'B') { /* bool2int */
        a = qh_ir_1(block, QH_IR_int2bool, p->type, a);
    }
    return qh_ir(block, p->op, p->type, p->flags, a, info->b[0] == 'V' ? b : p->imm_b,
                 info->c[0] == 'B'   ? carry
                 : info->c[0] == 'X' ? p->imm_c
                                     : 0);
}

static void emit(QhBlock *block, void *data)
{
    const Program *p = data;
    uint32_t form = p->form, to = form & FORM_TO_A ? 0 : form & FORM_TO_B ? 1 : 2;
    QhValue crowd[20], a, b, result, truth = 0;
    gboolean is_bool = (qh_ir_op_info(p->op)->attrs & QH_IR_A_BOOL) != 0;

    if (form & FORM_HOMES) {
        use_often(block, p);
    }
    a = operand(block, p, (form & FORM_CONST_A) != 0, p->a, 0);
    b = form & FORM_SAME_OPERAND ? a : operand(block, p, (form & FORM_CONST_B) != 0, p->b, 1);
    if (form & FORM_CROWDED) {
        a = qh_ir_2(block, QH_IR_add, p->type, a, get(block, p, 3));
        b = qh_ir_2(block, QH_IR_xor, p->type, b, get(block, p, 3));
        fill(block, crowd, N(crowd));
    }
    if (form & FORM_BUSY) {
        QhValue junk = get(block, p, 3);
        qh_ir_set(block, p->type, slot(p, 0), junk);
        qh_ir_set(block, p->type, slot(p, 1), junk);
    }
    result = make(block, p, a, b);
    if (is_bool) {
        truth = result;
        result = qh_ir_1(block, QH_IR_bool2int, p->type, truth);
    }
    if ((form & FORM_BRANCH) && is_bool) {
        branch_on(block, truth, p->flags & 1);
        return;
    }
    qh_ir_set(block, p->type, slot(p, to), result);
    if (form & FORM_ALIVE) {
        QhValue sum = qh_ir_2(block, QH_IR_add, p->type, a, b);
        qh_ir_set(block, p->type, slot(p, 3), qh_ir_2(block, QH_IR_xor, p->type, sum, result));
    }
    if (form & FORM_CROWDED) {
        empty(block, crowd, N(crowd));
    }
}

static void set_values(Toy *state, uint64_t a, uint64_t b, uint64_t c)
{
    memset(state, 0, sizeof(*state));
    for (uint32_t i = 0; i < 16; i++) {
        state->x[i] = 0x9e3779b97f4a7c15 * (i + 1);
    }
    state->x[0] = a;
    state->x[1] = b;
    state->x[5] = c;
    state->w[0] = (uint32_t)a;
    state->w[1] = (uint32_t)b;
    state->w[2] = 0xdeadbeef;
    state->w[3] = 0x13579bdf;
}

/* All pairs of values that the form takes from slots. */
static void run_values(T1Pair *pair, const Program *p)
{
    uint32_t n_a = p->form & FORM_CONST_A ? 1 : N(values);
    uint32_t n_b = p->form & (FORM_CONST_B | FORM_SAME_OPERAND) ? 1 : N(values);
    Toy state;

    t1_pair_load(pair, emit, (void *)p);
    for (uint32_t i = 0; i < n_a; i++) {
        for (uint32_t k = 0; k < n_b; k++) {
            set_values(&state, values[i], values[k], (i + k) & 1);
            t1_pair_run(pair, &state);
        }
    }
}

static void run_forms(T1Pair *pair, Program p)
{
    for (uint32_t i = 0; i < N(form_list); i++) {
        uint32_t n_a = form_list[i] & FORM_CONST_A ? N(values) : 1;
        uint32_t n_b = form_list[i] & FORM_CONST_B ? N(values) : 1;
        p.form = form_list[i];
        for (uint32_t a = 0; a < n_a; a++) {
            for (uint32_t b = 0; b < n_b; b++) {
                p.a = values[a];
                p.b = values[b];
                run_values(pair, &p);
            }
        }
    }
}

static uint32_t max_flags(uint32_t op)
{
    switch (op) {
    case QH_IR_cmp:
        return QH_COND_GTU;
    case QH_IR_shl:
    case QH_IR_shr:
    case QH_IR_sar:
        return QH_SHIFT_SATURATE;
    case QH_IR_divu:
    case QH_IR_divs:
    case QH_IR_remu:
    case QH_IR_rems:
        return QH_DIV_ARM;
    default:
        return 0;
    }
}

static gboolean only_wide(uint32_t op)
{
    return op == QH_IR_ext32s || op == QH_IR_ext32u || op == QH_IR_sext || op == QH_IR_zext;
}

static void run_fields(T1Pair *pair, Program p)
{
    static const uint8_t fields[][2] = {
        {0,  1 },
        {0,  8 },
        {0,  16},
        {0,  12},
        {0,  32},
        {0,  40},
        {8,  8 },
        {7,  1 },
        {16, 16},
        {5,  27},
        {5,  20},
        {4,  12},
        {31, 1 },
        {24, 8 },
        {16, 8 },
        {8,  24},
        {31, 33},
        {32, 32},
        {32, 16},
        {20, 32},
        {20, 33},
        {63, 1 },
        {1,  63},
        {0,  64},
        {0,  31},
    };
    uint32_t width = p.type == QH_TYPE_I64 ? 64 : 32;

    for (uint32_t i = 0; i < N(fields); i++) {
        uint32_t at = fields[i][0], length = fields[i][1];
        if (at + length > width) {
            continue;
        }
        p.imm_b = at;
        p.imm_c = p.op == QH_IR_deposit ? at | length << 8 : length;
        run_forms(pair, p);
    }
}

static void run_ops(const char *without, uint32_t type, uint32_t first, uint32_t last)
{
    T1Pair *pair = t1_pair_new(without);

    for (uint32_t op = first; op <= last; op++) {
        const QhIrOpInfo *info = qh_ir_op_info(op);
        Program p = {.op = op, .type = type};
        if (info == NULL || (type == QH_TYPE_I32 && only_wide(op)) || op == QH_IR_trunc) {
            continue;
        }
        if (op >= QH_IR_extractu && op <= QH_IR_deposit) {
            run_fields(pair, p);
            continue;
        }
        for (p.flags = 0; p.flags <= max_flags(op); p.flags++) {
            run_forms(pair, p);
        }
    }
    t1_pair_free(pair);
}

#define NONE "bmi1,bmi2,lzcnt,popcnt,movbe,sse4.1,sse4.2,ssse3,avx,avx2,fma,pclmul"

static void test_wide(void)
{
    run_ops("", QH_TYPE_I64, QH_IR_add, QH_IR_int2bool);
}

static void test_narrow(void)
{
    run_ops("", QH_TYPE_I32, QH_IR_add, QH_IR_int2bool);
}

static void test_wide_baseline(void)
{
    run_ops(NONE, QH_TYPE_I64, QH_IR_add, QH_IR_int2bool);
}

static void test_narrow_baseline(void)
{
    run_ops(NONE, QH_TYPE_I32, QH_IR_add, QH_IR_int2bool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/int/i64", test_wide);
    g_test_add_func("/t1/int/i32", test_narrow);
    g_test_add_func("/t1/int/i64-baseline", test_wide_baseline);
    g_test_add_func("/t1/int/i32-baseline", test_narrow_baseline);
    return g_test_run();
}
