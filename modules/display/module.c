/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: frame buffers without acceleration. */
#include "abi/module.h"
#include "modules/display/display.h"
#include "modules/support/offer.h"

static gboolean ask(const QhHostApi *api, FbServices *services, GError **error)
{
    services->host = api->host;
    return (services->device = api->service(api->host, "qh.device", 1, 2, error)) != NULL &&
           (services->display = api->service(api->host, "qh.display", 1, 0, error)) != NULL &&
           (services->mem = api->service(api->host, "qh.mem", 1, 3, error)) != NULL &&
           (services->fw = api->service(api->host, "qh.fw-cfg", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean
display_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const SupportDevice devices[] = {
        {"bochs-display", &fb_bochs_ops},
        {"ramfb",         &fb_ramfb_ops},
    };
    g_autofree FbServices *services = g_new0(FbServices, 1);

    if (!ask(api, services, error)) {
        return FALSE;
    }
    if (!support_offer_devices(api, txn, devices, G_N_ELEMENTS(devices), error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void display_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = display_init,
    .fini = display_fini,
};
