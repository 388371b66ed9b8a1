/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts that share what was found in the jump cache, and those that must not. */
#include "toy-machine.h"

#define N(array) ((uint32_t)G_N_ELEMENTS(array))
#define CODE     TOY_RAM
#define PAGE     0x1000u
#define FIRST    (CODE / PAGE)

/* Page N of the code: adds 1 << 4N to x1, then halts. */
static ToyMachine *new_machine(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);

    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t words[] = {TOY_INSN(TOY_ADDI, 1, 1, 1 << 4 * i),
                                  TOY_INSN(TOY_HALT, 0, 0, 0)};
        toy_poke(toy, CODE + i * PAGE, words, N(words));
    }
    return toy;
}

/* Run what is at virtual page @page of the code in @context, where that leads to page @to. */
static uint64_t run(ToyMachine *toy, uint64_t context, uint32_t page, uint32_t to)
{
    toy->page[FIRST + page] = FIRST + to;
    qh_cpu_service.tlb_set_context(&toy->cpu[0]->cpu, context);
    toy->cpu[0]->x[1] = 0;
    toy_run(toy, CODE + page * PAGE);
    return toy->cpu[0]->x[1];
}

static uint64_t id_of(const ToyMachine *toy)
{
    return qh_jit_of(&toy->cpu[0]->cpu)->jump_set->id;
}

static void test_share(void)
{
    ToyMachine *toy = new_machine();
    uint64_t id;

    g_assert_cmpuint(run(toy, 1, 0, 0), ==, 1);
    id = id_of(toy);
    for (uint32_t i = 2; i < 40; i++) { /* more contexts than there is room for */
        toy->n_peeked = 0;
        g_assert_cmpuint(run(toy, i, 0, 0), ==, 1);
        g_assert_cmpuint(id_of(toy), ==, id);
        g_assert_cmpuint(toy->n_peeked, ==, 1);
    }
    toy->n_peeked = 0;
    g_assert_cmpuint(run(toy, 38, 0, 0), ==, 1);
    g_assert_cmpuint(toy->n_peeked, ==, 0); /* known already */
    qh_cpu_service.tlb_flush_context(&toy->cpu[0]->cpu, 38);
    g_assert_cmpuint(run(toy, 38, 0, 0), ==, 1);
    g_assert_cmpuint(toy->n_peeked, ==, 1);
    g_assert_cmpuint(id_of(toy), ==, id);
    toy_machine_free(toy);
}

static void test_differ(void)
{
    ToyMachine *toy = new_machine();
    uint64_t id;

    g_assert_cmphex(run(toy, 1, 0, 0), ==, 1);
    id = id_of(toy);
    g_assert_cmphex(run(toy, 2, 0, 1), ==, 0x10);
    g_assert_cmphex(id_of(toy), !=, id);
    g_assert_cmphex(run(toy, 3, 0, 2), ==, 0x100);
    g_assert_cmphex(run(toy, 1, 0, 0), ==, 1);
    g_assert_cmphex(id_of(toy), ==, id);
    /* the tables have changed, and a flush tells so */
    qh_cpu_service.tlb_flush_context(&toy->cpu[0]->cpu, 1);
    g_assert_cmphex(run(toy, 1, 0, 1), ==, 0x10);
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, CODE, 1);
    g_assert_cmphex(run(toy, 2, 0, 3), ==, 0x1000);
    g_assert_cmphex(run(toy, 1, 0, 3), ==, 0x1000);
    toy_machine_free(toy);
}

/* Two contexts are alike, until one of them meets a page that is another one there. */
static void test_later(void)
{
    ToyMachine *toy = new_machine();
    uint64_t id;

    g_assert_cmphex(run(toy, 1, 0, 0), ==, 1);
    g_assert_cmphex(run(toy, 2, 0, 0), ==, 1);
    id = id_of(toy);
    g_assert_cmphex(run(toy, 1, 1, 2), ==, 0x100);
    g_assert_cmphex(id_of(toy), ==, id);
    g_assert_cmphex(run(toy, 2, 1, 3), ==, 0x1000);
    g_assert_cmphex(id_of(toy), !=, id);
    g_assert_cmphex(run(toy, 2, 0, 0), ==, 1);
    g_assert_cmphex(run(toy, 1, 1, 2), ==, 0x100);
    g_assert_cmphex(id_of(toy), ==, id);
    toy_machine_free(toy);
}

static void test_no_right(void)
{
    ToyMachine *toy = new_machine();
    const uint32_t halt = TOY_INSN(TOY_HALT, 0, 0, 0);

    toy_poke(toy, CODE + 4 * PAGE, &halt, 1);
    toy->cpu[0]->vector = CODE + 4 * PAGE;
    g_assert_cmphex(run(toy, 1, 0, 0), ==, 1);
    toy->prot[FIRST] = 3;
    g_assert_cmphex(run(toy, 2, 0, 0), ==, 0);
    g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 1);
    toy->prot[FIRST] = 7;
    g_assert_cmphex(run(toy, 1, 0, 0), ==, 1);
    g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 1);
    toy_machine_free(toy);
}

/* More pages than a set has. */
static void test_many(void)
{
    ToyMachine *toy = new_machine();
    uint32_t n = QH_JUMP_SET_PAGES + 100;

    g_assert_cmpuint(FIRST + n, <, TOY_PAGES);
    for (uint32_t i = 0; i < 3 * n; i++) {
        g_assert_cmphex(run(toy, 1 + i / n, i % n, i % n % 4), ==, 1 << 4 * (i % n % 4));
    }
    /* all pages forgotten, one by one */
    for (uint32_t i = 0; i < n; i++) {
        qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, CODE + i * PAGE, 1);
        g_assert_cmphex(run(toy, 1, i, (i + 1) % 4), ==, 1 << 4 * ((i + 1) % 4));
    }
    toy_machine_free(toy);
}

/* All entries can be had by instructions of four bytes, and a page is forgotten with all of its
 * own, but for no other's. */
static void test_entries(void)
{
    ToyMachine *toy = new_machine();
    QhJitCpu *jit = qh_jit_of(&toy->cpu[0]->cpu);
    uint32_t n = PAGE / 4;

    g_assert_cmpuint(qh_jit_jump_shift(1), ==, 0);
    g_assert_cmpuint(qh_jit_jump_shift(2), ==, 1);
    g_assert_cmpuint(qh_jit_jump_shift(16), ==, 2);
    g_assert_true(qh_jit_jump(jit, 4 * (QH_JUMP_ENTRIES - 1)) == &jit->jumps[QH_JUMP_ENTRIES - 1]);
    g_assert_true(qh_jit_jump(jit, 4 * QH_JUMP_ENTRIES) == jit->jumps);
    run(toy, 1, 0, 0);
    for (uint32_t i = 0; i < 3 * n; i++) {
        qh_jit_note_jump(jit, 7 * PAGE + 4 * i, NULL, jit);
    }
    qh_jit_forget_jumps_of_page(jit, 9 * PAGE); /* and the one before */
    for (uint32_t i = 0; i < 3 * n; i++) {
        const QhJumpEntry *entry = qh_jit_jump(jit, 7 * PAGE + 4 * i);
        g_assert_cmphex(entry->pc, ==, 7 * PAGE + 4 * i);
        g_assert_cmpuint(entry->id, ==, i < n ? jit->hot.jump_id : 0);
    }
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    toy_choose_engine(argc, argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jump-sets/share", test_share);
    g_test_add_func("/jump-sets/differ", test_differ);
    g_test_add_func("/jump-sets/later", test_later);
    g_test_add_func("/jump-sets/no-right", test_no_right);
    g_test_add_func("/jump-sets/many", test_many);
    g_test_add_func("/jump-sets/entries", test_entries);
    return g_test_run();
}
