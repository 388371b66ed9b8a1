/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine tells the guest's firmware: items by name or selector, and which devices to boot
 * from in which order (abi/fw-cfg.h). The host keeps them; a device of a module shows them.
 */
#ifndef QH_CORE_FIRMWARE_ITEMS_H
#define QH_CORE_FIRMWARE_ITEMS_H

#include "abi/fw-cfg.h"

typedef struct QhFirmware QhFirmware;

QhFirmware *qh_firmware_new(QhMachine *machine);
void qh_firmware_free(QhFirmware *firmware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhFirmware, qh_firmware_free)

gboolean qh_firmware_add(QhFirmware *firmware, const QhFwItem *item, GError **error);
/* The same, with a copy of @data. */
gboolean qh_firmware_set(
    QhFirmware *firmware, const char *name, const void *data, uint32_t bytes, GError **error);
void qh_firmware_remove(QhFirmware *firmware, const char *name);
gboolean qh_firmware_view(QhFirmware *firmware, uint16_t selector, gboolean select, QhFwView *ret);

/* boot-order.c: the device goes; no-op when it has no index. */
void qh_firmware_forget(QhFirmware *firmware, const QhDevice *device);
/* Write file "bootorder"; before each reset, since devices come and go. @strict: nothing else may
 * be booted from. [main] */
gboolean qh_firmware_write_order(QhFirmware *firmware, gboolean strict, GError **error);

extern const QhFwService qh_fw_service;

#endif
