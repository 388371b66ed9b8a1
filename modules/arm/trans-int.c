/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addition, logic, moves and conditional operations on general-purpose registers: Arm C3.4, C3.5.
 */
#include "modules/arm/immediate.h"
#include "modules/arm/translate.h"

static QhValue sized_const(ArmDis *d, uint32_t sf, uint64_t value)
{
    return sf ? arm_const(d, value) : arm_const32(d, (uint32_t)value);
}

/* Rd, which may be SP, from a value of width @sf. */
static void set_or_sp(ArmDis *d, uint32_t sf, uint32_t rd, QhValue value, gboolean aligned)
{
    if (rd != 31) {
        arm_set(d, sf, rd, value);
        return;
    }
    arm_set_sp(d, sf ? value : qh_ir_1(d->block, QH_IR_zext, QH_TYPE_I64, value), aligned);
}

/* Rd from an addition to Rn of the constant @offset; both may be SP. */
static void add_constant(ArmDis *d, const ArmArgAddImm *a, uint64_t offset)
{
    uint32_t rn = ARM_OR_SP(a->rn);
    uint64_t value;

    if (a->rd != 31 && arm_x_const(d, rn, &value)) {
        arm_set_x_const(d, a->rd, a->sf ? value + offset : (uint32_t)(value + offset));
        return;
    }
    if (a->rd != 31 && a->sf && arm_x_near(d, rn, &value)) {
        arm_set_x_near(d, a->rd, value + offset);
        return;
    }
    QhValue x = arm_get(d, a->sf, rn);
    if (offset != 0) {
        x = qh_ir_2(d->block, QH_IR_add, arm_type(a->sf), x, sized_const(d, a->sf, offset));
    }
    set_or_sp(d, a->sf, a->rd, x, rn == ARM_SP && a->sf && offset % 16 == 0);
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

gboolean arm_trans_adr(ArmDis *d, const ArmArgAdr *a)
{
    arm_set_x_near(d, a->rd, d->pc + (uint64_t)(int64_t)a->imm);
    return TRUE;
}

/*
 * The page of pc. A block stays at its place in its page of at least 4 KiB wherever it is mapped,
 * so this is as near as adr.
 */
gboolean arm_trans_adrp(ArmDis *d, const ArmArgAdr *a)
{
    arm_set_x_near(d, a->rd, (d->pc & ~0xfffull) + ((uint64_t)(int64_t)a->imm << 12));
    return TRUE;
}

static void
logic_set(ArmDis *d, uint32_t sf, uint32_t op, uint32_t rd, QhValue x, QhValue y, gboolean flags)
{
    QhValue result = qh_ir_2(d->block, op, arm_type(sf), x, y);

    arm_set(d, sf, rd, result);
    if (flags) {
        arm_set_flags(d, QH_CC_LOGIC, arm_type(sf), x, y, result);
    }
}

static gboolean logic_imm(ArmDis *d, const ArmArgLogicImm *a, uint32_t op)
{
    uint64_t mask;

    if (!arm_bitmask(a->sf, a->n, a->immr, a->imms, &mask)) {
        return FALSE;
    }
    if (op == QH_IR_or && a->rn == 31 && a->rd != 31) {
        arm_set_x_const(d, a->rd, mask);
        return TRUE;
    }
    QhValue x = arm_get(d, a->sf, a->rn);
    x = qh_ir_2(d->block, op, arm_type(a->sf), x, sized_const(d, a->sf, mask));
    set_or_sp(d, a->sf, a->rd, x, op == QH_IR_and && mask % 16 == 0);
    return TRUE;
}

gboolean arm_trans_and_imm(ArmDis *d, const ArmArgLogicImm *a)
{
    return logic_imm(d, a, QH_IR_and);
}

gboolean arm_trans_orr_imm(ArmDis *d, const ArmArgLogicImm *a)
{
    return logic_imm(d, a, QH_IR_or);
}

gboolean arm_trans_eor_imm(ArmDis *d, const ArmArgLogicImm *a)
{
    return logic_imm(d, a, QH_IR_xor);
}

gboolean arm_trans_ands_imm(ArmDis *d, const ArmArgLogicImm *a)
{
    uint64_t mask;

    if (!arm_bitmask(a->sf, a->n, a->immr, a->imms, &mask)) {
        return FALSE;
    }
    QhValue x = arm_get(d, a->sf, a->rn);
    logic_set(d, a->sf, QH_IR_and, a->rd, x, sized_const(d, a->sf, mask), TRUE);
    return TRUE;
}

/* 32-bit forms know two halfwords only. */
static gboolean bad_halfword(const ArmArgMoveWide *a)
{
    return !a->sf && a->hw > 1;
}

gboolean arm_trans_movz(ArmDis *d, const ArmArgMoveWide *a)
{
    if (bad_halfword(a)) {
        return FALSE;
    }
    arm_set_x_const(d, a->rd, (uint64_t)a->imm << 16 * a->hw);
    return TRUE;
}

gboolean arm_trans_movn(ArmDis *d, const ArmArgMoveWide *a)
{
    uint64_t value = ~((uint64_t)a->imm << 16 * a->hw);

    if (bad_halfword(a)) {
        return FALSE;
    }
    arm_set_x_const(d, a->rd, a->sf ? value : (uint32_t)value);
    return TRUE;
}

gboolean arm_trans_movk(ArmDis *d, const ArmArgMoveWide *a)
{
    uint32_t at = 16 * a->hw;
    uint64_t value;

    if (bad_halfword(a)) {
        return FALSE;
    }
    if (arm_x_const(d, a->rd, &value)) {
        value = (value & ~(0xffffull << at)) | (uint64_t)a->imm << at;
        arm_set_x_const(d, a->rd, a->sf ? value : (uint32_t)value);
        return TRUE;
    }
    QhValue old = arm_get(d, a->sf, a->rd);
    arm_set(d, a->sf, a->rd,
            qh_ir_3(d->block, QH_IR_deposit, arm_type(a->sf), old, sized_const(d, a->sf, a->imm),
                    at | 16u << 8));
    return TRUE;
}

/* Rm, shifted: LSL, LSR, ASR, ROR. */
static QhValue shifted(ArmDis *d, const ArmArgShifted *a)
{
    static const uint16_t ops[4] = {QH_IR_shl, QH_IR_shr, QH_IR_sar, QH_IR_ror};
    QhValue y = arm_get(d, a->sf, a->rm);

    return a->amount == 0 ? y
                          : qh_ir_2(d->block, ops[a->shift], arm_type(a->sf), y,
                                    sized_const(d, a->sf, a->amount));
}

static gboolean bad_amount(const ArmArgShifted *a)
{
    return !a->sf && a->amount > 31;
}

static gboolean logic(ArmDis *d, const ArmArgShifted *a, uint32_t op, gboolean flags)
{
    if (bad_amount(a)) {
        return FALSE;
    }
    QhValue x = arm_get(d, a->sf, a->rn);
    logic_set(d, a->sf, op, a->rd, x, shifted(d, a), flags);
    return TRUE;
}

gboolean arm_trans_and_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return logic(d, a, QH_IR_and, FALSE);
}

gboolean arm_trans_bic_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return logic(d, a, QH_IR_andn, FALSE);
}

/* mov */
static void move(ArmDis *d, uint32_t sf, uint32_t rd, uint32_t rm)
{
    uint64_t value;

    if (arm_x_const(d, rm, &value)) {
        arm_set_x_const(d, rd, sf ? value : (uint32_t)value);
    } else if (sf && arm_x_near(d, rm, &value)) {
        arm_set_x_near(d, rd, value);
    } else {
        arm_set(d, sf, rd, arm_get(d, sf, rm));
    }
}

gboolean arm_trans_orr_shifted(ArmDis *d, const ArmArgShifted *a)
{
    if (a->rn == 31 && a->amount == 0) {
        move(d, a->sf, a->rd, a->rm);
        return TRUE;
    }
    return logic(d, a, QH_IR_or, FALSE);
}

gboolean arm_trans_orn_shifted(ArmDis *d, const ArmArgShifted *a)
{
    if (a->rn == 31 && !bad_amount(a)) { /* mvn */
        arm_set(d, a->sf, a->rd, qh_ir_1(d->block, QH_IR_not, arm_type(a->sf), shifted(d, a)));
        return TRUE;
    }
    return logic(d, a, QH_IR_orn, FALSE);
}

gboolean arm_trans_eor_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return logic(d, a, QH_IR_xor, FALSE);
}

gboolean arm_trans_eon_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return logic(d, a, QH_IR_xnor, FALSE);
}

gboolean arm_trans_ands_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return logic(d, a, QH_IR_and, TRUE);
}

gboolean arm_trans_bics_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return logic(d, a, QH_IR_andn, TRUE);
}

static gboolean add_shifted(ArmDis *d, const ArmArgShifted *a, gboolean minus, gboolean flags)
{
    if (a->shift == 3 || bad_amount(a)) {
        return FALSE;
    }
    QhValue x = arm_get(d, a->sf, a->rn), y = shifted(d, a);
    if (flags && minus) {
        subtract(d, a->sf, a->rd, x, y);
    } else if (flags) {
        add(d, a->sf, a->rd, x, y);
    } else if (minus && a->rn == 31) {
        arm_set(d, a->sf, a->rd, qh_ir_1(d->block, QH_IR_neg, arm_type(a->sf), y));
    } else {
        arm_set(d, a->sf, a->rd,
                qh_ir_2(d->block, minus ? QH_IR_sub : QH_IR_add, arm_type(a->sf), x, y));
    }
    return TRUE;
}

gboolean arm_trans_add_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return add_shifted(d, a, FALSE, FALSE);
}

gboolean arm_trans_adds_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return add_shifted(d, a, FALSE, TRUE);
}

gboolean arm_trans_sub_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return add_shifted(d, a, TRUE, FALSE);
}

gboolean arm_trans_subs_shifted(ArmDis *d, const ArmArgShifted *a)
{
    return add_shifted(d, a, TRUE, TRUE);
}

/* Rm, extended from a byte, halfword or word and shifted (Arm C1.2.3 "ExtendReg"). */
static QhValue extended(ArmDis *d, const ArmArgExtended *a)
{
    static const uint16_t ops[8] = {QH_IR_ext8u, QH_IR_ext16u, QH_IR_ext32u, 0,
                                    QH_IR_ext8s, QH_IR_ext16s, QH_IR_ext32s, 0};
    uint32_t op = ops[a->option], type = arm_type(a->sf);
    QhValue y = arm_get(d, a->sf, a->rm);

    if (op != 0 && (a->sf || (a->option & 3) != 2)) {
        y = qh_ir_1(d->block, op, type, y);
    }
    return a->amount == 0 ? y
                          : qh_ir_2(d->block, QH_IR_shl, type, y, sized_const(d, a->sf, a->amount));
}

static gboolean add_extended(ArmDis *d, const ArmArgExtended *a, gboolean minus, gboolean flags)
{
    if (a->amount > 4) {
        return FALSE;
    }
    QhValue x = arm_get(d, a->sf, ARM_OR_SP(a->rn)), y = extended(d, a);
    if (flags && minus) {
        subtract(d, a->sf, a->rd, x, y);
    } else if (flags) {
        add(d, a->sf, a->rd, x, y);
    } else {
        x = qh_ir_2(d->block, minus ? QH_IR_sub : QH_IR_add, arm_type(a->sf), x, y);
        set_or_sp(d, a->sf, a->rd, x, FALSE);
    }
    return TRUE;
}

gboolean arm_trans_add_extended(ArmDis *d, const ArmArgExtended *a)
{
    return add_extended(d, a, FALSE, FALSE);
}

gboolean arm_trans_adds_extended(ArmDis *d, const ArmArgExtended *a)
{
    return add_extended(d, a, FALSE, TRUE);
}

gboolean arm_trans_sub_extended(ArmDis *d, const ArmArgExtended *a)
{
    return add_extended(d, a, TRUE, FALSE);
}

gboolean arm_trans_subs_extended(ArmDis *d, const ArmArgExtended *a)
{
    return add_extended(d, a, TRUE, TRUE);
}

/* A subtraction is an addition of the complement; then carry means the same. */
static gboolean with_carry(ArmDis *d, const ArmArgThree *a, gboolean minus, gboolean flags)
{
    uint32_t type = arm_type(a->sf);
    QhValue x = arm_get(d, a->sf, a->rn), y = arm_get(d, a->sf, a->rm);

    if (minus) {
        y = qh_ir_1(d->block, QH_IR_not, type, y);
    }
    QhValue carry = arm_condition(d, 2);
    QhValue result = qh_ir_3(d->block, QH_IR_addc, type, x, y, carry);
    if (flags) {
        carry = qh_ir_3(d->block, QH_IR_addc_carry, type, x, y, carry);
    }
    arm_set(d, a->sf, a->rd, result);
    if (flags) {
        arm_set_flags(d, QH_CC_ADC, type, x, y, result);
        d->flags.chosen = carry;
    }
    return TRUE;
}

gboolean arm_trans_adc(ArmDis *d, const ArmArgThree *a)
{
    return with_carry(d, a, FALSE, FALSE);
}

gboolean arm_trans_adcs(ArmDis *d, const ArmArgThree *a)
{
    return with_carry(d, a, FALSE, TRUE);
}

gboolean arm_trans_sbc(ArmDis *d, const ArmArgThree *a)
{
    return with_carry(d, a, TRUE, FALSE);
}

gboolean arm_trans_sbcs(ArmDis *d, const ArmArgThree *a)
{
    return with_carry(d, a, TRUE, TRUE);
}

/* Compare @x and @y if @cond holds; the flags are @nzcv otherwise. */
static gboolean conditional_compare(
    ArmDis *d, uint32_t sf, uint32_t cond, uint32_t kind, QhValue x, QhValue y, uint32_t nzcv)
{
    uint32_t type = arm_type(sf);
    ArmFlags compared = {.kind = kind, .type = type, .a = x, .b = y};

    compared.result = qh_ir_2(d->block, kind == QH_CC_ADD ? QH_IR_add : QH_IR_sub, type, x, y);
    if (cond >= 14) {
        arm_set_flags(d, kind, type, x, y, compared.result);
    } else {
        arm_choose_flags(d, arm_condition(d, cond), &compared, nzcv);
    }
    return TRUE;
}

gboolean arm_trans_ccmn_reg(ArmDis *d, const ArmArgCondReg *a)
{
    QhValue x = arm_get(d, a->sf, a->rn), y = arm_get(d, a->sf, a->rm);

    return conditional_compare(d, a->sf, a->cond, QH_CC_ADD, x, y, a->nzcv);
}

gboolean arm_trans_ccmp_reg(ArmDis *d, const ArmArgCondReg *a)
{
    QhValue x = arm_get(d, a->sf, a->rn), y = arm_get(d, a->sf, a->rm);

    return conditional_compare(d, a->sf, a->cond, QH_CC_SUB_NB, x, y, a->nzcv);
}

/* As adds with an immediate. */
gboolean arm_trans_ccmn_imm(ArmDis *d, const ArmArgCondImm *a)
{
    QhValue x = arm_get(d, a->sf, a->rn), y = sized_const(d, a->sf, -(uint64_t)a->imm);

    return conditional_compare(d, a->sf, a->cond, a->imm == 0 ? QH_CC_ADD : QH_CC_SUB_NB, x, y,
                               a->nzcv);
}

gboolean arm_trans_ccmp_imm(ArmDis *d, const ArmArgCondImm *a)
{
    QhValue x = arm_get(d, a->sf, a->rn), y = sized_const(d, a->sf, a->imm);

    return conditional_compare(d, a->sf, a->cond, QH_CC_SUB_NB, x, y, a->nzcv);
}

static gboolean choose(ArmDis *d, const ArmArgSelect *a, QhValue yes, QhValue no)
{
    arm_set(d, a->sf, a->rd,
            qh_ir_select(d->block, arm_type(a->sf), arm_condition(d, a->cond), yes, no));
    return TRUE;
}

/* cset and csetm: both registers are zero. */
static gboolean truth(ArmDis *d, const ArmArgSelect *a, gboolean minus)
{
    QhValue no = arm_condition(d, a->cond ^ 1);

    no = qh_ir_1(d->block, QH_IR_bool2int, arm_type(a->sf), no);
    arm_set(d, a->sf, a->rd, minus ? qh_ir_1(d->block, QH_IR_neg, arm_type(a->sf), no) : no);
    return TRUE;
}

static gboolean is_truth(const ArmArgSelect *a)
{
    return a->rn == 31 && a->rm == 31 && a->cond < 14;
}

gboolean arm_trans_csel(ArmDis *d, const ArmArgSelect *a)
{
    QhValue yes = arm_get(d, a->sf, a->rn);

    return choose(d, a, yes, arm_get(d, a->sf, a->rm));
}

gboolean arm_trans_csinc(ArmDis *d, const ArmArgSelect *a)
{
    if (is_truth(a)) {
        return truth(d, a, FALSE);
    }
    QhValue yes = arm_get(d, a->sf, a->rn), no = arm_get(d, a->sf, a->rm);
    no = qh_ir_2(d->block, QH_IR_add, arm_type(a->sf), no, sized_const(d, a->sf, 1));
    return choose(d, a, yes, no);
}

gboolean arm_trans_csinv(ArmDis *d, const ArmArgSelect *a)
{
    if (is_truth(a)) {
        return truth(d, a, TRUE);
    }
    QhValue yes = arm_get(d, a->sf, a->rn), no = arm_get(d, a->sf, a->rm);
    return choose(d, a, yes, qh_ir_1(d->block, QH_IR_not, arm_type(a->sf), no));
}

gboolean arm_trans_csneg(ArmDis *d, const ArmArgSelect *a)
{
    QhValue yes = arm_get(d, a->sf, a->rn), no = arm_get(d, a->sf, a->rm);

    return choose(d, a, yes, qh_ir_1(d->block, QH_IR_neg, arm_type(a->sf), no));
}
