/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/block/chain.h"
#include "core/block/qcow2.h"

gboolean qh_block_chain_has(QhBlockNode *top, const QhBlockNode *node)
{
    while (top != NULL && top != node) {
        top = qh_block_node_backing(top);
    }
    return top != NULL;
}

QhBlockNode *qh_block_chain_find(QhBlockNode *top, const char *filename, GError **error)
{
    g_autofree char *wanted = g_canonicalize_filename(filename, NULL);

    for (QhBlockNode *at = top; at != NULL; at = qh_block_node_backing(at)) {
        g_autofree char *name = qh_block_node_filename(at);
        g_autofree char *path = g_canonicalize_filename(name, NULL);

        if (g_str_equal(name, filename) || g_str_equal(path, wanted)) {
            return at;
        }
    }
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                "Can't find '%.200s' in the backing chain of node '%s'", filename, top->name);
    return NULL;
}

QhBlockNode *qh_block_chain_above(QhBlockNode *top, const QhBlockNode *node)
{
    QhBlockNode *above = NULL;

    for (QhBlockNode *at = top; at != NULL && at != node; at = qh_block_node_backing(at)) {
        above = at;
    }
    return above;
}

gboolean
qh_block_name_backing(QhBlockNode *node, const char *name, const char *format, GError **error)
{
    gboolean read_only = node->read_only;

    if (node->ops != &qh_block_qcow2) {
        if (name == NULL) {
            return TRUE;
        }
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "Could not change the backing file of '%s': driver '%s' has none", node->name,
                    node->driver_name);
        return FALSE;
    }
    if (!qh_block_set_writable(node, TRUE, error)) {
        return FALSE;
    }
    gboolean ok = qc_name_backing((QhQcow2 *)node->state, name, format, error);
    if (read_only) {
        (void)qh_block_set_writable(node, FALSE, NULL);
    }
    return ok;
}
