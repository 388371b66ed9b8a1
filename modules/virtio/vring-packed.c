/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packed virtqueues (2.8): one ring that both sides write. A descriptor belongs to the device when
 * its AVAIL flag is the wrap counter of the round it was written in and its USED flag is not. The
 * device answers a buffer with one descriptor and skips as many as the buffer had; of a batch the
 * flags of the first are written last, so that the driver sees all or none (2.8.21).
 */
#include "modules/virtio/vring.h"

/* 2.8.14: event suppression areas: where in the ring, and how */
#define EVENT_OFFSET  0u
#define EVENT_FLAGS   2u
#define EVENT_BYTES   4u
#define EVENT_ENABLE  0u
#define EVENT_DISABLE 1u
#define EVENT_DESC    2u
#define EVENT_WRAP    (1u << 15)

/* 2.8.13: offsets in a descriptor */
#define DESC_LENGTH 8u
#define DESC_ID     12u
#define DESC_FLAGS  14u

static uint64_t event_bytes(uint32_t size)
{
    (void)size;
    return EVENT_BYTES;
}

static uint8_t *desc_at(const VirtioQueue *queue, uint32_t slot)
{
    return queue->desc + (uint64_t)slot * VIRTIO_DESC_BYTES;
}

/* 2.8.10: both counters begin at 1. */
static void start(VirtioQueue *queue)
{
    queue->next_avail = queue->next_used = queue->told_used = 0;
    queue->avail_wrap = queue->used_wrap = 1;
}

static gboolean is_empty(VirtioQueue *queue)
{
    uint16_t flags = ring_load16(desc_at(queue, queue->next_avail) + DESC_FLAGS);
    gboolean avail = (flags & VIRTIO_DESC_AVAIL) != 0, used = (flags & VIRTIO_DESC_USED) != 0;

    return avail != queue->avail_wrap || used == queue->avail_wrap;
}

typedef struct Desc {
    uint64_t address;
    uint32_t bytes;
    uint16_t id, flags;
} Desc;

static Desc read_desc(const uint8_t *from)
{
    const uint64_t *at = (const uint64_t *)(const void *)from;
    uint64_t high = GUINT64_FROM_LE(__atomic_load_n(at + 1, __ATOMIC_ACQUIRE));
    uint64_t low = GUINT64_FROM_LE(__atomic_load_n(at, __ATOMIC_RELAXED));

    return (Desc){low, (uint32_t)high, (uint16_t)(high >> 32), (uint16_t)(high >> 48)};
}

static gboolean add(VirtioChain *chain, const Desc *desc)
{
    return virtio_chain_add(chain, desc->address, desc->bytes,
                            (desc->flags & VIRTIO_DESC_WRITE) != 0);
}

/* 2.8.7: a table is one buffer, in its order. */
static gboolean add_table(VirtioChain *chain, const Desc *indirect)
{
    VirtioQueue *queue = chain->queue;
    gboolean ok = TRUE;
    uint32_t n;

    if (!virtio_has(queue->device, VIRTIO_F_INDIRECT_DESC) ||
        (indirect->flags & VIRTIO_DESC_NEXT) != 0 || chain->n_slots != 1) {
        virtio_device_break(queue->device, "an indirect descriptor where none may be");
        return FALSE;
    }
    const uint8_t *table = virtio_queue_map_table(queue, indirect->address, indirect->bytes, &n);
    if (table == NULL) {
        return FALSE;
    }
    for (uint32_t i = 0; ok && i < n; i++) {
        Desc desc = read_desc(table + (uint64_t)i * VIRTIO_DESC_BYTES);

        if ((desc.flags & VIRTIO_DESC_INDIRECT) != 0) {
            virtio_device_break(queue->device, "an indirect descriptor in an indirect table");
            ok = FALSE;
        } else {
            ok = add(chain, &desc);
        }
    }
    virtio_queue_unmap_table(queue, table, n);
    return ok;
}

static void advance(uint16_t *at, uint8_t *wrap, uint32_t n, uint32_t size)
{
    uint32_t next = *at + n;

    if (next >= size) {
        next -= size;
        *wrap ^= 1;
    }
    *at = (uint16_t)next;
}

/* The buffer that begins at chain->slot. */
static gboolean gather(VirtioQueue *queue, VirtioChain *chain)
{
    uint16_t slot = chain->slot;
    Desc desc;

    chain->n_slots = 0;
    do {
        if (chain->n_slots == queue->size) {
            virtio_device_break(queue->device, "a chain of descriptors has a loop");
            return FALSE;
        }
        desc = read_desc(desc_at(queue, slot));
        chain->n_slots++;
        if ((desc.flags & VIRTIO_DESC_INDIRECT) != 0) {
            if (!add_table(chain, &desc)) {
                return FALSE;
            }
            break;
        }
        if (!add(chain, &desc)) {
            return FALSE;
        }
        slot = (uint16_t)(slot + 1 == queue->size ? 0 : slot + 1);
    } while ((desc.flags & VIRTIO_DESC_NEXT) != 0);

    chain->id = desc.id; /* 2.8.6: of the last */
    return TRUE;
}

static gboolean again(VirtioQueue *queue, VirtioChain *chain)
{
    return chain->slot < queue->size && gather(queue, chain);
}

static gboolean pop(VirtioQueue *queue, VirtioChain *chain)
{
    if (is_empty(queue)) {
        return FALSE;
    }
    chain->slot = queue->next_avail;
    if (!gather(queue, chain)) {
        return FALSE;
    }
    advance(&queue->next_avail, &queue->avail_wrap, chain->n_slots, queue->size);
    return TRUE;
}

static void unpop(VirtioQueue *queue, const VirtioChain *chain)
{
    if (queue->next_avail < chain->n_slots) {
        queue->next_avail = (uint16_t)(queue->next_avail + queue->size - chain->n_slots);
        queue->avail_wrap ^= 1;
    } else {
        queue->next_avail -= chain->n_slots;
    }
}

static void push(VirtioQueue *queue, const VirtioChain *chain, uint32_t written)
{
    uint8_t *at = desc_at(queue, queue->next_used);
    uint16_t flags = queue->used_wrap ? VIRTIO_DESC_AVAIL | VIRTIO_DESC_USED : 0;

    flags |= written != 0 ? VIRTIO_DESC_WRITE : 0;
    virtio_put32(at + DESC_LENGTH, written);
    virtio_put16(at + DESC_ID, chain->id);
    if (queue->n_pushed == 0) {
        queue->first_slot = queue->next_used;
        queue->first_flags = flags;
    } else {
        ring_store16(at + DESC_FLAGS, flags);
    }
    advance(&queue->next_used, &queue->used_wrap, chain->n_slots, queue->size);
    queue->told_used += chain->n_slots; /* here: how far it went since the driver was looked at */
}

/* 2.8.14: the event's place counted in the round that the device is in now. */
static gboolean flush(VirtioQueue *queue)
{
    uint16_t went = queue->told_used;

    ring_store16(desc_at(queue, queue->first_slot) + DESC_FLAGS, queue->first_flags);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    queue->told_used = 0;

    uint16_t flags = ring_load16(queue->driver + EVENT_FLAGS) & 3;
    if (flags != EVENT_DESC || !virtio_has(queue->device, VIRTIO_F_EVENT_IDX)) {
        return flags != EVENT_DISABLE;
    }
    uint16_t word = ring_load16(queue->driver + EVENT_OFFSET);
    uint16_t event = word & (EVENT_WRAP - 1);

    if ((word & EVENT_WRAP) != 0 ? !queue->used_wrap : queue->used_wrap) {
        event -= queue->size;
    }
    return (uint16_t)(queue->next_used - event - 1) < went;
}

static gboolean want_kicks(VirtioQueue *queue, gboolean on)
{
    uint16_t flags = EVENT_DISABLE;

    if (on && virtio_has(queue->device, VIRTIO_F_EVENT_IDX)) {
        ring_store16(queue->ring + EVENT_OFFSET,
                     queue->next_avail | (queue->avail_wrap ? EVENT_WRAP : 0));
        flags = EVENT_DESC;
    } else if (on) {
        flags = EVENT_ENABLE;
    }
    ring_store16(queue->ring + EVENT_FLAGS, flags);
    if (!on) {
        return FALSE;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !is_empty(queue);
}

const VirtioRing virtio_ring_packed = {
    .desc_bytes = ring_desc_bytes,
    .driver_bytes = event_bytes,
    .device_bytes = event_bytes,
    .desc_align = 16,
    .driver_align = 4,
    .device_align = 4,
    .start = start,
    .pop = pop,
    .again = again,
    .unpop = unpop,
    .push = push,
    .flush = flush,
    .is_empty = is_empty,
    .want_kicks = want_kicks,
};
