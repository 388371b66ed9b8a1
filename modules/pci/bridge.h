/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the devices that have a bus behind them share. */
#ifndef PCI_BRIDGE_H
#define PCI_BRIDGE_H

#include "modules/pci/pci.h"

/* A bridge or port: the function is what its own bus keeps for it. */
typedef struct PciBridgeDevice {
    QhDevice base;
    PciBus bus; /* behind it */
    PciFunction *function;
} PciBridgeDevice;

void pci_bridge_written(PciFunction *function, uint32_t offset, uint32_t width);
/* Configuration space of all on @bus, as after power-on; the devices are reset by who calls. */
void pci_bridge_reset_bus(PciBus *bus);

#endif
