/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockstep with a compiler of the test's own: the interpreter, and something wrong afterwards.
 * Units without a fault pass, leave RAM and CPU as the "compiled" run did, and do nothing outside
 * twice; every kind of fault is found and named.
 */
#include "core/jit/lockstep-priv.h"
#include "toy-machine.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Test {
    ToyMachine *toy;
    QhJitCpu *jit;
    void (*harm)(QhJitCpu *jit);
} Test;

static Test *the_test; /* for compile_and_run, which gets the CPU only */

#define DATA (TOY_RAM + 0x4000)
#define FAR  (TOY_RAM + 0x9000)

static uint32_t compile_and_run(QhJitCpu *jit, const void *native)
{
    uint32_t left = qh_t0_run(jit, (QhCode *)native);

    if (the_test->harm != NULL) {
        the_test->harm(jit);
    }
    return left;
}

static void set_up(Test *test, gconstpointer harm)
{
    g_autoptr(GError) error = NULL;
    QhEngine *engine;

    test->toy = toy_machine_new(1, 12);
    test->jit = qh_jit_of(&test->toy->cpu[0]->cpu);
    test->harm = harm != NULL ? *(void (*const *)(QhJitCpu *))harm : NULL;
    engine = test->toy->cluster.engine;
    engine->lockstep_ops = qh_lockstep_ops_new(engine->ir.translator, &error);
    g_assert_no_error(error);
    engine->ir.translator = qh_lockstep_ops(engine->lockstep_ops);
    test->jit->lockstep = qh_lockstep_new(test->jit);
    test->jit->lockstep->run = compile_and_run;
    the_test = test;
}

static void tear_down(Test *test, gconstpointer harm)
{
    (void)harm;
    toy_machine_free(test->toy);
}

/* One unit from @pc; NULL, or the difference (the caller g_frees it). */
static char *run_unit(Test *test, uint64_t pc)
{
    QhCpu *cpu = &test->toy->cpu[0]->cpu;
    g_autofree char *path = NULL;
    QhCode *code;
    char *text = NULL;

    cpu->pc = pc;
    cpu->unwind = 0;
    code = qh_engine_find(test->toy->cluster.engine, test->jit, 0);
    g_assert_nonnull(code);
    qh_lockstep_unit(test->jit, code, code);
    path =
        g_strdup_printf("lockstep-0-%" G_GUINT64_FORMAT ".txt", test->jit->lockstep->stats.n_units);
    if (test->jit->broken) {
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_unlink(path);
        g_assert_true(g_str_has_prefix(text, "# compiled code and the interpreter"));
        return text;
    }
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    return NULL;
}

static const uint32_t program[] = {
    TOY_INSN(TOY_ADDI, 1, 1, 7), TOY_INSN(TOY_ST, 1, 2, 8),   /* RAM */
    TOY_INSN(TOY_LD, 3, 2, 8),   TOY_INSN(TOY_ST, 3, 2, 16),  /* the same page */
    TOY_INSN(TOY_ST, 3, 4, 0),   TOY_INSN(TOY_LD, 5, 6, 0),   /* a device */
    TOY_INSN(TOY_ST, 1, 6, 8),   TOY_INSN(TOY_STX, 1, 2, 24), /* through a helper */
    TOY_INSN(TOY_LDX, 7, 2, 24), TOY_INSN(TOY_AMOADD, 8, 2, 1),
    TOY_INSN(TOY_ADDI, 9, 7, 1), TOY_INSN(TOY_JMP, 0, 0, 0x40),
};

static void prepare(Test *test)
{
    Toy *cpu = test->toy->cpu[0];

    toy_poke(test->toy, TOY_RAM, program, G_N_ELEMENTS(program));
    cpu->x[1] = 1;
    cpu->x[2] = DATA;
    cpu->x[4] = FAR;
    cpu->x[6] = TOY_IO;
    test->toy->io_value = 55;
    toy_service = &qh_cpu_service;
}

static void test_same(Test *test, gconstpointer data)
{
    Toy *cpu = test->toy->cpu[0];
    uint64_t *ram = toy_ram(test->toy, DATA);

    (void)data;
    prepare(test);
    for (uint32_t i = 1; i <= 3; i++) {
        g_autofree char *difference = run_unit(test, TOY_RAM);
        g_assert_cmpstr(difference, ==, NULL);
        g_assert_cmpuint(cpu->x[1], ==, 1 + 7 * i);
        g_assert_cmpuint(cpu->x[9], ==, cpu->x[1] + 1);
        g_assert_cmpuint(ram[1], ==, cpu->x[1]);
        g_assert_cmpuint(ram[3], ==, cpu->x[1]);
        g_assert_cmpuint(*(uint64_t *)toy_ram(test->toy, FAR), ==, cpu->x[1]);
        g_assert_cmpuint(cpu->cpu.pc, ==, TOY_RAM + 11 * 4 + 0x40);
        g_assert_cmpuint(cpu->cpu.icount, ==, 12 * i);
        g_assert_cmpuint(test->toy->io_reads, ==, i); /* not once more for the interpreter */
        g_assert_cmpuint(test->toy->io_writes, ==, i);
    }
    g_assert_cmpuint(test->jit->lockstep->stats.n_units, ==, 3);
    g_assert_cmpuint(test->jit->lockstep->stats.n_insns, ==, 36);
    g_assert_cmpuint(test->jit->lockstep->stats.n_skipped, ==, 0);
}

/* An exception, in the middle of the unit. */
static void test_fault(Test *test, gconstpointer data)
{
    Toy *cpu = test->toy->cpu[0];
    g_autofree char *difference = NULL;

    (void)data;
    prepare(test);
    test->toy->prot[FAR >> 12] = 1;
    cpu->vector = TOY_RAM + 0x100;
    difference = run_unit(test, TOY_RAM);
    g_assert_cmpstr(difference, ==, NULL);
    g_assert_cmpuint(cpu->n_faults, ==, 1);
    g_assert_cmpuint(cpu->cpu.pc, ==, TOY_RAM + 0x100);
    g_assert_cmpuint(cpu->cpu.icount, ==, 4);
}

/* Code that it changes itself is not confused with what it was. */
static void test_own_code(Test *test, gconstpointer data)
{
    const uint32_t store[] = {TOY_INSN(TOY_ST32, 1, 2, 0), TOY_INSN(TOY_JMP, 0, 0, 0x40)};
    g_autofree char *difference = NULL;

    (void)data;
    prepare(test);
    toy_poke(test->toy, TOY_RAM, store, 2);
    test->toy->cpu[0]->x[2] = TOY_RAM; /* the block stores over itself */
    difference = run_unit(test, TOY_RAM);
    g_assert_cmpstr(difference, ==, NULL);
    g_assert_cmpuint(test->jit->retry, ==, QH_RETRY_SINGLE);
    test->jit->retry = QH_RETRY_NONE;
}

/* After a flush old and new translations cannot be told apart: not compared, but run. */
static void test_flush(Test *test, gconstpointer data)
{
    const uint32_t flush[] = {TOY_INSN(TOY_ADDI, 1, 1, 7), TOY_INSN(TOY_FLUSH, 0, 0, 0)};
    g_autofree char *difference = NULL;

    (void)data;
    prepare(test);
    toy_poke(test->toy, TOY_RAM, flush, 2);
    difference = run_unit(test, TOY_RAM);
    g_assert_cmpstr(difference, ==, NULL);
    g_assert_cmpuint(test->jit->lockstep->stats.n_skipped, ==, 1);
    g_assert_cmpuint(test->toy->cpu[0]->x[1], ==, 8);
}

typedef struct Harm {
    void (*fn)(QhJitCpu *jit);
    const char *name, *found;
} Harm;

static void harm_slot(QhJitCpu *jit)
{
    ((Toy *)qh_jit_state(jit))->x[3] ^= 4;
}

static void harm_pc(QhJitCpu *jit)
{
    qh_jit_state(jit)->pc += 4;
}

static void harm_flags(QhJitCpu *jit)
{
    qh_jit_state(jit)->fp_flags |= QH_FP_INEXACT;
}

static void harm_count(QhJitCpu *jit)
{
    qh_jit_state(jit)->icount--;
}

static void harm_memory(QhJitCpu *jit)
{
    uint64_t value = 9;

    qh_softmmu_store(jit, DATA + 0x777, QH_MEM_8, &value);
}

static void harm_other_page(QhJitCpu *jit)
{
    uint64_t value = 9;

    qh_softmmu_store(jit, DATA + 0x2000, QH_MEM_8, &value);
}

static void harm_device(QhJitCpu *jit)
{
    uint64_t value;

    qh_softmmu_load(jit, TOY_IO, QH_MEM_32, &value);
}

static const Harm harms[] = {
    {harm_slot,       "slot",       "x3, state word"           },
    {harm_pc,         "pc",         "pc, state word"           },
    {harm_flags,      "fp-flags",   "fp_flags: 0x1, 0x0"       },
    {harm_count,      "count",      "pc, state word"           },
    {harm_memory,     "memory",     "memory: ram + 0x4777"     },
    {harm_other_page, "other-page", "memory: ram + 0x6000"     },
    {harm_device,     "device",     "compiled 5, interpreted 4"},
};

static void test_harm(Test *test, gconstpointer data)
{
    const Harm *harm = data;
    g_autofree char *difference = NULL;

    prepare(test);
    difference = run_unit(test, TOY_RAM);
    g_assert_nonnull(difference);
    if (strstr(difference, harm->found) == NULL) {
        g_error("%s is not in: %s", harm->found, difference);
    }
    g_assert_true(test->jit->broken);
}

int main(int argc, char **argv)
{
    g_autofree char *folder = g_dir_make_tmp("lockstep-XXXXXX", NULL);
    int status;

    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(chdir(folder), ==, 0); /* where the files go */
    g_test_add("/lockstep/same", Test, NULL, set_up, test_same, tear_down);
    g_test_add("/lockstep/fault", Test, NULL, set_up, test_fault, tear_down);
    g_test_add("/lockstep/own-code", Test, NULL, set_up, test_own_code, tear_down);
    g_test_add("/lockstep/flush", Test, NULL, set_up, test_flush, tear_down);
    for (guint i = 0; i < G_N_ELEMENTS(harms); i++) {
        g_autofree char *path = g_strdup_printf("/lockstep/harm/%s", harms[i].name);
        g_test_add(path, Test, &harms[i], set_up, test_harm, tear_down);
    }
    status = g_test_run();
    g_rmdir(folder);
    return status;
}
