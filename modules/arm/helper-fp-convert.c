/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one format to another (Arm J1.3, FPConvert and its relations). FPCR.FZ16 has no say here
 * (FPUnpackCV, FPRoundCV); the alternative half-precision format, which has neither infinities nor
 * NaNs but one exponent more, is made from the other one.
 */
#include "modules/arm/fp.h"

#include "modules/arm/helper.h"

#define HALF_SIGN     0x8000u
#define HALF_INFINITY 0x7c00u
#define HALF_LARGEST  0x7fffu /* of the alternative format */

static uint32_t service_format(uint32_t format)
{
    return format == ARM_FMT_BF ? QH_FP_BF16
                                : arm_fp_service_format(format == ARM_FMT_ODD ? 0 : format);
}

static uint64_t
convert(const ArmCpu *cpu, uint32_t from, uint32_t to, uint64_t a, QhFpStatus *status)
{
    return arm_services(cpu)
        ->fp->convert(service_format(from), service_format(to), (QhFpBits){a, 0}, status)
        .lo;
}

/* An exponent of all ones is one more exponent: half the number is one of the usual format. */
static uint64_t from_alternative(const ArmCpu *cpu, uint32_t to, uint64_t a, QhFpStatus *status)
{
    gboolean large = (a & HALF_INFINITY) == HALF_INFINITY;
    uint64_t result = convert(cpu, ARM_FMT_H, to, large ? a - 0x400 : a, status);

    return large ? result + (to == ARM_FMT_D ? UINT64_C(1) << 52 : UINT64_C(1) << 23) : result;
}

/* To the alternative format: what has no place there is an invalid operation (FPConvert). */
static uint64_t to_alternative(const ArmCpu *cpu, uint32_t from, uint64_t a, QhFpStatus *status)
{
    uint32_t fraction_bits = from == ARM_FMT_D ? 52 : 23;
    uint64_t ones = from == ARM_FMT_D ? 0x7ff : 0xff, bias = ones >> 1;
    uint64_t exponent = a >> fraction_bits & ones;
    uint64_t fraction = a & ((UINT64_C(1) << fraction_bits) - 1);
    uint64_t sign = a >> fraction_bits > ones ? HALF_SIGN : 0;
    QhFpStatus trial = *status;

    if (exponent == ones) {
        status->flags |= QH_FP_INVALID;
        return fraction != 0 ? sign : sign | HALF_LARGEST;
    }
    if (exponent < bias + 15) {
        trial.flags &= ~QH_FP_OVERFLOW;
        uint64_t result = convert(cpu, from, ARM_FMT_H, a, &trial);
        status->flags |= trial.flags;
        return result;
    }
    trial.flags = 0;
    uint64_t half =
        convert(cpu, from, ARM_FMT_H, a - (UINT64_C(1) << fraction_bits), &trial) & HALF_LARGEST;
    if ((trial.flags & QH_FP_OVERFLOW) || half >= HALF_INFINITY) {
        status->flags |= QH_FP_INVALID;
        return sign | HALF_LARGEST;
    }
    status->flags |= trial.flags;
    return sign | (half + 0x400);
}

static uint64_t
convert_any(const ArmCpu *cpu, uint32_t from, uint32_t to, uint64_t a, QhFpStatus *status)
{
    gboolean alternative = (cpu->fpcr & ARM_FPCR_AHP) != 0;

    status->flush_inputs &= from != ARM_FMT_H;
    status->flush_results &= to != ARM_FMT_H;
    if (to == ARM_FMT_ODD) {
        status->rounding = QH_ROUND_ODD;
    }
    if (alternative && from == ARM_FMT_H) {
        return from_alternative(cpu, to, a, status);
    }
    if (alternative && to == ARM_FMT_H) {
        return to_alternative(cpu, from, a, status);
    }
    return convert(cpu, from, to, a, status);
}

/* FPCR.FZ, which FZ16 is not, is asked for either way. */
static QhFpStatus begin(const ArmCpu *cpu)
{
    return arm_fp_begin(cpu, ARM_FMT_S);
}

static uint64_t low_bits(uint32_t from, uint64_t a)
{
    return from == ARM_FMT_D ? a : from == ARM_FMT_S ? (uint32_t)a : (uint16_t)a;
}

uint64_t arm_helper_fp_convert(QhCpu *base, uint32_t word, uint64_t a)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t from = word & 0xff, to = word >> 8 & 0xff;
    QhFpStatus status = begin(cpu);
    uint64_t result = convert_any(cpu, from, to, low_bits(from, a), &status);

    arm_fp_end(cpu, ARM_FMT_S, &status);
    return result;
}

static uint64_t get(const ArmCpu *cpu, uint32_t reg, uint32_t bytes, uint32_t lane)
{
    uint64_t value = (uint64_t)(cpu->v[reg] >> (bytes * 8 * lane));

    return bytes == 8 ? value : value & ((UINT64_C(1) << bytes * 8) - 1);
}

static uint32_t bytes_of(uint32_t format)
{
    return format == ARM_FMT_BF ? 2 : format == ARM_FMT_ODD ? 4 : arm_fp_bytes(format);
}

/* C7.2.76 FCVTL, C7.2.81 FCVTN: half as many lanes as the wider of both formats has in 128 bits. */
void arm_helper_fp_long(QhCpu *base, uint32_t word, uint32_t regs)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t from = word & 0xff, to = word >> 8 & 0xff;
    uint32_t d = regs & 31, n = regs >> 5 & 31;
    uint32_t from_bytes = bytes_of(from), to_bytes = bytes_of(to);
    uint32_t lanes = 16 / MAX(from_bytes, to_bytes);
    gboolean upper = (regs & ARM_FR_UPPER) != 0;
    unsigned __int128 result = 0;
    QhFpStatus status = begin(cpu), fresh = status;

    for (uint32_t i = 0; i < lanes; i++) {
        uint32_t lane = upper && from_bytes < to_bytes ? lanes + i : i;
        fresh.flags = status.flags;
        status = fresh;
        uint64_t value = convert_any(cpu, from, to, get(cpu, n, from_bytes, lane), &status);
        result |= (unsigned __int128)value << (to_bytes * 8 * i);
    }
    arm_fp_end(cpu, ARM_FMT_S, &status);
    if (upper && from_bytes > to_bytes) {
        result = result << 64 | (uint64_t)cpu->v[d];
    }
    cpu->v[d] = result;
}

/* J1.3, FPToFixedJS: towards zero, modulo 2^32; bit 34 says that it is exact (NZCV.Z). */
uint64_t arm_helper_fjcvtzs(QhCpu *base, uint64_t a)
{
    ArmCpu *cpu = arm_cpu(base);
    QhFpStatus status = arm_fp_begin(cpu, ARM_FMT_D);
    int32_t exponent = (int32_t)((a >> 52) & 0x7ff) - 1075; /* of the last place */
    uint64_t significand = (a & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    uint32_t magnitude = 0;
    gboolean exact;

    status.rounding = QH_ROUND_ZERO;
    status.flags = 0;
    arm_services(cpu)->fp->to_int(QH_FP_F64, (QhFpBits){a, 0}, 32, TRUE, QH_FTO_ZERO_NAN, &status);
    exact = status.flags == 0 && a != UINT64_C(1) << 63;
    status.flags |= cpu->base.fp_flags;
    arm_fp_end(cpu, ARM_FMT_D, &status);
    if (exponent >= 0 && exponent < 32) {
        magnitude = (uint32_t)(significand << exponent);
    } else if (exponent < 0 && exponent > -53) {
        magnitude = (uint32_t)(significand >> -exponent);
    }
    return (uint32_t)(a >> 63 ? -magnitude : magnitude) | (uint64_t)(exact ? 1 : 0) << 34;
}
