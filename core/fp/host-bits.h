/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the bits of a number and the host's own types. */
#ifndef QH_CORE_FP_HOST_BITS_H
#define QH_CORE_FP_HOST_BITS_H

#include <stdint.h>
#include <string.h>

static inline float qh_f32_of_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint32_t qh_f32_to_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static inline double qh_f64_of_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static inline uint64_t qh_f64_to_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

#endif
