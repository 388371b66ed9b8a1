/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RV32I, RV64I, Zifencei, Zicond and hints. With XLEN 32 the shifts are those of the *W rows. */
#include "modules/riscv/translate.h"

/* rd = rs1 OP rs2, both operands canonical and the result in need of narrowing. */
static gboolean arith(RvDis *d, const RvArgR *a, uint32_t op)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    rv_set_x_xlen(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I64, x, y));
    return TRUE;
}

/* The same for operations that keep a sign-extended value sign-extended. */
static gboolean logic(RvDis *d, const RvArgR *a, uint32_t op)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    rv_set_x(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I64, x, y));
    return TRUE;
}

static gboolean logic_imm(RvDis *d, const RvArgI *a, uint32_t op)
{
    QhValue x = rv_get_x(d, a->rs1);

    rv_set_x(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I64, x, rv_const(d, (uint64_t)a->imm)));
    return TRUE;
}

/* On the low 32 bits, count modulo 32; the result sign-extended. */
static gboolean shift32(RvDis *d, const RvArgR *a, uint32_t op)
{
    QhValue x = rv_get_x32(d, a->rs1), y = rv_get_x32(d, a->rs2);

    rv_set_x32(d, a->rd, qh_ir_2(d->block, op, QH_TYPE_I32, x, y));
    return TRUE;
}

static gboolean shift(RvDis *d, const RvArgR *a, uint32_t op)
{
    return d->is64 ? logic(d, a, op) : shift32(d, a, op);
}

static gboolean set_if(RvDis *d, uint32_t rd, uint32_t condition, QhValue x, QhValue y)
{
    QhValue yes = qh_ir_cmp(d->block, condition, QH_TYPE_I64, x, y);

    rv_set_x(d, rd, qh_ir_1(d->block, QH_IR_bool2int, QH_TYPE_I64, yes));
    return TRUE;
}

gboolean rv_trans_nop(RvDis *d, const RvArgNone *a)
{
    (void)d;
    (void)a;
    return TRUE;
}

gboolean rv_trans_prefetch(RvDis *d, const RvArgPrefetch *a)
{
    /* Never faults and may do nothing (Unpriv. CMO, "Cache-Block Prefetch Instructions"). */
    (void)d;
    (void)a;
    return TRUE;
}

gboolean rv_trans_addi(RvDis *d, const RvArgI *a)
{
    uint64_t constant;

    if (rv_x_const(d, a->rs1, &constant)) {
        rv_set_x_const(d, a->rd, constant + (uint64_t)(int64_t)a->imm);
    } else if (rv_x_near(d, a->rs1, &constant)) {
        rv_set_x_near(d, a->rd, constant + (uint64_t)(int64_t)a->imm);
    } else if (a->imm == 0) {
        rv_set_x(d, a->rd, rv_get_x(d, a->rs1));
    } else if (a->rd != 0) {
        QhValue x = rv_get_x(d, a->rs1);
        rv_set_x_xlen(d, a->rd,
                      qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, x, rv_const(d, (uint64_t)a->imm)));
    }
    return TRUE;
}

gboolean rv_trans_addiw(RvDis *d, const RvArgI *a)
{
    uint64_t constant;

    if (rv_x_const(d, a->rs1, &constant)) {
        rv_set_x_const(d, a->rd, (uint64_t)(int32_t)(uint32_t)(constant + (uint64_t)a->imm));
        return TRUE;
    }
    QhValue x = rv_get_x(d, a->rs1);
    if (a->imm != 0) {
        x = qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, x, rv_const(d, (uint64_t)a->imm));
    }
    rv_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_ext32s, QH_TYPE_I64, x));
    return TRUE;
}

gboolean rv_trans_slti(RvDis *d, const RvArgI *a)
{
    QhValue x = rv_get_x(d, a->rs1);

    return set_if(d, a->rd, QH_COND_LT, x, rv_const(d, (uint64_t)a->imm));
}

gboolean rv_trans_sltiu(RvDis *d, const RvArgI *a)
{
    QhValue x = rv_get_x(d, a->rs1);

    return set_if(d, a->rd, QH_COND_LTU, x, rv_const(d, (uint64_t)a->imm));
}

gboolean rv_trans_xori(RvDis *d, const RvArgI *a)
{
    if (a->imm == -1) {
        rv_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_not, QH_TYPE_I64, rv_get_x(d, a->rs1)));
        return TRUE;
    }
    return logic_imm(d, a, QH_IR_xor);
}

gboolean rv_trans_ori(RvDis *d, const RvArgI *a)
{
    return logic_imm(d, a, QH_IR_or);
}

gboolean rv_trans_andi(RvDis *d, const RvArgI *a)
{
    if (a->imm == 255) {
        rv_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_ext8u, QH_TYPE_I64, rv_get_x(d, a->rs1)));
        return TRUE;
    }
    return logic_imm(d, a, QH_IR_and);
}

gboolean rv_trans_slli(RvDis *d, const RvArgShift *a)
{
    uint64_t constant;

    if (rv_x_const(d, a->rs1, &constant)) { /* part of the making of a large constant */
        rv_set_x_const(d, a->rd, constant << a->shamt);
        return TRUE;
    }
    QhValue x = rv_get_x(d, a->rs1);
    if (a->shamt != 0) {
        x = qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, x, rv_const(d, a->shamt));
    }
    rv_set_x_xlen(d, a->rd, x);
    return TRUE;
}

gboolean rv_trans_slliw(RvDis *d, const RvArgShift *a)
{
    QhValue x = rv_get_x(d, a->rs1);

    if (a->shamt != 0) {
        x = qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, x, rv_const(d, a->shamt));
    }
    rv_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_ext32s, QH_TYPE_I64, x));
    return TRUE;
}

/* A right shift by a constant takes out the bits that are left. */
gboolean rv_trans_srliw(RvDis *d, const RvArgShift *a)
{
    QhValue x = rv_get_x(d, a->rs1);

    x = a->shamt == 0 ? qh_ir_1(d->block, QH_IR_ext32s, QH_TYPE_I64, x)
                      : qh_ir_3(d->block, QH_IR_extractu, QH_TYPE_I64, x, a->shamt, 32 - a->shamt);
    rv_set_x(d, a->rd, x);
    return TRUE;
}

gboolean rv_trans_sraiw(RvDis *d, const RvArgShift *a)
{
    QhValue x = rv_get_x(d, a->rs1);

    rv_set_x(d, a->rd, qh_ir_3(d->block, QH_IR_extracts, QH_TYPE_I64, x, a->shamt, 32 - a->shamt));
    return TRUE;
}

gboolean rv_trans_srli(RvDis *d, const RvArgShift *a)
{
    if (!d->is64) {
        return rv_trans_srliw(d, a);
    }
    QhValue x = rv_get_x(d, a->rs1);
    rv_set_x(d, a->rd, qh_ir_3(d->block, QH_IR_extractu, QH_TYPE_I64, x, a->shamt, 64 - a->shamt));
    return TRUE;
}

gboolean rv_trans_srai(RvDis *d, const RvArgShift *a)
{
    if (!d->is64) {
        return rv_trans_sraiw(d, a);
    }
    QhValue x = rv_get_x(d, a->rs1);
    rv_set_x(d, a->rd, qh_ir_3(d->block, QH_IR_extracts, QH_TYPE_I64, x, a->shamt, 64 - a->shamt));
    return TRUE;
}

gboolean rv_trans_lui(RvDis *d, const RvArgU *a)
{
    rv_set_x_const(d, a->rd, (uint64_t)(int64_t)a->imm);
    return TRUE;
}

gboolean rv_trans_auipc(RvDis *d, const RvArgU *a)
{
    rv_set_x_near(d, a->rd, d->pc + (uint64_t)(int64_t)a->imm);
    return TRUE;
}

gboolean rv_trans_add(RvDis *d, const RvArgR *a)
{
    if (a->rs1 == 0 || a->rs2 == 0) { /* c.mv; and other ways to say it */
        RvArgI move = {a->rd, a->rs1 == 0 ? a->rs2 : a->rs1, 0};
        return rv_trans_addi(d, &move);
    }
    return arith(d, a, QH_IR_add);
}

gboolean rv_trans_sub(RvDis *d, const RvArgR *a)
{
    if (a->rs1 == 0) {
        rv_set_x_xlen(d, a->rd, qh_ir_1(d->block, QH_IR_neg, QH_TYPE_I64, rv_get_x(d, a->rs2)));
        return TRUE;
    }
    return arith(d, a, QH_IR_sub);
}

gboolean rv_trans_sll(RvDis *d, const RvArgR *a)
{
    return shift(d, a, QH_IR_shl);
}

gboolean rv_trans_srl(RvDis *d, const RvArgR *a)
{
    return shift(d, a, QH_IR_shr);
}

gboolean rv_trans_sra(RvDis *d, const RvArgR *a)
{
    return shift(d, a, QH_IR_sar);
}

gboolean rv_trans_slt(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    return set_if(d, a->rd, QH_COND_LT, x, y);
}

gboolean rv_trans_sltu(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    return set_if(d, a->rd, a->rs1 == 0 ? QH_COND_NE : QH_COND_LTU, x, y);
}

gboolean rv_trans_xor(RvDis *d, const RvArgR *a)
{
    return logic(d, a, QH_IR_xor);
}

gboolean rv_trans_or(RvDis *d, const RvArgR *a)
{
    return logic(d, a, QH_IR_or);
}

gboolean rv_trans_and(RvDis *d, const RvArgR *a)
{
    return logic(d, a, QH_IR_and);
}

static gboolean arith32(RvDis *d, const RvArgR *a, uint32_t op)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2);

    x = qh_ir_2(d->block, op, QH_TYPE_I64, x, y);
    rv_set_x(d, a->rd, qh_ir_1(d->block, QH_IR_ext32s, QH_TYPE_I64, x));
    return TRUE;
}

gboolean rv_trans_addw(RvDis *d, const RvArgR *a)
{
    return arith32(d, a, QH_IR_add);
}

gboolean rv_trans_subw(RvDis *d, const RvArgR *a)
{
    return arith32(d, a, QH_IR_sub);
}

gboolean rv_trans_sllw(RvDis *d, const RvArgR *a)
{
    return shift32(d, a, QH_IR_shl);
}

gboolean rv_trans_srlw(RvDis *d, const RvArgR *a)
{
    return shift32(d, a, QH_IR_shr);
}

gboolean rv_trans_sraw(RvDis *d, const RvArgR *a)
{
    return shift32(d, a, QH_IR_sar);
}

/* rs2 picks between rs1 and 0 (Unpriv. Zicond). */
gboolean rv_trans_czero_eqz(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2), zero = rv_const(d, 0);
    QhValue nonzero = qh_ir_1(d->block, QH_IR_int2bool, QH_TYPE_I64, y);

    rv_set_x(d, a->rd, qh_ir_select(d->block, QH_TYPE_I64, nonzero, x, zero));
    return TRUE;
}

gboolean rv_trans_czero_nez(RvDis *d, const RvArgR *a)
{
    QhValue x = rv_get_x(d, a->rs1), y = rv_get_x(d, a->rs2), zero = rv_const(d, 0);
    QhValue nonzero = qh_ir_1(d->block, QH_IR_int2bool, QH_TYPE_I64, y);

    rv_set_x(d, a->rd, qh_ir_select(d->block, QH_TYPE_I64, nonzero, zero, x));
    return TRUE;
}

/* May-be operations, as long as no extension gives them a meaning: 0 into rd (Unpriv. Zimop). */
gboolean rv_trans_mop_r(RvDis *d, const RvArgMop *a)
{
    rv_set_x_const(d, a->rd, 0);
    return TRUE;
}

gboolean rv_trans_mop_rr(RvDis *d, const RvArgMop2 *a)
{
    rv_set_x_const(d, a->rd, 0);
    return TRUE;
}

/* These write nothing (Unpriv. Zcmop). */
gboolean rv_trans_mop_c(RvDis *d, const RvArgCMop *a)
{
    (void)d;
    (void)a;
    return TRUE;
}
