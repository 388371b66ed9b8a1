/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a block under translation knows about the integer registers: which value each one holds, so
 * that a register that was read or written before needs no record; and which of those are constants
 * or addresses near pc, so that instructions that build one in steps make one record. A value lives
 * until the next label (known_forget). A write that another one follows before anything can look
 * at the register is taken back.
 *
 * Registers are numbers below KNOWN_REGISTERS, @slot is where one is in the CPU's state. Inline,
 * because this is most of what a translator does.
 */
#ifndef SUPPORT_KNOWN_H
#define SUPPORT_KNOWN_H

#include <string.h>

#include "abi/ir-emit.h"

#define KNOWN_REGISTERS 33u

/* A constant that has a record in this block already. */
typedef struct KnownConstant {
    uint64_t constant;
    QhValue value; /* 0: none */
    uint32_t reserved;
} KnownConstant;

typedef struct Known {
    KnownConstant pool[16];
    QhValue values[KNOWN_REGISTERS];  /* 0: not known */
    uint32_t writes[KNOWN_REGISTERS]; /* record of the last write to each; 0: none in this block */
    uint64_t constants[KNOWN_REGISTERS];
    uint64_t is_constant; /* bit N: constants[N] is what N holds; its value may be 0 */
    uint64_t is_address;  /* bit N: the same at this pc, and as far from it at others */
} Known;

/* All values end; register @zero is 0 for ever. */
static inline void known_forget(Known *known, uint32_t zero)
{
    memset(known->pool, 0, sizeof(known->pool));
    memset(known->values, 0, sizeof(known->values));
    known->constants[zero] = 0;
    known->is_constant = 1ull << zero;
    known->is_address = 0;
}

/* The i64 constant @value. */
static inline QhValue known_constant(Known *known, QhBlock *block, uint64_t value)
{
    KnownConstant *entry =
        &known->pool[(value ^ value >> 4 ^ value >> 12) % G_N_ELEMENTS(known->pool)];

    if (entry->value == 0 || entry->constant != value) {
        entry->constant = value;
        entry->value = qh_ir_const(block, QH_TYPE_I64, value);
    }
    return entry->value;
}

/* Whether @reg holds the constant *@ret_value. */
static inline gboolean known_is_constant(const Known *known, uint32_t reg, uint64_t *ret_value)
{
    if (!(known->is_constant >> reg & 1u)) {
        return FALSE;
    }
    *ret_value = known->constants[reg];
    return TRUE;
}

/* Whether @reg holds *@ret_address, at a known distance from pc. */
static inline gboolean known_is_address(const Known *known, uint32_t reg, uint64_t *ret_address)
{
    *ret_address = known->constants[reg];
    return (known->is_address >> reg & 1u) != 0;
}

/* What @reg holds, an i64. */
static inline QhValue known_get(Known *known, QhBlock *block, uint32_t reg, uint32_t slot)
{
    uint64_t constant;

    if (known_is_constant(known, reg, &constant)) {
        return known_constant(known, block, constant);
    }
    if (known->values[reg] == 0) {
        known->values[reg] = qh_ir_get(block, QH_TYPE_I64, slot);
    }
    return known->values[reg];
}

/* Whether a record can neither leave the block nor read a register that was written before. */
static inline gboolean known_is_quiet(const QhIrRecord *record)
{
    return record->op == QH_IR_nop || record->op == QH_IR_insn_start || record->op == QH_IR_const ||
           record->op == QH_IR_const_pc || record->op == QH_IR_get_slot ||
           record->op == QH_IR_set_slot || record->op == QH_IR_select ||
           record->op == QH_IR_setflags || record->op == QH_IR_flag ||
           record->op == QH_IR_flags_unless ||
           (record->op >= QH_IR_add && record->op <= QH_IR_int2bool);
}

/*
 * Take back the last write to @reg if nothing since then could have shown it: only exceptions and
 * exits do, because later instructions use the value that was written.
 */
static inline void known_drop_write(Known *known, QhBlock *block, uint32_t reg)
{
    uint32_t at = known->writes[reg], end = block->n_records;

    /* at the end: the write itself found no room */
    if (at == 0 || at >= end || end - at > 24) {
        return;
    }
    for (uint32_t i = at + 1; i < end; i++) {
        if (!known_is_quiet(&block->records[i])) {
            return;
        }
    }
    block->records[at] = (QhIrRecord){.op = QH_IR_nop};
}

/* Write the i64 @value to @reg, not the register that is 0. */
static inline void
known_set(Known *known, QhBlock *block, uint32_t reg, uint32_t slot, QhValue value)
{
    known_drop_write(known, block, reg);
    known->writes[reg] = block->n_records;
    qh_ir_set(block, QH_TYPE_I64, slot, value);
    known->values[reg] = value;
    known->is_constant &= ~(1ull << reg);
    known->is_address &= ~(1ull << reg);
}

/* The value that was just written to @reg is the constant @value, or the address @address. */
static inline void known_set_constant(Known *known, uint32_t reg, uint64_t value)
{
    known->constants[reg] = value;
    known->is_constant |= 1ull << reg;
}

static inline void known_set_address(Known *known, uint32_t reg, uint64_t address)
{
    known->constants[reg] = address;
    known->is_address |= 1ull << reg;
}

#endif
