/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks of the host system, and alarms on them as descriptors for the main loop. */
#ifndef QH_CORE_OS_CLOCK_H
#define QH_CORE_OS_CLOCK_H

#include <glib.h>
#include <stdint.h>

int64_t qh_os_monotonic_ns(void);
int64_t qh_os_wall_ns(void); /* since 1970-01-01 UTC */

/* A descriptor that becomes readable when the clock reaches what was set; -1 with @error. */
int qh_os_alarm_open(gboolean wall, GError **error);
/* Absolute time; a time that has passed fires at once; INT64_MAX: never. [any] */
void qh_os_alarm_set(int fd, int64_t at_ns);
void qh_os_alarm_acknowledge(int fd);

#endif
