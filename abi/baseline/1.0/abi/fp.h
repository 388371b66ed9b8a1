/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_FP_H
#define QH_ABI_FP_H

#include "abi/ir.h"

typedef struct QhFpStatus {
    uint8_t rounding;
    uint8_t nan_rule;
    uint8_t tininess_before_rounding;
    uint8_t flush_inputs;
    uint8_t flush_results;
    uint8_t pad[3];
    uint32_t flags;
} QhFpStatus;

#define QH_FP_F16  0u
#define QH_FP_F32  1u
#define QH_FP_F64  2u
#define QH_FP_F128 3u
#define QH_FP_BF16 4u

#define QH_FP_ADD     0u
#define QH_FP_SUB     1u
#define QH_FP_MUL     2u
#define QH_FP_DIV     3u
#define QH_FP_MIN     4u
#define QH_FP_MAX     5u
#define QH_FP_MINIMUM 6u
#define QH_FP_MAXIMUM 7u
#define QH_FP_REM     8u
#define QH_FP_MINNUM  9u
#define QH_FP_MAXNUM  10u
#define QH_FP_MIN_X86 11u
#define QH_FP_MAX_X86 12u

#define QH_FP_LESS      0u
#define QH_FP_EQUAL     1u
#define QH_FP_GREATER   2u
#define QH_FP_UNORDERED 3u

typedef struct QhFpBits {
    uint64_t lo, hi;
} QhFpBits;

typedef struct QhFpService {
    uint32_t size;
    uint32_t reserved;
    QhFpBits (*op2)(uint32_t format, uint32_t op, QhFpBits a, QhFpBits b, QhFpStatus *status);
    QhFpBits (*sqrt)(uint32_t format, QhFpBits a, QhFpStatus *status);

    QhFpBits (*fma)(
        uint32_t format, uint32_t negate, QhFpBits a, QhFpBits b, QhFpBits c, QhFpStatus *status);

    uint32_t (*compare)(
        uint32_t format, QhFpBits a, QhFpBits b, gboolean signaling, QhFpStatus *status);
    QhFpBits (*convert)(uint32_t from, uint32_t to, QhFpBits a, QhFpStatus *status);
    QhFpBits (*round_to_int)(uint32_t format,
                             QhFpBits a,
                             gboolean raise_inexact,
                             QhFpStatus *status);
    QhFpBits (*from_int)(uint32_t format, uint64_t value, gboolean is_signed, QhFpStatus *status);

    uint64_t (*to_int)(uint32_t format,
                       QhFpBits a,
                       uint32_t bits,
                       gboolean is_signed,
                       uint32_t rule,
                       QhFpStatus *status);
} QhFpService;

#endif
