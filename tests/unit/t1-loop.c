/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a turn of a loop costs: host instructions, counted by the processor's single step. A loop
 * is run with two numbers of turns, compiled against interpreted, and the difference counted.
 */
#include "t1-pair.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

#define TRAP_FLAG 0x100

/* The code that is counted in; a signal handler has nothing else to go by. */
static const uint8_t *counted_code;
static uint64_t counted_bytes, counted;

static void on_step(int number, siginfo_t *info, void *context)
{
    const ucontext_t *at = context;
    uint64_t offset = (uint64_t)at->uc_mcontext.gregs[REG_RIP] - (uintptr_t)counted_code;

    (void)number;
    (void)info;
    counted += offset < counted_bytes;
}

static void set_trap(gboolean on)
{
    uint64_t flags = __builtin_ia32_readeflags_u64();

    __builtin_ia32_writeeflags_u64(on ? flags | TRAP_FLAG : flags & ~(uint64_t)TRAP_FLAG);
}

/* How many instructions of the region run from @state. */
static uint64_t count(T1Pair *pair, const Toy *state)
{
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO}, old;

    counted_code = pair->region->code;
    counted_bytes = pair->region->code_bytes;
    counted = 0;
    sigaction(SIGTRAP, &action, &old);
    set_trap(TRUE);
    t1_pair_enter(pair, state, TRUE);
    set_trap(FALSE);
    sigaction(SIGTRAP, &old, NULL);
    return counted;
}

/* Loops count x0 up to x1. How many instructions a turn takes, in whole ones. */
static uint64_t per_turn(T1Pair *pair, Toy *state)
{
    enum { FEW = 10, MANY = 110 };
    uint64_t few, many;

    state->x[0] = 0;
    state->x[1] = FEW;
    t1_pair_run(pair, state);
    few = count(pair, state);
    state->x[1] = MANY;
    t1_pair_run(pair, state);
    many = count(pair, state);
    g_test_message("%" G_GUINT64_FORMAT " in %d turns", many - few, MANY - FEW);
    g_assert_cmpuint((many - few) % (MANY - FEW), ==, 0);
    return (many - few) / (MANY - FEW);
}

/* --- What loops are made of --- */

static QhValue x(QhBlock *block, uint32_t n)
{
    return qh_ir_get(block, QH_TYPE_I64, TOY_X + n);
}

static void next_insn(QhBlock *block)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < block->n_records; i++) {
        n += block->records[i].op == QH_IR_insn_start;
    }
    qh_ir_insn_start(block, 4 * n, 0, 0);
}

/* x[n] against x[n + 1]; whether they differ. */
static QhValue compare(QhBlock *block, uint32_t n)
{
    QhValue a = x(block, n), b = x(block, n + 1);

    qh_ir(block, QH_IR_setflags, QH_TYPE_I64, QH_CC_SUB_NB, a, b,
          qh_ir_2(block, QH_IR_sub, QH_TYPE_I64, a, b));
    next_insn(block);
    return qh_ir(block, QH_IR_flag, QH_TYPE_NONE, QH_FLAG_NOT | QH_FLAG_Z, 0, 0, 0);
}

/* x[n] += 1 */
static void step(QhBlock *block, uint32_t n)
{
    QhValue one = qh_ir_const(block, QH_TYPE_I64, 1);

    qh_ir_set(block, QH_TYPE_I64, TOY_X + n,
              qh_ir_2(block, QH_IR_add, QH_TYPE_I64, x(block, n), one));
    next_insn(block);
}

static QhValue begin_loop(QhBlock *block)
{
    QhValue head = qh_ir_label(block);

    next_insn(block);
    return head;
}

static void end_loop(QhBlock *block, QhValue head, QhValue again)
{
    qh_ir(block, QH_IR_brc, QH_TYPE_NONE, 0, again, head, 0);
    next_insn(block);
}

/* --- The same comparison before a loop and at its end --- */

static void emit_guarded(QhBlock *block, void *data)
{
    uint32_t n = data != NULL ? 2 : 0;
    QhValue guard = qh_ir_brc_forward(block, compare(block, n), TRUE), head;

    next_insn(block);
    head = begin_loop(block);
    step(block, n);
    end_loop(block, head, compare(block, n));
    qh_ir_land(block, guard);
    next_insn(block);
}

/* Such a loop over x2 in one over x0. */
static void emit_nested(QhBlock *block, void *data)
{
    QhValue head = begin_loop(block);

    qh_ir_set(block, QH_TYPE_I64, TOY_X + 2, qh_ir_const(block, QH_TYPE_I64, 0));
    next_insn(block);
    emit_guarded(block, data);
    step(block, 0);
    end_loop(block, head, compare(block, 0));
}

/* look at exit_request, branch, add, note the condition codes, compare, branch */
static void test_guarded(void)
{
    T1Pair *pair = t1_pair_new("");
    Toy state = {.lazy_kind = QH_CC_SUB_NB | QH_TYPE_I64 << 8};

    t1_pair_load(pair, emit_guarded, NULL);
    g_assert_cmpuint(per_turn(pair, &state), <=, 6);
    t1_pair_free(pair);
}

/* Five turns of the inner loop, and less than two more, with its comparison before it. */
static void test_nested(void)
{
    T1Pair *pair = t1_pair_new("");
    Toy state = {.x[3] = 5, .lazy_kind = QH_CC_SUB_NB | QH_TYPE_I64 << 8};

    t1_pair_load(pair, emit_nested, pair);
    g_assert_cmpuint(per_turn(pair, &state), <=, 5 * 6 + 16);
    t1_pair_free(pair);
}

/* --- A loop behind another one, which has left its comparison --- */

static void emit_second(QhBlock *block, void *data)
{
    (void)data;
    for (uint32_t n = 2; n < 4; n -= 2) {
        QhValue head = begin_loop(block);
        step(block, n);
        end_loop(block, head, compare(block, n));
    }
}

static void test_second(void)
{
    T1Pair *pair = t1_pair_new("");
    Toy state = {.x[3] = 5, .lazy_kind = QH_CC_SUB_NB | QH_TYPE_I64 << 8};

    t1_pair_load(pair, emit_second, NULL);
    g_assert_cmpuint(per_turn(pair, &state), <=, 6);
    t1_pair_free(pair);
}

/* --- Two loops that together use more variables than there are homes --- */

/* x[n] += x[n + 1] five times, from @n on */
static void add_five(QhBlock *block, uint32_t n)
{
    for (uint32_t end = n + 5; n < end; n++) {
        qh_ir_set(block, QH_TYPE_I64, TOY_X + n,
                  qh_ir_2(block, QH_IR_add, QH_TYPE_I64, x(block, n), x(block, n + 1)));
        next_insn(block);
    }
}

static QhValue differ(QhBlock *block, uint32_t n)
{
    return qh_ir_cmp(block, QH_COND_NE, QH_TYPE_I64, x(block, n), x(block, n + 1));
}

static void emit_crowded(QhBlock *block, void *data)
{
    (void)data;
    for (uint32_t n = 2; n < 4; n -= 2) {
        QhValue head = begin_loop(block);
        step(block, n);
        add_five(block, n == 2 ? 4 : 10);
        end_loop(block, head, differ(block, n));
    }
    add_five(block, 7);
}

/* look at exit_request, branch, add, five sums, compare, branch: nothing in memory */
static void test_crowded(void)
{
    T1Pair *pair = t1_pair_new("");
    Toy state = {.x[3] = 5, .x[9] = 1, .x[15] = 3};

    t1_pair_load(pair, emit_crowded, NULL);
    g_assert_cmpuint(per_turn(pair, &state), <=, 16);
    t1_pair_free(pair);
}

/* The same, one in the other: only turns of the outer one may load and store. */
static void emit_crowded_nest(QhBlock *block, void *data)
{
    QhValue outer = begin_loop(block), inner;

    (void)data;
    step(block, 0);
    add_five(block, 4);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 2, qh_ir_const(block, QH_TYPE_I64, 0));
    next_insn(block);
    inner = begin_loop(block);
    step(block, 2);
    add_five(block, 10);
    end_loop(block, inner, differ(block, 2));
    add_five(block, 5);
    end_loop(block, outer, differ(block, 0));
}

static void test_crowded_nest(void)
{
    T1Pair *pair = t1_pair_new("");
    Toy state = {.x[3] = 10, .x[9] = 1, .x[15] = 3};
    uint64_t ten, twenty;

    t1_pair_load(pair, emit_crowded_nest, NULL);
    ten = per_turn(pair, &state);
    state.x[3] = 20;
    twenty = per_turn(pair, &state);
    g_assert_cmpuint(twenty - ten, <=, 10 * 10);
    g_assert_cmpuint(ten, <=, 10 * 10 + 60);
    t1_pair_free(pair);
}

/* --- A loop that is entered in the middle --- */

static void emit_sideways(QhBlock *block, void *data)
{
    QhValue enter = qh_ir_br_forward(block), head = begin_loop(block);

    (void)data;
    add_five(block, 4);
    qh_ir_land(block, enter);
    next_insn(block);
    step(block, 0);
    end_loop(block, head, differ(block, 0));
}

static void test_sideways(void)
{
    T1Pair *pair = t1_pair_new("");
    Toy state = {.x[9] = 1};

    t1_pair_load(pair, emit_sideways, NULL);
    g_assert_cmpuint(per_turn(pair, &state), <=, 10);
    t1_pair_free(pair);
}

/* --- What a loop does not touch stays where it is --- */

static void emit_idle(QhBlock *block, void *data)
{
    QhValue outer = begin_loop(block), inner;

    (void)data;
    step(block, 0);
    add_five(block, 4);
    qh_ir_set(block, QH_TYPE_I64, TOY_X + 2, qh_ir_const(block, QH_TYPE_I64, 0));
    next_insn(block);
    inner = begin_loop(block);
    step(block, 2);
    end_loop(block, inner, differ(block, 2));
    end_loop(block, outer, differ(block, 0));
}

/* Three turns of five, eleven for the outer one, and two variables too many that move. */
static void test_idle(void)
{
    T1Pair *pair = t1_pair_new("");
    Toy state = {.x[3] = 3, .x[5] = 1, .x[8] = 7};

    t1_pair_load(pair, emit_idle, NULL);
    g_assert_cmpuint(per_turn(pair, &state), <=, 3 * 5 + 15);
    t1_pair_free(pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/loop/guarded", test_guarded);
    g_test_add_func("/t1/loop/nested", test_nested);
    g_test_add_func("/t1/loop/second", test_second);
    g_test_add_func("/t1/loop/crowded", test_crowded);
    g_test_add_func("/t1/loop/crowded-nest", test_crowded_nest);
    g_test_add_func("/t1/loop/sideways", test_sideways);
    g_test_add_func("/t1/loop/idle", test_idle);
    return g_test_run();
}
