/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller as a device: its two names, its properties, its life. */
#include "modules/usb/xhci.h"

#include "modules/usb/classes.h"

#include <string.h>

#define LATER_NS 500000

void xhci_guest_error(const Xhci *xhci, const char *text)
{
    const UsbServices *s = xhci->base.base.ctx;

    s->log->guest(s->host, QH_LOG_GUEST_ERROR, text);
}

gboolean xhci_is_running(const Xhci *xhci)
{
    return (xhci->usbsts & (STS_HALTED | STS_ERROR)) == 0;
}

/* 4.24.1: an internal error, from which only a reset leads out. */
void xhci_break(Xhci *xhci, const char *text)
{
    xhci_guest_error(xhci, text);
    xhci->usbsts |= STS_ERROR | STS_HALTED;
    xhci->usbcmd &= ~CMD_RUN;
    xhci->commands_run = 0;
}

void xhci_run_later(Xhci *xhci)
{
    const UsbServices *s = xhci->base.base.ctx;

    s->timer->arm(xhci->later, s->timer->now(s->host, QH_CLOCK_VIRTUAL) + LATER_NS);
}

static void on_later(void *opaque)
{
    Xhci *xhci = opaque;

    if (xhci->command_later != 0) {
        xhci_run_commands(xhci);
    }
    xhci_kick_all(xhci);
}

void xhci_set_run(Xhci *xhci, gboolean run)
{
    gboolean was = (xhci->usbcmd & CMD_RUN) != 0;

    if (run == was || (xhci->usbsts & STS_ERROR) != 0) {
        return;
    }
    if (run) {
        xhci->usbcmd |= CMD_RUN;
        xhci->usbsts &= ~STS_HALTED;
        xhci_port_tell(xhci);
        xhci_kick_all(xhci);
    } else {
        xhci->usbcmd &= ~CMD_RUN;
        xhci->usbsts |= STS_HALTED;
        xhci->commands_run = 0;
    }
}

void xhci_reset(Xhci *xhci)
{
    const UsbServices *s = xhci->base.base.ctx;

    s->timer->disarm(xhci->later);
    xhci_slot_clear(xhci, 0);
    xhci->usbcmd = xhci->dnctrl = xhci->config = 0;
    xhci->usbsts = STS_HALTED;
    xhci->crcr = xhci->dcbaap = 0;
    xhci->commands = (XhciRing){0};
    xhci->commands_run = xhci->command_later = 0;
    memset(xhci->interrupters, 0, sizeof(xhci->interrupters));
    xhci_port_reset_all(xhci);
    xhci_update_line(xhci);
}

/* --- What the bus tells --- */

static Xhci *of_bus(UsbBus *bus)
{
    return (Xhci *)((char *)bus - offsetof(UsbController, bus));
}

static void gone(UsbBus *bus, UsbFunction *function)
{
    Xhci *xhci = of_bus(bus);
    uint32_t slot = function->slot;

    if (slot == 0 || slot > XHCI_SLOTS || xhci->slots[slot].function != function) {
        return;
    }
    for (uint32_t i = 1; i < XHCI_ENDPOINTS; i++) {
        if (xhci->slots[slot].endpoints[i].active != NULL) {
            xhci_endpoint_stop(xhci, slot, i, CC_TRANSACTION);
            xhci_endpoint_state(xhci, slot, i, EP_HALTED);
        }
    }
    function->slot = 0;
    xhci->slots[slot].function = NULL;
}

static void wakeup(UsbBus *bus, UsbFunction *function, uint8_t endpoint)
{
    Xhci *xhci = of_bus(bus);
    uint32_t context = 2u * (endpoint & 15) + (endpoint >> 7);

    if (function->remote_wakeup != 0) {
        xhci_port_wakeup(xhci, function);
    }
    if (function->slot != 0 && xhci->slots[function->slot].endpoints[context].naked != 0) {
        xhci_kick(xhci, function->slot, context);
    }
}

static const UsbControllerOps controller_ops = {
    .port_changed = xhci_port_changed,
    .gone = gone,
    .wakeup = wakeup,
    .complete = xhci_complete,
};

/* --- Life --- */

static gboolean reset_child(QhDevice *child, void *data, void *opaque)
{
    UsbFunction *function = data;

    (void)child;
    (void)opaque;
    function->address = function->configuration = function->remote_wakeup = 0;
    function->halted_in = function->halted_out = 0;
    memset(function->alternates, 0, sizeof(function->alternates));
    return TRUE;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Xhci *xhci = (Xhci *)device;
    const UsbServices *s = device->ctx;

    (void)kind;
    s->device->bus_foreach(xhci->base.bus.handle, reset_child, NULL);
    xhci_reset(xhci);
}

static gboolean check(const Xhci *xhci, GError **error)
{
    const char *why = NULL;

    if (xhci->p2 > XHCI_PORTS / 2 || xhci->p3 > XHCI_PORTS / 2) {
        why = "properties 'p2' and 'p3' take at most 15";
    } else if (xhci->p2 + xhci->p3 == 0) {
        why = "it has no ports";
    } else if (xhci->slots_wanted < 1 || xhci->slots_wanted > XHCI_SLOTS) {
        why = "property 'slots' takes 1 to 64";
    } else if (xhci->interrupters_wanted < 1 || xhci->interrupters_wanted > XHCI_INTERRUPTERS) {
        why = "property 'intrs' takes 1 to 16";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize USB controller '%s': %s",
                    xhci->base.base.id, why);
    }
    return why == NULL;
}

/* 5.2: registers in configuration space. */
static void describe(Xhci *xhci)
{
    uint8_t *config = xhci->pci->config(&xhci->base.base);

    config[0x60] = 0x30; /* USB 3.0 */
    config[0x61] = 0x20; /* frame length as it should be */
}

static gboolean make_interrupts(Xhci *xhci, GError **error)
{
    QhDevice *device = &xhci->base.base;

    /* messages of one kind are enough, so MSI comes only when it is asked for */
    if (xhci->msi == 1 &&
        !xhci->pci->msi(device, 1u << g_bit_storage(xhci->n_interrupters - 1), error)) {
        return FALSE;
    }
    return xhci->msix == 2 ||
           xhci->pci->msix(device, xhci->n_interrupters, 0, XHCI_AT_MSIX, XHCI_AT_PBA, error);
}

static gboolean realize(QhDevice *device, GError **error)
{
    Xhci *xhci = (Xhci *)device;
    const UsbServices *s = device->ctx;
    uint32_t speeds[XHCI_PORTS / 2];

    if (!check(xhci, error)) {
        return FALSE;
    }
    xhci->pci = s->device->bus_service(device->bus);
    xhci->n_ports = xhci->p2 + xhci->p3;
    xhci->n_slots = xhci->slots_wanted;
    xhci->n_interrupters = xhci->interrupters_wanted;
    for (uint32_t i = 0; i < MAX(xhci->p2, xhci->p3); i++) {
        speeds[i] = (i < xhci->p2 ? USB_SPEEDS_2 | USB_SPEED_BIT(QH_USB_HIGH) : 0) |
                    (i < xhci->p3 ? USB_SPEED_BIT(QH_USB_SUPER) : 0);
    }
    xhci->later = s->timer->timer_new(s->host, QH_CLOCK_VIRTUAL, on_later, xhci);
    describe(xhci);
    if (!xhci->pci->bar(device, 0, 0, QH_PCI_BAR_64, 0, error) || !make_interrupts(xhci, error) ||
        !usb_bus_init(&xhci->base, &controller_ops, speeds, MAX(xhci->p2, xhci->p3), error)) {
        return FALSE;
    }
    xhci_reset(xhci);
    xhci->running = s->device->is_hot(device->machine);
    return TRUE;
}

static void unrealize(QhDevice *device)
{
    Xhci *xhci = (Xhci *)device;
    const UsbServices *s = device->ctx;

    s->timer->timer_free(xhci->later);
    usb_bus_clear(&xhci->base);
}

static void run_state(QhDevice *device, gboolean running)
{
    Xhci *xhci = (Xhci *)device;

    xhci->running = running;
    if (running) {
        if (xhci->commands_run != 0) {
            xhci_run_commands(xhci);
        }
        xhci_kick_all(xhci);
    }
}

static void state_loaded(QhDevice *device)
{
    Xhci *xhci = (Xhci *)device;

    for (uint32_t i = 1; i <= xhci->n_slots; i++) {
        if (xhci->slots[i].state != SLOT_DISABLED && xhci->slots[i].state != SLOT_ENABLED) {
            xhci_slot_find_function(xhci, i);
        }
    }
}

#define OPTION(name_, type_, member_, default_, min_, max_, text_)                                 \
    QH_PROPERTY(name_, QH_PROPERTY_##type_, offsetof(Xhci, member_), default_, min_, max_, text_)
static const QhProperty properties[] = {
    OPTION("p2", U32, p2, "4", 0, 0, "USB 2 ports"),
    OPTION("p3", U32, p3, "4", 0, 0, "USB 3 ports, in the same sockets"),
    OPTION("msi", ONOFFAUTO, msi, "auto", 0, 0, "message signalled interrupts"),
    OPTION("msix", ONOFFAUTO, msix, "auto", 0, 0, "the same, with a table"),
    OPTION("streams", BOOL, streams, "on", 0, 0, "accepted; no device here has streams"),
    OPTION("conditional-intr-mapping", BOOL, conditional_mapping, "off", 0, 0, "accepted"),
    OPTION("intrs", U32, interrupters_wanted, "16", 0, 0, "interrupters"),
    OPTION("slots", U32, slots_wanted, "64", 0, 0, "devices that there can be"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);
static const QhStateTable state_table = {
    .size = sizeof(QhStateTable),
    .field_size = sizeof(QhStateField),
};
static const QhWindow windows[] = {
    {.name = "xhci", .bytes = XHCI_WINDOW_BYTES, .ops = &xhci_io_ops},
};
static const QhPciClass qemu_class = {
    .size = sizeof(QhPciClass),
    .flags = QH_PCI_EXPRESS,
    .vendor = 0x1b36,
    .device = 0x000d,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x0c0330,
    .revision = 1,
    .interrupt_pin = 1,
};
static const QhPciClass nec_class = {
    .size = sizeof(QhPciClass),
    .flags = QH_PCI_EXPRESS,
    .vendor = 0x1033,
    .device = 0x0194,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class_code = 0x0c0330,
    .revision = 3,
    .interrupt_pin = 1,
};

#define XHCI_OPS(description_, class_)                                                             \
    {                                                                                              \
        .size = sizeof(QhDeviceOps), .state_size = sizeof(Xhci), .description = (description_),    \
        .bus = QH_PCI_BUS, .properties = &property_table, .state = &state_table,                   \
        QH_WINDOWS(windows), .realize = realize, .unrealize = unrealize, .reset = reset,           \
        .bus_class = (class_), .run_state = run_state, .state_loaded = state_loaded,               \
        .stream = xhci_stream,                                                                     \
    }
const QhDeviceOps usb_qemu_xhci_ops = XHCI_OPS("USB 3 controller (xHCI)", &qemu_class);
const QhDeviceOps usb_nec_xhci_ops = XHCI_OPS("USB 3 controller (NEC, xHCI)", &nec_class);
