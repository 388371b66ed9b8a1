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
    v.mask = SIMD_IS_SCALAR(insn) ? UINT64_MAX >> (64 - wide) : ~(SimdBits)0;
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

void arm_helper_simd_load_three(QhCpu *cpu, uint32_t insn, SimdBits a, SimdBits b, SimdBits c)
{
    ArmCpu *arm = (ArmCpu *)cpu;
    uint32_t bytes = 1u << (insn >> 10 & 3u), n = SIMD_Q(insn) ? 16 : 8;
    uint8_t from[48];
    SimdV to[3] = {{.bits = 0}, {.bits = 0}, {.bits = 0}};

    memcpy(from, &a, 16);
    memcpy(from + 16, &b, 16);
    memcpy(from + 32, &c, 16);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t element = i / bytes, byte = i % bytes;
        for (uint32_t k = 0; k < 3; k++) {
            to[k].u8[i] = from[(3 * element + k) * bytes + byte];
        }
    }
    for (uint32_t k = 0; k < 3; k++) {
        arm->v[(SIMD_RD(insn) + k) & 31u] = to[k].bits;
    }
}

/* Part @part, of 16 bytes, of what ST3 stores. */
SimdBits arm_helper_simd_store_three(QhCpu *cpu, uint32_t insn, uint32_t part)
{
    ArmCpu *arm = (ArmCpu *)cpu;
    uint32_t bytes = 1u << (insn >> 10 & 3u), n = SIMD_Q(insn) ? 48 : 24;
    SimdV from[3], to = {.bits = 0};

    for (uint32_t k = 0; k < 3; k++) {
        from[k].bits = arm->v[(SIMD_RD(insn) + k) & 31u];
    }
    for (uint32_t i = 0; i < 16 && part * 16 + i < n; i++) {
        uint32_t at = part * 16 + i, element = at / bytes;
        to.u8[i] = from[element % 3].u8[element / 3 * bytes + at % bytes];
    }
    return to.bits;
}
