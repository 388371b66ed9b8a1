/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_MEMORY_H
#define QH_ABI_MEMORY_H

#include "abi/base.h"

#define QH_ATTR_NONE          0u
#define QH_ATTR_SECURE        (1u << 0)
#define QH_ATTR_USER          (1u << 1)
#define QH_ATTR_DEBUG         (1u << 2)
#define QH_ATTR_FETCH         (1u << 3)
#define QH_ATTR_REQUESTER(id) ((uint32_t)(id) << 16)

#define QH_BUS_OK     0u
#define QH_BUS_NONE   1u
#define QH_BUS_ERROR  2u
#define QH_BUS_NESTED 3u

#define QH_IO_BIG_ENDIAN (1u << 0)
#define QH_IO_UNALIGNED  (1u << 1)
#define QH_IO_LOCKLESS   (1u << 2)
#define QH_IO_SPLIT      (1u << 3)

typedef struct QhIoOps {
    uint32_t size;
    uint32_t flags;
    uint32_t min_size;
    uint32_t max_size;

    uint32_t (*read)(
        void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value);
    uint32_t (*write)(
        void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value);
} QhIoOps;

#define QH_MAP_READONLY (1u << 0)
#define QH_MAP_EXEC_IO  (1u << 1)

typedef struct QhSharedRam {
    uint64_t address, bytes, offset;
    int32_t fd;
    uint32_t reserved;
} QhSharedRam;

typedef struct QhMemService {
    uint32_t size;
    uint32_t reserved;

    QhRam *(*ram_new)(QhMachine *machine, const char *name, uint64_t bytes, GError **error);

    void *(*ram_host)(QhRam *ram);
    uint64_t (*ram_bytes)(QhRam *ram);

    QhSpace *(*system)(QhMachine *machine);

    QhSpace *(*space_new)(QhMachine *machine, const char *name, uint64_t bytes);

    gboolean (*map_ram)(QhSpace *space,
                        uint64_t address,
                        uint64_t bytes,
                        QhRam *ram,
                        uint64_t ram_offset,
                        uint32_t flags,
                        int32_t priority,
                        GError **error);

    gboolean (*map_io)(QhSpace *space,
                       const char *name,
                       uint64_t address,
                       uint64_t bytes,
                       const QhIoOps *ops,
                       void *opaque,
                       QhInstance *owner,
                       int32_t priority,
                       GError **error);

    gboolean (*map_space)(QhSpace *space,
                          uint64_t address,
                          uint64_t bytes,
                          QhSpace *target,
                          uint64_t target_offset,
                          int32_t priority,
                          GError **error);

    gboolean (*unmap)(QhSpace *space, uint64_t address, uint64_t bytes, int32_t priority);

    uint32_t (*read)(
        QhSpace *space, uint64_t address, void *buffer, uint64_t length, uint32_t attrs);
    uint32_t (*write)(
        QhSpace *space, uint64_t address, const void *buffer, uint64_t length, uint32_t attrs);

    uint32_t (*dma_read)(
        QhInstance *device, QhSpace *space, uint64_t address, void *buffer, uint64_t length);
    uint32_t (*dma_write)(
        QhInstance *device, QhSpace *space, uint64_t address, const void *buffer, uint64_t length);

    uint32_t (*read_word)(
        QhSpace *space, uint64_t address, uint32_t width, uint32_t attrs, uint64_t *ret_value);
    uint32_t (*cas_word)(QhSpace *space,
                         uint64_t address,
                         uint32_t width,
                         uint32_t attrs,
                         uint64_t *expected,
                         uint64_t desired);

    void *(*dma_map)(
        QhInstance *device, QhSpace *space, uint64_t address, uint64_t *length, gboolean write);
    void (*dma_unmap)(QhInstance *device, void *pointer, uint64_t length, uint64_t written);

    void (*ram_write)(QhRam *ram, uint64_t offset, const void *data, uint64_t bytes);

    void (*ram_give_back)(QhRam *ram);

    uint32_t (*shared_ram)(QhSpace *space, struct QhSharedRam *ret, uint32_t max);
} QhMemService;

#endif
