/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people do to a window: keys, the pointer, and the window's own buttons. */
#include "modules/ui-sdl/window.h"

#include <linux/input-event-codes.h>

#define MAX_STEPS 16 /* of a wheel, at once */

static void send_event(SdWindow *window, uint16_t kind, uint16_t code, int32_t value)
{
    const QhInputEvent event = {kind, code, value};

    if (window->display != NULL) {
        window->client->services->input->send(window->display, &event);
    }
}

static void sync_events(SdWindow *window)
{
    if (window->display != NULL) {
        window->client->services->input->sync(window->display);
    }
}

static gboolean is_absolute(SdWindow *window)
{
    return window->display == NULL || window->client->services->input->is_absolute(window->display);
}

/* Repeats of the host are not the guest's, which makes its own. */
static void send_key(SdWindow *window, uint16_t key, gboolean down)
{
    SdClient *client = window->client;

    if (key == KEY_RESERVED || key >= SD_KEYS) {
        return;
    }
    uint8_t bit = (uint8_t)(1u << (key % 8)), *byte = &client->keys[key / 8];
    if (((*byte & bit) != 0) == down) {
        return;
    }
    *byte ^= bit;
    send_event(window, QH_INPUT_KEY, key, down ? 1 : 0);
    sync_events(window);
}

static void send_button(SdWindow *window, uint32_t button, gboolean down)
{
    static const uint16_t codes[] = {
        [SDL_BUTTON_LEFT] = BTN_LEFT,   [SDL_BUTTON_MIDDLE] = BTN_MIDDLE,
        [SDL_BUTTON_RIGHT] = BTN_RIGHT, [SDL_BUTTON_X1] = BTN_SIDE,
        [SDL_BUTTON_X2] = BTN_EXTRA,
    };
    SdClient *client = window->client;

    if (button == 0 || button >= G_N_ELEMENTS(codes) ||
        (client->buttons >> button & 1) == (down ? 1u : 0u)) {
        return;
    }
    client->buttons ^= 1u << button;
    send_event(window, QH_INPUT_BTN, codes[button], down ? 1 : 0);
    sync_events(window);
}

void sd_events_release_all(SdClient *client)
{
    if (client->focus == NULL) {
        return;
    }
    for (uint16_t key = 1; key < SD_KEYS; key++) {
        send_key(client->focus, key, FALSE);
    }
    for (uint32_t button = SDL_BUTTON_LEFT; button <= SDL_BUTTON_X2; button++) {
        send_button(client->focus, button, FALSE);
    }
}

void sd_events_set_pointer(SdClient *client)
{
    SdWindow *window = client->focus;
    gboolean relative = client->grabbed != NULL && !is_absolute(client->grabbed);

    if (relative != client->relative) {
        client->relative = relative;
        SDL_SetRelativeMouseMode(relative ? SDL_TRUE : SDL_FALSE);
        if (window != NULL) {
            sd_window_expose(window);
        }
    }
    if (window == NULL || relative) {
        return;
    }
    gboolean own = window->cursor != NULL && window->cursor_visible && is_absolute(window);
    SDL_Cursor *wanted = own ? window->cursor : SDL_GetDefaultCursor();
    if (SDL_GetCursor() != wanted) {
        SDL_SetCursor(wanted);
    }
    gboolean shown = own || client->show_cursor || window->display == NULL || !is_absolute(window);
    if ((SDL_ShowCursor(SDL_QUERY) == SDL_ENABLE) != shown) {
        SDL_ShowCursor(shown ? SDL_ENABLE : SDL_DISABLE);
    }
}

void sd_events_grab(SdClient *client, SdWindow *window)
{
    SdWindow *before = client->grabbed;

    if (before == window) {
        return;
    }
    client->grabbed = window;
    if (before != NULL && before->window != NULL) {
        SDL_SetWindowGrab(before->window, SDL_FALSE);
        sd_window_caption(before);
    }
    if (window != NULL) {
        SDL_SetWindowGrab(window->window, SDL_TRUE);
        sd_window_caption(window);
    }
    sd_events_set_pointer(client);
}

static gboolean is_hot(const SdClient *client, uint16_t held)
{
    switch (client->hot_key) {
    case SD_RIGHT_CTRL:
        return (held & KMOD_RCTRL) != 0;
    case SD_SHIFT_CTRL_ALT:
        return (held & KMOD_LSHIFT) != 0 && (held & KMOD_LCTRL) != 0 && (held & KMOD_LALT) != 0;
    default:
        return (held & KMOD_LCTRL) != 0 && (held & KMOD_LALT) != 0;
    }
}

/* TRUE: it was for the window, not for the guest. */
static gboolean take_hot_key(SdWindow *window, const SDL_Keysym *key)
{
    SdClient *client = window->client;
    uint32_t full = SDL_GetWindowFlags(window->window) & SDL_WINDOW_FULLSCREEN;

    if (!is_hot(client, key->mod)) {
        return FALSE;
    }
    switch (key->scancode) {
    case SDL_SCANCODE_G:
        sd_events_grab(client, client->grabbed != NULL ? NULL : window);
        return TRUE;
    case SDL_SCANCODE_F:
        SDL_SetWindowFullscreen(window->window, full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
        return TRUE;
    case SDL_SCANCODE_U:
        if (window->picture != NULL && !full) {
            SDL_SetWindowSize(window->window, window->picture->w, window->picture->h);
        }
        return TRUE;
    default:
        return FALSE;
    }
}

static void take_key(SdWindow *window, const SDL_KeyboardEvent *event)
{
    gboolean down = event->state == SDL_PRESSED;

    window->client->focus = window;
    if (!(down && take_hot_key(window, &event->keysym))) {
        send_key(window, sd_key((int32_t)event->keysym.scancode), down);
    }
}

static int32_t scale(int at, int from, int length)
{
    int64_t place = CLAMP(at - from, 0, length - 1);

    return (int32_t)(place * QH_INPUT_ABS_MAX / MAX(length - 1, 1));
}

static void take_motion(SdWindow *window, const SDL_MouseMotionEvent *event)
{
    if (is_absolute(window)) {
        SDL_Rect place = sd_window_place(window);

        send_event(window, QH_INPUT_ABS, ABS_X, scale(event->x, place.x, place.w));
        send_event(window, QH_INPUT_ABS, ABS_Y, scale(event->y, place.y, place.h));
    } else if (window->client->grabbed == window) {
        send_event(window, QH_INPUT_REL, REL_X, event->xrel);
        send_event(window, QH_INPUT_REL, REL_Y, event->yrel);
    } else {
        return;
    }
    sync_events(window);
}

/* Without positions the guest's pointer is not where the host's is: the first press grabs. */
static void take_button(SdWindow *window, const SDL_MouseButtonEvent *event)
{
    gboolean down = event->state == SDL_PRESSED;

    window->client->focus = window;
    if (is_absolute(window) || window->client->grabbed == window) {
        send_button(window, event->button, down);
    } else if (down && event->button == SDL_BUTTON_LEFT) {
        sd_events_grab(window->client, window);
    }
}

static void take_wheel(SdWindow *window, const SDL_MouseWheelEvent *event)
{
    int sign = event->direction == SDL_MOUSEWHEEL_FLIPPED ? -1 : 1;
    int x = CLAMP(event->x, -MAX_STEPS, MAX_STEPS) * sign;
    int y = CLAMP(event->y, -MAX_STEPS, MAX_STEPS) * sign;

    if (!is_absolute(window) && window->client->grabbed != window) {
        return;
    }
    if (y != 0) {
        send_event(window, QH_INPUT_REL, REL_WHEEL, y);
    }
    if (x != 0) {
        send_event(window, QH_INPUT_REL, REL_HWHEEL, x);
    }
    sync_events(window);
}

static void wish(SdWindow *window, int width, int height)
{
    const QhDisplayWish wanted = {
        .size = sizeof(QhDisplayWish),
        .enabled = 1,
        .width = (uint32_t)width,
        .height = (uint32_t)height,
    };

    if (window->view != NULL && width > 0 && height > 0) {
        window->client->services->screen->wish(window->view, &wanted);
    }
}

static void take_window(SdWindow *window, const SDL_WindowEvent *event)
{
    SdClient *client = window->client;

    switch (event->event) {
    case SDL_WINDOWEVENT_RESIZED: /* by a person; our own changes are not told this way */
        wish(window, event->data1, event->data2);
        break;
    case SDL_WINDOWEVENT_SIZE_CHANGED:
    case SDL_WINDOWEVENT_EXPOSED:
        sd_window_expose(window);
        break;
    case SDL_WINDOWEVENT_FOCUS_GAINED:
    case SDL_WINDOWEVENT_ENTER:
        client->focus = window;
        break;
    case SDL_WINDOWEVENT_FOCUS_LOST:
        sd_events_release_all(client);
        sd_events_grab(client, NULL);
        break;
    case SDL_WINDOWEVENT_CLOSE:
        if (client->window_close) {
            client->services->screen->power(client->machine, QH_SCREEN_POWER_QUIT);
        }
        break;
    default:
        break;
    }
}

static SdWindow *find(SdClient *client, uint32_t id)
{
    for (guint i = 0; i < client->windows->len; i++) {
        SdWindow *window = g_ptr_array_index(client->windows, i);

        if (window->window != NULL && SDL_GetWindowID(window->window) == id) {
            return window;
        }
    }
    return NULL;
}

void sd_events_take(SdClient *client, const SDL_Event *event)
{
    SdWindow *window = find(client, event->window.windowID); /* all of these have it there */

    if (window == NULL) {
        return;
    }
    switch (event->type) {
    case SDL_KEYDOWN:
    case SDL_KEYUP:
        take_key(window, &event->key);
        break;
    case SDL_MOUSEMOTION:
        take_motion(window, &event->motion);
        break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        take_button(window, &event->button);
        break;
    case SDL_MOUSEWHEEL:
        take_wheel(window, &event->wheel);
        break;
    case SDL_WINDOWEVENT:
        take_window(window, &event->window);
        break;
    default:
        break;
    }
}
