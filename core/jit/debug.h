/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a debugger wants of an engine: breakpoints, which are virtual addresses in any address
 * space, and watchpoints, which are ranges of them.
 *
 * A breakpoint is no part of translated code: code ends before one, and there is never code that
 * begins at one, so running without breakpoints costs nothing. A granule with a watchpoint keeps a
 * slow flag in the softmmu tables, so that all accesses to it take the slow way, which looks.
 *
 * Points are changed while the cluster's CPUs stand still.
 */
#ifndef QH_CORE_JIT_DEBUG_H
#define QH_CORE_JIT_DEBUG_H

#include "core/machine/machine.h"

typedef struct QhEngine QhEngine;

/* Why a CPU stopped for a debugger. */
#define QH_STOP_NONE       0u
#define QH_STOP_BREAKPOINT 1u /* before the instruction at pc */
#define QH_STOP_WATCHPOINT 2u /* before or after the access, as the points say */
#define QH_STOP_STEP       3u /* the one instruction has been run */

typedef struct QhDebugStop {
    uint32_t kind;    /* QH_STOP_... */
    uint32_t watch;   /* QH_WATCH_... of the watchpoint that was hit */
    uint64_t address; /* of the data, inside the watchpoint */
} QhDebugStop;

#define QH_WATCH_READ  (1u << 0)
#define QH_WATCH_WRITE (1u << 1)

typedef struct QhWatchpoint {
    uint64_t first, last; /* bytes, inclusive */
    uint32_t watch;       /* QH_WATCH_... */
} QhWatchpoint;

#define QH_DEBUG_MAX_BREAKPOINTS 4096u
#define QH_DEBUG_MAX_WATCHPOINTS 64u

/* The points of one engine; lives in it. */
typedef struct QhDebugPoints {
    uint64_t breakpoints[QH_DEBUG_MAX_BREAKPOINTS]; /* sorted */
    uint32_t n_breakpoints;
    uint32_t n_watchpoints;
    QhWatchpoint watchpoints[QH_DEBUG_MAX_WATCHPOINTS];
    gboolean watch_before; /* stop before the access, pc is at its instruction */
} QhDebugPoints;

/*
 * Adding one that is there, or removing one that is not, succeeds. FALSE: there are too many, or a
 * range that is empty or wraps. [vcpu, stopped] for all CPUs of the cluster
 */
gboolean qh_engine_add_breakpoint(QhEngine *engine, uint64_t address);
void qh_engine_remove_breakpoint(QhEngine *engine, uint64_t address);
gboolean
qh_engine_add_watchpoint(QhEngine *engine, uint64_t address, uint64_t bytes, uint32_t watch);
void qh_engine_remove_watchpoint(QhEngine *engine,
                                 uint64_t address,
                                 uint64_t bytes,
                                 uint32_t watch);
void qh_engine_remove_all_points(QhEngine *engine);

/* Whether watchpoints stop before the access; at first they stop after its instruction. */
void qh_engine_set_watch_before(QhEngine *engine, gboolean before);
gboolean qh_engine_watches_before(const QhEngine *engine);
/* Whether @address is watched for any of @watch. [vcpu, stopped] */
gboolean qh_engine_has_watchpoint(const QhEngine *engine, uint64_t address, uint32_t watch);
/* Whether there is one at @address. [any] */
gboolean qh_engine_has_breakpoint(const QhEngine *engine, uint64_t address);
/* Whether there is one in the 4 KiB around @address: a compiler leaves such pages alone, the
 * interpreter runs them. [any] */
gboolean qh_engine_page_has_breakpoint(const QhEngine *engine, uint64_t address);

#endif
