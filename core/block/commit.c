/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/block/commit.h"
#include "core/block/block-priv.h"

#include <errno.h>

#define PIECE (1u << 20)

static int copy_down(QhBlockNode *node, QhBlockNode *base)
{
    g_autofree void *memory = g_try_malloc(PIECE);
    uint64_t length = MIN(qh_block_length(node), qh_block_length(base));
    int error = memory != NULL ? 0 : ENOMEM;

    for (uint64_t at = 0; at < length && error == 0;) {
        QhBlockStatus status;

        error = qh_block_status_above(node, base, at, MIN(PIECE, length - at), &status);
        if (error == 0 && status.flags & QH_BLOCK_STATUS_ALLOCATED) {
            if (status.flags & QH_BLOCK_STATUS_ZERO) {
                error = qh_block_zero(base, at, status.bytes, QH_BLOCK_UNMAP);
            } else {
                error = qh_block_read(node, at, memory, status.bytes);
                error = error != 0 ? error : qh_block_write(base, at, memory, status.bytes);
            }
        }
        at += status.bytes;
    }
    return error != 0 ? error : qh_block_flush(base);
}

gboolean qh_block_commit_now(QhBlockNode *node, GError **error)
{
    QhBlockGraph *graph = node->graph;
    QhBlockEdge *edge = qh_block_edge(node, "backing");
    QhBlockNode *base = edge != NULL ? edge->node : NULL;
    QhBlockUser *user = NULL;
    int failed = 0;

    if (base == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "node '%s' has no backing file", node->name);
        return FALSE;
    }
    gboolean read_only = base->read_only;
    uint32_t share = edge->share;
    qh_block_hold(graph, base);
    gboolean ok = qh_block_edge_set(edge, edge->use, QH_BLOCK_USE_ALL, error) &&
                  qh_block_set_writable(base, TRUE, error);
    if (ok && qh_block_length(base) < qh_block_length(node)) {
        ok = qh_block_truncate(base, qh_block_length(node), error);
    }
    user =
        ok ? qh_block_user_new(base, "commit", QH_BLOCK_USE_WRITE, QH_BLOCK_USE_ALL, error) : NULL;
    ok = user != NULL;
    failed = ok ? copy_down(node, base) : 0;
    qh_block_user_free(user);
    if (read_only) {
        (void)qh_block_set_writable(base, FALSE, NULL);
    }
    (void)qh_block_edge_set(edge, edge->use, share, NULL);
    qh_block_release(graph, base);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "%s", g_strerror(failed));
    }
    return ok && failed == 0;
}
