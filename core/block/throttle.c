/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of one device (buckets.h). Requests keep their order. */
#include "core/block/buckets.h"
#include "core/block/device-priv.h"
#include "core/loop/timers.h"

struct QhBlockThrottle {
    QhDrive *block;
    QhBlockBuckets buckets;
    QhTimer *timer;
    GQueue queue; /* QhBlockRequest */
};

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

    while ((request = g_queue_peek_head(&throttle->queue)) != NULL) {
        int64_t wait = qh_block_buckets_wait(&throttle->buckets, request->kind, now);

        if (wait > 0) {
            qh_timer_arm(throttle->timer, now + wait);
            return;
        }
        g_queue_pop_head(&throttle->queue);
        qh_block_buckets_pour(&throttle->buckets, request->kind, request->bytes);
        qh_block_device_dispatch(throttle->block, request);
    }
}

gboolean qh_block_throttle_admit(QhDrive *block, QhBlockRequest *request)
{
    QhBlockThrottle *throttle = block->throttle;

    if (throttle == NULL || request->kind == QH_BLOCK_FLUSH) {
        return TRUE;
    }
    int64_t now = qh_timers_now(timers_of(throttle), QH_CLOCK_REALTIME);
    int64_t wait = qh_block_buckets_wait(&throttle->buckets, request->kind, now);
    if (throttle->queue.length == 0 && wait <= 0) {
        qh_block_buckets_pour(&throttle->buckets, request->kind, request->bytes);
        return TRUE;
    }
    g_queue_push_tail(&throttle->queue, request);
    if (throttle->queue.length == 1) {
        qh_timer_arm(throttle->timer, now + wait);
    }
    return FALSE;
}

void qh_block_throttle_flush(QhDrive *block)
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

gboolean qh_block_throttle_set(QhDrive *block, const QhBlockLimits *limits, GError **error)
{
    if (limits != NULL && !qh_block_limits_check(limits, error)) {
        return FALSE;
    }
    QhBlockThrottle *old = block->throttle;
    qh_block_throttle_flush(block);
    block->throttle = NULL;
    qh_block_throttle_free(old);
    if (limits == NULL || !qh_block_limits_any(limits)) {
        return TRUE;
    }
    QhBlockThrottle *throttle = g_new0(QhBlockThrottle, 1);
    throttle->block = block;
    qh_block_buckets_init(&throttle->buckets, limits,
                          qh_timers_now(timers_of(throttle), QH_CLOCK_REALTIME));
    throttle->timer = qh_timer_new(timers_of(throttle), QH_CLOCK_REALTIME, pump, throttle);
    block->throttle = throttle;
    return TRUE;
}

const QhBlockLimits *qh_block_throttle_limits(const QhDrive *block)
{
    return block->throttle != NULL ? &block->throttle->buckets.limits : NULL;
}
