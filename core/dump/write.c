/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/dump/dump.h"
#include "core/fd/fds.h"
#include "core/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (1u << 20)
#define LOOK_MS     200 /* while a reader is waited for: does the program end? */

typedef struct Dump {
    QhDumps *dumps; /* NULL: they have gone */
    int fd;
    GBytes *head;
    QhSpace *space;
    GArray *runs; /* QhDumpRun */
    uint64_t *progress;
    QhDumpDone done;
    void *data;
    GThread *thread;
    gint cancel; /* atomic */
    GError *error;
} Dump;

struct QhDumps {
    QhHost *host;
    GPtrArray *active; /* Dump * */
};

QhDumps *qh_dumps_new(QhHost *host)
{
    QhDumps *dumps = g_new0(QhDumps, 1);

    dumps->host = host;
    dumps->active = g_ptr_array_new();
    return dumps;
}

static void finish(Dump *dump)
{
    g_thread_join(dump->thread);
    dump->done(dump->data, dump->error);
    g_clear_error(&dump->error);
    g_array_unref(dump->runs);
    g_bytes_unref(dump->head);
    g_free(dump);
}

/* Runs after close at the latest, when all that is left of it is this memory. */
static void ended(void *data)
{
    Dump *dump = data;

    if (dump->dumps != NULL) {
        g_ptr_array_remove(dump->dumps->active, dump);
        finish(dump);
        return;
    }
    g_free(dump);
}

void qh_dumps_close(QhDumps *dumps)
{
    while (dumps != NULL && dumps->active->len > 0) {
        Dump *dump = g_ptr_array_steal_index(dumps->active, 0);
        Dump *shell = g_new(Dump, 1);

        g_atomic_int_set(&dump->cancel, 1);
        g_thread_join(dump->thread);
        *shell = *dump;
        dump->dumps = NULL; /* `ended` comes for it yet */
        shell->done(shell->data, shell->error);
        g_clear_error(&shell->error);
        g_array_unref(shell->runs);
        g_bytes_unref(shell->head);
        g_free(shell);
    }
}

void qh_dumps_free(QhDumps *dumps)
{
    if (dumps != NULL) {
        qh_dumps_close(dumps);
        g_ptr_array_unref(dumps->active);
        g_free(dumps);
    }
}

/* Room for more, or a reason to look whether to go on. */
static gboolean wait_for_room(Dump *dump)
{
    struct pollfd state = {.fd = dump->fd, .events = POLLOUT};

    (void)poll(&state, 1, LOOK_MS);
    if (g_atomic_int_get(&dump->cancel)) {
        g_set_error_literal(&dump->error, QH_ERROR, QH_ERROR_NOT_ACTIVE, "the program ends");
        return FALSE;
    }
    return TRUE;
}

static gboolean put(Dump *dump, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(dump->fd, bytes, length);

        if (n < 0 && errno == EAGAIN) {
            if (!wait_for_room(dump)) {
                return FALSE;
            }
            continue;
        }
        if (n < 0 && errno != EINTR) {
            g_set_error(&dump->error, QH_ERROR, QH_ERROR_FAILED, "cannot write the memory: %s",
                        g_strerror(errno));
            return FALSE;
        }
        bytes += MAX(n, 0);
        length -= (size_t)MAX(n, 0);
        if (dump->progress != NULL) {
            __atomic_fetch_add(dump->progress, (uint64_t)MAX(n, 0), __ATOMIC_RELAXED);
        }
    }
    return TRUE;
}

static gboolean put_run(Dump *dump, QhDumpRun run, char *buffer)
{
    while (run.bytes > 0) {
        uint64_t part = MIN(run.bytes, PIECE_BYTES);

        if (g_atomic_int_get(&dump->cancel)) {
            g_set_error_literal(&dump->error, QH_ERROR, QH_ERROR_NOT_ACTIVE, "the program ends");
            return FALSE;
        }
        if (qh_space_read(dump->space, run.address, buffer, part, QH_ATTR_DEBUG) != QH_BUS_OK) {
            g_set_error(&dump->error, QH_ERROR, QH_ERROR_FAILED,
                        "there is no memory at 0x%" G_GINT64_MODIFIER "x any more", run.address);
            return FALSE;
        }
        if (!put(dump, buffer, part)) {
            return FALSE;
        }
        run.address += part;
        run.bytes -= part;
    }
    return TRUE;
}

static gpointer write_all(gpointer data)
{
    Dump *dump = data;
    g_autofree char *buffer = g_malloc(PIECE_BYTES);
    gsize length;
    const char *head = g_bytes_get_data(dump->head, &length);

    qh_sandbox_enter(QH_SANDBOX_IO);
    gboolean ok = put(dump, head, length);
    for (guint i = 0; ok && i < dump->runs->len; i++) {
        ok = put_run(dump, g_array_index(dump->runs, QhDumpRun, i), buffer);
    }
    if (qh_fds_close(qh_host_fds(dump->dumps->host), dump->fd) < 0 && ok) {
        g_set_error(&dump->error, QH_ERROR, QH_ERROR_FAILED, "cannot write the memory: %s",
                    g_strerror(errno));
    }
    qh_host_defer(dump->dumps->host, ended, dump);
    return NULL;
}

int qh_dump_open(QhDumps *dumps, const char *path, GError **error)
{
    int fd = qh_fds_open(qh_host_fds(dumps->host), path,
                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Could not open '%.256s': %s", path,
                    g_strerror(errno));
    }
    return fd;
}

void qh_dump_write(QhDumps *dumps,
                   int fd,
                   GBytes *head,
                   QhSpace *space,
                   const GArray *runs,
                   uint64_t *progress,
                   QhDumpDone done,
                   void *data)
{
    Dump *dump = g_new0(Dump, 1);
    dump->dumps = dumps;
    dump->fd = fd;
    dump->head = head != NULL ? g_bytes_ref(head) : g_bytes_new(NULL, 0);
    dump->space = space;
    dump->runs = g_array_sized_new(FALSE, FALSE, sizeof(QhDumpRun), runs->len);
    g_array_append_vals(dump->runs, runs->data, runs->len);
    dump->progress = progress;
    dump->done = done;
    dump->data = data;
    g_ptr_array_add(dumps->active, dump);
    /* pieces have any length, which O_DIRECT does not bear; a pipe must not keep the thread */
    (void)fcntl(fd, F_SETFL, (fcntl(fd, F_GETFL) & ~O_DIRECT) | O_NONBLOCK);
    dump->thread = g_thread_new("dump", write_all, dump);
}
