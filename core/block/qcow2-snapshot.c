/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Internal snapshots: the table of them. */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

#define EXTRA_MAX 1024u

void qc_snapshot_free(gpointer data)
{
    QcSnapshot *snapshot = data;

    if (snapshot != NULL) {
        g_free(snapshot->id);
        g_free(snapshot->name);
        g_free(snapshot->unknown);
        g_free(snapshot);
    }
}

static uint64_t number(const uint8_t *data, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

/* One row at @offset; *@ret_bytes is how long it is. */
static QcSnapshot *read_row(QhQcow2 *q, uint64_t offset, uint64_t *ret_bytes)
{
    uint8_t head[40];
    uint8_t rest[EXTRA_MAX + 2 * 65536];

    if (qc_read(q, offset, head, sizeof(head)) != 0) {
        return NULL;
    }
    uint32_t id_bytes = (uint32_t)number(head + 12, 2), name_bytes = (uint32_t)number(head + 14, 2);
    uint32_t extra = (uint32_t)number(head + 36, 4);
    if (extra > EXTRA_MAX ||
        qc_read(q, offset + 40, rest, (uint64_t)extra + id_bytes + name_bytes) != 0) {
        return NULL;
    }
    QcSnapshot *row = g_new0(QcSnapshot, 1);
    row->l1_offset = number(head, 8);
    row->l1_entries = (uint32_t)number(head + 8, 4);
    row->date_s = (uint32_t)number(head + 16, 4);
    row->date_ns = (uint32_t)number(head + 20, 4);
    row->vm_clock_ns = number(head + 24, 8);
    row->vm_state_32 = (uint32_t)number(head + 32, 4);
    row->vm_state_bytes = extra >= 8 ? number(rest, 8) : row->vm_state_32;
    row->disk_bytes = extra >= 16 ? number(rest + 8, 8) : q->bytes;
    row->has_icount = extra >= 24;
    row->icount = row->has_icount ? number(rest + 16, 8) : UINT64_MAX;
    if (extra > 24) {
        row->unknown_bytes = extra - 24;
        row->unknown = g_memdup2(rest + 24, row->unknown_bytes);
    }
    row->id = g_strndup((char *)rest + extra, id_bytes);
    row->name = g_strndup((char *)rest + extra + id_bytes, name_bytes);
    *ret_bytes = (40 + (uint64_t)extra + id_bytes + name_bytes + 7) / 8 * 8;
    return row;
}

gboolean qc_snapshots_read(QhQcow2 *q, GError **error)
{
    uint8_t head[12];

    q->snapshots = g_ptr_array_new_with_free_func(qc_snapshot_free);
    if (qc_read(q, 60, head, sizeof(head)) != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the image's header cannot be read");
        return FALSE;
    }
    uint32_t n = (uint32_t)number(head, 4);
    uint64_t start = number(head + 4, 8), at = start;
    gboolean good = n <= QC_SNAPSHOTS_MAX && start % q->cluster_bytes == 0;
    uint64_t length = qh_block_length(q->file);
    for (uint32_t i = 0; i < n && good; i++) {
        uint64_t bytes = 0;
        QcSnapshot *row = at < length ? read_row(q, at, &bytes) : NULL;

        good = row != NULL && (uint64_t)row->l1_entries * 8 <= QC_L1_MAX &&
               row->l1_offset % q->cluster_bytes == 0 && at - start <= 64u << 20 &&
               row->l1_offset < length;
        if (row != NULL) {
            g_ptr_array_add(q->snapshots, row);
        }
        at += bytes;
    }
    if (!good) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "the image's table of snapshots is damaged");
        return FALSE;
    }
    q->snapshots_offset = n > 0 ? start : 0;
    q->snapshots_bytes = at - start;
    return TRUE;
}
