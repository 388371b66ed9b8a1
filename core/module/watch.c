/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Noticing that packages come and go, by inotify on the module directories. */
#include "core/module/registry-priv.h"
#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

/* A package manager does many things in a row; look when it has paused for so long. */
#define SETTLE_MS 200

static gboolean settled(gpointer data)
{
    QhRegistry *registry = data;

    registry->settle_source = 0;
    qh_registry_scan(registry);
    return G_SOURCE_REMOVE;
}

static gboolean noticed(gint fd, GIOCondition condition, gpointer data)
{
    QhRegistry *registry = data;
    char buffer[4096];

    (void)condition;
    while (read(fd, buffer, sizeof(buffer)) > 0) {
        /* What happened does not matter: the directories are read anew. */
    }
    if (registry->settle_source != 0) {
        g_source_remove(registry->settle_source);
    }
    registry->settle_source = g_timeout_add(SETTLE_MS, settled, registry);
    return G_SOURCE_CONTINUE;
}

void qh_registry_watch(QhRegistry *registry)
{
    if (registry->inotify >= 0) {
        return;
    }
    registry->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (registry->inotify < 0) {
        return; /* none left: then changes are noticed when a module is asked for */
    }
    for (guint i = 0; i < registry->directories->len; i++) {
        QhModuleDirectory *directory = g_ptr_array_index(registry->directories, i);
        directory->watch = inotify_add_watch(registry->inotify, directory->path,
                                             IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                                 IN_CLOSE_WRITE | IN_ATTRIB);
    }
    registry->watch_source = g_unix_fd_add(registry->inotify, G_IO_IN, noticed, registry);
}

void qh_registry_unwatch(QhRegistry *registry)
{
    if (registry->watch_source != 0) {
        g_source_remove(registry->watch_source);
    }
    if (registry->settle_source != 0) {
        g_source_remove(registry->settle_source);
    }
    if (registry->inotify >= 0) {
        close(registry->inotify);
    }
    registry->watch_source = 0;
    registry->settle_source = 0;
    registry->inotify = -1;
}
