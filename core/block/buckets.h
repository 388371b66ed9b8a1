/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaky buckets: what a request moves is poured into each bucket that it belongs to, a bucket leaks
 * at its limit, and a request may go while no bucket is above its rim. The rim is what may come in
 * a burst.
 */
#ifndef QH_CORE_BLOCK_BUCKETS_H
#define QH_CORE_BLOCK_BUCKETS_H

#include "core/block/throttle.h"

typedef struct QhBlockBucket {
    double rate, rim, level; /* units a second, units, units */
} QhBlockBucket;

typedef struct QhBlockBuckets {
    QhBlockLimits limits;
    QhBlockBucket bps[3], iops[3]; /* total, reads, writes */
    int64_t leaked_ns;             /* when */
} QhBlockBuckets;

gboolean qh_block_limits_any(const QhBlockLimits *limits);
/* FALSE with @error when they contradict each other. */
gboolean qh_block_limits_check(const QhBlockLimits *limits, GError **error);
void qh_block_buckets_init(QhBlockBuckets *buckets, const QhBlockLimits *limits, int64_t now_ns);
/* Nanoseconds until a request of @kind may go; 0: now. */
int64_t qh_block_buckets_wait(QhBlockBuckets *buckets, uint32_t kind, int64_t now_ns);
void qh_block_buckets_pour(QhBlockBuckets *buckets, uint32_t kind, uint64_t bytes);

/* throttle-group.c: objects whose limits nodes of driver "throttle" share. */
#define QH_THROTTLE_INTERFACE "qh.throttle"
typedef struct QhThrottleMethods {
    uint32_t size;
    uint32_t reserved;
    /* Waits until a request of @kind and @bytes may go. [any] */
    void (*admit)(void *object, uint32_t kind, uint64_t bytes);
} QhThrottleMethods;

#endif
