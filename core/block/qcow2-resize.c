/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing the length of the guest's disk. */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

/* A longer L1 table: a copy in new clusters, then the header points there. With the lock. */
static int grow_l1(QhQcow2 *q, uint64_t entries)
{
    uint64_t bytes = entries * 8, offset;
    uint64_t old_offset = q->l1_offset;
    uint64_t old_clusters = qc_align(q, (uint64_t)q->l1_entries * 8) / q->cluster_bytes;
    g_autofree uint64_t *table = g_try_new0(uint64_t, entries + 1);
    g_autofree uint64_t *written = g_try_new0(uint64_t, qc_align(q, bytes) / 8);
    g_autofree gboolean *dirty = g_try_new0(gboolean, entries / 64 + 1);
    uint8_t head[12];
    int error =
        table != NULL && written != NULL && dirty != NULL ? qc_flush_tables(q, FALSE) : ENOMEM;

    error = error != 0 ? error
                       : qc_alloc_all(q, MAX(qc_align(q, bytes) / q->cluster_bytes, 1), &offset);
    if (error != 0) {
        return error;
    }
    for (uint32_t i = 0; i < q->l1_entries; i++) {
        table[i] = q->l1[i];
        written[i] = GUINT64_TO_BE(q->l1[i]);
    }
    qc_slices_drop(q, offset, qc_align(q, bytes));
    uint32_t be_entries = GUINT32_TO_BE((uint32_t)entries);
    uint64_t be_offset = GUINT64_TO_BE(offset);
    memcpy(head, &be_entries, 4);
    memcpy(head + 4, &be_offset, 8);
    error = qc_write(q, offset, written, qc_align(q, bytes));
    error = error != 0 ? error : qc_flush_tables(q, FALSE);
    error = error != 0 ? error : qc_barrier(q);
    error = error != 0 ? error : qc_write(q, 36, head, sizeof(head));
    error = error != 0 ? error : qc_barrier(q);
    if (error != 0) {
        return error;
    }
    g_free(q->l1);
    g_free(q->l1_dirty);
    q->l1 = g_steal_pointer(&table);
    q->l1_dirty = g_steal_pointer(&dirty);
    q->l1_entries = (uint32_t)entries;
    q->l1_offset = offset;
    if (old_clusters > 0) {
        qc_free(q, old_offset, old_clusters);
    }
    return 0;
}

static int set_bytes(QhQcow2 *q, uint64_t bytes)
{
    uint64_t be = GUINT64_TO_BE(bytes);
    int error = qc_write(q, 24, &be, sizeof(be));

    if (error == 0) {
        __atomic_store_n(&q->bytes, bytes, __ATOMIC_RELAXED);
    }
    return error;
}

/* What becomes visible reads as zeroes, also where a longer backing file has something. */
static int hide_backing(QhBlockDriver *driver, uint64_t from, uint64_t to)
{
    QhBlockNode *backing = qh_block_node_child(driver->node, "backing");
    uint64_t length = backing != NULL ? qh_block_length(backing) : 0;

    if (length <= from) {
        return 0;
    }
    return qh_block_zero(driver->node, from, MIN(length, to) - from, QH_BLOCK_UNMAP);
}

gboolean qc_truncate(QhBlockDriver *driver, uint64_t bytes, GError **error)
{
    QhQcow2 *q = (QhQcow2 *)driver;
    uint64_t span = q->cluster_bytes * q->l2_entries, old = q->bytes;
    uint64_t entries = (bytes + span - 1) / span;
    int failed = 0;

    if (bytes % 512 != 0 || entries * 8 > QC_L1_MAX) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "%s",
                    bytes % 512 != 0 ? "The new size must be a multiple of 512"
                                     : "The image size is too large for its cluster size");
        return FALSE;
    }
    if (!q->writable || (q->snapshots->len > 0 && q->version < 3)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            q->writable ? "Can't resize a v2 image which has snapshots"
                                        : "the image is read-only");
        return FALSE;
    }
    if (bytes < old) {
        uint64_t first = qc_align(q, bytes);

        failed = first < old ? qc_io_discard(driver, first, old - first) : 0;
    }
    if (failed == 0 && q->data_file && bytes > qh_block_length(qc_data_node(q)) &&
        !qh_block_truncate(qc_data_node(q), bytes, error)) {
        return FALSE;
    }
    g_mutex_lock(&q->lock);
    if (failed == 0 && entries > q->l1_entries) {
        failed = grow_l1(q, entries);
    }
    failed = failed != 0 ? failed : set_bytes(q, bytes);
    g_mutex_unlock(&q->lock);
    if (failed == 0 && bytes > old) {
        failed = hide_backing(driver, old, bytes);
    }
    failed = failed != 0 ? failed : driver->node->ops->flush(driver);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Failed to resize the image: %s",
                    g_strerror(failed));
    }
    return failed == 0;
}
