/* SPDX-License-Identifier: MIT */
/*
 * Service "qh.mem": RAM blocks, address spaces, regions, physical accesses.
 *
 * An address space maps physical addresses to RAM, ROM and device windows. Mappings of higher
 * priority hide those below. Changes are made with the machine stopped or under the device lock;
 * readers never wait.
 */
#ifndef QH_ABI_MEMORY_H
#define QH_ABI_MEMORY_H

#include "abi/base.h"

/* Attributes of a bus access: QhTranslation.attrs, QhIoOps calls, qh.mem calls. */
#define QH_ATTR_NONE          0u
#define QH_ATTR_SECURE        (1u << 0)
#define QH_ATTR_USER          (1u << 1)
#define QH_ATTR_DEBUG         (1u << 2) /* from a debugger: no side effects */
#define QH_ATTR_FETCH         (1u << 3)
#define QH_ATTR_REQUESTER(id) ((uint32_t)(id) << 16) /* 16 bits: PCI requester or CPU index */

/* What became of an access. */
#define QH_BUS_OK     0u
#define QH_BUS_NONE   1u /* nothing answers at that address */
#define QH_BUS_ERROR  2u /* the device refused: wrong size, read-only, no permission */
#define QH_BUS_NESTED 3u /* refused: the device is already inside a call (DMA guard) */

/* QhIoOps.flags */
#define QH_IO_BIG_ENDIAN (1u << 0) /* byte order of the registers; little otherwise */
#define QH_IO_UNALIGNED  (1u << 1) /* the device takes unaligned accesses itself */
#define QH_IO_LOCKLESS   (1u << 2) /* thread-safe: called without the device lock */
#define QH_IO_SPLIT      (1u << 3) /* a larger access is split into max_size parts, not refused */

/* Register access of a device window. Values are in host byte order. [device] */
typedef struct QhIoOps {
    uint32_t size;
    uint32_t flags;
    uint32_t min_size; /* bytes: 1, 2, 4, 8; smaller accesses are refused (QH_BUS_ERROR) */
    uint32_t max_size; /* larger ones are refused, or split with QH_IO_SPLIT */

    /* Read @width bytes at @offset; returns QH_BUS_...; *@ret_value is written only on OK. */
    uint32_t (*read)(
        void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value);
    uint32_t (*write)(
        void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value);
} QhIoOps;

/* map flags */
#define QH_MAP_READONLY (1u << 0) /* writes to this RAM are refused (ROM) */
#define QH_MAP_EXEC_IO  (1u << 1) /* reserved */

/* A part of a file that is RAM of the guest. */
typedef struct QhSharedRam {
    uint64_t address, bytes, offset; /* in the space; of both; in the file */
    int32_t fd;
    uint32_t reserved;
} QhSharedRam;

typedef struct QhMemService {
    uint32_t size;
    uint32_t reserved;

    /*
     * A zeroed, memfd-backed RAM block of @bytes, owned by the machine, named @name for snapshots
     * and `info mtree`. NULL with @error set. [main]
     */
    QhRam *(*ram_new)(QhMachine *machine, const char *name, uint64_t bytes, GError **error);

    /* Host address and size of a block; stable for its life. [any] */
    void *(*ram_host)(QhRam *ram);
    uint64_t (*ram_bytes)(QhRam *ram);

    /* The machine's main address space (what CPUs and devices see unless told otherwise). [any] */
    QhSpace *(*system)(QhMachine *machine);

    /* A further address space of the machine (port I/O, a bus master behind an IOMMU); @bytes 0:
     * all 2^64 addresses. The machine owns it. [main] */
    QhSpace *(*space_new)(QhMachine *machine, const char *name, uint64_t bytes);

    /*
     * Map @bytes of @ram from @ram_offset at @address. Overlaps: higher @priority wins, then the
     * later mapping. FALSE with @error set when the range wraps or is unaligned to 4 KiB. [main]
     */
    gboolean (*map_ram)(QhSpace *space,
                        uint64_t address,
                        uint64_t bytes,
                        QhRam *ram,
                        uint64_t ram_offset,
                        uint32_t flags,
                        int32_t priority,
                        GError **error);

    /*
     * Map a device window. @name is copied; @ops and @opaque live until the mapping goes.
     * @owner (may be NULL) is the device for the DMA guard. [main]
     */
    gboolean (*map_io)(QhSpace *space,
                       const char *name,
                       uint64_t address,
                       uint64_t bytes,
                       const QhIoOps *ops,
                       void *opaque,
                       QhInstance *owner,
                       int32_t priority,
                       GError **error);

    /* Make @bytes at @address lead into @target from @target_offset. [main] */
    gboolean (*map_space)(QhSpace *space,
                          uint64_t address,
                          uint64_t bytes,
                          QhSpace *target,
                          uint64_t target_offset,
                          int32_t priority,
                          GError **error);

    /* Remove the mapping that starts at @address with exactly @bytes and @priority. [device] */
    gboolean (*unmap)(QhSpace *space, uint64_t address, uint64_t bytes, int32_t priority);

    /*
     * Physical access of any length; returns QH_BUS_..., and stops at the first part that fails.
     * Reaches RAM and device windows; the host takes the device lock where a window needs it.
     * Writes keep translated code in step. [any]
     */
    uint32_t (*read)(
        QhSpace *space, uint64_t address, void *buffer, uint64_t length, uint32_t attrs);
    uint32_t (*write)(
        QhSpace *space, uint64_t address, const void *buffer, uint64_t length, uint32_t attrs);

    /*
     * The same for a device's DMA: RAM only, and device windows only when the device declared
     * QH_DEVICE_DMA_TO_IO. @device must be the caller. [device]
     */
    uint32_t (*dma_read)(
        QhInstance *device, QhSpace *space, uint64_t address, void *buffer, uint64_t length);
    uint32_t (*dma_write)(
        QhInstance *device, QhSpace *space, uint64_t address, const void *buffer, uint64_t length);

    /*
     * One aligned little-endian word of 4 or 8 bytes, atomically; for page walks that set accessed
     * bits. cas writes @desired if the word is *@expected; *@expected becomes what was there.
     * [any]
     */
    uint32_t (*read_word)(
        QhSpace *space, uint64_t address, uint32_t width, uint32_t attrs, uint64_t *ret_value);
    uint32_t (*cas_word)(QhSpace *space,
                         uint64_t address,
                         uint32_t width,
                         uint32_t attrs,
                         uint64_t *expected,
                         uint64_t desired);

    /*
     * Minor 1. A host pointer to *@length bytes of RAM at @address of @space for a device's DMA;
     * *@length becomes what lies there in one run. NULL when there is no RAM, or with @write when
     * it is read-only. Valid until dma_unmap, which says how many bytes from the start were
     * written: pages are marked dirty and code made from them is dropped. Several may be held, also
     * by requests in flight; the memory stays. [any]
     */
    void *(*dma_map)(
        QhInstance *device, QhSpace *space, uint64_t address, uint64_t *length, gboolean write);
    void (*dma_unmap)(QhInstance *device, void *pointer, uint64_t length, uint64_t written);

    /*
     * Minor 2. Write @bytes at @offset of a block, whatever it is mapped as; code made from what
     * was there is dropped. For devices whose content is read directly (flash). [any]
     */
    void (*ram_write)(QhRam *ram, uint64_t offset, const void *data, uint64_t bytes);

    /*
     * Minor 3. Give back a block in unrealize of a device that may go while the guest runs. A CPU
     * may still hold its address, so it stays, and serves the next ram_new of that many bytes.
     * NULL is accepted. [main]
     */
    void (*ram_give_back)(QhRam *ram);

    /*
     * Minor 4. RAM that is mapped in @space, as parts of files that another process may map: writes
     * up to @max of them to @ret, gives how many there are. The descriptors are the host's; -1: the
     * part is of no file. What another process writes has to be told with dma_map and dma_unmap.
     * [main]
     */
    uint32_t (*shared_ram)(QhSpace *space, struct QhSharedRam *ret, uint32_t max);
} QhMemService;

#endif
