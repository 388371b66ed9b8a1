/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Back ends on named files: file (output, and input from another one) and pipe (two FIFOs). */
#include "core/char/char-priv.h"
#include "core/fd/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

typedef struct File {
    QhCharFd io;
    char *path;
} File;

static void at_end(G_GNUC_UNUSED QhChar *chr)
{
    /* the input is used up; output goes on */
}

static int open_path(QhChar *chr, const char *path, int flags, GError **error)
{
    int fd = qh_fds_open(qh_host_fds(chr->host), path, flags | O_CLOEXEC | O_NOCTTY, 0666);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
    }
    return fd;
}

static gboolean path_missing(const char *key, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "member '%s' is missing", key);
    return FALSE;
}

static void start(QhChar *chr, const char *path, int in, int out)
{
    File *file = chr->state;

    file->path = g_strdup(path);
    qh_char_fd_init(&file->io, chr);
    file->io.on_end = at_end;
    qh_char_fd_start(&file->io, in, out);
    qh_char_set_open(chr, TRUE);
}

static gboolean file_open(QhChar *chr, const QhJson *data, GError **error)
{
    const char *path = NULL;
    const char *input = NULL;
    gboolean append = FALSE;
    int in = -1;

    if (!qh_char_get_string(data, "out", &path, error) ||
        !qh_char_get_string(data, "in", &input, error) ||
        !qh_char_get_bool(data, "append", &append, error)) {
        return FALSE;
    }
    if (path == NULL) {
        return path_missing("out", error);
    }
    if (input != NULL) {
        in = open_path(chr, input, O_RDONLY | O_NONBLOCK, error);
        if (in < 0) {
            return FALSE;
        }
    }
    int out = open_path(chr, path, O_WRONLY | O_CREAT | O_NONBLOCK | (append ? O_APPEND : O_TRUNC),
                        error);
    if (out < 0) {
        if (in >= 0) {
            qh_fds_close(qh_host_fds(chr->host), in);
        }
        return FALSE;
    }
    start(chr, path, in, out);
    return TRUE;
}

static gboolean pipe_open(QhChar *chr, const QhJson *data, GError **error)
{
    const char *path = NULL;

    if (!qh_char_get_string(data, "device", &path, error)) {
        return FALSE;
    }
    if (path == NULL) {
        return path_missing("device", error);
    }
    g_autofree char *in_path = g_strconcat(path, ".in", NULL);
    g_autofree char *out_path = g_strconcat(path, ".out", NULL);
    /* open for both: no wait for the other side, and no end of file when it goes away */
    int in = open_path(chr, in_path, O_RDWR | O_NONBLOCK, NULL);
    int out = in >= 0 ? open_path(chr, out_path, O_RDWR | O_NONBLOCK, NULL) : -1;

    if (in < 0 || out < 0) {
        if (in >= 0) {
            close(in);
        }
        in = out = open_path(chr, path, O_RDWR | O_NONBLOCK, error);
    }
    if (in < 0) {
        g_prefix_error(error, "%s and %s do not exist either: ", in_path, out_path);
        return FALSE;
    }
    start(chr, path, in, out);
    return TRUE;
}

static void file_close(QhChar *chr)
{
    File *file = chr->state;

    qh_char_fd_stop(&file->io);
    g_clear_pointer(&file->path, g_free);
}

static uint32_t file_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    return qh_char_fd_write(&((File *)chr->state)->io, data, bytes);
}

static void file_accept(QhChar *chr)
{
    qh_char_fd_accept(&((File *)chr->state)->io);
}

static char *file_filename(QhChar *chr)
{
    return g_strdup_printf("%s:%s", chr->backend->type, ((File *)chr->state)->path);
}

static const char *const file_members[] = {"out", "in", "append", NULL};
static const char *const pipe_members[] = {"device", NULL};

const QhCharBackend qh_char_file = {
    .type = "file",
    .description = "output to a file",
    .members = file_members,
    .state_bytes = sizeof(File),
    .open = file_open,
    .close = file_close,
    .write = file_write,
    .accept_input = file_accept,
    .filename = file_filename,
};

const QhCharBackend qh_char_pipe = {
    .type = "pipe",
    .description = "F.in and F.out if they exist, or F both ways",
    .members = pipe_members,
    .state_bytes = sizeof(File),
    .open = pipe_open,
    .close = file_close,
    .write = file_write,
    .accept_input = file_accept,
    .filename = file_filename,
};
