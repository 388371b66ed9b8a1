/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registry of character devices, options, and the back ends without a network. */
#include "char-fake.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void add(QhChars *chars, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;

    qh_chars_add_option(chars, text, &id, &error);
    g_assert_no_error(error);
    g_assert_nonnull(qh_chars_find(chars, id));
}

static void refuse(QhChars *chars, const char *text, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;

    g_assert_false(qh_chars_add_option(chars, text, &id, &error));
    g_assert_nonnull(error);
    g_test_message("%s: %s", text, error->message);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(id);
}

static void refuse_json(QhChars *chars, const char *id, const char *text, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QhJson) json = qh_json_parse(text, -1, NULL, NULL);

    g_assert_nonnull(json);
    g_assert_false(qh_chars_add(chars, id, json, &error));
    g_test_message("%s: %s", text, error->message);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(qh_chars_find(chars, id));
}

static void test_bad_options(void)
{
    QhChars *chars = qh_chars_new(fake_host);

    refuse(chars, "", "comes first");
    refuse(chars, "null", "'id' is missing");
    refuse(chars, "nulll,id=a", "no chardev back end");
    refuse(chars, "null,id=1a", "no identifier");
    refuse(chars, "null,id=a b", "no identifier");
    refuse(chars, "null,id=", "no identifier");
    refuse(chars, "null,id=a,size=3", "no option 'size'");
    refuse(chars, "ringbuf,id=a,size=3", "power of two");
    refuse(chars, "ringbuf,id=a,size=0", "power of two");
    refuse(chars, "ringbuf,id=a,size=1T", "more than");
    refuse(chars, "ringbuf,id=a,size=x", "size=x");
    refuse(chars, "file,id=a", "'out' is missing");
    refuse(chars, "file,id=a,path=/nonexistent/x", "No such file");
    refuse(chars, "pipe,id=a,path=/nonexistent/x", "No such file");
    refuse(chars, "socket,id=a", "path=, host=");
    refuse(chars, "socket,id=a,path=/x,port=1", "exclude");
    refuse(chars, "socket,id=a,path=/nonexistent/x,server=on,wait=off", "No such file");
    refuse(chars, "socket,id=a,fd=999,server=on,wait=off", "no open socket");
    refuse(chars, "socket,id=a,fd=0", "no open socket");
    refuse(chars, "socket,id=a,path=/x,server=maybe", "server=maybe");
    refuse(chars, "socket,id=a,path=/x,server=on,wait=off,reconnect=1", "reconnect");
    refuse(chars, "socket,id=a,path=/x,wait=on", "only a server waits");
    refuse(chars, "mux,id=a,chardev=b", "no chardev 'b'");
    refuse(chars, "mux,id=a", "'chardev' is missing");
    add(chars, "null,id=a");
    refuse(chars, "null,id=a", "already exists");
    g_autofree char *path = g_strnfill(300, 'x');
    g_autofree char *text = g_strdup_printf("socket,id=l,path=/%s,server=on,wait=off", path);
    refuse(chars, text, "1 to 107");
    qh_chars_free(chars);
}

static void test_bad_json(void)
{
    QhChars *chars = qh_chars_new(fake_host);

    refuse_json(chars, "a", "[]", "no object");
    refuse_json(chars, "a", "{}", "'type' is missing");
    refuse_json(chars, "a", "{\"type\": 1}", "should be a string");
    refuse_json(chars, "a", "{\"type\": \"spicevmc\", \"data\": {}}", "no chardev back end");
    refuse_json(chars, "a", "{\"type\": \"null\", \"data\": 1}", "an object");
    refuse_json(chars, "a", "{\"type\": \"null\", \"data\": {\"x\": 1}}", "no member 'x'");
    refuse_json(chars, "a", "{\"type\": \"ringbuf\", \"data\": {\"size\": \"8\"}}", "a number");
    refuse_json(chars, "a", "{\"type\": \"ringbuf\", \"data\": {\"size\": -8}}", "a number");
    refuse_json(chars, "a", "{\"type\": \"file\", \"data\": {\"out\": 3}}", "a string");
    refuse_json(chars, "a", "{\"type\": \"file\", \"data\": {\"out\": \"/x\", \"append\": 1}}",
                "a boolean");
    refuse_json(chars, "a", "{\"type\": \"null\", \"data\": {\"logfile\": \"/x\"}}",
                "not supported");
    refuse_json(chars, "a", "{\"type\": \"socket\", \"data\": {}}", "'addr'");
    refuse_json(chars, "a", "{\"type\": \"socket\", \"data\": {\"addr\": {\"type\": \"unix\"}}}",
                "no object as 'data'");
    refuse_json(chars, "a",
                "{\"type\": \"socket\", \"data\": {\"addr\": {\"type\": \"fd\", \"data\": "
                "{\"str\": \"3\"}}}}",
                "has not been found");
    refuse_json(chars, "a",
                "{\"type\": \"socket\", \"data\": {\"wait\": true, \"addr\": {\"type\": \"unix\", "
                "\"data\": {\"path\": \"/tmp/x\"}}}}",
                "keep everything waiting");
    qh_chars_free(chars);
}

static void test_short(void)
{
    static const char *const bad[] = {"nope", "tcp:",      "tcp:x", "tcp:[::1:5", "udp:1:2",
                                      "mux",  "chardev:x", "",      "mon:",       "vc:80Cx24C"};
    QhChars *chars = qh_chars_new(fake_host);
    g_autofree char *id = NULL;

    g_assert_true(qh_chars_add_short(chars, "s0", "none", &id, NULL));
    g_assert_null(id);
    g_assert_true(qh_chars_add_short(chars, "s0", "null", &id, NULL));
    g_assert_cmpstr(id, ==, "s0");
    g_clear_pointer(&id, g_free);
    g_assert_true(qh_chars_add_short(chars, "s1", "chardev:s0", &id, NULL));
    g_assert_cmpstr(id, ==, "s0");
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *other = NULL;

        g_assert_false(qh_chars_add_short(chars, "s2", bad[i], &other, &error));
        g_assert_nonnull(error);
        g_assert_null(other);
    }
    qh_chars_free(chars);
}

static void test_front_end(void)
{
    QhChars *chars = qh_chars_new(fake_host);
    g_autoptr(GError) error = NULL;
    FakeFront *one = fake_front_new(10), *two = fake_front_new(10);

    add(chars, "null,id=n");
    QhChar *chr = qh_chars_find(chars, "n");
    g_assert_true(qh_char_attach(chr, &fake_handlers, one, &error));
    g_assert_cmpstr(one->events->str, ==, "O");
    g_assert_false(qh_char_attach(chr, &fake_handlers, two, &error));
    g_assert_error(error, QH_ERROR, (gint)QH_ERROR_BUSY);
    g_clear_error(&error);
    g_assert_false(qh_chars_remove(chars, "n", &error));
    g_assert_error(error, QH_ERROR, (gint)QH_ERROR_BUSY);
    g_clear_error(&error);
    g_assert_true(qh_char_attach(chr, NULL, one, NULL));
    g_assert_true(qh_char_attach(chr, &fake_handlers, two, NULL));
    g_assert_true(qh_char_attach(chr, NULL, two, NULL));
    g_assert_true(qh_chars_remove(chars, "n", NULL));
    g_assert_null(qh_chars_find(chars, "n"));
    g_assert_false(qh_chars_remove(chars, "n", &error));
    qh_chars_free(chars);
    fake_front_free(one);
    fake_front_free(two);
}

static void test_ringbuf(void)
{
    QhChars *chars = qh_chars_new(fake_host);

    add(chars, "ringbuf,id=r,size=8");
    add(chars, "null,id=n");
    QhChar *chr = qh_chars_find(chars, "r");
    fake_write(chr, "abcde");
    fake_write(chr, "fghijk");
    g_autoptr(GByteArray) first = qh_char_ringbuf_read(chr, 3, NULL);
    g_assert_cmpmem(first->data, first->len, "def", 3);
    g_autoptr(GByteArray) rest = qh_char_ringbuf_read(chr, 100, NULL);
    g_assert_cmpmem(rest->data, rest->len, "ghijk", 5);
    g_autoptr(GByteArray) none = qh_char_ringbuf_read(chr, 100, NULL);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_null(qh_char_ringbuf_read(qh_chars_find(chars, "n"), 1, NULL));
    qh_chars_free(chars);
}

static void test_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("qh-char-XXXXXX", NULL);
    g_autofree char *out = g_build_filename(dir, "o,ut", NULL);
    g_autofree char *in = g_build_filename(dir, "in", NULL);
    g_autofree char *text =
        g_strdup_printf("file,id=f,path=%s/o,,ut,input-path=%s,append=on", dir, in);
    g_autofree char *content = NULL;
    QhChars *chars = qh_chars_new(fake_host);
    FakeFront *front = fake_front_new(4);

    g_assert_true(g_file_set_contents(in, "hello", -1, NULL));
    g_assert_true(g_file_set_contents(out, "old ", -1, NULL));
    add(chars, text);
    QhChar *chr = qh_chars_find(chars, "f");
    g_assert_true(qh_char_attach(chr, &fake_handlers, front, NULL));
    fake_write(chr, "new");
    g_assert_true(fake_got(front, "hell"));
    fake_run_ms(20);
    g_assert_cmpstr(front->got->str, ==, "hell");
    front->room = 4;
    qh_char_accept_input(chr);
    g_assert_true(fake_got(front, "hello"));
    qh_char_attach(chr, NULL, front, NULL);
    qh_chars_free(chars);
    g_assert_true(g_file_get_contents(out, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "old new");
    fake_front_free(front);
    g_unlink(in);
    g_unlink(out);
    g_rmdir(dir);
}

static gboolean was_writable(void *data)
{
    return ((FakeFront *)data)->writable > 0;
}

/* A pipe that nobody reads: writing stops short without blocking, and goes on when there is room.
 */
static void test_pipe(void)
{
    g_autofree char *dir = g_dir_make_tmp("qh-char-XXXXXX", NULL);
    g_autofree char *base = g_build_filename(dir, "p", NULL);
    g_autofree char *in = g_strconcat(base, ".in", NULL);
    g_autofree char *out = g_strconcat(base, ".out", NULL);
    g_autofree char *text = g_strdup_printf("pipe,id=p,path=%s", base);
    uint8_t block[4096] = {0};
    QhChars *chars = qh_chars_new(fake_host);
    FakeFront *front = fake_front_new(100);
    uint64_t written = 0;
    uint32_t n;

    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    add(chars, text);
    QhChar *chr = qh_chars_find(chars, "p");
    g_assert_true(qh_char_attach(chr, &fake_handlers, front, NULL));
    int peer = open(in, O_WRONLY | O_NONBLOCK);
    g_assert_cmpint(write(peer, "typed", 5), ==, 5);
    g_assert_true(fake_got(front, "typed"));
    close(peer);

    while ((n = qh_char_write(chr, block, sizeof(block))) == sizeof(block)) {
        written += n;
        g_assert_cmpuint(written, <, 64 << 20);
    }
    g_assert_cmpuint(front->writable, ==, 0);
    peer = open(out, O_RDONLY | O_NONBLOCK);
    for (int i = 0; i < 4; i++) {
        g_assert_cmpint(read(peer, block, sizeof(block)), >, 0);
    }
    g_assert_true(fake_run_until(was_writable, front));
    g_assert_cmpuint(qh_char_write(chr, block, sizeof(block)), >, 0);
    close(peer);
    qh_char_attach(chr, NULL, front, NULL);
    qh_chars_free(chars);
    fake_front_free(front);
    g_unlink(in);
    g_unlink(out);
    g_rmdir(dir);
}

static void test_pty(void)
{
    QhChars *chars = qh_chars_new(fake_host);
    FakeFront *front = fake_front_new(100);
    char buffer[16] = {0};

    add(chars, "pty,id=p");
    QhChar *chr = qh_chars_find(chars, "p");
    g_autofree char *name = qh_char_filename(chr);
    g_assert_true(g_str_has_prefix(name, "pty:/dev/pts/"));
    g_assert_true(qh_char_attach(chr, &fake_handlers, front, NULL));
    fake_write(chr, "lost: nobody has the terminal open");
    int slave = open(name + 4, O_RDWR | O_NOCTTY);
    g_assert_cmpint(slave, >=, 0);
    g_assert_true(fake_has_events(front, "O"));
    fake_write(chr, "out\n");
    g_assert_cmpint(read(slave, buffer, sizeof(buffer)), ==, 4);
    g_assert_cmpstr(buffer, ==, "out\n");
    g_assert_cmpint(write(slave, "in\r", 3), ==, 3);
    g_assert_true(fake_got(front, "in\r"));
    close(slave);
    g_assert_true(fake_has_events(front, "OC"));
    slave = open(name + 4, O_RDWR | O_NOCTTY);
    g_assert_true(fake_has_events(front, "OCO"));
    close(slave);
    qh_char_attach(chr, NULL, front, NULL);
    qh_chars_free(chars);
    fake_front_free(front);
}

/* A back end that a module brings, by the options it was given. */
static void test_module(void)
{
    QhChars *chars = qh_chars_new(fake_host);
    FakeFront *front = fake_front_new(3);

    refuse(chars, "echo,id=e,bad=1", "echo dislikes {\"bad\": \"1\"}");
    g_assert_cmpuint(fake_slots_held, ==, 0);
    add(chars, "echo,id=e,good=1");
    g_assert_cmpuint(fake_slots_held, ==, 1);
    QhChar *chr = qh_chars_find(chars, "e");
    g_autofree char *name = qh_char_filename(chr);
    g_assert_cmpstr(name, ==, "echo");
    g_assert_true(qh_char_attach(chr, &fake_handlers, front, NULL));
    g_assert_cmpstr(front->events->str, ==, "O");
    g_assert_true(fake_got(front, "hel"));
    fake_write(chr, "taken");
    qh_char_attach(chr, NULL, front, NULL);
    g_assert_true(qh_chars_remove(chars, "e", NULL));
    g_assert_cmpuint(fake_slots_held, ==, 0);
    qh_chars_free(chars);
    fake_front_free(front);
}

static void test_describe(void)
{
    QhChars *chars = qh_chars_new(fake_host);
    g_autoptr(QhJsonWriter) writer = qh_json_writer_new();

    add(chars, "null,id=n");
    add(chars, "ringbuf,id=r");
    qh_chars_describe(chars, writer);
    g_autofree char *text = qh_json_writer_steal(writer, NULL);
    g_autoptr(QhJson) list = qh_json_parse(text, -1, NULL, NULL);
    g_assert_cmpuint(qh_json_length(list), ==, 2);
    const QhJson *entry = qh_json_at(list, 1);
    g_assert_cmpstr(qh_json_string(qh_json_get(entry, "label")), ==, "r");
    g_assert_cmpstr(qh_json_string(qh_json_get(entry, "filename")), ==, "ringbuf");
    g_assert_false(qh_json_bool(qh_json_get(entry, "frontend-open")));
    qh_chars_free(chars);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/char/options/bad", test_bad_options);
    g_test_add_func("/char/json/bad", test_bad_json);
    g_test_add_func("/char/short", test_short);
    g_test_add_func("/char/front-end", test_front_end);
    g_test_add_func("/char/ringbuf", test_ringbuf);
    g_test_add_func("/char/file", test_file);
    g_test_add_func("/char/pipe", test_pipe);
    g_test_add_func("/char/pty", test_pty);
    g_test_add_func("/char/module", test_module);
    g_test_add_func("/char/describe", test_describe);
    return g_test_run();
}
