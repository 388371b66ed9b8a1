/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the networks. */
#ifndef QH_CORE_NET_NET_PRIV_H
#define QH_CORE_NET_NET_PRIV_H

#include "core/module/registry.h"
#include "core/net/net.h"

#define QH_NET_MAX_QUEUES 64u

/* A frame that waits. */
typedef struct QhNetFrame {
    QhNetHeader header;
    uint32_t bytes;
    uint8_t data[];
} QhNetFrame;

/* Frames of one direction and queue, bounded; what is too much is dropped, as a switch does. */
typedef struct QhNetFrames {
    GQueue frames; /* QhNetFrame * */
    uint64_t bytes;
} QhNetFrames;

struct QhNet {
    QhNets *nets;
    QhHost *host;
    char *id;
    char *type;
    QhSlotRef slot; /* of a module's back end */
    const QhNetdevOps *ops;
    void *state;
    char *info; /* of the peer; NULL: none was told */
    gboolean link_up;

    QhNetHandlers handlers; /* size is 0 without a device */
    void *opaque;
    QhInstance *device;
    uint32_t n_queues;
    uint8_t mac[6];
    uint32_t guest_offloads, send_offloads;
    gboolean filter_told;                      /* NIC_RX_FILTER_CHANGED; not again before a query */
    QhNetFrames to_guest[QH_NET_MAX_QUEUES];   /* the device has no room */
    QhNetFrames from_guest[QH_NET_MAX_QUEUES]; /* the back end has no room */
    gboolean device_waits[QH_NET_MAX_QUEUES];  /* send returned FALSE */
    gboolean back_end_waits[QH_NET_MAX_QUEUES]; /* deliver returned FALSE */
    GPtrArray *dumps;                           /* QhNetDump * */
};

/* A back end of the host's own; @ctx of its open is the QhHost. */
typedef struct QhNetBackend {
    const char *type;
    const QhNetdevOps *ops;
} QhNetBackend;

extern const QhNetdevOps qh_net_stream, qh_net_dgram, qh_net_socket, qh_net_tap, qh_net_bridge,
    qh_net_passt, qh_net_hubport;

/* nets.c */
void qh_nets_next_mac(QhNets *nets, uint8_t *ret_mac); /* 52:54:00:12:34:56 and up */
void qh_net_emit_filter_changed(QhNet *net);

/* past.c: networks of a machine that keeps its past (core/machine/outside.h). TRUE: what comes from
 * outside was put aside, or belongs to a future that is not there yet; it comes to front.c's
 * qh_net_..._now between two instructions. */
gboolean qh_net_put_aside(
    QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec);
gboolean qh_net_put_aside_writable(QhNet *net, uint32_t queue);
gboolean qh_net_put_aside_link(QhNet *net, gboolean up);
gboolean qh_net_has_past(const QhNet *net);
gboolean qh_net_replays(const QhNet *net); /* what the guest sends was sent before */
void qh_net_forget_past(const QhNet *net); /* notes of the past name it, and it goes */

/* front.c */
gboolean qh_net_deliver_now(
    QhNet *net, uint32_t queue, const QhNetHeader *header, const QhNetVec *vec, uint32_t n_vec);
void qh_net_writable_now(QhNet *net, uint32_t queue);
void qh_net_set_link_now(QhNet *net, gboolean up);
void qh_net_drop_frames(QhNet *net);
void qh_net_dump_frame(QhNet *net, const QhNetVec *vec, uint32_t n_vec);

/* offload.c. Both work on a whole frame and read nothing beyond it. [any] */
uint64_t qh_net_gather(const QhNetVec *vec, uint32_t n_vec, uint8_t *to, uint64_t max);
/* Put the checksum that @header asks for into @frame; FALSE: the header does not fit the frame. */
gboolean qh_net_fill_checksum(const QhNetHeader *header, uint8_t *frame, uint32_t bytes);
/* Cut a frame with a gso_type into such that can go out as they are, checksums done; @fn gets each.
 * FALSE: header and frame do not agree, nothing was handed out. */
gboolean qh_net_segment(const QhNetHeader *header,
                        const uint8_t *frame,
                        uint32_t bytes,
                        void (*fn)(void *opaque, const uint8_t *frame, uint32_t bytes),
                        void *opaque);

#endif
