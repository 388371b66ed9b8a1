/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside format "qcow2" (docs/interop/qcow2 of QEMU describes the format). One lock guards the
 * metadata; data moves without it, inside a range of guest clusters that the request holds.
 *
 * What is written when, so that a crash at any moment leaves an image that is at most leaky:
 *  - counts of clusters that come into use are written before the tables that point to them,
 *  - tables below before tables above (L2 before L1),
 *  - clusters that go out of use are counted down only when nothing on disk points to them,
 * with a flush of the file between each of these.
 */
#ifndef QH_CORE_BLOCK_QCOW2_H
#define QH_CORE_BLOCK_QCOW2_H

#include "core/block/qcow2-state.h"

/* qcow2-file.c: bytes of the image's file; beyond its end there are zeroes. */
int qc_read(QhQcow2 *q, uint64_t offset, void *data, uint64_t bytes);
int qc_write(QhQcow2 *q, uint64_t offset, const void *data, uint64_t bytes);
int qc_barrier(QhQcow2 *q);
/* Something is wrong with the tables: the image is not used any more. With the lock. */
int qc_corrupt(QhQcow2 *q, const char *what, uint64_t offset);
QhBlockNode *qc_data_node(QhQcow2 *q);

/* qcow2-header.c */
gboolean qc_header_read(QhQcow2 *q, GError **error);
/* Write it anew as the members say: backing name, extensions, features, in_use. */
gboolean qc_header_write(QhQcow2 *q, GError **error);
/* The same as bytes of one cluster; NULL with @error when it does not fit. */
uint8_t *qc_header_bytes(QhQcow2 *q, GError **error);
int qc_mark_in_use(QhQcow2 *q);
QcExtension *qc_extension(QhQcow2 *q, uint32_t type);
void qc_extension_free(gpointer extension);

/* Another name of the backing file, NULL for none; nothing is in flight. */
gboolean qc_name_backing(QhQcow2 *q, const char *name, const char *format, GError **error);

/* qcow2-cache.c, with the lock. */
/* The piece at @offset of a table; valid until the next call of any qc_ function. EAGAIN when it is
 * not there and @wait is FALSE. */
int qc_slice(QhQcow2 *q, uint64_t offset, QcKind kind, gboolean wait, QcSlice **ret);
void qc_slice_dirty(QhQcow2 *q, QcSlice *slice);
void qc_slices_drop(QhQcow2 *q, uint64_t offset, uint64_t bytes); /* forget, whatever they have */
void qc_slices_clear(QhQcow2 *q);
void qc_l1_set(QhQcow2 *q, uint32_t index, uint64_t value);
/* All tables to the file, in order; with @free what was freed is counted down, too. */
int qc_flush_tables(QhQcow2 *q, gboolean free);

/* qcow2-refcount.c, with the lock. */
int qc_refcount(QhQcow2 *q, uint64_t cluster, uint64_t *ret);
int qc_refcount_add(QhQcow2 *q, uint64_t cluster, int64_t add, uint64_t *ret);
/* Up to @n clusters in a row, at least one; their counts are 1. */
int qc_alloc(QhQcow2 *q, uint64_t n, uint64_t *ret_offset, uint64_t *ret_n);
int qc_alloc_all(QhQcow2 *q, uint64_t n, uint64_t *ret_offset); /* exactly @n */
/* @bytes that need not be aligned, for a compressed cluster. */
int qc_alloc_bytes(QhQcow2 *q, uint64_t bytes, uint64_t *ret_offset);
/* Not used any more by what is in memory; later by what is on disk. */
void qc_free(QhQcow2 *q, uint64_t offset, uint64_t clusters);
int qc_apply_freed(QhQcow2 *q);
uint64_t qc_get_count(const QhQcow2 *q, const uint8_t *data, uint64_t index);
void qc_set_count(const QhQcow2 *q, uint8_t *data, uint64_t index, uint64_t value);

/* qcow2-map.c, with the lock. */
typedef enum { QC_MAP_NONE, QC_MAP_ZERO, QC_MAP_DATA, QC_MAP_PACKED } QcMapKind;
typedef struct QcMap {
    QcMapKind kind;
    uint64_t bytes; /* from the offset on that are alike */
    uint64_t host;  /* DATA, and ZERO with space: where the offset is; PACKED: the entry */
    gboolean has_host, copied;
    uint64_t entry, bitmap; /* of the first cluster */
} QcMap;
int qc_map(QhQcow2 *q, uint64_t offset, uint64_t bytes, gboolean wait, QcMap *ret);
/* Set entry (and bitmap) of the cluster at @offset, with a table of our own. What was there is no
 * longer used when @drop. */
int qc_map_set(QhQcow2 *q, uint64_t offset, uint64_t entry, uint64_t bitmap, gboolean drop);
int qc_map_prepare(QhQcow2 *q, uint64_t offset); /* there is a table of our own */
/* Give back what @entry points to. */
void qc_map_free(QhQcow2 *q, uint64_t entry);
void qc_packed(const QhQcow2 *q, uint64_t entry, uint64_t *ret_offset, uint64_t *ret_bytes);
gboolean qc_is_metadata(QhQcow2 *q, uint64_t offset);

/* qcow2-range.c */
void qc_range_enter(QhQcow2 *q, QcRange *range); /* there is no conflict */
void qc_range_leave(QhQcow2 *q, QcRange *range); /* takes the lock itself */
gboolean qc_range_conflict(const QhQcow2 *q, uint64_t start, uint64_t end, gboolean exclusive);
void qc_range_wait(QhQcow2 *q);

/* qcow2-pack.c */
int qc_unpack(QhQcow2 *q,
              uint64_t entry,
              uint64_t skip,
              const QhBlockVec *vec,
              uint32_t n_vec,
              uint64_t at,
              uint64_t bytes);
/* *@ret_bytes is 0 when it does not get smaller. */
int qc_pack(QhQcow2 *q, const void *data, void *packed, uint64_t *ret_bytes);

/* qcow2-io.c */
int qc_io_read(QhBlockDriver *driver,
               uint64_t offset,
               uint64_t bytes,
               const QhBlockVec *vec,
               uint32_t n_vec,
               uint32_t flags);
int qc_io_write(QhBlockDriver *driver,
                uint64_t offset,
                uint64_t bytes,
                const QhBlockVec *vec,
                uint32_t n_vec,
                uint32_t flags);
int qc_io_zero(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags);
int qc_io_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes);
int qc_io_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret);

/* qcow2-check.c */
typedef struct QcCheck {
    uint64_t leaks, corruptions, leaks_fixed, corruptions_fixed;
} QcCheck;
/* Count all references; with @fix the counts are put right. With the lock. */
gboolean qc_check(QhQcow2 *q, gboolean fix, QcCheck *ret, GError **error);

/* qcow2-snapshot.c */
gboolean qc_snapshots_read(QhQcow2 *q, GError **error);
void qc_snapshot_free(gpointer snapshot);

/* Inside snapshots by command; the node is held by the caller. delete gives the row, which the
 * caller frees; NULL with @error. [main] */
gboolean qh_qcow2_snapshot_create(QhBlockNode *node, const char *name, GError **error);
QcSnapshot *
qh_qcow2_snapshot_delete(QhBlockNode *node, const char *id, const char *name, GError **error);

/* qcow2-bitmap.c: persistent bitmaps into the node's list; what makes no sense is left alone. */
void qc_bitmaps_load(QhQcow2 *q);
int qc_bitmaps_begin(QhQcow2 *q); /* the image is written to: they are in use */
int qc_bitmaps_store(QhQcow2 *q); /* as they are now; takes the lock */

/* qcow2-create.c, qcow2-resize.c */
typedef struct QcCreate {
    uint64_t bytes, cluster_bytes;
    uint32_t version, ref_bits, compression;
    gboolean lazy, extended, data_raw;
    const char *backing_name, *backing_format, *data_name;
    QhBlockNode *data;
} QcCreate;
gboolean qh_qcow2_create(QhBlockNode *file, const QcCreate *create, GError **error);
gboolean qc_truncate(QhBlockDriver *driver, uint64_t bytes, GError **error);

#endif
