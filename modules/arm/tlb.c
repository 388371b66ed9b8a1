/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB maintenance (Arm D8.14, C5.5 "TLBI"). An instruction is boiled down to one of a few actions
 * on the host's tables, each of which forgets at least what was asked for. Those of the inner and
 * outer shareable forms are done here at once, and by the other PEs before their next block; DSB
 * waits for them.
 */
#include "modules/arm/helper.h"
#include "modules/arm/mmu.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

/* ArmTlbi.op: an action, and the MMU indices that it is about. */
#define ACT_ALL        0u
#define ACT_PAGE       1u /* value: an address */
#define ACT_CONTEXT    2u /* value: as the host was told */
#define ACT_LOW        3u /* value: a context; addresses of TTBR0's half */
#define ACT_MASK_SHIFT 8u
#define NO_CONTEXT     UINT64_MAX

/* A range of more pages than this is a flush. */
#define MAX_RANGE 64u

/* What CRm and op2 of a TLBI mean. */
typedef enum { BY_ALL, BY_ADDRESS, BY_ASID, BY_RANGE, BY_IPA } Scope;

static ArmTlbi action(uint32_t what, uint32_t mask, uint64_t value)
{
    return (ArmTlbi){.op = what | mask << ACT_MASK_SHIFT, .value = value};
}

static void apply(ArmCpu *cpu, const ArmTlbi *tlbi)
{
    const QhCpuService *host = arm_services(cpu)->cpu;
    uint32_t mask = tlbi->op >> ACT_MASK_SHIFT;

    arm_mmu_forget_guarded(cpu);
    switch (tlbi->op & 0xff) {
    case ACT_PAGE:
        if (cpu->system->tagged_seen) { /* the page may be known under many addresses */
            host->tlb_flush(&cpu->base, mask);
        } else {
            host->tlb_flush_page(&cpu->base, tlbi->value, mask);
        }
        break;
    case ACT_LOW: /* what one context has there, unless there is something that all have */
        if (cpu->system->low_global) {
            cpu->system->low_global = 0;
            host->tlb_flush(&cpu->base, mask);
            break;
        }
        host->tlb_flush_context(&cpu->base, tlbi->value);
        break;
    case ACT_CONTEXT:
        host->tlb_flush_context(&cpu->base, tlbi->value);
        break;
    default:
        if ((mask & ARM_MMU_E10_MASK) == ARM_MMU_E10_MASK) {
            cpu->system->low_global = 0;
        }
        host->tlb_flush(&cpu->base, mask);
        break;
    }
}

static void apply_waiting(QhCpu *base, void *data)
{
    ArmCpu *cpu = arm_cpu(base);
    ArmSystem *system = cpu->system;
    ArmTlbi waiting[ARM_TLBI_ROOM];
    uint32_t n;

    (void)data;
    g_mutex_lock(&system->lock);
    n = system->n_tlbi;
    for (uint32_t i = 0; i < MIN(n, ARM_TLBI_ROOM); i++) {
        waiting[i] = system->tlbi[i];
    }
    system->n_tlbi = 0;
    g_mutex_unlock(&system->lock);
    if (n > ARM_TLBI_ROOM) {
        arm_mmu_flush(cpu, (1u << ARM_N_MMU) - 1);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        apply(cpu, &waiting[i]);
    }
}

/* Ask @cpu, another PE, for it. Whoever finds the list empty makes it look. */
static void post(const TargetServices *services, ArmCpu *cpu, const ArmTlbi *tlbi)
{
    ArmSystem *system = cpu->system;
    uint32_t n;

    g_mutex_lock(&system->lock);
    n = system->n_tlbi;
    if (n < ARM_TLBI_ROOM) {
        system->tlbi[n] = *tlbi;
    }
    system->n_tlbi = MIN(n + 1, ARM_TLBI_ROOM + 1);
    g_mutex_unlock(&system->lock);
    if (n == 0) {
        services->cpu->run_before(&cpu->base, apply_waiting, NULL);
    }
}

static void do_it(ArmCpu *cpu, gboolean everywhere, ArmTlbi tlbi)
{
    const TargetServices *services = arm_services(cpu);
    QhCpu *other;

    apply(cpu, &tlbi);
    for (uint32_t i = 0; everywhere && (other = services->cpu->by_index(services->host, i)) != NULL;
         i++) {
        if (other != &cpu->base && other->ctx == cpu->base.ctx) {
            post(services, arm_cpu(other), &tlbi);
            cpu->tlbi_posted = 1;
        }
    }
}

/* DSB: after it no PE uses a translation that a TLBI before it forgot (Arm B2.3.12.5). */
void arm_helper_dsb(QhCpu *base)
{
    ArmCpu *cpu = arm_cpu(base);

    if (arm_services(cpu)->cpu->is_settled(base)) {
        cpu->tlbi_posted = 0;
    } else {
        base->unwind = 1;
    }
}

/* Arm C5.5: CRm says how far an operation reaches, and with op2 what it is about. */
static Scope scope_of(uint32_t op1, uint32_t crm, uint32_t op2)
{
    if (op1 == 4 && (crm == 0 || crm == 4)) {
        return BY_IPA;
    }
    if (crm == 2 || crm == 5 || crm == 6) {
        return BY_RANGE;
    }
    switch (op2) {
    case 1:
    case 3:
    case 5:
    case 7:
        return BY_ADDRESS;
    case 2:
        return BY_ASID;
    default:
        return BY_ALL;
    }
}

static gboolean is_shared(const ArmCpu *cpu, uint32_t op1, uint32_t crm, uint32_t op2)
{
    if (op1 == 4 && crm == 4) { /* IPAS2: the outer shareable forms are mixed with local ones */
        return op2 == 0 || op2 == 3 || op2 == 4 || op2 == 7;
    }
    return (crm != 6 && crm != 7) || (cpu->el == 1 && arm_hcr(cpu) & ARM_HCR_FB);
}

/* The MMU indices of the regime that op1 means where the PE is. */
static uint32_t mask_of(const ArmCpu *cpu, uint32_t op1, gboolean host)
{
    if (op1 == 6) {
        return 1u << ARM_MMU_E3;
    }
    if (op1 == 4) {
        return arm_hcr(cpu) & ARM_HCR_E2H ? ARM_MMU_E20_MASK : ARM_MMU_E2_MASK;
    }
    return host ? ARM_MMU_E20_MASK : ARM_MMU_E10_MASK;
}

/*
 * FEAT_TLBIRANGE (Arm C5.5, "TLBI RVAE1"): BaseADDR in granules, from there
 * (NUM + 1) << (5 * SCALE + 1) granules.
 */
static void
by_range(ArmCpu *cpu, gboolean everywhere, uint32_t mask, uint64_t context, uint64_t value)
{
    static const uint8_t granules[4] = {0, 12, 14, 16};
    uint32_t granule = granules[value >> 46 & 3], scale = value >> 44 & 3;
    uint64_t pages = (value >> 39 & 31) + 1, base;

    if (granule == 0) { /* reserved: nothing need happen */
        return;
    }
    pages <<= 5 * scale + 1;
    base = (uint64_t)((int64_t)(value << 27) >> 27) << granule;
    if (pages > MAX_RANGE) {
        do_it(cpu, everywhere, action(context == NO_CONTEXT ? ACT_ALL : ACT_LOW, mask, context));
        return;
    }
    for (uint64_t i = 0; i < pages; i++) {
        do_it(cpu, everywhere, action(ACT_PAGE, mask, base + (i << granule)));
    }
}

/* The context of the ASID in an operand. */
static uint64_t context_of(const ArmCpu *cpu, gboolean host, uint64_t value)
{
    uint64_t asid = value >> 48 & (cpu->tcr[host ? 2 : 1] & ARM_BIT(36) ? 0xffff : 0xff);

    return arm_mmu_context(cpu, host, asid);
}

void arm_tlbi(ArmCpu *cpu, uint32_t op, uint64_t value)
{
    gboolean low;
    uint32_t op1 = op >> 11 & 7, crm = op >> 3 & 15, op2 = op & 7;
    gboolean host = arm_has_two_halves(cpu, 2) && arm_regime_level(cpu) == 2;
    gboolean everywhere = is_shared(cpu, op1, crm, op2);
    uint32_t mask = mask_of(cpu, op1, host);

    switch (scope_of(op1, crm, op2)) {
    case BY_ADDRESS:
        /* VA[55:12]; addresses of the upper half have the bits above, too */
        do_it(cpu, everywhere, action(ACT_PAGE, mask, (uint64_t)((int64_t)(value << 20) >> 8)));
        break;
    case BY_RANGE: /* op2 3 and 7 are of all ASIDs; bit 36 of BaseADDR is that of its half */
        low = op1 == 0 && !host && (op2 & 2) == 0 && !(value >> 36 & 1);
        by_range(cpu, everywhere, mask, low ? context_of(cpu, host, value) : NO_CONTEXT, value);
        break;
    case BY_ASID:
        do_it(cpu, everywhere, action(ACT_CONTEXT, 0, context_of(cpu, host, value)));
        break;
    case BY_IPA: /* which addresses lead there is not known */
        do_it(cpu, everywhere, action(ACT_ALL, ARM_MMU_E10_MASK, 0));
        break;
    default: /* ALLE2, ALLE1 and VMALLS12E1, VMALLE1 */
        mask = op1 == 4 && op2 != 0 ? ARM_MMU_E10_MASK : mask;
        do_it(cpu, everywhere, action(ACT_ALL, mask, 0));
        break;
    }
}
