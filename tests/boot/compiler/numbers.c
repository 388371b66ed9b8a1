/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parts.h"

#include <complex.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* What a compiler makes of each of these is different at -O0 and at -O2. */
void show_integers(uint64_t seed)
{
    uint64_t state = seed, sum = 0;
    unsigned __int128 wide = 1;
    struct {
        unsigned a : 3, b : 11;
        int c : 18;
    } fields = {0};

    for (unsigned i = 0; i < 20000; i++) {
        uint64_t x = next(&state), y = next(&state) >> (x & 63);
        int64_t s = (int64_t)x;
        fields.a += (unsigned)x;
        fields.b ^= (unsigned)y;
        fields.c = (int)(s >> 40);
        wide = wide * x + y;
        sum += x / (y | 1) + x % (y | 1) + (uint64_t)(s / 10) + (uint64_t)(s % 1000);
        sum ^= (uint64_t)__builtin_popcountll(x) << 3 | (uint64_t)__builtin_clzll(x | 1);
        sum = sum << 7 | sum >> 57;
        sum += __builtin_bswap64(y) ^ (uint64_t)(int32_t)x ^ (uint16_t)y ^ (uint64_t)(int8_t)x;
        sum += fields.a + fields.b + (uint64_t)(int64_t)fields.c;
        sum += (uint64_t)(wide >> 64) % 1000007;
    }
    printf("integers %016" PRIx64 " %016" PRIx64 "\n", sum, (uint64_t)(wide >> 64));
}

/* Solve a system by elimination; what is left over is small. */
void show_matrices(unsigned n)
{
    double *a = calloc((size_t)n * (n + 1), sizeof(double)), *x = calloc(n, sizeof(double));
    double trace = 0, total = 0;
    uint64_t state = 42;

    for (unsigned i = 0; i < n * (n + 1); i++) {
        a[i] = (double)(int64_t)(next(&state) % 2001) - 1000 + (i % (n + 2) == 0 ? 9000 : 0);
    }
    for (unsigned k = 0; k < n; k++) {
        for (unsigned i = k + 1; i < n; i++) {
            double f = a[i * (n + 1) + k] / a[k * (n + 1) + k];
            for (unsigned j = k; j <= n; j++) {
                a[i * (n + 1) + j] -= f * a[k * (n + 1) + j];
            }
        }
        trace += log2(fabs(a[k * (n + 1) + k]));
    }
    for (unsigned k = n; k-- > 0;) {
        x[k] = a[k * (n + 1) + n];
        for (unsigned j = k + 1; j < n; j++) {
            x[k] -= a[k * (n + 1) + j] * x[j];
        }
        x[k] /= a[k * (n + 1) + k];
        total += x[k] * (k & 1 ? 1 : -1);
    }
    printf("matrix %u: %.10g %.10g %.10g\n", n, trace, total, x[n / 2]);
    free(a);
    free(x);
}

void show_series(void)
{
    double complex z = 0.1 + 0.2 * I;
    float slow = 0;
    long double wide = 0;

    for (unsigned i = 1; i <= 1000; i++) {
        z = z / 2 + cexp(-z) / (double)i;
        slow += 1.0f / (float)i;
        wide += 1.0L / ((long double)i * (long double)i);
    }
    printf("series %.9g %.9g %.9g %.12Lg\n", creal(z), cimag(z), (double)slow, wide);
    printf("edges %g %g %g %d %d\n", 1 / (double)-INFINITY, fmax(NAN, 3), nextafter(0, 1),
           ilogb(1e300), (int)fpclassify(1e-310));
    printf("limits %ld %ld %lu\n", lrint(2.5), lround(-2.5), (unsigned long)fma(1e9, 1e9, 7));
}
