/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/memory-fake.h"

#include "core/device/instance.h"

QhMachine *fake_machine_new(void)
{
    QhMachine *machine = g_new0(QhMachine, 1);

    g_mutex_init(&machine->lock);
    machine->memory = qh_memory_new(machine);
    return machine;
}

void fake_machine_free(QhMachine *machine)
{
    qh_memory_free(machine->memory);
    g_mutex_clear(&machine->lock);
    g_free(machine);
}

QhMemory *qh_machine_memory(QhMachine *machine)
{
    return machine->memory;
}

void qh_machine_watch_ram(QhMachine *machine, QhRam *ram)
{
    (void)machine;
    (void)ram;
}

gboolean qh_machine_ram_is_private(QhMachine *machine, const char *name)
{
    (void)machine;
    return g_str_equal(name, "ram");
}

int qh_machine_ram_file(QhMachine *machine, const char *name)
{
    (void)machine;
    (void)name;
    return -1;
}

void qh_machine_lock(QhMachine *machine)
{
    g_assert_false(qh_machine_locked_by_me(machine));
    g_mutex_lock(&machine->lock);
    g_atomic_pointer_set(&machine->owner, g_thread_self());
}

void qh_machine_unlock(QhMachine *machine)
{
    g_assert_true(qh_machine_locked_by_me(machine));
    g_atomic_pointer_set(&machine->owner, NULL);
    g_mutex_unlock(&machine->lock);
}

gboolean qh_machine_locked_by_me(QhMachine *machine)
{
    return g_atomic_pointer_get(&machine->owner) == g_thread_self();
}

void qh_machine_code_written(QhMachine *machine, uint64_t ram_address, uint64_t bytes)
{
    machine->n_code_writes++;
    machine->code_address = ram_address;
    machine->code_bytes = bytes;
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
    g_assert_true(instance->inside);
    instance->inside = FALSE;
}

QhMachine *qh_instance_machine(const QhInstance *instance)
{
    return instance->machine;
}

gboolean qh_instance_dma_to_io(const QhInstance *instance)
{
    return instance->dma_to_io;
}
