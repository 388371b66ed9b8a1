/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports with a slot: root ports and the downstream ports of switches. */
#ifndef PCI_PORT_H
#define PCI_PORT_H

#include "modules/pci/bridge.h"

typedef struct PciPort {
    PciBridgeDevice base;
    uint8_t port;       /* property: number of the link */
    uint8_t chassis;    /* property */
    uint16_t slot;      /* property: number of the slot */
    uint8_t hotplug;    /* property */
    uint32_t control;   /* slot control as last seen */
    gboolean leaving;   /* the guest was asked to let go of what is in the slot */
    int64_t asked_ns;   /* when, in guest time */
    gboolean touched;   /* the guest has written slot control: it has a driver */
    gboolean signalled; /* a hot-plug interrupt is on */
} PciPort;

/* slot.c: the slot of @port, which is hot-plug capable. */
void pci_slot_init(PciPort *port);
void pci_slot_reset(PciPort *port);
void pci_slot_written(PciPort *port, uint32_t offset, uint32_t width, uint32_t old_control);

#endif
