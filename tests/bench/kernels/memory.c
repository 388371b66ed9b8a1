/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores: dense, in sequence, and a chain where each load waits for the last. */
#include "kernel.h"

#include <string.h>

enum { DENSE = 1024, SEQUENCE = 1 << 20, LINE = 64, COPY = 16 << 20, APART = 37 * 4096 };

static uint64_t dense_a[DENSE], dense_b[DENSE], dense_c[DENSE];
static uint64_t *sequence;

static uint64_t run_ldst(double scale)
{
    for (uint64_t i = 0; i < DENSE; i++) {
        dense_a[i] = i * 3;
        dense_b[i] = ~i;
    }
    for (uint64_t round = kernel_times(scale, 300000); round > 0; round--) {
        for (uint64_t i = 0; i < DENSE; i++) {
            dense_c[i] = dense_a[i] + dense_b[i];
            dense_a[i] = dense_b[i] ^ round;
        }
        dense_b[round % DENSE] += dense_c[(round * 7) % DENSE];
    }
    uint64_t sum = 0;
    for (uint64_t i = 0; i < DENSE; i++) {
        sum = sum * 31 + dense_a[i] + dense_b[i] + dense_c[i];
    }
    return sum;
}

static void prepare_memseq(double scale)
{
    (void)scale;
    sequence = kernel_memory(SEQUENCE * sizeof *sequence);
    for (uint64_t i = 0; i < SEQUENCE; i++) {
        sequence[i] = i;
    }
}

static uint64_t run_memseq(double scale)
{
    uint64_t sum = 0, n = SEQUENCE, rounds = kernel_times(scale, 160);
    n = scale < 1 ? kernel_times(scale, SEQUENCE) : n;
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint64_t i = 0; i < n; i++) {
            sum += sequence[i];
        }
        for (uint64_t i = 0; i < n; i++) {
            sequence[i] = i + round;
        }
    }
    return sum;
}

/* One cycle through all lines of a block in random order (Sattolo's shuffle). */
static uint64_t *chase_start;

static void prepare_chase(uint64_t size)
{
    uint64_t lines = size / LINE, words = LINE / sizeof(uint64_t), state = 4711;
    uint64_t *block = kernel_memory(size);
    uint32_t *order = kernel_memory(lines * sizeof *order);
    for (uint64_t i = 0; i < lines; i++) {
        order[i] = (uint32_t)i;
    }
    for (uint64_t i = lines - 1; i > 0; i--) {
        uint64_t j = kernel_random(&state) % i;
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (uint64_t i = 0; i < lines; i++) {
        block[order[i] * words] = (uint64_t)(uintptr_t)&block[order[(i + 1) % lines] * words];
        block[order[i] * words + 1] = i;
    }
    chase_start = block;
}

static uint64_t chase(uint64_t steps)
{
    const uint64_t *at = chase_start;
    for (uint64_t i = 0; i < steps; i++) {
        at = (const uint64_t *)(uintptr_t)at[0];
    }
    return at[1];
}

static void prepare_chase16k(double scale)
{
    (void)scale;
    prepare_chase(16 << 10);
}

static void prepare_chase512k(double scale)
{
    (void)scale;
    prepare_chase(512 << 10);
}

static void prepare_chase32m(double scale)
{
    (void)scale;
    prepare_chase(32 << 20);
}

static uint64_t run_chase_near(double scale)
{
    return chase(kernel_times(scale, 100000000));
}

static uint64_t run_chase512k(double scale)
{
    return chase(kernel_times(scale, 20000000));
}

static uint64_t run_chase32m(double scale)
{
    return chase(kernel_times(scale, 2000000));
}

static uint8_t *copy_from, *copy_to;

static void prepare_memcpy(double scale)
{
    (void)scale;
    /* not a power of two apart, which would put both into the same sets of caches and TLBs */
    copy_from = kernel_memory(2 * COPY + APART);
    copy_to = copy_from + COPY + APART;
    for (uint64_t i = 0; i < COPY; i++) {
        copy_from[i] = (uint8_t)(i * 7);
    }
}

/* The C library's memcpy and memset: blocks larger than a near cache, and small records. */
static uint64_t run_memcpy(double scale)
{
    uint64_t sum = 0;
    for (uint64_t round = kernel_times(scale, 75); round > 0; round--) {
        memcpy(copy_to, copy_from, COPY);
        sum += copy_to[round * 4099 % COPY];
        memset(copy_to, (int)round & 0xff, COPY / 4);
        for (uint64_t i = 0; i < 200; i++) {
            memcpy(copy_to + i * 256, copy_from + i * 128, 32 + i * 8 % 200);
        }
        sum += copy_to[round * 31 % (COPY / 4)];
    }
    return sum;
}

const Kernel kernels_memory[] = {
    {.name = "ldst",                .run = run_ldst},
    {.name = "memseq",                             .prepare = prepare_memseq, .run = run_memseq},
    {.name = "chase16k",.prepare = prepare_chase16k, .run = run_chase_near},
    {.name = "chase512k",                             .prepare = prepare_chase512k, .run = run_chase512k},
    {.name = "chase32m",                           .prepare = prepare_chase32m, .run = run_chase32m},
    {.name = "memcpy",                             .prepare = prepare_memcpy, .run = run_memcpy},
    {.name = 0},
};
