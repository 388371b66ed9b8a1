/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Estimates of reciprocals and of their roots: eight bits, which the manual fixes (Arm J1.3,
 * RecipEstimate, RecipSqrtEstimate and the functions named below).
 */
#include "modules/arm/fp.h"

/* A number's fields, the fraction aligned at bit 51. */
typedef struct Fields {
    uint64_t sign;
    uint64_t fraction;
    int32_t exponent;
} Fields;

typedef struct Layout {
    uint32_t fraction_bits;
    int32_t exponent_ones;
    int32_t recip, root; /* constants of the result's exponent */
} Layout;

static const Layout layouts[] = {
    [ARM_FMT_S] = {23, 0xff,  253,  380 },
    [ARM_FMT_D] = {52, 0x7ff, 2045, 3068},
    [ARM_FMT_H] = {10, 0x1f,  29,   44  },
};

static Fields split(const Layout *l, uint64_t a)
{
    return (Fields){
        .sign = a >> l->fraction_bits > (uint64_t)l->exponent_ones,
        .fraction = (a << (52 - l->fraction_bits)) & ((UINT64_C(1) << 52) - 1),
        .exponent = (int32_t)(a >> l->fraction_bits) & l->exponent_ones,
    };
}

static uint64_t join(const Layout *l, uint64_t sign, int32_t exponent, uint64_t fraction)
{
    return (sign * ((uint64_t)l->exponent_ones + 1) + (uint32_t)exponent) << l->fraction_bits |
           fraction >> (52 - l->fraction_bits);
}

/* @a in 256 .. 511 stands for 0.5 .. 1; the result for 1 .. 2. */
static uint32_t recip_estimate(uint32_t a)
{
    uint32_t b = (1u << 19) / (a * 2 + 1);

    return (b + 1) / 2;
}

/* @a in 128 .. 511 stands for 0.25 .. 1. */
static uint32_t root_estimate(uint32_t a)
{
    uint32_t b = 512;

    a = a < 256 ? a * 2 + 1 : ((a & ~1u) + 1) * 2;
    while (a * (b + 1) * (b + 1) < 1u << 28) {
        b++;
    }
    return (b + 1) / 2;
}

uint32_t arm_fp_urecpe(uint32_t a)
{
    return a >> 31 ? recip_estimate(a >> 23) << 23 : UINT32_MAX;
}

uint32_t arm_fp_ursqrte(uint32_t a)
{
    return a >> 30 ? root_estimate(a >> 23) << 23 : UINT32_MAX;
}

/* FPProcessNaN: what rounding to an integer makes of a NaN, too. */
static uint64_t nan_result(const ArmCpu *cpu, uint32_t format, uint64_t a, QhFpStatus *status)
{
    return arm_services(cpu)
        ->fp->round_to_int(arm_fp_service_format(format), (QhFpBits){a, 0}, FALSE, status)
        .lo;
}

static gboolean is_zero(const Fields *f, QhFpStatus *status)
{
    if (f->exponent != 0 || (f->fraction != 0 && !status->flush_inputs)) {
        return FALSE;
    }
    status->flags |= f->fraction != 0 ? QH_FP_DENORMAL : 0;
    return TRUE;
}

/* Too small for its reciprocal: infinity or the largest number, by the rounding. */
static uint64_t reciprocal_overflow(const Layout *l, uint64_t sign, QhFpStatus *status)
{
    gboolean to_infinity = status->rounding == QH_ROUND_NEAREST_EVEN ||
                           status->rounding == (sign ? QH_ROUND_DOWN : QH_ROUND_UP);
    uint64_t infinity = join(l, sign, l->exponent_ones, 0);

    status->flags |= QH_FP_OVERFLOW | QH_FP_INEXACT;
    return to_infinity ? infinity : infinity - 1;
}

/* FPRecipEstimate */
uint64_t arm_fp_recpe(const ArmCpu *cpu, uint32_t format, uint64_t a, QhFpStatus *status)
{
    const Layout *l = &layouts[format];
    Fields f = split(l, a);
    int32_t exponent;

    if (f.exponent == l->exponent_ones) {
        return f.fraction != 0 ? nan_result(cpu, format, a, status) : join(l, f.sign, 0, 0);
    }
    if (is_zero(&f, status)) {
        status->flags |= QH_FP_DIVZERO;
        return join(l, f.sign, l->exponent_ones, 0);
    }
    if (f.exponent == 0 && f.fraction >> 50 == 0) {
        return reciprocal_overflow(l, f.sign, status);
    }
    if (status->flush_results && f.exponent >= l->recip) {
        status->flags |= QH_FP_UNDERFLOW;
        return join(l, f.sign, 0, 0);
    }
    if (f.exponent == 0) {
        gboolean half = f.fraction >> 51 == 0;
        f.exponent = half ? -1 : 0;
        f.fraction = (f.fraction << (half ? 2 : 1)) & ((UINT64_C(1) << 52) - 1);
    }
    exponent = l->recip - f.exponent;
    uint64_t fraction = (uint64_t)(recip_estimate(256 + (uint32_t)(f.fraction >> 44)) & 0xff) << 44;
    if (exponent <= 0) { /* a subnormal result */
        fraction = (fraction | UINT64_C(1) << 52) >> (1 - exponent);
        exponent = 0;
    }
    return join(l, f.sign, exponent, fraction);
}

/* FPRSqrtEstimate */
uint64_t arm_fp_rsqrte(const ArmCpu *cpu, uint32_t format, uint64_t a, QhFpStatus *status)
{
    const Layout *l = &layouts[format];
    Fields f = split(l, a);

    if (f.exponent == l->exponent_ones && f.fraction != 0) {
        return nan_result(cpu, format, a, status);
    }
    if (is_zero(&f, status)) {
        status->flags |= QH_FP_DIVZERO;
        return join(l, f.sign, l->exponent_ones, 0);
    }
    if (f.sign) {
        status->flags |= QH_FP_INVALID;
        return join(l, 0, l->exponent_ones, UINT64_C(1) << 51);
    }
    if (f.exponent == l->exponent_ones) {
        return 0;
    }
    if (f.exponent == 0) {
        uint32_t zeros = (uint32_t)__builtin_clzll(f.fraction) - 12;
        f.exponent = -(int32_t)zeros;
        f.fraction = (f.fraction << (zeros + 1)) & ((UINT64_C(1) << 52) - 1);
    }
    uint32_t scaled = 256 + (uint32_t)(f.fraction >> 44);
    if (f.exponent & 1) {
        scaled >>= 1;
    }
    return join(l, 0, (l->root - f.exponent) / 2, (uint64_t)(root_estimate(scaled) & 0xff) << 44);
}

/* FPRecpX */
uint64_t arm_fp_recpx(const ArmCpu *cpu, uint32_t format, uint64_t a, QhFpStatus *status)
{
    const Layout *l = &layouts[format];
    Fields f = split(l, a);

    if (f.exponent == l->exponent_ones && f.fraction != 0) {
        return nan_result(cpu, format, a, status);
    }
    is_zero(&f, status); /* FPUnpack tells of a flushed operand */
    return join(l, f.sign, f.exponent == 0 ? l->exponent_ones - 1 : l->exponent_ones - f.exponent,
                0);
}
