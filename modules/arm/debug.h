/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breakpoints and watchpoints that the guest sets for itself (Arm D2). */
#ifndef ARM_DEBUG_H
#define ARM_DEBUG_H

#include "modules/arm/cpu.h"

void arm_debug_reset(ArmCpu *cpu);
/* Whether a breakpoint could be hit at the level that runs (ARM_KEY_BREAK). [vcpu] */
gboolean arm_debug_breaks(const ArmCpu *cpu);
/*
 * What watchpoints make of a translation of @address: the answer may be good for one access only,
 * or the access is a hit, and *@ret_syndrome has the exception. @user: with the rights of EL0.
 * Accesses are known by their first byte alone, so one that begins below what is watched and
 * reaches into it is missed. [vcpu]
 */
#define ARM_WATCH_NONE 0u
#define ARM_WATCH_NEAR 1u /* the same page */
#define ARM_WATCH_HIT  2u
uint32_t arm_debug_watch(
    const ArmCpu *cpu, uint64_t address, uint32_t access, gboolean user, uint64_t *ret_syndrome);

#endif
