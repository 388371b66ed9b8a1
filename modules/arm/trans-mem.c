/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores of single registers and of pairs: Arm C3.2.
 *
 * A base register that is written back is written after the access, which may fault; so where it is
 * the register transferred, too, which the manual leaves open, the address wins.
 */
#include "modules/arm/translate.h"

/* What an instruction accesses, from its size, V and opc. */
typedef struct Access {
    uint32_t size; /* QH_MEM_8 .. QH_MEM_128 */
    gboolean vector, load, sign;
    gboolean narrow; /* a sign-extended load into a W register */
} Access;

static Access access_of(uint32_t insn)
{
    uint32_t opc = (insn >> 22) & 3u;
    Access access = {.size = insn >> 30, .vector = (insn >> 26) & 1u};

    if (access.vector) {
        access.size |= (opc & 2u) << 1;
        access.load = opc & 1u;
    } else {
        access.load = opc != 0;
        access.sign = opc >= 2;
        access.narrow = opc == 3;
    }
    return access;
}

/* The value of V register @rt as it goes to memory, and its type. */
static QhValue vector_value(ArmDis *d, uint32_t size, uint32_t rt, uint32_t *ret_type)
{
    if (size == QH_MEM_128) {
        *ret_type = QH_TYPE_V128;
        return arm_get_v(d, rt);
    }
    if (size == QH_MEM_32) {
        *ret_type = QH_TYPE_F32;
        return arm_get_f32(d, rt);
    }
    if (size == QH_MEM_64 && (d->v[rt].bits == 0 || d->v[rt].wide != 0)) {
        *ret_type = QH_TYPE_F64;
        return arm_get_f64(d, rt);
    }
    *ret_type = QH_TYPE_I64;
    return arm_get_v64(d, rt);
}

static void store(ArmDis *d, const Access *access, uint32_t rt, QhValue address, uint32_t mem)
{
    uint32_t type = QH_TYPE_I64;
    QhValue value = access->vector ? vector_value(d, access->size, rt, &type) : arm_get_x(d, rt);

    qh_ir_store(d->block, type, address, access->size | mem, value);
}

static uint32_t load_type(const Access *access)
{
    static const uint8_t types[5] = {QH_TYPE_I64, QH_TYPE_I64, QH_TYPE_F32, QH_TYPE_F64,
                                     QH_TYPE_V128};

    return access->vector ? types[access->size] : access->narrow ? QH_TYPE_I32 : QH_TYPE_I64;
}

static QhValue load(ArmDis *d, const Access *access, QhValue address, uint32_t mem)
{
    return qh_ir_load(d->block, load_type(access), address,
                      access->size | mem | (access->sign ? QH_MEM_SIGNED : 0));
}

/* A loaded value into its register. */
static void set_loaded(ArmDis *d, const Access *access, uint32_t rt, QhValue value)
{
    if (!access->vector) {
        arm_set(d, !access->narrow, rt, value);
        return;
    }
    switch (access->size) {
    case QH_MEM_128:
        arm_set_v(d, rt, value);
        return;
    case QH_MEM_64:
        arm_set_f64(d, rt, value);
        return;
    case QH_MEM_32:
        arm_set_f32(d, rt, value);
        return;
    default:
        arm_set_v64(d, rt, value);
        return;
    }
}

static void
access_memory(ArmDis *d, const Access *access, uint32_t rt, QhValue address, uint32_t mem)
{
    if (access->load) {
        set_loaded(d, access, rt, load(d, access, address, mem));
    } else {
        store(d, access, rt, address, mem);
    }
}

/* The base register becomes @base, what it was before, and @offset. Added behind the access, it
 * needs no register of its own until then. */
static void write_back(ArmDis *d, uint32_t rn, QhValue base, int64_t offset)
{
    QhValue value = base;

    if (offset != 0) {
        value = qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, base, arm_const(d, (uint64_t)offset));
    }
    if (rn == 31) {
        arm_set_sp(d, value, offset % 16 == 0);
    } else {
        arm_set_x(d, rn, value);
    }
}

static gboolean at_offset(ArmDis *d, uint32_t rt, uint32_t rn, int64_t offset, uint32_t mem)
{
    Access access = access_of(d->insn);

    if (!access.vector || arm_fp_access(d)) {
        access_memory(d, &access, rt, arm_address(d, rn, offset), mem);
    }
    return TRUE;
}

gboolean arm_trans_ldst_uimm(ArmDis *d, const ArmArgLdstUimm *a)
{
    uint32_t scale = access_of(d->insn).size;

    return at_offset(d, a->rt, a->rn, (int64_t)a->imm << scale, d->mem);
}

gboolean arm_trans_ldst_unscaled(ArmDis *d, const ArmArgLdstImm9 *a)
{
    return at_offset(d, a->rt, a->rn, a->imm, d->mem);
}

gboolean arm_trans_ldst_unpriv(ArmDis *d, const ArmArgLdstImm9 *a)
{
    return at_offset(d, a->rt, a->rn, a->imm, d->mem_unpriv);
}

gboolean arm_trans_ldst_post(ArmDis *d, const ArmArgLdstImm9 *a)
{
    Access access = access_of(d->insn);

    if (access.vector && !arm_fp_access(d)) {
        return TRUE;
    }
    QhValue address = arm_base(d, a->rn);
    access_memory(d, &access, a->rt, address, d->mem);
    write_back(d, a->rn, address, a->imm);
    return TRUE;
}

gboolean arm_trans_ldst_pre(ArmDis *d, const ArmArgLdstImm9 *a)
{
    Access access = access_of(d->insn);

    if (access.vector && !arm_fp_access(d)) {
        return TRUE;
    }
    QhValue base = arm_base(d, a->rn), address = arm_address(d, a->rn, a->imm);
    access_memory(d, &access, a->rt, address, d->mem);
    write_back(d, a->rn, base, a->imm);
    return TRUE;
}

gboolean arm_trans_ldst_reg(ArmDis *d, const ArmArgLdstReg *a)
{
    Access access = access_of(d->insn);

    if (!(a->option & 2u)) {
        return FALSE;
    }
    if (access.vector && !arm_fp_access(d)) {
        return TRUE;
    }
    QhValue base = arm_base(d, a->rn), offset = arm_get_x(d, a->rm);
    if (a->option == 2 || a->option == 6) {
        offset =
            qh_ir_1(d->block, a->option == 2 ? QH_IR_ext32u : QH_IR_ext32s, QH_TYPE_I64, offset);
    }
    if (a->scaled && access.size != 0) {
        offset = qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, offset, arm_const(d, access.size));
    }
    QhValue address = qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, base, offset);
    access_memory(d, &access, a->rt, address, d->mem);
    return TRUE;
}

/* Prefetches never fault and may do nothing (C6.2.245 and its neighbours). */
gboolean arm_trans_prefetch_uimm(ArmDis *d, const ArmArgLdstUimm *a)
{
    (void)d;
    (void)a;
    return TRUE;
}

gboolean arm_trans_prefetch_imm9(ArmDis *d, const ArmArgLdstImm9 *a)
{
    (void)d;
    (void)a;
    return TRUE;
}

gboolean arm_trans_prefetch_reg(ArmDis *d, const ArmArgLdstReg *a)
{
    (void)d;
    return (a->option & 2u) != 0;
}

gboolean arm_trans_prefetch_literal(ArmDis *d, const ArmArgLiteral *a)
{
    (void)d;
    (void)a;
    return TRUE;
}

/* Bits 31-30: 32, 64 bits, then 32 bits signed or, of V registers, 128. */
gboolean arm_trans_ldr_literal(ArmDis *d, const ArmArgLiteral *a)
{
    uint32_t opc = d->insn >> 30;
    Access access = {.load = TRUE, .vector = (d->insn >> 26) & 1u};

    if (access.vector && !arm_fp_access(d)) {
        return TRUE;
    }
    access.sign = !access.vector && opc == 2;
    access.size = access.sign ? QH_MEM_32 : QH_MEM_32 + opc;
    QhValue address = arm_near(d, d->pc + (uint64_t)(int64_t)a->imm);
    access_memory(d, &access, a->rt, address, d->mem);
    return TRUE;
}

static Access pair_access(uint32_t insn)
{
    uint32_t opc = insn >> 30;
    Access access = {.vector = (insn >> 26) & 1u, .load = (insn >> 22) & 1u};

    if (access.vector) {
        access.size = QH_MEM_32 + opc;
    } else {
        access.size = opc == 2 ? QH_MEM_64 : QH_MEM_32;
        access.sign = opc == 1;
    }
    return access;
}

static int64_t pair_offset(const ArmDis *d, const ArmArgPair *a)
{
    return (int64_t)a->imm * (1 << pair_access(d->insn).size);
}

/*
 * Under FEAT_LSE2 a pair of X registers at a multiple of 16 is one access to other PEs (B2.2.1), on
 * which libraries build atomics of 128 bits; so it is one here. Not where SP is the base: those are
 * frames, and two accesses are quicker.
 */
static gboolean is_one_access(const ArmDis *d, const Access *access, uint32_t rn)
{
    return d->cpu->has_lse2 && !access->vector && access->size == QH_MEM_64 && rn != 31 &&
           !(d->mem & (QH_MEM_BE | QH_MEM_ALIGN));
}

static void access_whole_pair(ArmDis *d, const ArmArgPair *a, gboolean is_load, QhValue address)
{
    uint32_t memop = QH_MEM_128 | d->mem;

    if (is_load) {
        QhValue both = qh_ir_load(d->block, QH_TYPE_V128, address, memop);
        arm_set_x(d, a->rt2, qh_ir_1(d->block, QH_IR_high64, QH_TYPE_I64, both));
        arm_set_x(d, a->rt, qh_ir_1(d->block, QH_IR_low64, QH_TYPE_I64, both));
    } else {
        QhValue both = qh_ir_2(d->block, QH_IR_concat128, QH_TYPE_V128, arm_get_x(d, a->rt),
                               arm_get_x(d, a->rt2));
        qh_ir_store(d->block, QH_TYPE_V128, address, memop, both);
    }
}

/* Both loads come before the first register is written: the second may fault. */
static void access_pair(ArmDis *d, const ArmArgPair *a, QhValue address, QhValue next)
{
    Access access = pair_access(d->insn);

    if (is_one_access(d, &access, a->rn)) {
        access_whole_pair(d, a, access.load, address);
        return;
    }
    if (!access.load) {
        store(d, &access, a->rt, address, d->mem);
        store(d, &access, a->rt2, next, d->mem);
        return;
    }
    QhValue first = load(d, &access, address, d->mem);
    QhValue second = load(d, &access, next, d->mem);
    if (access.vector) { /* of two names for one register the manual says nothing */
        set_loaded(d, &access, a->rt, first);
        set_loaded(d, &access, a->rt2, second);
    } else {
        set_loaded(d, &access, a->rt2, second);
        set_loaded(d, &access, a->rt, first);
    }
}

static gboolean pair(ArmDis *d, const ArmArgPair *a, int64_t offset, gboolean write, gboolean post)
{
    Access access = pair_access(d->insn);
    int64_t bytes = 1 << access.size, at = post ? 0 : offset;

    if (access.vector && !arm_fp_access(d)) {
        return TRUE;
    }
    QhValue address = arm_address(d, a->rn, at);
    QhValue next = arm_address(d, a->rn, at + bytes);
    QhValue base = write ? arm_base(d, a->rn) : 0;
    access_pair(d, a, address, next);
    if (write) {
        write_back(d, a->rn, base, offset);
    }
    return TRUE;
}

gboolean arm_trans_pair_offset(ArmDis *d, const ArmArgPair *a)
{
    return pair(d, a, pair_offset(d, a), FALSE, FALSE);
}

gboolean arm_trans_pair_post(ArmDis *d, const ArmArgPair *a)
{
    return pair(d, a, pair_offset(d, a), TRUE, TRUE);
}

gboolean arm_trans_pair_pre(ArmDis *d, const ArmArgPair *a)
{
    return pair(d, a, pair_offset(d, a), TRUE, FALSE);
}
