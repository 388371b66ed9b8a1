/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sandbox/sandbox.h"
#include "abi/base.h"
#include "config-host.h"
#include "core/sandbox/filters.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What the kernel keeps for the process as a whole: a filter cannot be taken back, so this cannot
 * belong to a host. Written once, before other threads enter a role.
 */
static struct {
    gboolean on; /* atomic */
    gboolean programs_needed, programs_allowed, rings_needed;
    guint with; /* QH_SANDBOX_WITH_... */
} sandbox;
static __thread gboolean entered;
static __thread char thread_name[17]; /* a CPU may not ask for it any more */

static gboolean failed(GError **error, const char *what)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot start the sandbox: %s: %s", what,
                g_strerror(errno));
    return FALSE;
}

static void append(char *text, gsize *length, gsize room, const char *part)
{
    while (*part != '\0' && *length < room) {
        text[(*length)++] = *part++;
    }
}

/* Only what may be called in a handler: the thread can be anywhere. */
static void on_violation(int signal_number, siginfo_t *info, G_GNUC_UNUSED void *context)
{
    char text[160], digits[12];
    gsize length = 0, at = sizeof(digits) - 1;
    guint number = (guint)info->si_syscall;

    if (thread_name[0] == '\0') {
        prctl(PR_GET_NAME, thread_name);
    }
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && at > 0);
    number = (guint)info->si_syscall;
    append(text, &length, sizeof(text), "qemu-host: sandbox: thread '");
    append(text, &length, sizeof(text), thread_name);
    append(text, &length, sizeof(text), "' made system call ");
    append(text, &length, sizeof(text), digits + at);
    if (number < QH_SANDBOX_NAMES && qh_sandbox_name_offsets[number] != 0) {
        append(text, &length, sizeof(text), " (");
        append(text, &length, sizeof(text), qh_sandbox_name_text + qh_sandbox_name_offsets[number]);
        append(text, &length, sizeof(text), ")");
    }
    append(text, &length, sizeof(text), ", which it never should; this is the end\n");
    ssize_t n G_GNUC_UNUSED = write(STDERR_FILENO, text, length);
    /* the handler is reset, so this is a death by SIGSYS, with a core file if those are wanted */
    syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal_number);
}

static gboolean set_handler(GError **error)
{
    struct sigaction action = {
        .sa_sigaction = on_violation,
        .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_NODEFER),
    };

    sigemptyset(&action.sa_mask);
    return sigaction(SIGSYS, &action, NULL) == 0 || failed(error, "catching SIGSYS");
}

static gboolean install(QhSandboxRole role, unsigned int flags)
{
    const QhSandboxFilter *filter = &qh_sandbox_filters[role][sandbox.with];
    const struct sock_fprog program = {
        .len = filter->length,
        .filter = (struct sock_filter *)&qh_sandbox_code[filter->start], /* it only reads it */
    };

    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0;
}

gboolean qh_sandbox_start(const QhSandboxOptions *options, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean ok;

    if (options->off || qh_sandbox_is_on() || (!options->required && !QH_SANDBOX_BY_DEFAULT)) {
        return TRUE;
    }
    sandbox.programs_allowed = options->spawn || (sandbox.programs_needed && !options->no_spawn);
    sandbox.with = (options->obsolete ? QH_SANDBOX_WITH_OBSOLETE : 0) |
                   (options->elevate ? QH_SANDBOX_WITH_ELEVATE : 0) |
                   (sandbox.programs_allowed ? QH_SANDBOX_WITH_SPAWN : 0) |
                   (options->resources ? QH_SANDBOX_WITH_RESOURCES : 0) |
                   (sandbox.rings_needed ? QH_SANDBOX_WITH_RINGS : 0);
    ok = set_handler(&cause);
    if (ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        ok = failed(&cause, "giving up new privileges");
    }
    if (ok && !install(QH_SANDBOX_MAIN, SECCOMP_FILTER_FLAG_TSYNC)) {
        ok = failed(&cause, "the kernel refuses the filter");
    }
    if (ok) {
        __atomic_store_n(&sandbox.on, TRUE, __ATOMIC_RELEASE);
        return TRUE;
    }
    if (options->required) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    fprintf(stderr, "qemu-host: warning: %s; going on without\n", cause->message);
    return TRUE;
}

gboolean qh_sandbox_is_on(void)
{
    return __atomic_load_n(&sandbox.on, __ATOMIC_ACQUIRE);
}

#if !QH_SANDBOX_BY_DEFAULT
/* Built with sanitizers. The search for leaks in the end traces the process from another one, which
 * the filters refuse; AddressSanitizer asks here whether to do without
 * (sanitizer/lsan_interface.h). */
int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void)
{
    return qh_sandbox_is_on();
}
#endif

void qh_sandbox_need_programs(void)
{
    sandbox.programs_needed = TRUE;
}

void qh_sandbox_need_rings(void)
{
    sandbox.rings_needed = TRUE;
}

gboolean qh_sandbox_allows_program(const char *program, GError **error)
{
    if (!qh_sandbox_is_on() || sandbox.programs_allowed) {
        return TRUE;
    }
    g_set_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED,
                "cannot start '%s': the sandbox denies it; -sandbox on,spawn=allow would not",
                program);
    return FALSE;
}

void qh_sandbox_enter(QhSandboxRole role)
{
    if (entered || !qh_sandbox_is_on()) {
        return;
    }
    entered = TRUE;
    prctl(PR_GET_NAME, thread_name);
    if (role != QH_SANDBOX_MAIN && !install(role, 0)) {
        /* it has the main thread's at least; the kernel had no memory */
        fprintf(stderr, "qemu-host: warning: a thread keeps the main thread's sandbox: %s\n",
                g_strerror(errno));
    }
}

gboolean qh_sandbox_entered(void)
{
    return entered;
}

void qh_sandbox_inherit(void)
{
    entered = TRUE;
    g_strlcpy(thread_name, "of its kind", sizeof(thread_name)); /* it may not ask */
}

guint qh_sandbox_n_calls(QhSandboxRole role)
{
    return qh_sandbox_list_lengths[role];
}
