/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From pc to a block: look it up by its physical key, or fetch, translate, validate, lower, and
 * put it into the store, unless the page changed meanwhile; then all over again.
 *
 * Code that is not in RAM, or on a page whose protection is finer than a page, becomes a block of
 * one instruction that is used once.
 */
#include "core/host/log.h"
#include "core/jit/engine-priv.h"

#include <string.h>
/* Off: /t1/recycle-beside, three CPUs with recycled code memory, crashes with it. */
#define TRIMS 0

/* One attempt to make a block. */
typedef struct Attempt {
    QhEngine *engine;
    QhJitCpu *jit;
    QhCodeKey key;
    QhTlbPage page;       /* of the first byte */
    gboolean in_ram;      /* a block that may stay */
    uint64_t second_page; /* RAM address, once fetch has reached the next page */
    gboolean second_odd;  /* it did, and that page is not plain RAM */
    uint64_t changes[2];
    gboolean watched[2];
    QhBlock block;
} Attempt;

static uint64_t ram_address(const QhTlbPage *page, uint64_t in_page)
{
    return page->ram->base + page->offset + in_page;
}

/* Blocks may stay if whole pages of RAM are behind them. */
static gboolean is_steady(const QhTlbPage *page)
{
    return page->ram != NULL && page->cached;
}

gboolean qh_engine_watch(QhJitCpu *jit, const QhTlbPage *page, uint64_t *ret_changes)
{
    QhMachine *machine = jit->machine;
    QhEngine *engine = jit->engine;
    uint8_t *flags = &page->ram->page_flags[page->offset >> QH_PAGE_BITS_MIN];
    uint8_t old = QH_PAGE_CODE;
    gboolean watched;

    g_mutex_lock(&engine->lock);
    watched = qh_code_watch(engine->store, ram_address(page, 0), ret_changes);
    if (watched) {
        old = __atomic_fetch_or(flags, QH_PAGE_CODE, __ATOMIC_SEQ_CST);
    }
    g_mutex_unlock(&engine->lock);
    if (old & QH_PAGE_CODE) {
        return watched;
    }
    for (guint i = 0; i < qh_machine_n_vcpus(machine); i++) {
        QhJitCpu *other = qh_jit_of(qh_vcpu_state(qh_machine_vcpu(machine, i)));
        qh_softmmu_mark_code(other, page->ram->host + page->offset);
        if (other != jit) { /* it may know the page for some turns of a loop */
            __atomic_fetch_or(&qh_jit_state(other)->exit_request, QH_EXIT_REQUEST_LOOK,
                              __ATOMIC_SEQ_CST);
        }
    }
    return TRUE;
}

static void watch_page(Attempt *attempt, uint32_t which, const QhTlbPage *page)
{
    attempt->watched[which] = qh_engine_watch(attempt->jit, page, &attempt->changes[which]);
    attempt->in_ram = attempt->in_ram && attempt->watched[which];
}

static void unwatch_pages(Attempt *attempt)
{
    const uint64_t pages[2] = {attempt->key.ram_address, attempt->second_page};

    g_mutex_lock(&attempt->engine->lock);
    for (uint32_t i = 0; i < 2; i++) {
        if (attempt->watched[i]) {
            qh_code_unwatch(attempt->engine->store, pages[i]);
            attempt->watched[i] = FALSE;
        }
    }
    g_mutex_unlock(&attempt->engine->lock);
}

/* Bytes of code at @address, inside one granule. */
static gboolean fetch_bytes(QhJitCpu *jit,
                            const QhTlbPage *page,
                            uint64_t address,
                            uint8_t *to,
                            uint32_t bytes,
                            QhMemFault *fault)
{
    uint64_t in_page = address & jit->mmu.granule_mask;

    if (page->ram != NULL) {
        memcpy(to, page->ram->host + page->offset + in_page, bytes);
        return TRUE;
    }
    for (uint32_t done = 0, step; done < bytes; done += step) {
        uint64_t value;
        step = bytes - done >= 4 && ((in_page + done) & 3) == 0   ? 4
               : bytes - done >= 2 && ((in_page + done) & 1) == 0 ? 2
                                                                  : 1;
        if (page->io == NULL ||
            qh_io_read(page->io, page->offset + in_page + done, step, G_BYTE_ORDER == G_BIG_ENDIAN,
                       page->attrs | QH_ATTR_FETCH, &value) != QH_BUS_OK) {
            fault->address = address + done;
            fault->phys = page->phys + in_page + done;
            return FALSE;
        }
        for (uint32_t i = 0; i < step; i++) {
            uint32_t shift = 8 * (G_BYTE_ORDER == G_BIG_ENDIAN ? step - 1 - i : i);
            to[done + i] = (uint8_t)(value >> shift);
        }
    }
    return TRUE;
}

static uint32_t fetch_index(const QhCpu *cpu)
{
    return cpu->state_key & 15;
}

static void bus_fault(QhJitCpu *jit, QhMemFault *fault)
{
    fault->size = sizeof(*fault);
    fault->kind = QH_FAULT_BUS;
    fault->access = QH_ACCESS_FETCH;
    fault->mmu_index = fetch_index(qh_jit_state(jit));
    qh_softmmu_fault(jit, fault);
}

/* QhBlock.fetch */
static const uint8_t *fetch_more(QhBlock *block, uint32_t offset, uint32_t length)
{
    Attempt *attempt = block->host;
    QhJitCpu *jit = attempt->jit;
    uint64_t address = block->pc + offset;
    uint8_t *to = jit->scratch->fetched;
    QhMemFault fault = {0};
    QhTlbPage page;

    if (length > sizeof(jit->scratch->fetched) ||
        (address & jit->mmu.granule_mask) + length > jit->mmu.granule_mask + 1) {
        block->status |= QH_BLOCK_FETCH_FAULT;
        qh_engine_give_up(jit, "the translator fetched beyond the next page");
        return NULL;
    }
    if (!qh_softmmu_find(jit, address, QH_ACCESS_FETCH, fetch_index(block->cpu), &page)) {
        block->status |= QH_BLOCK_FETCH_FAULT;
        return NULL;
    }
    if (attempt->in_ram && is_steady(&page) && jit->mmu.granule_bits == QH_PAGE_BITS_MIN) {
        if (!attempt->watched[1]) {
            attempt->second_page = ram_address(&page, 0);
            watch_page(attempt, 1, &page);
        }
    } else {
        attempt->second_odd = TRUE;
    }
    if (!fetch_bytes(jit, &page, address, to, length, &fault)) {
        block->status |= QH_BLOCK_FETCH_FAULT;
        bus_fault(jit, &fault);
        return NULL;
    }
    return to;
}

/* The first bytes: all to the end of the page, or as few as possible where reading has effects. */
static gboolean fetch_first(Attempt *attempt)
{
    QhJitCpu *jit = attempt->jit;
    const QhTlbPage *page = &attempt->page;
    uint64_t pc = attempt->key.pc, mask = jit->mmu.granule_mask;
    uint32_t bits = page->range_bits < jit->mmu.granule_bits ? page->range_bits : 12;
    QhMemFault fault = {0};

    if (page->ram == NULL) {
        bits = 2;
    }
    mask = MIN(mask, (G_GUINT64_CONSTANT(1) << bits) - 1);
    attempt->block.code_bytes = (uint32_t)(mask - (pc & mask) + 1);
    attempt->block.code = jit->scratch->code;
    if (!fetch_bytes(jit, page, pc, jit->scratch->code, attempt->block.code_bytes, &fault)) {
        bus_fault(jit, &fault);
        return FALSE;
    }
    return TRUE;
}

static void log_block(const Attempt *attempt)
{
    const QhEngine *engine = attempt->engine;
    const QhTranslatorOps *ops = engine->cluster->translator_ops;
    void *ctx = engine->cluster->translator_slot.ctx;
    QhHost *host = qh_machine_host(attempt->jit->machine);
    QhLog *log = host != NULL ? qh_host_log(host) : NULL;
    uint32_t mask = log != NULL && qh_log_in_filter(log, attempt->key.pc) ? qh_log_mask(log) : 0;

    if ((mask & QH_LOG_IN_ASM) && ops->disassemble != NULL) {
        g_autoptr(GString) text = g_string_new(NULL);
        uint32_t at = 0, bytes = 1;
        while (at < attempt->block.guest_bytes && at < attempt->block.code_bytes && bytes > 0) {
            g_autofree char *line =
                ops->disassemble(ctx, attempt->key.pc + at, attempt->key.state_key,
                                 attempt->block.code + at, attempt->block.code_bytes - at, &bytes);
            g_string_append_printf(text, "0x%" G_GINT64_MODIFIER "x: %s\n", attempt->key.pc + at,
                                   line);
            at += bytes;
        }
        qh_log_text(log, QH_LOG_IN_ASM, text->str);
    }
    if (mask & QH_LOG_IR) {
        g_autofree char *text =
            qh_ir_dump(&engine->ir, attempt->block.records, attempt->block.n_records);
        qh_log_text(log, QH_LOG_IR, text);
    }
}

/* Records from the translator. FALSE: a fault was entered, or the engine gave up. */
static gboolean translate_some(Attempt *attempt)
{
    QhEngine *engine = attempt->engine;
    const QhTranslatorOps *ops = engine->cluster->translator_ops;
    QhBlock *block = &attempt->block;

    for (uint32_t max = block->max_insns;; max /= 2) {
        block->max_insns = max;
        block->status = block->n_records = block->n_insns = block->guest_bytes = 0;
        if (max == 0) {
            qh_engine_give_up(attempt->jit, "one instruction needs more records than a block has");
            return FALSE;
        }
        gboolean ok = ops->translate(engine->cluster->translator_slot.ctx, block);
        if (block->status & QH_BLOCK_FETCH_FAULT) {
            return FALSE;
        }
        if (!(block->status & QH_BLOCK_OVERFLOW)) {
            if (!ok || block->n_records > block->capacity) {
                qh_engine_give_up(attempt->jit, "the translator failed without a reason");
                return FALSE;
            }
            return TRUE;
        }
    }
}

/* The same, ending before a breakpoint, and checked. */
static gboolean translate(Attempt *attempt)
{
    QhEngine *engine = attempt->engine;
    QhBlock *block = &attempt->block;
    g_autoptr(GError) error = NULL;
    uint32_t before;

    if (!translate_some(attempt)) {
        return FALSE;
    }
    before = qh_engine_insns_before_breakpoint(engine, block);
    if (before < block->n_insns) {
        block->max_insns = before;
        if (!translate_some(attempt)) {
            return FALSE;
        }
    }
    if (!qh_ir_validate(&engine->ir, block->records, block->n_records, &error)) {
        g_autofree char *text = qh_ir_dump(&engine->ir, block->records, block->n_records);
        g_autofree char *why =
            g_strdup_printf("bad code from the translator: %s\n%s", error->message, text);
        qh_engine_give_up(attempt->jit, why);
        return FALSE;
    }
    log_block(attempt);
    return TRUE;
}

static void set_up_source(const Attempt *attempt, QhT0Source *source)
{
    const QhJitCpu *jit = attempt->jit;

    *source = (QhT0Source){.context = &attempt->engine->ir,
                           .records = attempt->block.records,
                           .n_records = attempt->block.n_records,
                           .pc = attempt->key.pc,
                           .n_insns = attempt->block.n_insns,
                           .granule_bits = jit->mmu.granule_bits,
                           .plain = attempt->engine->plain,
                           .chains = attempt->in_ram && attempt->second_page == 0 &&
                                     !qh_engine_sees_all(attempt->engine),
                           .leaves = (attempt->key.flags & QH_CODE_SINGLE) != 0,
                           .calls = attempt->engine->calls};
    for (uint32_t i = 0; i < jit->mmu.n_indices; i++) {
        source->tlb[i] = (int32_t)((const char *)&jit->mmu.entries[i * QH_TLB_ENTRIES] -
                                   (const char *)(jit + 1));
    }
}

static void fill_code(const Attempt *attempt,
                      QhCode *code,
                      const QhT0Op *ops,
                      uint32_t n_ops,
                      const uint16_t *insns,
                      uint32_t n_insns)
{
    code->key = attempt->key;
    code->relative = attempt->engine->points.n_breakpoints == 0 &&
                     (attempt->block.status & QH_BLOCK_RELATIVE) != 0;
    code->bytes = attempt->block.guest_bytes;
    code->first_bytes = code->bytes;
    if (attempt->second_page != 0) {
        uint64_t mask = attempt->jit->mmu.granule_mask;
        uint64_t room = mask - (attempt->key.pc & mask) + 1;
        code->second_page = attempt->second_page;
        code->first_bytes = (uint32_t)MIN(room, code->bytes);
    }
    memcpy(code->ops, ops, n_ops * sizeof(*ops));
    memcpy((void *)code->insns, insns, n_insns * sizeof(*insns));
    code->links = qh_t0_link(code->ops, n_ops);
}

/* A block for this once. */
static QhCode *make_loose(
    Attempt *attempt, const QhT0Op *ops, uint32_t n_ops, const uint16_t *insns, uint32_t n_insns)
{
    QhScratch *scratch = attempt->jit->scratch;

    g_free(scratch->loose);
    scratch->loose = qh_code_new_loose(n_ops, n_insns);
    if (scratch->loose == NULL) {
        qh_engine_give_up(attempt->jit, "no memory for translated code");
        return NULL;
    }
    attempt->second_page = 0;
    fill_code(attempt, scratch->loose, ops, n_ops, insns, n_insns);
    return scratch->loose;
}

/* What was compiled for one address of the page only. The lock is held. */
static void unpin(QhEngine *engine, uint64_t address)
{
    void **regions = qh_code_regions(engine->store, address);

    if (engine->tier != NULL && regions != NULL) {
        qh_tier_unpin(engine->tier, regions);
    }
}

/* Blocks on one page may be compiled later. */
static void warm(const QhEngine *engine, QhCode *code)
{
    if (engine->tier != NULL && code->key.flags == 0 && code->second_page == 0) {
        code->dull = FALSE;
        code->heat = (int32_t)engine->options.threshold + 1;
    }
}

/* Into the store. NULL with *@ret_full FALSE: the bytes changed meanwhile. */
static QhCode *make_steady(Attempt *attempt,
                           const QhT0Op *ops,
                           uint32_t n_ops,
                           const uint16_t *insns,
                           uint32_t n_insns,
                           gboolean *ret_full)
{
    QhCodeStore *store = attempt->engine->store;
    QhCode *code = NULL;

    *ret_full = FALSE;
    g_mutex_lock(&attempt->engine->lock);
    if (qh_code_unchanged(store, attempt->key.ram_address, attempt->changes[0]) &&
        (attempt->second_page == 0 ||
         qh_code_unchanged(store, attempt->second_page, attempt->changes[1]))) {
        code = qh_code_alloc(store, n_ops, n_insns);
        *ret_full = code == NULL;
    }
    if (code != NULL) {
        fill_code(attempt, code, ops, n_ops, insns, n_insns);
        warm(attempt->engine, code);
        if (qh_code_insert(store, code)) {
            unpin(attempt->engine, code->key.ram_address);
        }
        /* in lockstep a CPU keeps a block while another one may be alone */
        if (TRIMS && qh_code_is_plump(store) && attempt->engine->options.lockstep == 0) {
            attempt->jit->flush_wanted = QH_FLUSH_COLD;
        }
    }
    g_mutex_unlock(&attempt->engine->lock);
    return code;
}

static QhCode *make(Attempt *attempt, gboolean *ret_again)
{
    QhScratch *scratch = attempt->jit->scratch;
    uint32_t n_insns, n_ops;
    const uint16_t *insns;
    const QhT0Op *ops;
    QhT0Source source;
    gboolean full;
    QhCode *code;

    if (!fetch_first(attempt) || !translate(attempt)) {
        return NULL;
    }
    if (attempt->second_odd) {
        attempt->in_ram = FALSE;
    }
    set_up_source(attempt, &source);
    if (!qh_t0_lower(scratch->lower, &source, &ops, &n_ops, &insns)) {
        if (attempt->block.max_insns <= 1) {
            qh_engine_give_up(attempt->jit, "one instruction becomes too much code");
            return NULL;
        }
        attempt->block.max_insns = 1;
        return make(attempt, ret_again);
    }
    n_insns = qh_t0_lower_n_insns(scratch->lower);
    if (!attempt->in_ram) {
        return make_loose(attempt, ops, n_ops, insns, n_insns);
    }
    code = make_steady(attempt, ops, n_ops, insns, n_insns, &full);
    if (code == NULL && full) {
        attempt->jit->flush_wanted = QH_FLUSH_ALL;
        return make_loose(attempt, ops, n_ops, insns, n_insns);
    }
    *ret_again = code == NULL;
    return code;
}

static QhCode *attempt_block(QhEngine *engine,
                             QhJitCpu *jit,
                             const QhCodeKey *key,
                             const QhTlbPage *page,
                             gboolean *ret_again)
{
    QhCpu *cpu = qh_jit_state(jit);
    Attempt attempt = {.engine = engine, .jit = jit, .key = *key, .page = *page};
    QhCode *code;

    attempt.in_ram = is_steady(page);
    attempt.block = (QhBlock){.size = sizeof(attempt.block),
                              .flags = key->flags & QH_CODE_SINGLE ? QH_BLOCK_SINGLE_STEP : 0,
                              .pc = key->pc,
                              .state_key = key->state_key,
                              .max_insns = QH_ENGINE_MAX_INSNS,
                              .cpu = cpu,
                              .fetch = fetch_more,
                              .records = jit->scratch->records,
                              .capacity = QH_IR_MAX_RECORDS,
                              .host = &attempt};
    if (!attempt.in_ram || (key->flags & QH_CODE_SINGLE)) {
        attempt.block.max_insns = 1;
    } else if (QH_CODE_LIMIT_GET(key->flags) != 0) {
        attempt.block.max_insns = MIN(QH_CODE_LIMIT_GET(key->flags), QH_ENGINE_MAX_INSNS);
    }
    if (attempt.in_ram) {
        watch_page(&attempt, 0, page);
    }
    code = make(&attempt, ret_again);
    unwatch_pages(&attempt);
    return code;
}

/* Found in the store; a block on two pages must find the same second page as when it was made. */
static QhCode *look_up(QhEngine *engine, QhJitCpu *jit, const QhCodeKey *key)
{
    uint64_t next = (key->pc | jit->mmu.granule_mask) + 1, second_page = 0;
    QhTlbPage page;
    QhCode *code;

    g_mutex_lock(&engine->lock);
    code = qh_code_find(engine->store, key);
    if (code != NULL) {
        second_page = code->second_page;
        if (qh_code_use_at(engine->store, code, key->pc)) {
            unpin(engine, key->ram_address);
        }
    }
    g_mutex_unlock(&engine->lock);
    if (code == NULL || second_page == 0) {
        return code;
    }
    if (!qh_softmmu_find(jit, next, QH_ACCESS_FETCH, fetch_index(qh_jit_state(jit)), &page)) {
        return NULL;
    }
    if (is_steady(&page) && ram_address(&page, 0) == second_page) {
        return code;
    }
    g_mutex_lock(&engine->lock);
    if (!code->invalid) {
        qh_engine_invalidate_page(engine, key->ram_address, 1);
    }
    g_mutex_unlock(&engine->lock);
    return NULL;
}

QhCode *qh_engine_find(QhEngine *engine, QhJitCpu *jit, uint32_t flags)
{
    QhCpu *cpu = qh_jit_state(jit);
    QhCodeKey key = {.pc = cpu->pc, .state_key = cpu->state_key, .flags = flags};
    gboolean again = TRUE;
    QhCode *code = NULL;
    QhTlbPage page;

    if (engine->points.n_breakpoints > 0 && !(flags & QH_CODE_SINGLE) &&
        qh_engine_has_breakpoint(engine, key.pc)) {
        jit->stop = (QhDebugStop){.kind = QH_STOP_BREAKPOINT, .address = key.pc};
        return NULL;
    }
    if (fetch_index(cpu) >= jit->mmu.n_indices) {
        qh_engine_give_up(jit, "the state key names an mmu index that the target does not have");
        return NULL;
    }
    while (again && code == NULL) {
        again = FALSE;
        if (!qh_softmmu_find(jit, key.pc, QH_ACCESS_FETCH, fetch_index(cpu), &page)) {
            return NULL;
        }
        if (is_steady(&page)) {
            key.ram_address = ram_address(&page, key.pc & jit->mmu.granule_mask);
            code = look_up(engine, jit, &key);
        } else {
            key.ram_address = 0;
        }
        if (code == NULL && !cpu->unwind) {
            code = attempt_block(engine, jit, &key, &page, &again);
        }
    }
    if (code != NULL && flags == 0 && key.ram_address != 0 && code != jit->scratch->loose &&
        key.state_key == cpu->state_key) {
        /* also when each block is seen: what is compiled notes its jumps by itself */
        qh_jit_note_code(jit, key.pc, &page, code->second_page != 0);
        if (!qh_engine_sees_all(engine)) {
            qh_jit_note_jump(jit, key.pc, code, qh_tier_no_code(engine->tier));
        }
    }
    return code;
}
