/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP: servers (sockets and character devices), sessions, dispatch over the generated command
 * table, events. The wire is QEMU's; lines end in CR LF.
 */
#ifndef QH_CORE_QMP_QMP_H
#define QH_CORE_QMP_QMP_H

#include "abi/services.h"
#include "core/host/host.h"
#include "core/json/json.h"

QhQmp *qh_qmp_new(QhHost *host);
void qh_qmp_free(QhQmp *qmp);

/* -qmp ADDRESS ("unix:PATH,server=on,wait=off", "tcp:HOST:PORT,...", "stdio", "chardev:ID").
 * Sockets take several clients at a time. [main] */
gboolean qh_qmp_listen(QhQmp *qmp, const char *address, GError **error);
/* -mon chardev=ID,mode=control|readline: a session on a character device. [main] */
gboolean qh_qmp_attach(QhQmp *qmp, const char *chardev, gboolean human, GError **error);

/* Emit event @name with @data (an object, may be NULL; owned by the caller) to every session that
 * has negotiated. [any] */
void qh_qmp_emit(QhQmp *qmp, const char *name, const QhJson *data);
/* The same on the main thread, later, so that events of several threads keep their order; takes
 * @data. [any] */
void qh_qmp_emit_later(QhHost *host, const char *name, QhJson *data);

/* Run one command as a session would: the reply object with "return" or "error". For the human
 * monitor and tests. [main] */
QhJson *qh_qmp_execute(QhQmp *qmp, const QhJson *request);

/* One human monitor command line; its text. The caller g_frees it. [main] */
char *qh_monitor_execute(QhHost *host, const char *line);

extern const QhEventService qh_event_service;

#endif
