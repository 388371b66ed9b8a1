/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Format "qcow2": opening, closing, and what it offers. */
#include "core/block/qcow2.h"

#include <errno.h>
#include <string.h>

#define SLICE_MAX   (64u << 10)
#define CACHE_BYTES (32u << 20)

static QhQcow2 *qcow2_of(QhBlockDriver *driver)
{
    return (QhQcow2 *)driver;
}

static gboolean
read_table(QhQcow2 *q, uint64_t offset, uint32_t entries, uint64_t **ret, GError **error)
{
    g_autofree uint64_t *table = g_try_new0(uint64_t, (gsize)entries + 1);
    uint64_t length = qh_block_length(q->file);

    if (entries > 0 && offset >= length) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "the image's header is damaged: a table lies behind the end");
        return FALSE;
    }
    if (table == NULL || qc_read(q, offset, table, (uint64_t)entries * 8) != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "could not read the image's tables");
        return FALSE;
    }
    for (uint32_t i = 0; i < entries; i++) {
        table[i] = GUINT64_FROM_BE(table[i]);
    }
    *ret = g_steal_pointer(&table);
    return TRUE;
}

static gboolean open_tables(QhQcow2 *q, GError **error)
{
    q->slice_bytes = (uint32_t)MIN(q->cluster_bytes, SLICE_MAX);
    q->slices_max = (guint)MAX(MAX(q->cache_bytes, CACHE_BYTES) / q->slice_bytes, 16);
    q->slices_max = MIN(q->slices_max, 1u << 20);
    return read_table(q, q->l1_offset, q->l1_entries, &q->l1, error) &&
           read_table(q, q->ref_offset, q->ref_entries, &q->reftable, error);
}

/* A backing file is named by the options, or by the image: then as a plain path, and with its
 * format. */
static gboolean open_backing(QhQcow2 *q, GError **error)
{
    const QhJson *said = qh_json_get(q->driver.node->options, "backing");

    if (q->backing_name == NULL || *q->backing_name == '\0' || said != NULL ||
        qh_block_edge(q->driver.node, "backing") != NULL) {
        return TRUE;
    }
    if (q->backing_format == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the image names the backing file '%s', but not its format: it is not guessed",
                    q->backing_name);
        return FALSE;
    }
    g_autofree char *own = qh_block_node_filename(q->file);
    g_autofree char *folder = g_path_get_dirname(own);
    g_autofree char *path = g_path_is_absolute(q->backing_name)
                                ? g_strdup(q->backing_name)
                                : g_build_filename(folder, q->backing_name, NULL);
    return qh_block_open_backing(q->driver.node, path, q->backing_format, error);
}

static gboolean open_data(QhQcow2 *q, GError **error)
{
    gboolean given = qh_block_edge(q->driver.node, "data-file") != NULL;

    if (given != q->data_file) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            given ? "'data-file' can only be set for images with an external data "
                                    "file"
                                  : "'data-file' is required for this image: a name in an image is "
                                    "not followed");
    }
    return given == q->data_file;
}

/* What an earlier end left behind: counts that are too high, or, after the dirty bit, just wrong.
 */
static gboolean repair(QhQcow2 *q, GError **error)
{
    gboolean dirty = (q->incompatible & QC_INCOMPAT_DIRTY) != 0;
    QcCheck found = {0};

    if (!q->writable || (!dirty && !q->in_use)) {
        return TRUE;
    }
    if (!qc_check(q, TRUE, &found, error)) {
        g_prefix_error(error, "could not repair the image: ");
        return FALSE;
    }
    int failed = qc_flush_tables(q, TRUE);
    failed = failed != 0 ? failed : qc_barrier(q);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "could not repair the image: %s",
                    g_strerror(failed));
        return FALSE;
    }
    q->incompatible &= ~QC_INCOMPAT_DIRTY;
    return TRUE;
}

/* Bits that say that something in the image is consistent, which we do not keep so. */
static gboolean begin_writing(QhQcow2 *q, GError **error)
{
    if (!q->writable) {
        return TRUE;
    }
    if (q->incompatible & QC_INCOMPAT_CORRUPT) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "qcow2: Image is corrupt; cannot be opened read/write");
        return FALSE;
    }
    if (!repair(q, error)) {
        return FALSE;
    }
    q->autoclear &= QC_AUTOCLEAR_DATA_RAW | (q->bitmaps_known ? QC_AUTOCLEAR_BITMAPS : 0);
    q->in_use = FALSE;
    int failed = qc_bitmaps_begin(q);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "could not mark the bitmaps in use: %s",
                    g_strerror(failed));
        return FALSE;
    }
    g_autoptr(GError) ignored = NULL;
    if (!qc_header_write(q, &ignored)) {
        g_propagate_error(error, g_steal_pointer(&ignored));
        return FALSE;
    }
    return TRUE;
}

static void clear(QhQcow2 *q)
{
    if (q->slices != NULL) {
        qc_slices_clear(q);
        g_hash_table_unref(q->slices);
    }
    g_clear_pointer(&q->extensions, g_ptr_array_unref);
    g_clear_pointer(&q->snapshots, g_ptr_array_unref);
    g_clear_pointer(&q->freed, g_array_unref);
    g_clear_pointer(&q->bitmap_clusters, g_array_unref);
    g_clear_pointer(&q->l1, g_free);
    g_clear_pointer(&q->l1_dirty, g_free);
    g_clear_pointer(&q->reftable, g_free);
    g_clear_pointer(&q->backing_name, g_free);
    g_clear_pointer(&q->backing_format, g_free);
    g_clear_pointer(&q->data_name, g_free);
    g_clear_pointer(&q->inflated, g_free);
    g_mutex_clear(&q->lock);
    g_mutex_clear(&q->inflate_lock);
    g_cond_clear(&q->changed);
}

static gboolean qcow2_open(QhBlockDriver *driver, GError **error)
{
    QhQcow2 *q = qcow2_of(driver);

    q->file = qh_block_node_child(driver->node, "file");
    q->writable = (driver->flags & QH_BLOCK_OPEN_READ_ONLY) == 0;
    q->in_use_at = -1;
    g_mutex_init(&q->lock);
    g_mutex_init(&q->inflate_lock);
    g_cond_init(&q->changed);
    g_queue_init(&q->lru);
    q->slices = g_hash_table_new(g_int64_hash, g_int64_equal);
    q->extensions = g_ptr_array_new_with_free_func(qc_extension_free);
    q->freed = g_array_new(FALSE, FALSE, sizeof(QcFreed));
    gboolean ok = qc_header_read(q, error) && open_data(q, error) && open_tables(q, error) &&
                  qc_snapshots_read(q, error) && open_backing(q, error);
    if (ok) {
        q->l1_dirty = g_new0(gboolean, q->l1_entries / 64 + 1);
        qc_bitmaps_load(q);
        ok = begin_writing(q, error);
    }
    if (!ok) {
        clear(q);
        return FALSE;
    }
    driver->discard_bytes = (uint32_t)q->cluster_bytes;
    return TRUE;
}

static int qcow2_flush(QhBlockDriver *driver)
{
    QhQcow2 *q = qcow2_of(driver);

    if (!q->writable) {
        return 0;
    }
    g_mutex_lock(&q->lock);
    int error = q->corrupt ? EIO : qc_flush_tables(q, TRUE);
    g_mutex_unlock(&q->lock);
    if (error != 0) {
        g_atomic_int_set(&q->leaky, 1);
    }
    return error != 0 ? error : qc_barrier(q);
}

/* All tables are as they should be: nothing is left to look for. */
static void end_writing(QhBlockDriver *driver)
{
    QhQcow2 *q = qcow2_of(driver);

    if (!q->writable) {
        return;
    }
    (void)qc_bitmaps_store(q);
    /* what a failed request may have left is looked for at the next open */
    if (qcow2_flush(driver) == 0 && !g_atomic_int_get(&q->leaky) && q->in_use &&
        q->in_use_at >= 0) {
        uint64_t zero = 0;

        (void)qc_write(q, (uint64_t)q->in_use_at, &zero, sizeof(zero));
        q->in_use = FALSE;
    }
}

static gboolean qcow2_reopen(QhBlockDriver *driver, GError **error)
{
    QhQcow2 *q = qcow2_of(driver);
    gboolean writable = (driver->flags & QH_BLOCK_OPEN_READ_ONLY) == 0;

    if (writable == q->writable) {
        return TRUE;
    }
    if (writable) {
        q->writable = TRUE;
        q->writable = begin_writing(q, error);
        return q->writable;
    }
    end_writing(driver);
    q->writable = FALSE;
    return TRUE;
}

static void qcow2_close(QhBlockDriver *driver)
{
    QhQcow2 *q = qcow2_of(driver);

    end_writing(driver);
    clear(q);
}

static uint64_t qcow2_length(QhBlockDriver *driver)
{
    return __atomic_load_n(&qcow2_of(driver)->bytes, __ATOMIC_RELAXED);
}

static char *qcow2_info(QhBlockDriver *driver)
{
    const QhQcow2 *q = qcow2_of(driver);
    g_autoptr(QhJson) data = qh_json_new_object();
    g_autoptr(QhJson) info = qh_json_new_object();

    qh_json_set(data, "compat", qh_json_new_string(q->version >= 3 ? "1.1" : "0.10"));
    if (q->version >= 3) {
        qh_json_set(data, "compression-type", qh_json_new_string(q->compression ? "zstd" : "zlib"));
        qh_json_set(data, "lazy-refcounts",
                    qh_json_new_bool((q->compatible & QC_COMPAT_LAZY) != 0));
        qh_json_set(data, "corrupt",
                    qh_json_new_bool((q->incompatible & QC_INCOMPAT_CORRUPT) != 0));
        qh_json_set(data, "extended-l2", qh_json_new_bool(q->extended));
        if (q->data_file) {
            qh_json_set(data, "data-file",
                        qh_json_new_string(q->data_name != NULL ? q->data_name : ""));
            qh_json_set(data, "data-file-raw",
                        qh_json_new_bool((q->autoclear & QC_AUTOCLEAR_DATA_RAW) != 0));
        }
    }
    qh_json_set(data, "refcount-bits", qh_json_new_int(q->ref_bits));
    qh_json_set(info, "type", qh_json_new_string("qcow2"));
    qh_json_set(info, "data", g_steal_pointer(&data));
    return qh_json_to_text(info);
}

#define AT(member) offsetof(QhQcow2, member)
static const QhProperty properties[] = {
    QH_PROPERTY("lazy-refcounts",
                QH_PROPERTY_BOOL,
                AT(lazy),
                NULL,
                0,
                0,
                "accepted: counts are always kept"),
    QH_PROPERTY("pass-discard-request",
                QH_PROPERTY_ONOFFAUTO,
                AT(pass_request),
                NULL,
                0,
                0,
                "free clusters are discarded in the file"),
    QH_PROPERTY(
        "pass-discard-snapshot", QH_PROPERTY_BOOL, AT(pass_snapshot), NULL, 0, 0, "accepted"),
    QH_PROPERTY("pass-discard-other", QH_PROPERTY_BOOL, AT(pass_other), NULL, 0, 0, "accepted"),
    QH_PROPERTY("discard-no-unref", QH_PROPERTY_BOOL, AT(no_unref), NULL, 0, 0, "accepted"),
    QH_PROPERTY("overlap-check", QH_PROPERTY_STRING, AT(overlap), NULL, 0, 0, "accepted"),
    QH_PROPERTY(
        "overlap-check.template", QH_PROPERTY_STRING, AT(overlap_mode), NULL, 0, 0, "accepted"),
    QH_PROPERTY("cache-size",
                QH_PROPERTY_SIZE,
                AT(cache_bytes),
                NULL,
                0,
                UINT64_C(1) << 32,
                "bytes of tables kept in memory"),
    QH_PROPERTY("l2-cache-size", QH_PROPERTY_SIZE, AT(l2_cache_bytes), NULL, 0, 0, "accepted"),
    QH_PROPERTY(
        "l2-cache-entry-size", QH_PROPERTY_SIZE, AT(l2_entry_bytes), NULL, 0, 0, "accepted"),
    QH_PROPERTY(
        "refcount-cache-size", QH_PROPERTY_SIZE, AT(ref_cache_bytes), NULL, 0, 0, "accepted"),
    QH_PROPERTY("cache-clean-interval", QH_PROPERTY_U64, AT(clean_seconds), NULL, 0, 0, "accepted"),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

const QhBlockDriverOps qh_block_qcow2 = {
    .size = sizeof(QhBlockDriverOps),
    .state_size = sizeof(QhQcow2),
    .kind = QH_BLOCK_FORMAT,
    .description = "QEMU's image format, versions 2 and 3",
    .properties = &table,
    .children = "file,backing?,data-file?",
    .open = qcow2_open,
    .close = qcow2_close,
    .length = qcow2_length,
    .read = qc_io_read,
    .write = qc_io_write,
    .flush = qcow2_flush,
    .discard = qc_io_discard,
    .write_zeroes = qc_io_zero,
    .status = qc_io_status,
    .truncate = qc_truncate,
    .reopen = qcow2_reopen,
    .info = qcow2_info,
};
