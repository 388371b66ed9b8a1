/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Breakpoints and watchpoints that the guest sets for itself (Arm D2). */
#ifndef ARM_DEBUG_H
#define ARM_DEBUG_H

#include "modules/arm/cpu.h"

void arm_debug_reset(ArmCpu *cpu);

#endif
