/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UART driven as a guest would, through the tables that the module offers to a fake host. */
#include "modules/serial/ns16550.h"

#include "abi/module.h"

#include <string.h>

/* registers, by the data sheet's table II */
enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR };
#define THR 0
#define FCR 2

typedef struct Bench {
    const QhDeviceOps *ops;
    NsServices *services;
    NsUart uart;
    const QhCharHandlers *handlers;
    void *opaque;
    GString *sent;
    uint32_t room; /* what the back end takes */
    gboolean irq;
    guint accepts, breaks, guest_errors;
    int64_t now_ns, timer_ns; /* timer_ns < 0: not armed */
    void (*timer_fn)(void *);
    void *timer_opaque;
    uint64_t window_bytes;
    gboolean busy; /* attach fails */
} Bench;

/* The tables carry no context, so the fake's is here. */
static Bench *bench;

static gboolean
chr_attach(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error)
{
    g_assert_nonnull(chr);
    if (bench->busy) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_BUSY, "in use");
        return FALSE;
    }
    bench->handlers = handlers;
    bench->opaque = opaque;
    return TRUE;
}

static uint32_t chr_write(G_GNUC_UNUSED QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    uint32_t n = MIN(bytes, bench->room);

    g_string_append_len(bench->sent, (const char *)data, n);
    bench->room -= n;
    return n;
}

static void chr_accept(G_GNUC_UNUSED QhChar *chr)
{
    bench->accepts++;
}

static void chr_break(G_GNUC_UNUSED QhChar *chr)
{
    bench->breaks++;
}

static const QhCharService chr_service = {
    .size = sizeof(QhCharService),
    .attach = chr_attach,
    .write = chr_write,
    .accept_input = chr_accept,
    .send_break = chr_break,
};

static void set_irq(G_GNUC_UNUSED QhDevice *device, uint32_t n, gboolean level)
{
    g_assert_cmpuint(n, ==, 0);
    bench->irq = level;
}

static void window_set_bytes(G_GNUC_UNUSED QhDevice *device, uint32_t window, uint64_t bytes)
{
    g_assert_cmpuint(window, ==, 0);
    bench->window_bytes = bytes;
}

static const QhDeviceService device_service = {
    .size = sizeof(QhDeviceService),
    .set_irq = set_irq,
    .window_set_bytes = window_set_bytes,
};

static int64_t timer_now(G_GNUC_UNUSED QhHost *host, uint32_t clock)
{
    g_assert_cmpuint(clock, ==, QH_CLOCK_VIRTUAL);
    return bench->now_ns;
}

static QhTimer *
timer_new(G_GNUC_UNUSED QhHost *host, uint32_t clock, void (*fn)(void *), void *opaque)
{
    g_assert_cmpuint(clock, ==, QH_CLOCK_VIRTUAL);
    bench->timer_fn = fn;
    bench->timer_opaque = opaque;
    bench->timer_ns = -1;
    return (QhTimer *)bench;
}

static void timer_arm(G_GNUC_UNUSED QhTimer *timer, int64_t expire_ns)
{
    bench->timer_ns = expire_ns;
}

static void timer_disarm(G_GNUC_UNUSED QhTimer *timer)
{
    bench->timer_ns = -1;
}

static void timer_free(G_GNUC_UNUSED QhTimer *timer)
{
    bench->timer_fn = NULL;
}

static const QhTimerService timer_service = {
    .size = sizeof(QhTimerService),
    .now = timer_now,
    .timer_new = timer_new,
    .arm = timer_arm,
    .disarm = timer_disarm,
    .timer_free = timer_free,
};

static uint32_t log_mask(G_GNUC_UNUSED QhHost *host)
{
    return QH_LOG_GUEST_ERROR;
}

static void log_guest(G_GNUC_UNUSED QhHost *host, uint32_t bit, const char *text)
{
    g_assert_cmpuint(bit, ==, QH_LOG_GUEST_ERROR);
    g_assert_null(strchr(text, '\n'));
    bench->guest_errors++;
}

static const QhLogService log_service = {
    .size = sizeof(QhLogService),
    .mask = log_mask,
    .guest = log_guest,
};

static const void *find_service(G_GNUC_UNUSED QhHost *host,
                                const char *name,
                                G_GNUC_UNUSED uint32_t major,
                                G_GNUC_UNUSED uint32_t minor,
                                GError **error)
{
    static const struct {
        const char *name;
        const void *table;
    } tables[] = {
        {"qh.char",   &chr_service   },
        {"qh.device", &device_service},
        {"qh.timer",  &timer_service },
        {"qh.log",    &log_service   },
    };

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (g_str_equal(name, tables[i].name)) {
            return tables[i].table;
        }
    }
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "no service %s", name);
    return NULL;
}

static gboolean
take_offer(G_GNUC_UNUSED QhTransaction *txn, const QhOffer *offer, G_GNUC_UNUSED GError **error)
{
    g_assert_cmpstr(offer->kind, ==, "device");
    g_assert_cmpstr(offer->interface, ==, QH_DEVICE_INTERFACE);
    bench->ops = offer->ops;
    return TRUE;
}

static Bench *start(uint8_t reg_shift)
{
    const QhHostApi api = {
        .size = sizeof(QhHostApi),
        .abi_major = QH_ABI_MAJOR,
        .service = find_service,
        .offer = take_offer,
    };
    void *ctx = NULL;

    bench = g_new0(Bench, 1);
    bench->sent = g_string_new(NULL);
    bench->room = UINT32_MAX;
    g_assert_true(qh_module.init(&api, NULL, &ctx, NULL));
    bench->services = ctx;
    bench->uart.line.base.ctx = ctx;
    bench->uart.line.base.id = "uart";
    bench->uart.line.chr = (QhChar *)bench;
    bench->uart.baudbase = 115200;
    bench->uart.reg_shift = reg_shift;
    g_assert_true(bench->ops->realize(&bench->uart.line.base, NULL));
    bench->ops->reset(&bench->uart.line.base, QH_RESET_COLD);
    return bench;
}

static void stop(void)
{
    bench->ops->unrealize(&bench->uart.line.base);
    g_assert_null(bench->handlers);
    g_assert_null(bench->timer_fn);
    qh_module.fini(bench->services);
    g_string_free(bench->sent, TRUE);
    g_free(bench);
}

static uint64_t in(uint64_t n)
{
    uint64_t value = ~UINT64_C(0);

    g_assert_cmpuint(bench->ops->windows[0].ops->read(&bench->uart, n << bench->uart.reg_shift, 1,
                                                      QH_ATTR_NONE, &value),
                     ==, QH_BUS_OK);
    g_assert_cmpuint(value, <=, 0xff);
    return value;
}

static void out(uint64_t n, uint64_t value)
{
    g_assert_cmpuint(bench->ops->windows[0].ops->write(&bench->uart, n << bench->uart.reg_shift, 1,
                                                       QH_ATTR_NONE, value),
                     ==, QH_BUS_OK);
}

static uint32_t feed(const char *text)
{
    uint32_t n = MIN(bench->handlers->can_read(bench->opaque), (uint32_t)strlen(text));

    bench->handlers->read(bench->opaque, (const uint8_t *)text, n);
    return n;
}

static void test_reset(void)
{
    start(0);
    g_assert_cmpuint(bench->window_bytes, ==, 8);
    g_assert_cmphex(in(IER), ==, 0x00);
    g_assert_cmphex(in(IIR), ==, 0x01);
    g_assert_cmphex(in(LCR), ==, 0x00);
    g_assert_cmphex(in(MCR), ==, 0x00);
    g_assert_cmphex(in(LSR), ==, 0x60);
    g_assert_cmphex(in(MSR), ==, 0xb0);
    g_assert_false(bench->irq);
    out(SCR, 0x5a);
    out(IER, 0xff);
    g_assert_cmphex(in(IER), ==, 0x0f);
    bench->ops->reset(&bench->uart.line.base, QH_RESET_WARM);
    g_assert_cmphex(in(SCR), ==, 0x5a);
    g_assert_cmphex(in(IER), ==, 0x00);
    stop();
}

static void test_divisor(void)
{
    start(0);
    out(LCR, 0x83);
    out(0, 0x34);
    out(1, 0x12);
    g_assert_cmphex(in(0), ==, 0x34);
    g_assert_cmphex(in(1), ==, 0x12);
    g_assert_cmpuint(bench->sent->len, ==, 0);
    out(LCR, 0x03);
    g_assert_cmphex(in(IER), ==, 0);
    out(THR, 'x');
    g_assert_cmpstr(bench->sent->str, ==, "x");
    stop();
}

static void test_transmit(void)
{
    start(0);
    out(IER, 0x02);
    /* empty already: the interrupt comes at once, and reading IIR acknowledges it */
    g_assert_true(bench->irq);
    g_assert_cmphex(in(IIR), ==, 0x02);
    g_assert_false(bench->irq);
    g_assert_cmphex(in(IIR), ==, 0x01);
    out(THR, 'a');
    g_assert_cmpstr(bench->sent->str, ==, "a");
    g_assert_true(bench->irq);
    out(IER, 0x00);
    g_assert_false(bench->irq);
    stop();
}

/* A back end that takes nothing keeps THRE clear; nothing is lost when it goes on. */
static void test_back_pressure(void)
{
    start(0);
    out(FCR, 0x01);
    out(IER, 0x02);
    in(IIR);
    bench->room = 3;
    for (char c = 'a'; c < 'a' + 19; c++) {
        out(THR, (uint8_t)c);
    }
    g_assert_cmpstr(bench->sent->str, ==, "abc");
    g_assert_cmphex(in(LSR)&0x60, ==, 0);
    g_assert_false(bench->irq);
    g_assert_cmpuint(bench->guest_errors, ==, 0);
    out(THR, '!');
    g_assert_cmpuint(bench->guest_errors, ==, 1);
    bench->room = 1;
    bench->handlers->can_write(bench->opaque);
    g_assert_cmpstr(bench->sent->str, ==, "abcd");
    g_assert_cmphex(in(LSR)&0x60, ==, 0);
    bench->room = 100;
    bench->handlers->can_write(bench->opaque);
    g_assert_cmpstr(bench->sent->str, ==, "abcdefghijklmnopqrs");
    g_assert_cmphex(in(LSR)&0x60, ==, 0x60);
    g_assert_true(bench->irq);
    g_assert_cmphex(in(IIR), ==, 0xc2);
    stop();
}

static void test_fifo_off(void)
{
    start(0);
    bench->room = 0;
    out(THR, 'a');
    out(THR, 'b');
    g_assert_cmpuint(bench->guest_errors, ==, 1);
    g_assert_cmpuint(feed("xyz"), ==, 1);
    g_assert_cmpuint(bench->handlers->can_read(bench->opaque), ==, 0);
    g_assert_cmphex(in(LSR)&1, ==, 1);
    guint accepts = bench->accepts;
    g_assert_cmphex(in(RBR), ==, 'x');
    g_assert_cmphex(in(LSR)&1, ==, 0);
    g_assert_cmpuint(bench->accepts, >, accepts);
    g_assert_cmphex(in(RBR), ==, 0);
    stop();
}

static void test_trigger(void)
{
    static const uint32_t levels[] = {1, 4, 8, 14};

    for (guint i = 0; i < 4; i++) {
        start(0);
        out(FCR, (i << 6) | 1);
        out(IER, 0x01);
        for (guint n = 1; n <= 16; n++) {
            g_assert_cmpuint(feed("z"), ==, 1);
            g_assert_true(bench->irq == (n >= levels[i]));
        }
        g_assert_cmpuint(feed("z"), ==, 0);
        g_assert_cmphex(in(IIR), ==, 0xc4);
        for (guint n = 15; n + 1 > 0 && n < 16; n--) {
            in(RBR);
            g_assert_true(bench->irq == (n >= levels[i]));
        }
        stop();
    }
}

static void test_timeout(void)
{
    start(0);
    out(LCR, 0x83);
    out(0, 12); /* 9600 baud */
    out(1, 0);
    out(LCR, 0x03);
    out(FCR, 0x81);
    out(IER, 0x01);
    bench->now_ns = 1000;
    g_assert_cmpuint(feed("hi"), ==, 2);
    g_assert_false(bench->irq);
    /* four characters of ten bits at 9600 baud */
    g_assert_cmpint(bench->timer_ns, ==, 1000 + 4166666);
    bench->timer_fn(bench->timer_opaque);
    g_assert_true(bench->irq);
    g_assert_cmphex(in(IIR), ==, 0xcc);
    g_assert_cmphex(in(RBR), ==, 'h');
    g_assert_false(bench->irq);
    g_assert_cmpint(bench->timer_ns, >, 0);
    g_assert_cmphex(in(RBR), ==, 'i');
    g_assert_cmpint(bench->timer_ns, ==, -1);
    /* one that was on its way when the FIFO ran empty means nothing */
    bench->timer_fn(bench->timer_opaque);
    g_assert_false(bench->irq);
    stop();
}

static void test_priority(void)
{
    start(0);
    out(IER, 0x0f);
    out(MCR, 0x10);
    out(MCR, 0x12); /* RTS in loopback: CTS back on after it went off */
    g_assert_cmphex(in(MSR)&0x0f, !=, 0);
    out(MCR, 0x10);
    out(THR, 'q'); /* arrives at the receiver */
    out(THR, 'r'); /* overruns it */
    g_assert_cmphex(in(IIR), ==, 0x06);
    g_assert_cmphex(in(LSR)&0x02, ==, 0x02);
    g_assert_cmphex(in(IIR), ==, 0x04);
    g_assert_cmphex(in(RBR), ==, 'r');
    g_assert_cmphex(in(IIR), ==, 0x02);
    g_assert_cmphex(in(IIR), ==, 0x00);
    g_assert_true(bench->irq);
    in(MSR);
    g_assert_cmphex(in(IIR), ==, 0x01);
    g_assert_false(bench->irq);
    stop();
}

static void test_loopback(void)
{
    start(0);
    out(FCR, 0x01);
    out(MCR, 0x10);
    g_assert_cmpuint(bench->handlers->can_read(bench->opaque), ==, 0);
    out(THR, 'L');
    g_assert_cmphex(in(RBR), ==, 'L');
    g_assert_cmpuint(bench->sent->len, ==, 0);
    in(MSR);
    /* 8.8: RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD; RI's delta is its trailing edge */
    out(MCR, 0x1f);
    g_assert_cmphex(in(MSR), ==, 0xfb);
    out(MCR, 0x10);
    g_assert_cmphex(in(MSR), ==, 0x0f);
    out(LCR, 0x43);
    g_assert_cmphex(in(LSR)&0x91, ==, 0x91);
    g_assert_cmpuint(bench->breaks, ==, 0);
    guint accepts = bench->accepts;
    out(MCR, 0x00);
    g_assert_cmphex(in(MSR)&0xf0, ==, 0xb0);
    g_assert_cmpuint(bench->accepts, >, accepts);
    /* a full loop overruns and keeps what it has */
    out(LCR, 0x03);
    out(FCR, 0x07);
    out(MCR, 0x10);
    for (guint i = 0; i < 17; i++) {
        out(THR, 'a' + i);
    }
    g_assert_cmphex(in(LSR)&0x03, ==, 0x03);
    g_assert_cmphex(in(RBR), ==, 'a');
    stop();
}

static void test_break(void)
{
    start(0);
    out(FCR, 0x01);
    out(IER, 0x04);
    feed("a");
    bench->handlers->event(bench->opaque, QH_CHAR_BREAK);
    feed("b");
    /* the break belongs to the second character; only the FIFO's summary bit shows */
    g_assert_cmphex(in(LSR), ==, 0xe1);
    g_assert_false(bench->irq);
    g_assert_cmphex(in(RBR), ==, 'a');
    g_assert_true(bench->irq);
    g_assert_cmphex(in(IIR), ==, 0xc6);
    g_assert_cmphex(in(LSR), ==, 0xf1);
    g_assert_cmphex(in(LSR), ==, 0x61);
    g_assert_false(bench->irq);
    g_assert_cmphex(in(RBR), ==, 0);
    g_assert_cmphex(in(RBR), ==, 'b');
    out(LCR, 0x43);
    out(LCR, 0x43);
    g_assert_cmpuint(bench->breaks, ==, 1);
    stop();
}

static void test_fcr(void)
{
    start(0);
    out(FCR, 0xc6); /* without bit 0 nothing is programmed */
    g_assert_cmphex(in(IIR), ==, 0x01);
    out(FCR, 0xc1);
    g_assert_cmphex(in(IIR), ==, 0xc1);
    feed("abc");
    out(FCR, 0xc3);
    g_assert_cmphex(in(LSR), ==, 0x60);
    feed("abc");
    out(FCR, 0x00); /* a change of bit 0 clears both */
    g_assert_cmphex(in(LSR), ==, 0x60);
    stop();
}

static void test_bad_accesses(void)
{
    const QhIoOps *io;
    uint64_t value = 77;

    start(2);
    io = bench->ops->windows[0].ops;
    g_assert_cmpuint(bench->window_bytes, ==, 32);
    out(SCR, 0x99);
    g_assert_cmpuint(io->read(&bench->uart, SCR << 2, 4, QH_ATTR_NONE, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x99);
    g_assert_cmpuint(io->read(&bench->uart, 1, 1, QH_ATTR_NONE, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(io->read(&bench->uart, 0, 8, QH_ATTR_NONE, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(io->write(&bench->uart, 32, 1, QH_ATTR_NONE, 0), ==, QH_BUS_ERROR);
    g_assert_cmpuint(io->write(&bench->uart, UINT64_MAX, 1, QH_ATTR_NONE, 0), ==, QH_BUS_ERROR);
    out(LSR, 0xff);
    out(MSR, 0xff);
    g_assert_cmphex(in(LSR), ==, 0x60);
    g_assert_cmphex(in(MSR), ==, 0xb0);
    g_assert_cmpuint(bench->guest_errors, ==, 6);
    stop();
}

/* A debugger's look changes nothing. */
static void test_debug_read(void)
{
    uint64_t value = 0;

    start(0);
    out(FCR, 0x01);
    feed("k");
    for (uint64_t n = 0; n < 8; n++) {
        NsUart before = bench->uart;

        g_assert_cmpuint(
            bench->ops->windows[0].ops->read(&bench->uart, n, 1, QH_ATTR_DEBUG, &value), ==,
            QH_BUS_OK);
        g_assert_cmpmem(&before, sizeof(before), &bench->uart, sizeof(before));
    }
    g_assert_cmphex(in(RBR), ==, 'k');
    stop();
}

static void test_no_chardev(void)
{
    start(0);
    bench->uart.line.chr = NULL;
    out(THR, 'x');
    g_assert_cmphex(in(LSR), ==, 0x60);
    g_assert_cmpuint(bench->sent->len, ==, 0);
    out(LCR, 0x40);
    g_assert_cmpuint(bench->breaks, ==, 0);
    bench->uart.line.chr = (QhChar *)bench;
    stop();
}

static void test_busy_chardev(void)
{
    g_autoptr(GError) error = NULL;

    start(0);
    bench->ops->unrealize(&bench->uart.line.base);
    bench->busy = TRUE;
    g_assert_false(bench->ops->realize(&bench->uart.line.base, &error));
    g_assert_error(error, QH_ERROR, (gint)QH_ERROR_BUSY);
    bench->busy = FALSE;
    stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serial/ns16550/reset", test_reset);
    g_test_add_func("/serial/ns16550/divisor", test_divisor);
    g_test_add_func("/serial/ns16550/transmit", test_transmit);
    g_test_add_func("/serial/ns16550/back-pressure", test_back_pressure);
    g_test_add_func("/serial/ns16550/fifo-off", test_fifo_off);
    g_test_add_func("/serial/ns16550/trigger", test_trigger);
    g_test_add_func("/serial/ns16550/timeout", test_timeout);
    g_test_add_func("/serial/ns16550/priority", test_priority);
    g_test_add_func("/serial/ns16550/loopback", test_loopback);
    g_test_add_func("/serial/ns16550/break", test_break);
    g_test_add_func("/serial/ns16550/fcr", test_fcr);
    g_test_add_func("/serial/ns16550/bad-accesses", test_bad_accesses);
    g_test_add_func("/serial/ns16550/debug-read", test_debug_read);
    g_test_add_func("/serial/ns16550/no-chardev", test_no_chardev);
    g_test_add_func("/serial/ns16550/busy-chardev", test_busy_chardev);
    return g_test_run();
}
