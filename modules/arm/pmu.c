/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Performance monitors: pmu.h. All counters are brought up to date together: pm_cycles and pm_insns
 * say up to when that was last done, which a change of level does, too, because filters look at it.
 * Cycles are nanoseconds of guest time, instructions what the host counts or estimates.
 */
#include "pmu.h"

#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

#define CYCLE_COUNTER 31u
#define BIT(n)        (UINT64_C(1) << (n))

/* PMCR_EL0 (Arm D19.5.10) */
#define PMCR_E    BIT(0)
#define PMCR_P    BIT(1)
#define PMCR_C    BIT(2)
#define PMCR_LC   BIT(6)
#define PMCR_BITS (PMCR_E | BIT(3) | BIT(4) | BIT(5))

/* Events (D13.11) */
#define EVENT_SW_INCR 0x00u
#define EVENT_INSNS   0x08u
#define EVENT_CYCLES  0x11u
#define EVENT_BITS    UINT64_C(0xffff)
#define FILTER_P      BIT(31) /* not at EL1 */
#define FILTER_U      BIT(30) /* not at EL0 */
#define FILTER_NSH    BIT(27) /* at EL2 */
#define FILTER_BITS   UINT64_C(0xfe000000)

/* PMUSERENR_EL0 */
#define USER_EN 1u
#define USER_SW 2u
#define USER_CR 4u
#define USER_ER 8u

#define MDCR_TPMCR BIT(5)
#define MDCR_TPM   BIT(6)

/* The soonest that a counter of instructions is looked at again. */
#define LOOK_NS 100000

static uint64_t now_ns(const ArmCpu *cpu)
{
    const TargetServices *services = arm_services(cpu);

    return (uint64_t)services->timer->now(services->host, QH_CLOCK_VIRTUAL);
}

/* Counters that there are, as bits. */
static uint64_t counters(const ArmCpu *cpu)
{
    return (BIT(cpu->n_counters) - 1) | BIT(CYCLE_COUNTER);
}

static uint64_t counting(const ArmCpu *cpu)
{
    return cpu->pmcr & PMCR_E ? cpu->pmcnten & counters(cpu) : 0;
}

/* Whether a counter of @type stands still at the level that runs (D13.5). */
static gboolean is_filtered(const ArmCpu *cpu, uint64_t type)
{
    return cpu->el == 0   ? (type & FILTER_U) != 0
           : cpu->el == 1 ? (type & FILTER_P) != 0
                          : (type & FILTER_NSH) == 0;
}

/* Event counters have 32 bits. */
static void add_event(ArmCpu *cpu, uint32_t n, uint64_t by)
{
    uint64_t sum = (cpu->pmevcntr[n] & UINT32_MAX) + by;

    cpu->pmevcntr[n] = sum & UINT32_MAX;
    if (sum > UINT32_MAX) {
        cpu->pmovs |= BIT(n);
    }
}

/* The cycle counter overflows from bit 63, or with LC clear from bit 31. */
static void add_cycles(ArmCpu *cpu, uint64_t by)
{
    uint64_t sum = cpu->pmccntr + by;
    gboolean over = cpu->pmcr & PMCR_LC ? sum < by : sum >> 32 != cpu->pmccntr >> 32;

    cpu->pmccntr = sum;
    if (over) {
        cpu->pmovs |= BIT(CYCLE_COUNTER);
    }
}

/* Add what has happened since the last time. */
static void bring_up_to_date(ArmCpu *cpu)
{
    uint64_t cycles = now_ns(cpu);
    uint64_t insns = arm_services(cpu)->cpu->icount(&cpu->base);
    uint64_t new_cycles = cycles - cpu->pm_cycles, new_insns = insns - cpu->pm_insns;
    uint64_t bits = counting(cpu) & (BIT(CYCLE_COUNTER) - 1);

    cpu->pm_cycles = cycles;
    cpu->pm_insns = insns;
    for (; bits != 0; bits &= bits - 1) {
        uint32_t n = (uint32_t)__builtin_ctzll(bits);
        uint32_t event = (uint32_t)(cpu->pmevtyper[n] & EVENT_BITS);

        if (!is_filtered(cpu, cpu->pmevtyper[n]) &&
            (event == EVENT_INSNS || event == EVENT_CYCLES)) {
            add_event(cpu, n, event == EVENT_INSNS ? new_insns : new_cycles);
        }
    }
    if ((counting(cpu) & BIT(CYCLE_COUNTER)) && !is_filtered(cpu, cpu->pmccfiltr)) {
        add_cycles(cpu, new_cycles);
    }
}

/* Nanoseconds until the first overflow that interrupts; an instruction takes at least one. */
static uint64_t soonest(const ArmCpu *cpu)
{
    uint64_t bits = counting(cpu) & cpu->pminten & ~cpu->pmovs;
    uint64_t wait = UINT64_MAX;

    for (; bits != 0; bits &= bits - 1) {
        uint32_t n = (uint32_t)__builtin_ctzll(bits);

        if (is_filtered(cpu, n == CYCLE_COUNTER ? cpu->pmccfiltr : cpu->pmevtyper[n])) {
            continue;
        }
        if (n == CYCLE_COUNTER) {
            wait = MIN(wait, cpu->pmcr & PMCR_LC ? ~cpu->pmccntr
                                                 : UINT32_MAX - (cpu->pmccntr & UINT32_MAX));
        } else if ((cpu->pmevtyper[n] & EVENT_BITS) == EVENT_CYCLES) {
            wait = MIN(wait, UINT32_MAX - cpu->pmevcntr[n]);
        } else if ((cpu->pmevtyper[n] & EVENT_BITS) == EVENT_INSNS) {
            wait = MIN(wait, MAX(UINT32_MAX - cpu->pmevcntr[n], LOOK_NS));
        }
    }
    return wait;
}

/* The line and the timer as the registers now have it. */
static void refresh(ArmCpu *cpu)
{
    const TargetServices *services = arm_services(cpu);
    gboolean high = (cpu->pmcr & PMCR_E) && (cpu->pmovs & cpu->pminten & counters(cpu)) != 0;
    uint64_t wait = soonest(cpu);

    if (cpu->machine != NULL && cpu->pm_line != (uint32_t)high) {
        cpu->pm_line = high;
        services->device->lock(cpu->machine);
        services->device->irq_set(cpu->pmu_irq, high);
        services->device->unlock(cpu->machine);
    }
    if (cpu->system->pmu_timer == NULL) {
        return;
    }
    if (wait > INT64_MAX - cpu->pm_cycles - 1) {
        services->timer->disarm(cpu->system->pmu_timer);
    } else {
        services->timer->arm(cpu->system->pmu_timer, (int64_t)(cpu->pm_cycles + wait + 1));
    }
}

static void look(QhCpu *base, void *data)
{
    ArmCpu *cpu = arm_cpu(base);

    (void)data;
    bring_up_to_date(cpu);
    refresh(cpu);
}

/* On the main thread; the registers are the PE's. */
static void expired(void *opaque)
{
    ArmCpu *cpu = opaque;

    arm_services(cpu)->cpu->run_on(&cpu->base, look, NULL);
}

void arm_pmu_set_level(ArmCpu *cpu, uint32_t el)
{
    bring_up_to_date(cpu);
    cpu->el = el;
    refresh(cpu);
}

gboolean arm_pmu_realize(ArmCpu *cpu, GError **error)
{
    const TargetServices *services = arm_services(cpu);

    (void)error;
    if (cpu->pmu) {
        cpu->system->pmu_timer =
            services->timer->timer_new(services->host, QH_CLOCK_VIRTUAL, expired, cpu);
    }
    return TRUE;
}

void arm_pmu_unrealize(ArmCpu *cpu)
{
    if (cpu->system != NULL) {
        arm_services(cpu)->timer->timer_free(cpu->system->pmu_timer);
        cpu->system->pmu_timer = NULL;
    }
}

void arm_pmu_reset(ArmCpu *cpu)
{
    cpu->pmcr = PMCR_LC;
    cpu->pmcnten = cpu->pminten = cpu->pmovs = cpu->pmuserenr = 0;
    if (cpu->pm_line != 0) {
        cpu->pm_line = 0;
        arm_services(cpu)->device->irq_set(cpu->pmu_irq, FALSE);
    }
    if (cpu->system->pmu_timer != NULL) {
        arm_services(cpu)->timer->disarm(cpu->system->pmu_timer);
    }
}

/* What lets EL0 in besides EN, by register. */
static uint32_t user_bits(const ArmSysreg *reg, gboolean write)
{
    switch (reg->encoding) {
    case ARM_SYSREG(3, 3, 9, 12, 4): /* PMSWINC */
        return USER_EN | USER_SW;
    case ARM_SYSREG(3, 3, 9, 13, 0): /* PMCCNTR */
        return write ? USER_EN : USER_EN | USER_CR;
    case ARM_SYSREG(3, 3, 9, 12, 5): /* PMSELR */
        return USER_EN | USER_ER;
    case ARM_SYSREG(3, 3, 9, 13, 2): /* PMXEVCNTR */
        return write ? USER_EN : USER_EN | USER_ER;
    default:
        return (reg->encoding >> 6 & 0x1ff) == (ARM_SYSREG(0, 3, 14, 8, 0) >> 6 & 0x1ff) && !write
                   ? USER_EN | USER_ER
                   : USER_EN;
    }
}

static gboolean trap(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    uint64_t bits = MDCR_TPM | (reg->encoding == ARM_SYSREG(3, 3, 9, 12, 0) ? MDCR_TPMCR : 0);
    gboolean is_userenr = reg->encoding == ARM_SYSREG(3, 3, 9, 14, 0);

    if (cpu->el == 0 && (is_userenr ? write : !(cpu->pmuserenr & user_bits(reg, write)))) {
        gboolean to_host = (arm_hcr(cpu) & ARM_HCR_TGE) != 0;

        return arm_sysreg_trap_to(cpu, reg, write, to_host ? 2 : 1);
    }
    if (cpu->has_el2 && cpu->el < 2 && (cpu->mdcr_el2 & bits) != 0) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

static gboolean needs_pmu(const ArmCpu *cpu)
{
    return cpu->pmu != 0;
}

/* The bits that a pair of registers sets and clears. */
static uint64_t *set_of(ArmCpu *cpu, const ArmSysreg *reg)
{
    return (uint64_t *)((char *)cpu + reg->offset);
}

static gboolean read_set(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    bring_up_to_date(cpu);
    *ret_value = *set_of(cpu, reg) & counters(cpu);
    return TRUE;
}

static gboolean write_set(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    bring_up_to_date(cpu);
    *set_of(cpu, reg) |= value & counters(cpu);
    refresh(cpu);
    return TRUE;
}

static gboolean write_clear(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    bring_up_to_date(cpu);
    *set_of(cpu, reg) &= ~value;
    refresh(cpu);
    return TRUE;
}

static gboolean read_pmcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = (cpu->pmcr & (PMCR_BITS | PMCR_LC)) | (uint64_t)cpu->n_counters << 11 |
                 (cpu->id.midr & 0xff000000);
    return TRUE;
}

static gboolean write_pmcr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    bring_up_to_date(cpu);
    cpu->pmcr = (value & PMCR_BITS) | PMCR_LC; /* fixed where there is no AArch32 */
    if (value & PMCR_C) {
        cpu->pmccntr = 0;
    }
    for (uint32_t n = 0; (value & PMCR_P) && n < cpu->n_counters; n++) {
        cpu->pmevcntr[n] = 0;
    }
    refresh(cpu);
    return TRUE;
}

static gboolean write_swinc(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    bring_up_to_date(cpu);
    for (uint64_t bits = value & counting(cpu) & (BIT(CYCLE_COUNTER) - 1); bits != 0;
         bits &= bits - 1) {
        uint32_t n = (uint32_t)__builtin_ctzll(bits);

        if ((cpu->pmevtyper[n] & EVENT_BITS) == EVENT_SW_INCR &&
            !is_filtered(cpu, cpu->pmevtyper[n])) {
            add_event(cpu, n, 1);
        }
    }
    refresh(cpu);
    return TRUE;
}

static gboolean read_ceid(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)cpu;
    *ret_value = reg->mask;
    return TRUE;
}

/* The counter that an access is about: by the register's number, or PMSELR. */
static uint32_t selected(const ArmCpu *cpu, const ArmSysreg *reg)
{
    if ((reg->encoding >> 7 & 15) != 14) {
        return (uint32_t)cpu->pmselr & 0x1f;
    }
    return reg->encoding & 0x1f; /* CRm<1:0>:op2 */
}

static uint64_t *counter(ArmCpu *cpu, uint32_t n)
{
    return n == CYCLE_COUNTER ? &cpu->pmccntr : &cpu->pmevcntr[n];
}

static uint64_t *type(ArmCpu *cpu, uint32_t n)
{
    return n == CYCLE_COUNTER ? &cpu->pmccfiltr : &cpu->pmevtyper[n];
}

/* A number without a counter reads as zero (CONSTRAINED UNPREDICTABLE). */
static gboolean exists(const ArmCpu *cpu, uint32_t n)
{
    return (counters(cpu) >> n & 1) != 0;
}

static gboolean read_counter(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    uint32_t n = selected(cpu, reg);

    bring_up_to_date(cpu);
    refresh(cpu);
    *ret_value = exists(cpu, n) && n != CYCLE_COUNTER ? *counter(cpu, n) : 0;
    return TRUE;
}

static gboolean write_counter(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    uint32_t n = selected(cpu, reg);

    bring_up_to_date(cpu);
    if (exists(cpu, n) && n != CYCLE_COUNTER) {
        *counter(cpu, n) = value & UINT32_MAX;
    }
    refresh(cpu);
    return TRUE;
}

static gboolean read_cycles(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    bring_up_to_date(cpu);
    refresh(cpu);
    *ret_value = cpu->pmccntr;
    return TRUE;
}

static gboolean write_cycles(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    bring_up_to_date(cpu);
    cpu->pmccntr = value;
    refresh(cpu);
    return TRUE;
}

static gboolean read_type(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    uint32_t n = selected(cpu, reg);

    *ret_value = exists(cpu, n) ? *type(cpu, n) : 0;
    return TRUE;
}

static gboolean write_type(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    uint32_t n = selected(cpu, reg);

    bring_up_to_date(cpu);
    if (exists(cpu, n)) {
        *type(cpu, n) = value & (n == CYCLE_COUNTER ? FILTER_BITS : FILTER_BITS | EVENT_BITS);
    }
    refresh(cpu);
    return TRUE;
}

#define RW1 (ARM_R1 | ARM_R2 | ARM_R3 | ARM_W1 | ARM_W2 | ARM_W3)
#define RO0 (ARM_R0 | ARM_R1 | ARM_R2 | ARM_R3)
#define WO0 (ARM_W0 | ARM_W1 | ARM_W2 | ARM_W3)
#define RW0 (RO0 | WO0)

#define ROW(name_, op1, crn, crm, op2, rights_, read_, write_, member, mask_)                      \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(3, op1, crn, crm, op2), .rights = (rights_),         \
        .needs = needs_pmu, .trap = trap, .read = (read_), .write = (write_),                      \
        .offset = offsetof(ArmCpu, member), .mask = (mask_),                                       \
    }
#define SET(name_, op1, crm, op2, rights_, write_, member)                                         \
    ROW(name_, op1, 9, crm, op2, rights_, read_set, write_, member, 0)
#define EVENT(n)                                                                                   \
    ROW("PMEVCNTR" #n "_EL0", 3, 14, 8 + n / 8, n % 8, RW0, read_counter, write_counter, pmcr, 0), \
        ROW("PMEVTYPER" #n "_EL0", 3, 14, 12 + n / 8, n % 8, RW0, read_type, write_type, pmcr, 0)

const ArmSysreg arm_sysregs_pmu[] = {
    SET("PMINTENSET_EL1", 0, 14, 1, RW1, write_set, pminten),
    SET("PMINTENCLR_EL1", 0, 14, 2, RW1, write_clear, pminten),
    ROW("PMMIR_EL1", 0, 9, 14, 6, ARM_R1 | ARM_R2 | ARM_R3, read_ceid, NULL, pmcr, 0),
    ROW("PMCR_EL0", 3, 9, 12, 0, RW0, read_pmcr, write_pmcr, pmcr, 0),
    SET("PMCNTENSET_EL0", 3, 12, 1, RW0, write_set, pmcnten),
    SET("PMCNTENCLR_EL0", 3, 12, 2, RW0, write_clear, pmcnten),
    SET("PMOVSCLR_EL0", 3, 12, 3, RW0, write_clear, pmovs),
    ROW("PMSWINC_EL0", 3, 9, 12, 4, WO0, NULL, write_swinc, pmcr, 0),
    ROW("PMSELR_EL0", 3, 9, 12, 5, RW0, NULL, NULL, pmselr, 0x1f),
    ROW("PMCEID0_EL0",
        3,
        9,
        12,
        6,
        RO0,
        read_ceid,
        NULL,
        pmcr,
        BIT(EVENT_SW_INCR) | BIT(EVENT_INSNS) | BIT(EVENT_CYCLES)),
    ROW("PMCEID1_EL0", 3, 9, 12, 7, RO0, read_ceid, NULL, pmcr, 0),
    ROW("PMCCNTR_EL0", 3, 9, 13, 0, RW0, read_cycles, write_cycles, pmccntr, 0),
    ROW("PMXEVTYPER_EL0", 3, 9, 13, 1, RW0, read_type, write_type, pmcr, 0),
    ROW("PMXEVCNTR_EL0", 3, 9, 13, 2, RW0, read_counter, write_counter, pmcr, 0),
    ROW("PMUSERENR_EL0", 3, 9, 14, 0, RW0, NULL, NULL, pmuserenr, 15),
    SET("PMOVSSET_EL0", 3, 14, 3, RW0, write_set, pmovs),
    EVENT(0),
    EVENT(1),
    EVENT(2),
    EVENT(3),
    EVENT(4),
    EVENT(5),
    EVENT(6),
    EVENT(7),
    ROW("PMCCFILTR_EL0", 3, 14, 15, 7, RW0, read_type, write_type, pmccfiltr, 0),
    {.name = NULL},
};
