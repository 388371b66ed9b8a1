/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that begin jobs on disks: mirror, commit, stream, backup. */
#include "core/block/chain.h"
#include "core/qmp/block-args.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-commands-block.h"
#include "qapi/qapi-tables.h"

QhBlockNode *qh_qmp_node_of(QhHost *host, const char *name, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    QhBlockNode *node = qh_block_find(graph, name);
    QhDrive *block = node == NULL ? qh_block_device_find(graph, name) : NULL;

    node = block != NULL ? qh_block_device_node(block) : node;
    if (node == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Cannot find device='%.64s' nor node-name='%.64s'", name, name);
    }
    return node;
}

/* What the members of that name say; @auto_ ones are NULL when they are absent. */
typedef struct Common {
    gboolean has_finalize, finalize, has_dismiss, dismiss, has_speed;
    int64_t speed;
    gboolean has_read, has_write;
    uint32_t on_read, on_write;
} Common;

static gboolean job_options(const Common *common, QhBlockJobOptions *ret, GError **error)
{
    static const QhBlockJobOnError policies[] = {
        [QH_QMP_BLOCKDEV_ON_ERROR_REPORT] = QH_JOB_ON_REPORT,
        [QH_QMP_BLOCKDEV_ON_ERROR_IGNORE] = QH_JOB_ON_IGNORE,
        [QH_QMP_BLOCKDEV_ON_ERROR_ENOSPC] = QH_JOB_ON_ENOSPC,
        [QH_QMP_BLOCKDEV_ON_ERROR_STOP] = QH_JOB_ON_STOP,
        [QH_QMP_BLOCKDEV_ON_ERROR_AUTO] = QH_JOB_ON_AUTO,
    };

    if (common->has_speed && common->speed < 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Parameter 'speed' expects a non-negative value");
        return FALSE;
    }
    *ret = (QhBlockJobOptions){
        .manual_finalize = common->has_finalize && !common->finalize,
        .manual_dismiss = common->has_dismiss && !common->dismiss,
        .speed = common->has_speed ? (uint64_t)common->speed : 0,
        .on_read = common->has_read ? policies[common->on_read] : QH_JOB_ON_REPORT,
        .on_write = common->has_write ? policies[common->on_write] : QH_JOB_ON_REPORT,
    };
    return TRUE;
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
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "Sync mode '%s' not supported",
                    mode == QH_QMP_MIRROR_SYNC_MODE_BITMAP ? "bitmap" : "incremental");
        return FALSE;
    }
}

gboolean qh_qmp_blockdev_mirror(QhHost *host, const QhQmpBlockdevMirrorArgs *args, GError **error)
{
    QhBlockNode *source = qh_qmp_node_of(host, args->device, error);
    QhBlockNode *target = source != NULL ? qh_qmp_node_of(host, args->target, error) : NULL;
    QhBlockNode *replaces = NULL;
    QhCopySync sync = QH_COPY_FULL;
    Common common = {args->has_auto_finalize,   args->auto_finalize,       args->has_auto_dismiss,
                     args->auto_dismiss,        args->has_speed,           args->speed,
                     args->has_on_source_error, args->has_on_target_error, args->on_source_error,
                     args->on_target_error};
    QhBlockJobOptions options;

    if (target == NULL || !sync_of(args->sync, &sync, error) ||
        !job_options(&common, &options, error)) {
        return FALSE;
    }
    if (args->replaces != NULL) {
        replaces = qh_qmp_node_of(host, args->replaces, error);
        if (replaces == NULL) {
            return FALSE;
        }
    }
    const QhBlockMirror mirror = {
        source,
        target,
        replaces,
        sync,
        args->has_copy_mode && args->copy_mode == QH_QMP_MIRROR_COPY_MODE_WRITE_BLOCKING,
    };
    return qh_block_mirror(qh_host_blocks(host), args->job_id != NULL ? args->job_id : args->device,
                           &mirror, &options, error);
}

/* The node of a chain that is named by node or by file; @otherwise when neither is said. */
static QhBlockNode *in_chain(QhHost *host,
                             QhBlockNode *top,
                             const char *node_name,
                             const char *filename,
                             QhBlockNode *otherwise,
                             GError **error)
{
    if (node_name != NULL && filename != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "a node is to be named by its node name or by its file name, not both");
        return NULL;
    }
    if (node_name != NULL) {
        QhBlockNode *node = qh_qmp_node_of(host, node_name, error);

        if (node != NULL && !qh_block_chain_has(top, node)) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "Node '%s' is not in the backing chain of '%s'", node_name,
                        qh_block_node_name(top));
            return NULL;
        }
        return node;
    }
    return filename != NULL ? qh_block_chain_find(top, filename, error) : otherwise;
}

gboolean qh_qmp_block_commit(QhHost *host, const QhQmpBlockCommitArgs *args, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    const char *id = args->job_id != NULL ? args->job_id : args->device;
    QhBlockNode *device = qh_qmp_node_of(host, args->device, error), *lowest = device;
    Common common = {args->has_auto_finalize, args->auto_finalize, args->has_auto_dismiss,
                     args->auto_dismiss,      args->has_speed,     args->speed,
                     args->has_on_error,      args->has_on_error,  args->on_error,
                     args->on_error};
    QhBlockJobOptions options;

    if (device == NULL || !job_options(&common, &options, error)) {
        return FALSE;
    }
    while (qh_block_node_backing(lowest) != NULL) {
        lowest = qh_block_node_backing(lowest);
    }
    QhBlockNode *top = in_chain(host, device, args->top_node, args->top, device, error);
    QhBlockNode *base =
        top != NULL ? in_chain(host, top, args->base_node, args->base, lowest, error) : NULL;
    if (base == NULL) {
        return FALSE;
    }
    if (top == base) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "cannot commit an image into itself");
        return FALSE;
    }
    if (top != device) {
        return qh_block_commit_middle(graph, id, device, top, base, args->backing_file, &options,
                                      error);
    }
    if (args->backing_file != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'backing-file' specified, but 'top' is the active layer");
        return FALSE;
    }
    return qh_block_commit(graph, id, top, base, &options, error);
}

gboolean qh_qmp_block_stream(QhHost *host, const QhQmpBlockStreamArgs *args, GError **error)
{
    QhBlockNode *node = qh_qmp_node_of(host, args->device, error), *base;
    Common common = {args->has_auto_finalize, args->auto_finalize, args->has_auto_dismiss,
                     args->auto_dismiss,      args->has_speed,     args->speed,
                     args->has_on_error,      args->has_on_error,  args->on_error,
                     args->on_error};
    QhBlockJobOptions options;

    if (node == NULL || !job_options(&common, &options, error)) {
        return FALSE;
    }
    if (args->bottom != NULL && (args->base != NULL || args->base_node != NULL)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'bottom' and 'base' cannot be specified at the same time");
        return FALSE;
    }
    if (args->bottom != NULL) {
        QhBlockNode *bottom = in_chain(host, node, args->bottom, NULL, NULL, error);

        if (bottom == NULL) {
            return FALSE;
        }
        base = qh_block_node_backing(bottom);
    } else {
        base = in_chain(host, node, args->base_node, args->base, NULL, error);
        if (base == NULL && (args->base_node != NULL || args->base != NULL)) {
            return FALSE;
        }
    }
    if (base == NULL && args->backing_file != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "backing file specified, but streaming the entire chain");
        return FALSE;
    }
    return qh_block_stream(qh_host_blocks(host), args->job_id != NULL ? args->job_id : args->device,
                           node, base, args->backing_file, &options, error);
}

/* What bitmap= and sync= together ask for. */
static gboolean take_bitmap(const QhQmpBlockdevBackup *args, QhBlockBackup *what, GError **error)
{
    gboolean incremental = args->sync == QH_QMP_MIRROR_SYNC_MODE_INCREMENTAL;

    if (!incremental && args->sync != QH_QMP_MIRROR_SYNC_MODE_BITMAP) {
        if (args->bitmap != NULL || args->has_bitmap_mode) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                                "a bitmap is only for sync modes 'bitmap' and 'incremental'");
            return FALSE;
        }
        return sync_of(args->sync, &what->sync, error);
    }
    if (args->bitmap == NULL || (!incremental && !args->has_bitmap_mode)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "must provide a valid bitmap %s for '%s' sync mode",
                    args->bitmap == NULL ? "name" : "mode", incremental ? "incremental" : "bitmap");
        return FALSE;
    }
    if (incremental && args->has_bitmap_mode &&
        args->bitmap_mode != QH_QMP_BITMAP_SYNC_MODE_ON_SUCCESS) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Bitmap sync mode must be 'on-success' when using sync mode "
                            "'incremental'");
        return FALSE;
    }
    what->sync = QH_COPY_BITMAP;
    what->bitmap = args->bitmap;
    what->bitmap_sync = incremental                                          ? QH_BITMAP_ON_SUCCESS
                        : args->bitmap_mode == QH_QMP_BITMAP_SYNC_MODE_NEVER ? QH_BITMAP_NEVER
                        : args->bitmap_mode == QH_QMP_BITMAP_SYNC_MODE_ALWAYS
                            ? QH_BITMAP_ALWAYS
                            : QH_BITMAP_ON_SUCCESS;
    return TRUE;
}

static gboolean backup(QhHost *host,
                       const QhQmpBlockdevBackup *args,
                       QhBlockNode *source,
                       QhBlockNode *target,
                       GError **error)
{
    Common common = {args->has_auto_finalize,   args->auto_finalize,       args->has_auto_dismiss,
                     args->auto_dismiss,        args->has_speed,           args->speed,
                     args->has_on_source_error, args->has_on_target_error, args->on_source_error,
                     args->on_target_error};
    QhBlockBackup what = {
        .source = source,
        .target = target,
        .compress = args->has_compress && args->compress,
    };
    QhBlockJobOptions options;

    return job_options(&common, &options, error) && take_bitmap(args, &what, error) &&
           qh_block_backup(qh_host_blocks(host), args->job_id != NULL ? args->job_id : args->device,
                           &what, &options, error);
}

gboolean qh_qmp_blockdev_backup(QhHost *host, const QhQmpBlockdevBackup *args, GError **error)
{
    QhBlockNode *source = qh_qmp_node_of(host, args->device, error);
    QhBlockNode *target = source != NULL ? qh_qmp_node_of(host, args->target, error) : NULL;

    return target != NULL && backup(host, args, source, target, error);
}

/* The file of drive-mirror and drive-backup. NULL with @error. */
static QhBlockNode *new_target(QhBlockNode *source,
                               const QhBlockNewImage *wanted,
                               const char *node_name,
                               uint32_t sync,
                               QhBlockGraph *graph,
                               GError **error)
{
    QhBlockNewImage image = *wanted;
    QhBlockNode *backing = sync == QH_QMP_MIRROR_SYNC_MODE_TOP    ? qh_block_node_backing(source)
                           : sync == QH_QMP_MIRROR_SYNC_MODE_NONE ? source
                                                                  : NULL;
    g_autofree char *name = NULL;

    image.format = image.format != NULL ? image.format : qh_block_node_driver(source);
    image.bytes = qh_block_length(source);
    if (backing != NULL && !g_str_equal(image.format, "raw")) {
        name = qh_block_node_filename(backing);
        image.backing_name = name;
        image.backing_format = qh_block_node_driver(backing);
    } else {
        backing = NULL;
    }
    return qh_block_image_create(graph, &image, error)
               ? qh_block_image_open(graph, &image, node_name, backing, error)
               : NULL;
}

gboolean qh_qmp_drive_backup(QhHost *host, const QhQmpDriveBackup *args, GError **error)
{
    QhBlockNode *source = qh_qmp_node_of(host, args->device, error);
    /* the members that both kinds have are the same */
    QhQmpBlockdevBackup copy = {
        .job_id = args->job_id,
        .device = args->device,
        .sync = args->sync,
        .has_speed = args->has_speed,
        .speed = args->speed,
        .bitmap = args->bitmap,
        .has_bitmap_mode = args->has_bitmap_mode,
        .bitmap_mode = args->bitmap_mode,
        .has_compress = args->has_compress,
        .compress = args->compress,
        .has_on_source_error = args->has_on_source_error,
        .on_source_error = args->on_source_error,
        .has_on_target_error = args->has_on_target_error,
        .on_target_error = args->on_target_error,
        .has_auto_finalize = args->has_auto_finalize,
        .auto_finalize = args->auto_finalize,
        .has_auto_dismiss = args->has_auto_dismiss,
        .auto_dismiss = args->auto_dismiss,
    };
    QhBlockNewImage image = {
        .path = args->target,
        .format = args->format,
        .existing = args->has_mode && args->mode == QH_QMP_NEW_IMAGE_MODE_EXISTING,
    };

    QhBlockNode *target =
        source != NULL ? new_target(source, &image, NULL, args->sync, qh_host_blocks(host), error)
                       : NULL;
    gboolean ok = target != NULL && backup(host, &copy, source, target, error);
    qh_block_node_unref(target);
    return ok;
}

gboolean qh_qmp_drive_mirror(QhHost *host, const QhQmpDriveMirror *args, GError **error)
{
    QhBlockNode *source = qh_qmp_node_of(host, args->device, error), *replaces = NULL;
    QhCopySync sync = QH_COPY_FULL;
    Common common = {args->has_auto_finalize,   args->auto_finalize,       args->has_auto_dismiss,
                     args->auto_dismiss,        args->has_speed,           args->speed,
                     args->has_on_source_error, args->has_on_target_error, args->on_source_error,
                     args->on_target_error};
    QhBlockNewImage image = {
        .path = args->target,
        .format = args->format,
        .existing = args->has_mode && args->mode == QH_QMP_NEW_IMAGE_MODE_EXISTING,
    };
    QhBlockJobOptions options;

    if (source == NULL || !sync_of(args->sync, &sync, error) ||
        !job_options(&common, &options, error)) {
        return FALSE;
    }
    if (args->replaces != NULL) {
        replaces = qh_qmp_node_of(host, args->replaces, error);
        if (replaces == NULL) {
            return FALSE;
        }
    }
    QhBlockNode *target =
        new_target(source, &image, args->node_name, args->sync, qh_host_blocks(host), error);
    const QhBlockMirror mirror = {
        source,
        target,
        replaces,
        sync,
        args->has_copy_mode && args->copy_mode == QH_QMP_MIRROR_COPY_MODE_WRITE_BLOCKING,
    };
    gboolean ok =
        target != NULL &&
        qh_block_mirror(qh_host_blocks(host), args->job_id != NULL ? args->job_id : args->device,
                        &mirror, &options, error);
    qh_block_node_unref(target);
    return ok;
}
