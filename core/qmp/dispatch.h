/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a request to the text of its reply. */
#ifndef QH_CORE_QMP_DISPATCH_H
#define QH_CORE_QMP_DISPATCH_H

#include "core/qmp/qapi.h"

/* What a session has agreed on with its client. */
typedef struct QhNegotiation {
    gboolean done;
    gboolean oob;
} QhNegotiation;

/* What a request says about itself, as far as it could be read. */
typedef struct QhRequestHead {
    const char *name;   /* of the command, NULL: the request is malformed */
    const QhJson *id;   /* NULL: none */
    const QhJson *args; /* NULL: none */
    gboolean oob;       /* asked for with exec-oob */
} QhRequestHead;

/* FALSE with @error set when the request itself is wrong; head->id is set even then. */
gboolean qh_request_parse(const QhJson *request,
                          const QhNegotiation *negotiation,
                          QhRequestHead *head,
                          GError **error);

/*
 * Run the request; returns the reply as one line, *@ret_length long without an end of line, and
 * with room for three more bytes. The caller g_frees it. qmp_capabilities changes *@negotiation.
 * NULL: the reply comes later (later.h). [main]
 */
char *
qh_dispatch(QhHost *host, const QhJson *request, QhNegotiation *negotiation, size_t *ret_length);
/* The reply to what could not even be read. */
char *qh_dispatch_error(const GError *error, size_t *ret_length);

/* The reply that was put off: an empty object, or @error. @id may be NULL. */
char *qh_dispatch_late(const QhJson *id, const GError *error, size_t *ret_length);

/* {"QMP": {...}}, as one line with room for three more bytes. */
char *qh_greeting(QhHost *host, size_t *ret_length);

#endif
