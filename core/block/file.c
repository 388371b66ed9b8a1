/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocols "file" and "host_device": a file of the host, by plain system calls. A read that the
 * page cache can answer is answered on the thread that asks (RWF_NOWAIT); all else may wait.
 *
 * A node that may open for reading first (auto-read-only) opens for writing when somebody wants to
 * write. Locks are in file-lock.c.
 */
#include "core/block/file.h"
#include "core/fd/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define VECS 64 /* handed to the system at a time */

static QhBlockFile *file_of(QhBlockDriver *driver)
{
    return (QhBlockFile *)driver;
}

static gboolean is_device(const QhBlockFile *file)
{
    return file->kind == S_IFBLK;
}

static uint64_t device_bytes(int fd)
{
    uint64_t bytes = 0;

    if (ioctl(fd, BLKGETSIZE64, &bytes) == 0) {
        return bytes;
    }
    off_t end = lseek(fd, 0, SEEK_END);
    return end > 0 ? (uint64_t)end : 0;
}

static int open_flags(const QhBlockFile *file, gboolean writable)
{
    return O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (writable ? O_RDWR : O_RDONLY) |
           (file->driver.flags & QH_BLOCK_OPEN_DIRECT ? O_DIRECT : 0);
}

static QhFds *fds_of(const QhBlockFile *file)
{
    return qh_host_fds(file->driver.host);
}

static int open_path(const QhBlockFile *file, gboolean writable, GError **error)
{
    int fd = qh_fds_open(fds_of(file), file->filename, open_flags(file, writable), 0);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Could not open '%s': %s", file->filename,
                    g_strerror(errno));
    }
    return fd;
}

/* What the descriptor leads to has to be what the driver is for. */
static gboolean check_kind(QhBlockFile *file, gboolean device, GError **error)
{
    struct stat info;

    if (fstat(file->fd, &info) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Could not open '%s': %s", file->filename,
                    g_strerror(errno));
        return FALSE;
    }
    file->kind = info.st_mode & S_IFMT;
    gboolean good = device ? file->kind == S_IFBLK : file->kind == S_IFREG;
    if (!good) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "Could not open '%s': it is no %s%s",
                    file->filename, device ? "block device" : "regular file",
                    !device && file->kind == S_IFBLK ? "; driver 'host_device' is for devices"
                                                     : "");
    }
    return good;
}

/* The block that direct transfers have to keep to: the device says, or trying shows. */
static void probe_alignment(QhBlockFile *file)
{
    int bytes = 0;

    file->driver.alignment = 1;
    if ((file->driver.flags & QH_BLOCK_OPEN_DIRECT) == 0) {
        return;
    }
    if (is_device(file) && ioctl(file->fd, BLKSSZGET, &bytes) == 0 && bytes > 0) {
        file->driver.alignment = (uint32_t)bytes;
        return;
    }
    file->driver.alignment = 4096;
    for (uint32_t try = 512; try < 4096; try *= 2) {
        g_autofree char *memory = g_malloc(3 * 4096);
        char *at = (char *)(((uintptr_t)memory + 4095) / 4096 * 4096);

        if (pread(file->fd, at + try, try, 0) >= 0) {
            file->driver.alignment = try;
            return;
        }
    }
}

static void look_at_length(QhBlockFile *file)
{
    struct stat info;

    if (fstat(file->fd, &info) == 0) {
        __atomic_store_n(&file->bytes, (uint64_t)info.st_size, __ATOMIC_RELAXED);
    }
}

static gboolean use_ring(QhBlockFile *file, GError **error)
{
    static const char *const kinds[] = {"threads", "native", "io_uring", NULL};

    if (file->aio != NULL && !g_strv_contains(kinds, file->aio)) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "Parameter 'aio' does not accept value '%.64s'; there are threads, native and "
                    "io_uring",
                    file->aio);
        return FALSE;
    }
    file->ring = g_strcmp0(file->aio, "io_uring") == 0
                     ? qh_block_graph_ring(file->driver.node->graph)
                     : NULL;
    return TRUE;
}

static gboolean file_open_kind(QhBlockDriver *driver, gboolean device, GError **error)
{
    QhBlockFile *file = file_of(driver);
    gboolean read_only = (driver->flags & QH_BLOCK_OPEN_READ_ONLY) != 0;
    gboolean later = (driver->flags & QH_BLOCK_OPEN_AUTO_READ_ONLY) != 0;

    if (file->filename == NULL || *file->filename == '\0') {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Parameter 'filename' is missing");
        return FALSE;
    }
    if (!use_ring(file, error)) {
        return FALSE;
    }
    file->writable = !read_only && !later;
    file->fd = open_path(file, file->writable, error);
    if (file->fd < 0) {
        return FALSE;
    }
    if (!check_kind(file, device, error)) {
        qh_fds_close(fds_of(file), file->fd);
        return FALSE;
    }
    if (is_device(file)) {
        file->device_bytes = device_bytes(file->fd);
    }
    look_at_length(file);
    probe_alignment(file);
    driver->discard_bytes = MAX(driver->alignment, 4096);
    qh_block_file_lock_init(file);
    return TRUE;
}

static gboolean file_open(QhBlockDriver *driver, GError **error)
{
    return file_open_kind(driver, FALSE, error);
}

static gboolean device_open(QhBlockDriver *driver, GError **error)
{
    return file_open_kind(driver, TRUE, error);
}

static void file_close(QhBlockDriver *driver)
{
    QhBlockFile *file = file_of(driver);

    if (qh_fds_is_duplicate(fds_of(file), file->fd)) {
        qh_block_file_unlock(file); /* the set's member would keep the locks */
    }
    qh_fds_close(fds_of(file), file->fd);
}

/* The same file again, with other rights. */
static gboolean reopen_as(QhBlockFile *file, gboolean writable, GError **error)
{
    struct stat before, after;
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", file->fd);
    /* what others have opened may not be ours to open again: another member of the set does it */
    gboolean given = qh_fds_is_duplicate(fds_of(file), file->fd);
    int fd = given ? -1 : open(path, open_flags(file, writable));

    if (given || (fd < 0 && errno == ENOENT)) {
        fd = qh_fds_open(fds_of(file), file->filename, open_flags(file, writable), 0);
    }
    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Could not open '%s' for %s: %s",
                    file->filename, writable ? "writing" : "reading", g_strerror(errno));
        return FALSE;
    }
    if (fstat(file->fd, &before) < 0 || fstat(fd, &after) < 0 || before.st_ino != after.st_ino ||
        before.st_dev != after.st_dev) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "'%s' is another file by now",
                    file->filename);
        qh_fds_close(fds_of(file), fd);
        return FALSE;
    }
    /* the locks belong to the open file: the new one has them before the old one goes */
    if (!qh_block_file_lock_move(file, fd, error)) {
        qh_fds_close(fds_of(file), fd);
        return FALSE;
    }
    int old = file->fd;
    __atomic_store_n(&file->fd, fd, __ATOMIC_RELEASE);
    qh_fds_close(fds_of(file), old);
    file->writable = writable;
    return TRUE;
}

static gboolean file_set_access(QhBlockDriver *driver, uint32_t use, uint32_t share, GError **error)
{
    QhBlockFile *file = file_of(driver);
    gboolean write = (use & (QH_BLOCK_USE_WRITE | QH_BLOCK_USE_RESIZE)) != 0;

    if (!qh_block_file_lock(file, use, share, error)) {
        return FALSE;
    }
    if (write && !file->writable) {
        if (!reopen_as(file, TRUE, error)) {
            return FALSE;
        }
        look_at_length(file);
        return TRUE;
    }
    if (!write && file->writable && driver->flags & QH_BLOCK_OPEN_AUTO_READ_ONLY) {
        (void)reopen_as(file, FALSE, NULL);
    }
    return TRUE;
}

static gboolean file_reopen(QhBlockDriver *driver, GError **error)
{
    QhBlockFile *file = file_of(driver);

    if (!reopen_as(file, file->writable, error)) {
        return FALSE;
    }
    probe_alignment(file);
    look_at_length(file);
    return TRUE;
}

static uint64_t file_length(QhBlockDriver *driver)
{
    QhBlockFile *file = file_of(driver);

    return is_device(file) ? file->device_bytes : __atomic_load_n(&file->bytes, __ATOMIC_RELAXED);
}

/* Something was written up to @end. */
static void note_end(QhBlockFile *file, uint64_t end)
{
    uint64_t bytes = __atomic_load_n(&file->bytes, __ATOMIC_RELAXED);

    while (end > bytes && !__atomic_compare_exchange_n(&file->bytes, &bytes, end, FALSE,
                                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        continue;
    }
}

/* Move @bytes; a short transfer goes on behind itself. */
static int transfer(const QhBlockFile *file,
                    gboolean write,
                    uint64_t offset,
                    uint64_t bytes,
                    const QhBlockVec *vec,
                    uint32_t n_vec,
                    int flags)
{
    uint64_t at = 0;

    while (at < bytes) {
        QhBlockVec parts[VECS];
        struct iovec iov[VECS];
        uint64_t skip = at, wanted = 0;
        uint32_t first = 0;

        while (first < n_vec && skip >= vec[first].bytes) {
            skip -= vec[first].bytes;
            first++;
        }
        uint32_t n =
            qh_block_vec_slice(&vec[first], MIN(n_vec - first, VECS), skip, bytes - at, parts);
        for (uint32_t i = 0; i < n; i++) {
            iov[i] = (struct iovec){parts[i].base, parts[i].bytes};
            wanted += parts[i].bytes;
        }
        ssize_t done = write ? pwritev2(file->fd, iov, (int)n, (off_t)(offset + at), flags)
                             : preadv2(file->fd, iov, (int)n, (off_t)(offset + at), flags);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return errno == EOPNOTSUPP ? EAGAIN : errno;
        }
        if (done == 0 && write) {
            return EIO;
        }
        if (done == 0) { /* the end of the file: it was shortened, or ends within a block */
            qh_block_vec_zero(vec, n_vec, at, bytes - at);
            return 0;
        }
        if ((uint64_t)done < wanted && flags != 0) {
            return EAGAIN;
        }
        at += (uint64_t)done;
    }
    return 0;
}

gboolean qh_block_file_transfer(QhBlockDriver *driver, QhBlockTransfer *transfer)
{
    QhBlockFile *file = file_of(driver);

    if (file->ring == NULL || (transfer->write && !file->writable)) {
        return FALSE;
    }
    transfer->fd = __atomic_load_n(&file->fd, __ATOMIC_ACQUIRE);
    return TRUE;
}

void qh_block_file_written(QhBlockDriver *driver, uint64_t end)
{
    note_end(file_of(driver), end);
}

static int file_read(QhBlockDriver *driver,
                     uint64_t offset,
                     uint64_t bytes,
                     const QhBlockVec *vec,
                     uint32_t n_vec,
                     uint32_t flags)
{
    /* past the page cache a read waits for the disk whatever the flags say */
    if (flags & QH_BLOCK_NO_WAIT && driver->flags & QH_BLOCK_OPEN_DIRECT) {
        return EAGAIN;
    }
    return transfer(file_of(driver), FALSE, offset, bytes, vec, n_vec,
                    flags & QH_BLOCK_NO_WAIT ? RWF_NOWAIT : 0);
}

static int file_write(QhBlockDriver *driver,
                      uint64_t offset,
                      uint64_t bytes,
                      const QhBlockVec *vec,
                      uint32_t n_vec,
                      uint32_t flags)
{
    (void)flags;
    int error = transfer(file_of(driver), TRUE, offset, bytes, vec, n_vec, 0);
    if (error == 0) {
        note_end(file_of(driver), offset + bytes);
        return 0;
    }
    struct stat info; /* a part of it may be there */
    if (fstat(file_of(driver)->fd, &info) == 0) {
        note_end(file_of(driver), (uint64_t)info.st_size);
    }
    return error;
}

/* After a failure the pages may be gone from the cache: what was written is lost, and a second
 * fdatasync that succeeds would hide it. So the failure stays. */
static int file_flush(QhBlockDriver *driver)
{
    QhBlockFile *file = file_of(driver);

    if (g_atomic_int_get(&file->flush_failed)) {
        return EIO;
    }
    if (file->writable && fdatasync(file->fd) < 0) {
        int error = errno;

        if (error != EINTR && error != ENOSPC) {
            g_atomic_int_set(&file->flush_failed, 1);
        }
        return error;
    }
    return 0;
}

static int allocate(QhBlockFile *file, int mode, uint64_t offset, uint64_t bytes)
{
    int done;

    do {
        done = fallocate(file->fd, mode, (off_t)offset, (off_t)bytes);
    } while (done < 0 && errno == EINTR);
    if (done == 0) {
        return 0;
    }
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == ENODEV ? ENOTSUP
                                                                                        : errno;
}

static int file_discard(QhBlockDriver *driver, uint64_t offset, uint64_t bytes)
{
    QhBlockFile *file = file_of(driver);

    if (is_device(file)) {
        uint64_t range[2] = {offset, bytes};

        return ioctl(file->fd, BLKDISCARD, range) == 0                     ? 0
               : errno == EOPNOTSUPP || errno == ENOTTY || errno == EINVAL ? ENOTSUP
                                                                           : errno;
    }
    return allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
}

static int file_zero(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    QhBlockFile *file = file_of(driver);
    int error = ENOTSUP;

    if (flags & QH_BLOCK_UNMAP) {
        error = allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
    }
    if (error == ENOTSUP) {
        error = allocate(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, bytes);
    }
    return error;
}

static int file_status(QhBlockDriver *driver, uint64_t offset, uint64_t bytes, QhBlockStatus *ret)
{
    QhBlockFile *file = file_of(driver);
    off_t data = is_device(file) ? (off_t)offset : lseek(file->fd, (off_t)offset, SEEK_DATA);

    ret->flags = QH_BLOCK_STATUS_ALLOCATED | QH_BLOCK_STATUS_OFFSET;
    ret->offset = offset;
    ret->bytes = bytes;
    if (data < 0 && errno == ENXIO) { /* a hole up to the end */
        ret->flags |= QH_BLOCK_STATUS_ZERO;
        return 0;
    }
    if (data > (off_t)offset) {
        ret->flags |= QH_BLOCK_STATUS_ZERO;
        ret->bytes = MIN(bytes, (uint64_t)data - offset);
        return 0;
    }
    ret->flags |= QH_BLOCK_STATUS_DATA;
    off_t hole = is_device(file) || data < 0 ? -1 : lseek(file->fd, (off_t)offset, SEEK_HOLE);
    if (hole > (off_t)offset) {
        ret->bytes = MIN(bytes, (uint64_t)hole - offset);
    }
    return 0;
}

static gboolean file_truncate(QhBlockDriver *driver, uint64_t bytes, GError **error)
{
    QhBlockFile *file = file_of(driver);

    if (is_device(file)) {
        file->device_bytes = device_bytes(file->fd);
        if (bytes > file->device_bytes) {
            g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID, "Cannot grow device files");
            return FALSE;
        }
        return TRUE;
    }
    if (bytes > INT64_MAX || ftruncate(file->fd, (off_t)bytes) < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "Failed to resize the file '%s': %s",
                    file->filename, g_strerror(bytes > INT64_MAX ? EFBIG : errno));
        return FALSE;
    }
    __atomic_store_n(&file->bytes, bytes, __ATOMIC_RELAXED);
    return TRUE;
}

#define AT(member) offsetof(QhBlockFile, member)
static const QhProperty properties[] = {
    QH_PROPERTY("filename", QH_PROPERTY_STRING, AT(filename), NULL, 0, 0, "path of the file"),
    QH_PROPERTY("locking",
                QH_PROPERTY_ONOFFAUTO,
                AT(locking),
                "auto",
                0,
                0,
                "lock the file, so that no other program writes to it"),
    QH_PROPERTY("aio",
                QH_PROPERTY_STRING,
                AT(aio),
                NULL,
                0,
                0,
                "threads; native means the same; io_uring: a queue of the kernel's"),
    QH_PROPERTY("pr-manager", QH_PROPERTY_STRING, AT(pr_manager), NULL, 0, 0, "accepted"),
    QH_PROPERTY("drop-cache", QH_PROPERTY_BOOL, AT(drop_cache), NULL, 0, 0, "accepted"),
    QH_PROPERTY(
        "x-check-cache-dropped", QH_PROPERTY_BOOL, AT(check_dropped), NULL, 0, 0, "accepted"),
};
static const QhPropertyTable table = QH_PROPERTY_TABLE(properties);

#define METHODS                                                                                    \
    .size = sizeof(QhBlockDriverOps), .state_size = sizeof(QhBlockFile),                           \
    .kind = QH_BLOCK_PROTOCOL, .properties = &table, .close = file_close, .length = file_length,   \
    .read = file_read, .write = file_write, .flush = file_flush, .discard = file_discard,          \
    .write_zeroes = file_zero, .status = file_status, .truncate = file_truncate,                   \
    .set_access = file_set_access, .reopen = file_reopen

const QhBlockDriverOps qh_block_file = {
    METHODS,
    .flags = QH_BLOCK_DRIVER_GROWS,
    .description = "a regular file",
    .open = file_open,
};
const QhBlockDriverOps qh_block_host_device = {
    METHODS,
    .description = "a block device of the host",
    .open = device_open,
};
