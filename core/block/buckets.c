/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/block/buckets.h"

#define NS 1e9

static void bucket_init(QhBlockBucket *bucket, uint64_t average, uint64_t burst, uint64_t seconds)
{
    bucket->rate = (double)average;
    bucket->rim = burst != 0 ? (double)burst * (double)MAX(seconds, 1) : (double)average / 10;
    bucket->level = 0;
}

gboolean qh_block_limits_any(const QhBlockLimits *limits)
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

gboolean qh_block_limits_check(const QhBlockLimits *limits, GError **error)
{
    return check_one(limits->bps, limits->bps_max, error) &&
           check_one(limits->iops, limits->iops_max, error);
}

void qh_block_buckets_init(QhBlockBuckets *buckets, const QhBlockLimits *limits, int64_t now_ns)
{
    buckets->limits = *limits;
    buckets->leaked_ns = now_ns;
    for (guint i = 0; i < 3; i++) {
        bucket_init(&buckets->bps[i], limits->bps[i], limits->bps_max[i], limits->bps_seconds[i]);
        bucket_init(&buckets->iops[i], limits->iops[i], limits->iops_max[i],
                    limits->iops_seconds[i]);
    }
}

static void leak(QhBlockBuckets *buckets, int64_t now_ns)
{
    double seconds = (double)(now_ns - buckets->leaked_ns) / NS;

    buckets->leaked_ns = now_ns;
    for (guint i = 0; i < 3; i++) {
        QhBlockBucket *both[] = {&buckets->bps[i], &buckets->iops[i]};

        for (guint k = 0; k < 2; k++) {
            both[k]->level = MAX(0, both[k]->level - both[k]->rate * seconds);
        }
    }
}

int64_t qh_block_buckets_wait(QhBlockBuckets *buckets, uint32_t kind, int64_t now_ns)
{
    guint way = kind == QH_BLOCK_READ ? 1 : 2;
    const QhBlockBucket *all[] = {&buckets->bps[0], &buckets->bps[way], &buckets->iops[0],
                                  &buckets->iops[way]};
    double wait = 0;

    leak(buckets, now_ns);
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        const QhBlockBucket *bucket = all[i];

        if (bucket->rate > 0 && bucket->level > bucket->rim) {
            wait = MAX(wait, (bucket->level - bucket->rim) / bucket->rate);
        }
    }
    return wait > 0 ? (int64_t)(wait * NS) + 1 : 0;
}

void qh_block_buckets_pour(QhBlockBuckets *buckets, uint32_t kind, uint64_t moved)
{
    guint way = kind == QH_BLOCK_READ ? 1 : 2;
    double bytes = (double)moved, operations = 1;

    if (buckets->limits.iops_size != 0 && moved > buckets->limits.iops_size) {
        operations = bytes / (double)buckets->limits.iops_size;
    }
    buckets->bps[0].level += bytes;
    buckets->bps[way].level += bytes;
    buckets->iops[0].level += operations;
    buckets->iops[way].level += operations;
}
