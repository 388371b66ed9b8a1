/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/char/socket-address.h"

#include "core/char/char-priv.h"
#include "core/cli/keyval.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static gboolean invalid(GError **error, const char *text)
{
    g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, text);
    return FALSE;
}

static gboolean get_text(const QhJson *data, const char *key, char **ret, GError **error)
{
    const char *text = NULL;

    if (!qh_char_get_string(data, key, &text, error)) {
        return FALSE;
    }
    if (text == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "member '%s' is missing", key);
        return FALSE;
    }
    *ret = g_strdup(text);
    return TRUE;
}

static gboolean parse_inet(QhAddress *address, const QhJson *data, GError **error)
{
    address->kind = QH_ADDRESS_INET;
    return get_text(data, "host", &address->host, error) &&
           get_text(data, "port", &address->port, error) &&
           qh_char_get_uint(data, "to", 65535, &address->to, error) &&
           qh_char_get_bool(data, "ipv4", &address->ipv4, error) &&
           qh_char_get_bool(data, "ipv6", &address->ipv6, error);
}

static gboolean
parse_fd(QhAddress *address, const QhJson *data, QhFds *fds, gboolean numbers, GError **error)
{
    g_autofree char *text = NULL;
    struct stat status;
    uint64_t fd = 0;

    address->kind = QH_ADDRESS_FD;
    if (!get_text(data, "str", &text, error)) {
        return FALSE;
    }
    if (!numbers || (qh_fds_has_monitor(fds) && !g_ascii_isdigit(*text))) {
        address->fd = qh_fds_take(fds, text, error);
        address->owned = address->fd >= 0;
    } else if (qh_text_uint(text, INT_MAX, &fd, error)) {
        address->fd = (int)fd;
    } else {
        g_prefix_error(error, "fd=%s: ", text);
    }
    if (address->fd < 0) {
        return FALSE;
    }
    if (address->fd <= 2 || fstat(address->fd, &status) < 0 || !S_ISSOCK(status.st_mode)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "file descriptor %s is no open socket",
                    text);
        qh_address_clear(address);
        return FALSE;
    }
    return TRUE;
}

gboolean qh_address_parse(
    QhAddress *address, const QhJson *json, QhFds *fds, gboolean allow_numbers, GError **error)
{
    const char *type = NULL;

    address->fd = -1;
    if (json == NULL || qh_json_type(json) != QH_JSON_OBJECT) {
        return invalid(error, "member 'addr' is missing, or no object");
    }
    if (!qh_char_get_string(json, "type", &type, error)) {
        return FALSE;
    }
    const QhJson *data = qh_json_get(json, "data");
    if (type == NULL || data == NULL || qh_json_type(data) != QH_JSON_OBJECT) {
        return invalid(error, "member 'addr' has no 'type', or no object as 'data'");
    }
    if (g_str_equal(type, "inet")) {
        return parse_inet(address, data, error);
    }
    if (g_str_equal(type, "unix")) {
        address->kind = QH_ADDRESS_UNIX;
        return get_text(data, "path", &address->path, error);
    }
    if (g_str_equal(type, "fd")) {
        return parse_fd(address, data, fds, allow_numbers, error);
    }
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "there is no kind of address '%s'", type);
    return FALSE;
}

void qh_address_clear(QhAddress *address)
{
    g_clear_pointer(&address->host, g_free);
    g_clear_pointer(&address->port, g_free);
    g_clear_pointer(&address->path, g_free);
    if (address->owned) {
        close(address->fd);
        address->owned = FALSE;
    }
}

char *qh_address_text(const QhAddress *address)
{
    switch (address->kind) {
    case QH_ADDRESS_UNIX:
        return g_strdup_printf("unix:%s", address->path);
    case QH_ADDRESS_FD:
        return g_strdup_printf("fd:%d", address->fd);
    case QH_ADDRESS_INET:
        break;
    }
    gboolean v6 = strchr(address->host, ':') != NULL;
    return g_strdup_printf(v6 ? "tcp:[%s]:%s" : "tcp:%s:%s", address->host, address->port);
}

static int system_error(const QhAddress *address, const char *what, int number, GError **error)
{
    g_autofree char *text = qh_address_text(address);

    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot %s %s: %s", what, text,
                g_strerror(number));
    return -1;
}

static gboolean unix_name(const QhAddress *address, struct sockaddr_un *ret, GError **error)
{
    memset(ret, 0, sizeof(*ret));
    ret->sun_family = AF_UNIX;
    if (strlen(address->path) >= sizeof(ret->sun_path) || *address->path == '\0') {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the path of a unix socket has 1 to %zu bytes, '%s' does not",
                    sizeof(ret->sun_path) - 1, address->path);
        return FALSE;
    }
    strcpy(ret->sun_path, address->path);
    return TRUE;
}

static int new_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int listen_unix(const QhAddress *address, GError **error)
{
    struct sockaddr_un name;
    struct stat status;

    if (!unix_name(address, &name, error)) {
        return -1;
    }
    int fd = new_socket(AF_UNIX);
    if (fd < 0) {
        return system_error(address, "make a socket for", errno, error);
    }
    /* a socket that an earlier run left behind; anything else stays */
    if (lstat(address->path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        unlink(address->path);
    }
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 8) < 0) {
        system_error(address, "listen at", errno, error);
        close(fd);
        return -1;
    }
    return fd;
}

static struct addrinfo *resolve(const QhAddress *address, gboolean server, GError **error)
{
    gboolean one = address->ipv4 != address->ipv6;
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_family = !one            ? AF_UNSPEC
                     : address->ipv4 ? AF_INET
                                     : AF_INET6,
        .ai_flags = server ? AI_PASSIVE : 0,
    };
    struct addrinfo *list = NULL;
    const char *host = *address->host != '\0' ? address->host : NULL;
    int number = getaddrinfo(host, address->port, &hints, &list);

    if (number != 0) {
        g_autofree char *text = qh_address_text(address);

        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot look up %s: %s", text,
                    gai_strerror(number));
        return NULL;
    }
    return list;
}

static void set_port(struct sockaddr *name, uint16_t port)
{
    if (name->sa_family == AF_INET6) {
        ((struct sockaddr_in6 *)name)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)name)->sin_port = htons(port);
    }
}

static uint16_t get_port(const struct sockaddr *name)
{
    return name->sa_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)name)->sin6_port)
                                       : ntohs(((const struct sockaddr_in *)name)->sin_port);
}

/* Listen at one address on the first free port of the range; -1 with errno. */
static int listen_one(const struct addrinfo *info, uint64_t to)
{
    uint32_t first = get_port(info->ai_addr);
    uint32_t last = MAX(first, to);
    int yes = 1, number = EADDRINUSE;

    for (uint32_t port = first; port <= last; port++) {
        int fd = new_socket(info->ai_family);

        if (fd < 0) {
            return -1;
        }
        set_port(info->ai_addr, port);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 8) == 0) {
            return fd;
        }
        number = errno;
        close(fd);
        if (number != EADDRINUSE) {
            break;
        }
    }
    errno = number;
    return -1;
}

static int listen_inet(QhAddress *address, GError **error)
{
    struct addrinfo *list = resolve(address, TRUE, error);
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    int fd = -1, number = 0;

    for (struct addrinfo *info = list; info != NULL && fd < 0; info = info->ai_next) {
        fd = listen_one(info, address->to);
        number = errno;
    }
    if (list == NULL) {
        return -1;
    }
    freeaddrinfo(list);
    if (fd < 0) {
        return system_error(address, "listen at", number, error);
    }
    if (getsockname(fd, (struct sockaddr *)&name, &length) == 0) {
        g_free(address->port);
        address->port = g_strdup_printf("%u", get_port((struct sockaddr *)&name));
    }
    return fd;
}

int qh_address_listen(QhAddress *address, GError **error)
{
    int listening = 0;
    socklen_t length = sizeof(listening);

    switch (address->kind) {
    case QH_ADDRESS_UNIX:
        return listen_unix(address, error);
    case QH_ADDRESS_INET:
        return listen_inet(address, error);
    case QH_ADDRESS_FD:
        break;
    }
    if (getsockopt(address->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) < 0 || !listening) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "file descriptor %d does not listen; a connected one is server=off",
                    address->fd);
        return -1;
    }
    qh_char_fd_set_flags(address->fd);
    address->owned = FALSE;
    return address->fd;
}

/* Start connecting; then wait for the outcome if asked to. -1 with errno. */
static int connect_one(
    int family, const struct sockaddr *name, socklen_t length, int wait_ms, gboolean *ret_pending)
{
    int fd = new_socket(family);
    struct pollfd state = {.fd = fd, .events = POLLOUT};
    int number = 0;
    socklen_t size = sizeof(number);

    *ret_pending = FALSE;
    if (fd < 0 || connect(fd, name, length) == 0) {
        return fd;
    }
    number = errno;
    if (number == EINPROGRESS && wait_ms == 0) {
        *ret_pending = TRUE;
        return fd;
    }
    if (number == EINPROGRESS) {
        number = poll(&state, 1, wait_ms) > 0 &&
                         getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0
                     ? number
                     : ETIMEDOUT;
    }
    if (number != 0) {
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

int qh_address_connect(QhAddress *address, int wait_ms, gboolean *ret_pending, GError **error)
{
    struct sockaddr_un name;
    int fd = -1, number = 0;

    *ret_pending = FALSE;
    if (address->kind == QH_ADDRESS_FD) {
        qh_char_fd_set_flags(address->fd);
        address->owned = FALSE;
        return address->fd;
    }
    if (address->kind == QH_ADDRESS_UNIX) {
        if (!unix_name(address, &name, error)) {
            return -1;
        }
        fd = connect_one(AF_UNIX, (struct sockaddr *)&name, sizeof(name), wait_ms, ret_pending);
        return fd >= 0 ? fd : system_error(address, "connect to", errno, error);
    }
    struct addrinfo *list = resolve(address, FALSE, error);
    if (list == NULL) {
        return -1;
    }
    for (struct addrinfo *info = list; info != NULL && fd < 0; info = info->ai_next) {
        fd = connect_one(info->ai_family, info->ai_addr, info->ai_addrlen, wait_ms, ret_pending);
        number = errno;
    }
    freeaddrinfo(list);
    return fd >= 0 ? fd : system_error(address, "connect to", number, error);
}
