/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's queue for disks: what it moves, what it leaves to others, what it refuses. A system
 * without such queues has to say so; then there is nothing else to see. */
#include "core/block/ring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 4096u
#define COUNT 1000u /* more than are handed over at a time */

typedef struct Bench {
    QhBlockRing *ring;
    GMutex lock;
    GCond changed;
    guint done, whole, told;
    int fd;
    char *path;
} Bench;

static void told(void *data)
{
    Bench *bench = data;

    g_mutex_lock(&bench->lock);
    bench->told++;
    g_cond_broadcast(&bench->changed);
    g_mutex_unlock(&bench->lock);
}

static void done(QhBlockTransfer *transfer, gboolean all)
{
    Bench *bench = transfer->data[0];

    g_mutex_lock(&bench->lock);
    bench->done++;
    bench->whole += all != FALSE;
    g_mutex_unlock(&bench->lock);
}

static gboolean set_up(Bench *bench)
{
    g_autoptr(GError) error = NULL;

    memset(bench, 0, sizeof(*bench));
    bench->ring = qh_block_ring_new(told, bench, &error);
    if (bench->ring == NULL) {
        g_assert_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED);
        g_test_message("no ring here: %s", error->message);
        return FALSE;
    }
    g_assert_no_error(error);
    bench->fd = g_file_open_tmp("qh-ring-XXXXXX", &bench->path, NULL);
    g_assert_cmpint(bench->fd, >=, 0);
    return TRUE;
}

static void tear_down(Bench *bench)
{
    qh_block_ring_free(bench->ring);
    g_assert_cmpint(unlink(bench->path), ==, 0);
    close(bench->fd);
    g_free(bench->path);
}

/* Wait until so many are done, and somebody was told after the last one. */
static void await(Bench *bench, guint count)
{
    gint64 until = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;

    g_mutex_lock(&bench->lock);
    while (bench->done < count || bench->told == 0) {
        g_assert_true(g_cond_wait_until(&bench->changed, &bench->lock, until));
    }
    bench->told = 0;
    g_mutex_unlock(&bench->lock);
}

static void
push(Bench *bench, QhBlockTransfer *transfer, gboolean write, QhBlockVec *vec, uint64_t offset)
{
    *transfer = (QhBlockTransfer){
        .fd = bench->fd,
        .write = write,
        .n_vec = 1,
        .vec = vec,
        .offset = offset,
        .bytes = vec->bytes,
        .done = done,
        .data = {bench},
    };
    qh_block_ring_push(bench->ring, transfer);
}

static void test_transfers(void)
{
    Bench bench;
    g_autofree QhBlockTransfer *transfers = g_new(QhBlockTransfer, COUNT);
    g_autofree QhBlockVec *vecs = g_new(QhBlockVec, COUNT);
    g_autofree char *data = g_malloc((gsize)COUNT * BLOCK);

    if (!set_up(&bench)) {
        return;
    }
    for (guint pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < COUNT; i++) {
            vecs[i] = (QhBlockVec){data + (gsize)i * BLOCK, BLOCK};
            memset(vecs[i].base, pass == 0 ? (int)(i % 251) : 0xff, BLOCK);
        }
        for (guint i = 0; i < COUNT; i++) {
            push(&bench, &transfers[i], pass == 0, &vecs[i], (uint64_t)i * BLOCK);
        }
        await(&bench, (pass + 1) * COUNT);
    }
    g_assert_cmpuint(bench.whole, ==, 2 * COUNT);
    for (guint i = 0; i < COUNT; i++) {
        const uint8_t *block = vecs[i].base;

        g_assert_cmpuint(block[0], ==, i % 251);
        g_assert_cmpuint(block[BLOCK - 1], ==, i % 251);
    }
    /* one at a time, with sleep between them */
    for (guint i = 0; i < 50; i++) {
        push(&bench, &transfers[0], FALSE, &vecs[i], (uint64_t)i * BLOCK);
        await(&bench, 2 * COUNT + i + 1);
        if (i % 10 == 0) {
            g_usleep(2000);
        }
    }
    tear_down(&bench);
}

/* A part that is missing, and a file that is none, are told of as such. */
static void test_others(void)
{
    Bench bench;
    QhBlockTransfer transfers[2];
    char data[BLOCK];
    QhBlockVec vec = {data, BLOCK};

    if (!set_up(&bench)) {
        return;
    }
    g_assert_cmpint(ftruncate(bench.fd, BLOCK / 2), ==, 0);
    push(&bench, &transfers[0], FALSE, &vec, 0);
    await(&bench, 1);
    int fd = bench.fd;
    bench.fd = -1;
    push(&bench, &transfers[1], FALSE, &vec, 0);
    await(&bench, 2);
    bench.fd = fd;
    g_assert_cmpuint(bench.whole, ==, 0);
    tear_down(&bench);
}

static int ring_fd(void)
{
    for (int fd = 0; fd < 256; fd++) {
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
        g_autofree char *target = g_file_read_link(path, NULL);

        if (g_strcmp0(target, "anon_inode:[io_uring]") == 0) {
            return fd;
        }
    }
    return -1;
}

/* Filters of system calls do not see what a ring does, so it has to refuse by itself. */
static void test_restricted(void)
{
    Bench bench;
    int event = 0;

    if (!set_up(&bench)) {
        return;
    }
    int fd = ring_fd();
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(syscall(SYS_io_uring_register, fd, IORING_REGISTER_EVENTFD, &event, 1), ==, -1);
    g_assert_cmpint(errno, ==, EACCES);
    tear_down(&bench);
    g_assert_cmpint(ring_fd(), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/block/ring/transfers", test_transfers);
    g_test_add_func("/block/ring/others", test_others);
    g_test_add_func("/block/ring/restricted", test_restricted);
    return g_test_run();
}
