/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of lockstep share. */
#ifndef QH_CORE_JIT_LOCKSTEP_PRIV_H
#define QH_CORE_JIT_LOCKSTEP_PRIV_H

#include "core/jit/engine-priv.h"
#include "core/jit/lockstep.h"

#define QH_LOCKSTEP_PAGES 256u

/* A page of RAM: as it was before the unit; while the interpreter runs, as compiled code left it.
 */
typedef struct QhLockstepPage {
    QhRam *ram;
    uint64_t offset;
    uint8_t *copy; /* in pool */
} QhLockstepPage;

/* Bytes of RAM that a helper wrote; what, at @data of the log. */
typedef struct QhLockstepRange {
    QhRam *ram;
    uint64_t offset;
    uint32_t bytes, data;
} QhLockstepRange;

/* Bytes of the state that a helper changed: those of @mask in the word at @offset. */
typedef struct QhLockstepDelta {
    uint32_t offset;
    uint64_t mask, value;
} QhLockstepDelta;

#define QH_EVENT_HELPER 0u
#define QH_EVENT_READ   1u
#define QH_EVENT_WRITE  2u
typedef struct QhLockstepEvent {
    uint32_t kind;
    uint32_t helper; /* or the width of an access */
    void *io;
    uint64_t offset;
    uint64_t args[8][2];
    uint64_t value[2]; /* result */
    uint32_t status;   /* of the bus */
    uint32_t first_delta, n_deltas, first_range, n_ranges;
} QhLockstepEvent;

#define QH_LOCKSTEP_OFF    0u
#define QH_LOCKSTEP_RECORD 1u
#define QH_LOCKSTEP_REPLAY 2u
/* How the interpreter's blocks are cut. */
#define QH_SPLIT_NONE     0u
#define QH_SPLIT_COMPILED 1u /* where compiled blocks begin */
#define QH_SPLIT_ALL      2u /* after each instruction */
struct QhLockstep {
    QhJitCpu *jit;
    uint32_t (*run)(QhJitCpu *jit, const void *native); /* qh_tier_run, but in tests */
    uint32_t phase;
    uint32_t in_helper; /* its own accesses are part of the call */
    uint32_t state_bytes;
    uint8_t *before, *compiled, *helper_before; /* CPU states */
    uint8_t *pool;
    uint32_t n_pages, n_compiled_pages;
    uint32_t split; /* QH_SPLIT_... */
    gboolean lost;  /* not compared: too many pages, or a translation was forgotten */
    QhLockstepPage pages[QH_LOCKSTEP_PAGES];
    GPtrArray *direct; /* QhTlbEntry */
    GArray *events;    /* QhLockstepEvent */
    GArray *deltas;    /* QhLockstepDelta */
    GArray *ranges;    /* QhLockstepRange */
    GByteArray *data;
    GArray *blocks; /* QhCodeKey of what the interpreter ran */
    uint32_t next_event;
    char *difference; /* the first one */
    QhLockstepStats stats;
};

/* Set lockstep->difference if there is none yet. */
void qh_lockstep_differ(QhLockstep *lockstep, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Words of the state that other threads or the host change. */
gboolean qh_lockstep_is_host_word(uint32_t offset);

/* Everything about the unit, as text; the caller g_frees it. */
char *qh_lockstep_report(const QhLockstep *lockstep, uint32_t left, uint64_t n_insns);

#endif
