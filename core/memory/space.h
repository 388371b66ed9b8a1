/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical address spaces: RAM blocks and device windows flattened into a sorted view. Readers use
 * the current view without a lock; writers build a new one and swap it; an old view is freed when
 * no reader can hold it.
 */
#ifndef QH_CORE_MEMORY_SPACE_H
#define QH_CORE_MEMORY_SPACE_H

#include "abi/memory.h"
#include "core/json/json.h"

/* The granule of QhRam page flags and of mapping alignment. */
#define QH_PAGE_BITS_MIN 12

/* Per page of RAM, one byte; atomic. Set by the engine, read on the way of every store. */
#define QH_PAGE_CODE  1u /* translated code was made from this page */
#define QH_PAGE_DIRTY 2u /* written since the bit was cleared */

struct QhRam {
    char *name;
    uint8_t *host;       /* mmap of the memfd */
    uint64_t bytes;
    uint64_t base;       /* start of this block in the machine's RAM numbering: a page of RAM has
                            one number however many aliases it has; 0 is never a block's base */
    uint8_t *page_flags; /* bytes >> QH_PAGE_BITS_MIN */
    int fd;
    QhMachine *machine;
};

typedef struct QhIoWindow {
    char *name;
    const QhIoOps *ops;
    void *opaque;
    QhInstance *owner;
    QhMachine *machine;
} QhIoWindow;

/* A run of addresses that behaves uniformly. */
typedef struct QhSection {
    uint64_t first, last; /* physical, inclusive */
    QhRam *ram;           /* or NULL */
    uint64_t ram_offset;  /* of first in ram */
    gboolean readonly;
    QhIoWindow *io;       /* or NULL; both NULL: nothing there */
    uint64_t io_offset;   /* of first in the window */
} QhSection;

QhRam *qh_ram_new(QhMachine *machine, const char *name, uint64_t bytes, GError **error);
void qh_ram_free(QhRam *ram);

QhSpace *qh_space_new(QhMachine *machine, const char *name, uint64_t bytes);
void qh_space_free(QhSpace *space);

/* The section that holds @address; TRUE when something is mapped there. Copies, so that the answer
 * stays whole while maps change; qh_space_version tells whether it still holds. [any] */
gboolean qh_space_find(QhSpace *space, uint64_t address, QhSection *ret);
/* Grows by one on each change of the map; TLBs compare it at safe points. [any] */
uint32_t qh_space_version(QhSpace *space);

/* One access to a device window through the rules of its QhIoOps, the DMA guard and the device
 * lock. @value is host order; width 1, 2, 4, 8. [any] */
uint32_t qh_io_read(QhIoWindow *io, uint64_t offset, uint32_t width, gboolean big_endian,
                    uint32_t attrs, uint64_t *ret_value);
uint32_t qh_io_write(QhIoWindow *io, uint64_t offset, uint32_t width, gboolean big_endian,
                     uint32_t attrs, uint64_t value);

/* Called before the bytes change when a page with QH_PAGE_CODE is written: the engine drops the
 * code. @ram_address = ram->base + offset. Set once by the engine. [any] */
typedef void (*QhCodeWriteFn)(QhMachine *machine, uint64_t ram_address, uint64_t bytes);
void qh_ram_note_write(QhRam *ram, uint64_t offset, uint64_t bytes);

/* Text of `info mtree`; the caller g_frees it. [main] */
char *qh_space_describe(QhSpace *space);

extern const QhMemService qh_mem_service;

#endif
