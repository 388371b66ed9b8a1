/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: an NVM Express controller and its namespaces. */
#include "abi/module.h"
#include "modules/nvme/nvme.h"
#include "modules/support/offer.h"

static gboolean ask(const QhHostApi *api, NvmeServices *services, GError **error)
{
    services->host = api->host;
    /* not every host has disks and firmware items */
    services->block = api->service(api->host, "qh.block", 1, 1, NULL);
    services->firmware = api->service(api->host, "qh.fw-cfg", 1, 0, NULL);
    return (services->device = api->service(api->host, "qh.device", 1, 1, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean nvme_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const SupportDevice devices[] = {
        {"nvme",    &nvme_ops   },
        {"nvme-ns", &nvme_ns_ops},
    };
    g_autofree NvmeServices *services = g_new0(NvmeServices, 1);

    if (!ask(api, services, error)) {
        return FALSE;
    }
    if (!support_offer_devices(api, txn, devices, G_N_ELEMENTS(devices), error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void nvme_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = nvme_init,
    .fini = nvme_fini,
};
