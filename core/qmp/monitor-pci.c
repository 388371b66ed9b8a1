/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info pci: query-pci in words. The command's body is a module's, so its reply is what there is. */
#include "core/qmp/monitor.h"
#include "core/qmp/qmp.h"

static int64_t number(const QhJson *object, const char *key)
{
    int64_t value = 0;
    const QhJson *member = qh_json_get(object, key);

    return member != NULL && qh_json_int(member, &value) ? value : 0;
}

static const char *text(const QhJson *object, const char *key)
{
    const QhJson *member = qh_json_get(object, key);

    return member != NULL ? qh_json_string(member) : NULL;
}

static void show_region(const QhJson *region, GString *out)
{
    int64_t address = number(region, "address"), size = number(region, "size");
    gboolean io = g_strcmp0(text(region, "type"), "io") == 0;
    const QhJson *wide = qh_json_get(region, "mem_type_64");
    const QhJson *prefetch = qh_json_get(region, "prefetch");

    g_string_append_printf(out, "      BAR%d: ", (int)number(region, "bar"));
    if (io) {
        g_string_append(out, "I/O");
    } else {
        g_string_append_printf(out, "%d bit%s memory", wide != NULL && qh_json_bool(wide) ? 64 : 32,
                               prefetch != NULL && qh_json_bool(prefetch) ? " prefetchable" : "");
    }
    if (address == -1) {
        g_string_append_printf(out, ", 0x%" G_GINT64_MODIFIER "x bytes, not mapped\n", size);
        return;
    }
    g_string_append_printf(out, " at 0x%0*" G_GINT64_MODIFIER "x [0x%0*" G_GINT64_MODIFIER "x]\n",
                           io ? 4 : 8, address, io ? 4 : 8, address + size - 1);
}

static void show_range(const QhJson *bus, const char *key, const char *name, GString *out)
{
    const QhJson *range = qh_json_get(bus, key);

    g_string_append_printf(
        out, "      %s range [0x%08" G_GINT64_MODIFIER "x, 0x%08" G_GINT64_MODIFIER "x]\n", name,
        number(range, "base"), number(range, "limit"));
}

static void show_devices(const QhJson *devices, GString *out);

static void show_bridge(const QhJson *bridge, GString *out)
{
    const QhJson *bus = qh_json_get(bridge, "bus");
    const QhJson *devices = qh_json_get(bridge, "devices");

    g_string_append_printf(out, "      BUS %d, secondary bus %d, subordinate bus %d\n",
                           (int)number(bus, "number"), (int)number(bus, "secondary"),
                           (int)number(bus, "subordinate"));
    show_range(bus, "io_range", "I/O", out);
    show_range(bus, "memory_range", "memory", out);
    show_range(bus, "prefetchable_range", "prefetchable memory", out);
    if (devices != NULL) {
        show_devices(devices, out);
    }
}

static void show_device(const QhJson *device, GString *out)
{
    const QhJson *id = qh_json_get(device, "id"), *kind = qh_json_get(device, "class_info");
    const QhJson *regions = qh_json_get(device, "regions");
    const QhJson *bridge = qh_json_get(device, "pci_bridge");
    const char *words = text(kind, "desc");

    g_string_append_printf(out, "  Bus %2d, device %3d, function %d:\n    ",
                           (int)number(device, "bus"), (int)number(device, "slot"),
                           (int)number(device, "function"));
    if (words != NULL) {
        g_string_append(out, words);
    } else {
        g_string_append_printf(out, "Class %04x", (guint)number(kind, "class"));
    }
    g_string_append_printf(out, ": PCI device %04x:%04x\n", (guint)number(id, "vendor"),
                           (guint)number(id, "device"));
    if (qh_json_get(id, "subsystem") != NULL) {
        g_string_append_printf(out, "      PCI subsystem %04x:%04x\n",
                               (guint)number(id, "subsystem-vendor"),
                               (guint)number(id, "subsystem"));
    }
    if (number(device, "irq_pin") != 0) {
        g_string_append_printf(out, "      IRQ %d, pin %c\n", (int)number(device, "irq"),
                               (char)('A' + number(device, "irq_pin") - 1));
    }
    if (bridge != NULL) {
        show_bridge(bridge, out);
    }
    for (size_t i = 0; i < qh_json_length(regions); i++) {
        show_region(qh_json_at(regions, i), out);
    }
    g_string_append_printf(out, "      id \"%s\"\n", text(device, "qdev_id"));
}

static void show_devices(const QhJson *devices, GString *out)
{
    for (size_t i = 0; i < qh_json_length(devices); i++) {
        show_device(qh_json_at(devices, i), out);
    }
}

void qh_monitor_info_pci(const QhMonitorCall *call)
{
    g_autoptr(QhJson) request = qh_json_new_object();

    qh_json_set(request, "execute", qh_json_new_string("query-pci"));
    g_autoptr(QhJson) reply = qh_qmp_execute(qh_host_qmp(call->host), request);
    const QhJson *buses = reply != NULL ? qh_json_get(reply, "return") : NULL;

    if (buses == NULL) {
        g_string_append(call->out, "PCI devices not supported\n");
        return;
    }
    for (size_t i = 0; i < qh_json_length(buses); i++) {
        show_devices(qh_json_get(qh_json_at(buses, i), "devices"), call->out);
    }
}
