/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what with a node. Each edge into it says what it does (use) and what it bears that
 * others do (share); all pairs have to agree. The sum goes to the driver, which may lock a file or
 * open it for writing, and, through nodes that only hand on, to the node below.
 */
#include "core/block/block-priv.h"

static const char *use_text(uint32_t use)
{
    return use & QH_BLOCK_USE_WRITE    ? "write"
           : use & QH_BLOCK_USE_RESIZE ? "resize"
           : use & QH_BLOCK_USE_READ   ? "consistent read"
                                       : "write unchanged";
}

static char *edge_text(const QhBlockEdge *edge)
{
    return edge->parent != NULL
               ? g_strdup_printf("node '%s' as its '%s'", edge->parent->name, edge->role)
               : g_strdup(edge->role);
}

static gboolean check_pair(const QhBlockEdge *a, const QhBlockEdge *b, GError **error)
{
    const QhBlockEdge *by = a->use & ~b->share ? b : a;
    uint32_t clash = (a->use & ~b->share) | (b->use & ~a->share);

    if (clash == 0) {
        return TRUE;
    }
    g_autofree char *text = edge_text(by);
    g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                "node '%s' is in use by %s, which does not allow '%s' by others", a->node->name,
                text, use_text(clash));
    return FALSE;
}

/* What all edges together do and bear. */
static void sum(const QhBlockNode *node, uint32_t *use, uint32_t *share)
{
    *use = 0;
    *share = QH_BLOCK_USE_ALL;
    for (guint i = 0; i < node->parents->len; i++) {
        const QhBlockEdge *edge = g_ptr_array_index(node->parents, i);

        *use |= edge->use;
        *share &= edge->share;
    }
}

/* What a node that hands on does by itself. */
static uint32_t own_use(const QhBlockNode *node)
{
    return node->ops == &qh_block_copy_on_read ? QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE_UNCHANGED
                                               : 0;
}

static gboolean refresh(QhBlockNode *node, GError **error)
{
    uint32_t use, share;

    sum(node, &use, &share);
    if (!node->opened || (use == node->use && share == node->share)) {
        return TRUE;
    }
    if (node->read_only && (use & (QH_BLOCK_USE_WRITE | QH_BLOCK_USE_RESIZE)) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Block node '%s' is read-only", node->name);
        return FALSE;
    }
    if (node->ops->flags & QH_BLOCK_DRIVER_PASS && node->children->len > 0) {
        QhBlockEdge *child = g_ptr_array_index(node->children, 0);

        if (!qh_block_edge_set(child, use | own_use(node), share, error)) {
            return FALSE;
        }
    }
    if (node->ops->set_access != NULL && !node->ops->set_access(node->state, use, share, error)) {
        return FALSE;
    }
    node->use = use;
    node->share = share;
    return TRUE;
}

gboolean qh_block_edge_set(QhBlockEdge *edge, uint32_t use, uint32_t share, GError **error)
{
    QhBlockEdge wanted = *edge;
    uint32_t old_use = edge->use, old_share = edge->share;

    wanted.use = use;
    wanted.share = share;
    for (guint i = 0; i < edge->node->parents->len; i++) {
        const QhBlockEdge *other = g_ptr_array_index(edge->node->parents, i);

        if (other != edge && !check_pair(&wanted, other, error)) {
            return FALSE;
        }
    }
    edge->use = use;
    edge->share = share;
    if (!refresh(edge->node, error)) {
        edge->use = old_use;
        edge->share = old_share;
        refresh(edge->node, NULL);
        return FALSE;
    }
    return TRUE;
}

gboolean qh_block_edge_add(QhBlockEdge *edge, GError **error)
{
    uint32_t use = edge->use, share = edge->share;

    /* it begins as one that does nothing */
    edge->use = 0;
    edge->share = QH_BLOCK_USE_ALL;
    g_ptr_array_add(edge->node->parents, edge);
    if (!qh_block_edge_set(edge, use, share, error)) {
        g_ptr_array_remove(edge->node->parents, edge);
        return FALSE;
    }
    return TRUE;
}

void qh_block_edge_remove(QhBlockEdge *edge)
{
    g_ptr_array_remove(edge->node->parents, edge);
    refresh(edge->node, NULL);
}

void qh_block_child_access(const QhBlockNode *node,
                           const char *role,
                           uint32_t *use,
                           uint32_t *share)
{
    if (node->ops->flags & QH_BLOCK_DRIVER_PASS) {
        *use = node->use | own_use(node);
        *share = node->opened ? node->share : QH_BLOCK_USE_ALL;
    } else if (g_str_equal(role, "backing")) {
        *use = QH_BLOCK_USE_READ;
        *share = QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE_UNCHANGED;
    } else {
        *use = QH_BLOCK_USE_READ;
        if (!node->read_only) {
            *use |= QH_BLOCK_USE_WRITE | QH_BLOCK_USE_RESIZE;
        }
        *share = QH_BLOCK_USE_READ | QH_BLOCK_USE_WRITE_UNCHANGED;
    }
}
