/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/virtio/tests/bench-object.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *bench_folder_new(void)
{
    /* not in /tmp, which may be of a kind that keeps no extended attributes */
    char *path = g_strdup("virtio-test-XXXXXX");

    g_assert_nonnull(g_mkdtemp(path));
    return path;
}

static int delete_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void bench_folder_delete(const char *path)
{
    g_assert_cmpint(nftw(path, delete_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
}

static char *folder;

static void delete_folder(void)
{
    bench_folder_delete(folder);
    g_free(folder);
}

static const QhFsdev *get_fsdev(QhObjectHead *object)
{
    static QhFsdev fsdev = {.size = sizeof(QhFsdev), .root = -1, .file_mode = 0600};

    g_assert_nonnull(object);
    if (folder == NULL) {
        folder = bench_folder_new();
        fsdev.security = QH_FSDEV_MAPPED_FILE;
        fsdev.folder_mode = 0700;
        fsdev.root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        atexit(delete_folder);
    }
    return &fsdev;
}

static const QhFsdevMethods fsdev_methods = {.size = sizeof(QhFsdevMethods), .fsdev = get_fsdev};

static const void *
get_methods(QhObject *object, const char *interface, QhObjectHead **ret_state, GError **error)
{
    (void)error;
    g_assert_cmpstr(interface, ==, QH_FSDEV_INTERFACE);
    *ret_state = (QhObjectHead *)object;
    return &fsdev_methods;
}

const QhObjectService bench_object_service = {
    .size = sizeof(QhObjectService),
    .methods = get_methods,
};

void bench_wait(Bench *bench)
{
    const VirtioDevice *device = (const VirtioDevice *)bench->device;

    for (guint i = 0; i < 100000 && device->in_flight != 0; i++) {
        bench_advance(bench, 0);
        g_usleep(device->in_flight != 0 ? 50 : 0);
    }
}
