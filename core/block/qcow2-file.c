/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image's file, ranges of guest clusters, and what happens to an image that is broken. */
#include "core/block/qcow2.h"
#include "core/host/log.h"

#include <errno.h>
#include <string.h>

int qc_read(QhQcow2 *q, uint64_t offset, void *data, uint64_t bytes)
{
    uint64_t length = qh_block_length(q->file);
    uint64_t there = offset < length ? MIN(bytes, length - offset) : 0;

    memset((char *)data + there, 0, bytes - there);
    return there > 0 ? qh_block_read(q->file, offset, data, there) : 0;
}

int qc_write(QhQcow2 *q, uint64_t offset, const void *data, uint64_t bytes)
{
    QhBlockVec vec = {(void *)(uintptr_t)data, bytes};

    return qh_block_write_grow(q->file, offset, bytes, &vec, 1);
}

QhBlockNode *qc_data_node(QhQcow2 *q)
{
    return q->data_file ? qh_block_node_child(q->driver.node, "data-file") : q->file;
}

int qc_barrier(QhQcow2 *q)
{
    int error = q->data_file ? qh_block_flush(qc_data_node(q)) : 0;

    return error != 0 ? error : qh_block_flush(q->file);
}

int qc_corrupt(QhQcow2 *q, const char *what, uint64_t offset)
{
    if (!q->corrupt) {
        q->corrupt = TRUE;
        qh_block_report_corrupt(q->driver.node, what, offset, q->writable);
        if (q->writable && q->version >= 3) {
            q->incompatible |= QC_INCOMPAT_CORRUPT;
            uint64_t features = GUINT64_TO_BE(q->incompatible);
            (void)qc_write(q, 72, &features, sizeof(features));
        }
    }
    return EIO;
}

gboolean qc_range_conflict(const QhQcow2 *q, uint64_t start, uint64_t end, gboolean exclusive)
{
    for (const QcRange *at = q->ranges; at != NULL; at = at->next) {
        if ((exclusive || at->exclusive) && at->start < end && start < at->end) {
            return TRUE;
        }
    }
    return FALSE;
}

void qc_range_wait(QhQcow2 *q)
{
    q->range_waiters++;
    g_cond_wait(&q->changed, &q->lock);
    q->range_waiters--;
}

void qc_range_enter(QhQcow2 *q, QcRange *range)
{
    range->next = q->ranges;
    q->ranges = range;
}

void qc_range_leave(QhQcow2 *q, QcRange *range)
{
    g_mutex_lock(&q->lock);
    QcRange **at = &q->ranges;
    while (*at != range) {
        at = &(*at)->next;
    }
    *at = range->next;
    if (q->range_waiters > 0) {
        g_cond_broadcast(&q->changed);
    }
    g_mutex_unlock(&q->lock);
}
