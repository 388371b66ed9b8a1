/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TAP device of the Linux host (Documentation/networking/tuntap.rst). The kernel takes and gives
 * frames with a struct virtio_net_hdr, so offloads of the guest go through to the real network. A
 * bridge helper (a small set-uid program) may open it for us: it sends the descriptor over a
 * socket that it finds at --fd.
 */
#include "core/fd/fds.h"
#include "core/net/net-priv.h"
#include "core/net/watch.h"
#include "core/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES_AT_ONCE 64u
#define HEAD_BYTES     10u /* struct virtio_net_hdr without num_buffers */
#define MAX_PARTS      64u
#define DEFAULT_UP     "/etc/qemu-ifup"
#define DEFAULT_DOWN   "/etc/qemu-ifdown"
#define DEFAULT_HELPER "/usr/lib/qemu/qemu-bridge-helper"

struct Tap;

typedef struct TapQueue {
    struct Tap *tap;
    uint32_t number;
    int fd;
    QhNetWatch in, out;
} TapQueue;

typedef struct Tap {
    QhHost *host;
    QhNet *net;
    char name[IFNAMSIZ];
    char *down; /* script */
    gboolean headers;
    uint32_t n_queues;
    TapQueue *queues;
    uint8_t *buffer; /* HEAD_BYTES + QH_NET_FRAME_MAX */
} Tap;

static void on_input(void *opaque)
{
    TapQueue *q = opaque;
    Tap *tap = q->tap;
    uint32_t head = tap->headers ? HEAD_BYTES : 0;

    for (guint i = 0; i < FRAMES_AT_ONCE && q->in.source != NULL; i++) {
        ssize_t n = read(q->fd, tap->buffer, HEAD_BYTES + QH_NET_FRAME_MAX);
        QhNetHeader header = {0};

        if (n <= (ssize_t)head) {
            return;
        }
        if (tap->headers) { /* host byte order, as nothing else was asked for */
            memcpy(&header, tap->buffer, HEAD_BYTES);
        }
        const QhNetVec vec = {tap->buffer + head, (uint64_t)n - head};
        if (!qh_net_service.deliver(tap->net, q->number, &header, &vec, 1)) {
            qh_net_watch_stop(&q->in);
        }
    }
}

static void tap_resume(void *state, uint32_t queue)
{
    Tap *tap = state;

    if (queue < tap->n_queues) {
        qh_net_watch(&tap->queues[queue].in, tap->host, tap->queues[queue].fd, G_IO_IN, on_input,
                     &tap->queues[queue]);
    }
}

static void on_writable(void *opaque)
{
    TapQueue *q = opaque;

    qh_net_watch_stop(&q->out);
    qh_net_service.writable(q->tap->net, q->number);
}

static gboolean tap_send(
    void *state, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    Tap *tap = state;
    TapQueue *q = &tap->queues[queue];
    struct iovec parts[MAX_PARTS + 1];
    g_autofree uint8_t *copy = NULL;
    uint8_t head[HEAD_BYTES];
    int n = 0;

    if (tap->headers) {
        memcpy(head, header, HEAD_BYTES);
        parts[n++] = (struct iovec){head, HEAD_BYTES};
    }
    if (n_vec <= MAX_PARTS) {
        for (uint32_t i = 0; i < n_vec; i++) {
            parts[n++] = (struct iovec){vec[i].base, vec[i].bytes};
        }
    } else {
        copy = g_malloc(QH_NET_FRAME_MAX);
        parts[n++] = (struct iovec){copy, qh_net_gather(vec, n_vec, copy, QH_NET_FRAME_MAX)};
    }
    ssize_t done;
    do {
        done = writev(q->fd, parts, n);
    } while (done < 0 && errno == EINTR);
    if (done < 0 && errno == EAGAIN) {
        qh_net_watch(&q->out, tap->host, q->fd, G_IO_OUT, on_writable, q);
        return FALSE;
    }
    return TRUE; /* what the kernel refuses is lost */
}

static const char *text_of(const QhJson *options, const char *key, const char *otherwise)
{
    const QhJson *value = qh_json_get(options, key);

    return value != NULL ? qh_json_string(value) : otherwise;
}

static gboolean run_script(const char *script, const char *name, GError **error)
{
    const char *const argv[] = {script, name, NULL};
    int status = 0;

    if (*script == '\0' || g_str_equal(script, "no")) {
        return TRUE;
    }
    return qh_sandbox_allows_program(script, error) &&
           g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL,
                        NULL, &status, error) &&
           g_spawn_check_wait_status(status, error);
}

static int open_tun(Tap *tap, gboolean many, GError **error)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    unsigned int features = 0;
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot open /dev/net/tun: %s",
                    g_strerror(errno));
        return -1;
    }
    if (ioctl(fd, TUNGETFEATURES, &features) == 0) {
        request.ifr_flags |= (short)(features & IFF_VNET_HDR);
    }
    if (many) {
        request.ifr_flags |= IFF_MULTI_QUEUE;
    }
    memcpy(request.ifr_name, tap->name, IFNAMSIZ);
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot make the tap device '%s': %s",
                    tap->name, g_strerror(errno));
        close(fd);
        return -1;
    }
    memcpy(tap->name, request.ifr_name, IFNAMSIZ);
    return fd;
}

/* The descriptor that a helper sends over its socket; it leaves with status 0. */
static int ask_helper(const char *helper, const char *bridge, GError **error)
{
    int pair[2], status = 0, fd = -1;
    char byte;
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    GPid child = 0;

    if (!qh_sandbox_allows_program(helper, error)) {
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot make a socket: %s",
                    g_strerror(errno));
        return -1;
    }
    g_autofree char *use_vnet = g_strdup("--use-vnet");
    g_autofree char *fd_arg = g_strdup("--fd=3");
    g_autofree char *br_arg = g_strdup_printf("--br=%s", bridge);
    const char *const argv[] = {helper, use_vnet, fd_arg, br_arg, NULL};
    const int source = pair[1], target = 3;
    if (!g_spawn_async_with_pipes_and_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                          -1, -1, -1, &source, &target, 1, &child, NULL, NULL, NULL,
                                          error)) {
        close(pair[0]);
        close(pair[1]);
        return -1;
    }
    close(pair[1]);
    if (recvmsg(pair[0], &message, MSG_CMSG_CLOEXEC) > 0) {
        const struct cmsghdr *head = CMSG_FIRSTHDR(&message);

        if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
            head->cmsg_len >= CMSG_LEN(sizeof(int))) {
            memcpy(&fd, CMSG_DATA(head), sizeof(fd));
        }
    }
    close(pair[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    g_spawn_close_pid(child);
    if (fd < 0 || status != 0) {
        if (fd >= 0) {
            close(fd);
        }
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "the helper '%s' gave no tap device (%d)",
                    helper, status);
        return -1;
    }
    return fd;
}

static gboolean start_queue(Tap *tap, uint32_t number, int fd, GError **error)
{
    TapQueue *q = &tap->queues[number];
    struct ifreq request = {0};
    const unsigned int offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

    q->tap = tap;
    q->number = number;
    q->fd = fd;
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || ioctl(fd, TUNGETIFF, &request) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "descriptor %d is no tap device: %s", fd,
                    g_strerror(errno));
        return FALSE;
    }
    memcpy(tap->name, request.ifr_name, IFNAMSIZ);
    tap->headers = (request.ifr_flags & IFF_VNET_HDR) != 0;
    if (tap->headers) {
        const int bytes = HEAD_BYTES;

        ioctl(fd, TUNSETVNETHDRSZ, &bytes);
        ioctl(fd, TUNSETOFFLOAD, offloads); /* what the guest does not take is undone by the host */
    }
    tap_resume(tap, number);
    return TRUE;
}

/* A number, or the name of a descriptor of the monitor whose command runs. -1 with @error. */
static int descriptor_of(const Tap *tap, const char *text, GError **error)
{
    uint64_t fd = 0;

    if (!g_ascii_isdigit(*text) && qh_fds_has_monitor(qh_host_fds(tap->host))) {
        return qh_fds_take(qh_host_fds(tap->host), text, error);
    }
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &fd, NULL)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' is no descriptor", text);
        return -1;
    }
    return (int)fd;
}

static gboolean open_descriptors(Tap *tap, const char *list, GError **error)
{
    g_auto(GStrv) numbers = g_strsplit(list, ":", -1);

    for (uint32_t i = 0; numbers[i] != NULL; i++) {
        if (i >= QH_NET_MAX_QUEUES) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "more than %u descriptors",
                        QH_NET_MAX_QUEUES);
            return FALSE;
        }
        int fd = descriptor_of(tap, numbers[i], error);
        if (fd < 0) {
            return FALSE;
        }
        tap->n_queues = i + 1;
        if (!start_queue(tap, i, fd, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean open_named(Tap *tap, const QhJson *options, GError **error)
{
    const char *name = text_of(options, "ifname", "");
    uint64_t n = 1;

    if (qh_json_get(options, "queues") != NULL) {
        qh_json_uint(qh_json_get(options, "queues"), &n);
    }
    if (n == 0 || n > QH_NET_MAX_QUEUES || strlen(name) >= IFNAMSIZ) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "'queues' or the length of 'ifname' is out of range");
        return FALSE;
    }
    g_strlcpy(tap->name, name, IFNAMSIZ);
    for (uint32_t i = 0; i < n; i++) {
        int fd = open_tun(tap, n > 1, error);

        if (fd < 0) {
            return FALSE;
        }
        tap->n_queues = i + 1;
        if (!start_queue(tap, i, fd, error)) {
            return FALSE;
        }
    }
    tap->down = g_strdup(text_of(options, "downscript", DEFAULT_DOWN));
    if (g_str_equal(tap->down, DEFAULT_DOWN) && access(DEFAULT_DOWN, X_OK) < 0) {
        g_clear_pointer(&tap->down, g_free);
    }
    if (tap->down != NULL && !g_str_equal(tap->down, "no")) {
        qh_sandbox_need_programs();
    }
    return run_script(text_of(options, "script", DEFAULT_UP), tap->name, error);
}

static void tap_close(void *state)
{
    Tap *tap = state;

    for (uint32_t i = 0; i < tap->n_queues; i++) {
        qh_net_watch_stop(&tap->queues[i].in);
        qh_net_watch_stop(&tap->queues[i].out);
    }
    if (tap->down != NULL) {
        run_script(tap->down, tap->name, NULL);
    }
    for (uint32_t i = 0; i < tap->n_queues; i++) {
        if (tap->queues[i].fd >= 0) {
            close(tap->queues[i].fd);
        }
    }
    g_free(tap->queues);
    g_free(tap->buffer);
    g_free(tap->down);
}

static gboolean open_any(Tap *tap, const QhJson *options, gboolean bridge, GError **error)
{
    const char *fd = text_of(options, "fd", text_of(options, "fds", NULL));
    const char *helper = text_of(options, "helper", bridge ? DEFAULT_HELPER : NULL);
    const QhJson *vhost = qh_json_get(options, "vhost");

    if (vhost != NULL && qh_json_bool(vhost)) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "vhost=on is not there yet");
        return FALSE;
    }
    if (fd != NULL) {
        return open_descriptors(tap, fd, error);
    }
    if (helper != NULL) {
        int got = ask_helper(helper, text_of(options, "br", "br0"), error);

        tap->n_queues = got >= 0 ? 1 : 0;
        return got >= 0 && start_queue(tap, 0, got, error);
    }
    return open_named(tap, options, error);
}

static gboolean
open_tap(void *ctx, void *state, QhNet *net, const char *options, gboolean bridge, GError **error)
{
    Tap *tap = state;
    g_autoptr(QhJson) json = qh_json_parse(options, -1, NULL, error);

    if (json == NULL) {
        return FALSE;
    }
    tap->host = ctx;
    tap->net = net;
    tap->queues = g_new0(TapQueue, QH_NET_MAX_QUEUES);
    tap->buffer = g_malloc(HEAD_BYTES + QH_NET_FRAME_MAX);
    if (!open_any(tap, json, bridge, error)) {
        tap_close(tap);
        return FALSE;
    }
    if (!tap->headers) {
        qh_net_service.set_send_offloads(net, 0);
    }
    g_autofree char *text = g_strdup_printf("ifname=%s", tap->name);
    qh_net_service.set_peer(net, TRUE, text);
    return TRUE;
}

static gboolean tap_open(void *ctx, void *state, QhNet *net, const char *options, GError **error)
{
    return open_tap(ctx, state, net, options, FALSE, error);
}

static gboolean bridge_open(void *ctx, void *state, QhNet *net, const char *options, GError **error)
{
    return open_tap(ctx, state, net, options, TRUE, error);
}

#define TAP_OFFLOADS                                                                               \
    (QH_NET_OFFLOAD_CSUM | QH_NET_OFFLOAD_TSO4 | QH_NET_OFFLOAD_TSO6 | QH_NET_OFFLOAD_ECN)

const QhNetdevOps qh_net_tap = {
    .size = sizeof(QhNetdevOps),
    .state_size = sizeof(Tap),
    .description = "a TAP device of the host",
    .offloads = TAP_OFFLOADS,
    .max_queues = QH_NET_MAX_QUEUES,
    .open = tap_open,
    .close = tap_close,
    .send = tap_send,
    .resume = tap_resume,
};

const QhNetdevOps qh_net_bridge = {
    .size = sizeof(QhNetdevOps),
    .state_size = sizeof(Tap),
    .description = "a TAP device on a bridge of the host, opened by a helper",
    .offloads = TAP_OFFLOADS,
    .open = bridge_open,
    .close = tap_close,
    .send = tap_send,
    .resume = tap_resume,
};
