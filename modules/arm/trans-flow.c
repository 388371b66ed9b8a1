/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Branches and exception generation: Arm C3.1. */
#include "modules/arm/translate.h"

gboolean arm_trans_b(ArmDis *d, const ArmArgJump *a)
{
    arm_exit_to(d, d->pc + (uint64_t)(int64_t)a->imm, QH_EXIT_JUMP);
    return TRUE;
}

gboolean arm_trans_bl(ArmDis *d, const ArmArgJump *a)
{
    arm_set_x_near(d, 30, d->next_pc);
    arm_exit_to(d, d->pc + (uint64_t)(int64_t)a->imm, QH_EXIT_CALL);
    return TRUE;
}

static gboolean branch_if(ArmDis *d, QhValue condition, int32_t offset)
{
    QhValue taken = qh_ir_brc_forward(d->block, condition, FALSE);

    arm_exit_to(d, d->next_pc, QH_EXIT_JUMP);
    arm_land(d, taken);
    arm_exit_to(d, d->pc + (uint64_t)(int64_t)offset, QH_EXIT_JUMP);
    return TRUE;
}

gboolean arm_trans_b_(ArmDis *d, const ArmArgCondJump *a)
{
    if (a->cond >= 14) {
        arm_exit_to(d, d->pc + (uint64_t)(int64_t)a->imm, QH_EXIT_JUMP);
        return TRUE;
    }
    return branch_if(d, arm_condition(d, a->cond), a->imm);
}

static gboolean compare_branch(ArmDis *d, const ArmArgCompare *a, uint32_t condition)
{
    QhValue x = arm_get(d, a->sf, a->rt), zero = a->sf ? arm_const(d, 0) : arm_const32(d, 0);

    return branch_if(d, qh_ir_cmp(d->block, condition, arm_type(a->sf), x, zero), a->imm);
}

gboolean arm_trans_cbz(ArmDis *d, const ArmArgCompare *a)
{
    return compare_branch(d, a, QH_COND_EQ);
}

gboolean arm_trans_cbnz(ArmDis *d, const ArmArgCompare *a)
{
    return compare_branch(d, a, QH_COND_NE);
}

static gboolean test_branch(ArmDis *d, const ArmArgTest *a, uint32_t condition)
{
    QhValue x = qh_ir_2(d->block, QH_IR_and, QH_TYPE_I64, arm_get_x(d, a->rt),
                        arm_const(d, 1ull << a->bit));

    return branch_if(d, qh_ir_cmp(d->block, condition, QH_TYPE_I64, x, arm_const(d, 0)), a->imm);
}

gboolean arm_trans_tbz(ArmDis *d, const ArmArgTest *a)
{
    return test_branch(d, a, QH_COND_EQ);
}

gboolean arm_trans_tbnz(ArmDis *d, const ArmArgTest *a)
{
    return test_branch(d, a, QH_COND_NE);
}

/* PSTATE.BTYPE after BR: 1 through the registers of linkers' veneers, 3 through others. */
static uint32_t br_type(uint32_t rn)
{
    return rn == 16 || rn == 17 ? 1 : 3;
}

gboolean arm_trans_br(ArmDis *d, const ArmArgIndirect *a)
{
    arm_exit_indirect(d, arm_get_x(d, a->rn), QH_EXIT_JUMP, br_type(a->rn));
    return TRUE;
}

gboolean arm_trans_blr(ArmDis *d, const ArmArgIndirect *a)
{
    QhValue target = arm_get_x(d, a->rn);

    arm_set_x_near(d, 30, d->next_pc);
    arm_exit_indirect(d, target, QH_EXIT_CALL, 2);
    return TRUE;
}

gboolean arm_trans_ret(ArmDis *d, const ArmArgIndirect *a)
{
    arm_exit_value(d, arm_get_x(d, a->rn), QH_EXIT_RET);
    return TRUE;
}

gboolean arm_trans_eret(ArmDis *d, const ArmArgNone *a)
{
    QhValue insn = arm_const32(d, d->insn);

    (void)a;
    if (d->el == 0) {
        return FALSE;
    }
    arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(eret), 1, &insn);
    qh_ir_exit_cpu(d->block);
    d->next = ARM_NEXT_DONE;
    return TRUE;
}

/* These return behind themselves, so they count as executed. */
static gboolean call_level(ArmDis *d, uint32_t cause, uint32_t imm)
{
    arm_finish(d, 0);
    arm_raise(d, cause, imm);
    return TRUE;
}

gboolean arm_trans_svc(ArmDis *d, const ArmArgImm16 *a)
{
    return call_level(d, ARM_RAISE_SVC, a->imm);
}

gboolean arm_trans_hvc(ArmDis *d, const ArmArgImm16 *a)
{
    return d->el != 0 && call_level(d, ARM_RAISE_HVC, a->imm);
}

gboolean arm_trans_smc(ArmDis *d, const ArmArgImm16 *a)
{
    return d->el != 0 && call_level(d, ARM_RAISE_SMC, a->imm);
}

gboolean arm_trans_brk(ArmDis *d, const ArmArgImm16 *a)
{
    arm_raise(d, ARM_RAISE_BRK, a->imm);
    return TRUE;
}

/* Undefined while halting debug is not there (C6.2.131). */
gboolean arm_trans_hlt(ArmDis *d, const ArmArgImm16 *a)
{
    (void)d;
    (void)a;
    return FALSE;
}

gboolean arm_trans_udf(ArmDis *d, const ArmArgUdf *a)
{
    (void)d;
    (void)a;
    return FALSE;
}
