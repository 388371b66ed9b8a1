/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of core/firmware share. */
#ifndef QH_CORE_FIRMWARE_ITEMS_PRIV_H
#define QH_CORE_FIRMWARE_ITEMS_PRIV_H

#include "core/firmware/items.h"

/* A device that the user wants to be booted from. */
typedef struct Boot {
    QhDevice *device;
    int32_t index;
    char *suffix; /* or NULL */
} Boot;

struct QhFirmware {
    QhMachine *machine;
    GPtrArray *items; /* QhFwItem *, of which name and, unless in place, data are owned */
    GArray *boots;    /* Boot, in the order of their indices */
    QhDevice *device; /* that shows the items, or NULL */
    uint16_t next;    /* selector of the next file */
};

gboolean
qh_firmware_boot_device(QhDevice *device, int32_t index, const char *suffix, GError **error);

#endif
