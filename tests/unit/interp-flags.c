/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Condition codes in the engine: what setflags leaves behind, and what reads it; and branches. */
#include "toy-machine.h"

#include <inttypes.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))

static void run(ToyMachine *toy, void (*emit)(QhBlock *, void *), void *data)
{
    static const uint32_t words[] = {TOY_INSN(TOY_HOOK, 0, 0, 0), TOY_INSN(TOY_HALT, 0, 0, 0)};

    toy->emit = emit;
    toy->data = data;
    toy_poke(toy, TOY_RAM, words, N(words));
    toy_run(toy, TOY_RAM);
    g_assert_cmpuint(toy->cpu[0]->cpu.halted, ==, 1);
    g_assert_cmpuint(qh_jit_of(&toy->cpu[0]->cpu)->broken, ==, 0);
}

/* setflags and flag: 8-bit-like cases in 32 and 64 bits against plain arithmetic. */
typedef struct Flags {
    uint32_t kind, type, flag;
    uint64_t a, b, result;
} Flags;

static void emit_flags(QhBlock *block, void *data)
{
    const Flags *f = data;
    QhValue a = qh_ir_const(block, f->type, f->type == QH_TYPE_I32 ? (uint32_t)f->a : f->a);
    QhValue b = qh_ir_const(block, f->type, f->type == QH_TYPE_I32 ? (uint32_t)f->b : f->b);
    QhValue r =
        qh_ir_const(block, f->type, f->type == QH_TYPE_I32 ? (uint32_t)f->result : f->result);
    QhValue flag;

    qh_ir(block, QH_IR_setflags, f->type, f->kind, a, b, r);
    flag = qh_ir(block, QH_IR_flag, QH_TYPE_NONE, f->flag, 0, 0, 0);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 3, qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, flag));
    flag = qh_ir(block, QH_IR_cc2, QH_TYPE_I32, 0, 0, 0, 0);
    qh_ir_set(block, QH_TYPE_I32, TOY_W + 3, flag);
}

static uint64_t flag_want(const Flags *f, uint32_t width)
{
    ToyWide a = f->a, b = f->b;
    __int128 sa = (__int128)(int64_t)(f->a << (64 - width)) >> (64 - width);
    __int128 sb = (__int128)(int64_t)(f->b << (64 - width)) >> (64 - width);
    gboolean minus = f->kind != QH_CC_ADD;
    __int128 exact = minus ? sa - sb : sa + sb;
    __int128 top = (__int128)1 << (width - 1);

    switch (f->flag & ~QH_FLAG_NOT) {
    case QH_FLAG_Z:
        return f->result == 0;
    case QH_FLAG_N:
        return f->result >> (width - 1) & 1;
    case QH_FLAG_C:
        return f->kind == QH_CC_ADD   ? (uint64_t)((a + b) >> width) & 1
               : f->kind == QH_CC_SUB ? a < b
                                      : a >= b;
    case QH_FLAG_V:
        return exact >= top || exact < -top;
    case QH_FLAG_P:
        return !(__builtin_popcountll(f->result & 0xff) & 1);
    case QH_FLAG_HI: /* C as it is, and not 0 */
        return (f->kind == QH_CC_ADD   ? (uint64_t)((a + b) >> width) & 1
                : f->kind == QH_CC_SUB ? a < b
                                       : a >= b) &&
               f->result != 0;
    case QH_FLAG_GE:
        return exact >= 0;
    case QH_FLAG_GT:
        return exact >= 0 && f->result != 0;
    default:
        return minus ? (f->a & 15) < (f->b & 15) : (f->a & 15) + (f->b & 15) > 15;
    }
}

static void test_flags(void)
{
    static const uint64_t values[] = {0,
                                      1,
                                      15,
                                      16,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      UINT64_MAX};
    static const uint8_t flags[] = {QH_FLAG_Z, QH_FLAG_N,  QH_FLAG_C,  QH_FLAG_V, QH_FLAG_P,
                                    QH_FLAG_A, QH_FLAG_HI, QH_FLAG_GE, QH_FLAG_GT};
    static const uint32_t kinds[] = {QH_CC_ADD, QH_CC_SUB, QH_CC_SUB_NB};
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 100 * 3 * 9 * 2; i++) {
        uint32_t width = i & 1 ? 32 : 64;
        uint64_t mask = width == 32 ? UINT32_MAX : UINT64_MAX;
        Flags f = {.kind = kinds[i / 2 % 3],
                   .type = i & 1 ? QH_TYPE_I32 : QH_TYPE_I64,
                   .flag = flags[i / 6 % 9],
                   .a = values[i / 54 % 10] & mask,
                   .b = values[i / 540] & mask};
        f.result = (f.kind == QH_CC_ADD ? f.a + f.b : f.a - f.b) & mask;
        run(toy, emit_flags, &f);
        if (cpu->x[3] != flag_want(&f, width)) {
            g_test_message("kind %u width %u flag %u a %" PRIx64 " b %" PRIx64, f.kind, width,
                           f.flag, f.a, f.b);
            g_test_fail();
        }
        f.flag |= QH_FLAG_NOT;
        run(toy, emit_flags, &f);
        g_assert_cmpuint(cpu->x[3], ==, !flag_want(&f, width));
    }
    for (uint32_t i = 0; i < 64; i++) { /* flags that were given as such */
        static const uint8_t order[] = {QH_FLAG_V, QH_FLAG_C, QH_FLAG_Z,
                                        QH_FLAG_N, QH_FLAG_P, QH_FLAG_A};
        for (uint32_t bit = 0; bit < 6; bit++) {
            Flags f = {.kind = QH_CC_BITS, .type = QH_TYPE_I64, .flag = order[bit], .a = i};
            run(toy, emit_flags, &f);
            g_assert_cmpuint(cpu->x[3], ==, i >> bit & 1);
            g_assert_cmpuint(cpu->w[3], ==, i & 3);
        }
    }
    for (uint32_t i = 0; i < 9; i++) { /* s390x: compare, signed and not */
        Flags f = {.kind = QH_CC_CMPS, .type = QH_TYPE_I32, .a = i % 3 - 1u, .b = i / 3 - 1u};
        int32_t a = (int32_t)(i % 3) - 1, b = (int32_t)(i / 3) - 1;
        run(toy, emit_flags, &f);
        g_assert_cmpuint(cpu->w[3], ==, a == b ? 0 : a < b ? 1 : 2);
        f.kind = QH_CC_CMPU;
        run(toy, emit_flags, &f);
        g_assert_cmpuint(cpu->w[3], ==, a == b ? 0 : (uint32_t)a < (uint32_t)b ? 1 : 2);
    }
    toy_machine_free(toy);
}

/* Operands that are constants, in slots, or in the slots that setflags writes; the result is used
 * elsewhere, too, or not. */
#define IN_SLOTS   0u
#define CONST_B    1u
#define IN_LAZY    2u
#define USED_TWICE 4u
typedef struct FlagPlaces {
    Flags f;
    uint32_t places;
} FlagPlaces;

static QhValue operand(QhBlock *block, const Flags *f, uint32_t slot)
{
    QhValue value = qh_ir_get(block, QH_TYPE_I64, slot);

    return f->type == QH_TYPE_I64 ? value : qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, value);
}

static void emit_flag_places(QhBlock *block, void *data)
{
    const FlagPlaces *p = data;
    const Flags *f = &p->f;
    gboolean lazy = p->places % 4 == IN_LAZY;
    QhValue a, b, result, flag;

    if (lazy) { /* the wrong way round */
        qh_ir_set(block, QH_TYPE_I64, TOY_LAZY, qh_ir_get(block, QH_TYPE_I64, TOY_X + 2));
        qh_ir_set(block, QH_TYPE_I64, TOY_LAZY + 1, qh_ir_get(block, QH_TYPE_I64, TOY_X + 1));
    }
    a = operand(block, f, lazy ? TOY_LAZY + 1u : TOY_X + 1u);
    b = p->places % 4 == CONST_B
            ? qh_ir_const(block, f->type, f->type == QH_TYPE_I32 ? (uint32_t)f->b : f->b)
            : operand(block, f, lazy ? TOY_LAZY + 0u : TOY_X + 2u);
    result = qh_ir_2(block, f->kind == QH_CC_ADD ? QH_IR_add : QH_IR_sub, f->type, a, b);
    qh_ir(block, QH_IR_setflags, f->type, f->kind, a, b, result);
    if (p->places & USED_TWICE) {
        qh_ir_set(block, f->type, f->type == QH_TYPE_I64 ? TOY_X + 4 : TOY_W + 2, result);
    }
    flag = qh_ir(block, QH_IR_flag, QH_TYPE_NONE, f->flag, 0, 0, 0);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 3, qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, flag));
}

static void test_flag_places(void)
{
    static const uint64_t values[] = {
        0,         1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000,
        UINT64_MAX};
    static const uint8_t flags[] = {QH_FLAG_Z, QH_FLAG_N, QH_FLAG_C, QH_FLAG_V};
    static const uint32_t kinds[] = {QH_CC_ADD, QH_CC_SUB, QH_CC_SUB_NB};
    static const uint8_t places[] = {IN_SLOTS,
                                     CONST_B,
                                     IN_LAZY,
                                     IN_SLOTS | USED_TWICE,
                                     CONST_B | USED_TWICE,
                                     IN_LAZY | USED_TWICE};
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 64 * 3 * 4 * 2 * N(places); i++) {
        uint32_t width = i & 1 ? 32 : 64;
        uint64_t mask = width == 32 ? UINT32_MAX : UINT64_MAX;
        FlagPlaces p = {
            .f = {.kind = kinds[i / 2 % 3],
                  .type = i & 1 ? QH_TYPE_I32 : QH_TYPE_I64,
                  .flag = flags[i / 6 % 4],
                  .a = values[i / 24 % 8] & mask,
                  .b = values[i / 192 % 8] & mask},
            .places = places[i / 1536]
        };
        p.f.result = (p.f.kind == QH_CC_ADD ? p.f.a + p.f.b : p.f.a - p.f.b) & mask;
        cpu->x[1] = p.f.a | (~mask & 0x1234567800000000);
        cpu->x[2] = p.f.b | (~mask & 0x8765432100000000);
        run(toy, emit_flag_places, &p);
        g_assert_cmpuint(cpu->x[3], ==, flag_want(&p.f, width));
        if (p.places & USED_TWICE) {
            g_assert_cmphex(width == 32 ? cpu->w[2] : cpu->x[4], ==, p.f.result);
        }
    }
    toy_machine_free(toy);
}

/* A branch by a comparison with a constant on either side. */
typedef struct Branch {
    uint32_t cond, type;
    gboolean constant_first, if_false;
    uint64_t value;
} Branch;

static void emit_branch(QhBlock *block, void *data)
{
    const Branch *b = data;
    gboolean narrow = b->type == QH_TYPE_I32;
    QhValue x = qh_ir_get(block, QH_TYPE_I64, TOY_X + 1), c, branch, one, two;

    x = narrow ? qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, x) : x;
    c = qh_ir_const(block, b->type, narrow ? (uint32_t)b->value : b->value);
    one = qh_ir_const(block, QH_TYPE_I64, 1);
    two = qh_ir_const(block, QH_TYPE_I64, 2);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 3, one);
    branch = qh_ir_brc_forward(
        block,
        qh_ir_cmp(block, b->cond, b->type, b->constant_first ? c : x, b->constant_first ? x : c),
        b->if_false);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 3, two);
    qh_ir_land(block, branch);
}

static gboolean holds(uint32_t cond, uint64_t a, uint64_t b)
{
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    const gboolean table[] = {a == b, a != b, sa<sb, sa >= sb, sa <= sb, sa> sb,
                              a<b, a >= b, a <= b, a> b};

    return table[cond];
}

static void test_branches(void)
{
    static const int64_t values[] = {
        0,      1,       -1,      2,      -2,         0x7ffe,        0x7fff,    0x8000,
        0x8001, -0x8000, -0x8001, 0xffff, 0x7fffffff, -0x80000000ll, INT64_MAX, INT64_MIN};
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 10 * 2 * 2 * 2 * N(values); i++) {
        Branch b = {.cond = i % 10,
                    .type = i / 10 % 2 ? QH_TYPE_I32 : QH_TYPE_I64,
                    .constant_first = i / 20 % 2 != 0,
                    .if_false = i / 40 % 2 != 0,
                    .value = (uint64_t)values[i / 80]};
        for (uint32_t k = 0; k < N(values); k++) {
            uint64_t x = (uint64_t)values[k], value = b.value;
            if (b.type == QH_TYPE_I32) { /* extended, they compare alike both ways */
                x = (uint64_t)(int32_t)x;
                value = (uint64_t)(int32_t)value;
            }
            cpu->x[1] = (uint64_t)values[k];
            run(toy, emit_branch, &b);
            g_assert_cmpuint(cpu->x[3], ==,
                             holds(b.cond, b.constant_first ? value : x,
                                   b.constant_first ? x : value) != b.if_false
                                 ? 1
                                 : 2);
        }
    }
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    toy_choose_engine(argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interp/flags", test_flags);
    g_test_add_func("/interp/flag-places", test_flag_places);
    g_test_add_func("/interp/branches", test_branches);
    return g_test_run();
}
