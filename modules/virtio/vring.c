/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split virtqueues (2.7). The driver may be on another CPU and may be hostile: whatever is read
 * from the ring is read once into a local variable, checked, and used from there. Indices are
 * published with release and read with acquire order; what both sides write and then read of each
 * other (used index against used_event, avail_event against avail index) has a full barrier
 * between.
 */
#include "modules/virtio/vring.h"

/* 2.7.6, 2.7.8: offsets in the driver area (avail) and the device area (used) */
#define RING_FLAGS   0u
#define RING_INDEX   2u
#define RING_ENTRIES 4u
#define USED_BYTES   8u

#define AVAIL_NO_INTERRUPT 1u
#define USED_NO_NOTIFY     1u

/* Both with the event word at the end (2.7.10), whether the feature is used or not. */
static uint64_t driver_bytes(uint32_t size)
{
    return RING_ENTRIES + 2 * (uint64_t)size + 2;
}

static uint64_t device_bytes(uint32_t size)
{
    return RING_ENTRIES + USED_BYTES * (uint64_t)size + 2;
}

static uint8_t *used_event(const VirtioQueue *queue)
{
    return queue->driver + RING_ENTRIES + 2 * (uint64_t)queue->size;
}

static uint8_t *avail_event(const VirtioQueue *queue)
{
    return queue->ring + RING_ENTRIES + USED_BYTES * (uint64_t)queue->size;
}

/* The used index is where the device left it, so a queue can be handed over while it is in use. */
static void start(VirtioQueue *queue)
{
    queue->next_avail = queue->seen_avail = 0;
    queue->next_used = queue->told_used = 0;
    queue->told_valid = 0;
}

/* Whether there is a buffer; a count that cannot be breaks the device. */
static gboolean look(VirtioQueue *queue)
{
    if (queue->seen_avail == queue->next_avail) {
        queue->seen_avail = ring_load16(queue->driver + RING_INDEX);
        if ((uint16_t)(queue->seen_avail - queue->next_avail) > queue->size) {
            virtio_device_break(queue->device, "more buffers are available than the queue has");
            return FALSE;
        }
    }
    return queue->seen_avail != queue->next_avail;
}

static gboolean is_empty(VirtioQueue *queue)
{
    return !look(queue);
}

typedef struct Desc {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags, next;
} Desc;

static Desc read_desc(const uint8_t *table, uint32_t n)
{
    const uint64_t *at = (const uint64_t *)(const void *)(table + (uint64_t)n * VIRTIO_DESC_BYTES);
    uint64_t low = GUINT64_FROM_LE(__atomic_load_n(at, __ATOMIC_RELAXED));
    uint64_t high = GUINT64_FROM_LE(__atomic_load_n(at + 1, __ATOMIC_RELAXED));

    return (Desc){low, (uint32_t)high, (uint16_t)(high >> 32), (uint16_t)(high >> 48)};
}

/* The descriptors of @table, of @n entries, from @first on. An indirect descriptor ends the direct
 * ones: it is left in @ret_indirect (flags 0: there was none). */
static gboolean
walk(VirtioChain *chain, const uint8_t *table, uint32_t n, uint32_t first, Desc *ret_indirect)
{
    VirtioDevice *device = chain->queue->device;
    uint32_t at = first;

    for (uint32_t steps = 0; steps < n; steps++) {
        Desc desc = read_desc(table, at);

        if ((desc.flags & VIRTIO_DESC_INDIRECT) != 0) {
            if (ret_indirect == NULL || (desc.flags & VIRTIO_DESC_NEXT) != 0 ||
                !virtio_has(device, VIRTIO_F_INDIRECT_DESC)) {
                virtio_device_break(device, "an indirect descriptor where none may be");
                return FALSE;
            }
            *ret_indirect = desc;
            return TRUE;
        }
        if (!virtio_chain_add(chain, desc.address, desc.bytes,
                              (desc.flags & VIRTIO_DESC_WRITE) != 0)) {
            return FALSE;
        }
        if ((desc.flags & VIRTIO_DESC_NEXT) == 0) {
            return TRUE;
        }
        at = desc.next;
        if (at >= n) {
            virtio_device_break(device, "a descriptor's next lies outside its table");
            return FALSE;
        }
    }
    virtio_device_break(device, "a chain of descriptors has a loop");
    return FALSE;
}

static gboolean gather(VirtioChain *chain)
{
    VirtioQueue *queue = chain->queue;
    Desc indirect = {0};
    uint32_t n;

    if (!walk(chain, queue->desc, queue->size, chain->id, &indirect)) {
        return FALSE;
    }
    if ((indirect.flags & VIRTIO_DESC_INDIRECT) == 0) {
        return TRUE;
    }
    const uint8_t *table = virtio_queue_map_table(queue, indirect.address, indirect.bytes, &n);
    gboolean ok = table != NULL && walk(chain, table, n, 0, NULL);

    if (table != NULL) {
        virtio_queue_unmap_table(queue, table, n);
    }
    return ok;
}

static gboolean pop(VirtioQueue *queue, VirtioChain *chain)
{
    if (!look(queue)) {
        return FALSE;
    }
    uint32_t slot = queue->next_avail & (queue->size - 1u);
    chain->id = ring_load16(queue->driver + RING_ENTRIES + 2 * slot);
    if (chain->id >= queue->size) {
        virtio_device_break(queue->device, "an available descriptor lies outside the table");
        return FALSE;
    }
    queue->next_avail++;
    return gather(chain);
}

static gboolean again(VirtioQueue *queue, VirtioChain *chain)
{
    return chain->id < queue->size && gather(chain);
}

static void unpop(VirtioQueue *queue, const VirtioChain *chain)
{
    (void)chain;
    queue->next_avail--;
}

static void push(VirtioQueue *queue, const VirtioChain *chain, uint32_t written)
{
    uint32_t slot = (queue->next_used + queue->n_pushed) & (queue->size - 1u);
    uint8_t *at = queue->ring + RING_ENTRIES + USED_BYTES * slot;

    virtio_put32(at, chain->id);
    virtio_put32(at + 4, written);
}

/* 2.7.7.2: an index that the driver waits for was passed, or it has not said not to. */
static gboolean flush(VirtioQueue *queue)
{
    VirtioDevice *device = queue->device;
    uint16_t before = queue->told_used;

    queue->next_used += queue->n_pushed;
    ring_store16(queue->ring + RING_INDEX, queue->next_used);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    if (virtio_has(device, VIRTIO_F_NOTIFY_ON_EMPTY) && queue->in_flight == 0 &&
        ring_load16(queue->driver + RING_INDEX) == queue->next_avail) {
        return TRUE;
    }
    if (!virtio_has(device, VIRTIO_F_EVENT_IDX)) {
        return (ring_load16(queue->driver + RING_FLAGS) & AVAIL_NO_INTERRUPT) == 0;
    }
    uint16_t event = ring_load16(used_event(queue));
    gboolean valid = queue->told_valid;

    queue->told_used = queue->next_used;
    queue->told_valid = 1;
    return !valid ||
           (uint16_t)(queue->next_used - event - 1) < (uint16_t)(queue->next_used - before);
}

static gboolean want_kicks(VirtioQueue *queue, gboolean on)
{
    if (virtio_has(queue->device, VIRTIO_F_EVENT_IDX)) {
        if (on) {
            ring_store16(avail_event(queue), queue->next_avail);
        }
    } else {
        ring_store16(queue->ring + RING_FLAGS, on ? 0 : USED_NO_NOTIFY);
    }
    if (!on) {
        return FALSE;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return look(queue);
}

const VirtioRing virtio_ring_split = {
    .desc_bytes = ring_desc_bytes,
    .driver_bytes = driver_bytes,
    .device_bytes = device_bytes,
    .desc_align = 16,
    .driver_align = 2,
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
