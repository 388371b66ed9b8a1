/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generic timers and PSCI of a PE whose exceptions are only counted. */
#include <string.h>

#include "arm-board-fake.h"
#include "modules/arm/module.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

#define E2H (UINT64_C(1) << 34)
#define TGE (UINT64_C(1) << 27)

static struct {
    ArmCpu cpu[2];
    ArmSystem system[2];
    ArmTarget target;
    uint32_t undefined, trapped; /* how often; the level it went to */
    gboolean powered[2];
    gboolean has_work;
} bench;

struct QhIrq {
    gboolean level;
};
static struct QhIrq lines[ARM_N_TIMERS];

void arm_raise_undefined(ArmCpu *cpu)
{
    (void)cpu;
    bench.undefined++;
}

gboolean
arm_sysreg_trap_to(ArmCpu *cpu, const struct ArmSysreg *reg, gboolean write, uint32_t level)
{
    (void)cpu;
    (void)reg;
    (void)write;
    bench.trapped = level;
    return FALSE;
}

gboolean arm_has_work(ArmCpu *cpu)
{
    (void)cpu;
    return bench.has_work;
}

static void reset_cpu(QhCpu *cpu)
{
    g_assert_true(fake.locked);
    arm_cpu(cpu)->powered_off = arm_cpu(cpu)->start_powered_off;
    cpu->halted = 1;
    cpu->pc = 0;
}

const QhCpuOps arm64_cpu_ops = {.size = sizeof(QhCpuOps), .reset = reset_cpu};

static QhCpu *by_index(QhHost *host, uint32_t index)
{
    (void)host;
    return index < 2 ? &bench.cpu[index].base : NULL;
}

static void power(QhCpu *cpu, gboolean on)
{
    bench.powered[arm_cpu(cpu) - bench.cpu] = on;
}

static void tlb_flush(QhCpu *cpu, uint32_t mask)
{
    (void)cpu;
    g_assert_cmphex(mask, ==, UINT32_MAX);
}

static const QhCpuService cpu_service = {
    .size = sizeof(QhCpuService),
    .by_index = by_index,
    .power = power,
    .tlb_flush = tlb_flush,
};

static ArmCpu *start(void)
{
    fake_start();
    memset(&bench, 0, sizeof(bench));
    memset(lines, 0, sizeof(lines));
    bench.target.services = fake.services;
    bench.target.services.cpu = &cpu_service;
    for (uint32_t i = 0; i < 2; i++) {
        ArmCpu *cpu = &bench.cpu[i];

        cpu->base.ctx = &bench.target;
        cpu->system = &bench.system[i];
        cpu->machine = (QhMachine *)&fake;
        cpu->cntfrq_hz = 62500000; /* 16 ns */
        cpu->mpidr = i << 8;
        cpu->start_powered_off = cpu->powered_off = i != 0;
        cpu->el = 1;
        g_assert_true(arm_timers_realize(cpu, NULL));
    }
    for (uint32_t n = 0; n < ARM_N_TIMERS; n++) {
        bench.cpu[0].timer_irq[n] = &lines[n];
    }
    fake.locked = TRUE;
    arm_timers_reset(&bench.cpu[0]);
    fake.locked = FALSE;
    return &bench.cpu[0];
}

static const ArmSysreg *row(const char *name)
{
    for (const ArmSysreg *reg = arm_sysregs_timer; reg->name != NULL; reg++) {
        if (strcmp(reg->name, name) == 0) {
            return reg;
        }
    }
    g_assert_not_reached();
}

static uint64_t get(ArmCpu *cpu, const char *name)
{
    uint64_t value = 0;

    g_assert_true(row(name)->read(cpu, row(name), &value));
    return value;
}

static void put(ArmCpu *cpu, const char *name, uint64_t value)
{
    g_assert_true(row(name)->write(cpu, row(name), value));
    g_assert_false(fake.locked);
}

/* Whether the access may go on; otherwise bench.trapped says where it went. */
static gboolean allowed(ArmCpu *cpu, const char *name)
{
    bench.trapped = 0;
    return row(name)->trap(cpu, row(name), FALSE);
}

static void counts(void)
{
    ArmCpu *cpu = start();

    g_assert_cmpuint(get(cpu, "CNTPCT_EL0"), ==, 62500000);
    fake_pass(16);
    g_assert_cmpuint(get(cpu, "CNTVCT_EL0"), ==, 62500001);
    cpu->has_el2 = cpu->has_vhe = 1;
    put(cpu, "CNTVOFF_EL2", 1000);
    g_assert_cmpuint(get(cpu, "CNTVCT_EL0"), ==, 62499001);
    g_assert_cmpuint(get(cpu, "CNTPCT_EL0"), ==, 62500001);
    cpu->el = 2;
    g_assert_cmpuint(get(cpu, "CNTVCT_EL0"), ==, 62499001);
    cpu->hcr = E2H; /* a host kernel sees no offset */
    g_assert_cmpuint(get(cpu, "CNTVCT_EL0"), ==, 62500001);
}

static void fires(void)
{
    ArmCpu *cpu = start();

    put(cpu, "CNTV_TVAL_EL0", 100);
    put(cpu, "CNTV_CTL_EL0", 1);
    g_assert_cmpuint(get(cpu, "CNTV_TVAL_EL0"), ==, 100);
    fake_pass(99 * 16);
    g_assert_false(lines[ARM_TIMER_VIRT].level);
    g_assert_cmphex(get(cpu, "CNTV_CTL_EL0"), ==, 1);
    fake_pass(16);
    g_assert_true(lines[ARM_TIMER_VIRT].level);
    g_assert_false(lines[ARM_TIMER_PHYS].level);
    g_assert_cmphex(get(cpu, "CNTV_CTL_EL0"), ==, 5);
    put(cpu, "CNTV_CTL_EL0", 3);
    g_assert_false(lines[ARM_TIMER_VIRT].level);
    g_assert_cmphex(get(cpu, "CNTV_CTL_EL0"), ==, 7);
    put(cpu, "CNTV_CTL_EL0", 1);
    g_assert_true(lines[ARM_TIMER_VIRT].level);
    put(cpu, "CNTV_TVAL_EL0", 1);
    g_assert_false(lines[ARM_TIMER_VIRT].level);
    put(cpu, "CNTV_TVAL_EL0", UINT32_MAX); /* -1: in the past */
    g_assert_true(lines[ARM_TIMER_VIRT].level);
    put(cpu, "CNTV_CVAL_EL0", UINT64_MAX); /* never, and no overflow on the way */
    g_assert_false(lines[ARM_TIMER_VIRT].level);
    fake_pass(INT64_C(1) << 40);
    g_assert_false(lines[ARM_TIMER_VIRT].level);
}

/* A change of CNTVOFF moves the virtual timer. */
static void offset(void)
{
    ArmCpu *cpu = start();

    cpu->has_el2 = 1;
    put(cpu, "CNTV_CVAL_EL0", get(cpu, "CNTPCT_EL0"));
    put(cpu, "CNTV_CTL_EL0", 1);
    g_assert_true(lines[ARM_TIMER_VIRT].level);
    put(cpu, "CNTVOFF_EL2", 50);
    g_assert_false(lines[ARM_TIMER_VIRT].level);
    fake_pass(50 * 16);
    g_assert_true(lines[ARM_TIMER_VIRT].level);
}

/* A host kernel's CNTP and CNTV are those of EL2; the guest's have names of their own. */
static void host_names(void)
{
    ArmCpu *cpu = start();

    cpu->has_el2 = cpu->has_vhe = 1;
    cpu->el = 2;
    g_assert_false(allowed(cpu, "CNTP_CTL_EL02"));
    g_assert_cmpuint(bench.undefined, ==, 1);
    cpu->hcr = E2H;
    g_assert_true(allowed(cpu, "CNTP_CTL_EL02"));
    put(cpu, "CNTP_CVAL_EL0", 1);
    put(cpu, "CNTV_CVAL_EL0", 2);
    put(cpu, "CNTP_CVAL_EL02", 3);
    put(cpu, "CNTV_CVAL_EL02", 4);
    g_assert_cmpuint(cpu->timer[ARM_TIMER_HYP].cval, ==, 1);
    g_assert_cmpuint(cpu->timer[ARM_TIMER_HVIRT].cval, ==, 2);
    g_assert_cmpuint(cpu->timer[ARM_TIMER_PHYS].cval, ==, 3);
    g_assert_cmpuint(cpu->timer[ARM_TIMER_VIRT].cval, ==, 4);
    cpu->el = 1;
    g_assert_cmpuint(get(cpu, "CNTP_CVAL_EL0"), ==, 3);
}

static void traps(void)
{
    ArmCpu *cpu = start();

    g_assert_true(allowed(cpu, "CNTPCT_EL0"));
    cpu->el = 0;
    g_assert_false(allowed(cpu, "CNTVCT_EL0"));
    g_assert_cmpuint(bench.trapped, ==, 1);
    cpu->cntkctl = 1u << 1;
    g_assert_true(allowed(cpu, "CNTVCT_EL0"));
    g_assert_true(allowed(cpu, "CNTFRQ_EL0"));
    g_assert_false(allowed(cpu, "CNTPCT_EL0"));
    g_assert_false(allowed(cpu, "CNTV_CTL_EL0"));
    cpu->cntkctl = 1u << 8 | 1u << 9;
    g_assert_true(allowed(cpu, "CNTV_CTL_EL0"));
    g_assert_true(allowed(cpu, "CNTP_CTL_EL0"));
    g_assert_false(allowed(cpu, "CNTFRQ_EL0"));
    cpu->has_el2 = cpu->has_vhe = 1;
    cpu->cnthctl = 1; /* EL1PCTEN alone */
    g_assert_false(allowed(cpu, "CNTP_CTL_EL0"));
    g_assert_cmpuint(bench.trapped, ==, 2);
    g_assert_true(allowed(cpu, "CNTV_CTL_EL0"));
    cpu->el = 1;
    g_assert_true(allowed(cpu, "CNTPCT_EL0"));
    cpu->hcr = E2H; /* the same bits are elsewhere */
    g_assert_false(allowed(cpu, "CNTPCT_EL0"));
    cpu->cnthctl = 1u << 10;
    g_assert_true(allowed(cpu, "CNTPCT_EL0"));
    cpu->el = 0;
    cpu->hcr = E2H | TGE;
    g_assert_false(allowed(cpu, "CNTVCT_EL0"));
    g_assert_cmpuint(bench.trapped, ==, 2);
    cpu->cnthctl = 2;
    g_assert_true(allowed(cpu, "CNTVCT_EL0"));
}

/* Registers that were set from outside: the main thread drives what is wrong. */
static void written(void)
{
    ArmCpu *cpu = start();

    cpu->timer[ARM_TIMER_PHYS].ctl = 1;
    cpu->timer[ARM_TIMER_PHYS].cval = 0;
    cpu->timer[ARM_TIMER_VIRT].ctl = 1;
    cpu->timer[ARM_TIMER_VIRT].cval = arm_count(cpu) + 10;
    arm_timers_update(cpu);
    g_assert_false(lines[ARM_TIMER_PHYS].level);
    fake_pass(0);
    g_assert_true(lines[ARM_TIMER_PHYS].level);
    fake_pass(160);
    g_assert_true(lines[ARM_TIMER_VIRT].level);
}

static int64_t call(ArmCpu *cpu, uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
    cpu->x[0] = UINT64_C(0x5555555500000000) | function;
    cpu->x[1] = a;
    cpu->x[2] = b;
    cpu->x[3] = c;
    g_assert_true(arm_psci_call(cpu));
    return (int64_t)cpu->x[0];
}

static void psci_turns_on(void)
{
    ArmCpu *cpu = start(), *other = &bench.cpu[1];

    g_assert_cmpint(call(cpu, 0x84000000, 0, 0, 0), ==, 0x10001);
    g_assert_cmpint(call(cpu, 0xc4000004, 0x100, 0, 0), ==, 1);
    g_assert_cmpint(call(cpu, 0xc4000003, 0x200, 0x40000000, 7), ==, -2);
    g_assert_cmpint(call(cpu, 0xc4000003, 0x100, 0x40000002, 7), ==, -9);
    g_assert_cmpint(call(cpu, 0xc4000003, 0, 0x40000000, 7), ==, -4);
    g_assert_cmpint(call(cpu, 0xc4000003, 0x100, UINT64_C(0x140000000), 7), ==, 0);
    g_assert_cmpint(call(cpu, 0xc4000003, 0x100, 0x40000000, 8), ==, -5);
    g_assert_cmpint(call(cpu, 0xc4000004, 0x100, 0, 0), ==, 2);
    g_assert_true(bench.powered[1]);
    g_assert_true(arm_psci_start(other));
    g_assert_false(arm_psci_start(other));
    g_assert_cmphex(other->base.pc, ==, UINT64_C(0x140000000));
    g_assert_cmpuint(other->x[0], ==, 7);
    g_assert_cmpuint(other->base.halted, ==, 0);
    g_assert_cmpuint(other->start_powered_off, ==, 1);
    g_assert_cmpint(call(cpu, 0x84000004, UINT64_C(0xff00000000000100), 0, 0), ==, 0);
    call(other, 0x84000002, 0, 0, 0);
    g_assert_false(bench.powered[1]);
    g_assert_cmpuint(other->powered_off, ==, 1);
    g_assert_cmpuint(other->base.halted, ==, 1);
}

/* A reset of the machine between CPU_ON and the start takes the start back. */
static void psci_reset_between(void)
{
    ArmCpu *cpu = start(), *other = &bench.cpu[1];

    g_assert_cmpint(call(cpu, 0xc4000003, 0x100, 0x40000000, 7), ==, 0);
    other->powered_off = 1;
    g_assert_false(arm_psci_start(other));
    g_assert_cmpuint(other->powered_off, ==, 1);
}

static void psci_others(void)
{
    ArmCpu *cpu = start();

    bench.has_work = TRUE;
    g_assert_cmpint(call(cpu, 0xc4000001, 0x10000, 0, 0), ==, 0);
    g_assert_cmpuint(cpu->base.halted, ==, 0);
    bench.has_work = FALSE;
    g_assert_cmpint(call(cpu, 0x84000001, 0, 0, 0), ==, 0);
    g_assert_cmpuint(cpu->base.halted, ==, 1);
    g_assert_cmpint(call(cpu, 0xc4000001, 0xffffffff, 0, 0), ==, -2);
    g_assert_cmpint(call(cpu, 0x84000006, 0, 0, 0), ==, 2);
    g_assert_cmpint(call(cpu, 0x8400000a, 0x84000008, 0, 0), ==, 0);
    g_assert_cmpint(call(cpu, 0x8400000a, 0xc4000008, 0, 0), ==, -1);
    g_assert_cmpint(call(cpu, 0x8400000a, 0x80000000, 0, 0), ==, 0);
    g_assert_cmpint(call(cpu, 0x80000000, 0, 0, 0), ==, 0x10001);
    g_assert_cmpint(call(cpu, 0x80000001, 0x80008000, 0, 0), ==, 1);
    g_assert_cmpint(call(cpu, 0x80000001, 0x84000050, 0, 0), ==, -1);
    g_assert_cmpint(call(cpu, 0x12345678, 0, 0, 0), ==, -1);
    call(cpu, 0x84000009, 0, 0, 0);
    g_assert_cmpint(fake.reset, ==, 1);
    call(cpu, 0xc4000012, 0, 0, 0);
    g_assert_cmpint(fake.reset, ==, 2);
    g_assert_cmpint(call(cpu, 0xc4000012, 0x80000000, 0, 0), ==, -1);
    call(cpu, 0x84000008, 0, 0, 0);
    g_assert_cmpint(fake.shutdown, ==, 1);
    cpu->machine = NULL;
    g_assert_false(arm_psci_call(cpu));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arm-timer/counts", counts);
    g_test_add_func("/arm-timer/fires", fires);
    g_test_add_func("/arm-timer/offset", offset);
    g_test_add_func("/arm-timer/host-names", host_names);
    g_test_add_func("/arm-timer/traps", traps);
    g_test_add_func("/arm-timer/written", written);
    g_test_add_func("/arm-psci/turns-on", psci_turns_on);
    g_test_add_func("/arm-psci/reset-between", psci_reset_between);
    g_test_add_func("/arm-psci/others", psci_others);
    return g_test_run();
}
