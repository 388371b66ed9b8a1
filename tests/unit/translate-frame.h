/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A translator by itself: code, the block it makes of that, and the host's validator. */
#ifndef TRANSLATE_FRAME_H
#define TRANSLATE_FRAME_H

#include "core/jit/ir.h"

#define FRAME_RECORDS QH_IR_MAX_RECORDS

typedef struct Frame {
    QhCpu *cpu; /* the whole state of a CPU, zeroed */
    QhBlock block;
    QhIrRecord records[FRAME_RECORDS];
    uint8_t code[4096];
    const uint8_t *next_page; /* what fetch returns; NULL is a fault */
    QhIrContext context;
} Frame;

void frame_init(Frame *f,
                const QhTranslatorOps *ops,
                const QhStateTable *state,
                uint32_t state_size,
                uint32_t n_mmu_indices);
/* A tear-down function of g_test_add. */
void frame_clear(Frame *f, gconstpointer data);

/* Put the low @bytes of @insn at @offset of the code. */
void frame_put(Frame *f, uint32_t offset, uint32_t insn, uint32_t bytes);
/* Translate @bytes of the code as if they lay at @pc; what the translator returns. */
gboolean frame_translate(Frame *f, uint64_t pc, uint64_t key, uint32_t bytes, uint32_t max_insns);
/* Fails the test, with a dump, if the validator refuses the block. */
void frame_assert_valid(Frame *f);

const QhIrRecord *frame_last(const Frame *f);
/* Records of operation @op; writes to @slot. */
uint32_t frame_count(const Frame *f, uint32_t op);
uint32_t frame_count_sets(const Frame *f, uint32_t slot);

#endif
