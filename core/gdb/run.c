/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Letting the machine run, all of it or some CPUs, and telling why it has stopped. */
#include "core/gdb/stub.h"

#include "core/host/run-state.h"

#include <string.h>

static const QhVcpuOrder just_run = {.mode = QH_VCPU_RUN};

/* The part of a stop reply that says what was met. */
static void append_reason(const QhGdbStub *stub, const QhDebugStop *stop)
{
    if (stop->kind == QH_STOP_WATCHPOINT) {
        g_string_append_printf(stub->reply, "%s:%" G_GINT64_MODIFIER "x;",
                               stop->watch == QH_WATCH_WRITE  ? "watch"
                               : stop->watch == QH_WATCH_READ ? "rwatch"
                                                              : "awatch",
                               stop->address);
    }
}

static void reply_with(QhGdbStub *stub, uint32_t signal, const QhDebugStop *stop)
{
    g_string_printf(stub->reply, "T%02xthread:", signal);
    qh_gdb_append_thread(stub, stub->reply, stub->current);
    g_string_append_c(stub->reply, ';');
    append_reason(stub, stop);
}

void qh_gdb_stop_reply(QhGdbStub *stub, uint32_t signal)
{
    static const QhDebugStop none = {.kind = QH_STOP_NONE};

    reply_with(stub, signal, &none);
}

/* The CPU that asked for the stop, of those that ran: gdb expects nothing of others. The current
 * one comes first, so that steps stay where they are. */
static QhVcpu *who_stopped(const QhGdbStub *stub, QhDebugStop *ret_stop)
{
    guint n = qh_machine_n_vcpus(stub->machine), first = qh_vcpu_index(stub->current);

    for (guint i = 0; i < n; i++) {
        QhVcpu *vcpu = qh_machine_vcpu(stub->machine, (first + i) % n);
        *ret_stop = qh_vcpu_stop_reason(vcpu);
        if (ret_stop->kind != QH_STOP_NONE && qh_vcpu_order(vcpu)->mode != QH_VCPU_HOLD) {
            return vcpu;
        }
    }
    ret_stop->kind = QH_STOP_NONE;
    return NULL;
}

static void report(QhGdbStub *stub, uint32_t signal)
{
    QhDebugStop stop = {.kind = QH_STOP_NONE};
    QhVcpu *vcpu = signal == QH_GDB_SIGNAL_TRAP ? who_stopped(stub, &stop) : NULL;

    if (vcpu != NULL) {
        stub->current = vcpu;
        qh_gdb_process_of(stub, vcpu)->attached = TRUE;
        qh_vcpu_clear_stop(vcpu);
    }
    reply_with(stub, signal, &stop);
    qh_gdb_wire_send(&stub->wire, stub->reply->str, stub->reply->len);
}

static uint32_t signal_of(QhRunStateName state)
{
    switch (state) {
    case QH_RUN_DEBUG:
        return QH_GDB_SIGNAL_TRAP;
    case QH_RUN_SHUTDOWN:
        return QH_GDB_SIGNAL_QUIT;
    case QH_RUN_INTERNAL_ERROR:
        return QH_GDB_SIGNAL_ABRT;
    default:
        return QH_GDB_SIGNAL_INT;
    }
}

static void everybody_runs(QhGdbStub *stub)
{
    for (guint i = 0; i < qh_machine_n_vcpus(stub->machine); i++) {
        qh_vcpu_set_order(qh_machine_vcpu(stub->machine, i), &just_run);
    }
}

void qh_gdb_stub_check(QhGdbStub *stub)
{
    QhRunState *state = qh_host_run_state(stub->host);

    if (!stub->halted || qh_run_state_is_running(state)) {
        return;
    }
    stub->halted = FALSE;
    if (qh_gdb_goes_back(stub)) {
        return;
    }
    if (stub->waiting) {
        stub->waiting = FALSE;
        report(stub, signal_of(qh_run_state_get(state)));
    }
    everybody_runs(stub);
}

void qh_gdb_stub_farewell(QhGdbStub *stub)
{
    if (stub->connected && stub->waiting) {
        stub->waiting = FALSE;
        g_string_printf(stub->reply, "W%02x", (uint32_t)qh_host_status(stub->host) & 0xff);
        qh_gdb_wire_send(&stub->wire, stub->reply->str, stub->reply->len);
    }
}

/* A CPU that is to run has done a watched access in the same moment in which another was told of.
 */
static gboolean report_other(QhGdbStub *stub)
{
    for (guint i = 0; i < qh_machine_n_vcpus(stub->machine); i++) {
        QhVcpu *vcpu = qh_machine_vcpu(stub->machine, i);
        QhDebugStop stop = qh_vcpu_stop_reason(vcpu);
        if (qh_vcpu_order(vcpu)->mode == QH_VCPU_HOLD && stop.kind == QH_STOP_WATCHPOINT) {
            continue;
        }
        qh_vcpu_clear_stop(vcpu);
        if (stop.kind == QH_STOP_WATCHPOINT &&
            qh_engine_has_watchpoint(qh_vcpu_cluster(vcpu)->engine, stop.address, stop.watch)) {
            stub->current = vcpu;
            reply_with(stub, QH_GDB_SIGNAL_TRAP, &stop);
            return TRUE;
        }
    }
    return FALSE;
}

/* The orders are given. While CPUs only step guest time stands still, unless one waits for it. */
static void go(QhGdbStub *stub)
{
    QhRunState *state = qh_host_run_state(stub->host);
    gboolean clock = (stub->step_bits & QH_GDB_STEP_NO_TIMER) == 0;

    if (report_other(stub)) {
        everybody_runs(stub);
        return;
    }
    for (guint i = 0; i < qh_machine_n_vcpus(stub->machine); i++) {
        QhVcpu *vcpu = qh_machine_vcpu(stub->machine, i);
        QhVcpuMode mode = qh_vcpu_order(vcpu)->mode;
        clock |= mode == QH_VCPU_RUN || (mode == QH_VCPU_STEP && qh_vcpu_state(vcpu)->halted);
    }
    if (!qh_run_state_resume(state, clock, NULL)) {
        everybody_runs(stub);
        qh_gdb_stop_reply(stub, signal_of(qh_run_state_get(state)));
        return;
    }
    stub->answers = FALSE;
    stub->waiting = TRUE;
}

void qh_gdb_release(QhGdbStub *stub)
{
    everybody_runs(stub);
    stub->waiting = FALSE;
    (void)qh_run_state_cont(qh_host_run_state(stub->host), NULL);
}

static QhVcpuOrder step_order(const QhGdbStub *stub)
{
    return (QhVcpuOrder){.mode = QH_VCPU_STEP,
                         .no_interrupts = (stub->step_bits & QH_GDB_STEP_NO_IRQ) != 0,
                         .first = 1};
}

/* c ADDRESS and s ADDRESS of the old kind: all run, or only the current one steps. */
static void resume_at(QhGdbStub *stub, const char *args, gboolean step)
{
    uint64_t address;

    if (*args != '\0') {
        if (!qh_gdb_read_number(&args, &address)) {
            qh_gdb_error(stub, QH_GDB_EINVAL);
            return;
        }
        qh_vcpu_state(stub->current)->pc = address;
        qh_vcpu_state(stub->current)->halted = 0;
        qh_gdb_note_registers(stub, stub->current);
    }
    everybody_runs(stub);
    if (step) {
        QhVcpuOrder hold = {.mode = QH_VCPU_HOLD}, one = step_order(stub);
        for (guint i = 0; i < qh_machine_n_vcpus(stub->machine); i++) {
            QhVcpu *vcpu = qh_machine_vcpu(stub->machine, i);
            qh_vcpu_set_order(vcpu, vcpu == stub->current ? &one : &hold);
        }
    }
    go(stub);
}

/* C and S bring a signal, which a machine has no use for. */
static const char *skip_signal(const char *args)
{
    const char *semicolon = strchr(args, ';');

    return semicolon != NULL ? semicolon + 1 : "";
}

void qh_gdb_continue(QhGdbStub *stub, const char *args, gsize length)
{
    (void)length;
    resume_at(stub, args, FALSE);
}

void qh_gdb_continue_signal(QhGdbStub *stub, const char *args, gsize length)
{
    (void)length;
    resume_at(stub, skip_signal(args), FALSE);
}

void qh_gdb_step(QhGdbStub *stub, const char *args, gsize length)
{
    (void)length;
    resume_at(stub, args, TRUE);
}

void qh_gdb_step_signal(QhGdbStub *stub, const char *args, gsize length)
{
    (void)length;
    resume_at(stub, skip_signal(args), TRUE);
}

/* One action of vCont, up to the thread it is for. */
static gboolean read_action(const QhGdbStub *stub, const char **at, QhVcpuOrder *ret)
{
    char letter = **at;
    uint64_t number;

    if (letter == '\0') {
        return FALSE;
    }
    (*at)++;
    switch (letter) {
    case 'C':
        *ret = just_run;
        return qh_gdb_read_number(at, &number);
    case 'c':
        *ret = just_run;
        return TRUE;
    case 'S':
        *ret = step_order(stub);
        return qh_gdb_read_number(at, &number);
    case 's':
        *ret = step_order(stub);
        return TRUE;
    case 'r': /* while pc is in [first, end) */
        *ret = step_order(stub);
        if (!qh_gdb_read_range(at, &ret->first, &number)) {
            return FALSE;
        }
        if (number <= ret->first) {
            *ret = step_order(stub);
        } else {
            ret->last = number - 1;
        }
        return TRUE;
    case 't':
        *ret = (QhVcpuOrder){.mode = QH_VCPU_HOLD};
        return TRUE;
    default:
        return FALSE;
    }
}

/* "ACTION[:THREAD]" */
static gboolean
read_step(const QhGdbStub *stub, const char **at, QhVcpuOrder *ret_order, QhGdbThread *ret_thread)
{
    *ret_thread = (QhGdbThread){QH_GDB_ALL, QH_GDB_ALL};
    return read_action(stub, at, ret_order) &&
           (!qh_gdb_read_char(at, ':') || qh_gdb_read_thread(at, ret_thread)) &&
           (**at == '\0' || **at == ';');
}

/*
 * vCont;ACTION[:THREAD];...: a thread does the first action that names it, and stays where it is if
 * none does. CPUs of processes that gdb does not debug run.
 */
static void vcont(QhGdbStub *stub, const char *args, gsize length)
{
    guint n = qh_machine_n_vcpus(stub->machine);
    g_autofree QhVcpuOrder *orders = g_new0(QhVcpuOrder, n);
    g_autofree gboolean *given = g_new0(gboolean, n);
    gboolean ok = *args == ';';

    (void)length;
    while (ok && qh_gdb_read_char(&args, ';')) {
        QhVcpuOrder order;
        QhGdbThread thread;
        ok = read_step(stub, &args, &order, &thread);
        for (guint i = 0; ok && i < n; i++) {
            if (!given[i] &&
                qh_gdb_thread_matches(stub, &thread, qh_machine_vcpu(stub->machine, i))) {
                orders[i] = order;
                given[i] = TRUE;
            }
        }
    }
    if (!ok) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    for (guint i = 0; i < n; i++) {
        QhVcpu *vcpu = qh_machine_vcpu(stub->machine, i);
        if (!given[i] && qh_gdb_process_of(stub, vcpu)->attached) {
            orders[i].mode = QH_VCPU_HOLD;
        }
        qh_vcpu_set_order(vcpu, &orders[i]);
    }
    go(stub);
}

static void vcont_actions(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    g_string_assign(stub->reply, "vCont;c;C;s;S;t;r");
}

static void attach(QhGdbStub *stub, const char *args, gsize length)
{
    QhGdbProcess *process = NULL;
    uint64_t id;

    (void)length;
    if (qh_gdb_read_number(&args, &id) && id > 0 && id <= G_MAXINT32) {
        process = qh_gdb_process_find(stub, (int32_t)id);
    }
    if (process == NULL || process->cluster->vcpus->len == 0) {
        qh_gdb_error(stub, QH_GDB_EINVAL);
        return;
    }
    process->attached = TRUE;
    stub->current = g_ptr_array_index(process->cluster->vcpus, 0);
    qh_gdb_stop_reply(stub, QH_GDB_SIGNAL_TRAP);
}

static void interrupt(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    qh_gdb_ok(stub); /* it was stopped for this packet already */
}

static void kill_process(QhGdbStub *stub, const char *args, gsize length)
{
    (void)args;
    (void)length;
    qh_gdb_ok(stub);
    qh_run_state_request_shutdown(qh_host_run_state(stub->host), QH_CAUSE_HOST_UI, 0);
}

void qh_gdb_verbose(QhGdbStub *stub, const char *args, gsize length)
{
    static const QhGdbCommand rows[] = {
        {"Cont?",   vcont_actions},
        {"Cont",    vcont        },
        {"Attach;", attach       },
        {"CtrlC",   interrupt    },
        {"Kill;",   kill_process },
    };

    (void)qh_gdb_dispatch(stub, rows, G_N_ELEMENTS(rows), args, length);
}
