/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Class "virtio-mmio" (4.2): a window of 0x200 bytes, one line out, and a bus for one function. */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include "modules/virtio/core.h"

#define VIRTIO_MMIO_BUS "virtio-mmio-bus"

typedef struct VirtioMmio {
    QhDevice base;
    uint8_t force_legacy; /* property: version 1 of the registers */

    const VirtioServices *services;
    QhBus *bus;
    VirtioDevice *child; /* that the registers show; NULL: an empty bus */
    QhDevice *attached;  /* the same, or on its way to become it */
    uint32_t device_select, driver_select, queue_select;
    uint32_t guest_page_bytes, queue_align; /* legacy */
} VirtioMmio;

extern const QhDeviceOps virtio_mmio_ops;

/* What classes for this bus have as bus_class. */
extern const char virtio_mmio_child[];

/* Methods of the classes "virtio-X-device". */
gboolean virtio_child_realize(QhDevice *device, GError **error);
void virtio_child_unrealize(QhDevice *device);
void virtio_child_reset(QhDevice *device, uint32_t kind);
void virtio_child_run_state(QhDevice *device, gboolean running);
gboolean virtio_child_property_changed(QhDevice *device, const char *property, GError **error);

#endif
