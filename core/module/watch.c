/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Noticing that packages come and go, by inotify on the module directories. A directory may come
 * and go, too; then the nearest folder above it tells. After each change all watches are made anew,
 * so that none is left on what has been removed or moved away.
 */
#include "core/module/registry-priv.h"
#include <errno.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

/* A package manager does many things in a row; look when it has paused for so long, or after so
 * long when it does not pause. */
#define SETTLE_MS 200
#define LATEST_US (5 * G_USEC_PER_SEC)

static void open_watch(QhRegistry *registry);

static void close_watch(QhRegistry *registry)
{
    if (registry->watch_source != 0) {
        g_source_remove(registry->watch_source);
    }
    if (registry->inotify >= 0) {
        close(registry->inotify);
    }
    registry->watch_source = 0;
    registry->inotify = -1;
}

static gboolean settled(gpointer data)
{
    QhRegistry *registry = data;

    registry->settle_source = 0;
    registry->unsettled_us = 0;
    close_watch(registry);
    open_watch(registry); /* before the scan: what changes from here on is noticed again */
    qh_registry_scan(registry);
    return G_SOURCE_REMOVE;
}

static gboolean noticed(gint fd, GIOCondition condition, gpointer data)
{
    QhRegistry *registry = data;
    int64_t now = g_get_monotonic_time();
    char buffer[4096];

    (void)condition;
    while (read(fd, buffer, sizeof(buffer)) > 0) {
        /* What happened does not matter: the directories are read anew. */
    }
    if (registry->settle_source != 0 && now - registry->unsettled_us > LATEST_US) {
        return G_SOURCE_CONTINUE;
    }
    registry->unsettled_us = registry->settle_source != 0 ? registry->unsettled_us : now;
    if (registry->settle_source != 0) {
        g_source_remove(registry->settle_source);
    }
    registry->settle_source = g_timeout_add(SETTLE_MS, settled, registry);
    return G_SOURCE_CONTINUE;
}

/* Watch the folder @path, or what there is above it. */
static void watch_folder(int fd, const char *path)
{
    const uint32_t gone = IN_ONLYDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_MASK_ADD;
    const uint32_t all =
        gone | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB;
    g_autofree char *at = g_strdup(path);
    g_autofree char *missing = NULL;

    while (inotify_add_watch(fd, at, missing == NULL ? all : gone | IN_CREATE | IN_MOVED_TO) < 0) {
        if ((errno != ENOENT && errno != ENOTDIR) || g_str_equal(at, "/") || g_str_equal(at, ".")) {
            return;
        }
        g_free(missing);
        missing = at;
        at = g_path_get_dirname(missing);
    }
    /* It may have come before the watch did. */
    if (missing != NULL && g_file_test(missing, G_FILE_TEST_IS_DIR)) {
        watch_folder(fd, path);
    }
}

static void open_watch(QhRegistry *registry)
{
    registry->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (registry->inotify < 0) {
        return; /* none left: then changes are noticed when a module is asked for */
    }
    for (guint i = 0; i < registry->directories->len; i++) {
        const QhModuleDirectory *directory = g_ptr_array_index(registry->directories, i);
        watch_folder(registry->inotify, directory->path);
    }
    registry->watch_source = g_unix_fd_add(registry->inotify, G_IO_IN, noticed, registry);
}

void qh_registry_watch(QhRegistry *registry)
{
    if (registry->inotify >= 0) {
        return;
    }
    open_watch(registry);
    if (registry->outlook != NULL) {
        qh_registry_scan(registry); /* what has changed since the last look */
    }
}

void qh_registry_unwatch(QhRegistry *registry)
{
    close_watch(registry);
    if (registry->settle_source != 0) {
        g_source_remove(registry->settle_source);
    }
    registry->settle_source = 0;
}
