/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of this module say to each other. Numbers such as 2.7 are sections of the OASIS
 * standard "Virtual I/O Device (VIRTIO) Version 1.2", whose words are used.
 *
 * Three parties: a *function* (VirtioFunction: a disk, a network card) is written once and knows
 * its queues and its configuration; a *transport* shows it to the guest (registers on MMIO, PCI)
 * and carries interrupts; the core between them keeps device status, features and rings. A class
 * such as "virtio-blk-pci" is a function with a transport. Everything here is called with the
 * machine's device lock held, on any thread, unless it says [main].
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include "abi/block.h"
#include "abi/device.h"
#include "abi/display.h"
#include "abi/fw-cfg.h"
#include "abi/input.h"
#include "abi/machine.h"
#include "abi/net.h"
#include "abi/object.h"
#include "abi/pci.h"
#include "abi/services.h"
#include "modules/virtio/queue.h"

/* What the module asks of the host. */
typedef struct VirtioServices {
    QhHost *host;
    const QhMemService *mem;
    const QhDeviceService *device;
    const QhMachineService *machine;
    const QhTimerService *timer;
    const QhLogService *log;
    const QhEventService *event;
    const QhCharService *chr;
    const QhLoopService *loop;       /* NULL: this host has none */
    const QhBlockService *block;     /* NULL: this host has none */
    const QhNetService *net;         /* NULL: this host has none */
    const QhDisplayService *display; /* NULL: this host has none */
    const QhObjectService *object;   /* NULL: this host has none */
    const QhInputService *input;     /* NULL: this host has none */
    const QhFwService *fw;           /* NULL: this host has none */
} VirtioServices;

/* What a function is. Its state begins with a VirtioDevice. */
typedef struct VirtioFunction {
    const char *name;         /* "blk" */
    uint16_t device_id;       /* section 5 */
    uint16_t transitional_id; /* PCI device id of the transitional device, 4.1.2.1; 0: none */

    /* Check properties; make queues (virtio_queue_add), set features and config_bytes. [main] */
    gboolean (*realize)(VirtioDevice *device, GError **error);
    /* Optional; must accept a device whose realize failed half-way. Nothing of it may be in flight
     * afterwards. [main] */
    void (*unrealize)(VirtioDevice *device);
    /* Optional: the driver's features are final: device->features. */
    void (*features_ok)(VirtioDevice *device);
    /* Optional: status has changed (DRIVER_OK was set). */
    void (*driver_ok)(VirtioDevice *device);
    /* Optional: forget what the driver said. Chains in flight belong to nobody from now on: push
     * takes them back without touching the ring. */
    void (*reset)(VirtioDevice *device);
    /* Write config_bytes to @config, little-endian; zeroed before. Optional without config. */
    void (*read_config)(VirtioDevice *device, uint8_t *config);
    /* Optional: the driver wrote @bytes at @offset; @config is the whole with the change in it. */
    void (*write_config)(VirtioDevice *device,
                         const uint8_t *config,
                         uint32_t offset,
                         uint32_t bytes);
    /* The driver made buffers available on @queue. */
    void (*kick)(VirtioDevice *device, VirtioQueue *queue);
    /* Optional: the machine runs or has stopped. [main] */
    void (*run_state)(VirtioDevice *device, gboolean running);
    /* Optional, as in QhDeviceOps. [main] */
    gboolean (*property_changed)(VirtioDevice *device, const char *property, GError **error);
    /* Optional, as in QhDeviceOps. [main] */
    char *(*show)(VirtioDevice *device, const char *name);
    /* What the function keeps besides properties, for snapshots (abi/state.h), chains that it holds
     * with virtio_chain_stream. Absent: the device cannot be saved. */
    void (*stream)(VirtioDevice *device, QhStateStream *stream);
    /* Optional: all of that was loaded, and rings and chains are mapped again. */
    void (*loaded)(VirtioDevice *device);
} VirtioFunction;

/* What shows a device to the guest. */
typedef struct VirtioTransport {
    /* A used buffer notification of @queue; NULL: a configuration change notification. */
    void (*interrupt)(VirtioDevice *device, VirtioQueue *queue);
    /* Optional: the device has been reset: vectors and lines, too. */
    void (*reset)(VirtioDevice *device);
    /* Optional: DMA as qh.mem's; absent: in the machine's main space. */
    void *(*dma_map)(VirtioDevice *device, uint64_t address, uint64_t *length, gboolean write);
    void (*dma_unmap)(VirtioDevice *device, void *pointer, uint64_t length, uint64_t written);
} VirtioTransport;

/* What there is one of for the whole module; ctx of the commands. */
typedef struct VirtioShared {
    VirtioServices services;
    struct VirtioBalloon *balloon; /* the guest's one; NULL: it has none. [main] */
} VirtioShared;

/* ctx of the offers: services first, so that other devices of the module use the same. */
typedef struct VirtioContext {
    VirtioServices services;
    const VirtioFunction *function;
    VirtioShared *shared;
} VirtioContext;

/* Properties of all functions. */
typedef struct VirtioRingProperties {
    uint8_t indirect_desc, event_idx, notify_on_empty, any_layout, iommu_platform, packed;
    uint8_t queue_reset, in_order;
} VirtioRingProperties;

/* What the PCI transport keeps; the first members are properties. */
#define VIRTIO_PCI_AUTO UINT32_MAX
typedef struct VirtioPci {
    uint32_t vectors;       /* VIRTIO_PCI_AUTO: one for each queue and one more */
    uint8_t disable_legacy; /* 0 auto, 1 on, 2 off */
    uint8_t disable_modern, ats, ioeventfd, page_per_vq;

    const QhPciService *bus;
    uint16_t config_vector;
    uint32_t device_select, driver_select, queue_select;
    uint32_t notify_stride; /* bytes between the places where queues are kicked */
    uint32_t cfg_cap;       /* offset of the capability that leads to the registers; 0: none */
} VirtioPci;

struct VirtioDevice {
    QhDevice base;
    VirtioRingProperties ring;
    VirtioPci pci;

    const VirtioServices *services;
    const VirtioFunction *function;
    const VirtioTransport *transport; /* NULL until it sits on one */
    void *wire;                       /* the transport's */
    QhSpace *space;                   /* where its DMA goes, unless the transport says */
    uint8_t legacy_only, modern_only; /* by the transport, before realize */

    uint64_t withheld; /* features that it cannot have, whatever the user says; by realize */
    uint64_t offered;  /* features that the device has */
    uint64_t features; /* those that the driver accepted */
    uint32_t config_bytes, generation;
    uint32_t n_queues;
    VirtioQueue **queues;
    uint32_t in_flight; /* chains taken and not pushed, of all queues and epochs */
    uint8_t status, isr;
    uint8_t resetting; /* the status as the driver reads it until nothing is in flight */
    uint8_t broken;
    uint8_t running; /* the machine runs */
    QhTimer *later;
    uint32_t n_saved;           /* chains that the function has named for a snapshot */
    struct VirtioChain *loaded; /* that have to be mapped yet */
};

/* --- For functions --- */

/* DMA as qh.mem's dma_map and dma_unmap, in the device's space. */
void *virtio_device_map(VirtioDevice *device, uint64_t address, uint64_t *length, gboolean write);
void virtio_device_unmap(VirtioDevice *device, void *pointer, uint64_t length, uint64_t written);

gboolean virtio_has(const VirtioDevice *device, uint32_t feature);
/* The configuration is another now: tell the driver. */
void virtio_config_changed(VirtioDevice *device);
/* The driver did what cannot be gone on with (2.1.2): @text to the log, DEVICE_NEEDS_RESET. */
void virtio_device_break(VirtioDevice *device, const char *text);
void virtio_guest_error(VirtioDevice *device, const char *text);
/* For VirtioFunction.stream: the chain at *@chain, or NULL. Loading gives back the one that is
 * there and makes another, which is mapped when `loaded` is called. */
void virtio_chain_stream(VirtioDevice *device, QhStateStream *stream, VirtioChain **chain);

#endif
