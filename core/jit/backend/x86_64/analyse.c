/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a region before code is made: copies and constants, who uses each value last,
 * variables and which of them get a home, where control flow leads, and what is a loop.
 */
#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/backend/x86_64/homes.h"
#include "core/jit/backend/x86_64/lower-int.h"
#include "core/jit/jit-cpu.h"

#include <string.h>

static gboolean is_xmm_type(uint32_t type)
{
    return type == QH_TYPE_F32 || type == QH_TYPE_F64 || type == QH_TYPE_F128 ||
           type == QH_TYPE_V64 || type == QH_TYPE_V128 || type == QH_TYPE_I128;
}

static int32_t local_at(uint32_t local)
{
    return QH_JIT_CPU_AT(frame) + (int32_t)local * 16;
}

/* Slots that share memory with another are never kept in registers. */
static void pin_overlaps(QhT1Alloc *alloc, uint32_t n)
{
    QhT1Var *var = &alloc->vars[n];

    for (uint32_t i = 0; i < n; i++) {
        QhT1Var *other = &alloc->vars[i];
        if (var->at < other->at + other->bytes && other->at < var->at + var->bytes) {
            var->pinned = other->pinned = 1;
        }
    }
}

static uint16_t new_var(QhT1Alloc *alloc, const QhT1Var *var)
{
    if (alloc->n_vars == QH_T1_MAX_VARS) {
        alloc->t->failed = TRUE;
        return 0;
    }
    alloc->vars[alloc->n_vars] = *var;
    pin_overlaps(alloc, alloc->n_vars);
    return (uint16_t)alloc->n_vars++;
}

static uint16_t new_slot_var(QhT1Alloc *alloc, uint32_t slot)
{
    const QhStateField *field = qh_ir_slot(alloc->t->source->context->state, slot);
    QhT1Var var = {.at = (int32_t)field->offset,
                   .bytes = (uint8_t)qh_ir_type_bytes(field->type),
                   .klass = field->klass,
                   .home = QH_NO_REG,
                   .id = (uint16_t)slot};

    var.is_xmm =
        is_xmm_type(field->type) || (field->klass == QH_CLASS_FP && field->type == QH_TYPE_I64);
    var.pinned =
        field->offset < sizeof(QhCpu) || var.bytes < 4 || qh_t1_is_lazy(alloc->t->source, slot);
    return new_var(alloc, &var);
}

static uint16_t slot_var(QhT1Alloc *alloc, uint32_t slot)
{
    if (slot >= G_N_ELEMENTS(alloc->slot_vars)) {
        alloc->t->failed = TRUE;
        return 0;
    }
    if (alloc->slot_vars[slot] == 0) {
        alloc->slot_vars[slot] = (uint16_t)(new_slot_var(alloc, slot) + 1);
    }
    return (uint16_t)(alloc->slot_vars[slot] - 1);
}

/* A local is a variable of its own in each guest block, because its type may differ. */
static uint16_t local_var(QhT1Alloc *alloc, const QhIrRecord *record)
{
    QhT1Var var = {.at = local_at(record->a),
                   .bytes =
                       (uint8_t)(record->type == QH_TYPE_B1 ? 4 : qh_ir_type_bytes(record->type)),
                   .klass = QH_T1_LOCAL,
                   .is_xmm = is_xmm_type(record->type),
                   .is_local = 1,
                   .home = QH_NO_REG,
                   .id = (uint16_t)record->a};
    uint16_t *at = &alloc->local_vars[record->a];

    if (*at == 0) {
        for (uint16_t i = 0; i < alloc->n_vars; i++) {
            const QhT1Var *old = &alloc->vars[i];
            if (old->is_local && old->id == var.id && old->bytes == var.bytes &&
                old->is_xmm == var.is_xmm) {
                *at = (uint16_t)(i + 1);
                return i;
            }
        }
        *at = (uint16_t)(new_var(alloc, &var) + 1);
    }
    return (uint16_t)(*at - 1);
}

static gboolean is_copy(const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_mov:
    case QH_IR_bits2f:
    case QH_IR_f2bits:
    case QH_IR_bool2int:
    case QH_IR_trunc:
    case QH_IR_low64:
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean is_zero_slot(const QhT1 *t, uint32_t slot)
{
    return (qh_ir_slot(t->source->context->state, slot)->flags & QH_STATE_ZERO) != 0;
}

/* get and set of variables; hard-wired registers go away. */
static void look_at_var(QhT1 *t, uint32_t i)
{
    QhIrRecord *record = &t->source->records[i];
    QhT1Value *value = &t->alloc->values[i];

    switch (record->op) {
    case QH_IR_get_slot:
        if (is_zero_slot(t, record->a)) {
            *record = (QhIrRecord){.op = QH_IR_const, .type = record->type};
            value->make = QH_T1_CONST;
            return;
        }
        value->make = QH_T1_VAR;
        value->var = slot_var(t->alloc, record->a);
        return;
    case QH_IR_get_local:
        value->make = QH_T1_VAR;
        value->var = local_var(t->alloc, record);
        return;
    case QH_IR_set_slot:
        if (is_zero_slot(t, record->a)) {
            *record = (QhIrRecord){.op = QH_IR_nop};
            return;
        }
        value->var = slot_var(t->alloc, record->a);
        break;
    case QH_IR_set_local:
        value->var = local_var(t->alloc, record);
        break;
    default:
        return;
    }
    QhT1Value *root = &t->alloc->values[t->alloc->values[record->b].root];
    root->set = root->set == 0 ? i : root->set;
}

/* Whether concat128 @record only puts zeros above a scalar. Then it is a copy of that scalar, which
 * is made with them. */
static gboolean is_widened(const QhT1 *t, const QhIrRecord *record)
{
    const QhIrRecord *high, *low;

    if (record->op != QH_IR_concat128) { /* the operands of others need not be values */
        return FALSE;
    }
    high = &t->source->records[qh_t1_root(t, record->b)];
    low = &t->source->records[qh_t1_root(t, record->a)];
    return high->op == QH_IR_const && high->b == 0 && high->c == 0 &&
           low->type == (record->flags ? QH_TYPE_F32 : QH_TYPE_F64) && qh_t1_fp_makes_whole(low);
}

static void look_forward(QhT1 *t, const QhT1Block *block)
{
    QhT1Alloc *alloc = t->alloc;

    memset(alloc->local_vars, 0, sizeof(alloc->local_vars));
    for (uint32_t i = block->first; i < block->first + block->n_records && !t->failed; i++) {
        const QhIrRecord *record = &t->source->records[i];
        const QhIrOp *info = &qh_ir_ops[record->op];
        QhT1Value *value = &alloc->values[i];
        gboolean is_bool = (info->attrs & QH_IR_A_BOOL) || record->type == QH_TYPE_B1;

        *value = (QhT1Value){.make = QH_T1_NOW, .root = i, .reg = QH_NO_REG};
        value->bytes = (uint8_t)(is_bool ? 4 : qh_ir_type_bytes(record->type));
        value->is_xmm = !is_bool && is_xmm_type(record->type);
        if (is_copy(record)) {
            value->make = QH_T1_COPY;
            value->root = alloc->values[record->a].root;
        } else if (is_widened(t, record)) {
            value->make = QH_T1_COPY;
            value->root = alloc->values[record->a].root;
            alloc->values[value->root].whole = 1;
            alloc->values[value->root].bytes = 16;
        } else if (record->op == QH_IR_const) {
            value->make = QH_T1_CONST;
        } else {
            look_at_var(t, i);
        }
    }
}

static gboolean is_idle(const QhT1 *t, const QhIrRecord *record)
{
    const QhIrOp *info = &qh_ir_ops[record->op];

    if (record->op == QH_IR_call) {
        return record->type != QH_TYPE_NONE &&
               (qh_ir_helper(t->source->context->translator, record->a)->attrs & QH_HELPER_PURE);
    }
    return (info->attrs & (QH_IR_A_VALUE | QH_IR_A_BOOL)) &&
           !(info->attrs & (QH_IR_A_FAULT | QH_IR_A_FLAGS));
}

/* What a record does with its operands, the first and the others. */
static void user_kinds(const QhIrRecord *record, uint8_t *ret_first, uint8_t *ret_others)
{
    *ret_first = *ret_others = QH_T1_USER_OTHER;
    switch (record->op) {
    case QH_IR_brc:
        *ret_first = QH_T1_USER_BRANCH;
        return;
    case QH_IR_ld:
    case QH_IR_prefetch:
    case QH_IR_st:
        *ret_first = QH_T1_USER_ADDRESS;
        return;
    case QH_IR_add:
        if (record->type == QH_TYPE_I64) {
            *ret_first = *ret_others = QH_T1_USER_SUM;
        }
        return;
    default:
        return;
    }
}

static gboolean const_imm(const QhT1 *t, uint32_t value)
{
    const QhIrRecord *record = &t->source->records[qh_t1_root(t, value)];
    int64_t bits = (int64_t)(record->b | (uint64_t)record->c << 32);

    return record->op == QH_IR_const && bits == (int32_t)bits;
}

/* Whether lea can do this shift beside its sum. */
static gboolean is_scale(const QhT1 *t, const QhIrRecord *record)
{
    const QhIrRecord *count;

    if (record->op != QH_IR_shl || record->type != QH_TYPE_I64 || record->flags != QH_SHIFT_MASK) {
        return FALSE;
    }
    count = &t->source->records[qh_t1_root(t, record->b)];
    return count->op == QH_IR_const && count->c == 0 && count->b >= 1 && count->b <= 3;
}

/* Whether there is no code between records @i and @last of a block. */
static gboolean are_next(const QhT1 *t, uint32_t i, uint32_t last)
{
    while (++i < last) {
        const QhT1Value *value = &t->alloc->values[i];
        if (value->make != QH_T1_DEAD && value->make != QH_T1_COPY && value->make != QH_T1_CONST &&
            t->source->records[i].op != QH_IR_nop) {
            return FALSE;
        }
    }
    return TRUE;
}

static void choose_make(QhT1 *t, uint32_t i)
{
    const QhIrRecord *record = &t->source->records[i];
    QhT1Value *value = &t->alloc->values[i];

    /* fcmp raises flags: before anything that may look at them; flags may be set anew */
    if (value->users == QH_T1_USER_BRANCH && value->uses == 1 &&
        (record->op == QH_IR_cmp ||
         (are_next(t, i, value->last) &&
          (record->op == QH_IR_fcmp ||
           (record->op == QH_IR_flag && qh_t1_flag_is_condition(record)))))) {
        value->make = QH_T1_CMP;
    } else if (record->op == QH_IR_add && record->type == QH_TYPE_I64 &&
               value->users == QH_T1_USER_ADDRESS && const_imm(t, record->b)) {
        value->make = QH_T1_ADDR;
    } else if (value->users == QH_T1_USER_SUM && value->uses == 1 && is_scale(t, record)) {
        value->make = QH_T1_SCALED;
    }
}

/* The values that record @i uses, for code that is made until @until. */
static void note_uses(QhT1 *t, uint32_t i, uint32_t until, uint32_t used[8])
{
    const QhIrRecord *record = &t->source->records[i];
    QhT1Value *values = t->alloc->values;
    gboolean now = values[i].make == QH_T1_NOW;
    uint8_t first, others;
    uint32_t n;

    n = record->op == QH_IR_setflags && qh_t1_is_pending(t, i)
            ? qh_t1_pending_uses(t, i, used)
            : qh_ir_uses(t->source->context->translator, t->source->records, i, used);
    user_kinds(record, &first, &others);
    for (uint32_t k = 0; k < n; k++) {
        QhT1Value *root = &values[values[used[k]].root];
        uint8_t kind = k == 0 ? first : others;
        if (values[used[k]].make == QH_T1_COPY || (kind == QH_T1_USER_SUM && !now)) {
            kind = QH_T1_USER_OTHER;
        }
        root->uses++;
        root->last = MAX(root->last, until);
        root->users |= kind;
    }
}

static void look_backward(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t used[8];

    for (uint32_t i = t->source->n_records; i-- > 0;) {
        const QhIrRecord *record = &t->source->records[i];
        QhT1Value *value = &alloc->values[i];
        uint32_t until = i;

        if (value->make == QH_T1_COPY) {
            continue;
        }
        if (value->uses == 0 && is_idle(t, record)) {
            value->make = QH_T1_DEAD;
            continue;
        }
        if (value->make == QH_T1_NOW && value->users != 0 && !(value->users & QH_T1_USER_OTHER)) {
            choose_make(t, i);
        }
        if (value->make == QH_T1_CMP || value->make == QH_T1_ADDR || value->make == QH_T1_SCALED) {
            until = value->last;
        }
        note_uses(t, i, until, used);
    }
}

uint32_t qh_t1_block_at(const QhT1Source *source, uint64_t pc)
{
    uint32_t low = 0, high = source->n_blocks;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (source->blocks[middle].pc < pc) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < source->n_blocks && source->blocks[low].pc == pc ? low : source->n_blocks;
}

/* Calls look for room instead of polling. */
static void note_branch(QhT1 *t, uint32_t from, uint32_t to, gboolean call)
{
    QhT1Target *target = &t->alloc->targets[to];

    if (to <= from) {
        if (target->loop_end == 0 && from > 0) {
            t->alloc->loops[t->alloc->n_loops++] = to;
        }
        target->loop_end = MAX(target->loop_end, from);
        target->polls |= !call;
        target->turn_end = call ? target->turn_end : MAX(target->turn_end, from);
    }
}

static uint64_t exit_target(const QhIrRecord *record)
{
    return record->b | (uint64_t)record->c << 32;
}

static void find_branches(QhT1 *t)
{
    const QhT1Source *source = t->source;

    for (uint32_t i = 0; i < source->n_records; i++) {
        const QhIrRecord *record = &source->records[i];
        if (record->op == QH_IR_br) {
            note_branch(t, i, record->a, FALSE);
        } else if (record->op == QH_IR_brc) {
            note_branch(t, i, record->b, FALSE);
        } else if (record->op == QH_IR_exit_pc) {
            uint32_t block = qh_t1_block_at(source, exit_target(record));
            gboolean inside = block < source->n_blocks;
            uint32_t to = inside ? source->blocks[block].first : source->n_records;
            t->alloc->leads[i] = (uint16_t)to;
            if (inside) {
                note_branch(t, i, to, record->flags == QH_EXIT_CALL);
            }
        }
    }
}

static gboolean starts_insn(const QhT1Source *source, uint32_t i)
{
    while (i < source->n_records &&
           (source->records[i].op == QH_IR_label || source->records[i].op == QH_IR_nop)) {
        i++;
    }
    return i < source->n_records && source->records[i].op == QH_IR_insn_start;
}

static void find_loops(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t n = 0; n < alloc->n_loops; n++) {
        uint32_t i = alloc->loops[n];
        QhT1Target *target = &alloc->targets[i];
        target->at_start = starts_insn(t->source, i) != FALSE;
        for (uint32_t k = i; k <= target->loop_end; k++) {
            alloc->depth[k] = MIN(alloc->depth[k] + 1, 4);
        }
    }
}

static void weigh(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    for (uint32_t i = 0; i < t->source->n_records; i++) {
        const QhIrRecord *record = &t->source->records[i];
        const QhT1Value *value = &alloc->values[i];
        uint32_t each = 1u << 3 * alloc->depth[i];

        if (value->make == QH_T1_VAR) {
            alloc->vars[value->var].weight += each * MAX(value->uses, 1);
        } else if (record->op == QH_IR_set_slot || record->op == QH_IR_set_local) {
            alloc->vars[value->var].weight += each;
        }
    }
}

gboolean qh_t1_analyse(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    const QhT1Source *source = t->source;

    alloc->n_vars = alloc->n_loops = 0;
    memset(alloc->slot_vars, 0, sizeof(alloc->slot_vars));
    memset(alloc->targets, 0, sizeof(alloc->targets[0]) * source->n_records);
    memset(alloc->depth, 0, source->n_records);
    for (uint32_t i = 0; i < source->n_blocks; i++) {
        look_forward(t, &source->blocks[i]);
    }
    if (t->failed) {
        return FALSE;
    }
    find_branches(t);
    find_loops(t);
    qh_t1_pending_analyse(t);
    look_backward(t);
    weigh(t);
    qh_t1_give_homes(t);
    qh_t1_decide_loops(t);
    return TRUE;
}
