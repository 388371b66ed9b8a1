/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules/virtio/tests/bench.h"

#include "modules/virtio/mmio.h"
#include "modules/virtio/tests/bench-net.h"
#include "modules/virtio/tests/bench-object.h"
#include "modules/virtio/tests/bench-pci.h"
#include "modules/virtio/tests/bench-screen.h"

/* The service tables carry no context, so the fake's is here. */
static Bench *bench;

Bench *bench_current(void)
{
    return bench;
}

/* --- Memory: everything of BENCH_RAM, in two runs --- */

static void *
fake_map(QhInstance *device, QhSpace *space, uint64_t address, uint64_t *length, gboolean write)
{
    uint64_t end = address < BENCH_SPLIT_AT ? BENCH_SPLIT_AT : BENCH_RAM_AT + BENCH_RAM_BYTES;

    (void)space;
    (void)write;
    g_assert_nonnull(device);
    g_assert_cmpuint(*length, >, 0);
    if (address < BENCH_RAM_AT || address >= end) {
        return NULL;
    }
    *length = MIN(*length, end - address);
    bench->n_maps++;
    return bench->ram + (address - BENCH_RAM_AT);
}

static void fake_unmap(QhInstance *device, void *pointer, uint64_t length, uint64_t written)
{
    uint8_t *at = pointer;

    (void)device;
    g_assert_true(at >= bench->ram && at + length <= bench->ram + BENCH_RAM_BYTES);
    g_assert_cmpuint(written, <=, length);
    g_assert_cmpuint(bench->n_maps, >, 0);
    bench->n_maps--;
}

static QhSpace *fake_system(QhMachine *machine)
{
    return (QhSpace *)machine;
}

void *bench_dma_map(uint64_t address, uint64_t *length)
{
    return fake_map(bench->device->instance, NULL, address, length, TRUE);
}

void bench_dma_unmap(void *pointer, uint64_t length, uint64_t written)
{
    fake_unmap(bench->device->instance, pointer, length, written);
}

static const QhMemService mem_service = {
    .size = sizeof(QhMemService),
    .system = fake_system,
    .dma_map = fake_map,
    .dma_unmap = fake_unmap,
};

/* --- Devices --- */

static void set_irq(QhDevice *device, uint32_t n, gboolean level)
{
    g_assert_true(device == bench->mmio);
    g_assert_cmpuint(n, ==, 0);
    bench->n_irqs += level && !bench->irq;
    bench->irq = level;
}

static QhBus *bus_new(QhDevice *parent, const QhBusOps *ops, const char *name, GError **error)
{
    (void)name;
    (void)error;
    *(parent == bench->mmio ? &bench->bus_ops : &bench->child_bus_ops) = ops;
    return (QhBus *)bench;
}

static const char *bus_name(QhBus *bus)
{
    (void)bus;
    return "bus";
}

static const void *child_class(QhDevice *child)
{
    return child == bench->device ? bench->ops->bus_class : bench->unit_class;
}

static void reset_unit(QhDevice *child, uint32_t kind)
{
    g_assert_true(child != bench->device && kind == QH_RESET_WARM);
    bench->n_resets++;
}

static void unplug_done(QhDevice *child)
{
    g_assert_true(child != bench->device);
}

static const void *bus_service(QhBus *bus)
{
    g_assert_nonnull(bus);
    return &bench_pci_service;
}

static void window_set_bytes(QhDevice *device, uint32_t window, uint64_t bytes)
{
    g_assert_true(device == bench->device);
    g_assert_cmpuint(window, <=, 1);
    *(window == 1 ? &bench->pci->legacy_bytes : &bench->pci->modern_bytes) = bytes;
}

static const QhDeviceService device_service = {
    .size = sizeof(QhDeviceService),
    .bus_service = bus_service,
    .window_set_bytes = window_set_bytes,
    .set_irq = set_irq,
    .bus_new = bus_new,
    .bus_name = bus_name,
    .child_class = child_class,
    .reset = reset_unit,
    .unplug_done = unplug_done,
};

/* --- Machine, timers, log, events --- */

static void random_bytes(QhHost *host, void *to, uint64_t bytes)
{
    (void)host;
    memset(to, 0x5a, bytes);
}

static const QhMachineConfig *machine_config(QhMachine *machine)
{
    static const QhMachineConfig config = {.size = sizeof(config), .ram_bytes = BENCH_RAM_BYTES};

    (void)machine;
    return &config;
}

static const QhMachineService machine_service = {
    .size = sizeof(QhMachineService),
    .config = machine_config,
    .random = random_bytes,
};

static int64_t timer_now(QhHost *host, uint32_t clock)
{
    (void)host;
    (void)clock;
    return bench->now_ns;
}

static QhTimer *timer_new(QhHost *host, uint32_t clock, void (*fn)(void *), void *opaque)
{
    BenchTimer *timer = g_new0(BenchTimer, 1);

    (void)host;
    (void)clock;
    *timer = (BenchTimer){fn, opaque, -1};
    g_ptr_array_add(bench->timers, timer);
    return (QhTimer *)timer;
}

static void timer_arm(QhTimer *timer, int64_t expire_ns)
{
    ((BenchTimer *)timer)->expire_ns = expire_ns;
}

static void timer_disarm(QhTimer *timer)
{
    ((BenchTimer *)timer)->expire_ns = -1;
}

static void timer_free(QhTimer *timer)
{
    if (timer != NULL) {
        g_assert_true(g_ptr_array_remove(bench->timers, timer));
    }
}

static const QhTimerService timer_service = {
    .size = sizeof(QhTimerService),
    .now = timer_now,
    .timer_new = timer_new,
    .arm = timer_arm,
    .disarm = timer_disarm,
    .timer_free = timer_free,
};

void bench_advance(Bench *self, int64_t by_ns)
{
    self->now_ns += by_ns;
    for (guint i = 0; i < self->timers->len; i++) {
        BenchTimer *timer = g_ptr_array_index(self->timers, i);

        if (timer->expire_ns >= 0 && timer->expire_ns <= self->now_ns) {
            timer->expire_ns = -1;
            timer->fn(timer->opaque);
        }
    }
}

static uint32_t log_mask(QhHost *host)
{
    (void)host;
    return QH_LOG_GUEST_ERROR;
}

static void log_guest(QhHost *host, uint32_t bit, const char *text)
{
    (void)host;
    g_assert_cmpuint(bit, ==, QH_LOG_GUEST_ERROR);
    g_assert_nonnull(strchr(text, ':'));
    bench->n_guest_errors++;
}

static const QhLogService log_service = {
    .size = sizeof(QhLogService),
    .mask = log_mask,
    .guest = log_guest,
};

static gboolean emit(QhHost *host, const char *name, const char *json, GError **error)
{
    (void)host;
    (void)error;
    g_string_append_printf(bench->events, "%s%s;", name, json != NULL ? json : "");
    return TRUE;
}

static const QhEventService event_service = {.size = sizeof(QhEventService), .emit = emit};

/* --- The disk --- */

static gboolean block_attach(QhDrive *block,
                             QhInstance *device,
                             uint32_t want,
                             const QhBlockHandlers *handlers,
                             void *opaque,
                             GError **error)
{
    (void)want;
    (void)error;
    g_assert_nonnull(block);
    g_assert_nonnull(device);
    bench->block_handlers = handlers;
    bench->block_opaque = opaque;
    return TRUE;
}

static void block_info(QhDrive *block, QhBlockInfo *ret)
{
    (void)block;
    ret->logical_block_bytes = ret->physical_block_bytes = 512;
    ret->bytes = bench->disk_bytes;
    ret->discard_bytes = 512;
    ret->flags = (bench->read_only ? QH_BLOCK_INFO_READ_ONLY : 0) |
                 (bench->write_cache ? QH_BLOCK_INFO_WRITE_CACHE : 0);
}

static int block_do(QhBlockRequest *request)
{
    uint64_t at = request->offset;

    if (bench->fail != 0) {
        int error = bench->fail;

        bench->fail = 0;
        return error;
    }
    g_assert_cmpuint(at + request->bytes, <=, bench->disk_bytes);
    for (uint32_t i = 0; i < request->n_vec; i++) {
        const QhBlockVec *vec = &request->vec[i];

        if (request->kind == QH_BLOCK_READ) {
            memcpy(vec->base, bench->disk + at, vec->bytes);
        } else {
            memcpy(bench->disk + at, vec->base, vec->bytes);
        }
        at += vec->bytes;
    }
    if (request->kind == QH_BLOCK_READ || request->kind == QH_BLOCK_WRITE) {
        g_assert_cmpuint(at, ==, request->offset + request->bytes);
    }
    if (request->kind == QH_BLOCK_DISCARD || request->kind == QH_BLOCK_WRITE_ZEROES) {
        memset(bench->disk + at, 0, request->bytes);
    }
    return 0;
}

static void block_submit(QhDrive *block, QhBlockRequest *request)
{
    (void)block;
    if (bench->hold) {
        g_ptr_array_add(bench->pending, request);
    } else {
        request->done(request, block_do(request));
    }
}

void bench_serve(Bench *self)
{
    while (self->pending->len > 0) {
        QhBlockRequest *request = g_ptr_array_steal_index(self->pending, 0);

        request->done(request, block_do(request));
    }
}

static void block_detach(QhDrive *block)
{
    g_assert_nonnull(block);
    bench_serve(bench);
}

static void block_cache(QhDrive *block, gboolean on)
{
    (void)block;
    bench->write_cache = on;
}

static gboolean block_error(QhDrive *block, uint32_t kind, int error)
{
    (void)block;
    (void)kind;
    g_assert_cmpint(error, !=, 0);
    return !bench->stop_on_error;
}

static void block_flag(QhDrive *block, gboolean on)
{
    (void)block;
    (void)on;
}

static void block_errors(QhDrive *block, uint32_t on_read, uint32_t on_write)
{
    g_assert_nonnull(block);
    g_assert_cmpuint(on_read, <, 8);
    g_assert_cmpuint(on_write, <, 8);
}

static const char *block_serial(QhDrive *block)
{
    (void)block;
    return "S-1";
}

static const QhBlockService block_service = {
    .size = sizeof(QhBlockService),
    .attach = block_attach,
    .detach = block_detach,
    .info = block_info,
    .submit = block_submit,
    .set_write_cache = block_cache,
    .report_error = block_error,
    .set_tray = block_flag,
    .set_locked = block_flag,
    .serial = block_serial,
    .set_errors = block_errors,
};

/* --- Characters --- */

static gboolean
chr_attach(QhChar *chr, const QhCharHandlers *handlers, void *opaque, GError **error)
{
    (void)chr;
    (void)error;
    bench->chr_handlers = handlers;
    bench->chr_opaque = opaque;
    return TRUE;
}

static uint32_t chr_write(QhChar *chr, const uint8_t *data, uint32_t bytes)
{
    uint32_t n = MIN(bytes, bench->chr_room);

    (void)chr;
    g_string_append_len(bench->written, (const char *)data, n);
    bench->chr_room -= n;
    return n;
}

static void chr_accept(QhChar *chr)
{
    (void)chr;
}

static const QhCharService chr_service = {
    .size = sizeof(QhCharService),
    .attach = chr_attach,
    .write = chr_write,
    .accept_input = chr_accept,
};

/* --- The module --- */

typedef struct Offers {
    GHashTable *by_name; /* QhOffer */
    void *ctx;
} Offers;

static const void *
service(QhHost *host, const char *name, uint32_t major, uint32_t min_minor, GError **error)
{
    static const struct {
        const char *name;
        const void *table;
    } services[] = {
        {"qh.mem",     &mem_service          },
        {"qh.device",  &device_service       },
        {"qh.machine", &machine_service      },
        {"qh.timer",   &timer_service        },
        {"qh.log",     &log_service          },
        {"qh.event",   &event_service        },
        {"qh.char",    &chr_service          },
        {"qh.block",   &block_service        },
        {"qh.net",     &bench_net_service    },
        {"qh.display", &bench_display_service},
        {"qh.object",  &bench_object_service },
        {"qh.input",   &bench_input_service  },
    };

    (void)host;
    (void)min_minor;
    g_assert_cmpuint(major, ==, 1);
    for (guint i = 0; i < G_N_ELEMENTS(services); i++) {
        if (g_str_equal(services[i].name, name)) {
            return services[i].table;
        }
    }
    g_set_error(error, QH_ERROR, QH_ERROR_NOT_FOUND, "no service '%s'", name);
    return NULL;
}

static gboolean offer(QhTransaction *txn, const QhOffer *one, GError **error)
{
    (void)error;
    g_hash_table_insert(((Offers *)txn)->by_name, (gpointer)one->name,
                        g_memdup2(one, sizeof(*one)));
    return TRUE;
}

static const QhHostApi api = {
    .size = sizeof(QhHostApi),
    .abi_major = QH_ABI_MAJOR,
    .abi_minor = QH_ABI_MINOR,
    .host = (QhHost *)"host",
    .service = service,
    .offer = offer,
};

/* Loaded once; the same for all benches. */
static Offers *offers_get(void)
{
    static Offers offers;

    if (offers.by_name == NULL) {
        offers.by_name = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
        g_assert_true(qh_module.init(&api, (QhTransaction *)&offers, &offers.ctx, NULL));
    }
    return &offers;
}

GPtrArray *bench_classes(void)
{
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, offers_get()->by_name);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (g_str_has_suffix(name, "-device")) {
            g_ptr_array_add(names, name);
        }
    }
    g_assert_cmpuint(names->len, >, 1);
    return names;
}

/* --- A device --- */

static void put(const QhProperty *property, void *at, const char *text)
{
    static const uint8_t bytes[] = {1, 1, 2, 4, 8, 8, 0, 0, 1, 0, 0, 0, 0, 1, 4};
    uint64_t number = 0;

    switch (property->type) {
    case QH_PROPERTY_STRING:
        g_free(*(char **)at);
        *(char **)at = g_strdup(text);
        return;
    case QH_PROPERTY_CHARDEV:
    case QH_PROPERTY_BLOCK:
    case QH_PROPERTY_NETDEV:
    case QH_PROPERTY_OBJECT:
        *(void **)at = (void *)"set";
        return;
    case QH_PROPERTY_BOOL:
        number = g_str_equal(text, "on");
        break;
    case QH_PROPERTY_MAC:
    case QH_PROPERTY_ENUM:
        return;
    case QH_PROPERTY_ONOFFAUTO:
        number = g_str_equal(text, "on") ? 1 : g_str_equal(text, "off") ? 2 : 0;
        break;
    default:
        number = text[0] == '-' ? (uint64_t)g_ascii_strtoll(text, NULL, 0)
                                : g_ascii_strtoull(text, NULL, 0);
        number <<= property->type == QH_PROPERTY_SIZE && g_str_has_suffix(text, "M") ? 20 : 0;
    }
    g_assert_cmpuint(property->offset % bytes[property->type], ==, 0);
    memcpy(at, &number, bytes[property->type]);
}

static QhDevice *make(const char *class, const char *const *properties, const QhDeviceOps **ret_ops)
{
    const QhOffer *found = g_hash_table_lookup(offers_get()->by_name, class);

    g_assert_nonnull(found);
    const QhDeviceOps *ops = found->ops;
    const QhPropertyTable *table = ops->properties;
    QhDevice *device = g_malloc0(ops->state_size);
    device->ctx = found->ctx;
    device->id = class;
    device->instance = (QhInstance *)device;
    device->machine = (QhMachine *)bench;
    for (uint32_t i = 0; i < table->n_properties; i++) {
        const QhProperty *row = &table->properties[i];

        if (row->default_text != NULL) {
            put(row, (char *)device + row->offset, row->default_text);
        }
        for (guint p = 0; properties != NULL && properties[p] != NULL; p += 2) {
            if (g_str_equal(properties[p], row->name)) {
                put(row, (char *)device + row->offset, properties[p + 1]);
            }
        }
    }
    *ret_ops = ops;
    return device;
}

static void drop(QhDevice *device, const QhDeviceOps *ops)
{
    for (uint32_t i = 0; i < ops->properties->n_properties; i++) {
        const QhProperty *row = &ops->properties->properties[i];

        if (row->type == QH_PROPERTY_STRING) {
            g_free(*(char **)((char *)device + row->offset));
        }
    }
    g_free(device);
}

static Bench *fresh(void)
{
    Bench *self = g_new0(Bench, 1);

    bench = self;
    bench_screen_clear();
    self->ram = g_malloc0(BENCH_RAM_BYTES);
    self->timers = g_ptr_array_new_with_free_func(g_free);
    self->pending = g_ptr_array_new();
    self->sent = g_byte_array_new();
    self->written = g_string_new(NULL);
    self->events = g_string_new(NULL);
    self->disk_bytes = BENCH_DISK_BYTES;
    self->write_cache = TRUE;
    self->chr_room = 1 << 16;
    return self;
}

Bench *bench_new_pci(const char *class,
                     gboolean express,
                     const char *const *properties,
                     BenchPci *pci,
                     GError **error)
{
    Bench *self = fresh();

    *pci = (BenchPci){.next_capability = 0x40, .express = express, .master = TRUE};
    self->pci = pci;
    self->device = make(class, properties, &self->ops);
    g_assert_cmpstr(self->ops->bus, ==, "pci");
    self->device->bus = (QhBus *)self;
    if (self->ops->realize(self->device, error)) {
        self->ops->reset(self->device, QH_RESET_COLD);
        self->ops->run_state(self->device, TRUE);
    }
    return self;
}

uint32_t bench_io_read(Bench *self, uint32_t window, uint32_t offset, uint32_t bytes)
{
    uint64_t value = 0;

    g_assert_cmpuint(self->ops->windows[window].ops->read(self->device, offset, bytes, 0, &value),
                     ==, QH_BUS_OK);
    return (uint32_t)value;
}

void bench_io_write(Bench *self, uint32_t window, uint32_t offset, uint32_t bytes, uint32_t value)
{
    g_assert_cmpuint(self->ops->windows[window].ops->write(self->device, offset, bytes, 0, value),
                     ==, QH_BUS_OK);
}

static Bench *
begin(const char *class, gboolean legacy, const char *const *properties, GError **error)
{
    const char *const mode[] = {"force-legacy", legacy ? "on" : "off", NULL};
    Bench *self = fresh();

    self->mmio = make("virtio-mmio", mode, &self->mmio_ops);
    g_assert_true(self->mmio_ops->realize(self->mmio, NULL));
    self->mmio_ops->reset(self->mmio, QH_RESET_COLD);
    self->device = make(class, properties, &self->ops);
    g_assert_cmpstr(self->ops->bus, ==, self->bus_ops->kind);
    self->device->bus = (QhBus *)self;
    g_assert_true(self->bus_ops->attach(self->mmio, self->device->bus, self->device, NULL, NULL));
    if (!self->ops->realize(self->device, error)) {
        return self;
    }
    self->bus_ops->plug(self->mmio, self->device->bus, self->device, NULL, FALSE);
    self->ops->reset(self->device, QH_RESET_COLD);
    self->ops->run_state(self->device, TRUE);
    return self;
}

Bench *bench_new(const char *class, gboolean legacy, const char *const *properties)
{
    g_autoptr(GError) error = NULL;
    Bench *self = begin(class, legacy, properties, &error);

    g_assert_no_error(error);
    return self;
}

GError *bench_refuse(const char *class, const char *const *properties)
{
    GError *error = NULL;
    Bench *self = begin(class, FALSE, properties, &error);

    g_assert_nonnull(error);
    bench_free(self);
    return error;
}

void bench_reset(Bench *self)
{
    self->ops->reset(self->device, QH_RESET_COLD);
    self->mmio_ops->reset(self->mmio, QH_RESET_COLD);
}

void bench_free(Bench *self)
{
    g_assert_true(bench == self);
    self->hold = FALSE;
    if (self->mmio != NULL) {
        self->bus_ops->detach(self->mmio, self->device->bus, self->device, NULL);
    }
    self->ops->unrealize(self->device);
    g_assert_cmpuint(self->n_maps, ==, 0);
    g_assert_cmpuint(self->timers->len, ==, 0);
    drop(self->device, self->ops);
    if (self->mmio != NULL) {
        drop(self->mmio, self->mmio_ops);
    }
    g_ptr_array_unref(self->timers);
    g_ptr_array_unref(self->pending);
    g_byte_array_unref(self->sent);
    g_string_free(self->written, TRUE);
    g_string_free(self->events, TRUE);
    g_free(self->ram);
    g_free(self);
    bench = NULL;
}

/* --- Accesses --- */

static uint64_t io_read(Bench *self, uint32_t offset, uint32_t bytes)
{
    uint64_t value = 0;

    g_assert_cmpuint(self->mmio_ops->windows[0].ops->read(self->mmio, offset, bytes, 0, &value), ==,
                     QH_BUS_OK);
    return value;
}

static void io_write(Bench *self, uint32_t offset, uint32_t bytes, uint64_t value)
{
    g_assert_cmpuint(self->mmio_ops->windows[0].ops->write(self->mmio, offset, bytes, 0, value), ==,
                     QH_BUS_OK);
}

uint32_t bench_read(Bench *self, uint32_t offset)
{
    return (uint32_t)io_read(self, offset, 4);
}

void bench_write(Bench *self, uint32_t offset, uint32_t value)
{
    io_write(self, offset, 4, value);
}

uint64_t bench_config(Bench *self, uint32_t offset, uint32_t bytes)
{
    return io_read(self, 0x100 + offset, bytes);
}

void bench_set_config(Bench *self, uint32_t offset, uint32_t bytes, uint64_t value)
{
    io_write(self, 0x100 + offset, bytes, value);
}

void *bench_at(Bench *self, uint64_t address)
{
    g_assert_cmpuint(address - BENCH_RAM_AT, <, BENCH_RAM_BYTES);
    return self->ram + (address - BENCH_RAM_AT);
}
