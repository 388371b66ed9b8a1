/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -display, -vnc, -vga, -full-screen. */
#include "core/cli/choices.h"
#include "core/cli/keyval-json.h"
#include "core/display/clients.h"
#include "core/object/object.h"
#include "qapi/qapi-tables.h"

#include <string.h>

static gboolean is_help(const char *value, gboolean *ret_json)
{
    *ret_json = g_str_equal(value, "help=json");
    return *ret_json || g_str_equal(value, "help");
}

gboolean
qh_take_vnc(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "vnc", error);
    g_autoptr(QhJson) object = qh_json_new_object();

    if (items == NULL) {
        return FALSE;
    }
    if (g_str_equal(value, "none") && cli->vncs->len == 0) {
        return TRUE; /* what happens without the option, too */
    }
    for (guint i = 0; i < qh_keyval_length(items); i++) {
        qh_json_set(object, qh_keyval_key(items, i), qh_json_new_string(qh_keyval_value(items, i)));
    }
    g_ptr_array_add(cli->vncs, g_steal_pointer(&object));
    return TRUE;
}

/* Kinds of QEMU's that nothing here is like. */
static gboolean check_kind(const char *value, GError **error)
{
    static const char *const others[] = {"gtk",       "curses",       "cocoa",
                                         "spice-app", "egl-headless", "dbus"};
    g_autofree char *kind = g_strndup(value, strcspn(value, ","));

    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        if (g_str_equal(kind, others[i])) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                                "no module provides this display\nthere are: none, web, vnc, sdl");
            return FALSE;
        }
    }
    return TRUE;
}

gboolean qh_take_display(QhCli *cli, const QhOption *option, const char *value, GError **error)
{
    gboolean json = FALSE;

    if (is_help(value, &json)) {
        cli->list = QH_LIST_DISPLAYS;
        cli->list_json = cli->list_json || json;
        return TRUE;
    }
    if (g_str_has_prefix(value, "vnc=")) {
        return qh_take_vnc(cli, option, value + strlen("vnc="), error);
    }
    if (!check_kind(value, error)) {
        return FALSE;
    }
    QhJson *options = qh_keyval_json(&qh_qapi_DisplayOptions, value, "type", 0, error);
    if (options == NULL || !qh_qapi_check(&qh_qapi_DisplayOptions, options, error)) {
        qh_json_unref(options);
        return FALSE;
    }
    qh_json_unref(cli->display_options);
    cli->display_options = options;
    g_free(cli->display);
    cli->display = g_strdup(qh_json_string(qh_json_get(options, "type")));
    return TRUE;
}

gboolean
qh_take_vga(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    if (*value == '\0') {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "the value is empty");
        return FALSE;
    }
    g_free(cli->vga);
    cli->vga = g_strdup(value);
    return TRUE;
}

/* Rows "std=DEVICE", commas between them, are what the machine's module says it can have. */
static char *vga_names(const char *rows)
{
    g_auto(GStrv) list = g_strsplit(rows != NULL ? rows : "", ",", -1);
    GString *names = g_string_new("none");

    for (guint i = 0; list[i] != NULL; i++) {
        const char *equals = strchr(list[i], '=');

        if (equals != NULL) {
            g_string_append_printf(names, ", %.*s", (int)(equals - list[i]), list[i]);
        }
    }
    return g_string_free(names, FALSE);
}

static char *vga_help(const char *rows, gboolean json)
{
    g_auto(GStrv) list = g_strsplit(rows != NULL ? rows : "", ",", -1);
    g_autoptr(GPtrArray) choices = qh_choices_new();

    qh_choices_add(choices, "none", "no graphics adapter but those of -device", NULL, NULL, NULL);
    for (guint i = 0; list[i] != NULL; i++) {
        char *equals = strchr(list[i], '=');

        if (equals != NULL) {
            g_autofree char *device = g_strconcat("-device ", equals + 1, NULL);

            *equals = '\0';
            qh_choices_add(choices, list[i], device, NULL, NULL, NULL);
        }
    }
    return qh_choices_show(choices, "-vga takes", json);
}

static char *vga_device(const char *rows, const char *name)
{
    g_auto(GStrv) list = g_strsplit(rows != NULL ? rows : "", ",", -1);
    g_autofree char *head = g_strconcat(name, "=", NULL);

    for (guint i = 0; list[i] != NULL; i++) {
        if (g_str_has_prefix(list[i], head)) {
            return g_strdup(list[i] + strlen(head));
        }
    }
    return NULL;
}

/* It comes last, so that it gets a slot that no other device asks for. */
gboolean qh_cli_apply_vga(QhCli *cli,
                          QhHost *host,
                          const char *target,
                          const char *machine,
                          gboolean *ret_done,
                          GError **error)
{
    gboolean json = FALSE;

    if (cli->vga == NULL || g_str_equal(cli->vga, "none")) {
        return TRUE; /* at most starts: nobody has to look through all machines for it */
    }
    g_autofree char *rows = qh_cli_machine_text(host, target, machine, "vgas");
    if (is_help(cli->vga, &json)) {
        cli->text = vga_help(rows, json || cli->list_json);
        *ret_done = TRUE;
        return TRUE;
    }
    g_autofree char *driver = vga_device(rows, cli->vga);
    if (driver == NULL) {
        g_autofree char *names = vga_names(rows);

        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "-vga %.64s: machine '%s' has no such graphics adapter\nthose there are: %s; "
                    "-device adds others",
                    cli->vga, machine, names);
        return FALSE;
    }
    QhJson *device = qh_json_new_object();
    qh_json_set(device, "driver", qh_json_new_string(driver));
    g_ptr_array_add(cli->devices, device);
    return TRUE;
}

/* A password that is a secret's goes to the server as it is; a NUL in it would end it. */
static gboolean add_secret(QhHost *host, QhJson *options, const char *id, GError **error)
{
    g_autoptr(GBytes) bytes = qh_object_secret(qh_host_objects(host), id, error);

    if (bytes == NULL) {
        return FALSE;
    }
    gsize length = 0;
    const char *data = g_bytes_get_data(bytes, &length);
    g_autofree char *text = g_strndup(data, length);
    if (!g_utf8_validate(text, -1, NULL)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "secret '%s' is no text", id);
        return FALSE;
    }
    qh_json_set(options, "secret", qh_json_new_string(text));
    return TRUE;
}

static gboolean open_vnc(QhHost *host, const QhJson *given, GError **error)
{
    g_autoptr(QhJson) options = qh_json_new_object();

    for (size_t i = 0; i < qh_json_length(given); i++) {
        const char *key = qh_json_key(given, i);
        const char *value = qh_json_string(qh_json_value(given, i));

        if (g_str_equal(key, "secret")) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                                "an option is not known\na password is given as password-secret");
            return FALSE;
        }
        if (!g_str_equal(key, "password-secret")) {
            qh_json_set(options, key, qh_json_new_string(value));
        } else if (!add_secret(host, options, value, error)) {
            return FALSE;
        }
    }
    return qh_displays_open(qh_host_displays(host), "vnc", options, error);
}

/* What query-display-options answers has no name of the machine; a window's caption has. */
static QhJson *with_name(const QhCli *cli, const QhJson *options)
{
    QhJson *given = qh_json_new_object();

    for (size_t i = 0; i < qh_json_length(options); i++) {
        qh_json_set(given, qh_json_key(options, i),
                    qh_json_ref((QhJson *)qh_json_value(options, i)));
    }
    if (cli->name != NULL) {
        qh_json_set(given, "name", qh_json_new_string(cli->name));
    }
    return given;
}

gboolean qh_cli_apply_displays(const QhCli *cli, QhHost *host, GError **error)
{
    QhDisplays *displays = qh_host_displays(host);
    QhJson *options = cli->display_options;

    for (guint i = 0; i < cli->vncs->len; i++) {
        const QhJson *vnc = g_ptr_array_index(cli->vncs, i);

        if (!open_vnc(host, vnc, error)) {
            const QhJson *where = qh_json_get(vnc, "vnc");

            g_prefix_error(error, "-vnc %s: ", where != NULL ? qh_json_string(where) : "");
            return FALSE;
        }
    }
    if (options == NULL) {
        return TRUE;
    }
    if (cli->full_screen) {
        qh_json_set(options, "full-screen", qh_json_new_bool(TRUE));
    }
    qh_displays_set_options(displays, options);
    g_autoptr(QhJson) given = with_name(cli, options);
    if (!g_str_equal(cli->display, "none") && !g_str_equal(cli->display, "default") &&
        !qh_displays_open(displays, cli->display, given, error)) {
        g_prefix_error(error, "-display %s: ", cli->display);
        return FALSE;
    }
    return TRUE;
}
