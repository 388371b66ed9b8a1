/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One check for several accesses off one base register: fields of a structure, registers saved in a
 * frame. The first of them asks the tables whether the bytes of all are in one page that may be
 * accessed so, and keeps that page's addend in a register; the others only test that register. It
 * is 0 when the bytes reach into another page, or the tables say no: then each access makes its
 * own check, behind the region.
 *
 * What is kept ends at labels, calls, and when the base becomes something else; when a constant is
 * added to it only the distances change. A cold stub that did more than to
 * fill a table sets it to 0, because a device may have moved memory. So it never outlives the
 * moment at which a flush takes effect.
 */
#include "core/jit/backend/x86_64/kept.h"

/* How far ahead accesses are looked for, and how far apart they may be: the more bytes, the more
 * often they are not in one page. */
#define AHEAD    200u
#define SPAN_MAX 512
/* How far back a variable may have been read. */
#define NEAR 64u
/* A base that changes by a constant, at most this one, stays the same base. */
#define STEP_MAX 1024u

typedef struct Base {
    uint32_t root;
    uint16_t var;
} Base;

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

    if (v->make != QH_T1_VAR || t->i - root > NEAR) {
        return FALSE;
    }
    for (uint32_t i = root + 1; i < t->i; i++) {
        if (may_set(t, i, v->var)) {
            return FALSE;
        }
    }
    return TRUE;
}

static Base base_of(const QhT1 *t, uint32_t value)
{
    const QhT1Alloc *alloc = t->alloc;
    Base base = {.var = QH_T1_NO_VAR};

    if (alloc->values[value].make == QH_T1_ADDR) {
        value = t->records[value].a;
    }
    base.root = qh_t1_root(t, value);
    if (alloc->values[base.root].place == QH_T1_IN_VAR || is_current(t, base.root)) {
        base.var = alloc->values[base.root].var;
    }
    return base;
}

static int64_t disp_of(const QhT1 *t, uint32_t value)
{
    uint64_t bits = 0;

    if (t->alloc->values[value].make == QH_T1_ADDR) {
        qh_t1_const(t, t->records[value].b, &bits);
    }
    return (int64_t)bits;
}

/* A look at what comes after t->i. */
typedef struct Look {
    Base base;
    int64_t moved;     /* by how much the base has changed */
    uint32_t set, sum; /* the record that did it last, and the sum that it took; 0: none */
} Look;

/* Whether @value, used after t->i, is the base. */
static gboolean is_base(const QhT1 *t, uint32_t value, const Look *look)
{
    uint32_t at = qh_t1_root(t, value);
    const QhT1Value *root = &t->alloc->values[at];

    if (look->base.var == QH_T1_NO_VAR) {
        return at == look->base.root;
    }
    if (look->set != 0 && at == look->sum) {
        return TRUE;
    }
    if (root->var != look->base.var) {
        return FALSE;
    }
    if (at > t->i) {
        return root->make == QH_T1_VAR && at > look->set;
    }
    return look->set == 0 && (root->place == QH_T1_IN_VAR || is_current(t, at));
}

/* Whether the address @value is off the base. */
static gboolean is_off(const QhT1 *t, uint32_t value, const Look *look)
{
    gboolean sum = t->alloc->values[value].make == QH_T1_ADDR;

    return is_base(t, sum ? t->records[value].a : value, look);
}

/* Whether @value is a sum of something and a small constant. */
static gboolean is_step(const QhT1 *t, uint32_t value, int64_t *ret_step)
{
    const QhIrRecord *record = &t->records[value];
    uint64_t bits = 0;

    if (record->op != QH_IR_add || record->type != QH_TYPE_I64 ||
        !qh_t1_const(t, record->b, &bits) || bits + STEP_MAX > 2 * STEP_MAX) {
        return FALSE;
    }
    *ret_step = (int64_t)bits;
    return TRUE;
}

static gboolean is_plain(uint32_t memop)
{
    return (memop & QH_MEM_ALIGN_MASK) != QH_MEM_ALIGN &&
           !(memop & (QH_MEM_ACQUIRE | QH_MEM_RELEASE)) &&
           !((memop & QH_MEM_BE) && (memop & QH_MEM_SIZE_MASK) == QH_MEM_128);
}

static uint8_t need_of(const QhIrRecord *record)
{
    gboolean writes = record->op == QH_IR_st || (record->b & QH_MEM_AS_WRITE);

    return (uint8_t)(1u << (writes ? QH_ACCESS_WRITE : QH_ACCESS_READ));
}

/* The variable of the base is set: FALSE if to anything but a sum of itself and a constant. */
static gboolean step_on(const QhT1 *t, uint32_t i, Look *look)
{
    uint32_t sum = qh_t1_root(t, t->records[i].b);
    int64_t step;

    if (!is_step(t, sum, &step) || !is_base(t, t->records[sum].a, look)) {
        return FALSE;
    }
    look->moved += step;
    look->set = i;
    look->sum = sum;
    return TRUE;
}

/* Whether nothing is kept beyond this record. */
static gboolean ends(const QhT1 *t, uint32_t i, Look *look)
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
        return look->base.var != QH_T1_NO_VAR && t->alloc->values[i].var == look->base.var &&
               !step_on(t, i, look);
    default:
        return (qh_ir_ops[record->op].attrs & QH_IR_A_TERMINAL) != 0;
    }
}

/* Take the access @record into the group, if it fits there, the base having @moved. @sure: it is
 * reached whenever the first one is. */
static gboolean
join(const QhT1 *t, QhT1Kept *kept, const QhIrRecord *record, int64_t moved, gboolean sure)
{
    int64_t disp = disp_of(t, record->a) + moved, lo = MIN(kept->lo, disp);
    int64_t hi = MAX(kept->hi, disp + (1 << (record->b & QH_MEM_SIZE_MASK)));
    uint8_t need = need_of(record);

    if (hi - lo > SPAN_MAX || QH_MEM_INDEX_OF(record->b) != kept->index || !is_plain(record->b) ||
        (!sure && (need & ~kept->needs) == 1u << QH_ACCESS_WRITE)) {
        return FALSE;
    }
    kept->lo = (int32_t)lo;
    kept->hi = (int32_t)hi;
    kept->needs |= need;
    return TRUE;
}

/* Look for accesses that could share this one's check. */
static gboolean look_ahead(const QhT1 *t, QhT1Kept *kept, Base base)
{
    const QhT1Block *block = &t->source->blocks[t->block];
    uint32_t end = MIN(t->i + AHEAD, block->first + block->n_records);
    Look look = {.base = base};
    gboolean sure = TRUE;

    for (uint32_t i = t->i + 1; i < end && !ends(t, i, &look); i++) {
        const QhIrRecord *record = &t->records[i];
        if (record->op == QH_IR_brc) {
            sure = FALSE;
        } else if ((record->op == QH_IR_ld || record->op == QH_IR_st) &&
                   is_off(t, record->a, &look) && join(t, kept, record, look.moved, sure)) {
            kept->last = i;
        }
    }
    return kept->last != t->i;
}

QhT1KeptRole qh_t1_kept_find(QhT1 *t, const QhT1Access *access, uint32_t value, QhT1Kept *ret)
{
    QhT1Alloc *alloc = t->alloc;
    const QhIrRecord *record = &t->records[t->i];
    Base base;

    if (access->base == QH_NO_REG || !is_plain(access->memop) ||
        access->disp != (int32_t)access->disp || access->disp > INT32_MAX - 2 * SPAN_MAX ||
        access->disp < INT32_MIN + 2 * SPAN_MAX) {
        return QH_T1_KEPT_NONE;
    }
    base = base_of(t, value);
    for (uint32_t i = 0; i < alloc->n_kept; i++) {
        const QhT1Kept *kept = &alloc->kept[i];
        if (kept->var == base.var && (base.var != QH_T1_NO_VAR || kept->root == base.root) &&
            kept->index == QH_MEM_INDEX_OF(access->memop) && access->disp >= kept->lo &&
            access->disp + access->bytes <= kept->hi && !(need_of(record) & ~kept->needs)) {
            *ret = *kept;
            alloc->locked |= qh_t1_bit(kept->reg);
            return QH_T1_KEPT_MEMBER;
        }
    }
    *ret = (QhT1Kept){.root = base.root,
                      .var = base.var,
                      .index = (uint8_t)QH_MEM_INDEX_OF(access->memop),
                      .needs = need_of(record),
                      .reg = QH_NO_REG,
                      .lo = (int32_t)access->disp,
                      .hi = (int32_t)(access->disp + access->bytes),
                      .last = t->i};
    return look_ahead(t, ret, base) ? QH_T1_KEPT_FIRST : QH_T1_KEPT_NONE;
}

gboolean qh_t1_kept_begin(QhT1 *t, QhT1Kept *kept)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t ready = alloc->temps & alloc->free & 0xffffu & ~alloc->locked & ~alloc->scratch;

    if (ready == 0 || alloc->n_kept == QH_T1_MAX_KEPT) {
        return FALSE;
    }
    kept->reg = (QhReg)__builtin_ctz(ready);
    alloc->free &= ~qh_t1_bit(kept->reg);
    alloc->locked |= qh_t1_bit(kept->reg);
    alloc->kept[alloc->n_kept++] = *kept;
    return TRUE;
}

static void drop(QhT1Alloc *alloc, uint32_t i)
{
    alloc->free |= qh_t1_bit(alloc->kept[i].reg);
    alloc->kept[i] = alloc->kept[--alloc->n_kept];
}

void qh_t1_kept_forget(QhT1 *t)
{
    while (t->alloc->n_kept > 0) {
        drop(t->alloc, t->alloc->n_kept - 1);
    }
}

void qh_t1_kept_expire(QhT1 *t)
{
    for (uint32_t i = t->alloc->n_kept; i-- > 0;) {
        if (t->alloc->kept[i].last <= t->i) {
            drop(t->alloc, i);
        }
    }
}

/* By how much @var is about to change, if that is a constant: the record being compiled sets it, or
 * makes the value that it is set to. */
static gboolean step_of(const QhT1 *t, uint32_t var, int64_t *ret_step)
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

void qh_t1_kept_drop_var(QhT1 *t, uint32_t var)
{
    int64_t step = 0;
    gboolean steps = t->alloc->n_kept > 0 && step_of(t, var, &step);

    for (uint32_t i = t->alloc->n_kept; i-- > 0;) {
        QhT1Kept *kept = &t->alloc->kept[i];
        if (kept->var != var) {
            continue;
        }
        if (steps) {
            kept->lo -= (int32_t)step;
            kept->hi -= (int32_t)step;
        } else {
            drop(t->alloc, i);
        }
    }
}

uint32_t qh_t1_kept_yield(QhT1 *t, uint32_t mask)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t best = QH_T1_MAX_KEPT;

    for (uint32_t i = 0; i < alloc->n_kept; i++) {
        if ((mask & qh_t1_bit(alloc->kept[i].reg)) &&
            (best == QH_T1_MAX_KEPT || alloc->kept[i].last > alloc->kept[best].last)) {
            best = i;
        }
    }
    if (best == QH_T1_MAX_KEPT) {
        return 0;
    }
    mask = qh_t1_bit(alloc->kept[best].reg);
    drop(alloc, best);
    return mask;
}

uint32_t qh_t1_kept_mask(const QhT1 *t)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < t->alloc->n_kept; i++) {
        mask |= qh_t1_bit(t->alloc->kept[i].reg);
    }
    return mask;
}
