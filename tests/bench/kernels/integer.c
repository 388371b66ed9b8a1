/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Straight integer work: what a translator does best. */
#include "kernel.h"

#include <string.h>

static uint64_t run_int(double scale)
{
    uint64_t a = 1, b = 0x9e3779b97f4a7c15, n = kernel_times(scale, 120000000);
    for (uint64_t i = 0; i < n; i++) {
        a += b << 3;
        b ^= a >> 5;
        a -= b;
    }
    return a ^ b;
}

static uint64_t run_mul(double scale)
{
    uint64_t a = 0x9e3779b97f4a7c15, high = 0, n = kernel_times(scale, 80000000);
    for (uint64_t i = 0; i < n; i++) {
        unsigned __int128 product = (unsigned __int128)a * (i | 1);
        high += (uint64_t)(product >> 64);
        a = (uint64_t)product + 0x2545f4914f6cdd1d;
    }
    return a ^ high;
}

static uint64_t run_div(double scale)
{
    uint64_t sum = 0, n = kernel_times(scale, 20000000), dividend = 0xfedcba9876543210;
    for (uint64_t i = 1; i <= n; i++) {
        uint64_t divisor = (i & 0xffff) + 3;
        sum += dividend / divisor + (uint32_t)i % (uint32_t)(divisor + 4);
        dividend += sum | 1;
    }
    return sum;
}

/* Branches that no history predicts well, and some that it does. */
static uint64_t run_branch(double scale)
{
    uint64_t state = 88172645463325252, odd = 0, big = 0, both = 0;
    uint64_t n = kernel_times(scale, 24000000);
    for (uint64_t i = 0; i < n; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if (state & 1) {
            odd += i;
            if (state & 0x80) {
                both ^= i;
            }
        } else if (state > UINT64_MAX / 16) {
            big++;
        }
        if ((i & 7) == 3) {
            both += 3;
        }
    }
    return odd ^ (big << 40) ^ both;
}

static uint8_t *sieve_map;
enum { SIEVE_SIZE = 2000000 };

static void prepare_sieve(double scale)
{
    (void)scale;
    sieve_map = kernel_memory(SIEVE_SIZE);
}

static uint64_t run_sieve(double scale)
{
    uint64_t primes = 0, size = scale < 1 ? kernel_times(scale, SIEVE_SIZE) : SIEVE_SIZE;
    for (uint64_t round = kernel_times(scale, 30); round > 0; round--) {
        memset(sieve_map, 1, size);
        for (uint64_t i = 2; i < size; i++) {
            if (!sieve_map[i]) {
                continue;
            }
            primes++;
            for (uint64_t j = i * i; j < size; j += i) {
                sieve_map[j] = 0;
            }
        }
    }
    return primes;
}

static uint32_t *sort_keys;
enum { SORT_KEYS = 1000000 };

static void prepare_sort(double scale)
{
    uint64_t state = 42;
    (void)scale;
    sort_keys = kernel_memory(SORT_KEYS * sizeof *sort_keys);
    for (int i = 0; i < SORT_KEYS; i++) {
        sort_keys[i] = (uint32_t)kernel_random(&state);
    }
}

/* Quicksort with Hoare's partition; the larger part is left to the loop. */
static void sort(uint32_t *keys, int64_t n)
{
    while (n > 12) {
        uint32_t pivot = keys[n / 2];
        int64_t low = -1, high = n;
        for (;;) {
            while (keys[++low] < pivot) {
            }
            while (keys[--high] > pivot) {
            }
            if (low >= high) {
                break;
            }
            uint32_t swap = keys[low];
            keys[low] = keys[high];
            keys[high] = swap;
        }
        if (high + 1 < n - high - 1) {
            sort(keys, high + 1);
            keys += high + 1;
            n -= high + 1;
        } else {
            sort(keys + high + 1, n - high - 1);
            n = high + 1;
        }
    }
    for (int64_t i = 1; i < n; i++) {
        uint32_t key = keys[i];
        int64_t j = i;
        for (; j > 0 && keys[j - 1] > key; j--) {
            keys[j] = keys[j - 1];
        }
        keys[j] = key;
    }
}

static uint64_t run_sort(double scale)
{
    uint64_t sum = 0, n = kernel_times(scale, SORT_KEYS), round = scale > 1 ? (uint64_t)scale : 1;
    n = n < SORT_KEYS ? n : SORT_KEYS;
    for (uint64_t state = 7; round > 0; round--) {
        sort(sort_keys, (int64_t)n);
        for (uint64_t i = 0; i < n; i++) {
            sum += sort_keys[i] * i;
        }
        for (uint64_t i = 0; round > 1 && i < n; i++) {
            sort_keys[i] = (uint32_t)kernel_random(&state);
        }
    }
    return sum;
}

const Kernel kernels_integer[] = {
    {.name = "int",      .run = run_int},
    {.name = "mul",                  .run = run_mul},
    {.name = "div",.run = run_div},
    {.name = "branch",      .run = run_branch},
    {.name = "sieve",                  .prepare = prepare_sieve, .run = run_sieve},
    {.name = "sort",.prepare = prepare_sort, .run = run_sort},
    {.name = 0   },
};
