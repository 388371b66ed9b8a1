/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MMU as the host and the registers see it: requests by MMU index, faults as syndromes, AT, and
 * which cached translations belong together.
 *
 * The host keeps translations by context. One context is the ASID of the regime that EL0 shares,
 * with the VMID where that regime is behind stage 2; the regimes EL2 and EL3 have no ASIDs and are
 * the same in all. Switching between address spaces flushes nothing.
 *
 * EL0 and EL1 have contexts of their own, told to the host when the level is entered. That is for
 * kernels that have page tables for EL0 and others for themselves: they enter and leave with the
 * ASID of EL0's and run with another, so that both levels always find what they left. The few
 * instructions at EL1 with the other's ASID use an index of their own, the passing one, until the
 * ASID is again what EL1 had, or an ISB says that one that was set is to stay. Who came in by an
 * exception and goes back without having set any stays in it from then on.
 */
#include "modules/arm/mmu.h"

#include "abi/ir.h"
#include "modules/arm/debug.h"
#include "modules/arm/helper.h"
#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

/* Members of a context. */
#define CONTEXT_VMID_SHIFT 16
#define CONTEXT_STAGE2     ARM_BIT(32)
#define CONTEXT_HOST       ARM_BIT(33) /* the EL2&0 regime */

ArmRequest arm_request(ArmCpu *cpu, uint64_t address, uint32_t access, uint32_t index)
{
    ArmRequest request = {.cpu = cpu, .address = address, .access = access};

    switch (index) {
    case ARM_MMU_E10_0:
    case ARM_MMU_E10_1:
    case ARM_MMU_E10_1_PAN:
    case ARM_MMU_E10_1_USER:
    case ARM_MMU_E10_1_PASS:
    case ARM_MMU_E10_1_PASS_PAN:
        request.level = 1;
        break;
    case ARM_MMU_E3:
        request.level = 3;
        break;
    default:
        request.level = 2;
        break;
    }
    request.user = index == ARM_MMU_E10_0 || index == ARM_MMU_E10_1_USER || index == ARM_MMU_E20_0;
    request.pan =
        index == ARM_MMU_E10_1_PAN || index == ARM_MMU_E10_1_PASS_PAN || index == ARM_MMU_E20_2_PAN;
    return request;
}

uint64_t arm_fault_syndrome(const ArmCpu *cpu, const ArmFault *fault, uint32_t access)
{
    gboolean fetch = access == QH_ACCESS_FETCH;
    uint64_t iss = fault->status | (fault->on_walk ? 1u << 7 : 0);
    uint64_t level = fault->stage2 ? 2 : 0;

    iss |= access == QH_ACCESS_WRITE ? 1u << 6 : 0;
    if (fault->status >= ARM_FSC_EXTERNAL && fault->status < ARM_FSC_ALIGNMENT && cpu->el < 2 &&
        arm_hcr(cpu) & ARM_HCR_TEA) {
        level = 2;
    }
    return ARM_ESR(fetch ? ARM_EC_IABORT : ARM_EC_DABORT, iss) | level << 62;
}

/* HPFAR_EL2 of a stage 2 fault at @ipa (Arm D19 "HPFAR_EL2"). */
static uint64_t hpfar_of(uint64_t ipa)
{
    return ipa >> 12 << 4;
}

/* Remember that addresses have been used whose top byte is not that of the rest. */
static void note_tag(ArmCpu *cpu, uint64_t address)
{
    int64_t plain = (int64_t)(address << 8) >> 8;

    if ((uint64_t)plain != address) {
        cpu->system->tagged_seen = 1;
    }
}

gboolean arm_mmu_translate(ArmCpu *cpu,
                           uint64_t address,
                           uint32_t access,
                           uint32_t mmu_index,
                           QhTranslation *ret,
                           QhMemFault *fault)
{
    ArmRequest request = arm_request(cpu, address, access, mmu_index);
    ArmFound found;
    ArmFault why;

    if (!arm_walk(&request, &found, &why)) {
        fault->cause = why.stage2 ? hpfar_of(why.ipa) : 0;
        fault->payload = arm_fault_syndrome(cpu, &why, access);
        return FALSE;
    }
    if (access != QH_ACCESS_FETCH && cpu->mdscr & ARM_MDSCR_MDE) {
        uint32_t watch = arm_debug_watch(cpu, address, access, request.user, &fault->payload);

        if (watch == ARM_WATCH_HIT) {
            fault->cause = 0;
            return FALSE;
        }
        found.page_bits = watch == ARM_WATCH_NEAR ? 0 : found.page_bits;
    }
    note_tag(cpu, address);
    if (found.guarded && access == QH_ACCESS_FETCH && !cpu->guarded_seen) {
        cpu->guarded_seen = 1;
        cpu->btype = 0; /* of an ERET long ago: nobody has kept it since */
        arm_cpu_update_key(cpu);
    }
    ret->phys = found.phys;
    ret->prot = found.prot;
    ret->page_bits = found.page_bits;
    ret->attrs = QH_ATTR_REQUESTER(cpu->base.index);
    if (QH_HAS(ret, flags)) {
        gboolean global = request.level == 1 ? found.global && !cpu->system->stage2_seen
                                             : found.global || mmu_index == ARM_MMU_E2;
        ret->flags = global ? QH_TRANSLATION_GLOBAL : 0;
        cpu->system->low_global |= global && !(address >> 55 & 1);
    }
    return TRUE;
}

gboolean
arm_mmu_peek(ArmCpu *cpu, uint64_t address, uint32_t access, uint32_t mmu_index, QhTranslation *ret)
{
    ArmRequest request = arm_request(cpu, address, access, mmu_index);
    ArmFound found = {0};
    ArmFault why;

    request.settled = TRUE;
    if (!arm_walk(&request, &found, &why) || (found.guarded && !cpu->guarded_seen)) {
        return FALSE;
    }
    ret->phys = found.phys;
    ret->prot = found.prot;
    ret->page_bits = found.page_bits;
    return TRUE;
}

gboolean arm_mmu_debug_translate(ArmCpu *cpu, uint64_t address, uint64_t *ret_phys)
{
    uint32_t index = cpu->base.state_key & 15;
    ArmRequest request = arm_request(cpu, address, QH_ACCESS_READ, index);
    ArmFound found;
    ArmFault why;

    request.quiet = TRUE;
    request.attrs = QH_ATTR_DEBUG;
    if (!arm_walk(&request, &found, &why)) {
        request.access = QH_ACCESS_FETCH; /* execute-only */
        if (!arm_walk(&request, &found, &why)) {
            return FALSE;
        }
    }
    *ret_phys = found.phys;
    return TRUE;
}

/* A word of what is known: page, MMU index << 2, KNOWN, GUARDED. */
#define KNOWN   2u
#define GUARDED 1u

void arm_mmu_forget_guarded(ArmCpu *cpu)
{
    memset(cpu->system->guarded, 0, sizeof(cpu->system->guarded));
}

/* Programs with computed jumps ask at each. */
gboolean arm_mmu_is_guarded(ArmCpu *cpu, uint64_t address)
{
    uint32_t index = cpu->base.state_key & 15;
    uint64_t *known = &cpu->system->guarded[address >> 12 & (ARM_GUARDED_ROOM - 1)];
    uint64_t name = (address & ~UINT64_C(0xfff)) | index << 2 | KNOWN;
    ArmFound found = {0};
    ArmFault why;

    if ((*known & ~(uint64_t)GUARDED) != name) {
        ArmRequest request = arm_request(cpu, address, QH_ACCESS_FETCH, index);

        request.quiet = TRUE;
        if (!arm_walk(&request, &found, &why)) {
            return FALSE;
        }
        *known = name | (found.guarded ? GUARDED : 0);
    }
    return *known & GUARDED;
}

void arm_mmu_fault(ArmCpu *cpu, const QhMemFault *fault)
{
    ArmFault why = {.status = fault->kind == QH_FAULT_ALIGN ? ARM_FSC_ALIGNMENT : ARM_FSC_EXTERNAL};
    uint64_t payload = fault->payload;
    uint32_t level;

    if (fault->kind != QH_FAULT_TRANSLATE) {
        payload = arm_fault_syndrome(cpu, &why, fault->access);
    }
    level = (uint32_t)(payload >> 62);
    payload &= ~(UINT64_C(3) << 62);
    if (level == 2 && fault->kind == QH_FAULT_TRANSLATE) {
        cpu->hpfar = fault->cause;
        payload |= arm_access_syndrome(cpu, payload);
    }
    arm_cpu_raise(cpu, level, payload, fault->address);
}

void arm_mmu_flush(ArmCpu *cpu, uint32_t mask)
{
    arm_mmu_forget_guarded(cpu);
    arm_services(cpu)->cpu->tlb_flush(&cpu->base, mask);
}

/* ASID of the regime of @level: from TTBR1 with TCR.A1, 8 bits without TCR.AS. */
static uint64_t asid_of(const ArmCpu *cpu, uint32_t level)
{
    uint64_t tcr = cpu->tcr[level];
    uint64_t ttbr = tcr >> 22 & 1 ? cpu->ttbr1[level] : cpu->ttbr0[level];

    return ttbr >> 48 & (tcr >> 36 & 1 ? 0xffff : 0xff);
}

uint64_t arm_mmu_context(const ArmCpu *cpu, gboolean host, uint64_t asid)
{
    uint64_t hcr = arm_hcr(cpu), vmid;

    if (host) {
        return CONTEXT_HOST | asid;
    }
    if (!(hcr & (ARM_HCR_VM | ARM_HCR_DC))) {
        return asid;
    }
    vmid = cpu->vttbr >> 48 & (cpu->has_vmid16 && cpu->vtcr >> 19 & 1 ? 0xffff : 0xff);
    return CONTEXT_STAGE2 | vmid << CONTEXT_VMID_SHIFT | asid;
}

/* The host's MMU indices of @mask are in @context; *@told is what they were in. */
static void use_context(ArmCpu *cpu, uint64_t *told, uint32_t mask, uint64_t context)
{
    if (*told != context) {
        *told = context;
        arm_mmu_forget_guarded(cpu);
        arm_services(cpu)->cpu->tlb_set_contexts(&cpu->base, mask, context);
    }
}

static void stay(ArmCpu *cpu, uint64_t context)
{
    cpu->system->passing = 0;
    use_context(cpu, &cpu->system->context_el1, ARM_MMU_E10_1_MASK, context);
}

/* EL1 is in @context, which may be one that it will leave at once. */
static void pass(ArmCpu *cpu, uint64_t context, uint32_t passing)
{
    ArmSystem *system = cpu->system;

    if (context == system->context_el1) {
        stay(cpu, context);
        return;
    }
    system->passing = passing;
    use_context(cpu, &system->context_pass, ARM_MMU_PASS_MASK, context);
    use_context(cpu, &system->context_el0, 1u << ARM_MMU_E10_0, context);
}

static gboolean in_host_regime(const ArmCpu *cpu)
{
    return arm_has_two_halves(cpu, 2) && arm_regime_level(cpu) == 2;
}

static void use_contexts(ArmCpu *cpu, uint32_t passing)
{
    if (in_host_regime(cpu)) {
        use_context(cpu, &cpu->system->context_host, ARM_MMU_E20_MASK,
                    arm_mmu_context(cpu, TRUE, asid_of(cpu, 2)));
    } else if (cpu->el == 1) {
        pass(cpu, arm_mmu_context(cpu, FALSE, asid_of(cpu, 1)), passing);
    } else if (cpu->el == 0) {
        use_context(cpu, &cpu->system->context_el0, 1u << ARM_MMU_E10_0,
                    arm_mmu_context(cpu, FALSE, asid_of(cpu, 1)));
    }
}

void arm_mmu_ttbr_written(ArmCpu *cpu)
{
    gboolean passing = cpu->system->passing != 0;

    use_contexts(cpu, ARM_PASSING_SET);
    if ((cpu->system->passing != 0) != passing) {
        arm_cpu_update_key(cpu);
    }
}

void arm_mmu_level_changed(ArmCpu *cpu, uint32_t from)
{
    if (from == cpu->el) {
        return;
    }
    if (cpu->el < 2 && !in_host_regime(cpu) &&
        (from > 1 || (from == 1 && cpu->system->passing == ARM_PASSING_ARRIVED))) {
        stay(cpu, arm_mmu_context(cpu, FALSE, asid_of(cpu, 1)));
    }
    if (cpu->el != 1 || from == 0) {
        use_contexts(cpu, ARM_PASSING_ARRIVED);
    }
}

void arm_helper_stay(QhCpu *base)
{
    ArmCpu *cpu = arm_cpu(base);

    if (cpu->system->passing == ARM_PASSING_SET) {
        stay(cpu, arm_mmu_context(cpu, FALSE, asid_of(cpu, 1)));
        arm_cpu_update_key(cpu);
    }
}

/*
 * Without stage 2 what is global in the EL1&0 regime is so for good. From the first time on that
 * there is a virtual machine it would be so only within one, which the host does not know.
 */
void arm_mmu_changed(ArmCpu *cpu)
{
    if (arm_hcr(cpu) & (ARM_HCR_VM | ARM_HCR_DC) && !cpu->system->stage2_seen) {
        cpu->system->stage2_seen = 1;
        arm_mmu_flush(cpu, ARM_MMU_E10_MASK);
    }
    arm_mmu_ttbr_written(cpu);
}

void arm_mmu_reset(ArmCpu *cpu)
{
    ArmSystem *system = cpu->system;

    system->context_el0 = system->context_el1 = system->context_pass = system->context_host =
        UINT64_MAX;
    system->passing = system->stage2_seen = system->tagged_seen = 0;
    arm_mmu_changed(cpu);
    if (cpu->el == 1 && !in_host_regime(cpu)) {
        stay(cpu, arm_mmu_context(cpu, FALSE, asid_of(cpu, 1)));
    }
    arm_mmu_flush(cpu, (1u << ARM_N_MMU) - 1);
}

/*
 * AT (Arm D8.2.12, C5.5): op1 and op2 say which regime and which access; CRm 9 is the form that
 * heeds PSTATE.PAN.
 */
static ArmRequest at_request(ArmCpu *cpu, uint32_t op, uint64_t address, gboolean *ret_both)
{
    uint32_t op1 = op >> 11 & 7, op2 = op & 7, crm = op >> 3 & 15;
    gboolean host = in_host_regime(cpu);
    ArmRequest request = {.cpu = cpu, .address = address, .quiet = TRUE};

    request.access = op2 & 1 ? QH_ACCESS_WRITE : QH_ACCESS_READ;
    request.level = op1 == 6 ? 3 : op1 == 4 && op2 < 2 ? 2 : 1;
    if (op1 == 0) {
        request.level = host ? 2 : 1;
    }
    request.user = op1 == 0 ? op2 & 2 : op1 == 4 && op2 >= 6;
    request.pan = crm == 9 && cpu->pan;
    *ret_both = op1 == 4 && op2 >= 4;
    return request;
}

/* PAR_EL1 (Arm D19 "PAR_EL1") after success: bit 11 is RES1. */
static uint64_t par_of(const ArmFound *found)
{
    uint64_t share = found->memory < 0x10 ? 2 : found->share; /* device memory */

    return (found->phys & (ARM_BIT(52) - 1) & ~UINT64_C(0xfff)) | ARM_BIT(11) | share << 7 |
           (uint64_t)found->memory << 56;
}

/* An abort of a walk is one of the access, not a result: it is taken (Arm D8.2.12.2). */
static gboolean at_aborts(ArmCpu *cpu, const ArmFault *fault, uint64_t address, uint32_t access)
{
    gboolean external = fault->status >= ARM_FSC_EXTERNAL && fault->status < ARM_FSC_ALIGNMENT;

    if (!external && !(fault->stage2 && fault->on_walk && cpu->el == 1)) {
        return FALSE;
    }
    if (fault->stage2) {
        cpu->hpfar = hpfar_of(fault->ipa);
    }
    /* CM is set, and WnR is for all cache maintenance and AT */
    arm_cpu_raise(cpu, fault->stage2 ? 2 : 0,
                  (arm_fault_syndrome(cpu, fault, access) & ~(UINT64_C(3) << 62)) | 1u << 8 |
                      1u << 6,
                  address);
    return TRUE;
}

void arm_at(ArmCpu *cpu, uint32_t op, uint64_t address)
{
    gboolean both;
    ArmRequest request = at_request(cpu, op, address, &both);
    ArmFound found = {0};
    ArmFault why = {0};
    gboolean ok;

    ok = both ? arm_walk(&request, &found, &why) : arm_walk_first(&request, &found, &why);
    if (ok) {
        cpu->par = par_of(&found);
    } else if (!at_aborts(cpu, &why, address, request.access)) {
        cpu->par = 1 | (uint64_t)why.status << 1 | (why.on_walk ? ARM_BIT(8) : 0) |
                   (why.stage2 ? ARM_BIT(9) : 0) | ARM_BIT(11);
    }
}
