/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operands for the floating-point tests: random bits mixed with the places where rounding breaks.
 */
#ifndef QH_TESTS_UNIT_FP_VECTORS_H
#define QH_TESTS_UNIT_FP_VECTORS_H

#include "abi/fp.h"

/* A small generator of our own, so that a failure can be repeated from its seed. */
typedef struct FpRandom {
    uint64_t state;
} FpRandom;

static inline uint64_t fp_random(FpRandom *random)
{
    /* SplitMix64: a counter through a mixing function. */
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Bits of the fraction and of the exponent of QH_FP_F16 ... */
static const uint32_t fp_fraction_bits[] = {10, 23, 52, 112, 7};
static const uint32_t fp_exponent_bits[] = {5, 8, 11, 15, 8};

static inline unsigned __int128 fp_random_fraction(FpRandom *random, uint32_t bits)
{
    unsigned __int128 one = 1;
    unsigned __int128 wide = (unsigned __int128)fp_random(random) << 64 | fp_random(random);
    unsigned __int128 mask = (one << bits) - 1;

    switch (fp_random(random) % 8) {
    case 0:
        return fp_random(random) % 3;
    case 1:
        return mask - fp_random(random) % 3;
    case 2:
        return one << (fp_random(random) % bits);
    case 3: /* only the upper bits: exact sums, products and roots are made of these */
        return wide & mask & ~((one << (fp_random(random) % bits)) - 1);
    case 4:
        return (mask >> (fp_random(random) % bits)) & mask;
    default:
        return wide & mask;
    }
}

static inline uint32_t fp_random_exponent(FpRandom *random, uint32_t bits)
{
    uint32_t ones = (1u << bits) - 1;
    uint32_t random_bits = (uint32_t)fp_random(random);

    switch (fp_random(random) % 8) {
    case 0:
        return random_bits % 3;
    case 1:
        return ones - 1 - random_bits % 3;
    case 2:
    case 3:
        return ones / 2 + random_bits % 8 - 4;
    case 4: /* products and quotients near the end of the range */
        return (ones / 4 * (1 + random_bits % 3) + random_bits / 4 % 8) % ones;
    default:
        return random_bits % ones;
    }
}

/* An operand that is no NaN; about one in a hundred is infinite. */
static inline QhFpBits fp_random_operand(FpRandom *random, uint32_t format)
{
    uint32_t f = fp_fraction_bits[format];
    uint32_t e = fp_exponent_bits[format];
    unsigned __int128 all = fp_random_fraction(random, f);
    uint32_t exponent = fp_random_exponent(random, e);

    if (fp_random(random) % 100 == 0) {
        all = 0;
        exponent = (1u << e) - 1;
    }
    all |= (unsigned __int128)exponent << f;
    all |= (unsigned __int128)(fp_random(random) & 1) << (f + e);
    return (QhFpBits){(uint64_t)all, (uint64_t)(all >> 64)};
}

/* As above, but a quarter of the time near @other: cancellation, quotients near one. */
static inline QhFpBits fp_random_partner(FpRandom *random, uint32_t format, QhFpBits other)
{
    uint64_t choice = fp_random(random);
    uint32_t f = fp_fraction_bits[format];
    uint32_t e = fp_exponent_bits[format];
    unsigned __int128 all = (unsigned __int128)other.hi << 64 | other.lo;
    unsigned __int128 ones = (((unsigned __int128)1 << e) - 1) << f;

    if (choice % 4 != 0) {
        return fp_random_operand(random, format);
    }
    all += (choice >> 8) % 5;
    all ^= (unsigned __int128)((choice >> 16) & 1) << (f + e);
    if ((choice >> 17) & 1) {
        all += (unsigned __int128)((choice >> 18) % 4) << f;
    }
    if ((all & ones) == ones || (f + e < 127 && all >> (f + e + 1) != 0)) {
        return fp_random_operand(random, format);
    }
    return (QhFpBits){(uint64_t)all, (uint64_t)(all >> 64)};
}

#endif
