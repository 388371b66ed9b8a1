/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One QMP client: its bytes in, requests, replies, its bytes out. A session knows nothing of
 * sockets; a transport feeds it and takes what it has to say.
 */
#ifndef QH_CORE_QMP_SESSION_H
#define QH_CORE_QMP_SESSION_H

#include "core/fd/fds.h"
#include "core/qmp/qmp.h"

typedef struct QhSession QhSession;

/* What a session asks of its transport. All [main]. */
typedef struct QhTransportOps {
    /* Write what can be written without waiting; returns the bytes taken, 0 for none. */
    size_t (*write)(void *transport, const char *bytes, size_t length);
    /* The session can take input (qh_session_wants_input has become true). */
    void (*resume_input)(void *transport);
    /* Optional: a descriptor that came with the input and that nobody has taken, or -1. */
    int (*take_fd)(void *transport);
    /* Input has ended and everything was written: go away. May free the session. */
    void (*finished)(void *transport);
} QhTransportOps;

/* A new client of the monitor that has the descriptors' @names: greets it. [main] */
QhSession *qh_session_new(QhQmp *qmp, const QhTransportOps *ops, void *transport, QhFdNames *names);
void qh_session_free(QhSession *session);

/* FALSE while requests wait, or the client does not read its replies: then give it no input. */
gboolean qh_session_wants_input(const QhSession *session);
void qh_session_input(QhSession *session, const char *bytes, size_t length);
/* The client has closed its sending side: what it asked for is still answered. */
void qh_session_end_input(QhSession *session);
/* The transport can write again. */
void qh_session_writable(QhSession *session);
gboolean qh_session_has_output(const QhSession *session);

/* Whether the command that runs has put its reply off. */
gboolean qh_session_answers_later(const QhSession *session); /* accepts NULL */

/* An event, as a line without its end, to a client that has negotiated. */
void qh_session_event(QhSession *session, const char *text, size_t length);

#endif
