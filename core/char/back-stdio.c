/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standard input and output. Their open files belong to others, too (the shell, a pipe's other
 * programs), so O_NONBLOCK must not be set on them: a terminal is opened a second time instead, and
 * anything else is asked with poll() before each small write.
 */
#include "core/char/char-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Stdio {
    QhCharFd io;
} Stdio;

/* The end of the input is not the end of the line: answers and events still go out. */
static void stdio_end(G_GNUC_UNUSED QhChar *chr)
{
}

/* A descriptor of our own for standard file @fd; *@ret_private when its flags are ours as well. */
static int own(int fd, int mode, gboolean *ret_private)
{
    int copy = -1;

    *ret_private = FALSE;
    if (isatty(fd)) {
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

        copy = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        *ret_private = copy >= 0;
    }
    return copy >= 0 ? copy : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static gboolean in_use(QhChar *chr)
{
    /* one reader of the standard input at a time; muxes share it */
    for (guint i = 0; i < qh_chars_length(chr->chars); i++) {
        QhChar *other = qh_chars_at(chr->chars, i);

        if (other != chr && other->backend == &qh_char_stdio) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean stdio_open(QhChar *chr, const QhJson *data, GError **error)
{
    Stdio *state = chr->state;
    gboolean keep_signals = TRUE, private_in = FALSE, private_out = FALSE;
    struct stat status;

    if (!qh_char_get_bool(data, "signal", &keep_signals, error)) {
        return FALSE;
    }
    if (in_use(chr)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_BUSY,
                            "another chardev has the standard input; share it with mux=on");
        return FALSE;
    }
    int in = own(STDIN_FILENO, O_RDONLY, &private_in);
    int out = own(STDOUT_FILENO, O_WRONLY, &private_out);
    if (in < 0 && out < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "standard input and output are closed: %s",
                    g_strerror(errno));
        return FALSE;
    }
    qh_char_fd_init(&state->io, chr);
    state->io.on_end = stdio_end;
    state->io.blocking = !private_out;
    state->io.socket = out >= 0 && fstat(out, &status) == 0 && S_ISSOCK(status.st_mode);
    qh_terminal_raw(keep_signals);
    qh_char_fd_start(&state->io, in, out);
    qh_char_set_open(chr, TRUE);
    return TRUE;
}

static void stdio_close(QhChar *chr)
{
    qh_char_fd_stop(&((Stdio *)chr->state)->io);
    qh_terminal_restore();
}

static uint32_t stdio_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    return qh_char_fd_write(&((Stdio *)chr->state)->io, data, bytes);
}

static void stdio_accept(QhChar *chr)
{
    qh_char_fd_accept(&((Stdio *)chr->state)->io);
}

static char *stdio_filename(G_GNUC_UNUSED QhChar *chr)
{
    return g_strdup("stdio");
}

static const char *const members[] = {"signal", NULL};

const QhCharBackend qh_char_stdio = {
    .type = "stdio",
    .description = "the terminal, or whatever input and output are",
    .members = members,
    .state_bytes = sizeof(Stdio),
    .open = stdio_open,
    .close = stdio_close,
    .write = stdio_write,
    .accept_input = stdio_accept,
    .filename = stdio_filename,
};
