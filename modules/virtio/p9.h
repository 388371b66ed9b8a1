/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 9P transport, "virtio-9p": a folder of the host. Its number is of section 5 of the standard, the
 * rest is what Linux's driver does. */
#ifndef VIRTIO_P9_H
#define VIRTIO_P9_H

#include "abi/object.h"
#include "modules/virtio/p9-server.h"
#include "modules/virtio/virtio.h"

typedef struct VirtioP9 {
    VirtioDevice virtio;
    /* properties */
    QhObject *fsdev;
    char *mount_tag;

    P9Folder folder;
    P9Session *session;
    GSList *old; /* P9Session of before resets: a CPU's thread may not close files */
    GThreadPool *pool;
    QhTimer *timer;      /* runs when requests are done */
    GHashTable *running; /* P9Job by tag, of this session */
    GMutex lock;         /* of done */
    GQueue done;         /* P9Job */
} VirtioP9;

extern const VirtioFunction virtio_9p;

#endif
