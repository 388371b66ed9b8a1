/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots in the middle of traffic: what is saved, with guest memory, has the same future when it
 * is loaded, whatever the device has done meanwhile. And what is damaged is refused by the check.
 */
#include "modules/virtio/tests/driver.h"

typedef struct Mode {
    const char *name;
    const char *packed;
    uint64_t without;
} Mode;

static const Mode modes[] = {
    {"split",            "off", 0                             },
    {"split-no-events",  "off", VIRTIO_BIT(VIRTIO_F_EVENT_IDX)},
    {"packed",           "on",  0                             },
    {"packed-no-events", "on",  VIRTIO_BIT(VIRTIO_F_EVENT_IDX)},
};

/* The host's side of a stream. */
typedef struct Store {
    GByteArray *bytes;
    guint at;
    const char *failed;
    guint n_mapped;
} Store;

static void stream_bytes(QhStateStream *stream, void *object, uint64_t bytes)
{
    Store *store = stream->host;

    if (store->failed != NULL) {
        return;
    }
    if (stream->mode == QH_STATE_SAVE) {
        g_byte_array_append(store->bytes, object, (guint)bytes);
        return;
    }
    if (store->bytes->len - store->at < bytes) {
        store->failed = "it ends too early";
        return;
    }
    if (stream->mode == QH_STATE_LOAD) {
        memcpy(object, store->bytes->data + store->at, bytes);
    }
    store->at += (guint)bytes;
}

static uint64_t stream_number(QhStateStream *stream, uint64_t value)
{
    Store *store = stream->host;
    guint at = store->at;

    stream_bytes(stream, &value, sizeof(value));
    if (stream->mode == QH_STATE_CHECK && store->failed == NULL) {
        memcpy(&value, store->bytes->data + at, sizeof(value));
    }
    return value;
}

static void stream_fail(QhStateStream *stream, const char *why)
{
    Store *store = stream->host;

    store->failed = store->failed != NULL ? store->failed : why;
}

static void stream_same(QhStateStream *stream, uint64_t value, const char *what)
{
    if (stream_number(stream, value) != value) {
        stream_fail(stream, what);
    }
}

static gboolean stream_ok(const QhStateStream *stream)
{
    return ((const Store *)stream->host)->failed == NULL;
}

static void stream_mapped(QhStateStream *stream, void *pointer, uint64_t bytes)
{
    ((Store *)stream->host)->n_mapped += pointer != NULL && bytes > 0;
}

static const char *run(Bench *bench, Store *store, uint32_t mode)
{
    QhStateStream stream = {
        .size = sizeof(QhStateStream),
        .mode = mode,
        .host = store,
        .bytes = stream_bytes,
        .number = stream_number,
        .same = stream_same,
        .fail = stream_fail,
        .ok = stream_ok,
        .mapped = stream_mapped,
    };

    store->at = 0;
    store->failed = NULL;
    bench->ops->stream(bench->device, &stream);
    if (mode != QH_STATE_SAVE && store->failed == NULL && store->at != store->bytes->len) {
        return "there is more";
    }
    return store->failed;
}

/* All that a moment is. */
typedef struct Moment {
    Store store;
    uint8_t *ram;
    Queue queue;
} Moment;

static Moment save(Bench *bench, const Queue *queue)
{
    Moment moment = {.store.bytes = g_byte_array_new(), .queue = *queue};

    g_assert_cmpstr(run(bench, &moment.store, QH_STATE_SAVE), ==, NULL);
    g_assert_cmpuint(moment.store.n_mapped, >, 0);
    moment.ram = g_memdup2(bench->ram, BENCH_RAM_BYTES);
    return moment;
}

static void load(Bench *bench, Moment *moment, Queue *queue)
{
    memcpy(bench->ram, moment->ram, BENCH_RAM_BYTES);
    g_assert_cmpstr(run(bench, &moment->store, QH_STATE_CHECK), ==, NULL);
    g_assert_cmpstr(run(bench, &moment->store, QH_STATE_LOAD), ==, NULL);
    bench->ops->state_loaded(bench->device);
    *queue = moment->queue;
}

static void moment_clear(Moment *moment)
{
    g_byte_array_unref(moment->store.bytes);
    g_free(moment->ram);
}

/* Buffers of one to three parts, some in tables, so that the ring wraps at odd places. */
static void traffic(Queue *queue, guint n)
{
    for (guint i = 0; i < n; i++) {
        const Part parts[] = {
            {DRIVER_DATA + 0x1000 * (i % 16),         64,    TRUE},
            {DRIVER_DATA + 0x1000 * (i % 16) + 0x100, 8 + i, TRUE},
            {DRIVER_DATA + 0x1000 * (i % 16) + 0x800, 1 + i, TRUE},
        };
        uint32_t id, bytes;

        driver_add(queue, parts, 1 + i % 3, i % 4 == 0);
        driver_kick(queue);
        g_assert_true(driver_get(queue, &id, &bytes));
    }
}

static void test_future(gconstpointer data)
{
    const Mode *mode = data;
    const char *const properties[] = {"packed", mode->packed, NULL};
    Bench *bench = bench_new("virtio-rng-device", FALSE, properties);
    Queue queue = driver_queue(bench, 0, 8, driver_start(bench, mode->without));
    const Part waits = {DRIVER_DATA + 0x20000, 100, TRUE};
    uint32_t id, bytes;

    driver_ok(bench);
    traffic(&queue, 21);
    driver_add(&queue, &waits, 1, FALSE); /* no kick: it is there when the machine is saved */
    guint maps = bench->n_maps;
    Moment moment = save(bench, &queue);
    for (guint round = 0; round < 3; round++) {
        g_autofree uint8_t *future = NULL;

        driver_kick(&queue);
        g_assert_true(driver_get(&queue, &id, &bytes));
        traffic(&queue, 30 + round);
        traffic(&queue, 1);
        if (round == 1) { /* the device may be anywhere when it is loaded */
            driver_reset(bench);
        }
        load(bench, &moment, &queue);
        g_assert_cmpuint(bench->n_maps, ==, maps);
        driver_kick(&queue);
        g_assert_true(driver_get(&queue, &id, &bytes));
        traffic(&queue, 50);
        future = g_memdup2(bench->ram, BENCH_RAM_BYTES);
        load(bench, &moment, &queue);
        driver_kick(&queue);
        g_assert_true(driver_get(&queue, &id, &bytes));
        traffic(&queue, 50);
        g_assert_cmpmem(future, BENCH_RAM_BYTES, bench->ram, BENCH_RAM_BYTES);
        load(bench, &moment, &queue);
    }
    moment_clear(&moment);
    bench_free(bench);
}

/* The balloon holds a buffer until it wants new figures. */
static void test_held(gconstpointer data)
{
    const Mode *mode = data;
    const char *const properties[] = {"packed", mode->packed, "guest-stats-polling-interval", "1",
                                      NULL};
    Bench *bench = bench_new("virtio-balloon-device", FALSE, properties);
    Queue stats = driver_queue(bench, 2, 8, driver_start(bench, mode->without));
    const Part part = {DRIVER_DATA, 10, FALSE};
    uint32_t id, bytes;

    driver_ok(bench);
    uint32_t want = driver_add(&stats, &part, 1, FALSE);
    driver_kick(&stats);
    g_assert_false(driver_get(&stats, &id, &bytes));
    Moment moment = save(bench, &stats);
    guint maps = bench->n_maps;
    for (guint round = 0; round < 3; round++) {
        if (round != 0) {
            load(bench, &moment, &stats);
            g_assert_cmpuint(bench->n_maps, ==, maps);
        }
        g_assert_false(driver_get(&stats, &id, &bytes));
        bench_advance(bench, 1000000000);
        g_assert_true(driver_get(&stats, &id, &bytes));
        g_assert_cmpuint(id, ==, want);
        want = driver_add(&stats, &part, 1, FALSE);
        driver_kick(&stats); /* arms the timer again */
        load(bench, &moment, &stats);
        want = id;
    }
    moment_clear(&moment);
    bench_free(bench);
}

/* What the guest says of its memory, as management layers ask for it. */
static void test_figures(void)
{
    Bench *bench = bench_new("virtio-balloon-device", FALSE, NULL);
    Queue stats = driver_queue(bench, 2, 8, driver_start(bench, 0));
    const Part part = {DRIVER_DATA, 30, FALSE};
    uint8_t *rows = bench_at(bench, DRIVER_DATA);
    static const uint16_t tags[] = {4, 15, 16}; /* free memory, the last one, one too many */

    driver_ok(bench);
    g_autofree char *names = bench->ops->show(bench->device, NULL);
    g_assert_cmpstr(names, ==, "guest-stats");
    g_assert_null(bench->ops->show(bench->device, "stats"));
    for (guint i = 0; i < 3; i++) {
        virtio_put16(rows + 10 * i, tags[i]);
        virtio_put64(rows + 10 * i + 2, 1000 + i);
    }
    g_autofree char *before = bench->ops->show(bench->device, "guest-stats");
    g_assert_nonnull(strstr(before, "\"last-update\": 0}"));
    driver_add(&stats, &part, 1, FALSE);
    driver_kick(&stats);
    g_autofree char *after = bench->ops->show(bench->device, "guest-stats");
    g_assert_nonnull(strstr(after, "\"stat-free-memory\": 1000,"));
    g_assert_nonnull(strstr(after, "\"stat-direct-reclaims\": 1001}"));
    g_assert_nonnull(strstr(after, "\"stat-swap-in\": 18446744073709551615,"));
    g_assert_null(strstr(after, "1002"));
    g_assert_null(strstr(after, "\"last-update\": 0}"));
    bench_free(bench);
}

/* A request that is at the disk cannot be saved. */
static void test_under_way(void)
{
    const char *const properties[] = {"drive", "d0", NULL};
    Bench *bench = bench_new("virtio-blk-device", FALSE, properties);
    Queue queue = driver_queue(bench, 0, 8, driver_start(bench, 0));
    const Part parts[] = {
        {DRIVER_DATA,         16,  FALSE},
        {DRIVER_DATA + 0x100, 512, TRUE },
        {DRIVER_DATA + 0x400, 1,   TRUE },
    };
    Store store = {.bytes = g_byte_array_new()};

    driver_ok(bench);
    memset(bench_at(bench, DRIVER_DATA), 0, 16);
    bench->hold = TRUE;
    driver_add(&queue, parts, 3, FALSE);
    driver_kick(&queue);
    g_assert_cmpstr(run(bench, &store, QH_STATE_SAVE), ==, "requests are under way");
    bench_serve(bench);
    g_byte_array_set_size(store.bytes, 0);
    g_assert_cmpstr(run(bench, &store, QH_STATE_SAVE), ==, NULL);
    g_byte_array_unref(store.bytes);
    bench_free(bench);
}

/* Cut short at any place, or of a device with other features. */
static void test_damaged(void)
{
    const char *const properties[] = {"max_ports", "3", NULL};
    const char *const others[] = {"max_ports", "1", NULL};
    Bench *bench = bench_new("virtio-serial-device", FALSE, properties);
    Store store = {.bytes = g_byte_array_new()};

    g_assert_cmpstr(run(bench, &store, QH_STATE_SAVE), ==, NULL);
    guint whole = store.bytes->len;
    for (guint length = 0; length < whole; length++) {
        store.bytes->len = length;
        g_assert_cmpstr(run(bench, &store, QH_STATE_CHECK), !=, NULL);
    }
    store.bytes->len = whole;
    g_assert_cmpstr(run(bench, &store, QH_STATE_CHECK), ==, NULL);
    bench_free(bench);
    bench = bench_new("virtio-serial-device", FALSE, others);
    g_assert_cmpstr(run(bench, &store, QH_STATE_CHECK), ==, "what the device offers");
    bench_free(bench);
    g_byte_array_unref(store.bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_autofree char *future = g_strdup_printf("/virtio/state/future/%s", modes[i].name);
        g_autofree char *held = g_strdup_printf("/virtio/state/held/%s", modes[i].name);

        g_test_add_data_func(future, &modes[i], test_future);
        g_test_add_data_func(held, &modes[i], test_held);
    }
    g_test_add_func("/virtio/state/figures", test_figures);
    g_test_add_func("/virtio/state/under-way", test_under_way);
    g_test_add_func("/virtio/state/damaged", test_damaged);
    return g_test_run();
}
