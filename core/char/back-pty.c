/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pseudo terminal. While no program has the slave side open the kernel reports a hang-up on our
 * side, without any way to wait for its end; so we look five times a second, and what the guest
 * writes meanwhile is dropped (pty(7)).
 */
#include "core/char/char-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_MS 200u

typedef struct Pty {
    QhCharFd io;
    int master;
    char *slave; /* /dev/pts/N */
    char *link;  /* made by us, or NULL */
    GSource *look;
} Pty;

static gboolean is_hung_up(int fd)
{
    struct pollfd state = {.fd = fd, .events = POLLIN};

    return poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0;
}

static gboolean look(gpointer data)
{
    QhChar *chr = data;
    Pty *pty = chr->state;

    if (is_hung_up(pty->master)) {
        return G_SOURCE_CONTINUE;
    }
    g_clear_pointer(&pty->look, g_source_unref);
    int fd = fcntl(pty->master, F_DUPFD_CLOEXEC, 3);
    if (fd >= 0) {
        qh_char_fd_start(&pty->io, fd, fd);
        qh_char_set_open(chr, TRUE);
    }
    return G_SOURCE_REMOVE;
}

static void start_looking(QhChar *chr)
{
    Pty *pty = chr->state;

    if (pty->look == NULL) {
        pty->look = g_timeout_source_new(LOOK_MS);
        g_source_set_callback(pty->look, look, chr, NULL);
        g_source_attach(pty->look, qh_char_context(chr));
    }
}

static void pty_end(QhChar *chr)
{
    qh_char_fd_stop(&((Pty *)chr->state)->io);
    qh_char_set_open(chr, FALSE);
    start_looking(chr);
}

static gboolean failed(const char *what, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "%s: %s", what, g_strerror(errno));
    return FALSE;
}

/* Raw, so that the guest sees bytes and no echo; opened and closed once, so that the state is
 * "hung up" from the start. */
static gboolean prepare_slave(const char *slave, GError **error)
{
    struct termios tty;
    int fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        return failed(slave, error);
    }
    if (tcgetattr(fd, &tty) == 0) {
        cfmakeraw(&tty);
        tcsetattr(fd, TCSANOW, &tty);
    }
    close(fd);
    return TRUE;
}

static gboolean pty_make(Pty *pty, const char *link, GError **error)
{
    char name[64];

    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->master < 0) {
        return failed("cannot make a pseudo terminal", error);
    }
    if (grantpt(pty->master) < 0 || unlockpt(pty->master) < 0 ||
        ptsname_r(pty->master, name, sizeof(name)) != 0) {
        return failed("cannot unlock the pseudo terminal", error);
    }
    qh_char_fd_set_flags(pty->master);
    if (!prepare_slave(name, error)) {
        return FALSE;
    }
    if (link != NULL && symlink(name, link) < 0) {
        return failed(link, error);
    }
    pty->slave = g_strdup(name);
    pty->link = g_strdup(link);
    return TRUE;
}

static gboolean pty_open(QhChar *chr, const QhJson *data, GError **error)
{
    Pty *pty = chr->state;
    const char *link = NULL;

    if (!qh_char_get_string(data, "path", &link, error)) {
        return FALSE;
    }
    qh_char_fd_init(&pty->io, chr);
    pty->io.on_end = pty_end;
    if (!pty_make(pty, link, error)) {
        if (pty->master >= 0) {
            close(pty->master);
        }
        return FALSE;
    }
    start_looking(chr);
    return TRUE;
}

static void pty_close(QhChar *chr)
{
    Pty *pty = chr->state;

    if (pty->look != NULL) {
        g_source_destroy(pty->look);
        g_clear_pointer(&pty->look, g_source_unref);
    }
    qh_char_fd_stop(&pty->io);
    close(pty->master);
    if (pty->link != NULL) {
        unlink(pty->link);
    }
    g_clear_pointer(&pty->slave, g_free);
    g_clear_pointer(&pty->link, g_free);
}

static uint32_t pty_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    return qh_char_fd_write(&((Pty *)chr->state)->io, data, bytes);
}

static void pty_accept(QhChar *chr)
{
    qh_char_fd_accept(&((Pty *)chr->state)->io);
}

static char *pty_filename(QhChar *chr)
{
    return g_strdup_printf("pty:%s", ((Pty *)chr->state)->slave);
}

static const char *const members[] = {"path", NULL};

const QhCharBackend qh_char_pty = {
    .type = "pty",
    .description = "a new pseudo terminal",
    .members = members,
    .state_bytes = sizeof(Pty),
    .open = pty_open,
    .close = pty_close,
    .write = pty_write,
    .accept_input = pty_accept,
    .filename = pty_filename,
};
