/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that the host system hands out: shared blocks for guest RAM, lazily filled tables. */
#ifndef QH_CORE_OS_MEMORY_H
#define QH_CORE_OS_MEMORY_H

#include <glib.h>
#include <stdint.h>

/* A zeroed block of @bytes that has a descriptor, so that other processes could map it; *@ret_fd is
 * closed on exec. @name shows in /proc. NULL with @error set. [any] */
void *qh_os_shared_new(const char *name, uint64_t bytes, int *ret_fd, GError **error);
/* The first @bytes of the open file @from, which may be closed afterwards; the file has to stay as
 * long. As above otherwise. */
void *qh_os_shared_map(int from, const char *name, uint64_t bytes, int *ret_fd, GError **error);
/* The same without a descriptor, for this process alone. The system may back it with huge pages,
 * which it rarely does for what has a descriptor. qh_os_shared_free with -1 frees it. */
void *qh_os_private_new(const char *name, uint64_t bytes, GError **error);
void qh_os_shared_free(void *block, uint64_t bytes, int fd);

/* Zeroed private pages that take no room until they are touched. NULL with @error set. [any] */
void *qh_os_pages_new(uint64_t bytes, GError **error);
void qh_os_pages_free(void *pages, uint64_t bytes);
/* Give the system back what the C library holds of freed memory, as far as it can; after something
 * large was freed. [any] */
void qh_os_memory_trim(void);

/*
 * Memory for machine code that is made while we run: the same pages twice, at *@ret_writable to be
 * written and at the address returned to be executed; no page is ever both. They take no room
 * until they are touched. Without @name they are of no file, which Linux' perf needs for its map of
 * symbols, but some security policies do not like. NULL with @error when the system does not allow
 * it. [any]
 */
void *qh_os_code_new(const char *name, uint64_t bytes, void **ret_writable, GError **error);
void qh_os_code_free(void *code, void *writable, uint64_t bytes);
/* Give back the room of whole pages that hold nothing any more: they read as zeros. [any] */
void qh_os_code_drop(void *writable, uint64_t bytes);
/* The writable view of these pages will not be needed soon. [any] */
void qh_os_code_rest(void *writable, uint64_t bytes);

#endif
