/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trial: what a module does may crash, hang or end the process, so it is done in a child that
 * leads a process group of its own. The child writes what it finds into a pipe, a line each, and
 * keeps in shared memory what it is about to do.
 */
#include "core/modcheck/verdict.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIAL_MS       90000
#define TRIAL_MEMORY   (UINT64_C(4) << 30)
#define PAUSE_MS       200
#define DOING_BYTES    512u
#define REMARKS_MAX    8u /* of one trial: a device that is wrong is wrong everywhere */
#define LINE_MAX_BYTES 1024u

/* What the child and its parent share. */
typedef struct Shared {
    char doing[DOING_BYTES];
    uint32_t n_remarks;
    uint32_t done;
} Shared;

void qh_trial_doing(QhTrial *trial, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(trial->doing, DOING_BYTES, format, args);
    va_end(args);
}

gboolean qh_trial_is_full(const QhTrial *trial)
{
    const Shared *shared = (const Shared *)trial->doing;

    return shared->n_remarks >= REMARKS_MAX;
}

static void say(QhTrial *trial, char kind, const char *format, va_list args)
{
    Shared *shared = (Shared *)trial->doing;
    g_autofree char *text = g_strdup_vprintf(format, args);
    char line[LINE_MAX_BYTES];

    if (qh_trial_is_full(trial)) {
        return;
    }
    shared->n_remarks++;
    g_strdelimit(text, "\r\n", ' ');
    int bytes = snprintf(line, sizeof(line) - 1, "%c%s", kind, text);
    bytes = MIN(bytes, (int)sizeof(line) - 2);
    line[bytes++] = '\n';
    /* at most PIPE_BUF: whole or not at all */
    if (write(trial->out, line, (size_t)bytes) != bytes) {
        shared->n_remarks = REMARKS_MAX;
    }
}

void qh_trial_problem(QhTrial *trial, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(trial, 'P', format, args);
    va_end(args);
}

void qh_trial_unchecked(QhTrial *trial, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(trial, 'U', format, args);
    va_end(args);
}

void qh_trial_refused(QhTrial *trial, QhRefusal refusal, const char *reason)
{
    qh_trial_problem(trial, "\t%s\t%s", qh_refusal_text(refusal), reason);
}

static void limit(int resource, rlim_t value)
{
    struct rlimit now;

    if (getrlimit(resource, &now) == 0) {
        now.rlim_cur = MIN(now.rlim_max, value);
        setrlimit(resource, &now);
    }
}

static uint64_t address_space(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL)) {
        return UINT64_MAX;
    }
    return g_ascii_strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void confine(int out, guint cpu_seconds)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = 0; fd <= 2 && null >= 0; fd++) {
        dup2(null, fd);
    }
    if (out > 3) {
        close_range(3, (unsigned)out - 1, 0);
    }
    close_range((unsigned)MAX(out + 1, 3), ~0u, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, cpu_seconds);
    if (address_space() <
        TRIAL_MEMORY / 2) { /* the shadow of a sanitizer is larger than any limit */
        limit(RLIMIT_AS, TRIAL_MEMORY);
    }
}

/* "PTEXT" or "UTEXT"; "P\tCHECK\tTEXT" names another check. */
static void take_line(QhVerdict *verdict, const char *check, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line + (line[0] != '\0'), "\t", 3);
    gboolean other = g_strv_length(parts) == 3 && parts[0][0] == '\0';

    qh_verdict_add(verdict, line[0] == 'P', other ? parts[1] : check,
                   other ? parts[2] : line + (line[0] != '\0'));
}

/* Whether @pid has ended; it stays to be waited for. */
static gboolean has_ended(pid_t pid)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* What the child @pid writes until it ends; FALSE: time is over. *@ret_left: it has ended, and
 * another process still has its end of the pipe. */
static gboolean
listen_to(QhVerdict *verdict, const char *check, pid_t pid, int in, gboolean *ret_left)
{
    gint64 end = g_get_monotonic_time() + TRIAL_MS * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GString) text = g_string_new(NULL);
    ssize_t got = 1;

    while (got != 0) {
        struct pollfd waiting = {.fd = in, .events = POLLIN};
        gint64 left = end - g_get_monotonic_time();
        char bytes[4096];

        if (left <= 0) {
            return FALSE;
        }
        gboolean ended = has_ended(pid); /* before looking for what it wrote */
        if (poll(&waiting, 1, PAUSE_MS) <= 0) {
            if (ended) {
                *ret_left = TRUE;
                return TRUE;
            }
            continue;
        }
        got = read(in, bytes, sizeof(bytes));
        if (got > 0) {
            g_string_append_len(text, bytes, got);
        } else if (got < 0 && errno != EINTR && errno != EAGAIN) {
            got = 0;
        }
        for (char *newline; (newline = memchr(text->str, '\n', text->len)) != NULL;) {
            *newline = '\0';
            take_line(verdict, check, text->str);
            g_string_erase(text, 0, newline - text->str + 1);
        }
    }
    return TRUE;
}

static void
judge(QhVerdict *verdict, const char *check, const Shared *shared, int status, gboolean in_time)
{
    g_autofree char *doing = g_strndup(shared->doing, DOING_BYTES - 1);

    if (!in_time || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
        qh_verdict_problem(verdict, check, "it did not come to an end during %s", doing);
    } else if (WIFSIGNALED(status)) {
        qh_verdict_problem(verdict, check, "it crashed during %s (signal %d, %s)", doing,
                           WTERMSIG(status), g_strsignal(WTERMSIG(status)));
    } else if (!shared->done) {
        qh_verdict_problem(verdict, check, "it ended the process during %s", doing);
    }
}

static void child(QhVerdict *verdict,
                  const char *kind,
                  const char *name,
                  Shared *shared,
                  int out,
                  void (*fn)(QhTrial *))
{
    g_autofree char *check = g_strdup_printf("%s/%s", kind, name);
    QhTrial trial = {.path = verdict->path,
                     .check = check,
                     .kind = kind,
                     .name = name,
                     .doing = shared->doing,
                     .out = out};

    confine(out, verdict->cpu_seconds);
    qh_trial_doing(&trial, "its start");
    fn(&trial);
    shared->done = 1;
    _exit(0);
}

gboolean
qh_trial_run(QhVerdict *verdict, const char *kind, const char *name, void (*fn)(QhTrial *trial))
{
    g_autofree char *check = g_strdup_printf("%s/%s", kind, name);
    Shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    guint before = verdict->remarks->len;
    int ends[2], status = 0;

    qh_verdict_checks(verdict, check);
    if (shared == MAP_FAILED || pipe2(ends, O_CLOEXEC) != 0) {
        qh_verdict_problem(verdict, check, "no trial can be made: %s", g_strerror(errno));
        return FALSE;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        child(verdict, kind, name, shared, ends[1], fn);
    }
    close(ends[1]);
    if (pid < 0) {
        qh_verdict_problem(verdict, check, "no trial can be made: %s", g_strerror(errno));
    } else {
        gboolean left = FALSE;
        gboolean in_time = listen_to(verdict, check, pid, ends[0], &left);
        kill(-pid, SIGKILL); /* also what it has left behind */
        if (!in_time) {
            kill(pid, SIGKILL);
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        judge(verdict, check, shared, status, in_time);
        if (left) {
            qh_verdict_problem(verdict, check, "it leaves a process behind");
        }
    }
    close(ends[0]);
    munmap(shared, sizeof(*shared));
    for (guint i = before; i < verdict->remarks->len; i++) {
        const QhRemark *remark = g_ptr_array_index(verdict->remarks, i);
        if (remark->problem) {
            return FALSE;
        }
    }
    return TRUE;
}
