/* SPDX-License-Identifier: GPL-2.0-or-later */
/* query-pci: the buses as the guest has numbered and mapped them. */
#include "modules/pci/query.h"
#include "qapi/qapi-types-pci.h"

#include <string.h>

/* Base and sub classes (PCI Code and ID Assignment 1.11, chapter 1). */
static const struct {
    uint16_t code;
    const char *text;
} class_names[] = {
    {0x0100, "SCSI controller"       },
    {0x0101, "IDE controller"        },
    {0x0106, "SATA controller"       },
    {0x0108, "NVMe controller"       },
    {0x0180, "Storage controller"    },
    {0x0200, "Ethernet controller"   },
    {0x0280, "Network controller"    },
    {0x0300, "VGA controller"        },
    {0x0380, "Display controller"    },
    {0x0403, "Audio controller"      },
    {0x0500, "RAM controller"        },
    {0x0600, "Host bridge"           },
    {0x0601, "ISA bridge"            },
    {0x0604, "PCI bridge"            },
    {0x0700, "Serial port"           },
    {0x0780, "Communication device"  },
    {0x0880, "System peripheral"     },
    {0x0980, "Input device"          },
    {0x0c03, "USB controller"        },
    {0x1000, "Encryption device"     },
    {0x00ff, "Device without a class"},
};

static const char *class_text(uint32_t code)
{
    for (guint i = 0; i < G_N_ELEMENTS(class_names); i++) {
        if (class_names[i].code == code) {
            return class_names[i].text;
        }
    }
    return NULL;
}

/* Room for one more, zeroed, at the end of a list of @n. */
#define APPEND(list)                                                                               \
    ((list)->items = g_realloc_n((list)->items, (list)->n + 1, sizeof(*(list)->items)),            \
     memset(&(list)->items[(list)->n], 0, sizeof(*(list)->items)), &(list)->items[(list)->n++])

static void add_region(const PciBar *bar, uint32_t n, QhQmpPciMemoryRegionList *list)
{
    gboolean io = (bar->flags & QH_PCI_BAR_IO) != 0;
    QhQmpPciMemoryRegion *region = APPEND(list);

    region->bar = n;
    region->type = g_strdup(io ? "io" : "memory");
    region->address = (int64_t)bar->address; /* nowhere is all ones */
    region->size = (int64_t)bar->bytes;
    if (!io) {
        region->has_prefetch = region->has_mem_type_64 = TRUE;
        region->prefetch = (bar->flags & QH_PCI_BAR_PREFETCH) != 0;
        region->mem_type_64 = (bar->flags & QH_PCI_BAR_64) != 0;
    }
}

static void fill_ranges(const PciFunction *function, QhQmpPciBusInfo *bus)
{
    const uint8_t *config = function->config;

    bus->io_range.base = (config[PCI_IO_BASE] & 0xf0) << 8;
    bus->io_range.limit = (config[PCI_IO_LIMIT] & 0xf0) << 8 | 0xfff;
    bus->memory_range.base = (int64_t)(PCI_GET16(function, PCI_MEMORY_BASE) & 0xfff0) << 16;
    bus->memory_range.limit =
        (int64_t)(PCI_GET16(function, PCI_MEMORY_LIMIT) & 0xfff0) << 16 | 0xfffff;
    bus->prefetchable_range.base = (int64_t)(PCI_GET16(function, PCI_PREF_BASE) & 0xfff0) << 16 |
                                   (int64_t)PCI_GET32(function, PCI_PREF_BASE_HIGH) << 32;
    bus->prefetchable_range.limit = (int64_t)(PCI_GET16(function, PCI_PREF_LIMIT) & 0xfff0) << 16 |
                                    0xfffff |
                                    (int64_t)PCI_GET32(function, PCI_PREF_LIMIT_HIGH) << 32;
}

static void add_devices(const PciBus *bus, QhQmpPciDeviceInfoList *list);

static QhQmpPciBridgeInfo *bridge_info(const PciFunction *function)
{
    QhQmpPciBridgeInfo *info = g_new0(QhQmpPciBridgeInfo, 1);

    info->bus.number = function->config[PCI_PRIMARY_BUS];
    info->bus.secondary = function->config[PCI_SECONDARY_BUS];
    info->bus.subordinate = function->config[PCI_SUBORDINATE_BUS];
    fill_ranges(function, &info->bus);
    /* without a number nobody gets there */
    info->has_devices = info->bus.secondary != 0;
    if (info->has_devices) {
        add_devices(function->secondary, &info->devices);
    }
    return info;
}

static void fill_device(const PciFunction *function, QhQmpPciDeviceInfo *info)
{
    const uint8_t *config = function->config;

    info->bus = pci_bus_number(function->bus);
    info->slot = function->devfn / 8;
    info->function = function->devfn & 7;
    info->class_info.class = PCI_GET16(function, PCI_REVISION + 2);
    info->class_info.desc = g_strdup(class_text((uint32_t)info->class_info.class));
    info->id.vendor = PCI_GET16(function, PCI_VENDOR_ID);
    info->id.device = PCI_GET16(function, PCI_DEVICE_ID);
    if (function->secondary == NULL) {
        info->id.has_subsystem = info->id.has_subsystem_vendor = TRUE;
        info->id.subsystem = PCI_GET16(function, PCI_SUBSYSTEM_ID);
        info->id.subsystem_vendor = PCI_GET16(function, PCI_SUBSYSTEM_VID);
    }
    info->irq_pin = config[PCI_INTERRUPT_PIN];
    info->has_irq = info->irq_pin != 0;
    info->irq = config[PCI_INTERRUPT_LINE];
    info->qdev_id = g_strdup(function->device->id);
    for (uint32_t i = 0; i < PCI_N_BARS; i++) {
        if (function->bars[i].used && !function->bars[i].upper_half) {
            add_region(&function->bars[i], i, &info->regions);
        }
    }
    if (function->secondary != NULL) {
        info->pci_bridge = bridge_info(function);
    }
}

static void add_devices(const PciBus *bus, QhQmpPciDeviceInfoList *list)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        if (bus->functions[i] != NULL && bus->functions[i]->present) {
            fill_device(bus->functions[i], APPEND(list));
        }
    }
}

static gboolean query(void *ctx, const void *args, void *result, GError **error)
{
    const PciServices *services = ctx;
    QhQmpPciInfoList *list = result;

    (void)args;
    (void)error;
    for (const PciRoot *root = services->roots; root != NULL; root = root->next) {
        QhQmpPciInfo *info = APPEND(list);

        services->device->lock(root->device->machine);
        info->bus = pci_bus_number(root->bus);
        add_devices(root->bus, &info->devices);
        services->device->unlock(root->device->machine);
    }
    return TRUE;
}

const QhCommandOps pci_query_ops = {
    .size = sizeof(QhCommandOps),
    .run = query,
    .digest = QH_COMMAND_QUERY_PCI_DIGEST,
};
