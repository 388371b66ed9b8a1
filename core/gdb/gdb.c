/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stub's place on a character device. A device calls its front end with the machine's device
 * lock held, and the stub stops CPUs that may wait for that lock; so what comes in is put aside and
 * dealt with in a turn of its own.
 */
#include "core/gdb/gdb.h"

#include "core/char/chars.h"
#include "core/gdb/stub.h"

#include <string.h>

#define DEVICE_ID   "gdb"
#define INPUT_BYTES 32768u     /* put aside */
#define BUSY_BYTES  (1u << 20) /* unread output: take no more input */

struct QhGdb {
    QhHost *host;
    QhGdbStub *stub;
    QhChar *chr;    /* NULL: not listening */
    gboolean owned; /* chr was made here */
    GSource *work;  /* ready when there is something to do */
    GByteArray *input;
    gboolean open, changed; /* what the device last said; and that it said something */
    gboolean interrupt;     /* a break condition on a serial line */
};

static void wake(QhGdb *gdb)
{
    g_source_set_ready_time(gdb->work, 0);
}

static void write_output(QhGdb *gdb)
{
    GString *out = gdb->stub->wire.out;
    uint32_t n;

    if (gdb->chr != NULL && out->len > 0) {
        n = qh_char_write(gdb->chr, (const uint8_t *)out->str, (uint32_t)out->len);
        g_string_erase(out, 0, n);
    }
}

/* A command may end the service, so the device is looked at again after each byte. */
static void feed(QhGdb *gdb)
{
    guint i = 0;

    while (gdb->chr != NULL && i < gdb->input->len && gdb->stub->wire.out->len < BUSY_BYTES) {
        qh_gdb_stub_input(gdb->stub, gdb->input->data[i++]);
    }
    g_byte_array_remove_range(gdb->input, 0, MIN(i, gdb->input->len));
}

static gboolean do_work(gpointer data)
{
    QhGdb *gdb = data;

    g_source_set_ready_time(gdb->work, -1);
    if (gdb->changed) {
        gdb->changed = FALSE;
        if (gdb->open) {
            qh_gdb_stub_open(gdb->stub);
        } else {
            feed(gdb); /* what the peer said before it went */
            qh_gdb_stub_close(gdb->stub);
            g_byte_array_set_size(gdb->input, 0);
        }
    }
    if (gdb->interrupt) {
        gdb->interrupt = FALSE;
        qh_gdb_stub_interrupt(gdb->stub);
    }
    qh_gdb_stub_check(gdb->stub);
    write_output(gdb);
    feed(gdb);
    write_output(gdb);
    if (gdb->input->len > 0 && gdb->stub->wire.out->len < BUSY_BYTES) {
        wake(gdb);
    }
    if (gdb->chr != NULL) {
        qh_char_accept_input(gdb->chr);
    }
    return G_SOURCE_CONTINUE;
}

/* The front end's side: the device lock is held. */

static uint32_t can_read(void *opaque)
{
    const QhGdb *gdb = opaque;

    return gdb->input->len < INPUT_BYTES ? INPUT_BYTES - gdb->input->len : 0;
}

static void take_input(void *opaque, const uint8_t *data, uint32_t bytes)
{
    QhGdb *gdb = opaque;

    g_byte_array_append(gdb->input, data, bytes);
    wake(gdb);
}

static void on_event(void *opaque, uint32_t event)
{
    QhGdb *gdb = opaque;

    if (event == QH_CHAR_OPENED || event == QH_CHAR_CLOSED) {
        gdb->open = event == QH_CHAR_OPENED;
        gdb->changed = TRUE;
        if (gdb->open) {
            g_byte_array_set_size(gdb->input, 0);
        }
        wake(gdb);
    } else if (event == QH_CHAR_BREAK) {
        gdb->interrupt = TRUE;
        wake(gdb);
    }
}

static void can_write(void *opaque)
{
    wake(opaque);
}

static void wake_up(void *data)
{
    wake(data);
}

static void stop_listening(QhGdb *gdb)
{
    QhChar *chr = gdb->chr;

    if (chr == NULL) {
        return;
    }
    gdb->chr = NULL;
    gdb->open = gdb->changed = gdb->interrupt = FALSE;
    qh_char_attach(chr, NULL, gdb, NULL);
    qh_gdb_stub_close(gdb->stub);
    if (gdb->owned) {
        (void)qh_chars_remove(qh_host_chars(gdb->host), DEVICE_ID, NULL);
    }
}

static void gdb_free(QhGdb *gdb)
{
    if (gdb->chr != NULL) {
        qh_gdb_stub_farewell(gdb->stub);
        write_output(gdb);
    }
    stop_listening(gdb);
    qh_gdb_stub_free(gdb->stub);
    g_source_destroy(gdb->work);
    g_source_unref(gdb->work);
    g_byte_array_unref(gdb->input);
    g_free(gdb);
}

static gboolean dispatch(G_GNUC_UNUSED GSource *source, GSourceFunc callback, gpointer data)
{
    return callback(data);
}

static QhGdb *gdb_new(QhHost *host, GError **error)
{
    static GSourceFuncs funcs = {.dispatch = dispatch}; /* g_source_new wants it writable */
    QhGdb *gdb = g_new0(QhGdb, 1);

    gdb->stub = qh_gdb_stub_new(host, wake_up, gdb, error);
    if (gdb->stub == NULL) {
        g_free(gdb);
        return NULL;
    }
    gdb->host = host;
    gdb->input = g_byte_array_new();
    gdb->work = g_source_new(&funcs, sizeof(GSource));
    g_source_set_callback(gdb->work, do_work, gdb, NULL);
    g_source_attach(gdb->work, qh_host_context(host));
    qh_host_set_gdb(host, gdb, gdb_free);
    return gdb;
}

static gboolean start_listening(QhGdb *gdb, const char *device, GError **error)
{
    static const QhCharHandlers handlers = {
        .size = sizeof(QhCharHandlers),
        .can_read = can_read,
        .read = take_input,
        .event = on_event,
        .can_write = can_write,
    };
    QhChars *chars = qh_host_chars(gdb->host);
    gboolean listens = g_str_has_prefix(device, "tcp:");
    g_autofree char *text =
        listens ? g_strconcat(device, ",server=on,wait=off,nodelay=on", NULL) : g_strdup(device);
    g_autofree char *id = NULL;

    if (!qh_chars_add_short(chars, DEVICE_ID, text, &id, error)) {
        return FALSE;
    }
    gdb->owned = g_str_equal(id, DEVICE_ID);
    gdb->chr = qh_chars_find(chars, id);
    if (!qh_char_attach(gdb->chr, &handlers, gdb, error)) {
        gdb->chr = NULL;
        if (gdb->owned) {
            (void)qh_chars_remove(chars, DEVICE_ID, NULL);
        }
        return FALSE;
    }
    return TRUE;
}

gboolean qh_gdb_listen(QhHost *host, const char *device, GError **error)
{
    QhGdb *gdb = qh_host_gdb(host);

    if (gdb != NULL) {
        stop_listening(gdb);
    }
    if (g_str_equal(device, "none")) {
        return TRUE;
    }
    if (gdb == NULL) {
        gdb = gdb_new(host, error);
    }
    return gdb != NULL && start_listening(gdb, device, error);
}
