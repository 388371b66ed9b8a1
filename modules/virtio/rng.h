/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entropy device (5.4). */
#ifndef VIRTIO_RNG_H
#define VIRTIO_RNG_H

#include "modules/virtio/virtio.h"

typedef struct VirtioRng {
    VirtioDevice virtio;
    void *source;       /* property */
    uint64_t max_bytes; /* property: in each period; UINT64_MAX: as many as it likes */
    uint32_t period_ms; /* property */

    VirtioQueue *queue;
    QhTimer *timer;
    uint64_t quota; /* left in this period */
} VirtioRng;

extern const VirtioFunction virtio_rng;

#endif
