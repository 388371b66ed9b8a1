/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A translator meets bytes that no compiler wrote: what it makes of them must be IR that keeps
 * every rule of abi/ir.h, must fit what it was given, and must leave the CPU alone.
 */
#include "abi/target.h"
#include "core/jit/ir.h"
#include "core/machine/machine.h"
#include "core/modcheck/bench.h"
#include "core/modcheck/check.h"
#include "core/vcpu/vcpu.h"
#include <string.h>

#define BLOCKS     6000u /* over all models */
#define BLOCKS_MIN 1000u
#define PAGE_BYTES 4096u
#define CANARY     8u /* records behind the buffer that nobody may write */

typedef struct Source {
    QhBench *bench;
    QhTrial *trial;
    const char *model;
    const QhCluster *cluster;
    QhCpu *cpu;
    void *before; /* copy of the CPU's state */
    QhIrContext context;
    QhIrRecord *records;
    uint8_t first[PAGE_BYTES], second[PAGE_BYTES];
    uint32_t first_bytes;
    gboolean has_second;
} Source;

static const uint8_t *fetch(QhBlock *block, uint32_t offset, uint32_t length)
{
    Source *source = block->host;
    uint64_t from = (uint64_t)offset - block->code_bytes;

    if (!source->has_second || offset < block->code_bytes || from + length > PAGE_BYTES) {
        block->status |= QH_BLOCK_FETCH_FAULT;
        return NULL;
    }
    return source->second + from;
}

/* Random words; every other time small numbers, or one word many times with a bit changed. */
static void fill(Source *source, uint32_t round)
{
    QhBench *bench = source->bench;
    uint64_t seed = qh_bench_random(bench);

    for (uint32_t i = 0; i < PAGE_BYTES; i += 8) {
        uint64_t word = qh_bench_random(bench);

        if (round % 4 == 1) {
            word &= qh_bench_random(bench) & qh_bench_random(bench);
        } else if (round % 4 == 2) {
            word = seed ^ (UINT64_C(1) << (word & 63));
        }
        memcpy(source->first + i, &word, 8);
        word = qh_bench_random(bench);
        memcpy(source->second + i, &word, 8);
    }
}

static void complain(Source *source, const QhBlock *block, const char *what)
{
    g_autoptr(GString) bytes = g_string_new(NULL);

    for (uint32_t i = 0; i < MIN(block->code_bytes, 16u); i++) {
        g_string_append_printf(bytes, "%02x", block->code[i]);
    }
    qh_trial_problem(source->trial, "translating the bytes %s... for model '%s': %s", bytes->str,
                     source->model, what);
}

static gboolean check_block(Source *source, QhBlock *block, gboolean answer)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *why = NULL;
    QhIrRecord blank;

    memset(&blank, 0xa5, sizeof(blank));
    for (uint32_t i = 0; i < CANARY && why == NULL; i++) {
        if (memcmp(&block->records[block->capacity + i], &blank, sizeof(blank)) != 0) {
            why = g_strdup("it writes records behind the end of the buffer");
        }
    }
    gboolean over = (block->status & (QH_BLOCK_OVERFLOW | QH_BLOCK_FETCH_FAULT)) != 0;
    if (why != NULL) {
    } else if (memcmp(source->before, source->cpu, source->cluster->cpu_ops->state_size) != 0) {
        why = g_strdup("it changes the CPU's state");
    } else if (!over && !answer) {
        why = g_strdup("it fails and does not say why");
    } else if (!over && (block->n_insns < 1 || block->n_insns > block->max_insns)) {
        why = g_strdup_printf("it says %u instructions, asked for at most %u", block->n_insns,
                              block->max_insns);
    } else if (!over && (block->guest_bytes < 1 || block->n_records > block->capacity)) {
        why = g_strdup_printf("it says %u bytes and %u records", block->guest_bytes,
                              block->n_records);
    } else if (!over &&
               !qh_ir_validate(&source->context, block->records, block->n_records, &error)) {
        why = g_strdup(error->message);
    }
    if (why != NULL) {
        complain(source, block, why);
    }
    return why == NULL;
}

static gboolean try_block(Source *source, uint32_t round)
{
    const QhTranslatorOps *ops = source->cluster->translator_ops;
    const QhTargetOps *target = source->cluster->target_ops;
    QhBench *bench = source->bench;
    uint32_t align = MAX(target->insn_alignment, 1u);
    uint32_t offset = round % 3 == 0 ? PAGE_BYTES - align * (1 + round % 8)
                                     : (uint32_t)(qh_bench_random(bench) % PAGE_BYTES);

    offset -= offset % align;
    source->has_second = round % 2 == 0;
    source->first_bytes = PAGE_BYTES - offset;
    QhBlock block = {.size = sizeof(block),
                     .pc = (UINT64_C(0x10000) | offset),
                     .state_key = source->cpu->state_key,
                     .code = source->first + offset,
                     .code_bytes = source->first_bytes,
                     .max_insns = 1 + (uint32_t)(qh_bench_random(bench) % 64),
                     .cpu = source->cpu,
                     .fetch = fetch,
                     .records = source->records,
                     .capacity = round % 16 == 5 ? 4 : QH_IR_MAX_RECORDS,
                     .host = source};
    memset(source->records + block.capacity, 0xa5, CANARY * sizeof(QhIrRecord));
    qh_trial_doing(source->trial, "translating a block (number %u)", round);
    gboolean answer = ops->translate(source->cluster->translator_slot.ctx, &block);
    return check_block(source, &block, answer);
}

static gboolean try_text(Source *source, uint32_t round)
{
    const QhTranslatorOps *ops = source->cluster->translator_ops;
    uint32_t offset = (uint32_t)(qh_bench_random(source->bench) % PAGE_BYTES);
    uint32_t length = 0, bytes = PAGE_BYTES - offset;

    if (ops->disassemble == NULL) {
        return TRUE;
    }
    qh_trial_doing(source->trial, "disassembling (number %u)", round);
    g_autofree char *text =
        ops->disassemble(source->cluster->translator_slot.ctx, 0x10000 + offset,
                         source->cpu->state_key, source->first + offset, bytes, &length);
    if (text == NULL || length < 1 || (length > bytes && bytes >= 16)) {
        qh_trial_problem(source->trial, "disassembling %u bytes gives %s of length %u", bytes,
                         text != NULL ? "a text" : "no text", length);
        return FALSE;
    }
    return TRUE;
}

static gboolean try_blocks(Source *source, uint32_t rounds)
{
    gboolean good = TRUE;
    size_t state_size = source->cluster->cpu_ops->state_size;

    source->before = g_memdup2(source->cpu, state_size);
    source->records = g_new0(QhIrRecord, QH_IR_MAX_RECORDS + CANARY);
    for (uint32_t round = 0; round < rounds && good; round++) {
        if (round % 8 == 0) {
            fill(source, round / 8);
        }
        good = try_block(source, round) && try_text(source, round);
    }
    g_free(source->records);
    g_free(source->before);
    return good;
}

/* FALSE: one fault has been found, which is enough. */
static gboolean try_model(QhTrial *trial, const char *model, uint32_t rounds)
{
    g_autoptr(GError) error = NULL;
    gboolean good = FALSE;
    QhBench bench;

    if (qh_bench_open(&bench, trial, &error) && qh_bench_bare(&bench, trial->name, model, &error)) {
        QhVcpu *vcpu = qh_machine_vcpu(bench.machine, 0);
        const QhCluster *cluster = qh_vcpu_cluster(vcpu);
        Source *source = g_new0(Source, 1);

        *source = (Source){
            .bench = &bench,
            .trial = trial,
            .model = model,
            .cluster = cluster,
            .cpu = qh_vcpu_state(vcpu),
            .context = {.state = cluster->cpu_ops->state,
                        .state_size = cluster->cpu_ops->state_size,
                        .translator = cluster->translator_ops,
                        .address_bits = cluster->target_ops->address_bits,
                        .n_mmu_indices = cluster->target_ops->n_mmu_indices}
        };
        good = try_blocks(source, rounds);
        g_free(source);
    } else {
        qh_trial_problem(trial, "%s", error->message);
    }
    qh_bench_close(&bench);
    return good;
}

/* What a model has not, it must not translate either: each is tried. */
void qh_trial_translator(QhTrial *trial)
{
    g_autoptr(GError) error = NULL;
    QhBench bench;
    gboolean open = qh_bench_open(&bench, trial, &error);
    g_autoptr(GPtrArray) names = open ? qh_bench_models(&bench, trial->name, &error) : NULL;
    gboolean good = names != NULL;

    qh_bench_close(&bench);
    if (names == NULL) {
        qh_trial_problem(trial, "%s", error->message);
        return;
    }
    for (guint i = 0; i < names->len && good; i++) {
        good = try_model(trial, g_ptr_array_index(names, i), MAX(BLOCKS / names->len, BLOCKS_MIN));
    }
}
