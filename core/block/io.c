/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data through one node. Everything that holds for all drivers is done here: ranges are checked,
 * parts of a block are read, changed and written where a driver takes whole blocks only, zeroes are
 * detected, those who watch the node hear of changes.
 */
#include "core/block/bitmap.h"
#include "core/block/block-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BOUNCE_MAX (1u << 20) /* bytes copied at a time when memory or range is not aligned */
#define ZERO_BYTES (64u << 10)

uint64_t qh_block_length(QhBlockNode *node)
{
    return node->ops->length(node->state);
}

static int check_range(QhBlockNode *node, uint64_t offset, uint64_t bytes)
{
    uint64_t length = qh_block_length(node);

    return offset <= length && bytes <= length - offset ? 0 : EIO;
}

static uint32_t alignment(const QhBlockNode *node)
{
    return MAX(node->state->alignment, 1);
}

static gboolean is_aligned(
    const QhBlockNode *node, uint64_t offset, uint64_t bytes, const QhBlockVec *vec, uint32_t n_vec)
{
    uint64_t bits = offset | bytes;

    if (alignment(node) == 1) {
        return TRUE;
    }
    for (uint32_t i = 0; i < n_vec; i++) {
        bits |= (uintptr_t)vec[i].base | vec[i].bytes;
    }
    return bits % alignment(node) == 0;
}

/* A driver with blocks: through memory of ours, whole blocks at a time. */
static int bounce_read(
    QhBlockNode *node, uint64_t offset, uint64_t bytes, const QhBlockVec *vec, uint32_t n_vec)
{
    uint32_t block = alignment(node);
    uint64_t at = 0;
    void *memory = NULL;
    int error = 0;

    if (posix_memalign(&memory, MAX(block, 4096), BOUNCE_MAX) != 0) {
        return ENOMEM;
    }
    g_rw_lock_reader_lock(&node->partial);
    while (at < bytes && error == 0) {
        uint64_t start = (offset + at) / block * block;
        uint64_t skip = offset + at - start;
        uint64_t part = MIN(bytes - at, BOUNCE_MAX - skip);
        uint64_t whole = (skip + part + block - 1) / block * block;
        QhBlockVec one = {memory, whole};

        error = node->ops->read(node->state, start, whole, &one, 1, 0);
        if (error == 0) {
            qh_block_vec_write(vec, n_vec, at, (char *)memory + skip, part);
        }
        at += part;
    }
    g_rw_lock_reader_unlock(&node->partial);
    free(memory);
    return error;
}

/* Read what the first or last block has beside the range. */
static int fill_block(QhBlockNode *node, uint64_t at, char *memory)
{
    QhBlockVec one = {memory, alignment(node)};

    return node->ops->read(node->state, at, alignment(node), &one, 1, 0);
}

static int bounce_write(QhBlockNode *node,
                        uint64_t offset,
                        uint64_t bytes,
                        const QhBlockVec *vec,
                        uint32_t n_vec,
                        uint32_t flags)
{
    uint32_t block = alignment(node);
    uint64_t at = 0;
    char *memory = NULL;
    int error = 0;

    if (posix_memalign((void **)&memory, MAX(block, 4096), BOUNCE_MAX) != 0) {
        return ENOMEM;
    }
    g_rw_lock_writer_lock(&node->partial);
    while (at < bytes && error == 0) {
        uint64_t start = (offset + at) / block * block;
        uint64_t skip = offset + at - start;
        uint64_t part = MIN(bytes - at, BOUNCE_MAX - skip);
        uint64_t whole = (skip + part + block - 1) / block * block;
        QhBlockVec one = {memory, whole};

        if (skip != 0) {
            error = fill_block(node, start, memory);
        }
        if (error == 0 && (skip + part) % block != 0 && (skip == 0 || whole > block)) {
            error = fill_block(node, start + whole - block, memory + whole - block);
        }
        if (error == 0) {
            qh_block_vec_read(vec, n_vec, at, memory + skip, part);
            error = node->ops->write(node->state, start, whole, &one, 1, flags);
        }
        at += part;
    }
    g_rw_lock_writer_unlock(&node->partial);
    free(memory);
    return error;
}

int qh_block_readv(QhBlockNode *node,
                   uint64_t offset,
                   uint64_t bytes,
                   const QhBlockVec *vec,
                   uint32_t n_vec,
                   uint32_t flags)
{
    int error = check_range(node, offset, bytes);

    if (error != 0 || bytes == 0) {
        return error;
    }
    if (is_aligned(node, offset, bytes, vec, n_vec)) {
        return node->ops->read(node->state, offset, bytes, vec, n_vec, flags);
    }
    return flags & QH_BLOCK_NO_WAIT ? EAGAIN : bounce_read(node, offset, bytes, vec, n_vec);
}

static int watch_before(QhBlockNode *node, uint64_t offset, uint64_t bytes)
{
    uint64_t threshold = __atomic_load_n(&node->threshold, __ATOMIC_RELAXED);

    if (threshold != 0 && offset + bytes > threshold) {
        qh_block_report_threshold(node, offset + bytes);
    }
    for (guint i = 0; i < node->watchers->len; i++) {
        const QhBlockWatcher *watcher = g_ptr_array_index(node->watchers, i);
        int error = watcher->before != NULL ? watcher->before(watcher->data, offset, bytes) : 0;

        if (error != 0) {
            return error;
        }
    }
    return 0;
}

void qh_block_note_written(QhBlockNode *node, uint64_t end)
{
    uint64_t top = __atomic_load_n(&node->write_top, __ATOMIC_RELAXED);

    while (end > top && !__atomic_compare_exchange_n(&node->write_top, &top, end, FALSE,
                                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        continue;
    }
}

static void watch_after(QhBlockNode *node, uint64_t offset, uint64_t bytes)
{
    for (guint i = 0; i < node->watchers->len; i++) {
        const QhBlockWatcher *watcher = g_ptr_array_index(node->watchers, i);

        if (watcher->after != NULL) {
            watcher->after(watcher->data, offset, bytes);
        }
    }
    qh_block_note_written(node, offset + bytes);
}

static gboolean all_zero(const QhBlockVec *vec, uint32_t n_vec)
{
    for (uint32_t i = 0; i < n_vec; i++) {
        if (!qh_block_is_zero(vec[i].base, vec[i].bytes)) {
            return FALSE;
        }
    }
    return TRUE;
}

static int write_data(QhBlockNode *node,
                      uint64_t offset,
                      uint64_t bytes,
                      const QhBlockVec *vec,
                      uint32_t n_vec,
                      uint32_t flags)
{
    return is_aligned(node, offset, bytes, vec, n_vec)
               ? node->ops->write(node->state, offset, bytes, vec, n_vec, flags)
               : bounce_write(node, offset, bytes, vec, n_vec, flags);
}

static int flush_if(QhBlockNode *node, int error, uint32_t flags)
{
    return error == 0 && flags & QH_BLOCK_FUA ? qh_block_flush(node) : error;
}

/* Zeroes as data, for drivers that know nothing better. */
static int zero_by_writing(QhBlockNode *node, uint64_t offset, uint64_t bytes)
{
    static const char zeroes[ZERO_BYTES];
    QhBlockVec vec[16];
    int error = 0;

    for (uint64_t at = 0; at < bytes && error == 0;) {
        uint32_t n = 0;
        uint64_t part = 0;

        for (; n < G_N_ELEMENTS(vec) && at + part < bytes; n++) {
            vec[n].base = (char *)(uintptr_t)zeroes;
            vec[n].bytes = MIN(bytes - at - part, ZERO_BYTES);
            part += vec[n].bytes;
        }
        error = write_data(node, offset + at, part, vec, n, 0);
        at += part;
    }
    return error;
}

static int zero_data(QhBlockNode *node, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    uint32_t block = alignment(node);
    uint64_t first = (offset + block - 1) / block * block;
    uint64_t end = (offset + bytes) / block * block;
    int error = ENOTSUP;

    if (node->ops->write_zeroes != NULL && first < end) {
        error = node->ops->write_zeroes(node->state, first, end - first,
                                        node->unmap ? flags : flags & ~QH_BLOCK_UNMAP);
    }
    if (error == ENOTSUP || first >= end) {
        return zero_by_writing(node, offset, bytes);
    }
    if (error == 0 && first > offset) {
        error = zero_by_writing(node, offset, first - offset);
    }
    if (error == 0 && end < offset + bytes) {
        error = zero_by_writing(node, end, offset + bytes - end);
    }
    return error;
}

int qh_block_writev(QhBlockNode *node,
                    uint64_t offset,
                    uint64_t bytes,
                    const QhBlockVec *vec,
                    uint32_t n_vec,
                    uint32_t flags)
{
    int error = check_range(node, offset, bytes);

    if (error == 0 && node->ops->write == NULL) {
        error = EROFS;
    }
    if (error != 0 || bytes == 0) {
        return error;
    }
    error = flags & QH_BLOCK_UNCHANGED ? 0 : watch_before(node, offset, bytes);
    if (error == 0) {
        error = node->detect_zeroes != 0 && all_zero(vec, n_vec)
                    ? zero_data(node, offset, bytes, node->detect_zeroes == 2 ? QH_BLOCK_UNMAP : 0)
                    : write_data(node, offset, bytes, vec, n_vec, flags & ~QH_BLOCK_FUA);
    }
    watch_after(node, offset, bytes);
    return flush_if(node, error, flags);
}

static gboolean is_plain(const QhBlockNode *node, gboolean write)
{
    return !write || (node->watchers->len == 0 && node->detect_zeroes == 0 &&
                      __atomic_load_n(&node->threshold, __ATOMIC_RELAXED) == 0);
}

gboolean qh_block_find_transfer(QhBlockNode *node,
                                gboolean write,
                                QhBlockTransfer *ret,
                                QhBlockNode **ret_file)
{
    uint64_t offset = ret->offset;

    while (is_plain(node, write) && check_range(node, offset, ret->bytes) == 0 &&
           is_aligned(node, offset, ret->bytes, ret->vec, ret->n_vec)) {
        if (node->ops == &qh_block_raw) {
            node = qh_block_raw_pass(node->state, &offset);
            continue;
        }
        if (node->ops != &qh_block_file && node->ops != &qh_block_host_device) {
            return FALSE;
        }
        ret->write = write;
        ret->offset = offset;
        *ret_file = node;
        return qh_block_file_transfer(node->state, ret);
    }
    return FALSE;
}

int qh_block_read(QhBlockNode *node, uint64_t offset, void *data, uint64_t bytes)
{
    QhBlockVec vec = {data, bytes};

    return qh_block_readv(node, offset, bytes, &vec, 1, 0);
}

int qh_block_write(QhBlockNode *node, uint64_t offset, const void *data, uint64_t bytes)
{
    QhBlockVec vec = {(void *)(uintptr_t)data, bytes};

    return qh_block_writev(node, offset, bytes, &vec, 1, 0);
}

int qh_block_flush(QhBlockNode *node)
{
    if (node->no_flush || node->ops->flush == NULL) {
        return 0;
    }
    return node->ops->flush(node->state);
}

int qh_block_discard(QhBlockNode *node, uint64_t offset, uint64_t bytes)
{
    uint32_t block = MAX(alignment(node), node->state->discard_bytes);
    int error = check_range(node, offset, bytes);

    if (error != 0 || node->ops->discard == NULL || !node->unmap ||
        node->state->discard_bytes == 0) {
        return error;
    }
    uint64_t length = qh_block_length(node);
    uint64_t first = (offset + block - 1) / block * block;
    uint64_t end = offset + bytes == length ? length : (offset + bytes) / block * block;
    if (first >= end) {
        return 0;
    }
    error = watch_before(node, first, end - first);
    if (error == 0) {
        error = node->ops->discard(node->state, first, end - first);
    }
    watch_after(node, first, end - first);
    return error == ENOTSUP ? 0 : error;
}

int qh_block_zero(QhBlockNode *node, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    int error = check_range(node, offset, bytes);

    if (error == 0 && node->ops->write == NULL) {
        error = EROFS;
    }
    if (error != 0 || bytes == 0) {
        return error;
    }
    error = flags & QH_BLOCK_UNCHANGED ? 0 : watch_before(node, offset, bytes);
    if (error == 0) {
        error = zero_data(node, offset, bytes, flags & QH_BLOCK_UNMAP);
    }
    watch_after(node, offset, bytes);
    return flush_if(node, error, flags);
}

int qh_block_status(QhBlockNode *node, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    uint64_t length = qh_block_length(node);

    *ret = (QhBlockStatus){.size = sizeof(*ret)};
    if (offset >= length) {
        return EINVAL;
    }
    bytes = MIN(bytes, length - offset);
    if (node->ops->status == NULL) {
        ret->flags = QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_DATA;
        ret->bytes = bytes;
        return 0;
    }
    int error = node->ops->status(node->state, offset, bytes, ret);
    ret->bytes = MIN(ret->bytes, bytes);
    return error != 0 ? error : ret->bytes == 0 ? EIO : 0;
}

int qh_block_status_above(
    QhBlockNode *node, QhBlockNode *base, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    for (; node != NULL && node != base; node = qh_block_node_backing(node)) {
        if (offset >= qh_block_length(node)) {
            /* behind the end of a short node there are zeroes */
            *ret = (QhBlockStatus){.size = sizeof(*ret), .bytes = bytes};
            ret->flags = QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_ZERO;
            return 0;
        }
        int error = qh_block_status(node, offset, bytes, ret);
        if (error != 0 || ret->flags & QH_BLOCK_STATUS_ALLOCATED) {
            return error;
        }
        bytes = ret->bytes;
    }
    ret->flags = node == NULL ? QH_BLOCK_STATUS_ZERO : 0;
    ret->bytes = bytes;
    return 0;
}

gboolean qh_block_truncate(QhBlockNode *node, uint64_t bytes, GError **error)
{
    if (node->ops->truncate == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "Image format driver '%s' does not support resize", node->driver_name);
        return FALSE;
    }
    return node->ops->truncate(node->state, bytes, error) && qh_block_bitmaps_resize(node, error);
}

int qh_block_write_grow(
    QhBlockNode *node, uint64_t offset, uint64_t bytes, const QhBlockVec *vec, uint32_t n_vec)
{
    if (node->ops->write == NULL) {
        return EROFS;
    }
    if (bytes > INT64_MAX || offset > INT64_MAX - bytes) {
        return EFBIG;
    }
    if (node->ops->flags & QH_BLOCK_DRIVER_GROWS) {
        int error = watch_before(node, offset, bytes);

        error = error != 0 ? error : write_data(node, offset, bytes, vec, n_vec, 0);
        watch_after(node, offset, bytes);
        return error;
    }
    /* a device does not grow, and what hands on asks its child */
    if (offset + bytes > qh_block_length(node)) {
        g_autoptr(GError) error = NULL;

        if (!qh_block_truncate(node, offset + bytes, &error)) {
            return ENOSPC;
        }
    }
    return qh_block_writev(node, offset, bytes, vec, n_vec, 0);
}
