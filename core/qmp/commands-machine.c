/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands on machines, targets and CPUs. What can be chosen is read from notes; what runs is asked
 * of the machine. */
#include "core/machine/machine.h"
#include "core/qmp/offers.h"
#include "core/qmp/qapi.h"
#include "core/vcpu/vcpu.h"
#include "qapi/qapi-commands-machine.h"
#include "qapi/qapi-tables.h"
#include <string.h>

#define NO_UUID "00000000-0000-0000-0000-000000000000"

gboolean qh_qmp_query_name(QhHost *host, QhQmpNameInfo *ret, GError **error)
{
    (void)error;
    ret->name = g_strdup(qh_host_config(host)->name);
    return TRUE;
}

gboolean qh_qmp_query_uuid(QhHost *host, QhQmpUuidInfo *ret, GError **error)
{
    const char *uuid = qh_host_config(host)->uuid;

    (void)error;
    ret->UUID = g_strdup(uuid != NULL ? uuid : NO_UUID);
    return TRUE;
}

gboolean qh_qmp_query_kvm(QhHost *host, QhQmpKvmInfo *ret, GError **error)
{
    (void)host;
    (void)error;
    ret->enabled = ret->present = FALSE;
    return TRUE;
}

gboolean qh_qmp_query_accelerators(QhHost *host, QhQmpAcceleratorInfo *ret, GError **error)
{
    (void)host;
    (void)error;
    ret->enabled = QH_QMP_ACCELERATOR_TCG;
    *QH_QAPI_APPEND(&ret->present) = QH_QMP_ACCELERATOR_TCG;
    return TRUE;
}

gboolean qh_qmp_query_target(QhHost *host, QhQmpTargetInfo *ret, GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    const char *selected = qh_registry_target(registry);
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    if (selected == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                            "no target is selected; load one with module-load or --load-target");
        return FALSE;
    }
    ret->arch = g_strdup(selected);
    qh_registry_describe_slots(registry, writer);
    g_autofree char *text = qh_json_writer_steal(writer, NULL);
    g_autoptr(QhJson) slots = qh_json_parse(text, -1, NULL, error);
    for (size_t i = 0; slots != NULL && i < qh_json_length(slots); i++) {
        const QhJson *slot = qh_json_at(slots, i);
        const char *name = qh_json_string(qh_json_get(slot, "name"));
        if (g_str_has_prefix(name, "target/") && qh_offer_bool(slot, "filled")) {
            *QH_QAPI_APPEND(&ret->targets) = g_strdup(name + strlen("target/"));
        }
    }
    return slots != NULL;
}

typedef struct Machines {
    QhRegistry *registry;
    const char *target; /* NULL: all */
    QhQmpMachineInfoList *list;
} Machines;

/* Entries for several targets are listed once for each of them, or for the one asked for. */
static void add_machine_for(Machines *machines,
                            const char *module,
                            const QhJson *entry,
                            gboolean installed,
                            const char *target)
{
    QhQmpMachineInfo *machine = QH_QAPI_APPEND(machines->list);
    g_autofree char *default_cpu = qh_offer_text(entry, "default-cpu");
    g_autofree char *target_machine = qh_target_text(machines->registry, target, "default-machine");

    machine->name = qh_offer_text(entry, "name");
    machine->alias = qh_offer_text(entry, "alias");
    machine->is_default =
        qh_offer_bool(entry, "is-default") || g_strcmp0(target_machine, machine->name) == 0;
    machine->has_is_default = machine->is_default;
    machine->cpu_max = 1;
    qh_offer_int(entry, "cpu-max", &machine->cpu_max);
    machine->hotpluggable_cpus = qh_offer_bool(entry, "hotpluggable-cpus");
    machine->numa_mem_supported = qh_offer_bool(entry, "numa-mem-supported");
    machine->deprecated = qh_offer_bool(entry, "deprecated");
    machine->acpi = qh_offer_bool(entry, "acpi");
    machine->default_ram_id = qh_offer_text(entry, "default-ram-id");
    if (default_cpu == NULL) {
        default_cpu = qh_target_text(machines->registry, target, "default-cpu");
    }
    if (default_cpu != NULL) {
        machine->default_cpu_type = qh_cpu_type_name(default_cpu, target);
    }
    machine->target = g_strdup(target);
    machine->description = qh_offer_text(entry, "description");
    machine->module = g_strdup(module);
    machine->has_installed = TRUE;
    machine->installed = installed;
}

static void add_machine(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Machines *machines = data;
    const QhJson *targets = qh_json_get(entry, "targets");

    if (machines->target != NULL) {
        if (qh_offer_has_target(entry, machines->target)) {
            add_machine_for(machines, module, entry, installed, machines->target);
        }
        return;
    }
    for (size_t i = 0; targets != NULL && i < qh_json_length(targets); i++) {
        const char *target = qh_json_string(qh_json_at(targets, i));
        if (target != NULL) {
            add_machine_for(machines, module, entry, installed, target);
        }
    }
    if (targets == NULL) {
        add_machine_for(machines, module, entry, installed, NULL);
    }
}

gboolean qh_qmp_query_machines(QhHost *host,
                               const QhQmpQueryMachinesArgs *args,
                               QhQmpMachineInfoList *ret,
                               GError **error)
{
    Machines machines = {.registry = qh_host_registry(host), .list = ret};

    if (!qh_target_choose(machines.registry, args->target, &machines.target, error)) {
        return FALSE;
    }
    /* The empty board is the host's own and suits every target. */
    QhQmpMachineInfo *none = QH_QAPI_APPEND(ret);
    none->name = g_strdup("none");
    none->description = g_strdup("No board");
    none->cpu_max = 1;
    qh_registry_foreach_offer(machines.registry, "machine", add_machine, &machines);
    return TRUE;
}

gboolean qh_qmp_query_cpus_fast(QhHost *host, QhQmpCpuInfoFastList *ret, GError **error)
{
    QhMachine *machine = qh_host_machine(host);

    (void)error;
    for (guint i = 0; machine != NULL && i < qh_machine_n_vcpus(machine); i++) {
        QhVcpu *vcpu = qh_machine_vcpu(machine, i);
        const char *target = qh_vcpu_cluster(vcpu)->target;
        QhQmpCpuInfoFast *cpu = QH_QAPI_APPEND(ret);

        cpu->cpu_index = qh_vcpu_index(vcpu);
        cpu->qom_path = g_strdup_printf("/machine/cpu[%u]", qh_vcpu_index(vcpu));
        cpu->thread_id = qh_vcpu_thread_id(vcpu);
        if (!qh_qapi_enum_find(&qh_qapi_SysEmuTarget, target, &cpu->target)) {
            cpu->target = QH_QMP_SYS_EMU_TARGET_OTHER;
            cpu->target_name = g_strdup(target);
        }
        cpu->props = g_new0(QhQmpCpuInstanceProperties, 1);
        cpu->props->has_core_id = TRUE;
        cpu->props->core_id = qh_vcpu_index(vcpu);
    }
    return TRUE;
}

gboolean qh_qmp_query_memory_size_summary(QhHost *host, QhQmpMemoryInfo *ret, GError **error)
{
    QhMachine *machine = qh_host_machine(host);

    (void)error;
    ret->base_memory = machine != NULL ? qh_machine_service.config(machine)->ram_bytes : 0;
    ret->has_plugged_memory = TRUE; /* none can be plugged */
    return TRUE;
}

gboolean qh_qmp_query_current_machine(QhHost *host, QhQmpCurrentMachineParams *ret, GError **error)
{
    (void)host;
    (void)error;
    ret->wakeup_suspend_support = FALSE;
    return TRUE;
}

gboolean qh_qmp_query_hotpluggable_cpus(QhHost *host, QhQmpHotpluggableCPUList *ret, GError **error)
{
    (void)host;
    (void)ret;
    g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                        "machine does not support hot-plugging CPUs");
    return FALSE;
}
