/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of L2 tables and refcount blocks in memory. They are written when the guest flushes, or
 * when one of them has to make room: then all of them, because of the order that they keep.
 */
#include "core/block/qcow2.h"

#include <errno.h>

static void slice_free(QhQcow2 *q, QcSlice *slice)
{
    if (slice->dirty) {
        *(slice->kind == QC_REF ? &q->dirty_refs : &q->dirty_l2s) -= 1;
    }
    g_queue_unlink(&q->lru, &slice->link);
    g_hash_table_remove(q->slices, &slice->offset);
    g_free(slice->data);
    g_free(slice);
}

/* Room for one more: the oldest go, written first if need be. */
static int make_room(QhQcow2 *q)
{
    while (q->lru.length >= q->slices_max) {
        QcSlice *oldest = q->lru.tail->data;

        if (oldest->dirty) {
            int error = qc_flush_tables(q, FALSE);

            if (error != 0) {
                return error;
            }
        }
        slice_free(q, q->lru.tail->data);
    }
    return 0;
}

int qc_slice(QhQcow2 *q, uint64_t offset, QcKind kind, gboolean wait, QcSlice **ret)
{
    offset -= offset % q->slice_bytes;
    QcSlice *slice = g_hash_table_lookup(q->slices, &offset);

    if (slice != NULL) {
        if (slice->kind != kind) {
            return qc_corrupt(q, "one cluster serves as two tables", offset);
        }
        g_queue_unlink(&q->lru, &slice->link);
        g_queue_push_head_link(&q->lru, &slice->link);
        *ret = slice;
        return 0;
    }
    if (!wait) {
        return EAGAIN;
    }
    int error = make_room(q);
    g_autofree uint8_t *data = error == 0 ? g_try_malloc(q->slice_bytes) : NULL;
    if (error == 0) {
        error = data != NULL ? qc_read(q, offset, data, q->slice_bytes) : ENOMEM;
    }
    if (error != 0) {
        return error;
    }
    slice = g_new0(QcSlice, 1);
    slice->offset = offset;
    slice->kind = kind;
    slice->data = g_steal_pointer(&data);
    slice->link.data = slice;
    g_queue_push_head_link(&q->lru, &slice->link);
    g_hash_table_insert(q->slices, &slice->offset, slice);
    *ret = slice;
    return 0;
}

void qc_slice_dirty(QhQcow2 *q, QcSlice *slice)
{
    if (!slice->dirty) {
        slice->dirty = TRUE;
        *(slice->kind == QC_REF ? &q->dirty_refs : &q->dirty_l2s) += 1;
    }
}

void qc_slices_drop(QhQcow2 *q, uint64_t offset, uint64_t bytes)
{
    for (uint64_t at = offset; at < offset + bytes; at += q->slice_bytes) {
        QcSlice *slice = g_hash_table_lookup(q->slices, &at);

        if (slice != NULL) {
            slice_free(q, slice);
        }
    }
}

void qc_slices_clear(QhQcow2 *q)
{
    while (q->lru.tail != NULL) {
        slice_free(q, q->lru.tail->data);
    }
}

void qc_l1_set(QhQcow2 *q, uint32_t index, uint64_t value)
{
    q->l1[index] = value;
    q->l1_dirty[index / 64] = TRUE;
    q->any_l1_dirty = TRUE;
}

static int write_slices(QhQcow2 *q, QcKind kind)
{
    for (GList *at = q->lru.head; at != NULL; at = at->next) {
        QcSlice *slice = at->data;

        if (!slice->dirty || slice->kind != kind) {
            continue;
        }
        int error = qc_write(q, slice->offset, slice->data, q->slice_bytes);
        if (error != 0) {
            return error;
        }
        slice->dirty = FALSE;
        *(kind == QC_REF ? &q->dirty_refs : &q->dirty_l2s) -= 1;
    }
    return 0;
}

static int write_l1(QhQcow2 *q)
{
    uint64_t sector[64];

    for (uint32_t i = 0; i * 64 < q->l1_entries; i++) {
        uint32_t n = MIN(64, q->l1_entries - i * 64);

        if (!q->l1_dirty[i]) {
            continue;
        }
        for (uint32_t k = 0; k < n; k++) {
            sector[k] = GUINT64_TO_BE(q->l1[i * 64 + k]);
        }
        int error = qc_write(q, q->l1_offset + (uint64_t)i * 512, sector, n * 8);
        if (error != 0) {
            return error;
        }
        q->l1_dirty[i] = FALSE;
    }
    q->any_l1_dirty = FALSE;
    return 0;
}

int qc_flush_tables(QhQcow2 *q, gboolean free)
{
    gboolean upper = q->dirty_l2s > 0 || q->any_l1_dirty;
    int error = q->dirty_refs > 0 ? write_slices(q, QC_REF) : 0;

    if (error == 0 && upper) {
        error = qc_barrier(q);
    }
    if (error == 0 && q->dirty_l2s > 0) {
        error = write_slices(q, QC_L2);
    }
    if (error == 0 && q->any_l1_dirty) {
        error = qc_barrier(q);
        error = error != 0 ? error : write_l1(q);
    }
    if (error == 0 && free && q->freed->len > 0) {
        error = qc_barrier(q);
        error = error != 0 ? error : qc_apply_freed(q);
        error = error != 0 ? error : write_slices(q, QC_REF);
    }
    return error;
}
