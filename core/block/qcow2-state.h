/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of an open qcow2 image, and the numbers of the format. */
#ifndef QH_CORE_BLOCK_QCOW2_STATE_H
#define QH_CORE_BLOCK_QCOW2_STATE_H

#include "core/block/block-priv.h"

#define QC_MAGIC 0x514649fbu

#define QC_INCOMPAT_DIRTY       (UINT64_C(1) << 0)
#define QC_INCOMPAT_CORRUPT     (UINT64_C(1) << 1)
#define QC_INCOMPAT_DATA_FILE   (UINT64_C(1) << 2)
#define QC_INCOMPAT_COMPRESSION (UINT64_C(1) << 3)
#define QC_INCOMPAT_EXTENDED_L2 (UINT64_C(1) << 4)
#define QC_INCOMPAT_KNOWN       UINT64_C(31)
#define QC_COMPAT_LAZY          (UINT64_C(1) << 0)
#define QC_AUTOCLEAR_BITMAPS    (UINT64_C(1) << 0)
#define QC_AUTOCLEAR_DATA_RAW   (UINT64_C(1) << 1)

#define QC_EXT_END       0u
#define QC_EXT_BACKING   0xe2792acau
#define QC_EXT_FEATURES  0x6803f857u
#define QC_EXT_BITMAPS   0x23852875u
#define QC_EXT_CRYPT     0x0537be77u
#define QC_EXT_DATA_FILE 0x44415441u
/* Ours: eight bytes, 1 while this program has the image open and has changed its tables. Found at
 * the next open, it says that clusters may be leaked, and they are looked for. */
#define QC_EXT_IN_USE 0x71682d31u

#define QC_COPIED      (UINT64_C(1) << 63)
#define QC_COMPRESSED  (UINT64_C(1) << 62)
#define QC_ZERO        UINT64_C(1)
#define QC_OFFSET_MASK UINT64_C(0x00fffffffffffe00)

#define QC_L1_MAX        (32u << 20) /* bytes */
#define QC_REFTABLE_MAX  (8u << 20)
#define QC_SNAPSHOTS_MAX 65536u
#define QC_NAME_MAX      1023u

/* One header extension that is kept as it is. */
typedef struct QcExtension {
    uint32_t type, bytes;
    uint8_t *data;
} QcExtension;

typedef struct QcSnapshot {
    uint64_t l1_offset;
    uint32_t l1_entries;
    char *id, *name;
    uint32_t date_s, date_ns, vm_state_32;
    uint64_t vm_clock_ns, vm_state_bytes, disk_bytes, icount;
    gboolean has_icount;
    uint8_t *unknown; /* further extra data */
    uint32_t unknown_bytes;
} QcSnapshot;

typedef enum { QC_REF, QC_L2 } QcKind;

/* A piece of a table in memory. */
typedef struct QcSlice {
    uint64_t offset; /* in the file */
    uint8_t *data;
    GList link; /* in QhQcow2.lru, the latest first */
    QcKind kind;
    gboolean dirty;
} QcSlice;

/* Guest clusters that a request is at work on. */
typedef struct QcRange {
    uint64_t start, end;
    gboolean exclusive;
    struct QcRange *next;
} QcRange;

typedef struct QcFreed {
    uint64_t offset, clusters;
} QcFreed;

typedef struct QhQcow2 {
    QhBlockDriver driver;
    /* options */
    uint8_t lazy, pass_request, pass_snapshot, pass_other, no_unref;
    char *overlap, *overlap_mode;
    uint64_t cache_bytes, l2_cache_bytes, ref_cache_bytes, l2_entry_bytes, clean_seconds;

    QhBlockNode *file;
    gboolean writable;
    uint32_t version, cluster_bits, ref_bits, header_bytes, compression;
    uint64_t cluster_bytes;
    uint64_t bytes; /* atomic: the guest's disk */
    uint64_t incompatible, compatible, autoclear;
    gboolean extended;   /* extended L2 */
    uint32_t l2_entry;   /* 8 or 16 */
    uint64_t l2_entries; /* of one table */
    uint64_t sub_bytes;  /* subcluster */
    gboolean data_file;
    char *backing_name, *backing_format, *data_name;
    GPtrArray *extensions; /* QcExtension: unknown ones, and bitmaps */
    gint64 in_use_at;      /* offset of that extension's data; -1: there is none */
    gboolean in_use;
    gint leaky; /* atomic: a request has failed, and may have left clusters that nobody uses */

    GMutex lock; /* of what follows */
    GCond changed;
    gboolean corrupt;
    uint64_t *l1;
    uint32_t l1_entries;
    uint64_t l1_offset;
    gboolean *l1_dirty; /* by 512 bytes of the table */
    gboolean any_l1_dirty;
    uint64_t *reftable;
    uint32_t ref_entries;
    uint64_t ref_offset;
    GPtrArray *snapshots; /* QcSnapshot */
    uint64_t snapshots_offset, snapshots_bytes;
    GHashTable *slices;
    GQueue lru;
    uint32_t slice_bytes;
    guint slices_max, dirty_refs, dirty_l2s;
    uint64_t hint; /* cluster number: none below it is free */
    GArray *freed; /* QcFreed: counted down once nothing on disk points there */
    QcRange *ranges;
    guint range_waiters;
    gboolean bitmaps_known;          /* the directory in the image is that of the node's bitmaps */
    guint bitmaps_broken;            /* that are inconsistent */
    GArray *bitmap_clusters;         /* QcFreed: what they take in the image */
    uint64_t packed_at, packed_left; /* room behind the last compressed cluster */
    GMutex inflate_lock;
    uint64_t inflated_at; /* entry of the cluster in inflated; 0: none */
    uint8_t *inflated;
} QhQcow2;

static inline uint64_t qc_align(const QhQcow2 *q, uint64_t value)
{
    return (value + q->cluster_bytes - 1) & ~(q->cluster_bytes - 1);
}

#endif
