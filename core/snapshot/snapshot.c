/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of things: first guest time, because CPUs and devices that bring themselves up to date
 * ask for it; timers last, because doing so may arm some.
 */
#include "core/snapshot/snapshot.h"

#include "core/device/instance.h"
#include "core/loop/timers.h"
#include "core/machine/machine-priv.h"
#include "core/net/net.h"
#include "core/vcpu/turns.h"
#include "core/vcpu/vcpu.h"

#define MAGIC   G_GUINT64_CONSTANT(0x31504e5351484d51)
#define VERSION 1u

static void stream_lines(QhMachine *machine, QhStream *stream)
{
    stream->subject = "lines";
    qh_stream_same(stream, machine->irqs->len, "the number of lines");
    for (guint i = 0; i < machine->irqs->len; i++) {
        qh_irq_stream(g_ptr_array_index(machine->irqs, i), stream);
    }
}

static void stream_random(QhMachine *machine, QhStream *stream)
{
    stream->subject = "random numbers";
    qh_stream_same(stream, machine->has_random != FALSE, "whether there is a seed");
    g_mutex_lock(&machine->random_lock);
    qh_stream_bytes(stream, machine->random, sizeof(machine->random));
    g_mutex_unlock(&machine->random_lock);
}

static void bring_up_to_date(QhMachine *machine)
{
    for (guint i = 0; i < machine->vcpus->len; i++) {
        qh_vcpu_loaded(g_ptr_array_index(machine->vcpus, i));
    }
    for (guint i = 0; i < machine->devices->len; i++) {
        qh_instance_loaded(g_ptr_array_index(machine->devices, i));
    }
}

static void stream_cpus(QhMachine *machine, QhStream *stream)
{
    qh_stream_same(stream, machine->vcpus->len, "the number of CPUs");
    for (guint i = 0; i < machine->vcpus->len && qh_stream_ok(stream); i++) {
        g_autofree char *name = g_strdup_printf("CPU %u", i);
        stream->subject = name;
        qh_vcpu_stream(g_ptr_array_index(machine->vcpus, i), stream);
        stream->subject = NULL;
    }
}

static void stream_devices(QhMachine *machine, QhStream *stream)
{
    qh_stream_same(stream, machine->devices->len, "the number of devices");
    for (guint i = 0; i < machine->devices->len && qh_stream_ok(stream); i++) {
        QhInstance *instance = g_ptr_array_index(machine->devices, i);
        g_autofree char *name = g_strdup_printf("device '%s' (%s)", qh_instance_id(instance),
                                                qh_instance_class(instance));
        stream->subject = name;
        qh_instance_stream(instance, stream);
        stream->subject = NULL;
    }
}

static void stream_machine(QhMachine *machine, QhStream *stream)
{
    stream->subject = NULL;
    qh_stream_same(stream, MAGIC, "the first word");
    qh_stream_same(stream, VERSION, "the version");
    stream->subject = "turns";
    qh_stream_same(stream, machine->turns != NULL, "whether CPUs run in turns");
    if (machine->turns != NULL) {
        qh_turns_stream(machine->turns, stream);
    }
    stream->subject = NULL;
    stream_cpus(machine, stream);
    stream_devices(machine, stream);
    stream_lines(machine, stream);
    stream_random(machine, stream);
    if (stream->mode == QH_STREAM_LOAD) {
        bring_up_to_date(machine);
    }
    stream->subject = "networks";
    qh_nets_stream(qh_host_nets(machine->host), stream);
    stream->subject = "timers";
    qh_timers_stream(qh_host_timers(machine->host), stream);
    if (stream->mode != QH_STREAM_SAVE && qh_stream_ok(stream) && stream->at != stream->limit) {
        qh_stream_fail(stream, "there is more behind them");
    }
}

GBytes *qh_snapshot_save(QhMachine *machine, GError **error)
{
    return qh_snapshot_save_with_maps(machine, NULL, error);
}

GBytes *qh_snapshot_save_with_maps(QhMachine *machine, GArray *mapped, GError **error)
{
    QhStream stream = {.mode = QH_STREAM_SAVE, .out = g_byte_array_new(), .mapped = mapped};

    stream_machine(machine, &stream);
    if (stream.error != NULL) {
        g_propagate_error(error, stream.error);
        g_byte_array_unref(stream.out);
        return NULL;
    }
    return g_byte_array_free_to_bytes(stream.out);
}

gboolean qh_snapshot_load(QhMachine *machine, GBytes *snapshot, GError **error)
{
    gsize bytes;
    const uint8_t *data = g_bytes_get_data(snapshot, &bytes);
    QhStream stream = {.mode = QH_STREAM_CHECK, .at = data, .limit = data + bytes};

    stream_machine(machine, &stream);
    if (stream.error == NULL) {
        stream = (QhStream){.mode = QH_STREAM_LOAD, .at = data, .limit = data + bytes};
        stream_machine(machine, &stream);
        g_assert(stream.error == NULL);
    }
    if (stream.error != NULL) {
        g_propagate_error(error, stream.error);
        return FALSE;
    }
    return TRUE;
}
