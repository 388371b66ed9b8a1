/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of the host over 9P: what Linux's client asks, and what a hostile one could. */
#include "modules/virtio/p9.h"

#include "modules/virtio/p9-wire.h"
#include "modules/virtio/tests/bench-object.h"
#include "modules/virtio/tests/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATFS = 8, OPEN = 12, CREATE = 14, SYMLINK = 16, MKNOD = 18, RENAME = 20, READLINK = 22 };
enum { GETATTR = 24, SETATTR = 26, XATTRWALK = 30, XATTRCREATE = 32, READDIR = 40, FSYNC = 50 };
enum { LOCK = 52, GETLOCK = 54, LINK = 70, MKDIR = 72, RENAMEAT = 74, UNLINKAT = 76 };
enum { VERSION = 100, AUTH = 102, ATTACH = 104, WALK = 110, READ = 116, WRITE = 118 };
enum { CLUNK = 120, REMOVE = 122, ROOT = 1 };

/* One client of one folder; replies are read with `in`. */
typedef struct Client {
    char *path;
    P9Folder folder;
    P9Session *session;
    GByteArray *message, *reply;
    uint8_t room[8192];
    P9Reader in;
} Client;

/* Append to the message: d 4 bytes, q 8, w 2, b 1, s a string. */
static void add(GByteArray *message, const char *format, va_list arguments)
{
    for (const char *c = format; *c != '\0'; c++) {
        if (*c == 's') {
            p9_put_string(message, va_arg(arguments, const char *));
        } else if (*c == 'q') {
            p9_put(message, va_arg(arguments, uint64_t), 8);
        } else {
            uint32_t bytes = *c == 'd' ? 4 : *c == 'w' ? 2 : 1;

            p9_put(message, va_arg(arguments, uint32_t), bytes);
        }
    }
}

/* Serve what is in client->message; the errno of the reply. */
static uint32_t serve(Client *client)
{
    GByteArray *message = client->message;
    const VirtioSpan data = {message->data, message->len}, room = {client->room, 8192};
    uint8_t type = message->data[4];

    virtio_put32(message->data, message->len);
    P9Request request = {
        .session = client->session,
        .in = message->data,
        .in_bytes = type == WRITE ? MIN(message->len, P9_WRITE) : message->len,
        .data = &data,
        .n_data = 1,
        .data_bytes = message->len,
        .room = &room,
        .n_room = 1,
        .room_bytes = sizeof(client->room),
        .out = client->reply,
    };
    p9_serve(&request);
    g_assert_cmpuint(client->reply->len, <=, sizeof(client->room));
    memcpy(client->room, client->reply->data, client->reply->len);
    g_assert_cmpuint(virtio_get32(client->room), ==, client->reply->len + request.read);
    g_assert_cmpuint(virtio_get16(client->room + 5), ==, 77);
    p9_reader_clear(&client->in);
    client->in = (P9Reader){.at = client->room + P9_HEADER,
                            .left = client->reply->len + (uint32_t)request.read - P9_HEADER};
    if (client->room[4] == 7) {
        return p9_read32(&client->in);
    }
    g_assert_cmpuint(client->room[4], ==, type + 1u);
    return 0;
}

static uint32_t call(Client *client, uint32_t type, const char *format, ...)
{
    va_list arguments;

    g_byte_array_set_size(client->message, 0);
    p9_put(client->message, 0, 4);
    p9_put(client->message, type, 1);
    p9_put(client->message, 77, 2);
    va_start(arguments, format);
    add(client->message, format, arguments);
    va_end(arguments);
    return serve(client);
}

static Client *client_new(uint32_t security)
{
    Client *client = g_new0(Client, 1);

    client->path = bench_folder_new();
    client->folder = (P9Folder){.root = open(client->path, O_PATH | O_DIRECTORY | O_CLOEXEC),
                                .security = security,
                                .file_mode = 0640,
                                .folder_mode = 0750};
    p9_folder_init(&client->folder);
    client->session = p9_session_new(&client->folder);
    client->message = g_byte_array_new();
    client->reply = g_byte_array_new();
    g_assert_cmpuint(call(client, VERSION, "ds", 8192u, "9P2000.L"), ==, 0);
    g_assert_cmpuint(p9_read32(&client->in), ==, 8192);
    g_assert_cmpstr(p9_read_string(&client->in), ==, "9P2000.L");
    g_assert_cmpuint(call(client, ATTACH, "ddssd", ROOT, UINT32_MAX, "u", "", geteuid()), ==, 0);
    return client;
}

static void client_free(Client *client)
{
    p9_session_unref(client->session);
    p9_reader_clear(&client->in);
    close(client->folder.root);
    bench_folder_delete(client->path);
    g_byte_array_unref(client->message);
    g_byte_array_unref(client->reply);
    g_free(client->path);
    g_free(client);
}

static char *host_path(const Client *client, const char *name)
{
    return g_build_filename(client->path, name, NULL);
}

static void write_text(Client *client, uint32_t fid, uint64_t offset, const char *text)
{
    g_byte_array_set_size(client->message, 0);
    p9_put(client->message, 0, 4);
    p9_put(client->message, WRITE, 1);
    p9_put(client->message, 77, 2);
    p9_put(client->message, fid, 4);
    p9_put(client->message, offset, 8);
    p9_put(client->message, strlen(text), 4);
    g_byte_array_append(client->message, (const uint8_t *)text, (guint)strlen(text));
    g_assert_cmpuint(serve(client), ==, 0);
    g_assert_cmpuint(p9_read32(&client->in), ==, strlen(text));
}

static void expect_text(Client *client, uint32_t fid, uint64_t offset, const char *text)
{
    g_assert_cmpuint(call(client, READ, "dqd", fid, offset, 4096u), ==, 0);
    uint32_t bytes = p9_read32(&client->in);

    g_assert_cmpmem(client->in.at, bytes, text, strlen(text));
}

/* Mode, owner, group and size by GETATTR. */
static void expect_attr(Client *client, uint32_t fid, uint32_t mode, uint32_t uid, uint32_t gid)
{
    g_assert_cmpuint(call(client, GETATTR, "dq", fid, UINT64_C(0x7ff)), ==, 0);
    g_assert_cmpuint(p9_read(&client->in, 8), ==, 0x7ff);
    uint32_t kind = (uint32_t)p9_read(&client->in, 1);
    (void)p9_read(&client->in, 4);
    (void)p9_read(&client->in, 8);
    g_assert_cmphex(p9_read32(&client->in), ==, mode);
    g_assert_cmpuint(kind, ==, S_ISDIR(mode) ? 0x80 : S_ISLNK(mode) ? 2 : 0);
    g_assert_cmpuint(p9_read32(&client->in), ==, uid);
    g_assert_cmpuint(p9_read32(&client->in), ==, gid);
}

/* Make, write, read back, rename, look, remove. */
static void test_life(gconstpointer data)
{
    uint32_t security = GPOINTER_TO_UINT(data);
    Client *client = client_new(security);
    gboolean mapped = security >= P9_MAPPED_XATTR;
    uint32_t uid = mapped ? 1234 : geteuid(), gid = mapped ? 55 : getegid();
    g_autofree char *text = NULL;
    g_autofree char *moved = host_path(client, "sub/new");
    struct stat st;

    g_assert_cmpuint(call(client, MKDIR, "dsdd", ROOT, "sub", 0755u, gid), ==, 0);
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 2u, 1u, "sub"), ==, 0);
    g_assert_cmpuint(p9_read(&client->in, 2), ==, 1);
    expect_attr(client, 2, S_IFDIR | 0755, geteuid(), gid);
    g_assert_cmpuint(call(client, WALK, "ddw", 2u, 3u, 0u), ==, 0);
    g_assert_cmpuint(call(client, CREATE, "dsddd", 3u, "file", 2u, 04711u, gid), ==, 0);
    write_text(client, 3, 0, "hello world");
    write_text(client, 3, 6, "there");
    expect_text(client, 3, 0, "hello there");
    expect_text(client, 3, 6, "there");
    expect_text(client, 3, 100, "");
    g_assert_cmpuint(call(client, FSYNC, "dd", 3u, 0u), ==, 0);
    expect_attr(client, 3, S_IFREG | 04711, geteuid(), gid);
    g_assert_cmpuint(call(client, SETATTR, "dddddqqqqq", 3u, 1u | 2u | 4u | 8u, 0600u, uid, gid,
                          UINT64_C(5), UINT64_C(0), UINT64_C(0), UINT64_C(0), UINT64_C(0)),
                     ==, 0);
    expect_attr(client, 3, S_IFREG | 0600, uid, gid);
    expect_text(client, 3, 0, "hello");

    g_assert_cmpuint(call(client, RENAMEAT, "dsds", 2u, "file", 2u, "new"), ==, 0);
    expect_attr(client, 3, S_IFREG | 0600, uid, gid); /* fid and what is kept have moved along */
    g_assert_true(g_file_get_contents(moved, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "hello");
    g_assert_cmpint(stat(moved, &st), ==, 0);
    g_assert_cmphex(st.st_mode & 0777, ==, mapped ? 0640 : 0600);
    g_assert_cmpuint(call(client, RENAMEAT, "dsds", ROOT, "sub", ROOT, "other"), ==, 0);
    g_assert_cmpuint(call(client, WALK, "ddwss", ROOT, 4u, 2u, "other", "new"), ==, 0);
    expect_attr(client, 3, S_IFREG | 0600, uid, gid);
    g_assert_cmpuint(call(client, LINK, "dds", ROOT, 4u, "hard"), ==, 0);
    g_assert_cmpuint(call(client, CLUNK, "d", 3u), ==, 0);
    g_assert_cmpuint(call(client, CLUNK, "d", 3u), ==, EBADF);
    g_assert_cmpuint(call(client, UNLINKAT, "dsd", ROOT, "other", 0x200u), ==, ENOTEMPTY);
    g_assert_cmpuint(call(client, REMOVE, "d", 4u), ==, 0);
    g_assert_cmpuint(call(client, UNLINKAT, "dsd", ROOT, "hard", 0u), ==, 0);
    g_assert_cmpuint(call(client, UNLINKAT, "dsd", ROOT, "other", 0x200u), ==, 0);
    client_free(client);
}

static void test_special(gconstpointer data)
{
    uint32_t security = GPOINTER_TO_UINT(data);
    Client *client = client_new(security);
    uint32_t gid = getegid();

    g_assert_cmpuint(call(client, SYMLINK, "dssd", ROOT, "link", "/etc/passwd", gid), ==, 0);
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 2u, 1u, "link"), ==, 0);
    expect_attr(client, 2, S_IFLNK | 0777, geteuid(), gid);
    g_assert_cmpuint(call(client, READLINK, "d", 2u), ==, 0);
    g_assert_cmpstr(p9_read_string(&client->in), ==, "/etc/passwd");
    g_assert_cmpuint(call(client, MKNOD, "dsdddd", ROOT, "pipe", S_IFIFO | 0600u, 0u, 0u, gid), ==,
                     0);
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 3u, 1u, "pipe"), ==, 0);
    expect_attr(client, 3, S_IFIFO | 0600, geteuid(), gid);
    if (security >= P9_MAPPED_XATTR) {
        g_assert_cmpuint(call(client, MKNOD, "dsdddd", ROOT, "disk", S_IFBLK | 0600u, 8u, 1u, gid),
                         ==, 0);
        g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 4u, 1u, "disk"), ==, 0);
        expect_attr(client, 4, S_IFBLK | 0600, geteuid(), gid);
    } else {
        g_assert_cmpuint(call(client, OPEN, "dd", 3u, 0u), ==, ENXIO); /* and nobody waits */
        g_assert_cmpuint(call(client, OPEN, "dd", 2u, 0u), ==, ELOOP);
        g_assert_cmpuint(call(client, WALK, "ddwss", ROOT, 9u, 2u, "link", "x"), ==, 0);
        g_assert_cmpuint(p9_read(&client->in, 2), ==, 1); /* the link is found, nothing behind */
    }
    g_assert_cmpuint(call(client, STATFS, "d", ROOT), ==, 0);
    g_assert_cmphex(p9_read32(&client->in), ==, 0x01021997);
    g_assert_cmpuint(call(client, LOCK, "dbdqqds", 2u, 1u, 0u, UINT64_C(0), UINT64_C(0), 1u, "me"),
                     ==, 0);
    g_assert_cmpuint(call(client, GETLOCK, "dbqqds", 2u, 1u, UINT64_C(0), UINT64_C(0), 1u, "me"),
                     ==, 0);
    g_assert_cmpuint(p9_read(&client->in, 1), ==, 2);
    client_free(client);
}

/* A folder of 300 files comes in pieces, each file once; the server's own names do not show. */
static void test_list(gconstpointer data)
{
    Client *client = client_new(GPOINTER_TO_UINT(data));
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    uint64_t offset = 0;
    guint rounds = 0;

    for (guint i = 0; i < 300; i++) {
        g_autofree char *name = g_strdup_printf("file-%u", i);

        g_assert_cmpuint(call(client, WALK, "ddw", ROOT, 5u, 0u), ==, 0);
        g_assert_cmpuint(call(client, CREATE, "dsddd", 5u, name, 1u, 0600u, getegid()), ==, 0);
        g_assert_cmpuint(call(client, CLUNK, "d", 5u), ==, 0);
    }
    g_assert_cmpuint(call(client, WALK, "ddw", ROOT, 2u, 0u), ==, 0);
    g_assert_cmpuint(call(client, OPEN, "dd", 2u, 0u), ==, 0);
    for (uint32_t bytes = 1; bytes != 0; rounds++) {
        g_assert_cmpuint(call(client, READDIR, "dqd", 2u, offset, 1000u), ==, 0);
        bytes = p9_read32(&client->in);
        g_assert_cmpuint(bytes, <=, 1000);
        g_assert_cmpuint(bytes, ==, client->in.left);
        while (client->in.left > 0) {
            (void)p9_read(&client->in, 5);
            (void)p9_read(&client->in, 8);
            offset = p9_read(&client->in, 8);
            (void)p9_read(&client->in, 1);
            client->in.n_strings = 0;
            char *name = (char *)p9_read_string(&client->in);

            client->in.n_strings = 0;
            g_assert_false(g_hash_table_contains(seen, name));
            g_hash_table_add(seen, name);
        }
    }
    g_assert_cmpuint(rounds, >, 5);
    g_assert_cmpuint(g_hash_table_size(seen), ==, 302); /* and the two dots */
    client_free(client);
}

static void test_xattr(void)
{
    Client *client = client_new(P9_MAPPED_XATTR);

    g_assert_cmpuint(call(client, WALK, "ddw", ROOT, 2u, 0u), ==, 0);
    g_assert_cmpuint(call(client, CREATE, "dsddd", 2u, "f", 2u, 0600u, 0u), ==, 0);
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 3u, 1u, "f"), ==, 0);
    g_assert_cmpuint(call(client, XATTRCREATE, "dsqd", 3u, "user.a", UINT64_C(5), 0u), ==, 0);
    write_text(client, 3, 0, "va");
    write_text(client, 3, 2, "lue");
    g_assert_cmpuint(call(client, CLUNK, "d", 3u), ==, 0);
    g_assert_cmpuint(call(client, XATTRWALK, "dds", 2u, 4u, "user.a"), ==, 0);
    g_assert_cmpuint(p9_read(&client->in, 8), ==, 5);
    expect_text(client, 4, 0, "value");
    expect_text(client, 4, 3, "ue");
    g_assert_cmpuint(call(client, XATTRWALK, "dds", 2u, 5u, ""), ==, 0);
    g_assert_cmpuint(p9_read(&client->in, 8), ==, 7); /* not those that are the server's */
    g_assert_cmpuint(call(client, XATTRWALK, "dds", 2u, 6u, "user.virtfs.uid"), ==, EOPNOTSUPP);
    g_assert_cmpuint(call(client, XATTRWALK, "dds", 2u, 6u, "trusted.x"), ==, EOPNOTSUPP);
    g_assert_cmpuint(call(client, XATTRWALK, "dds", 2u, 6u, "user.none"), ==, ENODATA);

    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 3u, 1u, "f"), ==, 0);
    g_assert_cmpuint(call(client, XATTRCREATE, "dsqd", 3u, "user.a", UINT64_C(9), 0u), ==, 0);
    write_text(client, 3, 0, "short");
    g_assert_cmpuint(call(client, WRITE, "dqd", 3u, UINT64_C(2), 0u), ==, EBADF);
    g_assert_cmpuint(call(client, CLUNK, "d", 3u), ==, EIO); /* less than was announced */
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 3u, 1u, "f"), ==, 0);
    g_assert_cmpuint(call(client, XATTRCREATE, "dsqd", 3u, "user.a", UINT64_C(65537), 0u), ==,
                     ENOSPC);
    g_assert_cmpuint(call(client, XATTRCREATE, "dsqd", 3u, "user.a", UINT64_C(0), 2u), ==, 0);
    g_assert_cmpuint(call(client, CLUNK, "d", 3u), ==, 0);
    g_assert_cmpuint(call(client, XATTRWALK, "dds", 2u, 6u, "user.a"), ==, ENODATA);
    client_free(client);
}

/* Nothing leads out of the folder. */
static void test_escape(gconstpointer data)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "/", "/etc", "../x", "a/../../x"};
    Client *client = client_new(GPOINTER_TO_UINT(data));
    g_autofree char *out = host_path(client, "out");
    g_autofree char *long_name = g_strnfill(256, 'x');

    g_assert_cmpint(symlink("/", out), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpuint(call(client, MKDIR, "dsdd", ROOT, bad[i], 0755u, 0u), !=, 0);
        g_assert_cmpuint(call(client, SYMLINK, "dssd", ROOT, bad[i], "x", 0u), !=, 0);
        g_assert_cmpuint(call(client, MKNOD, "dsdddd", ROOT, bad[i], S_IFREG, 0u, 0u, 0u), !=, 0);
        g_assert_cmpuint(call(client, CREATE, "dsddd", ROOT, bad[i], 2u, 0600u, 0u), !=, 0);
        g_assert_cmpuint(call(client, UNLINKAT, "dsd", ROOT, bad[i], 0x200u), !=, 0);
        g_assert_cmpuint(call(client, RENAMEAT, "dsds", ROOT, "out", ROOT, bad[i]), !=, 0);
        g_assert_cmpuint(call(client, RENAMEAT, "dsds", ROOT, bad[i], ROOT, "n"), !=, 0);
        if (!g_str_equal(bad[i], "..")) {
            g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 2u, 1u, bad[i]), ==, ENOENT);
        }
    }
    /* above the root is the root */
    g_assert_cmpuint(call(client, WALK, "ddwsss", ROOT, 2u, 3u, "..", "..", ".."), ==, 0);
    g_assert_cmpuint(call(client, WALK, "ddws", 2u, 3u, 1u, "out"), ==, 0);
    g_assert_cmpuint(call(client, WALK, "ddws", 3u, 4u, 1u, "etc"), !=, 0);
    g_assert_cmpuint(call(client, OPEN, "dd", 3u, 0u), !=, 0);
    g_assert_cmpuint(call(client, MKDIR, "dsdd", 3u, "new", 0755u, 0u), !=, 0);
    g_assert_cmpuint(call(client, CREATE, "dsddd", 3u, "new", 2u, 0600u, 0u), !=, 0);
    g_assert_cmpuint(call(client, MKDIR, "dsdd", ROOT, long_name, 0755u, 0u), ==, ENAMETOOLONG);
    /* nor does what becomes a link after the client has found it */
    g_assert_cmpuint(call(client, MKDIR, "dsdd", ROOT, "d", 0755u, getegid()), ==, 0);
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 5u, 1u, "d"), ==, 0);
    g_autofree char *folder = host_path(client, "d");
    g_assert_cmpint(rmdir(folder) == 0 || errno == ENOTEMPTY, ==, TRUE);
    g_autofree char *aside = host_path(client, "aside");
    (void)rename(folder, aside);
    g_assert_cmpint(symlink("/tmp", folder), ==, 0);
    g_assert_cmpuint(call(client, MKDIR, "dsdd", 5u, "new", 0755u, 0u), !=, 0);
    g_assert_cmpuint(call(client, OPEN, "dd", 5u, 0u), !=, 0);
    client_free(client);
}

static void test_wrong(void)
{
    Client *client = client_new(P9_NONE);

    g_assert_cmpuint(call(client, VERSION, "ds", 100u, "9P2000.L"), ==, EMSGSIZE);
    g_assert_cmpuint(call(client, AUTH, "dssd", 9u, "u", "", 0u), ==, EOPNOTSUPP);
    g_assert_cmpuint(call(client, ATTACH, "ddssd", ROOT, UINT32_MAX, "u", "", 0u), ==, EBADF);
    g_assert_cmpuint(call(client, ATTACH, "ddssd", 9u, 3u, "u", "", 0u), ==, EINVAL);
    g_assert_cmpuint(call(client, GETATTR, "dq", 99u, UINT64_C(0)), ==, EBADF);
    g_assert_cmpuint(call(client, WALK, "ddw", ROOT, ROOT, 17u), ==, EBADMSG);
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 2u, 2u, "x"), ==, EBADMSG);
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 2u, 1u, "none"), ==, ENOENT);
    g_assert_cmpuint(call(client, READ, "dqd", ROOT, UINT64_C(0), UINT32_MAX), ==, EBADF);
    g_assert_cmpuint(call(client, READDIR, "dqd", ROOT, UINT64_C(0), 100u), ==, EBADF);
    g_assert_cmpuint(call(client, WRITE, "dqd", ROOT, UINT64_C(0), UINT32_MAX), ==, EBADMSG);
    g_assert_cmpuint(call(client, REMOVE, "d", ROOT), ==, EBUSY);
    g_assert_cmpuint(call(client, VERSION, "ds", 8192u, "9P2000.u"), ==, 0);
    (void)p9_read32(&client->in);
    g_assert_cmpstr(p9_read_string(&client->in), ==, "unknown");
    g_assert_cmpuint(call(client, GETATTR, "dq", ROOT, UINT64_C(0)), ==, EBADF); /* all are gone */
    for (uint32_t type = 0; type < 256; type++) { /* and cut short, every one of them */
        if (type != P9_TFLUSH) {
            g_assert_cmpuint(call(client, type, ""), !=, 0);
        }
    }
    client_free(client);
}

static void test_read_only(void)
{
    Client *client = client_new(P9_NONE);
    g_autofree char *path = host_path(client, "f");

    g_assert_true(g_file_set_contents(path, "text", -1, NULL));
    client->folder.read_only = TRUE;
    g_assert_cmpuint(call(client, MKDIR, "dsdd", ROOT, "d", 0755u, 0u), ==, EROFS);
    g_assert_cmpuint(call(client, WALK, "ddws", ROOT, 2u, 1u, "f"), ==, 0);
    for (uint32_t flags = 1; flags < 4; flags++) {
        g_assert_cmpuint(call(client, OPEN, "dd", 2u, flags), ==, EROFS);
    }
    g_assert_cmpuint(call(client, OPEN, "dd", 2u, 01000u), ==, EROFS);
    g_assert_cmpuint(call(client, OPEN, "dd", 2u, 0u), ==, 0);
    expect_text(client, 2, 0, "text");
    g_assert_cmpuint(call(client, WRITE, "dqd", 2u, UINT64_C(0), 0u), ==, EBADF);
    g_assert_cmpuint(call(client, REMOVE, "d", 2u), ==, EROFS);
    client_free(client);
}

/* Messages at random, half of them sensible: no crash, and nothing outside the folder. */
static void test_random(void)
{
    static const uint8_t types[] = {8,  12, 14, 16, 18, 20, 22,  24,  26,  30,  32,  40,  50,
                                    52, 54, 70, 72, 74, 76, 100, 104, 110, 116, 118, 120, 122};
    static const char *const names[] = {"a", "b", "..", "", "a/b", "c", ".virtfs_metadata", "d"};
    g_autoptr(GRand) random = g_rand_new_with_seed(5);

    for (uint32_t security = 0; security < 4; security++) {
        Client *client = client_new(security);

        for (guint i = 0; i < 6000; i++) {
            GByteArray *message = client->message;

            g_byte_array_set_size(message, 0);
            p9_put(message, 0, 4);
            p9_put(message, types[g_rand_int_range(random, 0, G_N_ELEMENTS(types))], 1);
            p9_put(message, 77, 2);
            for (gint n = g_rand_int_range(random, 0, 9); n > 0; n--) {
                if (g_rand_boolean(random)) {
                    p9_put_string(message, names[g_rand_int_range(random, 0, 8)]);
                } else {
                    p9_put(message, (uint32_t)g_rand_int_range(random, 0, 6),
                           g_rand_boolean(random) ? 4 : 2);
                }
            }
            (void)serve(client);
            if (i % 50 == 0) {
                (void)call(client, ATTACH, "ddssd", ROOT, UINT32_MAX, "u", "", 0u);
            }
        }
        client_free(client);
    }
}

/* --- Through the rings --- */

static uint32_t exchange(Queue *queue, uint32_t type, const void *data, uint32_t bytes)
{
    uint8_t *message = bench_at(queue->bench, DRIVER_DATA);
    const Part parts[] = {
        {DRIVER_DATA,          P9_HEADER + bytes, FALSE},
        {DRIVER_DATA + 0x1000, 4096,              TRUE },
    };
    uint32_t id, written;

    virtio_put32(message, P9_HEADER + bytes);
    message[4] = (uint8_t)type;
    virtio_put16(message + 5, 3);
    memcpy(message + P9_HEADER, data, bytes);
    driver_add(queue, parts, 2, FALSE);
    driver_kick(queue);
    bench_wait(queue->bench);
    g_assert_true(driver_get(queue, &id, &written));
    const uint8_t *reply = bench_at(queue->bench, DRIVER_DATA + 0x1000);
    g_assert_cmpuint(virtio_get32(reply), ==, written);
    return reply[4];
}

static void test_rings(void)
{
    const char *const properties[] = {"fsdev", "f0", "mount_tag", "share", NULL};
    const char *const no_tag[] = {"fsdev", "f0", NULL};
    Bench *bench = bench_new("virtio-9p-device", FALSE, properties);
    uint64_t features = driver_start(bench, 0);
    Queue queue = driver_queue(bench, 0, 16, features);

    driver_ok(bench);
    g_assert_cmpuint(bench_config(bench, 0, 2), ==, 5);
    g_assert_cmpuint(bench_config(bench, 2, 4), ==, 0x72616873);
    g_assert_cmpuint(exchange(&queue, VERSION, "\0\20\0\0\10\0009P2000.L", 14), ==, VERSION + 1);
    g_assert_cmpuint(exchange(&queue, P9_TFLUSH, "\1\0", 2), ==, P9_TFLUSH + 1);
    g_assert_cmpuint(exchange(&queue, 200, "", 0), ==, 7);
    g_assert_cmpuint(bench->n_guest_errors, ==, 0);
    /* a reset while a request is under way: nothing of it may come through */
    const Part part = {DRIVER_DATA, P9_HEADER, FALSE};
    driver_add(&queue, &part, 1, FALSE);
    driver_kick(&queue);
    bench_write(bench, R_STATUS, 0);
    bench_wait(bench);
    g_assert_cmpuint(bench_read(bench, R_STATUS), ==, 0);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    bench_free(bench);
    g_error_free(bench_refuse("virtio-9p-device", no_tag));
}

int main(int argc, char **argv)
{
    static const char *const models[] = {"passthrough", "none", "mapped-xattr", "mapped-file"};

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autofree char *life = g_strconcat("/p9/life/", models[i], NULL);
        g_autofree char *special = g_strconcat("/p9/special/", models[i], NULL);
        g_autofree char *list = g_strconcat("/p9/list/", models[i], NULL);
        g_autofree char *escape = g_strconcat("/p9/escape/", models[i], NULL);

        g_test_add_data_func(life, GUINT_TO_POINTER(i), test_life);
        g_test_add_data_func(special, GUINT_TO_POINTER(i), test_special);
        g_test_add_data_func(list, GUINT_TO_POINTER(i), test_list);
        g_test_add_data_func(escape, GUINT_TO_POINTER(i), test_escape);
    }
    g_test_add_func("/p9/xattr", test_xattr);
    g_test_add_func("/p9/wrong", test_wrong);
    g_test_add_func("/p9/read-only", test_read_only);
    g_test_add_func("/p9/random", test_random);
    g_test_add_func("/p9/rings", test_rings);
    return g_test_run();
}
