/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -device, and the table of service qh.machine. */
#include "core/device/bus.h"
#include "core/host/run-state.h"
#include "core/machine/machine-priv.h"
#include "core/os/random.h"
#include "core/vcpu/vcpu.h"

gboolean qh_machine_add_devices(QhMachine *machine, GError **error)
{
    const GPtrArray *devices = machine->options->devices;

    for (guint i = 0; i < devices->len; i++) {
        if (!qh_machine_add_device(machine, g_ptr_array_index(devices, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static const QhMachineConfig *config(QhMachine *machine)
{
    return &machine->config;
}

static QhCpu *cpu(QhMachine *machine, uint32_t index)
{
    QhVcpu *vcpu = qh_machine_vcpu(machine, index);

    return vcpu != NULL ? qh_vcpu_state(vcpu) : NULL;
}

static const char *serial(QhMachine *machine, uint32_t n)
{
    const GPtrArray *serials = machine->options->serials;

    return n < serials->len ? g_ptr_array_index(serials, n) : NULL;
}

/* A module may send a number that this host has no name for. */
static QhShutdownCause known_cause(uint32_t cause)
{
    switch (cause) {
    case QH_SHUTDOWN_GUEST_RESET:
        return QH_CAUSE_GUEST_RESET;
    case QH_SHUTDOWN_GUEST_PANIC:
        return QH_CAUSE_GUEST_PANIC;
    default:
        return QH_CAUSE_GUEST_SHUTDOWN;
    }
}

/* What a guest asks for in its past has been done. */
static void request_shutdown(QhMachine *machine, uint32_t cause, int32_t code)
{
    if (qh_machine_replays(machine)) {
        return;
    }
    qh_run_state_request_shutdown(qh_host_run_state(machine->host), known_cause(cause), code);
    for (guint i = 0; machine->turns != NULL && i < machine->vcpus->len; i++) {
        qh_vcpu_request_stop(g_ptr_array_index(machine->vcpus, i)); /* here, on every run */
    }
}

/* Deterministic mode has a seed, whether the user named one or not. */
static void random_bytes(QhHost *host, void *ret_buffer, uint64_t bytes)
{
    QhMachine *machine = qh_host_machine(host);

    if (machine != NULL && machine->has_random) {
        uint8_t *at = ret_buffer;
        g_mutex_lock(&machine->random_lock);
        for (uint64_t i = 0; i < bytes; i++) {
            at[i] = (uint8_t)(qh_machine_random(machine) >> 56);
        }
        g_mutex_unlock(&machine->random_lock);
        return;
    }
    qh_os_random(ret_buffer, bytes);
}

static void request_reset(QhMachine *machine, uint32_t cause)
{
    if (qh_machine_replays(machine)) {
        return;
    }
    qh_run_state_request_reset(qh_host_run_state(machine->host), known_cause(cause));
}

static void guest_event(QhMachine *machine, uint32_t event, const char *info)
{
    if (event > QH_GUEST_PVSHUTDOWN || qh_machine_replays(machine)) {
        return;
    }
    qh_run_state_request_guest_event(qh_host_run_state(machine->host), event, info);
}

const QhMachineService qh_machine_service = {
    .size = sizeof(QhMachineService),
    .config = config,
    .cpus_create = qh_cluster_new,
    .cpu = cpu,
    .serial = serial,
    .find_firmware = qh_machine_find_firmware,
    .add_image = qh_machine_add_image,
    .request_shutdown = request_shutdown,
    .request_reset = request_reset,
    .host = qh_machine_host,
    .random = random_bytes,
    .guest_event = guest_event,
};
