/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A byte that a crashing kernel writes (QEMU docs/specs/pvpanic): the bits that it reads are those
 * that it may write.
 */
#include "modules/health/health.h"

#define PANICKED    (1u << 0)
#define CRASHLOADED (1u << 1)
#define PVSHUTDOWN  (1u << 2)

typedef struct Pvpanic {
    QhDevice base;
    uint8_t events; /* property */
} Pvpanic;

static uint32_t
window_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    const Pvpanic *panic = opaque;

    (void)width;
    (void)attrs;
    *ret_value = offset == 0 ? panic->events : 0;
    return QH_BUS_OK;
}

static uint32_t
window_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Pvpanic *panic = opaque;
    const HealthServices *s = panic->base.ctx;

    (void)width;
    (void)attrs;
    if (offset != 0) {
        return QH_BUS_OK;
    }
    if ((value & ~(uint64_t)panic->events) != 0) {
        s->log->guest(s->host, QH_LOG_GUEST_ERROR, "pvpanic: an event that the host has not");
    }
    value &= panic->events;
    if ((value & PANICKED) != 0) {
        s->machine->guest_event(panic->base.machine, QH_GUEST_PANICKED, NULL);
    } else if ((value & CRASHLOADED) != 0) {
        s->machine->guest_event(panic->base.machine, QH_GUEST_CRASHLOADED, NULL);
    } else if ((value & PVSHUTDOWN) != 0) {
        s->machine->guest_event(panic->base.machine, QH_GUEST_PVSHUTDOWN, NULL);
    }
    return QH_BUS_OK;
}

static gboolean realize(QhDevice *device, GError **error)
{
    const HealthServices *s = device->ctx;
    const QhPciService *pci = s->device->bus_service(device->bus);

    return pci->bar(device, 0, 0, 0, 0, error);
}

static void reset(QhDevice *device, uint32_t kind)
{
    (void)device;
    (void)kind;
}

static const QhProperty properties[] = {
    QH_PROPERTY("events",
                QH_PROPERTY_U8,
                offsetof(Pvpanic, events),
                "7",
                0,
                PANICKED | CRASHLOADED | PVSHUTDOWN,
                "what the guest may tell: 1 crash, 2 crash that is taken care of, 4 shutdown"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);
/* It keeps nothing. */
static const QhStateTable state_table = {
    .size = sizeof(QhStateTable),
    .field_size = sizeof(QhStateField),
};
static const QhIoOps io_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 1,
    .flags = QH_IO_SPLIT,
    .read = window_read,
    .write = window_write,
};
static const QhWindow windows[] = {
    {.name = "pvpanic", .bytes = 16, .ops = &io_ops},
};
static const QhPciClass pci_class = {
    .size = sizeof(QhPciClass),
    .vendor = 0x1b36,
    .device = 0x0011,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x088000,
    .revision = 1,
};

const QhDeviceOps health_pvpanic_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Pvpanic),
    .description = "Tells the host of the guest's crashes",
    .bus = QH_PCI_BUS,
    .properties = &property_table,
    .state = &state_table,
    QH_WINDOWS(windows),
    .realize = realize,
    .reset = reset,
    .bus_class = &pci_class,
};
