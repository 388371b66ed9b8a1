/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The classes of this module, as gen-classes.py expands them from classes.json. */
#ifndef VIRTIO_CLASSES_H
#define VIRTIO_CLASSES_H

#include "modules/virtio/virtio.h"

typedef struct VirtioClass {
    const char *name;
    const VirtioFunction *function; /* NULL: the class is none, such as virtio-mmio itself */
    const QhDeviceOps *ops;
} VirtioClass;

extern const VirtioClass virtio_classes[];
extern const uint32_t virtio_n_classes;

#endif
