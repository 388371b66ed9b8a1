/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames as datagrams, one each: between two addresses, to a multicast group (every host that
 * joins it is on the same wire), or over a socket that somebody else opened.
 */
#include "core/net/address.h"
#include "core/net/back-stream.h"
#include "core/net/net-priv.h"
#include "core/net/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define FRAMES_AT_ONCE 64u

typedef struct Dgram {
    QhHost *host;
    int fd; /* -1: none */
    QhNet *net;
    QhNetWatch in;
    QhAddress local, remote;
    gboolean has_local, has_remote;
    struct sockaddr_storage to;
    socklen_t to_bytes; /* 0: the socket is connected */
    uint8_t *buffer;    /* QH_NET_FRAME_MAX */
} Dgram;

static void on_input(void *opaque)
{
    Dgram *d = opaque;

    for (guint i = 0; i < FRAMES_AT_ONCE && d->in.source != NULL; i++) {
        ssize_t n = recv(d->fd, d->buffer, QH_NET_FRAME_MAX, MSG_DONTWAIT);
        const QhNetVec vec = {d->buffer, (uint64_t)MAX(n, 0)};

        if (n < 0) {
            return; /* nothing there, or an error that belongs to an earlier datagram */
        }
        if (n > 0 && !qh_net_service.deliver(d->net, 0, NULL, &vec, 1)) {
            qh_net_watch_stop(&d->in);
        }
    }
}

static void dgram_resume(void *state, G_GNUC_UNUSED uint32_t queue)
{
    Dgram *d = state;

    qh_net_watch(&d->in, d->host, d->fd, G_IO_IN, on_input, d);
}

static gboolean fail(GError **error, const char *what)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot %s: %s", what, g_strerror(errno));
    return FALSE;
}

static gboolean is_group(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *inet = (const struct sockaddr_in *)address;

    return address->ss_family == AF_INET && IN_MULTICAST(ntohl(inet->sin_addr.s_addr));
}

/* All members bind the group's address, so several may on one machine, and hear each other. */
static gboolean join(Dgram *d, GError **error)
{
    const struct sockaddr_in *group = (const struct sockaddr_in *)&d->to;
    struct ip_mreqn request = {.imr_multiaddr = group->sin_addr};
    struct sockaddr_storage local;
    socklen_t bytes;
    int yes = 1;

    if (d->has_local) {
        if (!qh_net_sockaddr(&d->local, FALSE, &local, &bytes, error)) {
            return FALSE;
        }
        if (local.ss_family == AF_INET) {
            request.imr_address = ((struct sockaddr_in *)&local)->sin_addr;
        }
    }
    if (setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
        bind(d->fd, (const struct sockaddr *)&d->to, d->to_bytes) < 0) {
        return fail(error, "bind the multicast group's address");
    }
    if (setsockopt(d->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) < 0) {
        return fail(error, "join the multicast group");
    }
    if (setsockopt(d->fd, IPPROTO_IP, IP_MULTICAST_LOOP, &yes, sizeof(yes)) < 0 ||
        (d->has_local &&
         setsockopt(d->fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(request)) < 0)) {
        return fail(error, "set up the multicast group");
    }
    return TRUE;
}

static gboolean open_pair(Dgram *d, GError **error)
{
    struct sockaddr_storage local;
    socklen_t bytes;
    int yes = 1;

    if (d->has_remote && !qh_net_sockaddr(&d->remote, FALSE, &d->to, &d->to_bytes, error)) {
        return FALSE;
    }
    if (d->has_local && !qh_net_sockaddr(&d->local, TRUE, &local, &bytes, error)) {
        return FALSE;
    }
    d->fd = socket(d->has_remote ? d->to.ss_family : local.ss_family,
                   SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->fd < 0) {
        return fail(error, "make a socket");
    }
    if (d->has_remote && is_group(&d->to)) {
        return join(d, error);
    }
    if (!d->has_local) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'local' is missing: nothing could be received");
        return FALSE;
    }
    if (d->local.kind == QH_ADDRESS_UNIX) {
        unlink(d->local.path);
    }
    if (setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
        bind(d->fd, (const struct sockaddr *)&local, bytes) < 0) {
        return fail(error, "bind 'local'");
    }
    return TRUE;
}

static gboolean read_address(QhHost *host,
                             const QhJson *options,
                             const char *key,
                             QhAddress *address,
                             gboolean *ret_there,
                             GError **error)
{
    const QhJson *flat = qh_json_get(options, key);

    *ret_there = flat != NULL;
    if (flat != NULL && !qh_net_address(address, flat, qh_host_fds(host), error)) {
        g_prefix_error(error, "'%s': ", key);
        *ret_there = FALSE;
        return FALSE;
    }
    return TRUE;
}

static void dgram_close(void *state)
{
    Dgram *d = state;

    qh_net_watch_stop(&d->in);
    if (d->fd >= 0) {
        close(d->fd);
        if (d->has_local && d->local.kind == QH_ADDRESS_UNIX) {
            unlink(d->local.path);
        }
    }
    if (d->has_local) {
        qh_address_clear(&d->local);
    }
    if (d->has_remote) {
        qh_address_clear(&d->remote);
    }
    g_free(d->buffer);
}

static gboolean open_any(Dgram *d, const QhJson *options, GError **error)
{
    if (!read_address(d->host, options, "local", &d->local, &d->has_local, error) ||
        !read_address(d->host, options, "remote", &d->remote, &d->has_remote, error)) {
        return FALSE;
    }
    if (d->has_local && d->local.kind == QH_ADDRESS_FD) {
        if (d->has_remote) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                                "'remote' makes no sense with an open socket");
            return FALSE;
        }
        d->fd = d->local.fd;
        d->local.fd = -1;
        d->local.owned = FALSE;
        return fcntl(d->fd, F_SETFD, FD_CLOEXEC) == 0 || fail(error, "use the open socket");
    }
    if (!d->has_local && !d->has_remote) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "'local' is missing");
        return FALSE;
    }
    return open_pair(d, error);
}

gboolean
qh_net_dgram_open(void *ctx, void *state, QhNet *net, const QhJson *options, GError **error)
{
    Dgram *d = state;

    d->host = ctx;
    d->net = net;
    d->fd = -1;
    d->buffer = g_malloc(QH_NET_FRAME_MAX);
    if (!open_any(d, options, error)) {
        dgram_close(d);
        return FALSE;
    }
    g_autofree char *text = d->has_remote  ? qh_address_text(&d->remote)
                            : d->has_local ? qh_address_text(&d->local)
                                           : NULL;
    qh_net_service.set_peer(net, TRUE, text);
    dgram_resume(d, 0);
    return TRUE;
}

static gboolean dgram_open(void *ctx, void *state, QhNet *net, const char *options, GError **error)
{
    g_autoptr(QhJson) json = qh_json_parse(options, -1, NULL, error);

    return json != NULL && qh_net_dgram_open(ctx, state, net, json, error);
}

/* A datagram that cannot go is lost: that is what the network is like. */
static gboolean dgram_send(void *state,
                           G_GNUC_UNUSED uint32_t queue,
                           G_GNUC_UNUSED const QhNetHeader *header,
                           const QhNetVec *vec,
                           uint32_t n_vec)
{
    Dgram *d = state;
    struct iovec parts[16];
    struct msghdr message = {.msg_iov = parts};
    g_autofree uint8_t *copy = NULL;

    if (n_vec <= G_N_ELEMENTS(parts)) {
        for (uint32_t i = 0; i < n_vec; i++) {
            parts[i] = (struct iovec){vec[i].base, vec[i].bytes};
        }
        message.msg_iovlen = n_vec;
    } else {
        copy = g_malloc(QH_NET_FRAME_MAX);
        parts[0] = (struct iovec){copy, qh_net_gather(vec, n_vec, copy, QH_NET_FRAME_MAX)};
        message.msg_iovlen = 1;
    }
    if (d->to_bytes != 0) {
        message.msg_name = &d->to;
        message.msg_namelen = d->to_bytes;
    }
    while (sendmsg(d->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR) {
    }
    return TRUE;
}

const QhNetdevOps qh_net_dgram = {
    .size = sizeof(QhNetdevOps),
    .state_size = sizeof(Dgram),
    .description = "frames as datagrams",
    .open = dgram_open,
    .close = dgram_close,
    .send = dgram_send,
    .resume = dgram_resume,
};
