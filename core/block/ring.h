/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue of the kernel's (io_uring_setup(2)) for transfers from and to open files, and the one
 * thread that fills and empties it. No other thread touches it, so that no other has to be allowed
 * its system calls; and the ring takes nothing but reads and writes.
 */
#ifndef QH_CORE_BLOCK_RING_H
#define QH_CORE_BLOCK_RING_H

#include "abi/block.h"

typedef struct QhBlockRing QhBlockRing;

typedef struct QhBlockTransfer QhBlockTransfer;
struct QhBlockTransfer {
    int fd;
    gboolean write;
    uint32_t n_vec;
    const QhBlockVec *vec; /* lives until done */
    uint64_t offset, bytes;
    /* All of it was moved, or not: then somebody else has to find out why. [the ring's thread] */
    void (*done)(QhBlockTransfer *transfer, gboolean all);
    void *data[3];
    QhBlockTransfer *next; /* the ring's */
};

/* Before the sandbox begins. @told is called, with @data, when those of a batch are done. NULL with
 * @error: this system has none. [main] */
QhBlockRing *qh_block_ring_new(void (*told)(void *data), void *data, GError **error);
void qh_block_ring_free(QhBlockRing *ring); /* nothing is under way; accepts NULL */
void qh_block_ring_push(QhBlockRing *ring, QhBlockTransfer *transfer); /* [any] */

#endif
