/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/machine-fake.h"

#include "abi/target.h"
#include "abi/translator.h"
#include "core/char/chars.h"
#include "core/device/instance.h"
#include "core/jit/engine.h"
#include "core/net/net.h"
#include "core/object/object.h"
#include "core/qmp/qmp.h"
#include "core/vcpu/turns.h"
#include "core/vcpu/vcpu.h"

#include <string.h>

FakeCounts fake_counts;
GString *fake_order;
gboolean fake_fail_create, fake_fail_reset, fake_fail_realize;
guint fake_fail_cpu;
const FakeClass *fake_classes;
uint32_t fake_seen_word;
const char *fake_selected = "toy";

static GString *events;
static GMutex events_lock;

/* Deterministic mode */

QhTurns *qh_turns_new(QhMachine *machine, const QhIcountOptions *options)
{
    (void)machine;
    (void)options;
    return NULL;
}

void qh_turns_free(QhTurns *turns)
{
    (void)turns;
}

/* QMP */

QhQmp *qh_qmp_new(QhHost *host)
{
    return (QhQmp *)host;
}

void qh_qmp_free(QhQmp *qmp)
{
    (void)qmp;
}

void qh_qmp_emit(QhQmp *qmp, const char *name, const QhJson *data)
{
    g_autofree char *text = data != NULL ? qh_json_to_text(data) : g_strdup("");

    (void)qmp;
    g_mutex_lock(&events_lock);
    if (events == NULL) {
        events = g_string_new(NULL);
    }
    g_string_append_printf(events, "%s%s;", name, text);
    g_mutex_unlock(&events_lock);
}

void qh_qmp_emit_later(QhHost *host, const char *name, QhJson *data)
{
    (void)host;
    qh_qmp_emit(NULL, name, data);
    qh_json_unref(data);
}

char *fake_events(void)
{
    char *text;

    g_mutex_lock(&events_lock);
    text = g_strdup(events != NULL ? events->str : "");
    if (events != NULL) {
        g_string_free(events, TRUE);
        events = NULL;
    }
    g_mutex_unlock(&events_lock);
    return text;
}

/* Characters: "c0" is the only one. */

QhChars *qh_chars_new(QhHost *host)
{
    return (QhChars *)host;
}

void qh_chars_free(QhChars *chars)
{
    (void)chars;
}

QhChar *qh_chars_find(QhChars *chars, const char *id)
{
    return g_str_equal(id, "c0") ? (QhChar *)chars : NULL;
}

const char *qh_char_id(const QhChar *chr)
{
    (void)chr;
    return "c0";
}

/* Networks: there are none. */

QhNets *qh_nets_new(QhHost *host)
{
    return (QhNets *)host;
}

void qh_nets_free(QhNets *nets)
{
    (void)nets;
}

QhNet *qh_nets_find(QhNets *nets, const char *id)
{
    (void)nets;
    (void)id;
    return NULL;
}

const char *qh_net_id(const QhNet *net)
{
    (void)net;
    return NULL;
}

/* Objects: there are none either. */

QhObjects *qh_objects_new(QhHost *host)
{
    return (QhObjects *)host;
}

void qh_objects_free(QhObjects *objects)
{
    (void)objects;
}

QhObject *qh_objects_find(QhObjects *objects, const char *id)
{
    (void)objects;
    (void)id;
    return NULL;
}

QhObject *qh_object_ref(QhObject *object)
{
    return object;
}

void qh_object_unref(QhObject *object)
{
    (void)object;
}

const char *qh_object_id(const QhObject *object)
{
    (void)object;
    return NULL;
}

const void *
qh_object_methods(QhObject *object, const char *interface, QhObjectHead **ret_state, GError **error)
{
    (void)object;
    (void)interface;
    (void)ret_state;
    (void)error;
    return NULL;
}

/* CPUs */

struct QhVcpu {
    QhCluster *cluster;
    QhCpu cpu;
    GThread *thread;
    GMutex lock;
    GCond changed;
    gboolean want_run, runs, end;
    uint64_t lines;
};

static GPrivate current_vcpu;

/* Until told to stop: one write to the uart after the other, through the device lock. */
static gpointer vcpu_thread(gpointer data)
{
    QhVcpu *vcpu = data;
    uint8_t byte = 0;

    g_private_set(&current_vcpu, vcpu);
    g_mutex_lock(&vcpu->lock);
    while (!vcpu->end) {
        if (!vcpu->want_run) {
            vcpu->runs = FALSE;
            g_cond_broadcast(&vcpu->changed);
            g_cond_wait(&vcpu->changed, &vcpu->lock);
            continue;
        }
        vcpu->runs = TRUE;
        g_mutex_unlock(&vcpu->lock);
        (void)qh_space_write(vcpu->cluster->space, FAKE_UART_AT + 4, &byte, 1, 0);
        g_mutex_lock(&vcpu->lock);
    }
    g_mutex_unlock(&vcpu->lock);
    return NULL;
}

QhVcpu *qh_vcpu_new(QhCluster *cluster,
                    uint32_t index,
                    const char *model,
                    const GPtrArray *properties,
                    GError **error)
{
    (void)properties;
    if (index + 1 == fake_fail_cpu || !g_str_equal(model, "small")) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "no CPU %u of model '%s'", index, model);
        return NULL;
    }
    QhVcpu *vcpu = g_new0(QhVcpu, 1);
    vcpu->cluster = cluster;
    vcpu->cpu.index = index;
    g_mutex_init(&vcpu->lock);
    g_cond_init(&vcpu->changed);
    fake_counts.vcpus++;
    return vcpu;
}

void qh_vcpu_free(QhVcpu *vcpu)
{
    if (vcpu->thread != NULL) {
        g_mutex_lock(&vcpu->lock);
        vcpu->end = TRUE;
        g_cond_broadcast(&vcpu->changed);
        g_mutex_unlock(&vcpu->lock);
        g_thread_join(vcpu->thread);
    }
    g_mutex_clear(&vcpu->lock);
    g_cond_clear(&vcpu->changed);
    g_free(vcpu);
    fake_counts.vcpus--;
}

QhCpu *qh_vcpu_state(QhVcpu *vcpu)
{
    return &vcpu->cpu;
}

QhCluster *qh_vcpu_cluster(QhVcpu *vcpu)
{
    return vcpu->cluster;
}

void qh_vcpu_reset(QhVcpu *vcpu)
{
    g_string_append_printf(fake_order, "cpu %u, ", vcpu->cpu.index);
    vcpu->lines = 0;
}

void qh_vcpu_start(QhVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    vcpu->want_run = TRUE;
    g_cond_broadcast(&vcpu->changed);
    g_mutex_unlock(&vcpu->lock);
    if (vcpu->thread == NULL) {
        vcpu->runs = TRUE;
        vcpu->thread = g_thread_new("vcpu", vcpu_thread, vcpu);
    }
}

void qh_vcpu_request_stop(QhVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    vcpu->want_run = FALSE;
    g_cond_broadcast(&vcpu->changed);
    g_mutex_unlock(&vcpu->lock);
}

void qh_vcpu_wait_stopped(QhVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    while (vcpu->runs) {
        g_cond_wait(&vcpu->changed, &vcpu->lock);
    }
    g_mutex_unlock(&vcpu->lock);
}

void qh_vcpu_set_irq(QhVcpu *vcpu, uint32_t line, gboolean level)
{
    uint64_t bit = G_GUINT64_CONSTANT(1) << line;

    vcpu->lines = level ? vcpu->lines | bit : vcpu->lines & ~bit;
    vcpu->cpu.irq_lines = vcpu->lines;
}

QhVcpu *qh_vcpu_current(void)
{
    return g_private_get(&current_vcpu);
}

QhDebugStop qh_vcpu_stop_reason(QhVcpu *vcpu)
{
    (void)vcpu;
    return (QhDebugStop){.kind = QH_STOP_NONE};
}

void qh_vcpu_clear_stop(QhVcpu *vcpu)
{
    (void)vcpu;
}

QhEngine *qh_engine_new(QhCluster *cluster, GError **error)
{
    (void)error;
    fake_counts.engines++;
    return (QhEngine *)cluster;
}

void qh_engine_free(QhEngine *engine)
{
    if (engine != NULL) {
        fake_counts.engines--;
    }
}

void qh_engine_invalidate(QhEngine *engine, uint64_t ram_address, uint64_t bytes)
{
    (void)engine;
    (void)ram_address;
    (void)bytes;
}

/* The device */

static uint32_t
uart_read(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t *ret_value)
{
    (void)opaque;
    (void)offset;
    (void)width;
    (void)attrs;
    *ret_value = 0x55;
    return QH_BUS_OK;
}

static uint32_t
uart_write(void *opaque, uint64_t offset, uint32_t width, uint32_t attrs, uint64_t value)
{
    FakeUart *uart = opaque;

    (void)width;
    (void)attrs;
    uart->n_writes++;
    if (offset == 0) {
        qh_device_service.set_irq(&uart->base, 0, (value & 0x80) != 0);
        if ((value & FAKE_SHUTDOWN) != 0) {
            qh_machine_service.request_shutdown(uart->base.machine, QH_SHUTDOWN_GUEST_SHUTDOWN, 3);
        }
        if ((value & FAKE_RESET) != 0) {
            qh_machine_service.request_reset(uart->base.machine, QH_SHUTDOWN_GUEST_RESET);
        }
    }
    return QH_BUS_OK;
}

static gboolean uart_realize(QhDevice *device, GError **error)
{
    if (fake_fail_realize) {
        g_set_error(error, QH_ERROR, QH_ERROR_FAILED, "device '%s' is broken", device->id);
        return FALSE;
    }
    qh_device_service.window_set_bytes(device, 1, 0x20);
    fake_counts.devices++;
    return TRUE;
}

static void uart_unrealize(QhDevice *device)
{
    (void)device;
    if (!fake_fail_realize) {
        fake_counts.devices--;
    }
}

static void uart_reset(QhDevice *device, uint32_t kind)
{
    FakeUart *uart = (FakeUart *)device;

    (void)kind;
    g_string_append_printf(fake_order, "device %s, ", device->id);
    uart->in_level = FALSE;
    uart->lock_was_held = qh_machine_locked_by_me(device->machine);
    if (uart->high_after_reset) {
        qh_device_service.set_irq(device, 0, TRUE);
    }
}

static void uart_irq_in(QhDevice *device, uint32_t n, gboolean level)
{
    FakeUart *uart = (FakeUart *)device;

    (void)n;
    uart->n_in++;
    uart->in_level = level;
}

static const QhIoOps uart_io = {
    .size = sizeof(QhIoOps),
    .min_size = 1,
    .max_size = 4,
    .read = uart_read,
    .write = uart_write,
};
static const QhWindow uart_windows[] = {
    {.name = "registers", .bytes = 0x10, .ops = &uart_io},
    {.name = "late",      .bytes = 0,    .ops = &uart_io},
    {.name = "never",     .bytes = 0,    .ops = &uart_io},
};
static const QhProperty uart_properties[] = {
    QH_PROPERTY("enabled", QH_PROPERTY_BOOL, offsetof(FakeUart, enabled), "on", 0, 0, ""),
    QH_PROPERTY("baud", QH_PROPERTY_U32, offsetof(FakeUart, baud), "9600", 1, 9999, ""),
    QH_PROPERTY("room", QH_PROPERTY_SIZE, offsetof(FakeUart, room), "2k", 0, 0, ""),
    QH_PROPERTY("label", QH_PROPERTY_STRING, offsetof(FakeUart, label), NULL, 0, 0, ""),
    QH_PROPERTY("mode", QH_PROPERTY_ONOFFAUTO, offsetof(FakeUart, mode), NULL, 0, 0, ""),
};
static const QhPropertyTable uart_table = QH_PROPERTY_TABLE(uart_properties);
static const QhDeviceOps uart_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(FakeUart),
    .properties = &uart_table,
    QH_WINDOWS(uart_windows),
    .n_irq_in = 1,
    .n_irq_out = 1,
    .realize = uart_realize,
    .unrealize = uart_unrealize,
    .reset = uart_reset,
    .irq_in = uart_irq_in,
};
static const QhDeviceOps fixed_ops = {
    .size = sizeof(QhDeviceOps),
    .state_size = sizeof(QhDevice),
    .flags = QH_DEVICE_NOT_CREATABLE,
    .realize = uart_realize,
    .unrealize = uart_unrealize,
    .reset = uart_reset,
};

/* The board */

typedef struct FakeBoard {
    QhBoard base;
    uint8_t extra;
    char *name;
} FakeBoard;

QhInstance *fake_device(QhMachine *machine, const char *id)
{
    g_autoptr(GError) error = NULL;
    QhInstance *device = qh_device_service.create(machine, "test-uart", id, &error);

    g_assert_no_error(error);
    g_assert_true(qh_device_service.realize(device, NULL));
    return device;
}

static gboolean board_create(QhMachine *machine, void *state, GError **error)
{
    const QhMachineConfig *config = qh_machine_service.config(machine);
    QhSpace *system = qh_mem_service.system(machine);
    FakeBoard *board = state;
    static const uint32_t word = 0x12345678;

    g_assert_true(board->base.machine == machine);
    g_assert_cmpstr(board->base.target, ==, "toy");
    g_assert_cmpstr(board->base.name, ==, "good");
    fake_counts.boards++;
    if (qh_machine_service.cpus_create(machine, "toy", config->n_cpus, system, error) == NULL) {
        return FALSE;
    }
    QhRam *ram = qh_mem_service.ram_new(machine, "ram", config->ram_bytes, error);
    if (ram == NULL ||
        !qh_mem_service.map_ram(system, FAKE_RAM_AT, config->ram_bytes, ram, 0, 0, 0, error)) {
        return FALSE;
    }
    QhInstance *uart = qh_device_service.create(machine, "test-uart", "uart0", error);
    if (uart == NULL || !qh_device_service.realize(uart, error) ||
        !qh_device_service.map(uart, 0, system, FAKE_UART_AT, error)) {
        return FALSE;
    }
    qh_device_service.connect(uart, 0, qh_device_service.cpu_irq(machine, 0, 7));
    if (!qh_machine_service.add_image(machine, system, "rom", FAKE_RAM_AT, &word, 4, error)) {
        return FALSE;
    }
    if (fake_fail_create) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the board is broken");
        return FALSE;
    }
    return TRUE;
}

static void board_destroy(QhMachine *machine, void *state)
{
    (void)machine;
    (void)state;
    fake_counts.boards--;
}

static gboolean board_reset(QhMachine *machine, void *state, uint32_t kind, GError **error)
{
    (void)state;
    (void)kind;
    g_string_append(fake_order, "board");
    (void)qh_mem_service.read(qh_mem_service.system(machine), FAKE_RAM_AT, &fake_seen_word, 4,
                              QH_ATTR_NONE);
    if (fake_fail_reset) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED, "the board does not come back");
    }
    return !fake_fail_reset;
}

static void board_power_button(QhMachine *machine, void *state)
{
    (void)state;
    g_assert_true(qh_machine_locked_by_me(machine));
    qh_machine_service.request_shutdown(machine, QH_SHUTDOWN_GUEST_SHUTDOWN, 0);
}

static void *board_tree(QhMachine *machine, void *state, uint32_t *ret_bytes, GError **error)
{
    (void)machine;
    (void)state;
    (void)error;
    *ret_bytes = 4;
    return g_strdup("tree");
}

static const QhProperty board_properties[] = {
    QH_PROPERTY("extra", QH_PROPERTY_BOOL, offsetof(FakeBoard, extra), NULL, 0, 0, ""),
    QH_PROPERTY("name", QH_PROPERTY_STRING, offsetof(FakeBoard, name), "x", 0, 0, ""),
};
static const QhPropertyTable board_table = QH_PROPERTY_TABLE(board_properties);
static const QhMachineOps board_ops = {
    .size = sizeof(QhMachineOps),
    .state_size = sizeof(FakeBoard),
    .max_cpus = 4,
    .default_cpus = 2,
    .default_ram_bytes = 0x10000,
    .default_ram_id = "ram",
    .properties = &board_table,
    .create = board_create,
    .destroy = board_destroy,
    .reset = board_reset,
    .power_button = board_power_button,
    .device_tree = board_tree,
};
static const QhTargetOps target_ops = {
    .size = sizeof(QhTargetOps),
    .name = "toy",
    .default_machine = "good",
    .default_cpu = "small",
};
static const QhCpuOps cpu_ops = {.size = sizeof(QhCpuOps), .n_irq_lines = 16};
static const QhTranslatorOps translator_ops = {.size = sizeof(QhTranslatorOps)};

/* The registry */

static const struct {
    const char *kind, *name;
    const void *ops;
} slots[] = {
    {"target",     "toy",        &target_ops    },
    {"cpu",        "toy",        &cpu_ops       },
    {"translator", "toy",        &translator_ops},
    {"machine",    "toy:good",   &board_ops     },
    {"device",     "test-uart",  &uart_ops      },
    {"device",     "test-fixed", &fixed_ops     },
};

QhRegistry *qh_registry_new(QhHost *host)
{
    return (QhRegistry *)host;
}

void qh_registry_free(QhRegistry *registry)
{
    (void)registry;
}

const char *qh_registry_target(QhRegistry *registry)
{
    (void)registry;
    return fake_selected;
}

gboolean qh_registry_load_target(QhRegistry *registry, const char *name, GError **error)
{
    (void)registry;
    (void)error;
    g_assert_cmpstr(name, ==, "toy");
    fake_selected = "toy";
    return TRUE;
}

gboolean qh_registry_acquire(
    QhRegistry *registry, const char *kind, const char *name, QhSlotRef *ret, GError **error)
{
    (void)registry;
    for (guint i = 0; fake_classes != NULL && fake_classes[i].name != NULL; i++) {
        if (g_str_equal(kind, "device") && g_str_equal(name, fake_classes[i].name)) {
            *ret = (QhSlotRef){.ops = fake_classes[i].ops, .ctx = fake_classes[i].ctx};
            fake_counts.slots++;
            return TRUE;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(slots); i++) {
        if (g_str_equal(kind, slots[i].kind) && g_str_equal(name, slots[i].name)) {
            *ret = (QhSlotRef){.ops = slots[i].ops, .ctx = (void *)&slots[i]};
            fake_counts.slots++;
            return TRUE;
        }
    }
    g_set_error(error, QH_ERROR, QH_ERROR_NO_SLOT, "no module fills slot %s/%s", kind, name);
    return FALSE;
}

void qh_slot_release(QhSlotRef *ref)
{
    g_assert_nonnull(ref->ops);
    memset(ref, 0, sizeof(*ref));
    fake_counts.slots--;
}

/* The fake's classes lie in no module's file. */
const QhBusOps *qh_slot_take_bus(const QhSlotRef *ref, const QhBusOps *ops, GError **error)
{
    (void)ref;
    if (ops->attach == NULL || ops->detach == NULL) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_MODULE, "a method is missing");
        return NULL;
    }
    return ops;
}

void qh_registry_foreach_offer(QhRegistry *registry, const char *kind, QhOfferFn fn, void *data)
{
    static const char *const machines[] = {
        "{\"name\": \"good\", \"targets\": [\"toy\"]}",
        "{\"name\": \"twin\", \"targets\": [\"toy\", \"big\"]}",
        "{\"name\": \"good\", \"targets\": \"damaged\"}",
        "{\"targets\": [\"toy\"]}",
        "{\"name\": \"absent\", \"targets\": [\"big\", 5]}",
        "{\"name\": \"good\", \"targets\": [\"far\"]}", /* this one is not installed */
    };

    (void)registry;
    g_assert_cmpstr(kind, ==, "machine");
    for (guint i = 0; i < G_N_ELEMENTS(machines); i++) {
        g_autoptr(QhJson) entry = qh_json_parse(machines[i], -1, NULL, NULL);

        fn("toys", entry, i + 1 < G_N_ELEMENTS(machines), data);
    }
}

char *
qh_registry_suggest(QhRegistry *registry, const char *kind, const char *target, const char *name)
{
    (void)registry;
    (void)kind;
    (void)target;
    return g_str_has_prefix(name, "goo") ? g_strdup("good") : NULL;
}
