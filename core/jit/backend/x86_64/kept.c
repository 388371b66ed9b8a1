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

#include "core/jit/backend/x86_64/carried.h"
#include "core/jit/backend/x86_64/look.h"
#include "core/jit/jit-cpu.h"

/* How far ahead accesses are looked for, and how far apart they may be: the more bytes, the more
 * often they are not in one page. */
#define AHEAD    200u
#define SPAN_MAX 512
#define FAR      (1 << 30)

/* Its register as a mask. */
static uint32_t bit_of(const QhT1Kept *kept)
{
    return kept->reg != QH_NO_REG ? qh_t1_bit(kept->reg) : 0;
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

gboolean qh_t1_kept_join(
    const QhT1 *t, QhT1Kept *kept, const QhIrRecord *record, int64_t moved, gboolean sure)
{
    int64_t disp = qh_t1_disp_of(t, record->a) + moved, lo = MIN(kept->lo, disp);
    int64_t hi = MAX(kept->hi, disp + (1 << (record->b & QH_MEM_SIZE_MASK)));
    uint8_t need = need_of(record);

    if (hi - lo > SPAN_MAX || lo < -FAR || hi > FAR || QH_MEM_INDEX_OF(record->b) != kept->mmu ||
        !is_plain(record->b) || (!sure && (need & ~kept->needs) == 1u << QH_ACCESS_WRITE)) {
        return FALSE;
    }
    kept->lo = (int32_t)lo;
    kept->hi = (int32_t)hi;
    kept->needs |= need;
    return TRUE;
}

/* Look for accesses that could share this one's check. */
static gboolean look_ahead(const QhT1 *t, QhT1Kept *kept)
{
    const QhT1Block *block = &t->source->blocks[t->block];
    uint32_t end = MIN(t->i + AHEAD, block->first + block->n_records);
    QhT1Look look = {.base = kept->base};
    gboolean sure = TRUE;

    for (uint32_t i = t->i + 1; i < end && !qh_t1_look_ends(t, i, &look); i++) {
        const QhIrRecord *record = &t->records[i];
        if (record->op == QH_IR_brc) {
            sure = FALSE;
        } else if ((record->op == QH_IR_ld || record->op == QH_IR_st) &&
                   qh_t1_is_off(t, record->a, &look) &&
                   qh_t1_kept_join(t, kept, record, look.moved, sure)) {
            kept->last = i;
        }
    }
    return kept->last != t->i;
}

QhT1KeptRole qh_t1_kept_find(QhT1 *t, const QhT1Access *access, uint32_t value, QhT1Kept *ret)
{
    QhT1Alloc *alloc = t->alloc;
    const QhIrRecord *record = &t->records[t->i];
    QhT1Base base;

    if (access->base == QH_NO_REG || !is_plain(access->memop) ||
        access->disp != (int32_t)access->disp || access->disp > INT32_MAX - 2 * SPAN_MAX ||
        access->disp < INT32_MIN + 2 * SPAN_MAX) {
        return QH_T1_KEPT_NONE;
    }
    base = qh_t1_base_of(t, value);
    for (uint32_t i = 0; i < alloc->n_kept; i++) {
        const QhT1Kept *kept = &alloc->kept[i];
        if (qh_t1_same_base(&kept->base, &base) && kept->mmu == QH_MEM_INDEX_OF(access->memop) &&
            access->disp >= kept->lo && access->disp + access->bytes <= kept->hi &&
            !(need_of(record) & ~kept->needs)) {
            *ret = *kept;
            alloc->locked |= bit_of(kept);
            return QH_T1_KEPT_MEMBER;
        }
    }
    *ret = (QhT1Kept){.base = base,
                      .mmu = (uint8_t)QH_MEM_INDEX_OF(access->memop),
                      .needs = need_of(record),
                      .reg = QH_NO_REG,
                      .serial = QH_T1_NO_SERIAL,
                      .lo = (int32_t)access->disp,
                      .hi = (int32_t)(access->disp + access->bytes),
                      .last = t->i};
    return look_ahead(t, ret) ? QH_T1_KEPT_FIRST : QH_T1_KEPT_NONE;
}

/* A cell that no group has; there are as many as groups. */
static uint8_t free_cell(const QhT1Alloc *alloc)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < alloc->n_kept; i++) {
        used |= qh_t1_bit(alloc->kept[i].cell);
    }
    return (uint8_t)__builtin_ctz(~(used | (qh_t1_bit(QH_T1_CELL) - 1)));
}

gboolean qh_t1_kept_begin(QhT1 *t, QhT1Kept *kept)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t ready = alloc->temps & alloc->free & 0xffffu & ~alloc->locked & ~alloc->scratch;

    if (alloc->n_kept == QH_T1_MAX_KEPT) {
        return FALSE;
    }
    kept->cell = free_cell(alloc);
    if (ready != 0) {
        kept->reg = (QhReg)__builtin_ctz(ready);
        alloc->free &= ~qh_t1_bit(kept->reg);
        alloc->locked |= qh_t1_bit(kept->reg);
    }
    kept->serial = alloc->n_serials++;
    alloc->kept[alloc->n_kept++] = *kept;
    return TRUE;
}

static void drop(QhT1Alloc *alloc, uint32_t i)
{
    if (alloc->kept[i].carried) {
        qh_t1_carried_lose(alloc->t);
    }
    alloc->free |= bit_of(&alloc->kept[i]) & alloc->temps;
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

void qh_t1_kept_drop_var(QhT1 *t, uint32_t var)
{
    int64_t step = 0;
    gboolean steps = t->alloc->n_kept > 0 && qh_t1_step_of(t, var, &step);

    for (uint32_t i = t->alloc->n_kept; i-- > 0;) {
        QhT1Kept *kept = &t->alloc->kept[i];
        if (kept->base.var != var && kept->base.index != var) {
            continue;
        }
        if (steps) {
            int32_t by = (int32_t)step * (kept->base.index == var ? 1 << kept->base.shift : 1);
            kept->lo -= by;
            kept->hi -= by;
        } else {
            drop(t->alloc, i);
        }
    }
}

uint32_t qh_t1_kept_yield(QhT1 *t, uint32_t mask)
{
    QhT1Alloc *alloc = t->alloc;
    uint32_t best = QH_T1_MAX_KEPT;
    QhT1Kept *kept;

    for (uint32_t i = 0; i < alloc->n_kept; i++) {
        if ((mask & bit_of(&alloc->kept[i])) &&
            (best == QH_T1_MAX_KEPT || alloc->kept[i].last > alloc->kept[best].last)) {
            best = i;
        }
    }
    if (best == QH_T1_MAX_KEPT) {
        return 0;
    }
    kept = &alloc->kept[best];
    mask = bit_of(kept);
    qh_x(&t->a, QH_X_MOV_ST | QH_X_W, kept->reg,
         qh_rm_mem(QH_RBP, QH_JIT_CPU_AT(hot.addends) + 8 * (int32_t)kept->cell));
    alloc->free |= mask;
    kept->reg = QH_NO_REG;
    return mask;
}

uint32_t qh_t1_kept_mask(const QhT1 *t)
{
    uint32_t turns = t->alloc->state.turns, mask;

    mask = turns != 0 && turns != QH_NO_REG ? qh_t1_bit(turns) : 0;
    for (uint32_t i = 0; i < t->alloc->n_kept; i++) {
        mask |= bit_of(&t->alloc->kept[i]);
    }
    return mask;
}
