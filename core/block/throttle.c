/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaky buckets: what a request moves is poured into each bucket that it belongs to, a bucket leaks
 * at its limit, and a request may go while no bucket is above its rim. The rim is what may come in
 * a burst. Requests keep their order.
 */
#include "core/block/device-priv.h"
#include "core/loop/timers.h"

#include <string.h>

#define NS 1e9

typedef struct Bucket {
    double rate, rim, level; /* units a second, units, units */
} Bucket;

struct QhBlockThrottle {
    QhBlock *block;
    QhBlockLimits limits;
    Bucket bps[3], iops[3]; /* total, reads, writes */
    int64_t leaked;         /* when, on the real-time clock */
    QhTimer *timer;
    GQueue queue; /* QhBlockRequest */
};

static void bucket_init(Bucket *bucket, uint64_t average, uint64_t burst, uint64_t seconds)
{
    bucket->rate = (double)average;
    bucket->rim = burst != 0 ? (double)burst * (double)MAX(seconds, 1) : (double)average / 10;
    bucket->level = 0;
}

static gboolean any(const QhBlockLimits *limits)
{
    for (guint i = 0; i < 3; i++) {
        if (limits->bps[i] != 0 || limits->iops[i] != 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean check_one(const uint64_t *average, const uint64_t *burst, GError **error)
{
    if (average[0] != 0 && (average[1] != 0 || average[2] != 0)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "bps/iops total values and read/write values cannot be used at the "
                            "same time");
        return FALSE;
    }
    for (guint i = 0; i < 3; i++) {
        if (burst[i] != 0 && average[i] == 0) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                                "bps_max/iops_max require corresponding bps/iops values");
            return FALSE;
        }
        if (burst[i] != 0 && burst[i] < average[i]) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                                "bps_max/iops_max cannot be lower than bps/iops");
            return FALSE;
        }
        if (average[i] > UINT64_C(1000000000000000) || burst[i] > UINT64_C(1000000000000000)) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                                "bps/iops/max values must be within [0, 1000000000000000]");
            return FALSE;
        }
    }
    return TRUE;
}

static void leak(QhBlockThrottle *throttle, int64_t now)
{
    double seconds = (double)(now - throttle->leaked) / NS;

    throttle->leaked = now;
    for (guint i = 0; i < 3; i++) {
        Bucket *both[] = {&throttle->bps[i], &throttle->iops[i]};

        for (guint k = 0; k < 2; k++) {
            both[k]->level = MAX(0, both[k]->level - both[k]->rate * seconds);
        }
    }
}

/* Seconds until a request of @kind may go. */
static double wait_of(const QhBlockThrottle *throttle, uint32_t kind)
{
    guint way = kind == QH_BLOCK_READ ? 1 : 2;
    const Bucket *buckets[] = {&throttle->bps[0], &throttle->bps[way], &throttle->iops[0],
                               &throttle->iops[way]};
    double wait = 0;

    for (guint i = 0; i < G_N_ELEMENTS(buckets); i++) {
        const Bucket *bucket = buckets[i];

        if (bucket->rate > 0 && bucket->level > bucket->rim) {
            wait = MAX(wait, (bucket->level - bucket->rim) / bucket->rate);
        }
    }
    return wait;
}

static void pour(QhBlockThrottle *throttle, const QhBlockRequest *request)
{
    guint way = request->kind == QH_BLOCK_READ ? 1 : 2;
    double bytes = (double)request->bytes, operations = 1;

    if (throttle->limits.iops_size != 0 && request->bytes > throttle->limits.iops_size) {
        operations = bytes / (double)throttle->limits.iops_size;
    }
    throttle->bps[0].level += bytes;
    throttle->bps[way].level += bytes;
    throttle->iops[0].level += operations;
    throttle->iops[way].level += operations;
}

static QhTimers *timers_of(const QhBlockThrottle *throttle)
{
    return qh_host_timers(throttle->block->graph->host);
}

/* Send what may go; the timer waits for the rest. */
static void pump(void *opaque)
{
    QhBlockThrottle *throttle = opaque;
    int64_t now = qh_timers_now(timers_of(throttle), QH_CLOCK_REALTIME);
    QhBlockRequest *request;

    leak(throttle, now);
    while ((request = g_queue_peek_head(&throttle->queue)) != NULL) {
        double wait = wait_of(throttle, request->kind);

        if (wait > 0) {
            qh_timer_arm(throttle->timer, now + (int64_t)(wait * NS) + 1);
            return;
        }
        g_queue_pop_head(&throttle->queue);
        pour(throttle, request);
        qh_block_device_dispatch(throttle->block, request);
    }
}

gboolean qh_block_throttle_admit(QhBlock *block, QhBlockRequest *request)
{
    QhBlockThrottle *throttle = block->throttle;

    if (throttle == NULL || request->kind == QH_BLOCK_FLUSH) {
        return TRUE;
    }
    int64_t now = qh_timers_now(timers_of(throttle), QH_CLOCK_REALTIME);
    leak(throttle, now);
    double wait = wait_of(throttle, request->kind);
    if (throttle->queue.length == 0 && wait <= 0) {
        pour(throttle, request);
        return TRUE;
    }
    g_queue_push_tail(&throttle->queue, request);
    if (throttle->queue.length == 1) {
        qh_timer_arm(throttle->timer, now + (int64_t)(wait * NS) + 1);
    }
    return FALSE;
}

void qh_block_throttle_flush(QhBlock *block)
{
    QhBlockRequest *request;

    while (block->throttle != NULL &&
           (request = g_queue_pop_head(&block->throttle->queue)) != NULL) {
        qh_block_device_dispatch(block, request);
    }
}

void qh_block_throttle_free(QhBlockThrottle *throttle)
{
    if (throttle != NULL) {
        qh_timer_free(throttle->timer);
        g_free(throttle);
    }
}

gboolean qh_block_throttle_set(QhBlock *block, const QhBlockLimits *limits, GError **error)
{
    if (limits != NULL && (!check_one(limits->bps, limits->bps_max, error) ||
                           !check_one(limits->iops, limits->iops_max, error))) {
        return FALSE;
    }
    QhBlockThrottle *old = block->throttle;
    qh_block_throttle_flush(block);
    block->throttle = NULL;
    qh_block_throttle_free(old);
    if (limits == NULL || !any(limits)) {
        return TRUE;
    }
    QhBlockThrottle *throttle = g_new0(QhBlockThrottle, 1);
    throttle->block = block;
    throttle->limits = *limits;
    for (guint i = 0; i < 3; i++) {
        bucket_init(&throttle->bps[i], limits->bps[i], limits->bps_max[i], limits->bps_seconds[i]);
        bucket_init(&throttle->iops[i], limits->iops[i], limits->iops_max[i],
                    limits->iops_seconds[i]);
    }
    throttle->leaked = qh_timers_now(timers_of(throttle), QH_CLOCK_REALTIME);
    throttle->timer = qh_timer_new(timers_of(throttle), QH_CLOCK_REALTIME, pump, throttle);
    block->throttle = throttle;
    return TRUE;
}

const QhBlockLimits *qh_block_throttle_limits(const QhBlock *block)
{
    return block->throttle != NULL ? &block->throttle->limits : NULL;
}
