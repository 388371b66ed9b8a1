/* SPDX-License-Identifier: MIT */
/*
 * Buses of kind "usb-bus": a host controller makes one, functions (keyboards, storage, hubs) sit on
 * it. Words are those of USB 2.0 and USB 3.1.
 *
 * A function describes itself with tables. The bus answers the standard requests of chapter 9 from
 * them, keeps address, configuration and halted endpoints, and hands the function what is left:
 * requests of classes and vendors, and packets of the other endpoints.
 *
 * One bus has the ports of its controller and those of all hubs below. A place on it is a path of
 * port numbers from 1 on, "2" or "2.1" (property `port` of each function).
 */
#ifndef QH_ABI_USB_H
#define QH_ABI_USB_H

#include "abi/block.h"
#include "abi/device.h"

#define QH_USB_BUS "usb-bus" /* QhDeviceOps.bus */

/* Speeds. */
#define QH_USB_LOW   0u
#define QH_USB_FULL  1u
#define QH_USB_HIGH  2u
#define QH_USB_SUPER 3u
#define QH_USB_NONE  UINT32_MAX /* nothing is plugged in */

/* What became of a packet. */
#define QH_USB_OK     0u /* `done` bytes were moved: fewer than `bytes` is a short packet */
#define QH_USB_NAK    1u /* nothing to give, or no room: it comes again after wakeup */
#define QH_USB_ASYNC  2u /* the function keeps it; complete follows */
#define QH_USB_STALL  3u /* the bus halts the endpoint */
#define QH_USB_BABBLE 4u /* the function had more to give than was asked for */
#define QH_USB_ERROR  5u /* no answer */
#define QH_USB_GONE   6u /* it was cancelled */

/*
 * A transfer of one endpoint other than 0. The memory in @vec is the guest's, mapped until the
 * packet is done.
 */
typedef struct QhUsbPacket {
    uint32_t size;
    uint8_t endpoint; /* as in its descriptor: bit 7 set means towards the host */
    uint8_t reserved;
    uint16_t stream; /* 0: none */
    uint32_t status; /* QH_USB_... */
    uint32_t n_vec;
    const QhBlockVec *vec;
    uint64_t bytes;   /* sum over @vec */
    uint64_t done;    /* bytes moved; set by the function */
    void *function;   /* for the function while it keeps the packet */
    void *controller; /* for the controller */
} QhUsbPacket;

/* The eight bytes of a SETUP packet (USB 2.0 9.3). */
typedef struct QhUsbSetup {
    uint8_t type; /* bmRequestType */
    uint8_t request;
    uint16_t value, index, length;
} QhUsbSetup;

/* Descriptors. Arrays are walked with these structs' sizes of this major version. */
typedef struct QhUsbEndpoint {
    uint8_t address;    /* bit 7: IN */
    uint8_t attributes; /* 1 isochronous, 2 bulk, 3 interrupt */
    uint16_t max_packet;
    uint8_t interval;
    uint8_t max_burst; /* super speed only: packets less one */
    uint8_t reserved[2];
} QhUsbEndpoint;

typedef struct QhUsbInterface {
    uint8_t number, alternate;
    uint8_t klass, subclass, protocol;
    uint8_t n_endpoints;
    uint16_t extra_bytes; /* class-specific descriptors that follow the interface's own */
    const uint8_t *extra;
    const QhUsbEndpoint *endpoints;
} QhUsbInterface;

/* A function as it is at one speed. One configuration, number 1. */
typedef struct QhUsbDescription {
    uint32_t size;
    uint8_t klass, subclass, protocol;
    uint8_t max_packet_0;  /* super speed: the exponent, 9 */
    uint8_t attributes;    /* of the configuration: 0x40 self-powered, 0x20 remote wakeup */
    uint8_t max_power;     /* 2 mA each */
    uint16_t n_interfaces; /* rows, alternate settings included, in order */
    const QhUsbInterface *interfaces;
} QhUsbDescription;

/* What a class says of itself: QhDeviceOps.bus_class. The device's own reset is called for resets
 * of its port, too. */
typedef struct QhUsbClass {
    uint32_t size;
    uint32_t reserved;
    uint16_t vendor, product, release;
    uint16_t reserved2;
    const char *manufacturer, *product_name, *serial; /* serial: unless the user gives one */
    /* By speed; NULL: it does not run at that. It runs at the best that both it and its port can.
     */
    const QhUsbDescription *speeds[4];

    /*
     * Optional: a request to endpoint 0 that is not the bus's, or a standard request for a
     * descriptor that tables cannot say. @data has @setup->length bytes: those sent, or room for
     * those wanted; *@ret_bytes: how many are there. QH_USB_OK or _STALL. [device]
     */
    uint32_t (*control)(QhDevice *device,
                        const QhUsbSetup *setup,
                        uint8_t *data,
                        uint32_t *ret_bytes);
    /* Optional without endpoints: @packet is to be moved. Configured functions only. [device] */
    uint32_t (*packet)(QhDevice *device, QhUsbPacket *packet);
    /* Mandatory if packet returns ASYNC: give @packet up: complete is called with QH_USB_GONE, now
     * or when its memory is no longer used. [device] */
    void (*cancel)(QhDevice *device, QhUsbPacket *packet);
    /* Optional: the guest chose a configuration (0: none) or an alternate setting. [device] */
    void (*configured)(QhDevice *device, uint8_t configuration);
    void (*alternate)(QhDevice *device, uint8_t interface, uint8_t alternate);
    /* Optional: the guest cleared the halt of @endpoint. [device] */
    void (*unhalted)(QhDevice *device, uint8_t endpoint);
    /* Optional, of hubs: something was plugged into @port (1 ...) or taken out. [device] */
    void (*port_changed)(QhDevice *device, uint32_t port);
} QhUsbClass;

/* Service of a bus of kind "usb-bus". @device is the caller. */
typedef struct QhUsbService {
    uint32_t size;
    uint32_t reserved;

    /* In realize: the fastest speed that it takes, of those it has; none is QH_USB_SUPER. [main] */
    void (*limit_speed)(QhDevice *device, uint32_t speed);
    /* In realize: what string descriptor 3 is unless the user said (property serial). [main] */
    void (*set_serial)(QhDevice *device, const char *serial);
    /* QH_USB_NONE while it is not plugged in. [device] */
    uint32_t (*speed)(QhDevice *device);
    gboolean (*is_configured)(QhDevice *device);

    /* What got a NAK on @endpoint is worth another try; wakes the host up if it may. [device] */
    void (*wakeup)(QhDevice *device, uint8_t endpoint);
    /* A packet that was kept is over; status and done are set. Not from inside `packet`. [device]
     */
    void (*complete)(QhDevice *device, QhUsbPacket *packet);
    /* Halt @endpoint: what comes gets a STALL until the guest clears it. [device] */
    void (*halt)(QhDevice *device, uint8_t endpoint);
    /* Copy from an OUT packet, or to an IN packet, at byte @offset of its memory; returns how many
     * bytes there were. `done` is left to the caller. [device] */
    uint64_t (*read)(const QhUsbPacket *packet, uint64_t offset, void *to, uint64_t bytes);
    uint64_t (*write)(QhUsbPacket *packet, uint64_t offset, const void *from, uint64_t bytes);

    /* Of hubs, in realize: it has ports 1 to @n (at most 15). [main] */
    gboolean (*ports_add)(QhDevice *hub, uint32_t n, GError **error);
    /* Speed of what is plugged into @port of @hub; and reset that. [device] */
    uint32_t (*port_speed)(QhDevice *hub, uint32_t port);
    void (*port_reset)(QhDevice *hub, uint32_t port);
} QhUsbService;

#endif
