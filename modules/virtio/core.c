/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device status, features, configuration and reset (2.1 to 2.4), the same for every function and
 * transport.
 *
 * A reset does not wait for what is in flight, because it may come on a CPU's thread while a disk
 * takes its time. Such chains keep their memory mapped and belong to an epoch that is over, so
 * nothing of them reaches a ring. Until the last has come back the driver reads the old status: it
 * must wait for zero before it uses the device again (2.4.2).
 */
#include "modules/virtio/core.h"

#define CONFIG_MAX 256u

gboolean virtio_has(const VirtioDevice *device, uint32_t feature)
{
    return (device->features & VIRTIO_BIT(feature)) != 0;
}

void virtio_guest_error(VirtioDevice *device, const char *text)
{
    const QhLogService *log = device->services->log;

    if (log->mask(device->services->host) & QH_LOG_GUEST_ERROR) {
        g_autofree char *line =
            g_strdup_printf("virtio-%s %s: %s", device->function->name, device->base.id, text);

        log->guest(device->services->host, QH_LOG_GUEST_ERROR, line);
    }
}

static void interrupt_config(VirtioDevice *device)
{
    if (device->transport != NULL && (device->status & VIRTIO_DRIVER_OK) != 0) {
        device->transport->interrupt(device, NULL);
    }
}

void virtio_device_break(VirtioDevice *device, const char *text)
{
    virtio_guest_error(device, text);
    if (!device->broken) {
        device->broken = 1;
        device->status |= VIRTIO_NEEDS_RESET;
        interrupt_config(device);
    }
}

void virtio_config_changed(VirtioDevice *device)
{
    device->generation++;
    interrupt_config(device);
}

/* --- Features --- */

static void offer(VirtioDevice *device, uint8_t wanted, uint32_t feature)
{
    if (wanted) {
        device->offered |= VIRTIO_BIT(feature);
    }
}

static void offer_ring_features(VirtioDevice *device)
{
    const VirtioRingProperties *ring = &device->ring;
    uint8_t modern = !device->legacy_only;

    offer(device, ring->indirect_desc, VIRTIO_F_INDIRECT_DESC);
    offer(device, ring->event_idx, VIRTIO_F_EVENT_IDX);
    offer(device, !device->modern_only && ring->notify_on_empty, VIRTIO_F_NOTIFY_ON_EMPTY);
    offer(device, !device->modern_only && ring->any_layout, VIRTIO_F_ANY_LAYOUT);
    offer(device, modern, VIRTIO_F_VERSION_1);
    offer(device, modern && ring->iommu_platform, VIRTIO_F_ACCESS_PLATFORM);
    offer(device, modern && ring->packed, VIRTIO_F_RING_PACKED);
    offer(device, modern && ring->in_order, VIRTIO_F_IN_ORDER);
    offer(device, modern && ring->queue_reset, VIRTIO_F_RING_RESET);
    if (!modern) {
        device->offered &= UINT32_MAX;
    }
    device->offered &= ~device->withheld;
}

uint32_t virtio_device_offered(const VirtioDevice *device, uint32_t select)
{
    return select < 2 ? (uint32_t)(device->offered >> (32 * select)) : 0;
}

uint32_t virtio_device_accepted(const VirtioDevice *device, uint32_t select)
{
    return select < 2 ? (uint32_t)(device->features >> (32 * select)) : 0;
}

void virtio_device_accept(VirtioDevice *device, uint32_t select, uint32_t value)
{
    if (select > 1) {
        return;
    }
    if ((device->status & (VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK)) != 0) {
        virtio_guest_error(device, "features are written after they are final");
        return;
    }
    uint64_t mask = (uint64_t)UINT32_MAX << (32 * select);

    device->features = (device->features & ~mask) | (uint64_t)value << (32 * select);
}

/* 2.2.2: what was not offered cannot be accepted; a modern device insists on VERSION_1. Legacy
 * drivers say nothing of the kind, and their superfluous bits are dropped. */
static gboolean features_are_good(VirtioDevice *device)
{
    if (!virtio_has(device, VIRTIO_F_VERSION_1)) {
        device->features &= device->offered;
        return !device->modern_only;
    }
    return (device->features & ~device->offered) == 0;
}

/* --- Status --- */

uint8_t virtio_device_status(const VirtioDevice *device)
{
    return device->resetting ? device->resetting : device->status;
}

static void final_features(VirtioDevice *device)
{
    if (device->function->features_ok != NULL) {
        device->function->features_ok(device);
    }
}

void virtio_device_set_status(VirtioDevice *device, uint8_t value)
{
    uint8_t before = device->status;

    if (value == 0) {
        virtio_device_reset(device);
        return;
    }
    device->resetting = 0;
    value |= before & VIRTIO_NEEDS_RESET;
    if ((value & ~before & VIRTIO_FEATURES_OK) != 0) {
        if (!features_are_good(device)) {
            virtio_guest_error(device, "the driver accepts features that it was not offered");
            value &= (uint8_t)~VIRTIO_FEATURES_OK;
        } else {
            final_features(device);
        }
    }
    device->status = value;
    if ((value & ~before & VIRTIO_DRIVER_OK) == 0) {
        return;
    }
    if ((value & VIRTIO_FEATURES_OK) == 0) {
        device->features &= device->offered & UINT32_MAX;
        final_features(device);
    }
    if (device->function->driver_ok != NULL) {
        device->function->driver_ok(device);
    }
}

void virtio_device_reset(VirtioDevice *device)
{
    uint8_t before = virtio_device_status(device);

    device->status = 0;
    device->features = 0;
    for (uint32_t i = 0; i < device->n_queues; i++) {
        virtio_queue_reset(device->queues[i]);
    }
    device->isr = 0;
    device->broken = 0;
    if (device->function->reset != NULL) {
        device->function->reset(device);
    }
    if (device->transport != NULL && device->transport->reset != NULL) {
        device->transport->reset(device);
    }
    device->resetting = device->in_flight != 0 ? before : 0;
}

/* --- Configuration --- */

static void get_config(VirtioDevice *device, uint8_t *config)
{
    memset(config, 0, CONFIG_MAX);
    if (device->config_bytes != 0) {
        device->function->read_config(device, config);
    }
}

uint64_t virtio_device_read_config(VirtioDevice *device, uint32_t offset, uint32_t bytes)
{
    uint8_t config[CONFIG_MAX];
    uint64_t value = 0;

    if (offset >= device->config_bytes) {
        return 0;
    }
    get_config(device, config);
    memcpy(&value, config + offset, MIN(bytes, device->config_bytes - offset));
    return GUINT64_FROM_LE(value);
}

void virtio_device_write_config(VirtioDevice *device,
                                uint32_t offset,
                                uint32_t bytes,
                                uint64_t value)
{
    uint8_t config[CONFIG_MAX];

    if (device->function->write_config == NULL || offset >= device->config_bytes ||
        bytes > device->config_bytes - offset) {
        return;
    }
    get_config(device, config);
    value = GUINT64_TO_LE(value);
    memcpy(config + offset, &value, bytes);
    device->function->write_config(device, config, offset, bytes);
}

/* --- Queues --- */

VirtioQueue *virtio_device_queue(VirtioDevice *device, uint32_t index)
{
    return index < device->n_queues ? device->queues[index] : NULL;
}

void virtio_device_kick(VirtioDevice *device, uint32_t index)
{
    VirtioQueue *queue = virtio_device_queue(device, index);

    if (queue != NULL && virtio_queue_ready(queue)) {
        device->function->kick(device, queue);
    }
}

static void on_later(void *opaque)
{
    VirtioDevice *device = opaque;

    for (uint32_t i = 0; i < device->n_queues; i++) {
        VirtioQueue *queue = device->queues[i];

        if (queue->in_later) {
            queue->in_later = 0;
            virtio_device_kick(device, i);
        }
    }
}

void virtio_queue_run_later(VirtioQueue *queue)
{
    VirtioDevice *device = queue->device;
    const VirtioServices *services = device->services;

    queue->in_later = 1;
    services->timer->arm(device->later, services->timer->now(services->host, QH_CLOCK_VIRTUAL));
}

/* --- Life --- */

gboolean virtio_device_realize(VirtioDevice *device, GError **error)
{
    const VirtioContext *context = device->base.ctx;

    device->services = &context->services;
    device->function = context->function;
    device->later = device->services->timer->timer_new(device->services->host, QH_CLOCK_VIRTUAL,
                                                       on_later, device);
    if (device->space == NULL) {
        device->space = device->services->mem->system(device->base.machine);
    }
    if (!device->function->realize(device, error)) {
        return FALSE;
    }
    g_assert(device->config_bytes <= CONFIG_MAX);
    offer_ring_features(device);
    return TRUE;
}

void virtio_device_unrealize(VirtioDevice *device)
{
    if (device->services == NULL) {
        return;
    }
    device->services->timer->timer_free(device->later);
    for (uint32_t i = 0; i < device->n_queues; i++) {
        virtio_queue_reset(device->queues[i]);
    }
    if (device->function->unrealize != NULL) {
        device->function->unrealize(device);
    }
    for (uint32_t i = 0; i < device->n_queues; i++) {
        virtio_queue_free(device->queues[i]);
    }
    g_clear_pointer(&device->queues, g_free);
    device->n_queues = 0;
}

void virtio_device_run_state(VirtioDevice *device, gboolean running)
{
    device->running = running != FALSE;
    for (uint32_t i = 0; !running && i < device->n_queues; i++) {
        virtio_queue_sync(device->queues[i]);
    }
    if (device->function->run_state != NULL) {
        device->function->run_state(device, running);
    }
}

char *virtio_any_show(QhDevice *base, const char *name)
{
    VirtioDevice *device = (VirtioDevice *)base;

    return device->function != NULL && device->function->show != NULL
               ? device->function->show(device, name)
               : NULL;
}
