/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners, modes and device numbers. With passthrough the host's files have them; none is the same
 * but for owners that cannot be set. Mapped, the host's files belong to who runs this program, and
 * what the guest sees is kept besides: in extended attributes (little-endian numbers), or as text
 * in a folder .virtfs_metadata. Both forms are those of other emulators, so that folders can be
 * shared. Symbolic links and device files are regular files on the host then.
 */
#include "modules/virtio/p9-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TEXT_MAX 256u

gboolean p9_is_mapped(const P9Folder *folder)
{
    return folder->security >= P9_MAPPED_XATTR;
}

/* The four values, in the order of the mask's bits. */
static const char *const names[] = {"mode", "uid", "gid", "rdev"};

static uint64_t value_of(const P9Attr *attr, uint32_t n)
{
    const uint64_t values[] = {attr->mode, attr->uid, attr->gid, attr->rdev};

    return values[n];
}

static void set_value(P9Attr *attr, uint32_t n, uint64_t value)
{
    uint32_t *const words[] = {&attr->mode, &attr->uid, &attr->gid};

    attr->mask |= 1u << n;
    if (n < G_N_ELEMENTS(words)) {
        *words[n] = (uint32_t)value;
    } else {
        attr->rdev = value;
    }
}

/* --- In extended attributes --- */

static void xattr_get(const char *path, P9Attr *ret)
{
    for (uint32_t n = 0; n < G_N_ELEMENTS(names); n++) {
        g_autofree char *name = g_strconcat(P9_XATTR_OWN, names[n], NULL);
        uint8_t value[8] = {0};
        ssize_t want = n == 3 ? 8 : 4;

        if (lgetxattr(path, name, value, (size_t)want) == want) {
            set_value(ret, n, virtio_get64(value));
        }
    }
}

static int xattr_set(const char *path, const P9Attr *attr)
{
    for (uint32_t n = 0; n < G_N_ELEMENTS(names); n++) {
        g_autofree char *name = g_strconcat(P9_XATTR_OWN, names[n], NULL);
        uint8_t value[8];

        virtio_put64(value, value_of(attr, n));
        if ((attr->mask & 1u << n) != 0 && lsetxattr(path, name, value, n == 3 ? 8 : 4, 0) != 0) {
            return errno;
        }
    }
    return 0;
}

/* --- In files --- */

/* Open the file that keeps what is known of @place. */
static int open_metadata(const P9Place *place, int flags)
{
    int folder, fd;

    if (g_str_equal(place->name, ".")) {
        return openat(place->dir, P9_METADATA "_root", flags | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    if ((flags & O_CREAT) != 0) {
        (void)mkdirat(place->dir, P9_METADATA, 0700);
    }
    folder = openat(place->dir, P9_METADATA, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        return -1;
    }
    fd = openat(folder, place->name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    close(folder);
    return fd;
}

static void file_get(const P9Place *place, P9Attr *ret)
{
    char text[TEXT_MAX + 1];
    int fd = open_metadata(place, O_RDONLY);
    ssize_t bytes = fd >= 0 ? read(fd, text, TEXT_MAX) : -1;

    if (fd >= 0) {
        close(fd);
    }
    text[MAX(bytes, 0)] = '\0';
    for (uint32_t n = 0; n < G_N_ELEMENTS(names); n++) {
        g_autofree char *key = g_strdup_printf("virtfs.%s=", names[n]);
        const char *found = strstr(text, key);

        if (found != NULL) {
            set_value(ret, n, g_ascii_strtoull(found + strlen(key), NULL, 10));
        }
    }
}

static int file_set(const P9Place *place, const P9Attr *attr)
{
    g_autoptr(GString) text = g_string_new(NULL);
    P9Attr all = {0};
    int fd, error;

    file_get(place, &all);
    for (uint32_t n = 0; n < G_N_ELEMENTS(names); n++) {
        if ((attr->mask & 1u << n) != 0) {
            set_value(&all, n, value_of(attr, n));
        }
        if ((all.mask & 1u << n) != 0) {
            g_string_append_printf(text, "virtfs.%s=%" G_GUINT64_FORMAT "\n", names[n],
                                   value_of(&all, n));
        }
    }
    fd = open_metadata(place, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0) {
        return errno;
    }
    error = write(fd, text->str, text->len) == (ssize_t)text->len ? 0 : EIO;
    close(fd);
    return error;
}

/* --- Either --- */

void p9_attr_apply(const P9Folder *folder, const P9Place *place, struct stat *st)
{
    P9Attr attr = {0};

    if (folder->security == P9_MAPPED_XATTR) {
        g_autofree char *path = p9_place_path(place);

        xattr_get(path, &attr);
    } else if (folder->security == P9_MAPPED_FILE) {
        file_get(place, &attr);
    }
    /* a folder is one on the host, whatever is written elsewhere */
    if ((attr.mask & P9_ATTR_MODE) != 0 && S_ISDIR(attr.mode) == S_ISDIR(st->st_mode)) {
        st->st_mode = attr.mode;
    } else if ((attr.mask & P9_ATTR_MODE) != 0) {
        st->st_mode = (st->st_mode & S_IFMT) | (attr.mode & ~(uint32_t)S_IFMT);
    }
    st->st_uid = (attr.mask & P9_ATTR_UID) != 0 ? attr.uid : st->st_uid;
    st->st_gid = (attr.mask & P9_ATTR_GID) != 0 ? attr.gid : st->st_gid;
    st->st_rdev = (attr.mask & P9_ATTR_RDEV) != 0 ? attr.rdev : st->st_rdev;
}

int p9_attr_stat(const P9Folder *folder, const P9Place *place, struct stat *ret)
{
    if (fstatat(place->dir, place->name, ret, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno;
    }
    if (p9_is_mapped(folder)) {
        p9_attr_apply(folder, place, ret);
    }
    return 0;
}

/* There is no call that sets a mode and does not follow a link: by a descriptor that stands for the
 * file itself. */
static int set_mode(const P9Place *place, uint32_t mode)
{
    int fd = openat(place->dir, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC), error;
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

    if (fd < 0) {
        return errno;
    }
    error = chmod(path, mode & 07777) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static int set_on_host(const P9Folder *folder, const P9Place *place, const P9Attr *attr)
{
    uid_t uid = (attr->mask & P9_ATTR_UID) != 0 ? attr->uid : (uid_t)-1;
    gid_t gid = (attr->mask & P9_ATTR_GID) != 0 ? attr->gid : (gid_t)-1;

    if ((attr->mask & (P9_ATTR_UID | P9_ATTR_GID)) != 0 &&
        fchownat(place->dir, place->name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0 &&
        folder->security != P9_NONE) {
        return errno;
    }
    return (attr->mask & P9_ATTR_MODE) != 0 ? set_mode(place, attr->mode) : 0;
}

int p9_attr_set(const P9Folder *folder, const P9Place *place, const P9Attr *attr)
{
    if (folder->security == P9_MAPPED_XATTR) {
        g_autofree char *path = p9_place_path(place);

        return xattr_set(path, attr);
    }
    return folder->security == P9_MAPPED_FILE ? file_set(place, attr)
                                              : set_on_host(folder, place, attr);
}

int p9_attr_new(const P9Folder *folder, const P9Place *place, const P9Attr *attr)
{
    P9Attr host = *attr;

    if (!p9_is_mapped(folder) && S_ISLNK(attr->mode)) {
        host.mask &= ~P9_ATTR_MODE;
    }
    return p9_attr_set(folder, place, &host);
}

/* The folder of the metadata beside @place; -1: there is none to look at. */
static int metadata_folder(const P9Folder *folder, const P9Place *place)
{
    if (folder->security != P9_MAPPED_FILE) {
        return -1;
    }
    return openat(place->dir, P9_METADATA, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void p9_attr_removed(const P9Folder *folder, const P9Place *place)
{
    int at = metadata_folder(folder, place);

    if (at >= 0) {
        (void)unlinkat(at, place->name, 0);
        close(at);
    }
}

void p9_attr_moved(const P9Folder *folder, const P9Place *from, const P9Place *to, gboolean link)
{
    int old = metadata_folder(folder, from), new;

    if (old < 0) {
        return;
    }
    (void)mkdirat(to->dir, P9_METADATA, 0700);
    new = metadata_folder(folder, to);
    if (new >= 0) {
        /* a link is another name of the same file, and of what is known of it */
        if ((link ? linkat(old, from->name, new, to->name, 0)
                  : renameat(old, from->name, new, to->name)) != 0) {
            (void)unlinkat(new, to->name, 0); /* of what was there before */
        }
        close(new);
    }
    close(old);
}
