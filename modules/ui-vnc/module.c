/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: displays "vnc" and "web". */
#include "abi/module.h"
#include "modules/ui-vnc/server.h"

static gboolean ask(const QhHostApi *api, VnServices *services, GError **error)
{
    services->host = api->host;
    return (services->screen = api->service(api->host, "qh.screen", 1, 0, error)) != NULL &&
           (services->input = api->service(api->host, "qh.input", 1, 0, error)) != NULL &&
           (services->json = api->service(api->host, "qh.json", 1, 0, error)) != NULL &&
           (services->event = api->service(api->host, "qh.event", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean vnc_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const struct {
        const char *name;
        const QhScreenClientOps *ops;
    } displays[] = {
        {"vnc", &vn_vnc_ops},
        {"web", &vn_web_ops},
    };
    g_autofree VnServices *services = g_new0(VnServices, 1);

    if (!ask(api, services, error)) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(displays); i++) {
        const QhOffer offer = {
            .size = sizeof(QhOffer),
            .major = 1,
            .kind = "display",
            .name = displays[i].name,
            .interface = QH_SCREEN_CLIENT_INTERFACE,
            .ops = displays[i].ops,
        };

        if (!api->offer(txn, &offer, error)) {
            return FALSE;
        }
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void vnc_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = vnc_init,
    .fini = vnc_fini,
};
