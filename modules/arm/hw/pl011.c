/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UART (Arm DDI 0183, "PrimeCell UART (PL011) Technical Reference Manual", r1p4), register by
 * register with two deliberate differences: characters take no time on the line (the divisor only
 * sets how long the receive timeout is), and they pass whether UARTCR enables the UART or not,
 * because bare programs write to the port without setting it up.
 *
 * The transmitter is as fast as what it leads to: while the back end takes no more, the FIFO stays
 * filled, so a guest waits instead of losing output. Modem lines are wired on, as by a null-modem
 * cable; they only change in loopback mode.
 */
#include <string.h>

#include "modules/arm/hw/hw.h"
#include "modules/arm/services.h"

/* 3.2, table 3-1: registers by address / 4 */
enum {
    DR = 0x00,
    RSR = 0x01,
    FR = 0x06,
    ILPR = 0x08,
    IBRD = 0x09,
    FBRD = 0x0a,
    LCR_H = 0x0b,
    CR = 0x0c,
    IFLS = 0x0d,
    IMSC = 0x0e,
    RIS = 0x0f,
    MIS = 0x10,
    ICR = 0x11,
    DMACR = 0x12,
    ID = 0x3f8, /* eight registers */
};

/* 3.3.1: errors of a character, above its data */
#define DR_BE           0x400u
#define DR_OE           0x800u
#define DR_ERRORS_SHIFT 8

#define FR_CTS  0x001u /* 3.3.3 */
#define FR_DSR  0x002u
#define FR_DCD  0x004u
#define FR_BUSY 0x008u
#define FR_RXFE 0x010u
#define FR_TXFF 0x020u
#define FR_RXFF 0x040u
#define FR_TXFE 0x080u
#define FR_RI   0x100u

#define LCR_BRK 0x01u /* 3.3.7 */
#define LCR_FEN 0x10u

#define CR_LBE   0x0080u /* 3.3.8 */
#define CR_DTR   0x0400u
#define CR_RTS   0x0800u
#define CR_OUT1  0x1000u
#define CR_OUT2  0x2000u
#define CR_RESET 0x0300u
#define CR_BITS  0xff87u

#define IFLS_RESET 0x12u

#define INT_RI   0x001u /* 3.3.10 */
#define INT_CTS  0x002u
#define INT_DCD  0x004u
#define INT_DSR  0x008u
#define INT_RX   0x010u
#define INT_TX   0x020u
#define INT_RT   0x040u
#define INT_BE   0x200u
#define INT_OE   0x400u
#define INT_BITS 0x7ffu

#define FIFO_ROOM    16u
#define CLOCK_HZ     UINT64_C(24000000) /* UARTCLK */
#define TIMEOUT_BITS 32u                /* 2.8.3, UARTRTINTR */

typedef struct Fifo {
    uint16_t data[FIFO_ROOM]; /* with the errors of DR */
    uint8_t head, count;
} Fifo;

typedef struct Pl011 {
    QhDevice base;
    QhChar *chr; /* property */
    QhTimer *timer;
    uint32_t rsr, ilpr, ibrd, fbrd, lcr, cr, ifls, imsc, ris, dmacr;
    uint32_t modem; /* FR's modem bits as they were last */
    Fifo rx, tx;
} Pl011;

static const TargetServices *services(const Pl011 *uart)
{
    return uart->base.ctx;
}

static uint32_t depth(const Pl011 *uart)
{
    return uart->lcr & LCR_FEN ? FIFO_ROOM : 1;
}

static void push(Fifo *fifo, uint16_t data)
{
    fifo->data[(fifo->head + fifo->count) % FIFO_ROOM] = data;
    fifo->count++;
}

static uint16_t pop(Fifo *fifo)
{
    uint16_t data = fifo->data[fifo->head];

    fifo->head = (fifo->head + 1) % FIFO_ROOM;
    fifo->count--;
    return data;
}

/* 3.3.9: from 1/8 to 7/8 of the FIFO; without FIFOs every character counts. */
static uint32_t receive_trigger(const Pl011 *uart)
{
    static const uint8_t levels[8] = {2, 4, 8, 12, 14, 14, 14, 14};

    return uart->lcr & LCR_FEN ? levels[uart->ifls >> 3 & 7] : 1;
}

static void update_irq(Pl011 *uart)
{
    services(uart)->device->set_irq(&uart->base, 0, (uart->ris & uart->imsc) != 0);
}

/* UARTRTINTR: data lie in the FIFO, and none came for the time of 32 bits. */
static void restart_timeout(Pl011 *uart)
{
    const QhTimerService *timer = services(uart)->timer;
    uint64_t divisor = MAX(uart->ibrd * 64u + uart->fbrd, 64u); /* in 1/64 of 16 clocks */

    if (uart->rx.count == 0) {
        timer->disarm(uart->timer);
        return;
    }
    uint64_t wait_ns = TIMEOUT_BITS * UINT64_C(16) * divisor * UINT64_C(1000000000) / 64 / CLOCK_HZ;
    timer->arm(uart->timer, timer->now(services(uart)->host, QH_CLOCK_VIRTUAL) + (int64_t)wait_ns);
}

static void on_timeout(void *opaque)
{
    Pl011 *uart = opaque;

    if (uart->rx.count > 0) {
        uart->ris |= INT_RT;
        update_irq(uart);
    }
}

static void receive(Pl011 *uart, uint16_t data)
{
    if (uart->rx.count >= depth(uart)) {
        uart->rsr |= DR_OE >> DR_ERRORS_SHIFT;
        uart->ris |= INT_OE;
        return;
    }
    push(&uart->rx, data);
    if (uart->rx.count >= receive_trigger(uart)) {
        uart->ris |= INT_RX;
    }
    restart_timeout(uart);
}

static uint32_t on_can_read(void *opaque)
{
    const Pl011 *uart = opaque;

    return uart->cr & CR_LBE ? 0 : depth(uart) - MIN(uart->rx.count, depth(uart));
}

static void on_read(void *opaque, const uint8_t *data, uint32_t bytes)
{
    Pl011 *uart = opaque;

    for (uint32_t i = 0; i < bytes; i++) {
        receive(uart, data[i]);
    }
    update_irq(uart);
}

static void on_event(void *opaque, uint32_t event)
{
    Pl011 *uart = opaque;

    if (event == QH_CHAR_BREAK && !(uart->cr & CR_LBE)) {
        uart->ris |= INT_BE;
        receive(uart, DR_BE);
        update_irq(uart);
    }
}

/* Send what the back end takes; on_can_write goes on with the rest. UARTTXINTR comes when the FIFO
 * falls to its trigger level (2.8.2), which here is when it is empty. */
static void transmit(Pl011 *uart)
{
    while (uart->tx.count > 0) {
        uint8_t data = (uint8_t)uart->tx.data[uart->tx.head];

        if (uart->cr & CR_LBE) {
            receive(uart, data);
        } else if (uart->chr != NULL && services(uart)->chr->write(uart->chr, &data, 1) == 0) {
            return;
        }
        pop(&uart->tx);
    }
    uart->ris |= INT_TX;
}

static void on_can_write(void *opaque)
{
    Pl011 *uart = opaque;

    if (uart->tx.count > 0) {
        transmit(uart);
        update_irq(uart);
    }
}

static void ask_for_input(Pl011 *uart)
{
    if (uart->chr != NULL && on_can_read(uart) > 0) {
        services(uart)->chr->accept_input(uart->chr);
    }
}

static uint32_t read_data(Pl011 *uart)
{
    uint16_t data = uart->rx.data[uart->rx.head]; /* an empty FIFO repeats the last one */

    if (uart->rx.count > 0) {
        pop(&uart->rx);
    }
    if (uart->rx.count < receive_trigger(uart)) {
        uart->ris &= ~INT_RX;
    }
    if (uart->rx.count == 0) {
        uart->ris &= ~INT_RT;
    }
    uart->rsr = (uart->rsr & (DR_OE >> DR_ERRORS_SHIFT)) | data >> DR_ERRORS_SHIFT;
    restart_timeout(uart);
    return data | (uart->rsr << DR_ERRORS_SHIFT & DR_OE);
}

static void write_data(Pl011 *uart, uint8_t data)
{
    if (uart->tx.count >= depth(uart)) {
        services(uart)->log->guest(services(uart)->host, QH_LOG_GUEST_ERROR,
                                   "pl011: a character is written to a full FIFO and lost");
        return;
    }
    push(&uart->tx, data);
    uart->ris &= ~INT_TX;
    transmit(uart);
}

/* nUARTCTS and its like as FR shows them; a change raises the modem interrupts. */
static void update_modem(Pl011 *uart)
{
    uint32_t lines = FR_CTS | FR_DSR | FR_DCD, changed;

    if (uart->cr & CR_LBE) { /* 3.3.8, LBE */
        lines = (uart->cr & CR_RTS ? FR_CTS : 0) | (uart->cr & CR_DTR ? FR_DSR : 0) |
                (uart->cr & CR_OUT1 ? FR_DCD : 0) | (uart->cr & CR_OUT2 ? FR_RI : 0);
    }
    changed = lines ^ uart->modem;
    uart->ris |= (changed & FR_CTS ? INT_CTS : 0) | (changed & FR_DSR ? INT_DSR : 0) |
                 (changed & FR_DCD ? INT_DCD : 0) | (changed & FR_RI ? INT_RI : 0);
    uart->modem = lines;
}

static uint32_t flags(const Pl011 *uart)
{
    return uart->modem | (uart->tx.count > 0 ? FR_BUSY : FR_TXFE) |
           (uart->tx.count >= depth(uart) ? FR_TXFF : 0) | (uart->rx.count == 0 ? FR_RXFE : 0) |
           (uart->rx.count >= depth(uart) ? FR_RXFF : 0);
}

static void write_lcr(Pl011 *uart, uint32_t value)
{
    uint32_t changed = value ^ uart->lcr;

    uart->lcr = value & 0xff;
    if (changed & LCR_FEN) {
        uart->rx.count = uart->tx.count = 0;
        restart_timeout(uart);
    }
    if (changed & value & LCR_BRK) {
        if (uart->cr & CR_LBE) {
            receive(uart, DR_BE);
        } else if (uart->chr != NULL) {
            services(uart)->chr->send_break(uart->chr);
        }
    }
}

static uint32_t identity(uint32_t n)
{
    static const uint8_t bytes[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1}; /* 3.3.15 */

    return bytes[n];
}

static uint32_t read_register(const Pl011 *uart, uint32_t n)
{
    switch (n) {
    case DR:
        return uart->rx.data[uart->rx.head];
    case RSR:
        return uart->rsr;
    case FR:
        return flags(uart);
    case ILPR:
        return uart->ilpr;
    case IBRD:
        return uart->ibrd;
    case FBRD:
        return uart->fbrd;
    case LCR_H:
        return uart->lcr;
    case CR:
        return uart->cr;
    case IFLS:
        return uart->ifls;
    case IMSC:
        return uart->imsc;
    case RIS:
        return uart->ris;
    case MIS:
        return uart->ris & uart->imsc;
    case DMACR:
        return uart->dmacr;
    default:
        return n >= ID && n < ID + 8 ? identity(n - ID) : 0;
    }
}

static void write_register(Pl011 *uart, uint32_t n, uint32_t value)
{
    switch (n) {
    case DR:
        write_data(uart, (uint8_t)value);
        break;
    case RSR: /* UARTECR: any value clears the errors */
        uart->rsr = 0;
        break;
    case ILPR:
        uart->ilpr = value & 0xff;
        break;
    case IBRD:
        uart->ibrd = value & 0xffff;
        break;
    case FBRD:
        uart->fbrd = value & 0x3f;
        break;
    case LCR_H:
        write_lcr(uart, value);
        break;
    case CR:
        uart->cr = value & CR_BITS;
        update_modem(uart);
        if (uart->tx.count > 0) {
            transmit(uart);
        }
        break;
    case IFLS:
        uart->ifls = value & 0x3f;
        break;
    case IMSC:
        uart->imsc = value & INT_BITS;
        break;
    case ICR:
        uart->ris &= ~value;
        break;
    case DMACR: /* there is no DMA controller, so nobody hears the requests */
        uart->dmacr = value & 7;
        break;
    default:
        services(uart)->log->guest(services(uart)->host, QH_LOG_GUEST_ERROR,
                                   "pl011: a read-only register is written");
        break;
    }
}

/* Registers are at most 16 bits wide, and may be accessed so, or as bytes. */
static uint32_t
window_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Pl011 *uart = opaque;
    uint32_t n = (uint32_t)(offset >> 2), value;

    (void)width;
    if (n == DR && !(attrs & QH_ATTR_DEBUG)) {
        value = read_data(uart);
        update_irq(uart);
        ask_for_input(uart);
    } else {
        value = read_register(uart, n);
    }
    *ret_value = value >> 8 * (offset & 3);
    return QH_BUS_OK;
}

static uint32_t
window_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Pl011 *uart = opaque;

    (void)width;
    (void)attrs;
    write_register(uart, (uint32_t)(offset >> 2), (uint32_t)value << 8 * (offset & 3));
    update_irq(uart);
    ask_for_input(uart);
    return QH_BUS_OK;
}

static void reset(QhDevice *device, uint32_t kind)
{
    Pl011 *uart = (Pl011 *)device;

    (void)kind;
    uart->rsr = uart->ilpr = uart->ibrd = uart->fbrd = uart->lcr = 0;
    uart->imsc = uart->ris = uart->dmacr = 0;
    uart->cr = CR_RESET;
    uart->ifls = IFLS_RESET;
    uart->modem = FR_CTS | FR_DSR | FR_DCD;
    memset(&uart->rx, 0, sizeof(uart->rx));
    memset(&uart->tx, 0, sizeof(uart->tx));
    services(uart)->timer->disarm(uart->timer);
    ask_for_input(uart);
}

static const QhCharHandlers handlers = {
    .size = sizeof(QhCharHandlers),
    .can_read = on_can_read,
    .read = on_read,
    .event = on_event,
    .can_write = on_can_write,
};

static gboolean realize(QhDevice *device, GError **error)
{
    Pl011 *uart = (Pl011 *)device;
    const TargetServices *s = services(uart);

    uart->timer = s->timer->timer_new(s->host, QH_CLOCK_VIRTUAL, on_timeout, uart);
    return uart->chr == NULL || s->chr->attach(uart->chr, &handlers, uart, error);
}

static void unrealize(QhDevice *device)
{
    Pl011 *uart = (Pl011 *)device;
    const TargetServices *s = services(uart);

    if (uart->chr != NULL) {
        s->chr->attach(uart->chr, NULL, uart, NULL);
    }
    s->timer->timer_free(uart->timer);
    uart->timer = NULL;
}

static const QhProperty properties[] = {
    QH_PROPERTY(
        "chardev", QH_PROPERTY_CHARDEV, offsetof(Pl011, chr), NULL, 0, 0, "what the line leads to"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define FIELD(member, type, count) QH_STATE_FIELD(Pl011, member, type, count)
#define WORD(member)               FIELD(member, I32, 1)

static const QhStateField fields[] = {
    WORD(rsr),
    WORD(ilpr),
    WORD(ibrd),
    WORD(fbrd),
    WORD(lcr),
    WORD(cr),
    WORD(ifls),
    WORD(imsc),
    WORD(ris),
    WORD(dmacr),
    WORD(modem),
    FIELD(rx.data, I16, FIFO_ROOM),
    FIELD(rx.head, I8, 1),
    FIELD(rx.count, I8, 1),
    FIELD(tx.data, I16, FIFO_ROOM),
    FIELD(tx.head, I8, 1),
    FIELD(tx.count, I8, 1),
};

static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

static const QhIoOps io_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 4,
    .read = window_read,
    .write = window_write,
};

static const QhWindow windows[] = {
    {.name = "pl011", .bytes = 0x1000, .ops = &io_ops},
};

const QhDeviceOps arm_pl011_device = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Pl011),
    .description = "Arm PrimeCell UART",
    .properties = &property_table,
    .state = &state_table,
    QH_WINDOWS(windows),
    .n_irq_out = 1,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
};
