/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a list of mappings to a view. The mappings are laid down from the highest priority to the
 * lowest, each only where nothing lies yet. A mapped space contributes the sections of its own
 * view; where it has nothing, what is below shows through.
 */
#include "abi/device.h"
#include "core/memory/space-priv.h"

/* The part of @section that starts at @first and ends at @last. */
static QhSection cut(const QhSection *section, uint64_t first, uint64_t last)
{
    QhSection part = *section;

    part.first = first;
    part.last = last;
    if (part.ram != NULL) {
        part.ram_offset += first - section->first;
    }
    if (part.io != NULL) {
        part.io_offset += first - section->first;
    }
    return part;
}

/* Lay @section down on @out, which is sorted, wherever that is still free. */
static void lay(GArray *out, const QhSection *section)
{
    uint64_t at = section->first;
    guint i = 0;

    for (;;) {
        while (i < out->len && g_array_index(out, QhSection, i).last < at) {
            i++;
        }
        const QhSection *next = i < out->len ? &g_array_index(out, QhSection, i) : NULL;
        uint64_t end = section->last;

        if (next != NULL && next->first <= end) {
            uint64_t resume = next->last;

            if (next->first > at) {
                QhSection part = cut(section, at, next->first - 1);
                g_array_insert_val(out, i, part);
            }
            if (resume >= end) {
                return;
            }
            at = resume + 1;
            continue;
        }
        QhSection part = cut(section, at, end);
        g_array_insert_val(out, i, part);
        return;
    }
}

static void lay_space(GArray *out, const Mapping *mapping)
{
    const View *inner = atomic_load(&mapping->target->view);
    uint64_t inner_last = mapping->offset + (mapping->last - mapping->first);

    for (uint32_t i = 0; inner != NULL && i < inner->n; i++) {
        const QhSection *section = &inner->sections[i];

        if (section->last < mapping->offset || section->first > inner_last) {
            continue;
        }
        uint64_t first = MAX(section->first, mapping->offset);
        uint64_t last = MIN(section->last, inner_last);
        QhSection part = cut(section, first, last);

        part.first = mapping->first + (first - mapping->offset);
        part.last = mapping->first + (last - mapping->offset);
        lay(out, &part);
    }
}

/* Whether @b goes on where @a ends, so that one section can stand for both. */
static gboolean continues(const QhSection *a, const QhSection *b)
{
    if (a->last + 1 != b->first || a->ram != b->ram || a->io != b->io ||
        a->readonly != b->readonly) {
        return FALSE;
    }
    uint64_t length = b->first - a->first;
    return a->ram != NULL ? a->ram_offset + length == b->ram_offset
                          : a->io_offset + length == b->io_offset;
}

View *qh_view_build(const QhSpace *space)
{
    g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(QhSection));

    for (guint i = 0; i < space->mappings->len; i++) {
        const Mapping *mapping = g_ptr_array_index(space->mappings, i);

        if (mapping->target != NULL) {
            lay_space(out, mapping);
            continue;
        }
        gboolean both = mapping->ram != NULL && mapping->io != NULL;
        gboolean use_ram = mapping->ram != NULL && (!both || mapping->mode != QH_WINDOW_IO);
        gboolean use_io = mapping->io != NULL && (!both || mapping->mode != QH_WINDOW_RAM);
        QhSection section = {
            .first = mapping->first,
            .last = mapping->last,
            .ram = use_ram ? mapping->ram : NULL,
            .ram_offset = use_ram ? mapping->offset : 0,
            .readonly = mapping->readonly || (use_ram && use_io),
            .io = use_io ? mapping->io : NULL,
            .io_offset = use_io ? mapping->offset : 0,
        };
        lay(out, &section);
    }

    View *view = g_malloc0(sizeof(View) + out->len * sizeof(QhSection));
    for (guint i = 0; i < out->len; i++) {
        const QhSection *section = &g_array_index(out, QhSection, i);

        if (view->n > 0 && continues(&view->sections[view->n - 1], section)) {
            view->sections[view->n - 1].last = section->last;
        } else {
            view->sections[view->n++] = *section;
        }
    }
    return view;
}
