/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -qmp ADDRESS: a listening socket for several clients, or any character device for one. */
#include "core/char/chars.h"
#include "core/cli/keyval.h"
#include "core/qmp/qmp-priv.h"
#include <string.h>

/* "HOST:PORT" or "[HOST]:PORT". */
static QhJson *inet_data(const char *text, GError **error)
{
    const char *colon = strrchr(text, ':');

    if (colon == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "'%s': expected HOST:PORT", text);
        return NULL;
    }
    g_autofree char *host = g_strndup(text, (gsize)(colon - text));
    size_t n = strlen(host);
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        memmove(host, host + 1, n - 1);
    }
    QhJson *data = qh_json_new_object();
    qh_json_set(data, "host", qh_json_new_string(host));
    qh_json_set(data, "port", qh_json_new_string(colon + 1));
    return data;
}

static QhJson *unix_data(const char *path)
{
    QhJson *data = qh_json_new_object();

    qh_json_set(data, "path", qh_json_new_string(path));
    return data;
}

static gboolean
listen_on(QhQmp *qmp, const char *kind, const char *place, const QhKeyval *options, GError **error)
{
    static const char *const known[] = {"server", "wait", "nowait", NULL};
    gboolean is_unix = g_str_equal(kind, "unix");
    QhJson *data = is_unix ? unix_data(place) : inet_data(place, error);

    if (data == NULL) {
        return FALSE;
    }
    g_autoptr(QhJson) address = qh_json_new_object();
    qh_json_set(address, "type", qh_json_new_string(is_unix ? "unix" : "inet"));
    qh_json_set(address, "data", data);
    gboolean wait = TRUE;
    gboolean nowait = FALSE; /* the old spelling of wait=off */
    return qh_keyval_only(options, known, error) && qh_keyval_bool(options, "wait", &wait, error) &&
           qh_keyval_bool(options, "nowait", &nowait, error) &&
           qh_qmp_socket_listen(qmp, address, wait && !nowait, error);
}

/* One client at a time, on whatever the short form of a character device makes. */
static gboolean listen_chardev(QhQmp *qmp, const char *text, GError **error)
{
    QhChars *chars = qh_host_chars(qh_qmp_host(qmp));
    g_autofree char *id = NULL;
    g_autofree char *label = NULL;

    for (guint n = 0; label == NULL || qh_chars_find(chars, label) != NULL; n++) {
        g_free(label);
        label = g_strdup_printf("compat_qmp%u", n);
    }
    if (!qh_chars_add_short(chars, label, text, &id, error)) {
        return FALSE;
    }
    return id == NULL || qh_qmp_attach(qmp, id, FALSE, error);
}

gboolean qh_qmp_listen(QhQmp *qmp, const char *address, GError **error)
{
    const char *comma = strchr(address, ',');
    g_autofree char *first =
        comma != NULL ? g_strndup(address, (gsize)(comma - address)) : g_strdup(address);
    const char *colon = strchr(first, ':');
    gboolean is_socket = g_str_has_prefix(first, "unix:") || g_str_has_prefix(first, "tcp:");

    if (!is_socket || comma == NULL) {
        return listen_chardev(qmp, address, error);
    }
    gboolean server = FALSE;
    g_autoptr(QhKeyval) options = qh_keyval_parse(comma + 1, NULL, error);
    if (options == NULL || !qh_keyval_bool(options, "server", &server, error)) {
        return FALSE;
    }
    if (!server) {
        return listen_chardev(qmp, address, error);
    }
    g_autofree char *kind = g_strndup(first, (gsize)(colon - first));
    return listen_on(qmp, kind, colon + 1, options, error);
}
