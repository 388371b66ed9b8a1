/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_IR_H
#define QH_ABI_IR_H

#include "abi/base.h"

typedef struct QhIrRecord {
    uint16_t op;
    uint8_t type;
    uint8_t flags;
    uint32_t a, b, c;
} QhIrRecord;

#define QH_OP(name, number, types, a, b, c, attrs) QH_IR_##name = (number),
enum {
#include "abi/ir-ops.def"
};
#undef QH_OP

#define QH_IR_A_VALUE    (1u << 0)
#define QH_IR_A_BOOL     (1u << 1)
#define QH_IR_A_TERMINAL (1u << 2)
#define QH_IR_A_FAULT    (1u << 3)
#define QH_IR_A_FLAGS    (1u << 4)

#define QH_SHIFT_MASK     0u
#define QH_SHIFT_SATURATE 1u

#define QH_DIV_RISCV 0u
#define QH_DIV_ARM   1u

#define QH_COND_EQ  0u
#define QH_COND_NE  1u
#define QH_COND_LT  2u
#define QH_COND_GE  3u
#define QH_COND_LE  4u
#define QH_COND_GT  5u
#define QH_COND_LTU 6u
#define QH_COND_GEU 7u
#define QH_COND_LEU 8u
#define QH_COND_GTU 9u

#define QH_FCOND_EQ        0u
#define QH_FCOND_LT        1u
#define QH_FCOND_LE        2u
#define QH_FCOND_UNORDERED 3u
#define QH_FCMP_SIGNALING  (1u << 3)

#define QH_ROUND_NEAREST_EVEN 0u
#define QH_ROUND_ZERO         1u
#define QH_ROUND_DOWN         2u
#define QH_ROUND_UP           3u
#define QH_ROUND_NEAREST_AWAY 4u
#define QH_ROUND_ODD          5u

#define QH_FP_INEXACT   1u
#define QH_FP_UNDERFLOW 2u
#define QH_FP_OVERFLOW  4u
#define QH_FP_DIVZERO   8u
#define QH_FP_INVALID   16u
#define QH_FP_DENORMAL  32u

#define QH_FMA_NEG_PRODUCT (1u << 3)
#define QH_FMA_NEG_ADDEND  (1u << 4)

#define QH_FMINMAX_NUMBER 0u
#define QH_FMINMAX_NAN    1u
#define QH_FMINMAX_X86    2u
#define QH_FMINMAX_NUM    3u

#define QH_FTO_SATURATE   (0u << 3)
#define QH_FTO_ZERO_NAN   (1u << 3)
#define QH_FTO_INDEFINITE (2u << 3)

#define QH_RMW_ADD  0u
#define QH_RMW_AND  1u
#define QH_RMW_OR   2u
#define QH_RMW_XOR  3u
#define QH_RMW_SWAP 4u
#define QH_RMW_MIN  5u
#define QH_RMW_MAX  6u
#define QH_RMW_MINU 7u
#define QH_RMW_MAXU 8u

#define QH_MEM_8               0u
#define QH_MEM_16              1u
#define QH_MEM_32              2u
#define QH_MEM_64              3u
#define QH_MEM_128             4u
#define QH_MEM_SIZE_MASK       7u
#define QH_MEM_SIGNED          (1u << 3)
#define QH_MEM_BE              (1u << 4)
#define QH_MEM_ALIGN_NONE      (0u << 5)
#define QH_MEM_ALIGN           (1u << 5)
#define QH_MEM_ALIGN_MASK      (3u << 5)
#define QH_MEM_ACQUIRE         (1u << 7)
#define QH_MEM_RELEASE         (1u << 8)
#define QH_MEM_SEQ             (QH_MEM_ACQUIRE | QH_MEM_RELEASE)
#define QH_MEM_ATOMIC_NONE     (0u << 9)
#define QH_MEM_ATOMIC_BYTE     (1u << 9)
#define QH_MEM_AS_WRITE        (1u << 11)
#define QH_MEM_INDEX(i)        ((uint32_t)(i) << 16)
#define QH_MEM_INDEX_OF(memop) (((memop) >> 16) & 15u)

#define QH_FENCE_RR  1u
#define QH_FENCE_RW  2u
#define QH_FENCE_WR  4u
#define QH_FENCE_WW  8u
#define QH_FENCE_ALL 15u

#define QH_EXIT_JUMP 0u
#define QH_EXIT_CALL 1u
#define QH_EXIT_RET  2u

#define QH_CC_ADD    0u
#define QH_CC_SUB    1u
#define QH_CC_SUB_NB 2u
#define QH_CC_ADC    3u
#define QH_CC_SBC    4u
#define QH_CC_LOGIC  5u
#define QH_CC_INC    6u
#define QH_CC_DEC    7u
#define QH_CC_SHL    8u
#define QH_CC_SHR    9u
#define QH_CC_SAR    10u
#define QH_CC_MUL    11u
#define QH_CC_CMPS   12u
#define QH_CC_CMPU   13u
#define QH_CC_TEST   14u

#define QH_CC_BITS 15u

#define QH_FLAG_Z   0u
#define QH_FLAG_N   1u
#define QH_FLAG_C   2u
#define QH_FLAG_V   3u
#define QH_FLAG_P   4u
#define QH_FLAG_A   5u
#define QH_FLAG_CC2 6u

#define QH_FLAG_HI  8u
#define QH_FLAG_GE  9u
#define QH_FLAG_GT  10u
#define QH_FLAG_NOT 16u

#define QH_LANE_8  0u
#define QH_LANE_16 1u
#define QH_LANE_32 2u
#define QH_LANE_64 3u

#define QH_LANE_SIGNED (1u << 2)

#define QH_AES_SUB         0u
#define QH_AES_INV_SUB     1u
#define QH_AES_MIX         2u
#define QH_AES_INV_MIX     3u
#define QH_AES_SUB_MIX     4u
#define QH_AES_INV_SUB_MIX 5u

#define QH_VF_ROUND(rounding) ((uint32_t)(rounding) << 2)
#define QH_VF_OTHER(flags)    ((uint32_t)(flags) << 5)

#endif
