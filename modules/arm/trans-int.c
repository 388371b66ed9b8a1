/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data processing on general-purpose registers: Arm C3.3 and C3.4. */
#include "modules/arm/translate.h"

static QhValue sized_const(ArmDis *d, uint32_t sf, uint64_t value)
{
    return sf ? arm_const(d, value) : arm_const32(d, (uint32_t)value);
}

/* Rd, which may be SP, from an addition to Rn of the constant @offset. */
static void add_constant(ArmDis *d, const ArmArgAddImm *a, uint64_t offset)
{
    uint32_t rd = ARM_OR_SP(a->rd), rn = ARM_OR_SP(a->rn);
    uint64_t value;

    if (rd == ARM_SP) {
        QhValue sp = arm_get_x(d, rn);
        if (offset != 0) {
            sp = qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, sp, arm_const(d, offset));
        }
        arm_set_sp(d, a->sf ? sp : qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, sp),
                   rn == ARM_SP && offset % 16 == 0);
    } else if (arm_x_const(d, rn, &value)) {
        arm_set_x_const(d, rd, a->sf ? value + offset : (uint32_t)(value + offset));
    } else if (a->sf && arm_x_near(d, rn, &value)) {
        arm_set_x_near(d, rd, value + offset);
    } else {
        QhValue x = arm_get(d, a->sf, rn);
        if (offset != 0) {
            x = qh_ir_2(d->block, QH_IR_add, arm_type(a->sf), x, sized_const(d, a->sf, offset));
        }
        arm_set(d, a->sf, rd, x);
    }
}

static uint64_t add_immediate(const ArmArgAddImm *a)
{
    return (uint64_t)a->imm << (a->sh ? 12 : 0);
}

gboolean arm_trans_add_imm(ArmDis *d, const ArmArgAddImm *a)
{
    add_constant(d, a, add_immediate(a));
    return TRUE;
}

gboolean arm_trans_sub_imm(ArmDis *d, const ArmArgAddImm *a)
{
    add_constant(d, a, -add_immediate(a));
    return TRUE;
}

/* Rd = x - y with flags. */
static void subtract(ArmDis *d, uint32_t sf, uint32_t rd, QhValue x, QhValue y)
{
    QhValue result = qh_ir_2(d->block, QH_IR_sub, arm_type(sf), x, y);

    arm_set(d, sf, rd, result);
    arm_set_flags(d, QH_CC_SUB_NB, arm_type(sf), x, y, result);
}

static void add(ArmDis *d, uint32_t sf, uint32_t rd, QhValue x, QhValue y)
{
    QhValue result = qh_ir_2(d->block, QH_IR_add, arm_type(sf), x, y);

    arm_set(d, sf, rd, result);
    arm_set_flags(d, QH_CC_ADD, arm_type(sf), x, y, result);
}

/*
 * The flags of x + y are those of x - -y, unless y is 0 (then C differs) or the smallest number,
 * which is no immediate; and a subtraction makes comparisons.
 */
gboolean arm_trans_adds_imm(ArmDis *d, const ArmArgAddImm *a)
{
    uint64_t y = add_immediate(a);
    QhValue x = arm_get(d, a->sf, ARM_OR_SP(a->rn));

    if (y == 0) {
        add(d, a->sf, a->rd, x, sized_const(d, a->sf, 0));
    } else {
        subtract(d, a->sf, a->rd, x, sized_const(d, a->sf, -y));
    }
    return TRUE;
}

gboolean arm_trans_subs_imm(ArmDis *d, const ArmArgAddImm *a)
{
    QhValue x = arm_get(d, a->sf, ARM_OR_SP(a->rn));

    subtract(d, a->sf, a->rd, x, sized_const(d, a->sf, add_immediate(a)));
    return TRUE;
}
