/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this module offers: a disk and a CD-ROM drive for any SCSI bus. */
#include "abi/module.h"
#include "modules/scsi/unit.h"

static gboolean scsi_init(const QhHostApi *api, QhTransaction *txn, void **ret_ctx, GError **error)
{
    static const struct {
        const char *name;
        const QhDeviceOps *ops;
    } devices[] = {
        {"scsi-hd", &scsi_disk_ops},
        {"scsi-cd", &scsi_cd_ops  },
    };
    g_autofree ScsiContext *contexts = g_new0(ScsiContext, G_N_ELEMENTS(devices));
    ScsiServices services = {.host = api->host};

    services.firmware = api->service(api->host, "qh.fw-cfg", 1, 0, NULL);
    services.device = api->service(api->host, "qh.device", 1, 1, error);
    if (services.device == NULL) {
        return FALSE;
    }
    services.block = api->service(api->host, "qh.block", 1, 1, error);
    if (services.block == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(devices); i++) {
        const QhOffer offer = {
            .size = sizeof(QhOffer),
            .major = 1,
            .minor = 1,
            .kind = "device",
            .name = devices[i].name,
            .interface = QH_DEVICE_INTERFACE,
            .ops = devices[i].ops,
            .ctx = &contexts[i],
        };

        contexts[i].services = services;
        contexts[i].is_cd = i == 1;
        if (!api->offer(txn, &offer, error)) {
            return FALSE;
        }
    }
    *ret_ctx = g_steal_pointer(&contexts);
    return TRUE;
}

static void scsi_fini(void *ctx)
{
    g_free(ctx);
}

const QhModule qh_module = {
    .size = sizeof(QhModule),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = 0,
    .init = scsi_init,
    .fini = scsi_fini,
};
