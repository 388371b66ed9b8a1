/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that stop, start and reset the machine. */
#include "core/host/run-state.h"
#include "core/machine/machine.h"
#include "core/qmp/qapi.h"
#include "qapi/qapi-commands-run-state.h"
#include "qapi/qapi-tables.h"

gboolean qh_qmp_query_status(QhHost *host, QhQmpStatusInfo *ret, GError **error)
{
    QhRunState *state = qh_host_run_state(host);

    (void)error;
    ret->running = qh_run_state_is_running(state);
    /* The words of QhRunStateName are values of the schema's enum. */
    qh_qapi_enum_find(&qh_qapi_RunState, qh_run_state_text(qh_run_state_get(state)), &ret->status);
    return TRUE;
}

gboolean qh_qmp_stop(QhHost *host, GError **error)
{
    return qh_run_state_stop(qh_host_run_state(host), error);
}

gboolean qh_qmp_cont(QhHost *host, GError **error)
{
    return qh_run_state_cont(qh_host_run_state(host), error);
}

gboolean qh_qmp_system_reset(QhHost *host, GError **error)
{
    (void)error;
    qh_run_state_request_reset(qh_host_run_state(host), QH_CAUSE_HOST_QMP_SYSTEM_RESET);
    return TRUE;
}

gboolean qh_qmp_system_powerdown(QhHost *host, GError **error)
{
    (void)error;
    qh_run_state_request_powerdown(qh_host_run_state(host));
    return TRUE;
}

/* No device of this program puts a machine to sleep so that a monitor could wake it. */
gboolean qh_qmp_system_wakeup(QhHost *host, GError **error)
{
    (void)host;
    g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                        "wake-up from suspend is not supported by this machine");
    return FALSE;
}

gboolean qh_qmp_inject_nmi(QhHost *host, GError **error)
{
    QhMachine *machine = qh_host_machine(host);

    if (machine == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_UNSUPPORTED, "machine does not provide NMIs");
        return FALSE;
    }
    return qh_machine_nmi(machine, error);
}

gboolean
qh_qmp_watchdog_set_action(QhHost *host, const QhQmpWatchdogSetActionArgs *args, GError **error)
{
    (void)error;
    qh_host_config(host)->on_watchdog = (QhWatchdogAction)args->action;
    return TRUE;
}

/* The schema's enums have the order of those in core/host/host.h. */
gboolean qh_qmp_set_action(QhHost *host, const QhQmpSetActionArgs *args, GError **error)
{
    QhHostConfig *config = qh_host_config(host);

    (void)error;
    config->no_reboot = args->has_reboot ? args->reboot != 0 : config->no_reboot;
    config->no_shutdown = args->has_shutdown ? args->shutdown != 0 : config->no_shutdown;
    config->on_panic = args->has_panic ? (QhPanicAction)args->panic : config->on_panic;
    config->on_watchdog =
        args->has_watchdog ? (QhWatchdogAction)args->watchdog : config->on_watchdog;
    return TRUE;
}
