/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/os/clock.h"

#include "abi/base.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S G_GINT64_CONSTANT(1000000000)

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t qh_os_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t qh_os_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int qh_os_alarm_open(gboolean wall, GError **error)
{
    int fd = timerfd_create(wall ? CLOCK_REALTIME : CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot create a timer descriptor: %s",
                    g_strerror(errno));
    }
    return fd;
}

void qh_os_alarm_set(int fd, int64_t at_ns)
{
    struct itimerspec spec = {
        {0, 0},
        {0, 0}
    };

    /* All zero would switch the alarm off, so the past is the first nanosecond. */
    if (at_ns != INT64_MAX) {
        at_ns = MAX(at_ns, 1);
        spec.it_value.tv_sec = (time_t)(at_ns / NS_PER_S);
        spec.it_value.tv_nsec = (long)(at_ns % NS_PER_S);
    }
    (void)timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

void qh_os_alarm_acknowledge(int fd)
{
    uint64_t count;

    /* Nothing to read means that it was set anew meanwhile. */
    if (read(fd, &count, sizeof(count)) < 0) {
        return;
    }
}
