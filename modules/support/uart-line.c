/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/support/uart-line.h"

#include <string.h>

static uint32_t on_can_read(void *opaque)
{
    const UartLine *line = opaque;

    return line->ops->room(line);
}

static void on_read(void *opaque, const uint8_t *data, uint32_t bytes)
{
    UartLine *line = opaque;

    for (uint32_t i = 0; i < bytes; i++) {
        line->ops->receive(line, data[i], 0);
    }
    line->ops->update_irq(line);
}

static void on_event(void *opaque, uint32_t event)
{
    UartLine *line = opaque;

    if (event == QH_CHAR_BREAK && !line->ops->loops(line)) {
        line->ops->receive_break(line);
        line->ops->update_irq(line);
    }
}

void uart_line_transmit(UartLine *line)
{
    while (line->tx.count > 0) {
        uint8_t data = line->tx.data[line->tx.head];

        if (line->ops->loops(line)) {
            line->ops->receive(line, data, 0);
        } else if (line->chr != NULL && line->char_service->write(line->chr, &data, 1) == 0) {
            return;
        }
        uart_pop(&line->tx);
    }
    line->ops->emptied(line);
}

static void on_can_write(void *opaque)
{
    UartLine *line = opaque;

    if (line->tx.count > 0) {
        uart_line_transmit(line);
        line->ops->update_irq(line);
    }
}

static void on_timeout(void *opaque)
{
    UartLine *line = opaque;

    if (line->rx.count > 0) {
        line->ops->timed_out(line);
        line->ops->update_irq(line);
    }
}

static const QhCharHandlers handlers = {
    .size = sizeof(QhCharHandlers),
    .can_read = on_can_read,
    .read = on_read,
    .event = on_event,
    .can_write = on_can_write,
};

gboolean uart_line_realize(UartLine *line,
                           const UartLineOps *ops,
                           QhHost *host,
                           const QhCharService *char_service,
                           const QhTimerService *timer_service,
                           GError **error)
{
    line->ops = ops;
    line->host = host;
    line->char_service = char_service;
    line->timer_service = timer_service;
    line->timer = timer_service->timer_new(host, QH_CLOCK_VIRTUAL, on_timeout, line);
    return line->chr == NULL || char_service->attach(line->chr, &handlers, line, error);
}

void uart_line_unrealize(UartLine *line)
{
    if (line->ops == NULL) {
        return;
    }
    if (line->chr != NULL) {
        line->char_service->attach(line->chr, NULL, line, NULL);
    }
    line->timer_service->timer_free(line->timer);
    line->timer = NULL;
}

void uart_line_reset(UartLine *line)
{
    memset(&line->rx, 0, sizeof(line->rx));
    memset(&line->tx, 0, sizeof(line->tx));
    line->timer_service->disarm(line->timer);
}

static void mend(UartFifo *fifo)
{
    fifo->head %= UART_FIFO_BYTES;
    fifo->count = MIN(fifo->count, UART_FIFO_BYTES);
}

void uart_line_state_loaded(UartLine *line)
{
    mend(&line->rx);
    mend(&line->tx);
}

void uart_line_send_break(UartLine *line)
{
    if (line->chr != NULL) {
        line->char_service->send_break(line->chr);
    }
}

void uart_line_ask_for_input(UartLine *line)
{
    if (line->chr != NULL && line->ops->room(line) > 0) {
        line->char_service->accept_input(line->chr);
    }
}

void uart_line_restart_timeout(UartLine *line, gboolean wanted, uint64_t wait_ns)
{
    const QhTimerService *timer = line->timer_service;

    if (wanted) {
        timer->arm(line->timer, timer->now(line->host, QH_CLOCK_VIRTUAL) + (int64_t)wait_ns);
    } else {
        timer->disarm(line->timer);
    }
}
