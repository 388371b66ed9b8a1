/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/host-clock.h"

static const TargetServices *services(const HostClock *clock)
{
    return clock->base.ctx;
}

static void ring(void *opaque)
{
    HostClock *clock = opaque;

    clock->armed = 0;
    clock->pending = 1;
    host_clock_update_irq(clock);
}

gboolean host_clock_realize(QhDevice *device, GError **error)
{
    HostClock *clock = (HostClock *)device;
    const TargetServices *s = services(clock);

    (void)error;
    clock->timer = s->timer->timer_new(s->host, QH_CLOCK_HOST, ring, clock);
    return TRUE;
}

void host_clock_unrealize(QhDevice *device)
{
    HostClock *clock = (HostClock *)device;

    services(clock)->timer->timer_free(clock->timer);
    clock->timer = NULL;
}

void host_clock_reset(HostClock *clock)
{
    host_clock_disarm(clock);
    clock->pending = clock->enabled = 0;
}

int64_t host_clock_now(const HostClock *clock)
{
    return services(clock)->timer->now(services(clock)->host, QH_CLOCK_HOST);
}

void host_clock_arm(HostClock *clock, int64_t when)
{
    if (when <= host_clock_now(clock)) {
        services(clock)->timer->disarm(clock->timer);
        ring(clock);
    } else {
        services(clock)->timer->arm(clock->timer, when);
        clock->armed = 1;
    }
}

void host_clock_disarm(HostClock *clock)
{
    services(clock)->timer->disarm(clock->timer);
    clock->armed = 0;
}

void host_clock_update_irq(HostClock *clock)
{
    services(clock)->device->set_irq(&clock->base, 0, clock->enabled && clock->pending);
}
