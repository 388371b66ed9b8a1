/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SCSI adapter as its driver sees it, with units that end commands when the test says. */
#include "modules/virtio/tests/driver.h"

#include "abi/scsi.h"

#define REQUEST_AT  DRIVER_DATA
#define RESPONSE_AT (DRIVER_DATA + 0x100)
#define DATA_AT     (DRIVER_DATA + 0x1000)
#define EVENT_AT    (DRIVER_DATA + 0x3000)
#define HEAD_BYTES  51u
#define REST_BYTES  108u

/* --- A unit --- */

typedef struct Unit {
    QhScsiDevice scsi;
    QhScsiRequest *held; /* the last command */
    guint n_executed;
    uint32_t attention;
} Unit;

static void end(QhScsiRequest *request, uint32_t status, uint32_t response)
{
    request->status = (uint8_t)status;
    request->response = (uint8_t)response;
    request->done(request);
}

/* Commands 0xd0 are held; others answer with what their second byte says. */
static void execute(QhScsiDevice *device, QhScsiRequest *request)
{
    Unit *unit = (Unit *)device;

    unit->n_executed++;
    if (request->cdb[0] == 0xd0) {
        unit->held = request;
        return;
    }
    for (uint32_t i = 0; i < request->n_vec && request->direction == QH_SCSI_FROM_DEVICE; i++) {
        memset(request->vec[i].base, 0x3c, request->vec[i].bytes);
        request->moved += request->vec[i].bytes;
    }
    request->moved -= MIN(request->moved, request->cdb[2]);
    if (request->cdb[1] == QH_SCSI_CHECK_CONDITION) {
        request->sense_bytes = QH_SCSI_SENSE_BYTES;
        memset(request->sense, 0x77, sizeof(request->sense));
    }
    end(request, request->cdb[1], QH_SCSI_DELIVERED);
}

static void resume(QhScsiDevice *device, QhScsiRequest *request)
{
    (void)device;
    (void)request;
    g_assert_not_reached();
}

/* The disk works on it still: done comes from the test. */
static void give_up(QhScsiDevice *device, QhScsiRequest *request)
{
    g_assert_true(((Unit *)device)->held == request);
}

static void attention(QhScsiDevice *device, uint32_t code)
{
    ((Unit *)device)->attention = code;
}

static const QhScsiClass unit_class = {
    .size = sizeof(QhScsiClass),
    .execute = execute,
    .resume = resume,
    .abort = give_up,
    .attention = attention,
};

/* --- The driver --- */

typedef struct Adapter {
    Bench *bench;
    Queue control, event, queue;
} Adapter;

static Adapter adapter_new(void)
{
    static const char *const none[] = {NULL};
    Adapter adapter = {.bench = bench_new("virtio-scsi-device", FALSE, none)};
    uint64_t features = driver_start(adapter.bench, 0);

    adapter.bench->unit_class = &unit_class;
    adapter.control = driver_queue(adapter.bench, 0, 8, features);
    adapter.event = driver_queue(adapter.bench, 1, 8, features);
    adapter.queue = driver_queue(adapter.bench, 2, 8, features);
    driver_ok(adapter.bench);
    return adapter;
}

static void plug(Adapter *adapter, Unit *unit, int32_t target, int32_t lun, gboolean hot)
{
    const QhBusOps *bus = adapter->bench->child_bus_ops;
    QhDevice *parent = adapter->bench->device;

    *unit = (Unit){
        .scsi = {.base = {.id = "unit"}, .scsi_id = target, .lun = lun}
    };
    g_assert_true(bus->attach(parent, (QhBus *)adapter->bench, &unit->scsi.base, NULL, NULL));
    bus->plug(parent, (QhBus *)adapter->bench, &unit->scsi.base, NULL, hot);
}

static void unplug(Adapter *adapter, Unit *unit)
{
    const QhBusOps *bus = adapter->bench->child_bus_ops;
    QhDevice *parent = adapter->bench->device;

    g_assert_true(
        bus->unplug_request(parent, (QhBus *)adapter->bench, &unit->scsi.base, NULL, NULL));
    bus->detach(parent, (QhBus *)adapter->bench, &unit->scsi.base, NULL);
}

static uint8_t *put_head(Adapter *adapter, uint8_t target, uint32_t lun, uint64_t tag)
{
    uint8_t *at = bench_at(adapter->bench, REQUEST_AT);

    memset(at, 0, 128);
    memset(bench_at(adapter->bench, RESPONSE_AT), 0xee, REST_BYTES);
    at[0] = 1;
    at[1] = target;
    at[2] = (uint8_t)(0x40 | lun >> 8);
    at[3] = (uint8_t)lun;
    virtio_put64(at + 8, tag);
    return at;
}

static void submit(Adapter *adapter, uint32_t in, uint32_t out)
{
    Part parts[4] = {
        {REQUEST_AT, HEAD_BYTES, FALSE}
    };
    uint32_t n = 1;

    if (out > 0) {
        parts[n++] = (Part){DATA_AT, out, FALSE};
    }
    parts[n++] = (Part){RESPONSE_AT, REST_BYTES, TRUE};
    if (in > 0) {
        parts[n++] = (Part){DATA_AT + 0x100, in, TRUE};
    }
    driver_add(&adapter->queue, parts, n, FALSE);
    driver_kick(&adapter->queue);
}

/* The response's last byte but the sense; -1: there is none yet. */
static int response(Adapter *adapter, uint32_t *ret_bytes)
{
    uint32_t id;

    return driver_get(&adapter->queue, &id, ret_bytes)
               ? ((uint8_t *)bench_at(adapter->bench, RESPONSE_AT))[11]
               : -1;
}

static void test_requests(void)
{
    Adapter adapter = adapter_new();
    Unit unit;
    uint32_t bytes;
    uint8_t *answer = bench_at(adapter.bench, RESPONSE_AT), *head;

    plug(&adapter, &unit, 3, 300, FALSE);
    head = put_head(&adapter, 3, 300, 1);
    head[19 + 2] = 10; /* ten bytes fewer than asked for */
    submit(&adapter, 512, 0);
    g_assert_cmpint(response(&adapter, &bytes), ==, 0);
    g_assert_cmpuint(bytes, ==, REST_BYTES + 502);
    g_assert_cmpuint(virtio_get32(answer + 4), ==, 10);
    g_assert_cmphex(*(uint8_t *)bench_at(adapter.bench, DATA_AT + 0x100), ==, 0x3c);
    head = put_head(&adapter, 3, 300, 2);
    head[19 + 1] = QH_SCSI_CHECK_CONDITION;
    submit(&adapter, 0, 64);
    g_assert_cmpint(response(&adapter, &bytes), ==, 0);
    g_assert_cmpuint(answer[10], ==, QH_SCSI_CHECK_CONDITION);
    g_assert_cmpuint(virtio_get32(answer), ==, QH_SCSI_SENSE_BYTES);
    g_assert_cmphex(answer[12], ==, 0x77);
    put_head(&adapter, 3, 300, 3); /* both directions at once */
    submit(&adapter, 16, 16);
    g_assert_cmpint(response(&adapter, &bytes), ==, 9);
    put_head(&adapter, 4, 0, 4); /* no such target; no such unit; no such format */
    submit(&adapter, 0, 0);
    g_assert_cmpint(response(&adapter, &bytes), ==, 3);
    put_head(&adapter, 3, 1, 4);
    submit(&adapter, 0, 0);
    g_assert_cmpint(response(&adapter, &bytes), ==, 0);
    g_assert_cmpuint(answer[10], ==, QH_SCSI_CHECK_CONDITION);
    head = put_head(&adapter, 3, 300, 4);
    head[2] = 0xc1;
    submit(&adapter, 0, 0);
    g_assert_cmpint(response(&adapter, &bytes), ==, 3);
    g_assert_cmpuint(unit.n_executed, ==, 2);
    unplug(&adapter, &unit);
    bench_free(adapter.bench);
}

/* --- Task management --- */

static void manage(Adapter *adapter, uint32_t function, uint8_t target, uint64_t tag)
{
    const Part parts[2] = {
        {REQUEST_AT + 0x80,  24, FALSE},
        {RESPONSE_AT + 0x80, 1,  TRUE }
    };
    uint8_t *at = bench_at(adapter->bench, REQUEST_AT + 0x80);

    memset(at, 0, 24);
    virtio_put32(at + 4, function);
    at[8] = 1;
    at[9] = target;
    virtio_put64(at + 16, tag);
    driver_add(&adapter->control, parts, 2, FALSE);
    driver_kick(&adapter->control);
}

static int managed(Adapter *adapter)
{
    uint32_t id, bytes;

    return driver_get(&adapter->control, &id, &bytes)
               ? *(uint8_t *)bench_at(adapter->bench, RESPONSE_AT + 0x80)
               : -1;
}

static void test_management(void)
{
    Adapter adapter = adapter_new();
    Unit unit;
    uint32_t bytes;

    plug(&adapter, &unit, 0, 0, FALSE);
    put_head(&adapter, 0, 0, 77)[19] = 0xd0;
    submit(&adapter, 0, 0);
    g_assert_cmpint(response(&adapter, &bytes), ==, -1);
    manage(&adapter, 6, 0, 77); /* query task */
    g_assert_cmpint(managed(&adapter), ==, 10);
    manage(&adapter, 6, 0, 78);
    g_assert_cmpint(managed(&adapter), ==, 0);
    manage(&adapter, 0, 0, 78); /* abort another */
    g_assert_cmpint(managed(&adapter), ==, 0);
    manage(&adapter, 0, 0, 77); /* answered when the command has ended */
    g_assert_cmpint(managed(&adapter), ==, -1);
    manage(&adapter, 5, 0, 0); /* so is a reset that comes after it */
    g_assert_cmpint(managed(&adapter), ==, -1);
    g_assert_cmpuint(adapter.bench->n_resets, ==, 1);
    end(unit.held, 0, QH_SCSI_ABORTED);
    g_assert_cmpint(response(&adapter, &bytes), ==, 2);
    g_assert_cmpint(managed(&adapter), ==, 0);
    g_assert_cmpint(managed(&adapter), ==, 0);
    manage(&adapter, 5, 9, 0);
    g_assert_cmpint(managed(&adapter), ==, 3);
    manage(&adapter, 2, 0, 0);
    g_assert_cmpint(managed(&adapter), ==, 11);
    manage(&adapter, 99, 0, 0);
    g_assert_cmpint(managed(&adapter), ==, 11);
    /* a reset of the adapter with a command in flight */
    put_head(&adapter, 0, 0, 1)[19] = 0xd0;
    submit(&adapter, 0, 0);
    bench_write(adapter.bench, R_STATUS, 0);
    g_assert_cmpuint(bench_read(adapter.bench, R_STATUS), !=, 0);
    end(unit.held, 0, QH_SCSI_RESET);
    g_assert_cmpuint(bench_read(adapter.bench, R_STATUS), ==, 0);
    g_assert_cmpuint(adapter.bench->n_maps, ==, 0);
    unplug(&adapter, &unit);
    bench_free(adapter.bench);
}

/* --- Events --- */

static void add_event_buffer(Adapter *adapter)
{
    const Part part = {EVENT_AT, 16, TRUE};

    driver_add(&adapter->event, &part, 1, FALSE);
    driver_kick(&adapter->event);
}

/* The event, with its reason above it; UINT64_MAX: there is none. */
static uint64_t event(Adapter *adapter)
{
    uint8_t *at = bench_at(adapter->bench, EVENT_AT);
    uint32_t id, bytes;

    if (!driver_get(&adapter->event, &id, &bytes)) {
        return UINT64_MAX;
    }
    g_assert_cmpuint(bytes, ==, 16);
    return (uint64_t)virtio_get32(at + 12) << 32 | virtio_get32(at);
}

static void test_events(void)
{
    Adapter adapter = adapter_new();
    const QhScsiService *service = adapter.bench->child_bus_ops->service;
    const uint64_t one = 1;
    Unit unit, other;

    plug(&adapter, &unit, 0, 0, FALSE);
    add_event_buffer(&adapter);
    g_assert_cmphex(event(&adapter), ==, UINT64_MAX);
    plug(&adapter, &other, 0, 1, TRUE); /* transport reset, rescan */
    g_assert_cmphex(event(&adapter), ==, one << 32 | 1);
    g_assert_cmphex(unit.attention, ==, QH_SCSI_LUNS_CHANGED);
    add_event_buffer(&adapter);
    service->changed(&unit.scsi, QH_SCSI_CAPACITY_CHANGED); /* parameter change: 2a, 09 */
    g_assert_cmphex(event(&adapter), ==, UINT64_C(0x92a) << 32 | 3);
    unplug(&adapter, &other); /* no buffer: told with the next one that some were missed */
    g_assert_cmphex(event(&adapter), ==, UINT64_MAX);
    add_event_buffer(&adapter);
    g_assert_cmphex(event(&adapter), ==, 0x80000000u);
    add_event_buffer(&adapter);
    unplug(&adapter, &unit); /* transport reset, removed */
    g_assert_cmphex(event(&adapter), ==, 2 * (one << 32) | 1);
    bench_free(adapter.bench);
}

static void test_config(void)
{
    Adapter adapter = adapter_new();

    g_assert_cmpuint(bench_config(adapter.bench, 0, 4), ==, 1);
    g_assert_cmpuint(bench_config(adapter.bench, 20, 4), ==, 96);
    g_assert_cmpuint(bench_config(adapter.bench, 24, 4), ==, 32);
    g_assert_cmpuint(bench_config(adapter.bench, 32, 4), ==, 16383);
    bench_set_config(adapter.bench, 20, 4, 252);
    g_assert_cmpuint(bench_config(adapter.bench, 20, 4), ==, 252);
    driver_reset(adapter.bench);
    g_assert_cmpuint(bench_config(adapter.bench, 20, 4), ==, 96);
    driver_start(adapter.bench, 0);
    bench_set_config(adapter.bench, 24, 4, 0xffffffff);
    g_assert_cmpuint(bench_read(adapter.bench, R_STATUS) & VIRTIO_NEEDS_RESET, !=, 0);
    bench_free(adapter.bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-scsi/requests", test_requests);
    g_test_add_func("/virtio-scsi/management", test_management);
    g_test_add_func("/virtio-scsi/events", test_events);
    g_test_add_func("/virtio-scsi/config", test_config);
    return g_test_run();
}
