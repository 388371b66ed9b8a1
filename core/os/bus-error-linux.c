/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signal handler belongs to the whole process and may take no lock, so the list of mappings is a
 * static table whose entries are claimed and published by atomic stores.
 */
#include "core/os/bus-error.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPPINGS 64u

typedef struct Mapping {
    uintptr_t first; /* 0: free; 1: being filled in */
    uintptr_t bytes;
    int fd;
} Mapping;

static Mapping mappings[MAPPINGS];
static struct sigaction before; /* what SIGBUS did */
static gsize installed;

static const Mapping *find(uintptr_t address)
{
    for (guint i = 0; i < MAPPINGS; i++) {
        uintptr_t first = __atomic_load_n(&mappings[i].first, __ATOMIC_ACQUIRE);

        if (first > 1 && address >= first && address - first < mappings[i].bytes) {
            return &mappings[i];
        }
    }
    return NULL;
}

/* What is done here is allowed in a handler: mmap is a system call, and write is on the list. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
    uintptr_t page = (uintptr_t)getpagesize();
    uintptr_t at = (uintptr_t)info->si_addr & ~(page - 1);
    const Mapping *mapping = find((uintptr_t)info->si_addr);
    const uint64_t one = 1;
    int saved = errno;

    (void)context;
    if (mapping != NULL && mmap((void *)at, page, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
        ssize_t done = write(mapping->fd, &one, sizeof(one));

        (void)done; /* full is as good as told */
        errno = saved;
        return;
    }
    /* not ours: the access is made again and meets what was there before us */
    sigaction(number, &before, NULL);
    errno = saved;
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_NODEFER};

    if (g_once_init_enter(&installed)) {
        sigaction(SIGBUS, &action, &before);
        g_once_init_leave(&installed, 1);
    }
}

gboolean qh_os_bus_error_watch(void *block, uint64_t bytes, int fd)
{
    install();
    for (guint i = 0; i < MAPPINGS; i++) {
        uintptr_t none = 0;

        if (__atomic_compare_exchange_n(&mappings[i].first, &none, 1, FALSE, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            mappings[i].bytes = bytes;
            mappings[i].fd = fd;
            __atomic_store_n(&mappings[i].first, (uintptr_t)block, __ATOMIC_RELEASE);
            return TRUE;
        }
    }
    return FALSE;
}

void qh_os_bus_error_unwatch(void *block)
{
    for (guint i = 0; block != NULL && i < MAPPINGS; i++) {
        if (__atomic_load_n(&mappings[i].first, __ATOMIC_ACQUIRE) == (uintptr_t)block) {
            __atomic_store_n(&mappings[i].first, 0, __ATOMIC_RELEASE);
        }
    }
}
