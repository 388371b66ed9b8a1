/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advanced SIMD instructions whose result has other elements than their operands: doubled long
 * products, dot products, matrices, polynomials, structures of three (Arm C7.2). */
#include "modules/arm/helper-simd.h"

#include <string.h>

/* --- SQDMLAL, SQDMLSL, SQDMULL --- */

static int64_t element_s(const SimdV *v, uint32_t i, uint32_t size)
{
    return size == 1 ? v->s16[i] : size == 2 ? v->s32[i] : v->s64[i];
}

static int64_t saturate(SimdRun *v, __int128 value, uint32_t width)
{
    __int128 max = ((__int128)1 << (width - 1)) - 1;
    __int128 near = value > max ? max : value < -max - 1 ? -max - 1 : value;

    v->saturated |= near != value;
    return (int64_t)near;
}

/* The product saturates, and so does the sum. Bits 15-12 are 3, 9: add; 7, 11: subtract. */
void arm_simd_double_long(QhCpu *cpu, uint32_t insn, gboolean element)
{
    ArmCpu *arm = (ArmCpu *)cpu;
    uint32_t size = insn >> 22 & 3u, opcode = insn >> 12 & 15u, wide = 16u << size;
    uint32_t n = SIMD_IS_SCALAR(insn) ? 1 : 64 / (8u << size);
    uint32_t first = !SIMD_IS_SCALAR(insn) && SIMD_Q(insn) ? n : 0;
    gboolean add = element ? opcode == 3 : opcode == 9;
    gboolean subtract = element ? opcode == 7 : opcode == 11;
    SimdRun v = {.cpu = arm, .insn = insn, .size = size};

    v.a.bits = arm->v[SIMD_RN(insn)];
    v.b.bits = arm->v[SIMD_RM(insn)];
    v.c.bits = arm->v[SIMD_RD(insn)];
    v.mask = SIMD_IS_SCALAR(insn) ? (SimdWords){UINT64_MAX >> (64 - wide), 0}
                                  : (SimdWords){UINT64_MAX, UINT64_MAX};
    if (element) {
        arm_simd_spread(&v);
    }
    for (uint32_t i = 0; i < n; i++) {
        __int128 a = element_s(&v.a, first + i, size), b = element_s(&v.b, first + i, size);
        __int128 value = saturate(&v, 2 * a * b, wide);
        if (add || subtract) {
            __int128 old = element_s(&v.c, i, size + 1);
            value = saturate(&v, add ? old + value : old - value, wide);
        }
        if (size == 1) {
            v.r.s32[i] = (int32_t)value;
        } else {
            v.r.s64[i] = (int64_t)value;
        }
    }
    simd_end(&v);
}

void arm_helper_simd_different_qc(QhCpu *cpu, uint32_t insn)
{
    arm_simd_double_long(cpu, insn, FALSE);
}

/* --- Products of matrices of bytes (FEAT_I8MM) --- */

/* Two rows of eight times two rows of eight. */
static void matrix(SimdRun *v, gboolean a_signed, gboolean b_signed)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t sum = v->c.u32[i], row = 8 * (i / 2), column = 8 * (i % 2);
        for (uint32_t k = 0; k < 8; k++) {
            int32_t a = a_signed ? v->a.s8[row + k] : v->a.u8[row + k];
            int32_t b = b_signed ? v->b.s8[column + k] : v->b.u8[column + k];
            sum += (uint32_t)(a * b);
        }
        v->r.u32[i] = sum;
    }
}

/* Bits 14-11: 4 SMMLA, UMMLA; 5 USMMLA. */
void arm_helper_simd_matrix(QhCpu *cpu, uint32_t insn)
{
    SimdRun v = simd_begin(cpu, insn, 2);
    gboolean mixed = (insn >> 11 & 15u) == 5;

    matrix(&v, !SIMD_U(insn) && !mixed, !SIMD_U(insn));
    simd_end(&v);
}

/* --- Polynomials of 8 bits --- */

void arm_helper_simd_pmull(QhCpu *cpu, uint32_t insn)
{
    ArmCpu *arm = (ArmCpu *)cpu;
    uint32_t first = SIMD_Q(insn) ? 8 : 0;
    SimdV a = {.bits = arm->v[SIMD_RN(insn)]}, b = {.bits = arm->v[SIMD_RM(insn)]}, r;

    for (uint32_t i = 0; i < 8; i++) {
        uint32_t product = 0;
        for (uint32_t k = 0; k < 8; k++) {
            product ^= b.u8[first + i] >> k & 1 ? (uint32_t)a.u8[first + i] << k : 0;
        }
        r.u16[i] = (uint16_t)product;
    }
    arm->v[SIMD_RD(insn)] = r.bits;
}

/* --- LD3, ST3 --- */

/* By element size: where byte i of 48 in memory is in three registers, one behind the other. */
static const uint8_t order_of_three[4][48] = {
    {0, 16, 32, 1,  17, 33, 2,  18, 34, 3,  19, 35, 4,  20, 36, 5,  21, 37, 6,  22, 38, 7,  23, 39,
     8, 24, 40, 9,  25, 41, 10, 26, 42, 11, 27, 43, 12, 28, 44, 13, 29, 45, 14, 30, 46, 15, 31, 47},
    {0, 1,  16, 17, 32, 33, 2,  3,  18, 19, 34, 35, 4,  5,  20, 21, 36, 37, 6,  7,  22, 23, 38, 39,
     8, 9,  24, 25, 40, 41, 10, 11, 26, 27, 42, 43, 12, 13, 28, 29, 44, 45, 14, 15, 30, 31, 46, 47},
    {0, 1,  2,  3,  16, 17, 18, 19, 32, 33, 34, 35, 4,  5,  6,  7,  20, 21, 22, 23, 36, 37, 38, 39,
     8, 9,  10, 11, 24, 25, 26, 27, 40, 41, 42, 43, 12, 13, 14, 15, 28, 29, 30, 31, 44, 45, 46, 47},
    {0, 1,  2,  3,  4,  5,  6,  7,  16, 17, 18, 19, 20, 21, 22, 23, 32, 33, 34, 35, 36, 37, 38, 39,
     8, 9,  10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31, 40, 41, 42, 43, 44, 45, 46, 47},
};

/* The registers are put in order. Of 64-bit ones the last 24 bytes are 0, and become the upper
 * halves. */
void arm_helper_simd_load_three(QhCpu *cpu, uint32_t insn)
{
    const uint8_t *order = order_of_three[insn >> 10 & 3u];
    unsigned __int128 *v = ((ArmCpu *)cpu)->v;
    uint8_t from[48], to[3][16];

    for (uint32_t k = 0; k < 3; k++) {
        memcpy(from + 16 * k, &v[(SIMD_RD(insn) + k) & 31u], 16);
    }
    for (uint32_t i = 0; i < 48; i++) {
        to[order[i] / 16][order[i] % 16] = from[i];
    }
    for (uint32_t k = 0; k < 3; k++) {
        memcpy(&v[(SIMD_RD(insn) + k) & 31u], to[k], 16);
    }
}

/* Part @part, of 16 bytes, of what ST3 stores. */
SimdBits arm_helper_simd_store_three(QhCpu *cpu, uint32_t insn, uint32_t part)
{
    const uint8_t *order = order_of_three[insn >> 10 & 3u] + 16 * part;
    uint8_t from[3][16];
    SimdV to;

    for (uint32_t k = 0; k < 3; k++) {
        memcpy(from[k], &((ArmCpu *)cpu)->v[(SIMD_RD(insn) + k) & 31u], 16);
    }
    for (uint32_t i = 0; i < 16; i++) {
        to.u8[i] = from[order[i] / 16][order[i] % 16];
    }
    return to.bits;
}
