/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboard, mouse, tablet, touch screen (5.8) with a driver and somebody who types. */
#include "modules/virtio/input.h"
#include "modules/virtio/tests/bench-screen.h"
#include "modules/virtio/tests/bench-state.h"
#include "modules/virtio/tests/driver.h"

enum { S_NAME = 1, S_SERIAL = 2, S_DEVIDS = 3, S_PROPS = 0x10, S_BITS = 0x11, S_ABS = 0x12 };

typedef struct Typed {
    Bench *bench;
    Queue events, status;
    uint32_t n;
} Typed;

/* Queues set up; @n buffers for events. */
static Typed begin(const char *class, uint32_t n, const char *const *properties)
{
    Typed typed = {.bench = bench_new(class, FALSE, properties)};
    uint64_t features = driver_start(typed.bench, 0);

    typed.events = driver_queue(typed.bench, 0, 64, features);
    typed.status = driver_queue(typed.bench, 1, 64, features);
    driver_ok(typed.bench);
    for (typed.n = 0; typed.n < n; typed.n++) {
        const Part part = {DRIVER_DATA + 8 * typed.n, 8, TRUE};

        driver_add(&typed.events, &part, 1, FALSE);
    }
    driver_kick(&typed.events);
    return typed;
}

/* One more buffer, @typed->n-th. */
static void give(Typed *typed)
{
    const Part part = {DRIVER_DATA + 8 * typed->n++, 8, TRUE};

    driver_add(&typed->events, &part, 1, FALSE);
    driver_kick(&typed->events);
}

static void send(uint16_t kind, uint16_t code, int32_t value)
{
    const QhInputEvent event = {kind, code, value};

    bench_screen()->input->event(bench_screen()->input_opaque, &event);
}

static void end_report(void)
{
    bench_screen()->input->sync(bench_screen()->input_opaque);
}

/* The next event that the driver got is this one; it lies in buffer @at. */
static void expect(Typed *typed, uint32_t at, uint32_t type, uint32_t code, int32_t value)
{
    uint32_t id, bytes;
    const uint8_t *event = bench_at(typed->bench, DRIVER_DATA + 8 * at);

    g_assert_true(driver_get(&typed->events, &id, &bytes));
    g_assert_cmpuint(bytes, ==, 8);
    g_assert_cmpuint(virtio_get16(event), ==, type);
    g_assert_cmpuint(virtio_get16(event + 2), ==, code);
    g_assert_cmpint((int32_t)virtio_get32(event + 4), ==, value);
}

static void expect_none(Typed *typed)
{
    uint32_t id, bytes;

    g_assert_false(driver_get(&typed->events, &id, &bytes));
}

static void test_keys(void)
{
    Typed typed = begin("virtio-keyboard-device", 5, NULL);

    g_assert_true(bench_screen()->active);
    send(QH_INPUT_KEY, 30, 1);
    expect_none(&typed); /* no report is whole yet */
    end_report();
    expect(&typed, 0, 1, 30, 1);
    expect(&typed, 1, 0, 0, 0);
    send(QH_INPUT_KEY, 0x110, 1); /* a button is none of its keys */
    send(QH_INPUT_REL, 0, 1);
    send(77, 0, 1);
    end_report(); /* an empty report is none */
    expect_none(&typed);
    send(QH_INPUT_KEY, 30, 0);
    end_report();
    expect(&typed, 2, 1, 30, 0);
    expect(&typed, 3, 0, 0, 0);
    driver_reset(typed.bench);
    g_assert_false(bench_screen()->active);
    send(QH_INPUT_KEY, 30, 1);
    end_report();
    bench_free(typed.bench);
}

/* What finds no buffer waits; what finds no room in the backlog is lost report by report. */
static void test_backlog(void)
{
    Typed typed = begin("virtio-keyboard-device", 1, NULL);

    for (uint32_t i = 0; i < 200; i++) {
        send(QH_INPUT_KEY, (uint16_t)(1 + i), 1);
        end_report();
    }
    expect(&typed, 0, 1, 1, 1);
    expect_none(&typed);
    for (uint32_t i = 1; i < VIRTIO_INPUT_BACKLOG / 2; i++) {
        give(&typed);
        expect(&typed, 2 * i - 1, 0, 0, 0);
        give(&typed);
        expect(&typed, 2 * i, 1, 1 + i, 1);
    }
    give(&typed);
    expect(&typed, VIRTIO_INPUT_BACKLOG - 1, 0, 0, 0);
    give(&typed); /* the backlog is empty */
    expect_none(&typed);
    send(QH_INPUT_KEY, 99, 1); /* and takes reports again */
    end_report();
    expect(&typed, VIRTIO_INPUT_BACKLOG, 1, 99, 1);
    bench_free(typed.bench);
}

static void test_lamps(void)
{
    Typed typed = begin("virtio-keyboard-device", 0, NULL);
    const Part parts[] = {
        {DRIVER_DATA,      8, FALSE},
        {DRIVER_DATA + 8,  8, FALSE},
        {DRIVER_DATA + 16, 7, FALSE},
        {DRIVER_DATA + 24, 8, FALSE},
    };
    static const uint32_t codes[] = {1, 0, 2, 500};
    uint32_t id, bytes;

    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        uint8_t *event = bench_at(typed.bench, parts[i].address);

        virtio_put16(event, 0x11);
        virtio_put16(event + 2, codes[i]);
        virtio_put32(event + 4, 1);
        driver_add(&typed.status, &parts[i], 1, FALSE);
    }
    driver_kick(&typed.status);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_assert_true(driver_get(&typed.status, &id, &bytes));
    }
    /* the third was cut short, and there is no lamp 500 */
    g_assert_cmpuint(bench_screen()->leds, ==, QH_INPUT_LED_CAPS | QH_INPUT_LED_NUM);
    driver_reset(typed.bench);
    g_assert_cmpuint(bench_screen()->leds, ==, 0);
    bench_free(typed.bench);
}

static uint32_t query(Bench *bench, uint32_t select, uint32_t subsel)
{
    bench_set_config(bench, 0, 1, select);
    bench_set_config(bench, 1, 1, subsel);
    g_assert_cmpuint(bench_config(bench, 0, 1), ==, select);
    g_assert_cmpuint(bench_config(bench, 1, 1), ==, subsel);
    return (uint32_t)bench_config(bench, 2, 1);
}

static gboolean has_bit(Bench *bench, uint32_t bit)
{
    return (bench_config(bench, 8 + bit / 8, 1) >> bit % 8 & 1) != 0;
}

static void test_config(void)
{
    const char *const properties[] = {"serial", "S1", "display", "gpu0", "head", "2", NULL};
    Bench *bench = bench_new("virtio-tablet-device", FALSE, properties);

    g_assert_cmpstr(bench_screen()->bound, ==, "gpu0");
    g_assert_cmpuint(bench_screen()->bound_head, ==, 2);
    driver_start(bench, 0);
    g_assert_cmpuint(query(bench, S_NAME, 0), ==, strlen("QEMU Virtio Tablet"));
    g_assert_cmpuint(bench_config(bench, 8, 4), ==, 0x554d4551); /* "QEMU" */
    g_assert_cmpuint(query(bench, S_SERIAL, 0), ==, 2);
    g_assert_cmpuint(bench_config(bench, 8, 2), ==, 'S' | '1' << 8);
    g_assert_cmpuint(query(bench, S_DEVIDS, 0), ==, 8);
    g_assert_cmpuint(bench_config(bench, 10, 2), ==, 0x0627);
    g_assert_cmpuint(query(bench, S_BITS, 3), ==, 1); /* ABS_X, ABS_Y */
    g_assert_true(has_bit(bench, 0) && has_bit(bench, 1) && !has_bit(bench, 2));
    g_assert_cmpuint(query(bench, S_BITS, 2), ==, 2); /* wheels */
    g_assert_true(!has_bit(bench, 0) && has_bit(bench, 6) && has_bit(bench, 8));
    g_assert_cmpuint(query(bench, S_BITS, 1), >, 0x110 / 8);
    g_assert_true(has_bit(bench, 0x110) && !has_bit(bench, 30));
    g_assert_cmpuint(query(bench, S_BITS, 0x11), ==, 0); /* no lamps */
    g_assert_cmpuint(query(bench, S_ABS, 0), ==, 20);
    g_assert_cmpuint(bench_config(bench, 12, 4), ==, QH_INPUT_ABS_MAX);
    g_assert_cmpuint(query(bench, S_ABS, 2), ==, 0);
    g_assert_cmpuint(query(bench, S_PROPS, 0), ==, 0);
    g_assert_cmpuint(query(bench, S_NAME, 1), ==, 0); /* no such subsel */
    for (uint32_t select = 0; select < 256; select++) {
        for (uint32_t subsel = 0; subsel < 256; subsel += 5) {
            g_assert_cmpuint(query(bench, select, subsel), <=, 128);
        }
    }
    bench_free(bench);
}

static void test_wheel(void)
{
    const char *const buttons[] = {"wheel-axis", "off", NULL};
    Typed typed = begin("virtio-mouse-device", 64, NULL);

    send(QH_INPUT_REL, 8, -3);
    end_report();
    expect(&typed, 0, 2, 8, -3);
    bench_free(typed.bench);

    typed = begin("virtio-mouse-device", 64, buttons);
    g_assert_cmpuint(query(typed.bench, S_BITS, 1), ==, 0x151 / 8 + 1);
    send(QH_INPUT_REL, 8, -2);
    end_report();
    for (uint32_t i = 0; i < 4; i++) {
        expect(&typed, 2 * i, 1, 0x150, i % 2 == 0);
        expect(&typed, 2 * i + 1, 0, 0, 0);
    }
    expect_none(&typed);
    bench_free(typed.bench);
}

static void test_touch(void)
{
    Typed typed = begin("virtio-multitouch-device", 16, NULL);

    g_assert_cmpuint(query(typed.bench, S_PROPS, 0), ==, 1);
    g_assert_cmpuint(query(typed.bench, S_ABS, 0x2f), ==, 20);
    g_assert_cmpuint(bench_config(typed.bench, 12, 4), ==, 9);
    send(QH_INPUT_MTT, 0x2f, 1);
    send(QH_INPUT_MTT, 0x35, 1000);
    send(QH_INPUT_MTT, 0x3d, 1); /* it has no such axis */
    end_report();
    expect(&typed, 0, 3, 0x2f, 1);
    expect(&typed, 1, 3, 0x35, 1000);
    expect(&typed, 2, 0, 0, 0);
    bench_free(typed.bench);
}

static void test_snapshot(void)
{
    Typed typed = begin("virtio-keyboard-device", 1, NULL);

    send(QH_INPUT_KEY, 30, 1);
    end_report();
    expect(&typed, 0, 1, 30, 1);
    g_autoptr(GByteArray) saved = bench_save(typed.bench);
    give(&typed);
    expect(&typed, 1, 0, 0, 0);
    g_assert_true(bench_load(typed.bench, saved->data, saved->len));
    g_assert_cmpuint(((VirtioInput *)typed.bench->device)->n_ready, ==, 1);
    g_assert_true(bench_screen()->active);
    for (guint i = 0; i < saved->len; i++) {
        g_assert_false(bench_load(typed.bench, saved->data, i));
    }
    bench_free(typed.bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/input/keys", test_keys);
    g_test_add_func("/input/backlog", test_backlog);
    g_test_add_func("/input/lamps", test_lamps);
    g_test_add_func("/input/config", test_config);
    g_test_add_func("/input/wheel", test_wheel);
    g_test_add_func("/input/touch", test_touch);
    g_test_add_func("/input/snapshot", test_snapshot);
    return g_test_run();
}
