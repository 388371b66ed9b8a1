/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of telnet (RFC 854) as a server of one serial line needs. */
#ifndef QH_CORE_CHAR_TELNET_H
#define QH_CORE_CHAR_TELNET_H

#include <glib.h>
#include <stdint.h>

typedef struct QhTelnet {
    int state;     /* where in a command the input stands */
    gboolean owed; /* half of a doubled byte went out; the other half comes first */
} QhTelnet;

void qh_telnet_init(QhTelnet *telnet);
/* What a server sends first: it echoes, no go-ahead, eight bits both ways. */
extern const uint8_t qh_telnet_greeting[];
extern const uint32_t qh_telnet_greeting_bytes;

/* Take commands out of @data in place; returns the bytes that are left. */
uint32_t qh_telnet_input(QhTelnet *telnet, uint8_t *data, uint32_t bytes, gboolean *ret_break);
/* Escape @data into @out; *@ret_taken bytes of it fitted. Returns the bytes in @out. */
uint32_t qh_telnet_output(
    const uint8_t *data, uint32_t bytes, uint8_t *out, uint32_t max, uint32_t *ret_taken);
/* How many bytes of @data count as gone when @sent bytes of its escaped form went out. */
uint32_t qh_telnet_sent(QhTelnet *telnet, const uint8_t *data, uint32_t sent);

#endif
