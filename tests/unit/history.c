/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The past of a machine: what it keeps, what it costs, and that it is what was. */
#include "core/snapshot/history.h"

#include "core/host/host.h"
#include "core/host/run-state.h"
#include "core/machine/outside.h"
#include "core/memory/space.h"
#include "core/vcpu/turns.h"

#include <string.h>

#define RAM       0x80000000u
#define LOOP      (RAM + 0x18)
#define DATA      (RAM + 0x100000)
#define DATA_SIZE 0x100000u

/* Counts in t0 and writes the count to every 64th byte of a MiB, round and round. */
static const uint32_t program[] = {
    0x80100537, /* lui a0, 0x80100 */
    0x02051513, /* slli a0, a0, 32 */
    0x02055513, /* srli a0, a0, 32 */
    0x001006b7, /* lui a3, 0x100 */
    0xfff68693, /* addi a3, a3, -1 */
    0x00000593, /* li a1, 0 */
    0x00128293, /* addi t0, t0, 1 */
    0x00b50633, /* add a2, a0, a1 */
    0x00563023, /* sd t0, 0(a2) */
    0x04058593, /* addi a1, a1, 64 */
    0x00d5f5b3, /* and a1, a1, a3 */
    0xfedff06f, /* j . - 20 */
};

typedef struct Fixture {
    QhHost *host;
    QhMachine *machine;
    QhRunState *state;
    QhVcpu *vcpu;
} Fixture;

static void make(Fixture *f, gboolean icount)
{
    g_autoptr(GError) error = NULL;
    QhMachineOptions *options = qh_machine_options_new();

    f->host = qh_host_new();
    qh_registry_scan(qh_host_registry(f->host));
    options->type = g_strdup("virt");
    options->target = g_strdup("riscv64");
    options->bios = g_strdup("none");
    options->n_cpus = 1;
    options->icount = (QhIcountOptions){.on = icount};
    f->machine = qh_machine_new(f->host, options, &error);
    g_assert_no_error(error);
    f->state = qh_host_run_state(f->host);
    f->vcpu = qh_machine_vcpu(f->machine, 0);
    g_assert_cmpuint(
        qh_space_write_rom(qh_machine_system(f->machine), RAM, program, sizeof(program)), ==,
        QH_BUS_OK);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    make(f, TRUE);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    (void)qh_run_state_stop(f->state, NULL);
    qh_host_free(f->host);
}

static QhMoment moment(Fixture *f)
{
    return qh_turns_moment(qh_machine_turns(f->machine));
}

/* Run for at least so many instructions. */
static void run(Fixture *f, uint64_t instructions)
{
    uint64_t goal = moment(f).total + instructions;

    while (moment(f).total < goal) {
        g_assert_true(qh_run_state_cont(f->state, NULL));
        g_usleep(2000);
        g_assert_true(qh_run_state_stop(f->state, NULL));
    }
}

static void back(Fixture *f, QhHistory *history, QhBackwards how, QhBack wanted)
{
    QhBack answer = qh_history_back(history, how, f->vcpu);

    while (answer == QH_BACK_RESUME) {
        g_assert_true(qh_history_is_going_back(history));
        g_assert_true(qh_run_state_resume(f->state, TRUE, NULL));
        while (qh_run_state_is_running(f->state)) {
            g_main_context_iteration(qh_host_context(f->host), TRUE);
        }
        answer = qh_history_stopped(history);
    }
    g_assert_cmpint(answer, ==, wanted);
    g_assert_false(qh_history_is_going_back(history));
    qh_vcpu_cancel_stop(f->vcpu);
}

static char *contents(Fixture *f)
{
    g_autofree uint8_t *data = g_malloc(DATA_SIZE);

    g_assert_cmpuint(qh_space_read(qh_machine_system(f->machine), DATA, data, DATA_SIZE, 0), ==,
                     QH_BUS_OK);
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, DATA_SIZE);
}

static QhHistory *history_new(Fixture *f, uint64_t interval, uint32_t points, uint64_t bytes)
{
    QhHistoryLimits limits = {interval, points, bytes};
    g_autoptr(GError) error = NULL;
    QhHistory *history = qh_history_new(f->machine, &limits, &error);

    g_assert_no_error(error);
    return history;
}

/* What cannot be is refused with a reason. */
static void test_refused(void)
{
    static const QhHistoryLimits none = {0, 64, 1 << 20}, few = {1000, 2, 1 << 20};
    g_autoptr(GError) error = NULL;
    Fixture f;

    make(&f, FALSE);
    g_assert_null(qh_history_new(f.machine, NULL, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_UNSUPPORTED);
    g_assert_nonnull(strstr(error->message, "-icount"));
    tear_down(&f, NULL);
    make(&f, TRUE);
    g_clear_error(&error);
    g_assert_null(qh_history_new(f.machine, &none, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(qh_history_new(f.machine, &few, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_assert_null(qh_machine_outside(f.machine));
    tear_down(&f, NULL);
}

/* All the way back memory is what it was, and forward again it becomes the same. */
static void test_whole_way(Fixture *f, gconstpointer data)
{
    QhHistory *history = history_new(f, 100000, 8, G_GUINT64_CONSTANT(1) << 26);
    g_autofree char *first = contents(f);
    QhMoment begin = moment(f);

    (void)data;
    run(f, 3000000);
    QhMoment late = moment(f);
    g_autofree char *last = contents(f);
    uint64_t pc = qh_vcpu_state(f->vcpu)->pc;
    g_assert_cmpstr(first, !=, last);
    g_assert_cmpuint(qh_history_n_points(history), <=, 8);
    g_assert_cmpuint(qh_history_n_points(history), >=, 4);

    back(f, history, QH_BACKWARDS_RUN, QH_BACK_BEGIN);
    g_autofree char *again = contents(f);
    g_assert_cmpstr(again, ==, first);
    g_assert_cmpuint(moment(f).total, ==, begin.total);
    g_assert_true(qh_history_is_past(history));
    g_assert_cmpuint(qh_history_n_points(history), ==, 1);

    /* one step back from far ahead: the same moment but one, from whichever checkpoint */
    run(f, late.total - begin.total + 1);
    g_assert_false(qh_history_is_past(history));
    while (moment(f).total > late.total + 3) {
        QhMoment now = moment(f);
        back(f, history, QH_BACKWARDS_STEP, QH_BACK_DONE);
        g_assert_cmpuint(moment(f).total, ==, now.total - 1);
        if (now.total - late.total > 50) {
            break;
        }
    }
    back(f, history, QH_BACKWARDS_RUN, QH_BACK_BEGIN);
    g_assert_true(qh_engine_add_breakpoint(qh_vcpu_cluster(f->vcpu)->engine, LOOP));
    g_assert_true(qh_run_state_resume(f->state, TRUE, NULL));
    while (qh_run_state_is_running(f->state)) {
        g_main_context_iteration(qh_host_context(f->host), TRUE);
    }
    g_assert_cmphex(qh_vcpu_state(f->vcpu)->pc, ==, LOOP);
    g_assert_cmpuint(moment(f).total, <, late.total);
    g_assert_cmphex(pc, >=, RAM);
    qh_history_free(history);
}

/* However little it may keep, it keeps to it: the past gets short. */
static void test_limits(Fixture *f, gconstpointer data)
{
    (void)data;
    run(f, 200000); /* pages of zeros take no room */
    QhMoment begin = moment(f);
    QhHistory *history = history_new(f, 20000, 64, 400000);
    for (uint32_t i = 0; i < 10; i++) {
        run(f, 500000);
        /* the latest checkpoint still grows until the next one is made */
        g_assert_cmpuint(qh_history_bytes(history), <, 400000 + DATA_SIZE + (64 << 10));
        g_assert_cmpuint(qh_history_n_points(history), <=, 64);
    }
    /* the limit may just have left the one checkpoint at which we stand: nothing is before it */
    for (uint32_t i = 0; i < 1000 && qh_history_n_points(history) < 2; i++) {
        run(f, 20000);
    }
    g_assert_cmpuint(qh_history_n_points(history), >=, 2);
    QhMoment now = moment(f);
    back(f, history, QH_BACKWARDS_STEP, QH_BACK_DONE);
    g_assert_cmpuint(moment(f).total, ==, now.total - 1);
    back(f, history, QH_BACKWARDS_RUN, QH_BACK_BEGIN);
    g_assert_cmpuint(moment(f).total, >, begin.total);
    qh_history_free(history);
    g_assert_null(qh_machine_outside(f->machine));
    run(f, 100000); /* goes on as if nothing had been */
}

static void add_one(void *opaque, uint32_t kind, const uint8_t *data, uint32_t bytes)
{
    uint32_t *sum = opaque;

    (void)bytes;
    *sum += kind + data[0];
}

/* What came from outside comes again, once each time. */
static void test_outside(Fixture *f, gconstpointer data)
{
    QhHistory *history = history_new(f, 100000, 8, G_GUINT64_CONSTANT(1) << 26);
    const QhOutside *outside = qh_machine_outside(f->machine);
    static const uint8_t byte = 5;
    uint32_t sum = 0;

    (void)data;
    run(f, 10000);
    qh_machine_lock(f->machine);
    outside->feed(outside->owner, add_one, &sum, 100, &byte, 1);
    qh_machine_unlock(f->machine);
    g_assert_cmpuint(sum, ==, 0);
    run(f, 10000);
    g_assert_cmpuint(sum, ==, 105);
    g_assert_false(outside->replaying(outside->owner));
    QhMoment late = moment(f);

    back(f, history, QH_BACKWARDS_RUN, QH_BACK_BEGIN);
    g_assert_cmpuint(sum, ==, 210); /* once on the way through the past */
    g_assert_true(outside->replaying(outside->owner));
    run(f, late.total + 100);
    g_assert_cmpuint(sum, ==, 315);
    g_assert_false(outside->replaying(outside->owner));

    outside->forget(outside->owner);
    run(f, 1000);
    back(f, history, QH_BACKWARDS_RUN, QH_BACK_BEGIN);
    g_assert_cmpuint(moment(f).total, >, late.total);
    g_assert_cmpuint(sum, ==, 315);
    qh_history_free(history);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/history/refused", test_refused);
    g_test_add("/history/whole-way", Fixture, NULL, set_up, test_whole_way, tear_down);
    g_test_add("/history/limits", Fixture, NULL, set_up, test_limits, tear_down);
    g_test_add("/history/outside", Fixture, NULL, set_up, test_outside, tear_down);
    return g_test_run();
}
