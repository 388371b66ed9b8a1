/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting all references to all clusters anew, and putting the stored counts right. */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

#define CLUSTERS_MAX (UINT64_C(1) << 31) /* what is counted takes 2 bytes each */

typedef struct Count {
    QhQcow2 *q;
    uint16_t *uses; /* of each cluster; the largest stands for all above */
    uint64_t clusters;
    uint64_t damaged; /* references that lead nowhere */
} Count;

static void note(Count *count, uint64_t offset, uint64_t bytes)
{
    uint64_t end;

    if (bytes == 0) {
        return;
    }
    if (__builtin_add_overflow(offset, bytes - 1, &end) ||
        end / count->q->cluster_bytes >= count->clusters) {
        count->damaged++;
        return;
    }
    for (uint64_t at = offset / count->q->cluster_bytes; at <= end / count->q->cluster_bytes;
         at++) {
        count->uses[at] += count->uses[at] < UINT16_MAX;
    }
}

static int note_l2(Count *count, uint64_t table)
{
    QhQcow2 *q = count->q;
    g_autofree uint64_t *entries = g_try_malloc(q->cluster_bytes);
    int error = entries != NULL ? qc_read(q, table, entries, q->cluster_bytes) : ENOMEM;

    for (uint64_t i = 0; i < q->l2_entries && error == 0; i++) {
        uint64_t entry = GUINT64_FROM_BE(entries[i * (q->l2_entry / 8)]);

        if (entry & QC_COMPRESSED) {
            uint64_t offset, bytes;

            qc_packed(q, entry, &offset, &bytes);
            note(count, offset, bytes);
        } else if ((entry & QC_OFFSET_MASK) != 0 && !q->data_file) {
            note(count, entry & QC_OFFSET_MASK, q->cluster_bytes);
        }
    }
    return error;
}

static int note_l1(Count *count, const uint64_t *l1, uint32_t entries)
{
    QhQcow2 *q = count->q;
    int error = 0;

    for (uint32_t i = 0; i < entries && error == 0; i++) {
        uint64_t table = l1[i] & QC_OFFSET_MASK;

        if (table == 0) {
            continue;
        }
        if (table % q->cluster_bytes != 0 || table / q->cluster_bytes >= count->clusters) {
            count->damaged++;
            continue;
        }
        note(count, table, q->cluster_bytes);
        error = note_l2(count, table);
    }
    return error;
}

static int note_snapshots(Count *count)
{
    QhQcow2 *q = count->q;
    int error = 0;

    note(count, q->snapshots_offset, q->snapshots_bytes);
    for (guint i = 0; i < q->snapshots->len && error == 0; i++) {
        const QcSnapshot *snapshot = g_ptr_array_index(q->snapshots, i);
        uint64_t bytes = (uint64_t)snapshot->l1_entries * 8;
        g_autofree uint64_t *l1 = g_try_malloc(bytes + 1);

        error = l1 != NULL ? qc_read(q, snapshot->l1_offset, l1, bytes) : ENOMEM;
        if (error != 0) {
            break;
        }
        for (uint32_t k = 0; k < snapshot->l1_entries; k++) {
            l1[k] = GUINT64_FROM_BE(l1[k]);
        }
        note(count, snapshot->l1_offset, bytes);
        error = note_l1(count, l1, snapshot->l1_entries);
    }
    return error;
}

/* Big-endian numbers in what the extension about bitmaps points to. */
static uint64_t number(const uint8_t *data, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

/* Directory, tables and data of persistent bitmaps. */
static int note_bitmaps(Count *count)
{
    QhQcow2 *q = count->q;
    const QcExtension *extension = qc_extension(q, QC_EXT_BITMAPS);

    if (extension == NULL || extension->bytes < 24) {
        return 0;
    }
    uint64_t bytes = number(extension->data + 8, 8), offset = number(extension->data + 16, 8);
    if (bytes > 64u << 20) {
        count->damaged++;
        return 0;
    }
    g_autofree uint8_t *directory = g_try_malloc(bytes + 1);
    int error = directory != NULL ? qc_read(q, offset, directory, bytes) : ENOMEM;
    note(count, offset, bytes);
    for (uint64_t at = 0; error == 0 && at + 24 <= bytes;) {
        uint64_t table = number(directory + at, 8), entries = number(directory + at + 8, 4);
        uint64_t names = number(directory + at + 18, 2), extra = number(directory + at + 20, 4);

        if (entries > (8u << 20)) {
            count->damaged++;
            return 0;
        }
        g_autofree uint64_t *rows = g_try_malloc(entries * 8 + 1);
        error = rows != NULL ? qc_read(q, table, rows, entries * 8) : ENOMEM;
        note(count, table, entries * 8);
        for (uint64_t i = 0; error == 0 && i < entries; i++) {
            uint64_t data = GUINT64_FROM_BE(rows[i]) & QC_OFFSET_MASK;

            note(count, data, data != 0 ? q->cluster_bytes : 0);
        }
        at += (24 + extra + names + 7) / 8 * 8;
    }
    return error;
}

static int note_all(Count *count)
{
    QhQcow2 *q = count->q;
    int error = note_l1(count, q->l1, q->l1_entries);

    note(count, 0, q->cluster_bytes);
    note(count, q->l1_offset, (uint64_t)q->l1_entries * 8);
    note(count, q->ref_offset, (uint64_t)q->ref_entries * 8);
    for (uint32_t i = 0; i < q->ref_entries; i++) {
        if (q->reftable[i] != 0) {
            note(count, q->reftable[i], q->cluster_bytes);
        }
    }
    const QcExtension *crypt = qc_extension(q, QC_EXT_CRYPT);
    if (crypt != NULL && crypt->bytes >= 16) {
        note(count, number(crypt->data, 8), number(crypt->data + 8, 8));
    }
    error = error != 0 ? error : note_snapshots(count);
    return error != 0 ? error : note_bitmaps(count);
}

static int compare(Count *count, gboolean fix, QcCheck *ret)
{
    QhQcow2 *q = count->q;
    int error = 0;

    for (uint64_t i = 0; i < count->clusters && error == 0; i++) {
        uint64_t stored = 0, new_value = 0;

        error = qc_refcount(q, i, &stored);
        if (error != 0 || stored == count->uses[i] ||
            (count->uses[i] == UINT16_MAX && stored > UINT16_MAX)) {
            continue;
        }
        gboolean leak = stored > count->uses[i];
        *(leak ? &ret->leaks : &ret->corruptions) += 1;
        if (!fix) {
            continue;
        }
        /* a block that is missing is one that nothing can have been counted in */
        error = qc_refcount_add(q, i, (int64_t)count->uses[i] - (int64_t)stored, &new_value);
        *(leak ? &ret->leaks_fixed : &ret->corruptions_fixed) += error == 0;
    }
    return error;
}

gboolean qc_check(QhQcow2 *q, gboolean fix, QcCheck *ret, GError **error)
{
    Count count = {.q = q};
    uint64_t length = qh_block_length(q->file);
    int failed = 0;

    *ret = (QcCheck){0};
    count.clusters = qc_align(q, length) / q->cluster_bytes;
    if (count.clusters > CLUSTERS_MAX) {
        failed = EFBIG;
    }
    count.uses = failed == 0 ? g_try_new0(uint16_t, count.clusters + 1) : NULL;
    if (failed == 0) {
        failed = count.uses != NULL ? note_all(&count) : ENOMEM;
    }
    ret->corruptions = count.damaged;
    if (failed == 0 && count.damaged > 0 && fix) {
        failed = qc_corrupt(q, "a table points behind the end", length);
    }
    failed = failed != 0 ? failed : compare(&count, fix, ret);
    g_free(count.uses);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "checking the image failed: %s",
                    g_strerror(failed));
        return FALSE;
    }
    return TRUE;
}
