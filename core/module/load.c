/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading, unloading, and handing out slots. */
#include "core/module/registry-priv.h"
#include "core/module/services.h"
#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BY_PATH_MAX 64u

/* The one form of a refusal: what was attempted, on what, why. */
static void set_refused(GError **error, const char *name, const char *reason)
{
    g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "cannot load module '%s': %s", name, reason);
}

static void remember(QhModuleFile *file, QhRefusal refusal, const char *reason)
{
    file->refusal = refusal;
    g_free(file->reason);
    file->reason = g_strdup(reason);
}

/* A sanitizer's runtime ends the process when it is not the first library of all. */
static gboolean check_needed(const QhElf *elf, QhRefusal *ret, GError **error)
{
    static const char *const first[] = {"libasan.so", "libtsan.so", "libhwasan.so", "libmsan.so"};

    for (guint i = 0; i < elf->needed->len; i++) {
        const char *name = g_ptr_array_index(elf->needed, i);
        for (guint f = 0; f < G_N_ELEMENTS(first); f++) {
            if (!g_str_has_prefix(name, first[f])) {
                continue;
            }
            void *handle = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
            if (handle == NULL) {
                *ret = QH_REFUSED_LINK_FAILED;
                g_set_error(error, QH_ERROR, QH_ERROR_MODULE,
                            "it needs %s, which only works in a host that was built with it", name);
                return FALSE;
            }
            dlclose(handle);
        }
    }
    return TRUE;
}

static gboolean
check_services(QhRegistry *registry, const QhNote *note, QhRefusal *ret, GError **error)
{
    for (size_t i = 0; i < qh_json_length(note->needs); i++) {
        const char *name = qh_json_key(note->needs, i);
        const QhJson *version = qh_json_value(note->needs, i);
        uint64_t major = 0;
        uint64_t minor = 0;

        qh_json_uint(qh_json_at(version, 0), &major);
        qh_json_uint(qh_json_at(version, 1), &minor);
        if (registry->api.service(registry->api.host, name, (uint32_t)major, (uint32_t)minor,
                                  error) == NULL) {
            *ret = QH_REFUSED_DEPENDENCY_MISSING;
            return FALSE;
        }
    }
    return TRUE;
}

/* What was scanned may have been overwritten since. */
static gboolean
check_copy(QhModuleFile *file, const uint8_t *data, QhElf *ret_elf, QhRefusal *ret, GError **error)
{
    if (!qh_elf_check(data, file->id.bytes, ret_elf, error)) {
        *ret = ret_elf->refusal;
        return FALSE;
    }
    if (strcmp(ret_elf->note, file->note->text) != 0) {
        *ret = QH_REFUSED_NOTE_MISMATCH;
        g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE,
                            "it has been overwritten since its note was read");
        return FALSE;
    }
    return check_needed(ret_elf, ret, error);
}

static QhLoadedModule *
open_copy(QhRegistry *registry, QhModuleFile *file, QhRefusal *ret, GError **error)
{
    g_autofree char *name = g_path_get_basename(file->path);
    g_auto(QhElf) elf = {0};
    const uint8_t *data;
    QhLoadedModule *module = NULL;

    *ret = QH_REFUSED_UNREADABLE;
    int copy = qh_file_copy(file->fd, file->id.bytes, name, &data, error);
    if (copy < 0) {
        return NULL;
    }
    gboolean good = check_copy(file, data, &elf, ret, error);
    munmap((void *)data, file->id.bytes);
    /* A file of the installation is probed only when opening it runs code of its own. */
    if (good && !file->probed && (!file->trusted || elf.runs_code)) {
        good = qh_module_probe(registry, file, copy, &elf, ret, error);
        file->probed = good;
    }
    if (good) {
        module = qh_module_open(registry, file, copy, &elf, ret, error);
    }
    close(copy);
    return module;
}

static void commit(QhRegistry *registry, QhLoadedModule *module)
{
    for (guint i = 0; i < module->slots->len; i++) {
        QhSlot *slot = g_ptr_array_index(module->slots, i);
        g_hash_table_insert(registry->slots, g_strdup_printf("%s/%s", slot->kind, slot->name),
                            slot);
    }
    g_ptr_array_add(registry->modules, module);
    module->file->loaded = module;
    remember(module->file, QH_REFUSED_NOT, NULL);
    if (registry->listener != NULL) {
        registry->listener(QH_REGISTRY_LOADED, module->file->name, registry->listener_data);
    }
}

static gboolean load_file(QhRegistry *registry, QhModuleFile *file, GError **error)
{
    g_autoptr(GError) why = NULL;
    QhRefusal refusal = QH_REFUSED_NOT;

    if (file->loaded != NULL) {
        return TRUE;
    }
    if (file->note == NULL || file->fd < 0 || !qh_note_check_abi(file->note, &refusal, NULL)) {
        set_refused(error, file->path, file->reason != NULL ? file->reason : "it was refused");
        return FALSE;
    }
    if (registry->loading) {
        set_refused(error, file->path, "another module is being loaded");
        return FALSE;
    }
    registry->loading = TRUE;
    QhLoadedModule *module = NULL;
    if (check_services(registry, file->note, &refusal, &why)) {
        module = open_copy(registry, file, &refusal, &why);
    }
    registry->loading = FALSE;
    if (module == NULL) {
        remember(file, refusal, why->message);
        set_refused(error, file->path, why->message);
        return FALSE;
    }
    commit(registry, module);
    return TRUE;
}

/*
 * The file that this host opened; or, when it cannot be linked any more because a library of its
 * time is gone, the one that lies there now.
 */
static gboolean load_known(QhRegistry *registry, QhModuleFile *file, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (load_file(registry, file, &why)) {
        return TRUE;
    }
    if (file->refusal == QH_REFUSED_LINK_FAILED) {
        QhModuleFile *now = qh_module_file_renew(registry, file);
        if (now != NULL) {
            return load_file(registry, now, error);
        }
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static QhLoadedModule *find_loaded(QhRegistry *registry, const char *name)
{
    for (guint i = 0; i < registry->modules->len; i++) {
        QhLoadedModule *module = g_ptr_array_index(registry->modules, i);
        if (strcmp(module->file->name, name) == 0) {
            return module;
        }
    }
    return NULL;
}

static gboolean same_file(const QhModuleFile *a, const QhModuleFile *b)
{
    return a->fd >= 0 && b->fd >= 0 && a->id.device == b->id.device && a->id.inode == b->id.inode;
}

/* A client may try any number of paths; only so many of its failures are remembered. */
static void forget_oldest(QhRegistry *registry)
{
    guint n = 0;

    for (guint i = registry->files->len; i > 0; i--) {
        const QhModuleFile *file = g_ptr_array_index(registry->files, i - 1);
        if (file->by_path && file->loaded == NULL && ++n > BY_PATH_MAX) {
            g_ptr_array_remove_index(registry->files, i - 1);
        }
    }
}

/* The known file that @file is; or NULL, and what was known of an earlier file there is gone. */
static QhModuleFile *known_file(QhRegistry *registry, const QhModuleFile *file)
{
    for (guint i = 0; i < registry->files->len; i++) {
        QhModuleFile *known = g_ptr_array_index(registry->files, i);
        if (same_file(file, known) && strcmp(file->name, known->name) == 0) {
            return known;
        }
        if (strcmp(file->path, known->path) == 0 && known->loaded == NULL) {
            g_ptr_array_remove_index(registry->files, i--);
        }
    }
    return NULL;
}

/* A module by path joins the known ones, whatever comes of it. */
static gboolean load_path(QhRegistry *registry, const char *path, GError **error)
{
    QhModuleFile *file = qh_module_file_examine(path, FALSE);
    QhModuleFile *known = known_file(registry, file);

    if (known != NULL) {
        qh_module_file_free(file);
        return load_file(registry, known, error);
    }
    file->by_path = TRUE;
    g_ptr_array_add(registry->files, file);
    forget_oldest(registry);
    QhLoadedModule *other = file->note != NULL ? find_loaded(registry, file->name) : NULL;
    if (other != NULL && file->refusal == QH_REFUSED_NOT) {
        g_autofree char *reason = g_strdup_printf("module '%s' is loaded already, from %s",
                                                  file->name, other->file->path);
        remember(file, QH_REFUSED_DUPLICATE, reason);
        qh_module_file_shut(file);
    }
    gboolean good = load_file(registry, file, error);
    if (!good) {
        qh_module_file_shut(file); /* the next try opens it anew */
    }
    return good;
}

static gboolean is_plain_name(const char *name)
{
    return g_utf8_validate(name, -1, NULL) && strlen(name) < 256 && strpbrk(name, "\r\n") == NULL;
}

gboolean qh_registry_load(QhRegistry *registry, const char *name, GError **error)
{
    if (name == NULL || *name == '\0' || strlen(name) >= PATH_MAX ||
        (strchr(name, '/') == NULL && !is_plain_name(name))) {
        g_autofree char *shown = g_strndup(name != NULL ? name : "", 64);
        g_autofree char *escaped = g_strescape(shown, NULL);
        set_refused(error, escaped, "that is no name of a module or file");
        return FALSE;
    }
    if (strchr(name, '/') != NULL) {
        return load_path(registry, name, error);
    }
    QhModuleFile *file = qh_module_file_find(registry, name);
    if (file == NULL || (file->refusal != QH_REFUSED_NOT && file->loaded == NULL)) {
        qh_registry_scan(registry); /* it may have been installed or mended since */
        file = qh_module_file_find(registry, name);
    }
    if (file != NULL) {
        return load_known(registry, file, error);
    }
    g_autofree char *where = qh_module_directories_text(registry);
    g_autofree char *package = qh_registry_package(registry, name);
    g_autofree char *hint =
        package != NULL ? g_strdup_printf("; package %s has it", package) : g_strdup("");
    g_autofree char *reason = g_strdup_printf("no file of that name in %s%s", where, hint);
    set_refused(error, name, reason);
    return FALSE;
}

void qh_registry_load_all(QhRegistry *registry, QhLoadFailedFn failed, void *data)
{
    for (guint i = 0; i < registry->files->len; i++) {
        QhModuleFile *file = g_ptr_array_index(registry->files, i);
        g_autoptr(GError) error = NULL;
        if (file->refusal == QH_REFUSED_NOT && !load_known(registry, file, &error)) {
            failed(error, data);
        }
    }
}

gboolean qh_registry_unload(QhRegistry *registry, const char *name, GError **error)
{
    QhLoadedModule *module = find_loaded(registry, name);

    if (module == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "cannot unload module '%s': it is not loaded", name);
        return FALSE;
    }
    gint users = g_atomic_int_get(&module->users);
    if (users > 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "cannot unload module '%s': it is in use (%d times)", name, users);
        return FALSE;
    }
    for (guint i = 0; i < module->slots->len; i++) {
        QhSlot *slot = g_ptr_array_index(module->slots, i);
        g_autofree char *key = g_strdup_printf("%s/%s", slot->kind, slot->name);
        if (strcmp(slot->kind, "target") == 0 && g_strcmp0(registry->target, slot->name) == 0) {
            g_clear_pointer(&registry->target, g_free);
        }
        g_hash_table_remove(registry->slots, key);
    }
    QhModuleFile *file = module->file;
    QhFileId id;
    file->loaded = NULL;
    g_ptr_array_remove(registry->modules, module);
    qh_module_close(module);
    if (registry->listener != NULL) {
        registry->listener(QH_REGISTRY_UNLOADED, file->name, registry->listener_data);
    }
    if (!qh_file_identify(file->path, &id)) {
        g_ptr_array_remove(registry->files, file); /* its package was removed while it was in use */
    }
    return TRUE;
}

/* The file whose note promises the slot; refused ones only when no good one does. */
QhModuleFile *qh_registry_provider(QhRegistry *registry, const char *kind, const char *name)
{
    QhModuleFile *refused = NULL;

    for (guint i = 0; i < registry->files->len; i++) {
        QhModuleFile *file = g_ptr_array_index(registry->files, i);
        if (file->note == NULL || qh_note_find(file->note->offers, kind, name) == NULL) {
            continue;
        }
        if (file->refusal == QH_REFUSED_NOT) {
            return file;
        }
        refused = refused != NULL ? refused : file;
    }
    return refused;
}

gboolean qh_registry_load_target(QhRegistry *registry, const char *name, GError **error)
{
    QhModuleFile *file = qh_registry_provider(registry, "target", name);
    const char *target = name;

    if (file == NULL && (file = qh_module_file_find(registry, name)) != NULL) {
        const QhJson *targets =
            file->note != NULL ? qh_note_offers(file->note->offers, "target") : NULL;
        if (targets == NULL || qh_json_length(targets) == 0) {
            file = NULL;
        } else {
            target = qh_json_string(qh_json_get(qh_json_at(targets, 0), "name"));
        }
    }
    if (file == NULL) {
        QhAbsence *absence = qh_registry_absence(registry, "target", name);
        qh_absence_set_error(absence, error);
        qh_absence_free(absence);
        return FALSE;
    }
    if (!load_known(registry, file, error)) {
        return FALSE;
    }
    if (registry->target == NULL) {
        registry->target = g_strdup(target);
    }
    return TRUE;
}

const char *qh_registry_target(QhRegistry *registry)
{
    return registry->target;
}

/* Commands answer for what is loaded: asking one does not bring a target in. */
static gboolean on_demand(const char *kind)
{
    return strcmp(kind, "command") != 0;
}

gboolean qh_registry_acquire(
    QhRegistry *registry, const char *kind, const char *name, QhSlotRef *ret, GError **error)
{
    g_autofree char *key = g_strdup_printf("%s/%s", kind, name);
    QhSlot *slot = g_hash_table_lookup(registry->slots, key);

    if (slot == NULL && on_demand(kind)) {
        QhModuleFile *file = qh_registry_provider(registry, kind, name);
        if (file != NULL && file->refusal == QH_REFUSED_NOT) {
            if (!load_known(registry, file, error)) {
                return FALSE;
            }
            slot = g_hash_table_lookup(registry->slots, key);
        }
    }
    if (slot == NULL) {
        QhAbsence *absence = qh_registry_absence(registry, kind, name);
        qh_absence_set_error(absence, error);
        qh_absence_free(absence);
        return FALSE;
    }
    g_atomic_int_inc(&slot->module->users);
    *ret = (QhSlotRef){.ops = slot->ops, .ctx = slot->ctx, .module = slot->module};
    return TRUE;
}

void qh_slot_release(QhSlotRef *ref)
{
    if (ref->module != NULL) {
        g_atomic_int_add(&ref->module->users, -1);
    }
    *ref = (QhSlotRef){0};
}

void qh_slot_ref_copy(const QhSlotRef *ref, QhSlotRef *ret)
{
    if (ref->module != NULL) {
        g_atomic_int_inc(&ref->module->users);
    }
    *ret = *ref;
}
