/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What real-time clocks have besides their registers: the host's time, and one alarm with an
 * interrupt on line out 0. Nothing ticks: a clock's count is the host's time and an offset.
 *
 * A HostClock is the first member of the device's state, its last three members are for the
 * device's state table. [device]
 */
#ifndef SUPPORT_HOST_CLOCK_H
#define SUPPORT_HOST_CLOCK_H

#include "modules/support/target-services.h"

typedef struct HostClock {
    QhDevice base; /* ctx: TargetServices */
    QhTimer *timer;
    uint8_t armed;
    uint8_t pending; /* the alarm has rung */
    uint8_t enabled; /* its interrupt is let through */
} HostClock;

/* Methods of the device. The clock goes on over a reset; the alarm does not. */
gboolean host_clock_realize(QhDevice *device, GError **error);
void host_clock_unrealize(QhDevice *device);
void host_clock_reset(HostClock *clock);

/* Nanoseconds since 1970. */
int64_t host_clock_now(const HostClock *clock);
/* The alarm rings when host_clock_now is @when, at once if that has passed; or it does not. */
void host_clock_arm(HostClock *clock, int64_t when);
void host_clock_disarm(HostClock *clock);
/* After each change of pending or enabled. */
void host_clock_update_irq(HostClock *clock);

#endif
