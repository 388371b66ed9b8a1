/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filter "copy-on-read": what is read from a backing file is kept in the image above it. While a
 * piece is brought up nobody writes through the filter.
 */
#include "core/block/block-priv.h"

#include <errno.h>
#include <string.h>

#define PIECE (1u << 20)

typedef struct CopyOnRead {
    QhBlockDriver driver;
    char *bottom;
    GRWLock lock; /* writers: who brings a piece up */
} CopyOnRead;

static QhBlockNode *file_of(QhBlockDriver *driver)
{
    return qh_block_node_child(driver->node, "file");
}

static gboolean cor_open(QhBlockDriver *driver, GError **error)
{
    CopyOnRead *cor = (CopyOnRead *)driver;
    QhBlockNode *file = file_of(driver);

    if (file->read_only) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Block node '%s' is read-only: copy-on-read has to write to it", file->name);
        return FALSE;
    }
    if (cor->bottom != NULL && qh_block_find(driver->node->graph, cor->bottom) == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "Bottom node '%.64s' not found",
                    cor->bottom);
        return FALSE;
    }
    g_rw_lock_init(&cor->lock);
    driver->discard_bytes = file->state->discard_bytes;
    return TRUE;
}

static void cor_close(QhBlockDriver *driver)
{
    g_rw_lock_clear(&((CopyOnRead *)driver)->lock);
}

static uint64_t cor_length(QhBlockDriver *driver)
{
    return qh_block_length(file_of(driver));
}

/* What of the range is not in the image itself; 0 bytes: all is there. */
static int missing(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, gboolean *ret)
{
    int error = 0;

    *ret = FALSE;
    for (uint64_t at = 0; at < bytes && error == 0 && !*ret;) {
        QhBlockStatus status;

        error = qh_block_status(file_of(driver), offset + at, bytes - at, &status);
        *ret = error == 0 && (status.flags & QH_BLOCK_STATUS_ALLOCATED) == 0;
        at += status.bytes;
    }
    return error;
}

/* Those parts of the range that come from below, unless they are from below the bottom. */
static int bring_up(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    const CopyOnRead *cor = (CopyOnRead *)driver;
    QhBlockNode *file = file_of(driver), *below = qh_block_node_backing(file);
    QhBlockNode *bottom =
        cor->bottom != NULL ? qh_block_find(driver->node->graph, cor->bottom) : NULL;
    QhBlockNode *base = bottom != NULL ? qh_block_node_backing(bottom) : NULL;
    g_autofree void *memory = g_try_malloc(PIECE);
    int error = memory != NULL ? 0 : ENOMEM;

    for (uint64_t at = offset; below != NULL && at < offset + bytes && error == 0;) {
        uint64_t part = MIN(PIECE, offset + bytes - at);
        QhBlockStatus status;

        error = qh_block_status(file, at, part, &status);
        if (error == 0 && (status.flags & QH_BLOCK_STATUS_ALLOCATED) == 0) {
            error = qh_block_status_above(below, base, at, status.bytes, &status);
            if (error == 0 && status.flags & QH_BLOCK_STATUS_ALLOCATED) {
                QhBlockVec vec = {memory, status.bytes};

                error = qh_block_read(file, at, memory, status.bytes);
                error = error != 0
                            ? error
                            : qh_block_writev(file, at, status.bytes, &vec, 1, QH_BLOCK_UNCHANGED);
            }
        }
        at += MAX(status.bytes, 1);
    }
    return error;
}

static int cor_read(QhBlockDriver *driver,
                    uint64_t offset,
                    uint64_t bytes,
                    const QhBlockVec *vec,
                    uint32_t n_vec,
                    uint32_t flags)
{
    CopyOnRead *cor = (CopyOnRead *)driver;
    gboolean some = FALSE;

    if (flags & QH_BLOCK_NO_WAIT) {
        return EAGAIN;
    }
    int error = missing(driver, offset, bytes, &some);
    if (error == 0 && some) {
        g_rw_lock_writer_lock(&cor->lock);
        /* a copy that fails costs no data: the read itself says whether it can be read */
        (void)bring_up(driver, offset, bytes);
        g_rw_lock_writer_unlock(&cor->lock);
    }
    return error != 0 ? error : qh_block_readv(file_of(driver), offset, bytes, vec, n_vec, flags);
}

static int cor_write(QhBlockDriver *driver,
                     uint64_t offset,
                     uint64_t bytes,
                     const QhBlockVec *vec,
                     uint32_t n_vec,
                     uint32_t flags)
{
    CopyOnRead *cor = (CopyOnRead *)driver;

    g_rw_lock_reader_lock(&cor->lock);
    int error = qh_block_writev(file_of(driver), offset, bytes, vec, n_vec, flags);
    g_rw_lock_reader_unlock(&cor->lock);
    return error;
}

static int cor_flush(QhBlockDriver *driver)
{
    return qh_block_flush(file_of(driver));
}

static int cor_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    CopyOnRead *cor = (CopyOnRead *)driver;

    g_rw_lock_reader_lock(&cor->lock);
    int error = qh_block_discard(file_of(driver), offset, bytes);
    g_rw_lock_reader_unlock(&cor->lock);
    return error;
}

static int cor_zero(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    CopyOnRead *cor = (CopyOnRead *)driver;

    g_rw_lock_reader_lock(&cor->lock);
    int error = qh_block_zero(file_of(driver), offset, bytes, flags);
    g_rw_lock_reader_unlock(&cor->lock);
    return error;
}

static int cor_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    return qh_block_status(file_of(driver), offset, bytes, ret);
}

static gboolean cor_truncate(QhBlockDriver *driver, uint64_t bytes, GError **error)
{
    return qh_block_truncate(file_of(driver), bytes, error);
}

static const QhProperty properties[] = {
    QH_PROPERTY("bottom",
                QH_PROPERTY_STRING,
                offsetof(CopyOnRead, bottom),
                NULL,
                0,
                0,
                "the lowest node whose data is copied"),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

const QhBlockDriverOps qh_block_copy_on_read = {
    .size = sizeof(QhBlockDriverOps),
    .state_size = sizeof(CopyOnRead),
    .kind = QH_BLOCK_FILTER,
    .flags = QH_BLOCK_DRIVER_PASS,
    .description = "keeps what is read from backing files",
    .properties = &table,
    .children = "file",
    .open = cor_open,
    .close = cor_close,
    .length = cor_length,
    .read = cor_read,
    .write = cor_write,
    .flush = cor_flush,
    .discard = cor_discard,
    .write_zeroes = cor_zero,
    .status = cor_status,
    .truncate = cor_truncate,
};
