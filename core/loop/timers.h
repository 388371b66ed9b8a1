/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers over the main loop. Timers run on the main thread, with the machine's device
 * lock held; the virtual clock stands still while the machine is stopped.
 */
#ifndef QH_CORE_LOOP_TIMERS_H
#define QH_CORE_LOOP_TIMERS_H

#include "abi/services.h"
#include "core/host/host.h"

QhTimers *qh_timers_new(QhHost *host, GError **error);
void qh_timers_free(QhTimers *timers);
int64_t qh_timers_now(QhTimers *timers, uint32_t clock); /* [any] */
void qh_timers_start_virtual(QhTimers *timers);          /* [main] */
void qh_timers_stop_virtual(QhTimers *timers);

/* As the calls of service qh.timer. */
QhTimer *qh_timer_new(QhTimers *timers, uint32_t clock, void (*fn)(void *), void *opaque);
void qh_timer_free(QhTimer *timer);
void qh_timer_arm(QhTimer *timer, int64_t expire_ns);
void qh_timer_disarm(QhTimer *timer);

extern const QhTimerService qh_timer_service;

#endif
