/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Double precision; built without contraction, so every host and guest gets the same bits. */
#include "kernel.h"

#include <math.h>
#include <string.h>

enum { ORDER = 128, BODIES = 5 };

static double left[ORDER][ORDER], right[ORDER][ORDER], product[ORDER][ORDER];

static uint64_t bits(double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    return word;
}

static void prepare_matmul(double scale)
{
    uint64_t state = 1;
    (void)scale;
    for (int i = 0; i < ORDER; i++) {
        for (int j = 0; j < ORDER; j++) {
            left[i][j] = (double)(kernel_random(&state) >> 11) * 0x1p-53;
            right[i][j] = (double)(kernel_random(&state) >> 11) * 0x1p-53 - 0.5;
        }
    }
}

static uint64_t run_matmul(double scale)
{
    uint64_t rounds = kernel_times(scale, 60);
    for (uint64_t round = 0; round < rounds; round++) {
        for (int i = 0; i < ORDER; i++) {
            for (int j = 0; j < ORDER; j++) {
                double sum = 0;
                for (int k = 0; k < ORDER; k++) {
                    sum += left[i][k] * right[k][j];
                }
                product[i][j] = sum;
            }
        }
        left[round % ORDER][0] += product[0][round % ORDER] * 0x1p-10;
    }
    double sum = 0;
    for (int i = 0; i < ORDER; i++) {
        sum += product[i][i];
    }
    return bits(sum);
}

typedef struct {
    double x[3], v[3], mass;
} Body;

static Body bodies[BODIES];

static void prepare_nbody(double scale)
{
    uint64_t state = 99;
    (void)scale;
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].x[k] = (double)(kernel_random(&state) >> 11) * 0x1p-48;
            bodies[i].v[k] = (double)(kernel_random(&state) >> 11) * 0x1p-53 - 0.5;
        }
        bodies[i].mass = 1 + i;
    }
}

/* Velocities from the pull of each pair, then positions: one leap-frog step. */
static void step(double dt)
{
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            double d[3], square = 0.01;
            for (int k = 0; k < 3; k++) {
                d[k] = bodies[i].x[k] - bodies[j].x[k];
                square += d[k] * d[k];
            }
            double pull = dt / (square * sqrt(square));
            for (int k = 0; k < 3; k++) {
                bodies[i].v[k] -= d[k] * bodies[j].mass * pull;
                bodies[j].v[k] += d[k] * bodies[i].mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].x[k] += dt * bodies[i].v[k];
        }
    }
}

static uint64_t run_nbody(double scale)
{
    for (uint64_t n = kernel_times(scale, 1200000); n > 0; n--) {
        step(0.001);
    }
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) {
        sum = sum * 31 + bits(bodies[i].x[0]) + bits(bodies[i].v[2]);
    }
    return sum;
}

const Kernel kernels_float[] = {
    {.name = "matmul",   .prepare = prepare_matmul, .run = run_matmul},
    {.name = "nbody", .prepare = prepare_nbody, .run = run_nbody},
    {.name = 0   },
};
