/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks as they were at one moment: of what devices have written since, what was there before. To
 * go back it is written to the disk again, through the same graph of nodes: no image need be a
 * temporary one, and a machine that goes on from its past does so with the disk of that moment.
 */
#ifndef QH_CORE_SNAPSHOT_DISKS_H
#define QH_CORE_SNAPSHOT_DISKS_H

#include "core/block/device.h"

typedef struct QhDisks QhDisks;

QhDisks *qh_disks_new(void);
void qh_disks_free(QhDisks *disks);
uint64_t qh_disks_bytes(const QhDisks *disks); /* host memory that the copies take */

/* Copy what lies at @offset, unless there is a copy. FALSE: it cannot be read, or is too much. */
gboolean qh_disks_keep(QhDisks *disks, QhDrive *block, uint64_t offset, uint64_t bytes);
/* Write the copies back. FALSE: one could not be. */
gboolean qh_disks_put_back(QhDisks *disks);
/* @newer is of a later moment: what only it has goes over to @disks, and it is freed. */
void qh_disks_merge(QhDisks *disks, QhDisks *newer);

#endif
