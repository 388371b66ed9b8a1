/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings that no driver makes, the same for every function and both formats: a good chain of three
 * descriptors is put into the ring, one thing is spoilt, the device is kicked. It must want a
 * reset, say so once, and work again after it. What is spoilt is a table of fields and values,
 * tried at each of the three descriptors.
 */
#include "modules/virtio/tests/driver.h"

#define SIZE  8u
#define PARTS 3u

/* The queue of a function that takes buffers by itself. */
typedef struct Subject {
    const char *class;
    uint32_t queue;
    const char *properties[9];
} Subject;

static const Subject subjects[] = {
    {"virtio-rng-device",        0, {NULL}                                 },
    {"virtio-blk-device",        0, {"drive", "d0", NULL}                  },
    {"virtio-net-device",        1, {"netdev", "n0", NULL}                 },
    {"virtio-serial-device",     3, {NULL}                                 },
    {"virtio-balloon-device",    0, {NULL}                                 },
    {"virtio-scsi-device",       2, {NULL}                                 },
    {"virtio-keyboard-device",   1, {NULL}                                 },
    {"virtio-mouse-device",      1, {NULL}                                 },
    {"virtio-tablet-device",     1, {NULL}                                 },
    {"virtio-multitouch-device", 1, {NULL}                                 },
    {"virtio-9p-device",         0, {"fsdev", "f0", "mount_tag", "t", NULL}},
    {"virtio-gpu-device",        0, {NULL}                                 },
};

static const uint64_t bad_addresses[] = {
    0,
    0x1000,
    BENCH_RAM_AT - 1,
    BENCH_RAM_AT - 16,
    BENCH_RAM_AT + BENCH_RAM_BYTES,
    BENCH_RAM_AT + BENCH_RAM_BYTES - 1,
    BENCH_RAM_AT + BENCH_RAM_BYTES - 15,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 63) + BENCH_RAM_AT,
    UINT64_MAX - 16,
    UINT64_MAX - 15,
    UINT64_MAX - 1,
    UINT64_MAX,
};
static const uint32_t bad_lengths[] = {0, 0x80000000u, UINT32_MAX, UINT32_MAX - 1,
                                       BENCH_RAM_BYTES + 1};
static const uint16_t bad_nexts[] = {SIZE, SIZE + 1, 0x7fff, 0x8000, 0xffff};
static const uint16_t bad_heads[] = {SIZE, SIZE + 1, 255, 256, 0x7fff, 0x8000, 0xfffe, 0xffff};
static const uint16_t bad_counts[] = {SIZE + 1, SIZE + 2, 100,    0x7fff,
                                      0x8000,   0x8001,   0xfffe, 0xffff};
static const uint32_t bad_tables[] = {
    0, 1, 8, 15, 17, 31, 47, 16 * 1025, 0x80000000u, UINT32_MAX, UINT32_MAX - 15};
static const uint64_t bad_table_places[] = {
    0,
    1,
    BENCH_RAM_AT - 16,
    BENCH_RAM_AT + BENCH_RAM_BYTES,
    BENCH_RAM_AT + BENCH_RAM_BYTES - 32,
    BENCH_SPLIT_AT - 16,
    DRIVER_TABLES + 1,
    DRIVER_TABLES + 4,
    UINT64_MAX - 47,
    UINT64_MAX - 7,
};

typedef struct Run {
    Bench *bench;
    const Subject *subject;
    gboolean packed, indirect;
    uint64_t features;
    Queue queue;
    guint n_cases;
} Run;

static void begin(Run *run)
{
    run->features = driver_start(run->bench, 0);
    run->queue = driver_queue(run->bench, run->subject->queue, SIZE, run->features);
    driver_ok(run->bench);
}

/* A chain that every function takes; at descriptor 0 of the ring, or of a table. */
static void put_good(Run *run)
{
    gboolean scsi = g_str_has_prefix(run->subject->class, "virtio-scsi");
    const Part parts[PARTS] = {
        {DRIVER_DATA,         scsi ? 51 : 16, FALSE},
        {DRIVER_DATA + 0x100, 512,            TRUE },
        {DRIVER_DATA + 0x400, 1,              TRUE },
    };
    const Part outs[PARTS] = {
        {DRIVER_DATA,         12,  FALSE},
        {DRIVER_DATA + 0x100, 64,  FALSE},
        {DRIVER_DATA + 0x400, 100, FALSE},
    };

    memset(bench_at(run->bench, DRIVER_DATA), 0, 0x800);
    driver_add(&run->queue,
               scsi || g_str_has_prefix(run->subject->class, "virtio-blk") ||
                       g_str_has_prefix(run->subject->class, "virtio-rng")
                   ? parts
                   : outs,
               PARTS, run->indirect);
}

/* Descriptor @n of the chain. */
static uint8_t *desc(Run *run, uint32_t n)
{
    return run->indirect ? bench_at(run->bench, DRIVER_TABLES + 16 * (uint64_t)n)
                         : driver_desc(&run->queue, n);
}

static uint32_t flags_at(const Run *run)
{
    return run->packed ? 14 : 12;
}

static void expect_broken(Run *run, const char *what)
{
    Bench *bench = run->bench;
    guint errors = bench->n_guest_errors;
    uint32_t id, bytes;

    driver_kick(&run->queue);
    if ((bench_read(bench, R_STATUS) & VIRTIO_NEEDS_RESET) == 0) {
        g_error("%s%s: %s is taken", run->subject->class, run->packed ? ", packed" : "", what);
    }
    g_assert_cmpuint(bench->n_guest_errors, >, errors);
    g_assert_cmpuint(bench_read(bench, R_ISR) & 2, ==, 2);
    errors = bench->n_guest_errors;
    driver_kick(&run->queue); /* nothing happens any more */
    g_assert_cmpuint(bench->n_guest_errors, ==, errors);
    bench_set_config(bench, 0, 4, 0);

    driver_reset(bench);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    begin(run);
    put_good(run);
    driver_kick(&run->queue);
    g_assert_cmpuint(bench_read(bench, R_STATUS) & VIRTIO_NEEDS_RESET, ==, 0);
    g_assert_true(driver_get(&run->queue, &id, &bytes));
    driver_reset(bench);
    begin(run);
    run->n_cases++;
}

static void spoil_descriptors(Run *run)
{
    for (uint32_t n = 0; n < PARTS; n++) {
        for (guint i = 0; i < G_N_ELEMENTS(bad_addresses); i++) {
            put_good(run);
            virtio_put64(desc(run, n), bad_addresses[i]);
            virtio_put32(desc(run, n) + 8, 16);
            expect_broken(run, "an address outside RAM");
        }
        for (guint i = 0; i < G_N_ELEMENTS(bad_lengths); i++) {
            put_good(run);
            virtio_put32(desc(run, n) + 8, bad_lengths[i]);
            expect_broken(run, "a length");
        }
        for (guint i = 0; i < G_N_ELEMENTS(bad_nexts) && !run->packed && n + 1 < PARTS; i++) {
            put_good(run);
            virtio_put16(desc(run, n) + 14, bad_nexts[i]);
            expect_broken(run, "a next outside the table");
        }
        for (uint32_t to = 0; to <= n && !run->packed; to++) {
            put_good(run);
            uint8_t *flags = desc(run, n) + 12;

            virtio_put16(flags, virtio_get16(flags) | VIRTIO_DESC_NEXT);
            virtio_put16(desc(run, n) + 14, to);
            expect_broken(run, "a loop");
        }
        if (run->indirect || n > 0 || run->packed) {
            put_good(run);
            uint8_t *flags = desc(run, n) + flags_at(run);

            virtio_put16(flags, virtio_get16(flags) | VIRTIO_DESC_INDIRECT | VIRTIO_DESC_NEXT);
            expect_broken(run, "a table inside a table, or one that goes on");
        }
    }
    put_good(run);
    for (uint32_t n = 0; n < PARTS; n++) {
        uint8_t *flags = desc(run, n) + flags_at(run);

        virtio_put16(flags, n == 0 ? virtio_get16(flags) | VIRTIO_DESC_WRITE
                                   : virtio_get16(flags) & ~VIRTIO_DESC_WRITE);
    }
    expect_broken(run, "readable after writable");
}

static void spoil_ring(Run *run)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad_heads) && !run->packed; i++) {
        put_good(run);
        virtio_put16(bench_at(run->bench, run->queue.driver + 4), bad_heads[i]);
        expect_broken(run, "a head outside the table");
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad_counts) && !run->packed; i++) {
        put_good(run);
        virtio_put16(bench_at(run->bench, run->queue.driver + 2), bad_counts[i]);
        expect_broken(run, "an available index");
    }
    /* one buffer made of the whole ring and more */
    put_good(run);
    for (uint32_t n = 0; n < SIZE; n++) {
        if (run->packed) {
            driver_write_desc(&run->queue, driver_desc(&run->queue, n), DRIVER_DATA, 1, n,
                              VIRTIO_DESC_NEXT | VIRTIO_DESC_AVAIL);
        } else {
            driver_write_desc(&run->queue, driver_desc(&run->queue, n), DRIVER_DATA, 1,
                              VIRTIO_DESC_NEXT, (n + 1) % SIZE);
        }
    }
    expect_broken(run, "a chain longer than the ring");
}

static void spoil_tables(Run *run)
{
    uint32_t flags = VIRTIO_DESC_INDIRECT | (run->packed ? VIRTIO_DESC_AVAIL : 0);

    for (guint i = 0; i < G_N_ELEMENTS(bad_tables) + G_N_ELEMENTS(bad_table_places); i++) {
        gboolean length = i < G_N_ELEMENTS(bad_tables);
        uint64_t at = length ? DRIVER_TABLES : bad_table_places[i - G_N_ELEMENTS(bad_tables)];
        uint32_t bytes = length ? bad_tables[i] : 48;

        put_good(run);
        driver_write_desc(&run->queue, driver_desc(&run->queue, 0), at, bytes,
                          run->packed ? 0 : flags, run->packed ? flags : 0);
        expect_broken(run, "an indirect table");
    }
}

/* Queues that cannot be set up: size or place. */
static void spoil_setup(Run *run)
{
    static const uint32_t sizes[] = {0, 0x8000, 0xffff, 2048, 4096, 1025};
    static const uint64_t shift[][3] = {
        {8,                        0,                 0                },
        {1,                        0,                 0                },
        {0,                        1,                 0                },
        {0,                        0,                 1                },
        {0,                        0,                 2                },
        {UINT64_C(1) << 40,        0,                 0                },
        {0,                        UINT64_C(1) << 40, 0                },
        {0,                        0,                 UINT64_C(1) << 40},
        {BENCH_RAM_BYTES,          0,                 0                },
        {0,                        BENCH_RAM_BYTES,   0                },
        {0,                        0,                 BENCH_RAM_BYTES  },
        {UINT64_MAX - 0x80000000u, 0,                 0                },
    };

    for (guint i = 0; i < G_N_ELEMENTS(sizes) + G_N_ELEMENTS(shift); i++) {
        Bench *bench = run->bench;

        run->features = driver_start(bench, 0);
        run->queue = driver_place(bench, run->subject->queue, SIZE, run->features);
        if (i < G_N_ELEMENTS(sizes)) {
            run->queue.size = sizes[i];
        } else {
            const uint64_t *by = shift[i - G_N_ELEMENTS(sizes)];

            run->queue.desc += by[0];
            run->queue.driver += by[1];
            run->queue.device += by[2];
        }
        driver_enable(&run->queue);
        g_assert_cmpuint(bench_read(bench, R_READY), ==, 0);
        g_assert_cmpuint(bench_read(bench, R_STATUS) & VIRTIO_NEEDS_RESET, !=, 0);
        driver_ok(bench);
        driver_kick(&run->queue);
        g_assert_cmpuint(bench->n_maps, ==, 0);
        run->n_cases++;
    }
    driver_reset(run->bench);
}

static Bench *subject_new(const Subject *subject, gboolean packed)
{
    const char *properties[12] = {"packed", packed ? "on" : "off"};

    for (guint i = 0; subject->properties[i] != NULL; i++) {
        properties[2 + i] = subject->properties[i];
    }
    return bench_new(subject->class, FALSE, properties);
}

static void test_malformed(gconstpointer data)
{
    guint n_cases = 0;

    for (guint format = 0; format < 4; format++) {
        Run run = {.subject = data, .packed = (format & 1) != 0, .indirect = (format & 2) != 0};

        run.bench = subject_new(run.subject, run.packed);
        begin(&run);
        spoil_descriptors(&run);
        if (!run.indirect) {
            spoil_ring(&run);
            spoil_tables(&run);
            spoil_setup(&run);
        }
        n_cases += run.n_cases;
        bench_free(run.bench);
    }
    g_test_message("%u rings", n_cases);
    g_assert_cmpuint(n_cases, >=, 200);
}

/* A function that is not in the table above has not been tried. */
static void test_all_are_there(void)
{
    g_autoptr(GPtrArray) classes = bench_classes();

    for (guint i = 0; i < classes->len; i++) {
        gboolean found = FALSE;

        for (guint s = 0; s < G_N_ELEMENTS(subjects); s++) {
            found = found || g_str_equal(subjects[s].class, g_ptr_array_index(classes, i));
        }
        if (!found) {
            g_error("%s is not tried with malformed rings",
                    (const char *)g_ptr_array_index(classes, i));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/malformed/all-are-there", test_all_are_there);
    for (guint i = 0; i < G_N_ELEMENTS(subjects); i++) {
        g_autofree char *path = g_strdup_printf("/malformed/%s", subjects[i].class);

        g_test_add_data_func(path, &subjects[i], test_malformed);
    }
    return g_test_run();
}
