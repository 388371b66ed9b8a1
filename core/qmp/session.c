/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client can cost is bounded everywhere: requests that wait are those of one piece of
 * input; no request is run while replies wait to be read; a turn of the main loop runs requests for
 * a few milliseconds only; events to a client that does not read are dropped beyond a limit.
 */
#include "core/qmp/session.h"
#include "core/host/log.h"
#include "core/qmp/dispatch.h"
#include "core/qmp/later.h"
#include "core/qmp/qmp-priv.h"
#include <malloc.h>
#include <string.h>

#define TURN_US         5000        /* of requests in one turn of the main loop */
#define BUSY_BYTES      65536       /* more than this unread: run no request */
#define MAX_BACKLOG     (1u << 20)  /* more than this unread: drop events */
#define MAX_TOKEN_BYTES (64u << 20) /* QEMU's limits */
#define MAX_VALUE_BYTES (64u << 20)
#define MAX_TOKENS      (2u << 20)
#define LARGE_BYTES     (1u << 20) /* a request of this size leaves memory to give back */

/* A request that waits: what was read, or why it could not be. */
typedef struct Request {
    QhJson *json;
    GError *error;
} Request;

/* A reply that comes later. */
struct QhLater {
    QhSession *session; /* NULL: the client has gone */
    QhJson *id;
};

struct QhSession {
    QhQmp *qmp;
    QhHost *host;
    const QhTransportOps *ops;
    void *transport;
    QhFdNames *names;
    QhJsonReader *reader;
    QhNegotiation negotiation;

    GQueue requests; /* Request * */
    QhLater *later;  /* the reply that the next command waits for */
    GSource *turn;   /* ready while requests wait and may run */
    gboolean end_of_input;
    gboolean dropping;  /* events are being dropped */
    gboolean finished;  /* the transport was told */
    size_t input_bytes; /* since memory was last given back */

    GQueue output;  /* GBytes *, whole lines */
    GString *tail;  /* small lines that follow */
    size_t written; /* of the first in output */
    size_t backlog; /* bytes in both */
};

static void request_free(gpointer data)
{
    Request *request = data;

    qh_json_unref(request->json);
    g_clear_error(&request->error);
    g_free(request);
}

static void close_tail(QhSession *session)
{
    if (session->tail->len > 0) {
        g_queue_push_tail(&session->output, g_string_free_to_bytes(session->tail));
        session->tail = g_string_new(NULL);
    }
}

static void flush(QhSession *session)
{
    close_tail(session);
    while (!g_queue_is_empty(&session->output)) {
        GBytes *line = g_queue_peek_head(&session->output);
        gsize length;
        const char *bytes = g_bytes_get_data(line, &length);
        size_t n = session->ops->write(session->transport, bytes + session->written,
                                       length - session->written);

        session->written += n;
        session->backlog -= n;
        if (session->written < length) {
            return;
        }
        g_bytes_unref(g_queue_pop_head(&session->output));
        session->written = 0;
    }
    session->dropping = FALSE;
}

/* Take a line with room for its end. */
static void put_line(QhSession *session, char *line, size_t length)
{
    memcpy(line + length, "\r\n", 3);
    length += 2;
    session->backlog += length;
    if (length > BUSY_BYTES) {
        close_tail(session);
        g_queue_push_tail(&session->output, g_bytes_new_take(line, length));
        return;
    }
    g_string_append_len(session->tail, line, length);
    g_free(line);
}

static void answer(QhSession *session, const Request *request)
{
    size_t length;
    char *line;

    if (request->json != NULL) {
        const QhFdMonitor monitor = {session->names, session->ops->take_fd, session->transport};

        const QhFdMonitor *before = qh_fds_set_monitor(qh_host_fds(session->host), &monitor);

        qh_qmp_set_current(session->qmp, session);
        line = qh_dispatch(session->host, request->json, &session->negotiation, &length);
        qh_qmp_set_current(session->qmp, NULL);
        qh_fds_set_monitor(qh_host_fds(session->host), before);
    } else {
        line = qh_dispatch_error(request->error, &length);
    }
    if (line != NULL) {
        put_line(session, line, length);
    } else {
        const QhJson *id = qh_json_get(request->json, "id");

        session->later->id = id != NULL ? qh_json_ref((QhJson *)id) : NULL;
    }
}

static gboolean may_run(const QhSession *session)
{
    return session->requests.length > 0 && session->backlog <= BUSY_BYTES && session->later == NULL;
}

/* Whatever comes next: more requests, more input, or the end. */
static void go_on(QhSession *session)
{
    if (may_run(session)) {
        g_source_set_ready_time(session->turn, 0);
        return;
    }
    if (session->input_bytes > LARGE_BYTES && g_queue_is_empty(&session->requests)) {
        session->input_bytes = 0;
        malloc_trim(0);
    }
    if (session->end_of_input && g_queue_is_empty(&session->requests) && session->backlog == 0 &&
        session->later == NULL) {
        if (!session->finished) {
            session->finished = TRUE;
            session->ops->finished(session->transport);
        }
    } else if (qh_session_wants_input(session)) {
        session->ops->resume_input(session->transport);
    }
}

static gboolean run_requests(gpointer data)
{
    QhSession *session = data;
    gint64 end = g_get_monotonic_time() + TURN_US;

    g_source_set_ready_time(session->turn, -1);
    do {
        Request *request = g_queue_pop_head(&session->requests);
        if (request == NULL) {
            break;
        }
        answer(session, request);
        request_free(request);
        if (session->backlog > BUSY_BYTES) {
            flush(session);
        }
    } while (may_run(session) && g_get_monotonic_time() < end);
    flush(session);
    go_on(session);
    return G_SOURCE_CONTINUE;
}

/* Whether the request is to run ahead of those that wait. */
static gboolean is_out_of_band(const QhSession *session, const QhJson *request)
{
    QhRequestHead head;

    return session->negotiation.oob && request != NULL &&
           qh_request_parse(request, &session->negotiation, &head, NULL) && head.oob;
}

static void on_request(QhJson *value, const GError *error, void *data)
{
    QhSession *session = data;
    Request *request = g_new0(Request, 1);

    request->json = value;
    request->error = error != NULL ? g_error_copy(error) : NULL;
    /* A client that does not read gains nothing from overtaking. */
    if (session->backlog <= BUSY_BYTES && is_out_of_band(session, value)) {
        answer(session, request);
        request_free(request);
        return;
    }
    g_queue_push_tail(&session->requests, request);
}

QhSession *qh_session_new(QhQmp *qmp, const QhTransportOps *ops, void *transport, QhFdNames *names)
{
    static const QhJsonLimits limits = {
        .token_bytes = MAX_TOKEN_BYTES,
        .value_bytes = MAX_VALUE_BYTES,
        .tokens = MAX_TOKENS,
    };
    QhSession *session = g_new0(QhSession, 1);
    size_t length;

    session->qmp = qmp;
    session->host = qh_qmp_host(qmp);
    session->ops = ops;
    session->transport = transport;
    session->names = names;
    session->reader = qh_json_reader_new(&limits, on_request, session);
    session->tail = g_string_new(NULL);
    g_queue_init(&session->requests);
    g_queue_init(&session->output);
    session->turn = qh_ready_source_new(session->host, run_requests, session);
    qh_qmp_add_session(qmp, session);

    char *line = qh_greeting(session->host, &length);
    put_line(session, line, length);
    flush(session);
    return session;
}

void qh_session_free(QhSession *session)
{
    if (session == NULL) {
        return;
    }
    if (session->later != NULL) {
        session->later->session = NULL;
    }
    qh_qmp_remove_session(session->qmp, session);
    g_source_destroy(session->turn);
    g_source_unref(session->turn);
    qh_json_reader_free(session->reader);
    g_queue_clear_full(&session->requests, request_free);
    g_queue_clear_full(&session->output, (GDestroyNotify)g_bytes_unref);
    g_string_free(session->tail, TRUE);
    if (session->input_bytes > LARGE_BYTES / 4) {
        malloc_trim(0);
    }
    g_free(session);
}

gboolean qh_session_wants_input(const QhSession *session)
{
    return !session->end_of_input && session->requests.length == 0 &&
           session->backlog <= BUSY_BYTES && session->later == NULL;
}

void qh_session_input(QhSession *session, const char *bytes, size_t length)
{
    session->input_bytes += length;
    qh_json_reader_feed(session->reader, bytes, length);
    flush(session);
    go_on(session);
}

void qh_session_end_input(QhSession *session)
{
    session->end_of_input = TRUE;
    go_on(session);
}

void qh_session_writable(QhSession *session)
{
    flush(session);
    go_on(session);
}

gboolean qh_session_has_output(const QhSession *session)
{
    return session->backlog > 0;
}

void qh_session_event(QhSession *session, const char *text, size_t length)
{
    if (!session->negotiation.done) {
        return;
    }
    if (session->backlog + length > MAX_BACKLOG) {
        if (!session->dropping) {
            session->dropping = TRUE;
            qh_log_warn(qh_host_log(session->host),
                        "a QMP client does not read; events to it are dropped");
        }
        return;
    }
    char *line = g_malloc(length + 3);
    memcpy(line, text, length);
    put_line(session, line, length);
    flush(session);
}

QhLater *qh_later_begin(QhHost *host)
{
    QhSession *session = qh_qmp_current(qh_host_qmp(host));

    if (session == NULL || session->later != NULL) {
        return NULL;
    }
    session->later = g_new0(QhLater, 1);
    session->later->session = session;
    return session->later;
}

void qh_later_done(QhLater *later, const GError *error)
{
    if (later == NULL) {
        return;
    }
    QhSession *session = later->session;
    if (session != NULL) {
        size_t length;
        char *line = qh_dispatch_late(later->id, error, &length);

        session->later = NULL;
        put_line(session, line, length);
        flush(session);
        go_on(session);
    }
    qh_json_unref(later->id);
    g_free(later);
}

gboolean qh_session_answers_later(const QhSession *session)
{
    return session != NULL && session->later != NULL;
}
