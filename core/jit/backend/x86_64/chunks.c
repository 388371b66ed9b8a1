/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/backend/x86_64/chunks.h"

#include "core/os/memory.h"

#define MIN_BYTES   ((uint64_t)1 << 20)
#define MAX_BYTES   ((uint64_t)1 << 30) /* a jump reaches 2 GiB */
#define CHUNK_BYTES ((uint64_t)1 << 20)
#define MIN_CHUNKS  8u

/* Chunks are large, so that the room left over at their ends is little, but not too few. */
static uint64_t chunk_bytes(uint64_t bytes)
{
    uint64_t chunk = CHUNK_BYTES;

    while (chunk > 2 * QH_T1_ROOM && bytes / chunk < MIN_CHUNKS) {
        chunk /= 2;
    }
    return chunk;
}

static QhT1Memory *memory_new(const char *name, uint64_t bytes, GError **error)
{
    g_autofree QhT1Memory *memory = g_new0(QhT1Memory, 1);
    uint64_t chunk;
    void *writable;

    bytes = CLAMP(bytes, MIN_BYTES, MAX_BYTES);
    chunk = chunk_bytes(bytes);
    bytes = bytes / chunk * chunk;
    memory->code = qh_os_code_new(name, bytes, &writable, error);
    if (memory->code == NULL) {
        return NULL;
    }
    memory->writable = writable;
    memory->bytes = bytes;
    memory->n_chunks = (uint32_t)(bytes / chunk);
    memory->chunks = g_new0(QhT1Chunk, memory->n_chunks);
    for (uint32_t i = 0; i < memory->n_chunks; i++) {
        QhT1Chunk *item = &memory->chunks[i];
        item->start = item->at = memory->writable + i * chunk;
        item->end = item->start + chunk;
        item->regions = g_ptr_array_new_with_free_func(g_free);
    }
    memory->chunks[0].start += QH_T1_STUB_BYTES;
    memory->chunks[0].at = memory->chunks[0].start;
    return g_steal_pointer(&memory);
}

QhT1Memory *qh_t1_memory_new(uint64_t bytes, GError **error)
{
    return memory_new("qemu-host-code", bytes, error);
}

QhT1Memory *qh_t1_memory_new_nameless(uint64_t bytes, GError **error)
{
    return memory_new(NULL, bytes, error);
}

void qh_t1_memory_free(QhT1Memory *memory)
{
    if (memory == NULL) {
        return;
    }
    for (uint32_t i = 0; i < memory->n_chunks; i++) {
        g_ptr_array_unref(memory->chunks[i].regions);
    }
    qh_os_code_free((void *)memory->code, memory->writable, memory->bytes);
    g_free(memory->chunks);
    g_free(memory);
}

QhT1Chunk *qh_t1_memory_open(QhT1Memory *memory)
{
    for (uint32_t i = 0; i < memory->n_chunks; i++) {
        QhT1Chunk *chunk = &memory->chunks[i];
        if (chunk->state == QH_CHUNK_FREE) {
            chunk->state = QH_CHUNK_OPEN;
            chunk->stamp = ++memory->stamp;
            return chunk;
        }
    }
    return NULL;
}

void qh_t1_memory_fill(QhT1Memory *memory, QhT1Chunk *chunk)
{
    (void)memory;
    chunk->state = QH_CHUNK_FULL;
    qh_os_code_rest(chunk->start, (uint64_t)(chunk->end - chunk->start));
}

QhT1Chunk *qh_t1_memory_oldest(QhT1Memory *memory)
{
    QhT1Chunk *oldest = NULL;

    for (uint32_t i = 0; i < memory->n_chunks; i++) {
        QhT1Chunk *chunk = &memory->chunks[i];
        if (chunk->state == QH_CHUNK_FULL && (oldest == NULL || chunk->stamp < oldest->stamp)) {
            oldest = chunk;
        }
    }
    return oldest;
}

void qh_t1_memory_reuse(QhT1Memory *memory, QhT1Chunk *chunk)
{
    (void)memory;
    g_ptr_array_set_size(chunk->regions, 0);
    qh_os_code_drop(chunk->start, (uint64_t)(chunk->end - chunk->start));
    chunk->at = chunk->start;
    chunk->state = QH_CHUNK_FREE;
}

QhT1Region *qh_t1_memory_find(const QhT1Memory *memory, const uint8_t *code)
{
    uint64_t offset = (uint64_t)(code - memory->code);
    uint64_t chunk_size = memory->bytes / memory->n_chunks;
    const GPtrArray *regions;
    guint low = 0, high;

    if (offset >= memory->bytes) {
        return NULL;
    }
    regions = memory->chunks[offset / chunk_size].regions;
    high = regions->len;
    while (low < high) {
        guint middle = (low + high) / 2;
        const QhT1Region *region = g_ptr_array_index(regions, middle);
        if (region->code + region->code_bytes <= code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == regions->len || ((QhT1Region *)g_ptr_array_index(regions, low))->code > code) {
        return NULL;
    }
    return g_ptr_array_index(regions, low);
}

uint32_t qh_t1_memory_n_free(const QhT1Memory *memory)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < memory->n_chunks; i++) {
        n += memory->chunks[i].state == QH_CHUNK_FREE;
    }
    return n;
}

uint64_t qh_t1_memory_used(const QhT1Memory *memory)
{
    uint64_t used = QH_T1_STUB_BYTES;

    for (uint32_t i = 0; i < memory->n_chunks; i++) {
        const QhT1Chunk *chunk = &memory->chunks[i];
        used += chunk->state != QH_CHUNK_FREE ? (uint64_t)(chunk->at - chunk->start) : 0;
    }
    return used;
}
