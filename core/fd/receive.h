/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes from a socket, and descriptors that come with them (unix(7), SCM_RIGHTS). */
#ifndef QH_CORE_FD_RECEIVE_H
#define QH_CORE_FD_RECEIVE_H

#include <stddef.h>
#include <sys/types.h>

#define QH_FD_BOX_MAX 16

/* What came last and waits to be taken. Starts zeroed. */
typedef struct QhFdBox {
    int fds[QH_FD_BOX_MAX];
    unsigned n;
} QhFdBox;

/* As recv(2) without waiting. Descriptors that come replace those in @box; more than it holds are
 * closed. They are close-on-exec and waiting is left as it was. */
ssize_t qh_fd_box_receive(QhFdBox *box, int socket, void *bytes, size_t length);
int qh_fd_box_take(QhFdBox *box); /* the oldest, which the caller owns then; -1 */
void qh_fd_box_clear(QhFdBox *box);

#endif
