/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_SCREEN_H
#define QH_ABI_SCREEN_H

#include "abi/input.h"

#define QH_SCREEN_CLIENT_INTERFACE "qh.screen-client"

typedef struct QhScreenView QhScreenView;

typedef struct QhScreenCursor {
    uint32_t width, height, hot_x, hot_y;
    const uint32_t *argb;
} QhScreenCursor;

typedef struct QhScreenViewOps {
    uint32_t size;
    uint32_t reserved;
    void (*resized)(void *opaque, uint32_t width, uint32_t height);
    void (*damaged)(void *opaque, uint32_t x, uint32_t y, uint32_t width, uint32_t height);
    void (*cursor)(void *opaque, const QhScreenCursor *cursor);
    void (*cursor_moved)(void *opaque, int32_t x, int32_t y, gboolean visible);
    void (*leds)(void *opaque, uint32_t leds);

    void (*gone)(void *opaque);
} QhScreenViewOps;

typedef struct QhScreenPixels {
    uint32_t width, height;
    uint32_t stride;
    const uint32_t *pixels;
    QhScreenCursor cursor;
    int32_t cursor_x, cursor_y;
    uint32_t cursor_visible;
} QhScreenPixels;

#define QH_SCREEN_POWER_BUTTON 0u
#define QH_SCREEN_POWER_RESET  1u
#define QH_SCREEN_POWER_QUIT   2u

typedef struct QhScreenService {
    uint32_t size;
    uint32_t reserved;

    uint32_t (*n_screens)(QhMachine *machine);
    QhDisplay *(*screen)(QhMachine *machine, uint32_t index);
    const char *(*name)(QhDisplay *display);

    QhDisplay *(*find)(QhMachine *machine, const char *id, uint32_t head);

    QhScreenView *(*view_new)(QhDisplay *display,
                              uint32_t refresh_ms,
                              const QhScreenViewOps *ops,
                              void *opaque);
    void (*view_free)(QhScreenView *view);
    void (*view_refresh)(QhScreenView *view, uint32_t refresh_ms);

    void (*wish)(QhScreenView *view, const QhDisplayWish *wish);

    void (*lock)(QhScreenView *view, QhScreenPixels *ret_pixels);
    void (*unlock)(QhScreenView *view);

    void (*on_main)(QhMachine *machine, void (*fn)(void *opaque), void *opaque);

    void (*power)(QhMachine *machine, uint32_t what);
} QhScreenService;

typedef struct QhScreenClientOps {
    uint32_t size;
    uint32_t state_size;
    const char *description;

    gboolean (*open)(
        void *ctx, void *state, QhMachine *machine, const char *options, GError **error);
    void (*close)(void *state);

    char *(*info)(void *state);

    gboolean (*command)(void *state, const char *name, const char *arguments, GError **error);
} QhScreenClientOps;

#endif
