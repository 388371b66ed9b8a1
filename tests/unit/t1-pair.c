/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "t1-pair.h"
#include "core/jit/backend/interp/t0.h"
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/backend/x86_64/pending.h"
#include "core/jit/code.h"

#include <inttypes.h>
#include <string.h>

#define PC UINT64_C(0x10000)

static QhCpu *cpu_of(const T1Pair *pair)
{
    return &pair->toy->cpu[0]->cpu;
}

T1Pair *t1_pair_new(const char *without)
{
    T1Pair *pair = g_new0(T1Pair, 1);
    GError *error = NULL;
    QhAsm a;

    pair->toy = toy_machine_new(1, 12);
    pair->memory = qh_t1_memory_new((uint64_t)16 << 20, &error);
    g_assert_no_error(error);
    a = (QhAsm){.base = pair->memory->writable,
                .at = pair->memory->writable,
                .end = pair->memory->writable + QH_T1_STUB_BYTES,
                .delta = qh_t1_memory_delta(pair->memory)};
    qh_t1_make_stubs(&a, &pair->stubs, qh_jit_of(cpu_of(pair))->jump_shift, FALSE);
    g_assert_false(a.full);
    pair->at = a.end;
    g_setenv("QEMU_HOST_WITHOUT", without, TRUE);
    pair->compiler = qh_t1_compiler_new();
    g_unsetenv("QEMU_HOST_WITHOUT");
    g_assert_nonnull(pair->compiler);
    qh_jit_of(cpu_of(pair))->hot.mxcsr = QH_T1_MXCSR;
    pair->context = (QhIrContext){.state = toy_state_table(),
                                  .state_size = sizeof(Toy),
                                  .translator = &toy_translator,
                                  .address_bits = 64,
                                  .n_mmu_indices = 2};
    return pair;
}

static void unload(T1Pair *pair)
{
    g_clear_pointer(&pair->t0, g_free);
    g_clear_pointer(&pair->region, g_free);
}

void t1_pair_free(T1Pair *pair)
{
    unload(pair);
    qh_t1_compiler_free(pair->compiler);
    qh_t1_memory_free(pair->memory);
    toy_machine_free(pair->toy);
    g_free(pair);
}

static void set_tables(T1Pair *pair, int32_t *ret_tlb)
{
    QhCpu *cpu = cpu_of(pair);

    for (uint32_t i = 0; i < pair->context.n_mmu_indices; i++) {
        ret_tlb[i] = (int32_t)((const char *)&qh_jit_of(cpu)->mmu.entries[i * QH_TLB_ENTRIES] -
                               (const char *)cpu);
    }
}

static uint32_t n_insns(const T1Pair *pair)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < pair->n_records; i++) {
        n += pair->records[i].op == QH_IR_insn_start;
    }
    return n;
}

static void load_t0(T1Pair *pair)
{
    QhT0Source source = {.context = &pair->context,
                         .records = pair->records,
                         .n_records = pair->n_records,
                         .pc = PC,
                         .n_insns = n_insns(pair),
                         .granule_bits = 12,
                         .plain = TRUE};
    QhT0Lower *lower = qh_t0_lower_new();
    const QhT0Op *ops;
    const uint16_t *insns;
    uint32_t n_ops;

    set_tables(pair, source.tlb);
    g_assert_true(qh_t0_lower(lower, &source, &ops, &n_ops, &insns));
    pair->t0 = qh_code_new_loose(n_ops, source.n_insns);
    memcpy(pair->t0->ops, ops, n_ops * sizeof(*ops));
    qh_t0_link(pair->t0->ops, n_ops);
    pair->t0->key.pc = PC;
    memcpy((uint16_t *)pair->t0->insns, insns, source.n_insns * sizeof(*insns));
    qh_t0_lower_free(lower);
}

static void load_t1(T1Pair *pair)
{
    g_autofree QhIrRecord *records =
        g_memdup2(pair->records, pair->n_records * sizeof(pair->records[0]));
    const QhT1Block block = {.pc = PC,
                             .n_records = pair->n_records,
                             .n_insns = n_insns(pair),
                             .guest_bytes = 4 * n_insns(pair),
                             .entry = TRUE};
    const QhJitCpu *jit = qh_jit_of(cpu_of(pair));
    QhT1Source source = {.context = &pair->context,
                         .records = records,
                         .n_records = pair->n_records,
                         .blocks = &block,
                         .n_blocks = 1,
                         .page = PC,
                         .granule_bits = 12,
                         .alone = TRUE,
                         .anywhere = pair->anywhere,
                         .nan_rule = jit->fp_nan_rule,
                         .tininess_before_rounding = jit->fp_tininess != 0};
    uint8_t *end = pair->memory->writable + pair->memory->bytes;
    QhAsm a;

    set_tables(pair, source.tlb);

    if ((size_t)(end - pair->at) < QH_T1_ROOM) {
        pair->at = pair->memory->writable + QH_T1_STUB_BYTES;
    }
    a = (QhAsm){
        .base = pair->at, .at = pair->at, .end = end, .delta = qh_t1_memory_delta(pair->memory)};
    pair->region = qh_t1_compile(pair->compiler, &source, &pair->stubs, &a);
    if (pair->region == NULL) {
        g_autofree char *dump = qh_ir_dump(&pair->context, pair->records, pair->n_records);
        g_error("not compiled:\n%s", dump);
    }
    pair->at = a.at + (-(uintptr_t)a.at & 63);
}

void t1_pair_load(T1Pair *pair, void (*emit)(QhBlock *block, void *data), void *data)
{
    QhBlock block = {
        .size = sizeof(block), .pc = PC, .records = pair->records, .capacity = T1_PAIR_RECORDS};
    GError *error = NULL;

    unload(pair);
    qh_ir_insn_start(&block, 0, 0, 0);
    emit(&block, data);
    qh_ir_exit_state(&block, PC + 4);
    g_assert_false(block.status & QH_BLOCK_OVERFLOW);
    pair->n_records = block.n_records;
    if (!qh_ir_validate(&pair->context, pair->records, pair->n_records, &error)) {
        g_autofree char *dump = qh_ir_dump(&pair->context, pair->records, pair->n_records);
        g_error("%s:\n%s", error->message, dump);
    }
    load_t0(pair);
    load_t1(pair);
}

static void set_state(T1Pair *pair, const Toy *state)
{
    Toy *toy = pair->toy->cpu[0];
    size_t from = offsetof(Toy, x);

    memcpy((char *)toy + from, (const char *)state + from, offsetof(Toy, fault) - from);
    toy->cpu.pc = PC;
    toy->cpu.icount = 0;
    toy->cpu.fp_flags = 0;
}

/* Where the states differ, in words of 32 bits; 0: nowhere. */
static uint32_t difference(const Toy *a, const Toy *b)
{
    for (uint32_t at = offsetof(Toy, x); at < offsetof(Toy, fault); at += 4) {
        if (memcmp((const char *)a + at, (const char *)b + at, 4) != 0) {
            return at;
        }
    }
    return a->cpu.pc != b->cpu.pc ? offsetof(Toy, cpu.pc) : 0;
}

static uint64_t word_at(const Toy *toy, uint32_t at)
{
    uint64_t word;

    memcpy(&word, (const char *)toy + at / 8 * 8, 8);
    return word;
}

uint32_t t1_pair_enter_raw(T1Pair *pair, const Toy *state)
{
    uint32_t (*enter)(QhCpu * cpu, const void *entry);

    set_state(pair, state);
    memcpy(&enter, &pair->stubs.enter, sizeof(enter));
    return enter(cpu_of(pair), pair->region->code + pair->region->entries[0].at);
}

uint32_t t1_pair_enter(T1Pair *pair, const Toy *state, gboolean compiled)
{
    QhCpu *cpu = cpu_of(pair);
    uint32_t left;

    if (!compiled) {
        set_state(pair, state);
        return qh_t0_run(qh_jit_of(cpu), pair->t0);
    }
    left = t1_pair_enter_raw(pair, state);
    qh_t1_complete(cpu, pair->region->lazy);
    return left;
}

void t1_pair_run(T1Pair *pair, const Toy *state)
{
    Toy first;
    uint32_t at, left;

    left = t1_pair_enter(pair, state, FALSE);
    g_assert_cmpuint(left, ==, QH_LEFT_STATE);
    first = *pair->toy->cpu[0];
    left = t1_pair_enter(pair, state, TRUE);
    g_assert_cmpuint(left, ==, QH_LEFT_STATE);
    at = difference(&first, pair->toy->cpu[0]);
    if (at != 0) {
        g_autofree char *dump = qh_ir_dump(&pair->context, pair->records, pair->n_records);
        g_error("offset %u: %" PRIx64 " by T0, %" PRIx64 " by T1; x0 %" PRIx64 " x1 %" PRIx64
                " w0 %x w1 %x\n%s",
                at, word_at(&first, at), word_at(pair->toy->cpu[0], at), state->x[0], state->x[1],
                state->w[0], state->w[1], dump);
    }
}
