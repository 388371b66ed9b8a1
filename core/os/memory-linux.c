/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/os/memory.h"

#include "abi/base.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (block == MAP_FAILED) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED,
                    "cannot map %" G_GUINT64_FORMAT " bytes of memory file '%s': %s", bytes, name,
                    g_strerror(errno));
        close(fd);
        return NULL;
    }
    /* Both are wishes: huge pages save the host's TLB, and guest RAM is of no use in a core file.
     */
    (void)madvise(block, bytes, MADV_HUGEPAGE);
    (void)madvise(block, bytes, MADV_DONTDUMP);
    *ret_fd = fd;
    return block;
}

void qh_os_shared_free(void *block, uint64_t bytes, int fd)
{
    if (block != NULL) {
        munmap(block, bytes);
        close(fd);
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
