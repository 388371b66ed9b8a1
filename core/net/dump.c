/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames into a file that tcpdump and Wireshark read: pcap, version 2.4, link type 1 (Ethernet). */
#include "core/fd/fds.h"
#include "core/loop/timers.h"
#include "core/machine/machine.h"
#include "core/net/net-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PCAP_MAGIC     0xa1b2c3d4u /* microseconds */
#define PCAP_ETHERNET  1u
#define BUFFERED_BYTES (64u << 10)

struct QhNetDump {
    QhNet *net;
    int fd;
    uint32_t max_bytes;
    uint8_t *buffer;
    uint32_t held;
};

static void flush(QhNetDump *dump)
{
    uint32_t done = 0;

    while (dump->fd >= 0 && done < dump->held) {
        ssize_t n = write(dump->fd, dump->buffer + done, dump->held - done);

        if (n > 0) {
            done += (uint32_t)n;
        } else if (n == 0 || errno != EINTR) {
            /* a full disk must not stop the network: the file ends here */
            qh_fds_close(qh_host_fds(dump->net->host), dump->fd);
            dump->fd = -1;
        }
    }
    dump->held = 0;
}

static void append(QhNetDump *dump, const void *data, uint32_t bytes)
{
    if (dump->held + bytes > BUFFERED_BYTES) {
        flush(dump);
    }
    memcpy(dump->buffer + dump->held, data, bytes);
    dump->held += bytes;
}

QhNetDump *qh_net_dump_new(QhNet *net, const char *file, uint32_t max_bytes, GError **error)
{
    const uint32_t head[] = {PCAP_MAGIC, 2u | 4u << 16, 0, 0, max_bytes, PCAP_ETHERNET};
    int fd =
        qh_fds_open(qh_host_fds(net->host), file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot write '%s': %s", file,
                    g_strerror(errno));
        return NULL;
    }
    QhNetDump *dump = g_new0(QhNetDump, 1);
    dump->net = net;
    dump->fd = fd;
    dump->max_bytes = MIN(max_bytes, BUFFERED_BYTES / 2);
    dump->buffer = g_malloc(BUFFERED_BYTES);
    append(dump, head, sizeof(head));
    flush(dump);
    QhMachine *machine = qh_machine_enter(qh_host_machine(net->host));
    g_ptr_array_add(net->dumps, dump);
    qh_machine_leave(machine);
    return dump;
}

void qh_net_dump_free(QhNetDump *dump)
{
    QhMachine *machine = qh_machine_enter(qh_host_machine(dump->net->host));

    g_ptr_array_remove(dump->net->dumps, dump);
    qh_machine_leave(machine);
    flush(dump);
    if (dump->fd >= 0) {
        qh_fds_close(qh_host_fds(dump->net->host), dump->fd);
    }
    g_free(dump->buffer);
    g_free(dump);
}

void qh_net_dump_frame(QhNet *net, const QhNetVec *vec, uint32_t n_vec)
{
    for (guint i = 0; i < net->dumps->len; i++) {
        QhNetDump *dump = g_ptr_array_index(net->dumps, i);
        int64_t now = qh_timers_now(qh_host_timers(net->host), QH_CLOCK_HOST) / 1000;
        uint64_t whole = 0, room = dump->max_bytes;

        for (uint32_t v = 0; v < n_vec; v++) {
            whole += vec[v].bytes;
        }
        const uint32_t head[] = {(uint32_t)(now / 1000000), (uint32_t)(now % 1000000),
                                 (uint32_t)MIN(whole, room), (uint32_t)whole};
        append(dump, head, sizeof(head));
        for (uint32_t v = 0; v < n_vec && room > 0; v++) {
            uint32_t some = (uint32_t)MIN(vec[v].bytes, room);

            append(dump, vec[v].base, some);
            room -= some;
        }
        flush(dump); /* a reader follows, and a crash loses nothing */
    }
}
