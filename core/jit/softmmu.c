/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables behind guest addresses: filling, forgetting, contexts. A whole index or context is
 * forgotten in the second level by giving it a new stamp, which no entry carries; the first level
 * is small enough to be wiped.
 */
#include "core/jit/softmmu.h"

#include "core/jit/jit-cpu.h"
#include "core/jit/lockstep.h"
#include "core/os/memory.h"

#include <string.h>

#define SECOND_ENTRIES (QH_TLB_SETS * QH_TLB_WAYS)
#define SECOND_BYTES   (SECOND_ENTRIES * (sizeof(QhTlbTag) + sizeof(QhTlbPage)))

static void wipe_entry(QhTlbEntry *entry)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(entry->tag); i++) {
        __atomic_store_n(&entry->tag[i], UINT64_MAX, __ATOMIC_RELAXED);
    }
}

gboolean qh_softmmu_init(
    QhJitCpu *jit, QhTlbEntry *entries, uint32_t n_indices, uint32_t page_bits, GError **error)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint32_t n = n_indices * QH_TLB_ENTRIES;

    if (n_indices < 1 || n_indices > QH_TLB_INDICES || page_bits < 8 || page_bits > 16) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "target has %u mmu indices and pages of 2^%u bytes; 1 to 16 and 8 to 16 are "
                    "possible",
                    n_indices, page_bits);
        return FALSE;
    }
    mmu->entries = entries;
    mmu->pages = g_try_new0(QhTlbPage, n);
    mmu->large = g_try_new0(QhTlbLarge, QH_TLB_LARGE);
    mmu->second = qh_os_pages_new(SECOND_BYTES, error); /* zeroed, and aligned to cache lines */
    if (mmu->second == NULL) {
        return FALSE;
    }
    if (mmu->pages == NULL || mmu->large == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "no memory for the tables of a CPU");
        return FALSE;
    }
    mmu->second_pages = (QhTlbPage *)&mmu->second[SECOND_ENTRIES];
    mmu->n_indices = n_indices;
    mmu->granule_bits = MIN(page_bits, QH_PAGE_BITS_MIN);
    mmu->granule_mask = (1u << mmu->granule_bits) - 1;
    mmu->next_stamp = 1;
    mmu->contexts[0].stamp = mmu->next_stamp++;
    /* A zero is a tag of granule 0 alone, which is looked for in the first entry, and in the last
     * one by an access that ends there: so all others need not be touched. */
    for (uint32_t i = 0; i < n_indices; i++) {
        mmu->context_stamp[i] = mmu->contexts[0].stamp;
        mmu->index_stamp[i] = mmu->next_stamp++;
        wipe_entry(&entries[i * QH_TLB_ENTRIES]);
        wipe_entry(&entries[(i + 1) * QH_TLB_ENTRIES - 1]);
    }
    mmu->space_version = qh_space_version(jit->space);
    mmu->table_version = mmu->space_version - 1;
    return TRUE;
}

void qh_softmmu_clear(QhJitCpu *jit)
{
    g_free(jit->mmu.pages);
    g_free(jit->mmu.large);
    qh_os_pages_free(jit->mmu.second, SECOND_BYTES);
}

static QhJitCpu *owner(const QhSoftmmu *mmu)
{
    return (QhJitCpu *)((char *)mmu - offsetof(QhJitCpu, mmu));
}

/* Bit per index whose context has @stamp. */
static uint32_t indices_of(const QhSoftmmu *mmu, uint32_t stamp)
{
    uint32_t mask = 0;

    for (uint32_t i = 0; i < mmu->n_indices; i++) {
        mask |= mmu->context_stamp[i] == stamp ? 1u << i : 0;
    }
    return mask;
}

static void put_stamp(QhSoftmmu *mmu, uint32_t mmu_mask, uint32_t stamp)
{
    for (; mmu_mask != 0; mmu_mask &= mmu_mask - 1) {
        mmu->context_stamp[__builtin_ctz(mmu_mask)] = stamp;
    }
}

static void renumber(QhSoftmmu *mmu)
{
    uint32_t mask[QH_TLB_CONTEXTS];

    memset(mmu->second, 0, SECOND_ENTRIES * sizeof(*mmu->second));
    memset(owner(mmu)->jump_ids, 0, sizeof(owner(mmu)->jump_ids));
    mmu->next_stamp = 1;
    for (uint32_t i = 0; i < QH_TLB_CONTEXTS; i++) {
        mask[i] = mmu->contexts[i].stamp == 0 ? 0 : indices_of(mmu, mmu->contexts[i].stamp);
    }
    for (uint32_t i = 0; i < QH_TLB_CONTEXTS; i++) {
        if (mmu->contexts[i].stamp != 0) {
            mmu->contexts[i].stamp = mmu->next_stamp++;
            put_stamp(mmu, mask[i], mmu->contexts[i].stamp);
        }
    }
    for (uint32_t i = 0; i < mmu->n_indices; i++) {
        mmu->index_stamp[i] = mmu->next_stamp++;
    }
}

/* A stamp that no entry has. When they run out the second level is emptied and all start anew.
 * QH_TLB_ANY_CONTEXT is none of them. */
static uint32_t new_stamp(QhSoftmmu *mmu)
{
    if (mmu->next_stamp == UINT32_MAX) {
        renumber(mmu);
    }
    return mmu->next_stamp++;
}

/* Only entries that hold something are touched, so the price of a flush is that of what was used
 * since the last one. @all: what is the same in all contexts, too. */
static void wipe_first(QhSoftmmu *mmu, uint32_t mmu_mask, gboolean all)
{
    for (uint32_t mask = mmu_mask & mmu->used; mask != 0; mask &= mask - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(mask);
        QhTlbEntry *entries = &mmu->entries[index * QH_TLB_ENTRIES];
        uint64_t left = 0;

        for (uint32_t w = 0; w < QH_TLB_WORDS; w++) {
            uint64_t keep = all ? 0 : mmu->shared[index][w];
            for (uint64_t go = mmu->filled[index][w] & ~keep; go != 0; go &= go - 1) {
                wipe_entry(&entries[w * 64 + (uint32_t)__builtin_ctzll(go)]);
            }
            __atomic_store_n(&mmu->filled[index][w], mmu->filled[index][w] & keep,
                             __ATOMIC_RELAXED);
            left |= mmu->filled[index][w];
        }
        mmu->used &= ~(left == 0 ? 1u << index : 0u);
    }
}

static uint64_t large_name(uint64_t address, uint32_t bits)
{
    return (address >> bits << bits) | bits;
}

/* Where the page of 2^@bits bytes at @address is noted. */
static QhTlbLarge *large_slot(const QhSoftmmu *mmu, uint64_t address, uint32_t bits)
{
    uint64_t page = address >> bits;

    return &mmu->large[(page ^ page >> 11 ^ (uint64_t)bits << 6) & (QH_TLB_LARGE - 1)];
}

void qh_softmmu_flush(QhJitCpu *jit, uint32_t mmu_mask)
{
    QhSoftmmu *mmu = &jit->mmu;

    wipe_first(mmu, mmu_mask, TRUE);
    for (uint32_t i = 0; i < mmu->n_indices; i++) {
        if (mmu_mask >> i & 1) {
            mmu->index_stamp[i] = new_stamp(mmu);
        }
    }
    if (mmu->large_bits != 0 && (mmu->large_indices & ~mmu_mask) == 0) {
        memset(mmu->large, 0, QH_TLB_LARGE * sizeof(*mmu->large));
        mmu->large_bits = mmu->large_indices = 0;
    }
    qh_jit_forget_jumps(jit);
}

static uint32_t first_slot(const QhSoftmmu *mmu, uint64_t address, uint32_t index)
{
    return index * QH_TLB_ENTRIES + (uint32_t)(address >> mmu->granule_bits & (QH_TLB_ENTRIES - 1));
}

/* The set does not depend on the context, so that a page is found in all of them. */
static uint32_t second_set(const QhSoftmmu *mmu, uint64_t address)
{
    uint64_t page = address >> mmu->granule_bits;

    return (uint32_t)((page ^ page >> 12 ^ page >> 24) & (QH_TLB_SETS - 1)) * QH_TLB_WAYS;
}

static void forget_tags(const QhSoftmmu *mmu,
                        QhTlbTag *tags,
                        uint32_t n,
                        uint64_t first,
                        uint64_t last,
                        uint32_t mmu_mask)
{
    for (QhTlbTag *tag = tags; tag < tags + n; tag++) {
        uint64_t address = tag->name & ~mmu->granule_mask;
        if (address >= first && address <= last && (mmu_mask >> (tag->name & 15) & 1)) {
            tag->index_stamp = 0;
        }
    }
}

/* Forget the granules in [@first, @last] under the indices @mmu_mask: where they are when they are
 * few, else all that there is is looked at. */
static void forget_range(QhSoftmmu *mmu, uint64_t first, uint64_t last, uint32_t mmu_mask)
{
    uint64_t granules = (last - first) >> mmu->granule_bits;

    if (granules < QH_TLB_SETS / 4) {
        for (uint64_t i = 0; i <= granules; i++) {
            QhTlbTag *set = &mmu->second[second_set(mmu, first + (i << mmu->granule_bits))];
            forget_tags(mmu, set, QH_TLB_WAYS, first, last, mmu_mask);
        }
    } else {
        forget_tags(mmu, mmu->second, SECOND_ENTRIES, first, last, mmu_mask);
    }
    wipe_first(mmu, mmu_mask, TRUE);
}

static void flush_large(QhJitCpu *jit, uint64_t address, uint32_t mmu_mask)
{
    QhSoftmmu *mmu = &jit->mmu;
    gboolean found = FALSE;

    for (uint64_t sizes = mmu->large_bits; sizes != 0; sizes &= sizes - 1) {
        uint32_t bits = (uint32_t)__builtin_ctzll(sizes);
        const QhTlbLarge *large = large_slot(mmu, address, bits);
        gboolean here = large->name == large_name(address, bits) || large->name == QH_TLB_ANY_LARGE;
        uint32_t indices = here ? large->indices & mmu_mask : 0;
        uint64_t mask = (G_GUINT64_CONSTANT(1) << bits) - 1;
        if (indices != 0) {
            forget_range(mmu, address & ~mask, address | mask, indices);
            found = TRUE;
        }
    }
    if (found) {
        qh_jit_forget_jumps(jit);
    }
}

void qh_softmmu_flush_page(QhJitCpu *jit, uint64_t address, uint32_t mmu_mask)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint64_t granule = address & ~mmu->granule_mask;
    QhTlbTag *set = &mmu->second[second_set(mmu, granule)];

    if (jit->lockstep != NULL) {
        qh_lockstep_skip(jit);
    }
    if (mmu->large_bits != 0) {
        flush_large(jit, address, mmu_mask);
    }
    for (uint32_t mask = mmu_mask & mmu->used; mask != 0; mask &= mask - 1) {
        wipe_entry(&mmu->entries[first_slot(mmu, granule, (uint32_t)__builtin_ctz(mask))]);
    }
    for (uint32_t i = 0; i < QH_TLB_WAYS; i++) {
        uint64_t index = set[i].name - granule;
        if (index <= 15 && (mmu_mask >> index & 1)) {
            set[i].index_stamp = 0;
        }
    }
    qh_jit_forget_jumps_of_page(jit, granule);
}

/* The indices of @mmu_mask, at least one, are in another context from now on. */
static void use_context(QhJitCpu *jit, uint32_t mmu_mask, uint32_t stamp)
{
    put_stamp(&jit->mmu, mmu_mask, stamp);
    jit->mmu.n_switches++;
    wipe_first(&jit->mmu, mmu_mask, FALSE);
    qh_jit_forget_ids(jit, mmu_mask);
}

/* Where @context is, or is put: in place of the one that was set the longest time ago and that no
 * index has now. */
static uint32_t context_slot(QhSoftmmu *mmu, uint64_t context)
{
    uint32_t oldest = QH_TLB_CONTEXTS;

    _Static_assert(QH_TLB_CONTEXTS > QH_TLB_INDICES, "one is free");
    for (uint32_t i = 0; i < QH_TLB_CONTEXTS; i++) {
        if (mmu->contexts[i].stamp != 0 && mmu->contexts[i].context == context) {
            return i;
        }
    }
    for (uint32_t i = 0; i < QH_TLB_CONTEXTS; i++) {
        if ((oldest == QH_TLB_CONTEXTS || mmu->contexts[i].used < mmu->contexts[oldest].used) &&
            (mmu->contexts[i].stamp == 0 || indices_of(mmu, mmu->contexts[i].stamp) == 0)) {
            oldest = i;
        }
    }
    mmu->contexts[oldest].context = context;
    mmu->contexts[oldest].stamp = 0; /* renumbering does not count it */
    mmu->contexts[oldest].stamp = new_stamp(mmu);
    return oldest;
}

void qh_softmmu_set_context(QhJitCpu *jit, uint32_t mmu_mask, uint64_t context)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint32_t i = context_slot(mmu, context), stamp = mmu->contexts[i].stamp;

    mmu->contexts[i].used = ++mmu->context_clock;
    mmu_mask &= (1u << mmu->n_indices) - 1;
    mmu_mask &= ~indices_of(mmu, stamp);
    if (mmu_mask != 0) {
        use_context(jit, mmu_mask, stamp);
    }
}

void qh_softmmu_flush_context(QhJitCpu *jit, uint64_t context)
{
    QhSoftmmu *mmu = &jit->mmu;

    for (uint32_t i = 0; i < QH_TLB_CONTEXTS; i++) {
        if (mmu->contexts[i].stamp == 0 || mmu->contexts[i].context != context) {
            continue;
        }
        uint32_t stamp = new_stamp(mmu), mask = indices_of(mmu, mmu->contexts[i].stamp);
        mmu->contexts[i].stamp = stamp;
        if (mask != 0) {
            use_context(jit, mask, stamp);
        }
    }
}

void qh_softmmu_check_space(QhJitCpu *jit)
{
    uint32_t version = qh_space_version(jit->space);

    if (version != jit->mmu.space_version) {
        jit->mmu.space_version = version;
        qh_softmmu_flush(jit, UINT32_MAX);
    }
}

/* An entry that is being changed meanwhile is the business of its thread, which looks at the page's
 * flags afterwards; then the exchange fails, or sets a flag that does no harm. */
static void mark_entry(const QhSoftmmu *mmu, QhTlbEntry *entry, uint64_t page)
{
    uint64_t tag = __atomic_load_n(&entry->tag[QH_ACCESS_WRITE], __ATOMIC_SEQ_CST);
    uint64_t addend = __atomic_load_n(&entry->addend, __ATOMIC_RELAXED);

    if ((tag & mmu->granule_mask) == 0 &&
        ((tag + addend) >> QH_PAGE_BITS_MIN) == page >> QH_PAGE_BITS_MIN) {
        __atomic_compare_exchange_n(&entry->tag[QH_ACCESS_WRITE], &tag, tag | QH_TLB_SLOW, FALSE,
                                    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    }
}

/* Who fills an entry says so in filled, sets the tag, and looks at the page's flags, in this order:
 * an entry that is not seen here sees the flag. */
void qh_softmmu_mark_code(QhJitCpu *jit, const uint8_t *host_page)
{
    QhSoftmmu *mmu = &jit->mmu;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the page's flag is set */
    for (uint32_t i = 0; i < mmu->n_indices * QH_TLB_WORDS; i++) {
        uint64_t *filled = &mmu->filled[i / QH_TLB_WORDS][i % QH_TLB_WORDS];
        for (uint64_t go = __atomic_load_n(filled, __ATOMIC_SEQ_CST); go != 0; go &= go - 1) {
            mark_entry(mmu, &mmu->entries[i * 64 + (uint32_t)__builtin_ctzll(go)],
                       (uintptr_t)host_page);
        }
    }
}

const QhWatchpoint *
qh_softmmu_watchpoint(const QhSoftmmu *mmu, uint64_t address, uint64_t bytes, uint32_t watch)
{
    for (uint32_t i = 0; i < mmu->n_watchpoints; i++) {
        const QhWatchpoint *point = &mmu->watchpoints[i];
        if ((point->watch & watch) && address <= point->last &&
            address + (bytes - 1) >= point->first) {
            return point;
        }
    }
    return NULL;
}

static uint32_t slow_if_watched(const QhSoftmmu *mmu, uint64_t granule, uint32_t watch)
{
    return qh_softmmu_watchpoint(mmu, granule, mmu->granule_mask + 1, watch) != NULL ? QH_TLB_SLOW
                                                                                     : 0;
}

/* The write tag of an entry that leads to RAM which may be written: the flags decide, and are
 * looked at once more when the tag stands. */
static void
set_write_tag(const QhSoftmmu *mmu, QhTlbEntry *entry, uint64_t granule, const QhTlbPage *page)
{
    const uint8_t *flags = &page->ram->page_flags[page->offset >> QH_PAGE_BITS_MIN];
    uint64_t *tag = &entry->tag[QH_ACCESS_WRITE];
    QhJitCpu *jit = owner(mmu);

    if ((jit->lockstep != NULL && !qh_lockstep_direct(jit, page, entry)) ||
        (__atomic_load_n(flags, __ATOMIC_SEQ_CST) &
         (QH_PAGE_CODE | QH_PAGE_DIRTY | QH_PAGE_KEEP)) != QH_PAGE_DIRTY ||
        slow_if_watched(mmu, granule, QH_WATCH_WRITE)) {
        __atomic_store_n(tag, granule | QH_TLB_SLOW, __ATOMIC_RELEASE);
        return;
    }
    __atomic_store_n(tag, granule, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(flags, __ATOMIC_SEQ_CST) & QH_PAGE_CODE) {
        __atomic_store_n(tag, granule | QH_TLB_SLOW, __ATOMIC_RELEASE);
    }
}

/* Put @page into the first level. */
static void fill_first(QhSoftmmu *mmu, uint64_t granule, uint32_t index, const QhTlbPage *page)
{
    uint32_t slot = first_slot(mmu, granule, index), at = slot % QH_TLB_ENTRIES;
    QhTlbEntry *entry = &mmu->entries[slot];
    uint64_t bit = G_GUINT64_CONSTANT(1) << at % 64;
    uint64_t tag =
        granule | (page->ram == NULL ? QH_TLB_IO : slow_if_watched(mmu, granule, QH_WATCH_READ));
    gboolean direct = page->ram != NULL && !page->readonly;

    mmu->pages[slot] = *page;
    mmu->used |= 1u << index;
    __atomic_store_n(&mmu->filled[index][at / 64], mmu->filled[index][at / 64] | bit,
                     __ATOMIC_RELAXED);
    mmu->shared[index][at / 64] &= ~bit;
    mmu->shared[index][at / 64] |= page->cached & QH_TLB_SHARED ? bit : 0;
    /* no tag stands for another page's addend at any time */
    __atomic_store_n(&entry->tag[QH_ACCESS_WRITE], UINT64_MAX, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->addend,
                     page->ram != NULL ? (uintptr_t)page->ram->host + page->offset - granule : 0,
                     __ATOMIC_RELEASE);
    entry->tag[QH_ACCESS_READ] = page->prot & QH_PROT_READ ? tag : UINT64_MAX;
    entry->tag[QH_ACCESS_FETCH] =
        page->prot & QH_PROT_EXEC ? tag & ~(uint64_t)QH_TLB_SLOW : UINT64_MAX;
    if ((page->prot & QH_PROT_WRITE) && direct) {
        set_write_tag(mmu, entry, granule, page);
    } else if (page->prot & QH_PROT_WRITE) {
        entry->tag[QH_ACCESS_WRITE] = granule | QH_TLB_IO;
    }
}

void qh_softmmu_refresh(QhJitCpu *jit, uint64_t address, uint32_t index, const QhTlbPage *page)
{
    uint64_t granule = address & ~jit->mmu.granule_mask;
    QhTlbEntry *entry = &jit->mmu.entries[first_slot(&jit->mmu, granule, index)];

    if (entry->tag[QH_ACCESS_WRITE] == (granule | QH_TLB_SLOW)) {
        set_write_tag(&jit->mmu, entry, granule, page);
    }
}

static void fill_second(
    QhSoftmmu *mmu, uint64_t granule, uint32_t index, uint32_t context_stamp, const QhTlbPage *page)
{
    uint32_t set = second_set(mmu, granule), way = QH_TLB_WAYS;
    uint64_t name = granule | index;

    for (uint32_t i = 0; i < QH_TLB_WAYS; i++) {
        const QhTlbTag *tag = &mmu->second[set + i];
        if (tag->index_stamp != mmu->index_stamp[tag->name & 15] ||
            (tag->name == name && tag->context_stamp == context_stamp)) {
            way = i;
        }
    }
    if (way == QH_TLB_WAYS) {
        way = mmu->next_way++ % QH_TLB_WAYS;
    }
    mmu->second[set + way] = (QhTlbTag){name, context_stamp, mmu->index_stamp[index]};
    mmu->second_pages[set + way] = *page;
}

/* Position in the second level, or SECOND_ENTRIES. */
static uint32_t find_second(const QhSoftmmu *mmu, uint64_t granule, uint32_t index, uint32_t access)
{
    uint32_t set = second_set(mmu, granule);

    for (uint32_t i = set; i < set + QH_TLB_WAYS; i++) {
        const QhTlbTag *tag = &mmu->second[i];
        if (tag->name == (granule | index) && tag->index_stamp == mmu->index_stamp[index] &&
            (tag->context_stamp == mmu->context_stamp[index] ||
             tag->context_stamp == QH_TLB_ANY_CONTEXT) &&
            (mmu->second_pages[i].prot >> access & 1)) {
            return i;
        }
    }
    return SECOND_ENTRIES;
}

/* Remember that @address is under a page of 2^@bits bytes; more than 2^63 is noted as that. */
static void note_large(QhSoftmmu *mmu, uint64_t address, uint32_t bits, uint32_t index)
{
    bits = MIN(bits, 63);
    QhTlbLarge *large = large_slot(mmu, address, bits);
    uint64_t name = large_name(address, bits);

    large->name = large->name == 0 || large->name == name ? name : QH_TLB_ANY_LARGE;
    large->indices |= 1u << index;
    mmu->large_bits |= G_GUINT64_CONSTANT(1) << bits;
    mmu->large_indices |= 1u << index;
}

/* What lies at physical @phys; the part of it that is uniform is told by range_bits. */
static void find_physical(QhJitCpu *jit, uint64_t phys, uint32_t bits, QhTlbPage *ret)
{
    QhSection section;
    uint64_t mask = (G_GUINT64_CONSTANT(1) << bits) - 1;

    ret->ram = NULL;
    ret->io = NULL;
    ret->readonly = FALSE;
    ret->offset = 0;
    if (!qh_space_find(jit->space, phys, &section)) {
        ret->range_bits = (uint8_t)bits;
    } else {
        ret->ram = section.ram;
        ret->io = section.io;
        ret->readonly = section.readonly != FALSE;
        while (bits > 0 && ((phys & ~mask) < section.first || (phys | mask) > section.last)) {
            mask >>= 1;
            bits--;
        }
        ret->range_bits = (uint8_t)bits;
        ret->offset = (section.ram != NULL ? section.ram_offset : section.io_offset) +
                      ((phys & ~jit->mmu.granule_mask) - section.first);
    }
    ret->phys = phys & ~jit->mmu.granule_mask;
}

static gboolean
walk(QhJitCpu *jit, uint64_t address, uint32_t access, uint32_t index, QhTlbPage *ret)
{
    QhCpu *cpu = qh_jit_state(jit);
    QhSoftmmu *mmu = &jit->mmu;
    QhTranslation found = {.size = sizeof(found)};
    QhMemFault fault = {.size = sizeof(fault),
                        .kind = QH_FAULT_TRANSLATE,
                        .access = access,
                        .mmu_index = index,
                        .address = address};
    uint64_t granule = address & ~mmu->granule_mask;
    gboolean whole;

    if (!jit->cpu_ops->translate(cpu, address, access, index, &found, &fault)) {
        qh_softmmu_fault(jit, &fault);
        return FALSE;
    }
    find_physical(jit, found.phys, MIN(found.page_bits, mmu->granule_bits), ret);
    ret->attrs = found.attrs;
    ret->prot = (uint8_t)(found.prot | 1u << access);
    ret->cached = 0;
    whole = ret->range_bits >= mmu->granule_bits;
    if (whole) {
        gboolean shared = (found.flags & QH_TRANSLATION_GLOBAL) != 0;
        if (found.page_bits > mmu->granule_bits) {
            note_large(mmu, address, found.page_bits, index);
        }
        ret->cached = (uint8_t)(QH_TLB_CACHED | (shared ? QH_TLB_SHARED : 0));
        fill_second(mmu, granule, index, shared ? QH_TLB_ANY_CONTEXT : mmu->context_stamp[index],
                    ret);
        fill_first(mmu, granule, index, ret);
    }
    return TRUE;
}

gboolean
qh_softmmu_find(QhJitCpu *jit, uint64_t address, uint32_t access, uint32_t index, QhTlbPage *ret)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint64_t granule = address & ~mmu->granule_mask;
    uint32_t slot = first_slot(mmu, granule, index), second;
    uint64_t tag = mmu->entries[slot].tag[access];

    if ((tag & ~(uint64_t)(QH_TLB_IO | QH_TLB_SLOW)) == granule) {
        *ret = mmu->pages[slot];
        return TRUE;
    }
    second = find_second(mmu, granule, index, access);
    if (second != SECOND_ENTRIES) {
        *ret = mmu->second_pages[second];
        fill_first(mmu, granule, index, ret);
        return TRUE;
    }
    return walk(jit, address, access, index, ret);
}

gboolean
qh_softmmu_refill(QhJitCpu *jit, uint64_t address, uint32_t bytes, uint32_t access, uint32_t index)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint64_t granule = address & ~mmu->granule_mask;
    const QhTlbEntry *entry = &mmu->entries[first_slot(mmu, granule, index)];
    uint32_t second;

    if (((address + bytes - 1) & ~mmu->granule_mask) != granule ||
        (entry->tag[access] & ~(uint64_t)(QH_TLB_IO | QH_TLB_SLOW)) == granule) {
        return FALSE;
    }
    second = find_second(mmu, granule, index, access);
    if (second == SECOND_ENTRIES) {
        return FALSE;
    }
    fill_first(mmu, granule, index, &mmu->second_pages[second]);
    return entry->tag[access] == granule;
}

gboolean qh_softmmu_known_code(QhJitCpu *jit, uint64_t address, uint32_t index, uint64_t *ret_phys)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint32_t second = find_second(mmu, address & ~mmu->granule_mask, index, QH_ACCESS_FETCH);

    if (second == SECOND_ENTRIES) {
        return FALSE;
    }
    *ret_phys = mmu->second_pages[second].phys;
    return TRUE;
}

gboolean qh_softmmu_fetched(QhJitCpu *jit, uint64_t address, uint32_t index, QhTlbPage *ret)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint64_t granule = address & ~mmu->granule_mask;
    uint32_t slot = first_slot(mmu, granule, index), second;

    if ((mmu->entries[slot].tag[QH_ACCESS_FETCH] & ~(uint64_t)QH_TLB_IO) == granule) {
        *ret = mmu->pages[slot];
        return TRUE;
    }
    second = find_second(mmu, granule, index, QH_ACCESS_FETCH);
    if (second == SECOND_ENTRIES) {
        return FALSE;
    }
    *ret = mmu->second_pages[second];
    return TRUE;
}

void qh_softmmu_fault(QhJitCpu *jit, const QhMemFault *fault)
{
    QhCpu *cpu = qh_jit_state(jit);

    if (jit->stop.kind == QH_STOP_WATCHPOINT) {
        jit->stop.kind = QH_STOP_NONE; /* the instruction did not happen */
    }
    jit->cpu_ops->mem_fault(cpu, fault);
    cpu->unwind = 1;
}
