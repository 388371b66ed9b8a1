/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bitmaps of what was written to on a node, by name: for copies of what has changed since the last
 * one. Persistent ones are kept in their qcow2 image (qcow2-bitmap.c).
 */
#ifndef QH_CORE_BLOCK_BITMAP_H
#define QH_CORE_BLOCK_BITMAP_H

#include "core/block/block-priv.h"

typedef struct QhBlockBitmap {
    QhBlockNode *node;
    char *name;
    uint64_t granularity; /* bytes for each bit, a power of two */
    gboolean busy;        /* a job uses it */
    gboolean persistent, inconsistent;
    /* Of an inconsistent one: where in the image it is; it stays there until it is removed. */
    uint64_t table_offset;
    uint32_t table_entries;
    QhBlockWatcher watcher;
    GMutex lock; /* of what follows */
    gboolean recording;
    uint64_t n_bits;
    uint64_t *words; /* bit 0 of word 0 comes first */
} QhBlockBitmap;

/* A bitmap of @granularity (0: the usual) that is empty; in the node's list. NULL with @error: the
 * name is taken, or something does not do. The node is held by the caller. [main] */
QhBlockBitmap *
qh_block_bitmap_new(QhBlockNode *node, const char *name, uint64_t granularity, GError **error);
/* Out of the list; held by the caller. [main] */
void qh_block_bitmap_unlink(QhBlockBitmap *bitmap);
void qh_block_bitmap_link(QhBlockBitmap *bitmap); /* into it again */
void qh_block_bitmap_free(QhBlockBitmap *bitmap); /* NULL is accepted */
QhBlockBitmap *qh_block_bitmap_find(const QhBlockNode *node, const char *name);
/* The one of that name that can be used now; NULL with @error. [main] */
QhBlockBitmap *qh_block_bitmap_get(const QhBlockNode *node, const char *name, GError **error);
/* Of @node, 0 to n - 1; NULL behind the last. */
QhBlockBitmap *qh_block_bitmap_at(const QhBlockNode *node, guint i);
void qh_block_bitmaps_free(QhBlockNode *node);
/* The node's length has changed. */
gboolean qh_block_bitmaps_resize(QhBlockNode *node, GError **error);

void qh_block_bitmap_record(QhBlockBitmap *bitmap, gboolean on); /* [any] */
uint64_t qh_block_bitmap_words(const QhBlockBitmap *bitmap);     /* length of @words */
uint64_t qh_block_bitmap_count(QhBlockBitmap *bitmap);           /* bits that are set [any] */
/* A copy of the bits, or NULL when there is no memory; with @clear none is set any more. [any] */
uint64_t *qh_block_bitmap_copy(QhBlockBitmap *bitmap, gboolean clear);
/* Set what is set in @words as well; with @replace only that. [any] */
void qh_block_bitmap_merge(QhBlockBitmap *bitmap, const uint64_t *words, gboolean replace);
/* The same from a bitmap of a node of the same length, whatever its granularity. */
gboolean qh_block_bitmap_merge_from(QhBlockBitmap *bitmap, QhBlockBitmap *from, GError **error);

/* qcow2-bitmap.c: whether @node can keep a bitmap called @name. */
gboolean qh_qcow2_can_keep_bitmap(QhBlockNode *node, const char *name, GError **error);

#endif
