/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: serial line controllers. */
#include "abi/module.h"
#include "modules/serial/ns16550.h"

static gboolean ask(const QhHostApi *api, NsServices *services, GError **error)
{
    services->host = api->host;
    return (services->chr = api->service(api->host, "qh.char", 1, 0, error)) != NULL &&
           (services->device = api->service(api->host, "qh.device", 1, 0, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean
serial_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree NsServices *services = g_new0(NsServices, 1);
    const QhOffer offer = {
        .size = sizeof(QhOffer),
        .major = 1,
        .kind = "device",
        .name = "ns16550",
        .interface = QH_DEVICE_INTERFACE,
        .ops = &ns16550_ops,
    };

    if (!ask(api, services, error) || !api->offer(txn, &offer, error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void serial_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = serial_init,
    .fini = serial_fini,
};
