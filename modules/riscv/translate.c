/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One basic block of guest code to IR. Instructions are found by the generated decoders, which call
 * the handlers in trans-*.c; this file fetches, keeps track of what registers hold, and ends the
 * block.
 */
#include "modules/riscv/translate.h"

#include "modules/riscv/disas.h"

void rv_forget(RvDis *d)
{
    known_forget(&d->known, 0);
    memset(d->f, 0, sizeof(d->f));
}

void rv_land(RvDis *d, QhValue branch)
{
    qh_ir_land(d->block, branch);
    rv_forget(d);
}

QhValue rv_const(RvDis *d, uint64_t value)
{
    return known_constant(&d->known, d->block, value);
}

gboolean rv_x_const(const RvDis *d, uint32_t reg, uint64_t *ret_value)
{
    return known_is_constant(&d->known, reg, ret_value);
}

QhValue rv_get_x(RvDis *d, uint32_t reg)
{
    return known_get(&d->known, d->block, reg, RV_SLOT_X(reg));
}

QhValue rv_get_x32(RvDis *d, uint32_t reg)
{
    return qh_ir_1(d->block, QH_IR_trunc, QH_TYPE_I32, rv_get_x(d, reg));
}

void rv_set_x(RvDis *d, uint32_t reg, QhValue value)
{
    if (reg != 0) {
        known_set(&d->known, d->block, reg, RV_SLOT_X(reg), value);
    }
}

void rv_set_x_xlen(RvDis *d, uint32_t reg, QhValue value)
{
    if (reg != 0) {
        rv_set_x(d, reg, d->is64 ? value : qh_ir_1(d->block, QH_IR_ext32s, QH_TYPE_I64, value));
    }
}

void rv_set_x32(RvDis *d, uint32_t reg, QhValue value)
{
    if (reg != 0) {
        rv_set_x(d, reg, qh_ir_1(d->block, QH_IR_sext, QH_TYPE_I64, value));
    }
}

void rv_set_x_const(RvDis *d, uint32_t reg, uint64_t value)
{
    if (!d->is64) {
        value = (uint64_t)(int32_t)value;
    }
    if (reg != 0) {
        rv_set_x(d, reg, rv_const(d, value));
        known_set_constant(&d->known, reg, value);
    }
}

uint64_t rv_wrap(const RvDis *d, uint64_t address)
{
    return d->is64 ? address : (uint32_t)address;
}

QhValue rv_near(RvDis *d, uint64_t address)
{
    return d->is64 ? qh_ir_const_pc(d->block, address) : rv_const(d, rv_wrap(d, address));
}

void rv_set_x_near(RvDis *d, uint32_t reg, uint64_t address)
{
    if (!d->is64) {
        rv_set_x_const(d, reg, address);
    } else if (reg != 0) {
        rv_set_x(d, reg, rv_near(d, address));
        known_set_address(&d->known, reg, address);
    }
}

gboolean rv_x_near(const RvDis *d, uint32_t reg, uint64_t *ret_address)
{
    return known_is_address(&d->known, reg, ret_address);
}

QhValue rv_address(RvDis *d, uint32_t base, int32_t offset)
{
    uint64_t constant;

    if (rv_x_const(d, base, &constant)) {
        return rv_const(d, rv_wrap(d, constant + (uint64_t)(int64_t)offset));
    }
    if (rv_x_near(d, base, &constant)) {
        return rv_near(d, constant + (uint64_t)(int64_t)offset);
    }
    QhValue address = rv_get_x(d, base);
    if (offset != 0) {
        address = qh_ir_2(d->block, QH_IR_add, QH_TYPE_I64, address,
                          rv_const(d, (uint64_t)(int64_t)offset));
    }
    return d->is64 ? address : qh_ir_1(d->block, QH_IR_ext32u, QH_TYPE_I64, address);
}

void rv_raise(RvDis *d, uint32_t cause, uint64_t tval)
{
    qh_ir_raise(d->block, cause, rv_const(d, tval));
    d->next = RV_NEXT_DONE;
}

void rv_raise_near(RvDis *d, uint32_t cause, uint64_t tval)
{
    qh_ir_raise(d->block, cause, rv_near(d, tval));
    d->next = RV_NEXT_DONE;
}

void rv_emit_exit(RvDis *d, uint64_t target, uint32_t hint)
{
    if (rv_key_changed(d)) {
        qh_ir_exit_state(d->block, target);
    } else {
        qh_ir_exit_pc(d->block, target, hint);
    }
}

void rv_exit_to(RvDis *d, uint64_t target, uint32_t hint)
{
    rv_emit_exit(d, target, hint);
    d->next = RV_NEXT_DONE;
}

void rv_fp_write(RvDis *d)
{
    if (!(d->key & RV_KEY_FS_DIRTY)) {
        rv_call(d, QH_TYPE_NONE, RV_HELPER_ID(fs_dirty), 0, NULL);
        d->key |= RV_KEY_FS_DIRTY;
        d->next = RV_NEXT_STATE;
    }
}

/* What rows may need, from the configuration and the state key. */
static uint64_t features(const RvCpu *cpu, uint64_t key)
{
    uint64_t have = key & RV_KEY_64 ? RV_HAVE_rv64 : RV_HAVE_rv32;

#define RV_EXT(member, name, base, description) have |= cpu->ext_##member ? RV_HAVE(member) : 0;
#include "modules/riscv/extensions.def"
#undef RV_EXT
    if (!(key & RV_KEY_C)) {
        have &= ~(RV_HAVE_zca | RV_HAVE_zcb | RV_HAVE_zcd | RV_HAVE_zcf);
    }
    return have;
}

static uint32_t halfword(const uint8_t *code)
{
    return code[0] | (uint32_t)code[1] << 8;
}

/*
 * Read the instruction at @offset into @d. FALSE: it reaches into the next page and cannot be
 * fetched, or it is not the block's first, so that the block has to end before it.
 */
static gboolean fetch(RvDis *d, uint32_t offset)
{
    QhBlock *block = d->block;
    uint32_t low = halfword(block->code + offset);

    /* Unpriv. "Base Instruction-Length Encoding": 11 in the low bits is longer than 16. */
    if ((low & 3) != 3) {
        d->insn = low;
        d->length = 2;
        return TRUE;
    }
    d->length = 4;
    if (block->code_bytes - offset >= 4) {
        d->insn = low | halfword(block->code + offset + 2) << 16;
        return TRUE;
    }
    if (block->n_insns > 0) {
        return FALSE;
    }
    const uint8_t *rest = block->fetch(block, offset + 2, 2);
    if (rest == NULL) {
        return FALSE;
    }
    d->insn = low | halfword(rest) << 16;
    return TRUE;
}

static void one_insn(RvDis *d, uint32_t offset)
{
    gboolean known;

    d->next = RV_NEXT_INSN;
    d->next_pc = rv_wrap(d, d->pc + d->length);
    qh_ir_insn_start(d->block, offset, 0, 0);
    known = d->length == 2 ? rv_decode_insn16(d, (uint16_t)d->insn, d->have)
                           : rv_decode_insn32(d, d->insn, d->have);
    if (!known) {
        rv_raise(d, RV_CAUSE_ILLEGAL, d->insn);
    }
}

static gboolean translate(void *ctx, QhBlock *block)
{
    RvDis d = {
        .block = block,
        .cpu = (const RvCpu *)block->cpu,
        .pc = block->pc,
        .key = (uint32_t)block->state_key,
        .have = features((const RvCpu *)block->cpu, block->state_key),
        .priv = (uint32_t)(block->state_key >> RV_KEY_PRIV_SHIFT) & 3u,
        .mem = QH_MEM_INDEX((block->state_key >> RV_KEY_DATA_SHIFT) & 15u),
        .is64 = (block->state_key & RV_KEY_64) != 0,
    };
    uint32_t offset = 0;

    (void)ctx;
    rv_forget(&d);
    while (d.next == RV_NEXT_INSN && block->n_insns < block->max_insns &&
           offset + 2 <= block->code_bytes) {
        if (!fetch(&d, offset)) {
            if (block->status & QH_BLOCK_FETCH_FAULT) {
                return FALSE;
            }
            break;
        }
        one_insn(&d, offset);
        offset += d.length;
        block->n_insns++;
        d.pc = d.next_pc;
    }
    block->guest_bytes = offset;
    if (d.next == RV_NEXT_INSN) {
        rv_emit_exit(&d, d.pc, QH_EXIT_JUMP);
    } else if (d.next == RV_NEXT_STATE) {
        qh_ir_exit_state(block, d.pc);
    }
    if (d.is64 && !d.fixed) {
        block->status |= QH_BLOCK_RELATIVE;
    }
    return !(block->status & QH_BLOCK_OVERFLOW);
}

const QhTranslatorOps rv_translator_ops = {
    .size = sizeof(QhTranslatorOps),
    .n_helpers = RV_N_HELPERS,
    .helpers = rv_helpers,
    .helper_size = sizeof(QhHelper),
    .translate = translate,
    .disassemble = rv_disassemble,
};
