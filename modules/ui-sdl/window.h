/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows by SDL, one a screen. Every call of SDL is made by one thread, the client's own, and no
 * other thread wakes it through SDL: SDL would write to the display's socket there, which the
 * sandbox of a CPU's thread does not have. It looks every few milliseconds whether a view has noted
 * something.
 *
 * Pictures are drawn without the graphics processor: its drivers make code and call the kernel in
 * ways that the sandbox does not allow.
 */
#ifndef UI_SDL_WINDOW_H
#define UI_SDL_WINDOW_H

#include "abi/screen.h"
#include "abi/services.h"
#include "modules/ui-sdl/keys.h"

#include <SDL2/SDL.h>

typedef struct SdServices {
    QhHost *host;
    const QhScreenService *screen;
    const QhInputService *input;
    const QhJsonService *json;
} SdServices;

typedef enum { SD_CTRL_ALT, SD_SHIFT_CTRL_ALT, SD_RIGHT_CTRL } SdHotKey;

typedef struct SdClient SdClient;

typedef struct SdWindow {
    SdClient *client;
    QhDisplay *display; /* NULL: the machine has no screen */
    QhScreenView *view;
    char *name;

    /* under the client's lock: what the view has noted */
    gboolean resized, cursor_changed, cursor_moved, gone;
    SDL_Rect damage;

    /* the client's thread's */
    SDL_Window *window; /* NULL: its screen is gone */
    SDL_Surface *picture;
    SDL_Surface *shape; /* of the guest's pointer, or NULL */
    SDL_Cursor *cursor; /* the same for the host's */
    int32_t hot_x, hot_y, cursor_x, cursor_y;
    gboolean cursor_visible;
} SdWindow;

struct SdClient {
    const SdServices *services;
    QhMachine *machine;
    char *caption;
    gboolean full_screen, window_close, show_cursor;
    SdHotKey hot_key;

    GThread *thread;
    GMutex lock;
    GCond told;
    gboolean ready, closing; /* under the lock */
    char *failure;           /* under the lock; why there are no windows */

    /* the thread's, once it runs */
    GPtrArray *windows;
    SdWindow *focus;   /* has the keyboard, or NULL */
    SdWindow *grabbed; /* has the pointer, too */
    gboolean relative; /* SDL reports movements instead of positions */
    uint8_t keys[SD_KEYS / 8];
    uint32_t buttons; /* bit n: SDL's button n is down */
};

/* The open and close of display "sdl". */
extern const QhScreenClientOps sd_ops;

/* window.c. All of these are called on the client's thread. */
SdWindow *sd_window_new(SdClient *client, QhDisplay *display, const char *name); /* [main] */
void sd_window_free(SdWindow *window);                                           /* [main] */
gboolean sd_window_open(SdWindow *window); /* FALSE: SDL_GetError says why */
void sd_window_close(SdWindow *window);    /* nothing when it is closed */
/* Show what has changed. */
void sd_window_update(SdWindow *window);
/* Draw it all again. */
void sd_window_expose(SdWindow *window);
void sd_window_caption(SdWindow *window);
/* Where in the window the picture is. */
SDL_Rect sd_window_place(const SdWindow *window);

/* events.c */
void sd_events_take(SdClient *client, const SDL_Event *event);
/* Which pointer is shown, and whether SDL reports movements or positions. */
void sd_events_set_pointer(SdClient *client);
void sd_events_grab(SdClient *client, SdWindow *window); /* NULL: let go */
void sd_events_release_all(SdClient *client);

#endif
