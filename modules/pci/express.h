/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets into the PCI Express capability, and its bits (PCIe 7.5.3). */
#ifndef PCI_EXPRESS_H
#define PCI_EXPRESS_H

#include "modules/pci/pci.h"

/* Types of functions */
#define PCI_EXPRESS_ENDPOINT   0x0u
#define PCI_EXPRESS_ROOT_PORT  0x4u
#define PCI_EXPRESS_UPSTREAM   0x5u
#define PCI_EXPRESS_DOWNSTREAM 0x6u
#define PCI_EXPRESS_TO_PCI     0x7u
gboolean pci_express_init(PciFunction *function, uint32_t type, uint32_t port, GError **error);
/* TRUE when the write asked for a function level reset. */
gboolean
pci_express_written(PciFunction *function, uint32_t offset, uint32_t width, uint32_t value);

#define EXP_FLAGS          0x02u
#define EXP_DEVICE_CAP     0x04u
#define EXP_DEVICE_CONTROL 0x08u
#define EXP_DEVICE_STATUS  0x0au
#define EXP_LINK_CAP       0x0cu
#define EXP_LINK_CONTROL   0x10u
#define EXP_LINK_STATUS    0x12u
#define EXP_SLOT_CAP       0x14u
#define EXP_SLOT_CONTROL   0x18u
#define EXP_SLOT_STATUS    0x1au
#define EXP_LINK_CAP2      0x2cu
#define EXP_LINK_CONTROL2  0x30u
#define EXP_BYTES          0x3cu

#define EXP_ROOT_COMPLEX_ENDPOINT 0x9u

#define EXP_FLAGS_SLOT                0x0100u
#define EXP_DEVICE_CAP_ROLE_ERRORS    (1u << 15)
#define EXP_DEVICE_CAP_FLR            (1u << 28)
#define EXP_LINK_CAP_ACTIVE_REPORTING (1u << 20)
#define EXP_LINK_STATUS_ACTIVE        0x2000u

/* Slot capabilities: attention button, power controller, both indicators, hot-plug capable */
#define EXP_SLOT_CAP_BITS     0x5bu
#define EXP_SLOT_CAP_NUMBER   19u /* shift */
#define EXP_SLOT_CONTROL_BITS 0x17ffu
#define EXP_SLOT_STATUS_BITS  0x011fu

#define EXP_SLOT_HOTPLUG_INTERRUPT 0x0020u
#define EXP_SLOT_POWER_INDICATOR   0x0300u
#define EXP_SLOT_POWER_IS_ON       0x0100u
#define EXP_SLOT_POWER_BLINKS      0x0200u
#define EXP_SLOT_POWER_IS_OFF      0x0300u
#define EXP_SLOT_ATTENTION_IS_OFF  0x00c0u
#define EXP_SLOT_POWER_OFF         0x0400u /* power controller control: set is off */
#define EXP_SLOT_LINK_ENABLE       0x1000u /* interrupt when the link's state changes */

#define EXP_SLOT_BUTTON           0x0001u
#define EXP_SLOT_PRESENCE_CHANGED 0x0008u
#define EXP_SLOT_COMMAND_DONE     0x0010u
#define EXP_SLOT_PRESENT          0x0040u
#define EXP_SLOT_LINK_CHANGED     0x0100u

#endif
