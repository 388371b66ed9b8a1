/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/virtio/vhost-devices.h"

#define TAG_BYTES   36u
#define VSOCK_SIZE  128u
#define VSOCK_RINGS 2u /* the third, for events, is never used: the guest is not moved */

static VhostUser *vhost_of(VirtioDevice *device)
{
    return &((VhostDevice *)device)->vhost;
}

static void driver_ok(VirtioDevice *device)
{
    if (device->running) {
        vhost_user_start(vhost_of(device));
    }
}

static void run_state(VirtioDevice *device, gboolean running)
{
    if (running) {
        vhost_user_start(vhost_of(device));
    } else {
        vhost_user_stop(vhost_of(device));
    }
}

static void reset(VirtioDevice *device)
{
    vhost_user_reset(vhost_of(device));
}

static void kick(VirtioDevice *device, VirtioQueue *queue)
{
    vhost_user_kick(vhost_of(device), queue);
}

static void unrealize(VirtioDevice *device)
{
    vhost_user_close(vhost_of(device));
}

/* --- File system --- */

static gboolean fs_realize(VirtioDevice *device, GError **error)
{
    VhostFs *fs = (VhostFs *)device;
    gsize bytes = fs->tag != NULL ? strlen(fs->tag) : 0;

    if (bytes == 0 || bytes > TAG_BYTES || (fs->queue_size & (fs->queue_size - 1)) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot realize '%s': %s", device->base.id,
                    bytes == 0 || bytes > TAG_BYTES ? "property 'tag' takes 1 to 36 characters"
                                                    : "'queue-size' takes a power of two");
        return FALSE;
    }
    for (uint32_t i = 0; i < 1u + fs->num_queues; i++) {
        virtio_queue_add(device, fs->queue_size, sizeof(VirtioChain));
    }
    device->config_bytes = TAG_BYTES + 4;
    return vhost_user_open(&fs->vhost, device, fs->chr, 1u + fs->num_queues, error);
}

static void fs_read_config(VirtioDevice *device, uint8_t *config)
{
    const VhostFs *fs = (const VhostFs *)device;

    memcpy(config, fs->tag, strlen(fs->tag));
    virtio_put32(config + TAG_BYTES, fs->num_queues);
}

const VirtioFunction vhost_fs = {
    .name = "fs",
    .device_id = VIRTIO_ID_FS,
    .realize = fs_realize,
    .unrealize = unrealize,
    .driver_ok = driver_ok,
    .reset = reset,
    .read_config = fs_read_config,
    .kick = kick,
    .run_state = run_state,
};

/* --- Socket --- */

static gboolean vsock_realize(VirtioDevice *device, GError **error)
{
    VhostVsock *vsock = (VhostVsock *)device;
    VhostUser *vhost = &vsock->vhost;

    for (uint32_t i = 0; i < VSOCK_RINGS + 1; i++) {
        virtio_queue_add(device, VSOCK_SIZE, sizeof(VirtioChain));
    }
    device->config_bytes = sizeof(vsock->guest_cid);
    if (!vhost_user_open(vhost, device, vsock->chr, VSOCK_RINGS, error) ||
        !vhost_user_config(vhost, vsock->guest_cid, sizeof(vsock->guest_cid), error)) {
        return FALSE;
    }
    device->offered = vhost->features & 7; /* 5.10.3: kinds of sockets */
    return TRUE;
}

static void vsock_read_config(VirtioDevice *device, uint8_t *config)
{
    memcpy(config, ((const VhostVsock *)device)->guest_cid, 8);
}

const VirtioFunction vhost_vsock = {
    .name = "vsock",
    .device_id = VIRTIO_ID_VSOCK,
    .realize = vsock_realize,
    .unrealize = unrealize,
    .driver_ok = driver_ok,
    .reset = reset,
    .read_config = vsock_read_config,
    .kick = kick,
    .run_state = run_state,
};
