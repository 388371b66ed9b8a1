/* SPDX-License-Identifier: MIT */
/* What the module offers, and what it needs for that. */
#include "abi/module.h"
#include "sum.h"

static const QhOffer offer = {
    .size = sizeof(QhOffer),
    .major = 1,
    .minor = 1,
    .kind = "device",
    .name = "sum",
    .interface = QH_DEVICE_INTERFACE,
    .ops = &sum_device,
};

static gboolean init(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree SumServices *services = g_new0(SumServices, 1);

    services->host = host->host;
    services->device = host->service(host->host, "qh.device", 1, 1, error);
    services->timer =
        services->device != NULL ? host->service(host->host, "qh.timer", 1, 0, error) : NULL;
    if (services->timer == NULL || !host->offer(txn, &offer, error)) {
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
    .abi_minor = 0, /* nothing newer than the first version is used */
    .init = init,
    .fini = fini,
};
