/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One basic block of A64 to IR. Instructions are found by the generated decoder, which calls the
 * handlers in trans-*.c; this file keeps track of what registers hold, and begins and ends blocks.
 *
 * The alignment of SP costs nothing while it is right: the state key says when SP is not a multiple
 * of 16 though it must be, so that blocks of any other key need no checks but where SP gets a value
 * that may be odd.
 */
#include "modules/arm/translate.h"

#include "modules/arm/disas.h"

static uint32_t slot_of(uint32_t reg)
{
    return reg == ARM_SP ? ARM_SLOT_SP : ARM_SLOT_X(reg);
}

void arm_forget(ArmDis *d)
{
    known_forget(&d->known, 31);
    memset(d->low, 0, sizeof(d->low));
    memset(d->v, 0, sizeof(d->v));
    d->flags = (ArmFlags){.kind = ARM_FLAGS_UNKNOWN};
}

void arm_land(ArmDis *d, QhValue branch)
{
    qh_ir_land(d->block, branch);
    arm_forget(d);
}

QhValue arm_const(ArmDis *d, uint64_t value)
{
    return known_constant(&d->known, d->block, value);
}

gboolean arm_x_const(const ArmDis *d, uint32_t reg, uint64_t *ret_value)
{
    return known_is_constant(&d->known, reg, ret_value);
}

QhValue arm_get_x(ArmDis *d, uint32_t reg)
{
    return known_get(&d->known, d->block, reg, slot_of(reg));
}

QhValue arm_get_w(ArmDis *d, uint32_t reg)
{
    uint64_t constant;

    if (d->low[reg] == 0) {
        d->low[reg] = arm_x_const(d, reg, &constant)
                          ? arm_const32(d, (uint32_t)constant)
                          : qh_ir_1(d->block, QH_IR_trunc, QH_TYPE_I32, arm_get_x(d, reg));
    }
    return d->low[reg];
}

void arm_set_x(ArmDis *d, uint32_t reg, QhValue value)
{
    if (reg != 31) {
        known_set(&d->known, d->block, reg, slot_of(reg), value);
        d->low[reg] = 0;
    }
}

void arm_set_w(ArmDis *d, uint32_t reg, QhValue value)
{
    if (reg != 31) {
        arm_set_x(d, reg, qh_ir_1(d->block, QH_IR_zext, QH_TYPE_I64, value));
        d->low[reg] = value;
    }
}

void arm_set_x_const(ArmDis *d, uint32_t reg, uint64_t value)
{
    if (reg != 31) {
        arm_set_x(d, reg, arm_const(d, value));
        known_set_constant(&d->known, reg, value);
    }
}

QhValue arm_near(ArmDis *d, uint64_t address)
{
    return qh_ir_const_pc(d->block, address);
}

void arm_set_x_near(ArmDis *d, uint32_t reg, uint64_t address)
{
    if (reg != 31) {
        arm_set_x(d, reg, arm_near(d, address));
        known_set_address(&d->known, reg, address);
    }
}

gboolean arm_x_near(const ArmDis *d, uint32_t reg, uint64_t *ret_address)
{
    return known_is_address(&d->known, reg, ret_address);
}

void arm_set_sp(ArmDis *d, QhValue value, gboolean aligned)
{
    QhBlock *block = d->block;

    arm_set_x(d, ARM_SP, value);
    if (d->key & ARM_KEY_SPALIGN) { /* it may be right again */
        arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(sp_written), 0, NULL);
        d->next = ARM_NEXT_STATE;
        return;
    }
    if (aligned) {
        return;
    }
    QhValue low = qh_ir_2(block, QH_IR_and, QH_TYPE_I64, value, arm_const(d, 15));
    QhValue odd = qh_ir_1(block, QH_IR_int2bool, QH_TYPE_I64, low);
    QhValue even = qh_ir_brc_forward(block, odd, TRUE);
    arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(sp_written), 0, NULL);
    arm_finish(d, 0);
    qh_ir_exit_state(block, d->next_pc);
    arm_land(d, even);
}

QhValue arm_base(ArmDis *d, uint32_t reg)
{
    QhBlock *block = d->block;

    if (reg != 31) {
        return arm_get_x(d, reg);
    }
    if ((d->key & ARM_KEY_SPALIGN) && !d->sp_checked) {
        d->sp_checked = TRUE;
        QhValue low =
            qh_ir_2(block, QH_IR_and, QH_TYPE_I64, arm_get_x(d, ARM_SP), arm_const(d, 15));
        QhValue odd = qh_ir_1(block, QH_IR_int2bool, QH_TYPE_I64, low);
        QhValue even = qh_ir_brc_forward(block, odd, TRUE);
        qh_ir_raise(block, ARM_RAISE_SP_ALIGN, arm_const(d, 0));
        arm_land(d, even);
    }
    return arm_get_x(d, ARM_SP);
}

QhValue arm_address(ArmDis *d, uint32_t reg, int64_t offset)
{
    uint64_t constant;

    if (reg != 31 && arm_x_const(d, reg, &constant)) {
        return arm_const(d, constant + (uint64_t)offset);
    }
    if (reg != 31 && arm_x_near(d, reg, &constant)) {
        return arm_near(d, constant + (uint64_t)offset);
    }
    QhValue address = arm_base(d, reg);
    return offset == 0
               ? address
               : qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, address, arm_const(d, (uint64_t)offset));
}

void arm_raise(ArmDis *d, uint32_t cause, uint64_t payload)
{
    qh_ir_raise(d->block, cause, arm_const(d, payload));
    d->next = ARM_NEXT_DONE;
}

/* The key as it is after this instruction goes into its slot. */
static void change_key(ArmDis *d, uint64_t key)
{
    qh_ir_set(d->block, QH_TYPE_I64, ARM_SLOT_STATE_KEY, qh_ir_const(d->block, QH_TYPE_I64, key));
    d->key_changed = TRUE;
}

void arm_finish(ArmDis *d, uint32_t btype)
{
    uint64_t field = 3ull << ARM_KEY_BTYPE_SHIFT;
    uint64_t old = d->key & field, new = (uint64_t)btype << ARM_KEY_BTYPE_SHIFT;

    if ((d->key & ARM_KEY_GUARDED) && (old != 0 || new != 0)) {
        qh_ir_set(d->block, QH_TYPE_I32, ARM_SLOT_BTYPE, arm_const32(d, btype));
        change_key(d, (d->key & ~field) | new);
    }
    if (d->key & ARM_KEY_SS) { /* D2.12: active-not-pending becomes active-pending */
        qh_ir_set(d->block, QH_TYPE_I32, ARM_SLOT_SS, arm_const32(d, 0));
        d->key_changed = TRUE;
    }
}

void arm_exit_to(ArmDis *d, uint64_t target, uint32_t hint)
{
    arm_finish(d, 0);
    if (d->key_changed) {
        qh_ir_exit_state(d->block, target);
    } else {
        qh_ir_exit_pc(d->block, target, hint);
    }
    d->next = ARM_NEXT_DONE;
}

/* D8.4.1 "Address tagging": what becomes of the top byte of @pc. */
static QhValue clean(ArmDis *d, QhValue pc)
{
    uint32_t ignored = (uint32_t)(d->key >> ARM_KEY_TBII_SHIFT) & 3u;
    uint32_t regime = (uint32_t)(d->key >> ARM_KEY_FETCH_SHIFT) & 15u;

    if (ignored == 0) {
        return pc;
    }
    if (regime == ARM_MMU_E2 || regime == ARM_MMU_E3) {
        return qh_ir_3(d->block, QH_IR_extractu, QH_TYPE_I64, pc, 0, 56);
    }
    QhValue extended = qh_ir_3(d->block, QH_IR_extracts, QH_TYPE_I64, pc, 0, 56);
    if (ignored == 3) {
        return extended;
    }
    return qh_ir_2(d->block, ignored == 1 ? QH_IR_and : QH_IR_or, QH_TYPE_I64, extended, pc);
}

void arm_exit_indirect(ArmDis *d, QhValue pc, uint32_t hint, uint32_t btype)
{
    pc = clean(d, pc);
    if ((d->key & ARM_KEY_GUARDED) && btype == 3) { /* 1 if this page is not guarded */
        arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(br_btype), 0, NULL);
        d->key_changed = TRUE;
        if (d->key & ARM_KEY_SS) {
            qh_ir_set(d->block, QH_TYPE_I32, ARM_SLOT_SS, arm_const32(d, 0));
        }
    } else {
        arm_finish(d, btype);
    }
    if (d->key_changed) {
        qh_ir_1(d->block, QH_IR_exit_vstate, QH_TYPE_NONE, pc);
    } else {
        qh_ir_exit_value(d->block, pc, hint);
    }
    d->next = ARM_NEXT_DONE;
}

void arm_exit_value(ArmDis *d, QhValue pc, uint32_t hint)
{
    arm_exit_indirect(d, pc, hint, 0);
}

gboolean arm_fp_access(ArmDis *d)
{
    if (((d->key >> ARM_KEY_FP_SHIFT) & 3u) == 0) {
        return TRUE;
    }
    arm_raise(d, ARM_RAISE_FP_TRAP, 0);
    return FALSE;
}

QhValue arm_get_v(ArmDis *d, uint32_t reg)
{
    if (d->v[reg].whole == 0) {
        d->v[reg].whole = qh_ir_get(d->block, QH_TYPE_V128, ARM_SLOT_V(reg));
    }
    return d->v[reg].whole;
}

QhValue arm_get_v64(ArmDis *d, uint32_t reg)
{
    if (d->v[reg].bits == 0) {
        d->v[reg].bits = qh_ir_1(d->block, QH_IR_low64, QH_TYPE_I64, arm_get_v(d, reg));
    }
    return d->v[reg].bits;
}

QhValue arm_get_f64(ArmDis *d, uint32_t reg)
{
    if (d->v[reg].wide == 0) {
        d->v[reg].wide = qh_ir_1(d->block, QH_IR_bits2f, QH_TYPE_F64, arm_get_v64(d, reg));
    }
    return d->v[reg].wide;
}

QhValue arm_get_f32(ArmDis *d, uint32_t reg)
{
    if (d->v[reg].single == 0) {
        QhValue low = qh_ir_1(d->block, QH_IR_trunc, QH_TYPE_I32, arm_get_v64(d, reg));
        d->v[reg].single = qh_ir_1(d->block, QH_IR_bits2f, QH_TYPE_F32, low);
    }
    return d->v[reg].single;
}

void arm_set_v(ArmDis *d, uint32_t reg, QhValue value)
{
    qh_ir_set(d->block, QH_TYPE_V128, ARM_SLOT_V(reg), value);
    d->v[reg] = (ArmVValues){.whole = value};
}

void arm_set_v64(ArmDis *d, uint32_t reg, QhValue bits)
{
    arm_set_v(d, reg, qh_ir_2(d->block, QH_IR_concat128, QH_TYPE_V128, bits, arm_const(d, 0)));
    d->v[reg].bits = bits;
}

void arm_set_f64(ArmDis *d, uint32_t reg, QhValue value)
{
    arm_set_v64(d, reg, qh_ir_1(d->block, QH_IR_f2bits, QH_TYPE_I64, value));
    d->v[reg].wide = value;
}

void arm_set_f32(ArmDis *d, uint32_t reg, QhValue value)
{
    QhValue bits = qh_ir_1(d->block, QH_IR_f2bits, QH_TYPE_I32, value);

    arm_set_v64(d, reg, qh_ir_1(d->block, QH_IR_zext, QH_TYPE_I64, bits));
    d->v[reg].single = value;
}

/* What rows may need. */
static uint64_t features(const ArmCpu *cpu)
{
    uint64_t have = 0;

#define ARM_FEATURE(member, name, architecture, description)                                       \
    have |= cpu->has_##member ? ARM_HAVE(member) : 0;
#include "modules/arm/features.def"
#undef ARM_FEATURE
    return have;
}

static uint32_t word_at(const uint8_t *code)
{
    return code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
}

/* Software step (D2.12): an instruction runs only while PSTATE.SS is 1. */
static void check_step(ArmDis *d)
{
    if (d->key & ARM_KEY_SS) {
        QhValue ss = qh_ir_get(d->block, QH_TYPE_I32, ARM_SLOT_SS);
        QhValue active = qh_ir_1(d->block, QH_IR_int2bool, QH_TYPE_I32, ss);
        QhValue branch = qh_ir_brc_forward(d->block, active, FALSE);
        qh_ir_raise(d->block, ARM_RAISE_STEP, arm_const(d, 0));
        arm_land(d, branch);
    }
}

/*
 * Whether the instruction may be where an indirect branch with @btype leads (Arm D8.4.6, the table
 * of PSTATE.BTYPE): BTI with its operand, the breakpoints, and PACIASP and PACIBSP.
 */
static gboolean is_landing_pad(uint32_t insn, uint32_t btype)
{
    uint32_t bti = (insn >> 6) & 3u;

    if ((insn & ~0xc0u) == 0xd503241fu) {
        return bti == 3 || (bti == 1 && btype != 3) || (bti == 2 && btype != 2);
    }
    return ((insn & ~0x40u) == 0xd503233fu && btype != 3) || (insn & 0xffe0001fu) == 0xd4200000u ||
           (insn & 0xffe0001fu) == 0xd4400000u;
}

static void check_target(ArmDis *d)
{
    uint32_t btype = (uint32_t)(d->key >> ARM_KEY_BTYPE_SHIFT) & 3u;

    if ((d->key & ARM_KEY_GUARDED) && btype != 0 && !is_landing_pad(d->insn, btype)) {
        QhValue insn = arm_const32(d, d->insn);
        arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(check_btype), 1, &insn);
    }
}

/* Whether the state says that no instruction runs at all; the exception has been emitted. */
static gboolean refused(ArmDis *d)
{
    qh_ir_insn_start(d->block, 0, 0, 0);
    check_step(d);
    if (d->key & ARM_KEY_BREAK) {
        (void)arm_call(d, QH_TYPE_NONE, ARM_HELPER_ID(breakpoint), 0, NULL);
    }
    if (d->pc & 3) { /* D1.3.4: before PSTATE.IL */
        qh_ir_raise(d->block, ARM_RAISE_PC_ALIGN, arm_near(d, d->pc));
    } else if (d->key & ARM_KEY_IL) {
        qh_ir_raise(d->block, ARM_RAISE_ILLEGAL, arm_const(d, 0));
    } else {
        return FALSE;
    }
    d->block->n_insns = 1;
    d->block->guest_bytes = MIN(d->block->code_bytes, 4);
    return TRUE;
}

static void one_insn(ArmDis *d)
{
    d->next = ARM_NEXT_INSN;
    d->next_pc = d->pc + 4;
    d->sp_checked = FALSE;
    if (!arm_decode_a64(d, d->insn, d->have)) {
        arm_raise(d, ARM_RAISE_UNDEFINED, 0);
    }
}

static void set_up(ArmDis *d)
{
    uint64_t key = d->key;
    uint32_t order = (key & ARM_KEY_ALIGN ? QH_MEM_ALIGN : 0) | (key & ARM_KEY_BE ? QH_MEM_BE : 0);

    d->have = features(d->cpu);
    d->el = (uint32_t)(key >> ARM_KEY_EL_SHIFT) & 3u;
    d->mem = order | QH_MEM_INDEX((key >> ARM_KEY_DATA_SHIFT) & 15u);
    d->mem_unpriv = order | QH_MEM_INDEX((key >> ARM_KEY_UNPRIV_SHIFT) & 15u);
    arm_forget(d);
}

static gboolean translate(void *ctx, QhBlock *block)
{
    ArmDis d = {
        .block = block,
        .cpu = (const ArmCpu *)block->cpu,
        .pc = block->pc,
        .key = block->state_key,
    };
    uint32_t offset = 0;
    uint32_t limit = d.key & (ARM_KEY_SS | ARM_KEY_BREAK) ? 1 : block->max_insns;

    (void)ctx;
    set_up(&d);
    if (refused(&d)) {
        block->status |= QH_BLOCK_RELATIVE;
        return !(block->status & QH_BLOCK_OVERFLOW);
    }
    while (d.next == ARM_NEXT_INSN && block->n_insns < limit && offset + 4 <= block->code_bytes) {
        d.insn = word_at(block->code + offset);
        if (offset == 0) {
            check_target(&d);
        } else {
            qh_ir_insn_start(block, offset, 0, 0);
        }
        one_insn(&d);
        offset += 4;
        block->n_insns++;
        d.pc = d.next_pc;
        if (d.next == ARM_NEXT_INSN && (d.key >> ARM_KEY_BTYPE_SHIFT & 3u)) {
            arm_finish(&d, 0); /* BTYPE is 0 from here, which changes nothing else */
            d.key &= ~(3ull << ARM_KEY_BTYPE_SHIFT);
        }
    }
    block->guest_bytes = offset;
    if (d.next == ARM_NEXT_INSN) {
        arm_exit_to(&d, d.pc, QH_EXIT_JUMP);
    } else if (d.next == ARM_NEXT_STATE) {
        arm_finish(&d, 0);
        qh_ir_exit_state(block, d.pc);
    }
    if (!d.fixed) {
        block->status |= QH_BLOCK_RELATIVE;
    }
    return !(block->status & QH_BLOCK_OVERFLOW);
}

const QhTranslatorOps arm_translator_ops = {
    .size = sizeof(QhTranslatorOps),
    .n_helpers = ARM_N_HELPERS,
    .helpers = arm_helpers,
    .helper_size = sizeof(QhHelper),
    .lazy_flags = 1,
    .lazy_slots = {ARM_SLOT_CC_KIND, ARM_SLOT_CC_A, ARM_SLOT_CC_B, ARM_SLOT_CC_RESULT},
    .translate = translate,
    .disassemble = arm_disassemble,
};
