/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units: run, put back, run again, compare. */
#include "core/host/log.h"
#include "core/jit/lockstep-priv.h"

#include <string.h>

#define PAGE_BYTES (1u << QH_PAGE_BITS_MIN)
#define EXIT_BIT   (1u << 16) /* of exit_request: set by nobody else */

QhLockstep *qh_lockstep_new(QhJitCpu *jit)
{
    QhLockstep *lockstep = g_new0(QhLockstep, 1);
    uint32_t bytes = (jit->cpu_ops->state_size + 7) & ~7u;

    lockstep->jit = jit;
    lockstep->run = qh_tier_run;
    lockstep->state_bytes = bytes;
    lockstep->before = g_malloc0(bytes);
    lockstep->compiled = g_malloc0(bytes);
    lockstep->helper_before = g_malloc0(bytes);
    lockstep->pool = g_try_malloc(2 * QH_LOCKSTEP_PAGES * PAGE_BYTES);
    lockstep->direct = g_ptr_array_new();
    lockstep->events = g_array_new(FALSE, FALSE, sizeof(QhLockstepEvent));
    lockstep->deltas = g_array_new(FALSE, FALSE, sizeof(QhLockstepDelta));
    lockstep->ranges = g_array_new(FALSE, FALSE, sizeof(QhLockstepRange));
    lockstep->blocks = g_array_new(FALSE, FALSE, sizeof(QhCodeKey));
    lockstep->data = g_byte_array_new();
    if (lockstep->pool == NULL) {
        qh_lockstep_free(lockstep);
        return NULL;
    }
    return lockstep;
}

void qh_lockstep_free(QhLockstep *lockstep)
{
    if (lockstep == NULL) {
        return;
    }
    g_ptr_array_unref(lockstep->direct);
    g_array_unref(lockstep->events);
    g_array_unref(lockstep->deltas);
    g_array_unref(lockstep->ranges);
    g_array_unref(lockstep->blocks);
    g_byte_array_unref(lockstep->data);
    g_free(lockstep->before);
    g_free(lockstep->compiled);
    g_free(lockstep->helper_before);
    g_free(lockstep->pool);
    g_free(lockstep->difference);
    g_free(lockstep);
}

void qh_lockstep_stats(const QhLockstep *lockstep, QhLockstepStats *ret)
{
    *ret = lockstep->stats;
}

void qh_lockstep_differ(QhLockstep *lockstep, const char *format, ...)
{
    va_list args;

    if (lockstep->difference == NULL) {
        va_start(args, format);
        lockstep->difference = g_strdup_vprintf(format, args);
        va_end(args);
    }
}

gboolean qh_lockstep_is_host_word(uint32_t offset)
{
    return offset < offsetof(QhCpu, pc) || offset == offsetof(QhCpu, irq_lines) ||
           offset / 8 == offsetof(QhCpu, exit_request) / 8 ||
           offset / 8 == offsetof(QhCpu, unwind) / 8;
}
_Static_assert(offsetof(QhCpu, halted) / 8 == offsetof(QhCpu, exit_request) / 8 &&
                   offsetof(QhCpu, fp_flags) / 8 == offsetof(QhCpu, unwind) / 8,
               "these two are looked at by themselves");

static QhLockstepPage *find_page(QhLockstep *lockstep, const QhRam *ram, uint64_t offset)
{
    for (uint32_t i = 0; i < lockstep->n_pages; i++) {
        if (lockstep->pages[i].ram == ram && lockstep->pages[i].offset == offset) {
            return &lockstep->pages[i];
        }
    }
    return NULL;
}

void qh_lockstep_before_write(QhJitCpu *jit, QhRam *ram, uint64_t offset, uint32_t bytes)
{
    QhLockstep *lockstep = jit->lockstep;
    uint64_t page = offset & ~(uint64_t)(PAGE_BYTES - 1);

    if (lockstep->phase == QH_LOCKSTEP_OFF) {
        return;
    }
    if (find_page(lockstep, ram, page) == NULL) {
        if (lockstep->n_pages == QH_LOCKSTEP_PAGES) {
            lockstep->lost = TRUE;
            return;
        }
        uint8_t *copy = lockstep->pool + lockstep->n_pages * PAGE_BYTES;
        memcpy(copy, ram->host + page, PAGE_BYTES);
        lockstep->pages[lockstep->n_pages++] = (QhLockstepPage){ram, page, copy};
    }
    if (lockstep->in_helper) {
        QhLockstepRange range = {ram, offset, bytes, 0};
        g_array_append_val(lockstep->ranges, range);
    }
}

void qh_lockstep_before_walk(QhJitCpu *jit, QhRam *ram, uint64_t offset, uint32_t bytes)
{
    qh_lockstep_before_write(jit, ram, offset, bytes);
    if (jit->lockstep->phase == QH_LOCKSTEP_RECORD) {
        qh_lockstep_skip(jit);
    }
}

void qh_lockstep_skip(QhJitCpu *jit)
{
    jit->lockstep->lost = TRUE; /* until the unit's end */
}

gboolean qh_lockstep_direct(QhJitCpu *jit, const QhTlbPage *page, QhTlbEntry *entry)
{
    QhLockstep *lockstep = jit->lockstep;

    /* what helpers write has to be seen */
    if (lockstep->phase == QH_LOCKSTEP_OFF || lockstep->in_helper ||
        find_page(lockstep, page->ram, page->offset & ~(uint64_t)(PAGE_BYTES - 1)) == NULL) {
        return FALSE;
    }
    g_ptr_array_add(lockstep->direct, entry);
    return TRUE;
}

static void forget_unit(QhLockstep *lockstep)
{
    for (guint i = 0; i < lockstep->direct->len; i++) {
        QhTlbEntry *entry = lockstep->direct->pdata[i];
        if (!(entry->tag[QH_ACCESS_WRITE] & lockstep->jit->mmu.granule_mask)) {
            __atomic_fetch_or(&entry->tag[QH_ACCESS_WRITE], QH_TLB_SLOW, __ATOMIC_SEQ_CST);
        }
    }
    g_ptr_array_set_size(lockstep->direct, 0);
    g_array_set_size(lockstep->events, 0);
    g_array_set_size(lockstep->deltas, 0);
    g_array_set_size(lockstep->ranges, 0);
    g_array_set_size(lockstep->blocks, 0);
    g_byte_array_set_size(lockstep->data, 0);
    lockstep->n_pages = lockstep->next_event = 0;
    lockstep->lost = FALSE;
    lockstep->phase = QH_LOCKSTEP_OFF;
}

/* Code made from bytes that change is no longer valid. */
static void drop_code(const QhLockstepPage *page)
{
    uint32_t first = 0, last = PAGE_BYTES;
    const uint8_t *now = page->ram->host + page->offset;

    if (!(__atomic_load_n(&page->ram->page_flags[page->offset >> QH_PAGE_BITS_MIN],
                          __ATOMIC_SEQ_CST) &
          QH_PAGE_CODE)) {
        return;
    }
    while (first < last && now[first] == page->copy[first]) {
        first++;
    }
    while (last > first && now[last - 1] == page->copy[last - 1]) {
        last--;
    }
    if (first < last) {
        qh_ram_note_write(page->ram, page->offset + first, last - first);
    }
}

/* The second half of the pool: pages as they were before the unit. */
static uint8_t *old_page(const QhLockstep *lockstep, uint32_t i)
{
    return lockstep->pool + (QH_LOCKSTEP_PAGES + i) * PAGE_BYTES;
}

/* Put RAM back; what compiled code made of it is kept. */
static void put_pages(QhLockstep *lockstep)
{
    for (uint32_t i = 0; i < lockstep->n_pages; i++) {
        QhLockstepPage *page = &lockstep->pages[i];
        uint8_t *host = page->ram->host + page->offset, *old = old_page(lockstep, i);
        drop_code(page);
        memcpy(old, page->copy, PAGE_BYTES);
        memcpy(page->copy, host, PAGE_BYTES);
        memcpy(host, old, PAGE_BYTES);
    }
    lockstep->n_compiled_pages = lockstep->n_pages;
}

/* After the interpreter: put RAM back again. */
static void put_pages_again(QhLockstep *lockstep)
{
    for (uint32_t i = 0; i < lockstep->n_pages; i++) {
        gboolean both = i < lockstep->n_compiled_pages;
        QhLockstepPage page = lockstep->pages[i];
        page.copy = both ? old_page(lockstep, i) : page.copy;
        drop_code(&page);
        memcpy(page.ram->host + page.offset, page.copy, PAGE_BYTES);
    }
    lockstep->n_pages = lockstep->n_compiled_pages;
}

static void put_state(QhLockstep *lockstep, const uint8_t *from)
{
    uint8_t *to = (uint8_t *)qh_jit_state(lockstep->jit);
    const QhCpu *cpu = (const QhCpu *)from;
    QhCpu *now = (QhCpu *)to;

    memcpy(to + offsetof(QhCpu, pc), from + offsetof(QhCpu, pc),
           offsetof(QhCpu, irq_lines) - offsetof(QhCpu, pc));
    now->halted = cpu->halted;
    now->unwind = cpu->unwind;
    now->fp_flags = cpu->fp_flags;
    memcpy(to + offsetof(QhCpu, reserved), from + offsetof(QhCpu, reserved),
           lockstep->jit->cpu_ops->state_size - offsetof(QhCpu, reserved));
}

static void get_state(const QhLockstep *lockstep, uint8_t *to)
{
    memcpy(to, qh_jit_state(lockstep->jit), lockstep->jit->cpu_ops->state_size);
}

/* Compiled code counts instructions and stops at the limit, before a block that would exceed it. */
static uint32_t run_compiled(QhJitCpu *jit, const void *native)
{
    uint64_t limit = jit->hot.icount_limit, icount = qh_jit_state(jit)->icount;
    uint32_t left;

    jit->hot.icount_limit =
        MIN(limit, icount + (uint64_t)QH_ENGINE_MAX_INSNS * jit->engine->options.lockstep);
    left = jit->lockstep->run(jit, native);
    jit->hot.icount_limit = limit;
    return left;
}

/* Where @code shall end: before the next block that was compiled. */
static QhCode *cut(QhJitCpu *jit, QhCode *code)
{
    QhCodeStore *store = jit->engine->store;

    for (uint32_t n = 1; n < code->n_insns; n++) {
        QhCode *shorter = qh_engine_find(jit->engine, jit, QH_CODE_LIMIT(n)), *next;
        QhCodeKey key = code->key;
        if (shorter == NULL) {
            break;
        }
        key.pc += shorter->bytes;
        key.ram_address += shorter->bytes;
        next = qh_code_find(store, &key); /* no other CPU runs */
        if (next != NULL && next->native != NULL) {
            return shorter;
        }
    }
    return code;
}

/* The block at pc, of at most @limit instructions. */
static QhCode *find_block(QhLockstep *lockstep, uint64_t limit, gboolean alone)
{
    QhJitCpu *jit = lockstep->jit;
    QhCode *code = NULL;

    if (!alone && lockstep->split != QH_SPLIT_ALL) {
        code = qh_engine_find(jit->engine, jit, 0);
    }
    if (code != NULL && lockstep->split == QH_SPLIT_COMPILED) {
        code = cut(jit, code);
    }
    if (code != NULL && code->n_insns > limit) {
        code = qh_engine_find(jit->engine, jit, QH_CODE_LIMIT(limit));
    }
    if (code == NULL && !qh_jit_state(jit)->unwind) {
        code = qh_engine_find(jit->engine, jit, QH_CODE_SINGLE);
    }
    return code;
}

/* After a block that began with @before instructions done, of @end. FALSE: stop. */
static gboolean
check_exit(QhLockstep *lockstep, const QhCode *code, uint64_t before, uint64_t end, gboolean faults)
{
    const QhCpu *cpu = qh_jit_state(lockstep->jit);

    if (lockstep->jit->broken) {
        qh_lockstep_differ(lockstep, "the interpreter gives up");
    } else if (cpu->unwind && (!faults || cpu->icount != end)) {
        qh_lockstep_differ(lockstep,
                           "only the interpreter enters an exception, %" G_GINT64_FORMAT
                           " instructions before the end",
                           (int64_t)(end - cpu->icount));
    } else if (cpu->unwind) {
        return FALSE;
    } else if (cpu->icount > end) {
        qh_lockstep_differ(lockstep, "only compiled code enters an exception");
    } else if (cpu->icount == before && code == NULL) {
        qh_lockstep_differ(lockstep, "the interpreter finds no code");
    }
    return lockstep->difference == NULL;
}

/* The same instructions once more: @n of them, and one that does not come to its end if @faults.
 * A bit of exit_request is set, so that no block leads to the next by itself. */
static void interpret(QhLockstep *lockstep, uint64_t n, gboolean faults)
{
    QhJitCpu *jit = lockstep->jit;
    QhCpu *cpu = qh_jit_state(jit);
    uint64_t end = cpu->icount + n;
    gboolean alone = FALSE, more = TRUE;

    while (more && (cpu->icount < end || faults)) {
        uint64_t icount = cpu->icount;
        QhCode *code = find_block(lockstep, end - icount + (faults != FALSE), alone);
        if (code != NULL && !cpu->unwind) {
            QhCodeKey key = code->key;
            key.pc = cpu->pc;
            g_array_append_val(lockstep->blocks, key);
            jit->alone = (code->key.flags & QH_CODE_SINGLE) != 0;
            qh_t0_run(jit, code);
            jit->alone = 0;
        }
        jit->code = NULL;
        jit->link = NULL;
        alone = cpu->unwind && jit->retry != QH_RETRY_NONE;
        if (alone) {
            cpu->unwind = jit->retry = QH_RETRY_NONE;
        } else {
            more = check_exit(lockstep, code, icount, end, faults);
        }
    }
}

/* The slot at this word of the state. */
static void name_word(QhLockstep *lockstep, uint32_t at)
{
    const QhStateTable *table = lockstep->jit->cpu_ops->state;
    const uint8_t *now = (const uint8_t *)qh_jit_state(lockstep->jit);
    const char *name = at == offsetof(QhCpu, pc)       ? "pc"
                       : at == offsetof(QhCpu, icount) ? "icount"
                                                       : NULL;
    uint64_t a, b;

    memcpy(&a, lockstep->compiled + at, 8);
    memcpy(&b, now + at, 8);
    for (uint32_t i = 0; i < table->n_fields && name == NULL; i++) {
        const QhStateField *field = qh_ir_slot(table, i);
        uint32_t bytes = qh_ir_type_bytes(field->type) * MAX(field->count, 1);
        if (at < field->offset + bytes && field->offset < at + 8) {
            name = field->name;
        }
    }
    qh_lockstep_differ(lockstep,
                       "%s, state word %u: compiled 0x%" G_GINT64_MODIFIER
                       "x, interpreted 0x%" G_GINT64_MODIFIER "x",
                       name != NULL ? name : "no slot", at, a, b);
}

static void compare_state(QhLockstep *lockstep)
{
    const uint8_t *now = (const uint8_t *)qh_jit_state(lockstep->jit);
    const QhCpu *a = (const QhCpu *)lockstep->compiled, *b = (const QhCpu *)now;
    uint32_t end = lockstep->jit->cpu_ops->state_size;

    if (a->halted != b->halted || a->fp_flags != b->fp_flags) {
        qh_lockstep_differ(lockstep, "halted: %u, %u; fp_flags: 0x%x, 0x%x", a->halted, b->halted,
                           a->fp_flags, b->fp_flags);
    }
    if (memcmp(now + offsetof(QhCpu, pc), lockstep->compiled + offsetof(QhCpu, pc),
               offsetof(QhCpu, irq_lines) - offsetof(QhCpu, pc)) == 0 &&
        memcmp(now + offsetof(QhCpu, reserved), lockstep->compiled + offsetof(QhCpu, reserved),
               end - offsetof(QhCpu, reserved)) == 0) {
        return;
    }
    for (uint32_t at = offsetof(QhCpu, pc); at < end; at += 8) {
        if (memcmp(now + at, lockstep->compiled + at, MIN(8, end - at)) != 0 &&
            !qh_lockstep_is_host_word(at)) {
            name_word(lockstep, at);
            return;
        }
    }
}

static void compare_pages(QhLockstep *lockstep)
{
    for (uint32_t i = 0; i < lockstep->n_pages; i++) {
        const QhLockstepPage *page = &lockstep->pages[i];
        const uint8_t *now = page->ram->host + page->offset;
        uint32_t at = 0;
        if (memcmp(now, page->copy, PAGE_BYTES) == 0) {
            continue;
        }
        while (now[at] == page->copy[at]) {
            at++;
        }
        qh_lockstep_differ(lockstep,
                           "memory: %s + 0x%" G_GINT64_MODIFIER "x: compiled 0x%02x, "
                           "interpreted 0x%02x",
                           page->ram->name, page->offset + at, page->copy[at], now[at]);
        return;
    }
}

static void give_up(QhLockstep *lockstep, uint32_t left, uint64_t n_insns)
{
    QhJitCpu *jit = lockstep->jit;
    QhHost *host = qh_machine_host(jit->machine);
    g_autofree char *path = g_strdup_printf("lockstep-%u-%" G_GUINT64_FORMAT ".txt",
                                            qh_jit_state(jit)->index, lockstep->stats.n_units);
    g_autofree char *text = qh_lockstep_report(lockstep, left, n_insns);
    g_autofree char *why = NULL;
    g_autoptr(GError) error = NULL;

    if (g_file_set_contents(path, text, -1, &error)) {
        why = g_strdup_printf("lockstep: %s; see %s", lockstep->difference, path);
    } else {
        why = g_strdup_printf("lockstep: %s; %s\n%s", lockstep->difference, error->message, text);
    }
    qh_engine_give_up(jit, why);
    if (host != NULL) {
        qh_host_quit(host, 1);
    }
}

static void interpret_and_compare(QhLockstep *lockstep, uint64_t n_insns, gboolean faults)
{
    QhCpu *cpu = qh_jit_state(lockstep->jit);

    put_state(lockstep, lockstep->before);
    cpu->unwind = 0;
    g_array_set_size(lockstep->blocks, 0);
    lockstep->next_event = 0;
    __atomic_fetch_or(&cpu->exit_request, EXIT_BIT, __ATOMIC_SEQ_CST);
    interpret(lockstep, n_insns, faults);
    __atomic_fetch_and(&cpu->exit_request, ~EXIT_BIT, __ATOMIC_SEQ_CST);
    if (lockstep->difference == NULL && lockstep->next_event != lockstep->events->len) {
        qh_lockstep_differ(lockstep, "calls and accesses to devices: compiled %u, interpreted %u",
                           lockstep->events->len, lockstep->next_event);
    }
    if (lockstep->difference == NULL) {
        compare_state(lockstep);
        compare_pages(lockstep);
    }
}

/*
 * RAM and state are then as compiled code left them. A translator may call another helper for an
 * instruction when it knows more about what comes before, and that depends on where blocks begin:
 * they are split in another way before a difference counts.
 */
static void verify(QhLockstep *lockstep, uint32_t left, uint64_t n_insns, gboolean faults)
{
    lockstep->phase = QH_LOCKSTEP_REPLAY;
    lockstep->split = QH_SPLIT_NONE;
    put_pages(lockstep);
    interpret_and_compare(lockstep, n_insns, faults);
    while (lockstep->difference != NULL && lockstep->split < QH_SPLIT_ALL) {
        g_clear_pointer(&lockstep->difference, g_free);
        lockstep->split++;
        lockstep->stats.n_split++;
        put_pages_again(lockstep);
        interpret_and_compare(lockstep, n_insns, faults);
    }
    if (lockstep->difference != NULL) {
        give_up(lockstep, left, n_insns);
    }
    put_state(lockstep, lockstep->compiled);
}

uint32_t qh_lockstep_unit(QhJitCpu *jit, QhCode *code, const void *native)
{
    QhLockstep *lockstep = jit->lockstep;
    QhCpu *cpu = qh_jit_state(jit);
    uint32_t stamp = jit->mmu.next_stamp, switches = jit->mmu.n_switches, left, retry;
    uint64_t icount = cpu->icount, n_insns;

    (void)code;
    get_state(lockstep, lockstep->before);
    lockstep->lost = FALSE;
    lockstep->phase = QH_LOCKSTEP_RECORD;
    left = run_compiled(jit, native);
    retry = jit->retry;
    jit->retry = QH_RETRY_NONE;
    get_state(lockstep, lockstep->compiled);
    n_insns = cpu->icount - icount;
    lockstep->stats.n_units++;
    lockstep->stats.n_insns += n_insns;
    if (lockstep->lost || (retry != QH_RETRY_NONE && lockstep->events->len > 0) ||
        jit->mmu.next_stamp != stamp || jit->mmu.n_switches != switches) {
        lockstep->stats.n_skipped++;
    } else {
        verify(lockstep, left, n_insns, left == QH_LEFT_UNWIND && retry == QH_RETRY_NONE);
    }
    jit->retry = retry;
    jit->code = NULL;
    forget_unit(lockstep);
    return jit->broken ? QH_LEFT_UNWIND : left;
}
