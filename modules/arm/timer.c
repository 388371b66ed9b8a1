/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generic timers (Arm D12): one counter for all PEs, and four timers of each PE that compare it
 * with a value. A timer's line is high while its condition is met and CTL says ENABLE and not
 * IMASK; it leads to a PPI.
 *
 * The registers belong to the PE, but the host's timer, on the main thread, looks at them when the
 * condition becomes true. So they are written under the device lock, under which lines are driven,
 * too; the PE reads them without.
 */
#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"
#include "modules/support/ticks.h"

/* CNT*_CTL (Arm D19 "CNTP_CTL_EL0") */
#define CTL_ENABLE  1u
#define CTL_IMASK   2u
#define CTL_ISTATUS 4u

/* CNTKCTL_EL1, and CNTHCTL_EL2 as a host's kernel has it (E2H) */
#define EL0PCTEN ARM_BIT(0)
#define EL0VCTEN ARM_BIT(1)
#define EL0VTEN  ARM_BIT(8)
#define EL0PTEN  ARM_BIT(9)

/* CNTHCTL_EL2: what EL1 may do, without E2H and with it */
#define EL1PCTEN      ARM_BIT(0)
#define EL1PCEN       ARM_BIT(1)
#define HOST_EL1PCTEN ARM_BIT(10)
#define HOST_EL1PTEN  ARM_BIT(11)
#define EL1TVT        ARM_BIT(13) /* FEAT_ECV */
#define EL1TVCT       ARM_BIT(14)

#define CNTKCTL_BITS UINT64_C(0x203ff)
#define CNTHCTL_BITS UINT64_C(0x3ffff)
#define CNTHCTL_ECV  UINT64_C(0x3f000)

static uint64_t host_bits(const ArmCpu *cpu)
{
    return arm_hcr(cpu) & (ARM_HCR_E2H | ARM_HCR_TGE);
}

/* EL0 of a hypervisor that is a kernel: EL2 rules over it, not EL1. */
static gboolean is_host_user(const ArmCpu *cpu)
{
    return cpu->el == 0 && host_bits(cpu) == (ARM_HCR_E2H | ARM_HCR_TGE);
}

static int64_t now(const ArmCpu *cpu)
{
    const TargetServices *services = arm_services(cpu);

    return services->timer->now(services->host, QH_CLOCK_VIRTUAL);
}

uint64_t arm_count(const ArmCpu *cpu)
{
    return support_ticks_at(now(cpu), cpu->cntfrq_hz);
}

/* What the virtual count is behind by, for a program that reads it (Arm D12.2.2): nothing for a
 * host kernel and its programs. */
static uint64_t virtual_offset(const ArmCpu *cpu)
{
    gboolean host = (cpu->el == 2 && host_bits(cpu) & ARM_HCR_E2H) || is_host_user(cpu);

    return cpu->has_el2 && !host ? cpu->cntvoff : 0;
}

static uint64_t timer_offset(const ArmCpu *cpu, uint32_t n)
{
    return n == ARM_TIMER_VIRT && cpu->has_el2 ? cpu->cntvoff : 0;
}

/* Arm D12.2.4.1: an unsigned comparison. */
static gboolean is_met(const ArmCpu *cpu, uint32_t n)
{
    return arm_count(cpu) - timer_offset(cpu, n) >= cpu->timer[n].cval;
}

/* When the condition, which is not met, will be, unless the count wraps around before. */
static int64_t due(const ArmCpu *cpu, uint32_t n)
{
    uint64_t count = arm_count(cpu);
    uint64_t wait = cpu->timer[n].cval - (count - timer_offset(cpu, n));

    return support_ticks_when((unsigned __int128)count + wait, cpu->cntfrq_hz);
}

/* Have the host call when timer @n is to raise its line; @high: it has. */
static void schedule(ArmCpu *cpu, uint32_t n, gboolean high)
{
    const QhTimerService *service = arm_services(cpu)->timer;
    QhTimer *timer = cpu->system->timer[n];
    int64_t when = INT64_MAX;

    if (!high && (cpu->timer[n].ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE) {
        when = due(cpu, n);
    }
    if (when == INT64_MAX) {
        service->disarm(timer);
    } else {
        service->arm(timer, when);
    }
}

#define LINE_UNKNOWN 2u

static gboolean wants_line(const ArmCpu *cpu, uint32_t n)
{
    return (cpu->timer[n].ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE && is_met(cpu, n);
}

/* The line and the host's timer as the registers now have it. Under the device lock. */
static void refresh(ArmCpu *cpu, uint32_t n)
{
    gboolean high = wants_line(cpu, n);

    if (cpu->system->timer_line[n] != high) {
        cpu->system->timer_line[n] = high != FALSE;
        arm_services(cpu)->device->irq_set(cpu->timer_irq[n], high);
    }
    schedule(cpu, n, high);
}

static void lock(const ArmCpu *cpu)
{
    if (cpu->machine != NULL) {
        arm_services(cpu)->device->lock(cpu->machine);
    }
}

static void unlock(const ArmCpu *cpu)
{
    if (cpu->machine != NULL) {
        arm_services(cpu)->device->unlock(cpu->machine);
    }
}

static void fire_phys(void *opaque)
{
    refresh(opaque, ARM_TIMER_PHYS);
}

static void fire_virt(void *opaque)
{
    refresh(opaque, ARM_TIMER_VIRT);
}

static void fire_hyp(void *opaque)
{
    refresh(opaque, ARM_TIMER_HYP);
}

static void fire_hvirt(void *opaque)
{
    refresh(opaque, ARM_TIMER_HVIRT);
}

gboolean arm_timers_realize(ArmCpu *cpu, GError **error)
{
    static void (*const fire[ARM_N_TIMERS])(void *) = {fire_phys, fire_virt, fire_hyp, fire_hvirt};
    const TargetServices *services = arm_services(cpu);

    if (cpu->cntfrq_hz == 0) {
        g_set_error_literal(error, QH_ERROR, QH_ERROR_INVALID,
                            "the generic timer needs a frequency (cntfrq) above 0");
        return FALSE;
    }
    for (uint32_t n = 0; n < ARM_N_TIMERS; n++) {
        cpu->system->timer[n] =
            services->timer->timer_new(services->host, QH_CLOCK_VIRTUAL, fire[n], cpu);
    }
    return TRUE;
}

void arm_timers_unrealize(ArmCpu *cpu)
{
    for (uint32_t n = 0; n < ARM_N_TIMERS; n++) {
        arm_services(cpu)->timer->timer_free(cpu->system->timer[n]);
        cpu->system->timer[n] = NULL;
    }
}

/* The counter goes on over a reset. CNTHCTL_EL2 lets EL1 use it until software says otherwise. */
void arm_timers_reset(ArmCpu *cpu)
{
    for (uint32_t n = 0; n < ARM_N_TIMERS; n++) {
        cpu->timer[n].ctl = 0;
        cpu->timer[n].cval = 0;
        refresh(cpu, n);
    }
    cpu->cntfrq = cpu->cntfrq_hz;
    cpu->cntkctl = cpu->cntvoff = 0;
    cpu->cnthctl = EL1PCTEN | EL1PCEN;
}

/* The caller may hold the device lock or not, and lines may have been restored to what they were
 * once, so the main thread drives them all. */
void arm_timers_update(ArmCpu *cpu)
{
    for (uint32_t n = 0; n < ARM_N_TIMERS; n++) {
        cpu->system->timer_line[n] = LINE_UNKNOWN;
        arm_services(cpu)->timer->arm(cpu->system->timer[n], now(cpu));
    }
}

static gboolean needs_el2(const ArmCpu *cpu)
{
    return cpu->has_el2;
}

static gboolean needs_vhe(const ArmCpu *cpu)
{
    return cpu->has_el2 && cpu->has_vhe;
}

static gboolean needs_ecv(const ArmCpu *cpu)
{
    return cpu->has_ecv;
}

/*
 * May this level use what @el0 of CNTKCTL opens to EL0, and @el1 of CNTHCTL (@host_el1 with E2H) to
 * EL1 and EL0? 0: CNTHCTL has no such bit. @closed: its bit closes instead.
 */
static gboolean check(ArmCpu *cpu,
                      const ArmSysreg *reg,
                      gboolean write,
                      uint64_t el0,
                      uint64_t el1,
                      uint64_t host_el1,
                      uint64_t closed)
{
    uint64_t host = host_bits(cpu);

    if (is_host_user(cpu)) {
        return cpu->cnthctl & el0 ? TRUE : arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    if (cpu->el == 0 && !(cpu->cntkctl & el0)) {
        return arm_sysreg_trap_to(cpu, reg, write, host & ARM_HCR_TGE ? 2 : 1);
    }
    if (cpu->el < 2 && cpu->has_el2) {
        uint64_t opens = host & ARM_HCR_E2H ? host_el1 : el1;

        if ((opens != 0 && !(cpu->cnthctl & opens)) ||
            (cpu->has_ecv && !(host & ARM_HCR_TGE) && cpu->cnthctl & closed)) {
            return arm_sysreg_trap_to(cpu, reg, write, 2);
        }
    }
    return TRUE;
}

static gboolean trap_frequency(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return check(cpu, reg, write, EL0PCTEN | EL0VCTEN, 0, 0, 0);
}

static gboolean trap_count(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return check(cpu, reg, write, EL0PCTEN, EL1PCTEN, HOST_EL1PCTEN, 0);
}

static gboolean trap_virtual_count(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return check(cpu, reg, write, EL0VCTEN, 0, 0, EL1TVCT);
}

static gboolean trap_timer(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return check(cpu, reg, write, EL0PTEN, EL1PCEN, HOST_EL1PTEN, 0);
}

static gboolean trap_virtual_timer(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return check(cpu, reg, write, EL0VTEN, 0, 0, EL1TVT);
}

/* Names that end in _EL02 and _EL12 are there for a host kernel only (Arm D1.5.3). */
static gboolean trap_alias(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    (void)reg;
    (void)write;
    if (host_bits(cpu) & ARM_HCR_E2H) {
        return TRUE;
    }
    arm_raise_undefined(cpu);
    return FALSE;
}

static gboolean read_count(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = arm_count(cpu);
    return TRUE;
}

static gboolean read_virtual_count(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = arm_count(cpu) - virtual_offset(cpu);
    return TRUE;
}

/* The timer that @reg means: op1 3 is the PE's own view, which a host kernel has of the timers of
 * EL2 (Arm D1.5.3); 4 is EL2, 5 the names for a host kernel. CRm 2 is physical, 3 virtual. */
static uint32_t timer_of(const ArmCpu *cpu, const ArmSysreg *reg)
{
    uint32_t op1 = reg->encoding >> 11 & 7, virt = reg->encoding >> 3 & 1;
    gboolean host = (cpu->el == 2 && host_bits(cpu) & ARM_HCR_E2H) || is_host_user(cpu);

    if (op1 == 4 || (op1 == 3 && host)) {
        return virt ? ARM_TIMER_HVIRT : ARM_TIMER_HYP;
    }
    return virt ? ARM_TIMER_VIRT : ARM_TIMER_PHYS;
}

static gboolean read_tval(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    uint32_t n = timer_of(cpu, reg);

    *ret_value = (uint32_t)(cpu->timer[n].cval - (arm_count(cpu) - timer_offset(cpu, n)));
    return TRUE;
}

static gboolean read_ctl(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    uint32_t n = timer_of(cpu, reg);
    uint32_t ctl = cpu->timer[n].ctl;

    *ret_value = ctl | (ctl & CTL_ENABLE && is_met(cpu, n) ? CTL_ISTATUS : 0);
    return TRUE;
}

static gboolean read_cval(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    *ret_value = cpu->timer[timer_of(cpu, reg)].cval;
    return TRUE;
}

static gboolean write_cval(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    uint32_t n = timer_of(cpu, reg);

    lock(cpu);
    cpu->timer[n].cval = value;
    refresh(cpu, n);
    unlock(cpu);
    return TRUE;
}

static gboolean write_tval(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    uint64_t count = arm_count(cpu) - timer_offset(cpu, timer_of(cpu, reg));

    return write_cval(cpu, reg, count + (uint64_t)(int32_t)value);
}

static gboolean write_ctl(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    uint32_t n = timer_of(cpu, reg);

    lock(cpu);
    cpu->timer[n].ctl = (uint32_t)value & (CTL_ENABLE | CTL_IMASK);
    refresh(cpu, n);
    unlock(cpu);
    return TRUE;
}

static gboolean write_offset(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    lock(cpu);
    cpu->cntvoff = value;
    refresh(cpu, ARM_TIMER_VIRT);
    unlock(cpu);
    return TRUE;
}

/* Bits that FEAT_VHE and FEAT_ECV bring are RES0 without them. */
static gboolean write_cnthctl(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    (void)reg;
    cpu->cnthctl = value & CNTHCTL_BITS & ~(cpu->has_ecv ? 0 : CNTHCTL_ECV);
    return TRUE;
}

#define AT(member) .offset = offsetof(ArmCpu, member)
#define R0         (ARM_R0 | ARM_R1 | ARM_R2 | ARM_R3)
#define RW0        (R0 | ARM_W0 | ARM_W1 | ARM_W2 | ARM_W3)
#define RW1        (RW0 & ~(ARM_R0 | ARM_W0))
#define RW2        (RW1 & ~(ARM_R1 | ARM_W1))
/* It can be written at the highest level that is implemented. */
static gboolean write_cntfrq(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value)
{
    uint32_t highest = cpu->has_el3 ? 3 : cpu->has_el2 ? 2 : 1;

    (void)reg;
    if (cpu->el != highest) {
        arm_raise_undefined(cpu);
        return FALSE;
    }
    cpu->cntfrq = (uint32_t)value;
    return TRUE;
}

#define ROW(name_, op1, crm, op2, rights_, ...)                                                    \
    {                                                                                              \
        .name = (name_), .encoding = ARM_SYSREG(3, op1, 14, crm, op2), .rights = (rights_),        \
        __VA_ARGS__                                                                                \
    }
#define TIMER(name_, op1, crm, suffix, rights_, ...)                                               \
    ROW(name_ "_TVAL_" suffix, op1, crm, 0, rights_, .read = read_tval, .write = write_tval,       \
        __VA_ARGS__),                                                                              \
        ROW(name_ "_CTL_" suffix, op1, crm, 1, rights_, .read = read_ctl, .write = write_ctl,      \
            __VA_ARGS__),                                                                          \
        ROW(name_ "_CVAL_" suffix, op1, crm, 2, rights_, .read = read_cval, .write = write_cval,   \
            __VA_ARGS__)

/* Arm D19.12, "Generic Timer registers" */
const ArmSysreg arm_sysregs_timer[] = {
    ROW("CNTFRQ_EL0",
        3,
        0,
        0,
        R0 | ARM_W1 | ARM_W2 | ARM_W3,
        .trap = trap_frequency,
        .write = write_cntfrq,
        AT(cntfrq)),
    ROW("CNTPCT_EL0", 3, 0, 1, R0, .trap = trap_count, .read = read_count),
    ROW("CNTVCT_EL0", 3, 0, 2, R0, .trap = trap_virtual_count, .read = read_virtual_count),
    ROW("CNTPCTSS_EL0", 3, 0, 5, R0, .needs = needs_ecv, .trap = trap_count, .read = read_count),
    ROW("CNTVCTSS_EL0",
        3,
        0,
        6,
        R0,
        .needs = needs_ecv,
        .trap = trap_virtual_count,
        .read = read_virtual_count),
    ROW("CNTKCTL_EL1", 0, 1, 0, RW1, AT(cntkctl), .mask = CNTKCTL_BITS),
    ROW("CNTKCTL_EL12",
        5,
        1,
        0,
        RW2,
        .needs = needs_vhe,
        .trap = trap_alias,
        AT(cntkctl),
        .mask = CNTKCTL_BITS),
    ROW("CNTHCTL_EL2", 4, 1, 0, RW2, .needs = needs_el2, .write = write_cnthctl, AT(cnthctl)),
    ROW("CNTVOFF_EL2", 4, 0, 3, RW2, .needs = needs_el2, .write = write_offset, AT(cntvoff)),
    TIMER("CNTP", 3, 2, "EL0", RW0, .trap = trap_timer),
    TIMER("CNTV", 3, 3, "EL0", RW0, .trap = trap_virtual_timer),
    TIMER("CNTHP", 4, 2, "EL2", RW2, .needs = needs_el2),
    TIMER("CNTHV", 4, 3, "EL2", RW2, .needs = needs_vhe),
    TIMER("CNTP", 5, 2, "EL02", RW2, .needs = needs_vhe, .trap = trap_alias),
    TIMER("CNTV", 5, 3, "EL02", RW2, .needs = needs_vhe, .trap = trap_alias),
    {.name = NULL},
};
