/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues: mapping rings and buffers, chains and their pool. A chain's descriptors are mapped when
 * it is taken and unmapped when it is pushed, so a function works on host memory and never asks
 * again where an address leads. Chains are reused: a queue in use allocates nothing.
 */
#include "modules/virtio/core.h"

#define CHAIN_BYTES_MAX UINT32_MAX /* 2.7.4.2: at most 2^32 bytes; a used element says 32 bits */
#define ROOM_FIRST      8u
/* Descriptors of one chain, and the places where RAM ends amidst one. */
#define MAPS_MAX (2 * VIRTIO_QUEUE_MAX)

/* Chosen when it is enabled: what the driver does to its features later must not change it. */
static const VirtioRing *ring_of(const VirtioQueue *queue)
{
    return queue->format;
}

void *virtio_device_map(VirtioDevice *device, uint64_t address, uint64_t *length, gboolean write)
{
    if (device->transport->dma_map != NULL) {
        return device->transport->dma_map(device, address, length, write);
    }
    return device->services->mem->dma_map(device->base.instance, device->space, address, length,
                                          write);
}

void virtio_device_unmap(VirtioDevice *device, void *pointer, uint64_t length, uint64_t written)
{
    if (device->transport->dma_unmap != NULL) {
        device->transport->dma_unmap(device, pointer, length, written);
    } else {
        device->services->mem->dma_unmap(device->base.instance, pointer, length, written);
    }
}

VirtioQueue *virtio_queue_add(VirtioDevice *device, uint32_t max_size, uint32_t item_bytes)
{
    VirtioQueue *queue = g_new0(VirtioQueue, 1);

    g_assert(max_size <= VIRTIO_QUEUE_MAX && item_bytes >= sizeof(VirtioChain));
    queue->device = device;
    queue->index = (uint16_t)device->n_queues;
    queue->size = queue->max_size = (uint16_t)max_size;
    queue->item_bytes = item_bytes;
    device->queues = g_renew(VirtioQueue *, device->queues, device->n_queues + 1);
    device->queues[device->n_queues++] = queue;
    return queue;
}

void virtio_queue_set_size(VirtioQueue *queue, uint32_t size)
{
    if (!queue->enabled) {
        queue->size = (uint16_t)MIN(size, UINT16_MAX);
    }
}

/* --- Rings --- */

static uint8_t *
map_area(VirtioQueue *queue, uint64_t address, uint64_t bytes, uint32_t align, gboolean writable)
{
    VirtioDevice *device = queue->device;
    uint64_t got = bytes, end;

    if (address % align != 0 || __builtin_add_overflow(address, bytes, &end)) {
        return NULL;
    }
    uint8_t *at = virtio_device_map(device, address, &got, writable);
    if (at != NULL && got < bytes) {
        virtio_device_unmap(device, at, got, 0);
        return NULL;
    }
    return at;
}

static void unmap_area(VirtioQueue *queue, uint8_t **at, uint64_t bytes, gboolean written)
{
    if (*at != NULL) {
        virtio_device_unmap(queue->device, *at, bytes, written ? bytes : 0);
        *at = NULL;
    }
}

/* Who watches pages being written (snapshots, code) hears of the rings when they are let go of. */
static void unmap_ring(VirtioQueue *queue)
{
    gboolean packed = ring_of(queue) == &virtio_ring_packed;

    unmap_area(queue, &queue->desc, queue->desc_bytes, packed);
    unmap_area(queue, &queue->driver, queue->driver_bytes, FALSE);
    unmap_area(queue, &queue->ring, queue->ring_bytes, TRUE);
}

static gboolean map_ring(VirtioQueue *queue)
{
    const VirtioRing *ring = ring_of(queue);

    queue->desc_bytes = ring->desc_bytes(queue->size);
    queue->driver_bytes = ring->driver_bytes(queue->size);
    queue->ring_bytes = ring->device_bytes(queue->size);
    queue->desc = map_area(queue, queue->desc_address, queue->desc_bytes, ring->desc_align,
                           ring == &virtio_ring_packed);
    queue->driver =
        map_area(queue, queue->driver_address, queue->driver_bytes, ring->driver_align, FALSE);
    queue->ring =
        map_area(queue, queue->device_address, queue->ring_bytes, ring->device_align, TRUE);
    if (queue->desc == NULL || queue->driver == NULL || queue->ring == NULL) {
        unmap_ring(queue);
        return FALSE;
    }
    return TRUE;
}

static gboolean size_is_good(const VirtioQueue *queue)
{
    gboolean power = (queue->size & (queue->size - 1)) == 0;

    return queue->size != 0 && queue->size <= queue->max_size &&
           (power || ring_of(queue) == &virtio_ring_packed);
}

void virtio_queue_enable(VirtioQueue *queue)
{
    if (queue->enabled || queue->device->broken) {
        return;
    }
    queue->format =
        virtio_has(queue->device, VIRTIO_F_RING_PACKED) ? &virtio_ring_packed : &virtio_ring_split;
    if (!size_is_good(queue)) {
        virtio_device_break(queue->device, "a queue has a size that cannot be");
    } else if (!map_ring(queue)) {
        virtio_device_break(queue->device, "a queue is misaligned or does not lie in RAM");
    } else {
        queue->enabled = 1;
        queue->n_pushed = 0;
        queue->notify_off = 0;
        ring_of(queue)->start(queue);
    }
}

/* 2.7.2: descriptors, then the driver area, then, aligned, the device area. */
void virtio_queue_enable_legacy(VirtioQueue *queue, uint64_t address, uint64_t align)
{
    uint64_t end;

    if (address == 0) {
        virtio_queue_reset(queue);
        return;
    }
    if (align == 0 || (align & (align - 1)) != 0) {
        virtio_device_break(queue->device, "a queue has an alignment that is no power of two");
        return;
    }
    queue->desc_address = address;
    queue->driver_address = address + VIRTIO_DESC_BYTES * (uint64_t)queue->size;
    end = queue->driver_address + 2 * (3 + (uint64_t)queue->size);
    queue->device_address = (end + align - 1) & ~(align - 1);
    virtio_queue_enable(queue);
}

static void order_clear(VirtioQueue *queue);

void virtio_queue_reset(VirtioQueue *queue)
{
    if (queue->enabled) {
        unmap_ring(queue);
    }
    queue->enabled = 0;
    order_clear(queue);
    queue->epoch++;
    queue->in_flight = queue->n_pushed = 0;
    queue->in_later = 0;
    queue->size = queue->max_size;
    queue->desc_address = queue->driver_address = queue->device_address = 0;
}

void virtio_queue_sync(VirtioQueue *queue)
{
    if (queue->enabled) {
        unmap_ring(queue);
        if (!map_ring(queue)) {
            queue->enabled = 0;
            virtio_device_break(queue->device, "the memory of a queue is gone");
        }
    }
}

gboolean virtio_queue_ready(const VirtioQueue *queue)
{
    const VirtioDevice *device = queue->device;
    uint8_t needed =
        virtio_has(device, VIRTIO_F_VERSION_1) ? VIRTIO_DRIVER_OK : VIRTIO_DRIVER; /* 3.1.2 */

    return queue->enabled && !device->broken && (device->status & needed) != 0;
}

/* --- Chains --- */

static void set_room(VirtioChain *chain, uint32_t room)
{
    chain->maps = g_renew(VirtioSpan, chain->maps, 2 * (size_t)room);
    chain->room = room;
}

static VirtioChain *chain_new(VirtioQueue *queue)
{
    VirtioChain *chain = queue->free;

    if (chain != NULL) {
        queue->free = chain->next;
    } else {
        chain = g_malloc0(queue->item_bytes);
        chain->queue = queue;
        set_room(chain, ROOM_FIRST);
    }
    chain->epoch = queue->epoch;
    chain->n_out = chain->n_in = chain->n_maps = chain->n_out_maps = 0;
    chain->out_bytes = chain->in_bytes = 0;
    return chain;
}

static void chain_free(VirtioChain *chain)
{
    chain->next = chain->queue->free;
    chain->queue->free = chain;
}

static void chain_unmap(VirtioChain *chain, uint64_t written)
{
    for (uint32_t i = 0; i < chain->n_maps; i++) {
        const VirtioSpan *map = &chain->maps[i];
        uint64_t part = i < chain->n_out_maps ? 0 : MIN(written, map->bytes);

        virtio_device_unmap(chain->queue->device, map->base, map->bytes, part);
        written -= part;
    }
    chain->n_maps = 0;
}

gboolean virtio_chain_add(VirtioChain *chain, uint64_t address, uint64_t bytes, gboolean writable)
{
    VirtioQueue *queue = chain->queue;
    VirtioDevice *device = queue->device;
    uint64_t total = chain->out_bytes + chain->in_bytes, end;

    if (bytes == 0 || __builtin_add_overflow(address, bytes, &end) ||
        bytes > CHAIN_BYTES_MAX - total) {
        virtio_device_break(device, "a descriptor has a length that cannot be");
        return FALSE;
    }
    if (!writable && chain->n_in != 0) {
        virtio_device_break(device, "a readable descriptor after a writable one");
        return FALSE;
    }
    *(writable ? &chain->in_bytes : &chain->out_bytes) += bytes;
    while (bytes > 0) {
        uint64_t got = bytes;
        void *at = NULL;

        if (chain->n_maps < MAPS_MAX) {
            at = virtio_device_map(device, address, &got, writable);
        }
        if (at == NULL) {
            virtio_device_break(device, "a descriptor does not lie in RAM");
            return FALSE;
        }
        if (chain->n_maps == chain->room) {
            set_room(chain, 2 * chain->room);
        }
        chain->maps[chain->n_maps++] = (VirtioSpan){at, got};
        chain->n_out_maps += !writable;
        chain->n_in += writable != FALSE;
        address += got;
        bytes -= got;
    }
    return TRUE;
}

const uint8_t *
virtio_queue_map_table(VirtioQueue *queue, uint64_t address, uint32_t bytes, uint32_t *ret_n)
{
    const uint8_t *table = NULL;

    if (bytes == 0 || bytes % VIRTIO_DESC_BYTES != 0 ||
        bytes > VIRTIO_QUEUE_MAX * VIRTIO_DESC_BYTES) {
        virtio_device_break(queue->device, "an indirect table has a length that cannot be");
        return NULL;
    }
    /* 2.7.5.3 asks for no alignment, but nobody has them at odd places */
    table = map_area(queue, address, bytes, 8, FALSE);
    if (table == NULL) {
        virtio_device_break(queue->device, "an indirect table is misaligned or not in RAM");
    }
    *ret_n = bytes / VIRTIO_DESC_BYTES;
    return table;
}

void virtio_queue_unmap_table(VirtioQueue *queue, const uint8_t *table, uint32_t n)
{
    virtio_device_unmap(queue->device, (void *)table, (uint64_t)n * VIRTIO_DESC_BYTES, 0);
}

/* More than the rings can hold: a driver that makes the same buffer available again and again, or
 * resets the device again and again while its disk stands still. */
static gboolean too_many(VirtioQueue *queue)
{
    if (queue->in_flight < queue->size &&
        queue->device->in_flight < (queue->device->n_queues + 4) * VIRTIO_QUEUE_MAX) {
        return FALSE;
    }
    virtio_device_break(queue->device, "more buffers are in flight than the queue has");
    return TRUE;
}

/* What a function sees: the maps, of which it may cut off parts. */
static void show_parts(VirtioChain *chain)
{
    VirtioSpan *spans = chain->maps + chain->room;

    memcpy(spans, chain->maps, chain->n_maps * sizeof(*spans));
    chain->out = spans;
    chain->n_out = chain->n_out_maps;
    chain->in = spans + chain->n_out;
}

/* --- In order (2.7.9, 2.8.10): what is done waits until all that came before it is, too --- */

static void order_add(VirtioChain *chain)
{
    VirtioQueue *queue = chain->queue;

    chain->done = 0;
    chain->ordered = virtio_has(queue->device, VIRTIO_F_IN_ORDER);
    if (!chain->ordered) {
        return;
    }
    chain->before = queue->newest;
    chain->after = NULL;
    *(queue->newest != NULL ? &queue->newest->after : &queue->oldest) = chain;
    queue->newest = chain;
}

static void order_remove(VirtioChain *chain)
{
    VirtioQueue *queue = chain->queue;

    if (chain->ordered) {
        *(chain->before != NULL ? &chain->before->after : &queue->oldest) = chain->after;
        *(chain->after != NULL ? &chain->after->before : &queue->newest) = chain->before;
        chain->ordered = 0;
    }
}

VirtioChain *virtio_queue_pop(VirtioQueue *queue)
{
    if (!virtio_queue_ready(queue) || ring_of(queue)->is_empty(queue) || too_many(queue)) {
        return NULL;
    }
    VirtioChain *chain = chain_new(queue);

    if (!ring_of(queue)->pop(queue, chain)) {
        chain_unmap(chain, 0);
        chain_free(chain);
        return NULL;
    }
    show_parts(chain);
    order_add(chain);
    queue->in_flight++;
    queue->device->in_flight++;
    return chain;
}

static gboolean is_current(const VirtioChain *chain)
{
    return chain->epoch == chain->queue->epoch && chain->queue->enabled;
}

static void untrack(VirtioChain *chain)
{
    VirtioDevice *device = chain->queue->device;

    device->in_flight--;
    if (chain->epoch == chain->queue->epoch) {
        chain->queue->in_flight--;
    }
    if (device->in_flight == 0) {
        device->resetting = 0;
    }
}

/* Into the ring, if it is the one that the chain came from. */
static void give_back(VirtioChain *chain, uint64_t written)
{
    VirtioQueue *queue = chain->queue;

    order_remove(chain);
    untrack(chain);
    if (is_current(chain) && !queue->device->broken) {
        ring_of(queue)->push(queue, chain, (uint32_t)MIN(written, UINT32_MAX));
        queue->n_pushed++;
    }
    chain_free(chain);
}

void virtio_queue_push(VirtioChain *chain, uint64_t written)
{
    VirtioQueue *queue = chain->queue;

    chain_unmap(chain, written);
    if (!chain->ordered) {
        give_back(chain, written);
        return;
    }
    chain->done = 1;
    chain->written = (uint32_t)MIN(written, UINT32_MAX);
    while (queue->oldest != NULL && queue->oldest->done) {
        give_back(queue->oldest, queue->oldest->written);
    }
}

/* The queue begins anew: what is done is forgotten, what is not will be when it is pushed. */
static void order_clear(VirtioQueue *queue)
{
    for (VirtioChain *chain = queue->oldest, *next; chain != NULL; chain = next) {
        next = chain->after;
        chain->ordered = 0;
        if (chain->done) {
            untrack(chain);
            chain_free(chain);
        }
    }
    queue->oldest = queue->newest = NULL;
}

void virtio_queue_unpop(VirtioChain *chain)
{
    chain_unmap(chain, 0);
    order_remove(chain);
    untrack(chain);
    if (is_current(chain)) {
        ring_of(chain->queue)->unpop(chain->queue, chain);
    }
    chain_free(chain);
}

void virtio_queue_flush(VirtioQueue *queue)
{
    if (queue->n_pushed == 0 || !queue->enabled || queue->device->broken) {
        return;
    }
    gboolean wanted = ring_of(queue)->flush(queue);

    queue->n_pushed = 0;
    if (wanted) {
        queue->device->transport->interrupt(queue->device, queue);
    }
}

gboolean virtio_queue_is_empty(VirtioQueue *queue)
{
    return !virtio_queue_ready(queue) || ring_of(queue)->is_empty(queue);
}

gboolean virtio_queue_want_kicks(VirtioQueue *queue, gboolean on)
{
    if (!virtio_queue_ready(queue) || (!on && queue->notify_off)) {
        return FALSE;
    }
    queue->notify_off = !on;
    return ring_of(queue)->want_kicks(queue, on);
}

void virtio_queue_run(VirtioQueue *queue, gboolean (*take)(VirtioChain *chain))
{
    uint32_t left = queue->size;

    do {
        virtio_queue_want_kicks(queue, FALSE);
        for (VirtioChain *chain; left > 0 && (chain = virtio_queue_pop(queue)) != NULL; left--) {
            if (!take(chain)) {
                virtio_queue_unpop(chain);
                virtio_queue_flush(queue);
                return;
            }
        }
    } while (virtio_queue_want_kicks(queue, TRUE) && left > 0);
    if (!virtio_queue_is_empty(queue)) {
        virtio_queue_want_kicks(queue, FALSE);
        virtio_queue_run_later(queue);
    }
    virtio_queue_flush(queue);
}

/* --- Snapshots --- */

void virtio_queue_forget_maps(VirtioQueue *queue)
{
    unmap_area(queue, &queue->desc, queue->desc_bytes, FALSE);
    unmap_area(queue, &queue->driver, queue->driver_bytes, FALSE);
    unmap_area(queue, &queue->ring, queue->ring_bytes, FALSE);
    order_clear(queue);
    queue->epoch++;
    queue->in_flight = 0;
}

void virtio_queue_loaded(VirtioQueue *queue)
{
    if (queue->enabled && !map_ring(queue)) {
        queue->enabled = 0;
        virtio_device_break(queue->device, "the memory of a queue is gone");
    }
}

VirtioChain *virtio_chain_restore(VirtioQueue *queue, uint16_t id, uint16_t slot, uint16_t n_slots)
{
    VirtioChain *chain = chain_new(queue);

    chain->id = id;
    chain->slot = slot;
    chain->n_slots = n_slots;
    order_add(chain);
    queue->in_flight++;
    queue->device->in_flight++;
    return chain;
}

void virtio_chain_again(VirtioChain *chain)
{
    VirtioQueue *queue = chain->queue;

    if (!queue->enabled || !ring_of(queue)->again(queue, chain)) {
        chain_unmap(chain, 0);
        chain->n_maps = chain->n_out_maps = chain->n_in = 0;
        chain->out_bytes = chain->in_bytes = 0;
        virtio_device_break(queue->device, "a buffer that the device holds is gone");
    }
    show_parts(chain);
}

void virtio_chain_drop(VirtioChain *chain)
{
    chain_unmap(chain, 0);
    order_remove(chain);
    untrack(chain);
    chain_free(chain);
}

/* --- What is in a chain --- */

static uint64_t copy(const VirtioSpan *spans,
                     uint32_t n,
                     uint64_t offset,
                     uint8_t *data,
                     uint64_t bytes,
                     gboolean in)
{
    uint64_t done = 0;

    for (uint32_t i = 0; i < n && done < bytes; i++) {
        if (offset >= spans[i].bytes) {
            offset -= spans[i].bytes;
            continue;
        }
        uint64_t part = MIN(spans[i].bytes - offset, bytes - done);
        uint8_t *guest = (uint8_t *)spans[i].base + offset;

        if (in) {
            memcpy(guest, data + done, part);
        } else {
            memcpy(data + done, guest, part);
        }
        done += part;
        offset = 0;
    }
    return done;
}

uint64_t virtio_chain_read(const VirtioChain *chain, uint64_t offset, void *to, uint64_t bytes)
{
    return copy(chain->out, chain->n_out, offset, to, bytes, FALSE);
}

uint64_t
virtio_chain_write(const VirtioChain *chain, uint64_t offset, const void *from, uint64_t bytes)
{
    return copy(chain->in, chain->n_in, offset, (uint8_t *)from, bytes, TRUE);
}

static void trim(VirtioSpan **spans, uint32_t *n, uint64_t *total, uint64_t bytes)
{
    bytes = MIN(bytes, *total);
    *total -= bytes;
    while (bytes > 0) {
        uint64_t part = MIN(bytes, (*spans)->bytes);

        (*spans)->base = (uint8_t *)(*spans)->base + part;
        (*spans)->bytes -= part;
        bytes -= part;
        if ((*spans)->bytes == 0) {
            (*spans)++;
            (*n)--;
        }
    }
}

void virtio_chain_trim_out(VirtioChain *chain, uint64_t bytes)
{
    trim(&chain->out, &chain->n_out, &chain->out_bytes, bytes);
}

void virtio_chain_trim_in(VirtioChain *chain, uint64_t bytes)
{
    trim(&chain->in, &chain->n_in, &chain->in_bytes, bytes);
}

void virtio_chain_trim_in_tail(VirtioChain *chain, uint64_t bytes)
{
    bytes = MIN(bytes, chain->in_bytes);
    chain->in_bytes -= bytes;
    while (bytes > 0) {
        VirtioSpan *last = &chain->in[chain->n_in - 1];
        uint64_t part = MIN(bytes, last->bytes);

        last->bytes -= part;
        bytes -= part;
        chain->n_in -= last->bytes == 0;
    }
}

static void pool_free(VirtioQueue *queue)
{
    for (VirtioChain *chain = queue->free; chain != NULL; chain = queue->free) {
        queue->free = chain->next;
        g_free(chain->maps);
        g_free(chain);
    }
}

void virtio_queue_free(VirtioQueue *queue)
{
    virtio_queue_reset(queue);
    pool_free(queue);
    g_free(queue);
}
