/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The benchmark kernels: the same C source runs natively and in every guest.
 *
 * A kernel's work is fixed by its scale alone, so its checksum is the same everywhere; only run()
 * is timed.
 */
#pragma once

#include <stdint.h>

typedef struct {
    const char *name;
    void (*prepare)(double scale); /* untimed; NULL: nothing to prepare */
    uint64_t (*run)(double scale); /* the timed work; returns the checksum */
} Kernel;

/* Each ends with a row without a name. */
extern const Kernel kernels_calls[], kernels_float[], kernels_integer[], kernels_memory[],
    kernels_mix[], kernels_system[], kernels_text[];

/* @base scaled, at least 1. */
uint64_t kernel_times(double scale, uint64_t base);
/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
uint64_t kernel_random(uint64_t *state);
/* Zeroed memory for the life of the process; ends it when there is none. */
void *kernel_memory(uint64_t size);
