/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The past of a machine in deterministic mode: checkpoints, and what came from outside between
 * them. To be at an earlier moment again the machine is put back to the checkpoint before it and
 * runs forward from there; what came from outside comes again at the same instruction, and what the
 * guest sends goes nowhere, until the latest moment that was ever reached.
 */
#ifndef QH_CORE_SNAPSHOT_HISTORY_H
#define QH_CORE_SNAPSHOT_HISTORY_H

#include "core/machine/machine.h"
#include "core/vcpu/vcpu.h"

typedef struct QhHistory QhHistory;

typedef struct QhHistoryLimits {
    uint64_t interval; /* instructions between two checkpoints, at least 1 */
    uint32_t points;   /* checkpoints that are kept, at least 3: the older, the further apart */
    uint64_t bytes;    /* of RAM that they take; then the past gets shorter */
} QhHistoryLimits;
#define QH_HISTORY_INTERVAL (G_GUINT64_CONSTANT(1) << 24)
#define QH_HISTORY_POINTS   64u
#define QH_HISTORY_BYTES    (G_GUINT64_CONSTANT(1) << 30)

/*
 * The past begins now. @limits NULL: those above. NULL with @error set when the machine does not
 * run in deterministic mode, or cannot be saved. [main], CPUs stopped, as all below
 */
QhHistory *qh_history_new(QhMachine *machine, const QhHistoryLimits *limits, GError **error);
/* The machine goes on from where it is as if it had never been elsewhere. */
void qh_history_free(QhHistory *history);

/* For people and tests. */
guint qh_history_n_points(const QhHistory *history);
uint64_t qh_history_bytes(const QhHistory *history);
gboolean qh_history_is_past(const QhHistory *history); /* what comes next has been before */

typedef enum {
    QH_BACK_RESUME, /* let the machine run; when it stops call qh_history_stopped */
    QH_BACK_DONE,   /* the machine is there; a CPU has a stop reason, if one was met */
    QH_BACK_BEGIN,  /* the past begins here */
    QH_BACK_LOST,   /* stopped by somebody else meanwhile: it is somewhere in the past */
} QhBack;

typedef enum {
    QH_BACKWARDS_STEP, /* to before the last instruction of @vcpu */
    QH_BACKWARDS_RUN,  /* to the last breakpoint or watchpoint before now, on any CPU */
} QhBackwards;

/*
 * Go backwards. Watchpoints are met where a debugger expects them: one that stops before an access
 * when the guest runs forward stops behind it when it runs backwards, and the other way round.
 */
QhBack qh_history_back(QhHistory *history, QhBackwards how, QhVcpu *vcpu);
/* The machine has stopped after RESUME: what now? */
QhBack qh_history_stopped(QhHistory *history);
/* Whether RESUME was the last answer. */
gboolean qh_history_is_going_back(const QhHistory *history);

#endif
