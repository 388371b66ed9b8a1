/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet is answered while the machine stands still; what lets it run is answered by a stop reply
 * when it has stopped (GDB manual, E.3 "Stop Reply Packets"). Names and meanings of packets: E.2.
 */
#include "core/gdb/stub.h"

#include "core/host/run-state.h"
#include "core/jit/debug.h"

#include <string.h>

void qh_gdb_error(QhGdbStub *stub, uint32_t number)
{
    g_string_printf(stub->reply, "E%02x", number);
}

void qh_gdb_ok(QhGdbStub *stub)
{
    g_string_assign(stub->reply, "OK");
}

QhGdbProcess *qh_gdb_process_of(const QhGdbStub *stub, const QhVcpu *vcpu)
{
    QhGdbProcess *process = NULL;

    for (guint i = 0; i < stub->processes->len; i++) {
        QhGdbProcess *one = g_ptr_array_index(stub->processes, i);
        if (one->cluster == qh_vcpu_cluster((QhVcpu *)vcpu)) {
            process = one;
        }
    }
    return process;
}

int32_t qh_gdb_process_id(const QhGdbStub *stub, const QhGdbProcess *process)
{
    guint index = 0;

    (void)g_ptr_array_find(stub->processes, process, &index);
    return (int32_t)index + 1;
}

QhGdbProcess *qh_gdb_process_find(const QhGdbStub *stub, int32_t id)
{
    if (id == QH_GDB_ANY) {
        return qh_gdb_process_of(stub, stub->current);
    }
    return id >= 1 && (guint)id <= stub->processes->len ? g_ptr_array_index(stub->processes, id - 1)
                                                        : NULL;
}

gboolean qh_gdb_thread_matches(const QhGdbStub *stub, const QhGdbThread *thread, QhVcpu *vcpu)
{
    const QhGdbProcess *process = qh_gdb_process_of(stub, vcpu);

    return process->attached &&
           (thread->process <= 0 || thread->process == qh_gdb_process_id(stub, process)) &&
           (thread->thread <= 0 || (uint32_t)thread->thread == qh_vcpu_index(vcpu) + 1);
}

QhVcpu *qh_gdb_thread_find(const QhGdbStub *stub, const QhGdbThread *thread)
{
    if (qh_gdb_thread_matches(stub, thread, stub->current)) {
        return stub->current;
    }
    for (guint i = 0; i < qh_machine_n_vcpus(stub->machine); i++) {
        QhVcpu *vcpu = qh_machine_vcpu(stub->machine, i);
        if (qh_gdb_thread_matches(stub, thread, vcpu)) {
            return vcpu;
        }
    }
    return NULL;
}

void qh_gdb_append_thread(const QhGdbStub *stub, GString *text, QhVcpu *vcpu)
{
    if (stub->multiprocess) {
        g_string_append_printf(text, "p%02x.",
                               qh_gdb_process_id(stub, qh_gdb_process_of(stub, vcpu)));
    }
    g_string_append_printf(text, "%02x", qh_vcpu_index(vcpu) + 1);
}

void qh_gdb_detach(QhGdbStub *stub, QhGdbProcess *process)
{
    (void)stub;
    qh_engine_remove_all_points(process->cluster->engine);
    process->attached = FALSE;
}

/* A connection begins with this question, so nothing may be left of an earlier one. */
static void why(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    for (guint i = 0; i < stub->processes->len; i++) {
        const QhGdbProcess *process = g_ptr_array_index(stub->processes, i);
        qh_engine_remove_all_points(process->cluster->engine);
    }
    qh_gdb_stop_reply(stub, QH_GDB_SIGNAL_TRAP);
}

static void extended(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    qh_gdb_ok(stub);
}

static void read_registers(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    qh_gdb_registers_read_all(qh_gdb_process_of(stub, stub->current)->registers, stub->current,
                              stub->reply);
}

static void write_registers(QhGdbStub *stub, const char *args, gsize length)
{
    const QhGdbProcess *process = qh_gdb_process_of(stub, stub->current);

    (void)length;
    if (qh_gdb_registers_write_all(process->registers, stub->current, &args)) {
        qh_gdb_note_registers(stub, stub->current);
        qh_gdb_ok(stub);
    } else {
        qh_gdb_error(stub, QH_GDB_EINVAL);
    }
}

static void read_register(QhGdbStub *stub, const char *args, gsize length)
{
    const QhGdbProcess *process = qh_gdb_process_of(stub, stub->current);
    uint64_t number;

    (void)length;
    if (!qh_gdb_read_number(&args, &number) ||
        !qh_gdb_register_read(process->registers, stub->current, number, stub->reply)) {
        qh_gdb_error(stub, QH_GDB_EFAULT);
    }
}

static void write_register(QhGdbStub *stub, const char *args, gsize length)
{
    const QhGdbProcess *process = qh_gdb_process_of(stub, stub->current);
    uint64_t number;

    (void)length;
    if (qh_gdb_read_number(&args, &number) && qh_gdb_read_char(&args, '=') &&
        qh_gdb_register_write(process->registers, stub->current, number, &args)) {
        qh_gdb_note_registers(stub, stub->current);
        qh_gdb_ok(stub);
    } else {
        qh_gdb_error(stub, QH_GDB_EFAULT);
    }
}

/* H: the letter says for which packets; those that run something name threads themselves. */
static void choose_thread(QhGdbStub *stub, const char *args, gsize length)
{
    gboolean general = *args == 'g';
    QhGdbThread thread;
    QhVcpu *vcpu;

    (void)length;
    if (*args != 'g' && *args != 'c') {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    args++;
    vcpu = qh_gdb_read_thread(&args, &thread) ? qh_gdb_thread_find(stub, &thread) : NULL;
    if (vcpu == NULL) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    if (general || thread.thread > 0) {
        stub->current = vcpu;
    }
    qh_gdb_ok(stub);
}

static void is_alive(QhGdbStub *stub, const char *args, gsize length)
{
    QhGdbThread thread;

    (void)length;
    if (qh_gdb_read_thread(&args, &thread) && qh_gdb_thread_find(stub, &thread) != NULL) {
        qh_gdb_ok(stub);
    } else {
        qh_gdb_error(stub, QH_GDB_EINVAL);
    }
}

/* D, D;PID. When none is left the machine goes on. */
static void detach(QhGdbStub *stub, const char *args, gsize length)
{
    QhGdbProcess *process = NULL;
    gboolean any = FALSE;
    uint64_t id = 0;

    (void)length;
    if (!qh_gdb_read_char(&args, ';')) {
        process = qh_gdb_process_of(stub, stub->current);
    } else if (qh_gdb_read_number(&args, &id) && id <= G_MAXINT32) {
        process = qh_gdb_process_find(stub, (int32_t)id);
    }
    if (process == NULL) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    qh_gdb_detach(stub, process);
    for (guint i = 0; i < stub->processes->len; i++) {
        any |= ((QhGdbProcess *)g_ptr_array_index(stub->processes, i))->attached;
    }
    if (!any) {
        qh_gdb_release(stub);
    }
    qh_gdb_ok(stub);
}

static void kill_it(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    stub->answers = FALSE;
    qh_run_state_request_shutdown(qh_host_run_state(stub->host), QH_CAUSE_HOST_UI, 0);
}

static const QhGdbCommand commands[] = {
    {"?", why                   },
    {"!", extended              },
    {"b", qh_gdb_backwards      },
    {"c", qh_gdb_continue       },
    {"C", qh_gdb_continue_signal},
    {"D", detach                },
    {"g", read_registers        },
    {"G", write_registers       },
    {"H", choose_thread         },
    {"k", kill_it               },
    {"m", qh_gdb_read_memory    },
    {"M", qh_gdb_write_memory   },
    {"p", read_register         },
    {"P", write_register        },
    {"q", qh_gdb_query          },
    {"Q", qh_gdb_set            },
    {"s", qh_gdb_step           },
    {"S", qh_gdb_step_signal    },
    {"T", is_alive              },
    {"v", qh_gdb_verbose        },
    {"X", qh_gdb_write_binary   },
    {"z", qh_gdb_remove_point   },
    {"Z", qh_gdb_insert_point   },
};

gboolean qh_gdb_dispatch(
    QhGdbStub *stub, const QhGdbCommand *rows, guint n, const char *packet, gsize length)
{
    for (guint i = 0; i < n; i++) {
        gsize skip = strlen(rows[i].name);
        if (length >= skip && memcmp(packet, rows[i].name, skip) == 0) {
            rows[i].run(stub, packet + skip, length - skip);
            return TRUE;
        }
    }
    return FALSE;
}

/* An empty reply says that a packet is not known. */
static void answer(QhGdbStub *stub)
{
    const GString *packet = stub->wire.packet;

    g_string_truncate(stub->reply, 0);
    stub->answers = TRUE;
    (void)qh_gdb_dispatch(stub, commands, G_N_ELEMENTS(commands), packet->str, packet->len);
    if (stub->answers) {
        qh_gdb_wire_send(&stub->wire, stub->reply->str, stub->reply->len);
    }
}

static void halt(QhGdbStub *stub)
{
    QhRunState *state = qh_host_run_state(stub->host);

    if (qh_run_state_is_running(state)) {
        (void)qh_run_state_stop(state, NULL);
    }
    qh_gdb_stub_check(stub);
}

void qh_gdb_stub_interrupt(QhGdbStub *stub)
{
    if (stub->connected) {
        halt(stub);
    }
}

void qh_gdb_stub_input(QhGdbStub *stub, uint8_t byte)
{
    switch (qh_gdb_wire_input(&stub->wire, byte)) {
    case QH_GDB_PACKET:
        halt(stub); /* somebody else may have let it run */
        answer(stub);
        break;
    case QH_GDB_INTERRUPT:
        halt(stub);
        break;
    case QH_GDB_NOTHING:
        break;
    }
}

static void on_stop(void *data)
{
    QhGdbStub *stub = data;

    stub->halted = TRUE;
    stub->wake(stub->wake_data);
}

static void process_free(gpointer data)
{
    QhGdbProcess *process = data;

    qh_gdb_registers_free(process->registers);
    g_free(process);
}

QhGdbStub *qh_gdb_stub_new(QhHost *host, void (*wake)(void *data), void *data, GError **error)
{
    QhMachine *machine = qh_host_machine(host);
    QhGdbStub *stub;

    if (machine == NULL || qh_machine_n_vcpus(machine) == 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_FAILED,
                            "there is nothing to debug: the machine has no CPUs");
        return NULL;
    }
    stub = g_new0(QhGdbStub, 1);
    stub->host = host;
    stub->wake = wake;
    stub->wake_data = data;
    stub->machine = machine;
    stub->reply = g_string_new(NULL);
    stub->step_bits = QH_GDB_STEP_ENABLE | QH_GDB_STEP_NO_IRQ | QH_GDB_STEP_NO_TIMER;
    stub->processes = g_ptr_array_new_with_free_func(process_free);
    for (guint i = 0; i < qh_machine_n_clusters(machine); i++) {
        QhGdbProcess *process = g_new0(QhGdbProcess, 1);
        process->cluster = qh_machine_cluster(machine, i);
        process->registers = qh_gdb_registers_new(process->cluster);
        qh_engine_set_watch_before(process->cluster->engine,
                                   qh_gdb_registers_watch_before(process->registers));
        g_ptr_array_add(stub->processes, process);
    }
    stub->current = qh_machine_vcpu(machine, 0);
    qh_gdb_wire_init(&stub->wire);
    return stub;
}

void qh_gdb_stub_free(QhGdbStub *stub)
{
    if (stub == NULL) {
        return;
    }
    qh_gdb_stub_close(stub);
    g_ptr_array_unref(stub->processes);
    qh_gdb_wire_clear(&stub->wire);
    g_string_free(stub->reply, TRUE);
    g_free(stub);
}

void qh_gdb_stub_open(QhGdbStub *stub)
{
    qh_gdb_stub_close(stub);
    qh_gdb_wire_reset(&stub->wire);
    stub->connected = TRUE;
    stub->current = qh_machine_vcpu(stub->machine, 0);
    qh_gdb_process_of(stub, stub->current)->attached = TRUE;
    (void)qh_run_state_stop(qh_host_run_state(stub->host), NULL);
    qh_run_state_set_listener(qh_host_run_state(stub->host), on_stop, stub);
    qh_gdb_reverse_open(stub);
}

/* A gdb that vanishes leaves no points behind; a machine that stands still keeps standing. */
void qh_gdb_stub_close(QhGdbStub *stub)
{
    QhRunState *state = qh_host_run_state(stub->host);
    gboolean running = qh_run_state_is_running(state);

    if (!stub->connected) {
        return;
    }
    qh_run_state_set_listener(state, NULL, NULL);
    if (running) {
        qh_machine_stop(stub->machine);
    }
    for (guint i = 0; i < stub->processes->len; i++) {
        qh_gdb_detach(stub, g_ptr_array_index(stub->processes, i));
    }
    for (guint i = 0; i < qh_machine_n_vcpus(stub->machine); i++) {
        static const QhVcpuOrder run = {.mode = QH_VCPU_RUN};
        QhVcpu *vcpu = qh_machine_vcpu(stub->machine, i);
        qh_vcpu_set_order(vcpu, &run);
        qh_vcpu_clear_stop(vcpu);
    }
    qh_gdb_reverse_close(stub);
    if (running) {
        qh_machine_start(stub->machine);
    }
    stub->connected = stub->waiting = stub->halted = stub->physical = FALSE;
    stub->multiprocess = FALSE;
    stub->listed = 0;
}
