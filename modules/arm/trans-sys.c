/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hints, barriers, PSTATE, system registers: Arm C3.2, C5.
 *
 * Registers that are plain state are read and written in the block; all others, and those whose
 * access can be trapped, by the helpers of sysreg.c.
 */
#include "modules/arm/sysreg.h"
#include "modules/arm/translate.h"

#define NZCV   ARM_SYSREG(3, 3, 4, 2, 0)
#define DAIF   ARM_SYSREG(3, 3, 4, 2, 1)
#define FPCR   ARM_SYSREG(3, 3, 4, 4, 0)
#define CURREL ARM_SYSREG(3, 0, 4, 2, 2)

gboolean arm_trans_nop(ArmDis *d, const ArmArgNone *a)
{
    (void)d;
    (void)a;
    return TRUE;
}

/* Hints that have no meaning here do nothing (Arm C6.2.127). */
gboolean arm_trans_hint(ArmDis *d, const ArmArgHint *a)
{
    (void)d;
    (void)a;
    return TRUE;
}

/* Call a helper that gets the instruction only. */
static void call_insn(ArmDis *d, uint32_t helper)
{
    QhValue insn = arm_const32(d, d->insn);

    arm_call(d, QH_TYPE_NONE, helper, 1, &insn);
}

gboolean arm_trans_wait(ArmDis *d, const ArmArgNone *a)
{
    (void)a;
    call_insn(d, ARM_HELPER_ID(wait));
    d->next = ARM_NEXT_STATE;
    return TRUE;
}

/* No error is ever pending that has not been taken at once. */
gboolean arm_trans_esb(ArmDis *d, const ArmArgNone *a)
{
    (void)d;
    (void)a;
    return TRUE;
}

/* Besides the order of accesses it waits for TLB maintenance of other PEs, if there is any. */
gboolean arm_trans_dsb(ArmDis *d, const ArmArgBarrier *a)
{
    QhValue posted, none, branch;

    (void)a;
    qh_ir(d->block, QH_IR_fence, QH_TYPE_NONE, 0, QH_FENCE_ALL, 0, 0);
    if (d->el != 0) {
        posted = qh_ir_get(d->block, QH_TYPE_I32, ARM_SLOT_TLBI_POSTED);
        none = qh_ir_cmp(d->block, QH_COND_EQ, QH_TYPE_I32, posted, arm_const32(d, 0));
        branch = qh_ir_brc_forward(d->block, none, FALSE);
        arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(dsb), 0, NULL);
        arm_land(d, branch);
    }
    return TRUE;
}

/* Low bits of the domain: loads before both, stores before stores, all (Arm B2.3.12). */
gboolean arm_trans_dmb(ArmDis *d, const ArmArgBarrier *a)
{
    static const uint8_t orders[4] = {QH_FENCE_ALL, QH_FENCE_RR | QH_FENCE_RW, QH_FENCE_WW,
                                      QH_FENCE_ALL};

    qh_ir(d->block, QH_IR_fence, QH_TYPE_NONE, 0, orders[a->crm & 3], 0, 0);
    return TRUE;
}

/* What changed before it is seen behind it: a pending interrupt, the state key. Page tables that
 * were set before it are meant to stay (mmu.c). */
gboolean arm_trans_isb(ArmDis *d, const ArmArgCrm *a)
{
    (void)a;
    if ((d->key >> ARM_KEY_FETCH_SHIFT & 15) == ARM_MMU_E10_1_PASS) {
        arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(stay), 0, NULL);
    }
    d->next = ARM_NEXT_STATE;
    return TRUE;
}

gboolean arm_trans_sb(ArmDis *d, const ArmArgNone *a)
{
    (void)a;
    qh_ir(d->block, QH_IR_fence, QH_TYPE_NONE, 0, QH_FENCE_ALL, 0, 0);
    return TRUE;
}

gboolean arm_trans_cfinv(ArmDis *d, const ArmArgNone *a)
{
    (void)a;
    arm_put_nzcv(d, qh_ir_2(d->block, QH_IR_xor, QH_TYPE_I64, arm_get_nzcv(d), arm_const(d, 2)));
    return TRUE;
}

static QhValue shifted_bool(ArmDis *d, QhValue value, uint32_t bit)
{
    value = qh_ir_1(d->block, QH_IR_bool2int, QH_TYPE_I64, value);
    return bit == 0 ? value : qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, value, arm_const(d, bit));
}

static void put_flags(ArmDis *d, QhValue n, QhValue z, QhValue c, QhValue v)
{
    QhValue nz =
        qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, shifted_bool(d, n, 3), shifted_bool(d, z, 2));
    QhValue cv =
        qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, shifted_bool(d, c, 1), shifted_bool(d, v, 0));

    arm_put_nzcv(d, qh_ir_2(d->block, QH_IR_or, QH_TYPE_I64, nz, cv));
}

/* Arm C6.2.433: from the alternative format of FP comparisons. */
gboolean arm_trans_xaflag(ArmDis *d, const ArmArgNone *a)
{
    QhBlock *block = d->block;
    QhValue z = arm_condition(d, 0), c = arm_condition(d, 2);
    QhValue not_c = arm_condition(d, 3), not_z = arm_condition(d, 1);

    (void)a;
    put_flags(d, qh_ir_2(block, QH_IR_and, QH_TYPE_B1, not_c, not_z),
              qh_ir_2(block, QH_IR_and, QH_TYPE_B1, z, c),
              qh_ir_2(block, QH_IR_or, QH_TYPE_B1, c, z),
              qh_ir_2(block, QH_IR_and, QH_TYPE_B1, not_c, z));
    return TRUE;
}

/* Arm C6.2.24: to that format. */
gboolean arm_trans_axflag(ArmDis *d, const ArmArgNone *a)
{
    QhBlock *block = d->block;
    QhValue z = arm_condition(d, 0), c = arm_condition(d, 2), v = arm_condition(d, 6);
    QhValue no = qh_ir_const(block, QH_TYPE_B1, 0);

    (void)a;
    put_flags(d, no, qh_ir_2(block, QH_IR_or, QH_TYPE_B1, z, v),
              qh_ir_2(block, QH_IR_andn, QH_TYPE_B1, c, v), no);
    return TRUE;
}

/* PSTATE fields. PAN, UAO and SPSel are for EL1 and up; DAIF is for EL0, too, if SCTLR allows it.
 */
gboolean arm_trans_msr_imm(ArmDis *d, const ArmArgMsrImm *a)
{
    gboolean op1_is_0 = ((d->insn >> 16) & 7u) == 0;

    (void)a;
    if (d->el == 0 && op1_is_0) {
        return FALSE;
    }
    call_insn(d, ARM_HELPER_ID(msr_imm));
    d->next = ARM_NEXT_STATE;
    return TRUE;
}

/* PSTATE.{A,I,F} at EL1 and up. D may begin a software step, so it is left to the helper. */
static gboolean mask_interrupts(ArmDis *d, const ArmArgMsrImm *a, uint32_t op, uint32_t next)
{
    if (d->el == 0 || (a->imm & 8) || (d->key & ARM_KEY_VIRTUAL)) {
        return arm_trans_msr_imm(d, a);
    }
    QhValue old = qh_ir_get(d->block, QH_TYPE_I32, ARM_SLOT_DAIF);
    qh_ir_set(d->block, QH_TYPE_I32, ARM_SLOT_DAIF,
              qh_ir_2(d->block, op, QH_TYPE_I32, old, arm_const32(d, a->imm)));
    d->next = next;
    return TRUE;
}

gboolean arm_trans_msr_daifset(ArmDis *d, const ArmArgMsrImm *a)
{
    return mask_interrupts(d, a, QH_IR_or, ARM_NEXT_INSN);
}

gboolean arm_trans_msr_daifclr(ArmDis *d, const ArmArgMsrImm *a)
{
    return mask_interrupts(d, a, QH_IR_andn, ARM_NEXT_STATE);
}

/* TLBI may forget what this code was fetched through. */
gboolean arm_trans_sys(ArmDis *d, const ArmArgSys *a)
{
    gboolean zva = a->op1 == 3 && a->crn == 7 && a->crm == 4 && a->op2 == 1;
    QhValue args[] = {arm_const32(d, d->insn), arm_get_x(d, a->rt)};

    arm_call(d, QH_TYPE_NONE, zva ? ARM_HELPER_ID(dc_zva) : ARM_HELPER_ID(sys), G_N_ELEMENTS(args),
             args);
    if (a->crn == 8) {
        d->next = ARM_NEXT_STATE;
    }
    return TRUE;
}

gboolean arm_trans_sysl(ArmDis *d, const ArmArgSys *a)
{
    (void)d;
    (void)a;
    return FALSE;
}

static uint32_t slot_type(uint32_t slot)
{
    static const uint8_t types[] = {
#define ARM_STATE(id, name, member, count, type, klass, flags, hot) QH_TYPE_##type,
#include "modules/arm/cpu-state.def"
#undef ARM_STATE
    };

    return types[slot];
}

/* Row of register @encoding that this block may access itself, or NULL. */
static const ArmSysreg *plain_register(const ArmDis *d, uint32_t encoding, gboolean write)
{
    const ArmSysreg *reg = arm_sysreg_find_under(d->cpu, d->key, encoding);
    uint32_t right = (write ? ARM_W0 : ARM_R0) << 2 * d->el;

    if (reg == NULL || reg->slot == 0 || !(reg->rights & right) ||
        (reg->trap != NULL && d->cpu->has_el2) ||
        (write ? reg->write != NULL : reg->read != NULL)) {
        return NULL;
    }
    return reg;
}

static QhValue read_slot(ArmDis *d, uint32_t slot)
{
    QhValue value = qh_ir_get(d->block, slot_type(slot), slot);

    return slot_type(slot) == QH_TYPE_I64 ? value
                                          : qh_ir_1(d->block, QH_IR_zext, QH_TYPE_I64, value);
}

static QhValue shifted_left(ArmDis *d, QhValue value, uint32_t bits)
{
    return qh_ir_2(d->block, QH_IR_shl, QH_TYPE_I64, value, arm_const(d, bits));
}

gboolean arm_trans_mrs(ArmDis *d, const ArmArgSysReg *a)
{
    uint32_t encoding = ARM_SYSREG_OF_INSN(d->insn);
    const ArmSysreg *reg = plain_register(d, encoding, FALSE);

    if (encoding == NZCV) {
        arm_set_x(d, a->rt, shifted_left(d, arm_get_nzcv(d), 28));
    } else if (encoding == DAIF && d->el != 0) {
        arm_set_x(d, a->rt, shifted_left(d, read_slot(d, ARM_SLOT_DAIF), 6));
    } else if (encoding == CURREL && d->el != 0) {
        arm_set_x_const(d, a->rt, d->el << 2);
    } else if (encoding == FPCR) {
        if (arm_fp_access(d)) {
            arm_set_x(d, a->rt, read_slot(d, ARM_SLOT_FPCR));
        }
    } else if (reg != NULL) {
        arm_set_x(d, a->rt, read_slot(d, reg->slot));
    } else {
        QhValue insn = arm_const32(d, d->insn);
        arm_set_x(d, a->rt, arm_call(d, QH_TYPE_I64, ARM_HELPER_ID(mrs), 1, &insn));
    }
    return TRUE;
}

static void call_msr(ArmDis *d, QhValue value)
{
    QhValue args[] = {arm_const32(d, d->insn), value};

    arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(msr), G_N_ELEMENTS(args), args);
}

/* local_irq_restore of a guest: D is as before, which the block finds out when it runs. */
static void write_daif(ArmDis *d, uint32_t rt)
{
    QhBlock *block = d->block;
    QhValue low = arm_get_w(d, rt);
    QhValue new = qh_ir_3(block, QH_IR_extractu, QH_TYPE_I32, low, 6, 4);
    QhValue old = qh_ir_get(block, QH_TYPE_I32, ARM_SLOT_DAIF);
    QhValue changed = qh_ir_2(block, QH_IR_and, QH_TYPE_I32,
                              qh_ir_2(block, QH_IR_xor, QH_TYPE_I32, new, old), arm_const32(d, 8));
    QhValue other =
        qh_ir_brc_forward(block, qh_ir_1(block, QH_IR_int2bool, QH_TYPE_I32, changed), FALSE);

    qh_ir_set(block, QH_TYPE_I32, ARM_SLOT_DAIF, new);
    arm_finish(d, 0);
    qh_ir_exit_state(block, d->next_pc);
    arm_land(d, other);
    call_msr(d, arm_get_x(d, rt));
}

/* The bits of @reg that can be written. */
static void write_slot(ArmDis *d, const ArmSysreg *reg, QhValue value)
{
    QhBlock *block = d->block;
    uint32_t type = slot_type(reg->slot);

    if (type != QH_TYPE_I64) {
        value = qh_ir_1(block, QH_IR_trunc, type, value);
    }
    if (reg->mask != ~0ull) {
        QhValue mask =
            qh_ir_const(block, type, type == QH_TYPE_I64 ? reg->mask : (uint32_t)reg->mask);
        QhValue old = qh_ir_get(block, type, reg->slot);
        old = qh_ir_2(block, QH_IR_andn, type, old, mask);
        value = qh_ir_2(block, QH_IR_or, type, old, qh_ir_2(block, QH_IR_and, type, value, mask));
    }
    qh_ir_set(block, type, reg->slot, value);
}

gboolean arm_trans_msr_reg(ArmDis *d, const ArmArgSysReg *a)
{
    uint32_t encoding = ARM_SYSREG_OF_INSN(d->insn);
    const ArmSysreg *reg = plain_register(d, encoding, TRUE);
    QhValue value = arm_get_x(d, a->rt);

    if (encoding == NZCV) {
        arm_put_nzcv(d, qh_ir_3(d->block, QH_IR_extractu, QH_TYPE_I64, value, 28, 4));
        return TRUE;
    }
    if (reg != NULL) {
        write_slot(d, reg, value);
        return TRUE;
    }
    if (encoding == DAIF && d->el != 0 && !(d->key & ARM_KEY_VIRTUAL)) {
        write_daif(d, a->rt);
    } else {
        call_msr(d, value);
    }
    d->next = ARM_NEXT_STATE;
    return TRUE;
}
