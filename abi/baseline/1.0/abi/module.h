/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_MODULE_H
#define QH_ABI_MODULE_H

#include "abi/base.h"

typedef struct QhOffer {
    uint32_t size;
    uint16_t major;
    uint16_t minor;
    const char *kind;
    const char *name;
    const char *interface;
    const void *ops;
    void *ctx;
} QhOffer;

typedef struct QhTransaction QhTransaction;

typedef struct QhHostApi {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    QhHost *host;

    const void *(*service)(
        QhHost *host, const char *name, uint32_t major, uint32_t min_minor, GError **error);

    gboolean (*offer)(QhTransaction *txn, const QhOffer *offer, GError **error);
} QhHostApi;

typedef struct QhModule {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;

    gboolean (*init)(const QhHostApi *host, QhTransaction *txn, void **ret_ctx, GError **error);

    void (*quiesce)(void *ctx);

    void (*fini)(void *ctx);
} QhModule;

#define QH_MODULE_EXPORT __attribute__((visibility("default")))

extern QH_MODULE_EXPORT const QhModule qh_module;

#endif
