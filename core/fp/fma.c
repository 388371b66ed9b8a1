/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fused multiply-add: the product is kept exactly, in 256 bits, and the addend is aligned to
 * it, so that nothing is lost before the one rounding.
 */
#include "core/fp/parts.h"

/* The leading one of an aligned addend; a product has it here or one above. */
#define TOP (2 * QH_FP_TOP)

typedef struct Wide2 {
    QhWide high, low;
} Wide2;

static Wide2 multiply(QhWide a, QhWide b)
{
    uint64_t a_high = (uint64_t)(a >> 64), a_low = (uint64_t)a;
    uint64_t b_high = (uint64_t)(b >> 64), b_low = (uint64_t)b;
    QhWide low = (QhWide)a_low * b_low;
    QhWide middle = (QhWide)a_high * b_low;
    QhWide middle2 = (QhWide)a_low * b_high;
    QhWide carry = (low >> 64) + (uint64_t)middle + (uint64_t)middle2;

    return (Wide2){(QhWide)a_high * b_high + (middle >> 64) + (middle2 >> 64) + (carry >> 64),
                   (carry << 64) | (uint64_t)low};
}

static Wide2 shift_sticky(Wide2 value, uint32_t shift)
{
    if (shift == 0) {
        return value;
    }
    if (shift >= 128) {
        QhWide lost = value.low | (shift > 128 ? value.high << MIN(256 - shift, 127u) : 0);
        if (shift >= 256) {
            return (Wide2){0, (value.high | value.low) != 0};
        }
        return (Wide2){0, value.high >> (shift - 128) | (lost != 0)};
    }
    gboolean lost = value.low << (128 - shift) != 0;
    return (Wide2){value.high >> shift, value.high << (128 - shift) | value.low >> shift | lost};
}

static gboolean is_less(Wide2 a, Wide2 b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static Wide2 add(Wide2 a, Wide2 b)
{
    QhWide low = a.low + b.low;

    return (Wide2){a.high + b.high + (low < a.low), low};
}

static Wide2 subtract(Wide2 a, Wide2 b)
{
    return (Wide2){a.high - b.high - (a.low < b.low), a.low - b.low};
}

/* @value * 2^(@exponent - TOP) with a sticky significand of the usual width. */
static QhFpParts collapse(uint32_t sign, int32_t exponent, Wide2 value)
{
    /* From here on high is the significand, 2^(TOP - 128) the weight of its leading one. */
    uint32_t zeros =
        value.high != 0 ? qh_fp_leading_zeros(value.high) : 128 + qh_fp_leading_zeros(value.low);

    if (zeros >= 128) {
        value.high = value.low;
        value.low = 0;
        exponent -= 128;
        zeros -= 128;
    }
    if (zeros > 1) {
        value.high = value.high << (zeros - 1) | value.low >> (129 - zeros);
        value.low <<= zeros - 1;
        exponent -= (int32_t)(zeros - 1);
    }
    return qh_fp_normalise(sign, exponent + 254 - TOP, value.high | (value.low != 0));
}

static QhFpParts add_product(QhFpParts a, QhFpParts b, QhFpParts c, const QhFpStatus *status)
{
    Wide2 product = multiply(a.significand, b.significand);
    Wide2 addend = {c.significand >> (256 - 128 - QH_FP_TOP), c.significand << QH_FP_TOP};
    int32_t exponent = a.exponent + b.exponent;
    int32_t distance = exponent - c.exponent;
    uint32_t sign = a.sign ^ b.sign;

    if (distance >= 0) {
        addend = shift_sticky(addend, (uint32_t)distance);
    } else {
        product = shift_sticky(product, (uint32_t)-distance);
        exponent = c.exponent;
    }
    if (sign == c.sign) {
        return collapse(sign, exponent, add(product, addend));
    }
    if (product.high == addend.high && product.low == addend.low) {
        return qh_fp_zero(status->rounding == QH_ROUND_DOWN);
    }
    return is_less(product, addend) ? collapse(c.sign, exponent, subtract(addend, product))
                                    : collapse(sign, exponent, subtract(product, addend));
}

/* Infinity times zero, plus a quiet NaN: invalid in RISC-V (F, 11.6), Arm and s390x, not in x86. */
static QhFpParts pick_nan(const QhFpParts *p, gboolean bad_product, QhFpStatus *status)
{
    const QhFpParts addend_first[3] = {p[2], p[0], p[1]};

    if (bad_product && status->nan_rule != QH_NAN_X86) {
        QhFpParts invalid = qh_fp_invalid(status);
        if (p[2].kind == QH_FP_QUIET || status->nan_rule == QH_NAN_DEFAULT) {
            return invalid;
        }
    }
    return qh_fp_pick_nan(status->nan_rule == QH_NAN_ARM ? addend_first : p, 3, status);
}

static QhFpParts fused(const QhFpParts *p, QhFpStatus *status)
{
    QhFpParts a = p[0], b = p[1], c = p[2];
    gboolean bad_product = (a.kind == QH_FP_INFINITE && b.kind == QH_FP_ZERO) ||
                           (a.kind == QH_FP_ZERO && b.kind == QH_FP_INFINITE);

    if (qh_fp_is_nan(a) || qh_fp_is_nan(b) || qh_fp_is_nan(c)) {
        return pick_nan(p, bad_product, status);
    }
    if (bad_product) {
        return qh_fp_invalid(status);
    }
    if (a.kind == QH_FP_FINITE && b.kind == QH_FP_FINITE && c.kind == QH_FP_FINITE) {
        return add_product(a, b, c, status);
    }
    if (c.kind == QH_FP_ZERO && a.kind == QH_FP_FINITE && b.kind == QH_FP_FINITE) {
        return qh_fp_mul(a, b, status);
    }
    /* The product is zero or infinite, or the addend is infinite: the sum is exact. */
    QhFpParts product = qh_fp_zero(a.sign ^ b.sign);
    if (a.kind == QH_FP_INFINITE || b.kind == QH_FP_INFINITE) {
        product = qh_fp_infinite(a.sign ^ b.sign);
    }
    return qh_fp_add(product, c, status);
}

static gboolean may_negate(QhFpParts a, const QhFpStatus *status)
{
    return !qh_fp_is_nan(a) || status->nan_rule == QH_NAN_ARM;
}

QhFpBits
qh_fp_fma(uint32_t format, uint32_t negate, QhFpBits a, QhFpBits b, QhFpBits c, QhFpStatus *status)
{
    const QhFpFormat *f = qh_fp_format(format);
    QhFpParts p[3] = {qh_fp_unpack(f, a, status), qh_fp_unpack(f, b, status),
                      qh_fp_unpack(f, c, status)};

    /* Arm negates the operand, even a NaN (DDI 0487, FMSUB); elsewhere a NaN keeps its sign. */
    if ((negate & QH_FMA_NEG_PRODUCT) && may_negate(p[0], status)) {
        p[0].sign ^= 1;
    }
    if ((negate & QH_FMA_NEG_ADDEND) && may_negate(p[2], status)) {
        p[2].sign ^= 1;
    }
    return qh_fp_pack(f, fused(p, status), status);
}
