/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What history.c (the past), events.c (what came from outside) and back.c (going there) share. */
#ifndef QH_CORE_SNAPSHOT_HISTORY_PRIV_H
#define QH_CORE_SNAPSHOT_HISTORY_PRIV_H

#include "core/machine/outside.h"
#include "core/snapshot/disks.h"
#include "core/snapshot/history.h"
#include "core/snapshot/pages.h"
#include "core/vcpu/turns.h"

/* A moment that can be gone back to. */
typedef struct QhPoint {
    QhMoment moment;
    GBytes *state;    /* qh_snapshot_save */
    QhPages *pages;   /* as they were then, of those that changed before the next point */
    QhDisks *disks;   /* likewise */
    uint64_t *icount; /* of each CPU */
    guint n_events;   /* events that have happened by then */
    uint32_t search;  /* QhGoingBack.search in which it was made, if any; then: */
    uint64_t hits;    /* what had been met in that run */
} QhPoint;

/* Something from outside, at a moment. */
typedef struct QhEvent {
    QhMoment moment;
    QhOutsideFn fn; /* NULL: an answer, in `kind`, that the guest asks for itself */
    void *opaque;
    uint32_t kind;
    uint32_t bytes;
    uint8_t *data;
} QhEvent;

/* On the way back. A run through the past looks for the last place to stop at, a second one goes
 * there. */
typedef struct QhGoingBack {
    enum { QH_GO_NOT, QH_GO_SEARCH, QH_GO_LAND } phase;
    QhBackwards how;
    gboolean finished; /* this run has come to its end; otherwise somebody else stopped it */
    uint32_t search;   /* number of this search */
    uint64_t hits, wanted;
    gboolean found;      /* STEP: last_good is valid */
    uint64_t last_good;  /* STEP: steps made when the CPU was last elsewhere than now */
    QhMoment from;       /* where this run began */
    QhMoment limit;      /* where the search ends */
    uint64_t skip;       /* RUN: instructions before the limit that do not count */
    uint64_t next_mark;  /* total at which a checkpoint pays, close to the limit */
    QhVcpu *vcpu;        /* STEP: whose steps */
    uint64_t icount, pc; /* STEP: what it was when gdb asked */
    uint64_t start;      /* STEP: its icount from which on steps are counted */
    gboolean stepping;
    gboolean over; /* RUN: one more instruction, then stop for `stop` */
    QhDebugStop stop;
    gboolean *before; /* of each cluster: the way of its watchpoints */
} QhGoingBack;

struct QhHistory {
    QhMachine *machine;
    QhTurns *turns;
    QhHistoryLimits limits;
    QhOutside outside;
    QhTurnsWatcher watcher;

    GPtrArray *points; /* QhPoint *, oldest first; at least one */
    gboolean lost;     /* atomic: the past is of no use any more */

    gboolean replaying; /* atomic: before `end` */
    QhMoment end;       /* the latest moment that was reached */
    GPtrArray *events;  /* QhEvent *, in order; under `lock` */
    guint next_event;   /* that has not happened */

    GMutex lock;
    GQueue pending; /* QhEvent * that came and were not handed over yet; under `lock` */

    QhGoingBack go;
    gboolean told; /* stands behind an access that was told of on the way back */
    uint32_t last_search;
};

gboolean qh_moment_reached(const QhMoment *now, const QhMoment *then);

/* history.c. With the device lock, while no CPU runs code. FALSE: the past is lost. */
gboolean qh_history_add_point(QhHistory *history);
/* Put the machine back to point @n, and forget those behind it. */
void qh_history_rewind(QhHistory *history, guint n);
QhPoint *qh_history_point(const QhHistory *history, guint n);
/* What is to come is not what came. */
void qh_history_cut(QhHistory *history);
/* Forget all and begin here. */
gboolean qh_history_restart(QhHistory *history, GError **error);

/* events.c */
void qh_event_free(gpointer event);
void qh_history_set_outside(QhHistory *history);
/* Hand over what is due; *@ret_most is lowered to the next. FALSE: this is not the past that was.
 */
gboolean qh_history_hand_over(QhHistory *history, const QhMoment *now, uint64_t *ret_most);

/* back.c: the watcher's calls on the way back. */
gboolean
qh_history_back_look(QhHistory *history, const QhMoment *now, QhVcpu *holder, uint64_t *ret_most);
/* Choose where the next checkpoint pays on the way from @total to the limit. */
void qh_history_set_mark(QhHistory *history, uint64_t total);
gboolean qh_history_back_met(QhHistory *history, QhVcpu *vcpu);

#endif
