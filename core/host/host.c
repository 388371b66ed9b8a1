/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/host.h"

#include "core/block/block.h"
#include "core/char/chars.h"
#include "core/display/clients.h"
#include "core/dump/dump.h"
#include "core/fd/fds.h"
#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/input/input.h"
#include "core/jit/perf.h"
#include "core/loop/timers.h"
#include "core/machine/machine.h"
#include "core/module/registry.h"
#include "core/net/net.h"
#include "core/object/object.h"
#include "core/qmp/qmp.h"

#include <glib-unix.h>
#include <signal.h>

/* Turns of the loop after the end, so that the last events and replies reach their clients. */
#define LAST_TURNS 64

typedef struct Deferred {
    void (*fn)(void *data);
    void *data;
} Deferred;

struct QhHost {
    QhHostConfig config;
    GThread *main_thread;
    QhLog *log;
    QhTimers *timers;
    QhRunState *run_state;
    QhRegistry *registry;
    QhChars *chars;
    QhBlockGraph *blocks;
    QhNets *nets;
    QhObjects *objects;
    QhDisplays *displays;
    QhInputs *inputs;
    QhQmp *qmp;
    QhDumps *dumps;
    QhFds *fds;
    QhMachine *machine; /* atomic */
    QhGdb *gdb;
    void (*gdb_free)(QhGdb *gdb);
    QhPerf *perf;

    GMainLoop *loop;
    guint signals[3];  /* sources of those that end it; 0: not watched */
    GMutex lock;       /* of what follows */
    GQueue deferred;   /* Deferred * */
    GSource *deferral; /* ready while deferred is not empty */
    gboolean quit;
    int status;
};

static gboolean run_deferred(gpointer data)
{
    QhHost *host = data;
    GQueue batch = G_QUEUE_INIT;
    Deferred *deferred;

    g_mutex_lock(&host->lock);
    batch = host->deferred;
    g_queue_init(&host->deferred);
    g_source_set_ready_time(host->deferral, -1);
    g_mutex_unlock(&host->lock);
    while ((deferred = g_queue_pop_head(&batch)) != NULL) {
        deferred->fn(deferred->data);
        g_free(deferred);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    (void)source;
    return callback(data);
}

static GSourceFuncs deferral_funcs = {.dispatch = dispatch};

QhHost *qh_host_new(void)
{
    g_autoptr(GError) error = NULL;
    QhHost *host = g_new0(QhHost, 1);

    (void)QH_ERROR; /* the core registers the quark first */
    host->main_thread = g_thread_self();
    g_mutex_init(&host->lock);
    g_queue_init(&host->deferred);
    host->loop = g_main_loop_new(NULL, FALSE);
    host->deferral = g_source_new(&deferral_funcs, sizeof(GSource));
    g_source_set_callback(host->deferral, run_deferred, host, NULL);
    g_source_attach(host->deferral, NULL);
    host->fds = qh_fds_new();
    host->log = qh_log_new(host);
    host->timers = qh_timers_new(host, &error);
    if (host->timers == NULL) {
        qh_log_error(host->log, "%s", error->message);
        qh_host_free(host);
        return NULL;
    }
    host->run_state = qh_run_state_new(host);
    host->registry = qh_registry_new(host);
    host->chars = qh_chars_new(host);
    host->blocks = qh_block_graph_new(host);
    host->nets = qh_nets_new(host);
    host->objects = qh_objects_new(host);
    host->displays = qh_displays_new(host);
    host->inputs = qh_inputs_new(host);
    host->qmp = qh_qmp_new(host);
    host->dumps = qh_dumps_new(host);
    return host;
}

static void unwatch_signals(QhHost *host)
{
    for (guint i = 0; i < G_N_ELEMENTS(host->signals); i++) {
        if (host->signals[i] != 0) {
            g_source_remove(host->signals[i]);
        }
        host->signals[i] = 0;
    }
}

void qh_host_free(QhHost *host)
{
    if (host == NULL) {
        return;
    }
    unwatch_signals(host);
    if (host->gdb != NULL) {
        host->gdb_free(host->gdb);
        host->gdb = NULL;
    }
    if (host->displays != NULL) {
        qh_displays_close(host->displays);
    }
    qh_dumps_close(host->dumps);
    qh_machine_free(host->machine);
    qh_host_set_machine(host, NULL);
    for (guint n = 0; n < LAST_TURNS && host->deferred.length > 0; n++) {
        (void)run_deferred(host);
    }
    g_clear_pointer(&host->blocks, qh_block_graph_free);
    g_clear_pointer(&host->objects, qh_objects_free);
    g_clear_pointer(&host->nets, qh_nets_free); /* some tell clients that they lose their peer */
    g_clear_pointer(&host->dumps, qh_dumps_free);
    g_clear_pointer(&host->qmp, qh_qmp_free);
    g_clear_pointer(&host->inputs, qh_inputs_free);
    g_clear_pointer(&host->displays, qh_displays_free);
    g_clear_pointer(&host->chars, qh_chars_free);
    g_clear_pointer(&host->run_state, qh_run_state_free);
    g_clear_pointer(&host->timers, qh_timers_free);
    g_clear_pointer(&host->registry, qh_registry_free);
    g_clear_pointer(&host->log, qh_log_free);
    g_clear_pointer(&host->perf, qh_perf_free);
    g_clear_pointer(&host->fds, qh_fds_free);
    g_source_destroy(host->deferral);
    g_source_unref(host->deferral);
    g_queue_clear_full(&host->deferred, g_free);
    g_main_loop_unref(host->loop);
    g_mutex_clear(&host->lock);
    g_free(host->config.program);
    g_free(host->config.legacy_target);
    g_free(host->config.name);
    g_free(host->config.uuid);
    g_free(host);
}

QhHostConfig *qh_host_config(QhHost *host)
{
    return &host->config;
}

QhLog *qh_host_log(QhHost *host)
{
    return host->log;
}

QhRegistry *qh_host_registry(QhHost *host)
{
    return host->registry;
}

QhRunState *qh_host_run_state(QhHost *host)
{
    return host->run_state;
}

QhTimers *qh_host_timers(QhHost *host)
{
    return host->timers;
}

QhObjects *qh_host_objects(QhHost *host)
{
    return host->objects;
}

QhNets *qh_host_nets(QhHost *host)
{
    return host->nets;
}

QhChars *qh_host_chars(QhHost *host)
{
    return host->chars;
}

QhDisplays *qh_host_displays(QhHost *host)
{
    return host->displays;
}

QhInputs *qh_host_inputs(QhHost *host)
{
    return host->inputs;
}

QhDumps *qh_host_dumps(QhHost *host)
{
    return host->dumps;
}

QhFds *qh_host_fds(QhHost *host)
{
    return host->fds;
}

QhQmp *qh_host_qmp(QhHost *host)
{
    return host->qmp;
}

QhBlockGraph *qh_host_blocks(QhHost *host)
{
    return host->blocks;
}

QhMachine *qh_host_machine(QhHost *host)
{
    return g_atomic_pointer_get(&host->machine);
}

void qh_host_set_machine(QhHost *host, QhMachine *machine)
{
    g_atomic_pointer_set(&host->machine, machine);
}

QhPerf *qh_host_perf(QhHost *host)
{
    return host->perf;
}

void qh_host_set_perf(QhHost *host, QhPerf *perf)
{
    host->perf = perf;
}

QhGdb *qh_host_gdb(QhHost *host)
{
    return host->gdb;
}

void qh_host_set_gdb(QhHost *host, QhGdb *gdb, void (*free_fn)(QhGdb *gdb))
{
    host->gdb = gdb;
    host->gdb_free = free_fn;
}

static gboolean on_signal(gpointer data)
{
    QhHost *host = data;

    qh_run_state_request_shutdown(host->run_state, QH_CAUSE_HOST_SIGNAL, 0);
    return G_SOURCE_CONTINUE;
}

void qh_host_watch_signals(QhHost *host)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    G_STATIC_ASSERT(G_N_ELEMENTS(signals) == G_N_ELEMENTS(host->signals));
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++) {
        if (host->signals[i] == 0) {
            host->signals[i] = g_unix_signal_add(signals[i], on_signal, host);
        }
    }
}

int qh_host_run(QhHost *host)
{
    qh_host_watch_signals(host);
    g_mutex_lock(&host->lock);
    gboolean quit = host->quit;
    g_mutex_unlock(&host->lock);
    if (!quit) {
        g_main_loop_run(host->loop);
    }
    if (host->machine != NULL) {
        qh_machine_stop(host->machine);
    }
    for (guint n = 0; n < LAST_TURNS && g_main_context_iteration(NULL, FALSE); n++) {
        continue;
    }
    unwatch_signals(host);
    return host->status;
}

static void leave_loop(void *data)
{
    QhHost *host = data;

    g_main_loop_quit(host->loop);
}

/* The first status counts. Leaving is deferred: called before the loop runs it still works. */
void qh_host_quit(QhHost *host, int status)
{
    g_mutex_lock(&host->lock);
    gboolean again = host->quit;
    if (!again) {
        host->quit = TRUE;
        host->status = status;
    }
    g_mutex_unlock(&host->lock);
    if (!again) {
        qh_host_defer(host, leave_loop, host);
    }
}

int qh_host_status(QhHost *host)
{
    g_mutex_lock(&host->lock);
    int status = host->status;
    g_mutex_unlock(&host->lock);
    return status;
}

GMainContext *qh_host_context(QhHost *host)
{
    return g_main_loop_get_context(host->loop);
}

void qh_host_defer(QhHost *host, void (*fn)(void *data), void *data)
{
    Deferred *deferred = g_new(Deferred, 1);

    deferred->fn = fn;
    deferred->data = data;
    g_mutex_lock(&host->lock);
    g_queue_push_tail(&host->deferred, deferred);
    g_source_set_ready_time(host->deferral, 0);
    g_mutex_unlock(&host->lock);
}

gboolean qh_host_on_main_thread(QhHost *host)
{
    return g_thread_self() == host->main_thread;
}
