/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module asks of the host, and what each of its targets is told. */
#ifndef ARM_SERVICES_H
#define ARM_SERVICES_H

#include "abi/block.h"
#include "abi/cpu.h"
#include "abi/fp.h"
#include "abi/fw-cfg.h"
#include "abi/machine.h"
#include "abi/memory.h"
#include "abi/services.h"

/* What the module got from the host; lives as long as the module. Also the ctx of its devices and
 * boards. */
typedef struct ArmServices {
    QhHost *host;
    const QhLogService *log;
    const QhTimerService *timer;
    const QhMemService *mem;
    const QhCpuService *cpu;
    const QhFpService *fp;
    const QhDeviceService *device;
    const QhMachineService *machine;
    const QhBlockService *block;
    const QhFwService *fw;
    const QhCharService *chr;
} ArmServices;

/* ctx of the cpu and translator slots, QhCpu.ctx: one for aarch64; one for arm will follow. */
typedef struct ArmTarget {
    ArmServices services;
    uint32_t has_el_aa64; /* 1: the highest exception level runs A64 */
} ArmTarget;

#endif
