/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing page tables, contexts, large and small pages, protection finer than a page. */
#include "toy-machine.h"

#define N(array) ((uint32_t)G_N_ELEMENTS(array))
#define DATA     (TOY_RAM + 0x8000u)
#define PAGE     0x1000u

static gboolean load(ToyMachine *toy, uint64_t address, uint64_t *ret_value)
{
    gboolean ok = qh_cpu_service.load(&toy->cpu[0]->cpu, address, QH_MEM_64, ret_value);

    g_assert_cmpuint(toy->cpu[0]->cpu.unwind, ==, !ok);
    toy->cpu[0]->cpu.unwind = 0;
    return ok;
}

static gboolean store(ToyMachine *toy, uint64_t address, uint64_t value)
{
    gboolean ok = qh_cpu_service.store(&toy->cpu[0]->cpu, address, QH_MEM_64, value);

    toy->cpu[0]->cpu.unwind = 0;
    return ok;
}

static uint64_t must_load(ToyMachine *toy, uint64_t address)
{
    uint64_t value = 0;

    g_assert_true(load(toy, address, &value));
    return value;
}

/* The contents of each page say which it is. */
static void number_pages(ToyMachine *toy)
{
    for (uint64_t i = 0; i < 16; i++) {
        *(uint64_t *)toy_ram(toy, DATA + i * PAGE) = 1000 + i;
    }
}

static void test_flush(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    uint32_t page = DATA >> 12, n;
    uint64_t value;

    number_pages(toy);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    n = toy->n_translated;
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    g_assert_cmpuint(toy->n_translated, ==, n); /* it was cached */
    toy->page[page] = page + 1;
    qh_cpu_service.tlb_flush_page(cpu, DATA + 5, 1);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1001);
    toy->page[page] = page + 2;
    qh_cpu_service.tlb_flush_page(cpu, DATA, 2); /* another index */
    g_assert_cmpuint(must_load(toy, DATA), ==, 1001);
    qh_cpu_service.tlb_flush(cpu, 1);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1002);
    /* rights come and go */
    toy->prot[page] = QH_PROT_READ;
    g_assert_true(store(toy, DATA + 8, 1)); /* cached with all rights */
    qh_cpu_service.tlb_flush_page(cpu, DATA, 1);
    g_assert_false(store(toy, DATA + 8, 2));
    g_assert_true(load(toy, DATA + 8, &value));
    toy->prot[page] = 0;
    g_assert_true(load(toy, DATA + 8, &value));
    qh_cpu_service.tlb_flush_page(cpu, DATA, 1);
    g_assert_false(load(toy, DATA + 8, &value));
    toy->prot[page] = 7;
    g_assert_true(load(toy, DATA + 8, &value)); /* refusals are not cached */
    toy_machine_free(toy);
}

/* Nothing is known of page 0 at first, nor of what wraps around into it: entries are made of zeros,
 * but for those that are looked at then. */
static void test_fresh(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    const QhSoftmmu *mmu = &qh_jit_of(&toy->cpu[0]->cpu)->mmu;

    for (uint32_t i = 0; i < mmu->n_indices; i++) {
        for (uint32_t access = 0; access < 3; access++) {
            const QhTlbEntry *first = &mmu->entries[i * QH_TLB_ENTRIES];
            g_assert_cmphex(first->tag[access], !=, 0);
            g_assert_cmphex(first[QH_TLB_ENTRIES - 1].tag[access], !=, 0);
        }
    }
    toy_machine_free(toy);
}

static void test_conflicts(void)
{
    /* pages that are QH_TLB_ENTRIES apart share one; the second level keeps both */
    ToyMachine *toy = toy_machine_new(1, 12);
    uint32_t n;

    for (uint32_t i = 0; i < 4; i++) {
        toy->page[QH_TLB_ENTRIES * i] = (DATA >> 12) + i;
    }
    number_pages(toy);
    for (uint32_t i = 0; i < 16; i++) {
        g_assert_cmpuint(must_load(toy, (uint64_t)(i % 4) * QH_TLB_ENTRIES * PAGE), ==,
                         1000 + i % 4);
    }
    n = toy->n_translated;
    g_assert_cmpuint(n, <=, 4);
    g_assert_cmpuint(must_load(toy, QH_TLB_ENTRIES * PAGE), ==, 1001);
    g_assert_cmpuint(toy->n_translated, ==, n);
    /* a flush of the page reaches the second level */
    toy->page[0] = (DATA >> 12) + 9;
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, 0, 1);
    g_assert_cmpuint(must_load(toy, QH_TLB_ENTRIES * PAGE), ==, 1001);
    g_assert_cmpuint(must_load(toy, 0), ==, 1009);
    toy_machine_free(toy);
}

static void test_contexts(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    uint32_t page = DATA >> 12;

    number_pages(toy);
    qh_cpu_service.tlb_set_context(cpu, 7);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    toy->page[page] = page + 1;
    qh_cpu_service.tlb_set_context(cpu, 8);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1001);
    qh_cpu_service.tlb_set_context(cpu, 7);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000); /* remembered */
    qh_cpu_service.tlb_flush_context(cpu, 8);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    toy->page[page] = page + 2;
    qh_cpu_service.tlb_set_context(cpu, 8);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1002);
    qh_cpu_service.tlb_set_context(cpu, 7);
    qh_cpu_service.tlb_flush_context(cpu, 7);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1002);
    /* a page flush is for all contexts */
    toy->page[page] = page + 3;
    qh_cpu_service.tlb_flush_page(cpu, DATA, 1);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1003);
    qh_cpu_service.tlb_set_context(cpu, 8);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1003);
    /* more contexts than there is room for */
    for (uint32_t i = 0; i < 100; i++) {
        toy->page[page] = page + i % 16;
        qh_cpu_service.tlb_set_context(cpu, 1000 + i);
        g_assert_cmpuint(must_load(toy, DATA), ==, 1000 + i % 16);
    }
    toy->page[page] = page + 5;
    qh_cpu_service.tlb_set_context(cpu, 7); /* forgotten, so walked again */
    g_assert_cmpuint(must_load(toy, DATA), ==, 1005);
    toy_machine_free(toy);
}

static uint64_t must_load_1(ToyMachine *toy, uint64_t address)
{
    uint64_t value = 0;

    g_assert_true(
        qh_cpu_service.load(&toy->cpu[0]->cpu, address, QH_MEM_64 | QH_MEM_INDEX(1), &value));
    return value;
}

/* Each index is in a context of its own. */
static void test_own_contexts(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    QhSoftmmu *mmu = &qh_jit_of(cpu)->mmu;
    uint32_t page = DATA >> 12, slot = page & (QH_TLB_ENTRIES - 1), n;

    number_pages(toy);
    toy->both_map = TRUE;
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 0, 7);
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 1, 8);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    toy->page[page] = page + 1;
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1001);
    toy->page[page] = page + 2;
    n = toy->n_translated;
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 0, 7); /* nothing new */
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1001);
    g_assert_cmpuint(toy->n_translated, ==, n);
    /* a context that the other index has: what is known there is not known here */
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 1, 7);
    g_assert_cmphex(mmu->entries[slot].tag[QH_ACCESS_READ], ==, DATA);
    g_assert_cmphex(mmu->entries[QH_TLB_ENTRIES + slot].tag[QH_ACCESS_READ], !=, DATA);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1002);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 1, 8);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1001);
    /* a flush reaches those that have the context, and what is remembered of it */
    toy->page[page] = page + 3;
    qh_cpu_service.tlb_flush_context(cpu, 8);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1003);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    qh_cpu_service.tlb_flush_context(cpu, 7);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1003);
    toy->page[page] = page + 4;
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1003);
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 1, 7);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1004);
    /* a page is forgotten under both, whatever they have and had */
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 1, 8);
    toy->page[page] = page + 5;
    qh_cpu_service.tlb_flush_page(cpu, DATA, 3);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1005);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1005);
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 1, 7);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1005);
    toy_machine_free(toy);
}

/* A context that an index has is not pushed out by others, and is still itself when the stamps have
 * begun anew. */
static void test_many_contexts(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    uint32_t page = DATA >> 12;

    number_pages(toy);
    toy->both_map = TRUE;
    qh_cpu_service.tlb_set_contexts(cpu, 1u << 0, 7);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    for (uint32_t i = 0; i < 100; i++) {
        toy->page[page] = page + 1 + i % 8;
        qh_cpu_service.tlb_set_contexts(cpu, 1u << 1, 1000 + i);
        g_assert_cmpuint(must_load_1(toy, DATA), ==, 1001 + i % 8);
        g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    }
    qh_cpu_service.tlb_flush_context(cpu, 7);
    toy->page[page] = page + 9;
    g_assert_cmpuint(must_load(toy, DATA), ==, 1009);
    qh_jit_of(cpu)->mmu.next_stamp = UINT32_MAX - 3;
    for (uint32_t i = 0; i < 8; i++) {
        toy->page[page] = page + i;
        qh_cpu_service.tlb_set_contexts(cpu, 1u << 1, 2000 + i);
        g_assert_cmpuint(must_load_1(toy, DATA), ==, 1000 + i);
        g_assert_cmpuint(must_load(toy, DATA), ==, 1009);
    }
    g_assert_cmpuint(qh_jit_of(cpu)->mmu.next_stamp, <, 1000);
    toy->page[page] = page + 10;
    qh_cpu_service.tlb_flush_context(cpu, 2007);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1010);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1009);
    qh_cpu_service.tlb_flush_context(cpu, 7);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1010);
    qh_cpu_service.tlb_set_context(cpu, 2006); /* known before or not, both are in it now */
    toy->page[page] = page + 11;
    qh_cpu_service.tlb_flush_context(cpu, 2006);
    g_assert_cmpuint(must_load_1(toy, DATA), ==, 1011);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1011);
    toy_machine_free(toy);
}

static void test_global(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    uint32_t page = DATA >> 12, n;

    number_pages(toy);
    toy->page[page + QH_TLB_ENTRIES] = page + 7;
    toy->global[page] = QH_TRANSLATION_GLOBAL;
    qh_cpu_service.tlb_set_context(cpu, 7);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    g_assert_cmpuint(must_load(toy, DATA + PAGE), ==, 1001);
    n = toy->n_translated;
    for (uint32_t i = 0; i < 40; i++) { /* more contexts than there is room for */
        qh_cpu_service.tlb_set_context(cpu, 100 + i);
        g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    }
    qh_cpu_service.tlb_flush_context(cpu, 139);
    /* pushed out of the first level, it is found in the second */
    must_load(toy, DATA + QH_TLB_ENTRIES * PAGE);
    g_assert_cmpuint(toy->n_translated, ==, n + 1);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    g_assert_cmpuint(toy->n_translated, ==, n + 1);
    /* its neighbour belongs to one context */
    must_load(toy, DATA + PAGE);
    g_assert_cmpuint(toy->n_translated, ==, n + 2);
    toy->page[page] = page + 3;
    qh_cpu_service.tlb_flush_page(cpu, DATA, 1);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1003);
    toy->page[page] = page + 4;
    qh_cpu_service.tlb_flush(cpu, 1);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1004);
    /* no longer global: what another context sees is its own */
    toy->global[page] = 0;
    qh_cpu_service.tlb_flush(cpu, 1);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1004);
    toy->page[page] = page + 5;
    qh_cpu_service.tlb_set_context(cpu, 7);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1005);
    toy_machine_free(toy);
}

/* A page that becomes one of code is marked in every CPU's table, and stays so when it comes back
 * from the second level. */
static void test_mark_code(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhJitCpu *jit = qh_jit_of(&toy->cpu[0]->cpu);
    uint32_t slot = DATA >> 12 & (QH_TLB_ENTRIES - 1);
    uint8_t *flags = &toy->ram->page_flags[(DATA - TOY_RAM) >> 12];

    toy->page[(DATA >> 12) + QH_TLB_ENTRIES] = DATA >> 12;
    g_assert_true(store(toy, DATA, 1));
    g_assert_true(store(toy, DATA, 2));
    g_assert_cmphex(jit->mmu.entries[slot].tag[QH_ACCESS_WRITE], ==, DATA);
    *flags |= QH_PAGE_CODE;
    qh_softmmu_mark_code(jit, toy_ram(toy, DATA + PAGE));
    g_assert_cmphex(jit->mmu.entries[slot].tag[QH_ACCESS_WRITE], ==, DATA);
    qh_softmmu_mark_code(jit, toy_ram(toy, DATA));
    g_assert_cmphex(jit->mmu.entries[slot].tag[QH_ACCESS_WRITE], ==, DATA | QH_TLB_SLOW);
    g_assert_cmphex(jit->mmu.entries[slot].tag[QH_ACCESS_READ], ==, DATA);
    must_load(toy, DATA + QH_TLB_ENTRIES * PAGE);
    must_load(toy, DATA);
    g_assert_cmphex(jit->mmu.entries[slot].tag[QH_ACCESS_WRITE], ==, DATA | QH_TLB_SLOW);
    /* nobody has code there, so the next store finds out */
    g_assert_true(store(toy, DATA, 3));
    g_assert_cmphex(jit->mmu.entries[slot].tag[QH_ACCESS_WRITE], ==, DATA);
    toy_machine_free(toy);
}

/* What compiled code does before anything else when an access misses. */
static void test_refill(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhJitCpu *jit = qh_jit_of(&toy->cpu[0]->cpu);
    uint64_t far = DATA + QH_TLB_ENTRIES * PAGE, value;
    uint32_t page = DATA >> 12;

    toy->page[page + QH_TLB_ENTRIES] = page + 7;
    g_assert_false(qh_softmmu_refill(jit, DATA, 1, QH_ACCESS_READ, 0)); /* never walked */
    g_assert_cmpuint(toy->n_translated, ==, 0);
    g_assert_true(store(toy, DATA, 1));
    g_assert_false(qh_softmmu_refill(jit, DATA, 1, QH_ACCESS_READ, 0)); /* it is there */
    must_load(toy, far);
    g_assert_true(qh_softmmu_refill(jit, DATA + 5, 1, QH_ACCESS_WRITE, 0));
    g_assert_cmphex(jit->mmu.entries[page & (QH_TLB_ENTRIES - 1)].tag[QH_ACCESS_WRITE], ==, DATA);
    g_assert_true(qh_softmmu_refill(jit, far, 1, QH_ACCESS_READ, 0));
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, DATA, 1);
    g_assert_false(qh_softmmu_refill(jit, DATA, 1, QH_ACCESS_READ, 0));
    /* rights that the page has not, and windows, are for the long way */
    toy->prot[page] = QH_PROT_READ;
    must_load(toy, DATA);
    must_load(toy, far);
    g_assert_false(qh_softmmu_refill(jit, DATA, 1, QH_ACCESS_WRITE, 0));
    g_assert_true(qh_softmmu_refill(jit, DATA, 1, QH_ACCESS_READ, 0));
    g_assert_true(load(toy, TOY_IO, &value));
    qh_cpu_service.tlb_set_context(&toy->cpu[0]->cpu, 1);
    qh_cpu_service.tlb_set_context(&toy->cpu[0]->cpu, 0);
    g_assert_false(qh_softmmu_refill(jit, TOY_IO, 1, QH_ACCESS_READ, 0));
    g_assert_cmpuint(toy->cpu[0]->n_faults, ==, 0);
    toy_machine_free(toy);
}

static void test_table_words(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    g_autoptr(GError) error = NULL;
    QhRam *other = qh_ram_new(&toy->machine, "other", PAGE, &error);
    uint64_t value = 0, expected = 5;

    *(uint64_t *)toy_ram(toy, DATA + 8) = GUINT64_TO_LE(0x1122334455667788);
    g_assert_cmpuint(qh_cpu_service.table_read(cpu, DATA + 8, 8, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x1122334455667788);
    g_assert_cmpuint(qh_cpu_service.table_read(cpu, DATA + 12, 4, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x11223344);
    g_assert_cmpuint(qh_cpu_service.table_read(cpu, DATA + 4, 8, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_cpu_service.table_read(cpu, TOY_IO, 8, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_cpu_service.table_read(cpu, 0, 8, &value), ==, QH_BUS_NONE);
    g_assert_cmpuint(qh_cpu_service.table_cas(cpu, DATA + 8, 8, &expected, 6), ==, QH_BUS_OK);
    g_assert_cmphex(expected, ==, 0x1122334455667788);
    g_assert_cmpuint(qh_cpu_service.table_cas(cpu, DATA + 8, 8, &expected, 6), ==, QH_BUS_OK);
    g_assert_cmphex(expected, ==, 0x1122334455667788);
    g_assert_cmpuint(qh_cpu_service.table_read(cpu, DATA + 8, 8, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 6);
    /* something else is mapped there */
    *(uint64_t *)(other->host + 8) = GUINT64_TO_LE(4711);
    g_assert_true(qh_mem_service.map_ram(toy->cluster.space, DATA, PAGE, other, 0, 0, 9, &error));
    g_assert_cmpuint(qh_cpu_service.table_read(cpu, DATA + 8, 8, &value), ==, QH_BUS_OK);
    g_assert_cmpuint(value, ==, 4711);
    toy_machine_free(toy);
}

static void test_large_page(void)
{
    /* pages of 64 KiB: a flush anywhere inside forgets all of it */
    ToyMachine *toy = toy_machine_new(1, 16);
    QhCpu *cpu = &toy->cpu[0]->cpu;
    uint64_t value;

    *(uint64_t *)toy_ram(toy, 0x23000) = 1;
    *(uint64_t *)toy_ram(toy, 0x33000) = 2;
    g_assert_cmpuint(must_load(toy, 0x23000), ==, 1);
    g_assert_true(load(toy, 0x2f000, &value));
    toy->page[2] = 3;
    g_assert_cmpuint(must_load(toy, 0x23000), ==, 1);
    qh_cpu_service.tlb_flush_page(cpu, 0x30000, 1); /* another one */
    g_assert_cmpuint(must_load(toy, 0x23000), ==, 1);
    qh_cpu_service.tlb_flush_page(cpu, 0x20000, 1);
    g_assert_cmpuint(must_load(toy, 0x23000), ==, 2);
    /* a granule elsewhere whose number says nothing of large pages keeps the others */
    uint32_t n = toy->n_translated;
    qh_cpu_service.tlb_flush_page(cpu, 0x2000000000, 1);
    g_assert_cmpuint(must_load(toy, 0x23000), ==, 2);
    g_assert_cmpuint(toy->n_translated, ==, n);
    /* also after everything was forgotten */
    qh_cpu_service.tlb_flush(cpu, UINT32_MAX);
    g_assert_cmpuint(must_load(toy, 0x23000), ==, 2);
    toy->page[2] = 2;
    qh_cpu_service.tlb_flush_page(cpu, 0x2ffff, 1);
    g_assert_cmpuint(must_load(toy, 0x23000), ==, 1);
    toy_machine_free(toy);
}

/* A page of more granules than are looked for one by one. */
static void test_huge_page(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    uint64_t value;

    toy->page_bits = 28;
    toy->page[1] = 0;
    *(uint64_t *)toy_ram(toy, 0x23000) = 1;
    g_assert_cmpuint(must_load(toy, 0x10023000), ==, 1);
    toy->page[1] = 7; /* no RAM */
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, 0x20000000, 1);
    g_assert_cmpuint(must_load(toy, 0x10023000), ==, 1);
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, 0x1ffff000, 1);
    g_assert_false(load(toy, 0x10023000, &value));
    toy_machine_free(toy);
}

static void test_small_pages(void)
{
    ToyMachine *toy = toy_machine_new(1, 8);

    for (uint32_t i = 0; i < 16; i++) {
        *(uint64_t *)toy_ram(toy, TOY_RAM + i * 256) = i;
    }
    g_assert_cmpuint(must_load(toy, TOY_RAM + 256), ==, 1);
    toy->page[TOY_RAM / 256 + 1] = TOY_RAM / 256 + 7;
    qh_cpu_service.tlb_flush_page(&toy->cpu[0]->cpu, TOY_RAM + 256, 1);
    g_assert_cmpuint(must_load(toy, TOY_RAM + 256), ==, 7);
    g_assert_cmpuint(must_load(toy, TOY_RAM + 512), ==, 2);
    /* over the edge of two such pages */
    toy->prot[TOY_RAM / 256 + 3] = 0;
    g_assert_false(store(toy, TOY_RAM + 768 - 4, 1));
    g_assert_cmphex(toy->cpu[0]->fault.address, ==, TOY_RAM + 768);
    toy_machine_free(toy);
}

/* Translations that hold for 8 bytes only: each access asks again. */
static gboolean fine_translate(QhCpu *cpu,
                               uint64_t virtual,
                               uint32_t access,
                               uint32_t mmu_index,
                               QhTranslation *ret,
                               QhMemFault *fault)
{
    ToyMachine *toy = cpu->ctx;

    (void)mmu_index;
    toy->n_translated++;
    if (virtual >= DATA + 64 && virtual < DATA + 72) {
        fault->cause = access;
        return FALSE;
    }
    ret->phys = virtual;
    ret->prot = 7;
    ret->page_bits = 3;
    return TRUE;
}

static void test_fine_protection(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    uint64_t value;

    ((QhCpuOps *)toy->cluster.cpu_ops)->translate = fine_translate;
    number_pages(toy);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    g_assert_cmpuint(toy->n_translated, ==, 2);
    g_assert_true(load(toy, DATA + 56, &value));
    g_assert_false(load(toy, DATA + 57, &value));
    g_assert_cmphex(toy->cpu[0]->fault.address, ==, DATA + 64);
    g_assert_false(store(toy, DATA + 71, 0));
    g_assert_true(load(toy, DATA + 72, &value));
    g_assert_null(qh_cpu_service.probe(&toy->cpu[0]->cpu, DATA, 8, QH_ACCESS_READ, 0));
    g_assert_cmpuint(toy->cpu[0]->cpu.unwind, ==, 0);
    toy_machine_free(toy);
}

static void test_map_change(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    static const uint32_t halt[] = {TOY_INSN(TOY_HALT, 0, 0, 0)};
    g_autoptr(GError) error = NULL;
    QhRam *other = qh_ram_new(&toy->machine, "other", PAGE, &error);

    number_pages(toy);
    toy_poke(toy, TOY_RAM, halt, 1);
    g_assert_cmpuint(must_load(toy, DATA), ==, 1000);
    *(uint64_t *)other->host = 4711;
    g_assert_true(qh_mem_service.map_ram(toy->cluster.space, DATA, PAGE, other, 0, 0, 9, &error));
    toy_run(toy, TOY_RAM); /* a safe point */
    g_assert_cmpuint(must_load(toy, DATA), ==, 4711);
    toy_machine_free(toy);
}

static void test_probe(void)
{
    ToyMachine *toy = toy_machine_new(1, 12);
    QhCpu *cpu = &toy->cpu[0]->cpu;

    g_assert_true(qh_cpu_service.probe(cpu, DATA + 4, 64, QH_ACCESS_WRITE, 0) ==
                  toy_ram(toy, DATA + 4));
    g_assert_null(qh_cpu_service.probe(cpu, DATA + 4, PAGE, QH_ACCESS_READ, 0));
    g_assert_cmpuint(cpu->unwind, ==, 0);
    g_assert_null(qh_cpu_service.probe(cpu, TOY_IO, 8, QH_ACCESS_READ, 0));
    g_assert_cmpuint(cpu->unwind, ==, 0);
    toy->prot[(DATA >> 12) + 3] = QH_PROT_READ;
    g_assert_null(qh_cpu_service.probe(cpu, DATA + 3 * PAGE, 8, QH_ACCESS_WRITE, 0));
    g_assert_cmpuint(cpu->unwind, ==, 1);
    cpu->unwind = 0;
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    g_test_add_func("/softmmu/flush", test_flush);
    g_test_add_func("/softmmu/fresh", test_fresh);
    g_test_add_func("/softmmu/conflicts", test_conflicts);
    g_test_add_func("/softmmu/global", test_global);
    g_test_add_func("/softmmu/mark-code", test_mark_code);
    g_test_add_func("/softmmu/refill", test_refill);
    g_test_add_func("/softmmu/table-words", test_table_words);
    g_test_add_func("/softmmu/contexts", test_contexts);
    g_test_add_func("/softmmu/own-contexts", test_own_contexts);
    g_test_add_func("/softmmu/many-contexts", test_many_contexts);
    g_test_add_func("/softmmu/large-page", test_large_page);
    g_test_add_func("/softmmu/huge-page", test_huge_page);
    g_test_add_func("/softmmu/small-pages", test_small_pages);
    g_test_add_func("/softmmu/fine-protection", test_fine_protection);
    g_test_add_func("/softmmu/map-change", test_map_change);
    g_test_add_func("/softmmu/probe", test_probe);
    return g_test_run();
}
