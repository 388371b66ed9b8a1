/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: the Intel 82574L. */
#include "abi/module.h"
#include "modules/e1000e/e1000e.h"

static gboolean ask(const QhHostApi *api, E1000eServices *services, GError **error)
{
    services->host = api->host;
    services->net = api->service(api->host, "qh.net", 1, 0, NULL);
    return (services->device = api->service(api->host, "qh.device", 1, 1, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean
e1000e_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree E1000eServices *services = g_new0(E1000eServices, 1);
    const QhOffer offer = {
        .size = sizeof(QhOffer),
        .major = 1,
        .minor = 1,
        .kind = "device",
        .name = "e1000e",
        .interface = QH_DEVICE_INTERFACE,
        .ops = &e1000e_ops,
    };

    if (!ask(api, services, error) || !api->offer(txn, &offer, error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void e1000e_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = e1000e_init,
    .fini = e1000e_fini,
};
