/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -add-fd: descriptors that were open when the program was started, as members of sets. */
#include "core/cli/cli.h"
#include "core/fd/fds.h"

#include <fcntl.h>
#include <unistd.h>

static gboolean
need_number(const QhKeyval *items, const char *key, uint64_t max, uint64_t *ret, GError **error)
{
    if (qh_keyval_get(items, key) == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "'%s' is missing", key);
        return FALSE;
    }
    return qh_keyval_uint(items, key, max, ret, error);
}

/* What this program opened by itself has close-on-exec, what it was given has not. */
static gboolean check_given(uint64_t fd, GError **error)
{
    int flags = fcntl((int)fd, F_GETFD);

    if (fd <= STDERR_FILENO || flags < 0 || flags & FD_CLOEXEC) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "fd=%" G_GUINT64_FORMAT ": %s", fd,
                    fd <= STDERR_FILENO ? "this is a standard stream"
                                        : "no descriptor was handed over with this number");
        return FALSE;
    }
    return TRUE;
}

static gboolean add(QhHost *host, const char *text, GArray *given, GError **error)
{
    static const char *const keys[] = {"fd", "set", "opaque", NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(text, NULL, error);
    uint64_t fd = 0, set = 0;

    if (items == NULL || !qh_keyval_only(items, keys, error) ||
        !need_number(items, "fd", G_MAXINT, &fd, error) ||
        !need_number(items, "set", G_MAXINT64, &set, error) || !check_given(fd, error)) {
        return FALSE;
    }
    int copy = fcntl((int)fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), original = (int)fd;
    if (copy < 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "too many files are open");
        return FALSE;
    }
    qh_fds_add(qh_host_fds(host), (int64_t)set, copy, qh_keyval_get(items, "opaque"));
    g_array_append_val(given, original);
    return TRUE;
}

/* A descriptor may be in several sets, so the numbers that were given are closed in the end. */
gboolean qh_cli_apply_fds(const QhCli *cli, QhHost *host, GError **error)
{
    g_autoptr(GArray) given = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < cli->fd_sets->len; i++) {
        const char *text = g_ptr_array_index(cli->fd_sets, i);

        if (!add(host, text, given, error)) {
            g_prefix_error(error, "-add-fd %s: ", text);
            return FALSE;
        }
    }
    for (guint i = 0; i < given->len; i++) {
        int fd = g_array_index(given, int, i);

        if (fcntl(fd, F_GETFD) >= 0) { /* named twice: closed already */
            close(fd);
        }
    }
    return TRUE;
}
