/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network device (5.1). */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include "modules/virtio/virtio.h"

#define VIRTIO_NET_MAC_TABLE 64u
#define VIRTIO_NET_VLANS     4096u

/* Properties that are a feature each; the bit stands in net.c beside the same index. */
#define VIRTIO_NET_N_SWITCHES 25u

/* 5.1.3: features that more than one file asks for */
enum {
    VIRTIO_NET_CTRL_GUEST_OFFLOADS = 2,
    VIRTIO_NET_MRG_RXBUF = 15,
    VIRTIO_NET_CTRL_VQ = 17,
    VIRTIO_NET_CTRL_RX = 18,
    VIRTIO_NET_CTRL_VLAN = 19,
    VIRTIO_NET_CTRL_RX_EXTRA = 20,
    VIRTIO_NET_GUEST_ANNOUNCE = 21,
    VIRTIO_NET_MQ = 22,
    VIRTIO_NET_CTRL_MAC_ADDR = 23,
};

/* What the driver wants to receive (5.1.6.5). */
typedef struct VirtioNetFilter {
    uint8_t promiscuous, all_multicast, all_unicast, no_multicast, no_unicast, no_broadcast;
    uint8_t unicast_overflow, multicast_overflow;
    uint32_t n_macs, n_unicast; /* the unicast ones come first */
    uint8_t macs[VIRTIO_NET_MAC_TABLE][6];
    uint8_t vlans[VIRTIO_NET_VLANS / 8];
} VirtioNetFilter;

typedef struct VirtioNet {
    VirtioDevice virtio;

    /* properties */
    QhNet *netdev;
    uint8_t mac[6]; /* the user's; the host's choice when that is zero */
    uint8_t switches[VIRTIO_NET_N_SWITCHES];
    uint16_t rx_queue_size, tx_queue_size, host_mtu;
    int32_t speed;
    char *duplex;
    char *tx;
    int32_t bootindex;

    gboolean attached;
    uint32_t n_pairs, used_pairs;
    uint8_t guest_mac[6]; /* as the driver set it */
    uint8_t announce;     /* the driver should announce itself */
    uint8_t link_up;
    uint64_t taken; /* GUEST_... features that are in force */
    VirtioNetFilter filter;
} VirtioNet;

extern const VirtioFunction virtio_net;

/* In net-control.c. */
void virtio_net_filter_reset(VirtioNet *net);
/* Whether the driver wants a frame that begins with the @bytes of @head. */
gboolean virtio_net_filter_takes(const VirtioNet *net, const uint8_t *head, uint64_t bytes);
/* JSON of QMP's RxFilterInfo without the name; the caller g_frees it. */
char *virtio_net_filter_describe(const VirtioNet *net);
/* A command of the control queue. */
gboolean virtio_net_control(VirtioChain *chain);
/* The driver's GUEST_... features as @features have them, to the network. */
void virtio_net_set_offloads(VirtioNet *net, uint64_t features);

#endif
