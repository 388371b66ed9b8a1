/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors element by element, by register numbers: shapes of operands, complex numbers, half into
 * single precision, bfloat16.
 */
#include "modules/arm/fp.h"

#include "modules/arm/helper.h"

typedef unsigned __int128 Vector;

static uint64_t lane(Vector v, uint32_t bytes, uint32_t i)
{
    uint64_t value = (uint64_t)(v >> (bytes * 8 * i));

    return bytes == 8 ? value : value & ((UINT64_C(1) << bytes * 8) - 1);
}

static Vector at_lane(uint64_t value, uint32_t bytes, uint32_t i)
{
    return (Vector)value << (bytes * 8 * i);
}

static uint32_t index_of(uint32_t regs)
{
    return regs >> ARM_FR_INDEX_SHIFT & 15;
}

/* What a vector operation works on. */
typedef struct Operands {
    ArmCpu *cpu;
    uint32_t word, bytes, lanes;
    Vector d, n, m;
    QhFpStatus status;
} Operands;

static Operands begin(QhCpu *base, uint32_t word, uint32_t regs)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t format = word >> 8 & 3, bytes = arm_fp_bytes(format);

    return (Operands){.cpu = cpu,
                      .word = word,
                      .bytes = bytes,
                      .lanes = (regs & ARM_FR_Q ? 16 : 8) / bytes,
                      .d = cpu->v[regs & 31],
                      .n = cpu->v[regs >> 5 & 31],
                      .m = cpu->v[regs >> 10 & 31],
                      .status = arm_fp_begin(cpu, format)};
}

static void end(Operands *o, uint32_t regs, Vector result)
{
    arm_fp_end(o->cpu, o->word >> 8 & 3, &o->status);
    o->cpu->v[regs & 31] = result;
}

static uint64_t element(Operands *o, uint64_t a, uint64_t b, uint64_t c)
{
    return arm_fp_element(o->cpu, o->word, a, b, c, &o->status);
}

static Vector each_lane(Operands *o, uint32_t n, gboolean by_element, uint32_t index)
{
    Vector result = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t b = lane(o->m, o->bytes, by_element ? index : i);
        uint64_t value = element(o, lane(o->n, o->bytes, i), b, lane(o->d, o->bytes, i));
        result |= at_lane(value, o->bytes, i);
    }
    return result;
}

static Vector each_pair(Operands *o)
{
    uint32_t half = o->lanes / 2;
    Vector result = 0;

    for (uint32_t i = 0; i < o->lanes; i++) {
        Vector from = i < half ? o->n : o->m;
        uint32_t first = 2 * (i < half ? i : i - half);
        uint64_t value =
            element(o, lane(from, o->bytes, first), lane(from, o->bytes, first + 1), 0);
        result |= at_lane(value, o->bytes, i);
    }
    return result;
}

/* J1.3, Reduce: the halves first. */
static uint64_t across(Operands *o)
{
    uint64_t values[8];

    for (uint32_t i = 0; i < o->lanes; i++) {
        values[i] = lane(o->n, o->bytes, i);
    }
    for (uint32_t n = o->lanes; n > 1; n /= 2) {
        for (uint32_t i = 0; i < n / 2; i++) {
            values[i] = element(o, values[2 * i], values[2 * i + 1], 0);
        }
    }
    return values[0];
}

void arm_helper_fp_vector(QhCpu *base, uint32_t word, uint32_t regs)
{
    Operands o = begin(base, word, regs);
    Vector result;

    switch (word >> ARM_FW_SHAPE_SHIFT & 7) {
    case ARM_SHAPE_PAIRS:
        result = each_pair(&o);
        break;
    case ARM_SHAPE_ELEMENT:
        result = each_lane(&o, o.lanes, TRUE, index_of(regs));
        break;
    case ARM_SHAPE_SCALAR:
        result = each_lane(&o, 1, FALSE, 0);
        break;
    case ARM_SHAPE_SCALAR_ELEMENT:
        result = each_lane(&o, 1, TRUE, index_of(regs));
        break;
    case ARM_SHAPE_PAIR:
        result = element(&o, lane(o.n, o.bytes, 0), lane(o.n, o.bytes, 1), 0);
        break;
    case ARM_SHAPE_ACROSS:
        result = across(&o);
        break;
    default:
        result = each_lane(&o, o.lanes, FALSE, 0);
        break;
    }
    end(&o, regs, result);
}

/* C7.2.53 FCMLA: a quarter of the complex product, chosen by the rotation. */
void arm_helper_fp_cmla(QhCpu *base, uint32_t word, uint32_t regs)
{
    Operands o = begin(base, word, regs);
    uint32_t rot = regs >> ARM_FR_ROT_SHIFT & 3, n_part = rot & 1;
    uint64_t sign = UINT64_C(1) << (o.bytes * 8 - 1);
    Vector result = 0;

    for (uint32_t i = 0; i < o.lanes; i += 2) {
        uint32_t at = regs & ARM_FR_BY_ELEMENT ? 2 * index_of(regs) : i;
        uint64_t a = lane(o.n, o.bytes, i + n_part);
        uint64_t real = lane(o.m, o.bytes, at + n_part) ^ (rot == 1 || rot == 2 ? sign : 0);
        uint64_t imaginary = lane(o.m, o.bytes, at + (n_part ^ 1)) ^ (rot >= 2 ? sign : 0);
        result |= at_lane(element(&o, a, real, lane(o.d, o.bytes, i)), o.bytes, i);
        result |= at_lane(element(&o, a, imaginary, lane(o.d, o.bytes, i + 1)), o.bytes, i + 1);
    }
    end(&o, regs, result);
}

/* C7.2.42 FCADD */
void arm_helper_fp_cadd(QhCpu *base, uint32_t word, uint32_t regs)
{
    Operands o = begin(base, word, regs);
    gboolean turned = (regs >> ARM_FR_ROT_SHIFT & 1) != 0;
    uint64_t sign = UINT64_C(1) << (o.bytes * 8 - 1);
    Vector result = 0;

    for (uint32_t i = 0; i < o.lanes; i += 2) {
        uint64_t real = lane(o.m, o.bytes, i + 1) ^ (turned ? 0 : sign);
        uint64_t imaginary = lane(o.m, o.bytes, i) ^ (turned ? sign : 0);
        result |= at_lane(element(&o, lane(o.n, o.bytes, i), real, 0), o.bytes, i);
        result |= at_lane(element(&o, lane(o.n, o.bytes, i + 1), imaginary, 0), o.bytes, i + 1);
    }
    end(&o, regs, result);
}

/* A half as a single. A signalling NaN stays one, for the operation that follows to find. */
static uint64_t widen(const ArmCpu *cpu, uint64_t half)
{
    QhFpStatus status = arm_fp_begin(cpu, ARM_FMT_H);

    if ((half & 0x7fff) > 0x7c00) {
        return (half & 0x8000) << 16 | 0x7f800000 | (half & 0x3ff) << 13;
    }
    return arm_services(cpu)->fp->convert(QH_FP_F16, QH_FP_F32, (QhFpBits){half, 0}, &status).lo;
}

/* C7.2.132 FMLAL: J1.3, FPMulAddH, whose product of halves is exact in any case. */
void arm_helper_fp_mlal(QhCpu *base, uint32_t regs)
{
    Operands o = begin(base, arm_fp_word(ARM_FOP_MLA, ARM_FMT_S), regs);
    uint32_t first = regs & ARM_FR_UPPER ? o.lanes : 0;
    Vector result = 0;

    for (uint32_t i = 0; i < o.lanes; i++) {
        uint64_t a = lane(o.n, 2, first + i) ^ (regs & ARM_FR_SUBTRACT ? 0x8000 : 0);
        uint64_t b = lane(o.m, 2, regs & ARM_FR_BY_ELEMENT ? index_of(regs) : first + i);
        uint64_t value = element(&o, widen(o.cpu, a), widen(o.cpu, b), lane(o.d, 4, i));
        result |= at_lane(value, 4, i);
    }
    end(&o, regs, result);
}

/* --- bfloat16: without FEAT_EBF16, FPCR and FPSR have no part in the dot products (J1.3, BFMul,
 * BFAdd): rounding to odd, everything flushed, overflow to infinity. --- */

static uint64_t bf_op(const ArmCpu *cpu, uint32_t op, uint64_t a, uint64_t b)
{
    QhFpStatus status = {.rounding = QH_ROUND_ODD,
                         .nan_rule = QH_NAN_DEFAULT,
                         .tininess_before_rounding = 1,
                         .flush_inputs = 1,
                         .flush_results = 1};
    uint64_t result =
        arm_services(cpu)->fp->op2(QH_FP_F32, op, (QhFpBits){a, 0}, (QhFpBits){b, 0}, &status).lo;

    return status.flags & QH_FP_OVERFLOW ? (result & 0x80000000) | 0x7f800000 : result;
}

/* @sum plus the dot product of the pairs of bfloat16 in @a and @b. */
static uint64_t bf_dot_add(const ArmCpu *cpu, uint64_t sum, uint64_t a, uint64_t b)
{
    uint64_t low = bf_op(cpu, QH_FP_MUL, (a << 16) & 0xffff0000, (b << 16) & 0xffff0000);
    uint64_t high = bf_op(cpu, QH_FP_MUL, a & 0xffff0000, b & 0xffff0000);

    return bf_op(cpu, QH_FP_ADD, sum, bf_op(cpu, QH_FP_ADD, low, high));
}

void arm_helper_bf_dot(QhCpu *base, uint32_t regs)
{
    ArmCpu *cpu = arm_cpu(base);
    Vector d = cpu->v[regs & 31], n = cpu->v[regs >> 5 & 31], m = cpu->v[regs >> 10 & 31];
    Vector result = 0;

    for (uint32_t i = 0; i < (regs & ARM_FR_Q ? 4u : 2u); i++) {
        uint64_t b = lane(m, 4, regs & ARM_FR_BY_ELEMENT ? index_of(regs) : i);
        result |= at_lane(bf_dot_add(cpu, lane(d, 4, i), lane(n, 4, i), b), 4, i);
    }
    cpu->v[regs & 31] = result;
}

/* C7.2.19 BFMMLA: rows of n times rows of m. */
void arm_helper_bf_mmla(QhCpu *base, uint32_t regs)
{
    ArmCpu *cpu = arm_cpu(base);
    Vector d = cpu->v[regs & 31], n = cpu->v[regs >> 5 & 31], m = cpu->v[regs >> 10 & 31];
    Vector result = 0;

    for (uint32_t i = 0; i < 4; i++) {
        uint64_t sum = lane(d, 4, i);
        for (uint32_t k = 0; k < 2; k++) {
            sum = bf_dot_add(cpu, sum, lane(n, 4, (i & 2) + k), lane(m, 4, 2 * (i & 1) + k));
        }
        result |= at_lane(sum, 4, i);
    }
    cpu->v[regs & 31] = result;
}

/* C7.2.17 BFMLALB, BFMLALT: a fused multiply-add of singles, under FPCR. */
void arm_helper_bf_mlal(QhCpu *base, uint32_t regs)
{
    Operands o = begin(base, arm_fp_word(ARM_FOP_MLA, ARM_FMT_S), regs | ARM_FR_Q);
    uint32_t odd = regs & ARM_FR_UPPER ? 1 : 0;
    Vector result = 0;

    for (uint32_t i = 0; i < o.lanes; i++) {
        uint64_t a = lane(o.n, 2, 2 * i + odd) << 16;
        uint64_t b = lane(o.m, 2, regs & ARM_FR_BY_ELEMENT ? index_of(regs) : 2 * i + odd) << 16;
        result |= at_lane(element(&o, a, b, lane(o.d, 4, i)), 4, i);
    }
    end(&o, regs, result);
}
