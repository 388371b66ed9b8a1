/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual CPU interface of a GICv3: ICV_* for the guest, ICH_* for its hypervisor (IHI 0069, 6). */
#include "gic-cpu.h"

#define ICH_HCR_BITS 0xf8005cffu /* without TSEI, DVIM and vSGIs */

/* ListRegs; no direct injection; A3V; TDS; numbers of 16 bits; five priority bits (12.4.9). */
#define VTR_VALUE                                                                                  \
    ((GIC_N_LISTS - 1) | 1u << 19 | 1u << 20 | 1u << 21 | 4u << 26 | (uint32_t)4 << 29)

/* What the guest and its hypervisor are signalled may have changed. */
static void update(ArmGicCpu *cpu)
{
    const GicLists *lists = &cpu->lists;
    GicBest best;
    gboolean signal = gic_lists_signals(lists, &best);

    gicv3_set_line(cpu, ARM_IRQ_VIRQ, signal && best.group == 1);
    gicv3_set_line(cpu, ARM_IRQ_VFIQ, signal && best.group == 0);
    gicv3_set_ppi(cpu, ARM_PPI_MAINTENANCE,
                  (lists->hcr & GIC_HCR_EN) && gic_lists_misr(lists) != 0);
}

static uint32_t acknowledge(ArmGicCpu *cpu, uint32_t group)
{
    GicLists *lists = &cpu->lists;
    uint32_t list = 0;
    GicBest best;

    if (!gic_lists_signals(lists, &best) || best.group != group) {
        return GIC_SPURIOUS;
    }
    best = gic_lists_best(lists, &list);
    if (gic_is_special(best.number)) {
        return GIC_SPURIOUS;
    }
    gic_lists_take(lists, list, &best);
    update(cpu);
    return best.number;
}

uint64_t gic_virt_read(ArmGicCpu *cpu, uint32_t reg, uint32_t group)
{
    uint32_t list;
    GicBest best;

    switch (reg) {
    case GIC_IAR:
        return acknowledge(cpu, group);
    case GIC_HPPIR:
        best = gic_lists_best(&cpu->lists, &list);
        return best.group == group ? best.number : GIC_SPURIOUS;
    default:
        return gic_interface_read(&cpu->lists.iface, reg, group);
    }
}

void gic_virt_write(ArmGicCpu *cpu, uint32_t reg, uint32_t group, uint64_t value)
{
    uint32_t number = (uint32_t)value & 0xffffff;
    GicEnded ended = {0};

    if (reg == GIC_EOIR) {
        ended = gic_lists_end(&cpu->lists, group, number);
    } else if (reg == GIC_DIR) {
        ended = gic_lists_deactivate(&cpu->lists, number);
    } else {
        gic_interface_write(&cpu->lists.iface, reg, group, value);
    }
    if (ended.deactivate && ended.physical < GIC_SPI_END) {
        gicv3_deactivate(cpu, ended.physical);
    }
    update(cpu);
}

static uint64_t read_ich(const GicLists *lists, uint32_t reg)
{
    switch (reg) {
    case GIC_ICH_AP0R:
    case GIC_ICH_AP1R:
        return lists->iface.active[reg - GIC_ICH_AP0R];
    case GIC_ICH_HCR:
        return lists->hcr;
    case GIC_ICH_VTR:
        return VTR_VALUE;
    case GIC_ICH_MISR:
        return gic_lists_misr(lists);
    case GIC_ICH_EISR:
        return gic_lists_eisr(lists);
    case GIC_ICH_ELRSR:
        return gic_lists_elrsr(lists);
    case GIC_ICH_VMCR:
        return gic_lists_vmcr(lists, FALSE);
    default:
        return lists->lr[reg - GIC_ICH_LR0];
    }
}

gboolean gic_ich_read(ArmCpu *cpu, const ArmSysreg *row, uint64_t *ret_value)
{
    gic_lock(cpu);
    *ret_value = read_ich(&cpu->gic->lists, row->offset);
    gic_unlock(cpu);
    return TRUE;
}

gboolean gic_ich_write(ArmCpu *cpu, const ArmSysreg *row, uint64_t value)
{
    GicLists *lists = &cpu->gic->lists;

    gic_lock(cpu);
    switch (row->offset) {
    case GIC_ICH_AP0R:
    case GIC_ICH_AP1R:
        lists->iface.active[row->offset - GIC_ICH_AP0R] = (uint32_t)value;
        break;
    case GIC_ICH_HCR:
        lists->hcr = (uint32_t)value & ICH_HCR_BITS;
        break;
    case GIC_ICH_VMCR:
        gic_lists_set_vmcr(lists, (uint32_t)value, FALSE);
        break;
    default:
        lists->lr[row->offset - GIC_ICH_LR0] = value & GIC_LR_BITS;
    }
    update(cpu->gic);
    gic_unlock(cpu);
    return TRUE;
}
