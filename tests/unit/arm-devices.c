/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL011, PL031, PL061 and the power key, driven as a guest drives them. */
#include "arm-board-fake.h"
#include "modules/arm/hw/hw.h"

/* PL011 (Arm DDI 0183, 3.2) */
#define DR    0x000u
#define RSR   0x004u
#define FR    0x018u
#define IBRD  0x024u
#define LCR_H 0x02cu
#define CR    0x030u
#define IFLS  0x034u
#define IMSC  0x038u
#define RIS   0x03cu
#define MIS   0x040u
#define ICR   0x044u

#define FR_RXFE 0x10u
#define FR_TXFF 0x20u
#define FR_RXFF 0x40u
#define FR_TXFE 0x80u
#define INT_RX  0x10u
#define INT_TX  0x20u
#define INT_RT  0x40u
#define INT_BE  0x200u
#define INT_OE  0x400u

typedef struct Unit {
    const QhDeviceOps *ops;
    QhDevice *state;
} Unit;

static Unit start(const QhDeviceOps *ops)
{
    Unit unit = {ops, g_malloc0(ops->state_size)};

    fake_start();
    unit.state->ctx = &fake.services;
    unit.state->id = "unit";
    for (uint32_t i = 0; ops->properties != NULL && i < ops->properties->n_properties; i++) {
        const QhProperty *property = &ops->properties->properties[i];

        if (property->type == QH_PROPERTY_CHARDEV) {
            *(void **)(void *)((char *)unit.state + property->offset) = &fake;
        }
    }
    g_assert_true(ops->realize(unit.state, NULL));
    ops->reset(unit.state, QH_RESET_COLD);
    return unit;
}

static void stop(Unit unit)
{
    if (unit.ops->unrealize != NULL) {
        unit.ops->unrealize(unit.state);
    }
    g_free(unit.state);
}

static uint32_t get(Unit unit, uint32_t offset)
{
    uint64_t value = 0;

    g_assert_cmpuint(unit.ops->windows[0].ops->read(unit.state, offset, 4, 0, &value), ==,
                     QH_BUS_OK);
    return (uint32_t)value;
}

static void put(Unit unit, uint32_t offset, uint32_t value)
{
    g_assert_cmpuint(unit.ops->windows[0].ops->write(unit.state, offset, 4, 0, value), ==,
                     QH_BUS_OK);
}

static void type(const char *text)
{
    fake.handlers->read(fake.front, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void identity(void)
{
    static const struct {
        const QhDeviceOps *ops;
        uint8_t part;
    } rows[] = {
        {&arm_pl011_device, 0x11},
        {&arm_pl031_device, 0x31},
        {&arm_pl061_device, 0x61}
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Unit unit = start(rows[i].ops);

        g_assert_cmphex(get(unit, 0xfe0), ==, rows[i].part);
        g_assert_cmphex(get(unit, 0xfe4), ==, 0x10);
        g_assert_cmphex(get(unit, 0xff0), ==, 0x0d);
        g_assert_cmphex(get(unit, 0xff4), ==, 0xf0);
        g_assert_cmphex(get(unit, 0xff8), ==, 0x05);
        g_assert_cmphex(get(unit, 0xffc), ==, 0xb1);
        put(unit, 0xffc, 1);
        g_assert_cmpuint(fake.n_errors, ==, 1);
        stop(unit);
    }
}

static void uart_sends(void)
{
    Unit unit = start(&arm_pl011_device);

    g_assert_cmphex(get(unit, FR) & 0xf0, ==, FR_RXFE | FR_TXFE);
    g_assert_cmphex(get(unit, RIS), ==, 0);
    put(unit, DR, 'h');
    put(unit, DR, 'i');
    g_assert_cmpstr(fake.sent->str, ==, "hi");
    g_assert_cmphex(get(unit, RIS), ==, INT_TX);
    g_assert_false(fake.lines[0]);
    put(unit, IMSC, INT_TX);
    g_assert_true(fake.lines[0]);
    g_assert_cmphex(get(unit, MIS), ==, INT_TX);
    put(unit, ICR, INT_TX);
    g_assert_false(fake.lines[0]);
    stop(unit);
}

/* A back end that takes nothing fills the FIFO; the rest goes when it takes again. */
static void uart_waits(void)
{
    Unit unit = start(&arm_pl011_device);

    put(unit, LCR_H, 0x70);
    put(unit, IMSC, INT_TX);
    fake.room = 0;
    for (uint32_t i = 0; i < 16; i++) {
        g_assert_cmphex(get(unit, FR) & FR_TXFF, ==, 0);
        put(unit, DR, 'a' + i);
    }
    g_assert_cmphex(get(unit, FR) & (FR_TXFF | FR_TXFE), ==, FR_TXFF);
    g_assert_false(fake.lines[0]);
    put(unit, DR, 'X');
    g_assert_cmpuint(fake.n_errors, ==, 1);
    fake.room = UINT32_MAX;
    fake.handlers->can_write(fake.front);
    g_assert_cmpstr(fake.sent->str, ==, "abcdefghijklmnop");
    g_assert_true(fake.lines[0]);
    stop(unit);
}

/* The trigger level, then the timeout of what lies below it. */
static void uart_receives(void)
{
    Unit unit = start(&arm_pl011_device);

    put(unit, LCR_H, 0x70);
    put(unit, IFLS, 1 << 3); /* a quarter */
    put(unit, IBRD, 13);     /* 115200 */
    put(unit, IMSC, INT_RX | INT_RT);
    g_assert_cmpuint(fake.handlers->can_read(fake.front), ==, 16);
    type("abc");
    g_assert_false(fake.lines[0]);
    type("d");
    g_assert_cmphex(get(unit, MIS), ==, INT_RX);
    g_assert_cmpuint(get(unit, DR), ==, 'a');
    g_assert_cmphex(get(unit, MIS), ==, 0);
    fake_pass(270000); /* 32 bits take 277 us */
    g_assert_cmphex(get(unit, MIS), ==, 0);
    fake_pass(10000);
    g_assert_cmphex(get(unit, MIS), ==, INT_RT);
    g_assert_cmpuint(get(unit, DR), ==, 'b');
    g_assert_cmpuint(get(unit, DR), ==, 'c');
    g_assert_cmphex(get(unit, MIS), ==, INT_RT);
    g_assert_cmpuint(get(unit, DR), ==, 'd');
    g_assert_cmphex(get(unit, RIS), ==, 0);
    g_assert_cmphex(get(unit, FR) & FR_RXFE, ==, FR_RXFE);
    stop(unit);
}

static void uart_errors(void)
{
    Unit unit = start(&arm_pl011_device);

    fake.handlers->event(fake.front, QH_CHAR_BREAK);
    g_assert_cmphex(get(unit, RIS) & INT_BE, ==, INT_BE);
    g_assert_cmphex(get(unit, FR) & FR_RXFF, ==, FR_RXFF);
    g_assert_cmpuint(fake.handlers->can_read(fake.front), ==, 0);
    fake.handlers->event(fake.front, QH_CHAR_BREAK);
    g_assert_cmphex(get(unit, RIS) & INT_OE, ==, INT_OE);
    g_assert_cmphex(get(unit, DR), ==, 0xc00);
    put(unit, RSR, 0);
    g_assert_cmphex(get(unit, RSR), ==, 0);
    /* in loopback what is sent comes back, and nothing else comes */
    put(unit, CR, 0x381);
    put(unit, DR, 'L');
    g_assert_cmpuint(get(unit, DR), ==, 'L');
    g_assert_cmpuint(fake.sent->len, ==, 0);
    g_assert_cmpuint(fake.handlers->can_read(fake.front), ==, 0);
    put(unit, CR, 0x301);
    put(unit, LCR_H, 1);
    put(unit, LCR_H, 1);
    g_assert_cmpuint(fake.n_breaks, ==, 1);
    stop(unit);
}

/* A debugger's read takes nothing out of the FIFO. */
static void uart_peek(void)
{
    Unit unit = start(&arm_pl011_device);
    uint64_t value = 0;

    type("q");
    unit.ops->windows[0].ops->read(unit.state, DR, 4, QH_ATTR_DEBUG, &value);
    g_assert_cmpuint(value, ==, 'q');
    g_assert_cmpuint(get(unit, DR), ==, 'q');
    stop(unit);
}

static void clock_counts(void)
{
    Unit unit = start(&arm_pl031_device);

    fake.now = INT64_C(1700000000) * 1000000000;
    g_assert_cmpuint(get(unit, 0x00), ==, 1700000000);
    put(unit, 0x08, 5);
    g_assert_cmpuint(get(unit, 0x00), ==, 5);
    put(unit, 0x10, 1);
    put(unit, 0x04, 7);
    fake_pass(1999999999);
    g_assert_false(fake.lines[0]);
    fake_pass(1);
    g_assert_true(fake.lines[0]);
    g_assert_cmpuint(get(unit, 0x18), ==, 1);
    put(unit, 0x1c, 1);
    g_assert_false(fake.lines[0]);
    put(unit, 0x04, get(unit, 0x00));
    g_assert_true(fake.lines[0]);
    unit.ops->reset(unit.state, QH_RESET_WARM);
    g_assert_cmpuint(get(unit, 0x14), ==, 0);
    g_assert_cmpuint(get(unit, 0x00), ==, 7);
    stop(unit);
}

static void pins(void)
{
    Unit unit = start(&arm_pl061_device);

    put(unit, 0x400, 0x0f); /* pins 0 to 3 go out */
    put(unit, 0x3fc, 0xff);
    g_assert_cmphex(get(unit, 0x3fc), ==, 0x0f);
    g_assert_true(fake.lines[1 + 3]);
    g_assert_false(fake.lines[1 + 4]);
    put(unit, 1u << 3 << 2, 0); /* by address: pin 3 alone */
    g_assert_cmphex(get(unit, 0x3fc), ==, 0x07);
    put(unit, 0x40c, 0x10); /* pin 4: rising edge */
    put(unit, 0x410, 0x30);
    unit.ops->irq_in(unit.state, 4, TRUE);
    g_assert_true(fake.lines[0]);
    unit.ops->irq_in(unit.state, 4, FALSE);
    g_assert_cmphex(get(unit, 0x418), ==, 0x10);
    put(unit, 0x41c, 0x10);
    g_assert_false(fake.lines[0]);
    put(unit, 0x404, 0x20); /* pin 5: level, low */
    g_assert_true(fake.lines[0]);
    put(unit, 0x41c, 0x20);
    g_assert_true(fake.lines[0]);
    unit.ops->irq_in(unit.state, 5, TRUE);
    g_assert_false(fake.lines[0]);
    put(unit, 0x404, 0);
    put(unit, 0x408, 0x40); /* pin 6: both edges */
    unit.ops->irq_in(unit.state, 6, TRUE);
    put(unit, 0x41c, 0xff);
    unit.ops->irq_in(unit.state, 6, FALSE);
    g_assert_cmphex(get(unit, 0x414) & 0x40, ==, 0x40);
    stop(unit);
}

static void key(void)
{
    Unit unit = start(&arm_gpio_key_device);

    arm_gpio_key_press(unit.state);
    g_assert_true(fake.lines[0]);
    fake_pass(50000000);
    g_assert_true(fake.lines[0]);
    fake_pass(60000000);
    g_assert_false(fake.lines[0]);
    stop(unit);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-devices/identity", identity);
    g_test_add_func("/arm-devices/pl011/sends", uart_sends);
    g_test_add_func("/arm-devices/pl011/waits", uart_waits);
    g_test_add_func("/arm-devices/pl011/receives", uart_receives);
    g_test_add_func("/arm-devices/pl011/errors", uart_errors);
    g_test_add_func("/arm-devices/pl011/peek", uart_peek);
    g_test_add_func("/arm-devices/pl031", clock_counts);
    g_test_add_func("/arm-devices/pl061", pins);
    g_test_add_func("/arm-devices/key", key);
    return g_test_run();
}
