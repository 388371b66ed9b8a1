/* SPDX-License-Identifier: MIT */
/*
 * Service "qh.net": the device's side of a network back end; and slot "netdev/NAME", interface
 * "qh.netdev": a back end that a module brings.
 */
#ifndef QH_ABI_NET_H
#define QH_ABI_NET_H

#include "abi/base.h"

#define QH_NETDEV_INTERFACE "qh.netdev"

/* One end of a network: a back end made with -netdev, and what is plugged into it. A property of
 * type QH_PROPERTY_NETDEV holds one. */
typedef struct QhNet QhNet;

typedef struct QhNetVec {
    void *base;
    uint64_t bytes;
} QhNetVec;

/* Frames are Ethernet without FCS, at most this long with the header below, also after offloads. */
#define QH_NET_FRAME_MAX (65536u + 64u)

/*
 * What is known of a frame besides its bytes, as in struct virtio_net_hdr (virtio 1.2, 5.1.6); all
 * zero: a plain frame with its checksums done. Host byte order.
 */
typedef struct QhNetHeader {
    uint8_t flags;    /* QH_NET_... */
    uint8_t gso_type; /* QH_NET_GSO_... */
    uint16_t header_bytes;
    uint16_t gso_bytes;
    uint16_t csum_start;
    uint16_t csum_offset;
} QhNetHeader;
#define QH_NET_NEEDS_CSUM 1u /* checksum from csum_start on is to be put at + csum_offset */
#define QH_NET_DATA_VALID 2u /* checksums were checked */
#define QH_NET_GSO_NONE   0u
#define QH_NET_GSO_TCPV4  1u
#define QH_NET_GSO_UDP    3u
#define QH_NET_GSO_TCPV6  4u
#define QH_NET_GSO_UDP_L4 5u
#define QH_NET_GSO_ECN    0x80u

/* Offloads: frames that an end takes with a QhNetHeader that is not zero. */
#define QH_NET_OFFLOAD_CSUM (1u << 0)
#define QH_NET_OFFLOAD_TSO4 (1u << 1)
#define QH_NET_OFFLOAD_TSO6 (1u << 2)
#define QH_NET_OFFLOAD_ECN  (1u << 3)
#define QH_NET_OFFLOAD_UFO  (1u << 4)
#define QH_NET_OFFLOAD_USO  (1u << 5)

/* The device's side. [device] on any thread; receive may come before attach returns. */
typedef struct QhNetHandlers {
    uint32_t size;
    uint32_t reserved;
    /* Whether a frame would be taken now on @queue. */
    gboolean (*can_receive)(void *opaque, uint32_t queue);
    /* A frame for the guest. FALSE: no room; the host keeps it and tries again after ready(). */
    gboolean (*receive)(void *opaque,
                        uint32_t queue,
                        const QhNetHeader *header,
                        const QhNetVec *vec,
                        uint32_t n_vec);
    /* The link went up or down (set_link). */
    void (*link)(void *opaque, gboolean up);
    /* Optional: room again on @queue after send returned FALSE. */
    void (*can_send)(void *opaque, uint32_t queue);
    /* Optional: query-rx-filter: the caller g_frees a JSON object of QMP's RxFilterInfo without
     * its name. */
    char *(*rx_filter)(void *opaque);
} QhNetHandlers;

typedef struct QhNetService {
    uint32_t size;
    uint32_t reserved;

    /* Become the device at @net, with @n_queues pairs of queues; in realize. @mac: six bytes that
     * info and announcements show; all zero: the host makes one up and writes it there. FALSE with
     * @error when @net has another device. [main] */
    gboolean (*attach)(QhNet *net,
                       QhInstance *device,
                       uint32_t n_queues,
                       uint8_t *mac,
                       const QhNetHandlers *handlers,
                       void *opaque,
                       GError **error);
    void (*detach)(QhNet *net); /* NULL is accepted. [main] */
    uint32_t (*n_queues)(QhNet *net);
    gboolean (*link_up)(QhNet *net);
    /* QH_NET_OFFLOAD_...: what the other end takes from the device. [device] */
    uint32_t (*offloads)(QhNet *net);
    /* What the guest takes; the host does the rest in software. [device] */
    void (*set_offloads)(QhNet *net, uint32_t offloads);
    /* Send one frame; it is copied if it cannot go at once. FALSE: the queue is full, keep the
     * frame and wait for can_send. A frame that the other end cannot take as it is gets its
     * checksum and segmentation here. [device] */
    gboolean (*send)(
        QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec);
    /* The device has room again. [device] */
    void (*ready)(QhNet *net, uint32_t queue);
    /* Drop what waits for the device: reset. [device] */
    void (*purge)(QhNet *net);
    /* The guest changed what it listens to: NIC_RX_FILTER_CHANGED. [device] */
    void (*rx_filter_changed)(QhNet *net);

    /* Since minor 0, for back ends: hand a frame to the device; FALSE: it waits, stop reading until
     * QhNetdevOps.resume. [device] */
    gboolean (*deliver)(
        QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec);
    /* A back end can send again after its send returned FALSE. [device] */
    void (*writable)(QhNet *net, uint32_t queue);
    /* A back end whose peer came or went. @info: one line for info network. [main] */
    void (*set_peer)(QhNet *net, gboolean up, const char *info);
    /* In open: what send takes, when that is not known before: instead of QhNetdevOps.offloads.
     * [main] */
    void (*set_send_offloads)(QhNet *net, uint32_t offloads);
} QhNetService;

typedef struct QhNetdevOps {
    uint32_t size;
    uint32_t state_size; /* bytes of the back end's state, zeroed by the host */
    const char *description;
    uint32_t offloads;   /* that it takes in send */
    uint32_t max_queues; /* 0 means 1 */
    /* Open; @ctx is that of the offer; @options is the JSON object of the user's options, as in
     * QMP's Netdev. [main] */
    gboolean (*open)(void *ctx, void *state, QhNet *net, const char *options, GError **error);
    void (*close)(void *state); /* [main] */
    /* A frame from the guest; FALSE: no room, writable() follows. Never blocks. [device] */
    gboolean (*send)(void *state,
                     uint32_t queue,
                     const QhNetHeader *header,
                     const QhNetVec *vec,
                     uint32_t n_vec);
    /* Optional: deliver works again. [device] */
    void (*resume)(void *state, uint32_t queue);
    /* Optional: a line of `info network`; the caller g_frees it. [main] */
    char *(*describe)(void *state);
    /* Optional: a human monitor command of its own ("hostfwd_add ..."): text out, g_freed by the
     * caller, or NULL with @error. [main] */
    char *(*command)(void *state, const char *name, const char *arguments, GError **error);
} QhNetdevOps;

#endif
