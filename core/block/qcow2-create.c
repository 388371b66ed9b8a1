/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new image: header, refcount table, one block of counts, L1 table, nothing else. */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

static gboolean bad(GError **error, const char *text)
{
    g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, text);
    return FALSE;
}

static gboolean take(QhQcow2 *q, const QcCreate *create, GError **error)
{
    uint64_t cluster = create->cluster_bytes;

    if (cluster < 512 || cluster > 2u << 20 || (cluster & (cluster - 1)) != 0) {
        return bad(error, "Cluster size must be a power of two between 512 and 2048k");
    }
    if (create->ref_bits == 0 || create->ref_bits > 64 ||
        (create->ref_bits & (create->ref_bits - 1)) != 0) {
        return bad(error, "Refcount width must be a power of two and may not exceed 64 bits");
    }
    if (create->version < 3 && (create->ref_bits != 16 || create->compression != 0 ||
                                create->lazy || create->extended || create->data != NULL)) {
        return bad(error, "this needs version v3: other refcount widths than 16, zstd, lazy "
                          "refcounts, extended L2 entries and data files");
    }
    if (create->extended && cluster < 16384) {
        return bad(error, "Extended L2 entries are only supported with cluster sizes of at least "
                          "16384 bytes");
    }
    if (create->bytes % 512 != 0 || create->bytes > INT64_MAX) {
        return bad(error, "Image size must be a multiple of 512");
    }
    if (create->data_raw && create->backing_name != NULL) {
        return bad(error, "Backing file and data-file-raw cannot be used at the same time");
    }
    q->version = create->version;
    q->cluster_bytes = cluster;
    while (UINT64_C(1) << q->cluster_bits < cluster) {
        q->cluster_bits++;
    }
    q->bytes = create->bytes;
    q->ref_bits = create->ref_bits;
    q->compression = create->compression;
    q->extended = create->extended;
    q->l2_entry = q->extended ? 16 : 8;
    q->header_bytes = q->version >= 3 ? 112 : 72;
    q->data_file = create->data != NULL;
    q->incompatible = (q->compression != 0 ? QC_INCOMPAT_COMPRESSION : 0) |
                      (q->extended ? QC_INCOMPAT_EXTENDED_L2 : 0) |
                      (q->data_file ? QC_INCOMPAT_DATA_FILE : 0);
    q->compatible = create->lazy ? QC_COMPAT_LAZY : 0;
    q->autoclear = create->data_raw ? QC_AUTOCLEAR_DATA_RAW : 0;
    q->backing_name = (char *)(uintptr_t)create->backing_name;
    q->backing_format = (char *)(uintptr_t)create->backing_format;
    q->data_name = (char *)(uintptr_t)create->data_name;
    return TRUE;
}

/* Header at 0, refcount table, blocks, L1 table; everything is counted. */
static gboolean lay_out(QhQcow2 *q, uint64_t *ret_blocks, GError **error)
{
    uint64_t span = q->cluster_bytes * (q->cluster_bytes / q->l2_entry);
    uint64_t l1_entries = (q->bytes + span - 1) / span;
    uint64_t l1_clusters = MAX(qc_align(q, l1_entries * 8) / q->cluster_bytes, 1);
    uint64_t per_block = q->cluster_bytes * 8 / q->ref_bits;
    uint64_t blocks = 1, tables = 1;

    if (l1_entries * 8 > QC_L1_MAX) {
        return bad(error, "Image size is too large for the cluster size");
    }
    for (guint i = 0; i < 8; i++) {
        blocks = (1 + tables + blocks + l1_clusters + per_block - 1) / per_block;
        tables = MAX(qc_align(q, blocks * 8) / q->cluster_bytes, 1);
    }
    q->ref_offset = q->cluster_bytes;
    q->ref_entries = (uint32_t)(tables * q->cluster_bytes / 8);
    q->l1_offset = (1 + tables + blocks) * q->cluster_bytes;
    q->l1_entries = (uint32_t)l1_entries;
    *ret_blocks = blocks;
    return TRUE;
}

static int write_out(QhQcow2 *q, uint64_t blocks, const uint8_t *head)
{
    uint64_t tables = (uint64_t)q->ref_entries * 8 / q->cluster_bytes;
    uint64_t l1_clusters = MAX(qc_align(q, (uint64_t)q->l1_entries * 8) / q->cluster_bytes, 1);
    uint64_t used = 1 + tables + blocks + l1_clusters;
    uint64_t per_block = q->cluster_bytes * 8 / q->ref_bits;
    g_autofree uint8_t *block = g_malloc0(q->cluster_bytes);
    g_autofree uint64_t *table = g_malloc0(tables * q->cluster_bytes);
    int error = 0;

    for (uint64_t b = 0; b < blocks && error == 0; b++) {
        uint64_t at = (1 + tables + b) * q->cluster_bytes;

        memset(block, 0, q->cluster_bytes);
        for (uint64_t i = 0; i < per_block && b * per_block + i < used; i++) {
            qc_set_count(q, block, i, 1);
        }
        table[b] = GUINT64_TO_BE(at);
        error = qc_write(q, at, block, q->cluster_bytes);
    }
    error = error != 0 ? error : qc_write(q, q->ref_offset, table, tables * q->cluster_bytes);
    memset(block, 0, q->cluster_bytes);
    for (uint64_t i = 0; i < l1_clusters && error == 0; i++) {
        error = qc_write(q, q->l1_offset + i * q->cluster_bytes, block, q->cluster_bytes);
    }
    error = error != 0 ? error : qc_barrier(q);
    error = error != 0 ? error : qc_write(q, 0, head, q->cluster_bytes);
    return error != 0 ? error : qc_barrier(q);
}

gboolean qh_qcow2_create(QhBlockNode *file, const QcCreate *create, GError **error)
{
    QhQcow2 q = {.file = file, .writable = TRUE, .in_use_at = -1};
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    QhQcow2 fresh;
    uint64_t blocks = 0;

    q.extensions = none;
    if (!take(&q, create, error) || !lay_out(&q, &blocks, error)) {
        return FALSE;
    }
    if (create->data != NULL && qh_block_length(create->data) < create->bytes &&
        !qh_block_truncate(create->data, create->bytes, error)) {
        return FALSE;
    }
    if (!qh_block_truncate(file, 0, error)) {
        return FALSE;
    }
    g_autofree uint8_t *head = qc_header_bytes(&q, error);
    if (head == NULL) {
        return FALSE;
    }
    fresh = q;
    fresh.data_file = FALSE; /* the other file is nobody's child yet */
    int failed = write_out(&fresh, blocks, head);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Could not write the new image: %s",
                    g_strerror(failed));
    }
    return failed == 0;
}
