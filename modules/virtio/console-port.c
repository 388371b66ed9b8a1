/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port of a virtio console: a character device on the host, two queues in the guest. A buffer
 * from the guest that the character device does not take whole is kept, and with it the rest of the
 * queue, until it does. Towards the guest one buffer is taken ahead: its size is what the character
 * device may send.
 */
#include "modules/virtio/console.h"

#define PIECE 4096u

static gboolean multiport(const VirtioPort *port)
{
    return virtio_has(&port->serial->virtio, 1);
}

/* --- Towards the guest --- */

static gboolean is_open(const VirtioPort *port)
{
    return port->serial != NULL && port->shown &&
           (port->console || !multiport(port) || port->guest_open);
}

/* The next buffer is taken when the driver brings it or the last one has been filled, never when
 * the host asks for room: that may be at any time, and the guest must not notice. */
static void find_room(VirtioPort *port)
{
    VirtioQueue *queue = is_open(port) ? virtio_port_rx(port) : NULL;

    if (queue == NULL) {
        return;
    }
    while (port->room == NULL && virtio_queue_ready(queue)) {
        port->room = virtio_queue_pop(queue);
        if (port->room == NULL && !virtio_queue_want_kicks(queue, TRUE)) {
            break;
        }
        if (port->room != NULL && port->room->in_bytes == 0) {
            virtio_queue_push(g_steal_pointer(&port->room), 0);
        }
    }
}

static uint32_t can_read(void *opaque)
{
    const VirtioPort *port = opaque;

    return is_open(port) && port->room != NULL ? (uint32_t)MIN(port->room->in_bytes, UINT32_MAX)
                                               : 0;
}

static void on_read(void *opaque, const uint8_t *data, uint32_t bytes)
{
    VirtioPort *port = opaque;

    while (bytes > 0 && can_read(port) > 0) {
        uint64_t done = virtio_chain_write(port->room, 0, data, bytes);

        virtio_queue_push(g_steal_pointer(&port->room), done);
        find_room(port);
        data += done;
        bytes -= (uint32_t)done;
    }
    if (port->serial != NULL) {
        virtio_queue_flush(virtio_port_rx(port));
    }
}

void virtio_port_accept(VirtioPort *port)
{
    find_room(port);
    if (port->chr != NULL) {
        port->services->chr->accept_input(port->chr);
    }
}

/* --- From the guest --- */

/* Send what is left of the buffer; FALSE: it has to wait. */
static gboolean send_rest(VirtioPort *port)
{
    uint8_t piece[PIECE];
    VirtioChain *chain = port->sending;

    while (port->chr != NULL && port->sent < chain->out_bytes) {
        uint32_t bytes = (uint32_t)virtio_chain_read(chain, port->sent, piece, sizeof(piece));
        uint32_t done = port->services->chr->write(port->chr, piece, bytes);

        port->sent += done;
        if (done < bytes) {
            return FALSE;
        }
    }
    port->sending = NULL;
    virtio_queue_push(chain, 0);
    return TRUE;
}

static gboolean take(VirtioChain *chain)
{
    uint32_t index = chain->queue->index;
    VirtioSerial *serial = (VirtioSerial *)chain->queue->device;
    VirtioPort *port = serial->ports[index < 2 ? 0 : index / 2 - 1];

    if (port->sending != NULL) {
        return FALSE;
    }
    port->sending = chain;
    port->sent = 0;
    (void)send_rest(port);
    return TRUE;
}

void virtio_port_send(VirtioPort *port)
{
    if (port->sending == NULL || send_rest(port)) {
        virtio_queue_run(virtio_port_tx(port), take);
    }
}

static void can_write(void *opaque)
{
    VirtioPort *port = opaque;

    if (port->serial != NULL && port->shown) {
        virtio_port_send(port);
    }
}

static void on_event(void *opaque, uint32_t event)
{
    VirtioPort *port = opaque;

    if (event != QH_CHAR_OPENED && event != QH_CHAR_CLOSED) {
        return;
    }
    port->host_open = event == QH_CHAR_OPENED;
    if (port->serial != NULL && port->shown && !port->console) {
        virtio_port_tell(port, VIRTIO_PORT_OPEN, port->host_open, NULL);
    }
}

void virtio_port_reset(VirtioPort *port)
{
    port->guest_open = FALSE;
    if (port->sending != NULL) {
        virtio_queue_push(g_steal_pointer(&port->sending), 0);
    }
    if (port->room != NULL) {
        virtio_queue_push(g_steal_pointer(&port->room), 0);
    }
}

void virtio_port_stream(VirtioPort *port, QhStateStream *stream)
{
    VirtioDevice *device = &port->serial->virtio;

    stream->bytes(stream, &port->host_open, sizeof(port->host_open));
    stream->bytes(stream, &port->guest_open, sizeof(port->guest_open));
    stream->bytes(stream, &port->sent, sizeof(port->sent));
    virtio_chain_stream(device, stream, &port->sending);
    virtio_chain_stream(device, stream, &port->room);
}

/* The device that it sits on names all of a port. */
static void stream_nothing(G_GNUC_UNUSED QhDevice *device, G_GNUC_UNUSED QhStateStream *stream)
{
}

/* --- Life --- */

static const QhCharHandlers handlers = {
    .size = sizeof(QhCharHandlers),
    .can_read = can_read,
    .read = on_read,
    .event = on_event,
    .can_write = can_write,
};

static gboolean realize(QhDevice *device, GError **error)
{
    VirtioPort *port = (VirtioPort *)device;

    port->services = &((const VirtioContext *)device->ctx)->services;
    return port->chr == NULL || port->services->chr->attach(port->chr, &handlers, port, error);
}

static void unrealize(QhDevice *device)
{
    VirtioPort *port = (VirtioPort *)device;

    if (port->chr != NULL && port->services != NULL) {
        (void)port->services->chr->attach(port->chr, NULL, NULL, NULL);
    }
}

/* The device that it sits on resets it. */
static void reset(QhDevice *device, uint32_t kind)
{
    (void)device;
    (void)kind;
}

static const QhProperty properties[] = {
    QH_PROPERTY("chardev",
                QH_PROPERTY_CHARDEV,
                offsetof(VirtioPort, chr),
                NULL,
                0,
                0,
                "what the port leads to"),
    QH_PROPERTY("name",
                QH_PROPERTY_STRING,
                offsetof(VirtioPort, name),
                NULL,
                0,
                0,
                "name that the guest can find it by"),
    QH_PROPERTY("nr",
                QH_PROPERTY_U32,
                offsetof(VirtioPort, nr),
                "4294967295",
                0,
                0,
                "number of the port; 4294967295: the next that is free"),
};
static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

const char virtio_port_console[] = "console";
const char virtio_port_serial[] = "serial";

const QhDeviceOps virtio_console_port_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(VirtioPort),
    .description = "console on a virtio-serial bus",
    .bus = VIRTIO_SERIAL_BUS,
    .properties = &property_table,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .stream = stream_nothing,
    .bus_class = virtio_port_console,
};

const QhDeviceOps virtio_serial_port_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(VirtioPort),
    .description = "port on a virtio-serial bus",
    .bus = VIRTIO_SERIAL_BUS,
    .properties = &property_table,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .stream = stream_nothing,
    .bus_class = virtio_port_serial,
};
