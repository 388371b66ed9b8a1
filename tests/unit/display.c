/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screens and input devices over a fake machine: what views and devices hear, and when. */
#include "core/display/display.h"
#include "core/device/bus.h"
#include "core/host/run-state.h"
#include "core/input/input.h"
#include "tests/unit/machine-fake.h"

#include <string.h>

/* A device with a screen, and one that takes input. */
typedef struct Screen {
    QhDevice base;
    QhDisplay *display;
    guint n_refresh, n_invalidate, n_wish;
    QhDisplayWish wish;
} Screen;

typedef struct Pad {
    QhDevice base;
    QhInput *input;
    uint8_t absolute; /* property */
    GString *heard;
} Pad;

static void screen_refresh(void *opaque)
{
    Screen *screen = opaque;

    g_assert_true(qh_machine_locked_by_me(screen->base.machine));
    screen->n_refresh++;
}

static void screen_invalidate(void *opaque)
{
    ((Screen *)opaque)->n_invalidate++;
}

static void screen_wish(void *opaque, const QhDisplayWish *wish)
{
    Screen *screen = opaque;

    g_assert_true(qh_machine_locked_by_me(screen->base.machine));
    screen->n_wish++;
    screen->wish = *wish;
}

static const QhDisplayOps screen_display_ops = {
    .size = sizeof(QhDisplayOps),
    .refresh = screen_refresh,
    .invalidate = screen_invalidate,
    .wish = screen_wish,
};

static gboolean screen_realize(QhDevice *device, GError **error)
{
    Screen *screen = (Screen *)device;

    screen->display = qh_display_service.display_new(device, 0, &screen_display_ops, screen, error);
    return screen->display != NULL;
}

static void screen_unrealize(QhDevice *device)
{
    qh_display_service.display_free(((Screen *)device)->display);
}

static void no_reset(QhDevice *device, uint32_t kind)
{
    (void)device;
    (void)kind;
}

static const QhDeviceOps screen_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Screen),
    .realize = screen_realize,
    .unrealize = screen_unrealize,
    .reset = no_reset,
};

static void pad_event(void *opaque, const QhInputEvent *event)
{
    Pad *pad = opaque;

    g_assert_true(qh_machine_locked_by_me(pad->base.machine));
    g_string_append_printf(pad->heard, "%u/%u=%d ", event->kind, event->code, event->value);
}

static void pad_sync(void *opaque)
{
    g_string_append(((Pad *)opaque)->heard, "| ");
}

static const QhInputOps keyboard_input = {
    .size = sizeof(QhInputOps),
    .kinds = 1u << QH_INPUT_KEY,
    .name = "keys",
    .event = pad_event,
    .sync = pad_sync,
};
static const QhInputOps mouse_input = {
    .size = sizeof(QhInputOps),
    .kinds = 1u << QH_INPUT_REL | 1u << QH_INPUT_BTN,
    .name = "mouse",
    .event = pad_event,
    .sync = pad_sync,
};
static const QhInputOps tablet_input = {
    .size = sizeof(QhInputOps),
    .kinds = 1u << QH_INPUT_ABS | 1u << QH_INPUT_BTN,
    .name = "tablet",
    .event = pad_event,
    .sync = pad_sync,
};

static gboolean pad_realize(QhDevice *device, GError **error)
{
    Pad *pad = (Pad *)device;
    const QhInputOps *const kinds[] = {&keyboard_input, &mouse_input, &tablet_input};

    pad->heard = g_string_new(NULL);
    pad->input = qh_input_service.attach(device, kinds[pad->absolute], pad, error);
    return pad->input != NULL;
}

static void pad_unrealize(QhDevice *device)
{
    Pad *pad = (Pad *)device;

    qh_input_service.detach(pad->input);
    g_string_free(pad->heard, TRUE);
}

static const QhProperty pad_properties[] = {
    QH_PROPERTY("absolute", QH_PROPERTY_U8, offsetof(Pad, absolute), "0", 0, 2, ""),
};
static const QhPropertyTable pad_table = QH_PROPERTY_TABLE(pad_properties);
static const QhDeviceOps pad_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(Pad),
    .properties = &pad_table,
    .realize = pad_realize,
    .unrealize = pad_unrealize,
    .reset = no_reset,
};

static const FakeClass classes[] = {
    {"screen", &screen_ops, NULL},
    {"pad",    &pad_ops,    NULL},
    {NULL,     NULL,        NULL},
};

typedef struct Fixture {
    QhHost *host;
    QhMachine *machine;
    GString *seen; /* what the view heard */
    QhScreenView *view;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    fake_selected = "toy";
    fake_classes = classes;
    fake_order = g_string_new(NULL);
    f->host = qh_host_new();
    f->machine = qh_machine_new(f->host, qh_machine_options_new(), NULL);
    g_assert_nonnull(f->machine);
    qh_host_set_machine(f->host, f->machine);
    f->seen = g_string_new(NULL);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    static const FakeCounts none;

    (void)data;
    qh_screen_service.view_free(f->view);
    qh_host_free(f->host);
    g_string_free(fake_order, TRUE);
    g_string_free(f->seen, TRUE);
    g_free(fake_events());
    g_assert_cmpmem(&fake_counts, sizeof(fake_counts), &none, sizeof(none));
    fake_classes = NULL;
}

static void *make(Fixture *f, const char *name, const char *id, const char *absolute)
{
    g_autoptr(GError) error = NULL;
    QhInstance *device = qh_instance_create(f->machine, name, id, &error);

    g_assert_no_error(error);
    if (absolute != NULL) {
        g_assert_true(qh_instance_set(device, "absolute", absolute, NULL));
    }
    qh_instance_realize(device, &error);
    g_assert_no_error(error);
    return qh_instance_state(device);
}

static void see_resized(void *opaque, uint32_t width, uint32_t height)
{
    g_string_append_printf(((Fixture *)opaque)->seen, "size %ux%u; ", width, height);
}

static void see_damaged(void *opaque, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    g_string_append_printf(((Fixture *)opaque)->seen, "%ux%u+%u+%u; ", width, height, x, y);
}

static void see_cursor(void *opaque, const QhScreenCursor *cursor)
{
    g_string_append_printf(((Fixture *)opaque)->seen, "cursor %ux%u; ", cursor->width,
                           cursor->height);
}

static void see_moved(void *opaque, int32_t x, int32_t y, gboolean visible)
{
    g_string_append_printf(((Fixture *)opaque)->seen, "at %d,%d %s; ", x, y,
                           visible ? "shown" : "hidden");
}

static void see_leds(void *opaque, uint32_t leds)
{
    g_string_append_printf(((Fixture *)opaque)->seen, "leds %u; ", leds);
}

static void see_gone(void *opaque)
{
    g_string_append(((Fixture *)opaque)->seen, "gone; ");
}

static const QhScreenViewOps view_ops = {
    .size = sizeof(QhScreenViewOps),
    .resized = see_resized,
    .damaged = see_damaged,
    .cursor = see_cursor,
    .cursor_moved = see_moved,
    .leds = see_leds,
    .gone = see_gone,
};

static void check_seen(Fixture *f, const char *expected)
{
    g_assert_cmpstr(f->seen->str, ==, expected);
    g_string_truncate(f->seen, 0);
}

static uint32_t pixel(Fixture *f, uint32_t x, uint32_t y)
{
    QhScreenPixels pixels;

    qh_screen_service.lock(f->view, &pixels);
    g_assert_cmpuint(x, <, pixels.width);
    g_assert_cmpuint(y, <, pixels.height);
    uint32_t result = pixels.pixels[y * pixels.stride / 4 + x];
    qh_screen_service.unlock(f->view);
    return result;
}

static void test_draw(Fixture *f, gconstpointer data)
{
    Screen *screen = make(f, "screen", "video0", NULL);
    QhDisplay *display = qh_screen_service.screen(f->machine, 0);
    const QhDisplayService *s = &qh_display_service;
    uint32_t block[40 * 40];

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(block); i++) {
        block[i] = 0xff123456;
    }
    g_assert_true(display == screen->display);
    g_assert_true(qh_screen_service.find(f->machine, "video0", 0) == display);
    g_assert_null(qh_screen_service.find(f->machine, "video0", 1));
    g_assert_cmpstr(qh_screen_service.name(display), ==, "screen");
    f->view = qh_screen_service.view_new(display, 0, &view_ops, f);
    check_seen(f, "leds 0; ");
    g_assert_true(s->resize(display, 100, 50));
    check_seen(f, "size 100x50; ");
    s->draw(display, 10, 5, 40, 40, block, 160, QH_PIXEL_X8R8G8B8);
    check_seen(f, "40x16+10+5; 40x16+10+21; 40x8+10+37; ");
    g_assert_cmphex(pixel(f, 10, 5), ==, 0x123456);
    g_assert_cmphex(pixel(f, 9, 5), ==, 0);
    s->draw(display, 10, 5, 40, 40, block, 160, QH_PIXEL_A8R8G8B8);
    check_seen(f, "");
    block[40 * 3 + 7] = 0;
    block[40 * 4 + 9] = 0;
    s->draw(display, 10, 5, 40, 40, block, 160, QH_PIXEL_X8R8G8B8);
    check_seen(f, "3x2+17+8; ");
    s->draw(display, 90, 45, 40, 40, block, 160, QH_PIXEL_X8R8G8B8); /* over the edge */
    check_seen(f, "10x5+90+45; ");
    s->draw(display, 100, 0, 40, 40, block, 160, QH_PIXEL_X8R8G8B8);
    s->draw(display, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, block, 160, 99);
    check_seen(f, "");
    g_assert_true(s->resize(display, 100, 50));
    check_seen(f, "100x50+0+0; ");
    g_assert_cmphex(pixel(f, 10, 5), ==, 0);
    g_assert_false(s->resize(display, QH_DISPLAY_MAX_SIDE + 1, 1));
    check_seen(f, "");
    g_assert_true(s->resize(display, 0, 7));
    check_seen(f, "size 0x0; ");
    s->draw(display, 0, 0, 1, 1, block, 4, QH_PIXEL_X8R8G8B8);
    check_seen(f, "");
}

/* One pixel of red 0x11, green 0x22, blue 0x33 (or the nearest there is), at every alignment. */
static void test_formats(Fixture *f, gconstpointer data)
{
    static const struct {
        uint32_t format;
        uint8_t bytes[4];
        uint32_t n_bytes, expected;
    } cases[] = {
        {QH_PIXEL_X8R8G8B8, {0x33, 0x22, 0x11, 0xee}, 4, 0x112233},
        {QH_PIXEL_A8R8G8B8, {0x33, 0x22, 0x11, 0x00}, 4, 0x112233},
        {QH_PIXEL_B8G8R8X8, {0xee, 0x11, 0x22, 0x33}, 4, 0x112233},
        {QH_PIXEL_B8G8R8A8, {0x00, 0x11, 0x22, 0x33}, 4, 0x112233},
        {QH_PIXEL_X8B8G8R8, {0x11, 0x22, 0x33, 0xee}, 4, 0x112233},
        {QH_PIXEL_A8B8G8R8, {0x11, 0x22, 0x33, 0x00}, 4, 0x112233},
        {QH_PIXEL_R8G8B8X8, {0xee, 0x33, 0x22, 0x11}, 4, 0x112233},
        {QH_PIXEL_R8G8B8A8, {0x00, 0x33, 0x22, 0x11}, 4, 0x112233},
        {QH_PIXEL_R8G8B8,   {0x33, 0x22, 0x11, 0x00}, 3, 0x112233},
        {QH_PIXEL_R5G6B5,   {0x1f, 0xf8, 0x00, 0x00}, 2, 0xff00ff},
        {QH_PIXEL_X1R5G5B5, {0xe0, 0x83, 0x00, 0x00}, 2, 0x00ff00},
    };
    const Screen *screen = make(f, "screen", "video0", NULL);
    uint8_t buffer[64];

    (void)data;
    G_STATIC_ASSERT(G_N_ELEMENTS(cases) == QH_PIXEL_FORMATS);
    f->view = qh_screen_service.view_new(screen->display, 0, &view_ops, f);
    g_assert_true(qh_display_service.resize(screen->display, 7, 2));
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (uint32_t shift = 0; shift < 8; shift++) {
            uint32_t bytes = cases[i].n_bytes, stride = 3 * bytes + shift;

            memset(buffer, 0, sizeof(buffer));
            memcpy(buffer + shift + stride + 2 * bytes, cases[i].bytes, bytes);
            qh_display_service.draw(screen->display, 4, 0, 3, 2, buffer + shift, stride,
                                    cases[i].format);
            g_assert_cmphex(pixel(f, 6, 1), ==, cases[i].expected);
            g_assert_cmphex(pixel(f, 5, 1), ==, 0);
        }
    }
}

static void turn(guint n)
{
    for (guint i = 0; i < n; i++) {
        g_usleep(1000);
        while (g_main_context_iteration(NULL, FALSE)) {
            continue;
        }
    }
}

/* Until @count is above @above; a loaded machine may take its time. */
static void wait_above(const guint *count, guint above)
{
    for (guint i = 0; i < 10000 && *count <= above; i++) {
        turn(1);
    }
    g_assert_cmpuint(*count, >, above);
}

static void test_views(Fixture *f, gconstpointer data)
{
    static const QhScreenViewOps deaf = {.size = sizeof(QhScreenViewOps)};
    Screen *screen = make(f, "screen", NULL, NULL);
    const QhDisplayService *s = &qh_display_service;
    const QhDisplayWish wish = {.size = sizeof(wish), .width = 800, .height = UINT32_MAX};
    uint32_t shape[64 * 64] = {0};

    (void)data;
    g_assert_cmpstr(qh_screen_service.name(screen->display), ==, "screen");
    turn(20);
    g_assert_cmpuint(screen->n_refresh, ==, 0);
    g_assert_false(s->watched(screen->display));
    f->view = qh_screen_service.view_new(screen->display, 2, &view_ops, f);
    QhScreenView *second = qh_screen_service.view_new(screen->display, 0, &deaf, NULL);
    g_assert_true(s->watched(screen->display));
    wait_above(&screen->n_refresh, 5);
    g_assert_cmpuint(screen->n_invalidate, ==, 1);
    qh_screen_service.view_refresh(f->view, 0);
    g_assert_false(s->watched(screen->display));
    turn(10);
    guint before = screen->n_refresh;
    turn(20);
    g_assert_cmpuint(screen->n_refresh, ==, before);
    qh_screen_service.view_refresh(second, 1);
    wait_above(&screen->n_refresh, before);
    g_assert_cmpuint(screen->n_invalidate, ==, 2);

    qh_screen_service.wish(f->view, &wish);
    qh_screen_service.wish(second, &wish);
    turn(2);
    g_assert_cmpuint(screen->n_wish, ==, 1);
    g_assert_cmpuint(screen->wish.width, ==, 800);
    g_assert_cmpuint(screen->wish.height, ==, QH_DISPLAY_MAX_SIDE);

    g_string_truncate(f->seen, 0);
    s->cursor(screen->display, 64, 64, 99, 1, shape);
    s->cursor(screen->display, 513, 1, 0, 0, shape);
    s->cursor_move(screen->display, -3, 7, TRUE);
    check_seen(f, "cursor 64x64; cursor 0x0; at -3,7 shown; ");
    s->display_free(screen->display);
    screen->display = NULL;
    check_seen(f, "gone; ");
    qh_screen_service.wish(second, &wish);
    qh_screen_service.view_refresh(second, 3);
    turn(5);
    QhScreenPixels pixels;
    qh_screen_service.lock(second, &pixels);
    g_assert_cmpuint(pixels.width, ==, 0);
    qh_screen_service.unlock(second);
    qh_screen_service.view_free(second);
    g_assert_cmpuint(qh_screen_service.n_screens(f->machine), ==, 0);
}

static guint sum(const uint8_t *block)
{
    guint result = 0;

    for (guint i = 0; i < 128; i++) {
        result += block[i];
    }
    return result % 256;
}

static void test_edid(Fixture *f, gconstpointer data)
{
    QhEdid edid = {.size = sizeof(edid), .width = 1024, .height = 768, .name = "fourteen chars"};
    uint8_t blocks[512], part[130];

    (void)f;
    (void)data;
    memset(blocks, 0xaa, sizeof(blocks));
    g_assert_cmpuint(qh_display_service.edid(&edid, blocks, sizeof(blocks)), ==, 256);
    g_assert_cmpmem(blocks, 8, "\0\xff\xff\xff\xff\xff\xff\0", 8);
    g_assert_cmpuint(sum(blocks), ==, 0);
    g_assert_cmpuint(sum(blocks + 128), ==, 0);
    g_assert_cmpuint(blocks[54 + 2] | (blocks[54 + 4] & 0xf0) << 4, ==, 1024);
    g_assert_cmpuint(blocks[54 + 5] | (blocks[54 + 7] & 0xf0) << 4, ==, 768);
    /* CVT 1.1 with reduced blanking gives 1024x768 at 60 Hz 1184 by 790 pixels: 56.12 MHz */
    g_assert_cmpuint(blocks[54 + 3], ==, 160);
    g_assert_cmpuint(blocks[54 + 6], ==, 22);
    g_assert_cmpuint(blocks[54] | blocks[55] << 8, ==, 5612);
    g_assert_cmpmem(blocks + 54 + 36 + 5, 13, "fourteen char", 13);
    g_assert_cmpuint(blocks[256], ==, 0);
    memset(part, 0xaa, sizeof(part));
    g_assert_cmpuint(qh_display_service.edid(&edid, part, 129), ==, 256);
    g_assert_cmpmem(part, 129, blocks, 129);
    g_assert_cmpuint(part[129], ==, 0xaa);
    edid = (QhEdid){.size = sizeof(edid),
                    .width = 99999,
                    .height = 1,
                    .refresh_mhz = 1,
                    .vendor = "ab",
                    .max_width = 1,
                    .max_height = 1};
    g_assert_cmpuint(qh_display_service.edid(&edid, blocks, sizeof(blocks)), ==, 256);
    g_assert_cmpuint(sum(blocks), ==, 0);
}

static void check_heard(Pad *pad, const char *expected)
{
    turn(2);
    g_assert_cmpstr(pad->heard->str, ==, expected);
    g_string_truncate(pad->heard, 0);
}

static void send(Screen *screen, uint16_t kind, uint16_t code, int32_t value)
{
    const QhInputEvent event = {kind, code, value};

    qh_input_service.send(screen->display, &event);
}

static void start(Fixture *f)
{
    g_autoptr(GError) error = NULL;

    qh_run_state_cont(qh_host_run_state(f->host), &error);
    g_assert_no_error(error);
}

static void test_routes(Fixture *f, gconstpointer data)
{
    const QhInputService *s = &qh_input_service;
    Screen *screen = make(f, "screen", "video0", NULL);
    Screen *other = make(f, "screen", "video1", NULL);
    Pad *keys = make(f, "pad", "keys", "0"), *mouse = make(f, "pad", "mouse", "1");

    (void)data;
    start(f);
    g_assert_false(s->is_absolute(screen->display));
    Pad *tablet = make(f, "pad", "tablet", "2");
    g_assert_true(s->is_absolute(screen->display));
    send(screen, QH_INPUT_KEY, 30, 1);
    send(screen, QH_INPUT_ABS, 0, 77);
    send(screen, QH_INPUT_BTN, 0x110, 1);
    s->sync(screen->display);
    send(screen, QH_INPUT_REL, 0, -5);
    send(screen, 99, 0, 1);
    check_heard(keys, "0/30=1 | ");
    check_heard(tablet, "3/0=77 1/272=1 | ");
    check_heard(mouse, "2/0=-5 ");
    s->sync(screen->display);
    check_heard(mouse, "| ");

    s->activate(mouse->input, TRUE); /* the guest uses that one */
    g_assert_false(s->is_absolute(screen->display));
    s->bind(tablet->input, "video1", 0);
    g_assert_true(s->is_absolute(other->display));
    send(other, QH_INPUT_BTN, 0x111, 1);
    send(screen, QH_INPUT_ABS, 0, 78);
    check_heard(tablet, "1/273=1 ");
    s->bind(tablet->input, NULL, 0);
    g_assert_true(qh_inputs_set_mouse(qh_host_inputs(f->host), 2, NULL));
    g_assert_true(s->is_absolute(screen->display));
    g_assert_false(qh_inputs_set_mouse(qh_host_inputs(f->host), 0, NULL)); /* a keyboard */
    g_assert_false(qh_inputs_set_mouse(qh_host_inputs(f->host), 9, NULL));

    f->view = qh_screen_service.view_new(screen->display, 0, &view_ops, f);
    g_string_truncate(f->seen, 0);
    s->leds(keys->input, QH_INPUT_LED_CAPS);
    s->leds(keys->input, QH_INPUT_LED_CAPS);
    check_seen(f, "leds 2; ");
}

static void test_stopped(Fixture *f, gconstpointer data)
{
    Screen *screen = make(f, "screen", "video0", NULL);
    Pad *keys = make(f, "pad", "keys", "0");

    (void)data;
    send(screen, QH_INPUT_KEY, 30, 1);
    send(screen, QH_INPUT_KEY, 31, 0);
    check_heard(keys, "0/31=0 ");
    start(f);
    for (guint i = 0; i < 20000; i++) { /* more than is kept while the main thread is busy */
        send(screen, QH_INPUT_KEY, 30, i == 0);
    }
    turn(2);
    g_assert_cmpuint(keys->heard->len, ==, 8192 * strlen("0/30=1 "));
}

static void test_chord(Fixture *f, gconstpointer data)
{
    static const uint16_t two[] = {29, 46};
    QhInputs *inputs = qh_host_inputs(f->host);
    Pad *keys = make(f, "pad", "keys", "0");
    g_autoptr(GError) error = NULL;

    (void)data;
    start(f);
    g_assert_true(qh_inputs_chord(inputs, two, 2, 1500, NULL));
    g_assert_true(qh_inputs_chord(inputs, two, 1, 10, NULL));
    check_heard(keys, "0/29=1 | 0/46=1 | ");
    for (guint i = 0;
         i < 10000 && keys->heard->len < strlen("0/46=0 | 0/29=0 | 0/29=1 | 0/29=0 | "); i++) {
        turn(1);
    }
    check_heard(keys, "0/46=0 | 0/29=0 | 0/29=1 | 0/29=0 | ");
    for (guint i = 0; i < 64; i++) {
        g_assert_true(qh_inputs_chord(inputs, two, 1, 1000, NULL));
    }
    g_assert_false(qh_inputs_chord(inputs, two, 1, 1000, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_BUSY);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(Fixture *f, gconstpointer data);
    } tests[] = {
        {"/display/draw",    test_draw   },
        {"/display/formats", test_formats},
        {"/display/views",   test_views  },
        {"/display/edid",    test_edid   },
        {"/input/routes",    test_routes },
        {"/input/stopped",   test_stopped},
        {"/input/chord",     test_chord  },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].fn, tear_down);
    }
    return g_test_run();
}
