/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -blockdev, -drive, and the short forms of -drive. */
#include "core/block/device.h"
#include "core/cli/cli.h"
#include "core/module/registry.h"
#include "core/qmp/offers.h"

#include <string.h>

#define DOTS_MAX 64 /* groups within groups */

static QhJson *object_of(const char *text, const char *implied_key, GError **error)
{
    g_autoptr(QhJson) object = NULL;

    if (*text == '{') {
        object = qh_json_parse(text, -1, NULL, error);
        if (object != NULL && qh_json_type(object) != QH_JSON_OBJECT) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "this is no JSON object");
            return NULL;
        }
        return g_steal_pointer(&object);
    }
    g_autoptr(QhKeyval) items = qh_keyval_parse(text, implied_key, error);
    object = qh_json_new_object();
    for (guint i = 0; items != NULL && i < qh_keyval_length(items); i++) {
        const char *key = qh_keyval_key(items, i);
        guint dots = 0;

        for (const char *at = key; *at != '\0'; at++) {
            dots += *at == '.';
        }
        if (dots > DOTS_MAX) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE, "a key has too many groups");
            return NULL;
        }
        qh_json_set(object, key, qh_json_new_string(qh_keyval_value(items, i)));
    }
    return items != NULL ? g_steal_pointer(&object) : NULL;
}

gboolean qh_take_blockdev(QhCli *cli,
                          G_GNUC_UNUSED const QhOption *option,
                          const char *value,
                          GError **error)
{
    QhJson *object = object_of(value, "driver", error);

    if (object != NULL) {
        g_ptr_array_add(cli->blockdevs, object);
    }
    return object != NULL;
}

gboolean
qh_take_drive(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    QhJson *object = object_of(value, NULL, error);

    if (object != NULL) {
        g_ptr_array_add(cli->drives, object);
    }
    return object != NULL;
}

/* -hda FILE ... -hdd FILE, -cdrom FILE: the place is what differs. */
gboolean
qh_take_disk(QhCli *cli, const QhOption *option, const char *value, G_GNUC_UNUSED GError **error)
{
    gboolean cdrom = g_str_equal(option->name, "cdrom");
    g_autofree char *index = g_strdup_printf("%d", cdrom ? 2 : option->name[2] - 'a');
    QhJson *object = qh_json_new_object();

    qh_json_set(object, "file", qh_json_new_string(value));
    qh_json_set(object, "media", qh_json_new_string(cdrom ? "cdrom" : "disk"));
    qh_json_set(object, "index", qh_json_new_string(index));
    g_ptr_array_add(cli->drives, object);
    return TRUE;
}

/* -pflash FILE: the next bank. */
gboolean
qh_take_pflash(QhCli *cli, G_GNUC_UNUSED const QhOption *option, const char *value, GError **error)
{
    QhJson *object = qh_json_new_object();

    (void)error;
    qh_json_set(object, "file", qh_json_new_string(value));
    qh_json_set(object, "if", qh_json_new_string("pflash"));
    g_ptr_array_add(cli->drives, object);
    return TRUE;
}

gboolean qh_cli_apply_blocks(const QhCli *cli, QhHost *host, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);

    for (guint i = 0; i < cli->blockdevs->len; i++) {
        const QhJson *options = g_ptr_array_index(cli->blockdevs, i);
        QhBlockNode *node = qh_block_add(graph, options, QH_BLOCK_ADD_MONITOR, error);

        if (node == NULL) {
            g_autofree char *text = qh_json_to_text(options);

            g_prefix_error(error, "-blockdev %s: ", text);
            return FALSE;
        }
        qh_block_node_unref(node);
    }
    return TRUE;
}

/* What the machine's module says about drives: "disks" of its entry has rows "virtio=DEVICE", the
 * first is for drives without if=. */
typedef struct Search {
    const char *target, *machine;
    const QhJson *disks;
} Search;

static void search_machine(G_GNUC_UNUSED const char *module,
                           const QhJson *entry,
                           G_GNUC_UNUSED gboolean installed,
                           void *data)
{
    Search *search = data;
    g_autofree char *name = qh_offer_text(entry, "name");

    if (g_strcmp0(name, search->machine) == 0 && search->target != NULL &&
        qh_offer_has_target(entry, search->target) && search->disks == NULL) {
        search->disks = qh_json_get(entry, "disks");
    }
}

/* The device for interface @name; with @name NULL *@ret_name is the first there is. */
static char *disk_device(const QhJson *disks, const char *name, char **ret_name)
{
    for (size_t i = 0; disks != NULL && i < qh_json_length(disks); i++) {
        const char *row = qh_json_string(qh_json_at(disks, i));
        const char *equals = row != NULL ? strchr(row, '=') : NULL;

        if (equals == NULL) {
            continue;
        }
        g_autofree char *interface = g_strndup(row, (gsize)(equals - row));
        if (name == NULL || g_str_equal(name, interface)) {
            if (ret_name != NULL) {
                *ret_name = g_steal_pointer(&interface);
            }
            return g_strdup(equals + 1);
        }
    }
    return NULL;
}

typedef struct Devices {
    QhCli *cli;
    const QhJson *disks;
} Devices;

static void add_device(QhDrive *block, void *data)
{
    Devices *devices = data;
    const char *interface = qh_block_drive_interface(block);
    g_autofree char *driver =
        interface != NULL ? disk_device(devices->disks, interface, NULL) : NULL;

    if (driver != NULL) {
        QhJson *device = qh_json_new_object();

        qh_json_set(device, "driver", qh_json_new_string(driver));
        qh_json_set(device, "drive", qh_json_new_string(qh_block_device_id(block)));
        g_ptr_array_add(devices->cli->devices, device);
    }
}

gboolean qh_cli_apply_drives(
    QhCli *cli, QhHost *host, const char *target, const char *machine, GError **error)
{
    QhBlockGraph *graph = qh_host_blocks(host);
    Search search = {.target = target, .machine = machine};
    g_autofree char *first = NULL;

    qh_registry_foreach_offer(qh_host_registry(host), "machine", search_machine, &search);
    g_free(disk_device(search.disks, NULL, &first)); /* the interface is what is wanted */
    qh_block_set_snapshot(graph, cli->snapshot);
    for (guint i = 0; i < cli->drives->len; i++) {
        const QhJson *options = g_ptr_array_index(cli->drives, i);

        if (!qh_block_drive_add(graph, options, first, error)) {
            g_autofree char *text = qh_json_to_text(options);

            g_prefix_error(error, "-drive %s: ", text);
            return FALSE;
        }
    }
    Devices devices = {cli, search.disks};
    qh_block_device_foreach(graph, add_device, &devices);
    return TRUE;
}
