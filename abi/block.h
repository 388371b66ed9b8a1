/* SPDX-License-Identifier: MIT */
/*
 * Service "qh.block": what a device does with the disk behind it. The node graph that serves the
 * requests is the host's; formats and protocols that modules bring have a slot of their own,
 * "block/NAME" (abi/block-driver.h).
 */
#ifndef QH_ABI_BLOCK_H
#define QH_ABI_BLOCK_H

#include "abi/base.h"

/* A device's end of a node graph; a property of type QH_PROPERTY_BLOCK holds one. */
typedef struct QhDrive QhDrive;

/* QhBlockRequest.kind */
#define QH_BLOCK_READ         0u
#define QH_BLOCK_WRITE        1u
#define QH_BLOCK_FLUSH        2u /* what was written and is done reaches the medium */
#define QH_BLOCK_DISCARD      3u /* the range is not needed any more; a hint */
#define QH_BLOCK_WRITE_ZEROES 4u

/* QhBlockRequest.flags */
#define QH_BLOCK_FUA   (1u << 0) /* writes: on the medium before it is done */
#define QH_BLOCK_UNMAP (1u << 1) /* write zeroes: may give up the space */

typedef struct QhBlockVec {
    void *base;
    uint64_t bytes;
} QhBlockVec;

/*
 * One request, owned by the device and left alone between submit and done. Guest memory may be
 * named in @vec directly, as dma_map of service "qh.mem" gave it.
 */
typedef struct QhBlockRequest {
    uint32_t size;
    uint32_t kind;
    uint32_t flags;
    uint32_t n_vec;
    uint64_t offset; /* bytes; any alignment */
    uint64_t bytes;  /* sum over @vec for reads and writes */
    const QhBlockVec *vec;
    /*
     * Called once for each submitted request, possibly before submit returns and on any thread,
     * with the machine's device lock held. @error is 0, or an errno: ENOSPC, EIO, EINVAL (beyond
     * the end), EROFS, ENOMEDIUM, ECANCELED.
     */
    void (*done)(struct QhBlockRequest *request, int error);
    void *opaque;         /* the device's */
    uint64_t reserved[6]; /* the host's while in flight */
} QhBlockRequest;

/* What a device must know of its disk. */
typedef struct QhBlockInfo {
    uint32_t size;
    uint32_t logical_block_bytes;  /* property default: 512 */
    uint32_t physical_block_bytes; /* property default: 512 */
    uint32_t flags;                /* QH_BLOCK_INFO_... */
    uint64_t bytes;                /* length of the disk, a multiple of 512 */
    uint64_t max_transfer_bytes;   /* of one request; 0: no limit */
    uint32_t max_vecs;             /* of one request; 0: no limit */
    uint32_t discard_bytes;        /* granularity of discards; 0: discards do nothing */
} QhBlockInfo;
#define QH_BLOCK_INFO_READ_ONLY   (1u << 0)
#define QH_BLOCK_INFO_WRITE_CACHE (1u << 1) /* a flush is needed for writes to last */
#define QH_BLOCK_INFO_NO_MEDIUM   (1u << 2) /* an empty drive */
#define QH_BLOCK_INFO_LOCKED      (1u << 3)
#define QH_BLOCK_INFO_TRAY_OPEN   (1u << 4) /* minor 1: of a removable drive; by whomever */

/* What the host tells the device that is attached. [device] on the main thread; all optional. */
typedef struct QhBlockHandlers {
    uint32_t size;
    uint32_t reserved;
    void (*resized)(void *opaque);                     /* info's bytes have changed */
    void (*medium_changed)(void *opaque, gboolean in); /* removable drives */
    void (*eject_request)(void *opaque);               /* the user wants the medium out */
} QhBlockHandlers;

/* What the device wants. */
#define QH_BLOCK_WANT_WRITE (1u << 0) /* attach fails on a read-only node */
#define QH_BLOCK_WANT_SHARE (1u << 1) /* minor 1, share-rw: others may write as well */

/* What to do about an error (minor 1); the values of properties rerror and werror, whose names are
 * in QH_BLOCK_ON_ERROR_NAMES. */
#define QH_BLOCK_ON_ERROR_AUTO   0u /* as the drive says: report for reads, enospc for writes */
#define QH_BLOCK_ON_ERROR_REPORT 1u /* the guest hears of it */
#define QH_BLOCK_ON_ERROR_IGNORE 2u /* the guest is told that all went well */
#define QH_BLOCK_ON_ERROR_STOP   3u /* the machine stops, and tries again when it goes on */
#define QH_BLOCK_ON_ERROR_ENOSPC 4u /* stop when the host's disk is full, otherwise report */
#define QH_BLOCK_ON_ERROR_NAMES  "auto|report|ignore|stop|enospc"

typedef struct QhBlockService {
    uint32_t size;
    uint32_t reserved;

    /* Become the one device of @block; in realize. FALSE with @error when it has another, or is
     * read-only and @want says write. [main] */
    gboolean (*attach)(QhDrive *block,
                       QhInstance *device,
                       uint32_t want,
                       const QhBlockHandlers *handlers,
                       void *opaque,
                       GError **error);
    /* Waits for what is in flight (done is called), then lets go. NULL is accepted. [main] */
    void (*detach)(QhDrive *block);
    /* The size of @ret is set by the caller. [device] */
    void (*info)(QhDrive *block, QhBlockInfo *ret);
    /* Start @request; its done follows. [device] */
    void (*submit)(QhDrive *block, QhBlockRequest *request);
    /* Wait until nothing is in flight; done is called meanwhile, the device lock is let go of. For
     * resets. [main] */
    void (*drain)(QhDrive *block);
    /* Turn the write cache on or off, as the guest asked. [device] */
    void (*set_write_cache)(QhDrive *block, gboolean on);
    /* What the user's rerror= and werror= say about @error of a request of @kind: report it to the
     * guest (TRUE), or the machine stops and the device submits the request again in its resume
     * (FALSE); emits BLOCK_IO_ERROR. [device] */
    gboolean (*report_error)(QhDrive *block, uint32_t kind, int error);
    /* The guest opened or closed the tray of a removable drive, locked the door. [device] */
    void (*set_tray)(QhDrive *block, gboolean open);
    void (*set_locked)(QhDrive *block, gboolean locked);
    /* Up to 20 bytes that identify the disk for the guest: serial=; "" when not given. [device] */
    const char *(*serial)(QhDrive *block);
    /* The drive that -drive if=@interface,index=@index describes; NULL: there is none. For machines
     * that have a place for it: set the device's property to its name. [main] */
    QhDrive *(*drive)(QhHost *host, const char *interface, uint32_t index);
    /* What a property of type QH_PROPERTY_BLOCK takes for it. [main] */
    const char *(*name)(const QhDrive *block);
    /* Minor 1. The device's own rerror and werror (QH_BLOCK_ON_ERROR_...), before or after attach.
     * [main] */
    void (*set_errors)(QhDrive *block, uint32_t on_read, uint32_t on_write);
    /* Minor 1. An empty drive, for a device whose property of type QH_PROPERTY_BLOCK was not set:
     * it is put there, and goes with the property. [main] */
    QhDrive *(*empty)(QhHost *host);
} QhBlockService;

#endif
