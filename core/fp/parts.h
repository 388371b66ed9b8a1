/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A number taken apart, and put together again: every operation is unpack, exact (or sticky)
 * integer arithmetic on 128-bit significands, round.
 *
 * The significand of a finite number has its leading one at bit QH_FP_TOP, so that a sum has room
 * for its carry and the widest format, binary128 with 113 bits, keeps 14 bits below its last place.
 * A result that is not exact has the lowest bit set (sticky): with two or more bits below the last
 * place that gives the same rounding as the exact value.
 */
#ifndef QH_CORE_FP_PARTS_H
#define QH_CORE_FP_PARTS_H

#include "abi/fp.h"
#include "abi/target.h"

typedef unsigned __int128 QhWide;

#define QH_FP_TOP 126

/* What a number is. */
#define QH_FP_ZERO      0u
#define QH_FP_FINITE    1u
#define QH_FP_INFINITE  2u
#define QH_FP_QUIET     3u
#define QH_FP_SIGNALING 4u

typedef struct QhFpParts {
    uint32_t kind;
    uint32_t sign;      /* 0, 1 */
    int32_t exponent;   /* value = significand * 2^(exponent - QH_FP_TOP) */
    QhWide significand; /* of a NaN: the fraction, the quiet bit at QH_FP_TOP - 1 */
} QhFpParts;

typedef struct QhFpFormat {
    int32_t precision; /* bits of the significand with the implied one */
    int32_t bias;
    int32_t exponent_ones; /* the exponent field of infinities and NaNs */
} QhFpFormat;

/* The format QH_FP_F16 ...; a number that is no format gives binary64. */
const QhFpFormat *qh_fp_format(uint32_t format);

/* Take @bits apart; @status says whether a subnormal counts as zero, and learns that one did. */
QhFpParts qh_fp_unpack(const QhFpFormat *format, QhFpBits bits, QhFpStatus *status);

/*
 * Round and pack @parts of any kind; flags go to @status. A NaN is packed as it is, made quiet.
 * The significand of a finite number must be normalised.
 */
QhFpBits qh_fp_pack(const QhFpFormat *format, QhFpParts parts, QhFpStatus *status);

/* The result of an invalid operation; raises the flag. */
QhFpParts qh_fp_invalid(QhFpStatus *status);
/* The result of an operation on @n operands of which at least one is a NaN (QhFpStatus.nan_rule).
 */
QhFpParts qh_fp_pick_nan(const QhFpParts *operands, uint32_t n, QhFpStatus *status);

/* @value / 2^@shift rounded to an integer; *@ret_inexact is set to whether that lost something. */
QhWide qh_fp_round_shift(
    QhWide value, uint32_t shift, uint32_t sign, uint32_t rounding, gboolean *ret_inexact);

static inline gboolean qh_fp_is_nan(QhFpParts parts)
{
    return parts.kind >= QH_FP_QUIET;
}

static inline QhFpParts qh_fp_zero(uint32_t sign)
{
    return (QhFpParts){.kind = QH_FP_ZERO, .sign = sign};
}

static inline QhFpParts qh_fp_infinite(uint32_t sign)
{
    return (QhFpParts){.kind = QH_FP_INFINITE, .sign = sign};
}

static inline uint32_t qh_fp_leading_zeros(QhWide value)
{
    uint64_t high = (uint64_t)(value >> 64);

    if (high != 0) {
        return (uint32_t)__builtin_clzll(high);
    }
    return (uint64_t)value != 0 ? 64u + (uint32_t)__builtin_clzll((uint64_t)value) : 128u;
}

/* @value / 2^@shift, what is lost kept in the sticky bit. */
static inline QhWide qh_fp_shift_sticky(QhWide value, uint32_t shift)
{
    if (shift == 0) {
        return value;
    }
    if (shift >= 128) {
        return value != 0;
    }
    return (value >> shift) | ((value << (128 - shift)) != 0);
}

/* A finite number with any nonzero significand: its leading one is moved to QH_FP_TOP. */
static inline QhFpParts qh_fp_normalise(uint32_t sign, int32_t exponent, QhWide significand)
{
    int32_t zeros = (int32_t)qh_fp_leading_zeros(significand) - (127 - QH_FP_TOP);

    significand =
        zeros < 0 ? qh_fp_shift_sticky(significand, (uint32_t)-zeros) : significand << zeros;
    return (QhFpParts){QH_FP_FINITE, sign, exponent - zeros, significand};
}

/* The operations, one per entry of QhFpService; the contracts are there. */
QhFpBits qh_fp_op2(uint32_t format, uint32_t op, QhFpBits a, QhFpBits b, QhFpStatus *status);
QhFpBits qh_fp_sqrt(uint32_t format, QhFpBits a, QhFpStatus *status);
QhFpBits
qh_fp_fma(uint32_t format, uint32_t negate, QhFpBits a, QhFpBits b, QhFpBits c, QhFpStatus *status);
uint32_t
qh_fp_compare(uint32_t format, QhFpBits a, QhFpBits b, gboolean signaling, QhFpStatus *status);
QhFpBits qh_fp_convert(uint32_t from, uint32_t to, QhFpBits a, QhFpStatus *status);
QhFpBits
qh_fp_round_to_int(uint32_t format, QhFpBits a, gboolean raise_inexact, QhFpStatus *status);
QhFpBits qh_fp_from_int(uint32_t format, uint64_t value, gboolean is_signed, QhFpStatus *status);
uint64_t qh_fp_to_int(uint32_t format,
                      QhFpBits a,
                      uint32_t bits,
                      gboolean is_signed,
                      uint32_t rule,
                      QhFpStatus *status);

/* Parts of op2. */
QhFpParts qh_fp_add(QhFpParts a, QhFpParts b, QhFpStatus *status);
QhFpParts qh_fp_mul(QhFpParts a, QhFpParts b, QhFpStatus *status);
QhFpParts qh_fp_div(QhFpParts a, QhFpParts b, QhFpStatus *status);
QhFpParts qh_fp_rem(QhFpParts a, QhFpParts b, QhFpStatus *status);
/* The smaller or the larger one by @op; the result is one of the operands, or a NaN. */
QhFpParts qh_fp_min_max(uint32_t op, QhFpParts a, QhFpParts b, QhFpStatus *status);
/* QH_FP_LESS ...; neither is a NaN. */
uint32_t qh_fp_order(QhFpParts a, QhFpParts b);

#endif
