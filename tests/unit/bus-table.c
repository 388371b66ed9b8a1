/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of buses from modules: believed only when they lie in the module's file, copied once. */
#include "core/device/bus.h"
#include "core/device/instance-priv.h"
#include "core/host/host.h"

#include <string.h>

static gboolean attach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data, GError **error)
{
    (void)parent;
    (void)bus;
    (void)child;
    (void)data;
    (void)error;
    return TRUE;
}

static void detach(QhDevice *parent, QhBus *bus, QhDevice *child, void *data)
{
    (void)parent;
    (void)bus;
    (void)child;
    (void)data;
}

/* Good in itself, but it lies in this program. */
static const QhBusOps foreign = {
    .size = sizeof(QhBusOps),
    .kind = "cards",
    .attach = attach,
    .detach = detach,
};

static QhMachine *machine_new(QhHost *host)
{
    static const char *const ports[] = {
        "{\"driver\": \"pcie-root-port\", \"id\": \"p\", \"chassis\": 1}",
        "{\"driver\": \"pcie-root-port\", \"id\": \"q\", \"chassis\": 2}",
    };
    QhMachineOptions *options = qh_machine_options_new();
    g_autoptr(GError) error = NULL;

    qh_registry_scan(qh_host_registry(host));
    options->type = g_strdup("virt");
    options->target = g_strdup("riscv64");
    options->bios = g_strdup("none");
    QhMachine *machine = qh_machine_new(host, options, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(ports); i++) {
        g_autoptr(QhJson) port = qh_json_parse(ports[i], -1, NULL, NULL);

        g_assert_true(qh_machine_add_device(machine, port, &error));
        g_assert_no_error(error);
    }
    return machine;
}

static void test_copies(void)
{
    g_autoptr(QhHost) host = qh_host_new();
    QhMachine *machine = machine_new(host);
    const QhInstance *p = qh_machine_find_device(machine, "p");
    const QhInstance *q = qh_machine_find_device(machine, "q");
    const QhBus *first = g_ptr_array_index(p->buses, 0), *second = g_ptr_array_index(q->buses, 0);

    g_assert_true(first->ops == second->ops);
    g_assert_cmpuint(first->ops->size, ==, sizeof(QhBusOps));
    g_assert_true(p->bus->ops == first->ops); /* the module's only table */
    g_assert_nonnull(first->ops->child_state);
    g_assert_nonnull(first->ops->properties);
}

static void refuse(const QhSlotRef *ref, const QhBusOps *ops, const char *pattern)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(qh_slot_take_bus(ref, ops, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_MODULE);
    if (!g_pattern_match_simple(pattern, error->message)) {
        g_error("'%s' is not '%s'", error->message, pattern);
    }
}

static void test_foreign(void)
{
    g_autoptr(QhHost) host = qh_host_new();
    QhMachine *machine = machine_new(host);
    const QhInstance *port = qh_machine_find_device(machine, "p");
    g_autoptr(GError) error = NULL;

    refuse(&port->slot, NULL, "*its table is missing");
    refuse(&port->slot, &foreign, "slot 'bus/pci': its table lies outside the module's file");
    /* bytes of the module that are no table of a bus: the class, the name of the slot */
    refuse(&port->slot, port->ops->bus_class, "slot 'bus/pci': *");
    g_assert_null(qh_device_service.bus_new(port->state, &foreign, NULL, &error));
    g_assert_nonnull(strstr(error->message, "device 'p' (pcie-root-port) describes its bus badly"));
    g_assert_cmpuint(port->buses->len, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus-table/copies", test_copies);
    g_test_add_func("/bus-table/foreign", test_foreign);
    return g_test_run();
}
