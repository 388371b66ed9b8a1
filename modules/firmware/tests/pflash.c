/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flash driven as firmware does, over a fake host. Offsets and words are those of two x16 chips
 * on a bus of 32 bits, as on the board virt. */
#include "modules/firmware/pflash.h"

#include <string.h>

#define SECTOR 0x10000u
#define READY  0x00800080u

typedef struct Bench {
    FwFlash flash;
    FwServices services;
    uint8_t *ram;
    uint32_t mode;
    QhBlockRequest *request; /* under way */
    gboolean stops;          /* report_error says that the machine stops */
} Bench;

/* The tables carry no context, so the fake's is here. */
static Bench *bench;

static QhRam *ram_new(QhMachine *machine, const char *name, uint64_t bytes, GError **error)
{
    (void)machine, (void)name, (void)error;
    bench->ram = g_malloc0(bytes);
    return (QhRam *)bench->ram;
}

static void *ram_host(QhRam *ram)
{
    return ram;
}

static void ram_write(QhRam *ram, uint64_t offset, const void *data, uint64_t bytes)
{
    memcpy((uint8_t *)ram + offset, data, bytes);
}

static const QhMemService mem = {
    .size = sizeof(QhMemService), .ram_new = ram_new, .ram_host = ram_host, .ram_write = ram_write};

static void window_set_bytes(QhDevice *device, uint32_t window, uint64_t bytes)
{
    (void)device, (void)window, (void)bytes;
}

static gboolean window_set_ram(QhDevice *device, uint32_t window, QhRam *ram, uint32_t mode)
{
    (void)device, (void)window, (void)ram;
    bench->mode = mode;
    return TRUE;
}

static void window_set_mode(QhDevice *device, uint32_t window, uint32_t mode)
{
    (void)device, (void)window;
    bench->mode = mode;
}

static const QhDeviceService device_service = {.size = sizeof(QhDeviceService),
                                               .window_set_bytes = window_set_bytes,
                                               .window_set_ram = window_set_ram,
                                               .window_set_mode = window_set_mode};

static void submit(QhDrive *block, QhBlockRequest *request)
{
    (void)block;
    g_assert_null(bench->request);
    bench->request = request;
}

static gboolean report_error(QhDrive *block, uint32_t kind, int error)
{
    (void)block, (void)kind, (void)error;
    return !bench->stops;
}

static void detach(QhDrive *block)
{
    (void)block;
}

static const QhBlockService block_service = {.size = sizeof(QhBlockService),
                                             .submit = submit,
                                             .report_error = report_error,
                                             .detach = detach};

static void set_up(Bench *b)
{
    g_autoptr(GError) error = NULL;

    *b = (Bench){
        .services = {.block = &block_service, .device = &device_service, .mem = &mem}
    };
    bench = b;
    b->flash.base.ctx = &b->services;
    b->flash.base.id = "flash";
    b->flash.sector_bytes = SECTOR;
    b->flash.n_sectors = 4;
    b->flash.width = 4;
    b->flash.chip_width = 2;
    b->flash.id[0] = 0x89;
    b->flash.id[1] = 0x18;
    fw_pflash_ops.realize(&b->flash.base, &error);
    g_assert_no_error(error);
    fw_pflash_ops.reset(&b->flash.base, QH_RESET_COLD);
}

static void tear_down(Bench *b)
{
    fw_pflash_ops.unrealize(&b->flash.base);
    g_free(b->ram);
}

static void put(Bench *b, uint64_t offset, uint32_t value)
{
    g_assert_cmpuint(fw_pflash_ops.windows[0].ops->write(&b->flash, offset, 4, 0, value), ==,
                     QH_BUS_OK);
}

static uint32_t get(Bench *b, uint64_t offset)
{
    uint64_t value = 0;

    g_assert_cmpuint(fw_pflash_ops.windows[0].ops->read(&b->flash, offset, 4, 0, &value), ==,
                     QH_BUS_OK);
    return (uint32_t)value;
}

static void finish(Bench *b, int error)
{
    QhBlockRequest *request = g_steal_pointer(&b->request);

    g_assert_nonnull(request);
    request->done(request, error);
}

static void test_query(void)
{
    Bench b;

    set_up(&b);
    g_assert_cmpuint(b.mode, ==, QH_WINDOW_ROM);
    put(&b, 0x55 * 4, 0x00980098);
    g_assert_cmpuint(b.mode, ==, QH_WINDOW_IO);
    g_assert_cmphex(get(&b, 0x10 * 4), ==, 0x00510051); /* Q R Y */
    g_assert_cmphex(get(&b, 0x12 * 4), ==, 0x00590059);
    g_assert_cmphex(get(&b, 0x13 * 4), ==, 0x00010001);
    g_assert_cmphex(get(&b, 0x27 * 4), ==, 0x00110011); /* 128 KiB a chip */
    g_assert_cmphex(get(&b, 0x2d * 4), ==, 0x00030003);
    put(&b, 0, 0x00900090);
    g_assert_cmphex(get(&b, 0), ==, 0x00890089);
    g_assert_cmphex(get(&b, 4), ==, 0x00180018);
    put(&b, 0, 0x00ff00ff);
    g_assert_cmpuint(b.mode, ==, QH_WINDOW_ROM);
    tear_down(&b);
}

static void test_erase_program(void)
{
    Bench b;

    set_up(&b);
    put(&b, SECTOR + 8, 0x00200020);
    put(&b, SECTOR + 8, 0x00d000d0);
    g_assert_cmphex(get(&b, SECTOR), ==, READY);
    g_assert_cmphex(b.ram[SECTOR - 1], ==, 0);
    g_assert_cmphex(b.ram[SECTOR], ==, 0xff);
    g_assert_cmphex(b.ram[2 * SECTOR - 1], ==, 0xff);
    g_assert_cmphex(b.ram[2 * SECTOR], ==, 0);
    for (uint32_t i = 0; i < 2; i++) { /* bits can only be cleared */
        put(&b, SECTOR, 0x00400040);
        put(&b, SECTOR, i == 0 ? 0xffff00ff : 0x12345678);
        g_assert_cmphex(get(&b, SECTOR), ==, READY);
    }
    put(&b, 0, 0x00ff00ff);
    g_assert_cmphex(get(&b, SECTOR), ==, 0x12340078);
    tear_down(&b);
}

static void test_buffer(void)
{
    Bench b;

    set_up(&b);
    memset(b.ram, 0xff, SECTOR);
    put(&b, 0x100, 0x00e800e8);
    g_assert_cmphex(get(&b, 0x100), ==, READY);
    put(&b, 0x100, 0x00020002); /* three words */
    put(&b, 0x100, 0x11111111);
    put(&b, 0x108, 0x33333333);
    put(&b, 0x104, 0x22222222);
    put(&b, 0x100, 0x00d000d0);
    g_assert_cmphex(get(&b, 0x100), ==, READY);
    put(&b, 0, 0x00ff00ff);
    g_assert_cmphex(get(&b, 0x104), ==, 0x22222222);
    g_assert_cmphex(get(&b, 0x108), ==, 0x33333333);
    g_assert_cmphex(get(&b, 0x10c), ==, UINT32_MAX);
    /* a word elsewhere, and one too near the end */
    put(&b, 0x100, 0x00e800e8);
    put(&b, 0x100, 0x00000000);
    put(&b, 4 * SECTOR - 4, 0);
    g_assert_cmphex(get(&b, 0) & 0x30, ==, 0);
    put(&b, 0, 0); /* no confirmation */
    g_assert_cmphex(get(&b, 0) & 0xff, ==, 0xb0);
    put(&b, 0, 0x00500050);
    put(&b, 0, 0x00e800e8);
    put(&b, 0, 0x00ff00ff);
    put(&b, 0x100, 0);
    put(&b, 0x600, 0); /* 1.25 KiB behind the first */
    g_assert_cmphex(get(&b, 0) & 0x30, ==, 0x30);
    tear_down(&b);
}

static void test_drive(void)
{
    Bench b;

    set_up(&b);
    b.flash.drive = (QhDrive *)&b;
    put(&b, SECTOR, 0x00200020);
    put(&b, SECTOR, 0x00d000d0);
    g_assert_cmphex(get(&b, 0), ==, 0); /* busy until the file has it */
    g_assert_cmpuint(b.request->offset, ==, SECTOR);
    g_assert_cmpuint(b.request->bytes, ==, SECTOR);
    put(&b, 0, 0x00400040); /* not heard */
    finish(&b, 0);
    g_assert_cmphex(get(&b, 0), ==, READY);
    put(&b, SECTOR, 0x00400040);
    put(&b, SECTOR, 7);
    finish(&b, 28);
    g_assert_cmphex(get(&b, 0), ==, READY | 0x00100010);
    /* the machine stops, goes on, and the request comes again */
    put(&b, 0, 0x00500050);
    b.stops = TRUE;
    put(&b, SECTOR, 0x00400040);
    put(&b, SECTOR, 3);
    finish(&b, 28);
    g_assert_cmphex(get(&b, 0), ==, 0);
    g_assert_null(b.request);
    fw_pflash_ops.run_state(&b.flash.base, TRUE);
    finish(&b, 0);
    g_assert_cmphex(get(&b, 0), ==, READY);
    tear_down(&b);
}

static void test_read_only(void)
{
    Bench b;

    set_up(&b);
    b.flash.read_only = 1;
    put(&b, 0, 0x00400040);
    put(&b, 0, 7);
    g_assert_cmphex(get(&b, 0), ==, READY | 0x00120012);
    put(&b, 0, 0x00500050);
    put(&b, 0, 0x00200020);
    put(&b, 0, 0x00d000d0);
    g_assert_cmphex(get(&b, 0), ==, READY | 0x00220022);
    g_assert_cmphex(b.ram[0], ==, 0);
    tear_down(&b);
}

static void test_bad_properties(void)
{
    Bench b;
    g_autoptr(GError) error = NULL;

    set_up(&b);
    tear_down(&b);
    b.flash.n_sectors = 3;
    g_assert_false(fw_pflash_ops.realize(&b.flash.base, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_clear_error(&error);
    b.flash.n_sectors = 4;
    b.flash.chip_width = 4;
    g_assert_false(fw_pflash_ops.realize(&b.flash.base, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pflash/query", test_query);
    g_test_add_func("/pflash/erase-program", test_erase_program);
    g_test_add_func("/pflash/buffer", test_buffer);
    g_test_add_func("/pflash/drive", test_drive);
    g_test_add_func("/pflash/read-only", test_read_only);
    g_test_add_func("/pflash/bad-properties", test_bad_properties);
    return g_test_run();
}
