/* SPDX-License-Identifier: MIT */
/*
 * Service "qh.fw-cfg": what the host tells the guest's firmware, by name. Machines, devices and the
 * user's options add items; the machine's fw_cfg device (or none) shows them to the guest. An item
 * is a run of bytes under a 16-bit selector; one with a name is also a file of the directory.
 *
 * A device that lets the guest set it up (ramfb) adds a writable item over bytes of its own state:
 *     fw->add(device->machine, &(QhFwItem){.size = sizeof(QhFwItem), .flags = QH_FW_IN_PLACE |
 *             QH_FW_WRITABLE, .name = "etc/ramfb", .data = &ramfb->config, .bytes = 28,
 *             .written = config_written, .opaque = ramfb}, &error);
 * and removes it in unrealize. The format of the interface: QEMU, docs/specs/fw_cfg.
 */
#ifndef QH_ABI_FW_CFG_H
#define QH_ABI_FW_CFG_H

#include "abi/base.h"

typedef struct QhDevice QhDevice; /* abi/device.h */

#define QH_FW_NAME_MAX   55u     /* bytes of a name, without the NUL */
#define QH_FW_FIRST_FILE 0x20u   /* selectors of files start here */
#define QH_FW_ARCH_LOCAL 0x8000u /* bit of selectors that a target gives a meaning */

/* QhFwItem.flags */
#define QH_FW_IN_PLACE (1u << 0) /* @data is not copied: it lives until remove */
#define QH_FW_WRITABLE (1u << 1) /* the guest may write, by DMA only; needs IN_PLACE */

typedef struct QhFwItem {
    uint32_t size;
    uint32_t flags;
    const char *name;  /* of the file; NULL: an item that is known by @selector alone */
    uint16_t selector; /* without @name; with one the host chooses, and writes it nowhere */
    uint16_t reserved;
    uint32_t bytes;
    void *data; /* read only, unless WRITABLE */
    /* Optional: the guest selects the item; may change what it holds (in place, or by set).
     * [device] */
    void (*selected)(void *opaque);
    /* Optional: the guest has written @bytes at @offset of @data, in one transfer. [device] */
    void (*written)(void *opaque, uint32_t offset, uint32_t bytes);
    void *opaque;
} QhFwItem;

/* What a reader gets to see of an item. */
typedef struct QhFwView {
    uint32_t size;
    uint32_t flags;
    const char *name; /* NULL: no file */
    uint16_t selector;
    uint16_t reserved;
    uint32_t bytes;
    uint8_t *data; /* valid until the device lock is let go of */
} QhFwView;

typedef struct QhFwService {
    uint32_t size;
    uint32_t reserved;

    /* Whether the machine has a device that shows items to the guest. [main] */
    gboolean (*present)(QhMachine *machine);
    /* Add a copy of @item. FALSE with @error: the name or the selector is taken or makes no sense.
     * [main] */
    gboolean (*add)(QhMachine *machine, const QhFwItem *item, GError **error);
    /* New content, copied, for the file @name that is not in place; it is added when there is none.
     * [device] */
    gboolean (*set)(
        QhMachine *machine, const char *name, const void *data, uint32_t bytes, GError **error);
    /* Take file @name out; none of that name: nothing happens. [main] */
    void (*remove)(QhMachine *machine, const char *name);

    /*
     * In realize of a device that can be booted from: @index is the user's bootindex, -1 for none
     * (then nothing happens). @suffix is what Open Firmware names the unit below the device by
     * ("/disk@0,0", "/ethernet-phy@0"), or NULL. FALSE with @error when another has that index.
     * Goes with the device. [main]
     */
    gboolean (*boot_device)(QhDevice *device, int32_t index, const char *suffix, GError **error);

    /* --- For the device that shows the items --- */

    /* Become it, or (@device NULL) stop being it. FALSE with @error when there is one. [main] */
    gboolean (*show)(QhMachine *machine, QhDevice *device, GError **error);
    /* Look at the item under @selector; FALSE: there is none. @select: the guest selects it.
     * [device] */
    gboolean (*view)(QhMachine *machine, uint16_t selector, gboolean select, QhFwView *ret);
    /* The guest wrote @bytes at @offset of the writable item under @selector. [device] */
    void (*wrote)(QhMachine *machine, uint16_t selector, uint32_t offset, uint32_t bytes);
    /* File @n of the directory, in the order of selectors; FALSE: there are only @n. [device] */
    gboolean (*file)(QhMachine *machine, uint32_t n, QhFwView *ret);
} QhFwService;

#endif
