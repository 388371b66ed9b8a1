/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at screens: service "qh.screen". */
#include "core/display/display-priv.h"
#include "core/host/run-state.h"
#include "core/machine/machine.h"

#include <string.h>

static uint32_t n_screens(QhMachine *machine)
{
    return qh_displays_n(qh_host_displays(qh_machine_host(machine)));
}

static QhDisplay *screen(QhMachine *machine, uint32_t index)
{
    return qh_displays_at(qh_host_displays(qh_machine_host(machine)), index);
}

static QhDisplay *find(QhMachine *machine, const char *id, uint32_t head)
{
    return qh_displays_find(qh_host_displays(qh_machine_host(machine)), id, head);
}

static QhScreenView *
view_new(QhDisplay *display, uint32_t refresh_ms, const QhScreenViewOps *ops, void *opaque)
{
    QhScreenView *view = g_new0(QhScreenView, 1);

    view->display = qh_display_ref(display);
    view->opaque = opaque;
    view->refresh_ms = refresh_ms;
    memcpy(&view->ops, ops, MIN(ops->size, sizeof(view->ops)));
    if (refresh_ms != 0) {
        qh_display_invalidate(display); /* it may not have kept what changed while nobody looked */
    }
    g_mutex_lock(&display->lock);
    g_ptr_array_add(display->views, view);
    qh_display_set_timer(display);
    if (view->ops.leds != NULL && display->ops.size != 0) {
        view->ops.leds(view->opaque, (uint32_t)g_atomic_int_get(&display->displays->leds));
    }
    g_mutex_unlock(&display->lock);
    return view;
}

static void view_free(QhScreenView *view)
{
    if (view == NULL) {
        return;
    }
    QhDisplay *display = view->display;
    g_mutex_lock(&display->lock);
    g_ptr_array_remove(display->views, view);
    qh_display_set_timer(display);
    g_mutex_unlock(&display->lock);
    qh_display_unref(display);
    g_free(view);
}

static void invalidate_later(void *data)
{
    qh_display_invalidate(data);
    qh_display_unref(data);
}

static void view_refresh(QhScreenView *view, uint32_t refresh_ms)
{
    QhDisplay *display = view->display;

    g_mutex_lock(&display->lock);
    gboolean first = view->refresh_ms == 0 && refresh_ms != 0 && display->watched == 0;
    view->refresh_ms = refresh_ms;
    if (first) {
        qh_host_defer(display->host, invalidate_later, qh_display_ref(display));
    }
    qh_display_set_timer(display);
    g_mutex_unlock(&display->lock);
}

static void hand_wish(void *data)
{
    QhDisplay *display = data;
    QhMachine *machine = qh_host_machine(display->host);
    QhMachine *entered = qh_machine_enter(machine);

    g_mutex_lock(&display->lock);
    QhDisplayWish wish = display->wish;
    display->wish_pending = FALSE;
    g_mutex_unlock(&display->lock);
    if (display->ops.wish != NULL) {
        display->ops.wish(display->opaque, &wish);
    }
    qh_machine_leave(entered);
    qh_display_unref(display);
}

/* The last one counts; one is on its way at a time. */
static void hear_wish(QhScreenView *view, const QhDisplayWish *wish)
{
    QhDisplay *display = view->display;

    g_mutex_lock(&display->lock);
    memset(&display->wish, 0, sizeof(display->wish));
    memcpy(&display->wish, wish, MIN(wish->size, sizeof(display->wish)));
    display->wish.size = sizeof(display->wish);
    display->wish.width = MIN(display->wish.width, QH_DISPLAY_MAX_SIDE);
    display->wish.height = MIN(display->wish.height, QH_DISPLAY_MAX_SIDE);
    gboolean pending = display->wish_pending;
    display->wish_pending = TRUE;
    g_mutex_unlock(&display->lock);
    if (!pending) {
        qh_host_defer(display->host, hand_wish, qh_display_ref(display));
    }
}

static void lock(QhScreenView *view, QhScreenPixels *ret_pixels)
{
    QhDisplay *display = view->display;

    g_mutex_lock(&display->lock);
    *ret_pixels = (QhScreenPixels){.width = display->width,
                                   .height = display->height,
                                   .stride = display->width * (uint32_t)sizeof(uint32_t),
                                   .pixels = display->pixels,
                                   .cursor = display->cursor,
                                   .cursor_x = display->cursor_x,
                                   .cursor_y = display->cursor_y,
                                   .cursor_visible = display->cursor_visible ? 1 : 0};
}

static void unlock(QhScreenView *view)
{
    g_mutex_unlock(&view->display->lock);
}

static void on_main(QhMachine *machine, void (*fn)(void *opaque), void *opaque)
{
    qh_host_defer(qh_machine_host(machine), fn, opaque);
}

static void power(QhMachine *machine, uint32_t what)
{
    QhRunState *state = qh_host_run_state(qh_machine_host(machine));

    if (what == QH_SCREEN_POWER_BUTTON) {
        qh_run_state_request_powerdown(state);
    } else if (what == QH_SCREEN_POWER_RESET) {
        qh_run_state_request_reset(state, QH_CAUSE_HOST_UI);
    } else if (what == QH_SCREEN_POWER_QUIT) {
        qh_run_state_request_shutdown(state, QH_CAUSE_HOST_UI, 0);
    }
}

const QhScreenService qh_screen_service = {
    .size = sizeof(QhScreenService),
    .n_screens = n_screens,
    .screen = screen,
    .name = qh_display_name,
    .find = find,
    .view_new = view_new,
    .view_free = view_free,
    .view_refresh = view_refresh,
    .wish = hear_wish,
    .lock = lock,
    .unlock = unlock,
    .on_main = on_main,
    .power = power,
};
