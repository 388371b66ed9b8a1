/* SPDX-License-Identifier: MIT */
/*
 * Slot "display/NAME", interface "qh.screen-client": what shows screens to people (-display, -vnc);
 * and service "qh.screen", by which it sees them.
 *
 * A client may have threads of its own. Between lock and unlock the pixels of a screen stay what
 * and where they are; hold it for a copy, not for a transmission.
 */
#ifndef QH_ABI_SCREEN_H
#define QH_ABI_SCREEN_H

#include "abi/input.h"

#define QH_SCREEN_CLIENT_INTERFACE "qh.screen-client"

/* A client's look at one screen. */
typedef struct QhScreenView QhScreenView;

/* The shape of the guest's pointer. */
typedef struct QhScreenCursor {
    uint32_t width, height, hot_x, hot_y;
    const uint32_t *argb; /* A8R8G8B8; NULL: the guest has none of its own */
} QhScreenCursor;

/* What a view hears; each method is optional. Called with the screen locked, on any thread: note
 * it, wake yourself up, and return. */
typedef struct QhScreenViewOps {
    uint32_t size;
    uint32_t reserved;
    void (*resized)(void *opaque, uint32_t width, uint32_t height);
    void (*damaged)(void *opaque, uint32_t x, uint32_t y, uint32_t width, uint32_t height);
    void (*cursor)(void *opaque, const QhScreenCursor *cursor);
    void (*cursor_moved)(void *opaque, int32_t x, int32_t y, gboolean visible);
    void (*leds)(void *opaque, uint32_t leds); /* QH_INPUT_LED_... of the keyboard in use */
    /* The screen goes away, with its device; the view shows nothing from now on. */
    void (*gone)(void *opaque);
} QhScreenViewOps;

/* What a screen shows; valid until unlock. */
typedef struct QhScreenPixels {
    uint32_t width, height; /* 0: nothing */
    uint32_t stride;        /* bytes */
    const uint32_t *pixels; /* X8R8G8B8 */
    QhScreenCursor cursor;
    int32_t cursor_x, cursor_y;
    uint32_t cursor_visible;
} QhScreenPixels;

#define QH_SCREEN_POWER_BUTTON 0u /* ask the guest to turn itself off */
#define QH_SCREEN_POWER_RESET  1u
#define QH_SCREEN_POWER_QUIT   2u /* the window was closed: end the program */

typedef struct QhScreenService {
    uint32_t size;
    uint32_t reserved;

    /* How many screens there are; screen @index (from 0); its name: "virtio-gpu-pci", "video0/1".
     * The number may change when devices come and go. [main] */
    uint32_t (*n_screens)(QhMachine *machine);
    QhDisplay *(*screen)(QhMachine *machine, uint32_t index);
    const char *(*name)(QhDisplay *display);
    /* Screen @head of the device with id @id; NULL: there is none. [main] */
    QhDisplay *(*find)(QhMachine *machine, const char *id, uint32_t head);

    /* Look at @display; @refresh_ms: how often it may change, at most; 0: never mind how often, do
     * not ask the device at all. [main] */
    QhScreenView *(*view_new)(QhDisplay *display,
                              uint32_t refresh_ms,
                              const QhScreenViewOps *ops,
                              void *opaque);
    void (*view_free)(QhScreenView *view);                         /* NULL is accepted. [main] */
    void (*view_refresh)(QhScreenView *view, uint32_t refresh_ms); /* [any] */
    /* The size that the client would like. [any] */
    void (*wish)(QhScreenView *view, const QhDisplayWish *wish);

    void (*lock)(QhScreenView *view, QhScreenPixels *ret_pixels); /* [any] */
    void (*unlock)(QhScreenView *view);
    /* Call @fn(@opaque) on the main thread, soon; what was asked for before the client's close may
     * still come after it. [any] */
    void (*on_main)(QhMachine *machine, void (*fn)(void *opaque), void *opaque);
    /* What people do to a machine with its buttons: QH_SCREEN_POWER_... [any] */
    void (*power)(QhMachine *machine, uint32_t what);
} QhScreenService;

typedef struct QhScreenClientOps {
    uint32_t size;
    uint32_t state_size; /* bytes of the client's state, zeroed by the host */
    const char *description;
    /* Open with @options, the JSON object of the user's options (QMP's DisplayOptions and "name",
     * that of the machine if it has one; or what -vnc was given). @ctx is that of the offer.
     * [main] */
    gboolean (*open)(
        void *ctx, void *state, QhMachine *machine, const char *options, GError **error);
    void (*close)(void *state); /* [main] */
    /* Optional: a JSON object of what it is doing: query-vnc's VncInfo2, query-display-options'
     * members. The caller g_frees it. [main] */
    char *(*info)(void *state);
    /* Optional: change something while it runs: "set_password", "expire_password", "change",
     * "add_client" ... @arguments is a JSON object. FALSE with @error. [main] */
    gboolean (*command)(void *state, const char *name, const char *arguments, GError **error);
} QhScreenClientOps;

#endif
