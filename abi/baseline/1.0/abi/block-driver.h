/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_BLOCK_DRIVER_H
#define QH_ABI_BLOCK_DRIVER_H

#include "abi/block.h"
#include "abi/property.h"

#define QH_BLOCK_DRIVER_INTERFACE "qh.block-driver"

typedef struct QhBlockNode QhBlockNode;

#define QH_BLOCK_PROTOCOL 0u
#define QH_BLOCK_FORMAT   1u
#define QH_BLOCK_FILTER   2u

#define QH_BLOCK_DRIVER_PASS  (1u << 0)
#define QH_BLOCK_DRIVER_GROWS (1u << 1)

#define QH_BLOCK_OPEN_READ_ONLY      (1u << 0)
#define QH_BLOCK_OPEN_AUTO_READ_ONLY (1u << 1)
#define QH_BLOCK_OPEN_DIRECT         (1u << 2)
#define QH_BLOCK_OPEN_NO_FLUSH       (1u << 3)
#define QH_BLOCK_OPEN_UNMAP          (1u << 4)

#define QH_BLOCK_USE_READ            (1u << 0)
#define QH_BLOCK_USE_WRITE           (1u << 1)
#define QH_BLOCK_USE_WRITE_UNCHANGED (1u << 2)
#define QH_BLOCK_USE_RESIZE          (1u << 3)
#define QH_BLOCK_USE_ALL             15u

typedef struct QhBlockDriver {
    void *ctx;
    QhHost *host;
    QhBlockNode *node;
    uint32_t flags;

    uint32_t alignment;
    uint32_t discard_bytes;
    uint32_t max_transfer_bytes;
    uint64_t reserved[4];
} QhBlockDriver;

#define QH_BLOCK_NO_WAIT    (1u << 8)
#define QH_BLOCK_COMPRESSED (1u << 9)
#define QH_BLOCK_UNCHANGED  (1u << 10)

#define QH_BLOCK_STATUS_ALLOCATED (1u << 0)
#define QH_BLOCK_STATUS_DATA      (1u << 1)
#define QH_BLOCK_STATUS_ZERO      (1u << 2)
#define QH_BLOCK_STATUS_OFFSET    (1u << 3)

typedef struct QhBlockStatus {
    uint32_t size;
    uint32_t flags;
    uint64_t bytes;
    uint64_t offset;
} QhBlockStatus;

typedef struct QhBlockDriverOps {
    uint32_t size;
    uint32_t state_size;
    uint32_t kind;
    uint32_t flags;
    const char *description;
    const QhPropertyTable *properties;

    const char *children;

    gboolean (*open)(QhBlockDriver *driver, GError **error);

    void (*close)(QhBlockDriver *driver);

    uint64_t (*length)(QhBlockDriver *driver);

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

    int (*write_zeroes)(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags);
    int (*status)(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret);

    gboolean (*truncate)(QhBlockDriver *driver, uint64_t bytes, GError **error);

    gboolean (*set_access)(QhBlockDriver *driver, uint32_t use, uint32_t share, GError **error);

    gboolean (*reopen)(QhBlockDriver *driver, GError **error);

    char *(*info)(QhBlockDriver *driver);
} QhBlockDriverOps;

typedef struct QhBlockDriverService {
    uint32_t size;
    uint32_t reserved;

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

    int (*status)(QhBlockNode *node, uint64_t offset, uint64_t bytes, QhBlockStatus *ret);
    gboolean (*truncate)(QhBlockNode *node, uint64_t bytes, GError **error);
} QhBlockDriverService;

#endif
