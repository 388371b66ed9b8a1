/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random bytes come from the host at once, so every request is answered while it is looked at.
 * With a limit, requests beyond it wait for the next period.
 */
#include "modules/virtio/rng.h"

#define NS_PER_MS   1000000
#define QUEUE_SIZE  8u
#define CHUNK_BYTES 4096u /* of one request; more is not needed, and keeps the lock short */

static VirtioRng *rng_of(VirtioQueue *queue)
{
    return (VirtioRng *)queue->device;
}

static gboolean take(VirtioChain *chain)
{
    VirtioRng *rng = rng_of(chain->queue);
    const VirtioServices *services = rng->virtio.services;
    uint64_t bytes = MIN(chain->in_bytes, CHUNK_BYTES), done = 0;

    if (rng->max_bytes != UINT64_MAX) {
        if (rng->quota == 0) {
            return FALSE;
        }
        bytes = MIN(bytes, rng->quota);
        rng->quota -= bytes;
    }
    for (uint32_t i = 0; i < chain->n_in && done < bytes; i++) {
        uint64_t part = MIN(chain->in[i].bytes, bytes - done);

        services->machine->random(services->host, chain->in[i].base, part);
        done += part;
    }
    virtio_queue_push(chain, done);
    return TRUE;
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    (void)device;
    virtio_queue_run(queue, take);
}

static void on_period(void *opaque)
{
    VirtioRng *rng = opaque;
    const VirtioServices *services = rng->virtio.services;
    int64_t now = services->timer->now(services->host, QH_CLOCK_VIRTUAL);

    rng->quota = rng->max_bytes;
    services->timer->arm(rng->timer, now + (int64_t)rng->period_ms * NS_PER_MS);
    virtio_queue_run(rng->queue, take);
}

static void reset(VirtioDevice *device)
{
    ((VirtioRng *)device)->quota = ((VirtioRng *)device)->max_bytes;
}

static gboolean realize(VirtioDevice *device, GError **error)
{
    VirtioRng *rng = (VirtioRng *)device;
    const VirtioServices *services = device->services;

    (void)error;
    rng->queue = virtio_queue_add(device, QUEUE_SIZE, sizeof(VirtioChain));
    if (rng->max_bytes != UINT64_MAX) {
        rng->timer = services->timer->timer_new(services->host, QH_CLOCK_VIRTUAL, on_period, rng);
        on_period(rng);
    }
    return TRUE;
}

static void unrealize(VirtioDevice *device)
{
    device->services->timer->timer_free(((VirtioRng *)device)->timer);
}

static void stream_state(VirtioDevice *device, QhStateStream *stream)
{
    VirtioRng *rng = (VirtioRng *)device;

    stream->bytes(stream, &rng->quota, sizeof(rng->quota));
}

const VirtioFunction virtio_rng = {
    .name = "rng",
    .device_id = VIRTIO_ID_ENTROPY,
    .transitional_id = 0x1005,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .kick = kick,
    .stream = stream_state,
};
