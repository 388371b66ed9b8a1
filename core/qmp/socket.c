/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listening socket for QMP: every client that connects gets a session of its own. */
#include "core/char/socket-address.h"
#include "core/fd/fds.h"
#include "core/fd/receive.h"
#include "core/host/log.h"
#include "core/qmp/qmp-priv.h"
#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 64
#define PIECE_BYTES 65536

typedef struct Listener {
    QhQmp *qmp;
    int fd;
    QhAddress address;
    GSource *source; /* not watched while there are too many clients */
    GPtrArray *clients;
    char *piece; /* PIECE_BYTES */
    QhFdNames *names;
} Listener;

typedef struct Client {
    Listener *listener;
    int fd;
    QhFdBox box;
    GSource *in, *out; /* NULL: not watched */
    QhSession *session;
    gboolean broken; /* the connection is gone */
} Client;

static void watch_listener(Listener *listener);

static void drop_source(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

static void client_free(gpointer data)
{
    Client *client = data;

    drop_source(&client->in);
    drop_source(&client->out);
    qh_session_free(client->session);
    qh_fd_box_clear(&client->box);
    close(client->fd);
    g_free(client);
}

static void client_remove(Client *client)
{
    Listener *listener = client->listener;

    g_ptr_array_remove(listener->clients, client);
    watch_listener(listener);
}

static GSource *watch(Client *client, GIOCondition condition, GUnixFDSourceFunc fn)
{
    GSource *source = g_unix_fd_source_new(client->fd, condition);

    g_source_set_callback(source, (GSourceFunc)(void (*)(void))fn, client, NULL);
    g_source_attach(source, qh_host_context(qh_qmp_host(client->listener->qmp)));
    return source;
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer data)
{
    Client *client = data;

    (void)fd;
    if (condition & (G_IO_HUP | G_IO_ERR)) {
        client_remove(client);
        return G_SOURCE_REMOVE;
    }
    drop_source(&client->out);
    qh_session_writable(client->session); /* may free the client */
    return G_SOURCE_REMOVE;
}

static size_t client_write(void *transport, const char *bytes, size_t length)
{
    Client *client = transport;

    if (client->broken) {
        return length;
    }
    ssize_t n = send(client->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        client->broken = TRUE; /* the input side sees it, too, and removes the client */
        return length;
    }
    if ((n < 0 || (size_t)n < length) && client->out == NULL) {
        client->out = watch(client, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable);
    }
    return n < 0 ? 0 : (size_t)n;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    Client *client = data;
    Listener *listener = client->listener;

    (void)condition;
    ssize_t n = qh_fd_box_receive(&client->box, fd, listener->piece, PIECE_BYTES);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    if (n < 0 || client->broken) {
        client_remove(client);
        return G_SOURCE_REMOVE;
    }
    /* Watched again when the session asks for more. */
    drop_source(&client->in);
    if (n == 0) {
        qh_session_end_input(client->session);
    } else {
        qh_session_input(client->session, listener->piece, (size_t)n);
    }
    return G_SOURCE_REMOVE;
}

static void client_resume_input(void *transport)
{
    Client *client = transport;

    if (client->in == NULL) {
        client->in = watch(client, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable);
    }
}

static int client_take_fd(void *transport)
{
    return qh_fd_box_take(&((Client *)transport)->box);
}

static void client_finished(void *transport)
{
    client_remove(transport);
}

static const QhTransportOps client_ops = {
    .write = client_write,
    .resume_input = client_resume_input,
    .take_fd = client_take_fd,
    .finished = client_finished,
};

static void add_client(Listener *listener, int fd)
{
    Client *client = g_new0(Client, 1);

    client->listener = listener;
    client->fd = fd;
    g_ptr_array_add(listener->clients, client);
    client->session = qh_session_new(listener->qmp, &client_ops, client, listener->names);
    client_resume_input(client);
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer data)
{
    Listener *listener = data;

    (void)condition;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) {
        add_client(listener, client);
    } else if (errno == EMFILE || errno == ENFILE) {
        /* Trying again at once would spin; the next client that leaves starts it again. */
        qh_log_warn(qh_host_log(qh_qmp_host(listener->qmp)), "QMP: no descriptor for a client");
        drop_source(&listener->source);
    }
    if (listener->clients->len >= MAX_CLIENTS) {
        drop_source(&listener->source);
    }
    return listener->source != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void watch_listener(Listener *listener)
{
    if (listener->source == NULL && listener->clients->len < MAX_CLIENTS) {
        GUnixFDSourceFunc fn = on_connection;
        listener->source = g_unix_fd_source_new(listener->fd, G_IO_IN);
        g_source_set_callback(listener->source, (GSourceFunc)(void (*)(void))fn, listener, NULL);
        g_source_attach(listener->source, qh_host_context(qh_qmp_host(listener->qmp)));
    }
}

static void listener_free(gpointer data)
{
    Listener *listener = data;

    drop_source(&listener->source);
    g_ptr_array_unref(listener->clients);
    if (listener->address.kind == QH_ADDRESS_UNIX) {
        unlink(listener->address.path);
    }
    close(listener->fd);
    qh_address_clear(&listener->address);
    qh_fd_names_free(listener->names);
    g_free(listener->piece);
    g_free(listener);
}

gboolean qh_qmp_socket_listen(QhQmp *qmp, const QhJson *address, gboolean wait, GError **error)
{
    QhAddress parsed = {0};

    if (!qh_address_parse(&parsed, address, qh_host_fds(qh_qmp_host(qmp)), TRUE, error)) {
        return FALSE;
    }
    int fd = qh_address_listen(&parsed, error);
    if (fd < 0) {
        qh_address_clear(&parsed);
        return FALSE;
    }
    Listener *listener = g_new0(Listener, 1);
    listener->qmp = qmp;
    listener->fd = fd;
    listener->address = parsed;
    listener->clients = g_ptr_array_new_with_free_func(client_free);
    listener->piece = g_malloc(PIECE_BYTES);
    listener->names = qh_fd_names_new();
    qh_qmp_keep(qmp, listener, listener_free);
    if (wait) {
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        while (poll(&wanted, 1, -1) < 0 && errno == EINTR) {
            continue;
        }
    }
    watch_listener(listener);
    return TRUE;
}
