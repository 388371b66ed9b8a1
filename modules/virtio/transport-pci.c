/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio over PCI (4.1). The modern registers are one memory window of four pages: common
 * configuration, interrupt status, the device's configuration, notifications; capabilities say so.
 * The same can be reached through a window in configuration space, for firmware. Where places are
 * free, QEMU's are used: BAR 0 legacy registers, BAR 1 MSI-X, BAR 4 modern registers.
 */
#include "modules/virtio/transport-pci.h"

#define BAR_LEGACY 0u
#define BAR_MSIX   1u
#define BAR_MODERN 4u
#define MSIX_TABLE 0u
#define MSIX_PBA   0x800u

#define PAGE          0x1000u
#define AT_COMMON     0x0000u
#define AT_ISR        0x1000u
#define AT_DEVICE     0x2000u
#define AT_NOTIFY     0x3000u
#define MODERN_BYTES  0x4000u
#define NOTIFY_STRIDE 4u /* notify_off_multiplier: a word for each queue, unless it has a page */

/* 4.1.4: capabilities */
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4, CAP_PCI = 5 };
#define CAP_VENDOR     0x09u
#define CAP_BYTES      16u
#define CAP_TYPE       3u
#define CAP_BAR        4u
#define CAP_OFFSET     8u
#define CAP_LENGTH     12u
#define CAP_MULTIPLIER 16u
#define CAP_DATA       16u

/* Configuration space header */
#define PCI_DEVICE_ID    0x02u
#define PCI_REVISION     0x08u
#define PCI_SUBSYSTEM_ID 0x2eu

/* 4.1.4.3: common configuration */
enum {
    DEVICE_FEATURE_SELECT = 0x00,
    DEVICE_FEATURE = 0x04,
    DRIVER_FEATURE_SELECT = 0x08,
    DRIVER_FEATURE = 0x0c,
    CONFIG_VECTOR = 0x10,
    NUM_QUEUES = 0x12,
    DEVICE_STATUS = 0x14,
    CONFIG_GENERATION = 0x15,
    QUEUE_SELECT = 0x16,
    QUEUE_SIZE = 0x18,
    QUEUE_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c,
    QUEUE_NOTIFY_OFF = 0x1e,
    QUEUE_DESC = 0x20,
    QUEUE_DRIVER = 0x28,
    QUEUE_DEVICE = 0x30,
    QUEUE_NOTIFY_DATA = 0x38,
    QUEUE_RESET = 0x3a,
    COMMON_BYTES = 0x3c,
};

static VirtioQueue *selected(VirtioDevice *device)
{
    return virtio_device_queue(device, device->pci.queue_select);
}

/* --- Interrupts --- */

uint16_t virtio_pci_vector(const VirtioDevice *device, uint32_t vector)
{
    return vector < device->pci.vectors ? (uint16_t)vector : VIRTIO_PCI_NO_VECTOR;
}

uint8_t virtio_pci_take_isr(VirtioDevice *device)
{
    uint8_t isr = device->isr;

    device->isr = 0;
    device->pci.bus->set_irq(&device->base, FALSE);
    return isr;
}

static void interrupt(VirtioDevice *device, VirtioQueue *queue)
{
    const QhPciService *bus = device->pci.bus;

    if (bus->interrupt_mode(&device->base) == QH_PCI_MSIX) {
        uint16_t vector = queue != NULL ? queue->vector : device->pci.config_vector;

        if (vector != VIRTIO_PCI_NO_VECTOR) {
            bus->notify(&device->base, vector);
        }
        return;
    }
    device->isr |= queue != NULL ? VIRTIO_ISR_QUEUE : VIRTIO_ISR_CONFIG;
    bus->set_irq(&device->base, TRUE);
}

static void transport_reset(VirtioDevice *device)
{
    device->pci.config_vector = VIRTIO_PCI_NO_VECTOR;
    for (uint32_t i = 0; i < device->n_queues; i++) {
        device->queues[i]->vector = VIRTIO_PCI_NO_VECTOR;
    }
    device->pci.bus->set_irq(&device->base, FALSE);
}

static void *dma_map(VirtioDevice *device, uint64_t address, uint64_t *length, gboolean write)
{
    return device->pci.bus->dma_map(&device->base, address, length, write);
}

static void dma_unmap(VirtioDevice *device, void *pointer, uint64_t length, uint64_t written)
{
    device->pci.bus->dma_unmap(&device->base, pointer, length, written);
}

static const VirtioTransport pci_transport = {
    .interrupt = interrupt,
    .reset = transport_reset,
    .dma_map = dma_map,
    .dma_unmap = dma_unmap,
};

/* --- Common configuration --- */

static uint32_t read_queue(const VirtioQueue *queue, uint32_t offset)
{
    switch (offset) {
    case QUEUE_SIZE:
        return queue->size;
    case QUEUE_VECTOR:
        return queue->vector;
    case QUEUE_ENABLE:
        return queue->enabled;
    case QUEUE_NOTIFY_OFF:
    case QUEUE_NOTIFY_DATA:
        return queue->index;
    case QUEUE_DESC:
        return (uint32_t)queue->desc_address;
    case QUEUE_DESC + 4:
        return (uint32_t)(queue->desc_address >> 32);
    case QUEUE_DRIVER:
        return (uint32_t)queue->driver_address;
    case QUEUE_DRIVER + 4:
        return (uint32_t)(queue->driver_address >> 32);
    case QUEUE_DEVICE:
        return (uint32_t)queue->device_address;
    case QUEUE_DEVICE + 4:
        return (uint32_t)(queue->device_address >> 32);
    default: /* QUEUE_RESET, too: a reset is over when the write is */
        return 0;
    }
}

static uint32_t read_common(VirtioDevice *device, uint32_t offset)
{
    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        return device->pci.device_select;
    case DEVICE_FEATURE:
        return virtio_device_offered(device, device->pci.device_select);
    case DRIVER_FEATURE_SELECT:
        return device->pci.driver_select;
    case DRIVER_FEATURE:
        return virtio_device_accepted(device, device->pci.driver_select);
    case CONFIG_VECTOR:
        return device->pci.config_vector;
    case NUM_QUEUES:
        return device->n_queues;
    case DEVICE_STATUS:
        return virtio_device_status(device);
    case CONFIG_GENERATION:
        return device->generation & 0xff;
    case QUEUE_SELECT:
        return device->pci.queue_select;
    default:
        /* a queue that is not there has the size 0 (4.1.4.3.1) */
        return selected(device) != NULL ? read_queue(selected(device), offset) : 0;
    }
}

static void set_half(uint64_t *address, uint32_t offset, uint32_t value)
{
    uint32_t shift = 8 * (offset & 4);

    *address = (*address & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
}

static void write_address(VirtioQueue *queue, uint32_t offset, uint32_t value)
{
    if (queue->enabled) {
        virtio_guest_error(queue->device, "the address of a live queue is written");
    } else if (offset < QUEUE_DRIVER) {
        set_half(&queue->desc_address, offset, value);
    } else if (offset < QUEUE_DEVICE) {
        set_half(&queue->driver_address, offset, value);
    } else {
        set_half(&queue->device_address, offset, value);
    }
}

static void write_queue(VirtioQueue *queue, uint32_t offset, uint32_t value)
{
    VirtioDevice *device = queue->device;

    switch (offset) {
    case QUEUE_SIZE:
        virtio_queue_set_size(queue, value);
        break;
    case QUEUE_VECTOR:
        queue->vector = virtio_pci_vector(device, value);
        break;
    case QUEUE_ENABLE:
        if (value == 1) {
            virtio_queue_enable(queue);
        }
        break;
    case QUEUE_DESC:
    case QUEUE_DESC + 4:
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:
        write_address(queue, offset, value);
        break;
    case QUEUE_RESET:
        if (value == 1 && virtio_has(device, VIRTIO_F_RING_RESET)) {
            virtio_queue_reset(queue);
        }
        break;
    default:
        break;
    }
}

static void write_common(VirtioDevice *device, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        device->pci.device_select = value;
        break;
    case DRIVER_FEATURE_SELECT:
        device->pci.driver_select = value;
        break;
    case DRIVER_FEATURE:
        virtio_device_accept(device, device->pci.driver_select, value);
        break;
    case CONFIG_VECTOR:
        device->pci.config_vector = virtio_pci_vector(device, value);
        break;
    case DEVICE_STATUS:
        virtio_device_set_status(device, (uint8_t)value);
        break;
    case QUEUE_SELECT:
        device->pci.queue_select = value;
        break;
    default:
        if (selected(device) != NULL) {
            write_queue(selected(device), offset, value);
        }
    }
}

/* --- The window --- */

static uint64_t modern_read(VirtioDevice *device, uint32_t offset, uint32_t width, gboolean debug)
{
    switch (offset & ~(PAGE - 1)) {
    case AT_COMMON:
        return read_common(device, offset);
    case AT_ISR:
        if (offset != AT_ISR) {
            return 0;
        }
        return debug ? device->isr : virtio_pci_take_isr(device);
    case AT_DEVICE:
        return virtio_device_read_config(device, offset - AT_DEVICE, width);
    default:
        return 0;
    }
}

static void modern_write(VirtioDevice *device, uint32_t offset, uint32_t width, uint64_t value)
{
    switch (offset & ~(PAGE - 1)) {
    case AT_COMMON:
        write_common(device, offset, (uint32_t)value);
        break;
    case AT_DEVICE:
        virtio_device_write_config(device, offset - AT_DEVICE, width, value);
        break;
    default:
        if (offset >= AT_NOTIFY) {
            virtio_device_kick(device, (offset - AT_NOTIFY) / device->pci.notify_stride);
        }
        break;
    }
}

static uint32_t
io_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    uint64_t value = modern_read(opaque, (uint32_t)offset, width, (attrs & QH_ATTR_DEBUG) != 0);

    *ret_value = width == 8 ? value : value & ((UINT64_C(1) << (8 * width)) - 1);
    return QH_BUS_OK;
}

static uint32_t
io_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    if ((attrs & QH_ATTR_DEBUG) == 0) {
        modern_write(opaque, (uint32_t)offset, width, value);
    }
    return QH_BUS_OK;
}

/* --- Access through configuration space (4.1.4.9) --- */

static uint32_t notify_bytes(const VirtioDevice *device)
{
    return MAX(PAGE, device->n_queues * device->pci.notify_stride);
}

/* What the guest has set: FALSE when it makes no sense. */
static gboolean cfg_target(VirtioDevice *device, uint32_t *ret_offset, uint32_t *ret_width)
{
    const uint8_t *cap = device->pci.bus->config(&device->base) + device->pci.cfg_cap;
    uint32_t width = virtio_get32(cap + CAP_LENGTH), offset = virtio_get32(cap + CAP_OFFSET);

    if (cap[CAP_BAR] != BAR_MODERN || (width != 1 && width != 2 && width != 4) ||
        offset % width != 0 || offset > AT_NOTIFY + notify_bytes(device) - width) {
        return FALSE;
    }
    *ret_offset = offset;
    *ret_width = width;
    return TRUE;
}

static gboolean touches_data(const VirtioDevice *device, uint32_t offset, uint32_t width)
{
    uint32_t data = device->pci.cfg_cap + CAP_DATA;

    return device->pci.cfg_cap != 0 && offset < data + 4 && offset + width > data;
}

void virtio_pci_config_read(QhDevice *base, uint32_t offset, uint32_t width)
{
    VirtioDevice *device = (VirtioDevice *)base;
    uint32_t at, bytes;

    if (touches_data(device, offset, width) && cfg_target(device, &at, &bytes)) {
        uint32_t value = (uint32_t)modern_read(device, at, bytes, FALSE);

        virtio_put32(device->pci.bus->config(base) + device->pci.cfg_cap + CAP_DATA, value);
    }
}

void virtio_pci_config_written(QhDevice *base, uint32_t offset, uint32_t width)
{
    VirtioDevice *device = (VirtioDevice *)base;
    uint32_t at, bytes;

    if (touches_data(device, offset, width) && cfg_target(device, &at, &bytes)) {
        uint64_t value =
            virtio_get32(device->pci.bus->config(base) + device->pci.cfg_cap + CAP_DATA);

        modern_write(device, at, bytes, value & ((UINT64_C(1) << (8 * bytes)) - 1));
    }
}

/* --- Life --- */

static uint32_t add_capability(VirtioDevice *device,
                               uint8_t type,
                               uint32_t bytes,
                               uint32_t offset,
                               uint32_t length,
                               GError **error)
{
    const QhPciService *bus = device->pci.bus;
    uint32_t at = bus->capability(&device->base, CAP_VENDOR, bytes, error);

    if (at != 0) {
        uint8_t *cap = bus->config(&device->base) + at;

        cap[2] = (uint8_t)bytes;
        cap[CAP_TYPE] = type;
        cap[CAP_BAR] = BAR_MODERN;
        virtio_put32(cap + CAP_OFFSET, offset);
        virtio_put32(cap + CAP_LENGTH, length);
    }
    return at;
}

static gboolean add_modern(VirtioDevice *device, GError **error)
{
    const QhPciService *bus = device->pci.bus;
    uint32_t notify, cfg;

    device->pci.notify_stride = device->pci.page_per_vq ? PAGE : NOTIFY_STRIDE;
    device->services->device->window_set_bytes(&device->base, VIRTIO_PCI_MODERN,
                                               AT_NOTIFY + notify_bytes(device));
    if (!bus->bar(&device->base, BAR_MODERN, VIRTIO_PCI_MODERN, QH_PCI_BAR_64 | QH_PCI_BAR_PREFETCH,
                  0, error) ||
        add_capability(device, CAP_COMMON, CAP_BYTES, AT_COMMON, PAGE, error) == 0 ||
        add_capability(device, CAP_ISR, CAP_BYTES, AT_ISR, PAGE, error) == 0 ||
        (device->config_bytes != 0 &&
         add_capability(device, CAP_DEVICE, CAP_BYTES, AT_DEVICE, PAGE, error) == 0)) {
        return FALSE;
    }
    notify =
        add_capability(device, CAP_NOTIFY, CAP_BYTES + 4, AT_NOTIFY, notify_bytes(device), error);
    cfg = notify != 0 ? add_capability(device, CAP_PCI, CAP_BYTES + 4, 0, 0, error) : 0;
    if (cfg == 0) {
        return FALSE;
    }
    virtio_put32(bus->config(&device->base) + notify + CAP_MULTIPLIER, device->pci.notify_stride);
    bus->config(&device->base)[cfg + CAP_BAR] = 0;
    bus->writable(&device->base)[cfg + CAP_BAR] = 0xff;
    memset(bus->writable(&device->base) + cfg + CAP_OFFSET, 0xff, 12);
    device->pci.cfg_cap = cfg;
    return TRUE;
}

/* 4.1.2.1: what the device is to the guest. */
static void put_ids(VirtioDevice *device)
{
    uint8_t *config = device->pci.bus->config(&device->base);
    const VirtioFunction *function = device->function;

    if (device->modern_only) {
        virtio_put16(config + PCI_DEVICE_ID, 0x1040u + function->device_id);
        virtio_put16(config + PCI_SUBSYSTEM_ID, 0x1100);
        config[PCI_REVISION] = 1;
    } else {
        virtio_put16(config + PCI_DEVICE_ID, function->transitional_id);
        virtio_put16(config + PCI_SUBSYSTEM_ID, function->device_id);
        config[PCI_REVISION] = 0;
    }
}

static gboolean add_vectors(VirtioDevice *device, GError **error)
{
    VirtioPci *pci = &device->pci;

    if (pci->vectors == VIRTIO_PCI_AUTO) {
        pci->vectors = MIN(device->n_queues + 1, 128);
    }
    return pci->vectors == 0 ||
           pci->bus->msix(&device->base, pci->vectors, BAR_MSIX, MSIX_TABLE, MSIX_PBA, error);
}

static gboolean realize(VirtioDevice *device, gboolean legacy, gboolean modern, GError **error)
{
    const VirtioContext *context = device->base.ctx;

    if (!legacy && !modern) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot realize '%s': disable-legacy and disable-modern leave nothing",
                    device->base.id);
        return FALSE;
    }
    if (legacy && context->function->transitional_id == 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot realize '%s': virtio-%s has no legacy interface", device->base.id,
                    context->function->name);
        return FALSE;
    }
    device->legacy_only = !modern;
    device->modern_only = !legacy;
    device->transport = &pci_transport;
    if (!virtio_device_realize(device, error)) {
        return FALSE;
    }
    put_ids(device);
    if (legacy) {
        device->services->device->window_set_bytes(&device->base, VIRTIO_PCI_LEGACY,
                                                   virtio_pci_legacy_bytes(device));
    }
    return (!legacy || device->pci.bus->bar(&device->base, BAR_LEGACY, VIRTIO_PCI_LEGACY,
                                            QH_PCI_BAR_IO, 0, error)) &&
           add_vectors(device, error) && (!modern || add_modern(device, error));
}

static void find_bus(VirtioDevice *device)
{
    const VirtioContext *context = device->base.ctx;

    device->pci.bus = context->services.device->bus_service(device->base.bus);
}

gboolean virtio_pci_realize(QhDevice *base, GError **error)
{
    VirtioDevice *device = (VirtioDevice *)base;
    const VirtioContext *context = base->ctx;

    find_bus(device);
    gboolean legacy = device->pci.disable_legacy == 0 ? context->function->transitional_id != 0 &&
                                                            !device->pci.bus->is_express(base)
                                                      : device->pci.disable_legacy == 2;
    return realize(device, legacy, !device->pci.disable_modern, error);
}

gboolean virtio_pci_realize_transitional(QhDevice *base, GError **error)
{
    find_bus((VirtioDevice *)base);
    return realize((VirtioDevice *)base, TRUE, TRUE, error);
}

gboolean virtio_pci_realize_modern(QhDevice *base, GError **error)
{
    find_bus((VirtioDevice *)base);
    return realize((VirtioDevice *)base, FALSE, TRUE, error);
}

void virtio_pci_unrealize(QhDevice *device)
{
    virtio_device_unrealize((VirtioDevice *)device);
}

void virtio_pci_reset(QhDevice *base, uint32_t kind)
{
    VirtioDevice *device = (VirtioDevice *)base;

    (void)kind;
    device->pci.device_select = device->pci.driver_select = device->pci.queue_select = 0;
    virtio_device_reset(device);
}

void virtio_pci_run_state(QhDevice *device, gboolean running)
{
    virtio_device_run_state((VirtioDevice *)device, running);
}

gboolean virtio_pci_property_changed(QhDevice *base, const char *property, GError **error)
{
    VirtioDevice *device = (VirtioDevice *)base;

    return device->function->property_changed == NULL ||
           device->function->property_changed(device, property, error);
}

static const QhIoOps modern_io = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = io_read,
    .write = io_write,
};
const QhWindow virtio_pci_windows[VIRTIO_PCI_N_WINDOWS] = {
    {.name = "modern", .bytes = MODERN_BYTES, .ops = &modern_io           },
    {.name = "legacy", .bytes = 0,            .ops = &virtio_pci_legacy_io},
};
