/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/char/char-priv.h"
#include "core/fd/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* One read: small enough that a peer that floods does not keep the main loop from its other work.
 */
#define READ_BYTES 4096u

/* poll() promises room for this much on a pipe (pipe(7)); a terminal gets the same. */
#define WRITE_BYTES_BLOCKING 512u

void qh_char_fd_set_flags(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void qh_char_fd_init(QhCharFd *io, QhChar *chr)
{
    io->chr = chr;
    io->in = -1;
    io->out = -1;
}

static void drop_source(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

static gboolean on_leave(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
    QhCharFd *io = data;

    drop_source(&io->end_source);
    io->on_leave(io->chr);
    return G_SOURCE_REMOVE;
}

static ssize_t read_some(QhCharFd *io, uint8_t *buffer, size_t bytes)
{
    return io->socket && io->chr->box != NULL
               ? qh_fd_box_receive(io->chr->box, io->in, buffer, bytes)
               : read(io->in, buffer, bytes);
}

/* No input is wanted now, but that the peer goes away is worth knowing. */
static void watch_end(QhCharFd *io)
{
    if (io->on_leave != NULL && io->end_source == NULL) {
        io->end_source = g_unix_fd_source_new(io->in, (GIOCondition)(POLLHUP | POLLRDHUP));
        g_source_set_callback(io->end_source, G_SOURCE_FUNC(on_leave), io, NULL);
        g_source_attach(io->end_source, qh_char_context(io->chr));
    }
}

static gboolean on_input(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
    QhCharFd *io = data;
    uint8_t buffer[READ_BYTES];
    uint32_t room = qh_char_can_input(io->chr);

    if (room == 0) {
        drop_source(&io->in_source);
        watch_end(io);
        return G_SOURCE_REMOVE;
    }
    ssize_t n = read_some(io, buffer, MIN(room, sizeof(buffer)));
    if (n > 0) {
        uint32_t bytes = io->filter != NULL ? io->filter(io->chr, buffer, n) : (uint32_t)n;

        qh_char_input(io->chr, buffer, bytes);
        return G_SOURCE_CONTINUE;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    drop_source(&io->in_source);
    io->on_end(io->chr);
    return G_SOURCE_REMOVE;
}

static void watch_input(QhCharFd *io)
{
    if (io->in_source != NULL || io->in < 0) {
        return;
    }
    drop_source(&io->end_source);
    io->in_source = g_unix_fd_source_new(io->in, G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(io->in_source, G_SOURCE_FUNC(on_input), io, NULL);
    g_source_attach(io->in_source, qh_char_context(io->chr));
}

static gboolean on_output(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
    QhCharFd *io = data;
    QhChar *chr = io->chr;

    g_mutex_lock(&chr->lock);
    drop_source(&io->out_source);
    g_mutex_unlock(&chr->lock);
    qh_char_writable(chr);
    return G_SOURCE_REMOVE;
}

static void watch_output(QhCharFd *io)
{
    if (io->out_source == NULL) {
        io->out_source = g_unix_fd_source_new(io->out, G_IO_OUT | G_IO_HUP | G_IO_ERR);
        g_source_set_callback(io->out_source, G_SOURCE_FUNC(on_output), io, NULL);
        g_source_attach(io->out_source, qh_char_context(io->chr));
    }
}

void qh_char_fd_start(QhCharFd *io, int in, int out)
{
    g_mutex_lock(&io->chr->lock);
    io->in = in;
    io->out = out;
    g_mutex_unlock(&io->chr->lock);
    watch_input(io);
}

void qh_char_fd_stop(QhCharFd *io)
{
    if (io->chr == NULL) {
        return;
    }
    drop_source(&io->in_source);
    drop_source(&io->end_source);
    g_mutex_lock(&io->chr->lock);
    drop_source(&io->out_source);
    if (io->in >= 0) {
        qh_fds_close(qh_host_fds(io->chr->host), io->in);
    }
    if (io->out >= 0 && io->out != io->in) {
        qh_fds_close(qh_host_fds(io->chr->host), io->out);
    }
    io->in = -1;
    io->out = -1;
    g_mutex_unlock(&io->chr->lock);
}

void qh_char_fd_accept(QhCharFd *io)
{
    watch_input(io);
}

/* What one system call takes; -1 with EAGAIN when it would have to wait. */
static ssize_t write_some(QhCharFd *io, const uint8_t *data, uint32_t bytes)
{
    if (io->socket) {
        return send(io->out, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (io->blocking) {
        struct pollfd room = {.fd = io->out, .events = POLLOUT};

        if (poll(&room, 1, 0) == 0) {
            errno = EAGAIN;
            return -1;
        }
        bytes = MIN(bytes, WRITE_BYTES_BLOCKING);
    }
    return write(io->out, data, bytes);
}

uint32_t qh_char_fd_write(QhCharFd *io, const uint8_t *data, uint32_t bytes)
{
    uint32_t done = 0;

    while (io->out >= 0 && done < bytes) {
        ssize_t n = write_some(io, data + done, bytes - done);

        if (n > 0) {
            done += n;
        } else if (n < 0 && errno == EAGAIN) {
            watch_output(io);
            return done;
        } else if (n == 0 || errno != EINTR) {
            /* the peer is gone or the disk is full: there is no one to keep it for */
            break;
        }
    }
    return bytes;
}
