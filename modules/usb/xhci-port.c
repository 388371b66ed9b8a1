/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Root hub ports (4.19). A socket is two ports: one of the USB 2 protocol, numbers 1 to p2, and one
 * of USB 3 behind those; what is plugged in shows on the one of its speed.
 */
#include "modules/usb/xhci.h"

static gboolean is_usb3(const Xhci *xhci, uint32_t port)
{
    return port > xhci->p2;
}

uint32_t xhci_socket(const Xhci *xhci, uint32_t port)
{
    return is_usb3(xhci, port) ? port - xhci->p2 : port;
}

static XhciPort *registers(Xhci *xhci, uint32_t port)
{
    return &xhci->ports[port - 1];
}

static void set_link(XhciPort *p, uint32_t state)
{
    p->portsc = (p->portsc & ~PORT_PLS) | state << PORT_PLS_SHIFT;
}

static uint32_t link_of(const XhciPort *p)
{
    return (p->portsc & PORT_PLS) >> PORT_PLS_SHIFT;
}

static void send(Xhci *xhci, uint32_t port)
{
    xhci->usbsts |= STS_PORT_CHANGE;
    xhci_event(xhci, 0, (uint64_t)port << 24, CC_SUCCESS << 24, TRB_EVENT_PORT << 10);
}

/* 4.19.2: an event comes when the first of the change bits is set. */
static void change(Xhci *xhci, uint32_t port, uint32_t bits)
{
    XhciPort *p = registers(xhci, port);
    gboolean first = (p->portsc & PORT_CHANGES) == 0;

    p->portsc |= bits;
    if (first) {
        send(xhci, port);
    }
}

void xhci_port_tell(Xhci *xhci)
{
    for (uint32_t port = 1; port <= xhci->n_ports; port++) {
        if ((registers(xhci, port)->portsc & PORT_CHANGES) != 0) {
            send(xhci, port);
        }
    }
}

/* Table 157: default speed ids. */
static uint32_t speed_id(const UsbFunction *function)
{
    static const uint8_t ids[] = {
        [QH_USB_LOW] = 2, [QH_USB_FULL] = 1, [QH_USB_HIGH] = 3, [QH_USB_SUPER] = 4};

    return ids[function->speed & 3];
}

/* What is plugged into @port, as that port sees it. */
static UsbFunction *at(const Xhci *xhci, uint32_t port)
{
    UsbFunction *function = usb_function_at(&xhci->base.bus, NULL, xhci_socket(xhci, port));

    return function != NULL && (function->speed == QH_USB_SUPER) == is_usb3(xhci, port) ? function
                                                                                        : NULL;
}

static void look(Xhci *xhci, uint32_t port)
{
    XhciPort *p = registers(xhci, port);
    const UsbFunction *function = at(xhci, port);
    gboolean was = (p->portsc & PORT_CONNECTED) != 0;

    if (was == (function != NULL)) {
        return;
    }
    p->portsc &= ~(PORT_CONNECTED | PORT_ENABLED | PORT_SPEED | PORT_RESET);
    if (function == NULL) {
        set_link(p, PLS_RX_DETECT);
    } else {
        p->portsc |= PORT_CONNECTED | speed_id(function) << PORT_SPEED_SHIFT;
        if (is_usb3(xhci, port)) {
            p->portsc |= PORT_ENABLED;
            set_link(p, PLS_U0);
        } else {
            set_link(p, PLS_POLLING);
        }
    }
    change(xhci, port, PORT_CONNECT_CHANGE);
}

void xhci_port_changed(UsbBus *bus, uint32_t socket)
{
    Xhci *xhci = (Xhci *)((char *)bus - offsetof(UsbController, bus));

    if (socket <= xhci->p2) {
        look(xhci, socket);
    }
    if (socket <= xhci->p3) {
        look(xhci, xhci->p2 + socket);
    }
}

void xhci_port_reset_all(Xhci *xhci)
{
    for (uint32_t port = 1; port <= xhci->n_ports; port++) {
        XhciPort *p = registers(xhci, port);

        *p = (XhciPort){.portsc = PORT_POWER | PLS_RX_DETECT << PORT_PLS_SHIFT};
        look(xhci, port);
    }
}

static void reset(Xhci *xhci, uint32_t port, gboolean warm)
{
    XhciPort *p = registers(xhci, port);
    UsbFunction *function = at(xhci, port);

    if (function == NULL) {
        return;
    }
    usb_function_reset(function);
    p->portsc |= PORT_ENABLED;
    set_link(p, PLS_U0);
    change(xhci, port, PORT_RESET_CHANGE | (warm ? PORT_WARM_CHANGE : 0));
}

/* 4.15: suspend and resume by the guest. */
static void write_link(Xhci *xhci, uint32_t port, uint32_t state)
{
    XhciPort *p = registers(xhci, port);
    uint32_t old = link_of(p);

    if ((p->portsc & PORT_ENABLED) == 0 && !(state == PLS_RX_DETECT && is_usb3(xhci, port))) {
        return;
    }
    switch (state) {
    case PLS_U0:
        set_link(p, state);
        if (old != PLS_U0) {
            change(xhci, port, PORT_LINK_CHANGE);
            xhci_kick_all(xhci);
        }
        break;
    case PLS_U3:
        set_link(p, state);
        break;
    case PLS_RESUME:
        if (old == PLS_U3 && !is_usb3(xhci, port)) {
            set_link(p, state);
        }
        break;
    default:
        break;
    }
}

static void write_portsc(Xhci *xhci, uint32_t port, uint32_t value)
{
    const uint32_t kept = PORT_INDICATOR | PORT_WAKE;
    XhciPort *p = registers(xhci, port);

    p->portsc = (p->portsc & ~kept & ~(value & PORT_CHANGES)) | (value & kept);
    if ((value & PORT_ENABLED) != 0) { /* writing one disables */
        p->portsc &= ~PORT_ENABLED;
        set_link(p, is_usb3(xhci, port) ? PLS_DISABLED : PLS_POLLING);
    }
    if ((value & PORT_WARM_RESET) != 0 && is_usb3(xhci, port)) {
        reset(xhci, port, TRUE);
    } else if ((value & PORT_RESET) != 0) {
        reset(xhci, port, FALSE);
    } else if ((value & PORT_LINK_WRITE) != 0) {
        write_link(xhci, port, (value & PORT_PLS) >> PORT_PLS_SHIFT);
    }
}

void xhci_port_write(Xhci *xhci, uint32_t port, uint32_t offset, uint32_t value)
{
    XhciPort *p = registers(xhci, port);

    switch (offset) {
    case 0:
        write_portsc(xhci, port, value);
        break;
    case 4:
        p->portpmsc = value & 0x0001ffff;
        break;
    case 12:
        p->porthlpmc = is_usb3(xhci, port) ? 0 : value & 0x3fff;
        break;
    default:
        break; /* PORTLI counts errors, of which there are none */
    }
}

void xhci_port_wakeup(Xhci *xhci, const UsbFunction *function)
{
    const UsbPort *place = function->port;

    while (place != NULL && place->hub != NULL) {
        place = place->hub->port;
    }
    for (uint32_t port = 1; place != NULL && port <= xhci->n_ports; port++) {
        if (xhci_socket(xhci, port) == place->number && at(xhci, port) != NULL &&
            link_of(registers(xhci, port)) == PLS_U3) {
            set_link(registers(xhci, port), PLS_RESUME);
            change(xhci, port, PORT_LINK_CHANGE);
        }
    }
}
