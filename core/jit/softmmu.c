/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables behind guest addresses: filling, forgetting, contexts. A whole index or context is
 * forgotten in the second level by giving it a new stamp, which no entry carries; the first level
 * is small enough to be wiped.
 */
#include "core/jit/softmmu.h"

#include "core/jit/jit-cpu.h"

#include <string.h>

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
    g_mutex_init(&mmu->lock);
    mmu->entries = entries;
    mmu->pages = g_try_new0(QhTlbPage, n);
    mmu->second = g_try_new0(QhTlbSecond, QH_TLB_SETS * QH_TLB_WAYS);
    if (mmu->pages == NULL || mmu->second == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "no memory for the tables of a CPU");
        return FALSE;
    }
    mmu->n_indices = n_indices;
    mmu->granule_bits = MIN(page_bits, QH_PAGE_BITS_MIN);
    mmu->granule_mask = (1u << mmu->granule_bits) - 1;
    memset(entries, 0xff, n * sizeof(*entries));
    mmu->next_stamp = 1;
    mmu->contexts[0].stamp = mmu->context_stamp = mmu->next_stamp++;
    for (uint32_t i = 0; i < n_indices; i++) {
        mmu->index_stamp[i] = mmu->next_stamp++;
    }
    mmu->space_version = qh_space_version(jit->space);
    return TRUE;
}

void qh_softmmu_clear(QhJitCpu *jit)
{
    g_free(jit->mmu.pages);
    g_free(jit->mmu.second);
    g_mutex_clear(&jit->mmu.lock);
}

/* A stamp that no entry has. When they run out the second level is emptied and all start anew. */
static uint32_t new_stamp(QhSoftmmu *mmu)
{
    if (mmu->next_stamp == UINT32_MAX) {
        memset(mmu->second, 0, sizeof(*mmu->second) * QH_TLB_SETS * QH_TLB_WAYS);
        mmu->next_stamp = 1;
        for (uint32_t i = 0; i < QH_TLB_CONTEXTS; i++) {
            if (mmu->contexts[i].stamp != 0) {
                gboolean current = mmu->contexts[i].stamp == mmu->context_stamp;
                mmu->contexts[i].stamp = mmu->next_stamp++;
                mmu->context_stamp = current ? mmu->contexts[i].stamp : mmu->context_stamp;
            }
        }
        for (uint32_t i = 0; i < mmu->n_indices; i++) {
            mmu->index_stamp[i] = mmu->next_stamp++;
        }
    }
    return mmu->next_stamp++;
}

static void wipe_first(QhSoftmmu *mmu, uint32_t mmu_mask)
{
    uint32_t mask = mmu_mask & mmu->used;

    mmu->used &= ~mask;
    g_mutex_lock(&mmu->lock);
    for (uint32_t i = 0; mask != 0; i++, mask >>= 1) {
        if (mask & 1) {
            memset(&mmu->entries[i * QH_TLB_ENTRIES], 0xff, QH_TLB_ENTRIES * sizeof(QhTlbEntry));
        }
    }
    g_mutex_unlock(&mmu->lock);
}

void qh_softmmu_flush(QhJitCpu *jit, uint32_t mmu_mask)
{
    QhSoftmmu *mmu = &jit->mmu;

    wipe_first(mmu, mmu_mask);
    for (uint32_t i = 0; i < mmu->n_indices; i++) {
        if (mmu_mask >> i & 1) {
            mmu->index_stamp[i] = new_stamp(mmu);
            mmu->large[i].n = 0;
        }
    }
    qh_jit_forget_jumps(jit);
}

static uint32_t first_slot(const QhSoftmmu *mmu, uint64_t address, uint32_t index)
{
    return index * QH_TLB_ENTRIES + (uint32_t)(address >> mmu->granule_bits & (QH_TLB_ENTRIES - 1));
}

/* The set does not depend on the context, so that a page is found in all of them. */
static QhTlbSecond *second_set(const QhSoftmmu *mmu, uint64_t address)
{
    uint64_t page = address >> mmu->granule_bits;

    return &mmu->second[((page ^ page >> 10 ^ page >> 20) & (QH_TLB_SETS - 1)) * QH_TLB_WAYS];
}

static gboolean in_large(const QhTlbRanges *ranges, uint64_t address)
{
    for (uint32_t i = 0; i < ranges->n; i++) {
        if (address >= ranges->range[i].first && address <= ranges->range[i].last) {
            return TRUE;
        }
    }
    return FALSE;
}

void qh_softmmu_flush_page(QhJitCpu *jit, uint64_t address, uint32_t mmu_mask)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint64_t granule = address & ~mmu->granule_mask;
    QhTlbSecond *set = second_set(mmu, granule);
    uint32_t whole = 0;

    for (uint32_t i = 0; i < mmu->n_indices; i++) {
        if ((mmu_mask >> i & 1) && in_large(&mmu->large[i], address)) {
            whole |= 1u << i;
        }
    }
    if (whole != 0) {
        qh_softmmu_flush(jit, whole);
        mmu_mask &= ~whole;
    }
    g_mutex_lock(&mmu->lock);
    for (uint32_t i = 0; i < mmu->n_indices; i++) {
        if (mmu_mask & mmu->used & 1u << i) {
            memset(&mmu->entries[first_slot(mmu, granule, i)], 0xff, sizeof(QhTlbEntry));
        }
    }
    g_mutex_unlock(&mmu->lock);
    for (uint32_t i = 0; i < QH_TLB_WAYS; i++) {
        if (set[i].address == granule && (mmu_mask >> set[i].index & 1)) {
            set[i].index_stamp = 0;
        }
    }
    qh_jit_forget_jumps_of_page(jit, granule);
}

void qh_softmmu_set_context(QhJitCpu *jit, uint64_t context)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint32_t oldest = 0, i;

    for (i = 0; i < QH_TLB_CONTEXTS; i++) {
        if (mmu->contexts[i].stamp != 0 && mmu->contexts[i].context == context) {
            break;
        }
        if (mmu->contexts[i].used < mmu->contexts[oldest].used) {
            oldest = i;
        }
    }
    if (i == QH_TLB_CONTEXTS) {
        i = oldest;
        mmu->contexts[i].context = context;
        mmu->contexts[i].stamp = new_stamp(mmu);
    }
    mmu->contexts[i].used = ++mmu->context_clock;
    if (mmu->contexts[i].stamp != mmu->context_stamp) {
        mmu->context_stamp = mmu->contexts[i].stamp;
        wipe_first(mmu, UINT32_MAX);
        qh_jit_forget_id(jit);
    }
}

void qh_softmmu_flush_context(QhJitCpu *jit, uint64_t context)
{
    QhSoftmmu *mmu = &jit->mmu;

    for (uint32_t i = 0; i < QH_TLB_CONTEXTS; i++) {
        if (mmu->contexts[i].stamp == 0 || mmu->contexts[i].context != context) {
            continue;
        }
        if (mmu->contexts[i].stamp == mmu->context_stamp) {
            mmu->contexts[i].stamp = mmu->context_stamp = new_stamp(mmu);
            wipe_first(mmu, UINT32_MAX);
            qh_jit_forget_id(jit);
        } else {
            mmu->contexts[i].stamp = new_stamp(mmu);
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

void qh_softmmu_mark_code(QhJitCpu *jit, const uint8_t *host_page)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint64_t page = (uintptr_t)host_page;
    uint32_t n = mmu->n_indices * QH_TLB_ENTRIES;

    g_mutex_lock(&mmu->lock);
    for (uint32_t i = 0; i < n; i++) {
        QhTlbEntry *entry = &mmu->entries[i];
        uint64_t tag = entry->tag[QH_ACCESS_WRITE];

        if ((tag & mmu->granule_mask) == 0 &&
            ((tag + entry->addend) >> QH_PAGE_BITS_MIN) == page >> QH_PAGE_BITS_MIN) {
            __atomic_store_n(&entry->tag[QH_ACCESS_WRITE], tag | QH_TLB_SLOW, __ATOMIC_SEQ_CST);
        }
    }
    g_mutex_unlock(&mmu->lock);
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

/* Put @page into the first level. */
static void fill_first(QhSoftmmu *mmu, uint64_t granule, uint32_t index, const QhTlbPage *page)
{
    uint32_t slot = first_slot(mmu, granule, index);
    QhTlbEntry entry = {
        {UINT64_MAX, UINT64_MAX, UINT64_MAX},
        0
    };

    mmu->pages[slot] = *page;
    mmu->used |= 1u << index;
    if (page->ram == NULL) {
        entry.tag[QH_ACCESS_READ] = page->prot & QH_PROT_READ ? granule | QH_TLB_IO : UINT64_MAX;
        entry.tag[QH_ACCESS_WRITE] = page->prot & QH_PROT_WRITE ? granule | QH_TLB_IO : UINT64_MAX;
        entry.tag[QH_ACCESS_FETCH] = page->prot & QH_PROT_EXEC ? granule | QH_TLB_IO : UINT64_MAX;
        g_mutex_lock(&mmu->lock);
        mmu->entries[slot] = entry;
        g_mutex_unlock(&mmu->lock);
        return;
    }
    entry.addend = (uintptr_t)page->ram->host + page->offset - granule;
    entry.tag[QH_ACCESS_READ] = page->prot & QH_PROT_READ
                                    ? granule | slow_if_watched(mmu, granule, QH_WATCH_READ)
                                    : UINT64_MAX;
    entry.tag[QH_ACCESS_FETCH] = page->prot & QH_PROT_EXEC ? granule : UINT64_MAX;
    g_mutex_lock(&mmu->lock);
    if (page->prot & QH_PROT_WRITE) {
        uint8_t *flags = &page->ram->page_flags[page->offset >> QH_PAGE_BITS_MIN];
        uint8_t old = __atomic_load_n(flags, __ATOMIC_SEQ_CST);

        entry.tag[QH_ACCESS_WRITE] =
            granule | (page->readonly           ? QH_TLB_IO
                       : old & QH_PAGE_CODE     ? QH_TLB_SLOW
                       : !(old & QH_PAGE_DIRTY) ? QH_TLB_SLOW
                                                : slow_if_watched(mmu, granule, QH_WATCH_WRITE));
    }
    mmu->entries[slot] = entry;
    g_mutex_unlock(&mmu->lock);
}

void qh_softmmu_refresh(QhJitCpu *jit, uint64_t address, uint32_t index, const QhTlbPage *page)
{
    fill_first(&jit->mmu, address & ~jit->mmu.granule_mask, index, page);
}

static void
fill_second(QhSoftmmu *mmu, uint64_t granule, uint32_t index, gboolean large, const QhTlbPage *page)
{
    QhTlbSecond *set = second_set(mmu, granule), *way = NULL;

    for (uint32_t i = 0; i < QH_TLB_WAYS; i++) {
        gboolean stale = set[i].index_stamp != mmu->index_stamp[set[i].index];
        if (stale || (set[i].address == granule && set[i].index == index &&
                      set[i].context_stamp == mmu->context_stamp)) {
            way = &set[i];
        }
    }
    if (way == NULL) {
        way = &set[mmu->next_way++ % QH_TLB_WAYS];
    }
    way->address = granule;
    way->context_stamp = mmu->context_stamp;
    way->index_stamp = mmu->index_stamp[index];
    way->index = (uint8_t)index;
    way->large = (uint8_t)large;
    way->page = *page;
}

static const QhTlbPage *
find_second(const QhSoftmmu *mmu, uint64_t granule, uint32_t index, uint32_t prot)
{
    const QhTlbSecond *set = second_set(mmu, granule);

    for (uint32_t i = 0; i < QH_TLB_WAYS; i++) {
        if (set[i].address == granule && set[i].index == index &&
            set[i].context_stamp == mmu->context_stamp &&
            set[i].index_stamp == mmu->index_stamp[index] && (set[i].page.prot & prot)) {
            return &set[i].page;
        }
    }
    return NULL;
}

/* Remember that [first, last] is under a large page. Ranges that touch become one; when there is no
 * room the nearest one grows. */
static void note_large(QhTlbRanges *ranges, uint64_t first, uint64_t last)
{
    uint32_t nearest = 0;
    uint64_t distance = UINT64_MAX;

    for (uint32_t i = 0; i < ranges->n; i++) {
        uint64_t f = ranges->range[i].first, l = ranges->range[i].last;
        uint64_t gap = first > l ? first - l : last < f ? f - last : 0;
        if (gap < distance) {
            distance = gap;
            nearest = i;
        }
    }
    if (distance > 1 && ranges->n < QH_TLB_RANGES) {
        ranges->range[ranges->n].first = first;
        ranges->range[ranges->n++].last = last;
        return;
    }
    ranges->range[nearest].first = MIN(ranges->range[nearest].first, first);
    ranges->range[nearest].last = MAX(ranges->range[nearest].last, last);
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
    whole = ret->range_bits >= mmu->granule_bits;
    ret->cached = (uint8_t)whole;
    if (whole) {
        gboolean large = found.page_bits > mmu->granule_bits;
        if (large) {
            uint64_t mask =
                found.page_bits >= 64 ? UINT64_MAX : (G_GUINT64_CONSTANT(1) << found.page_bits) - 1;
            note_large(&mmu->large[index], address & ~mask, address | mask);
        }
        fill_second(mmu, granule, index, large, ret);
        fill_first(mmu, granule, index, ret);
    }
    return TRUE;
}

gboolean
qh_softmmu_find(QhJitCpu *jit, uint64_t address, uint32_t access, uint32_t index, QhTlbPage *ret)
{
    QhSoftmmu *mmu = &jit->mmu;
    uint64_t granule = address & ~mmu->granule_mask;
    uint32_t slot = first_slot(mmu, granule, index);
    uint64_t tag = mmu->entries[slot].tag[access];
    const QhTlbPage *page;

    if ((tag & ~(uint64_t)(QH_TLB_IO | QH_TLB_SLOW)) == granule) {
        *ret = mmu->pages[slot];
        return TRUE;
    }
    page = find_second(mmu, granule, index, 1u << access);
    if (page != NULL) {
        *ret = *page;
        fill_first(mmu, granule, index, page);
        return TRUE;
    }
    return walk(jit, address, access, index, ret);
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
