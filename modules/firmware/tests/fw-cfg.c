/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device over a host of fakes: four items, 4 KiB of guest memory, and
 * the three ways in: the data port, transfers, what firmware does wrong.
 */
#include "modules/firmware/firmware.h"

#include <string.h>

#define RAM_AT    0x1000u
#define RAM_BYTES 4096u
#define DATA      0u
#define SELECTOR  8u
#define DMA       16u

#define READ   2u
#define SKIP   4u
#define SELECT 8u
#define WRITE  16u
#define ERROR  1u

#define PLAIN    0x20u
#define WRITABLE 0x21u
#define MISSING  0x99u

static struct {
    uint8_t ram[RAM_BYTES];
    uint8_t plain[10], writable[16];
    guint n_selected, n_wrote;
    uint16_t selected;
    uint32_t wrote_at, wrote_bytes;
    QhDevice *shown;
    gboolean taken; /* another device shows items */
} host;

static gboolean fake_show(G_GNUC_UNUSED QhMachine *machine, QhDevice *device, GError **error)
{
    if (device != NULL && host.taken) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_BUSY, "there is one");
        return FALSE;
    }
    host.shown = device;
    return TRUE;
}

static gboolean
fake_view(G_GNUC_UNUSED QhMachine *machine, uint16_t selector, gboolean select, QhFwView *ret)
{
    if (select) {
        host.n_selected++;
        host.selected = selector;
    }
    if (selector == PLAIN) {
        *ret = (QhFwView){.size = sizeof(*ret), .name = "opt/plain", .selector = PLAIN};
        ret->data = host.plain;
        ret->bytes = sizeof(host.plain);
        return TRUE;
    }
    if (selector == WRITABLE) {
        *ret = (QhFwView){.size = sizeof(*ret), .name = "etc/writable", .selector = WRITABLE};
        ret->flags = QH_FW_WRITABLE | QH_FW_IN_PLACE;
        ret->data = host.writable;
        ret->bytes = sizeof(host.writable);
        return TRUE;
    }
    return FALSE;
}

static gboolean fake_file(QhMachine *machine, uint32_t n, QhFwView *ret)
{
    return n < 2 && fake_view(machine, (uint16_t)(PLAIN + n), FALSE, ret);
}

static void fake_wrote(G_GNUC_UNUSED QhMachine *machine,
                       G_GNUC_UNUSED uint16_t selector,
                       uint32_t offset,
                       uint32_t bytes)
{
    host.n_wrote++;
    host.wrote_at = offset;
    host.wrote_bytes = bytes;
}

static QhSpace *fake_system(G_GNUC_UNUSED QhMachine *machine)
{
    return NULL;
}

static uint8_t *ram_at(uint64_t address, uint64_t length)
{
    return address >= RAM_AT && length <= RAM_BYTES && address - RAM_AT <= RAM_BYTES - length
               ? host.ram + (address - RAM_AT)
               : NULL;
}

static uint32_t fake_read(G_GNUC_UNUSED QhInstance *device,
                          G_GNUC_UNUSED QhSpace *space,
                          uint64_t address,
                          void *buffer,
                          uint64_t length)
{
    const uint8_t *from = ram_at(address, length);

    if (from == NULL) {
        return QH_BUS_ERROR;
    }
    memcpy(buffer, from, length);
    return QH_BUS_OK;
}

static uint32_t fake_write(G_GNUC_UNUSED QhInstance *device,
                           G_GNUC_UNUSED QhSpace *space,
                           uint64_t address,
                           const void *buffer,
                           uint64_t length)
{
    uint8_t *to = ram_at(address, length);

    if (to == NULL) {
        return QH_BUS_ERROR;
    }
    memcpy(to, buffer, length);
    return QH_BUS_OK;
}

static const QhFwService fake_fw = {
    .size = sizeof(QhFwService),
    .show = fake_show,
    .view = fake_view,
    .wrote = fake_wrote,
    .file = fake_file,
};
static const QhMemService fake_mem = {
    .size = sizeof(QhMemService),
    .system = fake_system,
    .dma_read = fake_read,
    .dma_write = fake_write,
};
static const FwServices services = {.fw = &fake_fw, .mem = &fake_mem};

static const QhIoOps *io(void)
{
    return fw_cfg_mem_ops.windows[0].ops;
}

static QhDevice *device_new(void)
{
    QhDevice *device = g_malloc0(fw_cfg_mem_ops.state_size);
    g_autoptr(GError) error = NULL;

    memset(&host, 0, sizeof(host));
    for (guint i = 0; i < sizeof(host.plain); i++) {
        host.plain[i] = (uint8_t)(0x10 + i);
    }
    device->ctx = (void *)&services;
    g_assert_true(fw_cfg_mem_ops.realize(device, &error));
    g_assert_no_error(error);
    fw_cfg_mem_ops.reset(device, QH_RESET_COLD);
    return device;
}

static void device_free(QhDevice *device)
{
    g_assert_true(host.shown == device);
    fw_cfg_mem_ops.unrealize(device);
    g_assert_null(host.shown);
    g_free(device);
}

static uint64_t get(QhDevice *device, uint64_t offset, uint32_t width)
{
    uint64_t value = 0;

    g_assert_cmpuint(io()->read(device, offset, width, 0, &value), ==, QH_BUS_OK);
    return value;
}

static void set(QhDevice *device, uint64_t offset, uint32_t width, uint64_t value)
{
    g_assert_cmpuint(io()->write(device, offset, width, 0, value), ==, QH_BUS_OK);
}

static void put_be32(uint32_t at, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(host.ram + at, &value, sizeof(value));
}

static uint32_t be32(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_BE(value);
}

/* A transfer whose structure is at the start of memory; what its control word becomes. */
static uint32_t transfer(QhDevice *device, uint32_t control, uint32_t bytes, uint64_t address)
{
    put_be32(0, control);
    put_be32(4, bytes);
    put_be32(8, (uint32_t)(address >> 32));
    put_be32(12, (uint32_t)address);
    set(device, DMA, 8, RAM_AT);
    return be32(host.ram);
}

static void test_port(void)
{
    QhDevice *device = device_new();
    uint64_t value = 1;

    /* the signature is what a reset selects; the first byte is the most significant */
    g_assert_cmphex(get(device, DATA, 4), ==, 0x51454d55);
    g_assert_cmphex(get(device, DATA, 4), ==, 0);
    set(device, SELECTOR, 2, 1);
    g_assert_cmphex(get(device, DATA, 1), ==, 3); /* data port and DMA */
    g_assert_cmphex(get(device, DATA, 4), ==, 0);
    /* each way of reading goes on where the last one ended; bit 14 says nothing */
    set(device, SELECTOR, 2, PLAIN | 0x4000);
    g_assert_cmphex(host.selected, ==, PLAIN);
    g_assert_cmphex(get(device, DATA, 1), ==, 0x10);
    g_assert_cmphex(get(device, DATA, 2), ==, 0x1112);
    g_assert_cmphex(get(device, DATA, 8), ==, UINT64_C(0x1314151617181900));
    set(device, SELECTOR, 2, MISSING);
    g_assert_cmphex(get(device, DATA, 8), ==, 0);
    /* a debugger takes nothing away */
    set(device, SELECTOR, 2, PLAIN);
    g_assert_cmpuint(io()->read(device, DATA, 1, QH_ATTR_DEBUG, &value), ==, QH_BUS_OK);
    g_assert_cmphex(value, ==, 0);
    g_assert_cmphex(get(device, DATA, 1), ==, 0x10);
    /* writes to the port are dropped */
    set(device, SELECTOR, 2, WRITABLE);
    set(device, DATA, 1, 0xff);
    g_assert_cmphex(host.writable[0], ==, 0);
    fw_cfg_mem_ops.reset(device, QH_RESET_WARM);
    g_assert_cmphex(get(device, DATA, 4), ==, 0x51454d55);
    device_free(device);
}

static void test_directory(void)
{
    QhDevice *device = device_new();
    uint8_t bytes[4 + 2 * 64 + 1];

    set(device, SELECTOR, 2, 0x19);
    for (guint i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)get(device, DATA, 1);
    }
    g_assert_cmpuint(be32(bytes), ==, 2);
    g_assert_cmpuint(be32(bytes + 4), ==, sizeof(host.plain));
    g_assert_cmphex(be32(bytes + 8), ==, PLAIN << 16);
    g_assert_cmpstr((const char *)bytes + 12, ==, "opt/plain");
    g_assert_cmpuint(be32(bytes + 68), ==, sizeof(host.writable));
    g_assert_cmphex(be32(bytes + 72), ==, WRITABLE << 16);
    g_assert_cmpstr((const char *)bytes + 76, ==, "etc/writable");
    g_assert_cmphex(bytes[sizeof(bytes) - 1], ==, 0);
    device_free(device);
}

static void test_transfers(void)
{
    QhDevice *device = device_new();

    /* its signature, whole and in halves */
    g_assert_cmphex(get(device, DMA, 8), ==, UINT64_C(0x51454d5520434647));
    g_assert_cmphex(get(device, DMA, 4), ==, 0x51454d55);
    g_assert_cmphex(get(device, DMA + 4, 4), ==, 0x20434647);

    memset(host.ram + 0x100, 0xee, 32);
    g_assert_cmphex(transfer(device, PLAIN << 16 | SELECT | READ, 4, RAM_AT + 0x100), ==, 0);
    g_assert_cmphex(be32(host.ram + 0x100), ==, 0x10111213);
    g_assert_cmphex(host.ram[0x104], ==, 0xee);
    g_assert_cmphex(transfer(device, SKIP, 2, 0), ==, 0);
    /* behind the end are zeroes */
    g_assert_cmphex(transfer(device, READ, 8, RAM_AT + 0x100), ==, 0);
    g_assert_cmphex(be32(host.ram + 0x100), ==, 0x16171819);
    g_assert_cmphex(be32(host.ram + 0x104), ==, 0);
    g_assert_cmphex(transfer(device, SKIP, UINT32_MAX, 0), ==, 0);
    g_assert_cmphex(get(device, DATA, 1), ==, 0);
    /* many zeroes */
    memset(host.ram + 0x10, 0xee, RAM_BYTES - 0x10);
    g_assert_cmphex(
        transfer(device, MISSING << 16 | SELECT | READ, RAM_BYTES - 0x10, RAM_AT + 0x10), ==, 0);
    g_assert_cmphex(host.ram[RAM_BYTES - 1], ==, 0);
    /* the address in two halves: the lower one starts it */
    put_be32(0, PLAIN << 16 | SELECT);
    set(device, DMA, 4, 0);
    g_assert_cmphex(be32(host.ram), !=, 0);
    set(device, DMA + 4, 4, RAM_AT);
    g_assert_cmphex(be32(host.ram), ==, 0);
    g_assert_cmphex(get(device, DATA, 1), ==, 0x10);
    device_free(device);
}

static void test_writes(void)
{
    QhDevice *device = device_new();

    memcpy(host.ram + 0x200, "0123456789abcdef", 16);
    g_assert_cmphex(transfer(device, WRITABLE << 16 | SELECT | WRITE, 16, RAM_AT + 0x200), ==, 0);
    g_assert_cmpmem(host.writable, 16, "0123456789abcdef", 16);
    g_assert_cmpuint(host.n_wrote, ==, 1);
    g_assert_cmpuint(host.wrote_bytes, ==, 16);
    g_assert_cmphex(transfer(device, WRITABLE << 16 | SELECT | SKIP, 12, 0), ==, 0);
    g_assert_cmphex(transfer(device, WRITE, 4, RAM_AT + 0x200), ==, 0);
    g_assert_cmpuint(host.wrote_at, ==, 12);
    g_assert_cmpmem(host.writable + 12, 4, "0123", 4);
    /* beyond the end, what may not be written, and what is not there: nothing is */
    g_assert_cmphex(transfer(device, WRITE, 1, RAM_AT + 0x200), ==, ERROR);
    g_assert_cmphex(transfer(device, WRITABLE << 16 | SELECT | WRITE, 17, RAM_AT), ==, ERROR);
    g_assert_cmphex(transfer(device, PLAIN << 16 | SELECT | WRITE, 1, RAM_AT), ==, ERROR);
    g_assert_cmphex(transfer(device, MISSING << 16 | SELECT | WRITE, 1, RAM_AT), ==, ERROR);
    g_assert_cmphex(host.plain[0], ==, 0x10);
    g_assert_cmpuint(host.n_wrote, ==, 2);
    /* both: reading wins */
    g_assert_cmphex(transfer(device, PLAIN << 16 | SELECT | READ | WRITE, 1, RAM_AT + 0x300), ==,
                    0);
    g_assert_cmphex(host.ram[0x300], ==, 0x10);
    device_free(device);
}

/* Memory that is not there, at either end; accesses that no register has. */
static void test_faults(void)
{
    QhDevice *device = device_new();
    static const struct {
        uint32_t offset, width;
    } bad[] = {
        {SELECTOR,     1},
        {SELECTOR,     4},
        {SELECTOR + 2, 2},
        {DMA,          2},
        {DMA + 4,      8},
        {DMA + 2,      4},
    };
    uint64_t value;

    g_assert_cmphex(transfer(device, PLAIN << 16 | SELECT | READ, 4, 0), ==, ERROR);
    g_assert_cmphex(transfer(device, READ, 4, RAM_AT + RAM_BYTES - 3), ==, ERROR);
    g_assert_cmphex(transfer(device, READ, 20, UINT64_MAX - 10), ==, ERROR);
    g_assert_cmphex(transfer(device, WRITABLE << 16 | SELECT | WRITE, 4, 0), ==, ERROR);
    g_assert_cmpuint(host.n_wrote, ==, 0);
    set(device, DMA, 8, 0);
    set(device, DMA, 8, UINT64_MAX);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_cmpuint(io()->write(device, bad[i].offset, bad[i].width, 0, 0), ==, QH_BUS_ERROR);
    }
    g_assert_cmpuint(io()->read(device, SELECTOR, 2, 0, &value), ==, QH_BUS_ERROR);
    /* what was half of an address does not survive a reset */
    set(device, DMA, 4, 1);
    fw_cfg_mem_ops.reset(device, QH_RESET_WARM);
    put_be32(0, PLAIN << 16 | SELECT);
    set(device, DMA + 4, 4, RAM_AT);
    g_assert_cmphex(be32(host.ram), ==, 0);
    device_free(device);
}

static void test_second(void)
{
    QhDevice *device = g_malloc0(fw_cfg_mem_ops.state_size);
    g_autoptr(GError) error = NULL;

    memset(&host, 0, sizeof(host));
    host.taken = TRUE;
    device->ctx = (void *)&services;
    g_assert_false(fw_cfg_mem_ops.realize(device, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_BUSY);
    fw_cfg_mem_ops.unrealize(device);
    g_assert_null(host.shown);
    g_free(device);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fw-cfg/port", test_port);
    g_test_add_func("/fw-cfg/directory", test_directory);
    g_test_add_func("/fw-cfg/transfers", test_transfers);
    g_test_add_func("/fw-cfg/writes", test_writes);
    g_test_add_func("/fw-cfg/faults", test_faults);
    g_test_add_func("/fw-cfg/second", test_second);
    return g_test_run();
}
