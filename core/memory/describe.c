/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/machine/machine.h"
#include "core/memory/space-priv.h"

#define ADDRESS "%016" G_GINT64_MODIFIER "x"

static void describe_mapping(GString *out, const Mapping *mapping)
{
    g_string_append_printf(out, "  " ADDRESS "-" ADDRESS " (prio %d, %s): ", mapping->first,
                           mapping->last, mapping->priority,
                           mapping->ram == NULL  ? mapping->io != NULL ? "i/o" : "space"
                           : mapping->io != NULL ? "romd"
                           : mapping->readonly   ? "rom"
                                                 : "ram");
    g_string_append_printf(out, "%s",
                           mapping->ram != NULL  ? mapping->ram->name
                           : mapping->io != NULL ? mapping->io->name
                                                 : mapping->target->name);
    if (mapping->offset != 0) {
        g_string_append_printf(out, " @" ADDRESS, mapping->offset);
    }
    g_string_append_c(out, '\n');
}

static void describe_section(GString *out, const QhSection *section)
{
    uint64_t offset = section->ram != NULL ? section->ram_offset : section->io_offset;

    g_string_append_printf(out, "  " ADDRESS "-" ADDRESS " (%s): %s", section->first, section->last,
                           section->ram == NULL  ? "i/o"
                           : section->io != NULL ? "romd"
                           : section->readonly   ? "rom"
                                                 : "ram",
                           section->ram != NULL ? section->ram->name : section->io->name);
    if (offset != 0) {
        g_string_append_printf(out, " @" ADDRESS, offset);
    }
    g_string_append_c(out, '\n');
}

char *qh_space_describe(QhSpace *space)
{
    GString *out = g_string_new(NULL);
    QhSection section;
    uint64_t at = 0;

    g_string_append_printf(out, "address-space: %s\n", space->name);
    g_mutex_lock(&space->memory->lock);
    for (guint i = 0; i < space->mappings->len; i++) {
        describe_mapping(out, g_ptr_array_index(space->mappings, i));
    }
    g_mutex_unlock(&space->memory->lock);

    g_string_append(out, " flat view:\n");
    do {
        if (qh_space_find(space, at, &section)) {
            describe_section(out, &section);
        }
        at = section.last + 1;
    } while (at != 0);
    return g_string_free(out, FALSE);
}
