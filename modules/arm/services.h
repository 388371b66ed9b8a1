/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each of the module's targets is told. */
#ifndef ARM_SERVICES_H
#define ARM_SERVICES_H

#include "modules/support/target-services.h"

/* ctx of the cpu and translator slots, QhCpu.ctx: one for aarch64; one for arm will follow. */
typedef struct ArmTarget {
    TargetServices services;
    uint32_t has_el_aa64; /* 1: the highest exception level runs A64 */
} ArmTarget;

#endif
