/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buses: devices that others sit on. The host keeps who sits where and the bytes that a bus wants
 * for each child; what a place is and whether it is free only the bus knows.
 */
#include "core/device/bus.h"

#include "core/device/instance-priv.h"

#include <string.h>

/* Call @fn for each bus of the machine, in the order of creation, until it returns TRUE. */
static QhBus *
find_bus(QhMachine *machine, gboolean (*fn)(QhBus *bus, const void *data), const void *data)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        const QhInstance *device = g_ptr_array_index(machine->devices, i);

        for (guint k = 0; k < device->buses->len; k++) {
            QhBus *bus = g_ptr_array_index(device->buses, k);

            if (fn(bus, data)) {
                return bus;
            }
        }
    }
    return NULL;
}

static gboolean has_name(QhBus *bus, const void *name)
{
    return g_str_equal(bus->name, name);
}

/* A device with one bus lends it its name, also as a path. */
static gboolean has_parent(QhBus *bus, const void *name)
{
    return bus->parent->buses->len == 1 && g_str_equal(bus->parent->id, name);
}

static gboolean append_name(QhBus *bus, const void *names)
{
    GString *text = (GString *)names;

    g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", bus->name);
    return FALSE;
}

QhBus *qh_bus_find(QhMachine *machine, const char *name, GError **error)
{
    const char *slash = strrchr(name, '/');
    const char *last = slash != NULL ? slash + 1 : name;
    QhBus *bus = find_bus(machine, has_name, last);

    if (bus == NULL) {
        bus = find_bus(machine, has_parent, last);
    }
    if (bus == NULL) {
        g_autoptr(GString) names = g_string_new(NULL);

        find_bus(machine, append_name, names);
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "there is no bus '%s' (%s%s)", name,
                    names->len > 0 ? "there are: " : "there is none", names->str);
    }
    return bus;
}

static gboolean is_kind(QhBus *bus, const void *kind)
{
    return g_str_equal(bus->ops->kind, kind);
}

typedef struct Count {
    const char *kind;
    guint n;
} Count;

static gboolean count_kind(QhBus *bus, const void *data)
{
    Count *count = (Count *)data;

    count->n += g_str_equal(bus->ops->kind, count->kind);
    return FALSE;
}

static char *make_name(const QhInstance *parent, const QhBusOps *ops)
{
    Count count = {.kind = ops->kind};

    if (parent->named && parent->users) {
        return g_strdup_printf("%s.%u", parent->id, parent->buses->len);
    }
    find_bus(parent->machine, count_kind, &count);
    char *name = g_strdup_printf("%s.%u", ops->kind, count.n);
    while (find_bus(parent->machine, has_name, name) != NULL) {
        count.n++;
        g_free(name);
        name = g_strdup_printf("%s.%u", ops->kind, count.n);
    }
    return name;
}

QhBus *qh_bus_new(QhDevice *parent, const QhBusOps *ops, const char *name, GError **error)
{
    QhInstance *device = parent->instance;

    ops = qh_slot_take_bus(&device->slot, ops, error);
    if (ops == NULL) {
        g_prefix_error(error, "device '%s' (%s) describes its bus badly: ", device->id,
                       device->name);
        return NULL;
    }
    if (name != NULL && find_bus(device->machine, has_name, name) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "device '%s' (%s) cannot offer a bus '%s': there is one of that name",
                    device->id, device->name, name);
        return NULL;
    }
    QhBus *bus = g_new0(QhBus, 1);
    bus->parent = device;
    bus->ops = ops;
    bus->name = name != NULL ? g_strdup(name) : make_name(device, ops);
    bus->children = g_ptr_array_new();
    g_ptr_array_add(device->buses, bus);
    return bus;
}

void qh_bus_free(void *data)
{
    QhBus *bus = data;

    g_ptr_array_unref(bus->children);
    g_free(bus->name);
    g_free(bus);
}

/* Reserve what a bus with @ops keeps for @instance, and fill in the defaults. */
static gboolean use_kind(QhInstance *instance, const QhBusOps *ops, GError **error)
{
    g_autofree char *who = g_strdup_printf("device '%s' (%s)", instance->id, instance->name);

    instance->bus_kind = ops;
    instance->bus_data = g_malloc0(MAX(ops->child_size, 1));
    instance->state->bus_data = instance->bus_data;
    return qh_properties_set_defaults(instance->machine->host, ops->properties, instance->bus_data,
                                      who, error) &&
           qh_instance_apply_globals(instance, ops->properties, instance->bus_data, error);
}

QhInstance *qh_instance_create_on(
    QhMachine *machine, QhBus *bus, const char *name, const char *id, GError **error)
{
    QhInstance *instance = qh_instance_create(machine, name, id, error);

    if (instance == NULL) {
        return NULL;
    }
    const char *kind = instance->ops->bus;
    if (kind == NULL && bus == NULL) {
        return instance;
    }
    QhBus *model = bus != NULL ? bus : find_bus(machine, is_kind, kind);
    if (kind == NULL || model == NULL || !is_kind(model, kind)) {
        if (kind == NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "cannot add device '%s' to bus '%s': it sits on no bus", name, bus->name);
        } else if (bus != NULL) {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "cannot add device '%s' to bus '%s': it belongs on a bus of kind '%s', "
                        "this one is of kind '%s'",
                        name, bus->name, kind, bus->ops->kind);
        } else {
            g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                        "cannot add device '%s': the machine has no bus of kind '%s'", name, kind);
        }
        qh_instance_free(instance);
        return NULL;
    }
    instance->wanted = bus;
    if (!use_kind(instance, model->ops, error)) {
        qh_instance_free(instance);
        return NULL;
    }
    return instance;
}

static gboolean attach_to(QhInstance *instance, QhBus *bus, GError **error)
{
    instance->bus = bus;
    instance->state->bus = bus;
    g_ptr_array_add(bus->children, instance);
    if (bus->ops->attach(bus->parent->state, bus, instance->state, instance->bus_data, error)) {
        return TRUE;
    }
    g_ptr_array_remove(bus->children, instance);
    instance->bus = NULL;
    instance->state->bus = NULL;
    return FALSE;
}

typedef struct Search {
    QhInstance *instance;
    GError *first; /* why the first bus refused */
    gboolean final;
} Search;

/* Buses with the same idea of a child, until one has room or says that no other will do. */
static gboolean try_bus(QhBus *bus, const void *data)
{
    Search *search = (Search *)data;
    const QhBusOps *kind = search->instance->bus_kind;
    g_autoptr(GError) why = NULL;

    if (!g_str_equal(bus->ops->kind, kind->kind) || bus->ops->properties != kind->properties ||
        bus->ops->child_size != kind->child_size) {
        return FALSE;
    }
    if (attach_to(search->instance, bus, &why)) {
        return TRUE;
    }
    search->final = !g_error_matches(why, QH_ERROR, QH_ERROR_BUSY);
    if (search->first == NULL) {
        search->first = g_steal_pointer(&why);
    }
    return search->final;
}

gboolean qh_instance_attach(QhInstance *instance, GError **error)
{
    Search search = {.instance = instance};

    if (instance->bus_kind == NULL || instance->bus != NULL) {
        return TRUE;
    }
    if (instance->wanted != NULL) {
        return attach_to(instance, instance->wanted, error);
    }
    find_bus(instance->machine, try_bus, &search);
    if (instance->bus != NULL) {
        g_clear_error(&search.first);
        return TRUE;
    }
    g_propagate_error(error, search.first);
    return FALSE;
}

void qh_instance_plug(QhInstance *instance)
{
    const QhBus *bus = instance->bus;

    if (bus == NULL || !QH_HAS(bus->ops, plug) || bus->ops->plug == NULL) {
        return;
    }
    QhMachine *entered = qh_machine_enter(instance->machine);

    bus->ops->plug(bus->parent->state, instance->bus, instance->state, instance->bus_data,
                   instance->machine->has_run);
    qh_machine_leave(entered);
}

void qh_instance_detach(QhInstance *instance)
{
    QhBus *bus = instance->bus;

    for (guint i = 0; i < instance->buses->len; i++) {
        const QhBus *own = g_ptr_array_index(instance->buses, i);

        while (own->children->len > 0) {
            qh_instance_free(g_ptr_array_index(own->children, own->children->len - 1));
        }
    }
    if (bus != NULL) {
        bus->ops->detach(bus->parent->state, bus, instance->state, instance->bus_data);
        g_ptr_array_remove(bus->children, instance);
        instance->bus = NULL;
    }
}

const char *qh_bus_name(const QhBus *bus)
{
    return bus->name;
}

gboolean qh_bus_is_below(const QhBus *bus)
{
    return bus->parent->bus != NULL;
}

const char *qh_bus_kind(const QhBus *bus)
{
    return bus->ops->kind;
}

void qh_instance_foreach_bus(QhInstance *instance, void (*fn)(QhBus *, void *), void *data)
{
    for (guint i = 0; i < instance->buses->len; i++) {
        fn(g_ptr_array_index(instance->buses, i), data);
    }
}

void qh_bus_foreach_child(QhBus *bus, void (*fn)(QhInstance *, void *), void *data)
{
    for (guint i = 0; i < bus->children->len; i++) {
        fn(g_ptr_array_index(bus->children, i), data);
    }
}

QhBus *qh_instance_bus(const QhInstance *instance)
{
    return instance->bus;
}

char *qh_instance_address(const QhInstance *instance)
{
    const QhBus *bus = instance->bus;

    if (bus == NULL || !QH_HAS(bus->ops, address) || bus->ops->address == NULL) {
        return NULL;
    }
    return bus->ops->address(bus->parent->state, instance->bus, instance->state,
                             instance->bus_data);
}
