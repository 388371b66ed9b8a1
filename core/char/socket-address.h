/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a socket chardev listens or connects to. */
#ifndef QH_CORE_CHAR_SOCKET_ADDRESS_H
#define QH_CORE_CHAR_SOCKET_ADDRESS_H

#include "core/fd/fds.h"
#include "core/json/json.h"

typedef enum { QH_ADDRESS_INET, QH_ADDRESS_UNIX, QH_ADDRESS_FD } QhAddressKind;

typedef struct QhAddress {
    QhAddressKind kind;
    char *host, *port;   /* inet; an empty host is any (server) or this machine (client) */
    uint64_t to;         /* inet server: last port to try, 0 for only the one */
    gboolean ipv4, ipv6; /* both or none: either */
    char *path;          /* unix */
    int fd;              /* an open socket, handed over by whoever started us, or by a client */
    gboolean owned;      /* fd goes with the address */
} QhAddress;

/* @json is QMP's SocketAddressLegacy. "fd" is the name of a descriptor of the monitor whose command
 * runs; or, if @allow_numbers, its number. [main] */
gboolean qh_address_parse(
    QhAddress *address, const QhJson *json, QhFds *fds, gboolean allow_numbers, GError **error);
void qh_address_clear(QhAddress *address);
/* "unix:PATH", "tcp:HOST:PORT", "fd:N"; the caller g_frees it. */
char *qh_address_text(const QhAddress *address);

/* A listening socket, close-on-exec and non-blocking; -1 with @error. A port of 0 becomes the one
 * that the system chose. */
int qh_address_listen(QhAddress *address, GError **error);
/*
 * A connected socket, or one whose connection is under way (*@ret_pending: wait for it to become
 * writable, then ask SO_ERROR). With @wait_ms it is waited for that long instead. -1 with @error.
 */
int qh_address_connect(QhAddress *address, int wait_ms, gboolean *ret_pending, GError **error);

#endif
