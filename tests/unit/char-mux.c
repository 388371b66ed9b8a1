/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "char-fake.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Bench {
    QhChars *chars;
    QhChar *mux;
    FakeFront *guest, *monitor;
    int peer;
} Bench;

static void start(Bench *bench, uint32_t room)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    bench->peer = pair[1];
    bench->chars = qh_chars_new(fake_host);
    g_autofree char *text = g_strdup_printf("socket,id=m,fd=%d,mux=on", pair[0]);
    qh_chars_add_option(bench->chars, text, &id, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(id, ==, "m");
    bench->mux = qh_chars_find(bench->chars, "m");
    bench->guest = fake_front_new(room);
    bench->monitor = fake_front_new(1000);
    g_assert_true(qh_char_attach(bench->mux, &fake_handlers, bench->guest, NULL));
    g_assert_true(qh_char_attach(bench->mux, &fake_handlers, bench->monitor, NULL));
    g_assert_cmpstr(bench->guest->events->str, ==, "O");
    g_assert_cmpstr(bench->monitor->events->str, ==, "");
}

static void stop(Bench *bench)
{
    close(bench->peer);
    qh_char_attach(bench->mux, NULL, bench->guest, NULL);
    qh_char_attach(bench->mux, NULL, bench->monitor, NULL);
    qh_chars_free(bench->chars);
    fake_front_free(bench->guest);
    fake_front_free(bench->monitor);
}

static void type(Bench *bench, const char *text)
{
    g_assert_cmpint(send(bench->peer, text, strlen(text), 0), ==, strlen(text));
}

static void test_focus(void)
{
    Bench bench;

    start(&bench, 1000);
    type(&bench, "to guest");
    g_assert_true(fake_got(bench.guest, "to guest"));
    type(&bench, "\001cinfo\001cback");
    g_assert_true(fake_got(bench.guest, "to guestback"));
    g_assert_cmpstr(bench.monitor->got->str, ==, "info");
    g_assert_cmpstr(bench.monitor->events->str, ==, "OU");
    g_assert_cmpstr(bench.guest->events->str, ==, "OUI");
    type(&bench, "\001c");
    g_assert_true(fake_has_events(bench.monitor, "OUI"));
    stop(&bench);
}

static void test_keys(void)
{
    Bench bench;
    char buffer[1024] = {0};
    guint before = fake_shutdowns;

    start(&bench, 1000);
    type(&bench, "a\001\001b\001zc\001b");
    g_assert_true(fake_got(bench.guest, "a\001bc"));
    g_assert_cmpstr(bench.guest->events->str, ==, "OB");
    type(&bench, "\001h");
    fake_run_ms(30);
    g_assert_cmpint(recv(bench.peer, buffer, sizeof(buffer) - 1, 0), >, 50);
    g_assert_nonnull(strstr(buffer, "Ctrl-A x"));
    g_assert_null(strstr(buffer, "Ctrl-A s")); /* disks are the monitor's: commit */
    type(&bench, "\001x");
    fake_run_ms(30);
    g_assert_cmpuint(fake_shutdowns, ==, before + 1);
    stop(&bench);
}

/* The escape works while the guest reads nothing, and what was typed is not lost. */
static void test_deaf_guest(void)
{
    Bench bench;
    guint before = fake_shutdowns;

    start(&bench, 0);
    type(&bench, "typed ahead");
    type(&bench, "\001x");
    fake_run_ms(50);
    g_assert_cmpuint(fake_shutdowns, ==, before + 1);
    bench.guest->room = 5;
    qh_char_accept_input(bench.mux);
    g_assert_true(fake_got(bench.guest, "typed"));
    bench.guest->room = 100;
    qh_char_accept_input(bench.mux);
    g_assert_true(fake_got(bench.guest, "typed ahead"));
    stop(&bench);
}

/* Much input goes through in pieces, in order, without loss. */
static void test_bulk(void)
{
    Bench bench;
    g_autoptr(GString) sent = g_string_new(NULL);

    start(&bench, 16);
    for (guint i = 0; i < 3000; i++) {
        g_string_append_printf(sent, "%u,", i);
    }
    type(&bench, sent->str);
    for (guint i = 0; i < 100000 && bench.guest->got->len < sent->len; i++) {
        g_main_context_iteration(NULL, FALSE);
        if (bench.guest->room == 0) {
            bench.guest->room = 16;
            qh_char_accept_input(bench.mux);
        }
    }
    g_assert_cmpstr(bench.guest->got->str, ==, sent->str);
    stop(&bench);
}

static gboolean was_writable(void *data)
{
    return ((FakeFront *)data)->writable > 0;
}

/* One front end waits for room; that another one writes meanwhile must not make it wait for ever.
 */
static void test_two_writers(void)
{
    Bench bench;
    uint8_t block[65536] = {0};

    start(&bench, 10);
    while (qh_char_write(bench.mux, block, sizeof(block)) == sizeof(block)) {
        continue;
    }
    while (recv(bench.peer, block, sizeof(block), MSG_DONTWAIT) > 0) {
        continue;
    }
    fake_write(bench.mux, "monitor");
    g_assert_true(fake_run_until(was_writable, bench.guest));
    stop(&bench);
}

static void test_output_and_users(void)
{
    Bench bench;
    g_autoptr(GError) error = NULL;
    char buffer[16] = {0};

    start(&bench, 10);
    fake_write(bench.mux, "both");
    g_assert_cmpint(recv(bench.peer, buffer, sizeof(buffer), 0), ==, 4);
    g_assert_false(qh_chars_remove(bench.chars, "m-base", &error));
    g_assert_error(error, QH_ERROR, (gint)QH_ERROR_BUSY);
    g_clear_error(&error);
    g_assert_false(qh_chars_remove(bench.chars, "m", &error));
    qh_char_attach(bench.mux, NULL, bench.guest, NULL);
    type(&bench, "rest");
    g_assert_true(fake_got(bench.monitor, "rest"));
    close(bench.peer);
    g_assert_true(fake_has_events(bench.monitor, "OC"));
    bench.peer = dup(0);
    stop(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/char/mux/focus", test_focus);
    g_test_add_func("/char/mux/keys", test_keys);
    g_test_add_func("/char/mux/deaf-guest", test_deaf_guest);
    g_test_add_func("/char/mux/bulk", test_bulk);
    g_test_add_func("/char/mux/two-writers", test_two_writers);
    g_test_add_func("/char/mux/output", test_output_and_users);
    return g_test_run();
}
