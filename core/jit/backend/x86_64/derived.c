/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition codes whose result is not stored. It follows from the operands, and nearly always
 * nobody asks: so compiled code leaves it out and says so in the kind's slot, from region to
 * region. Whoever leaves compiled code, or calls C that may look, has it worked out first.
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/lower-int.h"

#include <string.h>

/* A translator may have put anything into the kind's slot. */
static gboolean is_derived(uint32_t kind)
{
    static const uint32_t kinds = 1u << QH_CC_ADD | 1u << QH_CC_SUB | 1u << QH_CC_SUB_NB |
                                  1u << QH_CC_LOGIC | 1u << QH_CC_BITS;
    uint32_t low = kind & 0xff, type = kind >> 8 & 0xff;

    return (kind & 0xffff0000) == QH_T1_DERIVED && low <= QH_CC_BITS && (kinds >> low & 1) &&
           (type == QH_TYPE_I32 || type == QH_TYPE_I64);
}

gboolean qh_t1_derives(const QhT1 *t, const QhIrRecord *set)
{
    const QhT1Value *values = t->alloc->values;
    const QhIrRecord *result = &t->records[set->c];

    switch (set->flags) {
    case QH_CC_ADD: /* by definition (abi/ir.h) */
    case QH_CC_SUB:
    case QH_CC_SUB_NB:
        return TRUE;
    case QH_CC_LOGIC:
        return result->op == QH_IR_and && result->type == set->type && result->a == set->a &&
               result->b == set->b;
    case QH_CC_BITS:
        return values[set->a].root == values[set->b].root &&
               values[set->a].root == values[set->c].root;
    default:
        return FALSE;
    }
}

uint32_t qh_t1_derive(uint32_t kind, uint64_t operands[3])
{
    if (!is_derived(kind)) {
        return kind;
    }
    kind &= ~QH_T1_DERIVED;
    switch (kind & 0xff) {
    case QH_CC_ADD:
        operands[2] = operands[0] + operands[1];
        break;
    case QH_CC_LOGIC:
        operands[2] = operands[0] & operands[1];
        break;
    case QH_CC_BITS:
        operands[1] = operands[2] = operands[0];
        break;
    default:
        operands[2] = operands[0] - operands[1];
        break;
    }
    if (kind >> 8 == QH_TYPE_I32) {
        operands[2] = (uint32_t)operands[2];
    }
    return kind;
}

void qh_t1_complete(QhCpu *cpu, const int32_t lazy[4])
{
    uint64_t operands[3];
    uint32_t kind;

    if (lazy[0] == 0) {
        return;
    }
    memcpy(&kind, (char *)cpu + lazy[0], sizeof(kind));
    if (!is_derived(kind)) {
        return;
    }
    for (uint32_t k = 0; k < 3; k++) {
        memcpy(&operands[k], (char *)cpu + lazy[1 + k], sizeof(operands[k]));
    }
    kind = qh_t1_derive(kind, operands);
    memcpy((char *)cpu + lazy[0], &kind, sizeof(kind));
    for (uint32_t k = 1; k < 3; k++) {
        memcpy((char *)cpu + lazy[1 + k], &operands[k], sizeof(operands[k]));
    }
}

void qh_t1_lazy_slots(const QhIrContext *context, int32_t ret_at[4])
{
    for (uint32_t k = 0; k < 4; k++) {
        ret_at[k] = 0;
        if (context->translator->lazy_flags) {
            uint32_t slot = context->translator->lazy_slots[k];
            ret_at[k] = (int32_t)qh_ir_slot(context->state, slot)->offset;
        }
    }
}

static uint32_t cold_complete(QhCpu *cpu, const QhT1Cold *cold, QhT1Regs *regs)
{
    (void)regs;
    qh_t1_complete(cpu, cold->region->lazy);
    return QH_T1_AGAIN; /* nothing that compiled code has in registers has changed */
}

void qh_t1_emit_complete(QhT1 *t)
{
    if (t->source->context->translator->lazy_flags) {
        QhT1Cold *cold = qh_t1_cold(t, cold_complete);
        qh_x_alu_i(&t->a, QH_X_CMP, qh_rm_mem(QH_RBP, qh_t1_lazy_at(t, 0)), 0);
        qh_t1_cold_jcc(t, cold, QH_IF_S); /* the uppermost bit of QH_T1_DERIVED */
        qh_t1_cold_again(t, cold);
    }
}
