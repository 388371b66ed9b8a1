/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where clients come from. Without a host it is the loopback, and a UNIX socket is its owner's. */
#include "modules/ui-vnc/client.h"

#include <errno.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

const char *vn_address_of(int fd, gboolean peer, char **ret_host, char **ret_service)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "";
    int failed = peer ? getpeername(fd, (struct sockaddr *)&address, &length)
                      : getsockname(fd, (struct sockaddr *)&address, &length);

    if (failed == 0 && address.ss_family == AF_UNIX) {
        *ret_host = g_strdup("");
        *ret_service = g_strndup(((struct sockaddr_un *)&address)->sun_path,
                                 sizeof(((struct sockaddr_un *)&address)->sun_path));
        return "unix";
    }
    if (failed == 0) {
        (void)getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), service,
                          sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
    }
    *ret_host = g_strdup(host);
    *ret_service = g_strdup(service);
    return address.ss_family == AF_INET    ? "ipv4"
           : address.ss_family == AF_INET6 ? "ipv6"
                                           : "unknown";
}

static void add_listener(VnServer *server, int fd, const char *path, gboolean websocket)
{
    VnListener *listener = g_new0(VnListener, 1);

    listener->server = server;
    listener->fd = fd;
    listener->path = g_strdup(path);
    listener->websocket = websocket;
    (void)vn_address_of(fd, FALSE, &listener->host, &listener->service);
    g_ptr_array_add(server->listeners, listener);
}

/* -1 with errno. */
static int listen_at(const struct addrinfo *info, uint32_t port)
{
    struct sockaddr_storage address;
    int on = 1, fd;

    memcpy(&address, info->ai_addr, MIN(info->ai_addrlen, sizeof(address)));
    if (info->ai_family == AF_INET6) {
        ((struct sockaddr_in6 *)&address)->sin6_port = htons((uint16_t)port);
    } else {
        ((struct sockaddr_in *)&address)->sin_port = htons((uint16_t)port);
    }
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, (struct sockaddr *)&address, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int number = errno;

        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

/* All addresses of a name at the first port that one of them can have. */
gboolean vn_listen_tcp(VnServer *server,
                       const char *host,
                       uint32_t port,
                       uint32_t to,
                       gboolean websocket,
                       GError **error)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_ADDRCONFIG,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const char *name = host == NULL || *host == '\0' ? "127.0.0.1" : host;
    guint before = server->listeners->len;
    int number = EADDRNOTAVAIL;
    int failed = getaddrinfo(name, NULL, &hints, &list);

    if (failed != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot find address '%.128s': %s", name,
                    gai_strerror(failed));
        return FALSE;
    }
    for (uint32_t try = port; try <= to && server->listeners->len == before; try++) {
        for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
            int fd = listen_at(info, try);

            if (fd >= 0) {
                add_listener(server, fd, NULL, websocket);
            } else {
                number = errno;
            }
        }
    }
    freeaddrinfo(list);
    if (server->listeners->len == before) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot listen at %s:%u: %s", name, port,
                    g_strerror(number));
        return FALSE;
    }
    return TRUE;
}

/* The file is 0600 from the start: nobody else can connect in between. */
gboolean vn_listen_unix(VnServer *server, const char *path, gboolean websocket, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path) || *path == '\0') {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the path of a socket has between 1 and %zu characters",
                    sizeof(address.sun_path) - 1);
        return FALSE;
    }
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat status;
    if (fd >= 0 && lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        (void)unlink(path); /* of a host that is gone */
    }
    if (fd < 0 || fchmod(fd, 0600) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || chmod(path, 0600) != 0 ||
        listen(fd, BACKLOG) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot listen at '%s': %s", path,
                    g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return FALSE;
    }
    add_listener(server, fd, path, websocket);
    return TRUE;
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer data)
{
    const VnListener *listener = data;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int on = 1;

    (void)condition;
    if (peer < 0) {
        return G_SOURCE_CONTINUE;
    }
    if (listener->server->clients->len >= VN_MAX_CLIENTS) {
        close(peer);
        return G_SOURCE_CONTINUE;
    }
    (void)setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    vn_client_new(listener->server, peer, listener->websocket);
    return G_SOURCE_CONTINUE;
}

void vn_listener_start(VnListener *listener)
{
    listener->source = g_unix_fd_source_new(listener->fd, G_IO_IN);
    g_source_set_callback(listener->source, (GSourceFunc)(void (*)(void))on_connection, listener,
                          NULL);
    g_source_attach(listener->source, listener->server->context);
}

void vn_listener_free(void *data)
{
    VnListener *listener = data;

    if (listener->source != NULL) {
        g_source_destroy(listener->source);
        g_source_unref(listener->source);
    }
    close(listener->fd);
    if (listener->path != NULL) {
        (void)unlink(listener->path);
    }
    g_free(listener->path);
    g_free(listener->host);
    g_free(listener->service);
    g_free(listener);
}

uint16_t vn_listener_port(const VnListener *listener)
{
    return (uint16_t)g_ascii_strtoull(listener->service, NULL, 10);
}
