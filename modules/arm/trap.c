/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions and interrupts: which level they go to, what the registers hold afterwards, and the
 * way back (Arm D1.3, D1.4).
 */
#include <inttypes.h>

#include "modules/arm/helper.h"
#include "modules/arm/pauth.h"
#include "modules/arm/regs.h"
#include "modules/arm/system.h"

/* Offsets into a vector table (Arm D1.3.1). */
#define VECTOR_SYNC       0x000u
#define VECTOR_IRQ        0x080u
#define VECTOR_FIQ        0x100u
#define VECTOR_SERROR     0x180u
#define VECTOR_SPX        0x200u /* the same level, with its own stack pointer */
#define VECTOR_LOWER_AA64 0x400u

/* PSTATE.DAIF as bits 3 .. 0 */
#define DAIF_F 1u
#define DAIF_I 2u
#define DAIF_A 4u

#define LINE(n) (UINT64_C(1) << (n))

uint64_t arm_spsr_now(const ArmCpu *cpu)
{
    uint64_t spsr = (uint64_t)arm_nzcv(cpu) << 28;

    spsr |= (uint64_t)cpu->tco << 25 | (uint64_t)cpu->dit << 24;
    spsr |= (uint64_t)cpu->uao << 23 | (uint64_t)cpu->pan << 22;
    spsr |= (uint64_t)cpu->ss << 21 | (uint64_t)cpu->il << 20;
    spsr |= (uint64_t)cpu->ssbs << 12 | (uint64_t)cpu->btype << 10;
    return spsr | (uint64_t)cpu->daif << 6 | (uint64_t)cpu->el << 2 | cpu->spsel;
}

static void log_entry(ArmCpu *cpu, const char *what, uint32_t to, uint64_t esr, uint64_t far)
{
    const TargetServices *services = arm_services(cpu);
    g_autofree char *text = NULL;

    if (!(services->log->mask(services->host) & QH_LOG_INT)) {
        return;
    }
    text = g_strdup_printf("PE %u: %s, class 0x%02x, ESR 0x%" PRIx64 ", ELR 0x%" PRIx64
                           ", FAR 0x%" PRIx64 ", from EL%u to EL%u",
                           cpu->base.index, what, (uint32_t)(esr >> 26 & 63), esr, cpu->base.pc,
                           far, cpu->el, to);
    services->log->guest(services->host, QH_LOG_INT, text);
}

/* Whether entry to @to sets PSTATE.PAN (Arm D8.4.3): in the regimes that EL0 shares. */
static gboolean sets_pan(const ArmCpu *cpu, uint32_t to)
{
    uint64_t host = ARM_HCR_E2H | ARM_HCR_TGE;

    if (!cpu->has_pan || cpu->sctlr[to] & ARM_SCTLR_SPAN) {
        return FALSE;
    }
    return to == 1 || (to == 2 && (arm_hcr(cpu) & host) == host);
}

/* Arm D1.3.5: the rest of taking an exception to @to, once ESR and FAR are known. */
static void enter(ArmCpu *cpu, uint32_t to, uint32_t vector)
{
    uint32_t from = cpu->el, spsel = cpu->spsel;

    cpu->spsr[to] = arm_spsr_now(cpu);
    cpu->elr[to] = cpu->base.pc;
    if (from < to) {
        vector += VECTOR_LOWER_AA64;
    } else if (spsel) {
        vector += VECTOR_SPX;
    }
    if (sets_pan(cpu, to)) {
        cpu->pan = 1;
    }
    arm_cpu_set_el(cpu, to, 1);
    cpu->daif = 15;
    cpu->uao = cpu->ss = cpu->il = cpu->btype = 0;
    if (cpu->has_ssbs) {
        cpu->ssbs = cpu->sctlr[to] & ARM_SCTLR_DSSBS ? 1 : 0;
    }
    cpu->base.pc = (cpu->vbar[to] & ~UINT64_C(0x7ff)) + vector;
    cpu->base.halted = 0;
    cpu->event &= ~ARM_EVENT_WAITS;
    arm_mmu_level_changed(cpu, from);
    arm_cpu_update_key(cpu);
}

/* Synchronous exceptions go to EL1, from EL0 to EL2 with TGE, and never down. */
static uint32_t usual_level(const ArmCpu *cpu)
{
    if (cpu->el == 0) {
        return arm_hcr(cpu) & ARM_HCR_TGE ? 2 : 1;
    }
    return cpu->el;
}

/* Classes that have two numbers: the odd one from the same level (Arm D19 "ESR_EL1"). */
static uint64_t with_level(const ArmCpu *cpu, uint64_t esr, uint32_t to)
{
    switch (esr >> 26 & 63) {
    case ARM_EC_IABORT:
    case ARM_EC_DABORT:
    case ARM_EC_BREAKPOINT:
    case ARM_EC_STEP:
    case ARM_EC_WATCHPOINT:
        return cpu->el == to ? esr + (UINT64_C(1) << 26) : esr;
    default:
        return esr;
    }
}

static gboolean has_far(uint64_t esr)
{
    uint32_t class = esr >> 26 & 63;

    return (class & ~1u) == ARM_EC_IABORT || (class & ~1u) == ARM_EC_DABORT ||
           class == ARM_EC_PC_ALIGN || (class & ~1u) == ARM_EC_WATCHPOINT;
}

void arm_cpu_raise(ArmCpu *cpu, uint32_t level, uint64_t esr, uint64_t far)
{
    uint32_t to = MAX(level != 0 ? level : usual_level(cpu), cpu->el);

    esr = with_level(cpu, esr, to);
    log_entry(cpu, "exception", to, esr, far);
    cpu->esr[to] = esr;
    if (has_far(esr)) {
        cpu->far[to] = far;
    }
    enter(cpu, to, VECTOR_SYNC);
    cpu->base.unwind = 1;
}

void arm_raise_undefined(ArmCpu *cpu)
{
    arm_cpu_raise(cpu, 0, ARM_ESR(ARM_EC_UNKNOWN, 0), 0);
}

/* A call of firmware that the host answers: the PE goes on behind it. */
static void call_firmware(ArmCpu *cpu)
{
    cpu->base.pc += 4;
    cpu->base.unwind = 1;
    if (!arm_psci_call(cpu)) {
        cpu->x[0] = UINT64_MAX; /* SMCCC (DEN 0028) 5.2: NOT_SUPPORTED */
    }
    if (!cpu->base.halted) {
        __atomic_store_n(&cpu->base.exit_request, 1u, __ATOMIC_RELEASE);
    }
}

/* Arm C6.2 "HVC": undefined at EL0, without EL2, and where HCR_EL2.HCD disables it. */
static void hypervisor_call(ArmCpu *cpu, uint64_t imm)
{
    if (cpu->el != 0 && cpu->psci_conduit == ARM_PSCI_HVC) {
        call_firmware(cpu);
    } else if (cpu->el == 0 || !cpu->has_el2 || (!cpu->has_el3 && cpu->hcr & ARM_HCR_HCD)) {
        arm_raise_undefined(cpu);
    } else {
        cpu->base.pc += 4;
        arm_cpu_raise(cpu, 2, ARM_ESR(ARM_EC_HVC, imm & 0xffff), 0);
    }
}

/* Arm C6.2 "SMC": HCR_EL2.TSC comes first, and then the instruction is the one to return to. */
static void monitor_call(ArmCpu *cpu, uint64_t imm)
{
    if (cpu->el == 0) {
        arm_raise_undefined(cpu);
    } else if (cpu->el == 1 && arm_hcr(cpu) & ARM_HCR_TSC) {
        arm_cpu_raise(cpu, 2, ARM_ESR(ARM_EC_SMC, imm & 0xffff), 0);
    } else if (cpu->psci_conduit == ARM_PSCI_SMC) {
        call_firmware(cpu);
    } else {
        arm_raise_undefined(cpu);
    }
}

/*
 * BTYPE is kept once a guarded page has been seen, and checked everywhere; here it turns out
 * whether this page is guarded. If not, the instruction runs with BTYPE as if it had passed.
 */
static void branch_target(ArmCpu *cpu, uint64_t btype)
{
    if (arm_mmu_is_guarded(cpu, cpu->base.pc)) {
        arm_cpu_raise(cpu, 0, ARM_ESR(ARM_EC_BTI, btype & 3), 0);
        return;
    }
    cpu->btype = 0;
    cpu->base.unwind = 1;
    arm_cpu_update_key(cpu);
}

/* Arm D2.12: EX says that a load-exclusive was stepped; it is not known here. */
static void step(ArmCpu *cpu)
{
    arm_cpu_raise(cpu, arm_debug_level(cpu), ARM_ESR(ARM_EC_STEP, 1u << 24 | 0x22), 0);
}

void arm_raise_cause(ArmCpu *cpu, uint32_t cause, uint64_t payload)
{
    switch (cause) {
    case ARM_RAISE_SYNDROME:
        arm_cpu_raise(cpu, 0, payload, 0);
        break;
    case ARM_RAISE_SVC:
        cpu->base.pc += 4;
        arm_cpu_raise(cpu, 0, ARM_ESR(ARM_EC_SVC, payload & 0xffff), 0);
        break;
    case ARM_RAISE_HVC:
        hypervisor_call(cpu, payload);
        break;
    case ARM_RAISE_SMC:
        monitor_call(cpu, payload);
        break;
    case ARM_RAISE_BRK:
        arm_cpu_raise(cpu, arm_debug_level(cpu), ARM_ESR(ARM_EC_BRK, payload & 0xffff), 0);
        break;
    case ARM_RAISE_PC_ALIGN:
        cpu->base.pc = payload;
        arm_cpu_raise(cpu, 0, ARM_ESR(ARM_EC_PC_ALIGN, 0), payload);
        break;
    case ARM_RAISE_SP_ALIGN:
        arm_cpu_raise(cpu, 0, ARM_ESR(ARM_EC_SP_ALIGN, 0), 0);
        break;
    case ARM_RAISE_FP_TRAP:
        arm_cpu_raise(cpu, arm_fp_trap_level(cpu), ARM_ESR(ARM_EC_FP, ARM_ISS_COND), 0);
        break;
    case ARM_RAISE_ILLEGAL:
        arm_cpu_raise(cpu, 0, ARM_ESR(ARM_EC_ILLEGAL, 0), 0);
        break;
    case ARM_RAISE_BTI:
        branch_target(cpu, payload);
        break;
    case ARM_RAISE_STEP:
        step(cpu);
        break;
    default: /* ARM_RAISE_UNDEFINED */
        arm_raise_undefined(cpu);
        break;
    }
}

/*
 * The level that physical interrupt kind @route (IMO, FMO) goes to, and whether PSTATE's @mask
 * holds it back there (Arm D1.3.6, "Establishing the target Exception level", "Asynchronous
 * exception masking"). 0: it stays pending, because its level is below this one.
 */
static uint32_t physical_target(const ArmCpu *cpu, uint64_t route, uint32_t mask)
{
    uint64_t hcr = arm_hcr(cpu);
    uint32_t to = hcr & (route | ARM_HCR_TGE) ? 2 : 1;
    gboolean masked = (cpu->daif & mask) != 0;

    if (to < cpu->el) {
        return 0;
    }
    if (to > cpu->el && to == 2) {
        /* a hypervisor's own programs have the masks of its regime, guests do not */
        masked = masked && (hcr & (ARM_HCR_E2H | ARM_HCR_TGE)) == (ARM_HCR_E2H | ARM_HCR_TGE);
    }
    return masked ? 0 : to;
}

static gboolean virtual_pending(const ArmCpu *cpu, uint64_t lines, uint64_t route)
{
    uint64_t hcr = arm_hcr(cpu);
    uint32_t line = route == ARM_HCR_IMO ? ARM_IRQ_VIRQ : ARM_IRQ_VFIQ;
    uint64_t bit = route == ARM_HCR_IMO ? ARM_HCR_VI : ARM_HCR_VF;

    return cpu->el < 2 && (hcr & (route | ARM_HCR_TGE)) == route &&
           (hcr & bit || lines & LINE(line));
}

/* What would be taken now: its vector, and its level in *@ret_to. 0: nothing. */
static uint32_t deliverable(const ArmCpu *cpu, uint32_t *ret_to)
{
    uint64_t lines = __atomic_load_n(&cpu->base.irq_lines, __ATOMIC_ACQUIRE);
    uint64_t hcr = arm_hcr(cpu);

    if (lines & LINE(ARM_IRQ_FIQ) && (*ret_to = physical_target(cpu, ARM_HCR_FMO, DAIF_F)) != 0) {
        return VECTOR_FIQ;
    }
    if (lines & LINE(ARM_IRQ_IRQ) && (*ret_to = physical_target(cpu, ARM_HCR_IMO, DAIF_I)) != 0) {
        return VECTOR_IRQ;
    }
    if (hcr == 0) {
        return 0;
    }
    *ret_to = 1;
    if (virtual_pending(cpu, lines, ARM_HCR_FMO) && !(cpu->daif & DAIF_F)) {
        return VECTOR_FIQ;
    }
    if (virtual_pending(cpu, lines, ARM_HCR_IMO) && !(cpu->daif & DAIF_I)) {
        return VECTOR_IRQ;
    }
    if ((hcr & (ARM_HCR_AMO | ARM_HCR_TGE | ARM_HCR_VSE)) == (ARM_HCR_AMO | ARM_HCR_VSE) &&
        cpu->el < 2 && !(cpu->daif & DAIF_A)) {
        return VECTOR_SERROR;
    }
    return 0;
}

gboolean arm_take_interrupt(ArmCpu *cpu)
{
    uint32_t to = 0, vector;

    if (cpu->powered_off) {
        return arm_psci_start(cpu);
    }
    vector = deliverable(cpu, &to);
    if (vector == 0) {
        return FALSE;
    }
    log_entry(cpu,
              vector == VECTOR_IRQ   ? "IRQ"
              : vector == VECTOR_FIQ ? "FIQ"
                                     : "SError",
              to, 0, 0);
    if (vector == VECTOR_SERROR) {
        cpu->hcr &= ~ARM_HCR_VSE;
        cpu->esr[to] = ARM_ESR(ARM_EC_SERROR, cpu->has_ras ? cpu->vsesr & 0x1ffffff : 0);
    }
    enter(cpu, to, vector);
    return TRUE;
}

/*
 * What ends WFI (Arm D1.6.2): an interrupt, whatever PSTATE masks and whatever level it goes to.
 * A PE in WFE looks again each time it is asked: nobody tells it that another PE's store has
 * cleared its exclusive monitor, which is one of the things it may wait for.
 */
gboolean arm_has_work(ArmCpu *cpu)
{
    uint64_t lines = __atomic_load_n(&cpu->base.irq_lines, __ATOMIC_ACQUIRE);

    if (cpu->powered_off) {
        return __atomic_load_n(&cpu->powered_off, __ATOMIC_ACQUIRE) == ARM_POWER_PENDING;
    }
    if (lines & (LINE(ARM_IRQ_IRQ) | LINE(ARM_IRQ_FIQ)) || cpu->event & ARM_EVENT_WAITS) {
        return TRUE;
    }
    return virtual_pending(cpu, lines, ARM_HCR_IMO) || virtual_pending(cpu, lines, ARM_HCR_FMO) ||
           (arm_hcr(cpu) & (ARM_HCR_AMO | ARM_HCR_VSE)) == (ARM_HCR_AMO | ARM_HCR_VSE);
}

void arm_irq_update(ArmCpu *cpu)
{
    uint32_t to;

    if (deliverable(cpu, &to) != 0) {
        __atomic_store_n(&cpu->base.exit_request, 1u, __ATOMIC_RELEASE);
    }
}

/* Arm C5.2.18 and D1.4.7, "Illegal return events": AArch32 is one of them here. */
static gboolean is_illegal_return(const ArmCpu *cpu, uint64_t spsr)
{
    uint32_t el = spsr >> 2 & 3;

    if (spsr & 0x12 || el > cpu->el || (el == 0 && spsr & 1)) {
        return TRUE;
    }
    return (el == 2 && !cpu->has_el2) || (el == 1 && arm_hcr(cpu) & ARM_HCR_TGE);
}

/* Bits 63-56 of an address that is branched to from here on (Arm J1.1, AArch64.BranchAddr). */
static uint64_t branch_address(const ArmCpu *cpu, uint64_t address)
{
    uint32_t tbi = cpu->base.state_key >> ARM_KEY_TBII_SHIFT & 3;
    gboolean two = arm_has_two_halves(cpu, arm_regime_level(cpu));
    uint64_t top = UINT64_C(0xff) << 56;
    gboolean upper = address >> 55 & 1;

    if (!(tbi >> (upper && two) & 1)) {
        return address;
    }
    return upper && two ? address | top : address & ~top;
}

/* PSTATE from @spsr (Arm J1.1, SetPSTATEFromPSR); SS is kept when stepping begins (D2.12.5). */
static void restore(ArmCpu *cpu, uint64_t spsr, gboolean illegal)
{
    gboolean stepped = cpu->mdscr & ARM_MDSCR_SS && arm_debug_enabled(cpu);
    uint32_t from = cpu->el;

    if (illegal) {
        cpu->il = 1;
    } else {
        cpu->il = spsr >> 20 & 1;
        arm_cpu_set_el(cpu, spsr >> 2 & 3, spsr & 1);
        cpu->btype = cpu->has_bti ? spsr >> 10 & 3 : 0;
        cpu->ssbs = cpu->has_ssbs ? spsr >> 12 & 1 : 0;
        cpu->uao = cpu->has_uao ? spsr >> 23 & 1 : 0;
        cpu->dit = cpu->has_dit ? spsr >> 24 & 1 : 0;
    }
    arm_set_nzcv(cpu, spsr >> 28 & 15);
    cpu->daif = spsr >> 6 & 15;
    cpu->pan = cpu->has_pan ? spsr >> 22 & 1 : 0;
    cpu->ss = !stepped && cpu->mdscr & ARM_MDSCR_SS && arm_debug_enabled(cpu) ? spsr >> 21 & 1 : 0;
    arm_mmu_level_changed(cpu, from);
}

void arm_helper_eret(QhCpu *base, uint32_t insn)
{
    ArmCpu *cpu = arm_cpu(base);
    uint32_t from = cpu->el;
    uint64_t spsr = cpu->spsr[from], elr = cpu->elr[from];

    if (from == 0) {
        arm_raise_undefined(cpu);
        return;
    }
    if (insn & 1u << 11) { /* ERETAA, ERETAB */
        elr = arm_pauth(cpu, elr, cpu->sp, ARM_PAUTH_AUTH | (insn & 1u << 10 ? ARM_PAUTH_B : 0));
    }
    restore(cpu, spsr, is_illegal_return(cpu, spsr));
    cpu->exclusive_address = ARM_NO_EXCLUSIVE;
    __atomic_fetch_or(&cpu->event, ARM_EVENT_SET, __ATOMIC_RELAXED);
    arm_cpu_update_key(cpu);
    base->pc = branch_address(cpu, elr);
    arm_irq_update(cpu);
}

/* SEV: all PEs (Arm D1.6.1). */
static void send_event(ArmCpu *cpu)
{
    const TargetServices *services = arm_services(cpu);
    QhCpu *other;

    for (uint32_t i = 0; (other = services->cpu->by_index(services->host, i)) != NULL; i++) {
        if (other->ctx == cpu->base.ctx) {
            __atomic_fetch_or(&arm_cpu(other)->event, ARM_EVENT_SET, __ATOMIC_RELEASE);
        }
    }
}

/* Whether waiting traps: to which level, 0: it does not (Arm D1.6.3). @wfe: WFE, not WFI. */
static uint32_t wait_trap(const ArmCpu *cpu, gboolean wfe)
{
    uint64_t enable = wfe ? ARM_SCTLR_NTWE : ARM_SCTLR_NTWI;
    uint64_t hcr = arm_hcr(cpu);
    uint32_t regime = arm_regime_level(cpu);

    if (cpu->el == 0 && !(cpu->sctlr[regime] & enable)) {
        return hcr & ARM_HCR_TGE ? 2 : regime;
    }
    return cpu->el < 2 && !(hcr & ARM_HCR_TGE && hcr & ARM_HCR_E2H) &&
                   hcr & (wfe ? ARM_HCR_TWE : ARM_HCR_TWI)
               ? 2
               : 0;
}

/* Both halt; the trap comes only when they would have. */
static void wait_for(ArmCpu *cpu, gboolean wfe)
{
    uint32_t to = wait_trap(cpu, wfe);

    if (to != 0) {
        arm_cpu_raise(cpu, to, ARM_ESR(ARM_EC_WFX, ARM_ISS_COND | (wfe ? 1 : 0)), 0);
        return;
    }
    if (wfe) {
        __atomic_fetch_or(&cpu->event, ARM_EVENT_WAITS, __ATOMIC_RELAXED);
    }
    cpu->base.halted = 1;
}

void arm_helper_wait(QhCpu *base, uint32_t insn)
{
    ArmCpu *cpu = arm_cpu(base);

    switch (insn >> 5 & 0x7f) {
    case 2: /* WFE */
        if (__atomic_fetch_and(&cpu->event, ~ARM_EVENT_ANY, __ATOMIC_ACQUIRE) & ARM_EVENT_SET) {
            return;
        }
        wait_for(cpu, TRUE);
        break;
    case 3: /* WFI */
        __atomic_fetch_and(&cpu->event, ~ARM_EVENT_WAITS, __ATOMIC_RELAXED);
        if (!arm_has_work(cpu)) {
            wait_for(cpu, FALSE);
        }
        break;
    case 4: /* SEV */
        send_event(cpu);
        break;
    case 5: /* SEVL */
        __atomic_fetch_or(&cpu->event, ARM_EVENT_SET, __ATOMIC_RELAXED);
        break;
    default:
        break;
    }
}
