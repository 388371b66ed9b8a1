/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks of a machine that keeps its past. A frame for the guest is copied and comes between two
 * instructions, again each time that moment is run; what the guest sends in the past has been sent.
 * What arrives while the past is run is lost, as on a wire: its place would be in a future that has
 * not been reached again.
 */
#include "core/machine/outside.h"
#include "core/net/net-priv.h"
#include "core/snapshot/stream.h"

#include <string.h>

/* QhEvent.kind: the queue in the upper bits */
#define KIND_FRAME    0u
#define KIND_WRITABLE 1u
#define KIND_LINK     2u
#define KIND_BITS     2u

static const QhOutside *outside_of(const QhNet *net)
{
    QhMachine *machine = qh_host_machine(net->host);

    return machine != NULL ? qh_machine_outside(machine) : NULL;
}

gboolean qh_net_has_past(const QhNet *net)
{
    return outside_of(net) != NULL;
}

gboolean qh_net_replays(const QhNet *net)
{
    const QhOutside *outside = outside_of(net);

    return outside != NULL && outside->replaying(outside->owner);
}

void qh_net_forget_past(const QhNet *net)
{
    const QhOutside *outside = outside_of(net);

    if (outside != NULL) {
        outside->forget(outside->owner);
    }
}

static void hand_over(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    QhNet *net = opaque;
    uint32_t queue = kind >> KIND_BITS;

    switch (kind & ((1u << KIND_BITS) - 1)) {
    case KIND_FRAME: {
        QhNetHeader header;
        const QhNetVec vec = {(void *)(data + sizeof(header)), bytes - sizeof(header)};

        memcpy(&header, data, sizeof(header));
        (void)qh_net_deliver_now(net, queue, &header, &vec, 1);
        break;
    }
    case KIND_WRITABLE:
        if (!qh_net_replays(net)) {
            qh_net_writable_now(net, queue);
        }
        break;
    default:
        qh_net_set_link_now(net, data[0]);
    }
}

static gboolean
put_aside(QhNet *net, uint32_t kind, uint32_t queue, const void *data, uint64_t bytes)
{
    const QhOutside *outside = outside_of(net);

    if (outside == NULL) {
        return FALSE;
    }
    if (!outside->replaying(outside->owner)) {
        outside->feed(outside->owner, hand_over, net, kind | queue << KIND_BITS, data,
                      (uint32_t)bytes);
    }
    return TRUE;
}

gboolean qh_net_put_aside(
    QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    g_autofree uint8_t *data = NULL;
    uint64_t bytes;

    if (!qh_net_has_past(net)) {
        return FALSE;
    }
    data = g_malloc0(sizeof(QhNetHeader) + QH_NET_FRAME_MAX);
    if (header != NULL) {
        memcpy(data, header, sizeof(*header));
    }
    bytes = qh_net_gather(vec, n_vec, data + sizeof(QhNetHeader), QH_NET_FRAME_MAX);
    return put_aside(net, KIND_FRAME, queue, data, sizeof(QhNetHeader) + bytes);
}

gboolean qh_net_put_aside_writable(QhNet *net, uint32_t queue)
{
    return put_aside(net, KIND_WRITABLE, queue, NULL, 0);
}

gboolean qh_net_put_aside_link(QhNet *net, gboolean up)
{
    uint8_t byte = up != FALSE;

    return put_aside(net, KIND_LINK, 0, &byte, 1);
}

/* --- Snapshots --- */

static void stream_frames(QhNetFrames *frames, QhStream *stream)
{
    uint64_t n = qh_stream_number(stream, frames->frames.length);

    if (stream->mode == QH_STREAM_LOAD) {
        g_queue_clear_full(&frames->frames, g_free);
        frames->bytes = 0;
    }
    for (uint64_t i = 0; i < n && qh_stream_ok(stream); i++) {
        const QhNetFrame *waits = g_queue_peek_nth(&frames->frames, (guint)i);
        gboolean save = stream->mode == QH_STREAM_SAVE;
        uint64_t bytes = qh_stream_number(stream, save ? waits->bytes : 0);
        if (bytes > QH_NET_FRAME_MAX) {
            qh_stream_fail(stream, "a frame is longer than one can be");
            return;
        }
        g_autofree QhNetFrame *frame = g_malloc0(sizeof(QhNetFrame) + bytes);
        if (save) {
            memcpy(frame, waits, sizeof(QhNetFrame) + bytes);
        }
        qh_stream_bytes(stream, &frame->header, sizeof(frame->header));
        qh_stream_bytes(stream, frame->data, bytes);
        if (stream->mode == QH_STREAM_LOAD) {
            frame->bytes = (uint32_t)bytes;
            frames->bytes += bytes;
            g_queue_push_tail(&frames->frames, g_steal_pointer(&frame));
        }
    }
}

static void stream_net(QhNet *net, void *data)
{
    QhStream *stream = data;
    uint64_t up = qh_stream_number(stream, net->link_up != FALSE);

    qh_stream_same(stream, net->n_queues, "the number of queues of a network");
    if (stream->mode == QH_STREAM_LOAD) {
        net->link_up = up != 0;
    }
    for (uint32_t i = 0; i < MIN(net->n_queues, QH_NET_MAX_QUEUES); i++) {
        stream_frames(&net->to_guest[i], stream);
    }
}

static void count(QhNet *net, void *n)
{
    (void)net;
    ++*(uint64_t *)n;
}

void qh_nets_stream(QhNets *nets, QhStream *stream)
{
    uint64_t n = 0;

    if (nets != NULL) {
        qh_nets_foreach(nets, count, &n);
    }
    qh_stream_same(stream, n, "the number of networks");
    if (nets != NULL) {
        qh_nets_foreach(nets, stream_net, stream);
    }
}
