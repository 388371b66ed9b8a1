/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio over PCI (4.1): methods and windows of the classes "virtio-X-pci" and their variants. */
#ifndef VIRTIO_TRANSPORT_PCI_H
#define VIRTIO_TRANSPORT_PCI_H

#include "modules/virtio/core.h"

#define VIRTIO_PCI_VENDOR 0x1af4u

/* Windows of each class, in this order. */
#define VIRTIO_PCI_MODERN    0u
#define VIRTIO_PCI_LEGACY    1u
#define VIRTIO_PCI_N_WINDOWS 2u
extern const QhWindow virtio_pci_windows[VIRTIO_PCI_N_WINDOWS];

/* "-pci": modern, and legacy too on a conventional bus unless the user says otherwise. */
gboolean virtio_pci_realize(QhDevice *device, GError **error);
gboolean virtio_pci_realize_transitional(QhDevice *device, GError **error);
gboolean virtio_pci_realize_modern(QhDevice *device, GError **error);
void virtio_pci_unrealize(QhDevice *device);
void virtio_pci_reset(QhDevice *device, uint32_t kind);
void virtio_pci_run_state(QhDevice *device, gboolean running);
gboolean virtio_pci_property_changed(QhDevice *device, const char *property, GError **error);

/* Of bus_class. */
void virtio_pci_config_read(QhDevice *device, uint32_t offset, uint32_t width);
void virtio_pci_config_written(QhDevice *device, uint32_t offset, uint32_t width);

/* Registers of the legacy interface (4.1.4.10), in transport-pci-legacy.c */
extern const QhIoOps virtio_pci_legacy_io;
/* Bytes of that window for @device. */
uint64_t virtio_pci_legacy_bytes(const VirtioDevice *device);

/* --- Shared by both register sets --- */

#define VIRTIO_PCI_NO_VECTOR 0xffffu

/* @vector if there is such, or NO_VECTOR (4.1.5.1.2). */
uint16_t virtio_pci_vector(const VirtioDevice *device, uint32_t vector);
/* Interrupt status, which reading clears. */
uint8_t virtio_pci_take_isr(VirtioDevice *device);

#endif
