/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames over a stream socket: each is preceded by its length, 4 bytes big-endian, which is what
 * passt, vde_plug and QEMU speak. A server takes one peer at a time; a client that lost its peer
 * calls again when reconnect says so. Without a peer frames are lost.
 */
#include "core/net/back-stream.h"

#include "core/net/address.h"
#include "core/net/net-priv.h"
#include "core/net/watch.h"
#include "core/qmp/qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_BYTES  4u
#define INPUT_BYTES (256u << 10)

typedef struct Stream {
    QhHost *host;
    QhNet *net;
    QhAddress address;
    gboolean server;
    uint64_t reconnect_ms;
    int listener, fd, pending; /* -1: none */
    QhNetWatch in, out, peers; /* peers: the listener, a connection under way, or a timer */
    uint8_t *input;            /* INPUT_BYTES */
    uint32_t held;             /* bytes of input */
    gboolean blocked;          /* the device has no room */
    uint8_t *output;           /* the rest of a frame that went out in part */
    uint32_t output_bytes, output_done;
} Stream;

static void await_peer(Stream *s);

static void tell(Stream *s, gboolean up)
{
    g_autofree char *text = qh_address_text(&s->address);
    g_autoptr(QhJson) data = qh_json_new_object();

    qh_net_service.set_peer(s->net, up, text);
    qh_json_set(data, "netdev-id", qh_json_new_string(qh_net_id(s->net)));
    if (up) {
        QhJson *addr = qh_json_new_object();

        if (s->address.kind == QH_ADDRESS_UNIX) {
            qh_json_set(addr, "type", qh_json_new_string("unix"));
            qh_json_set(addr, "path", qh_json_new_string(s->address.path));
        } else if (s->address.kind == QH_ADDRESS_INET) {
            qh_json_set(addr, "type", qh_json_new_string("inet"));
            qh_json_set(addr, "host", qh_json_new_string(s->address.host));
            qh_json_set(addr, "port", qh_json_new_string(s->address.port));
        } else {
            g_autofree char *number = g_strdup_printf("%d", s->fd);

            qh_json_set(addr, "type", qh_json_new_string("fd"));
            qh_json_set(addr, "str", qh_json_new_string(number));
        }
        qh_json_set(data, "addr", addr);
    }
    qh_qmp_emit(qh_host_qmp(s->host), up ? "NETDEV_STREAM_CONNECTED" : "NETDEV_STREAM_DISCONNECTED",
                data);
}

static void lose_peer(Stream *s)
{
    qh_net_watch_stop(&s->in);
    qh_net_watch_stop(&s->out);
    close(s->fd);
    s->fd = -1;
    s->held = 0;
    s->blocked = FALSE;
    g_clear_pointer(&s->output, g_free);
    tell(s, FALSE);
    qh_net_service.writable(s->net, 0); /* what waited is lost */
    await_peer(s);
}

/* Hand over the whole frames in the input. FALSE: the peer is gone or talks nonsense. */
static gboolean take_frames(Stream *s)
{
    uint32_t at = 0;

    while (!s->blocked && s->held - at >= HEAD_BYTES) {
        const uint8_t *head = s->input + at;
        uint32_t bytes =
            (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
        const QhNetVec vec = {(void *)(head + HEAD_BYTES), bytes};

        if (bytes > QH_NET_FRAME_MAX) {
            return FALSE;
        }
        if (s->held - at - HEAD_BYTES < bytes) {
            break;
        }
        at += HEAD_BYTES + bytes;
        s->blocked = !qh_net_service.deliver(s->net, 0, NULL, &vec, 1);
    }
    memmove(s->input, s->input + at, s->held - at);
    s->held -= at;
    return TRUE;
}

static void on_input(void *opaque)
{
    Stream *s = opaque;
    ssize_t n = recv(s->fd, s->input + s->held, INPUT_BYTES - s->held, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n > 0) {
        s->held += (uint32_t)n;
    }
    if (n <= 0 || !take_frames(s)) {
        lose_peer(s);
    } else if (s->blocked) {
        qh_net_watch_stop(&s->in);
    }
}

static void watch_input(Stream *s)
{
    qh_net_watch(&s->in, s->host, s->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, s);
}

static void stream_resume(void *state, G_GNUC_UNUSED uint32_t queue)
{
    Stream *s = state;

    s->blocked = FALSE;
    if (s->fd < 0) {
        return;
    }
    if (!take_frames(s)) {
        lose_peer(s);
    } else if (!s->blocked) {
        watch_input(s);
    }
}

static void start_peer(Stream *s, int fd)
{
    qh_net_watch_stop(&s->peers);
    s->pending = -1;
    s->fd = fd;
    watch_input(s);
    tell(s, TRUE);
}

static void retry_later(Stream *s);

static void on_connected(void *opaque)
{
    Stream *s = opaque;
    int number = 0;
    socklen_t length = sizeof(number);
    int fd = s->pending;

    s->pending = -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) == 0 && number == 0) {
        start_peer(s, fd);
    } else {
        close(fd);
        retry_later(s);
    }
}

static gboolean call_peer(Stream *s, GError **error)
{
    gboolean pending = FALSE;
    int fd = qh_address_connect(&s->address, 0, &pending, error);

    if (fd < 0) {
        return FALSE;
    }
    if (pending) {
        s->pending = fd;
        qh_net_watch(&s->peers, s->host, fd, G_IO_OUT | G_IO_ERR | G_IO_HUP, on_connected, s);
    } else {
        start_peer(s, fd);
    }
    return TRUE;
}

static void on_retry(void *opaque)
{
    if (!call_peer(opaque, NULL)) {
        retry_later(opaque);
    }
}

static void retry_later(Stream *s)
{
    qh_net_watch_stop(&s->peers);
    if (s->reconnect_ms != 0) {
        qh_net_watch_timeout(&s->peers, s->host, (guint)s->reconnect_ms, on_retry, s);
    }
}

static void on_peer(void *opaque)
{
    Stream *s = opaque;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        start_peer(s, fd);
    }
}

static void await_peer(Stream *s)
{
    if (s->listener >= 0) {
        qh_net_watch(&s->peers, s->host, s->listener, G_IO_IN, on_peer, s);
    } else {
        retry_later(s);
    }
}

static gboolean read_options(Stream *s, const QhJson *options, GError **error)
{
    const QhJson *server = qh_json_get(options, "server");
    const QhJson *reconnect = qh_json_get(options, "reconnect-ms");
    const QhJson *seconds = qh_json_get(options, "reconnect");

    s->server = server != NULL && qh_json_bool(server);
    if (reconnect != NULL && !qh_json_uint(reconnect, &s->reconnect_ms)) {
        s->reconnect_ms = UINT64_MAX;
    }
    if (seconds != NULL && qh_json_uint(seconds, &s->reconnect_ms)) {
        s->reconnect_ms = MIN(s->reconnect_ms, G_MAXUINT / 1000) * 1000;
    }
    if (s->reconnect_ms > G_MAXUINT || (s->server && s->reconnect_ms != 0)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'reconnect' is out of range, or given to a server");
        return FALSE;
    }
    return qh_net_address(&s->address, qh_json_get(options, "addr"), qh_host_fds(s->host), error);
}

static void stream_close(void *state)
{
    Stream *s = state;

    qh_net_watch_stop(&s->in);
    qh_net_watch_stop(&s->out);
    qh_net_watch_stop(&s->peers);
    for (guint i = 0; i < 3; i++) {
        int fd = i == 0 ? s->fd : i == 1 ? s->listener : s->pending;

        if (fd >= 0) {
            close(fd);
        }
    }
    if (s->listener >= 0 && s->address.kind == QH_ADDRESS_UNIX) {
        unlink(s->address.path);
    }
    qh_address_clear(&s->address);
    g_free(s->input);
    g_free(s->output);
}

gboolean
qh_net_stream_open(void *ctx, void *state, QhNet *net, const QhJson *options, GError **error)
{
    Stream *s = state;
    gboolean opened;

    s->host = ctx;
    s->net = net;
    s->listener = s->fd = s->pending = -1;
    s->input = g_malloc(INPUT_BYTES);
    opened = read_options(s, options, error);
    if (opened && s->server) {
        s->listener = qh_address_listen(&s->address, error);
        opened = s->listener >= 0;
        if (opened) {
            g_autofree char *text = qh_address_text(&s->address);

            qh_net_service.set_peer(net, FALSE, text);
            await_peer(s);
        }
    } else if (opened && !call_peer(s, s->reconnect_ms == 0 ? error : NULL)) {
        opened = s->reconnect_ms != 0;
        retry_later(s);
    }
    if (!opened) {
        stream_close(s);
    }
    return opened;
}

static gboolean stream_open(void *ctx, void *state, QhNet *net, const char *options, GError **error)
{
    g_autoptr(QhJson) json = qh_json_parse(options, -1, NULL, error);

    return json != NULL && qh_net_stream_open(ctx, state, net, json, error);
}

static void on_writable(void *opaque)
{
    Stream *s = opaque;

    while (s->output != NULL) {
        ssize_t n = send(s->fd, s->output + s->output_done, s->output_bytes - s->output_done,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (n < 0) {
            break; /* the input side sees that the peer has gone */
        }
        s->output_done += (uint32_t)n;
        if (s->output_done == s->output_bytes) {
            g_clear_pointer(&s->output, g_free);
        }
    }
    qh_net_watch_stop(&s->out);
    g_clear_pointer(&s->output, g_free);
    qh_net_service.writable(s->net, 0);
}

static gboolean stream_send(void *state,
                            G_GNUC_UNUSED uint32_t queue,
                            G_GNUC_UNUSED const QhNetHeader *header,
                            const QhNetVec *vec,
                            uint32_t n_vec)
{
    Stream *s = state;
    uint8_t frame[HEAD_BYTES + 2048];
    g_autofree uint8_t *large = NULL;
    uint64_t bytes = 0;

    if (s->fd < 0) {
        return TRUE;
    }
    if (s->output != NULL) {
        return FALSE;
    }
    for (uint32_t i = 0; i < n_vec; i++) {
        bytes += vec[i].bytes;
    }
    if (bytes > QH_NET_FRAME_MAX) {
        return TRUE;
    }
    uint8_t *data = frame;
    if (bytes > sizeof(frame) - HEAD_BYTES) {
        data = large = g_malloc(HEAD_BYTES + bytes);
    }
    for (guint i = 0; i < HEAD_BYTES; i++) {
        data[i] = (uint8_t)(bytes >> (24 - 8 * i));
    }
    qh_net_gather(vec, n_vec, data + HEAD_BYTES, bytes);
    bytes += HEAD_BYTES;
    ssize_t n = send(s->fd, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return TRUE;
    }
    n = MAX(n, 0);
    if (n == 0) {
        qh_net_watch(&s->out, s->host, s->fd, G_IO_OUT | G_IO_ERR | G_IO_HUP, on_writable, s);
        return FALSE;
    }
    if ((uint64_t)n < bytes) {
        s->output_bytes = (uint32_t)(bytes - (uint64_t)n);
        s->output_done = 0;
        s->output = g_memdup2(data + n, s->output_bytes);
        qh_net_watch(&s->out, s->host, s->fd, G_IO_OUT | G_IO_ERR | G_IO_HUP, on_writable, s);
    }
    return TRUE;
}

const QhNetdevOps qh_net_stream = {
    .size = sizeof(QhNetdevOps),
    .state_size = sizeof(Stream),
    .description = "frames over a stream socket",
    .open = stream_open,
    .close = stream_close,
    .send = stream_send,
    .resume = stream_resume,
};
