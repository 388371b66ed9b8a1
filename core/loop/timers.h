/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers over the main loop. Timers run on the main thread, with the machine's device
 * lock held; the virtual clock stands still while the machine is stopped.
 */
#ifndef QH_CORE_LOOP_TIMERS_H
#define QH_CORE_LOOP_TIMERS_H

#include "abi/services.h"
#include "core/host/host.h"
#include "core/snapshot/stream.h"

QhTimers *qh_timers_new(QhHost *host, GError **error);
void qh_timers_free(QhTimers *timers);
int64_t qh_timers_now(QhTimers *timers, uint32_t clock); /* [any] */
void qh_timers_start_virtual(QhTimers *timers);          /* [main] */
void qh_timers_stop_virtual(QhTimers *timers);

/*
 * Deterministic mode: the virtual clock is what @now says, and the wall clock follows it. Timers of
 * the virtual clock fire only in qh_timers_run_virtual. [main], before anything runs.
 */
typedef struct QhCountedClock {
    int64_t (*now)(void *data);  /* [any] */
    void (*changed)(void *data); /* the first virtual timer is another one. [any] */
    void *data;
} QhCountedClock;
void qh_timers_count(QhTimers *timers, const QhCountedClock *clock);
/* When the first virtual timer fires; INT64_MAX: none is armed. [any] */
int64_t qh_timers_virtual_deadline(QhTimers *timers);
/* Fire the virtual timers whose time has come, here, with the device lock. */
void qh_timers_run_virtual(QhTimers *timers);
/* Where the wall clock of the guest starts, ns since 1970; by default it is the host's. [main] */
void qh_timers_set_wall(QhTimers *timers, int64_t start_ns);

/* What guest time is, and the timers of its clocks that are armed. Guest time stands still.
 * [main], or deterministic mode's thread that has the turn */
void qh_timers_stream(QhTimers *timers, QhStream *stream);

/* As the calls of service qh.timer. */
QhTimer *qh_timer_new(QhTimers *timers, uint32_t clock, void (*fn)(void *), void *opaque);
void qh_timer_free(QhTimer *timer);
void qh_timer_arm(QhTimer *timer, int64_t expire_ns);
void qh_timer_disarm(QhTimer *timer);

extern const QhTimerService qh_timer_service;

#endif
