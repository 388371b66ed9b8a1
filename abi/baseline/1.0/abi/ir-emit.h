/* SPDX-License-Identifier: MIT */
#ifndef QH_ABI_IR_EMIT_H
#define QH_ABI_IR_EMIT_H

#include "abi/translator.h"

typedef uint32_t QhValue;

static inline QhValue qh_ir(
    QhBlock *block, uint32_t op, uint32_t type, uint32_t flags, uint32_t a, uint32_t b, uint32_t c)
{
    if (block->n_records >= block->capacity) {
        block->status |= QH_BLOCK_OVERFLOW;
        return 0;
    }
    QhIrRecord *record = &block->records[block->n_records];
    record->op = (uint16_t)op;
    record->type = (uint8_t)type;
    record->flags = (uint8_t)flags;
    record->a = a;
    record->b = b;
    record->c = c;
    return block->n_records++;
}

static inline void qh_ir_insn_start(QhBlock *block, uint32_t offset, uint32_t word1, uint32_t word2)
{
    qh_ir(block, QH_IR_insn_start, QH_TYPE_NONE, 0, offset, word1, word2);
}

static inline QhValue qh_ir_const(QhBlock *block, uint32_t type, uint64_t value)
{
    return qh_ir(block, QH_IR_const, type, 0, 0, (uint32_t)value, (uint32_t)(value >> 32));
}

static inline QhValue qh_ir_const_pc(QhBlock *block, uint64_t address)
{
    uint64_t distance = address - block->pc;

    return qh_ir(block, QH_IR_const_pc, QH_TYPE_I64, 0, 0, (uint32_t)distance,
                 (uint32_t)(distance >> 32));
}

static inline QhValue qh_ir_get(QhBlock *block, uint32_t type, uint32_t slot)
{
    return qh_ir(block, QH_IR_get_slot, type, 0, slot, 0, 0);
}

static inline void qh_ir_set(QhBlock *block, uint32_t type, uint32_t slot, QhValue value)
{
    qh_ir(block, QH_IR_set_slot, type, 0, slot, value, 0);
}

static inline QhValue qh_ir_1(QhBlock *block, uint32_t op, uint32_t type, QhValue a)
{
    return qh_ir(block, op, type, 0, a, 0, 0);
}

static inline QhValue qh_ir_2(QhBlock *block, uint32_t op, uint32_t type, QhValue a, QhValue b)
{
    return qh_ir(block, op, type, 0, a, b, 0);
}

static inline QhValue
qh_ir_3(QhBlock *block, uint32_t op, uint32_t type, QhValue a, QhValue b, QhValue c)
{
    return qh_ir(block, op, type, 0, a, b, c);
}

static inline QhValue
qh_ir_cmp(QhBlock *block, uint32_t condition, uint32_t type, QhValue a, QhValue b)
{
    return qh_ir(block, QH_IR_cmp, type, condition, a, b, 0);
}

static inline QhValue
qh_ir_select(QhBlock *block, uint32_t type, QhValue condition, QhValue yes, QhValue no)
{
    return qh_ir(block, QH_IR_select, type, 0, condition, yes, no);
}

static inline QhValue qh_ir_load(QhBlock *block, uint32_t type, QhValue address, uint32_t memop)
{
    return qh_ir(block, QH_IR_ld, type, 0, address, memop, 0);
}

static inline void
qh_ir_store(QhBlock *block, uint32_t type, QhValue address, uint32_t memop, QhValue value)
{
    qh_ir(block, QH_IR_st, type, 0, address, memop, value);
}

static inline QhValue qh_ir_label(QhBlock *block)
{
    return qh_ir(block, QH_IR_label, QH_TYPE_NONE, 0, 0, 0, 0);
}

static inline QhValue qh_ir_brc_forward(QhBlock *block, QhValue condition, gboolean if_false)
{
    return qh_ir(block, QH_IR_brc, QH_TYPE_NONE, if_false ? 1u : 0u, condition, 0, 0);
}

static inline QhValue qh_ir_br_forward(QhBlock *block)
{
    return qh_ir(block, QH_IR_br, QH_TYPE_NONE, 0, 0, 0, 0);
}

static inline void qh_ir_land(QhBlock *block, QhValue branch)
{
    QhValue label = qh_ir_label(block);

    if (!(block->status & QH_BLOCK_OVERFLOW)) {
        if (block->records[branch].op == QH_IR_br) {
            block->records[branch].a = label;
        } else {
            block->records[branch].b = label;
        }
    }
}

static inline QhValue
qh_ir_call(QhBlock *block, uint32_t type, uint32_t helper, uint32_t n, const QhValue *args)
{
    for (uint32_t i = 2; i < n; i += 3) {
        qh_ir(block, QH_IR_ext, QH_TYPE_NONE, 0, args[i], i + 1 < n ? args[i + 1] : 0,
              i + 2 < n ? args[i + 2] : 0);
    }
    return qh_ir(block, QH_IR_call, type, 0, helper, n > 0 ? args[0] : 0, n > 1 ? args[1] : 0);
}

static inline void qh_ir_exit_pc(QhBlock *block, uint64_t pc, uint32_t hint)
{
    qh_ir(block, QH_IR_exit_pc, QH_TYPE_NONE, hint, 0, (uint32_t)pc, (uint32_t)(pc >> 32));
}

static inline void qh_ir_exit_value(QhBlock *block, QhValue pc, uint32_t hint)
{
    qh_ir(block, QH_IR_exit_value, QH_TYPE_NONE, hint, pc, 0, 0);
}

static inline void qh_ir_exit_state(QhBlock *block, uint64_t pc)
{
    qh_ir(block, QH_IR_exit_state, QH_TYPE_NONE, 0, 0, (uint32_t)pc, (uint32_t)(pc >> 32));
}

static inline void qh_ir_exit_cpu(QhBlock *block)
{
    qh_ir(block, QH_IR_exit_cpu, QH_TYPE_NONE, 0, 0, 0, 0);
}

static inline void qh_ir_raise(QhBlock *block, uint32_t cause, QhValue payload)
{
    qh_ir(block, QH_IR_raise, QH_TYPE_NONE, 0, cause, payload, 0);
}

#endif
