/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine at work: the device lock, starting and stopping, reset, lines.
 *
 * A CPU inside a device access holds the device lock, so nobody may wait for CPUs while holding it.
 */
#include "core/device/bus.h"
#include "core/host/run-state.h"
#include "core/jit/engine.h"
#include "core/machine/machine-priv.h"
#include "core/vcpu/vcpu.h"

#include <pthread.h>

/* Asked on each device access, so it must be cheaper than g_thread_self. */
static gpointer this_thread(void)
{
    return (gpointer)(uintptr_t)pthread_self();
}

void qh_machine_lock(QhMachine *machine)
{
    g_mutex_lock(&machine->device_lock);
    __atomic_store_n(&machine->lock_owner, this_thread(), __ATOMIC_RELAXED);
}

void qh_machine_unlock(QhMachine *machine)
{
    __atomic_store_n(&machine->lock_owner, NULL, __ATOMIC_RELAXED);
    g_mutex_unlock(&machine->device_lock);
}

gboolean qh_machine_locked_by_me(QhMachine *machine)
{
    return __atomic_load_n(&machine->lock_owner, __ATOMIC_RELAXED) == this_thread();
}

QhMachine *qh_machine_enter(QhMachine *machine)
{
    if (machine == NULL || qh_machine_locked_by_me(machine)) {
        return NULL;
    }
    qh_machine_lock(machine);
    return machine;
}

void qh_machine_leave(QhMachine *entered)
{
    if (entered != NULL) {
        qh_machine_unlock(entered);
    }
}

static void start_cpus(QhMachine *machine)
{
    for (guint i = 0; i < machine->vcpus->len; i++) {
        qh_vcpu_start(g_ptr_array_index(machine->vcpus, i));
    }
}

static void stop_cpus(QhMachine *machine)
{
    for (guint i = 0; i < machine->vcpus->len; i++) {
        qh_vcpu_request_stop(g_ptr_array_index(machine->vcpus, i));
    }
    for (guint i = 0; i < machine->vcpus->len; i++) {
        qh_vcpu_wait_stopped(g_ptr_array_index(machine->vcpus, i));
    }
}

void qh_machine_start(QhMachine *machine)
{
    QhMachine *entered = qh_machine_enter(machine);

    machine->running = TRUE;
    machine->has_run = TRUE;
    qh_machine_tell_run_state(machine, TRUE);
    qh_machine_leave(entered);
    start_cpus(machine);
    qh_machine_pack_images(machine, QH_IMAGE_PAUSE_MS);
}

/*
 * A monitor on a character device runs inside that device's callback, that is with the lock; it is
 * lent out while the CPUs come to rest. No device model gets here.
 */
void qh_machine_stop(QhMachine *machine)
{
    gboolean lent = qh_machine_locked_by_me(machine);

    if (!machine->running) {
        return;
    }
    if (lent) {
        qh_machine_unlock(machine);
    }
    stop_cpus(machine);
    qh_machine_lock(machine);
    qh_machine_tell_run_state(machine, FALSE);
    if (!lent) {
        qh_machine_unlock(machine);
    }
    machine->running = FALSE;
}

gboolean qh_machine_pause_cpus(QhMachine *machine)
{
    if (machine->running) {
        stop_cpus(machine);
    }
    return machine->running;
}

void qh_machine_resume_cpus(QhMachine *machine, gboolean ran)
{
    if (ran) {
        start_cpus(machine);
    }
}

static void each_device(QhMachine *machine, void (*fn)(QhInstance *))
{
    for (guint i = 0; i < machine->devices->len; i++) {
        fn(g_ptr_array_index(machine->devices, i));
    }
}

gboolean qh_machine_reset(QhMachine *machine, uint32_t kind, GError **error)
{
    QhMachine *entered = qh_machine_enter(machine);
    gboolean ok;

    machine->has_been_reset = TRUE;
    each_device(machine, qh_instance_hold);
    for (guint i = 0; i < machine->devices->len; i++) {
        qh_instance_reset(g_ptr_array_index(machine->devices, i), kind);
    }
    for (guint i = 0; i < machine->vcpus->len; i++) {
        qh_vcpu_reset(g_ptr_array_index(machine->vcpus, i));
    }
    const QhFirmwareOptions *boot = machine->options->firmware;

    ok = qh_firmware_write_order(machine->firmware, boot != NULL && boot->strict, error) &&
         qh_machine_restore_images(machine, error) &&
         (machine->ops == NULL || machine->ops->reset(machine, machine->board, kind, error));
    each_device(machine, qh_instance_release);
    qh_machine_leave(entered);
    return ok;
}

void qh_machine_power_button(QhMachine *machine)
{
    if (machine->ops != NULL && machine->ops->power_button != NULL) {
        QhMachine *entered = qh_machine_enter(machine);

        machine->ops->power_button(machine, machine->board);
        qh_machine_leave(entered);
    }
}

gboolean qh_machine_nmi(QhMachine *machine, GError **error)
{
    if (machine->ops == NULL || machine->ops->nmi == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                    "machine '%s' has no non-maskable interrupt", machine->type);
        return FALSE;
    }
    QhMachine *entered = qh_machine_enter(machine);
    gboolean ok = machine->ops->nmi(machine, machine->board, error);
    const QhOutside *outside = qh_machine_outside(machine);

    if (outside != NULL) {
        outside->forget(outside->owner);
    }

    qh_machine_leave(entered);
    return ok;
}

void qh_machine_foreach_device(QhMachine *machine, void (*fn)(QhInstance *, void *), void *data)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        fn(g_ptr_array_index(machine->devices, i), data);
    }
}

QhInstance *qh_machine_find_device(QhMachine *machine, const char *id)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        QhInstance *instance = g_ptr_array_index(machine->devices, i);

        if (g_str_equal(qh_instance_id(instance), id)) {
            return instance;
        }
    }
    return NULL;
}

void qh_machine_code_written(QhMachine *machine, uint64_t ram_address, uint64_t bytes)
{
    for (guint i = 0; i < machine->clusters->len; i++) {
        QhCluster *cluster = g_ptr_array_index(machine->clusters, i);

        if (cluster->engine != NULL) {
            qh_engine_invalidate(cluster->engine, ram_address, bytes);
        }
    }
}

static void set_cpu_line(void *opaque, uint32_t n, gboolean level)
{
    qh_vcpu_set_irq(opaque, n, level);
}

QhIrq *qh_machine_cpu_irq(QhMachine *machine, uint32_t cpu_index, uint32_t line)
{
    QhVcpu *vcpu = qh_machine_vcpu(machine, cpu_index);

    if (vcpu == NULL || line >= qh_vcpu_cluster(vcpu)->cpu_ops->n_irq_lines) {
        return NULL;
    }
    gpointer key = GUINT_TO_POINTER(cpu_index << 8 | line);
    QhIrq *irq = g_hash_table_lookup(machine->cpu_lines, key);
    if (irq == NULL) {
        irq = qh_irq_new_shared(set_cpu_line, vcpu, line);
        g_hash_table_insert(machine->cpu_lines, key, irq);
    }
    return irq;
}

QhIrq *qh_machine_irq_new(QhMachine *machine,
                          void (*fn)(void *opaque, uint32_t n, gboolean level),
                          void *opaque,
                          uint32_t n)
{
    QhIrq *irq = qh_irq_new(fn, opaque, n);

    g_ptr_array_add(machine->irqs, irq);
    return irq;
}
