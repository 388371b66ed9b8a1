/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offering what a module has, a table at a time. */
#ifndef QH_MODULES_SUPPORT_OFFER_H
#define QH_MODULES_SUPPORT_OFFER_H

#include "abi/device.h"
#include "abi/module.h"

/* A device class: its name, its methods. */
typedef struct SupportDevice {
    const char *name;
    const QhDeviceOps *ops;
} SupportDevice;

/* In a module's init: offer the @n classes @devices, all with the module's own context. FALSE with
 * @error at the first that is malformed. [main] */
static inline gboolean support_offer_devices(
    const QhHostApi *api, QhTransaction *txn, const SupportDevice *devices, guint n, GError **error)
{
    for (guint i = 0; i < n; i++) {
        const QhOffer offer = {
            .size = sizeof(QhOffer),
            .major = 1,
            .minor = 1,
            .kind = "device",
            .name = devices[i].name,
            .interface = QH_DEVICE_INTERFACE,
            .ops = devices[i].ops,
        };

        if (!api->offer(txn, &offer, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

#endif
