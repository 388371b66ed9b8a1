/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI (PCI 6.8.1): up to 32 messages to one address, with a mask and a pending bit each. The
 * capability is the 64-bit one with masking: control +2, address +4, data +12, mask +16, pending
 * +20.
 */
#include "modules/pci/pci.h"

#define CONTROL 2u
#define ADDRESS 4u
#define DATA    12u
#define MASK    16u
#define PENDING 20u
#define BYTES   24u

#define CONTROL_ENABLE   0x0001u
#define CONTROL_MULTIPLE 0x0070u /* log2 of the messages that the guest allows */
#define CONTROL_64_BIT   0x0080u
#define CONTROL_MASKING  0x0100u

gboolean pci_msi(PciFunction *function, uint32_t vectors, GError **error)
{
    uint32_t log2 = 0;

    if (function->msi != 0 || vectors == 0 || vectors > 32) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s': MSI takes 1 to 32 vectors, not %u, and only once",
                    function->device->id, vectors);
        return FALSE;
    }
    uint32_t offset = pci_capability(function, PCI_CAP_MSI, BYTES, error);
    if (offset == 0) {
        return FALSE;
    }
    while ((1u << log2) < vectors) {
        log2++;
    }
    function->msi = offset;
    function->msi_vectors = vectors;
    pci_put(function->config + offset + CONTROL, 2, CONTROL_64_BIT | CONTROL_MASKING | log2 << 1);
    pci_put(function->writable + offset + CONTROL, 2, CONTROL_ENABLE | CONTROL_MULTIPLE);
    pci_put(function->writable + offset + ADDRESS, 4, 0xfffffffc);
    pci_put(function->writable + offset + ADDRESS + 4, 4, 0xffffffff);
    pci_put(function->writable + offset + DATA, 2, 0xffff);
    pci_put(function->writable + offset + MASK, 4, (uint32_t)((UINT64_C(1) << (1u << log2)) - 1));
    return TRUE;
}

gboolean pci_msi_enabled(const PciFunction *function)
{
    return function->msi != 0 &&
           (PCI_GET16(function, function->msi + CONTROL) & CONTROL_ENABLE) != 0;
}

/* The messages that guest and device have agreed on; a vector above them wraps. */
static uint32_t agreed(const PciFunction *function)
{
    uint32_t control = PCI_GET16(function, function->msi + CONTROL);
    uint32_t capable = (control >> 1) & 7;
    uint32_t allowed = (control & CONTROL_MULTIPLE) >> 4;

    return 1u << MIN(capable, allowed);
}

gboolean
pci_msi_message(const PciFunction *function, uint32_t n, uint64_t *ret_address, uint32_t *ret_data)
{
    uint32_t count;

    if (!pci_msi_enabled(function)) {
        return FALSE;
    }
    count = agreed(function);
    *ret_address = PCI_GET32(function, function->msi + ADDRESS) |
                   (uint64_t)PCI_GET32(function, function->msi + ADDRESS + 4) << 32;
    *ret_data = (PCI_GET16(function, function->msi + DATA) & ~(count - 1)) | (n & (count - 1));
    return TRUE;
}

static void show_pending(PciFunction *function)
{
    pci_put(function->config + function->msi + PENDING, 4, function->msi_pending);
}

/* Send what has become unmasked. */
void pci_msi_written(PciFunction *function)
{
    uint32_t ready;

    if (!pci_msi_enabled(function)) {
        function->msi_pending = 0;
        show_pending(function);
        return;
    }
    ready = function->msi_pending & ~PCI_GET32(function, function->msi + MASK);
    function->msi_pending &= ~ready;
    show_pending(function);
    for (uint32_t n = 0; n < 32; n++) {
        if ((ready >> n & 1) != 0) {
            (void)pci_msi_notify(function, n);
        }
    }
}

gboolean pci_msi_notify(PciFunction *function, uint32_t n)
{
    uint64_t address;
    uint32_t data;

    if (n >= function->msi_vectors || !pci_msi_message(function, n, &address, &data)) {
        return FALSE;
    }
    uint32_t bit = 1u << (n & (agreed(function) - 1));

    if ((PCI_GET32(function, function->msi + MASK) & bit) != 0) {
        function->msi_pending |= bit;
        show_pending(function);
        return TRUE;
    }
    pci_send(function, address, data);
    return TRUE;
}

/* A message is a write of four bytes by the function, as a bus master. */
void pci_send(PciFunction *function, uint64_t address, uint32_t data)
{
    const QhMemService *mem = function->services->mem;
    uint8_t bytes[4];

    if (!pci_is_master(function)) {
        return;
    }
    pci_put(bytes, 4, data);
    (void)mem->write(mem->system(function->device->machine), address, bytes, 4,
                     QH_ATTR_REQUESTER(pci_service.requester(function->device)));
}
