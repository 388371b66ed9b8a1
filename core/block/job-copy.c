/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mirror, and commit of what is in use: both copy a node onto another one while the guest goes on
 * writing. A bit for each piece says that it has to be copied (again): a write sets it when it is
 * done, the copier clears it before it reads. When no bit is set the job is ready; at its end the
 * users are held, what is left is copied, and they go over to the copy.
 *
 * With copy-mode=write-blocking a write copies what it wrote itself, so that bits are set in the
 * beginning only. Who copies a piece reads the source and writes the target while nobody else does
 * the same there: so the last one to copy has seen all writes. A piece whose bit is still set is
 * left to the copier, and so is one that cannot be copied now.
 */
#include "core/block/block-priv.h"
#include "core/block/chain.h"
#include "core/block/job.h"

#include <errno.h>
#include <string.h>

#define PIECE (64u << 10)

typedef struct Copy {
    QhBlockNode *source, *target, *replaces;
    QhBlockUser *reader, *writer;
    QhBlockWatcher watcher;
    gboolean watching, commit, was_read_only, pivoted;
    QhBlockEdge *edge; /* of a commit: from the node above the target, bears writes meanwhile */
    uint32_t edge_share;
    QhCopySync sync;
    uint64_t bytes, pieces;
    GMutex lock; /* of what follows */
    uint8_t *dirty;
    uint64_t cursor;
    gboolean blocking;
    uint8_t *busy; /* somebody copies it; blocking only */
    GCond idle;    /* a piece is busy no longer */
} Copy;

static void mark(void *data, uint64_t offset, uint64_t bytes)
{
    Copy *copy = data;

    if (bytes == 0) {
        return;
    }
    g_mutex_lock(&copy->lock);
    for (uint64_t at = offset / PIECE; at <= (offset + bytes - 1) / PIECE && at < copy->pieces;
         at++) {
        copy->dirty[at] = 1;
    }
    g_mutex_unlock(&copy->lock);
}

/* The next piece to copy, whose bit is cleared; FALSE: there is none. */
static gboolean next(Copy *copy, uint64_t *ret)
{
    gboolean found = FALSE;

    g_mutex_lock(&copy->lock);
    for (guint turn = 0; turn < 2 && !found; turn++) {
        uint8_t *at = copy->cursor < copy->pieces
                          ? memchr(copy->dirty + copy->cursor, 1, copy->pieces - copy->cursor)
                          : NULL;

        found = at != NULL;
        copy->cursor = found ? (uint64_t)(at - copy->dirty) : 0;
    }
    if (found) {
        copy->dirty[copy->cursor] = 0;
        *ret = copy->cursor;
    }
    g_mutex_unlock(&copy->lock);
    return found;
}

/* @piece is this caller's alone until copied(). With @clean only if its bit is not set. */
static gboolean claim(Copy *copy, uint64_t piece, gboolean clean)
{
    if (!copy->blocking) {
        return TRUE;
    }
    g_mutex_lock(&copy->lock);
    while (copy->busy[piece]) {
        g_cond_wait(&copy->idle, &copy->lock);
    }
    gboolean mine = !clean || !copy->dirty[piece];
    copy->busy[piece] = mine;
    g_mutex_unlock(&copy->lock);
    return mine;
}

static void copied(Copy *copy, uint64_t piece, gboolean again)
{
    if (!copy->blocking) {
        return;
    }
    g_mutex_lock(&copy->lock);
    copy->busy[piece] = 0;
    copy->dirty[piece] |= again != FALSE;
    g_cond_broadcast(&copy->idle);
    g_mutex_unlock(&copy->lock);
}

/* *@ret_read: whether it was reading that failed. */
static int copy_range(Copy *copy, uint64_t offset, uint64_t bytes, void *memory, gboolean *ret_read)
{
    QhBlockStatus status;
    int error = qh_block_status_above(copy->source, NULL, offset, bytes, &status);

    *ret_read = TRUE;
    if (error == 0 && status.bytes >= bytes && status.flags & QH_BLOCK_STATUS_ZERO) {
        *ret_read = FALSE;
        return qh_block_zero(copy->target, offset, bytes, QH_BLOCK_UNMAP);
    }
    error = qh_block_read(copy->source, offset, memory, bytes);
    *ret_read = error != 0;
    return error != 0 ? error : qh_block_write(copy->target, offset, memory, bytes);
}

static gboolean fail(GError **error, int failed)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "%s", g_strerror(failed));
    return FALSE;
}

static int copy_piece(Copy *copy, uint64_t piece, void *memory, gboolean *ret_read)
{
    uint64_t offset = piece * PIECE;

    claim(copy, piece, FALSE);
    int failed = copy_range(copy, offset, MIN(PIECE, copy->bytes - offset), memory, ret_read);
    copied(copy, piece, FALSE);
    return failed;
}

/*
 * After a write, on its thread. While the graph is held its request is waited for, so it must not
 * wait for the end of that: the copier does it then.
 */
static void copy_written(void *data, uint64_t offset, uint64_t bytes)
{
    Copy *copy = data;
    uint64_t end = MIN(offset + bytes, copy->bytes);

    if (offset >= end) {
        return;
    }
    g_autofree void *memory = g_try_malloc(MIN(PIECE, end - offset));
    if (memory == NULL || !qh_block_user_enter(copy->writer, FALSE)) {
        mark(copy, offset, end - offset);
        return;
    }
    for (uint64_t at = offset; at < end;) {
        uint64_t piece = at / PIECE, part = MIN(end, (piece + 1) * PIECE) - at;
        gboolean read;

        if (claim(copy, piece, TRUE)) {
            copied(copy, piece, copy_range(copy, at, part, memory, &read) != 0);
        }
        at += part;
    }
    qh_block_user_leave(copy->writer);
}

/* The pieces to begin with. */
static int begin(QhBlockJob *job, Copy *copy)
{
    QhBlockNode *base = copy->commit ? copy->target : qh_block_node_backing(copy->source);
    int error = 0;

    if (copy->sync == QH_COPY_FULL) {
        mark(copy, 0, copy->bytes);
        qh_block_job_set_total(job, copy->bytes);
    }
    for (uint64_t at = 0; copy->sync == QH_COPY_TOP && at < copy->bytes && error == 0;) {
        QhBlockStatus status;

        qh_block_user_enter(copy->reader, TRUE);
        error = qh_block_status_above(copy->source, base, at, copy->bytes - at, &status);
        qh_block_user_leave(copy->reader);
        if (error == 0 && status.flags & QH_BLOCK_STATUS_ALLOCATED) {
            mark(copy, at, status.bytes);
            qh_block_job_add_total(job, status.bytes);
        }
        at += status.bytes;
    }
    return error;
}

static gboolean copy_run(QhBlockJob *job, GError **error)
{
    Copy *copy = qh_block_job_data(job);
    g_autofree void *memory = g_malloc(PIECE);
    int failed = begin(job, copy);
    uint64_t piece;

    while (failed == 0) {
        gboolean read = TRUE;

        /* first in, then the piece: a write that waits for the piece may be waited for */
        qh_block_user_enter(copy->reader, TRUE);
        qh_block_user_enter(copy->writer, TRUE);
        gboolean more = next(copy, &piece);
        failed = more ? copy_piece(copy, piece, memory, &read) : 0;
        qh_block_user_leave(copy->writer);
        qh_block_user_leave(copy->reader);
        if (!more) {
            if (!qh_block_job_ready(job)) {
                break;
            }
            continue;
        }
        if (failed != 0 && qh_block_job_failed(job, read, failed)) {
            mark(copy, piece * PIECE, 1);
            failed = 0;
            if (!qh_block_job_step(job, 0)) {
                break;
            }
            continue;
        }
        if (!qh_block_job_step(job, MIN(PIECE, copy->bytes - piece * PIECE))) {
            break;
        }
    }
    return failed == 0 ? !qh_block_job_cancelled(job) : fail(error, failed);
}

static void unwatch(Copy *copy)
{
    if (copy->watching) {
        g_ptr_array_remove(copy->source->watchers, &copy->watcher);
        copy->watching = FALSE;
    }
}

static gboolean pivot(Copy *copy, GError **error)
{
    QhBlockNode *from = copy->replaces != NULL ? copy->replaces : copy->source;

    g_clear_pointer(&copy->reader, qh_block_user_free);
    g_clear_pointer(&copy->writer, qh_block_user_free);
    copy->pivoted = qh_block_replace(from, copy->target, error);
    return copy->pivoted;
}

static gboolean copy_commit(QhBlockJob *job, GError **error)
{
    Copy *copy = qh_block_job_data(job);
    QhBlockGraph *graph = qh_block_job_graph(job);
    g_autofree void *memory = g_malloc(PIECE);
    gboolean ok = TRUE;
    uint64_t piece;
    int failed = 0;

    qh_block_hold(graph, copy->source);
    while (failed == 0 && next(copy, &piece)) {
        gboolean read;

        failed = copy_piece(copy, piece, memory, &read);
    }
    failed = failed != 0 ? failed : qh_block_flush(copy->target);
    unwatch(copy);
    if (failed != 0) {
        ok = fail(error, failed);
    } else if (qh_block_job_completing(job)) {
        ok = pivot(copy, error);
    }
    qh_block_release(graph, copy->source);
    return ok;
}

/* A commit that did not take effect: the base is as it was. */
static void give_back(Copy *copy)
{
    QhBlockNode *above =
        copy->edge != NULL ? qh_block_chain_above(copy->source, copy->target) : NULL;
    gboolean below = above != NULL && qh_block_edge(above, "backing") == copy->edge;

    if (below) {
        (void)qh_block_edge_set(copy->edge, copy->edge->use, copy->edge_share, NULL);
    }
    if (below && copy->was_read_only && !copy->pivoted) {
        (void)qh_block_set_writable(copy->target, FALSE, NULL);
    }
}

static void copy_clean(QhBlockJob *job)
{
    Copy *copy = qh_block_job_data(job);
    QhBlockGraph *graph = qh_block_job_graph(job);

    QhBlockNode *source = qh_block_node_ref(copy->source);

    qh_block_hold(graph, source);
    unwatch(copy);
    qh_block_user_free(copy->reader);
    qh_block_user_free(copy->writer);
    give_back(copy);
    qh_block_release(graph, source);
    qh_block_node_unref(source);
    qh_block_node_unref(copy->source);
    qh_block_node_unref(copy->target);
    qh_block_node_unref(copy->replaces);
    g_mutex_clear(&copy->lock);
    g_cond_clear(&copy->idle);
    g_free(copy->dirty);
    g_free(copy->busy);
    g_free(copy);
}

static const QhBlockJobOps mirror_ops = {
    .type = "mirror",
    .is_block = TRUE,
    .run = copy_run,
    .commit = copy_commit,
    .clean = copy_clean,
};
static const QhBlockJobOps commit_ops = {
    .type = "commit",
    .is_block = TRUE,
    .run = copy_run,
    .commit = copy_commit,
    .clean = copy_clean,
};

static gboolean fit(QhBlockNode *target, uint64_t bytes, GError **error)
{
    if (qh_block_length(target) >= bytes) {
        return TRUE;
    }
    return qh_block_truncate(target, bytes, error);
}

static gboolean start(QhBlockGraph *graph,
                      const char *id,
                      Copy *copy,
                      const QhBlockJobOptions *options,
                      GError **error)
{
    g_autofree char *what = g_strdup_printf("job '%s'", id != NULL ? id : "");

    copy->bytes = qh_block_length(copy->source);
    copy->pieces = (copy->bytes + PIECE - 1) / PIECE;
    copy->dirty = g_try_malloc0(copy->pieces + 1);
    copy->busy = copy->blocking ? g_try_malloc0(copy->pieces + 1) : NULL;
    copy->reader = qh_block_user_new(copy->source, what, QH_BLOCK_USE_READ,
                                     QH_BLOCK_USE_ALL & ~QH_BLOCK_USE_RESIZE, error);
    copy->writer =
        copy->reader != NULL
            ? qh_block_user_new(copy->target, what, QH_BLOCK_USE_WRITE | QH_BLOCK_USE_RESIZE,
                                QH_BLOCK_USE_ALL, error)
            : NULL;
    gboolean ok = copy->writer != NULL && fit(copy->target, copy->bytes, error);
    if (ok && (copy->dirty == NULL || (copy->blocking && copy->busy == NULL))) {
        ok = fail(error, ENOMEM);
    }
    QhBlockJob *job = ok ? qh_block_job_new(graph, id, copy->commit ? &commit_ops : &mirror_ops,
                                            options, copy, error)
                         : NULL;
    if (job == NULL) {
        qh_block_user_free(copy->reader);
        qh_block_user_free(copy->writer);
        give_back(copy);
        g_free(copy->dirty);
        g_free(copy->busy);
        g_free(copy);
        return FALSE;
    }
    qh_block_node_ref(copy->source);
    qh_block_node_ref(copy->target);
    if (copy->replaces != NULL) {
        qh_block_node_ref(copy->replaces);
    }
    g_mutex_init(&copy->lock);
    g_cond_init(&copy->idle);
    copy->watcher = (QhBlockWatcher){
        .after = copy->blocking ? copy_written : mark,
        .data = copy,
    };
    qh_block_hold(graph, copy->source);
    g_ptr_array_add(copy->source->watchers, &copy->watcher);
    copy->watching = TRUE;
    qh_block_release(graph, copy->source);
    qh_block_job_start(job);
    return TRUE;
}

gboolean qh_block_mirror(QhBlockGraph *graph,
                         const char *id,
                         const QhBlockMirror *what,
                         const QhBlockJobOptions *options,
                         GError **error)
{
    Copy *copy = g_new0(Copy, 1);

    copy->source = what->source;
    copy->target = what->target;
    copy->replaces = what->replaces;
    copy->sync = what->sync;
    copy->blocking = what->blocking;
    if (what->source == what->target) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Can't mirror node into itself");
        g_free(copy);
        return FALSE;
    }
    return start(graph, id, copy, options, error);
}

gboolean qh_block_commit(QhBlockGraph *graph,
                         const char *id,
                         QhBlockNode *top,
                         QhBlockNode *base,
                         const QhBlockJobOptions *options,
                         GError **error)
{
    QhBlockNode *at = top, *overlay = NULL;
    Copy *copy;

    for (; at != NULL && at != base; at = qh_block_node_backing(at)) {
        overlay = at;
    }
    if (at == NULL || overlay == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' is not in this backing file chain",
                    base->name);
        return FALSE;
    }
    copy = g_new0(Copy, 1);
    copy->edge = qh_block_edge(overlay, "backing");
    copy->edge_share = copy->edge != NULL ? copy->edge->share : 0;
    copy->was_read_only = base->read_only;
    copy->source = top;
    copy->target = base;
    copy->sync = QH_COPY_TOP;
    copy->commit = TRUE;
    /* the overlay keeps its view: what is written to the base is what the overlay has already */
    qh_block_hold(graph, base);
    gboolean ok = (copy->edge == NULL ||
                   qh_block_edge_set(copy->edge, copy->edge->use, QH_BLOCK_USE_ALL, error)) &&
                  qh_block_set_writable(base, TRUE, error);
    if (!ok) {
        give_back(copy);
        g_free(copy);
    }
    ok = ok && start(graph, id, copy, options, error);
    qh_block_release(graph, base);
    return ok;
}
