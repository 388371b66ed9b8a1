/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that begin copies: mirror, commit, backup, overlays, transactions of them. */
#include "core/block/device.h"
#include "core/block/job.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-commands-block.h"
#include "qapi/qapi-tables.h"

/* By node name, or the medium of a drive. */
static QhBlockNode *node_of(QhHost *host, const char *name, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    QhBlockNode *node = qh_block_find(graph, name);
    QhBlock *block = node == NULL ? qh_block_device_find(graph, name) : NULL;

    node = block != NULL ? qh_block_device_node(block) : node;
    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Cannot find device='%.64s' nor node-name='%.64s'", name, name);
    }
    return node;
}

static QhBlockJobOptions
job_options(gboolean manual_finalize, gboolean manual_dismiss, gboolean has_speed, int64_t speed)
{
    return (QhBlockJobOptions){
        .manual_finalize = manual_finalize,
        .manual_dismiss = manual_dismiss,
        .speed = has_speed && speed > 0 ? (uint64_t)speed : 0,
    };
}

static gboolean sync_of(uint32_t mode, QhCopySync *ret, GError **error)
{
    switch (mode) {
    case QH_QMP_MIRROR_SYNC_MODE_FULL:
        *ret = QH_COPY_FULL;
        return TRUE;
    case QH_QMP_MIRROR_SYNC_MODE_TOP:
        *ret = QH_COPY_TOP;
        return TRUE;
    case QH_QMP_MIRROR_SYNC_MODE_NONE:
        *ret = QH_COPY_NONE;
        return TRUE;
    default:
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "sync modes with bitmaps are not supported yet");
        return FALSE;
    }
}

gboolean qh_qmp_blockdev_mirror(QhHost *host, const QhQmpBlockdevMirrorArgs *args, GError **error)
{
    QhBlockNode *source = node_of(host, args->device, error);
    QhBlockNode *target = source != NULL ? node_of(host, args->target, error) : NULL;
    QhBlockNode *replaces = NULL;
    QhCopySync sync = QH_COPY_FULL;
    QhBlockJobOptions options =
        job_options(args->has_auto_finalize && !args->auto_finalize,
                    args->has_auto_dismiss && !args->auto_dismiss, args->has_speed, args->speed);

    if (target == NULL || !sync_of(args->sync, &sync, error)) {
        return FALSE;
    }
    if (args->replaces != NULL) {
        replaces = node_of(host, args->replaces, error);
        if (replaces == NULL) {
            return FALSE;
        }
    }
    return qh_block_mirror(qh_host_blocks(host), args->job_id != NULL ? args->job_id : args->device,
                           source, target, replaces, sync, &options, error);
}

gboolean qh_qmp_block_commit(QhHost *host, const QhQmpBlockCommitArgs *args, GError **error)
{
    QhBlockNode *device = node_of(host, args->device, error);
    QhBlockJobOptions options =
        job_options(args->has_auto_finalize && !args->auto_finalize,
                    args->has_auto_dismiss && !args->auto_dismiss, args->has_speed, args->speed);

    if (device == NULL) {
        return FALSE;
    }
    if (args->base != NULL || args->top != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "say 'base-node' and 'top-node' instead of 'base' and 'top'");
        return FALSE;
    }
    QhBlockNode *top = args->top_node != NULL ? node_of(host, args->top_node, error) : device;
    QhBlockNode *base = device;
    if (args->base_node != NULL) {
        base = node_of(host, args->base_node, error);
    } else {
        while (qh_block_node_backing(base) != NULL) {
            base = qh_block_node_backing(base);
        }
    }
    if (top == NULL || base == NULL) {
        return FALSE;
    }
    if (top != device) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "only the topmost node can be committed yet");
        return FALSE;
    }
    return qh_block_commit(qh_host_blocks(host), args->job_id != NULL ? args->job_id : args->device,
                           top, base, &options, error);
}

gboolean qh_qmp_blockdev_backup(QhHost *host, const QhQmpBlockdevBackup *args, GError **error)
{
    QhBlockNode *source = node_of(host, args->device, error);
    QhBlockNode *target = source != NULL ? node_of(host, args->target, error) : NULL;
    QhCopySync sync = QH_COPY_FULL;
    QhBlockJobOptions options =
        job_options(args->has_auto_finalize && !args->auto_finalize,
                    args->has_auto_dismiss && !args->auto_dismiss, args->has_speed, args->speed);

    if (target == NULL || !sync_of(args->sync, &sync, error)) {
        return FALSE;
    }
    return qh_block_backup(qh_host_blocks(host), args->job_id != NULL ? args->job_id : args->device,
                           source, target, sync, args->has_compress && args->compress, &options,
                           error);
}

gboolean qh_qmp_blockdev_snapshot(QhHost *host, const QhQmpBlockdevSnapshot *args, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    QhBlockNode *node = node_of(host, args->node, error);
    QhBlockNode *overlay = node != NULL ? node_of(host, args->overlay, error) : NULL;

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

/* All users are held over the whole of it, so that it is one moment. What cannot be done ends it;
 * what was done before stays only where it is a job, which is cancelled. */
gboolean qh_qmp_transaction(QhHost *host, const QhQmpTransactionArgs *args, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    gboolean ok = TRUE;
    size_t done = 0;

    qh_block_hold(graph, NULL);
    for (; done < args->actions.n && ok; done += ok) {
        const QhQmpTransactionAction *action = &args->actions.items[done];

        ok = action->type == QH_QMP_TRANSACTION_ACTION_KIND_BLOCKDEV_BACKUP
                 ? qh_qmp_blockdev_backup(host, &action->u.blockdev_backup.data, error)
                 : qh_qmp_blockdev_snapshot(host, &action->u.blockdev_snapshot.data, error);
    }
    for (size_t i = done; !ok && i-- > 0;) {
        const QhQmpTransactionAction *action = &args->actions.items[i];

        if (action->type == QH_QMP_TRANSACTION_ACTION_KIND_BLOCKDEV_BACKUP) {
            const QhQmpBlockdevBackup *backup = &action->u.blockdev_backup.data;
            QhBlockJob *job =
                qh_block_job_find(graph, backup->job_id != NULL ? backup->job_id : backup->device);

            if (job != NULL) {
                (void)qh_block_job_cancel(job, TRUE, NULL);
            }
        } else {
            const QhQmpBlockdevSnapshot *snapshot = &action->u.blockdev_snapshot.data;

            qh_block_overlay_undo(qh_block_find(graph, snapshot->node),
                                  qh_block_find(graph, snapshot->overlay));
        }
    }
    qh_block_release(graph, NULL);
    return ok;
}
