/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that others have opened: sets, shared by all monitors (add-fd, -add-fd), from which
 * the path "/dev/fdset/N" opens; and names, which belong to one monitor (getfd) and are used up by
 * the command that takes one.
 */
#ifndef QH_CORE_FD_FDS_H
#define QH_CORE_FD_FDS_H

#include "abi/base.h"

#include <sys/types.h>

typedef struct QhFds QhFds;
typedef struct QhFdNames QhFdNames;

QhFds *qh_fds_new(void);
void qh_fds_free(QhFds *fds); /* closes what the sets have; accepts NULL */

gboolean qh_fds_is_set(const char *path); /* it is "/dev/fdset/N" [any] */
/*
 * As open(2): -1 with errno. "/dev/fdset/N" gives a duplicate of that member of set N whose access
 * mode is the one asked for, or of one that is open for both when reading is: EACCES when there is
 * none, ENOENT when there is no such set. Status flags are set on it, which the member shares; with
 * O_TRUNC a regular file is emptied. @fds may be NULL: no sets. [any]
 */
int qh_fds_open(QhFds *fds, const char *path, int flags, mode_t mode);
/* Close what qh_fds_open gave: as close(2). A set without members goes with its last duplicate.
 * [any] */
int qh_fds_close(QhFds *fds, int fd);
/* Whether @fd is a duplicate from a set: its locks and flags are shared with the member. [any] */
gboolean qh_fds_is_duplicate(QhFds *fds, int fd);

/* Put @fd, which is taken over, into set @set; -1: a new one with the lowest free number. Returns
 * which. @opaque may be NULL. [main] */
int64_t qh_fds_add(QhFds *fds, int64_t set, int fd, const char *opaque);
/* Close member @fd of @set, or all of them (@fd negative); duplicates stay. [main] */
gboolean qh_fds_remove(QhFds *fds, int64_t set, int64_t fd, GError **error);
/* @fn for each member, by falling number of the set; @fd -1 for a set that has none left. [main] */
typedef void (*QhFdsFn)(void *data, int64_t set, int fd, const char *opaque);
void qh_fds_foreach(QhFds *fds, QhFdsFn fn, void *data);

/* Names of one monitor. [main] */
QhFdNames *qh_fd_names_new(void);
void qh_fd_names_free(QhFdNames *names); /* closes them; accepts NULL */

/* Whose command runs. */
typedef struct QhFdMonitor {
    QhFdNames *names;
    /* The oldest descriptor that came with the client's words and that nobody has taken, or -1.
     * NULL: this monitor has no way for descriptors. */
    int (*receive)(void *transport);
    void *transport;
} QhFdMonitor;

gboolean qh_fds_has_monitor(const QhFds *fds); /* whether a monitor's command runs [main] */
/* Set it (NULL: nobody's); returns the one before, to be set again afterwards. [main] */
const QhFdMonitor *qh_fds_set_monitor(QhFds *fds, const QhFdMonitor *monitor);
/* What came with the command; the caller owns it. -1 with @error when nothing did. [main] */
int qh_fds_receive(QhFds *fds, GError **error);
/* Give @fd, which is taken over even when this fails, a name with the monitor; one that had it is
 * closed. [main] */
gboolean qh_fds_name(QhFds *fds, const char *name, int fd, GError **error);
/* The descriptor of that name, which it has no longer; the caller owns it. -1 with @error. [main]
 */
int qh_fds_take(QhFds *fds, const char *name, GError **error);

#endif
