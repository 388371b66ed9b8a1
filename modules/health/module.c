/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: a watchdog and a crash reporter. */
#include "abi/module.h"
#include "modules/health/health.h"
#include "modules/support/offer.h"

static gboolean ask(const QhHostApi *api, HealthServices *services, GError **error)
{
    services->host = api->host;
    return (services->device = api->service(api->host, "qh.device", 1, 1, error)) != NULL &&
           (services->machine = api->service(api->host, "qh.machine", 1, 2, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean
health_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const SupportDevice devices[] = {
        {"i6300esb",    &health_i6300esb_ops},
        {"pvpanic-pci", &health_pvpanic_ops },
    };
    g_autofree HealthServices *services = g_new0(HealthServices, 1);

    if (!ask(api, services, error)) {
        return FALSE;
    }
    if (!support_offer_devices(api, txn, devices, G_N_ELEMENTS(devices), error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void health_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = health_init,
    .fini = health_fini,
};
