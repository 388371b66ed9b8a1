/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_USB_H
#define QH_ABI_USB_H

#include "abi/block.h"
#include "abi/device.h"

#define QH_USB_BUS "usb-bus"

#define QH_USB_LOW   0u
#define QH_USB_FULL  1u
#define QH_USB_HIGH  2u
#define QH_USB_SUPER 3u
#define QH_USB_NONE  UINT32_MAX

#define QH_USB_OK     0u
#define QH_USB_NAK    1u
#define QH_USB_ASYNC  2u
#define QH_USB_STALL  3u
#define QH_USB_BABBLE 4u
#define QH_USB_ERROR  5u
#define QH_USB_GONE   6u

typedef struct QhUsbPacket {
    uint32_t size;
    uint8_t endpoint;
    uint8_t reserved;
    uint16_t stream;
    uint32_t status;
    uint32_t n_vec;
    const QhBlockVec *vec;
    uint64_t bytes;
    uint64_t done;
    void *function;
    void *controller;
} QhUsbPacket;

typedef struct QhUsbSetup {
    uint8_t type;
    uint8_t request;
    uint16_t value, index, length;
} QhUsbSetup;

typedef struct QhUsbEndpoint {
    uint8_t address;
    uint8_t attributes;
    uint16_t max_packet;
    uint8_t interval;
    uint8_t max_burst;
    uint8_t reserved[2];
} QhUsbEndpoint;

typedef struct QhUsbInterface {
    uint8_t number, alternate;
    uint8_t klass, subclass, protocol;
    uint8_t n_endpoints;
    uint16_t extra_bytes;
    const uint8_t *extra;
    const QhUsbEndpoint *endpoints;
} QhUsbInterface;

typedef struct QhUsbDescription {
    uint32_t size;
    uint8_t klass, subclass, protocol;
    uint8_t max_packet_0;
    uint8_t attributes;
    uint8_t max_power;
    uint16_t n_interfaces;
    const QhUsbInterface *interfaces;
} QhUsbDescription;

typedef struct QhUsbClass {
    uint32_t size;
    uint32_t reserved;
    uint16_t vendor, product, release;
    uint16_t reserved2;
    const char *manufacturer, *product_name, *serial;

    const QhUsbDescription *speeds[4];

    uint32_t (*control)(QhDevice *device,
                        const QhUsbSetup *setup,
                        uint8_t *data,
                        uint32_t *ret_bytes);

    uint32_t (*packet)(QhDevice *device, QhUsbPacket *packet);

    void (*cancel)(QhDevice *device, QhUsbPacket *packet);

    void (*configured)(QhDevice *device, uint8_t configuration);
    void (*alternate)(QhDevice *device, uint8_t interface, uint8_t alternate);

    void (*unhalted)(QhDevice *device, uint8_t endpoint);

    void (*port_changed)(QhDevice *device, uint32_t port);
} QhUsbClass;

typedef struct QhUsbService {
    uint32_t size;
    uint32_t reserved;

    void (*limit_speed)(QhDevice *device, uint32_t speed);

    void (*set_serial)(QhDevice *device, const char *serial);

    uint32_t (*speed)(QhDevice *device);
    gboolean (*is_configured)(QhDevice *device);

    void (*wakeup)(QhDevice *device, uint8_t endpoint);

    void (*complete)(QhDevice *device, QhUsbPacket *packet);

    void (*halt)(QhDevice *device, uint8_t endpoint);

    uint64_t (*read)(const QhUsbPacket *packet, uint64_t offset, void *to, uint64_t bytes);
    uint64_t (*write)(QhUsbPacket *packet, uint64_t offset, const void *from, uint64_t bytes);

    gboolean (*ports_add)(QhDevice *hub, uint32_t n, GError **error);

    uint32_t (*port_speed)(QhDevice *hub, uint32_t port);
    void (*port_reset)(QhDevice *hub, uint32_t port);
} QhUsbService;

#endif
