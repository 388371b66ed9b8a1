/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings of files that others may make shorter, or whose disk may fail: touching a page that is
 * gone is SIGBUS, wherever the access was made. Here it reads as zeros from then on, and somebody
 * is told.
 */
#ifndef QH_CORE_OS_BUS_ERROR_H
#define QH_CORE_OS_BUS_ERROR_H

#include <glib.h>
#include <stdint.h>

/* When a page of the mapping at @block is gone, zeros take its place and 1 is added to the eventfd
 * @fd. FALSE: there are too many such mappings already. [any] */
gboolean qh_os_bus_error_watch(void *block, uint64_t bytes, int fd);
/* Before it is unmapped. One that is not watched: nothing happens. [any] */
void qh_os_bus_error_unwatch(void *block);

#endif
