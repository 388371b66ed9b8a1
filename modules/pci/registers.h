/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets into configuration space and bits of its registers. */
#ifndef PCI_REGISTERS_H
#define PCI_REGISTERS_H

/* Registers of the header (PCI 6.1, bridge 3.2) */
#define PCI_VENDOR_ID      0x00u
#define PCI_DEVICE_ID      0x02u
#define PCI_COMMAND        0x04u
#define PCI_STATUS         0x06u
#define PCI_REVISION       0x08u
#define PCI_CACHE_LINE     0x0cu
#define PCI_LATENCY        0x0du
#define PCI_HEADER_TYPE    0x0eu
#define PCI_BAR0           0x10u
#define PCI_SUBSYSTEM_VID  0x2cu
#define PCI_SUBSYSTEM_ID   0x2eu
#define PCI_ROM            0x30u
#define PCI_CAPABILITIES   0x34u
#define PCI_INTERRUPT_LINE 0x3cu
#define PCI_INTERRUPT_PIN  0x3du
/* Type 1 */
#define PCI_PRIMARY_BUS     0x18u
#define PCI_SECONDARY_BUS   0x19u
#define PCI_SUBORDINATE_BUS 0x1au
#define PCI_IO_BASE         0x1cu
#define PCI_IO_LIMIT        0x1du
#define PCI_SEC_STATUS      0x1eu
#define PCI_MEMORY_BASE     0x20u
#define PCI_MEMORY_LIMIT    0x22u
#define PCI_PREF_BASE       0x24u
#define PCI_PREF_LIMIT      0x26u
#define PCI_PREF_BASE_HIGH  0x28u
#define PCI_PREF_LIMIT_HIGH 0x2cu
#define PCI_IO_BASE_HIGH    0x30u
#define PCI_IO_LIMIT_HIGH   0x32u
#define PCI_ROM_BRIDGE      0x38u
#define PCI_BRIDGE_CONTROL  0x3eu

#define PCI_COMMAND_IO           0x0001u
#define PCI_COMMAND_MEMORY       0x0002u
#define PCI_COMMAND_MASTER       0x0004u
#define PCI_COMMAND_INTX_DISABLE 0x0400u
#define PCI_STATUS_INTERRUPT     0x0008u
#define PCI_STATUS_CAPABILITIES  0x0010u
#define PCI_BRIDGE_RESET         0x0040u /* secondary bus reset */

#define PCI_CAP_MSI     0x05u
#define PCI_CAP_SSVID   0x0du
#define PCI_CAP_EXPRESS 0x10u
#define PCI_CAP_MSIX    0x11u

#endif
