/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two halves of the CPU interface's system registers: physical (gic-cpu.c), virtual
 * (gic-virt.c). */
#ifndef ARM_GIC_CPU_H
#define ARM_GIC_CPU_H

#include "modules/arm/hw/gicv3.h"
#include "modules/arm/sysreg.h"

/* Fields of ICC_CTLR_EL1 and ICV_CTLR_EL1 (IHI 0069, 12.2.6). */
#define GIC_CTLR_CBPR     (1u << 0)
#define GIC_CTLR_EOIMODE  (1u << 1)
#define GIC_CTLR_PRIBITS  (4u << 8) /* five bits */
#define GIC_CTLR_A3V      (1u << 15)
#define GIC_CTLR_CONSTANT (GIC_CTLR_PRIBITS | GIC_CTLR_A3V) /* IDbits 0: numbers of 16 bits */

/* Numbers that stand for no interrupt: 1020 up to the first LPI. */
static inline gboolean gic_is_special(uint32_t number)
{
    return number >= GIC_SPI_END && number < GICV3_LPI_FIRST;
}

/* Registers that the two interfaces share, as numbers of what is read or written. */
enum GicRegister {
    GIC_PMR,
    GIC_RPR,
    GIC_CTLR,
    GIC_DIR,
    GIC_IAR,
    GIC_EOIR,
    GIC_HPPIR,
    GIC_BPR,
    GIC_APR,
    GIC_IGRPEN,
};

/* With the device lock. @group is 0 or 1. */
uint64_t gic_interface_read(GicInterface *iface, uint32_t reg, uint32_t group);
void gic_interface_write(GicInterface *iface, uint32_t reg, uint32_t group, uint64_t value);
uint64_t gic_virt_read(ArmGicCpu *cpu, uint32_t reg, uint32_t group);
void gic_virt_write(ArmGicCpu *cpu, uint32_t reg, uint32_t group, uint64_t value);

/* Device lock of the machine that @cpu's GIC is in. */
void gic_lock(const ArmCpu *cpu);
void gic_unlock(const ArmCpu *cpu);

/* ICH_*: rows of arm_sysregs_gic. */
gboolean gic_ich_read(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value);
gboolean gic_ich_write(ArmCpu *cpu, const ArmSysreg *reg, uint64_t value);
enum GicIchRegister {
    GIC_ICH_AP0R,
    GIC_ICH_AP1R,
    GIC_ICH_HCR,
    GIC_ICH_VTR,
    GIC_ICH_MISR,
    GIC_ICH_EISR,
    GIC_ICH_ELRSR,
    GIC_ICH_VMCR,
    GIC_ICH_LR0, /* and GIC_N_LISTS - 1 more */
};

/* ICH_HCR_EL2: which accesses of EL1 trap. */
#define GIC_ICH_HCR_TC    (1u << 10)
#define GIC_ICH_HCR_TALL0 (1u << 11)
#define GIC_ICH_HCR_TALL1 (1u << 12)
#define GIC_ICH_HCR_TDIR  (1u << 14)

#endif
