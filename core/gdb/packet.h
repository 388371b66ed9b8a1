/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets on the wire (GDB manual, E.1 "Overview"): $data#checksum, acknowledged by + or - until
 * both sides agree to do without, and the byte 3, which interrupts.
 */
#ifndef QH_CORE_GDB_PACKET_H
#define QH_CORE_GDB_PACKET_H

#include <glib.h>
#include <stdint.h>

/* Data of one packet, in either direction, as PacketSize tells gdb. */
#define QH_GDB_PACKET_BYTES 16384u

typedef enum {
    QH_GDB_NOTHING,
    QH_GDB_PACKET, /* wire->packet is whole, acknowledged and unescaped */
    QH_GDB_INTERRUPT,
} QhGdbInput;

typedef struct QhGdbWire {
    GString *packet; /* what came */
    GString *out;    /* bytes to be written */
    GString *last;   /* the frame that was sent last, while it is not acknowledged */
    gboolean acks;
    uint32_t state;
    gboolean escape;   /* the byte before was } */
    gboolean overlong; /* it has more data than a packet may have */
    uint8_t sum, wanted;
} QhGdbWire;

void qh_gdb_wire_init(QhGdbWire *wire);
void qh_gdb_wire_clear(QhGdbWire *wire);
/* A new peer: forget everything. */
void qh_gdb_wire_reset(QhGdbWire *wire);

/* One byte from the peer. A packet that is too long comes as an empty one, which asks for what
 * nobody knows. */
QhGdbInput qh_gdb_wire_input(QhGdbWire *wire, uint8_t byte);
/* Frame @data and append it to out. */
void qh_gdb_wire_send(QhGdbWire *wire, const char *data, gsize bytes);

#endif
