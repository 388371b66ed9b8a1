/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices in the human monitor: add, remove, and the tree of buses. */
#include "core/cli/keyval.h"
#include "core/device/bus.h"
#include "core/machine/machine.h"
#include "core/qmp/monitor.h"
#include "qapi/qapi-commands-device.h"

void qh_monitor_device_add(const QhMonitorCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QhJson) options = qh_json_new_object();
    g_autoptr(QhKeyval) list = qh_keyval_parse(call->args, "driver", &error);

    for (guint i = 0; list != NULL && i < qh_keyval_length(list); i++) {
        qh_json_set(options, qh_keyval_key(list, i), qh_json_new_string(qh_keyval_value(list, i)));
    }
    if (list == NULL || !qh_qmp_device_add(call->host, options, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
    }
}

void qh_monitor_device_del(const QhMonitorCall *call)
{
    const QhQmpDeviceDelArgs args = {.id = (char *)call->args};
    g_autoptr(GError) error = NULL;

    if (!qh_qmp_device_del(call->host, &args, &error)) {
        g_string_append_printf(call->out, "Error: %s\n", error->message);
    }
}

typedef struct Tree {
    GString *out;
    guint depth;
} Tree;

static void show_property(const QhProperty *property, const char *text, void *data)
{
    const Tree *tree = data;

    g_string_append_printf(tree->out, "%*s%s = %s\n", (int)tree->depth * 2, "", property->name,
                           text != NULL ? text : "\"\"");
}

static void show_bus(QhBus *bus, void *data);

static void show_device(QhInstance *device, void *data)
{
    Tree *tree = data;
    g_autofree char *address = qh_instance_address(device);

    g_string_append_printf(tree->out, "%*sdev: %s, id \"%s\"%s%s\n", (int)tree->depth * 2, "",
                           qh_instance_class(device), qh_instance_id(device),
                           address != NULL ? ", at " : "", address != NULL ? address : "");
    tree->depth++;
    qh_instance_foreach_property(device, show_property, tree);
    qh_instance_foreach_bus(device, show_bus, tree);
    tree->depth--;
}

static void show_bus(QhBus *bus, void *data)
{
    Tree *tree = data;

    g_string_append_printf(tree->out, "%*sbus: %s\n%*stype %s\n", (int)tree->depth * 2, "",
                           qh_bus_name(bus), (int)tree->depth * 2 + 2, "", qh_bus_kind(bus));
    tree->depth++;
    qh_bus_foreach_child(bus, show_device, tree);
    tree->depth--;
}

static void show_top(QhInstance *device, void *data)
{
    if (qh_instance_bus(device) == NULL) {
        show_device(device, data);
    }
}

void qh_monitor_info_qtree(const QhMonitorCall *call)
{
    QhMachine *machine = qh_host_machine(call->host);
    Tree tree = {.out = call->out, .depth = 1};

    if (machine == NULL) {
        g_string_append(call->out, "No machine\n");
        return;
    }
    g_string_append(call->out, "bus: main-system-bus\n");
    qh_machine_foreach_device(machine, show_top, &tree);
}
