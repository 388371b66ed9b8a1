/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both kinds of virtqueue do with their rings. */
#ifndef VIRTIO_VRING_H
#define VIRTIO_VRING_H

#include "modules/virtio/core.h"

/* Words that the driver writes at the same time. */
static inline uint16_t ring_load16(const uint8_t *at)
{
    return GUINT16_FROM_LE(__atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE));
}

static inline void ring_store16(uint8_t *at, uint16_t value)
{
    __atomic_store_n((uint16_t *)at, GUINT16_TO_LE(value), __ATOMIC_RELEASE);
}

static inline uint64_t ring_desc_bytes(uint32_t size)
{
    return (uint64_t)VIRTIO_DESC_BYTES * size;
}

#endif
