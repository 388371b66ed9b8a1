/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several things at one moment. All users of disks are held over the whole of it, so that no write
 * falls between two of them; what cannot be done ends it, and what was done before is undone.
 */
#include "core/block/qcow2.h"
#include "core/qmp/block-args.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-tables.h"

typedef QhQmpTransactionAction Action;

typedef struct ActionOps {
    /* Do it; what undo needs goes into @undo. */
    gboolean (*run)(QhHost *host, const Action *action, QhQmpUndo *undo, GError **error);
    /* NULL: it cannot have been done. */
    void (*undo)(QhHost *host, const Action *action, QhQmpUndo *undo);
    void (*done)(QhQmpUndo *undo); /* NULL: nothing is left to do */
} ActionOps;

static gboolean
run_abort(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo, GError **error)
{
    (void)host;
    (void)action;
    g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "Transaction aborted using Abort action");
    return FALSE;
}

static gboolean
run_add(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo, GError **error)
{
    return qh_qmp_block_dirty_bitmap_add(host, &action->u.block_dirty_bitmap_add.data, error);
}

static void undo_add(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo)
{
    const QhQmpBlockDirtyBitmapAdd *args = &action->u.block_dirty_bitmap_add.data;
    QhQmpBlockDirtyBitmap bitmap = {.node = args->node, .name = args->name};

    (void)qh_qmp_block_dirty_bitmap_remove(host, &bitmap, NULL);
}

/* Note how the bitmap is. */
static gboolean
note(QhHost *host, const char *node_name, const char *name, QhQmpUndo *undo, GError **error)
{
    QhBlockNode *node = qh_qmp_node_of(host, node_name, error);

    undo->bitmap = node != NULL ? qh_block_bitmap_get(node, name, error) : NULL;
    if (undo->bitmap == NULL) {
        return FALSE;
    }
    undo->recording = undo->bitmap->recording;
    undo->words = qh_block_bitmap_copy(undo->bitmap, FALSE);
    if (undo->words == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "there is not enough memory");
    }
    return undo->words != NULL;
}

static void
put_back(G_GNUC_UNUSED QhHost *host, G_GNUC_UNUSED const Action *action, QhQmpUndo *undo)
{
    qh_block_bitmap_merge(undo->bitmap, undo->words, TRUE);
    qh_block_bitmap_record(undo->bitmap, undo->recording);
}

/* It is out of the list, and freed when all else has gone well. */
static gboolean run_remove(QhHost *host, const Action *action, QhQmpUndo *undo, GError **error)
{
    const QhQmpBlockDirtyBitmap *args = &action->u.block_dirty_bitmap_remove.data;

    if (!note(host, args->node, args->name, undo, error)) {
        return FALSE;
    }
    qh_block_bitmap_unlink(undo->bitmap);
    return TRUE;
}

static void
undo_remove(G_GNUC_UNUSED QhHost *host, G_GNUC_UNUSED const Action *action, QhQmpUndo *undo)
{
    qh_block_bitmap_link(undo->bitmap);
}

static void done_remove(QhQmpUndo *undo)
{
    qh_block_bitmap_free(undo->bitmap);
}

static gboolean run_clear(QhHost *host, const Action *action, QhQmpUndo *undo, GError **error)
{
    const QhQmpBlockDirtyBitmap *args = &action->u.block_dirty_bitmap_clear.data;

    return note(host, args->node, args->name, undo, error) &&
           qh_qmp_block_dirty_bitmap_clear(host, args, error);
}

static gboolean run_enable(QhHost *host, const Action *action, QhQmpUndo *undo, GError **error)
{
    const QhQmpBlockDirtyBitmap *args = &action->u.block_dirty_bitmap_enable.data;

    return note(host, args->node, args->name, undo, error) &&
           qh_qmp_block_dirty_bitmap_enable(host, args, error);
}

static gboolean run_disable(QhHost *host, const Action *action, QhQmpUndo *undo, GError **error)
{
    const QhQmpBlockDirtyBitmap *args = &action->u.block_dirty_bitmap_disable.data;

    return note(host, args->node, args->name, undo, error) &&
           qh_qmp_block_dirty_bitmap_disable(host, args, error);
}

static gboolean run_merge(QhHost *host, const Action *action, QhQmpUndo *undo, GError **error)
{
    const QhQmpBlockDirtyBitmapMerge *args = &action->u.block_dirty_bitmap_merge.data;

    return note(host, args->node, args->target, undo, error) &&
           qh_qmp_block_dirty_bitmap_merge(host, args, error);
}

static void cancel(QhHost *host, const char *id, const char *device)
{
    QhBlockJob *job = qh_block_job_find(qh_host_blocks(host), id != NULL ? id : device);

    if (job != NULL) {
        (void)qh_block_job_cancel(job, TRUE, NULL);
    }
}

static gboolean
run_backup(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo, GError **error)
{
    return qh_qmp_blockdev_backup(host, &action->u.blockdev_backup.data, error);
}

static void undo_backup(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo)
{
    cancel(host, action->u.blockdev_backup.data.job_id, action->u.blockdev_backup.data.device);
}

static gboolean
run_drive_backup(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo, GError **error)
{
    return qh_qmp_drive_backup(host, &action->u.drive_backup.data, error);
}

static void undo_drive_backup(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo)
{
    cancel(host, action->u.drive_backup.data.job_id, action->u.drive_backup.data.device);
}

static gboolean run_snapshot(QhHost *host, const Action *action, QhQmpUndo *undo, GError **error)
{
    const QhQmpBlockdevSnapshot *args = &action->u.blockdev_snapshot.data;
    QhBlockNode *node = qh_qmp_node_of(host, args->node, error);

    if (node == NULL || !qh_qmp_blockdev_snapshot(host, args, error)) {
        return FALSE;
    }
    undo->node = qh_block_node_ref(node);
    undo->other = qh_block_node_ref(qh_qmp_node_of(host, args->overlay, NULL));
    return TRUE;
}

static void
undo_overlay(G_GNUC_UNUSED QhHost *host, G_GNUC_UNUSED const Action *action, QhQmpUndo *undo)
{
    qh_block_overlay_undo(undo->node, undo->other);
}

static gboolean
run_snapshot_sync(QhHost *host, const Action *action, QhQmpUndo *undo, GError **error)
{
    return qh_qmp_overlay_add(host, &action->u.blockdev_snapshot_sync.data, undo, error);
}

static gboolean
run_internal(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo, GError **error)
{
    return qh_qmp_blockdev_snapshot_internal_sync(
        host, &action->u.blockdev_snapshot_internal_sync.data, error);
}

static void undo_internal(QhHost *host, const Action *action, G_GNUC_UNUSED QhQmpUndo *undo)
{
    const QhQmpBlockdevSnapshotInternal *args = &action->u.blockdev_snapshot_internal_sync.data;
    QhBlockNode *node = qh_qmp_node_of(host, args->device, NULL);

    if (node != NULL) {
        qc_snapshot_free(qh_qcow2_snapshot_delete(node, NULL, args->name, NULL));
    }
}

#define KIND(name) [QH_QMP_TRANSACTION_ACTION_KIND_##name]
static const ActionOps actions[] = {
    KIND(ABORT) = {run_abort,         NULL,              NULL       },
    KIND(BLOCK_DIRTY_BITMAP_ADD) = {run_add,           undo_add,          NULL       },
    KIND(BLOCK_DIRTY_BITMAP_REMOVE) = {run_remove,        undo_remove,       done_remove},
    KIND(BLOCK_DIRTY_BITMAP_CLEAR) = {run_clear,         put_back,          NULL       },
    KIND(BLOCK_DIRTY_BITMAP_ENABLE) = {run_enable,        put_back,          NULL       },
    KIND(BLOCK_DIRTY_BITMAP_DISABLE) = {run_disable,       put_back,          NULL       },
    KIND(BLOCK_DIRTY_BITMAP_MERGE) = {run_merge,         put_back,          NULL       },
    KIND(BLOCKDEV_BACKUP) = {run_backup,        undo_backup,       NULL       },
    KIND(BLOCKDEV_SNAPSHOT) = {run_snapshot,      undo_overlay,      NULL       },
    KIND(BLOCKDEV_SNAPSHOT_INTERNAL_SYNC) = {run_internal,      undo_internal,     NULL       },
    KIND(BLOCKDEV_SNAPSHOT_SYNC) = {run_snapshot_sync, undo_overlay,      NULL       },
    KIND(DRIVE_BACKUP) = {run_drive_backup,  undo_drive_backup, NULL       },
};

gboolean qh_qmp_transaction(QhHost *host, const QhQmpTransactionArgs *args, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    g_autofree QhQmpUndo *undos = g_new0(QhQmpUndo, args->actions.n + 1);
    gboolean ok = TRUE;
    size_t done = 0;

    if (args->properties != NULL && args->properties->has_completion_mode &&
        args->properties->completion_mode == QH_QMP_ACTION_COMPLETION_MODE_GROUPED) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "completion-mode 'grouped' is not supported");
        return FALSE;
    }
    qh_block_hold(graph, NULL);
    for (; done < args->actions.n && ok; done += ok) {
        const Action *action = &args->actions.items[done];

        ok = actions[action->type].run(host, action, &undos[done], error);
    }
    for (size_t i = done; !ok && i-- > 0;) {
        const Action *action = &args->actions.items[i];

        actions[action->type].undo(host, action, &undos[i]);
    }
    for (size_t i = 0; i < args->actions.n; i++) {
        const ActionOps *ops = &actions[args->actions.items[i].type];

        if (ok && ops->done != NULL) {
            ops->done(&undos[i]);
        }
        qh_block_node_unref(undos[i].node);
        qh_block_node_unref(undos[i].other);
        g_free(undos[i].words);
    }
    qh_block_release(graph, NULL);
    return ok;
}
