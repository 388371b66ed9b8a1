/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the addresses of accesses are made of. Each is a base and a constant; a base is a value, a
 * variable (a guest register), or a variable plus another one that is shifted, as in an array's
 * element. Two addresses are off the same base when they are made of the same variables and those
 * have not changed in between but by constants, whatever values the sums are.
 */
#include "core/jit/backend/x86_64/look.h"

/* How far back a variable may have been read. */
#define NEAR 64u
/* The largest shift of an index. */
#define SHIFT_MAX 4u

/* Whether record @i may change @var, for all that is looked at here. */
static gboolean may_set(const QhT1 *t, uint32_t i, uint16_t var)
{
    switch (t->records[i].op) {
    case QH_IR_label:
    case QH_IR_call:
    case QH_IR_st_state:
        return TRUE;
    case QH_IR_setflags:
        return !t->alloc->vars[var].is_local && qh_t1_is_lazy(t->source, t->alloc->vars[var].id);
    case QH_IR_set_slot:
    case QH_IR_set_local:
        return t->alloc->values[i].var == var;
    default:
        return FALSE;
    }
}

/* Whether the value @root, read from a variable before t->i, is still what that holds. */
static gboolean is_current(const QhT1 *t, uint32_t root)
{
    const QhT1Value *v = &t->alloc->values[root];

    if (v->make != QH_T1_VAR || root > t->i || t->i - root > NEAR) {
        return FALSE;
    }
    for (uint32_t i = root + 1; i < t->i; i++) {
        if (may_set(t, i, v->var)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Whether a variable holds the value @root. Where a value that is dead was is not known. */
static gboolean is_held(const QhT1 *t, uint32_t root)
{
    const QhT1Value *v = &t->alloc->values[root];

    return (v->place == QH_T1_IN_VAR && v->last >= t->i) || is_current(t, root);
}

/* The variable that holds @value now; by @form: that it was read from. */
static uint16_t var_of(const QhT1 *t, uint32_t value, gboolean form)
{
    uint32_t root = qh_t1_root(t, value);
    const QhT1Value *v = &t->alloc->values[root];

    if (form ? v->make == QH_T1_VAR : is_held(t, root)) {
        return v->var;
    }
    return QH_T1_NO_VAR;
}

/* The shift of an index that is a shift, and what is shifted. */
static gboolean is_scaled(const QhT1 *t, uint32_t value, uint32_t *ret_from, uint8_t *ret_shift)
{
    const QhIrRecord *record = &t->records[qh_t1_root(t, value)];
    uint64_t bits;

    if (record->op != QH_IR_shl || record->type != QH_TYPE_I64 ||
        !qh_t1_const(t, record->b, &bits) || bits > SHIFT_MAX) {
        return FALSE;
    }
    *ret_from = record->a;
    *ret_shift = (uint8_t)bits;
    return TRUE;
}

/* The base that is the sum of @a and @b, if both are variables. */
static gboolean sum_of(const QhT1 *t, uint32_t a, uint32_t b, gboolean form, QhT1Base *base)
{
    uint32_t from = b;

    base->shift = 0;
    is_scaled(t, b, &from, &base->shift);
    base->var = var_of(t, a, form);
    base->index = base->var != QH_T1_NO_VAR ? var_of(t, from, form) : QH_T1_NO_VAR;
    if (base->index == QH_T1_NO_VAR || base->index == base->var) {
        base->var = base->index = QH_T1_NO_VAR;
        return FALSE;
    }
    if (base->shift == 0 && base->index < base->var) { /* one form for a + b and b + a */
        uint16_t other = base->var;
        base->var = base->index;
        base->index = other;
    }
    return TRUE;
}

static QhT1Base find_base(const QhT1 *t, uint32_t value, gboolean form)
{
    QhT1Base base = {.index = QH_T1_NO_VAR};
    const QhIrRecord *record;

    if (t->alloc->values[value].make == QH_T1_ADDR) {
        value = t->records[value].a;
    }
    base.root = qh_t1_root(t, value);
    base.var = var_of(t, value, form);
    record = &t->records[base.root];
    if (base.var == QH_T1_NO_VAR && record->op == QH_IR_add && record->type == QH_TYPE_I64 &&
        !sum_of(t, record->a, record->b, form, &base)) {
        sum_of(t, record->b, record->a, form, &base);
    }
    return base;
}

QhT1Base qh_t1_base_of(const QhT1 *t, uint32_t value)
{
    return find_base(t, value, FALSE);
}

QhT1Base qh_t1_base_form(const QhT1 *t, uint32_t value)
{
    return find_base(t, value, TRUE);
}

gboolean qh_t1_same_base(const QhT1Base *a, const QhT1Base *b)
{
    return a->var == b->var && a->index == b->index &&
           (a->index == QH_T1_NO_VAR || a->shift == b->shift) &&
           (a->var != QH_T1_NO_VAR || a->root == b->root);
}

int64_t qh_t1_disp_of(const QhT1 *t, uint32_t value)
{
    uint64_t bits = 0;

    if (t->alloc->values[value].make == QH_T1_ADDR) {
        qh_t1_const(t, t->records[value].b, &bits);
    }
    return (int64_t)bits;
}

/* Whether @value, used after t->i, is what @var holds then. */
static gboolean is_var(const QhT1 *t, uint32_t value, uint16_t var, const QhT1Track *track)
{
    uint32_t at = qh_t1_root(t, value);
    const QhT1Value *root = &t->alloc->values[at];

    if (track->set != 0 && at == track->sum) {
        return TRUE;
    }
    if (root->var != var) {
        return FALSE;
    }
    if (at > t->i) {
        return root->make == QH_T1_VAR && at > track->set;
    }
    return track->set == 0 && is_held(t, at);
}

static gboolean is_sum(const QhT1 *t, uint32_t a, uint32_t b, const QhT1Look *look)
{
    const QhT1Base *base = &look->base;
    uint8_t shift = 0;

    if (base->shift != 0 && (!is_scaled(t, b, &b, &shift) || shift != base->shift)) {
        return FALSE;
    }
    return is_var(t, a, base->var, &look->var) && is_var(t, b, base->index, &look->index);
}

gboolean qh_t1_is_off(const QhT1 *t, uint32_t value, const QhT1Look *look)
{
    const QhIrRecord *record;

    if (t->alloc->values[value].make == QH_T1_ADDR) {
        value = t->records[value].a;
    }
    value = qh_t1_root(t, value);
    if (look->base.var == QH_T1_NO_VAR) {
        return value == look->base.root;
    }
    if (look->base.index == QH_T1_NO_VAR) {
        return is_var(t, value, look->base.var, &look->var);
    }
    record = &t->records[value];
    return record->op == QH_IR_add && record->type == QH_TYPE_I64 &&
           (is_sum(t, record->a, record->b, look) || is_sum(t, record->b, record->a, look));
}

/* Whether @value is a sum of something and a small constant. */
static gboolean is_step(const QhT1 *t, uint32_t value, int64_t *ret_step)
{
    const QhIrRecord *record = &t->records[value];
    uint64_t bits = 0;

    if (record->op != QH_IR_add || record->type != QH_TYPE_I64 ||
        !qh_t1_const(t, record->b, &bits) || bits + QH_T1_STEP_MAX > 2 * QH_T1_STEP_MAX) {
        return FALSE;
    }
    *ret_step = (int64_t)bits;
    return TRUE;
}

/* @var is set: FALSE if to anything but a sum of itself and a constant. */
static gboolean
step_on(const QhT1 *t, uint32_t i, uint16_t var, QhT1Track *track, int64_t *ret_step)
{
    uint32_t sum = qh_t1_root(t, t->records[i].b);

    if (!is_step(t, sum, ret_step) || !is_var(t, t->records[sum].a, var, track)) {
        return FALSE;
    }
    track->set = i;
    track->sum = sum;
    return TRUE;
}

/* A variable is set: FALSE if nothing is known of the base from then on. */
static gboolean follow(const QhT1 *t, uint32_t i, QhT1Look *look)
{
    uint16_t var = t->alloc->values[i].var;
    int64_t step = 0;

    if (look->base.var == QH_T1_NO_VAR) {
        return TRUE;
    }
    if (var == look->base.var) {
        if (!step_on(t, i, var, &look->var, &step)) {
            return FALSE;
        }
        look->moved += step;
    } else if (var == look->base.index) {
        if (!step_on(t, i, var, &look->index, &step)) {
            return FALSE;
        }
        look->moved += step * (1 << look->base.shift);
    }
    return TRUE;
}

gboolean qh_t1_look_ends(const QhT1 *t, uint32_t i, QhT1Look *look)
{
    const QhIrRecord *record = &t->records[i];

    switch (record->op) {
    case QH_IR_label:
    case QH_IR_br:
    case QH_IR_call:
    case QH_IR_st_state:
        return TRUE;
    case QH_IR_set_slot:
    case QH_IR_set_local:
        return !follow(t, i, look);
    default:
        return (qh_ir_ops[record->op].attrs & QH_IR_A_TERMINAL) != 0;
    }
}

gboolean qh_t1_step_of(const QhT1 *t, uint32_t var, int64_t *ret_step)
{
    const QhIrRecord *record = &t->records[t->i];
    gboolean sets = record->op == QH_IR_set_slot || record->op == QH_IR_set_local;
    uint32_t sum = sets ? qh_t1_root(t, record->b) : t->i, root;
    const QhT1Value *from;

    if (!is_step(t, sum, ret_step)) {
        return FALSE;
    }
    root = qh_t1_root(t, t->records[sum].a);
    from = &t->alloc->values[root];
    return from->var == var && (is_current(t, root) || (!sets && from->place == QH_T1_IN_VAR));
}
