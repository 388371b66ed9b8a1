/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's string functions, and a hash table of strings. */
#include "kernel.h"

#include <string.h>

enum { STRINGS = 256, LONGEST = 256, BUCKETS = 4096, KEYS = 20000 };

static char strings[STRINGS][LONGEST], copies[STRINGS][LONGEST];

static void prepare_str(double scale)
{
    uint64_t state = 5;
    (void)scale;
    for (int i = 0; i < STRINGS; i++) {
        int length = 8 + (int)(kernel_random(&state) % (LONGEST - 16));
        for (int j = 0; j < length; j++) {
            strings[i][j] = (char)('a' + kernel_random(&state) % 25);
        }
        memcpy(copies[i], strings[i], LONGEST);
        if (i % 3 == 0) {
            copies[i][length - 1] = 'z';
        }
    }
}

/* The calls have to reach the library. */
static size_t (*volatile length_of)(const char *s) = strlen;
static int (*volatile compare)(const char *a, const char *b) = strcmp;
static char *(*volatile copy)(char *to, const char *from) = strcpy;

static uint64_t run_str(double scale)
{
    uint64_t sum = 0;
    char buffer[LONGEST];
    for (uint64_t round = kernel_times(scale, 12000); round > 0; round--) {
        for (int i = 0; i < STRINGS; i++) {
            sum += length_of(strings[i]);
            sum += compare(strings[i], copies[i]) < 0;
            sum += strchr(strings[i], 'z') != NULL;
            if ((i & 7) == (int)(round & 7)) {
                copy(buffer, strings[i]);
                sum += (uint64_t)buffer[round & 7];
                sum += memchr(buffer, 'q', LONGEST) != NULL;
            }
        }
    }
    return sum;
}

typedef struct Entry Entry;
struct Entry {
    Entry *next;
    uint64_t key, value;
};

static Entry *buckets[BUCKETS], *entries;

static void prepare_hash(double scale)
{
    (void)scale;
    entries = kernel_memory(KEYS * sizeof *entries);
}

/* Fowler, Noll, Vo (FNV-1a) over the eight bytes of a key. */
static uint64_t hash(uint64_t key)
{
    uint64_t h = 0xcbf29ce484222325;
    for (int i = 0; i < 8; i++) {
        h = (h ^ (key >> (8 * i) & 0xff)) * 0x100000001b3;
    }
    return h;
}

static uint64_t run_hash(double scale)
{
    uint64_t used = 0, state = 3, sum = 0;
    for (uint64_t n = kernel_times(scale, 3000000); n > 0; n--) {
        uint64_t key = kernel_random(&state) % KEYS;
        uint64_t bucket = hash(key) % BUCKETS;
        Entry *entry = buckets[bucket];
        while (entry && entry->key != key) {
            entry = entry->next;
        }
        if (!entry) {
            entry = &entries[used++];
            *entry = (Entry){.next = buckets[bucket], .key = key};
            buckets[bucket] = entry;
        }
        sum += entry->value++;
    }
    return sum + used;
}

const Kernel kernels_text[] = {
    {.name = "str",   .prepare = prepare_str, .run = run_str},
    {.name = "hash", .prepare = prepare_hash, .run = run_hash},
    {.name = 0 },
};
