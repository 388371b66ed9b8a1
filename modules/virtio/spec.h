/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of the virtio standard that more than one file needs, and little-endian memory. */
#ifndef VIRTIO_SPEC_H
#define VIRTIO_SPEC_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* 2.1: device status */
#define VIRTIO_ACKNOWLEDGE 1u
#define VIRTIO_DRIVER      2u
#define VIRTIO_DRIVER_OK   4u
#define VIRTIO_FEATURES_OK 8u
#define VIRTIO_NEEDS_RESET 64u
#define VIRTIO_FAILED      128u

/* 6: reserved feature bits, by number; 24 and 27 of the legacy interface (6.3) */
#define VIRTIO_F_NOTIFY_ON_EMPTY   24u
#define VIRTIO_F_ANY_LAYOUT        27u
#define VIRTIO_F_INDIRECT_DESC     28u
#define VIRTIO_F_EVENT_IDX         29u
#define VIRTIO_F_VERSION_1         32u
#define VIRTIO_F_ACCESS_PLATFORM   33u
#define VIRTIO_F_RING_PACKED       34u
#define VIRTIO_F_IN_ORDER          35u
#define VIRTIO_F_NOTIFICATION_DATA 38u
#define VIRTIO_F_RING_RESET        40u

/* A feature as a bit of a word */
#define VIRTIO_BIT(n) (G_GUINT64_CONSTANT(1) << (n))

/* ISR status (4.1.4.5, 4.2.2) */
#define VIRTIO_ISR_QUEUE  1u
#define VIRTIO_ISR_CONFIG 2u

/* 2.7.5, 2.8.1: descriptor flags */
#define VIRTIO_DESC_NEXT     1u
#define VIRTIO_DESC_WRITE    2u
#define VIRTIO_DESC_INDIRECT 4u
#define VIRTIO_DESC_AVAIL    (1u << 7) /* packed rings */
#define VIRTIO_DESC_USED     (1u << 15)
#define VIRTIO_DESC_BYTES    16u

/* Largest queue here, and most descriptors of one buffer, indirect ones included. */
#define VIRTIO_QUEUE_MAX 1024u

/* 5: device ids */
#define VIRTIO_ID_NET     1u
#define VIRTIO_ID_BLOCK   2u
#define VIRTIO_ID_CONSOLE 3u
#define VIRTIO_ID_ENTROPY 4u
#define VIRTIO_ID_BALLOON 5u
#define VIRTIO_ID_SCSI    8u
#define VIRTIO_ID_9P      9u
#define VIRTIO_ID_GPU     16u
#define VIRTIO_ID_INPUT   18u
#define VIRTIO_ID_VSOCK   19u
#define VIRTIO_ID_FS      26u

static inline uint16_t virtio_get16(const void *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT16_FROM_LE(value);
}

static inline uint32_t virtio_get32(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static inline uint64_t virtio_get64(const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT64_FROM_LE(value);
}

static inline void virtio_put16(void *at, uint32_t value)
{
    uint16_t word = GUINT16_TO_LE((uint16_t)value);

    memcpy(at, &word, sizeof(word));
}

static inline void virtio_put32(void *at, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

static inline void virtio_put64(void *at, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(at, &value, sizeof(value));
}

#endif
