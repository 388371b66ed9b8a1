/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about what is in files and folders. Data goes between files and guest memory directly.
 */
#include "modules/virtio/p9-call.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LISTED_BYTES                                                                               \
    24u /* of an entry of a folder: qid[13] offset[8] type[1] and a name's length */

/* Numbers of Linux's generic ABI, which the wire has whatever the host is. */
enum { W_ACCESS = 3, W_TRUNC = 01000, W_APPEND = 02000, W_DSYNC = 010000, W_SYNC = 04010000 };

int p9_open_flags(uint32_t flags)
{
    static const int access[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};

    return access[flags & W_ACCESS] | ((flags & W_TRUNC) != 0 ? O_TRUNC : 0) |
           ((flags & W_APPEND) != 0 ? O_APPEND : 0) |
           ((flags & W_SYNC) == W_SYNC ? O_SYNC
            : (flags & W_DSYNC) != 0   ? O_DSYNC
                                       : 0);
}

void p9_fid_opened(P9Fid *fid, int fd)
{
    g_mutex_lock(&fid->lock);
    fid->kind = P9_FID_FILE;
    fid->fd = fd;
    g_mutex_unlock(&fid->lock);
}

/* --- Opening --- */

static int open_fid(P9Call *call, uint32_t flags, struct stat *st)
{
    P9Fid *fid = call->fid;
    gboolean folder = S_ISDIR(st->st_mode);
    int fd, error;

    if (fid->kind != P9_FID_PATH) {
        return EINVAL;
    }
    if (!folder && call->folder->read_only && (flags & (W_ACCESS | W_TRUNC)) != 0) {
        return EROFS;
    }
    if (!p9_fid_may_open(call->session)) {
        return EMFILE;
    }
    error = p9_file_open(&call->place, folder ? O_RDONLY | O_DIRECTORY : p9_open_flags(flags), &fd);
    if (error == 0 && folder && (fid->dir = fdopendir(fd)) == NULL) {
        error = errno;
        close(fd);
    }
    if (error != 0) {
        p9_fid_closed(call->session);
        return error;
    }
    fid->kind = folder ? P9_FID_FOLDER : P9_FID_FILE;
    fid->fd = folder ? -1 : fd;
    return 0;
}

/* flags[4] */
int p9_do_open(P9Call *call)
{
    uint32_t flags = p9_read32(&call->in);
    struct stat st;
    int error = p9_call_place(call);

    if (error == 0) {
        error = p9_attr_stat(call->folder, &call->place, &st);
    }
    if (error == 0) {
        g_mutex_lock(&call->fid->lock);
        error = open_fid(call, flags, &st);
        g_mutex_unlock(&call->fid->lock);
    }
    if (error == 0) {
        p9_put_qid(call, &st);
        p9_put(call->out, 0, 4);
    }
    return error;
}

/* --- Data --- */

/* The part of @spans from @offset on, at most *@bytes, which becomes how many there are. */
static uint32_t
slice(const VirtioSpan *spans, uint32_t n, uint64_t offset, uint64_t *bytes, struct iovec *ret)
{
    uint64_t left = *bytes;
    uint32_t done = 0;

    for (uint32_t i = 0; i < n && left > 0 && done < IOV_MAX; i++) {
        if (offset >= spans[i].bytes) {
            offset -= spans[i].bytes;
            continue;
        }
        uint64_t part = MIN(spans[i].bytes - offset, left);

        ret[done++] = (struct iovec){(uint8_t *)spans[i].base + offset, part};
        left -= part;
        offset = 0;
    }
    *bytes -= left;
    return done;
}

/* A descriptor of the fid's file; -1: it is none that is open. It stays while the fid is held. */
static int fid_fd(P9Fid *fid)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fid->lock);

    return fid->kind == P9_FID_FILE ? fid->fd : -1;
}

static int read_value(P9Call *call, uint64_t offset, uint64_t count)
{
    P9Fid *fid = call->fid;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fid->lock);

    if (fid->kind != P9_FID_XATTR) {
        return EBADF;
    }
    offset = MIN(offset, fid->value->len);
    count = MIN(count, fid->value->len - offset);
    p9_put(call->out, count, 4);
    g_byte_array_append(call->out, fid->value->data + offset, (guint)count);
    return 0;
}

/* offset[8] count[4] */
int p9_do_read(P9Call *call)
{
    P9Request *request = call->request;
    uint64_t offset = p9_read(&call->in, 8),
             room = MIN(request->room_bytes, p9_session_msize(call->session));
    uint64_t wanted = p9_read32(&call->in), count = MIN(wanted, room > P9_IO ? room - P9_IO : 0);
    int fd = fid_fd(call->fid);
    struct iovec parts[IOV_MAX];
    uint32_t n;
    ssize_t got;

    if (call->in.bad) {
        return EBADMSG;
    }
    if (fd < 0) {
        return read_value(call, offset, count);
    }
    n = slice(request->room, request->n_room, P9_IO, &count, parts);
    got = preadv(fd, parts, (int)n, (off_t)MIN(offset, INT64_MAX));
    if (got < 0) {
        return errno;
    }
    p9_put(call->out, (uint64_t)got, 4);
    request->read = (uint64_t)got;
    return 0;
}

static int write_value(P9Call *call, uint64_t offset, const struct iovec *parts, uint32_t n)
{
    P9Fid *fid = call->fid;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fid->lock);
    uint64_t bytes = 0;

    if (fid->kind != P9_FID_XATTR_NEW || offset != fid->value->len) {
        return EBADF;
    }
    for (uint32_t i = 0; i < n; i++) {
        bytes += parts[i].iov_len;
    }
    if (bytes > fid->value_bytes - fid->value->len) {
        return ENOSPC;
    }
    for (uint32_t i = 0; i < n; i++) {
        g_byte_array_append(fid->value, parts[i].iov_base, (guint)parts[i].iov_len);
    }
    p9_put(call->out, bytes, 4);
    return 0;
}

/* offset[8] count[4] and the data */
int p9_do_write(P9Call *call)
{
    P9Request *request = call->request;
    uint64_t offset = p9_read(&call->in, 8), count = p9_read32(&call->in);
    int fd = fid_fd(call->fid);
    struct iovec parts[IOV_MAX];
    uint32_t n;
    ssize_t done;

    if (call->in.bad || count > request->data_bytes - MIN(request->data_bytes, P9_WRITE)) {
        return EBADMSG;
    }
    n = slice(request->data, request->n_data, P9_WRITE, &count, parts);
    if (fd < 0) {
        return write_value(call, offset, parts, n);
    }
    if (offset > INT64_MAX) {
        return EFBIG;
    }
    done = pwritev(fd, parts, (int)n, (off_t)offset);
    if (done < 0) {
        return errno;
    }
    if (call->folder->write_out) {
        (void)sync_file_range(fd, (off_t)offset, done, SYNC_FILE_RANGE_WRITE);
    }
    p9_put(call->out, (uint64_t)done, 4);
    return 0;
}

/* [datasync[4]] */
int p9_do_fsync(P9Call *call)
{
    gboolean data = call->in.left >= 4 && p9_read32(&call->in) != 0;
    P9Fid *fid = call->fid;
    int fd = fid_fd(fid);

    if (fd < 0) {
        g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fid->lock);

        return fid->dir == NULL ? EBADF : fsync(dirfd(fid->dir)) == 0 ? 0 : errno;
    }
    return (data ? fdatasync(fd) : fsync(fd)) == 0 ? 0 : errno;
}

/* The kernel's kinds of files; when mapped only folders are what they are on the host. */
static uint32_t kind_of(const P9Call *call, const struct dirent *entry)
{
    return p9_is_mapped(call->folder) && entry->d_type != DT_DIR ? DT_UNKNOWN : entry->d_type;
}

static void list(P9Call *call, DIR *dir, uint64_t room)
{
    for (;;) {
        long before = telldir(dir);
        const struct dirent *entry = readdir(dir);

        if (entry == NULL) {
            return;
        }
        gboolean dots = g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, "..");
        uint64_t bytes = LISTED_BYTES + strlen(entry->d_name);

        if (!dots && !p9_name_is_good(call->folder, entry->d_name)) {
            continue;
        }
        if (bytes > room) {
            seekdir(dir, before);
            return;
        }
        room -= bytes;
        const struct stat st = {
            .st_ino = entry->d_ino,
            .st_dev = call->folder->device,
            .st_mode = (mode_t)DTTOIF(entry->d_type),
        };

        p9_put_qid(call, &st);
        p9_put(call->out, (uint64_t)entry->d_off, 8);
        p9_put(call->out, kind_of(call, entry), 1);
        p9_put_string(call->out, entry->d_name);
    }
}

/* offset[8] count[4] */
int p9_do_read_folder(P9Call *call)
{
    uint64_t offset = p9_read(&call->in, 8);
    uint64_t msize = p9_session_msize(call->session), room = MIN(call->request->room_bytes, msize);
    uint64_t wanted = p9_read32(&call->in), count = MIN(wanted, room > P9_IO ? room - P9_IO : 0);
    P9Fid *fid = call->fid;
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fid->lock);

    if (fid->kind != P9_FID_FOLDER) {
        return EBADF;
    }
    if (offset == 0) {
        rewinddir(fid->dir);
    } else {
        seekdir(fid->dir, (long)offset);
    }
    p9_put(call->out, 0, 4);
    list(call, fid->dir, count);
    virtio_put32(call->out->data + P9_HEADER, call->out->len - P9_IO);
    return 0;
}

int p9_do_read_link(P9Call *call)
{
    char target[P9_PATH_MAX];
    struct stat st;
    int error = p9_call_place(call), fd;
    ssize_t bytes;

    if (error == 0) {
        error = p9_attr_stat(call->folder, &call->place, &st);
    }
    if (error == 0 && !S_ISLNK(st.st_mode)) {
        error = EINVAL;
    }
    if (error != 0) {
        return error;
    }
    if (p9_is_mapped(call->folder) &&
        p9_file_open(&call->place, O_RDONLY, &fd) == 0) { /* a stand-in */
        bytes = read(fd, target, sizeof(target) - 1);
        error = errno;
        close(fd);
        errno = error;
    } else {
        bytes = readlinkat(call->place.dir, call->place.name, target, sizeof(target) - 1);
    }
    if (bytes < 0) {
        return errno;
    }
    target[bytes] = '\0';
    p9_put_string(call->out, target);
    return 0;
}

/* --- Extended attributes --- */

/* When mapped, what is not a user's belongs to the host, and some users' attributes are ours. */
static int check_name(const P9Call *call, const char *name)
{
    if (p9_is_mapped(call->folder) &&
        (!g_str_has_prefix(name, "user.") || g_str_has_prefix(name, P9_XATTR_OWN))) {
        return EOPNOTSUPP;
    }
    return strlen(name) <= P9_NAME_MAX ? 0 : ERANGE;
}

static GByteArray *visible_names(const P9Call *call, const char *names, ssize_t bytes)
{
    GByteArray *list_ = g_byte_array_new();

    for (ssize_t at = 0; at < bytes; at += (ssize_t)strlen(names + at) + 1) {
        if (check_name(call, names + at) == 0) {
            g_byte_array_append(list_, (const uint8_t *)names + at, (guint)strlen(names + at) + 1);
        }
    }
    return list_;
}

static int load_value(P9Call *call, const char *name, GByteArray **ret)
{
    g_autofree char *path = p9_place_path(&call->place);
    g_autofree char *value = g_malloc(P9_XATTR_MAX + 1);
    ssize_t bytes = name[0] == '\0' ? llistxattr(path, value, P9_XATTR_MAX)
                                    : lgetxattr(path, name, value, P9_XATTR_MAX);

    if (bytes < 0) {
        return errno;
    }
    value[bytes] = '\0';
    *ret = name[0] == '\0'
               ? visible_names(call, value, bytes)
               : g_byte_array_append(g_byte_array_new(), (const uint8_t *)value, (guint)bytes);
    return 0;
}

/* newfid[4] name[s]; without a name the list of names is read */
int p9_do_xattr_walk(P9Call *call)
{
    uint32_t id = p9_read32(&call->in);
    const char *name = p9_read_string(&call->in);
    g_autoptr(GByteArray) value = NULL;
    int error = p9_call_place(call);

    if (error == 0 && name[0] != '\0') {
        error = check_name(call, name);
    }
    if (error == 0) {
        error = load_value(call, name, &value);
    }
    if (error == 0) {
        error = p9_fid_add(call->session, id, call->fid->uid, call->fid->path);
    }
    if (error == 0) {
        error = p9_call_other(call, id);
    }
    if (error == 0) {
        p9_put(call->out, value->len, 8);
        g_mutex_lock(&call->other->lock);
        call->other->kind = P9_FID_XATTR;
        call->other->value = g_steal_pointer(&value);
        g_mutex_unlock(&call->other->lock);
    }
    return error;
}

/* name[s] size[8] flags[4]; the value is written then, and set when the fid goes */
int p9_do_xattr_create(P9Call *call)
{
    const char *name = p9_read_string(&call->in);
    uint64_t size = p9_read(&call->in, 8);
    uint32_t flags = p9_read32(&call->in);
    P9Fid *fid = call->fid;
    int error = call->in.bad ? EBADMSG : check_name(call, name);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fid->lock);

    if (error == 0 && (fid->kind != P9_FID_PATH || size > P9_XATTR_MAX || name[0] == '\0')) {
        error = fid->kind != P9_FID_PATH ? EINVAL : name[0] == '\0' ? ENOENT : ENOSPC;
    }
    if (error == 0) {
        fid->kind = P9_FID_XATTR_NEW;
        fid->xattr = g_strdup(name);
        fid->xattr_flags = flags;
        fid->value = g_byte_array_new();
        fid->value_bytes = size;
    }
    return error;
}

/* A value of no bytes that replaces is how the attribute is removed. */
int p9_fid_finish(const P9Call *call, P9Fid *fid)
{
    P9Place place = {.dir = -1};
    int error = 0;

    if (fid->kind != P9_FID_XATTR_NEW) {
        return 0;
    }
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&fid->lock);

    if (fid->value->len != fid->value_bytes) {
        return EIO;
    }
    error = p9_place_open(call->folder, fid->path, &place);
    if (error == 0) {
        g_autofree char *path = p9_place_path(&place);
        gboolean remove = fid->value_bytes == 0 && fid->xattr_flags == XATTR_REPLACE;
        int status = remove ? lremovexattr(path, fid->xattr)
                            : lsetxattr(path, fid->xattr, fid->value->data, fid->value->len,
                                        (int)fid->xattr_flags);

        error = status == 0 ? 0 : errno;
    }
    p9_place_close(&place);
    return error;
}
