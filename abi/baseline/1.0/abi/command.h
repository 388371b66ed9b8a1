/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_COMMAND_H
#define QH_ABI_COMMAND_H

#include "abi/base.h"

#define QH_COMMAND_INTERFACE "qh.command"

typedef struct QhCommandOps {
    uint32_t size;
    uint32_t reserved;

    gboolean (*run)(void *ctx, const void *args, void *result, GError **error);

    const char *digest;
} QhCommandOps;

#endif
