/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The offer of module "null", the smallest complete target; docs/writing-a-module.md builds one
 * like it. */
#include "abi/module.h"
#include "null.h"

static const QhOffer offers[] = {
    {.size = sizeof(QhOffer),
     .major = 1,
     .kind = "target",
     .name = "null",
     .interface = QH_TARGET_INTERFACE,
     .ops = &ns_target    },
    {.size = sizeof(QhOffer),
     .major = 1,
     .kind = "cpu",
     .name = "null",
     .interface = QH_CPU_INTERFACE,
     .ops = &ns_cpu       },
    {.size = sizeof(QhOffer),
     .major = 1,
     .kind = "translator",
     .name = "null",
     .interface = QH_TRANSLATOR_INTERFACE,
     .ops = &ns_translator},
    {.size = sizeof(QhOffer),
     .major = 1,
     .kind = "machine",
     .name = "null:board",
     .interface = QH_MACHINE_INTERFACE,
     .ops = &ns_board     },
    {.size = sizeof(QhOffer),
     .major = 1,
     .kind = "device",
     .name = "null-port",
     .interface = QH_DEVICE_INTERFACE,
     .ops = &ns_port      },
};

static gboolean init(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error)
{
    g_autofree NsServices *services = g_new0(NsServices, 1);

    services->mem = host->service(host->host, "qh.mem", 1, 0, error);
    services->device = services->mem ? host->service(host->host, "qh.device", 1, 0, error) : NULL;
    services->machine =
        services->device ? host->service(host->host, "qh.machine", 1, 0, error) : NULL;
    services->chr = services->machine ? host->service(host->host, "qh.char", 1, 0, error) : NULL;
    if (services->chr == NULL) {
        return FALSE;
    }
    for (uint32_t i = 0; i < G_N_ELEMENTS(offers); i++) {
        if (!host->offer(txn, &offers[i], error)) {
            return FALSE;
        }
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
