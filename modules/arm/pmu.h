/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Performance monitors (Arm D13): a cycle counter, and event counters for software increments,
 * cycles and retired instructions. What is counted runs on by itself, so a counter is brought up to
 * date when it is looked at, and a timer goes off when one will overflow. All calls are [vcpu].
 */
#ifndef ARM_PMU_H
#define ARM_PMU_H

#include "modules/arm/cpu.h"

gboolean arm_pmu_realize(ArmCpu *cpu, GError **error);
void arm_pmu_unrealize(ArmCpu *cpu);
void arm_pmu_reset(ArmCpu *cpu);

/* Go to level @el while counters may run: sets cpu->el. Not under the device lock. */
void arm_pmu_set_level(ArmCpu *cpu, uint32_t el);
static inline gboolean arm_pmu_counts(const ArmCpu *cpu)
{
    return (cpu->pmcr & 1) && cpu->pmcnten != 0;
}

#endif
