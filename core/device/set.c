/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The properties of a device: its own, and those that its bus gives it. */
#include "core/device/bus.h"
#include "core/device/instance-priv.h"
#include "core/device/property-priv.h"

#include <string.h>

const QhPropertyTable *
qh_instance_table(const QhInstance *instance, const char *property, void **ret_state)
{
    const QhBusOps *bus = instance->bus_kind;

    if (qh_property_find(instance->ops->properties, property) != NULL) {
        *ret_state = instance->state;
        return instance->ops->properties;
    }
    if (bus != NULL && qh_property_find(bus->properties, property) != NULL) {
        *ret_state = instance->bus_data;
        return bus->properties;
    }
    return NULL;
}

void qh_instance_foreach_property(QhInstance *instance, QhPropertyFn fn, void *data)
{
    const QhPropertyTable *tables[] = {
        instance->ops->properties,
        instance->bus_kind != NULL ? instance->bus_kind->properties : NULL,
    };
    const void *states[] = {instance->state, instance->bus_data};

    for (guint t = 0; t < G_N_ELEMENTS(tables); t++) {
        for (uint32_t i = 0; tables[t] != NULL && i < tables[t]->n_properties; i++) {
            const QhProperty *property = qh_property_at(tables[t], i);
            g_autofree char *text = qh_property_text(tables[t], states[t], property->name);

            if (t == 0 || qh_property_find(tables[0], property->name) == NULL) {
                fn(property, text, data);
            }
        }
    }
}

static void append_names(GString *names, const QhPropertyTable *table)
{
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "",
                               qh_property_at(table, i)->name);
    }
}

static gboolean
no_property(const QhInstance *instance, const char *who, const char *property, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);

    append_names(names, instance->ops->properties);
    append_names(names, instance->bus_kind != NULL ? instance->bus_kind->properties : NULL);
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "%s has no property '%s' (%s%s)", who,
                property, names->len > 0 ? "it has: " : "it has none", names->str);
    return FALSE;
}

static gboolean cannot_apply(const QhGlobal *global, GError **error)
{
    g_prefix_error(error, "-global %s.%s=%s: ", global->driver, global->property, global->value);
    return FALSE;
}

gboolean qh_instance_apply_globals(QhInstance *instance,
                                   const QhPropertyTable *table,
                                   void *state,
                                   GError **error)
{
    const GPtrArray *globals = qh_machine_options(instance->machine)->globals;
    g_autofree char *who = NULL;

    for (guint i = 0; globals != NULL && i < globals->len; i++) {
        const QhGlobal *global = g_ptr_array_index(globals, i);

        if (!g_str_equal(global->driver, instance->name) ||
            qh_property_find(table, global->property) == NULL ||
            (table != instance->ops->properties &&
             qh_property_find(instance->ops->properties, global->property) != NULL)) {
            continue;
        }
        if (who == NULL) {
            who = g_strdup_printf("device '%s' (%s)", instance->id, instance->name);
        }
        if (!qh_property_set(instance->machine->host, table, state, who, global->property,
                             global->value, error)) {
            return cannot_apply(global, error);
        }
    }
    return TRUE;
}

gboolean qh_instance_check_globals(QhInstance *instance, GError **error)
{
    const GPtrArray *globals = qh_machine_options(instance->machine)->globals;

    for (guint i = 0; globals != NULL && i < globals->len; i++) {
        const QhGlobal *global = g_ptr_array_index(globals, i);
        void *state;

        if (g_str_equal(global->driver, instance->name) &&
            qh_instance_table(instance, global->property, &state) == NULL) {
            g_autofree char *who = g_strdup_printf("device '%s'", instance->name);

            no_property(instance, who, global->property, error);
            return cannot_apply(global, error);
        }
    }
    return TRUE;
}

/* Set a property of a device at work, and put the old value back when it says no. */
static gboolean set_live(QhInstance *instance,
                         const QhProperty *property,
                         const char *who,
                         const char *value,
                         GError **error)
{
    char *at = (char *)instance->state + property->offset;
    gboolean text = property->type == QH_PROPERTY_STRING;
    QhMachine *machine = instance->machine;
    uint64_t old = 0;
    char *old_text = NULL;

    if (text) {
        old_text = g_strdup(*(char **)at);
    } else {
        memcpy(&old, at, qh_property_bytes(property->type));
    }
    if (!qh_property_set(machine->host, instance->ops->properties, instance->state, who,
                         property->name, value, error)) {
        g_free(old_text);
        return FALSE;
    }
    QhMachine *entered = qh_machine_enter(machine);
    qh_machine_forget_past(machine);
    gboolean ok = instance->ops->property_changed(instance->state, property->name, error);
    if (!ok && text) {
        g_free(*(char **)at);
        *(char **)at = g_steal_pointer(&old_text);
    } else if (!ok) {
        memcpy(at, &old, qh_property_bytes(property->type));
    }
    qh_machine_leave(entered);
    g_free(old_text);
    return ok;
}

gboolean
qh_instance_set(QhInstance *instance, const char *property, const char *value, GError **error)
{
    g_autofree char *who = g_strdup_printf("device '%s' (%s)", instance->id, instance->name);
    void *state;
    const QhPropertyTable *table = qh_instance_table(instance, property, &state);

    if (instance->realized) {
        if (table == NULL) {
            return no_property(instance, who, property, error);
        }
        if (state == instance->state && instance->ops->property_changed != NULL) {
            return set_live(instance, qh_property_find(table, property), who, value, error);
        }
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "cannot set property '%s' of %s: the device is in use", property, who);
        return FALSE;
    }
    if (table == NULL) {
        return no_property(instance, who, property, error);
    }
    return qh_property_set(instance->machine->host, table, state, who, property, value, error);
}

char *qh_instance_show(QhInstance *instance, const char *name)
{
    const QhDeviceOps *ops = instance->ops;

    if (!QH_HAS(ops, show) || ops->show == NULL || !instance->realized) {
        return NULL;
    }
    QhMachine *entered = qh_machine_enter(instance->machine);
    char *text = ops->show(instance->state, name);
    qh_machine_leave(entered);
    return text;
}
