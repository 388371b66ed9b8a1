/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside protocol "file". */
#ifndef QH_CORE_BLOCK_FILE_H
#define QH_CORE_BLOCK_FILE_H

#include "core/block/block-priv.h"

typedef struct QhBlockFile {
    QhBlockDriver driver;
    char *filename, *aio, *pr_manager;
    uint8_t locking, drop_cache, check_dropped;
    gboolean locks; /* the file can be, and is to be, locked */
    uint32_t locked_use, locked_share;
    int fd;
    QhBlockRing *ring; /* the graph's, with aio=io_uring; NULL: threads do it */
    gboolean writable;
    gint flush_failed;
    uint32_t kind; /* S_IFREG, S_IFBLK */
    uint64_t device_bytes;
    uint64_t bytes; /* atomic: length of a regular file; nobody else changes it */
} QhBlockFile;

void qh_block_file_lock_init(QhBlockFile *file);
/* Lock for users who do @use and bear @share; FALSE with @error leaves what was locked. */
gboolean qh_block_file_lock(QhBlockFile *file, uint32_t use, uint32_t share, GError **error);
/* Give up all locks. */
void qh_block_file_unlock(QhBlockFile *file);
/* What is locked on the descriptor now, on @fd as well. */
gboolean qh_block_file_lock_move(QhBlockFile *file, int fd, GError **error);

#endif
