/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job that fills a node in from below must not put old data over new: while it works on a piece,
 * writes there wait, and it waits for those that were there first.
 */
#ifndef QH_CORE_BLOCK_EXCLUDE_H
#define QH_CORE_BLOCK_EXCLUDE_H

#include "core/block/block-priv.h"

typedef struct QhBlockExclude QhBlockExclude;

/* It watches @node from here on; held by the caller. [main] */
QhBlockExclude *qh_block_exclude_new(QhBlockNode *node);
void qh_block_exclude_free(QhBlockExclude *exclude); /* the same; NULL is accepted */
/* From here on nobody writes to the piece but who says QH_BLOCK_UNCHANGED. [any] */
void qh_block_exclude_begin(QhBlockExclude *exclude, uint64_t offset, uint64_t bytes);
void qh_block_exclude_end(QhBlockExclude *exclude);

#endif
