/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scatter lists. */
#include "core/block/block-priv.h"
#include <string.h>

uint32_t qh_block_vec_slice(
    const QhBlockVec *vec, uint32_t n_vec, uint64_t skip, uint64_t bytes, QhBlockVec *ret)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < n_vec && bytes > 0; i++) {
        if (skip >= vec[i].bytes) {
            skip -= vec[i].bytes;
            continue;
        }
        uint64_t part = MIN(vec[i].bytes - skip, bytes);
        ret[n].base = (char *)vec[i].base + skip;
        ret[n].bytes = part;
        n++;
        bytes -= part;
        skip = 0;
    }
    return n;
}

typedef enum { VEC_READ, VEC_WRITE, VEC_ZERO } Way;

static void
walk(const QhBlockVec *vec, uint32_t n, uint64_t skip, char *data, uint64_t bytes, Way way)
{
    for (uint32_t i = 0; i < n && bytes > 0; i++) {
        if (skip >= vec[i].bytes) {
            skip -= vec[i].bytes;
            continue;
        }
        uint64_t part = MIN(vec[i].bytes - skip, bytes);
        char *at = (char *)vec[i].base + skip;
        if (way == VEC_READ) {
            memcpy(data, at, part);
        } else if (way == VEC_WRITE) {
            memcpy(at, data, part);
        } else {
            memset(at, 0, part);
        }
        data += way == VEC_ZERO ? 0 : part;
        bytes -= part;
        skip = 0;
    }
}

void qh_block_vec_read(const QhBlockVec *vec, uint32_t n, uint64_t skip, void *to, uint64_t bytes)
{
    walk(vec, n, skip, to, bytes, VEC_READ);
}

void qh_block_vec_write(
    const QhBlockVec *vec, uint32_t n, uint64_t skip, const void *from, uint64_t bytes)
{
    walk(vec, n, skip, (char *)(uintptr_t)from, bytes, VEC_WRITE);
}

void qh_block_vec_zero(const QhBlockVec *vec, uint32_t n, uint64_t skip, uint64_t bytes)
{
    walk(vec, n, skip, NULL, bytes, VEC_ZERO);
}

gboolean qh_block_is_zero(const void *data, uint64_t bytes)
{
    const char *at = data;

    return bytes == 0 || (at[0] == 0 && memcmp(at, at + 1, bytes - 1) == 0);
}
