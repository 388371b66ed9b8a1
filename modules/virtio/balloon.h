/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traditional memory balloon (5.5). */
#ifndef VIRTIO_BALLOON_H
#define VIRTIO_BALLOON_H

#include "abi/command.h"
#include "modules/virtio/virtio.h"

#define VIRTIO_BALLOON_STATS 16u

typedef struct VirtioBalloon {
    VirtioDevice virtio;

    /* properties */
    uint8_t deflate_on_oom, free_page_reporting, page_poison;
    uint32_t polling_s; /* 0: no statistics are asked for */
    uint64_t target;    /* bytes that the guest should keep; 0: all. May change at any time */

    uint64_t ram_bytes;
    uint32_t actual; /* pages in the balloon, as the driver says */
    uint32_t poison; /* what free pages are filled with */
    VirtioQueue *stats_queue, *reporting_queue;
    VirtioChain *stats_chain;             /* the driver's, kept until new figures are wanted */
    uint64_t stats[VIRTIO_BALLOON_STATS]; /* by tag (5.5.6.4); UINT64_MAX: not known */
    int64_t stats_at_s;                   /* when they came, of the epoch; 0: never */
    QhTimer *timer;
} VirtioBalloon;

extern const VirtioFunction virtio_balloon;
extern const QhCommandOps virtio_balloon_ops, virtio_query_balloon_ops;

/* Bytes that the guest has. */
uint64_t virtio_balloon_actual(const VirtioBalloon *balloon);

#endif
