/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on character devices. */
#include "core/char/chars.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-char.h"
#include "qapi/qapi-tables.h"
#include <string.h>

gboolean qh_qmp_query_chardev(QhHost *host, QhQmpChardevInfoList *ret, GError **error)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_chars_describe(qh_host_chars(host), writer);
    return qh_qapi_read_back(&qh_qapi_list_ChardevInfo, writer, ret, error);
}

/* The kinds that core/char has. */
gboolean
qh_qmp_query_chardev_backends(QhHost *host, QhQmpChardevBackendInfoList *ret, GError **error)
{
    static const char *const names[] = {
        "file", "memory", "mux", "null", "pipe", "pty", "ringbuf", "socket", "stdio",
    };

    (void)host;
    (void)error;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        QH_QAPI_APPEND(ret)->name = g_strdup(names[i]);
    }
    return TRUE;
}

gboolean qh_qmp_chardev_add(QhHost *host,
                            const QhQmpChardevAddArgs *args,
                            QhQmpChardevReturn *ret,
                            GError **error)
{
    QhChars *chars = qh_host_chars(host);

    if (qh_chars_find(chars, args->id) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Chardev with id '%.128s' already exists",
                    args->id);
        return FALSE;
    }
    g_autoptr(QhJson) backend = qh_qapi_to_json(&qh_qapi_ChardevBackend, &args->backend, error);
    if (backend == NULL || !qh_chars_add(chars, args->id, backend, error)) {
        return FALSE;
    }
    g_autofree char *filename = qh_char_filename(qh_chars_find(chars, args->id));
    if (filename != NULL && g_str_has_prefix(filename, "pty:")) {
        ret->pty = g_strdup(filename + strlen("pty:"));
    }
    return TRUE;
}

gboolean qh_qmp_chardev_remove(QhHost *host, const QhQmpChardevRemoveArgs *args, GError **error)
{
    return qh_chars_remove(qh_host_chars(host), args->id, error);
}
