/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of buses come late, when a device makes its bus, but they are believed no earlier than
 * those of slots: checked, copied once for each module, and kept until the module goes.
 */
#include "abi/device.h"
#include "core/module/interface-priv.h"

#define CHILD_BYTES_MAX (1u << 20)

static const QhMethod methods[] = {
    {"attach",             offsetof(QhBusOps, attach),             TRUE },
    {"plug",               offsetof(QhBusOps, plug),               FALSE},
    {"unplug_request",     offsetof(QhBusOps, unplug_request),     FALSE},
    {"detach",             offsetof(QhBusOps, detach),             TRUE },
    {"address",            offsetof(QhBusOps, address),            FALSE},
    {"child_can_be_saved", offsetof(QhBusOps, child_can_be_saved), FALSE},
    {"child_loaded",       offsetof(QhBusOps, child_loaded),       FALSE},
    {"child_stream",       offsetof(QhBusOps, child_stream),       FALSE},
    {"firmware_name",      offsetof(QhBusOps, firmware_name),      FALSE},
};

/* Offset just past @detach, with which the first version of the table could end. */
#define FIRST_BYTES (offsetof(QhBusOps, detach) + sizeof(((QhBusOps *)NULL)->detach))

static gboolean take(QhSlot *slot, const QhBusOps *original, GError **error)
{
    const void *table = original;

    if (table == NULL) {
        return qh_slot_bad(slot, error, "its table is missing");
    }
    if (!qh_slot_take_struct(slot, &table, sizeof(QhBusOps), FIRST_BYTES, "its table", error)) {
        return FALSE;
    }
    QhBusOps *ops = (QhBusOps *)table;
    slot->ops = ops;
    if (ops->child_size > CHILD_BYTES_MAX) {
        return qh_slot_bad(slot, error, "it keeps %u bytes for a device, at most %u are possible",
                           ops->child_size, CHILD_BYTES_MAX);
    }
    if (!qh_slot_check_methods(slot, ops, methods, G_N_ELEMENTS(methods), "", error) ||
        !qh_slot_check_text(slot, ops->kind, FALSE, "its kind", error) ||
        !qh_slot_take_properties(slot, &ops->properties, ops->child_size, 0, error) ||
        !qh_slot_take_state(slot, &ops->child_state, ops->child_size, error)) {
        return FALSE;
    }
    const QhJson *buses = slot->module->file->note->buses;
    const QhJson *listed = buses != NULL ? qh_json_get(buses, ops->kind) : NULL;
    return listed == NULL || qh_note_lists(listed, ops->properties) ||
           qh_slot_bad(slot, error,
                       "the properties of bus '%s' in its module's note are not those of its table",
                       ops->kind);
}

static void slot_free(gpointer slot)
{
    qh_slot_free(slot);
}

const QhBusOps *qh_slot_take_bus(const QhSlotRef *ref, const QhBusOps *ops, GError **error)
{
    QhLoadedModule *module = ref->module;

    if (module->buses == NULL) {
        module->buses = g_hash_table_new_full(NULL, NULL, NULL, slot_free);
    }
    QhSlot *slot = g_hash_table_lookup(module->buses, ops);
    if (slot != NULL) {
        return slot->ops;
    }
    slot = g_new0(QhSlot, 1);
    slot->kind = g_strdup("bus");
    slot->name = g_strdup(module->file->name);
    slot->copies = g_ptr_array_new_with_free_func(g_free);
    slot->module = module;
    if (!take(slot, ops, error)) {
        qh_slot_free(slot);
        return NULL;
    }
    g_hash_table_insert(module->buses, (gpointer)ops, slot);
    return slot->ops;
}
