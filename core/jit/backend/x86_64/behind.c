/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands behind the code of a region: paths that are seldom taken, cold stubs, links, entries.
 */
#include "core/jit/backend/x86_64/behind.h"

#include "core/jit/backend/x86_64/kept.h"

#include <string.h>

QhT1Later *qh_t1_new_later(QhT1 *t, void (*emit)(QhT1 *, uint64_t), uint64_t word)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Later *later;

    if (alloc->n_later == QH_T1_MAX_LATER) {
        t->failed = TRUE;
        return &alloc->later[0];
    }
    later = &alloc->later[alloc->n_later++];
    *later = (QhT1Later){.emit = emit,
                         .word = word,
                         .state = alloc->state,
                         .insn = t->insn,
                         .block = t->block,
                         .ordinal = alloc->ordinal};
    later->label = &later->own;
    return later;
}

void qh_t1_later(QhT1 *t, QhXLabel *label, void (*emit)(QhT1 *t, uint64_t word), uint64_t word)
{
    QhT1Later *later = qh_t1_new_later(t, emit, word);

    later->own = *label;
}

QhXLabel *qh_t1_later_here(QhT1 *t, void (*emit)(QhT1 *t, uint64_t word), uint64_t word)
{
    return qh_t1_new_later(t, emit, word)->label;
}

void qh_t1_emit_later(QhT1 *t)
{
    QhT1Alloc *alloc = t->alloc;

    for (; alloc->done_later < alloc->n_later && !t->failed && !t->a.full; alloc->done_later++) {
        QhT1Later *later = &alloc->later[alloc->done_later];
        alloc->state = later->state;
        alloc->ordinal = later->ordinal;
        t->insn = later->insn;
        t->block = later->block;
        qh_x_bind(&t->a, later->label);
        later->emit(t, later->word);
    }
}

/* --- Cold stubs --- */

QhT1Cold *qh_t1_cold(QhT1 *t, QhT1ColdFn fn)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1ColdSite *site;

    if (alloc->n_colds == QH_T1_MAX_COLDS) {
        t->failed = TRUE;
        return &alloc->colds[0].cold;
    }
    site = &alloc->colds[alloc->n_colds++];
    memset(site, 0, sizeof(*site));
    site->cold = (QhT1Cold){.dirty = alloc->state.dirty,
                            .insn = (uint16_t)t->insn,
                            .flags = alloc->state.flags,
                            .count = (uint16_t)alloc->ordinal,
                            .nans = (uint16_t)qh_t1_nan_registers(t),
                            .fn = fn,
                            .d = QH_NO_REG,
                            .a = QH_NO_REG,
                            .b = QH_NO_REG,
                            .c = QH_NO_REG};
    return &site->cold;
}

void qh_t1_cold_jcc(QhT1 *t, QhT1Cold *cold, uint32_t cc)
{
    qh_x_jcc(&t->a, cc, &((QhT1ColdSite *)cold)->label);
}

void qh_t1_cold_jmp(QhT1 *t, QhT1Cold *cold)
{
    qh_x_jmp(&t->a, &((QhT1ColdSite *)cold)->label);
}

void qh_t1_cold_resume(QhT1 *t, QhT1Cold *cold)
{
    cold->resume = qh_x_offset(&t->a);
    cold->kept =
        (uint16_t)qh_t1_kept_mask(t); /* by now; one more may have been given up for the result */
}

void qh_t1_cold_again(QhT1 *t, QhT1Cold *cold)
{
    cold->again = qh_x_offset(&t->a);
}

void qh_t1_emit_colds(QhT1 *t)
{
    for (uint32_t i = 0; i < t->alloc->n_colds; i++) {
        QhT1ColdSite *site = &t->alloc->colds[i];
        qh_x_bind(&t->a, &site->label);
        qh_x_call_to(&t->a, t->alloc->stubs->cold);
        site->at = qh_x_offset(&t->a);
        qh_x_u32(&t->a, 0);
    }
    qh_x_align(&t->a, 8);
}

/* The records that the stubs point at, and their distances. */
void qh_t1_emit_cold_records(QhT1 *t, const QhT1Region *region)
{
    for (uint32_t i = 0; i < t->alloc->n_colds; i++) {
        QhT1ColdSite *site = &t->alloc->colds[i];
        uint32_t distance = qh_x_offset(&t->a) - site->at;
        memcpy(t->a.base + site->at, &distance, sizeof(distance));
        site->cold.region = region;
        qh_x_bytes(&t->a, &site->cold, sizeof(site->cold));
    }
}

/* --- Links and entries --- */

QhT1Link *qh_t1_new_link(QhT1 *t, uint64_t pc)
{
    QhT1Alloc *alloc = t->alloc;
    QhT1Link *link;

    if (alloc->n_links == QH_T1_MAX_LINKS) {
        t->failed = TRUE;
        return NULL;
    }
    link = &alloc->links[alloc->n_links++];
    *link = (QhT1Link){.pc = pc};
    return link;
}

void qh_t1_fix_link(QhT1 *t, const QhT1Link *link, uint32_t offset)
{
    QhT1Alloc *alloc = t->alloc;

    if (alloc->n_link_fixes == QH_T1_MAX_LINKS) {
        t->failed = TRUE;
        return;
    }
    alloc->link_fixes[alloc->n_link_fixes++] =
        (QhT1LinkFix){(uint32_t)(link - alloc->links), offset};
}

QhT1Entry *qh_t1_new_entry(QhT1 *t, uint64_t pc)
{
    QhT1Alloc *alloc = t->alloc;

    if (alloc->n_entries == QH_T1_MAX_ENTRIES) {
        t->failed = TRUE;
        return NULL;
    }
    alloc->entries[alloc->n_entries] = (QhT1Entry){.pc = pc};
    return &alloc->entries[alloc->n_entries++];
}
