/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/block/bitmap.h"

#include <string.h>

#define USUAL     65536u
#define LEAST     512u
#define MOST      (1u << 31)
#define MAX_BYTES (512u << 20) /* of one bitmap */

static void set_range(QhBlockBitmap *bitmap, uint64_t offset, uint64_t bytes)
{
    uint64_t first = offset / bitmap->granularity;
    uint64_t last = (offset + bytes - 1) / bitmap->granularity;

    for (uint64_t bit = first; bit <= last && bit < bitmap->n_bits; bit++) {
        if (bit % 64 == 0 && bit + 63 <= last && bit + 63 < bitmap->n_bits) {
            bitmap->words[bit / 64] = UINT64_MAX;
            bit += 63;
        } else {
            bitmap->words[bit / 64] |= UINT64_C(1) << bit % 64;
        }
    }
}

static void after(void *data, uint64_t offset, uint64_t bytes)
{
    QhBlockBitmap *bitmap = data;

    if (bytes == 0) {
        return;
    }
    g_mutex_lock(&bitmap->lock);
    if (bitmap->recording) {
        set_range(bitmap, offset, bytes);
    }
    g_mutex_unlock(&bitmap->lock);
}

QhBlockBitmap *qh_block_bitmap_at(const QhBlockNode *node, guint i)
{
    const GPtrArray *bitmaps = node->bitmaps;

    return bitmaps != NULL && i < bitmaps->len ? g_ptr_array_index(bitmaps, i) : NULL;
}

QhBlockBitmap *qh_block_bitmap_find(const QhBlockNode *node, const char *name)
{
    QhBlockBitmap *bitmap;

    for (guint i = 0; (bitmap = qh_block_bitmap_at(node, i)) != NULL; i++) {
        if (g_str_equal(bitmap->name, name)) {
            return bitmap;
        }
    }
    return NULL;
}

QhBlockBitmap *qh_block_bitmap_get(const QhBlockNode *node, const char *name, GError **error)
{
    QhBlockBitmap *bitmap = qh_block_bitmap_find(node, name);

    if (bitmap == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "Dirty bitmap '%.64s' not found", name);
        return NULL;
    }
    if (bitmap->busy) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "Bitmap '%.64s' is currently in use by another operation and cannot be used",
                    name);
        return NULL;
    }
    if (bitmap->inconsistent) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "Bitmap '%.64s' is inconsistent and cannot be used", name);
        return NULL;
    }
    return bitmap;
}

static uint64_t bits_for(const QhBlockNode *node, uint64_t granularity)
{
    uint64_t bytes = qh_block_length((QhBlockNode *)(uintptr_t)node);

    return bytes / granularity + (bytes % granularity != 0);
}

uint64_t qh_block_bitmap_words(const QhBlockBitmap *bitmap)
{
    return (bitmap->n_bits + 63) / 64;
}

static uint64_t *words_for(uint64_t n_bits, GError **error)
{
    uint64_t n = n_bits / 64 + 1;
    uint64_t *words = n * 8 <= MAX_BYTES ? g_try_new0(uint64_t, n) : NULL;

    if (words == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED,
                            "the bitmap would be too large: a larger granularity makes it smaller");
    }
    return words;
}

static gboolean check(const QhBlockNode *node, const char *name, uint64_t granule, GError **error)
{
    if (*name == '\0') {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Bitmap name cannot be empty");
        return FALSE;
    }
    if (strlen(name) > 1023) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Bitmap name is too long");
        return FALSE;
    }
    if (granule < LEAST || granule > MOST || (granule & (granule - 1)) != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Granularity must be a power of 2 from 512 on");
        return FALSE;
    }
    if (qh_block_bitmap_find(node, name) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Bitmap already exists: %.64s", name);
        return FALSE;
    }
    return TRUE;
}

QhBlockBitmap *
qh_block_bitmap_new(QhBlockNode *node, const char *name, uint64_t granularity, GError **error)
{
    if (granularity == 0) {
        granularity = node->ops->kind == QH_BLOCK_FORMAT && node->state->discard_bytes > 1
                          ? CLAMP(node->state->discard_bytes, 4096, USUAL)
                          : USUAL;
    }
    if (!check(node, name, granularity, error)) {
        return NULL;
    }
    uint64_t n_bits = bits_for(node, granularity);
    uint64_t *words = words_for(n_bits, error);
    if (words == NULL) {
        return NULL;
    }
    QhBlockBitmap *bitmap = g_new0(QhBlockBitmap, 1);
    bitmap->node = node;
    bitmap->name = g_strdup(name);
    bitmap->granularity = granularity;
    bitmap->n_bits = n_bits;
    bitmap->words = words;
    bitmap->recording = TRUE;
    bitmap->watcher = (QhBlockWatcher){.after = after, .data = bitmap};
    g_mutex_init(&bitmap->lock);
    qh_block_bitmap_link(bitmap);
    return bitmap;
}

void qh_block_bitmap_link(QhBlockBitmap *bitmap)
{
    if (bitmap->node->bitmaps == NULL) {
        bitmap->node->bitmaps = g_ptr_array_new();
    }
    g_ptr_array_add(bitmap->node->bitmaps, bitmap);
    g_ptr_array_add(bitmap->node->watchers, &bitmap->watcher);
}

void qh_block_bitmap_unlink(QhBlockBitmap *bitmap)
{
    g_ptr_array_remove(bitmap->node->bitmaps, bitmap);
    g_ptr_array_remove(bitmap->node->watchers, &bitmap->watcher);
}

void qh_block_bitmap_free(QhBlockBitmap *bitmap)
{
    if (bitmap != NULL) {
        g_mutex_clear(&bitmap->lock);
        g_free(bitmap->words);
        g_free(bitmap->name);
        g_free(bitmap);
    }
}

void qh_block_bitmaps_free(QhBlockNode *node)
{
    QhBlockBitmap *bitmap;

    while ((bitmap = qh_block_bitmap_at(node, 0)) != NULL) {
        qh_block_bitmap_unlink(bitmap);
        qh_block_bitmap_free(bitmap);
    }
    g_clear_pointer((GPtrArray **)&node->bitmaps, g_ptr_array_unref);
}

static gboolean resize(QhBlockBitmap *bitmap, GError **error)
{
    uint64_t n_bits = bits_for(bitmap->node, bitmap->granularity);
    uint64_t *words = words_for(n_bits, error);

    if (words == NULL) {
        return FALSE;
    }
    g_mutex_lock(&bitmap->lock);
    uint64_t keep = MIN(n_bits, bitmap->n_bits);
    memcpy(words, bitmap->words, (keep + 63) / 64 * 8);
    if (keep % 64 != 0) {
        words[keep / 64] &= (UINT64_C(1) << keep % 64) - 1;
    }
    g_free(bitmap->words);
    bitmap->words = words;
    bitmap->n_bits = n_bits;
    g_mutex_unlock(&bitmap->lock);
    return TRUE;
}

gboolean qh_block_bitmaps_resize(QhBlockNode *node, GError **error)
{
    QhBlockBitmap *bitmap;

    for (guint i = 0; (bitmap = qh_block_bitmap_at(node, i)) != NULL; i++) {
        if (!resize(bitmap, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

void qh_block_bitmap_record(QhBlockBitmap *bitmap, gboolean on)
{
    g_mutex_lock(&bitmap->lock);
    bitmap->recording = on;
    g_mutex_unlock(&bitmap->lock);
}

uint64_t qh_block_bitmap_count(QhBlockBitmap *bitmap)
{
    uint64_t count = 0;

    g_mutex_lock(&bitmap->lock);
    for (uint64_t i = 0; i < qh_block_bitmap_words(bitmap); i++) {
        count += (uint64_t)__builtin_popcountll(bitmap->words[i]);
    }
    g_mutex_unlock(&bitmap->lock);
    return count;
}

uint64_t *qh_block_bitmap_copy(QhBlockBitmap *bitmap, gboolean clear)
{
    g_mutex_lock(&bitmap->lock);
    uint64_t n = qh_block_bitmap_words(bitmap);
    uint64_t *copy = g_try_new0(uint64_t, n + 1);

    if (copy != NULL) {
        memcpy(copy, bitmap->words, n * 8);
        if (clear) {
            memset(bitmap->words, 0, n * 8);
        }
    }
    g_mutex_unlock(&bitmap->lock);
    return copy;
}

void qh_block_bitmap_merge(QhBlockBitmap *bitmap, const uint64_t *words, gboolean replace)
{
    g_mutex_lock(&bitmap->lock);
    for (uint64_t i = 0; i < qh_block_bitmap_words(bitmap); i++) {
        bitmap->words[i] = (replace ? 0 : bitmap->words[i]) | words[i];
    }
    g_mutex_unlock(&bitmap->lock);
}

gboolean qh_block_bitmap_merge_from(QhBlockBitmap *bitmap, QhBlockBitmap *from, GError **error)
{
    if (qh_block_length(bitmap->node) != qh_block_length(from->node)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Bitmaps are of different sizes (destination size is %" G_GUINT64_FORMAT
                    ") and can't be merged",
                    qh_block_length(bitmap->node));
        return FALSE;
    }
    g_autofree uint64_t *words = qh_block_bitmap_copy(from, FALSE);
    if (words == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "there is not enough memory");
        return FALSE;
    }
    if (from->granularity == bitmap->granularity) {
        qh_block_bitmap_merge(bitmap, words, FALSE);
        return TRUE;
    }
    g_mutex_lock(&bitmap->lock);
    for (uint64_t bit = 0; bit < from->n_bits; bit++) {
        if (words[bit / 64] == 0) {
            bit |= 63;
        } else if (words[bit / 64] >> bit % 64 & 1) {
            set_range(bitmap, bit * from->granularity, from->granularity);
        }
    }
    g_mutex_unlock(&bitmap->lock);
    return TRUE;
}
