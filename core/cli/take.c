/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the options about the process, the monitors and the general ones do with their value. An
 * option that asks for something that cannot be had is refused here; what is accepted without an
 * effect is said to be so in the option's help.
 */
#include "core/cli/cli.h"
#include "core/host/log.h"

#include <string.h>

static void *member(QhCli *cli, const QhOption *option)
{
    return (char *)cli + option->offset;
}

static gboolean usage(GError **error, const char *text)
{
    g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, text);
    return FALSE;
}

gboolean qh_take_flag(QhCli *cli,
                      const QhOption *option,
                      G_GNUC_UNUSED const char *value,
                      G_GNUC_UNUSED GError **error)
{
    *(gboolean *)member(cli, option) = TRUE;
    return TRUE;
}

gboolean qh_take_string(QhCli *cli, const QhOption *option, const char *value, GError **error)
{
    char **text = member(cli, option);

    if (*value == '\0' && !g_str_equal(option->name, "append")) {
        return usage(error, "the value is empty");
    }
    g_free(*text);
    *text = g_strdup(value);
    return TRUE;
}

gboolean qh_take_list(QhCli *cli, const QhOption *option, const char *value, GError **error)
{
    GPtrArray **list = member(cli, option);

    if (*value == '\0') {
        return usage(error, "the value is empty");
    }
    g_ptr_array_add(*list, g_strdup(value));
    return TRUE;
}

gboolean qh_take_names(QhCli *cli, const QhOption *option, const char *value, GError **error)
{
    GPtrArray **list = member(cli, option);
    g_auto(GStrv) names = g_strsplit(value, ",", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        if (*names[i] == '\0') {
            return usage(error, "a name is empty");
        }
        g_ptr_array_add(*list, g_strdup(names[i]));
    }
    return *names != NULL || usage(error, "the value is empty");
}

gboolean qh_take_accepted(G_GNUC_UNUSED QhCli *cli,
                          G_GNUC_UNUSED const QhOption *option,
                          G_GNUC_UNUSED const char *value,
                          G_GNUC_UNUSED GError **error)
{
    return TRUE;
}

gboolean qh_take_help(QhCli *cli,
                      G_GNUC_UNUSED const QhOption *option,
                      G_GNUC_UNUSED const char *value,
                      G_GNUC_UNUSED GError **error)
{
    cli->text = qh_help_short(cli->program);
    return TRUE;
}

gboolean qh_take_help_all(QhCli *cli,
                          G_GNUC_UNUSED const QhOption *option,
                          G_GNUC_UNUSED const char *value,
                          G_GNUC_UNUSED GError **error)
{
    cli->text = qh_help_all(cli->program);
    return TRUE;
}

gboolean qh_take_version(QhCli *cli,
                         G_GNUC_UNUSED const QhOption *option,
                         G_GNUC_UNUSED const char *value,
                         G_GNUC_UNUSED GError **error)
{
    cli->list = QH_LIST_VERSION;
    return TRUE;
}

gboolean qh_take_dump_options(QhCli *cli,
                              G_GNUC_UNUSED const QhOption *option,
                              const char *value,
                              GError **error)
{
    if (!g_str_equal(value, "json")) {
        return usage(error, "only json can be written");
    }
    cli->text = qh_help_options_json();
    return TRUE;
}

gboolean qh_take_list_modules(QhCli *cli,
                              G_GNUC_UNUSED const QhOption *option,
                              const char *value,
                              GError **error)
{
    static const char *const known[] = {"all", "refused", "json", NULL};

    if (!g_strv_contains(known, value)) {
        return usage(error, "the choices are all, refused and json");
    }
    cli->list = QH_LIST_MODULES;
    g_free(cli->list_name);
    cli->list_name = g_strdup(value);
    return TRUE;
}

gboolean
qh_take_name(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"guest", "process", "debug-threads", NULL};
    g_autoptr(QhKeyval) list = qh_keyval_parse(value, "guest", error);
    gboolean named = TRUE;

    if (list == NULL || !qh_keyval_only(list, keys, error) ||
        !qh_keyval_bool(list, "debug-threads", &named, error)) {
        return FALSE;
    }
    g_free(cli->name);
    g_free(cli->process_name);
    cli->name = g_strdup(qh_keyval_get(list, "guest"));
    cli->process_name = g_strdup(qh_keyval_get(list, "process"));
    return TRUE;
}

gboolean
qh_take_uuid(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    if (!g_uuid_string_is_valid(value)) {
        return usage(error, "not a UUID; they look like 1e475dbe-04cf-4b3a-8720-df80adbef971");
    }
    g_free(cli->uuid);
    cli->uuid = g_ascii_strdown(value, -1);
    return TRUE;
}

gboolean
qh_take_msg(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"timestamp", "guest-name", NULL};
    g_autoptr(QhKeyval) list = qh_keyval_parse(value, NULL, error);

    return list != NULL && qh_keyval_only(list, keys, error) &&
           qh_keyval_bool(list, "timestamp", &cli->timestamps, error) &&
           qh_keyval_bool(list, "guest-name", &cli->guest_name, error);
}

gboolean
qh_take_chardev(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    g_autoptr(QhKeyval) list = qh_keyval_parse(value, "backend", error);
    if (list == NULL) {
        return FALSE;
    }
    g_ptr_array_add(cli->chardevs, g_strdup(value));
    return TRUE;
}

gboolean
qh_take_mon(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"chardev", "mode", "id", "pretty", NULL};
    g_autoptr(QhKeyval) list = qh_keyval_parse(value, "chardev", error);
    gboolean pretty = FALSE;

    if (list == NULL || !qh_keyval_only(list, keys, error) ||
        !qh_keyval_bool(list, "pretty", &pretty, error)) {
        return FALSE;
    }
    const char *mode = qh_keyval_get(list, "mode");
    if (qh_keyval_get(list, "chardev") == NULL) {
        return usage(error, "'chardev' is missing");
    }
    if (mode != NULL && !g_str_equal(mode, "readline") && !g_str_equal(mode, "control")) {
        return usage(error, "mode is readline or control");
    }
    if (pretty) {
        return usage(error, "pretty=on is not supported yet");
    }
    g_ptr_array_add(cli->mons, g_strdup(value));
    return TRUE;
}

gboolean qh_take_gdb_default(QhCli *cli,
                             G_GNUC_UNUSED const QhOption *option,
                             G_GNUC_UNUSED const char *value,
                             G_GNUC_UNUSED GError **error)
{
    g_free(cli->gdb);
    cli->gdb = g_strdup("tcp::1234");
    return TRUE;
}

gboolean qh_take_log_filter(QhCli *cli,
                            G_GNUC_UNUSED const QhOption *option,
                            const char *value,
                            GError **error)
{
    g_autoptr(GArray) ranges = qh_log_parse_filter(value, error);

    if (ranges == NULL) {
        if (error != NULL && *error != NULL) {
            (*error)->code = QH_ERROR_USAGE;
        }
        return FALSE;
    }
    g_free(cli->log_filter);
    cli->log_filter = g_strdup(value);
    return TRUE;
}

gboolean qh_take_log_items(QhCli *cli,
                           G_GNUC_UNUSED const QhOption *option,
                           const char *value,
                           GError **error)
{
    uint32_t mask = 0;

    if (!qh_log_parse_mask(value, &mask, error)) {
        if (error != NULL && *error != NULL) {
            (*error)->code = QH_ERROR_USAGE;
        }
        return FALSE;
    }
    g_free(cli->log_items);
    cli->log_items = g_strdup(value);
    return TRUE;
}
