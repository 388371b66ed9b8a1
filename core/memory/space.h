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
#define QH_PAGE_KEEP  4u /* shown to the keeper before it is written (qh_memory_set_keeper) */

struct QhRam {
    char *name;
    uint8_t *host;
    uint64_t bytes;
    uint64_t base;       /* start of this block in the machine's RAM numbering: a page of RAM has
                            one number however many aliases it has; 0 is never a block's base */
    uint8_t *page_flags; /* bytes >> QH_PAGE_BITS_MIN */
    int fd;              /* of the file that it is mapped from; -1: of none */
    QhMachine *machine;
    gboolean spare;   /* given back */
    gboolean in_file; /* of the user's */
};

typedef struct QhIoWindow {
    char *name;
    const QhIoOps *ops;
    void *opaque;
    QhInstance *owner;
    QhMachine *machine;
    uint64_t bytes; /* offsets end here */
} QhIoWindow;

/*
 * A run of addresses that behaves uniformly. What @ram and @io point to stays as long as the
 * machine, also when the mapping goes.
 */
typedef struct QhSection {
    uint64_t first, last; /* physical, inclusive */
    QhRam *ram;           /* or NULL */
    uint64_t ram_offset;  /* of first in ram */
    gboolean readonly;
    /* Or NULL; both NULL: nothing there. With ram it is readonly and this takes the writes; then
     * both offsets are the same. */
    QhIoWindow *io;
    uint64_t io_offset; /* of first in the window */
} QhSection;

/* What one machine has of RAM blocks, spaces and windows; owns them. */
typedef struct QhMemory QhMemory;
QhMemory *qh_memory_new(QhMachine *machine);
void qh_memory_free(QhMemory *memory);
QhSpace *qh_memory_system(QhMemory *memory); /* the main address space */
/* Drop what is remembered of the windows of @owner, all unmapped; the CPUs rest. [main] */
void qh_memory_forget(QhMemory *memory, const QhInstance *owner);
void qh_memory_foreach_space(QhMemory *memory, void (*fn)(QhSpace *, void *), void *data);

void qh_memory_foreach_ram(QhMemory *memory, void (*fn)(QhRam *, void *), void *data);

/*
 * Somebody wants to see the pages of RAM once more before they change. qh_memory_keep_all marks all
 * pages, or who sets QH_PAGE_KEEP itself one; then @fn is called for the page at @offset before the
 * first write to it, and the mark goes. CPUs must forget their translations when marks are set.
 * NULL @fn: nobody, marks are dropped as they are met. [main] CPUs stopped; @fn is called on the
 * thread that writes, one at a time.
 */
typedef void (*QhPageKeeper)(void *data, QhRam *ram, uint64_t offset);
void qh_memory_set_keeper(QhMemory *memory, QhPageKeeper fn, void *data);
void qh_memory_keep_all(QhMemory *memory);
/* @bytes at @offset may be written through a pointer from now on: the keeper sees them first. [any]
 */
void qh_ram_keep(QhRam *ram, uint64_t offset, uint64_t bytes);
/* The block that host address @pointer is in; NULL: none. [any] */
QhRam *qh_memory_ram_at(QhMemory *memory, const void *pointer, uint64_t *ret_offset);

/* The machine's memory owns blocks and spaces; free one only to give it up early. */
QhRam *qh_ram_new(QhMachine *machine, const char *name, uint64_t bytes, GError **error);
void qh_ram_free(QhRam *ram);
/* As qh.mem's ram_give_back. [main] */
void qh_ram_give_back(QhRam *ram);

/* @bytes 0: all 2^64 addresses. */
QhSpace *qh_space_new(QhMachine *machine, const char *name, uint64_t bytes);
void qh_space_free(QhSpace *space);
const char *qh_space_name(const QhSpace *space);

/* The section that holds @address; TRUE when something is mapped there, FALSE with the bounds of
 * the gap. Copies, so that the answer stays whole while maps change; qh_space_version, read before,
 * tells whether it still holds. [any] */
gboolean qh_space_find(QhSpace *space, uint64_t address, QhSection *ret);
/* Grows by one on each change of the map; TLBs compare it at safe points. [any] */
uint32_t qh_space_version(QhSpace *space);

/* One access to a device window through the rules of its QhIoOps, the DMA guard and the device
 * lock. @value is host order; width 1, 2, 4, 8. [any] */
uint32_t qh_io_read(QhIoWindow *io,
                    uint64_t offset,
                    uint32_t width,
                    gboolean big_endian,
                    uint32_t attrs,
                    uint64_t *ret_value);
uint32_t qh_io_write(QhIoWindow *io,
                     uint64_t offset,
                     uint32_t width,
                     gboolean big_endian,
                     uint32_t attrs,
                     uint64_t value);

/* Physical access of any length, as qh.mem's read and write. [any] */
uint32_t
qh_space_read(QhSpace *space, uint64_t address, void *buffer, uint64_t length, uint32_t attrs);
uint32_t qh_space_write(
    QhSpace *space, uint64_t address, const void *buffer, uint64_t length, uint32_t attrs);
/* One aligned little-endian word of RAM, as qh.mem's read_word and cas_word. [any] */
uint32_t qh_space_read_word(
    QhSpace *space, uint64_t address, uint32_t width, uint32_t attrs, uint64_t *ret_value);
uint32_t qh_space_cas_word(QhSpace *space,
                           uint64_t address,
                           uint32_t width,
                           uint32_t attrs,
                           uint64_t *expected,
                           uint64_t desired);
/* Writes RAM and ROM, never a device window: boot images, debuggers. [any] */
uint32_t qh_space_write_rom(QhSpace *space, uint64_t address, const void *buffer, uint64_t length);
/* Whether all of @length bytes at @address are RAM or ROM. [any] */
gboolean qh_space_is_memory(QhSpace *space, uint64_t address, uint64_t length);

/* @bytes at @offset are about to change, or have just changed: marks the pages dirty and drops the
 * code made from those with QH_PAGE_CODE (qh_machine_code_written). Who writes calls it before and
 * after, so that code made in between goes, too. [any] */
void qh_ram_note_write(QhRam *ram, uint64_t offset, uint64_t bytes);

/*
 * Map @like, a window whose fields are filled in but is copied, at @address; @ram is what lies
 * behind it, or NULL, @mode how it answers (QH_WINDOW_...). [main]
 */
gboolean qh_space_map_window(QhSpace *space,
                             uint64_t address,
                             const QhIoWindow *like,
                             QhRam *ram,
                             uint32_t mode,
                             int32_t priority,
                             GError **error);
/* The window of @owner that is mapped at @address answers so from now on. [device] */
void qh_space_set_mode(QhSpace *space, uint64_t address, const QhInstance *owner, uint32_t mode);
/* As qh.mem's ram_write. [any] */
void qh_ram_write(QhRam *ram, uint64_t offset, const void *data, uint64_t bytes);

/* Text of `info mtree`; the caller g_frees it. [main] */
char *qh_space_describe(QhSpace *space);

extern const QhMemService qh_mem_service;

#endif
