/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New files and images, as jobs. */
#ifndef QH_CORE_BLOCK_CREATE_H
#define QH_CORE_BLOCK_CREATE_H

#include "core/block/job.h"
#include "core/block/qcow2.h"

/* A file of @bytes; with @allocate, its space as well. [main] */
gboolean qh_block_create_file(QhBlockGraph *graph,
                              const char *id,
                              const char *filename,
                              uint64_t bytes,
                              gboolean allocate,
                              GError **error);
/* An image in @file; what @image points to is copied. [main] */
gboolean qh_block_create_qcow2(
    QhBlockGraph *graph, const char *id, QhBlockNode *file, const QcCreate *image, GError **error);

#endif
