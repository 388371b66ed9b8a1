/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that the host system hands out: shared blocks for guest RAM, lazily filled tables. */
#ifndef QH_CORE_OS_MEMORY_H
#define QH_CORE_OS_MEMORY_H

#include <glib.h>
#include <stdint.h>

/* A zeroed block of @bytes that has a descriptor, so that other processes could map it; *@ret_fd is
 * closed on exec. @name shows in /proc. NULL with @error set. [any] */
void *qh_os_shared_new(const char *name, uint64_t bytes, int *ret_fd, GError **error);
void qh_os_shared_free(void *block, uint64_t bytes, int fd);

/* Zeroed private pages that take no room until they are touched. NULL with @error set. [any] */
void *qh_os_pages_new(uint64_t bytes, GError **error);
void qh_os_pages_free(void *pages, uint64_t bytes);

#endif
