/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/block-nbd/nbd.h"

#include <errno.h>
#include <string.h>

#define CHUNK    (8u << 20) /* bytes of one request to the server */
#define TRIES    3u
#define ZERO_MAX (1u << 30)

typedef enum { READ, WRITE, TRIM, ZERO } Verb;

static NbdDisk *disk_of(QhBlockDriver *driver)
{
    return (NbdDisk *)driver;
}

static gboolean take_server(NbdDisk *disk, GError **error)
{
    gboolean is_unix = disk->type != NULL ? g_str_equal(disk->type, "unix") : disk->path != NULL;
    const char *why = NULL;

    if (disk->type != NULL && !is_unix && !g_str_equal(disk->type, "inet")) {
        why = "'server.type' is unix or inet";
    } else if (is_unix && disk->path == NULL) {
        why = "'server.path' is missing";
    } else if (!is_unix && (disk->host == NULL || disk->path != NULL)) {
        why = "'server.host' is missing";
    } else if (disk->tls_creds != NULL || disk->tls_hostname != NULL) {
        why = "TLS is not supported";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot open the NBD disk: %s", why);
    }
    return why == NULL;
}

/* Without nbd_shutdown: on a connection that the server has left, that of libnbd 1.14 reads memory
 * that it has freed. What was written was flushed before. */
static void close_all(NbdDisk *disk)
{
    for (guint i = 0; i < disk->n_connections; i++) {
        nbd_close(disk->connections[i].handle);
        g_mutex_clear(&disk->connections[i].lock);
    }
    disk->n_connections = 0;
}

static gboolean add_connection(NbdDisk *disk, GError **error)
{
    struct nbd_handle *handle = nbd_disk_connect(disk, error);
    NbdConnection *connection = &disk->connections[disk->n_connections];

    if (handle == NULL) {
        return FALSE;
    }
    connection->handle = handle;
    g_mutex_init(&connection->lock);
    disk->n_connections++;
    return TRUE;
}

/* The first connection; the server may still have to come up. */
static gboolean connect_first(NbdDisk *disk, GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)disk->open_seconds * G_USEC_PER_SEC;

    while (!add_connection(disk, g_get_monotonic_time() < until ? NULL : error)) {
        if (error != NULL && *error != NULL) {
            return FALSE;
        }
        if (g_get_monotonic_time() >= until) {
            return add_connection(disk, error);
        }
        g_usleep(100000);
    }
    return TRUE;
}

static gboolean nbd_open(QhBlockDriver *driver, GError **error)
{
    NbdDisk *disk = disk_of(driver);

    if (!take_server(disk, error) || !connect_first(disk, error)) {
        return FALSE;
    }
    struct nbd_handle *handle = disk->connections[0].handle;
    int64_t bytes = nbd_get_size(handle), block = nbd_get_block_size(handle, LIBNBD_SIZE_MINIMUM);
    disk->read_only = nbd_is_read_only(handle) != 0;
    disk->can_flush = nbd_can_flush(handle) == 1;
    disk->can_trim = nbd_can_trim(handle) == 1;
    disk->can_zero = nbd_can_zero(handle) == 1;
    disk->can_status = nbd_can_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1;
    gboolean shared = nbd_can_multi_conn(handle) == 1;
    if (bytes < 0 || (disk->read_only && (driver->flags & (QH_BLOCK_OPEN_READ_ONLY |
                                                           QH_BLOCK_OPEN_AUTO_READ_ONLY)) == 0)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot open the NBD disk: %s",
                    bytes < 0 ? nbd_get_error() : "request on denied: the export is read-only");
        close_all(disk);
        return FALSE;
    }
    disk->bytes = (uint64_t)bytes;
    while (shared && disk->n_connections < NBD_CONNECTIONS && add_connection(disk, NULL)) {
        continue;
    }
    driver->alignment = block > 1 && block <= 65536 ? (uint32_t)block : 1;
    driver->discard_bytes = disk->can_trim ? MAX(driver->alignment, 512) : 0;
    return TRUE;
}

static void nbd_close_disk(QhBlockDriver *driver)
{
    close_all(disk_of(driver));
}

static uint64_t nbd_length(QhBlockDriver *driver)
{
    return disk_of(driver)->bytes;
}

static int once(struct nbd_handle *handle, Verb verb, void *data, uint64_t offset, uint64_t bytes)
{
    switch (verb) {
    case READ:
        return nbd_pread(handle, data, bytes, offset, 0);
    case WRITE:
        return nbd_pwrite(handle, data, bytes, offset, 0);
    case TRIM:
        return nbd_trim(handle, bytes, offset, 0);
    default:
        return nbd_zero(handle, bytes, offset, data != NULL ? 0 : LIBNBD_CMD_FLAG_NO_HOLE);
    }
}

/* For ZERO @data that is not NULL says that space may be given up. */
static int request(NbdDisk *disk, Verb verb, void *data, uint64_t offset, uint64_t bytes)
{
    uint64_t most = verb <= WRITE ? CHUNK : ZERO_MAX;
    NbdConnection *connection = nbd_disk_take(disk);
    int error = 0;

    for (uint64_t at = 0; at < bytes && error == 0; at += most) {
        void *here = verb <= WRITE ? (char *)data + at : data;
        guint tries = 0;

        while (error == 0 &&
               once(connection->handle, verb, here, offset + at, MIN(most, bytes - at)) < 0) {
            error = ++tries < TRIES ? nbd_disk_failed(disk, connection) : EIO;
        }
    }
    nbd_disk_put(connection);
    return error;
}

/* A scatter list goes through memory of ours: each request to the server is a way there and back.
 */
static void copy(const QhBlockVec *vec, uint32_t n_vec, char *data, gboolean to_vec)
{
    for (uint32_t i = 0; i < n_vec; i++) {
        memcpy(to_vec ? vec[i].base : data, to_vec ? data : vec[i].base, vec[i].bytes);
        data += vec[i].bytes;
    }
}

static int nbd_read(QhBlockDriver *driver,
                    uint64_t offset,
                    uint64_t bytes,
                    const QhBlockVec *vec,
                    uint32_t n_vec,
                    uint32_t flags)
{
    NbdDisk *disk = disk_of(driver);

    if (flags & QH_BLOCK_NO_WAIT) {
        return EAGAIN;
    }
    if (n_vec == 1) {
        return request(disk, READ, vec->base, offset, bytes);
    }
    g_autofree char *data = g_try_malloc(bytes);
    int error = data != NULL ? request(disk, READ, data, offset, bytes) : ENOMEM;
    if (error == 0) {
        copy(vec, n_vec, data, TRUE);
    }
    return error;
}

static int nbd_write(QhBlockDriver *driver,
                     uint64_t offset,
                     uint64_t bytes,
                     const QhBlockVec *vec,
                     uint32_t n_vec,
                     uint32_t flags)
{
    NbdDisk *disk = disk_of(driver);

    (void)flags;
    if (disk->read_only) {
        return EROFS;
    }
    if (n_vec == 1) {
        return request(disk, WRITE, vec->base, offset, bytes);
    }
    g_autofree char *data = g_try_malloc(bytes);
    if (data == NULL) {
        return ENOMEM;
    }
    copy(vec, n_vec, data, FALSE);
    return request(disk, WRITE, data, offset, bytes);
}

/* With several connections a flush on one of them holds for all: that is what the server says with
 * "multi-conn". */
static int nbd_flush_disk(QhBlockDriver *driver)
{
    NbdDisk *disk = disk_of(driver);
    int error = 0;

    if (!disk->can_flush || disk->read_only) {
        return 0;
    }
    NbdConnection *connection = nbd_disk_take(disk);
    if (nbd_flush(connection->handle, 0) < 0) {
        /* what was written over a connection that is lost may be lost, too */
        error = nbd_disk_failed(disk, connection);
        error = error != 0 ? error : EIO;
    }
    nbd_disk_put(connection);
    return error;
}

static int nbd_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    NbdDisk *disk = disk_of(driver);

    return disk->can_trim && !disk->read_only ? request(disk, TRIM, NULL, offset, bytes) : ENOTSUP;
}

static int nbd_write_zeroes(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    NbdDisk *disk = disk_of(driver);
    char unmap = 0;

    return disk->can_zero && !disk->read_only
               ? request(disk, ZERO, flags & QH_BLOCK_UNMAP ? &unmap : NULL, offset, bytes)
               : ENOTSUP;
}

static int on_extent(void *opaque,
                     const char *context,
                     uint64_t offset,
                     uint32_t *entries,
                     size_t n_entries,
                     int *error)
{
    QhBlockStatus *status = opaque;

    (void)offset;
    (void)error;
    if (g_strcmp0(context, LIBNBD_CONTEXT_BASE_ALLOCATION) == 0 && n_entries >= 2) {
        status->bytes = entries[0];
        status->flags |= entries[1] & LIBNBD_STATE_HOLE ? 0 : QH_BLOCK_STATUS_DATA;
        status->flags |= entries[1] & LIBNBD_STATE_ZERO ? QH_BLOCK_STATUS_ZERO : 0;
    }
    return 0;
}

static int nbd_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    NbdDisk *disk = disk_of(driver);

    ret->flags = QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_OFFSET;
    ret->offset = offset;
    ret->bytes = 0;
    if (disk->can_status) {
        nbd_extent_callback callback = {.callback = on_extent, .user_data = ret};
        NbdConnection *connection = nbd_disk_take(disk);

        if (nbd_block_status(connection->handle, MIN(bytes, ZERO_MAX), offset, callback, 0) < 0) {
            ret->bytes = 0;
        }
        nbd_disk_put(connection);
    }
    if (ret->bytes == 0) {
        ret->flags |= QH_BLOCK_STATUS_DATA;
        ret->bytes = bytes;
    }
    ret->bytes = MIN(ret->bytes, bytes);
    return 0;
}

static gboolean nbd_set_access(QhBlockDriver *driver, uint32_t use, uint32_t share, GError **error)
{
    (void)share;
    if (disk_of(driver)->read_only && (use & QH_BLOCK_USE_WRITE) != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the NBD export is read-only");
        return FALSE;
    }
    return TRUE;
}

#define AT(member) offsetof(NbdDisk, member)
static const QhProperty properties[] = {
    QH_PROPERTY("server.type", QH_PROPERTY_STRING, AT(type), NULL, 0, 0, "unix or inet"),
    QH_PROPERTY("server.path", QH_PROPERTY_STRING, AT(path), NULL, 0, 0, "path of the socket"),
    QH_PROPERTY("server.host", QH_PROPERTY_STRING, AT(host), NULL, 0, 0, "name of the server"),
    QH_PROPERTY("server.port", QH_PROPERTY_STRING, AT(port), NULL, 0, 0, "its port; 10809"),
    QH_PROPERTY("export", QH_PROPERTY_STRING, AT(export_name), NULL, 0, 0, "name of the disk"),
    QH_PROPERTY("tls-creds", QH_PROPERTY_STRING, AT(tls_creds), NULL, 0, 0, "not supported"),
    QH_PROPERTY("tls-hostname", QH_PROPERTY_STRING, AT(tls_hostname), NULL, 0, 0, "not supported"),
    QH_PROPERTY("reconnect-delay",
                QH_PROPERTY_U32,
                AT(reconnect_seconds),
                "0",
                0,
                3600,
                "seconds that requests wait for a server that was lost"),
    QH_PROPERTY("open-timeout",
                QH_PROPERTY_U32,
                AT(open_seconds),
                "0",
                0,
                3600,
                "seconds that opening waits for the server"),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

const QhBlockDriverOps nbd_ops = {
    .size = sizeof(QhBlockDriverOps),
    .state_size = sizeof(NbdDisk),
    .kind = QH_BLOCK_PROTOCOL,
    .description = "a disk that a server exports",
    .properties = &table,
    .children = "",
    .open = nbd_open,
    .close = nbd_close_disk,
    .length = nbd_length,
    .read = nbd_read,
    .write = nbd_write,
    .flush = nbd_flush_disk,
    .discard = nbd_discard,
    .write_zeroes = nbd_write_zeroes,
    .status = nbd_status,
    .set_access = nbd_set_access,
};
