/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A generic host bridge: configuration space by ECAM (PCIe 7.2.2), windows of memory and port I/O
 * that a board puts into its address space, four interrupt lines. And the function 00.0 of its bus.
 */
#include "modules/pci/bridge.h"

typedef struct PciHost {
    QhDevice base;
    PciBus bus;
    PciRoot root;
    uint64_t ecam_bytes; /* properties from here */
    uint64_t mmio_base, mmio_bytes;
    uint64_t high_base, high_bytes;
    uint64_t pio_base, pio_bytes;
} PciHost;

/* Address bits 27:20 are the bus, 19:12 device and function, 11:0 the register. */
static PciFunction *function_of(PciHost *host, uint64_t offset)
{
    return pci_bus_find(&host->bus, (uint32_t)(offset >> 20), (uint32_t)(offset >> 12 & 0xff));
}

static uint32_t
ecam_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    PciFunction *function = function_of(opaque, offset);

    (void)attrs;
    *ret_value = function != NULL ? pci_config_read(function, (uint32_t)(offset & 0xfff), width)
                                  : UINT32_MAX >> (32 - 8 * width);
    return QH_BUS_OK;
}

static uint32_t
ecam_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    PciFunction *function = function_of(opaque, offset);

    (void)attrs;
    if (function != NULL) {
        pci_config_write(function, (uint32_t)(offset & 0xfff), width, (uint32_t)value);
    }
    return QH_BUS_OK;
}

static const QhIoOps ecam_io = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = ecam_read,
    .write = ecam_write,
};
static const QhWindow windows[] = {
    {.name = "ecam", .bytes = 0, .ops = &ecam_io},
};

static gboolean map(PciHost *host,
                    QhSpace *target,
                    uint64_t address,
                    uint64_t target_address,
                    uint64_t bytes,
                    GError **error)
{
    const PciServices *services = host->base.ctx;
    QhSpace *system = services->mem->system(host->base.machine);

    return bytes == 0 ||
           services->mem->map_space(system, address, bytes, target, target_address, 0, error);
}

static gboolean host_realize(QhDevice *device, GError **error)
{
    PciHost *host = (PciHost *)device;
    PciServices *services = device->ctx;

    if (host->ecam_bytes < (1u << 20) || host->ecam_bytes > (256u << 20) ||
        host->ecam_bytes % (1u << 20) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s': ecam-size must be a multiple of 1 MiB up to 256 MiB", device->id);
        return FALSE;
    }
    services->device->window_set_bytes(device, 0, host->ecam_bytes);
    host->root.device = device;
    host->root.memory = services->mem->space_new(device->machine, "pci-memory", 0);
    host->root.io = services->mem->space_new(device->machine, "pci-io", 0x10000);
    host->bus.root = &host->root;
    host->bus.express = TRUE;
    if (!map(host, host->root.memory, host->mmio_base, host->mmio_base, host->mmio_bytes, error) ||
        !map(host, host->root.memory, host->high_base, host->high_base, host->high_bytes, error) ||
        !map(host, host->root.io, host->pio_base, 0, MIN(host->pio_bytes, 0x10000), error) ||
        !pci_bus_init(&host->bus, device, "pcie.0", error)) {
        return FALSE;
    }
    host->root.bus = &host->bus;
    host->root.next = services->roots;
    services->roots = &host->root;
    QhInstance *root =
        services->device->create_on(device->machine, host->bus.handle, "gpex-root", NULL, error);
    return root != NULL && services->device->set(root, "addr", "0", error) &&
           services->device->realize(root, error);
}

static void host_unrealize(QhDevice *device)
{
    PciRoot **link = &((PciServices *)device->ctx)->roots;

    while (*link != NULL && (*link)->device != device) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = (*link)->next;
    }
}

static void host_reset(QhDevice *device, uint32_t kind)
{
    (void)kind;
    pci_bridge_reset_bus(&((PciHost *)device)->bus);
}

#define AT(member) offsetof(PciHost, member)

static const QhProperty properties[] = {
    QH_PROPERTY("ecam-size",
                QH_PROPERTY_SIZE,
                AT(ecam_bytes),
                "256M",
                0,
                0,
                "configuration space, 1 MiB for each bus"),
    QH_PROPERTY("mmio-base", QH_PROPERTY_U64, AT(mmio_base), NULL, 0, 0, "memory window"),
    QH_PROPERTY("mmio-size", QH_PROPERTY_SIZE, AT(mmio_bytes), NULL, 0, 0, "its size"),
    QH_PROPERTY(
        "high-mmio-base", QH_PROPERTY_U64, AT(high_base), NULL, 0, 0, "memory window above 4 GiB"),
    QH_PROPERTY("high-mmio-size", QH_PROPERTY_SIZE, AT(high_bytes), NULL, 0, 0, "its size"),
    QH_PROPERTY("pio-base", QH_PROPERTY_U64, AT(pio_base), NULL, 0, 0, "port I/O window"),
    QH_PROPERTY("pio-size", QH_PROPERTY_SIZE, AT(pio_bytes), NULL, 0, 0, "its size"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

/* How many functions hold each line; the rest is with the functions. */
static const QhStateField fields[] = {
    {.name = "level_count",
     .offset = offsetof(PciHost, root) + offsetof(PciRoot, level_count),
     .count = PCI_N_LINES,
     .type = QH_TYPE_I32,
     .klass = QH_CLASS_CTRL},
};

static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

const QhDeviceOps pci_host_ops = {
    .size = sizeof(QhDeviceOps),
    .state = &state_table,
    .state_size = sizeof(PciHost),
    .description = "Generic PCI Express host bridge",
    .properties = &property_table,
    QH_WINDOWS(windows),
    .n_irq_out = PCI_N_LINES,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = host_realize,
    .unrealize = host_unrealize,
    .reset = host_reset,
    .firmware_name = "pci",
};

static gboolean root_realize(QhDevice *device, GError **error)
{
    (void)device;
    (void)error;
    return TRUE;
}

static void root_reset(QhDevice *device, uint32_t kind)
{
    (void)device;
    (void)kind;
}

static const QhPciClass root_class = {
    .size = sizeof(QhPciClass),
    .vendor = 0x1b36,
    .device = 0x0008,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x060000,
};

const QhDeviceOps pci_host_root_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(QhDevice),
    .description = "Host bridge, as a function of its bus",
    .bus = QH_PCI_BUS,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = root_realize,
    .reset = root_reset,
    .bus_class = &root_class,
};
