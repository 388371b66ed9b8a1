/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/device/instance.h"

#include "core/machine/machine-priv.h"

#include <string.h>

/* Where a window lies, to take it off the map again. */
typedef struct Placed {
    QhSpace *space;
    uint64_t address, bytes;
} Placed;

struct QhInstance {
    QhMachine *machine;
    char *name;
    char *id;
    QhSlotRef slot;
    const QhDeviceOps *ops;
    QhDevice *state;
    uint64_t *window_bytes;
    GArray *placed;     /* Placed */
    QhIrq **out;        /* where each output line leads */
    uint8_t *out_level; /* as the device drives it */
    QhIrq **in;
    gboolean in_realize;
    gboolean realized;
    gboolean tried;  /* realize was called, so unrealize must be */
    gboolean inside; /* DMA guard; under the device lock */
    gboolean held;   /* output lines are not presented */
};

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
    machine->n_devices_made++;
    instance->placed = g_array_new(FALSE, FALSE, sizeof(Placed));
    instance->window_bytes = g_new0(uint64_t, ops->n_windows);
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
    if (!qh_properties_set_defaults(machine->host, ops->properties, instance->state, who, error)) {
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
    g_ptr_array_remove(instance->machine->devices, instance);
    for (guint i = 0; i < instance->placed->len; i++) {
        const Placed *at = &g_array_index(instance->placed, Placed, i);

        qh_mem_service.unmap(at->space, at->address, at->bytes, 0);
    }
    if (instance->tried && instance->ops->unrealize != NULL) {
        instance->ops->unrealize(instance->state);
    }
    for (uint32_t i = 0; i < instance->ops->n_irq_in; i++) {
        qh_irq_free(instance->in[i]);
    }
    qh_properties_clear(instance->ops->properties, instance->state);
    g_array_unref(instance->placed);
    g_free(instance->window_bytes);
    g_free(instance->out);
    g_free(instance->out_level);
    g_free(instance->in);
    g_free(instance->state);
    qh_slot_release(&instance->slot);
    g_free(instance->name);
    g_free(instance->id);
    g_free(instance);
}

gboolean
qh_instance_set(QhInstance *instance, const char *property, const char *value, GError **error)
{
    g_autofree char *who = subject(instance);

    if (instance->realized) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "cannot set property '%s' of %s: the device is in use", property, who);
        return FALSE;
    }
    return qh_property_set(instance->machine->host, instance->ops->properties, instance->state, who,
                           property, value, error);
}

gboolean qh_instance_realize(QhInstance *instance, GError **error)
{
    if (instance->tried) {
        g_set_error(error, QH_ERROR, QH_ERROR_BUSY,
                    "cannot realize device '%s' (%s): it was before", instance->id, instance->name);
        return FALSE;
    }
    instance->tried = TRUE;
    instance->in_realize = TRUE;
    instance->realized = instance->ops->realize(instance->state, error);
    instance->in_realize = FALSE;
    return instance->realized;
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

    const QhWindow *description = window_at(instance, window);
    g_autofree char *name = g_strdup_printf("%s.%s", instance->id, description->name);
    Placed placed = {space, address, instance->window_bytes[window]};
    if (!qh_mem_service.map_io(space, name, address, placed.bytes, description->ops,
                               instance->state, instance, 0, error)) {
        return FALSE;
    }
    g_array_append_val(instance->placed, placed);
    return TRUE;
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

/* A device with state of its own and no table keeps it elsewhere. */
static gboolean can_be_saved(const QhInstance *instance)
{
    const QhDeviceOps *ops = instance->ops;

    return (ops->flags & QH_DEVICE_NO_SNAPSHOT) == 0 &&
           (ops->state != NULL || ops->state_size <= sizeof(QhDevice));
}

void qh_instance_stream(QhInstance *instance, QhStream *stream)
{
    const QhDeviceOps *ops = instance->ops;

    if (!can_be_saved(instance)) {
        qh_stream_fail(stream, "the device keeps state that cannot be saved");
        return;
    }
    qh_stream_fields(stream, ops->state, instance->state);
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
};
