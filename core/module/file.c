/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/module/file.h"
#include "core/module/elf.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static gboolean fail(GError **error, QhRefusal *ret, QhRefusal refusal, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static gboolean fail(GError **error, QhRefusal *ret, QhRefusal refusal, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);

    *ret = refusal;
    g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE, text);
    return FALSE;
}

/*
 * Who may have written a file: root, we, and whoever could have written this very program, which
 * makes a build directory of another user or of a group as good as the program in it.
 */
typedef struct Writers {
    uid_t program_owner;
    gid_t program_group;
    gboolean group_writes;
    char program[PATH_MAX]; /* its path; empty when that cannot be found */
} Writers;

static void find_writers(Writers *ret)
{
    ssize_t length = readlink("/proc/self/exe", ret->program, sizeof(ret->program) - 1);
    struct stat st;

    ret->program[MAX(length, 0)] = '\0';
    ret->group_writes = FALSE;
    if (stat("/proc/self/exe", &st) != 0 || (st.st_mode & S_IWOTH)) {
        ret->program_owner = geteuid();
        ret->program_group = getegid();
        return;
    }
    ret->program_owner = st.st_uid;
    ret->program_group = st.st_gid;
    ret->group_writes = (st.st_mode & S_IWGRP) != 0;
}

/* @what: "it", "its directory /x". A sticky directory lets others add files, not replace ours. */
static gboolean check_owner(
    const Writers *writers, const struct stat *st, const char *what, QhRefusal *ret, GError **error)
{
    gboolean sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);
    gboolean group =
        (st->st_mode & S_IWGRP) && !(writers->group_writes && st->st_gid == writers->program_group);

    if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != writers->program_owner) {
        return fail(error, ret, QH_REFUSED_UNSAFE_OWNER,
                    "%s belongs to user %u, neither to root nor to us", what, st->st_uid);
    }
    if (((st->st_mode & S_IWOTH) || group) && !sticky) {
        return fail(error, ret, QH_REFUSED_UNSAFE_OWNER, "%s can be written by %s (mode %04o)",
                    what, (st->st_mode & S_IWOTH) ? "everybody" : "its group", st->st_mode & 07777);
    }
    return TRUE;
}

/* Whoever can write a folder that this program lies in could have replaced the program. */
static gboolean holds_program(const Writers *writers, const char *folder)
{
    const char *program = writers->program;
    size_t length = strlen(folder);

    return *program != '\0' && (strcmp(folder, "/") == 0 ||
                                (strncmp(program, folder, length) == 0 && program[length] == '/'));
}

static gboolean
check_parents(const Writers *writers, const char *path, QhRefusal *ret, GError **error)
{
    g_autofree char *at = g_path_get_dirname(path);

    for (;;) {
        struct stat st;
        g_autofree char *what = g_strdup_printf("its directory %s", at);

        if (holds_program(writers, at)) {
            return TRUE; /* and so do all above it */
        }
        if (stat(at, &st) != 0) {
            return fail(error, ret, QH_REFUSED_UNREADABLE, "%s cannot be examined: %s", what,
                        g_strerror(errno));
        }
        if (!check_owner(writers, &st, what, ret, error)) {
            return FALSE;
        }
        if (strcmp(at, "/") == 0) {
            return TRUE;
        }
        char *parent = g_path_get_dirname(at);
        g_free(at);
        at = parent;
    }
}

static QhFileId id_of(const struct stat *st)
{
    return (QhFileId){
        .device = st->st_dev,
        .inode = st->st_ino,
        .bytes = (uint64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
    };
}

gboolean qh_file_identify(const char *path, QhFileId *ret_id)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return FALSE;
    }
    *ret_id = id_of(&st);
    return TRUE;
}

static gboolean
check_open_file(const Writers *writers, int fd, QhFileId *ret_id, QhRefusal *ret, GError **error)
{
    struct stat st;
    struct statvfs fs;

    if (fstat(fd, &st) != 0 || fstatvfs(fd, &fs) != 0) {
        return fail(error, ret, QH_REFUSED_UNREADABLE, "it cannot be examined: %s",
                    g_strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return fail(error, ret, QH_REFUSED_UNREADABLE, "it is %s, not a regular file",
                    S_ISDIR(st.st_mode)    ? "a directory"
                    : S_ISFIFO(st.st_mode) ? "a pipe"
                    : S_ISCHR(st.st_mode)  ? "a device"
                                           : "something special");
    }
    if (st.st_size < (off_t)QH_ELF_MIN_BYTES || st.st_size > (off_t)QH_ELF_MAX_BYTES) {
        return fail(error, ret, QH_REFUSED_NOT_A_MODULE,
                    "its size of %lld bytes is not between %u and %u", (long long)st.st_size,
                    QH_ELF_MIN_BYTES, QH_ELF_MAX_BYTES);
    }
    if (fs.f_flag & ST_NOEXEC) {
        return fail(error, ret, QH_REFUSED_UNREADABLE,
                    "its file system does not allow execution (noexec)");
    }
    *ret_id = id_of(&st);
    return check_owner(writers, &st, "it", ret, error);
}

int qh_file_open(const char *path, QhFileId *ret_id, QhRefusal *ret_refusal, GError **error)
{
    /* O_NONBLOCK: opening a pipe must not wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        fail(error, ret_refusal, errno == ENOENT ? QH_REFUSED_NOT_FOUND : QH_REFUSED_UNREADABLE,
             "it cannot be opened: %s", g_strerror(errno));
        return -1;
    }
    /* The parents of the file that is open, wherever links have led. */
    char link[64], real[PATH_MAX];
    g_snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, real, sizeof(real) - 1);
    Writers writers;
    find_writers(&writers);
    gboolean good = check_open_file(&writers, fd, ret_id, ret_refusal, error);
    if (good && (length <= 0 || real[0] != '/')) {
        good = fail(error, ret_refusal, QH_REFUSED_UNREADABLE, "its directory cannot be found");
    }
    if (good) {
        real[length] = '\0';
        good = check_parents(&writers, real, ret_refusal, error);
    }
    if (!good) {
        close(fd);
        return -1;
    }
    return fd;
}

static gboolean copy_bytes(int from, int to, uint64_t bytes, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(256u << 10);

    for (uint64_t done = 0; done < bytes;) {
        ssize_t got = pread(from, buffer, MIN(bytes - done, 256u << 10), (off_t)done);
        if (got <= 0) {
            if (got < 0 && errno == EINTR) {
                continue;
            }
            g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "it cannot be read: %s",
                        got == 0 ? "it has become shorter" : g_strerror(errno));
            return FALSE;
        }
        for (ssize_t put = 0; put < got;) {
            ssize_t n = write(to, buffer + put, (size_t)(got - put));
            if (n < 0 && errno != EINTR) {
                g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "it cannot be copied: %s",
                            g_strerror(errno));
                return FALSE;
            }
            put += n > 0 ? n : 0;
        }
        done += (uint64_t)got;
    }
    return TRUE;
}

/* MFD_EXEC (Linux 6.3) says that we mean it; older kernels do not know it and do not ask. */
static int memory_file(const char *name)
{
    const unsigned exec = 0x10;
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | exec);

    return fd >= 0 || errno != EINVAL ? fd : memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int qh_file_copy(int fd, uint64_t bytes, const char *name, const uint8_t **ret_data, GError **error)
{
    int copy = memory_file(name);

    if (copy < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "no memory file can be made: %s",
                    g_strerror(errno));
        return -1;
    }
    if (!copy_bytes(fd, copy, bytes, error)) {
        close(copy);
        return -1;
    }
    void *data = MAP_FAILED;
    if (fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
        data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, copy, 0);
    }
    if (data == MAP_FAILED) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "its copy cannot be sealed: %s",
                    g_strerror(errno));
        close(copy);
        return -1;
    }
    *ret_data = data;
    return copy;
}
