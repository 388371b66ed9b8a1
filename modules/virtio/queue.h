/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues and the buffers that a driver puts into them, for functions. The format of the ring, split
 * (2.7) or packed (2.8), does not show here.
 */
#ifndef VIRTIO_QUEUE_H
#define VIRTIO_QUEUE_H

#include "abi/base.h"
#include "modules/virtio/spec.h"

typedef struct VirtioDevice VirtioDevice;
typedef struct VirtioQueue VirtioQueue;
typedef struct VirtioChain VirtioChain;

/* A run of guest memory; laid out as QhBlockVec and QhNetVec are. */
typedef struct VirtioSpan {
    void *base;
    uint64_t bytes;
} VirtioSpan;

/*
 * One buffer that the driver made available: mapped, the device-readable part before the
 * device-writable one. A function may change what n_out .. in_bytes say (trim).
 */
struct VirtioChain {
    VirtioQueue *queue;
    uint32_t n_out, n_in;
    VirtioSpan *out, *in;
    uint64_t out_bytes, in_bytes;
    /* The rest is the rings' own. */
    VirtioChain *next; /* of the free list */
    VirtioSpan *maps;  /* as mapped: the readable ones first */
    uint32_t n_maps, n_out_maps;
    uint32_t room;               /* of maps; as many again follow for out and in */
    uint32_t epoch;              /* of the queue when it was taken */
    uint16_t id;                 /* split: head descriptor; packed: buffer id */
    uint16_t n_slots;            /* packed: descriptors used in the ring */
    uint16_t slot;               /* packed: the first of them */
    VirtioChain *before, *after; /* in order: taken before and after it, not given back yet */
    uint8_t ordered, done;       /* in order: it is in that list; it was pushed */
    uint32_t written;            /* in order: what push said */
};

struct VirtioQueue {
    VirtioDevice *device;
    uint16_t index;
    uint16_t size, max_size; /* max_size: what the device offers */
    uint16_t vector;         /* MSI-X; the transport's */
    const struct VirtioRing *format;
    uint8_t enabled;
    uint8_t in_later; /* waits for the device's timer */
    /* As the driver gave them: descriptors, driver area, device area (2.6) */
    uint64_t desc_address, driver_address, device_address;
    uint8_t *desc, *driver, *ring; /* mapped while enabled; ring: the device area */
    uint64_t desc_bytes, driver_bytes, ring_bytes;

    uint16_t next_avail; /* of the ring: what is taken next */
    uint16_t seen_avail; /* split: the driver's index as last read */
    uint16_t next_used;  /* where the next used element goes */
    uint16_t told_used;  /* split: index that the driver was told of last */
    uint8_t told_valid, avail_wrap, used_wrap;
    uint8_t notify_off;               /* kicks are not wanted now */
    uint16_t n_pushed;                /* used elements not shown to the driver yet */
    uint16_t first_slot, first_flags; /* packed: the first of them, written last */
    uint32_t in_flight;
    uint32_t epoch;               /* of this use of the queue: a reset begins another */
    uint32_t item_bytes;          /* of a chain with what the function puts behind it */
    VirtioChain *oldest, *newest; /* in order: chains that were not given back yet */
    VirtioChain *free;
};

/* A queue of up to @max_size buffers; chains have @item_bytes. In realize. [main] */
VirtioQueue *virtio_queue_add(VirtioDevice *device, uint32_t max_size, uint32_t item_bytes);
/* The next buffer, NULL when there is none or the ring is broken. Push it some time. */
VirtioChain *virtio_queue_pop(VirtioQueue *queue);
/* Give @chain back with @written bytes in its device-writable part. Shown by virtio_queue_flush. */
void virtio_queue_push(VirtioChain *chain, uint64_t written);
/* Show what was pushed to the driver, and interrupt if it wants that. */
void virtio_queue_flush(VirtioQueue *queue);
/* Put @chain, the last one taken, back as if it had not been taken. */
void virtio_queue_unpop(VirtioChain *chain);
gboolean virtio_queue_is_empty(VirtioQueue *queue);
/* Say whether kicks are wanted; TRUE if buffers are there that came before it took effect. */
gboolean virtio_queue_want_kicks(VirtioQueue *queue, gboolean on);
/* Call @take for each buffer that is there, a bounded number of them (the rest follow later on the
 * main thread), kicks off meanwhile; then flush. @take returns FALSE to stop, chain untaken. */
void virtio_queue_run(VirtioQueue *queue, gboolean (*take)(VirtioChain *chain));
gboolean virtio_queue_ready(const VirtioQueue *queue);

/* Copy from the readable, to the writable part, from @offset on; return how many bytes there were.
 */
uint64_t virtio_chain_read(const VirtioChain *chain, uint64_t offset, void *to, uint64_t bytes);
uint64_t
virtio_chain_write(const VirtioChain *chain, uint64_t offset, const void *from, uint64_t bytes);
/* Take @bytes, which are there, off the front of the readable part, the writable part's ends. */
void virtio_chain_trim_out(VirtioChain *chain, uint64_t bytes);
void virtio_chain_trim_in(VirtioChain *chain, uint64_t bytes);
void virtio_chain_trim_in_tail(VirtioChain *chain, uint64_t bytes);

#endif
