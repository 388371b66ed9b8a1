/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unpacking, rounding and packing, and what becomes of NaNs. All that the formats differ in is in
 * the table below; all that the architectures differ in (IEEE 754-2019 leaves open when a result is
 * tiny, 7.5, and which NaN is returned, 6.2.3) is in QhFpStatus.
 */
#include "core/fp/parts.h"

#define QUIET_BIT ((QhWide)1 << (QH_FP_TOP - 1))

/* IEEE 754-2019 table 3.5; bfloat16 is binary32 with 16 bits less. */
static const QhFpFormat formats[] = {
    [QH_FP_F16] = {11,  15,    0x1f  },
      [QH_FP_F32] = {24,  127,   0xff  },
    [QH_FP_F64] = {53,  1023,  0x7ff },
      [QH_FP_F128] = {113, 16383, 0x7fff},
    [QH_FP_BF16] = {8,   127,   0xff  },
};

const QhFpFormat *qh_fp_format(uint32_t format)
{
    return &formats[format < G_N_ELEMENTS(formats) ? format : QH_FP_F64];
}

QhFpParts qh_fp_unpack(const QhFpFormat *format, QhFpBits bits, QhFpStatus *status)
{
    QhWide all = ((QhWide)bits.hi << 64) | bits.lo;
    uint32_t fraction_bits = (uint32_t)format->precision - 1;
    QhWide fraction = all & (((QhWide)1 << fraction_bits) - 1);
    int32_t exponent = (int32_t)(all >> fraction_bits) & format->exponent_ones;
    uint32_t sign = (uint32_t)(all / ((QhWide)format->exponent_ones + 1) >> fraction_bits) & 1;
    QhWide aligned = fraction << ((uint32_t)QH_FP_TOP - fraction_bits);

    if (exponent == format->exponent_ones) {
        if (fraction == 0) {
            return qh_fp_infinite(sign);
        }
        uint32_t kind = aligned & QUIET_BIT ? QH_FP_QUIET : QH_FP_SIGNALING;
        return (QhFpParts){kind, sign, 0, aligned};
    }
    if (exponent != 0) {
        return (QhFpParts){QH_FP_FINITE, sign, exponent - format->bias,
                           aligned | (QhWide)1 << QH_FP_TOP};
    }
    if (fraction == 0 || status->flush_inputs) {
        status->flags |= fraction != 0 ? QH_FP_DENORMAL : 0;
        return qh_fp_zero(sign);
    }
    return qh_fp_normalise(sign, 1 - format->bias, aligned);
}

static QhFpBits join(const QhFpFormat *format, uint32_t sign, QhWide magnitude)
{
    QhWide all =
        ((QhWide)sign * ((QhWide)format->exponent_ones + 1)) << (format->precision - 1) | magnitude;

    return (QhFpBits){(uint64_t)all, (uint64_t)(all >> 64)};
}

QhWide qh_fp_round_shift(
    QhWide value, uint32_t shift, uint32_t sign, uint32_t rounding, gboolean *ret_inexact)
{
    /* All that is below the last two bits only matters as zero or not. */
    if (shift > 2) {
        value = qh_fp_shift_sticky(value, shift - 2);
    } else {
        value <<= 2 - shift;
    }
    uint32_t lost = (uint32_t)value & 3;
    QhWide result = value >> 2;
    gboolean up = FALSE;

    *ret_inexact = lost != 0;
    switch (rounding) {
    case QH_ROUND_NEAREST_EVEN:
        up = lost > 2 || (lost == 2 && (result & 1));
        break;
    case QH_ROUND_NEAREST_AWAY:
        up = lost >= 2;
        break;
    case QH_ROUND_DOWN:
        up = lost != 0 && sign;
        break;
    case QH_ROUND_UP:
        up = lost != 0 && !sign;
        break;
    case QH_ROUND_ODD:
        return result | (lost != 0);
    default:
        break;
    }
    return result + (up ? 1 : 0);
}

/* IEEE 754-2019 7.4: rounding to nearest carries to infinity, away from zero, too. */
static QhFpBits overflow(const QhFpFormat *format, uint32_t sign, QhFpStatus *status)
{
    QhWide infinity = (QhWide)format->exponent_ones << (format->precision - 1);
    uint32_t rounding = status->rounding;
    gboolean to_infinity = rounding == QH_ROUND_NEAREST_EVEN || rounding == QH_ROUND_NEAREST_AWAY ||
                           rounding == (sign ? QH_ROUND_DOWN : QH_ROUND_UP);

    status->flags |= QH_FP_OVERFLOW | QH_FP_INEXACT;
    return join(format, sign, to_infinity ? infinity : infinity - 1);
}

/* Whether @parts, below the normal range, is tiny: after rounding to an unbounded exponent if so.
 */
static gboolean is_tiny(const QhFpFormat *format, QhFpParts parts, const QhFpStatus *status)
{
    uint32_t shift = (uint32_t)(QH_FP_TOP + 1 - format->precision);
    gboolean inexact;

    if (status->tininess_before_rounding || parts.exponent + format->bias < 0) {
        return TRUE;
    }
    QhWide rounded =
        qh_fp_round_shift(parts.significand, shift, parts.sign, status->rounding, &inexact);
    return rounded >> format->precision == 0;
}

static QhFpBits round_finite(const QhFpFormat *format, QhFpParts parts, QhFpStatus *status)
{
    uint32_t shift = (uint32_t)(QH_FP_TOP + 1 - format->precision);
    int32_t biased = parts.exponent + format->bias;
    gboolean tiny = FALSE;
    gboolean inexact;

    if (biased >= format->exponent_ones) {
        return overflow(format, parts.sign, status);
    }
    if (biased <= 0) {
        tiny = is_tiny(format, parts, status);
        if (tiny && status->flush_results) {
            /* Arm (DDI 0487 A1.5.4) raises underflow alone, x86 (SDM 1, 10.2.3.3) inexact, too. */
            status->flags |= QH_FP_UNDERFLOW;
            status->flags |= status->tininess_before_rounding ? 0 : QH_FP_INEXACT;
            return join(format, parts.sign, 0);
        }
        shift += (uint32_t)(1 - biased);
        biased = 1;
    }
    QhWide rounded =
        qh_fp_round_shift(parts.significand, shift, parts.sign, status->rounding, &inexact);
    /* The implied one, there or not, counts the exponent field up from one below. */
    QhWide magnitude = ((QhWide)(uint32_t)(biased - 1) << (format->precision - 1)) + rounded;

    if (magnitude >> (format->precision - 1) >= (QhWide)format->exponent_ones) {
        return overflow(format, parts.sign, status);
    }
    if (inexact) {
        status->flags |= QH_FP_INEXACT | (tiny ? QH_FP_UNDERFLOW : 0);
    }
    return join(format, parts.sign, magnitude);
}

QhFpBits qh_fp_pack(const QhFpFormat *format, QhFpParts parts, QhFpStatus *status)
{
    uint32_t fraction_bits = (uint32_t)format->precision - 1;
    QhWide infinity = (QhWide)format->exponent_ones << fraction_bits;

    switch (parts.kind) {
    case QH_FP_ZERO:
        return join(format, parts.sign, 0);
    case QH_FP_FINITE:
        return round_finite(format, parts, status);
    case QH_FP_INFINITE:
        return join(format, parts.sign, infinity);
    default:
        return join(format, parts.sign,
                    infinity |
                        (parts.significand | QUIET_BIT) >> ((uint32_t)QH_FP_TOP - fraction_bits));
    }
}

/* x86's default NaN, the real indefinite, is negative (SDM 1, 4.8.3.7); the others' is positive. */
static QhFpParts default_nan(const QhFpStatus *status)
{
    return (QhFpParts){QH_FP_QUIET, status->nan_rule == QH_NAN_X86, 0, QUIET_BIT};
}

QhFpParts qh_fp_invalid(QhFpStatus *status)
{
    status->flags |= QH_FP_INVALID;
    return default_nan(status);
}

QhFpParts qh_fp_pick_nan(const QhFpParts *operands, uint32_t n, QhFpStatus *status)
{
    const QhFpParts *first = NULL;
    const QhFpParts *signaling = NULL;

    for (uint32_t i = 0; i < n; i++) {
        if (first == NULL && qh_fp_is_nan(operands[i])) {
            first = &operands[i];
        }
        if (signaling == NULL && operands[i].kind == QH_FP_SIGNALING) {
            signaling = &operands[i];
        }
    }
    if (signaling != NULL) {
        status->flags |= QH_FP_INVALID;
    }
    if (status->nan_rule == QH_NAN_DEFAULT) {
        return default_nan(status);
    }
    const QhFpParts *chosen = first;
    if (signaling != NULL && status->nan_rule != QH_NAN_X86) {
        chosen = signaling;
    }
    return (QhFpParts){QH_FP_QUIET, chosen->sign, 0, chosen->significand | QUIET_BIT};
}
