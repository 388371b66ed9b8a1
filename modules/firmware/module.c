/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: devices that firmware boots from and is told things by. */
#include "abi/module.h"
#include "modules/firmware/firmware.h"
#include "modules/support/offer.h"

static gboolean ask(const QhHostApi *api, FwServices *services, GError **error)
{
    services->host = api->host;
    return (services->block = api->service(api->host, "qh.block", 1, 0, error)) != NULL &&
           (services->device = api->service(api->host, "qh.device", 1, 2, error)) != NULL &&
           (services->fw = api->service(api->host, "qh.fw-cfg", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL &&
           (services->mem = api->service(api->host, "qh.mem", 1, 2, error)) != NULL;
}

static gboolean init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const SupportDevice devices[] = {
        {"fw_cfg_mem",   &fw_cfg_mem_ops},
        {"cfi.pflash01", &fw_pflash_ops },
    };
    g_autofree FwServices *services = g_new0(FwServices, 1);

    if (!ask(api, services, error)) {
        return FALSE;
    }
    if (!support_offer_devices(api, txn, devices, G_N_ELEMENTS(devices), error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = init,
    .fini = fini,
};
