/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/nvme/tests/bench.h"

#include <errno.h>

/* The fakes find their bench by what they get: the device, the disk, or the host. */
static Bench *bench_of(const QhDevice *device)
{
    return (Bench *)(void *)device->bus;
}

/* --- PCI --- */

static gboolean
bar(QhDevice *device, uint32_t n, uint32_t window, uint32_t flags, uint64_t bytes, GError **error)
{
    (void)device;
    (void)n;
    (void)window;
    (void)flags;
    (void)bytes;
    (void)error;
    return TRUE;
}

static gboolean msi(QhDevice *device, uint32_t vectors, GError **error)
{
    (void)device;
    (void)error;
    return vectors > 0;
}

static gboolean
msix(QhDevice *device, uint32_t vectors, uint32_t n, uint32_t table, uint32_t pba, GError **error)
{
    (void)device;
    (void)n;
    (void)error;
    return vectors > 0 && pba > table;
}

static uint32_t interrupt_mode(QhDevice *device)
{
    return bench_of(device)->mode;
}

static gboolean notify(QhDevice *device, uint32_t n)
{
    (void)n;
    bench_of(device)->n_sent++;
    return TRUE;
}

static void set_irq(QhDevice *device, gboolean level)
{
    bench_of(device)->line = level;
}

void *bench_at(Bench *bench, uint64_t address)
{
    return address < SPLIT_AT ? bench->ram + (address - RAM_AT)
                              : bench->above + (address - SPLIT_AT);
}

static void *dma_map(QhDevice *device, uint64_t address, uint64_t *length, gboolean write)
{
    Bench *bench = bench_of(device);
    uint64_t end = address < SPLIT_AT ? SPLIT_AT : RAM_AT + RAM_BYTES;

    (void)write;
    if (!bench->master || address < RAM_AT || address >= RAM_AT + RAM_BYTES || *length == 0) {
        return NULL;
    }
    *length = MIN(*length, end - address);
    bench->n_maps++;
    return bench_at(bench, address);
}

static void dma_unmap(QhDevice *device, void *pointer, uint64_t length, uint64_t written)
{
    g_assert_nonnull(pointer);
    g_assert_cmpuint(written, <=, length);
    bench_of(device)->n_maps--;
}

static uint32_t dma_read(QhDevice *device, uint64_t address, void *buffer, uint64_t length)
{
    uint8_t *to = buffer;

    while (length > 0) {
        uint64_t got = length;
        void *at = dma_map(device, address, &got, FALSE);

        if (at == NULL) {
            return QH_BUS_NONE;
        }
        memcpy(to, at, got);
        dma_unmap(device, at, got, 0);
        to += got;
        address += got;
        length -= got;
    }
    return QH_BUS_OK;
}

static const QhPciService pci_service = {
    .size = sizeof(QhPciService),
    .bar = bar,
    .msi = msi,
    .msix = msix,
    .interrupt_mode = interrupt_mode,
    .notify = notify,
    .set_irq = set_irq,
    .dma_read = dma_read,
    .dma_map = dma_map,
    .dma_unmap = dma_unmap,
};

/* --- The host --- */

static const void *bus_service(QhBus *bus)
{
    (void)bus;
    return &pci_service;
}

static QhBus *bus_new(QhDevice *parent, const QhBusOps *ops, const char *name, GError **error)
{
    (void)ops;
    (void)name;
    (void)error;
    return parent->bus;
}

static void window_set_bytes(QhDevice *device, uint32_t window, uint64_t bytes)
{
    (void)device;
    (void)window;
    g_assert_cmpuint(bytes & (bytes - 1), ==, 0);
}

static const QhDeviceService device_service = {
    .size = sizeof(QhDeviceService),
    .bus_service = bus_service,
    .bus_new = bus_new,
    .window_set_bytes = window_set_bytes,
};

static int64_t now(QhHost *host, uint32_t clock)
{
    (void)host;
    (void)clock;
    return 5000000000;
}

static QhTimer *timer_new(QhHost *host, uint32_t clock, void (*fn)(void *opaque), void *opaque)
{
    (void)clock;
    (void)opaque;
    ((Bench *)(void *)host)->later = fn;
    return (QhTimer *)(void *)host;
}

static void arm(QhTimer *timer, int64_t expire_ns)
{
    (void)expire_ns;
    ((Bench *)(void *)timer)->armed = TRUE;
}

static void timer_free(QhTimer *timer)
{
    ((Bench *)(void *)timer)->armed = FALSE;
}

static const QhTimerService timer_service = {
    .size = sizeof(QhTimerService),
    .now = now,
    .timer_new = timer_new,
    .arm = arm,
    .timer_free = timer_free,
};

static uint32_t log_mask(QhHost *host)
{
    (void)host;
    return QH_LOG_GUEST_ERROR;
}

static void log_guest(QhHost *host, uint32_t bit, const char *text)
{
    (void)bit;
    g_assert_cmpuint(strlen(text), >, 0);
    ((Bench *)(void *)host)->n_guest_errors++;
}

static const QhLogService log_service = {
    .size = sizeof(QhLogService),
    .mask = log_mask,
    .guest = log_guest,
};

/* --- The disk --- */

static gboolean attach(QhDrive *block,
                       QhInstance *device,
                       uint32_t want,
                       const QhBlockHandlers *handlers,
                       void *opaque,
                       GError **error)
{
    Bench *bench = (Bench *)(void *)block;

    (void)device;
    (void)want;
    (void)error;
    bench->handlers = handlers;
    bench->handlers_opaque = opaque;
    return TRUE;
}

static void serve_one(Bench *bench, QhBlockRequest *request)
{
    int error = bench->fail;
    uint64_t sum = 0;

    bench->fail = 0;
    if (request->kind != QH_BLOCK_FLUSH) {
        g_assert_cmpuint(request->offset, <=, DISK_BYTES);
        g_assert_cmpuint(request->bytes, <=, DISK_BYTES - request->offset);
    }
    for (uint32_t i = 0; i < request->n_vec; i++) {
        uint8_t *at = bench->disk + request->offset + sum;

        if (error == 0 && request->kind == QH_BLOCK_READ) {
            memcpy(request->vec[i].base, at, request->vec[i].bytes);
        } else if (error == 0) {
            memcpy(at, request->vec[i].base, request->vec[i].bytes);
        }
        sum += request->vec[i].bytes;
    }
    if (request->kind == QH_BLOCK_READ || request->kind == QH_BLOCK_WRITE) {
        g_assert_cmpuint(sum, ==, request->bytes);
    }
    if (error == 0 && request->kind == QH_BLOCK_WRITE_ZEROES) {
        memset(bench->disk + request->offset, 0, request->bytes);
    }
    bench->n_zeroes += request->kind == QH_BLOCK_WRITE_ZEROES;
    bench->n_flushes += request->kind == QH_BLOCK_FLUSH;
    bench->n_discards += request->kind == QH_BLOCK_DISCARD;
    request->done(request, error);
}

static void submit(QhDrive *block, QhBlockRequest *request)
{
    Bench *bench = (Bench *)(void *)block;

    if (bench->hold) {
        g_ptr_array_add(bench->pending, request);
    } else {
        serve_one(bench, request);
    }
}

void bench_serve(Bench *bench)
{
    while (bench->pending->len > 0) {
        serve_one(bench, g_ptr_array_steal_index(bench->pending, 0));
    }
}

static void detach(QhDrive *block)
{
    bench_serve((Bench *)(void *)block);
}

static void info(QhDrive *block, QhBlockInfo *ret)
{
    const Bench *bench = (Bench *)(void *)block;

    *ret = (QhBlockInfo){
        .size = sizeof(QhBlockInfo),
        .logical_block_bytes = 512,
        .physical_block_bytes = 512,
        .bytes = DISK_BYTES,
        .flags = QH_BLOCK_INFO_WRITE_CACHE | (bench->read_only ? QH_BLOCK_INFO_READ_ONLY : 0),
    };
}

static void set_write_cache(QhDrive *block, gboolean on)
{
    (void)block;
    (void)on;
}

static gboolean report_error(QhDrive *block, uint32_t kind, int error)
{
    (void)kind;
    (void)error;
    return !((Bench *)(void *)block)->stop_on_error;
}

static void set_errors(QhDrive *block, uint32_t on_read, uint32_t on_write)
{
    (void)block;
    (void)on_read;
    (void)on_write;
}

static const QhBlockService block_service = {
    .size = sizeof(QhBlockService),
    .attach = attach,
    .detach = detach,
    .info = info,
    .submit = submit,
    .set_write_cache = set_write_cache,
    .report_error = report_error,
    .set_errors = set_errors,
};

/* --- Life --- */

Bench *bench_new(void)
{
    static char serial[] = "S1";
    Bench *bench = g_new0(Bench, 1);
    g_autoptr(GError) error = NULL;

    bench->ram = g_malloc0(SPLIT_AT - RAM_AT);
    bench->above = g_malloc0(RAM_AT + RAM_BYTES - SPLIT_AT);
    bench->disk = g_malloc(DISK_BYTES);
    for (uint32_t i = 0; i < DISK_BYTES; i++) {
        bench->disk[i] = (uint8_t)(i / 512 * 7 + i);
    }
    bench->pending = g_ptr_array_new();
    bench->master = TRUE;
    bench->mode = QH_PCI_MSIX;
    bench->services = (NvmeServices){
        .host = (QhHost *)(void *)bench,
        .device = &device_service,
        .timer = &timer_service,
        .log = &log_service,
        .block = &block_service,
    };
    Nvme *nvme = bench->nvme = g_malloc0(nvme_ops.state_size);
    nvme->base.ctx = &bench->services;
    nvme->base.id = "nvme";
    nvme->base.bus = (QhBus *)(void *)bench;
    nvme->own.drive = (QhDrive *)(void *)bench;
    nvme->own.discard_granularity = UINT32_MAX;
    nvme->serial = serial;
    nvme->max_queues = 4;
    nvme->n_vectors = 5;
    nvme->mdts = 7;
    if (!nvme_ops.realize(&nvme->base, &error)) {
        g_error("%s", error->message);
    }
    nvme_ops.reset(&nvme->base, QH_RESET_COLD);
    return bench;
}

void bench_free(Bench *bench)
{
    nvme_ops.unrealize(&bench->nvme->base);
    g_assert_cmpint(bench->n_maps, ==, 0);
    g_assert_false(bench->line);
    g_ptr_array_unref(bench->pending);
    g_free(bench->nvme);
    g_free(bench->ram);
    g_free(bench->above);
    g_free(bench->disk);
    g_free(bench);
}

uint32_t bench_read(Bench *bench, uint32_t offset)
{
    uint64_t value = 0;

    g_assert_cmpuint(nvme_ops.windows[0].ops->read(bench->nvme, offset, 4, 0, &value), ==,
                     QH_BUS_OK);
    return (uint32_t)value;
}

void bench_write(Bench *bench, uint32_t offset, uint64_t value, uint32_t bytes)
{
    nvme_ops.windows[0].ops->write(bench->nvme, offset, bytes, 0, value);
}

void bench_start(Bench *bench)
{
    bench->admin = bench->io = (Side){.phase = 1};
    memset(bench_at(bench, ADMIN_CQ), 0, 0x1000);
    memset(bench_at(bench, IO_CQ), 0, 0x1000);
    bench_write(bench, REG_AQA, (ADMIN_SIZE - 1) << 16 | (ADMIN_SIZE - 1), 4);
    bench_write(bench, REG_ASQ, ADMIN_SQ, 8);
    bench_write(bench, REG_ACQ, ADMIN_CQ, 8);
    bench_write(bench, REG_CC, 4 << 20 | 6 << 16 | CC_EN, 4);
}

void bench_start_io(Bench *bench)
{
    Entry cq = entry(ADMIN_CREATE_CQ, 0, IO_CQ, 0), sq = entry(ADMIN_CREATE_SQ, 0, IO_SQ, 0);

    bench_start(bench);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, CSTS_RDY);
    put32(cq.bytes + 40, (IO_SIZE - 1) << 16 | 1);
    put32(cq.bytes + 44, 1 << 16 | 3);
    g_assert_cmphex(bench_run(bench, &cq, FALSE), ==, 0);
    put32(sq.bytes + 40, (IO_SIZE - 1) << 16 | 1);
    put32(sq.bytes + 44, 1 << 16 | 1);
    g_assert_cmphex(bench_run(bench, &sq, FALSE), ==, 0);
}

void bench_stop(Bench *bench)
{
    bench_write(bench, REG_CC, 0, 4);
    bench_serve(bench);
    g_assert_cmphex(bench_read(bench, REG_CSTS), ==, 0);
    g_assert_cmpint(bench->n_maps, ==, 0);
}

/* --- The driver --- */

Entry entry(uint8_t opcode, uint32_t nsid, uint64_t prp1, uint64_t prp2)
{
    Entry made = {.bytes = {opcode}};

    put32(made.bytes + 4, nsid);
    put64(made.bytes + 24, prp1);
    put64(made.bytes + 32, prp2);
    return made;
}

Entry transfer(uint8_t opcode, uint64_t lba, uint32_t blocks, uint64_t prp1, uint64_t prp2)
{
    Entry made = entry(opcode, 1, prp1, prp2);

    put64(made.bytes + 40, lba);
    put32(made.bytes + 48, blocks - 1);
    return made;
}

uint16_t bench_submit(Bench *bench, const Entry *made, gboolean io)
{
    Side *side = io ? &bench->io : &bench->admin;
    uint8_t *at = bench_at(bench, (io ? IO_SQ : ADMIN_SQ) + SQE_BYTES * (uint64_t)side->tail);

    memcpy(at, made->bytes, SQE_BYTES);
    put16(at + 2, ++bench->cid);
    side->tail = (side->tail + 1) % (io ? IO_SIZE : ADMIN_SIZE);
    bench_write(bench, REG_DOORBELLS + (io ? 8 : 0), side->tail, 4);
    return bench->cid;
}

int bench_take(Bench *bench, gboolean io)
{
    Side *side = io ? &bench->io : &bench->admin;
    uint8_t *at = bench_at(bench, (io ? IO_CQ : ADMIN_CQ) + CQE_BYTES * (uint64_t)side->head);
    uint32_t status = get16(at + 14);

    if ((status & 1) != side->phase) {
        return -1;
    }
    bench->result = get32(at);
    side->head = (side->head + 1) % (io ? IO_SIZE : ADMIN_SIZE);
    side->phase ^= side->head == 0;
    bench_write(bench, REG_DOORBELLS + (io ? 12 : 4), side->head, 4);
    return (int)(status >> 1);
}

int bench_run(Bench *bench, const Entry *made, gboolean io)
{
    bench_submit(bench, made, io);
    bench_serve(bench);
    return bench_take(bench, io);
}
