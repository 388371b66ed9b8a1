/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point by helpers: what translated code tells them. All that the IR has no operation for
 * goes there, and everything while FPCR asks for flushing or default NaNs. One function computes an
 * element of any operation in any format; scalar and vector helpers call it.
 */
#ifndef ARM_FP_H
#define ARM_FP_H

#include "abi/target.h"
#include "modules/arm/cpu.h"

/* Formats as the field `type` of scalar instructions has them (Arm C4.1.96). */
#define ARM_FMT_S 0u
#define ARM_FMT_D 1u
#define ARM_FMT_H 3u
/* Of fp_convert and fp_long besides: bfloat16, and single rounded to odd. */
#define ARM_FMT_BF  4u
#define ARM_FMT_ODD 5u

/* Operations on one, two or three elements. */
#define ARM_FOP_ADD      0u
#define ARM_FOP_SUB      1u
#define ARM_FOP_MUL      2u
#define ARM_FOP_DIV      3u
#define ARM_FOP_MAX      4u
#define ARM_FOP_MIN      5u
#define ARM_FOP_MAXNM    6u
#define ARM_FOP_MINNM    7u
#define ARM_FOP_NMUL     8u
#define ARM_FOP_MULX     9u
#define ARM_FOP_ABD      10u
#define ARM_FOP_RECPS    11u
#define ARM_FOP_RSQRTS   12u
#define ARM_FOP_CMEQ     13u /* all ones or zero */
#define ARM_FOP_CMGE     14u
#define ARM_FOP_CMGT     15u
#define ARM_FOP_ACGE     16u /* of magnitudes */
#define ARM_FOP_ACGT     17u
#define ARM_FOP_CMLE     18u /* a <= b, a < b */
#define ARM_FOP_CMLT     19u
#define ARM_FOP_COMPARE  20u /* NZCV; signed: a quiet NaN raises invalid, too */
#define ARM_FOP_MLA      21u /* c + a * b */
#define ARM_FOP_MLS      22u /* c - a * b */
#define ARM_FOP_NMLA     23u /* -c - a * b */
#define ARM_FOP_NMLS     24u /* -c + a * b */
#define ARM_FOP_SQRT     25u
#define ARM_FOP_RINT     26u /* signed: raises inexact */
#define ARM_FOP_RINT_32  27u /* to what fits in 32 bits (FEAT_FRINTTS) */
#define ARM_FOP_RINT_64  28u
#define ARM_FOP_RECPE    29u
#define ARM_FOP_RSQRTE   30u
#define ARM_FOP_RECPX    31u
#define ARM_FOP_TO_INT   32u /* to fixed point as wide as the element */
#define ARM_FOP_FROM_INT 33u
#define ARM_FOP_URECPE   34u
#define ARM_FOP_URSQRTE  35u

/* The word that says what is done: bits 0-7 operation, 8-9 format; then ... */
#define ARM_FW_ROUND_SHIFT       10u        /* bits 10-12: QH_ROUND_..., or ... */
#define ARM_FW_ROUND_FPCR        7u         /* ... as FPCR.RMode says */
#define ARM_FW_SIGNED            (1u << 13) /* of integers, and see above */
#define ARM_FW_FBITS_SHIFT       14u        /* bits 14-20: bits behind the point */
#define ARM_FW_WIDE              (1u << 21) /* fp_to_int, fp_from_int: the integer has 64 bits */
#define ARM_FW_ZERO              (1u << 22) /* the second operand is zero */
#define ARM_FW_SHAPE_SHIFT       24u        /* bits 24-26, of vectors: ... */
#define ARM_SHAPE_LANES          0u         /* element by element */
#define ARM_SHAPE_PAIRS          1u         /* of adjacent elements of n, then of m */
#define ARM_SHAPE_ELEMENT        2u         /* with one element of m */
#define ARM_SHAPE_SCALAR         3u         /* lane 0 only, the others become zero */
#define ARM_SHAPE_SCALAR_ELEMENT 4u         /* the same with one element of m */
#define ARM_SHAPE_PAIR           5u         /* scalar, of the two elements of n */
#define ARM_SHAPE_ACROSS         6u         /* all of n into one */

/* The word of registers: d, n, m in bits 0-4, 5-9, 10-14; index of an element in bits 16-19. */
#define ARM_FR_INDEX_SHIFT 16u
#define ARM_FR_Q           (1u << 20) /* 128 bits */
#define ARM_FR_SUBTRACT    (1u << 21) /* FMLSL */
#define ARM_FR_UPPER                                                                               \
    (1u << 22) /* FMLAL2, FCVTL2, ...: the upper half of the sources or the result */
#define ARM_FR_BY_ELEMENT (1u << 23)
#define ARM_FR_ROT_SHIFT  24u /* bits 24-25: rotation of FCMLA and FCADD */

static inline uint32_t arm_fp_word(uint32_t op, uint32_t format)
{
    return op | format << 8 | ARM_FW_ROUND_FPCR << ARM_FW_ROUND_SHIFT;
}

static inline uint32_t arm_fp_regs(uint32_t d, uint32_t n, uint32_t m)
{
    return d | n << 5 | m << 10;
}

/* QH_FP_F32 ... of an ARM_FP_; and its bytes. */
static inline uint32_t arm_fp_service_format(uint32_t format)
{
    return format == ARM_FMT_D ? QH_FP_F64 : format == ARM_FMT_H ? QH_FP_F16 : QH_FP_F32;
}

static inline uint32_t arm_fp_bytes(uint32_t format)
{
    return format == ARM_FMT_D ? 8 : format == ARM_FMT_H ? 2 : 4;
}

/* QH_ROUND_ of FPCR.RMode (Arm C5.2.8). */
static inline uint32_t arm_fp_rounding(uint32_t rmode)
{
    static const uint8_t modes[] = {QH_ROUND_NEAREST_EVEN, QH_ROUND_UP, QH_ROUND_DOWN,
                                    QH_ROUND_ZERO};

    return modes[rmode & 3];
}

#define ARM_FPCR_AHP      (1u << 26)
#define ARM_FPCR_DN       (1u << 25)
#define ARM_FPCR_FZ       (1u << 24)
#define ARM_FPCR_RM_SHIFT 22u
#define ARM_FPCR_FZ16     (1u << 19)

/* A helper's work on the floating-point state: begin, operations of service qh.fp, end. @format:
 * ARM_FP_, of the operands. */
QhFpStatus arm_fp_begin(const ArmCpu *cpu, uint32_t format);
void arm_fp_end(ArmCpu *cpu, uint32_t format, const QhFpStatus *status);
/* One element: @word as above, @a, @b and @c its operands as the operation says. (helper-fp.c) */
uint64_t arm_fp_element(
    const ArmCpu *cpu, uint32_t word, uint64_t a, uint64_t b, uint64_t c, QhFpStatus *status);
/* fp-estimate.c: FRECPE, FRSQRTE, FRECPX and, of integers, URECPE, URSQRTE. */
uint64_t arm_fp_recpe(const ArmCpu *cpu, uint32_t format, uint64_t a, QhFpStatus *status);
uint64_t arm_fp_rsqrte(const ArmCpu *cpu, uint32_t format, uint64_t a, QhFpStatus *status);
uint64_t arm_fp_recpx(const ArmCpu *cpu, uint32_t format, uint64_t a, QhFpStatus *status);
uint32_t arm_fp_urecpe(uint32_t a);
uint32_t arm_fp_ursqrte(uint32_t a);

#endif
