/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rings, status, features and interrupts, seen by a driver of an entropy device. */
#include "modules/virtio/tests/driver.h"

typedef struct Mode {
    const char *name;
    gboolean legacy, packed;
    uint64_t without;
} Mode;

static const Mode modes[] = {
    {"legacy",           TRUE,  FALSE, 0                             },
    {"legacy-plain",     TRUE,  FALSE, VIRTIO_BIT(VIRTIO_F_EVENT_IDX)},
    {"split",            FALSE, FALSE, 0                             },
    {"split-no-events",  FALSE, FALSE, VIRTIO_BIT(VIRTIO_F_EVENT_IDX)},
    {"packed",           FALSE, TRUE,  0                             },
    {"packed-no-events", FALSE, TRUE,  VIRTIO_BIT(VIRTIO_F_EVENT_IDX)},
};

static const char *const packed_on[] = {"packed", "on", NULL};

static Bench *rng_new(const Mode *mode)
{
    return bench_new("virtio-rng-device", mode->legacy, mode->packed ? packed_on : NULL);
}

static void ack(Bench *bench)
{
    bench_write(bench, R_ACK, bench_read(bench, R_ISR));
    g_assert_false(bench->irq);
}

/* Ring sizes, also one that is no power of two where that may be; ids come back in order. */
static void test_rounds(gconstpointer data)
{
    const Mode *mode = data;
    static const uint32_t sizes[] = {1, 2, 8, 7};

    for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
        if (sizes[s] == 7 && !mode->packed) {
            continue;
        }
        Bench *bench = rng_new(mode);
        uint64_t features = driver_start(bench, mode->without);
        Queue queue = driver_queue(bench, 0, sizes[s], features);

        g_assert_true(queue.packed == mode->packed);
        driver_ok(bench);
        for (guint i = 0; i < 1000; i++) {
            const Part part = {DRIVER_DATA + 64 * i, 32 + i % 32, TRUE};
            uint32_t id, bytes, want;

            memset(bench_at(bench, part.address), 0, 64);
            want = driver_add(&queue, &part, 1, i % 3 == 0);
            driver_kick(&queue);
            g_assert_true(driver_get(&queue, &id, &bytes));
            g_assert_cmpuint(id, ==, want);
            g_assert_cmpuint(bytes, ==, part.bytes);
            const uint8_t *got = bench_at(bench, part.address);
            g_assert_cmpuint(got[0], ==, 0x5a);
            g_assert_cmpuint(got[bytes - 1], ==, 0x5a);
            g_assert_cmpuint(got[bytes], ==, 0);
            g_assert_false(driver_get(&queue, &id, &bytes));
            g_assert_true(driver_may_kick(&queue));
            ack(bench);
        }
        bench_free(bench);
    }
}

/* Several buffers, one kick, one interrupt; buffers in parts, across a gap in host memory. */
static void test_batch(gconstpointer data)
{
    const Mode *mode = data;
    Bench *bench = rng_new(mode);
    Queue queue = driver_queue(bench, 0, 8, driver_start(bench, mode->without));
    const Part parts[] = {
        {BENCH_SPLIT_AT - 5,  10,   TRUE},
        {DRIVER_DATA,         1,    TRUE},
        {DRIVER_DATA + 0x100, 4000, TRUE},
    };
    uint32_t id, bytes;

    driver_ok(bench);
    driver_add(&queue, parts, 3, FALSE);
    driver_add(&queue, parts, 1, FALSE);
    driver_add(&queue, parts, 3, TRUE);
    driver_kick(&queue);
    g_assert_cmpuint(bench->n_irqs, ==, 1);
    for (guint i = 0; i < 3; i++) {
        g_assert_true(driver_get(&queue, &id, &bytes));
        g_assert_cmpuint(bytes, ==, i == 1 ? 10 : 4011);
    }
    g_assert_false(driver_get(&queue, &id, &bytes));
    g_assert_cmpuint(bench->n_maps, ==, 3);
    g_assert_cmpuint(bench->n_guest_errors, ==, 0);
    bench_free(bench);
}

/* What the driver says about interrupts is kept to. */
static void test_suppression(gconstpointer data)
{
    const Mode *mode = data;
    Bench *bench = rng_new(mode);
    uint64_t features = driver_start(bench, mode->without | VIRTIO_BIT(VIRTIO_F_NOTIFY_ON_EMPTY));
    Queue queue = driver_queue(bench, 0, 8, features);
    const Part part = {DRIVER_DATA, 8, TRUE};
    uint8_t *driver = bench_at(bench, queue.driver);
    uint32_t id, bytes;

    driver_ok(bench);
    driver_add(&queue, &part, 1, FALSE);
    driver_kick(&queue);
    ack(bench);
    g_assert_cmpuint(bench->n_irqs, ==, 1);
    g_assert_true(driver_get(&queue, &id, &bytes));
    /* not before three more */
    if (mode->packed && queue.event_idx) {
        virtio_put16(driver, 3 | 0x8000);
        virtio_put16(driver + 2, 2);
    } else if (mode->packed) {
        virtio_put16(driver + 2, 1);
    } else if (queue.event_idx) {
        virtio_put16(driver + 4 + 16, 3);
    } else {
        virtio_put16(driver, 1);
    }
    for (guint i = 0; i < 12; i++) {
        driver_add(&queue, &part, 1, FALSE);
        driver_kick(&queue);
        g_assert_cmpuint(bench->n_irqs, ==, queue.event_idx && i >= 2 ? 2 : 1);
        if (bench->irq) {
            ack(bench);
        }
        g_assert_true(driver_get(&queue, &id, &bytes));
    }
    bench_free(bench);
}

static void test_features(void)
{
    Bench *bench = bench_new("virtio-rng-device", FALSE, NULL);
    Queue queue;

    /* a modern device insists on VERSION_1 and on what it offered */
    for (guint i = 0; i < 2; i++) {
        driver_reset(bench);
        bench_write(bench, R_STATUS, 3);
        bench_write(bench, R_ACCEPT_SEL, 1);
        bench_write(bench, R_ACCEPT, i == 0 ? 0 : 1 | 1u << 31);
        bench_write(bench, R_STATUS, 11);
        g_assert_cmphex(bench_read(bench, R_STATUS), ==, 3);
    }
    g_assert_cmpuint(bench->n_guest_errors, ==, 2);

    uint64_t features = driver_start(bench, 0);
    g_assert_true((features & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) == 0);
    bench_write(bench, R_ACCEPT, 0); /* too late */
    queue = driver_queue(bench, 0, 8, features);
    /* no buffer is looked at before DRIVER_OK */
    driver_add(&queue, &(Part){DRIVER_DATA, 8, TRUE}, 1, TRUE);
    driver_kick(&queue);
    g_assert_cmpuint(virtio_get16(bench_at(bench, queue.device + 2)), ==, 0);
    driver_ok(bench);
    driver_kick(&queue);
    g_assert_cmpuint(virtio_get16(bench_at(bench, queue.device + 2)), ==, 1);
    /* a queue reset forgets it, and it can be used again */
    bench_write(bench, R_QUEUE_RESET, 1);
    g_assert_cmpuint(bench_read(bench, R_QUEUE_RESET), ==, 0);
    g_assert_cmpuint(bench_read(bench, R_READY), ==, 0);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    queue = driver_queue(bench, 0, 4, features);
    driver_add(&queue, &(Part){DRIVER_DATA, 8, TRUE}, 1, FALSE);
    driver_kick(&queue);
    g_assert_cmpuint(virtio_get16(bench_at(bench, queue.device + 2)), ==, 1);
    bench_free(bench);
}

/* The driver changes what it accepts while a queue is live: the ring's format stays. */
static void test_format_is_fixed(void)
{
    static const char *const properties[] = {"packed", "on", NULL};
    Bench *bench = bench_new("virtio-rng-device", FALSE, properties);
    Queue queue = driver_place(bench, 0, 8, 0);

    driver_reset(bench);
    bench_write(bench, R_STATUS, 3);
    driver_enable(&queue);
    driver_add(&queue, &(Part){DRIVER_DATA, 8, TRUE}, 1, FALSE);
    bench_write(bench, R_ACCEPT_SEL, 1);
    bench_write(bench, R_ACCEPT, 1 | 1u << 2);
    bench_write(bench, R_STATUS, 11);
    driver_ok(bench);
    driver_kick(&queue);
    g_assert_cmpuint(virtio_get16(bench_at(bench, queue.device + 2)), ==, 1);
    bench_free(bench);
}

/* An empty bus, registers that are not there, narrow accesses. */
static void test_registers(void)
{
    Bench *bench = bench_new("virtio-rng-device", FALSE, NULL);
    VirtioDevice *device = (VirtioDevice *)bench->device;
    uint64_t value;

    g_assert_cmphex(bench_read(bench, 0), ==, 0x74726976);
    g_assert_cmpuint(bench_read(bench, 4), ==, 2);
    g_assert_cmpuint(bench_read(bench, 8), ==, VIRTIO_ID_ENTROPY);
    g_assert_cmpuint(bench_read(bench, R_NUM_MAX), ==, 8);
    bench_write(bench, R_SEL, 9);
    g_assert_cmpuint(bench_read(bench, R_NUM_MAX), ==, 0);
    bench_write(bench, R_NUM, 4);
    bench_write(bench, R_READY, 1);
    bench_write(bench, R_DESC, 1);
    bench_write(bench, R_NOTIFY, 9);
    g_assert_cmpuint(bench_read(bench, R_READY), ==, 0);
    g_assert_cmpuint(bench_read(bench, 0xb0), ==, UINT32_MAX);
    g_assert_cmpuint(bench_read(bench, 0xf0), ==, 0);
    g_assert_cmpuint(bench_config(bench, 0, 4), ==, 0);
    bench_set_config(bench, 0xf0, 4, 1);
    g_assert_cmpuint(bench->mmio_ops->windows[0].ops->read(bench->mmio, 0, 2, 0, &value), ==,
                     QH_BUS_OK);
    g_assert_cmpuint(value, ==, 0);
    g_assert_false(device->broken);
    bench->bus_ops->detach(bench->mmio, NULL, bench->device, NULL);
    g_assert_cmpuint(bench_read(bench, 8), ==, 0);
    bench_write(bench, R_STATUS, 1);
    g_assert_cmpuint(bench_read(bench, R_STATUS), ==, 0);
    bench_free(bench);
}

/* The machine stops and runs on, and resets, amidst use. */
static void test_machine(void)
{
    Bench *bench = bench_new("virtio-rng-device", FALSE, NULL);
    Queue queue = driver_queue(bench, 0, 8, driver_start(bench, 0));

    driver_ok(bench);
    bench->ops->run_state(bench->device, FALSE);
    bench->ops->run_state(bench->device, TRUE);
    driver_add(&queue, &(Part){DRIVER_DATA, 8, TRUE}, 1, FALSE);
    driver_kick(&queue);
    g_assert_true(bench->irq);
    bench_reset(bench);
    g_assert_false(bench->irq);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    g_assert_cmpuint(bench_read(bench, R_STATUS), ==, 0);
    bench_free(bench);
}

static void test_rng_limit(void)
{
    static const char *const properties[] = {"max-bytes", "10", "period", "1000", NULL};
    Bench *bench = bench_new("virtio-rng-device", FALSE, properties);
    Queue queue = driver_queue(bench, 0, 8, driver_start(bench, 0));
    uint32_t id, bytes;

    driver_ok(bench);
    for (guint i = 0; i < 3; i++) {
        driver_add(&queue, &(Part){DRIVER_DATA, 8, TRUE}, 1, FALSE);
    }
    driver_kick(&queue);
    g_assert_true(driver_get(&queue, &id, &bytes) && bytes == 8);
    g_assert_true(driver_get(&queue, &id, &bytes) && bytes == 2);
    g_assert_false(driver_get(&queue, &id, &bytes));
    bench_advance(bench, 999 * 1000000);
    g_assert_false(driver_get(&queue, &id, &bytes));
    bench_advance(bench, 1000000);
    g_assert_true(driver_get(&queue, &id, &bytes) && bytes == 8);
    g_assert_cmpuint(bench->n_maps, ==, 3);
    bench_free(bench);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(gconstpointer);
    } each[] = {
        {"rounds",      test_rounds     },
        {"batch",       test_batch      },
        {"suppression", test_suppression},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint m = 0; m < G_N_ELEMENTS(modes); m++) {
        for (guint i = 0; i < G_N_ELEMENTS(each); i++) {
            g_autofree char *path = g_strdup_printf("/rings/%s/%s", modes[m].name, each[i].name);

            g_test_add_data_func(path, &modes[m], each[i].fn);
        }
    }
    g_test_add_func("/rings/features", test_features);
    g_test_add_func("/rings/format-is-fixed", test_format_is_fixed);
    g_test_add_func("/rings/registers", test_registers);
    g_test_add_func("/rings/machine", test_machine);
    g_test_add_func("/rings/rng-limit", test_rng_limit);
    return g_test_run();
}
