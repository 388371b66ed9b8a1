/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root of everything: one QhHost, no process state beside it. */
#ifndef QH_CORE_HOST_HOST_H
#define QH_CORE_HOST_HOST_H

#include "abi/base.h"

typedef struct QhRegistry QhRegistry;
typedef struct QhRunState QhRunState;
typedef struct QhTimers QhTimers;
typedef struct QhChars QhChars;
typedef struct QhNets QhNets;
typedef struct QhObjects QhObjects;
typedef struct QhQmp QhQmp;
typedef struct QhDumps QhDumps;
typedef struct QhFds QhFds;
typedef struct QhLog QhLog;
typedef struct QhGdb QhGdb;
typedef struct QhPerf QhPerf;
typedef struct QhBlockGraph QhBlockGraph;
typedef struct QhDisplays QhDisplays;
typedef struct QhInputs QhInputs;

/* What is done when the guest says that it has crashed, and when a watchdog runs out. In the order
 * of QMP's PanicAction and WatchdogAction. */
typedef enum {
    QH_PANIC_SHUTDOWN,
    QH_PANIC_PAUSE,
    QH_PANIC_EXIT_FAILURE, /* and the host's exit status is 1 */
    QH_PANIC_NONE,
} QhPanicAction;
typedef enum {
    QH_WATCHDOG_RESET,
    QH_WATCHDOG_SHUTDOWN, /* press the power button */
    QH_WATCHDOG_POWEROFF,
    QH_WATCHDOG_PAUSE,
    QH_WATCHDOG_DEBUG,
    QH_WATCHDOG_NONE,
    QH_WATCHDOG_INJECT_NMI,
} QhWatchdogAction;

/* How this host was started; set before anything else. Only what set-action sets changes, on the
 * main thread. */
typedef struct QhHostConfig {
    char *program;              /* argv[0]'s base name, for messages */
    char *legacy_target;        /* target that argv[0] stands for ("riscv64"), NULL for qemu-host */
    char *name;                 /* -name */
    char *uuid;                 /* -uuid, canonical text; NULL when not given */
    gboolean no_shutdown;       /* -no-shutdown, -action shutdown=pause */
    gboolean no_reboot;         /* -no-reboot, -action reboot=shutdown */
    gboolean preconfig_stopped; /* -S */
    QhPanicAction on_panic;     /* -action panic= */
    QhWatchdogAction on_watchdog;
} QhHostConfig;

/* NULL, with a message on stderr, when the system refuses what it takes. [main] */
QhHost *qh_host_new(void);
void qh_host_free(QhHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QhHost, qh_host_free)

QhHostConfig *qh_host_config(QhHost *host);
QhLog *qh_host_log(QhHost *host);
QhRegistry *qh_host_registry(QhHost *host);  /* core/module/registry.h */
QhRunState *qh_host_run_state(QhHost *host); /* core/host/run-state.h */
QhTimers *qh_host_timers(QhHost *host);      /* core/loop/timers.h */
QhChars *qh_host_chars(QhHost *host);        /* core/char/chars.h */
QhObjects *qh_host_objects(QhHost *host);    /* core/object/object.h */
QhNets *qh_host_nets(QhHost *host);          /* core/net/net.h */
QhDumps *qh_host_dumps(QhHost *host);        /* core/dump/dump.h */
QhFds *qh_host_fds(QhHost *host);            /* core/fd/fds.h */
QhQmp *qh_host_qmp(QhHost *host);            /* core/qmp/qmp.h */
QhBlockGraph *qh_host_blocks(QhHost *host);  /* core/block/block.h */
QhDisplays *qh_host_displays(QhHost *host);  /* core/display/display.h */
QhInputs *qh_host_inputs(QhHost *host);      /* core/input/input.h */

/* The machine, NULL before there is one. qh_machine_new sets it; the host frees it at its end. */
QhMachine *qh_host_machine(QhHost *host);                   /* [any] */
void qh_host_set_machine(QhHost *host, QhMachine *machine); /* [main] */

/* The gdb stub, NULL before there is one; its owner says how it is freed, which happens before
 * anything else is. [main] */
QhGdb *qh_host_gdb(QhHost *host); /* core/gdb/gdb.h */
void qh_host_set_gdb(QhHost *host, QhGdb *gdb, void (*free_fn)(QhGdb *gdb));

/* Where compiled code is told of, NULL for nowhere; set before there is a machine, owned. */
QhPerf *qh_host_perf(QhHost *host);                /* core/jit/perf.h [any] */
void qh_host_set_perf(QhHost *host, QhPerf *perf); /* [main] */

/* Run the main loop until qh_host_quit; returns the exit status. SIGTERM, SIGINT and SIGHUP shut
 * the machine down meanwhile. [main] */
int qh_host_run(QhHost *host);
/* From now on these signals wait for qh_host_run instead of ending the process; it does this as
 * well, if nobody has. [main] */
void qh_host_watch_signals(QhHost *host);
void qh_host_quit(QhHost *host, int status); /* [any] */
int qh_host_status(QhHost *host);            /* what qh_host_quit was told, or 0 [any] */

/* The main loop's context, for sources that run on the main thread. Lives as long as @host. [any]
 */
GMainContext *qh_host_context(QhHost *host);

/* Run @fn(@data) on the main thread, soon, in the order of the calls. What still waits when the
 * host ends is run by qh_host_free, when the machine has gone, so that @data is not lost. [any] */
void qh_host_defer(QhHost *host, void (*fn)(void *data), void *data);
gboolean qh_host_on_main_thread(QhHost *host); /* [any] */

#endif
