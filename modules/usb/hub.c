/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hub (USB 2.0 chapter 11) at high speed, or at full speed where there is no better port. Its
 * transaction translator has nothing to do: packets reach the functions below without passing here.
 */
#include "modules/usb/classes.h"
#include "modules/usb/spec.h"
#include "modules/usb/usb.h"

#define STATUS_ENDPOINT 0x81u

/* Requests (table 11-15). */
#define CLEAR_HUB_FEATURE  USB_REQUEST(0x20, 1)
#define SET_HUB_FEATURE    USB_REQUEST(0x20, 3)
#define CLEAR_PORT_FEATURE USB_REQUEST(0x23, 1)
#define SET_PORT_FEATURE   USB_REQUEST(0x23, 3)
#define GET_HUB_DESCRIPTOR USB_REQUEST(0xa0, 6)
#define GET_HUB_STATUS     USB_REQUEST(0xa0, 0)
#define GET_PORT_STATUS    USB_REQUEST(0xa3, 0)
#define CLEAR_TT_BUFFER    USB_REQUEST(0x23, 8)
#define RESET_TT           USB_REQUEST(0x23, 9)
#define STOP_TT            USB_REQUEST(0x23, 11)

/* Table 11-17: features; from C_CONNECTION on they are changes. */
enum {
    FEATURE_ENABLE = 1,
    FEATURE_SUSPEND = 2,
    FEATURE_RESET = 4,
    FEATURE_POWER = 8,
    FEATURE_C_CONNECTION = 16
};
enum { FEATURE_C_RESET = 20, FEATURE_TEST = 21, FEATURE_INDICATOR = 22 };

/* Table 11-21; changes (table 11-22) have the places of what changed */
#define S_CONNECTED 0x0001u
#define S_ENABLED   0x0002u
#define S_SUSPENDED 0x0004u
#define S_RESET     0x0010u
#define S_POWER     0x0100u
#define S_LOW       0x0200u
#define S_HIGH      0x0400u

typedef struct UsbHub {
    QhDevice base;
    uint32_t n_ports; /* property */
    uint8_t port_power;
    uint16_t status[USB_HUB_PORTS_MAX], change[USB_HUB_PORTS_MAX];
} UsbHub;

static uint32_t bitmap(const UsbHub *hub)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < hub->n_ports; i++) {
        bits |= hub->change[i] != 0 ? 2u << i : 0;
    }
    return bits;
}

static void changed(UsbHub *hub, uint32_t port, uint32_t bits)
{
    hub->change[port - 1] |= (uint16_t)bits;
    usb_of(&hub->base)->wakeup(&hub->base, STATUS_ENDPOINT);
}

static uint32_t speed_bits(uint32_t speed)
{
    return speed == QH_USB_LOW ? S_LOW : speed == QH_USB_HIGH ? S_HIGH : 0;
}

/* What is plugged in, and (without a change) nothing that the guest has done. */
static void look(UsbHub *hub, uint32_t port)
{
    uint32_t speed = usb_of(&hub->base)->port_speed(&hub->base, port);
    uint16_t *status = &hub->status[port - 1];

    *status = (uint16_t)(S_POWER |
                         (speed != QH_USB_NONE ? S_CONNECTED | (speed_bits(speed) & S_LOW) : 0));
}

static void port_changed(QhDevice *device, uint32_t port)
{
    UsbHub *hub = (UsbHub *)device;

    if (port < 1 || port > hub->n_ports) {
        return;
    }
    look(hub, port);
    changed(hub, port, S_CONNECTED);
}

static void reset_port(UsbHub *hub, uint32_t port)
{
    const QhUsbService *usb = usb_of(&hub->base);
    uint32_t speed = usb->port_speed(&hub->base, port);

    if (speed == QH_USB_NONE) {
        return;
    }
    usb->port_reset(&hub->base, port);
    hub->status[port - 1] = (uint16_t)(S_POWER | S_CONNECTED | S_ENABLED | speed_bits(speed));
    changed(hub, port, S_RESET);
}

static uint32_t set_feature(UsbHub *hub, uint32_t port, uint32_t feature)
{
    uint16_t *status = &hub->status[port - 1];

    switch (feature) {
    case FEATURE_RESET:
        reset_port(hub, port);
        return QH_USB_OK;
    case FEATURE_SUSPEND:
        *status |= (*status & S_ENABLED) != 0 ? S_SUSPENDED : 0;
        return QH_USB_OK;
    case FEATURE_POWER: /* there is no switch */
    case FEATURE_TEST:
    case FEATURE_INDICATOR:
        return QH_USB_OK;
    default:
        return QH_USB_STALL;
    }
}

static uint32_t clear_feature(UsbHub *hub, uint32_t port, uint32_t feature)
{
    uint16_t *status = &hub->status[port - 1];

    switch (feature) {
    case FEATURE_ENABLE:
        *status &= (uint16_t)~S_ENABLED;
        return QH_USB_OK;
    case FEATURE_SUSPEND:
        if ((*status & S_SUSPENDED) != 0) {
            *status &= (uint16_t)~S_SUSPENDED;
            changed(hub, port, S_SUSPENDED);
        }
        return QH_USB_OK;
    case FEATURE_POWER:
    case FEATURE_INDICATOR:
        return QH_USB_OK;
    default:
        if (feature < FEATURE_C_CONNECTION || feature > FEATURE_C_RESET) {
            return QH_USB_STALL;
        }
        hub->change[port - 1] &= (uint16_t) ~(1u << (feature - FEATURE_C_CONNECTION));
        return QH_USB_OK;
    }
}

/* 11.23.2.1 */
static uint32_t
descriptor(const UsbHub *hub, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes)
{
    uint32_t map_bytes = (hub->n_ports + 8) / 8;
    uint8_t bytes[7 + 4] = {(uint8_t)(7 + 2 * map_bytes), USB_DT_HUB, (uint8_t)hub->n_ports};

    if (setup->value >> 8 != USB_DT_HUB) {
        return QH_USB_STALL;
    }
    bytes[3] = 0x0a; /* no power switches, over-current for each port */
    bytes[5] = 1;    /* 2 ms until power is good */
    for (uint32_t i = 0; i < map_bytes; i++) {
        bytes[7 + map_bytes + i] = 0xff;
    }
    *ret_bytes = MIN(setup->length, 7 + 2 * map_bytes);
    for (uint32_t i = 0; i < *ret_bytes; i++) {
        data[i] = bytes[i];
    }
    return QH_USB_OK;
}

static uint32_t
put_words(uint32_t first, uint32_t second, uint32_t length, uint8_t *data, uint32_t *ret_bytes)
{
    const uint8_t bytes[4] = {(uint8_t)first, (uint8_t)(first >> 8), (uint8_t)second,
                              (uint8_t)(second >> 8)};

    *ret_bytes = MIN(length, 4);
    for (uint32_t i = 0; i < *ret_bytes; i++) {
        data[i] = bytes[i];
    }
    return QH_USB_OK;
}

static uint32_t
control(QhDevice *device, const QhUsbSetup *setup, uint8_t *data, uint32_t *ret_bytes)
{
    UsbHub *hub = (UsbHub *)device;
    uint32_t port = setup->index & 0xff;
    uint32_t request = USB_REQUEST(setup->type, setup->request);

    switch (request) {
    case GET_HUB_DESCRIPTOR:
        return descriptor(hub, setup, data, ret_bytes);
    case GET_HUB_STATUS:
        return put_words(0, 0, setup->length, data, ret_bytes);
    case CLEAR_HUB_FEATURE:
    case SET_HUB_FEATURE:
        return setup->value <= 1 ? QH_USB_OK : QH_USB_STALL;
    case CLEAR_TT_BUFFER:
    case RESET_TT:
    case STOP_TT:
        return QH_USB_OK;
    case GET_PORT_STATUS:
    case SET_PORT_FEATURE:
    case CLEAR_PORT_FEATURE:
        break;
    default:
        return QH_USB_STALL;
    }
    if (port < 1 || port > hub->n_ports) {
        return QH_USB_STALL;
    }
    if (request == GET_PORT_STATUS) {
        return put_words(hub->status[port - 1], hub->change[port - 1], setup->length, data,
                         ret_bytes);
    }
    return request == SET_PORT_FEATURE ? set_feature(hub, port, setup->value)
                                       : clear_feature(hub, port, setup->value);
}

/* 11.12.4 */
static uint32_t packet(QhDevice *device, QhUsbPacket *p)
{
    const UsbHub *hub = (const UsbHub *)device;
    uint32_t bits = bitmap(hub);
    const uint8_t bytes[2] = {(uint8_t)bits, (uint8_t)(bits >> 8)};

    if (bits == 0) {
        return QH_USB_NAK;
    }
    p->done = usb_of(device)->write(p, 0, bytes, (hub->n_ports + 8) / 8);
    return QH_USB_OK;
}

static void configured(QhDevice *device, uint8_t configuration)
{
    UsbHub *hub = (UsbHub *)device;

    for (uint32_t port = 1; port <= hub->n_ports && configuration != 0; port++) {
        if ((hub->status[port - 1] & S_CONNECTED) != 0) {
            hub->change[port - 1] |= S_CONNECTED;
        }
    }
}

static void reset(QhDevice *device, uint32_t kind)
{
    UsbHub *hub = (UsbHub *)device;

    (void)kind;
    for (uint32_t port = 1; port <= hub->n_ports; port++) {
        look(hub, port);
        hub->change[port - 1] = (hub->status[port - 1] & S_CONNECTED) != 0 ? S_CONNECTED : 0;
    }
}

static gboolean realize(QhDevice *device, GError **error)
{
    return usb_of(device)->ports_add(device, ((UsbHub *)device)->n_ports, error);
}

static const QhUsbEndpoint endpoints_full[] = {
    {.address = STATUS_ENDPOINT, .attributes = USB_INTERRUPT, .max_packet = 2, .interval = 255},
};
static const QhUsbEndpoint endpoints_high[] = {
    {.address = STATUS_ENDPOINT, .attributes = USB_INTERRUPT, .max_packet = 2, .interval = 12},
};
static const QhUsbInterface interface_full = {
    .klass = USB_CLASS_HUB,
    .n_endpoints = 1,
    .endpoints = endpoints_full,
};
static const QhUsbInterface interface_high = {
    .klass = USB_CLASS_HUB,
    .n_endpoints = 1,
    .endpoints = endpoints_high,
};
static const QhUsbDescription full = {
    .size = sizeof(QhUsbDescription),
    .klass = USB_CLASS_HUB,
    .max_packet_0 = 64,
    .attributes = USB_ATTRIBUTE_SELF_POWERED | USB_ATTRIBUTE_REMOTE_WAKEUP,
    .n_interfaces = 1,
    .interfaces = &interface_full,
};
static const QhUsbDescription high = {
    .size = sizeof(QhUsbDescription),
    .klass = USB_CLASS_HUB,
    .protocol = 1, /* one transaction translator */
    .max_packet_0 = 64,
    .attributes = USB_ATTRIBUTE_SELF_POWERED | USB_ATTRIBUTE_REMOTE_WAKEUP,
    .n_interfaces = 1,
    .interfaces = &interface_high,
};
static const QhUsbClass usb_class = {
    .size = sizeof(QhUsbClass),
    .vendor = 0x0409,
    .product = 0x55aa,
    .release = 0x0101,
    .manufacturer = "QEMU",
    .product_name = "QEMU USB Hub",
    .serial = "314159",
    .speeds = {[QH_USB_FULL] = &full, [QH_USB_HIGH] = &high},
    .control = control,
    .packet = packet,
    .configured = configured,
    .port_changed = port_changed,
};

static const QhProperty properties[] = {
    QH_PROPERTY("ports",
                QH_PROPERTY_U32,
                offsetof(UsbHub, n_ports),
                "8",
                1,
                USB_HUB_PORTS_MAX,
                "how many it has"),
    QH_PROPERTY("port-power",
                QH_PROPERTY_BOOL,
                offsetof(UsbHub, port_power),
                "off",
                0,
                0,
                "accepted; ports have no power switches"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);
static const QhStateField fields[] = {
    QH_STATE_FIELD(UsbHub, status, I16, USB_HUB_PORTS_MAX),
    QH_STATE_FIELD(UsbHub, change, I16, USB_HUB_PORTS_MAX),
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

const QhDeviceOps usb_hub_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(UsbHub),
    .description = "USB 2 hub",
    .bus = QH_USB_BUS,
    .properties = &property_table,
    .state = &state_table,
    .realize = realize,
    .reset = reset,
    .bus_class = &usb_class,
};
