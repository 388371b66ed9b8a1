/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses that translated code could not do itself: not in the tables, devices, unaligned, across
 * pages, pages with translated code, other byte orders, atomics.
 *
 * An access is first cut into spans that the guest's tables answer uniformly; all are translated
 * before the first byte moves, so that a fault leaves nothing half done.
 */
#include "core/jit/engine-priv.h"
#include "core/jit/jit-cpu.h"
#include "core/jit/lockstep.h"
#include "core/jit/softmmu.h"

#include <string.h>

/* At most one access of 16 bytes: spans are as small as a byte when protection is that fine. */
#define MAX_SPANS 16u

typedef struct Span {
    QhTlbPage page;
    uint64_t address;
    uint32_t bytes;
} Span;

typedef struct Access {
    uint64_t address;
    uint32_t bytes;
    uint32_t access; /* QH_ACCESS_... for translation */
    uint32_t index;
    uint32_t memop;
    uint32_t n;
    Span span[MAX_SPANS];
} Access;

static uint64_t swap(uint64_t value, uint32_t bytes)
{
    return bytes == 2   ? GUINT16_SWAP_LE_BE((uint16_t)value)
           : bytes == 4 ? GUINT32_SWAP_LE_BE((uint32_t)value)
           : bytes == 8 ? GUINT64_SWAP_LE_BE(value)
                        : value;
}

static gboolean swapped(uint32_t memop)
{
    return ((memop & QH_MEM_BE) != 0) != (G_BYTE_ORDER == G_BIG_ENDIAN);
}

static uint64_t extend(uint64_t value, uint32_t memop)
{
    uint32_t shift = 64 - (8u << (memop & QH_MEM_SIZE_MASK));

    if ((memop & QH_MEM_SIZE_MASK) >= QH_MEM_64 || !(memop & QH_MEM_SIGNED)) {
        return value;
    }
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

static gboolean
fault_at(QhJitCpu *jit, const Access *access, uint32_t kind, uint64_t address, uint64_t phys)
{
    QhMemFault fault = {.size = sizeof(fault),
                        .kind = kind,
                        .access = access->access,
                        .mmu_index = access->index,
                        .address = address,
                        .phys = phys};

    qh_softmmu_fault(jit, &fault);
    return FALSE;
}

static uint64_t span_phys(const QhJitCpu *jit, const Span *span)
{
    return span->page.phys | (span->address & jit->mmu.granule_mask);
}

static gboolean bus_fault(QhJitCpu *jit, const Access *access, const Span *span)
{
    return fault_at(jit, access, QH_FAULT_BUS, span->address, span_phys(jit, span));
}

static uint8_t *span_host(const QhJitCpu *jit, const Span *span)
{
    return span->page.ram->host + span->page.offset + (span->address & jit->mmu.granule_mask);
}

static gboolean find_spans(QhJitCpu *jit, Access *access)
{
    uint64_t at = access->address;
    uint32_t left = access->bytes;

    while (left > 0) {
        Span *span = &access->span[access->n++];
        uint64_t mask, room;
        if (!qh_softmmu_find(jit, at, access->access, access->index, &span->page)) {
            return FALSE;
        }
        mask = (G_GUINT64_CONSTANT(1) << MIN(span->page.range_bits, jit->mmu.granule_bits)) - 1;
        room = mask - (at & mask) + 1;
        span->address = at;
        span->bytes = (uint32_t)MIN(room, left);
        at += span->bytes;
        left -= span->bytes;
    }
    return TRUE;
}

static gboolean
begin(QhJitCpu *jit, Access *access, uint64_t address, uint32_t memop, uint32_t kind)
{
    access->address = address;
    access->bytes = 1u << (memop & QH_MEM_SIZE_MASK);
    access->access = kind;
    access->index = QH_MEM_INDEX_OF(memop);
    access->memop = memop;
    access->n = 0;
    if ((memop & QH_MEM_ALIGN_MASK) == QH_MEM_ALIGN && (address & (access->bytes - 1)) != 0) {
        return fault_at(jit, access, QH_FAULT_ALIGN, address, 0);
    }
    return find_spans(jit, access);
}

/*
 * A watched access. Where the machine is to stop before it, FALSE: nothing has happened yet. Where
 * it is to stop after the instruction that is only certain when that runs alone, so FALSE makes it
 * start again that way.
 */
static gboolean watch(QhJitCpu *jit, const Access *access, uint32_t kinds)
{
    const QhWatchpoint *point =
        qh_softmmu_watchpoint(&jit->mmu, access->address, access->bytes, kinds);
    gboolean before = point != NULL && jit->engine->points.watch_before;

    if (point == NULL || jit->blind) {
        return TRUE;
    }
    if (!before && !jit->alone) {
        jit->retry = QH_RETRY_SINGLE;
        qh_jit_state(jit)->unwind = 1;
        return FALSE;
    }
    if (jit->stop.kind == QH_STOP_NONE) {
        jit->stop = (QhDebugStop){.kind = QH_STOP_WATCHPOINT,
                                  .watch = point->watch,
                                  .address = MAX(access->address, point->first)};
    }
    if (before) {
        qh_jit_state(jit)->unwind = 1;
    }
    return !before;
}

/* RAM that the access may go straight to; flash is read so, but its device takes the writes. */
static gboolean is_plain(const Access *access, const Span *span)
{
    return span->page.ram != NULL && (access->access != QH_ACCESS_WRITE || span->page.io == NULL);
}

/*
 * In deterministic mode an access to a device is an instruction that runs by itself: it reads the
 * time, moves timers and raises lines, and the CPU has to look right behind it wherever blocks
 * happen to begin and end. FALSE: the instruction starts again that way.
 */
static gboolean alone_if_io(QhJitCpu *jit, const Access *access)
{
    if (!jit->engine->counted || jit->alone ||
        (is_plain(access, &access->span[0]) && is_plain(access, &access->span[access->n - 1]))) {
        return TRUE;
    }
    jit->retry = QH_RETRY_SINGLE;
    qh_jit_state(jit)->unwind = 1;
    return FALSE;
}

/* Whole words are moved as such, so that another CPU never sees half of an aligned one. */
static uint64_t ram_load(const uint8_t *host, uint32_t bytes)
{
    uint64_t value = 0;

    if (((uintptr_t)host & (bytes - 1)) != 0) {
        memcpy((uint8_t *)&value + (G_BYTE_ORDER == G_BIG_ENDIAN ? 8 - bytes : 0), host, bytes);
        return value;
    }
    switch (bytes) {
    case 1:
        return *host;
    case 2:
        return __atomic_load_n((const uint16_t *)host, __ATOMIC_RELAXED);
    case 4:
        return __atomic_load_n((const uint32_t *)host, __ATOMIC_RELAXED);
    default:
        return __atomic_load_n((const uint64_t *)host, __ATOMIC_RELAXED);
    }
}

static void ram_store(uint8_t *host, uint32_t bytes, uint64_t value)
{
    if (((uintptr_t)host & (bytes - 1)) != 0) {
        memcpy(host, (uint8_t *)&value + (G_BYTE_ORDER == G_BIG_ENDIAN ? 8 - bytes : 0), bytes);
        return;
    }
    switch (bytes) {
    case 1:
        *host = (uint8_t)value;
        break;
    case 2:
        __atomic_store_n((uint16_t *)host, (uint16_t)value, __ATOMIC_RELAXED);
        break;
    case 4:
        __atomic_store_n((uint32_t *)host, (uint32_t)value, __ATOMIC_RELAXED);
        break;
    default:
        __atomic_store_n((uint64_t *)host, value, __ATOMIC_RELAXED);
        break;
    }
}

static uint32_t io_read(QhJitCpu *jit,
                        QhIoWindow *io,
                        uint64_t offset,
                        uint32_t width,
                        gboolean be,
                        uint32_t attrs,
                        uint64_t *ret_value)
{
    return jit->lockstep != NULL ? qh_lockstep_io_read(jit, io, offset, width, be, attrs, ret_value)
                                 : qh_io_read(io, offset, width, be, attrs, ret_value);
}

static uint32_t io_write(QhJitCpu *jit,
                         QhIoWindow *io,
                         uint64_t offset,
                         uint32_t width,
                         gboolean be,
                         uint32_t attrs,
                         uint64_t value)
{
    return jit->lockstep != NULL ? qh_lockstep_io_write(jit, io, offset, width, be, attrs, value)
                                 : qh_io_write(io, offset, width, be, attrs, value);
}

/* A power of two of bytes, at most 8, inside one span. */
static gboolean load_span(
    QhJitCpu *jit, const Access *access, const Span *span, uint32_t bytes, uint64_t *ret_value)
{
    uint64_t in_page = span->address & jit->mmu.granule_mask;

    if (span->page.ram != NULL) {
        uint64_t value = ram_load(span_host(jit, span), bytes);
        *ret_value = swapped(access->memop) ? swap(value, bytes) : value;
        return TRUE;
    }
    if (span->page.io == NULL ||
        io_read(jit, span->page.io, span->page.offset + in_page, bytes,
                (access->memop & QH_MEM_BE) != 0, span->page.attrs, ret_value) != QH_BUS_OK) {
        return bus_fault(jit, access, span);
    }
    return TRUE;
}

/* A device may have moved what the tables describe. */
static void after_io(QhJitCpu *jit)
{
    if (qh_space_version(jit->space) != jit->mmu.space_version) {
        qh_softmmu_check_space(jit);
        qh_engine_kick_others(jit);
    }
}

static gboolean
store_span(QhJitCpu *jit, const Access *access, const Span *span, uint32_t bytes, uint64_t value)
{
    uint64_t in_page = span->address & jit->mmu.granule_mask;

    if (is_plain(access, span)) {
        ram_store(span_host(jit, span), bytes, swapped(access->memop) ? swap(value, bytes) : value);
        return TRUE;
    }
    if (io_write(jit, span->page.io, span->page.offset + in_page, bytes,
                 (access->memop & QH_MEM_BE) != 0, span->page.attrs, value) != QH_BUS_OK) {
        return bus_fault(jit, access, span);
    }
    after_io(jit);
    return TRUE;
}

/* Byte by byte over the spans; *@lane(i) of the value is its i-th byte in memory order. */
static uint32_t byte_lane(const Access *access, uint32_t i)
{
    return access->memop & QH_MEM_BE ? access->bytes - 1 - i : i;
}

static gboolean load_bytes(QhJitCpu *jit, Access *access, uint64_t *ret_value)
{
    ret_value[0] = 0;
    if (access->bytes == 16) {
        ret_value[1] = 0;
    }
    for (uint32_t i = 0, s = 0; i < access->bytes; i++) {
        Span *span = &access->span[s];
        uint32_t lane = byte_lane(access, i);
        uint64_t byte;
        if (!load_span(jit, access, span, 1, &byte)) {
            return FALSE;
        }
        ret_value[lane / 8] |= byte << lane % 8 * 8;
        span->address++;
        s += --span->bytes == 0;
    }
    return TRUE;
}

static gboolean store_bytes(QhJitCpu *jit, Access *access, const uint64_t *value)
{
    for (uint32_t i = 0, s = 0; i < access->bytes; i++) {
        Span *span = &access->span[s];
        uint32_t lane = byte_lane(access, i);
        if (!store_span(jit, access, span, 1, value[lane / 8] >> lane % 8 * 8 & 0xff)) {
            return FALSE;
        }
        span->address++;
        s += --span->bytes == 0;
    }
    return TRUE;
}

gboolean qh_softmmu_load(QhJitCpu *jit, uint64_t address, uint32_t memop, uint64_t *ret_value)
{
    Access access;
    gboolean ok;

    if (!begin(jit, &access, address, memop,
               memop & QH_MEM_AS_WRITE ? QH_ACCESS_WRITE : QH_ACCESS_READ) ||
        !watch(jit, &access, QH_WATCH_READ) || !alone_if_io(jit, &access)) {
        return FALSE;
    }
    if (memop & QH_MEM_RELEASE) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    if (access.n > 1) {
        ok = load_bytes(jit, &access, ret_value);
    } else if (access.bytes == 16) {
        gboolean be = (memop & QH_MEM_BE) != 0;
        Span high = access.span[0];
        high.address += 8;
        ok = load_span(jit, &access, &access.span[0], 8, &ret_value[be]) &&
             load_span(jit, &access, &high, 8, &ret_value[!be]);
    } else {
        ok = load_span(jit, &access, &access.span[0], access.bytes, ret_value);
    }
    if (memop & QH_MEM_ACQUIRE) {
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    }
    if (ok && access.bytes <= 8) {
        *ret_value = extend(*ret_value, memop);
    }
    return ok;
}

/*
 * Before bytes of RAM change: drop the code made from them. FALSE when the code that runs now is
 * among it; then nothing has happened yet, and the instruction is run again by itself.
 */
static gboolean
prepare_write(QhJitCpu *jit, const QhTlbPage *page, uint64_t in_page, uint32_t bytes)
{
    uint64_t offset = page->offset + in_page;
    uint8_t flags =
        __atomic_load_n(&page->ram->page_flags[offset >> QH_PAGE_BITS_MIN], __ATOMIC_SEQ_CST);

    if ((flags & QH_PAGE_CODE) && qh_engine_runs(jit, page->ram->base + offset, bytes)) {
        jit->retry = QH_RETRY_SINGLE;
        qh_jit_state(jit)->unwind = 1;
        return FALSE;
    }
    if (jit->lockstep != NULL) {
        qh_lockstep_before_write(jit, page->ram, offset, bytes);
    }
    qh_ram_note_write(page->ram, offset, bytes);
    if (flags & QH_PAGE_CODE) {
        qh_engine_settle_page(jit, page->ram, offset);
    }
    return TRUE;
}

/*
 * A store to flash: what its device does may change the code that runs, anywhere in the same block
 * of memory. FALSE: it is, so the instruction is run again by itself, and what follows is looked at
 * anew.
 */
static gboolean prepare_command(QhJitCpu *jit, const QhRam *behind)
{
    if (behind == NULL || !qh_engine_runs(jit, behind->base, behind->bytes)) {
        return TRUE;
    }
    jit->retry = QH_RETRY_SINGLE;
    qh_jit_state(jit)->unwind = 1;
    return FALSE;
}

/* All spans may be written: RAM is ready, nothing is missing. */
static gboolean prepare_spans(QhJitCpu *jit, const Access *access)
{
    for (uint32_t i = 0; i < access->n; i++) {
        const Span *span = &access->span[i];
        if (span->page.io == NULL && (span->page.readonly || span->page.ram == NULL)) {
            return bus_fault(jit, access, span);
        }
        if (is_plain(access, span)
                ? !prepare_write(jit, &span->page, span->address & jit->mmu.granule_mask,
                                 span->bytes)
                : !prepare_command(jit, span->page.ram)) {
            return FALSE;
        }
    }
    return TRUE;
}

/*
 * After a write. Another CPU may have translated the old bytes between prepare_write and the write:
 * then the page has code again, and it is dropped once more. If the page has none and is dirty,
 * it may be stored to directly from now on.
 */
static void settle(QhJitCpu *jit, const Access *access)
{
    uint64_t at = access->address;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the write before the look at the flag */
    for (uint32_t i = 0; i < access->n; i++) {
        const QhTlbPage *page = &access->span[i].page;
        uint64_t offset = page->offset + (at & jit->mmu.granule_mask);
        uint64_t room = jit->mmu.granule_mask - (at & jit->mmu.granule_mask) + 1;
        uint32_t bytes = (uint32_t)MIN(room, access->address + access->bytes - at);
        if (is_plain(access, &access->span[i]) &&
            (__atomic_load_n(&page->ram->page_flags[offset >> QH_PAGE_BITS_MIN], __ATOMIC_SEQ_CST) &
             QH_PAGE_CODE)) {
            qh_ram_note_write(page->ram, offset, bytes);
        }
        at += bytes;
    }
    if (access->n == 1 && is_plain(access, &access->span[0]) && access->span[0].page.cached) {
        qh_softmmu_refresh(jit, access->address, access->index, &access->span[0].page);
    }
}

gboolean qh_softmmu_store(QhJitCpu *jit, uint64_t address, uint32_t memop, const uint64_t *value)
{
    Access access;
    gboolean ok;

    if (!begin(jit, &access, address, memop, QH_ACCESS_WRITE) ||
        !watch(jit, &access, QH_WATCH_WRITE) || !alone_if_io(jit, &access) ||
        !prepare_spans(jit, &access)) {
        return FALSE;
    }
    if (memop & QH_MEM_RELEASE) {
        __atomic_thread_fence(__ATOMIC_RELEASE);
    }
    if (access.n > 1) {
        ok = store_bytes(jit, &access, value);
    } else if (access.bytes == 16) {
        gboolean be = (memop & QH_MEM_BE) != 0;
        Span high = access.span[0];
        high.address += 8;
        ok = store_span(jit, &access, &access.span[0], 8, value[be]) &&
             store_span(jit, &access, &high, 8, value[!be]);
    } else {
        ok = store_span(jit, &access, &access.span[0], access.bytes, *value);
    }
    if (memop & QH_MEM_ACQUIRE) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    settle(jit, &access);
    return ok;
}

static uint64_t rmw_result(uint32_t kind, uint32_t bytes, uint64_t old, uint64_t value)
{
    uint32_t shift = 64 - 8 * bytes;
    int64_t old_s = (int64_t)(old << shift) >> shift, value_s = (int64_t)(value << shift) >> shift;
    uint64_t old_u = old << shift >> shift, value_u = value << shift >> shift;

    switch (kind) {
    case QH_RMW_ADD:
        return old + value;
    case QH_RMW_AND:
        return old & value;
    case QH_RMW_OR:
        return old | value;
    case QH_RMW_XOR:
        return old ^ value;
    case QH_RMW_MIN:
        return old_s < value_s ? old : value;
    case QH_RMW_MAX:
        return old_s > value_s ? old : value;
    case QH_RMW_MINU:
        return old_u < value_u ? old : value;
    case QH_RMW_MAXU:
        return old_u > value_u ? old : value;
    default:
        return value;
    }
}

/* Compare and swap one aligned word of host memory; *@expected becomes what was there. */
static gboolean host_cas(uint8_t *host, uint32_t bytes, uint64_t *expected, uint64_t desired)
{
    gboolean done;

    switch (bytes) {
    case 1: {
        uint8_t old = (uint8_t)*expected;
        done = __atomic_compare_exchange_n(host, &old, (uint8_t)desired, FALSE, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
        *expected = old;
        return done;
    }
    case 2: {
        uint16_t old = (uint16_t)*expected;
        done = __atomic_compare_exchange_n((uint16_t *)host, &old, (uint16_t)desired, FALSE,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *expected = old;
        return done;
    }
    case 4: {
        uint32_t old = (uint32_t)*expected;
        done = __atomic_compare_exchange_n((uint32_t *)host, &old, (uint32_t)desired, FALSE,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *expected = old;
        return done;
    }
    default:
        return __atomic_compare_exchange_n((uint64_t *)host, expected, desired, FALSE,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
}

static uint64_t ram_rmw(uint8_t *host, const Access *access, uint32_t kind, uint64_t value)
{
    gboolean swaps = swapped(access->memop);
    uint32_t bytes = access->bytes;
    uint64_t seen = ram_load(host, bytes);

    for (;;) {
        uint64_t old = swaps ? swap(seen, bytes) : seen;
        uint64_t next = rmw_result(kind, bytes, old, value);
        if (host_cas(host, bytes, &seen, swaps ? swap(next, bytes) : next)) {
            return old;
        }
    }
}

/* An atomic access that no host instruction can do: alone in the cluster, or else ask for that. */
static gboolean need_exclusive(QhJitCpu *jit, const Access *access)
{
    gboolean plain = access->n == 1 && access->bytes <= 8 && is_plain(access, &access->span[0]) &&
                     (access->address & (access->bytes - 1)) == 0;

    if (plain || qh_engine_is_exclusive(jit)) {
        return FALSE;
    }
    jit->retry = QH_RETRY_EXCLUSIVE;
    qh_jit_state(jit)->unwind = 1;
    return TRUE;
}

/* Devices, unaligned and wide words: nobody else runs; the device lock keeps the devices out. */
static gboolean alone_update(
    QhJitCpu *jit,
    Access *access,
    uint64_t *ret_old,
    gboolean (*next)(const Access *, const uint64_t *old, uint64_t *ret_next, const void *data),
    const void *data)
{
    Access again = *access;
    uint64_t value[2] = {0};
    gboolean locked = qh_machine_locked_by_me(jit->machine);
    gboolean ok;

    if (!locked) {
        qh_machine_lock(jit->machine);
    }
    ok = load_bytes(jit, access, ret_old);
    if (ok && next(&again, ret_old, value, data)) {
        ok = store_bytes(jit, &again, value);
    }
    if (!locked) {
        qh_machine_unlock(jit->machine);
    }
    return ok;
}

typedef struct Rmw {
    uint32_t kind;
    uint64_t value;
} Rmw;

static gboolean
rmw_next(const Access *access, const uint64_t *old, uint64_t *ret_next, const void *data)
{
    const Rmw *rmw = data;

    *ret_next = rmw_result(rmw->kind, access->bytes, *old, rmw->value);
    return TRUE;
}

static gboolean io_word(QhJitCpu *jit, const Access *access, uint64_t *ret_old, const Rmw *rmw)
{
    gboolean locked = qh_machine_locked_by_me(jit->machine);
    const Span *span = &access->span[0];
    gboolean ok;

    if (!locked) {
        qh_machine_lock(jit->machine);
    }
    ok = load_span(jit, access, span, access->bytes, ret_old) &&
         store_span(jit, access, span, access->bytes,
                    rmw_result(rmw->kind, access->bytes, *ret_old, rmw->value));
    if (!locked) {
        qh_machine_unlock(jit->machine);
    }
    return ok;
}

static gboolean is_io_word(const Access *access)
{
    return access->n == 1 && access->bytes <= 8 && access->span[0].page.io != NULL;
}

gboolean qh_softmmu_rmw(QhJitCpu *jit,
                        uint64_t address,
                        uint32_t memop,
                        uint32_t kind,
                        uint64_t value,
                        uint64_t *ret_old)
{
    Rmw rmw = {kind, value};
    Access access;

    if (!begin(jit, &access, address, memop, QH_ACCESS_WRITE) ||
        !watch(jit, &access, QH_WATCH_READ | QH_WATCH_WRITE) || !alone_if_io(jit, &access) ||
        !prepare_spans(jit, &access)) {
        return FALSE;
    }
    if (is_io_word(&access)) {
        if (!io_word(jit, &access, ret_old, &rmw)) {
            return FALSE;
        }
    } else if (need_exclusive(jit, &access)) {
        return FALSE;
    } else if (access.n == 1 && access.bytes <= 8 && (address & (access.bytes - 1)) == 0) {
        *ret_old = ram_rmw(span_host(jit, &access.span[0]), &access, kind, value);
    } else if (!alone_update(jit, &access, ret_old, rmw_next, &rmw)) {
        return FALSE;
    }
    settle(jit, &access);
    *ret_old = extend(*ret_old, memop);
    return TRUE;
}

typedef struct Swap {
    const uint64_t *expected, *desired;
} Swap;

static gboolean
cas_next(const Access *access, const uint64_t *old, uint64_t *ret_next, const void *data)
{
    const Swap *words = data;
    uint64_t mask =
        access->bytes >= 8 ? UINT64_MAX : (G_GUINT64_CONSTANT(1) << access->bytes * 8) - 1;

    ret_next[0] = words->desired[0];
    if (access->bytes == 16) {
        ret_next[1] = words->desired[1];
        if (old[1] != words->expected[1]) {
            return FALSE;
        }
    }
    return ((old[0] ^ words->expected[0]) & mask) == 0;
}

static uint64_t ram_cas(uint8_t *host, const Access *access, uint64_t expected, uint64_t desired)
{
    uint32_t bytes = access->bytes;

    if (swapped(access->memop)) {
        expected = swap(expected, bytes);
        host_cas(host, bytes, &expected, swap(desired, bytes));
        return swap(expected, bytes);
    }
    host_cas(host, bytes, &expected, desired);
    return expected;
}

gboolean qh_softmmu_cas(QhJitCpu *jit,
                        uint64_t address,
                        uint32_t memop,
                        const uint64_t *expected,
                        const uint64_t *desired,
                        uint64_t *ret_old)
{
    Swap words = {expected, desired};
    Access access;

    if (!begin(jit, &access, address, memop, QH_ACCESS_WRITE) ||
        !watch(jit, &access, QH_WATCH_READ | QH_WATCH_WRITE) || !alone_if_io(jit, &access) ||
        !prepare_spans(jit, &access)) {
        return FALSE;
    }
    if (need_exclusive(jit, &access)) {
        return FALSE;
    }
    if (access.n == 1 && access.bytes <= 8 && is_plain(&access, &access.span[0]) &&
        (address & (access.bytes - 1)) == 0) {
        *ret_old = ram_cas(span_host(jit, &access.span[0]), &access, *expected, *desired);
    } else if (!alone_update(jit, &access, ret_old, cas_next, &words)) {
        return FALSE;
    }
    settle(jit, &access);
    if (access.bytes <= 8) {
        *ret_old = extend(*ret_old, memop);
    }
    return TRUE;
}

void *
qh_softmmu_probe(QhJitCpu *jit, uint64_t address, uint32_t length, uint32_t access, uint32_t index)
{
    uint64_t in_page = address & jit->mmu.granule_mask;
    QhTlbPage page;

    if (length == 0 || length > jit->mmu.granule_mask + 1 - in_page ||
        !qh_softmmu_find(jit, address, access, index, &page)) {
        return NULL;
    }
    if (page.ram == NULL || !page.cached || (access == QH_ACCESS_WRITE && page.readonly) ||
        qh_softmmu_watchpoint(&jit->mmu, address, length, QH_WATCH_READ | QH_WATCH_WRITE) != NULL) {
        return NULL;
    }
    if (access == QH_ACCESS_WRITE && !prepare_write(jit, &page, in_page, length)) {
        return NULL;
    }
    return page.ram->host + page.offset + in_page;
}
