/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -smbios: values for the tables that say whose machine it is, or whole structures. */
#include "core/cli/cli.h"
#include "core/cli/take.h"

#include <string.h>

static gboolean take_file(QhSmbios *smbios, const QhKeyval *items, GError **error)
{
    const char *path = qh_keyval_get(items, "file");
    g_autofree char *data = NULL;
    gsize bytes = 0;

    if (qh_keyval_length(items) != 1) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "file= stands alone");
        return FALSE;
    }
    if (!qh_cli_read_file(path, QH_SMBIOS_FILE_MAX, &data, &bytes, error)) {
        return FALSE;
    }
    if (!qh_smbios_add_raw(smbios, (const uint8_t *)data, bytes, error)) {
        g_prefix_error(error, "cannot use '%s': ", path);
        return FALSE;
    }
    return TRUE;
}

/* A string of type 11 that is what a file holds. */
static gboolean take_path(QhSmbios *smbios, const char *path, GError **error)
{
    g_autofree char *data = NULL;
    gsize bytes = 0;

    if (!qh_cli_read_file(path, QH_SMBIOS_FILE_MAX, &data, &bytes, error)) {
        return FALSE;
    }
    if (bytes == 0 || memchr(data, '\0', bytes) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot use '%s': it is %s", path,
                    bytes == 0 ? "empty" : "no text, but has a byte that is zero");
        return FALSE;
    }
    return qh_smbios_set(smbios, 11, "value", data, error);
}

gboolean
qh_take_smbios(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, NULL, error);
    QhSmbios *smbios = cli->firmware->smbios;
    uint64_t type = 0;

    if (items == NULL || !qh_keyval_uint(items, "type", UINT8_MAX, &type, error)) {
        return FALSE;
    }
    if (qh_keyval_get(items, "file") != NULL) {
        return take_file(smbios, items, error);
    }
    if (qh_keyval_get(items, "type") == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "say either file= or type=");
        return FALSE;
    }
    if (!qh_smbios_set(smbios, (uint32_t)type, NULL, NULL, error)) {
        return FALSE;
    }
    for (guint i = 0; i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i), *text = qh_keyval_value(items, i);

        if (g_str_equal(key, "type")) {
            continue;
        }
        if (type == 11 && g_str_equal(key, "path")) {
            if (!take_path(smbios, text, error)) {
                return FALSE;
            }
        } else if (!qh_smbios_set(smbios, (uint32_t)type, key, text, error)) {
            return FALSE;
        }
        /* one identity, whichever option says it */
        if (type == 1 && g_str_equal(key, "uuid")) {
            g_free(cli->uuid);
            cli->uuid = g_ascii_strdown(text, -1);
        }
    }
    return TRUE;
}
