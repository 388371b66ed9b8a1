/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base address registers (PCI 6.2.5). A BAR is mapped while its address space is turned on in the
 * command register, and every bridge above passes all of it on.
 */
#include "modules/pci/rom.h"

static uint32_t bar_offset(const PciFunction *function, uint32_t n)
{
    if (n == PCI_ROM_BAR) {
        return function->secondary != NULL ? PCI_ROM_BRIDGE : PCI_ROM;
    }
    return PCI_BAR0 + 4 * n;
}

static uint64_t round_up(uint64_t bytes)
{
    uint64_t power = 1;

    while (power < bytes && power < (UINT64_C(1) << 62)) {
        power <<= 1;
    }
    return power;
}

static gboolean bar_error(const PciFunction *function, uint32_t n, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "device '%s': base address register %u %s",
                function->device->id, n, why);
    return FALSE;
}

gboolean pci_bar(PciFunction *function,
                 uint32_t n,
                 uint32_t window,
                 uint32_t flags,
                 uint64_t bytes,
                 GError **error)
{
    gboolean wide = (flags & QH_PCI_BAR_64) != 0;
    gboolean io = (flags & QH_PCI_BAR_IO) != 0;

    if (n >= PCI_N_BARS || (wide && (io || n >= 5)) || (n == PCI_ROM_BAR && (io || wide))) {
        return bar_error(function, n, "does not exist, or not in this kind", error);
    }
    if (function->bars[n].used || (wide && function->bars[n + 1].used)) {
        return bar_error(function, n, "is described twice", error);
    }
    if (window != QH_PCI_NO_WINDOW) {
        bytes = MAX(bytes, function->services->device->window_bytes(function->device, window));
    }
    /* a ROM decodes at least 2 KiB, memory 16 bytes, I/O 4 to 256 */
    bytes = round_up(MAX(bytes, n == PCI_ROM_BAR ? 2048u : io ? 4u : 16u));
    if (bytes > (wide ? UINT64_C(1) << 48 : io ? 256u : UINT64_C(1) << 31)) {
        return bar_error(function, n, "cannot hold a window that large", error);
    }

    PciBar *bar = &function->bars[n];
    uint32_t at = bar_offset(function, n);
    *bar = (PciBar){
        .used = TRUE,
        .window = window,
        .flags = flags,
        .bytes = bytes,
        .address = PCI_UNMAPPED,
    };
    uint32_t low = n == PCI_ROM_BAR ? 0 : io ? 1 : (wide ? 4 : 0);
    if ((flags & QH_PCI_BAR_PREFETCH) != 0 && !io && n != PCI_ROM_BAR) {
        low |= 8;
    }
    pci_put(function->config + at, 4, low);
    pci_put(function->writable + at, 4, (uint32_t) ~(bytes - 1) | (n == PCI_ROM_BAR ? 1 : 0));
    if (wide) {
        function->bars[n + 1] = (PciBar){.used = TRUE, .upper_half = TRUE, .address = PCI_UNMAPPED};
        pci_put(function->writable + at + 4, 4, (uint32_t)(~(bytes - 1) >> 32));
    }
    return TRUE;
}

/* What the register says, if that counts now. */
static uint64_t programmed(const PciFunction *function, uint32_t n)
{
    const PciBar *bar = &function->bars[n];
    uint32_t at = bar_offset(function, n);
    uint32_t command = PCI_GET16(function, PCI_COMMAND);
    gboolean io = (bar->flags & QH_PCI_BAR_IO) != 0;
    uint64_t address = PCI_GET32(function, at);
    uint64_t highest = io ? 0xffff : UINT32_MAX;

    if ((command & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) == 0 ||
        (n == PCI_ROM_BAR && (address & 1) == 0)) {
        return PCI_UNMAPPED;
    }
    if ((bar->flags & QH_PCI_BAR_64) != 0) {
        address |= (uint64_t)PCI_GET32(function, at + 4) << 32;
        highest = UINT64_MAX - 1;
    }
    address &= ~(bar->bytes - 1);
    /* all ones while it is being sized, zero before it has an address */
    if (address == 0 || address > highest - (bar->bytes - 1)) {
        return PCI_UNMAPPED;
    }
    return address;
}

static gboolean reachable(const PciFunction *function, const PciBar *bar, uint64_t address)
{
    for (const PciBus *bus = function->bus; bus != NULL; bus = bus->up) {
        if (bus->powered != NULL && !bus->powered(bus)) {
            return FALSE;
        }
        if (bus->bridge != NULL && !pci_bridge_passes(bus->bridge, bar, address)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void place(PciFunction *function, uint32_t n, uint64_t address)
{
    const QhDeviceService *device = function->services->device;
    const PciRoot *root = function->bus->root;
    PciBar *bar = &function->bars[n];
    QhSpace *space = (bar->flags & QH_PCI_BAR_IO) != 0 ? root->io : root->memory;

    if (bar->address == address) {
        return;
    }
    bar->address = address;
    if (bar->window != QH_PCI_NO_WINDOW && address == PCI_UNMAPPED) {
        device->window_unmap(function->device, bar->window);
    } else if (bar->window != QH_PCI_NO_WINDOW) {
        device->window_map(function->device, bar->window, space, address, 0);
    }
    if (n == PCI_ROM_BAR) {
        pci_rom_map(function);
    }
    pci_msix_map(function, n);
}

void pci_update_bars(PciFunction *function)
{
    for (uint32_t n = 0; n < PCI_N_BARS; n++) {
        const PciBar *bar = &function->bars[n];

        if (!bar->used || bar->upper_half) {
            continue;
        }
        uint64_t address = function->present ? programmed(function, n) : PCI_UNMAPPED;

        if (address != PCI_UNMAPPED && !reachable(function, bar, address)) {
            address = PCI_UNMAPPED;
        }
        place(function, n, address);
    }
}

void pci_unmap_all(PciFunction *function)
{
    for (uint32_t n = 0; n < PCI_N_BARS; n++) {
        if (function->bars[n].used && !function->bars[n].upper_half) {
            place(function, n, PCI_UNMAPPED);
        }
    }
}

void pci_update_bus(PciBus *bus)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        PciFunction *function = bus->functions[i];

        if (function == NULL) {
            continue;
        }
        pci_update_bars(function);
        if (function->secondary != NULL) {
            pci_update_bus(function->secondary);
        }
    }
}
