/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: netdev "user". */
#include "abi/module.h"
#include "modules/net-user/user.h"

static gboolean ask(const QhHostApi *api, NuServices *services, GError **error)
{
    services->host = api->host;
    return (services->net = api->service(api->host, "qh.net", 1, 0, error)) != NULL &&
           (services->loop = api->service(api->host, "qh.loop", 1, 0, error)) != NULL &&
           (services->json = api->service(api->host, "qh.json", 1, 0, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean user_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree NuServices *services = g_new0(NuServices, 1);
    const QhOffer offer = {
        .size = sizeof(QhOffer),
        .major = 1,
        .kind = "netdev",
        .name = "user",
        .interface = QH_NETDEV_INTERFACE,
        .ops = &nu_netdev,
    };

    if (!ask(api, services, error) || !api->offer(txn, &offer, error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void user_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = user_init,
    .fini = user_fini,
};
