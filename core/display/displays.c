/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Screens by their devices. A screen lives as long as its device or its last view; when the device
 * goes first, the views see nothing from then on. While somebody looks, a timer on the main loop
 * asks the device, under the device lock, to draw what has changed.
 */
#include "core/device/bus.h"
#include "core/display/display-priv.h"
#include "core/machine/machine.h"

#include <string.h>

#define MAX_SCREENS 64u

QhDisplays *qh_displays_new(QhHost *host)
{
    QhDisplays *displays = g_new0(QhDisplays, 1);

    displays->host = host;
    displays->list = g_ptr_array_new();
    displays->clients = g_ptr_array_new();
    g_mutex_init(&displays->lock);
    return displays;
}

void qh_displays_free(QhDisplays *displays)
{
    if (displays != NULL) {
        qh_json_unref(displays->options);
        g_ptr_array_unref(displays->clients);
        g_ptr_array_unref(displays->list); /* the devices have gone, and have taken theirs */
        g_mutex_clear(&displays->lock);
        g_free(displays);
    }
}

guint qh_displays_n(QhDisplays *displays)
{
    return displays->list->len;
}

QhDisplay *qh_displays_at(QhDisplays *displays, guint index)
{
    return index < displays->list->len ? g_ptr_array_index(displays->list, index) : NULL;
}

QhDisplay *qh_displays_find(QhDisplays *displays, const char *id, uint32_t head)
{
    for (guint i = 0; i < displays->list->len; i++) {
        QhDisplay *display = g_ptr_array_index(displays->list, i);

        if (display->head == head && g_str_equal(display->device_id, id)) {
            return display;
        }
    }
    return NULL;
}

const char *qh_display_name(QhDisplay *display)
{
    return display->name;
}

QhHost *qh_display_host(QhDisplay *display)
{
    return display->host;
}

const char *qh_display_device(QhDisplay *display, uint32_t *ret_head)
{
    *ret_head = display->head;
    return display->device_id;
}

QhDisplay *qh_display_ref(QhDisplay *display)
{
    g_atomic_int_inc(&display->refs);
    return display;
}

void qh_display_unref(QhDisplay *display)
{
    if (display == NULL || !g_atomic_int_dec_and_test(&display->refs)) {
        return;
    }
    g_source_destroy(display->timer);
    g_source_unref(display->timer);
    g_ptr_array_unref(display->views);
    g_mutex_clear(&display->lock);
    g_free(display->pixels);
    g_free(display->scratch);
    g_free((void *)display->cursor.argb);
    g_free(display->name);
    g_free(display->device_id);
    g_free(display);
}

void qh_display_refresh(QhDisplay *display)
{
    QhMachine *machine = qh_host_machine(display->host);
    QhMachine *entered = qh_machine_enter(machine);

    if (display->ops.refresh != NULL) {
        display->ops.refresh(display->opaque);
    }
    qh_machine_leave(entered);
}

void qh_display_invalidate(QhDisplay *display)
{
    QhMachine *machine = qh_host_machine(display->host);
    QhMachine *entered = qh_machine_enter(machine);

    if (display->ops.invalidate != NULL) {
        display->ops.invalidate(display->opaque);
    }
    qh_machine_leave(entered);
}

/* The shortest time that a view asks for; 0: nobody does. */
static uint32_t shortest(const QhDisplay *display, guint *ret_watched)
{
    uint32_t result = 0;

    *ret_watched = 0;
    for (guint i = 0; i < display->views->len; i++) {
        const QhScreenView *view = g_ptr_array_index(display->views, i);

        if (view->refresh_ms != 0) {
            result = result == 0 ? view->refresh_ms : MIN(result, view->refresh_ms);
            (*ret_watched)++;
        }
    }
    return result;
}

static gboolean on_timer(gpointer data)
{
    QhDisplay *display = data;

    qh_display_refresh(display);
    g_mutex_lock(&display->lock);
    guint watched;
    uint32_t wait_ms = shortest(display, &watched);
    g_source_set_ready_time(display->timer,
                            wait_ms == 0 ? -1 : g_get_monotonic_time() + wait_ms * 1000);
    g_mutex_unlock(&display->lock);
    return G_SOURCE_CONTINUE;
}

void qh_display_set_timer(QhDisplay *display)
{
    guint watched;
    uint32_t wait_ms = shortest(display, &watched);

    if (watched == 0) {
        g_source_set_ready_time(display->timer, -1);
    } else {
        gint64 at = g_get_monotonic_time() + (display->watched == 0 ? 0 : wait_ms * 1000);
        gint64 set = g_source_get_ready_time(display->timer);

        g_source_set_ready_time(display->timer, set == -1 ? at : MIN(set, at));
    }
    display->watched = watched;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    (void)source;
    return callback(data);
}

static GSourceFuncs timer_funcs = {.dispatch = dispatch};

static QhDisplay *
display_new(QhDevice *device, uint32_t head, const QhDisplayOps *ops, void *opaque, GError **error)
{
    QhHost *host = qh_machine_host(device->machine);
    QhDisplays *displays = qh_host_displays(host);

    if (displays->list->len >= MAX_SCREENS) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "there are %u screens already", MAX_SCREENS);
        return NULL;
    }
    QhDisplay *display = g_new0(QhDisplay, 1);
    const char *name = qh_instance_has_user_id(device->instance)
                           ? device->id
                           : qh_instance_class(device->instance);
    display->refs = 1;
    display->displays = displays;
    display->host = host;
    display->head = head;
    display->device_id = g_strdup(device->id);
    display->name = head == 0 ? g_strdup(name) : g_strdup_printf("%s/%u", name, head);
    memcpy(&display->ops, ops, MIN(ops->size, sizeof(display->ops)));
    display->opaque = opaque;
    display->views = g_ptr_array_new();
    g_mutex_init(&display->lock);
    display->timer = g_source_new(&timer_funcs, sizeof(GSource));
    g_source_set_callback(display->timer, on_timer, display, NULL);
    g_source_attach(display->timer, qh_host_context(host));
    g_mutex_lock(&displays->lock);
    g_ptr_array_add(displays->list, display);
    g_mutex_unlock(&displays->lock);
    return display;
}

static void display_free(QhDisplay *display)
{
    if (display == NULL) {
        return;
    }
    g_mutex_lock(&display->displays->lock);
    g_ptr_array_remove(display->displays->list, display);
    g_mutex_unlock(&display->displays->lock);
    memset(&display->ops, 0, sizeof(display->ops));
    g_mutex_lock(&display->lock);
    g_source_destroy(display->timer);
    g_clear_pointer(&display->pixels, g_free);
    g_clear_pointer(&display->scratch, g_free);
    display->width = display->height = 0;
    display->cursor_visible = FALSE;
    for (guint i = 0; i < display->views->len; i++) {
        const QhScreenView *view = g_ptr_array_index(display->views, i);

        if (view->ops.gone != NULL) {
            view->ops.gone(view->opaque);
        }
    }
    g_mutex_unlock(&display->lock);
    qh_display_unref(display);
}

static gboolean watched(QhDisplay *display)
{
    g_mutex_lock(&display->lock);
    gboolean result = display->watched != 0;
    g_mutex_unlock(&display->lock);
    return result;
}

uint32_t *
qh_display_copy(QhDisplay *display, uint32_t *ret_width, uint32_t *ret_height, GError **error)
{
    uint32_t *copy = NULL;

    g_mutex_lock(&display->lock);
    gsize n = (gsize)display->width * display->height;
    if (n != 0) {
        copy = g_try_malloc_n(n, sizeof(uint32_t));
    }
    if (copy != NULL) {
        memcpy(copy, display->pixels, n * sizeof(uint32_t));
        *ret_width = display->width;
        *ret_height = display->height;
    }
    g_mutex_unlock(&display->lock);
    if (copy == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "screen '%s' %s", display->name,
                    n == 0 ? "shows nothing" : "is too large for the memory that is left");
    }
    return copy;
}

void qh_displays_set_leds(QhDisplays *displays, uint32_t leds)
{
    g_atomic_int_set(&displays->leds, (gint)leds);
    g_mutex_lock(&displays->lock);
    for (guint i = 0; i < displays->list->len; i++) {
        QhDisplay *display = g_ptr_array_index(displays->list, i);

        g_mutex_lock(&display->lock);
        for (guint v = 0; v < display->views->len; v++) {
            const QhScreenView *view = g_ptr_array_index(display->views, v);

            if (view->ops.leds != NULL) {
                view->ops.leds(view->opaque, leds);
            }
        }
        g_mutex_unlock(&display->lock);
    }
    g_mutex_unlock(&displays->lock);
}

const QhDisplayService qh_display_service = {
    .size = sizeof(QhDisplayService),
    .display_new = display_new,
    .display_free = display_free,
    .resize = qh_display_resize,
    .draw = qh_display_draw,
    .cursor = qh_display_cursor,
    .cursor_move = qh_display_cursor_move,
    .watched = watched,
    .edid = qh_display_edid,
};
