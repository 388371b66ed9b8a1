/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another process serves the rings; kicks and interrupts are eventfds. Addresses that the protocol
 * calls the front end's own are those of the guest here: they only have to agree with each other.
 *
 * The back end writes to RAM without anybody seeing it, where code may have been translated from.
 * So the memory that a driver offers for writing is looked at when it kicks, before the back end
 * hears of it, and again before an interrupt: code made from it goes. Nothing is believed of the
 * rings; a chain that makes no sense ends early. Only split rings are offered.
 */
#include "modules/virtio/vhost-user.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CONFIG_HEAD 12u
#define CONFIG_MAX  256u

static const uint32_t ring_features[] = {
    VIRTIO_F_NOTIFY_ON_EMPTY, VIRTIO_F_ANY_LAYOUT,      VIRTIO_F_INDIRECT_DESC,
    VIRTIO_F_EVENT_IDX,       VIRTIO_F_ACCESS_PLATFORM,
};

/* --- Life of the connection --- */

static void drop_source(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

static void disconnect(VhostUser *vhost)
{
    drop_source(&vhost->watch);
    if (vhost->fd >= 0) {
        close(vhost->fd);
        vhost->fd = -1;
    }
}

/* The back end is gone: the driver hears of it as of any broken device. The descriptor is closed on
 * the main thread only, which a CPU's thread may not do. */
static void lose(VhostUser *vhost)
{
    if (vhost->started) {
        virtio_device_break(vhost->device, "the back end is gone");
    }
    vhost->started = FALSE;
    vhost->lost = TRUE;
}

static gboolean on_hangup(int fd, GIOCondition condition, gpointer data)
{
    VhostUser *vhost = data;
    const VirtioServices *services = vhost->device->services;
    gboolean entered = services->loop->enter(services->host);

    (void)fd;
    (void)condition;
    lose(vhost);
    disconnect(vhost);
    services->loop->leave(services->host, entered);
    return G_SOURCE_REMOVE;
}

static gboolean ask64(VhostUser *vhost, uint32_t request, uint64_t *ret)
{
    return vhost_send(vhost->fd, request, FALSE, NULL, 0, NULL, 0) &&
           vhost_receive(vhost->fd, request, ret, sizeof(*ret));
}

static gboolean tell64(VhostUser *vhost, uint32_t request, uint64_t value)
{
    return vhost_send(vhost->fd, request, FALSE, &value, sizeof(value), NULL, 0);
}

static gboolean shake_hands(VhostUser *vhost)
{
    const uint64_t wanted =
        VIRTIO_BIT(VHOST_P_MQ) | VIRTIO_BIT(VHOST_P_ACK) | VIRTIO_BIT(VHOST_P_CONFIG);

    vhost->protocol = 0;
    if (!ask64(vhost, VHOST_GET_FEATURES, &vhost->features)) {
        return FALSE;
    }
    if ((vhost->features & VIRTIO_BIT(VHOST_F_PROTOCOL)) != 0) {
        if (!ask64(vhost, VHOST_GET_PROTOCOL_FEATURES, &vhost->protocol)) {
            return FALSE;
        }
        vhost->protocol &= wanted;
        if (!tell64(vhost, VHOST_SET_PROTOCOL_FEATURES, vhost->protocol)) {
            return FALSE;
        }
    }
    return vhost_send(vhost->fd, VHOST_SET_OWNER, FALSE, NULL, 0, NULL, 0);
}

static gboolean reach(VhostUser *vhost)
{
    const VirtioServices *services = vhost->device->services;
    int fd = services->chr->peer_fd(vhost->chr);

    disconnect(vhost);
    vhost->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (vhost->fd < 0 || !shake_hands(vhost)) {
        disconnect(vhost);
        return FALSE;
    }
    vhost->lost = FALSE;
    vhost->watch = g_unix_fd_source_new(vhost->fd, G_IO_HUP | G_IO_ERR);
    g_source_set_callback(vhost->watch, G_SOURCE_FUNC(on_hangup), vhost, NULL);
    g_source_attach(vhost->watch, services->loop->context(services->host));
    return TRUE;
}

/* --- Memory --- */

/* Whether all RAM is in files. */
static gboolean is_sharable(VirtioDevice *device)
{
    QhSharedRam ram[VHOST_REGIONS];
    uint32_t n = device->services->mem->shared_ram(device->space, ram, VHOST_REGIONS);

    for (uint32_t i = 0; i < MIN(n, VHOST_REGIONS); i++) {
        if (ram[i].fd < 0) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean send_memory(VhostUser *vhost)
{
    const VirtioServices *services = vhost->device->services;
    QhSharedRam ram[VHOST_REGIONS];
    uint32_t n = services->mem->shared_ram(vhost->device->space, ram, VHOST_REGIONS);
    uint64_t payload[1 + 4 * VHOST_REGIONS];
    int fds[VHOST_REGIONS];

    if (n == 0 || n > VHOST_REGIONS) {
        return FALSE;
    }
    payload[0] = n; /* 32 bits, and as many of padding */
    for (uint32_t i = 0; i < n; i++) {
        payload[1 + 4 * i] = ram[i].address;
        payload[2 + 4 * i] = ram[i].bytes;
        payload[3 + 4 * i] = ram[i].address;
        payload[4 + 4 * i] = ram[i].offset;
        fds[i] = ram[i].fd;
    }
    gboolean ack = (vhost->protocol & VIRTIO_BIT(VHOST_P_ACK)) != 0;
    uint64_t status = 0;

    return vhost_send(vhost->fd, VHOST_SET_MEM_TABLE, ack, payload, 8 + 32 * n, fds, n) &&
           (!ack || (vhost_receive(vhost->fd, VHOST_SET_MEM_TABLE, &status, sizeof(status)) &&
                     status == 0));
}

static void touch(VirtioDevice *device, uint64_t address, uint64_t bytes)
{
    while (bytes > 0) {
        uint64_t got = bytes;
        void *at = virtio_device_map(device, address, &got, TRUE);

        if (at == NULL) {
            return;
        }
        virtio_device_unmap(device, at, got, got);
        address += got;
        bytes -= got;
    }
}

/* The writable descriptors of a chain in @table of @n. */
static void touch_chain(VirtioDevice *device, const uint8_t *table, uint32_t n, uint32_t at)
{
    for (uint32_t step = 0; step < n && at < n; step++) {
        const uint8_t *desc = table + (size_t)at * VIRTIO_DESC_BYTES;
        uint64_t address = virtio_get64(desc);
        uint32_t bytes = virtio_get32(desc + 8), flags = virtio_get16(desc + 12);

        at = virtio_get16(desc + 14);
        if ((flags & VIRTIO_DESC_INDIRECT) != 0) {
            uint64_t got = MIN(bytes, VIRTIO_QUEUE_MAX * VIRTIO_DESC_BYTES);
            uint8_t *inner = got != 0 ? virtio_device_map(device, address, &got, FALSE) : NULL;
            uint32_t m = (uint32_t)(got / VIRTIO_DESC_BYTES);

            for (uint32_t i = 0; inner != NULL && i < m; i++) {
                const uint8_t *row = inner + (size_t)i * VIRTIO_DESC_BYTES;

                if ((virtio_get16(row + 12) & VIRTIO_DESC_WRITE) != 0) {
                    touch(device, virtio_get64(row), virtio_get32(row + 8));
                }
            }
            if (inner != NULL) {
                virtio_device_unmap(device, inner, got, 0);
            }
        } else if ((flags & VIRTIO_DESC_WRITE) != 0) {
            touch(device, address, bytes);
        }
        if ((flags & VIRTIO_DESC_NEXT) == 0) {
            return;
        }
    }
}

/* What was made available since the last time. */
static void look_at_memory(VhostQueue *one)
{
    const VirtioQueue *queue = one->queue;

    if (!queue->enabled || one->size == 0 || queue->size != one->size) {
        return;
    }
    uint16_t now = virtio_get16(queue->driver + 2);

    if ((uint16_t)(now - one->seen) > one->size) {
        one->seen = (uint16_t)(now - one->size);
    }
    for (; one->seen != now; one->seen++) {
        uint32_t slot = one->seen % one->size;

        touch_chain(queue->device, queue->desc, one->size,
                    virtio_get16(queue->driver + 4 + 2 * (size_t)slot));
    }
}

/* --- Queues --- */

static gboolean on_call(int fd, GIOCondition condition, gpointer data)
{
    VhostQueue *one = data;
    VirtioDevice *device = one->vhost->device;
    const VirtioServices *services = device->services;
    gboolean entered = services->loop->enter(services->host);
    uint64_t count;

    (void)condition;
    if (read(fd, &count, sizeof(count)) == sizeof(count) && one->vhost->started &&
        one->queue->enabled && !device->broken) {
        look_at_memory(one);
        device->transport->interrupt(device, one->queue);
    }
    services->loop->leave(services->host, entered);
    return G_SOURCE_CONTINUE;
}

static gboolean send_fd(VhostUser *vhost, uint32_t request, uint32_t index, int fd)
{
    uint64_t number = index;

    return vhost_send(vhost->fd, request, FALSE, &number, sizeof(number), &fd, 1);
}

static gboolean send_ring(VhostUser *vhost, uint32_t index)
{
    VhostQueue *one = &vhost->queues[index];
    const VirtioQueue *queue = one->queue;
    const uint32_t size[] = {index, queue->size}, base[] = {index, one->base}, on[] = {index, 1};
    const uint64_t rings[] = {index, queue->desc_address, queue->device_address,
                              queue->driver_address, 0};

    return vhost_send(vhost->fd, VHOST_SET_VRING_NUM, FALSE, size, sizeof(size), NULL, 0) &&
           vhost_send(vhost->fd, VHOST_SET_VRING_BASE, FALSE, base, sizeof(base), NULL, 0) &&
           vhost_send(vhost->fd, VHOST_SET_VRING_ADDR, FALSE, rings, sizeof(rings), NULL, 0) &&
           send_fd(vhost, VHOST_SET_VRING_CALL, index, one->call) &&
           send_fd(vhost, VHOST_SET_VRING_KICK, index, one->kick) &&
           ((vhost->features & VIRTIO_BIT(VHOST_F_PROTOCOL)) == 0 ||
            vhost_send(vhost->fd, VHOST_SET_VRING_ENABLE, FALSE, on, sizeof(on), NULL, 0));
}

static gboolean start_queue(VhostUser *vhost, uint32_t index)
{
    VhostQueue *one = &vhost->queues[index];

    if (!one->queue->enabled) {
        return TRUE;
    }
    one->size = one->queue->size;
    one->seen = one->base;
    look_at_memory(one);
    return send_ring(vhost, index) && eventfd_write(one->kick, 1) == 0; /* what is there already */
}

void vhost_user_start(VhostUser *vhost)
{
    VirtioDevice *device = vhost->device;
    gboolean good;

    if (vhost->started || device->broken || (device->status & VIRTIO_DRIVER_OK) == 0) {
        return;
    }
    vhost->started = TRUE;
    good = vhost->fd >= 0 && !vhost->lost &&
           tell64(vhost, VHOST_SET_FEATURES,
                  (device->features & vhost->features) |
                      (vhost->features & VIRTIO_BIT(VHOST_F_PROTOCOL))) &&
           send_memory(vhost);
    for (uint32_t i = 0; good && i < vhost->n_queues; i++) {
        good = start_queue(vhost, i);
    }
    if (!good) {
        virtio_device_break(device, "the back end cannot be started");
        lose(vhost);
    }
}

/* The back end's answer says how far it has come, and that it has stopped. */
void vhost_user_stop(VhostUser *vhost)
{
    gboolean good = TRUE;

    if (!vhost->started) {
        return;
    }
    vhost->started = FALSE;
    for (uint32_t i = 0; i < vhost->n_queues; i++) {
        VhostQueue *one = &vhost->queues[i];
        uint32_t state[] = {i, 0};

        if (good && one->size != 0) {
            good =
                vhost_send(vhost->fd, VHOST_GET_VRING_BASE, FALSE, state, sizeof(state), NULL, 0) &&
                vhost_receive(vhost->fd, VHOST_GET_VRING_BASE, state, sizeof(state));
            one->base = (uint16_t)state[1];
            look_at_memory(one);
            one->size = 0;
        }
    }
    if (!good) {
        lose(vhost);
    }
}

void vhost_user_reset(VhostUser *vhost)
{
    vhost_user_stop(vhost);
    for (uint32_t i = 0; i < vhost->n_queues; i++) {
        vhost->queues[i].base = 0;
        vhost->queues[i].size = 0;
    }
}

void vhost_user_kick(VhostUser *vhost, VirtioQueue *queue)
{
    if (queue->index < vhost->n_queues && vhost->started) {
        VhostQueue *one = &vhost->queues[queue->index];

        look_at_memory(one);
        (void)eventfd_write(one->kick, 1);
    }
}

/* --- Opening --- */

static uint32_t can_read(void *opaque)
{
    (void)opaque;
    return 0;
}

static void on_read(void *opaque, const uint8_t *data, uint32_t bytes)
{
    (void)opaque;
    (void)data;
    (void)bytes;
}

/* One that comes later serves the driver from its next reset on. */
static void on_event(void *opaque, uint32_t event)
{
    VhostUser *vhost = opaque;

    if (event == QH_CHAR_OPENED && (vhost->fd < 0 || vhost->lost)) {
        (void)reach(vhost);
    } else if (event == QH_CHAR_CLOSED) {
        lose(vhost);
        disconnect(vhost);
    }
}

static const QhCharHandlers handlers = {
    .size = sizeof(QhCharHandlers),
    .can_read = can_read,
    .read = on_read,
    .event = on_event,
};

/* Descriptors are made once, here, where that is allowed. */
static gboolean open_queue(VhostUser *vhost, uint32_t index)
{
    const VirtioServices *services = vhost->device->services;
    VhostQueue *one = &vhost->queues[index];

    one->vhost = vhost;
    one->queue = vhost->device->queues[index];
    one->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    one->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (one->kick < 0 || one->call < 0) {
        return FALSE;
    }
    one->on_call = g_unix_fd_source_new(one->call, G_IO_IN);
    g_source_set_callback(one->on_call, G_SOURCE_FUNC(on_call), one, NULL);
    g_source_attach(one->on_call, services->loop->context(services->host));
    return TRUE;
}

gboolean vhost_user_open(
    VhostUser *vhost, VirtioDevice *device, QhChar *chr, uint32_t n_queues, GError **error)
{
    const VirtioServices *services = device->services;

    g_assert(n_queues <= VHOST_QUEUES);
    vhost->fd = -1;
    for (uint32_t i = 0; i < VHOST_QUEUES; i++) {
        vhost->queues[i].kick = vhost->queues[i].call = -1;
    }
    vhost->device = device;
    if (chr == NULL || services->loop == NULL || !QH_HAS(services->chr, peer_fd) ||
        !QH_HAS(services->mem, shared_ram)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize '%s': %s", device->base.id,
                    chr == NULL ? "property 'chardev' is missing"
                                : "this host cannot share memory");
        return FALSE;
    }
    if (!is_sharable(device)) {
        g_set_error(
            error, QH_ERROR, QH_ERROR_INVALID,
            "cannot realize '%s': the guest's memory cannot be shared with its back end: use "
            "-object memory-backend-memfd,id=ID,size=SIZE -machine memory-backend=ID",
            device->base.id);
        return FALSE;
    }
    vhost->chr = chr;
    vhost->n_queues = n_queues;
    for (uint32_t i = 0; i < n_queues; i++) {
        if (!open_queue(vhost, i)) {
            g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot realize '%s': %s",
                        device->base.id, g_strerror(errno));
            return FALSE;
        }
    }
    if (!services->chr->attach(chr, &handlers, vhost, error)) {
        return FALSE;
    }
    vhost->attached = TRUE;
    if (vhost->fd < 0 && !reach(vhost)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot realize '%s': no vhost-user back end answers at its chardev",
                    device->base.id);
        return FALSE;
    }
    device->withheld = VIRTIO_BIT(VIRTIO_F_RING_PACKED) | VIRTIO_BIT(VIRTIO_F_RING_RESET) |
                       VIRTIO_BIT(VIRTIO_F_IN_ORDER);
    for (uint32_t i = 0; i < G_N_ELEMENTS(ring_features); i++) {
        device->withheld |= VIRTIO_BIT(ring_features[i]) & ~vhost->features;
    }
    return TRUE;
}

void vhost_user_close(VhostUser *vhost)
{
    if (vhost->device == NULL) {
        return;
    }
    vhost_user_stop(vhost);
    for (uint32_t i = 0; i < vhost->n_queues; i++) {
        VhostQueue *one = &vhost->queues[i];

        drop_source(&one->on_call);
        if (one->kick >= 0) {
            close(one->kick);
        }
        if (one->call >= 0) {
            close(one->call);
        }
    }
    if (vhost->attached) {
        (void)vhost->device->services->chr->attach(vhost->chr, NULL, NULL, NULL);
        vhost->attached = FALSE;
    }
    disconnect(vhost);
}

gboolean vhost_user_config(VhostUser *vhost, void *ret, uint32_t bytes, GError **error)
{
    uint32_t payload[(CONFIG_HEAD + CONFIG_MAX) / 4] = {0, bytes, 0}; /* offset, size, flags */

    if ((vhost->protocol & VIRTIO_BIT(VHOST_P_CONFIG)) == 0 ||
        !vhost_send(vhost->fd, VHOST_GET_CONFIG, FALSE, payload, CONFIG_HEAD + bytes, NULL, 0) ||
        !vhost_receive(vhost->fd, VHOST_GET_CONFIG, payload, CONFIG_HEAD + bytes) ||
        payload[1] != bytes) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot realize '%s': its back end has no configuration",
                    vhost->device->base.id);
        return FALSE;
    }
    memcpy(ret, (const uint8_t *)payload + CONFIG_HEAD, bytes);
    return TRUE;
}
