/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests on a block node, without a machine: what the scripts beside it drive.
 *
 *   blockio OPTIONS COMMAND [ARGUMENT...]     OPTIONS as -blockdev takes them, as JSON
 *
 *   random SEED COUNT MODEL   random requests, on the node and on the file MODEL; reads must agree
 *   verify MODEL              the node reads as MODEL does
 *   pour SEED                 write until killed; "THREAD NUMBER" on stdout after each flush
 *   poured SEED N N N N       what pour left: each block old or new, flushed ones not lost
 *   write OFFSET BYTES BYTE   one request; also: zero, unmap, discard OFFSET BYTES; pack
 *   read OFFSET BYTES         the sum of the bytes
 *   exercise SEED COUNT       random requests of all kinds; prints how many failed
 *   mutate OUT SEED COUNT     damaged copies of the image are opened and used
 *   resize BYTES, check, create ARGUMENTS, info, map
 */
#include "core/block/qcow2.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BLOCK   4096u
#define THREADS 4u

typedef struct Random {
    uint64_t state;
} Random;

static uint64_t next(Random *random)
{
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t mixed = random->state ^ random->state >> 33;
    return mixed * UINT64_C(0xff51afd7ed558ccd) >> 11;
}

static int fail(const char *what, uint64_t at, int error)
{
    printf("%s at %" G_GUINT64_FORMAT ": %s\n", what, at, g_strerror(error));
    return 1;
}

static int compare(QhBlockNode *node, int model, uint64_t offset, uint64_t bytes)
{
    g_autofree char *ours = g_malloc(bytes + 1), *theirs = g_malloc0(bytes + 1);
    int error = qh_block_read(node, offset, ours, bytes);

    if (error != 0) {
        return fail("read", offset, error);
    }
    if (pread(model, theirs, bytes, (off_t)offset) < 0) {
        return fail("model", offset, EIO);
    }
    for (uint64_t i = 0; i < bytes; i++) {
        if (ours[i] != theirs[i]) {
            printf("byte %" G_GUINT64_FORMAT " is %02x, not %02x\n", offset + i, (uint8_t)ours[i],
                   (uint8_t)theirs[i]);
            return 1;
        }
    }
    return 0;
}

static int random_write(QhBlockNode *node, int model, Random *random, uint64_t offset, uint64_t n)
{
    g_autofree char *data = g_malloc(n + 1);
    uint64_t kind = next(random) % 8;
    int error;

    memset(data, kind == 0 ? 0 : (int)next(random), n);
    for (uint64_t i = 0; i < n && kind != 0; i += 7) {
        data[i] = (char)next(random);
    }
    if (kind < 2) {
        memset(data, 0, n);
        error = qh_block_zero(node, offset, n, kind == 0 ? QH_BLOCK_UNMAP : 0);
    } else {
        /* in two parts, so that scatter lists are used */
        uint64_t first = next(random) % (n + 1);
        QhBlockVec vec[] = {
            {data,         first    },
            {data + first, n - first}
        };

        error = qh_block_writev(node, offset, n, vec, 2, kind == 7 ? QH_BLOCK_COMPRESSED : 0);
    }
    if (error != 0) {
        return fail("write", offset, error);
    }
    return pwrite(model, data, n, (off_t)offset) == (ssize_t)n ? 0 : 1;
}

static int run_random(QhBlockNode *node, char **args)
{
    Random random = {strtoull(args[0], NULL, 0)};
    uint64_t count = strtoull(args[1], NULL, 0), length = qh_block_length(node);
    int model = open(args[2], O_RDWR), status = model < 0;

    for (uint64_t i = 0; i < count && status == 0; i++) {
        uint64_t most = MIN(length, next(&random) % 4 == 0 ? 300000 : 9000);
        uint64_t bytes = next(&random) % most + 1;
        uint64_t offset = next(&random) % (length - bytes + 1);

        if (next(&random) % 2 == 0) {
            offset = offset / 512 * 512;
            bytes = MAX(bytes / 512 * 512, 1);
        }
        switch (next(&random) % 16) {
        case 0:
            status = qh_block_flush(node) != 0;
            break;
        case 1:
        case 2:
        case 3:
        case 4:
            status = compare(node, model, offset, bytes);
            break;
        default:
            status = random_write(node, model, &random, offset, bytes);
        }
        if (status != 0) {
            printf("request %" G_GUINT64_FORMAT "\n", i);
        }
    }
    close(model);
    return status;
}

static int run_exercise(QhBlockNode *node, char **args)
{
    Random random = {strtoull(args[0], NULL, 0)};
    uint64_t count = strtoull(args[1], NULL, 0), length = qh_block_length(node), failed = 0;
    g_autofree char *data = g_malloc0(300000 + 512);

    for (uint64_t i = 0; i < count; i++) {
        uint64_t bytes = next(&random) % 300000 / 512 * 512 + 512;
        uint64_t offset = next(&random) % (length - bytes + 1) / 512 * 512;
        int error;

        switch (next(&random) % 8) {
        case 0:
            error = qh_block_flush(node);
            break;
        case 1:
            error = qh_block_discard(node, offset, bytes);
            break;
        case 2:
            error = qh_block_zero(node, offset, bytes, QH_BLOCK_UNMAP);
            break;
        case 3:
            error = qh_block_read(node, offset, data, bytes);
            break;
        default:
            error = qh_block_write(node, offset, data, bytes);
        }
        failed += error != 0;
    }
    failed += qh_block_flush(node) != 0;
    printf("%" G_GUINT64_FORMAT "\n", failed);
    return 0;
}

static int run_verify(QhBlockNode *node, char **args)
{
    uint64_t length = qh_block_length(node);
    int model = open(args[0], O_RDONLY), status = model < 0;

    for (uint64_t at = 0; at < length && status == 0; at += 1u << 20) {
        status = compare(node, model, at, MIN(length - at, 1u << 20));
    }
    close(model);
    return status;
}

typedef struct Pourer {
    QhBlockNode *node;
    uint64_t seed, thread, blocks;
    int error;
} Pourer;

/* The block that write @number of a thread goes to. */
static uint64_t block_of(const Pourer *pourer, uint64_t number)
{
    Random random = {pourer->seed * 1000003 + pourer->thread * 7919 + number * 104729};

    next(&random);
    return next(&random) % (pourer->blocks / THREADS) * THREADS + pourer->thread;
}

static void fill(uint64_t *data, uint64_t block, uint64_t number)
{
    for (uint64_t i = 0; i < BLOCK / 8; i++) {
        data[i] = i % 2 == 0 ? block : number;
    }
}

static gpointer pour(gpointer data)
{
    Pourer *pourer = data;
    uint64_t words[BLOCK / 8];

    for (uint64_t number = 1; pourer->error == 0; number++) {
        uint64_t block = block_of(pourer, number);

        fill(words, block, number);
        pourer->error = qh_block_write(pourer->node, block * BLOCK, words, BLOCK);
        if (number % 64 == 0 && pourer->error == 0) {
            char text[64];

            pourer->error = qh_block_flush(pourer->node);
            int n = g_snprintf(text, sizeof(text), "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                               pourer->thread, number);
            if (write(STDOUT_FILENO, text, (size_t)n) != n) {
                pourer->error = EPIPE;
            }
        }
    }
    return NULL;
}

static int run_pour(QhBlockNode *node, char **args)
{
    Pourer pourers[THREADS];
    GThread *threads[THREADS];

    for (uint64_t t = 0; t < THREADS; t++) {
        pourers[t] =
            (Pourer){node, strtoull(args[0], NULL, 0), t, qh_block_length(node) / BLOCK, 0};
        threads[t] = g_thread_new("pour", pour, &pourers[t]);
    }
    for (uint64_t t = 0; t < THREADS; t++) {
        g_thread_join(threads[t]);
    }
    return fail("pour", 0, pourers[0].error);
}

static int check_block(const Pourer *pourer, uint64_t block, uint64_t flushed)
{
    uint64_t words[BLOCK / 8], wanted[BLOCK / 8] = {0};
    int error = qh_block_read(pourer->node, block * BLOCK, words, BLOCK);

    if (error != 0) {
        return fail("read", block * BLOCK, error);
    }
    /* a sector is what a disk writes as a whole: each has its own old or new number */
    for (uint64_t sector = 0; sector < BLOCK / 512; sector++) {
        const uint64_t *at = &words[sector * 64];
        uint64_t number = at[1];

        memset(wanted, 0, sizeof(wanted));
        if (number != 0) {
            fill(wanted, block, number);
        }
        if (memcmp(at, wanted, 512) != 0 || number < flushed ||
            (number != 0 && block_of(pourer, number) != block)) {
            printf("block %" G_GUINT64_FORMAT " has %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT
                   ", at least write %" G_GUINT64_FORMAT " was flushed\n",
                   block, at[0], number, flushed);
            return 1;
        }
    }
    return 0;
}

static int run_poured(QhBlockNode *node, char **args)
{
    uint64_t blocks = qh_block_length(node) / BLOCK;
    g_autofree uint64_t *flushed = g_new0(uint64_t, blocks + THREADS);
    int status = 0;

    for (uint64_t t = 0; t < THREADS && status == 0; t++) {
        Pourer pourer = {node, strtoull(args[0], NULL, 0), t, blocks, 0};
        uint64_t last = strtoull(args[1 + t], NULL, 0);

        for (uint64_t number = 1; number <= last; number++) {
            flushed[block_of(&pourer, number)] = number;
        }
        for (uint64_t block = t; block < blocks / THREADS * THREADS && status == 0;
             block += THREADS) {
            status = check_block(&pourer, block, flushed[block]);
        }
    }
    return status;
}

static int run_one(QhBlockNode *node, char **args)
{
    const char *verb = args[-1];
    uint64_t offset = strtoull(args[0], NULL, 0), bytes = strtoull(args[1], NULL, 0);
    g_autofree uint8_t *data = g_malloc0(bytes + 1);
    QhBlockVec vec = {data, bytes};
    uint64_t sum = 0;
    int error;

    if (g_str_equal(verb, "write") || g_str_equal(verb, "pack")) {
        memset(data, (int)strtoul(args[2], NULL, 0), bytes);
        error = qh_block_writev(node, offset, bytes, &vec, 1,
                                g_str_equal(verb, "pack") ? QH_BLOCK_COMPRESSED : 0);
    } else if (g_str_equal(verb, "discard")) {
        error = qh_block_discard(node, offset, bytes);
    } else if (g_str_equal(verb, "read")) {
        error = qh_block_read(node, offset, data, bytes);
        for (uint64_t i = 0; i < bytes; i++) {
            sum += data[i];
        }
        printf("%" G_GUINT64_FORMAT "\n", sum);
    } else {
        error = qh_block_zero(node, offset, bytes, g_str_equal(verb, "unmap") ? QH_BLOCK_UNMAP : 0);
    }
    return error != 0 ? fail(verb, offset, error) : 0;
}

static int run_resize(QhBlockNode *node, char **args)
{
    g_autoptr(GError) error = NULL;

    if (!qh_block_truncate(node, strtoull(args[0], NULL, 0), &error)) {
        printf("%s\n", error->message);
        return 1;
    }
    return 0;
}

static int run_check(QhBlockNode *node, G_GNUC_UNUSED char **args)
{
    g_autoptr(GError) error = NULL;
    QcCheck found;

    if (!qc_check((QhQcow2 *)node->state, FALSE, &found, &error)) {
        printf("%s\n", error->message);
        return 1;
    }
    printf("%" G_GUINT64_FORMAT " leaks %" G_GUINT64_FORMAT " corruptions\n", found.leaks,
           found.corruptions);
    return found.corruptions > 0 ? 2 : found.leaks > 0 ? 3 : 0;
}

static int run_map(QhBlockNode *node, G_GNUC_UNUSED char **args)
{
    uint64_t length = qh_block_length(node);

    for (uint64_t at = 0; at < length;) {
        QhBlockStatus status;
        int error = qh_block_status_above(node, NULL, at, length - at, &status);

        if (error != 0) {
            return fail("map", at, error);
        }
        printf("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %u\n", at, status.bytes,
               (status.flags & QH_BLOCK_STATUS_ZERO) != 0);
        at += status.bytes;
    }
    return 0;
}

/* create BYTES CLUSTER VERSION REFBITS COMPRESSION EXTENDED [BACKING FORMAT] */
static int run_create(QhBlockNode *node, char **args)
{
    g_autoptr(GError) error = NULL;
    QcCreate create = {
        .bytes = strtoull(args[0], NULL, 0),
        .cluster_bytes = strtoull(args[1], NULL, 0),
        .version = (uint32_t)strtoul(args[2], NULL, 0),
        .ref_bits = (uint32_t)strtoul(args[3], NULL, 0),
        .compression = (uint32_t)strtoul(args[4], NULL, 0),
        .extended = strtoul(args[5], NULL, 0) != 0,
        .backing_name = args[6],
        .backing_format = args[6] != NULL ? args[7] : NULL,
    };

    if (!qh_qcow2_create(node, &create, &error)) {
        printf("%s\n", error->message);
        return 1;
    }
    return 0;
}

/* Open an image that may be damaged, use it a little, close it. */
static void try_image(QhBlockGraph *graph, const char *path, Random *random)
{
    g_autofree char *text =
        g_strdup_printf("{\"driver\": \"qcow2\", \"discard\": \"unmap\", \"file\": {\"driver\": "
                        "\"file\", \"filename\": \"%s\"}}",
                        path);
    g_autoptr(QhJson) options = qh_json_parse(text, -1, NULL, NULL);
    g_autoptr(GError) error = NULL;
    QhBlockNode *node = qh_block_add(graph, options, 0, &error);

    if (node == NULL) {
        return;
    }
    uint64_t length = MIN(qh_block_length(node), 64u << 20);
    g_autofree char *data = g_malloc0(1 << 20);
    for (uint64_t at = 0; at + (1 << 20) <= length; at += 1 << 20) {
        (void)qh_block_read(node, at, data, 1 << 20);
    }
    for (guint i = 0; i < 20 && length > 100000; i++) {
        uint64_t offset = next(random) % (length - 70000), bytes = next(random) % 70000;

        (void)qh_block_write(node, offset, data, bytes);
        (void)qh_block_discard(node, next(random) % (length - 70000), 70000);
        (void)qh_block_zero(node, next(random) % (length - 70000), 70000, 0);
    }
    (void)qh_block_flush(node);
    qh_block_node_unref(node);
}

static uint64_t cpu_us(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A signal ends the process after so many seconds of its CPU time, which a loop uses up however
 * busy the machine is, or of real time, which only says that it waits for ever. 0: never.
 */
static void limit_time(unsigned cpu, unsigned real)
{
    struct itimerval limit = {
        {0,   0},
        {cpu, 0}
    };

    setitimer(ITIMER_PROF, &limit, NULL);
    alarm(real);
}

/* mutate OUT SEED COUNT: damaged copies of the image, one after the other */
static int run_mutate(QhBlockNode *node, char **args)
{
    uint64_t seed = strtoull(args[1], NULL, 0), count = strtoull(args[2], NULL, 0);
    g_autofree char *path = qh_block_node_filename(node);
    g_autofree char *good = NULL;
    uint64_t slowest = 0, slowest_seed = 0;
    gsize bytes = 0;

    if (!g_file_get_contents(path, &good, &bytes, NULL)) {
        return 1;
    }
    for (uint64_t i = 0; i < count; i++) {
        Random random = {seed + i};
        g_autofree char *bad = g_memdup2(good, bytes);

        for (uint64_t n = next(&random) % 4 + 1; n > 0; n--) {
            /* near the front, where the tables are, more often */
            uint64_t at = next(&random) % (next(&random) % 3 == 0   ? bytes
                                           : next(&random) % 2 == 0 ? MIN(bytes, 128)
                                                                    : MIN(bytes, 1 << 18));

            bad[at] = (char)(next(&random) % 3 == 0 ? (uint64_t)bad[at] ^ 1u << next(&random) % 8
                                                    : next(&random));
        }
        int fd = open(args[0], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, bad, bytes) != (ssize_t)bytes) {
            return 1;
        }
        close(fd);
        printf("seed %" G_GUINT64_FORMAT "\r", seed + i);
        fflush(stdout);
        limit_time(10, 600);
        uint64_t before = cpu_us();
        try_image(node->graph, args[0], &random);
        uint64_t taken = cpu_us() - before;
        limit_time(0, 0);
        if (taken > slowest) {
            slowest = taken;
            slowest_seed = seed + i;
        }
    }
    printf("slowest %" G_GUINT64_FORMAT " us, seed %" G_GUINT64_FORMAT "\n", slowest, slowest_seed);
    return slowest > 1000000 ? 1 : 0;
}

static const struct {
    const char *name;
    int least;
    int (*run)(QhBlockNode *node, char **args);
} commands[] = {
    {"random",   3, run_random  },
    {"verify",   1, run_verify  },
    {"pour",     1, run_pour    },
    {"poured",   5, run_poured  },
    {"write",    3, run_one     },
    {"pack",     3, run_one     },
    {"zero",     2, run_one     },
    {"unmap",    2, run_one     },
    {"discard",  2, run_one     },
    {"read",     2, run_one     },
    {"resize",   1, run_resize  },
    {"exercise", 2, run_exercise},
    {"mutate",   3, run_mutate  },
    {"check",    0, run_check   },
    {"map",      0, run_map     },
    {"create",   6, run_create  },
};

static int run(QhHost *host, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QhJson) options = qh_json_parse(argv[1], -1, NULL, &error);
    QhBlockNode *node =
        options != NULL ? qh_block_add(qh_host_blocks(host), options, 0, &error) : NULL;
    int status = 2;

    if (node == NULL) {
        printf("%s\n", error->message);
        return 4;
    }
    QhBlockUser *user = qh_block_user_new(
        node, "blockio", QH_BLOCK_USE_READ | (node->read_only ? 0 : QH_BLOCK_USE_WRITE),
        QH_BLOCK_USE_ALL, &error);
    if (user == NULL) {
        printf("%s\n", error->message);
        qh_block_node_unref(node);
        return 4;
    }
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(commands[i].name, argv[2]) && argc - 3 >= commands[i].least) {
            status = commands[i].run(node, &argv[3]);
        }
    }
    qh_block_user_free(user);
    qh_block_node_unref(node);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        return 2;
    }
    QhHost *host = qh_host_new();
    int status = run(host, argc, argv);

    qh_host_free(host);
    fflush(stdout);
    return status;
}
