/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels of integer and fixed-point operations (Unpriv. V, 31.11 and 31.12). Each is an expression
 * of a (vs2), b (vs1 or the scalar) and c (the old vd), which the macros make a loop of for each
 * width. In it D is the type of the result, S, U and W, UW the signed and unsigned types of the
 * operation's width and of twice that, P an unsigned type in which arithmetic does not promote to a
 * signed one.
 */
#include "modules/riscv/vector.h"

#ifdef __clang__
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
/* a loop that it cannot do, as divisions, is none that it was wanted for */
#pragma clang diagnostic ignored "-Wpass-failed"
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* Elements of a and d are the same or do not overlap: the driver sees to that. */
#define KERNEL(name, bits, twice, DT, AT, BT, value)                                               \
    static void name(RvVec *v, void *dp, const void *ap, const void *bp, const void *cp,           \
                     uint32_t n)                                                                   \
    {                                                                                              \
        typedef RvU##bits G_GNUC_UNUSED U;                                                         \
        typedef RvS##bits G_GNUC_UNUSED S;                                                         \
        typedef RvU##twice G_GNUC_UNUSED UW;                                                       \
        typedef RvS##twice G_GNUC_UNUSED W;                                                        \
        typedef P##bits G_GNUC_UNUSED P;                                                           \
        typedef DT D;                                                                              \
        enum { N = bits };                                                                         \
        D *to = dp;                                                                                \
        const AT *from_a = ap;                                                                     \
        const BT *from_b = bp;                                                                     \
        const D *from_c = cp;                                                                      \
        (void)v, (void)N, (void)from_c, (void)from_b;                                              \
        INDEPENDENT                                                                                \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            AT a = from_a[i];                                                                      \
            BT b = from_b[i];                                                                      \
            D c = from_c[i];                                                                       \
            (void)a, (void)b, (void)c;                                                             \
            to[i] = (D)(value);                                                                    \
        }                                                                                          \
    }

typedef uint32_t P8;
typedef uint32_t P16;
typedef uint32_t P32;
typedef uint64_t P64;

#define TABLE(name, k8, k16, k32, k64) RvVKernel *const rv_v_##name[4] = {k8, k16, k32, k64};

/* All operands of one width; t: U or S. */
#define SAME(name, t, value)                                                                       \
    KERNEL(name##_8, 8, 16, Rv##t##8, Rv##t##8, Rv##t##8, value)                                   \
    KERNEL(name##_16, 16, 32, Rv##t##16, Rv##t##16, Rv##t##16, value)                              \
    KERNEL(name##_32, 32, 64, Rv##t##32, Rv##t##32, Rv##t##32, value)                              \
    KERNEL(name##_64, 64, 128, Rv##t##64, Rv##t##64, Rv##t##64, value)                             \
    TABLE(name, name##_8, name##_16, name##_32, name##_64)

/* vs2 of another type than vs1. */
#define MIXED(name, at, bt, value)                                                                 \
    KERNEL(name##_8, 8, 16, RvU8, Rv##at##8, Rv##bt##8, value)                                     \
    KERNEL(name##_16, 16, 32, RvU16, Rv##at##16, Rv##bt##16, value)                                \
    KERNEL(name##_32, 32, 64, RvU32, Rv##at##32, Rv##bt##32, value)                                \
    KERNEL(name##_64, 64, 128, RvU64, Rv##at##64, Rv##bt##64, value)                               \
    TABLE(name, name##_8, name##_16, name##_32, name##_64)

/* The result has twice the width; computed in it. */
#define WIDER(name, at, bt, value)                                                                 \
    KERNEL(name##_8, 8, 16, RvU16, Rv##at##8, Rv##bt##8, value)                                    \
    KERNEL(name##_16, 16, 32, RvU32, Rv##at##16, Rv##bt##16, value)                                \
    KERNEL(name##_32, 32, 64, RvU64, Rv##at##32, Rv##bt##32, value)                                \
    TABLE(name, name##_8, name##_16, name##_32, NULL)

/* So have the result and vs2. */
#define WIDER_W(name, t, value)                                                                    \
    KERNEL(name##_8, 8, 16, RvU16, RvU16, Rv##t##8, value)                                         \
    KERNEL(name##_16, 16, 32, RvU32, RvU32, Rv##t##16, value)                                      \
    KERNEL(name##_32, 32, 64, RvU64, RvU64, Rv##t##32, value)                                      \
    TABLE(name, name##_8, name##_16, name##_32, NULL)

/* vs2 has twice the width. */
#define NARROWER(name, t, value)                                                                   \
    KERNEL(name##_8, 8, 16, RvU8, Rv##t##16, RvU8, value)                                          \
    KERNEL(name##_16, 16, 32, RvU16, Rv##t##32, RvU16, value)                                      \
    KERNEL(name##_32, 32, 64, RvU32, Rv##t##64, RvU32, value)                                      \
    TABLE(name, name##_8, name##_16, name##_32, NULL)

/* The result is a byte of 0 or 1. */
#define COMPARE(name, t, value)                                                                    \
    KERNEL(name##_8, 8, 16, RvU8, Rv##t##8, Rv##t##8, value)                                       \
    KERNEL(name##_16, 16, 32, RvU8, Rv##t##16, Rv##t##16, value)                                   \
    KERNEL(name##_32, 32, 64, RvU8, Rv##t##32, Rv##t##32, value)                                   \
    KERNEL(name##_64, 64, 128, RvU8, Rv##t##64, Rv##t##64, value)                                  \
    TABLE(name, name##_8, name##_16, name##_32, name##_64)

SAME(vadd, U, (P)a + (P)b)
SAME(vsub, U, (P)a - (P)b)
SAME(vrsub, U, (P)b - (P)a)
SAME(vand, U, a &b)
SAME(vor, U, a | b)
SAME(vxor, U, a ^ b)
SAME(vminu, U, a < b ? a : b)
SAME(vmin, S, a < b ? a : b)
SAME(vmaxu, U, a > b ? a : b)
SAME(vmax, S, a > b ? a : b)
SAME(vmul, U, (P)a *(P)b)
SAME(vmacc, U, (P)a *(P)b + (P)c)
SAME(vnmsac, U, (P)c - (P)a * (P)b)
SAME(vmadd, U, (P)c *(P)b + (P)a)
SAME(vnmsub, U, (P)a - (P)c * (P)b)
SAME(vmv_v, U, b)
SAME(vsll, U, (P)a << (b & (N - 1)))
SAME(vsrl, U, a >> (b & (N - 1)))
SAME(vsra, S, a >> (b & (N - 1)))
SAME(vmulhu, U, (UW)a *(UW)b >> N)
SAME(vmulh, S, (W)a *(W)b >> N)
MIXED(vmulhsu, S, U, (W)a *(W)b >> N)

/* Division by zero and the overflow as in M (Unpriv. M, "Division Operations"). */
SAME(vdivu, U, b == 0 ? (U)-1 : (U)(a / b))
SAME(vremu, U, b == 0 ? a : (U)(a % b))
SAME(vdiv, S, b == 0 ? (S)-1 : b == -1 ? (S) - (P)a : (S)(a / b))
SAME(vrem, S, b == 0 ? a : b == -1 ? 0 : (S)(a % b))

WIDER(vwaddu, U, U, (UW)a + (UW)b)
WIDER(vwadd, S, S, (W)a + (W)b)
WIDER(vwsubu, U, U, (UW)a - (UW)b)
WIDER(vwsub, S, S, (W)a - (W)b)
WIDER(vwmulu, U, U, (UW)((P)a *(UW)b))
WIDER(vwmul, S, S, (W)a *(W)b)
WIDER(vwmulsu, S, U, (W)a *(W)b)
WIDER(vwmaccu, U, U, c + (P)a * (UW)b)
WIDER(vwmacc, S, S, c + (UW)((W)a * (W)b))
WIDER(vwmaccsu, U, S, c + (UW)((W)a * (W)b)) /* signed vs1, unsigned vs2 */
WIDER(vwmaccus, S, U, c + (UW)((W)a * (W)b))
WIDER_W(vwaddu_w, U, a + (UW)b)
WIDER_W(vwadd_w, S, a + (UW)b)
WIDER_W(vwsubu_w, U, a - (UW)b)
WIDER_W(vwsub_w, S, a - (UW)b)
NARROWER(vnsrl, U, a >> (b & (2 * N - 1)))
NARROWER(vnsra, S, a >> (b & (2 * N - 1)))

#define EXTEND(name, t, to, twice, from)                                                           \
    KERNEL(name##_##to, to, twice, Rv##t##to, Rv##t##from, Rv##t##from, a)
#define EXTENDS(name, t)                                                                           \
    EXTEND(name##_vf2, t, 16, 32, 8)                                                               \
    EXTEND(name##_vf2, t, 32, 64, 16)                                                              \
    EXTEND(name##_vf2, t, 64, 128, 32)                                                             \
    EXTEND(name##_vf4, t, 32, 64, 8)                                                               \
    EXTEND(name##_vf4, t, 64, 128, 16)                                                             \
    EXTEND(name##_vf8, t, 64, 128, 8)                                                              \
    TABLE(name##_vf2, NULL, name##_vf2_16, name##_vf2_32, name##_vf2_64)                           \
    TABLE(name##_vf4, NULL, NULL, name##_vf4_32, name##_vf4_64)                                    \
    TABLE(name##_vf8, NULL, NULL, NULL, name##_vf8_64)
EXTENDS(vzext, U)
EXTENDS(vsext, S)

COMPARE(vmseq, U, a == b)
COMPARE(vmsne, U, a != b)
COMPARE(vmsltu, U, a < b)
COMPARE(vmslt, S, a < b)
COMPARE(vmsleu, U, a <= b)
COMPARE(vmsle, S, a <= b)
COMPARE(vmsgtu, U, a > b)
COMPARE(vmsgt, S, a > b)

/* With a byte of 0 or 1 for each element, c, as a further operand; all 0 if there are none. */
#define CARRY_KERNEL(name, bits, DT, value)                                                        \
    static void name(RvVec *v, void *dp, const void *ap, const void *bp, const void *cp,           \
                     uint32_t n)                                                                   \
    {                                                                                              \
        typedef DT D;                                                                              \
        typedef P##bits P;                                                                         \
        typedef RvU##bits U;                                                                       \
        D *to = dp;                                                                                \
        const U *from_a = ap;                                                                      \
        const U *from_b = bp;                                                                      \
        const uint8_t *from_c = cp;                                                                \
        (void)v;                                                                                   \
        INDEPENDENT                                                                                \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            U a = from_a[i], b = from_b[i];                                                        \
            P c = from_c != NULL ? from_c[i] : 0;                                                  \
            to[i] = (D)(value);                                                                    \
        }                                                                                          \
    }
#define WITH_CARRY(name, value)                                                                    \
    CARRY_KERNEL(name##_8, 8, RvU8, value)                                                         \
    CARRY_KERNEL(name##_16, 16, RvU16, value)                                                      \
    CARRY_KERNEL(name##_32, 32, RvU32, value)                                                      \
    CARRY_KERNEL(name##_64, 64, RvU64, value)                                                      \
    TABLE(name, name##_8, name##_16, name##_32, name##_64)
#define CARRY_OUT(name, value)                                                                     \
    CARRY_KERNEL(name##_8, 8, RvU8, value)                                                         \
    CARRY_KERNEL(name##_16, 16, RvU8, value)                                                       \
    CARRY_KERNEL(name##_32, 32, RvU8, value)                                                       \
    CARRY_KERNEL(name##_64, 64, RvU8, value)                                                       \
    TABLE(name, name##_8, name##_16, name##_32, name##_64)

WITH_CARRY(vadc, (P)a + b + c)
WITH_CARRY(vsbc, (P)a - b - c)
WITH_CARRY(vmerge, c ? b : a)
CARRY_OUT(vmadc, (U)((P)a + b + c) < a || ((U)((P)a + b + c) == a && c))
CARRY_OUT(vmsbc, a < b || (a == b && c))

/* Averages with the rounding of vxrm (Unpriv. V, 31.3.8), from one more bit than the elements have.
 */

/* What to add to v >> 1 for rounding mode @mode; @v has its bits 1 and 0. */
static inline uint32_t half_increment(uint32_t mode, uint32_t v)
{
    switch (mode) {
    case 0: /* to nearest, up */
        return v & 1;
    case 1: /* to nearest even */
        return v & 1 & (v >> 1);
    case 2: /* down */
        return 0;
    default: /* odd */
        return v & 1 & ~(v >> 1);
    }
}

#define HALF(sum) (((sum) >> 1) + (UW)half_increment(v->cpu->vxrm, (uint32_t)(sum)))
SAME(vaaddu, U, HALF((UW)a + (UW)b))
SAME(vaadd, S, HALF((W)a + (W)b))
SAME(vasubu, U, HALF((UW)a - (UW)b))
SAME(vasub, S, HALF((W)a - (W)b))

/* What to add to value >> shift (shift < 64). */
static inline uint32_t shift_increment(uint32_t mode, uint64_t value, uint32_t shift)
{
    uint64_t last, rest;

    if (shift == 0) {
        return 0;
    }
    last = value >> (shift - 1) & 1;
    rest = value & ((UINT64_C(1) << (shift - 1)) - 1);
    switch (mode) {
    case 0:
        return (uint32_t)last;
    case 1:
        return last & (uint32_t)(rest != 0 || (value >> shift & 1) != 0);
    case 2:
        return 0;
    default:
        return (last != 0 || rest != 0) && !(value >> shift & 1);
    }
}

#define SCALED(value, shift)                                                                       \
    (((value) >> (shift)) + shift_increment(v->cpu->vxrm, (uint64_t)(value), (uint32_t)(shift)))
SAME(vssrl, U, SCALED(a, b &(N - 1)))
SAME(vssra, S, SCALED(a, b &(N - 1)))

/* Bits (Unpriv. Zvkb, Zvbb, Zvbc). */

/* The bits of each byte in the opposite order. */
static inline uint64_t reverse_in_bytes(uint64_t x)
{
    x = (x >> 1 & UINT64_C(0x5555555555555555)) | (x & UINT64_C(0x5555555555555555)) << 1;
    x = (x >> 2 & UINT64_C(0x3333333333333333)) | (x & UINT64_C(0x3333333333333333)) << 2;
    return (x >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (x & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
}

static inline RvU128 carryless(uint64_t a, uint64_t b)
{
    RvU128 product = 0;

    for (uint32_t i = 0; i < 64; i++) {
        product ^= b >> i & 1 ? (RvU128)a << i : 0;
    }
    return product;
}

SAME(vandn, U, a & ~b)
SAME(vrol, U, (P)a << (b & (N - 1)) | a >> (-(P)b & (N - 1)))
SAME(vror, U, a >> (b & (N - 1)) | (P)a << (-(P)b & (N - 1)))
SAME(vbrev8, U, reverse_in_bytes(a))
SAME(vrev8, U, __builtin_bswap64(a) >> (64 - N))
SAME(vbrev, U, __builtin_bswap64(reverse_in_bytes(a)) >> (64 - N))
SAME(vclz, U, a == 0 ? N : __builtin_clzll(a) - (64 - N))
SAME(vctz, U, a == 0 ? N : __builtin_ctzll(a))
SAME(vcpop_v, U, __builtin_popcountll(a))
WIDER(vwsll, U, U, (UW)a << (b & (2 * N - 1)))
KERNEL(vclmul_64, 64, 128, RvU64, RvU64, RvU64, carryless(a, b))
TABLE(vclmul, NULL, NULL, NULL, vclmul_64)
KERNEL(vclmulh_64, 64, 128, RvU64, RvU64, RvU64, carryless(a, b) >> 64)
TABLE(vclmulh, NULL, NULL, NULL, vclmulh_64)
