/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block device (5.2). */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "abi/object.h"
#include "modules/virtio/virtio.h"

typedef struct VirtioBlkRequest VirtioBlkRequest;

typedef struct VirtioBlk {
    VirtioDevice virtio;

    /* properties */
    QhDrive *drive;
    char *serial;
    uint16_t num_queues; /* 0: as many as suit the machine */
    uint16_t queue_size;
    uint8_t discard, write_zeroes, config_wce, seg_max_adjust, request_merging;
    uint32_t max_discard_sectors, max_write_zeroes_sectors;
    uint32_t logical_block_bytes, physical_block_bytes; /* 0: the disk's own */
    uint32_t min_io_bytes, opt_io_bytes;
    int32_t bootindex;
    QhObject *iothread;
    uint8_t want_cache;     /* 0 auto, 1 on, 2 off */
    uint8_t rerror, werror; /* QH_BLOCK_ON_ERROR_... */
    uint8_t share_rw;
    uint32_t discard_granularity; /* UINT32_MAX: the disk's own */

    QhBlockInfo info;
    gboolean attached;
    uint8_t write_cache;     /* as the driver sees it */
    uint8_t first_cache;     /* as the user and the drive have it: where a reset goes back to */
    uint32_t batch;          /* inside kick: completions are shown at its end */
    VirtioBlkRequest *retry; /* failed; submitted again when the machine runs on */
} VirtioBlk;

extern const VirtioFunction virtio_blk;

#endif
