/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers that tell software what it runs on (Arm D19.2); models.c has made their values. */
#include "modules/arm/regs.h"
#include "modules/arm/sysreg.h"
#include "modules/arm/system.h"

/* The level whose SCTLR decides about EL0: 2 for a host's programs (HCR_EL2.E2H and TGE). */
static uint32_t host_level(const ArmCpu *cpu)
{
    const uint64_t both = ARM_HCR_E2H | ARM_HCR_TGE;

    return (arm_hcr(cpu) & both) == both ? 2 : 1;
}

/* What a level above looks at when EL1 reads (Arm D19.2.50 HCR_EL2, TID1 to TID3). */
static gboolean trapped(ArmCpu *cpu, const ArmSysreg *reg, gboolean write, uint64_t bit)
{
    if (cpu->el < 2 && arm_hcr(cpu) & bit && host_level(cpu) == 1) {
        return arm_sysreg_trap_to(cpu, reg, write, 2);
    }
    return TRUE;
}

static gboolean trap_tid1(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return trapped(cpu, reg, write, ARM_HCR_TID1);
}

/* TID2, and for EL0 SCTLR_ELx.UCT, which lets it read CTR_EL0. */
static gboolean trap_tid2(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    uint32_t level = host_level(cpu);

    if (cpu->el == 0 && !(cpu->sctlr[level] & ARM_SCTLR_UCT)) {
        return arm_sysreg_trap_to(cpu, reg, write, level);
    }
    return trapped(cpu, reg, write, ARM_HCR_TID2);
}

static gboolean trap_tid3(ArmCpu *cpu, const ArmSysreg *reg, gboolean write)
{
    return trapped(cpu, reg, write, ARM_HCR_TID3);
}

/* EL1 below a hypervisor sees what that wants it to be. */
static gboolean read_midr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = cpu->el == 1 && cpu->has_el2 ? cpu->vpidr : cpu->id.midr;
    return TRUE;
}

static gboolean read_mpidr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = cpu->el == 1 && cpu->has_el2 ? cpu->vmpidr : cpu->mpidr | UINT64_C(1) << 31;
    return TRUE;
}

/* GIC, bits 27-24: system registers of a GICv3. */
static gboolean read_pfr0(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = cpu->id.pfr0 | (cpu->gic != NULL ? UINT64_C(1) << 24 : 0);
    return TRUE;
}

/* DZP: whether DC ZVA is prohibited here. */
static gboolean read_dczid(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    gboolean prohibited = (cpu->el == 0 && !(cpu->sctlr[host_level(cpu)] & ARM_SCTLR_DZE)) ||
                          (cpu->el < 2 && arm_hcr(cpu) & ARM_HCR_TDZ && host_level(cpu) == 1);

    (void)reg;
    *ret_value = cpu->dcz_log2 | (prohibited ? 1u << 4 : 0);
    return TRUE;
}

/* CSSELR_EL1: Level - 1 in bits 3-1, InD in bit 0. A cache that is not there reads as 0. */
static gboolean read_ccsidr(ArmCpu *cpu, const ArmSysreg *reg, uint64_t *ret_value)
{
    (void)reg;
    *ret_value = cpu->csselr < G_N_ELEMENTS(cpu->id.ccsidr) ? cpu->id.ccsidr[cpu->csselr] : 0;
    return TRUE;
}

#define READ_ALL (ARM_R1 | ARM_R2 | ARM_R3)
#define PLAIN(name_, op1, crn, crm, op2, rights_, trap_, member_)                                  \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(3, op1, crn, crm, op2), .rights = rights_,           \
        .trap = trap_, .offset = offsetof(ArmCpu, member_),                                        \
    }
#define BY_CODE(name_, op1, crn, crm, op2, rights_, trap_, read_)                                  \
    {                                                                                              \
        .name = name_, .encoding = ARM_SYSREG(3, op1, crn, crm, op2), .rights = rights_,           \
        .trap = trap_, .read = read_,                                                              \
    }

const ArmSysreg arm_sysregs_id[] = {
    BY_CODE("MIDR_EL1", 0, 0, 0, 0, READ_ALL, NULL, read_midr),
    BY_CODE("MPIDR_EL1", 0, 0, 0, 5, READ_ALL, NULL, read_mpidr),
    PLAIN("REVIDR_EL1", 0, 0, 0, 6, READ_ALL, trap_tid1, id.revidr),
    PLAIN("AIDR_EL1", 1, 0, 0, 7, READ_ALL, trap_tid1, id.aidr),
    BY_CODE("ID_AA64PFR0_EL1", 0, 0, 4, 0, READ_ALL, trap_tid3, read_pfr0),
    PLAIN("ID_AA64PFR1_EL1", 0, 0, 4, 1, READ_ALL, trap_tid3, id.pfr1),
    PLAIN("ID_AA64PFR2_EL1", 0, 0, 4, 2, READ_ALL, trap_tid3, id.pfr2),
    PLAIN("ID_AA64ZFR0_EL1", 0, 0, 4, 4, READ_ALL, trap_tid3, id.zfr0),
    PLAIN("ID_AA64SMFR0_EL1", 0, 0, 4, 5, READ_ALL, trap_tid3, id.smfr0),
    PLAIN("ID_AA64DFR0_EL1", 0, 0, 5, 0, READ_ALL, trap_tid3, id.dfr0),
    PLAIN("ID_AA64DFR1_EL1", 0, 0, 5, 1, READ_ALL, trap_tid3, id.dfr1),
    PLAIN("ID_AA64AFR0_EL1", 0, 0, 5, 4, READ_ALL, trap_tid3, id.afr0),
    PLAIN("ID_AA64AFR1_EL1", 0, 0, 5, 5, READ_ALL, trap_tid3, id.afr1),
    PLAIN("ID_AA64ISAR0_EL1", 0, 0, 6, 0, READ_ALL, trap_tid3, id.isar0),
    PLAIN("ID_AA64ISAR1_EL1", 0, 0, 6, 1, READ_ALL, trap_tid3, id.isar1),
    PLAIN("ID_AA64ISAR2_EL1", 0, 0, 6, 2, READ_ALL, trap_tid3, id.isar2),
    PLAIN("ID_AA64MMFR0_EL1", 0, 0, 7, 0, READ_ALL, trap_tid3, id.mmfr0),
    PLAIN("ID_AA64MMFR1_EL1", 0, 0, 7, 1, READ_ALL, trap_tid3, id.mmfr1),
    PLAIN("ID_AA64MMFR2_EL1", 0, 0, 7, 2, READ_ALL, trap_tid3, id.mmfr2),
    PLAIN("ID_AA64MMFR3_EL1", 0, 0, 7, 3, READ_ALL, trap_tid3, id.mmfr3),
    PLAIN("ID_AA64MMFR4_EL1", 0, 0, 7, 4, READ_ALL, trap_tid3, id.mmfr4),
    PLAIN("CTR_EL0", 3, 0, 0, 1, READ_ALL | ARM_R0, trap_tid2, id.ctr),
    BY_CODE("DCZID_EL0", 3, 0, 0, 7, READ_ALL | ARM_R0, NULL, read_dczid),
    PLAIN("CLIDR_EL1", 1, 0, 0, 1, READ_ALL, trap_tid2, id.clidr),
    BY_CODE("CCSIDR_EL1", 1, 0, 0, 0, READ_ALL, trap_tid2, read_ccsidr),
    {.name = "CSSELR_EL1",
                                                                  .encoding = ARM_SYSREG(3, 2, 0, 0, 0),
                                                                  .rights = READ_ALL | ARM_W1 | ARM_W2 | ARM_W3,
                                                                  .trap = trap_tid2,
                                                                  .offset = offsetof(ArmCpu, csselr),
                                                                  .mask = 0xf},
    {.name = NULL                  },
};
