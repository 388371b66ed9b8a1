/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/block-nbd/nbd.h"

#include <errno.h>

#define RETRY_US 200000u

static gboolean connect_to(const NbdDisk *disk, struct nbd_handle *handle)
{
    const char *name = disk->export_name != NULL ? disk->export_name : "";

    if (nbd_set_export_name(handle, name) < 0 ||
        nbd_add_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) < 0) {
        return FALSE;
    }
    return disk->path != NULL ? nbd_connect_unix(handle, disk->path) == 0
                              : nbd_connect_tcp(handle, disk->host,
                                                disk->port != NULL ? disk->port : "10809") == 0;
}

struct nbd_handle *nbd_disk_connect(const NbdDisk *disk, GError **error)
{
    struct nbd_handle *handle = nbd_create();

    if (handle == NULL || !connect_to(disk, handle)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Failed to connect to the NBD server: %s",
                    nbd_get_error() != NULL ? nbd_get_error() : "out of memory");
        nbd_close(handle);
        return NULL;
    }
    return handle;
}

NbdConnection *nbd_disk_take(NbdDisk *disk)
{
    guint first = (guint)g_atomic_int_add(&disk->turn, 1) % disk->n_connections;

    for (guint i = 0; i < disk->n_connections; i++) {
        NbdConnection *one = &disk->connections[(first + i) % disk->n_connections];

        if (g_mutex_trylock(&one->lock)) {
            return one;
        }
    }
    g_mutex_lock(&disk->connections[first].lock);
    return &disk->connections[first];
}

void nbd_disk_put(NbdConnection *connection)
{
    g_mutex_unlock(&connection->lock);
}

int nbd_disk_failed(NbdDisk *disk, NbdConnection *connection)
{
    int error = nbd_get_errno();
    gboolean lost = connection->handle == NULL || nbd_aio_is_dead(connection->handle) == 1 ||
                    nbd_aio_is_closed(connection->handle) == 1;
    gint64 until = g_get_monotonic_time() + (gint64)disk->reconnect_seconds * G_USEC_PER_SEC;

    if (!lost) {
        return error > 0 ? error : EIO;
    }
    do {
        struct nbd_handle *again = nbd_disk_connect(disk, NULL);

        /* another disk in its place would be written with this one's data */
        if (again != NULL && nbd_get_size(again) == (int64_t)disk->bytes) {
            nbd_close(connection->handle);
            connection->handle = again;
            return 0;
        }
        nbd_close(again);
        if (g_get_monotonic_time() < until) {
            g_usleep(RETRY_US);
        }
    } while (g_get_monotonic_time() < until);
    return EIO;
}
