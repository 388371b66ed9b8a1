/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as QMP's SocketAddress writes them, with the members beside the type. */
#ifndef QH_CORE_NET_ADDRESS_H
#define QH_CORE_NET_ADDRESS_H

#include "core/char/socket-address.h"

#include <netdb.h>
#include <sys/socket.h>

/* As qh_address_parse, with numbers. [main] */
gboolean qh_net_address(QhAddress *address, const QhJson *flat, QhFds *fds, GError **error);
/* For datagrams; an empty host is any (@passive) or this machine. May ask a name server. [main] */
gboolean qh_net_sockaddr(const QhAddress *address,
                         gboolean passive,
                         struct sockaddr_storage *ret,
                         socklen_t *ret_bytes,
                         GError **error);

#endif
