/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiler as the engine sees it: from a block that is hot to a region that is known, and from
 * changed bytes to one that nobody enters any more.
 *
 * Compiling goes on without the engine's lock; as with interpreted blocks the page is watched
 * meanwhile, and if it has changed what was made is thrown away.
 */
#include "core/jit/backend/x86_64/tier.h"

#include "abi/target.h"
#include "core/jit/backend/x86_64/fp.h"
#include "core/jit/backend/x86_64/pending.h"
#include "core/jit/perf.h"

#include <string.h>

#define PAGE_BYTES ((uint64_t)1 << QH_PAGE_BITS_MIN)

QhTier *qh_tier_new(QhEngine *engine, uint64_t max_bytes, GError **error)
{
    QhHost *host = qh_machine_host(engine->cluster->machine);
    gboolean nameless = host != NULL && qh_host_perf(host) != NULL;
    QhT1Memory *memory =
        nameless ? qh_t1_memory_new_nameless(max_bytes, error) : qh_t1_memory_new(max_bytes, error);
    QhTier *tier;
    QhAsm a;

    if (memory == NULL) {
        return NULL;
    }
    tier = g_new0(QhTier, 1);
    tier->engine = engine;
    tier->memory = memory;
    qh_t1_lazy_slots(&engine->ir, tier->lazy);
    a = (QhAsm){.base = memory->writable,
                .at = memory->writable,
                .end = memory->writable + QH_T1_STUB_BYTES,
                .delta = qh_t1_memory_delta(memory)};
    /* deterministic mode and lockstep look after each block */
    qh_t1_make_stubs(&a, &tier->stubs,
                     qh_jit_jump_shift(engine->cluster->target_ops->insn_alignment),
                     !engine->counted && engine->options.lockstep == 0);
    g_assert(!a.full);
    return tier;
}

void qh_tier_free(QhTier *tier)
{
    if (tier != NULL) {
        qh_t1_memory_free(tier->memory);
        g_free(tier);
    }
}

void qh_tier_cpu_free(QhJitCpu *jit)
{
    if (jit->tier != NULL) {
        qh_t1_compiler_free(jit->tier->compiler);
        g_free(jit->tier);
        jit->tier = NULL;
    }
}

static gboolean add_buffers(QhJitCpu *jit)
{
    QhTierCpu *own = g_try_new0(QhTierCpu, 1);

    if (own == NULL) {
        return FALSE;
    }
    own->compiler = qh_t1_compiler_new();
    if (own->compiler == NULL) {
        g_free(own);
        return FALSE;
    }
    jit->tier = own;
    return TRUE;
}

/* Machine code for @source, not yet known to anyone. *@ret_full: there is no room for it now. */
static QhT1Region *
compile(QhTier *tier, QhJitCpu *jit, const QhT1Source *source, gboolean *ret_full)
{
    QhTierCpu *own = jit->tier;
    QhT1Region *region;
    QhT1Chunk *chunk;
    QhAsm a;

    *ret_full = !qh_t1_have_room(tier, jit);
    if (*ret_full) {
        return NULL;
    }
    chunk = own->chunk;
    chunk->at = (uint8_t *)(((uintptr_t)chunk->at + 63) & ~(uintptr_t)63);
    a = (QhAsm){.base = chunk->at,
                .at = chunk->at,
                .end = chunk->end,
                .delta = qh_t1_memory_delta(tier->memory)};
    region = qh_t1_compile(own->compiler, source, &tier->stubs, &a);
    if (region != NULL) {
        chunk->at = a.at;
    } else if (a.full && chunk->at != chunk->start) {
        chunk->at = chunk->end; /* it is full; the next one may do */
        *ret_full = TRUE;
    }
    return region;
}

/* The block that @entry of @region was made from. */
static QhCode *code_of(QhTier *tier, const QhT1Region *region, const QhT1Entry *entry)
{
    QhCodeKey key = {.ram_address = region->ram_page | (entry->pc & (PAGE_BYTES - 1)),
                     .pc = entry->pc,
                     .state_key = region->state_key};

    return qh_code_find_kind(tier->engine->store, &key, region->relative);
}

/* The lock is held, the page is as it was. */
static void publish(QhTier *tier, QhTierCpu *own, QhT1Region *region)
{
    void **list = qh_code_regions(tier->engine->store, region->ram_page);

    region->chunk = own->chunk;
    region->page_next = *list;
    *list = region;
    g_ptr_array_add(own->chunk->regions, region);
    for (uint32_t i = 0; i < region->n_entries; i++) {
        QhCode *code = code_of(tier, region, &region->entries[i]);
        if (code != NULL && code->native == NULL && !region->entries[i].is_return) {
            __atomic_store_n(&code->native, region->code + region->entries[i].at, __ATOMIC_RELEASE);
            code->heat = 0;
        }
    }
    tier->stats.n_regions++;
    tier->stats.n_blocks += region->n_blocks;
    tier->stats.n_insns += region->n_insns;
    tier->stats.code_bytes += region->code_bytes;
}

/* With the page watched and its bytes in own->page. */
static QhT1Region *
make(QhTier *tier, QhJitCpu *jit, QhCode *code, gboolean anywhere, gboolean *ret_full)
{
    QhT1Region *region = NULL;
    QhT1Source source;

    for (uint32_t max = QH_T1_MAX_BLOCKS; max >= 1 && region == NULL; max /= 8) {
        if (!qh_t1_collect(jit, code, max, &source)) {
            return NULL;
        }
        source.anywhere = anywhere;
        region = compile(tier, jit, &source, ret_full);
        if (region == NULL && *ret_full) {
            return NULL;
        }
    }
    return region;
}

/* Code for one address of a page that has others would be wrong there. The lock is held. */
static gboolean must_be_anywhere(const QhTier *tier, const QhCode *code)
{
    return code->relative && qh_code_moved(tier->engine->store, code->key.ram_address);
}

/* Into the store, unless its bytes have changed, or the page was seen at another address; then it
 * stays in the chunk as what nobody knows. */
static const void *settle(
    QhTier *tier, QhJitCpu *jit, QhCode *code, QhT1Region *region, gboolean full, uint64_t changes)
{
    QhCodeStore *store = tier->engine->store;
    uint64_t ram_page = code->key.ram_address & ~(PAGE_BYTES - 1);

    g_mutex_lock(&tier->engine->lock);
    if (region != NULL) {
        region->ram_page = ram_page;
        region->relative = code->relative;
        if (qh_code_unchanged(store, ram_page, changes) &&
            region->anywhere == must_be_anywhere(tier, code)) {
            publish(tier, jit->tier, region);
        } else {
            region->invalid = 1;
            g_ptr_array_add(jit->tier->chunk->regions, region);
        }
    } else if (!full) {
        code->dull = TRUE;
        tier->stats.n_failed++;
    }
    qh_code_unwatch(store, ram_page);
    g_mutex_unlock(&tier->engine->lock);
    if (region != NULL) {
        qh_engine_note_code(tier->engine, region->code, region->code_bytes, code->key.pc);
    }
    return __atomic_load_n(&code->native, __ATOMIC_ACQUIRE);
}

const void *qh_tier_compile(QhTier *tier, QhJitCpu *jit, QhCode *code)
{
    uint64_t ram_page = code->key.ram_address & ~(PAGE_BYTES - 1), changes;
    gint64 start = g_get_monotonic_time();
    gboolean full = FALSE, anywhere;
    const void *native;
    QhT1Region *region;
    QhTlbPage page;

    if (jit->mmu.granule_bits != QH_PAGE_BITS_MIN) {
        code->dull = TRUE;
        return NULL;
    }
    if ((jit->tier == NULL && !add_buffers(jit)) ||
        !qh_softmmu_find(jit, qh_jit_state(jit)->pc, QH_ACCESS_FETCH, code->key.state_key & 15,
                         &page) ||
        page.ram == NULL || page.ram->base + page.offset != ram_page ||
        !qh_engine_watch(jit, &page, &changes)) {
        return NULL;
    }
    memcpy(jit->tier->page, page.ram->host + page.offset, PAGE_BYTES);
    g_mutex_lock(&tier->engine->lock);
    anywhere = must_be_anywhere(tier, code);
    g_mutex_unlock(&tier->engine->lock);
    region = make(tier, jit, code, anywhere, &full);
    native = settle(tier, jit, code, region, full, changes);
    tier->stats.compile_ns += (uint64_t)(g_get_monotonic_time() - start) * 1000;
    return native;
}

uint32_t qh_tier_run(QhJitCpu *jit, const void *native)
{
    const QhT1Stubs *stubs = &jit->engine->tier->stubs;
    QhCpu *cpu = qh_jit_state(jit);
    uint32_t (*enter)(QhCpu *, const void *);
    uint32_t left;

    memcpy(&enter, &stubs->enter, sizeof(enter));
    jit->code = NULL;
    jit->hot.mxcsr = QH_T1_MXCSR;
    jit->hot.calls = NULL;
    left = enter(cpu, native);
    jit->hot.calls = NULL;
    qh_t1_complete(cpu, jit->engine->tier->lazy);
    qh_t1_take_fp_flags(cpu);
    return left;
}

/* Whether @link leads from the page that @pc is on to @code, and to @to in the same kind of code.
 */
static gboolean
may_link(const QhT1Link *link, const QhT1Region *to, const QhCode *code, uint64_t pc)
{
    const QhT1Region *from = link->from;
    uint64_t in_page = link->pc & (PAGE_BYTES - 1);

    return !from->invalid && !to->invalid && to->ram_page == from->ram_page &&
           to->state_key == from->state_key && to->anywhere == from->anywhere &&
           (from->anywhere ? code->key.ram_address == (from->ram_page | in_page)
                           : link->pc == pc && to->page == from->page);
}

static const uint8_t *link_address(const QhT1Region *region, const uint8_t *native)
{
    for (uint32_t i = 0; i < region->n_entries; i++) {
        if (region->code + region->entries[i].at == native) {
            return region->code + region->entries[i].link;
        }
    }
    return native;
}

void qh_tier_link(QhTier *tier, QhJitCpu *jit, QhCode *code)
{
    QhT1Link *link = jit->hot.link;
    const uint8_t *native;
    QhT1Region *to;

    jit->hot.link = NULL;
    if (link == NULL || link->to != NULL) {
        return;
    }
    g_mutex_lock(&tier->engine->lock);
    native = code->native;
    to = native != NULL ? qh_t1_memory_find(tier->memory, native) : NULL;
    if (to != NULL && link->to == NULL && may_link(link, to, code, qh_jit_state(jit)->pc)) {
        qh_t1_link(tier->memory, link, to, link_address(to, native));
        tier->stats.n_links++;
    }
    g_mutex_unlock(&tier->engine->lock);
}

const void *qh_tier_no_code(const QhTier *tier)
{
    return tier != NULL ? tier->stubs.leave_pc : NULL;
}

/* hot.region has the low half of the address. */
static const QhT1Region *running(const QhTier *tier, const QhJitCpu *jit)
{
    uint32_t offset = jit->hot.region - (uint32_t)(uintptr_t)tier->memory->code;

    return jit->hot.region != 0 ? qh_t1_memory_find(tier->memory, tier->memory->code + offset)
                                : NULL;
}

gboolean qh_tier_runs(const QhJitCpu *jit, uint64_t ram_address, uint64_t bytes)
{
    QhTier *tier = jit->engine->tier;
    const QhT1Region *region;
    gboolean runs = FALSE;

    if (tier != NULL) {
        g_mutex_lock(&tier->engine->lock);
        region = running(tier, jit);
        runs = region != NULL && qh_t1_covers(region, ram_address, bytes);
        g_mutex_unlock(&tier->engine->lock);
    }
    return runs;
}

void qh_t1_retire_region(QhTier *tier, QhT1Region *region, uint32_t heat)
{
    qh_t1_cut_off(tier->memory, region);
    for (uint32_t i = 0; i < region->n_entries; i++) {
        QhCode *code = code_of(tier, region, &region->entries[i]);
        if (code != NULL && code->native == region->code + region->entries[i].at) {
            __atomic_store_n(&code->native, NULL, __ATOMIC_RELEASE);
            code->heat = (int32_t)heat + 1;
        }
    }
}

/* CPUs in a loop of what was taken out must leave it. */
void qh_t1_kick_all(const QhTier *tier)
{
    GPtrArray *vcpus = tier->engine->cluster->vcpus;

    for (guint i = 0; vcpus != NULL && i < vcpus->len; i++) {
        QhCpu *cpu = qh_vcpu_state(g_ptr_array_index(vcpus, i));
        __atomic_fetch_or(&cpu->exit_request, QH_EXIT_REQUEST_LOOK, __ATOMIC_SEQ_CST);
    }
}

gboolean qh_tier_invalidate(QhTier *tier, void **regions, uint64_t ram_address, uint64_t bytes)
{
    QhT1Region **at = (QhT1Region **)(void *)regions;
    gboolean any = FALSE;

    while (*at != NULL) {
        QhT1Region *region = *at;
        if (!qh_t1_covers(region, ram_address, bytes)) {
            at = (QhT1Region **)(void *)&region->page_next;
            continue;
        }
        *at = region->page_next;
        qh_t1_retire_region(tier, region, tier->engine->options.threshold);
        tier->stats.n_invalidated++;
        any = TRUE;
    }
    if (any) {
        qh_t1_kick_all(tier);
    }
    return any;
}

void qh_tier_unpin(QhTier *tier, void **regions)
{
    QhT1Region **at = (QhT1Region **)(void *)regions;

    while (*at != NULL) {
        QhT1Region *region = *at;
        if (!region->relative || region->anywhere) {
            at = (QhT1Region **)(void *)&region->page_next;
            continue;
        }
        *at = region->page_next;
        qh_t1_retire_region(tier, region, 0);
        tier->stats.n_invalidated++;
    }
}

void qh_tier_drop_all(QhTier *tier)
{
    GPtrArray *vcpus = tier != NULL ? tier->engine->cluster->vcpus : NULL;

    for (guint i = 0; vcpus != NULL && i < vcpus->len; i++) {
        QhJitCpu *jit = qh_jit_of(qh_vcpu_state(g_ptr_array_index(vcpus, i)));
        jit->hot.link = NULL;
        jit->hot.region = 0;
        if (jit->tier != NULL) {
            jit->tier->chunk = NULL;
        }
    }
    for (uint32_t i = 0; tier != NULL && i < tier->memory->n_chunks; i++) {
        qh_t1_memory_reuse(tier->memory, &tier->memory->chunks[i]);
    }
    if (tier != NULL) {
        tier->stats.n_drops++;
    }
}

void qh_tier_stats(QhTier *tier, QhTierStats *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (tier != NULL) {
        g_mutex_lock(&tier->engine->lock);
        *ret = tier->stats;
        ret->used_bytes = qh_t1_memory_used(tier->memory);
        g_mutex_unlock(&tier->engine->lock);
    }
}
