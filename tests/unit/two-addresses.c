/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same pages of code at several virtual addresses. */
#include "toy-machine.h"

#include "core/jit/engine-priv.h"

#define PAGE    0x1000u
#define CODE    (TOY_RAM + 0x4000u) /* physical: two pages */
#define OTHER   (TOY_RAM + 0x8000u) /* what else may be there */
#define DATA    (TOY_RAM + 0xc000u)
#define VECTOR  (TOY_RAM + 0x1000u)
#define N_TURNS 20u
/* Virtual. The second and third share nothing with the first but RAM. */
static const uint64_t places[] = {CODE, 0x100 * PAGE, 0x237 * PAGE};

/* A loop, on one page and over two, calls, addresses, and an access that may fault. */
static const uint32_t program[] = {
    TOY_INSN(TOY_PC, 2, 0, 0),              /* 0 x2 = here */
    TOY_INSN(TOY_ADDI, 1, 1, 1),            /* 4 turns */
    TOY_INSN(TOY_CALL, 3, 0, PAGE - 8),     /* 8 the function on the next page */
    TOY_INSN(TOY_BNE, 7, 10, 8),            /* 12 a branch on the page ... */
    TOY_INSN(TOY_ADDI, 11, 11, 1),          /* 16 ... that is not always taken */
    TOY_INSN(TOY_BNE, 1, 4, (uint32_t)-16), /* 20 */
    TOY_INSN(TOY_PC, 12, 0, -32768),        /* 24 */
    TOY_INSN(TOY_LD, 5, 6, 0),              /* 28 */
    TOY_INSN(TOY_HALT, 0, 0, 0),
};
static const uint32_t function[] = {
    TOY_INSN(TOY_ADDI, 7, 7, 1),
    TOY_INSN(TOY_PC, 8, 0, 4),
    TOY_INSN(TOY_ADD, 9, 8, 0),
    TOY_INSN(TOY_JR, 3, 0, 0),
};
static const uint32_t halt[] = {TOY_INSN(TOY_HALT, 0, 0, 0)};

static void map(ToyMachine *toy, uint64_t virtual, uint64_t physical)
{
    toy->page[virtual / PAGE] = (uint32_t)(physical / PAGE);
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, virtual, 3);
}

static ToyMachine *new_machine(gboolean counts)
{
    ToyMachine *toy = toy_machine_new(1, 12);

    toy->cluster.engine->counts = counts;
    toy_poke(toy, CODE, program, G_N_ELEMENTS(program));
    toy_poke(toy, CODE + PAGE, function, G_N_ELEMENTS(function));
    toy_poke(toy, VECTOR, halt, 1);
    toy->cpu[0]->vector = VECTOR;
    for (uint32_t i = 0; i < G_N_ELEMENTS(places); i++) {
        map(toy, places[i], CODE);
        map(toy, places[i] + PAGE, CODE + PAGE);
    }
    return toy;
}

static void reset(ToyMachine *toy, uint64_t data)
{
    uint64_t zero[16] = {0};

    memcpy(toy->cpu[0]->x, zero, sizeof(zero));
    toy->cpu[0]->x[4] = N_TURNS;
    toy->cpu[0]->x[6] = data;
    toy->cpu[0]->x[10] = N_TURNS / 2;
    toy->cpu[0]->n_faults = 0;
    toy->cpu[0]->cpu.icount = 0;
}

/* All that the program does at @place. */
static void run_at(ToyMachine *toy, uint64_t place)
{
    Toy *cpu = toy->cpu[0];

    reset(toy, DATA);
    toy_run(toy, place);
    g_assert_cmpuint(cpu->n_faults, ==, 0);
    g_assert_cmpuint(cpu->x[1], ==, N_TURNS);
    g_assert_cmphex(cpu->x[2], ==, place);
    g_assert_cmphex(cpu->x[3], ==, place + 12);
    g_assert_cmpuint(cpu->x[7], ==, N_TURNS);
    g_assert_cmphex(cpu->x[8], ==, place + PAGE + 8);
    g_assert_cmphex(cpu->x[9], ==, N_TURNS * (place + PAGE + 8));
    g_assert_cmpuint(cpu->x[11], ==, 1);
    g_assert_cmphex(cpu->x[12], ==, place + 24 - 32768);
    g_assert_cmphex(cpu->cpu.pc, ==, place + 36);
}

static void test_shared(gconstpointer counts)
{
    ToyMachine *toy = new_machine(GPOINTER_TO_INT(counts));
    gboolean interpreted = toy->cluster.engine->tier == NULL;
    QhTierStats before, after;
    QhCodeStats stats;
    uint64_t n;

    for (uint32_t i = 0; i < 3; i++) {
        run_at(toy, places[0]);
    }
    qh_code_stats(toy->cluster.engine->store, &stats);
    n = stats.n_blocks;
    run_at(toy, places[1]);
    run_at(toy, places[1]);
    qh_tier_stats(toy->cluster.engine->tier, &before);
    for (uint32_t i = 0; i < 12; i++) {
        run_at(toy, places[i % 3]);
    }
    qh_tier_stats(toy->cluster.engine->tier, &after);
    qh_code_stats(toy->cluster.engine->store, &stats);
    g_assert_cmpuint(stats.n_blocks, ==, n);
    g_assert_true(interpreted || before.n_blocks <= after.n_blocks);
    /* nothing is compiled again for the third address, nor for the first */
    g_assert_cmpuint(after.n_invalidated, ==, before.n_invalidated);
    g_assert_cmpuint(after.n_insns - before.n_insns, <=, 16);
    toy_machine_free(toy);
}

/* A translator that does not say so gets a block for each address. */
static void test_fixed(void)
{
    ToyMachine *toy = new_machine(TRUE);
    QhCodeStats stats;
    uint64_t n;

    toy->fixed = TRUE;
    run_at(toy, places[0]);
    qh_code_stats(toy->cluster.engine->store, &stats);
    n = stats.n_blocks;
    for (uint32_t i = 0; i < 9; i++) {
        run_at(toy, places[i % 3]);
    }
    qh_code_stats(toy->cluster.engine->store, &stats);
    g_assert_cmpuint(stats.n_blocks, ==, 3 * n);
    toy_machine_free(toy);
}

/* Both kinds on one page. */
static void test_mixed(void)
{
    ToyMachine *toy = new_machine(FALSE);

    for (uint32_t i = 0; i < 24; i++) {
        toy->fixed = i / 4 % 2;
        if (i % 8 == 5) {
            qh_engine_invalidate(toy->cluster.engine, toy->ram->base + (CODE - TOY_RAM) + 8, 4);
        }
        run_at(toy, places[i * 7 % 3]);
    }
    toy_machine_free(toy);
}

static void test_fault_pc(void)
{
    ToyMachine *toy = new_machine(TRUE);

    toy->prot[0x300] = 0;
    for (uint32_t i = 0; i < 9; i++) {
        run_at(toy, places[i % 3]);
        reset(toy, 0x300 * PAGE);
        toy_run(toy, places[i % 3]);
        g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 1);
        g_assert_cmphex(toy->cpu[0]->fault_pc, ==, places[i % 3] + 28);
        /* each turn 9 instructions, but for the one that does not branch, and two around */
        g_assert_cmpuint(toy->cpu[0]->fault_icount, ==, 1 + N_TURNS * 8 + 1 + 1);
    }
    toy_machine_free(toy);
}

static void test_rights(void)
{
    ToyMachine *toy = new_machine(FALSE);

    run_at(toy, places[0]);
    toy->prot[places[1] / PAGE] = QH_PROT_READ;
    reset(toy, DATA);
    toy_run(toy, places[1]);
    g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 1);
    g_assert_cmphex(toy->cpu[0]->fault_pc, ==, places[1]);
    run_at(toy, places[2]);
    toy->prot[places[1] / PAGE] = 7;
    run_at(toy, places[1]);
    toy->prot[places[1] / PAGE + 1] = QH_PROT_READ; /* the function's page */
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, places[1] + PAGE, 3);
    reset(toy, DATA);
    toy_run(toy, places[1]);
    g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 1);
    g_assert_cmphex(toy->cpu[0]->fault_pc, ==, places[1] + PAGE);
    run_at(toy, places[2]);
    toy_machine_free(toy);
}

/* Bytes that change are noticed at all addresses. */
static void test_change(void)
{
    ToyMachine *toy = new_machine(FALSE);
    const uint32_t two[] = {TOY_INSN(TOY_ADDI, 7, 7, 2)};

    for (uint32_t i = 0; i < 9; i++) {
        run_at(toy, places[i % 3]);
        toy_poke(toy, CODE + PAGE, two, 1);
        reset(toy, DATA);
        toy_run(toy, places[(i + i / 3) % 3]);
        g_assert_cmpuint(toy->cpu[0]->x[7], ==, 2 * N_TURNS);
        toy_poke(toy, CODE + PAGE, function, 1);
    }
    toy_machine_free(toy);
}

/* The guest itself writes, through one address, what it then runs at another. */
static void test_self(void)
{
    ToyMachine *toy = new_machine(FALSE);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < 30; i++) {
        uint64_t at = places[i % 3], through = places[(i + 1 + i / 3) % 3] + PAGE;
        const uint32_t writer[] = {TOY_INSN(TOY_ST32, 1, 2, 0), TOY_INSN(TOY_JR, 3, 0, 0)};
        toy_poke(toy, OTHER, writer, 2);
        reset(toy, DATA);
        cpu->x[1] = TOY_INSN(TOY_ADDI, 7, 7, i);
        cpu->x[2] = through;
        cpu->x[3] = at + PAGE;
        cpu->x[13] = 0;
        toy_poke(toy, CODE + PAGE + 12, halt, 1);
        toy_run(toy, OTHER);
        g_assert_cmpuint(cpu->x[7], ==, i);
        g_assert_cmphex(cpu->x[8], ==, at + PAGE + 8);
    }
    toy_machine_free(toy);
}

/* The page behind the addresses is another one, then the old one again. */
static void test_remap(void)
{
    ToyMachine *toy = new_machine(FALSE);
    const uint32_t by_three[] = {TOY_INSN(TOY_ADDI, 7, 7, 3), TOY_INSN(TOY_PC, 8, 0, 4),
                                 TOY_INSN(TOY_JR, 3, 0, 0)};

    toy_poke(toy, OTHER, by_three, 3);
    for (uint32_t i = 0; i < 12; i++) {
        uint64_t place = places[i % 3];
        run_at(toy, place);
        map(toy, place + PAGE, OTHER);
        reset(toy, DATA);
        toy->cpu[0]->x[10] = 3 * N_TURNS / 2;
        toy_run(toy, place);
        g_assert_cmpuint(toy->cpu[0]->x[7], ==, 3 * N_TURNS);
        g_assert_cmphex(toy->cpu[0]->x[8], ==, place + PAGE + 8);
        map(toy, place + PAGE, CODE + PAGE);
        run_at(toy, place);
    }
    toy_machine_free(toy);
}

/* An instruction on two pages, of which the second is another one at each address. */
static void test_across(void)
{
    ToyMachine *toy = new_machine(FALSE);
    const uint32_t wide[] = {TOY_INSN(TOY_WIDE, 1, 0, 0)};

    toy_poke(toy, CODE + PAGE - 4, wide, 1);
    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t rest[] = {1000 + i, TOY_INSN(TOY_HALT, 0, 0, 0)};
        toy_poke(toy, OTHER + i * PAGE, rest, 2);
        map(toy, places[i] + PAGE, OTHER + i * PAGE);
    }
    for (uint32_t i = 0; i < 24; i++) {
        toy_run(toy, places[i * 5 % 3] + PAGE - 4);
        g_assert_cmpuint(toy->cpu[0]->x[1], ==, 1000 + i * 5 % 3);
        toy_run(toy, places[i * 5 % 3] + PAGE - 4);
        g_assert_cmpuint(toy->cpu[0]->x[1], ==, 1000 + i * 5 % 3);
    }
    toy_machine_free(toy);
}

/* A call whose return address is on the next page. */
static void test_last_call(gconstpointer counts)
{
    ToyMachine *toy = new_machine(GPOINTER_TO_INT(counts));
    const uint32_t call[] = {TOY_INSN(TOY_ADDI, 1, 1, 1), TOY_INSN(TOY_CALL, 3, 0, PAGE + 4)};

    toy_poke(toy, CODE + PAGE - 8, call, 2);
    toy_poke(toy, CODE + PAGE, halt, 1);
    toy_poke(toy, OTHER, function, 4);
    for (uint32_t i = 0; i < G_N_ELEMENTS(places); i++) {
        map(toy, places[i] + 2 * PAGE, OTHER);
    }
    for (uint32_t i = 0; i < 30; i++) {
        uint64_t place = places[i * 5 % 3];
        toy_run(toy, place + PAGE - 8);
        g_assert_cmpuint(toy->cpu[0]->x[1], ==, i + 1);
        g_assert_cmpuint(toy->cpu[0]->x[7], ==, i + 1);
        g_assert_cmphex(toy->cpu[0]->x[8], ==, place + 2 * PAGE + 8);
        g_assert_cmphex(toy->cpu[0]->cpu.pc, ==, place + PAGE + 4);
    }
    toy_machine_free(toy);
}

/* Breakpoints are virtual addresses. */
static void test_breakpoint(void)
{
    ToyMachine *toy = new_machine(FALSE);
    QhEngine *engine = toy->cluster.engine;
    QhJitCpu *jit = qh_jit_of(&toy->cpu[0]->cpu);

    for (uint32_t i = 0; i < 6; i++) {
        run_at(toy, places[i % 3]);
    }
    for (uint32_t i = 0; i < 6; i++) {
        uint64_t at = places[i % 3] + PAGE + 8;
        g_assert_true(qh_engine_add_breakpoint(engine, at));
        run_at(toy, places[(i + 1) % 3]);
        reset(toy, DATA);
        toy_run(toy, places[i % 3]);
        g_assert_cmpuint(jit->stop.kind, ==, QH_STOP_BREAKPOINT);
        g_assert_cmphex(jit->stop.address, ==, at);
        g_assert_cmphex(toy->cpu[0]->cpu.pc, ==, at);
        jit->stop.kind = QH_STOP_NONE;
        run_at(toy, places[(i + 2) % 3]);
        qh_engine_remove_breakpoint(engine, at);
        run_at(toy, places[i % 3]);
        run_at(toy, places[(i + 1) % 3]);
    }
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    g_test_add_data_func("/two-addresses/shared", GINT_TO_POINTER(FALSE), test_shared);
    g_test_add_data_func("/two-addresses/shared-counted", GINT_TO_POINTER(TRUE), test_shared);
    g_test_add_func("/two-addresses/fixed", test_fixed);
    g_test_add_func("/two-addresses/mixed", test_mixed);
    g_test_add_func("/two-addresses/fault-pc", test_fault_pc);
    g_test_add_func("/two-addresses/rights", test_rights);
    g_test_add_func("/two-addresses/change", test_change);
    g_test_add_func("/two-addresses/self", test_self);
    g_test_add_func("/two-addresses/remap", test_remap);
    g_test_add_func("/two-addresses/across", test_across);
    g_test_add_data_func("/two-addresses/last-call", GINT_TO_POINTER(FALSE), test_last_call);
    g_test_add_data_func("/two-addresses/last-call-counted", GINT_TO_POINTER(TRUE), test_last_call);
    g_test_add_func("/two-addresses/breakpoint", test_breakpoint);
    return g_test_run();
}
