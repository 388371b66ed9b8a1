/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops whose accesses are checked once for many turns: pointers and indices that walk over pages
 * which are no neighbours in RAM, over a device that changes the page tables while they do, and
 * over the code that runs. What the interpreter does is right.
 */
#include "toy-machine.h"

#include "core/jit/engine-priv.h"

#include <string.h>

#define CODE    TOY_RAM
#define DATA    UINT64_C(0x20000) /* virtual; physical too, before pages are exchanged */
#define N_PAGES 8u
#define PAGE    0x1000u
#define INDEX   15u
#define TURNS   4u /* x4: turns that are left */

typedef struct Program {
    uint32_t seed;
    gboolean device; /* one of the pages is one */
} Program;

static QhEngineOptions options[2];

/* What a device does at each access: exchanges two pages. */
static void exchange(ToyMachine *toy)
{
    uint32_t n = toy->io_reads + toy->io_writes, first = DATA / PAGE;
    uint32_t *a = &toy->page[first + n % 3], *b = &toy->page[first + 5 + n % 3], page = *a;

    *a = *b;
    *b = page;
    qh_softmmu_flush(qh_jit_of(&toy->cpu[0]->cpu), UINT32_MAX);
}

static QhValue constant(QhBlock *block, uint64_t bits)
{
    return qh_ir_const(block, QH_TYPE_I64, bits);
}

static void step(QhBlock *block, uint32_t reg, uint64_t by)
{
    qh_ir_set(block, QH_TYPE_I64, TOY_X + reg,
              qh_ir_2(block, QH_IR_add, QH_TYPE_I64, qh_ir_get(block, QH_TYPE_I64, TOY_X + reg),
                      constant(block, by)));
}

static QhValue address(QhBlock *block, GRand *random)
{
    uint32_t reg = g_rand_int(random) % 3;
    QhValue base = qh_ir_get(block, QH_TYPE_I64, TOY_X + reg), index;

    if (g_rand_boolean(random)) {
        index = qh_ir(block, QH_IR_shl, QH_TYPE_I64, QH_SHIFT_MASK,
                      qh_ir_get(block, QH_TYPE_I64, TOY_X + INDEX), constant(block, 2), 0);
        base = g_rand_boolean(random) ? qh_ir_2(block, QH_IR_add, QH_TYPE_I64, base, index)
                                      : qh_ir_2(block, QH_IR_add, QH_TYPE_I64, index, base);
    }
    return qh_ir_2(block, QH_IR_add, QH_TYPE_I64, base,
                   constant(block, g_rand_int(random) % 40 - UINT64_C(8)));
}

/* One turn: accesses off x0 to x2, perhaps with x15 * 4 added, and steps of them in between. */
static void emit_turn(QhBlock *block, void *data)
{
    const Program *p = data;
    GRand *random = g_rand_new_with_seed(p->seed);
    uint32_t n = 1 + g_rand_int(random) % 8, wide = g_rand_int(random) % 10;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t what = g_rand_int(random) % 8, size = g_rand_int(random) % 4;
        uint32_t x = 5 + g_rand_int(random) % (wide + 1);
        if (what < 3) {
            QhValue old = qh_ir(block, QH_IR_ld, QH_TYPE_I64, 0, address(block, random), size, 0);
            qh_ir_set(block, QH_TYPE_I64, TOY_X + x,
                      qh_ir_2(block, QH_IR_add, QH_TYPE_I64, old,
                              qh_ir_get(block, QH_TYPE_I64, TOY_X + 5 + i)));
        } else if (what < 6) {
            QhValue at = address(block, random);
            qh_ir(block, QH_IR_st, QH_TYPE_I64, 0, at, size,
                  qh_ir_get(block, QH_TYPE_I64, TOY_X + x));
        } else if (what == 6) {
            step(block, g_rand_int(random) % 3, g_rand_int(random) % 60 - UINT64_C(12));
        } else {
            step(block, INDEX, g_rand_int(random) % 7 - UINT64_C(2));
        }
    }
    step(block, g_rand_int(random) % 3, 8);
    g_rand_free(random);
}

static void set_up(ToyMachine *toy, const Program *p)
{
    static const uint32_t words[] = {
        TOY_INSN(TOY_HOOK, 0, 0, 0),
        TOY_INSN(TOY_ADDI, TURNS, TURNS, -1),
        TOY_INSN(TOY_BNE, TURNS, 3, -8), /* x3 is 0 */
        TOY_INSN(TOY_HALT, 0, 0, 0),
    };
    uint8_t *ram = toy_ram(toy, DATA);

    for (uint32_t i = 0; i < N_PAGES; i++) {
        toy->page[DATA / PAGE + i] = DATA / PAGE + (i * 5 + 3) % N_PAGES;
    }
    if (p->device) {
        toy->page[DATA / PAGE + 4] = TOY_IO / PAGE;
    }
    for (uint32_t i = 0; i < N_PAGES * PAGE; i++) {
        ram[i] = (uint8_t)(i * 167 + (i >> 8) * 13 + p->seed);
    }
    toy_poke(toy, CODE, words, G_N_ELEMENTS(words));
    toy->emit = emit_turn;
    toy->data = (void *)p;
    toy->on_io = p->seed % 2 ? exchange : NULL;
    toy->io_reads = toy->io_writes = 0;
    toy->io_value = 0x0102030405060708;
    for (uint32_t i = 0; i < 16; i++) {
        toy->cpu[0]->x[i] = i * UINT64_C(0x0f1e2d3c4b5a6978) + p->seed;
    }
    for (uint32_t i = 0; i < 3; i++) {
        toy->cpu[0]->x[i] = DATA + 2 * PAGE + i * (PAGE + 0x123) + p->seed % 9;
    }
    toy->cpu[0]->x[INDEX] = p->seed % 50;
    toy->cpu[0]->vector = CODE + 12; /* half of the device's page is nothing */
    toy->cpu[0]->x[3] = 0;
    toy->cpu[0]->x[TURNS] = 60 + p->seed % 150;
    qh_softmmu_flush(qh_jit_of(&toy->cpu[0]->cpu), UINT32_MAX);
}

static void test_random(void)
{
    ToyMachine *toy[2];

    for (uint32_t i = 0; i < 2; i++) {
        toy[i] =
            toy_machine_new_with(&(ToyConfig){.n_cpus = 1, .page_bits = 12, .engine = &options[i]});
    }
    for (uint32_t seed = 0; seed < 3000; seed++) {
        Program p = {.seed = seed, .device = seed % 4 >= 2};
        for (uint32_t i = 0; i < 2; i++) {
            set_up(toy[i], &p);
            toy_run(toy[i], CODE);
        }
        if (memcmp(toy[0]->cpu[0]->x, toy[1]->cpu[0]->x, sizeof(toy[0]->cpu[0]->x)) != 0 ||
            toy[0]->cpu[0]->fault.address != toy[1]->cpu[0]->fault.address ||
            toy[0]->io_reads != toy[1]->io_reads || toy[0]->io_writes != toy[1]->io_writes ||
            memcmp(toy_ram(toy[0], DATA), toy_ram(toy[1], DATA), N_PAGES * PAGE) != 0) {
            g_error("program %u does something else when it is compiled", seed);
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        toy_machine_free(toy[i]);
    }
}

/* A loop fills the page behind its data, where it has been called before, with other code. */
static void test_code(void)
{
    ToyMachine *toy =
        toy_machine_new_with(&(ToyConfig){.n_cpus = 1, .page_bits = 12, .engine = &options[1]});
    const uint32_t fill[] = {
        TOY_INSN(TOY_ST32, 5, 0, 0),  TOY_INSN(TOY_ADDI, 0, 0, 4), TOY_INSN(TOY_ADDI, 4, 4, -1),
        TOY_INSN(TOY_BNE, 4, 3, -12), TOY_INSN(TOY_HALT, 0, 0, 0),
    };
    const uint32_t one = TOY_INSN(TOY_ADDI, 1, 1, 1), stop = TOY_INSN(TOY_HALT, 0, 0, 0);
    uint64_t other = DATA + PAGE + 0x80, *x = toy->cpu[0]->x;

    toy_poke(toy, CODE, fill, G_N_ELEMENTS(fill));
    for (uint32_t round = 1; round < 20; round++) {
        toy_poke(toy, other, &one, 1);
        toy_poke(toy, other + 4, &stop, 1);
        x[1] = x[3] = 0;
        toy_run(toy, other);
        g_assert_cmpuint(x[1], ==, 1);
        x[0] = DATA + PAGE - 0x100; /* up to the instruction before the stop */
        x[4] = (other + 4 - x[0]) / 4;
        x[5] = TOY_INSN(TOY_ADDI, 1, 1, round + 1);
        toy_run(toy, CODE);
        toy_run(toy, other);
        g_assert_cmpuint(x[1], ==, 1 + round + 1);
    }
    toy_machine_free(toy);
}

/* A page becomes code while another CPU may know it for some turns: that one is asked to look. */
static void test_asked(void)
{
    ToyMachine *toy =
        toy_machine_new_with(&(ToyConfig){.n_cpus = 2, .page_bits = 12, .engine = &options[1]});
    const uint32_t stop = TOY_INSN(TOY_HALT, 0, 0, 0);

    toy_poke(toy, CODE, &stop, 1);
    toy->cpu[1]->cpu.exit_request = 0;
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[1]->cpu.exit_request, ==, QH_EXIT_REQUEST_LOOK);
    g_assert_cmpuint(toy->cpu[0]->cpu.exit_request, ==, 0);
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (uint32_t i = 0; i < 2; i++) {
        qh_engine_options_init(&options[i]);
        options[i].backend = i == 0 ? QH_BACKEND_INTERP : QH_BACKEND_JIT;
        options[i].threshold = 0;
    }
    g_test_add_func("/t1/carried/random", test_random);
    g_test_add_func("/t1/carried/code", test_code);
    g_test_add_func("/t1/carried/asked", test_asked);
    return g_test_run();
}
