/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who sits where: paths of ports, hubs below hubs, what comes and goes. Nobody asks the guest
 * before a function is taken out: it is pulled, and what hangs on a hub goes with it.
 */
#include "modules/usb/spec.h"
#include "modules/usb/usb.h"

#include <string.h>

static const QhDeviceService *devices(const UsbFunction *function)
{
    return function->services->device;
}

static UsbBus *bus_of(QhDevice *controller)
{
    return &((UsbController *)controller)->bus;
}

UsbFunction *usb_function_at(const UsbBus *bus, const UsbFunction *hub, uint32_t port)
{
    const UsbPort *ports = hub != NULL ? hub->ports : bus->ports;
    uint32_t n = hub != NULL ? hub->n_ports : bus->n_ports;
    UsbFunction *function = port >= 1 && port <= n ? ports[port - 1].function : NULL;

    return function != NULL && function->present ? function : NULL;
}

UsbFunction *usb_function_routed(const UsbBus *bus, uint32_t root_port, uint32_t route)
{
    UsbFunction *function = usb_function_at(bus, NULL, root_port);

    for (uint32_t tier = 0; tier < USB_TIERS_MAX && (route & 0xfffff) != 0; tier++, route >>= 4) {
        if (function == NULL) {
            return NULL;
        }
        function = usb_function_at(bus, function, route & 15);
    }
    return function;
}

void usb_function_reset(UsbFunction *function)
{
    function->address = function->configuration = function->remote_wakeup = 0;
    function->halted_in = function->halted_out = 0;
    memset(function->alternates, 0, sizeof(function->alternates));
    if (function->present) {
        devices(function)->reset(function->device, QH_RESET_WARM);
    }
}

/* --- Places --- */

static uint32_t speeds_of(const UsbFunction *function)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i <= MIN(function->max_speed, QH_USB_SUPER); i++) {
        bits |= function->klass->speeds[i] != NULL ? USB_SPEED_BIT(i) : 0;
    }
    return bits;
}

/* A hub of this module has no super speed, and passes on what it runs at itself, and less. */
static uint32_t port_speeds(const UsbPort *port)
{
    if (port->hub == NULL) {
        return port->speeds;
    }
    return USB_SPEEDS_2 | (port->hub->speed == QH_USB_HIGH ? USB_SPEED_BIT(QH_USB_HIGH) : 0);
}

static uint32_t depth_of(const UsbPort *port)
{
    uint32_t depth = 0;

    while (port != NULL && port->hub != NULL && depth <= USB_TIERS_MAX) {
        depth++;
        port = port->hub->port;
    }
    return depth;
}

static gboolean suits(const UsbPort *port, const UsbFunction *function)
{
    return port->function == NULL && (port_speeds(port) & speeds_of(function)) != 0 &&
           depth_of(port) + (function->klass->port_changed != NULL) <= USB_TIERS_MAX;
}

/* The first free place: of the controller, then of hubs that sit there, and so on. */
static UsbPort *free_port(UsbPort *ports, uint32_t n, const UsbFunction *function, uint32_t depth)
{
    UsbPort *found = NULL;

    for (uint32_t i = 0; i < n; i++) {
        if (suits(&ports[i], function)) {
            return &ports[i];
        }
    }
    for (uint32_t i = 0; i < n && found == NULL && depth < USB_TIERS_MAX; i++) {
        const UsbFunction *hub = ports[i].function;

        if (hub != NULL && hub->present && hub->n_ports > 0) {
            found = free_port(hub->ports, hub->n_ports, function, depth + 1);
        }
    }
    return found;
}

static UsbPort *port_at(UsbBus *bus, const char *path)
{
    UsbPort *ports = bus->ports, *port = NULL;
    uint32_t n = bus->n_ports;

    for (const char *at = path;;) {
        char *end;
        guint64 number = g_ascii_isdigit(*at) ? g_ascii_strtoull(at, &end, 10) : 0;

        if (number < 1 || number > n || (*end != '\0' && *end != '.')) {
            return NULL;
        }
        port = &ports[number - 1];
        if (*end == '\0') {
            return port;
        }
        if (port->function == NULL || !port->function->present) {
            return NULL;
        }
        ports = port->function->ports;
        n = port->function->n_ports;
        at = end + 1;
    }
}

static gboolean refuse(const UsbFunction *function, uint32_t code, const char *why, GError **error)
{
    g_set_error(error, QH_ERROR, code, "cannot plug '%s' into USB bus '%s': %s",
                function->device->id, devices(function)->bus_name(function->bus->handle), why);
    return FALSE;
}

static gboolean attach(QhDevice *parent, QhBus *handle, QhDevice *child, void *data, GError **error)
{
    UsbBus *bus = bus_of(parent);
    UsbFunction *function = data;
    const UsbServices *services = parent->ctx;
    UsbPort *port;

    (void)handle;
    function->device = child;
    function->bus = bus;
    function->services = services;
    function->klass = services->device->child_class(child);
    function->max_speed = QH_USB_SUPER;
    if (function->path != NULL) {
        g_autofree char *why = NULL;

        port = port_at(bus, function->path);
        if (port == NULL || port->function != NULL) {
            why = g_strdup_printf("port %.32s %s", function->path,
                                  port == NULL ? "does not exist" : "is in use");
        } else if (!suits(port, function)) {
            why = g_strdup_printf("port %.32s is not for such a device", function->path);
        }
        if (why != NULL) {
            return refuse(function, QH_ERROR_INVALID, why, error);
        }
    } else if ((port = free_port(bus->ports, bus->n_ports, function, 0)) == NULL) {
        return refuse(function, QH_ERROR_BUSY, "no port is free", error);
    }
    port->function = function;
    function->port = port;
    return TRUE;
}

/* --- Coming and going --- */

static void tell_port(const UsbPort *port, UsbBus *bus)
{
    const UsbFunction *hub = port->hub;

    if (hub == NULL) {
        bus->ops->port_changed(bus, port->number);
    } else if (hub->present) {
        hub->klass->port_changed(hub->device, port->number);
    }
}

static void plug(QhDevice *parent, QhBus *handle, QhDevice *child, void *data, gboolean hot)
{
    UsbFunction *function = data;
    uint32_t both = speeds_of(function) & port_speeds(function->port);

    (void)parent;
    (void)handle;
    (void)child;
    (void)hot;
    for (function->speed = QH_USB_SUPER;
         function->speed > 0 && (both & USB_SPEED_BIT(function->speed)) == 0;) {
        function->speed--;
    }
    function->present = TRUE;
    tell_port(function->port, function->bus);
}

static void pull(UsbFunction *function)
{
    if (!function->present) {
        return;
    }
    for (uint32_t i = 0; i < function->n_ports; i++) {
        if (function->ports[i].function != NULL) {
            pull(function->ports[i].function);
        }
    }
    function->bus->ops->gone(function->bus, function);
    function->present = FALSE;
    if (function->port != NULL) {
        tell_port(function->port, function->bus);
    }
}

static void release(UsbFunction *function)
{
    for (uint32_t i = 0; i < function->n_ports; i++) {
        if (function->ports[i].function != NULL) {
            release(function->ports[i].function);
        }
    }
    devices(function)->unplug_done(function->device);
}

static gboolean
unplug_request(QhDevice *parent, QhBus *handle, QhDevice *child, void *data, GError **error)
{
    UsbFunction *function = data;

    (void)parent;
    (void)handle;
    (void)child;
    (void)error;
    pull(function);
    release(function);
    return TRUE;
}

static void detach(QhDevice *parent, QhBus *handle, QhDevice *child, void *data)
{
    UsbFunction *function = data;

    (void)parent;
    (void)handle;
    (void)child;
    pull(function);
    for (uint32_t i = 0; i < function->n_ports; i++) {
        if (function->ports[i].function != NULL) {
            function->ports[i].function->port = NULL;
        }
    }
    if (function->port != NULL) {
        function->port->function = NULL;
        function->port = NULL;
    }
    function->n_ports = 0;
    g_clear_pointer(&function->ports, g_free);
    g_clear_pointer(&function->own_serial, g_free);
}

static void append_path(const UsbPort *port, GString *path)
{
    if (port->hub != NULL && port->hub->port != NULL) {
        append_path(port->hub->port, path);
        g_string_append_c(path, '.');
    }
    g_string_append_printf(path, "%u", port->number);
}

char *usb_path(const UsbFunction *function)
{
    GString *path;

    if (function->port == NULL) {
        return NULL;
    }
    path = g_string_new(NULL);
    append_path(function->port, path);
    return g_string_free(path, FALSE);
}

static const char *firmware_class(const UsbFunction *function)
{
    const QhUsbDescription *d = usb_description(function);

    if (function->n_ports > 0) {
        return "hub";
    }
    return d != NULL && d->interfaces[0].klass == USB_CLASS_STORAGE ? "storage" : "device";
}

static void append_names(const UsbFunction *function, GString *path)
{
    if (function->port->hub != NULL && function->port->hub->port != NULL) {
        append_names(function->port->hub, path);
        g_string_append_c(path, '/');
    }
    g_string_append_printf(path, "%s@%x", firmware_class(function), function->port->number);
}

/* With the hubs on the way: "hub@2/storage@1". */
static char *firmware_name(QhDevice *parent, QhBus *handle, QhDevice *child, const void *data)
{
    const UsbFunction *function = data;
    GString *path;

    (void)parent;
    (void)handle;
    (void)child;
    if (function->port == NULL) {
        return NULL;
    }
    path = g_string_new(NULL);
    append_names(function, path);
    return g_string_free(path, FALSE);
}

static char *address(QhDevice *parent, QhBus *handle, QhDevice *child, const void *data)
{
    (void)parent;
    (void)handle;
    (void)child;
    return usb_path(data);
}

/* --- Service of the bus --- */

static UsbFunction *function_of(const QhDevice *device)
{
    return device->bus_data;
}

static void limit_speed(QhDevice *device, uint32_t speed)
{
    function_of(device)->max_speed = MIN(speed, QH_USB_SUPER);
}

static void set_serial(QhDevice *device, const char *serial)
{
    g_free(function_of(device)->own_serial);
    function_of(device)->own_serial = g_strdup(serial);
}

static uint32_t speed(QhDevice *device)
{
    return function_of(device)->present ? function_of(device)->speed : QH_USB_NONE;
}

static gboolean is_configured(QhDevice *device)
{
    return function_of(device)->present && function_of(device)->configuration != 0;
}

static void wakeup(QhDevice *device, uint8_t endpoint)
{
    UsbFunction *function = function_of(device);

    if (function->present) {
        function->bus->ops->wakeup(function->bus, function, endpoint);
    }
}

static void complete(QhDevice *device, QhUsbPacket *packet)
{
    UsbFunction *function = function_of(device);

    if (packet->status == QH_USB_STALL) {
        usb_halt(function, packet->endpoint, TRUE);
    }
    function->bus->ops->complete(function->bus, packet);
}

static void halt(QhDevice *device, uint8_t endpoint)
{
    usb_halt(function_of(device), endpoint, TRUE);
}

/* Copy between a buffer and the packet's memory from @offset on. */
static uint64_t
copy(const QhUsbPacket *packet, uint64_t offset, uint8_t *buffer, uint64_t bytes, gboolean out)
{
    uint64_t moved = 0;

    for (uint32_t i = 0; i < packet->n_vec && moved < bytes; i++) {
        const QhBlockVec *vec = &packet->vec[i];

        if (offset >= vec->bytes) {
            offset -= vec->bytes;
            continue;
        }
        uint64_t part = MIN(vec->bytes - offset, bytes - moved);
        uint8_t *memory = (uint8_t *)vec->base + offset;
        memcpy(out ? buffer + moved : memory, out ? memory : buffer + moved, part);
        moved += part;
        offset = 0;
    }
    return moved;
}

static uint64_t packet_read(const QhUsbPacket *packet, uint64_t offset, void *to, uint64_t bytes)
{
    return copy(packet, offset, to, bytes, TRUE);
}

static uint64_t packet_write(QhUsbPacket *packet, uint64_t offset, const void *from, uint64_t bytes)
{
    return copy(packet, offset, (uint8_t *)from, bytes, FALSE);
}

static gboolean ports_add(QhDevice *hub, uint32_t n, GError **error)
{
    UsbFunction *function = function_of(hub);

    if (n < 1 || n > USB_HUB_PORTS_MAX || function->ports != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "hub '%s': it can have 1 to %u ports",
                    hub->id, USB_HUB_PORTS_MAX);
        return FALSE;
    }
    function->ports = g_new0(UsbPort, n);
    function->n_ports = n;
    for (uint32_t i = 0; i < n; i++) {
        function->ports[i].hub = function;
        function->ports[i].number = i + 1;
    }
    return TRUE;
}

static uint32_t port_speed(QhDevice *hub, uint32_t port)
{
    const UsbFunction *function = usb_function_at(NULL, function_of(hub), port);

    return function != NULL ? function->speed : QH_USB_NONE;
}

static void port_reset(QhDevice *hub, uint32_t port)
{
    UsbFunction *function = usb_function_at(NULL, function_of(hub), port);

    if (function != NULL) {
        usb_function_reset(function);
    }
}

static const QhUsbService usb_service = {
    .size = sizeof(QhUsbService),
    .limit_speed = limit_speed,
    .set_serial = set_serial,
    .speed = speed,
    .is_configured = is_configured,
    .wakeup = wakeup,
    .complete = complete,
    .halt = halt,
    .read = packet_read,
    .write = packet_write,
    .ports_add = ports_add,
    .port_speed = port_speed,
    .port_reset = port_reset,
};

/* --- The bus --- */

static const QhProperty properties[] = {
    QH_PROPERTY("port",
                QH_PROPERTY_STRING,
                offsetof(UsbFunction, path),
                NULL,
                0,
                0,
                "where it is plugged in: 2, or 2.1 for port 1 of the hub there"),
    QH_PROPERTY("serial",
                QH_PROPERTY_STRING,
                offsetof(UsbFunction, serial),
                NULL,
                0,
                0,
                "serial number that it tells"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define FIELD(member, bits, n) QH_STATE_FIELD(UsbFunction, member, I##bits, n)
static const QhStateField fields[] = {
    FIELD(speed, 32, 1),
    FIELD(halted_in, 16, 1),
    FIELD(halted_out, 16, 1),
    FIELD(address, 8, 1),
    FIELD(configuration, 8, 1),
    FIELD(remote_wakeup, 8, 1),
    FIELD(alternates, 8, USB_ALTERNATES),
};
static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

/* A snapshot may say what no guest could have brought about. */
static void child_loaded(QhDevice *parent, QhBus *handle, QhDevice *child, void *data)
{
    UsbFunction *function = data;

    (void)parent;
    (void)handle;
    (void)child;
    if (function->speed > QH_USB_SUPER || usb_description(function) == NULL) {
        function->configuration = 0;
    }
}

static const QhBusOps bus_ops = {
    .size = sizeof(QhBusOps),
    .child_size = sizeof(UsbFunction),
    .kind = QH_USB_BUS,
    .properties = &property_table,
    .service = &usb_service,
    .attach = attach,
    .plug = plug,
    .unplug_request = unplug_request,
    .detach = detach,
    .address = address,
    .firmware_name = firmware_name,
    .child_state = &state_table,
    .child_loaded = child_loaded,
};

gboolean usb_bus_init(UsbController *controller,
                      const UsbControllerOps *ops,
                      const uint32_t *speeds,
                      uint32_t n,
                      GError **error)
{
    UsbBus *bus = &controller->bus;
    UsbServices *services = controller->base.ctx;
    UsbController **link = &services->controllers;

    bus->ops = ops;
    bus->ports = g_new0(UsbPort, n);
    bus->n_ports = n;
    for (uint32_t i = 0; i < n; i++) {
        bus->ports[i].number = i + 1;
        bus->ports[i].speeds = speeds[i];
    }
    bus->handle = services->device->bus_new(&controller->base, &bus_ops, NULL, error);
    while (bus->handle != NULL && *link != NULL) {
        link = &(*link)->next;
    }
    if (bus->handle != NULL) {
        *link = controller;
    }
    return bus->handle != NULL;
}

void usb_bus_clear(UsbController *controller)
{
    UsbController **link = &((UsbServices *)controller->base.ctx)->controllers;

    while (*link != NULL && *link != controller) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = controller->next;
    }
    controller->bus.n_ports = 0;
    g_clear_pointer(&controller->bus.ports, g_free);
}
