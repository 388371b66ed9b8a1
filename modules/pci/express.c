/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI Express capability (PCIe 7.5.3): version 2, one lane at 2.5 GT/s. */
#include "modules/pci/express.h"

gboolean pci_express_init(PciFunction *function, uint32_t type, uint32_t port, GError **error)
{
    uint32_t offset = pci_capability(function, PCI_CAP_EXPRESS, EXP_BYTES, error);
    uint8_t *config = function->config + offset;
    uint8_t *writable = function->writable + offset;
    gboolean downstream = type == PCI_EXPRESS_ROOT_PORT || type == PCI_EXPRESS_DOWNSTREAM;

    if (offset == 0) {
        return FALSE;
    }
    if (type == PCI_EXPRESS_ENDPOINT && function->bus->up == NULL) {
        type = EXP_ROOT_COMPLEX_ENDPOINT;
    }
    function->express = offset;
    pci_put(config + EXP_FLAGS, 2, 2 | type << 4 | (downstream ? EXP_FLAGS_SLOT : 0));
    pci_put(config + EXP_DEVICE_CAP, 4,
            EXP_DEVICE_CAP_ROLE_ERRORS |
                ((function->klass->flags & QH_PCI_FLR) != 0 ? EXP_DEVICE_CAP_FLR : 0));
    pci_put(config + EXP_DEVICE_CONTROL, 2, 0x2810); /* relaxed, no snoop, 512-byte reads */
    pci_put(writable + EXP_DEVICE_CONTROL, 2, 0x78ff);
    pci_put(function->clearable + offset + EXP_DEVICE_STATUS, 2, 0x000f);
    pci_put(config + EXP_LINK_CAP, 4,
            0x11 | port << 24 | (downstream ? EXP_LINK_CAP_ACTIVE_REPORTING : 0));
    pci_put(writable + EXP_LINK_CONTROL, 2, downstream ? 0x00d3 : 0x00c3);
    pci_put(config + EXP_LINK_STATUS, 2, 0x11);
    pci_put(config + EXP_LINK_CAP2, 4, 2);
    pci_put(config + EXP_LINK_CONTROL2, 2, 1);
    pci_put(writable + EXP_LINK_CONTROL2, 2, 0xf);
    return TRUE;
}

gboolean pci_express_written(PciFunction *function, uint32_t offset, uint32_t width, uint32_t value)
{
    uint32_t at = function->express + EXP_DEVICE_CONTROL + 1;

    if (function->express == 0 || (function->klass->flags & QH_PCI_FLR) == 0 || offset > at ||
        at >= offset + width) {
        return FALSE;
    }
    return (value >> (8 * (at - offset)) & 0x80) != 0; /* initiate function level reset */
}
