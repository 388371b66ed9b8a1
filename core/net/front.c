/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between a back end and a device: what one cannot take waits here, bounded, and what one end does
 * not understand (checksums left open, packets to be cut) is done here.
 */
#include "abi/device.h"
#include "core/machine/machine.h"
#include "core/net/net-priv.h"
#include "core/qmp/qmp.h"

#include <string.h>

#define WAITING_FRAMES 4096u
#define WAITING_BYTES  (8u << 20)

static const QhNetHeader plain;

static void keep(QhNetFrames *frames, const QhNetHeader *header, const QhNetVec *vec, uint32_t n)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < n; i++) {
        bytes += vec[i].bytes;
    }
    if (bytes > QH_NET_FRAME_MAX || frames->frames.length >= WAITING_FRAMES ||
        frames->bytes + bytes > WAITING_BYTES) {
        return; /* lost, as on a wire */
    }
    QhNetFrame *frame = g_malloc(sizeof(QhNetFrame) + bytes);
    frame->header = *header;
    frame->bytes = (uint32_t)qh_net_gather(vec, n, frame->data, bytes);
    frames->bytes += bytes;
    g_queue_push_tail(&frames->frames, frame);
}

static void drop_first(QhNetFrames *frames)
{
    QhNetFrame *frame = g_queue_pop_head(&frames->frames);

    frames->bytes -= frame->bytes;
    g_free(frame);
}

static void clear(QhNetFrames *frames)
{
    while (frames->frames.length > 0) {
        drop_first(frames);
    }
}

void qh_net_drop_frames(QhNet *net)
{
    for (uint32_t i = 0; i < QH_NET_MAX_QUEUES; i++) {
        clear(&net->to_guest[i]);
        clear(&net->from_guest[i]);
    }
}

/* What of @header an end that takes @offloads does not: the frame has to be made ready for it. */
static gboolean needs_work(const QhNetHeader *header, uint32_t offloads)
{
    static const struct {
        uint8_t type;
        uint32_t offload;
    } types[] = {
        {QH_NET_GSO_TCPV4,  QH_NET_OFFLOAD_TSO4},
        {QH_NET_GSO_TCPV6,  QH_NET_OFFLOAD_TSO6},
        {QH_NET_GSO_UDP,    QH_NET_OFFLOAD_UFO },
        {QH_NET_GSO_UDP_L4, QH_NET_OFFLOAD_USO },
    };
    uint8_t type = header->gso_type & (uint8_t)~QH_NET_GSO_ECN;

    if ((header->flags & QH_NET_NEEDS_CSUM) && !(offloads & QH_NET_OFFLOAD_CSUM)) {
        return TRUE;
    }
    if (type == QH_NET_GSO_NONE) {
        return FALSE;
    }
    if ((header->gso_type & QH_NET_GSO_ECN) && !(offloads & QH_NET_OFFLOAD_ECN)) {
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        if (types[i].type == type) {
            return !(offloads & types[i].offload);
        }
    }
    return TRUE;
}

/* One direction of one queue while a frame is made ready. */
typedef struct Way {
    QhNet *net;
    uint32_t queue;
    QhNetFrames *frames;
    gboolean (*pass)(
        QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec);
} Way;

/* TRUE: it went; FALSE: it waits, or was lost among too many that do. */
static gboolean
pass_or_keep(const Way *way, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    if (way->frames->frames.length == 0 && way->pass(way->net, way->queue, header, vec, n_vec)) {
        return TRUE;
    }
    keep(way->frames, header, vec, n_vec);
    return FALSE;
}

static void pass_segment(void *opaque, const uint8_t *frame, uint32_t bytes)
{
    const QhNetVec vec = {(void *)frame, bytes};

    pass_or_keep(opaque, &plain, &vec, 1);
}

/* A frame that does not fit its header is dropped: nobody could make sense of it. */
static gboolean go(const Way *way,
                   const QhNetHeader *header,
                   const QhNetVec *vec,
                   uint32_t n_vec,
                   uint32_t offloads)
{
    if (!needs_work(header, offloads)) {
        return pass_or_keep(way, header, vec, n_vec);
    }
    g_autofree uint8_t *frame = g_malloc(QH_NET_FRAME_MAX);
    uint32_t bytes = (uint32_t)qh_net_gather(vec, n_vec, frame, QH_NET_FRAME_MAX);
    const QhNetVec whole = {frame, bytes};
    QhNetHeader done = *header;

    done.flags &= (uint8_t)~QH_NET_NEEDS_CSUM;
    if (!needs_work(&done, offloads)) { /* only the checksum was missing */
        return !qh_net_fill_checksum(header, frame, bytes) || pass_or_keep(way, &done, &whole, 1);
    }
    if (!qh_net_segment(header, frame, bytes, pass_segment, (void *)way)) {
        return TRUE;
    }
    return way->frames->frames.length == 0;
}

/* TRUE when the queue is empty afterwards. */
static gboolean flush(const Way *way)
{
    while (way->frames->frames.length > 0) {
        const QhNetFrame *frame = g_queue_peek_head(&way->frames->frames);
        const QhNetVec vec = {(void *)frame->data, frame->bytes};

        if (!way->pass(way->net, way->queue, &frame->header, &vec, 1)) {
            return FALSE;
        }
        if (way->frames->frames.length == 0) {
            break; /* a reset inside pass has emptied it */
        }
        drop_first(way->frames);
    }
    return TRUE;
}

static gboolean pass_to_device(
    QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    return net->handlers.size == 0 || net->handlers.receive(net->opaque, queue, header, vec, n_vec);
}

static gboolean pass_to_back_end(
    QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    return net->ops->send(net->state, MIN(queue, MAX(net->ops->max_queues, 1) - 1), header, vec,
                          n_vec);
}

static Way way_in(QhNet *net, uint32_t queue)
{
    return (Way){net, queue, &net->to_guest[queue], pass_to_device};
}

static Way way_out(QhNet *net, uint32_t queue)
{
    return (Way){net, queue, &net->from_guest[queue], pass_to_back_end};
}

static gboolean attach(QhNet *net,
                       QhInstance *device,
                       uint32_t n_queues,
                       uint8_t *mac,
                       const QhNetHandlers *handlers,
                       void *opaque,
                       GError **error)
{
    static const uint8_t none[6];

    if (net->handlers.size != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY, "netdev '%s' is in use by another device",
                    net->id);
        return FALSE;
    }
    if (n_queues == 0 || n_queues > QH_NET_MAX_QUEUES) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "netdev '%s': between 1 and %u queues, not %u", net->id, QH_NET_MAX_QUEUES,
                    n_queues);
        return FALSE;
    }
    if (memcmp(mac, none, sizeof(none)) == 0) {
        qh_nets_next_mac(net->nets, mac);
    }
    memcpy(net->mac, mac, sizeof(net->mac));
    memset(&net->handlers, 0, sizeof(net->handlers));
    memcpy(&net->handlers, handlers, MIN(handlers->size, sizeof(net->handlers)));
    net->handlers.size = sizeof(net->handlers);
    net->opaque = opaque;
    net->device = device;
    net->n_queues = n_queues;
    net->guest_offloads = 0;
    net->filter_told = FALSE;
    return TRUE;
}

static void detach(QhNet *net)
{
    if (net != NULL) {
        QhMachine *machine = qh_machine_enter(qh_host_machine(net->host));

        memset(&net->handlers, 0, sizeof(net->handlers));
        net->opaque = NULL;
        net->device = NULL;
        qh_net_drop_frames(net);
        qh_machine_leave(machine);
    }
}

static uint32_t n_queues(QhNet *net)
{
    return MAX(net->ops->max_queues, 1);
}

static gboolean link_up(QhNet *net)
{
    return net->link_up;
}

static uint32_t offloads(QhNet *net)
{
    /* what the other end lacks is done here */
    (void)net;
    return QH_NET_OFFLOAD_CSUM | QH_NET_OFFLOAD_TSO4 | QH_NET_OFFLOAD_TSO6 | QH_NET_OFFLOAD_ECN |
           QH_NET_OFFLOAD_USO;
}

static void set_offloads(QhNet *net, uint32_t taken)
{
    net->guest_offloads = taken;
}

static gboolean send_frame(
    QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    if (queue >= QH_NET_MAX_QUEUES || !net->link_up) {
        return TRUE;
    }
    if (qh_net_replays(net)) {
        return TRUE;
    }
    const Way way = way_out(net, queue);
    /* a guest that keeps its past must not see when the host has room: frames wait, or are lost */
    if (way.frames->frames.length > 0 && !flush(&way) && !qh_net_has_past(net)) {
        net->device_waits[queue] = TRUE;
        return FALSE;
    }
    qh_net_dump_frame(net, vec, n_vec);
    go(&way, header != NULL ? header : &plain, vec, n_vec, net->send_offloads);
    return TRUE;
}

static void writable(QhNet *net, uint32_t queue)
{
    if (queue < QH_NET_MAX_QUEUES && !qh_net_put_aside_writable(net, queue)) {
        qh_net_writable_now(net, queue);
    }
}

void qh_net_writable_now(QhNet *net, uint32_t queue)
{
    const Way way = way_out(net, queue);
    if (flush(&way) && net->device_waits[queue]) {
        net->device_waits[queue] = FALSE;
        if (net->handlers.size != 0 && net->handlers.can_send != NULL) {
            net->handlers.can_send(net->opaque, queue);
        }
    }
}

static gboolean
deliver(QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    if (net->handlers.size == 0 || !net->link_up) {
        return TRUE;
    }
    return qh_net_put_aside(net, queue, header, vec, n_vec) ||
           qh_net_deliver_now(net, queue, header, vec, n_vec);
}

gboolean qh_net_deliver_now(
    QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    if (net->handlers.size == 0 || !net->link_up) {
        return TRUE;
    }
    queue = MIN(queue, net->n_queues - 1);
    const Way way = way_in(net, queue);
    qh_net_dump_frame(net, vec, n_vec);
    if (!go(&way, header != NULL ? header : &plain, vec, n_vec, net->guest_offloads) &&
        !qh_net_has_past(net)) {
        net->back_end_waits[queue] = TRUE;
        return FALSE;
    }
    return TRUE;
}

static void ready(QhNet *net, uint32_t queue)
{
    if (queue >= QH_NET_MAX_QUEUES) {
        return;
    }
    const Way way = way_in(net, queue);
    if (flush(&way) && net->back_end_waits[queue]) {
        net->back_end_waits[queue] = FALSE;
        if (net->ops->resume != NULL) {
            net->ops->resume(net->state, queue);
        }
    }
}

static void purge(QhNet *net)
{
    gboolean past = qh_net_replays(net);

    for (uint32_t i = 0; i < QH_NET_MAX_QUEUES; i++) {
        clear(&net->to_guest[i]);
        if (past) {
            continue;
        }
        clear(&net->from_guest[i]);
        net->device_waits[i] = FALSE;
        if (net->back_end_waits[i]) {
            net->back_end_waits[i] = FALSE;
            if (net->ops->resume != NULL) {
                net->ops->resume(net->state, i);
            }
        }
    }
}

static void rx_filter_changed(QhNet *net)
{
    if (net->filter_told || net->device == NULL) {
        return;
    }
    net->filter_told = TRUE;
    qh_net_emit_filter_changed(net);
}

static void set_peer(QhNet *net, gboolean up, const char *info)
{
    (void)up; /* the text says it */
    g_free(net->info);
    net->info = g_strdup(info);
}

static void set_send_offloads(QhNet *net, uint32_t taken)
{
    net->send_offloads = taken;
}

void qh_net_set_link(QhNet *net, gboolean up)
{
    QhMachine *machine = qh_machine_enter(qh_host_machine(net->host));

    if (!qh_net_put_aside_link(net, up)) {
        qh_net_set_link_now(net, up);
    }
    qh_machine_leave(machine);
}

void qh_net_set_link_now(QhNet *net, gboolean up)
{
    if (net->link_up != up) {
        net->link_up = up;
        if (!up) {
            purge(net);
        }
        if (net->handlers.size != 0 && net->handlers.link != NULL) {
            net->handlers.link(net->opaque, up);
        }
    }
}

QhJson *qh_net_rx_filter(QhNet *net)
{
    QhMachine *machine = qh_machine_enter(qh_host_machine(net->host));
    g_autofree char *text =
        net->handlers.rx_filter != NULL ? net->handlers.rx_filter(net->opaque) : NULL;

    net->filter_told = FALSE;
    qh_machine_leave(machine);
    QhJson *json = text != NULL ? qh_json_parse(text, -1, NULL, NULL) : NULL;
    if (json != NULL && qh_json_type(json) == QH_JSON_OBJECT) {
        qh_json_set(json, "name", qh_json_new_string(qh_net_device(net)));
        return json;
    }
    qh_json_unref(json);
    return NULL;
}

void qh_net_announce(QhNet *net)
{
    uint8_t frame[60] = {0};
    const QhNetVec vec = {frame, sizeof(frame)};

    memset(frame, 0xff, 6);
    memcpy(frame + 6, net->mac, 6);
    /* RFC 903: hardware type Ethernet, protocol IPv4, "request reverse" for its own address */
    memcpy(frame + 12, "\x80\x35\x00\x01\x08\x00\x06\x04\x00\x03", 10);
    memcpy(frame + 22, net->mac, 6);
    memcpy(frame + 32, net->mac, 6);
    QhMachine *machine = qh_machine_enter(qh_host_machine(net->host));
    if (net->handlers.size != 0) {
        send_frame(net, 0, &plain, &vec, 1);
    }
    qh_machine_leave(machine);
}

const QhNetService qh_net_service = {
    .size = sizeof(QhNetService),
    .attach = attach,
    .detach = detach,
    .n_queues = n_queues,
    .link_up = link_up,
    .offloads = offloads,
    .set_offloads = set_offloads,
    .send = send_frame,
    .ready = ready,
    .purge = purge,
    .rx_filter_changed = rx_filter_changed,
    .deliver = deliver,
    .writable = writable,
    .set_peer = set_peer,
    .set_send_offloads = set_send_offloads,
};
