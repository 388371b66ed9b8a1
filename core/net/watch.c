/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/net/watch.h"

#include "core/machine/machine.h"
#include "core/net/net-priv.h"

static gboolean fire(QhNetWatch *watch)
{
    GSource *mine = g_main_current_source();
    QhMachine *machine = qh_machine_enter(qh_host_machine(watch->host));

    /* another thread may have stopped it while the lock was waited for */
    if (watch->source == mine) {
        watch->fn(watch->opaque);
    }
    qh_machine_leave(machine);
    return !g_source_is_destroyed(mine);
}

static gboolean on_fd(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
    return fire(data);
}

static gboolean on_time(gpointer data)
{
    QhNetWatch *watch = data;

    fire(watch);
    if (watch->source == g_main_current_source()) {
        qh_net_watch_stop(watch);
    }
    return G_SOURCE_REMOVE;
}

static void
start(QhNetWatch *watch, QhHost *host, GSource *source, void (*fn)(void *opaque), void *opaque)
{
    qh_net_watch_stop(watch);
    watch->host = host;
    watch->fn = fn;
    watch->opaque = opaque;
    watch->source = source;
    g_source_attach(source, qh_host_context(host));
}

void qh_net_watch(QhNetWatch *watch,
                  QhHost *host,
                  int fd,
                  GIOCondition condition,
                  void (*fn)(void *opaque),
                  void *opaque)
{
    GSource *source = g_unix_fd_source_new(fd, condition);

    g_source_set_callback(source, G_SOURCE_FUNC(on_fd), watch, NULL);
    start(watch, host, source, fn, opaque);
}

void qh_net_watch_timeout(
    QhNetWatch *watch, QhHost *host, guint ms, void (*fn)(void *opaque), void *opaque)
{
    GSource *source = g_timeout_source_new(ms);

    g_source_set_callback(source, on_time, watch, NULL);
    start(watch, host, source, fn, opaque);
}

void qh_net_watch_stop(QhNetWatch *watch)
{
    GSource *source = g_steal_pointer(&watch->source);

    if (source != NULL) {
        g_source_destroy(source);
        g_source_unref(source);
    }
}
