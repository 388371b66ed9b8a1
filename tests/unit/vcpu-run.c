/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running programs: control flow, code that changes, interrupts at loops, threads, stepping. */
#include "core/jit/engine-priv.h"
#include "toy-machine.h"

#include <string.h>
#include <time.h>

#define N(array) ((uint32_t)G_N_ELEMENTS(array))
#define CODE     TOY_RAM
#define DATA     (TOY_RAM + 0x8000u)
#define VECTOR   (TOY_RAM + 0x4000u)
#define PAGE     0x1000u

static void poke(ToyMachine *toy, uint64_t address, uint32_t word)
{
    toy_poke(toy, address, &word, 1);
}

/* Sum of 1 .. 1000 in a loop of two blocks. */
static void test_loop(void)
{
    static const uint32_t words[] = {TOY_INSN(TOY_ADD, 1, 2, 0),  TOY_INSN(TOY_ADDI, 2, 2, -1),
                                     TOY_INSN(TOY_BNE, 2, 3, -8), TOY_INSN(TOY_JMP, 0, 0, 8),
                                     TOY_INSN(TOY_ADDI, 1, 3, 0), TOY_INSN(TOY_HALT, 0, 0, 0)};
    ToyMachine *toy = toy_machine_new(1, 12);

    toy_poke(toy, CODE, words, N(words));
    toy->cpu[0]->x[2] = 1000;
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[0]->x[1], ==, 500500);
    g_assert_cmpuint(toy->cpu[0]->cpu.icount, ==, 3 * 1000 + 2);
    g_assert_cmphex(toy->cpu[0]->cpu.pc, ==, CODE + 24);
    g_assert_cmpuint(toy->n_blocks, <=, 15); /* compiling reads them again */
    toy_machine_free(toy);
}

/* qh.cpu icount: the count itself, or time that never runs backwards. */
static void test_icount(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    QhEngine *engine = toy->cluster.engine;
    uint64_t first, last;

    cpu->icount = 123;
    g_assert_cmpuint(qh_cpu_service.icount(cpu), ==, 123);
    engine->counts = FALSE;
    qh_vcpu_reset(toy->vcpu[0]);
    g_assert_cmpuint(cpu->icount, ==, 0);
    first = last = qh_cpu_service.icount(cpu);
    for (uint32_t i = 0; i < 1000; i++) {
        uint64_t now = qh_cpu_service.icount(cpu);
        g_assert_cmpuint(now, >=, last);
        last = now;
    }
    g_usleep(2000);
    last = qh_cpu_service.icount(cpu);
    g_assert_cmpuint(last - first, >=, 2000000);
    qh_vcpu_reset(toy->vcpu[0]);
    g_assert_cmpuint(qh_cpu_service.icount(cpu), <, last);
    toy_machine_free(toy);
}

/* One virtual page leads to other code in each context, called from code that all of them share;
 * then the shared page moves, too. */
static void test_contexts(void)
{
    static const uint32_t words[] = {TOY_INSN(TOY_JR, 5, 0, 0), TOY_INSN(TOY_HALT, 0, 0, 0)};
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    uint32_t first = CODE >> 12;

    toy_poke(toy, CODE, words, N(words));
    for (uint32_t i = 0; i < 3; i++) {
        poke(toy, CODE + (5 + i) * PAGE, TOY_INSN(TOY_ADDI, 1, 1, 1 << 4 * i));
        poke(toy, CODE + (5 + i) * PAGE + 4, TOY_INSN(TOY_JR, 6, 0, 0));
    }
    toy->global[first] = QH_TRANSLATION_GLOBAL;
    toy->cpu[0]->x[5] = CODE + 5 * PAGE;
    toy->cpu[0]->x[6] = CODE + 4;
    for (uint32_t i = 0; i < 30; i++) {
        qh_cpu_service.tlb_set_context(cpu, 1 + i % 3);
        toy->page[first + 5] = first + 5 + i % 3;
        toy_run(toy, CODE);
    }
    g_assert_cmphex(toy->cpu[0]->x[1], ==, 0xaaa);
    poke(toy, CODE + 9 * PAGE, TOY_INSN(TOY_ADDI, 1, 2, 77));
    poke(toy, CODE + 9 * PAGE + 4, TOY_INSN(TOY_HALT, 0, 0, 0));
    toy->page[first] = first + 9;
    toy_run(toy, CODE); /* still remembered */
    g_assert_cmphex(toy->cpu[0]->x[1], ==, 0xbaa);
    qh_cpu_service.tlb_flush_page(cpu, CODE, 1);
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[0]->x[1], ==, 77);
    toy_machine_free(toy);
}

/* Calls and returns over pages, through the jump cache. */
static void test_far(void)
{
    static const uint32_t words[] = {TOY_INSN(TOY_JR, 5, 0, 0), TOY_INSN(TOY_ADDI, 2, 2, -1),
                                     TOY_INSN(TOY_BNE, 2, 3, -8), TOY_INSN(TOY_HALT, 0, 0, 0)};
    static const uint32_t far[] = {TOY_INSN(TOY_ADDI, 1, 1, 3), TOY_INSN(TOY_JR, 6, 0, 0)};
    ToyMachine *toy = toy_machine_new(1, 12);

    toy_poke(toy, CODE, words, N(words));
    toy_poke(toy, CODE + 5 * PAGE, far, N(far));
    toy->cpu[0]->x[2] = 100;
    toy->cpu[0]->x[5] = CODE + 5 * PAGE;
    toy->cpu[0]->x[6] = CODE + 4;
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[0]->x[1], ==, 300);
    /* the far page moves: its code is found by physical address, but only after a flush */
    poke(toy, CODE + 6 * PAGE, TOY_INSN(TOY_ADDI, 1, 1, 5));
    poke(toy, CODE + 6 * PAGE + 4, TOY_INSN(TOY_JR, 6, 0, 0));
    toy->page[(CODE >> 12) + 5] = (CODE >> 12) + 6;
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, CODE + 5 * PAGE, 1);
    toy->cpu[0]->x[1] = 0;
    toy->cpu[0]->x[2] = 100;
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[0]->x[1], ==, 500);
    toy_machine_free(toy);
}

/* The program writes an instruction of another block, then runs it; twice. */
static void store_into(uint64_t target, gboolean warm)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];
    const uint32_t words[] = {TOY_INSN(TOY_ADDI, 10, 10, 1), TOY_INSN(TOY_ST32, 7, 9, 0),
                              TOY_INSN(TOY_JR, 9, 0, 0)};

    toy_poke(toy, CODE, words, N(words));
    poke(toy, target, TOY_INSN(TOY_ADDI, 1, 1, 1));
    poke(toy, target + 4, TOY_INSN(TOY_HALT, 0, 0, 0));
    cpu->x[9] = target;
    if (warm) {
        toy_run(toy, target);
        g_assert_cmpuint(cpu->x[1], ==, 1);
    }
    for (uint32_t i = 2; i < 6; i++) {
        cpu->x[1] = 0;
        cpu->x[10] = 0;
        cpu->cpu.icount = 0;
        cpu->x[7] = TOY_INSN(TOY_ADDI, 1, 1, i);
        toy_run(toy, CODE);
        g_assert_cmpuint(cpu->x[1], ==, i);
        g_assert_cmpuint(cpu->x[10], ==, 1);
        g_assert_cmpuint(cpu->cpu.icount, ==, 5);
    }
    toy_machine_free(toy);
}

static void test_code_other_page(void)
{
    store_into(CODE + PAGE, TRUE);
    store_into(CODE + PAGE, FALSE);
}

static void test_code_same_page(void)
{
    store_into(CODE + 0x100, TRUE);
    store_into(CODE + 0x100, FALSE);
}

/* The store changes the very next instruction of its own block. */
static void test_code_own_block(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];
    static const uint32_t words[] = {TOY_INSN(TOY_ADDI, 10, 10, 1), TOY_INSN(TOY_ST32, 7, 9, 0),
                                     TOY_INSN(TOY_ADDI, 1, 1, 1), TOY_INSN(TOY_HALT, 0, 0, 0)};
    static const uint32_t helper[] = {TOY_INSN(TOY_ADDI, 10, 10, 1), TOY_INSN(TOY_STX, 7, 9, 0),
                                      TOY_INSN(TOY_ADDI, 1, 1, 1), TOY_INSN(TOY_HALT, 0, 0, 0)};

    for (uint32_t i = 2; i < 10; i++) {
        toy_poke(toy, CODE, i & 1 ? helper : words, N(words));
        cpu->x[9] = CODE + 8;
        cpu->x[1] = cpu->x[10] = cpu->cpu.icount = 0;
        /* the helper stores 8 bytes: keep the halt */
        cpu->x[7] = (uint64_t)TOY_INSN(TOY_HALT, 0, 0, 0) << 32 | TOY_INSN(TOY_ADDI, 1, 1, i);
        toy_run(toy, CODE);
        g_assert_cmpuint(cpu->x[1], ==, i);
        g_assert_cmpuint(cpu->x[10], ==, 1);
        g_assert_cmpuint(cpu->cpu.icount, ==, 4);
    }
    toy_machine_free(toy);
}

/* A device, or another part of the host, writes code. */
static void test_code_poked(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);

    poke(toy, CODE + 4, TOY_INSN(TOY_HALT, 0, 0, 0));
    for (uint32_t i = 1; i < 5; i++) {
        poke(toy, CODE, TOY_INSN(TOY_ADDI, 1, 3, i));
        toy_run(toy, CODE);
        g_assert_cmpuint(toy->cpu[0]->x[1], ==, i);
    }
    qh_engine_flush(toy->cluster.engine);
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[0]->x[1], ==, 4);
    toy_machine_free(toy);
}

/* An instruction that reaches into the next page, which then changes or moves. */
static void test_two_pages(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];
    uint64_t at = CODE + PAGE - 8;

    poke(toy, at, TOY_INSN(TOY_ADDI, 10, 10, 1));
    poke(toy, at + 4, TOY_INSN(TOY_WIDE, 1, 0, 0));
    poke(toy, at + 8, 111);
    poke(toy, at + 12, TOY_INSN(TOY_HALT, 0, 0, 0));
    for (uint32_t i = 0; i < 3; i++) {
        toy_run(toy, at);
        g_assert_cmpuint(cpu->x[1], ==, 111);
    }
    poke(toy, at + 8, 222);
    toy_run(toy, at);
    g_assert_cmpuint(cpu->x[1], ==, 222);
    poke(toy, CODE + 3 * PAGE, 333);
    poke(toy, CODE + 3 * PAGE + 4, TOY_INSN(TOY_HALT, 0, 0, 0));
    toy->page[(CODE >> 12) + 1] = (CODE >> 12) + 3;
    qh_cpu_service.tlb_flush_page(&cpu->cpu, CODE + PAGE, 1);
    toy_run(toy, at);
    g_assert_cmpuint(cpu->x[1], ==, 333);
    /* the second page cannot be fetched: the fault names it, pc is that of the instruction */
    toy->prot[(CODE >> 12) + 1] = QH_PROT_READ;
    qh_cpu_service.tlb_flush(&cpu->cpu, 1);
    poke(toy, VECTOR, TOY_INSN(TOY_HALT, 0, 0, 0));
    cpu->vector = VECTOR;
    cpu->cpu.icount = 0;
    toy_run(toy, at);
    g_assert_cmpuint(cpu->n_faults, ==, 1);
    g_assert_cmphex(cpu->fault.address, ==, CODE + PAGE);
    g_assert_cmpuint(cpu->fault.access, ==, QH_ACCESS_FETCH);
    g_assert_cmphex(cpu->fault_pc, ==, at + 4);
    g_assert_cmpuint(cpu->fault_icount, ==, 1);
    toy_machine_free(toy);
}

static void test_fetch_faults(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    poke(toy, VECTOR, TOY_INSN(TOY_HALT, 0, 0, 0));
    cpu->vector = VECTOR;
    toy_run(toy, 0x300000); /* nothing there */
    g_assert_cmpuint(cpu->n_faults, ==, 1);
    g_assert_cmpuint(cpu->fault.kind, ==, QH_FAULT_BUS);
    g_assert_cmpuint(cpu->fault.access, ==, QH_ACCESS_FETCH);
    toy->prot[(CODE >> 12)] = QH_PROT_READ | QH_PROT_WRITE;
    toy_run(toy, CODE + 16);
    g_assert_cmpuint(cpu->n_faults, ==, 2);
    g_assert_cmphex(cpu->fault.address, ==, CODE + 16);
    /* code in a device's window runs word by word */
    toy->io_value = TOY_INSN(TOY_JR, 8, 0, 0);
    cpu->x[8] = VECTOR;
    toy_run(toy, TOY_IO + 0x40);
    g_assert_cmpuint(cpu->n_faults, ==, 2);
    g_assert_cmpuint(toy->io_reads, ==, 1);
    g_assert_cmphex(toy->io_offset, ==, 0x40);
    /* an instruction that does not exist */
    poke(toy, CODE + 2 * PAGE, TOY_INSN(TOY_ADDI, 1, 1, 1));
    poke(toy, CODE + 2 * PAGE + 4, TOY_INSN(200, 0, 0, 0));
    cpu->cpu.icount = 0;
    toy_run(toy, CODE + 2 * PAGE);
    g_assert_cmpuint(cpu->n_raises, ==, 1);
    g_assert_cmpuint(cpu->raise_cause, ==, 99);
    g_assert_cmpuint(cpu->raise_payload, ==, 200);
    g_assert_cmphex(cpu->fault_pc, ==, CODE + 2 * PAGE + 4);
    g_assert_cmpuint(cpu->fault_icount, ==, 1);
    toy_machine_free(toy);
}

/* The state key is part of what a block is: index 1 maps everything identically. */
static void test_state_key(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];
    static const uint32_t words[] = {TOY_INSN(TOY_KEY, 1, 0, 0)};

    toy->page[(CODE >> 12)] = (CODE >> 12) + 1;
    toy_poke(toy, CODE + PAGE, words, 1);             /* seen under index 0 */
    poke(toy, CODE + 4, TOY_INSN(TOY_ADDI, 2, 3, 7)); /* seen under index 1 */
    poke(toy, CODE + 8, TOY_INSN(TOY_HALT, 0, 0, 0));
    poke(toy, CODE + PAGE + 4, TOY_INSN(TOY_ADDI, 2, 3, 8));
    poke(toy, CODE + PAGE + 8, TOY_INSN(TOY_HALT, 0, 0, 0));
    for (uint32_t i = 0; i < 4; i++) {
        cpu->x[1] = i & 1;
        cpu->cpu.state_key = 0;
        toy_run(toy, CODE);
        g_assert_cmpuint(cpu->x[2], ==, i & 1 ? 7 : 8);
    }
    toy_machine_free(toy);
}

static void test_step(void)
{
    static const uint32_t words[] = {TOY_INSN(TOY_ADDI, 1, 1, 1), TOY_INSN(TOY_ADDI, 1, 1, 2),
                                     TOY_INSN(TOY_JMP, 0, 0, -8)};
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    toy_poke(toy, CODE, words, N(words));
    cpu->cpu.pc = CODE;
    for (uint32_t i = 0; i < 6; i++) {
        g_assert_cmphex(cpu->cpu.pc, ==, CODE + i % 3 * 4);
        qh_engine_step(toy->cluster.engine, toy->vcpu[0]);
        g_assert_cmpuint(cpu->cpu.icount, ==, i + 1);
    }
    g_assert_cmpuint(cpu->x[1], ==, 6);
    toy_machine_free(toy);
}

/* Code memory is bounded: more different blocks than fit are translated, and all is well. */
static void test_many_blocks(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    for (uint32_t i = 0; i < TOY_RAM_BYTES / 2 / 8; i++) {
        poke(toy, CODE + 8 * i, TOY_INSN(TOY_ADDI, 1, 1, 1));
        poke(toy, CODE + 8 * i + 4, TOY_INSN(TOY_JMP, 0, 0, 4));
    }
    poke(toy, CODE + TOY_RAM_BYTES / 2, TOY_INSN(TOY_HALT, 0, 0, 0));
    for (uint32_t i = 0; i < 12; i++) {
        cpu->cpu.state_key = i << 4;
        toy_run(toy, CODE);
    }
    g_assert_cmpuint(cpu->x[1], ==, 12 * (TOY_RAM_BYTES / 2 / 8));
    toy_machine_free(toy);
}

static void wait_halted(ToyMachine *toy, uint32_t i)
{
    for (uint32_t k = 0; k < 10000; k++) {
        if (__atomic_load_n(&toy->cpu[i]->cpu.halted, __ATOMIC_SEQ_CST)) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

/* Until the CPU's thread has computed for 20 ms, however busy the machine is: it is in its loop.
 * A thread's clock is made of its number as clock_getcpuclockid(3) makes it, which takes a
 * pthread_t.
 */
static void wait_busy(ToyMachine *toy, uint32_t i)
{
    struct timespec used = {0, 0};

    while (used.tv_sec == 0 && used.tv_nsec < 20000000) {
        int thread = (int)qh_vcpu_thread_id(toy->vcpu[i]);

        g_usleep(1000);
        if (thread != 0) {
            clock_gettime((clockid_t)(~(unsigned)thread << 3 | 6), &used);
        }
    }
}

/* An endless loop is left for an interrupt: between blocks, in its own block, inside one
 * instruction. */
static void interrupt_at(const uint32_t *words, uint32_t n, uint64_t first, uint64_t last)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    toy_poke(toy, CODE, words, n);
    poke(toy, VECTOR, TOY_INSN(TOY_HALT, 0, 0, 0));
    cpu->vector = VECTOR;
    cpu->x[5] = CODE;
    cpu->x[1] = UINT64_MAX / 2;
    cpu->interrupts_on = 1;
    cpu->cpu.pc = CODE;
    qh_vcpu_start(toy->vcpu[0]);
    wait_busy(toy, 0);
    g_assert_cmpuint(cpu->n_interrupts, ==, 0);
    qh_vcpu_set_irq(toy->vcpu[0], 2, TRUE);
    wait_halted(toy, 0);
    qh_vcpu_request_stop(toy->vcpu[0]);
    qh_vcpu_wait_stopped(toy->vcpu[0]);
    g_assert_cmpuint(cpu->n_interrupts, ==, 1);
    g_assert_cmphex(cpu->fault_pc, >=, first);
    g_assert_cmphex(cpu->fault_pc, <=, last);
    g_assert_cmpuint(cpu->cpu.irq_lines, ==, 4);
    g_assert_cmpuint(qh_vcpu_thread_id(toy->vcpu[0]), !=, 0);
    toy_machine_free(toy);
}

static void test_interrupts(void)
{
    static const uint32_t tight[] = {TOY_INSN(TOY_JMP, 0, 0, 0)};
    static const uint32_t two[] = {TOY_INSN(TOY_ADDI, 1, 1, 1), TOY_INSN(TOY_JMP, 0, 0, -4)};
    static const uint32_t indirect[] = {TOY_INSN(TOY_ADDI, 1, 1, 1), TOY_INSN(TOY_JR, 5, 0, 0)};
    static const uint32_t inside[] = {TOY_INSN(TOY_ADDI, 4, 4, 1), TOY_INSN(TOY_LOOP, 1, 2, 0)};

    interrupt_at(tight, N(tight), CODE, CODE);
    interrupt_at(two, N(two), CODE, CODE);
    interrupt_at(indirect, N(indirect), CODE, CODE);
    interrupt_at(inside, N(inside), CODE + 4, CODE + 4);
}

static void test_inner_loop(void)
{
    static const uint32_t words[] = {TOY_INSN(TOY_LOOP, 1, 2, 0), TOY_INSN(TOY_HALT, 0, 0, 0)};
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    toy_poke(toy, CODE, words, N(words));
    cpu->x[1] = 1000;
    cpu->x[2] = 5;
    toy_run(toy, CODE);
    g_assert_cmpuint(cpu->x[2], ==, 1005);
    g_assert_cmpuint(cpu->cpu.icount, ==, 2); /* one instruction, however long */
    toy_machine_free(toy);
}

/* Two CPUs add to the same words; unaligned ones need the other to stand still. */
static void two_adders(uint64_t address, uint32_t rounds)
{
    static const uint32_t words[] = {TOY_INSN(TOY_AMOADD, 1, 9, 3), TOY_INSN(TOY_ADDI, 2, 2, -1),
                                     TOY_INSN(TOY_BNE, 2, 4, -8), TOY_INSN(TOY_HALT, 0, 0, 0)};
    ToyMachine *toy = toy_machine_new(2, 12);
    uint64_t sum;

    toy_poke(toy, CODE, words, N(words));
    for (uint32_t i = 0; i < 2; i++) {
        toy->cpu[i]->x[9] = address;
        toy->cpu[i]->x[3] = i + 1;
        toy->cpu[i]->x[2] = rounds;
        toy->cpu[i]->cpu.pc = CODE;
        qh_vcpu_start(toy->vcpu[i]);
    }
    for (uint32_t i = 0; i < 2; i++) {
        wait_halted(toy, i);
        qh_vcpu_request_stop(toy->vcpu[i]);
        qh_vcpu_wait_stopped(toy->vcpu[i]);
    }
    memcpy(&sum, toy_ram(toy, address), 8);
    g_assert_cmpuint(sum, ==, 3ull * rounds);
    toy_machine_free(toy);
}

static void test_atomics(void)
{
    two_adders(DATA, 200000);
    two_adders(DATA + 4, 500);
    two_adders(DATA + PAGE - 4, 500);
}

/* One CPU writes code, the other runs it. */
static void test_code_of_other_cpu(void)
{
    static const uint32_t writer[] = {TOY_INSN(TOY_ST32, 7, 9, 0), TOY_INSN(TOY_HALT, 0, 0, 0)};
    static const uint32_t runner[] = {TOY_INSN(TOY_ADDI, 10, 10, 1), TOY_INSN(TOY_BNE, 1, 2, -4),
                                      TOY_INSN(TOY_HALT, 0, 0, 0)};
    ToyMachine *toy = toy_machine_new(2, 12);

    toy_poke(toy, CODE, runner, N(runner));
    toy_poke(toy, CODE + PAGE, writer, N(writer));
    toy->cpu[0]->x[1] = 1; /* never equal to x2: an endless loop */
    toy->cpu[0]->cpu.pc = CODE;
    toy->cpu[1]->cpu.pc = CODE + PAGE;
    toy->cpu[1]->x[9] = CODE + 4;
    toy->cpu[1]->x[7] = TOY_INSN(TOY_BNE, 2, 2, -4);
    qh_vcpu_start(toy->vcpu[0]);
    g_usleep(10000);
    qh_vcpu_start(toy->vcpu[1]);
    wait_halted(toy, 1);
    wait_halted(toy, 0);
    for (uint32_t i = 0; i < 2; i++) {
        qh_vcpu_request_stop(toy->vcpu[i]);
        qh_vcpu_wait_stopped(toy->vcpu[i]);
    }
    toy_machine_free(toy);
}

static void note(QhCpu *cpu, void *data)
{
    g_assert_true(qh_vcpu_current() == cpu->vcpu);
    __atomic_fetch_add((uint32_t *)data, 1, __ATOMIC_SEQ_CST);
}

static void test_run_on(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    uint32_t n = 0;

    poke(toy, CODE, TOY_INSN(TOY_JMP, 0, 0, 0));
    toy->cpu[0]->cpu.pc = CODE;
    g_assert_null(qh_vcpu_current());
    qh_vcpu_start(toy->vcpu[0]);
    for (uint32_t i = 0; i < 100; i++) {
        qh_cpu_service.run_on(&toy->cpu[0]->cpu, note, &n);
    }
    for (uint32_t i = 0; i < 5000 && __atomic_load_n(&n, __ATOMIC_SEQ_CST) < 100; i++) {
        g_usleep(1000);
    }
    g_assert_cmpuint(n, ==, 100);
    /* off: it stands, and goes on where it was */
    qh_vcpu_power(toy->vcpu[0], FALSE);
    qh_cpu_service.run_on(&toy->cpu[0]->cpu, note, &n);
    qh_vcpu_power(toy->vcpu[0], TRUE);
    qh_vcpu_request_stop(toy->vcpu[0]);
    qh_vcpu_wait_stopped(toy->vcpu[0]);
    g_assert_cmphex(toy->cpu[0]->cpu.pc, ==, CODE);
    qh_vcpu_start(toy->vcpu[0]);
    toy_machine_free(toy); /* while it runs */
}

static void wait_settled(QhCpu *cpu)
{
    for (uint32_t i = 0; i < 5000 && !qh_cpu_service.is_settled(cpu); i++) {
        g_usleep(1000);
    }
    g_assert_true(qh_cpu_service.is_settled(cpu));
}

/* What was given to a CPU that runs has been done when it is said to be; one that sleeps may do it
 * when it wakes up. */
static void test_settled(void)
{
    ToyMachine *toy = toy_machine_new(2, 12);
    uint32_t n = 0, late = 0;

    poke(toy, CODE, TOY_INSN(TOY_JMP, 0, 0, 0));
    poke(toy, CODE + 4, TOY_INSN(TOY_HALT, 0, 0, 0));
    toy->cpu[0]->cpu.pc = CODE;
    toy->cpu[1]->cpu.pc = CODE + 4;
    qh_vcpu_start(toy->vcpu[0]);
    qh_vcpu_start(toy->vcpu[1]);
    wait_busy(toy, 0);
    wait_halted(toy, 1);
    for (uint32_t i = 1; i <= 100; i++) {
        qh_cpu_service.run_before(&toy->cpu[0]->cpu, note, &n);
        wait_settled(&toy->cpu[1]->cpu);
        g_assert_cmpuint(__atomic_load_n(&n, __ATOMIC_SEQ_CST), ==, i);
    }
    qh_cpu_service.run_before(&toy->cpu[1]->cpu, note, &late);
    wait_settled(&toy->cpu[0]->cpu);
    qh_vcpu_kick(toy->vcpu[1]);
    for (uint32_t i = 0; i < 5000 && __atomic_load_n(&late, __ATOMIC_SEQ_CST) == 0; i++) {
        g_usleep(1000);
    }
    g_assert_cmpuint(late, ==, 1);
    toy_machine_free(toy);
}

/* A halted CPU wakes for an interrupt. */
static void test_halt(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    poke(toy, CODE, TOY_INSN(TOY_HALT, 0, 0, 0));
    poke(toy, VECTOR, TOY_INSN(TOY_ADDI, 1, 1, 1));
    poke(toy, VECTOR + 4, TOY_INSN(TOY_HALT, 0, 0, 0));
    cpu->vector = VECTOR;
    cpu->cpu.pc = CODE;
    cpu->interrupts_on = 1;
    qh_vcpu_start(toy->vcpu[0]);
    wait_halted(toy, 0);
    qh_vcpu_kick(toy->vcpu[0]); /* no work: stays */
    g_usleep(5000);
    g_assert_cmpuint(cpu->n_interrupts, ==, 0);
    qh_vcpu_set_irq(toy->vcpu[0], 0, TRUE);
    for (uint32_t i = 0; i < 5000 && __atomic_load_n(&cpu->x[1], __ATOMIC_SEQ_CST) == 0; i++) {
        g_usleep(1000);
    }
    g_assert_cmpuint(cpu->x[1], ==, 1);
    qh_vcpu_request_stop(toy->vcpu[0]);
    qh_vcpu_wait_stopped(toy->vcpu[0]);
    qh_vcpu_reset(toy->vcpu[0]);
    g_assert_cmpuint(cpu->cpu.halted, ==, 0);
    g_assert_cmpuint(cpu->cpu.icount, ==, 0);
    toy_machine_free(toy);
}

static void test_inspect(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    g_autofree char *text = NULL;
    char buffer[600];

    memset(toy_ram(toy, DATA), 'a', 4 * PAGE);
    toy->cpu[0]->x[7] = 0x123456789abcdef0;
    text = qh_vcpu_describe(toy->vcpu[0]);
    g_assert_nonnull(strstr(text, "x7 123456789abcdef0"));
    g_assert_true(qh_vcpu_debug_read(toy->vcpu[0], DATA + PAGE - 300, buffer, sizeof(buffer)));
    g_assert_cmpint(buffer[599], ==, 'a');
    g_assert_true(qh_vcpu_debug_write(toy->vcpu[0], DATA + PAGE - 2, "xyz", 3));
    g_assert_cmpmem(toy_ram(toy, DATA + PAGE - 2), 3, "xyz", 3);
    g_assert_false(qh_vcpu_debug_read(toy->vcpu[0], 0x300000, buffer, 4));
    toy_machine_free(toy);
}

static void test_models(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    g_autoptr(GError) error = NULL;

    g_assert_null(qh_vcpu_new(&toy->cluster, 1, "tyo", NULL, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "toy"));
    toy_machine_free(toy);
}

/* A translator that breaks a rule stops its CPU, and nothing else. */
static void emit_bad(QhBlock *block, void *data)
{
    (void)data;
    qh_ir_get(block, QH_TYPE_I32, TOY_X);
}

static void emit_endless(QhBlock *block, void *data)
{
    (void)data;
    while (!(block->status & QH_BLOCK_OVERFLOW)) {
        qh_ir(block, QH_IR_nop, QH_TYPE_NONE, 0, 0, 0, 0);
    }
}

static void test_bad_translator(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);

    poke(toy, CODE, TOY_INSN(TOY_HOOK, 0, 0, 0));
    toy->emit = emit_bad;
    toy_run(toy, CODE);
    g_assert_cmpuint(qh_jit_of(&toy->cpu[0]->cpu)->broken, ==, 1);
    g_assert_cmphex(toy->cpu[0]->cpu.pc, ==, CODE);
    qh_vcpu_reset(toy->vcpu[0]);
    toy->emit = emit_endless;
    toy_run(toy, CODE);
    g_assert_cmpuint(qh_jit_of(&toy->cpu[0]->cpu)->broken, ==, 1);
    qh_vcpu_reset(toy->vcpu[0]);
    poke(toy, CODE, TOY_INSN(TOY_HALT, 0, 0, 0));
    toy_run(toy, CODE);
    g_assert_cmpuint(toy->cpu[0]->cpu.halted, ==, 1);
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    g_test_add_func("/vcpu/icount", test_icount);
    g_test_add_func("/vcpu/contexts", test_contexts);
    g_test_add_func("/vcpu/loop", test_loop);
    g_test_add_func("/vcpu/far", test_far);
    g_test_add_func("/vcpu/code/other-page", test_code_other_page);
    g_test_add_func("/vcpu/code/same-page", test_code_same_page);
    g_test_add_func("/vcpu/code/own-block", test_code_own_block);
    g_test_add_func("/vcpu/code/poked", test_code_poked);
    g_test_add_func("/vcpu/code/two-pages", test_two_pages);
    g_test_add_func("/vcpu/code/of-other-cpu", test_code_of_other_cpu);
    g_test_add_func("/vcpu/code/many-blocks", test_many_blocks);
    g_test_add_func("/vcpu/fetch-faults", test_fetch_faults);
    g_test_add_func("/vcpu/state-key", test_state_key);
    g_test_add_func("/vcpu/step", test_step);
    g_test_add_func("/vcpu/interrupts", test_interrupts);
    g_test_add_func("/vcpu/inner-loop", test_inner_loop);
    g_test_add_func("/vcpu/atomics", test_atomics);
    g_test_add_func("/vcpu/run-on", test_run_on);
    g_test_add_func("/vcpu/settled", test_settled);
    g_test_add_func("/vcpu/halt", test_halt);
    g_test_add_func("/vcpu/inspect", test_inspect);
    g_test_add_func("/vcpu/models", test_models);
    g_test_add_func("/vcpu/bad-translator", test_bad_translator);
    return g_test_run();
}
