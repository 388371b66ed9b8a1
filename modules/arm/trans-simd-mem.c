/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores of structures (Arm C4.1.94). LD1 and ST1 are accesses of whole registers;
 * structures of two and four are taken apart and put together by zipping, those of three by
 * helpers. Big-endian data, and alignment checks, which look at elements, go element by element.
 */
#include "modules/arm/trans-simd.h"

static gboolean is_load(const ArmDis *d)
{
    return (d->insn >> 22 & 1u) != 0;
}

static QhValue plus(ArmDis *d, QhValue base, uint32_t offset)
{
    return offset == 0 ? base
                       : qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, base, arm_const(d, offset));
}

/* Post-index: by Xm, or by the bytes that were transferred. */
static void
advance(ArmDis *d, uint32_t post, uint32_t rn, uint32_t rm, QhValue base, uint32_t bytes)
{
    QhValue next;

    if (post) {
        next = rm == 31 ? plus(d, base, bytes)
                        : qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, base, arm_get_x(d, rm));
        if (rn == 31) {
            arm_set_sp(d, next, rm == 31 && bytes % 16 == 0);
        } else {
            arm_set_x(d, rn, next);
        }
    }
}

static QhValue load(ArmDis *d, uint32_t size, QhValue base, uint32_t offset)
{
    return qh_ir_load(d->block, size == QH_MEM_128 ? QH_TYPE_V128 : QH_TYPE_I64,
                      plus(d, base, offset), d->mem | size);
}

static void store(ArmDis *d, uint32_t size, QhValue base, uint32_t offset, QhValue value)
{
    qh_ir_store(d->block, size == QH_MEM_128 ? QH_TYPE_V128 : QH_TYPE_I64, plus(d, base, offset),
                d->mem | size, value);
}

static QhValue insert(ArmDis *d, uint32_t lane, QhValue vector, QhValue value, uint32_t index)
{
    return qh_ir(d->block, QH_IR_vinsert, QH_TYPE_V128, lane, vector, value, index);
}

static QhValue extract(ArmDis *d, uint32_t lane, uint32_t reg, uint32_t index)
{
    return qh_ir(d->block, QH_IR_vextract, QH_TYPE_I64, lane, arm_get_v(d, reg), index, 0);
}

/* Whether accesses may be wider than elements. */
static gboolean whole(const ArmDis *d)
{
    return (d->mem & (QH_MEM_BE | QH_MEM_ALIGN_MASK)) == 0;
}

/* What an instruction transfers: regs registers of which elems make a structure. */
typedef struct Shape {
    uint32_t regs, elems;
    uint32_t q, lane, rt;
    uint32_t each; /* bytes of a register */
} Shape;

static gboolean shape_of(const ArmDis *d, const ArmArgSimdMem *a, Shape *ret)
{
    static const struct {
        uint8_t regs, elems;
    } shapes[16] = {
        [0] = {4, 4},
          [2] = {4, 1},
          [4] = {3, 3},
          [6] = {3, 1},
        [7] = {1, 1},
          [8] = {2, 2},
          [10] = {2, 1}
    };
    uint32_t opcode = d->insn >> 12 & 15u;

    *ret = (Shape){.regs = shapes[opcode].regs,
                   .elems = shapes[opcode].elems,
                   .q = a->q,
                   .lane = a->size,
                   .rt = a->rt,
                   .each = a->q ? 16 : 8};
    return a->size != QH_LANE_64 || a->q || ret->elems == 1;
}

static uint32_t reg_of(const Shape *shape, uint32_t i)
{
    return (shape->rt + i) & 31u;
}

/* --- Element by element --- */

static void load_elements(ArmDis *d, const Shape *shape, QhValue base)
{
    uint32_t n = shape->each >> shape->lane, offset = 0;
    QhValue values[4];

    for (uint32_t i = 0; i < shape->regs; i++) {
        values[i] = v_const(d, 0);
    }
    for (uint32_t first = 0; first < shape->regs; first += shape->elems) {
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t k = first; k < first + shape->elems; k++) {
                QhValue element = load(d, shape->lane, base, offset);
                values[k] = insert(d, shape->lane, values[k], element, i);
                offset += 1u << shape->lane;
            }
        }
    }
    for (uint32_t i = 0; i < shape->regs; i++) {
        arm_set_v(d, reg_of(shape, i), values[i]);
    }
}

static void store_elements(ArmDis *d, const Shape *shape, QhValue base)
{
    uint32_t n = shape->each >> shape->lane, offset = 0;

    for (uint32_t first = 0; first < shape->regs; first += shape->elems) {
        for (uint32_t i = 0; i < n; i++) {
            for (uint32_t k = first; k < first + shape->elems; k++) {
                store(d, shape->lane, base, offset, extract(d, shape->lane, reg_of(shape, k), i));
                offset += 1u << shape->lane;
            }
        }
    }
}

/* --- Registers --- */

static void load_registers(ArmDis *d, const Shape *shape, QhValue base)
{
    QhValue values[4];

    for (uint32_t i = 0; i < shape->regs; i++) {
        values[i] = load(d, shape->q ? QH_MEM_128 : QH_MEM_64, base, i * shape->each);
    }
    for (uint32_t i = 0; i < shape->regs; i++) {
        if (shape->q) {
            arm_set_v(d, reg_of(shape, i), values[i]);
        } else {
            arm_set_v64(d, reg_of(shape, i), values[i]);
        }
    }
}

static void store_registers(ArmDis *d, const Shape *shape, QhValue base)
{
    for (uint32_t i = 0; i < shape->regs; i++) {
        if (shape->q) {
            store(d, QH_MEM_128, base, i * shape->each, arm_get_v(d, reg_of(shape, i)));
        } else {
            store(d, QH_MEM_64, base, i * shape->each, arm_get_v64(d, reg_of(shape, i)));
        }
    }
}

/* --- Structures of two and four --- */

static QhValue unzip(ArmDis *d, const Shape *shape, gboolean odd, QhValue a, QhValue b)
{
    return v_2(d, odd ? QH_IR_vunzip_odd : QH_IR_vunzip_even, shape->lane, a, b);
}

/* Of 64-bit registers there is half as much; the values' upper halves are dropped at the end. */
static void load_zipped(ArmDis *d, const Shape *shape, QhValue base)
{
    uint32_t n = shape->regs * shape->each / 16;
    QhValue from[4], to[4];

    for (uint32_t i = 0; i < n; i++) {
        from[i] = load(d, QH_MEM_128, base, 16 * i);
    }
    if (shape->regs == 2) {
        to[0] = unzip(d, shape, FALSE, from[0], from[n - 1]);
        to[1] = unzip(d, shape, TRUE, from[0], from[n - 1]);
    } else {
        /* members 0 and 2 are even, in two steps; with 64-bit registers one step has them all */
        QhValue even[2], odd[2];
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t low = n == 4 ? 2 * i : 0, high = n == 4 ? 2 * i + 1 : 1;
            even[i] = unzip(d, shape, FALSE, from[low], from[high]);
            odd[i] = unzip(d, shape, TRUE, from[low], from[high]);
        }
        to[0] = unzip(d, shape, FALSE, even[0], even[1]);
        to[1] = unzip(d, shape, FALSE, odd[0], odd[1]);
        to[2] = unzip(d, shape, TRUE, even[0], even[1]);
        to[3] = unzip(d, shape, TRUE, odd[0], odd[1]);
    }
    for (uint32_t i = 0; i < shape->regs; i++) {
        simd_put(d, shape->q, reg_of(shape, i), to[i]);
    }
}

static QhValue zip(ArmDis *d, const Shape *shape, gboolean high, QhValue a, QhValue b)
{
    return v_2(d, high ? QH_IR_vzip_hi : QH_IR_vzip_lo, shape->lane, a, b);
}

static void store_zipped(ArmDis *d, const Shape *shape, QhValue base)
{
    uint32_t n = shape->regs * shape->each / 16;
    QhValue from[4], to[4];

    for (uint32_t i = 0; i < shape->regs; i++) {
        from[i] = arm_get_v(d, reg_of(shape, i));
    }
    if (shape->regs == 2) {
        for (uint32_t i = 0; i < n; i++) {
            to[i] = zip(d, shape, i, from[0], from[1]);
        }
    } else {
        for (uint32_t half = 0; half < n / 2; half++) {
            QhValue even = zip(d, shape, half, from[0], from[2]);
            QhValue odd = zip(d, shape, half, from[1], from[3]);
            to[2 * half] = zip(d, shape, FALSE, even, odd);
            to[2 * half + 1] = zip(d, shape, TRUE, even, odd);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        store(d, QH_MEM_128, base, 16 * i, to[i]);
    }
}

/* --- Structures of three --- */

/* The registers get what is in memory, of 24 bytes the last 8 in the second one; then a helper puts
 * it in order. */
static void load_three(ArmDis *d, const Shape *shape, QhValue base)
{
    QhValue insn = arm_const32(d, d->insn), first = load(d, QH_MEM_128, base, 0);
    QhValue second = load(d, shape->q ? QH_MEM_128 : QH_MEM_64, base, 16);
    QhValue third = shape->q ? load(d, QH_MEM_128, base, 32) : v_const(d, 0);

    arm_set_v(d, reg_of(shape, 0), first);
    if (shape->q) {
        arm_set_v(d, reg_of(shape, 1), second);
    } else {
        arm_set_v64(d, reg_of(shape, 1), second);
    }
    arm_set_v(d, reg_of(shape, 2), third);
    arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(simd_load_three), 1, &insn);
    for (uint32_t i = 0; i < 3; i++) {
        d->v[reg_of(shape, i)] = (ArmVValues){0};
    }
}

static void store_three(ArmDis *d, const Shape *shape, QhValue base)
{
    QhValue args[2], value;

    args[0] = arm_const32(d, d->insn);
    for (uint32_t i = 0; i < (shape->q ? 3u : 2u); i++) {
        args[1] = arm_const32(d, i);
        value = arm_call(d, QH_TYPE_V128, ARM_HELPER_ID(simd_store_three), 2, args);
        if (i == 1 && !shape->q) {
            store(d, QH_MEM_64, base, 16, qh_ir_1(d->block, QH_IR_low64, QH_TYPE_I64, value));
        } else {
            store(d, QH_MEM_128, base, 16 * i, value);
        }
    }
}

static void load_multiple(ArmDis *d, const Shape *shape, QhValue base)
{
    if (!whole(d)) {
        load_elements(d, shape, base);
    } else if (shape->elems == 1) {
        load_registers(d, shape, base);
    } else if (shape->elems == 3) {
        load_three(d, shape, base);
    } else {
        load_zipped(d, shape, base);
    }
}

static void store_multiple(ArmDis *d, const Shape *shape, QhValue base)
{
    if (!whole(d)) {
        store_elements(d, shape, base);
    } else if (shape->elems == 1) {
        store_registers(d, shape, base);
    } else if (shape->elems == 3) {
        store_three(d, shape, base);
    } else {
        store_zipped(d, shape, base);
    }
}

gboolean arm_trans_simd_mem(ArmDis *d, const ArmArgSimdMem *a)
{
    QhValue base;
    Shape shape;

    if (!shape_of(d, a, &shape)) {
        return FALSE;
    }
    if (!arm_fp_access(d)) {
        return TRUE;
    }
    base = arm_base(d, a->rn);
    if (is_load(d)) {
        load_multiple(d, &shape, base);
    } else {
        store_multiple(d, &shape, base);
    }
    advance(d, a->post, a->rn, a->rm, base, shape.regs * shape.each);
    return TRUE;
}

/* --- One structure --- */

static uint32_t members(const ArmDis *d)
{
    return 1 + (d->insn >> 21 & 1u) + 2 * (d->insn >> 13 & 1u);
}

gboolean arm_trans_simd_one(ArmDis *d, const ArmArgSimdOne *a)
{
    uint32_t n = members(d), bytes = 1u << a->size;
    QhValue base, values[4];

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    base = arm_base(d, a->rn);
    for (uint32_t i = 0; i < n; i++) {
        if (is_load(d)) {
            values[i] = load(d, a->size, base, i * bytes);
        } else {
            store(d, a->size, base, i * bytes, extract(d, a->size, (a->rt + i) & 31u, a->index));
        }
    }
    for (uint32_t i = 0; is_load(d) && i < n; i++) {
        uint32_t rt = (a->rt + i) & 31u;
        arm_set_v(d, rt, insert(d, a->size, arm_get_v(d, rt), values[i], a->index));
    }
    advance(d, a->post, a->rn, a->rm, base, n * bytes);
    return TRUE;
}

gboolean arm_trans_simd_replicate(ArmDis *d, const ArmArgSimdMem *a)
{
    uint32_t n = members(d), bytes = 1u << a->size;
    QhValue base, values[4];

    if (!arm_fp_access(d)) {
        return TRUE;
    }
    base = arm_base(d, a->rn);
    for (uint32_t i = 0; i < n; i++) {
        values[i] = load(d, a->size, base, i * bytes);
    }
    for (uint32_t i = 0; i < n; i++) {
        simd_put(d, a->q, (a->rt + i) & 31u, v_1(d, QH_IR_vdup, a->size, values[i]));
    }
    advance(d, a->post, a->rn, a->rm, base, n * bytes);
    return TRUE;
}
