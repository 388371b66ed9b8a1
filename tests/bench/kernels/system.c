/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work for the guest's kernel and MMU: system calls, page faults, processes, switches; atomics. */
#include "kernel.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, AREA = 4 << 20 };

static uint64_t counter;

static uint64_t run_atomic(double scale)
{
    for (uint64_t n = kernel_times(scale, 10000000); n > 0; n--) {
        __atomic_fetch_add(&counter, n, __ATOMIC_SEQ_CST);
    }
    return counter;
}

static uint64_t run_cas(double scale)
{
    for (uint64_t n = kernel_times(scale, 10000000); n > 0; n--) {
        uint64_t old = __atomic_load_n(&counter, __ATOMIC_RELAXED);
        __atomic_compare_exchange_n(&counter, &old, old + n, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    }
    return counter;
}

static void *increment(void *times)
{
    for (uint64_t n = *(uint64_t *)times; n > 0; n--) {
        __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* Two threads on one counter. */
static uint64_t run_contend(double scale)
{
    uint64_t times = kernel_times(scale, 5000000);
    pthread_t other;
    if (pthread_create(&other, NULL, increment, &times) != 0) {
        return 0;
    }
    increment(&times);
    pthread_join(other, NULL);
    return counter;
}

static uint64_t run_sys(double scale)
{
    uint64_t sum = 0, n = kernel_times(scale, 500000);
    for (uint64_t i = 0; i < n; i++) {
        sum += syscall(SYS_getppid) >= 0;
    }
    return sum;
}

static uint64_t run_clock(double scale)
{
    uint64_t sum = 0, n = kernel_times(scale, 2000000);
    struct timespec last = {0}, now;
    for (uint64_t i = 0; i < n; i++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        sum +=
            now.tv_sec > last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec >= last.tv_nsec);
        last = now;
    }
    return sum;
}

static uint64_t run_mmap(double scale)
{
    uint64_t sum = 0;
    for (uint64_t n = kernel_times(scale, 100); n > 0; n--) {
        uint8_t *area =
            mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (area == MAP_FAILED) {
            return 0;
        }
        /* pages of their own: a huge page would be one fault */
        madvise(area, AREA, MADV_NOHUGEPAGE);
        for (uint64_t i = 0; i < AREA; i += PAGE) {
            area[i] = (uint8_t)n;
            sum += area[i];
        }
        munmap(area, AREA);
    }
    return sum;
}

static uint64_t run_mprot(double scale)
{
    uint64_t sum = 0;
    uint8_t *area =
        mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) {
        return 0;
    }
    for (uint64_t n = kernel_times(scale, 20000); n > 0; n--) {
        mprotect(area, 4 * PAGE, PROT_READ);
        sum += area[n % (4 * PAGE)];
        mprotect(area, 4 * PAGE, PROT_READ | PROT_WRITE);
        area[(n * 3) % (4 * PAGE)] = (uint8_t)n;
    }
    return sum;
}

static uint64_t run_fork(double scale)
{
    uint64_t sum = 0;
    for (uint64_t n = kernel_times(scale, 500); n > 0; n--) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            _exit((int)n & 7);
        }
        waitpid(child, &status, 0);
        sum += (uint64_t)WEXITSTATUS(status);
    }
    return sum;
}

/* This program again, which ends at once when it is called "nothing". */
static uint64_t run_exec(double scale)
{
    uint64_t sum = 0;
    for (uint64_t n = kernel_times(scale, 200); n > 0; n--) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "nothing", (char *)NULL);
            _exit(1);
        }
        waitpid(child, &status, 0);
        sum += WIFEXITED(status) && WEXITSTATUS(status) == 17;
    }
    return sum;
}

/* A byte to and fro between two processes. */
static uint64_t run_pipe(double scale)
{
    int there[2], back[2];
    uint64_t sum = 0;
    uint8_t byte = 0;
    cpu_set_t here;
    if (pipe(there) != 0 || pipe(back) != 0) {
        return 0;
    }
    /* both on one CPU: switches are what is asked for */
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    sched_setaffinity(0, sizeof here, &here);
    pid_t child = fork();
    if (child == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1) {
            byte++;
            if (write(back[1], &byte, 1) != 1) {
                break;
            }
        }
        _exit(0);
    }
    for (uint64_t n = kernel_times(scale, 10000); n > 0; n--) {
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
            break;
        }
        sum += byte;
    }
    close(there[1]);
    waitpid(child, NULL, 0);
    return sum;
}

const Kernel kernels_system[] = {
    {.name = "atomic",  .run = run_atomic},
    {.name = "cas",                 .run = run_cas},
    {.name = "contend",.run = run_contend},
    {.name = "sys", .run = run_sys},
    {.name = "clock",                 .run = run_clock},
    {.name = "mmap",   .run = run_mmap},
    {.name = "mprot",   .run = run_mprot},
    {.name = "fork",                 .run = run_fork},
    {.name = "exec",.run = run_exec},
    {.name = "pipe",   .run = run_pipe},
    {.name = 0                },
};
