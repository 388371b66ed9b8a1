/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commit of images in the middle of a chain: nobody writes to them, so their data is copied down
 * once, and then the image above stands on the base.
 */
#include "core/block/chain.h"
#include "core/block/job.h"

#include <errno.h>

typedef struct Commit {
    QhBlockNode *top, *base, *overlay;
    QhBlockEdge *edge; /* of the node above the base: it bears writes meanwhile */
    uint32_t edge_share;
    QhBlockUser *reader, *writer;
    gboolean was_read_only;
    char *name;
} Commit;

static int copy_piece(
    Commit *commit, uint64_t offset, uint64_t bytes, void *memory, uint64_t *done, gboolean *read)
{
    QhBlockStatus status;
    int error = qh_block_status_above(commit->top, commit->base, offset, bytes, &status);

    *done = error == 0 ? status.bytes : bytes;
    *read = TRUE;
    if (error != 0 || (status.flags & QH_BLOCK_STATUS_ALLOCATED) == 0) {
        return error;
    }
    if (status.flags & QH_BLOCK_STATUS_ZERO) {
        *read = FALSE;
        return qh_block_zero(commit->base, offset, status.bytes, QH_BLOCK_UNMAP);
    }
    error = qh_block_read(commit->top, offset, memory, status.bytes);
    if (error == 0) {
        *read = FALSE;
        error = qh_block_write(commit->base, offset, memory, status.bytes);
    }
    return error;
}

static int
do_piece(void *data, uint64_t offset, uint64_t bytes, void *memory, uint64_t *done, gboolean *read)
{
    Commit *commit = data;

    qh_block_user_enter(commit->reader, TRUE);
    qh_block_user_enter(commit->writer, TRUE);
    int error = copy_piece(commit, offset, bytes, memory, done, read);
    qh_block_user_leave(commit->writer);
    qh_block_user_leave(commit->reader);
    return error;
}

static gboolean commit_run(QhBlockJob *job, GError **error)
{
    const Commit *commit = qh_block_job_data(job);

    return qh_block_job_pieces(job, qh_block_length(commit->top), do_piece, commit->base, error);
}

static gboolean commit_commit(QhBlockJob *job, GError **error)
{
    Commit *commit = qh_block_job_data(job);
    QhBlockGraph *graph = qh_block_job_graph(job);
    g_autofree char *name =
        commit->name != NULL ? g_strdup(commit->name) : qh_block_node_filename(commit->base);

    qh_block_hold(graph, commit->overlay);
    g_clear_pointer(&commit->reader, qh_block_user_free);
    g_clear_pointer(&commit->writer, qh_block_user_free);
    gboolean ok = qh_block_set_backing(commit->overlay, commit->base, error) &&
                  qh_block_name_backing(commit->overlay, name, commit->base->driver_name, error);
    qh_block_release(graph, commit->overlay);
    return ok;
}

static void commit_free(Commit *commit)
{
    qh_block_user_free(commit->reader);
    qh_block_user_free(commit->writer);
    /* the edge is gone with its parent when the images between are not used any more */
    QhBlockNode *above = qh_block_chain_above(commit->top, commit->base);
    if (above != NULL && qh_block_edge(above, "backing") == commit->edge) {
        (void)qh_block_edge_set(commit->edge, commit->edge->use, commit->edge_share, NULL);
    }
    if (commit->was_read_only) {
        (void)qh_block_set_writable(commit->base, FALSE, NULL);
    }
    qh_block_node_unref(commit->overlay);
    qh_block_node_unref(commit->top);
    qh_block_node_unref(commit->base);
    g_free(commit->name);
    g_free(commit);
}

static void commit_clean(QhBlockJob *job)
{
    Commit *commit = qh_block_job_data(job);
    QhBlockGraph *graph = qh_block_job_graph(job);
    QhBlockNode *base = qh_block_node_ref(commit->base);

    qh_block_hold(graph, base);
    commit_free(commit);
    qh_block_release(graph, base);
    qh_block_node_unref(base);
}

static const QhBlockJobOps commit_ops = {
    .type = "commit",
    .is_block = TRUE,
    .run = commit_run,
    .commit = commit_commit,
    .clean = commit_clean,
};

static gboolean prepare(Commit *commit, const char *what, GError **error)
{
    uint64_t bytes = qh_block_length(commit->top);

    if (!qh_block_edge_set(commit->edge, commit->edge->use, QH_BLOCK_USE_ALL, error) ||
        !qh_block_set_writable(commit->base, TRUE, error)) {
        return FALSE;
    }
    commit->reader =
        qh_block_user_new(commit->top, what, QH_BLOCK_USE_READ, QH_BLOCK_USE_ALL, error);
    commit->writer =
        commit->reader != NULL
            ? qh_block_user_new(commit->base, what, QH_BLOCK_USE_WRITE | QH_BLOCK_USE_RESIZE,
                                QH_BLOCK_USE_ALL, error)
            : NULL;
    return commit->writer != NULL && (qh_block_length(commit->base) >= bytes ||
                                      qh_block_truncate(commit->base, bytes, error));
}

gboolean qh_block_commit_middle(QhBlockGraph *graph,
                                const char *id,
                                QhBlockNode *active,
                                QhBlockNode *top,
                                QhBlockNode *base,
                                const char *backing_name,
                                const QhBlockJobOptions *options,
                                GError **error)
{
    g_autofree char *what = g_strdup_printf("job '%s'", id != NULL ? id : "");
    QhBlockNode *overlay = qh_block_chain_above(active, top);
    QhBlockNode *above = qh_block_chain_above(top, base);
    QhBlockEdge *edge = above != NULL ? qh_block_edge(above, "backing") : NULL;

    if (overlay == NULL || edge == NULL || !qh_block_chain_has(top, base)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "'%s' is not in this backing file chain below '%s'", base->name, top->name);
        return FALSE;
    }
    Commit *commit = g_new0(Commit, 1);
    commit->top = qh_block_node_ref(top);
    commit->base = qh_block_node_ref(base);
    commit->overlay = qh_block_node_ref(overlay);
    commit->edge = edge;
    commit->edge_share = edge->share;
    commit->was_read_only = base->read_only;
    commit->name = g_strdup(backing_name);
    qh_block_hold(graph, base);
    QhBlockJob *job = prepare(commit, what, error)
                          ? qh_block_job_new(graph, id, &commit_ops, options, commit, error)
                          : NULL;
    if (job == NULL) {
        commit_free(commit);
    }
    qh_block_release(graph, base);
    if (job != NULL) {
        qh_block_job_start(job);
    }
    return job != NULL;
}
