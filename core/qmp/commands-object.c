/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's clients ask which types there are and what can be set on them. The types are what modules
 * offer: devices, machines (NAME-machine), CPU models (MODEL-TARGET-cpu), and a few of the host's
 * own that clients look for.
 */
#include "abi/cpu.h"
#include "abi/device.h"
#include "abi/machine.h"
#include "core/device/instance.h"
#include "core/object/object.h"
#include "core/qmp/offers.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-object.h"
#include "qapi/qapi-tables.h"
#include <string.h>

typedef struct HostType {
    const char *name;
    const char *parent;
    gboolean abstract;
} HostType;

static const HostType host_types[] = {
    {"object",       NULL,      TRUE },
    {"accel",        "object",  TRUE },
    {"tcg-accel",    "accel",   FALSE}, /* libvirt 11 takes its presence for TCG's */
    {"chardev",      "object",  TRUE },
    {"device",       "object",  TRUE },
    {"cpu",          "device",  TRUE },
    {"machine",      "object",  TRUE },
    {"none-machine", "machine", FALSE},
};

typedef struct Types {
    const QhQmpQomListTypesArgs *args;
    const char *target;
    QhQmpObjectTypeInfoList *list;
    GHashTable *seen; /* names */
    const char *parent;
    const char *suffix; /* of the names */
} Types;

/* Whether @parent is @wanted or refines it. */
static gboolean implements(const char *parent, const char *wanted)
{
    for (guint i = 0; parent != NULL && i < G_N_ELEMENTS(host_types); i++) {
        if (g_str_equal(parent, wanted)) {
            return TRUE;
        }
        if (g_str_equal(host_types[i].name, parent)) {
            parent = host_types[i].parent;
            i = (guint)-1; /* look for the next one up from the start */
        }
    }
    return FALSE;
}

/* Takes @name. */
static void add_type(Types *types, char *name, const char *parent, gboolean abstract)
{
    const char *wanted = types->args->implements;
    gboolean show_abstract = !types->args->has_abstract || types->args->abstract;
    gboolean fits = wanted == NULL || g_str_equal(name, wanted) || implements(parent, wanted);

    if (!fits || (abstract && !show_abstract) || !g_hash_table_add(types->seen, g_strdup(name))) {
        g_free(name);
        return;
    }
    QhQmpObjectTypeInfo *info = QH_QAPI_APPEND(types->list);
    info->name = name;
    info->has_abstract = info->abstract = abstract;
    info->parent = g_strdup(parent);
}

static void add_offer(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Types *types = data;
    g_autofree char *name = qh_offer_text(entry, "name");

    (void)module;
    if (name == NULL || !installed ||
        (types->target != NULL && !qh_offer_has_target(entry, types->target))) {
        return;
    }
    if (g_str_equal(types->suffix, "-cpu")) {
        const char *target = types->target != NULL ? types->target : qh_offer_only_target(entry);
        add_type(types, qh_cpu_type_name(name, target), types->parent, FALSE);
        return;
    }
    add_type(types, g_strconcat(name, types->suffix, NULL), types->parent, FALSE);
}

gboolean qh_qmp_qom_list_types(QhHost *host,
                               const QhQmpQomListTypesArgs *args,
                               QhQmpObjectTypeInfoList *ret,
                               GError **error)
{
    static const struct {
        const char *kind, *parent, *suffix;
    } kinds[] = {
        {"device",    "device",  ""        },
        {"machine",   "machine", "-machine"},
        {"cpu-model", "cpu",     "-cpu"    },
        {"object",    "object",  ""        },
    };
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    QhRegistry *registry = qh_host_registry(host);
    Types types = {.args = args, .target = qh_registry_target(registry), .list = ret, .seen = seen};

    (void)error;
    for (guint i = 0; i < G_N_ELEMENTS(host_types); i++) {
        add_type(&types, g_strdup(host_types[i].name), host_types[i].parent,
                 host_types[i].abstract);
    }
    const char *name;
    for (guint i = 0; qh_object_class(i, &name) != NULL; i++) {
        add_type(&types, g_strdup(name), "object", FALSE);
    }
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        types.parent = kinds[i].parent;
        types.suffix = kinds[i].suffix;
        qh_registry_foreach_offer(registry, kinds[i].kind, add_offer, &types);
    }
    return TRUE;
}

const char *qh_property_type_name(uint32_t type)
{
    static const char *const names[] = {
        [QH_PROPERTY_BOOL] = "bool",           [QH_PROPERTY_U8] = "uint8",
        [QH_PROPERTY_U16] = "uint16",          [QH_PROPERTY_U32] = "uint32",
        [QH_PROPERTY_U64] = "uint64",          [QH_PROPERTY_SIZE] = "size",
        [QH_PROPERTY_STRING] = "str",          [QH_PROPERTY_CHARDEV] = "str",
        [QH_PROPERTY_ONOFFAUTO] = "OnOffAuto", [QH_PROPERTY_NETDEV] = "str",
        [QH_PROPERTY_I32] = "int32",
    };

    return type < G_N_ELEMENTS(names) && names[type] != NULL ? names[type] : "str";
}

static QhJson *default_json(const QhProperty *property)
{
    guint64 number;

    if (property->default_text == NULL) {
        return NULL;
    }
    if (property->type == QH_PROPERTY_BOOL) {
        return qh_json_new_bool(g_str_equal(property->default_text, "on") ||
                                g_str_equal(property->default_text, "true"));
    }
    if (property->type >= QH_PROPERTY_U8 && property->type <= QH_PROPERTY_SIZE &&
        g_ascii_string_to_unsigned(property->default_text, 10, 0, G_MAXUINT64, &number, NULL)) {
        return qh_json_new_uint(number);
    }
    return qh_json_new_string(property->default_text);
}

static void add_properties(const QhPropertyTable *table, QhQmpObjectPropertyInfoList *list)
{
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *property =
            (const QhProperty *)((const char *)table->properties + i * table->property_size);
        QhQmpObjectPropertyInfo *info = QH_QAPI_APPEND(list);

        info->name = g_strdup(property->name);
        info->type = g_strdup(qh_property_type_name(property->type));
        info->description = g_strdup(property->description);
        info->default_value = default_json(property);
    }
}

static gboolean not_found(const char *name, GError **error)
{
    g_set_error(error, QH_ERROR, QH_ERROR_NO_DEVICE, "Device '%.128s' not found", name);
    return FALSE;
}

typedef struct Find {
    const char *wanted;
    const char *target;
    gboolean found;
    char *owner;        /* the target it was found for, or NULL */
    QhJson *properties; /* what the note says of them, or NULL */
    char *bus;          /* the kind of bus it sits on, or NULL */
} Find;

static void find_offer(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Find *find = data;
    const QhJson *name = qh_json_get(entry, "name");

    (void)module;
    if (!find->found && installed && name != NULL &&
        g_strcmp0(qh_json_string(name), find->wanted) == 0 &&
        (find->target == NULL || qh_offer_has_target(entry, find->target))) {
        const QhJson *targets = qh_json_get(entry, "targets");
        const QhJson *properties = qh_json_get(entry, "properties");
        find->found = TRUE;
        find->bus = qh_offer_text(entry, "bus");
        find->properties = properties != NULL ? qh_json_ref((QhJson *)properties) : NULL;
        find->owner = g_strdup(find->target != NULL || targets == NULL
                                   ? find->target
                                   : qh_json_string(qh_json_at(targets, 0)));
    }
}

/* The words of a note as QEMU's clients know them. */
static const char *note_type_name(const char *type)
{
    return g_strcmp0(type, "string") == 0 || g_strcmp0(type, "chardev") == 0 ? "str"
           : g_strcmp0(type, "onoffauto") == 0                               ? "OnOffAuto"
           : type != NULL                                                    ? type
                                                                             : "str";
}

static QhJson *note_default(const char *type, const char *text)
{
    guint64 number;

    if (g_strcmp0(type, "bool") == 0) {
        return qh_json_new_bool(g_str_equal(text, "on") || g_str_equal(text, "true"));
    }
    if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL)) {
        return qh_json_new_uint(number);
    }
    return qh_json_new_string(text);
}

/* What the note says is enough: no code of the module is run for a question. */
static gboolean is_listed(const QhQmpObjectPropertyInfoList *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++) {
        if (g_strcmp0(list->items[i].name, name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A class's own property hides one of its bus; libvirt does not bear a name that comes twice. */
static void add_note_properties(const QhJson *properties, QhQmpObjectPropertyInfoList *list)
{
    for (size_t i = 0; properties != NULL && i < qh_json_length(properties); i++) {
        const QhJson *row = qh_json_at(properties, i);
        g_autofree char *name = qh_offer_text(row, "name");
        g_autofree char *type = qh_offer_text(row, "type");
        g_autofree char *text = qh_offer_text(row, "default");

        if (is_listed(list, name)) {
            continue;
        }
        QhQmpObjectPropertyInfo *info = QH_QAPI_APPEND(list);
        info->name = g_steal_pointer(&name);
        info->type = g_strdup(note_type_name(type));
        info->description = qh_offer_text(row, "description");
        info->default_value = text != NULL ? note_default(type, text) : NULL;
    }
}

/* Properties of a device class, and those that its bus gives it. FALSE with @error when there is
 * none such. */
static gboolean
device_properties(QhHost *host, const char *name, QhQmpObjectPropertyInfoList *ret, GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    Find find = {.wanted = name};
    QhSlotRef slot;

    qh_registry_foreach_offer(registry, "device", find_offer, &find);
    g_autoptr(QhJson) properties = find.properties;
    g_autofree char *bus = find.bus;
    g_free(find.owner);
    if (!find.found) {
        return not_found(name, error);
    }
    if (properties != NULL) {
        add_note_properties(properties, ret);
        add_note_properties(qh_registry_bus_properties(registry, bus), ret);
        return TRUE;
    }
    if (!qh_registry_acquire(registry, "device", name, &slot, error)) {
        return FALSE;
    }
    add_properties(((const QhDeviceOps *)slot.ops)->properties, ret);
    qh_slot_release(&slot);
    add_note_properties(qh_registry_bus_properties(registry, bus), ret);
    return TRUE;
}

gboolean qh_qmp_device_list_properties(QhHost *host,
                                       const QhQmpDeviceListPropertiesArgs *args,
                                       QhQmpObjectPropertyInfoList *ret,
                                       GError **error)
{
    return device_properties(host, args->typename, ret, error);
}

/* Properties of machine @name; what libvirt asks for must not fail for machines it was shown. */
static gboolean
machine_properties(QhHost *host, const char *name, QhQmpObjectPropertyInfoList *ret, GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    Find find = {.wanted = name, .target = qh_registry_target(registry)};
    QhSlotRef slot;

    qh_registry_foreach_offer(registry, "machine", find_offer, &find);
    g_autofree char *owner = find.owner;
    g_free(find.bus);
    g_autoptr(QhJson) properties = find.properties;
    if (!find.found || owner == NULL) {
        return not_found(name, error);
    }
    if (properties != NULL) {
        add_note_properties(properties, ret);
        return TRUE;
    }
    g_autofree char *key = g_strdup_printf("%s:%s", owner, name);
    if (!qh_registry_acquire(registry, "machine", key, &slot, error)) {
        return FALSE;
    }
    add_properties(((const QhMachineOps *)slot.ops)->properties, ret);
    qh_slot_release(&slot);
    return TRUE;
}

/* MODEL-TARGET-cpu, for one of the targets that are known. */
static gboolean
cpu_properties(QhHost *host, const char *type, QhQmpObjectPropertyInfoList *ret, GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    g_autofree char *stem = g_strndup(type, strlen(type) - strlen("-cpu"));
    char *dash = strrchr(stem, '-');
    QhSlotRef slot;

    if (dash == NULL) {
        return not_found(type, error);
    }
    *dash = '\0';
    Find find = {.wanted = stem, .target = dash + 1};
    qh_registry_foreach_offer(registry, "cpu-model", find_offer, &find);
    g_free(find.owner);
    g_free(find.bus);
    qh_json_unref(find.properties); /* those of a model are those of its target */
    if (!find.found) {
        return not_found(type, error);
    }
    if (!qh_registry_acquire(registry, "cpu", dash + 1, &slot, error)) {
        return FALSE;
    }
    add_properties(((const QhCpuOps *)slot.ops)->properties, ret);
    qh_slot_release(&slot);
    return TRUE;
}

gboolean qh_qmp_qom_list_properties(QhHost *host,
                                    const QhQmpQomListPropertiesArgs *args,
                                    QhQmpObjectPropertyInfoList *ret,
                                    GError **error)
{
    const char *type = args->typename;

    for (guint i = 0; i < G_N_ELEMENTS(host_types); i++) {
        if (g_str_equal(host_types[i].name, type)) {
            return TRUE; /* nothing can be set on them */
        }
    }
    const char *own;
    for (guint i = 0; qh_object_class(i, &own) != NULL; i++) {
        if (g_str_equal(own, type)) {
            add_properties(qh_object_class(i, &own)->properties, ret);
            return TRUE;
        }
    }
    if (g_str_has_suffix(type, "-machine")) {
        g_autofree char *name = g_strndup(type, strlen(type) - strlen("-machine"));
        return machine_properties(host, name, ret, error);
    }
    if (g_str_has_suffix(type, "-cpu")) {
        return cpu_properties(host, type, ret, error);
    }
    return device_properties(host, type, ret, error);
}
