/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One character device between its back end and its front end. Input is pulled: a back end asks how
 * much room there is before it reads. When there is none it stops, and the front end's
 * accept_input, which may come from a CPU's thread, starts it again on the main thread.
 */
#include "core/char/char-priv.h"
#include "core/machine/machine.h"

#include <string.h>

static gboolean wake(gpointer data)
{
    QhChar *chr = data;

    g_source_set_ready_time(chr->wake, -1);
    if (chr->backend->accept_input != NULL) {
        chr->backend->accept_input(chr);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_wake(G_GNUC_UNUSED GSource *source, GSourceFunc callback, gpointer data)
{
    return callback(data);
}

QhChar *qh_char_new(QhHost *host, const char *id, const char *type, const QhCharBackend *backend)
{
    static GSourceFuncs wake_funcs = {.dispatch = dispatch_wake};
    QhChar *chr = g_new0(QhChar, 1);

    chr->host = host;
    chr->id = g_strdup(id);
    chr->type = g_strdup(type);
    chr->backend = backend;
    chr->state = g_malloc0(MAX(backend->state_bytes, 1));
    g_mutex_init(&chr->lock);
    chr->wake = g_source_new(&wake_funcs, sizeof(GSource));
    g_source_set_callback(chr->wake, wake, chr, NULL);
    g_source_attach(chr->wake, qh_char_context(chr));
    return chr;
}

void qh_char_free(QhChar *chr)
{
    g_source_destroy(chr->wake);
    g_source_unref(chr->wake);
    g_mutex_clear(&chr->lock);
    g_slist_free_full(chr->taps, g_free);
    qh_char_drop_fds(chr);
    g_free(chr->box);
    g_free(chr->state);
    g_free(chr->type);
    g_free(chr->id);
    g_free(chr);
}

void qh_char_copy_handlers(QhCharHandlers *to, const QhCharHandlers *from)
{
    memset(to, 0, sizeof(*to));
    memcpy(to, from, MIN(from->size, sizeof(*to)));
    to->size = sizeof(*to);
}

static gboolean detach(QhChar *chr, void *opaque)
{
    if (chr->handlers.size != 0 && chr->opaque == opaque) {
        memset(&chr->handlers, 0, sizeof(chr->handlers));
        chr->opaque = NULL;
        g_atomic_int_set(&chr->short_write, 0);
    }
    return TRUE;
}

gboolean qh_char_attach(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error)
{
    if (chr->backend->attach != NULL) {
        return chr->backend->attach(chr, handlers, opaque, error);
    }
    if (handlers == NULL) {
        return detach(chr, opaque);
    }
    if (chr->handlers.size != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "chardev '%s' is in use; a mux can be shared",
                    chr->id);
        return FALSE;
    }
    qh_char_copy_handlers(&chr->handlers, handlers);
    chr->opaque = opaque;
    if (chr->open) {
        qh_char_event(chr, QH_CHAR_OPENED);
    }
    /* input that waited for a front end */
    g_atomic_int_set(&chr->held_back, 1);
    qh_char_accept_input(chr);
    return TRUE;
}

uint32_t qh_char_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    g_mutex_lock(&chr->lock);
    /* set before the attempt: the back end may find room, and say so, right after it. One that
     * waited before still waits: behind a mux that was another front end. */
    gboolean waited = !g_atomic_int_compare_and_exchange(&chr->short_write, 0, 1);
    uint32_t done = chr->closed ? bytes : chr->backend->write(chr, data, bytes);
    if (done == bytes && !waited) {
        g_atomic_int_set(&chr->short_write, 0);
    }
    g_mutex_unlock(&chr->lock);
    return done;
}

void qh_char_accept_input(QhChar *chr)
{
    /* a guest reads byte by byte: only the first call after a stop costs anything */
    if (g_atomic_int_compare_and_exchange(&chr->held_back, 1, 0)) {
        g_source_set_ready_time(chr->wake, 0);
    }
}

void qh_char_keep_fds(QhChar *chr)
{
    if (chr->box == NULL) {
        chr->box = g_new0(QhFdBox, 1);
    }
}

int qh_char_take_fd(QhChar *chr)
{
    return chr->box != NULL ? qh_fd_box_take(chr->box) : -1;
}

gboolean qh_char_has_fds(const QhChar *chr)
{
    return chr->box != NULL && chr->box->n > 0;
}

void qh_char_drop_fds(QhChar *chr)
{
    if (chr->box != NULL) {
        qh_fd_box_clear(chr->box);
    }
}

void qh_char_send_break(QhChar *chr)
{
    if (chr->backend->send_break != NULL) {
        chr->backend->send_break(chr);
    }
}

const char *qh_char_id(const QhChar *chr)
{
    return chr->id;
}

gboolean qh_char_in_use(const QhChar *chr)
{
    return chr->handlers.size != 0 || chr->users > 0;
}

char *qh_char_filename(QhChar *chr)
{
    return chr->backend->filename(chr);
}

void qh_char_event(QhChar *chr, uint32_t event)
{
    QhMachine *machine = qh_machine_enter(qh_host_machine(chr->host));

    if (chr->handlers.event != NULL) {
        chr->handlers.event(chr->opaque, event);
    }
    qh_machine_leave(machine);
}

void qh_char_set_open(QhChar *chr, gboolean open)
{
    if (chr->open == open) {
        return;
    }
    chr->open = open;
    qh_char_event(chr, open ? QH_CHAR_OPENED : QH_CHAR_CLOSED);
    if (!open) {
        /* nobody is left who could be slow: who waits for room may go on */
        qh_char_writable(chr);
    }
}

uint32_t qh_char_can_input(QhChar *chr)
{
    QhMachine *machine = qh_machine_enter(qh_host_machine(chr->host));
    uint32_t room = 0;

    if (chr->handlers.can_read != NULL && chr->handlers.read != NULL) {
        room = chr->handlers.can_read(chr->opaque);
    }
    /* still under the device lock, so no accept_input is lost in between */
    if (room == 0) {
        g_atomic_int_set(&chr->held_back, 1);
    }
    qh_machine_leave(machine);
    return room;
}

void qh_char_input(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    QhMachine *machine = qh_machine_enter(qh_host_machine(chr->host));

    if (chr->handlers.read != NULL && bytes > 0) {
        chr->handlers.read(chr->opaque, data, bytes);
    }
    qh_machine_leave(machine);
}

void qh_char_writable(QhChar *chr)
{
    if (!g_atomic_int_compare_and_exchange(&chr->short_write, 1, 0)) {
        return;
    }
    QhMachine *machine = qh_machine_enter(qh_host_machine(chr->host));

    if (chr->handlers.can_write != NULL) {
        chr->handlers.can_write(chr->opaque);
    }
    qh_machine_leave(machine);
}

static void service_event(QhChar *chr, uint32_t event)
{
    if (event == QH_CHAR_BREAK) {
        qh_char_event(chr, event);
    } else if (event == QH_CHAR_OPENED || event == QH_CHAR_CLOSED) {
        qh_char_set_open(chr, event == QH_CHAR_OPENED);
    }
}

static int peer_fd(QhChar *chr)
{
    return chr->backend->peer_fd != NULL && chr->open ? chr->backend->peer_fd(chr) : -1;
}

const QhCharService qh_char_service = {
    .size = sizeof(QhCharService),
    .attach = qh_char_tap,
    .write = qh_char_tap_write,
    .accept_input = qh_char_accept_input,
    .send_break = qh_char_tap_break,
    .input_room = qh_char_can_input,
    .input = qh_char_input,
    .event = service_event,
    .writable = qh_char_writable,
    .peer_fd = peer_fd,
};
