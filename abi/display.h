/* SPDX-License-Identifier: MIT */
/*
 * Service "qh.display": what a display device shows. One QhDisplay is one screen (a "head").
 *
 * The host keeps the pixels that clients look at; a device draws into them with `draw`, which
 * copies before it returns, so that no memory is shared between a device and a client.
 */
#ifndef QH_ABI_DISPLAY_H
#define QH_ABI_DISPLAY_H

#include "abi/device.h"

/* One screen; made by a device. */
typedef struct QhDisplay QhDisplay;

#define QH_DISPLAY_MAX_SIDE 16384u /* pixels in either direction */

/* Pixel formats: names give the components of a little-endian word, highest bits first. */
#define QH_PIXEL_X8R8G8B8 0u /* what the host keeps */
#define QH_PIXEL_A8R8G8B8 1u /* alpha is ignored in draw */
#define QH_PIXEL_B8G8R8X8 2u
#define QH_PIXEL_B8G8R8A8 3u
#define QH_PIXEL_X8B8G8R8 4u
#define QH_PIXEL_A8B8G8R8 5u
#define QH_PIXEL_R8G8B8X8 6u
#define QH_PIXEL_R8G8B8A8 7u
#define QH_PIXEL_R8G8B8   8u /* three bytes: B, G, R */
#define QH_PIXEL_R5G6B5   9u
#define QH_PIXEL_X1R5G5B5 10u
#define QH_PIXEL_FORMATS  11u

/* What a client would like a screen to be: the size of its window. */
typedef struct QhDisplayWish {
    uint32_t size;
    uint32_t enabled; /* 0: nobody looks at this head, as if unplugged */
    uint32_t width, height;
    uint32_t x, y; /* of this head in the client's arrangement */
    uint32_t width_mm, height_mm;
    uint32_t refresh_mhz; /* thousandths of a hertz; 0: not known */
} QhDisplayWish;

/* The device's side. */
typedef struct QhDisplayOps {
    uint32_t size;
    uint32_t reserved;
    /* Optional: somebody looks: draw what has changed since the last call; for devices whose frame
     * buffer the guest writes without telling. Called about as often as clients can show it.
     * [device] */
    void (*refresh)(void *opaque);
    /* Optional: draw everything at the next refresh. [device] */
    void (*invalidate)(void *opaque);
    /* Optional: a client's wish; the guest may follow. [device] */
    void (*wish)(void *opaque, const QhDisplayWish *wish);
} QhDisplayOps;

/* For `edid`. Zero members: what the host thinks best. */
typedef struct QhEdid {
    uint32_t size;
    uint32_t width, height; /* preferred mode */
    uint32_t max_width, max_height;
    uint32_t width_mm, height_mm;
    uint32_t refresh_mhz;
    const char *vendor; /* three capital letters */
    const char *name;   /* up to 13 characters */
    const char *serial; /* up to 13 characters */
} QhEdid;

typedef struct QhDisplayService {
    uint32_t size;
    uint32_t reserved;

    /* A screen of @device, its @head-th (from 0); in realize. Starts without pixels, which clients
     * see as "not initialized". NULL with @error when there are too many. [main] */
    QhDisplay *(*display_new)(
        QhDevice *device, uint32_t head, const QhDisplayOps *ops, void *opaque, GError **error);
    void (*display_free)(QhDisplay *display); /* NULL is accepted. [main] */

    /* The screen has this many pixels now, all black; 0, 0: off. The same size again: only black.
     * FALSE: too large, or no memory; nothing has changed. [device] */
    gboolean (*resize)(QhDisplay *display, uint32_t width, uint32_t height);
    /* Copy a rectangle of @width by @height pixels of @format to @x, @y of the screen; what lies
     * outside the screen is left out. @pixels is the first of the rectangle, rows are @stride bytes
     * apart. The host compares, so drawing what is there already costs clients nothing. [device] */
    void (*draw)(QhDisplay *display,
                 uint32_t x,
                 uint32_t y,
                 uint32_t width,
                 uint32_t height,
                 const void *pixels,
                 uint32_t stride,
                 uint32_t format);
    /* The pointer's shape: @width by @height A8R8G8B8 pixels, at most 512 each way, copied; NULL:
     * none, clients show their own. [device] */
    void (*cursor)(QhDisplay *display,
                   uint32_t width,
                   uint32_t height,
                   uint32_t hot_x,
                   uint32_t hot_y,
                   const uint32_t *argb);
    /* The pointer is at @x, @y now, and shown or not. [device] */
    void (*cursor_move)(QhDisplay *display, int32_t x, int32_t y, gboolean visible);
    /* Whether anybody looks at it. [device] */
    gboolean (*watched)(QhDisplay *display);
    /* An EDID 1.4 block and a CTA-861 extension (VESA E-EDID A.2): writes up to @bytes, all that
     * does not exist is zero; gives the bytes that it has. [any] */
    uint32_t (*edid)(const QhEdid *edid, uint8_t *ret_data, uint32_t bytes);
} QhDisplayService;

#endif
