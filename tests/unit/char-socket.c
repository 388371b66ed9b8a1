/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket back end, with peers that flood, stall, vanish and send rubbish. */
#include "char-fake.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct Bench {
    char *dir, *path;
    QhChars *chars;
    QhChar *chr;
    FakeFront *front;
} Bench;

static void start(Bench *bench, const char *more, uint32_t room)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;

    bench->dir = g_dir_make_tmp("qh-sock-XXXXXX", NULL);
    bench->path = g_build_filename(bench->dir, "s", NULL);
    bench->chars = qh_chars_new(fake_host);
    bench->front = fake_front_new(room);
    g_autofree char *text = g_strdup_printf("socket,id=s,path=%s%s", bench->path, more);
    qh_chars_add_option(bench->chars, text, &id, &error);
    g_assert_no_error(error);
    bench->chr = qh_chars_find(bench->chars, "s");
    g_assert_true(qh_char_attach(bench->chr, &fake_handlers, bench->front, NULL));
}

static void stop(Bench *bench)
{
    qh_char_attach(bench->chr, NULL, bench->front, NULL);
    qh_chars_free(bench->chars);
    fake_front_free(bench->front);
    g_unlink(bench->path);
    g_assert_cmpint(g_rmdir(bench->dir), ==, 0);
    g_free(bench->dir);
    g_free(bench->path);
}

static int unix_socket(const char *path, gboolean server)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(name.sun_path, path, sizeof(name.sun_path));
    if (server) {
        g_assert_cmpint(bind(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
        g_assert_cmpint(listen(fd, 1), ==, 0);
    } else {
        g_assert_cmpint(connect(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    }
    return fd;
}

static void test_server(void)
{
    Bench bench;
    char buffer[16] = {0};

    start(&bench, ",server=on,wait=off", 100);
    g_autofree char *before = qh_char_filename(bench.chr);
    g_assert_true(g_str_has_prefix(before, "disconnected:unix:"));
    fake_write(bench.chr, "nobody hears");
    int peer = unix_socket(bench.path, FALSE);
    g_assert_true(fake_has_events(bench.front, "O"));
    g_assert_cmpint(send(peer, "in", 2, 0), ==, 2);
    g_assert_true(fake_got(bench.front, "in"));
    fake_write(bench.chr, "out");
    g_assert_cmpint(recv(peer, buffer, sizeof(buffer), 0), ==, 3);
    g_assert_cmpstr(buffer, ==, "out");
    /* the second one waits in the queue until the first has gone */
    int second = unix_socket(bench.path, FALSE);
    g_assert_cmpint(send(second, "2", 1, 0), ==, 1);
    fake_run_ms(20);
    g_assert_cmpstr(bench.front->got->str, ==, "in");
    close(peer);
    g_assert_true(fake_has_events(bench.front, "OCO"));
    g_assert_true(fake_got(bench.front, "in2"));
    close(second);
    g_assert_true(fake_has_events(bench.front, "OCOC"));
    stop(&bench);
}

/* A peer that sends without end gets as much as the front end has room for. */
static void test_flood(void)
{
    Bench bench;
    uint8_t block[65536] = {'x'};
    gsize sent = 0;
    ssize_t n;

    start(&bench, ",server=on,wait=off", 1000);
    int peer = unix_socket(bench.path, FALSE);
    g_assert_true(fake_has_events(bench.front, "O"));
    while ((n = send(peer, block, sizeof(block), MSG_DONTWAIT)) > 0) {
        sent += n;
    }
    fake_run_ms(50);
    g_assert_cmpuint(bench.front->got->len, ==, 1000);
    bench.front->room = 500;
    qh_char_accept_input(bench.chr);
    fake_run_ms(50);
    g_assert_cmpuint(bench.front->got->len, ==, 1500);
    g_assert_cmpuint(sent, >, 1500);
    close(peer);
    stop(&bench);
}

static gboolean was_writable(void *data)
{
    return ((FakeFront *)data)->writable > 0;
}

/* A peer that never reads stops the writer, and its end lets it go on. */
static void test_stalled_peer(void)
{
    Bench bench;
    uint8_t block[65536] = {0};
    uint64_t written = 0;
    uint32_t n;

    start(&bench, ",server=on,wait=off", 100);
    int peer = unix_socket(bench.path, FALSE);
    g_assert_true(fake_has_events(bench.front, "O"));
    while ((n = qh_char_write(bench.chr, block, sizeof(block))) == sizeof(block)) {
        written += n;
        g_assert_cmpuint(written, <, 64 << 20);
    }
    fake_run_ms(20);
    g_assert_cmpuint(bench.front->writable, ==, 0);
    close(peer);
    g_assert_true(fake_run_until(was_writable, bench.front));
    g_assert_true(fake_has_events(bench.front, "OC"));
    g_assert_cmpuint(qh_char_write(bench.chr, block, sizeof(block)), ==, sizeof(block));
    stop(&bench);
}

/* A peer that leaves while nobody takes its input does not lock the next one out. */
static void test_leaves_unheard(void)
{
    Bench bench;
    char buffer[8] = {0};

    start(&bench, ",server=on,wait=off", 0);
    int peer = unix_socket(bench.path, FALSE);
    g_assert_true(fake_has_events(bench.front, "O"));
    g_assert_cmpint(send(peer, "unheard", 7, 0), ==, 7);
    fake_run_ms(20);
    close(peer);
    fake_run_ms(20);
    /* its words are kept as long as nobody else comes */
    bench.front->room = 2;
    qh_char_accept_input(bench.chr);
    g_assert_true(fake_got(bench.front, "un"));
    fake_run_ms(20);
    peer = unix_socket(bench.path, FALSE);
    g_assert_true(fake_has_events(bench.front, "OCO"));
    fake_write(bench.chr, "hello");
    g_assert_cmpint(recv(peer, buffer, sizeof(buffer), 0), ==, 5);
    bench.front->room = 10;
    qh_char_accept_input(bench.chr);
    g_assert_cmpint(send(peer, "me", 2, 0), ==, 2);
    g_assert_true(fake_got(bench.front, "unme"));
    close(peer);
    stop(&bench);
}

static void test_reset_by_peer(void)
{
    Bench bench;
    struct linger hard = {.l_onoff = 1};

    start(&bench, ",server=on,wait=off", 100);
    for (int i = 0; i < 20; i++) {
        int peer = unix_socket(bench.path, FALSE);

        setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        close(peer);
        fake_write(bench.chr, "into the void");
        fake_run_ms(2);
    }
    int peer = unix_socket(bench.path, FALSE);
    g_assert_cmpint(send(peer, "alive", 5, 0), ==, 5);
    g_assert_true(fake_got(bench.front, "alive"));
    close(peer);
    stop(&bench);
}

static void test_reconnect(void)
{
    Bench bench;
    char buffer[8] = {0};

    start(&bench, ",reconnect-ms=20", 100);
    fake_run_ms(50);
    g_assert_cmpstr(bench.front->events->str, ==, "");
    int listener = unix_socket(bench.path, TRUE);
    g_assert_true(fake_has_events(bench.front, "O"));
    int peer = accept(listener, NULL, NULL);
    fake_write(bench.chr, "1");
    g_assert_cmpint(recv(peer, buffer, sizeof(buffer), 0), ==, 1);
    close(peer);
    g_assert_true(fake_has_events(bench.front, "OCO"));
    peer = accept(listener, NULL, NULL);
    fake_write(bench.chr, "2");
    g_assert_cmpint(recv(peer, buffer, sizeof(buffer), 0), ==, 1);
    close(peer);
    close(listener);
    stop(&bench);
}

static void test_client_refused(void)
{
    QhChars *chars = qh_chars_new(fake_host);
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;

    g_assert_false(qh_chars_add_option(chars, "socket,id=s,path=/nonexistent/s", &id, &error));
    g_assert_nonnull(strstr(error->message, "cannot connect to unix:/nonexistent/s"));
    qh_chars_free(chars);
}

static void test_listener_fd(void)
{
    Bench bench = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;
    g_autofree char *dir = g_dir_make_tmp("qh-sock-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "s", NULL);
    int listener = unix_socket(path, TRUE);
    int pair[2];

    g_autofree char *text = g_strdup_printf("socket,id=s,fd=%d,server=on,wait=off", listener);
    bench.chars = qh_chars_new(fake_host);
    bench.front = fake_front_new(100);
    qh_chars_add_option(bench.chars, text, &id, &error);
    g_assert_no_error(error);
    bench.chr = qh_chars_find(bench.chars, "s");
    g_assert_true(qh_char_attach(bench.chr, &fake_handlers, bench.front, NULL));
    int peer = unix_socket(path, FALSE);
    g_assert_cmpint(send(peer, "x", 1, 0), ==, 1);
    g_assert_true(fake_got(bench.front, "x"));
    close(peer);
    /* a connected socket is no listener */
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    g_autofree char *wrong = g_strdup_printf("socket,id=t,fd=%d,server=on,wait=off", pair[0]);
    g_autofree char *other = NULL;
    g_assert_false(qh_chars_add_option(bench.chars, wrong, &other, &error));
    g_assert_nonnull(strstr(error->message, "does not listen"));
    close(pair[0]);
    close(pair[1]);
    qh_char_attach(bench.chr, NULL, bench.front, NULL);
    qh_chars_free(bench.chars);
    fake_front_free(bench.front);
    g_unlink(path);
    g_rmdir(dir);
}

static int tcp_connect(guint port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&name, sizeof(name)), ==, 0);
    return fd;
}

/* TCP on a port that the system chose, with telnet's commands inside the text. */
static void test_telnet(void)
{
    static const uint8_t input[] = {'a', 255, 253, 1, 'b', 255, 255,  255, 243,
                                    255, 250, 24,  1, 255, 240, '\r', 0,   'c'};
    g_autofree char *id = NULL;
    uint8_t buffer[64];
    QhChars *chars = qh_chars_new(fake_host);
    FakeFront *front = fake_front_new(100);

    g_assert_true(
        qh_chars_add_short(chars, "t", "telnet:127.0.0.1:0,server=on,wait=off", &id, NULL));
    QhChar *chr = qh_chars_find(chars, "t");
    g_assert_true(qh_char_attach(chr, &fake_handlers, front, NULL));
    g_autofree char *name = qh_char_filename(chr);
    int peer = tcp_connect((guint)atoi(strrchr(name, ':') + 1));
    g_assert_true(fake_has_events(front, "O"));
    g_assert_cmpint(recv(peer, buffer, sizeof(buffer), 0), ==, 12);
    for (guint i = 0; i < sizeof(input); i++) {
        /* one at a time: commands may be torn anywhere */
        g_assert_cmpint(send(peer, &input[i], 1, 0), ==, 1);
        fake_run_ms(2);
    }
    g_assert_true(fake_got(front, "ab\xff\rc"));
    g_assert_cmpstr(front->events->str, ==, "OB");
    g_assert_cmpuint(qh_char_write(chr, (const uint8_t *)"x\xffy", 3), ==, 3);
    g_assert_cmpint(recv(peer, buffer, sizeof(buffer), 0), ==, 4);
    g_assert_cmpmem(buffer, 4, "x\xff\xffy", 4);
    close(peer);
    qh_char_attach(chr, NULL, front, NULL);
    qh_chars_free(chars);
    fake_front_free(front);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_DFL); /* a back end must not raise it */
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/char/socket/server", test_server);
    g_test_add_func("/char/socket/flood", test_flood);
    g_test_add_func("/char/socket/stalled-peer", test_stalled_peer);
    g_test_add_func("/char/socket/leaves-unheard", test_leaves_unheard);
    g_test_add_func("/char/socket/reset-by-peer", test_reset_by_peer);
    g_test_add_func("/char/socket/reconnect", test_reconnect);
    g_test_add_func("/char/socket/refused", test_client_refused);
    g_test_add_func("/char/socket/listener-fd", test_listener_fd);
    g_test_add_func("/char/socket/telnet", test_telnet);
    return g_test_run();
}
