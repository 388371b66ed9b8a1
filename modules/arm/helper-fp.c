/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One element of any operation in any format (Arm J1.3, shared/functions/float), and the helpers of
 * scalars. Rounding, flushing and NaNs follow FPCR as it is when they run.
 */
#include "modules/arm/fp.h"

#include "modules/arm/helper.h"

/* Some numbers of a format. */
typedef struct Format {
    uint64_t sign, infinity, one_and_half, two;
} Format;

static const Format formats[] = {
    [ARM_FMT_S] = {0x80000000,        0x7f800000,            0x3fc00000,             0x40000000},
    [ARM_FMT_D] = {UINT64_C(1) << 63, UINT64_C(0x7ff) << 52, UINT64_C(0x3ff8) << 48,
                   UINT64_C(1) << 62                                                           },
    [ARM_FMT_H] = {0x8000,            0x7c00,                0x3e00,                 0x4000    },
};

/* binary128: 3 and the exponent's place in the upper half. */
#define QUAD_THREE    ((QhFpBits){0, UINT64_C(0x4000800000000000)})
#define QUAD_EXPONENT UINT64_C(0x0001000000000000)
#define QUAD_ONE      UINT64_C(0x3fff000000000000)

static const QhFpService *service(const ArmCpu *cpu)
{
    return arm_services(cpu)->fp;
}

static QhFpBits number(uint64_t bits)
{
    return (QhFpBits){bits, 0};
}

QhFpStatus arm_fp_begin(const ArmCpu *cpu, uint32_t format)
{
    uint32_t fz = cpu->fpcr & (format == ARM_FMT_H ? ARM_FPCR_FZ16 : ARM_FPCR_FZ);

    return (QhFpStatus){
        .rounding = (uint8_t)arm_fp_rounding(cpu->fpcr >> ARM_FPCR_RM_SHIFT),
        .nan_rule = cpu->fpcr & ARM_FPCR_DN ? QH_NAN_DEFAULT : QH_NAN_ARM,
        .tininess_before_rounding = 1,
        .flush_inputs = fz != 0,
        .flush_results = fz != 0,
        .flags = cpu->base.fp_flags,
    };
}

/* Flushed halves are not told of (J1.3, FPUnpackBase). */
void arm_fp_end(ArmCpu *cpu, uint32_t format, const QhFpStatus *status)
{
    uint32_t told = format == ARM_FMT_H ? ~QH_FP_DENORMAL : UINT32_MAX;

    cpu->base.fp_flags |= status->flags & told;
}

static uint32_t format_of(uint32_t word)
{
    return word >> 8 & 3;
}

static void set_rounding(uint32_t word, QhFpStatus *status)
{
    uint32_t rounding = word >> ARM_FW_ROUND_SHIFT & 7;

    if (rounding != ARM_FW_ROUND_FPCR) {
        status->rounding = (uint8_t)rounding;
    }
}

static gboolean is_nan(const Format *f, uint64_t a)
{
    return (a & ~f->sign & (f->sign | (f->sign - 1))) > f->infinity;
}

static gboolean is_infinite(const Format *f, uint64_t a)
{
    return (a & ~f->sign) == f->infinity;
}

/* Whether it counts as zero, which a flushed one does. */
static gboolean is_zero(const Format *f, uint64_t a, const QhFpStatus *status)
{
    return (a & ~f->sign) == 0 || (status->flush_inputs && (a & f->infinity) == 0);
}

/* Infinity times zero, which FMULX and the step instructions give a number for. */
static gboolean is_bad_product(const Format *f, uint64_t a, uint64_t b, QhFpStatus *status)
{
    if ((is_infinite(f, a) && is_zero(f, b, status)) ||
        (is_infinite(f, b) && is_zero(f, a, status))) {
        gboolean subnormal = ((a | b) & ~f->sign) != f->infinity;
        status->flags |= subnormal ? QH_FP_DENORMAL : 0;
        return TRUE;
    }
    return FALSE;
}

static uint64_t
op2(const ArmCpu *cpu, uint32_t format, uint32_t op, uint64_t a, uint64_t b, QhFpStatus *status)
{
    return service(cpu)->op2(arm_fp_service_format(format), op, number(a), number(b), status).lo;
}

static uint64_t fused(const ArmCpu *cpu,
                      uint32_t format,
                      uint32_t negate,
                      uint64_t a,
                      uint64_t b,
                      uint64_t c,
                      QhFpStatus *status)
{
    return service(cpu)
        ->fma(arm_fp_service_format(format), negate, number(a), number(b), number(c), status)
        .lo;
}

/* Once more 2^-@n, exactly; zero stays what it is. */
static QhFpBits scale_down(QhFpBits quad, uint32_t n)
{
    if ((quad.hi << 1 | quad.lo) != 0 && (quad.hi << 1) < QUAD_EXPONENT * 2 * 0x7fff) {
        quad.hi -= n * QUAD_EXPONENT;
    }
    return quad;
}

/*
 * J1.3, FPRSqrtStepFused: (3 - a * b) / 2, rounded once. In binary128 the product of two doubles is
 * exact; the sum, rounded to odd, has digits enough to be rounded again.
 */
static uint64_t
sqrt_step(const ArmCpu *cpu, uint32_t format, uint64_t a, uint64_t b, QhFpStatus *status)
{
    const QhFpService *fp = service(cpu);
    const Format *f = &formats[format];
    uint32_t from = arm_fp_service_format(format);
    QhFpStatus odd = {.rounding = QH_ROUND_ODD, .nan_rule = QH_NAN_ARM};
    QhFpBits sum;

    a ^= f->sign;
    if (is_nan(f, a) || is_nan(f, b)) {
        return op2(cpu, format, QH_FP_ADD, a, b, status);
    }
    if (is_bad_product(f, a, b, status)) {
        return f->one_and_half;
    }
    sum = fp->fma(QH_FP_F128, 0, fp->convert(from, QH_FP_F128, number(a), status),
                  fp->convert(from, QH_FP_F128, number(b), status), QUAD_THREE, &odd);
    if ((sum.hi << 1 | sum.lo) == 0) {
        return status->rounding == QH_ROUND_DOWN ? f->sign : 0;
    }
    return fp->convert(QH_FP_F128, from, scale_down(sum, 1), status).lo;
}

/* J1.3, FPRecipStepFused: 2 - a * b. */
static uint64_t
recip_step(const ArmCpu *cpu, uint32_t format, uint64_t a, uint64_t b, QhFpStatus *status)
{
    const Format *f = &formats[format];

    if (is_bad_product(f, a, b, status)) {
        return f->two;
    }
    return fused(cpu, format, QH_FMA_NEG_PRODUCT, a, b, f->two, status);
}

static uint64_t
multiply_x(const ArmCpu *cpu, uint32_t format, uint64_t a, uint64_t b, QhFpStatus *status)
{
    const Format *f = &formats[format];

    if (is_bad_product(f, a, b, status)) {
        return f->two | ((a ^ b) & f->sign);
    }
    return op2(cpu, format, QH_FP_MUL, a, b, status);
}

/* All ones if the relation @op holds. */
static uint64_t
relation(const ArmCpu *cpu, uint32_t word, uint64_t a, uint64_t b, QhFpStatus *status)
{
    uint32_t op = word & 0xff, format = format_of(word), order;
    const Format *f = &formats[format];
    gboolean holds;

    if (op == ARM_FOP_ACGE || op == ARM_FOP_ACGT) {
        a &= ~f->sign;
        b &= ~f->sign;
    }
    order = service(cpu)->compare(arm_fp_service_format(format), number(a), number(b),
                                  op != ARM_FOP_CMEQ, status);
    switch (op) {
    case ARM_FOP_CMEQ:
        holds = order == QH_FP_EQUAL;
        break;
    case ARM_FOP_CMGE:
    case ARM_FOP_ACGE:
        holds = order == QH_FP_GREATER || order == QH_FP_EQUAL;
        break;
    case ARM_FOP_CMLE:
        holds = order == QH_FP_LESS || order == QH_FP_EQUAL;
        break;
    case ARM_FOP_CMLT:
        holds = order == QH_FP_LESS;
        break;
    default:
        holds = order == QH_FP_GREATER;
        break;
    }
    return holds ? f->sign | (f->sign - 1) : 0;
}

/* J1.3, FPCompare: NZCV. */
static uint64_t
compare(const ArmCpu *cpu, uint32_t word, uint64_t a, uint64_t b, QhFpStatus *status)
{
    static const uint8_t nzcv[] = {
        [QH_FP_LESS] = 8, [QH_FP_EQUAL] = 6, [QH_FP_GREATER] = 2, [QH_FP_UNORDERED] = 3};

    return nzcv[service(cpu)->compare(arm_fp_service_format(format_of(word)), number(a), number(b),
                                      (word & ARM_FW_SIGNED) != 0, status)];
}

/* J1.3, FPRoundIntN: what does not fit becomes the smallest integer. */
static uint64_t
round_to_width(const ArmCpu *cpu, uint32_t word, uint32_t bits, uint64_t a, QhFpStatus *status)
{
    uint32_t format = format_of(word), from = arm_fp_service_format(format);
    QhFpStatus trial = *status;

    trial.flags = 0;
    service(cpu)->to_int(from, number(a), bits, TRUE, QH_FTO_ZERO_NAN, &trial);
    if (trial.flags & QH_FP_INVALID) {
        status->flags |= trial.flags;
        return format == ARM_FMT_S ? (bits == 32 ? 0xcf000000u : 0xdf000000u)
                                   : (bits == 32 ? UINT64_C(0xc1e) << 52 : UINT64_C(0xc3e) << 52);
    }
    return service(cpu)->round_to_int(from, number(a), TRUE, status).lo;
}

static uint64_t
to_int(const ArmCpu *cpu, uint32_t word, uint32_t bits, uint64_t a, QhFpStatus *status)
{
    uint32_t from = arm_fp_service_format(format_of(word));
    uint32_t fbits = word >> ARM_FW_FBITS_SHIFT & 127;
    gboolean is_signed = (word & ARM_FW_SIGNED) != 0;
    QhFpBits value = number(a);

    if (fbits != 0) { /* exact in binary128 */
        value = service(cpu)->convert(from, QH_FP_F128, value, status);
        from = QH_FP_F128;
        value = service(cpu)->op2(QH_FP_F128, QH_FP_MUL, value,
                                  (QhFpBits){0, QUAD_ONE + fbits * QUAD_EXPONENT}, status);
    }
    return service(cpu)->to_int(from, value, bits, is_signed, QH_FTO_ZERO_NAN, status);
}

/* @a has @bits bits. */
static uint64_t
from_int(const ArmCpu *cpu, uint32_t word, uint32_t bits, uint64_t a, QhFpStatus *status)
{
    uint32_t to = arm_fp_service_format(format_of(word));
    uint32_t fbits = word >> ARM_FW_FBITS_SHIFT & 127;
    gboolean is_signed = (word & ARM_FW_SIGNED) != 0;
    uint64_t value = is_signed ? (uint64_t)((int64_t)(a << (64 - bits)) >> (64 - bits)) : a;

    if (fbits == 0) {
        return service(cpu)->from_int(to, value, is_signed, status).lo;
    }
    QhFpBits quad = service(cpu)->from_int(QH_FP_F128, value, is_signed, status);
    return service(cpu)->convert(QH_FP_F128, to, scale_down(quad, fbits), status).lo;
}

static uint64_t unary(const ArmCpu *cpu, uint32_t word, uint64_t a, QhFpStatus *status)
{
    uint32_t format = format_of(word), from = arm_fp_service_format(format);

    switch (word & 0xff) {
    case ARM_FOP_SQRT:
        return service(cpu)->sqrt(from, number(a), status).lo;
    case ARM_FOP_RINT:
        return service(cpu)->round_to_int(from, number(a), (word & ARM_FW_SIGNED) != 0, status).lo;
    case ARM_FOP_RINT_32:
        return round_to_width(cpu, word, 32, a, status);
    case ARM_FOP_RINT_64:
        return round_to_width(cpu, word, 64, a, status);
    case ARM_FOP_RECPE:
        return arm_fp_recpe(cpu, format, a, status);
    case ARM_FOP_RSQRTE:
        return arm_fp_rsqrte(cpu, format, a, status);
    case ARM_FOP_RECPX:
        return arm_fp_recpx(cpu, format, a, status);
    case ARM_FOP_TO_INT:
        return to_int(cpu, word, arm_fp_bytes(format) * 8, a, status);
    case ARM_FOP_FROM_INT:
        return from_int(cpu, word, arm_fp_bytes(format) * 8, a, status);
    case ARM_FOP_URECPE:
        return arm_fp_urecpe((uint32_t)a);
    default:
        return arm_fp_ursqrte((uint32_t)a);
    }
}

/* Operations that service qh.fp has as they are. */
static gboolean plain_op2(uint32_t op, uint32_t *ret_op)
{
    static const uint8_t ops[] = {
        [ARM_FOP_ADD] = QH_FP_ADD,      [ARM_FOP_SUB] = QH_FP_SUB,
        [ARM_FOP_MUL] = QH_FP_MUL,      [ARM_FOP_DIV] = QH_FP_DIV,
        [ARM_FOP_MAX] = QH_FP_MAXIMUM,  [ARM_FOP_MIN] = QH_FP_MINIMUM,
        [ARM_FOP_MAXNM] = QH_FP_MAXNUM, [ARM_FOP_MINNM] = QH_FP_MINNUM,
    };

    *ret_op = op < G_N_ELEMENTS(ops) ? ops[op] : 0;
    return op < G_N_ELEMENTS(ops);
}

uint64_t arm_fp_element(
    const ArmCpu *cpu, uint32_t word, uint64_t a, uint64_t b, uint64_t c, QhFpStatus *status)
{
    static const uint8_t negations[] = {0, QH_FMA_NEG_PRODUCT,
                                        QH_FMA_NEG_PRODUCT | QH_FMA_NEG_ADDEND, QH_FMA_NEG_ADDEND};
    uint32_t op = word & 0xff, format = format_of(word), plain;
    uint64_t sign = formats[format].sign;

    set_rounding(word, status);
    if (plain_op2(op, &plain)) {
        return op2(cpu, format, plain, a, b, status);
    }
    if (op >= ARM_FOP_MLA && op <= ARM_FOP_NMLS) {
        return fused(cpu, format, negations[op - ARM_FOP_MLA], a, b, c, status);
    }
    if (op >= ARM_FOP_CMEQ && op <= ARM_FOP_CMLT) {
        return relation(cpu, word, a, word & ARM_FW_ZERO ? 0 : b, status);
    }
    switch (op) {
    case ARM_FOP_NMUL:
        return op2(cpu, format, QH_FP_MUL, a, b, status) ^ sign;
    case ARM_FOP_MULX:
        return multiply_x(cpu, format, a, b, status);
    case ARM_FOP_ABD:
        return op2(cpu, format, QH_FP_SUB, a, b, status) & ~sign;
    case ARM_FOP_RECPS:
        return recip_step(cpu, format, a, b, status);
    case ARM_FOP_RSQRTS:
        return sqrt_step(cpu, format, a, b, status);
    case ARM_FOP_COMPARE:
        return compare(cpu, word, a, word & ARM_FW_ZERO ? 0 : b, status);
    default:
        return unary(cpu, word, a, status);
    }
}

static uint64_t low_bits(uint32_t format, uint64_t value)
{
    uint64_t sign = formats[format].sign;

    return value & (sign | (sign - 1));
}

uint64_t arm_helper_fp_scalar(QhCpu *base, uint32_t word, uint64_t a, uint64_t b, uint64_t c)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t format = format_of(word);
    QhFpStatus status = arm_fp_begin(cpu, format);
    uint64_t result = arm_fp_element(cpu, word, low_bits(format, a), low_bits(format, b),
                                     low_bits(format, c), &status);

    arm_fp_end(cpu, format, &status);
    return result;
}

uint64_t arm_helper_fp_to_int(QhCpu *base, uint32_t word, uint64_t a)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t format = format_of(word);
    QhFpStatus status = arm_fp_begin(cpu, format);

    set_rounding(word, &status);
    uint64_t result = to_int(cpu, word, word & ARM_FW_WIDE ? 64 : 32, low_bits(format, a), &status);
    arm_fp_end(cpu, format, &status);
    return result;
}

uint64_t arm_helper_fp_from_int(QhCpu *base, uint32_t word, uint64_t a)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t format = format_of(word);
    QhFpStatus status = arm_fp_begin(cpu, format);
    uint64_t value = word & ARM_FW_WIDE ? a : (uint32_t)a;
    uint64_t result = from_int(cpu, word, word & ARM_FW_WIDE ? 64 : 32, value, &status);

    arm_fp_end(cpu, format, &status);
    return result;
}
