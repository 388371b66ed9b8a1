/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on modules and slots. What is answered here comes from notes and the registry's own
 * tables; only module-load runs code of a module. */
#include "core/module/registry.h"
#include "core/qmp/offers.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-modules.h"
#include "qapi/qapi-tables.h"

gboolean qh_qmp_query_modules(QhHost *host, QhQmpModuleInfoList *ret, GError **error)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_registry_describe_modules(qh_host_registry(host), writer);
    return qh_qapi_read_back(&qh_qapi_list_ModuleInfo, writer, ret, error);
}

static const QhQmpSlotInfo *
find_slot(const QhQmpSlotInfoList *slots, const char *kind, const char *name)
{
    g_autofree char *key = g_strdup_printf("%s/%s", kind, name);

    for (size_t i = 0; i < slots->n; i++) {
        if (g_str_equal(slots->items[i].name, key)) {
            return &slots->items[i];
        }
    }
    return NULL;
}

/* The registry knows the slots that some module offers; the schema has command slots that no known
 * module does. */
gboolean qh_qmp_query_slots(QhHost *host, QhQmpSlotInfoList *ret, GError **error)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_registry_describe_slots(qh_host_registry(host), writer);
    if (!qh_qapi_read_back(&qh_qapi_list_SlotInfo, writer, ret, error)) {
        return FALSE;
    }
    for (size_t i = 0; i < qh_qapi_n_commands; i++) {
        const char *slot = qh_qapi_commands[i].slot;
        if (slot != NULL && find_slot(ret, "command", slot) == NULL) {
            QH_QAPI_APPEND(ret)->name = g_strdup_printf("command/%s", slot);
        }
    }
    return TRUE;
}

gboolean qh_qmp_module_load(QhHost *host, const QhQmpModuleLoadArgs *args, GError **error)
{
    return qh_registry_load(qh_host_registry(host), args->name, error);
}

gboolean qh_qmp_module_unload(QhHost *host, const QhQmpModuleUnloadArgs *args, GError **error)
{
    return qh_registry_unload(qh_host_registry(host), args->name, error);
}

typedef struct Targets {
    QhHost *host;
    QhQmpSlotInfoList slots; /* tells which targets are loaded */
    QhQmpTargetDescriptionList *list;
} Targets;

static void add_target(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Targets *targets = data;
    QhRegistry *registry = qh_host_registry(targets->host);
    QhQmpTargetDescription *target = QH_QAPI_APPEND(targets->list);

    target->name = qh_offer_text(entry, "name");
    target->description = qh_offer_text(entry, "description");
    target->module = g_strdup(module);
    target->package = qh_registry_package(registry, module);
    target->installed = installed;
    const QhQmpSlotInfo *slot = find_slot(&targets->slots, "target", target->name);
    target->loaded = slot != NULL && slot->filled;
    target->selected = g_strcmp0(qh_registry_target(registry), target->name) == 0;
    target->has_bits = qh_offer_int(entry, "bits", &target->bits);
    target->default_machine = qh_offer_text(entry, "default-machine");
    target->default_cpu = qh_offer_text(entry, "default-cpu");
    g_autofree char *order = qh_offer_text(entry, "endianness");
    target->has_endianness =
        order != NULL && qh_qapi_enum_find(&qh_qapi_TargetEndianness, order, &target->endianness);
}

gboolean qh_qmp_query_targets(QhHost *host, QhQmpTargetDescriptionList *ret, GError **error)
{
    Targets targets = {.host = host, .list = ret};

    if (!qh_qmp_query_slots(host, &targets.slots, error)) {
        return FALSE;
    }
    qh_registry_foreach_offer(qh_host_registry(host), "target", add_target, &targets);
    qh_qapi_clear(&qh_qapi_list_SlotInfo, &targets.slots);
    return TRUE;
}
