/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -machine help, -cpu help, -device help and their JSON forms: table walks over what modules offer,
 * installed or not; no module is loaded for them. Only the properties of one machine or device are
 * asked from the module itself.
 */
#include "abi/cpu.h"
#include "abi/device.h"
#include "abi/machine.h"
#include "core/cli/choices.h"
#include "core/module/registry.h"

typedef struct Row {
    char *name, *target, *description, *module;
    gboolean installed, is_default;
} Row;

typedef struct Walk {
    const char *target; /* only what belongs to it; NULL for all */
    GArray *rows;
    gboolean by_target; /* one row per target */
} Walk;

static void row_clear(gpointer data)
{
    Row *row = data;

    g_free(row->name);
    g_free(row->target);
    g_free(row->description);
    g_free(row->module);
}

static const char *text_of(const QhJson *entry, const char *key)
{
    const QhJson *value = qh_json_get(entry, key);

    return value != NULL ? qh_json_string(value) : NULL;
}

static void
add_row(Walk *walk, const char *module, const QhJson *entry, gboolean installed, const char *target)
{
    const QhJson *is_default = qh_json_get(entry, "is-default");
    Row row = {
        .name = g_strdup(text_of(entry, "name")),
        .target = g_strdup(target),
        .description = g_strdup(text_of(entry, "description")),
        .module = g_strdup(module),
        .installed = installed,
        .is_default = is_default != NULL && qh_json_type(is_default) == QH_JSON_BOOL &&
                      qh_json_bool(is_default),
    };

    g_array_append_val(walk->rows, row);
}

static void add_offer(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    Walk *walk = data;
    const QhJson *targets = qh_json_get(entry, "targets");

    if (text_of(entry, "name") == NULL ||
        (walk->target != NULL && !qh_offer_has_target(entry, walk->target))) {
        return;
    }
    if (walk->target != NULL || !walk->by_target || targets == NULL) {
        add_row(walk, module, entry, installed, walk->target);
        return;
    }
    for (size_t i = 0; i < qh_json_length(targets); i++) {
        add_row(walk, module, entry, installed, qh_json_string(qh_json_at(targets, i)));
    }
}

static int compare_rows(gconstpointer a, gconstpointer b)
{
    const Row *x = a, *y = b;
    int order = g_strcmp0(x->target, y->target);

    return order != 0 ? order : g_strcmp0(x->name, y->name);
}

static void write_member(QhJsonWriter *writer, const char *key, const char *text)
{
    if (text != NULL) {
        qh_json_write_key(writer, key);
        qh_json_write_string(writer, text);
    }
}

static char *rows_json(const GArray *rows)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    qh_json_write_begin_array(writer);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);

        qh_json_write_begin_object(writer);
        write_member(writer, "name", row->name);
        write_member(writer, "target", row->target);
        write_member(writer, "description", row->description);
        write_member(writer, "module", row->module);
        qh_json_write_key(writer, "installed");
        qh_json_write_bool(writer, row->installed);
        qh_json_write_key(writer, "default");
        qh_json_write_bool(writer, row->is_default);
        qh_json_write_end_object(writer);
    }
    qh_json_write_end_array(writer);
    g_autofree char *text = qh_json_writer_steal(writer, NULL);
    return g_strconcat(text, "\n", NULL);
}

static char *rows_text(const GArray *rows, const char *title)
{
    GString *out = g_string_new(NULL);
    const char *target = NULL;

    g_string_append_printf(out, "%s:\n", title);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);

        if (row->target != NULL && g_strcmp0(row->target, target) != 0) {
            g_string_append_printf(out, "%s:\n", row->target);
            target = row->target;
        }
        g_string_append_printf(out, "  %-20s %s%s", row->name,
                               row->description != NULL ? row->description : "",
                               row->is_default ? " (default)" : "");
        if (!row->installed) {
            g_string_append_printf(out, " [not installed: module %s]", row->module);
        }
        g_string_append_c(out, '\n');
    }
    if (rows->len == 0) {
        g_string_append(out, "  none is known\n");
    }
    return g_string_free(out, FALSE);
}

static char *list_offers(QhCli *cli, QhHost *host, const char *kind, const char *title)
{
    QhRegistry *registry = qh_host_registry(host);
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
    gboolean device = g_str_equal(kind, "device") || g_str_equal(kind, "display");
    Walk walk = {
        .target = device ? NULL : qh_registry_target(registry),
        .rows = rows,
        .by_target = !device,
    };

    g_array_set_clear_func(rows, row_clear);
    qh_registry_foreach_offer(registry, kind, add_offer, &walk);
    if (g_str_equal(kind, "machine")) {
        Row none = {.name = g_strdup("none"),
                    .description = g_strdup("empty machine"),
                    .installed = TRUE,
                    .is_default = walk.target == NULL};

        g_array_append_val(rows, none);
    }
    if (g_str_equal(kind, "display")) {
        Row none = {.name = g_strdup("none"),
                    .description = g_strdup("no display"),
                    .installed = TRUE,
                    .is_default = TRUE};

        g_array_append_val(rows, none);
    }
    g_array_sort(rows, compare_rows);
    return cli->list_json ? rows_json(rows) : rows_text(rows, title);
}

static const char *type_text(uint32_t type)
{
    static const char *const names[] = {"bool",   "uint8",  "uint16",  "uint32",      "uint64",
                                        "size",   "str",    "chardev", "on|off|auto", "block",
                                        "netdev", "object", "mac",     "enum",        "int32"};

    return type < G_N_ELEMENTS(names) ? names[type] : "?";
}

/* What is being made: both forms of the same list. */
typedef struct Listing {
    QhJsonWriter *writer;
    GString *out;
    uint32_t n;
} Listing;

static void list_property(Listing *listing,
                          const char *name,
                          const char *type,
                          const char *values, /* NULL: not only some */
                          const char *description,
                          const char *default_text)
{
    qh_json_write_begin_object(listing->writer);
    write_member(listing->writer, "name", name);
    write_member(listing->writer, "type", type);
    write_member(listing->writer, "values", values);
    write_member(listing->writer, "description", description);
    write_member(listing->writer, "default", default_text);
    qh_json_write_end_object(listing->writer);
    g_string_append_printf(listing->out, "  %s=<%s>", name, values != NULL ? values : type);
    if (description != NULL) {
        g_string_append_printf(listing->out, " - %s", description);
    }
    if (default_text != NULL) {
        g_string_append_printf(listing->out, " (default: %s)", default_text);
    }
    g_string_append_c(listing->out, '\n');
    listing->n++;
}

/* @of_bus: what a bus gives besides, as a note lists it; may be NULL. */
static gboolean has_property(const QhPropertyTable *table, const char *name)
{
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *p = (const QhProperty *)((const char *)table->properties +
                                                   (size_t)i * table->property_size);

        if (g_strcmp0(p->name, name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static char *list_properties(const QhPropertyTable *table,
                             const QhJson *of_bus,
                             const char *title,
                             gboolean json)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();
    Listing listing = {.writer = writer, .out = g_string_new(NULL)};

    g_string_append_printf(listing.out, "Properties of %s:\n", title);
    qh_json_write_begin_array(writer);
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *p = (const QhProperty *)((const char *)table->properties +
                                                   (size_t)i * table->property_size);

        list_property(&listing, p->name, type_text(p->type), p->values, p->description,
                      p->default_text);
    }
    for (size_t i = 0; of_bus != NULL && i < qh_json_length(of_bus); i++) {
        const QhJson *row = qh_json_at(of_bus, i);
        const char *type = text_of(row, "type"), *name = text_of(row, "name");

        if (!has_property(table, name)) { /* which hides that of the bus */
            list_property(&listing, name, type != NULL ? type : "?", NULL,
                          text_of(row, "description"), text_of(row, "default"));
        }
    }
    if (listing.n == 0) {
        g_string_append(listing.out, "  none\n");
    }
    qh_json_write_end_array(writer);
    if (json) {
        g_autofree char *text = qh_json_writer_steal(writer, NULL);

        g_string_printf(listing.out, "%s\n", text);
    }
    return g_string_free(listing.out, FALSE);
}

static gboolean list_device(QhCli *cli, QhHost *host, char **ret_text, GError **error)
{
    QhSlotRef ref = {0};
    g_autofree char *title = g_strdup_printf("device %s", cli->list_name);

    if (!qh_registry_acquire(qh_host_registry(host), "device", cli->list_name, &ref, error)) {
        return FALSE;
    }
    const QhDeviceOps *ops = ref.ops;
    *ret_text = list_properties(ops->properties,
                                qh_registry_bus_properties(qh_host_registry(host), ops->bus), title,
                                cli->list_json);
    qh_slot_release(&ref);
    return TRUE;
}

static gboolean list_machine(QhCli *cli, QhHost *host, char **ret_text, GError **error)
{
    QhSlotRef ref = {0};
    g_autofree char *target = NULL;
    g_autofree char *machine = NULL;

    if (!qh_cli_resolve_machine(cli, host, &target, &machine, error)) {
        return FALSE;
    }
    g_autofree char *title = g_strdup_printf("machine %s", machine);
    if (g_str_equal(machine, "none")) {
        *ret_text = list_properties(NULL, NULL, title, cli->list_json);
        return TRUE;
    }
    g_autofree char *slot = g_strdup_printf("%s:%s", target, machine);
    if (!qh_registry_acquire(qh_host_registry(host), "machine", slot, &ref, error)) {
        return FALSE;
    }
    const QhMachineOps *ops = ref.ops;
    *ret_text = list_properties(ops->properties, NULL, title, cli->list_json);
    qh_slot_release(&ref);
    return TRUE;
}

/* All models of a target have the same properties; a name that several targets have means the first
 * one that is installed. */
static gboolean list_cpu(QhCli *cli, QhHost *host, char **ret_text, GError **error)
{
    QhRegistry *registry = qh_host_registry(host);
    QhSlotRef ref = {0};
    g_autofree char *target = g_strdup(qh_registry_target(registry));
    g_autofree char *title = g_strdup_printf("CPU model %s", cli->list_name);

    if (target == NULL) {
        target = qh_cli_target_of_cpu(host, cli->list_name);
    }
    if (!qh_cli_check_cpu(cli, host, target, error)) {
        return FALSE;
    }
    if (!qh_registry_acquire(registry, "cpu", target, &ref, error)) {
        return FALSE;
    }
    const QhCpuOps *ops = ref.ops;
    *ret_text = list_properties(ops->properties, NULL, title, cli->list_json);
    qh_slot_release(&ref);
    return TRUE;
}

gboolean qh_list_text(QhCli *cli, QhHost *host, char **ret_text, GError **error)
{
    switch (cli->list) {
    case QH_LIST_MACHINES:
        *ret_text = list_offers(cli, host, "machine", "Machines");
        return TRUE;
    case QH_LIST_CPUS:
        *ret_text = list_offers(cli, host, "cpu-model", "CPU models");
        return TRUE;
    case QH_LIST_DEVICES:
        *ret_text = list_offers(cli, host, "device", "Devices");
        return TRUE;
    case QH_LIST_DISPLAYS:
        *ret_text = list_offers(cli, host, "display", "Displays");
        return TRUE;
    case QH_LIST_CPU:
        return list_cpu(cli, host, ret_text, error);
    case QH_LIST_OPTION:
        return qh_list_option(cli, host, ret_text, error);
    case QH_LIST_VERSION:
        *ret_text = qh_help_version_json(qh_host_registry(host));
        return TRUE;
    case QH_LIST_MODULES:
        *ret_text = qh_list_modules(qh_host_registry(host), cli->list_name);
        return TRUE;
    case QH_LIST_DEVICE:
        return list_device(cli, host, ret_text, error);
    case QH_LIST_MACHINE:
        return list_machine(cli, host, ret_text, error);
    case QH_LIST_NONE:
        break;
    }
    *ret_text = NULL;
    return TRUE;
}
