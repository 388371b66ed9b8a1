/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of vhost-user: request, flags, size (32 bits each, of the host's byte order), payload.
 * A back end has some seconds to answer; one that takes longer counts as gone, because who waits
 * here holds up the guest.
 */
#include "modules/virtio/vhost-user.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION     1u
#define FLAG_REPLY  4u
#define FLAG_ACK    8u
#define HEADER      12u
#define PAYLOAD_MAX 280u
#define TIMEOUT_MS  5000

static gboolean wait_for(int fd, short events)
{
    struct pollfd state = {.fd = fd, .events = events};
    int n;

    do {
        n = poll(&state, 1, TIMEOUT_MS);
    } while (n < 0 && errno == EINTR);
    return n == 1 && (state.revents & events) != 0;
}

static ssize_t send_some(int fd, const uint8_t *data, size_t bytes, const int *fds, uint32_t n_fds)
{
    union {
        struct cmsghdr head;
        uint8_t room[CMSG_SPACE(VHOST_REGIONS * sizeof(int))];
    } control = {0};
    struct iovec part = {(void *)data, bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (n_fds != 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);

        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(head), fds, n_fds * sizeof(int));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

gboolean vhost_send(int fd,
                    uint32_t request,
                    gboolean ack,
                    const void *payload,
                    uint32_t bytes,
                    const int *fds,
                    uint32_t n_fds)
{
    uint8_t data[HEADER + PAYLOAD_MAX];
    const uint32_t head[] = {request, VERSION | (ack ? FLAG_ACK : 0), bytes};
    size_t total = HEADER + bytes, done = 0;

    g_assert(bytes <= PAYLOAD_MAX && n_fds <= VHOST_REGIONS);
    memcpy(data, head, HEADER);
    if (bytes != 0) {
        memcpy(data + HEADER, payload, bytes);
    }
    while (done < total) {
        ssize_t n = send_some(fd, data + done, total - done, fds, done == 0 ? n_fds : 0);

        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return FALSE;
        }
        if (n < 0 && !wait_for(fd, POLLOUT)) {
            return FALSE;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return TRUE;
}

static gboolean receive_all(int fd, uint8_t *to, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = recv(fd, to, bytes, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            return FALSE;
        }
        if (n < 0 && !wait_for(fd, POLLIN)) {
            return FALSE;
        }
        to += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
    }
    return TRUE;
}

gboolean vhost_receive(int fd, uint32_t request, void *ret, uint32_t bytes)
{
    uint32_t head[3];

    return receive_all(fd, (uint8_t *)head, sizeof(head)) && head[0] == request &&
           (head[1] & 3) == VERSION && (head[1] & FLAG_REPLY) != 0 && head[2] == bytes &&
           receive_all(fd, ret, bytes);
}
