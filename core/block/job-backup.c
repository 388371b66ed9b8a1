/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backup: the copy shows the source as it was when the job began. A piece is copied once: by the
 * job when its turn comes, or by the first write that is about to change it. When the copy cannot
 * be written the job fails; the guest goes on.
 */
#include "core/block/block-priv.h"
#include "core/block/job.h"

#include <errno.h>

typedef enum { TO_COPY, COPYING, COPIED } State;

typedef struct Backup {
    QhBlockNode *source, *target;
    QhBlockUser *reader, *writer;
    QhBlockWatcher watcher;
    gboolean watching, compress;
    QhCopySync sync;
    uint64_t bytes, pieces;
    uint32_t piece_bytes;
    GMutex lock; /* of what follows */
    GCond changed;
    uint8_t *states;
    int failed;
} Backup;

static int copy_bytes(Backup *backup, uint64_t piece)
{
    uint64_t offset = piece * backup->piece_bytes;
    uint64_t bytes = MIN(backup->piece_bytes, backup->bytes - offset);
    g_autofree void *memory = g_try_malloc(bytes);
    QhBlockVec vec = {memory, bytes};
    QhBlockStatus status;

    if (memory == NULL) {
        return ENOMEM;
    }
    int error = qh_block_status_above(backup->source, NULL, offset, bytes, &status);
    if (error == 0 && status.bytes >= bytes && status.flags & QH_BLOCK_STATUS_ZERO) {
        return qh_block_zero(backup->target, offset, bytes, QH_BLOCK_UNMAP);
    }
    error = qh_block_read(backup->source, offset, memory, bytes);
    return error != 0 ? error
                      : qh_block_writev(backup->target, offset, bytes, &vec, 1,
                                        backup->compress ? QH_BLOCK_COMPRESSED : 0);
}

/* After it the piece is in the copy, whoever copied it. */
static int copy_piece(Backup *backup, uint64_t piece)
{
    g_mutex_lock(&backup->lock);
    while (backup->states[piece] == COPYING) {
        g_cond_wait(&backup->changed, &backup->lock);
    }
    if (backup->states[piece] == COPIED || backup->failed != 0) {
        int failed = backup->failed;

        g_mutex_unlock(&backup->lock);
        return failed;
    }
    backup->states[piece] = COPYING;
    g_mutex_unlock(&backup->lock);
    int error = copy_bytes(backup, piece);
    g_mutex_lock(&backup->lock);
    backup->states[piece] = error == 0 ? COPIED : TO_COPY;
    if (error != 0) {
        backup->failed = error;
    }
    g_cond_broadcast(&backup->changed);
    g_mutex_unlock(&backup->lock);
    return error;
}

static int before(void *data, uint64_t offset, uint64_t bytes)
{
    Backup *backup = data;
    uint64_t last = (offset + bytes - 1) / backup->piece_bytes;

    for (uint64_t at = offset / backup->piece_bytes; at <= last && at < backup->pieces; at++) {
        (void)copy_piece(backup, at);
    }
    return 0;
}

static gboolean backup_run(QhBlockJob *job, GError **error)
{
    Backup *backup = qh_block_job_data(job);
    QhBlockNode *base = qh_block_node_backing(backup->source);
    int failed = 0;

    qh_block_job_set_total(job, backup->bytes);
    for (uint64_t piece = 0; piece < backup->pieces && failed == 0; piece++) {
        uint64_t offset = piece * backup->piece_bytes;
        uint64_t bytes = MIN(backup->piece_bytes, backup->bytes - offset);
        gboolean wanted = backup->sync == QH_COPY_FULL;
        QhBlockStatus status;

        qh_block_user_enter(backup->reader, TRUE);
        qh_block_user_enter(backup->writer, TRUE);
        for (uint64_t at = 0; backup->sync == QH_COPY_TOP && at < bytes && failed == 0;) {
            failed = qh_block_status_above(backup->source, base, offset + at, bytes - at, &status);
            wanted = wanted || status.flags & QH_BLOCK_STATUS_ALLOCATED;
            at += status.bytes;
        }
        failed = failed == 0 && wanted ? copy_piece(backup, piece) : failed;
        qh_block_user_leave(backup->writer);
        qh_block_user_leave(backup->reader);
        if (!qh_block_job_step(job, bytes)) {
            return FALSE;
        }
    }
    if (backup->sync == QH_COPY_NONE) {
        while (qh_block_job_step(job, 0) && failed == 0) {
            g_usleep(20000);
            g_mutex_lock(&backup->lock);
            failed = backup->failed;
            g_mutex_unlock(&backup->lock);
        }
    }
    failed = failed != 0 ? failed : qh_block_flush(backup->target);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "%s", g_strerror(failed));
    }
    return failed == 0 && !qh_block_job_cancelled(job);
}

static void backup_clean(QhBlockJob *job)
{
    Backup *backup = qh_block_job_data(job);
    QhBlockGraph *graph = qh_block_job_graph(job);

    if (backup->watching) {
        qh_block_hold(graph, backup->source);
        g_ptr_array_remove(backup->source->watchers, &backup->watcher);
        qh_block_release(graph, backup->source);
    }
    qh_block_user_free(backup->reader);
    qh_block_user_free(backup->writer);
    qh_block_node_unref(backup->source);
    qh_block_node_unref(backup->target);
    g_mutex_clear(&backup->lock);
    g_cond_clear(&backup->changed);
    g_free(backup->states);
    g_free(backup);
}

static const QhBlockJobOps backup_ops = {
    .type = "backup",
    .is_block = TRUE,
    .run = backup_run,
    .clean = backup_clean,
};

gboolean qh_block_backup(QhBlockGraph *graph,
                         const char *id,
                         QhBlockNode *source,
                         QhBlockNode *target,
                         QhCopySync sync,
                         gboolean compress,
                         const QhBlockJobOptions *options,
                         GError **error)
{
    g_autofree char *what = g_strdup_printf("job '%s'", id != NULL ? id : "");
    Backup *backup = g_new0(Backup, 1);
    QhBlockJob *job = NULL;

    backup->source = source;
    backup->target = target;
    backup->sync = sync;
    backup->compress = compress;
    backup->bytes = qh_block_length(source);
    backup->piece_bytes = MAX(64u << 10, target->state->discard_bytes);
    backup->pieces = (backup->bytes + backup->piece_bytes - 1) / backup->piece_bytes;
    backup->states = g_try_malloc0(backup->pieces + 1);
    if (backup->states == NULL || source == target || qh_block_length(target) < backup->bytes) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "%s",
                    source == target         ? "Source and target cannot be the same"
                    : backup->states == NULL ? "there is not enough memory"
                                             : "Source and target image have different sizes");
    } else {
        backup->reader =
            qh_block_user_new(source, what, QH_BLOCK_USE_READ, QH_BLOCK_USE_ALL, error);
        backup->writer =
            backup->reader != NULL
                ? qh_block_user_new(target, what, QH_BLOCK_USE_WRITE,
                                    QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE_UNCHANGED, error)
                : NULL;
        job = backup->writer != NULL
                  ? qh_block_job_new(graph, id, &backup_ops, options, backup, error)
                  : NULL;
    }
    if (job == NULL) {
        qh_block_user_free(backup->reader);
        qh_block_user_free(backup->writer);
        g_free(backup->states);
        g_free(backup);
        return FALSE;
    }
    g_mutex_init(&backup->lock);
    g_cond_init(&backup->changed);
    qh_block_node_ref(source);
    qh_block_node_ref(target);
    backup->watcher = (QhBlockWatcher){.before = before, .data = backup};
    qh_block_hold(graph, source);
    g_ptr_array_add(source->watchers, &backup->watcher);
    backup->watching = TRUE;
    qh_block_release(graph, source);
    qh_block_job_start(job);
    return TRUE;
}
