/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backup: the copy shows the source as it was when the job began. A piece is copied once: by the
 * job when its turn comes, or by the first write that is about to change it. When the copy cannot
 * be written the job fails; the guest goes on.
 */
#include "core/block/bitmap.h"
#include "core/block/job.h"

#include <errno.h>
#include <string.h>

typedef enum { TO_COPY, COPYING, COPIED } State;

typedef struct Backup {
    QhBlockNode *source, *target;
    QhBlockUser *reader, *writer;
    QhBlockWatcher watcher;
    gboolean watching, compress;
    QhCopySync sync;
    QhBlockBitmap *bitmap; /* busy */
    QhBitmapSync bitmap_sync;
    uint64_t
        *marks; /* what the bitmap had; the bitmap itself marks what is written from there on */
    gboolean done;
    uint64_t bytes, pieces;
    uint32_t piece_bytes;
    GMutex lock; /* of what follows */
    GCond changed;
    uint8_t *states;
    int failed;
    gboolean failed_read;
    gboolean lost; /* the guest has overwritten what could not be copied: there is no second try */
} Backup;

/* *@ret_read: whether it was reading that failed. */
static int copy_bytes(Backup *backup, uint64_t piece, gboolean *ret_read)
{
    uint64_t offset = piece * backup->piece_bytes;
    uint64_t bytes = MIN(backup->piece_bytes, backup->bytes - offset);
    g_autofree void *memory = g_try_malloc(bytes);
    QhBlockVec vec = {memory, bytes};
    QhBlockStatus status;

    *ret_read = FALSE;
    if (memory == NULL) {
        return ENOMEM;
    }
    int error = qh_block_status_above(backup->source, NULL, offset, bytes, &status);
    if (error == 0 && status.bytes >= bytes && status.flags & QH_BLOCK_STATUS_ZERO) {
        return qh_block_zero(backup->target, offset, bytes, QH_BLOCK_UNMAP);
    }
    error = qh_block_read(backup->source, offset, memory, bytes);
    *ret_read = error != 0;
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
    gboolean read;
    int error = copy_bytes(backup, piece, &read);
    g_mutex_lock(&backup->lock);
    backup->states[piece] = error == 0 ? COPIED : TO_COPY;
    if (error != 0) {
        backup->failed = error;
        backup->failed_read = read;
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
        if (copy_piece(backup, at) != 0) {
            g_mutex_lock(&backup->lock);
            backup->lost = TRUE;
            g_mutex_unlock(&backup->lock);
        }
    }
    return 0;
}

/* Whether the job itself copies @piece. */
static int is_wanted(Backup *backup, uint64_t piece, gboolean *ret)
{
    QhBlockNode *base = qh_block_node_backing(backup->source);
    uint64_t offset = piece * backup->piece_bytes;
    uint64_t bytes = MIN(backup->piece_bytes, backup->bytes - offset);
    int error = 0;

    *ret = backup->sync == QH_COPY_FULL || backup->sync == QH_COPY_BITMAP;
    for (uint64_t at = 0; backup->sync == QH_COPY_TOP && at < bytes && error == 0;) {
        QhBlockStatus status;

        error = qh_block_status_above(backup->source, base, offset + at, bytes - at, &status);
        *ret = *ret || (error == 0 && status.flags & QH_BLOCK_STATUS_ALLOCATED);
        at += status.bytes;
    }
    return error;
}

static int run_piece(Backup *backup, uint64_t piece)
{
    gboolean wanted = FALSE;

    qh_block_user_enter(backup->reader, TRUE);
    qh_block_user_enter(backup->writer, TRUE);
    int failed = is_wanted(backup, piece, &wanted);
    failed = failed == 0 && wanted ? copy_piece(backup, piece) : failed;
    qh_block_user_leave(backup->writer);
    qh_block_user_leave(backup->reader);
    return failed;
}

/* What failed is to be tried again, if the user wants that. */
static gboolean forgive(QhBlockJob *job, Backup *backup, int failed)
{
    g_mutex_lock(&backup->lock);
    gboolean read = backup->failed_read, lost = backup->lost;
    g_mutex_unlock(&backup->lock);
    if (lost || !qh_block_job_failed(job, read, failed)) {
        return FALSE;
    }
    g_mutex_lock(&backup->lock);
    backup->failed = 0;
    g_mutex_unlock(&backup->lock);
    return TRUE;
}

static gboolean backup_run(QhBlockJob *job, GError **error)
{
    Backup *backup = qh_block_job_data(job);
    int failed = 0;

    qh_block_job_set_total(job, backup->bytes);
    for (uint64_t piece = 0; piece < backup->pieces && failed == 0;) {
        uint64_t offset = piece * backup->piece_bytes, done = 0;

        failed = run_piece(backup, piece);
        if (failed != 0 && forgive(job, backup, failed)) {
            failed = 0;
        } else {
            done = MIN(backup->piece_bytes, backup->bytes - offset);
            piece++;
        }
        if (!qh_block_job_step(job, done)) {
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

static gboolean backup_commit(QhBlockJob *job, GError **error)
{
    Backup *backup = qh_block_job_data(job);

    (void)error;
    backup->done = TRUE;
    return TRUE;
}

/* The bitmap has what was not copied and what was written meanwhile. */
static void return_bitmap(Backup *backup)
{
    QhBlockBitmap *bitmap = backup->bitmap;
    gboolean keep = backup->bitmap_sync == QH_BITMAP_NEVER ||
                    (backup->bitmap_sync == QH_BITMAP_ON_SUCCESS && !backup->done);

    if (bitmap == NULL) {
        return;
    }
    for (uint64_t bit = 0; !keep && bit < bitmap->n_bits; bit++) {
        uint64_t first = bit * bitmap->granularity / backup->piece_bytes;
        uint64_t end = ((bit + 1) * bitmap->granularity - 1) / backup->piece_bytes;
        gboolean copied = TRUE;

        for (uint64_t at = first; at <= end && at < backup->pieces; at++) {
            copied = copied && backup->states[at] == COPIED;
        }
        if (copied) {
            backup->marks[bit / 64] &= ~(UINT64_C(1) << bit % 64);
        }
    }
    qh_block_bitmap_merge(bitmap, backup->marks, FALSE);
    bitmap->busy = FALSE;
    g_clear_pointer(&backup->marks, g_free);
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
    return_bitmap(backup);
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
    .commit = backup_commit,
    .clean = backup_clean,
};

/* What the bitmap marks is to be copied, all else counts as copied. */
static gboolean take_bitmap(Backup *backup, const char *name, GError **error)
{
    QhBlockBitmap *bitmap = qh_block_bitmap_get(backup->source, name, error);
    uint64_t *marks = bitmap != NULL ? qh_block_bitmap_copy(bitmap, TRUE) : NULL;

    if (bitmap != NULL && marks == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "there is not enough memory");
    }
    if (marks == NULL) {
        return FALSE;
    }
    memset(backup->states, COPIED, backup->pieces);
    for (uint64_t piece = 0; piece < backup->pieces; piece++) {
        uint64_t first = piece * backup->piece_bytes / bitmap->granularity;
        uint64_t end = ((piece + 1) * backup->piece_bytes - 1) / bitmap->granularity;

        for (uint64_t bit = first; bit <= end && bit < bitmap->n_bits; bit++) {
            if (marks[bit / 64] >> bit % 64 & 1) {
                backup->states[piece] = TO_COPY;
            }
        }
    }
    backup->bitmap = bitmap;
    backup->marks = marks;
    bitmap->busy = TRUE;
    return TRUE;
}

static gboolean prepare(Backup *backup, const char *what, const char *bitmap, GError **error)
{
    QhBlockNode *source = backup->source, *target = backup->target;

    if (backup->states == NULL || source == target || qh_block_length(target) < backup->bytes) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "%s",
                    source == target         ? "Source and target cannot be the same"
                    : backup->states == NULL ? "there is not enough memory"
                                             : "Source and target image have different sizes");
        return FALSE;
    }
    backup->reader = qh_block_user_new(source, what, QH_BLOCK_USE_READ,
                                       QH_BLOCK_USE_ALL & ~QH_BLOCK_USE_RESIZE, error);
    if (backup->reader == NULL) {
        return FALSE;
    }
    backup->writer = qh_block_user_new(target, what, QH_BLOCK_USE_WRITE,
                                       QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE_UNCHANGED, error);
    return backup->writer != NULL && (bitmap == NULL || take_bitmap(backup, bitmap, error));
}

gboolean qh_block_backup(QhBlockGraph *graph,
                         const char *id,
                         const QhBlockBackup *what,
                         const QhBlockJobOptions *options,
                         GError **error)
{
    g_autofree char *name = g_strdup_printf("job '%s'", id != NULL ? id : "");
    QhBlockNode *source = what->source, *target = what->target;
    Backup *backup = g_new0(Backup, 1);

    backup->source = source;
    backup->target = target;
    backup->sync = what->sync;
    backup->compress = what->compress;
    backup->bitmap_sync = what->bitmap_sync;
    backup->bytes = qh_block_length(source);
    backup->piece_bytes = MAX(64u << 10, target->state->discard_bytes);
    backup->pieces = (backup->bytes + backup->piece_bytes - 1) / backup->piece_bytes;
    backup->states = g_try_malloc0(backup->pieces + 1);
    qh_block_hold(graph, source);
    QhBlockJob *job = prepare(backup, name, what->bitmap, error)
                          ? qh_block_job_new(graph, id, &backup_ops, options, backup, error)
                          : NULL;
    if (job == NULL) {
        qh_block_release(graph, source);
        return_bitmap(backup);
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
    g_ptr_array_add(source->watchers, &backup->watcher);
    backup->watching = TRUE;
    qh_block_release(graph, source);
    qh_block_job_start(job);
    return TRUE;
}
