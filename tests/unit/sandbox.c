/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the filters let through. A filter stays for the life of a process, so each case has one. */
#include "core/sandbox/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

typedef void (*CaseFn)(void);

static void start(gboolean spawn)
{
    const QhSandboxOptions options = {.required = TRUE, .spawn = spawn};
    const struct rlimit no_core = {0, 0};
    g_autoptr(GError) error = NULL;

    setrlimit(RLIMIT_CORE, &no_core);
    g_assert_true(qh_sandbox_start(&options, &error));
    g_assert_no_error(error);
    g_assert_true(qh_sandbox_is_on());
}

static gpointer as_cpu(gpointer data)
{
    qh_sandbox_enter(QH_SANDBOX_VCPU);
    qh_sandbox_enter(QH_SANDBOX_VCPU); /* again is nothing */
    ((CaseFn)(void (*)(void))data)();
    return NULL;
}

static gpointer as_io(gpointer data)
{
    qh_sandbox_enter(QH_SANDBOX_IO);
    ((CaseFn)(void (*)(void))data)();
    return NULL;
}

static void on_thread(const char *name, GThreadFunc fn, CaseFn body)
{
    g_thread_join(g_thread_new(name, fn, (gpointer)(void (*)(void))body));
}

/* What a CPU's thread does all day. */
static void cpu_works(void)
{
    GMutex lock;
    int fds[2];
    char byte = 0;

    memcpy(fds, (int[2]){STDOUT_FILENO, STDERR_FILENO}, sizeof(fds));
    g_mutex_init(&lock);
    g_mutex_lock(&lock);
    g_mutex_unlock(&lock);
    g_usleep(1);
    g_free(g_malloc(64 << 20));
    g_free(g_malloc(100));
    g_assert_cmpint(write(fds[1], &byte, 0), ==, 0);
    void *block = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(block != MAP_FAILED);
    g_assert_cmpint(mprotect(block, 4096, PROT_READ), ==, 0);
    g_assert_cmpint(madvise(block, 8192, MADV_DONTNEED), ==, 0);
    munmap(block, 8192);
}

static void cpu_socket(void)
{
    (void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void cpu_open(void)
{
    g_assert_cmpint(open("/dev/null", O_RDONLY), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
}

static void cpu_exec_memory(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static gpointer nothing(gpointer data)
{
    return data;
}

static void make_thread(void)
{
    g_thread_join(g_thread_new("other", nothing, NULL));
}

/* "no such request" with an upper half that the kernel does not look at */
static void cpu_ioctl(void)
{
    syscall(SYS_ioctl, STDIN_FILENO, 0x100000000ul | TIOCSTI, "x");
}

static void io_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
}

static void main_ptrace(void)
{
    syscall(SYS_ptrace, 0, 0, 0, 0);
}

static const struct {
    const char *name;
    GThreadFunc role; /* NULL: the main thread */
    CaseFn body;
    const char *call; /* NULL: it is let through; "": no word, since libc blocks signals there */
} cases[] = {
    {"cpu-works",  as_cpu, cpu_works,       NULL    },
    {"cpu-socket", as_cpu, cpu_socket,      "socket"},
    {"cpu-open",   as_cpu, cpu_open,        NULL    },
    {"cpu-memory", as_cpu, cpu_exec_memory, "mmap"  },
    {"cpu-thread", as_cpu, make_thread,     ""      },
    {"cpu-ioctl",  as_cpu, cpu_ioctl,       "ioctl" },
    {"io-thread",  as_io,  make_thread,     NULL    },
    {"io-socket",  as_io,  io_socket,       "socket"},
    {"ptrace",     NULL,   main_ptrace,     "ptrace"},
};

static void test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);

    if (g_test_subprocess()) {
        start(FALSE);
        if (cases[i].role != NULL) {
            on_thread("cpu7", cases[i].role, cases[i].body);
        } else {
            cases[i].body();
        }
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    if (cases[i].call == NULL) {
        g_test_trap_assert_passed();
        return;
    }
    g_autofree char *text = g_strdup_printf("*sandbox: thread '%s' made system call * (%s)*",
                                            cases[i].role != NULL ? "cpu7" : "*", cases[i].call);
    g_test_trap_assert_failed();
    if (*cases[i].call != '\0') {
        g_test_trap_assert_stderr(text);
    }
}

/* Refused with an error that a command can show. */
static void test_refusals(void)
{
    if (g_test_subprocess()) {
        g_autoptr(GError) error = NULL;
        int status = 0;

        start(FALSE);
        void *block = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        g_assert_cmpint(mprotect(block, 4096, PROT_READ | PROT_EXEC), ==, -1);
        g_assert_cmpint(errno, ==, EPERM);
        g_assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
        g_assert_cmpint(errno, ==, EPERM);
        g_assert_cmpint(setuid(getuid()), ==, -1);
        g_assert_cmpint(errno, ==, EPERM);
        g_assert_false(qh_sandbox_allows_program("/bin/true", &error));
        g_assert_nonnull(strstr(error->message, "spawn=allow"));
        pid_t child = fork();
        if (child == 0) {
            execl("/bin/true", "true", NULL);
            _exit(errno == EPERM ? 9 : 8);
        }
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

static void test_spawn(void)
{
    if (g_test_subprocess()) {
        int status = 0;
        g_autoptr(GError) error = NULL;

        start(TRUE);
        g_assert_true(qh_sandbox_allows_program("/bin/true", NULL));
        g_assert_true(g_spawn_command_line_sync("/bin/true", NULL, NULL, &status, &error));
        g_assert_no_error(error);
        g_assert_cmpint(status, ==, 0);
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

/* What a child that makes call @number gets: its errno, 0, or -1 when it dies of it. */
static int try_call(long number, long first)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        signal(SIGSYS, SIG_DFL);
        _exit(syscall(number, first, 0, 0, 0, 0, 0) < 0 ? errno : 0);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Each of the filters that the main thread may get lets through what its options say, and only
 * that; bits of @data. */
static void test_options(gconstpointer data)
{
    guint with = GPOINTER_TO_UINT(data);
    gboolean obsolete = with & 1, elevate = with & 2, spawn = with & 4, resources = with & 8,
             rings = with & 16;

    if (g_test_subprocess()) {
        const QhSandboxOptions options = {.required = TRUE,
                                          .obsolete = obsolete,
                                          .elevate = elevate,
                                          .spawn = spawn,
                                          .resources = resources};
        if (rings) {
            qh_sandbox_need_rings();
        }
        g_assert_true(qh_sandbox_start(&options, NULL));
        g_assert_cmpint(try_call(SYS_setpgid, 0), ==, elevate ? 0 : EPERM);
        g_assert_cmpint(try_call(SYS_getpriority, PRIO_PROCESS), ==, resources ? 0 : EPERM);
        g_assert_cmpint(try_call(SYS_execve, 0), ==, spawn ? EFAULT : EPERM);
        g_assert_true((try_call(SYS_socket, AF_PACKET) == -1) == !spawn);
        g_assert_true((try_call(SYS_io_uring_enter, -1) == -1) == !rings);
#ifdef SYS_time
        g_assert_cmpint(try_call(SYS_time, 0), ==, obsolete ? 0 : -1);
#endif
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

/* A thread that runs guest code needs little. */
static void test_sizes(void)
{
    g_assert_cmpuint(qh_sandbox_n_calls(QH_SANDBOX_VCPU), <=, 40);
    g_assert_cmpuint(qh_sandbox_n_calls(QH_SANDBOX_IO), <=, 64);
    g_test_message("%u calls for a CPU, %u to move data, %u for the main thread",
                   qh_sandbox_n_calls(QH_SANDBOX_VCPU), qh_sandbox_n_calls(QH_SANDBOX_IO),
                   qh_sandbox_n_calls(QH_SANDBOX_MAIN));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/sandbox/%s", cases[i].name);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/sandbox/refusals", test_refusals);
    g_test_add_func("/sandbox/spawn", test_spawn);
    for (guint with = 0; with < 32; with++) {
        g_autofree char *path = g_strdup_printf("/sandbox/options/%u", with);

        g_test_add_data_func(path, GUINT_TO_POINTER(with), test_options);
    }
    g_test_add_func("/sandbox/sizes", test_sizes);
    return g_test_run();
}
