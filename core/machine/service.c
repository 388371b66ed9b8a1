/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -device, and the table of service qh.machine. */
#include "core/device/instance.h"
#include "core/host/run-state.h"
#include "core/machine/machine-priv.h"
#include "core/os/random.h"
#include "core/vcpu/vcpu.h"

/* A property's value as -device has it: text, or what JSON makes of it. NULL: not a plain value. */
static char *value_text(const QhJson *value)
{
    switch (qh_json_type(value)) {
    case QH_JSON_STRING:
        return g_strdup(qh_json_string(value));
    case QH_JSON_BOOL:
        return g_strdup(qh_json_bool(value) ? "on" : "off");
    case QH_JSON_INT:
    case QH_JSON_UINT:
        return qh_json_to_text(value);
    default:
        return NULL;
    }
}

static gboolean
set_device_property(QhInstance *device, const char *key, const QhJson *value, GError **error)
{
    g_autofree char *text = NULL;

    if (g_str_equal(key, "driver") || g_str_equal(key, "id")) {
        return TRUE;
    }
    text = value_text(value);
    if (text == NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot set property '%s' of device '%s': it is neither text nor a number", key,
                    qh_instance_id(device));
        return FALSE;
    }
    return qh_instance_set(device, key, text, error);
}

static const char *string_member(const QhJson *object, const char *key)
{
    const QhJson *value = qh_json_get(object, key);

    return value != NULL ? qh_json_string(value) : NULL;
}

static gboolean check_creatable(const QhInstance *device, GError **error)
{
    const QhDeviceOps *ops = qh_instance_ops(device);

    if ((ops->flags & QH_DEVICE_NOT_CREATABLE) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot add device '%s': only a machine can make one",
                    qh_instance_class(device));
        return FALSE;
    }
    if (ops->bus != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "cannot add device '%s': the machine has no bus '%s'",
                    qh_instance_class(device), ops->bus);
        return FALSE;
    }
    return TRUE;
}

static gboolean add_device(QhMachine *machine, const QhJson *options, GError **error)
{
    const char *driver = string_member(options, "driver");

    if (driver == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_USAGE,
                            "-device needs the name of a device (driver=)");
        return FALSE;
    }
    QhInstance *device = qh_instance_create(machine, driver, string_member(options, "id"), error);
    if (device == NULL) {
        return FALSE;
    }
    gboolean ok = check_creatable(device, error);
    for (size_t i = 0; ok && i < qh_json_length(options); i++) {
        ok = set_device_property(device, qh_json_key(options, i), qh_json_value(options, i), error);
    }
    ok = ok && qh_instance_realize(device, error);
    if (!ok) {
        qh_instance_free(device);
    }
    return ok;
}

gboolean qh_machine_add_devices(QhMachine *machine, GError **error)
{
    const GPtrArray *devices = machine->options->devices;

    for (guint i = 0; i < devices->len; i++) {
        if (!add_device(machine, g_ptr_array_index(devices, i), error)) {
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

static void request_shutdown(QhMachine *machine, uint32_t cause, int32_t code)
{
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
    qh_run_state_request_reset(qh_host_run_state(machine->host), known_cause(cause));
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
};
