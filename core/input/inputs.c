/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which device gets an event: of those that take its kind and are not bound to another screen the
 * one that is bound to this one, then the one that was chosen, then the one that the guest uses,
 * then the newest. A button and a wheel go where movements go.
 *
 * Events come to the guest from outside: a machine that keeps a history notes them.
 */
#include "core/input/input.h"

#include "core/device/instance.h"
#include "core/display/display.h"
#include "core/host/run-state.h"
#include "core/machine/machine.h"
#include "core/machine/outside.h"

#include <linux/input-event-codes.h>
#include <string.h>

#define MAX_DEVICES 64u
#define MAX_QUEUE   4096u /* above this only releases are kept, */
#define MAX_RELEASE 8192u /* and above this nothing is */
#define MAX_CHORDS  64u

#define KIND_SYNC 0xffffu /* in the queue: the end of what belongs together */

#define POINTER_KINDS (1u << QH_INPUT_REL | 1u << QH_INPUT_ABS)

struct QhInput {
    QhInputs *inputs;
    QhInputOps ops;
    void *opaque;
    char *display; /* bound to this device's screen @head; NULL: to none. Under the lock */
    uint32_t head;
    uint32_t index;
    gboolean active; /* under the lock */
    gboolean unsynced;
    uint32_t leds;
};

typedef struct Waiting {
    QhDisplay *display; /* a reference, or NULL */
    QhInputEvent event;
} Waiting;

/* Keys that are pressed together for a while. */
typedef struct Chord {
    guint n_keys;
    uint32_t hold_ms;
    uint16_t keys[];
} Chord;

struct QhInputs {
    QhHost *host;
    GMutex lock; /* of the queue, and of what QhInput says */
    GArray *queue;
    gboolean deferred;
    GPtrArray *devices; /* QhInput *, newest first; changes under the lock on the main thread */
    QhInput *mouse;     /* chosen by mouse_set, or NULL */
    uint32_t next_index;

    GQueue chords; /* Chord *; the first one is pressed. [main] */
    GSource *release;
    uint32_t buttons; /* that the monitor has pressed. [main] */
};

QhInputs *qh_inputs_new(QhHost *host)
{
    QhInputs *inputs = g_new0(QhInputs, 1);

    inputs->host = host;
    inputs->queue = g_array_new(FALSE, FALSE, sizeof(Waiting));
    inputs->devices = g_ptr_array_new();
    g_mutex_init(&inputs->lock);
    g_queue_init(&inputs->chords);
    return inputs;
}

static void drop_queue(GArray *queue)
{
    for (guint i = 0; i < queue->len; i++) {
        qh_display_unref(g_array_index(queue, Waiting, i).display);
    }
    g_array_unref(queue);
}

void qh_inputs_free(QhInputs *inputs)
{
    if (inputs == NULL) {
        return;
    }
    if (inputs->release != NULL) {
        g_source_destroy(inputs->release);
        g_source_unref(inputs->release);
    }
    g_queue_clear_full(&inputs->chords, g_free);
    drop_queue(inputs->queue);
    g_ptr_array_unref(inputs->devices);
    g_mutex_clear(&inputs->lock);
    g_free(inputs);
}

/* How well @input suits events from @display; 0: not at all. */
static uint32_t rank(const QhInputs *inputs, const QhInput *input, QhDisplay *display)
{
    uint32_t result = 1;

    if (input->display != NULL) {
        uint32_t head = 0;
        const char *id = display != NULL ? qh_display_device(display, &head) : NULL;

        if (id == NULL || head != input->head || !g_str_equal(id, input->display)) {
            return 0;
        }
        result += 4;
    }
    return result + (input == inputs->mouse ? 2 : 0) + (input->active ? 1 : 0);
}

/* The device for any of @kinds; with the lock. */
static QhInput *find(QhInputs *inputs, QhDisplay *display, uint32_t kinds)
{
    QhInput *best = NULL;
    uint32_t best_rank = 0;

    for (guint i = 0; i < inputs->devices->len; i++) {
        QhInput *input = g_ptr_array_index(inputs->devices, i);
        uint32_t this_rank = (input->ops.kinds & kinds) ? rank(inputs, input, display) : 0;

        if (this_rank > best_rank) {
            best = input;
            best_rank = this_rank;
        }
    }
    return best;
}

/* Buttons and wheels go where movements go, whichever kind these are of. */
static QhInput *route(QhInputs *inputs, QhDisplay *display, const QhInputEvent *event)
{
    gboolean wheel = event->kind == QH_INPUT_REL && event->code != REL_X && event->code != REL_Y;

    if (wheel || event->kind == QH_INPUT_BTN) {
        QhInput *pointer = find(inputs, display, POINTER_KINDS);

        if (pointer != NULL && (wheel || (pointer->ops.kinds & (1u << QH_INPUT_BTN)))) {
            return pointer;
        }
    }
    return find(inputs, display, 1u << event->kind);
}

/* What QhOutside hands back: some events of one device, and their end. */
static void give(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    QhInput *input = opaque;

    (void)kind;
    for (uint32_t at = 0; at + sizeof(QhInputEvent) <= bytes; at += sizeof(QhInputEvent)) {
        QhInputEvent event;

        memcpy(&event, data + at, sizeof(event));
        if (event.kind == KIND_SYNC) {
            input->ops.sync(input->opaque);
        } else {
            input->ops.event(input->opaque, &event);
        }
    }
}

/* [main, device lock] */
static void pass(QhInput *input, QhMachine *machine, const QhInputEvent *event)
{
    const QhOutside *outside = machine != NULL ? qh_machine_outside(machine) : NULL;

    if (outside == NULL) {
        give(input, 0, (const uint8_t *)event, sizeof(*event));
    } else if (!outside->replaying(outside->owner)) {
        outside->feed(outside->owner, give, input, 0, event, sizeof(*event));
    }
}

static gboolean is_release(const QhInputEvent *event)
{
    return (event->kind == QH_INPUT_KEY || event->kind == QH_INPUT_BTN) && event->value == 0;
}

static void sync_all(QhInputs *inputs, QhMachine *machine)
{
    const QhInputEvent sync = {.kind = KIND_SYNC};

    for (guint i = 0; i < inputs->devices->len; i++) {
        QhInput *input = g_ptr_array_index(inputs->devices, i);

        if (input->unsynced) {
            input->unsynced = FALSE;
            pass(input, machine, &sync);
        }
    }
}

static void deliver(void *data)
{
    QhInputs *inputs = data;
    QhMachine *machine = qh_host_machine(inputs->host);
    gboolean running = qh_run_state_is_running(qh_host_run_state(inputs->host));
    QhMachine *entered = qh_machine_enter(machine);

    g_mutex_lock(&inputs->lock);
    GArray *queue = inputs->queue;
    inputs->queue = g_array_new(FALSE, FALSE, sizeof(Waiting));
    inputs->deferred = FALSE;
    g_mutex_unlock(&inputs->lock);
    for (guint i = 0; i < queue->len; i++) {
        const Waiting *waiting = &g_array_index(queue, Waiting, i);

        if (waiting->event.kind == KIND_SYNC) {
            sync_all(inputs, machine);
        } else if (running || is_release(&waiting->event)) {
            g_mutex_lock(&inputs->lock);
            QhInput *input = route(inputs, waiting->display, &waiting->event);
            g_mutex_unlock(&inputs->lock);
            if (input != NULL) {
                input->unsynced = TRUE;
                pass(input, machine, &waiting->event);
            }
        }
    }
    qh_machine_leave(entered);
    drop_queue(queue);
}

static void enqueue(QhInputs *inputs, QhDisplay *display, const QhInputEvent *event)
{
    g_mutex_lock(&inputs->lock);
    gboolean keep = inputs->queue->len < (is_release(event) ? MAX_RELEASE : MAX_QUEUE);
    gboolean defer = keep && !inputs->deferred;
    if (keep) {
        const Waiting waiting = {display != NULL ? qh_display_ref(display) : NULL, *event};

        g_array_append_val(inputs->queue, waiting);
        inputs->deferred = TRUE;
    }
    g_mutex_unlock(&inputs->lock);
    if (defer) {
        qh_host_defer(inputs->host, deliver, inputs);
    }
}

void qh_inputs_send(QhInputs *inputs, QhDisplay *display, const QhInputEvent *event)
{
    if (event->kind <= QH_INPUT_MTT) {
        enqueue(inputs, display, event);
    }
}

void qh_inputs_sync(QhInputs *inputs, QhDisplay *display)
{
    const QhInputEvent sync = {.kind = KIND_SYNC};

    enqueue(inputs, display, &sync);
}

gboolean qh_inputs_is_absolute(QhInputs *inputs, QhDisplay *display)
{
    g_mutex_lock(&inputs->lock);
    const QhInput *input = find(inputs, display, POINTER_KINDS);
    gboolean result = input != NULL && (input->ops.kinds & (1u << QH_INPUT_ABS)) != 0;
    g_mutex_unlock(&inputs->lock);
    return result;
}

gboolean qh_inputs_takes(QhInputs *inputs, QhDisplay *display, const QhInputEvent *event)
{
    g_mutex_lock(&inputs->lock);
    gboolean result = event->kind <= QH_INPUT_MTT && route(inputs, display, event) != NULL;
    g_mutex_unlock(&inputs->lock);
    return result;
}

static void send_keys(QhInputs *inputs, const Chord *chord, gboolean down)
{
    for (guint i = 0; i < chord->n_keys; i++) {
        guint at = down ? i : chord->n_keys - 1 - i;
        const QhInputEvent event = {QH_INPUT_KEY, chord->keys[at], down ? 1 : 0};

        qh_inputs_send(inputs, NULL, &event);
        qh_inputs_sync(inputs, NULL);
    }
}

static gboolean release_chord(gpointer data);

static void press_first(QhInputs *inputs)
{
    const Chord *chord = g_queue_peek_head(&inputs->chords);

    if (inputs->release != NULL) {
        g_source_unref(inputs->release);
        inputs->release = NULL;
    }
    if (chord != NULL) {
        send_keys(inputs, chord, TRUE);
        inputs->release = g_timeout_source_new(chord->hold_ms);
        g_source_set_callback(inputs->release, release_chord, inputs, NULL);
        g_source_attach(inputs->release, qh_host_context(inputs->host));
    }
}

static gboolean release_chord(gpointer data)
{
    QhInputs *inputs = data;
    g_autofree Chord *chord = g_queue_pop_head(&inputs->chords);

    send_keys(inputs, chord, FALSE);
    press_first(inputs);
    return G_SOURCE_REMOVE;
}

gboolean qh_inputs_chord(
    QhInputs *inputs, const uint16_t *keys, guint n_keys, uint32_t hold_ms, GError **error)
{
    if (inputs->chords.length >= MAX_CHORDS) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "%u key strokes wait already", MAX_CHORDS);
        return FALSE;
    }
    Chord *chord = g_malloc(sizeof(Chord) + n_keys * sizeof(chord->keys[0]));
    chord->n_keys = n_keys;
    chord->hold_ms = hold_ms;
    memcpy(chord->keys, keys, n_keys * sizeof(chord->keys[0]));
    g_queue_push_tail(&inputs->chords, chord);
    if (inputs->chords.length == 1) {
        press_first(inputs);
    }
    return TRUE;
}

void qh_inputs_foreach_mouse(QhInputs *inputs,
                             void (*fn)(const QhInputMouse *mouse, void *data),
                             void *data)
{
    g_mutex_lock(&inputs->lock);
    const QhInput *current = find(inputs, NULL, POINTER_KINDS);
    g_mutex_unlock(&inputs->lock);
    for (guint i = 0; i < inputs->devices->len; i++) {
        const QhInput *input = g_ptr_array_index(inputs->devices, i);
        const QhInputMouse mouse = {.name = input->ops.name,
                                    .index = input->index,
                                    .current = input == current,
                                    .absolute = (input->ops.kinds & (1u << QH_INPUT_ABS)) != 0};

        if (input->ops.kinds & POINTER_KINDS) {
            fn(&mouse, data);
        }
    }
}

gboolean qh_inputs_set_mouse(QhInputs *inputs, uint32_t index, GError **error)
{
    QhInput *found = NULL;

    for (guint i = 0; i < inputs->devices->len; i++) {
        QhInput *input = g_ptr_array_index(inputs->devices, i);

        if (input->index == index && (input->ops.kinds & POINTER_KINDS)) {
            found = input;
        }
    }
    if (found == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no mouse with index %u", index);
        return FALSE;
    }
    g_mutex_lock(&inputs->lock);
    inputs->mouse = found;
    g_mutex_unlock(&inputs->lock);
    return TRUE;
}

void qh_inputs_set_buttons(QhInputs *inputs, uint32_t mask)
{
    static const uint16_t codes[] = {BTN_LEFT, BTN_RIGHT, BTN_MIDDLE};

    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        const QhInputEvent event = {QH_INPUT_BTN, codes[i], (mask >> i & 1) != 0};

        if (((mask ^ inputs->buttons) >> i & 1) != 0) {
            qh_inputs_send(inputs, NULL, &event);
        }
    }
    inputs->buttons = mask;
    qh_inputs_sync(inputs, NULL);
}

static QhInput *attach(QhDevice *device, const QhInputOps *ops, void *opaque, GError **error)
{
    QhInputs *inputs = qh_host_inputs(qh_machine_host(device->machine));

    if (inputs->devices->len >= MAX_DEVICES) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "there are %u input devices already",
                    MAX_DEVICES);
        return NULL;
    }
    QhInput *input = g_new0(QhInput, 1);
    input->inputs = inputs;
    memcpy(&input->ops, ops, MIN(ops->size, sizeof(input->ops)));
    input->opaque = opaque;
    input->index = inputs->next_index++;
    g_mutex_lock(&inputs->lock);
    g_ptr_array_insert(inputs->devices, 0, input);
    g_mutex_unlock(&inputs->lock);
    return input;
}

static void detach(QhInput *input)
{
    if (input == NULL) {
        return;
    }
    QhInputs *inputs = input->inputs;
    g_mutex_lock(&inputs->lock);
    g_ptr_array_remove(inputs->devices, input);
    inputs->mouse = inputs->mouse == input ? NULL : inputs->mouse;
    g_mutex_unlock(&inputs->lock);
    g_free(input->display);
    g_free(input);
}

static void bind_to(QhInput *input, const char *display, uint32_t head)
{
    g_mutex_lock(&input->inputs->lock);
    g_free(input->display);
    input->display = g_strdup(display);
    input->head = head;
    g_mutex_unlock(&input->inputs->lock);
}

/* A keyboard's lamps count when it is the one that keys go to. */
static void show_leds(QhInputs *inputs)
{
    g_mutex_lock(&inputs->lock);
    const QhInput *keyboard = find(inputs, NULL, 1u << QH_INPUT_KEY);
    uint32_t leds = keyboard != NULL ? keyboard->leds : 0;
    g_mutex_unlock(&inputs->lock);
    qh_displays_set_leds(qh_host_displays(inputs->host), leds);
}

static void activate(QhInput *input, gboolean active)
{
    g_mutex_lock(&input->inputs->lock);
    gboolean changed = input->active != active;
    input->active = active;
    g_mutex_unlock(&input->inputs->lock);
    if (changed) {
        show_leds(input->inputs);
    }
}

static void leds(QhInput *input, uint32_t lit)
{
    g_mutex_lock(&input->inputs->lock);
    gboolean changed = input->leds != lit;
    input->leds = lit;
    g_mutex_unlock(&input->inputs->lock);
    if (changed) {
        show_leds(input->inputs);
    }
}

static QhInputs *inputs_of(QhDisplay *display)
{
    return qh_host_inputs(qh_display_host(display));
}

/* Service: a client has a screen, or there would be nobody to look at it. */
static void send_event(QhDisplay *display, const QhInputEvent *event)
{
    qh_inputs_send(inputs_of(display), display, event);
}

static void send_sync(QhDisplay *display)
{
    qh_inputs_sync(inputs_of(display), display);
}

static gboolean is_absolute(QhDisplay *display)
{
    return qh_inputs_is_absolute(inputs_of(display), display);
}

const QhInputService qh_input_service = {
    .size = sizeof(QhInputService),
    .attach = attach,
    .detach = detach,
    .bind = bind_to,
    .activate = activate,
    .leds = leds,
    .send = send_event,
    .sync = send_sync,
    .is_absolute = is_absolute,
};
