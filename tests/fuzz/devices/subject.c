/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a device of a class by what its table says: properties that lead to a disk, a network, a
 * character device get one; a bus that is not there is brought by another class, which is found by
 * trying.
 */
#include "tests/fuzz/devices/devices.h"

#include "core/block/block.h"
#include "core/char/chars.h"
#include "core/device/bus.h"
#include "core/loop/timers.h"
#include "core/net/net.h"
#include "core/object/object.h"

#include <glib/gstdio.h>
#include <string.h>

#define TEXT_MAX 64u

static int64_t clock_now(void *data)
{
    return ((const Fuzz *)data)->now_ns;
}

static void clock_changed(void *data)
{
    (void)data;
}

/* What properties may name. */
static gboolean add_back_ends(Fuzz *fuzz, GError **error)
{
    g_autofree char *id = NULL;

    if (!qh_nets_add_option(qh_host_nets(fuzz->host), "hubport,id=n0,hubid=0", FALSE, NULL,
                            error) ||
        !qh_nets_add_option(qh_host_nets(fuzz->host), "hubport,id=n1,hubid=0", FALSE, NULL,
                            error) ||
        !qh_chars_add_option(qh_host_chars(fuzz->host), "ringbuf,id=c0,size=4096", &id, error)) {
        return FALSE;
    }
    fuzz->folder = g_dir_make_tmp("qh-fuzz-XXXXXX", error);
    if (fuzz->folder == NULL) {
        return FALSE;
    }
    g_autofree char *folder =
        g_strdup_printf("fsdev-local,id=f0,security_model=none,path=%s", fuzz->folder);
    if (!qh_objects_add_option(qh_host_objects(fuzz->host), folder, error)) {
        return FALSE;
    }
    fuzz->wire = qh_nets_find(qh_host_nets(fuzz->host), "n1");
    return TRUE;
}

static gboolean make_machine(Fuzz *fuzz, GError **error)
{
    QhMachineOptions *options = qh_machine_options_new();
    const QhCountedClock clock = {.now = clock_now, .changed = clock_changed, .data = fuzz};

    options->type = g_strdup("virt");
    options->target = g_strdup("riscv64");
    options->bios = g_strdup("none");
    options->n_cpus = 1;
    options->ram_bytes = RAM_BYTES;
    options->icount = (QhIcountOptions){.on = TRUE};
    options->has_seed = TRUE;
    fuzz->machine = qh_machine_new(fuzz->host, options, error);
    if (fuzz->machine == NULL) {
        return FALSE;
    }
    fuzz->space = qh_machine_system(fuzz->machine);
    qh_timers_count(qh_host_timers(fuzz->host), &clock);
    return TRUE;
}

/* A disk of its own for each device: *@ret_name. */
static gboolean add_disk(Fuzz *fuzz, char *ret_name, GError **error)
{
    g_snprintf(ret_name, TEXT_MAX, "d%u", fuzz->n_disks++);
    g_autofree char *text = g_strdup_printf("{\"driver\": \"null-co\", \"node-name\": \"%s\", "
                                            "\"size\": 16777216, \"read-zeroes\": true}",
                                            ret_name);
    g_autoptr(QhJson) options = qh_json_parse(text, -1, NULL, error);
    QhBlockNode *node = options != NULL ? qh_block_add(qh_host_blocks(fuzz->host), options,
                                                       QH_BLOCK_ADD_MONITOR, error)
                                        : NULL;

    qh_block_node_unref(node); /* the monitor keeps it */
    return node != NULL;
}

static gboolean has_property(const QhPropertyTable *table, const char *name)
{
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        uint32_t type = table->properties[i].type;

        if (g_str_equal(table->properties[i].name, name) &&
            (type == QH_PROPERTY_STRING || type == QH_PROPERTY_OBJECT)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Other ways in which a device may be made: switches at random, the other format of rings. */
static gboolean turn_switches(Fuzz *fuzz, QhInstance *device, GError **error)
{
    const QhPropertyTable *table = device->ops->properties;

    for (uint32_t i = 0; table != NULL && i < table->n_properties && fuzz->variant != 0; i++) {
        const QhProperty *property = &table->properties[i];
        gboolean packed = g_str_equal(property->name, "packed");

        if (property->type == QH_PROPERTY_BOOL &&
            (packed ? fuzz->variant % 2 != 0 : fuzz_below(fuzz, 5) == 0) &&
            !qh_instance_set(device, property->name,
                             g_strcmp0(property->default_text, "on") == 0 ? "off" : "on", error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean set_properties(Fuzz *fuzz, QhInstance *device, GError **error)
{
    static const char *const texts[][2] = {
        {"serial",    "fuzz"},
        {"mount_tag", "fuzz"},
        {"fsdev",     "f0"  },
    };
    char disk[TEXT_MAX] = "";
    const struct {
        uint32_t type;
        const char *value;
    } values[] = {
        {QH_PROPERTY_BLOCK,   disk},
        {QH_PROPERTY_NETDEV,  "n0"},
        {QH_PROPERTY_CHARDEV, "c0"},
    };
    const QhPropertyTable *table = device->ops->properties;
    gboolean block = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (has_property(table, texts[i][0]) &&
            !qh_instance_set(device, texts[i][0], texts[i][1], error)) {
            return FALSE;
        }
    }
    for (uint32_t i = 0; table != NULL && i < table->n_properties; i++) {
        for (guint v = 0; v < G_N_ELEMENTS(values); v++) {
            gboolean again = values[v].type == QH_PROPERTY_BLOCK && block;

            if (table->properties[i].type != values[v].type || again) {
                continue;
            }
            if (values[v].type == QH_PROPERTY_BLOCK && !add_disk(fuzz, disk, error)) {
                return FALSE;
            }
            block = block || values[v].type == QH_PROPERTY_BLOCK;
            if (!qh_instance_set(device, table->properties[i].name, values[v].value, error)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

typedef struct Search {
    Fuzz *fuzz;
    const char *kind;
    QhInstance *instance;
    const char *class;
    GPtrArray *names;
} Search;

static void has_kind(QhBus *bus, void *data)
{
    Search *search = data;

    if (g_str_equal(qh_bus_kind(bus), search->kind)) {
        search->instance = bus->parent;
    }
}

static void look_for_bus(QhInstance *instance, void *data)
{
    qh_instance_foreach_bus(instance, has_kind, data);
}

static gboolean has_bus(Fuzz *fuzz, const char *kind)
{
    Search search = {.fuzz = fuzz, .kind = kind};

    qh_machine_foreach_device(fuzz->machine, look_for_bus, &search);
    return search.instance != NULL;
}

static QhInstance *make(Fuzz *fuzz, const char *class, const char *id, GError **error)
{
    QhInstance *device = qh_device_service.create_on(fuzz->machine, NULL, class, id, error);

    if (device == NULL) {
        return NULL;
    }
    device->users = TRUE;
    if (!set_properties(fuzz, device, error) ||
        (g_strcmp0(id, "subject") == 0 && !turn_switches(fuzz, device, error)) ||
        !qh_instance_realize(device, error)) {
        qh_instance_free(device);
        return NULL;
    }
    return device;
}

static void add_name(const char *module, const QhJson *entry, gboolean installed, void *data)
{
    (void)module;
    if (installed) {
        g_ptr_array_add(data, g_strdup(qh_json_string(qh_json_get(entry, "name"))));
    }
}

/* A device that offers a bus of @kind, from any module. */
static gboolean bring_bus(Fuzz *fuzz, const char *kind)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    qh_registry_foreach_offer(qh_host_registry(fuzz->host), "device", add_name, names);
    for (guint i = 0; i < names->len && !has_bus(fuzz, kind); i++) {
        const char *name = g_ptr_array_index(names, i);
        QhSlotRef slot;

        if (!qh_registry_acquire(qh_host_registry(fuzz->host), "device", name, &slot, NULL)) {
            continue;
        }
        const QhDeviceOps *ops = slot.ops;
        gboolean fits =
            ops->bus != NULL && g_str_equal(ops->bus, "pci") && !g_str_equal(ops->bus, kind);
        qh_slot_release(&slot);
        QhInstance *device = fits ? make(fuzz, name, NULL, NULL) : NULL;
        if (device != NULL && !has_bus(fuzz, kind)) {
            qh_instance_free(device);
        }
    }
    return has_bus(fuzz, kind);
}

static void is_of_class(QhInstance *instance, void *data)
{
    Search *search = data;

    if (search->instance == NULL && g_str_equal(qh_instance_class(instance), search->class)) {
        search->instance = instance;
    }
}

/* Windows of a device that a board would wire, where nothing else is. */
static gboolean map_windows(Fuzz *fuzz, GError **error)
{
    uint64_t at = 0x20000000;

    for (uint32_t i = 0; i < fuzz->subject->ops->n_windows; i++) {
        uint64_t bytes = fuzz->subject->window_bytes[i]; /* 0: the board did not ask for it */

        if (bytes != 0 && !qh_instance_map(fuzz->subject, i, fuzz->space, at, error)) {
            return FALSE;
        }
        at += (bytes + 0xffff) & ~UINT64_C(0xffff);
    }
    return TRUE;
}

static gboolean make_subject(Fuzz *fuzz, GError **error)
{
    Search search = {.fuzz = fuzz, .class = fuzz->class};
    QhSlotRef slot;
    gboolean ok = TRUE;

    qh_machine_foreach_device(fuzz->machine, is_of_class, &search);
    fuzz->subject = search.instance;
    if (fuzz->subject != NULL) {
        return TRUE;
    }
    if (!qh_registry_acquire(qh_host_registry(fuzz->host), "device", fuzz->class, &slot, error)) {
        return FALSE;
    }
    const char *bus = ((const QhDeviceOps *)slot.ops)->bus;
    if (bus != NULL && !has_bus(fuzz, bus) && !bring_bus(fuzz, bus)) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "nobody offers a bus of kind '%s'", bus);
        ok = FALSE;
    }
    qh_slot_release(&slot);
    fuzz->subject = ok ? make(fuzz, fuzz->class, "subject", error) : NULL;
    return fuzz->subject != NULL && (bus != NULL || map_windows(fuzz, error));
}

gboolean subject_open(Fuzz *fuzz, const char *class, GError **error)
{
    fuzz->class = class;
    fuzz->now_ns = 1;
    fuzz->host = qh_host_new();
    qh_registry_scan(qh_host_registry(fuzz->host));
    if (!qh_registry_load_target(qh_host_registry(fuzz->host), "riscv64", error) ||
        !add_back_ends(fuzz, error) || !make_machine(fuzz, error) || !make_subject(fuzz, error)) {
        return FALSE;
    }
    subject_reset(fuzz);
    return TRUE;
}

/* What a guest has put there: files, folders, links; nothing is followed. */
static void remove_tree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *inner = g_build_filename(path, name, NULL);

        remove_tree(inner);
    }
    g_clear_pointer(&dir, g_dir_close);
    (void)g_remove(path);
}

void subject_close(Fuzz *fuzz)
{
    g_clear_pointer(&fuzz->host, qh_host_free);
    if (fuzz->folder != NULL) {
        remove_tree(fuzz->folder);
        g_free(fuzz->folder);
    }
    *fuzz = (Fuzz){.state = fuzz->state, .accesses = fuzz->accesses};
}

void subject_reset(Fuzz *fuzz)
{
    static const uint8_t zeroes[4096];

    qh_machine_lock(fuzz->machine);
    qh_machine_tell_run_state(fuzz->machine, FALSE);
    qh_machine_unlock(fuzz->machine);
    (void)qh_machine_reset(fuzz->machine, QH_RESET_COLD, NULL);
    qh_machine_lock(fuzz->machine);
    qh_machine_tell_run_state(fuzz->machine, TRUE);
    qh_machine_unlock(fuzz->machine);
    for (uint64_t at = RINGS_AT; at < DATA_AT + DATA_BYTES; at += sizeof(zeroes)) {
        (void)qh_space_write(fuzz->space, at, zeroes, sizeof(zeroes), 0);
    }
}
