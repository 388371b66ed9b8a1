/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk behind an NBD server. libnbd's plain calls block, and a connection does one of them at a
 * time, so there are several connections.
 */
#ifndef BLOCK_NBD_H
#define BLOCK_NBD_H

#include "abi/block-driver.h"

#include <libnbd.h>

#define NBD_CONNECTIONS 4u

typedef struct NbdConnection {
    GMutex lock; /* of handle, while a request is on it */
    struct nbd_handle *handle;
} NbdConnection;

typedef struct NbdDisk {
    QhBlockDriver driver;
    /* options */
    char *type, *path, *host, *port, *export_name, *tls_creds, *tls_hostname;
    uint32_t reconnect_seconds, open_seconds;

    uint64_t bytes;
    gboolean read_only, can_flush, can_trim, can_zero, can_status;
    uint32_t n_connections;
    NbdConnection connections[NBD_CONNECTIONS];
    gint turn; /* atomic: the connection to try first */
} NbdDisk;

/* connection.c */
/* A new handle, connected; NULL with @error. [any] */
struct nbd_handle *nbd_disk_connect(const NbdDisk *disk, GError **error);
/* A connection, locked; give it back with nbd_disk_put. [any] */
NbdConnection *nbd_disk_take(NbdDisk *disk);
void nbd_disk_put(NbdConnection *connection);
/* After a request that failed: its errno when it is final; 0 when the connection was lost and is
 * there again, so that the request is to be tried once more. The connection is locked. [any] */
int nbd_disk_failed(NbdDisk *disk, NbdConnection *connection);

extern const QhBlockDriverOps nbd_ops;

#endif
