/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helpers of the base instruction set. */
#include "modules/arm/helper.h"
#include "modules/arm/system.h"

void arm_helper_sp_written(QhCpu *cpu)
{
    arm_cpu_update_key(arm_cpu(cpu));
}

void arm_helper_check_btype(QhCpu *cpu, uint32_t insn)
{
    ArmCpu *arm = arm_cpu(cpu);

    (void)insn;
    if (arm_mmu_is_guarded(arm, cpu->pc)) {
        /* EC 0x0d, IL; ISS is BTYPE (Arm D17.2.37 "ISS encoding for an exception from a Branch
         * Target Identification instruction"). */
        arm_cpu_raise(arm, 0, 0x0dull << 26 | 1ull << 25 | arm->btype, 0);
    }
}
