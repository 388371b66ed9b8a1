/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device needs is in its table: properties that lead to a disk, a network or a character
 * device get one; a bus that no board has is brought by another class. Neither boards nor classes
 * are known here by name.
 */
#include "core/modcheck/place.h"
#include "core/block/block.h"
#include "core/char/chars.h"
#include "core/device/bus.h"
#include "core/machine/machine.h"
#include "core/net/net.h"
#include <string.h>

static gboolean add_disk(QhBench *bench, char **ret_name, GError **error)
{
    *ret_name = g_strdup_printf("disk%u", bench->n_disks++);
    g_autofree char *text = g_strdup_printf("{\"driver\": \"null-co\", \"node-name\": \"%s\", "
                                            "\"size\": 16777216, \"read-zeroes\": true}",
                                            *ret_name);
    g_autoptr(QhJson) options = qh_json_parse(text, -1, NULL, error);
    QhBlockNode *node = options != NULL ? qh_block_add(qh_host_blocks(bench->host), options,
                                                       QH_BLOCK_ADD_MONITOR, error)
                                        : NULL;

    qh_block_node_unref(node); /* the monitor keeps it */
    return node != NULL;
}

/* What a property of such a type may name; NULL: it stays as it is. @n: how many have been made. */
static gboolean back_end(QhBench *bench, uint32_t type, char **ret_name, GError **error)
{
    guint n = bench->n_disks++;
    g_autofree char *text = NULL;
    g_autofree char *id = NULL;

    *ret_name = NULL;
    switch (type) {
    case QH_PROPERTY_BLOCK:
        return add_disk(bench, ret_name, error);
    case QH_PROPERTY_NETDEV:
        *ret_name = g_strdup_printf("net%u", n);
        text = g_strdup_printf("hubport,id=%s,hubid=0", *ret_name);
        return qh_nets_add_option(qh_host_nets(bench->host), text, FALSE, NULL, error);
    case QH_PROPERTY_CHARDEV:
        *ret_name = g_strdup_printf("char%u", n);
        text = g_strdup_printf("ringbuf,id=%s,size=4096", *ret_name);
        return qh_chars_add_option(qh_host_chars(bench->host), text, &id, error);
    default:
        return TRUE;
    }
}

/* @text: the name of a property of text that gets one, too; or NULL. */
static gboolean set_properties(QhBench *bench, QhInstance *device, const char *text, GError **error)
{
    const QhPropertyTable *table = device->ops->properties;
    gboolean block = FALSE;

    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        const QhProperty *property = &table->properties[i];
        g_autofree char *name = NULL;

        if (property->type == QH_PROPERTY_BLOCK && block) {
            continue; /* a second disk is more than a device needs */
        }
        block = block || property->type == QH_PROPERTY_BLOCK;
        if (g_strcmp0(text, property->name) == 0) {
            name = g_strdup("modcheck");
        } else if (!back_end(bench, property->type, &name, error)) {
            return FALSE;
        }
        if (name != NULL && !qh_instance_set(device, property->name, name, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static QhInstance *make(QhBench *bench, const char *class, const char *text, GError **error)
{
    qh_trial_doing(bench->trial, "being made");
    QhInstance *device = qh_device_service.create_on(bench->machine, NULL, class, NULL, error);

    if (device == NULL) {
        return NULL;
    }
    device->users = TRUE;
    qh_trial_doing(bench->trial, "its realize");
    /* its first reset is to be one that is looked at */
    bench->machine->has_been_reset = FALSE;
    gboolean good =
        set_properties(bench, device, text, error) && qh_instance_realize(device, error);
    bench->machine->has_been_reset = TRUE;
    if (!good) {
        qh_trial_doing(bench->trial, "unrealize after a realize that failed");
        qh_instance_free(device);
        return NULL;
    }
    return device;
}

/* Some devices demand a text, such as a serial number, that others would take amiss. */
QhInstance *qh_place_make(QhBench *bench, const char *class, GError **error)
{
    QhInstance *device = make(bench, class, NULL, error);
    QhSlotRef slot;

    if (device != NULL ||
        !qh_registry_acquire(qh_host_registry(bench->host), "device", class, &slot, NULL)) {
        return device;
    }
    const QhPropertyTable *table = ((const QhDeviceOps *)slot.ops)->properties;
    for (uint32_t i = 0; table != NULL && i < table->n_properties && device == NULL; i++) {
        if (table->properties[i].type == QH_PROPERTY_STRING) {
            device = make(bench, class, table->properties[i].name, NULL);
        }
    }
    qh_slot_release(&slot);
    if (device != NULL) {
        g_clear_error(error);
    }
    return device;
}

typedef struct Search {
    const char *name; /* of a kind of bus, or of a class */
    QhInstance *found;
} Search;

static void has_kind(QhBus *bus, void *data)
{
    Search *search = data;

    search->found = g_str_equal(qh_bus_kind(bus), search->name) ? bus->parent : search->found;
}

static void look_for_bus(QhInstance *instance, void *data)
{
    qh_instance_foreach_bus(instance, has_kind, data);
}

static gboolean has_bus(const QhBench *bench, const char *kind)
{
    Search search = {.name = kind};

    qh_machine_foreach_device(bench->machine, look_for_bus, &search);
    return search.found != NULL;
}

static void look_for_class(QhInstance *instance, void *data)
{
    Search *search = data;

    if (search->found == NULL && g_str_equal(qh_instance_class(instance), search->name)) {
        search->found = instance;
    }
}

/* The kind of bus that devices of @class sit on: TRUE with *@ret_bus, NULL for none. */
static gboolean bus_of(QhBench *bench, const char *class, char **ret_bus, GError **error)
{
    QhSlotRef slot;

    if (!qh_registry_acquire(qh_host_registry(bench->host), "device", class, &slot, error)) {
        return FALSE;
    }
    *ret_bus = g_strdup(((const QhDeviceOps *)slot.ops)->bus);
    qh_slot_release(&slot);
    return TRUE;
}

/* Another class, itself on a bus that is there, may offer a bus of @kind. */
static gboolean bring_bus(QhBench *bench, const char *kind)
{
    g_autoptr(GPtrArray) names = qh_bench_classes(bench);

    for (guint i = 0; i < names->len && !has_bus(bench, kind); i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *bus = NULL;

        if (!bus_of(bench, name, &bus, NULL) || bus == NULL || g_str_equal(bus, kind) ||
            !has_bus(bench, bus)) {
            continue;
        }
        QhInstance *device = qh_place_make(bench, name, NULL);
        if (device != NULL && !has_bus(bench, kind)) {
            qh_instance_free(device);
        }
    }
    return has_bus(bench, kind);
}

/* On one of the boards: one of the class that it has already, or one that is made here. */
static QhInstance *on_boards(QhBench *bench,
                             const char *class,
                             const char *bus,
                             gboolean own,
                             gboolean *ret_made,
                             GError **error)
{
    g_autoptr(GPtrArray) boards = qh_bench_boards(bench, own);

    for (guint i = 0; i < boards->len; i++) {
        Search search = {.name = class};

        qh_trial_doing(bench->trial, "making a board");
        if (!qh_bench_board(bench, g_ptr_array_index(boards, i), 0, NULL)) {
            continue;
        }
        qh_machine_foreach_device(bench->machine, look_for_class, &search);
        *ret_made = search.found == NULL;
        if (search.found == NULL && !own &&
            (bus == NULL || has_bus(bench, bus) || bring_bus(bench, bus))) {
            g_clear_error(error);
            search.found = qh_place_make(bench, class, error);
        }
        if (search.found != NULL) {
            return search.found;
        }
        qh_bench_unplug(bench);
    }
    return NULL;
}

QhInstance *qh_place_find(QhBench *bench, const char *class, gboolean *ret_made, GError **error)
{
    g_autofree char *bus = NULL;
    QhInstance *device = NULL;

    if (!bus_of(bench, class, &bus, error)) {
        return NULL;
    }
    if (bus == NULL) {
        device = on_boards(bench, class, NULL, TRUE, ret_made, error);
        if (device == NULL && qh_bench_bare(bench, NULL, NULL, error)) {
            device = qh_place_make(bench, class, error);
            *ret_made = TRUE;
        }
        if (device == NULL) {
            qh_bench_unplug(bench);
        }
    }
    if (device == NULL) {
        device = on_boards(bench, class, bus, FALSE, ret_made, error);
    }
    if (device == NULL && (error != NULL && *error == NULL)) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "no board that is installed has a bus of kind '%s'", bus);
    }
    return device;
}
