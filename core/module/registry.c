/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry itself. Where to read on: search.c finds files (elf.c and note.c say what is in
 * them), load.c loads and hands out slots, open.c and probe.c run a module's code, transaction.c
 * and interface.c judge what it offers, absence.c and describe.c speak about it all.
 */
#include "core/module/registry-priv.h"
#include "core/module/services.h"

static void free_directory(gpointer data)
{
    QhModuleDirectory *directory = data;

    g_free(directory->path);
    g_free(directory);
}

QhRegistry *qh_registry_new(QhHost *host)
{
    QhRegistry *registry = g_new0(QhRegistry, 1);

    qh_absence_register();
    registry->api = (QhHostApi){
        .size = sizeof(QhHostApi),
        .abi_major = QH_ABI_MAJOR,
        .abi_minor = QH_ABI_MINOR,
        .host = host,
        .service = qh_service_find,
        .offer = qh_transaction_offer,
    };
    registry->directories = g_ptr_array_new_with_free_func(free_directory);
    registry->files = g_ptr_array_new_with_free_func((GDestroyNotify)qh_module_file_free);
    registry->slots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    registry->modules = g_ptr_array_new();
    registry->inotify = -1;
    return registry;
}

void qh_registry_free(QhRegistry *registry)
{
    if (registry == NULL) {
        return;
    }
    qh_registry_unwatch(registry);
    g_hash_table_remove_all(registry->slots);
    for (guint i = registry->modules->len; i > 0; i--) {
        QhLoadedModule *module = g_ptr_array_index(registry->modules, i - 1);
        /* One that is still in use may have code on some thread's stack: leave it mapped. */
        if (g_atomic_int_get(&module->users) == 0) {
            qh_module_close(module);
        }
    }
    g_ptr_array_unref(registry->modules);
    g_ptr_array_unref(registry->files);
    g_ptr_array_unref(registry->directories);
    g_hash_table_unref(registry->slots);
    qh_json_unref(registry->known);
    g_free(registry->target);
    g_free(registry->fingerprint);
    g_free(registry->outlook);
    g_free(registry);
}

void qh_registry_set_listener(QhRegistry *registry, QhRegistryListener listener, void *data)
{
    registry->listener = listener;
    registry->listener_data = data;
}

const char *qh_refusal_text(QhRefusal refusal)
{
    static const char *const texts[] = {
        [QH_REFUSED_NOT] = "none",
        [QH_REFUSED_NOT_FOUND] = "not-found",
        [QH_REFUSED_UNREADABLE] = "unreadable",
        [QH_REFUSED_UNSAFE_OWNER] = "unsafe-owner",
        [QH_REFUSED_NOT_A_MODULE] = "not-a-module",
        [QH_REFUSED_WRONG_HOST_ARCH] = "wrong-host-arch",
        [QH_REFUSED_ABI_TOO_OLD] = "abi-too-old",
        [QH_REFUSED_ABI_TOO_NEW] = "abi-too-new",
        [QH_REFUSED_NOTE_MISMATCH] = "note-mismatch",
        [QH_REFUSED_LINK_FAILED] = "link-failed",
        [QH_REFUSED_INIT_FAILED] = "init-failed",
        [QH_REFUSED_DUPLICATE] = "duplicate",
        [QH_REFUSED_DEPENDENCY_MISSING] = "dependency-missing",
        [QH_REFUSED_CHANGED_HOST] = "changed-host",
    };

    return (guint)refusal < G_N_ELEMENTS(texts) ? texts[refusal] : "unknown";
}
