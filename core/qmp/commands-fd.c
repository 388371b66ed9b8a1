/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that a client hands over (unix(7), SCM_RIGHTS), in QMP and in the human monitor. */
#include "core/fd/fds.h"
#include "core/qmp/monitor.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-fd.h"
#include "qapi/qapi-tables.h"

#include <unistd.h>

static gboolean name_received(QhHost *host, const char *name, GError **error)
{
    int fd = qh_fds_receive(qh_host_fds(host), error);

    return fd >= 0 && qh_fds_name(qh_host_fds(host), name, fd, error);
}

static gboolean close_named(QhHost *host, const char *name, GError **error)
{
    int fd = qh_fds_take(qh_host_fds(host), name, NULL);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "File descriptor named '%.128s' not found",
                    name);
        return FALSE;
    }
    close(fd);
    return TRUE;
}

gboolean qh_qmp_getfd(QhHost *host, const QhQmpGetfdArgs *args, GError **error)
{
    return name_received(host, args->fdname, error);
}

gboolean qh_qmp_closefd(QhHost *host, const QhQmpClosefdArgs *args, GError **error)
{
    return close_named(host, args->fdname, error);
}

gboolean
qh_qmp_add_fd(QhHost *host, const QhQmpAddFdArgs *args, QhQmpAddfdInfo *ret, GError **error)
{
    int fd = qh_fds_receive(qh_host_fds(host), error);

    if (fd < 0) {
        return FALSE;
    }
    if (args->has_fdset_id && args->fdset_id < 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "Parameter 'fdset-id' expects a non-negative value");
        close(fd);
        return FALSE;
    }
    ret->fd = fd;
    ret->fdset_id =
        qh_fds_add(qh_host_fds(host), args->has_fdset_id ? args->fdset_id : -1, fd, args->opaque);
    return TRUE;
}

gboolean qh_qmp_remove_fd(QhHost *host, const QhQmpRemoveFdArgs *args, GError **error)
{
    if (args->has_fd && args->fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "File descriptor named 'fdset-id:%" G_GINT64_FORMAT ", fd:%" G_GINT64_FORMAT
                    "' not found",
                    args->fdset_id, args->fd);
        return FALSE;
    }
    return qh_fds_remove(qh_host_fds(host), args->fdset_id, args->has_fd ? args->fd : -1, error);
}

static void describe(void *data, int64_t set, int fd, const char *opaque)
{
    QhQmpFdsetInfoList *list = data;
    QhQmpFdsetInfo *info = list->n > 0 ? &list->items[list->n - 1] : NULL;

    if (info == NULL || info->fdset_id != set) {
        info = QH_QAPI_APPEND(list);
        info->fdset_id = set;
    }
    if (fd >= 0) {
        QhQmpFdsetFdInfo *member = QH_QAPI_APPEND(&info->fds);

        member->fd = fd;
        member->opaque = g_strdup(opaque);
    }
}

gboolean qh_qmp_query_fdsets(QhHost *host, QhQmpFdsetInfoList *ret, GError **error)
{
    (void)error;
    qh_fds_foreach(qh_host_fds(host), describe, ret);
    return TRUE;
}

static void run(const QhMonitorCall *call,
                gboolean (*fn)(QhHost *host, const char *name, GError **error))
{
    g_autoptr(GError) error = NULL;

    if (*call->args == '\0') {
        g_string_append(call->out, "Error: a name is missing\n");
    } else if (!fn(call->host, call->args, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
    }
}

void qh_monitor_getfd(const QhMonitorCall *call)
{
    run(call, name_received);
}

void qh_monitor_closefd(const QhMonitorCall *call)
{
    run(call, close_named);
}
