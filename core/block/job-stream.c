/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stream: what the images below have comes up into a node, which in the end stands on the base, or
 * on nothing. The guest goes on writing; where it has written nothing is brought up.
 */
#include "core/block/chain.h"
#include "core/block/exclude.h"
#include "core/block/job.h"

#include <errno.h>

typedef struct Stream {
    QhBlockNode *node, *base;
    QhBlockUser *user, *base_user;
    QhBlockExclude *exclude;
    gboolean was_read_only;
    char *name; /* what the image is to call its backing file; NULL: as the base is called */
} Stream;

/* What is at @offset and how much of it; *@ret_copy: it has to be brought up. */
static int look(Stream *stream, uint64_t offset, uint64_t bytes, QhBlockStatus *ret, gboolean *copy)
{
    QhBlockNode *below = qh_block_node_backing(stream->node);
    int error = qh_block_status(stream->node, offset, bytes, ret);

    *copy = FALSE;
    if (error != 0 || ret->flags & QH_BLOCK_STATUS_ALLOCATED || below == NULL) {
        return error;
    }
    error = qh_block_status_above(below, stream->base, offset, ret->bytes, ret);
    *copy = error == 0 && (ret->flags & QH_BLOCK_STATUS_ALLOCATED) != 0;
    if (stream->base == NULL && ret->flags & QH_BLOCK_STATUS_ZERO) {
        *copy = FALSE; /* nothing is what is there without it, too */
    }
    return error;
}

/* One piece; *@ret_bytes is how long it was, *@ret_read whether reading failed. */
static int bring_up(Stream *stream,
                    uint64_t offset,
                    uint64_t bytes,
                    void *memory,
                    uint64_t *done,
                    gboolean *ret_read)
{
    QhBlockStatus status;
    gboolean copy;

    qh_block_exclude_begin(stream->exclude, offset, bytes);
    int error = look(stream, offset, bytes, &status, &copy);
    *done = error == 0 ? status.bytes : bytes;
    *ret_read = TRUE;
    if (error == 0 && copy && status.flags & QH_BLOCK_STATUS_ZERO) {
        *ret_read = FALSE;
        error = qh_block_zero(stream->node, offset, status.bytes, QH_BLOCK_UNCHANGED);
    } else if (error == 0 && copy) {
        error = qh_block_read(stream->node, offset, memory, status.bytes);
        if (error == 0) {
            QhBlockVec vec = {memory, status.bytes};

            *ret_read = FALSE;
            error =
                qh_block_writev(stream->node, offset, status.bytes, &vec, 1, QH_BLOCK_UNCHANGED);
        }
    }
    qh_block_exclude_end(stream->exclude);
    return error;
}

static int
do_piece(void *data, uint64_t offset, uint64_t bytes, void *memory, uint64_t *done, gboolean *read)
{
    Stream *stream = data;

    qh_block_user_enter(stream->user, TRUE);
    int error = bring_up(stream, offset, bytes, memory, done, read);
    qh_block_user_leave(stream->user);
    return error;
}

static gboolean stream_run(QhBlockJob *job, GError **error)
{
    const Stream *stream = qh_block_job_data(job);

    return qh_block_job_pieces(job, qh_block_length(stream->node), do_piece, stream->node, error);
}

static gboolean stream_commit(QhBlockJob *job, GError **error)
{
    Stream *stream = qh_block_job_data(job);
    QhBlockGraph *graph = qh_block_job_graph(job);
    QhBlockNode *base = stream->base;
    g_autofree char *name = stream->name != NULL ? g_strdup(stream->name)
                            : base != NULL       ? qh_block_node_filename(base)
                                                 : NULL;

    qh_block_hold(graph, stream->node);
    gboolean ok =
        qh_block_set_backing(stream->node, base, error) &&
        qh_block_name_backing(stream->node, name, base != NULL ? base->driver_name : NULL, error);
    qh_block_release(graph, stream->node);
    return ok;
}

static void stream_free(Stream *stream)
{
    qh_block_user_free(stream->user);
    qh_block_user_free(stream->base_user);
    qh_block_node_unref(stream->base);
    qh_block_node_unref(stream->node);
    g_free(stream->name);
    g_free(stream);
}

static void stream_clean(QhBlockJob *job)
{
    Stream *stream = qh_block_job_data(job);
    QhBlockGraph *graph = qh_block_job_graph(job);

    qh_block_hold(graph, stream->node);
    qh_block_exclude_free(stream->exclude);
    if (stream->was_read_only) {
        (void)qh_block_set_writable(stream->node, FALSE, NULL);
    }
    qh_block_release(graph, stream->node);
    stream_free(stream);
}

static const QhBlockJobOps stream_ops = {
    .type = "stream",
    .is_block = TRUE,
    .run = stream_run,
    .commit = stream_commit,
    .clean = stream_clean,
};

/* The node, written without being changed, and the base, which has to stay what it is. */
static gboolean take_users(Stream *stream, const char *what, GError **error)
{
    stream->user =
        qh_block_user_new(stream->node, what, QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE_UNCHANGED,
                          QH_BLOCK_USE_ALL, error);
    if (stream->user != NULL && stream->base != NULL) {
        stream->base_user =
            qh_block_user_new(stream->base, what, QH_BLOCK_USE_READ,
                              QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE_UNCHANGED, error);
    }
    return stream->user != NULL && (stream->base == NULL || stream->base_user != NULL);
}

gboolean qh_block_stream(QhBlockGraph *graph,
                         const char *id,
                         QhBlockNode *node,
                         QhBlockNode *base,
                         const char *backing_name,
                         const QhBlockJobOptions *options,
                         GError **error)
{
    g_autofree char *what = g_strdup_printf("job '%s'", id != NULL ? id : "");

    if (base != NULL && (base == node || !qh_block_chain_has(node, base))) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Node '%s' is not a backing image of node '%s'", base->name, node->name);
        return FALSE;
    }
    Stream *stream = g_new0(Stream, 1);
    stream->node = qh_block_node_ref(node);
    stream->base = base != NULL ? qh_block_node_ref(base) : NULL;
    stream->name = g_strdup(backing_name);
    stream->was_read_only = node->read_only;
    qh_block_hold(graph, node);
    QhBlockJob *job = take_users(stream, what, error) && qh_block_set_writable(node, TRUE, error)
                          ? qh_block_job_new(graph, id, &stream_ops, options, stream, error)
                          : NULL;
    if (job != NULL) {
        stream->exclude = qh_block_exclude_new(node);
    } else if (stream->was_read_only && !node->read_only) {
        (void)qh_block_set_writable(node, FALSE, NULL);
    }
    qh_block_release(graph, node);
    if (job == NULL) {
        stream_free(stream);
        return FALSE;
    }
    qh_block_job_start(job);
    return TRUE;
}
