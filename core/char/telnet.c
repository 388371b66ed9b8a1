/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/char/telnet.h"

/* RFC 854, 856 (binary), 857 (echo), 858 (suppress go-ahead) */
#define IAC    255
#define DONT   254
#define DO     253
#define WONT   252
#define WILL   251
#define SB     250
#define BRK    243
#define SE     240
#define BINARY 0
#define ECHO   1
#define SGA    3

enum { TEXT, COMMAND, OPTION, SUB, SUB_COMMAND, AFTER_CR };

const uint8_t qh_telnet_greeting[] = {IAC, WILL, ECHO,   IAC, WILL, SGA,
                                      IAC, WILL, BINARY, IAC, DO,   BINARY};
const uint32_t qh_telnet_greeting_bytes = sizeof(qh_telnet_greeting);

void qh_telnet_init(QhTelnet *telnet)
{
    telnet->state = TEXT;
    telnet->owed = FALSE;
}

static int after_command(uint8_t byte, gboolean *ret_break)
{
    if (byte == BRK) {
        *ret_break = TRUE;
    }
    if (byte == SB) {
        return SUB;
    }
    return byte >= WILL && byte <= DONT ? OPTION : TEXT;
}

uint32_t qh_telnet_input(QhTelnet *telnet, uint8_t *data, uint32_t bytes, gboolean *ret_break)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t byte = data[i];

        switch (telnet->state) {
        case COMMAND:
            if (byte == IAC) {
                data[left++] = byte;
                telnet->state = TEXT;
            } else {
                telnet->state = after_command(byte, ret_break);
            }
            break;
        case OPTION:
            telnet->state = TEXT;
            break;
        case SUB:
            telnet->state = byte == IAC ? SUB_COMMAND : SUB;
            break;
        case SUB_COMMAND:
            telnet->state = byte == SE ? TEXT : SUB;
            break;
        default:
            if (byte == IAC) {
                telnet->state = COMMAND;
                break;
            }
            /* a return key arrives as CR NUL from clients that are not in binary mode */
            if (telnet->state != AFTER_CR || byte != 0) {
                data[left++] = byte;
            }
            telnet->state = byte == '\r' ? AFTER_CR : TEXT;
            break;
        }
    }
    return left;
}

uint32_t qh_telnet_output(
    const uint8_t *data, uint32_t bytes, uint8_t *out, uint32_t max, uint32_t *ret_taken)
{
    uint32_t n = 0, i = 0;

    for (; i < bytes && n + 2 <= max; i++) {
        if (data[i] == IAC) {
            out[n++] = IAC;
        }
        out[n++] = data[i];
    }
    *ret_taken = i;
    return n;
}

uint32_t qh_telnet_sent(QhTelnet *telnet, const uint8_t *data, uint32_t sent)
{
    uint32_t i = 0;

    while (sent > 0) {
        uint32_t cost = data[i] == IAC ? 2 : 1;

        telnet->owed = sent < cost;
        sent -= MIN(sent, cost);
        i++;
    }
    return i;
}
