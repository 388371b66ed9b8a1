/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each of the module's two targets is told. */
#ifndef RV_SERVICES_H
#define RV_SERVICES_H

#include "modules/support/target-services.h"

/* ctx of the cpu and translator slots, QhCpu.ctx: one for riscv32, one for riscv64. */
typedef struct RvTarget {
    TargetServices services;
    uint32_t xlen; /* MXLEN: 32 or 64 */
} RvTarget;

#endif
