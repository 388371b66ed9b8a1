/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_CHARDEV_H
#define QH_ABI_CHARDEV_H

#include "abi/services.h"

#define QH_CHARDEV_INTERFACE "qh.chardev"

typedef struct QhChardevOps {
    uint32_t size;
    uint32_t state_size;
    const char *description;

    gboolean (*open)(void *ctx, void *state, QhChar *chr, const char *options, GError **error);
    void (*close)(void *state);

    uint32_t (*write)(void *state, const uint8_t *data, uint32_t bytes);

    void (*accept_input)(void *state);
} QhChardevOps;

#endif
