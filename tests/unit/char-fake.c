/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "char-fake.h"

#include "abi/chardev.h"
#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/machine/outside.h"
#include "core/module/registry.h"

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

QhMachine *qh_host_machine(G_GNUC_UNUSED QhHost *host)
{
    return (QhMachine *)&machine_place;
}

QhLog *qh_host_log(G_GNUC_UNUSED QhHost *host)
{
    return NULL;
}

QhFds *qh_host_fds(G_GNUC_UNUSED QhHost *host)
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

QhRegistry *qh_host_registry(G_GNUC_UNUSED QhHost *host)
{
    return NULL;
}

/* A back end of a module: says hello when it may, and refuses the option "bad". */
typedef struct Echo {
    QhChar *chr;
} Echo;

guint fake_slots_held;

static gboolean echo_open(void *ctx, void *state, QhChar *chr, const char *options, GError **error)
{
    Echo *echo = state;

    g_assert_cmpstr(ctx, ==, "ctx");
    if (strstr(options, "bad") != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "echo dislikes %s", options);
        return FALSE;
    }
    echo->chr = chr;
    qh_char_service.event(chr, QH_CHAR_OPENED);
    return TRUE;
}

static void echo_close(void *state)
{
    ((Echo *)state)->chr = NULL;
}

static uint32_t
echo_write(G_GNUC_UNUSED void *state, G_GNUC_UNUSED const uint8_t *data, uint32_t bytes)
{
    return bytes;
}

static void echo_accept(void *state)
{
    Echo *echo = state;
    uint32_t room = qh_char_service.input_room(echo->chr);

    qh_char_service.input(echo->chr, (const uint8_t *)"hello", MIN(room, 5));
}

static const QhChardevOps echo_ops = {
    .size = sizeof(QhChardevOps),
    .state_size = sizeof(Echo),
    .open = echo_open,
    .close = echo_close,
    .write = echo_write,
    .accept_input = echo_accept,
};

void qh_registry_foreach_offer(G_GNUC_UNUSED QhRegistry *registry,
                               const char *kind,
                               QhOfferFn fn,
                               void *data)
{
    g_autoptr(QhJson) entry = qh_json_parse("{\"name\": \"echo\"}", -1, NULL, NULL);

    g_assert_cmpstr(kind, ==, "chardev");
    fn("echo-module", entry, TRUE, data);
}

gboolean qh_registry_acquire(G_GNUC_UNUSED QhRegistry *registry,
                             const char *kind,
                             const char *name,
                             QhSlotRef *ret,
                             G_GNUC_UNUSED GError **error)
{
    g_assert_cmpstr(kind, ==, "chardev");
    g_assert_cmpstr(name, ==, "echo");
    ret->ops = &echo_ops;
    ret->ctx = (void *)"ctx";
    fake_slots_held++;
    return TRUE;
}

void qh_slot_release(G_GNUC_UNUSED QhSlotRef *ref)
{
    fake_slots_held--;
}

void qh_log_warn(G_GNUC_UNUSED QhLog *log, G_GNUC_UNUSED const char *format, ...)
{
}

const QhOutside *qh_machine_outside(QhMachine *machine)
{
    (void)machine;
    return NULL;
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

QhMachine *qh_machine_enter(QhMachine *machine)
{
    if (locked) {
        return NULL;
    }
    qh_machine_lock(machine);
    return machine;
}

void qh_machine_leave(QhMachine *entered)
{
    if (entered != NULL) {
        qh_machine_unlock(entered);
    }
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
