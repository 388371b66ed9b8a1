/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pointer authentication: Arm C3.1.11, C3.5.8, C6.2. What a handler does is read off bits of the
 * instruction, which are the same in each class. */
#include "modules/arm/pauth.h"
#include "modules/arm/translate.h"

/* Under a hypervisor the keys may be kept from guests. */
static void check(ArmDis *d, uint32_t what)
{
    if (d->cpu->has_el2 && d->el < 2) {
        QhValue arg = arm_const32(d, what);
        arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(pauth_check), 1, &arg);
    }
}

static QhValue call_pauth(ArmDis *d, QhValue pointer, QhValue modifier, uint32_t what)
{
    QhValue args[] = {pointer, modifier, arm_const32(d, what)};

    check(d, what);
    return arm_call(d, QH_TYPE_I64, ARM_HELPER_ID(pauth), G_N_ELEMENTS(args), args);
}

/* Register @rn, where 31 is SP, without a look at its alignment. */
static QhValue modifier_of(ArmDis *d, uint32_t rn)
{
    return arm_get_x(d, ARM_OR_SP(rn));
}

/* PACIA ... AUTDB; bit 13: the modifier is zero. */
gboolean arm_trans_pac(ArmDis *d, const ArmArgPac *a)
{
    QhValue modifier = (d->insn >> 13) & 1u ? arm_const(d, 0) : modifier_of(d, a->rn);

    arm_set_x(d, a->rd, call_pauth(d, arm_get_x(d, a->rd), modifier, (d->insn >> 10) & 7u));
    return TRUE;
}

static void strip(ArmDis *d, uint32_t reg, uint32_t data)
{
    QhValue args[] = {arm_get_x(d, reg), arm_const32(d, data)};

    arm_set_x(d, reg,
              arm_call(d, QH_TYPE_I64, ARM_HELPER_ID(pauth_strip), G_N_ELEMENTS(args), args));
}

/* Bit 10: XPACD. */
gboolean arm_trans_xpac(ArmDis *d, const ArmArgPacZ *a)
{
    strip(d, a->rd, (d->insn >> 10) & 1u);
    return TRUE;
}

gboolean arm_trans_xpaclri(ArmDis *d, const ArmArgNone *a)
{
    (void)a;
    strip(d, 30, 0);
    return TRUE;
}

gboolean arm_trans_pacga(ArmDis *d, const ArmArgHigh *a)
{
    QhValue args[] = {arm_get_x(d, a->rn), modifier_of(d, a->rm)};

    check(d, 8);
    arm_set_x(d, a->rd,
              arm_call(d, QH_TYPE_I64, ARM_HELPER_ID(pauth_generic), G_N_ELEMENTS(args), args));
    return TRUE;
}

/* The hints: op2 has key and operation in bits 6 and 7. */
static gboolean pac_hint(ArmDis *d, uint32_t reg, QhValue modifier)
{
    uint32_t what =
        ((d->insn >> 6) & 1u ? ARM_PAUTH_B : 0) | ((d->insn >> 7) & 1u ? ARM_PAUTH_AUTH : 0);

    arm_set_x(d, reg, call_pauth(d, arm_get_x(d, reg), modifier, what));
    return TRUE;
}

gboolean arm_trans_pac_1716(ArmDis *d, const ArmArgNone *a)
{
    (void)a;
    return pac_hint(d, 17, arm_get_x(d, 16));
}

gboolean arm_trans_pac_z(ArmDis *d, const ArmArgNone *a)
{
    (void)a;
    return pac_hint(d, 30, arm_const(d, 0));
}

gboolean arm_trans_pac_sp(ArmDis *d, const ArmArgNone *a)
{
    (void)a;
    return pac_hint(d, 30, arm_get_x(d, ARM_SP));
}

/* Bit 10 of the branches: key B. */
static QhValue target_of(ArmDis *d, uint32_t rn, QhValue modifier)
{
    uint32_t key = (d->insn >> 10) & 1u ? ARM_PAUTH_B : 0;

    return call_pauth(d, arm_get_x(d, rn), modifier, key | ARM_PAUTH_AUTH);
}

/* PSTATE.BTYPE after a jump: see trans-flow.c. */
static uint32_t br_type(uint32_t rn)
{
    return rn == 16 || rn == 17 ? 1 : 3;
}

gboolean arm_trans_braa(ArmDis *d, const ArmArgIndirectSigned *a)
{
    QhValue target = target_of(d, a->rn, modifier_of(d, a->rm));

    arm_exit_indirect(d, target, QH_EXIT_JUMP, br_type(a->rn));
    return TRUE;
}

gboolean arm_trans_braaz(ArmDis *d, const ArmArgIndirect *a)
{
    arm_exit_indirect(d, target_of(d, a->rn, arm_const(d, 0)), QH_EXIT_JUMP, br_type(a->rn));
    return TRUE;
}

static gboolean call_signed(ArmDis *d, QhValue target)
{
    arm_set_x_near(d, 30, d->next_pc);
    arm_exit_indirect(d, target, QH_EXIT_CALL, 2);
    return TRUE;
}

gboolean arm_trans_blraa(ArmDis *d, const ArmArgIndirectSigned *a)
{
    return call_signed(d, target_of(d, a->rn, modifier_of(d, a->rm)));
}

gboolean arm_trans_blraaz(ArmDis *d, const ArmArgIndirect *a)
{
    return call_signed(d, target_of(d, a->rn, arm_const(d, 0)));
}

gboolean arm_trans_retaa(ArmDis *d, const ArmArgNone *a)
{
    (void)a;
    arm_exit_value(d, target_of(d, 30, arm_get_x(d, ARM_SP)), QH_EXIT_RET);
    return TRUE;
}

gboolean arm_trans_eretaa(ArmDis *d, const ArmArgNone *a)
{
    return arm_trans_eret(d, a);
}

/* Bit 23: key B; bit 11: write the base back. */
gboolean arm_trans_ldraa(ArmDis *d, const ArmArgLdra *a)
{
    uint32_t key = (d->insn >> 23) & 1u ? ARM_PAUTH_B : 0;
    QhValue base = arm_base(d, a->rn);
    QhValue address = call_pauth(d, base, arm_const(d, 0), key | ARM_PAUTH_DATA | ARM_PAUTH_AUTH);

    if (a->imm != 0) {
        address = qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, address,
                          arm_const(d, (uint64_t)(int64_t)a->imm));
    }
    QhValue value = qh_ir_load(d->block, QH_TYPE_I64, address, QH_MEM_64 | d->mem);
    arm_set_x(d, a->rt, value);
    if ((d->insn >> 11) & 1u) {
        if (a->rn == 31) {
            arm_set_sp(d, address, FALSE);
        } else {
            arm_set_x(d, a->rn, address);
        }
    }
    return TRUE;
}
