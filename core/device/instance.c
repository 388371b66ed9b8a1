/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/device/instance.h"

#include "core/device/bus.h"
#include "core/device/instance-priv.h"

#include <string.h>

static const QhWindow *window_at(const QhInstance *instance, uint32_t i)
{
    return (const QhWindow *)((const char *)instance->ops->windows +
                              (size_t)i * instance->ops->window_size);
}

static void irq_in(void *opaque, uint32_t n, gboolean level)
{
    QhInstance *instance = opaque;

    instance->ops->irq_in(instance->state, n, level);
}

static char *subject(const QhInstance *instance)
{
    return g_strdup_printf("device '%s' (%s)", instance->id, instance->name);
}

QhInstance *qh_instance_create(QhMachine *machine, const char *name, const char *id, GError **error)
{
    QhSlotRef slot;

    if (id != NULL && qh_machine_find_device(machine, id) != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot create device '%s': the id '%s' is taken", name, id);
        return NULL;
    }
    if (!qh_registry_acquire(qh_host_registry(machine->host), "device", name, &slot, error)) {
        return NULL;
    }

    QhInstance *instance = g_new0(QhInstance, 1);
    const QhDeviceOps *ops = slot.ops;
    instance->machine = machine;
    instance->slot = slot;
    instance->ops = ops;
    instance->name = g_strdup(name);
    instance->id =
        id != NULL ? g_strdup(id) : g_strdup_printf("%s[%u]", name, machine->n_devices_made);
    instance->named = id != NULL;
    instance->serial = machine->n_devices_made++;
    instance->buses = g_ptr_array_new_with_free_func(qh_bus_free);
    instance->placed = g_array_new(FALSE, FALSE, sizeof(QhPlaced));
    instance->window_bytes = g_new0(uint64_t, ops->n_windows);
    instance->window_ram = g_new0(QhWindowRam, ops->n_windows);
    for (uint32_t i = 0; i < ops->n_windows; i++) {
        instance->window_bytes[i] = window_at(instance, i)->bytes;
    }
    instance->out = g_new0(QhIrq *, ops->n_irq_out);
    instance->out_level = g_new0(uint8_t, ops->n_irq_out);
    instance->in = g_new0(QhIrq *, ops->n_irq_in);
    for (uint32_t i = 0; i < ops->n_irq_in; i++) {
        instance->in[i] = qh_irq_new(irq_in, instance, i);
    }
    instance->state = g_malloc0(MAX(ops->state_size, sizeof(QhDevice)));
    instance->state->ctx = slot.ctx;
    instance->state->instance = instance;
    instance->state->machine = machine;
    instance->state->id = instance->id;
    g_ptr_array_add(machine->devices, instance);

    g_autofree char *who = subject(instance);
    if (!qh_properties_set_defaults(machine->host, ops->properties, instance->state, who, error) ||
        !qh_instance_apply_globals(instance, ops->properties, instance->state, error)) {
        qh_instance_free(instance);
        return NULL;
    }
    return instance;
}

void qh_instance_free(QhInstance *instance)
{
    if (instance == NULL) {
        return;
    }
    qh_firmware_forget(qh_machine_firmware(instance->machine), instance->state);
    qh_instance_detach(instance);
    g_ptr_array_remove(instance->machine->devices, instance);
    for (guint i = 0; i < instance->placed->len; i++) {
        const QhPlaced *at = &g_array_index(instance->placed, QhPlaced, i);

        qh_mem_service.unmap(at->space, at->address, at->bytes, at->priority);
    }
    if (instance->tried && instance->ops->unrealize != NULL) {
        instance->ops->unrealize(instance->state);
    }
    for (uint32_t i = 0; i < instance->ops->n_irq_in; i++) {
        qh_irq_free(instance->in[i]);
    }
    qh_memory_forget(qh_machine_memory(instance->machine), instance);
    qh_properties_clear(instance->ops->properties, instance->state);
    if (instance->bus_kind != NULL) {
        qh_properties_clear(instance->bus_kind->properties, instance->bus_data);
    }
    g_free(instance->bus_data);
    g_ptr_array_unref(instance->buses);
    g_array_unref(instance->placed);
    g_free(instance->window_bytes);
    g_free(instance->window_ram);
    g_free(instance->out);
    g_free(instance->out_level);
    g_free(instance->in);
    g_free(instance->state);
    qh_slot_release(&instance->slot);
    g_free(instance->name);
    g_free(instance->id);
    g_free(instance);
}

gboolean qh_instance_realize(QhInstance *instance, GError **error)
{
    if (instance->tried) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "cannot realize device '%s' (%s): it was before", instance->id, instance->name);
        return FALSE;
    }
    if (instance->ops->bus != NULL && instance->bus_kind == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot realize device '%s' (%s): it belongs on a bus of kind '%s'",
                    instance->id, instance->name, instance->ops->bus);
        return FALSE;
    }
    if (!qh_instance_check_globals(instance, error)) {
        return FALSE;
    }
    if (!qh_instance_attach(instance, error)) {
        g_prefix_error(error, "cannot add device '%s' (%s): ", instance->id, instance->name);
        return FALSE;
    }
    instance->tried = TRUE;
    instance->in_realize = TRUE;
    instance->realized = instance->ops->realize(instance->state, error);
    instance->in_realize = FALSE;
    if (!instance->realized) {
        return FALSE;
    }
    if (instance->machine->has_been_reset) {
        QhMachine *entered = qh_machine_enter(instance->machine);

        instance->ops->reset(instance->state, QH_RESET_COLD);
        qh_machine_leave(entered);
    }
    qh_instance_plug(instance);
    return TRUE;
}

/* Put window @window, which it has, on the map. */
static gboolean place(QhInstance *instance,
                      uint32_t window,
                      QhSpace *space,
                      uint64_t address,
                      int32_t priority,
                      GError **error)
{
    const QhWindow *description = window_at(instance, window);
    g_autofree char *name = g_strdup_printf("%s.%s", instance->id, description->name);
    const QhPlaced placed = {space, address, instance->window_bytes[window], window, priority};
    const QhIoWindow like = {
        .name = name,
        .ops = description->ops,
        .opaque = instance->state,
        .owner = instance,
        .machine = instance->machine,
        .bytes = placed.bytes,
    };
    const QhWindowRam *behind = &instance->window_ram[window];

    if (!qh_space_map_window(space, address, &like, behind->ram, behind->mode, priority, error)) {
        return FALSE;
    }
    g_array_append_val(instance->placed, placed);
    return TRUE;
}

gboolean qh_instance_map(
    QhInstance *instance, uint32_t window, QhSpace *space, uint64_t address, GError **error)
{
    const char *why = NULL;

    if (window >= instance->ops->n_windows) {
        why = "it has no such window";
    } else if (!instance->realized) {
        why = "it is not realized";
    } else if (instance->window_bytes[window] == 0) {
        why = "the window has no size";
    }
    if (why != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot map window %u of device '%s' (%s): %s", window, instance->id,
                    instance->name, why);
        return FALSE;
    }

    return place(instance, window, space, address, 0, error);
}

void qh_instance_hold(QhInstance *instance)
{
    for (uint32_t i = 0; i < instance->ops->n_irq_out; i++) {
        instance->out_level[i] = 0;
        qh_irq_set(instance->out[i], FALSE);
    }
    instance->held = TRUE;
}

void qh_instance_reset(QhInstance *instance, uint32_t kind)
{
    if (instance->realized) {
        instance->ops->reset(instance->state, kind);
    }
}

void qh_instance_release(QhInstance *instance)
{
    instance->held = FALSE;
    for (uint32_t i = 0; i < instance->ops->n_irq_out; i++) {
        qh_irq_set(instance->out[i], instance->out_level[i]);
    }
}

const char *qh_instance_id(const QhInstance *instance)
{
    return instance->id;
}

const char *qh_instance_class(const QhInstance *instance)
{
    return instance->name;
}

QhMachine *qh_instance_machine(const QhInstance *instance)
{
    return instance->machine;
}

QhDevice *qh_instance_state(QhInstance *instance)
{
    return instance->state;
}

const QhDeviceOps *qh_instance_ops(const QhInstance *instance)
{
    return instance->ops;
}

QhIrq *qh_instance_irq_in(QhInstance *instance, uint32_t n)
{
    return n < instance->ops->n_irq_in ? instance->in[n] : NULL;
}

/* What its bus keeps of it in a snapshot; NULL: nothing. */
static const QhStateTable *bus_part(const QhInstance *instance)
{
    const QhBusOps *ops = instance->bus != NULL ? instance->bus->ops : NULL;

    return ops != NULL && QH_HAS(ops, child_state) ? ops->child_state : NULL;
}

static gboolean bus_part_can_be_saved(const QhInstance *instance)
{
    const QhBusOps *ops = instance->bus != NULL ? instance->bus->ops : NULL;

    if (ops == NULL || ops->child_size == 0) {
        return TRUE;
    }
    return bus_part(instance) != NULL &&
           (!QH_HAS(ops, child_can_be_saved) || ops->child_can_be_saved == NULL ||
            ops->child_can_be_saved(instance->bus_data));
}

static gboolean has_stream(const QhDeviceOps *ops)
{
    return QH_HAS(ops, stream) && ops->stream != NULL;
}

/* A device with state of its own and no table keeps it elsewhere. */
static gboolean can_be_saved(const QhInstance *instance)
{
    const QhDeviceOps *ops = instance->ops;

    return (ops->flags & QH_DEVICE_NO_SNAPSHOT) == 0 &&
           (ops->state != NULL || has_stream(ops) || ops->state_size <= sizeof(QhDevice)) &&
           bus_part_can_be_saved(instance);
}

/* What tables cannot say. The bus's part comes first: the device may look at it. */
static void stream_more(QhInstance *instance, QhStream *stream)
{
    QhStateStream more = qh_stream_for_module(stream);
    QhBus *bus = instance->bus;

    if (bus != NULL && QH_HAS(bus->ops, child_stream) && bus->ops->child_stream != NULL) {
        bus->ops->child_stream(bus->parent->state, bus, instance->state, instance->bus_data, &more);
    }
    if (has_stream(instance->ops)) {
        instance->ops->stream(instance->state, &more);
    }
}

void qh_instance_stream(QhInstance *instance, QhStream *stream)
{
    const QhDeviceOps *ops = instance->ops;

    if (!can_be_saved(instance)) {
        qh_stream_fail(stream, "the device keeps state that cannot be saved");
        return;
    }
    qh_stream_fields(stream, ops->state, instance->state);
    qh_stream_fields(stream, bus_part(instance), instance->bus_data);
    stream_more(instance, stream);
    qh_stream_same(stream, ops->n_irq_out, "the number of output lines");
    qh_stream_bytes(stream, instance->out_level, ops->n_irq_out);
    qh_stream_same(stream, ops->n_irq_in, "the number of input lines");
    for (uint32_t i = 0; i < ops->n_irq_in; i++) {
        qh_irq_stream(instance->in[i], stream);
    }
}

void qh_instance_loaded(QhInstance *instance)
{
    const QhDeviceOps *ops = instance->ops;
    QhBus *bus = instance->bus;

    if (bus_part(instance) != NULL && QH_HAS(bus->ops, child_loaded) &&
        bus->ops->child_loaded != NULL) {
        bus->ops->child_loaded(bus->parent->state, bus, instance->state, instance->bus_data);
    }
    if (QH_HAS(ops, state_loaded) && ops->state_loaded != NULL) {
        ops->state_loaded(instance->state);
    }
}

gboolean qh_instance_enter(QhInstance *instance)
{
    if (instance->inside) {
        return FALSE;
    }
    instance->inside = TRUE;
    return TRUE;
}

void qh_instance_leave(QhInstance *instance)
{
    instance->inside = FALSE;
}

gboolean qh_instance_dma_to_io(const QhInstance *instance)
{
    return (instance->ops->flags & QH_DEVICE_DMA_TO_IO) != 0;
}

static void connect_line(QhInstance *instance, uint32_t n, QhIrq *irq)
{
    if (n < instance->ops->n_irq_out) {
        instance->out[n] = irq;
        if (instance->out_level[n] != 0 && !instance->held) {
            qh_irq_set(irq, TRUE);
        }
    }
}

static void set_line(QhDevice *device, uint32_t n, gboolean level)
{
    QhInstance *instance = device->instance;

    if (n < instance->ops->n_irq_out) {
        instance->out_level[n] = level != FALSE;
        if (!instance->held) {
            qh_irq_set(instance->out[n], level);
        }
    }
}

static void window_set_bytes(QhDevice *device, uint32_t window, uint64_t bytes)
{
    QhInstance *instance = device->instance;

    if (instance->in_realize && window < instance->ops->n_windows) {
        instance->window_bytes[window] = bytes;
    }
}

static gboolean window_set_ram(QhDevice *device, uint32_t window, QhRam *ram, uint32_t mode)
{
    QhInstance *instance = device->instance;

    if (!instance->in_realize || window >= instance->ops->n_windows || mode > QH_WINDOW_RAM ||
        ram == NULL || instance->window_bytes[window] > ram->bytes ||
        instance->window_bytes[window] % (1u << QH_PAGE_BITS_MIN) != 0) {
        return FALSE;
    }
    instance->window_ram[window] = (QhWindowRam){ram, mode};
    return TRUE;
}

static void window_set_mode(QhDevice *device, uint32_t window, uint32_t mode)
{
    QhInstance *instance = device->instance;

    if (window >= instance->ops->n_windows || instance->window_ram[window].ram == NULL ||
        instance->window_ram[window].mode == mode || mode > QH_WINDOW_RAM) {
        return;
    }
    instance->window_ram[window].mode = mode;
    for (guint i = 0; i < instance->placed->len; i++) {
        const QhPlaced *at = &g_array_index(instance->placed, QhPlaced, i);

        if (at->window == window) {
            qh_space_set_mode(at->space, at->address, instance, mode);
        }
    }
}

static gboolean is_hot(QhMachine *machine)
{
    return machine->has_run;
}

static uint64_t window_bytes(QhDevice *device, uint32_t window)
{
    const QhInstance *instance = device->instance;

    return window < instance->ops->n_windows ? instance->window_bytes[window] : 0;
}

static void window_unmap(QhDevice *device, uint32_t window)
{
    GArray *placed = device->instance->placed;

    for (guint i = placed->len; i-- > 0;) {
        const QhPlaced *at = &g_array_index(placed, QhPlaced, i);

        if (at->window == window) {
            qh_mem_service.unmap(at->space, at->address, at->bytes, at->priority);
            g_array_remove_index(placed, i);
        }
    }
}

static gboolean
window_map(QhDevice *device, uint32_t window, QhSpace *space, uint64_t address, int32_t priority)
{
    QhInstance *instance = device->instance;

    window_unmap(device, window);
    if (window >= instance->ops->n_windows || instance->window_bytes[window] == 0) {
        return FALSE;
    }
    return place(instance, window, space, address, priority, NULL);
}

static QhDevice *bus_parent(QhBus *bus)
{
    return bus->parent->state;
}

static const void *bus_service(QhBus *bus)
{
    return bus->ops->service;
}

static const char *bus_name(QhBus *bus)
{
    return bus->name;
}

static void
bus_foreach(QhBus *bus, gboolean (*fn)(QhDevice *child, void *data, void *opaque), void *opaque)
{
    for (guint i = 0; i < bus->children->len; i++) {
        QhInstance *child = g_ptr_array_index(bus->children, i);

        if (!fn(child->state, child->bus_data, opaque)) {
            return;
        }
    }
}

static void *child_data(QhDevice *child)
{
    return child->instance->bus_data;
}

static const void *child_class(QhDevice *child)
{
    return child->instance->ops->bus_class;
}

/* A device, then all that sits below it. */
static void reset_below(QhInstance *instance, uint32_t kind)
{
    qh_instance_hold(instance);
    qh_instance_reset(instance, kind);
    for (guint i = 0; i < instance->buses->len; i++) {
        const QhBus *bus = g_ptr_array_index(instance->buses, i);

        for (guint k = 0; k < bus->children->len; k++) {
            reset_below(g_ptr_array_index(bus->children, k), kind);
        }
    }
    qh_instance_release(instance);
}

static void reset(QhDevice *device, uint32_t kind)
{
    reset_below(device->instance, kind);
}

const QhDeviceService qh_device_service = {
    .size = sizeof(QhDeviceService),
    .create = qh_instance_create,
    .set = qh_instance_set,
    .realize = qh_instance_realize,
    .map = qh_instance_map,
    .connect = connect_line,
    .irq_in = qh_instance_irq_in,
    .state = qh_instance_state,
    .set_irq = set_line,
    .cpu_irq = qh_machine_cpu_irq,
    .irq_new = qh_machine_irq_new,
    .irq_set = qh_irq_set,
    .lock = qh_machine_lock,
    .unlock = qh_machine_unlock,
    .window_set_bytes = window_set_bytes,
    .bus_new = qh_bus_new,
    .bus_parent = bus_parent,
    .bus_service = bus_service,
    .bus_name = bus_name,
    .bus_foreach = bus_foreach,
    .child_data = child_data,
    .child_class = child_class,
    .create_on = qh_instance_create_on,
    .unplug_done = qh_instance_unplug_done,
    .unplug_failed = qh_instance_unplug_failed,
    .window_map = window_map,
    .window_unmap = window_unmap,
    .reset = reset,
    .window_bytes = window_bytes,
    .is_hot = is_hot,
    .window_set_ram = window_set_ram,
    .window_set_mode = window_set_mode,
};
