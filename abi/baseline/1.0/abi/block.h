/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_BLOCK_H
#define QH_ABI_BLOCK_H

#include "abi/base.h"

typedef struct QhDrive QhDrive;

#define QH_BLOCK_READ         0u
#define QH_BLOCK_WRITE        1u
#define QH_BLOCK_FLUSH        2u
#define QH_BLOCK_DISCARD      3u
#define QH_BLOCK_WRITE_ZEROES 4u

#define QH_BLOCK_FUA   (1u << 0)
#define QH_BLOCK_UNMAP (1u << 1)

typedef struct QhBlockVec {
    void *base;
    uint64_t bytes;
} QhBlockVec;

typedef struct QhBlockRequest {
    uint32_t size;
    uint32_t kind;
    uint32_t flags;
    uint32_t n_vec;
    uint64_t offset;
    uint64_t bytes;
    const QhBlockVec *vec;

    void (*done)(struct QhBlockRequest *request, int error);
    void *opaque;
    uint64_t reserved[6];
} QhBlockRequest;

typedef struct QhBlockInfo {
    uint32_t size;
    uint32_t logical_block_bytes;
    uint32_t physical_block_bytes;
    uint32_t flags;
    uint64_t bytes;
    uint64_t max_transfer_bytes;
    uint32_t max_vecs;
    uint32_t discard_bytes;
} QhBlockInfo;
#define QH_BLOCK_INFO_READ_ONLY   (1u << 0)
#define QH_BLOCK_INFO_WRITE_CACHE (1u << 1)
#define QH_BLOCK_INFO_NO_MEDIUM   (1u << 2)
#define QH_BLOCK_INFO_LOCKED      (1u << 3)
#define QH_BLOCK_INFO_TRAY_OPEN   (1u << 4)

typedef struct QhBlockHandlers {
    uint32_t size;
    uint32_t reserved;
    void (*resized)(void *opaque);
    void (*medium_changed)(void *opaque, gboolean in);
    void (*eject_request)(void *opaque);
} QhBlockHandlers;

#define QH_BLOCK_WANT_WRITE (1u << 0)
#define QH_BLOCK_WANT_SHARE (1u << 1)

#define QH_BLOCK_ON_ERROR_AUTO   0u
#define QH_BLOCK_ON_ERROR_REPORT 1u
#define QH_BLOCK_ON_ERROR_IGNORE 2u
#define QH_BLOCK_ON_ERROR_STOP   3u
#define QH_BLOCK_ON_ERROR_ENOSPC 4u
#define QH_BLOCK_ON_ERROR_NAMES  "auto|report|ignore|stop|enospc"

typedef struct QhBlockService {
    uint32_t size;
    uint32_t reserved;

    gboolean (*attach)(QhDrive *block,
                       QhInstance *device,
                       uint32_t want,
                       const QhBlockHandlers *handlers,
                       void *opaque,
                       GError **error);

    void (*detach)(QhDrive *block);

    void (*info)(QhDrive *block, QhBlockInfo *ret);

    void (*submit)(QhDrive *block, QhBlockRequest *request);

    void (*drain)(QhDrive *block);

    void (*set_write_cache)(QhDrive *block, gboolean on);

    gboolean (*report_error)(QhDrive *block, uint32_t kind, int error);

    void (*set_tray)(QhDrive *block, gboolean open);
    void (*set_locked)(QhDrive *block, gboolean locked);

    const char *(*serial)(QhDrive *block);

    QhDrive *(*drive)(QhHost *host, const char *interface, uint32_t index);

    const char *(*name)(const QhDrive *block);

    void (*set_errors)(QhDrive *block, uint32_t on_read, uint32_t on_write);

    QhDrive *(*empty)(QhHost *host);
} QhBlockService;

#endif
