/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: a USB controller, a hub, keyboard and pointers, storage. */
#include "abi/module.h"
#include "modules/support/offer.h"
#include "modules/usb/classes.h"
#include "modules/usb/query.h"

static gboolean ask(const QhHostApi *api, UsbServices *services, GError **error)
{
    services->host = api->host;
    services->input = api->service(api->host, "qh.input", 1, 0, NULL);
    services->block = api->service(api->host, "qh.block", 1, 0, NULL);
    return (services->device = api->service(api->host, "qh.device", 1, 1, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean usb_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const SupportDevice devices[] = {
        {"qemu-xhci",    &usb_qemu_xhci_ops},
        {"nec-usb-xhci", &usb_nec_xhci_ops },
        {"usb-hub",      &usb_hub_ops      },
        {"usb-kbd",      &usb_kbd_ops      },
        {"usb-mouse",    &usb_mouse_ops    },
        {"usb-tablet",   &usb_tablet_ops   },
        {"usb-storage",  &usb_storage_ops  },
    };
    const QhOffer query = {
        .size = sizeof(QhOffer),
        .major = 1,
        .kind = "command",
        .name = "x-query-usb",
        .interface = QH_COMMAND_INTERFACE,
        .ops = &usb_query_ops,
    };
    g_autofree UsbServices *services = g_new0(UsbServices, 1);

    if (!ask(api, services, error)) {
        return FALSE;
    }
    if (!support_offer_devices(api, txn, devices, G_N_ELEMENTS(devices), error)) {
        return FALSE;
    }
    if (!api->offer(txn, &query, error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void usb_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = usb_init,
    .fini = usb_fini,
};
