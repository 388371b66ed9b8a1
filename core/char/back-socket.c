/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream socket with one peer at a time. A server that has a peer leaves the next one in the
 * listen queue; when the peer has left but its last words have not been taken yet, the next one
 * pushes it out. A client that lost its peer calls again when reconnect says so. Without a peer
 * what the front end writes is dropped.
 */
#include "core/char/char-priv.h"
#include "core/char/socket-address.h"
#include "core/char/telnet.h"
#include "core/host/log.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS 10000

typedef struct Socket {
    QhCharFd io;
    QhAddress address;
    QhTelnet telnet_state;
    gboolean server, wait, nodelay, telnet;
    uint64_t reconnect_ms; /* 0: no second attempt */
    int listener;          /* -1: none */
    int pending;           /* a connection under way, or -1 */
    GSource *source;       /* of the listener, of the pending connection, or the timer */
} Socket;

static void await_peer(QhChar *chr);

static void set_source(QhChar *chr, GSource *source, GSourceFunc fn)
{
    Socket *s = chr->state;

    if (s->source != NULL) {
        g_source_destroy(s->source);
        g_source_unref(s->source);
    }
    s->source = source;
    if (source != NULL) {
        g_source_set_callback(source, fn, chr, NULL);
        g_source_attach(source, qh_char_context(chr));
    }
}

static void socket_end(QhChar *chr)
{
    Socket *s = chr->state;

    qh_char_fd_stop(&s->io);
    qh_char_set_open(chr, FALSE);
    await_peer(chr);
}

static uint32_t telnet_input(QhChar *chr, uint8_t *data, uint32_t bytes)
{
    Socket *s = chr->state;
    gboolean broken = FALSE;
    uint32_t left = qh_telnet_input(&s->telnet_state, data, bytes, &broken);

    if (broken) {
        qh_char_event(chr, QH_CHAR_BREAK);
    }
    return left;
}

static void start_peer(QhChar *chr, int fd)
{
    Socket *s = chr->state;
    int yes = 1;

    set_source(chr, NULL, NULL);
    if (s->nodelay) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    }
    if (s->telnet) {
        g_mutex_lock(&chr->lock);
        qh_telnet_init(&s->telnet_state);
        g_mutex_unlock(&chr->lock);
        s->io.filter = telnet_input;
        send(fd, qh_telnet_greeting, qh_telnet_greeting_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    qh_char_fd_start(&s->io, fd, fd);
    qh_char_set_open(chr, TRUE);
}

static gboolean on_peer(int listener, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
    QhChar *chr = data;
    Socket *s = chr->state;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0) {
        return G_SOURCE_CONTINUE;
    }
    /* one that has left is still there while its input is held back */
    qh_char_fd_stop(&s->io);
    qh_char_set_open(chr, FALSE);
    start_peer(chr, fd);
    return G_SOURCE_REMOVE;
}

static void retry_later(QhChar *chr);

/* The outcome of a connection that was under way. */
static gboolean on_connected(int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
    QhChar *chr = data;
    Socket *s = chr->state;
    int number = 0;
    socklen_t length = sizeof(number);

    s->pending = -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &length) == 0 && number == 0) {
        start_peer(chr, fd);
    } else {
        close(fd);
        retry_later(chr);
    }
    return G_SOURCE_REMOVE;
}

static gboolean call_peer(gpointer data)
{
    QhChar *chr = data;
    Socket *s = chr->state;
    gboolean pending = FALSE;
    int fd = qh_address_connect(&s->address, 0, &pending, NULL);

    if (fd < 0) {
        retry_later(chr);
    } else if (pending) {
        s->pending = fd;
        set_source(chr, g_unix_fd_source_new(fd, G_IO_OUT | G_IO_ERR | G_IO_HUP),
                   G_SOURCE_FUNC(on_connected));
    } else {
        start_peer(chr, fd);
    }
    return G_SOURCE_REMOVE;
}

static void retry_later(QhChar *chr)
{
    Socket *s = chr->state;

    set_source(chr, g_timeout_source_new(s->reconnect_ms), call_peer);
}

static void await_peer(QhChar *chr)
{
    Socket *s = chr->state;

    if (s->server && s->listener >= 0) {
        set_source(chr, g_unix_fd_source_new(s->listener, G_IO_IN), G_SOURCE_FUNC(on_peer));
    } else if (s->reconnect_ms != 0 && s->io.in < 0) {
        retry_later(chr);
    }
}

/* server=on,wait=on: nothing starts before somebody is there. */
static gboolean wait_for_peer(QhChar *chr, GError **error)
{
    Socket *s = chr->state;
    struct pollfd state = {.fd = s->listener, .events = POLLIN};
    g_autofree char *text = qh_address_text(&s->address);
    int fd = -1;

    qh_log_warn(qh_host_log(chr->host), "waiting for a connection to %s", text);
    while (fd < 0) {
        if (poll(&state, 1, -1) < 0 && errno != EINTR) {
            break;
        }
        fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            break;
        }
    }
    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot accept at %s: %s", text,
                    g_strerror(errno));
        return FALSE;
    }
    start_peer(chr, fd);
    return TRUE;
}

static gboolean read_options(QhChar *chr, const QhJson *data, GError **error)
{
    Socket *s = chr->state;
    uint64_t seconds = 0;
    gboolean numbers = qh_chars_may_wait(chr->chars);

    s->server = TRUE;
    if (!qh_address_parse(&s->address, qh_json_get(data, "addr"), qh_host_fds(chr->host), numbers,
                          error) ||
        !qh_char_get_bool(data, "server", &s->server, error) ||
        !qh_char_get_bool(data, "wait", &s->wait, error) ||
        !qh_char_get_bool(data, "nodelay", &s->nodelay, error) ||
        !qh_char_get_bool(data, "telnet", &s->telnet, error) ||
        !qh_char_get_uint(data, "reconnect", 86400, &seconds, error) ||
        !qh_char_get_uint(data, "reconnect-ms", 86400000, &s->reconnect_ms, error)) {
        return FALSE;
    }
    if (seconds != 0 && s->reconnect_ms != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "reconnect and reconnect-ms exclude each other");
        return FALSE;
    }
    s->reconnect_ms = s->reconnect_ms != 0 ? s->reconnect_ms : seconds * 1000;
    if (s->server ? s->reconnect_ms != 0 : s->wait) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "%s",
                    s->server ? "a server does not reconnect" : "only a server waits");
        return FALSE;
    }
    if (s->wait && !numbers) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "wait would keep everything waiting; it is for the command line");
        return FALSE;
    }
    if (s->reconnect_ms != 0 && s->address.kind == QH_ADDRESS_FD) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "a file descriptor cannot be connected again");
        return FALSE;
    }
    return TRUE;
}

static gboolean start_server(QhChar *chr, GError **error)
{
    Socket *s = chr->state;

    s->listener = qh_address_listen(&s->address, error);
    if (s->listener < 0) {
        return FALSE;
    }
    if (s->wait) {
        return wait_for_peer(chr, error);
    }
    await_peer(chr);
    return TRUE;
}

static gboolean start_client(QhChar *chr, GError **error)
{
    Socket *s = chr->state;
    gboolean pending = FALSE;

    if (s->reconnect_ms != 0) {
        call_peer(chr);
        return TRUE;
    }
    int fd = qh_address_connect(&s->address, CONNECT_MS, &pending, error);
    if (fd < 0) {
        return FALSE;
    }
    start_peer(chr, fd);
    return TRUE;
}

static void socket_close(QhChar *chr)
{
    Socket *s = chr->state;

    set_source(chr, NULL, NULL);
    qh_char_fd_stop(&s->io);
    if (s->pending >= 0) {
        close(s->pending);
    }
    if (s->listener >= 0) {
        close(s->listener);
        if (s->address.kind == QH_ADDRESS_UNIX) {
            unlink(s->address.path);
        }
    }
    qh_address_clear(&s->address);
}

static gboolean socket_open(QhChar *chr, const QhJson *data, GError **error)
{
    Socket *s = chr->state;

    s->listener = -1;
    s->pending = -1;
    qh_char_fd_init(&s->io, chr);
    s->io.socket = TRUE;
    s->io.on_end = socket_end;
    s->io.on_leave = await_peer;
    if (!read_options(chr, data, error) ||
        !(s->server ? start_server(chr, error) : start_client(chr, error))) {
        socket_close(chr);
        return FALSE;
    }
    return TRUE;
}

static uint32_t socket_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    Socket *s = chr->state;
    uint32_t done = 0;

    if (!s->telnet) {
        return qh_char_fd_write(&s->io, data, bytes);
    }
    if (s->telnet_state.owed) {
        const uint8_t escape = 0xff;

        if (qh_char_fd_write(&s->io, &escape, 1) == 0) {
            return 0;
        }
        s->telnet_state.owed = FALSE;
    }
    while (done < bytes) {
        uint8_t out[512];
        uint32_t taken = 0;
        uint32_t n = qh_telnet_output(data + done, bytes - done, out, sizeof(out), &taken);
        uint32_t sent = qh_char_fd_write(&s->io, out, n);

        if (sent < n) {
            return done + qh_telnet_sent(&s->telnet_state, data + done, sent);
        }
        done += taken;
    }
    return done;
}

static int socket_peer(QhChar *chr)
{
    const Socket *s = chr->state;

    return s->telnet ? -1 : s->io.in;
}

static void socket_accept(QhChar *chr)
{
    qh_char_fd_accept(&((Socket *)chr->state)->io);
}

static char *socket_filename(QhChar *chr)
{
    Socket *s = chr->state;
    g_autofree char *text = qh_address_text(&s->address);

    return g_strdup_printf("%s%s%s", chr->open ? "" : "disconnected:", text,
                           s->server ? ",server=on" : "");
}

static const char *const members[] = {"addr",   "server",    "wait",         "nodelay",
                                      "telnet", "reconnect", "reconnect-ms", NULL};

const QhCharBackend qh_char_socket = {
    .type = "socket",
    .description = "unix or TCP, server or client",
    .members = members,
    .state_bytes = sizeof(Socket),
    .open = socket_open,
    .close = socket_close,
    .write = socket_write,
    .peer_fd = socket_peer,
    .accept_input = socket_accept,
    .filename = socket_filename,
};
