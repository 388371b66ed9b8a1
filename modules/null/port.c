/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one device: a character port and a power switch. */
#include "null.h"

typedef struct Port {
    QhDevice base; /* first: the host knows this part */
    QhChar *chr;   /* property "chardev" */
    uint8_t waiting;
    uint8_t has_waiting;
} Port;

static const NsServices *services(const Port *port)
{
    return port->base.ctx;
}

static uint32_t
port_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Port *port = opaque;

    (void)width;
    switch (offset) {
    case NS_PORT_DATA:
        *ret_value = port->has_waiting ? port->waiting : 0;
        if ((attrs & QH_ATTR_DEBUG) == 0 && port->has_waiting) {
            port->has_waiting = 0;
            services(port)->chr->accept_input(port->chr);
        }
        return QH_BUS_OK;
    case NS_PORT_STATUS:
        *ret_value = port->has_waiting;
        return QH_BUS_OK;
    default:
        return QH_BUS_ERROR;
    }
}

static uint32_t
port_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Port *port = opaque;
    uint8_t byte = (uint8_t)value;

    (void)width;
    (void)attrs;
    switch (offset) {
    case NS_PORT_DATA:
        if (port->chr != NULL) {
            services(port)->chr->write(port->chr, &byte, 1);
        }
        return QH_BUS_OK;
    case NS_PORT_POWER:
        services(port)->machine->request_shutdown(port->base.machine, QH_SHUTDOWN_GUEST_SHUTDOWN,
                                                  byte);
        return QH_BUS_OK;
    default:
        return QH_BUS_ERROR;
    }
}

static uint32_t can_read(void *opaque)
{
    const Port *port = opaque;

    return port->has_waiting ? 0 : 1;
}

static void receive(void *opaque, const uint8_t *data, uint32_t bytes)
{
    Port *port = opaque;

    if (bytes > 0) {
        port->waiting = data[0];
        port->has_waiting = 1;
    }
}

static const QhCharHandlers handlers = {
    .size = sizeof(QhCharHandlers),
    .can_read = can_read,
    .read = receive,
};

static gboolean realize(QhDevice *device, GError **error)
{
    Port *port = (Port *)device;

    return port->chr == NULL || services(port)->chr->attach(port->chr, &handlers, port, error);
}

static void unrealize(QhDevice *device)
{
    Port *port = (Port *)device;

    if (port->chr != NULL) {
        services(port)->chr->attach(port->chr, NULL, NULL, NULL);
    }
}

static void reset(QhDevice *device, uint32_t kind)
{
    Port *port = (Port *)device;

    (void)kind;
    port->has_waiting = 0;
}

static const QhIoOps registers = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 4,
    .read = port_read,
    .write = port_write,
};
static const QhWindow windows[] = {
    {.name = "registers", .bytes = 0x1000, .ops = &registers},
};
static const QhProperty properties[] = {
    {.name = "chardev",
     .description = "Where characters go",
     .type = QH_PROPERTY_CHARDEV,
     .offset = offsetof(Port, chr)},
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);
static const QhStateField fields[] = {
    {.name = "waiting",     .offset = offsetof(Port, waiting),     .type = QH_TYPE_I8},
    {.name = "has_waiting", .offset = offsetof(Port, has_waiting), .type = QH_TYPE_I8},
};
static const QhStateTable state = QH_STATE_TABLE(fields, 1);

const QhDeviceOps ns_port = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Port),
    .description = "Character port and power switch",
    .properties = &property_table,
    .state = &state,
    QH_WINDOWS(windows),
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
};
