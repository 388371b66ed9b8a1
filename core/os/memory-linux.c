/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/os/memory.h"

#include "abi/base.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HUGE_PAGE ((uint64_t)2 << 20)

/* Wishes: huge pages save the host's TLB, and guest RAM is of no use in a core file. */
static void advise_ram(void *block, uint64_t bytes)
{
    (void)madvise(block, bytes, MADV_HUGEPAGE);
    (void)madvise(block, bytes, MADV_DONTDUMP);
}

/* Takes @fd. */
static void *map_shared(int fd, const char *name, uint64_t bytes, int *ret_fd, GError **error)
{
    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (block == MAP_FAILED) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot map %" G_GUINT64_FORMAT " bytes of memory file '%s': %s", bytes, name,
                    g_strerror(errno));
        close(fd);
        return NULL;
    }
    advise_ram(block, bytes);
    *ret_fd = fd;
    return block;
}

void *qh_os_shared_new(const char *name, uint64_t bytes, int *ret_fd, GError **error)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot create memory file '%s': %s", name,
                    g_strerror(errno));
        return NULL;
    }
    if (bytes > INT64_MAX || ftruncate(fd, (off_t)bytes) != 0) {
        int saved = bytes > INT64_MAX ? EFBIG : errno;

        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot make memory file '%s' %" G_GUINT64_FORMAT " bytes long: %s", name,
                    bytes, g_strerror(saved));
        close(fd);
        return NULL;
    }

    return map_shared(fd, name, bytes, ret_fd, error);
}

void *qh_os_shared_map(int from, const char *name, uint64_t bytes, int *ret_fd, GError **error)
{
    struct stat info;

    /* a page beyond the end of a file is a signal, not an error */
    if (fstat(from, &info) == 0 && (uint64_t)info.st_size < bytes) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "the file of '%s' is shorter than %" G_GUINT64_FORMAT " bytes", name, bytes);
        return NULL;
    }
    int fd = fcntl(from, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot use the file of '%s': %s", name,
                    g_strerror(errno));
        return NULL;
    }
    return map_shared(fd, name, bytes, ret_fd, error);
}

/* Linux before 6.7 does not begin large mappings at a huge page by itself. */
void *qh_os_private_new(const char *name, uint64_t bytes, GError **error)
{
    uint64_t spare = bytes >= HUGE_PAGE ? HUGE_PAGE : 0;
    uint64_t end = (bytes + 0xfff) & ~UINT64_C(0xfff);
    char *room = bytes <= INT64_MAX - 2 * HUGE_PAGE
                     ? mmap(NULL, end + spare, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                     : MAP_FAILED;

    if (room == MAP_FAILED) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot map %" G_GUINT64_FORMAT " bytes of memory for '%s': %s", bytes, name,
                    g_strerror(bytes <= INT64_MAX - 2 * HUGE_PAGE ? errno : ENOMEM));
        return NULL;
    }
    uint64_t before = spare != 0 ? -(uint64_t)(uintptr_t)room & (HUGE_PAGE - 1) : 0;
    if (before != 0) {
        munmap(room, before);
    }
    if (spare > before) {
        munmap(room + before + end, spare - before);
    }
    advise_ram(room + before, end);
    (void)madvise(room + before, end, MADV_DONTFORK); /* children only start other programs */
    return room + before;
}

void qh_os_shared_free(void *block, uint64_t bytes, int fd)
{
    if (block != NULL) {
        munmap(block, bytes);
        if (fd >= 0) {
            close(fd);
        }
    }
}

void *qh_os_pages_new(uint64_t bytes, GError **error)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (pages == MAP_FAILED) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot map %" G_GUINT64_FORMAT " bytes: %s",
                    bytes, g_strerror(errno));
        return NULL;
    }
    return pages;
}

void qh_os_pages_free(void *pages, uint64_t bytes)
{
    if (pages != NULL) {
        munmap(pages, bytes);
    }
}

void qh_os_memory_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/* Linux 6.3: the file can never be run as a program. Mapping it to be executed is another matter.
 */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u
#endif

static int code_file(const char *name, uint64_t bytes, GError **error)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }
    if (fd < 0 || bytes > INT64_MAX || ftruncate(fd, (off_t)bytes) != 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot make a memory file of %" G_GUINT64_FORMAT " bytes for code: %s", bytes,
                    g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return fd;
}

static void map_file(int fd, uint64_t bytes, void **ret_writable, void **ret_code)
{
    *ret_writable = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    *ret_code = mmap(NULL, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_NORESERVE, fd, 0);
    close(fd); /* nobody maps it a third time */
}

/* A shared mapping of which nothing is moved becomes two (mremap(2)). */
static void map_nameless(uint64_t bytes, void **ret_writable, void **ret_code)
{
    *ret_writable = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    *ret_code =
        *ret_writable != MAP_FAILED ? mremap(*ret_writable, 0, bytes, MREMAP_MAYMOVE) : MAP_FAILED;
    if (*ret_code != MAP_FAILED && mprotect(*ret_code, bytes, PROT_READ | PROT_EXEC) != 0) {
        int saved = errno;

        munmap(*ret_code, bytes);
        *ret_code = MAP_FAILED;
        errno = saved;
    }
}

void *qh_os_code_new(const char *name, uint64_t bytes, void **ret_writable, GError **error)
{
    void *writable, *code;
    int fd, saved;

    if (name == NULL) {
        map_nameless(bytes, &writable, &code);
    } else {
        fd = code_file(name, bytes, error);
        if (fd < 0) {
            return NULL;
        }
        map_file(fd, bytes, &writable, &code);
    }
    saved = errno;
    if (writable == MAP_FAILED || code == MAP_FAILED) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot map %" G_GUINT64_FORMAT " bytes of memory for code: %s", bytes,
                    g_strerror(saved));
        qh_os_code_free(code != MAP_FAILED ? code : NULL, writable != MAP_FAILED ? writable : NULL,
                        bytes);
        return NULL;
    }
    (void)madvise(writable, bytes, MADV_DONTDUMP);
    *ret_writable = writable;
    return code;
}

void qh_os_code_free(void *code, void *writable, uint64_t bytes)
{
    if (code != NULL) {
        munmap(code, bytes);
    }
    if (writable != NULL) {
        munmap(writable, bytes);
    }
}

void qh_os_code_drop(void *writable, uint64_t bytes)
{
    (void)madvise(writable, bytes, MADV_REMOVE);
}

void qh_os_code_rest(void *writable, uint64_t bytes)
{
    (void)madvise(writable, bytes, MADV_DONTNEED);
}
