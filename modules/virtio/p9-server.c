/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of 9P2000.L (the protocol as Linux's client speaks it): the table of them, session,
 * attributes, locks. Error numbers are Linux's, on the wire and here.
 */
#include "modules/virtio/p9-call.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statfs.h>

#define STATFS_TYPE 0x01021997u /* of 9p itself: what is below is not the guest's business */
#define GETATTR_ALL 0x7ffu      /* all but birth time, generation, version */
#define RLERROR     7u
#define NO_FID      UINT32_MAX
#define VERSION     "9P2000.L"
#define UNLOCKED    2u

/* Tsetattr.valid */
enum { SET_MODE = 1, SET_UID = 2, SET_GID = 4, SET_SIZE = 8, SET_ATIME = 0x10, SET_MTIME = 0x20 };
enum { SET_CTIME = 0x40, SET_ATIME_TO = 0x80, SET_MTIME_TO = 0x100 };

/* --- What all methods use --- */

int p9_call_place(P9Call *call)
{
    if (call->in.bad) {
        return EBADMSG;
    }
    return p9_place_open(call->folder, call->fid->path, &call->place);
}

int p9_call_other(P9Call *call, uint32_t id)
{
    call->other = call->in.bad ? NULL : p9_fid_get(call->session, id);
    return call->in.bad ? EBADMSG : call->other == NULL ? EBADF : 0;
}

int p9_call_child(
    P9Call *call, const P9Fid *fid, const char *name, P9Place *ret_place, char **ret_path)
{
    int error;

    ret_place->dir = -1;
    *ret_path = NULL;
    if (call->in.bad) {
        return EBADMSG;
    }
    if (!p9_name_is_good(call->folder, name)) {
        return g_str_equal(name, ".") || g_str_equal(name, "..") ? EEXIST
               : strlen(name) > P9_NAME_MAX                      ? ENAMETOOLONG
                                                                 : ENOENT;
    }
    if (strlen(fid->path) + strlen(name) + 2 > P9_PATH_MAX) {
        return ENAMETOOLONG;
    }
    error = p9_folder_open(call->folder, fid->path, &ret_place->dir);
    ret_place->name = name;
    *ret_path = p9_path_join(fid->path, name);
    return error;
}

/* type[1] version[4] path[8]. Files of other file systems below the root get numbers of their own,
 * as likely as not to be free. */
void p9_put_qid(const P9Call *call, const struct stat *st)
{
    uint64_t path = st->st_ino;

    if (st->st_dev != call->folder->device) {
        path ^= (uint64_t)st->st_dev * UINT64_C(0x9e3779b97f4a7c15);
    }
    p9_put(call->out, S_ISDIR(st->st_mode) ? 0x80 : S_ISLNK(st->st_mode) ? 2 : 0, 1);
    p9_put(call->out, (uint32_t)st->st_mtime ^ (uint32_t)(st->st_size << 8), 4);
    p9_put(call->out, path, 8);
}

/* --- Session --- */

static int do_version(P9Call *call)
{
    uint32_t msize = p9_read32(&call->in);
    const char *version = p9_read_string(&call->in);
    gboolean known = g_str_equal(version, VERSION);

    if (call->in.bad || msize < P9_MSIZE_MIN) {
        return call->in.bad ? EBADMSG : EMSGSIZE;
    }
    p9_fid_clear(call->session);
    g_mutex_lock(&call->session->lock);
    call->session->msize = MIN(msize, P9_MSIZE_MAX);
    g_mutex_unlock(&call->session->lock);
    p9_put(call->out, MIN(msize, P9_MSIZE_MAX), 4);
    p9_put_string(call->out, known ? VERSION : "unknown");
    return 0;
}

static int do_attach(P9Call *call)
{
    uint32_t id = p9_read32(&call->in), auth = p9_read32(&call->in), uid;
    struct stat st;
    P9Place root = {.dir = call->folder->root, .name = "."};
    int error;

    (void)p9_read_string(&call->in); /* the user's name */
    (void)p9_read_string(&call->in); /* which tree: there is one */
    uid = p9_read32(&call->in);
    if (call->in.bad || auth != NO_FID) {
        return call->in.bad ? EBADMSG : EINVAL;
    }
    error = p9_attr_stat(call->folder, &root, &st);
    if (error == 0) {
        error = p9_fid_add(call->session, id, uid, "");
    }
    if (error == 0) {
        p9_put_qid(call, &st);
    }
    return error;
}

static int do_auth(P9Call *call)
{
    (void)call;
    return EOPNOTSUPP;
}

static int do_clunk(P9Call *call)
{
    P9Fid *fid = p9_fid_take(call->session, p9_read32(&call->in));

    if (fid == NULL) {
        return EBADF;
    }
    int error = p9_fid_finish(call, fid);

    p9_fid_unref(call->session, fid);
    return error;
}

/* --- Attributes --- */

static int do_statfs(P9Call *call)
{
    struct statfs st;
    int error = p9_call_place(call);

    if (error == 0 && fstatfs(call->place.dir, &st) != 0) {
        error = errno;
    }
    if (error != 0) {
        return error;
    }
    p9_put(call->out, STATFS_TYPE, 4);
    p9_put(call->out, (uint32_t)st.f_bsize, 4);
    p9_put(call->out, st.f_blocks, 8);
    p9_put(call->out, st.f_bfree, 8);
    p9_put(call->out, st.f_bavail, 8);
    p9_put(call->out, st.f_files, 8);
    p9_put(call->out, st.f_ffree, 8);
    p9_put(call->out, (uint32_t)st.f_fsid.__val[0] | (uint64_t)(uint32_t)st.f_fsid.__val[1] << 32,
           8);
    p9_put(call->out, (uint32_t)st.f_namelen, 4);
    return 0;
}

/* By descriptor when the file is open: it may have no name any more. */
static int stat_fid(P9Call *call, struct stat *ret)
{
    P9Fid *fid = call->fid;
    gboolean done = FALSE;

    g_mutex_lock(&fid->lock);
    if (fid->kind == P9_FID_FILE) {
        done = fstat(fid->fd, ret) == 0;
    }
    g_mutex_unlock(&fid->lock);
    if (done && !p9_is_mapped(call->folder)) {
        return 0;
    }
    int error = p9_call_place(call);

    if (done && error == 0) {
        p9_attr_apply(call->folder, &call->place, ret);
    }
    return done ? 0 : error != 0 ? error : p9_attr_stat(call->folder, &call->place, ret);
}

static int do_getattr(P9Call *call)
{
    const struct timespec *times[3];
    struct stat st;
    int error;

    (void)p9_read(&call->in, 8); /* what is wanted: all comes */
    error = call->in.bad ? EBADMSG : stat_fid(call, &st);
    if (error != 0) {
        return error;
    }
    p9_put(call->out, GETATTR_ALL, 8);
    p9_put_qid(call, &st);
    p9_put(call->out, st.st_mode, 4);
    p9_put(call->out, st.st_uid, 4);
    p9_put(call->out, st.st_gid, 4);
    p9_put(call->out, st.st_nlink, 8);
    p9_put(call->out, st.st_rdev, 8);
    p9_put(call->out, (uint64_t)st.st_size, 8);
    p9_put(call->out, (uint64_t)st.st_blksize, 8);
    p9_put(call->out, (uint64_t)st.st_blocks, 8);
    times[0] = &st.st_atim;
    times[1] = &st.st_mtim;
    times[2] = &st.st_ctim;
    for (uint32_t i = 0; i < G_N_ELEMENTS(times); i++) {
        p9_put(call->out, (uint64_t)times[i]->tv_sec, 8);
        p9_put(call->out, (uint64_t)times[i]->tv_nsec, 8);
    }
    for (uint32_t i = 0; i < 4; i++) { /* birth time, generation, version */
        p9_put(call->out, 0, 8);
    }
    return 0;
}

static struct timespec read_time(P9Reader *in, uint32_t valid, uint32_t set, uint32_t to)
{
    uint64_t seconds = p9_read(in, 8), ns = p9_read(in, 8);
    struct timespec time = {(time_t)seconds, (long)MIN(ns, 999999999u)};

    if ((valid & set) == 0) {
        time.tv_nsec = UTIME_OMIT;
    } else if ((valid & to) == 0) {
        time.tv_nsec = UTIME_NOW;
    }
    return time;
}

static int set_size(P9Call *call, uint64_t size)
{
    int fd, error = p9_file_open(&call->place, O_WRONLY, &fd);

    if (error == 0) {
        error = ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
        close(fd);
    }
    return error;
}

static int do_setattr(P9Call *call)
{
    P9Attr attr = {0};
    uint32_t valid = p9_read32(&call->in);
    uint64_t size;
    struct timespec times[2];
    int error;

    attr.mode = p9_read32(&call->in);
    attr.uid = p9_read32(&call->in);
    attr.gid = p9_read32(&call->in);
    size = p9_read(&call->in, 8);
    times[0] = read_time(&call->in, valid, SET_ATIME, SET_ATIME_TO);
    times[1] = read_time(&call->in, valid, SET_MTIME, SET_MTIME_TO);
    error = p9_call_place(call);
    attr.mask = ((valid & SET_MODE) != 0 ? P9_ATTR_MODE : 0) |
                ((valid & SET_UID) != 0 ? P9_ATTR_UID : 0) |
                ((valid & SET_GID) != 0 ? P9_ATTR_GID : 0);
    if (error == 0 && (valid & SET_MODE) != 0 && p9_is_mapped(call->folder)) {
        struct stat st;

        error = p9_attr_stat(call->folder, &call->place, &st);
        attr.mode = (attr.mode & 07777) | (error == 0 ? st.st_mode & S_IFMT : 0);
    }
    if (error == 0 && attr.mask != 0) {
        error = p9_attr_set(call->folder, &call->place, &attr);
    }
    if (error == 0 && (valid & SET_SIZE) != 0) {
        error = size <= INT64_MAX ? set_size(call, size) : EFBIG;
    }
    if (error == 0 && (valid & (SET_ATIME | SET_MTIME)) != 0 &&
        utimensat(call->place.dir, call->place.name, times, AT_SYMLINK_NOFOLLOW) != 0) {
        error = errno;
    }
    return error;
}

/* --- Locks: the guest's kernel knows of all in the guest; between guests there are none --- */

static int do_lock(P9Call *call)
{
    (void)p9_read(&call->in, 1);
    (void)p9_read32(&call->in);
    (void)p9_read(&call->in, 8);
    (void)p9_read(&call->in, 8);
    (void)p9_read32(&call->in);
    (void)p9_read_string(&call->in);
    p9_put(call->out, 0, 1);
    return 0;
}

static int do_getlock(P9Call *call)
{
    uint64_t start, length;
    uint32_t process;

    (void)p9_read(&call->in, 1);
    start = p9_read(&call->in, 8);
    length = p9_read(&call->in, 8);
    process = p9_read32(&call->in);
    p9_put(call->out, UNLOCKED, 1);
    p9_put(call->out, start, 8);
    p9_put(call->out, length, 8);
    p9_put(call->out, process, 4);
    p9_put_string(call->out, p9_read_string(&call->in));
    return 0;
}

/* --- The table --- */

#define FID    (1u << 0) /* begins with a fid, which is there */
#define WRITES (1u << 1) /* refused when the folder is read-only */
#define MOVES  (1u << 2) /* paths change */
#define DATA   (1u << 3) /* needs none */

static const struct {
    uint8_t type, flags;
    P9Method run;
} methods[] = {
    {8,         FID,                  do_statfs         },
    {12,        FID,                  p9_do_open        },
    {14,        FID | WRITES | MOVES, p9_do_create      },
    {16,        FID | WRITES,         p9_do_symlink     },
    {18,        FID | WRITES,         p9_do_mknod       },
    {20,        FID | WRITES | MOVES, p9_do_rename      },
    {22,        FID,                  p9_do_read_link   },
    {24,        FID,                  do_getattr        },
    {26,        FID | WRITES,         do_setattr        },
    {30,        FID,                  p9_do_xattr_walk  },
    {32,        FID | WRITES,         p9_do_xattr_create},
    {40,        FID,                  p9_do_read_folder },
    {50,        FID | DATA,           p9_do_fsync       },
    {52,        FID,                  do_lock           },
    {54,        FID,                  do_getlock        },
    {70,        FID | WRITES,         p9_do_link        },
    {72,        FID | WRITES,         p9_do_mkdir       },
    {74,        FID | WRITES | MOVES, p9_do_rename_at   },
    {76,        FID | WRITES,         p9_do_unlink_at   },
    {100,       0,                    do_version        },
    {102,       0,                    do_auth           },
    {104,       0,                    do_attach         },
    {110,       FID,                  p9_do_walk        },
    {P9_TREAD,  FID | DATA,           p9_do_read        },
    {P9_TWRITE, FID | DATA,           p9_do_write       },
    {120,       0,                    do_clunk          },
    {122,       FID,                  p9_do_remove      },
};

/* Data takes its time, so it must not keep paths from changing. */
static int run_locked(P9Call *call, uint32_t flags, P9Method method)
{
    GRWLock *renames = &call->session->renames;
    int error;

    if ((flags & DATA) != 0) {
        return method(call);
    }
    if ((flags & MOVES) != 0) {
        g_rw_lock_writer_lock(renames);
        error = method(call);
        g_rw_lock_writer_unlock(renames);
    } else {
        g_rw_lock_reader_lock(renames);
        error = method(call);
        g_rw_lock_reader_unlock(renames);
    }
    return error;
}

static int run(P9Call *call, uint32_t flags, P9Method method)
{
    uint32_t id = (flags & FID) != 0 ? p9_read32(&call->in) : 0;
    int error;

    if (call->in.bad) {
        return EBADMSG; /* too short for its fid, which reads as 0: there may be one of that number
                         */
    }
    if ((flags & FID) != 0 && (call->fid = p9_fid_get(call->session, id)) == NULL) {
        return EBADF;
    }
    error =
        (flags & WRITES) != 0 && call->folder->read_only ? EROFS : run_locked(call, flags, method);
    p9_fid_unref(call->session, call->fid);
    p9_fid_unref(call->session, call->other);
    return error == 0 && call->in.bad ? EBADMSG : error;
}

void p9_serve(P9Request *request)
{
    uint32_t type = request->in[4];
    P9Call call = {
        .request = request,
        .session = request->session,
        .folder = request->session->folder,
        .in = {.at = request->in + P9_HEADER, .left = request->in_bytes - P9_HEADER},
        .out = request->out,
        .place = {.dir = -1                            },
    };
    int error = EOPNOTSUPP;

    g_byte_array_set_size(call.out, P9_HEADER);
    memset(call.out->data, 0, P9_HEADER);
    request->read = 0;
    for (uint32_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (methods[i].type == type) {
            error = run(&call, methods[i].flags, methods[i].run);
        }
    }
    p9_place_close(&call.place);
    p9_reader_clear(&call.in);
    if (error != 0) {
        g_byte_array_set_size(call.out, P9_HEADER);
        p9_put(call.out, (uint32_t)error, 4);
        request->read = 0;
    }
    virtio_put32(call.out->data, (uint32_t)(call.out->len + request->read));
    call.out->data[4] = (uint8_t)(error != 0 ? RLERROR : type + 1);
    memcpy(call.out->data + 5, request->in + 5, 2);
}
