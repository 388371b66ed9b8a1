/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels of Advanced SIMD helpers. An operation is an expression of a (an element of Vn), b (of
 * Vm) and c (of the old Vd), from which the macros make a loop for each element size. Loops always
 * run over 128 bits: operands are 0 beyond what the form has, so that nothing saturates there, and
 * the result is cut.
 */
#ifndef ARM_HELPER_SIMD_H
#define ARM_HELPER_SIMD_H

#include "modules/arm/cpu.h"
#include "modules/arm/helper.h"

#include <string.h>

G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN); /* elements are accessed where they are */

typedef unsigned __int128 SimdBits;

/* Registers are read and written whole: loads wait for stores of other widths. */
typedef uint64_t SimdWords __attribute__((vector_size(16)));

typedef union SimdV {
    uint8_t u8[16];
    int8_t s8[16];
    uint16_t u16[8];
    int16_t s16[8];
    uint32_t u32[4];
    int32_t s32[4];
    uint64_t u64[2];
    int64_t s64[2];
    SimdBits bits;
    SimdWords words;
} SimdV;

/* One instruction under execution. */
typedef struct SimdRun {
    SimdV a, b, c, r;
    ArmCpu *cpu;
    uint32_t insn;
    uint32_t size;      /* log2 of an element's bytes */
    uint32_t by;        /* amount of a shift */
    uint32_t saturated; /* FPSR.QC is to be set */
    SimdWords mask;     /* the bits that the form has */
} SimdRun;

typedef void SimdKernel(SimdRun *v);

#define SIMD_RD(insn) ((insn)&31u)
#define SIMD_RN(insn) ((insn) >> 5 & 31u)
#define SIMD_RM(insn) ((insn) >> 16 & 31u)
#define SIMD_Q(insn)  ((insn) >> 30 & 1u)
#define SIMD_U(insn)  ((insn) >> 29 & 1u)
/* Bit 28 of all scalar forms. */
#define SIMD_IS_SCALAR(insn) ((insn) >> 28 & 1u)

static inline SimdWords simd_get(const ArmCpu *cpu, uint32_t reg)
{
    SimdWords words;

    memcpy(&words, &cpu->v[reg], sizeof(words));
    return words;
}

static inline void simd_set(ArmCpu *cpu, uint32_t reg, SimdWords words)
{
    memcpy(&cpu->v[reg], &words, sizeof(words));
}

/* Operands of @insn with elements of 1 << @size bytes, as far as the form goes. */
static inline SimdRun simd_begin(QhCpu *cpu, uint32_t insn, uint32_t size)
{
    ArmCpu *arm = (ArmCpu *)cpu;
    SimdRun v = {.cpu = arm, .insn = insn, .size = size};

    v.mask = (SimdWords){SIMD_IS_SCALAR(insn) ? UINT64_MAX >> (64 - (8u << size)) : UINT64_MAX,
                         SIMD_Q(insn) && !SIMD_IS_SCALAR(insn) ? UINT64_MAX : 0};
    v.a.words = simd_get(arm, SIMD_RN(insn)) & v.mask;
    v.b.words = simd_get(arm, SIMD_RM(insn)) & v.mask;
    v.c.words = simd_get(arm, SIMD_RD(insn)) & v.mask;
    return v;
}

static inline void simd_end(const SimdRun *v)
{
    simd_set(v->cpu, SIMD_RD(v->insn), v->r.words & v->mask);
    if (v->saturated) {
        v->cpu->fpsr_qc |= 1u << 27;
    }
}

/* Types by letter and bits, and wider ones in which no sum or product of two elements overflows. */
typedef int8_t SimdS8;
typedef int16_t SimdS16;
typedef int32_t SimdS32;
typedef int64_t SimdS64;
typedef uint8_t SimdU8;
typedef uint16_t SimdU16;
typedef uint32_t SimdU32;
typedef uint64_t SimdU64;
typedef int32_t SimdW8;
typedef int64_t SimdW16;
typedef int64_t SimdW32;
typedef __int128 SimdW64;

#define SIMD_MAX_s(bits, W) ((((W)1) << ((bits)-1)) - 1)
#define SIMD_MIN_s(bits, W) (-SIMD_MAX_s(bits, W) - 1)
#define SIMD_MAX_u(bits, W) ((((W)1) << (bits)) - 1)
#define SIMD_MIN_u(bits, W) ((W)0)

/* from, to: s or u */
#define SIMD_LOOP(bits, from, to, value)                                                           \
    do {                                                                                           \
        typedef SimdW##bits W;                                                                     \
        typedef SimdS##bits G_GNUC_UNUSED S;                                                       \
        typedef SimdU##bits G_GNUC_UNUSED U;                                                       \
        enum { N = bits };                                                                         \
        for (uint32_t i = 0; i < 128 / bits; i++) {                                                \
            W a = v->a.from##bits[i], b = v->b.from##bits[i], c = v->c.to##bits[i];                \
            (void)a, (void)b, (void)c, (void)N;                                                    \
            v->r.u##bits[i] = (U)(value);                                                          \
        }                                                                                          \
    } while (0)

#define SIMD_SATURATE(bits, from, to, value)                                                       \
    do {                                                                                           \
        typedef SimdW##bits W;                                                                     \
        typedef SimdS##bits G_GNUC_UNUSED S;                                                       \
        typedef SimdU##bits G_GNUC_UNUSED U;                                                       \
        enum { N = bits };                                                                         \
        U off = 0;                                                                                 \
        for (uint32_t i = 0; i < 128 / bits; i++) {                                                \
            W a = v->a.from##bits[i], b = v->b.from##bits[i], c = v->c.to##bits[i];                \
            (void)a, (void)b, (void)c, (void)N;                                                    \
            W exact = (value), near = exact;                                                       \
            near = near > SIMD_MAX_##to(bits, W) ? SIMD_MAX_##to(bits, W) : near;                  \
            near = near < SIMD_MIN_##to(bits, W) ? SIMD_MIN_##to(bits, W) : near;                  \
            off |= near != exact;                                                                  \
            v->r.u##bits[i] = (U)near;                                                             \
        }                                                                                          \
        v->saturated |= off;                                                                       \
    } while (0)

#define SIMD_KERNEL(name, loop, from, to, value)                                                   \
    static void name(SimdRun *v)                                                                   \
    {                                                                                              \
        switch (v->size) {                                                                         \
        case 0:                                                                                    \
            loop(8, from, to, value);                                                              \
            break;                                                                                 \
        case 1:                                                                                    \
            loop(16, from, to, value);                                                             \
            break;                                                                                 \
        case 2:                                                                                    \
            loop(32, from, to, value);                                                             \
            break;                                                                                 \
        default:                                                                                   \
            loop(64, from, to, value);                                                             \
            break;                                                                                 \
        }                                                                                          \
    }

/* @value shifted left by @by, or right if that is negative, rounding if @round says so. What goes
 * out at the top of an element of @width bits is kept, as far as saturation needs it. */
static inline __int128 simd_shift(__int128 value, int32_t by, int32_t width, gboolean round)
{
    if (by >= width) {
        return value > 0 ? (__int128)1 << 100 : value < 0 ? -((__int128)1 << 100) : 0;
    }
    if (by >= 0) {
        return value << by;
    }
    if (by < -width) {
        return round || value >= 0 ? 0 : -1;
    }
    return (value + (round ? (__int128)1 << (-by - 1) : 0)) >> -by;
}

/* By element: v->b's elements all become the one that the instruction names (helper-simd.c). */
void arm_simd_spread(SimdRun *v);
/* SQDMLAL, SQDMLSL, SQDMULL, of three registers or by @element (helper-simd-long.c). */
void arm_simd_double_long(QhCpu *cpu, uint32_t insn, gboolean element);

#endif
