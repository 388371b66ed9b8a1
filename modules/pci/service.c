/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bus does for the devices on it: abi/pci.h, in terms of their functions. */
#include "modules/pci/pci.h"

PciFunction *pci_function(QhDevice *device)
{
    return device->bus_data;
}

static uint8_t *config(QhDevice *device)
{
    return pci_function(device)->config;
}

static uint8_t *writable(QhDevice *device)
{
    return pci_function(device)->writable;
}

static uint8_t *clearable(QhDevice *device)
{
    return pci_function(device)->clearable;
}

static gboolean
bar(QhDevice *device, uint32_t n, uint32_t window, uint32_t flags, uint64_t bytes, GError **error)
{
    return pci_bar(pci_function(device), n, window, flags, bytes, error);
}

static uint64_t bar_address(QhDevice *device, uint32_t n)
{
    return n < PCI_N_BARS ? pci_function(device)->bars[n].address : PCI_UNMAPPED;
}

static uint32_t capability(QhDevice *device, uint8_t id, uint32_t bytes, GError **error)
{
    return pci_capability(pci_function(device), id, bytes, error);
}

static uint32_t
extended(QhDevice *device, uint16_t id, uint8_t version, uint32_t bytes, GError **error)
{
    return pci_extended(pci_function(device), id, version, bytes, error);
}

static gboolean msi(QhDevice *device, uint32_t vectors, GError **error)
{
    return pci_msi(pci_function(device), vectors, error);
}

static gboolean msix(QhDevice *device,
                     uint32_t vectors,
                     uint32_t bar_number,
                     uint32_t table_offset,
                     uint32_t pba_offset,
                     GError **error)
{
    return pci_msix(pci_function(device), vectors, bar_number, table_offset, pba_offset, error);
}

static uint32_t interrupt_mode(QhDevice *device)
{
    const PciFunction *function = pci_function(device);

    if (pci_msix_enabled(function)) {
        return QH_PCI_MSIX;
    }
    return pci_msi_enabled(function) ? QH_PCI_MSI : QH_PCI_INTX;
}

static gboolean notify(QhDevice *device, uint32_t n)
{
    PciFunction *function = pci_function(device);

    if (pci_msix_enabled(function)) {
        pci_msix_notify(function, n);
        return TRUE;
    }
    return pci_msi_notify(function, n);
}

static void set_irq(QhDevice *device, gboolean level)
{
    pci_set_line(pci_function(device), level);
}

static gboolean vector_is_masked(QhDevice *device, uint32_t n)
{
    return pci_msix_is_masked(pci_function(device), n);
}

static gboolean
vector_message(QhDevice *device, uint32_t n, uint64_t *ret_address, uint32_t *ret_data)
{
    const PciFunction *function = pci_function(device);

    return pci_msix_message(function, n, ret_address, ret_data) ||
           pci_msi_message(function, n, ret_address, ret_data);
}

static QhSpace *space(QhDevice *device)
{
    return pci_function(device)->services->mem->system(device->machine);
}

static gboolean is_master(QhDevice *device)
{
    return pci_is_master(pci_function(device));
}

static uint32_t dma_read(QhDevice *device, uint64_t address, void *buffer, uint64_t length)
{
    const PciFunction *function = pci_function(device);

    return pci_is_master(function) ? function->services->mem->dma_read(
                                         device->instance, space(device), address, buffer, length)
                                   : QH_BUS_ERROR;
}

static uint32_t dma_write(QhDevice *device, uint64_t address, const void *buffer, uint64_t length)
{
    const PciFunction *function = pci_function(device);

    return pci_is_master(function) ? function->services->mem->dma_write(
                                         device->instance, space(device), address, buffer, length)
                                   : QH_BUS_ERROR;
}

static void *dma_map(QhDevice *device, uint64_t address, uint64_t *length, gboolean write)
{
    const PciFunction *function = pci_function(device);

    return pci_is_master(function) ? function->services->mem->dma_map(
                                         device->instance, space(device), address, length, write)
                                   : NULL;
}

static void dma_unmap(QhDevice *device, void *pointer, uint64_t length, uint64_t written)
{
    pci_function(device)->services->mem->dma_unmap(device->instance, pointer, length, written);
}

static gboolean is_express(QhDevice *device)
{
    return pci_function(device)->bus->express;
}

static uint16_t requester(QhDevice *device)
{
    const PciFunction *function = pci_function(device);

    return (uint16_t)(pci_bus_number(function->bus) << 8 | function->devfn);
}

const QhPciService pci_service = {
    .size = sizeof(QhPciService),
    .config = config,
    .writable = writable,
    .clearable = clearable,
    .bar = bar,
    .bar_address = bar_address,
    .capability = capability,
    .extended = extended,
    .msi = msi,
    .msix = msix,
    .interrupt_mode = interrupt_mode,
    .notify = notify,
    .set_irq = set_irq,
    .vector_is_masked = vector_is_masked,
    .vector_message = vector_message,
    .space = space,
    .is_master = is_master,
    .dma_read = dma_read,
    .dma_write = dma_write,
    .dma_map = dma_map,
    .dma_unmap = dma_unmap,
    .is_express = is_express,
    .requester = requester,
};
