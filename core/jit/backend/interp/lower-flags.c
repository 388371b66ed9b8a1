/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition codes: a setflags is one operation that reads all operands before it writes a slot. A
 * difference that nobody else wants is worked out by it.
 */
#include "core/jit/backend/interp/lower-priv.h"

#include <string.h>

static const uint16_t forms[2][2][2] = {
  /* [difference][32 bits][immediate] */
    {{QH_T0_setflags64, QH_T0_setflags64i}, {QH_T0_setflags32, QH_T0_setflags32i}},
    {{QH_T0_cmpflags64, QH_T0_cmpflags64i}, {QH_T0_cmpflags32, QH_T0_cmpflags32i}},
};

/* The kind's slot also says how wide the operands are. */
void qh_t0_lower_setflags(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhTranslatorOps *ops = lower->source->context->translator;
    const QhStateTable *table = lower->source->context->state;
    gboolean difference = lower->values[record->c].make == QH_MAKE_FLAGS;
    uint64_t bits;
    gboolean with_imm = qh_t0_immediate(lower, record->b, &bits);
    int16_t a, b = 0, d = 0, slots[4];
    QhT0Op *op;

    for (uint32_t i = 0; i < 4; i++) {
        const QhStateField *field = qh_ir_slot(table, ops->lazy_slots[i]);
        qh_t0_clobber(lower, (int32_t)field->offset / 4, qh_ir_type_bytes(field->type));
        slots[i] = (int16_t)(field->offset / 4);
    }
    a = qh_t0_place(lower, record->a);
    if (!with_imm) {
        b = qh_t0_place(lower, record->b);
    }
    if (!difference) {
        d = qh_t0_place(lower, record->c);
    }
    op = qh_t0_emit(lower,
                    forms[difference != FALSE][record->type == QH_TYPE_I32][with_imm != FALSE]);
    op->d = d;
    op->a = a;
    if (with_imm) {
        op->imm = (int32_t)bits;
    } else {
        op->b = b;
    }
    memcpy(op[1].slot, slots, sizeof(slots));
    op[1].extra = record->flags | (uint32_t)record->type << 8;
}

void qh_t0_lower_flags_unless(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhTranslatorOps *ops = lower->source->context->translator;
    const QhStateTable *table = lower->source->context->state;
    int16_t condition;
    QhT0Op *op;

    for (uint32_t i = 0; i < 4; i++) {
        const QhStateField *field = qh_ir_slot(table, ops->lazy_slots[i]);
        qh_t0_clobber(lower, (int32_t)field->offset / 4, qh_ir_type_bytes(field->type));
    }
    condition = qh_t0_place(lower, record->a);
    op = qh_t0_emit(lower, QH_T0_fn);
    op->d = (int16_t)(qh_ir_slot(table, ops->lazy_slots[0])->offset / 4);
    op->a = condition;
    op->b = (int16_t)(qh_ir_slot(table, ops->lazy_slots[1])->offset / 4);
    op->c = (int16_t)(qh_ir_slot(table, ops->lazy_slots[2])->offset / 4);
    op[1].fn = qh_t0_flag_fn(record);
    op[1].flags = (uint8_t)record->b;
    op[1].extra = qh_ir_slot(table, ops->lazy_slots[3])->offset / 4;
}

void qh_t0_lower_flag(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhTranslatorOps *ops = lower->source->context->translator;
    const QhStateTable *table = lower->source->context->state;
    int16_t d = qh_t0_dest(lower);
    QhT0Op *op = qh_t0_emit(lower, QH_T0_fn);

    op->d = d;
    op->a = (int16_t)(qh_ir_slot(table, ops->lazy_slots[0])->offset / 4);
    op->b = (int16_t)(qh_ir_slot(table, ops->lazy_slots[1])->offset / 4);
    op->c = (int16_t)(qh_ir_slot(table, ops->lazy_slots[2])->offset / 4);
    op[1].fn = qh_t0_flag_fn(record);
    op[1].flags = record->flags;
    op[1].extra = qh_ir_slot(table, ops->lazy_slots[3])->offset / 4;
}
