/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that come and go, and the machine's objects as a tree of paths: /machine, its devices
 * that the user named (peripheral), did not name (peripheral-anon), and those of the board
 * (unattached).
 */
#include "core/device/bus.h"
#include "core/machine/machine.h"
#include "core/qmp/offers.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-device.h"
#include "qapi/qapi-tables.h"
#include <string.h>

static QhMachine *need_machine(QhHost *host, const char *what, GError **error)
{
    QhMachine *machine = qh_host_machine(host);

    if (machine == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot %s: there is no machine", what);
    }
    return machine;
}

gboolean qh_qmp_device_add(QhHost *host, const QhJson *args, GError **error)
{
    QhMachine *machine = need_machine(host, "add a device", error);
    const QhJson *driver = qh_json_get(args, "driver");

    if (machine == NULL) {
        return FALSE;
    }
    if (driver == NULL || qh_json_type(driver) != QH_JSON_STRING) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            driver == NULL
                                ? "Parameter 'driver' is missing"
                                : "Invalid parameter type for 'driver', expected: string");
        return FALSE;
    }
    return qh_machine_add_device(machine, args, error);
}

gboolean qh_qmp_device_del(QhHost *host, const QhQmpDeviceDelArgs *args, GError **error)
{
    QhMachine *machine = need_machine(host, "take out a device", error);

    return machine != NULL && qh_machine_remove_device(machine, args->id, error);
}

/* The folders below /machine. */
static const char *const folders[] = {"peripheral", "peripheral-anon", "unattached"};

static gboolean in_folder(const QhInstance *device, const char *folder)
{
    if (qh_instance_has_user_id(device)) {
        return g_str_equal(folder, "peripheral");
    }
    return g_str_equal(folder, qh_instance_is_users(device) ? "peripheral-anon" : "unattached");
}

static void add_entry(QhQmpObjectPropertyInfoList *list, const char *name, char *type)
{
    QhQmpObjectPropertyInfo *info = QH_QAPI_APPEND(list);

    info->name = g_strdup(name);
    info->type = type;
}

typedef struct Listing {
    const char *folder;
    QhQmpObjectPropertyInfoList *list;
} Listing;

static void list_device(QhInstance *device, void *data)
{
    const Listing *listing = data;

    if (in_folder(device, listing->folder)) {
        g_autofree char *path = qh_instance_path(device);

        add_entry(listing->list, strrchr(path, '/') + 1,
                  g_strdup_printf("child<%s>", qh_instance_class(device)));
    }
}

static void list_property(const QhProperty *property, const char *text, void *data)
{
    (void)text;
    add_entry(data, property->name, g_strdup(qh_property_type_name(property->type)));
}

static void list_device_members(QhInstance *device, QhQmpObjectPropertyInfoList *list)
{
    add_entry(list, "type", g_strdup("string"));
    add_entry(list, "realized", g_strdup("bool"));
    if (qh_instance_bus(device) != NULL) {
        add_entry(list, "parent_bus", g_strdup("link<bus>"));
    }
    qh_instance_foreach_property(device, list_property, list);
    g_autofree char *names = qh_instance_show(device, NULL);
    g_auto(GStrv) shown = g_strsplit(names != NULL ? names : "", " ", -1);
    for (guint i = 0; shown[i] != NULL; i++) {
        add_entry(list, shown[i], g_strdup(shown[i]));
    }
}

static gboolean no_object(const char *path, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_NO_DEVICE, "Device '%.128s' not found", path);
    return FALSE;
}

static const char *folder_of(const char *path)
{
    for (guint i = 0; g_str_has_prefix(path, "/machine/") && i < G_N_ELEMENTS(folders); i++) {
        if (g_str_equal(path + strlen("/machine/"), folders[i])) {
            return folders[i];
        }
    }
    return NULL;
}

gboolean qh_qmp_qom_list(QhHost *host,
                         const QhQmpQomListArgs *args,
                         QhQmpObjectPropertyInfoList *ret,
                         GError **error)
{
    QhMachine *machine = need_machine(host, "list objects", error);
    Listing listing = {.folder = folder_of(args->path), .list = ret};

    if (machine == NULL) {
        return FALSE;
    }
    if (g_str_equal(args->path, "/")) {
        add_entry(ret, "type", g_strdup("string"));
        add_entry(ret, "machine", g_strdup_printf("child<%s-machine>", qh_machine_type(machine)));
        return TRUE;
    }
    if (g_str_equal(args->path, "/machine")) {
        add_entry(ret, "type", g_strdup("string"));
        for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
            add_entry(ret, folders[i], g_strdup("child<container>"));
        }
        return TRUE;
    }
    if (listing.folder != NULL) {
        add_entry(ret, "type", g_strdup("string"));
        qh_machine_foreach_device(machine, list_device, &listing);
        return TRUE;
    }
    QhInstance *device = qh_instance_at_path(machine, args->path);
    if (device == NULL) {
        return no_object(args->path, error);
    }
    list_device_members(device, ret);
    return TRUE;
}

typedef struct Wanted {
    const char *name;
    QhJson *value;
} Wanted;

static void take_value(const QhProperty *property, const char *text, void *data)
{
    Wanted *wanted = data;
    guint64 number;

    if (wanted->value != NULL || !g_str_equal(property->name, wanted->name)) {
        return;
    }
    if (property->type == QH_PROPERTY_BOOL) {
        wanted->value = qh_json_new_bool(g_strcmp0(text, "on") == 0);
    } else if (property->type >= QH_PROPERTY_U8 && property->type <= QH_PROPERTY_SIZE &&
               g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL)) {
        wanted->value = qh_json_new_uint(number);
    } else if (property->type == QH_PROPERTY_I32) {
        wanted->value = qh_json_new_int(g_ascii_strtoll(text, NULL, 10));
    } else {
        wanted->value = qh_json_new_string(text != NULL ? text : "");
    }
}

static QhJson *device_value(QhInstance *device, const char *property)
{
    Wanted wanted = {.name = property};

    if (g_str_equal(property, "type")) {
        return qh_json_new_string(qh_instance_class(device));
    }
    if (g_str_equal(property, "realized")) {
        return qh_json_new_bool(TRUE);
    }
    if (g_str_equal(property, "parent_bus") && qh_instance_bus(device) != NULL) {
        return qh_json_new_string(qh_bus_name(qh_instance_bus(device)));
    }
    qh_instance_foreach_property(device, take_value, &wanted);
    if (wanted.value == NULL) {
        g_autofree char *text = qh_instance_show(device, property);

        wanted.value = text != NULL ? qh_json_parse(text, -1, NULL, NULL) : NULL;
    }
    return wanted.value;
}

/* What is no device: its type is all there is to know. */
static char *container_type(QhMachine *machine, const char *path)
{
    if (g_str_equal(path, "/machine")) {
        return g_strdup_printf("%s-machine", qh_machine_type(machine));
    }
    return g_str_equal(path, "/") || folder_of(path) != NULL ? g_strdup("container") : NULL;
}

static gboolean no_property(const char *path, const char *property, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "Property '%.128s.%.128s' not found", path,
                property);
    return FALSE;
}

gboolean qh_qmp_qom_get(QhHost *host, const QhQmpQomGetArgs *args, QhJson **ret, GError **error)
{
    QhMachine *machine = need_machine(host, "read a property", error);

    if (machine == NULL) {
        return FALSE;
    }
    g_autofree char *type = container_type(machine, args->path);
    QhInstance *device = type == NULL ? qh_instance_at_path(machine, args->path) : NULL;
    if (type == NULL && device == NULL) {
        return no_object(args->path, error);
    }
    if (device != NULL) {
        *ret = device_value(device, args->property);
    } else if (g_str_equal(args->property, "type")) {
        *ret = qh_json_new_string(type);
    }
    return *ret != NULL || no_property(args->path, args->property, error);
}

gboolean qh_qmp_qom_set(QhHost *host, const QhQmpQomSetArgs *args, GError **error)
{
    QhMachine *machine = need_machine(host, "set a property", error);

    if (machine == NULL) {
        return FALSE;
    }
    g_autofree char *type = container_type(machine, args->path);
    QhInstance *device = type == NULL ? qh_instance_at_path(machine, args->path) : NULL;
    if (type == NULL && device == NULL) {
        return no_object(args->path, error);
    }
    g_autofree char *text = qh_property_text_of_json(args->value);
    if (device == NULL || text == NULL) {
        return no_property(args->path, args->property, error);
    }
    return qh_instance_set(device, args->property, text, error);
}
