/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Format "raw": the bytes of its file as they are, or a part of them. */
#include "core/block/block-priv.h"

#include <errno.h>

typedef struct Raw {
    QhBlockDriver driver;
    QhBlockNode *file;
    uint64_t offset, size; /* options */
    gboolean has_size;
    uint64_t bytes; /* length when has_size */
} Raw;

static Raw *raw_of(QhBlockDriver *driver)
{
    return (Raw *)driver;
}

static gboolean raw_open(QhBlockDriver *driver, GError **error)
{
    Raw *raw = raw_of(driver);

    raw->file = qh_block_node_child(driver->node, "file");
    uint64_t length = qh_block_length(raw->file);
    raw->has_size = raw->size != 0;
    if (raw->offset > length || (raw->has_size && raw->size > length - raw->offset)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "offset %" G_GUINT64_FORMAT " and size %" G_GUINT64_FORMAT
                    " lie outside the file of %" G_GUINT64_FORMAT " bytes",
                    raw->offset, raw->size, length);
        return FALSE;
    }
    raw->bytes = raw->size;
    driver->discard_bytes = 1;
    return TRUE;
}

static void raw_close(QhBlockDriver *driver)
{
    (void)driver;
}

/* The child may have been put for another. */
static QhBlockNode *file_of(QhBlockDriver *driver)
{
    return qh_block_node_child(driver->node, "file");
}

QhBlockNode *qh_block_raw_pass(QhBlockDriver *driver, uint64_t *offset)
{
    *offset += raw_of(driver)->offset;
    return file_of(driver);
}

static uint64_t raw_length(QhBlockDriver *driver)
{
    Raw *raw = raw_of(driver);
    uint64_t length = raw->has_size ? 0 : qh_block_length(file_of(driver));

    return raw->has_size ? raw->bytes : length > raw->offset ? length - raw->offset : 0;
}

static int raw_read(QhBlockDriver *driver,
                    uint64_t offset,
                    uint64_t bytes,
                    const QhBlockVec *vec,
                    uint32_t n_vec,
                    uint32_t flags)
{
    return qh_block_readv(file_of(driver), raw_of(driver)->offset + offset, bytes, vec, n_vec,
                          flags);
}

static int raw_write(QhBlockDriver *driver,
                     uint64_t offset,
                     uint64_t bytes,
                     const QhBlockVec *vec,
                     uint32_t n_vec,
                     uint32_t flags)
{
    return qh_block_writev(file_of(driver), raw_of(driver)->offset + offset, bytes, vec, n_vec,
                           flags);
}

static int raw_flush(QhBlockDriver *driver)
{
    return qh_block_flush(file_of(driver));
}

static int raw_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    return qh_block_discard(file_of(driver), raw_of(driver)->offset + offset, bytes);
}

static int raw_zero(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    return qh_block_zero(file_of(driver), raw_of(driver)->offset + offset, bytes, flags);
}

static int raw_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    int error = qh_block_status(file_of(driver), raw_of(driver)->offset + offset, bytes, ret);

    ret->flags |= QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_OFFSET;
    ret->offset = raw_of(driver)->offset + offset;
    return error;
}

static gboolean raw_truncate(QhBlockDriver *driver, uint64_t bytes, GError **error)
{
    Raw *raw = raw_of(driver);
    uint64_t end;

    if (raw->has_size) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "Cannot resize fixed-size raw disks");
        return FALSE;
    }
    if (__builtin_add_overflow(bytes, raw->offset, &end)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Disk size too large for the offset");
        return FALSE;
    }
    return qh_block_truncate(file_of(driver), end, error);
}

static const QhProperty properties[] = {
    QH_PROPERTY("offset",
                QH_PROPERTY_SIZE,
                offsetof(Raw, offset),
                NULL,
                0,
                0,
                "where in the file the disk begins"),
    QH_PROPERTY("size",
                QH_PROPERTY_SIZE,
                offsetof(Raw, size),
                NULL,
                0,
                0,
                "its length; up to the file's end when not given"),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

const QhBlockDriverOps qh_block_raw = {
    .size = sizeof(QhBlockDriverOps),
    .state_size = sizeof(Raw),
    .kind = QH_BLOCK_FORMAT,
    .flags = QH_BLOCK_DRIVER_PASS,
    .description = "plain bytes",
    .properties = &table,
    .children = "file",
    .open = raw_open,
    .close = raw_close,
    .length = raw_length,
    .read = raw_read,
    .write = raw_write,
    .flush = raw_flush,
    .discard = raw_discard,
    .write_zeroes = raw_zero,
    .status = raw_status,
    .truncate = raw_truncate,
};
