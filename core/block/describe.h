/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes and devices as QMP shows them. */
#ifndef QH_CORE_BLOCK_DESCRIBE_H
#define QH_CORE_BLOCK_DESCRIBE_H

#include "core/block/device.h"

/* BlockDeviceInfo of each node with a name; ImageInfo without those below when @flat. [main] */
QhJson *qh_block_describe_nodes(QhBlockGraph *graph, gboolean flat);
QhJson *qh_block_describe_devices(QhBlockGraph *graph); /* BlockInfo of each [main] */
/* BlockStats of each device, or of each node. [main] */
QhJson *qh_block_describe_stats(QhBlockGraph *graph, gboolean nodes);

#endif
