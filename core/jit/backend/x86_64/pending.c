/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/backend/x86_64/pending.h"

#include "core/jit/backend/x86_64/alloc.h"
#include "core/jit/code.h"

#include <string.h>

/* What a place carries. */
#define NOTHING 0u /* memory is right; other numbers: a recipe's, + 1 */
#define UNKNOWN 0xffffu

static const QhStateField *lazy_field(const QhT1 *t, uint32_t i)
{
    const QhIrContext *context = t->source->context;

    return qh_ir_slot(context->state, context->translator->lazy_slots[i]);
}

/* --- Who looks --- */

gboolean qh_t1_call_looks(const QhT1 *t, const QhIrRecord *record)
{
    const QhHelper *helper = qh_ir_helper(t->source->context->translator, record->a);

    return (helper->attrs & QH_HELPER_MAY_RAISE) ||
           ((helper->reads | helper->writes) >> QH_CLASS_FLAG & 1);
}

static gboolean looks(const QhT1 *t, const QhIrRecord *record)
{
    switch (record->op) {
    case QH_IR_flag:
    case QH_IR_cc2:
    case QH_IR_ld_state:
    case QH_IR_st_state:
        return TRUE;
    case QH_IR_call:
        return qh_t1_call_looks(t, record);
    default:
        return (qh_ir_ops[record->op].attrs & (QH_IR_A_FAULT | QH_IR_A_TERMINAL)) != 0;
    }
}

/* The record that a jump within the region leads to; n_records: outside, or a call, at which the
 * region may be left. */
static uint32_t exit_to(const QhT1 *t, uint32_t i)
{
    const QhIrRecord *record = &t->records[i];

    return record->op == QH_IR_exit_pc && record->flags != QH_EXIT_CALL ? t->alloc->leads[i]
                                                                        : t->source->n_records;
}

/* Whether the operation changes what waits, or leads somewhere. */
static gboolean matters(uint32_t op)
{
    static const uint8_t table[QH_IR_OP_LIMIT] = {
        [QH_IR_label] = 1,     [QH_IR_br] = 1,       [QH_IR_brc] = 1,      [QH_IR_set_slot] = 1,
        [QH_IR_set_local] = 1, [QH_IR_setflags] = 1, [QH_IR_st_state] = 1, [QH_IR_call] = 1,
    };

    return table[op] || (qh_ir_ops[op].attrs & QH_IR_A_TERMINAL);
}

/* --- Whether they are wanted: somebody looks before the next setflags --- */

static gboolean wanted_before(const QhT1 *t, uint32_t i, gboolean after)
{
    const QhIrRecord *record = &t->records[i];
    const uint8_t *wanted = t->alloc->pending_flags.wanted;
    uint32_t to;

    switch (record->op) {
    case QH_IR_setflags:
        return FALSE;
    case QH_IR_br:
        return wanted[record->a];
    case QH_IR_brc:
        return after || wanted[record->b];
    case QH_IR_exit_pc:
        to = exit_to(t, i);
        return to == t->source->n_records || wanted[to];
    default:
        return looks(t, record) || after;
    }
}

/* Until nothing changes: FALSE becomes TRUE only. At first they are wanted where the region may be
 * left: where exit_request is looked at, and by code that counts at the head of each block. */
static void find_wanted(QhT1 *t)
{
    uint8_t *wanted = t->alloc->pending_flags.wanted;
    gboolean changed;

    memset(wanted, 0, t->source->n_records);
    wanted[0] = t->alloc->targets[0].polls;
    for (uint32_t n = 0; n < t->alloc->n_loops; n++) {
        wanted[t->alloc->loops[n]] = t->alloc->targets[t->alloc->loops[n]].polls;
    }
    for (uint32_t b = 0; t->source->flags & QH_CODE_ICOUNT && b < t->source->n_blocks; b++) {
        wanted[t->source->blocks[b].first] = 1;
    }
    do {
        changed = FALSE;
        for (uint32_t i = t->source->n_records; i-- > 0;) {
            gboolean after = i + 1 < t->source->n_records && wanted[i + 1];
            if (!wanted[i] && wanted_before(t, i, after)) {
                wanted[i] = 1;
                changed = TRUE;
            }
        }
    } while (changed);
}

/* What another setflags follows on all ways before anybody looks. */
static void drop_unwanted(QhT1 *t)
{
    for (uint32_t i = 0; i + 1 < t->source->n_records; i++) {
        QhIrRecord *record = &t->source->records[i];
        if ((record->op == QH_IR_setflags || record->op == QH_IR_flags_unless) &&
            !t->alloc->pending_flags.wanted[i + 1]) {
            *record = (QhIrRecord){.op = QH_IR_nop};
        }
    }
}

/* --- Recipes --- */

static uint32_t end_of_insn(const QhT1 *t, uint32_t i, uint32_t end)
{
    while (i + 1 < end && t->records[i + 1].op != QH_IR_insn_start) {
        i++;
    }
    return i;
}

static gboolean sets(const QhIrRecord *record)
{
    return record->op == QH_IR_set_slot || record->op == QH_IR_set_local;
}

/* Whether @var has the same content after @end as after record @from. */
static gboolean stays(const QhT1 *t, uint32_t var, uint32_t from, uint32_t end)
{
    uint32_t klass = t->alloc->vars[var].klass;

    for (uint32_t i = from + 1; i <= end; i++) {
        const QhIrRecord *record = &t->records[i];
        if (sets(record) && t->alloc->values[i].var == var) {
            return FALSE;
        }
        if (record->op == QH_IR_call &&
            (qh_ir_helper(t->source->context->translator, record->a)->writes >> klass & 1)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A variable whose low bits are value @root after @end, and the record that puts it there. */
static uint32_t
variable_of(const QhT1 *t, uint32_t root, uint32_t first, uint32_t end, uint32_t *ret_set)
{
    const QhT1Alloc *alloc = t->alloc;
    const QhT1Value *v = &alloc->values[root];

    *ret_set = 0;
    if (v->make == QH_T1_VAR && !alloc->vars[v->var].is_local && stays(t, v->var, root, end)) {
        return v->var;
    }
    for (uint32_t i = MAX(root + 1, first); i <= end; i++) {
        const QhIrRecord *record = &t->records[i];
        if (record->op != QH_IR_set_slot) {
            continue;
        }
        uint32_t value = alloc->values[record->b].root;
        if (value != root && t->records[value].op == QH_IR_zext) {
            value = alloc->values[t->records[value].a].root;
        }
        if (value == root && stays(t, alloc->values[i].var, i, end)) {
            *ret_set = i;
            return alloc->values[i].var;
        }
    }
    return QH_T1_NO_VAR;
}

static void
find_operand(const QhT1 *t, QhT1Recipe *recipe, uint32_t k, uint32_t value, uint32_t first)
{
    const QhIrRecord *set = &t->records[recipe->record];
    uint32_t root = t->alloc->values[value].root, var, put;
    const QhIrRecord *record = &t->records[root];

    recipe->from[k] = QH_T1_FROM_NONE;
    if (record->op == QH_IR_const) {
        recipe->from[k] = QH_T1_FROM_CONST;
        recipe->imm[k] = record->b | (uint64_t)record->c << 32;
        if (set->type == QH_TYPE_I32) {
            recipe->imm[k] = (uint32_t)recipe->imm[k];
        }
        return;
    }
    var = variable_of(t, root, first, recipe->end, &put);
    if (var != QH_T1_NO_VAR && !t->alloc->vars[var].is_xmm &&
        t->alloc->vars[var].bytes >= qh_ir_type_bytes(set->type)) {
        recipe->from[k] = QH_T1_FROM_VAR;
        recipe->put[k] = put > recipe->record;
        recipe->var[k] = (uint16_t)var;
        recipe->at[k] = t->alloc->vars[var].at;
    }
}

/* Whether the result is that of the operation on the operands, so that two tell operand @k. */
static gboolean follows(const QhT1 *t, const QhT1Recipe *recipe, uint32_t k)
{
    const QhIrRecord *set = &t->records[recipe->record], *result = &t->records[set->c];

    if (result->type != set->type || result->a != set->a || result->b != set->b) {
        return FALSE;
    }
    return result->op == QH_IR_add || result->op == QH_IR_sub ||
           ((result->op == QH_IR_and || result->op == QH_IR_andn) && k == 2);
}

static uint32_t count_from(const QhT1Recipe *recipe, uint32_t from)
{
    return (recipe->from[0] == from ? 1u : 0u) + (recipe->from[1] == from ? 1u : 0u) +
           (recipe->from[2] == from ? 1u : 0u);
}

/* One operand may follow from the others, further ones go into their slots; FALSE: nothing is
 * saved. */
static gboolean complete(const QhT1 *t, QhT1Recipe *recipe)
{
    recipe->op = t->records[t->records[recipe->record].c].op;
    for (uint32_t k = 0; k < 3; k++) {
        if (recipe->from[k] == QH_T1_FROM_NONE &&
            (count_from(recipe, QH_T1_FROM_NONE) > 1 || !follows(t, recipe, k))) {
            recipe->from[k] = QH_T1_FROM_SLOT;
        }
    }
    return count_from(recipe, QH_T1_FROM_SLOT) < 3;
}

/* The operands go into their slots, and nothing waits; FALSE: there is more to store than that. */
static gboolean write_at_once(const QhT1 *t, QhT1Recipe *recipe)
{
    const QhIrRecord *set = &t->records[recipe->record];

    if (!qh_t1_derives(t, set)) {
        return FALSE;
    }
    recipe->written = 1;
    recipe->from[0] = QH_T1_FROM_SLOT;
    recipe->from[1] = set->flags == QH_CC_BITS ? QH_T1_FROM_NONE : QH_T1_FROM_SLOT;
    recipe->from[2] = QH_T1_FROM_NONE;
    return TRUE;
}

static gboolean make_recipe(const QhT1 *t, QhT1Recipe *recipe, const QhT1Block *block, uint32_t i)
{
    const QhIrRecord *set = &t->records[i];
    const uint32_t values[] = {set->a, set->b, set->c};

    *recipe = (QhT1Recipe){.word = set->flags | (uint32_t)set->type << 8,
                           .record = i,
                           .end = end_of_insn(t, i, block->first + block->n_records)};
    for (uint32_t k = 0; k < 4; k++) {
        recipe->lazy[k] = (int32_t)lazy_field(t, k)->offset;
    }
    if (!t->alloc->pending_flags.carried[i] && write_at_once(t, recipe)) {
        return TRUE;
    }
    /* nobody may look before the instruction has put all in its place */
    for (uint32_t k = i + 1; k <= recipe->end; k++) {
        const QhIrRecord *record = &t->records[k];
        if (record->op == QH_IR_label || record->op == QH_IR_setflags ||
            (looks(t, record) && !(qh_ir_ops[record->op].attrs & QH_IR_A_TERMINAL)) ||
            record->op == QH_IR_br || record->op == QH_IR_brc) {
            recipe->end = k - 1;
            break;
        }
    }
    for (uint32_t k = 0; k < 3; k++) {
        find_operand(t, recipe, k, values[k], block->first);
    }
    return complete(t, recipe) || write_at_once(t, recipe);
}

static gboolean leaves_often(const QhIrRecord *record)
{
    return record->op == QH_IR_exit_value ||
           (record->op == QH_IR_exit_pc && record->flags == QH_EXIT_CALL);
}

/* Loops that go on without leaving or calling, where it is good to wait: noted in carried, which
 * is free until find_carried. */
static void find_turns(QhT1 *t)
{
    uint16_t *turns = t->alloc->pending_flags.carried;

    for (uint32_t n = 0; n < t->alloc->n_loops; n++) {
        uint32_t i = t->alloc->loops[n], end = t->alloc->targets[i].turn_end, k = i;
        while (k < end && !leaves_often(&t->records[k])) {
            k++;
        }
        for (k = end != 0 && k == end ? i : end + 1; k <= end; k++) {
            turns[k] = 1;
        }
    }
}

/* Guests that read or write the slots as such get them as such: worked out where a block begins. */
static gboolean names_slots(const QhT1 *t)
{
    for (uint32_t i = 0; i < t->alloc->n_vars; i++) {
        const QhT1Var *var = &t->alloc->vars[i];
        for (uint32_t k = 0; k < 4; k++) {
            const QhStateField *field = lazy_field(t, k);
            int32_t at = (int32_t)field->offset;
            if (var->at < at + (int32_t)qh_ir_type_bytes(field->type) &&
                at < var->at + var->bytes) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* Whether two compare the same variables and constants, so that either is as good as the other. */
static gboolean is_same(const QhT1 *t, const QhT1Recipe *one, const QhT1Recipe *other)
{
    for (uint32_t k = 0; k < 3; k++) {
        if (one->put[k] || other->put[k] || one->from[k] != other->from[k] ||
            (one->from[k] == QH_T1_FROM_VAR && one->var[k] != other->var[k]) ||
            (one->from[k] == QH_T1_FROM_CONST && one->imm[k] != other->imm[k]) ||
            one->from[k] == QH_T1_FROM_SLOT || follows(t, one, k) != follows(t, other, k)) {
            return FALSE;
        }
    }
    return one->word == other->word && one->op == other->op;
}

/* The number of @recipe, + 1, which is the next one or that of one like it. What a loop compares
 * at its end is often compared before it, too. */
static uint16_t number_of(const QhT1 *t, const QhT1Recipe *recipe)
{
    const QhT1Pending *pending = &t->alloc->pending_flags;
    uint32_t n = pending->n_recipes, first = n > 8 ? n - 8 : 0;

    for (uint32_t i = first; i < n; i++) {
        if (is_same(t, &pending->recipes[i], recipe)) {
            return (uint16_t)(i + 1);
        }
    }
    return (uint16_t)(n + 1);
}

static void make_recipes(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Pending *pending = &alloc->pending_flags;

    find_turns(t);
    for (uint32_t b = 0; b < t->source->n_blocks; b++) {
        const QhT1Block *block = &t->source->blocks[b];
        for (uint32_t i = block->first; i < block->first + block->n_records; i++) {
            QhT1Recipe *recipe = &pending->recipes[pending->n_recipes];
            if (t->records[i].op == QH_IR_setflags && pending->n_recipes < QH_T1_MAX_RECIPES &&
                make_recipe(t, recipe, block, i)) {
                pending->recipe_of[i] = number_of(t, recipe);
                pending->n_recipes = MAX(pending->n_recipes, pending->recipe_of[i]);
            }
        }
    }
}

/* --- What each place carries --- */

static gboolean uses_var(const QhT1Recipe *recipe, uint32_t var)
{
    for (uint32_t k = 0; k < 3; k++) {
        if (recipe->from[k] == QH_T1_FROM_VAR && recipe->var[k] == var) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean uses_class(const QhT1 *t, const QhT1Recipe *recipe, uint32_t classes)
{
    for (uint32_t k = 0; k < 3; k++) {
        if (recipe->from[k] == QH_T1_FROM_VAR &&
            (classes >> t->alloc->vars[recipe->var[k]].klass & 1)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What a variable held goes into its slot, if it does not follow. */
static void loosen(const QhT1 *t, QhT1Recipe *recipe, uint32_t k)
{
    gboolean can = count_from(recipe, QH_T1_FROM_NONE) == 0 && follows(t, recipe, k);

    recipe->from[k] = can ? QH_T1_FROM_NONE : QH_T1_FROM_SLOT;
}

/* Record @i changes what recipe @n needs. */
static void break_recipe(QhT1 *t, uint32_t n, uint32_t i)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Recipe *recipe = &alloc->pending_flags.recipes[n - 1];
    const QhIrRecord *record = &t->records[i];
    uint32_t classes =
        sets(record) ? 0 : qh_ir_helper(t->source->context->translator, record->a)->writes;

    for (uint32_t k = 0; k < 3; k++) {
        if (recipe->from[k] == QH_T1_FROM_VAR &&
            (sets(record) ? recipe->var[k] == alloc->values[i].var
                          : (classes >> alloc->vars[recipe->var[k]].klass & 1))) {
            loosen(t, recipe, k);
        }
    }
    if (count_from(recipe, QH_T1_FROM_SLOT) < 3 || write_at_once(t, recipe)) {
        return;
    }
    for (uint32_t k = recipe->record; k < t->source->n_records; k++) {
        uint16_t *of = &alloc->pending_flags.recipe_of[k];
        *of = *of == n ? 0 : *of;
    }
}

/* Whether record @i changes what recipe @n needs while it is wanted. */
static gboolean breaks(const QhT1 *t, uint32_t n, uint32_t i)
{
    const QhT1Alloc *alloc = t->alloc;
    const QhT1Recipe *recipe = &alloc->pending_flags.recipes[n - 1];
    const QhIrRecord *record = &t->records[i];

    if (i > recipe->record && i <= recipe->end) {
        return FALSE;
    }
    if (i + 1 < t->source->n_records && !alloc->pending_flags.wanted[i + 1]) {
        return FALSE;
    }
    if (sets(record)) {
        return uses_var(recipe, alloc->values[i].var);
    }
    return record->op == QH_IR_call &&
           uses_class(t, recipe, qh_ir_helper(t->source->context->translator, record->a)->writes);
}

/* Whether the recipe @n is made in the loop whose head is @to. */
static gboolean made_in_loop(const QhT1Alloc *alloc, uint32_t n, uint32_t to)
{
    uint32_t record = alloc->pending_flags.recipes[n - 1].record;

    return record >= to && record <= alloc->targets[to].loop_end;
}

/* Of two recipes that meet at @to, whether @n stays: the others' paths do what they say. That of
 * the inner loop stays, so that it does nothing in its turns. */
static gboolean is_better(const QhT1Alloc *alloc, uint32_t to, uint32_t n, uint32_t other)
{
    const QhT1Recipe *recipes = alloc->pending_flags.recipes;
    uint32_t depth = alloc->depth[recipes[n - 1].record];
    uint32_t other_depth = alloc->depth[recipes[other - 1].record];

    if (recipes[n - 1].written != recipes[other - 1].written) {
        return !recipes[n - 1].written; /* the other one loses nothing */
    }
    if (made_in_loop(alloc, n, to) != made_in_loop(alloc, other, to)) {
        return made_in_loop(alloc, n, to);
    }
    return depth != other_depth ? depth > other_depth : n < other;
}

/* The path comes to @to with @n; whether that is news. */
static gboolean arrive(QhT1Alloc *alloc, uint32_t to, uint32_t n)
{
    uint16_t *carried = &alloc->pending_flags.carried[to];

    if (!alloc->pending_flags.wanted[to]) {
        n = NOTHING;
    }
    if (*carried == UNKNOWN) {
        *carried = (uint16_t)n;
        return TRUE;
    }
    if (*carried == n || n == NOTHING ||
        (*carried != NOTHING && !is_better(alloc, to, n, *carried))) {
        return FALSE;
    }
    *carried = (uint16_t)n; /* it may or may not be what waits */
    return TRUE;
}

static uint32_t carried_at(const QhT1Alloc *alloc, uint32_t i)
{
    uint16_t n = alloc->pending_flags.carried[i];

    return n == UNKNOWN ? NOTHING : n;
}

/* Through block @block with what its places carry; FALSE: a recipe has changed, all begins anew.
 */
static gboolean walk_block(QhT1 *t, const QhT1Block *block, gboolean *ret_changed)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t n = NOTHING;
    gboolean live = FALSE;

    for (uint32_t i = block->first; i < block->first + block->n_records; i++) {
        const QhIrRecord *record = &t->records[i];
        if (!matters(record->op) && i != block->first) {
            continue;
        }
        if (i == block->first || record->op == QH_IR_label) {
            if (live) {
                *ret_changed |= arrive(alloc, i, n);
            }
            n = carried_at(alloc, i);
            live = alloc->pending_flags.carried[i] != UNKNOWN;
        }
        if (!live) {
            continue;
        }
        if (n != NOTHING && breaks(t, n, i)) {
            break_recipe(t, n, i);
            return FALSE;
        }
        if (record->op == QH_IR_setflags) {
            n = alloc->pending_flags.recipe_of[i];
        } else if (record->op == QH_IR_br || record->op == QH_IR_brc) {
            *ret_changed |= arrive(alloc, record->op == QH_IR_br ? record->a : record->b, n);
            live = record->op == QH_IR_brc;
        } else if (exit_to(t, i) < t->source->n_records) {
            *ret_changed |= arrive(alloc, exit_to(t, i), n);
            live = FALSE;
        } else if (qh_ir_ops[record->op].attrs & QH_IR_A_TERMINAL) {
            live = FALSE;
        } else if (record->op == QH_IR_st_state ||
                   (record->op == QH_IR_call && qh_t1_call_looks(t, record))) {
            n = NOTHING; /* flushed; other records that look may make no code */
        }
    }
    return TRUE;
}

static void start_walk(QhT1 *t)
{
    for (uint32_t i = 0; i < t->source->n_records; i++) {
        t->alloc->pending_flags.carried[i] = UNKNOWN;
    }
    for (uint32_t b = 0; b < t->source->n_blocks; b++) {
        const QhT1Block *block = &t->source->blocks[b];
        /* also where a call within the region comes back to */
        t->alloc->pending_flags.carried[block->first] = NOTHING;
    }
}

static void find_carried(QhT1 *t)
{
    gboolean changed = t->alloc->pending_flags.n_recipes > 0;

    start_walk(t);
    while (changed) {
        changed = FALSE;
        for (uint32_t b = 0; b < t->source->n_blocks; b++) {
            if (!walk_block(t, &t->source->blocks[b], &changed)) {
                start_walk(t);
                changed = TRUE;
                break;
            }
        }
    }
}

void qh_t1_pending_analyse(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    alloc->pending_flags.n_recipes = 0;
    memset(alloc->pending_flags.recipe_of, 0,
           sizeof(alloc->pending_flags.recipe_of[0]) * t->source->n_records);
    memset(alloc->pending_flags.carried, 0,
           sizeof(alloc->pending_flags.carried[0]) * t->source->n_records);
    alloc->pending_flags.named = t->source->context->translator->lazy_flags && names_slots(t);
    if (!t->source->context->translator->lazy_flags || alloc->pending_flags.named) {
        return;
    }
    find_wanted(t);
    drop_unwanted(t);
    make_recipes(t);
    find_carried(t);
}

gboolean qh_t1_is_pending(const QhT1 *t, uint32_t i)
{
    return t->alloc->pending_flags.recipe_of[i] != 0;
}

uint32_t qh_t1_pending_uses(const QhT1 *t, uint32_t i, uint32_t used[3])
{
    const QhT1Pending *pending = &t->alloc->pending_flags;
    const QhT1Recipe *recipe = &pending->recipes[pending->recipe_of[i] - 1];
    const uint32_t values[] = {t->records[i].a, t->records[i].b, t->records[i].c};
    uint32_t n = 0;

    for (uint32_t k = 0; k < 3; k++) {
        if (recipe->from[k] == QH_T1_FROM_SLOT) {
            used[n++] = values[k];
        }
    }
    return n;
}

gboolean qh_t1_pending_allows(const QhT1 *t, uint32_t i, uint32_t var)
{
    uint32_t n = t->alloc->pending_flags.recipe_of[i];

    if (n == 0) {
        return FALSE;
    }
    const QhT1Recipe *recipe = &t->alloc->pending_flags.recipes[n - 1];
    for (uint32_t k = 0; k < 3; k++) {
        if (recipe->from[k] == QH_T1_FROM_VAR && recipe->var[k] == var && !recipe->put[k]) {
            return FALSE;
        }
    }
    return TRUE;
}

uint16_t qh_t1_pending_at(const QhT1 *t, uint32_t to)
{
    return (uint16_t)carried_at(t->alloc, to);
}

gboolean qh_t1_pending_fits(const QhT1 *t, uint32_t to)
{
    uint32_t n = t->alloc->state.flags;

    return n == 0 || !t->alloc->pending_flags.wanted[to] || n == carried_at(t->alloc, to) ||
           t->alloc->pending_flags.recipes[n - 1].written;
}
