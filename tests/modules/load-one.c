/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module host without the rest of the host, driven from the command line: one line of answer
 * to each command, "alive" at the end.
 *
 *   load-one [dir=PATH] [scan] [load=NAME] [unload=NAME] [target=NAME] [acquire=KIND/NAME]
 * [release] [modules] [slots] [absence=KIND/NAME] [suggest=KIND/NAME] [fingerprint] [watch=MS]
 *            [state] [threads=N] [pause]
 *
 * pause prints "paused" and goes on when a line comes in.
 */
#include "core/module/registry.h"
#include "core/module/services.h"
#include "core/os/fp-mode.h"
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Stands in for services.c: every service exists in version 1.9, and its table is empty. */
const void *
qh_service_find(QhHost *host, const char *name, uint32_t major, uint32_t min_minor, GError **error)
{
    static const uint64_t table[64];

    (void)host;
    if (!g_str_has_prefix(name, "qh.") || major != 1 || min_minor > 9) {
        g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND,
                    "it needs service '%s' %u.%u, this host has 1.9", name, major, min_minor);
        return NULL;
    }
    return table;
}

typedef struct Test {
    QhRegistry *registry;
    QhSlotRef ref;
    GMainLoop *loop;
} Test;

static void answer(const char *command, gboolean good, GError *error)
{
    const QhAbsence *absence = good ? NULL : qh_absence_of_error(error);

    printf("%s: %s%s\n", command, good ? "ok" : "error: ", good ? "" : error->message);
    if (absence != NULL) {
        printf("absence: %s|%s|%s|%s\n", absence->slot, absence->module ? absence->module : "-",
               absence->package ? absence->package : "-", absence->reason);
    }
    g_clear_error(&error);
}

static void listen(QhRegistryChange change, const char *module, void *data)
{
    static const char *const words[] = {"loaded", "unloaded", "changed"};

    (void)data;
    printf("event: %s %s\n", words[change], module != NULL ? module : "-");
}

static void describe(QhRegistry *registry, gboolean slots)
{
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    if (slots) {
        qh_registry_describe_slots(registry, writer);
    } else {
        qh_registry_describe_modules(registry, writer);
    }
    g_autofree char *text = qh_json_writer_steal(writer, NULL);
    printf("%s\n", text);
}

/* What a module must not have changed, in one line. */
static void print_state(void)
{
    struct sigaction segv, term;
    g_autofree char *cwd = g_get_current_dir();
    mode_t mask = umask(022);

    umask(mask);
    sigaction(SIGSEGV, NULL, &segv);
    sigaction(SIGTERM, NULL, &term);
    g_autoptr(GDir) fds = g_dir_open("/proc/self/fd", 0, NULL);
    g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
    guint n_fds = 0, n_tasks = 0;
    while (g_dir_read_name(fds) != NULL) {
        n_fds++;
    }
    while (g_dir_read_name(tasks) != NULL) {
        n_tasks++;
    }
    printf("state: fp %" G_GINT64_MODIFIER "x umask %o cwd %s locale %s segv %d term %d fds %u "
           "threads %u\n",
           qh_fp_mode(), mask, cwd, setlocale(LC_ALL, NULL), segv.sa_handler == SIG_DFL,
           term.sa_handler == SIG_DFL, n_fds, n_tasks);
}

static gpointer idle_thread(gpointer data)
{
    (void)data;
    for (;;) {
        g_usleep(G_USEC_PER_SEC);
    }
    return NULL;
}

static gboolean stop(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static void watch(Test *test, guint ms)
{
    qh_registry_watch(test->registry);
    test->loop = g_main_loop_new(NULL, FALSE);
    g_timeout_add(ms, stop, test->loop);
    g_main_loop_run(test->loop);
    g_main_loop_unref(test->loop);
}

static void slot_command(Test *test, const char *word, const char *value)
{
    g_autofree char *kind = g_strdup(value);
    char *name = strchr(kind, '/');
    GError *error = NULL;

    if (name == NULL) {
        printf("%s: error: no '/'\n", word);
        return;
    }
    *name++ = '\0';
    if (strcmp(word, "suggest") == 0) {
        g_autofree char *near = qh_registry_suggest(test->registry, kind, NULL, name);
        printf("suggest: %s\n", near != NULL ? near : "-");
    } else if (strcmp(word, "absence") == 0) {
        QhAbsence *absence = qh_registry_absence(test->registry, kind, name);
        qh_absence_set_error(absence, &error);
        qh_absence_free(absence);
        answer(word, FALSE, error);
    } else {
        gboolean good = qh_registry_acquire(test->registry, kind, name, &test->ref, &error);
        answer(word, good, error);
    }
}

static void run(Test *test, const char *command)
{
    g_auto(GStrv) parts = g_strsplit(command, "=", 2);
    const char *word = parts[0], *value = parts[1] != NULL ? parts[1] : "";
    GError *error = NULL;

    if (strcmp(word, "dir") == 0) {
        qh_registry_add_directory(test->registry, value);
    } else if (strcmp(word, "scan") == 0) {
        qh_registry_scan(test->registry);
    } else if (strcmp(word, "load") == 0) {
        gboolean good = qh_registry_load(test->registry, value, &error);
        answer(word, good, error);
    } else if (strcmp(word, "unload") == 0) {
        gboolean good = qh_registry_unload(test->registry, value, &error);
        answer(word, good, error);
    } else if (strcmp(word, "target") == 0) {
        gboolean good = qh_registry_load_target(test->registry, value, &error);
        answer(word, good, error);
    } else if (strcmp(word, "release") == 0) {
        qh_slot_release(&test->ref);
    } else if (strcmp(word, "modules") == 0 || strcmp(word, "slots") == 0) {
        describe(test->registry, *word == 's');
    } else if (strcmp(word, "fingerprint") == 0) {
        printf("fingerprint: %s\n", qh_registry_fingerprint(test->registry));
    } else if (strcmp(word, "watch") == 0) {
        watch(test, (guint)strtoul(value, NULL, 10));
    } else if (strcmp(word, "state") == 0) {
        print_state();
    } else if (strcmp(word, "pause") == 0) {
        char line[16];
        printf("paused\n");
        if (fgets(line, sizeof(line), stdin) == NULL) {
            printf("pause: error: no line came\n");
        }
    } else if (strcmp(word, "threads") == 0) {
        for (gulong i = strtoul(value, NULL, 10); i > 0; i--) {
            g_thread_unref(g_thread_new("idle", idle_thread, NULL));
        }
    } else {
        slot_command(test, word, value);
    }
}

int main(int argc, char **argv)
{
    Test test = {.registry = qh_registry_new(NULL)};

    setvbuf(stdout, NULL, _IOLBF, 0);
    qh_registry_set_listener(test.registry, listen, NULL);
    for (int i = 1; i < argc; i++) {
        run(&test, argv[i]);
    }
    qh_slot_release(&test.ref);
    qh_registry_free(test.registry);
    printf("alive\n");
    return 0;
}
