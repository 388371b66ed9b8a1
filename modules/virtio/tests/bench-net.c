/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/virtio/tests/bench-net.h"

#include "modules/virtio/tests/bench-pci.h"

static gboolean net_attach(QhNet *net,
                           QhInstance *device,
                           uint32_t n_queues,
                           uint8_t *mac,
                           const QhNetHandlers *handlers,
                           void *opaque,
                           GError **error)
{
    (void)n_queues;
    (void)error;
    g_assert_nonnull(net);
    g_assert_nonnull(device);
    if (mac[0] == 0) {
        memcpy(mac, "\x52\x54\x00\x12\x34\x56", 6);
    }
    bench_current()->net_handlers = handlers;
    bench_current()->net_opaque = opaque;
    return TRUE;
}

static void net_detach(QhNet *net)
{
    (void)net;
}

static uint32_t net_queues(QhNet *net)
{
    (void)net;
    return 2;
}

static gboolean net_link(QhNet *net)
{
    (void)net;
    return TRUE;
}

static uint32_t net_offloads(QhNet *net)
{
    (void)net;
    return QH_NET_OFFLOAD_CSUM | QH_NET_OFFLOAD_TSO4 | QH_NET_OFFLOAD_TSO6 | QH_NET_OFFLOAD_ECN |
           QH_NET_OFFLOAD_UFO | QH_NET_OFFLOAD_USO;
}

static void net_set_offloads(QhNet *net, uint32_t offloads)
{
    (void)net;
    bench_current()->offloads = offloads;
}

static gboolean
net_send(QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    (void)net;
    (void)queue;
    if (bench_current()->net_full) {
        return FALSE;
    }
    bench_current()->header = *header;
    bench_current()->n_sent++;
    for (uint32_t i = 0; i < n_vec; i++) {
        g_byte_array_append(bench_current()->sent, vec[i].base, (guint)vec[i].bytes);
    }
    return TRUE;
}

static void net_ready(QhNet *net, uint32_t queue)
{
    (void)net;
    (void)queue;
}

static void net_note(QhNet *net)
{
    (void)net;
}

const QhNetService bench_net_service = {
    .size = sizeof(QhNetService),
    .attach = net_attach,
    .detach = net_detach,
    .n_queues = net_queues,
    .link_up = net_link,
    .offloads = net_offloads,
    .set_offloads = net_set_offloads,
    .send = net_send,
    .ready = net_ready,
    .purge = net_note,
    .rx_filter_changed = net_note,
};
