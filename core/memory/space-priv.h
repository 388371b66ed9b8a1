/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of core/memory share. */
#ifndef QH_CORE_MEMORY_SPACE_PRIV_H
#define QH_CORE_MEMORY_SPACE_PRIV_H

#include "core/memory/space.h"

#include <stdatomic.h>

/* A flattened map: disjoint sections in ascending order. Never changed once it is published. */
typedef struct View {
    uint32_t n;
    QhSection sections[];
} View;

/* One map_* call. */
typedef struct Mapping {
    uint64_t first, last;
    int32_t priority;
    gboolean readonly;
    uint32_t mode; /* QH_WINDOW_..., where there are both ram and io */
    QhRam *ram;    /* one of ram, io, target; or ram behind io */
    QhIoWindow *io;
    QhSpace *target;
    uint64_t offset; /* of first in it */
} Mapping;

/* Readers that may hold the view, in stripes on different cache lines, so that CPUs that look up at
 * the same time do not wait for each other's line. */
#define READER_STRIPES 16u
typedef struct Readers {
    atomic_uint count;
    char padding[60];
} Readers;

struct QhSpace {
    QhMemory *memory;
    char *name;
    uint64_t last;       /* highest address */
    GPtrArray *mappings; /* Mapping *, highest priority first, then the latest; memory->lock */
    _Atomic(View *) view;
    atomic_uint version;
    atomic_uint phase; /* which half of readers new ones count in */
    Readers readers[2][READER_STRIPES];
};

struct QhMemory {
    QhMachine *machine;
    GMutex lock;        /* of the lists here and in the spaces; writers only */
    GPtrArray *rams;    /* QhRam * */
    GPtrArray *spaces;  /* QhSpace *; the first is the main one */
    GPtrArray *windows; /* QhIoWindow *, kept while its owner is: a CPU may still hold it */
    uint64_t next_base; /* of the next RAM block */

    GMutex keep_lock; /* of the next two */
    QhPageKeeper keeper;
    void *keeper_data;
};

/* Build @space's view anew, then those of the spaces it is mapped into. With memory->lock. */
void qh_space_rebuild(QhSpace *space);
View *qh_view_build(const QhSpace *space);

uint32_t
qh_dma_read(QhInstance *device, QhSpace *space, uint64_t address, void *buffer, uint64_t length);
uint32_t qh_dma_write(
    QhInstance *device, QhSpace *space, uint64_t address, const void *buffer, uint64_t length);
void *
qh_dma_map(QhInstance *device, QhSpace *space, uint64_t address, uint64_t *length, gboolean write);
void qh_dma_unmap(QhInstance *device, void *pointer, uint64_t length, uint64_t written);

#endif
