/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a module with CPUs, boards and devices asks of the host. */
#ifndef SUPPORT_TARGET_SERVICES_H
#define SUPPORT_TARGET_SERVICES_H

#include "abi/block.h"
#include "abi/chardev.h"
#include "abi/cpu.h"
#include "abi/fp.h"
#include "abi/fw-cfg.h"
#include "abi/machine.h"
#include "abi/memory.h"
#include "abi/services.h"
#include "modules/support/offer.h"

/* Lives as long as the module; first member of its context, so that it is the ctx of its devices
 * and boards, too. */
typedef struct TargetServices {
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
} TargetServices;

/* In a module's init: fetch all of them, of "qh.cpu" at least minor @cpu_minor; FALSE with @error
 * set when the host lacks one. [main] */
static inline gboolean target_find_services(const QhHostApi *api,
                                            uint32_t cpu_minor,
                                            TargetServices *services,
                                            GError **error)
{
    const SupportService wanted[] = {
        {"qh.log",     (const void **)&services->log,     0        },
        {"qh.timer",   (const void **)&services->timer,   0        },
        {"qh.mem",     (const void **)&services->mem,     0        },
        {"qh.cpu",     (const void **)&services->cpu,     cpu_minor},
        {"qh.fp",      (const void **)&services->fp,      0        },
        {"qh.device",  (const void **)&services->device,  0        },
        {"qh.machine", (const void **)&services->machine, 0        },
        {"qh.block",   (const void **)&services->block,   0        },
        {"qh.fw-cfg",  (const void **)&services->fw,      0        },
        {"qh.char",    (const void **)&services->chr,     0        },
    };

    services->host = api->host;
    return support_find_services(api, wanted, G_N_ELEMENTS(wanted), error);
}

#endif
