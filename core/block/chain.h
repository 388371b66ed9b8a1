/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains of backing files: who is in them, and what images say of the one below. */
#ifndef QH_CORE_BLOCK_CHAIN_H
#define QH_CORE_BLOCK_CHAIN_H

#include "core/block/block-priv.h"

gboolean qh_block_chain_has(QhBlockNode *top, const QhBlockNode *node);
/* The image of that file name below (or at) @top. NULL with @error. [main] */
QhBlockNode *qh_block_chain_find(QhBlockNode *top, const char *filename, GError **error);
/* The node of the chain that stands on @node; NULL when that is @top. */
QhBlockNode *qh_block_chain_above(QhBlockNode *top, const QhBlockNode *node);
/* What the image of @node says about its backing file from now on; @name NULL: that it has none.
 * Opened for writing meanwhile if need be; held by the caller. [main] */
gboolean
qh_block_name_backing(QhBlockNode *node, const char *name, const char *format, GError **error);

/* image.c: a new file of @bytes in @format ("raw", "qcow2"), which may name a backing file; the
 * caller opens it. [main] */
typedef struct QhBlockNewImage {
    const char *path, *format;
    uint64_t bytes;
    const char *backing_name, *backing_format;
    gboolean existing; /* it is there: nothing is made */
} QhBlockNewImage;
gboolean qh_block_image_create(QhBlockGraph *graph, const QhBlockNewImage *image, GError **error);
/* Open it as a node @node_name (NULL: any) on @backing (NULL: on nothing). The caller gets a
 * reference. [main] */
QhBlockNode *qh_block_image_open(QhBlockGraph *graph,
                                 const QhBlockNewImage *image,
                                 const char *node_name,
                                 QhBlockNode *backing,
                                 GError **error);

#endif
