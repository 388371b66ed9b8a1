/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/backend/interp/lower-priv.h"

#include <string.h>

static uint32_t value_bytes(const QhIrRecord *record, const QhIrOp *info)
{
    if ((info->attrs & QH_IR_A_BOOL) || record->type == QH_TYPE_B1) {
        return 8;
    }
    return qh_ir_type_bytes(record->type);
}

/* Operations whose result has the bits of their operand; *@ret_delta is where in it. */
static gboolean is_copy(const QhIrRecord *record, int16_t *ret_delta)
{
    gboolean big = G_BYTE_ORDER == G_BIG_ENDIAN;

    *ret_delta = 0;
    switch (record->op) {
    case QH_IR_mov:
    case QH_IR_bits2f:
    case QH_IR_f2bits:
        return TRUE;
    case QH_IR_bool2int:
        *ret_delta = big && record->type == QH_TYPE_I32 ? 1 : 0;
        return TRUE;
    case QH_IR_trunc:
        *ret_delta = big ? 1 : 0;
        return TRUE;
    case QH_IR_low64:
        *ret_delta = big ? 2 : 0;
        return TRUE;
    case QH_IR_high64:
        *ret_delta = big ? 0 : 2;
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean qh_t0_const(const QhT0Lower *lower, uint32_t value, uint64_t *ret_bits)
{
    const QhLowerValue *v = &lower->values[value];
    const QhIrRecord *record = &lower->source->records[v->root];

    if (lower->values[v->root].make != QH_MAKE_CONST || lower->values[v->root].bytes == 16) {
        return FALSE;
    }
    *ret_bits = record->b | (uint64_t)record->c << 32;
    if (v->bytes == 4) {
        *ret_bits = (uint32_t)*ret_bits;
    }
    return TRUE;
}

static gboolean slot_at(const QhStateField *field, int16_t *ret_at)
{
    if (field->offset % 4 != 0 || field->offset / 4 > INT16_MAX - 4) {
        return FALSE;
    }
    *ret_at = (int16_t)(field->offset / 4);
    return TRUE;
}

static void analyse_get(QhT0Lower *lower, uint32_t i)
{
    const QhIrRecord *record = &lower->source->records[i];
    QhLowerValue *value = &lower->values[i];

    if (record->op == QH_IR_get_local) {
        lower->local_types[record->a] = record->type;
        value->make = QH_MAKE_SLOT;
        value->klass = QH_CLASS_LOCAL;
        value->at = qh_t0_local_at(record->a);
        return;
    }
    const QhStateField *field = qh_ir_slot(lower->source->context->state, record->a);
    value->klass = field->klass;
    if (field->flags & QH_STATE_ZERO) {
        value->make = QH_MAKE_SLOT;
        value->klass = QH_CLASS_LOCAL;
        value->at = qh_t0_zero_at;
    } else if (slot_at(field, &value->at)) {
        value->make = QH_MAKE_SLOT;
    }
}

static gboolean label_at_start(const QhT0Source *source, uint32_t label)
{
    uint32_t i = label + 1;

    while (i < source->n_records &&
           (source->records[i].op == QH_IR_label || source->records[i].op == QH_IR_nop)) {
        i++;
    }
    return i < source->n_records && source->records[i].op == QH_IR_insn_start;
}

/* First look: copies, constants, slots, instructions, labels. */
static void analyse_forward(QhT0Lower *lower)
{
    const QhT0Source *source = lower->source;

    for (uint32_t i = 0; i < source->n_records; i++) {
        const QhIrRecord *record = &source->records[i];
        const QhIrOp *info = &qh_ir_ops[record->op];
        QhLowerValue *value = &lower->values[i];
        *value = (QhLowerValue){.make = QH_MAKE_NOW, .root = (uint16_t)i};
        value->bytes = (uint8_t)value_bytes(record, info);
        if (is_copy(record, &value->delta)) {
            value->make = QH_MAKE_COPY;
            value->root = lower->values[record->a].root;
            value->delta = (int16_t)(value->delta + lower->values[record->a].delta);
        } else if (record->op == QH_IR_const) {
            value->make = QH_MAKE_CONST;
        } else if (record->op == QH_IR_get_slot || record->op == QH_IR_get_local) {
            analyse_get(lower, i);
        } else if (record->op == QH_IR_set_local) {
            lower->local_types[record->a] = record->type;
        } else if (record->op == QH_IR_set_slot) {
            QhLowerValue *root = &lower->values[lower->values[record->b].root];
            root->set = root->set == 0 ? (uint16_t)i : root->set;
        } else if (record->op == QH_IR_insn_start) {
            lower->insns[lower->n_insns++] = (uint16_t)record->a;
        } else if (record->op == QH_IR_label) {
            gboolean start = label_at_start(source, i);
            uint32_t insn = lower->n_insns + (start || lower->n_insns == 0 ? 0u : -1u);
            lower->labels[i] = (QhLowerLabel){.insn = (uint16_t)insn, .at_start = start != FALSE};
        }
    }
}

/* Whether nothing is lost when nobody uses the value. */
static gboolean is_idle(const QhT0Source *source, const QhIrRecord *record)
{
    const QhIrOp *info = &qh_ir_ops[record->op];

    if (record->op == QH_IR_call) {
        return record->type != QH_TYPE_NONE &&
               (qh_ir_helper(source->context->translator, record->a)->attrs & QH_HELPER_PURE);
    }
    return (info->attrs & (QH_IR_A_VALUE | QH_IR_A_BOOL)) &&
           !(info->attrs & (QH_IR_A_FAULT | QH_IR_A_FLAGS));
}

static uint8_t user_kind(const QhIrRecord *record, uint32_t operand)
{
    switch (record->op) {
    case QH_IR_brc:
        return QH_USER_BRANCH;
    case QH_IR_ld:
        return QH_USER_ADDRESS;
    case QH_IR_st:
        return operand == 0 ? QH_USER_ADDRESS : QH_USER_OTHER;
    case QH_IR_ext32s:
    case QH_IR_sext:
        return QH_USER_EXTEND;
    default:
        return QH_USER_OTHER;
    }
}

static gboolean fits_imm(uint64_t bits)
{
    return (int64_t)bits == (int32_t)bits;
}

static gboolean wraps(const QhT0Lower *lower, const QhIrRecord *record)
{
    uint64_t bits;

    switch (record->op) {
    case QH_IR_add:
    case QH_IR_sub:
    case QH_IR_mul:
        return TRUE;
    case QH_IR_shl:
        return record->flags == QH_SHIFT_MASK &&
               (record->type == QH_TYPE_I32 ||
                (qh_t0_const(lower, record->b, &bits) && (bits & 63) < 32));
    case QH_IR_shr:
    case QH_IR_sar:
        return record->flags == QH_SHIFT_MASK && record->type == QH_TYPE_I32;
    default:
        return FALSE;
    }
}

/* Whether the only user, or all users, had better do the work of record @i. */
static void choose_make(QhT0Lower *lower, uint32_t i)
{
    const QhIrRecord *record = &lower->source->records[i];
    QhLowerValue *value = &lower->values[i];
    uint64_t bits;

    if (lower->source->plain) {
        return;
    }
    if (record->op == QH_IR_cmp && value->users == QH_USER_BRANCH && value->uses == 1) {
        value->make = QH_MAKE_CMP;
    } else if (record->op == QH_IR_add && record->type == QH_TYPE_I64 &&
               value->users == QH_USER_ADDRESS && qh_t0_const(lower, record->b, &bits) &&
               fits_imm(bits)) {
        value->make = QH_MAKE_ADDR;
    } else if (value->users == QH_USER_EXTEND && value->uses == 1 && wraps(lower, record)) {
        value->make = QH_MAKE_WRAP;
    }
}

static gboolean is_zero_slot(const QhT0Lower *lower, const QhIrRecord *record)
{
    return record->op == QH_IR_set_slot &&
           (qh_ir_slot(lower->source->context->state, record->a)->flags & QH_STATE_ZERO);
}

/* Second look, backward: who is needed, until when, by what kind of user. */
static void analyse_backward(QhT0Lower *lower)
{
    const QhT0Source *source = lower->source;

    for (uint32_t i = source->n_records; i-- > 0;) {
        const QhIrRecord *record = &source->records[i];
        QhLowerValue *value = &lower->values[i];
        uint32_t used[8], n;
        uint16_t until = (uint16_t)i;
        if (value->make == QH_MAKE_COPY) {
            continue;
        }
        if ((value->uses == 0 && is_idle(source, record)) || is_zero_slot(lower, record)) {
            value->make = QH_MAKE_DEAD;
            value->fused = 1;
            continue;
        }
        if (value->make == QH_MAKE_NOW) {
            choose_make(lower, i);
        }
        if (value->make >= QH_MAKE_CMP) {
            until = value->last;
        }
        n = qh_ir_uses(source->context->translator, source->records, i, used);
        for (uint32_t k = 0; k < n; k++) {
            QhLowerValue *root = &lower->values[lower->values[used[k]].root];
            root->uses++;
            root->last = MAX(root->last, until);
            root->users |=
                lower->values[used[k]].make == QH_MAKE_COPY ? QH_USER_OTHER : user_kind(record, k);
        }
    }
}

void qh_t0_analyse(QhT0Lower *lower)
{
    lower->n_insns = 0;
    memset(lower->local_types, 0, sizeof(lower->local_types));
    analyse_forward(lower);
    if (lower->n_insns == 0) {
        lower->insns[lower->n_insns++] = 0;
    }
    analyse_backward(lower);
}
