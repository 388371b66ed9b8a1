/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target without libFuzzer: each seed as it is, then a fixed number of mutated ones.
 * The mutations depend on nothing but the number of the run, so a failure can be repeated:
 *     driver RUNS SEED-DIRECTORY [FIRST-RUN]
 * With clang -fsanitize=fuzzer the same targets link to libFuzzer instead.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

typedef struct Seed {
    char *data;
    gsize bytes;
} Seed;

/* A small generator of our own, so that a run is the same with every libc (xorshift64*). */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GArray *read_seeds(const char *directory)
{
    GArray *seeds = g_array_new(FALSE, FALSE, sizeof(Seed));
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_ptr_array_add(names, g_build_filename(directory, name, NULL));
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        Seed seed;
        if (g_file_get_contents(names->pdata[i], &seed.data, &seed.bytes, NULL)) {
            g_array_append_val(seeds, seed);
        }
    }
    return seeds;
}

/* One mutation of @buffer; returns the new length. */
static size_t mutate(uint8_t *buffer, size_t bytes, const GArray *seeds, uint64_t *random)
{
    size_t at = bytes > 0 ? next_random(random) % bytes : 0;
    size_t n = 1 + next_random(random) % 16;

    switch (next_random(random) % 6) {
    case 0: /* flip a bit */
        buffer[at] ^= bytes > 0 ? 1u << next_random(random) % 8 : 0;
        return bytes;
    case 1: /* another byte */
        buffer[at] = bytes > 0 ? (uint8_t)next_random(random) : buffer[at];
        return bytes;
    case 2: /* take out */
        n = MIN(n, bytes - at);
        memmove(buffer + at, buffer + at + n, bytes - at - n);
        return bytes - n;
    case 3: /* repeat a piece */
        n = MIN(n, MIN(bytes - at, MAX_BYTES - bytes));
        memmove(buffer + at + n, buffer + at, bytes - at);
        return bytes + n;
    case 4: /* cut off */
        return at;
    default: { /* go on with a piece of another seed */
        const Seed *seed = &g_array_index(seeds, Seed, next_random(random) % seeds->len);
        size_t from = seed->bytes > 0 ? next_random(random) % seed->bytes : 0;
        n = MIN(seed->bytes - from, MAX_BYTES - at);
        memcpy(buffer + at, seed->data + from, n);
        return at + n;
    }
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s RUNS SEED-DIRECTORY [FIRST-RUN]\n", argv[0]);
        return 2;
    }
    uint64_t runs = g_ascii_strtoull(argv[1], NULL, 10);
    uint64_t first = argc > 3 ? g_ascii_strtoull(argv[3], NULL, 10) : 1;
    GArray *seeds = read_seeds(argv[2]);
    uint8_t *buffer = g_malloc(MAX_BYTES);

    if (seeds->len == 0) {
        fprintf(stderr, "%s: no seeds in %s\n", argv[0], argv[2]);
        return 1;
    }
    for (guint i = 0; i < seeds->len; i++) {
        const Seed *seed = &g_array_index(seeds, Seed, i);
        LLVMFuzzerTestOneInput((const uint8_t *)seed->data, seed->bytes);
    }
    for (uint64_t run = first; run < first + runs; run++) {
        uint64_t random = run * 0x9E3779B97F4A7C15u;
        const Seed *seed = &g_array_index(seeds, Seed, next_random(&random) % seeds->len);
        size_t bytes = MIN(seed->bytes, MAX_BYTES);
        memcpy(buffer, seed->data, bytes);
        for (uint64_t k = 1 + next_random(&random) % 8; k > 0; k--) {
            bytes = mutate(buffer, bytes, seeds, &random);
        }
        /* A copy of exact size, so that a sanitizer sees a read past the end. */
        uint8_t *exact = g_memdup2(buffer, bytes);
        LLVMFuzzerTestOneInput(exact, bytes);
        g_free(exact);
    }
    printf("%" G_GUINT64_FORMAT " runs, %u seeds\n", runs, seeds->len);
    for (guint i = 0; i < seeds->len; i++) {
        g_free(g_array_index(seeds, Seed, i).data);
    }
    g_array_free(seeds, TRUE);
    g_free(buffer);
    return 0;
}
