/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options about the host system: sound, and what the process may do there. */
#include "core/cli/cli.h"
#include "core/host/id.h"

#include <string.h>

/* What clients say of a driver that makes no sound is about how it would make it. */
gboolean qh_take_audiodev(G_GNUC_UNUSED QhCli *cli,
                          G_GNUC_UNUSED const QhOption *option,
                          const char *value,
                          GError **error)
{
    g_autofree char *driver = NULL;
    g_autofree char *id = NULL;

    if (g_str_equal(value, "help") || g_str_equal(value, "help=json")) {
        cli->text = g_strdup(strchr(value, '=') != NULL ? "[{\"name\": \"none\"}]\n"
                                                        : "Audio drivers:\nnone\n");
        return TRUE;
    }
    if (*value == '{') {
        g_autoptr(QhJson) json = qh_json_parse(value, -1, NULL, error);

        if (json == NULL) {
            return FALSE;
        }
        const QhJson *named = qh_json_get(json, "driver"), *called = qh_json_get(json, "id");
        driver = g_strdup(named != NULL ? qh_json_string(named) : NULL);
        id = g_strdup(called != NULL ? qh_json_string(called) : NULL);
    } else {
        g_autoptr(QhKeyval) items = qh_keyval_parse(value, "driver", error);

        if (items == NULL) {
            return FALSE;
        }
        driver = g_strdup(qh_keyval_get(items, "driver"));
        id = g_strdup(qh_keyval_get(items, "id"));
    }
    if (driver == NULL || id == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "'%s' is missing",
                    driver == NULL ? "driver" : "id");
        return FALSE;
    }
    if (!g_str_equal(driver, "none")) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                    "no module provides audio driver '%.64s'\nthe one there is: none", driver);
        return FALSE;
    }
    return qh_id_check(id, error);
}

/* "deny" and "allow", as libvirt spells what a truth value would be enough for. */
static gboolean
take_permission(const QhKeyval *items, const char *key, gboolean *ret_allow, GError **error)
{
    const char *value = qh_keyval_get(items, key);

    if (value == NULL) {
        return TRUE;
    }
    *ret_allow = g_str_equal(value, "allow");
    if (!*ret_allow && !g_str_equal(value, "deny")) {
        g_set_error(error, QH_ERROR, QH_ERROR_USAGE, "'%s' is allow or deny", key);
        return FALSE;
    }
    return TRUE;
}

gboolean
qh_take_sandbox(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"enable",          "obsolete", "elevateprivileges",
                                       "resourcecontrol", "spawn",    NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "enable", error);
    QhSandboxOptions options = {.required = TRUE};
    gboolean enable = FALSE;

    if (items == NULL || !qh_keyval_only(items, keys, error) ||
        !qh_keyval_bool(items, "enable", &enable, error)) {
        return FALSE;
    }
    /* "children" lets this process keep what those that it starts may not have: nothing changes its
     * user later on, so that is deny */
    gboolean children = g_strcmp0(qh_keyval_get(items, "elevateprivileges"), "children") == 0;
    if (!take_permission(items, "obsolete", &options.obsolete, error) ||
        (!children && !take_permission(items, "elevateprivileges", &options.elevate, error)) ||
        !take_permission(items, "spawn", &options.spawn, error) ||
        !take_permission(items, "resourcecontrol", &options.resources, error)) {
        return FALSE;
    }
    options.off = !enable;
    options.no_spawn = qh_keyval_get(items, "spawn") != NULL && !options.spawn;
    cli->sandbox = options;
    return TRUE;
}
