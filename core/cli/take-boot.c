/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options about what the guest's firmware does: -boot, -fw_cfg, -smbios. */
#include "core/cli/cli.h"
#include "core/cli/take.h"
#include "core/firmware/options.h"

#include <string.h>

#define FILE_BYTES_MAX (UINT64_C(256) << 20)

static gboolean usage(GError **error, const char *text)
{
    g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, text);
    return FALSE;
}

/* Letters for kinds of drives, each once: a b floppy, c disk, d CD, n network ... */
static gboolean check_letters(const char *key, const char *letters, GError **error)
{
    uint32_t seen = 0;

    for (const char *at = letters != NULL ? letters : ""; *at != '\0'; at++) {
        uint32_t bit = *at >= 'a' && *at <= 'p' ? 1u << (*at - 'a') : 0;

        if (bit == 0 || (seen & bit) != 0) {
            g_set_error(error, QH_ERROR, QH_ERROR_USAGE,
                        "%s=%.32s: has to be letters from a to p, each at most once", key, letters);
            return FALSE;
        }
        seen |= bit;
    }
    return TRUE;
}

gboolean
qh_take_boot(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"order",       "once",           "menu", "strict",
                                       "splash-time", "reboot-timeout", NULL};
    QhFirmwareOptions *boot = cli->firmware;
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "order", error);
    uint64_t splash = boot->splash_ms, fail = boot->fail_ms;

    if (items == NULL || !qh_keyval_only(items, keys, error) ||
        !check_letters("order", qh_keyval_get(items, "order"), error) ||
        !check_letters("once", qh_keyval_get(items, "once"), error) ||
        !qh_keyval_bool(items, "menu", &boot->menu, error) ||
        !qh_keyval_bool(items, "strict", &boot->strict, error) ||
        !qh_keyval_uint(items, "splash-time", G_MAXUINT16, &splash, error) ||
        !qh_keyval_uint(items, "reboot-timeout", G_MAXUINT16, &fail, error)) {
        return FALSE;
    }
    boot->has_splash |= qh_keyval_get(items, "splash-time") != NULL;
    boot->has_fail |= qh_keyval_get(items, "reboot-timeout") != NULL;
    boot->splash_ms = (uint32_t)splash;
    boot->fail_ms = (uint32_t)fail;
    return TRUE;
}

gboolean
qh_cli_read_file(const char *path, uint64_t most, char **ret_data, gsize *ret_bytes, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *data = NULL;
    gsize bytes = 0;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) && g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot read '%s': no regular file", path);
        return FALSE;
    }
    if (!g_file_get_contents(path, &data, &bytes, &why)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot read '%s': %s", path, why->message);
        return FALSE;
    }
    if (bytes > most) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot use '%s': it has more than %" G_GUINT64_FORMAT " MiB", path,
                    most >> 20);
        return FALSE;
    }
    *ret_data = g_steal_pointer(&data);
    *ret_bytes = bytes;
    return TRUE;
}

gboolean
qh_take_fw_cfg(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    static const char *const keys[] = {"name", "file", "string", NULL};
    g_autoptr(QhKeyval) items = qh_keyval_parse(value, "name", error);
    char *data = NULL;
    gsize bytes = 0;

    if (items == NULL || !qh_keyval_only(items, keys, error)) {
        return FALSE;
    }
    const char *name = qh_keyval_get(items, "name");
    const char *file = qh_keyval_get(items, "file");
    const char *text = qh_keyval_get(items, "string");

    if (name == NULL || *name == '\0' || strlen(name) > QH_FW_NAME_MAX) {
        return usage(error, "name= is missing, or is longer than 55 bytes");
    }
    if ((file == NULL) == (text == NULL)) {
        return usage(error, "say either file= or string=");
    }
    if (file != NULL && !qh_cli_read_file(file, FILE_BYTES_MAX, &data, &bytes, error)) {
        return FALSE;
    }
    if (text != NULL) {
        bytes = strlen(text);
        data = g_strdup(text);
    }
    qh_firmware_options_add(cli->firmware, name, (uint8_t *)data, (uint32_t)bytes);
    return TRUE;
}
