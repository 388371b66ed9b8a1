/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From one format to another, to integral values, from and to integers. */
#include "core/fp/parts.h"

QhFpBits qh_fp_convert(uint32_t from, uint32_t to, QhFpBits bits, QhFpStatus *status)
{
    QhFpParts a = qh_fp_unpack(qh_fp_format(from), bits, status);

    if (qh_fp_is_nan(a)) {
        a = qh_fp_pick_nan(&a, 1, status);
    }
    return qh_fp_pack(qh_fp_format(to), a, status);
}

/* The magnitude of a finite number below 2^QH_FP_TOP, rounded to an integer. */
static QhWide integral_magnitude(QhFpParts a, uint32_t rounding, gboolean *ret_inexact)
{
    return qh_fp_round_shift(a.significand, (uint32_t)(QH_FP_TOP - a.exponent), a.sign, rounding,
                             ret_inexact);
}

QhFpBits
qh_fp_round_to_int(uint32_t format, QhFpBits bits, gboolean raise_inexact, QhFpStatus *status)
{
    const QhFpFormat *f = qh_fp_format(format);
    QhFpParts a = qh_fp_unpack(f, bits, status);
    gboolean inexact = FALSE;

    if (qh_fp_is_nan(a)) {
        a = qh_fp_pick_nan(&a, 1, status);
    } else if (a.kind == QH_FP_FINITE && a.exponent < f->precision - 1) {
        QhWide integer = integral_magnitude(a, status->rounding, &inexact);
        a = integer == 0 ? qh_fp_zero(a.sign) : qh_fp_normalise(a.sign, QH_FP_TOP, integer);
    }
    if (inexact && raise_inexact) {
        status->flags |= QH_FP_INEXACT;
    }
    return qh_fp_pack(f, a, status);
}

QhFpBits qh_fp_from_int(uint32_t format, uint64_t value, gboolean is_signed, QhFpStatus *status)
{
    uint32_t sign = is_signed && (int64_t)value < 0;
    uint64_t magnitude = sign ? -value : value;
    QhFpParts a = magnitude == 0 ? qh_fp_zero(0) : qh_fp_normalise(sign, QH_FP_TOP, magnitude);

    return qh_fp_pack(qh_fp_format(format), a, status);
}

/* What a NaN (@nan) or a number out of range gives. */
static uint64_t
out_of_range(uint32_t bits, gboolean is_signed, uint32_t rule, gboolean nan, uint32_t sign)
{
    uint64_t top = (uint64_t)1 << (bits - 1);
    uint64_t all = top | (top - 1);
    uint64_t largest = is_signed ? top - 1 : all;
    uint64_t smallest = is_signed ? top : 0;

    if (rule == QH_FTO_INDEFINITE) {
        return top;
    }
    if (nan) {
        return rule == QH_FTO_ZERO_NAN ? 0 : largest;
    }
    return sign ? smallest : largest;
}

/* The largest magnitude that an integer of that kind and @sign has. */
static QhWide largest_magnitude(uint32_t bits, gboolean is_signed, uint32_t sign)
{
    QhWide top = (QhWide)1 << (bits - 1);

    if (is_signed) {
        return sign ? top : top - 1;
    }
    return sign ? 0 : (top | (top - 1));
}

uint64_t qh_fp_to_int(uint32_t format,
                      QhFpBits number,
                      uint32_t bits,
                      gboolean is_signed,
                      uint32_t rule,
                      QhFpStatus *status)
{
    QhFpParts a = qh_fp_unpack(qh_fp_format(format), number, status);
    gboolean fits = a.kind == QH_FP_ZERO || (a.kind == QH_FP_FINITE && a.exponent < 64);
    gboolean inexact = FALSE;
    QhWide magnitude = 0;

    bits = bits == 16 || bits == 32 ? bits : 64;
    if (fits && a.kind == QH_FP_FINITE) {
        magnitude = integral_magnitude(a, status->rounding, &inexact);
        fits = magnitude <= largest_magnitude(bits, is_signed, a.sign);
    }
    if (!fits) {
        status->flags |= QH_FP_INVALID;
        return out_of_range(bits, is_signed, rule, qh_fp_is_nan(a), a.sign);
    }
    status->flags |= inexact ? QH_FP_INEXACT : 0;
    uint64_t result = a.sign ? -(uint64_t)magnitude : (uint64_t)magnitude;
    return bits == 64 ? result : result & (((uint64_t)1 << bits) - 1);
}
