/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_NET_H
#define QH_ABI_NET_H

#include "abi/base.h"

#define QH_NETDEV_INTERFACE "qh.netdev"

typedef struct QhNet QhNet;

typedef struct QhNetVec {
    void *base;
    uint64_t bytes;
} QhNetVec;

#define QH_NET_FRAME_MAX (65536u + 64u)

typedef struct QhNetHeader {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_bytes;
    uint16_t gso_bytes;
    uint16_t csum_start;
    uint16_t csum_offset;
} QhNetHeader;
#define QH_NET_NEEDS_CSUM 1u
#define QH_NET_DATA_VALID 2u
#define QH_NET_GSO_NONE   0u
#define QH_NET_GSO_TCPV4  1u
#define QH_NET_GSO_UDP    3u
#define QH_NET_GSO_TCPV6  4u
#define QH_NET_GSO_UDP_L4 5u
#define QH_NET_GSO_ECN    0x80u

#define QH_NET_OFFLOAD_CSUM (1u << 0)
#define QH_NET_OFFLOAD_TSO4 (1u << 1)
#define QH_NET_OFFLOAD_TSO6 (1u << 2)
#define QH_NET_OFFLOAD_ECN  (1u << 3)
#define QH_NET_OFFLOAD_UFO  (1u << 4)
#define QH_NET_OFFLOAD_USO  (1u << 5)

typedef struct QhNetHandlers {
    uint32_t size;
    uint32_t reserved;

    gboolean (*can_receive)(void *opaque, uint32_t queue);

    gboolean (*receive)(void *opaque,
                        uint32_t queue,
                        const QhNetHeader *header,
                        const QhNetVec *vec,
                        uint32_t n_vec);

    void (*link)(void *opaque, gboolean up);

    void (*can_send)(void *opaque, uint32_t queue);

    char *(*rx_filter)(void *opaque);
} QhNetHandlers;

typedef struct QhNetService {
    uint32_t size;
    uint32_t reserved;

    gboolean (*attach)(QhNet *net,
                       QhInstance *device,
                       uint32_t n_queues,
                       uint8_t *mac,
                       const QhNetHandlers *handlers,
                       void *opaque,
                       GError **error);
    void (*detach)(QhNet *net);
    uint32_t (*n_queues)(QhNet *net);
    gboolean (*link_up)(QhNet *net);

    uint32_t (*offloads)(QhNet *net);

    void (*set_offloads)(QhNet *net, uint32_t offloads);

    gboolean (*send)(
        QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec);

    void (*ready)(QhNet *net, uint32_t queue);

    void (*purge)(QhNet *net);

    void (*rx_filter_changed)(QhNet *net);

    gboolean (*deliver)(
        QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec);

    void (*writable)(QhNet *net, uint32_t queue);

    void (*set_peer)(QhNet *net, gboolean up, const char *info);

    void (*set_send_offloads)(QhNet *net, uint32_t offloads);
} QhNetService;

typedef struct QhNetdevOps {
    uint32_t size;
    uint32_t state_size;
    const char *description;
    uint32_t offloads;
    uint32_t max_queues;

    gboolean (*open)(void *ctx, void *state, QhNet *net, const char *options, GError **error);
    void (*close)(void *state);

    gboolean (*send)(void *state,
                     uint32_t queue,
                     const QhNetHeader *header,
                     const QhNetVec *vec,
                     uint32_t n_vec);

    void (*resume)(void *state, uint32_t queue);

    char *(*describe)(void *state);

    char *(*command)(void *state, const char *name, const char *arguments, GError **error);
} QhNetdevOps;

#endif
