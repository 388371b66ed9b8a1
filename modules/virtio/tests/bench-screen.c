/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/virtio/tests/bench-screen.h"

#include <string.h>

/* The service tables carry no context, so the fake's is here. */
static BenchScreen screen;

BenchScreen *bench_screen(void)
{
    return &screen;
}

void bench_screen_clear(void)
{
    memset(&screen, 0, sizeof(screen));
}

/* --- Screens --- */

static QhDisplay *
display_new(QhDevice *device, uint32_t head, const QhDisplayOps *ops, void *opaque, GError **error)
{
    (void)error;
    g_assert_nonnull(device);
    g_assert_cmpuint(head, <, BENCH_HEADS);
    g_assert_null(screen.heads[head].ops);
    screen.heads[head].ops = ops;
    screen.heads[head].opaque = opaque;
    return (QhDisplay *)&screen.heads[head];
}

static void display_free(QhDisplay *display)
{
    if (display != NULL) {
        g_assert_nonnull(((BenchHead *)display)->ops);
        ((BenchHead *)display)->ops = NULL;
    }
}

static gboolean resize(QhDisplay *display, uint32_t width, uint32_t height)
{
    BenchHead *head = (BenchHead *)display;

    if (screen.refuse_resize || width > QH_DISPLAY_MAX_SIDE || height > QH_DISPLAY_MAX_SIDE) {
        return FALSE;
    }
    head->width = width;
    head->height = height;
    head->n_resizes++;
    memset(head->pixels, 0, sizeof(head->pixels));
    return TRUE;
}

static void draw(QhDisplay *display,
                 uint32_t x,
                 uint32_t y,
                 uint32_t width,
                 uint32_t height,
                 const void *pixels,
                 uint32_t stride,
                 uint32_t format)
{
    BenchHead *head = (BenchHead *)display;
    uint32_t sum = 0;

    g_assert_cmpuint(format, <, QH_PIXEL_FORMATS);
    head->n_draws++;
    for (uint32_t row = 0; row < height; row++) {
        for (uint32_t column = 0; column < width; column++) {
            uint32_t word;

            memcpy(&word, (const uint8_t *)pixels + (uint64_t)row * stride + 4 * column, 4);
            sum += word; /* all of it must be readable */
            if (y + row < BENCH_SIDE && x + column < BENCH_SIDE) {
                head->pixels[(y + row) * BENCH_SIDE + x + column] = word;
            }
        }
    }
    (void)sum;
}

static void cursor(QhDisplay *display,
                   uint32_t width,
                   uint32_t height,
                   uint32_t hot_x,
                   uint32_t hot_y,
                   const uint32_t *argb)
{
    BenchHead *head = (BenchHead *)display;

    head->cursor_width = argb != NULL ? width : 0;
    head->hot_x = hot_x;
    head->hot_y = hot_y;
    if (argb != NULL) {
        g_assert_cmpuint(width * height, <=, G_N_ELEMENTS(head->cursor));
        memcpy(head->cursor, argb, 4 * (size_t)width * height);
    }
}

static void cursor_move(QhDisplay *display, int32_t x, int32_t y, gboolean visible)
{
    BenchHead *head = (BenchHead *)display;

    head->x = x;
    head->y = y;
    head->visible = visible;
}

static gboolean watched(QhDisplay *display)
{
    return display != NULL;
}

static uint32_t edid(const QhEdid *what, uint8_t *ret_data, uint32_t bytes)
{
    memset(ret_data, 0, bytes);
    if (bytes >= 256) {
        ret_data[0] = 0xed;
        memcpy(ret_data + 4, &what->width, 4);
    }
    return 256;
}

const QhDisplayService bench_display_service = {
    .size = sizeof(QhDisplayService),
    .display_new = display_new,
    .display_free = display_free,
    .resize = resize,
    .draw = draw,
    .cursor = cursor,
    .cursor_move = cursor_move,
    .watched = watched,
    .edid = edid,
};

/* --- Input --- */

static QhInput *attach(QhDevice *device, const QhInputOps *ops, void *opaque, GError **error)
{
    (void)error;
    g_assert_nonnull(device);
    screen.input = ops;
    screen.input_opaque = opaque;
    return (QhInput *)&screen;
}

static void detach(QhInput *input)
{
    (void)input;
    screen.input = NULL;
}

static void bind(QhInput *input, const char *display, uint32_t head)
{
    (void)input;
    screen.bound = display;
    screen.bound_head = head;
}

static void activate(QhInput *input, gboolean active)
{
    (void)input;
    screen.active = active;
}

static void leds(QhInput *input, uint32_t bits)
{
    (void)input;
    screen.leds = bits;
}

const QhInputService bench_input_service = {
    .size = sizeof(QhInputService),
    .attach = attach,
    .detach = detach,
    .bind = bind,
    .activate = activate,
    .leds = leds,
};
