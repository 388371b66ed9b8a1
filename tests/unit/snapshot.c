/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saving and loading the board `virt` of riscv64, in the middle of a program with timers. */
#include "core/snapshot/snapshot.h"

#include "core/device/instance.h"
#include "core/host/host.h"
#include "core/host/run-state.h"
#include "core/loop/timers.h"
#include "core/memory/space.h"
#include "core/vcpu/turns.h"
#include "core/vcpu/vcpu.h"

#include <string.h>

#define RAM      0x80000000u
#define MTIMECMP 0x2004000u

typedef struct Fixture {
    QhHost *host;
    QhMachine *machine;
    QhTimers *timers;
    QhSpace *space;
} Fixture;

/* Both harts: count in x5, which never ends. */
static const uint32_t program[] = {
    0x00128293u, /* addi t0, t0, 1 */
    0xffdff06fu, /* j . - 4 */
};

static void set_up_with(Fixture *f, uint32_t cpus)
{
    g_autoptr(GError) error = NULL;
    QhMachineOptions *options = qh_machine_options_new();

    f->host = qh_host_new();
    qh_registry_scan(qh_host_registry(f->host));
    options->type = g_strdup("virt");
    options->target = g_strdup("riscv64");
    options->bios = g_strdup("none");
    options->n_cpus = cpus;
    options->icount = (QhIcountOptions){.on = TRUE};
    f->machine = qh_machine_new(f->host, options, &error);
    g_assert_no_error(error);
    f->timers = qh_host_timers(f->host);
    f->space = qh_machine_system(f->machine);
    g_assert_cmpuint(qh_space_write_rom(f->space, RAM, program, sizeof(program)), ==, QH_BUS_OK);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    set_up_with(f, 2);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    qh_host_free(f->host);
}

static void write32(Fixture *f, uint64_t address, uint32_t value)
{
    g_assert_cmpuint(qh_space_write(f->space, address, &value, 4, 0), ==, QH_BUS_OK);
}

static uint32_t read32(Fixture *f, uint64_t address)
{
    uint32_t value = 0;

    g_assert_cmpuint(qh_space_read(f->space, address, &value, 4, QH_ATTR_DEBUG), ==, QH_BUS_OK);
    return value;
}

static void run_for(Fixture *f, uint32_t us)
{
    qh_machine_start(f->machine);
    g_usleep(us);
    qh_machine_stop(f->machine);
}

static GBytes *save(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    GBytes *snapshot;

    qh_machine_lock(f->machine);
    snapshot = qh_snapshot_save(f->machine, &error);
    qh_machine_unlock(f->machine);
    g_assert_no_error(error);
    return snapshot;
}

static gboolean load(Fixture *f, GBytes *snapshot, GError **error)
{
    gboolean ok;

    qh_machine_lock(f->machine);
    ok = qh_snapshot_load(f->machine, snapshot, error);
    qh_machine_unlock(f->machine);
    return ok;
}

/* What is saved, changed and loaded is the same in every byte. */
static void test_round(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    QhTurns *turns = qh_machine_turns(f->machine);

    (void)data;
    write32(f, MTIMECMP, 0x40000000);
    write32(f, MTIMECMP + 4, 0);
    run_for(f, 20000);
    g_autoptr(GBytes) first = save(f);
    QhMoment then = qh_turns_moment(turns);
    int64_t now = qh_timers_now(f->timers, QH_CLOCK_VIRTUAL);
    int64_t deadline = qh_timers_virtual_deadline(f->timers);
    uint64_t pc = qh_vcpu_state(qh_machine_vcpu(f->machine, 1))->pc;
    g_assert_cmpuint(then.total, >, 0);

    write32(f, MTIMECMP, 0x1000);
    run_for(f, 20000);
    g_autoptr(GBytes) second = save(f);
    g_assert_false(g_bytes_equal(first, second));

    g_assert_true(load(f, first, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(qh_turns_moment(turns).total, ==, then.total);
    g_assert_cmpuint(qh_turns_moment(turns).rounds, ==, then.rounds);
    g_assert_cmpint(qh_timers_now(f->timers, QH_CLOCK_VIRTUAL), ==, now);
    g_assert_cmpint(qh_timers_virtual_deadline(f->timers), ==, deadline);
    g_assert_cmphex(qh_vcpu_state(qh_machine_vcpu(f->machine, 1))->pc, ==, pc);
    g_assert_cmphex(read32(f, MTIMECMP), ==, 0x40000000);
    g_autoptr(GBytes) third = save(f);
    g_assert_true(g_bytes_equal(first, third));
    g_assert_true(load(f, second, &error));
    g_autoptr(GBytes) fourth = save(f);
    g_assert_true(g_bytes_equal(second, fourth));
}

/* Lines are brought back at both ends: a level that was high when saved is high again. */
static void test_lines(Fixture *f, gconstpointer data)
{
    QhCpu *cpu = qh_vcpu_state(qh_machine_vcpu(f->machine, 1));

    (void)data;
    write32(f, 0x2000004, 1); /* msip of hart 1 */
    g_assert_cmphex(cpu->irq_lines, ==, 1u << 3);
    g_autoptr(GBytes) high = save(f);
    write32(f, 0x2000004, 0);
    g_assert_cmphex(cpu->irq_lines, ==, 0);
    g_autoptr(GBytes) low = save(f);
    g_assert_true(load(f, high, NULL));
    g_assert_cmphex(cpu->irq_lines, ==, 1u << 3);
    g_assert_cmphex(read32(f, 0x2000004), ==, 1);
    g_assert_true(load(f, low, NULL));
    write32(f, 0x2000004, 1);
    g_assert_cmphex(cpu->irq_lines, ==, 1u << 3);
}

/* A snapshot that is cut anywhere, or has a byte too much, changes nothing. */
static void test_damaged(Fixture *f, gconstpointer data)
{
    gsize bytes;

    (void)data;
    run_for(f, 5000);
    g_autoptr(GBytes) good = save(f);
    const uint8_t *content = g_bytes_get_data(good, &bytes);
    run_for(f, 5000);
    g_autoptr(GBytes) before = save(f);
    for (gsize cut = 0; cut < bytes; cut += 1 + cut / 50) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) part = g_bytes_new(content, cut);
        g_assert_false(load(f, part, &error));
        g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
        g_assert_true(g_str_has_prefix(error->message, "snapshot: "));
    }
    g_autofree uint8_t *longer = g_malloc0(bytes + 1);
    memcpy(longer, content, bytes);
    g_autoptr(GBytes) more = g_bytes_new(longer, bytes + 1);
    g_assert_false(load(f, more, NULL));
    longer[0] ^= 1;
    g_autoptr(GBytes) other = g_bytes_new(longer, bytes);
    g_assert_false(load(f, other, NULL));
    g_autoptr(GBytes) after = save(f);
    g_assert_true(g_bytes_equal(before, after));
}

/* That of another machine is told apart. */
static void test_other_machine(void)
{
    g_autoptr(GError) error = NULL;
    Fixture two, three;

    set_up_with(&two, 2);
    g_autoptr(GBytes) snapshot = save(&two);
    tear_down(&two, NULL);
    set_up_with(&three, 3);
    g_assert_false(load(&three, snapshot, &error));
    g_assert_error(error, QH_ERROR, QH_ERROR_INVALID);
    g_assert_cmpstr(error->message, ==, "snapshot: header: the number of CPUs is 2, not 3");
    tear_down(&three, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/snapshot/round", Fixture, NULL, set_up, test_round, tear_down);
    g_test_add("/snapshot/lines", Fixture, NULL, set_up, test_lines, tear_down);
    g_test_add("/snapshot/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
    g_test_add_func("/snapshot/other-machine", test_other_machine);
    return g_test_run();
}
