/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: PCI buses, and the devices that are nothing but PCI. */
#include "abi/module.h"
#include "modules/pci/query.h"
#include "modules/support/offer.h"

static gboolean ask(const QhHostApi *api, PciServices *services, GError **error)
{
    services->host = api->host;
    return (services->device = api->service(api->host, "qh.device", 1, 1, error)) != NULL &&
           (services->mem = api->service(api->host, "qh.mem", 1, 1, error)) != NULL &&
           (services->timer = api->service(api->host, "qh.timer", 1, 0, error)) != NULL &&
           (services->event = api->service(api->host, "qh.event", 1, 0, error)) != NULL &&
           (services->log = api->service(api->host, "qh.log", 1, 0, error)) != NULL;
}

static gboolean pci_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const SupportDevice devices[] = {
        {"gpex-pcihost",       &pci_host_ops           },
        {"gpex-root",          &pci_host_root_ops      },
        {"pcie-root-port",     &pci_root_port_ops      },
        {"x3130-upstream",     &pci_upstream_ops       },
        {"xio3130-downstream", &pci_downstream_ops     },
        {"pcie-pci-bridge",    &pci_pcie_pci_bridge_ops},
        {"pci-bridge",         &pci_bridge_ops         },
        {"edu",                &pci_edu_ops            },
    };
    g_autofree PciServices *services = g_new0(PciServices, 1);

    if (!ask(api, services, error)) {
        return FALSE;
    }
    if (!support_offer_devices(api, txn, devices, G_N_ELEMENTS(devices), error)) {
        return FALSE;
    }
    const QhOffer query = {
        .size = sizeof(QhOffer),
        .major = 1,
        .kind = "command",
        .name = "query-pci",
        .interface = QH_COMMAND_INTERFACE,
        .ops = &pci_query_ops,
    };
    if (!api->offer(txn, &query, error)) {
        return FALSE;
    }
    *ret_ctx = g_steal_pointer(&services);
    return TRUE;
}

static void pci_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = pci_init,
    .fini = pci_fini,
};
