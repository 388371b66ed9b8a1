/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spaces: readers look the current view up without a lock, writers build a new one and swap it.
 *
 * A reader counts itself in one half of a pair of counters before it loads the view and out after
 * it has copied what it needs. A writer publishes the new view, then sees each half at zero once,
 * turning new readers to the other half in between. Who held the old view had counted itself in
 * before the publication, so it has left by then, and new readers cannot keep the writer waiting.
 */
#include "core/machine/machine.h"
#include "core/memory/space-priv.h"

static void wait_for_readers(QhSpace *space, uint32_t half)
{
    for (uint32_t i = 0; i < READER_STRIPES; i++) {
        while (atomic_load(&space->readers[half][i].count) != 0) {
            g_thread_yield();
        }
    }
}

/* Threads have stacks of their own, some MiB apart; which stripe one gets only matters for speed.
 */
static uint32_t stripe(void)
{
    return (uint32_t)((uintptr_t)__builtin_frame_address(0) >> 23) % READER_STRIPES;
}

/* With memory->lock: one writer at a time. */
static void publish(QhSpace *space, View *view)
{
    View *old = atomic_exchange(&space->view, view);
    uint32_t phase = atomic_load(&space->phase) & 1;

    atomic_fetch_add(&space->version, 1);
    if (old == NULL) {
        return;
    }
    wait_for_readers(space, phase ^ 1);
    atomic_store(&space->phase, phase ^ 1);
    wait_for_readers(space, phase);
    g_free(old);
}

static const QhSection *
look_up(const View *view, uint64_t address, uint64_t *ret_gap_first, uint64_t *ret_gap_last)
{
    uint32_t low = 0, high = view->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (view->sections[middle].last < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < view->n && view->sections[low].first <= address) {
        return &view->sections[low];
    }
    *ret_gap_first = low > 0 ? view->sections[low - 1].last + 1 : 0;
    *ret_gap_last = low < view->n ? view->sections[low].first - 1 : UINT64_MAX;
    return NULL;
}

gboolean qh_space_find(QhSpace *space, uint64_t address, QhSection *ret)
{
    uint32_t half = atomic_load(&space->phase) & 1;
    atomic_uint *count = &space->readers[half][stripe()].count;
    uint64_t gap_first = 0, gap_last = UINT64_MAX;

    atomic_fetch_add(count, 1);
    const View *view = atomic_load(&space->view);
    const QhSection *section = view != NULL ? look_up(view, address, &gap_first, &gap_last) : NULL;
    gboolean found = section != NULL;

    if (found) {
        *ret = *section;
    } else {
        *ret = (QhSection){.first = gap_first, .last = gap_last};
    }
    atomic_fetch_sub_explicit(count, 1, memory_order_release);
    return found;
}

uint32_t qh_space_version(QhSpace *space)
{
    return atomic_load(&space->version);
}

const char *qh_space_name(const QhSpace *space)
{
    return space->name;
}

QhSpace *qh_space_new(QhMachine *machine, const char *name, uint64_t bytes)
{
    QhMemory *memory = qh_machine_memory(machine);
    QhSpace *space = g_new0(QhSpace, 1);

    space->memory = memory;
    space->name = g_strdup(name);
    space->last = bytes - 1;
    space->mappings = g_ptr_array_new_with_free_func(g_free);
    g_mutex_lock(&memory->lock);
    qh_space_rebuild(space);
    g_ptr_array_add(memory->spaces, space);
    g_mutex_unlock(&memory->lock);
    return space;
}

static gboolean leads_into(const QhSpace *space, const QhSpace *target)
{
    for (guint i = 0; i < space->mappings->len; i++) {
        const Mapping *mapping = g_ptr_array_index(space->mappings, i);

        if (mapping->target == target) {
            return TRUE;
        }
    }
    return FALSE;
}

void qh_space_rebuild(QhSpace *space)
{
    QhMemory *memory = space->memory;

    publish(space, qh_view_build(space));
    for (guint i = 0; i < memory->spaces->len; i++) {
        QhSpace *outer = g_ptr_array_index(memory->spaces, i);

        if (leads_into(outer, space)) {
            qh_space_rebuild(outer);
        }
    }
}

void qh_space_free(QhSpace *space)
{
    if (space == NULL) {
        return;
    }
    QhMemory *memory = space->memory;
    g_mutex_lock(&memory->lock);
    g_ptr_array_remove(memory->spaces, space);
    g_mutex_unlock(&memory->lock);
}
