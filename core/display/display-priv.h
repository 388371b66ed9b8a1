/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a screen, for the sources of core/display. */
#ifndef QH_CORE_DISPLAY_DISPLAY_PRIV_H
#define QH_CORE_DISPLAY_DISPLAY_PRIV_H

#include "core/display/display.h"
#include "core/json/json.h"

#define QH_DISPLAY_CURSOR_SIDE 512u
/* Rows that are converted and compared at a time. */
#define QH_DISPLAY_BAND 16u

struct QhDisplay {
    gint refs; /* atomic */
    QhDisplays *displays;
    QhHost *host;
    char *name;
    char *device_id;
    uint32_t head;
    QhDisplayOps ops; /* all zero once the device has gone. [main, device lock] */
    void *opaque;
    GSource *timer; /* refreshes while somebody looks. [main] */
    guint watched;  /* views that ask the device. Under the lock */

    GMutex lock; /* of all that follows; taken after the device lock */
    uint32_t width, height;
    uint32_t *pixels;  /* width * height, X is 0 */
    uint32_t *scratch; /* a band of rows, for draw alone */
    QhScreenCursor cursor;
    int32_t cursor_x, cursor_y;
    gboolean cursor_visible;
    GPtrArray *views; /* QhScreenView * */
    QhDisplayWish wish;
    gboolean wish_pending;
};

struct QhScreenView {
    QhDisplay *display; /* a reference */
    QhScreenViewOps ops;
    void *opaque;
    uint32_t refresh_ms; /* under the screen's lock; 0: the device is not asked */
};

struct QhDisplays {
    QhHost *host;
    GMutex lock;     /* held while @list changes, and to walk it elsewhere than on the main thread;
                        taken before a screen's */
    GPtrArray *list; /* QhDisplay * */
    gint leds;       /* atomic */
    GPtrArray *clients; /* QhScreenClient *. [main] */
    QhJson *options;    /* of -display, or NULL. [main] */
};

/* draw.c, the device's calls */
gboolean qh_display_resize(QhDisplay *display, uint32_t width, uint32_t height);
void qh_display_draw(QhDisplay *display,
                     uint32_t x,
                     uint32_t y,
                     uint32_t width,
                     uint32_t height,
                     const void *pixels,
                     uint32_t stride,
                     uint32_t format);
void qh_display_cursor(QhDisplay *display,
                       uint32_t width,
                       uint32_t height,
                       uint32_t hot_x,
                       uint32_t hot_y,
                       const uint32_t *argb);
void qh_display_cursor_move(QhDisplay *display, int32_t x, int32_t y, gboolean visible);

/* edid.c */
uint32_t qh_display_edid(const QhEdid *edid, uint8_t *ret_data, uint32_t bytes);

/* displays.c: set the timer by the views that there are; with the lock. [any] */
void qh_display_set_timer(QhDisplay *display);

#endif
