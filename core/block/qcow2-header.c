/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header: 72 bytes in version 2, 104 or more in version 3, then extensions, then the backing
 * file's name, all in the first cluster. Nothing in it is believed before it was checked.
 */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

#define V2_BYTES  72u
#define V3_BYTES  112u /* what we write */
#define V3_LEAST  104u
#define V3_MOST   4096u /* what we take */
#define EXT_COUNT 64u

static uint32_t get32(const uint8_t *data)
{
    uint32_t value;

    memcpy(&value, data, 4);
    return GUINT32_FROM_BE(value);
}

static uint64_t get64(const uint8_t *data)
{
    uint64_t value;

    memcpy(&value, data, 8);
    return GUINT64_FROM_BE(value);
}

static void put32(uint8_t *data, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(data, &value, 4);
}

static void put64(uint8_t *data, uint64_t value)
{
    value = GUINT64_TO_BE(value);
    memcpy(data, &value, 8);
}

static gboolean bad(GError **error, const char *what)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "the image's header is damaged: %s", what);
    return FALSE;
}

void qc_extension_free(gpointer data)
{
    QcExtension *extension = data;

    if (extension != NULL) {
        g_free(extension->data);
        g_free(extension);
    }
}

QcExtension *qc_extension(QhQcow2 *q, uint32_t type)
{
    for (guint i = 0; i < q->extensions->len; i++) {
        QcExtension *extension = g_ptr_array_index(q->extensions, i);

        if (extension->type == type) {
            return extension;
        }
    }
    return NULL;
}

static gboolean take_features(QhQcow2 *q, const uint8_t *head, GError **error)
{
    uint32_t order = 4;

    q->header_bytes = V2_BYTES;
    if (q->version >= 3) {
        q->incompatible = get64(head + 72);
        q->compatible = get64(head + 80);
        q->autoclear = get64(head + 88);
        order = get32(head + 96);
        q->header_bytes = get32(head + 100);
        if (q->header_bytes < V3_LEAST || q->header_bytes > V3_MOST ||
            q->header_bytes > q->cluster_bytes || q->header_bytes % 8 != 0) {
            return bad(error, "its length");
        }
        q->compression = q->header_bytes > V3_LEAST ? head[104] : 0;
    }
    if (q->incompatible & ~QC_INCOMPAT_KNOWN) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "the image uses features that are not known here: 0x%" G_GINT64_MODIFIER "x",
                    q->incompatible & ~QC_INCOMPAT_KNOWN);
        return FALSE;
    }
    if (order > 6) {
        return bad(error, "reference counts of more than 64 bits");
    }
    q->ref_bits = 1u << order;
    if (q->compression > 1 ||
        (q->compression != 0) != ((q->incompatible & QC_INCOMPAT_COMPRESSION) != 0)) {
        return bad(error, "the kind of compression");
    }
    q->extended = (q->incompatible & QC_INCOMPAT_EXTENDED_L2) != 0;
    if (q->extended && q->cluster_bits < 14) {
        return bad(error, "extended L2 entries need clusters of 16 KiB");
    }
    q->data_file = (q->incompatible & QC_INCOMPAT_DATA_FILE) != 0;
    q->l2_entry = q->extended ? 16 : 8;
    q->l2_entries = q->cluster_bytes / q->l2_entry;
    q->sub_bytes = q->extended ? q->cluster_bytes / 32 : q->cluster_bytes;
    return TRUE;
}

static gboolean check_table(const QhQcow2 *q,
                            uint64_t offset,
                            uint64_t bytes,
                            uint64_t max,
                            const char *what,
                            GError **error)
{
    uint64_t end;

    if (bytes > max || offset % q->cluster_bytes != 0 ||
        __builtin_add_overflow(offset, bytes, &end) || end > INT64_MAX) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the image's header is damaged: %s at %" G_GUINT64_FORMAT
                    " of %" G_GUINT64_FORMAT " bytes",
                    what, offset, bytes);
        return FALSE;
    }
    return TRUE;
}

static gboolean take_tables(QhQcow2 *q, const uint8_t *head, GError **error)
{
    uint64_t span = q->cluster_bytes * q->l2_entries;
    uint32_t ref_clusters = get32(head + 56);
    uint64_t needed = (q->bytes + span - 1) / span;

    q->l1_entries = get32(head + 36);
    q->l1_offset = get64(head + 40);
    q->ref_offset = get64(head + 48);
    if (!check_table(q, q->l1_offset, (uint64_t)q->l1_entries * 8, QC_L1_MAX, "the L1 table",
                     error) ||
        !check_table(q, q->ref_offset, (uint64_t)ref_clusters << q->cluster_bits, QC_REFTABLE_MAX,
                     "the refcount table", error)) {
        return FALSE;
    }
    if (needed > q->l1_entries || q->bytes > INT64_MAX) {
        return bad(error, "the L1 table is too short for the disk");
    }
    if (ref_clusters == 0 || q->ref_offset == 0 || (q->l1_offset == 0 && q->l1_entries > 0)) {
        return bad(error, "a table is missing");
    }
    q->ref_entries = (uint32_t)(((uint64_t)ref_clusters << q->cluster_bits) / 8);
    return TRUE;
}

static gboolean take_extension(
    QhQcow2 *q, uint32_t type, const uint8_t *data, uint32_t bytes, uint64_t at, GError **error)
{
    switch (type) {
    case QC_EXT_BACKING:
        if (bytes >= 16) {
            return bad(error, "the name of the backing format");
        }
        g_free(q->backing_format);
        q->backing_format = g_strndup((const char *)data, bytes);
        return TRUE;
    case QC_EXT_DATA_FILE:
        g_free(q->data_name);
        q->data_name = g_strndup((const char *)data, bytes);
        return TRUE;
    case QC_EXT_FEATURES:
        return TRUE;
    case QC_EXT_IN_USE:
        if (bytes == 8) {
            q->in_use_at = (gint64)at;
            q->in_use = get64(data) != 0;
        }
        return TRUE;
    default: {
        QcExtension *extension = g_new0(QcExtension, 1);

        extension->type = type;
        extension->bytes = bytes;
        extension->data = g_memdup2(data, bytes);
        g_ptr_array_add(q->extensions, extension);
        return TRUE;
    }
    }
}

static gboolean take_extensions(QhQcow2 *q, const uint8_t *head, uint64_t end, GError **error)
{
    uint64_t at = q->header_bytes;

    for (guint n = 0; at + 8 <= end; n++) {
        uint32_t type = get32(head + at), bytes = get32(head + at + 4);

        if (type == QC_EXT_END) {
            return TRUE;
        }
        if (bytes > end - at - 8 || n > EXT_COUNT) {
            return bad(error, "its extensions");
        }
        if (!take_extension(q, type, head + at + 8, bytes, at + 8, error)) {
            return FALSE;
        }
        at += 8 + ((uint64_t)bytes + 7) / 8 * 8;
    }
    return TRUE;
}

gboolean qc_header_read(QhQcow2 *q, GError **error)
{
    uint8_t start[V3_BYTES];
    uint64_t length = qh_block_length(q->file);

    if (length < V2_BYTES || qc_read(q, 0, start, sizeof(start)) != 0 || get32(start) != QC_MAGIC) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Image is not in qcow2 format");
        return FALSE;
    }
    q->version = get32(start + 4);
    q->cluster_bits = get32(start + 20);
    if (q->version < 2 || q->version > 3) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "Unsupported qcow2 version %u",
                    q->version);
        return FALSE;
    }
    if (q->cluster_bits < 9 || q->cluster_bits > 21) {
        return bad(error, "the cluster size is not 512 bytes to 2 MiB");
    }
    q->cluster_bytes = UINT64_C(1) << q->cluster_bits;
    q->bytes = get64(start + 24);
    if (get32(start + 32) != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "encrypted images are not supported");
        return FALSE;
    }
    if (!take_features(q, start, error) || !take_tables(q, start, error)) {
        return FALSE;
    }
    g_autofree uint8_t *head = g_malloc(q->cluster_bytes);
    if (qc_read(q, 0, head, q->cluster_bytes) != 0) {
        return bad(error, "it cannot be read");
    }
    uint64_t name_at = get64(start + 8);
    uint32_t name_bytes = get32(start + 16);
    if (name_at != 0) {
        if (name_bytes > QC_NAME_MAX || name_at > q->cluster_bytes ||
            name_bytes > q->cluster_bytes - name_at || name_at < q->header_bytes) {
            return bad(error, "the place of the backing file's name");
        }
        q->backing_name = g_strndup((const char *)head + name_at, name_bytes);
    }
    return take_extensions(q, head, name_at != 0 ? name_at : q->cluster_bytes, error);
}

/* Append one extension; FALSE when it does not fit. */
static gboolean put_extension(
    const QhQcow2 *q, uint8_t *head, uint64_t *at, uint32_t type, const void *data, uint32_t bytes)
{
    uint64_t room = 8 + ((uint64_t)bytes + 7) / 8 * 8;

    if (*at + room + 8 > q->cluster_bytes) {
        return FALSE;
    }
    put32(head + *at, type);
    put32(head + *at + 4, bytes);
    if (bytes > 0) {
        memcpy(head + *at + 8, data, bytes);
    }
    *at += room;
    return TRUE;
}

static void put_fixed(const QhQcow2 *q, uint8_t *head)
{
    uint32_t order = 0;

    while (1u << order < q->ref_bits) {
        order++;
    }
    put32(head, QC_MAGIC);
    put32(head + 4, q->version);
    put32(head + 20, q->cluster_bits);
    put64(head + 24, q->bytes);
    put32(head + 36, q->l1_entries);
    put64(head + 40, q->l1_offset);
    put64(head + 48, q->ref_offset);
    put32(head + 56, (uint32_t)((uint64_t)q->ref_entries * 8 >> q->cluster_bits));
    put32(head + 60, q->snapshots != NULL ? q->snapshots->len : 0);
    put64(head + 64, q->snapshots_offset);
    if (q->version >= 3) {
        put64(head + 72, q->incompatible);
        put64(head + 80, q->compatible);
        put64(head + 88, q->autoclear);
        put32(head + 96, order);
        put32(head + 100, q->header_bytes);
        if (q->header_bytes > V3_LEAST) {
            head[104] = (uint8_t)q->compression;
        }
    }
}

/* What the bits mean, for programs that do not know them. Left out when there is no room. */
static void put_names(const QhQcow2 *q, uint8_t *head, uint64_t *at)
{
    static const struct {
        uint8_t kind, bit;
        const char *name;
    } names[] = {
        {0, 0, "dirty bit"          },
        {0, 1, "corrupt bit"        },
        {0, 2, "external data file" },
        {0, 3, "compression type"   },
        {0, 4, "extended L2 entries"},
        {1, 0, "lazy refcounts"     },
        {2, 0, "bitmaps"            },
        {2, 1, "raw external data"  },
    };
    uint8_t rows[G_N_ELEMENTS(names) * 48] = {0};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        rows[i * 48] = names[i].kind;
        rows[i * 48 + 1] = names[i].bit;
        g_strlcpy((char *)rows + i * 48 + 2, names[i].name, 46);
    }
    (void)put_extension(q, head, at, QC_EXT_FEATURES, rows, sizeof(rows));
}

uint8_t *qc_header_bytes(QhQcow2 *q, GError **error)
{
    g_autofree uint8_t *head = g_malloc0(q->cluster_bytes);
    uint64_t name_bytes = q->backing_name != NULL ? strlen(q->backing_name) : 0;
    uint8_t in_use[8];
    gboolean fits = TRUE;

    if (q->version >= 3) { /* the members we do not know are kept */
        q->header_bytes = MIN(MAX(q->header_bytes, V3_BYTES), V3_BYTES);
    }
    put_fixed(q, head);
    uint64_t at = q->header_bytes;
    if (q->backing_format != NULL) {
        fits = fits && put_extension(q, head, &at, QC_EXT_BACKING, q->backing_format,
                                     (uint32_t)strlen(q->backing_format));
    }
    if (q->data_file && q->data_name != NULL) {
        fits = fits && put_extension(q, head, &at, QC_EXT_DATA_FILE, q->data_name,
                                     (uint32_t)strlen(q->data_name));
    }
    for (guint i = 0; i < q->extensions->len; i++) {
        const QcExtension *one = g_ptr_array_index(q->extensions, i);

        fits = fits && put_extension(q, head, &at, one->type, one->data, one->bytes);
    }
    put64(in_use, q->in_use);
    q->in_use_at = -1;
    if (fits && at + 24 + name_bytes <= q->cluster_bytes &&
        put_extension(q, head, &at, QC_EXT_IN_USE, in_use, sizeof(in_use))) {
        q->in_use_at = (gint64)at - 8;
    }
    if (q->version >= 3 && at + 400 + name_bytes + 8 <= q->cluster_bytes) {
        put_names(q, head, &at);
    }
    fits = fits && at + 8 + name_bytes <= q->cluster_bytes && name_bytes <= QC_NAME_MAX;
    if (!fits) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "the backing file's name and the extensions do not fit into the "
                            "header");
        return NULL;
    }
    if (q->backing_name != NULL) {
        at += 8;
        memcpy(head + at, q->backing_name, name_bytes);
        put64(head + 8, at);
        put32(head + 16, (uint32_t)name_bytes);
    }
    return g_steal_pointer(&head);
}

gboolean qc_header_write(QhQcow2 *q, GError **error)
{
    g_autofree uint8_t *head = qc_header_bytes(q, error);
    int failed = head != NULL ? qc_write(q, 0, head, q->cluster_bytes) : 0;

    if (head == NULL || failed != 0) {
        if (head != NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Could not write the image's header: %s",
                        g_strerror(failed));
        }
        return FALSE;
    }
    return TRUE;
}

int qc_mark_in_use(QhQcow2 *q)
{
    uint64_t one = GUINT64_TO_BE(1);

    if (q->in_use || q->in_use_at < 0) {
        return 0;
    }
    int error = qc_write(q, (uint64_t)q->in_use_at, &one, sizeof(one));
    error = error != 0 ? error : qc_barrier(q);
    q->in_use = error == 0;
    return error;
}

gboolean qc_name_backing(QhQcow2 *q, const char *name, const char *format, GError **error)
{
    char *old_name = q->backing_name, *old_format = q->backing_format;

    if (name != NULL && q->autoclear & QC_AUTOCLEAR_DATA_RAW) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "an image with a raw data file can have no backing file");
        return FALSE;
    }
    q->backing_name = g_strdup(name);
    q->backing_format = g_strdup(name != NULL ? format : NULL);
    gboolean ok = qc_header_write(q, error) && qc_barrier(q) == 0;
    if (ok) {
        g_free(old_name);
        g_free(old_format);
        return TRUE;
    }
    g_free(q->backing_name);
    g_free(q->backing_format);
    q->backing_name = old_name;
    q->backing_format = old_format;
    if (error != NULL && *error == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "Could not write the image's header");
    }
    return FALSE;
}
