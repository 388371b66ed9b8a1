/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_DISPLAY_H
#define QH_ABI_DISPLAY_H

#include "abi/device.h"

typedef struct QhDisplay QhDisplay;

#define QH_DISPLAY_MAX_SIDE 16384u

#define QH_PIXEL_X8R8G8B8 0u
#define QH_PIXEL_A8R8G8B8 1u
#define QH_PIXEL_B8G8R8X8 2u
#define QH_PIXEL_B8G8R8A8 3u
#define QH_PIXEL_X8B8G8R8 4u
#define QH_PIXEL_A8B8G8R8 5u
#define QH_PIXEL_R8G8B8X8 6u
#define QH_PIXEL_R8G8B8A8 7u
#define QH_PIXEL_R8G8B8   8u
#define QH_PIXEL_R5G6B5   9u
#define QH_PIXEL_X1R5G5B5 10u
#define QH_PIXEL_FORMATS  11u

typedef struct QhDisplayWish {
    uint32_t size;
    uint32_t enabled;
    uint32_t width, height;
    uint32_t x, y;
    uint32_t width_mm, height_mm;
    uint32_t refresh_mhz;
} QhDisplayWish;

typedef struct QhDisplayOps {
    uint32_t size;
    uint32_t reserved;

    void (*refresh)(void *opaque);

    void (*invalidate)(void *opaque);

    void (*wish)(void *opaque, const QhDisplayWish *wish);
} QhDisplayOps;

typedef struct QhEdid {
    uint32_t size;
    uint32_t width, height;
    uint32_t max_width, max_height;
    uint32_t width_mm, height_mm;
    uint32_t refresh_mhz;
    const char *vendor;
    const char *name;
    const char *serial;
} QhEdid;

typedef struct QhDisplayService {
    uint32_t size;
    uint32_t reserved;

    QhDisplay *(*display_new)(
        QhDevice *device, uint32_t head, const QhDisplayOps *ops, void *opaque, GError **error);
    void (*display_free)(QhDisplay *display);

    gboolean (*resize)(QhDisplay *display, uint32_t width, uint32_t height);

    void (*draw)(QhDisplay *display,
                 uint32_t x,
                 uint32_t y,
                 uint32_t width,
                 uint32_t height,
                 const void *pixels,
                 uint32_t stride,
                 uint32_t format);

    void (*cursor)(QhDisplay *display,
                   uint32_t width,
                   uint32_t height,
                   uint32_t hot_x,
                   uint32_t hot_y,
                   const uint32_t *argb);

    void (*cursor_move)(QhDisplay *display, int32_t x, int32_t y, gboolean visible);

    gboolean (*watched)(QhDisplay *display);

    uint32_t (*edid)(const QhEdid *edid, uint8_t *ret_data, uint32_t bytes);
} QhDisplayService;

#endif
