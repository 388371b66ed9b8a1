/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs benchmarks as told, natively on pipes or as the guest's first process on its console.
 *
 *   agent                      says "@ready", then obeys a line at a time:
 *   kernel NAME SCALE COPIES   COPIES processes, the n-th on CPU n (COPIES 1: anywhere)
 *   shell COMMAND              with /bin/sh, or what SHELL names
 *   timed COMMAND              the same between marks
 *   sleep SECONDS
 *
 *   agent NAME SCALE           one kernel, prints its checksum: for tests and profiles
 *
 * What is timed stands between "@begin" and "@end STATUS CHECKSUM CPU-NS WALL-NS". At each mark
 * the agent waits for a line, so that the other side can read its clocks while nothing runs here.
 * "@done STATUS" ends every order.
 */
#include "kernel.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 1000, COPIES_MAX = 16 };

typedef struct {
    uint64_t cpu_ns, wall_ns;
} Clocks;

/* What one copy tells the agent; shared memory. */
typedef struct {
    uint64_t checksum;
} Answer;

uint64_t kernel_times(double scale, uint64_t base)
{
    uint64_t n = (uint64_t)((double)base * scale);
    return n ? n : 1;
}

uint64_t kernel_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1d;
}

void *kernel_memory(uint64_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("agent: memory");
        exit(2);
    }
    memset(memory, 0, size);
    return memory;
}

static const Kernel *find(const char *name)
{
    static const Kernel *const all[] = {kernels_calls,  kernels_float, kernels_integer,
                                        kernels_memory, kernels_mix,   kernels_system,
                                        kernels_text};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (const Kernel *kernel = all[i]; kernel->name; kernel++) {
            if (strcmp(kernel->name, name) == 0) {
                return kernel;
            }
        }
    }
    return NULL;
}

static uint64_t nanoseconds(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

/* CPU time of the children that have ended. */
static Clocks clocks(void)
{
    struct rusage usage;
    struct timespec now;
    getrusage(RUSAGE_CHILDREN, &usage);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (Clocks){nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime),
                    (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec};
}

static int read_line(char *line)
{
    if (!fgets(line, LINE, stdin)) {
        return 0;
    }
    line[strcspn(line, "\r\n")] = 0;
    return 1;
}

static void mark(const char *text)
{
    char answer[LINE];
    puts(text);
    fflush(stdout);
    read_line(answer);
}

static void mark_end(int status, uint64_t checksum, Clocks before)
{
    Clocks after = clocks();
    char text[LINE];
    snprintf(text, sizeof text, "@end %d %016llx %llu %llu", status, (unsigned long long)checksum,
             (unsigned long long)(after.cpu_ns - before.cpu_ns),
             (unsigned long long)(after.wall_ns - before.wall_ns));
    mark(text);
}

/* One copy: prepare, say so, wait for the start, work. Never returns. */
static void
copy(const Kernel *kernel, double scale, int cpu, int *ready, int *start, Answer *answer)
{
    char byte = 0;
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    if (kernel->prepare) {
        kernel->prepare(scale);
    }
    if (write(ready[1], &byte, 1) != 1 || read(start[0], &byte, 1) != 1) {
        _exit(3);
    }
    answer->checksum = kernel->run(scale);
    _exit(0);
}

/* CPU time that a live child has used so far: its preparation, which is not to count. */
static uint64_t used(pid_t child)
{
    clockid_t clock;
    struct timespec t = {0};
    if (clock_getcpuclockid(child, &clock) == 0) {
        clock_gettime(clock, &t);
    }
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int run_kernel(const char *name, double scale, int copies)
{
    const Kernel *kernel = find(name);
    Answer *answers = mmap(NULL, COPIES_MAX * sizeof *answers, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ready[2], start[2], status = 0;
    pid_t children[COPIES_MAX];
    char bytes[COPIES_MAX] = {0};
    if (!kernel || copies < 1 || copies > COPIES_MAX || answers == MAP_FAILED || pipe(ready) != 0 ||
        pipe(start) != 0) {
        return 2;
    }
    for (int i = 0; i < copies; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            copy(kernel, scale, copies > 1 ? i : -1, ready, start, &answers[i]);
        }
    }
    for (int i = 0; i < copies; i++) {
        status |= read(ready[0], bytes, 1) != 1;
    }
    mark("@begin");
    Clocks before = clocks();
    for (int i = 0; i < copies; i++) {
        before.cpu_ns += used(children[i]);
    }
    status |= write(start[1], bytes, (size_t)copies) != copies;
    uint64_t checksum = 0;
    for (int i = 0; i < copies; i++) {
        int child_status = 0;
        waitpid(children[i], &child_status, 0);
        status |= child_status;
        checksum += answers[i].checksum;
    }
    mark_end(status, checksum, before);
    munmap(answers, COPIES_MAX * sizeof *answers);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(start[i]);
    }
    return status;
}

static int run_shell(const char *command)
{
    int status = -1;
    const char *shell = getenv("SHELL") ? getenv("SHELL") : "/bin/sh";
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(shell, shell, "-c", command, (char *)NULL);
        perror(shell);
        _exit(127);
    }
    waitpid(child, &status, 0);
    return status;
}

static int run_timed(const char *command)
{
    mark("@begin");
    Clocks before = clocks();
    int status = run_shell(command);
    mark_end(status, 0, before);
    return status;
}

/* A console that passes bytes as they are. */
static void make_raw(void)
{
    struct termios tty;
    if (tcgetattr(0, &tty) == 0) {
        cfmakeraw(&tty);
        tcsetattr(0, TCSANOW, &tty);
    }
}

/* As the first process. */
static void become_init(void)
{
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
    setenv("HOME", "/root", 1);
}

static int obey(void)
{
    char line[LINE];
    make_raw();
    puts("@ready");
    fflush(stdout);
    if (getpid() == 1) {
        become_init();
    }
    while (read_line(line)) {
        char name[32];
        double number;
        int copies, status = 2;
        if (sscanf(line, "kernel %31s %lf %d", name, &number, &copies) == 3) {
            status = run_kernel(name, number, copies);
        } else if (strncmp(line, "shell ", 6) == 0) {
            status = run_shell(line + 6);
        } else if (strncmp(line, "timed ", 6) == 0) {
            status = run_timed(line + 6);
        } else if (sscanf(line, "sleep %lf", &number) == 1) {
            status = usleep((useconds_t)(number * 1e6));
        }
        printf("@done %d\n", status);
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "nothing") == 0) {
        return 17;
    }
    if (argc != 3) {
        return obey();
    }
    const Kernel *kernel = find(argv[1]);
    if (!kernel) {
        fprintf(stderr, "agent: no kernel %s\n", argv[1]);
        return 2;
    }
    double scale = atof(argv[2]);
    if (kernel->prepare) {
        kernel->prepare(scale);
    }
    printf("%016llx\n", (unsigned long long)kernel->run(scale));
    return 0;
}
