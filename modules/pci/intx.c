/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt lines. Behind a bridge the pins are turned by the device number (bridge 9.1), and so
 * they are at the root; a line is high while any function holds it.
 */
#include "modules/pci/pci.h"

uint32_t pci_route(const PciBus *bus, uint32_t slot, uint32_t pin)
{
    uint32_t line = pin - 1 + slot;

    while (bus->bridge != NULL) {
        line += bus->bridge->devfn / 8u;
        bus = bus->up;
    }
    return line % PCI_N_LINES;
}

void pci_update_line(PciFunction *function)
{
    uint32_t command = PCI_GET16(function, PCI_COMMAND);
    uint32_t pin = function->config[PCI_INTERRUPT_PIN];
    gboolean show = function->line && pin != 0 && (command & PCI_COMMAND_INTX_DISABLE) == 0 &&
                    !pci_msi_enabled(function) && !pci_msix_enabled(function);

    function->config[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTERRUPT;
    if (function->line) {
        function->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
    }
    if (show == function->line_shown) {
        return;
    }
    PciRoot *root = function->bus->root;
    uint32_t line = pci_route(function->bus, function->devfn / 8u, pin);

    function->line_shown = show;
    root->level_count[line] += show ? 1 : -1u;
    function->services->device->set_irq(root->device, line, root->level_count[line] > 0);
}

void pci_set_line(PciFunction *function, gboolean level)
{
    function->line = level != FALSE;
    pci_update_line(function);
}
