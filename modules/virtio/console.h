/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Console device (5.3), "virtio-serial-X", and what sits on its bus: "virtconsole" and
 * "virtserialport". */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

#include "modules/virtio/virtio.h"

#define VIRTIO_SERIAL_BUS   "virtio-serial-bus"
#define VIRTIO_SERIAL_PORTS 31u
#define VIRTIO_PORT_ANY     UINT32_MAX

typedef struct VirtioSerial VirtioSerial;

typedef struct VirtioPort {
    QhDevice base;
    /* properties */
    QhChar *chr;
    char *name;
    uint32_t nr; /* VIRTIO_PORT_ANY: the next that is free */

    const VirtioServices *services;
    VirtioSerial *serial; /* NULL while it is on none */
    gboolean console;
    gboolean host_open;   /* somebody is at the other end of the character device */
    gboolean guest_open;  /* a program in the guest has it open */
    gboolean shown;       /* realized: the driver may know of it */
    VirtioChain *sending; /* that the character device did not take whole yet */
    uint64_t sent;        /* bytes of it that it took */
    VirtioChain *room;    /* taken for what comes next from the character device */
} VirtioPort;

struct VirtioSerial {
    VirtioDevice virtio;
    uint32_t max_ports; /* property */
    uint8_t emergency_write;

    QhBus *bus;
    VirtioPort *ports[VIRTIO_SERIAL_PORTS];
    GQueue *messages; /* GBytes for the control queue */
    gboolean ready;   /* the driver asked for the ports */
};

extern const VirtioFunction virtio_serial;
extern const QhDeviceOps virtio_console_port_ops; /* "virtconsole" */
extern const QhDeviceOps virtio_serial_port_ops;  /* "virtserialport" */

/* What classes of ports have as bus_class. */
extern const char virtio_port_console[], virtio_port_serial[];

/* --- Between console.c and console-port.c --- */

enum { VIRTIO_PORT_ADD = 1, VIRTIO_PORT_REMOVE = 2, VIRTIO_PORT_IS_CONSOLE = 4 };
enum { VIRTIO_PORT_OPEN = 6, VIRTIO_PORT_NAME = 7 };

/* The port's queues: towards the guest, from it. */
VirtioQueue *virtio_port_rx(const VirtioPort *port);
VirtioQueue *virtio_port_tx(const VirtioPort *port);
/* Tell the driver of the port; @text (may be NULL) follows the message. */
void virtio_port_tell(VirtioPort *port, uint16_t event, uint16_t value, const char *text);
/* The driver added buffers towards the guest; has something to send; forgot all. */
void virtio_port_accept(VirtioPort *port);
void virtio_port_send(VirtioPort *port);
void virtio_port_reset(VirtioPort *port);
/* Its part of the device's snapshot. */
void virtio_port_stream(VirtioPort *port, QhStateStream *stream);

#endif
