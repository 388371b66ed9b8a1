/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: display "sdl". */
#include "abi/module.h"
#include "modules/ui-sdl/window.h"

static gboolean sdl_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree SdServices *services = g_new0(SdServices, 1);
    const QhOffer offer = {
        .size = sizeof(QhOffer),
        .major = 1,
        .kind = "display",
        .name = "sdl",
        .interface = QH_SCREEN_CLIENT_INTERFACE,
        .ops = &sd_ops,
    };

    services->host = api->host;
    if ((services->screen = api->service(api->host, "qh.screen", 1, 0, error)) == NULL ||
        (services->input = api->service(api->host, "qh.input", 1, 0, error)) == NULL ||
        (services->json = api->service(api->host, "qh.json", 1, 0, error)) == NULL ||
        !api->offer(txn, &offer, error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void sdl_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = sdl_init,
    .fini = sdl_fini,
};
