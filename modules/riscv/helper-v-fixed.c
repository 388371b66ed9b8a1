/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels of integer operations that look at active elements only: those that saturate, because
 * they set vxsat (Unpriv. V, 31.12), and reductions (31.14). The words of the expressions are those
 * of helper-v-int.c.
 */
#include "modules/riscv/vector.h"

#define TABLE(name, k8, k16, k32, k64) RvVKernel *const rv_v_##name[4] = {k8, k16, k32, k64};

#define KERNEL(name, t, bits, twice, at, bt, value)                                                \
    static void name(RvVec *v, void *dp, const void *ap, const void *bp, const void *cp,           \
                     uint32_t n)                                                                   \
    {                                                                                              \
        typedef Rv##t##twice W;                                                                    \
        Rv##t##bits *to = dp;                                                                      \
        const Rv##at *from_a = ap;                                                                 \
        const Rv##bt *from_b = bp;                                                                 \
        enum { N = bits };                                                                         \
        (void)cp, (void)N;                                                                         \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            if (v->active == NULL || v->active[i]) {                                               \
                W a = (W)from_a[i], b = (W)from_b[i];                                              \
                to[i] = saturate_##t##bits(v, (W)(value));                                         \
            }                                                                                      \
        }                                                                                          \
    }

/* @value as one of @bits bits; out of range it is the nearest, and vxsat is set. */
#define SATURATE_U(bits, twice)                                                                    \
    static inline RvU##bits saturate_U##bits(RvVec *v, RvU##twice value)                           \
    {                                                                                              \
        if (value > (RvU##bits) - 1) {                                                             \
            v->cpu->vxsat = 1;                                                                     \
            return (RvU##bits) - 1;                                                                \
        }                                                                                          \
        return (RvU##bits)value;                                                                   \
    }
#define SATURATE_S(bits, twice)                                                                    \
    static inline RvS##bits saturate_S##bits(RvVec *v, RvS##twice value)                           \
    {                                                                                              \
        RvS##twice top = (RvS##bits)((RvU##bits) - 1 >> 1);                                        \
        if (value > top || value < -top - 1) {                                                     \
            v->cpu->vxsat = 1;                                                                     \
            return (RvS##bits)(value < 0 ? -top - 1 : top);                                        \
        }                                                                                          \
        return (RvS##bits)value;                                                                   \
    }
SATURATE_U(8, 16)
SATURATE_U(16, 32)
SATURATE_U(32, 64)
SATURATE_U(64, 128)
SATURATE_S(8, 16)
SATURATE_S(16, 32)
SATURATE_S(32, 64)
SATURATE_S(64, 128)

#define SAME(name, t, value)                                                                       \
    KERNEL(name##_8, t, 8, 16, t##8, t##8, value)                                                  \
    KERNEL(name##_16, t, 16, 32, t##16, t##16, value)                                              \
    KERNEL(name##_32, t, 32, 64, t##32, t##32, value)                                              \
    KERNEL(name##_64, t, 64, 128, t##64, t##64, value)                                             \
    TABLE(name, name##_8, name##_16, name##_32, name##_64)

/* value >> shift, rounded as vxrm says (Unpriv. V, 31.3.8); 0 <= shift < 64. */
static inline RvS128 rounded(const RvVec *v, RvS128 value, uint32_t shift)
{
    uint64_t rest = (uint64_t)value & ((UINT64_C(1) << shift) - 1);
    uint64_t half = shift == 0 ? 0 : UINT64_C(1) << (shift - 1);
    RvS128 result = value >> shift;

    switch (v->cpu->vxrm) {
    case 0: /* to nearest, up */
        return result + (half != 0 && rest >= half);
    case 1: /* to nearest even */
        return result + (half != 0 && (rest > half || (rest == half && (result & 1))));
    case 2: /* down */
        return result;
    default: /* odd */
        return rest != 0 ? result | 1 : result;
    }
}

SAME(vsaddu, U, a + b)
SAME(vsadd, S, a + b)
SAME(vssub, S, a - b)
SAME(vsmul, S, rounded(v, (RvS128)a *b, N - 1))

/* The other bound. */
#define UNDER(bits)                                                                                \
    static void vssubu_##bits(RvVec *v, void *dp, const void *ap, const void *bp, const void *cp,  \
                              uint32_t n)                                                          \
    {                                                                                              \
        RvU##bits *to = dp;                                                                        \
        const RvU##bits *a = ap, *b = bp;                                                          \
        (void)cp;                                                                                  \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            if (v->active == NULL || v->active[i]) {                                               \
                v->cpu->vxsat |= a[i] < b[i];                                                      \
                to[i] = (RvU##bits)(a[i] < b[i] ? 0 : a[i] - b[i]);                                \
            }                                                                                      \
        }                                                                                          \
    }
UNDER(8)
UNDER(16)
UNDER(32)
UNDER(64)
TABLE(vssubu, vssubu_8, vssubu_16, vssubu_32, vssubu_64)

#define NARROWER(name, t, value)                                                                   \
    KERNEL(name##_8, t, 8, 16, t##16, U8, value)                                                   \
    KERNEL(name##_16, t, 16, 32, t##32, U16, value)                                                \
    KERNEL(name##_32, t, 32, 64, t##64, U32, value)                                                \
    TABLE(name, name##_8, name##_16, name##_32, NULL)

NARROWER(vnclipu, U, rounded(v, (RvS128)a, (uint32_t)(b &(2 * N - 1))))
NARROWER(vnclip, S, rounded(v, a, (uint32_t)(b &(2 * N - 1))))

/* Reductions: x is the value so far, a the element. */
#define REDUCE(name, X, A, value)                                                                  \
    static void name(RvVec *v, void *dp, const void *ap, const void *bp, const void *cp,           \
                     uint32_t n)                                                                   \
    {                                                                                              \
        const Rv##A *from = ap;                                                                    \
        Rv##X x = *(const Rv##X *)bp;                                                              \
        (void)cp;                                                                                  \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            if (v->active == NULL || v->active[i]) {                                               \
                Rv##A a = from[i];                                                                 \
                x = (Rv##X)(value);                                                                \
            }                                                                                      \
        }                                                                                          \
        *(Rv##X *)dp = x;                                                                          \
    }
#define REDUCES(name, t, value)                                                                    \
    REDUCE(name##_8, t##8, t##8, value)                                                            \
    REDUCE(name##_16, t##16, t##16, value)                                                         \
    REDUCE(name##_32, t##32, t##32, value)                                                         \
    REDUCE(name##_64, t##64, t##64, value)                                                         \
    TABLE(name, name##_8, name##_16, name##_32, name##_64)

REDUCES(vredsum, U, x + a)
REDUCES(vredmaxu, U, a > x ? a : x)
REDUCES(vredmax, S, a > x ? a : x)
REDUCES(vredminu, U, a < x ? a : x)
REDUCES(vredmin, S, a < x ? a : x)
REDUCES(vredand, U, x &a)
REDUCES(vredor, U, x | a)
REDUCES(vredxor, U, x ^ a)

REDUCE(vwredsumu_8, U16, U8, x + a)
REDUCE(vwredsumu_16, U32, U16, x + a)
REDUCE(vwredsumu_32, U64, U32, x + a)
TABLE(vwredsumu, vwredsumu_8, vwredsumu_16, vwredsumu_32, NULL)
REDUCE(vwredsum_8, U16, S8, x + (uint16_t)a)
REDUCE(vwredsum_16, U32, S16, x + (uint32_t)a)
REDUCE(vwredsum_32, U64, S32, x + (uint64_t)a)
TABLE(vwredsum, vwredsum_8, vwredsum_16, vwredsum_32, NULL)
