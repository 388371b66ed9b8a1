/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that get other options while they live. */
#include "core/block/block-priv.h"

typedef struct Saved {
    gboolean read_only, direct, no_flush, unmap, auto_read_only;
    uint8_t detect_zeroes;
    uint32_t flags;
} Saved;

static void save(const QhBlockNode *node, Saved *saved)
{
    *saved = (Saved){node->read_only,      node->direct,        node->no_flush,    node->unmap,
                     node->auto_read_only, node->detect_zeroes, node->state->flags};
}

static void restore(QhBlockNode *node, const Saved *saved)
{
    node->read_only = saved->read_only;
    node->direct = saved->direct;
    node->no_flush = saved->no_flush;
    node->unmap = saved->unmap;
    node->auto_read_only = saved->auto_read_only;
    node->detect_zeroes = saved->detect_zeroes;
    node->state->flags = saved->flags;
}

/* The children are used as the node is opened now. */
static gboolean set_children(QhBlockNode *node, GError **error)
{
    for (guint i = 0; i < node->children->len; i++) {
        QhBlockEdge *edge = g_ptr_array_index(node->children, i);
        uint32_t use, share;

        if (g_str_equal(edge->role, "backing")) {
            continue;
        }
        qh_block_child_access(node, edge->role, &use, &share);
        if (!qh_block_edge_set(edge, use, share, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean take_backing(QhBlockNode *node, const QhJson *options, GError **error)
{
    const QhJson *value = qh_json_get(options, "backing");
    const char *name = value != NULL ? qh_json_string(value) : NULL;
    QhBlockNode *backing = name != NULL ? qh_block_find(node->graph, name) : NULL;

    if (value == NULL) {
        return TRUE;
    }
    if (name != NULL && backing == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "Cannot find device='' nor node-name='%.64s'", name);
        return FALSE;
    }
    if (name == NULL && qh_json_type(value) != QH_JSON_NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'backing' has to be the name of a node, or null");
        return FALSE;
    }
    if (backing == qh_block_node_child(node, "backing")) {
        return TRUE;
    }
    return qh_block_set_backing(node, backing, error);
}

static gboolean reopen(QhBlockNode *node, const QhJson *options, GError **error)
{
    Saved saved;

    save(node, &saved);
    node->read_only = node->direct = node->no_flush = node->unmap = FALSE;
    if (!qh_block_take_common(node, options, error)) {
        restore(node, &saved);
        return FALSE;
    }
    if (node->read_only && (node->use & (QH_BLOCK_USE_WRITE | QH_BLOCK_USE_RESIZE)) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "node '%s' cannot become read-only: it is written to", node->name);
        restore(node, &saved);
        return FALSE;
    }
    (void)qh_block_flush(node);
    gboolean ok = (node->read_only || set_children(node, error)) &&
                  (node->ops->reopen == NULL || node->ops->reopen(node->state, error)) &&
                  (!node->read_only || set_children(node, error)) &&
                  take_backing(node, options, error);
    if (!ok) {
        restore(node, &saved);
        (void)set_children(node, NULL);
        if (node->ops->reopen != NULL) {
            (void)node->ops->reopen(node->state, NULL);
        }
    }
    return ok;
}

static gboolean set_node_writable(QhBlockNode *node, gboolean writable, GError **error)
{
    Saved saved;

    save(node, &saved);
    node->read_only = !writable;
    node->state->flags &= ~QH_BLOCK_OPEN_READ_ONLY;
    node->state->flags |= writable ? 0 : QH_BLOCK_OPEN_READ_ONLY;
    gboolean ok = (!writable || set_children(node, error)) &&
                  (node->ops->reopen == NULL || node->ops->reopen(node->state, error)) &&
                  (writable || set_children(node, error));
    if (!ok) {
        restore(node, &saved);
        (void)set_children(node, NULL);
    }
    return ok;
}

gboolean qh_block_set_writable(QhBlockNode *node, gboolean writable, GError **error)
{
    gboolean ok = TRUE;

    if (node->read_only != writable) {
        return TRUE;
    }
    if (!writable) {
        (void)qh_block_flush(node);
        ok = set_node_writable(node, FALSE, error);
    }
    for (guint i = 0; ok && i < node->children->len; i++) {
        QhBlockEdge *edge = g_ptr_array_index(node->children, i);

        if (!g_str_equal(edge->role, "backing")) {
            ok = qh_block_set_writable(edge->node, writable, error);
        }
    }
    return ok && writable ? set_node_writable(node, TRUE, error) : ok;
}

gboolean qh_block_reopen(QhBlockGraph *graph, const QhJson *options, GError **error)
{
    g_autoptr(QhJson) nested = qh_block_options_nest(options, error);
    const QhJson *value = nested != NULL ? qh_json_get(nested, "node-name") : NULL;
    const char *name = value != NULL ? qh_json_string(value) : NULL;
    QhBlockNode *node = name != NULL ? qh_block_find(graph, name) : NULL;

    if (nested == NULL) {
        return FALSE;
    }
    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "Failed to find node with node-name='%.64s'", name != NULL ? name : "");
        return FALSE;
    }
    const QhJson *driver = qh_json_get(nested, "driver");
    if (driver == NULL || g_strcmp0(qh_json_string(driver), node->driver_name) != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Cannot change the option 'driver'");
        return FALSE;
    }
    qh_block_hold(graph, node);
    gboolean ok = reopen(node, nested, error);
    qh_block_release(graph, node);
    return ok;
}
