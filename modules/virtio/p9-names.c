/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that look into folders and change them. */
#include "modules/virtio/p9-call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define WALK_MAX 16u

/* One step; *@path is replaced. ".." of the root is the root. */
static int step(P9Call *call, char **path, const char *name, struct stat *ret)
{
    P9Place place;
    char *next;
    int error;

    if (g_str_equal(name, "..")) {
        const char *slash = strrchr(*path, '/');

        next = g_strndup(*path, slash != NULL ? (gsize)(slash - *path) : 0);
    } else if (!p9_name_is_good(call->folder, name)) {
        return ENOENT;
    } else if (strlen(*path) + strlen(name) + 2 > P9_PATH_MAX) {
        return ENAMETOOLONG;
    } else {
        next = p9_path_join(*path, name);
    }
    g_free(*path);
    *path = next;
    error = p9_place_open(call->folder, next, &place);
    if (error == 0) {
        error = p9_attr_stat(call->folder, &place, ret);
        p9_place_close(&place);
    }
    return error;
}

/* newfid[4] nwname[2] nwname * name[s]; the fid moves only if all names are found. */
int p9_do_walk(P9Call *call)
{
    uint32_t id = p9_read32(&call->in), n = (uint32_t)p9_read(&call->in, 2), done = 0;
    const char *names[WALK_MAX];
    g_autofree char *path = g_strdup(call->fid->path);
    int error = 0;

    for (uint32_t i = 0; i < MIN(n, WALK_MAX); i++) {
        names[i] = p9_read_string(&call->in);
    }
    if (call->in.bad || n > WALK_MAX) {
        return call->in.bad ? EBADMSG : EINVAL;
    }
    p9_put(call->out, 0, 2);
    for (; done < n; done++) {
        struct stat st;

        error = step(call, &path, names[done], &st);
        if (error != 0) {
            break;
        }
        p9_put_qid(call, &st);
    }
    if (error != 0 && done == 0) {
        return error;
    }
    virtio_put16(call->out->data + P9_HEADER, done);
    if (done < n) {
        return 0;
    }
    P9Fid *same = p9_fid_get(call->session, id);

    if (same == call->fid) { /* it becomes another file: as if it had been let go of */
        p9_fid_unref(call->session, p9_fid_take(call->session, id));
    }
    p9_fid_unref(call->session, same);
    return p9_fid_add(call->session, id, call->fid->uid, path);
}

/* --- New files --- */

/* A client that does not say who it is leaves owners to the host. */
static P9Attr new_attr(const P9Call *call, uint32_t type, uint32_t mode, uint32_t gid)
{
    return (P9Attr){
        .mask = P9_ATTR_MODE | (call->fid->uid != UINT32_MAX ? P9_ATTR_UID : 0) |
                (gid != UINT32_MAX ? P9_ATTR_GID : 0),
        .mode = type | (mode & 07777),
        .uid = call->fid->uid,
        .gid = gid,
    };
}

/* Something was made at @place: give it its owner and mode, and tell of it; or take it away again.
 */
static int finish(P9Call *call, P9Place *place, const P9Attr *attr, int flags)
{
    struct stat st;
    int error = p9_attr_new(call->folder, place, attr);

    if (error == 0) {
        error = p9_attr_stat(call->folder, place, &st);
    }
    if (error == 0) {
        p9_put_qid(call, &st);
    } else {
        (void)unlinkat(place->dir, place->name, flags);
    }
    return error;
}

/* name[s] flags[4] mode[4] gid[4] */
int p9_do_create(P9Call *call)
{
    const char *name = p9_read_string(&call->in);
    uint32_t wire = p9_read32(&call->in), mode = p9_read32(&call->in), gid = p9_read32(&call->in);
    const P9Attr attr = new_attr(call, S_IFREG, mode, gid);
    g_autofree char *path = NULL;
    P9Place place;
    int fd = -1, error;

    if (call->fid->kind != P9_FID_PATH) {
        return EINVAL;
    }
    error = p9_call_child(call, call->fid, name, &place, &path);
    if (error == 0 && !p9_fid_may_open(call->session)) {
        error = EMFILE;
    } else if (error == 0) {
        struct stat st;
        gboolean old = fstatat(place.dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

        error = p9_file_open(&place,
                             p9_open_flags(wire) | (old ? 0 : O_CREAT) |
                                 (wire & (uint32_t)O_EXCL ? O_CREAT | O_EXCL : 0),
                             &fd);
        if (error == 0 && p9_is_mapped(call->folder)) {
            (void)fchmod(fd, call->folder->file_mode);
        }
        if (error == 0) {
            error = finish(call, &place, &attr, 0);
        }
        if (error != 0) {
            p9_fid_closed(call->session);
        }
    }
    p9_place_close(&place);
    if (error != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return error;
    }
    p9_put(call->out, 0, 4);
    g_free(call->fid->path);
    call->fid->path = g_steal_pointer(&path);
    p9_fid_opened(call->fid, fd);
    return 0;
}

/* name[s] mode[4] gid[4] */
int p9_do_mkdir(P9Call *call)
{
    const char *name = p9_read_string(&call->in);
    uint32_t mode = p9_read32(&call->in), gid = p9_read32(&call->in);
    const P9Attr attr = new_attr(call, S_IFDIR, mode, gid);
    g_autofree char *path = NULL;
    P9Place place;
    int error = p9_call_child(call, call->fid, name, &place, &path);

    if (error == 0) {
        mode = p9_is_mapped(call->folder) ? call->folder->folder_mode : 0700;
        error =
            mkdirat(place.dir, name, mode) != 0 ? errno : finish(call, &place, &attr, AT_REMOVEDIR);
    }
    p9_place_close(&place);
    return error;
}

/* A file that stands for something else when the folder is mapped. */
static int make_stand_in(P9Call *call, const P9Place *place, const char *text)
{
    int fd = openat(place->dir, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    call->folder->file_mode);
    ssize_t bytes = (ssize_t)strlen(text), done;

    if (fd < 0) {
        return errno;
    }
    done = bytes > 0 ? write(fd, text, (size_t)bytes) : 0;
    close(fd);
    if (done != bytes) {
        (void)unlinkat(place->dir, place->name, 0);
        return EIO;
    }
    return 0;
}

/* name[s] target[s] gid[4] */
int p9_do_symlink(P9Call *call)
{
    const char *name = p9_read_string(&call->in), *target = p9_read_string(&call->in);
    const P9Attr attr = new_attr(call, S_IFLNK, 0777, p9_read32(&call->in));
    g_autofree char *path = NULL;
    P9Place place;
    int error = p9_call_child(call, call->fid, name, &place, &path);

    if (error == 0 && strlen(target) >= P9_PATH_MAX) {
        error = ENAMETOOLONG;
    } else if (error == 0 && p9_is_mapped(call->folder)) {
        error = make_stand_in(call, &place, target);
    } else if (error == 0) {
        error = symlinkat(target, place.dir, name) == 0 ? 0 : errno;
    }
    if (error == 0) {
        error = finish(call, &place, &attr, 0);
    }
    p9_place_close(&place);
    return error;
}

/* name[s] mode[4] major[4] minor[4] gid[4] */
int p9_do_mknod(P9Call *call)
{
    const char *name = p9_read_string(&call->in);
    uint32_t mode = p9_read32(&call->in), major = p9_read32(&call->in);
    uint32_t minor = p9_read32(&call->in), gid = p9_read32(&call->in);
    P9Attr attr = new_attr(call, mode & S_IFMT, mode, gid);
    g_autofree char *path = NULL;
    P9Place place;
    int error = p9_call_child(call, call->fid, name, &place, &path);

    if (error == 0 && (S_ISDIR(mode) || S_ISLNK(mode))) {
        error = EINVAL;
    } else if (error == 0 && p9_is_mapped(call->folder)) {
        attr.mask |= P9_ATTR_RDEV;
        attr.rdev = makedev(major, minor);
        error = make_stand_in(call, &place, "");
    } else if (error == 0) {
        error = mknodat(place.dir, name, (mode & S_IFMT) | 0600, makedev(major, minor)) == 0
                    ? 0
                    : errno;
    }
    if (error == 0) {
        error = finish(call, &place, &attr, 0);
    }
    p9_place_close(&place);
    return error;
}

/* --- Names --- */

/* dfid fid[4] name[s] */
int p9_do_link(P9Call *call)
{
    uint32_t id = p9_read32(&call->in);
    const char *name = p9_read_string(&call->in);
    g_autofree char *path = NULL;
    P9Place from = {.dir = -1}, to = {.dir = -1};
    int error = p9_call_other(call, id);

    if (error == 0 && call->other->path[0] == '\0') {
        error = EPERM;
    }
    if (error == 0) {
        error = p9_place_open(call->folder, call->other->path, &from);
    }
    if (error == 0) {
        error = p9_call_child(call, call->fid, name, &to, &path);
    }
    if (error == 0) {
        error = linkat(from.dir, from.name, to.dir, name, 0) == 0 ? 0 : errno;
    }
    if (error == 0) {
        p9_attr_moved(call->folder, &from, &to, TRUE);
    }
    p9_place_close(&from);
    p9_place_close(&to);
    return error;
}

static int move(P9Call *call, const char *path, const P9Fid *folder, const char *name)
{
    g_autofree char *to_path = NULL;
    g_autofree char *from_path = g_strdup(path);
    P9Place from = {.dir = -1}, to;
    int error = p9_call_child(call, folder, name, &to, &to_path);

    if (error == 0 && from_path[0] == '\0') {
        error = EBUSY;
    }
    if (error == 0) {
        error = p9_place_open(call->folder, from_path, &from);
    }
    if (error == 0) {
        error = renameat(from.dir, from.name, to.dir, name) == 0 ? 0 : errno;
    }
    if (error == 0 && !g_str_equal(from_path, to_path)) {
        p9_attr_moved(call->folder, &from, &to, FALSE);
        p9_fid_renamed(call->session, from_path, to_path);
    }
    p9_place_close(&from);
    p9_place_close(&to);
    return error;
}

/* fid dfid[4] name[s] */
int p9_do_rename(P9Call *call)
{
    uint32_t id = p9_read32(&call->in);
    const char *name = p9_read_string(&call->in);
    int error = p9_call_other(call, id);

    return error != 0 ? error : move(call, call->fid->path, call->other, name);
}

/* olddirfid oldname[s] newdirfid[4] newname[s] */
int p9_do_rename_at(P9Call *call)
{
    const char *old = p9_read_string(&call->in);
    uint32_t id = p9_read32(&call->in);
    const char *name = p9_read_string(&call->in);
    int error = p9_call_other(call, id);

    if (error == 0 && !p9_name_is_good(call->folder, old)) {
        error = ENOENT;
    }
    if (error != 0) {
        return error;
    }
    g_autofree char *path = p9_path_join(call->fid->path, old);

    return move(call, path, call->other, name);
}

static int unlink_place(const P9Call *call, const P9Place *place, gboolean folder)
{
    if (folder && call->folder->security == P9_MAPPED_FILE) { /* what it keeps of its files */
        int fd = openat(place->dir, place->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd >= 0) {
            (void)unlinkat(fd, P9_METADATA, AT_REMOVEDIR);
            close(fd);
        }
    }
    if (unlinkat(place->dir, place->name, folder ? AT_REMOVEDIR : 0) != 0) {
        return errno;
    }
    p9_attr_removed(call->folder, place);
    return 0;
}

/* dirfid name[s] flags[4] */
int p9_do_unlink_at(P9Call *call)
{
    const char *name = p9_read_string(&call->in);
    uint32_t flags = p9_read32(&call->in);
    g_autofree char *path = NULL;
    P9Place place;
    int error = p9_call_child(call, call->fid, name, &place, &path);

    if (error == 0) {
        error = (flags & ~(uint32_t)AT_REMOVEDIR) != 0 ? EINVAL
                                                       : unlink_place(call, &place, flags != 0);
    }
    p9_place_close(&place);
    return error;
}

/* The fid goes, also when the file stays. */
int p9_do_remove(P9Call *call)
{
    uint32_t id = virtio_get32(call->request->in + P9_HEADER);
    struct stat st;
    int error = p9_call_place(call);

    if (error == 0) {
        error = call->folder->read_only ? EROFS : call->fid->path[0] == '\0' ? EBUSY : 0;
    }
    if (error == 0 && fstatat(call->place.dir, call->place.name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        error = errno;
    }
    if (error == 0) {
        error = unlink_place(call, &call->place, S_ISDIR(st.st_mode));
    }
    p9_fid_unref(call->session, p9_fid_take(call->session, id));
    return error;
}
