/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The human monitor's commands on screens and input. */
#include "core/display/clients.h"
#include "core/input/input.h"
#include "core/input/keys.h"
#include "core/qmp/monitor.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-ui.h"
#include "qapi/qapi-tables.h"

#include <linux/input-event-codes.h>
#include <string.h>

#define MAX_KEYS 16u
#define HOLD_MS  100u

/* @error by its address: it is set while the arguments are evaluated. */
static void show(const QhMonitorCall *call, gboolean done, GError *const *error)
{
    if (!done) {
        g_string_append_printf(call->out, "Error: %s\n", (*error)->message);
    }
}

/* The words of a line; ends with NULL. */
static char **words_of(const char *line)
{
    g_auto(GStrv) pieces = g_strsplit_set(line, " \t", -1);
    GPtrArray *words = g_ptr_array_new();

    for (char **piece = pieces; *piece != NULL; piece++) {
        if (**piece != '\0') {
            g_ptr_array_add(words, g_strdup(*piece));
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static gboolean number_of(const char *word, int64_t *ret)
{
    char *end;

    if (word == NULL) {
        return FALSE;
    }
    *ret = g_ascii_strtoll(word, &end, 0);
    return *word != '\0' && *end == '\0';
}

void qh_monitor_screendump(const QhMonitorCall *call)
{
    g_auto(GStrv) words = words_of(call->args);
    g_autoptr(GError) error = NULL;
    QhQmpScreendumpArgs args = {0};
    char *places[3] = {NULL};
    guint n = 0;

    for (guint i = 0; words[i] != NULL && n < G_N_ELEMENTS(places); i++) {
        if (!g_str_equal(words[i], "-f")) {
            places[n++] = words[i];
        } else if (words[++i] != NULL) {
            args.has_format = TRUE;
            args.format =
                g_str_equal(words[i], "png") ? QH_QMP_IMAGE_FORMAT_PNG : QH_QMP_IMAGE_FORMAT_PPM;
        } else {
            break;
        }
    }
    args.filename = places[0];
    args.device = places[1];
    args.has_head = places[2] != NULL;
    if (args.filename == NULL || (args.has_head && !number_of(places[2], &args.head))) {
        g_string_append(call->out, "Error: screendump FILE [-f ppm|png] [DEVICE [HEAD]]\n");
        return;
    }
    show(call, qh_qmp_screendump(call->host, &args, &error), &error);
}

void qh_monitor_sendkey(const QhMonitorCall *call)
{
    g_auto(GStrv) words = words_of(call->args);
    g_autoptr(GError) error = NULL;
    uint16_t keys[MAX_KEYS];
    int64_t hold = HOLD_MS;
    guint n = 0;

    if (words[0] == NULL || (words[1] != NULL && !number_of(words[1], &hold)) || hold < 0 ||
        hold > G_MAXUINT16) {
        g_string_append(call->out, "Error: sendkey KEY[-KEY...] [MILLISECONDS]\n");
        return;
    }
    g_auto(GStrv) names = g_strsplit(words[0], "-", -1);
    for (char **name = names; *name != NULL && n < MAX_KEYS; name++) {
        int64_t number = 0;

        keys[n] = g_str_has_prefix(*name, "0x") && number_of(*name, &number)
                      ? qh_key_of_number(number)
                      : qh_key_of_name(*name);
        if (keys[n++] == KEY_RESERVED) {
            g_string_append_printf(call->out, "Error: there is no key '%.32s'\n", *name);
            return;
        }
    }
    show(call, qh_inputs_chord(qh_host_inputs(call->host), keys, n, (uint32_t)hold, &error),
         &error);
}

void qh_monitor_mouse_move(const QhMonitorCall *call)
{
    static const uint16_t codes[] = {REL_X, REL_Y, REL_WHEEL};
    QhInputs *inputs = qh_host_inputs(call->host);
    g_auto(GStrv) words = words_of(call->args);
    int64_t values[3] = {0};

    for (guint i = 0; i < G_N_ELEMENTS(codes) && (i < 2 || words[i] != NULL); i++) {
        if (!number_of(words[i], &values[i]) || values[i] < INT16_MIN || values[i] > INT16_MAX) {
            g_string_append(call->out, "Error: mouse_move DX DY [DZ]\n");
            return;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        const QhInputEvent event = {QH_INPUT_REL, codes[i],
                                    (int32_t)(i == 2 ? -values[i] : values[i])};

        if (event.value != 0) {
            qh_inputs_send(inputs, NULL, &event);
        }
    }
    qh_inputs_sync(inputs, NULL);
}

void qh_monitor_mouse_button(const QhMonitorCall *call)
{
    int64_t mask;

    if (!number_of(call->args, &mask) || mask < 0 || mask > 7) {
        g_string_append(call->out, "Error: mouse_button MASK, from 0 to 7\n");
        return;
    }
    qh_inputs_set_buttons(qh_host_inputs(call->host), (uint32_t)mask);
}

void qh_monitor_mouse_set(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;
    int64_t index;

    if (!number_of(call->args, &index) || index < 0 || index > UINT32_MAX) {
        g_string_append(call->out, "Error: mouse_set INDEX\n");
        return;
    }
    show(call, qh_inputs_set_mouse(qh_host_inputs(call->host), (uint32_t)index, &error), &error);
}

static void set_password(const QhMonitorCall *call, const char *password)
{
    g_autoptr(GError) error = NULL;
    const QhQmpChangeVncPasswordArgs args = {.password = (char *)password};

    show(call, qh_qmp_change_vnc_password(call->host, &args, &error), &error);
}

void qh_monitor_change(const QhMonitorCall *call)
{
    g_auto(GStrv) words = words_of(call->args);

    if (words[0] != NULL && !g_str_equal(words[0], "vnc")) {
        qh_monitor_change_medium(call);
        return;
    }
    if (words[0] == NULL || words[1] == NULL ||
        !(g_str_equal(words[1], "password") || g_str_equal(words[1], "passwd")) ||
        words[2] == NULL) {
        g_string_append(call->out, "Error: change vnc password PASSWORD\n");
        return;
    }
    set_password(call, words[2]);
}

void qh_monitor_set_password(const QhMonitorCall *call)
{
    g_auto(GStrv) words = words_of(call->args);

    if (words[0] == NULL || !g_str_equal(words[0], "vnc") || words[1] == NULL) {
        g_string_append(call->out, "Error: set_password vnc PASSWORD\n");
        return;
    }
    set_password(call, words[1]);
}

void qh_monitor_expire_password(const QhMonitorCall *call)
{
    g_auto(GStrv) words = words_of(call->args);
    g_autoptr(GError) error = NULL;

    if (words[0] == NULL || !g_str_equal(words[0], "vnc") || words[1] == NULL) {
        g_string_append(call->out, "Error: expire_password vnc TIME\n");
        return;
    }
    const QhQmpExpirePasswordOptions args = {.protocol = QH_QMP_DISPLAY_PROTOCOL_VNC,
                                             .time = words[1]};
    show(call, qh_qmp_expire_password(call->host, &args, &error), &error);
}

static void show_mouse(const QhInputMouse *mouse, void *data)
{
    g_string_append_printf(data, "%c Mouse #%u: %s%s\n", mouse->current ? '*' : ' ', mouse->index,
                           mouse->name, mouse->absolute ? " (absolute)" : "");
}

void qh_monitor_info_mice(const QhMonitorCall *call)
{
    gsize before = call->out->len;

    qh_inputs_foreach_mouse(qh_host_inputs(call->host), show_mouse, call->out);
    if (call->out->len == before) {
        g_string_append(call->out, "No mouse devices connected\n");
    }
}

void qh_monitor_info_vnc(const QhMonitorCall *call)
{
    QhQmpVncInfo2List list = {0};
    g_autoptr(GError) error = NULL;

    if (!qh_qmp_query_vnc_servers(call->host, &list, &error)) {
        show(call, FALSE, &error);
        return;
    }
    for (size_t i = 0; i < list.n; i++) {
        const QhQmpVncInfo2 *server = &list.items[i];

        g_string_append_printf(call->out, "%s:\n", server->id);
        for (size_t e = 0; e < server->server.n; e++) {
            const QhQmpVncServerInfo2 *end = &server->server.items[e];
            g_string_append_printf(call->out, "  Server: %s:%s (%s%s)\n    Auth: %s\n", end->host,
                                   end->service, qh_qapi_NetworkAddressFamily.values[end->family],
                                   end->websocket ? ", Websocket" : "",
                                   qh_qapi_VncPrimaryAuth.values[end->auth]);
        }
        for (size_t c = 0; c < server->clients.n; c++) {
            const QhQmpVncClientInfo *client = &server->clients.items[c];
            g_string_append_printf(call->out, "  Client: %s:%s (%s%s)\n", client->host,
                                   client->service,
                                   qh_qapi_NetworkAddressFamily.values[client->family],
                                   client->websocket ? ", Websocket" : "");
        }
    }
    if (list.n == 0) {
        g_string_append(call->out, "VNC server disabled\n");
    }
    qh_qapi_clear(&qh_qapi_list_VncInfo2, &list);
}
