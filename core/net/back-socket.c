/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The old spelling of stream and dgram: "listen=HOST:PORT", "connect=HOST:PORT",
 * "mcast=GROUP:PORT", "udp=HOST:PORT,localaddr=HOST:PORT", "fd=N". It is turned into theirs.
 */
#include "core/net/back-stream.h"
#include "core/net/net-priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef struct Socket {
    const QhNetdevOps *ops; /* the one that does it */
    void *inner;
} Socket;

static QhJson *inet(const char *text, GError **error)
{
    const char *colon = strrchr(text, ':');
    QhJson *address;

    if (colon == NULL || colon[1] == '\0') {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%.128s' is no HOST:PORT", text);
        return NULL;
    }
    g_autofree char *host = g_strndup(text, (gsize)(colon - text));
    address = qh_json_new_object();
    qh_json_set(address, "type", qh_json_new_string("inet"));
    qh_json_set(address, "host", qh_json_new_string(host));
    qh_json_set(address, "port", qh_json_new_string(colon + 1));
    return address;
}

static QhJson *descriptor(const char *text)
{
    QhJson *address = qh_json_new_object();

    qh_json_set(address, "type", qh_json_new_string("fd"));
    qh_json_set(address, "str", qh_json_new_string(text));
    return address;
}

static const char *text_of(const QhJson *options, const char *key)
{
    const QhJson *value = qh_json_get(options, key);

    return value != NULL ? qh_json_string(value) : NULL;
}

static gboolean is_datagram(const char *fd)
{
    int type = 0;
    socklen_t bytes = sizeof(type);

    return getsockopt(atoi(fd), SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_DGRAM;
}

/* Sets @key of @to; FALSE when @address is NULL. */
static gboolean put(QhJson *to, const char *key, QhJson *address)
{
    if (address != NULL) {
        qh_json_set(to, key, address);
    }
    return address != NULL;
}

/* What the other back end is told; *@ret_stream: which one. */
static QhJson *translate(const QhJson *options, gboolean *ret_stream, GError **error)
{
    static const char *const kinds[] = {"listen", "connect", "mcast", "udp", "fd"};
    const char *local = text_of(options, "localaddr"), *value = NULL;
    g_autoptr(QhJson) to = qh_json_new_object();
    gboolean good;
    guint given = 0, kind = 0;

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (text_of(options, kinds[i]) != NULL) {
            given++;
            kind = i;
            value = text_of(options, kinds[i]);
        }
    }
    if (given != 1) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "exactly one of fd=, listen=, connect=, mcast= and udp= is needed");
        return NULL;
    }
    switch (kind) {
    case 0:
    case 1:
        *ret_stream = TRUE;
        qh_json_set(to, "server", qh_json_new_bool(kind == 0));
        good = put(to, "addr", inet(value, error));
        break;
    case 4:
        *ret_stream = !is_datagram(value);
        good = put(to, *ret_stream ? "addr" : "local", descriptor(value));
        break;
    default:
        *ret_stream = FALSE;
        good = put(to, "remote", inet(value, error));
        if (good && local != NULL && kind == 2) {
            g_autofree char *with_port = g_strconcat(local, ":0", NULL);

            good = put(to, "local", inet(with_port, error));
        } else if (good && local != NULL) {
            good = put(to, "local", inet(local, error));
        }
    }
    return good ? g_steal_pointer(&to) : NULL;
}

static gboolean socket_open(void *ctx, void *state, QhNet *net, const char *options, GError **error)
{
    Socket *s = state;
    g_autoptr(QhJson) json = qh_json_parse(options, -1, NULL, error);
    gboolean stream = FALSE, opened;
    g_autoptr(QhJson) to = json != NULL ? translate(json, &stream, error) : NULL;

    if (to == NULL) {
        return FALSE;
    }
    s->ops = stream ? &qh_net_stream : &qh_net_dgram;
    s->inner = g_malloc0(s->ops->state_size);
    opened = stream ? qh_net_stream_open(ctx, s->inner, net, to, error)
                    : qh_net_dgram_open(ctx, s->inner, net, to, error);
    if (!opened) {
        g_free(s->inner);
    }
    return opened;
}

static void socket_close(void *state)
{
    Socket *s = state;

    s->ops->close(s->inner);
    g_free(s->inner);
}

static gboolean socket_send(
    void *state, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    Socket *s = state;

    return s->ops->send(s->inner, queue, header, vec, n_vec);
}

static void socket_resume(void *state, uint32_t queue)
{
    Socket *s = state;

    s->ops->resume(s->inner, queue);
}

const QhNetdevOps qh_net_socket = {
    .size = sizeof(QhNetdevOps),
    .state_size = sizeof(Socket),
    .description = "frames over a socket, in the old spelling",
    .open = socket_open,
    .close = socket_close,
    .send = socket_send,
    .resume = socket_resume,
};
