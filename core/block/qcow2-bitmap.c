/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Persistent bitmaps. They are in memory while the image is open for writing; the image then says
 * "in use" of each, so that after a crash nobody believes them. At the end they are written to new
 * clusters, and the header then points to a new directory: one write of one cluster.
 */
#include "core/block/bitmap.h"
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

#define MAX_BITMAPS   65535u
#define MAX_DIRECTORY (1u << 20) /* bytes */
#define ROW_BYTES     24u
#define IN_USE        1u
#define AUTO          2u
#define EXTRA_OK      4u
#define ALL_ONES      UINT64_C(1) /* of an entry without an offset */

static uint64_t number(const uint8_t *data, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

static void put(uint8_t *data, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        data[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
}

static void note_old(QhQcow2 *q, uint64_t offset, uint64_t bytes)
{
    QcFreed old = {offset, qc_align(q, bytes) / q->cluster_bytes};

    if (offset != 0 && bytes != 0) {
        g_array_append_val(q->bitmap_clusters, old);
    }
}

/* A row of the directory. */
typedef struct Row {
    uint64_t table_offset;
    uint32_t entries, flags;
    uint64_t granularity, bytes; /* length of the row */
    char *name;
} Row;

static gboolean read_row(const QhQcow2 *q, const uint8_t *at, uint64_t left, Row *ret)
{
    if (left < ROW_BYTES) {
        return FALSE;
    }
    uint32_t name_bytes = (uint32_t)number(at + 18, 2), extra = (uint32_t)number(at + 20, 4);
    uint32_t bits = at[17];
    ret->table_offset = number(at, 8);
    ret->entries = (uint32_t)number(at + 8, 4);
    ret->flags = (uint32_t)number(at + 12, 4);
    if (at[16] != 1 || bits < 9 || bits > 31 || name_bytes == 0 || name_bytes > 1023 ||
        extra > left || ret->flags & ~(IN_USE | AUTO | EXTRA_OK) ||
        (extra != 0 && (ret->flags & EXTRA_OK) == 0) || ret->table_offset % q->cluster_bytes != 0) {
        return FALSE;
    }
    ret->granularity = UINT64_C(1) << bits;
    ret->bytes = (ROW_BYTES + (uint64_t)extra + name_bytes + 7) / 8 * 8;
    if (ret->bytes > left) {
        return FALSE;
    }
    ret->name = g_strndup((const char *)at + ROW_BYTES + extra, name_bytes);
    return TRUE;
}

/* Bytes of all bits of a bitmap, and of it in clusters. */
static uint64_t data_bytes(const QhBlockBitmap *bitmap)
{
    return (bitmap->n_bits + 7) / 8;
}

static uint64_t data_clusters(const QhQcow2 *q, const QhBlockBitmap *bitmap)
{
    return qc_align(q, data_bytes(bitmap)) / q->cluster_bytes;
}

static int load_bits(QhQcow2 *q, const Row *row, QhBlockBitmap *bitmap)
{
    uint64_t total = data_bytes(bitmap), length = qh_block_length(q->file);
    g_autofree uint8_t *table = g_try_malloc0((uint64_t)row->entries * 8 + 1);
    uint8_t *bytes = (uint8_t *)bitmap->words;
    int error =
        table != NULL ? qc_read(q, row->table_offset, table, (uint64_t)row->entries * 8) : ENOMEM;

    note_old(q, row->table_offset, (uint64_t)row->entries * 8);
    for (uint64_t i = 0; i < row->entries && error == 0; i++) {
        uint64_t entry = number(table + i * 8, 8), offset = entry & QC_OFFSET_MASK;
        uint64_t at = i * q->cluster_bytes, n = MIN(q->cluster_bytes, total - at);

        if (offset % q->cluster_bytes != 0 || offset > length) {
            return EINVAL;
        }
        if (offset != 0) {
            error = qc_read(q, offset, bytes + at, n);
            note_old(q, offset, q->cluster_bytes);
        } else if (entry & ALL_ONES) {
            memset(bytes + at, 0xff, n);
        }
    }
    for (uint64_t i = 0; i < qh_block_bitmap_words(bitmap); i++) {
        bitmap->words[i] = GUINT64_FROM_LE(bitmap->words[i]);
    }
    if (bitmap->n_bits % 64 != 0) {
        bitmap->words[bitmap->n_bits / 64] &= (UINT64_C(1) << bitmap->n_bits % 64) - 1;
    }
    return error;
}

static gboolean take_row(QhQcow2 *q, const Row *row)
{
    QhBlockNode *node = q->driver.node;
    QhBlockBitmap *bitmap = qh_block_bitmap_new(node, row->name, row->granularity, NULL);

    if (bitmap == NULL) {
        return FALSE;
    }
    bitmap->persistent = TRUE;
    bitmap->inconsistent = (row->flags & IN_USE) != 0;
    bitmap->recording = (row->flags & AUTO) != 0 && !bitmap->inconsistent;
    bitmap->table_offset = row->table_offset;
    bitmap->table_entries = row->entries;
    if (bitmap->inconsistent) {
        q->bitmaps_broken++;
        return TRUE;
    }
    return row->entries == data_clusters(q, bitmap) && load_bits(q, row, bitmap) == 0;
}

void qc_bitmaps_load(QhQcow2 *q)
{
    const QcExtension *extension = qc_extension(q, QC_EXT_BITMAPS);

    q->bitmap_clusters = g_array_new(FALSE, FALSE, sizeof(QcFreed));
    if (extension == NULL || extension->bytes < 24 || (q->autoclear & QC_AUTOCLEAR_BITMAPS) == 0) {
        return;
    }
    uint32_t n = (uint32_t)number(extension->data, 4);
    uint64_t bytes = number(extension->data + 8, 8), offset = number(extension->data + 16, 8);
    gboolean ok = n <= MAX_BITMAPS && bytes <= MAX_DIRECTORY && offset % q->cluster_bytes == 0 &&
                  offset < qh_block_length(q->file);
    g_autofree uint8_t *directory = ok ? g_try_malloc0(bytes + 1) : NULL;
    ok = directory != NULL && qc_read(q, offset, directory, bytes) == 0;
    note_old(q, offset, bytes);
    for (uint64_t i = 0, at = 0; ok && i < n; i++) {
        Row row = {0};

        ok = read_row(q, directory + at, bytes - at, &row) && take_row(q, &row);
        at += row.bytes;
        g_free(row.name);
    }
    q->bitmaps_known = ok;
    if (!ok) { /* left alone, and no longer believed once the image is written to */
        qh_block_bitmaps_free(q->driver.node);
        g_array_set_size(q->bitmap_clusters, 0);
    }
}

int qc_bitmaps_begin(QhQcow2 *q)
{
    const QcExtension *extension = qc_extension(q, QC_EXT_BITMAPS);
    int error = 0;

    if (!q->bitmaps_known || extension == NULL) {
        return 0;
    }
    uint64_t bytes = number(extension->data + 8, 8), offset = number(extension->data + 16, 8);
    g_autofree uint8_t *directory = g_try_malloc0(bytes + 1);
    error = directory != NULL ? qc_read(q, offset, directory, bytes) : ENOMEM;
    for (uint64_t at = 0; error == 0 && at < bytes;) {
        Row row = {0};

        if (!read_row(q, directory + at, bytes - at, &row)) {
            return EINVAL;
        }
        put(directory + at + 12, row.flags | IN_USE, 4);
        at += row.bytes;
        g_free(row.name);
    }
    error = error != 0 ? error : qc_write(q, offset, directory, bytes);
    return error != 0 ? error : qc_barrier(q);
}

/* Data and table of one bitmap in new clusters. With the lock. */
static int store_bits(QhQcow2 *q, QhBlockBitmap *bitmap, GArray *used)
{
    uint64_t n = data_clusters(q, bitmap), total = data_bytes(bitmap);
    uint64_t table_bytes = qc_align(q, MAX(n, 1) * 8);
    g_autofree uint64_t *table = g_try_malloc0(table_bytes);
    g_autofree uint8_t *cluster = g_try_malloc0(q->cluster_bytes);
    g_autofree uint64_t *words = qh_block_bitmap_copy(bitmap, FALSE);
    int error = table != NULL && cluster != NULL && words != NULL ? 0 : ENOMEM;
    QcFreed one;

    for (uint64_t i = 0; error == 0 && i < qh_block_bitmap_words(bitmap); i++) {
        words[i] = GUINT64_TO_LE(words[i]);
    }
    for (uint64_t i = 0; error == 0 && i < n; i++) {
        const uint8_t *from = (const uint8_t *)words + i * q->cluster_bytes;
        uint64_t part = MIN(q->cluster_bytes, total - i * q->cluster_bytes);

        if (qh_block_is_zero(from, part)) {
            continue;
        }
        memset(cluster, 0, q->cluster_bytes);
        memcpy(cluster, from, part);
        error = qc_alloc_all(q, 1, &one.offset);
        one.clusters = 1;
        if (error == 0) {
            g_array_append_val(used, one);
            table[i] = GUINT64_TO_BE(one.offset);
            error = qc_write(q, one.offset, cluster, q->cluster_bytes);
        }
    }
    one.clusters = table_bytes / q->cluster_bytes;
    error = error != 0 ? error : qc_alloc_all(q, one.clusters, &one.offset);
    if (error == 0) {
        g_array_append_val(used, one);
        bitmap->table_offset = one.offset;
        bitmap->table_entries = (uint32_t)n;
        error = qc_write(q, one.offset, table, table_bytes);
    }
    return error;
}

static void add_row(GByteArray *directory, const QhBlockBitmap *bitmap)
{
    static const uint8_t padding[8];
    uint8_t row[ROW_BYTES] = {0};
    uint32_t bits = (uint32_t)g_bit_nth_lsf(bitmap->granularity, -1);
    size_t name_bytes = strlen(bitmap->name);

    put(row, bitmap->table_offset, 8);
    put(row + 8, bitmap->table_entries, 4);
    put(row + 12, bitmap->inconsistent ? IN_USE : bitmap->recording ? AUTO : 0, 4);
    row[16] = 1;
    row[17] = (uint8_t)bits;
    put(row + 18, name_bytes, 2);
    g_byte_array_append(directory, row, sizeof(row));
    g_byte_array_append(directory, (const uint8_t *)bitmap->name, (guint)name_bytes);
    g_byte_array_append(directory, padding, (guint)((8 - directory->len % 8) % 8));
}

/* The header says where the directory is; @bytes 0: nowhere. */
static int point_to(QhQcow2 *q, uint32_t n, uint64_t offset, uint64_t bytes)
{
    QcExtension *old = qc_extension(q, QC_EXT_BITMAPS);

    if (old != NULL) {
        g_ptr_array_remove(q->extensions, old);
    }
    q->autoclear &= ~QC_AUTOCLEAR_BITMAPS;
    if (n > 0) {
        QcExtension *extension = g_new0(QcExtension, 1);

        extension->type = QC_EXT_BITMAPS;
        extension->bytes = 24;
        extension->data = g_malloc0(24);
        put(extension->data, n, 4);
        put(extension->data + 8, bytes, 8);
        put(extension->data + 16, offset, 8);
        g_ptr_array_add(q->extensions, extension);
        q->autoclear |= QC_AUTOCLEAR_BITMAPS;
    }
    return qc_header_write(q, NULL) ? qc_barrier(q) : EIO;
}

static int store_all(QhQcow2 *q, GArray *used)
{
    g_autoptr(GByteArray) directory = g_byte_array_new();
    QhBlockBitmap *bitmap;
    QcFreed place = {0, 0};
    uint32_t n = 0;
    int error = 0;

    for (guint i = 0; error == 0 && (bitmap = qh_block_bitmap_at(q->driver.node, i)) != NULL; i++) {
        if (bitmap->persistent) {
            error = bitmap->inconsistent ? 0 : store_bits(q, bitmap, used);
            add_row(directory, bitmap);
            n++;
        }
    }
    if (error == 0 && n > 0) {
        g_autofree uint8_t *padded = g_try_malloc0(qc_align(q, directory->len));

        place.clusters = qc_align(q, directory->len) / q->cluster_bytes;
        error = padded != NULL ? qc_alloc_all(q, place.clusters, &place.offset) : ENOMEM;
        if (error == 0) {
            g_array_append_val(used, place);
            memcpy(padded, directory->data, directory->len);
            error = qc_write(q, place.offset, padded, place.clusters * q->cluster_bytes);
        }
    }
    error = error != 0 ? error : qc_flush_tables(q, FALSE);
    error = error != 0 ? error : qc_barrier(q);
    return error != 0 ? error : point_to(q, n, place.offset, directory->len);
}

int qc_bitmaps_store(QhQcow2 *q)
{
    g_autoptr(GArray) used = NULL;
    QhBlockBitmap *bitmap;
    gboolean any = q->bitmaps_known;
    guint broken = 0;

    for (guint i = 0; (bitmap = qh_block_bitmap_at(q->driver.node, i)) != NULL; i++) {
        any = any || bitmap->persistent;
        broken += bitmap->inconsistent;
    }
    if (!any || q->corrupt) {
        return 0;
    }
    used = g_array_new(FALSE, FALSE, sizeof(QcFreed));
    g_mutex_lock(&q->lock);
    int error = store_all(q, used);
    GArray *gone = error == 0 ? q->bitmap_clusters : used;
    for (guint i = 0; i < gone->len; i++) {
        const QcFreed *one = &g_array_index(gone, QcFreed, i);

        qc_free(q, one->offset, one->clusters);
    }
    if (error == 0 && broken < q->bitmaps_broken) {
        QcCheck found;

        /* what one that was removed took is not known: it is what nobody refers to now */
        error = qc_flush_tables(q, TRUE);
        error = error != 0 || qc_check(q, TRUE, &found, NULL) ? error : EIO;
        q->bitmaps_broken = broken;
    }
    if (error == 0) {
        g_array_unref(q->bitmap_clusters);
        q->bitmap_clusters = g_steal_pointer(&used);
        q->bitmaps_known = (q->autoclear & QC_AUTOCLEAR_BITMAPS) != 0;
    }
    g_mutex_unlock(&q->lock);
    return error;
}

gboolean qh_qcow2_can_keep_bitmap(QhBlockNode *node, const char *name, GError **error)
{
    const QhQcow2 *q = (const QhQcow2 *)node->state;
    const char *why = NULL;

    if (node->ops != &qh_block_qcow2) {
        why = "the driver does not keep bitmaps";
    } else if (q->version < 3) {
        why = "the image is of version 2";
    } else if (!q->writable) {
        why = "the image is read-only";
    } else if (strlen(name) > 1023) {
        why = "its name is too long";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "Cannot store bitmap '%.64s' in node '%s': %s", name, node->name, why);
    }
    return why == NULL;
}
