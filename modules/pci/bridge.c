/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header type 1 (bridge 3.2): bus numbers, the windows of addresses that go down, reset of the bus
 * below.
 */
#include "modules/pci/bridge.h"

#include <string.h>

void pci_bridge_init(PciFunction *function, PciBus *secondary)
{
    uint8_t *config = function->config;
    uint8_t *writable = function->writable;

    function->secondary = secondary;
    function->bridge_written = pci_bridge_written;
    config[PCI_HEADER_TYPE] |= 1;
    memset(config + PCI_SUBSYSTEM_VID, 0, 4); /* there the windows have their upper halves */
    memset(writable + PCI_PRIMARY_BUS, 0xff, 3);
    writable[PCI_IO_BASE] = writable[PCI_IO_LIMIT] = 0xf0;
    pci_put(function->clearable + PCI_SEC_STATUS, 2, 0xf900);
    pci_put(writable + PCI_MEMORY_BASE, 2, 0xfff0);
    pci_put(writable + PCI_MEMORY_LIMIT, 2, 0xfff0);
    pci_put(writable + PCI_PREF_BASE, 2, 0xfff0);
    pci_put(writable + PCI_PREF_LIMIT, 2, 0xfff0);
    pci_put(config + PCI_PREF_BASE, 2, 1); /* 64-bit addresses */
    pci_put(config + PCI_PREF_LIMIT, 2, 1);
    memset(writable + PCI_PREF_BASE_HIGH, 0xff, 8);
    /* parity, SERR, ISA, VGA 16-bit, master abort, reset */
    pci_put(writable + PCI_BRIDGE_CONTROL, 2, 0x0077);
    secondary->up = function->bus;
    secondary->root = function->bus->root;
    secondary->bridge = function;
}

static gboolean inside(uint64_t address, uint64_t bytes, uint64_t base, uint64_t limit)
{
    return base <= limit && address >= base && address <= limit && bytes - 1 <= limit - address;
}

gboolean pci_bridge_passes(const PciFunction *bridge, const PciBar *bar, uint64_t address)
{
    uint32_t command = PCI_GET16(bridge, PCI_COMMAND);
    uint64_t base, limit;

    if ((bar->flags & QH_PCI_BAR_IO) != 0) {
        base = (uint64_t)(bridge->config[PCI_IO_BASE] & 0xf0) << 8;
        limit = (uint64_t)(bridge->config[PCI_IO_LIMIT] & 0xf0) << 8 | 0xfff;
        return (command & PCI_COMMAND_IO) != 0 && inside(address, bar->bytes, base, limit);
    }
    if ((command & PCI_COMMAND_MEMORY) == 0) {
        return FALSE;
    }
    base = (uint64_t)(PCI_GET16(bridge, PCI_MEMORY_BASE) & 0xfff0) << 16;
    limit = (uint64_t)(PCI_GET16(bridge, PCI_MEMORY_LIMIT) & 0xfff0) << 16 | 0xfffff;
    if (inside(address, bar->bytes, base, limit)) {
        return TRUE;
    }
    base = (uint64_t)(PCI_GET16(bridge, PCI_PREF_BASE) & 0xfff0) << 16 |
           (uint64_t)PCI_GET32(bridge, PCI_PREF_BASE_HIGH) << 32;
    limit = (uint64_t)(PCI_GET16(bridge, PCI_PREF_LIMIT) & 0xfff0) << 16 | 0xfffff |
            (uint64_t)PCI_GET32(bridge, PCI_PREF_LIMIT_HIGH) << 32;
    return inside(address, bar->bytes, base, limit);
}

static void reset_below(PciBus *bus)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        PciFunction *function = bus->functions[i];

        if (function != NULL && function->present) {
            pci_function_reset(function);
            function->services->device->reset(function->device, QH_RESET_WARM);
        }
    }
}

void pci_bridge_reset_bus(PciBus *bus)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        if (bus->functions[i] != NULL) {
            pci_function_reset(bus->functions[i]);
        }
    }
}

void pci_bridge_written(PciFunction *function, uint32_t offset, uint32_t width)
{
    uint32_t end = offset + width;

    if (offset <= PCI_BRIDGE_CONTROL && end > PCI_BRIDGE_CONTROL &&
        (function->config[PCI_BRIDGE_CONTROL] & PCI_BRIDGE_RESET) != 0) {
        reset_below(function->secondary);
    }
    if ((offset < PCI_COMMAND + 2 && end > PCI_COMMAND) ||
        (offset < PCI_IO_LIMIT_HIGH + 2 && end > PCI_PRIMARY_BUS)) {
        pci_update_bus(function->secondary);
    }
}
