/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames go between guest memory and the network without a copy here. Checksums and segmentation
 * that one side leaves to the other travel in the header; what the other cannot do, the host's
 * network does, so all of it is offered always.
 *
 * A frame for which there are no buffers stays with the host until the driver adds some.
 */
#include "modules/virtio/net.h"

#define HEADER_LEGACY 10u /* without num_buffers: 5.1.6.1 */
#define HEADER_BYTES  12u
#define NUM_BUFFERS   10u
#define CTRL_SIZE     64u
#define PAIRS_MAX     64u
#define HEAD_BYTES    18u /* of a frame, for the filter: addresses, VLAN tag */
#define CHAINS_MAX    64u /* that one frame is spread over */

/* 5.1.4: offsets in the configuration */
enum { C_MAC = 0, C_STATUS = 6, C_PAIRS = 8, C_MTU = 10, C_SPEED = 12, C_DUPLEX = 16 };
#define CONFIG_BYTES    17u
#define STATUS_LINK_UP  1u
#define STATUS_ANNOUNCE 2u

enum { F_MTU = 3, F_MAC = 5, F_STATUS = 16, F_SPEED_DUPLEX = 63 };

/* Bits of VirtioNet.switches, in the order of classes.json. */
static const uint8_t switch_bits[VIRTIO_NET_N_SWITCHES] = {
    0,  /* csum */
    1,  /* guest_csum */
    6,  /* gso */
    7,  /* guest_tso4 */
    8,  /* guest_tso6 */
    9,  /* guest_ecn */
    10, /* guest_ufo */
    54, /* guest_uso4 */
    55, /* guest_uso6 */
    11, /* host_tso4 */
    12, /* host_tso6 */
    13, /* host_ecn */
    14, /* host_ufo */
    56, /* host_uso */
    15, /* mrg_rxbuf */
    16, /* status */
    17, /* ctrl_vq */
    18, /* ctrl_rx */
    19, /* ctrl_vlan */
    20, /* ctrl_rx_extra */
    21, /* guest_announce */
    23, /* ctrl_mac_addr */
    2,  /* ctrl_guest_offloads */
    22, /* mq */
    5,  /* mac */
};

static uint32_t header_bytes(const VirtioNet *net)
{
    return virtio_has(&net->virtio, VIRTIO_NET_MRG_RXBUF) ||
                   virtio_has(&net->virtio, VIRTIO_F_VERSION_1)
               ? HEADER_BYTES
               : HEADER_LEGACY;
}

/* 5.1.2: the control queue follows those in use: all pairs, or one for a driver without MQ. */
static uint32_t control_index(const VirtioNet *net)
{
    return 2 * (virtio_has(&net->virtio, VIRTIO_NET_MQ) ? net->n_pairs : 1);
}

/* --- To the guest --- */

static VirtioQueue *rx_queue(VirtioNet *net, uint32_t queue)
{
    return net->virtio.queues[2 * (queue % net->used_pairs)];
}

static gboolean is_up(const VirtioNet *net)
{
    return net->virtio.running && (net->virtio.status & VIRTIO_DRIVER_OK) != 0;
}

static gboolean can_receive(void *opaque, uint32_t queue)
{
    VirtioNet *net = opaque;

    if (!is_up(net)) {
        return FALSE;
    }
    VirtioQueue *rx = rx_queue(net, queue);
    return !virtio_queue_is_empty(rx) || virtio_queue_want_kicks(rx, TRUE);
}

static void put_header(uint8_t *to, const QhNetHeader *header, uint32_t n_buffers)
{
    to[0] = header->flags;
    to[1] = header->gso_type;
    virtio_put16(to + 2, header->header_bytes);
    virtio_put16(to + 4, header->gso_bytes);
    virtio_put16(to + 6, header->csum_start);
    virtio_put16(to + 8, header->csum_offset);
    virtio_put16(to + NUM_BUFFERS, n_buffers);
}

/* Where in a frame in parts one is. */
typedef struct Cursor {
    const QhNetVec *vec;
    uint32_t n_vec;
    uint64_t offset; /* in the first of them */
} Cursor;

/* Copy from @from to @chain, from @at in it on, as much as fits. */
static uint64_t fill(VirtioChain *chain, uint64_t at, Cursor *from)
{
    uint64_t start = at;

    while (from->n_vec > 0 && at < chain->in_bytes) {
        uint64_t part = from->vec->bytes - from->offset;
        uint64_t done =
            virtio_chain_write(chain, at, (const uint8_t *)from->vec->base + from->offset, part);

        at += done;
        from->offset += done;
        if (from->offset == from->vec->bytes) {
            from->vec++;
            from->n_vec--;
            from->offset = 0;
        }
    }
    return at - start;
}

static uint64_t frame_bytes(const QhNetVec *vec, uint32_t n_vec)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < n_vec; i++) {
        bytes += vec[i].bytes;
    }
    return bytes;
}

/* Buffers for @bytes, header included; 0: there are not enough, none is taken. */
static uint32_t take_buffers(VirtioNet *net, VirtioQueue *queue, uint64_t bytes, VirtioChain **ret)
{
    gboolean merge = virtio_has(&net->virtio, VIRTIO_NET_MRG_RXBUF);
    uint64_t room = 0;
    uint32_t n = 0;

    while (room < bytes && n < (merge ? CHAINS_MAX : 1)) {
        ret[n] = virtio_queue_pop(queue);
        if (ret[n] == NULL) {
            break;
        }
        room += ret[n++]->in_bytes;
    }
    if (room >= bytes && ret[0]->in_bytes >= header_bytes(net)) {
        return n;
    }
    /* too small for any frame that is to come in one buffer, or as many as there may be */
    gboolean hopeless =
        n == (merge ? CHAINS_MAX : 1) || (n > 0 && ret[0]->in_bytes < header_bytes(net));
    while (n > 0) {
        virtio_queue_unpop(ret[--n]);
    }
    return hopeless ? UINT32_MAX : 0;
}

static void deliver(VirtioNet *net,
                    VirtioQueue *queue,
                    VirtioChain *const *chains,
                    uint32_t n,
                    const QhNetHeader *header,
                    Cursor from)
{
    uint8_t head[HEADER_BYTES];
    uint32_t head_bytes = header_bytes(net);

    put_header(head, header, n);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t skip = i == 0 ? virtio_chain_write(chains[0], 0, head, head_bytes) : 0;

        virtio_queue_push(chains[i], skip + fill(chains[i], skip, &from));
    }
    virtio_queue_flush(queue);
}

static gboolean receive(
    void *opaque, uint32_t index, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec)
{
    VirtioNet *net = opaque;
    VirtioChain *chains[CHAINS_MAX];
    uint8_t head[HEAD_BYTES] = {0};
    uint64_t seen = 0, bytes = frame_bytes(vec, n_vec) + header_bytes(net);

    if (!is_up(net)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < n_vec && seen < HEAD_BYTES; i++) {
        uint64_t part = MIN(vec[i].bytes, HEAD_BYTES - seen);

        memcpy(head + seen, vec[i].base, part);
        seen += part;
    }
    if (!virtio_net_filter_takes(net, head, seen)) {
        return TRUE;
    }
    VirtioQueue *queue = rx_queue(net, index);
    uint32_t n = take_buffers(net, queue, bytes, chains);

    if (n == 0 && virtio_queue_want_kicks(queue, TRUE)) {
        n = take_buffers(net, queue, bytes, chains);
    }
    if (n == UINT32_MAX) {
        virtio_guest_error(&net->virtio, "a frame is larger than a receive buffer, and dropped");
        return TRUE;
    }
    if (n == 0) {
        return FALSE;
    }
    virtio_queue_want_kicks(queue, FALSE);
    deliver(net, queue, chains, n, header, (Cursor){vec, n_vec, 0});
    return TRUE;
}

/* --- From the guest --- */

/* FALSE: a header that no driver writes (5.1.6.2.1). */
static gboolean get_header(const uint8_t *from, uint64_t bytes, QhNetHeader *ret)
{
    *ret = (QhNetHeader){
        .flags = from[0] & QH_NET_NEEDS_CSUM,
        .gso_type = from[1],
        .header_bytes = virtio_get16(from + 2),
        .gso_bytes = virtio_get16(from + 4),
        .csum_start = virtio_get16(from + 6),
        .csum_offset = virtio_get16(from + 8),
    };
    if ((ret->flags & QH_NET_NEEDS_CSUM) != 0 &&
        (uint64_t)ret->csum_start + ret->csum_offset + 2 > bytes) {
        return FALSE;
    }
    return ret->gso_type == QH_NET_GSO_NONE ||
           (ret->gso_bytes != 0 && (ret->flags & QH_NET_NEEDS_CSUM) != 0);
}

static gboolean transmit(VirtioChain *chain)
{
    VirtioNet *net = (VirtioNet *)chain->queue->device;
    uint8_t head[HEADER_BYTES];
    uint32_t head_bytes = header_bytes(net);
    QhNetHeader header;

    if (virtio_chain_read(chain, 0, head, head_bytes) < head_bytes) {
        virtio_device_break(&net->virtio, "a frame without its header");
        virtio_queue_push(chain, 0);
        return TRUE;
    }
    virtio_chain_trim_out(chain, head_bytes);
    if (chain->out_bytes == 0 || chain->out_bytes > QH_NET_FRAME_MAX ||
        !get_header(head, chain->out_bytes, &header)) {
        virtio_guest_error(&net->virtio, "a frame that cannot be, dropped");
        virtio_queue_push(chain, 0);
        return TRUE;
    }
    G_STATIC_ASSERT(sizeof(QhNetVec) == sizeof(VirtioSpan) &&
                    offsetof(QhNetVec, bytes) == offsetof(VirtioSpan, bytes));
    if (!net->virtio.services->net->send(net->netdev, chain->queue->index / 2, &header,
                                         (const QhNetVec *)(const void *)chain->out,
                                         chain->n_out)) {
        return FALSE; /* can_send goes on */
    }
    virtio_queue_push(chain, 0);
    return TRUE;
}

static void can_send(void *opaque, uint32_t queue)
{
    VirtioNet *net = opaque;

    if (queue < net->used_pairs) {
        virtio_queue_run(net->virtio.queues[2 * queue + 1], transmit);
    }
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    VirtioNet *net = (VirtioNet *)device;

    if (queue->index == control_index(net)) {
        virtio_queue_run(queue, virtio_net_control);
    } else if (queue->index % 2 == 0) {
        virtio_queue_want_kicks(queue, FALSE);
        device->services->net->ready(net->netdev, queue->index / 2);
    } else if (device->running) {
        virtio_queue_run(queue, transmit);
    }
}

/* --- Configuration, features --- */

static void read_config(VirtioDevice *device, uint8_t *config)
{
    const VirtioNet *net = (VirtioNet *)device;

    memcpy(config + C_MAC, net->guest_mac, sizeof(net->guest_mac));
    virtio_put16(config + C_STATUS,
                 (net->link_up ? STATUS_LINK_UP : 0) | (net->announce ? STATUS_ANNOUNCE : 0));
    virtio_put16(config + C_PAIRS, net->n_pairs);
    virtio_put16(config + C_MTU, net->host_mtu);
    virtio_put32(config + C_SPEED, (uint32_t)net->speed);
    config[C_DUPLEX] = net->duplex == NULL ? 0xff : g_str_equal(net->duplex, "full") ? 1 : 0;
}

/* Legacy drivers set the address here (5.1.4.3). */
static void
write_config(VirtioDevice *device, const uint8_t *config, uint32_t offset, uint32_t bytes)
{
    VirtioNet *net = (VirtioNet *)device;

    (void)bytes;
    if (offset < C_STATUS && !virtio_has(device, VIRTIO_F_VERSION_1) &&
        !virtio_has(device, VIRTIO_NET_CTRL_MAC_ADDR)) {
        memcpy(net->guest_mac, config + C_MAC, sizeof(net->guest_mac));
        device->services->net->rx_filter_changed(net->netdev);
    }
}

static void features_ok(VirtioDevice *device)
{
    VirtioNet *net = (VirtioNet *)device;

    virtio_net_set_offloads(net, device->features);
    memset(net->filter.vlans, virtio_has(device, VIRTIO_NET_CTRL_VLAN) ? 0 : 0xff,
           sizeof(net->filter.vlans));
}

static void driver_ok(VirtioDevice *device)
{
    VirtioNet *net = (VirtioNet *)device;

    for (uint32_t i = 0; i < net->used_pairs; i++) {
        device->services->net->ready(net->netdev, i);
    }
}

static void on_link(void *opaque, gboolean up)
{
    VirtioNet *net = opaque;

    net->link_up = up != FALSE;
    virtio_config_changed(&net->virtio);
}

static char *rx_filter(void *opaque)
{
    return virtio_net_filter_describe(opaque);
}

/* --- Life --- */

static void reset(VirtioDevice *device)
{
    VirtioNet *net = (VirtioNet *)device;

    net->used_pairs = 1;
    net->announce = 0;
    memcpy(net->guest_mac, net->mac, sizeof(net->mac));
    virtio_net_filter_reset(net);
    virtio_net_set_offloads(net, 0);
    device->services->net->purge(net->netdev);
}

static void run_state(VirtioDevice *device, gboolean running)
{
    VirtioNet *net = (VirtioNet *)device;

    for (uint32_t i = 0; running && i < net->used_pairs; i++) {
        if (virtio_queue_ready(device->queues[2 * i + 1])) {
            virtio_queue_run(device->queues[2 * i + 1], transmit);
        }
        device->services->net->ready(net->netdev, i);
    }
}

static gboolean size_is_good(uint16_t size)
{
    return size >= 16 && size <= VIRTIO_QUEUE_MAX && (size & (size - 1)) == 0;
}

static gboolean check(const VirtioNet *net, GError **error)
{
    const char *why = NULL;

    if (net->virtio.services->net == NULL) {
        why = "this host has no networks";
    } else if (net->netdev == NULL) {
        why = "property 'netdev' is not set";
    } else if (!size_is_good(net->rx_queue_size) || !size_is_good(net->tx_queue_size)) {
        why = "queue sizes are powers of two from 16 to 1024";
    } else if ((net->mac[0] & 1) != 0) {
        why = "the address in 'mac' is a multicast address";
    } else if (net->host_mtu != 0 && net->host_mtu < 68) {
        why = "property 'host_mtu' takes at least 68";
    } else if (net->duplex != NULL && !g_str_equal(net->duplex, "full") &&
               !g_str_equal(net->duplex, "half")) {
        why = "property 'duplex' takes half or full";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize network card '%s': %s",
                    net->virtio.base.id, why);
    }
    return why == NULL;
}

static void set_features(VirtioNet *net)
{
    uint64_t features = VIRTIO_BIT(F_MAC);

    for (uint32_t i = 0; i < VIRTIO_NET_N_SWITCHES; i++) {
        features |= net->switches[i] ? VIRTIO_BIT(switch_bits[i]) : 0;
    }
    if ((features & VIRTIO_BIT(VIRTIO_NET_CTRL_VQ)) == 0) {
        features &= ~(VIRTIO_BIT(VIRTIO_NET_CTRL_RX) | VIRTIO_BIT(VIRTIO_NET_CTRL_VLAN) |
                      VIRTIO_BIT(VIRTIO_NET_CTRL_RX_EXTRA) | VIRTIO_BIT(VIRTIO_NET_GUEST_ANNOUNCE) |
                      VIRTIO_BIT(VIRTIO_NET_MQ) | VIRTIO_BIT(VIRTIO_NET_CTRL_MAC_ADDR) |
                      VIRTIO_BIT(VIRTIO_NET_CTRL_GUEST_OFFLOADS));
    }
    features |= net->host_mtu != 0 ? VIRTIO_BIT(F_MTU) : 0;
    features |= net->speed >= 0 || net->duplex != NULL ? VIRTIO_BIT(F_SPEED_DUPLEX) : 0;
    net->virtio.offered = features;
    net->virtio.config_bytes = CONFIG_BYTES;
}

static const QhNetHandlers handlers = {
    .size = sizeof(QhNetHandlers),
    .can_receive = can_receive,
    .receive = receive,
    .link = on_link,
    .can_send = can_send,
    .rx_filter = rx_filter,
};

static gboolean realize(VirtioDevice *device, GError **error)
{
    VirtioNet *net = (VirtioNet *)device;
    const QhNetService *service = device->services->net;

    if (!check(net, error)) {
        return FALSE;
    }
    net->n_pairs = CLAMP(service->n_queues(net->netdev), 1, PAIRS_MAX);
    net->used_pairs = 1;
    for (uint32_t i = 0; i < net->n_pairs; i++) {
        virtio_queue_add(device, net->rx_queue_size, sizeof(VirtioChain));
        virtio_queue_add(device, net->tx_queue_size, sizeof(VirtioChain));
    }
    virtio_queue_add(device, CTRL_SIZE, sizeof(VirtioChain));
    set_features(net);
    if (!service->attach(net->netdev, device->base.instance, net->n_pairs, net->mac, &handlers, net,
                         error)) {
        return FALSE;
    }
    net->attached = TRUE;
    net->link_up = service->link_up(net->netdev) != FALSE;
    return device->services->fw == NULL ||
           device->services->fw->boot_device(&device->base, net->bootindex, "/ethernet-phy@0",
                                             error);
}

static void unrealize(VirtioDevice *device)
{
    VirtioNet *net = (VirtioNet *)device;

    if (net->attached) {
        device->services->net->detach(net->netdev);
        net->attached = FALSE;
    }
}

static void stream_state(VirtioDevice *device, QhStateStream *stream)
{
    VirtioNet *net = (VirtioNet *)device;
    uint64_t used = stream->number(stream, net->used_pairs);

    if (used == 0 || used > net->n_pairs) {
        stream->fail(stream, "it uses more queues than there are");
    } else if (stream->mode == QH_STATE_LOAD) {
        net->used_pairs = (uint32_t)used;
    }
    stream->bytes(stream, net->guest_mac, sizeof(net->guest_mac));
    stream->bytes(stream, &net->announce, sizeof(net->announce));
    stream->bytes(stream, &net->link_up, sizeof(net->link_up));
    stream->bytes(stream, &net->taken, sizeof(net->taken));
    stream->bytes(stream, &net->filter, sizeof(net->filter));
}

static void loaded(VirtioDevice *device)
{
    VirtioNet *net = (VirtioNet *)device;

    net->filter.n_macs = MIN(net->filter.n_macs, VIRTIO_NET_MAC_TABLE);
    net->filter.n_unicast = MIN(net->filter.n_unicast, net->filter.n_macs);
    virtio_net_set_offloads(net, net->taken);
}

const VirtioFunction virtio_net = {
    .name = "net",
    .device_id = VIRTIO_ID_NET,
    .transitional_id = 0x1000,
    .realize = realize,
    .unrealize = unrealize,
    .features_ok = features_ok,
    .driver_ok = driver_ok,
    .reset = reset,
    .read_config = read_config,
    .write_config = write_config,
    .kick = kick,
    .run_state = run_state,
    .stream = stream_state,
    .loaded = loaded,
};
