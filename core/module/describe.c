/* SPDX-License-Identifier: GPL-2.0-or-later */
/* query-modules and query-slots: the shapes of ModuleInfo and SlotInfo (qapi/modules.json). */
#include "core/module/registry-priv.h"
#include <string.h>

static void member(QhJsonWriter *writer, const char *key, const char *value)
{
    if (value != NULL) {
        qh_json_write_key(writer, key);
        qh_json_write_string(writer, value);
    }
}

static const char *text_of(const QhJson *object, const char *key)
{
    const QhJson *value = qh_json_get(object, key);

    return value != NULL ? qh_json_string(value) : NULL;
}

static void write_needs(QhJsonWriter *writer, const QhJson *needs)
{
    qh_json_write_key(writer, "needs");
    qh_json_write_begin_array(writer);
    for (size_t i = 0; i < qh_json_length(needs); i++) {
        const QhJson *version = qh_json_value(needs, i);
        qh_json_write_begin_object(writer);
        member(writer, "name", qh_json_key(needs, i));
        qh_json_write_key(writer, "major");
        qh_json_write_value(writer, qh_json_at(version, 0));
        qh_json_write_key(writer, "minor");
        qh_json_write_value(writer, qh_json_at(version, 1));
        qh_json_write_end_object(writer);
    }
    qh_json_write_end_array(writer);
}

static void write_offers(QhJsonWriter *writer, const QhJson *offers)
{
    qh_json_write_key(writer, "offers");
    qh_json_write_begin_array(writer);
    for (size_t k = 0; k < qh_json_length(offers); k++) {
        const QhJson *entries = qh_json_value(offers, k);
        for (size_t i = 0; i < qh_json_length(entries); i++) {
            const QhJson *entry = qh_json_at(entries, i);
            qh_json_write_begin_object(writer);
            member(writer, "kind", qh_json_key(offers, k));
            member(writer, "name", text_of(entry, "name"));
            if (qh_json_get(entry, "targets") != NULL) {
                qh_json_write_key(writer, "targets");
                qh_json_write_value(writer, qh_json_get(entry, "targets"));
            }
            member(writer, "description", text_of(entry, "description"));
            qh_json_write_end_object(writer);
        }
    }
    qh_json_write_end_array(writer);
}

static void write_note(QhJsonWriter *writer, const QhNote *note)
{
    g_autofree char *abi = g_strdup_printf("%u.%u", note->abi_major, note->abi_minor);

    member(writer, "version", note->version);
    member(writer, "license", note->license);
    member(writer, "description", text_of(note->json, "description"));
    member(writer, "package", note->package);
    member(writer, "abi", abi);
    /* The needs and offers of another ABI version may have shapes that are not known here. */
    if (qh_note_check_abi(note, &(QhRefusal){0}, NULL)) {
        write_needs(writer, note->needs);
        write_offers(writer, note->offers);
    }
}

/* What lies at the file's path now, when that is another module or nothing. */
static void write_change(QhJsonWriter *writer, const QhModuleFile *file)
{
    const QhModuleFile *next = file->next;

    qh_json_write_key(writer, "on-disk");
    qh_json_write_begin_object(writer);
    member(writer, "change", file->change == QH_FILE_REMOVED ? "removed" : "replaced");
    if (next != NULL && next->note != NULL) {
        g_autofree char *abi =
            g_strdup_printf("%u.%u", next->note->abi_major, next->note->abi_minor);
        member(writer, "version", next->note->version);
        member(writer, "abi", abi);
    }
    if (next != NULL && next->refusal != QH_REFUSED_NOT) {
        member(writer, "reason", qh_refusal_text(next->refusal));
        member(writer, "message", next->reason);
    }
    qh_json_write_end_object(writer);
}

static void write_file(QhJsonWriter *writer, const QhModuleFile *file)
{
    qh_json_write_begin_object(writer);
    member(writer, "name", file->name);
    member(writer, "state",
           file->loaded != NULL              ? "loaded"
           : file->refusal != QH_REFUSED_NOT ? "refused"
                                             : "available");
    member(writer, "path", file->path);
    if (file->note != NULL) {
        write_note(writer, file->note);
    }
    if (file->loaded != NULL) {
        qh_json_write_key(writer, "uses");
        qh_json_write_int(writer, g_atomic_int_get(&file->loaded->users));
    }
    if (file->refusal != QH_REFUSED_NOT && file->loaded == NULL) {
        member(writer, "reason", qh_refusal_text(file->refusal));
        member(writer, "message", file->reason);
    }
    if (file->change != QH_FILE_SAME) {
        write_change(writer, file);
    }
    qh_json_write_end_object(writer);
}

void qh_registry_describe_modules(QhRegistry *registry, QhJsonWriter *writer)
{
    const QhJson *known = qh_registry_known(registry);

    qh_json_write_begin_array(writer);
    for (guint i = 0; i < registry->files->len; i++) {
        write_file(writer, g_ptr_array_index(registry->files, i));
    }
    for (size_t i = 0; i < qh_json_length(known); i++) {
        const QhJson *module = qh_json_at(known, i);
        if (qh_registry_has_file(registry, text_of(module, "name"), FALSE)) {
            continue;
        }
        qh_json_write_begin_object(writer);
        member(writer, "name", text_of(module, "name"));
        member(writer, "state", "absent");
        member(writer, "description", text_of(module, "description"));
        member(writer, "package", text_of(module, "package"));
        write_offers(writer, qh_json_get(module, "offers"));
        qh_json_write_end_object(writer);
    }
    qh_json_write_end_array(writer);
}

typedef struct Walk {
    QhRegistry *registry;
    QhJsonWriter *writer;
    const char *module;
    GHashTable *seen; /* slots that have been written */
} Walk;

static void write_slot(const char *kind, const char *name, const QhJson *entry, void *data)
{
    Walk *walk = data;
    char *key = g_strdup_printf("%s/%s", kind, name);
    const QhSlot *slot = g_hash_table_lookup(walk->registry->slots, key);

    (void)entry;
    if (!g_hash_table_add(walk->seen, key)) {
        return; /* the set has freed the key */
    }
    const char *module = slot != NULL ? slot->module->file->name : walk->module;
    g_autofree char *package = qh_registry_package(walk->registry, module);
    qh_json_write_begin_object(walk->writer);
    member(walk->writer, "name", key);
    qh_json_write_key(walk->writer, "filled");
    qh_json_write_bool(walk->writer, slot != NULL);
    if (slot != NULL) {
        g_autofree char *version = g_strdup_printf("%u.%u", slot->major, slot->minor);
        member(walk->writer, "interface", slot->interface);
        member(walk->writer, "version", version);
        qh_json_write_key(walk->writer, "uses");
        qh_json_write_int(walk->writer, g_atomic_int_get(&slot->module->users));
    }
    member(walk->writer, "module", module);
    member(walk->writer, "package", package);
    qh_json_write_end_object(walk->writer);
}

void qh_registry_describe_slots(QhRegistry *registry, QhJsonWriter *writer)
{
    const QhJson *known = qh_registry_known(registry);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Walk walk = {.registry = registry, .writer = writer, .seen = seen};

    qh_json_write_begin_array(writer);
    for (guint i = 0; i < registry->files->len; i++) {
        const QhModuleFile *file = g_ptr_array_index(registry->files, i);
        if (file->refusal == QH_REFUSED_NOT || file->loaded != NULL) {
            walk.module = file->name;
            qh_note_foreach_slot(file->note->offers, write_slot, &walk);
        }
    }
    for (size_t i = 0; i < qh_json_length(known); i++) {
        const QhJson *module = qh_json_at(known, i);
        walk.module = text_of(module, "name");
        qh_note_foreach_slot(qh_json_get(module, "offers"), write_slot, &walk);
    }
    qh_json_write_end_array(writer);
}
