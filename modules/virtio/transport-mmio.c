/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of 4.2.2 and, with force-legacy, of 4.2.4. */
#include "modules/virtio/mmio.h"

#define MAGIC         0x74726976u /* "virt" */
#define VENDOR        0x554d4551u /* what guests have come to look for */
#define CONFIG        0x100u
#define WINDOW_BYTES  0x200u
#define LEGACY_ALIGN  4096u
#define NO_SHARED_MEM UINT32_MAX /* SHMLen, 4.2.2: there is no such region */

enum {
    MAGIC_VALUE = 0x00,
    VERSION = 0x04,
    DEVICE_ID = 0x08,
    VENDOR_ID = 0x0c,
    DEVICE_FEATURES = 0x10,
    DEVICE_FEATURES_SEL = 0x14,
    DRIVER_FEATURES = 0x20,
    DRIVER_FEATURES_SEL = 0x24,
    GUEST_PAGE_SIZE = 0x28, /* legacy */
    QUEUE_SEL = 0x30,
    QUEUE_NUM_MAX = 0x34,
    QUEUE_NUM = 0x38,
    QUEUE_ALIGN = 0x3c, /* legacy */
    QUEUE_PFN = 0x40,   /* legacy */
    QUEUE_READY = 0x44,
    QUEUE_NOTIFY = 0x50,
    INTERRUPT_STATUS = 0x60,
    INTERRUPT_ACK = 0x64,
    STATUS = 0x70,
    QUEUE_DESC_LOW = 0x80,
    QUEUE_DESC_HIGH = 0x84,
    QUEUE_DRIVER_LOW = 0x90,
    QUEUE_DRIVER_HIGH = 0x94,
    QUEUE_DEVICE_LOW = 0xa0,
    QUEUE_DEVICE_HIGH = 0xa4,
    SHM_LEN_LOW = 0xb0,
    SHM_LEN_HIGH = 0xb4,
    SHM_BASE_LOW = 0xb8,
    SHM_BASE_HIGH = 0xbc,
    QUEUE_RESET = 0xc0,
    CONFIG_GENERATION = 0xfc,
};

static VirtioQueue *selected(const VirtioMmio *mmio)
{
    return virtio_device_queue(mmio->child, mmio->queue_select);
}

static void update_line(VirtioMmio *mmio)
{
    mmio->services->device->set_irq(&mmio->base, 0, mmio->child != NULL && mmio->child->isr != 0);
}

/* --- Registers --- */

static uint32_t read_legacy(const VirtioMmio *mmio, uint32_t offset)
{
    const VirtioQueue *queue = selected(mmio);

    if (offset == QUEUE_PFN && queue != NULL && queue->enabled) {
        return (uint32_t)(queue->desc_address / mmio->guest_page_bytes);
    }
    return 0;
}

static uint32_t read_modern(const VirtioMmio *mmio, uint32_t offset)
{
    const VirtioQueue *queue = selected(mmio);

    switch (offset) {
    case QUEUE_READY:
        return queue != NULL && queue->enabled;
    case SHM_LEN_LOW:
    case SHM_LEN_HIGH:
    case SHM_BASE_LOW:
    case SHM_BASE_HIGH:
        return NO_SHARED_MEM;
    case CONFIG_GENERATION:
        return mmio->child->generation;
    default: /* QUEUE_RESET, too: a reset is over when the write is */
        return 0;
    }
}

static uint32_t read_register(const VirtioMmio *mmio, uint32_t offset)
{
    const VirtioDevice *device = mmio->child;

    switch (offset) {
    case MAGIC_VALUE:
        return MAGIC;
    case VERSION:
        return mmio->force_legacy ? 1 : 2;
    case VENDOR_ID:
        return VENDOR;
    default:
        break;
    }
    if (device == NULL) {
        return 0; /* device id 0: there is none (4.2.2) */
    }
    switch (offset) {
    case DEVICE_ID:
        return device->function->device_id;
    case DEVICE_FEATURES:
        return virtio_device_offered(device, mmio->device_select);
    case QUEUE_NUM_MAX:
        return selected(mmio) != NULL ? selected(mmio)->max_size : 0;
    case INTERRUPT_STATUS:
        return device->isr;
    case STATUS:
        return virtio_device_status(device);
    default:
        return mmio->force_legacy ? read_legacy(mmio, offset) : read_modern(mmio, offset);
    }
}

static void set_low(uint64_t *address, uint32_t value)
{
    *address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
    *address = (*address & UINT32_MAX) | (uint64_t)value << 32;
}

static void write_address(VirtioQueue *queue, uint32_t offset, uint32_t value)
{
    if (queue->enabled) {
        virtio_guest_error(queue->device, "the address of a live queue is written");
        return;
    }
    switch (offset) {
    case QUEUE_DESC_LOW:
        set_low(&queue->desc_address, value);
        break;
    case QUEUE_DESC_HIGH:
        set_high(&queue->desc_address, value);
        break;
    case QUEUE_DRIVER_LOW:
        set_low(&queue->driver_address, value);
        break;
    case QUEUE_DRIVER_HIGH:
        set_high(&queue->driver_address, value);
        break;
    case QUEUE_DEVICE_LOW:
        set_low(&queue->device_address, value);
        break;
    case QUEUE_DEVICE_HIGH:
        set_high(&queue->device_address, value);
        break;
    default:
        break;
    }
}

static void write_modern(VirtioMmio *mmio, uint32_t offset, uint32_t value)
{
    VirtioQueue *queue = selected(mmio);

    if (queue == NULL) {
        return;
    }
    switch (offset) {
    case QUEUE_READY:
        if (value & 1) {
            virtio_queue_enable(queue);
        } else {
            virtio_queue_reset(queue);
        }
        break;
    case QUEUE_RESET:
        if ((value & 1) && virtio_has(mmio->child, VIRTIO_F_RING_RESET)) {
            virtio_queue_reset(queue);
        }
        break;
    default:
        write_address(queue, offset, value);
    }
}

static void write_legacy(VirtioMmio *mmio, uint32_t offset, uint32_t value)
{
    VirtioQueue *queue = selected(mmio);

    switch (offset) {
    case GUEST_PAGE_SIZE:
        if (value != 0 && (value & (value - 1)) == 0) {
            mmio->guest_page_bytes = value;
        }
        break;
    case QUEUE_ALIGN:
        mmio->queue_align = value;
        break;
    case QUEUE_PFN:
        if (queue != NULL) {
            virtio_queue_enable_legacy(queue, (uint64_t)value * mmio->guest_page_bytes,
                                       mmio->queue_align);
        }
        break;
    default:
        break;
    }
}

static void write_register(VirtioMmio *mmio, uint32_t offset, uint32_t value)
{
    VirtioDevice *device = mmio->child;

    switch (offset) {
    case DEVICE_FEATURES_SEL:
        mmio->device_select = value;
        break;
    case DRIVER_FEATURES:
        virtio_device_accept(device, mmio->driver_select, value);
        break;
    case DRIVER_FEATURES_SEL:
        mmio->driver_select = value;
        break;
    case QUEUE_SEL:
        mmio->queue_select = value;
        break;
    case QUEUE_NUM:
        if (selected(mmio) != NULL) {
            virtio_queue_set_size(selected(mmio), value);
        }
        break;
    case QUEUE_NOTIFY:
        virtio_device_kick(device, value & UINT16_MAX);
        break;
    case INTERRUPT_ACK:
        device->isr &= (uint8_t)~value;
        update_line(mmio);
        break;
    case STATUS:
        virtio_device_set_status(device, (uint8_t)value);
        break;
    default:
        if (mmio->force_legacy) {
            write_legacy(mmio, offset, value);
        } else {
            write_modern(mmio, offset, value);
        }
    }
}

static uint32_t
io_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    VirtioMmio *mmio = opaque;

    (void)attrs; /* no register changes by being read */
    if (offset >= CONFIG) {
        *ret_value =
            mmio->child == NULL
                ? 0
                : virtio_device_read_config(mmio->child, (uint32_t)(offset - CONFIG), width);
        return QH_BUS_OK;
    }
    /* 4.2.2.2: registers are words; nothing else is defined */
    *ret_value = width == 4 ? read_register(mmio, (uint32_t)offset) : 0;
    return QH_BUS_OK;
}

static uint32_t
io_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    VirtioMmio *mmio = opaque;

    if (mmio->child == NULL || (attrs & QH_ATTR_DEBUG) != 0) {
        return QH_BUS_OK;
    }
    if (offset >= CONFIG) {
        virtio_device_write_config(mmio->child, (uint32_t)(offset - CONFIG), width, value);
    } else if (width == 4) {
        write_register(mmio, (uint32_t)offset, (uint32_t)value);
    }
    return QH_BUS_OK;
}

/* --- The transport --- */

static void interrupt(VirtioDevice *device, VirtioQueue *queue)
{
    VirtioMmio *mmio = device->wire;
    uint8_t bit = queue != NULL ? VIRTIO_ISR_QUEUE : VIRTIO_ISR_CONFIG;

    if ((device->isr & bit) == 0) {
        device->isr |= bit;
        update_line(mmio);
    }
}

static void transport_reset(VirtioDevice *device)
{
    update_line(device->wire);
}

static const VirtioTransport mmio_transport = {
    .interrupt = interrupt,
    .reset = transport_reset,
};

/* --- The bus --- */

const char virtio_mmio_child[] = VIRTIO_MMIO_BUS;

static gboolean
bus_attach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    VirtioMmio *mmio = (VirtioMmio *)parent;
    const QhDeviceService *device = mmio->services->device;

    (void)data;
    if (device->child_class(child) != virtio_mmio_child) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot attach '%s' to bus '%s': its module is another", child->id,
                    device->bus_name(bus));
        return FALSE;
    }
    if (mmio->attached != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "cannot attach '%s' to bus '%s': it holds one device and has it", child->id,
                    device->bus_name(bus));
        return FALSE;
    }
    VirtioDevice *function = (VirtioDevice *)child;
    mmio->attached = child;
    function->transport = &mmio_transport;
    function->wire = mmio;
    function->legacy_only = mmio->force_legacy;
    function->modern_only = !mmio->force_legacy;
    return TRUE;
}

static void bus_plug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, gboolean hot)
{
    (void)bus;
    (void)data;
    (void)hot;
    ((VirtioMmio *)parent)->child = (VirtioDevice *)child;
}

static void bus_detach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data)
{
    VirtioMmio *mmio = (VirtioMmio *)parent;

    (void)bus;
    (void)data;
    if (mmio->attached == child) {
        mmio->attached = NULL;
        mmio->child = NULL;
    }
}

static const QhBusOps bus_ops = {
    .size = sizeof(QhBusOps),
    .kind = VIRTIO_MMIO_BUS,
    .attach = bus_attach,
    .plug = bus_plug,
    .detach = bus_detach,
};

gboolean virtio_child_realize(QhDevice *device, GError **error)
{
    return virtio_device_realize((VirtioDevice *)device, error);
}

void virtio_child_unrealize(QhDevice *device)
{
    virtio_device_unrealize((VirtioDevice *)device);
}

void virtio_child_reset(QhDevice *device, uint32_t kind)
{
    (void)kind;
    virtio_device_reset((VirtioDevice *)device);
}

void virtio_child_run_state(QhDevice *device, gboolean running)
{
    virtio_device_run_state((VirtioDevice *)device, running);
}

gboolean virtio_child_property_changed(QhDevice *device, const char *property, GError **error)
{
    VirtioDevice *function = (VirtioDevice *)device;

    return function->function->property_changed == NULL ||
           function->function->property_changed(function, property, error);
}

/* --- The class --- */

static gboolean realize(QhDevice *device, GError **error)
{
    VirtioMmio *mmio = (VirtioMmio *)device;

    mmio->services = &((const VirtioContext *)device->ctx)->services;
    mmio->bus = mmio->services->device->bus_new(device, &bus_ops, NULL, error);
    return mmio->bus != NULL;
}

static void reset(QhDevice *device, uint32_t kind)
{
    VirtioMmio *mmio = (VirtioMmio *)device;

    (void)kind;
    mmio->device_select = mmio->driver_select = mmio->queue_select = 0;
    mmio->guest_page_bytes = LEGACY_ALIGN;
    mmio->queue_align = LEGACY_ALIGN;
}

static const QhIoOps io_ops = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = io_read,
    .write = io_write,
};
static const QhWindow windows[] = {
    {.name = "registers", .bytes = WINDOW_BYTES, .ops = &io_ops},
};
static const QhProperty properties[] = {
    QH_PROPERTY("force-legacy",
                QH_PROPERTY_BOOL,
                offsetof(VirtioMmio, force_legacy),
                "on",
                0,
                0,
                "registers of version 1, before the standard"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define FIELD(member) QH_STATE_FIELD(VirtioMmio, member, I32, 1)
static const QhStateField fields[] = {
    FIELD(device_select),    FIELD(driver_select), FIELD(queue_select),
    FIELD(guest_page_bytes), FIELD(queue_align),
};
#undef FIELD
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

const QhDeviceOps virtio_mmio_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(VirtioMmio),
    .description = "virtio over memory-mapped registers",
    .properties = &property_table,
    .state = &state_table,
    QH_WINDOWS(windows),
    .n_irq_out = 1,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .reset = reset,
    .firmware_name = "virtio-mmio",
};
