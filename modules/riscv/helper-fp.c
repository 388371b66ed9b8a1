/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point that is no IR operation: half precision, classification, the modular conversion.
 * The words that come first hold the rounding in bits 0-2 and what else helper.def says.
 */
#include "modules/riscv/cpu.h"
#include "modules/riscv/helper.h"

#define BOX_S UINT64_C(0xffffffff00000000)
#define BOX_H UINT64_C(0xffffffffffff0000)

static const QhFpService *service(const QhCpu *cpu)
{
    return rv_target(cpu)->services.fp;
}

static QhFpStatus begin(uint32_t word)
{
    return (QhFpStatus){.rounding = word & 7, .nan_rule = 0};
}

static void end(QhCpu *cpu, const QhFpStatus *status)
{
    cpu->fp_flags |= status->flags;
}

/* The contents of an f register as a number of @format (Unpriv. D, "NaN Boxing"). */
static QhFpBits unbox(uint32_t format, uint64_t value)
{
    if (format == QH_FP_F16 || format == QH_FP_BF16) {
        uint64_t nan = format == QH_FP_F16 ? 0x7e00 : 0x7fc0;
        value = value >= BOX_H ? value & 0xffff : nan;
    } else if (format == QH_FP_F32) {
        value = value >= BOX_S ? value & 0xffffffff : 0x7fc00000;
    }
    return (QhFpBits){value, 0};
}

static uint64_t box(uint32_t format, QhFpBits bits)
{
    if (format == QH_FP_F64) {
        return bits.lo;
    }
    return bits.lo | (format == QH_FP_F32 ? BOX_S : BOX_H);
}

uint64_t rv_helper_half_op2(QhCpu *cpu, uint32_t word, uint64_t a, uint64_t b)
{
    QhFpStatus status = begin(word);
    QhFpBits result =
        service(cpu)->op2(QH_FP_F16, word >> 8, unbox(QH_FP_F16, a), unbox(QH_FP_F16, b), &status);

    end(cpu, &status);
    return box(QH_FP_F16, result);
}

uint64_t rv_helper_half_fma(QhCpu *cpu, uint32_t word, uint64_t a, uint64_t b, uint64_t c)
{
    QhFpStatus status = begin(word);
    QhFpBits result =
        service(cpu)->fma(QH_FP_F16, word & (QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND),
                          unbox(QH_FP_F16, a), unbox(QH_FP_F16, b), unbox(QH_FP_F16, c), &status);

    end(cpu, &status);
    return box(QH_FP_F16, result);
}

uint64_t rv_helper_half_sqrt(QhCpu *cpu, uint32_t word, uint64_t a)
{
    QhFpStatus status = begin(word);
    QhFpBits result = service(cpu)->sqrt(QH_FP_F16, unbox(QH_FP_F16, a), &status);

    end(cpu, &status);
    return box(QH_FP_F16, result);
}

uint64_t rv_helper_half_round(QhCpu *cpu, uint32_t word, uint64_t a)
{
    QhFpStatus status = begin(word);
    QhFpBits result = service(cpu)->round_to_int(QH_FP_F16, unbox(QH_FP_F16, a),
                                                 (word & (1u << 3)) != 0, &status);

    end(cpu, &status);
    return box(QH_FP_F16, result);
}

uint64_t rv_helper_half_compare(QhCpu *cpu, uint32_t word, uint64_t a, uint64_t b)
{
    QhFpStatus status = begin(0);
    uint32_t order = service(cpu)->compare(QH_FP_F16, unbox(QH_FP_F16, a), unbox(QH_FP_F16, b),
                                           (word & QH_FCMP_SIGNALING) != 0, &status);

    end(cpu, &status);
    switch (word & 3) {
    case QH_FCOND_EQ:
        return order == QH_FP_EQUAL;
    case QH_FCOND_LT:
        return order == QH_FP_LESS;
    default:
        return order == QH_FP_LESS || order == QH_FP_EQUAL;
    }
}

uint64_t rv_helper_half_convert(QhCpu *cpu, uint32_t word, uint64_t a)
{
    uint32_t from = (word >> 8) & 0xff, to = (word >> 16) & 0xff;
    QhFpStatus status = begin(word);
    QhFpBits result = service(cpu)->convert(from, to, unbox(from, a), &status);

    end(cpu, &status);
    return box(to, result);
}

uint64_t rv_helper_half_to_int(QhCpu *cpu, uint32_t word, uint64_t a)
{
    uint32_t kind = word >> 8; /* 0 w, 1 wu, 2 l, 3 lu */
    uint32_t bits = kind < 2 ? 32 : 64;
    QhFpStatus status = begin(word);
    uint64_t result = service(cpu)->to_int(QH_FP_F16, unbox(QH_FP_F16, a), bits, !(kind & 1),
                                           QH_FTO_SATURATE, &status);

    end(cpu, &status);
    return bits == 32 ? (uint64_t)(int32_t)result : result;
}

uint64_t rv_helper_half_from_int(QhCpu *cpu, uint32_t word, uint64_t value)
{
    uint32_t kind = word >> 8;
    QhFpStatus status = begin(word);

    if (kind < 2) {
        value = kind == 0 ? (uint64_t)(int32_t)value : (uint32_t)value;
    }
    QhFpBits result = service(cpu)->from_int(QH_FP_F16, value, !(kind & 1), &status);
    end(cpu, &status);
    return box(QH_FP_F16, result);
}

/* Unpriv. F, "Format of result of FCLASS instruction": one bit, from -infinity up to +infinity. */
uint64_t rv_helper_fclass(QhCpu *cpu, uint32_t format, uint64_t value)
{
    uint32_t fraction_bits = format == QH_FP_F16 ? 10 : format == QH_FP_F32 ? 23 : 52;
    uint64_t ones = format == QH_FP_F16 ? 0x1f : format == QH_FP_F32 ? 0xff : 0x7ff;
    uint64_t bits = unbox(format, value).lo;
    uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
    uint64_t exponent = (bits >> fraction_bits) & ones;
    gboolean negative = (bits >> fraction_bits) > ones;
    uint32_t from_zero; /* 1 zero, 2 subnormal, 3 normal, 4 infinity */

    (void)cpu;
    if (exponent == ones && fraction != 0) {
        return fraction >> (fraction_bits - 1) ? 1u << 9 : 1u << 8;
    }
    if (exponent == ones) {
        from_zero = 4;
    } else if (exponent != 0) {
        from_zero = 3;
    } else {
        from_zero = fraction != 0 ? 2 : 1;
    }
    return UINT64_C(1) << (negative ? 4 - from_zero : 3 + from_zero);
}

/*
 * Unpriv. Zfa, fcvtmod.w.d: towards zero and modulo 2^32, sign-extended; a NaN or infinity gives 0.
 * The flags are those of fcvt.w.d.
 */
uint64_t rv_helper_fcvtmod(QhCpu *cpu, uint64_t value)
{
    QhFpStatus status = begin(QH_ROUND_ZERO);
    int32_t exponent = (int32_t)((value >> 52) & 0x7ff) - 1075; /* of the last place */
    uint64_t significand = (value & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    uint32_t magnitude = 0;

    service(cpu)->to_int(QH_FP_F64, (QhFpBits){value, 0}, 32, TRUE, QH_FTO_SATURATE, &status);
    end(cpu, &status);
    if (exponent >= 0 && exponent < 32) {
        magnitude = (uint32_t)(significand << exponent);
    } else if (exponent < 0 && exponent > -53) {
        magnitude = (uint32_t)(significand >> -exponent);
    }
    return (uint64_t)(int32_t)(value >> 63 ? -magnitude : magnitude);
}
