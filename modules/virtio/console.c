/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One device with up to 31 ports. Port 0 has queues 0 and 1, the control queues are 2 and 3, port N
 * has 2 N + 2 and 2 N + 3 (5.3.2). What the driver has to be told waits in a list until it has
 * given buffers for it.
 */
#include "modules/virtio/console.h"

#define QUEUE_SIZE   128u
#define CONTROL_SIZE 32u
#define CONTROL_RX   2u
#define CONTROL_TX   3u
#define MESSAGE      8u
#define MESSAGES_MAX 1024u
#define MESSAGE_MAX  4096u
#define CONFIG_BYTES 12u

enum { F_MULTIPORT = 1, F_EMERG_WRITE = 2 };
enum { C_MAX_PORTS = 4, C_EMERG = 8 };
enum { DEVICE_READY = 0, PORT_READY = 3 }; /* 5.3.6.2, from the driver */

static VirtioSerial *serial_of(VirtioDevice *device)
{
    return (VirtioSerial *)device;
}

static uint32_t queue_index(uint32_t nr)
{
    return nr == 0 ? 0 : 2 * nr + 2;
}

VirtioQueue *virtio_port_rx(const VirtioPort *port)
{
    return port->serial->virtio.queues[queue_index(port->nr)];
}

VirtioQueue *virtio_port_tx(const VirtioPort *port)
{
    return port->serial->virtio.queues[queue_index(port->nr) + 1];
}

/* --- Control --- */

static void send_messages(VirtioSerial *serial)
{
    VirtioQueue *queue = serial->virtio.queues[CONTROL_RX];

    while (!g_queue_is_empty(serial->messages)) {
        VirtioChain *chain = virtio_queue_pop(queue);

        if (chain == NULL && virtio_queue_want_kicks(queue, TRUE)) {
            continue;
        }
        if (chain == NULL) {
            break;
        }
        g_autoptr(GBytes) message = g_queue_pop_head(serial->messages);
        gsize bytes;
        const void *data = g_bytes_get_data(message, &bytes);

        virtio_queue_push(chain, virtio_chain_write(chain, 0, data, bytes));
    }
    virtio_queue_flush(queue);
}

void virtio_port_tell(VirtioPort *port, uint16_t event, uint16_t value, const char *text)
{
    VirtioSerial *serial = port->serial;
    uint64_t length = text != NULL ? MIN(strlen(text), MESSAGE_MAX - MESSAGE) : 0;

    if (!serial->ready) {
        return;
    }
    if (g_queue_get_length(serial->messages) >= MESSAGES_MAX) {
        virtio_device_break(&serial->virtio, "the driver asks for messages that it does not take");
        return;
    }
    uint8_t *message = g_malloc(MESSAGE + length);
    virtio_put32(message, port->nr);
    virtio_put16(message + 4, event);
    virtio_put16(message + 6, value);
    if (text != NULL) {
        memcpy(message + MESSAGE, text, length);
    }
    g_queue_push_tail(serial->messages, g_bytes_new_take(message, MESSAGE + length));
    send_messages(serial);
}

static void on_port_ready(VirtioPort *port)
{
    if (port->console) {
        virtio_port_tell(port, VIRTIO_PORT_IS_CONSOLE, 1, NULL);
    }
    if (port->name != NULL) {
        virtio_port_tell(port, VIRTIO_PORT_NAME, 1, port->name);
    }
    if (port->host_open || port->console) {
        virtio_port_tell(port, VIRTIO_PORT_OPEN, 1, NULL);
    }
}

static void on_message(VirtioSerial *serial, uint32_t nr, uint32_t event, uint32_t value)
{
    if (event == DEVICE_READY) {
        serial->ready = value == 1;
        for (uint32_t i = 0; serial->ready && i < serial->max_ports; i++) {
            if (serial->ports[i] != NULL && serial->ports[i]->shown) {
                virtio_port_tell(serial->ports[i], VIRTIO_PORT_ADD, 1, NULL);
            }
        }
        return;
    }
    VirtioPort *port = nr < serial->max_ports ? serial->ports[nr] : NULL;

    if (port == NULL || !port->shown) {
        virtio_guest_error(&serial->virtio, "a control message for a port that is not there");
    } else if (event == PORT_READY && value == 1) {
        on_port_ready(port);
    } else if (event == VIRTIO_PORT_OPEN) {
        port->guest_open = value != 0;
        virtio_port_accept(port);
    }
}

static gboolean take_control(VirtioChain *chain)
{
    uint8_t message[MESSAGE];
    VirtioSerial *serial = serial_of(chain->queue->device);
    gboolean whole = virtio_chain_read(chain, 0, message, sizeof(message)) == sizeof(message);

    virtio_queue_push(chain, 0);
    if (whole) {
        on_message(serial, virtio_get32(message), virtio_get16(message + 4),
                   virtio_get16(message + 6));
    } else {
        virtio_guest_error(&serial->virtio, "a control message that is too short");
    }
    return TRUE;
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    VirtioSerial *serial = serial_of(device);

    if (queue->index == CONTROL_TX) {
        virtio_queue_run(queue, take_control);
        return;
    }
    if (queue->index == CONTROL_RX) {
        send_messages(serial);
        return;
    }
    VirtioPort *port = serial->ports[queue->index < 2 ? 0 : queue->index / 2 - 1];

    if (port == NULL || !port->shown) {
        virtio_guest_error(device, "data for a port that is not there");
    } else if (queue->index % 2 == 0) {
        virtio_port_accept(port);
    } else {
        virtio_port_send(port);
    }
}

/* What was put into the queues before. */
static void driver_ok(VirtioDevice *device)
{
    for (uint32_t i = 0; i < VIRTIO_SERIAL_PORTS; i++) {
        VirtioPort *port = serial_of(device)->ports[i];

        if (port != NULL && port->shown) {
            virtio_port_accept(port);
        }
    }
}

/* --- Configuration --- */

static void read_config(VirtioDevice *device, uint8_t *config)
{
    virtio_put32(config + C_MAX_PORTS, serial_of(device)->max_ports);
}

/* 5.3.4: a character before anything is set up, to port 0 */
static void
write_config(VirtioDevice *device, const uint8_t *config, uint32_t offset, uint32_t bytes)
{
    VirtioPort *port = serial_of(device)->ports[0];
    uint8_t byte = config[C_EMERG];

    (void)bytes;
    if (offset == C_EMERG && port != NULL && port->shown && port->chr != NULL) {
        (void)device->services->chr->write(port->chr, &byte, 1);
    }
}

static void reset(VirtioDevice *device)
{
    VirtioSerial *serial = serial_of(device);

    serial->ready = FALSE;
    g_queue_clear_full(serial->messages, (GDestroyNotify)g_bytes_unref);
    for (uint32_t i = 0; i < VIRTIO_SERIAL_PORTS; i++) {
        if (serial->ports[i] != NULL) {
            virtio_port_reset(serial->ports[i]);
        }
    }
}

/* --- The bus --- */

static gboolean
bus_attach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    VirtioSerial *serial = (VirtioSerial *)parent;
    VirtioPort *port = (VirtioPort *)child;
    const void *class = serial->virtio.services->device->child_class(child);
    const char *why = NULL;

    (void)bus;
    (void)data;
    if (class != virtio_port_console && class != virtio_port_serial) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot attach '%s': its module is another",
                    child->id);
        return FALSE;
    }
    port->console = class == virtio_port_console;
    /* drivers without MULTIPORT know port 0 only, and take it for a console */
    for (uint32_t i = port->console ? 0 : 1; port->nr == VIRTIO_PORT_ANY && i < serial->max_ports;
         i++) {
        port->nr = serial->ports[i] == NULL ? i : VIRTIO_PORT_ANY;
    }
    if (port->nr == VIRTIO_PORT_ANY) {
        why = "no port is free";
    } else if (port->nr >= serial->max_ports) {
        why = "there is no port of that number";
    } else if (port->nr == 0 && !port->console) {
        why = "port 0 is for a virtconsole";
    } else if (serial->ports[port->nr] != NULL) {
        why = "the port of that number is taken";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot attach '%s' to '%s': %s", child->id,
                    parent->id, why);
        return FALSE;
    }
    port->serial = serial;
    serial->ports[port->nr] = port;
    return TRUE;
}

static void bus_plug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, gboolean hot)
{
    VirtioPort *port = (VirtioPort *)child;

    (void)parent;
    (void)bus;
    (void)data;
    (void)hot;
    port->shown = TRUE;
    virtio_port_tell(port, VIRTIO_PORT_ADD, 1, NULL);
}

/* The guest is told and not asked: it has no way to refuse. */
static gboolean
bus_unplug(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    (void)bus;
    (void)data;
    (void)error;
    ((VirtioSerial *)parent)->virtio.services->device->unplug_done(child);
    return TRUE;
}

static void bus_detach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data)
{
    VirtioSerial *serial = (VirtioSerial *)parent;
    VirtioPort *port = (VirtioPort *)child;

    (void)bus;
    (void)data;
    if (port->serial == serial) {
        virtio_port_tell(port, VIRTIO_PORT_REMOVE, 1, NULL);
        virtio_port_reset(port);
        serial->ports[port->nr] = NULL;
        port->serial = NULL;
        port->shown = FALSE;
    }
}

static char *bus_address(QhDevice *parent, QhBus *bus, QhDevice *child, const void *data)
{
    (void)parent;
    (void)bus;
    (void)data;
    return g_strdup_printf("%u", ((VirtioPort *)child)->nr);
}

static const QhBusOps bus_ops = {
    .size = sizeof(QhBusOps),
    .kind = VIRTIO_SERIAL_BUS,
    .attach = bus_attach,
    .plug = bus_plug,
    .unplug_request = bus_unplug,
    .detach = bus_detach,
    .address = bus_address,
};

/* --- Life --- */

static gboolean realize(VirtioDevice *device, GError **error)
{
    VirtioSerial *serial = serial_of(device);

    if (serial->max_ports == 0 || serial->max_ports > VIRTIO_SERIAL_PORTS) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot realize '%s': property 'max_ports' takes 1 to %u", device->base.id,
                    VIRTIO_SERIAL_PORTS);
        return FALSE;
    }
    serial->messages = g_queue_new();
    for (uint32_t i = 0; i < queue_index(serial->max_ports - 1) + 2 || i <= CONTROL_TX; i++) {
        gboolean control = i == CONTROL_RX || i == CONTROL_TX;

        virtio_queue_add(device, control ? CONTROL_SIZE : QUEUE_SIZE, sizeof(VirtioChain));
    }
    device->offered = (serial->max_ports > 1 ? VIRTIO_BIT(F_MULTIPORT) : 0) |
                      (serial->emergency_write ? VIRTIO_BIT(F_EMERG_WRITE) : 0);
    device->config_bytes = CONFIG_BYTES;
    serial->bus = device->services->device->bus_new(&device->base, &bus_ops, NULL, error);
    return serial->bus != NULL;
}

static void unrealize(VirtioDevice *device)
{
    VirtioSerial *serial = serial_of(device);

    if (serial->messages != NULL) {
        reset(device);
        g_queue_free(serial->messages);
        serial->messages = NULL;
    }
}

static void stream_messages(VirtioSerial *serial, QhStateStream *stream)
{
    uint64_t n = stream->number(stream, g_queue_get_length(serial->messages));

    if (stream->mode == QH_STATE_LOAD) {
        g_queue_clear_full(serial->messages, (GDestroyNotify)g_bytes_unref);
    }
    for (uint64_t i = 0; i < n && stream->ok(stream); i++) {
        GBytes *message = g_queue_peek_nth(serial->messages, (guint)i);
        uint64_t bytes = stream->number(stream, message != NULL ? g_bytes_get_size(message) : 0);
        uint8_t text[MESSAGE_MAX];

        if (bytes > sizeof(text)) {
            stream->fail(stream, "a message is longer than one can be");
            return;
        }
        if (stream->mode == QH_STATE_SAVE) {
            memcpy(text, g_bytes_get_data(message, NULL), bytes);
        }
        stream->bytes(stream, text, bytes);
        if (stream->mode == QH_STATE_LOAD) {
            g_queue_push_tail(serial->messages, g_bytes_new(text, bytes));
        }
    }
}

static void stream_state(VirtioDevice *device, QhStateStream *stream)
{
    VirtioSerial *serial = serial_of(device);

    stream->bytes(stream, &serial->ready, sizeof(serial->ready));
    stream_messages(serial, stream);
    for (uint32_t i = 0; i < serial->max_ports; i++) {
        stream->same(stream, serial->ports[i] != NULL, "whether a port is there");
        if (serial->ports[i] != NULL) {
            virtio_port_stream(serial->ports[i], stream);
        }
    }
}

const VirtioFunction virtio_serial = {
    .name = "serial",
    .device_id = VIRTIO_ID_CONSOLE,
    .transitional_id = 0x1003,
    .realize = realize,
    .unrealize = unrealize,
    .driver_ok = driver_ok,
    .reset = reset,
    .read_config = read_config,
    .write_config = write_config,
    .kick = kick,
    .stream = stream_state,
};
