/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of USB buses. A bus is a part of its controller, which begins with a UsbController; a
 * function is what the bus keeps for each device on it. A port is a socket that holds at most one
 * function: of the controller (a root port) or of a hub.
 */
#ifndef USB_USB_H
#define USB_USB_H

#include "abi/input.h"
#include "abi/services.h"
#include "abi/usb.h"

#define USB_HUB_PORTS_MAX 15u
#define USB_TIERS_MAX     5u /* hubs between a controller and a function: USB 2.0 4.1.1 */
#define USB_ALTERNATES    16u
#define USB_SPEED_BIT(s)  (1u << (s))
#define USB_SPEEDS_2      (USB_SPEED_BIT(QH_USB_LOW) | USB_SPEED_BIT(QH_USB_FULL))

/* What the module asks of the host; ctx of its device slots. */
typedef struct UsbController UsbController;
typedef struct UsbServices {
    QhHost *host;
    const QhDeviceService *device;
    const QhTimerService *timer;
    const QhLogService *log;
    const QhInputService *input; /* NULL: the host has none; so block */
    const QhBlockService *block;
    UsbController *controllers; /* in the order of their realize */
} UsbServices;

typedef struct UsbBus UsbBus;
typedef struct UsbFunction UsbFunction;

typedef struct UsbPort {
    UsbFunction *function; /* has this place, whether the guest may see it or not */
    UsbFunction *hub;      /* NULL: a root port */
    uint32_t number;       /* from 1 */
    uint32_t speeds;       /* bits that a root port can run at */
} UsbPort;

/* What a bus keeps for a device on it. */
struct UsbFunction {
    char *path;   /* property `port` */
    char *serial; /* property */

    QhDevice *device;
    const QhUsbClass *klass;
    const UsbServices *services;
    UsbBus *bus;
    UsbPort *port; /* NULL: its hub has gone */
    char *own_serial;
    uint32_t max_speed;
    uint32_t n_ports; /* of a hub */
    UsbPort *ports;
    gboolean present; /* realized and plugged in: the guest may see it */
    uint32_t slot;    /* the controller's number for it; 0: none. Derived */

    /* saved */
    uint32_t speed; /* while present */
    uint16_t halted_in, halted_out;
    uint8_t address, configuration, remote_wakeup;
    uint8_t alternates[USB_ALTERNATES];
};

/* What the bus tells its controller. [device] */
typedef struct UsbControllerOps {
    /* Something was plugged into root port @number or taken out. */
    void (*port_changed)(UsbBus *bus, uint32_t number);
    /* @function is going, wherever it was: let go of it. */
    void (*gone)(UsbBus *bus, UsbFunction *function);
    void (*wakeup)(UsbBus *bus, UsbFunction *function, uint8_t endpoint);
    void (*complete)(UsbBus *bus, QhUsbPacket *packet);
} UsbControllerOps;

struct UsbBus {
    QhBus *handle;
    const UsbControllerOps *ops;
    UsbPort *ports;
    uint32_t n_ports;
};

struct UsbController {
    QhDevice base;
    UsbBus bus;
    UsbController *next;
};

/* bus.c. In the controller's realize: its bus with @n root ports of speeds @speeds; and in its
 * unrealize. [main] */
gboolean usb_bus_init(UsbController *controller,
                      const UsbControllerOps *ops,
                      const uint32_t *speeds,
                      uint32_t n,
                      GError **error);
void usb_bus_clear(UsbController *controller);
/* What is plugged into @port of @hub (NULL: of the bus itself) and shown to the guest, or NULL. */
UsbFunction *usb_function_at(const UsbBus *bus, const UsbFunction *hub, uint32_t port);
/* The same by root port and route string (xHCI 1.1 8.9): four bits for each tier. */
UsbFunction *usb_function_routed(const UsbBus *bus, uint32_t root_port, uint32_t route);
/* Its ports from the controller on, "2.1"; the caller g_frees it. */
char *usb_path(const UsbFunction *function);
/* Reset of its port: not addressed, not configured. */
void usb_function_reset(UsbFunction *function);

/* control.c: a request to endpoint 0, as QhUsbClass.control. */
uint32_t
usb_control(UsbFunction *function, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes);
/* A packet for another endpoint; QH_USB_STALL while it is halted or there is none such. */
uint32_t usb_packet(UsbFunction *function, QhUsbPacket *packet);
const QhUsbEndpoint *usb_endpoint(const UsbFunction *function, uint8_t address);
void usb_halt(UsbFunction *function, uint8_t endpoint, gboolean halted);

/* descriptor.c: descriptor @type, @index of @function; NULL: there is none. */
GByteArray *usb_descriptor(const UsbFunction *function, uint8_t type, uint8_t index);

static inline const QhUsbDescription *usb_description(const UsbFunction *function)
{
    return function->klass->speeds[function->speed & 3];
}

/* For functions of this module. */
static inline const UsbServices *usb_services(const QhDevice *device)
{
    return device->ctx;
}
static inline const QhUsbService *usb_of(const QhDevice *device)
{
    return usb_services(device)->device->bus_service(device->bus);
}

#endif
