/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests come from any thread, often from a CPU in the middle of a device write. They are noted
 * and taken up by the main thread, which alone stops CPUs, so no one ever waits for itself. A
 * shutdown beats a reset that is asked for at the same time.
 */
#include "core/host/run-state.h"

#include "abi/machine.h"
#include "core/block/device.h"
#include "core/host/log.h"
#include "core/loop/timers.h"
#include "core/machine/machine.h"
#include "core/machine/outside.h"
#include "core/qmp/qmp.h"
#include "core/vcpu/vcpu.h"

struct QhRunState {
    QhHost *host;
    gint name;                    /* QhRunStateName; atomic, written by the main thread */
    void (*listener)(void *data); /* [main] */
    void *listener_data;

    GMutex lock;       /* of what follows */
    gboolean deferred; /* the main thread will look */
    gboolean shutdown, reset, powerdown, debug;
    QhShutdownCause shutdown_cause, reset_cause;
    int exit_status;
    uint32_t guest_events; /* a bit for each QH_GUEST_... */
    char *guest_info;
};

static const char *const names[] = {
    [QH_RUN_PRELAUNCH] = "prelaunch",
    [QH_RUN_RUNNING] = "running",
    [QH_RUN_PAUSED] = "paused",
    [QH_RUN_DEBUG] = "debug",
    [QH_RUN_SHUTDOWN] = "shutdown",
    [QH_RUN_INTERNAL_ERROR] = "internal-error",
    [QH_RUN_IO_ERROR] = "io-error",
    [QH_RUN_WATCHDOG] = "watchdog",
    [QH_RUN_GUEST_PANICKED] = "guest-panicked",
};

static const char *const causes[] = {
    [QH_CAUSE_HOST_QMP_QUIT] = "host-qmp-quit",
    [QH_CAUSE_HOST_QMP_SYSTEM_RESET] = "host-qmp-system-reset",
    [QH_CAUSE_HOST_SIGNAL] = "host-signal",
    [QH_CAUSE_HOST_UI] = "host-ui",
    [QH_CAUSE_GUEST_SHUTDOWN] = "guest-shutdown",
    [QH_CAUSE_GUEST_RESET] = "guest-reset",
    [QH_CAUSE_GUEST_PANIC] = "guest-panic",
};

QhRunState *qh_run_state_new(QhHost *host)
{
    QhRunState *state = g_new0(QhRunState, 1);

    state->host = host;
    g_mutex_init(&state->lock);
    return state;
}

void qh_run_state_free(QhRunState *state)
{
    if (state != NULL) {
        g_mutex_clear(&state->lock);
        g_free(state->guest_info);
        g_free(state);
    }
}

QhRunStateName qh_run_state_get(QhRunState *state)
{
    return (QhRunStateName)g_atomic_int_get(&state->name);
}

const char *qh_run_state_text(QhRunStateName name)
{
    return names[name];
}

const char *qh_shutdown_cause_text(QhShutdownCause cause)
{
    return causes[cause];
}

gboolean qh_run_state_is_running(QhRunState *state)
{
    return qh_run_state_get(state) == QH_RUN_RUNNING;
}

static void set(QhRunState *state, QhRunStateName name)
{
    g_atomic_int_set(&state->name, (gint)name);
}

static void emit(QhRunState *state, const char *event)
{
    qh_qmp_emit(qh_host_qmp(state->host), event, NULL);
}

static void emit_cause(QhRunState *state, const char *event, QhShutdownCause cause)
{
    g_autoptr(QhJson) data = qh_json_new_object();

    qh_json_set(data, "guest", qh_json_new_bool(cause >= QH_CAUSE_GUEST_SHUTDOWN));
    qh_json_set(data, "reason", qh_json_new_string(causes[cause]));
    qh_qmp_emit(qh_host_qmp(state->host), event, data);
}

/* From running to @name. */
static void halt(QhRunState *state, QhRunStateName name)
{
    qh_machine_stop(qh_host_machine(state->host));
    qh_timers_stop_virtual(qh_host_timers(state->host));
    set(state, name);
    emit(state, "STOP");
    if (state->listener != NULL) {
        state->listener(state->listener_data);
    }
}

void qh_run_state_set_listener(QhRunState *state, void (*fn)(void *data), void *data)
{
    state->listener = fn;
    state->listener_data = data;
}

gboolean qh_run_state_cont(QhRunState *state, GError **error)
{
    QhMachine *machine = qh_host_machine(state->host);

    for (guint i = 0;
         machine != NULL && !qh_run_state_is_running(state) && i < qh_machine_n_vcpus(machine);
         i++) {
        qh_vcpu_clear_stop(qh_machine_vcpu(machine, i));
    }
    return qh_run_state_resume(state, TRUE, error);
}

gboolean qh_run_state_resume(QhRunState *state, gboolean clock, GError **error)
{
    QhMachine *machine = qh_host_machine(state->host);
    QhRunStateName name = qh_run_state_get(state);

    if (name == QH_RUN_RUNNING) {
        return TRUE;
    }
    if (machine == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED,
                            "cannot run the machine: there is none");
        return FALSE;
    }
    if (name == QH_RUN_SHUTDOWN || name == QH_RUN_INTERNAL_ERROR) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot run the machine: in state '%s' it must be reset first", names[name]);
        return FALSE;
    }
    qh_block_devices_forget_errors(qh_host_blocks(state->host));
    set(state, QH_RUN_RUNNING);
    emit(state, "RESUME");
    if (clock) {
        qh_timers_start_virtual(qh_host_timers(state->host));
    }
    qh_machine_start(machine);
    return TRUE;
}

void qh_run_state_forget_end(QhRunState *state)
{
    if (qh_run_state_get(state) == QH_RUN_SHUTDOWN) {
        set(state, QH_RUN_PAUSED);
    }
}

gboolean qh_run_state_stop(QhRunState *state, GError **error)
{
    (void)error;
    if (qh_run_state_is_running(state)) {
        halt(state, QH_RUN_PAUSED);
    }
    return TRUE;
}

void qh_run_state_stop_for_error(QhRunState *state)
{
    if (qh_run_state_is_running(state)) {
        halt(state, QH_RUN_IO_ERROR);
    }
}

void qh_run_state_stop_for_internal_error(QhRunState *state)
{
    if (qh_run_state_is_running(state)) {
        halt(state, QH_RUN_INTERNAL_ERROR);
    } else {
        set(state, QH_RUN_INTERNAL_ERROR);
    }
}

static void do_shutdown(QhRunState *state, QhShutdownCause cause, int status)
{
    const QhHostConfig *config = qh_host_config(state->host);

    emit_cause(state, "SHUTDOWN", cause);
    if (config->no_shutdown && cause >= QH_CAUSE_GUEST_SHUTDOWN) {
        if (qh_run_state_is_running(state)) {
            halt(state, QH_RUN_SHUTDOWN);
        } else {
            set(state, QH_RUN_SHUTDOWN);
        }
        return;
    }
    if (qh_host_machine(state->host) != NULL) {
        qh_machine_stop(qh_host_machine(state->host));
    }
    qh_host_quit(state->host, status);
}

static void do_reset(QhRunState *state, QhShutdownCause cause)
{
    g_autoptr(GError) error = NULL;
    QhMachine *machine = qh_host_machine(state->host);
    gboolean was_running = qh_run_state_is_running(state);

    if (machine == NULL) {
        return;
    }
    qh_machine_stop(machine);
    gboolean ok = qh_machine_reset(machine, QH_RESET_WARM, &error);
    const QhOutside *outside = qh_machine_outside(machine);
    if (outside != NULL) {
        outside->forget(outside->owner);
    }
    emit_cause(state, "RESET", cause);
    if (!ok) {
        qh_log_error(qh_host_log(state->host), "cannot reset the machine: %s", error->message);
        qh_run_state_stop_for_internal_error(state);
    } else if (was_running) {
        qh_machine_start(machine);
    } else {
        set(state, QH_RUN_PRELAUNCH);
    }
}

static void press_button(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    (void)kind;
    (void)data;
    (void)bytes;
    qh_machine_power_button(opaque);
}

static void do_powerdown(QhRunState *state)
{
    QhMachine *machine = qh_host_machine(state->host);
    const QhOutside *outside = machine != NULL ? qh_machine_outside(machine) : NULL;

    emit(state, "POWERDOWN");
    if (outside != NULL && !outside->replaying(outside->owner)) {
        outside->feed(outside->owner, press_button, machine, 0, NULL, 0);
    } else if (outside == NULL && machine != NULL) {
        qh_machine_power_button(machine);
    }
}

static void emit_action(QhRunState *state, const char *event, const char *action, const char *info)
{
    g_autoptr(QhJson) data = qh_json_new_object();
    QhJson *details = info != NULL ? qh_json_parse(info, -1, NULL, NULL) : NULL;

    qh_json_set(data, "action", qh_json_new_string(action));
    if (details != NULL) {
        qh_json_set(data, "info", details);
    }
    qh_qmp_emit(qh_host_qmp(state->host), event, data);
}

static void do_panic(QhRunState *state, const char *info)
{
    const QhHostConfig *config = qh_host_config(state->host);
    gboolean pauses = config->on_panic == QH_PANIC_PAUSE ||
                      (config->on_panic == QH_PANIC_SHUTDOWN && config->no_shutdown);

    if (config->on_panic == QH_PANIC_NONE) {
        emit_action(state, "GUEST_PANICKED", "run", info);
        return;
    }
    emit_action(state, "GUEST_PANICKED", pauses ? "pause" : "poweroff", info);
    if (qh_run_state_is_running(state)) {
        halt(state, QH_RUN_GUEST_PANICKED);
    }
    if (!pauses) {
        do_shutdown(state, QH_CAUSE_GUEST_PANIC, config->on_panic == QH_PANIC_EXIT_FAILURE);
    }
}

static void watchdog_nmi(QhRunState *state)
{
    g_autoptr(GError) error = NULL;
    QhMachine *machine = qh_host_machine(state->host);

    if (machine != NULL && !qh_machine_nmi(machine, &error)) {
        qh_log_warn(qh_host_log(state->host), "the watchdog's action inject-nmi: %s",
                    error->message);
    }
}

static void do_watchdog(QhRunState *state)
{
    static const char *const actions[] = {
        [QH_WATCHDOG_RESET] = "reset",           [QH_WATCHDOG_SHUTDOWN] = "shutdown",
        [QH_WATCHDOG_POWEROFF] = "poweroff",     [QH_WATCHDOG_PAUSE] = "pause",
        [QH_WATCHDOG_DEBUG] = "debug",           [QH_WATCHDOG_NONE] = "none",
        [QH_WATCHDOG_INJECT_NMI] = "inject-nmi",
    };
    const QhHostConfig *config = qh_host_config(state->host);

    emit_action(state, "WATCHDOG", actions[config->on_watchdog], NULL);
    switch (config->on_watchdog) {
    case QH_WATCHDOG_RESET:
        if (config->no_reboot) {
            do_shutdown(state, QH_CAUSE_GUEST_RESET, 0);
        } else {
            do_reset(state, QH_CAUSE_GUEST_RESET);
        }
        break;
    case QH_WATCHDOG_SHUTDOWN:
        do_powerdown(state);
        break;
    case QH_WATCHDOG_POWEROFF:
        do_shutdown(state, QH_CAUSE_GUEST_SHUTDOWN, 0);
        break;
    case QH_WATCHDOG_PAUSE:
        if (qh_run_state_is_running(state)) {
            halt(state, QH_RUN_WATCHDOG);
        }
        break;
    case QH_WATCHDOG_DEBUG:
        qh_log_warn(qh_host_log(state->host), "the watchdog has run out");
        break;
    case QH_WATCHDOG_INJECT_NMI:
        watchdog_nmi(state);
        break;
    case QH_WATCHDOG_NONE:
        break;
    }
}

static void do_guest_events(QhRunState *state, uint32_t events, const char *info)
{
    if ((events & 1u << QH_GUEST_CRASHLOADED) != 0) {
        emit_action(state, "GUEST_CRASHLOADED", "run", info);
    }
    if ((events & 1u << QH_GUEST_PANICKED) != 0) {
        do_panic(state, info);
    }
    if ((events & 1u << QH_GUEST_PVSHUTDOWN) != 0) {
        emit(state, "GUEST_PVSHUTDOWN");
        do_shutdown(state, QH_CAUSE_GUEST_SHUTDOWN, 0);
    }
    if ((events & 1u << QH_GUEST_WATCHDOG) != 0) {
        do_watchdog(state);
    }
}

/* Whether a CPU still stands for a debugger, which may have gone meanwhile. */
static gboolean stands_for_debugger(QhRunState *state)
{
    QhMachine *machine = qh_host_machine(state->host);

    for (guint i = 0; machine != NULL && i < qh_machine_n_vcpus(machine); i++) {
        if (qh_vcpu_stop_reason(qh_machine_vcpu(machine, i)).kind != QH_STOP_NONE) {
            return TRUE;
        }
    }
    return FALSE;
}

static void take_up(void *data)
{
    QhRunState *state = data;

    g_mutex_lock(&state->lock);
    gboolean shutdown = state->shutdown, reset = state->reset, powerdown = state->powerdown;
    gboolean debug = state->debug;
    uint32_t guest_events = state->guest_events;
    g_autofree char *guest_info = g_steal_pointer(&state->guest_info);
    QhShutdownCause shutdown_cause = state->shutdown_cause, reset_cause = state->reset_cause;
    int status = state->exit_status;
    state->shutdown = state->reset = state->powerdown = state->debug = state->deferred = FALSE;
    state->guest_events = 0;
    g_mutex_unlock(&state->lock);

    if (!shutdown && reset && qh_host_config(state->host)->no_reboot) {
        shutdown = TRUE;
        shutdown_cause = reset_cause;
        status = 0;
    }
    if (guest_events != 0) {
        do_guest_events(state, guest_events, guest_info);
    }
    if (shutdown) {
        do_shutdown(state, shutdown_cause, status);
    } else if (reset) {
        do_reset(state, reset_cause);
    } else if (debug && qh_run_state_is_running(state) && stands_for_debugger(state)) {
        halt(state, QH_RUN_DEBUG);
    }
    if (powerdown && !shutdown) {
        do_powerdown(state);
    }
}

/* With the lock; gives it back. A CPU that asks goes no further than it must. */
static void notify(QhRunState *state, gboolean stops)
{
    gboolean first = !state->deferred;
    QhVcpu *vcpu = stops ? qh_vcpu_current() : NULL;

    state->deferred = TRUE;
    g_mutex_unlock(&state->lock);
    if (vcpu != NULL) {
        qh_vcpu_request_stop(vcpu);
    }
    if (first) {
        qh_host_defer(state->host, take_up, state);
    }
}

/* Of several causes the first is told, but a host that is to end does. */
void qh_run_state_request_shutdown(QhRunState *state, QhShutdownCause cause, int exit_status)
{
    g_mutex_lock(&state->lock);
    if (!state->shutdown ||
        (state->shutdown_cause >= QH_CAUSE_GUEST_SHUTDOWN && cause < QH_CAUSE_GUEST_SHUTDOWN)) {
        state->shutdown = TRUE;
        state->shutdown_cause = cause;
        state->exit_status = exit_status;
    }
    notify(state, TRUE);
}

void qh_run_state_request_reset(QhRunState *state, QhShutdownCause cause)
{
    g_mutex_lock(&state->lock);
    if (!state->reset) {
        state->reset = TRUE;
        state->reset_cause = cause;
    }
    notify(state, TRUE);
}

void qh_run_state_request_powerdown(QhRunState *state)
{
    g_mutex_lock(&state->lock);
    state->powerdown = TRUE;
    notify(state, FALSE);
}

void qh_run_state_request_guest_event(QhRunState *state, uint32_t event, const char *info)
{
    g_mutex_lock(&state->lock);
    state->guest_events |= 1u << event;
    if (info != NULL) {
        g_free(state->guest_info);
        state->guest_info = g_strdup(info);
    }
    notify(state, event != QH_GUEST_CRASHLOADED);
}

void qh_run_state_request_debug(QhRunState *state)
{
    g_mutex_lock(&state->lock);
    state->debug = TRUE;
    notify(state, TRUE);
}
