/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -fsdev and -virtfs: a folder for the guest is an object, and with -virtfs a device, too: of the
 * class that the machine names, which is known later. */
#include "core/cli/cli.h"

#include <string.h>

static gboolean check(const QhKeyval *items, GError **error)
{
    const char *driver = qh_keyval_get(items, "fsdriver");

    if (g_strcmp0(driver, "local") == 0) {
        return TRUE;
    }
    g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                "'%s' is not supported\nlocal is: a folder of the host",
                driver != NULL ? driver : "");
    return FALSE;
}

/* An -object of the items, besides @device's own. */
static char *object_text(const QhKeyval *items, const char *id)
{
    g_autoptr(QhJson) object = qh_json_new_object();

    qh_json_set(object, "qom-type", qh_json_new_string("fsdev-local"));
    qh_json_set(object, "id", qh_json_new_string(id));
    for (guint i = 0; i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i), *value = qh_keyval_value(items, i);
        gboolean on;

        if (g_str_equal(key, "readonly") && qh_text_bool(value, &on, NULL)) {
            qh_json_set(object, key, qh_json_new_bool(on));
        } else if (!g_str_equal(key, "id") && !g_str_equal(key, "fsdriver") &&
                   !g_str_equal(key, "mount_tag")) {
            qh_json_set(object, key, qh_json_new_string(value));
        }
    }
    return qh_json_to_text(object);
}

gboolean
qh_take_fsdev(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "fsdriver", error);

    if (items == NULL || !check(items, error)) {
        return FALSE;
    }
    const char *id = qh_keyval_get(items, "id");

    if (id == NULL || qh_keyval_get(items, "mount_tag") != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            id == NULL ? "'id' is missing" : "'mount_tag' is one of the device's");
        return FALSE;
    }
    g_ptr_array_add(cli->objects, object_text(items, id));
    return TRUE;
}

gboolean
qh_take_virtfs(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "fsdriver", error);
    g_autoptr(QhJson) device = qh_json_new_object();

    if (items == NULL || !check(items, error)) {
        return FALSE;
    }
    const char *tag = qh_keyval_get(items, "mount_tag"), *given = qh_keyval_get(items, "id");

    if (tag == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "'mount_tag' is missing");
        return FALSE;
    }
    g_autofree char *id =
        given != NULL ? g_strdup(given) : g_strdup_printf("virtfs%u", cli->devices->len);

    g_ptr_array_add(cli->objects, object_text(items, id));
    qh_json_set(device, "fsdev", qh_json_new_string(id));
    qh_json_set(device, "mount_tag", qh_json_new_string(tag));
    g_ptr_array_add(cli->devices, g_steal_pointer(&device));
    return TRUE;
}

gboolean qh_cli_apply_shares(
    QhCli *cli, QhHost *host, const char *target, const char *machine, GError **error)
{
    g_autofree char *driver = qh_cli_machine_text(host, target, machine, "default-share");

    for (guint i = 0; i < cli->devices->len; i++) {
        QhJson *device = g_ptr_array_index(cli->devices, i);

        if (qh_json_get(device, "mount_tag") == NULL || qh_json_get(device, "driver") != NULL) {
            continue;
        }
        if (driver == NULL) {
            g_set_error_literal(
                error, QH_ERROR, QH_ERROR_USAGE,
                "the machine has no device for -virtfs\n-fsdev and -device say one");
            return FALSE;
        }
        qh_json_set(device, "driver", qh_json_new_string(driver));
    }
    return TRUE;
}
