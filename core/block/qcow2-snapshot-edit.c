/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots inside an image: a copy of the L1 table, and every table and cluster below it counts
 * once more. Counts come first, the row in the table of snapshots last, so that a crash between
 * leaves counts that are too high; when a snapshot goes it is the other way round.
 */
#include "core/block/qcow2.h"
#include "core/loop/timers.h"

#include <errno.h>
#include <string.h>

#define ROW_BYTES   40u
#define EXTRA_BYTES 24u
#define NAME_BYTES  255u

static uint64_t load(const uint8_t *data)
{
    uint64_t value;

    memcpy(&value, data, 8);
    return GUINT64_FROM_BE(value);
}

static void put(uint8_t *data, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        data[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
}

typedef int (*Visit)(QhQcow2 *q, uint64_t offset, uint64_t clusters);

static int visit_entry(QhQcow2 *q, uint64_t entry, Visit visit)
{
    uint64_t offset = entry & QC_OFFSET_MASK, bytes = q->cluster_bytes;

    if (entry & QC_COMPRESSED) {
        qc_packed(q, entry, &offset, &bytes);
    } else if (offset % q->cluster_bytes != 0) {
        return qc_corrupt(q, "a data cluster is not aligned", offset);
    }
    uint64_t first = offset / q->cluster_bytes, last = (offset + bytes - 1) / q->cluster_bytes;
    return offset != 0 ? visit(q, first * q->cluster_bytes, last - first + 1) : 0;
}

/* Everything that an L1 table leads to: data, then tables. With the lock. */
static int walk(QhQcow2 *q, const uint64_t *l1, uint32_t entries, Visit visit)
{
    g_autofree uint8_t *part = g_try_malloc(q->slice_bytes);
    int error = part != NULL ? 0 : ENOMEM;

    for (uint32_t i = 0; i < entries && error == 0; i++) {
        uint64_t table = l1[i] & QC_OFFSET_MASK;

        if (table % q->cluster_bytes != 0) {
            return qc_corrupt(q, "an L2 table is not aligned", table);
        }
        for (uint64_t at = 0; table != 0 && at < q->cluster_bytes && error == 0;
             at += q->slice_bytes) {
            QcSlice *slice;

            error = qc_slice(q, table + at, QC_L2, TRUE, &slice);
            if (error == 0) {
                memcpy(part, slice->data, q->slice_bytes);
            }
            for (uint32_t k = 0; k < q->slice_bytes && error == 0; k += q->l2_entry) {
                error = visit_entry(q, load(part + k), visit);
            }
        }
        if (table != 0 && error == 0) {
            error = visit(q, table, 1);
        }
    }
    return error;
}

static int count_up(QhQcow2 *q, uint64_t offset, uint64_t clusters)
{
    int error = 0;

    for (uint64_t i = 0; i < clusters && error == 0; i++) {
        uint64_t count;

        error = qc_refcount_add(q, offset / q->cluster_bytes + i, 1, &count);
    }
    return error;
}

static int count_down(QhQcow2 *q, uint64_t offset, uint64_t clusters)
{
    qc_free(q, offset, clusters);
    return 0;
}

/* Whether something at @offset is ours alone. */
static int is_own(QhQcow2 *q, uint64_t offset, gboolean *ret)
{
    uint64_t count = 0;
    int error = qc_refcount(q, offset / q->cluster_bytes, &count);

    *ret = count == 1;
    return error;
}

static int mark_entry(QhQcow2 *q, uint64_t table, uint64_t at, uint64_t entry)
{
    gboolean own = FALSE;

    if (entry & QC_COMPRESSED || (entry & QC_OFFSET_MASK) == 0) {
        return 0;
    }
    int error = is_own(q, entry & QC_OFFSET_MASK, &own);
    if (error != 0 || own == ((entry & QC_COPIED) != 0)) {
        return error;
    }
    QcSlice *slice;
    error = qc_slice(q, table + at, QC_L2, TRUE, &slice);
    if (error == 0) {
        put(slice->data + at % q->slice_bytes, own ? entry | QC_COPIED : entry & ~QC_COPIED, 8);
        qc_slice_dirty(q, slice);
    }
    return error;
}

/* The bits that say "counted once" are as the counts are. With the lock. */
static int mark_own(QhQcow2 *q)
{
    g_autofree uint8_t *part = g_try_malloc(q->slice_bytes);
    int error = part != NULL ? 0 : ENOMEM;

    for (uint32_t i = 0; i < q->l1_entries && error == 0; i++) {
        uint64_t table = q->l1[i] & QC_OFFSET_MASK;
        gboolean own = FALSE;

        if (table == 0) {
            continue;
        }
        error = is_own(q, table, &own);
        if (error == 0 && own != ((q->l1[i] & QC_COPIED) != 0)) {
            qc_l1_set(q, i, table | (own ? QC_COPIED : 0));
        }
        for (uint64_t at = 0; at < q->cluster_bytes && error == 0; at += q->slice_bytes) {
            QcSlice *slice;

            error = qc_slice(q, table + at, QC_L2, TRUE, &slice);
            if (error == 0) {
                memcpy(part, slice->data, q->slice_bytes);
            }
            for (uint32_t k = 0; k < q->slice_bytes && error == 0; k += q->l2_entry) {
                error = mark_entry(q, table, at + k, load(part + k));
            }
        }
    }
    return error;
}

static void append_row(GByteArray *rows, const QcSnapshot *row)
{
    static const uint8_t padding[8];
    uint8_t head[ROW_BYTES + EXTRA_BYTES];
    guint id_bytes = (guint)strlen(row->id), name_bytes = (guint)strlen(row->name);

    put(head, row->l1_offset, 8);
    put(head + 8, row->l1_entries, 4);
    put(head + 12, id_bytes, 2);
    put(head + 14, name_bytes, 2);
    put(head + 16, row->date_s, 4);
    put(head + 20, row->date_ns, 4);
    put(head + 24, row->vm_clock_ns, 8);
    put(head + 32, row->vm_state_bytes > UINT32_MAX ? 0 : row->vm_state_bytes, 4);
    put(head + 36, EXTRA_BYTES + row->unknown_bytes, 4);
    put(head + 40, row->vm_state_bytes, 8);
    put(head + 48, row->disk_bytes, 8);
    put(head + 56, row->icount, 8);
    g_byte_array_append(rows, head, sizeof(head));
    g_byte_array_append(rows, row->unknown, row->unknown_bytes);
    g_byte_array_append(rows, (const uint8_t *)row->id, id_bytes);
    g_byte_array_append(rows, (const uint8_t *)row->name, name_bytes);
    g_byte_array_append(rows, padding, (8 - rows->len % 8) % 8);
}

/* The table of snapshots in new clusters, then the header points there. With the lock. */
static int write_rows(QhQcow2 *q, const GPtrArray *snapshots)
{
    g_autoptr(GByteArray) rows = g_byte_array_new();
    uint64_t offset = 0;
    uint8_t head[12];
    int error = 0;

    for (guint i = 0; i < snapshots->len; i++) {
        append_row(rows, g_ptr_array_index(snapshots, i));
    }
    uint64_t bytes = rows->len;
    if (bytes > 0) {
        error = qc_alloc_all(q, qc_align(q, bytes) / q->cluster_bytes, &offset);
        error = error != 0 ? error : qc_write(q, offset, rows->data, bytes);
    }
    error = error != 0 ? error : qc_flush_tables(q, FALSE);
    error = error != 0 ? error : qc_barrier(q);
    put(head, snapshots->len, 4);
    put(head + 4, offset, 8);
    error = error != 0 ? error : qc_write(q, 60, head, sizeof(head));
    error = error != 0 ? error : qc_barrier(q);
    if (error == 0) {
        if (q->snapshots_bytes > 0) {
            qc_free(q, q->snapshots_offset, qc_align(q, q->snapshots_bytes) / q->cluster_bytes);
        }
        q->snapshots_offset = offset;
        q->snapshots_bytes = bytes;
    }
    return error;
}

static gboolean refuse(QhBlockNode *node, GError **error)
{
    const QhQcow2 *q = (const QhQcow2 *)node->state;
    const char *why = node->ops != &qh_block_qcow2 ? "the driver has no snapshots inside"
                      : !q->writable               ? "the image is read-only"
                      : q->corrupt                 ? "the image is corrupt"
                      : q->data_file               ? "its data is in another file"
                                                   : NULL;

    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "cannot change the snapshots inside node '%s': %s", node->name, why);
    }
    return why != NULL;
}

static QcSnapshot *find(const QhQcow2 *q, const char *id, const char *name, guint *ret_index)
{
    for (guint i = 0; i < q->snapshots->len; i++) {
        QcSnapshot *one = g_ptr_array_index(q->snapshots, i);

        if ((id == NULL || g_str_equal(one->id, id)) &&
            (name == NULL || g_str_equal(one->name, name))) {
            *ret_index = i;
            return one;
        }
    }
    return NULL;
}

static QcSnapshot *new_row(QhQcow2 *q, const char *name)
{
    QcSnapshot *row = g_new0(QcSnapshot, 1);
    gint64 now = g_get_real_time();
    uint64_t id = 0;

    for (guint i = 0; i < q->snapshots->len; i++) {
        const QcSnapshot *one = g_ptr_array_index(q->snapshots, i);

        id = MAX(id, g_ascii_strtoull(one->id, NULL, 10));
    }
    row->id = g_strdup_printf("%" G_GUINT64_FORMAT, id == UINT64_MAX ? id : id + 1);
    row->name = g_strdup(name);
    row->l1_entries = q->l1_entries;
    row->date_s = (uint32_t)(now / G_USEC_PER_SEC);
    row->date_ns = (uint32_t)(now % G_USEC_PER_SEC * 1000);
    row->vm_clock_ns = (uint64_t)qh_timers_now(qh_host_timers(q->driver.host), QH_CLOCK_VIRTUAL);
    row->disk_bytes = q->bytes;
    row->icount = UINT64_MAX;
    row->has_icount = TRUE;
    return row;
}

/* With the lock. */
static int create(QhQcow2 *q, QcSnapshot *row)
{
    uint64_t bytes = (uint64_t)q->l1_entries * 8;
    g_autofree uint64_t *l1 = g_try_malloc0(bytes + 8);
    g_autoptr(GPtrArray) rows = g_ptr_array_copy(q->snapshots, NULL, NULL);
    int error = l1 != NULL ? qc_flush_tables(q, TRUE) : ENOMEM;

    g_ptr_array_set_free_func(rows, NULL);
    g_ptr_array_add(rows, row);
    error = error != 0
                ? error
                : qc_alloc_all(q, MAX(qc_align(q, bytes) / q->cluster_bytes, 1), &row->l1_offset);
    error = error != 0 ? error : walk(q, q->l1, q->l1_entries, count_up);
    error = error != 0 ? error : mark_own(q);
    for (uint32_t i = 0; i < q->l1_entries && error == 0; i++) {
        l1[i] = GUINT64_TO_BE(q->l1[i]);
    }
    error = error != 0 ? error : qc_write(q, row->l1_offset, l1, bytes);
    return error != 0 ? error : write_rows(q, rows);
}

gboolean qh_qcow2_snapshot_create(QhBlockNode *node, const char *name, GError **error)
{
    QhQcow2 *q = (QhQcow2 *)node->state;
    guint index;

    if (refuse(node, error)) {
        return FALSE;
    }
    if (*name == '\0' || strlen(name) > NAME_BYTES || q->snapshots->len >= QC_SNAPSHOTS_MAX) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "%s",
                    *name == '\0'               ? "Name is empty"
                    : strlen(name) > NAME_BYTES ? "Name is too long"
                                                : "the image has as many snapshots as it can");
        return FALSE;
    }
    if (find(q, NULL, name, &index) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Snapshot with name '%s' already exists on device '%s'", name, node->name);
        return FALSE;
    }
    QcSnapshot *row = new_row(q, name);
    g_mutex_lock(&q->lock);
    int failed = create(q, row);
    QcCheck found;
    if (failed == 0) {
        g_ptr_array_add(q->snapshots, row);
        failed = qc_flush_tables(q, TRUE);
    } else { /* the counts as they were: what was counted up is found by counting anew */
        qc_snapshot_free(row);
        (void)qc_check(q, TRUE, &found, NULL);
        (void)mark_own(q);
        (void)qc_flush_tables(q, TRUE);
    }
    g_mutex_unlock(&q->lock);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Failed to create snapshot '%s' on device '%s': %s", name, node->name,
                    failed == EMFILE ? "the image's reference counts are too narrow"
                                     : g_strerror(failed));
    }
    return failed == 0;
}

/* With the lock. */
static int forget(QhQcow2 *q, const QcSnapshot *row)
{
    uint64_t bytes = (uint64_t)row->l1_entries * 8;
    g_autofree uint64_t *l1 = g_try_malloc0(bytes + 8);
    g_autoptr(GPtrArray) rows = g_ptr_array_copy(q->snapshots, NULL, NULL);
    int error = l1 != NULL ? qc_mark_in_use(q) : ENOMEM;

    g_ptr_array_set_free_func(rows, NULL);
    g_ptr_array_remove(rows, (gpointer)(uintptr_t)row);
    error = error != 0 ? error : qc_read(q, row->l1_offset, l1, bytes);
    for (uint32_t i = 0; i < row->l1_entries && error == 0; i++) {
        l1[i] = GUINT64_FROM_BE(l1[i]);
    }
    error = error != 0 ? error : write_rows(q, rows);
    error = error != 0 ? error : walk(q, l1, row->l1_entries, count_down);
    if (error == 0) {
        qc_free(q, row->l1_offset, MAX(qc_align(q, bytes) / q->cluster_bytes, 1));
    }
    error = error != 0 ? error : qc_flush_tables(q, TRUE);
    error = error != 0 ? error : mark_own(q);
    return error != 0 ? error : qc_flush_tables(q, TRUE);
}

QcSnapshot *
qh_qcow2_snapshot_delete(QhBlockNode *node, const char *id, const char *name, GError **error)
{
    QhQcow2 *q = (QhQcow2 *)node->state;
    guint index;

    if (refuse(node, error)) {
        return NULL;
    }
    if (id == NULL && name == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Name or id must be provided");
        return NULL;
    }
    QcSnapshot *row = find(q, id, name, &index);
    if (row == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Snapshot with id '%.64s' and name '%.64s' does not exist on device '%s'",
                    id != NULL ? id : "null", name != NULL ? name : "null", node->name);
        return NULL;
    }
    g_mutex_lock(&q->lock);
    int failed = forget(q, row);
    if (failed == 0) {
        (void)g_ptr_array_steal_index(q->snapshots, index);
    }
    g_mutex_unlock(&q->lock);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Failed to delete snapshot '%s' on device '%s': %s", row->name, node->name,
                    g_strerror(failed));
        return NULL;
    }
    return row;
}
