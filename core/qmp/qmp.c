/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root of QMP, and events. An event may come from any thread: its text, with the time it
 * happened at, is made there and handed to the sessions by the main thread.
 */
#include "core/host/log.h"
#include "core/module/registry.h"
#include "core/qmp/dispatch.h"
#include "core/qmp/qmp-priv.h"
#include <string.h>

/* Events that a guest can cause as often as it likes: one of a name each second, the newest. */
static const char *const limited[] = {
    "CPU_POLARIZATION_CHANGE", "GUEST_CRASHLOADED", "MODULES_CHANGED",
    "SCLP_CPI_INFO_AVAILABLE", "WATCHDOG",
};
#define LIMIT_US G_USEC_PER_SEC

typedef struct Owned {
    void *data;
    GDestroyNotify free_fn;
} Owned;

/* One limited event name. */
typedef struct Limit {
    gint64 last; /* when it was sent, monotonic microseconds; 0 never */
    char *held;  /* text that waits for its time */
} Limit;

typedef struct Event {
    QhQmp *qmp;
    int limit; /* position in limited, -1 */
    char *text;
} Event;

struct QhQmp {
    QhHost *host;
    GPtrArray *sessions; /* QhSession * */
    GArray *owned;       /* Owned */
    Limit limits[G_N_ELEMENTS(limited)];
    GSource *release; /* sends what the limits hold */
    gboolean migration_events;
    QhSession *current;
    QhQmpDump *dump; /* of dump-guest-memory; NULL: there was none */
};

QhHost *qh_qmp_host(QhQmp *qmp)
{
    return qmp->host;
}

QhQmpDump **qh_qmp_dump(QhQmp *qmp)
{
    return &qmp->dump;
}

QhSession *qh_qmp_current(QhQmp *qmp)
{
    return qmp->current;
}

void qh_qmp_set_current(QhQmp *qmp, QhSession *session)
{
    qmp->current = session;
}

gboolean *qh_qmp_migration_events(QhQmp *qmp)
{
    return &qmp->migration_events;
}

static gboolean ready_dispatch(GSource *source, GSourceFunc fn, gpointer data)
{
    (void)source;
    return fn(data);
}

GSource *qh_ready_source_new(QhHost *host, GSourceFunc fn, void *data)
{
    static GSourceFuncs funcs = {.dispatch = ready_dispatch}; /* g_source_new wants it writable */
    GSource *source = g_source_new(&funcs, sizeof(GSource));

    g_source_set_callback(source, fn, data, NULL);
    g_source_attach(source, qh_host_context(host));
    return source;
}

static void send_event(QhQmp *qmp, const char *text)
{
    for (guint i = 0; i < qmp->sessions->len; i++) {
        qh_session_event(qmp->sessions->pdata[i], text, strlen(text));
    }
}

static gboolean release_held(gpointer data)
{
    QhQmp *qmp = data;
    gint64 now = g_get_monotonic_time();
    gint64 next = -1;

    for (guint i = 0; i < G_N_ELEMENTS(limited); i++) {
        Limit *limit = &qmp->limits[i];
        if (limit->held == NULL) {
            continue;
        }
        if (now >= limit->last + LIMIT_US) {
            g_autofree char *text = g_steal_pointer(&limit->held);
            limit->last = now;
            send_event(qmp, text);
        } else if (next < 0 || limit->last + LIMIT_US < next) {
            next = limit->last + LIMIT_US;
        }
    }
    g_source_set_ready_time(qmp->release, next);
    return G_SOURCE_CONTINUE;
}

/* Hand over @text (taken). [main] */
static void deliver(QhQmp *qmp, int index, char *text)
{
    g_autofree char *line = text;
    gint64 now = g_get_monotonic_time();

    if (index >= 0) {
        Limit *limit = &qmp->limits[index];
        if (limit->last != 0 && now < limit->last + LIMIT_US) {
            g_free(limit->held);
            limit->held = g_steal_pointer(&line);
            g_source_set_ready_time(qmp->release, limit->last + LIMIT_US);
            return;
        }
        limit->last = now;
    }
    send_event(qmp, line);
}

static void deliver_deferred(void *data)
{
    Event *event = data;

    deliver(event->qmp, event->limit, event->text);
    g_free(event);
}

static char *event_text(const char *name, const QhJson *data)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();
    gint64 now = g_get_real_time();

    qh_json_write_begin_object(writer);
    qh_json_write_key(writer, "timestamp");
    qh_json_write_begin_object(writer);
    qh_json_write_key(writer, "seconds");
    qh_json_write_int(writer, now / G_USEC_PER_SEC);
    qh_json_write_key(writer, "microseconds");
    qh_json_write_int(writer, now % G_USEC_PER_SEC);
    qh_json_write_end_object(writer);
    qh_json_write_key(writer, "event");
    qh_json_write_string(writer, name);
    if (data != NULL && qh_json_length(data) > 0) {
        qh_json_write_key(writer, "data");
        qh_json_write_value(writer, data);
    }
    qh_json_write_end_object(writer);
    return qh_json_writer_steal(writer, NULL);
}

/* Emit what the schema knows. FALSE with @error when it does not. [any] */
static gboolean emit(QhQmp *qmp, const char *name, const QhJson *data, GError **error)
{
    const QhQapiEvent *event = qh_qapi_find_event(name);
    int limit = -1;

    if (event == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "event '%s': not in the schema", name);
        return FALSE;
    }
    if (event->data != NULL && !qh_qapi_check(event->data, data, error)) {
        g_prefix_error(error, "event '%s': ", name);
        return FALSE;
    }
    if (event->data == NULL && data != NULL && qh_json_length(data) > 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "event '%s': it has no members", name);
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(limited); i++) {
        if (strcmp(limited[i], name) == 0) {
            limit = (int)i;
        }
    }
    char *text = event_text(name, data);
    if (qh_host_on_main_thread(qmp->host)) {
        deliver(qmp, limit, text);
        return TRUE;
    }
    Event *deferred = g_new(Event, 1);
    *deferred = (Event){qmp, limit, text};
    qh_host_defer(qmp->host, deliver_deferred, deferred);
    return TRUE;
}

void qh_qmp_emit(QhQmp *qmp, const char *name, const QhJson *data)
{
    g_autoptr(GError) error = NULL;

    if (qmp != NULL && !emit(qmp, name, data, &error)) {
        qh_log_error(qh_host_log(qmp->host), "%s", error->message);
    }
}

typedef struct Later {
    QhHost *host;
    const char *name;
    QhJson *data;
} Later;

static void emit_now(void *data)
{
    Later *later = data;

    qh_qmp_emit(qh_host_qmp(later->host), later->name, later->data);
    qh_json_unref(later->data);
    g_free(later);
}

void qh_qmp_emit_later(QhHost *host, const char *name, QhJson *data)
{
    Later *later = g_new(Later, 1);

    *later = (Later){host, name, data};
    qh_host_defer(host, emit_now, later);
}

static gboolean service_emit(QhHost *host, const char *name, const char *json, GError **error)
{
    g_autoptr(QhJson) data = NULL;

    if (json != NULL) {
        data = qh_json_parse(json, -1, NULL, error);
        if (data == NULL) {
            return FALSE;
        }
        if (qh_json_type(data) != QH_JSON_OBJECT) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "event '%s': no object", name);
            return FALSE;
        }
    }
    return emit(qh_host_qmp(host), name, data, error);
}

const QhEventService qh_event_service = {
    .size = sizeof(QhEventService),
    .emit = service_emit,
};

/* The registry says what has changed. */
static void on_registry_change(QhRegistryChange change, const char *module, void *data)
{
    QhQmp *qmp = data;
    g_autoptr(QhJson) members = qh_json_new_object();

    if (change == QH_REGISTRY_CHANGED) {
        const char *fingerprint = qh_registry_fingerprint(qh_host_registry(qmp->host));
        qh_json_set(members, "fingerprint", qh_json_new_string(fingerprint));
        qh_qmp_emit(qmp, "MODULES_CHANGED", members);
        return;
    }
    qh_json_set(members, "name", qh_json_new_string(module));
    qh_qmp_emit(qmp, change == QH_REGISTRY_LOADED ? "MODULE_LOADED" : "MODULE_UNLOADED", members);
}

QhQmp *qh_qmp_new(QhHost *host)
{
    QhQmp *qmp = g_new0(QhQmp, 1);

    qmp->host = host;
    qmp->sessions = g_ptr_array_new();
    qmp->owned = g_array_new(FALSE, FALSE, sizeof(Owned));
    qmp->release = qh_ready_source_new(host, release_held, qmp);
    qh_registry_set_listener(qh_host_registry(host), on_registry_change, qmp);
    return qmp;
}

void qh_qmp_free(QhQmp *qmp)
{
    if (qmp == NULL) {
        return;
    }
    qh_registry_set_listener(qh_host_registry(qmp->host), NULL, NULL);
    for (guint i = 0; i < qmp->owned->len; i++) {
        const Owned *owned = &g_array_index(qmp->owned, Owned, i);
        owned->free_fn(owned->data);
    }
    g_array_unref(qmp->owned);
    g_ptr_array_unref(qmp->sessions);
    for (guint i = 0; i < G_N_ELEMENTS(limited); i++) {
        g_free(qmp->limits[i].held);
    }
    g_source_destroy(qmp->release);
    g_source_unref(qmp->release);
    g_free(qmp->dump);
    g_free(qmp);
}

void qh_qmp_add_session(QhQmp *qmp, QhSession *session)
{
    g_ptr_array_add(qmp->sessions, session);
    /* from now on someone hears of MODULES_CHANGED */
    qh_registry_watch(qh_host_registry(qmp->host));
}

void qh_qmp_remove_session(QhQmp *qmp, QhSession *session)
{
    g_ptr_array_remove(qmp->sessions, session);
}

void qh_qmp_keep(QhQmp *qmp, void *owned, GDestroyNotify free_fn)
{
    Owned entry = {owned, free_fn};

    g_array_append_val(qmp->owned, entry);
}

QhJson *qh_qmp_execute(QhQmp *qmp, const QhJson *request)
{
    QhNegotiation negotiation = {.done = TRUE};
    QhSession *current = qmp->current;
    size_t length;

    qmp->current = NULL;
    g_autofree char *text = qh_dispatch(qmp->host, request, &negotiation, &length);
    qmp->current = current;
    return qh_json_parse(text, (gssize)length, NULL, NULL);
}

gboolean qh_qmp_attach(QhQmp *qmp, const char *chardev, gboolean human, GError **error)
{
    return qh_qmp_chardev_attach(qmp, chardev, human, error);
}
