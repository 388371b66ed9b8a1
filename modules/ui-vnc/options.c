/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user's options: an object whose members are as they stand on the command line. */
#include "modules/ui-vnc/server.h"

#include <string.h>
#include <sys/random.h>

#define VNC_PORT    5900u
#define WEB_PORT    5700u /* of a WebSocket for display 0 */
#define TOKEN_BYTES 16u

typedef struct Option {
    const char *name;
    gboolean (*take)(VnServer *server, const char *value, GError **error);
} Option;

static gboolean invalid(GError **error, const char *name, const char *value)
{
    g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "%s=%.64s makes no sense", name, value);
    return FALSE;
}

static gboolean take_bool(const char *name, const char *value, gboolean *ret, GError **error)
{
    if (strcmp(value, "on") == 0 || strcmp(value, "true") == 0 || strcmp(value, "yes") == 0) {
        *ret = TRUE;
    } else if (strcmp(value, "off") == 0 || strcmp(value, "false") == 0 ||
               strcmp(value, "no") == 0) {
        *ret = FALSE;
    } else {
        return invalid(error, name, value);
    }
    return TRUE;
}

static gboolean
take_number(const char *name, const char *value, uint64_t max, uint32_t *ret, GError **error)
{
    guint64 number = 0;

    if (!g_ascii_string_to_unsigned(value, 10, 0, max, &number, NULL)) {
        return invalid(error, name, value);
    }
    *ret = (uint32_t)number;
    return TRUE;
}

static gboolean take_share(VnServer *server, const char *value, GError **error)
{
    static const char *const names[] = {"allow-exclusive", "force-shared", "ignore"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            server->share = (VnShare)i;
            return TRUE;
        }
    }
    return invalid(error, "share", value);
}

static gboolean take_auth(VnServer *server, const char *value, GError **error)
{
    return take_bool("password", value, &server->auth, error);
}

static gboolean take_secret(VnServer *server, const char *value, GError **error)
{
    (void)error;
    server->auth = TRUE;
    server->password = g_strdup(value);
    return TRUE;
}

static gboolean take_display(VnServer *server, const char *value, GError **error)
{
    (void)error;
    server->display_id = g_strdup(value);
    return TRUE;
}

static gboolean take_head(VnServer *server, const char *value, GError **error)
{
    return take_number("head", value, 63, &server->head, error);
}

static gboolean take_power(VnServer *server, const char *value, GError **error)
{
    return take_bool("power-control", value, &server->power_control, error);
}

static gboolean take_delay(VnServer *server, const char *value, GError **error)
{
    uint32_t delay = 0;

    (void)server;
    if (!take_number("key-delay-ms", value, 10000, &delay, error)) {
        return FALSE;
    }
    if (delay != 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                            "key-delay-ms: keys are passed on as they come, only 0 is supported");
    }
    return delay == 0;
}

/* Known before, or looked at elsewhere. */
static gboolean take_nothing(VnServer *server, const char *value, GError **error)
{
    (void)server;
    (void)value;
    (void)error;
    return TRUE;
}

static const Option vnc_options[] = {
    {"id",            take_nothing},
    {"vnc",           take_nothing},
    {"to",            take_nothing},
    {"websocket",     take_nothing},
    {"lossy",         take_nothing}, /* nothing is ever lost */
    {"non-adaptive",  take_nothing},
    {"share",         take_share  },
    {"password",      take_auth   },
    {"secret",        take_secret },
    {"display",       take_display},
    {"head",          take_head   },
    {"power-control", take_power  },
    {"key-delay-ms",  take_delay  },
};

/* The members of @options, each by its row. */
static gboolean take_all(VnServer *server, const char *options, GError **error)
{
    const QhJsonService *json = server->services->json;
    uint32_t n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(vnc_options); i++) {
        g_autofree char *value = json->get(options, vnc_options[i].name);

        n += value != NULL;
        if (value != NULL && !vnc_options[i].take(server, value, error)) {
            return FALSE;
        }
    }
    if (n < json->length(options, "")) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "an option is not known\nthose there are: to, websocket, share, "
                            "password, password-secret, display, head, power-control, "
                            "key-delay-ms, id");
        return FALSE;
    }
    return TRUE;
}

/* "HOST:NUMBER", "[v6]:NUMBER", ":NUMBER" or "NUMBER". */
static gboolean
split_address(const char *text, char **ret_host, uint32_t *ret_number, GError **error)
{
    const char *colon = strrchr(text, ':');
    const char *number = colon != NULL ? colon + 1 : text;
    g_autofree char *host = colon != NULL ? g_strndup(text, (gsize)(colon - text)) : g_strdup("");
    gsize length = strlen(host);

    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
    if (!take_number("the number of the display", number, UINT16_MAX, ret_number, error)) {
        return FALSE;
    }
    *ret_host = g_steal_pointer(&host);
    return TRUE;
}

static gboolean listen_plain(
    VnServer *server, const char *address, const char *to, uint32_t *ret_display, GError **error)
{
    g_autofree char *host = NULL;
    uint32_t number = 0, last = 0;

    if (g_str_has_prefix(address, "unix:")) {
        return vn_listen_unix(server, address + 5, FALSE, error);
    }
    if (!split_address(address, &host, &number, error)) {
        return FALSE;
    }
    if (to != NULL && !take_number("to", to, UINT16_MAX, &last, error)) {
        return FALSE;
    }
    if (number > UINT16_MAX - VNC_PORT || last > UINT16_MAX - VNC_PORT) {
        return invalid(error, "the number of the display", address);
    }
    if (!vn_listen_tcp(server, host, VNC_PORT + number, VNC_PORT + MAX(number, last), FALSE,
                       error)) {
        return FALSE;
    }
    const VnListener *first = g_ptr_array_index(server->listeners, 0);
    *ret_display = vn_listener_port(first) - VNC_PORT;
    return TRUE;
}

/* websocket=on: 5700 and the number of the display; otherwise [HOST:]PORT or unix:PATH. */
static gboolean listen_web(
    VnServer *server, const char *address, const char *text, uint32_t display, GError **error)
{
    g_autofree char *host = NULL;
    uint32_t port = 0;

    if (strcmp(text, "off") == 0) {
        return TRUE;
    }
    if (g_str_has_prefix(text, "unix:")) {
        return vn_listen_unix(server, text + 5, TRUE, error);
    }
    if (strcmp(text, "on") == 0) {
        uint32_t unused = 0;

        port = WEB_PORT + display;
        if (!g_str_has_prefix(address, "unix:") && !split_address(address, &host, &unused, error)) {
            return FALSE;
        }
    } else if (!split_address(text, &host, &port, error)) {
        return FALSE;
    }
    return vn_listen_tcp(server, host, port, port, TRUE, error);
}

gboolean vn_options_vnc(VnServer *server, const char *options, GError **error)
{
    const QhJsonService *json = server->services->json;
    g_autofree char *address = json->get(options, "vnc");
    g_autofree char *to = json->get(options, "to");
    g_autofree char *websocket = json->get(options, "websocket");
    g_autofree char *id = json->get(options, "id");
    uint32_t display = 0;

    server->id = g_strdup(id != NULL ? id : "default");
    if (!take_all(server, options, error)) {
        return FALSE;
    }
    if (address == NULL || strcmp(address, "none") == 0) {
        return TRUE; /* display-update may say where, later */
    }
    return listen_plain(server, address, to, &display, error) &&
           (websocket == NULL || listen_web(server, address, websocket, display, error));
}

static char *make_token(void)
{
    uint8_t bytes[TOKEN_BYTES];
    GString *text = g_string_new(NULL);

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
        g_string_free(text, TRUE);
        return NULL;
    }
    for (guint i = 0; i < sizeof(bytes); i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    return g_string_free(text, FALSE);
}

gboolean vn_options_web(VnServer *server, const char *options, GError **error)
{
    const QhJsonService *json = server->services->json;
    g_autofree char *host = json->get(options, "host");
    g_autofree char *port_text = json->get(options, "port");
    uint32_t port = 0;

    server->id = g_strdup("web");
    server->web = TRUE;
    server->share = VN_SHARE_IGNORE;
    server->token = make_token();
    if (server->token == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the system has no random numbers");
        return FALSE;
    }
    if (port_text != NULL && !take_number("port", port_text, UINT16_MAX, &port, error)) {
        return FALSE;
    }
    return vn_listen_tcp(server, host, port, port, TRUE, error);
}

gboolean vn_options_expiry(const char *text, int64_t *ret_us, GError **error)
{
    guint64 seconds = 0;

    if (strcmp(text, "now") == 0) {
        *ret_us = 0;
    } else if (strcmp(text, "never") == 0) {
        *ret_us = G_MAXINT64;
    } else if (!g_ascii_string_to_unsigned(text + (*text == '+'), 10, 0,
                                           G_MAXINT32 * G_GINT64_CONSTANT(1000), &seconds, NULL)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "'%.64s' is no time: now, never, +SECONDS, or seconds since 1970", text);
        return FALSE;
    } else {
        *ret_us = (int64_t)seconds * G_USEC_PER_SEC + (*text == '+' ? g_get_real_time() : 0);
    }
    return TRUE;
}
