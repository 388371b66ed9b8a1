/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/ui-sdl/window.h"

#define REFRESH_MS   33u
#define FIRST_WIDTH  640
#define FIRST_HEIGHT 480

/* --- What the view hears, on any thread, with the screen locked --- */

static void on_resized(void *opaque, uint32_t width, uint32_t height)
{
    SdWindow *window = opaque;

    (void)width;
    (void)height;
    g_mutex_lock(&window->client->lock);
    window->resized = TRUE;
    g_mutex_unlock(&window->client->lock);
}

static void on_damaged(void *opaque, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    SdWindow *window = opaque;
    const SDL_Rect more = {(int)x, (int)y, (int)width, (int)height};

    g_mutex_lock(&window->client->lock);
    if (window->damage.w == 0) {
        window->damage = more;
    } else {
        SDL_Rect *all = &window->damage;
        int right = MAX(all->x + all->w, more.x + more.w);
        int bottom = MAX(all->y + all->h, more.y + more.h);

        all->x = MIN(all->x, more.x);
        all->y = MIN(all->y, more.y);
        all->w = right - all->x;
        all->h = bottom - all->y;
    }
    g_mutex_unlock(&window->client->lock);
}

static void on_cursor(void *opaque, const QhScreenCursor *cursor)
{
    SdWindow *window = opaque;

    (void)cursor;
    g_mutex_lock(&window->client->lock);
    window->cursor_changed = TRUE;
    g_mutex_unlock(&window->client->lock);
}

static void on_cursor_moved(void *opaque, int32_t x, int32_t y, gboolean visible)
{
    SdWindow *window = opaque;

    (void)x;
    (void)y;
    (void)visible;
    g_mutex_lock(&window->client->lock);
    window->cursor_moved = TRUE;
    g_mutex_unlock(&window->client->lock);
}

static void on_gone(void *opaque)
{
    SdWindow *window = opaque;

    g_mutex_lock(&window->client->lock);
    window->gone = TRUE;
    g_mutex_unlock(&window->client->lock);
}

static const QhScreenViewOps view_ops = {
    .size = sizeof(QhScreenViewOps),
    .resized = on_resized,
    .damaged = on_damaged,
    .cursor = on_cursor,
    .cursor_moved = on_cursor_moved,
    .gone = on_gone,
};

SdWindow *sd_window_new(SdClient *client, QhDisplay *display, const char *name)
{
    SdWindow *window = g_new0(SdWindow, 1);

    window->client = client;
    window->display = display;
    window->name = g_strdup(name);
    window->resized = window->cursor_changed = TRUE; /* look at what is there */
    if (display != NULL) {
        window->view = client->services->screen->view_new(display, REFRESH_MS, &view_ops, window);
    }
    return window;
}

void sd_window_free(SdWindow *window)
{
    window->client->services->screen->view_free(window->view);
    g_free(window->name);
    g_free(window);
}

/* --- The client's thread --- */

gboolean sd_window_open(SdWindow *window)
{
    const SdClient *client = window->client;
    gboolean first = g_ptr_array_index(client->windows, 0) == window;
    uint32_t full = client->full_screen && first ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0;

    window->window =
        SDL_CreateWindow(window->name, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                         FIRST_WIDTH, FIRST_HEIGHT, SDL_WINDOW_RESIZABLE | full);
    if (window->window == NULL) {
        return FALSE;
    }
    sd_window_caption(window);
    return SDL_GetWindowSurface(window->window) != NULL;
}

void sd_window_close(SdWindow *window)
{
    if (window->cursor != NULL) {
        SDL_FreeCursor(window->cursor);
    }
    SDL_FreeSurface(window->shape);
    SDL_FreeSurface(window->picture);
    if (window->window != NULL) {
        SDL_DestroyWindow(window->window);
    }
    window->cursor = NULL;
    window->shape = window->picture = NULL;
    window->window = NULL;
}

void sd_window_caption(SdWindow *window)
{
    static const char *const keys[] = {"Ctrl-Alt-G", "Shift-Ctrl-Alt-G", "Right Ctrl-G"};
    const SdClient *client = window->client;
    g_autofree char *text =
        g_strdup_printf("%s%s%s%s%s", client->caption, window->display != NULL ? ": " : "",
                        window->display != NULL ? window->name : " (no screen)",
                        client->grabbed == window ? " - the pointer is let go with " : "",
                        client->grabbed == window ? keys[client->hot_key] : "");

    SDL_SetWindowTitle(window->window, text);
}

SDL_Rect sd_window_place(const SdWindow *window)
{
    int width = 1, height = 1;
    SDL_Rect place = {0};

    SDL_GetWindowSize(window->window, &width, &height);
    if (window->picture == NULL) {
        return (SDL_Rect){0, 0, width, height};
    }
    int64_t w = window->picture->w, h = window->picture->h;
    gboolean wide = width * h < height * w; /* bars above and below */
    place.w = MAX(wide ? width : (int)(height * w / h), 1);
    place.h = MAX(wide ? (int)(width * h / w) : height, 1);
    place.x = (width - place.w) / 2;
    place.y = (height - place.h) / 2;
    return place;
}

/* Our own when SDL reports movements: then the host's pointer is not shown. */
static void draw_shape(SdWindow *window, SDL_Surface *surface, SDL_Rect place)
{
    if (!window->client->relative || window->client->grabbed != window || window->shape == NULL ||
        !window->cursor_visible) {
        return;
    }
    int64_t w = window->picture->w, h = window->picture->h;
    SDL_Rect to = {
        (int)(place.x + (int64_t)(window->cursor_x - window->hot_x) * place.w / w),
        (int)(place.y + (int64_t)(window->cursor_y - window->hot_y) * place.h / h),
        MAX((int)((int64_t)window->shape->w * place.w / w), 1),
        MAX((int)((int64_t)window->shape->h * place.h / h), 1),
    };

    SDL_SetClipRect(surface, &place);
    SDL_BlitScaled(window->shape, NULL, surface, &to);
    SDL_SetClipRect(surface, NULL);
}

void sd_window_expose(SdWindow *window)
{
    SDL_Surface *surface = SDL_GetWindowSurface(window->window);

    if (surface == NULL) {
        return; /* its size is changing */
    }
    SDL_Rect place = sd_window_place(window), to = place;
    SDL_FillRect(surface, NULL, 0);
    if (window->picture != NULL) {
        SDL_BlitScaled(window->picture, NULL, surface, &to);
        draw_shape(window, surface, place);
    }
    SDL_UpdateWindowSurface(window->window);
}

static void draw_damage(SdWindow *window, SDL_Rect damage)
{
    SDL_Surface *surface = SDL_GetWindowSurface(window->window);

    if (surface == NULL || surface->w != window->picture->w || surface->h != window->picture->h ||
        window->client->relative) {
        sd_window_expose(window);
        return;
    }
    SDL_Rect to = damage;
    SDL_BlitSurface(window->picture, &damage, surface, &to);
    SDL_UpdateWindowSurfaceRects(window->window, &damage, 1);
}

static void take_shape(SdWindow *window, const QhScreenCursor *cursor)
{
    if (window->cursor != NULL) {
        SDL_FreeCursor(window->cursor);
        window->cursor = NULL;
    }
    SDL_FreeSurface(window->shape);
    window->shape = NULL;
    window->hot_x = (int32_t)cursor->hot_x;
    window->hot_y = (int32_t)cursor->hot_y;
    if (cursor->argb == NULL || cursor->width == 0 || cursor->height == 0) {
        return;
    }
    window->shape = SDL_CreateRGBSurfaceWithFormat(0, (int)cursor->width, (int)cursor->height, 32,
                                                   SDL_PIXELFORMAT_ARGB8888);
    if (window->shape != NULL) {
        SDL_ConvertPixels((int)cursor->width, (int)cursor->height, SDL_PIXELFORMAT_ARGB8888,
                          cursor->argb, (int)cursor->width * 4, SDL_PIXELFORMAT_ARGB8888,
                          window->shape->pixels, window->shape->pitch);
        window->cursor = SDL_CreateColorCursor(window->shape, window->hot_x, window->hot_y);
    }
}

/* The picture gets the size of the screen; TRUE when it has another one now. */
static gboolean follow_size(SdWindow *window, const QhScreenPixels *screen)
{
    int width = (int)screen->width, height = (int)screen->height;

    if (window->picture != NULL && window->picture->w == width && window->picture->h == height) {
        return FALSE;
    }
    SDL_FreeSurface(window->picture);
    window->picture =
        width > 0 && height > 0
            ? SDL_CreateRGBSurfaceWithFormat(0, width, height, 32, SDL_PIXELFORMAT_RGB888)
            : NULL;
    return TRUE;
}

static void copy_damage(SdWindow *window, const QhScreenPixels *screen, SDL_Rect damage)
{
    const uint8_t *from =
        (const uint8_t *)screen->pixels + (gsize)damage.y * screen->stride + (gsize)damage.x * 4;
    uint8_t *to = (uint8_t *)window->picture->pixels +
                  (gsize)damage.y * (gsize)window->picture->pitch + (gsize)damage.x * 4;

    SDL_ConvertPixels(damage.w, damage.h, SDL_PIXELFORMAT_RGB888, from, (int)screen->stride,
                      SDL_PIXELFORMAT_RGB888, to, window->picture->pitch);
}

static void fit_window(SdWindow *window)
{
    uint32_t flags = SDL_GetWindowFlags(window->window);

    if (window->picture != NULL && !(flags & SDL_WINDOW_FULLSCREEN)) {
        SDL_SetWindowSize(window->window, window->picture->w, window->picture->h);
    }
}

/* The screen's lock is taken first, as the view's callbacks have it. */
void sd_window_update(SdWindow *window)
{
    SdClient *client = window->client;
    const QhScreenService *screen = client->services->screen;
    QhScreenPixels pixels = {0};
    SDL_Rect damage = {0}, all = {0};

    if (window->view == NULL || window->window == NULL) {
        return;
    }
    screen->lock(window->view, &pixels);
    g_mutex_lock(&client->lock);
    gboolean resized = window->resized && follow_size(window, &pixels);
    gboolean shape = window->cursor_changed, moved = window->cursor_moved;
    if (window->picture != NULL) {
        all = (SDL_Rect){0, 0, window->picture->w, window->picture->h};
    }
    /* what was noted between a change of size and this look may be of either size */
    if (window->resized) {
        damage = all;
    } else if (!SDL_IntersectRect(&window->damage, &all, &damage)) {
        damage = (SDL_Rect){0};
    }
    window->resized = window->cursor_changed = window->cursor_moved = FALSE;
    window->damage = (SDL_Rect){0};
    g_mutex_unlock(&client->lock);
    if (damage.w > 0 && pixels.width == (uint32_t)all.w && pixels.height == (uint32_t)all.h) {
        copy_damage(window, &pixels, damage);
    }
    if (shape) {
        take_shape(window, &pixels.cursor);
    }
    window->cursor_x = pixels.cursor_x;
    window->cursor_y = pixels.cursor_y;
    window->cursor_visible = pixels.cursor_visible != 0;
    screen->unlock(window->view);

    if (resized) {
        fit_window(window);
    }
    if (resized || ((shape || moved) && client->relative)) {
        sd_window_expose(window);
    } else if (damage.w > 0) {
        draw_damage(window, damage);
    }
}
