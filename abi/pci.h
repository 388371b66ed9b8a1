/* SPDX-License-Identifier: MIT */
/*
 * Buses of kind "pci": conventional PCI and PCI Express. What a class says of itself
 * (QhDeviceOps.bus_class), and what its bus does for it (service of the bus, bus_service).
 *
 * The bus keeps the function's configuration space, maps its BARs as the guest programs them, and
 * owns MSI and MSI-X with table and pending bits. A device describes itself in realize:
 *     pci = device->bus_service(base->bus); pci->bar(base, 0, 0, QH_PCI_BAR_64, 0, &error);
 *     pci->msix(base, 3, 1, 0, 0x800, &error);
 * and raises interrupts with notify, or set_irq when the guest uses neither MSI nor MSI-X. All that
 * it added goes by itself when the device does. The registers' names are those of PCI Local Bus 3.0
 * and PCI Express Base 4.0.
 */
#ifndef QH_ABI_PCI_H
#define QH_ABI_PCI_H

#include "abi/device.h"

#define QH_PCI_BUS "pci" /* QhDeviceOps.bus */

/* QhPciClass.flags */
#define QH_PCI_EXPRESS (1u << 0) /* on a PCI Express bus it has an express capability */
#define QH_PCI_FLR     (1u << 1) /* and takes function level resets: its reset is called */

typedef struct QhPciClass {
    uint32_t size;
    uint32_t flags;
    uint16_t vendor, device;
    uint16_t subsystem_vendor, subsystem;
    uint32_t class_code; /* base << 16 | sub << 8 | interface */
    uint8_t revision;
    uint8_t interrupt_pin; /* 0: none; 1: INTA ... 4: INTD */
    uint16_t reserved;

    /* Optional: the guest is about to read @width bytes at @offset: refresh them. [device] */
    void (*config_read)(QhDevice *device, uint32_t offset, uint32_t width);
    /* Optional: the guest has written them; they are stored, through the masks. [device] */
    void (*config_written)(QhDevice *device, uint32_t offset, uint32_t width);
    /* Optional: MSI-X vector @n can (not) be sent from now on: masked, or MSI-X as a whole turned
     * on or off. What is notified while it is masked is sent when it no longer is. [device] */
    void (*vector_masked)(QhDevice *device, uint32_t n, gboolean masked);
} QhPciClass;

/* flags of bar */
#define QH_PCI_BAR_IO       (1u << 0) /* port I/O space; memory otherwise */
#define QH_PCI_BAR_64       (1u << 1) /* takes two registers, @n and @n + 1 */
#define QH_PCI_BAR_PREFETCH (1u << 2)
#define QH_PCI_NO_WINDOW    UINT32_MAX /* a BAR with nothing but the MSI-X table */

/* How the guest wants interrupts. */
#define QH_PCI_INTX 0u
#define QH_PCI_MSI  1u
#define QH_PCI_MSIX 2u

/* Service of a bus of kind "pci". @device is the caller. In realize are: bar, capability,
 * extended, msi, msix. */
typedef struct QhPciService {
    uint32_t size;
    uint32_t reserved;

    /* Configuration space, 4096 bytes little-endian, as the guest sees it (256 of it on a
     * conventional bus); which of its bits the guest can write; which it clears by writing ones.
     * Bytes of the header and of the bus's own capabilities are the bus's. [device] */
    uint8_t *(*config)(QhDevice *device);
    uint8_t *(*writable)(QhDevice *device);
    uint8_t *(*clearable)(QhDevice *device);

    /* Base address register @n (0 .. 5; 6: expansion ROM) shows window @window. @bytes 0: the
     * window's; rounded up to a power of two in either case. [main] */
    gboolean (*bar)(QhDevice *device,
                    uint32_t n,
                    uint32_t window,
                    uint32_t flags,
                    uint64_t bytes,
                    GError **error);
    /* Where the guest has put it; UINT64_MAX: nowhere. [device] */
    uint64_t (*bar_address)(QhDevice *device, uint32_t n);

    /* Room for a capability of @bytes, id and link filled in; returns its offset, 0 with @error
     * when there is none. extended: of PCI Express, from 0x100; 0 without @error on a conventional
     * bus, where there are none. [main] */
    uint32_t (*capability)(QhDevice *device, uint8_t id, uint32_t bytes, GError **error);
    uint32_t (*extended)(
        QhDevice *device, uint16_t id, uint8_t version, uint32_t bytes, GError **error);

    /* MSI with up to @vectors (1 .. 32), MSI-X with @vectors (1 .. 2048), its table at
     * @table_offset and its pending bits at @pba_offset of BAR @bar, where they hide what the
     * device has there. A BAR that was not made is made, large enough. [main] */
    gboolean (*msi)(QhDevice *device, uint32_t vectors, GError **error);
    gboolean (*msix)(QhDevice *device,
                     uint32_t vectors,
                     uint32_t bar,
                     uint32_t table_offset,
                     uint32_t pba_offset,
                     GError **error);

    /* QH_PCI_INTX, _MSI or _MSIX: what the guest has turned on. [device] */
    uint32_t (*interrupt_mode)(QhDevice *device);
    /* Send vector @n by MSI-X or MSI; FALSE: the guest has turned on neither, use set_irq. A masked
     * vector becomes pending. [device] */
    gboolean (*notify)(QhDevice *device, uint32_t n);
    /* Level of the INTx line. [device] */
    void (*set_irq)(QhDevice *device, gboolean level);
    /* Whether vector @n is masked now; the message that it stands for, for a back end that sends
     * it itself: FALSE when there is none to send. [device] */
    gboolean (*vector_is_masked)(QhDevice *device, uint32_t n);
    gboolean (*vector_message)(QhDevice *device,
                               uint32_t n,
                               uint64_t *ret_address,
                               uint32_t *ret_data);

    /* DMA as qh.mem's, in the function's address space; QH_BUS_ERROR, or NULL, while the guest has
     * not made it a bus master. [device]; dma_map and dma_unmap [any] */
    QhSpace *(*space)(QhDevice *device);
    gboolean (*is_master)(QhDevice *device);
    uint32_t (*dma_read)(QhDevice *device, uint64_t address, void *buffer, uint64_t length);
    uint32_t (*dma_write)(QhDevice *device, uint64_t address, const void *buffer, uint64_t length);
    void *(*dma_map)(QhDevice *device, uint64_t address, uint64_t *length, gboolean write);
    void (*dma_unmap)(QhDevice *device, void *pointer, uint64_t length, uint64_t written);

    /* Whether it sits on PCI Express (and not behind a bridge to conventional PCI). [any] */
    gboolean (*is_express)(QhDevice *device);
    /* Bus number << 8 | device << 3 | function, as the guest has numbered the buses. [device] */
    uint16_t (*requester)(QhDevice *device);
} QhPciService;

#endif
