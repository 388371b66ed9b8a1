/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tier.c, patch.c and region.c share. */
#ifndef QH_CORE_JIT_X86_64_TIER_H
#define QH_CORE_JIT_X86_64_TIER_H

#include "core/jit/backend/x86_64/chunks.h"
#include "core/jit/engine-priv.h"

struct QhTier {
    QhEngine *engine;
    QhT1Memory *memory; /* the engine's lock guards it */
    QhT1Stubs stubs;
    int32_t lazy[4];   /* slots of condition codes, from the CPU state */
    QhTierStats stats; /* likewise */
    uint64_t epoch;    /* rises with every chunk that is retired; atomic */
};

/* A guest block of the region being made. */
typedef struct QhT1Leader {
    uint64_t pc;
    uint32_t first, n_records; /* in arena */
    uint32_t n_insns, guest_bytes;
} QhT1Leader;

#define QH_T1_ARENA (2u * QH_T1_MAX_RECORDS)

typedef struct QhTierCpu {
    QhT1Compiler *compiler;
    QhT1Chunk *chunk; /* the one it fills, or NULL */
    uint8_t page[1u << QH_PAGE_BITS_MIN];
    QhT1Leader leaders[QH_T1_MAX_BLOCKS];
    uint32_t n_leaders, n_arena, n_insns;
    QhIrRecord arena[QH_T1_ARENA];         /* blocks as they were translated */
    QhIrRecord records[QH_T1_MAX_RECORDS]; /* one after the other, by pc */
    QhT1Block blocks[QH_T1_MAX_BLOCKS];
} QhTierCpu;

/*
 * The blocks of the page that belong together with @code, from the bytes in jit->tier->page:
 * at most @max_blocks. FALSE when even @code cannot be compiled. (region.c) [vcpu]
 */
gboolean qh_t1_collect(QhJitCpu *jit, const QhCode *code, uint32_t max_blocks, QhT1Source *ret);

/* A chunk for jit->tier to fill: a free one, or, when they run out, the one filled longest ago.
 * FALSE when all are in use. (recycle.c) [vcpu] */
gboolean qh_t1_have_room(QhTier *tier, QhJitCpu *jit);
/* The region is entered by nobody from now on; its blocks are interpreted again, @heat times. The
 * lock is held. (tier.c) */
void qh_t1_retire_region(QhTier *tier, QhT1Region *region, uint32_t heat);
/* Send all CPUs to the dispatcher. (tier.c) [any] */
void qh_t1_kick_all(const QhTier *tier);

/* --- patch.c: changes of code that may be running. The engine's lock is held. --- */

/* @link leads to @to from now on, at its entry @at (an address in the executable view). */
void qh_t1_link(const QhT1Memory *memory, QhT1Link *link, QhT1Region *to, const uint8_t *at);
/* Nobody enters the region any more: its entries leave, links into it are undone. */
void qh_t1_cut_off(const QhT1Memory *memory, QhT1Region *region);
/* Whether one of these bytes of RAM is in a guest block of the region. */
gboolean qh_t1_covers(const QhT1Region *region, uint64_t ram_address, uint64_t bytes);

#endif
