/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The legacy registers in port I/O space (4.1.4.10). The device's configuration follows them; where
 * it begins depends on whether MSI-X is on.
 */
#include "modules/virtio/transport-pci.h"

#define RING_ALIGN 4096u

enum {
    DEVICE_FEATURES = 0x00,
    DRIVER_FEATURES = 0x04,
    QUEUE_ADDRESS = 0x08,
    QUEUE_SIZE = 0x0c,
    QUEUE_SELECT = 0x0e,
    QUEUE_NOTIFY = 0x10,
    DEVICE_STATUS = 0x12,
    ISR_STATUS = 0x13,
    CONFIG_VECTOR = 0x14, /* with MSI-X */
    QUEUE_VECTOR = 0x16,
    CONFIG_PLAIN = 0x14,
    CONFIG_MSIX = 0x18,
};

static gboolean has_vectors(VirtioDevice *device)
{
    return device->pci.bus->interrupt_mode(&device->base) == QH_PCI_MSIX;
}

static uint32_t config_at(VirtioDevice *device)
{
    return has_vectors(device) ? CONFIG_MSIX : CONFIG_PLAIN;
}

uint64_t virtio_pci_legacy_bytes(const VirtioDevice *device)
{
    uint64_t bytes = 32;

    while (bytes < CONFIG_MSIX + device->config_bytes) {
        bytes *= 2;
    }
    return bytes;
}

static uint32_t read_register(VirtioDevice *device, uint32_t offset, gboolean debug)
{
    const VirtioQueue *queue = virtio_device_queue(device, device->pci.queue_select);

    switch (offset) {
    case DEVICE_FEATURES:
        return virtio_device_offered(device, 0);
    case DRIVER_FEATURES:
        return virtio_device_accepted(device, 0);
    case QUEUE_ADDRESS:
        return queue != NULL && queue->enabled ? (uint32_t)(queue->desc_address / RING_ALIGN) : 0;
    case QUEUE_SIZE:
        return queue != NULL ? queue->max_size : 0;
    case QUEUE_SELECT:
        return device->pci.queue_select;
    case DEVICE_STATUS:
        return virtio_device_status(device);
    case ISR_STATUS:
        return debug ? device->isr : virtio_pci_take_isr(device);
    case CONFIG_VECTOR:
        return device->pci.config_vector;
    case QUEUE_VECTOR:
        return queue != NULL ? queue->vector : VIRTIO_PCI_NO_VECTOR;
    default:
        return 0;
    }
}

static void write_register(VirtioDevice *device, uint32_t offset, uint32_t value)
{
    VirtioQueue *queue = virtio_device_queue(device, device->pci.queue_select);

    switch (offset) {
    case DRIVER_FEATURES:
        virtio_device_accept(device, 0, value);
        break;
    case QUEUE_ADDRESS:
        if (queue != NULL) {
            virtio_queue_enable_legacy(queue, (uint64_t)value * RING_ALIGN, RING_ALIGN);
        }
        break;
    case QUEUE_SELECT:
        device->pci.queue_select = value;
        break;
    case QUEUE_NOTIFY:
        virtio_device_kick(device, value & UINT16_MAX);
        break;
    case DEVICE_STATUS:
        virtio_device_set_status(device, (uint8_t)value);
        break;
    case CONFIG_VECTOR:
        device->pci.config_vector = virtio_pci_vector(device, value);
        break;
    case QUEUE_VECTOR:
        if (queue != NULL) {
            queue->vector = virtio_pci_vector(device, value);
        }
        break;
    default:
        break;
    }
}

static uint32_t
io_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    VirtioDevice *device = opaque;
    uint32_t config = config_at(device);

    if (offset >= config) {
        *ret_value = virtio_device_read_config(device, (uint32_t)offset - config, width);
    } else {
        uint32_t value = read_register(device, (uint32_t)offset, (attrs & QH_ATTR_DEBUG) != 0);

        *ret_value = value & (uint32_t)((UINT64_C(1) << (8 * width)) - 1);
    }
    return QH_BUS_OK;
}

static uint32_t
io_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    VirtioDevice *device = opaque;
    uint32_t config = config_at(device);

    if ((attrs & QH_ATTR_DEBUG) != 0) {
        return QH_BUS_OK;
    }
    if (offset >= config) {
        virtio_device_write_config(device, (uint32_t)offset - config, width, value);
    } else {
        write_register(device, (uint32_t)offset, (uint32_t)value);
    }
    return QH_BUS_OK;
}

const QhIoOps virtio_pci_legacy_io = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = io_read,
    .write = io_write,
};
