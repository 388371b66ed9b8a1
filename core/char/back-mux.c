/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One back end for several front ends: all write, the one with the focus gets the input. Ctrl-A is
 * the escape: it is looked for before the front end is asked whether it has room, so the keys work
 * while a guest does not read. A front end is told that the line is open when it has the focus for
 * the first time, so a monitor does not greet in the middle of the guest's output.
 */
#include "core/char/char-priv.h"
#include "core/host/run-state.h"
#include "core/machine/machine.h"

#include <string.h>

#define MAX_FRONTS 8u
#define BUFFER     4096u
#define ESCAPE     1 /* Ctrl-A */

typedef struct Front {
    QhCharHandlers handlers;
    void *opaque;
    uint8_t buffer[BUFFER]; /* input that it has no room for yet */
    uint32_t n_buffered;
    gboolean told; /* that it is open */
} Front;

typedef struct Mux {
    QhChar *base;
    Front fronts[MAX_FRONTS];
    guint n_fronts, focus;
    gboolean escaped;
} Mux;

static const char keys[] = "\r\n"
                           "Ctrl-A h    these keys\r\n"
                           "Ctrl-A x    leave the program\r\n"
                           "Ctrl-A c    switch between the guest and the monitor\r\n"
                           "Ctrl-A b    send a break\r\n"
                           "Ctrl-A Ctrl-A    send Ctrl-A\r\n";

static void say(Mux *mux, const char *text)
{
    qh_char_write(mux->base, (const uint8_t *)text, strlen(text));
}

static void tell(QhChar *chr, guint i, uint32_t event)
{
    Mux *mux = chr->state;
    QhMachine *machine = qh_machine_enter(qh_host_machine(chr->host));

    if (i < mux->n_fronts && mux->fronts[i].handlers.event != NULL) {
        mux->fronts[i].handlers.event(mux->fronts[i].opaque, event);
    }
    qh_machine_leave(machine);
}

/* Hand on what is buffered, as far as the front end with the focus takes it. */
static void flush(QhChar *chr)
{
    Mux *mux = chr->state;
    QhMachine *machine = qh_machine_enter(qh_host_machine(chr->host));
    Front *front = &mux->fronts[mux->focus];

    while (front->n_buffered > 0 && mux->focus < mux->n_fronts) {
        uint32_t room = front->handlers.can_read != NULL && front->handlers.read != NULL
                            ? front->handlers.can_read(front->opaque)
                            : 0;
        uint8_t part[64];
        uint32_t n = MIN(MIN(room, front->n_buffered), sizeof(part));

        if (n == 0) {
            g_atomic_int_set(&chr->held_back, 1);
            break;
        }
        /* the callback may come back here: take the bytes out first */
        memcpy(part, front->buffer, n);
        front->n_buffered -= n;
        memmove(front->buffer, front->buffer + n, front->n_buffered);
        front->handlers.read(front->opaque, part, n);
    }
    qh_machine_leave(machine);
}

/* The one with the focus that the line is open, if it is and it does not know. */
static void tell_open(QhChar *chr)
{
    Mux *mux = chr->state;

    if (chr->open && mux->focus < mux->n_fronts && !mux->fronts[mux->focus].told) {
        mux->fronts[mux->focus].told = TRUE;
        tell(chr, mux->focus, QH_CHAR_OPENED);
    }
}

static void set_focus(QhChar *chr, guint focus)
{
    Mux *mux = chr->state;

    if (mux->n_fronts < 2 || focus == mux->focus) {
        return;
    }
    tell(chr, mux->focus, QH_CHAR_FOCUS_OUT);
    mux->focus = focus;
    if (mux->fronts[focus].told) {
        tell(chr, focus, QH_CHAR_FOCUS_IN);
    } else {
        tell_open(chr);
    }
}

static void escape(QhChar *chr, uint8_t key)
{
    Mux *mux = chr->state;

    switch (key) {
    case '?':
    case 'h':
        say(mux, keys);
        break;
    case 'x':
        say(mux, "\r\nterminated\r\n");
        qh_run_state_request_shutdown(qh_host_run_state(chr->host), QH_CAUSE_HOST_UI, 0);
        break;
    case 'c':
        set_focus(chr, mux->n_fronts > 0 ? (mux->focus + 1) % mux->n_fronts : 0);
        break;
    case 'b':
        tell(chr, mux->focus, QH_CHAR_BREAK);
        break;
    default:
        break;
    }
}

static uint32_t base_can_read(void *opaque)
{
    QhChar *chr = opaque;
    Mux *mux = chr->state;
    uint32_t room = BUFFER - mux->fronts[mux->focus].n_buffered;

    if (room == 0) {
        g_atomic_int_set(&chr->held_back, 1);
    }
    return room;
}

static void base_read(void *opaque, const uint8_t *data, uint32_t bytes)
{
    QhChar *chr = opaque;
    Mux *mux = chr->state;

    for (uint32_t i = 0; i < bytes; i++) {
        Front *front = &mux->fronts[mux->focus];

        if (mux->escaped && data[i] != ESCAPE) {
            mux->escaped = FALSE;
            flush(chr);
            escape(chr, data[i]);
        } else if (!mux->escaped && data[i] == ESCAPE) {
            mux->escaped = TRUE;
        } else {
            mux->escaped = FALSE;
            /* after a change of focus there may be less room than base_can_read said */
            if (front->n_buffered < BUFFER) {
                front->buffer[front->n_buffered++] = data[i];
            }
        }
    }
    flush(chr);
}

static void base_event(void *opaque, uint32_t event)
{
    QhChar *chr = opaque;
    Mux *mux = chr->state;

    if (event == QH_CHAR_BREAK) {
        tell(chr, mux->focus, event);
        return;
    }
    chr->open = event == QH_CHAR_OPENED;
    for (guint i = 0; !chr->open && i < mux->n_fronts; i++) {
        if (mux->fronts[i].told) {
            mux->fronts[i].told = FALSE;
            tell(chr, i, event);
        }
    }
    tell_open(chr);
}

static void base_can_write(void *opaque)
{
    QhChar *chr = opaque;
    Mux *mux = chr->state;

    g_atomic_int_set(&chr->short_write, 0);
    for (guint i = 0; i < mux->n_fronts; i++) {
        if (mux->fronts[i].handlers.can_write != NULL) {
            mux->fronts[i].handlers.can_write(mux->fronts[i].opaque);
        }
    }
}

static const QhCharHandlers base_handlers = {
    .size = sizeof(QhCharHandlers),
    .can_read = base_can_read,
    .read = base_read,
    .event = base_event,
    .can_write = base_can_write,
};

static gboolean mux_open(QhChar *chr, const QhJson *data, GError **error)
{
    Mux *mux = chr->state;
    const char *id = NULL;

    if (!qh_char_get_string(data, "chardev", &id, error)) {
        return FALSE;
    }
    if (id == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "member 'chardev' is missing");
        return FALSE;
    }
    mux->base = qh_chars_find(chr->chars, id);
    if (mux->base == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no chardev '%s'", id);
        return FALSE;
    }
    if (mux->base->backend == &qh_char_mux) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "chardev '%s' is a mux itself", id);
        return FALSE;
    }
    if (!qh_char_attach(mux->base, &base_handlers, chr, error)) {
        return FALSE;
    }
    mux->base->users++;
    return TRUE;
}

static void mux_close(QhChar *chr)
{
    Mux *mux = chr->state;

    mux->base->users--;
    qh_char_attach(mux->base, NULL, chr, NULL);
}

static uint32_t mux_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    return qh_char_write(((Mux *)chr->state)->base, data, bytes);
}

static void mux_accept(QhChar *chr)
{
    flush(chr);
    qh_char_accept_input(((Mux *)chr->state)->base);
}

static void mux_send_break(QhChar *chr)
{
    qh_char_send_break(((Mux *)chr->state)->base);
}

static char *mux_filename(G_GNUC_UNUSED QhChar *chr)
{
    return g_strdup("mux");
}

static void remove_front(QhChar *chr, void *opaque)
{
    Mux *mux = chr->state;

    for (guint i = 0; i < mux->n_fronts; i++) {
        if (mux->fronts[i].opaque != opaque) {
            continue;
        }
        mux->n_fronts--;
        memmove(&mux->fronts[i], &mux->fronts[i + 1], (mux->n_fronts - i) * sizeof(Front));
        if (mux->focus > i || mux->focus >= mux->n_fronts) {
            mux->focus = mux->focus > 0 ? mux->focus - 1 : 0;
        }
        break;
    }
    tell_open(chr);
    /* tells qh_chars_remove whether anybody is there */
    chr->handlers.size = mux->n_fronts > 0 ? sizeof(QhCharHandlers) : 0;
}

static gboolean
mux_attach(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error)
{
    Mux *mux = chr->state;

    if (handlers == NULL) {
        remove_front(chr, opaque);
        return TRUE;
    }
    if (mux->n_fronts == MAX_FRONTS) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "mux '%s' has %u front ends already", chr->id,
                    MAX_FRONTS);
        return FALSE;
    }
    Front *front = &mux->fronts[mux->n_fronts++];
    qh_char_copy_handlers(&front->handlers, handlers);
    front->opaque = opaque;
    if (mux->n_fronts > 1) {
        front->n_buffered = 0; /* the first one gets what was typed ahead */
    }
    chr->handlers.size = sizeof(QhCharHandlers);
    front->told = FALSE;
    tell_open(chr);
    g_atomic_int_set(&chr->held_back, 1);
    qh_char_accept_input(chr);
    return TRUE;
}

static const char *const members[] = {"chardev", NULL};

const QhCharBackend qh_char_mux = {
    .type = "mux",
    .description = "shares another one; mux=on in that one's options does it, too",
    .members = members,
    .state_bytes = sizeof(Mux),
    .open = mux_open,
    .close = mux_close,
    .write = mux_write,
    .accept_input = mux_accept,
    .send_break = mux_send_break,
    .filename = mux_filename,
    .attach = mux_attach,
};
