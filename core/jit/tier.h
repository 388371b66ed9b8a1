/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine asks of the compiler for this host's processor. Hosts without one have the
 * functions of backend/none, and no tier.
 */
#ifndef QH_CORE_JIT_TIER_H
#define QH_CORE_JIT_TIER_H

#include "core/jit/code.h"

typedef struct QhEngine QhEngine;
typedef struct QhJitCpu QhJitCpu;

/* The compiled code of one engine. */
typedef struct QhTier QhTier;

/* NULL with @error: this host has no compiler, or no memory that may be executed. [main] */
QhTier *qh_tier_new(QhEngine *engine, uint64_t max_bytes, GError **error);
void qh_tier_free(QhTier *tier);
/* Buffers of one CPU (jit->tier). */
void qh_tier_cpu_free(QhJitCpu *jit);

/*
 * Compile @code together with what it leads to on its page. Returns where it is entered, and
 * code->native of all blocks of the region is set; NULL when it cannot be done now, or never
 * (code->dull is set). pc and state key are those of @code. [vcpu]
 */
const void *qh_tier_compile(QhTier *tier, QhJitCpu *jit, QhCode *code);

/* Run compiled code; QH_LEFT_... [vcpu] */
uint32_t qh_tier_run(QhJitCpu *jit, const void *native);

/* The exit by which compiled code was left last leads to @code: connect them. [vcpu] */
void qh_tier_link(QhTier *tier, QhJitCpu *jit, QhCode *code);

/* Where jump cache entries lead for blocks that are not compiled. */
const void *qh_tier_no_code(const QhTier *tier);

/* Whether a write to these bytes changes the compiled code that @jit is in. [vcpu] */
gboolean qh_tier_runs(const QhJitCpu *jit, uint64_t ram_address, uint64_t bytes);

/*
 * Take out what was compiled from these bytes of one page. @regions: the page's list. Returns
 * whether there was any. The engine's lock is held.
 */
gboolean qh_tier_invalidate(QhTier *tier, void **regions, uint64_t ram_address, uint64_t bytes);
/*
 * The page has been seen at a second address: take out what was compiled from its relative blocks
 * for the first one alone. What is compiled from now on will be good for all. The engine's lock is
 * held.
 */
void qh_tier_unpin(QhTier *tier, void **regions);
/* Drop everything: no CPU runs compiled code. The engine's lock is held. */
void qh_tier_drop_all(QhTier *tier);

/*
 * Between two blocks: code that was taken out may be overwritten as soon as all CPUs that run have
 * been here. jit->in_run is set before the first call. [vcpu]
 */
void qh_tier_pass(QhTier *tier, QhJitCpu *jit);

typedef struct QhTierStats {
    uint64_t n_regions, n_blocks, n_insns, n_failed, n_invalidated, n_links, n_retired, n_drops;
    uint64_t code_bytes; /* of machine code made */
    uint64_t used_bytes; /* of code memory, now */
    uint64_t compile_ns;
} QhTierStats;
/* [any] */
void qh_tier_stats(QhTier *tier, QhTierStats *ret);

#endif
