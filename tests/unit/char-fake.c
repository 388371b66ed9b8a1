/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "char-fake.h"

#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/machine/machine.h"

#include <string.h>

/* An address that nobody looks into. */
static char host_place, machine_place;
QhHost *const fake_host = (QhHost *)&host_place;
guint fake_shutdowns;
static gboolean locked;

GMainContext *qh_host_context(G_GNUC_UNUSED QhHost *host)
{
    return g_main_context_default();
}

typedef struct Deferred {
    void (*fn)(void *);
    void *data;
} Deferred;

static gboolean run_deferred(gpointer data)
{
    Deferred *deferred = data;

    deferred->fn(deferred->data);
    g_free(deferred);
    return G_SOURCE_REMOVE;
}

void qh_host_defer(G_GNUC_UNUSED QhHost *host, void (*fn)(void *), void *data)
{
    Deferred *deferred = g_new(Deferred, 1);

    deferred->fn = fn;
    deferred->data = data;
    g_idle_add_full(G_PRIORITY_DEFAULT, run_deferred, deferred, NULL);
}

QhMachine *qh_host_machine(G_GNUC_UNUSED QhHost *host)
{
    return (QhMachine *)&machine_place;
}

QhLog *qh_host_log(G_GNUC_UNUSED QhHost *host)
{
    return NULL;
}

QhRunState *qh_host_run_state(G_GNUC_UNUSED QhHost *host)
{
    return NULL;
}

void qh_run_state_request_shutdown(G_GNUC_UNUSED QhRunState *state,
                                   G_GNUC_UNUSED QhShutdownCause cause,
                                   G_GNUC_UNUSED int status)
{
    fake_shutdowns++;
}

void qh_log_warn(G_GNUC_UNUSED QhLog *log, G_GNUC_UNUSED const char *format, ...)
{
}

void qh_machine_lock(G_GNUC_UNUSED QhMachine *machine)
{
    g_assert_false(locked);
    locked = TRUE;
}

void qh_machine_unlock(G_GNUC_UNUSED QhMachine *machine)
{
    g_assert_true(locked);
    locked = FALSE;
}

gboolean qh_machine_locked_by_me(G_GNUC_UNUSED QhMachine *machine)
{
    return locked;
}

static uint32_t front_can_read(void *opaque)
{
    FakeFront *front = opaque;

    front->unlocked |= !locked;
    return front->room;
}

static void front_read(void *opaque, const uint8_t *data, uint32_t bytes)
{
    FakeFront *front = opaque;

    front->unlocked |= !locked;
    g_assert_cmpuint(bytes, <=, front->room);
    front->room -= bytes;
    g_string_append_len(front->got, (const char *)data, bytes);
}

static void front_event(void *opaque, uint32_t event)
{
    FakeFront *front = opaque;

    front->unlocked |= !locked;
    g_assert_cmpuint(event, <, 5);
    g_string_append_c(front->events, "OCBIU"[event]);
}

static void front_can_write(void *opaque)
{
    FakeFront *front = opaque;

    front->unlocked |= !locked;
    front->writable++;
}

const QhCharHandlers fake_handlers = {
    .size = sizeof(QhCharHandlers),
    .can_read = front_can_read,
    .read = front_read,
    .event = front_event,
    .can_write = front_can_write,
};

FakeFront *fake_front_new(uint32_t room)
{
    FakeFront *front = g_new0(FakeFront, 1);

    front->got = g_string_new(NULL);
    front->events = g_string_new(NULL);
    front->room = room;
    return front;
}

void fake_front_free(FakeFront *front)
{
    g_assert_false(front->unlocked);
    g_string_free(front->got, TRUE);
    g_string_free(front->events, TRUE);
    g_free(front);
}

gboolean fake_run_until(gboolean (*done)(void *data), void *data)
{
    int64_t end = g_get_monotonic_time() + 2 * G_USEC_PER_SEC;

    while (!done(data)) {
        if (g_get_monotonic_time() > end) {
            return FALSE;
        }
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(1000);
        }
    }
    return TRUE;
}

static gboolean never(G_GNUC_UNUSED void *data)
{
    return g_get_monotonic_time() > *(int64_t *)data;
}

void fake_run_ms(guint ms)
{
    int64_t end = g_get_monotonic_time() + (int64_t)ms * 1000;

    fake_run_until(never, &end);
}

typedef struct Wanted {
    const GString *in;
    const char *text;
} Wanted;

static gboolean is_there(void *data)
{
    const Wanted *wanted = data;

    return g_str_equal(wanted->in->str, wanted->text);
}

gboolean fake_got(FakeFront *front, const char *text)
{
    Wanted wanted = {front->got, text};

    return fake_run_until(is_there, &wanted);
}

gboolean fake_has_events(FakeFront *front, const char *text)
{
    Wanted wanted = {front->events, text};

    return fake_run_until(is_there, &wanted);
}

void fake_write(QhChar *chr, const char *text)
{
    g_assert_cmpuint(qh_char_write(chr, (const uint8_t *)text, strlen(text)), ==, strlen(text));
}
