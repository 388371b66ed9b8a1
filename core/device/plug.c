/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that come and go at the user's wish. A device that the guest has let go of is freed on
 * the main thread with the CPUs at rest, so that no CPU is inside it or remembers a window of it.
 */
#include "core/device/bus.h"
#include "core/device/instance-priv.h"
#include "core/qmp/qmp.h"

#include <string.h>

char *qh_property_text_of_json(const QhJson *value)
{
    switch (qh_json_type(value)) {
    case QH_JSON_STRING:
        return g_strdup(qh_json_string(value));
    case QH_JSON_BOOL:
        return g_strdup(qh_json_bool(value) ? "on" : "off");
    case QH_JSON_INT:
    case QH_JSON_UINT:
        return qh_json_to_text(value);
    default:
        return NULL;
    }
}

static gboolean
set_device_property(QhInstance *device, const char *key, const QhJson *value, GError **error)
{
    g_autofree char *text = NULL;

    if (g_str_equal(key, "driver") || g_str_equal(key, "id") || g_str_equal(key, "bus")) {
        return TRUE;
    }
    text = qh_property_text_of_json(value);
    if (text == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot set property '%s' of device '%s': it is neither text nor a number", key,
                    qh_instance_id(device));
        return FALSE;
    }
    return qh_instance_set(device, key, text, error);
}

/* *@ret is NULL when @key is absent; FALSE with @error when it is no text. */
static gboolean text_member(const QhJson *object, const char *key, const char **ret, GError **error)
{
    const QhJson *value = qh_json_get(object, key);

    *ret = value != NULL ? qh_json_string(value) : NULL;
    if (value != NULL && *ret == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "cannot add a device: '%s' must be text",
                    key);
        return FALSE;
    }
    return TRUE;
}

static QhInstance *create_for_user(QhMachine *machine, const QhJson *options, GError **error)
{
    const QhJson *member = qh_json_get(options, "driver");
    const char *driver = member != NULL ? qh_json_string(member) : NULL;
    const char *id, *bus_name;
    QhBus *bus = NULL;

    if (driver == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "-device needs the name of a device (driver=)");
        return NULL;
    }
    if (!text_member(options, "id", &id, error) || !text_member(options, "bus", &bus_name, error)) {
        return NULL;
    }
    if (bus_name != NULL) {
        bus = qh_bus_find(machine, bus_name, error);
        if (bus == NULL) {
            g_prefix_error(error, "cannot add device '%s': ", driver);
            return NULL;
        }
    }
    QhInstance *device = qh_instance_create_on(machine, bus, driver, id, error);
    if (device == NULL) {
        return NULL;
    }
    device->users = TRUE;
    if ((device->ops->flags & QH_DEVICE_NOT_CREATABLE) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot add device '%s': only a machine can make one", driver);
        qh_instance_free(device);
        return NULL;
    }
    return device;
}

gboolean qh_machine_add_device(QhMachine *machine, const QhJson *options, GError **error)
{
    QhInstance *device = create_for_user(machine, options, error);

    if (device == NULL) {
        return FALSE;
    }
    gboolean ok = TRUE;
    for (size_t i = 0; ok && i < qh_json_length(options); i++) {
        ok = set_device_property(device, qh_json_key(options, i), qh_json_value(options, i), error);
    }
    qh_machine_forget_past(machine);
    if (!ok || !qh_instance_realize(device, error)) {
        qh_instance_free(device);
        return FALSE;
    }
    return TRUE;
}

gboolean qh_machine_remove_device(QhMachine *machine, const char *id, GError **error)
{
    QhInstance *device = qh_instance_at_path(machine, id);
    const QhBus *bus = device != NULL ? device->bus : NULL;

    if (device == NULL || device->going) {
        g_set_error(error, QH_ERROR, QH_ERROR_NO_DEVICE, "Device '%.128s' not found", id);
        return FALSE;
    }
    if (!device->users || bus == NULL || !QH_HAS(bus->ops, unplug_request) ||
        bus->ops->unplug_request == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot take out device '%s' (%s): %s%s%s",
                    device->id, device->name, bus == NULL ? "it is a part of the machine" : "bus '",
                    bus == NULL ? "" : bus->name,
                    bus == NULL ? "" : "' does not support hotplugging");
        return FALSE;
    }
    QhMachine *entered = qh_machine_enter(machine);
    qh_machine_forget_past(machine);
    gboolean ok = bus->ops->unplug_request(bus->parent->state, device->bus, device->state,
                                           device->bus_data, error);
    qh_machine_leave(entered);
    return ok;
}

static void emit(const QhInstance *device, const char *event)
{
    g_autoptr(QhJson) data = qh_json_new_object();
    g_autofree char *path = qh_instance_path(device);

    if (device->named) {
        qh_json_set(data, "device", qh_json_new_string(device->id));
    }
    qh_json_set(data, "path", qh_json_new_string(path));
    qh_qmp_emit(qh_host_qmp(device->machine->host), event, data);
}

/* Names a device whose machine may have gone by the time the main thread gets to it. */
typedef struct Leaving {
    QhHost *host;
    guint serial;
} Leaving;

static void take_out(void *data)
{
    g_autofree Leaving *leaving = data;
    QhMachine *machine = qh_host_machine(leaving->host);

    for (guint i = 0; machine != NULL && i < machine->devices->len; i++) {
        QhInstance *device = g_ptr_array_index(machine->devices, i);

        if (device->serial == leaving->serial && device->going) {
            gboolean ran = qh_machine_pause_cpus(machine);

            qh_machine_forget_past(machine);
            emit(device, "DEVICE_DELETED");
            qh_instance_free(device);
            qh_machine_resume_cpus(machine, ran);
            return;
        }
    }
}

void qh_instance_unplug_done(QhDevice *child)
{
    QhInstance *device = child->instance;
    Leaving *leaving;

    if (device->going) {
        return;
    }
    device->going = TRUE;
    leaving = g_new(Leaving, 1);
    leaving->host = device->machine->host;
    leaving->serial = device->serial;
    qh_host_defer(leaving->host, take_out, leaving);
}

void qh_instance_unplug_failed(QhDevice *child)
{
    emit(child->instance, "DEVICE_UNPLUG_GUEST_ERROR");
}

void qh_machine_tell_run_state(QhMachine *machine, gboolean running)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        const QhInstance *device = g_ptr_array_index(machine->devices, i);

        if (device->realized && device->ops->run_state != NULL) {
            device->ops->run_state(device->state, running);
        }
    }
}

gboolean qh_instance_is_users(const QhInstance *instance)
{
    return instance->users;
}

gboolean qh_instance_has_user_id(const QhInstance *instance)
{
    return instance->users && instance->named;
}

/* Number among those of the same kind that stand before it. */
static guint number_of(const QhInstance *instance)
{
    guint n = 0;

    for (guint i = 0; i < instance->machine->devices->len; i++) {
        const QhInstance *other = g_ptr_array_index(instance->machine->devices, i);

        if (other == instance) {
            break;
        }
        n += other->users == instance->users && !qh_instance_has_user_id(other);
    }
    return n;
}

char *qh_instance_path(const QhInstance *instance)
{
    if (qh_instance_has_user_id(instance)) {
        return g_strdup_printf("/machine/peripheral/%s", instance->id);
    }
    return g_strdup_printf("/machine/%s/device[%u]",
                           instance->users ? "peripheral-anon" : "unattached", number_of(instance));
}

char *qh_instance_inner_path(const QhInstance *instance)
{
    g_autofree char *path = qh_instance_path(instance);
    const QhDeviceOps *ops = qh_instance_ops(instance);

    return QH_HAS(ops, inner) && ops->inner != NULL ? g_strconcat(path, "/", ops->inner, NULL)
                                                    : g_steal_pointer(&path);
}

QhInstance *qh_instance_at_path(QhMachine *machine, const char *path)
{
    if (path[0] != '/') {
        return qh_machine_find_device(machine, path);
    }
    for (guint i = 0; i < machine->devices->len; i++) {
        QhInstance *device = g_ptr_array_index(machine->devices, i);
        g_autofree char *own = qh_instance_path(device);
        g_autofree char *inner = qh_instance_inner_path(device);

        if (g_str_equal(own, path) || g_str_equal(inner, path)) {
            return device;
        }
    }
    return NULL;
}
