/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info SUBJECT */
#include "config-host.h"
#include "core/host/run-state.h"
#include "core/jit/engine.h"
#include "core/machine/machine.h"
#include "core/module/registry.h"
#include "core/qmp/monitor.h"
#include "core/qmp/stopped.h"
#include "core/vcpu/vcpu.h"
#include "qapi/qapi-commands-char.h"
#include "qapi/qapi-commands-modules.h"
#include "qapi/qapi-tables.h"
#include <string.h>

typedef struct Subject {
    const char *name;
    const char *help;
    void (*show)(const QhMonitorCall *call);
} Subject;

static QhVcpu *current_vcpu(const QhMonitorCall *call)
{
    QhMachine *machine = qh_host_machine(call->host);

    return machine != NULL && call->cpu_index < qh_machine_n_vcpus(machine)
               ? qh_machine_vcpu(machine, call->cpu_index)
               : NULL;
}

static void append_registers(const QhMonitorCall *call, QhVcpu *vcpu)
{
    g_autofree char *text = qh_vcpu_describe(vcpu);

    g_string_append_printf(call->out, "\nCPU#%u\n%s", qh_vcpu_index(vcpu), text);
    if (!g_str_has_suffix(text, "\n")) {
        g_string_append_c(call->out, '\n');
    }
}

/* "-a" means all CPUs. */
static void show_registers(const QhMonitorCall *call)
{
    QhMachine *machine = qh_host_machine(call->host);
    gboolean all = g_str_has_suffix(call->args, "-a");

    if (current_vcpu(call) == NULL) {
        g_string_append(call->out, "No CPU available\n");
        return;
    }
    gboolean resume = qh_stopped_begin(call->host);
    for (guint i = 0; all && i < qh_machine_n_vcpus(machine); i++) {
        append_registers(call, qh_machine_vcpu(machine, i));
    }
    if (!all) {
        append_registers(call, current_vcpu(call));
    }
    qh_stopped_end(call->host, resume);
}

static void show_mtree(const QhMonitorCall *call)
{
    QhMachine *machine = qh_host_machine(call->host);

    if (machine == NULL) {
        g_string_append(call->out, "No machine\n");
        return;
    }
    g_autofree char *text = qh_space_describe(qh_machine_system(machine));
    g_string_append(call->out, text);
}

static void show_jit(const QhMonitorCall *call)
{
    QhMachine *machine = qh_host_machine(call->host);

    for (guint i = 0; machine != NULL && i < qh_machine_n_clusters(machine); i++) {
        const QhCluster *cluster = qh_machine_cluster(machine, i);
        g_autofree char *text = qh_engine_describe(cluster->engine);

        g_string_append_printf(call->out, "cluster %u, %s\n%s", i, cluster->target, text);
    }
    if (machine == NULL) {
        g_string_append(call->out, "No machine\n");
    }
}

static void show_status(const QhMonitorCall *call)
{
    QhRunState *state = qh_host_run_state(call->host);

    g_string_append_printf(call->out, "VM status: %s",
                           qh_run_state_is_running(state) ? "running" : "paused");
    if (!qh_run_state_is_running(state) && qh_run_state_get(state) != QH_RUN_PAUSED) {
        g_string_append_printf(call->out, " (%s)", qh_run_state_text(qh_run_state_get(state)));
    }
    g_string_append_c(call->out, '\n');
}

static void show_version(const QhMonitorCall *call)
{
    g_string_append(call->out, "qemu-host " QH_VERSION " (QMP of QEMU 11.1.0)\n");
}

static void show_cpus(const QhMonitorCall *call)
{
    QhMachine *machine = qh_host_machine(call->host);

    for (guint i = 0; machine != NULL && i < qh_machine_n_vcpus(machine); i++) {
        QhVcpu *vcpu = qh_machine_vcpu(machine, i);
        g_string_append_printf(call->out, "%c CPU #%u: target=%s thread_id=%d\n",
                               i == call->cpu_index ? '*' : ' ', i, qh_vcpu_cluster(vcpu)->target,
                               qh_vcpu_thread_id(vcpu));
    }
}

static void show_name(const QhMonitorCall *call)
{
    const char *name = qh_host_config(call->host)->name;

    if (name != NULL) {
        g_string_append_printf(call->out, "%s\n", name);
    }
}

static void show_uuid(const QhMonitorCall *call)
{
    const char *uuid = qh_host_config(call->host)->uuid;

    g_string_append_printf(call->out, "%s\n",
                           uuid != NULL ? uuid : "00000000-0000-0000-0000-000000000000");
}

static void show_chardev(const QhMonitorCall *call)
{
    QhQmpChardevInfoList list = {0};

    if (qh_qmp_query_chardev(call->host, &list, NULL)) {
        for (size_t i = 0; i < list.n; i++) {
            g_string_append_printf(call->out, "%s: filename=%s\n", list.items[i].label,
                                   list.items[i].filename);
        }
    }
    qh_qapi_clear(&qh_qapi_list_ChardevInfo, &list);
}

static void show_modules(const QhMonitorCall *call)
{
    QhQmpModuleInfoList list = {0};
    g_autoptr(GError) error = NULL;

    if (!qh_qmp_query_modules(call->host, &list, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
        return;
    }
    for (size_t i = 0; i < list.n; i++) {
        const QhQmpModuleInfo *module = &list.items[i];
        const char *name = module->name != NULL ? module->name : module->path;
        g_string_append_printf(call->out, "%-20s %-10s %s\n", name != NULL ? name : "?",
                               qh_qapi_ModuleState.values[module->state],
                               module->message != NULL       ? module->message
                               : module->description != NULL ? module->description
                                                             : "");
    }
    qh_qapi_clear(&qh_qapi_list_ModuleInfo, &list);
}

static void show_targets(const QhMonitorCall *call)
{
    QhQmpTargetDescriptionList list = {0};
    g_autoptr(GError) error = NULL;

    if (!qh_qmp_query_targets(call->host, &list, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
        return;
    }
    for (size_t i = 0; i < list.n; i++) {
        const QhQmpTargetDescription *target = &list.items[i];
        g_string_append_printf(call->out, "%c %-16s %-12s %s\n", target->selected ? '*' : ' ',
                               target->name,
                               target->loaded      ? "loaded"
                               : target->installed ? "installed"
                                                   : "absent",
                               target->description != NULL ? target->description : "");
    }
    qh_qapi_clear(&qh_qapi_list_TargetDescription, &list);
}

static void show_slots(const QhMonitorCall *call)
{
    QhQmpSlotInfoList list = {0};
    g_autoptr(GError) error = NULL;

    if (!qh_qmp_query_slots(call->host, &list, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
        return;
    }
    for (size_t i = 0; i < list.n; i++) {
        const QhQmpSlotInfo *slot = &list.items[i];
        g_string_append_printf(call->out, "%-40s %-6s %s\n", slot->name,
                               slot->filled ? "filled" : "empty",
                               slot->module != NULL ? slot->module : "");
    }
    qh_qapi_clear(&qh_qapi_list_SlotInfo, &list);
}

static const Subject subjects[] = {
    {"block",               "the disks; -n: block nodes",              qh_monitor_info_block              },
    {"block-jobs",          "jobs on disks",                           qh_monitor_info_block_jobs         },
    {"chardev",             "character devices",                       show_chardev                       },
    {"cpus",                "CPUs and their threads",                  show_cpus                          },
    {"dump",                "how far the last dump is",                qh_monitor_info_dump               },
    {"iothreads",           "threads for devices",                     qh_monitor_info_iothreads          },
    {"jit",                 "what is kept of translated code",         show_jit                           },
    {"memdev",              "memory that objects make",                qh_monitor_info_memdev             },
    {"memory_size_summary", "how much memory the guest has",           qh_monitor_info_memory_size_summary},
    {"mice",                "devices that point",                      qh_monitor_info_mice               },
    {"modules",             "module files",                            show_modules                       },
    {"mtree",               "what lies at which physical address",     show_mtree                         },
    {"name",                "name of the machine",                     show_name                          },
    {"network",             "networks and their devices",              qh_monitor_info_network            },
    {"balloon",             "memory that the guest has",               qh_monitor_info_balloon            },
    {"pci",                 "PCI buses as the guest has set them up",  qh_monitor_info_pci                },
    {"usb",                 "what is plugged into USB ports",          qh_monitor_info_usb                },
    {"qtree",               "devices and buses with their properties", qh_monitor_info_qtree              },
    {"registers",           "registers of the CPU, with -a of all",    show_registers                     },
    {"slots",               "places that modules fill",                show_slots                         },
    {"status",              "whether the guest runs",                  show_status                        },
    {"targets",             "targets that can be loaded",              show_targets                       },
    {"uuid",                "UUID of the machine",                     show_uuid                          },
    {"vnc",                 "VNC servers and their clients",           qh_monitor_info_vnc                },
    {"version",             "version of this program",                 show_version                       },
};

void qh_monitor_info_help(GString *out)
{
    for (guint i = 0; i < G_N_ELEMENTS(subjects); i++) {
        g_string_append_printf(out, "info %s -- %s\n", subjects[i].name, subjects[i].help);
    }
}

void qh_monitor_info(const QhMonitorCall *call)
{
    g_autofree char *name = g_strndup(call->args, strcspn(call->args, " \t"));

    if (*name == '\0') {
        qh_monitor_info_help(call->out);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(subjects); i++) {
        if (g_str_equal(subjects[i].name, name)) {
            subjects[i].show(call);
            return;
        }
    }
    g_string_append_printf(call->out, "unknown subject: 'info %.64s'\n", name);
}
