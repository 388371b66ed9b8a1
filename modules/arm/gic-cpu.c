/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System registers of a GICv3's CPU interface (IHI 0069, 12.2 to 12.4). An access at EL1 is one of
 * the virtual interface when HCR_EL2 routes interrupts of that group to EL2 (6.3).
 */
#include "gic-cpu.h"

#include "modules/arm/system.h"

#define HCR_FMO (UINT64_C(1) << 3)
#define HCR_IMO (UINT64_C(1) << 4)

#define SRE_EL1 7u   /* SRE, DFB and DIB are fixed: there is no other way in */
#define SRE_EL2 0xfu /* and EL1 may look at its own */

#define SGI_IRM (UINT64_C(1) << 40) /* all PEs but this one */

/* ArmSysreg.offset of these rows: a register and its group. */
#define ROW(reg, group) ((reg) << 1 | (group))
#define REG_OF(reg)     ((reg)->offset >> 1)
#define GROUP_OF(reg)   ((reg)->offset & 1)

void gic_lock(const ArmCpu *cpu)
{
    arm_services(cpu)->device->lock(cpu->gic->gic->base.machine);
}

void gic_unlock(const ArmCpu *cpu)
{
    arm_services(cpu)->device->unlock(cpu->gic->gic->base.machine);
}

void gicv3_cpu_reset(ArmGicCpu *cpu)
{
    gic_interface_reset(&cpu->iface);
    gic_lists_reset(&cpu->lists);
    (void)gic_bank_line(&cpu->bank, ARM_PPI_MAINTENANCE, FALSE);
    cpu->best = GIC_NONE;
}

/* A PE learns of its GIC after it has made its table of registers, so the rows are there without
 * one, and the access finds out. */
static gboolean is_there(ArmCpu *cpu)
{
    if (cpu->gic == NULL) {
        arm_raise_undefined(cpu);
    }
    return cpu->gic != NULL;
}

static gboolean trap_none(ArmCpu *cpu, const ArmSysreg *row, gboolean write)
{
    (void)row, (void)write;
    return is_there(cpu);
}

static gboolean needs_el2(const ArmCpu *cpu)
{
    return cpu->has_el2;
}

/* Registers of both groups belong to the virtual interface when either is routed. */
static gboolean is_common(uint32_t reg)
{
    return reg == GIC_PMR || reg == GIC_RPR || reg == GIC_CTLR || reg == GIC_DIR;
}

static gboolean is_virtual(const ArmCpu *cpu, uint32_t reg, uint32_t group)
{
    uint64_t routes = is_common(reg) ? HCR_FMO | HCR_IMO : group == 0 ? HCR_FMO : HCR_IMO;

    return cpu->el == 1 && (arm_hcr(cpu) & routes) != 0;
}

/* Traps of EL1 by ICH_HCR_EL2 (12.4.4). */
static gboolean trap(ArmCpu *cpu, const ArmSysreg *row, gboolean write)
{
    uint32_t reg = REG_OF(row);
    uint32_t bits = is_common(reg)       ? GIC_ICH_HCR_TC
                    : GROUP_OF(row) == 0 ? GIC_ICH_HCR_TALL0
                                         : GIC_ICH_HCR_TALL1;

    if (!is_there(cpu)) {
        return FALSE;
    }
    if (reg == GIC_DIR) {
        bits |= GIC_ICH_HCR_TDIR;
    }
    if (cpu->el == 1 && cpu->has_el2 && (cpu->gic->lists.hcr & bits) != 0) {
        return arm_sysreg_trap_to(cpu, row, write, 2);
    }
    return TRUE;
}

/* There are no virtual SGIs: a guest's go to its hypervisor (12.2.23). */
static gboolean trap_sgi(ArmCpu *cpu, const ArmSysreg *row, gboolean write)
{
    gboolean routed = (arm_hcr(cpu) & (HCR_FMO | HCR_IMO)) != 0;

    if (!is_there(cpu)) {
        return FALSE;
    }
    if (cpu->el == 1 && cpu->has_el2 && (routed || (cpu->gic->lists.hcr & GIC_ICH_HCR_TC) != 0)) {
        return arm_sysreg_trap_to(cpu, row, write, 2);
    }
    return TRUE;
}

/* 12.2.14: a signalled interrupt of this group becomes active. */
static uint32_t acknowledge(ArmGicCpu *cpu, uint32_t group)
{
    GicBest best = cpu->best;

    if (best.number == GIC_SPURIOUS || best.group != group ||
        !gic_signals(&cpu->iface, group, best.priority)) {
        return GIC_SPURIOUS;
    }
    gic_activate(&cpu->iface, group, best.priority);
    if (best.number >= GICV3_LPI_FIRST) {
        gicv3_lpi_set(cpu, best.number, FALSE); /* LPIs are never active */
    } else {
        gic_bank_take(gicv3_bank(cpu, best.number / 32), best.number % 32);
        if (best.number >= GIC_SPI_FIRST) {
            gicv3_update_bank(cpu->gic, best.number / 32);
            return best.number;
        }
    }
    gicv3_update_cpu(cpu);
    return best.number;
}

/* 12.2.10. An end for a group whose priority is not the highest active one does nothing. */
static void end(ArmGicCpu *cpu, uint32_t group, uint32_t number)
{
    if (gic_is_special(number) || gic_drop(&cpu->iface, group) == 2) {
        return;
    }
    if (!cpu->iface.split && number < GIC_SPI_END) {
        gicv3_deactivate(cpu, number);
    } else {
        gicv3_update_cpu(cpu);
    }
}

uint64_t gic_interface_read(GicInterface *iface, uint32_t reg, uint32_t group)
{
    switch (reg) {
    case GIC_PMR:
        return iface->pmr;
    case GIC_RPR:
        return MIN(gic_running(iface), 0xffu);
    case GIC_CTLR:
        return GIC_CTLR_CONSTANT | (iface->common ? GIC_CTLR_CBPR : 0) |
               (iface->split ? GIC_CTLR_EOIMODE : 0);
    case GIC_BPR:
        return gic_bpr(iface, group);
    case GIC_APR:
        return iface->active[group];
    default:
        return iface->enable >> group & 1;
    }
}

void gic_interface_write(GicInterface *iface, uint32_t reg, uint32_t group, uint64_t value)
{
    switch (reg) {
    case GIC_PMR:
        iface->pmr = (uint32_t)value & GIC_PRIORITY_MASK;
        break;
    case GIC_CTLR:
        iface->common = (value & GIC_CTLR_CBPR) != 0;
        iface->split = (value & GIC_CTLR_EOIMODE) != 0;
        break;
    case GIC_BPR:
        if (group == 0 || !iface->common) {
            gic_set_bpr(iface, group, (uint32_t)value);
        }
        break;
    case GIC_APR:
        iface->active[group] = (uint32_t)value;
        break;
    default:
        iface->enable = (iface->enable & ~(1u << group)) | ((uint32_t)value & 1) << group;
    }
}

static uint64_t read_physical(ArmGicCpu *cpu, uint32_t reg, uint32_t group)
{
    if (reg == GIC_IAR) {
        return acknowledge(cpu, group);
    }
    if (reg == GIC_HPPIR) {
        return cpu->best.group == group ? cpu->best.number : GIC_SPURIOUS;
    }
    return gic_interface_read(&cpu->iface, reg, group);
}

static void write_physical(ArmGicCpu *cpu, uint32_t reg, uint32_t group, uint64_t value)
{
    uint32_t number = (uint32_t)value & 0xffffff;

    if (reg == GIC_EOIR) {
        end(cpu, group, number);
    } else if (reg == GIC_DIR) {
        if (cpu->iface.split && number < GIC_SPI_END) {
            gicv3_deactivate(cpu, number);
        }
    } else {
        gic_interface_write(&cpu->iface, reg, group, value);
        gicv3_update_cpu(cpu);
    }
}

static gboolean icc_read(ArmCpu *cpu, const ArmSysreg *row, uint64_t *ret_value)
{
    uint32_t reg = REG_OF(row), group = GROUP_OF(row);

    gic_lock(cpu);
    *ret_value = is_virtual(cpu, reg, group) ? gic_virt_read(cpu->gic, reg, group)
                                             : read_physical(cpu->gic, reg, group);
    gic_unlock(cpu);
    return TRUE;
}

static gboolean icc_write(ArmCpu *cpu, const ArmSysreg *row, uint64_t value)
{
    uint32_t reg = REG_OF(row), group = GROUP_OF(row);

    gic_lock(cpu);
    if (is_virtual(cpu, reg, group)) {
        gic_virt_write(cpu->gic, reg, group, value);
    } else {
        write_physical(cpu->gic, reg, group, value);
    }
    gic_unlock(cpu);
    return TRUE;
}

/* A PE takes an SGI only in the group that it has configured for it (12.2.23). */
static void send(ArmGicCpu *to, uint32_t sgi, uint32_t group)
{
    uint32_t bit = 1u << sgi;

    if (to != NULL && (to->bank.group >> sgi & 1) == group && !(to->bank.latched & bit)) {
        to->bank.latched |= bit;
        gicv3_update_cpu(to);
    }
}

/* SGI0R, SGI1R and ASGI1R, which is group 0 here: the other security state's secure group 1. */
static gboolean sgi_write(ArmCpu *cpu, const ArmSysreg *row, uint64_t value)
{
    Gicv3 *gic = cpu->gic->gic;
    uint32_t sgi = value >> 24 & 0xf;
    uint32_t cluster = ((uint32_t)(value >> 24) & 0xff000000u) |
                       ((uint32_t)(value >> 16) & 0xff0000u) | ((uint32_t)(value >> 8) & 0xff00u);
    uint32_t first = (uint32_t)(value >> 44 & 0xf) * 16;

    gic_lock(cpu);
    if (value & SGI_IRM) {
        for (uint32_t n = 0; n < gic->n_cpus; n++) {
            send(n == cpu->gic->index ? NULL : &gic->cpu[n], sgi, row->offset);
        }
    } else {
        for (uint32_t list = value & 0xffff; list != 0; list &= list - 1) {
            send(gicv3_find(gic, cluster | (first + (uint32_t)__builtin_ctz(list))), sgi,
                 row->offset);
        }
    }
    gic_unlock(cpu);
    return TRUE;
}

static gboolean sre_read(ArmCpu *cpu, const ArmSysreg *row, uint64_t *ret_value)
{
    (void)cpu;
    *ret_value = row->offset;
    return TRUE;
}

static gboolean sre_write(ArmCpu *cpu, const ArmSysreg *row, uint64_t value)
{
    (void)cpu, (void)row, (void)value;
    return TRUE;
}

#define READ1  (ARM_R1 | ARM_R2 | ARM_R3)
#define WRITE1 (ARM_W1 | ARM_W2 | ARM_W3)
#define READ2  (ARM_R2 | ARM_R3)
#define WRITE2 (ARM_W2 | ARM_W3)

/* A register of EL1: ICC(name, CRm, op2, rights, register, group); CRn is 12, or 4. */
#define ICC_N(name_, crn, crm, op2, rights_, reg, group)                                           \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(3, 0, crn, crm, op2), .rights = (rights_),           \
        .trap = trap, .read = icc_read, .write = icc_write, .offset = ROW(reg, group),             \
    }
#define ICC(name_, crm, op2, rights_, reg, group) ICC_N(name_, 12, crm, op2, rights_, reg, group)
#define SGI(name_, op2, group)                                                                     \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(3, 0, 12, 11, op2), .rights = WRITE1,                \
        .trap = trap_sgi, .write = sgi_write, .offset = (group),                                   \
    }
#define SRE(name_, op1, crm, rights_, needs_, value)                                               \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(3, op1, 12, crm, 5), .rights = (rights_),            \
        .needs = (needs_), .trap = trap_none, .read = sre_read, .write = sre_write,                \
        .offset = (value),                                                                         \
    }
#define ICH(name_, crm, op2, rights_, reg)                                                         \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(3, 4, 12, crm, op2), .rights = (rights_),            \
        .needs = needs_el2, .trap = trap_none, .read = gic_ich_read, .write = gic_ich_write,       \
        .offset = (reg),                                                                           \
    }

const ArmSysreg arm_sysregs_gic[] = {
    ICC_N("ICC_PMR_EL1", 4, 6, 0, READ1 | WRITE1, GIC_PMR, 0),
    ICC("ICC_IAR0_EL1", 8, 0, READ1, GIC_IAR, 0),
    ICC("ICC_EOIR0_EL1", 8, 1, WRITE1, GIC_EOIR, 0),
    ICC("ICC_HPPIR0_EL1", 8, 2, READ1, GIC_HPPIR, 0),
    ICC("ICC_BPR0_EL1", 8, 3, READ1 | WRITE1, GIC_BPR, 0),
    ICC("ICC_AP0R0_EL1", 8, 4, READ1 | WRITE1, GIC_APR, 0),
    ICC("ICC_AP1R0_EL1", 9, 0, READ1 | WRITE1, GIC_APR, 1),
    ICC("ICC_DIR_EL1", 11, 1, WRITE1, GIC_DIR, 0),
    ICC("ICC_RPR_EL1", 11, 3, READ1, GIC_RPR, 0),
    SGI("ICC_SGI1R_EL1", 5, 1),
    SGI("ICC_ASGI1R_EL1", 6, 0),
    SGI("ICC_SGI0R_EL1", 7, 0),
    ICC("ICC_IAR1_EL1", 12, 0, READ1, GIC_IAR, 1),
    ICC("ICC_EOIR1_EL1", 12, 1, WRITE1, GIC_EOIR, 1),
    ICC("ICC_HPPIR1_EL1", 12, 2, READ1, GIC_HPPIR, 1),
    ICC("ICC_BPR1_EL1", 12, 3, READ1 | WRITE1, GIC_BPR, 1),
    ICC("ICC_CTLR_EL1", 12, 4, READ1 | WRITE1, GIC_CTLR, 0),
    SRE("ICC_SRE_EL1", 0, 12, READ1 | WRITE1, NULL, SRE_EL1),
    ICC("ICC_IGRPEN0_EL1", 12, 6, READ1 | WRITE1, GIC_IGRPEN, 0),
    ICC("ICC_IGRPEN1_EL1", 12, 7, READ1 | WRITE1, GIC_IGRPEN, 1),
    ICH("ICH_AP0R0_EL2", 8, 0, READ2 | WRITE2, GIC_ICH_AP0R),
    ICH("ICH_AP1R0_EL2", 9, 0, READ2 | WRITE2, GIC_ICH_AP1R),
    SRE("ICC_SRE_EL2", 4, 9, READ2 | WRITE2, needs_el2, SRE_EL2),
    ICH("ICH_HCR_EL2", 11, 0, READ2 | WRITE2, GIC_ICH_HCR),
    ICH("ICH_VTR_EL2", 11, 1, READ2, GIC_ICH_VTR),
    ICH("ICH_MISR_EL2", 11, 2, READ2, GIC_ICH_MISR),
    ICH("ICH_EISR_EL2", 11, 3, READ2, GIC_ICH_EISR),
    ICH("ICH_ELRSR_EL2", 11, 5, READ2, GIC_ICH_ELRSR),
    ICH("ICH_VMCR_EL2", 11, 7, READ2 | WRITE2, GIC_ICH_VMCR),
    ICH("ICH_LR0_EL2", 12, 0, READ2 | WRITE2, GIC_ICH_LR0),
    ICH("ICH_LR1_EL2", 12, 1, READ2 | WRITE2, GIC_ICH_LR0 + 1),
    ICH("ICH_LR2_EL2", 12, 2, READ2 | WRITE2, GIC_ICH_LR0 + 2),
    ICH("ICH_LR3_EL2", 12, 3, READ2 | WRITE2, GIC_ICH_LR0 + 3),
    {.name = NULL},
};
