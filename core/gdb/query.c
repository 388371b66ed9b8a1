/* SPDX-License-Identifier: GPL-2.0-or-later */
/* q and Q packets (GDB manual, E.4 "General Query Packets"), and QEMU's own. */
#include "core/gdb/stub.h"

#include "core/qmp/monitor.h"

#include <string.h>

#define COMMAND_BYTES 4096u

static void supported(QhGdbStub *stub, const char *args, gsize length)
{
    g_auto(GStrv) features = g_strsplit(*args == ':' ? args + 1 : "", ";", -1);
    const char *const *list = (const char *const *)features;

    (void)length;
    stub->multiprocess = g_strv_contains(list, "multiprocess+");
    g_string_printf(stub->reply,
                    "PacketSize=%x;qXfer:threads:read+;QStartNoAckMode+;vContSupported+;"
                    "multiprocess+",
                    QH_GDB_PACKET_BYTES);
    if (stub->history != NULL) {
        g_string_append(stub->reply, ";ReverseStep+;ReverseContinue+");
    }
    if (qh_gdb_registers_xml(qh_gdb_process_of(stub, stub->current)->registers) != NULL) {
        g_string_append(stub->reply, ";qXfer:features:read+");
    }
}

static void current_thread(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    g_string_assign(stub->reply, "QC");
    qh_gdb_append_thread(stub, stub->reply, stub->current);
}

/* As many threads of attached processes as fit. */
static void list_threads(QhGdbStub *stub)
{
    while (stub->listed < qh_machine_n_vcpus(stub->machine) &&
           stub->reply->len < QH_GDB_PACKET_BYTES / 2) {
        QhVcpu *vcpu = qh_machine_vcpu(stub->machine, stub->listed++);
        if (qh_gdb_process_of(stub, vcpu)->attached) {
            g_string_append_c(stub->reply, stub->reply->len == 0 ? 'm' : ',');
            qh_gdb_append_thread(stub, stub->reply, vcpu);
        }
    }
    if (stub->reply->len == 0) {
        g_string_assign(stub->reply, "l");
    }
}

static void first_threads(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    stub->listed = 0;
    list_threads(stub);
}

static void next_threads(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    list_threads(stub);
}

static char *describe_thread(QhVcpu *vcpu)
{
    return g_strdup_printf("CPU#%u %s [%s]", qh_vcpu_index(vcpu), qh_vcpu_cluster(vcpu)->target,
                           qh_vcpu_state(vcpu)->halted ? "halted" : "running");
}

static void thread_info(QhGdbStub *stub, const char *args, gsize length)
{
    QhVcpu *vcpu = NULL;
    QhGdbThread thread;

    (void)length;
    if (qh_gdb_read_thread(&args, &thread)) {
        vcpu = qh_gdb_thread_find(stub, &thread);
    }
    if (vcpu == NULL) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    g_autofree char *text = describe_thread(vcpu);
    qh_gdb_append_bytes(stub->reply, text, strlen(text));
}

static void is_attached(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    g_string_assign(stub->reply, "1");
}

/* The part of @document that "OFFSET,LENGTH" asks for. */
static void transfer(QhGdbStub *stub, const char *args, const char *document)
{
    gsize total = strlen(document);
    uint64_t offset, bytes;

    if (!qh_gdb_read_range(&args, &offset, &bytes) || offset > total) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    /* the sender doubles what it has to escape */
    bytes = MIN(bytes, MIN(total - offset, QH_GDB_PACKET_BYTES / 2 - 2));
    g_string_append_c(stub->reply, offset + bytes < total ? 'm' : 'l');
    g_string_append_len(stub->reply, document + offset, (gssize)bytes);
}

static void transfer_features(QhGdbStub *stub, const char *args, gsize length)
{
    const char *xml = qh_gdb_registers_xml(qh_gdb_process_of(stub, stub->current)->registers);

    (void)length;
    if (xml == NULL || !g_str_has_prefix(args, "target.xml:")) {
        g_string_assign(stub->reply, "E00"); /* no such document */
        return;
    }
    transfer(stub, args + strlen("target.xml:"), xml);
}

static void transfer_threads(QhGdbStub *stub, const char *args, gsize length)
{
    g_autoptr(GString) xml = g_string_new("<?xml version=\"1.0\"?>\n<threads>\n");

    (void)length;
    for (guint i = 0; i < qh_machine_n_vcpus(stub->machine); i++) {
        QhVcpu *vcpu = qh_machine_vcpu(stub->machine, i);
        g_autofree char *text = describe_thread(vcpu);
        if (!qh_gdb_process_of(stub, vcpu)->attached) {
            continue;
        }
        g_string_append(xml, "<thread id=\"");
        qh_gdb_append_thread(stub, xml, vcpu);
        g_string_append_printf(xml, "\" core=\"%u\" name=\"cpu%u\">%s</thread>\n", i, i, text);
    }
    g_string_append(xml, "</threads>\n");
    transfer(stub, args, xml->str);
}

static void send_output(QhGdbStub *stub, const char *text, gsize bytes)
{
    while (bytes > 0) {
        gsize part = MIN(bytes, QH_GDB_PACKET_BYTES / 2 - 2);
        g_autoptr(GString) packet = g_string_new("O");
        qh_gdb_append_bytes(packet, text, part);
        qh_gdb_wire_send(&stub->wire, packet->str, packet->len);
        text += part;
        bytes -= part;
    }
}

/* gdb's `monitor`: a line of the human monitor, whose output comes before the reply. */
static void run_command(QhGdbStub *stub, const char *args, gsize length)
{
    char line[COMMAND_BYTES] = {0};
    g_autoptr(GString) out = g_string_new(NULL);

    if (length / 2 >= sizeof(line) || !qh_gdb_read_bytes(&args, (uint8_t *)line, length / 2)) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    qh_monitor_run(stub->host, line, qh_vcpu_index(stub->current), out);
    g_autoptr(GString) lines = g_string_sized_new(out->len);
    for (gsize i = 0; i < out->len; i++) {
        if (out->str[i] != '\r') {
            g_string_append_c(lines, out->str[i]);
        }
    }
    send_output(stub, lines->str, lines->len);
    qh_gdb_ok(stub);
}

static void qemu_supported(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    g_string_assign(stub->reply, "sstepbits;sstep;PhyMemMode");
}

static void step_bits(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    g_string_printf(stub->reply, "ENABLE=%x,NOIRQ=%x,NOTIMER=%x", QH_GDB_STEP_ENABLE,
                    QH_GDB_STEP_NO_IRQ, QH_GDB_STEP_NO_TIMER);
}

static void get_step(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    g_string_printf(stub->reply, "0x%x", stub->step_bits);
}

static void get_physical(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    g_string_assign(stub->reply, stub->physical ? "1" : "0");
}

void qh_gdb_query(QhGdbStub *stub, const char *args, gsize length)
{
    static const QhGdbCommand rows[] = {
        {"Supported",           supported        },
        {"fThreadInfo",         first_threads    },
        {"sThreadInfo",         next_threads     },
        {"ThreadExtraInfo,",    thread_info      },
        {"Attached",            is_attached      },
        {"Xfer:features:read:", transfer_features},
        {"Xfer:threads:read::", transfer_threads },
        {"Rcmd,",               run_command      },
        {"qemu.Supported",      qemu_supported   },
        {"qemu.sstepbits",      step_bits        },
        {"qemu.sstep",          get_step         },
        {"qemu.PhyMemMode",     get_physical     },
    };

    if (g_str_equal(args, "C")) {
        current_thread(stub, args, length);
        return;
    }
    (void)qh_gdb_dispatch(stub, rows, G_N_ELEMENTS(rows), args, length);
}

static void no_acks(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    stub->wire.acks = FALSE;
    qh_gdb_ok(stub);
}

static void set_step(QhGdbStub *stub, const char *args, gsize length)
{
    uint64_t bits;

    (void)length;
    if (g_str_has_prefix(args, "0x")) {
        args += 2;
    }
    if (!qh_gdb_read_number(&args, &bits) ||
        (bits & ~(uint64_t)(QH_GDB_STEP_ENABLE | QH_GDB_STEP_NO_IRQ | QH_GDB_STEP_NO_TIMER))) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    stub->step_bits = (uint32_t)bits;
    qh_gdb_ok(stub);
}

static void set_physical(QhGdbStub *stub, const char *args, gsize length)
{
    (void)length;
    if (!g_str_equal(args, "0") && !g_str_equal(args, "1")) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    stub->physical = *args == '1';
    qh_gdb_ok(stub);
}

void qh_gdb_set(QhGdbStub *stub, const char *args, gsize length)
{
    static const QhGdbCommand rows[] = {
        {"StartNoAckMode",   no_acks     },
        {"qemu.sstep=",      set_step    },
        {"qemu.sstep:",      set_step    },
        {"qemu.PhyMemMode:", set_physical},
    };

    (void)qh_gdb_dispatch(stub, rows, G_N_ELEMENTS(rows), args, length);
}
