/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Square root and remainder, both a bit at a time: exact, and rare enough to be slow. */
#include "core/fp/parts.h"

/*
 * The first @n bits of the root of a significand of @n pairs of bits, sticky. Each step brings down
 * the next two bits; 2 * root + 1 at the place of the new bit is what it costs.
 */
static QhWide root_bits(QhWide square, int32_t square_bits, int32_t n)
{
    QhWide root = 0;
    QhWide rest = 0;

    for (int32_t i = 0; i < n; i++) {
        square_bits -= 2;
        rest = rest << 2 | (square_bits >= 0 ? (square >> square_bits) & 3 : 0);
        QhWide cost = root << 2 | 1;
        root <<= 1;
        if (rest >= cost) {
            rest -= cost;
            root |= 1;
        }
    }
    return root << (QH_FP_TOP + 1 - n) | (rest != 0);
}

QhFpBits qh_fp_sqrt(uint32_t format, QhFpBits bits, QhFpStatus *status)
{
    const QhFpFormat *f = qh_fp_format(format);
    QhFpParts a = qh_fp_unpack(f, bits, status);

    if (qh_fp_is_nan(a)) {
        a = qh_fp_pick_nan(&a, 1, status);
    } else if (a.kind != QH_FP_ZERO && a.sign) {
        a = qh_fp_invalid(status);
    } else if (a.kind == QH_FP_FINITE) {
        /* An even power of two stays outside: the significand is in [1, 4). */
        int32_t odd = a.exponent & 1;
        a.significand = root_bits(a.significand << odd, QH_FP_TOP + 2, f->precision + 2);
        a.exponent = (a.exponent - odd) / 2;
    }
    return qh_fp_pack(f, a, status);
}

/* IEEE 754-2019 5.3.1: a - b * n, n the integer nearest to a / b, even when two are; exact. */
static QhFpParts remainder_finite(QhFpParts a, QhFpParts b)
{
    QhWide divisor = b.significand;
    QhWide rest = a.significand;
    int32_t distance = a.exponent - b.exponent;
    int32_t exponent = b.exponent;
    uint32_t odd = 0;

    if (distance < -1) {
        return a;
    }
    if (distance == -1) {
        divisor <<= 1;
        exponent = a.exponent;
    }
    for (int32_t i = 0; i <= distance; i++) {
        rest <<= i > 0;
        odd = rest >= divisor;
        rest -= odd ? divisor : 0;
    }
    QhWide to_next = divisor - rest;
    if (rest > to_next || (rest == to_next && odd)) {
        rest = to_next;
        a.sign ^= 1;
    }
    return rest == 0 ? qh_fp_zero(a.sign) : qh_fp_normalise(a.sign, exponent, rest);
}

QhFpParts qh_fp_rem(QhFpParts a, QhFpParts b, QhFpStatus *status)
{
    if (a.kind == QH_FP_INFINITE || b.kind == QH_FP_ZERO) {
        return qh_fp_invalid(status);
    }
    if (a.kind == QH_FP_ZERO || b.kind == QH_FP_INFINITE) {
        return a;
    }
    return remainder_finite(a, b);
}
