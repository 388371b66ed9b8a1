/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusives, acquire and release, atomic updates: Arm C3.2, B2.9.
 *
 * A load-exclusive notes address and value; the store-exclusive compares the value and exchanges,
 * so that a store of the same value in between goes unseen. Real code cannot tell, except by
 * counting on a failure. What a store of another size than the load does is open (B2.9.5): its own
 * bytes decide whether it stores, the whole value what it says.
 *
 * These accesses must be aligned. FEAT_LSE2, which allows others inside 16 bytes, relaxes the loads
 * and stores that are ordered, not the updates.
 */
#include "modules/arm/translate.h"

static uint32_t size_of(const ArmDis *d)
{
    return d->insn >> 30;
}

static QhValue compare_and_swap(
    ArmDis *d, uint32_t type, QhValue address, uint32_t memop, QhValue expected, QhValue desired)
{
    qh_ir(d->block, QH_IR_ext, QH_TYPE_NONE, 0, expected, 0, 0);
    return qh_ir(d->block, QH_IR_cas, type, 0, address, memop | QH_MEM_ALIGN | d->mem, desired);
}

/* Two registers as one value: that of the lower address first. */
static QhValue pair_value(ArmDis *d, uint32_t size, uint32_t first, uint32_t second)
{
    uint32_t low = d->mem & QH_MEM_BE ? second : first, high = d->mem & QH_MEM_BE ? first : second;
    QhValue x = arm_get_x(d, low), y = arm_get_x(d, high);

    if (size == QH_MEM_64) {
        return qh_ir_2(d->block, QH_IR_concat128, QH_TYPE_I128, x, y);
    }
    return qh_ir_3(d->block, QH_IR_deposit, QH_TYPE_I64, x, y, 32 | 32u << 8);
}

/* The reverse, from halves of @size each. */
static void
set_pair(ArmDis *d, uint32_t size, uint32_t first, uint32_t second, QhValue low, QhValue high)
{
    gboolean swapped = (d->mem & QH_MEM_BE) != 0;

    (void)size;
    arm_set_x(d, first, swapped ? high : low);
    arm_set_x(d, second, swapped ? low : high);
}

static void monitor(ArmDis *d, QhValue address, QhValue value, QhValue high)
{
    qh_ir_set(d->block, QH_TYPE_I64, ARM_SLOT_EXCLUSIVE_ADDRESS, address);
    qh_ir_set(d->block, QH_TYPE_I64, ARM_SLOT_EXCLUSIVE_VALUE, value);
    if (high != 0) {
        qh_ir_set(d->block, QH_TYPE_I64, ARM_SLOT_EXCLUSIVE_HIGH, high);
    }
}

/* o0, bit 15: acquire of a load-exclusive, release of a store-exclusive. */
static uint32_t exclusive_order(const ArmDis *d, uint32_t order)
{
    return (d->insn >> 15) & 1u ? order : 0;
}

gboolean arm_trans_load_exclusive(ArmDis *d, const ArmArgOrdered *a)
{
    uint32_t size = size_of(d);
    QhValue address = arm_base(d, a->rn);
    QhValue value = qh_ir_load(d->block, QH_TYPE_I64, address,
                               size | QH_MEM_ALIGN | exclusive_order(d, QH_MEM_ACQUIRE) | d->mem);

    monitor(d, address, value, 0);
    arm_set_x(d, a->rt, value);
    return TRUE;
}

/* A pair is one access of twice the size, and must be aligned to that. */
gboolean arm_trans_load_exclusive_pair(ArmDis *d, const ArmArgLoadPair *a)
{
    QhBlock *block = d->block;
    uint32_t size = size_of(d);
    uint32_t memop = (size + 1) | QH_MEM_ALIGN | exclusive_order(d, QH_MEM_ACQUIRE) | d->mem;
    QhValue address = arm_base(d, a->rn), low, high;

    if (size == QH_MEM_64) {
        QhValue both = qh_ir_load(block, QH_TYPE_V128, address, memop);
        low = qh_ir_1(block, QH_IR_low64, QH_TYPE_I64, both);
        high = qh_ir_1(block, QH_IR_high64, QH_TYPE_I64, both);
        monitor(d, address, low, high);
    } else {
        QhValue both = qh_ir_load(block, QH_TYPE_I64, address, memop);
        low = qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, both, 0, 32);
        high = qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, both, 32, 32);
        monitor(d, address, both, 0);
    }
    set_pair(d, size, a->rt, a->rt2, low, high);
    return TRUE;
}

static void open_monitor(ArmDis *d)
{
    qh_ir_set(d->block, QH_TYPE_I64, ARM_SLOT_EXCLUSIVE_ADDRESS, arm_const(d, ARM_NO_EXCLUSIVE));
}

/* Whether a swap has found something else, 0 or 1. */
static QhValue is_other(ArmDis *d, uint32_t type, QhValue old, QhValue expected)
{
    QhBlock *block = d->block;

    if (type == QH_TYPE_I128) {
        QhValue low =
            qh_ir_2(block, QH_IR_xor, QH_TYPE_I64, qh_ir_1(block, QH_IR_low64, QH_TYPE_I64, old),
                    qh_ir_1(block, QH_IR_low64, QH_TYPE_I64, expected));
        QhValue high =
            qh_ir_2(block, QH_IR_xor, QH_TYPE_I64, qh_ir_1(block, QH_IR_high64, QH_TYPE_I64, old),
                    qh_ir_1(block, QH_IR_high64, QH_TYPE_I64, expected));
        old = qh_ir_2(block, QH_IR_or, QH_TYPE_I64, low, high);
        expected = arm_const(d, 0);
    }
    QhValue differs = qh_ir_cmp(block, QH_COND_NE, QH_TYPE_I64, old, expected);
    return qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, differs);
}

/* Local 0 carries the result over the labels. */
static void store_exclusive(ArmDis *d, uint32_t rs, QhValue address, uint32_t size, QhValue desired)
{
    QhBlock *block = d->block;
    uint32_t type = size == QH_MEM_128 ? QH_TYPE_I128 : QH_TYPE_I64;
    QhValue noted = qh_ir_get(block, QH_TYPE_I64, ARM_SLOT_EXCLUSIVE_ADDRESS);
    QhValue same = qh_ir_cmp(block, QH_COND_EQ, QH_TYPE_I64, address, noted);
    QhValue other = qh_ir_brc_forward(block, same, TRUE);

    QhValue expected = qh_ir_get(block, QH_TYPE_I64, ARM_SLOT_EXCLUSIVE_VALUE);
    if (size == QH_MEM_128) {
        expected = qh_ir_2(block, QH_IR_concat128, QH_TYPE_I128, expected,
                           qh_ir_get(block, QH_TYPE_I64, ARM_SLOT_EXCLUSIVE_HIGH));
    }
    QhValue old = compare_and_swap(d, type, address, size | exclusive_order(d, QH_MEM_RELEASE),
                                   expected, desired);
    qh_ir(block, QH_IR_set_local, QH_TYPE_I64, 0, 0, is_other(d, type, old, expected), 0);
    QhValue done = qh_ir_br_forward(block);

    arm_land(d, other);
    qh_ir(block, QH_IR_set_local, QH_TYPE_I64, 0, 0, arm_const(d, 1), 0);
    arm_land(d, done);
    open_monitor(d);
    arm_set_x(d, rs, qh_ir(block, QH_IR_get_local, QH_TYPE_I64, 0, 0, 0, 0));
}

gboolean arm_trans_store_exclusive(ArmDis *d, const ArmArgExclusive *a)
{
    QhValue address = arm_base(d, a->rn);

    store_exclusive(d, a->rs, address, size_of(d), arm_get_x(d, a->rt));
    return TRUE;
}

gboolean arm_trans_store_exclusive_pair(ArmDis *d, const ArmArgExPair *a)
{
    uint32_t size = size_of(d);
    QhValue address = arm_base(d, a->rn);

    store_exclusive(d, a->rs, address, size + 1, pair_value(d, size, a->rt, a->rt2));
    return TRUE;
}

gboolean arm_trans_clrex(ArmDis *d, const ArmArgCrm *a)
{
    (void)a;
    open_monitor(d);
    return TRUE;
}

static uint32_t ordered_alignment(const ArmDis *d)
{
    return d->cpu->has_lse2 ? 0 : QH_MEM_ALIGN;
}

gboolean arm_trans_load_acquire(ArmDis *d, const ArmArgOrdered *a)
{
    QhValue address = arm_base(d, a->rn);
    uint32_t memop = size_of(d) | QH_MEM_ACQUIRE | ordered_alignment(d) | d->mem;

    arm_set_x(d, a->rt, qh_ir_load(d->block, QH_TYPE_I64, address, memop));
    return TRUE;
}

/* A later load-acquire must not pass it (B2.3.11), so it is a full barrier on hosts whose stores
 * wait. */
gboolean arm_trans_store_release(ArmDis *d, const ArmArgOrdered *a)
{
    QhValue address = arm_base(d, a->rn);
    uint32_t memop = size_of(d) | QH_MEM_SEQ | ordered_alignment(d) | d->mem;

    qh_ir_store(d->block, QH_TYPE_I64, address, memop, arm_get_x(d, a->rt));
    return TRUE;
}

gboolean arm_trans_stlur(ArmDis *d, const ArmArgUnscaled *a)
{
    QhValue address = arm_address(d, a->rn, a->imm);
    uint32_t memop = size_of(d) | QH_MEM_SEQ | ordered_alignment(d) | d->mem;

    qh_ir_store(d->block, QH_TYPE_I64, address, memop, arm_get_x(d, a->rt));
    return TRUE;
}

/* opc, bits 23-22: 1 plain, 2 signed into 64 bits, 3 into 32. */
gboolean arm_trans_ldapur(ArmDis *d, const ArmArgUnscaled *a)
{
    uint32_t opc = (d->insn >> 22) & 3u;
    QhValue address = arm_address(d, a->rn, a->imm);
    uint32_t memop = size_of(d) | QH_MEM_ACQUIRE | ordered_alignment(d) | d->mem |
                     (opc >= 2 ? QH_MEM_SIGNED : 0);

    arm_set(d, opc != 3, a->rt, qh_ir_load(d->block, arm_type(opc != 3), address, memop));
    return TRUE;
}

/* The low bytes of register @reg, zero-extended. */
static QhValue low_bytes(ArmDis *d, uint32_t reg, uint32_t size)
{
    return size == QH_MEM_64
               ? arm_get_x(d, reg)
               : qh_ir_3(d->block, QH_IR_extractu, QH_TYPE_I64, arm_get_x(d, reg), 0, 8u << size);
}

/* Bit 22 acquire, bit 15 release. */
static uint32_t cas_order(const ArmDis *d)
{
    return ((d->insn >> 22) & 1u ? QH_MEM_ACQUIRE : 0) |
           ((d->insn >> 15) & 1u ? QH_MEM_RELEASE : 0);
}

gboolean arm_trans_cas(ArmDis *d, const ArmArgAtomic *a)
{
    uint32_t size = size_of(d);
    QhValue address = arm_base(d, a->rn), expected = low_bytes(d, a->rs, size);

    arm_set_x(d, a->rs,
              compare_and_swap(d, QH_TYPE_I64, address, size | cas_order(d), expected,
                               arm_get_x(d, a->rt)));
    return TRUE;
}

/* Bit 30: 64 bits each. Pairs begin with an even register. */
gboolean arm_trans_casp(ArmDis *d, const ArmArgCasPair *a)
{
    QhBlock *block = d->block;
    uint32_t size = (d->insn >> 30) & 1u ? QH_MEM_64 : QH_MEM_32;
    uint32_t type = size == QH_MEM_64 ? QH_TYPE_I128 : QH_TYPE_I64;

    if ((a->rs | a->rt) & 1u) {
        return FALSE;
    }
    QhValue address = arm_base(d, a->rn), expected = pair_value(d, size, a->rs, a->rs + 1);
    QhValue desired = pair_value(d, size, a->rt, a->rt + 1);
    QhValue old = compare_and_swap(d, type, address, (size + 1) | cas_order(d), expected, desired);
    if (size == QH_MEM_64) {
        set_pair(d, size, a->rs, a->rs + 1, qh_ir_1(block, QH_IR_low64, QH_TYPE_I64, old),
                 qh_ir_1(block, QH_IR_high64, QH_TYPE_I64, old));
    } else {
        set_pair(d, size, a->rs, a->rs + 1, qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, old, 0, 32),
                 qh_ir_3(block, QH_IR_extractu, QH_TYPE_I64, old, 32, 32));
    }
    return TRUE;
}

/* Bit 23 acquire, bit 22 release. With Rt 31 these are the ST forms, which do not acquire: C3.2.12.
 */
static gboolean update(ArmDis *d, const ArmArgAtomic *a, uint32_t kind, QhValue address)
{
    uint32_t size = size_of(d), memop = size | QH_MEM_ALIGN | d->mem;
    QhValue operand = low_bytes(d, a->rs, size);

    if (kind == QH_RMW_AND) {
        operand = qh_ir_1(d->block, QH_IR_not, QH_TYPE_I64, operand);
    }
    memop |=
        ((d->insn >> 23) & 1u ? QH_MEM_ACQUIRE : 0) | ((d->insn >> 22) & 1u ? QH_MEM_RELEASE : 0);
    arm_set_x(d, a->rt,
              qh_ir(d->block, QH_IR_atomic_rmw, QH_TYPE_I64, kind, address, memop, operand));
    return TRUE;
}

gboolean arm_trans_ldadd(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_ADD, arm_base(d, a->rn));
}

gboolean arm_trans_ldclr(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_AND, arm_base(d, a->rn));
}

gboolean arm_trans_ldeor(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_XOR, arm_base(d, a->rn));
}

gboolean arm_trans_ldset(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_OR, arm_base(d, a->rn));
}

gboolean arm_trans_ldsmax(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_MAX, arm_base(d, a->rn));
}

gboolean arm_trans_ldsmin(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_MIN, arm_base(d, a->rn));
}

gboolean arm_trans_ldumax(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_MAXU, arm_base(d, a->rn));
}

gboolean arm_trans_ldumin(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_MINU, arm_base(d, a->rn));
}

gboolean arm_trans_swp(ArmDis *d, const ArmArgAtomic *a)
{
    return update(d, a, QH_RMW_SWAP, arm_base(d, a->rn));
}
