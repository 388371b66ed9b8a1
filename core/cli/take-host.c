/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options about the host system: sound. */
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
