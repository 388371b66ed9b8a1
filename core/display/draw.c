/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device draws is compared with what is there: only what differs is told to the views. A
 * device whose frame buffer is plain memory can so draw all of it, as often as somebody looks.
 */
#include "core/display/display-priv.h"

#include <pixman.h>
#include <string.h>

#define LITTLE (G_BYTE_ORDER == G_LITTLE_ENDIAN)

/* Formats of abi/display.h are little-endian words, pixman's are words of the host. */
static const struct {
    pixman_format_code_t code;
    uint32_t bytes;
} formats[QH_PIXEL_FORMATS] = {
    [QH_PIXEL_X8R8G8B8] = {LITTLE ? PIXMAN_x8r8g8b8 : PIXMAN_b8g8r8x8, 4},
    [QH_PIXEL_A8R8G8B8] = {LITTLE ? PIXMAN_x8r8g8b8 : PIXMAN_b8g8r8x8, 4},
    [QH_PIXEL_B8G8R8X8] = {LITTLE ? PIXMAN_b8g8r8x8 : PIXMAN_x8r8g8b8, 4},
    [QH_PIXEL_B8G8R8A8] = {LITTLE ? PIXMAN_b8g8r8x8 : PIXMAN_x8r8g8b8, 4},
    [QH_PIXEL_X8B8G8R8] = {LITTLE ? PIXMAN_x8b8g8r8 : PIXMAN_r8g8b8x8, 4},
    [QH_PIXEL_A8B8G8R8] = {LITTLE ? PIXMAN_x8b8g8r8 : PIXMAN_r8g8b8x8, 4},
    [QH_PIXEL_R8G8B8X8] = {LITTLE ? PIXMAN_r8g8b8x8 : PIXMAN_x8b8g8r8, 4},
    [QH_PIXEL_R8G8B8A8] = {LITTLE ? PIXMAN_r8g8b8x8 : PIXMAN_x8b8g8r8, 4},
    [QH_PIXEL_R8G8B8] = {LITTLE ? PIXMAN_r8g8b8 : PIXMAN_b8g8r8,     3},
    [QH_PIXEL_R5G6B5] = {PIXMAN_r5g6b5,                              2},
    [QH_PIXEL_X1R5G5B5] = {PIXMAN_x1r5g5b5,                            2},
};

static void tell_damage(QhDisplay *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    for (guint i = 0; i < display->views->len; i++) {
        const QhScreenView *view = g_ptr_array_index(display->views, i);

        if (view->ops.damaged != NULL) {
            view->ops.damaged(view->opaque, x, y, width, height);
        }
    }
}

gboolean qh_display_resize(QhDisplay *display, uint32_t width, uint32_t height)
{
    uint32_t *pixels = NULL, *scratch = NULL;

    if (width == 0 || height == 0) {
        width = height = 0;
    }
    if (width > QH_DISPLAY_MAX_SIDE || height > QH_DISPLAY_MAX_SIDE) {
        return FALSE;
    }
    if (width != 0) {
        pixels = g_try_malloc0_n((gsize)width * height, sizeof(uint32_t));
        scratch = g_try_malloc_n((gsize)width * QH_DISPLAY_BAND, sizeof(uint32_t));
        if (pixels == NULL || scratch == NULL) {
            g_free(pixels);
            g_free(scratch);
            return FALSE;
        }
    }
    g_mutex_lock(&display->lock);
    gboolean same = display->width == width && display->height == height;
    uint32_t *old_pixels = display->pixels, *old_scratch = display->scratch;
    display->width = width;
    display->height = height;
    display->pixels = pixels;
    display->scratch = scratch;
    for (guint i = 0; !same && i < display->views->len; i++) {
        const QhScreenView *view = g_ptr_array_index(display->views, i);

        if (view->ops.resized != NULL) {
            view->ops.resized(view->opaque, width, height);
        }
    }
    if (same && width != 0) {
        tell_damage(display, 0, 0, width, height);
    }
    g_mutex_unlock(&display->lock);
    g_free(old_pixels);
    g_free(old_scratch);
    return TRUE;
}

/* Up to a band of rows to X8R8G8B8; @source is aligned as pixman wants it. */
static void convert(uint32_t *to,
                    uint32_t width,
                    uint32_t rows,
                    const void *source,
                    uint32_t stride,
                    uint32_t format)
{
    pixman_image_t *from = pixman_image_create_bits_no_clear(
        formats[format].code, (int)width, (int)rows, (uint32_t *)source, (int)stride);
    pixman_image_t *result = pixman_image_create_bits_no_clear(
        PIXMAN_x8r8g8b8, (int)width, (int)rows, to, (int)(width * sizeof(uint32_t)));

    if (from != NULL && result != NULL) {
        pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, result, 0, 0, 0, 0, 0, 0, (int)width,
                                 (int)rows);
    }
    if (from != NULL) {
        pixman_image_unref(from);
    }
    if (result != NULL) {
        pixman_image_unref(result);
    }
}

/* A row that does not lie as pixman wants it, by way of a copy. */
static void convert_row(uint32_t *to, uint32_t width, const void *source, uint32_t format)
{
    uint32_t row[QH_DISPLAY_MAX_SIDE];
    uint32_t bytes = width * formats[format].bytes;

    memcpy(row, source, bytes);
    for (uint32_t i = 0; !LITTLE && formats[format].bytes == 2 && i < width; i++) {
        ((uint16_t *)row)[i] = GUINT16_SWAP_LE_BE(((uint16_t *)row)[i]);
    }
    convert(to, width, 1, row, (bytes + 3) & ~3u, format);
}

static void take_rows(uint32_t *to,
                      uint32_t width,
                      uint32_t rows,
                      const uint8_t *source,
                      uint32_t stride,
                      uint32_t format)
{
    if ((uintptr_t)source % 4 == 0 && stride % 4 == 0 && stride <= INT32_MAX &&
        (LITTLE || formats[format].bytes != 2)) {
        convert(to, width, rows, source, stride, format);
    } else {
        for (uint32_t row = 0; row < rows; row++) {
            convert_row(to + (gsize)row * width, width, source + (gsize)row * stride, format);
        }
    }
    for (gsize i = 0; i < (gsize)width * rows; i++) {
        to[i] &= 0xffffff;
    }
}

/* What differs in one band, as columns and rows. */
typedef struct Difference {
    uint32_t left, right, top, bottom; /* right and bottom: one behind */
} Difference;

static void compare_row(
    uint32_t *old, const uint32_t *new, uint32_t width, uint32_t row, Difference *difference)
{
    uint32_t left = 0, right = width;

    if (memcmp(old, new, width * sizeof(uint32_t)) == 0) {
        return;
    }
    while (old[left] == new[left]) {
        left++;
    }
    while (old[right - 1] == new[right - 1]) {
        right--;
    }
    memcpy(old + left, new + left, (right - left) * sizeof(uint32_t));
    if (difference->bottom == 0) {
        difference->top = row;
        difference->left = left;
        difference->right = right;
    }
    difference->bottom = row + 1;
    difference->left = MIN(difference->left, left);
    difference->right = MAX(difference->right, right);
}

void qh_display_draw(QhDisplay *display,
                     uint32_t x,
                     uint32_t y,
                     uint32_t width,
                     uint32_t height,
                     const void *pixels,
                     uint32_t stride,
                     uint32_t format)
{
    if (format >= QH_PIXEL_FORMATS) {
        return;
    }
    g_mutex_lock(&display->lock);
    uint32_t full = display->width;
    width = x < full ? MIN(width, full - x) : 0;
    height = y < display->height ? MIN(height, display->height - y) : 0;
    for (uint32_t done = 0; width != 0 && done < height; done += QH_DISPLAY_BAND) {
        uint32_t rows = MIN(QH_DISPLAY_BAND, height - done);
        Difference difference = {0};

        take_rows(display->scratch, width, rows, (const uint8_t *)pixels + (gsize)done * stride,
                  stride, format);
        for (uint32_t row = 0; row < rows; row++) {
            compare_row(display->pixels + (gsize)(y + done + row) * full + x,
                        display->scratch + (gsize)row * width, width, row, &difference);
        }
        if (difference.bottom != 0) {
            tell_damage(display, x + difference.left, y + done + difference.top,
                        difference.right - difference.left, difference.bottom - difference.top);
        }
    }
    g_mutex_unlock(&display->lock);
}

void qh_display_cursor(QhDisplay *display,
                       uint32_t width,
                       uint32_t height,
                       uint32_t hot_x,
                       uint32_t hot_y,
                       const uint32_t *argb)
{
    QhScreenCursor cursor = {0};

    if (argb != NULL && width != 0 && height != 0 && width <= QH_DISPLAY_CURSOR_SIDE &&
        height <= QH_DISPLAY_CURSOR_SIDE) {
        cursor.argb = g_memdup2(argb, (gsize)width * height * sizeof(uint32_t));
        cursor.width = width;
        cursor.height = height;
        cursor.hot_x = MIN(hot_x, width - 1);
        cursor.hot_y = MIN(hot_y, height - 1);
    }
    g_mutex_lock(&display->lock);
    const uint32_t *old = display->cursor.argb;
    display->cursor = cursor;
    for (guint i = 0; i < display->views->len; i++) {
        const QhScreenView *view = g_ptr_array_index(display->views, i);

        if (view->ops.cursor != NULL) {
            view->ops.cursor(view->opaque, &display->cursor);
        }
    }
    g_mutex_unlock(&display->lock);
    g_free((void *)old);
}

void qh_display_cursor_move(QhDisplay *display, int32_t x, int32_t y, gboolean visible)
{
    g_mutex_lock(&display->lock);
    display->cursor_x = x;
    display->cursor_y = y;
    display->cursor_visible = visible;
    for (guint i = 0; i < display->views->len; i++) {
        const QhScreenView *view = g_ptr_array_index(display->views, i);

        if (view->ops.cursor_moved != NULL) {
            view->ops.cursor_moved(view->opaque, x, y, visible);
        }
    }
    g_mutex_unlock(&display->lock);
}
