/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the translators of Advanced SIMD share. They work on whole V registers: a form of 64 bits
 * computes 128 and drops the upper half. `lane` is the log2 of an element's bytes, as in the IR.
 */
#ifndef ARM_TRANS_SIMD_H
#define ARM_TRANS_SIMD_H

#include "modules/arm/translate.h"

/* q of scalar forms: one element, the rest 0 */
#define SIMD_SCALAR 2u

#define SIMD_U(d)     ((d)->insn >> 29 & 1u)
#define SIMD_SIGN(d)  (SIMD_U(d) ? 0u : QH_LANE_SIGNED)
#define SIMD_BITS(l)  (8u << (l))
#define SIMD_KNOWN(a) (((a)->sizes >> (a)->size & 1u) && ((a)->q != 0 || (a)->size != 3))

static inline QhValue v_1(ArmDis *d, uint32_t op, uint32_t lane, QhValue a)
{
    return qh_ir(d->block, op, QH_TYPE_V128, lane, a, 0, 0);
}

static inline QhValue v_2(ArmDis *d, uint32_t op, uint32_t lane, QhValue a, QhValue b)
{
    return qh_ir(d->block, op, QH_TYPE_V128, lane, a, b, 0);
}

/* (@mask & a) | (~@mask & b) */
static inline QhValue v_blend(ArmDis *d, QhValue mask, QhValue a, QhValue b)
{
    return qh_ir(d->block, QH_IR_vblend, QH_TYPE_V128, 0, mask, a, b);
}

/* Bytes from @byte on of @low, with @high above it. */
static inline QhValue v_ext(ArmDis *d, QhValue low, QhValue high, uint32_t byte)
{
    return qh_ir(d->block, QH_IR_vext, QH_TYPE_V128, 0, low, high, byte);
}

/* The same 64 bits in both halves; @value in every lane. */
static inline QhValue v_const(ArmDis *d, uint64_t bits)
{
    return qh_ir_const(d->block, QH_TYPE_V128, bits);
}
QhValue simd_lanes_const(ArmDis *d, uint32_t lane, uint64_t value);

/* Shifts by an immediate; a right shift may be by the whole width. */
static inline QhValue v_shl(ArmDis *d, uint32_t lane, QhValue a, uint32_t by)
{
    return by == 0 ? a : v_2(d, QH_IR_vshl, lane, a, by);
}
QhValue simd_shr(ArmDis *d, uint32_t lane, uint32_t sign, QhValue a, uint32_t by);
/* A right shift that rounds: the last bit that goes out is added. */
QhValue simd_rounded(ArmDis *d, uint32_t lane, uint32_t sign, QhValue n, uint32_t by);
/* The element of an instruction by element, in all lanes. */
QhValue simd_element(ArmDis *d, const ArmArgSimdE *a);

/* Lanes of half a register, the lower or by insn bit 30 the upper one, made twice as wide. */
static inline QhValue v_widen(ArmDis *d, uint32_t lane, uint32_t sign, QhValue a, uint32_t upper)
{
    return v_1(d, upper ? QH_IR_vwiden_hi : QH_IR_vwiden_lo, lane | sign, a);
}
/* Products, twice as wide, of the lanes of the lower or upper halves of @a and @b. */
QhValue simd_mull(ArmDis *d, uint32_t lane, uint32_t sign, QhValue a, QhValue b, uint32_t upper);

/* Write result @value of a form @q with elements of @lane; scalar ones only of 64 bits. */
static inline void simd_put(ArmDis *d, uint32_t q, uint32_t rd, QhValue value)
{
    arm_set_v(d, rd, q == 1 ? value : v_1(d, QH_IR_vlow, 0, value));
}
/* Write lanes of half a register in @value's lower half to rd's lower or, @q 1, its upper half. */
void simd_put_half(ArmDis *d, uint32_t q, uint32_t rd, QhValue value);

/* Let helper @helper execute the instruction; it writes V register @rd and no other. */
gboolean simd_call(ArmDis *d, uint32_t helper, uint32_t rd);

#endif
