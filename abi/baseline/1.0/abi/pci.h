/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_PCI_H
#define QH_ABI_PCI_H

#include "abi/device.h"

#define QH_PCI_BUS "pci"

#define QH_PCI_EXPRESS (1u << 0)
#define QH_PCI_FLR     (1u << 1)

typedef struct QhPciClass {
    uint32_t size;
    uint32_t flags;
    uint16_t vendor, device;
    uint16_t subsystem_vendor, subsystem;
    uint32_t class_code;
    uint8_t revision;
    uint8_t interrupt_pin;
    uint16_t reserved;

    void (*config_read)(QhDevice *device, uint32_t offset, uint32_t width);

    void (*config_written)(QhDevice *device, uint32_t offset, uint32_t width);

    void (*vector_masked)(QhDevice *device, uint32_t n, gboolean masked);
} QhPciClass;

#define QH_PCI_BAR_IO       (1u << 0)
#define QH_PCI_BAR_64       (1u << 1)
#define QH_PCI_BAR_PREFETCH (1u << 2)
#define QH_PCI_NO_WINDOW    UINT32_MAX

#define QH_PCI_INTX 0u
#define QH_PCI_MSI  1u
#define QH_PCI_MSIX 2u

typedef struct QhPciService {
    uint32_t size;
    uint32_t reserved;

    uint8_t *(*config)(QhDevice *device);
    uint8_t *(*writable)(QhDevice *device);
    uint8_t *(*clearable)(QhDevice *device);

    gboolean (*bar)(QhDevice *device,
                    uint32_t n,
                    uint32_t window,
                    uint32_t flags,
                    uint64_t bytes,
                    GError **error);

    uint64_t (*bar_address)(QhDevice *device, uint32_t n);

    uint32_t (*capability)(QhDevice *device, uint8_t id, uint32_t bytes, GError **error);
    uint32_t (*extended)(
        QhDevice *device, uint16_t id, uint8_t version, uint32_t bytes, GError **error);

    gboolean (*msi)(QhDevice *device, uint32_t vectors, GError **error);
    gboolean (*msix)(QhDevice *device,
                     uint32_t vectors,
                     uint32_t bar,
                     uint32_t table_offset,
                     uint32_t pba_offset,
                     GError **error);

    uint32_t (*interrupt_mode)(QhDevice *device);

    gboolean (*notify)(QhDevice *device, uint32_t n);

    void (*set_irq)(QhDevice *device, gboolean level);

    gboolean (*vector_is_masked)(QhDevice *device, uint32_t n);
    gboolean (*vector_message)(QhDevice *device,
                               uint32_t n,
                               uint64_t *ret_address,
                               uint32_t *ret_data);

    QhSpace *(*space)(QhDevice *device);
    gboolean (*is_master)(QhDevice *device);
    uint32_t (*dma_read)(QhDevice *device, uint64_t address, void *buffer, uint64_t length);
    uint32_t (*dma_write)(QhDevice *device, uint64_t address, const void *buffer, uint64_t length);
    void *(*dma_map)(QhDevice *device, uint64_t address, uint64_t *length, gboolean write);
    void (*dma_unmap)(QhDevice *device, void *pointer, uint64_t length, uint64_t written);

    gboolean (*is_express)(QhDevice *device);

    uint16_t (*requester)(QhDevice *device);
} QhPciService;

#endif
