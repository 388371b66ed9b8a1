/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the engine share. */
#ifndef QH_CORE_JIT_ENGINE_PRIV_H
#define QH_CORE_JIT_ENGINE_PRIV_H

#include "core/jit/code.h"
#include "core/jit/debug.h"
#include "core/jit/engine.h"
#include "core/jit/jit-cpu.h"
#include "core/jit/tier.h"
#include "core/vcpu/vcpu.h"

/* Guest code of a block starts at most this long before the end of what is copied. */
#define QH_ENGINE_MAX_INSNS      64u
#define QH_ENGINE_CODE_BYTES     (G_GUINT64_CONSTANT(256) << 20)
#define QH_ENGINE_MIN_CODE_BYTES (G_GUINT64_CONSTANT(16) << 20)
/* What the compiler may use, and how often a block is interpreted before. */
#define QH_ENGINE_TIER_BYTES (G_GUINT64_CONSTANT(128) << 20)
#define QH_ENGINE_THRESHOLD  200u
/* A block that was entered less often may go when the store is trimmed. */
#define QH_ENGINE_WORTH 4

struct QhEngine {
    QhCluster *cluster;
    QhIrContext ir;
    QhEngineOptions options; /* resolved: backend is INTERP or JIT */
    struct QhHelperCall *calls;
    gboolean plain;   /* QhT0Source.plain */
    gboolean counts;  /* QhCpu.icount is kept while code runs; fixed before CPUs run */
    gboolean counted; /* deterministic mode: CPUs stop at hot.icount_limit, to the instruction */
    gboolean trace;   /* -d exec: blocks are not chained, each one is told of */
    GMutex lock;      /* the store */
    QhCodeStore *store;
    QhDebugPoints points;               /* debug.h */
    QhTier *tier;                       /* compiled code, or NULL */
    struct QhLockstepOps *lockstep_ops; /* ir.translator is in there, or NULL */

    /* Who runs translated code; guarded by run_lock. */
    GMutex run_lock;
    GCond run_cond;
    uint32_t n_running;
    uint32_t n_exclusive; /* CPUs that wait to be, or are, alone */
    QhJitCpu *exclusive;  /* the one that is; atomic for reading by itself */
};

/* Set in exit_request: only the dispatcher is to be reached. */
#define QH_EXIT_REQUEST_LOOK 2u

/* Buffers for one translation. */
typedef struct QhScratch {
    QhIrRecord records[QH_IR_MAX_RECORDS];
    uint8_t code[1u << QH_PAGE_BITS_MIN];
    uint8_t fetched[64];
    QhT0Lower *lower;
    QhCode *loose; /* the last block that is in no store */
} QhScratch;

/* Whether the dispatcher wants to see every interpreted block. */
static inline gboolean qh_engine_sees_all(const QhEngine *engine)
{
    return engine->trace || engine->counted;
}

/* The block at cpu->pc, translated if need be. NULL: a fault was entered, or the engine gave up
 * (jit->broken). @flags: QH_CODE_... [vcpu] */
QhCode *qh_engine_find(QhEngine *engine, QhJitCpu *jit, uint32_t flags);

/*
 * Before bytes of a page of RAM are read for translation: tell all CPUs of the machine that stores
 * to it have to look for code. FALSE: no memory. Ends with qh_code_unwatch. [vcpu]
 */
gboolean qh_engine_watch(QhJitCpu *jit, const QhTlbPage *page, uint64_t *ret_changes);

/* Drop what is hardly ever run, at a point where no CPU of the cluster runs translated code. */
void qh_engine_trim(QhEngine *engine);

/* Take out what was made from these bytes of one page; the lock is held. */
void qh_engine_invalidate_page(QhEngine *engine, uint64_t ram_address, uint64_t bytes);

/* Whether a write to these bytes would change the block that @jit runs now, and it has more than
 * this one instruction. [vcpu] */
gboolean qh_engine_runs(const QhJitCpu *jit, uint64_t ram_address, uint64_t bytes);
/* After a write: if the page has no code any more, stores to it need not look. [vcpu] */
void qh_engine_settle_page(QhJitCpu *jit, QhRam *ram, uint64_t offset);
gboolean qh_engine_is_exclusive(QhJitCpu *jit);
/* Make the cluster's other CPUs look at what has changed. [vcpu] */
void qh_engine_kick_others(QhJitCpu *jit);

/* How many instructions of a translated block come before one with a breakpoint; UINT32_MAX when
 * none has one. The first does not count. (debug.c) */
uint32_t qh_engine_insns_before_breakpoint(const QhEngine *engine, const QhBlock *block);

/* Stop @jit for good: its target broke a rule. [vcpu] */
void qh_engine_give_up(QhJitCpu *jit, const char *why);

#endif
