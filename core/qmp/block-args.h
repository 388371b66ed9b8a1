/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands on disks have in common. */
#ifndef QH_CORE_QMP_BLOCK_ARGS_H
#define QH_CORE_QMP_BLOCK_ARGS_H

#include "core/block/bitmap.h"
#include "core/block/device.h"
#include "core/block/job.h"
#include "qapi/qapi-commands-block-job.h"

/* By node name, or the medium of a drive or device. NULL with @error. [main] */
QhBlockNode *qh_qmp_node_of(QhHost *host, const char *name, GError **error);

/* What an action of a transaction needs to be undone. */
typedef struct QhQmpUndo {
    QhBlockNode *node, *other; /* references; a node and what was put on it */
    QhBlockBitmap *bitmap;
    uint64_t *words; /* what the bitmap had; g_freed */
    gboolean recording;
} QhQmpUndo;

/* An overlay in a new file, as the command has it; *@ret_undo gets what was made. [main] */
gboolean qh_qmp_overlay_add(QhHost *host,
                            const QhQmpBlockdevSnapshotSync *args,
                            QhQmpUndo *ret_undo,
                            GError **error);

#endif
