/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/ui-sdl/window.h"

#include <string.h>

#define TICK_MS 16

/* --- The thread --- */

static void set_hints(void)
{
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");       /* signals are the host's */
    SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0"); /* see window.h */
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    SDL_SetHint(SDL_HINT_GRAB_KEYBOARD, "1");
    SDL_SetHint(SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1");
}

/* SDL falls back to drivers that show nothing; that is right only for who asked for it. */
static gboolean shows_something(void)
{
    const char *driver = SDL_GetCurrentVideoDriver();

    return g_getenv("SDL_VIDEODRIVER") != NULL ||
           (driver != NULL && strcmp(driver, "offscreen") != 0 && strcmp(driver, "dummy") != 0);
}

static char *open_windows(SdClient *client)
{
    set_hints();
    if (SDL_Init(SDL_INIT_VIDEO) != 0) {
        return g_strdup_printf("cannot open the display of this session: %s", SDL_GetError());
    }
    if (!shows_something()) {
        return g_strdup("cannot open the display of this session: there is none");
    }
    SDL_StopTextInput(); /* keys are places, and no input method is to take them */
    for (guint i = 0; i < client->windows->len; i++) {
        if (!sd_window_open(g_ptr_array_index(client->windows, i))) {
            return g_strdup_printf("cannot open a window with the video driver '%s': %s",
                                   SDL_GetCurrentVideoDriver(), SDL_GetError());
        }
    }
    return NULL;
}

static gboolean close_gone(SdClient *client)
{
    g_mutex_lock(&client->lock);
    gboolean closing = client->closing;
    g_mutex_unlock(&client->lock);
    for (guint i = 0; i < client->windows->len; i++) {
        SdWindow *window = g_ptr_array_index(client->windows, i);

        g_mutex_lock(&client->lock);
        gboolean gone = window->gone && window->window != NULL;
        g_mutex_unlock(&client->lock);
        if (!gone) {
            continue;
        }
        if (client->grabbed == window) {
            sd_events_grab(client, NULL);
        }
        if (client->focus == window) {
            client->focus = NULL;
            memset(client->keys, 0, sizeof(client->keys));
            client->buttons = 0;
        }
        sd_window_close(window);
    }
    return closing;
}

static void loop(SdClient *client)
{
    SDL_Event event;

    while (!close_gone(client)) {
        if (SDL_WaitEventTimeout(&event, TICK_MS)) {
            do {
                sd_events_take(client, &event);
            } while (SDL_PollEvent(&event));
        }
        for (guint i = 0; i < client->windows->len; i++) {
            sd_window_update(g_ptr_array_index(client->windows, i));
        }
        sd_events_set_pointer(client);
    }
    sd_events_release_all(client);
}

static gpointer run(gpointer data)
{
    SdClient *client = data;
    char *failure = open_windows(client);

    g_mutex_lock(&client->lock);
    client->failure = failure;
    client->ready = TRUE;
    g_cond_signal(&client->told);
    g_mutex_unlock(&client->lock);
    if (failure == NULL) {
        loop(client);
    }
    for (guint i = 0; i < client->windows->len; i++) {
        sd_window_close(g_ptr_array_index(client->windows, i));
    }
    SDL_Quit();
    return NULL;
}

/* --- The main thread --- */

static gboolean take_options(SdClient *client, const char *options, GError **error)
{
    static const char *const keys[] = {"lctrl-lalt", "lshift-lctrl-lalt", "rctrl"};
    const QhJsonService *json = client->services->json;
    g_autofree char *full_screen = json->get(options, "full-screen");
    g_autofree char *window_close = json->get(options, "window-close");
    g_autofree char *show_cursor = json->get(options, "show-cursor");
    g_autofree char *hot_key = json->get(options, "grab-mod");
    g_autofree char *gl = json->get(options, "gl");
    g_autofree char *name = json->get(options, "name");

    if (gl != NULL && strcmp(gl, "off") != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "'gl=%.16s': windows are drawn without the graphics processor", gl);
        return FALSE;
    }
    client->full_screen = full_screen != NULL && strcmp(full_screen, "true") == 0;
    client->window_close = window_close == NULL || strcmp(window_close, "true") == 0;
    client->show_cursor = show_cursor != NULL && strcmp(show_cursor, "true") == 0;
    for (guint i = 0; hot_key != NULL && i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(hot_key, keys[i]) == 0) {
            client->hot_key = (SdHotKey)i;
        }
    }
    client->caption = g_strdup(name != NULL ? name : "qemu-host");
    return TRUE;
}

static void make_windows(SdClient *client)
{
    const QhScreenService *screen = client->services->screen;
    uint32_t n = screen->n_screens(client->machine);

    client->windows = g_ptr_array_new();
    for (uint32_t i = 0; i < n; i++) {
        QhDisplay *display = screen->screen(client->machine, i);

        g_ptr_array_add(client->windows, sd_window_new(client, display, screen->name(display)));
    }
    if (n == 0) {
        g_ptr_array_add(client->windows, sd_window_new(client, NULL, "no screen"));
    }
}

static void clear_client(SdClient *client)
{
    g_thread_join(client->thread);
    for (guint i = 0; i < client->windows->len; i++) {
        sd_window_free(g_ptr_array_index(client->windows, i));
    }
    g_ptr_array_unref(client->windows);
    g_mutex_clear(&client->lock);
    g_cond_clear(&client->told);
    g_free(client->failure);
    g_free(client->caption);
}

/* Waits for the windows: what SDL opens for them, it opens before the sandbox is there. */
static gboolean
open_sdl(void *ctx, void *state, QhMachine *machine, const char *options, GError **error)
{
    SdClient *client = state;

    client->services = ctx;
    client->machine = machine;
    if (!take_options(client, options, error)) {
        return FALSE;
    }
    g_mutex_init(&client->lock);
    g_cond_init(&client->told);
    make_windows(client);
    client->thread = g_thread_new("sdl", run, client);
    g_mutex_lock(&client->lock);
    while (!client->ready) {
        g_cond_wait(&client->told, &client->lock);
    }
    gboolean failed = client->failure != NULL;
    g_mutex_unlock(&client->lock);
    if (failed) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, client->failure);
        clear_client(client);
        return FALSE;
    }
    return TRUE;
}

static void close_sdl(void *state)
{
    SdClient *client = state;

    g_mutex_lock(&client->lock);
    client->closing = TRUE;
    g_mutex_unlock(&client->lock);
    clear_client(client);
}

const QhScreenClientOps sd_ops = {
    .size = sizeof(QhScreenClientOps),
    .state_size = sizeof(SdClient),
    .description = "window of a desktop, by SDL",
    .open = open_sdl,
    .close = close_sdl,
};
