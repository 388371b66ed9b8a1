/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host/log.h"

#include "core/os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* What a guest may make the host write: lines a second. What is beyond that is counted. */
#define GUEST_LINES_PER_S 1000u
#define NS_PER_S          G_GINT64_CONSTANT(1000000000)

typedef struct Category {
    const char *name;
    uint32_t mask;
    const char *description;
} Category;

static const Category categories[] = {
    {"guest_errors", QH_LOG_GUEST_ERROR, "what the guest does against the manuals"               },
    {"unimp",        QH_LOG_UNIMP,       "what the guest uses and is not modelled"               },
    {"int",          QH_LOG_INT,         "exceptions and interrupts"                             },
    {"mmu",          QH_LOG_MMU,         "address translation"                                   },
    {"in_asm",       QH_LOG_IN_ASM,      "guest code as it is translated"                        },
    {"ir",           QH_LOG_IR,          "the records that guest code is translated into"        },
    {"op",           QH_LOG_IR,          "the same"                                              },
    {"out_asm",      QH_LOG_OUT_ASM,     "host code as it is made, in bytes"                     },
    {"exec",         QH_LOG_EXEC,        "each block that is run"                                },
    {"cpu",          QH_LOG_CPU,         "registers before each block"                           },
    {"nochain",      QH_LOG_NOCHAIN,     "nothing, but blocks do not lead straight to each other"},
    {"all",          UINT32_MAX,         "everything"                                            },
    {"none",         0,                  "nothing"                                               },
};

struct QhLog {
    QhHost *host;
    guint mask; /* atomic */
    GMutex lock;
    int fd;          /* of the -D file, or -1: stderr */
    gint timestamps; /* atomic */
    gint guest_name; /* atomic */
    GArray *filter;  /* QhLogRange; NULL: none */
    int64_t second_start_ns;
    guint lines;   /* from guests in this second */
    guint dropped; /* of those, not written */
};

QhLog *qh_log_new(QhHost *host)
{
    QhLog *log = g_new0(QhLog, 1);

    log->host = host;
    log->fd = -1;
    g_mutex_init(&log->lock);
    return log;
}

void qh_log_free(QhLog *log)
{
    if (log == NULL) {
        return;
    }
    if (log->fd >= 0) {
        close(log->fd);
    }
    if (log->filter != NULL) {
        g_array_unref(log->filter);
    }
    g_mutex_clear(&log->lock);
    g_free(log);
}

static gboolean add_category(const char *name, uint32_t *mask, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(categories); i++) {
        if (g_str_equal(name, categories[i].name)) {
            *mask = categories[i].mask != 0 ? *mask | categories[i].mask : 0;
            return TRUE;
        }
    }
    g_autofree char *help = qh_log_help();
    g_set_error(error, QH_ERROR, QH_ERROR_INVALID, "'%s' is not something to log; there are:\n%s",
                name, g_strchomp(help));
    return FALSE;
}

gboolean qh_log_parse_mask(const char *text, uint32_t *ret_mask, GError **error)
{
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    uint32_t mask = 0;
    guint i = 0;

    do { /* an empty text has no parts, but is no category either */
        if (!add_category(names[i] != NULL ? names[i] : "", &mask, error)) {
            return FALSE;
        }
        i++;
    } while (i < g_strv_length(names));
    *ret_mask = mask;
    return TRUE;
}

const char *qh_log_category(guint i, const char **ret_description)
{
    *ret_description = i < G_N_ELEMENTS(categories) ? categories[i].description : NULL;
    return i < G_N_ELEMENTS(categories) ? categories[i].name : NULL;
}

char *qh_log_help(void)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(categories); i++) {
        g_string_append_printf(out, "%-14s %s\n", categories[i].name, categories[i].description);
    }
    return g_string_free(out, FALSE);
}

void qh_log_set_mask(QhLog *log, uint32_t mask)
{
    g_atomic_int_set((gint *)&log->mask, (gint)mask);
}

uint32_t qh_log_mask(const QhLog *log)
{
    return (uint32_t)g_atomic_int_get((const gint *)&log->mask);
}

void qh_log_set_filter(QhLog *log, GArray *ranges)
{
    if (log->filter != NULL) {
        g_array_unref(log->filter);
    }
    log->filter = g_array_ref(ranges);
}

gboolean qh_log_in_filter(const QhLog *log, uint64_t pc)
{
    for (guint i = 0; log->filter != NULL && i < log->filter->len; i++) {
        const QhLogRange *range = &g_array_index(log->filter, QhLogRange, i);
        if (pc >= range->first && pc <= range->last) {
            return TRUE;
        }
    }
    return log->filter == NULL;
}

/* "%d" is the process; no other '%' means anything. */
static char *expand(const char *path, GError **error)
{
    const char *percent = strchr(path, '%');

    if (percent == NULL) {
        return g_strdup(path);
    }
    if (percent[1] != 'd' || strchr(percent + 1, '%') != NULL) {
        g_set_error(error, QH_ERROR, QH_ERROR_INVALID,
                    "log file '%s': one %%d is allowed, which stands for the process id", path);
        return NULL;
    }
    return g_strdup_printf("%.*s%d%s", (int)(percent - path), path, (int)getpid(), percent + 2);
}

gboolean qh_log_set_file(QhLog *log, const char *template, GError **error)
{
    g_autofree char *path = expand(template, error);

    if (path == NULL) {
        return FALSE;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);

    if (fd < 0) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "cannot open log file '%s': %s", path,
                    g_strerror(errno));
        return FALSE;
    }
    g_mutex_lock(&log->lock);
    int old = log->fd;
    log->fd = fd;
    g_mutex_unlock(&log->lock);
    if (old >= 0) {
        close(old);
    }
    return TRUE;
}

/* A log that cannot be written must not end or stop the guest: what does not go is dropped. */
static void write_all(int fd, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(fd, text, bytes);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        text += n;
        bytes -= (size_t)n;
    }
}

/* With the lock. */
static void put(QhLog *log, const char *text)
{
    write_all(log->fd >= 0 ? log->fd : STDERR_FILENO, text, strlen(text));
}

void qh_log_text(QhLog *log, uint32_t bit, const char *text)
{
    if ((qh_log_mask(log) & bit) == 0) {
        return;
    }
    g_mutex_lock(&log->lock);
    put(log, text);
    g_mutex_unlock(&log->lock);
}

static void put_guest_line(QhLog *log, const char *text)
{
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    int64_t now = qh_os_monotonic_ns();

    g_mutex_lock(&log->lock);
    if (now - log->second_start_ns >= NS_PER_S) {
        if (log->dropped > 0) {
            g_autofree char *note = g_strdup_printf("(%u lines dropped)\n", log->dropped);
            put(log, note);
        }
        log->second_start_ns = now;
        log->lines = 0;
        log->dropped = 0;
    }
    if (log->lines < GUEST_LINES_PER_S) {
        log->lines++;
        put(log, line);
    } else {
        log->dropped++;
    }
    g_mutex_unlock(&log->lock);
}

void qh_log_set_timestamps(QhLog *log, gboolean on)
{
    g_atomic_int_set(&log->timestamps, on);
}

void qh_log_set_guest_name(QhLog *log, gboolean on)
{
    g_atomic_int_set(&log->guest_name, on);
}

char *qh_log_timestamp(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();

    return g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ ");
}

static void message(QhLog *log, const char *kind, const char *format, va_list arguments)
{
    const QhHostConfig *config = qh_host_config(log->host);
    const char *program = config->program;
    gboolean named = g_atomic_int_get(&log->guest_name) && config->name != NULL;
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    g_autofree char *stamp = g_atomic_int_get(&log->timestamps) ? qh_log_timestamp() : g_strdup("");
    g_autofree char *line =
        g_strdup_printf("%s%s%s%s: %s%s\n", stamp, named ? config->name : "", named ? " " : "",
                        program != NULL ? program : "qemu-host", kind, text);

    g_mutex_lock(&log->lock);
    write_all(STDERR_FILENO, line, strlen(line));
    g_mutex_unlock(&log->lock);
}

void qh_log_warn(QhLog *log, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    message(log, "warning: ", format, arguments);
    va_end(arguments);
}

void qh_log_error(QhLog *log, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    message(log, "", format, arguments);
    va_end(arguments);
}

static uint32_t service_mask(QhHost *host)
{
    return qh_log_mask(qh_host_log(host));
}

static void service_guest(QhHost *host, uint32_t bit, const char *text)
{
    QhLog *log = qh_host_log(host);

    if ((qh_log_mask(log) & bit) == 0) {
        return;
    }
    /* a trace with gaps is of no use; the others are complaints, of which a few are enough */
    if (bit & (QH_LOG_INT | QH_LOG_MMU)) {
        g_autofree char *line = g_strconcat(text, "\n", NULL);
        qh_log_text(log, bit, line);
    } else {
        put_guest_line(log, text);
    }
}

static void service_warn(QhHost *host, const char *text)
{
    qh_log_warn(qh_host_log(host), "%s", text);
}

const QhLogService qh_log_service = {
    .size = sizeof(QhLogService),
    .mask = service_mask,
    .guest = service_guest,
    .warn = service_warn,
};
