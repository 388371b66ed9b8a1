/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jumps, branches, loads, stores and fences of RV32I and RV64I. */
#include "modules/riscv/translate.h"

/* Registers that the calling convention uses for return addresses (Unpriv. RV32I, "Unconditional
 * Jumps", return-address stack hints). */
static gboolean is_link(uint32_t reg)
{
    return reg == 1 || reg == 5;
}

static uint32_t jalr_hint(const RvArgI *a)
{
    if (is_link(a->rd)) {
        return QH_EXIT_CALL;
    }
    return is_link(a->rs1) ? QH_EXIT_RET : QH_EXIT_JUMP;
}

/* Without C a target must be a multiple of 4; the jump itself takes the exception, and writes no
 * register (Priv. "Instruction-address-misaligned exceptions"). */
static gboolean misaligned(const RvDis *d, uint64_t target)
{
    return !(d->key & RV_KEY_C) && (target & 2);
}

static void jump_to(RvDis *d, uint32_t rd, uint64_t target, uint32_t hint)
{
    if (misaligned(d, target)) {
        rv_raise_near(d, RV_CAUSE_FETCH_MISALIGNED, target);
        return;
    }
    rv_set_x_near(d, rd, d->next_pc);
    rv_exit_to(d, target, hint);
}

gboolean rv_trans_jal(RvDis *d, const RvArgJ *a)
{
    uint64_t target = rv_wrap(d, d->pc + (uint64_t)(int64_t)a->imm);

    jump_to(d, a->rd, target, is_link(a->rd) ? QH_EXIT_CALL : QH_EXIT_JUMP);
    return TRUE;
}

/* The exception of an odd multiple of 2, decided at run time; returns @target behind the test. */
static QhValue check_target(RvDis *d, QhValue target)
{
    QhBlock *block = d->block;

    qh_ir(block, QH_IR_set_local, QH_TYPE_I64, 0, 0, target, 0);
    QhValue bit = qh_ir_2(block, QH_IR_and, QH_TYPE_I64, target, rv_const(d, 2));
    QhValue odd = qh_ir_1(block, QH_IR_int2bool, QH_TYPE_I64, bit);
    QhValue branch = qh_ir_brc_forward(block, odd, TRUE);
    qh_ir_raise(block, RV_CAUSE_FETCH_MISALIGNED, target);
    rv_land(d, branch);
    return qh_ir(block, QH_IR_get_local, QH_TYPE_I64, 0, 0, 0, 0);
}

gboolean rv_trans_jalr(RvDis *d, const RvArgI *a)
{
    uint64_t base;
    gboolean fixed = rv_x_const(d, a->rs1, &base);

    if (fixed || rv_x_near(d, a->rs1, &base)) { /* auipc and jalr: a far call */
        uint64_t target = rv_wrap(d, (base + (uint64_t)(int64_t)a->imm) & ~1ull);
        d->fixed = d->fixed || fixed;
        jump_to(d, a->rd, target, jalr_hint(a));
        return TRUE;
    }
    QhValue target = rv_get_x(d, a->rs1);
    if (a->imm != 0) {
        target = qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, target,
                         rv_const(d, (uint64_t)(int64_t)a->imm));
    }
    target = qh_ir_2(d->block, QH_IR_and, QH_TYPE_I64, target, rv_const(d, rv_wrap(d, ~1ull)));
    if (!(d->key & RV_KEY_C)) {
        target = check_target(d, target);
    }
    rv_set_x_near(d, a->rd, d->next_pc);
    if (rv_key_changed(d)) {
        qh_ir_1(d->block, QH_IR_exit_vstate, QH_TYPE_NONE, target);
    } else {
        qh_ir_exit_value(d->block, target, jalr_hint(a));
    }
    d->next = RV_NEXT_DONE;
    return TRUE;
}

static gboolean branch(RvDis *d, const RvArgB *a, uint32_t condition)
{
    QhBlock *block = d->block;
    uint64_t target = rv_wrap(d, d->pc + (uint64_t)(int64_t)a->imm);
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);
    QhValue taken = qh_ir_brc_forward(block, qh_ir_cmp(block, condition, QH_TYPE_I64, x, y), FALSE);

    rv_emit_exit(d, d->next_pc, QH_EXIT_JUMP);
    rv_land(d, taken);
    if (misaligned(d, target)) {
        rv_raise_near(d, RV_CAUSE_FETCH_MISALIGNED, target);
    } else {
        rv_exit_to(d, target, QH_EXIT_JUMP);
    }
    return TRUE;
}

gboolean rv_trans_beq(RvDis *d, const RvArgB *a)
{
    return branch(d, a, QH_COND_EQ);
}

gboolean rv_trans_bne(RvDis *d, const RvArgB *a)
{
    return branch(d, a, QH_COND_NE);
}

gboolean rv_trans_blt(RvDis *d, const RvArgB *a)
{
    return branch(d, a, QH_COND_LT);
}

gboolean rv_trans_bge(RvDis *d, const RvArgB *a)
{
    return branch(d, a, QH_COND_GE);
}

gboolean rv_trans_bltu(RvDis *d, const RvArgB *a)
{
    return branch(d, a, QH_COND_LTU);
}

gboolean rv_trans_bgeu(RvDis *d, const RvArgB *a)
{
    return branch(d, a, QH_COND_GEU);
}

/* A load into x0 still accesses memory. */
static gboolean load(RvDis *d, const RvArgI *a, uint32_t memop)
{
    QhValue address = rv_address(d, a->rs1, a->imm);

    rv_set_x(d, a->rd, qh_ir_load(d->block, QH_TYPE_I64, address, memop | d->mem));
    return TRUE;
}

gboolean rv_trans_lb(RvDis *d, const RvArgI *a)
{
    return load(d, a, QH_MEM_8 | QH_MEM_SIGNED);
}

gboolean rv_trans_lh(RvDis *d, const RvArgI *a)
{
    return load(d, a, QH_MEM_16 | QH_MEM_SIGNED);
}

gboolean rv_trans_lw(RvDis *d, const RvArgI *a)
{
    return load(d, a, QH_MEM_32 | QH_MEM_SIGNED);
}

gboolean rv_trans_ld(RvDis *d, const RvArgI *a)
{
    return load(d, a, QH_MEM_64);
}

gboolean rv_trans_lbu(RvDis *d, const RvArgI *a)
{
    return load(d, a, QH_MEM_8);
}

gboolean rv_trans_lhu(RvDis *d, const RvArgI *a)
{
    return load(d, a, QH_MEM_16);
}

gboolean rv_trans_lwu(RvDis *d, const RvArgI *a)
{
    return load(d, a, QH_MEM_32);
}

static gboolean store(RvDis *d, const RvArgS *a, uint32_t memop)
{
    QhValue address = rv_address(d, a->rs1, a->imm);

    qh_ir_store(d->block, QH_TYPE_I64, address, memop | d->mem, rv_get_x(d, a->rs2));
    return TRUE;
}

gboolean rv_trans_sb(RvDis *d, const RvArgS *a)
{
    return store(d, a, QH_MEM_8);
}

gboolean rv_trans_sh(RvDis *d, const RvArgS *a)
{
    return store(d, a, QH_MEM_16);
}

gboolean rv_trans_sw(RvDis *d, const RvArgS *a)
{
    return store(d, a, QH_MEM_32);
}

gboolean rv_trans_sd(RvDis *d, const RvArgS *a)
{
    return store(d, a, QH_MEM_64);
}

/* Bits of a set: 8 device input, 4 device output, 2 reads, 1 writes. Device accesses are ordered
 * like the others. */
gboolean rv_trans_fence(RvDis *d, const RvArgFence *a)
{
    gboolean before_read = (a->pred & 10) != 0, before_write = (a->pred & 5) != 0;
    gboolean after_read = (a->succ & 10) != 0, after_write = (a->succ & 5) != 0;
    uint32_t order = (before_read && after_read ? QH_FENCE_RR : 0) |
                     (before_read && after_write ? QH_FENCE_RW : 0) |
                     (before_write && after_read ? QH_FENCE_WR : 0) |
                     (before_write && after_write ? QH_FENCE_WW : 0);

    if (order != 0) {
        qh_ir(d->block, QH_IR_fence, QH_TYPE_NONE, 0, order, 0, 0);
    }
    return TRUE;
}

gboolean rv_trans_fence_tso(RvDis *d, const RvArgNone *a)
{
    (void)a;
    qh_ir(d->block, QH_IR_fence, QH_TYPE_NONE, 0, QH_FENCE_RR | QH_FENCE_RW | QH_FENCE_WW, 0, 0);
    return TRUE;
}

/* The host keeps translated code in step with memory; what is left to do is to fetch anew. */
gboolean rv_trans_fence_i(RvDis *d, const RvArgNone *a)
{
    (void)a;
    d->next = RV_NEXT_STATE;
    return TRUE;
}

gboolean rv_trans_pause(RvDis *d, const RvArgNone *a)
{
    return rv_trans_nop(d, a);
}

/* A stall may end at any time for any reason (Unpriv. Zawrs), so it need not begin. */
gboolean rv_trans_wrs_nto(RvDis *d, const RvArgNone *a)
{
    return rv_trans_nop(d, a);
}

gboolean rv_trans_wrs_sto(RvDis *d, const RvArgNone *a)
{
    return rv_trans_nop(d, a);
}
