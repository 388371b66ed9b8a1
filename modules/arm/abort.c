/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a hypervisor is told of the access that stage 2 refused, so that it can do it itself. */
#include "modules/arm/mmu.h"
#include "modules/arm/regs.h"

uint64_t arm_access_syndrome(ArmCpu *cpu, uint64_t esr)
{
    (void)cpu;
    (void)esr;
    return 0;
}
