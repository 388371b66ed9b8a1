/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backwards (GDB manual, E.2 "bc", "bs", and E.3, stop reason "replaylog"). A history begins when
 * gdb comes. What gdb changes is noted in it, so that it is there again when the past is run once
 * more.
 */
#include "core/gdb/stub.h"

#include "core/host/log.h"
#include "core/host/run-state.h"
#include "core/machine/outside.h"

#include <string.h>

void qh_gdb_reverse_open(QhGdbStub *stub)
{
    g_autoptr(GError) error = NULL;

    stub->history = qh_history_new(stub->machine, NULL, &error);
    if (stub->history == NULL && qh_machine_turns(stub->machine) != NULL) {
        qh_log_warn(qh_host_log(stub->host), "gdb cannot go backwards: %s", error->message);
    }
}

void qh_gdb_reverse_close(QhGdbStub *stub)
{
    g_clear_pointer(&stub->history, qh_history_free);
}

static void registers_again(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    QhVcpu *vcpu = qh_machine_vcpu(((QhGdbStub *)opaque)->machine, kind);
    QhStream stream = {.mode = QH_STREAM_LOAD, .at = data, .limit = data + bytes};

    qh_vcpu_stream(vcpu, &stream);
    g_clear_error(&stream.error);
    qh_vcpu_loaded(vcpu);
}

void qh_gdb_note_registers(QhGdbStub *stub, QhVcpu *vcpu)
{
    const QhOutside *outside = qh_machine_outside(stub->machine);
    QhStream stream = {.mode = QH_STREAM_SAVE};

    if (outside == NULL) {
        return;
    }
    stream.out = g_byte_array_new();
    qh_vcpu_stream(vcpu, &stream);
    g_clear_error(&stream.error);
    outside->note_change(outside->owner, registers_again, stub, qh_vcpu_index(vcpu),
                         stream.out->data, stream.out->len);
    g_byte_array_unref(stream.out);
}

/* The data of a note: the address, then the bytes. The kind is that of the CPU, and behind all CPUs
 * it means physical addresses. */
static void memory_again(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    QhMachine *machine = ((QhGdbStub *)opaque)->machine;
    guint n = qh_machine_n_vcpus(machine);
    QhVcpu *vcpu = qh_machine_vcpu(machine, kind % n);
    uint64_t address;

    memcpy(&address, data, sizeof(address));
    data += sizeof(address);
    bytes -= (uint32_t)sizeof(address);
    if (kind >= n) {
        (void)qh_mem_service.write(qh_vcpu_cluster(vcpu)->space, address, data, bytes,
                                   QH_ATTR_DEBUG);
    } else {
        (void)qh_vcpu_debug_write(vcpu, address, data, bytes);
    }
}

void qh_gdb_note_memory(QhGdbStub *stub, uint64_t address, const void *data, uint64_t bytes)
{
    const QhOutside *outside = qh_machine_outside(stub->machine);
    guint n = qh_machine_n_vcpus(stub->machine);

    if (outside != NULL) {
        g_autoptr(GByteArray) note = g_byte_array_new();
        g_byte_array_append(note, (const uint8_t *)&address, sizeof(address));
        g_byte_array_append(note, data, (guint)bytes);
        outside->note_change(outside->owner, memory_again, stub,
                             qh_vcpu_index(stub->current) + (stub->physical ? n : 0), note->data,
                             note->len);
    }
}

static void reply_begin(QhGdbStub *stub)
{
    qh_gdb_stop_reply(stub, QH_GDB_SIGNAL_TRAP);
    g_string_append(stub->reply, "replaylog:begin;");
}

/* FALSE: it cannot run. */
static gboolean resume(QhGdbStub *stub)
{
    return qh_run_state_resume(qh_host_run_state(stub->host), TRUE, NULL);
}

void qh_gdb_backwards(QhGdbStub *stub, const char *args, gsize length)
{
    gboolean step = g_str_equal(args, "s");

    if (length != 1 || (!step && !g_str_equal(args, "c"))) {
        return;
    }
    if (stub->history == NULL) {
        g_string_assign(stub->reply, "E.cannot go backwards: the guest does not run in "
                                     "deterministic mode (-icount), or cannot be saved");
        return;
    }
    switch (qh_history_back(stub->history, step ? QH_BACKWARDS_STEP : QH_BACKWARDS_RUN,
                            stub->current)) {
    case QH_BACK_RESUME:
        if (resume(stub)) {
            stub->answers = FALSE;
            stub->waiting = TRUE;
            break;
        }
        (void)qh_history_stopped(stub->history);
        qh_gdb_stop_reply(stub, QH_GDB_SIGNAL_TRAP);
        break;
    default:
        reply_begin(stub);
    }
}

gboolean qh_gdb_goes_back(QhGdbStub *stub)
{
    QhBack back;

    if (stub->history == NULL || !qh_history_is_going_back(stub->history)) {
        return FALSE;
    }
    back = qh_history_stopped(stub->history);
    if (back == QH_BACK_RESUME && resume(stub)) {
        return TRUE;
    }
    if (back == QH_BACK_BEGIN && stub->waiting) {
        stub->waiting = FALSE;
        reply_begin(stub);
        qh_gdb_wire_send(&stub->wire, stub->reply->str, stub->reply->len);
    }
    return FALSE;
}
