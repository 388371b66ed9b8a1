/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Breakpoints, watchpoints and counters through Linux's perf_event_open(2), without a C library:
 * prints how often each was hit, and whether a counter of cycles interrupted.
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdint.h>

#define SYS_READ            63
#define SYS_WRITE           64
#define SYS_EXIT            93
#define SYS_PERF_EVENT_OPEN 241
#define SYS_MMAP            222

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

void *memset(void *to, int byte, unsigned long bytes)
{
    for (unsigned long i = 0; i < bytes; i++) {
        ((volatile char *)to)[i] = (char)byte;
    }
    return to;
}

static void say(const char *name, long number)
{
    char text[64];
    int n = 0;

    while (*name) {
        text[n++] = *name++;
    }
    text[n++] = ' ';
    text[n++] = (char)('0' + number / 10 % 10);
    text[n++] = (char)('0' + number % 10);
    text[n++] = '\n';
    call(SYS_WRITE, 1, (long)text, n, 0, 0, 0);
}

static int event(struct perf_event_attr *attr)
{
    attr->size = sizeof(*attr);
    attr->exclude_hv = 1;
    return (int)call(SYS_PERF_EVENT_OPEN, (long)attr, 0, -1, -1, 0, 0);
}

static long count(int fd)
{
    uint64_t value = 0;

    return call(SYS_READ, fd, (long)&value, sizeof(value), 0, 0, 0) < 0 ? 99 : (long)value;
}

static int break_at(void *address, uint32_t type, uint64_t bytes)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_BREAKPOINT};

    attr.bp_type = type;
    attr.bp_addr = (uint64_t)address;
    attr.bp_len = bytes;
    attr.sample_period = 1;
    attr.exclude_kernel = 1;
    return event(&attr);
}

static volatile long watched, other;

__attribute__((noinline)) static void broken(void)
{
    other++;
}

/* Samples of cycles, by how far the kernel has filled the buffer. */
static long samples(void)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES};
    struct perf_event_mmap_page *page;

    attr.sample_period = 1000000;
    attr.sample_type = PERF_SAMPLE_IP;
    page = (void *)call(SYS_MMAP, 0, 2 * 4096, 3, 1, event(&attr), 0);
    if ((long)page < 0 && (long)page > -4096) {
        return 0;
    }
    for (long i = 0; i < 30000000 && page->data_head < 4 * 16; i++) {
        __asm__ volatile("" ::: "memory");
    }
    return (long)(page->data_head / 16);
}

void _start(void)
{
    int fd = break_at((void *)broken, HW_BREAKPOINT_X, sizeof(long));

    for (int i = 0; i < 5; i++) {
        broken();
    }
    say("break", count(fd));
    fd = break_at((void *)&watched, HW_BREAKPOINT_W, HW_BREAKPOINT_LEN_8);
    for (int i = 0; i < 7; i++) {
        watched = i;
        other = watched;
    }
    say("watch", count(fd));
    fd = break_at((void *)&watched, HW_BREAKPOINT_R, HW_BREAKPOINT_LEN_8);
    for (int i = 0; i < 3; i++) {
        watched = i;
        other = watched;
    }
    say("read", count(fd));
    say("sampled", samples() >= 4);
    call(SYS_EXIT, 0, 0, 0, 0, 0, 0);
}
