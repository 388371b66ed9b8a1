/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench's screens and input: what a device did with them, and its methods for the test. */
#ifndef VIRTIO_TESTS_BENCH_SCREEN_H
#define VIRTIO_TESTS_BENCH_SCREEN_H

#include "abi/input.h"

#define BENCH_HEADS 16u
#define BENCH_SIDE  256u /* pixels kept of a screen */

typedef struct BenchHead {
    const QhDisplayOps *ops; /* NULL: there is no such head */
    void *opaque;
    uint32_t width, height, n_draws, n_resizes;
    uint32_t pixels[BENCH_SIDE * BENCH_SIDE]; /* as drawn, by rows of BENCH_SIDE words */
    uint32_t cursor[64 * 64];
    uint32_t cursor_width, hot_x, hot_y;
    int32_t x, y;
    gboolean visible;
} BenchHead;

typedef struct BenchScreen {
    BenchHead heads[BENCH_HEADS];
    gboolean refuse_resize;
    const QhInputOps *input;
    void *input_opaque;
    const char *bound;
    uint32_t bound_head, leds;
    gboolean active;
} BenchScreen;

extern const QhDisplayService bench_display_service;
extern const QhInputService bench_input_service;

/* Of the bench that there is; cleared by bench_screen_clear. */
BenchScreen *bench_screen(void);
void bench_screen_clear(void);

#endif
