/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a file that has passed the ELF checks, and starting the module in it. Whatever goes
 * wrong, the process is afterwards as it was before.
 */
#include "core/module/host-state.h"
#include "core/module/note.h"
#include "core/module/registry-priv.h"
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>

/*
 * The dynamic linker takes two files of the same name for one, and descriptor numbers come back.
 * So the inode number of the copy goes into the name, as a pattern of "./" and ".//".
 */
static char *unique_name(int copy)
{
    GString *name = g_string_new("/proc/self/fd/");
    struct stat st = {0};

    fstat(copy, &st);
    for (uint64_t bits = st.st_ino; bits != 0; bits >>= 1) {
        g_string_append(name, (bits & 1) ? ".//" : "./");
    }
    g_string_append_printf(name, "%d", copy);
    return g_string_free(name, FALSE);
}

static gboolean open_file(QhLoadedModule *module, int copy, QhRefusal *ret, GError **error)
{
    g_autofree char *name = unique_name(copy);
    struct link_map *link = NULL;

    module->handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (module->handle == NULL) {
        const char *text = dlerror();
        size_t length = strlen(name);
        if (text != NULL && strncmp(text, name, length) == 0) {
            text += length + strspn(text + length, ": ");
        }
        return qh_module_refuse(ret, QH_REFUSED_LINK_FAILED, error,
                                "the dynamic linker refuses it: %s",
                                text != NULL ? text : "no reason given");
    }
    module->module = dlsym(module->handle, "qh_module");
    if (module->module == NULL || dlinfo(module->handle, RTLD_DI_LINKMAP, &link) != 0) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                "qh_module cannot be found in it");
    }
    module->base = (const uint8_t *)link->l_addr;
    if ((const uint8_t *)module->module != module->base + module->elf.module_value) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                "its qh_module is not its own");
    }
    return TRUE;
}

static gboolean is_code(const QhLoadedModule *module, const void *code)
{
    return qh_elf_inside(&module->elf, (uint64_t)((const uint8_t *)code - module->base), 1, TRUE);
}

static gboolean
check_entry(const QhLoadedModule *module, QhModule *ret_entry, QhRefusal *ret, GError **error)
{
    const QhNote *note = module->file->note;
    const QhModule *entry = module->module;
    uint32_t least = offsetof(QhModule, fini) + sizeof(entry->fini);

    if (module->elf.module_bytes < least || entry->size < least ||
        entry->size > module->elf.module_bytes) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                "its qh_module says that it has %u bytes; it has %" G_GUINT64_FORMAT
                                ", and %u are expected",
                                entry->size, module->elf.module_bytes, least);
    }
    memset(ret_entry, 0, sizeof(*ret_entry));
    memcpy(ret_entry, entry, MIN(entry->size, sizeof(*ret_entry)));
    if (ret_entry->abi_major != note->abi_major || ret_entry->abi_minor > note->abi_minor) {
        return qh_module_refuse(
            ret,
            ret_entry->abi_major < QH_ABI_MAJOR ? QH_REFUSED_ABI_TOO_OLD : QH_REFUSED_ABI_TOO_NEW,
            error, "its code is for ABI %u.%u, its note says %u.%u, this host has %d.%d",
            ret_entry->abi_major, ret_entry->abi_minor, note->abi_major, note->abi_minor,
            QH_ABI_MAJOR, QH_ABI_MINOR);
    }
    if (ret_entry->init == NULL) {
        return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error, "its qh_module has no init");
    }
    const void *const code[] = {(const void *)(uintptr_t)ret_entry->init,
                                (const void *)(uintptr_t)ret_entry->quiesce,
                                (const void *)(uintptr_t)ret_entry->fini};
    static const char *const names[] = {"init", "quiesce", "fini"};
    for (guint i = 0; i < G_N_ELEMENTS(code); i++) {
        if (code[i] != NULL && !is_code(module, code[i])) {
            return qh_module_refuse(ret, QH_REFUSED_NOT_A_MODULE, error,
                                    "the %s of its qh_module lies outside its code", names[i]);
        }
    }
    return TRUE;
}

static void stage(QhRegistry *registry, QhProbeStage now)
{
    if (registry->probe_stage != NULL) {
        *registry->probe_stage = now;
    }
}

static void bind_context(QhLoadedModule *module)
{
    for (guint i = 0; i < module->slots->len; i++) {
        QhSlot *slot = g_ptr_array_index(module->slots, i);
        slot->ctx = slot->ctx != NULL ? slot->ctx : module->ctx;
    }
}

/* Run init and take what it offers. */
static gboolean start(QhLoadedModule *module, const QhModule *entry, QhRefusal *ret, GError **error)
{
    g_autoptr(QhTransaction) txn = qh_transaction_new(module);
    g_autoptr(GError) why = NULL;

    stage(module->registry, QH_PROBE_INIT);
    if (!entry->init(&module->registry->api, txn, &module->ctx, &why)) {
        module->ctx = NULL;
        return qh_module_refuse(ret, QH_REFUSED_INIT_FAILED, error, "its init failed: %s",
                                why != NULL ? why->message : "no reason given");
    }
    stage(module->registry, QH_PROBE_CHECK);
    if (qh_transaction_validate(txn, ret, error)) {
        module->slots = g_steal_pointer(&txn->slots);
        txn->slots = g_ptr_array_new();
        bind_context(module);
        return TRUE;
    }
    if (entry->fini != NULL) {
        entry->fini(module->ctx);
    }
    return FALSE;
}

/* @keep: a thread that the module started may still run its code, so it must stay mapped. */
static void release(QhLoadedModule *module, gboolean keep)
{
    stage(module->registry, QH_PROBE_CLOSE);
    if (module->handle != NULL && !keep) {
        dlclose(module->handle);
    }
    g_clear_pointer(&module->slots, g_ptr_array_unref);
    g_clear_pointer(&module->buses, g_hash_table_unref);
    qh_elf_clear(&module->elf);
    g_free(module);
}

QhLoadedModule *qh_module_open(QhRegistry *registry,
                               QhModuleFile *file,
                               int copy,
                               QhElf *elf,
                               QhRefusal *ret_refusal,
                               GError **error)
{
    g_autoptr(QhHostState) before = qh_host_state_save();
    g_autoptr(GError) changed = NULL;
    QhLoadedModule *module = g_new0(QhLoadedModule, 1);
    QhModule entry;

    module->registry = registry;
    module->file = file;
    module->elf = *elf;
    *elf = (QhElf){0};

    gboolean good = open_file(module, copy, ret_refusal, error) &&
                    check_entry(module, &entry, ret_refusal, error);
    gboolean same = qh_host_state_compare(before, &changed);
    if (good && same) {
        good = start(module, &entry, ret_refusal, error);
        same = qh_host_state_compare(before, &changed);
        if (good && !same && entry.fini != NULL) {
            entry.fini(module->ctx);
        }
    }
    if (good && same) {
        return module;
    }
    if (good) {
        qh_module_refuse(ret_refusal, QH_REFUSED_CHANGED_HOST, error, "%s", changed->message);
    }
    release(module, qh_host_state_more_threads(before));
    qh_host_state_restore(before);
    return NULL;
}

void qh_module_close(QhLoadedModule *module)
{
    g_autoptr(QhHostState) before = qh_host_state_save();
    QhModule entry = {0};

    stage(module->registry, QH_PROBE_CLOSE);
    memcpy(&entry, module->module, MIN(module->module->size, sizeof(entry)));
    if (entry.quiesce != NULL) {
        entry.quiesce(module->ctx);
    }
    if (entry.fini != NULL) {
        entry.fini(module->ctx);
    }
    release(module, FALSE);
    qh_host_state_restore_modes(before);
}
