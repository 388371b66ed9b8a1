/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which guest blocks become one region: the hot one, and those that direct exits lead to from
 * there, or that calls return to, as far as they are on the page and have run now and then. All
 * are translated again. Blocks that would overlap end where the next one begins.
 */
#include "core/jit/backend/x86_64/tier.h"

#include <string.h>

/* Compiled, or met by the interpreter an eighth as often as it takes. What runs once is a large
 * part of big programs. */
static gboolean is_warm(const QhEngine *engine, const QhCode *code)
{
    int32_t threshold = (int32_t)engine->options.threshold;

    return code->native != NULL || code->heat <= threshold + 1 - threshold / 8;
}

static gboolean is_known(const QhJitCpu *jit, const QhCode *hot, uint64_t pc)
{
    QhEngine *engine = jit->engine;
    uint64_t mask = (1u << QH_PAGE_BITS_MIN) - 1;
    QhCodeKey key = hot->key;
    const QhCode *code;
    gboolean known;

    key.pc = pc;
    key.ram_address = (hot->key.ram_address & ~mask) | (pc & mask);
    g_mutex_lock(&engine->lock);
    code = qh_code_find_kind(engine->store, &key, hot->relative);
    known = code != NULL && code->second_page == 0 && is_warm(engine, code);
    g_mutex_unlock(&engine->lock);
    return known;
}

static const uint8_t *no_fetch(QhBlock *block, uint32_t offset, uint32_t length)
{
    (void)offset;
    (void)length;
    block->status |= QH_BLOCK_FETCH_FAULT;
    return NULL;
}

/* The block at leader->pc with at most @bytes of code, to the end of the arena. */
static gboolean translate(QhJitCpu *jit, const QhCode *hot, QhT1Leader *leader, uint32_t bytes)
{
    QhEngine *engine = jit->engine;
    const QhTranslatorOps *ops = engine->cluster->translator_ops;
    QhTierCpu *own = jit->tier;
    uint32_t in_page = leader->pc & ((1u << QH_PAGE_BITS_MIN) - 1);
    QhBlock block = {.size = sizeof(block),
                     .pc = leader->pc,
                     .state_key = hot->key.state_key,
                     .code = own->page + in_page,
                     .code_bytes = MIN(bytes, (1u << QH_PAGE_BITS_MIN) - in_page),
                     .max_insns = QH_ENGINE_MAX_INSNS,
                     .cpu = qh_jit_state(jit),
                     .fetch = no_fetch,
                     .records = own->arena + own->n_arena,
                     .capacity = MIN(QH_IR_MAX_RECORDS, QH_T1_ARENA - own->n_arena)};

    if (!ops->translate(engine->cluster->translator_slot.ctx, &block) ||
        (block.status & ~QH_BLOCK_RELATIVE) != 0 ||
        (hot->relative && !(block.status & QH_BLOCK_RELATIVE)) ||
        block.n_records > block.capacity ||
        !qh_ir_validate(&engine->ir, block.records, block.n_records, NULL)) {
        return FALSE;
    }
    leader->first = own->n_arena;
    leader->n_records = block.n_records;
    leader->n_insns = block.n_insns;
    leader->guest_bytes = block.guest_bytes;
    own->n_arena += block.n_records;
    return TRUE;
}

static void add_leader(QhJitCpu *jit, const QhCode *hot, uint64_t pc, uint32_t max_blocks)
{
    QhTierCpu *own = jit->tier;

    if (pc >> QH_PAGE_BITS_MIN != hot->key.pc >> QH_PAGE_BITS_MIN || own->n_leaders >= max_blocks) {
        return;
    }
    for (uint32_t i = 0; i < own->n_leaders; i++) {
        if (own->leaders[i].pc == pc) {
            return;
        }
    }
    if (is_known(jit, hot, pc)) {
        own->leaders[own->n_leaders++] = (QhT1Leader){.pc = pc};
    }
}

/* Where the block leads, and where what it calls returns to. */
static void follow(QhJitCpu *jit, const QhCode *hot, const QhT1Leader *leader, uint32_t max_blocks)
{
    const QhIrRecord *records = jit->tier->arena + leader->first;

    for (uint32_t i = 0; i < leader->n_records; i++) {
        const QhIrRecord *record = &records[i];
        gboolean direct = record->op == QH_IR_exit_pc;
        if (direct) {
            add_leader(jit, hot, record->b | (uint64_t)record->c << 32, max_blocks);
        }
        if ((direct || record->op == QH_IR_exit_value) && record->flags == QH_EXIT_CALL) {
            add_leader(jit, hot, leader->pc + leader->guest_bytes, max_blocks);
        }
    }
}

static int by_pc(const void *a, const void *b)
{
    const QhT1Leader *left = a, *right = b;

    return left->pc < right->pc ? -1 : left->pc > right->pc;
}

/* A block that runs into the next one ends before it. When the next begins inside one of its
 * instructions both stay as they are. */
static void cut(QhJitCpu *jit, const QhCode *hot)
{
    QhTierCpu *own = jit->tier;

    for (uint32_t i = 0; i + 1 < own->n_leaders; i++) {
        QhT1Leader *leader = &own->leaders[i], shorter = *leader;
        uint64_t room = own->leaders[i + 1].pc - leader->pc;
        if (leader->guest_bytes > room && own->n_arena + leader->n_records < QH_T1_ARENA &&
            translate(jit, hot, &shorter, (uint32_t)room)) {
            *leader = shorter;
        }
    }
}

/* Records name each other by their index. */
static void copy_records(QhIrRecord *to, const QhIrRecord *from, uint32_t n, uint32_t first)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t names = qh_ir_ops[from[i].op].names;
        to[i] = from[i];
        to[i].a += names & 1 ? first : 0;
        to[i].b += names & 2 ? first : 0;
        to[i].c += names & 4 ? first : 0;
    }
}

/* One array of all blocks. */
static void merge(QhTierCpu *own, QhT1Source *source)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < own->n_leaders; i++) {
        const QhT1Leader *leader = &own->leaders[i];
        if (leader->n_records == 0 || n + leader->n_records > QH_T1_MAX_RECORDS) {
            continue;
        }
        copy_records(own->records + n, own->arena + leader->first, leader->n_records, n);
        own->blocks[source->n_blocks++] = (QhT1Block){.pc = leader->pc,
                                                      .first = n,
                                                      .n_records = leader->n_records,
                                                      .n_insns = leader->n_insns,
                                                      .guest_bytes = leader->guest_bytes,
                                                      .entry = TRUE};
        n += leader->n_records;
    }
    source->records = own->records;
    source->blocks = own->blocks;
    source->n_records = n;
}

gboolean qh_t1_collect(QhJitCpu *jit, const QhCode *code, uint32_t max_blocks, QhT1Source *ret)
{
    QhEngine *engine = jit->engine;
    QhTierCpu *own = jit->tier;

    own->n_arena = own->n_insns = 0;
    own->n_leaders = 1;
    own->leaders[0] = (QhT1Leader){.pc = code->key.pc};
    for (uint32_t i = 0; i < own->n_leaders; i++) {
        QhT1Leader *leader = &own->leaders[i];
        if (own->n_arena > QH_T1_MAX_RECORDS || own->n_insns > QH_T1_MAX_INSNS / 2 ||
            !translate(jit, code, leader, UINT32_MAX)) {
            if (i == 0) {
                return FALSE;
            }
            continue;
        }
        own->n_insns += leader->n_insns;
        follow(jit, code, leader, max_blocks);
    }
    qsort(own->leaders, own->n_leaders, sizeof(own->leaders[0]), by_pc);
    cut(jit, code);
    *ret = (QhT1Source){.context = &engine->ir,
                        .page = code->key.pc & ~(uint64_t)((1u << QH_PAGE_BITS_MIN) - 1),
                        .state_key = code->key.state_key,
                        .granule_bits = QH_PAGE_BITS_MIN,
                        .nan_rule = jit->fp_nan_rule,
                        .tininess_before_rounding = jit->fp_tininess != 0,
                        .flags = engine->counts ? QH_CODE_ICOUNT : 0,
                        .alone = qh_machine_n_vcpus(jit->machine) < 2};
    for (uint32_t i = 0; i < jit->mmu.n_indices; i++) {
        ret->tlb[i] = (int32_t)((const char *)&jit->mmu.entries[i * QH_TLB_ENTRIES] -
                                (const char *)(jit + 1));
    }
    merge(own, ret);
    return TRUE;
}
