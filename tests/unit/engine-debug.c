/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breakpoints, watchpoints and steps of the engine. */
#include "core/jit/engine-priv.h"
#include "toy-machine.h"

#define N(array) ((uint32_t)G_N_ELEMENTS(array))
#define CODE     TOY_RAM
#define DATA     (TOY_RAM + 0x8000u)
#define PAGE     0x1000u

/* x1 counts rounds; each loads DATA, adds 1, stores it, by way of an indirect jump. */
static const uint32_t program[] = {
    TOY_INSN(TOY_ADDI, 1, 1, 1), /* 0 */
    TOY_INSN(TOY_LD, 2, 4, 0),   /* 4 */
    TOY_INSN(TOY_ADDI, 2, 2, 1), /* 8 */
    TOY_INSN(TOY_ST, 2, 4, 0),   /* 12 */
    TOY_INSN(TOY_BNE, 1, 3, 8),  /* 16: unless x1 == x3 */
    TOY_INSN(TOY_HALT, 0, 0, 0), /* 20 */
    TOY_INSN(TOY_JR, 5, 0, 0),   /* 24: to x5 */
};

static ToyMachine *set_up(uint64_t rounds)
{
    ToyMachine *toy = toy_machine_new(1, 12);

    toy_poke(toy, CODE, program, N(program));
    toy->cpu[0]->x[3] = rounds;
    toy->cpu[0]->x[4] = DATA;
    toy->cpu[0]->x[5] = CODE;
    return toy;
}

static uint64_t counter(ToyMachine *toy)
{
    return *(uint64_t *)toy_ram(toy, DATA);
}

static QhDebugStop take_stop(ToyMachine *toy)
{
    QhDebugStop stop = qh_vcpu_stop_reason(toy->vcpu[0]);

    qh_vcpu_clear_stop(toy->vcpu[0]);
    return stop;
}

/* A debugger goes on from a breakpoint with a step. */
static void go_on(ToyMachine *toy)
{
    qh_engine_step(toy->cluster.engine, toy->vcpu[0]);
    toy_run(toy, toy->cpu[0]->cpu.pc);
}

static void assert_at(ToyMachine *toy, uint32_t kind, uint64_t pc)
{
    g_assert_cmpuint(take_stop(toy).kind, ==, kind);
    g_assert_cmphex(toy->cpu[0]->cpu.pc, ==, pc);
}

/* In the middle of what would be one block, after it was translated as one. */
static void test_breakpoint(void)
{
    ToyMachine *toy = set_up(100);
    QhEngine *engine = toy->cluster.engine;

    toy_run(toy, CODE);
    assert_at(toy, QH_STOP_NONE, CODE + 24);
    g_assert_cmpuint(counter(toy), ==, 100);
    toy->cpu[0]->x[1] = 0;
    g_assert_true(qh_engine_add_breakpoint(engine, CODE + 12));
    g_assert_true(qh_engine_add_breakpoint(engine, CODE + 12));
    for (uint64_t round = 1; round < 20; round++) {
        if (round == 1) {
            toy_run(toy, CODE);
        } else {
            go_on(toy);
        }
        assert_at(toy, QH_STOP_BREAKPOINT, CODE + 12);
        g_assert_cmpuint(toy->cpu[0]->x[1], ==, round);
        g_assert_cmpuint(counter(toy), ==, 100 + round - 1);
    }
    qh_engine_remove_breakpoint(engine, CODE + 12);
    toy_run(toy, toy->cpu[0]->cpu.pc);
    assert_at(toy, QH_STOP_NONE, CODE + 24);
    g_assert_cmpuint(counter(toy), ==, 200);
    toy_machine_free(toy);
}

/* At places that are reached by falling through, by a branch, and by an indirect jump. */
static void test_everywhere(void)
{
    for (uint32_t i = 0; i < N(program); i++) {
        ToyMachine *toy = set_up(50);
        toy_run(toy, CODE); /* all jumps know where they lead */
        toy->cpu[0]->x[1] = 0;
        g_assert_true(qh_engine_add_breakpoint(toy->cluster.engine, CODE + 4 * i));
        toy_run(toy, CODE);
        assert_at(toy, QH_STOP_BREAKPOINT, CODE + 4 * i);
        g_assert_cmpuint(toy->cpu[0]->x[1], ==, i == 0 ? 0 : i == 5 ? 50 : 1);
        toy_machine_free(toy);
    }
}

/* Two pages that jump to each other; the breakpoint comes, goes and comes again. */
static void test_pages(void)
{
    static const uint32_t here[] = {TOY_INSN(TOY_ADDI, 1, 1, 1), TOY_INSN(TOY_JMP, 0, 0, PAGE - 4)};
    static const uint32_t there[] = {
        TOY_INSN(TOY_ADDI, 2, 2, 1),            /* 0 */
        TOY_INSN(TOY_BNE, 1, 3, 8),             /* 4 */
        TOY_INSN(TOY_HALT, 0, 0, 0),            /* 8 */
        TOY_INSN(TOY_JMP, 0, 0, -(PAGE + 12u)), /* 12 */
    };
    ToyMachine *toy = toy_machine_new(1, 12);
    QhEngine *engine = toy->cluster.engine;
    Toy *cpu = toy->cpu[0];

    toy_poke(toy, CODE, here, N(here));
    toy_poke(toy, CODE + PAGE, there, N(there));
    for (uint32_t i = 0; i < 5; i++) {
        cpu->x[1] = cpu->x[2] = 0;
        cpu->x[3] = 5000;
        toy_run(toy, CODE);
        assert_at(toy, QH_STOP_NONE, CODE + PAGE + 12);
        g_assert_cmpuint(cpu->x[2], ==, 5000);
        cpu->x[1] = cpu->x[2] = 0;
        g_assert_true(qh_engine_add_breakpoint(engine, CODE + PAGE));
        toy_run(toy, CODE);
        for (uint64_t round = 1; round < 50; round++) {
            assert_at(toy, QH_STOP_BREAKPOINT, CODE + PAGE);
            g_assert_cmpuint(cpu->x[1], ==, round);
            g_assert_cmpuint(cpu->x[2], ==, round - 1);
            go_on(toy);
        }
        (void)take_stop(toy);
        qh_engine_remove_breakpoint(engine, CODE + PAGE);
    }
    toy_machine_free(toy);
}

static void test_page(void)
{
    ToyMachine *toy = set_up(1);
    QhEngine *engine = toy->cluster.engine;
    uint64_t top = UINT64_MAX - 1;

    g_assert_true(qh_engine_add_breakpoint(engine, CODE + PAGE));
    g_assert_true(qh_engine_add_breakpoint(engine, top));
    g_assert_false(qh_engine_page_has_breakpoint(engine, CODE));
    g_assert_true(qh_engine_page_has_breakpoint(engine, CODE + PAGE + PAGE - 1));
    g_assert_false(qh_engine_page_has_breakpoint(engine, CODE + 2 * PAGE));
    g_assert_true(qh_engine_page_has_breakpoint(engine, top));
    qh_engine_remove_breakpoint(engine, top);
    g_assert_false(qh_engine_page_has_breakpoint(engine, top));
    qh_engine_remove_breakpoint(engine, CODE + PAGE - 2);
    g_assert_true(qh_engine_has_breakpoint(engine, CODE + PAGE));
    qh_engine_remove_all_points(engine);
    g_assert_false(qh_engine_has_breakpoint(engine, CODE + PAGE));
    toy_machine_free(toy);
}

static void test_many(void)
{
    ToyMachine *toy = set_up(1);
    QhEngine *engine = toy->cluster.engine;

    for (uint64_t i = 0; i < QH_DEBUG_MAX_BREAKPOINTS; i++) {
        g_assert_true(qh_engine_add_breakpoint(engine, i * 7919 % QH_DEBUG_MAX_BREAKPOINTS * 2));
    }
    g_assert_false(qh_engine_add_breakpoint(engine, 1));
    for (uint64_t i = 0; i < QH_DEBUG_MAX_BREAKPOINTS; i++) {
        g_assert_true(qh_engine_has_breakpoint(engine, i * 2));
        g_assert_false(qh_engine_has_breakpoint(engine, i * 2 + 1));
    }
    for (uint32_t i = 0; i < QH_DEBUG_MAX_WATCHPOINTS; i++) {
        g_assert_true(qh_engine_add_watchpoint(engine, i, 1, QH_WATCH_READ));
    }
    g_assert_false(qh_engine_add_watchpoint(engine, 1, 1, QH_WATCH_WRITE));
    qh_engine_remove_all_points(engine);
    g_assert_false(qh_engine_add_watchpoint(engine, 1, 0, QH_WATCH_WRITE));
    g_assert_false(qh_engine_add_watchpoint(engine, UINT64_MAX, 2, QH_WATCH_WRITE));
    g_assert_true(qh_engine_add_watchpoint(engine, UINT64_MAX, 1, QH_WATCH_WRITE));
    toy_machine_free(toy);
}

/* Stops are after the access; nothing is done twice. */
static void test_watchpoint(void)
{
    static const struct {
        uint32_t watch;
        uint32_t stops[2]; /* pc after the instruction, in the order of a round */
    } cases[] = {
        {QH_WATCH_WRITE,                 {16, 16}},
        {QH_WATCH_READ,                  {8, 8}  },
        {QH_WATCH_READ | QH_WATCH_WRITE, {8, 16} },
    };

    for (uint32_t c = 0; c < N(cases); c++) {
        ToyMachine *toy = set_up(100);
        QhEngine *engine = toy->cluster.engine;
        uint32_t n = cases[c].stops[0] == cases[c].stops[1] ? 1 : 2;

        toy_run(toy, CODE); /* the tables know the page */
        toy->cpu[0]->x[1] = 0;
        toy->cpu[0]->cpu.pc = CODE;
        g_assert_true(qh_engine_add_watchpoint(engine, DATA + 3, 2, cases[c].watch));
        for (uint64_t i = 0; i < 20; i++) {
            uint32_t at = cases[c].stops[i % n];
            toy_run(toy, toy->cpu[0]->cpu.pc);
            QhDebugStop stop = take_stop(toy);
            g_assert_cmpuint(stop.kind, ==, QH_STOP_WATCHPOINT);
            g_assert_cmpuint(stop.watch, ==, cases[c].watch);
            g_assert_cmphex(stop.address, ==, DATA + 3);
            g_assert_cmphex(toy->cpu[0]->cpu.pc, ==, CODE + at);
            g_assert_cmpuint(counter(toy), ==, 100 + i / n + (at == 16));
            g_assert_cmpuint(toy->cpu[0]->x[1], ==, i / n + 1);
        }
        qh_engine_remove_watchpoint(engine, DATA + 3, 2, cases[c].watch);
        toy_run(toy, toy->cpu[0]->cpu.pc);
        assert_at(toy, QH_STOP_NONE, CODE + 24);
        g_assert_cmpuint(counter(toy), ==, 200);
        toy_machine_free(toy);
    }
}

/* Where stops are before the access it has not happened, and happens once when the CPU goes on. */
static void test_watch_before(void)
{
    ToyMachine *toy = set_up(100);
    QhEngine *engine = toy->cluster.engine;
    Toy *cpu = toy->cpu[0];

    toy_run(toy, CODE);
    cpu->x[1] = 0;
    qh_engine_set_watch_before(engine, TRUE);
    g_assert_true(qh_engine_add_watchpoint(engine, DATA, 8, QH_WATCH_READ | QH_WATCH_WRITE));
    toy_run(toy, CODE);
    for (uint32_t i = 0; i < 20; i++) {
        QhJitCpu *jit = qh_jit_of(&cpu->cpu);
        uint64_t before = cpu->cpu.icount;
        assert_at(toy, QH_STOP_WATCHPOINT, CODE + (i % 2 == 0 ? 4 : 12));
        g_assert_cmpuint(counter(toy), ==, 100 + i / 2);
        qh_engine_step(engine, toy->vcpu[0]); /* tells it again */
        assert_at(toy, QH_STOP_WATCHPOINT, CODE + (i % 2 == 0 ? 4 : 12));
        g_assert_cmpuint(cpu->cpu.icount, ==, before);
        jit->blind = 1;
        qh_engine_step(engine, toy->vcpu[0]);
        jit->blind = 0;
        g_assert_cmpuint(counter(toy), ==, 100 + (i + 1) / 2);
        g_assert_cmpuint(cpu->cpu.icount, ==, before + 1);
        toy_run(toy, cpu->cpu.pc);
    }
    toy_machine_free(toy);
}

/* Its neighbours, on the same page, do not stop anything. */
static void test_near_miss(void)
{
    ToyMachine *toy = set_up(10);
    QhEngine *engine = toy->cluster.engine;

    g_assert_true(qh_engine_add_watchpoint(engine, DATA + 8, 8, QH_WATCH_READ | QH_WATCH_WRITE));
    g_assert_true(qh_engine_add_watchpoint(engine, DATA - 1, 1, QH_WATCH_READ | QH_WATCH_WRITE));
    toy_run(toy, CODE);
    assert_at(toy, QH_STOP_NONE, CODE + 24);
    g_assert_cmpuint(counter(toy), ==, 10);
    toy_machine_free(toy);
}

/* Atomics and helpers go through the same door. */
static void test_other_accesses(void)
{
    static const uint32_t words[] = {
        TOY_INSN(TOY_ADDI, 6, 6, 1),   /* 0 */
        TOY_INSN(TOY_AMOADD, 2, 4, 6), /* 4: x2 = [x4]; [x4] += x6 */
        TOY_INSN(TOY_LDX, 7, 4, 0),    /* 8 */
        TOY_INSN(TOY_STX, 6, 4, 0),    /* 12 */
        TOY_INSN(TOY_HALT, 0, 0, 0),   /* 16 */
    };
    ToyMachine *toy = set_up(0);

    toy_poke(toy, CODE, words, N(words));
    g_assert_true(
        qh_engine_add_watchpoint(toy->cluster.engine, DATA, 8, QH_WATCH_READ | QH_WATCH_WRITE));
    toy_run(toy, CODE);
    assert_at(toy, QH_STOP_WATCHPOINT, CODE + 8);
    g_assert_cmpuint(counter(toy), ==, 1);
    toy_run(toy, CODE + 8);
    assert_at(toy, QH_STOP_WATCHPOINT, CODE + 12);
    g_assert_cmpuint(toy->cpu[0]->x[7], ==, 1);
    toy_run(toy, CODE + 12);
    assert_at(toy, QH_STOP_WATCHPOINT, CODE + 16);
    toy_run(toy, CODE + 16);
    assert_at(toy, QH_STOP_NONE, CODE + 20);
    g_assert_cmpuint(toy->cpu[0]->x[6], ==, 1);
    toy_machine_free(toy);
}

/* A watched access that faults did not happen. */
static void test_fault(void)
{
    ToyMachine *toy = set_up(1);

    toy->cpu[0]->vector = CODE + 20;
    toy->prot[DATA >> 12] = 1; /* read only */
    g_assert_true(qh_engine_add_watchpoint(toy->cluster.engine, DATA, 8, QH_WATCH_WRITE));
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 1);
    assert_at(toy, QH_STOP_NONE, CODE + 24);
    toy_machine_free(toy);
}

/* One instruction each, though all jumps know where they lead; watchpoints are seen. */
static void test_step(void)
{
    ToyMachine *toy = set_up(UINT64_MAX);
    static const uint32_t order[] = {0, 4, 8, 12, 16, 24};
    Toy *cpu = toy->cpu[0];

    cpu->x[3] = 50;
    toy_run(toy, CODE);
    cpu->x[1] = 0;
    cpu->x[3] = 1000;
    cpu->cpu.halted = 0;
    cpu->cpu.pc = CODE;
    for (uint32_t i = 0; i < 60; i++) {
        uint64_t before = cpu->cpu.icount;
        g_assert_cmphex(cpu->cpu.pc, ==, CODE + order[i % N(order)]);
        qh_engine_step(toy->cluster.engine, toy->vcpu[0]);
        g_assert_cmpuint(cpu->cpu.icount, ==, before + 1);
        assert_at(toy, QH_STOP_NONE, CODE + order[(i + 1) % N(order)]);
    }
    g_assert_true(qh_engine_add_watchpoint(toy->cluster.engine, DATA, 8, QH_WATCH_READ));
    qh_engine_step(toy->cluster.engine, toy->vcpu[0]);
    assert_at(toy, QH_STOP_NONE, CODE + 4);
    qh_engine_step(toy->cluster.engine, toy->vcpu[0]);
    assert_at(toy, QH_STOP_WATCHPOINT, CODE + 8);
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    g_test_add_func("/debug/breakpoint", test_breakpoint);
    g_test_add_func("/debug/everywhere", test_everywhere);
    g_test_add_func("/debug/pages", test_pages);
    g_test_add_func("/debug/page", test_page);
    g_test_add_func("/debug/many", test_many);
    g_test_add_func("/debug/watchpoint", test_watchpoint);
    g_test_add_func("/debug/watch-before", test_watch_before);
    g_test_add_func("/debug/near-miss", test_near_miss);
    g_test_add_func("/debug/other-accesses", test_other_accesses);
    g_test_add_func("/debug/fault", test_fault);
    g_test_add_func("/debug/step", test_step);
    return g_test_run();
}
