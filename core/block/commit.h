/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commit at once, for the monitor. */
#ifndef QH_CORE_BLOCK_COMMIT_H
#define QH_CORE_BLOCK_COMMIT_H

#include "core/block/block.h"

/* What @node has goes into the node below it; @node stays where it is. [main] */
gboolean qh_block_commit_now(QhBlockNode *node, GError **error);

#endif
