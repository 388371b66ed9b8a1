/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a UART has besides its registers: two FIFOs, a receive timeout, and a back end. Characters
 * take no time on the line. The transmitter is as fast as what it leads to: while the back end
 * takes no more, the FIFO stays filled, so a guest waits instead of losing output.
 *
 * A UartLine is the first member of the device's state. All is [device], if nothing else is said.
 */
#ifndef SUPPORT_UART_LINE_H
#define SUPPORT_UART_LINE_H

#include "abi/device.h"
#include "abi/services.h"

#define UART_FIFO_BYTES 16u

typedef struct UartFifo {
    uint8_t data[UART_FIFO_BYTES];
    uint8_t flags[UART_FIFO_BYTES]; /* errors of each character, as the device has them */
    uint8_t head, count;
} UartFifo;

typedef struct UartLine UartLine;

/* What the device says about itself; all are mandatory. */
typedef struct UartLineOps {
    /* How many characters it can receive; 0 in loopback mode. */
    uint32_t (*room)(const UartLine *line);
    gboolean (*loops)(const UartLine *line); /* it is in loopback mode */
    void (*receive)(UartLine *line, uint8_t data, uint8_t flags);
    void (*receive_break)(UartLine *line);
    void (*emptied)(UartLine *line); /* the transmit FIFO is empty */
    void (*timed_out)(UartLine *line);
    void (*update_irq)(UartLine *line);
} UartLineOps;

struct UartLine {
    QhDevice base;
    QhChar *chr; /* property; NULL: the line leads nowhere */
    UartFifo rx, tx;
    QhTimer *timer; /* of the receive timeout */
    const UartLineOps *ops;
    QhHost *host;
    const QhCharService *char_service;
    const QhTimerService *timer_service;
};

static inline void uart_push(UartFifo *fifo, uint8_t data, uint8_t flags)
{
    uint32_t at = (fifo->head + fifo->count) % UART_FIFO_BYTES;

    fifo->data[at] = data;
    fifo->flags[at] = flags;
    fifo->count++;
}

static inline uint8_t uart_pop(UartFifo *fifo)
{
    uint8_t data = fifo->data[fifo->head];

    fifo->head = (fifo->head + 1) % UART_FIFO_BYTES;
    fifo->count--;
    return data;
}

/* In realize: take the back end. FALSE with @error when somebody else has it. [main] */
gboolean uart_line_realize(UartLine *line,
                           const UartLineOps *ops,
                           QhHost *host,
                           const QhCharService *char_service,
                           const QhTimerService *timer_service,
                           GError **error);
/* In unrealize, also after a realize that failed. [main] */
void uart_line_unrealize(UartLine *line);
/* In reset: both FIFOs are empty, and no timeout comes. */
void uart_line_reset(UartLine *line);

/* In state_loaded: whatever the snapshot says, the FIFOs are ones. */
void uart_line_state_loaded(UartLine *line);

/* Send what the back end takes; it asks for the rest itself. */
void uart_line_transmit(UartLine *line);
void uart_line_send_break(UartLine *line);
/* There is room in the receiver: input that waited may come. */
void uart_line_ask_for_input(UartLine *line);
/* timed_out comes in @wait_ns of the guest's time, unless this is called again; @wanted FALSE: it
 * does not come. */
void uart_line_restart_timeout(UartLine *line, gboolean wanted, uint64_t wait_ns);

#endif
