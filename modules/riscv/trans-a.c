/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zalrsc, Zaamo, Zacas.
 *
 * lr notes the address and the value; sc compares the value and exchanges, so that a store of the
 * same value in between goes unseen. Real code cannot tell, except by counting on a failure.
 */
#include "modules/riscv/translate.h"

/* Bits of the letter o: aq is the upper one. */
static uint32_t ordering(uint32_t order)
{
    return (order & 2 ? QH_MEM_ACQUIRE : 0) | (order & 1 ? QH_MEM_RELEASE : 0) | QH_MEM_ALIGN;
}

static gboolean load_reserved(RvDis *d, const RvArgLr *a, uint32_t memop)
{
    QhBlock *block = d->block;
    QhValue address = rv_address(d, a->rs1, 0);
    QhValue value = qh_ir_load(block, QH_TYPE_I64, address, memop | ordering(a->order) | d->mem);

    qh_ir_set(block, QH_TYPE_I64, RV_SLOT_RESERVED_ADDRESS, address);
    qh_ir_set(block, QH_TYPE_I64, RV_SLOT_RESERVED_VALUE, value);
    rv_set_x(d, a->rd, value);
    return TRUE;
}

gboolean rv_trans_lr_w(RvDis *d, const RvArgLr *a)
{
    return load_reserved(d, a, QH_MEM_32 | QH_MEM_SIGNED);
}

gboolean rv_trans_lr_d(RvDis *d, const RvArgLr *a)
{
    return load_reserved(d, a, QH_MEM_64);
}

static QhValue compare_and_swap(
    RvDis *d, uint32_t type, QhValue address, uint32_t memop, QhValue expected, QhValue desired)
{
    qh_ir(d->block, QH_IR_ext, QH_TYPE_NONE, 0, expected, 0, 0);
    return qh_ir(d->block, QH_IR_cas, type, 0, address, memop | d->mem, desired);
}

/* The register as the width of a .w or .d access wants it. */
static QhValue get_sized(RvDis *d, uint32_t reg, uint32_t type)
{
    return type == QH_TYPE_I32 ? rv_get_x32(d, reg) : rv_get_x(d, reg);
}

/*
 * Local 0 carries the result over the labels. A reservation is always aligned, so that alignment
 * has to be looked at only where the addresses differ.
 */
static gboolean store_conditional(RvDis *d, const RvArgOrder *a, uint32_t type)
{
    QhBlock *block = d->block;
    uint32_t size = type == QH_TYPE_I32 ? QH_MEM_32 : QH_MEM_64;
    QhValue address = rv_address(d, a->rs1, 0);
    QhValue reserved = qh_ir_get(block, QH_TYPE_I64, RV_SLOT_RESERVED_ADDRESS);
    QhValue same = qh_ir_cmp(block, QH_COND_EQ, QH_TYPE_I64, address, reserved);
    QhValue other = qh_ir_brc_forward(block, same, TRUE);

    QhValue expected = qh_ir_get(block, QH_TYPE_I64, RV_SLOT_RESERVED_VALUE);
    if (type == QH_TYPE_I32) {
        expected = qh_ir_1(block, QH_IR_trunc, QH_TYPE_I32, expected);
    }
    QhValue old = compare_and_swap(d, type, address, size | ordering(a->order), expected,
                                   get_sized(d, a->rs2, type));
    QhValue failed = qh_ir_cmp(block, QH_COND_NE, type, old, expected);
    failed = qh_ir_1(block, QH_IR_bool2int, QH_TYPE_I64, failed);
    qh_ir(block, QH_IR_set_local, QH_TYPE_I64, 0, 0, failed, 0);
    QhValue done = qh_ir_br_forward(block);

    rv_land(d, other);
    address = rv_address(d, a->rs1, 0);
    QhValue low =
        qh_ir_2(block, QH_IR_and, QH_TYPE_I64, address, rv_const(d, type == QH_TYPE_I32 ? 3 : 7));
    QhValue odd = qh_ir_1(block, QH_IR_int2bool, QH_TYPE_I64, low);
    QhValue aligned = qh_ir_brc_forward(block, odd, TRUE);
    qh_ir_raise(block, RV_CAUSE_STORE_MISALIGNED, address);
    rv_land(d, aligned);
    qh_ir(block, QH_IR_set_local, QH_TYPE_I64, 0, 0, rv_const(d, 1), 0);

    rv_land(d, done);
    qh_ir_set(block, QH_TYPE_I64, RV_SLOT_RESERVED_ADDRESS, rv_const(d, RV_NO_RESERVATION));
    rv_set_x(d, a->rd, qh_ir(block, QH_IR_get_local, QH_TYPE_I64, 0, 0, 0, 0));
    return TRUE;
}

gboolean rv_trans_sc_w(RvDis *d, const RvArgOrder *a)
{
    return store_conditional(d, a, QH_TYPE_I32);
}

gboolean rv_trans_sc_d(RvDis *d, const RvArgOrder *a)
{
    return store_conditional(d, a, QH_TYPE_I64);
}

static void set_sized(RvDis *d, uint32_t reg, uint32_t type, QhValue value)
{
    if (type == QH_TYPE_I32) {
        rv_set_x32(d, reg, value);
    } else {
        rv_set_x(d, reg, value);
    }
}

static gboolean amo(RvDis *d, const RvArgOrder *a, uint32_t type, uint32_t kind)
{
    uint32_t memop = (type == QH_TYPE_I32 ? QH_MEM_32 : QH_MEM_64) | ordering(a->order) | d->mem;
    QhValue address = rv_address(d, a->rs1, 0), operand = get_sized(d, a->rs2, type);

    set_sized(d, a->rd, type,
              qh_ir(d->block, QH_IR_atomic_rmw, type, kind, address, memop, operand));
    return TRUE;
}

gboolean rv_trans_amoswap_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_SWAP);
}

gboolean rv_trans_amoadd_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_ADD);
}

gboolean rv_trans_amoxor_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_XOR);
}

gboolean rv_trans_amoand_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_AND);
}

gboolean rv_trans_amoor_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_OR);
}

gboolean rv_trans_amomin_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_MIN);
}

gboolean rv_trans_amomax_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_MAX);
}

gboolean rv_trans_amominu_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_MINU);
}

gboolean rv_trans_amomaxu_w(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I32, QH_RMW_MAXU);
}

gboolean rv_trans_amoswap_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_SWAP);
}

gboolean rv_trans_amoadd_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_ADD);
}

gboolean rv_trans_amoxor_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_XOR);
}

gboolean rv_trans_amoand_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_AND);
}

gboolean rv_trans_amoor_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_OR);
}

gboolean rv_trans_amomin_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_MIN);
}

gboolean rv_trans_amomax_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_MAX);
}

gboolean rv_trans_amominu_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_MINU);
}

gboolean rv_trans_amomaxu_d(RvDis *d, const RvArgOrder *a)
{
    return amo(d, a, QH_TYPE_I64, QH_RMW_MAXU);
}

gboolean rv_trans_amocas_w(RvDis *d, const RvArgOrder *a)
{
    QhValue address = rv_address(d, a->rs1, 0), expected = rv_get_x32(d, a->rd);

    rv_set_x32(d, a->rd,
               compare_and_swap(d, QH_TYPE_I32, address, QH_MEM_32 | ordering(a->order), expected,
                                rv_get_x32(d, a->rs2)));
    return TRUE;
}

/* A pair of registers, the even one first; x0 is a pair of zeros (Unpriv. Zacas). */
static QhValue upper_of_pair(RvDis *d, uint32_t reg)
{
    return rv_get_x(d, reg == 0 ? 0 : reg + 1);
}

static QhValue pair32(RvDis *d, uint32_t reg)
{
    QhValue high =
        qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, upper_of_pair(d, reg), rv_const(d, 32));
    QhValue low = qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, rv_get_x(d, reg));

    return qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, high, low);
}

static gboolean amocas_pair32(RvDis *d, const RvArgOrder *a)
{
    if ((a->rd | a->rs2) & 1) {
        return FALSE;
    }
    QhValue address = rv_address(d, a->rs1, 0), expected = pair32(d, a->rd);
    QhValue old = compare_and_swap(d, QH_TYPE_I64, address, QH_MEM_64 | ordering(a->order),
                                   expected, pair32(d, a->rs2));
    if (a->rd != 0) {
        rv_set_x_xlen(d, a->rd, old);
        rv_set_x(d, a->rd + 1, qh_ir_3(d->block, QH_IR_extracts, QH_TYPE_I64, old, 32, 32));
    }
    return TRUE;
}

gboolean rv_trans_amocas_d(RvDis *d, const RvArgOrder *a)
{
    if (!d->is64) {
        return amocas_pair32(d, a);
    }
    QhValue address = rv_address(d, a->rs1, 0), expected = rv_get_x(d, a->rd);
    rv_set_x(d, a->rd,
             compare_and_swap(d, QH_TYPE_I64, address, QH_MEM_64 | ordering(a->order), expected,
                              rv_get_x(d, a->rs2)));
    return TRUE;
}

static QhValue pair64(RvDis *d, uint32_t reg)
{
    return qh_ir_2(d->block, QH_IR_concat128, QH_TYPE_I128, rv_get_x(d, reg),
                   upper_of_pair(d, reg));
}

gboolean rv_trans_amocas_q(RvDis *d, const RvArgOrder *a)
{
    if ((a->rd | a->rs2) & 1) {
        return FALSE;
    }
    QhValue address = rv_address(d, a->rs1, 0), expected = pair64(d, a->rd);
    QhValue old = compare_and_swap(d, QH_TYPE_I128, address, QH_MEM_128 | ordering(a->order),
                                   expected, pair64(d, a->rs2));
    if (a->rd != 0) {
        rv_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_low64, QH_TYPE_I64, old));
        rv_set_x(d, a->rd + 1, qh_ir_1(d->block, QH_IR_high64, QH_TYPE_I64, old));
    }
    return TRUE;
}
