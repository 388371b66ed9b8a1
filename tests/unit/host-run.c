/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main loop, run states with their events, signals, the log. */
#include "core/device/instance.h"
#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/loop/timers.h"
#include "tests/unit/machine-fake.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct Fixture {
    QhHost *host;
    QhRunState *state;
    QhMachine *machine;
    GString *trace;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    QhMachineOptions *options = qh_machine_options_new();

    (void)data;
    fake_selected = "toy";
    fake_order = g_string_new(NULL);
    f->trace = g_string_new(NULL);
    f->host = qh_host_new();
    f->state = qh_host_run_state(f->host);
    f->machine = qh_machine_new(f->host, options, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    qh_host_free(f->host);
    g_string_free(f->trace, TRUE);
    g_string_free(fake_order, TRUE);
    g_free(fake_events());
    fake_fail_reset = FALSE;
}

static void expect_events(const char *events)
{
    g_autofree char *seen = fake_events();

    g_assert_cmpstr(seen, ==, events);
}

static void expect_state(Fixture *f, const char *name)
{
    g_assert_cmpstr(qh_run_state_text(qh_run_state_get(f->state)), ==, name);
}

/* Let everything that was deferred happen. */
static void settle(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
        continue;
    }
}

static void test_cont_stop(Fixture *f, gconstpointer data)
{
    QhTimers *timers = qh_host_timers(f->host);
    g_autoptr(GError) error = NULL;

    (void)data;
    expect_state(f, "prelaunch");
    g_assert_true(qh_run_state_stop(f->state, &error));
    expect_state(f, "prelaunch");
    g_assert_true(qh_run_state_cont(f->state, &error));
    g_assert_true(qh_run_state_cont(f->state, &error));
    expect_state(f, "running");
    g_usleep(1000);
    g_assert_true(qh_run_state_stop(f->state, &error));
    g_assert_true(qh_run_state_stop(f->state, &error));
    expect_state(f, "paused");
    int64_t now = qh_timers_now(timers, QH_CLOCK_VIRTUAL);
    g_assert_cmpint(now, >, 0);
    g_usleep(1000);
    g_assert_cmpint(qh_timers_now(timers, QH_CLOCK_VIRTUAL), ==, now);
    expect_events("RESUME;STOP;");
}

static void test_no_machine(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    qh_machine_free(f->machine);
    g_assert_false(qh_run_state_cont(f->state, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_FAILED);
    qh_run_state_request_reset(f->state, QH_CAUSE_HOST_QMP_SYSTEM_RESET);
    qh_run_state_request_powerdown(f->state);
    settle();
    expect_events("POWERDOWN;");
    qh_run_state_request_shutdown(f->state, QH_CAUSE_HOST_QMP_QUIT, 0);
    g_assert_cmpint(qh_host_run(f->host), ==, 0);
    expect_events("SHUTDOWN{\"guest\": false, \"reason\": \"host-qmp-quit\"};");
}

static void guest_writes(Fixture *f, uint8_t value)
{
    g_assert_cmpuint(qh_space_write(qh_machine_system(f->machine), FAKE_UART_AT, &value, 1, 0), ==,
                     QH_BUS_OK);
}

static void test_guest_shutdown(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(qh_run_state_cont(f->state, NULL));
    guest_writes(f, FAKE_SHUTDOWN | FAKE_RESET);
    g_assert_cmpint(qh_host_run(f->host), ==, 3);
    expect_events("RESUME;SHUTDOWN{\"guest\": true, \"reason\": \"guest-shutdown\"};");
}

static void test_no_shutdown(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    qh_host_config(f->host)->no_shutdown = TRUE;
    g_assert_true(qh_run_state_cont(f->state, NULL));
    guest_writes(f, FAKE_SHUTDOWN);
    settle();
    expect_state(f, "shutdown");
    expect_events("RESUME;SHUTDOWN{\"guest\": true, \"reason\": \"guest-shutdown\"};STOP;");
    g_assert_false(qh_run_state_cont(f->state, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_FAILED);
    qh_run_state_request_reset(f->state, QH_CAUSE_HOST_QMP_SYSTEM_RESET);
    settle();
    expect_state(f, "prelaunch");
    g_assert_true(qh_run_state_cont(f->state, NULL));
    expect_events("RESET{\"guest\": false, \"reason\": \"host-qmp-system-reset\"};RESUME;");

    /* but a host that is told to go does */
    qh_run_state_request_shutdown(f->state, QH_CAUSE_HOST_SIGNAL, 0);
    g_assert_cmpint(qh_host_run(f->host), ==, 0);
}

static void test_reset(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(qh_run_state_cont(f->state, NULL));
    g_string_truncate(fake_order, 0);
    guest_writes(f, FAKE_RESET);
    guest_writes(f, FAKE_RESET);
    settle();
    expect_state(f, "running");
    g_assert_cmpstr(fake_order->str, ==, "device uart0, cpu 0, cpu 1, board");
    expect_events("RESUME;RESET{\"guest\": true, \"reason\": \"guest-reset\"};");
}

static void test_failed_reset(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_true(qh_run_state_cont(f->state, NULL));
    fake_fail_reset = TRUE;
    guest_writes(f, FAKE_RESET);
    settle();
    expect_state(f, "internal-error");
    g_assert_false(qh_run_state_cont(f->state, &error));
}

static void test_no_reboot(Fixture *f, gconstpointer data)
{
    (void)data;
    qh_host_config(f->host)->no_reboot = TRUE;
    g_assert_true(qh_run_state_cont(f->state, NULL));
    guest_writes(f, FAKE_RESET);
    g_assert_cmpint(qh_host_run(f->host), ==, 0);
    expect_events("RESUME;SHUTDOWN{\"guest\": true, \"reason\": \"guest-reset\"};");
}

static void test_powerdown(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(qh_run_state_cont(f->state, NULL));
    qh_run_state_request_powerdown(f->state);
    g_assert_cmpint(qh_host_run(f->host), ==, 0);
    expect_events("RESUME;POWERDOWN;SHUTDOWN{\"guest\": true, \"reason\": \"guest-shutdown\"};");
}

static gboolean raise_signal(gpointer data)
{
    kill(getpid(), *(const int *)data);
    return G_SOURCE_REMOVE;
}

static void test_signals(Fixture *f, gconstpointer data)
{
    (void)data;
    g_assert_true(qh_run_state_cont(f->state, NULL));
    g_timeout_add(5, raise_signal, (gpointer)data);
    g_assert_cmpint(qh_host_run(f->host), ==, 0);
    expect_events("RESUME;SHUTDOWN{\"guest\": false, \"reason\": \"host-signal\"};");
}

/* Deferred calls */

typedef struct Step {
    Fixture *f;
    char name;
} Step;

static void step(void *data)
{
    Step *at = data;

    g_assert_true(at->f->host == NULL || qh_host_on_main_thread(at->f->host));
    g_string_append_c(at->f->trace, at->name);
    if (at->name == 'b') {
        qh_host_quit(at->f->host, 7);
        qh_host_quit(at->f->host, 8); /* the first counts */
    }
}

static gpointer defer_from_thread(gpointer data)
{
    Step *steps = data;

    g_assert_false(qh_host_on_main_thread(steps->f->host));
    qh_host_defer(steps->f->host, step, &steps[0]);
    qh_host_defer(steps->f->host, step, &steps[1]);
    return NULL;
}

static void test_defer(Fixture *f, gconstpointer data)
{
    Step steps[] = {
        {f, 'a'},
        {f, 'b'},
    };

    (void)data;
    GThread *thread = g_thread_new("defer", defer_from_thread, steps);
    g_assert_cmpint(qh_host_run(f->host), ==, 7);
    g_thread_join(thread);
    g_assert_cmpstr(f->trace->str, ==, "ab");
    g_string_truncate(f->trace, 0);
    qh_host_defer(f->host, step, &steps[0]);
    qh_host_defer(f->host, step, &steps[0]);
    qh_host_free(g_steal_pointer(&f->host));
    g_assert_cmpstr(f->trace->str, ==, "aa");
}

/* Log */

static void test_log_mask(Fixture *f, gconstpointer data)
{
    uint32_t mask = 1;
    g_autoptr(GError) error = NULL;
    g_autofree char *help = qh_log_help();

    (void)f;
    (void)data;
    g_assert_true(qh_log_parse_mask("guest_errors,ir", &mask, &error));
    g_assert_cmphex(mask, ==, QH_LOG_GUEST_ERROR | QH_LOG_IR);
    g_assert_true(qh_log_parse_mask("", &mask, NULL) == FALSE);
    g_assert_false(qh_log_parse_mask("ir,,int", &mask, NULL));
    g_assert_false(qh_log_parse_mask("ir,nothing", &mask, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "'nothing'"));
    g_assert_nonnull(strstr(error->message, "in_asm"));
    g_assert_cmphex(mask, ==, QH_LOG_GUEST_ERROR | QH_LOG_IR);
    g_assert_nonnull(strstr(help, "guest_errors"));
}

static void test_log_file(Fixture *f, gconstpointer data)
{
    QhLog *log = qh_host_log(f->host);
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "unit-log-XXXXXX", NULL);
    g_autofree char *text = NULL;
    gsize length = 0, lines = 0;

    (void)data;
    close(g_mkstemp(path));
    g_assert_false(qh_log_set_file(log, "/nowhere/at/all", &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_FAILED);
    g_assert_true(qh_log_set_file(log, path, NULL));
    qh_log_text(log, QH_LOG_IR, "off\n");
    qh_log_set_mask(log, QH_LOG_IR | QH_LOG_UNIMP);
    g_assert_cmphex(qh_log_service.mask(f->host), ==, QH_LOG_IR | QH_LOG_UNIMP);
    qh_log_text(log, QH_LOG_IR, "one\ntwo\n");
    qh_log_service.guest(f->host, QH_LOG_GUEST_ERROR, "off");
    for (guint i = 0; i < 5000; i++) {
        qh_log_service.guest(f->host, QH_LOG_UNIMP, "flood");
    }
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_assert_true(g_str_has_prefix(text, "one\ntwo\nflood\n"));
    for (gsize i = 0; i < length; i++) {
        lines += text[i] == '\n';
    }
    g_assert_cmpuint(lines, >=, 1002);
    g_assert_cmpuint(lines, <, 3010); /* the limit is for a second, and a second may turn */
    g_unlink(path);
}

static void test_log_user(Fixture *f, gconstpointer data)
{
    (void)data;
    g_free(qh_host_config(f->host)->program);
    qh_host_config(f->host)->program = g_strdup("prog");

    int saved = dup(STDERR_FILENO);
    int pipes[2];
    char text[128] = {0};
    g_assert_cmpint(pipe2(pipes, O_CLOEXEC), ==, 0);
    dup2(pipes[1], STDERR_FILENO);
    qh_log_service.warn(f->host, "100% sure");
    qh_log_error(qh_host_log(f->host), "%s", "gone");
    dup2(saved, STDERR_FILENO);
    g_assert_cmpint(read(pipes[0], text, sizeof(text) - 1), >, 0);
    g_assert_cmpstr(text, ==, "prog: warning: 100% sure\nprog: gone\n");
    close(saved);
    close(pipes[0]);
    close(pipes[1]);
}

int main(int argc, char **argv)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    static const struct {
        const char *path;
        void (*fn)(Fixture *, gconstpointer);
        const void *data;
    } tests[] = {
        {"/host/cont-stop",      test_cont_stop,      NULL       },
        {"/host/no-machine",     test_no_machine,     NULL       },
        {"/host/guest-shutdown", test_guest_shutdown, NULL       },
        {"/host/no-shutdown",    test_no_shutdown,    NULL       },
        {"/host/reset",          test_reset,          NULL       },
        {"/host/failed-reset",   test_failed_reset,   NULL       },
        {"/host/no-reboot",      test_no_reboot,      NULL       },
        {"/host/powerdown",      test_powerdown,      NULL       },
        {"/host/sigterm",        test_signals,        &signals[0]},
        {"/host/sigint",         test_signals,        &signals[1]},
        {"/host/sighup",         test_signals,        &signals[2]},
        {"/host/defer",          test_defer,          NULL       },
        {"/host/log-mask",       test_log_mask,       NULL       },
        {"/host/log-file",       test_log_file,       NULL       },
        {"/host/log-user",       test_log_user,       NULL       },
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, tests[i].data, set_up, tests[i].fn, tear_down);
    }
    return g_test_run();
}
