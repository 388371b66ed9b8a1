/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code memory of one engine: a range of constant size, so that every jump inside it reaches, cut
 * into chunks. A CPU fills one chunk at a time; full ones wait in the order of their filling to be
 * retired: what is in them is taken out, and when every CPU has passed the dispatcher since, they
 * are free again. The start of the range holds the host's own stubs.
 *
 * All calls but new and free: under the engine's lock.
 */
#ifndef QH_CORE_JIT_X86_64_CHUNKS_H
#define QH_CORE_JIT_X86_64_CHUNKS_H

#include "core/jit/backend/x86_64/runtime.h"

#define QH_T1_STUB_BYTES 4096u
/* A chunk with less room than this is full. */
#define QH_T1_ROOM ((size_t)64 << 10)

typedef enum { QH_CHUNK_FREE, QH_CHUNK_OPEN, QH_CHUNK_FULL, QH_CHUNK_RETIRED } QhT1ChunkState;

typedef struct QhT1Chunk {
    QhT1ChunkState state;
    uint8_t *start, *end; /* in the writable view */
    uint8_t *at;          /* first free byte */
    uint64_t stamp;       /* OPEN, FULL: the smaller the older; RETIRED: epoch of that */
    GPtrArray *regions;   /* by address */
} QhT1Chunk;

struct QhT1Memory {
    uint8_t *writable;
    const uint8_t *code;
    uint64_t bytes;
    uint64_t stamp;
    uint32_t n_chunks;
    QhT1Chunk *chunks;
};

/* NULL with @error: memory that may be executed is not to be had. Nameless: of no file, for perf's
 * map of symbols. */
QhT1Memory *qh_t1_memory_new(uint64_t bytes, GError **error);
QhT1Memory *qh_t1_memory_new_nameless(uint64_t bytes, GError **error);
void qh_t1_memory_free(QhT1Memory *memory);

/* Bytes from a place in the writable view to the same in the executable one. */
static inline ptrdiff_t qh_t1_memory_delta(const QhT1Memory *memory)
{
    return (ptrdiff_t)((uintptr_t)memory->code - (uintptr_t)memory->writable);
}

/* A free chunk, now open; NULL when there is none. */
QhT1Chunk *qh_t1_memory_open(QhT1Memory *memory);
/* The CPU that fills it needs another one. */
void qh_t1_memory_fill(QhT1Memory *memory, QhT1Chunk *chunk);
/* The full chunk that was opened first, NULL when none is full. */
QhT1Chunk *qh_t1_memory_oldest(QhT1Memory *memory);
/* RETIRED -> FREE: its pages go back, its regions are freed. */
void qh_t1_memory_reuse(QhT1Memory *memory, QhT1Chunk *chunk);
/* The region that @code, in the executable view, belongs to; NULL if there is none. */
QhT1Region *qh_t1_memory_find(const QhT1Memory *memory, const uint8_t *code);
uint32_t qh_t1_memory_n_free(const QhT1Memory *memory);
uint64_t qh_t1_memory_used(const QhT1Memory *memory);

#endif
