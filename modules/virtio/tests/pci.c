/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio over PCI: what a driver finds in configuration space, and both register sets. */
#include "abi/pci.h"
#include "modules/virtio/tests/driver.h"

#define MODERN 0u
#define LEGACY 1u
#define RING   DRIVER_RINGS
#define NOTIFY 0x3000u

static const char *const plain[] = {"drive", "d0", NULL};

static Bench *disk(const char *class, gboolean express, const char *const *more, BenchPci *pci)
{
    g_autoptr(GError) error = NULL;
    Bench *bench = bench_new_pci(class, express, more != NULL ? more : plain, pci, &error);

    g_assert_no_error(error);
    return bench;
}

static uint32_t get(Bench *bench, uint32_t offset, uint32_t bytes)
{
    return bench_io_read(bench, MODERN, offset, bytes);
}

static void set(Bench *bench, uint32_t offset, uint32_t bytes, uint32_t value)
{
    bench_io_write(bench, MODERN, offset, bytes, value);
}

/* What the device is to the guest, by class, bus and properties (4.1.2). */
static void test_identity(void)
{
    static const char *const legacy_off[] = {"drive", "d0", "disable-legacy", "on", NULL};
    static const char *const modern_off[] = {"drive", "d0", "disable-modern", "on", NULL};
    static const struct {
        const char *class;
        gboolean express;
        const char *const *properties;
        uint32_t device, revision;
        gboolean legacy, modern;
    } rows[] = {
        {"virtio-blk-pci",                  TRUE,  plain,      0x1042, 1, FALSE, TRUE },
        {"virtio-blk-pci",                  FALSE, plain,      0x1001, 0, TRUE,  TRUE },
        {"virtio-blk-pci",                  FALSE, legacy_off, 0x1042, 1, FALSE, TRUE },
        {"virtio-blk-pci",                  FALSE, modern_off, 0x1001, 0, TRUE,  FALSE},
        {"virtio-blk-pci-transitional",     TRUE,  plain,      0x1001, 0, TRUE,  TRUE },
        {"virtio-blk-pci-non-transitional", FALSE, plain,      0x1042, 1, FALSE, TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        BenchPci pci;
        Bench *bench = disk(rows[i].class, rows[i].express, rows[i].properties, &pci);

        g_assert_cmphex(virtio_get16(pci.config + 2), ==, rows[i].device);
        g_assert_cmphex(pci.config[8], ==, rows[i].revision);
        g_assert_cmphex(virtio_get16(pci.config + 0x2e), ==, rows[i].revision ? 0x1100 : 2);
        g_assert_true((pci.bar_window[0] == LEGACY + 1) == rows[i].legacy);
        g_assert_true((pci.bar_window[4] == MODERN + 1) == rows[i].modern);
        g_assert_true((pci.legacy_bytes == 128) == rows[i].legacy);
        g_assert_cmpuint(pci.n_vectors, ==, 2);
        bench_free(bench);
    }
}

static void test_refusals(void)
{
    static const char *const nothing[] = {"drive", "d0", "disable-legacy", "on", "disable-modern",
                                          "on",    NULL};
    BenchPci pci;
    g_autoptr(GError) error = NULL;
    Bench *bench = bench_new_pci("virtio-blk-pci", FALSE, nothing, &pci, &error);

    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    bench_free(bench);
}

/* 4.1.4: each structure has its capability, within the window. */
static void test_capabilities(void)
{
    BenchPci pci;
    Bench *bench = disk("virtio-blk-pci", TRUE, NULL, &pci);
    guint seen = 0;

    for (uint32_t at = pci.config[0x34]; at != 0; at = pci.config[at + 1]) {
        uint32_t type = pci.config[at + 3];

        g_assert_cmphex(pci.config[at], ==, 9);
        g_assert_cmpuint(pci.config[at + 2], ==, type == 2 || type == 5 ? 20 : 16);
        if (type != 5) {
            g_assert_cmpuint(pci.config[at + 4], ==, 4);
            g_assert_cmpuint(virtio_get32(pci.config + at + 8) + virtio_get32(pci.config + at + 12),
                             <=, 0x4000);
        }
        seen |= 1u << type;
    }
    g_assert_cmphex(seen, ==, 0x3e);
    bench_free(bench);
}

static uint32_t capability(const BenchPci *pci, uint32_t type)
{
    uint32_t at = pci->config[0x34];

    while (at != 0 && pci->config[at + 3] != type) {
        at = pci->config[at + 1];
    }
    return at;
}

/* Features, a queue, one read of the disk. */
static void start(Bench *bench, gboolean vectors)
{
    set(bench, 0x14, 1, 0);
    set(bench, 0x14, 1, 3);
    set(bench, 0, 4, 1);
    g_assert_cmphex(get(bench, 4, 4) & 1, ==, 1);
    set(bench, 8, 4, 1);
    set(bench, 0xc, 4, 1);
    set(bench, 0x14, 1, 11);
    g_assert_cmphex(get(bench, 0x14, 1), ==, 11);
    g_assert_cmpuint(get(bench, 0x12, 2), ==, 1);
    set(bench, 0x16, 2, 5);
    g_assert_cmpuint(get(bench, 0x18, 2), ==, 0);
    set(bench, 0x16, 2, 0);
    g_assert_cmpuint(get(bench, 0x18, 2), ==, 256);
    set(bench, 0x18, 2, 16);
    set(bench, 0x20, 4, RING);
    set(bench, 0x24, 4, 0);
    set(bench, 0x28, 4, RING + 256);
    set(bench, 0x30, 4, RING + 4096);
    if (vectors) {
        set(bench, 0x10, 2, 0);
        set(bench, 0x1a, 2, 1);
        g_assert_cmpuint(get(bench, 0x1a, 2), ==, 1);
        set(bench, 0x1a, 2, 2);
        g_assert_cmphex(get(bench, 0x1a, 2), ==, 0xffff);
        set(bench, 0x1a, 2, 1);
    }
    set(bench, 0x1c, 2, 1);
    g_assert_cmpuint(get(bench, 0x1c, 2), ==, 1);
    set(bench, 0x14, 1, 15);
}

static Queue ring(Bench *bench, uint32_t size)
{
    Queue queue = {.bench = bench, .size = size, .desc = RING};

    queue.driver = RING + 16 * size;
    queue.device = (queue.driver + 6 + 2 * size + 4095) & ~UINT64_C(4095);
    memset(bench_at(bench, RING), 0, DRIVER_RING_BYTES);
    return queue;
}

static void add_read(Queue *queue)
{
    const Part parts[] = {
        {DRIVER_DATA,         16,  FALSE},
        {DRIVER_DATA + 0x100, 512, TRUE },
        {DRIVER_DATA + 0x400, 1,   TRUE },
    };

    memset(bench_at(queue->bench, DRIVER_DATA), 0, 16);
    driver_add(queue, parts, 3, FALSE);
}

static void test_modern(void)
{
    BenchPci pci;
    Bench *bench = disk("virtio-blk-pci", TRUE, NULL, &pci);
    Queue queue = ring(bench, 16);
    uint32_t id, bytes;

    /* INTx, which reading the status lowers */
    start(bench, FALSE);
    add_read(&queue);
    set(bench, NOTIFY, 2, 0);
    g_assert_true(driver_get(&queue, &id, &bytes) && bytes == 513);
    g_assert_true(pci.line);
    g_assert_cmpuint(get(bench, 0x1000, 1), ==, 1);
    g_assert_false(pci.line);
    g_assert_cmpuint(get(bench, 0x1000, 1), ==, 0);
    g_assert_cmpuint(get(bench, 0x2000, 4), ==, BENCH_DISK_BYTES / 512);

    /* MSI-X */
    pci.mode = QH_PCI_MSIX;
    queue = ring(bench, 16);
    start(bench, TRUE);
    add_read(&queue);
    set(bench, NOTIFY, 2, 0);
    g_assert_true(driver_get(&queue, &id, &bytes));
    g_assert_cmpuint(pci.sent[1], ==, 1);
    g_assert_false(pci.line);
    bench->block_handlers->resized(bench->block_opaque);
    g_assert_cmpuint(pci.sent[0], ==, 1);

    /* without bus mastering there is no memory */
    pci.master = FALSE;
    add_read(&queue);
    set(bench, NOTIFY, 2, 0);
    g_assert_cmphex(get(bench, 0x14, 1) & 0x40, ==, 0x40);
    set(bench, 0x14, 1, 0);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    g_assert_cmphex(get(bench, 0x10, 2), ==, 0xffff);
    bench_free(bench);
}

/* page-per-vq: a page for the kicks of each queue, and a window that has room for them. */
static void test_pages(void)
{
    static const char *const pages[] = {"drive",       "d0", "num-queues", "3",
                                        "page-per-vq", "on", NULL};
    BenchPci pci;
    Bench *bench = disk("virtio-blk-pci", TRUE, pages, &pci);
    uint32_t notify = capability(&pci, 2), id, bytes;
    Queue queue = ring(bench, 16);

    g_assert_cmphex(virtio_get32(pci.config + notify + 16), ==, 0x1000);
    g_assert_cmphex(virtio_get32(pci.config + notify + 12), ==, 0x3000);
    g_assert_cmphex(pci.modern_bytes, ==, NOTIFY + 0x3000);
    set(bench, 0x14, 1, 0);
    set(bench, 0x14, 1, 3);
    set(bench, 8, 4, 1);
    set(bench, 0xc, 4, 1);
    set(bench, 0x14, 1, 11);
    set(bench, 0x16, 2, 2);
    g_assert_cmpuint(get(bench, 0x1e, 2), ==, 2);
    set(bench, 0x18, 2, 16);
    set(bench, 0x20, 4, (uint32_t)queue.desc);
    set(bench, 0x28, 4, (uint32_t)queue.driver);
    set(bench, 0x30, 4, (uint32_t)queue.device);
    set(bench, 0x1c, 2, 1);
    set(bench, 0x14, 1, 15);
    add_read(&queue);
    set(bench, NOTIFY + 2 * 4, 2, 2); /* where queue 2 is without pages */
    set(bench, NOTIFY + 0x1000, 2, 2);
    g_assert_false(driver_get(&queue, &id, &bytes));
    set(bench, NOTIFY + 0x2000, 2, 2);
    g_assert_true(driver_get(&queue, &id, &bytes) && bytes == 513);
    bench_free(bench);
}

static void test_legacy(void)
{
    BenchPci pci;
    Bench *bench = disk("virtio-blk-pci", FALSE, NULL, &pci);
    Queue queue = ring(bench, 256);
    uint32_t id, bytes;

    bench_io_write(bench, LEGACY, 0x12, 1, 3);
    bench_io_write(bench, LEGACY, 4, 4, bench_io_read(bench, LEGACY, 0, 4) & ~(1u << 29));
    bench_io_write(bench, LEGACY, 0xe, 2, 0);
    g_assert_cmpuint(bench_io_read(bench, LEGACY, 0xc, 2), ==, 256);
    bench_io_write(bench, LEGACY, 8, 4, RING / 4096);
    g_assert_cmpuint(bench_io_read(bench, LEGACY, 8, 4), ==, RING / 4096);
    bench_io_write(bench, LEGACY, 0x12, 1, 7);
    add_read(&queue);
    bench_io_write(bench, LEGACY, 0x10, 2, 0);
    g_assert_true(driver_get(&queue, &id, &bytes));
    g_assert_true(pci.line);
    g_assert_cmpuint(bench_io_read(bench, LEGACY, 0x13, 1), ==, 1);
    g_assert_false(pci.line);
    /* the configuration moves when MSI-X is turned on */
    g_assert_cmpuint(bench_io_read(bench, LEGACY, 0x14, 4), ==, BENCH_DISK_BYTES / 512);
    pci.mode = QH_PCI_MSIX;
    g_assert_cmpuint(bench_io_read(bench, LEGACY, 0x18, 4), ==, BENCH_DISK_BYTES / 512);
    bench_io_write(bench, LEGACY, 0x14, 2, 1);
    g_assert_cmphex(bench_io_read(bench, LEGACY, 0x14, 2), ==, 1);
    bench_io_write(bench, LEGACY, 8, 4, 0);
    g_assert_cmpuint(bench->n_maps, ==, 0);
    bench_free(bench);
}

/* 4.1.4.9: the same registers through configuration space. */
static void test_config_window(void)
{
    BenchPci pci;
    Bench *bench = disk("virtio-blk-pci", TRUE, NULL, &pci);
    const QhPciClass *class = bench->ops->bus_class;
    uint32_t at = pci.config[0x34];

    while (pci.config[at + 3] != 5) {
        at = pci.config[at + 1];
    }
    g_assert_cmphex(pci.writable[at + 4], ==, 0xff);
    g_assert_cmphex(pci.writable[at + 16], ==, 0xff);
    pci.config[at + 4] = 4;
    virtio_put32(pci.config + at + 8, 0x2000);
    virtio_put32(pci.config + at + 12, 4);
    class->config_read(bench->device, at + 16, 4);
    g_assert_cmpuint(virtio_get32(pci.config + at + 16), ==, BENCH_DISK_BYTES / 512);
    virtio_put32(pci.config + at + 8, 0x14);
    virtio_put32(pci.config + at + 12, 1);
    virtio_put32(pci.config + at + 16, 3);
    class->config_written(bench->device, at + 16, 4);
    g_assert_cmpuint(get(bench, 0x14, 1), ==, 3);
    /* what makes no sense does nothing */
    static const uint32_t bad[][3] = {
        {3, 0x14,       1},
        {4, 0x15,       2},
        {4, 0x14,       3},
        {4, 0x3ffd,     4},
        {4, UINT32_MAX, 1},
        {4, 0x14,       0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        pci.config[at + 4] = (uint8_t)bad[i][0];
        virtio_put32(pci.config + at + 8, bad[i][1]);
        virtio_put32(pci.config + at + 12, bad[i][2]);
        virtio_put32(pci.config + at + 16, 0);
        class->config_written(bench->device, at + 16, 4);
        class->config_read(bench->device, at + 16, 4);
        g_assert_cmpuint(get(bench, 0x14, 1), ==, 3);
    }
    bench_free(bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci/identity", test_identity);
    g_test_add_func("/pci/refusals", test_refusals);
    g_test_add_func("/pci/capabilities", test_capabilities);
    g_test_add_func("/pci/modern", test_modern);
    g_test_add_func("/pci/pages", test_pages);
    g_test_add_func("/pci/legacy", test_legacy);
    g_test_add_func("/pci/config-window", test_config_window);
    return g_test_run();
}
