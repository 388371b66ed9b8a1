/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -usb and -usbdevice, in terms of -device. */
#include "core/cli/cli.h"

static QhJson *device_new(const char *driver)
{
    QhJson *device = qh_json_new_object();

    qh_json_set(device, "driver", qh_json_new_string(driver));
    return device;
}

gboolean qh_take_usb_device(QhCli *cli,
                            G_GNUC_UNUSED const QhOption *option,
                            const char *value,
                            GError **error)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (!g_ascii_isalnum(*c) && *c != '-') {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                                "it takes a name only; -device takes properties");
            return FALSE;
        }
    }
    if (*value == '\0') {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "the value is empty");
        return FALSE;
    }
    cli->usb = TRUE;
    g_ptr_array_add(cli->usb_devices, g_strdup(value));
    return TRUE;
}

/* The controller comes first, so that devices of -device find its bus; what goes into the next free
 * port comes last. */
void qh_cli_apply_usb(QhCli *cli, QhHost *host, const char *target, const char *machine)
{
    g_autofree char *controller = qh_cli_machine_text(host, target, machine, "default-usb");

    if (cli->usb && controller != NULL) {
        g_ptr_array_insert(cli->devices, 0, device_new(controller));
    }
    for (guint i = 0; i < cli->usb_devices->len; i++) {
        const char *name = g_ptr_array_index(cli->usb_devices, i);
        g_autofree char *driver =
            g_strdup_printf("usb-%s", g_str_equal(name, "keyboard") ? "kbd" : name);

        g_ptr_array_add(cli->devices, device_new(driver));
    }
}
