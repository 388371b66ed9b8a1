/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/net/address.h"

#include "abi/base.h"

#include <string.h>
#include <sys/un.h>

gboolean qh_net_address(QhAddress *address, const QhJson *flat, QhFds *fds, GError **error)
{
    g_autoptr(QhJson) legacy = qh_json_new_object();
    QhJson *data = qh_json_new_object();

    for (size_t i = 0; i < qh_json_length(flat); i++) {
        const char *key = qh_json_key(flat, i);
        QhJson *value = qh_json_ref((QhJson *)qh_json_value(flat, i));

        qh_json_set(g_str_equal(key, "type") ? legacy : data, key, value);
    }
    qh_json_set(legacy, "data", data);
    return qh_address_parse(address, legacy, fds, TRUE, error);
}

gboolean qh_net_sockaddr(const QhAddress *address,
                         gboolean passive,
                         struct sockaddr_storage *ret,
                         socklen_t *ret_bytes,
                         GError **error)
{
    const struct addrinfo hints = {
        .ai_family = address->ipv4 == address->ipv6 ? AF_UNSPEC
                     : address->ipv4                ? AF_INET
                                                    : AF_INET6,
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = passive ? AI_PASSIVE : 0,
    };
    struct addrinfo *found = NULL;

    memset(ret, 0, sizeof(*ret));
    if (address->kind == QH_ADDRESS_UNIX) {
        struct sockaddr_un *to = (struct sockaddr_un *)ret;

        if (strlen(address->path) >= sizeof(to->sun_path)) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "the path '%.32s...' is too long",
                        address->path);
            return FALSE;
        }
        to->sun_family = AF_UNIX;
        strcpy(to->sun_path, address->path);
        *ret_bytes = sizeof(*to);
        return TRUE;
    }
    int failed =
        getaddrinfo(*address->host != '\0' ? address->host : NULL, address->port, &hints, &found);
    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot find '%s:%s': %s", address->host,
                    address->port, gai_strerror(failed));
        return FALSE;
    }
    memcpy(ret, found->ai_addr, found->ai_addrlen);
    *ret_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return TRUE;
}
