/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk as its driver sees it, over a disk of bytes that may be slow or faulty. */
#include "modules/virtio/tests/driver.h"

#include <errno.h>

#define HEADER_AT (DRIVER_DATA)
#define STATUS_AT (DRIVER_DATA + 0x20)
#define DATA_AT   (DRIVER_DATA + 0x1000)

static const char *const plain[] = {"drive", "d0", NULL};

typedef struct Disk {
    Bench *bench;
    Queue queue;
    uint64_t features;
} Disk;

static Disk disk_new(const char *const *properties, uint64_t without, uint32_t size)
{
    Disk disk = {.bench = bench_new("virtio-blk-device", FALSE, properties)};

    disk.features = driver_start(disk.bench, without);
    disk.queue = driver_queue(disk.bench, 0, size, disk.features);
    driver_ok(disk.bench);
    return disk;
}

static void put_request(Disk *disk, uint32_t type, uint64_t sector, uint32_t bytes, gboolean in)
{
    uint8_t *header = bench_at(disk->bench, HEADER_AT);
    Part parts[3] = {
        {HEADER_AT, 16, FALSE}
    };
    uint32_t n = 1;

    virtio_put32(header, type);
    virtio_put32(header + 4, 0);
    virtio_put64(header + 8, sector);
    if (bytes != 0) {
        parts[n++] = (Part){DATA_AT, bytes, in};
    }
    parts[n++] = (Part){STATUS_AT, 1, TRUE};
    *(uint8_t *)bench_at(disk->bench, STATUS_AT) = 0xee;
    driver_add(&disk->queue, parts, n, FALSE);
    driver_kick(&disk->queue);
}

/* One request from start to end; its status. */
static uint32_t request(Disk *disk, uint32_t type, uint64_t sector, uint32_t bytes, gboolean in)
{
    uint32_t id, written;

    put_request(disk, type, sector, bytes, in);
    g_assert_true(driver_get(&disk->queue, &id, &written));
    g_assert_cmpuint(written, ==, (in ? bytes : 0) + 1);
    return *(uint8_t *)bench_at(disk->bench, STATUS_AT);
}

static void test_transfer(void)
{
    Disk disk = disk_new(plain, 0, 8);
    uint8_t *data = bench_at(disk.bench, DATA_AT);

    memset(data, 0xab, 1024);
    g_assert_cmpuint(request(&disk, 1, 3, 1024, FALSE), ==, 0);
    g_assert_cmpuint(disk.bench->disk[3 * 512], ==, 0xab);
    g_assert_cmpuint(disk.bench->disk[5 * 512], ==, 0);
    disk.bench->disk[5 * 512 - 1] = 0xcd;
    memset(data, 0, 1024);
    g_assert_cmpuint(request(&disk, 0, 4, 512, TRUE), ==, 0);
    g_assert_cmpuint(data[0], ==, 0xab);
    g_assert_cmpuint(data[511], ==, 0xcd);
    g_assert_cmpuint(data[512], ==, 0);
    g_assert_cmpuint(request(&disk, 4, 0, 0, FALSE), ==, 0);
    memset(data, 0xff, 32);
    g_assert_cmpuint(request(&disk, 8, 0, 20, TRUE), ==, 0);
    g_assert_cmpstr((char *)data, ==, "S-1");
    g_assert_cmpuint(data[20], ==, 0xff);
    bench_free(disk.bench);
}

static void test_limits(void)
{
    Disk disk = disk_new(plain, 0, 8);
    uint64_t last = BENCH_DISK_BYTES / 512 - 1;

    g_assert_cmpuint(request(&disk, 0, last, 512, TRUE), ==, 0);
    g_assert_cmpuint(request(&disk, 0, last, 1024, TRUE), ==, 1);
    g_assert_cmpuint(request(&disk, 0, last + 1, 512, TRUE), ==, 1);
    g_assert_cmpuint(request(&disk, 1, UINT64_MAX, 512, FALSE), ==, 1);
    g_assert_cmpuint(request(&disk, 1, UINT64_MAX / 512, 512, FALSE), ==, 1);
    g_assert_cmpuint(request(&disk, 0, 0, 511, TRUE), ==, 1);
    g_assert_cmpuint(request(&disk, 0, 0, 0, TRUE), ==, 0);
    g_assert_cmpuint(request(&disk, 77, 0, 512, TRUE), ==, 2);
    bench_free(disk.bench);
}

static void put_range(Disk *disk, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    uint8_t *at = bench_at(disk->bench, DATA_AT);

    virtio_put64(at, sector);
    virtio_put32(at + 8, sectors);
    virtio_put32(at + 12, flags);
}

static void test_erase(void)
{
    Disk disk = disk_new(plain, 0, 8);

    memset(disk.bench->disk, 1, 8192);
    put_range(&disk, 2, 3, 0);
    g_assert_cmpuint(request(&disk, 11, 0, 16, FALSE), ==, 0);
    g_assert_cmpuint(disk.bench->disk[1023], ==, 1);
    g_assert_cmpuint(disk.bench->disk[1024], ==, 0);
    g_assert_cmpuint(disk.bench->disk[1024 + 1536], ==, 1);
    put_range(&disk, 0, 1, 1);
    g_assert_cmpuint(request(&disk, 13, 0, 16, FALSE), ==, 0);
    g_assert_cmpuint(disk.bench->disk[0], ==, 0);
    /* flags that are not there, beyond the end, too many, too short */
    g_assert_cmpuint(request(&disk, 11, 0, 16, FALSE), ==, 2);
    put_range(&disk, 127, 2, 0);
    g_assert_cmpuint(request(&disk, 13, 0, 16, FALSE), ==, 1);
    put_range(&disk, 0, UINT32_MAX, 0);
    g_assert_cmpuint(request(&disk, 11, 0, 16, FALSE), ==, 1);
    g_assert_cmpuint(request(&disk, 11, 0, 15, FALSE), ==, 2);
    put_range(&disk, 5, 0, 0);
    g_assert_cmpuint(request(&disk, 13, 0, 16, FALSE), ==, 0);
    bench_free(disk.bench);

    disk = disk_new(plain, VIRTIO_BIT(13) | VIRTIO_BIT(14), 8);
    put_range(&disk, 2, 3, 0);
    g_assert_cmpuint(request(&disk, 11, 0, 16, FALSE), ==, 2);
    g_assert_cmpuint(request(&disk, 13, 0, 16, FALSE), ==, 2);
    bench_free(disk.bench);
}

static void test_config(void)
{
    static const char *const properties[] = {"drive", "d0",         "num-queues", "3", "queue-size",
                                             "64",    "config-wce", "on",         NULL};
    Disk disk = disk_new(properties, 0, 64);
    Bench *bench = disk.bench;

    g_assert_cmpuint(bench_read(bench, R_NUM_MAX), ==, 64);
    g_assert_cmpuint(bench_config(bench, 0, 4), ==, BENCH_DISK_BYTES / 512);
    g_assert_cmpuint(bench_config(bench, 12, 4), ==, 62);
    g_assert_cmpuint(bench_config(bench, 20, 4), ==, 512);
    g_assert_cmpuint(bench_config(bench, 34, 2), ==, 3);
    g_assert_cmpuint(bench_config(bench, 32, 1), ==, 1);
    bench_set_config(bench, 32, 1, 0);
    g_assert_false(bench->write_cache);
    g_assert_cmpuint(bench_config(bench, 32, 1), ==, 0);
    bench_set_config(bench, 0, 4, 7);
    g_assert_cmpuint(bench_config(bench, 0, 4), ==, BENCH_DISK_BYTES / 512);

    uint32_t generation = bench_read(bench, R_GENERATION);
    bench->disk_bytes = 512 * 10;
    bench->block_handlers->resized(bench->block_opaque);
    g_assert_cmpuint(bench_config(bench, 0, 4), ==, 10);
    g_assert_cmpuint(bench_read(bench, R_GENERATION), !=, generation);
    g_assert_cmpuint(bench_read(bench, R_ISR), ==, 2);
    g_assert_true(bench->irq);
    g_assert_cmpuint(request(&disk, 0, 10, 512, TRUE), ==, 1);
    bench_free(bench);

    static const char *const large[] = {"drive",       "d0",          "logical_block_size",
                                        "4096",        "opt_io_size", "8192",
                                        "write-cache", "off",         NULL};
    disk = disk_new(large, VIRTIO_BIT(9), 8);
    g_assert_cmpuint(bench_config(disk.bench, 20, 4), ==, 4096);
    g_assert_cmpuint(bench_config(disk.bench, 28, 4), ==, 2);
    g_assert_false(disk.bench->write_cache);
    g_assert_cmpuint(request(&disk, 0, 8, 4096, TRUE), ==, 0);
    g_assert_cmpuint(request(&disk, 0, 1, 4096, TRUE), ==, 1);
    g_assert_cmpuint(request(&disk, 0, 0, 512, TRUE), ==, 1);
    bench_free(disk.bench);

    /* a driver that knows nothing of caches gets none */
    disk = disk_new(plain, VIRTIO_BIT(9) | VIRTIO_BIT(11), 8);
    g_assert_false(disk.bench->write_cache);
    bench_free(disk.bench);
}

/* Requests in flight at a reset come back later and touch nothing. */
static void test_reset_in_flight(void)
{
    Disk disk = disk_new(plain, 0, 8);
    Bench *bench = disk.bench;

    bench->hold = TRUE;
    memset(bench->disk, 3, 512);
    put_request(&disk, 0, 0, 512, TRUE);
    put_request(&disk, 1, 1, 512, FALSE);
    g_assert_cmpuint(bench->pending->len, ==, 2);
    g_assert_false(bench->irq);
    bench_write(bench, R_STATUS, 0);
    g_assert_cmpuint(bench_read(bench, R_STATUS), !=, 0);
    g_assert_cmpuint(bench->n_maps, >, 0);
    bench_serve(bench);
    g_assert_cmpuint(bench_read(bench, R_STATUS), ==, 0);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    g_assert_cmpuint(virtio_get16(bench_at(bench, disk.queue.device + 2)), ==, 0);
    g_assert_false(bench->irq);
    bench_free(bench);
}

static void serve_second_first(Bench *bench)
{
    gpointer first = g_ptr_array_steal_index(bench->pending, 0);

    bench_serve(bench);
    g_ptr_array_add(bench->pending, first);
}

/* What is done early waits for what came before it, in both kinds of ring; a reset forgets both. */
static void test_in_order(gconstpointer data)
{
    const char *const ordered[] = {"drive", "d0", "in_order", "on", "packed", data, NULL};
    Disk disk = disk_new(ordered, 0, 8);
    Bench *bench = disk.bench;
    uint32_t id, bytes;

    g_assert_true((disk.features & VIRTIO_BIT(VIRTIO_F_IN_ORDER)) != 0);
    bench->hold = TRUE;
    for (guint i = 0; i < 100; i++) {
        put_request(&disk, 0, 0, 512, TRUE);
        put_request(&disk, 4, 0, 0, FALSE);
        put_request(&disk, 0, 0, 1024, TRUE);
        g_assert_cmpuint(bench->pending->len, ==, 3);
        serve_second_first(bench);
        g_assert_false(driver_get(&disk.queue, &id, &bytes));
        bench_serve(bench);
        g_assert_true(driver_get(&disk.queue, &id, &bytes) && bytes == 513);
        g_assert_true(driver_get(&disk.queue, &id, &bytes) && bytes == 1);
        g_assert_true(driver_get(&disk.queue, &id, &bytes) && bytes == 1025);
        g_assert_false(driver_get(&disk.queue, &id, &bytes));
        g_assert_cmpuint(bench->n_maps, ==, 3);
    }
    put_request(&disk, 0, 0, 512, TRUE);
    put_request(&disk, 4, 0, 0, FALSE);
    serve_second_first(bench);
    bench_write(bench, R_STATUS, 0);
    g_assert_cmpuint(bench_read(bench, R_STATUS), !=, 0);
    bench_serve(bench);
    g_assert_cmpuint(bench_read(bench, R_STATUS), ==, 0);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    disk.queue = driver_queue(bench, 0, 8, driver_start(bench, 0));
    driver_ok(bench);
    put_request(&disk, 0, 0, 512, TRUE);
    bench_serve(bench);
    g_assert_true(driver_get(&disk.queue, &id, &bytes) && bytes == 513);
    g_assert_cmpuint(bench->n_guest_errors, ==, 0);
    bench_free(bench);
}

/* A driver that resets without waiting, again and again, while the disk stands still. */
static void test_reset_storm(void)
{
    Disk disk = disk_new(plain, 0, 8);
    Bench *bench = disk.bench;
    guint most = 0;

    bench->hold = TRUE;
    for (guint i = 0; i < 5000; i++) {
        put_request(&disk, 0, 0, 512, TRUE);
        put_request(&disk, 0, 0, 512, TRUE);
        most = MAX(most, bench->pending->len);
        bench_write(bench, R_STATUS, 0);
        bench_write(bench, R_STATUS, 3);
        bench_write(bench, R_ACCEPT_SEL, 1);
        bench_write(bench, R_ACCEPT, 1);
        bench_write(bench, R_STATUS, 11);
        disk.queue = driver_queue(bench, 0, 8, 0);
        driver_ok(bench);
    }
    g_assert_cmpuint(most, >, 1000);
    g_assert_cmpuint(most, <, 6000);
    bench_free(bench);
}

static void test_errors(void)
{
    Disk disk = disk_new(plain, 0, 8);
    Bench *bench = disk.bench;
    uint32_t id, bytes;

    bench->fail = EIO;
    g_assert_cmpuint(request(&disk, 1, 0, 512, FALSE), ==, 1);
    /* werror=stop: the request is tried again when the machine runs on */
    bench->stop_on_error = TRUE;
    bench->fail = ENOSPC;
    memset(bench_at(bench, DATA_AT), 9, 512);
    put_request(&disk, 1, 0, 512, FALSE);
    g_assert_false(driver_get(&disk.queue, &id, &bytes));
    bench->ops->run_state(bench->device, FALSE);
    bench->ops->run_state(bench->device, TRUE);
    g_assert_true(driver_get(&disk.queue, &id, &bytes));
    g_assert_cmpuint(bench->disk[511], ==, 9);
    /* and one that waits when the machine is reset */
    bench->fail = ENOSPC;
    put_request(&disk, 1, 0, 512, FALSE);
    bench_reset(bench);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    bench_free(bench);

    bench = bench_new("virtio-blk-device", FALSE, plain);
    bench->read_only = TRUE;
    bench->block_handlers->resized(bench->block_opaque);
    disk = (Disk){.bench = bench};
    disk.queue = driver_queue(bench, 0, 8, driver_start(bench, 0));
    driver_ok(bench);
    g_assert_cmpuint(request(&disk, 1, 0, 512, FALSE), ==, 1);
    bench_free(bench);
}

static void test_refusals(void)
{
    static const char *const bad[][5] = {
        {NULL         },
        { "drive", "d0", "queue-size", "3"},
        {          "drive", "d0", "queue-size", "2048"},
        {       "drive", "d0", "queue-size", "0"},
        {          "drive", "d0", "max-discard-sectors", "4294967295"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = bench_refuse("virtio-blk-device", bad[i]);

        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, "cannot realize disk 'virtio-blk-device'"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/blk/transfer", test_transfer);
    g_test_add_func("/blk/limits", test_limits);
    g_test_add_func("/blk/erase", test_erase);
    g_test_add_func("/blk/config", test_config);
    g_test_add_func("/blk/reset-in-flight", test_reset_in_flight);
    g_test_add_data_func("/blk/in-order", "off", test_in_order);
    g_test_add_data_func("/blk/in-order-packed", "on", test_in_order);
    g_test_add_func("/blk/reset-storm", test_reset_storm);
    g_test_add_func("/blk/errors", test_errors);
    g_test_add_func("/blk/refusals", test_refusals);
    return g_test_run();
}
