/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UART (Arm DDI 0183, "PrimeCell UART (PL011) Technical Reference Manual", r1p4), register by
 * register with two deliberate differences: characters take no time on the line (the divisor only
 * sets how long the receive timeout is), and they pass whether UARTCR enables the UART or not,
 * because bare programs write to the port without setting it up. Modem lines are wired on, as by a
 * null-modem cable; they only change in loopback mode.
 */
#include "modules/arm/hw/hw.h"
#include "modules/arm/services.h"
#include "modules/support/uart-line.h"

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

#define RSR_BE          0x4u /* 3.3.2 */
#define RSR_OE          0x8u
#define DR_ERRORS_SHIFT 8 /* 3.3.1: errors of a character, above its data */

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

#define CLOCK_HZ     UINT64_C(24000000) /* UARTCLK */
#define TIMEOUT_BITS 32u                /* 2.8.3, UARTRTINTR */

typedef struct Pl011 {
    UartLine line; /* flags of the characters: bits of RSR */
    uint32_t rsr, ilpr, ibrd, fbrd, lcr, cr, ifls, imsc, ris, dmacr;
    uint32_t modem; /* FR's modem bits as they were last */
} Pl011;

static const TargetServices *services(const Pl011 *uart)
{
    return uart->line.base.ctx;
}

static uint32_t depth(const Pl011 *uart)
{
    return uart->lcr & LCR_FEN ? UART_FIFO_BYTES : 1;
}

/* 3.3.9: from 1/8 to 7/8 of the FIFO; without FIFOs every character counts. */
static uint32_t receive_trigger(const Pl011 *uart)
{
    static const uint8_t levels[8] = {2, 4, 8, 12, 14, 14, 14, 14};

    return uart->lcr & LCR_FEN ? levels[uart->ifls >> 3 & 7] : 1;
}

static void update_irq(UartLine *line)
{
    const Pl011 *uart = (const Pl011 *)line;

    services(uart)->device->set_irq(&line->base, 0, (uart->ris & uart->imsc) != 0);
}

/* UARTRTINTR: data lie in the FIFO, and none came for the time of 32 bits. */
static void restart_timeout(Pl011 *uart)
{
    uint64_t divisor = MAX(uart->ibrd * 64u + uart->fbrd, 64u); /* in 1/64 of 16 clocks */

    uart_line_restart_timeout(&uart->line, uart->line.rx.count > 0,
                              TIMEOUT_BITS * UINT64_C(16) * divisor * UINT64_C(1000000000) / 64 /
                                  CLOCK_HZ);
}

static void timed_out(UartLine *line)
{
    ((Pl011 *)line)->ris |= INT_RT;
}

static void receive(UartLine *line, uint8_t data, uint8_t flags)
{
    Pl011 *uart = (Pl011 *)line;

    if (line->rx.count >= depth(uart)) {
        uart->rsr |= RSR_OE;
        uart->ris |= INT_OE;
        return;
    }
    uart_push(&line->rx, data, flags);
    if (line->rx.count >= receive_trigger(uart)) {
        uart->ris |= INT_RX;
    }
    restart_timeout(uart);
}

static void receive_break(UartLine *line)
{
    ((Pl011 *)line)->ris |= INT_BE;
    receive(line, 0, RSR_BE);
}

static gboolean loops(const UartLine *line)
{
    return (((const Pl011 *)line)->cr & CR_LBE) != 0;
}

static uint32_t room(const UartLine *line)
{
    uint32_t most = depth((const Pl011 *)line);

    return loops(line) ? 0 : most - MIN(line->rx.count, most);
}

/* UARTTXINTR comes when the FIFO falls to its trigger level (2.8.2), which here is when it is
 * empty.
 */
static void emptied(UartLine *line)
{
    ((Pl011 *)line)->ris |= INT_TX;
}

/* The character at the head with its errors, as DR has them. */
static uint32_t head_of(const UartFifo *fifo)
{
    return fifo->data[fifo->head] | (uint32_t)fifo->flags[fifo->head] << DR_ERRORS_SHIFT;
}

static uint32_t read_data(Pl011 *uart)
{
    UartFifo *rx = &uart->line.rx;
    uint32_t data = head_of(rx); /* an empty FIFO repeats the last one */

    if (rx->count > 0) {
        uart_pop(rx);
    }
    if (rx->count < receive_trigger(uart)) {
        uart->ris &= ~INT_RX;
    }
    if (rx->count == 0) {
        uart->ris &= ~INT_RT;
    }
    uart->rsr = (uart->rsr & RSR_OE) | data >> DR_ERRORS_SHIFT;
    restart_timeout(uart);
    return data | (uart->rsr & RSR_OE) << DR_ERRORS_SHIFT;
}

static void write_data(Pl011 *uart, uint8_t data)
{
    if (uart->line.tx.count >= depth(uart)) {
        services(uart)->log->guest(services(uart)->host, QH_LOG_GUEST_ERROR,
                                   "pl011: a character is written to a full FIFO and lost");
        return;
    }
    uart_push(&uart->line.tx, data, 0);
    uart->ris &= ~INT_TX;
    uart_line_transmit(&uart->line);
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
    return uart->modem | (uart->line.tx.count > 0 ? FR_BUSY : FR_TXFE) |
           (uart->line.tx.count >= depth(uart) ? FR_TXFF : 0) |
           (uart->line.rx.count == 0 ? FR_RXFE : 0) |
           (uart->line.rx.count >= depth(uart) ? FR_RXFF : 0);
}

static void write_lcr(Pl011 *uart, uint32_t value)
{
    uint32_t changed = value ^ uart->lcr;

    uart->lcr = value & 0xff;
    if (changed & LCR_FEN) {
        uart->line.rx.count = uart->line.tx.count = 0;
        restart_timeout(uart);
    }
    if (changed & value & LCR_BRK) {
        if (uart->cr & CR_LBE) {
            receive(&uart->line, 0, RSR_BE);
        } else {
            uart_line_send_break(&uart->line);
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
        return head_of(&uart->line.rx);
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
        if (uart->line.tx.count > 0) {
            uart_line_transmit(&uart->line);
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
        update_irq(&uart->line);
        uart_line_ask_for_input(&uart->line);
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
    update_irq(&uart->line);
    uart_line_ask_for_input(&uart->line);
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
    uart_line_reset(&uart->line);
    uart_line_ask_for_input(&uart->line);
}

static const UartLineOps line_ops = {
    .room = room,
    .loops = loops,
    .receive = receive,
    .receive_break = receive_break,
    .emptied = emptied,
    .timed_out = timed_out,
    .update_irq = update_irq,
};

static gboolean realize(QhDevice *device, GError **error)
{
    Pl011 *uart = (Pl011 *)device;
    const TargetServices *s = services(uart);

    return uart_line_realize(&uart->line, &line_ops, s->host, s->chr, s->timer, error);
}

static void unrealize(QhDevice *device)
{
    uart_line_unrealize((UartLine *)device);
}

static void state_loaded(QhDevice *device)
{
    uart_line_state_loaded((UartLine *)device);
}

static const QhProperty properties[] = {
    QH_PROPERTY("chardev",
                QH_PROPERTY_CHARDEV,
                offsetof(Pl011, line.chr),
                NULL,
                0,
                0,
                "what the line leads to"),
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
    FIELD(line.rx.data, I8, UART_FIFO_BYTES),
    FIELD(line.rx.flags, I8, UART_FIFO_BYTES),
    FIELD(line.rx.head, I8, 1),
    FIELD(line.rx.count, I8, 1),
    FIELD(line.tx.data, I8, UART_FIFO_BYTES),
    FIELD(line.tx.head, I8, 1),
    FIELD(line.tx.count, I8, 1),
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
    .state_loaded = state_loaded,
};
