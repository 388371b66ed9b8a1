/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_FW_CFG_H
#define QH_ABI_FW_CFG_H

#include "abi/base.h"

typedef struct QhDevice QhDevice;

#define QH_FW_NAME_MAX   55u
#define QH_FW_FIRST_FILE 0x20u
#define QH_FW_ARCH_LOCAL 0x8000u

#define QH_FW_IN_PLACE (1u << 0)
#define QH_FW_WRITABLE (1u << 1)

typedef struct QhFwItem {
    uint32_t size;
    uint32_t flags;
    const char *name;
    uint16_t selector;
    uint16_t reserved;
    uint32_t bytes;
    void *data;

    void (*selected)(void *opaque);

    void (*written)(void *opaque, uint32_t offset, uint32_t bytes);
    void *opaque;
} QhFwItem;

typedef struct QhFwView {
    uint32_t size;
    uint32_t flags;
    const char *name;
    uint16_t selector;
    uint16_t reserved;
    uint32_t bytes;
    uint8_t *data;
} QhFwView;

typedef struct QhFwService {
    uint32_t size;
    uint32_t reserved;

    gboolean (*present)(QhMachine *machine);

    gboolean (*add)(QhMachine *machine, const QhFwItem *item, GError **error);

    gboolean (*set)(
        QhMachine *machine, const char *name, const void *data, uint32_t bytes, GError **error);

    void (*remove)(QhMachine *machine, const char *name);

    gboolean (*boot_device)(QhDevice *device, int32_t index, const char *suffix, GError **error);

    gboolean (*show)(QhMachine *machine, QhDevice *device, GError **error);

    gboolean (*view)(QhMachine *machine, uint16_t selector, gboolean select, QhFwView *ret);

    void (*wrote)(QhMachine *machine, uint16_t selector, uint32_t offset, uint32_t bytes);

    gboolean (*file)(QhMachine *machine, uint32_t n, QhFwView *ret);
} QhFwService;

#endif
