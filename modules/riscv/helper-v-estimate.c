/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfrec7.v and vfrsqrt7.v: estimates to 7 bits (Unpriv. V, 31.13.9 and 31.13.10). An estimate is
 * the number of 7 fraction bits with the least relative error in the interval that the first 7 bits
 * of the operand name; for the reciprocal that is the one nearest to 1 / the interval's middle.
 */
#include "modules/riscv/vector.h"

/* By the lowest bit of the exponent and the first 6 bits of the fraction. */
static const uint8_t root_estimates[128] = {
    52,  51,  50,  48,  47,  46, 44, 43,  42,  41,  40,  39,  38,  36,  35,  34,  33,  32,  31,
    30,  30,  29,  28,  27,  26, 25, 24,  23,  23,  22,  21,  20,  19,  19,  18,  17,  16,  16,
    15,  14,  14,  13,  12,  12, 11, 10,  10,  9,   9,   8,   7,   7,   6,   6,   5,   4,   4,
    3,   3,   2,   2,   1,   1,  0,  127, 125, 123, 121, 119, 118, 116, 114, 113, 111, 109, 108,
    106, 105, 103, 102, 100, 99, 97, 96,  95,  93,  92,  91,  90,  88,  87,  86,  85,  84,  83,
    82,  80,  79,  78,  77,  76, 75, 74,  73,  72,  71,  70,  70,  69,  68,  67,  66,  65,  64,
    63,  63,  62,  61,  60,  59, 59, 58,  57,  56,  56,  55,  54,  53,
};

typedef struct Format {
    uint32_t fraction; /* bits */
    uint64_t ones;     /* the largest exponent */
    int64_t bias;
} Format;

static Format format_of(uint32_t width)
{
    static const Format formats[] = {
        {10, 0x1f,  15  },
        {23, 0xff,  127 },
        {52, 0x7ff, 1023}
    };

    return formats[width - 1];
}

typedef struct Number {
    gboolean negative;
    int64_t exponent; /* biased; that of a subnormal as if it could be 0 and less */
    uint64_t fraction;
} Number;

static uint64_t sign_bit(const Format *f, gboolean negative)
{
    return negative ? (f->ones + 1) << f->fraction : 0;
}

static uint64_t infinite(const Format *f, gboolean negative)
{
    return sign_bit(f, negative) | f->ones << f->fraction;
}

static uint64_t default_nan(const Format *f)
{
    return f->ones << f->fraction | UINT64_C(1) << (f->fraction - 1);
}

static Number split(const Format *f, uint64_t bits)
{
    uint64_t mask = (UINT64_C(1) << f->fraction) - 1;
    Number x = {.negative = (bits & sign_bit(f, TRUE)) != 0,
                .exponent = (int64_t)(bits >> f->fraction & f->ones),
                .fraction = bits & mask};

    if (x.exponent == 0 && x.fraction != 0) {
        while (!(x.fraction >> (f->fraction - 1))) {
            x.exponent--;
            x.fraction <<= 1;
        }
        x.fraction = x.fraction << 1 & mask;
    }
    return x;
}

/* The results that need no estimate; TRUE: *@ret is it. */
static gboolean
special(const Format *f, uint64_t bits, gboolean root, uint32_t *flags, uint64_t *ret)
{
    uint64_t magnitude = bits & ~sign_bit(f, TRUE);
    gboolean negative = magnitude != bits;

    if (magnitude > infinite(f, FALSE)) {
        *flags |= magnitude >> (f->fraction - 1) & 1 ? 0 : QH_FP_INVALID;
        *ret = default_nan(f);
    } else if (magnitude == 0) {
        *flags |= QH_FP_DIVZERO;
        *ret = infinite(f, negative);
    } else if (root && negative) {
        *flags |= QH_FP_INVALID;
        *ret = default_nan(f);
    } else if (magnitude == infinite(f, FALSE)) {
        *ret = sign_bit(f, negative);
    } else {
        return FALSE;
    }
    return TRUE;
}

static uint64_t root_estimate(uint32_t width, uint64_t bits, QhFpStatus *status)
{
    Format f = format_of(width);
    uint64_t result;

    if (special(&f, bits, TRUE, &status->flags, &result)) {
        return result;
    }
    Number x = split(&f, bits);
    uint32_t index = ((uint32_t)x.exponent & 1) << 6 | (uint32_t)(x.fraction >> (f.fraction - 6));
    uint64_t exponent = (uint64_t)(3 * f.bias - 1 - x.exponent) / 2;
    return exponent << f.fraction | (uint64_t)root_estimates[index] << (f.fraction - 7);
}

/* The reciprocal is too large: infinity, or the largest number if the rounding says so. */
static uint64_t overflow(const Format *f, gboolean negative, QhFpStatus *status)
{
    gboolean inwards = status->rounding == QH_ROUND_ZERO ||
                       (status->rounding == QH_ROUND_DOWN && !negative) ||
                       (status->rounding == QH_ROUND_UP && negative);

    status->flags |= QH_FP_OVERFLOW | QH_FP_INEXACT;
    return infinite(f, negative) - (inwards ? 1 : 0);
}

static uint64_t reciprocal_estimate(uint32_t width, uint64_t bits, QhFpStatus *status)
{
    Format f = format_of(width);
    uint64_t result;

    if (special(&f, bits, FALSE, &status->flags, &result)) {
        return result;
    }
    Number x = split(&f, bits);
    int64_t exponent = 2 * f.bias - 1 - x.exponent;
    if (exponent >= (int64_t)f.ones) {
        return overflow(&f, x.negative, status);
    }
    uint32_t index = (uint32_t)(x.fraction >> (f.fraction - 7));
    uint64_t fraction = (uint64_t)((131072 / (2 * index + 257) + 1) / 2 - 128) << (f.fraction - 7);
    if (exponent < 1) { /* exact, so that there is no underflow */
        fraction = (fraction | UINT64_C(1) << f.fraction) >> (1 - exponent);
        exponent = 0;
    }
    return sign_bit(&f, x.negative) | (uint64_t)exponent << f.fraction | fraction;
}

#define ESTIMATE(name, function)                                                                   \
    static void name(RvVec *v, void *d, const void *a, const void *b, const void *c, uint32_t n)   \
    {                                                                                              \
        (void)b, (void)c;                                                                          \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            if (v->active == NULL || v->active[i]) {                                               \
                rv_v_set(d, i, v->sew, function(v->sew, rv_v_get(a, i, v->sew), &v->fp));          \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    RvVKernel *const rv_v_##name[4] = {NULL, name, name, name};
ESTIMATE(frsqrt7, root_estimate)
ESTIMATE(frec7, reciprocal_estimate)
