/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "duo.h"

#include "abi/module.h"

static gboolean init(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree DuoServices *services = g_new0(DuoServices, 1);
    QhOffer machine = {.size = sizeof(QhOffer),
                       .major = 1,
                       .kind = "machine",
                       .name = "riscv64:duo",
                       .interface = QH_MACHINE_INTERFACE,
                       .ops = &duo_machine,
                       .ctx = services};
    QhOffer device = {.size = sizeof(QhOffer),
                      .major = 1,
                      .kind = "device",
                      .name = "duo-mailbox",
                      .interface = QH_DEVICE_INTERFACE,
                      .ops = &duo_mailbox,
                      .ctx = services};

    services->mem = host->service(host->host, "qh.mem", 1, 0, error);
    services->device = services->mem ? host->service(host->host, "qh.device", 1, 0, error) : NULL;
    services->machine =
        services->device ? host->service(host->host, "qh.machine", 1, 0, error) : NULL;
    if (services->machine == NULL || !host->offer(txn, &machine, error) ||
        !host->offer(txn, &device, error)) {
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
