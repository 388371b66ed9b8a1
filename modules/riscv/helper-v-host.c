/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floating point on the host's unit, where that gives the same bits and flags. The conditions: to
 * nearest even; operands normal numbers or zero, so that nothing is invalid; a result that is
 * normal and not the smallest one, so that there is neither overflow nor underflow; and inexact set
 * already, which leaves no flag to find out. Sums that are 0 are exact.
 */
#include <math.h>

#include "modules/riscv/vector-host.h"

#define DEFINE(type, bits_type, fraction, ones, fused, smallest, suffix)                           \
    static inline gboolean ordinary_##suffix(bits_type bits)                                       \
    {                                                                                              \
        bits_type exponent = bits >> fraction & ones;                                              \
        return exponent - 1 < ones - 1 || (bits_type)(bits << 1) == 0;                             \
    }                                                                                              \
    static inline gboolean good_##suffix(type x)                                                   \
    {                                                                                              \
        return fabs((double)x) > smallest && x - x == 0;                                           \
    }                                                                                              \
    static inline type number_##suffix(uint64_t bits)                                              \
    {                                                                                              \
        union {                                                                                    \
            bits_type bits;                                                                        \
            type number;                                                                           \
        } both = {.bits = (bits_type)bits};                                                        \
        return both.number;                                                                        \
    }                                                                                              \
    static inline uint64_t bits_##suffix(type x)                                                   \
    {                                                                                              \
        union {                                                                                    \
            type number;                                                                           \
            bits_type bits;                                                                        \
        } both = {.number = x};                                                                    \
        return both.bits;                                                                          \
    }                                                                                              \
    static gboolean op2_##suffix(uint32_t op, uint64_t a, uint64_t b, uint64_t *ret)               \
    {                                                                                              \
        type x = number_##suffix(a), y = number_##suffix(b), result;                               \
        if (!ordinary_##suffix((bits_type)a) || !ordinary_##suffix((bits_type)b)) {                \
            return FALSE;                                                                          \
        }                                                                                          \
        switch (op) {                                                                              \
        case QH_FP_ADD:                                                                            \
            result = x + y;                                                                        \
            break;                                                                                 \
        case QH_FP_SUB:                                                                            \
            result = x - y;                                                                        \
            break;                                                                                 \
        case QH_FP_MUL:                                                                            \
            result = x * y;                                                                        \
            break;                                                                                 \
        default:                                                                                   \
            if (y == 0) {                                                                          \
                return FALSE;                                                                      \
            }                                                                                      \
            result = x / y;                                                                        \
            break;                                                                                 \
        }                                                                                          \
        *ret = bits_##suffix(result);                                                              \
        return good_##suffix(result) || (result == 0 && op <= QH_FP_SUB);                          \
    }                                                                                              \
    static gboolean fma_##suffix(uint32_t negate, uint64_t a, uint64_t b, uint64_t c,              \
                                 uint64_t *ret)                                                    \
    {                                                                                              \
        type x = number_##suffix(a), y = number_##suffix(b), z = number_##suffix(c), result;       \
        if (!ordinary_##suffix((bits_type)a) || !ordinary_##suffix((bits_type)b) ||                \
            !ordinary_##suffix((bits_type)c)) {                                                    \
            return FALSE;                                                                          \
        }                                                                                          \
        result =                                                                                   \
            fused(negate & QH_FMA_NEG_PRODUCT ? -x : x, y, negate & QH_FMA_NEG_ADDEND ? -z : z);   \
        *ret = bits_##suffix(result);                                                              \
        return good_##suffix(result);                                                              \
    }

DEFINE(float, uint32_t, 23, 0xffu, fmaf, 0x1p-126, f32)
DEFINE(double, uint64_t, 52, 0x7ffu, fma, 0x1p-1022, f64)

gboolean rv_v_host_op2(uint32_t width, uint32_t op, uint64_t a, uint64_t b, uint64_t *ret)
{
    return width == 2 ? op2_f32(op, a, b, ret) : op2_f64(op, a, b, ret);
}

gboolean
rv_v_host_fma(uint32_t width, uint32_t negate, uint64_t a, uint64_t b, uint64_t c, uint64_t *ret)
{
    return width == 2 ? fma_f32(negate, a, b, c, ret) : fma_f64(negate, a, b, c, ret);
}
