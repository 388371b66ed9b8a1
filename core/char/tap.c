/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between a character device and a device of the guest, which is its front end through service
 * qh.char: where a machine keeps a history, what comes in is put aside until there is a moment for
 * it, and what goes out in the past has gone out before (core/machine/outside.h).
 */
#include "core/char/char-priv.h"
#include "core/machine/outside.h"

typedef struct Tap {
    QhChar *chr;
    QhCharHandlers handlers; /* the device's */
    void *opaque;
    uint32_t waiting; /* bytes that were put aside; under the device lock */
} Tap;

enum { TAP_READ, TAP_EVENT, TAP_WRITABLE };

static const QhOutside *outside_of(const QhChar *chr)
{
    QhMachine *machine = qh_host_machine(chr->host);

    return machine != NULL ? qh_machine_outside(machine) : NULL;
}

static gboolean is_past(const QhOutside *outside)
{
    return outside != NULL && outside->replaying(outside->owner);
}

/* To the device. */
static void hand_over(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    Tap *tap = opaque;

    if (kind == TAP_READ) {
        if (!is_past(outside_of(tap->chr))) {
            tap->waiting -= MIN(bytes, tap->waiting);
        }
        tap->handlers.read(tap->opaque, data, bytes);
    } else if (kind == TAP_EVENT && tap->handlers.event != NULL) {
        tap->handlers.event(tap->opaque, data[0]);
    } else if (kind == TAP_WRITABLE && tap->handlers.can_write != NULL) {
        tap->handlers.can_write(tap->opaque);
    }
}

static void send(Tap *tap, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    const QhOutside *outside = outside_of(tap->chr);

    if (outside == NULL) {
        hand_over(tap, kind, data, bytes);
    } else {
        tap->waiting += kind == TAP_READ ? bytes : 0;
        outside->feed(outside->owner, hand_over, tap, kind, data, bytes);
    }
}

static uint32_t can_read(void *opaque)
{
    const Tap *tap = opaque;
    uint32_t room = tap->handlers.can_read != NULL && tap->handlers.read != NULL
                        ? tap->handlers.can_read(tap->opaque)
                        : 0;

    return is_past(outside_of(tap->chr)) || room < tap->waiting ? 0 : room - tap->waiting;
}

static void take(void *opaque, const uint8_t *data, uint32_t bytes)
{
    send(opaque, TAP_READ, data, bytes);
}

static void event(void *opaque, uint32_t number)
{
    uint8_t byte = (uint8_t)number;

    send(opaque, TAP_EVENT, &byte, 1);
}

static void can_write(void *opaque)
{
    send(opaque, TAP_WRITABLE, NULL, 0);
}

static gboolean detach(QhChar *chr, void *opaque)
{
    const QhOutside *outside = outside_of(chr);

    for (GSList *item = chr->taps; item != NULL; item = item->next) {
        Tap *tap = item->data;
        if (tap->opaque != opaque) {
            continue;
        }
        if (outside != NULL) {
            outside->forget(outside->owner); /* notes name the tap */
        }
        (void)qh_char_attach(chr, NULL, tap, NULL);
        chr->taps = g_slist_delete_link(chr->taps, item);
        g_free(tap);
        break;
    }
    return TRUE;
}

gboolean qh_char_tap(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error)
{
    static const QhCharHandlers own = {
        .size = sizeof(QhCharHandlers),
        .can_read = can_read,
        .read = take,
        .event = event,
        .can_write = can_write,
    };
    Tap *tap;

    if (handlers == NULL) {
        return detach(chr, opaque);
    }
    tap = g_new0(Tap, 1);
    tap->chr = chr;
    tap->opaque = opaque;
    qh_char_copy_handlers(&tap->handlers, handlers);
    chr->taps = g_slist_prepend(chr->taps, tap);
    if (!qh_char_attach(chr, &own, tap, error)) {
        chr->taps = g_slist_remove(chr->taps, tap);
        g_free(tap);
        return FALSE;
    }
    return TRUE;
}

uint32_t qh_char_tap_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    const QhOutside *outside = outside_of(chr);
    uint32_t done;

    if (is_past(outside)) {
        return outside->answer(outside->owner, chr, bytes);
    }
    done = qh_char_write(chr, data, bytes);
    if (outside != NULL && done < bytes) {
        outside->note_answer(outside->owner, chr, done);
    }
    return done;
}

void qh_char_tap_break(QhChar *chr)
{
    if (!is_past(outside_of(chr))) {
        qh_char_send_break(chr);
    }
}
