/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks stand still when told, timers fire in order, with the lock, and not after they are freed.
 */
#include "core/device/instance.h"
#include "core/loop/timers.h"
#include "tests/unit/machine-fake.h"

#define MS G_GINT64_CONSTANT(1000000)

typedef struct Fixture {
    QhHost *host;
    QhTimers *timers;
    GString *fired;
    QhTimer *own; /* freed by its own callback */
    gint n;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    fake_order = g_string_new(NULL);
    f->host = qh_host_new();
    f->timers = qh_host_timers(f->host);
    f->fired = g_string_new(NULL);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    qh_host_free(f->host);
    g_string_free(f->fired, TRUE);
    g_string_free(fake_order, TRUE);
}

/* Run the loop for @ms. */
static void spin(Fixture *f, int64_t ms)
{
    int64_t end = qh_timers_now(f->timers, QH_CLOCK_REALTIME) + ms * MS;

    while (qh_timers_now(f->timers, QH_CLOCK_REALTIME) < end) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(200);
    }
}

typedef struct Named {
    Fixture *f;
    char name;
} Named;

static void fire(void *opaque)
{
    Named *named = opaque;

    g_string_append_c(named->f->fired, named->name);
}

static void test_order(Fixture *f, gconstpointer data)
{
    Named named[] = {
        {f, 'a'},
        {f, 'b'},
        {f, 'c'},
        {f, 'd'},
    };
    QhTimer *timers[4];
    int64_t now = qh_timers_now(f->timers, QH_CLOCK_REALTIME);

    (void)data;
    for (guint i = 0; i < 4; i++) {
        timers[i] = qh_timer_new(f->timers, QH_CLOCK_REALTIME, fire, &named[i]);
    }
    qh_timer_arm(timers[0], now + 6 * MS);
    qh_timer_arm(timers[1], now + 3 * MS);
    qh_timer_arm(timers[2], now - 5 * MS); /* long past */
    qh_timer_arm(timers[3], now + 4 * MS);
    qh_timer_disarm(timers[3]);
    qh_timer_arm(timers[1], now + 8 * MS); /* later than it was */
    spin(f, 20);
    g_assert_cmpstr(f->fired->str, ==, "cab");
    for (guint i = 0; i < 4; i++) {
        qh_timer_free(timers[i]);
    }
    qh_timer_free(NULL);
}

static void test_extremes(Fixture *f, gconstpointer data)
{
    Named named = {f, 'x'};
    QhTimer *timer = qh_timer_new(f->timers, QH_CLOCK_VIRTUAL, fire, &named);

    (void)data;
    qh_timers_start_virtual(f->timers);
    qh_timer_arm(timer, INT64_MAX);
    spin(f, 5);
    qh_timer_arm(timer, INT64_MAX - 1);
    spin(f, 5);
    g_assert_cmpstr(f->fired->str, ==, "");
    qh_timer_arm(timer, INT64_MIN);
    spin(f, 5);
    g_assert_cmpstr(f->fired->str, ==, "x");
    qh_timer_free(timer);
}

static void test_virtual(Fixture *f, gconstpointer data)
{
    Named named = {f, 'v'};
    QhTimer *timer = qh_timer_new(f->timers, QH_CLOCK_VIRTUAL, fire, &named);

    (void)data;
    g_assert_cmpint(qh_timers_now(f->timers, QH_CLOCK_VIRTUAL), ==, 0);
    qh_timer_arm(timer, 5 * MS);
    spin(f, 10);
    g_assert_cmpstr(f->fired->str, ==, ""); /* has not started */

    qh_timers_start_virtual(f->timers);
    qh_timers_start_virtual(f->timers);
    g_usleep(1000);
    qh_timers_stop_virtual(f->timers);
    int64_t stopped = qh_timers_now(f->timers, QH_CLOCK_VIRTUAL);
    g_assert_cmpint(stopped, >=, 1 * MS);
    spin(f, 10);
    g_assert_cmpint(qh_timers_now(f->timers, QH_CLOCK_VIRTUAL), ==, stopped);
    qh_timers_stop_virtual(f->timers);

    qh_timer_arm(timer, stopped + 2 * MS);
    spin(f, 10);
    g_assert_cmpstr(f->fired->str, ==, "");
    qh_timers_start_virtual(f->timers);
    g_assert_cmpint(qh_timers_now(f->timers, QH_CLOCK_VIRTUAL), <, stopped + 500 * MS);
    spin(f, 10);
    g_assert_cmpstr(f->fired->str, ==, "v");
    qh_timer_free(timer);
}

static void free_own(void *opaque)
{
    Fixture *f = opaque;

    qh_timer_free(f->own);
    f->n++;
}

static void test_free_in_callback(Fixture *f, gconstpointer data)
{
    (void)data;
    f->own = qh_timer_new(f->timers, QH_CLOCK_HOST, free_own, f);
    qh_timer_arm(f->own, qh_timers_now(f->timers, QH_CLOCK_HOST));
    spin(f, 5);
    g_assert_cmpint(f->n, ==, 1);
}

/* A timer that is always due must not keep the loop from anything else. */
static void arm_again(void *opaque)
{
    Fixture *f = opaque;

    f->n++;
    qh_timer_arm(f->own, 0);
}

static gboolean count_idle(gpointer data)
{
    (*(guint *)data)++;
    return G_SOURCE_CONTINUE;
}

static void test_endless(Fixture *f, gconstpointer data)
{
    guint idle = 0;
    guint source = g_timeout_add(1, count_idle, &idle);

    (void)data;
    f->own = qh_timer_new(f->timers, QH_CLOCK_REALTIME, arm_again, f);
    qh_timer_arm(f->own, 0);
    spin(f, 20);
    g_assert_cmpuint(idle, >, 3);
    g_assert_cmpint(f->n, >, 3);
    qh_timer_free(f->own);
    g_source_remove(source);
}

static void check_lock(void *opaque)
{
    Fixture *f = opaque;

    g_assert_true(qh_machine_locked_by_me(qh_host_machine(f->host)));
    f->n++;
}

static gpointer arm_from_thread(gpointer data)
{
    Fixture *f = data;

    for (guint i = 0; i < 2000; i++) {
        qh_timer_arm(f->own, qh_timers_now(f->timers, QH_CLOCK_VIRTUAL) + (i % 7) * 10000);
        if (i % 5 == 0) {
            qh_timer_disarm(f->own);
        }
    }
    qh_timer_arm(f->own, 0);
    return NULL;
}

static void test_threads(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    QhMachineOptions *options = qh_machine_options_new();

    (void)data;
    options->type = g_strdup("none");
    g_assert_nonnull(qh_machine_new(f->host, options, &error));
    qh_timers_start_virtual(f->timers);
    f->own = qh_timer_new(f->timers, QH_CLOCK_VIRTUAL, check_lock, f);

    GThread *thread = g_thread_new("arm", arm_from_thread, f);
    spin(f, 30);
    g_thread_join(thread);
    spin(f, 10);
    g_assert_cmpint(f->n, >, 0);
    qh_timer_free(f->own);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/loop/timers/order", Fixture, NULL, set_up, test_order, tear_down);
    g_test_add("/loop/timers/extremes", Fixture, NULL, set_up, test_extremes, tear_down);
    g_test_add("/loop/timers/virtual", Fixture, NULL, set_up, test_virtual, tear_down);
    g_test_add("/loop/timers/free", Fixture, NULL, set_up, test_free_in_callback, tear_down);
    g_test_add("/loop/timers/endless", Fixture, NULL, set_up, test_endless, tear_down);
    g_test_add("/loop/timers/threads", Fixture, NULL, set_up, test_threads, tear_down);
    return g_test_run();
}
