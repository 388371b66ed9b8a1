/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a jump id stands for: a state key and the pages that code was found on under it. A context
 * that is new, or that was flushed, takes over the set of another one if all of the set's pages
 * lead to the same place in it, so that a kernel whose pages belong to each address space is looked
 * up once and not once for each process. Pages that are the same in all contexts are in no set.
 *
 * Pages are only added, so a context has to look at those that others have added since it was here.
 * A page that is forgotten leaves a hole in all sets.
 */
#include "core/jit/jit-cpu.h"

#include "abi/base.h"
#include "abi/target.h"

#include <string.h>

#define HOLE UINT64_MAX
/* Sets of other contexts that a new one is compared with. */
#define MAX_TRIES 4u

static uint16_t *slot_of(QhJumpSet *set, uint64_t page)
{
    uint32_t at = (uint32_t)(page * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) >> 52);

    _Static_assert(QH_JUMP_SLOTS == 1u << 12, "the shift depends on it");
    while (set->slots[at] != 0 && set->pages[set->slots[at] - 1].address != page) {
        at = (at + 1) & (QH_JUMP_SLOTS - 1);
    }
    return &set->slots[at];
}

/* Large pages that were found last; one look-up answers for all that lies on one. */
typedef struct LargePages {
    struct {
        uint64_t address, phys, bits;
    } page[8];
} LargePages;

static gboolean leads_to(QhJitCpu *jit, uint32_t index, const QhJumpPage *page, LargePages *large)
{
    QhTranslation found = {.size = sizeof(found)};
    uint32_t at = page->address >> 21 & (G_N_ELEMENTS(large->page) - 1);
    uint64_t mask, phys;

    if (large->page[at].bits != 0 &&
        page->address >> large->page[at].bits == large->page[at].address) {
        mask = (G_GUINT64_CONSTANT(1) << large->page[at].bits) - 1;
        return (large->page[at].phys | (page->address & mask)) == page->phys;
    }
    if (qh_softmmu_known_code(jit, page->address, index, &phys)) {
        return phys == page->phys;
    }
    if (!QH_HAS(jit->cpu_ops, peek) || jit->cpu_ops->peek == NULL ||
        !jit->cpu_ops->peek(qh_jit_state(jit), page->address, QH_ACCESS_FETCH, index, &found) ||
        found.page_bits < jit->mmu.granule_bits) {
        return FALSE;
    }
    if (found.page_bits > jit->mmu.granule_bits && found.page_bits < 64) {
        mask = (G_GUINT64_CONSTANT(1) << found.page_bits) - 1;
        large->page[at].bits = found.page_bits;
        large->page[at].address = page->address >> found.page_bits;
        large->page[at].phys = found.phys & ~mask;
    }
    return found.phys == page->phys;
}

/* Whether all pages of @set from @first on lead to the same place in the current context. */
static gboolean holds(QhJitCpu *jit, const QhJumpSet *set, uint32_t first)
{
    LargePages large = {0};
    uint32_t index = set->state_key & 15, i = first;

    while (i < set->n_pages &&
           (set->pages[i].address == HOLE || leads_to(jit, index, &set->pages[i], &large))) {
        i++;
    }
    return i == set->n_pages;
}

static gboolean is_of(const QhJitCpu *jit, const QhJumpSet *set, uint64_t key)
{
    return set->id != 0 && set->state_key == key && set->generation == jit->jump_generation;
}

/* A set that no context uses now: one that was forgotten, or the one not used for the longest. */
static QhJumpSet *new_set(QhJitCpu *jit, uint64_t key)
{
    QhJumpSet *set = &jit->jump_sets[0];

    for (uint32_t i = 0; i < QH_JUMP_SETS; i++) {
        QhJumpSet *other = &jit->jump_sets[i];
        if (other->id == 0 || other->generation != jit->jump_generation) {
            set = other;
            break;
        }
        if (other->used < set->used) {
            set = other;
        }
    }
    qh_jit_forget_keys(jit); /* one of them may have had it */
    if (set->n_pages != 0) {
        memset(set->slots, 0, sizeof(set->slots));
    }
    set->n_pages = 0;
    set->id = ++jit->last_jump_id;
    set->state_key = key;
    set->generation = jit->jump_generation;
    return set;
}

/* One of other contexts that is right in this one, too; or a new one. */
static QhJumpSet *find_set(QhJitCpu *jit, uint64_t key)
{
    uint32_t tries = 0;

    for (uint32_t i = 0; i < QH_JUMP_SETS && tries < MAX_TRIES; i++) {
        QhJumpSet *set = &jit->jump_sets[i];
        if (is_of(jit, set, key)) {
            tries++;
            if (holds(jit, set, 0)) {
                return set;
            }
        }
    }
    return new_set(jit, key);
}

/* That of the context in which code of state key @key is fetched. */
static uint32_t stamp_of(const QhJitCpu *jit, uint64_t key)
{
    return jit->mmu.context_stamp[key & 15];
}

static QhJumpId *known_id(QhJitCpu *jit, uint64_t key)
{
    uint32_t stamp = stamp_of(jit, key);
    uint64_t mix = (key ^ (uint64_t)stamp << 32) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

    _Static_assert(QH_JUMP_IDS == 1u << 8, "the shift depends on it");
    return &jit->jump_ids[mix >> 56];
}

static void use_set(QhJitCpu *jit, QhJumpId *known, uint64_t key, QhJumpSet *set)
{
    *known = (QhJumpId){.state_key = key,
                        .id = set->id,
                        .set = set,
                        .context_stamp = stamp_of(jit, key),
                        .n_seen = set->n_pages};
    set->used = ++jit->jump_clock;
    jit->jump_set = set;
    jit->hot.jump_id = set->id;
    jit->jump_key = key;
    jit->jump_keys[(uint32_t)key * QH_JUMP_KEY_FACTOR >> QH_JUMP_KEY_SHIFT] =
        (QhJumpKey){.state_key = key, .id = set->id, .set = set};
}

void qh_jit_new_jump_id(QhJitCpu *jit)
{
    uint64_t key = qh_jit_state(jit)->state_key;
    QhJumpId *known = known_id(jit, key);
    QhJumpSet *set = known->set;

    if (set == NULL || known->state_key != key || known->context_stamp != stamp_of(jit, key) ||
        set->id != known->id || set->generation != jit->jump_generation ||
        (known->n_seen != set->n_pages && !holds(jit, set, known->n_seen))) {
        set = find_set(jit, key);
    }
    use_set(jit, known, key, set);
}

/* @page of the current context, which has seen all of its set, leads to @phys. */
static void add_page(QhJitCpu *jit, uint64_t page, uint64_t phys)
{
    QhJumpSet *set = jit->jump_set;
    uint16_t *slot = slot_of(set, page);
    uint64_t key = jit->jump_key;

    if (*slot != 0 && set->pages[*slot - 1].phys == phys) {
        return;
    }
    if (*slot != 0) { /* no longer what the other contexts of this set have there */
        use_set(jit, known_id(jit, key), key, new_set(jit, key));
        qh_jit_forget_calls(jit);
    } else if (set->n_pages == QH_JUMP_SET_PAGES) {
        qh_jit_forget_jumps(jit);
        use_set(jit, known_id(jit, key), key, new_set(jit, key));
    }
    set = jit->jump_set;
    set->pages[set->n_pages++] = (QhJumpPage){page, phys};
    *slot_of(set, page) = (uint16_t)set->n_pages;
    known_id(jit, key)->n_seen = set->n_pages;
}

void qh_jit_note_code(QhJitCpu *jit, uint64_t address, const QhTlbPage *page, gboolean crosses)
{
    uint64_t granule = address & ~jit->mmu.granule_mask, next = granule + jit->mmu.granule_mask + 1;
    QhTlbPage second;

    qh_jit_check_jump_id(jit);
    if (!(page->cached & QH_TLB_SHARED)) {
        add_page(jit, granule, page->phys);
    }
    if (crosses && qh_softmmu_fetched(jit, next, jit->jump_key & 15, &second) &&
        !(second.cached & QH_TLB_SHARED)) {
        add_page(jit, next, second.phys);
    }
}

void qh_jit_forget_code(QhJitCpu *jit, uint64_t granule)
{
    for (uint32_t i = 0; i < QH_JUMP_SETS; i++) {
        QhJumpSet *set = &jit->jump_sets[i];
        if (set->n_pages != 0) {
            uint16_t slot = *slot_of(set, granule);
            if (slot != 0) {
                set->pages[slot - 1].address = HOLE;
            }
        }
    }
}
