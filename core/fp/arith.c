/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sum, product, quotient, and the entry of all operations on two numbers. */
#include "core/fp/parts.h"

static QhFpParts add_magnitudes(QhFpParts a, QhFpParts b)
{
    uint32_t distance = (uint32_t)(a.exponent - b.exponent);
    QhWide sum = a.significand + qh_fp_shift_sticky(b.significand, distance);

    return qh_fp_normalise(a.sign, a.exponent, sum);
}

/* |a| > |b|. The sticky bit stays right: it is set only when the result loses one bit at most. */
static QhFpParts subtract_magnitudes(QhFpParts a, QhFpParts b)
{
    uint32_t distance = (uint32_t)(a.exponent - b.exponent);
    QhWide difference = a.significand - qh_fp_shift_sticky(b.significand, distance);

    return qh_fp_normalise(a.sign, a.exponent, difference);
}

static QhFpParts add_finite(QhFpParts a, QhFpParts b, const QhFpStatus *status)
{
    gboolean swap =
        a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand);
    QhFpParts large = swap ? b : a;
    QhFpParts small = swap ? a : b;

    if (a.sign == b.sign) {
        return add_magnitudes(large, small);
    }
    if (a.exponent == b.exponent && a.significand == b.significand) {
        return qh_fp_zero(status->rounding == QH_ROUND_DOWN);
    }
    return subtract_magnitudes(large, small);
}

QhFpParts qh_fp_add(QhFpParts a, QhFpParts b, QhFpStatus *status)
{
    if (a.kind == QH_FP_INFINITE) {
        return b.kind == QH_FP_INFINITE && a.sign != b.sign ? qh_fp_invalid(status) : a;
    }
    if (b.kind == QH_FP_INFINITE) {
        return b;
    }
    if (a.kind == QH_FP_ZERO && b.kind == QH_FP_ZERO) {
        /* IEEE 754-2019 6.3: x - x is +0, but -0 when rounding down. */
        return a.sign == b.sign ? a : qh_fp_zero(status->rounding == QH_ROUND_DOWN);
    }
    if (a.kind == QH_FP_ZERO) {
        return b;
    }
    return b.kind == QH_FP_ZERO ? a : add_finite(a, b, status);
}

/* The product of two normalised significands, its leading one at QH_FP_TOP or one above. */
static QhWide multiply_sticky(QhWide a, QhWide b)
{
    uint64_t a_high = (uint64_t)(a >> 64), a_low = (uint64_t)a;
    uint64_t b_high = (uint64_t)(b >> 64), b_low = (uint64_t)b;
    QhWide low = (QhWide)a_low * b_low;
    QhWide middle = (QhWide)a_high * b_low; /* both below 2^127: the sums cannot overflow */
    QhWide middle2 = (QhWide)a_low * b_high;
    QhWide high = (QhWide)a_high * b_high;
    QhWide carry = (low >> 64) + (uint64_t)middle + (uint64_t)middle2;

    high += (middle >> 64) + (middle2 >> 64) + (carry >> 64);
    low = (carry << 64) | (uint64_t)low;
    return high << (128 - QH_FP_TOP) | low >> QH_FP_TOP | ((low << (128 - QH_FP_TOP)) != 0);
}

QhFpParts qh_fp_mul(QhFpParts a, QhFpParts b, QhFpStatus *status)
{
    uint32_t sign = a.sign ^ b.sign;

    if (a.kind == QH_FP_INFINITE || b.kind == QH_FP_INFINITE) {
        gboolean zero = a.kind == QH_FP_ZERO || b.kind == QH_FP_ZERO;
        return zero ? qh_fp_invalid(status) : qh_fp_infinite(sign);
    }
    if (a.kind == QH_FP_ZERO || b.kind == QH_FP_ZERO) {
        return qh_fp_zero(sign);
    }
    return qh_fp_normalise(sign, a.exponent + b.exponent,
                           multiply_sticky(a.significand, b.significand));
}

/* a * 2^QH_FP_TOP / b, for a >= b: a leading one at QH_FP_TOP, sticky. */
static QhWide divide_sticky(QhWide a, QhWide b)
{
    if ((uint64_t)a == 0 && (uint64_t)b == 0) {
        /* 63 significant bits each: two divisions of 128 bits by 64 do. */
        uint64_t divisor = (uint64_t)(b >> 64);
        QhWide dividend = a >> 2;
        QhWide rest = (dividend % divisor) << 64;

        return (dividend / divisor) << 64 | rest / divisor | (rest % divisor != 0);
    }
    QhWide quotient = 0;
    for (uint32_t i = 0; i <= QH_FP_TOP; i++) {
        quotient <<= 1;
        if (a >= b) {
            a -= b;
            quotient |= 1;
        }
        a <<= 1;
    }
    return quotient | (a != 0);
}

QhFpParts qh_fp_div(QhFpParts a, QhFpParts b, QhFpStatus *status)
{
    uint32_t sign = a.sign ^ b.sign;

    if (a.kind == QH_FP_INFINITE) {
        return b.kind == QH_FP_INFINITE ? qh_fp_invalid(status) : qh_fp_infinite(sign);
    }
    if (b.kind == QH_FP_INFINITE) {
        return qh_fp_zero(sign);
    }
    if (b.kind == QH_FP_ZERO) {
        if (a.kind == QH_FP_ZERO) {
            return qh_fp_invalid(status);
        }
        status->flags |= QH_FP_DIVZERO;
        return qh_fp_infinite(sign);
    }
    if (a.kind == QH_FP_ZERO) {
        return qh_fp_zero(sign);
    }
    gboolean smaller = a.significand < b.significand;
    QhWide quotient = divide_sticky(a.significand << smaller, b.significand);
    return qh_fp_normalise(sign, a.exponent - b.exponent - smaller, quotient);
}

static QhFpParts arithmetic(uint32_t op, QhFpParts a, QhFpParts b, QhFpStatus *status)
{
    switch (op) {
    case QH_FP_ADD:
        return qh_fp_add(a, b, status);
    case QH_FP_SUB:
        b.sign ^= 1;
        return qh_fp_add(a, b, status);
    case QH_FP_MUL:
        return qh_fp_mul(a, b, status);
    case QH_FP_DIV:
        return qh_fp_div(a, b, status);
    case QH_FP_REM:
        return qh_fp_rem(a, b, status);
    default:
        return qh_fp_invalid(status);
    }
}

static gboolean is_min_max(uint32_t op)
{
    return (op >= QH_FP_MIN && op <= QH_FP_MAXIMUM) || op == QH_FP_MINNUM || op == QH_FP_MAXNUM;
}

/* SSE's MINSS, MAXSS: the operand comes back as it is, even a signalling NaN (SDM 2, MINSS). */
static QhFpBits min_max_second(
    const QhFpFormat *f, uint32_t op, const QhFpBits *bits, const QhFpParts *p, QhFpStatus *status)
{
    uint32_t wanted = op == QH_FP_MIN_X86 ? QH_FP_LESS : QH_FP_GREATER;
    uint32_t chosen = 1;

    if (qh_fp_is_nan(p[0]) || qh_fp_is_nan(p[1])) {
        status->flags |= QH_FP_INVALID;
    } else {
        chosen = qh_fp_order(p[0], p[1]) == wanted ? 0 : 1;
    }
    return p[chosen].kind == QH_FP_ZERO ? qh_fp_pack(f, p[chosen], status) : bits[chosen];
}

QhFpBits qh_fp_op2(uint32_t format, uint32_t op, QhFpBits a, QhFpBits b, QhFpStatus *status)
{
    const QhFpFormat *f = qh_fp_format(format);
    const QhFpBits bits[2] = {a, b};
    const QhFpParts parts[2] = {qh_fp_unpack(f, a, status), qh_fp_unpack(f, b, status)};
    QhFpParts result;

    if (op == QH_FP_MIN_X86 || op == QH_FP_MAX_X86) {
        return min_max_second(f, op, bits, parts, status);
    }
    if (is_min_max(op)) {
        result = qh_fp_min_max(op, parts[0], parts[1], status);
    } else if (qh_fp_is_nan(parts[0]) || qh_fp_is_nan(parts[1])) {
        result = qh_fp_pick_nan(parts, 2, status);
    } else {
        result = arithmetic(op, parts[0], parts[1], status);
    }
    return qh_fp_pack(f, result, status);
}
