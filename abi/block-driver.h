/* SPDX-License-Identifier: MIT */
/*
 * Slot "block/NAME", interface "qh.block-driver": what stands behind a block node: a protocol (a
 * file, a server), a format, or a filter.
 *
 * Methods that move data are plain blocking calls. They come from worker threads, several at a
 * time, and without the device lock: a driver guards its own state. They return 0 or an errno. The
 * host has checked that a range lies inside the length, and aligned it when the driver says so.
 */
#ifndef QH_ABI_BLOCK_DRIVER_H
#define QH_ABI_BLOCK_DRIVER_H

#include "abi/block.h"
#include "abi/property.h"

#define QH_BLOCK_DRIVER_INTERFACE "qh.block-driver"

/* A node of the graph: the host's side of one open driver. */
typedef struct QhBlockNode QhBlockNode;

/* QhBlockDriverOps.kind */
#define QH_BLOCK_PROTOCOL 0u
#define QH_BLOCK_FORMAT   1u
#define QH_BLOCK_FILTER   2u /* hands requests on to its first child */

/* QhBlockDriverOps.flags */
#define QH_BLOCK_DRIVER_PASS  (1u << 0) /* users of the node are users of its first child */
#define QH_BLOCK_DRIVER_GROWS (1u << 1) /* its write takes what lies behind the end, and grows */

/* QhBlockDriver.flags */
#define QH_BLOCK_OPEN_READ_ONLY      (1u << 0) /* may change: follow set_access */
#define QH_BLOCK_OPEN_AUTO_READ_ONLY (1u << 1) /* read-only when it cannot be written */
#define QH_BLOCK_OPEN_DIRECT         (1u << 2) /* cache.direct: past the host's page cache */
#define QH_BLOCK_OPEN_NO_FLUSH       (1u << 3) /* cache.no-flush; the host drops flushes */
#define QH_BLOCK_OPEN_UNMAP          (1u << 4) /* discard=unmap */

/* What the users of a node do with it, and what they bear that others do. */
#define QH_BLOCK_USE_READ            (1u << 0)
#define QH_BLOCK_USE_WRITE           (1u << 1)
#define QH_BLOCK_USE_WRITE_UNCHANGED (1u << 2) /* writes that leave the contents as they are */
#define QH_BLOCK_USE_RESIZE          (1u << 3)
#define QH_BLOCK_USE_ALL             15u

/* The first member of every driver's state; keeps its size for the life of a major version. */
typedef struct QhBlockDriver {
    void *ctx; /* ctx of the driver slot's offer */
    QhHost *host;
    QhBlockNode *node;
    uint32_t flags; /* QH_BLOCK_OPEN_... */
    /* Set in open; 0 means 1. Offset, length and memory of reads and writes are multiples of it. */
    uint32_t alignment;
    uint32_t discard_bytes;      /* set in open: granularity of discards, 0: they do nothing */
    uint32_t max_transfer_bytes; /* set in open: 0: no limit */
    uint64_t reserved[4];
} QhBlockDriver;

/* Flags of requests, beside QH_BLOCK_FUA and QH_BLOCK_UNMAP. */
#define QH_BLOCK_NO_WAIT    (1u << 8)  /* reads: EAGAIN rather than waiting for anything */
#define QH_BLOCK_COMPRESSED (1u << 9)  /* writes: whole clusters, to be compressed */
#define QH_BLOCK_UNCHANGED  (1u << 10) /* writes: the contents are those that reading gives */

/* QhBlockStatus.flags */
#define QH_BLOCK_STATUS_ALLOCATED (1u << 0) /* this node says what is there, no backing file */
#define QH_BLOCK_STATUS_DATA      (1u << 1) /* takes space */
#define QH_BLOCK_STATUS_ZERO      (1u << 2) /* reads as zeroes */
#define QH_BLOCK_STATUS_OFFSET    (1u << 3) /* offset is valid: plain bytes of the first child */

typedef struct QhBlockStatus {
    uint32_t size;
    uint32_t flags;
    uint64_t bytes;  /* that have the same status, from the start of the range; not 0 */
    uint64_t offset; /* where they are in the child */
} QhBlockStatus;

typedef struct QhBlockDriverOps {
    uint32_t size;
    uint32_t state_size; /* begins with a QhBlockDriver; zeroed by the host */
    uint32_t kind;       /* QH_BLOCK_PROTOCOL ... */
    uint32_t flags;      /* QH_BLOCK_DRIVER_... */
    const char *description;
    const QhPropertyTable *properties; /* the driver's own options, "server.host" and the like */
    /* Roles of its children, separated by commas, optional ones with a '?': "file,backing?". */
    const char *children;

    /* Mandatory: properties are set and children are open. [main] */
    gboolean (*open)(QhBlockDriver *driver, GError **error);
    /* Mandatory: only after an open that succeeded. [main] */
    void (*close)(QhBlockDriver *driver);
    /* Mandatory: bytes of the contents. [any] */
    uint64_t (*length)(QhBlockDriver *driver);

    /* Mandatory; the rest optional (ENOTSUP, or nothing to do for flush and discard). [any] */
    int (*read)(QhBlockDriver *driver,
                uint64_t offset,
                uint64_t bytes,
                const QhBlockVec *vec,
                uint32_t n_vec,
                uint32_t flags);
    int (*write)(QhBlockDriver *driver,
                 uint64_t offset,
                 uint64_t bytes,
                 const QhBlockVec *vec,
                 uint32_t n_vec,
                 uint32_t flags);
    int (*flush)(QhBlockDriver *driver);
    int (*discard)(QhBlockDriver *driver, uint64_t offset, uint64_t bytes);
    /* ENOTSUP makes the host write zeroes. */
    int (*write_zeroes)(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags);
    int (*status)(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret);
    /* Change the length; nothing is in flight. [main], or the thread of a job */
    gboolean (*truncate)(QhBlockDriver *driver, uint64_t bytes, GError **error);

    /*
     * The users of the node do @use and bear that others do @share (QH_BLOCK_USE_...): lock, open
     * for writing. FALSE with @error leaves all as it was. Nothing is in flight. [main]
     */
    gboolean (*set_access)(QhBlockDriver *driver, uint32_t use, uint32_t share, GError **error);
    /* driver->flags have changed, and what else may be reopened; nothing is in flight. [main] */
    gboolean (*reopen)(QhBlockDriver *driver, GError **error);
    /* A JSON object of what query-block shows as format-specific data, the caller g_frees it. */
    char *(*info)(QhBlockDriver *driver);
} QhBlockDriverOps;

/* Service "qh.block-driver": the children, for formats and filters. [any] */
typedef struct QhBlockDriverService {
    uint32_t size;
    uint32_t reserved;
    /* The child in @role; NULL if there is none. [main], or while a request is in flight */
    QhBlockNode *(*child)(QhBlockNode *node, const char *role);
    uint64_t (*length)(QhBlockNode *node);
    int (*read)(QhBlockNode *node,
                uint64_t offset,
                uint64_t bytes,
                const QhBlockVec *vec,
                uint32_t n_vec,
                uint32_t flags);
    int (*write)(QhBlockNode *node,
                 uint64_t offset,
                 uint64_t bytes,
                 const QhBlockVec *vec,
                 uint32_t n_vec,
                 uint32_t flags);
    int (*flush)(QhBlockNode *node);
    int (*discard)(QhBlockNode *node, uint64_t offset, uint64_t bytes);
    int (*write_zeroes)(QhBlockNode *node, uint64_t offset, uint64_t bytes, uint32_t flags);
    /* The size of @ret is set by the caller. */
    int (*status)(QhBlockNode *node, uint64_t offset, uint64_t bytes, QhBlockStatus *ret);
    gboolean (*truncate)(QhBlockNode *node, uint64_t bytes, GError **error);
} QhBlockDriverService;

#endif
