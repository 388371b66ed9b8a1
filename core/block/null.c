/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols "null-co" and "null-aio": take everything, keep nothing; for measuring. */
#include "core/block/block-priv.h"

#include <errno.h>

typedef struct Null {
    QhBlockDriver driver;
    uint64_t size, latency_ns;
    uint8_t read_zeroes;
} Null;

static gboolean null_open(QhBlockDriver *driver, GError **error)
{
    (void)error;
    driver->discard_bytes = 1;
    return TRUE;
}

static void null_close(QhBlockDriver *driver)
{
    (void)driver;
}

static uint64_t null_length(QhBlockDriver *driver)
{
    return ((Null *)driver)->size;
}

static int null_wait(QhBlockDriver *driver)
{
    uint64_t ns = ((Null *)driver)->latency_ns;

    if (ns > 0) {
        g_usleep((gulong)((ns + 999) / 1000));
    }
    return 0;
}

static int null_read(QhBlockDriver *driver,
                     uint64_t offset,
                     uint64_t bytes,
                     const QhBlockVec *vec,
                     uint32_t n_vec,
                     uint32_t flags)
{
    Null *null = (Null *)driver;

    (void)offset;
    if (flags & QH_BLOCK_NO_WAIT && null->latency_ns > 0) {
        return EAGAIN;
    }
    if (null->read_zeroes) {
        qh_block_vec_zero(vec, n_vec, 0, bytes);
    }
    return null_wait(driver);
}

static int null_write(QhBlockDriver *driver,
                      uint64_t offset,
                      uint64_t bytes,
                      const QhBlockVec *vec,
                      uint32_t n_vec,
                      uint32_t flags)
{
    (void)offset, (void)bytes, (void)vec, (void)n_vec, (void)flags;
    return null_wait(driver);
}

static int null_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    (void)offset, (void)bytes;
    return null_wait(driver);
}

static int null_zero(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    (void)offset, (void)bytes, (void)flags;
    return null_wait(driver);
}

static int null_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    ret->flags = QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_OFFSET |
                 (((Null *)driver)->read_zeroes ? QH_BLOCK_STATUS_ZERO : QH_BLOCK_STATUS_DATA);
    ret->offset = offset;
    ret->bytes = bytes;
    return 0;
}

static const QhProperty properties[] = {
    QH_PROPERTY("size", QH_PROPERTY_SIZE, offsetof(Null, size), "1G", 0, 0, "its length"),
    QH_PROPERTY("latency-ns",
                QH_PROPERTY_U64,
                offsetof(Null, latency_ns),
                NULL,
                0,
                1000000000000,
                "how long each request takes"),
    QH_PROPERTY("read-zeroes",
                QH_PROPERTY_BOOL,
                offsetof(Null, read_zeroes),
                "off",
                0,
                0,
                "reads give zeroes; otherwise they leave memory as it is"),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

#define METHODS                                                                                    \
    .size = sizeof(QhBlockDriverOps), .state_size = sizeof(Null), .kind = QH_BLOCK_PROTOCOL,       \
    .description = "takes everything, keeps nothing", .properties = &table, .open = null_open,     \
    .close = null_close, .length = null_length, .read = null_read, .write = null_write,            \
    .flush = null_wait, .discard = null_discard, .write_zeroes = null_zero, .status = null_status

const QhBlockDriverOps qh_block_null_co = {METHODS};
const QhBlockDriverOps qh_block_null_aio = {METHODS};
