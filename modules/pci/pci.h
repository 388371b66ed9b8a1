/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the PCI buses. "PCI" in comments is the PCI Local Bus Specification 3.0, "bridge"
 * the PCI-to-PCI Bridge Architecture Specification 1.2, "PCIe" the PCI Express Base
 * Specification 4.0.
 *
 * A bus is a part of the device that offers it: the host bridge, a port, a bridge. A function is
 * what the host keeps for each device on a bus. BARs are mapped straight into the host bridge's two
 * spaces, and only when every bridge above lets their addresses through.
 */
#ifndef PCI_PCI_H
#define PCI_PCI_H

#include "abi/pci.h"
#include "abi/services.h"
#include "modules/pci/registers.h"

#define PCI_CONFIG_BYTES 4096u
#define PCI_N_BARS       7u /* six and the expansion ROM */
#define PCI_ROM_BAR      6u
#define PCI_N_LINES      4u
#define PCI_UNMAPPED     UINT64_MAX

/* ctx of the module's slots. */
typedef struct PciServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhMemService *mem;
    const QhTimerService *timer;
    const QhEventService *event;
    const QhLogService *log;
    struct PciRoot *roots; /* of all machines, for query-pci [main] */
} PciServices;

typedef struct PciFunction PciFunction;
typedef struct PciBus PciBus;
/* The root: where addresses and lines lead. */
typedef struct PciRoot {
    QhSpace *memory, *io;
    QhDevice *device;                  /* whose output lines INTx drive */
    uint32_t level_count[PCI_N_LINES]; /* functions that hold a line high */
    PciBus *bus;
    struct PciRoot *next; /* in roots */
} PciRoot;

struct PciBus {
    QhBus *handle;
    PciRoot *root;
    PciBus *up; /* NULL: the root bus */
    PciFunction *functions[256];
    PciFunction *bridge; /* the function on @up that leads here; NULL: the root bus */
    gboolean express;
    gboolean single_slot; /* a link: device 0 only */
    gboolean hotplug;
    /* Function 0 of the slot has come, is to go, has gone; each may be NULL without hotplug. */
    void (*plugged)(PciBus *bus, PciFunction *function, gboolean hot);
    gboolean (*unplug_request)(PciBus *bus, PciFunction *function, GError **error);
    void (*unplugged)(PciBus *bus);
    /* Whether the guest reaches what is there; NULL: always. */
    gboolean (*powered)(const PciBus *bus);
};

typedef struct PciBar {
    gboolean used;
    gboolean upper_half; /* the second register of the one before */
    uint32_t window;     /* of the device, or QH_PCI_NO_WINDOW */
    uint32_t flags;
    uint64_t bytes;   /* a power of two */
    uint64_t address; /* where it is mapped; PCI_UNMAPPED */
} PciBar;

typedef struct PciMsix {
    uint32_t offset; /* of the capability; 0: none */
    uint32_t vectors;
    uint32_t bar, table_offset, pba_offset;
    uint8_t *table;            /* 16 bytes each, as the guest sees it */
    uint64_t *pending;         /* bits */
    uint8_t *masked;           /* as the device was last told */
    uint64_t table_at, pba_at; /* where they are mapped; PCI_UNMAPPED */
} PciMsix;

/* What the host keeps for a device on a bus of ours. */
struct PciFunction {
    char *addr;            /* property: "4", "0x4.0x1" */
    char *romfile;         /* property */
    uint32_t rombar;       /* property: 0: without the ROM */
    uint8_t multifunction; /* property */

    QhDevice *device;
    const QhPciClass *klass;
    const PciServices *services;
    PciBus *bus;
    uint8_t devfn;
    gboolean present; /* realized: the guest may see it */
    uint8_t config[PCI_CONFIG_BYTES];
    uint8_t writable[PCI_CONFIG_BYTES];
    uint8_t clearable[PCI_CONFIG_BYTES];
    uint8_t at_reset[PCI_CONFIG_BYTES];
    uint32_t next_capability; /* first free byte */
    uint32_t last_extended;   /* offset of the last one; 0: none */
    uint32_t next_extended;
    uint32_t express; /* offset of the capability; 0: none */
    PciBar bars[PCI_N_BARS];
    uint8_t *rom; /* the file; NULL: there is none */
    uint32_t rom_bytes;
    uint64_t rom_at;           /* where it is mapped; PCI_UNMAPPED */
    uint32_t msi, msi_vectors; /* offset of the capability; 0: none */
    uint32_t msi_pending;
    PciMsix msix;
    gboolean line;       /* as the device drives it */
    gboolean line_shown; /* counted at the root */
    PciBus *secondary;   /* of a bridge: the bus behind it */
    /* Of our own devices: after a write to configuration space, and on reset. */
    void (*bridge_written)(PciFunction *function, uint32_t offset, uint32_t width);
};

/* config.c */
uint32_t pci_get(const uint8_t *bytes, uint32_t width); /* little-endian */
void pci_put(uint8_t *bytes, uint32_t width, uint32_t value);
#define PCI_GET16(function, offset) ((uint16_t)pci_get((function)->config + (offset), 2))
#define PCI_GET32(function, offset) pci_get((function)->config + (offset), 4)
void pci_function_init(PciFunction *function);
void pci_function_reset(PciFunction *function);
uint32_t pci_config_read(PciFunction *function, uint32_t offset, uint32_t width);
void pci_config_write(PciFunction *function, uint32_t offset, uint32_t width, uint32_t value);
uint32_t pci_capability(PciFunction *function, uint8_t id, uint32_t bytes, GError **error);
uint32_t
pci_extended(PciFunction *function, uint16_t id, uint8_t version, uint32_t bytes, GError **error);
PciFunction *pci_function(QhDevice *device);

/* bar.c */
gboolean pci_bar(PciFunction *function,
                 uint32_t n,
                 uint32_t window,
                 uint32_t flags,
                 uint64_t bytes,
                 GError **error);
/* Map and unmap as the registers and the bridges above say; of a bridge: all below it, too. */
void pci_update_bars(PciFunction *function);
void pci_update_bus(PciBus *bus);
void pci_unmap_all(PciFunction *function);

/* msi.c, msix.c */
gboolean pci_msi(PciFunction *function, uint32_t vectors, GError **error);
gboolean pci_msi_enabled(const PciFunction *function);
void pci_msi_written(PciFunction *function);
gboolean pci_msi_notify(PciFunction *function, uint32_t n);
gboolean
pci_msi_message(const PciFunction *function, uint32_t n, uint64_t *ret_address, uint32_t *ret_data);
void pci_send(PciFunction *function, uint64_t address, uint32_t data);
gboolean pci_msix(PciFunction *function,
                  uint32_t vectors,
                  uint32_t bar,
                  uint32_t table_offset,
                  uint32_t pba_offset,
                  GError **error);
gboolean pci_msix_enabled(const PciFunction *function);
gboolean pci_msix_is_masked(const PciFunction *function, uint32_t n);
void pci_msix_written(PciFunction *function);
void pci_msix_notify(PciFunction *function, uint32_t n);
gboolean pci_msix_message(const PciFunction *function,
                          uint32_t n,
                          uint64_t *ret_address,
                          uint32_t *ret_data);
void pci_msix_reset(PciFunction *function);
void pci_msix_map(PciFunction *function, uint32_t bar); /* its BAR has moved */
void pci_msix_free(PciFunction *function);
void pci_msix_stream(PciFunction *function, QhStateStream *stream);

/* intx.c */
/* The line at the root to which pin @pin (1 .. 4) of a device on @bus leads. */
uint32_t pci_route(const PciBus *bus, uint32_t slot, uint32_t pin);
void pci_set_line(PciFunction *function, gboolean level);
void pci_update_line(PciFunction *function);

/* bus.c */
extern const QhBusOps pci_bus_ops;
gboolean pci_bus_init(PciBus *bus, QhDevice *parent, const char *name, GError **error);
PciFunction *pci_bus_find(PciBus *root, uint32_t number, uint32_t devfn);
uint32_t pci_bus_number(const PciBus *bus);
gboolean pci_is_master(const PciFunction *function);

/* service.c */
extern const QhPciService pci_service;

/* bridge.c: header type 1 */
void pci_bridge_init(PciFunction *function, PciBus *secondary);
gboolean pci_bridge_passes(const PciFunction *bridge, const PciBar *bar, uint64_t address);

/* The devices */
extern const QhDeviceOps pci_host_ops, pci_host_root_ops, pci_root_port_ops, pci_upstream_ops,
    pci_downstream_ops, pci_pcie_pci_bridge_ops, pci_bridge_ops, pci_edu_ops;

#endif
