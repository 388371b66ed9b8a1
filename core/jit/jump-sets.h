/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ids in the jump cache stand for: pages of code, and the contexts that are alike in them. */
#ifndef QH_CORE_JIT_JUMP_SETS_H
#define QH_CORE_JIT_JUMP_SETS_H

#include "core/jit/softmmu.h"

/* A page that belongs to contexts, and where it leads: both addresses of granules. */
typedef struct QhJumpPage {
    uint64_t address, phys;
} QhJumpPage;
/* What an id stands for (jump-sets.c): the contexts that share it are alike in these pages. */
#define QH_JUMP_SETS      64u
#define QH_JUMP_SET_PAGES 2048u
#define QH_JUMP_SLOTS     (2 * QH_JUMP_SET_PAGES)
typedef struct QhJumpSet {
    uint64_t id; /* 0: free */
    uint64_t state_key, generation;
    uint64_t used; /* when */
    uint32_t n_pages, pad;
    QhJumpPage pages[QH_JUMP_SET_PAGES]; /* in the order in which they were found */
    uint16_t slots[QH_JUMP_SLOTS];       /* by hash: number of the page plus 1 */
} QhJumpSet;

/* The set of one state key in one context. */
#define QH_JUMP_IDS 256u
typedef struct QhJumpId {
    uint64_t state_key, id;
    QhJumpSet *set; /* if it still has that id */
    uint32_t context_stamp;
    uint32_t n_seen; /* pages of the set that were compared in this context */
} QhJumpId;

/* The sets of the keys that the CPU had last in this context: by the key, times a factor, its upper
 * bits. Compiled code takes them from here. */
#define QH_JUMP_KEYS       32u
#define QH_JUMP_KEY_FACTOR 0x165667b1u /* none of the keys of a usual kernel meet */
#define QH_JUMP_KEY_SHIFT  27u
typedef struct QhJumpKey {
    uint64_t state_key;
    uint64_t id; /* QH_JUMP_NONE: not known */
    QhJumpSet *set;
    uint64_t pad;
} QhJumpKey;

/*
 * A block on @page (and on the next one, when @crosses) is about to be noted under its pc: contexts
 * in which the page leads elsewhere must not find it. [vcpu]
 */
void qh_jit_note_code(QhJitCpu *jit, uint64_t address, const QhTlbPage *page, gboolean crosses);
/* The granule at this address may lead elsewhere from now on. [vcpu] */
void qh_jit_forget_code(QhJitCpu *jit, uint64_t granule);

#endif
