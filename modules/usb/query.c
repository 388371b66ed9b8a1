/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x-query-usb: what is plugged in, a line each. */
#include "modules/usb/query.h"

#include "qapi/qapi-types-usb.h"

#include <string.h>

static void show(const UsbFunction *function, uint32_t number, GString *out)
{
    static const char *const speeds[] = {"1.5", "12", "480", "5000"};
    g_autofree char *path = usb_path(function);
    const char *id = function->device->id;

    g_string_append_printf(out, "  Device %u.%u, Port %s, Speed %s Mb/s, Product %s", number,
                           function->address, path, speeds[function->speed & 3],
                           function->klass->product_name != NULL ? function->klass->product_name
                                                                 : "");
    if (strchr(id, '[') == NULL) { /* one that the user gave */
        g_string_append_printf(out, ", ID: %s", id);
    }
    g_string_append_c(out, '\n');
    for (uint32_t i = 1; i <= function->n_ports; i++) {
        const UsbFunction *below = usb_function_at(function->bus, function, i);

        if (below != NULL) {
            show(below, number, out);
        }
    }
}

static gboolean query(void *ctx, const void *args, void *result, GError **error)
{
    const UsbServices *services = ctx;
    QhQmpHumanReadableText *text = result;
    GString *out = g_string_new(NULL);
    uint32_t number = 0;

    (void)args;
    (void)error;
    for (const UsbController *c = services->controllers; c != NULL; c = c->next, number++) {
        services->device->lock(c->base.machine);
        for (uint32_t i = 1; i <= c->bus.n_ports; i++) {
            const UsbFunction *function = usb_function_at(&c->bus, NULL, i);

            if (function != NULL) {
                show(function, number, out);
            }
        }
        services->device->unlock(c->base.machine);
    }
    text->human_readable_text = g_string_free(out, FALSE);
    return TRUE;
}

const QhCommandOps usb_query_ops = {
    .size = sizeof(QhCommandOps),
    .run = query,
    .digest = QH_COMMAND_X_QUERY_USB_DIGEST,
};
