/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/module/host-state.h"
#include "core/os/fp-mode.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct QhHostState {
    fenv_t fp;
    uint64_t fp_mode;
    struct sigaction signals[NSIG];
    sigset_t mask;
    mode_t umask;
    int cwd; /* descriptor */
    char *cwd_name;
    char *locale;
    GArray *fds; /* int, ascending */
    guint n_threads;
};

static int compare_ints(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

/* Numbers in directory @path: descriptors, or threads. */
static GArray *numbers(const char *path)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(int));
    DIR *directory = opendir(path);

    if (directory == NULL) {
        return all;
    }
    int self = dirfd(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        int number = atoi(entry->d_name);
        if (g_ascii_isdigit(entry->d_name[0]) && number != self) {
            g_array_append_val(all, number);
        }
    }
    closedir(directory);
    g_array_sort(all, compare_ints);
    return all;
}

static guint count_threads(void)
{
    g_autoptr(GArray) threads = numbers("/proc/self/task");

    return threads->len;
}

static mode_t current_umask(void)
{
    mode_t mask = umask(022);

    umask(mask);
    return mask;
}

QhHostState *qh_host_state_save(void)
{
    QhHostState *state = g_new0(QhHostState, 1);

    fegetenv(&state->fp);
    state->fp_mode = qh_fp_mode();
    for (int n = 1; n < NSIG; n++) {
        sigaction(n, NULL, &state->signals[n]);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &state->mask);
    state->umask = current_umask();
    state->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    state->cwd_name = g_get_current_dir();
    state->locale = g_strdup(setlocale(LC_ALL, NULL));
    state->fds = numbers("/proc/self/fd");
    state->n_threads = count_threads();
    return state;
}

static gboolean changed(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean changed(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);

    g_set_error(error, QH_ERROR, QH_ERROR_MODULE, "loading it changed %s", text);
    return FALSE;
}

static gboolean same_action(const struct sigaction *a, const struct sigaction *b)
{
    return a->sa_sigaction == b->sa_sigaction && a->sa_flags == b->sa_flags;
}

static int changed_signal(const QhHostState *state)
{
    for (int n = 1; n < NSIG; n++) {
        struct sigaction now;
        if (sigaction(n, NULL, &now) == 0 && !same_action(&now, &state->signals[n])) {
            return n;
        }
    }
    return 0;
}

static gboolean same_mask(const QhHostState *state)
{
    sigset_t now;

    pthread_sigmask(SIG_SETMASK, NULL, &now);
    for (int n = 1; n < NSIG; n++) {
        if (sigismember(&now, n) != sigismember(&state->mask, n)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean qh_host_state_compare(const QhHostState *state, GError **error)
{
    g_autofree char *cwd = g_get_current_dir();
    g_autoptr(GArray) fds = numbers("/proc/self/fd");
    guint n_threads = count_threads();
    int number = changed_signal(state);

    if (n_threads > state->n_threads) {
        return changed(error, "the number of threads from %u to %u", state->n_threads, n_threads);
    }
    if (qh_fp_mode() != state->fp_mode) {
        return changed(error, "the floating-point mode (was it linked with -ffast-math?)");
    }
    if (number != 0) {
        return changed(error, "the handler of signal %d (%s)", number, g_strsignal(number));
    }
    if (!same_mask(state)) {
        return changed(error, "the set of blocked signals");
    }
    if (current_umask() != state->umask) {
        return changed(error, "the umask");
    }
    if (strcmp(cwd, state->cwd_name) != 0) {
        return changed(error, "the working directory to %s", cwd);
    }
    if (g_strcmp0(setlocale(LC_ALL, NULL), state->locale) != 0) {
        return changed(error, "the locale to %s", setlocale(LC_ALL, NULL));
    }
    /* Other threads open and close descriptors of their own. */
    if (n_threads == 1 && (fds->len != state->fds->len ||
                           memcmp(fds->data, state->fds->data, fds->len * sizeof(int)) != 0)) {
        return changed(error, "the set of open descriptors");
    }
    return TRUE;
}

gboolean qh_host_state_more_threads(const QhHostState *state)
{
    return count_threads() > state->n_threads;
}

void qh_host_state_restore_modes(const QhHostState *state)
{
    fesetenv(&state->fp);
    for (int n = 1; n < NSIG; n++) {
        struct sigaction now;
        if (sigaction(n, NULL, &now) == 0 && !same_action(&now, &state->signals[n])) {
            sigaction(n, &state->signals[n], NULL);
        }
    }
    pthread_sigmask(SIG_SETMASK, &state->mask, NULL);
    umask(state->umask);
    g_autofree char *cwd = g_get_current_dir();
    if (strcmp(cwd, state->cwd_name) != 0 && fchdir(state->cwd) != 0) {
        g_warning("cannot return to directory %s: %s", state->cwd_name, g_strerror(errno));
    }
    if (g_strcmp0(setlocale(LC_ALL, NULL), state->locale) != 0) {
        setlocale(LC_ALL, state->locale);
    }
}

void qh_host_state_restore(const QhHostState *state)
{
    g_autoptr(GArray) fds = numbers("/proc/self/fd");
    guint had = 0;

    qh_host_state_restore_modes(state);
    if (state->n_threads > 1) {
        return; /* another thread may have opened them */
    }
    for (guint i = 0; i < fds->len; i++) {
        int fd = g_array_index(fds, int, i);
        while (had < state->fds->len && g_array_index(state->fds, int, had) < fd) {
            had++;
        }
        if (had == state->fds->len || g_array_index(state->fds, int, had) != fd) {
            close(fd);
        }
    }
}

void qh_host_state_free(QhHostState *state)
{
    if (state != NULL) {
        if (state->cwd >= 0) {
            close(state->cwd);
        }
        g_free(state->cwd_name);
        g_free(state->locale);
        g_array_unref(state->fds);
        g_free(state);
    }
}
