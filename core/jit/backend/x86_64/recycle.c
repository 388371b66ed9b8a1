/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code memory that is full is used again, a chunk at a time and while CPUs run.
 *
 * A chunk is retired: its regions are cut off, so nobody enters them any more, and the epoch rises.
 * What still leads there is inside of CPUs: where they run now, jump caches, return rings, the exit
 * they left by. All that is gone when a CPU has come by the dispatcher in the new epoch, or does
 * not run at all; when that holds for all of them the chunk is free.
 */
#include "core/jit/backend/x86_64/tier.h"

/* With fewer free chunks than this the oldest is retired, so that one is free when it is needed. */
#define SPARE_CHUNKS 2u

void qh_tier_pass(QhTier *tier, QhJitCpu *jit)
{
    uint64_t epoch;

    if (tier == NULL) {
        return;
    }
    epoch = __atomic_load_n(&tier->epoch, __ATOMIC_SEQ_CST);
    if (G_UNLIKELY(jit->passed != epoch)) {
        qh_jit_forget_jumps(jit);
        jit->hot.link = NULL;
        __atomic_store_n(&jit->passed, epoch, __ATOMIC_SEQ_CST);
    }
}

/* The lock is held. */
static void retire(QhTier *tier, QhT1Chunk *chunk)
{
    for (guint i = 0; i < chunk->regions->len; i++) {
        QhT1Region *region = g_ptr_array_index(chunk->regions, i);
        void **list = qh_code_regions(tier->engine->store, region->ram_page);
        QhT1Region **at = (QhT1Region **)(void *)list;
        if (region->invalid) {
            continue;
        }
        while (*at != region) {
            at = (QhT1Region **)(void *)&(*at)->page_next;
        }
        *at = region->page_next;
        qh_t1_retire_region(tier, region, tier->engine->options.threshold);
    }
    chunk->state = QH_CHUNK_RETIRED;
    chunk->stamp = __atomic_add_fetch(&tier->epoch, 1, __ATOMIC_SEQ_CST);
    tier->stats.n_retired++;
    qh_t1_kick_all(tier);
}

static gboolean all_have_passed(const QhTier *tier, uint64_t epoch)
{
    GPtrArray *vcpus = tier->engine->cluster->vcpus;

    for (guint i = 0; vcpus != NULL && i < vcpus->len; i++) {
        const QhJitCpu *jit = qh_jit_of(qh_vcpu_state(g_ptr_array_index(vcpus, i)));
        if (__atomic_load_n(&jit->in_run, __ATOMIC_SEQ_CST) &&
            __atomic_load_n(&jit->passed, __ATOMIC_SEQ_CST) < epoch) {
            return FALSE;
        }
    }
    return TRUE;
}

static void reuse(QhTier *tier)
{
    for (uint32_t i = 0; i < tier->memory->n_chunks; i++) {
        QhT1Chunk *chunk = &tier->memory->chunks[i];
        if (chunk->state == QH_CHUNK_RETIRED && all_have_passed(tier, chunk->stamp)) {
            qh_t1_memory_reuse(tier->memory, chunk);
        }
    }
}

/* The lock is held. The CPU itself is between two blocks, but the exit it came by is still to be
 * linked: that is given up. */
static QhT1Chunk *next_chunk(QhTier *tier, QhJitCpu *jit)
{
    QhT1Chunk *oldest;

    if (qh_t1_memory_n_free(tier->memory) < SPARE_CHUNKS) {
        oldest = qh_t1_memory_oldest(tier->memory);
        if (oldest != NULL) {
            retire(tier, oldest);
        }
        qh_tier_pass(tier, jit);
        reuse(tier);
    }
    return qh_t1_memory_open(tier->memory);
}

gboolean qh_t1_have_room(QhTier *tier, QhJitCpu *jit)
{
    QhTierCpu *own = jit->tier;

    if (own->chunk != NULL && (size_t)(own->chunk->end - own->chunk->at) >= QH_T1_ROOM) {
        return TRUE;
    }
    g_mutex_lock(&tier->engine->lock);
    if (own->chunk != NULL) {
        qh_t1_memory_fill(tier->memory, own->chunk);
    }
    own->chunk = next_chunk(tier, jit);
    g_mutex_unlock(&tier->engine->lock);
    return own->chunk != NULL;
}
