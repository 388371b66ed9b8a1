/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control queue of the network device (5.1.6.5), and the filter that it sets. */
#include "modules/virtio/net.h"

#define ETHERTYPE_VLAN 0x8100u
#define MAC_BYTES      6u

enum { CLASS_RX = 0, CLASS_MAC = 1, CLASS_VLAN = 2, CLASS_ANNOUNCE = 3, CLASS_MQ = 4 };
enum { CLASS_OFFLOADS = 5 };
enum { ACK_OK = 0, ACK_ERR = 1 };

/* 5.1.6.5.6: guest offloads have the numbers of their features */
static const struct {
    uint8_t feature;
    uint32_t offload;
} offloads[] = {
    {1,  QH_NET_OFFLOAD_CSUM},
    {7,  QH_NET_OFFLOAD_TSO4},
    {8,  QH_NET_OFFLOAD_TSO6},
    {9,  QH_NET_OFFLOAD_ECN },
    {10, QH_NET_OFFLOAD_UFO },
    {54, QH_NET_OFFLOAD_USO },
};

void virtio_net_set_offloads(VirtioNet *net, uint64_t features)
{
    uint32_t mask = 0;

    net->taken = features;
    for (uint32_t i = 0; i < G_N_ELEMENTS(offloads); i++) {
        mask |= (features & VIRTIO_BIT(offloads[i].feature)) != 0 ? offloads[i].offload : 0;
    }
    /* one kind is both here and in the network: UDP over IPv4 and over IPv6 */
    if ((features & VIRTIO_BIT(55)) == 0) {
        mask &= ~QH_NET_OFFLOAD_USO;
    }
    net->virtio.services->net->set_offloads(net->netdev, mask);
}

/* --- The filter --- */

void virtio_net_filter_reset(VirtioNet *net)
{
    net->filter = (VirtioNetFilter){.promiscuous = 1};
    memset(net->filter.vlans, 0xff, sizeof(net->filter.vlans));
}

static gboolean
listed(const VirtioNetFilter *filter, const uint8_t *mac, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        if (memcmp(filter->macs[i], mac, MAC_BYTES) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean virtio_net_filter_takes(const VirtioNet *net, const uint8_t *head, uint64_t bytes)
{
    static const uint8_t broadcast[MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const VirtioNetFilter *filter = &net->filter;

    if (filter->promiscuous || bytes < MAC_BYTES) {
        return filter->promiscuous;
    }
    if (bytes >= 16 && (head[12] << 8 | head[13]) == ETHERTYPE_VLAN) {
        uint32_t vlan = (uint32_t)(head[14] << 8 | head[15]) & (VIRTIO_NET_VLANS - 1);

        if ((filter->vlans[vlan / 8] & (1u << (vlan % 8))) == 0) {
            return FALSE;
        }
    }
    if (memcmp(head, broadcast, MAC_BYTES) == 0) {
        return !filter->no_broadcast;
    }
    if ((head[0] & 1) != 0) {
        return !filter->no_multicast && (filter->all_multicast || filter->multicast_overflow ||
                                         listed(filter, head, filter->n_unicast, filter->n_macs));
    }
    return !filter->no_unicast && (filter->all_unicast || filter->unicast_overflow ||
                                   memcmp(head, net->guest_mac, MAC_BYTES) == 0 ||
                                   listed(filter, head, 0, filter->n_unicast));
}

static void add_mac(GString *json, const uint8_t *mac)
{
    g_string_append_printf(json, "\"%02x:%02x:%02x:%02x:%02x:%02x\"", mac[0], mac[1], mac[2],
                           mac[3], mac[4], mac[5]);
}

static void add_macs(GString *json, const char *name, const VirtioNetFilter *filter, gboolean multi)
{
    uint32_t from = multi ? filter->n_unicast : 0;
    uint32_t to = multi ? filter->n_macs : filter->n_unicast;

    g_string_append_printf(json, ", \"%s\": [", name);
    for (uint32_t i = from; i < to; i++) {
        g_string_append(json, i > from ? ", " : "");
        add_mac(json, filter->macs[i]);
    }
    g_string_append_c(json, ']');
}

static const char *truth(gboolean value)
{
    return value ? "true" : "false";
}

static const char *state(gboolean none, gboolean all)
{
    return none ? "none" : all ? "all" : "normal";
}

char *virtio_net_filter_describe(const VirtioNet *net)
{
    const VirtioNetFilter *filter = &net->filter;
    gboolean vlans = virtio_has(&net->virtio, VIRTIO_NET_CTRL_VLAN), first = TRUE;
    GString *json = g_string_new(NULL);

    g_string_append_printf(
        json,
        "{\"promiscuous\": %s, \"multicast\": \"%s\", \"unicast\": \"%s\", \"vlan\": \"%s\", "
        "\"broadcast-allowed\": %s, \"multicast-overflow\": %s, \"unicast-overflow\": %s, "
        "\"main-mac\": ",
        truth(filter->promiscuous), state(filter->no_multicast, filter->all_multicast),
        state(filter->no_unicast, filter->all_unicast), vlans ? "normal" : "all",
        truth(!filter->no_broadcast), truth(filter->multicast_overflow),
        truth(filter->unicast_overflow));
    add_mac(json, net->guest_mac);
    g_string_append(json, ", \"vlan-table\": [");
    for (uint32_t i = 0; vlans && i < VIRTIO_NET_VLANS; i++) {
        if ((filter->vlans[i / 8] & (1u << (i % 8))) != 0) {
            g_string_append_printf(json, "%s%u", first ? "" : ", ", i);
            first = FALSE;
        }
    }
    g_string_append_c(json, ']');
    add_macs(json, "unicast-table", filter, FALSE);
    add_macs(json, "multicast-table", filter, TRUE);
    g_string_append_c(json, '}');
    return g_string_free(json, FALSE);
}

/* --- Commands; @at: where their data begins --- */

static gboolean set_rx_mode(VirtioNet *net, const VirtioChain *chain, uint8_t command)
{
    VirtioNetFilter *filter = &net->filter;
    uint8_t *const modes[] = {&filter->promiscuous,  &filter->all_multicast, &filter->all_unicast,
                              &filter->no_multicast, &filter->no_unicast,    &filter->no_broadcast};
    uint32_t feature = command < 2 ? VIRTIO_NET_CTRL_RX : VIRTIO_NET_CTRL_RX_EXTRA;
    uint8_t on;

    if (command >= G_N_ELEMENTS(modes) || !virtio_has(&net->virtio, feature) ||
        virtio_chain_read(chain, 2, &on, 1) != 1) {
        return FALSE;
    }
    *modes[command] = on != 0;
    return TRUE;
}

/* One list of addresses at @at; what does not fit any more makes all of its kind pass. */
static gboolean
read_list(VirtioNetFilter *filter, const VirtioChain *chain, uint64_t *at, uint8_t *ret_overflow)
{
    uint8_t word[4];

    if (virtio_chain_read(chain, *at, word, sizeof(word)) != sizeof(word)) {
        return FALSE;
    }
    uint32_t n = virtio_get32(word);
    *at += sizeof(word);
    if ((chain->out_bytes - *at) / MAC_BYTES < n) {
        return FALSE;
    }
    *ret_overflow = n > VIRTIO_NET_MAC_TABLE - filter->n_macs;
    if (!*ret_overflow) {
        virtio_chain_read(chain, *at, filter->macs[filter->n_macs], (uint64_t)n * MAC_BYTES);
        filter->n_macs += n;
    }
    *at += (uint64_t)n * MAC_BYTES;
    return TRUE;
}

static gboolean set_mac(VirtioNet *net, const VirtioChain *chain, uint8_t command)
{
    VirtioNetFilter filter = net->filter;
    uint64_t at = 2;

    if (command == 1) {
        return virtio_has(&net->virtio, VIRTIO_NET_CTRL_MAC_ADDR) &&
               chain->out_bytes >= 2 + MAC_BYTES &&
               virtio_chain_read(chain, 2, net->guest_mac, MAC_BYTES) == MAC_BYTES;
    }
    filter.n_macs = 0;
    if (command != 0 || !virtio_has(&net->virtio, VIRTIO_NET_CTRL_RX) ||
        !read_list(&filter, chain, &at, &filter.unicast_overflow)) {
        return FALSE;
    }
    filter.n_unicast = filter.n_macs;
    if (!read_list(&filter, chain, &at, &filter.multicast_overflow)) {
        return FALSE;
    }
    net->filter = filter;
    return TRUE;
}

static gboolean set_vlan(VirtioNet *net, const VirtioChain *chain, uint8_t command)
{
    uint8_t word[2];

    if (!virtio_has(&net->virtio, VIRTIO_NET_CTRL_VLAN) || command > 1 ||
        virtio_chain_read(chain, 2, word, sizeof(word)) != sizeof(word)) {
        return FALSE;
    }
    uint32_t vlan = virtio_get16(word);
    if (vlan >= VIRTIO_NET_VLANS) {
        return FALSE;
    }
    uint8_t bit = (uint8_t)(1u << (vlan % 8));
    if (command == 0) {
        net->filter.vlans[vlan / 8] |= bit;
    } else {
        net->filter.vlans[vlan / 8] &= (uint8_t)~bit;
    }
    return TRUE;
}

static gboolean set_pairs(VirtioNet *net, const VirtioChain *chain, uint8_t command)
{
    uint8_t word[2];

    if (!virtio_has(&net->virtio, VIRTIO_NET_MQ) || command != 0 ||
        virtio_chain_read(chain, 2, word, sizeof(word)) != sizeof(word)) {
        return FALSE;
    }
    uint32_t n = virtio_get16(word);
    if (n == 0 || n > net->n_pairs) {
        return FALSE;
    }
    net->used_pairs = n;
    for (uint32_t i = 0; i < n; i++) {
        net->virtio.services->net->ready(net->netdev, i);
    }
    return TRUE;
}

static gboolean set_offloads(VirtioNet *net, const VirtioChain *chain, uint8_t command)
{
    uint8_t word[8];

    if (!virtio_has(&net->virtio, VIRTIO_NET_CTRL_GUEST_OFFLOADS) || command != 0 ||
        virtio_chain_read(chain, 2, word, sizeof(word)) != sizeof(word)) {
        return FALSE;
    }
    uint64_t wanted = virtio_get64(word);
    if ((wanted & ~net->virtio.features) != 0) {
        return FALSE;
    }
    virtio_net_set_offloads(net, wanted);
    return TRUE;
}

static gboolean acknowledge(VirtioNet *net, uint8_t command)
{
    if (!net->announce || command != 0) {
        return FALSE;
    }
    net->announce = 0;
    return TRUE;
}

static gboolean run(VirtioNet *net, const VirtioChain *chain, uint8_t class, uint8_t command)
{
    switch (class) {
    case CLASS_RX:
        return set_rx_mode(net, chain, command);
    case CLASS_MAC:
        return set_mac(net, chain, command);
    case CLASS_VLAN:
        return set_vlan(net, chain, command);
    case CLASS_ANNOUNCE:
        return acknowledge(net, command);
    case CLASS_MQ:
        return set_pairs(net, chain, command);
    case CLASS_OFFLOADS:
        return set_offloads(net, chain, command);
    default:
        return FALSE;
    }
}

gboolean virtio_net_control(VirtioChain *chain)
{
    VirtioNet *net = (VirtioNet *)chain->queue->device;
    uint8_t head[2], ack;

    if (virtio_chain_read(chain, 0, head, sizeof(head)) != sizeof(head) || chain->in_bytes == 0) {
        virtio_device_break(&net->virtio, "a control command without its head or its answer");
        virtio_queue_push(chain, 0);
        return TRUE;
    }
    ack = run(net, chain, head[0], head[1]) ? ACK_OK : ACK_ERR;
    virtio_chain_write(chain, 0, &ack, 1);
    virtio_queue_push(chain, 1);
    if (ack == ACK_OK && head[0] <= CLASS_VLAN) {
        net->virtio.services->net->rx_filter_changed(net->netdev);
    }
    return TRUE;
}
