/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a GICv3 and a PE tell each other: system registers of the CPU interface (IHI 0069, 12) act
 * on the part of the controller that belongs to the PE. The GIC's realize hangs an ArmGicCpu into
 * each ArmCpu; the register functions (gic-cpu.c) take the device lock around what touches the
 * controller.
 *
 * Lines: SPIs are inputs 0 .. n_spis-1 of the device; PPI P (16 .. 31) of PE C is input n_spis +
 * 32*C + P. Outputs: 4 per PE in the order of ARM_IRQ_IRQ ... (4*C + line).
 */
#ifndef ARM_GIC_H
#define ARM_GIC_H

#include "modules/arm/cpu.h"

/* gic-cpu.c and hw/gicv3*.c fill it; opaque to all others. */
typedef struct ArmGicCpu ArmGicCpu;

/*
 * Board: interface @index of @gic, a realized "arm-gicv3", belongs to @cpu, whose mpidr is final.
 * Sets cpu->gic. All of them before the machine is reset. [main]
 */
void arm_gicv3_connect(QhDevice *gic, uint32_t index, ArmCpu *cpu);
/* Board: messages that @its, a realized "arm-gicv3-its", gets become LPIs of @gic. [main] */
void arm_gicv3_its_connect(QhDevice *its, QhDevice *gic);

/*
 * A GICv2 has registers of each PE at the same address, so every bus access of a PE says which one
 * makes it: translate ORs this into QhTranslation.attrs, MMU off included.
 */
#define ARM_BUS_ATTRS(cpu) QH_ATTR_REQUESTER((cpu)->base.index)

/* Number of the device input of PPI @ppi (16 .. 31) of PE @pe. */
static inline uint32_t arm_gic_ppi_line(uint32_t n_spis, uint32_t pe, uint32_t ppi)
{
    return n_spis + 32u * pe + ppi;
}

/* PPIs of the board virt (BSA, 2.0: recommended numbers). */
#define ARM_PPI_PMU               23u
#define ARM_PPI_MAINTENANCE       25u
#define ARM_PPI_TIMER_HYP         26u
#define ARM_PPI_TIMER_VIRT        27u
#define ARM_PPI_TIMER_HVIRT       28u
#define ARM_PPI_TIMER_PHYS_SECURE 29u
#define ARM_PPI_TIMER_PHYS        30u

#endif
