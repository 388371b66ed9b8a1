/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine from the user's options to its end. A failure half-way frees what there is by the same
 * path as the end, so every step of the teardown accepts a machine that did not come so far.
 */
#include "core/machine/machine-priv.h"
#include "core/object/object.h"

#include "abi/target.h"
#include "core/device/instance.h"
#include "core/jit/engine.h"
#include "core/loop/timers.h"
#include "core/vcpu/turns.h"
#include "core/vcpu/vcpu.h"

#include <string.h>

static void irq_free(void *irq)
{
    qh_irq_free(irq);
}

static void cluster_free(void *cluster)
{
    qh_cluster_free(cluster);
}

static QhMachine *allocate(QhHost *host, QhMachineOptions *options)
{
    QhMachine *machine = g_new0(QhMachine, 1);

    machine->host = host;
    machine->options = options;
    machine->memory = qh_memory_new(machine);
    machine->clusters = g_ptr_array_new_with_free_func(cluster_free);
    machine->vcpus = g_ptr_array_new();
    machine->devices = g_ptr_array_new();
    machine->irqs = g_ptr_array_new_with_free_func(irq_free);
    machine->cpu_lines = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, irq_free);
    machine->images = g_ptr_array_new_with_free_func(qh_image_free);
    machine->firmware = qh_firmware_new(machine);
    g_mutex_init(&machine->device_lock);
    g_mutex_init(&machine->random_lock);
    (void)qh_memory_system(machine->memory);
    return machine;
}

void qh_machine_free(QhMachine *machine)
{
    if (machine == NULL) {
        return;
    }
    qh_machine_stop(machine);
    if (machine->create_tried && machine->ops->destroy != NULL) {
        machine->ops->destroy(machine, machine->board);
    }
    while (machine->devices->len > 0) {
        qh_instance_free(g_ptr_array_index(machine->devices, machine->devices->len - 1));
    }
    if (qh_host_machine(machine->host) == machine) {
        qh_host_set_machine(machine->host, NULL);
    }
    g_ptr_array_unref(machine->devices);
    g_ptr_array_unref(machine->clusters);
    g_ptr_array_unref(machine->vcpus);
    g_ptr_array_unref(machine->irqs);
    g_hash_table_unref(machine->cpu_lines);
    qh_image_packer_free(machine->packer);
    g_ptr_array_unref(machine->images);
    if (machine->board != NULL) {
        qh_properties_clear(machine->ops->properties, machine->board);
        g_free(machine->board);
    }
    if (machine->ram_object != NULL) {
        qh_object_unref(machine->ram_object);
    }
    qh_firmware_free(machine->firmware);
    qh_memory_free(machine->memory);
    qh_machine_unwatch_ram(machine);
    if (machine->slot.ops != NULL) {
        qh_slot_release(&machine->slot);
    }
    qh_machine_options_free(machine->options);
    qh_turns_free(machine->turns);
    g_mutex_clear(&machine->random_lock);
    g_mutex_clear(&machine->device_lock);
    g_free(machine->type);
    g_free(machine->target);
    g_free(machine);
}

QhTurns *qh_machine_turns(QhMachine *machine)
{
    return machine->turns;
}

const QhOutside *qh_machine_outside(QhMachine *machine)
{
    return __atomic_load_n(&machine->outside, __ATOMIC_ACQUIRE);
}

void qh_machine_set_outside(QhMachine *machine, const QhOutside *outside)
{
    __atomic_store_n(&machine->outside, outside, __ATOMIC_RELEASE);
}

/* What makes every run the same, before there is anything that asks for the time. */
static void set_up_time(QhMachine *machine)
{
    const QhMachineOptions *options = machine->options;

    if (options->icount.on) {
        machine->turns = qh_turns_new(machine, &options->icount);
    }
    if (options->has_seed || options->icount.on) {
        machine->has_random = TRUE;
        qh_machine_seed(machine, options->seed);
    }
    if (options->has_rtc_base) {
        qh_timers_set_wall(qh_host_timers(machine->host), options->rtc_base_ns);
    }
}

/* Only now is the slot loaded; before, the notes were enough. */
static gboolean acquire_board(QhMachine *machine, const char *name, GError **error)
{
    QhRegistry *registry = qh_host_registry(machine->host);
    g_autofree char *slot = g_strdup_printf("%s:%s", machine->target, name);

    if (qh_registry_target(registry) == NULL &&
        !qh_registry_load_target(registry, machine->target, error)) {
        return FALSE;
    }
    if (!qh_registry_acquire(registry, "machine", slot, &machine->slot, error)) {
        memset(&machine->slot, 0, sizeof(machine->slot));
        return FALSE;
    }
    machine->ops = machine->slot.ops;
    machine->board = g_malloc0(MAX(machine->ops->state_size, sizeof(QhBoard)));
    machine->board->ctx = machine->slot.ctx;
    machine->board->machine = machine;
    machine->board->target = machine->target;
    machine->board->name = machine->type;
    return TRUE;
}

/* memory-backend=ID: RAM is what that object says. */
static gboolean use_memory(QhMachine *machine, const char *id, GError **error)
{
    QhObject *object = qh_objects_find(qh_host_objects(machine->host), id);
    QhObjectHead *state;
    const QhMemoryMethods *methods;

    if (object == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "machine '%s': memory-backend: there is no object '%.128s'", machine->type, id);
        return FALSE;
    }
    methods = qh_object_methods(object, QH_MEMORY_INTERFACE, &state, error);
    if (methods == NULL) {
        return FALSE;
    }
    uint64_t bytes = methods->bytes(state);
    if (machine->options->ram_bytes != 0 && machine->options->ram_bytes != bytes) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "machine '%s': memory-backend '%s' has %" G_GUINT64_FORMAT
                    " bytes, -m asks for %" G_GUINT64_FORMAT,
                    machine->type, id, bytes, machine->options->ram_bytes);
        return FALSE;
    }
    if (machine->ram_object != NULL) {
        qh_object_unref(machine->ram_object);
    }
    machine->ram_object = qh_object_ref(object);
    machine->config.ram_bytes = bytes;
    return TRUE;
}

static gboolean is_main_ram(const QhMachine *machine, const char *name)
{
    const char *main_block = machine->ops != NULL && machine->ops->default_ram_id != NULL
                                 ? machine->ops->default_ram_id
                                 : "ram";

    return g_str_equal(name, main_block);
}

gboolean qh_machine_ram_is_private(QhMachine *machine, const char *name)
{
    const QhMemoryMethods *methods;
    QhObjectHead *state;

    if (!is_main_ram(machine, name) || machine->ram_object == NULL) {
        return is_main_ram(machine, name);
    }
    methods = qh_object_methods(machine->ram_object, QH_MEMORY_INTERFACE, &state, NULL);
    return methods != NULL && !methods->is_shared(state);
}

int qh_machine_ram_file(QhMachine *machine, const char *name)
{
    QhObjectHead *state;

    if (machine->ram_object == NULL || !is_main_ram(machine, name)) {
        return -1;
    }
    const QhMemoryMethods *methods =
        qh_object_methods(machine->ram_object, QH_MEMORY_INTERFACE, &state, NULL);
    return methods != NULL ? methods->fd(state) : -1;
}

static gboolean set_properties(QhMachine *machine, GError **error)
{
    const QhPropertyTable *table = machine->ops != NULL ? machine->ops->properties : NULL;
    const GPtrArray *settings = machine->options->machine_properties;
    g_autofree char *subject = g_strdup_printf("machine '%s'", machine->type);

    if (!qh_properties_set_defaults(machine->host, table, machine->board, subject, error)) {
        return FALSE;
    }
    for (guint i = 0; i < settings->len; i++) {
        const char *setting = g_ptr_array_index(settings, i);
        const char *equals = strchr(setting, '=');
        g_autofree char *key =
            equals != NULL ? g_strndup(setting, (gsize)(equals - setting)) : g_strdup(setting);

        const char *value = equals != NULL ? equals + 1 : "on";
        gboolean set =
            g_str_equal(key, "memory-backend")
                ? use_memory(machine, value, error)
                : qh_property_set(machine->host, table, machine->board, subject, key, value, error);
        if (!set) {
            return FALSE;
        }
    }
    return TRUE;
}

/* -smp: parts that were not given follow from those that were; what was given must multiply up. */
static gboolean configure_cpus(QhMachine *machine, GError **error)
{
    const QhMachineOptions *options = machine->options;
    QhMachineConfig *config = &machine->config;
    uint32_t max = machine->ops != NULL ? MAX(machine->ops->max_cpus, 1) : G_MAXUINT16;
    uint64_t product;

    config->n_cpus = options->n_cpus;
    config->sockets = MAX(options->sockets, 1);
    config->cores = MAX(options->cores, 1);
    config->threads = MAX(options->threads, 1);
    gboolean given = options->sockets != 0 || options->cores != 0 || options->threads != 0;
    if (__builtin_mul_overflow((uint64_t)config->sockets * config->cores, config->threads,
                               &product)) {
        product = UINT64_MAX;
    }
    if (config->n_cpus == 0) {
        uint32_t preset = machine->ops != NULL ? MAX(machine->ops->default_cpus, 1) : 0;

        config->n_cpus = given ? (uint32_t)MIN(product, G_MAXUINT32) : preset;
    }
    if (given && options->cores == 0 && config->n_cpus % product == 0) {
        config->cores = (uint32_t)(config->n_cpus / product);
        product = config->n_cpus;
    }
    if (config->n_cpus > max) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "machine '%s' takes at most %u CPUs, not %u",
                    machine->type, max, config->n_cpus);
        return FALSE;
    }
    if (given && product != config->n_cpus) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot arrange %u CPUs as %u sockets of %u cores of %u threads",
                    config->n_cpus, config->sockets, config->cores, config->threads);
        return FALSE;
    }
    if (!given) {
        config->cores = MAX(config->n_cpus, 1);
    }
    return TRUE;
}

static gboolean configure(QhMachine *machine, GError **error)
{
    const QhMachineOptions *options = machine->options;
    QhMachineConfig *config = &machine->config;

    config->size = sizeof(*config);
    if (machine->ram_object == NULL) {
        config->ram_bytes = options->ram_bytes;
    }
    if (config->ram_bytes == 0 && machine->ops != NULL) {
        config->ram_bytes = machine->ops->default_ram_bytes;
    }
    config->bios = options->bios;
    config->kernel = options->kernel;
    config->initrd = options->initrd;
    config->append = options->append;
    config->dtb = options->dtb;
    config->dumpdtb = options->dumpdtb;
    config->cpu_model = options->cpu_model;
    return configure_cpus(machine, error);
}

/* Without a board: RAM at address 0 and CPUs, each only if the user asked for it. */
static gboolean create_bare(QhMachine *machine, GError **error)
{
    const QhMachineConfig *config = &machine->config;
    QhSpace *system = qh_machine_system(machine);
    const char *target = qh_registry_target(qh_host_registry(machine->host));

    if (config->ram_bytes > 0) {
        QhRam *ram = qh_ram_new(machine, "ram", config->ram_bytes, error);

        if (ram == NULL ||
            !qh_mem_service.map_ram(system, 0, config->ram_bytes, ram, 0, 0, 0, error)) {
            return FALSE;
        }
    }
    if (config->n_cpus == 0) {
        return TRUE;
    }
    if (target == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "cannot create CPUs: no target is loaded (--load-target)");
        return FALSE;
    }
    return qh_cluster_new(machine, target, config->n_cpus, system, error) != NULL;
}

static gboolean create_board(QhMachine *machine, GError **error)
{
    if (machine->ops == NULL) {
        return create_bare(machine, error);
    }
    machine->create_tried = TRUE;
    return machine->ops->create(machine, machine->board, error);
}

gboolean qh_machine_dump_device_tree(QhMachine *machine, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    uint32_t bytes = 0;

    if (machine->ops == NULL || machine->ops->device_tree == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot write '%s': machine '%s' has no device tree", path, machine->type);
        return FALSE;
    }
    g_autofree char *tree = machine->ops->device_tree(machine, machine->board, &bytes, error);
    if (tree == NULL) {
        return FALSE;
    }
    if (!g_file_set_contents(path, tree, bytes, &cause)) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot write the device tree: %s",
                    cause->message);
        return FALSE;
    }
    return TRUE;
}

static gboolean dump_device_tree(QhMachine *machine, GError **error)
{
    if (!qh_machine_dump_device_tree(machine, machine->config.dumpdtb, error)) {
        return FALSE;
    }
    qh_host_quit(machine->host, 0);
    return TRUE;
}

static gboolean build(QhMachine *machine, GError **error)
{
    g_autofree char *name = NULL;

    if (!qh_machine_find_board(machine->host, machine->options, &machine->target, &name, error)) {
        return FALSE;
    }
    machine->type = name != NULL ? g_steal_pointer(&name) : g_strdup("none");
    if (machine->target != NULL && !acquire_board(machine, machine->type, error)) {
        return FALSE;
    }
    return set_properties(machine, error) && configure(machine, error) &&
           qh_firmware_add_standard(machine->firmware, machine->options->firmware,
                                    machine->config.ram_bytes, machine->config.n_cpus,
                                    qh_host_config(machine->host)->uuid, error) &&
           create_board(machine, error) && qh_machine_add_devices(machine, error) &&
           qh_machine_add_smbios(machine, error) &&
           qh_machine_reset(machine, QH_RESET_COLD, error) &&
           (machine->config.dumpdtb == NULL || dump_device_tree(machine, error));
}

QhMachine *qh_machine_new(QhHost *host, QhMachineOptions *options, GError **error)
{
    if (qh_host_machine(host) != NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_BUSY,
                            "cannot create a machine: the host has one");
        qh_machine_options_free(options);
        return NULL;
    }
    QhMachine *machine = allocate(host, options);

    qh_host_set_machine(host, machine);
    set_up_time(machine);
    if (!build(machine, error)) {
        qh_machine_free(machine);
        return NULL;
    }
    return machine;
}

QhHost *qh_machine_host(QhMachine *machine)
{
    return machine->host;
}

const QhMachineOptions *qh_machine_options(QhMachine *machine)
{
    return machine->options;
}

const char *qh_machine_type(QhMachine *machine)
{
    return machine->type;
}

QhFirmware *qh_machine_firmware(QhMachine *machine)
{
    return machine->firmware;
}

QhMemory *qh_machine_memory(QhMachine *machine)
{
    return machine->memory;
}

QhSpace *qh_machine_system(QhMachine *machine)
{
    return qh_memory_system(machine->memory);
}

guint qh_machine_n_clusters(QhMachine *machine)
{
    return machine->clusters->len;
}

QhCluster *qh_machine_cluster(QhMachine *machine, guint i)
{
    return i < machine->clusters->len ? g_ptr_array_index(machine->clusters, i) : NULL;
}

guint qh_machine_n_vcpus(QhMachine *machine)
{
    return machine->vcpus->len;
}

QhVcpu *qh_machine_vcpu(QhMachine *machine, guint index)
{
    return index < machine->vcpus->len ? g_ptr_array_index(machine->vcpus, index) : NULL;
}
