/* SPDX-License-Identifier: MIT */
/*
 * The intermediate representation: data, not calls. A translator fills an array of fixed 16-byte
 * records; the host validates them, then interprets or compiles them.
 *
 * - The value that a record produces is named by the record's index.
 * - A value lives until the next label: what must live longer goes through a state slot or a local.
 * - The last record of a block is a terminal (attribute TERMINAL). One may also stand before the
 * end; then the next record is a label: a conditional branch is brc, exit_pc, label, exit_pc.
 * - Branches go forward or backward to a `label` record; a backward branch is a poll point: the
 *   block may be left there, with the pc of the instruction that the label belongs to.
 * - A label stands at the start of an instruction (the next record but nop and label is its
 *   insn_start), or all branches to it are in its own instruction.
 * - Operations never have undefined results: each says what the odd cases give.
 *
 * The operations stand in ir-ops.def; numbers are never used again. Inline emitters are in
 * ir-emit.h.
 */
#ifndef QH_ABI_IR_H
#define QH_ABI_IR_H

#include "abi/base.h"

typedef struct QhIrRecord {
    uint16_t op;   /* QH_IR_... */
    uint8_t type;  /* QH_TYPE_... of the result, or of the value operated on */
    uint8_t flags; /* per operation */
    uint32_t a, b, c;
} QhIrRecord;

#define QH_OP(name, number, types, a, b, c, attrs) QH_IR_##name = (number),
enum {
#include "abi/ir-ops.def"
};
#undef QH_OP

/* Attributes in ir-ops.def */
#define QH_IR_A_VALUE    (1u << 0) /* produces a value of the record's type */
#define QH_IR_A_BOOL     (1u << 1) /* produces a b1; type is the operands' */
#define QH_IR_A_TERMINAL (1u << 2) /* ends a block */
#define QH_IR_A_FAULT    (1u << 3) /* may enter an exception: pc and state are exact there */
#define QH_IR_A_FLAGS    (1u << 4) /* may raise sticky FP flags */

/* flags of shl shr sar: what a count >= width gives */
#define QH_SHIFT_MASK     0u /* the count is taken modulo the width */
#define QH_SHIFT_SATURATE 1u /* 0, or the sign for sar */

/* flags of divu divs remu rems: x/0, and the smallest number / -1 */
#define QH_DIV_RISCV 0u /* x/0 = all ones, x%0 = x; min/-1 = min, min%-1 = 0 (RISC-V M, 13.2) */
#define QH_DIV_ARM   1u /* x/0 = 0, x%0 = x; min/-1 = min, min%-1 = 0 (Arm A64 SDIV) */

/* flags of cmp */
#define QH_COND_EQ  0u
#define QH_COND_NE  1u
#define QH_COND_LT  2u /* signed */
#define QH_COND_GE  3u
#define QH_COND_LE  4u
#define QH_COND_GT  5u
#define QH_COND_LTU 6u
#define QH_COND_GEU 7u
#define QH_COND_LEU 8u
#define QH_COND_GTU 9u

/* flags of fcmp: condition in bits 0-2; an unordered pair gives 0 (1 for UNORDERED) */
#define QH_FCOND_EQ        0u
#define QH_FCOND_LT        1u
#define QH_FCOND_LE        2u
#define QH_FCOND_UNORDERED 3u
#define QH_FCMP_SIGNALING  (1u << 3) /* a quiet NaN raises invalid, too */

/* rounding, in bits 0-2 of the flags of FP arithmetic and conversions */
#define QH_ROUND_NEAREST_EVEN 0u
#define QH_ROUND_ZERO         1u
#define QH_ROUND_DOWN         2u
#define QH_ROUND_UP           3u
#define QH_ROUND_NEAREST_AWAY 4u
#define QH_ROUND_ODD          5u

/* sticky flags, QhCpu.fp_flags and fp_flags_get */
#define QH_FP_INEXACT   1u
#define QH_FP_UNDERFLOW 2u
#define QH_FP_OVERFLOW  4u
#define QH_FP_DIVZERO   8u
#define QH_FP_INVALID   16u
#define QH_FP_DENORMAL  32u /* a subnormal operand counted as zero; of service qh.fp only */

/* flags of ffma, bits 3 and 4 */
#define QH_FMA_NEG_PRODUCT (1u << 3)
#define QH_FMA_NEG_ADDEND  (1u << 4)

/* flags of fmin fmax */
#define QH_FMINMAX_NUMBER 0u /* minimumNumber: a number wins over a NaN (IEEE 754-2019 9.6) */
#define QH_FMINMAX_NAN    1u /* minimum: NaN wins */
#define QH_FMINMAX_X86    2u /* the second operand on NaN or equality */
#define QH_FMINMAX_NUM    3u /* minNum: a quiet NaN loses, a signalling one makes a NaN (754-2008) */

/* flags of fto_s fto_u, bits 3 and 4: what NaN and out-of-range give */
#define QH_FTO_SATURATE   (0u << 3) /* nearest bound; NaN gives the largest (RISC-V F, 11.7) */
#define QH_FTO_ZERO_NAN   (1u << 3) /* nearest bound; NaN gives 0 (Arm) */
#define QH_FTO_INDEFINITE (2u << 3) /* the integer with only the top bit set (x86) */

/* flags of call, atomic_rmw's kind */
#define QH_RMW_ADD  0u
#define QH_RMW_AND  1u
#define QH_RMW_OR   2u
#define QH_RMW_XOR  3u
#define QH_RMW_SWAP 4u
#define QH_RMW_MIN  5u /* signed */
#define QH_RMW_MAX  6u
#define QH_RMW_MINU 7u
#define QH_RMW_MAXU 8u

/* memop word: how memory is accessed */
#define QH_MEM_8               0u /* bits 0-2: log2 of the bytes */
#define QH_MEM_16              1u
#define QH_MEM_32              2u
#define QH_MEM_64              3u
#define QH_MEM_128             4u
#define QH_MEM_SIZE_MASK       7u
#define QH_MEM_SIGNED          (1u << 3) /* a load narrower than its type is sign-extended */
#define QH_MEM_BE              (1u << 4)
#define QH_MEM_ALIGN_NONE      (0u << 5) /* bits 5-6 */
#define QH_MEM_ALIGN           (1u << 5) /* natural alignment or QH_FAULT_ALIGN */
#define QH_MEM_ALIGN_MASK      (3u << 5)
#define QH_MEM_ACQUIRE         (1u << 7)
#define QH_MEM_RELEASE         (1u << 8)
#define QH_MEM_SEQ             (QH_MEM_ACQUIRE | QH_MEM_RELEASE)
#define QH_MEM_ATOMIC_NONE     (0u << 9) /* bits 9-10: single-copy atomicity when naturally aligned */
#define QH_MEM_ATOMIC_BYTE     (1u << 9)             /* none at all */
#define QH_MEM_AS_WRITE        (1u << 11)            /* a load that faults as a write would */
#define QH_MEM_INDEX(i)        ((uint32_t)(i) << 16) /* MMU index 0..15 */
#define QH_MEM_INDEX_OF(memop) (((memop) >> 16) & 15u)

/* a of fence: which earlier accesses are ordered before which later ones */
#define QH_FENCE_RR  1u
#define QH_FENCE_RW  2u
#define QH_FENCE_WR  4u
#define QH_FENCE_WW  8u
#define QH_FENCE_ALL 15u

/* flags of the exits: what kind of transfer it is, a hint for return prediction */
#define QH_EXIT_JUMP 0u
#define QH_EXIT_CALL 1u /* the return address is the end of this block */
#define QH_EXIT_RET  2u

/* flags of setflags: how the condition codes follow from a, b and the result c, which is a + b for
 * ADD and a - b for SUB and SUB_NB */
#define QH_CC_ADD    0u
#define QH_CC_SUB    1u /* carry = borrow (x86) */
#define QH_CC_SUB_NB 2u /* carry = not borrow (Arm) */
#define QH_CC_ADC    3u
#define QH_CC_SBC    4u
#define QH_CC_LOGIC  5u
#define QH_CC_INC    6u
#define QH_CC_DEC    7u
#define QH_CC_SHL    8u
#define QH_CC_SHR    9u
#define QH_CC_SAR    10u
#define QH_CC_MUL    11u
#define QH_CC_CMPS   12u /* s390x: 0 equal, 1 a < b, 2 a > b, signed */
#define QH_CC_CMPU   13u /* the same, unsigned */
#define QH_CC_TEST   14u
/* The flags themselves in a: bit 0 V, 1 C, 2 Z, 3 N, 4 P, 5 A; CC2 is bits 0-1. b and c say
 * nothing. */
#define QH_CC_BITS 15u
/* flags of flag: which one to read as a b1; CC2 gives an i32 0..3 */
#define QH_FLAG_Z   0u
#define QH_FLAG_N   1u
#define QH_FLAG_C   2u
#define QH_FLAG_V   3u
#define QH_FLAG_P   4u
#define QH_FLAG_A   5u
#define QH_FLAG_CC2 6u
/* what comparisons ask of several */
#define QH_FLAG_HI  8u  /* C and not Z */
#define QH_FLAG_GE  9u  /* N equals V */
#define QH_FLAG_GT  10u /* N equals V, and not Z */
#define QH_FLAG_NOT 16u /* and this bit: the opposite */

/* lane size of vector operations, in bits 0-1 of flags: log2 of the bytes */
#define QH_LANE_8  0u
#define QH_LANE_16 1u
#define QH_LANE_32 2u
#define QH_LANE_64 3u
/* vmin vmax vshr vcmp_gt vsatadd vsatsub vextract vwiden_* vmul_even vmulh vshift */
#define QH_LANE_SIGNED (1u << 2)

/* flags of vaes (FIPS 197, chapter 5) */
#define QH_AES_SUB         0u /* ShiftRows, SubBytes */
#define QH_AES_INV_SUB     1u /* InvShiftRows, InvSubBytes */
#define QH_AES_MIX         2u /* MixColumns */
#define QH_AES_INV_MIX     3u /* InvMixColumns */
#define QH_AES_SUB_MIX     4u /* SUB, then MIX */
#define QH_AES_INV_SUB_MIX 5u /* INV_SUB, then INV_MIX */

/* flags of vectors of numbers: bits 0-1 QH_LANE_32 or _64, bits 2-4 rounding, bits 5-7 by
 * operation (vfwiden and vfnarrow: lanes are those of the operand) */
#define QH_VF_ROUND(rounding) ((uint32_t)(rounding) << 2)
#define QH_VF_OTHER(flags)    ((uint32_t)(flags) << 5)
/* ... vffma: 1 negates the product, 2 the addend; vfmin vfmax: QH_FMINMAX_; vfto_*: 0 to 2 for
 * QH_FTO_SATURATE ...; vfround: 1 raises inexact; vfcmp: QH_FCOND_, and 4 for signaling */

#endif
