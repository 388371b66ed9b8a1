/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/jit/debug.h"

#include "core/jit/engine-priv.h"

#include <string.h>

#define PAGE_BYTES G_GUINT64_CONSTANT(4096)

/* Number of breakpoints below @address. */
static uint32_t rank(const QhDebugPoints *points, uint64_t address)
{
    uint32_t low = 0, high = points->n_breakpoints;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (points->breakpoints[middle] < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

gboolean qh_engine_has_breakpoint(const QhEngine *engine, uint64_t address)
{
    const QhDebugPoints *points = &engine->points;
    uint32_t at = rank(points, address);

    return at < points->n_breakpoints && points->breakpoints[at] == address;
}

gboolean qh_engine_page_has_breakpoint(const QhEngine *engine, uint64_t address)
{
    const QhDebugPoints *points = &engine->points;
    uint64_t page = address & ~(PAGE_BYTES - 1);
    uint32_t at = rank(points, page);

    return at < points->n_breakpoints && points->breakpoints[at] - page < PAGE_BYTES;
}

/* Code of the page around @address was made without the breakpoint, or with it. */
static void drop_page(QhEngine *engine, uint64_t address)
{
    g_autoptr(GArray) pages = g_array_new(FALSE, FALSE, sizeof(uint64_t));

    g_mutex_lock(&engine->lock);
    qh_code_find_virtual(engine->store, address & ~(PAGE_BYTES - 1), PAGE_BYTES, pages);
    for (guint i = 0; i < pages->len; i++) {
        qh_engine_invalidate_page(engine, g_array_index(pages, uint64_t, i), PAGE_BYTES);
    }
    g_mutex_unlock(&engine->lock);
}

gboolean qh_engine_add_breakpoint(QhEngine *engine, uint64_t address)
{
    QhDebugPoints *points = &engine->points;
    uint32_t at = rank(points, address);

    if (qh_engine_has_breakpoint(engine, address)) {
        return TRUE;
    }
    if (points->n_breakpoints == QH_DEBUG_MAX_BREAKPOINTS) {
        return FALSE;
    }
    memmove(&points->breakpoints[at + 1], &points->breakpoints[at],
            (points->n_breakpoints - at) * sizeof(*points->breakpoints));
    points->breakpoints[at] = address;
    points->n_breakpoints++;
    drop_page(engine, address);
    return TRUE;
}

void qh_engine_remove_breakpoint(QhEngine *engine, uint64_t address)
{
    QhDebugPoints *points = &engine->points;
    uint32_t at = rank(points, address);

    if (!qh_engine_has_breakpoint(engine, address)) {
        return;
    }
    points->n_breakpoints--;
    memmove(&points->breakpoints[at], &points->breakpoints[at + 1],
            (points->n_breakpoints - at) * sizeof(*points->breakpoints));
    drop_page(engine, address);
}

/* The CPUs' tables are filled anew, with or without slow flags. */
static void refill(QhEngine *engine)
{
    GPtrArray *vcpus = engine->cluster->vcpus;

    for (guint i = 0; vcpus != NULL && i < vcpus->len; i++) {
        QhJitCpu *jit = qh_jit_of(qh_vcpu_state(g_ptr_array_index(vcpus, i)));
        jit->mmu.watchpoints = engine->points.watchpoints;
        jit->mmu.n_watchpoints = engine->points.n_watchpoints;
        qh_softmmu_flush(jit, UINT32_MAX);
    }
}

static QhWatchpoint *find_watchpoint(QhDebugPoints *points, const QhWatchpoint *wanted)
{
    for (uint32_t i = 0; i < points->n_watchpoints; i++) {
        QhWatchpoint *point = &points->watchpoints[i];
        if (point->first == wanted->first && point->last == wanted->last &&
            point->watch == wanted->watch) {
            return point;
        }
    }
    return NULL;
}

gboolean
qh_engine_add_watchpoint(QhEngine *engine, uint64_t address, uint64_t bytes, uint32_t watch)
{
    QhDebugPoints *points = &engine->points;
    QhWatchpoint point = {address, address + bytes - 1, watch};

    if (bytes == 0 || point.last < point.first) {
        return FALSE;
    }
    if (find_watchpoint(points, &point) != NULL) {
        return TRUE;
    }
    if (points->n_watchpoints == QH_DEBUG_MAX_WATCHPOINTS) {
        return FALSE;
    }
    points->watchpoints[points->n_watchpoints++] = point;
    refill(engine);
    return TRUE;
}

void qh_engine_remove_watchpoint(QhEngine *engine, uint64_t address, uint64_t bytes, uint32_t watch)
{
    QhDebugPoints *points = &engine->points;
    QhWatchpoint point = {address, address + bytes - 1, watch};
    QhWatchpoint *found = find_watchpoint(points, &point);

    if (found != NULL) {
        *found = points->watchpoints[--points->n_watchpoints];
        refill(engine);
    }
}

void qh_engine_set_watch_before(QhEngine *engine, gboolean before)
{
    engine->points.watch_before = before;
}

gboolean qh_engine_watches_before(const QhEngine *engine)
{
    return engine->points.watch_before;
}

gboolean qh_engine_has_watchpoint(const QhEngine *engine, uint64_t address, uint32_t watch)
{
    const QhDebugPoints *points = &engine->points;

    for (uint32_t i = 0; i < points->n_watchpoints; i++) {
        const QhWatchpoint *point = &points->watchpoints[i];
        if ((point->watch & watch) && address >= point->first && address <= point->last) {
            return TRUE;
        }
    }
    return FALSE;
}

void qh_engine_remove_all_points(QhEngine *engine)
{
    QhDebugPoints *points = &engine->points;

    while (points->n_breakpoints > 0) {
        qh_engine_remove_breakpoint(engine, points->breakpoints[points->n_breakpoints - 1]);
    }
    if (points->n_watchpoints > 0) {
        points->n_watchpoints = 0;
        refill(engine);
    }
}

uint32_t qh_engine_insns_before_breakpoint(const QhEngine *engine, const QhBlock *block)
{
    uint32_t n = 0;

    if (!qh_engine_page_has_breakpoint(engine, block->pc)) {
        return UINT32_MAX;
    }
    for (uint32_t i = 0; i < block->n_records; i++) {
        const QhIrRecord *record = &block->records[i];
        if (record->op != QH_IR_insn_start) {
            continue;
        }
        if (n > 0 && qh_engine_has_breakpoint(engine, block->pc + record->a)) {
            return n;
        }
        n++;
    }
    return UINT32_MAX;
}
