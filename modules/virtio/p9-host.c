/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way from a path that a guest made to a file of the host. No symbolic link is ever followed
 * here: links are for the guest to resolve. The kernel walks (openat2, RESOLVE_BENEATH) where it
 * can, otherwise each component is opened with O_NOFOLLOW, so that another process that swaps a
 * folder for a link meanwhile gains nothing.
 */
#include "modules/virtio/p9-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

gboolean p9_name_is_good(const P9Folder *folder, const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strlen(name) <= P9_NAME_MAX &&
           !g_str_equal(name, ".") && !g_str_equal(name, "..") &&
           (folder->security != P9_MAPPED_FILE || !g_str_has_prefix(name, P9_METADATA));
}

char *p9_path_join(const char *path, const char *name)
{
    return path[0] == '\0' ? g_strdup(name) : g_strconcat(path, "/", name, NULL);
}

static int walk(int root, const char *path, int *ret_fd)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);

    for (guint i = 0; at >= 0 && names[i] != NULL; i++) {
        int next = openat(at, names[i], FOLDER_FLAGS), why = errno;

        close(at);
        errno = why;
        at = next;
    }
    *ret_fd = at;
    return at >= 0 ? 0 : errno;
}

static int open_beneath(int root, const char *path, int *ret_fd)
{
    struct open_how how = {
        .flags = FOLDER_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };

    if (path[0] == '\0') {
        *ret_fd = fcntl(root, F_DUPFD_CLOEXEC, 0);
        return *ret_fd >= 0 ? 0 : errno;
    }
    *ret_fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    if (*ret_fd >= 0) {
        return 0;
    }
    /* EAGAIN: something was renamed meanwhile */
    return errno == ENOSYS || errno == EPERM || errno == EAGAIN ? walk(root, path, ret_fd) : errno;
}

int p9_folder_open(const P9Folder *folder, const char *path, int *ret_fd)
{
    return open_beneath(folder->root, path, ret_fd);
}

int p9_place_open(const P9Folder *folder, const char *path, P9Place *ret)
{
    const char *slash = strrchr(path, '/');
    g_autofree char *parent = slash != NULL ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");

    ret->name = path[0] == '\0' ? "." : slash != NULL ? slash + 1 : path;
    return open_beneath(folder->root, parent, &ret->dir);
}

void p9_place_close(P9Place *place)
{
    if (place->dir >= 0) {
        close(place->dir);
        place->dir = -1;
    }
}

/* Pipes and devices of the host are not for the guest: its kernel has its own for such files. They
 * are told apart before, because opening one can have effects, and after, in case it was swapped.
 */
int p9_file_open(const P9Place *place, int flags, int *ret_fd)
{
    struct stat st;
    int fd;

    if ((flags & O_CREAT) == 0) {
        if (fstatat(place->dir, place->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            return errno;
        }
        if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
            return S_ISLNK(st.st_mode) ? ELOOP : ENXIO;
        }
    }
    fd = openat(place->dir, place->name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                0600);
    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        close(fd);
        return ENXIO;
    }
    *ret_fd = fd;
    return 0;
}

char *p9_place_path(const P9Place *place)
{
    return g_strdup_printf("/proc/self/fd/%d/%s", place->dir, place->name);
}
