/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A monitor on a character device: QMP, or the human one. A device calls its front end with the
 * machine's device lock held, and commands stop CPUs that may wait for that lock; so what comes in
 * is put aside and dealt with in a turn of its own.
 */
#include "core/char/chars.h"
#include "core/fd/fds.h"
#include "core/qmp/monitor.h"
#include "core/qmp/qmp-priv.h"
#include <string.h>

#define INPUT_BYTES 4096  /* put aside */
#define BUSY_BYTES  65536 /* unread output of the human monitor: take no more input */

typedef struct Port {
    QhQmp *qmp;
    QhChar *chr;
    gboolean human;
    gboolean open;    /* what the device last said */
    gboolean changed; /* it was opened or closed since the last turn */
    GByteArray *input;
    GSource *work;    /* ready when there is something to do */
    gboolean stopped; /* the session takes no input */
    QhFdNames *names;

    QhSession *session; /* QMP, while open */
    QhMonitor *monitor; /* human, while open */
    GString *output;    /* of the human monitor */
} Port;

static void wake(Port *port)
{
    g_source_set_ready_time(port->work, 0);
}

static size_t port_write(void *transport, const char *bytes, size_t length)
{
    Port *port = transport;

    return qh_char_write(port->chr, (const uint8_t *)bytes, (uint32_t)MIN(length, 1u << 20));
}

static void port_resume_input(void *transport)
{
    Port *port = transport;

    if (port->stopped) {
        port->stopped = FALSE;
        wake(port);
    }
}

static int port_take_fd(void *transport)
{
    return qh_char_take_fd(((Port *)transport)->chr);
}

/* The device stays; the next opening begins a new session. */
static void port_finished(void *transport)
{
    (void)transport;
}

static const QhTransportOps port_ops = {
    .write = port_write,
    .resume_input = port_resume_input,
    .take_fd = port_take_fd,
    .finished = port_finished,
};

static void write_output(Port *port)
{
    if (port->output->len > 0) {
        size_t n = port_write(port, port->output->str, port->output->len);
        g_string_erase(port->output, 0, (gssize)n);
    }
}

static void reopen(Port *port)
{
    port->changed = FALSE;
    port->stopped = FALSE;
    g_clear_pointer(&port->session, qh_session_free);
    g_clear_pointer(&port->monitor, qh_monitor_free);
    g_string_truncate(port->output, 0);
    if (!port->open) {
        qh_char_drop_fds(port->chr);
        return;
    }
    if (port->human) {
        port->monitor = qh_monitor_new(qh_qmp_host(port->qmp), port->output);
    } else {
        port->session = qh_session_new(port->qmp, &port_ops, port, port->names);
    }
}

static void feed_session(Port *port)
{
    if (port->input->len == 0 || !qh_session_wants_input(port->session)) {
        port->stopped = port->input->len > 0;
        return;
    }
    g_autoptr(GByteArray) input = port->input;
    port->input = g_byte_array_new();
    qh_session_input(port->session, (const char *)input->data, input->len);
}

static void feed_monitor(Port *port)
{
    const QhFdMonitor monitor = {port->names, port_take_fd, port};
    QhFds *fds = qh_host_fds(qh_qmp_host(port->qmp));
    const QhFdMonitor *before = qh_fds_set_monitor(fds, &monitor);
    size_t i = 0;

    while (i < port->input->len && port->output->len < BUSY_BYTES) {
        qh_monitor_input(port->monitor, (char)port->input->data[i++], port->output);
    }
    qh_fds_set_monitor(fds, before);
    g_byte_array_remove_range(port->input, 0, (guint)i);
}

static gboolean do_work(gpointer data)
{
    Port *port = data;

    g_source_set_ready_time(port->work, -1);
    if (port->changed && !port->open) {
        /* what the peer said before it went */
        if (port->session != NULL) {
            feed_session(port);
        } else if (port->monitor != NULL) {
            feed_monitor(port);
        }
        g_byte_array_set_size(port->input, 0);
    }
    if (port->changed) {
        reopen(port);
    }
    if (port->session != NULL) {
        qh_session_writable(port->session);
        feed_session(port);
    } else if (port->monitor != NULL) {
        write_output(port);
        feed_monitor(port);
        write_output(port);
        if (port->input->len > 0 && port->output->len < BUSY_BYTES) {
            wake(port); /* the rest in another turn */
        }
    }
    qh_char_accept_input(port->chr);
    return G_SOURCE_CONTINUE;
}

/* The front end's side: the device lock is held. */

static uint32_t can_read(void *opaque)
{
    Port *port = opaque;

    /* later descriptors would replace those that commands on their way have come with */
    if (qh_char_has_fds(port->chr) &&
        (port->input->len > 0 ||
         (port->session != NULL && !qh_session_wants_input(port->session)))) {
        port->stopped = TRUE;
        return 0;
    }
    return port->input->len < INPUT_BYTES ? INPUT_BYTES - port->input->len : 0;
}

static void take_input(void *opaque, const uint8_t *data, uint32_t bytes)
{
    Port *port = opaque;

    g_byte_array_append(port->input, data, bytes);
    wake(port);
}

static void on_event(void *opaque, uint32_t event)
{
    Port *port = opaque;

    if (event == QH_CHAR_OPENED || event == QH_CHAR_CLOSED) {
        port->open = event == QH_CHAR_OPENED;
        port->changed = TRUE;
        if (port->open) {
            g_byte_array_set_size(port->input, 0);
            qh_char_drop_fds(port->chr);
        }
        wake(port);
    } else if (event == QH_CHAR_FOCUS_IN && port->human) {
        /* back from the guest: drop a half-typed line and show a new prompt (Ctrl-U, Enter) */
        g_byte_array_append(port->input, (const uint8_t *)"\025\r", 2);
        wake(port);
    }
}

static void can_write(void *opaque)
{
    wake(opaque);
}

static void port_free(gpointer data)
{
    Port *port = data;

    qh_char_attach(port->chr, NULL, port, NULL);
    g_source_destroy(port->work);
    g_source_unref(port->work);
    qh_session_free(port->session);
    qh_monitor_free(port->monitor);
    qh_fd_names_free(port->names);
    g_byte_array_unref(port->input);
    g_string_free(port->output, TRUE);
    g_free(port);
}

gboolean qh_qmp_chardev_attach(QhQmp *qmp, const char *id, gboolean human, GError **error)
{
    static const QhCharHandlers handlers = {
        .size = sizeof(QhCharHandlers),
        .can_read = can_read,
        .read = take_input,
        .event = on_event,
        .can_write = can_write,
    };
    QhChar *chr = id != NULL ? qh_chars_find(qh_host_chars(qh_qmp_host(qmp)), id) : NULL;

    if (chr == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "attaching a monitor: there is no chardev '%s'", id != NULL ? id : "");
        return FALSE;
    }
    Port *port = g_new0(Port, 1);
    port->qmp = qmp;
    port->chr = chr;
    port->human = human;
    port->input = g_byte_array_new();
    port->output = g_string_new(NULL);
    port->names = qh_fd_names_new();
    port->work = qh_ready_source_new(qh_qmp_host(qmp), do_work, port);
    if (!qh_char_attach(chr, &handlers, port, error)) {
        port->chr = NULL;
        g_source_destroy(port->work);
        g_source_unref(port->work);
        qh_fd_names_free(port->names);
        g_byte_array_unref(port->input);
        g_string_free(port->output, TRUE);
        g_free(port);
        return FALSE;
    }
    qh_char_keep_fds(chr);
    qh_qmp_keep(qmp, port, port_free);
    return TRUE;
}
