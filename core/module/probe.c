/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constructors, IFUNC resolvers, destructors and init are code that no check can judge: they may
 * crash, hang, end or replace the process. So a file is first loaded in a child, which has no
 * descriptors of ours, little memory and little time; what it does to itself is compared there,
 * too. A child that comes through to the end vouches for the file.
 */
#include "core/module/registry-priv.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_CPU_SECONDS 2
#define PROBE_MS          5000
#define PROBE_MEMORY      (UINT64_C(512) << 20) /* more than the process has already */

typedef struct Report {
    volatile uint32_t stage; /* QhProbeStage */
    uint32_t refusal;
    char text[1024];
} Report;

static uint64_t address_space(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL)) {
        return RLIM_INFINITY;
    }
    return g_ascii_strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit(int resource, rlim_t value)
{
    struct rlimit now;

    if (getrlimit(resource, &now) == 0 && (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > value)) {
        now.rlim_cur = value;
        now.rlim_max = MIN(now.rlim_max, value + 1); /* one second from SIGXCPU to SIGKILL */
        setrlimit(resource, &now);
    }
}

/* What the module may write to or send is gone; only @keep stays. */
static void close_others(int keep)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; fd <= 2 && null >= 0; fd++) {
        dup2(null, fd);
    }
    if (keep > 3) {
        close_range(3, (unsigned)keep - 1, 0);
    }
    close_range((unsigned)MAX(keep + 1, 3), ~0u, 0);
}

static void confine(int keep)
{
    for (int n = 1; n < NSIG; n++) {
        signal(n, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    close_others(keep);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, PROBE_CPU_SECONDS);
    uint64_t have = address_space();
    if (have < UINT64_C(1) << 40) { /* a sanitizer's shadow makes the figure meaningless */
        limit(RLIMIT_AS, have + PROBE_MEMORY);
    }
}

static void
child(QhRegistry *registry, QhModuleFile *file, int copy, const QhElf *elf, Report *report)
{
    g_autoptr(GError) error = NULL;
    QhElf mine = *elf;
    QhRefusal refusal = QH_REFUSED_NOT;

    confine(copy);
    registry->probe_stage = &report->stage;
    QhLoadedModule *module = qh_module_open(registry, file, copy, &mine, &refusal, &error);
    if (module == NULL) {
        report->refusal = (uint32_t)refusal;
        g_strlcpy(report->text, error->message, sizeof(report->text));
        report->stage = QH_PROBE_REFUSED;
        _exit(0);
    }
    qh_module_close(module);
    report->stage = QH_PROBE_GOOD;
    _exit(0);
}

/* The status of @pid; FALSE when it had to be stopped for want of time. */
static gboolean wait_for(pid_t pid, int *ret_status)
{
    gint64 end = g_get_monotonic_time() + PROBE_MS * G_TIME_SPAN_MILLISECOND;
    gulong pause_us = 50;

    *ret_status = 0;
    for (;;) {
        pid_t got = waitpid(pid, ret_status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR)) {
            return TRUE;
        }
        if (g_get_monotonic_time() > end) {
            kill(pid, SIGKILL);
            waitpid(pid, ret_status, 0);
            return FALSE;
        }
        g_usleep(pause_us);
        pause_us = MIN(pause_us * 2, 5000);
    }
}

static gboolean
judge(const Report *report, int status, gboolean in_time, QhRefusal *ret_refusal, GError **error)
{
    static const char *const where[] = {"being opened", "its init", "its offers being checked",
                                        "being closed"};
    uint32_t stage = report->stage;

    if (stage == QH_PROBE_GOOD && in_time && WIFEXITED(status)) {
        return TRUE;
    }
    if (stage == QH_PROBE_REFUSED) {
        *ret_refusal = (QhRefusal)report->refusal;
        g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE, report->text);
        return FALSE;
    }
    const char *when = stage < G_N_ELEMENTS(where) ? where[stage] : "its end";
    *ret_refusal = stage == QH_PROBE_OPEN ? QH_REFUSED_LINK_FAILED : QH_REFUSED_INIT_FAILED;
    if (!in_time || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE,
                    "it failed its probe: it did not come to an end during %s", when);
    } else if (WIFSIGNALED(status)) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE,
                    "it failed its probe: it crashed during %s (signal %d, %s)", when,
                    WTERMSIG(status), g_strsignal(WTERMSIG(status)));
    } else {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE,
                    "it failed its probe: it ended or replaced the process during %s", when);
    }
    return FALSE;
}

gboolean qh_module_probe(QhRegistry *registry,
                         QhModuleFile *file,
                         int copy,
                         const QhElf *elf,
                         QhRefusal *ret_refusal,
                         GError **error)
{
    Report *report =
        mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;

    *ret_refusal = QH_REFUSED_LINK_FAILED;
    if (report == MAP_FAILED) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "it cannot be probed: %s", g_strerror(errno));
        return FALSE;
    }
    pid_t pid = fork();
    if (pid == 0) {
        child(registry, file, copy, elf, report);
    }
    gboolean good = FALSE;
    if (pid < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "it cannot be probed: %s", g_strerror(errno));
    } else {
        gboolean in_time = wait_for(pid, &status);
        good = judge(report, status, in_time, ret_refusal, error);
    }
    munmap(report, sizeof(*report));
    return good;
}
