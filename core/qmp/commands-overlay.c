/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on overlays and on snapshots inside images. */
#include "core/block/chain.h"
#include "core/block/qcow2.h"
#include "core/qmp/block-args.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-tables.h"

gboolean qh_qmp_blockdev_snapshot(QhHost *host, const QhQmpBlockdevSnapshot *args, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    QhBlockNode *node = qh_qmp_node_of(host, args->node, error);
    QhBlockNode *overlay = node != NULL ? qh_qmp_node_of(host, args->overlay, error) : NULL;

    if (overlay == NULL) {
        return FALSE;
    }
    if (qh_block_node_backing(overlay) != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "The overlay already has a backing image");
        return FALSE;
    }
    qh_block_hold(graph, node);
    gboolean ok = qh_block_overlay(node, overlay, error);
    qh_block_release(graph, node);
    return ok;
}

gboolean qh_qmp_overlay_add(QhHost *host,
                            const QhQmpBlockdevSnapshotSync *args,
                            QhQmpUndo *ret_undo,
                            GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    const char *name = args->node_name != NULL ? args->node_name : args->device;
    QhBlockNewImage image = {
        .path = args->snapshot_file,
        .format = args->format != NULL ? args->format : "qcow2",
        .existing = args->has_mode && args->mode == QH_QMP_NEW_IMAGE_MODE_EXISTING,
    };

    if (name == NULL || (args->node_name != NULL && args->device != NULL)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Need exactly one of 'device' and 'node-name'");
        return FALSE;
    }
    QhBlockNode *node = qh_qmp_node_of(host, name, error);
    if (node == NULL) {
        return FALSE;
    }
    g_autofree char *below = qh_block_node_filename(node);
    image.bytes = qh_block_length(node);
    image.backing_name = below;
    image.backing_format = qh_block_node_driver(node);
    QhBlockNode *overlay =
        qh_block_image_create(graph, &image, error)
            ? qh_block_image_open(graph, &image, args->snapshot_node_name, NULL, error)
            : NULL;
    if (overlay == NULL) {
        return FALSE;
    }
    qh_block_hold(graph, node);
    gboolean ok = qh_block_overlay(node, overlay, error);
    qh_block_release(graph, node);
    if (ok && ret_undo != NULL) {
        ret_undo->node = qh_block_node_ref(node);
        ret_undo->other = qh_block_node_ref(overlay);
    }
    qh_block_node_unref(overlay);
    return ok;
}

gboolean
qh_qmp_blockdev_snapshot_sync(QhHost *host, const QhQmpBlockdevSnapshotSync *args, GError **error)
{
    return qh_qmp_overlay_add(host, args, NULL, error);
}

gboolean
qh_qmp_change_backing_file(QhHost *host, const QhQmpChangeBackingFileArgs *args, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    QhBlockNode *top = qh_qmp_node_of(host, args->device, error);
    QhBlockNode *node = top != NULL ? qh_qmp_node_of(host, args->image_node_name, error) : NULL;
    QhBlockNode *backing;

    if (node == NULL) {
        return FALSE;
    }
    if (!qh_block_chain_has(top, node)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "'%s' and image file are not in the same chain", args->device);
        return FALSE;
    }
    backing = qh_block_node_backing(node);
    if (backing == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "not allowing backing file change on an image without a backing file");
        return FALSE;
    }
    qh_block_hold(graph, node);
    gboolean ok =
        qh_block_name_backing(node, args->backing_file, qh_block_node_driver(backing), error);
    qh_block_release(graph, node);
    return ok;
}

gboolean qh_qmp_block_set_write_threshold(QhHost *host,
                                          const QhQmpBlockSetWriteThresholdArgs *args,
                                          GError **error)
{
    QhBlockNode *node = qh_block_find(qh_host_blocks(host), args->node_name);

    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Device '%.64s' not found", args->node_name);
        return FALSE;
    }
    qh_block_set_threshold(node, args->write_threshold);
    return TRUE;
}

/* The image that can have snapshots inside. */
static QhBlockNode *image_of(QhHost *host, const char *name, GError **error)
{
    QhBlockNode *node = qh_qmp_node_of(host, name, error);

    if (node != NULL && !g_str_equal(qh_block_node_driver(node), "qcow2")) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "Block format '%s' used by device '%.64s' does not support feature 'internal "
                    "snapshots'",
                    qh_block_node_driver(node), name);
        return NULL;
    }
    return node;
}

gboolean qh_qmp_blockdev_snapshot_internal_sync(QhHost *host,
                                                const QhQmpBlockdevSnapshotInternal *args,
                                                GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    QhBlockNode *node = image_of(host, args->device, error);

    if (node == NULL) {
        return FALSE;
    }
    qh_block_hold(graph, node);
    gboolean ok = qh_qcow2_snapshot_create(node, args->name, error);
    qh_block_release(graph, node);
    return ok;
}

gboolean qh_qmp_blockdev_snapshot_delete_internal_sync(
    QhHost *host,
    const QhQmpBlockdevSnapshotDeleteInternalSyncArgs *args,
    QhQmpSnapshotInfo *ret,
    GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    QhBlockNode *node = image_of(host, args->device, error);

    if (node == NULL) {
        return FALSE;
    }
    qh_block_hold(graph, node);
    QcSnapshot *gone = qh_qcow2_snapshot_delete(node, args->id, args->name, error);
    qh_block_release(graph, node);
    if (gone == NULL) {
        return FALSE;
    }
    ret->id = g_steal_pointer(&gone->id);
    ret->name = g_steal_pointer(&gone->name);
    ret->vm_state_size = (int64_t)gone->vm_state_bytes;
    ret->date_sec = gone->date_s;
    ret->date_nsec = gone->date_ns;
    ret->vm_clock_sec = (int64_t)(gone->vm_clock_ns / 1000000000);
    ret->vm_clock_nsec = (int64_t)(gone->vm_clock_ns % 1000000000);
    ret->has_icount = gone->has_icount && gone->icount != UINT64_MAX;
    ret->icount = (int64_t)gone->icount;
    qc_snapshot_free(gone);
    return TRUE;
}
