/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/backend/interp/lower-priv.h"

#include <string.h>

/* Bytes that a value takes, by type. */
static const uint8_t value_sizes[16] = {
    [QH_TYPE_B1] = 8,    [QH_TYPE_I8] = 1,    [QH_TYPE_I16] = 2,   [QH_TYPE_I32] = 4,
    [QH_TYPE_I64] = 8,   [QH_TYPE_I128] = 16, [QH_TYPE_F32] = 4,   [QH_TYPE_F64] = 8,
    [QH_TYPE_F128] = 16, [QH_TYPE_V64] = 8,   [QH_TYPE_V128] = 16,
};

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
        lower->has_locals = TRUE;
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

/* The value has the bits of record->a's, from @delta places on where the host is big-endian. */
static void analyse_copy(QhT0Lower *lower, uint32_t i, int32_t delta)
{
    const QhLowerValue *from = &lower->values[lower->source->records[i].a];
    QhLowerValue *value = &lower->values[i];

    value->make = QH_MAKE_COPY;
    value->root = from->root;
    value->delta = (int16_t)(delta + from->delta);
}

static void analyse_set(QhT0Lower *lower, uint32_t i)
{
    const QhIrRecord *record = &lower->source->records[i];
    QhLowerValue *root = &lower->values[lower->values[record->b].root];

    if (qh_ir_slot(lower->source->context->state, record->a)->flags & QH_STATE_ZERO) {
        lower->values[i].make = QH_MAKE_DEAD;
        return;
    }
    root->set = root->set == 0 ? (uint16_t)i : root->set;
}

static void analyse_label(QhT0Lower *lower, uint32_t i)
{
    gboolean start = label_at_start(lower->source, i);
    uint32_t insn = lower->n_insns + (start || lower->n_insns == 0 ? 0u : -1u);

    lower->labels[i] = (QhLowerLabel){.insn = (uint16_t)insn, .at_start = start != FALSE};
}

/* First look: copies, constants, slots, instructions, labels. */
static void analyse_record(QhT0Lower *lower, uint32_t i, const QhIrRecord *record)
{
    const gboolean big = G_BYTE_ORDER == G_BIG_ENDIAN;

    switch (record->op) {
    case QH_IR_insn_start:
        lower->insns[lower->n_insns++] = (uint16_t)record->a;
        return;
    case QH_IR_const:
        lower->values[i].make = QH_MAKE_CONST;
        return;
    case QH_IR_get_slot:
    case QH_IR_get_local:
        analyse_get(lower, i);
        return;
    case QH_IR_set_slot:
        analyse_set(lower, i);
        return;
    case QH_IR_set_local:
        lower->local_types[record->a] = record->type;
        lower->has_locals = TRUE;
        return;
    case QH_IR_label:
        analyse_label(lower, i);
        return;
    case QH_IR_mov:
    case QH_IR_bits2f:
    case QH_IR_f2bits:
        analyse_copy(lower, i, 0);
        return;
    case QH_IR_bool2int:
        analyse_copy(lower, i, big && record->type == QH_TYPE_I32 ? 1 : 0);
        return;
    case QH_IR_trunc:
        analyse_copy(lower, i, big ? 1 : 0);
        return;
    case QH_IR_low64:
        analyse_copy(lower, i, big ? 2 : 0);
        return;
    case QH_IR_high64:
        analyse_copy(lower, i, big ? 0 : 2);
        return;
    default:
        return;
    }
}

static void analyse_forward(QhT0Lower *lower)
{
    const QhT0Source *source = lower->source;

    for (uint32_t i = 0; i < source->n_records; i++) {
        const QhIrRecord *record = &source->records[i];
        uint32_t is_bool = qh_ir_ops[record->op].attrs & QH_IR_A_BOOL;

        lower->values[i] = (QhLowerValue){.make = QH_MAKE_NOW,
                                          .bytes = is_bool ? 8 : value_sizes[record->type],
                                          .root = (uint16_t)i};
        analyse_record(lower, i, record);
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

/* What a record does with its first operand, and setflags with the third; others are used in other
 * ways. */
static uint8_t user_kind(uint32_t op, uint32_t operand)
{
    static const uint8_t kinds[QH_IR_OP_LIMIT] = {
        [QH_IR_brc] = QH_USER_BRANCH,  [QH_IR_ld] = QH_USER_ADDRESS,
        [QH_IR_st] = QH_USER_ADDRESS,  [QH_IR_ext32s] = QH_USER_EXTEND,
        [QH_IR_sext] = QH_USER_EXTEND,
    };

    if (operand != 0) {
        return op == QH_IR_setflags && operand == 2 ? QH_USER_RESULT : QH_USER_OTHER;
    }
    return kinds[op] != 0 ? kinds[op] : QH_USER_OTHER;
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

/* Whether record @i is the difference of the operands of the setflags that uses it. */
static gboolean is_difference(const QhT0Lower *lower, uint32_t i)
{
    const QhIrRecord *record = &lower->source->records[i];
    const QhIrRecord *set = &lower->source->records[lower->values[i].last];

    return record->op == QH_IR_sub && set->c == i && record->type == set->type &&
           record->a == set->a && record->b == set->b;
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
    } else if (value->users == QH_USER_RESULT && value->uses == 1 && is_difference(lower, i)) {
        value->make = QH_MAKE_FLAGS;
    }
}

static void note_use(QhT0Lower *lower, uint32_t used, uint16_t until, uint8_t kind)
{
    const QhLowerValue *value = &lower->values[used];
    QhLowerValue *root = &lower->values[value->root];

    root->uses++;
    root->last = MAX(root->last, until);
    root->users |= value->make == QH_MAKE_COPY ? QH_USER_OTHER : kind;
}

/* Second look, backward: who is needed, until when, by what kind of user. */
static void analyse_backward(QhT0Lower *lower)
{
    const QhT0Source *source = lower->source;
    uint32_t used[8];

    for (uint32_t i = source->n_records; i-- > 0;) {
        const QhIrRecord *record = &source->records[i];
        QhLowerValue *value = &lower->values[i];
        uint16_t until = (uint16_t)i;
        uint32_t n;

        if (value->make == QH_MAKE_COPY) {
            continue;
        }
        if (value->make == QH_MAKE_DEAD || (value->uses == 0 && is_idle(source, record))) {
            value->make = QH_MAKE_DEAD;
            value->fused = 1;
            continue;
        }
        if (value->make == QH_MAKE_NOW && value->users != 0 && !(value->users & QH_USER_OTHER)) {
            choose_make(lower, i);
        }
        if (value->make >= QH_MAKE_CMP) {
            until = value->last;
        }
        n = qh_ir_uses(source->context->translator, source->records, i, used);
        for (uint32_t k = 0; k < n; k++) {
            note_use(lower, used[k], until, user_kind(record->op, k));
        }
    }
}

void qh_t0_analyse(QhT0Lower *lower)
{
    lower->n_insns = 0;
    lower->has_locals = FALSE;
    memset(lower->local_types, 0, sizeof(lower->local_types));
    analyse_forward(lower);
    if (lower->n_insns == 0) {
        lower->insns[lower->n_insns++] = 0;
    }
    analyse_backward(lower);
}
