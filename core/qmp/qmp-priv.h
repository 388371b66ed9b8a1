/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the parts of core/qmp. */
#ifndef QH_CORE_QMP_QMP_PRIV_H
#define QH_CORE_QMP_QMP_PRIV_H

#include "core/qmp/session.h"

QhHost *qh_qmp_host(QhQmp *qmp);
void qh_qmp_add_session(QhQmp *qmp, QhSession *session);
void qh_qmp_remove_session(QhQmp *qmp, QhSession *session);
/* A listener or character device to be freed with @qmp. */
void qh_qmp_keep(QhQmp *qmp, void *owned, GDestroyNotify free_fn);

/* The session whose command runs; NULL: none, or one that cannot wait for a reply. */
QhSession *qh_qmp_current(QhQmp *qmp);
void qh_qmp_set_current(QhQmp *qmp, QhSession *session);

/* Of commands-dump.c; freed with @qmp. */
typedef struct QhQmpDump QhQmpDump;
QhQmpDump **qh_qmp_dump(QhQmp *qmp);

/* Whether clients want MIGRATION events. */
gboolean *qh_qmp_migration_events(QhQmp *qmp);

/* A source that calls @fn(@data) when its ready time has come; it starts with none. */
GSource *qh_ready_source_new(QhHost *host, GSourceFunc fn, void *data);

/* Several clients at a time on one listening socket (socket.c). FALSE with @error. */
gboolean qh_qmp_socket_listen(QhQmp *qmp, const QhJson *address, gboolean wait, GError **error);
/* One session on a character device (chardev.c). */
gboolean qh_qmp_chardev_attach(QhQmp *qmp, const char *id, gboolean human, GError **error);

#endif
