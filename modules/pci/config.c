/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space. Two masks say for each bit whether the guest writes it, or clears it by
 * writing one; what a write means is looked up afterwards, from the state that it left.
 */
#include "modules/pci/express.h"
#include "modules/pci/pci.h"

#include <string.h>

uint32_t pci_get(const uint8_t *bytes, uint32_t width)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < width; i++) {
        value |= (uint32_t)bytes[i] << (8 * i);
    }
    return value;
}

void pci_put(uint8_t *bytes, uint32_t width, uint32_t value)
{
    for (uint32_t i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/* The header of type 0 (PCI 6.2); a bridge changes it afterwards. */
void pci_function_init(PciFunction *function)
{
    const QhPciClass *klass = function->klass;
    uint8_t *config = function->config;

    pci_put(config + PCI_VENDOR_ID, 2, klass->vendor);
    pci_put(config + PCI_DEVICE_ID, 2, klass->device);
    pci_put(config + PCI_REVISION, 4, klass->class_code << 8 | klass->revision);
    config[PCI_HEADER_TYPE] = function->multifunction ? 0x80 : 0;
    pci_put(config + PCI_SUBSYSTEM_VID, 2, klass->subsystem_vendor);
    pci_put(config + PCI_SUBSYSTEM_ID, 2, klass->subsystem);
    config[PCI_INTERRUPT_PIN] = MIN(klass->interrupt_pin, PCI_N_LINES);

    /* I/O, memory, master, parity, SERR, INTx disable (PCI 6.2.2, PCIe 7.5.1.1.3) */
    pci_put(function->writable + PCI_COMMAND, 2, 0x0547);
    pci_put(function->clearable + PCI_STATUS, 2, 0xf900);
    function->writable[PCI_CACHE_LINE] = 0xff;
    function->writable[PCI_INTERRUPT_LINE] = 0xff;
    function->next_capability = 0x40;
    function->next_extended = 0x100;
    for (uint32_t i = 0; i < PCI_N_BARS; i++) {
        function->bars[i].address = PCI_UNMAPPED;
    }
    function->msix.table_at = function->msix.pba_at = PCI_UNMAPPED;
}

/* What the guest has written goes; what the device itself keeps there (a link's state) stays. */
void pci_function_reset(PciFunction *function)
{
    if (!function->present) {
        return;
    }
    for (uint32_t i = 0; i < PCI_CONFIG_BYTES; i++) {
        uint8_t guests = function->writable[i] | function->clearable[i];

        function->config[i] =
            (uint8_t)((function->config[i] & ~guests) | (function->at_reset[i] & guests));
    }
    function->msi_pending = 0;
    pci_msix_reset(function);
    pci_set_line(function, FALSE);
    pci_update_bars(function);
    if (function->secondary != NULL) {
        pci_update_bus(function->secondary);
    }
}

/* Conventional devices have 256 bytes. */
static uint32_t config_bytes(const PciFunction *function)
{
    return function->bus->express ? PCI_CONFIG_BYTES : 256;
}

uint32_t pci_config_read(PciFunction *function, uint32_t offset, uint32_t width)
{
    if (offset > config_bytes(function) - width) {
        return UINT32_MAX >> (32 - 8 * width);
    }
    if (function->klass->config_read != NULL) {
        function->klass->config_read(function->device, offset, width);
    }
    return pci_get(function->config + offset, width);
}

/* Whether the access meets any of @bytes bytes at @at. */
static gboolean meets(uint32_t offset, uint32_t width, uint32_t at, uint32_t bytes)
{
    return offset < at + bytes && at < offset + width;
}

static void store(PciFunction *function, uint32_t offset, uint32_t width, uint32_t value)
{
    for (uint32_t i = offset; i < offset + width; i++, value >>= 8) {
        uint8_t w = function->writable[i];
        uint8_t old = function->config[i];

        function->config[i] = (uint8_t)((old & ~w) | (value & w));
        function->config[i] &= (uint8_t) ~(value & function->clearable[i]);
    }
}

static void reset_function(PciFunction *function)
{
    pci_function_reset(function);
    function->services->device->reset(function->device, QH_RESET_WARM);
}

void pci_config_write(PciFunction *function, uint32_t offset, uint32_t width, uint32_t value)
{
    if (offset > config_bytes(function) - width) {
        return;
    }
    store(function, offset, width, value);
    if (pci_express_written(function, offset, width, value)) {
        reset_function(function);
        return;
    }
    if (meets(offset, width, PCI_COMMAND, 2)) {
        pci_update_line(function);
    }
    if (meets(offset, width, PCI_COMMAND, 2) || meets(offset, width, PCI_BAR0, 24) ||
        meets(offset, width, PCI_ROM, 4) || meets(offset, width, PCI_ROM_BRIDGE, 4)) {
        pci_update_bars(function);
    }
    if (function->msi != 0 && meets(offset, width, function->msi, 24)) {
        pci_msi_written(function);
        pci_update_line(function);
    }
    if (function->msix.offset != 0 && meets(offset, width, function->msix.offset, 12)) {
        pci_msix_written(function);
        pci_update_line(function);
    }
    if (function->bridge_written != NULL) {
        function->bridge_written(function, offset, width);
    }
    if (function->klass->config_written != NULL) {
        function->klass->config_written(function->device, offset, width);
    }
}

uint32_t pci_capability(PciFunction *function, uint8_t id, uint32_t bytes, GError **error)
{
    uint32_t offset = function->next_capability;

    if (bytes < 2 || bytes > 256 - offset) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s': no room in configuration space for capability 0x%02x of %u bytes",
                    function->device->id, id, bytes);
        return 0;
    }
    function->config[offset] = id;
    function->config[offset + 1] = function->config[PCI_CAPABILITIES];
    function->config[PCI_CAPABILITIES] = (uint8_t)offset;
    function->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    function->next_capability = (offset + bytes + 3) & ~3u;
    return offset;
}

/* The header of one names the next (PCIe 7.6.3). */
uint32_t
pci_extended(PciFunction *function, uint16_t id, uint8_t version, uint32_t bytes, GError **error)
{
    uint32_t offset = function->next_extended;

    if (!function->bus->express) {
        return 0;
    }
    if (bytes < 4 || bytes > PCI_CONFIG_BYTES - offset) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s': no room for the extended capability 0x%04x of %u bytes",
                    function->device->id, id, bytes);
        return 0;
    }
    pci_put(function->config + offset, 4, (uint32_t)(version & 0xf) << 16 | id);
    if (function->last_extended != 0) {
        uint8_t *last = function->config + function->last_extended;

        pci_put(last, 4, pci_get(last, 4) | offset << 20);
    }
    function->last_extended = offset;
    function->next_extended = (offset + bytes + 3) & ~3u;
    return offset;
}
