/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set lives as long as it has members or somebody has a duplicate of one, so that its number
 * means nothing else meanwhile. Files are opened on the main thread and on those of jobs, hence the
 * lock; only the main thread changes members.
 */
#include "core/fd/fds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_HEAD "/dev/fdset/"
#define SETTABLE  (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME) /* fcntl(2), F_SETFL */

typedef struct Member {
    int fd;
    char *opaque;
} Member;

typedef struct Set {
    int64_t id;
    GArray *members;    /* Member */
    GArray *duplicates; /* int */
} Set;

struct QhFdNames {
    GHashTable *table; /* name to descriptor + 1 */
};

struct QhFds {
    GMutex lock; /* of sets */
    GList *sets; /* Set *, by falling id */
    const QhFdMonitor *monitor;
};

static void member_clear(gpointer data)
{
    Member *member = data;

    close(member->fd);
    g_free(member->opaque);
}

static void set_free(gpointer data)
{
    Set *set = data;

    g_array_unref(set->members);
    g_array_unref(set->duplicates);
    g_free(set);
}

QhFds *qh_fds_new(void)
{
    QhFds *fds = g_new0(QhFds, 1);

    g_mutex_init(&fds->lock);
    return fds;
}

void qh_fds_free(QhFds *fds)
{
    if (fds != NULL) {
        g_list_free_full(fds->sets, set_free);
        g_mutex_clear(&fds->lock);
        g_free(fds);
    }
}

static Set *find(const QhFds *fds, int64_t id)
{
    for (GList *at = fds->sets; at != NULL; at = at->next) {
        if (((Set *)at->data)->id == id) {
            return at->data;
        }
    }
    return NULL;
}

static void drop_if_empty(QhFds *fds, Set *set)
{
    if (set->members->len == 0 && set->duplicates->len == 0) {
        fds->sets = g_list_remove(fds->sets, set);
        set_free(set);
    }
}

/* The number behind /dev/fdset/; FALSE: @path is an ordinary one. */
static gboolean parse_path(const char *path, int64_t *ret_id)
{
    const char *digits = path + strlen(PATH_HEAD);
    char *end = NULL;

    if (!g_str_has_prefix(path, PATH_HEAD) || !g_ascii_isdigit(*digits)) {
        return FALSE;
    }
    *ret_id = g_ascii_strtoll(digits, &end, 10);
    return *end == '\0';
}

gboolean qh_fds_is_set(const char *path)
{
    int64_t id;

    return parse_path(path, &id);
}

/* The member that suits @flags best, or -1. */
static int choose(const Set *set, int flags)
{
    int both = -1;

    for (guint i = 0; i < set->members->len; i++) {
        int fd = g_array_index(set->members, Member, i).fd;
        int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

        if (mode == (flags & O_ACCMODE)) {
            return fd;
        }
        both = mode == O_RDWR && both < 0 ? fd : both;
    }
    return (flags & O_ACCMODE) == O_RDONLY ? both : -1;
}

/* What open() does to a file besides opening it. 0, or an errno. */
static int adapt(int fd, int flags)
{
    int now = fcntl(fd, F_GETFL);
    struct stat info;

    if (now < 0 || ((now ^ flags) & SETTABLE &&
                    fcntl(fd, F_SETFL, (now & ~SETTABLE) | (flags & SETTABLE)) < 0)) {
        return errno;
    }
    if ((flags & O_TRUNC) != 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
        ftruncate(fd, 0) < 0) {
        return errno;
    }
    return 0;
}

static int open_member(QhFds *fds, int64_t id, int flags)
{
    Set *set = find(fds, id);
    int member = set != NULL ? choose(set, flags) : -1;

    if (member < 0) {
        errno = set == NULL ? ENOENT : EACCES;
        return -1;
    }
    int fd = fcntl(member, F_DUPFD_CLOEXEC, 3);
    int failed = fd >= 0 ? adapt(fd, flags) : errno;
    if (failed != 0) {
        if (fd >= 0) {
            close(fd);
        }
        errno = failed;
        return -1;
    }
    g_array_append_val(set->duplicates, fd);
    return fd;
}

int qh_fds_open(QhFds *fds, const char *path, int flags, mode_t mode)
{
    int64_t id = 0;

    if (fds == NULL || !parse_path(path, &id)) {
        return open(path, flags, mode);
    }
    g_mutex_lock(&fds->lock);
    int fd = open_member(fds, id, flags);
    int failed = errno;
    g_mutex_unlock(&fds->lock);
    errno = failed;
    return fd;
}

/* The set that @fd is a duplicate from; NULL: none. */
static Set *origin(const QhFds *fds, int fd, guint *ret_index)
{
    for (GList *at = fds->sets; at != NULL; at = at->next) {
        Set *set = at->data;

        for (guint i = 0; i < set->duplicates->len; i++) {
            if (g_array_index(set->duplicates, int, i) == fd) {
                *ret_index = i;
                return set;
            }
        }
    }
    return NULL;
}

int qh_fds_close(QhFds *fds, int fd)
{
    guint index = 0;

    if (fds != NULL) {
        g_mutex_lock(&fds->lock);
        Set *set = origin(fds, fd, &index);
        if (set != NULL) {
            g_array_remove_index_fast(set->duplicates, index);
            drop_if_empty(fds, set);
        }
        g_mutex_unlock(&fds->lock);
    }
    return close(fd);
}

gboolean qh_fds_is_duplicate(QhFds *fds, int fd)
{
    guint index = 0;

    if (fds == NULL) {
        return FALSE;
    }
    g_mutex_lock(&fds->lock);
    gboolean is = origin(fds, fd, &index) != NULL;
    g_mutex_unlock(&fds->lock);
    return is;
}

static gint by_falling_id(gconstpointer a, gconstpointer b)
{
    int64_t left = ((const Set *)a)->id, right = ((const Set *)b)->id;

    return left < right ? 1 : left > right ? -1 : 0;
}

static Set *add_set(QhFds *fds, int64_t id)
{
    Set *set = g_new0(Set, 1);

    set->id = id;
    set->members = g_array_new(FALSE, FALSE, sizeof(Member));
    g_array_set_clear_func(set->members, member_clear);
    set->duplicates = g_array_new(FALSE, FALSE, sizeof(int));
    fds->sets = g_list_insert_sorted(fds->sets, set, by_falling_id);
    return set;
}

int64_t qh_fds_add(QhFds *fds, int64_t id, int fd, const char *opaque)
{
    const Member member = {fd, g_strdup(opaque)};
    gboolean any = id < 0;

    g_mutex_lock(&fds->lock);
    for (id = MAX(id, 0); any && find(fds, id) != NULL;) {
        id++;
    }
    Set *set = find(fds, id);
    if (set == NULL) {
        set = add_set(fds, id);
    }
    g_array_append_val(set->members, member);
    g_mutex_unlock(&fds->lock);
    return id;
}

gboolean qh_fds_remove(QhFds *fds, int64_t id, int64_t fd, GError **error)
{
    gboolean found = FALSE;

    g_mutex_lock(&fds->lock);
    Set *set = find(fds, id);
    for (guint i = set != NULL ? set->members->len : 0; i-- > 0;) {
        if (fd < 0 || g_array_index(set->members, Member, i).fd == fd) {
            g_array_remove_index(set->members, i);
            found = TRUE;
        }
    }
    if (set != NULL) {
        drop_if_empty(fds, set);
    }
    g_mutex_unlock(&fds->lock);
    if (!found) {
        g_autofree char *which = fd < 0 ? NULL : g_strdup_printf(", fd:%" G_GINT64_FORMAT, fd);

        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "File descriptor named 'fdset-id:%" G_GINT64_FORMAT "%s' not found", id,
                    which != NULL ? which : "");
    }
    return found;
}

void qh_fds_foreach(QhFds *fds, QhFdsFn fn, void *data)
{
    g_mutex_lock(&fds->lock);
    for (GList *at = fds->sets; at != NULL; at = at->next) {
        const Set *set = at->data;

        if (set->members->len == 0) {
            fn(data, set->id, -1, NULL);
        }
        for (guint i = 0; i < set->members->len; i++) {
            const Member *member = &g_array_index(set->members, Member, i);

            fn(data, set->id, member->fd, member->opaque);
        }
    }
    g_mutex_unlock(&fds->lock);
}

/* Names. A descriptor is kept as its number + 1: a table cannot tell 0 from nothing. */

static void close_named(gpointer data)
{
    close(GPOINTER_TO_INT(data) - 1);
}

QhFdNames *qh_fd_names_new(void)
{
    QhFdNames *names = g_new0(QhFdNames, 1);

    names->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_named);
    return names;
}

void qh_fd_names_free(QhFdNames *names)
{
    if (names != NULL) {
        g_hash_table_unref(names->table);
        g_free(names);
    }
}

const QhFdMonitor *qh_fds_set_monitor(QhFds *fds, const QhFdMonitor *monitor)
{
    const QhFdMonitor *before = fds->monitor;

    fds->monitor = monitor;
    return before;
}

gboolean qh_fds_has_monitor(const QhFds *fds)
{
    return fds != NULL && fds->monitor != NULL;
}

int qh_fds_receive(QhFds *fds, GError **error)
{
    const QhFdMonitor *monitor = fds->monitor;
    int fd =
        monitor != NULL && monitor->receive != NULL ? monitor->receive(monitor->transport) : -1;

    if (fd < 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED,
                            "No file descriptor supplied via SCM_RIGHTS");
    }
    return fd;
}

gboolean qh_fds_name(QhFds *fds, const char *name, int fd, GError **error)
{
    if (!qh_fds_has_monitor(fds) || g_ascii_isdigit(*name)) {
        close(fd);
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            !qh_fds_has_monitor(fds)
                                ? "there is no monitor that the name would belong to"
                                : "Parameter 'fdname' expects a name not starting with a digit");
        return FALSE;
    }
    g_hash_table_replace(fds->monitor->names->table, g_strdup(name), GINT_TO_POINTER(fd + 1));
    return TRUE;
}

int qh_fds_take(QhFds *fds, const char *name, GError **error)
{
    gpointer key = NULL, value = NULL;

    if (!qh_fds_has_monitor(fds) ||
        !g_hash_table_steal_extended(fds->monitor->names->table, name, &key, &value)) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "File descriptor named '%.128s' has not been found", name);
        return -1;
    }
    g_free(key);
    return GPOINTER_TO_INT(value) - 1;
}
