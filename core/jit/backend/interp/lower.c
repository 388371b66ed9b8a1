/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Second pass of lowering: places. A value that is stored into a slot soon after it was made is
 * made there; a value read from a slot stays there until the slot is about to change.
 */
#include "core/jit/backend/interp/lower-priv.h"
#include "core/jit/jit-cpu.h"

#include <string.h>

/* In units of 4 bytes from the CPU state. */
#define FRAME_AT   (QH_JIT_CPU_AT(frame) / 4)
#define FIRST_CELL (QH_IR_MAX_LOCALS + 1u)

int16_t qh_t0_cell_at(uint32_t cell)
{
    return (int16_t)(FRAME_AT + (int32_t)cell * 4);
}

int16_t qh_t0_local_at(uint32_t local)
{
    return qh_t0_cell_at(local);
}

const int16_t qh_t0_zero_at = FRAME_AT + (int32_t)QH_IR_MAX_LOCALS * 4;

QhT0Lower *qh_t0_lower_new(void)
{
    return g_try_new0(QhT0Lower, 1);
}

void qh_t0_lower_free(QhT0Lower *lower)
{
    g_free(lower);
}

QhT0Op *qh_t0_emit(QhT0Lower *lower, uint32_t op)
{
    uint32_t units = qh_t0_units(op);
    QhT0Op *unit;

    if (lower->n_ops + units > QH_LOWER_MAX_OPS) {
        lower->full = TRUE;
        lower->n_ops = 0;
    }
    unit = &lower->ops[lower->n_ops];
    memset(unit, 0, QH_T0_MAX_UNITS * sizeof(*unit)); /* of a fixed size: no call */
    unit->word = op;
    lower->n_ops += units;
    return unit;
}

static void all_cells_free(QhT0Lower *lower)
{
    lower->n_cells = 0;
    lower->next_cell = FIRST_CELL;
}

static int16_t take_cell(QhT0Lower *lower, uint32_t value)
{
    QhLowerValue *v = &lower->values[value];
    uint32_t last = MAX(v->last, lower->i);
    uint32_t cell = lower->n_cells > 0 ? lower->cells[--lower->n_cells] : lower->next_cell++;

    v->place = QH_PLACE_CELL;
    v->at = qh_t0_cell_at(cell);
    v->expire_next = lower->expire[last];
    lower->expire[last] = (uint16_t)(value + 1);
    return v->at;
}

/* Free the cells of values that record i used last. */
static void expire(QhT0Lower *lower, uint32_t i)
{
    for (uint32_t next = lower->expire[i]; next != 0;) {
        QhLowerValue *v = &lower->values[next - 1];
        lower->cells[lower->n_cells++] = (uint16_t)((v->at - QH_JIT_CPU_AT(frame) / 4) / 4);
        next = v->expire_next;
    }
    lower->expire[i] = 0;
}

static uint32_t move_op(uint32_t bytes)
{
    return bytes == 4 ? QH_T0_mov32 : bytes == 8 ? QH_T0_mov64 : QH_T0_mov128;
}

static void move(QhT0Lower *lower, int16_t to, int16_t from, uint32_t bytes)
{
    QhT0Op *op = qh_t0_emit(lower, move_op(bytes));

    op->d = to;
    op->a = from;
}

/* The value leaves the slot that it was read from. */
static void move_out(QhT0Lower *lower, uint32_t value)
{
    QhLowerValue *v = &lower->values[value];
    int16_t from = v->at;

    move(lower, take_cell(lower, value), from, v->bytes);
}

static void filter_aliases(QhT0Lower *lower,
                           gboolean (*hit)(const QhLowerValue *, const void *),
                           const void *data)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < lower->n_aliases; i++) {
        uint32_t value = lower->aliases[i];
        const QhLowerValue *v = &lower->values[value];
        if (v->last <= lower->i) {
            continue;
        }
        if (hit(v, data)) {
            move_out(lower, value);
        } else {
            lower->aliases[kept++] = (uint16_t)value;
        }
    }
    lower->n_aliases = kept;
}

typedef struct Range {
    int32_t first, end;
} Range;

static gboolean in_range(const QhLowerValue *v, const void *data)
{
    const Range *range = data;

    return v->at < range->end && range->first < v->at + v->bytes / 4;
}

/* What lies there changes: values that are needed later move out. */
void qh_t0_clobber(QhT0Lower *lower, int32_t at, uint32_t bytes)
{
    Range range = {at, at + (int32_t)(bytes + 3) / 4};

    filter_aliases(lower, in_range, &range);
}

static gboolean in_classes(const QhLowerValue *v, const void *data)
{
    return (*(const uint32_t *)data >> v->klass & 1) != 0;
}

/* A helper may change the slots of these classes. */
void qh_t0_clobber_classes(QhT0Lower *lower, uint32_t classes)
{
    filter_aliases(lower, in_classes, &classes);
}

static void stay(QhT0Lower *lower, uint32_t value, int16_t at, uint32_t klass)
{
    QhLowerValue *v = &lower->values[value];

    v->place = QH_PLACE_STATE;
    v->at = at;
    v->klass = (uint8_t)klass;
    if (lower->n_aliases == QH_IR_MAX_RECORDS) {
        lower->full = TRUE;
        return;
    }
    lower->aliases[lower->n_aliases++] = (uint16_t)value;
}

/* Put constant @value into a cell; all users from here on find it there. */
static void place_const(QhT0Lower *lower, uint32_t value)
{
    const QhIrRecord *record = &lower->source->records[value];
    const QhLowerValue *v = &lower->values[value];
    uint64_t bits = record->b | (uint64_t)record->c << 32;
    QhT0Op *op;

    if (v->bytes == 16) {
        op = qh_t0_emit(lower, QH_T0_const128);
        op[1].word = bits;
        op[1].target = record->type == QH_TYPE_V128 ? bits : 0;
    } else if (v->bytes == 4) {
        op = qh_t0_emit(lower, QH_T0_const32);
        op->imm = (int32_t)bits;
    } else if ((int64_t)bits == (int32_t)bits) {
        op = qh_t0_emit(lower, QH_T0_consti);
        op->imm = (int32_t)bits;
    } else {
        op = qh_t0_emit(lower, QH_T0_const64);
        op[1].word = bits;
    }
    op->d = take_cell(lower, value);
}

int16_t qh_t0_place(QhT0Lower *lower, uint32_t value)
{
    const QhLowerValue *v = &lower->values[value];
    QhLowerValue *root = &lower->values[v->root];
    uint64_t bits;

    if (root->place == QH_PLACE_NONE && root->make == QH_MAKE_CONST) {
        if (qh_t0_const(lower, v->root, &bits) && bits == 0) {
            return qh_t0_zero_at;
        }
        place_const(lower, v->root);
    }
    return (int16_t)(root->at + v->delta);
}

/* Records that may stand between a value and the set_slot that takes it. */
static gboolean is_quiet(const QhT0Lower *lower, uint32_t i, Range range)
{
    const QhIrRecord *record = &lower->source->records[i];
    const QhIrOpInfo *info = qh_ir_op_info(record->op);
    const QhStateField *field;
    Range other;

    switch (record->op) {
    case QH_IR_insn_start:
    case QH_IR_nop:
        return TRUE;
    case QH_IR_get_slot:
    case QH_IR_set_slot:
        field = qh_ir_slot(lower->source->context->state, record->a);
        other.first = (int32_t)field->offset / 4;
        other.end = (int32_t)(field->offset + qh_ir_type_bytes(field->type) + 3) / 4;
        return other.end <= range.first || range.end <= other.first;
    case QH_IR_ld_state:
    case QH_IR_st_state:
    case QH_IR_label:
    case QH_IR_flag:
    case QH_IR_cc2:
    case QH_IR_setflags:
    case QH_IR_flags_unless:
        return FALSE;
    default:
        return (info->attrs & (QH_IR_A_VALUE | QH_IR_A_BOOL)) != 0 &&
               !(info->attrs & (QH_IR_A_FAULT | QH_IR_A_TERMINAL));
    }
}

/* The slot that the value of record i may be made in. */
static const QhStateField *fusable_slot(QhT0Lower *lower, int16_t *ret_at)
{
    const QhLowerValue *v = &lower->values[lower->i];
    const QhIrRecord *set = &lower->source->records[v->set];
    const QhStateField *field;
    Range range;

    if (lower->source->plain || v->set == 0 || v->set - lower->i > 12 ||
        lower->values[set->b].delta != 0 || qh_ir_type_bytes(set->type) != v->bytes) {
        return NULL;
    }
    field = qh_ir_slot(lower->source->context->state, set->a);
    if (field->offset % 4 != 0 || field->offset / 4 > INT16_MAX - 4 ||
        (field->flags & QH_STATE_ZERO)) {
        return NULL;
    }
    range.first = (int32_t)field->offset / 4;
    range.end = range.first + v->bytes / 4;
    for (uint32_t i = lower->i + 1; i < v->set; i++) {
        if (!is_quiet(lower, i, range)) {
            return NULL;
        }
    }
    *ret_at = (int16_t)range.first;
    return field;
}

int16_t qh_t0_dest(QhT0Lower *lower)
{
    QhLowerValue *v = &lower->values[lower->i];
    int16_t at;
    const QhStateField *field = fusable_slot(lower, &at);

    if (field == NULL) {
        return take_cell(lower, lower->i);
    }
    qh_t0_clobber(lower, at, v->bytes);
    lower->values[v->set].fused = 1;
    stay(lower, lower->i, at, field->klass);
    return at;
}

static void lower_get(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhLowerValue *v = &lower->values[lower->i];

    if (v->make == QH_MAKE_SLOT) {
        stay(lower, lower->i, v->at, v->klass);
        if (lower->source->plain) {
            lower->n_aliases--;
            move_out(lower, lower->i);
        }
        return;
    }
    /* a slot that an operand cannot reach */
    const QhStateField *field = qh_ir_slot(lower->source->context->state, record->a);
    QhIrRecord load = {.op = QH_IR_ld_state, .type = record->type, .a = field->offset};
    load.b = (uint32_t)__builtin_ctz(v->bytes);
    qh_t0_lower_fn(lower, &load, qh_t0_int_fn(&load));
}

static void lower_set(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhStateField *field = qh_ir_slot(lower->source->context->state, record->a);
    uint32_t bytes = qh_ir_type_bytes(record->type);
    int16_t from = qh_t0_place(lower, record->b);

    qh_t0_clobber(lower, (int32_t)field->offset / 4, bytes + field->offset % 4);
    if (field->offset % 4 != 0 || field->offset / 4 > INT16_MAX - 4) {
        QhIrRecord store = {.op = QH_IR_st_state, .type = record->type, .a = field->offset};
        store.b = (uint32_t)__builtin_ctz(bytes);
        store.c = record->b;
        qh_t0_lower_fn(lower, &store, qh_t0_int_fn(&store));
        return;
    }
    move(lower, (int16_t)(field->offset / 4), from, bytes);
}

/* A constant goes into its slot without a cell in between. */
static gboolean lower_set_const(QhT0Lower *lower, const QhIrRecord *record)
{
    const QhStateField *field = qh_ir_slot(lower->source->context->state, record->a);
    uint32_t bytes = qh_ir_type_bytes(record->type);
    uint64_t bits;
    QhT0Op *op;

    if (lower->source->plain || !qh_t0_const(lower, record->b, &bits) || bytes == 16 ||
        field->offset % 4 != 0 || field->offset / 4 > INT16_MAX - 4) {
        return FALSE;
    }
    qh_t0_clobber(lower, (int32_t)field->offset / 4, bytes);
    if (bytes == 4) {
        op = qh_t0_emit(lower, QH_T0_const32);
        op->imm = (int32_t)bits;
    } else if ((int64_t)bits == (int32_t)bits) {
        op = qh_t0_emit(lower, QH_T0_consti);
        op->imm = (int32_t)bits;
    } else {
        op = qh_t0_emit(lower, QH_T0_const64);
        op[1].word = bits;
    }
    op->d = (int16_t)(field->offset / 4);
    return TRUE;
}

static void lower_set_local(QhT0Lower *lower, const QhIrRecord *record)
{
    int16_t at = qh_t0_local_at(record->a), from = qh_t0_place(lower, record->b);
    uint32_t bytes = record->type == QH_TYPE_B1 ? 8 : qh_ir_type_bytes(record->type);

    qh_t0_clobber(lower, at, bytes);
    move(lower, at, from, bytes);
}

static void lower_label(QhT0Lower *lower)
{
    QhLowerLabel *label = &lower->labels[lower->i];

    label->op = lower->n_ops;
    label->placed = 1;
    lower->n_aliases = 0;
    memset(lower->expire, 0, sizeof(lower->expire[0]) * lower->source->n_records);
    all_cells_free(lower);
}

static void lower_state(QhT0Lower *lower, const QhIrRecord *record)
{
    if (record->op == QH_IR_st_state) {
        qh_t0_place(lower, record->c);
        qh_t0_clobber(lower, (int32_t)record->a / 4, (1u << record->b) + 3);
    }
    qh_t0_lower_fn(lower, record, qh_t0_int_fn(record));
}

static void lower_const_pc(QhT0Lower *lower, const QhIrRecord *record)
{
    int16_t d = qh_t0_dest(lower);
    QhT0Op *op = qh_t0_emit(lower, QH_T0_const_pc);

    op->d = d;
    op[1].word = record->b | (uint64_t)record->c << 32;
}

static uint32_t from_type(const QhT0Lower *lower, const QhIrRecord *record)
{
    return qh_ir_op_info(record->op)->a[0] == 'Y' ? lower->source->records[record->a].type : 0;
}

/* Groups by number, as ir-ops.def has them. */
static void lower_record(QhT0Lower *lower, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_nop:
    case QH_IR_ext:
    case QH_IR_prefetch:
        return;
    case QH_IR_insn_start:
        lower->insn = lower->n_seen++;
        return;
    case QH_IR_label:
        lower_label(lower);
        return;
    case QH_IR_const_pc:
        lower_const_pc(lower, record);
        return;
    case QH_IR_get_slot:
    case QH_IR_get_local:
        lower_get(lower, record);
        return;
    case QH_IR_set_slot:
        if (!lower_set_const(lower, record)) {
            lower_set(lower, record);
        }
        return;
    case QH_IR_set_local:
        lower_set_local(lower, record);
        return;
    case QH_IR_ld_state:
    case QH_IR_st_state:
        lower_state(lower, record);
        return;
    case QH_IR_setflags:
        qh_t0_lower_setflags(lower, record);
        return;
    case QH_IR_flags_unless:
        qh_t0_lower_flags_unless(lower, record);
        return;
    case QH_IR_flag:
    case QH_IR_cc2:
        qh_t0_lower_flag(lower, record);
        return;
    case QH_IR_call:
        qh_t0_lower_call(lower, record);
        return;
    default:
        break;
    }
    if (record->op >= QH_IR_vand) {
        qh_t0_lower_fn(lower, record, qh_t0_vec_fn(record, from_type(lower, record)));
    } else if (record->op >= QH_IR_fadd) {
        qh_t0_lower_fn(lower, record, qh_t0_fp_fn(record, from_type(lower, record)));
    } else if (record->op == QH_IR_br || record->op == QH_IR_brc || record->op >= QH_IR_exit_pc) {
        qh_t0_lower_flow(lower, record);
    } else if (record->op >= QH_IR_ld) {
        qh_t0_lower_memory(lower, record);
    } else {
        qh_t0_lower_int(lower, record);
    }
}

/* Locals are zero at the start of a block. */
static void clear_locals(QhT0Lower *lower)
{
    for (uint32_t i = 0; lower->has_locals && i < QH_IR_MAX_LOCALS; i++) {
        if (lower->local_types[i] != QH_TYPE_NONE) {
            qh_t0_emit(lower, QH_T0_const128)->d = qh_t0_local_at(i);
        }
    }
}

static void fix_branches(QhT0Lower *lower)
{
    for (uint32_t i = 0; i < lower->n_fixups; i++) {
        uint32_t op = lower->fixups[i].op;
        lower->ops[op].imm = (int32_t)(lower->labels[lower->fixups[i].label].op - op);
    }
}

uint32_t qh_t0_lower_n_insns(const QhT0Lower *lower)
{
    return lower->n_insns;
}

gboolean qh_t0_lower(QhT0Lower *lower,
                     const QhT0Source *source,
                     const QhT0Op **ret_ops,
                     uint32_t *ret_n_ops,
                     const uint16_t **ret_insns)
{
    lower->source = source;
    lower->n_ops = lower->n_aliases = lower->n_fixups = 0;
    lower->full = FALSE;
    memset(lower->expire, 0, sizeof(lower->expire[0]) * source->n_records);
    all_cells_free(lower);
    qh_t0_analyse(lower);
    lower->i = lower->insn = lower->n_seen = 0;
    clear_locals(lower);
    for (; lower->i < source->n_records && !lower->full; lower->i++) {
        const QhLowerValue *value = &lower->values[lower->i];
        if (value->make == QH_MAKE_NOW || value->make == QH_MAKE_SLOT) {
            if (!value->fused) {
                lower_record(lower, &source->records[lower->i]);
            }
        }
        expire(lower, lower->i);
    }
    fix_branches(lower);
    *ret_ops = lower->ops;
    *ret_n_ops = lower->n_ops;
    *ret_insns = lower->insns;
    return !lower->full;
}
