/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code memory: what the system sees of it, and that it is used again, alone and beside a CPU that
 * runs. */
#include "toy-machine.h"

#include "core/jit/engine-priv.h"

#include <string.h>

#define CODE       TOY_RAM
#define PAGE       0x1000u
#define PAGE_INSNS (PAGE / 4)
#define N_PAGES    240u

static const QhEngineOptions small = {.backend = QH_BACKEND_JIT, .tb_bytes = 1u << 20};

static ToyMachine *new_machine(uint32_t n_cpus)
{
    return toy_machine_new_with(&(ToyConfig){.n_cpus = n_cpus, .page_bits = 12, .engine = &small});
}

/* Pages full of additions, each of which goes on with the next; x2 rounds; x5 is the start. */
static uint64_t fill(ToyMachine *toy)
{
    uint32_t words[PAGE_INSNS];

    for (uint32_t page = 0; page < N_PAGES; page++) {
        for (uint32_t i = 0; i < PAGE_INSNS; i++) {
            words[i] = TOY_INSN(TOY_ADDI, 1, 1, 1);
        }
        if (page == N_PAGES - 1) {
            words[PAGE_INSNS - 4] = TOY_INSN(TOY_ADDI, 2, 2, -1);
            words[PAGE_INSNS - 3] = TOY_INSN(TOY_BNE, 2, 3, 8);
            words[PAGE_INSNS - 2] = TOY_INSN(TOY_HALT, 0, 0, 0);
            words[PAGE_INSNS - 1] = TOY_INSN(TOY_JR, 5, 0, 0);
        } else {
            words[PAGE_INSNS - 1] = TOY_INSN(TOY_JMP, 0, 0, 4);
        }
        toy_poke(toy, CODE + page * PAGE, words, PAGE_INSNS);
    }
    return (N_PAGES - 1) * (PAGE_INSNS - 1) + PAGE_INSNS - 4;
}

static void test_maps(void)
{
    ToyMachine *toy = new_machine(1);
    g_autofree char *maps = NULL;
    g_auto(GStrv) lines = NULL;
    uint32_t n_code = 0;

    fill(toy);
    toy->cpu[0]->x[2] = 1;
    toy->cpu[0]->x[5] = CODE;
    toy_run(toy, CODE);
    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    lines = g_strsplit(maps, "\n", -1);
    for (uint32_t i = 0; lines[i] != NULL && lines[i][0] != 0; i++) {
        const char *rights = strchr(lines[i], ' ') + 1;
        gboolean executable = rights[2] == 'x';
        g_assert_false(rights[1] == 'w' && executable);
        n_code += executable && strstr(lines[i], "qemu-host-code") != NULL;
    }
    g_assert_cmpuint(n_code, ==, 1);
    toy_machine_free(toy);
}

static void test_recycle(void)
{
    ToyMachine *toy = new_machine(1);
    uint64_t round = fill(toy);
    QhTierStats stats;

    toy->cpu[0]->x[2] = 5;
    toy->cpu[0]->x[5] = CODE;
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[0]->x[1], ==, 5 * round);
    qh_tier_stats(toy->cluster.engine->tier, &stats);
    g_assert_cmpuint(stats.n_retired, >, 0);
    g_assert_cmpuint(stats.code_bytes, >, small.tb_bytes);
    g_assert_cmpuint(stats.used_bytes, <=, small.tb_bytes);
    g_assert_cmpuint(stats.n_drops, ==, 0);
    toy_machine_free(toy);
}

static gboolean halted(ToyMachine *toy, uint32_t i)
{
    return __atomic_load_n(&toy->cpu[i]->cpu.halted, __ATOMIC_SEQ_CST) != 0;
}

static void test_recycle_beside(void)
{
    ToyMachine *toy = new_machine(3);
    uint64_t round = fill(toy);
    QhTierStats stats;

    for (uint32_t i = 0; i < 3; i++) {
        toy->cpu[i]->x[2] = 4;
        toy->cpu[i]->x[5] = CODE;
        toy->cpu[i]->cpu.pc = CODE + i * 80 * PAGE;
        qh_vcpu_start(toy->vcpu[i]);
    }
    for (uint32_t i = 0; i < 3; i++) {
        while (!halted(toy, i)) {
            g_usleep(1000);
        }
        qh_vcpu_request_stop(toy->vcpu[i]);
        qh_vcpu_wait_stopped(toy->vcpu[i]);
        g_assert_cmpuint(toy->cpu[i]->x[1], ==, 4 * round - i * 80 * (PAGE_INSNS - 1));
    }
    qh_tier_stats(toy->cluster.engine->tier, &stats);
    g_assert_cmpuint(stats.n_retired, >, 0);
    g_assert_cmpuint(stats.used_bytes, <=, small.tb_bytes);
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/maps", test_maps);
    g_test_add_func("/t1/recycle", test_recycle);
    g_test_add_func("/t1/recycle-beside", test_recycle_beside);
    return g_test_run();
}
