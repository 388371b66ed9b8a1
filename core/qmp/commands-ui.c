/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on screens and on what shows them. */
#include "core/display/clients.h"
#include "core/display/dump.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-ui.h"
#include "qapi/qapi-tables.h"

#include <string.h>

/* The screen of @device, or the first; NULL with @error. */
static QhDisplay *
find_screen(QhHost *host, const char *device, gboolean has_head, int64_t head, GError **error)
{
    QhDisplays *displays = qh_host_displays(host);
    QhDisplay *display = NULL;

    if (device == NULL && has_head) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'head' must be specified together with 'device'");
        return NULL;
    }
    if (device == NULL) {
        display = qh_displays_at(displays, 0);
        if (display == NULL) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no screen");
        }
        return display;
    }
    if (head >= 0 && head <= UINT32_MAX) {
        display = qh_displays_find(displays, device, (uint32_t)head);
    }
    if (display == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "device '%.128s' has no screen %" G_GINT64_FORMAT, device, head);
    }
    return display;
}

gboolean qh_qmp_screendump(QhHost *host, const QhQmpScreendumpArgs *args, GError **error)
{
    QhDisplay *display = find_screen(host, args->device, args->has_head, args->head, error);

    return display != NULL &&
           qh_display_dump(display, args->filename,
                           args->has_format && args->format == QH_QMP_IMAGE_FORMAT_PNG, error);
}

/* The VNC server that is called @id, or the first; NULL with @error. */
static QhScreenClient *find_vnc(QhHost *host, const char *id, GError **error)
{
    QhDisplays *displays = qh_host_displays(host);
    QhScreenClient *client = id != NULL ? qh_displays_find_client(displays, "vnc", id)
                                        : qh_displays_client(displays, "vnc", 0);

    if (client == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no VNC server%s%.128s%s",
                    id != NULL ? " '" : "", id != NULL ? id : "", id != NULL ? "'" : "");
    }
    return client;
}

static gboolean refuse_protocol(uint32_t protocol, GError **error)
{
    if (protocol == QH_QMP_DISPLAY_PROTOCOL_VNC) {
        return FALSE;
    }
    g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "SPICE is not supported");
    return TRUE;
}

static gboolean set_password(QhHost *host, const char *id, const char *password, GError **error)
{
    g_autoptr(QhJson) arguments = qh_json_new_object();
    QhScreenClient *client = find_vnc(host, id, error);

    qh_json_set(arguments, "password", qh_json_new_string(password));
    return client != NULL && qh_screen_client_command(client, "set_password", arguments, error);
}

gboolean qh_qmp_set_password(QhHost *host, const QhQmpSetPasswordOptions *args, GError **error)
{
    if (refuse_protocol(args->protocol, error)) {
        return FALSE;
    }
    if (args->has_connected && args->connected != QH_QMP_SET_PASSWORD_ACTION_KEEP) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "parameter 'connected' must be 'keep' when 'protocol' is 'vnc'");
        return FALSE;
    }
    return set_password(host, args->u.vnc.display, args->password, error);
}

gboolean
qh_qmp_change_vnc_password(QhHost *host, const QhQmpChangeVncPasswordArgs *args, GError **error)
{
    return set_password(host, NULL, args->password, error);
}

gboolean
qh_qmp_expire_password(QhHost *host, const QhQmpExpirePasswordOptions *args, GError **error)
{
    g_autoptr(QhJson) arguments = qh_json_new_object();

    if (refuse_protocol(args->protocol, error)) {
        return FALSE;
    }
    QhScreenClient *client = find_vnc(host, args->u.vnc.display, error);
    qh_json_set(arguments, "time", qh_json_new_string(args->time));
    return client != NULL && qh_screen_client_command(client, "expire_password", arguments, error);
}

gboolean qh_qmp_display_reload(QhHost *host, const QhQmpDisplayReloadOptions *args, GError **error)
{
    if (find_vnc(host, NULL, error) == NULL) {
        return FALSE;
    }
    if (args->u.vnc.has_tls_certs && args->u.vnc.tls_certs) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "the VNC server has no certificates: it does not use TLS");
        return FALSE;
    }
    return TRUE;
}

gboolean qh_qmp_display_update(QhHost *host, const QhQmpDisplayUpdateOptions *args, GError **error)
{
    QhScreenClient *client = find_vnc(host, NULL, error);

    if (client == NULL) {
        return FALSE;
    }
    g_autoptr(QhJson) arguments = qh_qapi_to_json(&qh_qapi_DisplayUpdateOptions, args, error);
    return arguments != NULL &&
           qh_screen_client_command(client, "display-update", arguments, error);
}

gboolean qh_qmp_query_vnc_servers(QhHost *host, QhQmpVncInfo2List *ret, GError **error)
{
    QhDisplays *displays = qh_host_displays(host);
    QhScreenClient *client;

    for (guint n = 0; (client = qh_displays_client(displays, "vnc", n)) != NULL; n++) {
        g_autoptr(QhJson) info = qh_screen_client_info(client);
        QhQmpVncInfo2 server = {0};

        if (!qh_qapi_read(&qh_qapi_VncInfo2, info, &server, error)) {
            return FALSE;
        }
        *QH_QAPI_APPEND(ret) = server;
    }
    return TRUE;
}

gboolean qh_qmp_query_vnc(QhHost *host, QhQmpVncInfo *ret, GError **error)
{
    QhQmpVncInfo2List servers = {0};

    if (!qh_qmp_query_vnc_servers(host, &servers, error)) {
        return FALSE;
    }
    ret->enabled = servers.n > 0;
    if (servers.n > 0) {
        QhQmpVncInfo2 *first = &servers.items[0];

        if (first->server.n > 0) {
            const QhQmpVncServerInfo2 *end = &first->server.items[0];

            ret->host = g_strdup(end->host);
            ret->service = g_strdup(end->service);
            ret->has_family = TRUE;
            ret->family = end->family;
        }
        ret->auth = g_strdup(qh_qapi_VncPrimaryAuth.values[first->auth]);
        ret->has_clients = TRUE;
        ret->clients = first->clients;
        memset(&first->clients, 0, sizeof(first->clients));
    }
    qh_qapi_clear(&qh_qapi_list_VncInfo2, &servers);
    return TRUE;
}

gboolean qh_qmp_query_display_options(QhHost *host, QhQmpDisplayOptions *ret, GError **error)
{
    const QhJson *options = qh_displays_options(qh_host_displays(host));

    if (options != NULL) {
        return qh_qapi_read(&qh_qapi_DisplayOptions, options, ret, error);
    }
    ret->type = QH_QMP_DISPLAY_TYPE_NONE;
    return TRUE;
}
