/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that another process serves: file system (5.11), socket (5.10). */
#ifndef VIRTIO_VHOST_DEVICES_H
#define VIRTIO_VHOST_DEVICES_H

#include "modules/virtio/vhost-user.h"

/* What both begin with, so that either can be taken for one. */
typedef struct VhostDevice {
    VirtioDevice virtio;
    VhostUser vhost;
} VhostDevice;

typedef struct VhostFs {
    VirtioDevice virtio;
    VhostUser vhost;
    /* properties */
    QhChar *chr;
    char *tag;
    uint16_t num_queues, queue_size;
} VhostFs;

typedef struct VhostVsock {
    VirtioDevice virtio;
    VhostUser vhost;
    QhChar *chr; /* property */
    uint8_t guest_cid[8];
} VhostVsock;

extern const VirtioFunction vhost_fs, vhost_vsock;

#endif
