/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/gdb/packet.h"

#include <string.h>

#define INTERRUPT 3

enum {
    IDLE,
    DATA,
    SUM_HIGH, /* the first digit of the checksum is next */
    SUM_LOW,
};

void qh_gdb_wire_init(QhGdbWire *wire)
{
    memset(wire, 0, sizeof(*wire));
    wire->packet = g_string_new(NULL);
    wire->out = g_string_new(NULL);
    wire->last = g_string_new(NULL);
    wire->acks = TRUE;
}

void qh_gdb_wire_clear(QhGdbWire *wire)
{
    if (wire->packet != NULL) {
        g_string_free(wire->packet, TRUE);
        g_string_free(wire->out, TRUE);
        g_string_free(wire->last, TRUE);
        wire->packet = NULL;
    }
}

void qh_gdb_wire_reset(QhGdbWire *wire)
{
    qh_gdb_wire_clear(wire);
    qh_gdb_wire_init(wire);
}

static void begin(QhGdbWire *wire)
{
    wire->state = DATA;
    wire->sum = 0;
    wire->escape = FALSE;
    wire->overlong = FALSE;
    g_string_truncate(wire->packet, 0);
}

static QhGdbInput idle(QhGdbWire *wire, uint8_t byte)
{
    switch (byte) {
    case '$':
        g_string_truncate(wire->last, 0); /* who goes on has got it */
        begin(wire);
        break;
    case '+':
        g_string_truncate(wire->last, 0);
        break;
    case '-':
        g_string_append_len(wire->out, wire->last->str, (gssize)wire->last->len);
        break;
    case INTERRUPT:
        return QH_GDB_INTERRUPT;
    default:
        break;
    }
    return QH_GDB_NOTHING;
}

static void data(QhGdbWire *wire, uint8_t byte)
{
    if (byte == '$') { /* the rest of a frame got lost */
        begin(wire);
        return;
    }
    if (byte == '#') {
        wire->state = SUM_HIGH;
        return;
    }
    wire->sum += byte;
    if (byte == '}' && !wire->escape) {
        wire->escape = TRUE;
        return;
    }
    if (wire->packet->len < QH_GDB_PACKET_BYTES) {
        g_string_append_c(wire->packet, (char)(wire->escape ? byte ^ 0x20 : byte));
    } else {
        wire->overlong = TRUE;
    }
    wire->escape = FALSE;
}

/* The frame is whole. Without acks the transport is trusted, and so is the sum. */
static QhGdbInput finish(QhGdbWire *wire)
{
    wire->state = IDLE;
    if (wire->acks && wire->wanted != wire->sum) {
        g_string_append_c(wire->out, '-');
        return QH_GDB_NOTHING;
    }
    if (wire->acks) {
        g_string_append_c(wire->out, '+');
    }
    if (wire->overlong) {
        g_string_truncate(wire->packet, 0);
    }
    return QH_GDB_PACKET;
}

QhGdbInput qh_gdb_wire_input(QhGdbWire *wire, uint8_t byte)
{
    int digit = g_ascii_xdigit_value((char)byte);

    switch (wire->state) {
    case IDLE:
        return idle(wire, byte);
    case DATA:
        data(wire, byte);
        return QH_GDB_NOTHING;
    case SUM_HIGH:
        /* what is no digit makes a sum that does not match */
        wire->wanted = (uint8_t)((digit >= 0 ? digit : (wire->sum >> 4) + 1) << 4);
        wire->state = SUM_LOW;
        return QH_GDB_NOTHING;
    default:
        wire->wanted |= (uint8_t)(digit >= 0 ? digit : (wire->sum + 1) & 15);
        return finish(wire);
    }
}

void qh_gdb_wire_send(QhGdbWire *wire, const char *bytes, gsize n)
{
    gsize start = wire->out->len;
    uint8_t sum = 0;

    g_string_append_c(wire->out, '$');
    for (gsize i = 0; i < n; i++) {
        char c = bytes[i];
        if (c == '#' || c == '$' || c == '}' || c == '*') {
            g_string_append_c(wire->out, '}');
            sum += '}';
            c ^= 0x20;
        }
        g_string_append_c(wire->out, c);
        sum += (uint8_t)c;
    }
    g_string_append_printf(wire->out, "#%02x", sum);
    g_string_truncate(wire->last, 0);
    if (wire->acks) {
        g_string_append_len(wire->last, wire->out->str + start, (gssize)(wire->out->len - start));
    }
}
