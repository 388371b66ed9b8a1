/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advanced SIMD instructions of one element size that are no IR (Arm C7.2), by their opcode. */
#include "modules/arm/helper-simd.h"

/* --- Three same --- */

SIMD_KERNEL(srshl, SIMD_LOOP, s, s, simd_shift(a, (int8_t)b, N, TRUE))
SIMD_KERNEL(urshl, SIMD_LOOP, u, u, simd_shift(a, (int8_t)b, N, TRUE))
SIMD_KERNEL(sqadd, SIMD_SATURATE, s, s, a + b)
SIMD_KERNEL(uqadd, SIMD_SATURATE, u, u, a + b)
SIMD_KERNEL(sqsub, SIMD_SATURATE, s, s, a - b)
SIMD_KERNEL(uqsub, SIMD_SATURATE, u, u, a - b)

/* Shifts that saturate need 128 bits: an element of 64 may lose as many. */
#define SHIFT(bits, from, to, round)                                                               \
    for (uint32_t i = 0; i < 128 / bits; i++) {                                                    \
        __int128 exact = simd_shift(v->a.from##bits[i], v->b.s8[i * bits / 8], bits, round);       \
        __int128 near = MIN(exact, SIMD_MAX_##to(bits, __int128));                                 \
        near = MAX(near, SIMD_MIN_##to(bits, __int128));                                           \
        v->saturated |= near != exact;                                                             \
        v->r.u##bits[i] = (SimdU##bits)near;                                                       \
    }
SIMD_KERNEL(sqshl, SHIFT, s, s, FALSE)
SIMD_KERNEL(uqshl, SHIFT, u, u, FALSE)
SIMD_KERNEL(sqrshl, SHIFT, s, s, TRUE)
SIMD_KERNEL(uqrshl, SHIFT, u, u, TRUE)
#undef SHIFT

/* Halves of doubled products, of 16 and 32 bits only: (2ab) >> N without the doubling, which could
 * overflow. */
#define PRODUCTS(name, value)                                                                      \
    static void name(SimdRun *v)                                                                   \
    {                                                                                              \
        switch (v->size) {                                                                         \
        case 1:                                                                                    \
            SIMD_SATURATE(16, s, s, value);                                                        \
            break;                                                                                 \
        default:                                                                                   \
            SIMD_SATURATE(32, s, s, value);                                                        \
            break;                                                                                 \
        }                                                                                          \
    }
PRODUCTS(sqdmulh, (a * b) >> (N - 1))
PRODUCTS(sqrdmulh, (a * b + ((W)1 << (N - 2))) >> (N - 1))
PRODUCTS(sqrdmlah, (c * ((W)1 << (N - 1)) + a * b + ((W)1 << (N - 2))) >> (N - 1))
PRODUCTS(sqrdmlsh, (c * ((W)1 << (N - 1)) - a * b + ((W)1 << (N - 2))) >> (N - 1))
#undef PRODUCTS

/* Product of polynomials over {0, 1}, the low 8 bits. */
static void pmul(SimdRun *v)
{
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t product = 0;
        for (uint32_t k = 0; k < 8; k++) {
            product ^= v->b.u8[i] >> k & 1 ? (uint32_t)v->a.u8[i] << k : 0;
        }
        v->r.u8[i] = (uint8_t)product;
    }
}

/* By U and bits 15-11. */
static SimdKernel *const three_same[64] = {
    [0x01] = sqadd,   [0x05] = sqsub, [0x09] = sqshl,    [0x0a] = srshl, [0x0b] = sqrshl,
    [0x16] = sqdmulh, [0x21] = uqadd, [0x25] = uqsub,    [0x29] = uqshl, [0x2a] = urshl,
    [0x2b] = uqrshl,  [0x33] = pmul,  [0x36] = sqrdmulh,
};

static void three(QhCpu *cpu, uint32_t insn)
{
    SimdRun v = simd_begin(cpu, insn, insn >> 22 & 3u);

    three_same[SIMD_U(insn) << 5 | (insn >> 11 & 31u)](&v);
    simd_end(&v);
}

void arm_helper_simd_three(QhCpu *cpu, uint32_t insn)
{
    three(cpu, insn);
}

void arm_helper_simd_three_qc(QhCpu *cpu, uint32_t insn)
{
    three(cpu, insn);
}

void arm_helper_simd_extra_qc(QhCpu *cpu, uint32_t insn)
{
    SimdRun v = simd_begin(cpu, insn, insn >> 22 & 3u);

    if (insn & (1u << 11)) {
        sqrdmlsh(&v);
    } else {
        sqrdmlah(&v);
    }
    simd_end(&v);
}

/* --- Two registers --- */

/* A number's sign bits besides the first; its zeros from the top. */
static uint32_t clz(uint64_t value, uint32_t width)
{
    return value == 0 ? width : (uint32_t)__builtin_clzll(value) - (64 - width);
}

SIMD_KERNEL(cls, SIMD_LOOP, s, s, clz((U)(a < 0 ? ~a : a), N) - 1)
SIMD_KERNEL(clz_lanes, SIMD_LOOP, u, u, clz((U)a, N))
SIMD_KERNEL(sqabs, SIMD_SATURATE, s, s, a < 0 ? -a : a)
SIMD_KERNEL(sqneg, SIMD_SATURATE, s, s, -a)
SIMD_KERNEL(suqadd, SIMD_SATURATE, u, s, c + a)
SIMD_KERNEL(usqadd, SIMD_SATURATE, s, u, c + a)

static void rbit(SimdRun *v)
{
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t byte = v->a.u8[i];
        byte = (byte & 0x55) << 1 | (byte >> 1 & 0x55);
        byte = (byte & 0x33) << 2 | (byte >> 2 & 0x33);
        v->r.u8[i] = (uint8_t)(byte << 4 | byte >> 4);
    }
}

/* Narrowing: from elements of twice the width, shifted right by v->by and rounded by v->c, into
 * the lower half of the result. */
#define NARROW(bits, twice, W, from, to)                                                           \
    do {                                                                                           \
        W round = (W)v->c.u64[0];                                                                  \
        for (uint32_t i = 0; i < 64 / bits; i++) {                                                 \
            W exact = ((W)v->a.from##twice[i] + round) >> v->by, near = exact;                     \
            near = near > SIMD_MAX_##to(bits, W) ? SIMD_MAX_##to(bits, W) : near;                  \
            near = near < SIMD_MIN_##to(bits, W) ? SIMD_MIN_##to(bits, W) : near;                  \
            v->saturated |= near != exact;                                                         \
            v->r.u##bits[i] = (SimdU##bits)near;                                                   \
        }                                                                                          \
    } while (0)
#define NARROWS(name, from, to)                                                                    \
    static void name(SimdRun *v)                                                                   \
    {                                                                                              \
        switch (v->size) {                                                                         \
        case 0:                                                                                    \
            NARROW(8, 16, int32_t, from, to);                                                      \
            break;                                                                                 \
        case 1:                                                                                    \
            NARROW(16, 32, int64_t, from, to);                                                     \
            break;                                                                                 \
        default:                                                                                   \
            NARROW(32, 64, __int128, from, to);                                                    \
            break;                                                                                 \
        }                                                                                          \
    }
NARROWS(narrow_s, s, s)
NARROWS(narrow_u, u, u)
NARROWS(narrow_su, s, u)
#undef NARROW
#undef NARROWS

/* The lower half of the result goes to the lower half of Vd, or with Q to the upper one. */
static void
narrow(QhCpu *cpu, uint32_t insn, uint32_t size, SimdKernel *kernel, uint32_t by, gboolean round)
{
    ArmCpu *arm = (ArmCpu *)cpu;
    SimdRun v = {
        .cpu = arm, .insn = insn, .size = size, .by = by, .mask = {UINT64_MAX, 0}
    };
    SimdBits old = arm->v[SIMD_RD(insn)];

    v.a.bits = arm->v[SIMD_RN(insn)];
    if (SIMD_IS_SCALAR(insn)) {
        v.mask[0] >>= 64 - (8u << size);
        v.a.bits &= UINT64_MAX >> (64 - (16u << size));
    }
    v.c.u64[0] = round ? (uint64_t)1 << (by - 1) : 0;
    kernel(&v);
    simd_end(&v);
    if (!SIMD_IS_SCALAR(insn) && SIMD_Q(insn)) {
        arm->v[SIMD_RD(insn)] = (old & UINT64_MAX) | v.r.bits << 64;
    }
}

void arm_helper_simd_two(QhCpu *cpu, uint32_t insn)
{
    SimdRun v = simd_begin(cpu, insn, insn >> 22 & 3u);

    if ((insn >> 12 & 31u) == 5) { /* RBIT; its size field is 01 */
        rbit(&v);
    } else if (SIMD_U(insn)) {
        clz_lanes(&v);
    } else {
        cls(&v);
    }
    simd_end(&v);
}

void arm_helper_simd_two_qc(QhCpu *cpu, uint32_t insn)
{
    static SimdKernel *const narrows[] = {narrow_su, NULL, narrow_s, narrow_u};
    uint32_t opcode = insn >> 12 & 31u, size = insn >> 22 & 3u;
    SimdRun v;

    if (opcode >= 0x12) { /* SQXTUN 12, SQXTN and UQXTN 14 */
        narrow(cpu, insn, size, narrows[(opcode & 4u) >> 1 | (opcode == 0x14 && SIMD_U(insn))], 0,
               FALSE);
        return;
    }
    v = simd_begin(cpu, insn, size);
    if (opcode == 3) {
        (SIMD_U(insn) ? usqadd : suqadd)(&v);
    } else {
        (SIMD_U(insn) ? sqneg : sqabs)(&v);
    }
    simd_end(&v);
}

/* --- Shifts by an immediate --- */

SIMD_KERNEL(sqshl_by, SIMD_SATURATE, s, s, a *((W)1 << v->by))
SIMD_KERNEL(uqshl_by, SIMD_SATURATE, u, u, a *((W)1 << v->by))
SIMD_KERNEL(sqshlu_by, SIMD_SATURATE, s, u, a *((W)1 << v->by))

void arm_helper_simd_shift_qc(QhCpu *cpu, uint32_t insn)
{
    uint32_t size = 31u - (uint32_t)__builtin_clz(insn >> 19 & 15u), opcode = insn >> 11 & 31u;
    SimdRun v = simd_begin(cpu, insn, size);

    v.by = (insn >> 16 & 127u) - (8u << size);
    if (opcode == 0x0c) {
        sqshlu_by(&v);
    } else if (SIMD_U(insn)) {
        uqshl_by(&v);
    } else {
        sqshl_by(&v);
    }
    simd_end(&v);
}

/* SQSHRUN 10, SQRSHRUN 11, SQSHRN and UQSHRN 12, SQRSHRN and UQRSHRN 13. */
void arm_helper_simd_shift_narrow_qc(QhCpu *cpu, uint32_t insn)
{
    uint32_t size = 31u - (uint32_t)__builtin_clz(insn >> 19 & 15u), opcode = insn >> 11 & 31u;
    SimdKernel *kernel = opcode < 0x12 ? narrow_su : SIMD_U(insn) ? narrow_u : narrow_s;

    narrow(cpu, insn, size, kernel, (16u << size) - (insn >> 16 & 127u), opcode & 1u);
}

/* --- By element --- */

void arm_simd_spread(SimdRun *v)
{
    uint32_t hl = (v->insn >> 10 & 2u) | (v->insn >> 21 & 1u);
    SimdV m;

    if (v->size == 1) {
        m.bits = v->cpu->v[v->insn >> 16 & 15u];
        for (uint32_t i = 0; i < 8; i++) {
            v->b.u16[i] = m.u16[hl << 1 | (v->insn >> 20 & 1u)];
        }
    } else {
        m.bits = v->cpu->v[SIMD_RM(v->insn)];
        for (uint32_t i = 0; i < 4; i++) {
            v->b.u32[i] = m.u32[hl];
        }
    }
}

void arm_helper_simd_element_qc(QhCpu *cpu, uint32_t insn)
{
    SimdRun v = simd_begin(cpu, insn, insn >> 22 & 3u);

    switch (SIMD_U(insn) << 4 | (insn >> 12 & 15u)) {
    case 0x0c:
        arm_simd_spread(&v);
        sqdmulh(&v);
        break;
    case 0x0d:
        arm_simd_spread(&v);
        sqrdmulh(&v);
        break;
    case 0x1d:
        arm_simd_spread(&v);
        sqrdmlah(&v);
        break;
    case 0x1f:
        arm_simd_spread(&v);
        sqrdmlsh(&v);
        break;
    default: /* SQDMLAL, SQDMLSL, SQDMULL */
        arm_simd_double_long(cpu, insn, TRUE);
        return;
    }
    simd_end(&v);
}
