/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses: RAM and ROM, the rules of windows, byte order, the DMA guard, hostile ranges. */
#include "tests/unit/memory-fake.h"

#include <string.h>

static const QhMemService *const mem = &qh_mem_service;

/* A device that is 64 bytes of registers and, on a write to offset 56, does DMA. */
typedef struct Device {
    QhInstance instance;
    QhMachine *machine;
    QhSpace *space;
    uint8_t bytes[64];
    guint n_calls;
    uint32_t last_width;
    gboolean was_locked;
    uint64_t dma_address;
    uint32_t dma_status;
} Device;

static uint32_t
device_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    Device *device = opaque;

    (void)attrs;
    device->n_calls++;
    device->last_width = width;
    device->was_locked = qh_machine_locked_by_me(device->machine);
    *ret_value = 0;
    for (uint32_t i = 0; i < width; i++) {
        *ret_value |= (uint64_t)device->bytes[offset + i] << (8 * i);
    }
    *ret_value |= width < 8 ? G_GUINT64_CONSTANT(0xff) << (8 * width) : 0; /* dirt to be cut off */
    return QH_BUS_OK;
}

static uint32_t
device_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    Device *device = opaque;

    (void)attrs;
    device->n_calls++;
    device->last_width = width;
    if (offset == 56) {
        uint32_t word = 0;

        device->dma_status =
            mem->dma_write(&device->instance, device->space, device->dma_address, &word, 4);
        return QH_BUS_OK;
    }
    if (offset == 48) {
        return QH_BUS_ERROR;
    }
    for (uint32_t i = 0; i < width; i++) {
        device->bytes[offset + i] = (uint8_t)(value >> (8 * i));
    }
    return QH_BUS_OK;
}

static uint32_t
device_read_be(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    uint64_t value = 0;
    uint32_t status = device_read(opaque, offset, width, attrs, &value);

    *ret_value = __builtin_bswap64(value) >> (64 - 8 * width);
    return status;
}

static const QhIoOps plain = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 8,
    .read = device_read,
    .write = device_write,
};
static const QhIoOps word_only = {
    .size = sizeof(QhIoOps),
    .min_size = 4,
    .max_size = 4,
    .read = device_read,
    .write = device_write,
};
static const QhIoOps split = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_SPLIT | QH_IO_UNALIGNED,
    .min_size = 1,
    .max_size = 2,
    .read = device_read,
    .write = device_write,
};
static const QhIoOps big = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_BIG_ENDIAN | QH_IO_SPLIT,
    .min_size = 1,
    .max_size = 4,
    .read = device_read_be,
    .write = device_write,
};
static const QhIoOps lockless = {
    .size = sizeof(QhIoOps),
    .flags = QH_IO_LOCKLESS,
    .min_size = 1,
    .max_size = 8,
    .read = device_read,
    .write = device_write,
};
static const QhIoOps empty = {.size = sizeof(QhIoOps), .min_size = 1, .max_size = 8};

typedef struct Fixture {
    QhMachine *machine;
    QhSpace *space;
    QhRam *ram;
    Device device;
} Fixture;

#define RAM_AT    0x10000
#define ROM_AT    0x20000
#define DEVICE_AT 0x30000

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    f->machine = fake_machine_new();
    f->space = mem->system(f->machine);
    f->ram = mem->ram_new(f->machine, "ram", 0x4000, NULL);
    f->device.machine = f->machine;
    f->device.space = f->space;
    for (guint i = 0; i < sizeof(f->device.bytes); i++) {
        f->device.bytes[i] = (uint8_t)(i + 1);
    }
    g_assert_true(mem->map_ram(f->space, RAM_AT, 0x2000, f->ram, 0, 0, 0, NULL));
    g_assert_true(mem->map_ram(f->space, ROM_AT, 0x1000, f->ram, 0x2000, QH_MAP_READONLY, 0, NULL));
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    fake_machine_free(f->machine);
}

static QhIoWindow *window(Fixture *f, const QhIoOps *ops)
{
    QhSection section;

    g_assert_true(mem->map_io(f->space, "device", DEVICE_AT, sizeof(f->device.bytes), ops,
                              &f->device, &f->device.instance, 0, NULL));
    g_assert_true(qh_space_find(f->space, DEVICE_AT, &section));
    return section.io;
}

static void test_ram(Fixture *f, gconstpointer data)
{
    char text[32] = {0};

    (void)data;
    g_assert_cmpuint(mem->write(f->space, RAM_AT + 0xffa, "across a page", 14, 0), ==, QH_BUS_OK);
    g_assert_cmpuint(mem->read(f->space, RAM_AT + 0xffa, text, 14, 0), ==, QH_BUS_OK);
    g_assert_cmpstr(text, ==, "across a page");
    g_assert_cmpint(memcmp((char *)mem->ram_host(f->ram) + 0xffa, "across a page", 14), ==, 0);
    g_assert_cmpuint(mem->read(f->space, RAM_AT, text, 0, 0), ==, QH_BUS_OK);
    g_assert_cmpuint(f->ram->page_flags[0] & QH_PAGE_DIRTY, !=, 0);
    g_assert_cmpuint(f->ram->page_flags[1] & QH_PAGE_DIRTY, !=, 0);
    g_assert_cmpuint(f->ram->page_flags[2] & QH_PAGE_DIRTY, ==, 0);
}

static void test_rom(Fixture *f, gconstpointer data)
{
    uint32_t word = 0x12345678, back = 0;
    uint64_t expected = 0;

    (void)data;
    g_assert_cmpuint(mem->write(f->space, ROM_AT, &word, 4, 0), ==, QH_BUS_ERROR);
    g_assert_cmpuint(mem->cas_word(f->space, ROM_AT, 4, 0, &expected, 1), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_space_write_rom(f->space, ROM_AT, &word, 4), ==, QH_BUS_OK);
    g_assert_cmpuint(mem->read(f->space, ROM_AT, &back, 4, 0), ==, QH_BUS_OK);
    g_assert_cmphex(back, ==, word);
    g_assert_true(qh_space_is_memory(f->space, ROM_AT, 0x1000));
    g_assert_false(qh_space_is_memory(f->space, ROM_AT, 0x1001));
}

static void test_code_pages(Fixture *f, gconstpointer data)
{
    uint8_t bytes[8] = {0};

    (void)data;
    f->ram->page_flags[1] |= QH_PAGE_CODE;
    g_assert_cmpuint(mem->write(f->space, RAM_AT + 0xff0, bytes, 8, 0), ==, QH_BUS_OK);
    g_assert_cmpuint(f->machine->n_code_writes, ==, 0);
    g_assert_cmpuint(mem->write(f->space, RAM_AT + 0xffe, bytes, 8, 0), ==, QH_BUS_OK);
    g_assert_cmpuint(f->machine->n_code_writes, ==, 2); /* before and after */
    g_assert_cmphex(f->machine->code_address, ==, f->ram->base + 0x1000);
    g_assert_cmpuint(f->machine->code_bytes, ==, 6);
}

static void test_words(Fixture *f, gconstpointer data)
{
    uint64_t value = 0, expected = 5;

    (void)data;
    g_assert_cmpuint(mem->cas_word(f->space, RAM_AT, 8, 0, &expected, 9), ==, QH_BUS_OK);
    g_assert_cmpuint(expected, ==, 0); /* was not 5 */
    g_assert_cmpuint(mem->cas_word(f->space, RAM_AT, 8, 0, &expected, 0x1122334455667788), ==, 0);
    g_assert_cmpuint(mem->read_word(f->space, RAM_AT + 4, 4, 0, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x11223344);
    g_assert_cmphex(f->ram->host[0], ==, 0x88);
    g_assert_cmpuint(mem->read_word(f->space, RAM_AT + 2, 4, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(mem->read_word(f->space, RAM_AT, 2, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(mem->read_word(f->space, 0x8, 4, 0, &value), ==, QH_BUS_NONE);
    (void)window(f, &plain);
    g_assert_cmpuint(mem->read_word(f->space, DEVICE_AT, 4, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(f->device.n_calls, ==, 0);
}

static void test_widths(Fixture *f, gconstpointer data)
{
    QhIoWindow *io = window(f, &word_only);
    uint64_t value = 7;

    (void)data;
    g_assert_cmpuint(qh_io_read(io, 4, 4, FALSE, 0, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x08070605);
    g_assert_true(f->device.was_locked);
    g_assert_false(qh_machine_locked_by_me(f->machine));
    value = 7;
    g_assert_cmpuint(qh_io_read(io, 4, 1, FALSE, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_io_read(io, 4, 8, FALSE, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_io_read(io, 2, 4, FALSE, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_io_read(io, 4, 3, FALSE, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_io_read(io, 4, 0, FALSE, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_io_read(io, 64, 4, FALSE, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_io_write(io, UINT64_MAX - 3, 4, FALSE, 0, 1), ==, QH_BUS_ERROR);
    g_assert_cmpuint(value, ==, 7);
    g_assert_cmpuint(f->device.n_calls, ==, 1);
    g_assert_cmpuint(qh_io_read(io, 4, 4, TRUE, 0, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x05060708);
}

static void test_split(Fixture *f, gconstpointer data)
{
    QhIoWindow *io = window(f, &split);
    uint64_t value;

    (void)data;
    g_assert_cmpuint(qh_io_read(io, 1, 8, FALSE, 0, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x0908070605040302);
    g_assert_cmpuint(f->device.n_calls, ==, 4);
    g_assert_cmpuint(f->device.last_width, ==, 2);
    g_assert_cmpuint(qh_io_write(io, 0, 4, TRUE, 0, 0xaabbccdd), ==, QH_BUS_OK);
    g_assert_cmphex(f->device.bytes[0], ==, 0xaa);
    g_assert_cmphex(f->device.bytes[3], ==, 0xdd);
    /* the third part is refused */
    f->device.n_calls = 0;
    g_assert_cmpuint(qh_io_write(io, 44, 8, FALSE, 0, 0), ==, QH_BUS_ERROR);
    g_assert_cmpuint(f->device.n_calls, ==, 3);
    g_assert_false(f->device.instance.inside);
}

static void test_big_endian(Fixture *f, gconstpointer data)
{
    QhIoWindow *io = window(f, &big);
    uint64_t value;

    (void)data;
    g_assert_cmpuint(qh_io_read(io, 0, 4, TRUE, 0, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x01020304);
    g_assert_cmpuint(qh_io_read(io, 0, 8, TRUE, 0, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x0102030405060708);
    g_assert_cmpuint(qh_io_read(io, 0, 8, FALSE, 0, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0x0807060504030201);
}

static void test_lockless(Fixture *f, gconstpointer data)
{
    QhIoWindow *io = window(f, &lockless);
    uint64_t value;

    (void)data;
    g_assert_cmpuint(qh_io_read(io, 0, 1, FALSE, 0, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 1);
    g_assert_false(f->device.was_locked);
}

static void test_no_methods(Fixture *f, gconstpointer data)
{
    QhIoWindow *io = window(f, &empty);
    uint64_t value;

    (void)data;
    g_assert_cmpuint(qh_io_read(io, 0, 1, FALSE, 0, &value), ==, QH_BUS_ERROR);
    g_assert_cmpuint(qh_io_write(io, 0, 1, FALSE, 0, 0), ==, QH_BUS_ERROR);
}

static void test_long_io(Fixture *f, gconstpointer data)
{
    uint8_t bytes[64] = {0};

    (void)data;
    (void)window(f, &plain);
    g_assert_cmpuint(mem->read(f->space, DEVICE_AT + 3, bytes, 13, 0), ==, QH_BUS_OK);
    g_assert_cmpint(memcmp(bytes, f->device.bytes + 3, 13), ==, 0);
    g_assert_cmpuint(f->device.n_calls, ==, 3); /* 1 + 4 + 8 */
    g_assert_cmpuint(mem->read(f->space, DEVICE_AT + 60, bytes, 8, 0), ==, QH_BUS_NONE);
}

static void test_guard(Fixture *f, gconstpointer data)
{
    QhIoWindow *io = window(f, &plain);
    static const struct {
        uint64_t address;
        gboolean dma_to_io;
        uint32_t status;
    } cases[] = {
        {RAM_AT,         FALSE, QH_BUS_OK    },
        {ROM_AT,         FALSE, QH_BUS_ERROR },
        {0x8,            FALSE, QH_BUS_NONE  },
        {DEVICE_AT,      FALSE, QH_BUS_ERROR },
        {DEVICE_AT,      TRUE,  QH_BUS_NESTED},
        {DEVICE_AT + 56, TRUE,  QH_BUS_NESTED},
        {RAM_AT,         TRUE,  QH_BUS_OK    },
        {UINT64_MAX - 1, TRUE,  QH_BUS_NONE  },
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        f->device.instance.dma_to_io = cases[i].dma_to_io;
        f->device.dma_address = cases[i].address;
        f->device.n_calls = 0;
        g_assert_cmpuint(qh_io_write(io, 56, 4, FALSE, 0, 0), ==, QH_BUS_OK);
        g_assert_cmpuint(f->device.dma_status, ==, cases[i].status);
        g_assert_cmpuint(f->device.n_calls, ==, 1);
        g_assert_false(f->device.instance.inside);
    }
    /* from a timer: not inside a call, yet DMA must not come back to the device itself */
    uint32_t word = 0;
    f->device.instance.dma_to_io = TRUE;
    qh_machine_lock(f->machine);
    g_assert_cmpuint(mem->dma_read(&f->device.instance, f->space, DEVICE_AT, &word, 4), ==,
                     QH_BUS_NESTED);
    qh_machine_unlock(f->machine);
    g_assert_false(f->device.instance.inside);
}

/* Two devices whose DMA each leads into the other's register that starts DMA. */
static void test_guard_ring(Fixture *f, gconstpointer data)
{
    Device other = {.machine = f->machine, .space = f->space, .dma_address = DEVICE_AT + 56};
    QhIoWindow *io = window(f, &plain);

    (void)data;
    other.instance.dma_to_io = TRUE;
    f->device.instance.dma_to_io = TRUE;
    f->device.dma_address = 0x40000 + 56;
    g_assert_true(
        mem->map_io(f->space, "other", 0x40000, 64, &plain, &other, &other.instance, 0, NULL));
    g_assert_cmpuint(qh_io_write(io, 56, 4, FALSE, 0, 0), ==, QH_BUS_OK);
    g_assert_cmpuint(f->device.dma_status, ==, QH_BUS_OK);
    g_assert_cmpuint(other.dma_status, ==, QH_BUS_NESTED);
    g_assert_cmpuint(other.n_calls, ==, 1);
}

static void test_hostile_ranges(Fixture *f, gconstpointer data)
{
    static uint8_t bytes[0x4000];

    (void)data;
    g_assert_true(mem->map_ram(f->space, UINT64_MAX - 0xfff, 0x1000, f->ram, 0x3000, 0, 0, NULL));
    g_assert_true(mem->map_ram(f->space, 0, 0x1000, f->ram, 0, 0, 0, NULL));
    g_assert_cmpuint(mem->read(f->space, UINT64_MAX - 0xfff, bytes, 0x1000, 0), ==, QH_BUS_OK);
    /* does not wrap around to address 0, though something is there */
    g_assert_cmpuint(mem->read(f->space, UINT64_MAX - 0xfff, bytes, 0x1001, 0), ==, QH_BUS_NONE);
    g_assert_cmpuint(mem->write(f->space, UINT64_MAX, bytes, 2, 0), ==, QH_BUS_NONE);
    g_assert_cmpuint(mem->read(f->space, RAM_AT + 0x1fff, bytes, 2, 0), ==, QH_BUS_NONE);
    g_assert_false(qh_space_is_memory(f->space, RAM_AT, UINT64_MAX));
    g_assert_false(qh_space_is_memory(f->space, UINT64_MAX, UINT64_MAX));
    g_assert_true(qh_space_is_memory(f->space, UINT64_MAX, 1));
}

static void test_dma_map(Fixture *f, gconstpointer data)
{
    QhInstance device = {.machine = f->machine};
    QhRam *ram = mem->ram_new(f->machine, "dma", 0x4000, NULL);
    QhSpace *space = mem->space_new(f->machine, "dma", 0);
    uint64_t length = 0x3000;

    (void)data;
    g_assert_true(mem->map_ram(space, 0x10000, 0x2000, ram, 0, 0, 0, NULL));
    g_assert_true(mem->map_ram(space, 0x20000, 0x1000, ram, 0x3000, QH_MAP_READONLY, 0, NULL));
    uint8_t *at = mem->dma_map(&device, space, 0x10800, &length, TRUE);
    g_assert_true(at == ram->host + 0x800);
    g_assert_cmpuint(length, ==, 0x1800);
    ram->page_flags[0] = QH_PAGE_CODE;
    ram->page_flags[1] = 0;
    mem->dma_unmap(&device, at, length, 0);
    g_assert_cmpuint(ram->page_flags[0], ==, QH_PAGE_CODE);
    mem->dma_unmap(&device, at, length, 0x100);
    g_assert_cmpuint(ram->page_flags[0], ==, QH_PAGE_CODE | QH_PAGE_DIRTY);
    g_assert_cmpuint(ram->page_flags[1], ==, 0);
    g_assert_cmpuint(f->machine->code_address, ==, ram->base + 0x800);
    g_assert_cmpuint(f->machine->code_bytes, ==, 0x100);

    length = 1;
    g_assert_null(mem->dma_map(&device, space, 0x20000, &length, TRUE));
    g_assert_nonnull(mem->dma_map(&device, space, 0x20000, &length, FALSE));
    g_assert_null(mem->dma_map(&device, space, 0x30000, &length, FALSE));
    length = 0;
    g_assert_null(mem->dma_map(&device, space, 0x10000, &length, FALSE));
    length = UINT64_MAX;
    g_assert_nonnull(mem->dma_map(&device, space, 0x11fff, &length, TRUE));
    g_assert_cmpuint(length, ==, 1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*fn)(Fixture *, gconstpointer);
    } tests[] = {
        {"/memory/dma-map",               test_dma_map       },
        {"/memory/access/ram",            test_ram           },
        {"/memory/access/rom",            test_rom           },
        {"/memory/access/code-pages",     test_code_pages    },
        {"/memory/access/words",          test_words         },
        {"/memory/access/widths",         test_widths        },
        {"/memory/access/split",          test_split         },
        {"/memory/access/big-endian",     test_big_endian    },
        {"/memory/access/lockless",       test_lockless      },
        {"/memory/access/no-methods",     test_no_methods    },
        {"/memory/access/long-io",        test_long_io       },
        {"/memory/access/guard",          test_guard         },
        {"/memory/access/guard-ring",     test_guard_ring    },
        {"/memory/access/hostile-ranges", test_hostile_ranges},
    };

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].fn, tear_down);
    }
    return g_test_run();
}
