/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on bitmaps of what was written to. */
#include "core/block/bitmap.h"
#include "core/qmp/block-args.h"
#include "core/qmp/qapi.h"
#include "core/qmp/qmp.h"
#include "qapi/qapi-tables.h"

/* The bitmap, its node held; release it with put(). */
static QhBlockBitmap *take(QhHost *host, const char *node_name, const char *name, GError **error)
{
    QhBlockNode *node = qh_qmp_node_of(host, node_name, error);
    QhBlockBitmap *bitmap = node != NULL ? qh_block_bitmap_get(node, name, error) : NULL;

    if (bitmap != NULL) {
        qh_block_hold(qh_host_blocks(host), node);
    }
    return bitmap;
}

static void put(QhHost *host, QhBlockNode *node)
{
    qh_block_release(qh_host_blocks(host), node);
}

gboolean
qh_qmp_block_dirty_bitmap_add(QhHost *host, const QhQmpBlockDirtyBitmapAdd *args, GError **error)
{
    QhBlockNode *node = qh_qmp_node_of(host, args->node, error);
    gboolean persistent = args->has_persistent && args->persistent;

    if (node == NULL || (persistent && !qh_qcow2_can_keep_bitmap(node, args->name, error))) {
        return FALSE;
    }
    if (args->has_granularity && args->granularity == 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Granularity must be a power of 2 from 512 on");
        return FALSE;
    }
    qh_block_hold(qh_host_blocks(host), node);
    QhBlockBitmap *bitmap =
        qh_block_bitmap_new(node, args->name, args->has_granularity ? args->granularity : 0, error);
    if (bitmap != NULL) {
        bitmap->persistent = persistent;
        qh_block_bitmap_record(bitmap, !(args->has_disabled && args->disabled));
    }
    put(host, node);
    return bitmap != NULL;
}

gboolean
qh_qmp_block_dirty_bitmap_remove(QhHost *host, const QhQmpBlockDirtyBitmap *args, GError **error)
{
    QhBlockNode *node = qh_qmp_node_of(host, args->node, error);
    QhBlockBitmap *bitmap = node != NULL ? qh_block_bitmap_find(node, args->name) : NULL;

    /* one that is inconsistent can be removed, though not used */
    if (node != NULL && (bitmap == NULL || !bitmap->inconsistent)) {
        bitmap = qh_block_bitmap_get(node, args->name, error);
    }
    if (bitmap == NULL) {
        return FALSE;
    }
    qh_block_hold(qh_host_blocks(host), node);
    qh_block_bitmap_unlink(bitmap);
    put(host, node);
    qh_block_bitmap_free(bitmap);
    return TRUE;
}

gboolean
qh_qmp_block_dirty_bitmap_clear(QhHost *host, const QhQmpBlockDirtyBitmap *args, GError **error)
{
    QhBlockBitmap *bitmap = take(host, args->node, args->name, error);

    if (bitmap == NULL) {
        return FALSE;
    }
    g_autofree uint64_t *old = qh_block_bitmap_copy(bitmap, TRUE);
    put(host, bitmap->node);
    if (old == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "there is not enough memory");
    }
    return old != NULL;
}

static gboolean record(QhHost *host, const QhQmpBlockDirtyBitmap *args, gboolean on, GError **error)
{
    QhBlockBitmap *bitmap = take(host, args->node, args->name, error);

    if (bitmap == NULL) {
        return FALSE;
    }
    qh_block_bitmap_record(bitmap, on);
    put(host, bitmap->node);
    return TRUE;
}

gboolean
qh_qmp_block_dirty_bitmap_enable(QhHost *host, const QhQmpBlockDirtyBitmap *args, GError **error)
{
    return record(host, args, TRUE, error);
}

gboolean
qh_qmp_block_dirty_bitmap_disable(QhHost *host, const QhQmpBlockDirtyBitmap *args, GError **error)
{
    return record(host, args, FALSE, error);
}

gboolean qh_qmp_block_dirty_bitmap_merge(QhHost *host,
                                         const QhQmpBlockDirtyBitmapMerge *args,
                                         GError **error)
{
    QhBlockBitmap *target = take(host, args->node, args->target, error);
    g_autofree uint64_t *old = NULL;
    gboolean ok = TRUE;

    if (target == NULL) {
        return FALSE;
    }
    old = qh_block_bitmap_copy(target, FALSE);
    for (size_t i = 0; ok && i < args->bitmaps.n; i++) {
        const QhQmpBlockDirtyBitmapOrStr *from = &args->bitmaps.items[i];
        gboolean local = from->branch == 0;
        QhBlockNode *node =
            local ? target->node : qh_qmp_node_of(host, from->u.external->node, error);
        QhBlockBitmap *bitmap =
            node != NULL
                ? qh_block_bitmap_get(node, local ? from->u.local : from->u.external->name, error)
                : NULL;

        ok = bitmap != NULL && qh_block_bitmap_merge_from(target, bitmap, error);
    }
    if (!ok && old != NULL) {
        qh_block_bitmap_merge(target, old, TRUE);
    }
    put(host, target->node);
    return ok;
}
