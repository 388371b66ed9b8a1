/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/fd/receive.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_MAX 253 /* descriptors in one message: unix(7) */

void qh_fd_box_clear(QhFdBox *box)
{
    for (unsigned i = 0; i < box->n; i++) {
        close(box->fds[i]);
    }
    box->n = 0;
}

int qh_fd_box_take(QhFdBox *box)
{
    if (box->n == 0) {
        return -1;
    }
    int fd = box->fds[0];

    box->n--;
    memmove(box->fds, box->fds + 1, box->n * sizeof(int));
    return fd;
}

static void put(QhFdBox *box, int fd)
{
    if (box->n < QH_FD_BOX_MAX) {
        box->fds[box->n++] = fd;
    } else {
        close(fd);
    }
}

static void put_all(QhFdBox *box, const struct cmsghdr *head)
{
    size_t n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < n; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
        put(box, fd);
    }
}

ssize_t qh_fd_box_receive(QhFdBox *box, int socket, void *bytes, size_t length)
{
    char control[CMSG_SPACE(KERNEL_MAX * sizeof(int))] __attribute__((aligned(8)));
    struct iovec part = {bytes, length};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof(control),
    };
    ssize_t n = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (n < 0) {
        return n;
    }
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL;
         head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
            qh_fd_box_clear(box);
            put_all(box, head);
        }
    }
    return n;
}
