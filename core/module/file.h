/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module files as the system shows them: who may have written them, and a copy that nobody can
 * change between the check and the use.
 */
#ifndef QH_CORE_MODULE_FILE_H
#define QH_CORE_MODULE_FILE_H

#include "core/module/registry.h"

/* What a file is recognised by. */
typedef struct QhFileId {
    uint64_t device, inode, bytes;
    int64_t mtime_ns;
} QhFileId;

/*
 * Open @path for reading. It must be a regular file of a sensible size that belongs to root or to
 * us and that nobody else may write, in directories of which the same is true. Returns the
 * descriptor, or -1 with @error (the reason alone) and *@ret_refusal set. Never blocks. [any]
 */
int qh_file_open(const char *path, QhFileId *ret_id, QhRefusal *ret_refusal, GError **error);
/* What lies at @path now, without opening it; FALSE: nothing that can be seen. [any] */
gboolean qh_file_identify(const char *path, QhFileId *ret_id);

/*
 * A sealed copy of the @bytes of @fd in memory: what is checked is what is loaded, and a file
 * that is overwritten later cannot take the process down. *@ret_data maps it (munmap). Returns its
 * descriptor, or -1 with @error set. [any]
 */
int qh_file_copy(
    int fd, uint64_t bytes, const char *name, const uint8_t **ret_data, GError **error);

#endif
