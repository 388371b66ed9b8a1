/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware calls that turn PEs on and off: PSCI 1.1 (Arm DEN 0022), under the SMC Calling
 * Convention (Arm DEN 0028). The host is the firmware; which instruction reaches it is the board's
 * choice.
 *
 * CPU_ON takes a PE from OFF to PENDING, leaves it where to start, and turns it on. The PE's own
 * thread starts it, where it would take an interrupt: so when CPUs run in turns, it is always the
 * same instruction of the others at which the new one comes.
 */
#include "modules/arm/module.h"
#include "modules/arm/system.h"

/* DEN 0022, 5.1: function numbers; bit 30 marks those with 64-bit arguments. */
#define SMC64             0x40000000u
#define FN_VERSION        0x84000000u
#define FN_CPU_SUSPEND    0x84000001u
#define FN_CPU_OFF        0x84000002u
#define FN_CPU_ON         0x84000003u
#define FN_AFFINITY_INFO  0x84000004u
#define FN_MIGRATE_INFO   0x84000006u
#define FN_SYSTEM_OFF     0x84000008u
#define FN_SYSTEM_RESET   0x84000009u
#define FN_FEATURES       0x8400000au
#define FN_SYSTEM_RESET2  0x84000012u
#define FN_SMCCC_VERSION  0x80000000u /* DEN 0028, 7 */
#define FN_ARCH_FEATURES  0x80000001u
#define FN_WORKAROUND_1   0x80008000u
#define FN_WORKAROUND_2   0x80007fffu
#define FN_WORKAROUND_3   0x80003fffu
#define VERSION_1_1       0x10001u
#define NO_TRUSTED_OS     2u          /* MIGRATE_INFO_TYPE: nothing that could migrate */
#define POWER_STATE_KNOWN 0x03010000u /* CPU_SUSPEND: StateType and level; the number is 0 */

/* DEN 0022, 5.2.2 */
#define SUCCESS            0
#define NOT_SUPPORTED      (-1)
#define INVALID_PARAMETERS (-2)
#define ALREADY_ON         (-4)
#define ON_PENDING         (-5)
#define INVALID_ADDRESS    (-9)

#define AFFINITY UINT64_C(0xff00ffffff)

static ArmCpu *find(const ArmCpu *cpu, uint64_t affinity)
{
    const TargetServices *services = arm_services(cpu);
    QhCpu *other;

    for (uint32_t i = 0; (other = services->cpu->by_index(services->host, i)) != NULL; i++) {
        if (other->ctx == cpu->base.ctx && (arm_cpu(other)->mpidr & AFFINITY) == affinity) {
            return arm_cpu(other);
        }
    }
    return NULL;
}

/* As after a reset, at the highest level, which is where the caller's OS starts (DEN 0022, 6.4). */
gboolean arm_psci_start(ArmCpu *cpu)
{
    const TargetServices *services = arm_services(cpu);

    if (__atomic_load_n(&cpu->powered_off, __ATOMIC_ACQUIRE) != ARM_POWER_PENDING) {
        return FALSE;
    }
    services->device->lock(cpu->machine);
    cpu->start_powered_off = 0; /* so that nobody sees it off again, and turns it on twice */
    arm64_cpu_ops.reset(&cpu->base);
    cpu->start_powered_off = 1;
    services->device->unlock(cpu->machine);
    services->cpu->tlb_flush(&cpu->base, UINT32_MAX);
    cpu->base.pc = cpu->on_pc;
    cpu->x[0] = cpu->on_context;
    cpu->base.halted = 0;
    return TRUE;
}

static int64_t cpu_on(ArmCpu *cpu, uint64_t affinity, uint64_t pc, uint64_t context)
{
    ArmCpu *other = find(cpu, affinity);
    uint32_t state = ARM_POWER_OFF;

    if (other == NULL || affinity & ~AFFINITY) {
        return INVALID_PARAMETERS;
    }
    if (pc & 3) {
        return INVALID_ADDRESS;
    }
    if (!__atomic_compare_exchange_n(&other->powered_off, &state, ARM_POWER_PENDING, FALSE,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return state == ARM_POWER_ON ? ALREADY_ON : ON_PENDING;
    }
    other->on_pc = pc;
    other->on_context = context;
    arm_services(cpu)->cpu->power(&other->base, TRUE);
    return SUCCESS;
}

/* The PE runs no further. */
static void stand_still(ArmCpu *cpu)
{
    cpu->base.halted = 1;
    arm_services(cpu)->cpu->power(&cpu->base, FALSE);
}

/* Who sees it off may turn it on again at once, so that comes last. */
static int64_t cpu_off(ArmCpu *cpu)
{
    stand_still(cpu);
    __atomic_store_n(&cpu->powered_off, ARM_POWER_OFF, __ATOMIC_RELEASE);
    return SUCCESS;
}

/* Power-down is done as standby, which an implementation may always do (5.4.5): the call returns
 * when an interrupt comes. */
static int64_t suspend(ArmCpu *cpu, uint64_t power_state)
{
    if (power_state & ~(uint64_t)POWER_STATE_KNOWN) {
        return INVALID_PARAMETERS;
    }
    cpu->base.halted = !arm_has_work(cpu);
    return SUCCESS;
}

static int64_t affinity_info(const ArmCpu *cpu, uint64_t affinity, uint64_t lowest_level)
{
    const ArmCpu *other = find(cpu, affinity);

    if (other == NULL || lowest_level != 0) {
        return INVALID_PARAMETERS;
    }
    return __atomic_load_n(&other->powered_off, __ATOMIC_ACQUIRE);
}

static int64_t system_off(ArmCpu *cpu)
{
    arm_services(cpu)->machine->request_shutdown(cpu->machine, QH_SHUTDOWN_GUEST_SHUTDOWN, 0);
    stand_still(cpu);
    return SUCCESS;
}

static int64_t system_reset(ArmCpu *cpu)
{
    arm_services(cpu)->machine->request_reset(cpu->machine, QH_SHUTDOWN_GUEST_RESET);
    stand_still(cpu);
    return SUCCESS;
}

static int64_t psci_features(uint32_t function)
{
    switch (function & ~SMC64) {
    case FN_CPU_SUSPEND: /* original format of power_state, no OS-initiated mode */
    case FN_CPU_ON:
    case FN_AFFINITY_INFO:
    case FN_SYSTEM_RESET2:
        return 0;
    case FN_VERSION:
    case FN_CPU_OFF:
    case FN_MIGRATE_INFO:
    case FN_SYSTEM_OFF:
    case FN_SYSTEM_RESET:
    case FN_FEATURES:
    case FN_SMCCC_VERSION:
        return function & SMC64 ? NOT_SUPPORTED : 0;
    default:
        return NOT_SUPPORTED;
    }
}

/* DEN 0028, 7.4: the workarounds are there, and 1 says that this PE does not need them. */
static int64_t arch_features(uint32_t function)
{
    switch (function) {
    case FN_SMCCC_VERSION:
    case FN_ARCH_FEATURES:
        return 0;
    case FN_WORKAROUND_1:
    case FN_WORKAROUND_2:
    case FN_WORKAROUND_3:
        return 1;
    default:
        return NOT_SUPPORTED;
    }
}

/* Functions whose arguments are 32 bits wide, whatever the registers hold. */
static int64_t call(ArmCpu *cpu, uint32_t function, const uint64_t arg[3])
{
    switch (function) {
    case FN_VERSION:
    case FN_SMCCC_VERSION:
        return VERSION_1_1;
    case FN_CPU_OFF:
        return cpu_off(cpu);
    case FN_MIGRATE_INFO:
        return NO_TRUSTED_OS;
    case FN_SYSTEM_OFF:
        return system_off(cpu);
    case FN_SYSTEM_RESET:
        return system_reset(cpu);
    case FN_FEATURES:
        return psci_features((uint32_t)arg[0]);
    case FN_ARCH_FEATURES:
        return arch_features((uint32_t)arg[0]);
    case FN_WORKAROUND_1:
    case FN_WORKAROUND_2:
    case FN_WORKAROUND_3:
        return SUCCESS;
    default:
        break;
    }
    switch (function & ~SMC64) {
    case FN_CPU_SUSPEND:
        return suspend(cpu, arg[0]);
    case FN_CPU_ON:
        return cpu_on(cpu, arg[0], arg[1], arg[2]);
    case FN_AFFINITY_INFO:
        return affinity_info(cpu, arg[0], arg[1]);
    case FN_SYSTEM_RESET2: /* only SYSTEM_WARM_RESET, number 0, is defined (5.16) */
        return arg[0] == 0 ? system_reset(cpu) : NOT_SUPPORTED;
    default:
        return NOT_SUPPORTED;
    }
}

gboolean arm_psci_call(ArmCpu *cpu)
{
    uint32_t function = (uint32_t)cpu->x[0];
    uint64_t mask = function & SMC64 ? UINT64_MAX : UINT32_MAX;
    const uint64_t arg[3] = {cpu->x[1] & mask, cpu->x[2] & mask, cpu->x[3] & mask};

    if (cpu->machine == NULL) {
        return FALSE;
    }
    cpu->x[0] = (uint64_t)call(cpu, function, arg);
    return TRUE;
}
