/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module asks of the host, and what each of its two targets is told. */
#ifndef RV_SERVICES_H
#define RV_SERVICES_H

#include "abi/block.h"
#include "abi/cpu.h"
#include "abi/fp.h"
#include "abi/fw-cfg.h"
#include "abi/machine.h"
#include "abi/memory.h"
#include "abi/services.h"

/* What the module got from the host; lives as long as the module. Also the ctx of its devices and
 * boards. */
typedef struct RvServices {
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
} RvServices;

/* ctx of the cpu and translator slots, QhCpu.ctx: one for riscv32, one for riscv64. */
typedef struct RvTarget {
    RvServices services;
    uint32_t xlen; /* MXLEN: 32 or 64 */
} RvTarget;

#endif
