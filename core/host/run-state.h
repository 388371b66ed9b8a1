/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the guest runs, and what became of it. Each change emits its QMP event: STOP, RESUME,
 * SHUTDOWN, RESET, POWERDOWN, WATCHDOG, GUEST_PANICKED.
 */
#ifndef QH_CORE_HOST_RUN_STATE_H
#define QH_CORE_HOST_RUN_STATE_H

#include "core/host/host.h"

/* Spelt in QMP as RunState: the names of query-status. */
typedef enum {
    QH_RUN_PRELAUNCH, /* "prelaunch": -S, or no machine */
    QH_RUN_RUNNING,
    QH_RUN_PAUSED,
    QH_RUN_DEBUG,    /* a debugger's breakpoint, watchpoint or step */
    QH_RUN_SHUTDOWN, /* guest is off, -no-shutdown */
    QH_RUN_INTERNAL_ERROR,
    QH_RUN_IO_ERROR,       /* a disk failed, and its werror or rerror says stop */
    QH_RUN_WATCHDOG,       /* "watchdog": one ran out, and its action is pause */
    QH_RUN_GUEST_PANICKED, /* "guest-panicked" */
} QhRunStateName;

QhRunState *qh_run_state_new(QhHost *host);
void qh_run_state_free(QhRunState *state);

QhRunStateName qh_run_state_get(QhRunState *state);
const char *qh_run_state_text(QhRunStateName name);
gboolean qh_run_state_is_running(QhRunState *state);

/* cont, stop. [main] */
gboolean qh_run_state_cont(QhRunState *state, GError **error);
gboolean qh_run_state_stop(QhRunState *state, GError **error);
/* A disk cannot go on: stop as "io-error"; cont tries again. [main] */
void qh_run_state_stop_for_error(QhRunState *state);
/* The machine cannot go on: "internal-error"; it has to be reset first. [main] */
void qh_run_state_stop_for_internal_error(QhRunState *state);
/* cont for a debugger: what CPUs have stopped for is not forgotten, and without @clock guest time
 * stands still meanwhile. [main] */
gboolean qh_run_state_resume(QhRunState *state, gboolean clock, GError **error);

/* The machine has been put back to a moment before it was shut down: it may run. [main] */
void qh_run_state_forget_end(QhRunState *state);

/* Called on the main thread when the CPUs have stopped running, whatever the reason; may be in the
 * middle of a command, so that it should only take note. One at a time; NULL @fn: none. [main] */
void qh_run_state_set_listener(QhRunState *state, void (*fn)(void *data), void *data);

/* ShutdownCause of QMP */
typedef enum {
    QH_CAUSE_HOST_QMP_QUIT,
    QH_CAUSE_HOST_QMP_SYSTEM_RESET,
    QH_CAUSE_HOST_SIGNAL,
    QH_CAUSE_HOST_UI,
    QH_CAUSE_GUEST_SHUTDOWN,
    QH_CAUSE_GUEST_RESET,
    QH_CAUSE_GUEST_PANIC,
} QhShutdownCause;

/* As QMP spells it: "guest-shutdown". */
const char *qh_shutdown_cause_text(QhShutdownCause cause);

/*
 * Asked for from any thread, done on the main thread with the CPUs stopped. A shutdown ends the
 * host with @exit_status, but with -no-shutdown one that the guest asked for only stops the
 * machine; with -no-reboot a reset is a shutdown. [any]
 */
void qh_run_state_request_shutdown(QhRunState *state, QhShutdownCause cause, int exit_status);
void qh_run_state_request_reset(QhRunState *state, QhShutdownCause cause);
void qh_run_state_request_powerdown(QhRunState *state);
/* A device reports @event, a QH_GUEST_... of abi/machine.h; @info: what the guest says of its
 * crash, QMP's GuestPanicInformation as text, or NULL. What follows is up to QhHostConfig. */
void qh_run_state_request_guest_event(QhRunState *state, uint32_t event, const char *info);
/* A CPU has met what a debugger waits for; qh_vcpu_stop_reason tells. */
void qh_run_state_request_debug(QhRunState *state);

#endif
