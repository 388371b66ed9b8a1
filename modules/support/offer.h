/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a module asks for and what it offers, a table at a time. */
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

/* Any slot; @ctx: bytes from the start of what the module calls its context. */
typedef struct SupportOffer {
    const char *kind, *name, *interface;
    const void *ops;
    size_t ctx;
} SupportOffer;

/* The same for the @n slots @offers; @context is the module's. [main] */
static inline gboolean support_offer(const QhHostApi *api,
                                     QhTransaction *txn,
                                     const SupportOffer *offers,
                                     guint n,
                                     void *context,
                                     GError **error)
{
    for (guint i = 0; i < n; i++) {
        const QhOffer offer = {
            .size = sizeof(QhOffer),
            .major = 1,
            .kind = offers[i].kind,
            .name = offers[i].name,
            .interface = offers[i].interface,
            .ops = offers[i].ops,
            .ctx = (char *)context + offers[i].ctx,
        };

        if (!api->offer(txn, &offer, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A service of major version 1, and where its table goes. */
typedef struct SupportService {
    const char *name;
    const void **place;
    uint32_t minor;
} SupportService;

/* Fetch the @n services @wanted; FALSE with @error set when the host lacks one. [main] */
static inline gboolean
support_find_services(const QhHostApi *api, const SupportService *wanted, guint n, GError **error)
{
    for (guint i = 0; i < n; i++) {
        *wanted[i].place = api->service(api->host, wanted[i].name, 1, wanted[i].minor, error);
        if (*wanted[i].place == NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

#endif
