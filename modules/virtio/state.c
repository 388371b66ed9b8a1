/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots. A ring lies in guest memory and is restored with it; here is what the device knows of
 * it. Memory is mapped anew when all of the machine has been loaded, because the way there leads
 * through buses. A buffer that the device holds is named by its place in the ring and looked up
 * there again. Requests that are under way elsewhere, at a disk, cannot be saved: in deterministic
 * mode, where machines go backwards, there are none between two instructions.
 */
#include "modules/virtio/core.h"

static void part(QhStateStream *stream, void *object, uint64_t bytes)
{
    stream->bytes(stream, object, bytes);
}

void virtio_queue_stream(VirtioQueue *queue, QhStateStream *stream)
{
    uint8_t packed = queue->format == &virtio_ring_packed;

    part(stream, &queue->size, sizeof(queue->size));
    part(stream, &queue->vector, sizeof(queue->vector));
    part(stream, &queue->enabled, sizeof(queue->enabled));
    part(stream, &queue->in_later, sizeof(queue->in_later));
    part(stream, &queue->desc_address, sizeof(queue->desc_address));
    part(stream, &queue->driver_address, sizeof(queue->driver_address));
    part(stream, &queue->device_address, sizeof(queue->device_address));
    part(stream, &queue->next_avail, sizeof(queue->next_avail));
    part(stream, &queue->seen_avail, sizeof(queue->seen_avail));
    part(stream, &queue->next_used, sizeof(queue->next_used));
    part(stream, &queue->told_used, sizeof(queue->told_used));
    part(stream, &queue->told_valid, sizeof(queue->told_valid));
    part(stream, &queue->avail_wrap, sizeof(queue->avail_wrap));
    part(stream, &queue->used_wrap, sizeof(queue->used_wrap));
    part(stream, &queue->notify_off, sizeof(queue->notify_off));
    part(stream, &queue->n_pushed, sizeof(queue->n_pushed));
    part(stream, &queue->first_slot, sizeof(queue->first_slot));
    part(stream, &queue->first_flags, sizeof(queue->first_flags));
    part(stream, &packed, sizeof(packed));
    if (stream->mode == QH_STATE_LOAD) {
        virtio_queue_forget_maps(queue);
        queue->format = packed ? &virtio_ring_packed : &virtio_ring_split;
    } else if (stream->mode == QH_STATE_SAVE && queue->enabled) {
        stream->mapped(stream, queue->desc, packed ? queue->desc_bytes : 0);
        stream->mapped(stream, queue->ring, queue->ring_bytes);
    }
}

static void stream_device(VirtioDevice *device, QhStateStream *stream)
{
    part(stream, &device->features, sizeof(device->features));
    part(stream, &device->generation, sizeof(device->generation));
    part(stream, &device->status, sizeof(device->status));
    part(stream, &device->isr, sizeof(device->isr));
    part(stream, &device->resetting, sizeof(device->resetting));
    part(stream, &device->broken, sizeof(device->broken));
    part(stream, &device->pci.config_vector, sizeof(device->pci.config_vector));
    part(stream, &device->pci.device_select, sizeof(device->pci.device_select));
    part(stream, &device->pci.driver_select, sizeof(device->pci.driver_select));
    part(stream, &device->pci.queue_select, sizeof(device->pci.queue_select));
}

void virtio_any_stream(QhDevice *base, QhStateStream *stream)
{
    VirtioDevice *device = (VirtioDevice *)base;

    if (device->function == NULL || device->function->stream == NULL) {
        stream->fail(stream, "the device keeps state that cannot be saved");
        return;
    }
    stream->same(stream, device->offered, "what the device offers");
    stream->same(stream, device->n_queues, "the number of queues");
    stream_device(device, stream);
    for (uint32_t i = 0; i < device->n_queues && stream->ok(stream); i++) {
        virtio_queue_stream(device->queues[i], stream);
    }
    device->n_saved = 0;
    device->function->stream(device, stream);
    if (stream->mode == QH_STATE_SAVE && device->n_saved != device->in_flight) {
        stream->fail(stream, "requests are under way");
    }
}

void virtio_chain_stream(VirtioDevice *device, QhStateStream *stream, VirtioChain **chain)
{
    VirtioChain *held = *chain;
    uint64_t queue = stream->number(stream, held != NULL ? held->queue->index + 1u : 0);

    if (stream->mode == QH_STATE_LOAD) {
        g_clear_pointer(chain, virtio_chain_drop);
        held = NULL;
    }
    if (queue == 0 || !stream->ok(stream)) {
        return;
    }
    uint16_t id = held != NULL ? held->id : 0, slot = held != NULL ? held->slot : 0;
    uint16_t n_slots = held != NULL ? held->n_slots : 0;
    part(stream, &id, sizeof(id));
    part(stream, &slot, sizeof(slot));
    part(stream, &n_slots, sizeof(n_slots));
    if (stream->mode == QH_STATE_CHECK) {
        if (queue > device->n_queues) {
            stream->fail(stream, "it holds a buffer of a queue that is not there");
        }
    } else if (stream->mode == QH_STATE_LOAD) {
        *chain = virtio_chain_restore(device->queues[queue - 1], id, slot, n_slots);
        (*chain)->next = device->loaded;
        device->loaded = *chain;
    } else {
        for (uint32_t i = held->n_out_maps; i < held->n_maps; i++) {
            stream->mapped(stream, held->maps[i].base, held->maps[i].bytes);
        }
        device->n_saved++;
    }
}

void virtio_any_loaded(QhDevice *base)
{
    VirtioDevice *device = (VirtioDevice *)base;

    for (uint32_t i = 0; i < device->n_queues; i++) {
        virtio_queue_loaded(device->queues[i]);
    }
    while (device->loaded != NULL) {
        VirtioChain *chain = device->loaded;

        device->loaded = chain->next;
        virtio_chain_again(chain);
    }
    if (device->function->loaded != NULL) {
        device->function->loaded(device);
    }
}
