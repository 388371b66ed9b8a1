/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Condition codes before code is made. A flag whose setflags is known, and that is no more than a
 * comparison of its operands, becomes that comparison, which a branch can take in. Then a setflags
 * that another one follows before anything can look at the lazy slots is dropped.
 */
#include "core/jit/backend/x86_64/t1.h"

gboolean qh_t1_is_lazy_at(const QhT1Source *source, uint32_t at, uint32_t bytes)
{
    const QhIrContext *context = source->context;

    for (uint32_t i = 0; context->translator->lazy_flags && i < 4; i++) {
        const QhStateField *lazy = qh_ir_slot(context->state, context->translator->lazy_slots[i]);
        if (at < lazy->offset + qh_ir_type_bytes(lazy->type) && lazy->offset < at + bytes) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean qh_t1_is_lazy(const QhT1Source *source, uint32_t slot)
{
    const QhStateField *field = qh_ir_slot(source->context->state, slot);

    return qh_t1_is_lazy_at(source, field->offset, qh_ir_type_bytes(field->type));
}

/* Whether setflags @set is that of @op applied to its first two operands. */
static gboolean is_result_of(const QhIrRecord *records, const QhIrRecord *set, uint32_t op)
{
    const QhIrRecord *result = &records[set->c];

    return result->op == op && result->type == set->type && result->a == set->a &&
           result->b == set->b;
}

/* @record becomes the comparison, or its opposite. */
static void
become_cmp(QhIrRecord *record, const QhIrRecord *set, uint32_t cond, uint32_t a, uint32_t b)
{
    uint32_t opposite = record->flags & QH_FLAG_NOT ? 1 : 0; /* which is the number beside it */

    *record = (QhIrRecord){
        .op = QH_IR_cmp, .type = set->type, .flags = (uint8_t)(cond ^ opposite), .a = a, .b = b};
}

static void become_false(QhIrRecord *record)
{
    *record = (QhIrRecord){
        .op = QH_IR_const, .type = QH_TYPE_B1, .b = record->flags & QH_FLAG_NOT ? 1 : 0};
}

/* What flag @which of a - b compares; 0xff: not known here. */
static uint32_t comparison_of(uint32_t which, gboolean borrows)
{
    switch (which) {
    case QH_FLAG_Z:
        return QH_COND_EQ;
    case QH_FLAG_C:
        return borrows ? QH_COND_LTU : QH_COND_GEU;
    case QH_FLAG_GE:
        return QH_COND_GE;
    case QH_FLAG_GT:
        return QH_COND_GT;
    case QH_FLAG_HI:
        return borrows ? 0xff : QH_COND_GTU;
    default:
        return 0xff;
    }
}

static void rewrite_flag(QhIrRecord *records, QhIrRecord *record, const QhIrRecord *set)
{
    uint32_t which = record->flags & ~QH_FLAG_NOT, cond;
    gboolean arithmetic = which == QH_FLAG_C || which == QH_FLAG_V || which == QH_FLAG_A;

    switch (set->flags) {
    case QH_CC_SUB:
    case QH_CC_SUB_NB:
        cond = comparison_of(which, set->flags == QH_CC_SUB);
        if (cond != 0xff && is_result_of(records, set, QH_IR_sub)) {
            become_cmp(record, set, cond, set->a, set->b);
        }
        return;
    case QH_CC_ADD:
        if (which == QH_FLAG_C && is_result_of(records, set, QH_IR_add)) {
            become_cmp(record, set, QH_COND_LTU, set->c, set->a);
        }
        return;
    case QH_CC_LOGIC:
    case QH_CC_CMPS:
    case QH_CC_CMPU:
    case QH_CC_TEST:
        if (arithmetic) {
            become_false(record);
        }
        return;
    default:
        return;
    }
}

static void rewrite_block(QhT1Source *source, const QhT1Block *block)
{
    const QhIrRecord *set = NULL;

    for (uint32_t i = block->first; i < block->first + block->n_records; i++) {
        QhIrRecord *record = &source->records[i];
        switch (record->op) {
        case QH_IR_setflags:
            set = record;
            break;
        case QH_IR_flag:
            if (set != NULL) {
                rewrite_flag(source->records, record, set);
            }
            break;
        case QH_IR_set_slot:
            set = qh_t1_is_lazy(source, record->a) ? NULL : set;
            break;
        case QH_IR_label:
        case QH_IR_call:
        case QH_IR_st_state:
        case QH_IR_flags_unless:
            set = NULL;
            break;
        default:
            break;
        }
    }
}

/* Whether @record, or what it may lead to, can see the lazy slots. */
static gboolean looks(const QhT1Source *source, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_get_slot:
    case QH_IR_set_slot:
        return qh_t1_is_lazy(source, record->a);
    case QH_IR_ld_state:
    case QH_IR_st_state:
    case QH_IR_flag:
    case QH_IR_cc2:
    case QH_IR_label:
    case QH_IR_br:
    case QH_IR_brc:
    case QH_IR_call:
        return TRUE;
    default:
        return (qh_ir_ops[record->op].attrs & (QH_IR_A_FAULT | QH_IR_A_TERMINAL)) != 0;
    }
}

static void drop_in_block(QhT1Source *source, const QhT1Block *block)
{
    gboolean wanted = TRUE;

    for (uint32_t i = block->first + block->n_records; i-- > block->first;) {
        QhIrRecord *record = &source->records[i];
        if (record->op == QH_IR_setflags) {
            if (!wanted) {
                *record = (QhIrRecord){.op = QH_IR_nop};
            }
            wanted = FALSE;
        } else if (record->op == QH_IR_flags_unless && !wanted) {
            *record = (QhIrRecord){.op = QH_IR_nop};
        } else if (looks(source, record)) {
            wanted = TRUE;
        }
    }
}

/* Without one nothing is known, and nothing is overwritten. */
static gboolean has_setflags(const QhT1Source *source, const QhT1Block *block)
{
    for (uint32_t i = block->first; i < block->first + block->n_records; i++) {
        if (source->records[i].op == QH_IR_setflags) {
            return TRUE;
        }
    }
    return FALSE;
}

void qh_t1_dead_flags(QhT1Source *source)
{
    for (uint32_t i = 0; i < source->n_blocks; i++) {
        if (has_setflags(source, &source->blocks[i])) {
            rewrite_block(source, &source->blocks[i]);
            drop_in_block(source, &source->blocks[i]);
        }
    }
}
