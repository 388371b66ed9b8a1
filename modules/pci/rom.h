/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The expansion ROM of a function. */
#ifndef PCI_ROM_H
#define PCI_ROM_H

#include "modules/pci/pci.h"

/* What romfile names, if anything. FALSE leaves what pci_rom_free takes. [main] */
gboolean pci_rom_init(PciFunction *function, GError **error);
void pci_rom_map(PciFunction *function); /* its BAR has moved */
void pci_rom_free(PciFunction *function);

#endif
