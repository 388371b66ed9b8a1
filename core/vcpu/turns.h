/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deterministic mode (-icount): the CPUs of a machine run in turn, never two at once, and guest
 * time is the number of instructions they have completed together, times 2^shift nanoseconds. A
 * turn ends after a fixed number of instructions, when the CPU waits, or exactly where the next
 * timer is due. While all CPUs wait, time jumps to the next timer. So what happens depends on
 * nothing but the machine and what comes in from outside.
 */
#ifndef QH_CORE_VCPU_TURNS_H
#define QH_CORE_VCPU_TURNS_H

#include "core/machine/machine.h"
#include "core/snapshot/stream.h"

typedef struct QhTurns QhTurns;

#define QH_ICOUNT_SHIFT_MAX 10u

/* The host's virtual clock is counted from now on. [main], before CPUs are made. */
QhTurns *qh_turns_new(QhMachine *machine, const QhIcountOptions *options);
void qh_turns_free(QhTurns *turns);

/*
 * Whether @vcpu may run now: it is its turn, and it has something to do. Then its budget
 * (jit->hot.icount_limit) is set. Otherwise it sleeps until it is nudged, at most
 * *@ret_sleep_ns if that is not 0. [vcpu]
 */
gboolean qh_turns_begin(QhTurns *turns, QhVcpu *vcpu, int64_t *ret_sleep_ns);
/* It has run. [vcpu] */
void qh_turns_end(QhTurns *turns, QhVcpu *vcpu);
/* Something has changed for @vcpu: whoever has the turn looks. [any] */
void qh_turns_nudge(QhTurns *turns, QhVcpu *vcpu);

/*
 * A moment of the machine. Instructions alone do not tell: while all CPUs wait, timers fire and
 * turns pass, so these rounds are counted, too. Both are the same on every run.
 */
typedef struct QhMoment {
    uint64_t total;  /* instructions of all CPUs */
    uint64_t rounds; /* timers that fired, jumps of time, turns that passed to another CPU */
} QhMoment;
/* On the thread of the CPU that runs, or while none does. */
QhMoment qh_turns_moment(QhTurns *turns);

/* Somebody who follows what happens, to the instruction. */
typedef struct QhTurnsWatcher {
    void *data;
    /*
     * @holder has the turn and no CPU runs code: whatever is done to the machine now is done
     * between two instructions. Called at each moment at least once. At most *@ret_most
     * instructions are run before it is called again. FALSE: none, @holder has been asked to stop.
     * Without the device lock. [vcpu]
     */
    gboolean (*look)(void *data, QhVcpu *holder, uint64_t *ret_most);
    /* @vcpu has met what a debugger waits for (qh_vcpu_stop_reason). TRUE: it goes on. [vcpu] */
    gboolean (*met)(void *data, QhVcpu *vcpu);
    /* Because orders hold CPUs back the turn passes to CPU number @to; beyond the last: to nobody,
     * though somebody could run. [vcpu] */
    void (*forced)(void *data, uint32_t to);
} QhTurnsWatcher;
/* NULL: nobody. [main], CPUs stopped */
void qh_turns_watch(QhTurns *turns, const QhTurnsWatcher *watcher);
const QhTurnsWatcher *qh_turns_watcher(QhTurns *turns);
/* The turn passes to CPU number @to. As in look. */
void qh_turns_give(QhTurns *turns, uint32_t to);
/* Do not sleep while all CPUs wait, whatever -icount sleep= says. As moment. */
void qh_turns_hurry(QhTurns *turns, gboolean hurry);

/* Whose turn it is, and guest time. As moment. */
void qh_turns_stream(QhTurns *turns, QhStream *stream);

/* Nanoseconds. [any]; exact on the thread of the CPU that runs, where its icount is. */
int64_t qh_turns_now(QhTurns *turns);

#endif
