/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that move data: as many as there is work for, up to a bound; idle ones leave. */
#ifndef QH_CORE_BLOCK_POOL_H
#define QH_CORE_BLOCK_POOL_H

#include <glib.h>

typedef struct QhBlockPool QhBlockPool;

QhBlockPool *qh_block_pool_new(guint max_threads);
void qh_block_pool_free(QhBlockPool *pool); /* does what is queued, then waits for the threads */
/* The first thread, so that whoever pushes need not make it. [main] */
void qh_block_pool_prepare(QhBlockPool *pool);
void qh_block_pool_push(QhBlockPool *pool, void (*fn)(void *data), void *data); /* [any] */

#endif
