/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often each cluster is used, and with that, which ones are free. */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

/* Counts in one refcount block. */
static uint64_t per_block(const QhQcow2 *q)
{
    return q->cluster_bytes * 8 / q->ref_bits;
}

/* Counts narrower than a byte fill it from its low end; wider ones are big-endian. */
uint64_t qc_get_count(const QhQcow2 *q, const uint8_t *data, uint64_t index)
{
    switch (q->ref_bits) {
    case 8:
        return data[index];
    case 16:
        return (uint64_t)data[index * 2] << 8 | data[index * 2 + 1];
    case 32:
    case 64: {
        uint32_t bytes = q->ref_bits / 8;
        uint64_t value = 0;

        for (uint32_t i = 0; i < bytes; i++) {
            value = value << 8 | data[index * bytes + i];
        }
        return value;
    }
    default: {
        uint64_t bit = index * q->ref_bits;

        return data[bit / 8] >> bit % 8 & ((1u << q->ref_bits) - 1);
    }
    }
}

void qc_set_count(const QhQcow2 *q, uint8_t *data, uint64_t index, uint64_t value)
{
    if (q->ref_bits >= 8) {
        uint32_t bytes = q->ref_bits / 8;

        for (uint32_t i = 0; i < bytes; i++) {
            data[index * bytes + i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
        }
        return;
    }
    uint64_t bit = index * q->ref_bits;
    uint8_t mask = (uint8_t)(((1u << q->ref_bits) - 1) << bit % 8);

    data[bit / 8] = (uint8_t)((data[bit / 8] & ~mask) | value << bit % 8);
}

static uint64_t count_max(const QhQcow2 *q)
{
    return q->ref_bits == 64 ? UINT64_MAX : (UINT64_C(1) << q->ref_bits) - 1;
}

/* The slice with the count of @cluster, and its place there; NULL: there is no block. */
static int find(QhQcow2 *q, uint64_t cluster, QcSlice **ret, uint64_t *ret_index)
{
    uint64_t block = cluster / per_block(q), in_block = cluster % per_block(q);
    uint64_t per_slice = (uint64_t)q->slice_bytes * 8 / q->ref_bits;
    uint64_t offset;

    *ret = NULL;
    if (block >= q->ref_entries || q->reftable[block] == 0) {
        return 0;
    }
    offset = q->reftable[block];
    if (offset % q->cluster_bytes != 0) {
        return qc_corrupt(q, "a refcount block is not aligned", offset);
    }
    *ret_index = in_block % per_slice;
    return qc_slice(q, offset + in_block / per_slice * q->slice_bytes, QC_REF, TRUE, ret);
}

int qc_refcount(QhQcow2 *q, uint64_t cluster, uint64_t *ret)
{
    QcSlice *slice;
    uint64_t index;
    int error = find(q, cluster, &slice, &index);

    *ret = error == 0 && slice != NULL ? qc_get_count(q, slice->data, index) : 0;
    return error;
}

/* The table itself has to grow: a new one, with the blocks that count it, behind all that the old
 * one can count; then the header points there. */
static int grow_table(QhQcow2 *q, uint64_t cluster)
{
    uint64_t first = MAX(cluster, (uint64_t)q->ref_entries * per_block(q));
    uint64_t clusters = 0, blocks = 0, entries = 0;

    first = (first + per_block(q) - 1) / per_block(q) * per_block(q);
    for (uint64_t old = UINT64_MAX; old != clusters + blocks;) {
        old = clusters + blocks;
        blocks = (old + per_block(q) - 1) / per_block(q);
        entries = MAX(first / per_block(q) + MAX(blocks, 1), (uint64_t)q->ref_entries * 3 / 2);
        clusters = qc_align(q, entries * 8) / q->cluster_bytes;
    }
    entries = clusters * q->cluster_bytes / 8;
    if (entries * 8 > QC_REFTABLE_MAX) {
        return EFBIG;
    }
    g_autofree uint64_t *table = g_try_new0(uint64_t, entries);
    g_autofree uint8_t *block = g_try_malloc0(q->cluster_bytes);
    if (table == NULL || block == NULL) {
        return ENOMEM;
    }
    uint64_t start = first * q->cluster_bytes;
    for (uint32_t i = 0; i < q->ref_entries; i++) {
        table[i] = GUINT64_TO_BE(q->reftable[i]);
    }
    for (uint64_t b = 0; b < blocks; b++) {
        memset(block, 0, q->cluster_bytes);
        for (uint64_t i = 0; i < per_block(q) && b * per_block(q) + i < clusters + blocks; i++) {
            qc_set_count(q, block, i, 1);
        }
        uint64_t at = start + (clusters + b) * q->cluster_bytes;
        table[first / per_block(q) + b] = GUINT64_TO_BE(at);
        int error = qc_write(q, at, block, q->cluster_bytes);
        if (error != 0) {
            return error;
        }
    }
    int error = qc_write(q, start, table, clusters * q->cluster_bytes);
    error = error != 0 ? error : qc_barrier(q);
    uint8_t head[12];
    uint64_t be_start = GUINT64_TO_BE(start);
    uint32_t be_clusters = GUINT32_TO_BE((uint32_t)clusters);
    memcpy(head, &be_start, 8);
    memcpy(head + 8, &be_clusters, 4);
    error = error != 0 ? error : qc_write(q, 48, head, sizeof(head));
    error = error != 0 ? error : qc_barrier(q);
    if (error != 0) {
        return error;
    }
    uint64_t old_offset = q->ref_offset;
    uint64_t old_clusters = qc_align(q, (uint64_t)q->ref_entries * 8) / q->cluster_bytes;
    for (uint64_t i = 0; i < entries; i++) {
        table[i] = GUINT64_FROM_BE(table[i]);
    }
    g_free(q->reftable);
    q->reftable = g_steal_pointer(&table);
    q->ref_entries = (uint32_t)entries;
    q->ref_offset = start;
    qc_free(q, old_offset, old_clusters);
    return 0;
}

/* A block for the counts around @cluster, which itself becomes that block: none of those it counts
 * can be in use yet. */
static int add_block(QhQcow2 *q, uint64_t cluster)
{
    uint64_t index = cluster / per_block(q);
    uint64_t offset = cluster * q->cluster_bytes;
    g_autofree uint8_t *block = g_try_malloc0(q->cluster_bytes);

    if (block == NULL) {
        return ENOMEM;
    }
    qc_set_count(q, block, cluster % per_block(q), 1);
    qc_slices_drop(q, offset, q->cluster_bytes);
    int error = qc_write(q, offset, block, q->cluster_bytes);
    error = error != 0 ? error : qc_barrier(q);
    uint64_t entry = GUINT64_TO_BE(offset);
    error = error != 0 ? error : qc_write(q, q->ref_offset + index * 8, &entry, 8);
    if (error == 0) {
        q->reftable[index] = offset;
    }
    return error;
}

int qc_refcount_add(QhQcow2 *q, uint64_t cluster, int64_t add, uint64_t *ret)
{
    QcSlice *slice;
    uint64_t index = 0;
    int error = find(q, cluster, &slice, &index);

    if (error != 0) {
        return error;
    }
    if (slice == NULL) {
        return add > 0 ? EIO
                       : qc_corrupt(q, "a cluster that nobody uses was to be freed",
                                    cluster * q->cluster_bytes);
    }
    uint64_t value = qc_get_count(q, slice->data, index);
    if (add < 0 && value < (uint64_t)-add) {
        return qc_corrupt(q, "a cluster that nobody uses was to be freed",
                          cluster * q->cluster_bytes);
    }
    if (add > 0 && value > count_max(q) - (uint64_t)add) {
        return EMFILE; /* the counts of this image are too narrow */
    }
    value += (uint64_t)add;
    qc_set_count(q, slice->data, index, value);
    qc_slice_dirty(q, slice);
    if (value == 0) {
        q->hint = MIN(q->hint, cluster);
    }
    *ret = value;
    return 0;
}

/* There is a block for @cluster. *@ret_taken: @cluster became one itself. */
static int cover(QhQcow2 *q, uint64_t cluster, gboolean *ret_taken)
{
    int error = 0;

    *ret_taken = FALSE;
    if (cluster / per_block(q) >= q->ref_entries) {
        error = grow_table(q, cluster);
    }
    if (error == 0 && q->reftable[cluster / per_block(q)] == 0) {
        error = add_block(q, cluster);
        *ret_taken = error == 0;
    }
    return error;
}

/* The next run of free clusters from @from on, at most @n, which have their blocks. */
static int free_run(QhQcow2 *q, uint64_t from, uint64_t n, uint64_t *ret_first, uint64_t *ret_n)
{
    uint64_t limit = (QC_OFFSET_MASK + 512) / q->cluster_bytes;
    uint64_t run = 0;

    for (uint64_t at = from; run < n; at++) {
        gboolean taken = FALSE;
        uint64_t count = 0;

        if (at >= limit) {
            return EFBIG;
        }
        int error = cover(q, at, &taken);
        error = error != 0 || taken ? error : qc_refcount(q, at, &count);
        if (error != 0) {
            return error;
        }
        if (taken || count != 0) {
            if (run > 0) {
                break;
            }
            continue;
        }
        if (run++ == 0) {
            *ret_first = at;
        }
    }
    *ret_n = run;
    return 0;
}

static int take(QhQcow2 *q, uint64_t first, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t count;
        int error = qc_refcount_add(q, first + i, 1, &count);

        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int qc_alloc(QhQcow2 *q, uint64_t n, uint64_t *ret_offset, uint64_t *ret_n)
{
    uint64_t first = 0;
    int error = qc_mark_in_use(q);

    error = error != 0 ? error : free_run(q, q->hint, n, &first, ret_n);
    error = error != 0 ? error : take(q, first, *ret_n);
    if (error == 0) {
        q->hint = first + *ret_n;
        *ret_offset = first * q->cluster_bytes;
        if (*ret_offset == 0) {
            return qc_corrupt(q, "the header's cluster counts as free", 0);
        }
    }
    return error;
}

int qc_alloc_all(QhQcow2 *q, uint64_t n, uint64_t *ret_offset)
{
    uint64_t from = q->hint, first = 0, run = 0;
    int error = qc_mark_in_use(q);

    while (error == 0 && run < n) {
        error = free_run(q, from, n, &first, &run);
        from = first + run + 1;
    }
    error = error != 0 ? error : take(q, first, n);
    if (error == 0) {
        if (first == q->hint) {
            q->hint = first + n;
        }
        *ret_offset = first * q->cluster_bytes;
        if (*ret_offset == 0) {
            return qc_corrupt(q, "the header's cluster counts as free", 0);
        }
    }
    return error;
}

int qc_alloc_bytes(QhQcow2 *q, uint64_t bytes, uint64_t *ret_offset)
{
    uint64_t n, count;

    if (q->packed_left < bytes) {
        int error = qc_alloc(q, 1, &q->packed_at, &n);

        q->packed_left = error == 0 ? q->cluster_bytes : 0;
        if (error != 0) {
            return error;
        }
    } else {
        int error = qc_refcount_add(q, q->packed_at / q->cluster_bytes, 1, &count);

        if (error != 0) { /* as many as can be counted */
            q->packed_left = 0;
            return error == EMFILE ? qc_alloc_bytes(q, bytes, ret_offset) : error;
        }
    }
    *ret_offset = q->packed_at;
    q->packed_at += bytes;
    q->packed_left -= bytes;
    if (q->packed_left == 0) {
        q->packed_at = 0;
    }
    return 0;
}

void qc_free(QhQcow2 *q, uint64_t offset, uint64_t clusters)
{
    QcFreed freed = {offset, clusters};

    if (q->packed_left > 0 && q->packed_at - q->packed_at % q->cluster_bytes == offset) {
        q->packed_left = 0;
    }
    g_array_append_val(q->freed, freed);
}

int qc_apply_freed(QhQcow2 *q)
{
    g_autoptr(GArray) freed = q->freed;
    int error = 0;

    q->freed = g_array_new(FALSE, FALSE, sizeof(QcFreed));
    for (guint i = 0; i < freed->len && error == 0; i++) {
        QcFreed *one = &g_array_index(freed, QcFreed, i);

        for (uint64_t n = 0; n < one->clusters && error == 0; n++) {
            uint64_t at = one->offset + n * q->cluster_bytes, count = 0;

            error = qc_refcount_add(q, at / q->cluster_bytes, -1, &count);
            if (error == 0 && count == 0) {
                qc_slices_drop(q, at, q->cluster_bytes);
                if (q->pass_request != 2) {
                    (void)qh_block_discard(q->file, at, q->cluster_bytes);
                }
            }
        }
    }
    return error;
}
