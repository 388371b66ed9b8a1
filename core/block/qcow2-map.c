/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From places on the guest's disk to places in the file: L1, L2, subclusters. */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

static uint64_t load(const uint8_t *data)
{
    uint64_t value;

    memcpy(&value, data, 8);
    return GUINT64_FROM_BE(value);
}

static void store(uint8_t *data, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    memcpy(data, &value, 8);
}

void qc_packed(const QhQcow2 *q, uint64_t entry, uint64_t *ret_offset, uint64_t *ret_bytes)
{
    uint32_t shift = 62 - (q->cluster_bits - 8);
    uint64_t sectors = (entry >> shift & ((UINT64_C(1) << (q->cluster_bits - 8)) - 1)) + 1;

    *ret_offset = entry & ((UINT64_C(1) << shift) - 1);
    *ret_bytes = sectors * 512 - *ret_offset % 512;
}

gboolean qc_is_metadata(QhQcow2 *q, uint64_t offset)
{
    uint64_t end = offset + q->cluster_bytes;
    const struct {
        uint64_t start, bytes;
    } tables[] = {
        {0,                   q->cluster_bytes            },
        {q->l1_offset,        (uint64_t)q->l1_entries * 8 },
        {q->ref_offset,       (uint64_t)q->ref_entries * 8},
        {q->snapshots_offset, q->snapshots_bytes          },
    };

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (tables[i].bytes != 0 && offset < tables[i].start + tables[i].bytes &&
            tables[i].start < end) {
            return TRUE;
        }
    }
    for (uint64_t at = offset; at < end; at += q->slice_bytes) {
        if (g_hash_table_contains(q->slices, &at)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Where the table for @offset is; 0: there is none. */
static int table_of(QhQcow2 *q, uint64_t offset, uint64_t *ret)
{
    uint64_t index = offset / q->cluster_bytes / q->l2_entries;

    *ret = 0;
    if (index >= q->l1_entries) {
        return 0;
    }
    *ret = q->l1[index] & QC_OFFSET_MASK;
    if (*ret % q->cluster_bytes != 0) {
        return qc_corrupt(q, "an L2 table is not aligned", *ret);
    }
    return 0;
}

static int entry_slice(
    QhQcow2 *q, uint64_t table, uint64_t offset, gboolean wait, QcSlice **ret, uint32_t *ret_at)
{
    uint64_t at = offset / q->cluster_bytes % q->l2_entries * q->l2_entry;

    *ret_at = (uint32_t)(at % q->slice_bytes);
    return qc_slice(q, table + at / q->slice_bytes * q->slice_bytes, QC_L2, wait, ret);
}

/* What one entry says about the subcluster @sub. */
static int judge(QhQcow2 *q, uint64_t entry, uint64_t bitmap, uint32_t sub, QcMap *map)
{
    uint64_t host = entry & QC_OFFSET_MASK;

    map->entry = entry;
    map->bitmap = bitmap;
    map->copied = (entry & QC_COPIED) != 0;
    if (entry & QC_COMPRESSED) {
        map->kind = QC_MAP_PACKED;
        map->host = entry;
        if (q->data_file) {
            return qc_corrupt(q, "a compressed cluster in a data file", entry);
        }
        return 0;
    }
    if (host % q->cluster_bytes != 0) {
        return qc_corrupt(q, "a data cluster is not aligned", host);
    }
    /* in a data file the cluster at 0 is one like others */
    map->has_host = host != 0 || (q->data_file && map->copied);
    if (q->extended) {
        gboolean data = (bitmap >> sub & 1) != 0, zero = (bitmap >> (sub + 32) & 1) != 0;

        if ((data && zero) || (data && !map->has_host)) {
            return qc_corrupt(q, "subclusters that cannot be", host);
        }
        map->kind = data ? QC_MAP_DATA : zero ? QC_MAP_ZERO : QC_MAP_NONE;
    } else {
        gboolean zero = q->version >= 3 && (entry & QC_ZERO) != 0;

        map->kind = zero ? QC_MAP_ZERO : map->has_host ? QC_MAP_DATA : QC_MAP_NONE;
    }
    map->host = host;
    return 0;
}

/* One subcluster's worth from @offset on. */
static int map_one(QhQcow2 *q, const uint8_t *data, uint32_t at, uint64_t offset, QcMap *map)
{
    uint64_t in = offset % q->cluster_bytes;
    uint64_t bitmap = q->extended ? load(data + at + 8) : 0;
    int error = judge(q, load(data + at), bitmap, (uint32_t)(in / q->sub_bytes), map);

    if (map->kind == QC_MAP_PACKED) {
        map->bytes = q->cluster_bytes - in;
        return error;
    }
    map->host += in;
    map->bytes = q->sub_bytes - in % q->sub_bytes;
    return error;
}

static gboolean goes_on(const QcMap *map, const QcMap *next)
{
    if (map->kind != next->kind || map->kind == QC_MAP_PACKED || map->has_host != next->has_host ||
        map->copied != next->copied) {
        return FALSE;
    }
    return !map->has_host || map->host + map->bytes == next->host;
}

int qc_map(QhQcow2 *q, uint64_t offset, uint64_t bytes, gboolean wait, QcMap *ret)
{
    uint64_t table, span = q->l2_entries * q->cluster_bytes;
    uint32_t at;
    QcSlice *slice;
    int error = q->corrupt ? EIO : table_of(q, offset, &table);

    *ret = (QcMap){0};
    if (error != 0) {
        return error;
    }
    if (table == 0) {
        ret->bytes = MIN(bytes, span - offset % span);
        return 0;
    }
    error = entry_slice(q, table, offset, wait, &slice, &at);
    error = error != 0 ? error : map_one(q, slice->data, at, offset, ret);
    while (error == 0 && ret->bytes < bytes) {
        uint64_t next_offset = offset + ret->bytes;
        QcMap next = {0};

        if (next_offset % q->cluster_bytes == 0) {
            at += q->l2_entry;
        }
        if (at >= q->slice_bytes) {
            break;
        }
        error = map_one(q, slice->data, at, next_offset, &next);
        if (error != 0 || !goes_on(ret, &next)) {
            break;
        }
        ret->bytes += next.bytes;
    }
    ret->bytes = MIN(ret->bytes, bytes);
    return error;
}

/* A table of our own in place of one that a snapshot uses, or of none. */
static int new_table(QhQcow2 *q, uint32_t index, uint64_t old)
{
    uint64_t offset, n;
    g_autofree uint8_t *data = g_try_malloc0(q->cluster_bytes);
    int error = data != NULL ? qc_alloc(q, 1, &offset, &n) : ENOMEM;

    for (uint64_t at = 0; old != 0 && error == 0 && at < q->cluster_bytes; at += q->slice_bytes) {
        QcSlice *slice;

        error = qc_slice(q, old + at, QC_L2, TRUE, &slice);
        if (error == 0) {
            memcpy(data + at, slice->data, q->slice_bytes);
        }
    }
    if (error != 0) {
        return error;
    }
    qc_slices_drop(q, offset, q->cluster_bytes);
    error = qc_write(q, offset, data, q->cluster_bytes);
    if (error == 0) {
        qc_l1_set(q, index, offset | QC_COPIED);
        if (old != 0) {
            qc_free(q, old, 1);
        }
    }
    return error;
}

int qc_map_prepare(QhQcow2 *q, uint64_t offset)
{
    uint64_t index = offset / q->cluster_bytes / q->l2_entries, table;
    int error = q->corrupt ? EIO : table_of(q, offset, &table);

    if (error != 0) {
        return error;
    }
    if (index >= q->l1_entries) {
        return qc_corrupt(q, "the L1 table is too short", q->l1_offset);
    }
    if (table != 0 && q->l1[index] & QC_COPIED) {
        return 0;
    }
    return new_table(q, (uint32_t)index, table);
}

int qc_map_set(QhQcow2 *q, uint64_t offset, uint64_t entry, uint64_t bitmap, gboolean drop)
{
    uint64_t table;
    uint32_t at;
    QcSlice *slice;
    int error = qc_map_prepare(q, offset);

    error = error != 0 ? error : table_of(q, offset, &table);
    error = error != 0 ? error : entry_slice(q, table, offset, TRUE, &slice, &at);
    if (error == 0) {
        uint64_t old = load(slice->data + at);

        store(slice->data + at, entry);
        if (q->extended) {
            store(slice->data + at + 8, bitmap);
        }
        qc_slice_dirty(q, slice);
        if (drop) {
            qc_map_free(q, old);
        }
    }
    return error;
}

void qc_map_free(QhQcow2 *q, uint64_t entry)
{
    if (entry & QC_COMPRESSED) {
        uint64_t offset, bytes;

        qc_packed(q, entry, &offset, &bytes);
        uint64_t first = offset / q->cluster_bytes, last = (offset + bytes - 1) / q->cluster_bytes;
        qc_free(q, first * q->cluster_bytes, last - first + 1);
    } else if ((entry & QC_OFFSET_MASK) != 0 && !q->data_file) {
        qc_free(q, entry & QC_OFFSET_MASK, 1);
    }
}
