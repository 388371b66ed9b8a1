/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sandbox/sandbox.h"
#include "abi/base.h"
#include "config-host.h"
#include "core/sandbox/lists.h"
#include "core/sandbox/rules.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_FILTER_BYTES (1u << 20)
#define N_NAMES          512u

struct program { /* struct sock_fprog of linux/filter.h */
    unsigned short length;
    void *instructions;
};

/*
 * What the kernel keeps for the process as a whole: a filter cannot be taken back, so this cannot
 * belong to a host. Written once, before other threads enter a role.
 */
static struct {
    gboolean on; /* atomic */
    gboolean programs_needed, programs_allowed, rings_needed;
    struct program programs[QH_SANDBOX_ROLES];
    char *names[N_NAMES]; /* of calls, for the handler of SIGSYS, which cannot look them up */
} sandbox;
static __thread gboolean entered;
static __thread char thread_name[17]; /* a CPU may not ask for it any more */

static gboolean failed(GError **error, const char *what)
{
    g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot start the sandbox: %s: %s", what,
                g_strerror(errno));
    return FALSE;
}

static gboolean add_list(scmp_filter_ctx filter, uint32_t action, const char *list)
{
    g_auto(GStrv) names = g_strsplit(list, " ", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);

        /* below zero: this architecture does not have it */
        if (number >= 0 && seccomp_rule_add(filter, action, number, 0) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_all(scmp_filter_ctx filter, QhSandboxRole role, const QhSandboxOptions *options)
{
    uint32_t refuse = SCMP_ACT_ERRNO(EPERM);

    if (sandbox.rings_needed && role != QH_SANDBOX_VCPU &&
        !add_list(filter, SCMP_ACT_ALLOW, "io_uring_enter")) {
        return FALSE;
    }

    if (!add_list(filter, SCMP_ACT_ALLOW, qh_sandbox_calls[role]) ||
        !qh_sandbox_add_rules(filter, role, options->spawn)) {
        return FALSE;
    }
    if (role != QH_SANDBOX_MAIN) {
        return add_list(filter, refuse, qh_sandbox_narrow_refused) &&
               (role == QH_SANDBOX_VCPU ||
                add_list(filter, SCMP_ACT_ERRNO(ENOSYS), qh_sandbox_unknown));
    }
    return (add_list(filter, SCMP_ACT_ERRNO(ENOSYS), qh_sandbox_unknown) &&
            (!options->obsolete || add_list(filter, SCMP_ACT_ALLOW, qh_sandbox_obsolete)) &&
            add_list(filter, options->elevate ? SCMP_ACT_ALLOW : refuse, qh_sandbox_elevate) &&
            add_list(filter, options->spawn ? SCMP_ACT_ALLOW : refuse, qh_sandbox_spawn) &&
            add_list(filter, options->resources ? SCMP_ACT_ALLOW : refuse, qh_sandbox_resources));
}

/* The library writes the kernel's program to a file only. */
static gboolean export(scmp_filter_ctx filter, struct program *ret, GError **error)
{
    int fd = memfd_create("sandbox", MFD_CLOEXEC);
    off_t bytes = fd >= 0 && seccomp_export_bpf(filter, fd) == 0 ? lseek(fd, 0, SEEK_END) : -1;
    gboolean ok = FALSE;

    if (bytes > 0 && bytes <= MAX_FILTER_BYTES) {
        ret->length = (unsigned short)(bytes / 8); /* struct sock_filter */
        ret->instructions = g_malloc((gsize)bytes);
        ok = pread(fd, ret->instructions, (gsize)bytes, 0) == bytes;
    }
    if (!ok) {
        failed(error, "writing the filter");
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static gboolean build(QhSandboxRole role, const QhSandboxOptions *options, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    gboolean ok = FALSE;

    if (filter == NULL || seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 ||
        !add_all(filter, role, options)) {
        failed(error, "making the filter");
    } else {
        ok = export(filter, &sandbox.programs[role], error);
    }
    seccomp_release(filter);
    return ok;
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
    if (number < N_NAMES && sandbox.names[number] != NULL) {
        append(text, &length, sizeof(text), " (");
        append(text, &length, sizeof(text), sandbox.names[number]);
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

    for (int i = 0; i < (int)N_NAMES; i++) {
        sandbox.names[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
    }
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSYS, &action, NULL) == 0 || failed(error, "catching SIGSYS");
}

static gboolean install(QhSandboxRole role, unsigned int flags)
{
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &sandbox.programs[role]) == 0;
}

gboolean qh_sandbox_start(const QhSandboxOptions *options, GError **error)
{
    QhSandboxOptions chosen = *options;
    g_autoptr(GError) cause = NULL;
    gboolean ok = TRUE;

    if (options->off || qh_sandbox_is_on() || (!options->required && !QH_SANDBOX_BY_DEFAULT)) {
        return TRUE;
    }
    chosen.spawn = options->spawn || (sandbox.programs_needed && !options->no_spawn);
    sandbox.programs_allowed = chosen.spawn;
    for (guint i = 0; ok && i < QH_SANDBOX_ROLES; i++) {
        ok = build((QhSandboxRole)i, &chosen, &cause);
    }
    ok = ok && set_handler(&cause);
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
    g_auto(GStrv) names = g_strsplit(qh_sandbox_calls[role], " ", -1);

    return g_strv_length(names) + qh_sandbox_n_rules(role);
}
