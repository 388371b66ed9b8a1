/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Register by register as in the data sheet, with two deliberate differences: characters take no
 * time on the line (the divisor only sets how long the character timeout is), and always have eight
 * bits, because bare-metal programs write to the port without setting LCR up.
 *
 * THRE stays clear while the back end takes no more. The modem's lines CTS, DSR and DCD are wired
 * on, as by a null-modem cable; they only change in loopback mode.
 */
#include "modules/serial/ns16550.h"

/* 8.0, table II: registers by address */
enum { RBR_THR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR, N_REGISTERS };

#define IER_RDA  0x01 /* 8.6: received data available, and character timeout */
#define IER_THRE 0x02
#define IER_RLS  0x04
#define IER_MS   0x08
#define IER_BITS 0x0f

/* 8.5, table IV; in the order of their priority */
#define IIR_RLS   0x06
#define IIR_RDA   0x04
#define IIR_CTI   0x0c
#define IIR_THRE  0x02
#define IIR_MS    0x00
#define IIR_NONE  0x01
#define IIR_FIFOS 0xc0

#define FCR_ENABLE   0x01 /* 8.4 */
#define FCR_RX_RESET 0x02
#define FCR_TX_RESET 0x04
#define FCR_STORED   0xc9 /* enable, DMA mode, trigger level */

#define LCR_STOP   0x04 /* 8.1 */
#define LCR_PARITY 0x08
#define LCR_BREAK  0x40
#define LCR_DLAB   0x80

#define MCR_DTR  0x01 /* 8.8 */
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_BITS 0x1f

#define LSR_DR         0x01 /* 8.3 */
#define LSR_OE         0x02
#define LSR_BI         0x10
#define LSR_THRE       0x20
#define LSR_TEMT       0x40
#define LSR_FIFO_ERROR 0x80
#define LSR_ERRORS     0x1e
#define LSR_IN_FIFO    0x1c /* parity, framing, break: travel with their character */

#define MSR_DCTS 0x01 /* 8.9 */
#define MSR_DDSR 0x02
#define MSR_TERI 0x04
#define MSR_DDCD 0x08
#define MSR_CTS  0x10
#define MSR_DSR  0x20
#define MSR_RI   0x40
#define MSR_DCD  0x80

#define NS_PER_S 1000000000u

static const NsServices *services(const NsUart *uart)
{
    return uart->line.base.ctx;
}

static void guest_error(const NsUart *uart, const char *text)
{
    const QhLogService *log = services(uart)->log;

    if (log->mask(services(uart)->host) & QH_LOG_GUEST_ERROR) {
        g_autofree char *line = g_strdup_printf("ns16550 %s: %s", uart->line.base.id, text);

        log->guest(services(uart)->host, QH_LOG_GUEST_ERROR, line);
    }
}

static gboolean fifo_mode(const NsUart *uart)
{
    return (uart->fcr & FCR_ENABLE) != 0;
}

static uint32_t depth(const NsUart *uart)
{
    return fifo_mode(uart) ? UART_FIFO_BYTES : 1;
}

/* 8.4, bits 6 and 7 */
static uint32_t trigger(const NsUart *uart)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    return levels[uart->fcr >> 6];
}

/* The interrupt of highest priority among those enabled (8.5, table IV). */
static uint8_t interrupt_id(const NsUart *uart)
{
    if ((uart->ier & IER_RLS) && (uart->lsr & LSR_ERRORS)) {
        return IIR_RLS;
    }
    if ((uart->ier & IER_RDA) && uart->line.rx.count >= (fifo_mode(uart) ? trigger(uart) : 1)) {
        return IIR_RDA;
    }
    if ((uart->ier & IER_RDA) && uart->timeout_pending) {
        return IIR_CTI;
    }
    if ((uart->ier & IER_THRE) && uart->thre_pending) {
        return IIR_THRE;
    }
    if ((uart->ier & IER_MS) && (uart->msr & (MSR_DCTS | MSR_DDSR | MSR_TERI | MSR_DDCD))) {
        return IIR_MS;
    }
    return IIR_NONE;
}

static void update_irq(UartLine *line)
{
    const NsUart *uart = (const NsUart *)line;

    services(uart)->device->set_irq(&line->base, 0, interrupt_id(uart) != IIR_NONE);
}

/* LSR's view of the receiver: the errors are those of the character that is read next (8.3). */
static void update_receiver(NsUart *uart)
{
    uart->lsr &= ~(LSR_DR | LSR_FIFO_ERROR);
    if (uart->line.rx.count == 0) {
        return;
    }
    uart->lsr |= LSR_DR | (uart->line.rx.flags[uart->line.rx.head] & LSR_IN_FIFO);
    for (uint32_t i = 0; fifo_mode(uart) && i < uart->line.rx.count; i++) {
        if (uart->line.rx.flags[(uart->line.rx.head + i) % UART_FIFO_BYTES] & LSR_IN_FIFO) {
            uart->lsr |= LSR_FIFO_ERROR;
        }
    }
}

/* 8.7: four character times without a character going in or out, while there is one. */
static void restart_timeout(NsUart *uart)
{
    uint64_t bits = 1 + 5 + (uart->lcr & 3) + ((uart->lcr & LCR_PARITY) ? 1 : 0) +
                    ((uart->lcr & LCR_STOP) ? 2 : 1);
    uint64_t divisor = uart->divisor != 0 ? uart->divisor : 1;

    uart_line_restart_timeout(&uart->line, fifo_mode(uart) && uart->line.rx.count > 0,
                              4 * bits * divisor * NS_PER_S / uart->baudbase);
}

static void receive(UartLine *line, uint8_t data, uint8_t flags)
{
    NsUart *uart = (NsUart *)line;

    if (uart->line.rx.count < depth(uart)) {
        uart_push(&line->rx, data, flags);
    } else {
        uart->lsr |= LSR_OE;
        if (!fifo_mode(uart)) {
            /* the new character overwrites the old one; a full FIFO keeps what it has (8.3) */
            uart->line.rx.data[uart->line.rx.head] = data;
            uart->line.rx.flags[uart->line.rx.head] = flags;
        }
    }
    uart->timeout_pending = 0;
    update_receiver(uart);
    restart_timeout(uart);
}

static void receive_break(UartLine *line)
{
    receive(line, 0, LSR_BI);
}

static uint32_t room(const UartLine *line)
{
    const NsUart *uart = (const NsUart *)line;

    return (uart->mcr & MCR_LOOP) ? 0 : depth(uart) - MIN(line->rx.count, depth(uart));
}

static gboolean loops(const UartLine *line)
{
    return (((const NsUart *)line)->mcr & MCR_LOOP) != 0;
}

static void timed_out(UartLine *line)
{
    ((NsUart *)line)->timeout_pending = 1;
}

static void transmitter_is_empty(UartLine *line)
{
    NsUart *uart = (NsUart *)line;

    uart->lsr |= LSR_THRE | LSR_TEMT;
    uart->thre_pending = 1;
}

static uint8_t read_rbr(NsUart *uart)
{
    uint8_t data =
        uart->line.rx.data[uart->line.rx.head]; /* an empty receiver repeats the last one */

    if (uart->line.rx.count > 0) {
        uart_pop(&uart->line.rx);
    }
    uart->timeout_pending = 0;
    update_receiver(uart);
    restart_timeout(uart);
    return data;
}

static void write_thr(NsUart *uart, uint8_t data)
{
    if (uart->line.tx.count >= depth(uart)) {
        guest_error(uart, "a character is written to a full transmitter and lost");
        return;
    }
    uart_push(&uart->line.tx, data, 0);
    uart->thre_pending = 0;
    uart->lsr &= ~(LSR_THRE | LSR_TEMT);
    uart_line_transmit(&uart->line);
}

static void reset_receiver(NsUart *uart)
{
    uart->line.rx.count = 0;
    uart->timeout_pending = 0;
    update_receiver(uart);
    restart_timeout(uart);
}

static void reset_transmitter(NsUart *uart)
{
    uart->line.tx.count = 0;
    transmitter_is_empty(&uart->line);
}

/* 8.4: nothing else is programmed unless bit 0 is written as one; its change clears both FIFOs. */
static void write_fcr(NsUart *uart, uint8_t value)
{
    uint8_t stored = (value & FCR_ENABLE) ? value & FCR_STORED : 0;
    gboolean changed = ((stored ^ uart->fcr) & FCR_ENABLE) != 0;

    uart->fcr = stored;
    if (changed || ((value & FCR_ENABLE) && (value & FCR_RX_RESET))) {
        reset_receiver(uart);
    }
    if (changed || ((value & FCR_ENABLE) && (value & FCR_TX_RESET))) {
        reset_transmitter(uart);
    }
}

static void write_ier(NsUart *uart, uint8_t value)
{
    /* enabling it while the register is empty raises the interrupt at once */
    if ((value & IER_THRE) && !(uart->ier & IER_THRE) && (uart->lsr & LSR_THRE)) {
        uart->thre_pending = 1;
    }
    uart->ier = value & IER_BITS;
}

static void write_lcr(NsUart *uart, uint8_t value)
{
    gboolean begins = (value & LCR_BREAK) && !(uart->lcr & LCR_BREAK);

    uart->lcr = value;
    if (begins && (uart->mcr & MCR_LOOP)) {
        receive_break(&uart->line);
    } else if (begins) {
        uart_line_send_break(&uart->line);
    }
}

/* The modem's lines as they are now; each change sets its delta bit, RI only when it ends (8.9). */
static void update_modem(NsUart *uart)
{
    uint8_t lines = MSR_CTS | MSR_DSR | MSR_DCD;
    uint8_t before = uart->msr;

    if (uart->mcr & MCR_LOOP) {
        lines = ((uart->mcr & MCR_RTS) ? MSR_CTS : 0) | ((uart->mcr & MCR_DTR) ? MSR_DSR : 0) |
                ((uart->mcr & MCR_OUT1) ? MSR_RI : 0) | ((uart->mcr & MCR_OUT2) ? MSR_DCD : 0);
    }
    uint8_t changed = (before ^ lines) & 0xf0;
    uint8_t delta = (changed & (MSR_CTS | MSR_DSR | MSR_DCD)) >> 4;

    if ((before & MSR_RI) && !(lines & MSR_RI)) {
        delta |= MSR_TERI;
    }
    uart->msr = lines | (before & 0x0f) | delta;
}

static void write_mcr(NsUart *uart, uint8_t value)
{
    uart->mcr = value & MCR_BITS;
    update_modem(uart);
    if (uart->line.tx.count > 0) {
        uart_line_transmit(&uart->line);
    }
}

static uint8_t read_lsr(NsUart *uart)
{
    uint8_t value = uart->lsr;

    /* reading shows the errors once (8.3) */
    uart->lsr &= ~LSR_ERRORS;
    if (uart->line.rx.count > 0) {
        uart->line.rx.flags[uart->line.rx.head] = 0;
    }
    update_receiver(uart);
    return value;
}

static uint8_t read_iir(NsUart *uart)
{
    uint8_t id = interrupt_id(uart);

    if (id == IIR_THRE) {
        uart->thre_pending = 0;
    }
    return id | (fifo_mode(uart) ? IIR_FIFOS : 0);
}

static uint8_t read_register(NsUart *uart, uint32_t n)
{
    gboolean latch = (uart->lcr & LCR_DLAB) != 0;
    uint8_t value = 0;

    switch (n) {
    case RBR_THR_DLL:
        return latch ? uart->divisor & 0xff : read_rbr(uart);
    case IER_DLM:
        return latch ? uart->divisor >> 8 : uart->ier;
    case IIR_FCR:
        return read_iir(uart);
    case LCR:
        return uart->lcr;
    case MCR:
        return uart->mcr;
    case LSR:
        return read_lsr(uart);
    case MSR:
        value = uart->msr;
        uart->msr &= 0xf0;
        return value;
    default:
        return uart->scr;
    }
}

/* What a debugger sees: the same without the side effects. */
static uint8_t peek_register(const NsUart *uart, uint32_t n)
{
    NsUart copy = *uart;
    gboolean latch = (uart->lcr & LCR_DLAB) != 0;

    switch (n) {
    case RBR_THR_DLL:
        return latch ? uart->divisor & 0xff : uart->line.rx.data[uart->line.rx.head];
    case LSR:
        return uart->lsr;
    default:
        return read_register(&copy, n);
    }
}

static void write_register(NsUart *uart, uint32_t n, uint8_t value)
{
    gboolean latch = (uart->lcr & LCR_DLAB) != 0;

    switch (n) {
    case RBR_THR_DLL:
        if (latch) {
            uart->divisor = (uart->divisor & 0xff00) | value;
        } else {
            write_thr(uart, value);
        }
        break;
    case IER_DLM:
        if (latch) {
            uart->divisor = (uint16_t)(uart->divisor & 0x00ff) | (uint16_t)(value << 8);
        } else {
            write_ier(uart, value);
        }
        break;
    case IIR_FCR:
        write_fcr(uart, value);
        break;
    case LCR:
        write_lcr(uart, value);
        break;
    case MCR:
        write_mcr(uart, value);
        break;
    case SCR:
        uart->scr = value;
        break;
    default:
        /* LSR and MSR are for reading; writing is for factory tests (8.3, 8.9) */
        guest_error(uart, n == LSR ? "LSR is written" : "MSR is written");
        break;
    }
}

/* A register is one byte; wider accesses may not reach into the next one. */
static gboolean register_at(const NsUart *uart, uint64_t offset, uint32_t width, uint32_t *ret)
{
    uint64_t stride = UINT64_C(1) << uart->reg_shift;

    if ((offset & (stride - 1)) != 0 || width > stride ||
        offset >> uart->reg_shift >= N_REGISTERS) {
        guest_error(uart, "an access does not hit one register");
        return FALSE;
    }
    *ret = (uint32_t)(offset >> uart->reg_shift);
    return TRUE;
}

static uint32_t
window_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    NsUart *uart = opaque;
    uint32_t n = 0;

    if (!register_at(uart, offset, width, &n)) {
        return QH_BUS_ERROR;
    }
    if (attrs & QH_ATTR_DEBUG) {
        *ret_value = peek_register(uart, n);
        return QH_BUS_OK;
    }
    *ret_value = read_register(uart, n);
    update_irq(&uart->line);
    uart_line_ask_for_input(&uart->line);
    return QH_BUS_OK;
}

static uint32_t window_write(
    void *opaque, uint64_t offset, uint32_t width, G_GNUC_UNUSED uint32_t attrs, uint64_t value)
{
    NsUart *uart = opaque;
    uint32_t n = 0;

    if (!register_at(uart, offset, width, &n)) {
        return QH_BUS_ERROR;
    }
    write_register(uart, n, (uint8_t)value);
    update_irq(&uart->line);
    uart_line_ask_for_input(&uart->line);
    return QH_BUS_OK;
}

/* 8.0, table III: the divisor, SCR and the receive buffer are left alone. */
static void ns_reset(QhDevice *device, G_GNUC_UNUSED uint32_t kind)
{
    NsUart *uart = (NsUart *)device;

    uart->ier = 0;
    uart->fcr = 0;
    uart->lcr = 0;
    uart->mcr = 0;
    uart->lsr = LSR_THRE | LSR_TEMT;
    uart_line_reset(&uart->line);
    uart->thre_pending = 0;
    uart->timeout_pending = 0;
    uart->msr = MSR_CTS | MSR_DSR | MSR_DCD;
    update_irq(&uart->line);
    uart_line_ask_for_input(&uart->line);
}

static const UartLineOps line_ops = {
    .room = room,
    .loops = loops,
    .receive = receive,
    .receive_break = receive_break,
    .emptied = transmitter_is_empty,
    .timed_out = timed_out,
    .update_irq = update_irq,
};

static gboolean ns_realize(QhDevice *device, GError **error)
{
    NsUart *uart = (NsUart *)device;
    const NsServices *s = services(uart);

    uart->msr = MSR_CTS | MSR_DSR | MSR_DCD;
    uart->lsr = LSR_THRE | LSR_TEMT;
    s->device->window_set_bytes(device, 0, (uint64_t)N_REGISTERS << uart->reg_shift);
    return uart_line_realize(&uart->line, &line_ops, s->host, s->chr, s->timer, error);
}

static void ns_unrealize(QhDevice *device)
{
    uart_line_unrealize((UartLine *)device);
}

static void ns_state_loaded(QhDevice *device)
{
    uart_line_state_loaded((UartLine *)device);
}

#define AT(member) offsetof(NsUart, member)

static const QhProperty properties[] = {
    QH_PROPERTY("chardev", QH_PROPERTY_CHARDEV, AT(line.chr), NULL, 0, 0, "what the line leads to"),
    QH_PROPERTY("reg-shift",
                QH_PROPERTY_U8,
                AT(reg_shift),
                "0",
                0,
                3,
                "registers are 1 << reg-shift bytes apart"),
    QH_PROPERTY("baudbase",
                QH_PROPERTY_U32,
                AT(baudbase),
                "115200",
                1,
                UINT32_MAX,
                "baud rate at divisor 1: input clock / 16"),
};

static const QhPropertyTable property_table = QH_PROPERTY_TABLE(properties);

#define BYTE(member)                                                                               \
    {                                                                                              \
        .name = #member, .offset = AT(member), .type = QH_TYPE_I8, .klass = QH_CLASS_CTRL          \
    }
#define FIFO(label, member)                                                                        \
    {                                                                                              \
        .name = label, .offset = AT(member), .count = UART_FIFO_BYTES, .type = QH_TYPE_I8,         \
        .klass = QH_CLASS_CTRL, .flags = QH_STATE_HIDDEN                                           \
    }
#define HIDDEN(label, member)                                                                      \
    {                                                                                              \
        .name = label, .offset = AT(member), .type = QH_TYPE_I8, .klass = QH_CLASS_CTRL,           \
        .flags = QH_STATE_HIDDEN                                                                   \
    }

static const QhStateField fields[] = {
    BYTE(ier),
    BYTE(fcr),
    BYTE(lcr),
    BYTE(mcr),
    BYTE(lsr),
    BYTE(msr),
    BYTE(scr),
    {.name = "divisor", .offset = AT(divisor), .type = QH_TYPE_I16, .klass = QH_CLASS_CTRL},
    FIFO("rx.data", line.rx.data),
    FIFO("rx.flags", line.rx.flags),
    HIDDEN("rx.head", line.rx.head),
    HIDDEN("rx.count", line.rx.count),
    FIFO("tx.data", line.tx.data),
    HIDDEN("tx.head", line.tx.head),
    HIDDEN("tx.count", line.tx.count),
    HIDDEN("thre_pending", thre_pending),
    HIDDEN("timeout_pending", timeout_pending),
};

static const QhStateTable state_table = QH_STATE_TABLE(fields, 0);

static const QhIoOps io_ops = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = window_read,
    .write = window_write,
};

static const QhWindow windows[] = {
    {.name = "ns16550", .bytes = 0, .ops = &io_ops},
};

const QhDeviceOps ns16550_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(NsUart),
    .description = "16550A UART with FIFOs",
    .properties = &property_table,
    .state = &state_table,
    QH_WINDOWS(windows),
    .n_irq_out = 1,
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = ns_realize,
    .unrealize = ns_unrealize,
    .reset = ns_reset,
    .state_loaded = ns_state_loaded,
};
