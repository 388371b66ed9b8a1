/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "translate-frame.h"

#include <stdlib.h>
#include <string.h>

void frame_init(Frame *f,
                const QhTranslatorOps *ops,
                const QhStateTable *state,
                uint32_t state_size,
                uint32_t n_mmu_indices)
{
    size_t room = (state_size + 63u) & ~63u;

    memset(f, 0, sizeof(*f));
    f->cpu = aligned_alloc(64, room);
    g_assert_nonnull(f->cpu);
    memset(f->cpu, 0, room);
    f->context = (QhIrContext){state, state_size, ops, 64, n_mmu_indices};
}

void frame_clear(Frame *f, gconstpointer data)
{
    (void)data;
    free(f->cpu);
}

void frame_put(Frame *f, uint32_t offset, uint32_t insn, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        f->code[offset + i] = (uint8_t)(insn >> 8 * i);
    }
}

static const uint8_t *fetch(QhBlock *block, uint32_t offset, uint32_t length)
{
    const Frame *f = block->host;

    g_assert_cmpuint(offset, >=, block->code_bytes);
    g_assert_cmpuint(length, ==, 2);
    if (f->next_page == NULL) {
        block->status |= QH_BLOCK_FETCH_FAULT;
    }
    return f->next_page;
}

gboolean frame_translate(Frame *f, uint64_t pc, uint64_t key, uint32_t bytes, uint32_t max_insns)
{
    f->block = (QhBlock){
        .size = sizeof(QhBlock),
        .pc = pc,
        .state_key = key,
        .code = f->code,
        .code_bytes = bytes,
        .max_insns = max_insns,
        .cpu = f->cpu,
        .fetch = fetch,
        .records = f->records,
        .capacity = FRAME_RECORDS,
        .host = f,
    };
    return f->context.translator->translate(NULL, &f->block);
}

void frame_assert_valid(Frame *f)
{
    g_autoptr(GError) error = NULL;

    if (!qh_ir_validate(&f->context, f->records, f->block.n_records, &error)) {
        g_autofree char *dump = qh_ir_dump(&f->context, f->records, f->block.n_records);
        uint32_t first = f->code[0] | (uint32_t)f->code[1] << 8 | (uint32_t)f->code[2] << 16 |
                         (uint32_t)f->code[3] << 24;
        g_test_message("insn 0x%08x: %s\n%s", first, error->message, dump);
        g_test_fail();
    }
}

const QhIrRecord *frame_last(const Frame *f)
{
    return &f->records[f->block.n_records - 1];
}

uint32_t frame_count(const Frame *f, uint32_t op)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < f->block.n_records; i++) {
        n += f->records[i].op == op;
    }
    return n;
}

uint32_t frame_count_sets(const Frame *f, uint32_t slot)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < f->block.n_records; i++) {
        n += f->records[i].op == QH_IR_set_slot && f->records[i].a == slot;
    }
    return n;
}
